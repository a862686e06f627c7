//! `${VAR}` as Flux substitutes it in what it has rendered.
//!
//! Flux writes an object as YAML, substitutes in that text and reads it again: a string that is one
//! variable becomes whatever type its text has, quotes or not.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kubeready_manifest::yaml::{Data, NodeRef, Origin, Style, Tree, Value, Writer};

use super::envsubst::{Expansion, expand};
use super::inventory::decode;
use super::{Inventory, Substitution};
use crate::fleet::Destination;
use crate::render::fault::{Fault, FaultKind};

/// The annotation or label that keeps an object as it is.
const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// A variable: its text and where that stands.
#[derive(Clone, Debug)]
pub struct Variable<'t> {
    /// `None` if it is defined but not readable: encrypted, or not base64.
    pub text: Option<Cow<'t, str>>,
    pub origin: Origin,
}

/// The variables of one Kustomization.
#[derive(Clone, Debug, Default)]
pub struct Variables<'t> {
    known: BTreeMap<Cow<'t, str>, Variable<'t>>,
    /// A ConfigMap or Secret is not here or not readable: what is not known may be in there.
    incomplete: bool,
}

impl<'t> Variables<'t> {
    /// Looks up what `postBuild` names. `near`: where the Kustomization itself is applied.
    pub fn of(
        substitution: &Substitution<'t>,
        inventory: &Inventory<'t>,
        near: Option<&Destination>,
    ) -> Self {
        let mut variables = Self::default();
        for from in &substitution.from {
            let named = from.reference;
            let found = inventory.find(named.kind, named.name, named.namespace, near);
            let Some(object) = found else {
                variables.incomplete = true;
                continue;
            };
            let secret = named.kind == "Secret";
            let encrypted = object.root().get("sops").is_some();
            let data = object.root().get("data");
            variables.add(data, |text| match (encrypted, secret) {
                (true, _) => None,
                (false, true) => decode(text).map(Cow::Owned),
                (false, false) => Some(Cow::Borrowed(text)),
            });
            if secret {
                let plain = object.root().get("stringData");
                variables.add(plain, |text| (!encrypted).then_some(Cow::Borrowed(text)));
            }
        }
        variables.add(substitution.inline, |text| Some(Cow::Borrowed(text)));
        variables
    }

    fn add(&mut self, map: Option<NodeRef<'t>>, read: impl Fn(&'t str) -> Option<Cow<'t, str>>) {
        for (key, value) in map.into_iter().flat_map(NodeRef::entries) {
            // Flux takes line breaks out.
            let text = read(value.text()).map(|text| {
                if text.contains('\n') { Cow::Owned(text.replace('\n', "")) } else { text }
            });
            let text = text.filter(|text| !text.starts_with("ENC["));
            let origin = Origin::new(value.span(), Writer::Variable);
            self.known.insert(key.key_text(), Variable { text, origin });
        }
    }

    pub fn get(&self, name: &str) -> Option<&Variable<'t>> {
        self.known.get(name)
    }

    /// Whether a variable that is not known may yet be defined.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Flux leaves everything alone, escapes included, where there is no variable at all.
    fn is_idle(&self) -> bool {
        self.known.is_empty() && !self.incomplete
    }
}

/// Substitutes in rendered objects. A variable that is not known keeps its `${VAR}`, which rules
/// take as a placeholder; where every source of variables is known that is a fault. What it writes
/// keeps the place of the old text, or has the variable's own where that is the whole value.
pub fn substitute(values: &mut [Value<'_>], variables: &Variables<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if variables.is_idle() {
        return faults;
    }
    for value in values {
        let switched_off = ["annotations", "labels"].iter().any(|map| {
            value.at(&["metadata", map, SWITCH]).is_some_and(|v| v.text() == "disabled")
        });
        if !switched_off {
            walk(value, variables, &mut faults);
        }
    }
    faults
}

