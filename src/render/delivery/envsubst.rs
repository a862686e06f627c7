//! The shell-like expansion that Flux knows: `${name}` with its defaults, cuts and replacements.

/// Nested defaults deeper than this are refused.
const MAX_DEPTH: usize = 16;

/// A text after expansion.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    pub text: String,
    /// Names that nothing defines and that have no default.
    pub missing: Vec<String>,
    /// The variable whose value is all of the text.
    pub sole: Option<String>,
}

/// A variable by name: `None` if nothing defines it, `Some(None)` if its text cannot be read.
pub(super) type LookUp<'l> = dyn Fn(&str) -> Option<Option<&'l str>> + 'l;

/// Expands `${…}`. `$$` is a dollar; a dollar before anything else is one too. An expression whose
/// variable is not known, or not readable, stays as it is.
pub(super) fn expand(text: &str, look_up: &LookUp<'_>) -> Result<Expansion, &'static str> {
    let mut out = Expansion::default();
    let mut reader = Reader { text, at: 0, look_up, depth: 0 };
    while let Some(dollar) = reader.rest().find('$') {
        out.text.push_str(&reader.rest()[..dollar]);
        reader.at += dollar;
        let rest = reader.rest();
        if rest.starts_with("${") {
            let start = reader.at;
            reader.at += 2;
            match reader.expression(&mut out.missing)? {
                Piece::Known { text, name } => {
                    if start == 0 && reader.rest().is_empty() {
                        out.sole = name;
                    }
                    out.text.push_str(&text);
                }
                Piece::Opaque => {
                    let written = text.get(start..reader.at).unwrap_or("");
                    out.text.push_str(written);
                }
            }
        } else {
            out.text.push('$');
            reader.at += if rest.starts_with("$$") { 2 } else { 1 };
        }
    }
    out.text.push_str(reader.rest());
    Ok(out)
}

enum Piece {
    /// The text, and the variable whose value it is as it stands.
    Known {
        text: String,
        name: Option<String>,
    },
    Opaque,
}

struct Reader<'t, 'l> {
    text: &'t str,
    at: usize,
    look_up: &'t LookUp<'l>,
    depth: usize,
}

const BRACE: &str = "a closing brace is missing";

impl<'t> Reader<'t, '_> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }

    fn name(&mut self) -> Result<&'t str, &'static str> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end == 0 {
            return Err("the name of a variable is missing");
        }
        self.at += end;
        rest.get(..end).ok_or(BRACE)
    }

    /// What stands behind `${`, its closing brace included.
    fn expression(&mut self, missing: &mut Vec<String>) -> Result<Piece, &'static str> {
        if self.depth >= MAX_DEPTH {
            return Err("its defaults are nested too deep");
        }
        if self.eat("#") {
            let name = self.name()?;
            self.close()?;
            return Ok(self.apply(name, missing, |text| text.len().to_string()));
        }
        let name = self.name()?;
        for operator in [":=", ":-", ":+", ":?", "="] {
            if self.eat(operator) {
                return self.default(name, missing);
            }
        }
        if self.eat(":") {
            return self.substring(name, missing);
        }
        for (operator, change) in CASES {
            if self.eat(operator) {
                self.close()?;
                return Ok(self.apply(name, missing, change));
            }
        }
        for operator in ["//", "/#", "/%", "/"] {
            if self.eat(operator) {
                let from = self.word(&['/'], true)?;
                if !self.eat("/") {
                    return Err("a replacement needs `/pattern/text`");
                }
                let to = self.word(&['}'], true)?;
                self.close()?;
                return Ok(self.apply(name, missing, |text| replaced(text, operator, &from, &to)));
            }
        }
        for operator in ["##", "#", "%%", "%"] {
            if self.eat(operator) {
                let pattern = self.word(&['}'], false)?;
                self.close()?;
                return Ok(self.apply(name, missing, |text| cut(text, operator, &pattern)));
            }
        }
        self.close()?;
        Ok(match (self.look_up)(name) {
            Some(Some(text)) => Piece::Known { text: text.to_owned(), name: Some(name.to_owned()) },
            Some(None) => Piece::Opaque,
            None => {
                missing.push(name.to_owned());
                Piece::Opaque
            }
        })
    }

    fn close(&mut self) -> Result<(), &'static str> {
        if self.eat("}") { Ok(()) } else { Err(BRACE) }
    }

    fn apply(
        &self,
        name: &str,
        missing: &mut Vec<String>,
        change: impl Fn(&str) -> String,
    ) -> Piece {
        match (self.look_up)(name) {
            Some(Some(text)) => Piece::Known { text: change(text), name: None },
            Some(None) => Piece::Opaque,
            None => {
                missing.push(name.to_owned());
                Piece::Opaque
            }
        }
    }

    /// The word behind `:=` and its like: text and further expressions up to the brace. All these
    /// operators mean a default to Flux.
    fn default(&mut self, name: &str, missing: &mut Vec<String>) -> Result<Piece, &'static str> {
        let value = (self.look_up)(name);
        let needed = !matches!(value, Some(Some(text)) if !text.is_empty());
        let mut word = String::new();
        let mut opaque = false;
        loop {
            let rest = self.rest();
            let end = rest.find(['}', '$']).ok_or(BRACE)?;
            word.push_str(rest.get(..end).unwrap_or(""));
            self.at += end;
            if self.eat("}") {
                break;
            }
            if self.eat("${") {
                self.depth += 1;
                // What an unused default lacks is no matter.
                let mut unused = Vec::new();
                let list = if needed { &mut *missing } else { &mut unused };
                let piece = self.expression(list)?;
                self.depth -= 1;
                match piece {
                    Piece::Known { text, .. } => word.push_str(&text),
                    Piece::Opaque => opaque = true,
                }
            } else {
                self.at += 1;
                word.push('$');
            }
        }
        Ok(match value {
            Some(Some(text)) if !text.is_empty() => {
                Piece::Known { text: text.to_owned(), name: Some(name.to_owned()) }
            }
            // Encrypted: neither its text nor whether it has any is known.
            Some(None) => Piece::Opaque,
            _ if opaque => Piece::Opaque,
            _ => Piece::Known { text: word, name: None },
        })
    }

    fn substring(&mut self, name: &str, missing: &mut Vec<String>) -> Result<Piece, &'static str> {
        let from = self.word(&[':', '}'], false)?;
        let length = if self.eat(":") { Some(self.word(&['}'], false)?) } else { None };
        self.close()?;
        Ok(self.apply(name, missing, |text| part(text, &from, length.as_deref())))
    }

    /// Text up to one of `ends`. A variable in a place like this is not expanded: it is too rare.
    fn word(&mut self, ends: &[char], escapes: bool) -> Result<String, &'static str> {
        let mut word = String::new();
        let mut chars = self.rest().char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == '$' && chars.peek().is_some_and(|(_, next)| *next == '{') {
                return Err("a variable within an expression of this kind");
            }
            if escapes && c == '\\' && matches!(chars.peek(), Some((_, '/' | '\\'))) {
                word.extend(chars.next().map(|(_, c)| c));
            } else if ends.contains(&c) {
                self.at += at;
                return Ok(word);
            } else {
                word.push(c);
            }
        }
        Err(BRACE)
    }
}

