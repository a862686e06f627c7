//! Values as YAML, JSON and TOML, byte for byte as Helm prints them, and texts of those read back.

pub(crate) mod float;
pub(crate) mod json;
mod order;
mod plain;
pub(crate) mod read_json;
pub(crate) mod read_toml;
pub(crate) mod read_yaml;
mod style;
mod time;
pub(crate) mod toml;
pub(crate) mod yaml;

use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::map::{Map, Slot};
use crate::text::{Origin, Text, TextBuilder};
use crate::value::{Data, Val, is_no_list};

/// Collections within collections; what nests deeper holds itself, or is made to do harm.
const DEPTH: usize = 256;

/// Bytes of one text.
const OUTPUT: usize = 16 << 20;

/// What a value is to a printer.
enum View {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
    List(Rc<Vec<Val>>),
    Map(Map),
}

fn view(val: &Val) -> View {
    match &val.data {
        Data::Nil => View::Null,
        Data::Bool(value) => View::Bool(*value),
        Data::Int(value) | Data::Int64(value) => View::Int(*value),
        Data::Float(value) => View::Float(*value),
        Data::Text(text) => View::Text(text.clone()),
        Data::List(list) if is_no_list(list) => View::Null,
        Data::List(list) => View::List(Rc::clone(list)),
        Data::Map(map) => View::Map(map.clone()),
        Data::Object(object) => match object.plain() {
            Some(plain) if !matches!(plain.data, Data::Object(_)) => view(&plain),
            _ => View::Text(Text::plain(object.print())),
        },
    }
}

/// The text of a value with its origin on every stretch.
fn located(val: &Val, text: &Text, made_up: bool) -> Text {
    let has_value = text.runs().any(|(_, origin)| origin.value.is_some());
    let text = if val.origin.is_some() && !has_value {
        Text::of(text.as_str(), val.printed_origin())
    } else {
        text.clone()
    };
    if made_up { marked(&text) } else { text }
}

/// Text that stands for a whole value.
fn whole(val: &Val, text: &str, made_up: bool) -> Text {
    let origin = val.printed_origin();
    Text::of(text, Origin { made_up: origin.made_up || made_up, ..origin })
}

/// The origin of what is printed in place of the character at a byte.
fn origin_at(text: &Text, at: usize) -> Origin {
    let origin = text.runs_in(at..at + 1).next().map(|(_, origin)| origin);
    origin.or_else(|| text.origin()).map(|origin| origin.printed()).unwrap_or_default()
}

/// Prints a text between double quotes. `escaped` says which characters are written as code points
/// beside those that JSON and TOML escape alike.
fn quote(out: &mut TextBuilder, text: &Text, escaped: impl Fn(char) -> bool) {
    let value = text.as_str();
    out.push("\"", origin_at(text, 0));
    let mut from = 0;
    for (at, c) in value.char_indices() {
        let escape = match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\x08' => "\\b".to_owned(),
            '\x0c' => "\\f".to_owned(),
            c if c <= '\x1f' || escaped(c) => format!("\\u{:04x}", u32::from(c)),
            _ => continue,
        };
        out.push_slice(text, from..at);
        out.push(&escape, origin_at(text, at));
        from = at + c.len_utf8();
    }
    out.push_slice(text, from..value.len());
    out.push("\"", origin_at(text, value.len().saturating_sub(1)));
}

/// The same, made up from end to end.
fn marked(text: &Text) -> Text {
    if text.runs().next().is_none() {
        return Text::of(text.as_str(), Origin { made_up: true, ..Origin::default() });
    }
    let mut all = TextBuilder::new();
    for (range, origin) in text.runs() {
        let part = text.as_str().get(range).unwrap_or("");
        all.push(part, Origin { made_up: true, ..origin.clone() });
    }
    all.finish()
}

/// A key's text with the place where it is written.
fn key_text(key: &Rc<str>, slot: &Slot) -> Text {
    let origin = slot.key.as_ref().map(|origin| {
        let exact = origin.content.is_some();
        let origin = Origin::of_value(Rc::clone(origin));
        if exact { origin } else { origin.printed() }
    });
    Text::of(Rc::clone(key), origin.unwrap_or_default())
}

fn too_deep() -> Error {
    Error::new(ErrorKind::TooMuch, format!("a value nests more than {DEPTH} levels deep"))
}

fn bounded(length: usize) -> Result<()> {
    if length <= OUTPUT {
        return Ok(());
    }
    let limit = OUTPUT >> 20;
    Err(Error::new(ErrorKind::TooMuch, format!("a value prints as more than {limit} MiB of text")))
}

#[cfg(test)]
mod tests;
