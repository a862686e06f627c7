//! An object on its way through a kustomization, and who it has been.

use std::borrow::Cow;

use kubeready_manifest::yaml::Value;

use super::tables;
use crate::source::Span;

/// Group, version, kind, name and namespace as written: what kustomize tells objects apart by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Id {
    /// `""` for the core group.
    pub group: String,
    pub version: String,
    pub kind: String,
    pub name: String,
    /// As written; `""` if absent.
    pub namespace: String,
}

impl Id {
    pub fn of(value: &Value<'_>) -> Self {
        let text = |keys: &[&str]| value.at(keys).map_or("", Value::text);
        let api_version = text(&["apiVersion"]);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(&["kind"]).to_owned(),
            name: text(&["metadata", "name"]).to_owned(),
            namespace: text(&["metadata", "namespace"]).to_owned(),
        }
    }

    /// Whether kustomize knows the kind as cluster-scoped: only those of its own schema.
    pub fn is_cluster_scoped(&self) -> bool {
        tables::is_cluster_scoped(&self.group, &self.version, &self.kind)
    }

    /// The namespace that counts: `default` if none is written, one of its own for kinds that have
    /// none.
    pub fn effective_namespace(&self) -> &str {
        if self.is_cluster_scoped() {
            "_non_namespaceable_"
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    pub fn same_kind(&self, other: &Self) -> bool {
        self.group == other.group && self.version == other.version && self.kind == other.kind
    }

    /// Whether both mean one object.
    pub fn is(&self, other: &Self) -> bool {
        self.same_kind(other)
            && self.name == other.name
            && self.effective_namespace() == other.effective_namespace()
    }

    /// `Deployment shop/web`
    pub fn describe(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// What to do with the object of the same id that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    #[default]
    Create,
    Merge,
    Replace,
}

/// An object being built.
#[derive(Clone, Debug)]
pub struct Resource<'t> {
    pub value: Value<'t>,
    /// Who it was, oldest first: pushed before a change of name, namespace or kind.
    pub previous: Vec<Id>,
    pub prefixes: Vec<Cow<'t, str>>,
    pub suffixes: Vec<Cow<'t, str>>,
    /// Whether its name gets a hash of its content at the very end.
    pub needs_hash: bool,
    pub behavior: Behavior,
    /// The entries of kustomizations that bring it in, innermost first.
    pub entries: Vec<Span>,
    /// Names of the variables that take a value of it.
    pub(super) variables: Vec<String>,
    /// How many components deep it was added.
    pub(super) depth: u32,
    /// What annotations are to say of it, if a root asks for them.
    pub(super) notes: Option<Box<super::notes::Notes>>,
}

impl<'t> Resource<'t> {
    pub fn new(value: Value<'t>) -> Self {
        Self {
            value,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            needs_hash: false,
            behavior: Behavior::Create,
            entries: Vec::new(),
            variables: Vec::new(),
            depth: 0,
            notes: None,
        }
    }

    /// Who it is now.
    pub fn id(&self) -> Id {
        Id::of(&self.value)
    }

    /// Who it was at first.
    pub fn original_id(&self) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    /// Everyone it has been, oldest first, and is.
    pub fn ids(&self) -> Vec<Id> {
        self.previous.iter().cloned().chain(std::iter::once(self.id())).collect()
    }

    /// Remembers who it is before a change; the namespace as it counts.
    pub fn remember(&mut self) {
        let id = self.id();
        self.previous.push(super::objects::counted(id));
    }
}
