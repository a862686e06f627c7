//! The transformers of a kustomization's fields, in kustomize's order.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Entry, Origin, Style, Value, Writer};

use super::accumulate::{Builder, Gathered};
use super::config::{field_spec, with_specs};
use super::fields::{Created, Failure, set_pairs, visit};
use super::images::{self, ImageEntry};
use super::kustomization::Kustomization;
use super::room::Room;
use super::shape::{REPLACEMENT, REPLACEMENTS, fit_loosely};
use super::tables::FieldSpec;
use super::{read, replacements};
use crate::render::{Fault, FaultKind};

/// Which end of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affix {
    Prefix,
    Suffix,
}

/// Which subjects of role bindings a namespace is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subjects {
    Default,
    AllServiceAccounts,
    None,
}

impl<'w> Builder<'_, 'w> {
    /// All transformers of a kustomization.
    pub(super) fn transform(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        let config = gathered.config.clone();
        self.strategic_merges(k, k.list("patchesStrategicMerge"), gathered);
        if !k.list("patchesStrategicMerge").is_empty() {
            self.noted(k, "PatchStrategicMergeTransformer", gathered);
        }
        for entry in k.list("patches") {
            self.patch(k, entry, gathered);
            self.noted(k, "PatchTransformer", gathered);
        }
        if let Some(namespace) = k.field("namespace").filter(|n| !n.text().is_empty()) {
            let origin = Origin::new(namespace.origin.span, Writer::Namespace);
            let value = Value::string(namespace.text().to_owned(), origin);
            self.namespace(&value, config.namespace(), Subjects::Default, false, gathered);
            self.noted(k, "NamespaceTransformer", gathered);
        }
        let affixes = [
            ("namePrefix", Affix::Prefix, config.name_prefix(), "PrefixTransformer"),
            ("nameSuffix", Affix::Suffix, config.name_suffix(), "SuffixTransformer"),
        ];
        for (field, affix, specs, kind) in affixes {
            if let Some(text) = k.field(field).filter(|text| !text.text().is_empty()) {
                self.affix(text, affix, specs, gathered);
                self.noted(k, kind, gathered);
            }
        }
        for label in k.list("labels") {
            let switch = |name: &str| label.get(name).and_then(Value::as_bool) == Some(true);
            let own = label.get("fields").map_or(&[][..], Value::items);
            let specs: Vec<FieldSpec> = own.iter().map(field_spec).collect();
            let mut specs = with_specs(&specs, config.labels());
            if switch("includeSelectors") {
                specs = with_specs(&specs, config.common_labels());
            } else {
                if switch("includeTemplates") {
                    specs = with_specs(&specs, config.template_labels());
                }
                if switch("includeVolumeClaimTemplates") {
                    specs = with_specs(&specs, config.claim_template_labels());
                }
                specs = with_specs(&specs, &[FieldSpec::any("metadata/labels", true)]);
            }
            self.pairs(label.get("pairs"), &specs, Writer::Label, gathered);
            self.noted(k, "LabelTransformer", gathered);
        }
        if let Some(pairs) = k.field("commonLabels").filter(|p| !p.entries().is_empty()) {
            self.pairs(Some(pairs), config.common_labels(), Writer::Label, gathered);
            self.noted(k, "LabelTransformer", gathered);
        }
        if let Some(pairs) = k.field("commonAnnotations").filter(|p| !p.entries().is_empty()) {
            self.pairs(Some(pairs), config.common_annotations(), Writer::Annotation, gathered);
            self.noted(k, "AnnotationsTransformer", gathered);
        }
        for entry in k.list("patchesJson6902") {
            self.json_patch(k, entry, gathered);
            self.noted(k, "PatchJson6902Transformer", gathered);
        }
        for entry in k.list("replicas") {
            self.replicas(entry, config.replicas(), gathered);
            self.noted(k, "ReplicaCountTransformer", gathered);
        }
        for entry in k.list("images") {
            self.images(entry, config.images(), gathered);
            self.noted(k, "ImageTagTransformer", gathered);
        }
        if !k.list("replacements").is_empty() {
            self.replacements(k, k.list("replacements"), gathered);
            self.noted(k, "ReplacementTransformer", gathered);
        }
        self.run_plugin_transformers(k, gathered);
    }

    fn noted(&self, k: &Kustomization<'w>, kind: &str, gathered: &mut Gathered<'w>) {
        if self.annotate.is_some() {
            let by = ["builtin", kind, "", ""];
            self.note_transformer(k, by, None, gathered.objects.contents_mut());
        }
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        let (at, message) = failure;
        self.fatal(FaultKind::Invalid, at, message);
    }

    pub(super) fn all_failed(&mut self, failures: Vec<Failure>) {
        for failure in failures {
            self.failed(failure);
        }
    }

    /// Whether something is missing that what comes later may be about.
    pub(super) fn is_partial(&self) -> bool {
        self.faults.iter().any(|fault| fault.partial && fault.kind != FaultKind::UnknownField)
    }

    /// Sets the namespace of all objects.
    pub(super) fn namespace(
        &mut self,
        namespace: &Value<'w>,
        specs: &[FieldSpec],
        subjects: Subjects,
        unset_only: bool,
        gathered: &mut Gathered<'w>,
    ) {
        let mut failures = Vec::new();
        for resource in gathered.objects.list_mut() {
            resource.remember();
            let id = resource.id();
            let set = |value: &mut Value<'w>| {
                if !unset_only || value.text().is_empty() || value.is_null() {
                    *value = namespace.clone();
                }
            };
            if !id.is_cluster_scoped()
                && let Some(metadata) = metadata(&mut resource.value, namespace.origin)
            {
                match metadata.get_mut("namespace") {
                    Some(there) => set(there),
                    None => metadata.set("namespace", namespace.origin, namespace.clone()),
                }
            }
            if matches!(&*id.kind, "RoleBinding" | "ClusterRoleBinding") {
                subjects_to(&mut resource.value, namespace, subjects, &set);
            }
            // The kind `Namespace` of another group keeps its name.
            let is_core = id.group.is_empty() && id.version == "v1";
            let is_name = |spec: &FieldSpec| spec.path == ["metadata", "name"];
            let is_own = |spec: &FieldSpec| spec.path == ["metadata", "namespace"];
            let meant = |spec: &&FieldSpec| {
                spec.selects(&id) && !is_own(spec) && (is_core || !is_name(spec))
            };
            for spec in specs.iter().filter(meant) {
                let create = spec.create.then_some(Created::Scalar);
                let origin = namespace.origin;
                let mut wrong = None;
                let gone = visit(&mut resource.value, &spec.path, create, origin, &mut |value| {
                    if matches!(value.data, Data::Scalar { .. }) {
                        set(value);
                    } else {
                        let what = "a namespace can be written to a scalar only".to_owned();
                        wrong.get_or_insert((value.origin.span, what));
                    }
                });
                failures.extend(gone.err().or(wrong));
            }
        }
        self.all_failed(failures);
        if let Some(resource) = gathered.objects.doubled() {
            let what = format!("with this namespace there are two of {}", resource.id().describe());
            self.fatal(FaultKind::DuplicateResource, namespace.origin.span, what);
        }
    }

    /// Puts a prefix or suffix to all names.
    pub(super) fn affix(
        &mut self,
        text: &Value<'w>,
        affix: Affix,
        specs: Option<&[FieldSpec]>,
        gathered: &mut Gathered<'w>,
    ) {
        let mut failures = Vec::new();
        for resource in gathered.objects.list_mut() {
            let id = resource.original_id();
            let keeps = match &*id.kind {
                "CustomResourceDefinition" | "Namespace" => true,
                "APIService" => id.group == "apiregistration.k8s.io",
                _ => false,
            };
            if keeps {
                continue;
            }
            let standard = [FieldSpec::any("metadata/name", false)];
            let specs = specs.unwrap_or(&standard);
            for spec in specs.iter().filter(|spec| spec.selects(&id)) {
                if matches!(&spec.path[..], [a, b] if a == "metadata" && b == "name") {
                    match affix {
                        Affix::Prefix => resource.prefixes.push(text.text().to_owned().into()),
                        Affix::Suffix => resource.suffixes.push(text.text().to_owned().into()),
                    }
                    resource.remember();
                }
                let origin = resource.value.origin;
                let create = spec.create.then_some(Created::Scalar);
                let gone = visit(&mut resource.value, &spec.path, create, origin, &mut |name| {
                    if !matches!(name.data, Data::Scalar { .. }) {
                        return;
                    }
                    let new = match affix {
                        Affix::Prefix => format!("{}{}", text.text(), name.text()),
                        Affix::Suffix => format!("{}{}", name.text(), text.text()),
                    };
                    rename(name, new);
                });
                failures.extend(gone.err());
            }
        }
        self.all_failed(failures);
    }

    /// Sets labels or annotations.
    pub(super) fn pairs(
        &mut self,
        pairs: Option<&Value<'w>>,
        specs: &[FieldSpec],
        by: Writer,
        gathered: &mut Gathered<'w>,
    ) {
        let entries = pairs.map_or(&[][..], Value::entries);
        let entries: Vec<Entry<'w>> = entries
            .iter()
            .cloned()
            .map(|mut entry| {
                entry.key_origin.by = by;
                entry.value.origin.by = by;
                entry
            })
            .collect();
        let mut failures = Vec::new();
        for entry in entries.iter().filter(|e| !read::is_text_key(&e.key, e.key_origin)) {
            let what =
                format!("the key `{}` is no text to kustomize once it is written", entry.key);
            failures.push((entry.key_origin.span, what));
        }
        for resource in gathered.objects.contents_mut() {
            let id = resource.id();
            failures.extend(set_pairs(&mut resource.value, &id, specs, &entries).err());
        }
        self.all_failed(failures);
    }

    /// An entry of `replicas`.
    pub(super) fn replicas(
        &mut self,
        entry: &Value<'w>,
        specs: &[FieldSpec],
        gathered: &mut Gathered<'w>,
    ) {
        let none = Value::plain("0", entry.origin);
        let count = entry.get("count").unwrap_or(&none);
        let name = entry.get("name").map_or("", Value::text);
        let origin = Origin::new(count.origin.span, Writer::Replicas);
        let count = Value::plain(count.text().to_owned(), origin);
        let mut found = false;
        let mut failures = Vec::new();
        for spec in specs {
            for at in gathered.objects.with_any_id(name, |id| spec.selects(id)) {
                found = true;
                let Some(resource) = gathered.objects.contents_mut().get_mut(at) else { continue };
                // An object that had another kind once is found and has no such field now.
                if !spec.selects(&resource.id()) {
                    continue;
                }
                let create = spec.create.then_some(Created::Scalar);
                let mut wrong = None;
                let gone = visit(&mut resource.value, &spec.path, create, origin, &mut |value| {
                    if matches!(value.data, Data::Scalar { .. }) {
                        *value = count.clone();
                    } else {
                        let what = "a count can be written to a scalar only".to_owned();
                        wrong.get_or_insert((value.origin.span, what));
                    }
                });
                failures.extend(gone.err().or(wrong));
            }
        }
        self.all_failed(failures);
        if !found && !self.is_partial() {
            let what = format!("there is no workload `{name}` whose replicas could be set");
            self.fatal(FaultKind::UnusedOverride, entry.origin.span, what);
        }
    }

    /// An entry of `images`.
    pub(super) fn images(
        &mut self,
        entry: &Value<'w>,
        specs: &[FieldSpec],
        gathered: &mut Gathered<'w>,
    ) {
        let image = match ImageEntry::read(entry) {
            Ok(image) => image,
            Err((at, message)) => {
                self.faults.push(Fault::note(FaultKind::UnusedOverride, at, message));
                return;
            }
        };
        let mut used = false;
        let mut failures = Vec::new();
        for resource in gathered.objects.contents_mut() {
            let kind = resource.value.get("kind").map_or("", Value::text).to_owned();
            match images::set_images(&mut resource.value, &kind, &image, specs) {
                Ok(matched) => used |= matched,
                Err(failure) => failures.push(failure),
            }
        }
        self.all_failed(failures);
        if !used && !self.is_partial() {
            let name = entry.get("name").map_or("", Value::text);
            let what = format!("no container has the image `{name}`, so this changes nothing");
            self.faults.push(Fault::note(FaultKind::UnusedOverride, entry.origin.span, what));
        }
    }

    /// Entries of `replacements`, some of which may stand in files.
    pub(super) fn replacements(
        &mut self,
        k: &Kustomization<'w>,
        entries: &[Value<'w>],
        gathered: &mut Gathered<'w>,
    ) {
        for entry in entries {
            let Some(path) = entry.get("path") else {
                self.replacement(entry, gathered);
                continue;
            };
            if entry.get("source").is_some() || entry.get("targets").is_some() {
                let what = "a replacement has a `path`, or a `source` and `targets`, not both";
                self.fatal(FaultKind::Invalid, entry.origin.span, what);
                continue;
            }
            let Some(file) = self.file(k, path.text(), path.origin.span) else { continue };
            let documents = read::documents(file, Writer::Replacement, &mut self.faults);
            let Some(mut document) = documents.into_iter().next() else {
                let what = "this file has no replacement";
                self.fatal(FaultKind::Invalid, path.origin.span, what);
                continue;
            };
            // One replacement, or a list of them.
            if document.is_seq() {
                fit_loosely(&mut document, REPLACEMENTS, "replacements", &mut self.faults);
                for item in document.items() {
                    self.replacement(item, gathered);
                }
            } else if fit_loosely(&mut document, REPLACEMENT, "replacement", &mut self.faults) {
                self.replacement(&document, gathered);
            }
        }
    }

    fn replacement(&mut self, replacement: &Value<'w>, gathered: &mut Gathered<'w>) {
        let partial = self.is_partial();
        let mut room = Room::default();
        let objects = gathered.objects.list_mut();
        if let Err(failure) = replacements::replace(objects, replacement, &mut room) {
            // What it is about may be in what is missing.
            if !partial {
                self.failed(failure);
            }
        }
        self.grown(room.taken(), replacement.origin.span, gathered);
    }
}

