//! The functions that Go's templates bring along, and Helm's that only look at what they are given:
//! `required`, `fail`, `lookup`. `and`, `or`, `include` and `tpl` live in the executor; of `slice` sprig
//! has its own.

#![allow(clippy::unnecessary_wraps)] // the table says what they return

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::rc::Rc;

use crate::bytes::bytes_of_text;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::missing;
use crate::fmt;
use crate::function::{Call, Function, Param};
use crate::map::Map;
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Val, ValueOrigin};

type Run = fn(&mut Call<'_>, &[Val]) -> Result<Val>;

const fn function(
    name: &'static str,
    params: &'static [Param],
    variadic: bool,
    run: Run,
) -> Function {
    Function { name, params, variadic, run }
}

const ONE: &[Param] = &[Param::Any];
const TWO: &[Param] = &[Param::Any, Param::Any];

pub(super) static TABLE: &[Function] = &[
    function("len", ONE, false, len),
    function("index", TWO, true, index),
    function("not", ONE, false, not),
    function("eq", TWO, true, eq),
    function("ne", TWO, false, ne),
    function("lt", TWO, false, lt),
    function("le", TWO, false, le),
    function("gt", TWO, false, gt),
    function("ge", TWO, false, ge),
    function("print", ONE, true, print),
    function("println", ONE, true, println),
    function("printf", &[Param::Text, Param::Any], true, printf),
    function("html", ONE, true, html),
    function("js", ONE, true, js),
    function("urlquery", ONE, true, urlquery),
    function("call", TWO, true, call),
    function("required", &[Param::Text, Param::Any], false, required),
    function("fail", &[Param::Text], false, fail),
    function("lookup", &[Param::Text, Param::Text, Param::Text, Param::Text], false, lookup),
];

fn error<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::execution(message))
}

fn one(given: &[Val]) -> Val {
    given.first().cloned().unwrap_or_default()
}

fn rest(given: &[Val]) -> &[Val] {
    given.get(1..).unwrap_or_default()
}

/// The list or map that stands for an object, or the value itself.
fn plain(value: Val) -> Val {
    match &value.data {
        Data::Object(object) => object.plain().unwrap_or(value),
        _ => value,
    }
}

fn len(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    let value = plain(one(given));
    let length = match &value.data {
        Data::Text(text) => bytes_of_text(text.as_str()).len(),
        Data::List(list) => list.len(),
        Data::Map(map) => map.len(),
        Data::Nil => return error("len of nil pointer"),
        _ => return error(format!("len of type {}", value.type_name())),
    };
    Ok(Val::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// A number that counts items, at most `most`.
fn position(value: &Val, most: usize) -> Result<usize> {
    let number = match &value.data {
        Data::Int(number) | Data::Int64(number) => *number,
        Data::Nil => return error("cannot index slice/array with nil"),
        _ => {
            let message = format!("cannot index slice/array with type {}", value.type_name());
            return error(message);
        }
    };
    match usize::try_from(number) {
        Ok(at) if at <= most => Ok(at),
        _ => error(format!("index out of range: {number}")),
    }
}

fn index(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    let mut item = one(given);
    if item.is_nil() {
        return error("index of untyped nil");
    }
    let mut key = None;
    for at in rest(given) {
        item = plain(item);
        item = match &item.data {
            Data::Nil => return error("index of nil pointer"),
            Data::List(list) => {
                let at = position(at, list.len())?;
                match list.get(at) {
                    Some(found) => found.clone(),
                    None => return error(format!("index out of range: {at}")),
                }
            }
            Data::Text(text) => {
                let at = position(at, text.len())?;
                match text.as_str().as_bytes().get(at) {
                    Some(byte) => Val::int(i64::from(*byte)),
                    None => return error(format!("index out of range: {at}")),
                }
            }
            Data::Map(map) => match &at.data {
                Data::Text(name) => field_of(map, &item, &mut key, name.as_str()),
                Data::Nil => return error("value is nil; should be of type string"),
                _ => {
                    let message = format!("value has type {}; should be string", at.type_name());
                    return error(message);
                }
            },
            _ => return error(format!("can't index item of type {}", item.type_name())),
        };
    }
    Ok(item)
}

/// A value of a map; one that is missing is nothing, and says where it would stand.
fn field_of(map: &Map, of: &Val, key: &mut Option<Rc<ValueOrigin>>, name: &str) -> Val {
    if let Some(slot) = map.slot(name) {
        *key = slot.key;
        return slot.value;
    }
    missing(of.origin.as_ref(), key.take().as_ref(), name)
}

fn not(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::bool(!one(given).is_true()))
}

/// Go's basic kinds.
#[derive(PartialEq)]
enum Kind {
    None,
    Bool,
    Int,
    Float,
    Text,
}

fn kind(value: &Val) -> Kind {
    match &value.data {
        Data::Bool(_) => Kind::Bool,
        Data::Int(_) | Data::Int64(_) => Kind::Int,
        Data::Float(_) => Kind::Float,
        Data::Text(_) => Kind::Text,
        Data::Nil | Data::List(_) | Data::Map(_) | Data::Object(_) => Kind::None,
    }
}

fn incompatible<T>(left: &Val, right: &Val) -> Result<T> {
    let (left, right) = (left.type_name(), right.type_name());
    error(format!("incompatible types for comparison: {left} and {right}"))
}

fn equal(left: &Val, right: &Val) -> Result<bool> {
    Ok(match (&left.data, &right.data) {
        (Data::Nil, Data::Nil) => true,
        (Data::Nil, _) | (_, Data::Nil) => false,
        (Data::Bool(left), Data::Bool(right)) => left == right,
        (Data::Int(left) | Data::Int64(left), Data::Int(right) | Data::Int64(right)) => {
            left == right
        }
        #[allow(clippy::float_cmp)] // as Go does
        (Data::Float(left), Data::Float(right)) => left == right,
        (Data::Text(left), Data::Text(right)) => left == right,
        _ if kind(left) != kind(right) => return incompatible(left, right),
        (Data::Object(a), Data::Object(b)) => Rc::ptr_eq(a, b),
        _ => {
            let (left, right) = (left.type_name(), right.type_name());
            return error(format!("non-comparable type {left}: {right}"));
        }
    })
}

fn eq(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    let Some((left, others)) = given.split_first().filter(|(_, others)| !others.is_empty()) else {
        return error("missing argument for comparison");
    };
    for other in others {
        if equal(left, other)? {
            return Ok(Val::bool(true));
        }
    }
    Ok(Val::bool(false))
}

fn ne(call: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::bool(!eq(call, given)?.is_true()))
}