type Change = fn(&str) -> String;

const CASES: [(&str, Change); 4] = [
    ("^^", |text| text.to_uppercase()),
    ("^", |text| first(text, |c| c.to_uppercase().collect())),
    (",,", |text| text.to_lowercase()),
    (",", |text| first(text, |c| c.to_lowercase().collect())),
];

fn first(text: &str, change: fn(char) -> String) -> String {
    let mut chars = text.chars();
    let Some(c) = chars.next() else { return String::new() };
    change(c) + chars.as_str()
}

fn part(text: &str, from: &str, length: Option<&str>) -> String {
    let Ok(from) = from.trim().parse::<i64>() else { return text.to_owned() };
    let size = super::go_functions::size(text.len());
    let start = if from < 0 { (size + from).max(0) } else { from.min(size) };
    let end = match length {
        None => size,
        Some(length) => match length.trim().parse::<i64>() {
            Ok(length) if length < 0 => size + length,
            Ok(length) => start.saturating_add(length).min(size),
            Err(_) => return text.to_owned(),
        },
    };
    text.get(start as usize..end.max(start) as usize).unwrap_or("").to_owned()
}

fn replaced(text: &str, operator: &str, from: &str, to: &str) -> String {
    match operator {
        "//" => text.replace(from, to),
        "/#" if text.starts_with(from) => text.replacen(from, to, 1),
        "/%" => {
            text.strip_suffix(from).map_or_else(|| text.to_owned(), |rest| format!("{rest}{to}"))
        }
        "/" => text.replacen(from, to, 1),
        _ => text.to_owned(),
    }
}

