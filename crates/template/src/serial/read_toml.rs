//! TOML read into values: `fromToml`.

use std::rc::Rc;

use super::DEPTH;
use crate::map::Map;
use crate::value::{Data, Val};

type Read<T> = Result<T, String>;

/// The top-level table; what is wrong, with its line.
pub(crate) fn read(text: &str) -> Read<Val> {
    let root = Map::new();
    let mut reader = Reader { rest: text, line: 1 };
    reader.document(&root).map_err(|message| format!("toml: line {}: {message}", reader.line))?;
    Ok(Val::map(root))
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Reader<'t> {
    fn document(&mut self, root: &Map) -> Read<()> {
        let mut table = root.clone();
        // Tables that were opened by a heading of their own, which may stand only once.
        let mut opened: Vec<Vec<Rc<str>>> = Vec::new();
        loop {
            self.blank_lines();
            if self.rest.is_empty() {
                return Ok(());
            }
            if self.takes("[[") {
                let path = self.path()?;
                self.expects("]]")?;
                // Within a new item everything may be opened anew.
                opened.retain(|known| !known.starts_with(&path));
                table = item_at(root, &path)?;
            } else if self.takes("[") {
                let path = self.path()?;
                self.expects("]")?;
                if opened.contains(&path) {
                    return Err(format!("the table `{}` is there twice", path.join(".")));
                }
                table = table_at(root, &path)?;
                opened.push(path);
            } else {
                self.entry(&table, 0)?;
            }
            self.end_of_line()?;
        }
    }

    fn entry(&mut self, table: &Map, depth: usize) -> Read<()> {
        let path = self.path()?;
        self.expects("=")?;
        self.blanks();
        let value = self.value(depth)?;
        let Some((last, above)) = path.split_last() else { return Err("a key is missing".into()) };
        let table = table_at(table, above)?;
        if table.get(last).is_some() {
            return Err(format!("the key `{last}` is there twice"));
        }
        table.set(Rc::clone(last), value);
        Ok(())
    }

    /// `a."b c".d`
    fn path(&mut self) -> Read<Vec<Rc<str>>> {
        let mut path = Vec::new();
        loop {
            self.blanks();
            path.push(Rc::from(self.key()?));
            self.blanks();
            if !self.takes(".") {
                return Ok(path);
            }
            if path.len() > DEPTH {
                return Err("this nests too deep".into());
            }
        }
    }

    fn key(&mut self) -> Read<String> {
        if self.takes("\"") {
            return self.basic();
        }
        if self.takes("'") {
            return self.literal();
        }
        let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let key = self.run(bare);
        if key.is_empty() { Err("a key is expected here".into()) } else { Ok(key.to_owned()) }
    }

    fn value(&mut self, depth: usize) -> Read<Val> {
        if depth > DEPTH {
            return Err("this nests too deep".into());
        }
        if self.takes("\"\"\"") {
            return self.long("\"\"\"", true).map(Val::text);
        }
        if self.takes("'''") {
            return self.long("'''", false).map(Val::text);
        }
        if self.takes("\"") {
            return self.basic().map(Val::text);
        }
        if self.takes("'") {
            return self.literal().map(Val::text);
        }
        if self.takes("[") {
            return self.array(depth);
        }
        if self.takes("{") {
            return self.inline(depth);
        }
        self.word()
    }

    fn array(&mut self, depth: usize) -> Read<Val> {
        let mut items = Vec::new();
        loop {
            self.blank_lines();
            if self.takes("]") {
                return Ok(Val::list(items));
            }
            items.push(self.value(depth + 1)?);
            self.blank_lines();
            if !self.takes(",") && !self.rest.starts_with(']') {
                return Err("a `,` or `]` is expected here".into());
            }
        }
    }

    fn inline(&mut self, depth: usize) -> Read<Val> {
        let table = Map::new();
        self.blanks();
        if self.takes("}") {
            return Ok(Val::map(table));
        }
        loop {
            self.entry(&table, depth + 1)?;
            self.blanks();
            if self.takes("}") {
                return Ok(Val::map(table));
            }
            self.expects(",")?;
        }
    }

    /// A number, a truth or a date; dates stay texts.
    fn word(&mut self) -> Read<Val> {
        let of_word =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '.' | ':');
        let mut word = self.run(of_word).to_owned();
        // A date and its time may stand apart by a blank.
        let is_date = word.len() == 10 && word.matches('-').count() == 2;
        if is_date && self.rest.strip_prefix(' ').is_some_and(starts_with_digit) {
            self.rest = self.rest.get(1..).unwrap_or("");
            word = word + "T" + self.run(of_word);
        }
        match &*word {
            "" => return Err("a value is expected here".into()),
            "true" => return Ok(Val::bool(true)),
            "false" => return Ok(Val::bool(false)),
            _ => {}
        }
        let wrong = || format!("`{word}` is no value");
        let plain = word.replace('_', "");
        let unsigned = plain.trim_start_matches(['+', '-']);
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if let Some(digits) = plain.strip_prefix(prefix) {
                return i64::from_str_radix(digits, radix).map(Val::int64).map_err(|_| wrong());
            }
        }
        match unsigned {
            "inf" if plain.starts_with('-') => return Ok(Val::float(f64::NEG_INFINITY)),
            "inf" => return Ok(Val::float(f64::INFINITY)),
            "nan" => return Ok(Val::float(f64::NAN)),
            _ => {}
        }
        if unsigned.contains([':', '-']) && !unsigned.contains(['e', 'E']) {
            return if starts_with_digit(unsigned) { Ok(Val::text(word)) } else { Err(wrong()) };
        }
        if !starts_with_digit(unsigned) || unsigned.starts_with('0') && has_more_digits(unsigned) {
            return Err(wrong());
        }
        if unsigned.contains(['.', 'e', 'E']) {
            return plain.parse().map(Val::float).map_err(|_| wrong());
        }
        plain.parse().map(Val::int64).map_err(|_| wrong())
    }

    fn basic(&mut self) -> Read<String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                None | Some('\n') => return Err("a text is not closed".into()),
                Some(c) => text.push(c),
            }
        }
    }

    fn literal(&mut self) -> Read<String> {
        let text = self.run(|c| c != '\'' && c != '\n').to_owned();
        if self.takes("'") { Ok(text) } else { Err("a text is not closed".into()) }
    }

    /// A text over several lines; its first line end is no part of it.
    fn long(&mut self, end: &str, escapes: bool) -> Read<String> {
        let mut text = String::new();
        self.rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        if self.rest.starts_with('\n') {
            self.next();
        }
        loop {
            if self.takes(end) {
                // Up to two more quotes belong to the text.
                let quote = end.get(..1).unwrap_or("");
                for _ in 0..2 {
                    if self.takes(quote) {
                        text.push_str(quote);
                    }
                }
                return Ok(text);
            }
            match self.next() {
                None => return Err("a text is not closed".into()),
                Some('\\') if escapes => {
                    let behind = self.rest.trim_start_matches([' ', '\t', '\r']);
                    if behind.starts_with('\n') {
                        while self.rest.starts_with([' ', '\t', '\r', '\n']) {
                            self.next();
                        }
                    } else {
                        text.push(self.escape()?);
                    }
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let digits = match self.next() {
            Some('b') => return Ok('\u{8}'),
            Some('t') => return Ok('\t'),
            Some('n') => return Ok('\n'),
            Some('f') => return Ok('\u{c}'),
            Some('r') => return Ok('\r'),
            Some('e') => return Ok('\u{1b}'),
            Some(c @ ('"' | '\\')) => return Ok(c),
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            other => return Err(format!("`\\{}` is no escape", other.unwrap_or(' '))),
        };
        let code = self.rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let c = code.and_then(char::from_u32).ok_or("an escape names no character")?;
        self.rest = self.rest.get(digits..).unwrap_or("");
        Ok(c)
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn run(&mut self, of: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn takes(&mut self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expects(&mut self, word: &str) -> Read<()> {
        self.blanks();
        if self.takes(word) { Ok(()) } else { Err(format!("`{word}` is expected here")) }
    }

    fn blanks(&mut self) {
        self.run(|c| matches!(c, ' ' | '\t'));
    }

    /// Blanks, line ends and comments.
    fn blank_lines(&mut self) {
        loop {
            self.blanks();
            if self.rest.starts_with('#') {
                self.run(|c| c != '\n');
            }
            if !self.rest.starts_with(['\r', '\n']) {
                return;
            }
            self.next();
        }
    }

    fn end_of_line(&mut self) -> Read<()> {
        self.blanks();
        if self.rest.starts_with('#') {
            self.run(|c| c != '\n');
        }
        if self.rest.is_empty() || self.rest.starts_with(['\r', '\n']) {
            return Ok(());
        }
        Err("the line should end here".into())
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn has_more_digits(number: &str) -> bool {
    number.get(1..).is_some_and(starts_with_digit)
}

/// The table at a path, made where it is not there; of a list of tables the last.
fn table_at(root: &Map, path: &[Rc<str>]) -> Read<Map> {
    let mut table = root.clone();
    for key in path {
        let next = match table.get(key).map(|value| value.data) {
            None => {
                let new = Map::new();
                table.set(Rc::clone(key), Val::map(new.clone()));
                new
            }
            Some(Data::Map(map)) => map,
            Some(Data::List(list)) => {
                let last = list.last().and_then(|item| item.as_map().cloned());
                last.ok_or_else(|| format!("`{key}` is no table"))?
            }
            Some(_) => return Err(format!("`{key}` is no table")),
        };
        table = next;
    }
    Ok(table)
}

/// A new table at the end of the list at a path.
fn item_at(root: &Map, path: &[Rc<str>]) -> Read<Map> {
    let Some((last, above)) = path.split_last() else { return Err("a key is missing".into()) };
    let table = table_at(root, above)?;
    let mut items = match table.get(last).map(|value| value.data) {
        None => Vec::new(),
        Some(Data::List(list)) => list.to_vec(),
        Some(_) => return Err(format!("`{last}` is no list of tables")),
    };
    let new = Map::new();
    items.push(Val::map(new.clone()));
    table.set(Rc::clone(last), Val::list(items));
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::read;

    fn as_json(text: &str) -> String {
        match read(text) {
            Ok(value) => {
                let style = json::Style { pretty: false, raw: true };
                json::print(&value, style).map_or_else(|e| e.message, |t| t.as_str().to_owned())
            }
            Err(message) => message,
        }
    }

    #[test]
    fn documents_are_read() {
        let text = "# a comment\ntitle = \"br\\u00e9ad\" # behind\nn = 1_000\nhex = 0x1F\nf = -2.5e3\n\
            t = true\nd = 2024-01-02 03:04:05Z\nl = [\n  1, 2, # two\n]\na.b.\"c d\" = 'raw\\n'\n\
            i = {x = 1, y = {z = []}}\nm = \"\"\"\nfirst\n  second \\\n   third\"\"\"\n\
            [oven.deep]\nk = 'v'\n[oven]\nheat = 2\n[[items]]\nname = 'a'\n[items.sub]\nx = 1\n\
            [[items]]\nname = 'b'\n[items.sub]\nx = 2\n";
        assert_eq!(
            as_json(text),
            "{\"a\":{\"b\":{\"c d\":\"raw\\\\n\"}},\"d\":\"2024-01-02T03:04:05Z\",\"f\":-2500,\
             \"hex\":31,\"i\":{\"x\":1,\"y\":{\"z\":[]}},\"items\":[{\"name\":\"a\",\"sub\":{\"x\":1}},\
             {\"name\":\"b\",\"sub\":{\"x\":2}}],\"l\":[1,2],\"m\":\"first\\n  second third\",\
             \"n\":1000,\"oven\":{\"deep\":{\"k\":\"v\"},\"heat\":2},\"t\":true,\"title\":\"bréad\"}"
        );
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, line) in [
            ("a = ", 1),
            ("a = 1\na = 2", 2),
            ("\n[x]\n[x]\n", 3),
            ("a = 1 2", 1),
            ("a = \"open", 1),
            ("a = [1", 1),
            ("a = 01", 1),
            ("a = 1\n[a.b]", 2),
            ("= 1", 1),
        ] {
            let told = as_json(text);
            assert!(told.starts_with(&format!("toml: line {line}: ")), "{text:?}: {told}");
        }
        assert!(as_json(&"a = [".repeat(1_000)).starts_with("toml: "));
        assert!(as_json(&format!("a = {}", "[".repeat(100_000))).starts_with("toml: "));
        assert!(as_json(&format!("{}x = 1", "a.".repeat(100_000))).starts_with("toml: "));
    }
}
