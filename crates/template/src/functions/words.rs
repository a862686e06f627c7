//! Functions on words: their case, their ends, and how lines are wrapped.

use super::args::{each_run, fits_text, fixed, int, str, text};
use super::strings::{lower, upper};
use crate::error::Result;
use crate::function::{
    Call, Function,
    Param::{Int, Text as Str},
};
use crate::text::{Text, TextBuilder};
use crate::value::Val;

pub(super) static TABLE: &[Function] = &[
    fixed("title", &[Str], |_, args| Ok(Val::text(titled(text(args, 0)?, separates, upper)))),
    fixed("untitle", &[Str], |_, args| {
        Ok(Val::text(titled(text(args, 0)?, char::is_whitespace, lower)))
    }),
    fixed("swapcase", &[Str], |_, args| remade(args, swapped)),
    fixed("initials", &[Str], |_, args| remade(args, initials)),
    fixed("camelcase", &[Str], |_, args| remade(args, pascal)),
    fixed("snakecase", &[Str], |_, args| remade(args, |text| lowered(text, '_'))),
    fixed("kebabcase", &[Str], |_, args| remade(args, |text| lowered(text, '-'))),
    fixed("abbrev", &[Int, Str], |_, args| {
        let (width, text) = (int(args, 0)?, text(args, 1)?);
        Ok(Val::text(if width < 4 { text.clone() } else { abbreviated(text, 0, width) }))
    }),
    fixed("abbrevboth", &[Int, Int, Str], |_, args| {
        let (left, right, text) = (int(args, 0)?, int(args, 1)?, text(args, 2)?);
        let too_short = right < 4 || left > 0 && right < 7;
        Ok(Val::text(if too_short { text.clone() } else { abbreviated(text, left, right) }))
    }),
    fixed("wrap", &[Int, Str], |call, args| {
        wrapped(call, int(args, 0)?, &Text::plain("\n"), text(args, 1)?, false)
    }),
    fixed("wrapWith", &[Int, Str, Str], |call, args| {
        let separator = text(args, 1)?;
        let newline = Text::plain("\n");
        let separator = if separator.is_empty() { &newline } else { separator };
        wrapped(call, int(args, 0)?, separator, text(args, 2)?, true)
    }),
];

fn remade(args: &[Val], change: fn(&str) -> String) -> Result<Val> {
    let text = text(args, 0)?;
    let new = change(str(args, 0)?);
    Ok(Val::text(if new == text.as_str() { text.clone() } else { text.remade(new) }))
}

/// The first character of each word changed.
fn titled(text: &Text, separates: fn(char) -> bool, change: fn(char) -> char) -> Text {
    let mut starts = true;
    each_run(text, |run| {
        run.chars()
            .map(|c| {
                let first = starts && !separates(c);
                starts = separates(c);
                if first { change(c) } else { c }
            })
            .collect()
    })
}

/// What stands between words for `title`.
fn separates(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric() && c != '_';
    }
    !c.is_alphanumeric() && c.is_whitespace()
}

fn swapped(text: &str) -> String {
    let mut at_start = true;
    let swap = |c: char| {
        if c.is_uppercase() {
            at_start = false;
            lower(c)
        } else if c.is_lowercase() {
            at_start = false;
            upper(c)
        } else {
            at_start = c.is_whitespace();
            c
        }
    };
    text.chars().map(swap).collect()
}

/// The first byte of each word, taken for a character as Go does.
fn initials(text: &str) -> String {
    let mut gap = true;
    let mut made = String::new();
    for c in text.bytes().map(char::from) {
        if c.is_whitespace() {
            gap = true;
        } else if gap {
            made.push(c);
            gap = false;
        }
    }
    made
}

/// Cuts a text that is longer than `width` bytes and puts `...` where it was cut.
fn abbreviated(text: &Text, offset: i64, width: i64) -> Text {
    let length = i64::from(text.len() as u32);
    if length <= width {
        return text.clone();
    }
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    let mut made = TextBuilder::new();
    if offset <= 4 {
        made.push_text(&text.slice(0..(width - 3).max(0) as usize));
        made.push_plain("...");
        return made.finish();
    }
    if width < 7 {
        return Text::default();
    }
    made.push_plain("...");
    if offset + width - 3 < length {
        let inner = text.slice(offset as usize..text.len());
        let inner = if width - 3 < 4 { Text::default() } else { abbreviated(&inner, 0, width - 3) };
        made.push_text(&inner);
    } else {
        made.push_text(&text.slice((length - (width - 3)).max(0) as usize..text.len()));
    }
    made.finish()
}

/// Lines of at most `width` bytes, broken at spaces; longer words only with `cut`.
fn wrapped(call: &mut Call<'_>, width: i64, newline: &Text, text: &Text, cut: bool) -> Result<Val> {
    let all = text.as_str();
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let bytes = all.as_bytes();
    let slice = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    let whole = |from: usize, to: usize| all.floor_char_boundary(from)..all.floor_char_boundary(to);
    let mut made = TextBuilder::new();
    let mut offset = 0;
    while bytes.len() - offset > width {
        if bytes.get(offset) == Some(&b' ') {
            offset += 1;
            continue;
        }
        let end = offset + width;
        let space = slice(offset, end + 1).iter().rposition(|byte| *byte == b' ');
        let stop = match space {
            Some(at) => Some((offset + at, offset + at + 1)),
            None if cut => Some((end, end)),
            None => {
                let next = slice(end, bytes.len()).iter().position(|byte| *byte == b' ');
                next.map(|at| (end + at, end + at + 1))
            }
        };
        let Some((stop, next)) = stop else {
            break;
        };
        made.push_slice(text, whole(offset, stop));
        made.push_text(newline);
        fits_text(call, made.len())?;
        offset = next;
    }
    made.push_slice(text, whole(offset, bytes.len()));
    Ok(Val::text(made.finish()))
}

