//! Which kustomizations are roots: those that no other one includes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kubeready_manifest::yaml::NodeRef;

use crate::load::{Class, World};
use crate::walk::clean;

/// Directories of root kustomizations, in order. Of kustomizations that include each other and that
/// nothing else includes, the first is one.
pub(super) fn roots(world: &World<'_>) -> Vec<PathBuf> {
    let mut includes: BTreeMap<&Path, Vec<PathBuf>> = BTreeMap::new();
    let mut candidates: BTreeSet<&Path> = BTreeSet::new();
    for file in world.files().filter(|f| f.class == Class::Kustomization) {
        let (Some(tree), Some(folder)) = (&file.tree, file.input.path.parent()) else { continue };
        let Some((_, root)) = tree.documents().next() else {
            candidates.insert(folder);
            continue;
        };
        if root.str_at("kind") != Some("Component") {
            candidates.insert(folder);
        }
        let fields = ["resources", "bases", "components"].into_iter();
        let named = fields.flat_map(|field| root.items_at(field)).filter_map(NodeRef::as_str);
        let folders = named.map(|path| clean(&folder.join(path)));
        includes.entry(folder).or_default().extend(folders.filter(|p| world.is_directory(p)));
    }
    let included: BTreeSet<&Path> = (includes.iter())
        .flat_map(|(from, to)| to.iter().map(PathBuf::as_path).filter(move |to| to != from))
        .collect();
    let mut roots: Vec<&Path> =
        candidates.iter().copied().filter(|c| !included.contains(c)).collect();
    let reach = |from: &Path, reached: &mut BTreeSet<PathBuf>| {
        let mut pending = vec![from.to_path_buf()];
        while let Some(next) = pending.pop() {
            if reached.insert(next.clone()) {
                pending.extend(includes.get(next.as_path()).into_iter().flatten().cloned());
            }
        }
    };
    let mut all: BTreeSet<PathBuf> = BTreeSet::new();
    for root in &roots {
        reach(root, &mut all);
    }
    for candidate in candidates {
        if !all.contains(candidate) {
            roots.push(candidate);
            reach(candidate, &mut all);
        }
    }
    roots.sort();
    roots.into_iter().map(Path::to_path_buf).collect()
}
