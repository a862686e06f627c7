//! A Kubernetes object: a map with `apiVersion` and `kind`.

use super::kind::Kind;
use super::labels::Labels;
use super::workload::Workload;
use crate::yaml::{Items, NodeRef, Place, Tree, Writer};

/// What is read of every object.
const FIELDS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

/// No such node.
const NONE: u32 = u32::MAX;

/// A view of one object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    tree: &'t Tree,
    at: Positions,
}

/// What is remembered of an object. A repository has hundreds of thousands, and every table of
/// neighbours holds copies: these are positions on the tape, not texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Positions {
    root: u32,
    api_version: u32,
    kind_name: u32,
    metadata: u32,
    spec: u32,
    name: u32,
    namespace: u32,
    kind: Kind,
    /// An item without a type of its own: `kind_name` is that of its list.
    is_item: bool,
    /// `name` is the start that the API server completes.
    is_generated: bool,
}

impl<'t> Object<'t> {
    /// Reads a map that has both `apiVersion` and `kind`.
    pub fn read(root: NodeRef<'t>) -> Option<Self> {
        let [api_version, kind_name, metadata, spec] = root.several(FIELDS);
        let (api_version, kind_name) = (api_version?, kind_name?);
        api_version.as_str().and(kind_name.as_str())?;
        Self::with(root, [api_version, kind_name], [metadata, spec], false)
    }

    fn with(
        root: NodeRef<'t>,
        [api_version, kind_name]: [NodeRef<'t>; 2],
        [metadata, spec]: [Option<NodeRef<'t>>; 2],
        is_item: bool,
    ) -> Option<Self> {
        let name_of_kind = kind_text(kind_name, is_item);
        if api_version.text().is_empty() || name_of_kind.is_empty() {
            return None;
        }
        let kind = Kind::of(api_version.text(), name_of_kind);
        let [name, namespace, generated] = metadata
            .map_or([None; 3], |metadata| metadata.several(["name", "namespace", "generateName"]));
        let is_filled = |node: &NodeRef<'_>| !node.text().is_empty();
        let namespace = namespace.filter(|n| is_filled(n) && !kind.is_cluster_scoped());
        let generated = generated.filter(|n| is_filled(n) && !name.as_ref().is_some_and(is_filled));
        let at = Positions {
            root: root.index(),
            api_version: api_version.index(),
            kind_name: kind_name.index(),
            metadata: metadata.map_or(NONE, NodeRef::index),
            spec: spec.map_or(NONE, NodeRef::index),
            name: generated.or(name).map_or(NONE, NodeRef::index),
            namespace: namespace.map_or(NONE, NodeRef::index),
            kind,
            is_item,
            is_generated: generated.is_some(),
        };
        Some(Self { tree: root.tree(), at })
    }

    /// An item of a list that has no type of its own: it takes those of its list.
    fn item(node: NodeRef<'t>, list: Self) -> Option<Self> {
        let type_of = [list.node(list.at.api_version), list.node(list.at.kind_name)];
        Self::with(node, type_of, node.several(["metadata", "spec"]), true)
    }

    fn node(self, ix: u32) -> NodeRef<'t> {
        self.tree.node(ix)
    }

    fn known(self, ix: u32) -> Option<NodeRef<'t>> {
        (ix != NONE).then(|| self.node(ix))
    }

