//! `vars`: values of objects that are put where `$(NAME)` stands.

use kubeready_manifest::yaml::{Data, Origin, Style, Value, Writer};
use rustc_hash::FxHashMap;

use super::accumulate::{Builder, Gathered};
use super::config::Config;
use super::fields::visit;
use super::kustomization::Kustomization;
use super::resource::{Id, Resource};
use super::room::Room;
use crate::render::{Fault, FaultKind};
use crate::source::Span;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Var<'w> {
    name: String,
    /// Keys of the field in the object that it names.
    field: String,
    span: Span,
    /// What it is declared as, to tell whether two are one.
    declared: Value<'w>,
}

impl<'w> Builder<'_, 'w> {
    /// Takes the variables of a kustomization in and marks the objects they mean.
    pub(super) fn merge_vars(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        for entry in k.list("vars") {
            let text = |keys: &[&str]| entry.at(keys).map_or("", Value::text).to_owned();
            let (name, span) = (text(&["name"]), entry.origin.span);
            let api_version = text(&["objref", "apiVersion"]);
            let (group, version) = match api_version.split_once('/') {
                Some((group, version)) => (group.to_owned(), version.to_owned()),
                None if api_version.is_empty() => {
                    (text(&["objref", "group"]), text(&["objref", "version"]))
                }
                None => (String::new(), api_version),
            };
            let target = Id {
                group,
                version,
                kind: text(&["objref", "kind"]),
                name: text(&["objref", "name"]),
                namespace: text(&["objref", "namespace"]),
            };
            // Without a namespace any will do.
            let anywhere = target.namespace.is_empty() && !target.is_cluster_scoped();
            let matches = gathered.objects.with_any_id(&target.name, |id| {
                if anywhere { id.same_kind(&target) } else { id.is(&target) }
            });
            match matches[..] {
                [] => {}
                [at] => {
                    if let Some(resource) = gathered.objects.contents_mut().get_mut(at) {
                        resource.variables.push(name.clone());
                    }
                }
                _ => {
                    let what = format!("several objects could be the one that `{name}` names");
                    self.fatal(FaultKind::Invalid, span, what);
                }
            }
            let field = match text(&["fieldref", "fieldpath"]) {
                field if field.is_empty() => "metadata.name".to_owned(),
                field => field,
            };
            self.add_var(Var { name, field, span, declared: entry.clone() }, gathered);
        }
    }

    pub(super) fn add_var(&mut self, var: Var<'w>, gathered: &mut Gathered<'w>) {
        match gathered.vars.iter().find(|known| known.name == var.name) {
            Some(known) if known.span == var.span && known.declared.means(&var.declared) => {
                let what = format!("the variable `{}` is brought in twice", var.name);
                self.fatal(FaultKind::Invalid, var.span, what);
            }
            Some(_) => {
                let what = format!("the variable `{}` is there already", var.name);
                self.fatal(FaultKind::Invalid, var.span, what);
            }
            None => gathered.vars.push(var),
        }
    }
}

