//! Which files kustomizations name, and as what.

use std::path::{Path, PathBuf};

use kubeready_manifest::kube::Kind;
use kubeready_manifest::yaml::{NodeRef, Tree};

use super::beside;
use crate::set::Generated;

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

/// What a kustomization uses a path for. A file that is a resource anywhere is a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A directory with a kustomization of its own.
    Directory,
    /// Bytes that a generator puts into data, or values of a chart.
    Data,
    /// What tells kustomize how to work: a tree is needed, no object comes of it.
    Configuration,
    Patch,
    Resource,
}

/// A local path that a kustomization names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'t> {
    /// As written, relative to the kustomization's directory.
    pub path: &'t str,
    pub usage: Use,
    /// A configuration of a generator or transformer, which may name files in its turn.
    pub plugin: bool,
}

/// The manifests that a kustomization at `path` names one by one, whether they are there or not;
/// sorted, each once.
pub fn named_manifests(path: &Path, root: NodeRef<'_>) -> Vec<PathBuf> {
    let is_manifest =
        |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
    let named = references(root).into_iter().map(|reference| beside(path, reference.path));
    let mut named: Vec<PathBuf> = named.filter(is_manifest).collect();
    named.sort();
    named.dedup();
    named
}

/// Every local path a kustomization names. Entries that cannot be one (URLs, inline documents) are
/// left out.
pub fn references(root: NodeRef<'_>) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut list = |fields: &[&str], usage, plugin| {
        for (key, value) in root.entries() {
            if !fields.iter().any(|field| key.text().eq_ignore_ascii_case(field)) {
                continue;
            }
            for item in value.items() {
                let path = if item.is_map() { child(item, "path") } else { Some(item) };
                let path = path.map(NodeRef::text).filter(|path| is_local(path));
                found.extend(path.map(|path| Reference { path, usage, plugin }));
            }
        }
    };
    list(&["resources", "bases"], Use::Resource, false);
    list(&["components"], Use::Directory, false);
    list(&["crds", "configurations", "replacements"], Use::Configuration, false);
    list(&["transformers", "generators", "validators"], Use::Configuration, true);
    list(&["patches", "patchesStrategicMerge", "patchesJson6902"], Use::Patch, false);
    let data = |path| Reference { path, usage: Use::Data, plugin: false };
    for field in ["configMapGenerator", "secretGenerator"] {
        for generator in child(root, field).into_iter().flat_map(NodeRef::items) {
            found.extend(data_files(generator).map(data));
        }
    }
    for chart in child(root, "helmCharts").into_iter().flat_map(NodeRef::items) {
        let more = child(chart, "additionalValuesFiles").into_iter().flat_map(NodeRef::items);
        let paths = child(chart, "valuesFile").into_iter().chain(more).map(NodeRef::text);
        found.extend(paths.filter(|path| is_local(path)).map(data));
    }
    let schema = child(root, "openapi").and_then(|o| child(o, "path")).map(NodeRef::text);
    found.extend(schema.filter(|path| is_local(path)).map(|path| Reference {
        path,
        usage: Use::Configuration,
        plugin: false,
    }));
    found
}

/// The files that the configuration of a builtin generator or transformer names.
pub(super) fn plugin_references(document: NodeRef<'_>) -> Vec<Reference<'_>> {
    let of = |usage| move |path| Reference { path, usage, plugin: false };
    let mut found: Vec<_> = data_files(document).map(of(Use::Data)).collect();
    let paths = child(document, "paths").into_iter().flat_map(NodeRef::items);
    let patches = child(document, "path").into_iter().chain(paths).map(NodeRef::text);
    found.extend(patches.filter(|path| is_local(path)).map(of(Use::Patch)));
    let replacements = child(document, "replacements").into_iter().flat_map(NodeRef::items);
    let paths = replacements.filter_map(|r| child(r, "path")).map(NodeRef::text);
    found.extend(paths.filter(|path| is_local(path)).map(of(Use::Configuration)));
    found
}

/// `files`, `envs` and `env` of a generator.
fn data_files(generator: NodeRef<'_>) -> impl Iterator<Item = &str> {
    let list = |field| child(generator, field).into_iter().flat_map(NodeRef::items);
    // `key=path` names the key that the file's text goes to.
    let files = list("files").map(NodeRef::text);
    let files = files.map(|text| text.split_once('=').map_or(text, |(_, path)| path));
    let envs = list("envs").chain(child(generator, "env")).map(NodeRef::text);
    files.chain(envs).filter(|path| is_local(path))
}

/// The value under a key in any case, as kustomize finds it.
fn child<'t>(map: NodeRef<'t>, key: &str) -> Option<NodeRef<'t>> {
    let same = |(k, v): (NodeRef<'t>, NodeRef<'t>)| k.text().eq_ignore_ascii_case(key).then_some(v);
    map.entries().find_map(same)
}

/// Neither a URL nor an inline document.
fn is_local(path: &str) -> bool {
    !path.is_empty() && !path.contains('\n') && !path.contains("://") && !path.contains("?ref=")
}