    pub fn root(self) -> NodeRef<'t> {
        self.node(self.at.root)
    }

    pub fn api_version(self) -> &'t str {
        self.node(self.at.api_version).text()
    }

    /// `""` for the core group.
    pub fn group(self) -> &'t str {
        group(self.api_version())
    }

    pub fn version(self) -> &'t str {
        let api_version = self.api_version();
        api_version.split_once('/').map_or(api_version, |(_, version)| version)
    }

    pub fn kind(self) -> Kind {
        self.at.kind
    }

    pub fn kind_name(self) -> &'t str {
        kind_text(self.node(self.at.kind_name), self.at.is_item)
    }

    /// `metadata.name`, else `metadata.generateName`, which is how people know it; `""` without both.
    pub fn name(self) -> &'t str {
        if self.at.name == NONE { "" } else { self.node(self.at.name).text() }
    }

    /// Whether it has a name of its own: not only the start of one, which each copy completes anew.
    pub fn is_named(self) -> bool {
        !self.at.is_generated && !self.name().is_empty()
    }

    /// `metadata.namespace` as written; `None` if absent or if the kind is cluster-scoped.
    pub fn namespace(self) -> Option<&'t str> {
        self.known(self.at.namespace).map(NodeRef::text)
    }

    /// The namespace in which neighbours are looked for: an object without one is where those
    /// without one and those in `default` are.
    pub fn namespace_key(self) -> &'t str {
        if self.at.kind.is_cluster_scoped() { "" } else { self.namespace().unwrap_or("default") }
    }

    pub fn is_cluster_scoped(self) -> bool {
        self.at.kind.is_cluster_scoped()
    }

    /// `metadata`, null as absent.
    #[inline]
    pub fn metadata(self) -> Option<NodeRef<'t>> {
        self.known(self.at.metadata)
    }

    /// `spec`, null as absent.
    #[inline]
    pub fn spec(self) -> Option<NodeRef<'t>> {
        self.known(self.at.spec)
    }

    pub fn labels(self) -> Labels<'t> {
        Labels::of(self.metadata().and_then(|metadata| metadata.get("labels")))
    }

    pub fn annotations(self) -> Labels<'t> {
        Labels::of(self.metadata().and_then(|metadata| metadata.get("annotations")))
    }

    pub fn annotation(self, key: &str) -> Option<&'t str> {
        self.annotations().get(key)
    }

    /// A node by dotted path from the root, null as absent.
    #[inline]
    pub fn path(self, path: &str) -> Option<NodeRef<'t>> {
        // What nearly all ask for is known where it starts.
        match path.strip_prefix("spec.") {
            Some(rest) => self.spec()?.path(rest),
            None => self.root().path(path),
        }
    }

    /// A string by dotted path from the root.
    #[inline]
    pub fn str_at(self, path: &str) -> Option<&'t str> {
        self.path(path)?.as_str()
    }

    #[inline]
    pub fn bool_at(self, path: &str) -> Option<bool> {
        self.path(path)?.as_bool()
    }

    #[inline]
    pub fn i64_at(self, path: &str) -> Option<i64> {
        self.path(path)?.as_i64()
    }

    /// Items of the list under a dotted path from the root; none when it is absent or no list.
    #[inline]
    pub fn items_at(self, path: &str) -> Items<'t> {
        self.path(path).map_or_else(|| Items::none(self.tree), NodeRef::items)
    }

    /// Where a finding about a dotted path from the root stands.
    pub fn at(self, path: &str) -> Place<'t> {
        self.root().at(path)
    }

    /// The object as a whole: its name, or the key of one that a patch has written, for the object
    /// is not where the patch is.
    pub fn place(self) -> Place<'t> {
        let (path, field) = if self.at.is_generated {
            ("metadata.generateName", "generateName")
        } else {
            ("metadata.name", "name")
        };
        let named = self.root().at(path);
        if !named.is_written() {
            return self.root().at("kind");
        }
        let foreign = matches!(
            named.node.writer(),
            Writer::Patch
                | Writer::JsonPatch
                | Writer::Namespace
                | Writer::Replacement
                | Writer::Variable
        );
        match self.metadata().and_then(|metadata| metadata.entry(field)) {
            Some((key, value)) if foreign && key.writer() == Writer::Resource => {
                Place::key(key, value)
            }
            Some((key, value)) => Place::name(key, value),
            _ => named,
        }
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

/// The group of an `apiVersion`; `""` for the core group.
pub(super) fn group(api_version: &str) -> &str {
    // So short a text is not worth a searcher.
    let end = api_version.bytes().position(|byte| byte == b'/');
    end.and_then(|end| api_version.get(..end)).unwrap_or("")
}

