//! Plain scalars outside of brackets.

use std::ops::Range;

use super::{Next, Reader, scan};
use crate::yaml::tape::Text;
use crate::yaml::tree::Style;

/// A line's worth of a plain scalar.
pub(super) struct Plain {
    /// Behind its last byte that is no blank.
    pub(super) end: usize,
    /// What ends it: the `:` of a key, the `#` of a comment, or the line end.
    pub(super) stop: usize,
}

impl Reader<'_> {
    /// Reads a plain scalar from its first byte to the end of its line.
    pub(super) fn plain(&self, at: usize) -> Option<Plain> {
        match self.byte(at) {
            b'-' | b'?' | b':' if self.is_blank(at + 1) => None,
            b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'[' | b']' | b'{' | b'}'
            | b',' | b'#' | b'"' | b'\'' => None,
            _ => self.plain_line(at),
        }
    }

    fn plain_line(&self, at: usize) -> Option<Plain> {
        let mut stop = at;
        loop {
            stop = scan::plain_stop(self.bytes, stop);
            match self.byte(stop) {
                b'\n' => break,
                b':' if self.is_blank(stop + 1) => break,
                b'#' if stop > at && self.byte(stop - 1) == b' ' => break,
                // Behind a colon, a tab ends the scalar too.
                b'\t' => return None,
                _ => stop += 1,
            }
        }
        let written = self.bytes.get(at..stop)?;
        let blanks = written.iter().rev().take_while(|&&b| b == b' ').count();
        (blanks < written.len()).then_some(Plain { end: stop - blanks, stop })
    }

    /// Takes in a plain value that began on this line, with the lines that continue it: those that
    /// are indented by `least` or more.
    pub(super) fn plain_value(
        &mut self,
        span: Range<usize>,
        stop: usize,
        least: usize,
    ) -> Option<()> {
        if self.byte(stop) == b'\n'
            && let Next::Line(more) = self.continuation(stop, least)?
        {
            return self.long_plain(span, more, least);
        }
        let text = Text::written(span.clone());
        let end = span.end;
        self.scalar(span, text, Style::Plain);
        self.end_line(end, stop)
    }

    /// The next line that continues a plain scalar, if any, behind the line end at `stop`: where its
    /// text begins, and how many lines are left empty before it.
    fn continuation(&self, stop: usize, least: usize) -> Option<Next<(usize, usize)>> {
        let mut line = stop + 1;
        let mut empty = 0;
        while line < self.bytes.len() {
            let first = self.behind_spaces(line);
            match self.byte(first) {
                b'\n' => {
                    empty += 1;
                    line = first + 1;
                }
                b'\t' => return None,
                b'#' => return Some(Next::Other),
                _ if first - line < least => return Some(Next::Other),
                // The lines of a root have no indentation to tell them by.
                _ if least == 0 => {
                    return self.looks_like_marker(line).then_some(Next::Other);
                }
                _ => return Some(Next::Line((first, empty))),
            }
        }
        Some(Next::Other)
    }

    /// Reads a plain scalar of several lines, whose first has been read.
    fn long_plain(
        &mut self,
        first: Range<usize>,
        (mut at, mut empty): (usize, usize),
        least: usize,
    ) -> Option<()> {
        let start = first.start;
        let offset = self.tape.side().len();
        let text = self.text;
        self.tape.side().push_str(text.get(first)?);
        loop {
            let Plain { end, stop } = self.plain_line(at)?;
            if self.byte(stop) != b'\n' {
                return None;
            }
            let side = self.tape.side();
            match empty {
                0 => side.push(' '),
                _ => side.extend(std::iter::repeat_n('\n', empty)),
            }
            side.push_str(text.get(at..end)?);
            if let Next::Line(more) = self.continuation(stop, least)? {
                (at, empty) = more;
                continue;
            }
            let text = self.tape.cooked(start, offset);
            self.scalar(start..end, text, Style::Plain);
            return self.end_line(end, stop);
        }
    }
}
