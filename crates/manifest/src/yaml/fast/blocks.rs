//! Block structure: dashes, keys and what stands behind them.

use std::ops::Range;

use super::{Awaited, Block, DEPTH_LIMIT, KEY_LIMIT, Reader};
use crate::yaml::tape::Text;
use crate::yaml::tree::{Kind, Style};

impl Reader<'_> {
    /// Reads a line that holds more than a comment, from its first byte that is no blank.
    pub(super) fn content(&mut self, first: usize, column: usize) -> Option<()> {
        if !self.in_document {
            self.start_document(first);
        }
        let dash = self.is_dash(first);
        if !self.is_awaited(column, dash) {
            self.leave_out_awaited();
            self.unwind(column, dash)?;
        }
        self.structure(first, column)
    }

    /// Whether a line belongs to the awaited value.
    fn is_awaited(&self, column: usize, dash: bool) -> bool {
        self.awaited.is_some_and(|Awaited { least, dashes_beside, .. }| {
            column >= least || (dashes_beside && dash && column + 1 == least)
        })
    }

    /// A `-` that stands for a list item.
    fn is_dash(&self, at: usize) -> bool {
        self.byte(at) == b'-' && matches!(self.byte(at + 1), b' ' | b'\n')
    }

    /// Closes the collections that a line at `column` ends, down to the one that it continues.
    fn unwind(&mut self, column: usize, dash: bool) -> Option<()> {
        loop {
            let &Block { kind, column: open } = self.blocks.last()?;
            let continues = open == column && (kind == Kind::Seq) == dash;
            if continues {
                return Some(());
            }
            // At one column, what ends is a list below its key.
            if open < column || (open == column && dash) {
                return None;
            }
            self.tape.close(None).ok()?;
            self.blocks.pop();
        }
    }

    /// Reads dashes and then the node behind them.
    fn structure(&mut self, mut at: usize, mut column: usize) -> Option<()> {
        while self.is_dash(at) {
            if self.awaited.take().is_some() {
                self.open(Kind::Seq, at, column)?;
            }
            let first = self.behind_spaces(at + 1);
            self.awaited = Some(Awaited { least: column + 1, dashes_beside: false, place: at + 1 });
            if matches!(self.byte(first), b'\n' | b'#') {
                return self.end_line(at + 1, first);
            }
            column += first - at;
            at = first;
        }
        self.node(at, column)
    }

    fn open(&mut self, kind: Kind, start: usize, column: usize) -> Option<()> {
        if self.tape.depth() >= DEPTH_LIMIT {
            return None;
        }
        self.tape.open(kind, start, false, 0);
        self.blocks.push(Block { kind, column });
        Some(())
    }

    /// Reads an entry of a map, or the awaited value when it has a line of its own.
    fn node(&mut self, at: usize, column: usize) -> Option<()> {
        match self.byte(at) {
            b'"' | b'\'' => {
                let quoted = self.quoted(at)?;
                let colon = self.behind_spaces(quoted.end);
                if self.byte(colon) != b':' {
                    self.awaited.take()?;
                    self.scalar(at..quoted.end, quoted.text, quoted.style);
                    return self.end_line(quoted.end, colon);
                }
                if quoted.is_long || !self.is_blank(colon + 1) {
                    return None;
                }
                self.entry(at..quoted.end, quoted.text, quoted.style, colon, column)
            }
            b'|' | b'>' | b'[' | b'{' => {
                let Awaited { least, .. } = self.awaited.take()?;
                self.value(at, least)
            }
            _ => {
                let plain = self.plain(at)?;
                let span = at..plain.end;
                if self.byte(plain.stop) == b':' {
                    let text = Text::written(span.clone());
                    return self.entry(span, text, Style::Plain, plain.stop, column);
                }
                let Awaited { least, .. } = self.awaited.take()?;
                self.plain_value(span, plain.stop, least)
            }
        }
    }

    /// Reads an entry of a map from its key on, whose `:` is found already.
    fn entry(
        &mut self,
        span: Range<usize>,
        text: Text,
        style: Style,
        colon: usize,
        column: usize,
    ) -> Option<()> {
        if colon - span.start > KEY_LIMIT || self.bytes.get(span.clone()) == Some(b"<<") {
            return None;
        }
        if self.awaited.take().is_some() {
            self.open(Kind::Map, span.start, column)?;
        }
        self.scalar(span, text, style);
        let first = self.behind_spaces(colon + 1);
        if matches!(self.byte(first), b'\n' | b'#') {
            let place = colon + 1;
            self.awaited = Some(Awaited { least: column + 1, dashes_beside: true, place });
            return self.end_line(place, first);
        }
        self.value(first, column + 1)
    }

    /// Reads a value that starts at `at`, whose further lines are indented by `least` or more.
    fn value(&mut self, at: usize, least: usize) -> Option<()> {
        match self.byte(at) {
            b'"' | b'\'' => {
                let quoted = self.quoted(at)?;
                self.scalar(at..quoted.end, quoted.text, quoted.style);
                let behind = self.behind_spaces(quoted.end);
                self.end_line(quoted.end, behind)
            }
            b'[' | b'{' => {
                let end = self.flow(at)?;
                let behind = self.behind_spaces(end);
                self.end_line(end, behind)
            }
            b'|' | b'>' => self.folded(at, least),
            _ => {
                let plain = self.plain(at)?;
                if self.byte(plain.stop) == b':' {
                    return None;
                }
                self.plain_value(at..plain.end, plain.stop, least)
            }
        }
    }

    pub(super) fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\n')
    }
}
