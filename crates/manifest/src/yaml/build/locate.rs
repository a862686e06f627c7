//! Finds the exact bytes of what the parser places near: block headers, dashes, empty values,
//! document borders.

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

/// Behind the last byte of a block scalar that is no blank or break.
pub(super) fn block_end(text: &str, start: usize, end: usize) -> usize {
    let body = text.get(start..end).unwrap_or("");
    (start + body.trim_end_matches([' ', '\t', '\r', '\n']).len()).max(start)
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
pub(super) fn behind(text: &str, cursor: usize, limit: usize, indicator: u8) -> Option<usize> {
    let (found, range) = token(text, cursor)?;
    if found != Token::Mark(indicator) {
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

/// Where documents begin and end: behind and before the marker lines of a file.
pub(super) struct Borders {
    /// Start and end of each stretch between markers, in order.
    stretches: Vec<Range<u32>>,
}

impl Borders {
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut stretches = Vec::new();
        let mut start = 0;
        let mut line = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        while line < bytes.len() {
            let marker = bytes[line..].starts_with(b"---") || bytes[line..].starts_with(b"...");
            if marker && matches!(bytes.get(line + 3), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
                // Comments and directives without a document belong to the one that follows.
                if !is_bare(&text[start as usize..line]) {
                    stretches.push(start..line as u32);
                    start = line as u32 + 3;
                }
            }
            line = match bytes[line..].iter().position(|&b| b == b'\n') {
                Some(n) => line + n + 1,
                None => bytes.len(),
            };
        }
        stretches.push(start..bytes.len() as u32);
        Self { stretches }
    }

    /// The stretch in which `at` lies.
    pub(super) fn around(&self, at: u32) -> Range<u32> {
        let behind = self.stretches.partition_point(|stretch| stretch.start <= at);
        self.stretches[behind.saturating_sub(1)].clone()
    }
}

/// Nothing but blank lines, comments, directives and markers.
fn is_bare(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').lines().all(|line| {
        let line = line.trim_start_matches("---").trim_start();
        line.is_empty() || line.starts_with(['#', '%'])
    })
}
