//! The Applications that an ApplicationSet makes.

use std::borrow::Cow;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{Data, NodeRef, Origin, Value, Writer};

use super::Follow;
use super::generators::{Generators, MAX_PARAMETERS};
use super::go_template::{self, Scope};
use crate::render::fault::{Fault, FaultKind};

/// The Applications as objects. A field whose template cannot be filled keeps its `{{…}}`, so that
/// nothing is made of it; one note says so, and one for each generator that cannot be known here.
pub(super) fn generate<'t>(
    follow: &Follow<'_, 't>,
    object: Object<'t>,
    notes: &mut Vec<Fault>,
) -> Vec<Value<'t>> {
    let Some(spec) = object.spec() else { return Vec::new() };
    let Some(template) = spec.get("template") else { return Vec::new() };
    let go = spec.bool_at("goTemplate").unwrap_or(false);
    let note = |node: NodeRef<'_>, message: String| {
        Fault::note(FaultKind::Unfollowed, node.span(), message).partial()
    };
    let name = object.name();
    if let Some(patch) = spec.get("templatePatch") {
        // A patch of other fields changes nothing about what goes where.
        let text = patch.text();
        let decides =
            ["source", "destination", "path:", "repoURL"].iter().any(|w| text.contains(w));
        if decides {
            notes.push(note(
                patch,
                format!("ApplicationSet `{name}` patches where its Applications come from or go to, which kubeready does not follow"),
            ));
            return Vec::new();
        }
    }
    let generators = Generators {
        follow,
        go,
        nested_selectors: spec.bool_at("applyNestedSelectors").unwrap_or(false),
    };
    let mut applications = Vec::new();
    let mut unfilled: Option<String> = None;
    for node in spec.items_at("generators") {
        let generator = Value::of(node, Writer::Generator);
        let sets = match generators.parameters(&generator) {
            Ok(sets) => sets,
            Err(reason) => {
                let message = format!(
                    "what ApplicationSet `{name}` makes of this generator is not known here: {reason}"
                );
                notes.push(note(node, message));
                continue;
            }
        };
        let own = generator.entries().iter().find_map(|entry| entry.value.get("template"));
        let base = merged(own, Value::of(template, Writer::Template));
        for parameters in sets {
            if applications.len() >= MAX_PARAMETERS {
                notes.push(note(
                    node,
                    format!("ApplicationSet `{name}` makes too many Applications"),
                ));
                return applications;
            }
            let mut application = application(object, &base);
            if let Err(reason) = fill(&mut application, &parameters, go) {
                unfilled.get_or_insert(reason);
            }
            applications.push(application);
        }
    }
    if let Some(reason) = unfilled {
        let message = format!("a template of ApplicationSet `{name}` cannot be filled: {reason}");
        notes.push(note(template, message));
    }
    applications
}

/// A generator's own template over that of the set.
fn merged<'t>(own: Option<&Value<'t>>, mut base: Value<'t>) -> Value<'t> {
    if let Some(own) = own {
        overlay(&mut base, own);
    }
    base
}

/// Sets what `over` has, map by map; what is empty there says nothing.
pub(super) fn overlay<'t>(base: &mut Value<'t>, over: &Value<'t>) {
    if !(base.is_map() && over.is_map()) {
        if !is_zero(over) {
            *base = over.clone();
        }
        return;
    }
    for entry in over.entries() {
        match base.get_mut(&entry.key) {
            Some(old) => overlay(old, &entry.value),
            None => base.set(entry.key.clone(), entry.key_origin, entry.value.clone()),
        }
    }
}

/// What Go takes for nothing: it overrides nothing.
pub(super) fn is_zero(value: &Value<'_>) -> bool {
    match &value.data {
        Data::Scalar { text, .. } => text.is_empty() || value.is_null(),
        Data::Map(entries) => entries.is_empty(),
        Data::Seq(items) => items.is_empty(),
    }
}

/// An Application with a template's metadata and spec, in the namespace of its set.
fn application<'t>(set: Object<'t>, template: &Value<'t>) -> Value<'t> {
    let origin = Origin::new(set.place().span, Writer::Generator);
    let mut application = Value::map(template.origin);
    let api_version = Value::string(set.api_version(), origin);
    application.set("apiVersion", origin, api_version);
    application.set("kind", origin, Value::string("Application", origin));
    let key = |key: &str| template.entry(key).map_or(origin, |entry| entry.key_origin);
    let part = |name: &str| template.get(name).cloned().unwrap_or_else(|| Value::map(origin));
    let mut metadata = part("metadata");
    if metadata.get("namespace").is_none_or(is_zero)
        && let Some(node) = set.path("metadata.namespace")
    {
        metadata.set("namespace", origin, Value::of(node, Writer::Generator));
    }
    application.set("metadata", key("metadata"), metadata);
    application.set("spec", key("spec"), part("spec"));
    application
}

/// Fills all strings of a document. What cannot be filled stays, and the first reason is told.
pub(super) fn fill<'t>(
    value: &mut Value<'t>,
    parameters: &Value<'t>,
    go: bool,
) -> Result<(), String> {
    let mut result = Ok(());
    match &mut value.data {
        Data::Map(entries) => {
            for entry in entries {
                if entry.key.contains("{{") {
                    match filled(&entry.key, parameters, go) {
                        Ok((text, _)) => entry.key = Cow::Owned(text),
                        Err(reason) => result = result.and(Err(reason)),
                    }
                }
                result = result.and(fill(&mut entry.value, parameters, go));
            }
        }
        Data::Seq(items) => {
            for item in items {
                result = result.and(fill(item, parameters, go));
            }
        }
        Data::Scalar { text, .. } => {
            if text.contains("{{") {
                match filled(text, parameters, go) {
                    Ok((text, sole)) => {
                        let here = Origin::new(value.origin.span, Writer::Variable);
                        // A parameter that someone wrote is what they would edit.
                        let origin = sole.filter(|o| o.by == Writer::Variable).unwrap_or(here);
                        *value = Value::string(text, origin);
                    }
                    Err(reason) => result = Err(reason),
                }
            }
        }
    }
    result
}

/// One text with its parameters, and the origin of the one that is all of it.
pub(super) fn filled(
    text: &str,
    parameters: &Value<'_>,
    go: bool,
) -> Result<(String, Option<Origin>), String> {
    if go {
        let scope = Scope { open: "{{", close: "}}", dot: parameters, root: None };
        let rendered = go_template::render(text, &scope)
            .map_err(|reason| format!("`{}`: {reason}", text.lines().next().unwrap_or("")))?;
        return Ok((rendered.text, rendered.sole));
    }
    let mut out = String::new();
    let mut rest = text;
    let mut missing = None;
    let mut sole = None;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((tag, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
        let value = parameters.get(tag.trim());
        if let Some(value) = value.filter(|value| !value.is_map() && !value.is_seq()) {
            if behind.is_empty() && out.is_empty() {
                sole = Some(value.origin);
            }
            out.push_str(value.text());
        } else {
            missing = Some(tag.trim());
            out.push_str("{{");
            out.push_str(tag);
            out.push_str("}}");
        }
        rest = behind;
    }
    out.push_str(rest);
    match missing {
        // Argo CD leaves it as it is, too.
        Some(tag) => Err(format!("no parameter is called `{tag}`")),
        None => Ok((out, sole)),
    }
}
