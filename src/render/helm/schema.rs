//! `values.schema.json`: whether values are what a chart asks for. The keywords that charts use; what
//! lies elsewhere (`$ref` to another file, `$dynamicRef`) and formats are taken for satisfied.

use std::cell::Cell;

use kubeready_manifest::source::Span;
use kubeready_template::{Data, Map, Val};
use regex::Regex;
use serde_json::Value as Json;

use super::dependencies::Live;
use super::values::invalid;
use crate::load::Loaded;
use crate::render::Fault;

/// Schemas looked at for one chart: what asks for more does so in circles.
const MAX_STEPS: u32 = 500_000;

/// Schemas within schemas.
const MAX_DEPTH: u32 = 200;

/// Faults told of one chart.
const MAX_FAULTS: usize = 20;

/// Faults of the values of a chart and of its subcharts. Helm would stop.
pub(super) fn check(live: &Live<'_, '_>, values: &Val, anchor: Span, faults: &mut Vec<Fault>) {
    if let Some(file) = live.chart.schema {
        of_chart(live, file, values, anchor, faults);
    }
    let Some(map) = values.as_map() else { return };
    for child in &live.children {
        if let Some(slot) = map.slot(&child.name)
            && slot.value.as_map().is_some()
        {
            let anchor = slot.key.map_or(anchor, |key| key.span);
            check(child, &slot.value, anchor, faults);
        }
    }
}

fn of_chart(
    live: &Live<'_, '_>,
    file: &Loaded,
    values: &Val,
    anchor: Span,
    faults: &mut Vec<Fault>,
) {
    let schema: Json = match serde_json::from_slice(file.bytes().unwrap_or_default()) {
        Ok(schema) => schema,
        Err(error) => {
            let at = Span { source: file.source, start: 0, end: 0 };
            faults.push(invalid(at, format!("this schema is no JSON: {error}")));
            return;
        }
    };
    let old = ["draft-04", "draft-06", "draft-07"];
    let told = schema.get("$schema").and_then(Json::as_str).unwrap_or("");
    let checking = Checking {
        root: &schema,
        refs_alone: old.iter().any(|draft| told.contains(draft)),
        steps: Cell::new(0),
    };
    let mut found = Vec::new();
    checking.value(&schema, values, &Place { path: String::new(), at: anchor }, 0, &mut found);
    found.truncate(MAX_FAULTS);
    for wrong in found {
        let chart = &live.name;
        let what = if wrong.path.is_empty() {
            "the values".to_owned()
        } else {
            format!("`{}`", wrong.path)
        };
        let mut fault = invalid(wrong.at, format!("{what} {}", wrong.message))
            .help(format!("`values.schema.json` of `{chart}` asks for it; Helm stops here"));
        // Everything is rendered all the same.
        fault.partial = false;
        faults.push(fault);
    }
}

/// What does not fit, as the end of a sentence about the value.
#[derive(Debug)]
struct Wrong {
    path: String,
    at: Span,
    message: String,
}

/// A value's path, and where a person would change it.
struct Place {
    path: String,
    at: Span,
}

impl Place {
    fn key(&self, key: &str, value: &Val) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.below(format!("{}{dot}{key}", self.path), value)
    }

    fn index(&self, at: usize, value: &Val) -> Self {
        self.below(format!("{}[{at}]", self.path), value)
    }

    fn below(&self, path: String, value: &Val) -> Self {
        Self { path, at: value.origin.as_ref().map_or(self.at, |origin| origin.span) }
    }

    fn wrong(&self, message: String) -> Wrong {
        Wrong { path: self.path.clone(), at: self.at, message }
    }
}

struct Checking<'s> {
    root: &'s Json,
    /// Whether `$ref` makes its neighbours count for nothing.
    refs_alone: bool,
    steps: Cell<u32>,
}

