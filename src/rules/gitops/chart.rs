//! Charts as their rules see them: the files of one directory.

use std::path::Path;

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{NodeRef, Tree};

use crate::fleet::Fleet;
use crate::load::{Class, Loaded, Reason, World};

/// A chart that lies in the repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart<'t> {
    /// Its `Chart.yaml`.
    pub(super) file: &'t Loaded,
    pub(super) tree: &'t Tree,
    /// `None` if there is no map in it.
    pub(super) root: Option<NodeRef<'t>>,
}

impl<'t> Chart<'t> {
    fn of(file: &'t Loaded) -> Option<Self> {
        let chart = file.class == Class::LeftAlone(Reason::Chart)
            && file.input.path.file_name().is_some_and(|name| name == "Chart.yaml");
        let tree = file.parsed().filter(|_| chart)?;
        let root = tree.documents().next().map(|(_, root)| root).filter(|root| root.is_map());
        Some(Self { file, tree, root })
    }

    pub(super) fn directory(self) -> &'t Path {
        self.file.input.path.parent().unwrap_or(Path::new(""))
    }

    /// The chart's name, else that of its directory.
    pub(super) fn name(self) -> &'t str {
        let written = self.root.and_then(|root| root.get("name")).map_or("", NodeRef::text);
        if !written.is_empty() {
            return written;
        }
        self.directory().file_name().and_then(|name| name.to_str()).unwrap_or("")
    }

    pub(super) fn text_at(self, field: &str) -> Option<&'t str> {
        self.root?.get(field).map(NodeRef::text)
    }

    pub(super) fn is_library(self) -> bool {
        self.text_at("type") == Some("library")
    }

    /// The root of another file of the chart.
    pub(super) fn beside(self, world: &World<'t>, name: &str) -> Option<NodeRef<'t>> {
        let tree = world.file(&self.directory().join(name))?.parsed()?;
        tree.documents().next().map(|(_, root)| root)
    }

    /// What it depends on: `dependencies`, in charts of Helm 2 those of `requirements.yaml`.
    pub(super) fn dependencies(self, world: &World<'t>) -> Vec<NodeRef<'t>> {
        let own = self.root.into_iter().flat_map(|root| root.items_at("dependencies"));
        let old = self.beside(world, "requirements.yaml");
        own.chain(old.into_iter().flat_map(|root| root.items_at("dependencies"))).collect()
    }

    /// Its first line: what stands for the file as a whole.
    pub(super) fn start(self) -> Span {
        match self.root.and_then(|root| root.entries().next()) {
            Some((key, _)) => key.span(),
            None => Span { source: self.file.source, start: 0, end: 0 },
        }
    }

    /// The innermost chart that a path lies in.
    pub(super) fn around(path: &Path, world: &World<'t>) -> Option<Self> {
        path.ancestors()
            .skip(1)
            .find_map(|folder| world.file(&folder.join("Chart.yaml")).and_then(Self::of))
    }

    /// Whether it is a copy of somebody else's chart, unpacked below one that depends on it.
    pub(super) fn is_vendored(self, world: &World<'t>) -> bool {
        self.directory().ancestors().skip(1).any(|folder| {
            let is_charts = folder.file_name().is_some_and(|name| name == "charts");
            let Some(parent) = folder.parent().filter(|_| is_charts) else { return false };
            let Some(parent) = world.file(&parent.join("Chart.yaml")).and_then(Self::of) else {
                return false;
            };
            let below = self.directory().strip_prefix(folder).ok();
            let own = below.and_then(|below| below.iter().next()).and_then(|name| name.to_str());
            parent.dependencies(world).into_iter().any(|dependency| {
                let name = dependency.get("name").map(NodeRef::text);
                name == own && is_fetched(dependency)
            })
        })
    }
}

/// The charts that are looked at, in order of their paths, each once; copies of somebody else's and
/// those that were fetched are left out.
pub(super) fn charts<'t>(fleet: &Fleet<'t>) -> Vec<Chart<'t>> {
    let wanted = fleet.world.files().filter(|file| file.input.wanted);
    let mut found: Vec<_> = wanted.filter_map(Chart::of).collect();
    found.sort_by_key(|chart| chart.file.source);
    found.dedup_by_key(|chart| chart.file.source);
    found.retain(|chart| !chart.is_vendored(fleet.world));
    found.sort_by(|a, b| a.file.input.path.cmp(&b.file.input.path));
    found
}

/// Whether a dependency comes from another place: a repository, a registry, a name of one.
pub(super) fn is_fetched(dependency: NodeRef<'_>) -> bool {
    let repository = dependency.get("repository").map_or("", NodeRef::text);
    !repository.is_empty() && !repository.starts_with("file://")
}
