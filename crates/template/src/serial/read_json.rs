//! JSON text read into values, which keep the origins of their bytes: `fromJson`.

use std::ops::Range;
use std::rc::Rc;

use super::DEPTH;
use crate::map::{Map, Slot};
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Val, ValueOrigin};

/// Reads one value.
///
/// # Errors
/// The message of Go's reader.
pub(crate) fn read(text: &Text) -> Result<Val, String> {
    let mut reader = Reader { text, bytes: text.as_str().as_bytes(), at: 0 };
    reader.blanks();
    let val = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(val),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

/// The value that bytes stem from, and whether any of them is made up.
pub(super) fn origin_in(text: &Text, range: Range<usize>) -> (Option<Rc<ValueOrigin>>, bool) {
    let mut value = None;
    let mut made_up = false;
    for (_, origin) in text.runs_in(range) {
        made_up |= origin.made_up;
        value = value.or(origin.value);
    }
    (value, made_up)
}

/// The place of a map, if all of its keys stand under one in the values.
pub(super) fn map_origin(map: &Map) -> Option<Rc<ValueOrigin>> {
    let mut found: Option<Rc<ValueOrigin>> = None;
    for (key, slot) in map.entries() {
        let place = slot.key?;
        let parent = place.path.parent()?.clone();
        if parent.key(key) != place.path {
            return None;
        }
        match &found {
            Some(other) if other.path != parent => return None,
            Some(_) => {}
            None => {
                let span = place.span;
                let written = place.written;
                found = Some(Rc::new(ValueOrigin { path: parent, span, content: None, written }));
            }
        }
    }
    found
}

struct Reader<'t> {
    text: &'t Text,
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// What Go says of the byte here.
    fn unexpected(&self, context: &str) -> String {
        let Some(byte) = self.peek() else { return "unexpected end of JSON input".to_owned() };
        let shown = match byte {
            b'\'' => "\\'".to_owned(),
            b'"' => "\"".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\t' => "\\t".to_owned(),
            b'\r' => "\\r".to_owned(),
            0x20..=0x7e | 0xa1..=0xff => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        };
        format!("invalid character '{shown}' {context}")
    }

    fn value(&mut self, depth: usize) -> Result<Val, String> {
        if depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        let start = self.at;
        let data = match self.peek() {
            Some(b'{') => return self.map(depth),
            Some(b'[') => return self.list(depth),
            Some(b'"') => Data::Text(self.string()?),
            Some(b't') => self.word("true", Data::Bool(true))?,
            Some(b'f') => self.word("false", Data::Bool(false))?,
            Some(b'n') => self.word("null", Data::Nil)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.unexpected("looking for beginning of value")),
        };
        Ok(self.located(start, data))
    }

    fn located(&self, start: usize, data: Data) -> Val {
        let (origin, made_up) = origin_in(self.text, start..self.at);
        Val { data, origin, made_up }
    }

    fn word(&mut self, word: &str, data: Data) -> Result<Data, String> {
        for byte in word.bytes() {
            if self.peek() != Some(byte) {
                let expecting = char::from(byte);
                let context = format!("in literal {word} (expecting '{expecting}')");
                return Err(self.unexpected(&context));
            }
            self.at += 1;
        }
        Ok(data)
    }

    fn number(&mut self) -> Result<Data, String> {
        let start = self.at;
        let digits = |this: &mut Self| {
            let from = this.at;
            while this.peek().is_some_and(|b| b.is_ascii_digit()) {
                this.at += 1;
            }
            this.at > from
        };
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else if !digits(self) {
            return Err(self.unexpected("in numeric literal"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !digits(self) {
                return Err(self.unexpected("after decimal point in numeric literal"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if !digits(self) {
                return Err(self.unexpected("in exponent of numeric literal"));
            }
        }
        let text = self.text.as_str().get(start..self.at).unwrap_or("");
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Data::Float(value)),
            _ => Err(format!("json: cannot unmarshal number {text} into Go value of type float64")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Val, String> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(self.located(start, Data::List(Rc::new(items))));
        }
        loop {
            self.blanks();
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Val::list(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Val, String> {
        let start = self.at;
        self.at += 1;
        let map = Map::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(self.located(start, Data::Map(map)));
        }
        loop {
            self.blanks();
            let key_start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            let (place, _) = origin_in(self.text, key_start..self.at);
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            self.blanks();
            let value = self.value(depth + 1)?;
            map.set_slot(key.as_str(), Slot { value, key: place });
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    let origin = map_origin(&map);
                    return Ok(Val { origin, ..Val::map(map) });
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
    }

    fn string(&mut self) -> Result<Text, String> {
        self.at += 1;
        let mut from = self.at;
        let mut out = TextBuilder::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    out.push_slice(self.text, from..self.at);
                    self.at += 1;
                    return Ok(out.finish());
                }
                Some(b'\\') => {
                    out.push_slice(self.text, from..self.at);
                    let start = self.at;
                    let c = self.escape()?;
                    let origin = self.text.runs_in(start..self.at).next();
                    let origin = origin.map(|(_, origin)| origin.printed()).unwrap_or_default();
                    out.push(c.encode_utf8(&mut [0; 4]), origin);
                    from = self.at;
                }
                None | Some(0..=0x1f) => return Err(self.unexpected("in string literal")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, String> {
        let high = self.hex()?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        let behind = self.at;
        let is_pair = (0xd800..0xdc00).contains(&high)
            && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u"));
        if is_pair {
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = behind;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}