impl Checking<'_> {
    fn fits(&self, schema: &Json, value: &Val, place: &Place, depth: u32) -> bool {
        let mut found = Vec::new();
        self.value(schema, value, place, depth, &mut found);
        found.is_empty()
    }

    fn value(&self, schema: &Json, value: &Val, place: &Place, depth: u32, found: &mut Vec<Wrong>) {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS || found.len() >= MAX_FAULTS {
            return;
        }
        let fields = match schema {
            Json::Bool(false) => return found.push(place.wrong("must not be set".to_owned())),
            Json::Object(fields) => fields,
            _ => return,
        };
        if let Some(target) = fields.get("$ref").and_then(Json::as_str) {
            if let Some(target) = self.target(target) {
                self.value(target, value, place, depth + 1, found);
            }
            if self.refs_alone {
                return;
            }
        }
        if let Some(kind) = fields.get("type")
            && !is_any_of(kind, value)
        {
            let wanted = words(kind);
            found.push(place.wrong(format!("must be {wanted}, not {}", name_of(value))));
            return;
        }
        if let Some(allowed) = fields.get("enum").and_then(Json::as_array)
            && !allowed.iter().any(|allowed| is_same(allowed, value))
        {
            let allowed: Vec<String> = allowed.iter().map(|one| format!("`{one}`")).collect();
            found.push(place.wrong(format!("must be one of {}", allowed.join(", "))));
        }
        if let Some(only) = fields.get("const")
            && !is_same(only, value)
        {
            found.push(place.wrong(format!("must be `{only}`")));
        }
        self.combined(schema, value, place, depth, found);
        match &value.data {
            Data::Map(map) => self.map(schema, map, place, depth, found),
            Data::List(items) => self.list(schema, items, place, depth, found),
            Data::Text(text) => string(schema, text.as_str(), place, found),
            Data::Float(number) => numeric(schema, *number, place, found),
            Data::Int(number) | Data::Int64(number) => {
                numeric(schema, *number as f64, place, found);
            }
            Data::Nil | Data::Bool(_) | Data::Object(_) => {}
        }
    }

    /// A schema by its place in the file: `#/definitions/image`.
    fn target(&self, reference: &str) -> Option<&Json> {
        let pointer = reference.strip_prefix('#')?.replace("%25", "%").replace("%24", "$");
        self.root.pointer(&pointer)
    }

    fn combined(
        &self,
        schema: &Json,
        value: &Val,
        place: &Place,
        depth: u32,
        found: &mut Vec<Wrong>,
    ) {
        let list = |key| schema.get(key).and_then(Json::as_array);
        let fits = |one: &Json| self.fits(one, value, place, depth + 1);
        for one in list("allOf").into_iter().flatten() {
            self.value(one, value, place, depth + 1, found);
        }
        if let Some(any) = list("anyOf")
            && !any.iter().any(fits)
        {
            found.push(place.wrong("fits none of what is allowed (`anyOf`)".to_owned()));
        }
        if let Some(one) = list("oneOf") {
            let fitting = one.iter().filter(|one| fits(one)).count();
            if fitting != 1 {
                let message =
                    format!("must fit exactly one of {} (`oneOf`), not {fitting}", one.len());
                found.push(place.wrong(message));
            }
        }
        if schema.get("not").is_some_and(fits) {
            found.push(place.wrong("is what it must not be (`not`)".to_owned()));
        }
        if let Some(condition) = schema.get("if") {
            let branch = if fits(condition) { "then" } else { "else" };
            if let Some(branch) = schema.get(branch) {
                self.value(branch, value, place, depth + 1, found);
            }
        }
    }

    fn map(&self, schema: &Json, map: &Map, place: &Place, depth: u32, found: &mut Vec<Wrong>) {
        let object = |key| schema.get(key).and_then(Json::as_object);
        let texts = |list: &Json| -> Vec<String> {
            let list = list.as_array().into_iter().flatten();
            list.filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let needed =
            object("dependentRequired").into_iter().chain(object("dependencies")).flatten();
        let needed = needed.filter(|(key, _)| map.has(key)).map(|(_, needed)| needed);
        for key in schema.get("required").into_iter().chain(needed).flat_map(texts) {
            if !map.has(&key) {
                found.push(place.wrong(format!("must have `{key}`")));
            }
        }
        let count = map.len() as u64;
        bounds(schema, count, ["minProperties", "maxProperties"], "entries", place, found);
        let patterns: Vec<(Option<Regex>, &Json)> =
            (object("patternProperties").into_iter().flatten())
                .map(|(pattern, schema)| (Regex::new(pattern).ok(), schema))
                .collect();
        let properties = object("properties");
        for (key, slot) in map.entries() {
            let below = place.key(&key, &slot.value);
            let own = properties.and_then(|properties| properties.get(&*key));
            let mut known = own.is_some();
            if let Some(own) = own {
                self.value(own, &slot.value, &below, depth + 1, found);
            }
            for (pattern, schema) in &patterns {
                if pattern.as_ref().is_none_or(|pattern| pattern.is_match(&key)) {
                    known = true;
                    self.value(schema, &slot.value, &below, depth + 1, found);
                }
            }
            if !known && let Some(others) = schema.get("additionalProperties") {
                if *others == Json::Bool(false) {
                    let at = slot.key.as_ref().map_or(below.at, |key| key.span);
                    let message = "is not known to the chart".to_owned();
                    found.push(Wrong { path: below.path, at, message });
                } else {
                    self.value(others, &slot.value, &below, depth + 1, found);
                }
            }
            if let Some(names) = schema.get("propertyNames") {
                let below = place.key(&key, &slot.value);
                self.value(names, &Val::text(&*key), &below, depth + 1, found);
            }
        }
    }

    fn list(
        &self,
        schema: &Json,
        items: &[Val],
        place: &Place,
        depth: u32,
        found: &mut Vec<Wrong>,
    ) {
        let count = items.len() as u64;
        bounds(schema, count, ["minItems", "maxItems"], "items", place, found);
        let array = |key| schema.get(key).and_then(Json::as_array);
        let first = array("prefixItems").or_else(|| array("items"));
        let rest = if array("items").is_some() { "additionalItems" } else { "items" };
        for (at, item) in items.iter().enumerate() {
            let own = first.and_then(|first| first.get(at));
            if let Some(schema) = own.or_else(|| schema.get(rest)) {
                self.value(schema, item, &place.index(at, item), depth + 1, found);
            }
        }
        if let Some(some) = schema.get("contains")
            && !items.iter().any(|item| self.fits(some, item, place, depth + 1))
        {
            found.push(place.wrong("lacks an item that it must contain".to_owned()));
        }
        let unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
        let plain: Vec<String> = items.iter().map(|item| json(item).to_string()).collect();
        if unique
            && plain.iter().enumerate().any(|(at, item)| plain.iter().take(at).any(|o| o == item))
        {
            found.push(place.wrong("must not have an item twice".to_owned()));
        }
    }
}

