//! Names at the end of a build: hashes of contents, and references to objects that were renamed.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Origin, Value, Writer};
use rustc_hash::FxHashMap;

use super::fields::visit;
use super::hash;
use super::objects::counted;
use super::resource::{Id, Resource};
use super::tables::{FieldSpec, NameReference};
use super::transform::rename;
use crate::render::{Fault, FaultKind};

/// Puts the hash of its content to the name of every generated object that wants one.
pub(super) fn add_hashes(resources: &mut [Resource<'_>]) {
    for resource in resources.iter_mut().filter(|resource| resource.needs_hash) {
        let suffix = hash::suffix(&resource.value);
        resource.remember();
        if let Some(name) =
            resource.value.get_mut("metadata").and_then(|metadata| metadata.get_mut("name"))
        {
            let new = format!("{}-{suffix}", name.text());
            rename(name, new);
        }
    }
}

/// What is known of an object that may be named.
struct Candidate<'w> {
    /// With the namespace that counts.
    id: Id,
    /// As written.
    namespace: String,
    /// Where that is written.
    namespace_origin: Option<Origin>,
    name_origin: Option<Origin>,
    original_namespace: String,
    previous: Vec<Id>,
    prefixes: Vec<Cow<'w, str>>,
    suffixes: Vec<Cow<'w, str>>,
    cluster_scoped: bool,
}

impl Candidate<'_> {
    /// Writes its name where the old one stands. A name that is another one altogether was written
    /// by whoever renamed the object.
    fn name(&self, reference: &mut Value<'_>) {
        let grown = self.id.name.contains(reference.text());
        rename(reference, self.id.name.clone());
        if let Some(origin) = self.name_origin.filter(|_| !grown) {
            reference.origin.span = origin.span;
        }
    }
}

/// All objects by the names that they had.
struct Candidates<'w> {
    all: Vec<Candidate<'w>>,
    by_name: FxHashMap<String, Vec<usize>>,
}

/// Follows objects that were renamed, in every field that names them.
pub(super) fn fix<'w>(
    resources: &mut [Resource<'w>],
    references: &[NameReference],
    faults: &mut Vec<Fault>,
) {
    // An object that is what it always was is named as ever.
    if resources.iter().all(|resource| resource.previous.is_empty()) {
        return;
    }
    let candidates = Candidates::of(resources);
    let mut fields: FxHashMap<_, Vec<(&NameReference, &FieldSpec)>> = FxHashMap::default();
    for (at, resource) in resources.iter_mut().enumerate() {
        let id = resource.original_id();
        let key = (id.group.clone(), id.version.clone(), id.kind.clone());
        let fields = fields.entry(key).or_insert_with(|| {
            references
                .iter()
                .flat_map(|target| target.fields.iter().map(move |field| (target, field)))
                .filter(|(_, field)| field.selects(&id))
                .collect()
        });
        if fields.is_empty() {
            continue;
        }
        let Some(referrer) = candidates.all.get(at) else { continue };
        let now = &referrer.id;
        let bound = bound_namespaces(&resource.value);
        let role = role_reference(&resource.value);
        let origin = resource.value.origin;
        for (target, field) in fields.iter() {
            if !field.selects(now) && !field.selects(&id) {
                continue;
            }
            let is_role = field.path.ends_with(&["roleRef".into(), "name".into()]);
            let look = Look {
                candidates: &candidates,
                referrer,
                target,
                bound: &bound,
                role: role.as_ref().filter(|_| is_role),
            };
            let mut ambiguous = None;
            let gone = visit(&mut resource.value, &field.path, None, origin, &mut |value| {
                look.set(value, &mut ambiguous);
            });
            if let Err((at, message)) = gone {
                faults.push(Fault::fatal(FaultKind::Invalid, at, message));
            }
            if let Some((at, what)) = ambiguous {
                faults.push(Fault::fatal(FaultKind::Invalid, at, what));
            }
        }
    }
}

impl<'w> Candidates<'w> {
    fn of(resources: &[Resource<'w>]) -> Self {
        let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        let mut all = Vec::with_capacity(resources.len());
        for (at, resource) in resources.iter().enumerate() {
            for id in &resource.previous {
                let named = by_name.entry(id.name.clone()).or_default();
                if named.last() != Some(&at) {
                    named.push(at);
                }
            }
            let id = resource.id();
            all.push(Candidate {
                cluster_scoped: id.is_cluster_scoped(),
                namespace: id.namespace.clone(),
                name_origin: resource.value.at(&["metadata", "name"]).map(|n| n.origin),
                namespace_origin: resource.value.at(&["metadata", "namespace"]).map(|n| n.origin),
                original_namespace: counted(resource.original_id()).namespace,
                id: counted(id),
                previous: resource.previous.clone(),
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
            });
        }
        Self { all, by_name }
    }
}

/// A search for the objects that one field of one object may name.
struct Look<'a, 'w> {
    candidates: &'a Candidates<'w>,
    referrer: &'a Candidate<'w>,
    target: &'a NameReference,
    /// Namespaces of the service accounts that a role binding is for.
    bound: &'a [String],
    /// Group and kind that a `roleRef` says.
    role: Option<&'a (String, String)>,
}

type Ambiguous = Option<(crate::source::Span, String)>;

impl<'w> Look<'_, 'w> {
    fn set(&self, value: &mut Value<'w>, ambiguous: &mut Ambiguous) {
        if value.is_null() {
            return;
        }
        match &mut value.data {
            Data::Scalar { .. } => self.set_scalar(value, ambiguous),
            Data::Map(_) => self.set_map(value, ambiguous),
            Data::Seq(items) => {
                for item in items {
                    match &item.data {
                        Data::Scalar { .. } => self.set_scalar(item, ambiguous),
                        Data::Map(_) => self.set_map(item, ambiguous),
                        Data::Seq(_) => {}
                    }
                }
            }
        }
    }

