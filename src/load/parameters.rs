//! Files of parameters: no manifests, but what an ApplicationSet makes Applications of.

use std::sync::Arc;

use kubeready_manifest::kube::{Kind, objects_of};
use kubeready_manifest::yaml::{NodeRef, Tree};

use super::{Class, Loaded, decode, pattern};
use crate::host::Host;

/// How deep generators are nested.
const MAX_DEPTH: usize = 4;

/// Reads the files that the git generators of ApplicationSets name and that were left alone: they
/// stay what they are, and have a tree. One that cannot be read has none.
pub(super) fn read(host: &dyn Host, loaded: &mut [Loaded], max_bytes: u64) {
    let mut patterns = Vec::new();
    let trees = loaded.iter().filter_map(|file| file.tree.as_ref());
    for object in trees.flat_map(objects_of).filter(|o| o.kind() == Kind::ApplicationSet) {
        for generator in object.items_at("spec.generators") {
            collect(generator, 0, &mut patterns);
        }
    }
    patterns.sort_unstable();
    patterns.dedup();
    if patterns.is_empty() {
        return;
    }
    for file in loaded {
        let named = |pattern: &String| pattern::matches(pattern, &file.input.from_root, true);
        let alone = matches!(file.class, Class::LeftAlone(_)) && !file.input.stdin;
        if file.tree.is_none() && alone && patterns.iter().any(named) {
            let text = host.read(&file.input.path, max_bytes).ok().and_then(|b| decode(b).ok());
            file.tree = text.map(|text| Tree::parse(Arc::<str>::from(text), file.source));
        }
    }
}

/// The patterns of a generator; a template in one stands for anything.
fn collect(generator: NodeRef<'_>, depth: usize, out: &mut Vec<String>) {
    for path in generator.items_at("git.files").filter_map(|file| file.get("path")) {
        let mut pattern = String::new();
        let mut rest = path.text();
        while let Some((before, after)) = rest.split_once("{{") {
            pattern.push_str(before);
            pattern.push('*');
            rest = after.split_once("}}").map_or("", |(_, behind)| behind);
        }
        pattern.push_str(rest);
        out.push(pattern.trim_start_matches("./").to_owned());
    }
    if depth < MAX_DEPTH {
        for nested in ["matrix.generators", "merge.generators"] {
            for inner in generator.items_at(nested) {
                collect(inner, depth + 1, out);
            }
        }
    }
}
