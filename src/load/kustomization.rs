//! Which files kustomizations name, and as what: until they are rendered, that decides how far a
//! file may be judged.

use std::path::PathBuf;

use kubeready_manifest::kube::Kind;
use kubeready_manifest::yaml::{NodeRef, Tree};
use rustc_hash::FxHashMap;

use super::{Class, Loaded, Reason, beside};
use crate::set::Generated;
use crate::walk::clean;

/// What a kustomization uses a file for. A file that is a resource anywhere is a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Input,
    Patch,
    Resource,
}

/// Gives files that kustomizations name the class of their use.
pub(super) fn assign(loaded: &mut [Loaded]) {
    let mut uses: FxHashMap<PathBuf, Use> = FxHashMap::default();
    for file in loaded.iter().filter(|f| f.class == Class::Kustomization) {
        let Some(tree) = &file.tree else { continue };
        for (_, root) in tree.documents() {
            collect(root, |path, usage| {
                let entry = uses.entry(beside(&file.input.path, path)).or_insert(usage);
                *entry = (*entry).max(usage);
            });
        }
    }
    if uses.is_empty() {
        return;
    }
    for file in loaded.iter_mut().filter(|f| f.class != Class::Kustomization) {
        let Some(usage) = uses.get(&clean(&file.input.path)) else { continue };
        file.class = match (usage, file.class) {
            (Use::Resource, Class::Manifest) => Class::KustomizeResource,
            (Use::Patch, class) if class.is_read() => Class::Patch,
            (Use::Input, class) if class.is_read() => {
                // Its text is data: what it looks like inside is not our business.
                file.problems.clear();
                file.tree = None;
                Class::LeftAlone(Reason::GeneratorInput)
            }
            (_, class) => class,
        };
    }
}

/// What the generators of a kustomization make. The hash that may follow a name is written into the
/// references too, so the name is the one that manifests use.
pub fn generated(tree: &Tree) -> impl Iterator<Item = Generated<'_>> {
    let lists = [("configMapGenerator", Kind::ConfigMap), ("secretGenerator", Kind::Secret)];
    tree.documents().flat_map(move |(_, root)| {
        lists.into_iter().flat_map(move |(field, kind)| {
            let names = root.items_at(field).filter_map(|generator| generator.get("name"));
            names.map(move |name| Generated { kind, name })
        })
    })
}

/// Names of images to which a kustomization gives a digest or a tag that does not move.
pub fn pinned_images(tree: &Tree) -> impl Iterator<Item = &str> {
    let images = tree.documents().flat_map(|(_, root)| root.items_at("images"));
    images.filter_map(|image| {
        let tag = image.get("newTag").map(NodeRef::text).filter(|t| !matches!(*t, "" | "latest"));
        (tag.is_some() || image.get("digest").is_some()).then(|| image.str_at("name")).flatten()
    })
}

/// Every local file a kustomization names.
fn collect<'t>(root: NodeRef<'t>, mut add: impl FnMut(&'t str, Use)) {
    let mut list = |field: &str, usage| {
        for item in root.items_at(field) {
            let path = item.as_str().or_else(|| item.str_at("path"));
            if let Some(path) = path.filter(|p| is_local(p)) {
                add(path, usage);
            }
        }
    };
    list("resources", Use::Resource);
    list("crds", Use::Input);
    list("configurations", Use::Input);
    list("transformers", Use::Input);
    list("generators", Use::Input);
    list("validators", Use::Input);
    list("replacements", Use::Input);
    list("patches", Use::Patch);
    list("patchesStrategicMerge", Use::Patch);
    list("patchesJson6902", Use::Patch);
    for field in ["configMapGenerator", "secretGenerator"] {
        for generator in root.items_at(field) {
            for file in generator.items_at("files").chain(generator.items_at("envs")) {
                // `key=path` names the key that the file's text goes to.
                let text = file.text();
                add(text.split_once('=').map_or(text, |(_, path)| path), Use::Input);
            }
        }
    }
    for chart in root.items_at("helmCharts") {
        let more = chart.items_at("additionalValuesFiles").map(NodeRef::text);
        for path in chart.str_at("valuesFile").into_iter().chain(more) {
            add(path, Use::Input);
        }
    }
    if let Some(path) = root.str_at("openapi.path") {
        add(path, Use::Input);
    }
}

/// Neither a URL nor an inline patch.
fn is_local(path: &str) -> bool {
    !path.contains('\n') && !path.contains("://") && !path.contains("?ref=") && !path.is_empty()
}
