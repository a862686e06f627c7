//! What renderers may see of a repository: every file that was read, by path, and the directories
//! they lie in. No I/O: what a kustomization names was read before ([`super::load`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::{Class, Loaded, Reason};
use crate::source::SourceId;

/// The names that a kustomization file may have, in kustomize's order.
pub const KUSTOMIZATION_NAMES: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files of a run by absolute path.
#[derive(Debug)]
pub struct World<'l> {
    root: &'l Path,
    files: BTreeMap<&'l Path, &'l Loaded>,
    directories: BTreeSet<&'l Path>,
    loaded: &'l [Loaded],
    /// Directories of charts that are no subcharts of another one.
    charts: Vec<&'l Path>,
}

impl<'l> World<'l> {
    /// `root` is the repository, or what paths are told from where there is none.
    pub fn new(root: &'l Path, loaded: &'l [Loaded]) -> Self {
        let named = |file: &'l Loaded| {
            let aliases = file.aliases.iter().map(move |alias| (&**alias, file));
            std::iter::once((&*file.input.path, file)).chain(aliases)
        };
        // They come in order, nearly all of them: sorting takes one look at each.
        let files: BTreeMap<&Path, &Loaded> =
            loaded.iter().filter(|file| !file.input.stdin).flat_map(named).collect();
        let mut directories = BTreeSet::new();
        let mut last = None;
        for (path, _) in files.iter().filter(|(_, file)| file.archive.is_none()) {
            let parent = path.parent().map(Path::as_os_str);
            if parent.is_some() && parent == last {
                continue;
            }
            last = parent;
            // An ancestor that is known has known ancestors.
            for folder in path.ancestors().skip(1) {
                if !directories.insert(folder) {
                    break;
                }
            }
        }
        let charts = charts(&files);
        Self { root, files, directories, loaded, charts }
    }

    /// Every file that was read, by the number of its source less that of the first.
    pub fn loaded(&self) -> &'l [Loaded] {
        self.loaded
    }

    /// A file by its source.
    pub fn source(&self, source: SourceId) -> Option<&'l Loaded> {
        by_source(self.loaded, source)
    }

    /// Directories of charts, those of subcharts left out, in order.
    pub fn charts(&self) -> &[&'l Path] {
        &self.charts
    }

    /// The archive on the disk that a file is a member of.
    pub fn archive_of(&self, source: SourceId) -> Option<&'l Path> {
        self.source(source)?.archive.as_deref()
    }

    /// Files below a directory by the paths that lead to them, in order.
    pub fn paths_below<'w>(
        &'w self,
        directory: &'w Path,
    ) -> impl Iterator<Item = (&'l Path, &'l Loaded)> + 'w {
        self.files
            .range::<Path, _>((Bound::Included(directory), Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(directory))
            .map(|(path, file)| (*path, *file))
    }

    pub fn root(&self) -> &'l Path {
        self.root
    }

    /// A file by its absolute, clean path (see [`crate::walk::clean`]).
    pub fn file(&self, path: &Path) -> Option<&'l Loaded> {
        self.files.get(path).copied()
    }

    /// Whether a directory holds a file that was read, however deep.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.directories.contains(path)
    }

    /// Directories below the root that hold files, in order, the root itself left out.
    pub fn directories(&self) -> impl Iterator<Item = &'l Path> + '_ {
        self.directories.iter().copied().filter(|d| d.starts_with(self.root) && *d != self.root)
    }

    /// Every file, in order of paths, but what was read for charts only.
    pub fn files(&self) -> impl Iterator<Item = &'l Loaded> + '_ {
        self.files.values().copied().filter(|file| file.class != Class::ChartFile)
    }

    /// The files of a directory and of those below it, in order of paths, but what was read for
    /// charts only.
    pub fn files_below<'w>(&'w self, directory: &'w Path) -> impl Iterator<Item = &'l Loaded> + 'w {
        let below = self.paths_below(directory).map(|(_, file)| file);
        below.filter(|file| file.class != Class::ChartFile)
    }

    /// The kustomization files of a directory: one, unless something is wrong.
    pub fn kustomizations(&self, directory: &Path) -> Vec<&'l Loaded> {
        KUSTOMIZATION_NAMES
            .iter()
            .filter_map(|name| self.file(&directory.join(name)))
            .filter(|file| matches!(file.class, Class::Kustomization | Class::Unreadable))
            .collect()
    }

    /// A path as findings show it: from the root, `/` between the parts, `.` for the root itself.
    pub fn from_root(&self, path: &Path) -> String {
        let relative = path.strip_prefix(self.root).unwrap_or(path);
        let text = PathBuf::from(relative).to_string_lossy().replace('\\', "/");
        if text.is_empty() { ".".to_owned() } else { text }
    }
}

/// A file by its source, among all that were read.
pub fn by_source(loaded: &[Loaded], source: SourceId) -> Option<&Loaded> {
    let first = loaded.first()?.source.0;
    loaded.get(source.0.checked_sub(first)? as usize)
}

/// Directories with a `Chart.yaml`, but those that lie in `charts/` of another one.
fn charts<'l>(files: &BTreeMap<&'l Path, &'l Loaded>) -> Vec<&'l Path> {
    let known = files.iter().filter(|(_, file)| {
        matches!(file.class, Class::LeftAlone(Reason::Chart) | Class::ChartFile)
    });
    let all: BTreeSet<&'l Path> = known
        .filter(|(path, _)| path.ends_with("Chart.yaml"))
        .filter_map(|(path, _)| path.parent())
        .collect();
    let is_sub = |chart: &&Path| {
        let folders = chart.ancestors().skip(1).filter(|folder| folder.ends_with("charts"));
        folders.filter_map(Path::parent).any(|above| all.contains(above))
    };
    all.iter().copied().filter(|chart| !is_sub(chart)).collect()
}
