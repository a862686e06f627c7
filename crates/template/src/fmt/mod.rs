//! Go's `fmt`: how values are printed, and `printf`.

mod scalar;

use std::fmt::Write as _;

use self::scalar::{exponent, general};
pub(crate) use self::scalar::{is_printed, quote};
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Val};

/// Deeper values are printed as dots: Go would not end either.
const MAX_DEPTH: usize = 200;
/// Nor of maps that hold themselves more than once.
const MAX_PRINTED: usize = 16 << 20;
/// Wider is not asked for by charts, and Go refuses widths over a million, too.
const MAX_WIDTH: usize = 1_000_000;

/// What `{{ value }}` and `%v` print.
pub(crate) fn print(value: &Val) -> String {
    if let Data::Text(text) = &value.data {
        return text.as_str().to_owned();
    }
    let mut out = String::new();
    Verb::plain('v').value(&mut out, value, 0);
    out
}

/// A `float64` as `%v` prints it: `8080`, `1.5`, `1e+06`.
pub(crate) fn float(value: f64) -> String {
    general(value, None, false)
}

/// `print`: blanks between two operands that both are no strings.
pub(crate) fn sprint(values: &[Val]) -> Text {
    let mut out = TextBuilder::new();
    let mut text_before = true;
    for (at, value) in values.iter().enumerate() {
        let is_text = matches!(value.data, Data::Text(_));
        if at > 0 && !is_text && !text_before {
            out.push_plain(" ");
        }
        push(&mut out, value);
        text_before = is_text;
    }
    out.finish()
}

/// `println`: blanks between all, and a line feed.
pub(crate) fn sprintln(values: &[Val]) -> Text {
    let mut out = TextBuilder::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push_plain(" ");
        }
        push(&mut out, value);
    }
    out.push_plain("\n");
    out.finish()
}

/// A value as it is printed, with its places.
pub(crate) fn push(out: &mut TextBuilder, value: &Val) {
    match &value.data {
        Data::Text(text) if text.runs().next().is_some() => out.push_text(text),
        Data::Text(text) => out.push(text.as_str(), value.printed_origin()),
        _ => out.push(&print(value), value.printed_origin()),
    }
}

/// `printf`.
pub(crate) fn sprintf(format: &Text, values: &[Val]) -> Text {
    let mut out = TextBuilder::new();
    let source = format.as_str();
    let mut used = 0;
    let mut reordered = false;
    let mut at = 0;
    while let Some(by) = source.get(at..).and_then(|rest| rest.find('%')) {
        out.push_slice(format, at..at + by);
        let mut parser = Parser {
            rest: source.get(at + by + 1..).unwrap_or(""),
            values,
            used,
            reordered: false,
            bad_index: false,
        };
        let verb = parser.verb();
        at = source.len() - parser.rest.len();
        used = parser.used;
        reordered |= parser.reordered;
        let Some(verb) = verb else {
            out.push_plain("%!(NOVERB)");
            break;
        };
        if verb.letter == '%' {
            out.push_plain("%");
        } else if parser.bad_index {
            out.push_plain(&format!("%!{}(BADINDEX)", verb.letter));
        } else if let Some(value) = values.get(used) {
            used += 1;
            verb.push(&mut out, value);
        } else {
            out.push_plain(&format!("%!{}(MISSING)", verb.letter));
        }
    }
    out.push_slice(format, at..source.len());
    if !reordered && used < values.len() {
        out.push_plain("%!(EXTRA ");
        for (at, value) in values.get(used..).unwrap_or_default().iter().enumerate() {
            if at > 0 {
                out.push_plain(", ");
            }
            if value.is_nil() {
                out.push_plain("<nil>");
            } else {
                out.push_plain(value.type_name());
                out.push_plain("=");
                push(&mut out, value);
            }
        }
        out.push_plain(")");
    }
    out.finish()
}

struct Parser<'f> {
    rest: &'f str,
    values: &'f [Val],
    used: usize,
    reordered: bool,
    bad_index: bool,
}

