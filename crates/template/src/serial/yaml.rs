//! Values printed as YAML: `toYaml` and `toYamlPretty`.

use std::rc::Rc;

use super::order::{self, Order};
use super::style::{self, is_break, is_printable};
use super::{
    DEPTH, View, bounded, float, key_text, located, marked, origin_at, plain, too_deep, view, whole,
};
use crate::error::{Error, Result};
use crate::map::Map;
use crate::text::{Text, TextBuilder};
use crate::value::Val;

/// Column behind which `toYaml` breaks a line at the next blank.
const WIDTH: usize = 80;

/// Bytes of a key behind which Go writes it with a `?` of its own.
const SIMPLE_KEY: usize = 128;

/// Characters of a key, in JSON, that Go's YAML reader takes.
const READABLE_KEY: usize = 1024;

/// As `toYaml`: keys sorted, lists at the column of their key, long lines broken.
///
/// # Errors
/// What no JSON can hold; what passes the limits.
pub(crate) fn print(val: &Val) -> Result<Text> {
    Printer::new(Order::Compact).document(val)
}

/// As `toYamlPretty`: lists indented, lines as long as they are.
///
/// # Errors
/// What passes the limits.
pub(crate) fn print_pretty(val: &Val) -> Result<Text> {
    Printer::new(Order::Pretty).document(val)
}

/// Where a node stands; the names are those of what can be asked of a node's parent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The root, or an item of a list.
    Item,
    /// A key.
    Key,
    /// The value of a key, or a key with a `?`.
    Entry,
}

/// The state that Go's printer keeps between two tokens: what is written in front of the next one
/// depends on it in ways that no tree shows.
struct Printer {
    out: TextBuilder,
    order: Order,
    /// Characters on this line.
    column: usize,
    /// Columns that lines below begin with; `None` outside of everything.
    indent: Option<usize>,
    /// The last thing written was a blank, or may stand for one.
    whitespace: bool,
    /// Nothing but indentation and indicators stands on this line.
    indention: bool,
    made_up: bool,
}

impl Printer {
    fn new(order: Order) -> Self {
        Self {
            out: TextBuilder::new(),
            order,
            column: 0,
            indent: None,
            whitespace: true,
            indention: true,
            made_up: false,
        }
    }

    fn document(mut self, val: &Val) -> Result<Text> {
        self.node(val, Place::Item, 0)?;
        let text = self.out.finish();
        let end = text.as_str().strip_suffix('\n').unwrap_or(text.as_str()).len();
        Ok(text.slice(0..end))
    }

    fn node(&mut self, val: &Val, place: Place, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        bounded(self.out.len())?;
        let before = self.made_up;
        self.made_up |= val.made_up;
        let simple = match view(val) {
            View::List(list) => {
                self.list(&list, val, place, depth)?;
                None
            }
            View::Map(map) => {
                self.map(&map, val, place, depth)?;
                None
            }
            // Nothing has no stretch of its own: its quotes stand for it.
            View::Text(text) if text.is_empty() => Some("\"\"".to_owned()),
            View::Text(text) => {
                self.string(&located(val, &text, self.made_up), place)?;
                None
            }
            View::Null => Some("null".to_owned()),
            View::Bool(value) => Some(value.to_string()),
            View::Int(value) => Some(value.to_string()),
            View::Float(value) => Some(self.float(value)?),
        };
        if let Some(text) = simple {
            let text = whole(val, &text, self.made_up);
            self.indented(|this| this.plain(&text, place));
        }
        self.made_up = before;
        Ok(())
    }

    /// `toYaml` goes through JSON, where whole numbers are integers.
    fn float(&self, value: f64) -> Result<String> {
        let unsupported = || {
            let value = float::shortest(value);
            Error::execution(format!(
                "error marshaling into JSON: json: unsupported value: {value}"
            ))
        };
        if self.order == Order::Pretty {
            return Ok(match value {
                f64::INFINITY => ".inf".to_owned(),
                f64::NEG_INFINITY => "-.inf".to_owned(),
                value if value.is_nan() => ".nan".to_owned(),
                value => float::shortest(value),
            });
        }
        let json = float::json(value).ok_or_else(unsupported)?;
        if json == "-0" {
            return Ok("0".to_owned());
        }
        if json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok() {
            return Ok(json);
        }
        Ok(float::shortest(value))
    }

