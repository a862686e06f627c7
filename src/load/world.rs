//! What renderers may see of a repository: every file that was read, by path, and the directories
//! they lie in. No I/O: what a kustomization names was read before ([`super::load`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::{Class, Loaded};

/// The names that a kustomization file may have, in kustomize's order.
pub const KUSTOMIZATION_NAMES: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files of a run by absolute path.
#[derive(Debug)]
pub struct World<'l> {
    root: &'l Path,
    files: BTreeMap<&'l Path, &'l Loaded>,
    directories: BTreeSet<&'l Path>,
}

impl<'l> World<'l> {
    /// `root` is the repository, or what paths are told from where there is none.
    pub fn new(root: &'l Path, loaded: &'l [Loaded]) -> Self {
        let mut files = BTreeMap::new();
        for file in loaded.iter().filter(|f| !f.input.stdin) {
            files.insert(&*file.input.path, file);
            files.extend(file.aliases.iter().map(|alias| (&**alias, file)));
        }
        let mut directories = BTreeSet::new();
        for path in files.keys() {
            // An ancestor that is known has known ancestors.
            for folder in path.ancestors().skip(1) {
                if !directories.insert(folder) {
                    break;
                }
            }
        }
        Self { root, files, directories }
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

    /// Every file, in order of paths.
    pub fn files(&self) -> impl Iterator<Item = &'l Loaded> + '_ {
        self.files.values().copied()
    }

    /// The files of a directory and of those below it, in order of paths.
    pub fn files_below<'w>(&'w self, directory: &'w Path) -> impl Iterator<Item = &'l Loaded> + 'w {
        self.files
            .range::<Path, _>((Bound::Included(directory), Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(directory))
            .map(|(_, file)| *file)
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
