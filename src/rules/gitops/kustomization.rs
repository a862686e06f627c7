//! Kustomizations as their rules see them: files of the fleet, fields in any case.

use std::path::Path;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Tree};
use rustc_hash::FxHashMap;

use crate::fleet::Fleet;
use crate::load::{Class, Loaded, World, beside};

/// The file of a kustomization or component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kustomization<'t> {
    pub(super) file: &'t Loaded,
    pub(super) tree: &'t Tree,
    /// `None` if there is nothing in it.
    root: Option<NodeRef<'t>>,
}

impl<'t> Kustomization<'t> {
    fn of(file: &'t Loaded) -> Option<Self> {
        let tree = file.tree.as_ref().filter(|_| file.class == Class::Kustomization)?;
        let root = tree.documents().next().map(|(_, root)| root).filter(|root| root.is_map());
        Some(Self { file, tree, root })
    }

    pub(super) fn directory(self) -> &'t Path {
        self.file.input.path.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn is_component(self) -> bool {
        self.root.is_some_and(|root| root.str_at("kind") == Some("Component"))
    }

    /// Fields with a value, as written.
    pub(super) fn fields(self) -> impl Iterator<Item = (NodeRef<'t>, NodeRef<'t>)> {
        self.root.into_iter().flat_map(NodeRef::entries).filter(|(_, value)| !value.is_null())
    }

    /// A field by its name, in any case, as kustomize finds it.
    pub(super) fn field(self, name: &str) -> Option<(NodeRef<'t>, NodeRef<'t>)> {
        self.fields().find(|(key, _)| key.text().eq_ignore_ascii_case(name))
    }

    /// The items of a list; none if it is not there.
    pub(super) fn items(self, name: &str) -> impl Iterator<Item = NodeRef<'t>> {
        self.field(name).into_iter().flat_map(|(_, value)| value.items())
    }

    /// Its first line: what stands for the file as a whole.
    pub(super) fn start(self) -> Span {
        match self.root.and_then(|root| root.entries().next()) {
            Some((key, _)) => key.span(),
            None => Span { source: self.file.source, start: 0, end: 0 },
        }
    }
}

/// The kustomizations of a run in order of their paths, each once.
pub(super) fn kustomizations<'t>(fleet: &Fleet<'t>) -> Vec<Kustomization<'t>> {
    let mut found: Vec<_> = fleet.world.files().filter_map(Kustomization::of).collect();
    // A link to a file is another way to it.
    found.sort_by_key(|k| k.file.source);
    found.dedup_by_key(|k| k.file.source);
    found.sort_by(|a, b| a.file.input.path.cmp(&b.file.input.path));
    found
}

/// Files by the number of their source.
#[derive(Debug)]
pub(super) struct Files<'t>(FxHashMap<SourceId, &'t Loaded>);

impl<'t> Files<'t> {
    pub(super) fn of(fleet: &Fleet<'t>) -> Self {
        Self(fleet.world.files().map(|file| (file.source, file)).collect())
    }

    pub(super) fn get(&self, source: SourceId) -> Option<&'t Loaded> {
        self.0.get(&source).copied()
    }

    pub(super) fn is_component(&self, source: SourceId) -> bool {
        self.get(source).and_then(Kustomization::of).is_some_and(Kustomization::is_component)
    }

    /// Whether a kustomization names a file with nothing in it: `flux bootstrap` and the like write
    /// it later.
    pub(super) fn awaits_more(&self, source: SourceId, world: &World<'_>) -> bool {
        let Some(k) = self.get(source).and_then(Kustomization::of) else { return false };
        k.items("resources").any(|entry| {
            let named = world.file(&beside(&k.file.input.path, entry.text()));
            let tree = named.and_then(|file| file.tree.as_ref());
            tree.is_some_and(|tree| tree.documents().all(|(_, root)| root.is_null()))
        })
    }

    /// The outermost node that starts where a span does.
    pub(super) fn node(&self, span: Span) -> Option<NodeRef<'t>> {
        let tree = self.get(span.source)?.tree.as_ref()?;
        tree.first_node_from(span.start).filter(|node| node.span().start == span.start)
    }
}

/// `Deployment `web``, `Deployment `web` and StatefulSet `db``, `Deployment `web` and 3 more`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    }
}
