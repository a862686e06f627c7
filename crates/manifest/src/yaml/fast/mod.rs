//! Reads the YAML that manifests are written in, line by line, straight onto the tape.
//!
//! It knows the common subset only: block maps and lists, scalars of every style, flow collections,
//! comments and `---`. Whatever else it meets, and whatever is wrong, makes it answer `None`, "don't
//! know": then the full parser reads the file from its start. What it does read, it must read
//! exactly as the full parser does, to the last span; tests and fuzzing compare the two.

mod blocks;
mod flow;
mod folded;
mod plain;
mod quoted;
mod scan;
mod survey;

use std::ops::Range;
use std::sync::Arc;

use super::tape::{Borders, Tape, Text};
use super::tree::{Kind, Style, Tree};
use crate::source::SourceId;

/// Collections within collections: well below what the full parser refuses.
const DEPTH_LIMIT: u32 = 64;

/// Bytes from a key's start to its `:`. YAML allows 1024 characters.
const KEY_LIMIT: usize = 1000;

/// Reads a whole file, or nothing.
pub(super) fn parse(text: &Arc<str>, source: SourceId) -> Option<Tree> {
    let survey = survey::of(text)?;
    let mut reader = Reader::new(text, survey.lines);
    reader.lines()?;
    let Reader { tape, borders, .. } = reader;
    Some(tape.finish(text.clone(), source, &borders))
}

struct Reader<'s> {
    text: &'s str,
    bytes: &'s [u8],
    tape: Tape<'s>,
    borders: Borders,
    /// The open block collections, outermost first.
    blocks: Vec<Block>,
    /// What the line so far promises.
    awaited: Option<Awaited>,
    in_document: bool,
    /// Start of the next line.
    at: usize,
}

/// An open block collection.
#[derive(Clone, Copy)]
struct Block {
    kind: Kind,
    /// Where its keys or dashes stand.
    column: usize,
}

/// A value that may come on a later line: of a key, of a list item, or a document's root.
#[derive(Clone, Copy)]
struct Awaited {
    /// The least indentation of its lines: one more than its parent's, 0 for a root.
    least: usize,
    /// Whether dashes at its parent's column are the value: those of a list below its key.
    dashes_beside: bool,
    /// Where it would be if it is not written.
    place: usize,
}

/// What follows a line of text.
enum Next<T> {
    /// A further line, and what is known of it.
    Line(T),
    /// What is not part of the text.
    Other,
}

impl<'s> Reader<'s> {
    fn new(text: &'s str, lines: usize) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            // A key and a value a line; what collections add, comments and texts make up for, nearly.
            tape: Tape::new(text, lines * 2 + lines / 8 + 8),
            borders: Borders::new(text),
            blocks: Vec::with_capacity(16),
            awaited: None,
            in_document: false,
            at: 0,
        }
    }

    fn lines(&mut self) -> Option<()> {
        while self.at < self.bytes.len() {
            let line = self.at;
            let first = self.behind_spaces(line);
            match self.byte(first) {
                b'\n' => self.at = first + 1,
                b'#' => self.comment(first),
                b'-' | b'.' | b'%' if first == line && self.is_special(line)? => {
                    self.marker(line)?;
                }
                _ => self.content(first, first - line)?,
            }
        }
        self.end_document()
    }

    /// Whether a line that starts at its first column is a document marker.
    fn is_special(&self, line: usize) -> Option<bool> {
        let head = self.bytes.get(line..line + 3).unwrap_or_default();
        match self.byte(line) {
            b'%' => None,
            _ if head == b"..." => None,
            _ => Some(head == b"---" && matches!(self.byte(line + 3), b' ' | b'\n')),
        }
    }

    /// Reads a `---` that stands alone on its line.
    fn marker(&mut self, line: usize) -> Option<()> {
        self.end_document()?;
        self.borders.marker(self.text, line);
        self.start_document(line + 3);
        let behind = self.behind_spaces(line + 3);
        self.end_line(line + 3, behind)
    }

    fn start_document(&mut self, place: usize) {
        self.in_document = true;
        self.awaited = Some(Awaited { least: 0, dashes_beside: false, place });
        self.tape.document_start();
    }

    fn end_document(&mut self) -> Option<()> {
        if self.in_document {
            self.leave_out_awaited();
            while self.blocks.pop().is_some() {
                self.tape.close(None).ok()?;
            }
            self.tape.document_end();
            self.in_document = false;
        }
        Some(())
    }

    /// The awaited value is not written.
    fn leave_out_awaited(&mut self) {
        if let Some(Awaited { place, .. }) = self.awaited.take() {
            self.scalar(place..place, Text::written(place..place), Style::Plain);
        }
    }

    fn scalar(&mut self, span: Range<usize>, text: Text, style: Style) {
        self.tape.scalar(span, text, style, 0);
    }

    /// Reads a comment up to the next line.
    fn comment(&mut self, at: usize) {
        let end = self.line_end(at);
        self.tape.comment(at..end);
        self.at = end + 1;
    }

    /// Goes on to the next line, when nothing but blanks and a comment is left of this one: what was
    /// read ends at `end`, `first` is the first byte behind it that is no blank.
    fn end_line(&mut self, end: usize, first: usize) -> Option<()> {
        match self.byte(first) {
            b'\n' => self.at = first + 1,
            b'#' if first > end => self.comment(first),
            _ => return None,
        }
        Some(())
    }

    /// The byte at `at`; a line end behind the last.
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn behind_spaces(&self, at: usize) -> usize {
        scan::behind_spaces(self.bytes, at)
    }

    /// The line end at `at` or behind it, or the end of the file.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }

    /// Whether a document marker, or what looks like one, starts at `line`.
    fn looks_like_marker(&self, line: usize) -> bool {
        matches!(self.bytes.get(line..line + 3), Some(b"---" | b"..."))
    }
}
