//! The objects that a ResourceSet makes: each resource for each set of inputs, `<< inputs.x >>`
//! filled in.

use std::borrow::Cow;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{Data, Origin, Tree, Value, Writer};

use super::go_template::{self, Scope};
use super::substitute::typed;
use crate::render::fault::{Fault, FaultKind};

const OPEN: &str = "<<";

/// More objects than this are taken for a mistake.
const MAX_OBJECTS: usize = 5_000;

pub(super) fn generate<'t>(object: Object<'t>, notes: &mut Vec<Fault>) -> Vec<Value<'t>> {
    let Some(spec) = object.spec() else { return Vec::new() };
    let name = object.name();
    let mut note = |span, message: String| {
        notes.push(Fault::note(FaultKind::Unfollowed, span, message).partial());
    };
    let mut inputs: Vec<Value<'t>> =
        spec.items_at("inputs").map(|node| Value::of(node, Writer::Variable)).collect();
    if let Some(from) = spec.get("inputsFrom").filter(|from| !from.is_empty()) {
        note(
            from.span(),
            format!("the inputs of ResourceSet `{name}` come from outside of its manifest"),
        );
        if inputs.is_empty() {
            return Vec::new();
        }
    }
    if inputs.is_empty() {
        inputs.push(Value::map(Origin::new(object.place().span, Writer::Variable)));
    }
    let mut made: Vec<Value<'t>> = Vec::new();
    let mut failed: Option<(Origin, String)> = None;
    let mut too_many = false;
    for input in &inputs {
        let mut keep = |value: Value<'t>| {
            if made.iter().rev().take(64).any(|m| m.means(&value)) {
                return;
            }
            if made.len() < MAX_OBJECTS {
                made.push(value);
            } else {
                too_many = true;
            }
        };
        for node in spec.items_at("resources") {
            let mut value = Value::of(node, Writer::Template);
            match fill(&mut value, input) {
                Ok(()) => keep(value),
                Err(reason) => {
                    failed.get_or_insert((value.origin, reason));
                }
            }
        }
        if let Some(node) = spec.get("resourcesTemplate") {
            let origin = Origin::new(node.span(), Writer::Template);
            match documents(node.text(), input, origin) {
                Ok(values) => values.into_iter().for_each(&mut keep),
                Err(reason) => {
                    failed.get_or_insert((origin, reason));
                }
            }
        }
    }
    if too_many {
        let what = format!("ResourceSet `{name}` makes more than {MAX_OBJECTS} objects");
        note(object.place().span, what);
    }
    if let Some((origin, reason)) = failed {
        note(origin.span, format!("a resource of ResourceSet `{name}` cannot be filled: {reason}"));
    }
    made
}

fn filled(text: &str, input: &Value<'_>) -> Result<go_template::Rendered, String> {
    let scope = Scope { open: OPEN, close: ">>", dot: input, root: Some(("inputs", input)) };
    go_template::render(text, &scope)
        .map_err(|reason| format!("`{}`: {reason}", text.lines().next().unwrap_or("")))
}

/// The documents that a template of all resources comes to.
fn documents<'t>(text: &str, input: &Value<'_>, origin: Origin) -> Result<Vec<Value<'t>>, String> {
    let rendered = filled(text, input)?;
    let tree = Tree::parse(rendered.text, origin.span.source);
    if !tree.errors().is_empty() {
        return Err("what its template comes to is no YAML".to_owned());
    }
    Ok(tree.documents().map(|(_, root)| Value::owned(root, &|_| origin)).collect())
}

/// Fills all texts of a resource. It is written as YAML, filled and read again: quotes do not make a
/// string of what reads as a number.
fn fill(value: &mut Value<'_>, input: &Value<'_>) -> Result<(), String> {
    match &mut value.data {
        Data::Map(entries) => {
            for entry in entries {
                if entry.key.contains(OPEN) {
                    entry.key = Cow::Owned(filled(&entry.key, input)?.text);
                }
                fill(&mut entry.value, input)?;
            }
        }
        Data::Seq(items) => {
            for item in items {
                fill(item, input)?;
            }
        }
        Data::Scalar { text, .. } if text.contains(OPEN) => {
            let rendered = filled(text, input)?;
            let here = Origin::new(value.origin.span, Writer::Variable);
            let origin = rendered.sole.unwrap_or(here);
            let typed = typed(text, &rendered.text, origin);
            *value = typed.ok_or_else(|| format!("`{text}` is no YAML once it is filled"))?;
        }
        Data::Scalar { .. } => {}
    }
    Ok(())
}