impl Parser<'_> {
    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn number(&mut self) -> Option<usize> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length)?;
        let number = digits.parse().ok()?;
        self.rest = rest;
        Some(number)
    }

    /// `[2]`: which argument comes next.
    fn index(&mut self) {
        let Some(inner) = self.rest.strip_prefix('[') else { return };
        self.reordered = true;
        let Some((digits, rest)) = inner.split_once(']') else {
            self.bad_index = true;
            self.rest = inner;
            return;
        };
        self.rest = rest;
        match digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
            Some(at) if at < self.values.len() => self.used = at,
            _ => self.bad_index = true,
        }
    }

    fn star(&mut self) -> Option<i64> {
        let value = self.values.get(self.used)?;
        self.used += 1;
        match value.data {
            Data::Int(number) | Data::Int64(number) if number.unsigned_abs() <= 1_000_000 => {
                Some(number)
            }
            _ => None,
        }
    }

    fn verb(&mut self) -> Option<Verb> {
        let mut verb = Verb::plain('v');
        loop {
            match self.rest.chars().next()? {
                '#' => verb.sharp = true,
                '0' => verb.zero = true,
                '+' => verb.plus = true,
                '-' => verb.minus = true,
                ' ' => verb.space = true,
                _ => break,
            }
            self.rest = self.rest.get(1..)?;
        }
        self.index();
        if self.take('*') {
            if let Some(width) = self.star() {
                verb.minus |= width < 0;
                verb.width = Some(width.unsigned_abs() as usize);
            }
        } else {
            verb.width = self.number().filter(|width| *width <= MAX_WIDTH);
        }
        if self.take('.') {
            self.index();
            verb.precision = Some(0);
            if self.take('*') {
                verb.precision = self.star().and_then(|number| usize::try_from(number).ok());
            } else if let Some(precision) = self.number() {
                verb.precision = Some(precision.min(MAX_WIDTH));
            }
        }
        self.index();
        verb.letter = self.rest.chars().next()?;
        // Of a value as it is, a plus asks for names of fields, which nothing here has.
        verb.plus &= verb.letter != 'v';
        self.rest = self.rest.get(verb.letter.len_utf8()..)?;
        Some(verb)
    }
}

/// A verb with its flags.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // Go's flags are five
struct Verb {
    letter: char,
    width: Option<usize>,
    precision: Option<usize>,
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
}

impl Verb {
    fn plain(letter: char) -> Self {
        Self {
            letter,
            width: None,
            precision: None,
            plus: false,
            minus: false,
            sharp: false,
            space: false,
            zero: false,
        }
    }

    fn push(self, out: &mut TextBuilder, value: &Val) {
        let is_text = matches!(value.data, Data::Text(_));
        if is_text && matches!(self.letter, 's' | 'v') && !self.sharp && self.precision.is_none() {
            let length = value.as_str().map_or(0, |text| text.chars().count());
            let fill = self.width.unwrap_or(0).saturating_sub(length);
            let blanks = if self.zero && !self.minus { "0" } else { " " }.repeat(fill);
            if !self.minus {
                out.push_plain(&blanks);
            }
            push(out, value);
            if self.minus {
                out.push_plain(&blanks);
            }
            return;
        }
        let mut text = String::new();
        if value.is_nil() {
            match self.letter {
                'T' | 'v' => self.pad(&mut text, "<nil>"),
                letter => text = format!("%!{letter}(<nil>)"),
            }
        } else if self.letter == 'T' {
            self.pad(&mut text, value.type_name());
        } else {
            self.value(&mut text, value, 0);
        }
        let origin = if is_text {
            value.as_text().and_then(Text::origin).map(|origin| origin.printed())
        } else {
            None
        };
        out.push(&text, origin.unwrap_or_else(|| value.printed_origin()));
    }

    fn value(self, out: &mut String, value: &Val, depth: usize) {
        if depth > MAX_DEPTH || out.len() > MAX_PRINTED {
            out.push_str("...");
            return;
        }
        match &value.data {
            // Within a list or map nothing is printed so whatever is asked for.
            Data::Nil if depth > 0 => out.push_str("<nil>"),
            Data::Nil if self.letter == 'v' => self.pad(out, "<nil>"),
            Data::Nil => out.extend(["%!", self.letter.encode_utf8(&mut [0; 4]), "(<nil>)"]),
            Data::Bool(truth) if matches!(self.letter, 't' | 'v') => {
                self.pad(out, if *truth { "true" } else { "false" });
            }
            Data::Int(number) | Data::Int64(number) => self.integer(out, *number, value),
            Data::Float(number) => self.float(out, *number, value),
            Data::Text(text) => self.text(out, text.as_str(), value),
            Data::List(list) => {
                out.push_str(if self.sharp && self.letter == 'v' {
                    "[]interface {}{"
                } else {
                    "["
                });
                for (at, item) in list.iter().enumerate() {
                    if at > 0 {
                        out.push_str(if self.sharp && self.letter == 'v' { ", " } else { " " });
                    }
                    self.value(out, item, depth + 1);
                }
                out.push_str(if self.sharp && self.letter == 'v' { "}" } else { "]" });
            }
            Data::Map(map) => {
                let sharp = self.sharp && self.letter == 'v';
                out.push_str(if sharp { "map[string]interface {}{" } else { "map[" });
                for (at, (key, slot)) in map.entries().into_iter().enumerate() {
                    if at > 0 {
                        out.push_str(if sharp { ", " } else { " " });
                    }
                    self.text(out, &key, value);
                    out.push(':');
                    self.value(out, &slot.value, depth + 1);
                }
                out.push_str(if sharp { "}" } else { "]" });
            }
            Data::Object(object) => self.pad(out, &object.print()),
            Data::Bool(_) => self.bad(out, value),
        }
    }