/// The metadata of an object, made if it is missing; what is no map has none.
pub(super) fn metadata<'v, 'w>(
    value: &'v mut Value<'w>,
    origin: Origin,
) -> Option<&'v mut Value<'w>> {
    if value.get("metadata").is_none_or(|m| !m.is_map()) {
        value.set("metadata", origin, Value::map(origin));
    }
    value.get_mut("metadata")
}

/// Gives a scalar that is a name another text, at the place of the old one.
pub(super) fn rename(name: &mut Value<'_>, new: String) {
    let origin = Origin::new(name.origin.span, Writer::Name);
    let style = match &name.data {
        Data::Scalar { style, .. } => *style,
        Data::Map(_) | Data::Seq(_) => Style::DoubleQuoted,
    };
    *name = Value { data: Data::Scalar { text: Cow::Owned(new), style }, origin };
}

fn subjects_to<'w>(
    binding: &mut Value<'w>,
    namespace: &Value<'w>,
    which: Subjects,
    set: &dyn Fn(&mut Value<'w>),
) {
    let Some(subjects) = binding.get_mut("subjects") else { return };
    let Data::Seq(items) = &mut subjects.data else { return };
    for subject in items.iter_mut().filter(|subject| subject.is_map()) {
        let is = |key: &str, text: &str| subject.get(key).is_some_and(|v| v.text() == text);
        let meant = match which {
            Subjects::Default => is("name", "default"),
            Subjects::AllServiceAccounts => is("kind", "ServiceAccount"),
            Subjects::None => false,
        };
        if !meant {
            continue;
        }
        match subject.get_mut("namespace") {
            Some(there) => set(there),
            None => subject.set("namespace", namespace.origin, namespace.clone()),
        }
    }
}
