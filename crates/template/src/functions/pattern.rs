//! Go's regular expressions in the words of the `regex` crate.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// The same expression where both dialects differ: Go's `\d`, `\w`, `\s` and `\b` know only ASCII,
/// its classes have no operators, `{` without a count and `\Q…\E` are literal text.
pub(super) fn translated(pattern: &str) -> String {
    let mut made = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, in_class, &mut made),
            '[' if in_class && chars.peek() == Some(&':') => {
                made.push('[');
                for c in chars.by_ref() {
                    made.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '[' if in_class => made.push_str("\\["),
            '[' => {
                in_class = true;
                made.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    made.push('^');
                }
                if chars.next_if_eq(&']').is_some() {
                    made.push_str("\\]");
                }
            }
            ']' => {
                in_class = false;
                made.push(']');
            }
            '&' | '~' if in_class => {
                made.push('\\');
                made.push(c);
            }
            '-' if in_class && chars.peek() == Some(&'-') => made.push_str("\\-"),
            '{' if !in_class && !is_count(chars.clone()) => made.push_str("\\{"),
            c => made.push(c),
        }
    }
    made
}

fn escape(chars: &mut Peekable<Chars<'_>>, in_class: bool, made: &mut String) {
    match chars.next() {
        None => made.push('\\'),
        Some('Q') => {
            let mut literal = String::new();
            while let Some(c) = chars.next() {
                if c == '\\' && chars.next_if_eq(&'E').is_some() {
                    break;
                }
                literal.push(c);
            }
            made.push_str(&regex::escape(&literal));
        }
        Some('d') => made.push_str("[0-9]"),
        Some('D') => made.push_str("[^0-9]"),
        Some('w') => made.push_str("[0-9A-Za-z_]"),
        Some('W') => made.push_str("[^0-9A-Za-z_]"),
        Some('s') => made.push_str(r"[\t\n\f\r\x20]"),
        Some('S') => made.push_str(r"[^\t\n\f\r\x20]"),
        Some('b') if !in_class => made.push_str(r"(?-u:\b)"),
        Some('C') if !in_class => made.push_str("(?s:.)"),
        Some(c @ ('<' | '>')) => made.push(c),
        Some(first @ '0'..='7')
            if first == '0' || chars.peek().is_some_and(|c| ('0'..='7').contains(c)) =>
        {
            let mut number = first.to_digit(8).unwrap_or(0);
            for _ in 0..2 {
                let Some(digit) = chars.next_if(|c| ('0'..='7').contains(c)) else { break };
                number = number * 8 + digit.to_digit(8).unwrap_or(0);
            }
            let _ = write!(made, "\\x{{{number:x}}}");
        }
        Some(c) => {
            made.push('\\');
            made.push(c);
        }
    }
}

/// Whether what is behind `{` makes it a count: `3}`, `3,}`, `3,5}`.
fn is_count(chars: Peekable<Chars<'_>>) -> bool {
    let inner: String = chars.take_while(|c| *c != '}').take(12).collect();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
        None => number(&inner),
    }
}
