//! Documents to objects, as kustomize reads files of resources and patches.

use std::collections::VecDeque;

use kubeready_manifest::yaml::{Data, NodeRef, Origin, Scalar, Style, Tree, Value, Writer};

use super::inline::Inline;
use crate::load::Loaded;
use crate::render::{Fault, FaultKind};
use crate::source::Span;

/// The documents of a file; nulls are left out. What is no YAML is reported.
pub(super) fn documents<'w>(
    file: &'w Loaded,
    by: Writer,
    faults: &mut Vec<Fault>,
) -> Vec<Value<'w>> {
    let Some(tree) = &file.tree else {
        let at = Span { source: file.source, start: 0, end: 0 };
        faults.push(Fault::fatal(FaultKind::Invalid, at, "this file cannot be read"));
        return Vec::new();
    };
    for error in tree.errors() {
        faults.push(broken(tree.span(error.at.clone()), &error.message));
    }
    tree.documents()
        .filter(|(_, root)| !root.is_null())
        .map(|(_, root)| {
            check_keys(root, NodeRef::span, faults);
            let mut value = Value::written(root, by);
            settle(&mut value, root, &NodeRef::span, faults);
            value
        })
        .collect()
}

/// The documents that stand in a string of a kustomization.
pub(super) fn inline_documents<'w>(
    text: &Value<'w>,
    source: Option<&'w Loaded>,
    by: Writer,
    faults: &mut Vec<Fault>,
) -> Vec<Value<'w>> {
    let inline = Inline::new(text, source.and_then(|file| file.tree.as_ref()));
    let tree = Tree::parse(text.text(), text.origin.span.source);
    for error in tree.errors() {
        let at = inline.span(error.at.start, error.at.end);
        faults.push(broken(at, &error.message));
    }
    let place = |node: NodeRef<'_>| {
        let span = node.span();
        inline.span(span.start, span.end)
    };
    tree.documents()
        .filter(|(_, root)| !root.is_null())
        .map(|(_, root)| {
            check_keys(root, place, faults);
            let mut value = Value::owned_written(root, &|node| Origin::new(place(node), by));
            settle(&mut value, root, &place, faults);
            value
        })
        .collect()
}

/// Words and keys as kustomize reads them. What is JSON in the end, as JSON patches are, is read by
/// another library.
fn settle<'n>(
    value: &mut Value<'_>,
    root: NodeRef<'n>,
    place: &dyn Fn(NodeRef<'n>) -> Span,
    faults: &mut Vec<Fault>,
) {
    if value.is_seq() {
        value.unite_keys();
        return;
    }
    settle_words(value);
    if let Some(at) = endless(value) {
        faults.push(Fault::fatal(FaultKind::Invalid, at, "JSON has no such number"));
    }
    let mut wrong = None;
    settle_keys(value, root, &mut wrong);
    value.unite_keys();
    if let Some(key) = wrong {
        let what = "a key that is a number, a switch or null: kustomize takes text only";
        faults.push(Fault::fatal(FaultKind::Invalid, place(key), what));
    }
}

/// A number that JSON cannot hold.
fn endless(value: &Value<'_>) -> Option<Span> {
    match &value.data {
        Data::Map(entries) => entries.iter().find_map(|entry| endless(&entry.value)),
        Data::Seq(items) => items.iter().find_map(endless),
        Data::Scalar { .. } => match value.scalar() {
            Some(Scalar::Float(number)) if !number.is_finite() => Some(value.origin.span),
            _ => None,
        },
    }
}

/// Keys such as `on` and `n` are text.
fn settle_keys<'n>(value: &mut Value<'_>, node: NodeRef<'n>, wrong: &mut Option<NodeRef<'n>>) {
    match &mut value.data {
        Data::Map(entries) => {
            for (entry, (key, below)) in entries.iter_mut().zip(node.effective_entries()) {
                match key.scalar() {
                    Some(Scalar::Str(_)) | None => {}
                    Some(Scalar::Bool(_)) if !is_switch(key.text()) => {
                        entry.key = key.text().to_owned().into();
                    }
                    Some(_) => {
                        wrong.get_or_insert(key);
                    }
                }
                settle_keys(&mut entry.value, below, wrong);
            }
        }
        Data::Seq(items) => {
            for (item, below) in items.iter_mut().zip(node.items()) {
                settle_keys(item, below, wrong);
            }
        }
        Data::Scalar { .. } => {}
    }
}

