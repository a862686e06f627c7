//! Words and characters for people.

use std::borrow::Cow;

/// `1 file`, `2 files`, `3 policies`.
pub fn count(number: u32, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

/// Whether a character would move the cursor, change colours or reorder what a terminal shows.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line that is safe to print: control characters become `\u{1b}`, line ends a space.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push(' '),
            '\r' => {}
            c if is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Source text that is safe to print and has every byte at its old place.
pub(super) fn clean_source(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| is_unsafe(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let replacement = |c: char| match c.len_utf8() {
        1 => '?',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    };
    let mut rest = text.chars();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        // A carriage return that ends no line would write over the line's start.
        let ends_line = c == '\n' || c == '\r' && rest.as_str().starts_with('\n');
        out.push(if is_unsafe(c) && !ends_line { replacement(c) } else { c });
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_must_not_see_is_spelt_out() {
        assert_eq!(clean("a `b` ü"), "a `b` ü");
        assert_eq!(clean("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb c");
        let source = "a: \u{1b}x\u{9b}\u{202e}\n";
        assert_eq!(clean_source(source).len(), source.len());
        assert!(!clean_source(source).contains('\u{1b}'));
        assert_eq!(clean_source("a: x\ry\r\r\nb: z\r\n"), "a: x?y?\r\nb: z\r\n");
    }

    #[test]
    fn plurals() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "policy"), "0 policies");
        assert_eq!(count(2, "key"), "2 keys");
    }
}