fn connects(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// `some_words` as `SomeWords`; connectors at the ends stay, of several in a row all but one.
fn pascal(text: &str) -> String {
    let mut chars = text.chars().peekable();
    let mut made = String::new();
    let mut first_upper = false;
    let mut now = None;
    for c in chars.by_ref() {
        if !connects(c) {
            first_upper = c.is_uppercase();
            now = Some(upper(c));
            break;
        }
        made.push(c);
    }
    if chars.peek().is_none() {
        // All of it was read; a text of connectors alone ends with its last one twice, as in Go.
        if let Some(last) = now.or_else(|| text.chars().next_back()) {
            made.push(last);
        }
        return made;
    }
    let mut now = now.unwrap_or_default();
    for c in chars {
        let before = now;
        now = c;
        if connects(now) && connects(before) {
            made.push(before);
            continue;
        }
        if connects(before) {
            first_upper = now.is_uppercase();
            now = upper(now);
        } else {
            if first_upper {
                if now.is_uppercase() {
                    now = lower(now);
                } else {
                    first_upper = false;
                }
            }
            made.push(before);
        }
    }
    made.push(now);
    made
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

/// A letter of an alphabet.
fn letter(c: char) -> bool {
    let han =
        matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}');
    c.is_alphabetic() && !han
}

fn punctuation(c: char) -> bool {
    matches!(c, '!' | '"' | '#' | '%' | '&' | '\'' | '(' | ')' | '*' | ',' | '-' | '.' | '/' | ':'
        | ';' | '?' | '@' | '[' | '\\' | ']' | '_' | '{' | '}' | '¡' | '§' | '«' | '¶' | '·' | '»'
        | '¿' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
}

/// The next word and what is behind it.
fn next_word(text: &str) -> (Word, &str, &str) {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return (Word::None, "", "") };
    let run = |belongs: fn(char) -> bool| {
        let after = &text.get(first.len_utf8()..).unwrap_or("");
        let more = after.find(|c| !belongs(c)).unwrap_or(after.len());
        first.len_utf8() + more
    };
    let (kind, end) = if connects(first) {
        (Word::Connector, run(connects))
    } else if punctuation(first) {
        (Word::Punctuation, run(punctuation))
    } else if first.is_uppercase() {
        (Word::Upper, upper_word(text, first, chars.next(), run))
    } else if letter(first) {
        (Word::Letters, run(|c| letter(c) && !c.is_uppercase()))
    } else if first.is_numeric() {
        (Word::Number, run(char::is_numeric))
    } else {
        let other = |c: char| !(connects(c) || letter(c) || c.is_numeric() || punctuation(c));
        (Word::Other, run(other))
    };
    let (word, behind) = text.split_at_checked(end).unwrap_or((text, ""));
    (kind, word, behind)
}

/// The end of a word that begins with a capital: `HTTP` of `HTTPServer`, `Server` of `ServerName`.
fn upper_word(
    text: &str,
    first: char,
    second: Option<char>,
    run: impl Fn(fn(char) -> bool) -> usize,
) -> usize {
    match second {
        Some(second) if second.is_uppercase() => {
            let end = run(char::is_uppercase);
            let follows = text.get(end..).and_then(|behind| behind.chars().next());
            let last = text.get(..end).and_then(|word| word.chars().next_back());
            match (follows, last) {
                (Some(next), Some(last)) if letter(next) => end - last.len_utf8(),
                _ => end,
            }
        }
        Some(second) if letter(second) => run(|c| letter(c) && !c.is_uppercase()),
        _ => first.len_utf8(),
    }
}

/// `FirstName` as `first_name`.
fn lowered(text: &str, connector: char) -> String {
    let mut made = String::new();
    let put = |made: &mut String, kind: Word, word: &str| {
        if kind != Word::Upper && kind != Word::Connector {
            return made.push_str(word);
        }
        made.extend(word.chars().map(|c| if connects(c) { connector } else { lower(c) }));
    };
    let joins = |kind| !matches!(kind, Word::None | Word::Punctuation | Word::Connector);
    let wordy = |kind| matches!(kind, Word::Letters | Word::Number);
    let (mut kind, mut word, mut behind) = next_word(text);
    while !behind.is_empty() {
        if kind != Word::Connector {
            put(&mut made, kind, word);
        }
        let (before, last) = (kind, word);
        (kind, word, behind) = next_word(behind);
        match before {
            Word::Number => {
                while wordy(kind) {
                    put(&mut made, kind, word);
                    (kind, word, behind) = next_word(behind);
                }
                if joins(kind) {
                    made.push(connector);
                }
            }
            Word::Connector => put(&mut made, before, last),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if kind != Word::Connector && kind != Word::Punctuation {
                    made.push(connector);
                }
            }
            _ if behind.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, behind) = next_word(behind);
                if kind == Word::Letters {
                    // Small letters behind it: the number begins a word, as in `http_2xx`.
                    made.push(connector);
                    put(&mut made, Word::Number, number);
                    while wordy(kind) {
                        put(&mut made, kind, word);
                        (kind, word, behind) = next_word(behind);
                    }
                    if joins(kind) {
                        made.push(connector);
                    }
                } else {
                    // The number ends a word, as in `bld4_floor`.
                    put(&mut made, Word::Number, number);
                    if kind != Word::Connector && kind != Word::Punctuation {
                        made.push(connector);
                    }
                }
            }
        }
    }
    put(&mut made, kind, word);
    made
}
