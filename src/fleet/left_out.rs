//! Manifests that lie among the files of kustomizations and that nothing brings in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubeready_manifest::kube::Kind;
use kubeready_manifest::source::SourceId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::load::{Class, Loaded, named_manifests};

/// Folders whose manifests are made for kustomizations and for nothing else.
const LAYOUT: [&str; 5] = ["base", "bases", "components", "overlays", "overlay"];

/// Files that no root brings in although a kustomization lies beside them or takes others from their
/// folder, or although they lie within a base or overlay that has a kustomization. Who applies them, where and beside
/// what, is not written anywhere. `rendered`: what roots bring in, by the number of the source.
pub(super) fn left_out(loaded: &[Loaded], rendered: &[bool]) -> FxHashSet<SourceId> {
    let mut left = FxHashSet::default();
    let mut homes: FxHashSet<&str> = FxHashSet::default();
    let mut takes: FxHashMap<PathBuf, usize> = FxHashMap::default();
    for file in loaded.iter().filter(|file| file.class == Class::Kustomization) {
        homes.insert(folder(&file.input.from_root));
        if let Some(own) = file.input.path.parent() {
            takes.entry(own.to_path_buf()).or_default();
        }
        let root = file.tree.as_ref().and_then(|tree| tree.documents().next());
        for path in root.into_iter().flat_map(|(_, root)| named_manifests(&file.input.path, root)) {
            if let Some(folder) = path.parent() {
                *takes.entry(folder.to_path_buf()).or_default() += 1;
            }
        }
    }
    if homes.is_empty() {
        return left;
    }
    let mut beside: BTreeMap<&Path, Vec<SourceId>> = BTreeMap::new();
    for file in loaded.iter().filter(|file| file.class == Class::Manifest) {
        if rendered.get(file.source.0 as usize) == Some(&true) {
            continue;
        }
        if is_within(folder(&file.input.from_root), &homes) {
            left.insert(file.source);
        } else if let Some(folder) = file.input.path.parent().filter(|f| takes.contains_key(*f)) {
            beside.entry(folder).or_default().push(file.source);
        }
    }
    for (folder, files) in beside {
        // A folder of which a kustomization takes one file in ten is not the kustomization's.
        if takes.get(folder).is_some_and(|taken| files.len() <= (*taken).max(3)) {
            left.extend(files);
        }
    }
    left
}

/// Whether people apply such objects by themselves: they are what delivers the rest.
pub(super) fn stands_alone(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Application | Kind::ApplicationSet | Kind::AppProject | Kind::FluxKustomization
    )
}

/// Whether a folder is one of a base or overlay that has a kustomization, or lies below it.
fn is_within(folder: &str, homes: &FxHashSet<&str>) -> bool {
    let parts = folder.split('/').scan(0, |end, part| {
        let start = *end;
        *end += part.len() + 1;
        Some((start + part.len(), part))
    });
    let mut within = false;
    for (end, part) in parts {
        within |= LAYOUT.contains(&part);
        if within && folder.get(..end).is_some_and(|above| homes.contains(above)) {
            return true;
        }
    }
    false
}

fn folder(from_root: &str) -> &str {
    from_root.rsplit_once('/').map_or("", |(folder, _)| folder)
}