/// Cuts what a pattern matches from the start (`#`) or end (`%`): the shortest, or doubled the
/// longest.
fn cut(text: &str, operator: &str, pattern: &str) -> String {
    let matches = |part: &str| crate::load::pattern::matches(pattern, part, false);
    let front = operator.starts_with('#');
    let bounds = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let mut fitting: Vec<usize> = bounds
        .filter(|at| {
            let part = if front { text.get(..*at) } else { text.get(*at..) };
            part.is_some_and(|part| !part.is_empty() && matches(part))
        })
        .collect();
    // The shortest is nearest to the end that is cut from.
    if front != (operator.len() == 1) {
        fitting.reverse();
    }
    match fitting.first() {
        Some(at) if front => text.get(*at..).unwrap_or("").to_owned(),
        Some(at) => text.get(..*at).unwrap_or("").to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Expansion, expand};

    fn of(text: &str) -> Result<Expansion, &'static str> {
        expand(text, &|name| match name {
            "A" => Some(Some("shop-web")),
            "E" => Some(Some("")),
            "S" => Some(None),
            _ => None,
        })
    }

    fn text(text: &str) -> String {
        of(text).map_or_else(|e| format!("error: {e}"), |e| e.text)
    }

    #[test]
    fn expressions_give_what_flux_gives() {
        for (written, expected) in [
            ("${A}", "shop-web"),
            ("x-${A}-y", "x-shop-web-y"),
            ("$A and $ 5", "$A and $ 5"),
            ("$${A} $$A", "${A} $A"),
            ("${X:=d}-${X:-e}-${E:=f}", "d-e-f"),
            ("${A:=d}${A:+alt}", "shop-webshop-web"),
            ("${X:=${Y:=deep}}", "deep"),
            ("${X:=}", ""),
            ("${A^}${A^^}", "Shop-webSHOP-WEB"),
            ("${#A}", "8"),
            ("${A:5}/${A:0:4}/${A: -3}/${A:0:-4}", "web/shop/web/shop"),
            ("${A/-/_}", "shop_web"),
            ("${A#shop-}/${A%-*}/${A##*-}", "web/shop/web"),
            ("${S} ${S:=x}", "${S} ${S:=x}"),
            ("${X}", "${X}"),
        ] {
            assert_eq!(text(written), expected, "{written}");
        }
        for bad in ["${A", "${}", "${A-x}", "${ A }", "${A:=", "${A.b}"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_missing_and_what_is_sole_is_told() {
        let missing = of("${X} ${Y:=${Z}}").map(|e| e.missing);
        assert_eq!(missing, Ok(vec!["X".to_owned(), "Z".to_owned()]));
        assert_eq!(of("${A}").map(|e| e.sole), Ok(Some("A".to_owned())));
        assert_eq!(of("${A} ").map(|e| e.sole), Ok(None));
        assert_eq!(of("${A:=x}").map(|e| e.sole), Ok(Some("A".to_owned())));
        assert!(of(&"${A:=".repeat(100)).is_err());
    }
}
