//! Scalars in quotes, on one line or several.

use super::Reader;
use crate::yaml::tape::Text;
use crate::yaml::tree::Style;

/// A scalar in quotes that has been read.
pub(super) struct Quoted {
    pub(super) text: Text,
    pub(super) style: Style,
    /// Behind the closing quote.
    pub(super) end: usize,
    /// Whether it spans lines.
    pub(super) is_long: bool,
}

impl Reader<'_> {
    /// Reads a scalar from its opening quote on.
    pub(super) fn quoted(&mut self, at: usize) -> Option<Quoted> {
        let quote = self.byte(at);
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        let inner = at + 1;
        let stop = self.special(inner, quote)?;
        if self.byte(stop) == quote && !self.is_doubled(stop, quote) {
            let text = Text::written(inner..stop);
            return Some(Quoted { text, style, end: stop + 1, is_long: false });
        }
        let offset = self.tape.side().len();
        let (end, is_long) = self.cook(inner, quote)?;
        Some(Quoted { text: self.tape.cooked(inner, offset), style, end, is_long })
    }

    /// The next byte of a quoted scalar that does not stand for itself.
    fn special(&self, at: usize, quote: u8) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let found = if quote == b'"' {
            memchr::memchr3(b'"', b'\\', b'\n', rest)
        } else {
            memchr::memchr2(b'\'', b'\n', rest)
        };
        found.map(|found| at + found)
    }

    fn is_doubled(&self, at: usize, quote: u8) -> bool {
        quote == b'\'' && self.byte(at + 1) == quote
    }

    /// Undoes escapes and folding into the side text. Gives where the scalar ends, and whether it
    /// spans lines.
    fn cook(&mut self, inner: usize, quote: u8) -> Option<(usize, bool)> {
        let mut at = inner;
        let mut is_long = false;
        // Blanks before a line end are dropped, but not those that an escape wrote.
        let mut solid = self.tape.side().len();
        loop {
            let stop = self.special(at, quote)?;
            let run = self.text.get(at..stop)?;
            let side = self.tape.side();
            side.push_str(run);
            let text = run.trim_end_matches([' ', '\t']);
            if !text.is_empty() {
                solid = side.len() - (run.len() - text.len());
            }
            match self.byte(stop) {
                b'\n' => {
                    self.tape.side().truncate(solid);
                    at = self.fold(stop, true)?;
                    is_long = true;
                }
                b'\\' if self.byte(stop + 1) == b'\n' => {
                    at = self.fold(stop + 1, false)?;
                    is_long = true;
                }
                b'\\' => at = self.escape(stop + 1)?,
                _ if self.is_doubled(stop, quote) => {
                    self.tape.side().push('\'');
                    at = stop + 2;
                }
                _ => return Some((stop + 1, is_long)),
            }
            solid = self.tape.side().len();
        }
    }

    /// Folds a line end and the blank lines behind it: the first line end is a space, or nothing
    /// when it is escaped. Gives where the text goes on.
    fn fold(&mut self, stop: usize, spaced: bool) -> Option<usize> {
        let mut line = stop + 1;
        let mut empty = 0;
        loop {
            if self.looks_like_marker(line) {
                return None;
            }
            let rest = self.bytes.get(line..)?;
            let first = line + rest.iter().position(|b| !matches!(b, b' ' | b'\t'))?;
            if self.byte(first) != b'\n' {
                let side = self.tape.side();
                if spaced && empty == 0 {
                    side.push(' ');
                }
                side.extend(std::iter::repeat_n('\n', empty));
                return Some(first);
            }
            empty += 1;
            line = first + 1;
        }
    }

    /// Undoes one escape from behind its backslash. Gives where the text goes on.
    fn escape(&mut self, at: usize) -> Option<usize> {
        let (character, len) = match self.byte(at) {
            b'0' => ('\0', 1),
            b'a' => ('\x07', 1),
            b'b' => ('\x08', 1),
            b't' | b'\t' => ('\t', 1),
            b'n' => ('\n', 1),
            b'v' => ('\x0b', 1),
            b'f' => ('\x0c', 1),
            b'r' => ('\r', 1),
            b'e' => ('\x1b', 1),
            b' ' => (' ', 1),
            b'"' => ('"', 1),
            b'/' => ('/', 1),
            b'\\' => ('\\', 1),
            b'N' => ('\u{85}', 1),
            b'_' => ('\u{a0}', 1),
            b'L' => ('\u{2028}', 1),
            b'P' => ('\u{2029}', 1),
            b'x' => (self.hexadecimal(at + 1, 2)?, 3),
            b'u' => (self.hexadecimal(at + 1, 4)?, 5),
            b'U' => (self.hexadecimal(at + 1, 8)?, 9),
            _ => return None,
        };
        self.tape.side().push(character);
        Some(at + len)
    }

    /// A character by its number; half a pair of surrogates is left to the full parser.
    fn hexadecimal(&self, at: usize, digits: usize) -> Option<char> {
        let digits = self.text.get(at..at + digits)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        char::from_u32(u32::from_str_radix(digits, 16).ok()?)
    }
}
