//! Finds the exact bytes of what the parser places near: block headers, dashes, empty values.

use std::ops::Range;

/// What stands between two nodes of block structure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `:`, `-`, `?`, `|`, `>`, or the first byte of anything else.
    Mark(u8),
    /// A tag, an anchor or a document marker.
    Property,
}

/// The next token from `from` on and its range; blanks, breaks and comments are passed over.
fn token(text: &str, from: usize) -> Option<(Token, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        match *bytes.get(at)? {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' => at = line_end(bytes, at),
            b'!' | b'&' => return Some((Token::Property, at..word_end(bytes, at))),
            b'-' | b'.' if matches!(bytes.get(at..at + 3), Some(b"---" | b"...")) => {
                return Some((Token::Property, at..at + 3));
            }
            0xef if text[at..].starts_with('\u{feff}') => at += '\u{feff}'.len_utf8(),
            mark => return Some((Token::Mark(mark), at..at + 1)),
        }
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(bytes.len(), |n| at + n)
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .position(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
        .map_or(bytes.len(), |n| at + n)
}

/// The `|` or `>` of a block scalar, from behind the token before it. `start` is where the parser
/// says that it starts: at its header or behind it.
pub(super) fn block_header(text: &str, cursor: usize, start: usize) -> usize {
    let mut from = cursor;
    while let Some((token, range)) = token(text, from) {
        match token {
            Token::Mark(b'|' | b'>') => return range.start,
            Token::Mark(b':' | b'-' | b'?') | Token::Property => from = range.end,
            Token::Mark(_) => break,
        }
    }
    start
}

/// Behind the last byte of a block scalar that is no blank or break. A comment behind its indicators is
/// no part of one without lines.
pub(super) fn block_end(text: &str, start: usize, end: usize) -> usize {
    let body = text.get(start..end).unwrap_or("");
    let written = body.trim_end_matches([' ', '\t', '\r', '\n']);
    let has_lines = written.contains(['\r', '\n']);
    let written = if has_lines { written } else { written.split([' ', '\t']).next().unwrap_or("") };
    start + written.len()
}

/// The dash of a block sequence's first item, when it is the value of a key.
pub(super) fn first_dash(text: &str, cursor: usize, start: usize) -> usize {
    let mut from = cursor;
    while let Some((token, range)) = token(text, from) {
        match token {
            Token::Mark(b'-') => return range.start,
            Token::Mark(b':' | b'?') | Token::Property => from = range.end,
            Token::Mark(_) => break,
        }
    }
    start
}

/// Behind `indicator`, if it is what comes next, and behind the tags and anchors of the value that is
/// not written, which end before `limit`.
pub(super) fn behind(
    text: &str,
    cursor: usize,
    limit: usize,
    indicator: u8,
    flow: bool,
) -> Option<usize> {
    let (found, range) = token(text, cursor)?;
    // A `:` in front of anything else begins a text: the key behind a `?` that has no value.
    let stands_alone =
        matches!(text.as_bytes().get(range.end), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
    if found != Token::Mark(indicator) || !(flow || stands_alone) {
        return None;
    }
    let mut end = range.end;
    while let Some((Token::Property, property)) = token(text, end)
        && property.end <= limit
    {
        end = property.end;
    }
    Some(end)
}