/// Puts the values of variables where they are named.
pub(super) fn resolve<'w>(
    resources: &mut [Resource<'w>],
    vars: &[Var<'w>],
    config: &Config,
    faults: &mut Vec<Fault>,
) {
    let mut values: FxHashMap<&str, Value<'w>> = FxHashMap::default();
    // One missing file is one fault, not one for each variable that it would have filled.
    let partial = faults.iter().any(|fault| fault.partial);
    for var in vars {
        let object = resources.iter().find(|r| r.variables.contains(&var.name));
        let Some(object) = object else {
            if partial {
                continue;
            }
            let what = format!("the object that the variable `{}` names is not there", var.name);
            faults.push(Fault::fatal(FaultKind::Invalid, var.span, what));
            continue;
        };
        if let Some(value) = lookup(&object.value, &var.field) {
            values.insert(&var.name, value.clone());
            continue;
        }
        if partial {
            continue;
        }
        let what = format!(
            "{} has no field `{}`, which the variable `{}` takes",
            object.id().describe(),
            var.field,
            var.name
        );
        faults.push(Fault::fatal(FaultKind::Invalid, var.span, what));
    }
    if values.is_empty() {
        return;
    }
    let mut room = Room::default();
    for resource in resources {
        let id = resource.id();
        for spec in config.var_references().iter().filter(|spec| spec.selects(&id)) {
            let origin = resource.value.origin;
            let mut full = None;
            let failed = visit(&mut resource.value, &spec.path, None, origin, &mut |value| {
                if full.is_none() {
                    let at = value.origin.span;
                    full = expand(value, &values, &mut room).err().map(|why| (at, why));
                }
            });
            if let Some((at, message)) = full {
                faults.push(Fault::fatal(FaultKind::TooLarge, at, message));
                return;
            }
            if let Err((at, message)) = failed {
                faults.push(Fault::fatal(FaultKind::Invalid, at, message));
            }
        }
    }
}

/// A field by `a.b[0].c`, with `\.` for a dot in a key.
fn lookup<'v, 'w>(value: &'v Value<'w>, path: &str) -> Option<&'v Value<'w>> {
    let mut here = value;
    let guarded = path.replace("\\.", "\u{0}").replace('[', ".[");
    for step in guarded.split('.').filter(|step| !step.is_empty()) {
        let step = step.replace('\u{0}', ".");
        here = match step.strip_prefix('[').and_then(|s| s.strip_suffix(']')) {
            Some(index) => match index.parse::<usize>() {
                Ok(index) => here.items().get(index)?,
                Err(_) => here.get(index.trim_matches(['"', '\'']))?,
            },
            None => match step.parse::<usize>() {
                Ok(index) if here.is_seq() => here.items().get(index)?,
                _ => here.get(&step)?,
            },
        };
    }
    Some(here)
}

/// Expands a string, the strings of a list or of a map.
fn expand<'w>(
    value: &mut Value<'w>,
    values: &FxHashMap<&str, Value<'w>>,
    room: &mut Room,
) -> Result<(), String> {
    match &mut value.data {
        Data::Scalar { .. } => expand_scalar(value, values, room),
        Data::Map(entries) => {
            let mut strings = entries.iter_mut().filter(|e| e.value.as_str().is_some());
            strings.try_for_each(|entry| expand_scalar(&mut entry.value, values, room))
        }
        Data::Seq(items) => {
            let mut strings = items.iter_mut().filter(|item| item.as_str().is_some());
            strings.try_for_each(|item| expand_scalar(item, values, room))
        }
    }
}

fn expand_scalar<'w>(
    value: &mut Value<'w>,
    values: &FxHashMap<&str, Value<'w>>,
    room: &mut Room,
) -> Result<(), String> {
    let Some(text) = value.as_str().filter(|text| text.contains('$')) else { return Ok(()) };
    // A variable by itself keeps its type.
    let whole = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    if let Some(found) = whole.and_then(|name| values.get(name)) {
        let span = found.origin.span;
        if !matches!(found.data, Data::Scalar { .. }) {
            // A map or a list cannot stand here: the reference stays.
            return Ok(());
        }
        room.text(found.text().len())?;
        *value = Value { data: found.data.clone(), origin: Origin::new(span, Writer::Variable) };
        return Ok(());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("$$") {
            // `$$` is `$` and shields what follows.
            changed = true;
            out.push('$');
            rest = after;
            continue;
        }
        let name = from.strip_prefix("$(").and_then(|f| f.split_once(')'));
        let found = name.and_then(|(name, after)| values.get(name).map(|value| (value, after)));
        let is_scalar = |value: &Value<'_>| matches!(value.data, Data::Scalar { .. });
        if let Some((value, after)) = found.filter(|(value, _)| is_scalar(value)) {
            changed = true;
            room.text(value.text().len())?;
            out.push_str(value.text());
            rest = after;
        } else {
            out.push('$');
            rest = from.get(1..).unwrap_or("");
        }
    }
    if changed {
        out.push_str(rest);
        let origin = Origin::new(value.origin.span, Writer::Variable);
        let style = Style::DoubleQuoted;
        *value = Value { data: Data::Scalar { text: out.into(), style }, origin };
    }
    Ok(())
}