fn is_switch(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

fn broken(at: Span, message: &str) -> Fault {
    Fault::fatal(FaultKind::Invalid, at, format!("this is no YAML: {message}"))
}

/// Kustomize takes no file in which a key stands twice.
fn check_keys<'t>(root: NodeRef<'t>, place: impl Fn(NodeRef<'t>) -> Span, faults: &mut Vec<Fault>) {
    let Some(map) = root.descendants().find(|node| node.has_repeated_keys()) else { return };
    // The last one counts, as for kubectl.
    faults.push(Fault::fatal(
        FaultKind::Invalid,
        place(map),
        "a key stands twice in this map, which kustomize does not take",
    ));
}

/// `2024-05-06`: the library takes it for a moment.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| {
        text.get(from..to)
            .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|part| part.parse::<u32>().ok())
    };
    bytes.len() == 10
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && number(0, 4).is_some()
        && number(5, 7).is_some_and(|month| (1..=12).contains(&month))
        && number(8, 10).is_some_and(|day| (1..=31).contains(&day))
}

/// Whether a key that kustomize writes without quotes is read as text again. Where it is not, the
/// real tool stops.
pub(super) fn is_text_key(key: &str, origin: Origin) -> bool {
    match Value::plain(key, origin).scalar() {
        Some(Scalar::Str(_)) => !is_day(key),
        Some(Scalar::Bool(_)) => !is_switch(key),
        _ => false,
    }
}

/// Plain `yes`, `on` and friends are text to kustomize, and it prints them in quotes.
pub(super) fn settle_words(value: &mut Value<'_>) {
    if let Some(Scalar::Bool(_)) = value.scalar() {
        if let Data::Scalar { text, style } = &mut value.data
            && !is_switch(text)
        {
            *style = Style::DoubleQuoted;
        }
        return;
    }
    if let Data::Scalar { text, style: Style::Plain } = &value.data
        && is_day(text)
    {
        *value = Value::string(format!("{text}T00:00:00Z"), value.origin);
        return;
    }
    match &mut value.data {
        Data::Map(entries) => entries.iter_mut().for_each(|entry| settle_words(&mut entry.value)),
        Data::Seq(items) => items.iter_mut().for_each(settle_words),
        Data::Scalar { .. } => {}
    }
}

/// The objects of documents: lists are taken apart, what is none is reported.
pub(super) fn objects<'w>(documents: Vec<Value<'w>>, faults: &mut Vec<Fault>) -> Vec<Value<'w>> {
    let mut found = Vec::with_capacity(documents.len());
    let mut waiting: VecDeque<Value<'w>> = documents.into();
    while let Some(mut value) = waiting.pop_front() {
        let is_list = value.get("kind").is_some_and(|kind| kind.text().ends_with("List"));
        if is_list && let Some(items) = value.remove("items") {
            let span = items.value.origin.span;
            let null = items.value.is_null();
            match items.value.data {
                Data::Seq(items) => waiting.extend(items.into_iter().filter(|i| !i.is_null())),
                _ if null => {}
                _ => faults.push(invalid(span, "`items` of a list must be a list")),
            }
            continue;
        }
        let span = value.origin.span;
        let annotations = value.at(&["metadata", "annotations"]);
        if let Some(list) = annotations.filter(|annotations| annotations.is_seq()) {
            faults.push(invalid(list.origin.span, "`annotations` must be a map"));
        }
        match lack(&value) {
            None => found.push(value),
            Some(_) if !value.is_map() => {
                faults.push(invalid(span, "this is no object: it has no `kind`"));
            }
            Some(lack) => faults.push(invalid(head(&value), &format!("this object {lack}"))),
        }
    }
    found
}

/// What an object lacks, if anything.
pub(super) fn lack(value: &Value<'_>) -> Option<&'static str> {
    if !value.is_map() {
        Some("is no object: it has no `kind`")
    } else if value.get("kind").is_none_or(|kind| kind.text().is_empty()) {
        Some("has no `kind`")
    } else if !is_named(value) {
        Some("has no `metadata.name`")
    } else {
        None
    }
}

fn is_named(value: &Value<'_>) -> bool {
    let set = |key| {
        let name = value.at(&["metadata", key]);
        name.is_some_and(|name| !name.is_null() && !name.text().is_empty())
    };
    set("name") || set("generateName")
}

/// Where an object begins: its first key, not all of it.
fn head(value: &Value<'_>) -> Span {
    value.entries().first().map_or(value.origin.span, |entry| entry.key_origin.span)
}

fn invalid(at: Span, message: &str) -> Fault {
    Fault::fatal(FaultKind::Invalid, at, message)
}
