//! What templates print, compared with the real tool where in doubt.

mod language;
mod limits;
mod places;

use std::rc::Rc;
use std::sync::Arc;

use kubeready_manifest::source::{SourceId, Span};

use super::{Engine, Limits, Output, Parsed};
use crate::error::{Error, Result};
use crate::map::{Map, Slot};
use crate::path::Path;
use crate::text::{Origin, Text};
use crate::value::{Data, Val, ValueOrigin};

const VALUES: SourceId = SourceId(9);

/// Values as `key=value` lines: numbers, `true`, `nil`, `[]`, `{}`, else strings; nested by dots.
/// Each value has a span of its own length, at ten times its line's number.
fn values(lines: &str) -> Map {
    let origin = |path: Path, start: u32, length: u32, scalar: bool| {
        let span = Span { source: VALUES, start, end: start + length };
        Rc::new(ValueOrigin { path, span, content: scalar.then_some(start), written: true })
    };
    let root = Map::new();
    for (number, line) in lines.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let (path, value) = line.split_once('=').unwrap_or((line, ""));
        let start = 10 * number as u32;
        let mut map = root.clone();
        let mut here = Path::root();
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            here = here.key(step);
            if steps.peek().is_some() {
                let inner = match map.get(step) {
                    Some(Val { data: Data::Map(inner), .. }) => inner,
                    _ => {
                        let inner = Map::new();
                        let mut value = Val::map(inner.clone());
                        value.origin = Some(origin(here.clone(), start, 3, false));
                        let key = Some(origin(here.clone(), start, 1, true));
                        map.set_slot(step, Slot { value, key });
                        inner
                    }
                };
                map = inner;
                continue;
            }
            let place = origin(here.clone(), start, value.len() as u32, true);
            let data = match value {
                "true" => Data::Bool(true),
                "false" => Data::Bool(false),
                "nil" => Data::Nil,
                "{}" => Data::Map(Map::new()),
                "[]" => Data::List(Rc::new(Vec::new())),
                list if list.starts_with('[') => {
                    let items = list.trim_matches(['[', ']']).split(',');
                    Data::List(Rc::new(items.map(Val::text).collect()))
                }
                _ => match value.parse() {
                    Ok(number) => Data::Float(number),
                    Err(_) => Data::Text(Text::of(value, Origin::of_value(Rc::clone(&place)))),
                },
            };
            let value = Val { data, origin: Some(place), made_up: false };
            map.set_slot(step, Slot { value, key: None });
        }
    }
    root
}

fn dot(lines: &str) -> Val {
    let dot = Map::new();
    let mut values = Val::map(values(lines));
    values.origin = Some(Rc::new(ValueOrigin {
        path: Path::root(),
        span: Span { source: VALUES, start: 0, end: 0 },
        content: None,
        written: true,
    }));
    dot.set("Values", values);
    Val::map(dot)
}

fn engine(templates: &[&str]) -> Result<Engine> {
    engine_within(Limits::default(), templates)
}

/// Templates named `0`, `1` …, each the source of its number.
fn engine_within(limits: Limits, templates: &[&str]) -> Result<Engine> {
    let mut engine = Engine::new(limits);
    for (at, text) in templates.iter().enumerate() {
        let source = SourceId(at as u32);
        let parsed = Parsed::parse(text, source)?;
        let span = Span { source, start: 0, end: text.len() as u32 };
        engine.add(&at.to_string(), Arc::new(parsed), Text::of(*text, Origin::literal(span)));
    }
    Ok(engine)
}

fn output(template: &str, values: &str) -> Result<Output> {
    engine(&[template])?.execute("0", dot(values))
}

/// What a template prints, or its failure.
fn run(template: &str, values: &str) -> String {
    match output(template, values) {
        Ok(output) => output.text.as_str().to_owned(),
        Err(error) => format!("!{error}"),
    }
}

fn failure(template: &str, values: &str) -> Error {
    output(template, values).expect_err("fails")
}
