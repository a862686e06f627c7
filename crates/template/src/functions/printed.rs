//! How values are printed: Go's `%v` and `%q`.

use std::fmt::Write as _;

use super::args::{MAX_DEPTH, MAX_TEXT, origin_at, too_much};
use crate::error::Result;
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Val};

/// A value as `%v` prints it; texts keep the places of their bytes.
pub(super) fn print(value: &Val) -> Result<Text> {
    if let Data::Text(text) = &value.data {
        return Ok(text.clone());
    }
    let mut out = String::new();
    write(&mut out, value, 0)?;
    Ok(Text::of(out, value.printed_origin()))
}

fn write(out: &mut String, value: &Val, depth: usize) -> Result<()> {
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
        Data::Float(value) => out.push_str(&float(*value)),
        Data::Text(text) => out.push_str(text.as_str()),
        Data::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                write(out, item, depth + 1)?;
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
                write(out, &slot.value, depth + 1)?;
            }
            out.push(']');
        }
        Data::Object(object) => out.push_str(&object.print()),
    }
    Ok(())
}

/// A `float64` as `%v` prints it: the shortest digits that read back as the same number.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let shortest = format!("{value:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
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