fn bounds(
    schema: &Json,
    count: u64,
    [least, most]: [&str; 2],
    what: &str,
    place: &Place,
    found: &mut Vec<Wrong>,
) {
    let bound = |key| schema.get(key).and_then(Json::as_f64).map(|bound| bound as u64);
    if let Some(least) = bound(least).filter(|least| count < *least) {
        found.push(place.wrong(format!("must have at least {least} {what}, not {count}")));
    }
    if let Some(most) = bound(most).filter(|most| count > *most) {
        found.push(place.wrong(format!("must have at most {most} {what}, not {count}")));
    }
}

fn string(schema: &Json, text: &str, place: &Place, found: &mut Vec<Wrong>) {
    let count = text.chars().count() as u64;
    bounds(schema, count, ["minLength", "maxLength"], "characters", place, found);
    let pattern = schema.get("pattern").and_then(Json::as_str);
    if let Some(pattern) = pattern
        && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
    {
        found.push(place.wrong(format!("must match `{pattern}`")));
    }
}

fn numeric(schema: &Json, number: f64, place: &Place, found: &mut Vec<Wrong>) {
    let bound = |key| schema.get(key).and_then(Json::as_f64);
    // In old drafts a switch that makes the other bound exclusive.
    let strict = |key| schema.get(key) == Some(&Json::Bool(true));
    let mut must = |holds: bool, what: String| {
        if !holds {
            found.push(place.wrong(format!("must be {what}, not {number}")));
        }
    };
    if let Some(least) = bound("minimum") {
        let holds = if strict("exclusiveMinimum") { number > least } else { number >= least };
        must(holds, format!("at least {least}"));
    }
    if let Some(most) = bound("maximum") {
        let holds = if strict("exclusiveMaximum") { number < most } else { number <= most };
        must(holds, format!("at most {most}"));
    }
    if let Some(least) = bound("exclusiveMinimum") {
        must(number > least, format!("more than {least}"));
    }
    if let Some(most) = bound("exclusiveMaximum") {
        must(number < most, format!("less than {most}"));
    }
    if let Some(step) = bound("multipleOf").filter(|step| *step > 0.0) {
        let times = number / step;
        must((times - times.round()).abs() < 1e-9, format!("a multiple of {step}"));
    }
}

