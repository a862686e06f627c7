//! A Kubernetes object: a map with `apiVersion` and `kind`.

use super::kind::Kind;
use super::labels::Labels;
use super::workload::Workload;
use crate::yaml::{NodeRef, Place};

/// A view of one object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    root: NodeRef<'t>,
    api_version: &'t str,
    kind_name: &'t str,
    kind: Kind,
    name: &'t str,
    namespace: Option<&'t str>,
}

impl<'t> Object<'t> {
    /// Reads a map that has both `apiVersion` and `kind`.
    pub fn read(root: NodeRef<'t>) -> Option<Self> {
        Self::with(root, root.get("apiVersion")?.as_str()?, root.get("kind")?.as_str()?)
    }

    fn with(root: NodeRef<'t>, api_version: &'t str, kind_name: &'t str) -> Option<Self> {
        if api_version.is_empty() || kind_name.is_empty() {
            return None;
        }
        let kind = Kind::of(api_version, kind_name);
        let metadata = root.get("metadata");
        let text = |key| metadata.and_then(|m| m.get(key)).map(NodeRef::text);
        Some(Self {
            root,
            api_version,
            kind_name,
            kind,
            name: text("name").unwrap_or(""),
            namespace: text("namespace").filter(|n| !n.is_empty() && !kind.is_cluster_scoped()),
        })
    }

    pub fn root(self) -> NodeRef<'t> {
        self.root
    }

    pub fn api_version(self) -> &'t str {
        self.api_version
    }

    /// `""` for the core group.
    pub fn group(self) -> &'t str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    pub fn version(self) -> &'t str {
        self.api_version.split_once('/').map_or(self.api_version, |(_, version)| version)
    }

    pub fn kind(self) -> Kind {
        self.kind
    }

    pub fn kind_name(self) -> &'t str {
        self.kind_name
    }

    /// `metadata.name`; `""` when only `generateName` is given.
    pub fn name(self) -> &'t str {
        self.name
    }

    /// `metadata.namespace` as written; `None` if absent or if the kind is cluster-scoped.
    pub fn namespace(self) -> Option<&'t str> {
        self.namespace
    }

    /// The namespace in which neighbours are looked for: an object without one is where those
    /// without one and those in `default` are.
    pub fn namespace_key(self) -> &'t str {
        if self.kind.is_cluster_scoped() { "" } else { self.namespace.unwrap_or("default") }
    }

    pub fn is_cluster_scoped(self) -> bool {
        self.kind.is_cluster_scoped()
    }

    pub fn metadata(self) -> Option<NodeRef<'t>> {
        self.root.get("metadata")
    }

    pub fn labels(self) -> Labels<'t> {
        Labels::of(self.root.path("metadata.labels"))
    }

    pub fn annotations(self) -> Labels<'t> {
        Labels::of(self.root.path("metadata.annotations"))
    }

    pub fn annotation(self, key: &str) -> Option<&'t str> {
        self.annotations().get(key)
    }

    /// A node by dotted path from the root, null as absent.
    pub fn path(self, path: &str) -> Option<NodeRef<'t>> {
        self.root.path(path)
    }

    /// Where a finding about a dotted path from the root stands.
    pub fn at(self, path: &str) -> Place<'t> {
        self.root.at(path)
    }

    /// The object as a whole: its name.
    pub fn place(self) -> Place<'t> {
        let named = self.root.at("metadata.name");
        if named.is_written() { named } else { self.root.at("kind") }
    }

    /// The pod template it runs, if it runs one.
    pub fn workload(self) -> Option<Workload<'t>> {
        Workload::read(self)
    }

    /// A Helm or Argo CD hook: it runs once and goes away.
    pub fn is_hook(self) -> bool {
        let annotations = self.annotations();
        annotations.contains("helm.sh/hook") || annotations.contains("argocd.argoproj.io/hook")
    }
}

/// The objects of a document: itself, or the items of a `List` or typed list (`RoleList`).
/// An item without `apiVersion` and `kind` takes those of its list.
pub fn objects<'t>(root: NodeRef<'t>, out: &mut Vec<Object<'t>>) {
    let Some(object) = Object::read(root) else { return };
    let items = root.get("items").filter(|items| items.is_seq());
    let (Some(items), Some(item_kind)) = (items, object.kind_name.strip_suffix("List")) else {
        out.push(object);
        return;
    };
    // A custom resource may be called SomethingList and be none: a list has items and no spec.
    if root.get("spec").is_some() {
        out.push(object);
        return;
    }
    for item in items.items() {
        if let Some(inner) = Object::read(item) {
            let nested = inner.kind_name.ends_with("List") && item.get("items").is_some();
            // Lists in lists: one level, as kubectl takes them apart; deeper ones are objects.
            if nested && object.kind_name == "List" {
                for deep in item.items_at("items") {
                    let kind_name = inner.kind_name.strip_suffix("List").unwrap_or("");
                    out.extend(
                        Object::read(deep)
                            .or_else(|| Object::with(deep, inner.api_version, kind_name)),
                    );
                }
            } else {
                out.push(inner);
            }
        } else if item.is_map() {
            out.extend(Object::with(item, object.api_version, item_kind));
        }
    }
}
