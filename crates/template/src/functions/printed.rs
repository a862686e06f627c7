//! How values are printed: Go's `%v` and `%q`.

use std::fmt::Write as _;

use super::args::{MAX_DEPTH, MAX_TEXT, origin_at, too_much};
use crate::error::Result;
use crate::fmt;
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Val};

/// A value as `%v` prints it; texts keep the places of their bytes.
pub(super) fn print(value: &Val) -> Result<Text> {
    if let Data::Text(text) = &value.data {
        return Ok(text.clone());
    }
    let mut out = String::new();
    let mut origin = value.printed_origin();
    write(&mut out, value, 0, &mut origin.made_up)?;
    Ok(Text::of(out, origin))
}

fn write(out: &mut String, value: &Val, depth: usize, made_up: &mut bool) -> Result<()> {
    *made_up |= value.made_up;
    if depth > MAX_DEPTH {
        return Err(too_much("the value to print is nested too deep, or holds itself"));
    }
    if out.len() > MAX_TEXT {
        return Err(too_much("the value to print is too large"));
    }
    match &value.data {
        Data::Nil => out.push_str("<nil>"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Int(value) | Data::Int64(value) => {
            let _ = write!(out, "{value}");
        }
        Data::Float(value) => out.push_str(&fmt::float(*value)),
        Data::Text(text) => {
            *made_up |= text.runs().any(|(_, origin)| origin.made_up);
            out.push_str(text.as_str());
        }
        Data::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                write(out, item, depth + 1, made_up)?;
            }
            out.push(']');
        }
        Data::Map(map) => {
            out.push_str("map[");
            for (at, (key, slot)) in map.entries().into_iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                out.push_str(&key);
                out.push(':');
                write(out, &slot.value, depth + 1, made_up)?;
            }
            out.push(']');
        }
        Data::Object(object) => out.push_str(&object.print()),
    }
    Ok(())
}

/// A text in double quotes, with what Go escapes escaped.
pub(super) fn quote(text: &Text, made: &mut TextBuilder) {
    made.push_plain("\"");
    let all = text.as_str();
    let mut start = 0;
    for (at, c) in all.char_indices() {
        let Some(escape) = escaped(c) else { continue };
        made.push_slice(text, start..at);
        made.push(&escape, origin_at(text, at));
        start = at + c.len_utf8();
    }
    made.push_slice(text, start..all.len());
    made.push_plain("\"");
}

fn escaped(c: char) -> Option<String> {
    Some(match c {
        ' '..='~' if c != '"' && c != '\\' => return None,
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\x07' => "\\a".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\x0c' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\x0b' => "\\v".to_owned(),
        '\0'..='\x7f' => format!("\\x{:02x}", u32::from(c)),
        _ if is_printable(c) => return None,
        '\u{80}'..='\u{ffff}' => format!("\\u{:04x}", u32::from(c)),
        _ => format!("\\U{:08x}", u32::from(c)),
    })
}

/// Letters, marks, numbers, punctuation and symbols: what the standard library prints as it is
/// behind another character.
fn is_printable(c: char) -> bool {
    let mut pair = String::from("a");
    pair.push(c);
    pair.escape_debug().count() == 2
}
