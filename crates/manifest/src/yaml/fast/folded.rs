//! Block scalars: literal (`|`) and folded (`>`) text.

use super::{Next, Reader};
use crate::yaml::tree::Style;

/// What becomes of the line ends behind the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    /// One is left.
    Clip,
    /// None is left.
    Strip,
    /// All are left.
    Keep,
}

/// The lines of a block scalar as they are joined.
struct Joined {
    /// Line ends of blank lines that no text has followed yet.
    empty: usize,
    /// Whether a line of text has ended.
    begun: bool,
    /// Whether the last line of text is indented deeper than the first.
    deeper: bool,
    folds: bool,
}

impl Joined {
    fn line(&mut self, side: &mut String, line: &str) {
        let deeper = line.starts_with([' ', '\t']);
        let folds = self.folds && self.begun && !self.deeper && !deeper;
        if folds && self.empty == 0 {
            side.push(' ');
        } else if self.begun && !folds {
            side.push('\n');
        }
        side.extend(std::iter::repeat_n('\n', self.empty));
        side.push_str(line);
        self.empty = 0;
        self.begun = true;
        self.deeper = deeper;
    }
}

impl Reader<'_> {
    /// Reads a block scalar from its `|` or `>` on, whose lines are indented by `least` or more.
    pub(super) fn folded(&mut self, start: usize, least: usize) -> Option<()> {
        let folds = self.byte(start) == b'>';
        let chomping = match self.byte(start + 1) {
            b'-' => Chomping::Strip,
            b'+' => Chomping::Keep,
            _ => Chomping::Clip,
        };
        let behind = start + 1 + usize::from(chomping != Chomping::Clip);
        let first = self.behind_spaces(behind);
        self.end_line(behind, first)?;
        let (blank, inner, indent) = self.first_text(least)?;

        let offset = self.tape.side().len();
        let mut joined = Joined { empty: blank, begun: false, deeper: false, folds };
        let end = self.text_lines(inner, indent, &mut joined)?;
        let is_ended = self.at <= self.bytes.len();
        let side = self.tape.side();
        if chomping != Chomping::Strip && is_ended {
            side.push('\n');
        }
        if chomping == Chomping::Keep {
            side.extend(std::iter::repeat_n('\n', joined.empty));
        }
        let text = self.tape.cooked(inner, offset);
        let style = if folds { Style::Folded } else { Style::Literal };
        self.scalar(start..end, text, style);
        Some(())
    }

    /// The first line of text: how many blank ones come before it, where its text begins, and its
    /// indentation.
    fn first_text(&self, least: usize) -> Option<(usize, usize, usize)> {
        let mut line = self.at;
        let mut blank = 0;
        let mut widest = 0;
        loop {
            let first = self.behind_spaces(line);
            let indent = first - line;
            match self.bytes.get(first)? {
                b'\n' => {
                    widest = widest.max(indent);
                    blank += 1;
                    line = first + 1;
                }
                // A text without lines, or a line that takes its indentation from a blank one.
                _ if indent < least || widest > indent => return None,
                _ if indent == 0 && self.looks_like_marker(line) => return None,
                b'\t' => return None,
                _ => return Some((blank, first, indent)),
            }
        }
    }

    /// Reads the lines of a text, the first from where it begins. Gives where the last ends, blanks
    /// left out, and leaves `at` behind what belongs to the text.
    fn text_lines(&mut self, inner: usize, indent: usize, joined: &mut Joined) -> Option<usize> {
        let text = self.text;
        let mut at = inner;
        let mut end = inner;
        loop {
            let stop = self.line_end(at);
            let line = text.get(at..stop)?;
            joined.line(self.tape.side(), line);
            let solid = line.trim_end_matches([' ', '\t']);
            if !solid.is_empty() {
                end = at + solid.len();
            } else if stop >= self.bytes.len() {
                return None;
            }
            self.at = stop + 1;
            match self.next_text(indent, joined)? {
                Next::Line(next) => at = next,
                Next::Other => return Some(end),
            }
        }
    }

    /// Where the next line's text begins, if there is a further one; blank ones are counted.
    fn next_text(&mut self, indent: usize, joined: &mut Joined) -> Option<Next<usize>> {
        while self.at < self.bytes.len() {
            let line = self.at;
            if indent == 0 && self.looks_like_marker(line) {
                return Some(Next::Other);
            }
            let first = self.behind_spaces(line);
            if first - line >= indent && self.byte(line + indent) != b'\n' {
                return Some(Next::Line(line + indent));
            }
            // The last line of the file, of blanks alone: the full parser has rules of its own.
            if first >= self.bytes.len() {
                return None;
            }
            if self.byte(first) != b'\n' {
                return Some(Next::Other);
            }
            joined.empty += 1;
            self.at = first + 1;
        }
        Some(Next::Other)
    }
}
