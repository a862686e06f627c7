//! YAML and JSON inside of a scalar (a file in a ConfigMap, JSON in an annotation): paths of
//! replacements go on into it.

use std::borrow::Cow;
use std::ops::Range;

use kubeready_manifest::yaml::{Data, NodeRef, Origin, Scalar, Style, Tree, Value, Writer, scalar};
use serde_json::Value as Json;

use super::path::{Lost, Walk};
use crate::render::kustomize::fields::Failure;
use crate::source::SourceId;

/// The source of text that is in no file; nothing keeps its spans.
const INNER: SourceId = SourceId(u32::MAX);

/// Visits fields of the document in a scalar and writes it back; `None` if there is no map or list in
/// the scalar. JSON is printed as the tool prints it; in YAML only the scalars that changed are
/// replaced, and everything else stays as it is written.
pub(super) fn visit<'t>(
    walk: Walk,
    value: &mut Value<'t>,
    path: &[String],
    f: &mut dyn FnMut(&mut Value<'t>) -> Result<(), Failure>,
) -> Option<Result<usize, Lost>> {
    let text = value.as_str()?;
    let tree = Tree::parse(text, INNER);
    if !tree.errors().is_empty() {
        return None;
    }
    let root = tree.documents().next()?.1;
    if !root.is_map() && !root.is_seq() {
        return None;
    }
    let origin = |node: NodeRef<'_>| Origin::new(node.span(), Writer::Resource);
    let mut inner: Value<'t> = Value::owned(root, &origin);
    let mut changed: Vec<(Range<usize>, String)> = Vec::new();
    let mut all_scalars = true;
    let mut newest = None;
    let outcome = walk.visit(&mut inner, path, &mut |field| {
        let before = field.origin.span;
        f(field)?;
        newest = Some(field.origin);
        match &field.data {
            Data::Scalar { text, style } if before.source == INNER => {
                changed.push((before.start as usize..before.end as usize, quoted(text, *style)));
            }
            _ => all_scalars = false,
        }
        Ok(())
    });
    let found = match outcome {
        Ok(0) => return Some(Ok(0)),
        Ok(found) => found,
        Err(lost) => return Some(Err(lost)),
    };
    let is_json =
        text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<Json>(text).is_ok();
    let written = if is_json {
        let json = to_json(&inner);
        let printed = if text.contains('\n') {
            serde_json::to_string_pretty(&json)
        } else {
            serde_json::to_string(&json)
        };
        printed.ok()
    } else if all_scalars {
        splice(text, changed)
    } else {
        // JSON is YAML: what cannot be set in place is printed anew.
        serde_json::to_string_pretty(&to_json(&inner)).ok()
    };
    let written = written?;
    // Most of the text is the old one: it keeps its place, by another writer.
    let by = newest.map_or(Writer::Replacement, |origin: Origin| origin.by);
    value.origin = Origin { by, ..value.origin };
    value.data = Data::Scalar { text: Cow::Owned(written), style: Style::Literal };
    Some(Ok(found))
}

/// A scalar as it can stand anywhere in YAML.
fn quoted(text: &str, style: Style) -> String {
    let is_text = style != Style::Plain;
    let is_safe = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && !text.ends_with(':');
    let reads_as_text = matches!(scalar::plain(text), Scalar::Str(_));
    if is_safe && (!is_text || reads_as_text) {
        return text.to_owned();
    }
    // The escapes of JSON are escapes of YAML.
    Json::String(text.to_owned()).to_string()
}

/// Replaces ranges of a text; `None` if they overlap or are none of it.
fn splice(text: &str, mut changed: Vec<(Range<usize>, String)>) -> Option<String> {
    changed.sort_by_key(|(range, _)| range.start);
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in changed {
        written.push_str(text.get(at..range.start)?);
        written.push_str(&new);
        at = range.end;
    }
    written.push_str(text.get(at..)?);
    Some(written)
}

fn to_json(value: &Value<'_>) -> Json {
    match &value.data {
        Data::Map(entries) => Json::Object(
            entries.iter().map(|entry| (entry.key.to_string(), to_json(&entry.value))).collect(),
        ),
        Data::Seq(items) => Json::Array(items.iter().map(to_json).collect()),
        Data::Scalar { .. } => match value.scalar() {
            None | Some(Scalar::Null) => Json::Null,
            Some(Scalar::Bool(is)) => Json::Bool(is),
            Some(Scalar::Int(number)) => Json::from(number),
            Some(Scalar::UInt(number)) => Json::from(number),
            Some(Scalar::Float(number)) => Json::from(number),
            Some(Scalar::Str(text)) => Json::String(text.to_owned()),
        },
    }
}
