//! Patches: JSON patches and strategic merges, alone and through a kustomization.

use std::path::Path;

use kubeready::host::MemHost;
use kubeready::load::World;
use kubeready::render::kustomize::merge::{Schemas, merge};
use kubeready::render::kustomize::{Kustomize, json_patch};
use kubeready::source::Span;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Tree, Value, Writer};

use crate::chance::{dice, is_turn};
use crate::rendered::{self, faults_hold, origins_hold, reads_back};
use crate::repository::halves;

const KUSTOMIZATION: &str = "resources: [it.yaml]\npatches:\n  - path: patch.yaml\n  - path: patch.yaml\n    target: {kind: .*}\n";

/// Documents and, behind a line `%%%`, a patch for each of them.
pub fn patches(data: &[u8]) {
    let (it, patch) = halves(data);
    if is_turn(dice(data), 1, 8) {
        built(it, patch);
        return;
    }
    let texts = [it, patch].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let [it, patch] = [0, 1].map(|at: usize| Tree::parse(texts[at].as_str(), SourceId(at as u32)));
    let values = |tree| -> Vec<Value<'_>> {
        Tree::documents(tree).map(|(_, root)| Value::of(root, Writer::Resource)).collect()
    };
    let holds = |span: Span| {
        let text = texts.get(span.source.0 as usize);
        text.is_some_and(|text| text.get(span.start as usize..span.end as usize).is_some())
    };
    for patch in values(&patch).iter().take(4) {
        for it in values(&it).into_iter().take(4) {
            let changed = if patch.is_seq() { json(it, patch) } else { strategic(it, patch) };
            match changed {
                Ok(Some(value)) => {
                    let tree = Tree::rendered(SourceId(2), [&value]);
                    assert!(tree.nodes().all(|node| holds(node.span())), "an origin is nowhere");
                    reads_back(&tree);
                }
                Ok(None) => {}
                Err((at, message)) => assert!(holds(at), "{message}: {at:?} is nowhere"),
            }
        }
    }
}

type Changed<'t> = Result<Option<Value<'t>>, (Span, String)>;

fn json<'t>(mut it: Value<'t>, patch: &Value<'t>) -> Changed<'t> {
    let ops = json_patch::read(patch)?;
    json_patch::apply(&mut it, &ops)?;
    Ok(Some(it))
}

fn strategic<'t>(it: Value<'t>, patch: &Value<'t>) -> Changed<'t> {
    merge(it, patch.clone(), &Schemas::default()).map_err(|error| (error.at, error.message))
}

/// The same by files.
fn built(it: &[u8], patch: &[u8]) {
    let host = MemHost::with([
        ("kustomization.yaml", KUSTOMIZATION.as_bytes()),
        ("it.yaml", it),
        ("patch.yaml", patch),
    ]);
    let loaded = rendered::read(&host);
    let world = World::new(Path::new("/"), &loaded);
    let build = Kustomize::new(&world).build(Path::new("/"), None);
    faults_hold(&build.faults, &loaded);
    let values = build.resources.iter().map(|resource| &resource.value);
    let tree = Tree::rendered(SourceId(loaded.len() as u32), values);
    origins_hold(&tree, &loaded);
    reads_back(&tree);
}
