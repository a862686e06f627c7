//! Values printed as TOML: `toToml`.

use super::{DEPTH, View, bounded, float, key_text, located, marked, quote, too_deep, view, whole};
use crate::error::{Error, Result};
use crate::map::{Map, Slot};
use crate::text::{Text, TextBuilder};
use crate::value::Val;
use std::rc::Rc;

/// # Errors
/// What TOML has no form for; what passes the limits.
pub(crate) fn print(val: &Val) -> Result<Text> {
    let mut printer = Printer { out: TextBuilder::new(), made_up: false };
    match view(val) {
        View::Map(map) => printer.table(&mut Vec::new(), &map, val)?,
        View::List(list) if is_tables(&list)? => {
            return Err(Error::execution("toml: top-level values must be Go maps or structs"));
        }
        View::Null => return Err(Error::execution("toml: nothing has no form in TOML")),
        _ => printer.element(val, 0)?,
    }
    Ok(printer.out.finish())
}

type Entry = (Rc<str>, Slot);

/// Whether a value is printed as a section of its own.
fn is_table(val: &Val) -> Result<bool> {
    Ok(match view(val) {
        View::Map(_) => true,
        View::List(list) => is_tables(&list)?,
        _ => false,
    })
}

fn is_tables(list: &[Val]) -> Result<bool> {
    let mut all = !list.is_empty();
    for item in list {
        match view(item) {
            View::Null => {
                return Err(Error::execution("toml: cannot encode array with nil element"));
            }
            View::Map(_) => {}
            View::List(inner) => {
                is_tables(&inner)?;
                all = false;
            }
            _ => all = false,
        }
    }
    Ok(all)
}

struct Printer {
    out: TextBuilder,
    made_up: bool,
}

impl Printer {
    fn end_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push_plain("\n");
        }
    }

    /// Two blanks for each section around the one that a path leads to.
    fn indent(&mut self, path: &[Text]) {
        self.out.push_plain(&"  ".repeat(path.len().saturating_sub(1)));
    }

    fn heading(&mut self, path: &[Text], open: &str, close: &str) {
        self.indent(path);
        self.out.push_plain(open);
        for (at, key) in path.iter().enumerate() {
            if at > 0 {
                self.out.push_plain(".");
            }
            self.key(key);
        }
        self.out.push_plain(close);
        self.end_line();
    }

    /// A key as it is, or quoted if it has other than letters, digits, `_` and `-`.
    fn key(&mut self, key: &Text) {
        let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !key.is_empty() && key.as_str().chars().all(bare) {
            self.out.push_text(key);
        } else {
            self.quoted(key);
        }
    }

    fn text_of(&self, entry: &Entry) -> Text {
        let text = key_text(&entry.0, &entry.1);
        if self.made_up { marked(&text) } else { text }
    }

    /// A map in the form of sections: plain entries first, sections behind them.
    fn table(&mut self, path: &mut Vec<Text>, map: &Map, val: &Val) -> Result<()> {
        if path.len() > DEPTH {
            return Err(too_deep());
        }
        bounded(self.out.len())?;
        let before = self.made_up;
        self.made_up |= val.made_up;
        let (direct, sections) = split(map)?;
        for entry in direct.iter().filter(|entry| !is_nothing(entry)) {
            path.push(self.text_of(entry));
            self.indent(path);
            let key = self.text_of(entry);
            self.key(&key);
            self.out.push_plain(" = ");
            self.element(&entry.1.value, path.len())?;
            self.end_line();
            path.pop();
        }
        for entry in &sections {
            path.push(self.text_of(entry));
            match view(&entry.1.value) {
                View::Map(inner) => {
                    if path.len() == 1 {
                        self.end_line();
                    }
                    self.heading(path, "[", "]");
                    self.table(path, &inner, &entry.1.value)?;
                }
                View::List(list) => {
                    for item in list.iter() {
                        let View::Map(inner) = view(item) else { continue };
                        self.end_line();
                        self.heading(path, "[[", "]]");
                        self.table(path, &inner, item)?;
                    }
                }
                _ => {}
            }
            path.pop();
        }
        self.made_up = before;
        Ok(())
    }

    /// A value behind `=` or within brackets.
    fn element(&mut self, val: &Val, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        bounded(self.out.len())?;
        let before = self.made_up;
        self.made_up |= val.made_up;
        match view(val) {
            View::Null => {
                return Err(Error::execution("toml: cannot encode array with nil element"));
            }
            View::Bool(value) => self.whole(val, if value { "true" } else { "false" }),
            View::Int(value) => self.whole(val, &value.to_string()),
            View::Float(value) => self.whole(val, &number(value)),
            View::Text(text) if text.is_empty() => self.whole(val, "\"\""),
            View::Text(text) => {
                let text = located(val, &text, self.made_up);
                self.quoted(&text);
            }
            View::List(list) if list.is_empty() => self.whole(val, "[]"),
            View::List(list) => {
                for (at, item) in list.iter().enumerate() {
                    self.out.push_plain(if at == 0 { "[" } else { ", " });
                    self.element(item, depth + 1)?;
                }
                self.out.push_plain("]");
            }
            View::Map(map) if map.is_empty() => self.whole(val, "{}"),
            View::Map(map) => {
                let (direct, sections) = split(&map)?;
                self.out.push_plain("{");
                let all = direct.len() + sections.len();
                for (at, entry) in direct.iter().chain(&sections).enumerate() {
                    // The comma in front of it stays, in Go, too.
                    if is_nothing(entry) {
                        continue;
                    }
                    let key = self.text_of(entry);
                    self.key(&key);
                    self.out.push_plain(" = ");
                    self.element(&entry.1.value, depth + 1)?;
                    if at + 1 < all {
                        self.out.push_plain(", ");
                    }
                }
                self.out.push_plain("}");
            }
        }
        self.made_up = before;
        Ok(())
    }

    fn whole(&mut self, val: &Val, text: &str) {
        self.out.push_text(&whole(val, text, self.made_up));
    }

    fn quoted(&mut self, text: &Text) {
        quote(&mut self.out, text, |c| c == '\x7f');
    }
}

fn is_nothing(entry: &Entry) -> bool {
    matches!(view(&entry.1.value), View::Null)
}

/// Entries that are written where they stand, and those with sections of their own.
fn split(map: &Map) -> Result<(Vec<Entry>, Vec<Entry>)> {
    let (mut direct, mut sections) = (Vec::new(), Vec::new());
    for entry in map.entries() {
        if is_table(&entry.1.value)? { &mut sections } else { &mut direct }.push(entry);
    }
    Ok((direct, sections))
}

/// A number with a point or an exponent.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = float::shortest(value);
    if text.contains(['e', '.']) { text } else { text + ".0" }
}