    /// `%!d(string=x)`
    fn bad(self, out: &mut String, value: &Val) {
        out.push_str("%!");
        out.push(self.letter);
        out.push('(');
        out.push_str(value.type_name());
        out.push('=');
        out.push_str(&print(value));
        out.push(')');
    }

    fn pad(self, out: &mut String, text: &str) {
        let fill = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if self.minus {
            out.push_str(text);
            out.extend(std::iter::repeat_n(' ', fill));
        } else {
            out.extend(std::iter::repeat_n(if self.zero { '0' } else { ' ' }, fill));
            out.push_str(text);
        }
    }

    fn text(self, out: &mut String, text: &str, value: &Val) {
        let cut = match self.precision {
            Some(most) if self.letter != 'x' && self.letter != 'X' => {
                let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
                text.get(..end).unwrap_or(text)
            }
            _ => text,
        };
        match self.letter {
            'v' if self.sharp => self.pad(out, &quote(cut)),
            'v' | 's' => self.pad(out, cut),
            'q' if self.sharp && !cut.contains('`') => self.pad(out, &format!("`{cut}`")),
            'q' if self.plus => self.pad(out, &ascii(&quote(cut))),
            'q' => self.pad(out, &quote(cut)),
            'x' | 'X' => {
                let bytes = text.bytes().take(self.precision.unwrap_or(usize::MAX));
                let mut hex = String::new();
                for (at, byte) in bytes.enumerate() {
                    if self.space && at > 0 {
                        hex.push(' ');
                    }
                    let digits = format!("{byte:02x}");
                    hex.push_str(&digits);
                }
                let hex = if self.letter == 'X' { hex.to_uppercase() } else { hex };
                self.pad(out, &hex);
            }
            _ if matches!(value.data, Data::Map(_)) => self.bad(out, &Val::text(text)),
            _ => self.bad(out, value),
        }
    }

    fn integer(self, out: &mut String, number: i64, value: &Val) {
        let size = number.unsigned_abs();
        let digits = match self.letter {
            'd' | 'v' => size.to_string(),
            'b' => format!("{size:b}"),
            'o' | 'O' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            'c' | 'q' | 'U' => {
                let c = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
                match self.letter {
                    'c' => self.pad(out, &c.to_string()),
                    'q' => self.pad(out, &format!("'{c}'")),
                    _ => self.pad(out, &format!("U+{:04X}", u32::from(c))),
                }
                return;
            }
            _ => return self.bad(out, value),
        };
        let prefix = match self.letter {
            'O' => "0o",
            'o' if self.sharp => "0",
            'x' if self.sharp => "0x",
            'X' if self.sharp => "0X",
            'b' if self.sharp => "0b",
            _ => "",
        };
        let digits = match self.precision {
            Some(least) => format!("{digits:0>least$}"),
            None => digits,
        };
        self.signed(out, number < 0, prefix, &digits, self.precision.is_none());
    }

    fn float(self, out: &mut String, number: f64, value: &Val) {
        let size = number.abs();
        let digits = match self.letter {
            'v' => general(size, self.precision, false),
            'g' | 'G' => general(size, self.precision, self.letter == 'G'),
            _ if !size.is_finite() && matches!(self.letter, 'f' | 'F' | 'e' | 'E') => {
                general(size, None, false)
            }
            'f' | 'F' => format!("{size:.*}", self.precision.unwrap_or(6)),
            'e' => exponent(&format!("{size:.*e}", self.precision.unwrap_or(6))),
            'E' => exponent(&format!("{size:.*e}", self.precision.unwrap_or(6))).to_uppercase(),
            _ => return self.bad(out, value),
        };
        self.signed(
            out,
            number.is_sign_negative() && !number.is_nan(),
            "",
            &digits,
            number.is_finite(),
        );
    }

    fn signed(self, out: &mut String, negative: bool, prefix: &str, digits: &str, zeros: bool) {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        let length = sign.len() + prefix.len() + digits.len();
        let fill = self.width.unwrap_or(0).saturating_sub(length);
        if self.zero && !self.minus && zeros {
            out.push_str(sign);
            out.push_str(prefix);
            out.extend(std::iter::repeat_n('0', fill));
            out.push_str(digits);
            return;
        }
        let before = if self.minus { 0 } else { fill };
        out.extend(std::iter::repeat_n(' ', before));
        out.push_str(sign);
        out.push_str(prefix);
        out.push_str(digits);
        out.extend(std::iter::repeat_n(' ', fill - before));
    }
}

/// Other letters than those of ASCII, in a text that is quoted, as escapes.
fn ascii(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        let _ = match u32::from(c) {
            ..0x80 => write!(out, "{c}"),
            code @ ..0x1_0000 => write!(out, "\\u{code:04x}"),
            code => write!(out, "\\U{code:08x}"),
        };
    }
    out
}