/// `None` if one is no number.
fn order(given: &[Val]) -> Result<Option<Ordering>> {
    let [left, right] = given else { return error("missing argument for comparison") };
    if kind(left) == Kind::None || kind(right) == Kind::None {
        return error("invalid type for comparison");
    }
    match (&left.data, &right.data) {
        (Data::Int(left) | Data::Int64(left), Data::Int(right) | Data::Int64(right)) => {
            Ok(Some(left.cmp(right)))
        }
        (Data::Float(left), Data::Float(right)) => Ok(left.partial_cmp(right)),
        (Data::Text(left), Data::Text(right)) => Ok(Some(left.as_str().cmp(right.as_str()))),
        (Data::Bool(_), Data::Bool(_)) => error("invalid type for comparison"),
        _ => incompatible(left, right),
    }
}

fn lt(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::bool(order(given)? == Some(Ordering::Less)))
}

fn le(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::bool(matches!(order(given)?, Some(Ordering::Less | Ordering::Equal))))
}

fn gt(call: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::bool(!le(call, given)?.is_true()))
}

fn ge(call: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::bool(!lt(call, given)?.is_true()))
}

fn print(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::text(fmt::sprint(given)))
}

fn println(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(Val::text(fmt::sprintln(given)))
}

fn printf(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    let Some(format) = given.first().and_then(Val::as_text) else { return error("no format") };
    Ok(Val::text(fmt::sprintf(format, rest(given))))
}

/// What the escaping functions print their arguments as.
fn shown(given: &[Val]) -> Text {
    let as_printed =
        |value: &Val| if value.is_nil() { Val::text("<no value>") } else { value.clone() };
    match given {
        [one] => fmt::sprint(&[as_printed(one)]),
        more => fmt::sprint(&more.iter().map(as_printed).collect::<Vec<_>>()),
    }
}

/// Puts something in the place of each character that needs it; the others keep their places.
fn escaped(text: &Text, escape: impl Fn(char) -> Option<String>) -> Val {
    let mut out = TextBuilder::new();
    let mut from = 0;
    for (at, c) in text.as_str().char_indices() {
        if let Some(replacement) = escape(c) {
            out.push_slice(text, from..at);
            let origin = text.slice(at..at + c.len_utf8()).origin().unwrap_or_default();
            out.push(&replacement, origin.printed());
            from = at + c.len_utf8();
        }
    }
    out.push_slice(text, from..text.len());
    Val::text(out.finish())
}

fn html(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(escaped(&shown(given), |c| {
        let entity = match c {
            '\0' => "\u{fffd}",
            '"' => "&#34;",
            '\'' => "&#39;",
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => return None,
        };
        Some(entity.to_owned())
    }))
}

fn js(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(escaped(&shown(given), |c| match c {
        '\\' | '\'' | '"' => Some(format!("\\{c}")),
        '<' | '>' | '&' | '=' => Some(format!("\\u{:04X}", u32::from(c))),
        c if c < ' ' || (!c.is_ascii() && !fmt::is_printed(c)) => {
            Some(format!("\\u{:04X}", u32::from(c)))
        }
        _ => None,
    }))
}

fn urlquery(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Ok(escaped(&shown(given), |c| match c {
        ' ' => Some("+".to_owned()),
        c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~') => None,
        c => {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).bytes();
            Some(bytes.fold(String::new(), |mut code, byte| {
                let _ = write!(code, "%{byte:02X}");
                code
            }))
        }
    }))
}

fn call(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    let value = one(given);
    if value.is_nil() {
        return error("call of nil");
    }
    error(format!("non-function of type {}", value.type_name()))
}

fn required(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    let [warning, value] = given else { return error("required takes two arguments") };
    if value.is_nil() || value.as_str().is_some_and(str::is_empty) {
        return Err(Error::new(ErrorKind::Fail, warning.as_str().unwrap_or("")));
    }
    Ok(value.clone())
}

fn fail(_: &mut Call<'_>, given: &[Val]) -> Result<Val> {
    Err(Error::new(ErrorKind::Fail, one(given).as_str().unwrap_or("")))
}

/// No cluster is asked: nothing is found, as `helm template` has it.
fn lookup(_: &mut Call<'_>, _: &[Val]) -> Result<Val> {
    Ok(Val::map(Map::new()).made_up())
}
