//! Text to the tape: what holds of every node, and every way to read it.

use std::sync::Arc;

use kubeready_manifest::kube;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Kind, NodeRef, Style, Tree, Value, Writer};

use crate::chance::{dice, is_turn};
use crate::rendered;

/// Reads text (bytes that are none are replaced) by both readers, compares what they make of it, and
/// walks the tape in all ways.
pub fn tape(data: &[u8]) {
    let text: Arc<str> = String::from_utf8_lossy(data).into();
    let tree = Tree::parse_full(Arc::clone(&text), SourceId(0));
    if let Some(fast) = Tree::parse_fast(text, SourceId(0))
        && let Err(difference) = fast.same_tape(&tree)
    {
        panic!("the fast path reads otherwise: {difference}");
    }
    sound(&tree);
    let dice = dice(data);
    if is_turn(dice, 1, 4) {
        walk(&tree);
    }
    if is_turn(dice, 2, 8) {
        read(&tree);
    }
}

/// Nodes stand in order, within their parents, on borders of characters; documents, comments and errors
/// too.
pub(crate) fn sound(tree: &Tree) {
    let text = tree.text();
    // Ends of the nodes that are open, and the index behind each.
    let mut open: Vec<(u32, u32)> = Vec::new();
    let mut last = 0;
    for node in tree.nodes() {
        let span = node.span();
        let slice = text.get(span.start as usize..span.end as usize);
        let slice = slice.unwrap_or_else(|| panic!("{node:?} is outside of the text"));
        assert!(span.start >= last, "{node:?} starts before the node before it");
        last = span.start;
        while open.last().is_some_and(|(_, behind)| node.index() >= *behind) {
            open.pop();
        }
        let inside = open.last().is_none_or(|(end, _)| span.end <= *end);
        assert!(inside, "{node:?} ends behind its parent");
        match node.kind() {
            Kind::Map | Kind::Seq => {
                let behind = node.descendants().last().map_or(0, NodeRef::index) + 1;
                open.push((span.end, behind));
            }
            Kind::Scalar if node.style() == Style::Plain && !slice.contains(['\n', '\r']) => {
                assert_eq!(slice, node.text(), "plain text is its bytes");
            }
            Kind::Scalar => {}
            Kind::Alias => assert!(slice.starts_with('*'), "{node:?} is no alias"),
        }
    }
    let mut end = 0;
    for comment in tree.comments() {
        assert!(comment.start >= end, "{comment:?} lies within the one before it");
        end = comment.end;
        assert!(tree.comment_text(*comment).starts_with('#'), "{comment:?} is none");
    }
    for (document, root) in tree.documents() {
        let range = document.start..document.end;
        assert!(text.get(range.start as usize..range.end as usize).is_some(), "{document:?}");
        let span = root.span();
        assert!(range.start <= span.start && span.end <= range.end, "{document:?} and its root");
    }
    for error in tree.errors() {
        for range in [&error.at, &error.document] {
            let inside = text.get(range.start as usize..range.end as usize).is_some();
            assert!(inside, "{error:?} is outside of the text");
        }
    }
}

/// Every reader of every node.
fn walk(tree: &Tree) {
    for node in tree.nodes() {
        let _ = (node.text(), node.scalar(), node.key_text(), node.as_i64(), node.tag());
        let _ = (node.get("a"), node.path("metadata.name"), node.at("a.b").span, node.here().span);
        assert!(node.items().count() <= node.len());
        if node.is_map() {
            let written = node.entries().count();
            assert!(node.effective_entries().count() <= written, "effective entries are fewer");
        }
        let first = tree.first_node_from(node.span().start).map(NodeRef::index);
        assert!(first.is_some_and(|first| first <= node.index()), "{node:?} is not found");
    }
    for (_, root) in tree.documents() {
        // The way to each node takes as long as the lists on it.
        for node in root.descendants().take(200) {
            assert!(root.path_to(node).is_some(), "no path to {node:?}");
        }
    }
}

/// Nodes as values, as typed objects, as a rendered tree and printed.
fn read(tree: &Tree) {
    let mut objects = Vec::new();
    tree.documents().for_each(|(_, root)| kube::objects(root, &mut objects));
    for object in objects {
        let root = object.root();
        let _ = kubeready_typed::check(object.api_version(), object.kind_name(), root);
        if let Some(template) = root.path("spec.template") {
            let _ = kubeready_typed::pod_template(template);
        }
    }
    let mut values = Vec::new();
    for (_, root) in tree.documents() {
        let (_, report) = kubeready_typed::decode::<serde_json::Value>(root);
        let _ = report;
        values.push(Value::of(root, Writer::Resource));
    }
    let rendered = Tree::rendered(SourceId(1), &values);
    for ((_, root), value) in rendered.documents().zip(&values) {
        // What is no number is not even itself.
        let same = value.means(&Value::of(root, Writer::Resource)) || !value.means(value);
        assert!(same, "rendering changes a value");
    }
    rendered::reads_back(&rendered);
}
