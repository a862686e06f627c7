//! Values printed as JSON: `toJson`, `toPrettyJson`, `toRawJson`.

use super::{DEPTH, View, bounded, float, key_text, located, marked, quote, too_deep, view, whole};
use crate::error::{Error, Result};
use crate::text::{Text, TextBuilder};
use crate::value::Val;

/// How JSON is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// A line per entry, two blanks per level.
    pub(crate) pretty: bool,
    /// `<`, `>` and `&` as they are.
    pub(crate) raw: bool,
}

/// # Errors
/// Numbers that are none; what passes the limits.
pub(crate) fn print(val: &Val, style: Style) -> Result<Text> {
    let mut printer = Printer { out: TextBuilder::new(), style, made_up: false };
    printer.node(val, 0)?;
    Ok(printer.out.finish())
}

struct Printer {
    out: TextBuilder,
    style: Style,
    made_up: bool,
}

impl Printer {
    fn node(&mut self, val: &Val, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        bounded(self.out.len())?;
        let before = self.made_up;
        self.made_up |= val.made_up;
        match view(val) {
            View::Null => self.whole(val, "null"),
            View::Bool(value) => self.whole(val, if value { "true" } else { "false" }),
            View::Int(value) => self.whole(val, &value.to_string()),
            View::Float(value) => {
                let text = float::json(value).ok_or_else(|| {
                    let value = float::shortest(value);
                    Error::execution(format!("json: unsupported value: {value}"))
                })?;
                self.whole(val, &text);
            }
            View::Text(text) if text.is_empty() => self.whole(val, "\"\""),
            View::Text(text) => self.string(&located(val, &text, self.made_up)),
            View::List(list) if list.is_empty() => self.whole(val, "[]"),
            View::List(list) => {
                for (at, item) in list.iter().enumerate() {
                    self.out.push_plain(if at == 0 { "[" } else { "," });
                    self.line(depth + 1);
                    self.node(item, depth + 1)?;
                }
                self.line(depth);
                self.out.push_plain("]");
            }
            View::Map(map) if map.is_empty() => self.whole(val, "{}"),
            View::Map(map) => {
                for (at, (key, slot)) in map.entries().iter().enumerate() {
                    self.out.push_plain(if at == 0 { "{" } else { "," });
                    self.line(depth + 1);
                    let mut text = key_text(key, slot);
                    if self.made_up {
                        text = marked(&text);
                    }
                    self.string(&text);
                    self.out.push_plain(if self.style.pretty { ": " } else { ":" });
                    self.node(&slot.value, depth + 1)?;
                }
                self.line(depth);
                self.out.push_plain("}");
            }
        }
        self.made_up = before;
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if self.style.pretty {
            self.out.push_plain("\n");
            self.out.push_plain(&"  ".repeat(depth));
        }
    }

    fn whole(&mut self, val: &Val, text: &str) {
        self.out.push_text(&whole(val, text, self.made_up));
    }

    fn string(&mut self, text: &Text) {
        let raw = self.style.raw;
        quote(&mut self.out, text, |c| {
            matches!(c, '\u{2028}' | '\u{2029}') || !raw && matches!(c, '<' | '>' | '&')
        });
    }
}
