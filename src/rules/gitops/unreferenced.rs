//! Manifests that stand beside a kustomization and never ship.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;
use rustc_hash::{FxHashMap, FxHashSet};

use super::kustomization::{Kustomization, kustomizations};
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::{Class, Loaded, file_objects, named_manifests};

/// A file that nothing names is never applied, however right it is.
pub(crate) fn unreferenced_manifest<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = kustomizations(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    let owners = owners(&all);
    let shipped: FxHashSet<SourceId> =
        fleet.units.iter().flat_map(|unit| unit.inputs.iter().copied()).collect();
    // By directory: what its kustomization takes from it, and what nothing takes.
    let mut left: BTreeMap<&Path, Vec<(Owner<'t>, Object<'t>)>> = BTreeMap::new();
    for file in fleet.world.files() {
        let Some(folder) = file.input.path.parent() else { continue };
        let Some(owner) = owners.get(folder) else { continue };
        if shipped.contains(&file.source) || is_set_aside(file, fleet.world.root()) {
            continue;
        }
        let Some(object) = first_object(file) else { continue };
        if !is_manual(object.root().tree()) && !is_spoken_of(file, &all) {
            left.entry(folder).or_default().push((*owner, object));
        }
    }
    for (folder, files) in left {
        let Some((owner, _)) = files.first() else { continue };
        // A folder of which a kustomization takes one file in ten is not the kustomization's.
        if files.len() > owner.takes.max(3) {
            continue;
        }
        for (owner, object) in &files {
            let path = fleet.world.from_root(&owner.kustomization.file.input.path);
            let message = if owner.kustomization.directory() == folder {
                format!("`{path}` beside this file does not name it, and nothing else does")
            } else {
                format!("`{path}` names its neighbours and not this file, and nothing else does")
            };
            ctx.report(object.place(), message).label("nothing includes it").help(
                "add the file to `resources`, or to `patches` if it only changes an object, or delete \
                 it; it is never applied as it stands",
            );
        }
    }
}

/// The kustomization that takes files from a directory.
#[derive(Clone, Copy, Debug)]
struct Owner<'t> {
    kustomization: Kustomization<'t>,
    /// How many files of the directory it names.
    takes: usize,
}

/// Directories from which a kustomization in them or above takes files one by one.
fn owners<'t>(all: &[Kustomization<'t>]) -> FxHashMap<PathBuf, Owner<'t>> {
    let mut owners: FxHashMap<PathBuf, Owner<'t>> = FxHashMap::default();
    for &kustomization in all {
        let Some((_, root)) = kustomization.tree.documents().next() else { continue };
        for path in named_manifests(&kustomization.file.input.path, root) {
            let Some(folder) = path.parent() else { continue };
            let owner =
                owners.entry(folder.to_path_buf()).or_insert(Owner { kustomization, takes: 0 });
            owner.takes += 1;
            // What stands beside the files answers for them.
            if kustomization.directory() == folder {
                owner.kustomization = kustomization;
            }
        }
    }
    owners
}

/// The first object, if the file holds something that would ship from here.
fn first_object(file: &Loaded) -> Option<Object<'_>> {
    let tree = file.tree.as_ref().filter(|tree| tree.errors().is_empty())?;
    let mut objects = file_objects(tree).filter(|(_, ours)| *ours).map(|(object, _)| object);
    let first = objects.next()?;
    let stays_out = |object: Object<'_>| {
        matches!(
            object.kind(),
            Kind::Pod | Kind::Application | Kind::ApplicationSet | Kind::AppProject | Kind::FluxKustomization
        ) || matches!(object.kind_name(), "CustomResourceDefinition" | "Template")
            // Made by hand, each time with another name.
            || !object.is_named()
            || object.is_hook()
            || object.root().get("sops").is_some()
    };
    (!std::iter::once(first).chain(objects).all(stays_out)).then_some(first)
}

/// Files that people keep beside what ships.
fn is_set_aside(file: &Loaded, root: &Path) -> bool {
    const WORDS: [&str; 26] = [
        "archive",
        "bak",
        "bootstrap",
        "ci",
        "demo",
        "disabled",
        "doc",
        "docs",
        "draft",
        "e2e",
        "example",
        "examples",
        "fixtures",
        "hack",
        "manual",
        "old",
        "optional",
        "sample",
        "samples",
        "sops",
        "template",
        "templates",
        "test",
        "testdata",
        "tests",
        "unused",
    ];
    if file.class != Class::Manifest || !file.input.wanted || file.input.stdin {
        return true;
    }
    let inside = file.input.path.strip_prefix(root).unwrap_or(&file.input.path);
    let mut parts = inside.iter().filter_map(|part| part.to_str());
    parts.any(|part| {
        part.starts_with(['_', '.'])
            || part.contains(".enc.")
            || part.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
    })
}

/// Whether comments say that people apply it themselves.
fn is_manual(tree: &Tree) -> bool {
    const WORDS: [&str; 5] = ["manual", "by hand", "kubectl ", "oc apply", "oc create"];
    tree.comments().iter().any(|comment| {
        let text = tree.comment_text(*comment).to_ascii_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    })
}

/// Whether a kustomization around a file mentions it, if only in a comment: it was left out with
/// intent.
fn is_spoken_of(file: &Loaded, all: &[Kustomization<'_>]) -> bool {
    let path = &file.input.path;
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else { return true };
    let around = all.iter().filter(|k| path.starts_with(k.directory()));
    let mut trees = around.map(|k| k.tree);
    trees.any(|tree: &Tree| tree.text().contains(name))
}