    fn list(&mut self, list: &Rc<Vec<Val>>, val: &Val, place: Place, depth: usize) -> Result<()> {
        if list.is_empty() {
            let text = whole(val, "[]", self.made_up);
            self.empty(&text);
            return Ok(());
        }
        let outer = self.indent;
        // Right behind a key a list begins at the key's own column.
        let compact = self.order == Order::Compact && place == Place::Entry && !self.indention;
        if !compact || outer.is_none() {
            self.indent = Some(outer.map_or(0, |columns| columns + 2));
        }
        for item in list.iter() {
            self.start_line();
            self.indicator("-", true, false, true);
            self.node(item, Place::Item, depth + 1)?;
        }
        self.indent = outer;
        Ok(())
    }

    fn map(&mut self, map: &Map, val: &Val, _place: Place, depth: usize) -> Result<()> {
        let mut entries = map.entries();
        if entries.is_empty() {
            let text = whole(val, "{}", self.made_up);
            self.empty(&text);
            return Ok(());
        }
        order::sort(&mut entries, self.order);
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |columns| columns + 2));
        for (key, slot) in &entries {
            let mut text = key_text(key, slot);
            if self.made_up {
                text = marked(&text);
            }
            self.start_line();
            let allowed = style::analyse(key, self.order == Order::Pretty);
            if !allowed.multiline && key.len() <= SIMPLE_KEY {
                self.string(&text, Place::Key)?;
                self.indicator(":", false, false, false);
            } else {
                if self.order == Order::Compact && key.chars().count() > READABLE_KEY {
                    return Err(Error::execution("yaml: a key is longer than 1024 characters"));
                }
                self.indicator("?", true, false, true);
                self.string(&text, Place::Entry)?;
                self.start_line();
                self.indicator(":", true, false, true);
            }
            self.node(&slot.value, Place::Entry, depth + 1)?;
        }
        self.indent = outer;
        Ok(())
    }

    /// An empty collection.
    fn empty(&mut self, text: &Text) {
        self.separate();
        self.column += text.len();
        self.out.push_text(text);
        self.whitespace = false;
        self.indention = false;
    }

    fn string(&mut self, text: &Text, place: Place) -> Result<()> {
        let value = text.as_str();
        let readable =
            |c: char| !matches!(c, '\x7f'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') || c == '\u{85}';
        if self.order == Order::Compact && !value.chars().all(readable) {
            return Err(Error::execution("yaml: control characters are not allowed"));
        }
        let allowed = style::analyse(value, self.order == Order::Pretty);
        let is_key = place == Place::Key;
        self.indented(|this| {
            if value.contains('\n') {
                if allowed.block && !is_key {
                    this.literal(text);
                } else {
                    this.double_quoted(text, place);
                }
            } else if plain::reads_as_other(value) || (is_key && allowed.multiline) {
                this.double_quoted(text, place);
            } else if allowed.plain && !value.is_empty() {
                this.plain(text, place);
            } else if allowed.single_quoted {
                this.single_quoted(text, place);
            } else {
                this.double_quoted(text, place);
            }
        });
        Ok(())
    }

    /// Lines of a scalar behind its first stand two columns further in.
    fn indented(&mut self, print: impl FnOnce(&mut Self)) {
        let outer = self.indent;
        self.indent = Some(outer.map_or(2, |columns| columns + 2));
        print(self);
        self.indent = outer;
    }

    fn put(&mut self, text: &str) {
        self.column += text.chars().count();
        self.out.push_plain(text);
    }

    fn end_line(&mut self) {
        self.out.push_plain("\n");
        self.column = 0;
        self.indention = true;
    }

    fn separate(&mut self) {
        if !self.whitespace {
            self.put(" ");
        }
    }

    /// Goes to the column where lines begin, on a new line unless this one is still blank up to it.
    fn start_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let beyond = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || beyond {
            self.end_line();
        }
        if let Some(missing) = indent.checked_sub(self.column) {
            self.put(&" ".repeat(missing));
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, separated: bool, whitespace: bool, indention: bool) {
        if separated {
            self.separate();
        }
        self.put(text);
        self.whitespace = whitespace;
        self.indention &= indention;
    }

    /// Characters of a text that need no escape.
    fn stretch(&mut self, text: &Text, from: usize, to: usize) {
        let part = text.as_str().get(from..to).unwrap_or("");
        self.column += part.chars().count();
        self.out.push_slice(text, from..to);
    }

    /// Characters printed in the place of the one at `at`.
    fn instead(&mut self, text: &Text, at: usize, print: &str) {
        self.column += print.chars().count();
        self.out.push(print, origin_at(text, at));
    }

    fn folds(&self, place: Place) -> bool {
        self.order == Order::Compact && place != Place::Key && self.column > WIDTH
    }

    fn plain(&mut self, text: &Text, place: Place) {
        self.separate();
        let bytes = text.as_str().as_bytes();
        let mut spaces = false;
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if *byte != b' ' {
                spaces = false;
                continue;
            }
            self.stretch(text, from, at);
            from = at;
            if self.folds(place) && !spaces && bytes.get(at + 1) != Some(&b' ') {
                self.start_line();
                from = at + 1;
            }
            spaces = true;
        }
        self.stretch(text, from, bytes.len());
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &Text, place: Place) {
        self.separate();
        self.instead(text, 0, "'");
        self.whitespace = false;
        self.indention = false;
        let value = text.as_str();
        let (mut spaces, mut breaks) = (false, false);
        let mut from = 0;
        for (at, c) in value.char_indices() {
            if c == ' ' {
                self.stretch(text, from, at);
                from = at;
                let next = value.as_bytes().get(at + 1);
                let inside = at > 0 && at + 1 < value.len() && next != Some(&b' ');
                if inside && !spaces && self.folds(place) {
                    self.start_line();
                    from = at + 1;
                }
                spaces = true;
            } else if is_break(c) {
                self.stretch(text, from, at + c.len_utf8());
                from = at + c.len_utf8();
                self.column = 0;
                self.indention = true;
                breaks = true;
            } else {
                if breaks || c == '\'' {
                    self.stretch(text, from, at);
                    from = at;
                }
                if breaks {
                    self.start_line();
                }
                if c == '\'' {
                    self.instead(text, at, "'");
                }
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        self.stretch(text, from, value.len());
        self.instead(text, value.len().saturating_sub(1), "'");
        self.whitespace = false;
        self.indention = false;
    }

    fn double_quoted(&mut self, text: &Text, place: Place) {
        self.separate();
        self.instead(text, 0, "\"");
        self.whitespace = false;
        self.indention = false;
        let value = text.as_str();
        // Go looks for the mark at the start of the text whichever character it asks about.
        let marked = value.starts_with('\u{feff}');
        let mut spaces = false;
        let mut from = 0;
        for (at, c) in value.char_indices() {
            if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.stretch(text, from, at);
                self.instead(text, at, &escape(c));
                from = at + c.len_utf8();
                spaces = false;
            } else if c == ' ' {
                self.stretch(text, from, at);
                from = at;
                if self.folds(place) && !spaces && at > 0 && at + 1 < value.len() {
                    self.start_line();
                    if value.as_bytes().get(at + 1) == Some(&b' ') {
                        self.put("\\");
                    }
                    from = at + 1;
                }
                spaces = true;
            } else {
                spaces = false;
            }
        }
        self.stretch(text, from, value.len());
        self.instead(text, value.len().saturating_sub(1), "\"");
        self.whitespace = false;
        self.indention = false;
    }

    fn literal(&mut self, text: &Text) {
        let value = text.as_str();
        let mut header = "|".to_owned();
        if value.starts_with(|c| c == ' ' || is_break(c)) {
            header.push('2');
        }
        let mut ends = value.chars().rev().map(is_break);
        match (ends.next(), ends.next()) {
            (Some(true), Some(true) | None) => header.push('+'),
            (Some(true), Some(false)) => {}
            _ => header.push('-'),
        }
        self.separate();
        self.instead(text, 0, &header);
        self.end_line();
        self.whitespace = true;
        let mut breaks = true;
        let mut from = 0;
        for (at, c) in value.char_indices() {
            if is_break(c) {
                self.stretch(text, from, at + c.len_utf8());
                from = at + c.len_utf8();
                self.column = 0;
                self.indention = true;
                breaks = true;
            } else if breaks {
                self.start_line();
                self.indention = false;
                breaks = false;
            }
        }
        self.stretch(text, from, value.len());
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            let code = u32::from(c);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
