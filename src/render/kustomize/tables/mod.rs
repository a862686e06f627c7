//! Facts of the schema that kustomize ships (its OpenAPI bundle of Kubernetes 1.21.2): which fields
//! its transformers write, which lists merge by which keys, which kinds have no namespace.
//!
//! The facts are text (`facts.rs`), read once and only when something asks.

mod facts;
pub mod shapes;

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::fields::split_path;
use super::resource::Id;

/// A field that a transformer writes, for the objects that it holds for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSpec {
    /// `""` for any, as in the next two.
    pub group: Cow<'static, str>,
    pub version: Cow<'static, str>,
    pub kind: Cow<'static, str>,
    /// Keys from the root; one that ends in `[]` must be a list and is never made.
    pub path: Vec<Cow<'static, str>>,
    /// Whether missing maps are made, and the field itself.
    pub create: bool,
}

impl FieldSpec {
    /// A spec for every kind; `path` as in a configuration: `a/b\/c/d[]`.
    pub fn any(path: impl Into<Cow<'static, str>>, create: bool) -> Self {
        Self { path: split_path(path), create, ..Self::default() }
    }

    /// Whether it holds for an object.
    pub fn selects(&self, id: &Id) -> bool {
        selected(&self.group, &id.group)
            && selected(&self.version, &id.version)
            && selected(&self.kind, &id.kind)
    }
}

fn selected(wanted: &str, is: &str) -> bool {
    wanted.is_empty() || wanted == is
}

/// Objects of a kind, and the fields of other objects that name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameReference {
    /// The kind that is named; `""` is any, as in the next two.
    pub kind: Cow<'static, str>,
    pub group: Cow<'static, str>,
    pub version: Cow<'static, str>,
    pub fields: Vec<FieldSpec>,
}

impl NameReference {
    /// Whether an object of this id is one that the fields may name.
    pub fn targets(&self, id: &Id) -> bool {
        selected(&self.group, &id.group)
            && selected(&self.version, &id.version)
            && selected(&self.kind, &id.kind)
    }
}

/// `Kind[.group][@version]` as kind, group, version.
fn read_kind(text: &'static str) -> [Cow<'static, str>; 3] {
    let (rest, version) = text.split_once('@').unwrap_or((text, ""));
    let (kind, group) = rest.split_once('.').unwrap_or((rest, ""));
    [if kind == "*" { "" } else { kind }, group, version].map(Cow::Borrowed)
}

/// The specs of one line of facts.
fn read_line(line: &'static str) -> impl Iterator<Item = FieldSpec> {
    let mut words = line.split(' ');
    let create = words.next() == Some("+");
    let path = split_path(words.next().unwrap_or_default());
    words.map(move |word| {
        let [kind, group, version] = read_kind(word);
        FieldSpec { group, version, kind, path: path.clone(), create }
    })
}

fn read(text: &'static str) -> Vec<FieldSpec> {
    text.lines().filter(|line| !line.is_empty()).flat_map(read_line).collect()
}

macro_rules! specs {
    ($($(#[$doc:meta])* $name:ident = $facts:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name() -> &'static [FieldSpec] {
            static SPECS: LazyLock<Vec<FieldSpec>> = LazyLock::new(|| read(facts::$facts));
            &SPECS
        }
    )*};
}

specs! {
    /// Labels of objects, templates and selectors: `commonLabels:`, `labels:` with selectors.
    common_labels = COMMON_LABELS;
    /// Labels of objects and templates: `labels:` with `includeTemplates`.
    template_labels = TEMPLATE_LABELS;
    /// Labels of volume claim templates: `labels:` with `includeVolumeClaimTemplates`.
    claim_template_labels = CLAIM_TEMPLATE_LABELS;
    /// Annotations of objects and templates.
    common_annotations = COMMON_ANNOTATIONS;
    /// Fields that hold the namespace, besides `metadata.namespace`.
    namespace = NAMESPACE;
    /// Fields that hold an image. None of them is ever made, whatever `create` says.
    images = IMAGES;
    /// Fields that hold a number of replicas.
    replicas = REPLICAS;
    /// Fields in which `$(VAR)` is replaced.
    var_references = VAR_REFERENCES;
}

/// Which fields name objects of which kinds.
pub fn name_references() -> &'static [NameReference] {
    static REFERENCES: LazyLock<Vec<NameReference>> = LazyLock::new(|| {
        let mut references: Vec<NameReference> = Vec::new();
        for line in facts::NAME_REFERENCES.lines().filter(|line| !line.is_empty()) {
            if let Some(target) = line.strip_prefix("> ") {
                let [kind, group, version] = read_kind(target);
                references.push(NameReference { kind, group, version, fields: Vec::new() });
            } else if let Some(reference) = references.last_mut() {
                reference.fields.extend(read_line(line));
            }
        }
        references
    });
    &REFERENCES
}

/// Whether kustomize knows a kind as cluster-scoped: a custom kind never is.
pub fn is_cluster_scoped(group: &str, version: &str, kind: &str) -> bool {
    type Groups = Vec<(&'static str, &'static str)>;
    static KINDS: LazyLock<FxHashMap<&'static str, Groups>> = LazyLock::new(|| {
        let mut kinds: FxHashMap<_, Groups> = FxHashMap::default();
        for line in facts::CLUSTER_SCOPED.lines() {
            let mut words = line.split(' ');
            let api_version = words.next().unwrap_or_default();
            let of = api_version.split_once('/').unwrap_or(("", api_version));
            for kind in words {
                kinds.entry(kind).or_default().push(of);
            }
        }
        kinds
    });
    KINDS.get(kind).is_some_and(|groups| groups.contains(&(group, version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_read_as_they_were_counted() {
        assert_eq!(common_labels().len(), 32);
        assert_eq!(template_labels().len(), 9);
        assert_eq!(claim_template_labels().len(), 1);
        assert_eq!(common_annotations().len(), 9);
        assert_eq!((namespace().len(), images().len(), replicas().len()), (3, 6, 4));
        assert_eq!(var_references().len(), 72);
        assert_eq!(name_references().len(), 16);
        // One field stands twice in kustomize's own list.
        assert_eq!(name_references().iter().map(|r| r.fields.len()).sum::<usize>(), 166);
    }

    #[test]
    fn slashes_in_keys_are_escaped() {
        let auth = name_references()
            .iter()
            .flat_map(|r| &r.fields)
            .find(|f| f.path.iter().any(|key| key == "ingress.kubernetes.io/auth-secret"));
        assert_eq!(auth.map(|f| f.path.len()), Some(3));
    }

    #[test]
    fn only_kinds_of_the_schema_are_cluster_scoped() {
        assert!(is_cluster_scoped("", "v1", "Namespace"));
        assert!(is_cluster_scoped("rbac.authorization.k8s.io", "v1", "ClusterRole"));
        assert!(!is_cluster_scoped("rbac.authorization.k8s.io", "v1", "Role"));
        assert!(!is_cluster_scoped("cert-manager.io", "v1", "ClusterIssuer"));
        assert!(!is_cluster_scoped("", "v1", ""));
        assert!(!is_cluster_scoped("", "", ""));
    }
}