fn walk(value: &mut Value<'_>, variables: &Variables<'_>, faults: &mut Vec<Fault>) {
    match &mut value.data {
        Data::Map(entries) => {
            for entry in entries {
                if entry.key.contains('$')
                    && let Some((text, _)) = text(&entry.key, entry.key_origin, variables, faults)
                {
                    entry.key = Cow::Owned(text);
                    entry.key_origin.by = Writer::Variable;
                }
                walk(&mut entry.value, variables, faults);
            }
        }
        Data::Seq(items) => {
            for item in items {
                walk(item, variables, faults);
            }
        }
        Data::Scalar { text: old, .. } => {
            if !old.contains('$') {
                return;
            }
            let Some((new, whole)) = text(old, value.origin, variables, faults) else { return };
            let origin = whole.unwrap_or(Origin::new(value.origin.span, Writer::Variable));
            if let Some(typed) = typed(old, &new, origin) {
                *value = typed;
            } else {
                let message = format!("`{old}` is no YAML once its variables are substituted");
                faults.push(Fault::fatal(FaultKind::Invalid, value.origin.span, message));
            }
        }
    }
}

/// A text with its variables substituted, and the origin of the variable that is all of it. `None`
/// if nothing changes.
fn text(
    old: &str,
    origin: Origin,
    variables: &Variables<'_>,
    faults: &mut Vec<Fault>,
) -> Option<(String, Option<Origin>)> {
    let look_up = |name: &str| variables.get(name).map(|variable| variable.text.as_deref());
    let Expansion { text, missing, sole } = match expand(old, &look_up) {
        Ok(expansion) => expansion,
        Err(reason) => {
            let message = format!("Flux cannot substitute in `{}`: {reason}", first_line(old));
            faults.push(
                Fault::fatal(FaultKind::Invalid, origin.span, message)
                    .help("write `$${…}` for text that is meant for something else"),
            );
            return None;
        }
    };
    if !variables.incomplete {
        for name in missing {
            let message = format!("nothing defines `${{{name}}}`, so Flux writes nothing there");
            faults.push(Fault::note(FaultKind::UndefinedVariable, origin.span, message).help(
                format!("define `{name}` in `postBuild`, or give it a default: `${{{name}:=…}}`"),
            ));
        }
    }
    let whole = sole.and_then(|name| variables.get(&name)).map(|variable| variable.origin);
    (text != old).then_some((text, whole))
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| line.contains('$')).unwrap_or("").trim()
}

/// A text as it is read again. What had to be quoted or spans lines stays a string; the rest takes
/// the type that its text has. `None` if it is no YAML any more.
pub(super) fn typed<'t>(old: &str, new: &str, origin: Origin) -> Option<Value<'t>> {
    if !is_plain(old) || new.contains("${") {
        return Some(Value::string(new.to_owned(), origin));
    }
    let special = new
        .starts_with(['[', '{', '"', '\'', '&', '*', '!', '|', '>', '%', '@', '`', '#'])
        || new.contains(": ")
        || new.contains(" #")
        || new.ends_with(':')
        || new.starts_with("- ")
        || new.starts_with("? ");
    if !special {
        let text = new.trim().to_owned();
        return Some(Value {
            data: Data::Scalar { text: text.into(), style: Style::Plain },
            origin,
        });
    }
    let tree = Tree::parse(new, origin.span.source);
    if !tree.errors().is_empty() {
        return None;
    }
    let Some((_, root)) = tree.documents().next() else { return Some(Value::null(origin)) };
    Some(Value::owned(root, &|_| origin))
}

/// Whether a string is written without quotes and on one line.
fn is_plain(text: &str) -> bool {
    const FIRST: [char; 19] = [
        '[', ']', '{', '}', '"', '\'', '&', '*', '!', '|', '>', '%', '@', '`', '#', ',', '?', ':',
        '-',
    ];
    let harmless_start = !text.starts_with(FIRST)
        || text.starts_with(['-', '?', ':']) && !text[1..].starts_with([' ']) && text.len() > 1;
    harmless_start
        && !text.contains(['\n', '\t'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.starts_with(' ')
}
