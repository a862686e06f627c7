//! Trees of kustomizations: rendered, printed and judged.

use std::path::{Path, PathBuf};

use arbitrary::Unstructured;
use kubeready::check::{Request, printed};
use kubeready::host::MemHost;
use kubeready::load::{Class, World};
use kubeready::render::kustomize::Kustomize;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;

use crate::chance::{dice, is_turn};
use crate::judged::{every_rule, judge, places_hold, request};
use crate::layers::layers;
use crate::rendered::{self, faults_hold, origins_hold, reads_back};
use crate::repository::{host, unpacked};

/// Builds a repository ([`crate::repository::unpacked`]), else one that is grown from the bytes
/// ([`layers`]).
pub fn kustomization(data: &[u8]) {
    let dice = dice(data);
    let host = unpacked(data).unwrap_or_else(|| {
        let files = layers(&mut Unstructured::new(data)).unwrap_or_default();
        host(files.into_iter().map(|(path, text)| (PathBuf::from(path), text.into_bytes())))
    });
    built(&host);
    if is_turn(dice, 8, 8) {
        prints(&host);
    }
    if is_turn(dice, 9, 4) {
        judge(&host, every_rule(), dice);
    }
}

/// Every root, and where all of it came from.
fn built(host: &MemHost) {
    let loaded = rendered::read(host);
    let world = World::new(Path::new("/"), &loaded);
    let kustomize = Kustomize::new(&world);
    let roots = loaded.iter().filter(|file| file.class == Class::Kustomization);
    for directory in roots.filter_map(|file| file.input.path.parent()) {
        let build = kustomize.build(directory, None);
        faults_hold(&build.faults, &loaded);
        let values = build.resources.iter().map(|resource| &resource.value);
        let tree = Tree::rendered(SourceId(loaded.len() as u32), values);
        origins_hold(&tree, &loaded);
        reads_back(&tree);
    }
}

/// `kubeready render`, whose output is YAML whatever stands in the files.
fn prints(host: &MemHost) {
    let text = |paths: Vec<PathBuf>, origins| {
        let printed = printed(host, &Request { paths, ..request() }, every_rule(), origins);
        places_hold(&printed.report);
        let tree = Tree::parse(printed.text.as_str(), SourceId(0));
        assert_eq!(tree.errors(), [], "printed: {}", printed.text);
    };
    text(request().paths, true);
    for file in host.files.keys().filter_map(|path| path.parent()).take(4) {
        text(vec![file.to_path_buf()], false);
    }
}
