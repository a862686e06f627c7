//! What holds of everything that was rendered.

use kubeready::host::{Host as _, MemHost};
use kubeready::load::{Input, Loaded, by_source, load};
use kubeready::render::{Fault, print};
use kubeready::source::Span;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Tree, Value, Writer};

use crate::judged::request;

/// All files of a repository, read.
pub(crate) fn read(host: &MemHost) -> Vec<Loaded> {
    let walk = kubeready::walk::Request { roots: request().paths, ..Default::default() };
    let inputs = host.walk(&walk).files.into_iter().map(|path| {
        let shown = path.to_string_lossy().as_ref().into();
        Input { from_root: std::sync::Arc::clone(&shown), shown, path, wanted: true, stdin: false }
    });
    load(host, inputs.collect(), 0, 1 << 20)
}

/// Every node names bytes of a file.
pub(crate) fn origins_hold(tree: &Tree, loaded: &[Loaded]) {
    for node in tree.nodes() {
        holds(node.span(), loaded, "a node");
    }
}

pub(crate) fn faults_hold(faults: &[Fault], loaded: &[Loaded]) {
    for fault in faults {
        holds(fault.at, loaded, &fault.message);
    }
}

fn holds(span: Span, loaded: &[Loaded], what: &str) {
    let file = by_source(loaded, span.source);
    let file = file.unwrap_or_else(|| panic!("{what}: {span:?} names no file"));
    let inside = file.text().get(span.start as usize..span.end as usize).is_some();
    assert!(inside, "{what}: {span:?} is outside of {}", file.input.shown);
}

/// What is printed means the same when it is read again.
pub(crate) fn reads_back(tree: &Tree) {
    for (_, root) in tree.documents() {
        let value = Value::of(root, Writer::Resource);
        let printed = print(root, None);
        let again = Tree::parse(printed.as_str(), SourceId(0));
        assert_eq!(again.errors(), [], "printed: {printed:?}");
        let means = match again.documents().next() {
            Some((_, root)) => value.means(&Value::of(root, Writer::Resource)),
            None => value.is_null(),
        };
        // What is no number is not even itself.
        assert!(means || !value.means(&value), "printed, it means something else: {printed:?}");
    }
}
