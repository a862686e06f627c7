//! What is wrong with a file before anything is known of Kubernetes.

use std::borrow::Cow;

use kubeready_manifest::kube::{Object, objects};
use kubeready_manifest::yaml::{NodeRef, Place, Tree};
use rustc_hash::FxHashMap;

use crate::engine::{Ctx, resource_id};

/// Of a key that stands twice one value is lost, and which one depends on the reader.
pub(crate) fn duplicate_key<'t>(tree: &'t Tree, ctx: &mut Ctx<'_, 't>) {
    for map in tree.maps_with_repeated_keys() {
        let mut first: FxHashMap<Cow<'_, str>, NodeRef<'_>> = FxHashMap::default();
        // What `<<` merges in is written elsewhere and repeats nothing.
        let inside = |key: NodeRef<'_>| {
            let (map, key) = (map.span(), key.span());
            map.start <= key.start && key.end <= map.end
        };
        for (key, value) in map.entries().filter(|(key, _)| key.is_scalar() && inside(*key)) {
            let Some(before) = first.insert(key.key_text(), key) else { continue };
            let message = format!("the key `{}` is given twice", key.text());
            let owner = owner(tree, key);
            let finding = ctx.report(Place::key(key, value), message);
            finding
                .label("given again")
                .help(
                    "keep one of the two; as it stands, the last one counts or the API refuses it",
                )
                .related(before.span(), "first given here");
            if let Some(owner) = owner {
                finding.on(resource_id(owner));
            }
        }
    }
}

/// Nothing of a document that is not YAML reaches a cluster.
pub(crate) fn yaml_syntax_error<'t>(tree: &'t Tree, ctx: &mut Ctx<'_, 't>) {
    for error in tree.errors() {
        ctx.report_span(tree.span(error.at.clone()), error.message.clone())
            .help("mend the YAML; the rest of this document is not judged");
    }
}

/// The object in which a node is written.
fn owner<'t>(tree: &'t Tree, node: NodeRef<'t>) -> Option<Object<'t>> {
    let at = node.span().start;
    let (_, root) = tree.documents().find(|(d, _)| d.start <= at && at < d.end)?;
    let mut found = Vec::new();
    objects(root, &mut found);
    found.into_iter().find(|object| {
        let span = object.root().span();
        span.start <= at && at < span.end
    })
}