/// The name of a kind, or of the kind of a list's items.
fn kind_text(node: NodeRef<'_>, is_item: bool) -> &str {
    let text = node.text();
    if is_item { text.strip_suffix("List").unwrap_or("") } else { text }
}

/// What is no object and stands where one should: a document, or items of a list. What it lacks is
/// said as the end of a sentence. `object` is what the document was read as.
pub fn strays<'t>(
    root: NodeRef<'t>,
    object: Option<Object<'t>>,
    out: &mut Vec<(NodeRef<'t>, &'static str)>,
) {
    let Some(object) = object else {
        if !root.is_null() {
            out.push((root, lack(root)));
        }
        return;
    };
    let is_list = object.kind_name().ends_with("List") && object.spec().is_none();
    let items = root.get("items").filter(|items| is_list && items.is_seq());
    for item in items.into_iter().flat_map(NodeRef::items) {
        let is_typed = item.is_map() && Object::item(item, object).is_some();
        match Object::read(item) {
            None if !is_typed => out.push((item, lack(item))),
            // Lists in lists are taken apart once.
            Some(inner) if object.kind_name() == "List" && inner.kind_name().ends_with("List") => {
                let deep = item.items_at("items");
                let stray = |deep: &NodeRef<'t>| {
                    Object::read(*deep).or_else(|| Object::item(*deep, inner)).is_none()
                };
                out.extend(deep.filter(stray).map(|deep| (deep, lack(deep))));
            }
            _ => {}
        }
    }
}

fn lack(node: NodeRef<'_>) -> &'static str {
    let has = |key| node.str_at(key).is_some_and(|text| !text.is_empty());
    match (has("apiVersion"), has("kind")) {
        _ if !node.is_map() => "is no map",
        (false, true) => "has no `apiVersion`",
        (true, false) => "has no `kind`",
        _ => "has no `apiVersion` and no `kind`",
    }
}

/// The documents of a file, and what each is as an object: read once, however often it is asked.
pub fn documents(tree: &Tree) -> impl ExactSizeIterator<Item = (NodeRef<'_>, Option<Object<'_>>)> {
    let read = |(_, root)| Object::read(root).map(|object| object.at);
    let known = tree.objects.get_or_init(|| tree.documents().map(read).collect());
    let documents = tree.documents().zip(known);
    documents.map(|((_, root), at)| (root, at.map(|at| Object { tree, at })))
}

/// The objects of all documents of a file, as [`objects`] tells them.
pub fn objects_of(tree: &Tree) -> Vec<Object<'_>> {
    let mut found = Vec::new();
    for (root, object) in documents(tree) {
        taken_apart(root, object, &mut found);
    }
    found
}

/// The objects of a document: itself, or the items of a `List` or typed list (`RoleList`).
/// An item without `apiVersion` and `kind` takes those of its list.
pub fn objects<'t>(root: NodeRef<'t>, out: &mut Vec<Object<'t>>) {
    taken_apart(root, Object::read(root), out);
}

fn taken_apart<'t>(root: NodeRef<'t>, object: Option<Object<'t>>, out: &mut Vec<Object<'t>>) {
    let Some(object) = object else { return };
    // A custom resource may be called SomethingList and be none: a list has items and no spec.
    let is_list = object.spec().is_none() && object.kind_name().ends_with("List");
    let items = root.get("items").filter(|items| is_list && items.is_seq());
    let Some(items) = items else {
        out.push(object);
        return;
    };
    for item in items.items() {
        if let Some(inner) = Object::read(item) {
            let nested = inner.kind_name().ends_with("List") && item.get("items").is_some();
            // Lists in lists: one level, as kubectl takes them apart; deeper ones are objects.
            if nested && object.kind_name() == "List" {
                for deep in item.items_at("items") {
                    out.extend(Object::read(deep).or_else(|| Object::item(deep, inner)));
                }
            } else {
                out.push(inner);
            }
        } else if item.is_map() {
            out.extend(Object::item(item, object));
        }
    }
}
