//! What functions take and give: arguments by position, and how much may be made of them.

use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::function::{Call, Function, Param};
use crate::map::Map;
use crate::text::{Origin, Text, TextBuilder};
use crate::value::{Data, Val};

/// Bytes of text that one call may make.
pub(super) const MAX_TEXT: usize = 16 << 20;
/// Items of a list that one call may make.
pub(super) const MAX_ITEMS: usize = 100_000;
/// Levels of maps and lists that a function walks down; also what stops at maps that hold themselves.
pub(super) const MAX_DEPTH: usize = 256;

type Run = fn(&mut Call<'_>, &[Val]) -> Result<Val>;

/// An entry of a table.
pub(super) const fn fixed(name: &'static str, params: &'static [Param], run: Run) -> Function {
    Function { name, params, variadic: false, run }
}

/// An entry whose last parameter may be repeated or left out.
pub(super) const fn variadic(name: &'static str, params: &'static [Param], run: Run) -> Function {
    Function { name, params, variadic: true, run }
}

fn missing(at: usize) -> Error {
    Error::execution(format!("argument {} is missing", at + 1))
}

fn wrong(value: &Val, expected: &str) -> Error {
    let got = value.type_name();
    Error::execution(format!("wrong type for value; expected {expected}; got {got}"))
}

pub(super) fn any(args: &[Val], at: usize) -> Result<&Val> {
    args.get(at).ok_or_else(|| missing(at))
}

/// The arguments from one on.
pub(super) fn rest(args: &[Val], from: usize) -> &[Val] {
    args.get(from..).unwrap_or_default()
}

pub(super) fn text(args: &[Val], at: usize) -> Result<&Text> {
    let value = any(args, at)?;
    value.as_text().ok_or_else(|| wrong(value, "string"))
}

pub(super) fn str(args: &[Val], at: usize) -> Result<&str> {
    text(args, at).map(Text::as_str)
}

pub(super) fn int(args: &[Val], at: usize) -> Result<i64> {
    match any(args, at)? {
        Val { data: Data::Int(value) | Data::Int64(value), .. } => Ok(*value),
        value => Err(wrong(value, "int")),
    }
}

pub(super) fn float(args: &[Val], at: usize) -> Result<f64> {
    match any(args, at)? {
        Val { data: Data::Float(value), .. } => Ok(*value),
        Val { data: Data::Int(value) | Data::Int64(value), .. } => Ok(*value as f64),
        value => Err(wrong(value, "float64")),
    }
}

pub(super) fn boolean(args: &[Val], at: usize) -> Result<bool> {
    match any(args, at)? {
        Val { data: Data::Bool(value), .. } => Ok(*value),
        value => Err(wrong(value, "bool")),
    }
}

/// A map; Go's nil map is an empty one here.
pub(super) fn map(args: &[Val], at: usize) -> Result<Map> {
    as_map(any(args, at)?)
}

pub(super) fn as_map(value: &Val) -> Result<Map> {
    match &value.data {
        Data::Map(map) => Ok(map.clone()),
        Data::Nil => Ok(Map::new()),
        Data::Object(object) => match object.plain() {
            Some(Val { data: Data::Map(map), .. }) => Ok(map),
            _ => Err(wrong(value, "map[string]interface {}")),
        },
        _ => Err(wrong(value, "map[string]interface {}")),
    }
}

/// The items of a list, `None` for what is none.
pub(super) fn items(value: &Val) -> Option<Rc<Vec<Val>>> {
    match &value.data {
        Data::List(list) => Some(Rc::clone(list)),
        Data::Object(object) => match object.plain() {
            Some(Val { data: Data::List(list), .. }) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

/// A list, for a function that says what it `cannot` do with anything else.
pub(super) fn list(args: &[Val], at: usize, cannot: &str) -> Result<Rc<Vec<Val>>> {
    let value = any(args, at)?;
    items(value).ok_or_else(|| match value.data {
        Data::Nil => Error::execution("a list is needed, but the value is nil"),
        _ => Error::execution(format!("Cannot {cannot} {}", super::reflection::kind(value))),
    })
}

pub(super) fn too_much(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::TooMuch, what)
}

/// Says no to more text than one call may make, and counts what it costs.
pub(super) fn fits_text(call: &mut Call<'_>, bytes: usize) -> Result<()> {
    if bytes > MAX_TEXT {
        return Err(too_much(format!(
            "`{}` would make {bytes} bytes of text, more than {MAX_TEXT}",
            call.name
        )));
    }
    *call.cost += bytes as u64 / 64;
    Ok(())
}

/// Says no to more items than one call may make, and counts what they cost.
pub(super) fn fits_items(call: &mut Call<'_>, count: usize) -> Result<()> {
    if count > MAX_ITEMS {
        return Err(too_much(format!(
            "`{}` would make a list of {count} items, more than {MAX_ITEMS}",
            call.name
        )));
    }
    *call.cost += count as u64 / 4;
    Ok(())
}

pub(super) fn too_deep(call: &Call<'_>) -> Error {
    too_much(format!(
        "`{}` met a value nested deeper than {MAX_DEPTH} levels, or one that holds itself",
        call.name
    ))
}

/// Text that stands for what only chance, a clock or a network can tell.
pub(super) fn made_up(text: impl Into<Rc<str>>) -> Val {
    Val::text(made_up_text(text)).made_up()
}

pub(super) fn made_up_text(text: impl Into<Rc<str>>) -> Text {
    Text::of(text, Origin { made_up: true, ..Origin::default() })
}

/// A text with each stretch changed for itself; what the change leaves as it is keeps its bytes' places.
pub(super) fn each_run(text: &Text, mut change: impl FnMut(&str) -> String) -> Text {
    let mut runs = text.runs().peekable();
    if runs.peek().is_none() {
        return Text::plain(change(text.as_str()));
    }
    let mut made = TextBuilder::new();
    for (range, origin) in runs {
        let old = text.as_str().get(range).unwrap_or_default();
        let new = change(old);
        made.push(&new, if new == old { origin.clone() } else { origin.printed() });
    }
    made.finish()
}

/// The origin of the byte at a place, as printed anew.
pub(super) fn origin_at(text: &Text, at: usize) -> Origin {
    text.runs_in(at..at + 1).next().map(|(_, origin)| origin.printed()).unwrap_or_default()
}