fn is_any_of(kind: &Json, value: &Val) -> bool {
    match kind {
        Json::String(kind) => is_of(kind, value),
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).any(|kind| is_of(kind, value)),
        _ => true,
    }
}

fn is_of(kind: &str, value: &Val) -> bool {
    match (&value.data, kind) {
        (Data::Float(number), "integer") => number.fract() == 0.0,
        (Data::Int(_) | Data::Int64(_), "integer" | "number")
        | (Data::Float(_), "number")
        | (Data::Nil, "null")
        | (Data::Bool(_), "boolean")
        | (Data::Text(_), "string")
        | (Data::List(_), "array")
        | (Data::Map(_), "object") => true,
        _ => false,
    }
}

fn words(kind: &Json) -> String {
    let article = |kind: &str| match kind {
        "integer" | "array" | "object" => format!("an {kind}"),
        "null" => kind.to_owned(),
        _ => format!("a {kind}"),
    };
    match kind {
        Json::Array(kinds) => {
            let kinds: Vec<String> = kinds.iter().filter_map(Json::as_str).map(article).collect();
            kinds.join(" or ")
        }
        kind => article(kind.as_str().unwrap_or("")),
    }
}

fn name_of(value: &Val) -> &'static str {
    match &value.data {
        Data::Nil => "null",
        Data::Bool(_) => "a boolean",
        Data::Int(_) | Data::Int64(_) | Data::Float(_) => "a number",
        Data::Text(_) => "a string",
        Data::List(_) => "an array",
        Data::Map(_) | Data::Object(_) => "an object",
    }
}

fn is_same(wanted: &Json, value: &Val) -> bool {
    match (wanted.as_f64(), &value.data) {
        (Some(wanted), Data::Float(number)) => wanted.to_bits() == number.to_bits(),
        (Some(wanted), Data::Int64(number)) => wanted.to_bits() == (*number as f64).to_bits(),
        _ => json(value) == *wanted,
    }
}

fn json(value: &Val) -> Json {
    match &value.data {
        Data::Nil | Data::Object(_) => Json::Null,
        Data::Bool(value) => Json::Bool(*value),
        Data::Int(number) | Data::Int64(number) => (*number as f64).into(),
        Data::Float(number) => (*number).into(),
        Data::Text(text) => text.as_str().into(),
        Data::List(items) => items.iter().map(json).collect(),
        Data::Map(map) => {
            map.entries().into_iter().map(|(k, slot)| (k.to_string(), json(&slot.value))).collect()
        }
    }
}