    fn set_scalar(&self, value: &mut Value<'w>, ambiguous: &mut Ambiguous) {
        let Some(found) = self.find(value, None, false, ambiguous) else { return };
        if found.id.name != value.text() {
            found.name(value);
        }
    }

    /// A map with a name and, maybe, a namespace.
    fn set_map(&self, map: &mut Value<'w>, ambiguous: &mut Ambiguous) {
        let Some(name) = map.get("name") else { return };
        let namespace = map.get("namespace").map(|n| n.text().to_owned());
        let Some(found) = self.find(name, namespace.as_deref(), true, ambiguous) else { return };
        let place = Origin::new(name.origin.span, Writer::Name);
        if found.id.name == name.text() && found.namespace.is_empty() {
            return;
        }
        if let Some(name) = map.get_mut("name")
            && found.id.name != name.text()
        {
            found.name(name);
        }
        if found.namespace.is_empty() {
            return;
        }
        match map.get_mut("namespace") {
            Some(there) if there.text() == found.namespace => {}
            Some(there) => rename(there, found.namespace.clone()),
            // What gave the object its namespace gives it to whoever names the object.
            None => {
                let place = found.namespace_origin.unwrap_or(place);
                map.set("namespace", place, Value::string(found.namespace.clone(), place));
            }
        }
    }

    /// The one object that a name means, if it is one that was renamed.
    fn find(
        &self,
        name: &Value<'_>,
        namespace: Option<&str>,
        sets_namespace: bool,
        ambiguous: &mut Ambiguous,
    ) -> Option<&Candidate<'w>> {
        let named = self.candidates.by_name.get(name.text())?;
        let all = &self.candidates.all;
        let candidates = named.iter().filter_map(|at| all.get(*at)).filter(|c| self.reaches(c));
        let mut found: Vec<&Candidate<'w>> = candidates.collect();
        if let Some(namespace) = namespace {
            // The namespace may be the one it had or the one it has now.
            let reached = || all.iter().filter(|c| !c.cluster_scoped && self.reaches(c));
            let was = reached().any(|c| c.original_namespace == namespace);
            let of = |c: &Candidate<'w>| {
                if was { c.original_namespace == namespace } else { c.id.namespace == namespace }
            };
            found.retain(|c| of(c));
        }
        found.retain(|c| c.previous.iter().any(|id| id.name == name.text()));
        found.retain(|c| c.previous.iter().any(|id| self.target.targets(id)));
        if let Some((group, kind)) = self.role {
            found.retain(|c| {
                let fits = |id: &Id| {
                    (group.is_empty() || id.group == *group)
                        && (kind.is_empty() || id.kind == *kind)
                };
                c.previous.iter().any(fits)
            });
        }
        found.retain(|c| {
            self.referrer.cluster_scoped
                || c.cluster_scoped
                || c.id.kind == "ServiceAccount"
                || c.id.namespace == self.referrer.id.namespace
        });
        for allow_empty in [true, false] {
            if found.len() > 1 {
                found.retain(|c| same_layers(c, self.referrer, allow_empty));
            }
        }
        let first = found.first().copied()?;
        let differs = |c: &&Candidate<'w>| {
            c.id.name != first.id.name || (sets_namespace && c.id.namespace != first.id.namespace)
        };
        if found.iter().any(differs) {
            ambiguous.get_or_insert_with(|| {
                let what = format!("`{}` could be the name of several objects", name.text());
                (name.origin.span, what)
            });
            return None;
        }
        Some(first)
    }

    /// Whether the referrer sees an object at all.
    fn reaches(&self, candidate: &Candidate<'_>) -> bool {
        self.referrer.cluster_scoped
            || candidate.cluster_scoped
            || candidate.id.namespace == self.referrer.id.namespace
            || self.bound.contains(&candidate.namespace)
    }
}

/// Whether two objects went through the same prefixes and suffixes at the end.
fn same_layers(a: &Candidate<'_>, b: &Candidate<'_>, allow_empty: bool) -> bool {
    let same = |a: &[Cow<'_, str>], b: &[Cow<'_, str>]| {
        if a.is_empty() || b.is_empty() {
            return allow_empty || a.len() == b.len();
        }
        a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b)
    };
    same(&a.prefixes, &b.prefixes) && same(&a.suffixes, &b.suffixes)
}

/// Namespaces of the service accounts of a role binding.
fn bound_namespaces(value: &Value<'_>) -> Vec<String> {
    if value.get("kind").is_none_or(|kind| kind.text() != "RoleBinding") {
        return Vec::new();
    }
    let subjects = value.get("subjects").map_or(&[][..], Value::items);
    subjects
        .iter()
        .filter(|subject| subject.get("kind").is_some_and(|k| k.text() == "ServiceAccount"))
        .filter_map(|subject| subject.get("namespace").map(|n| n.text().to_owned()))
        .collect()
}

/// Group and kind of a `roleRef`.
fn role_reference(value: &Value<'_>) -> Option<(String, String)> {
    let role = value.get("roleRef")?;
    let text = |key: &str| role.get(key).map(|v| v.text().to_owned());
    Some((text("apiGroup").unwrap_or_default(), text("kind").unwrap_or_default()))
}
