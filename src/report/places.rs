//! Lines and columns of spans; the table of lines of each source is made once, when first asked.

use std::cell::{Cell, OnceCell};

use crate::source::{Lines, Position, Source, SourceId, Sources, Span};

/// Looks up positions in the sources of a report.
#[derive(Debug)]
pub struct Places<'r> {
    sources: &'r Sources,
    lines: Vec<OnceCell<Lines>>,
    /// How often a source was asked about before it had a table.
    asked: Vec<Cell<u8>>,
    /// Where counting code points last stopped: source, bytes, code points.
    counted: Cell<(SourceId, u32, u32)>,
}

/// A span as people and editors count. The end is one past the last code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region<'r> {
    pub path: &'r str,
    pub start: Position,
    pub end: Position,
}

impl<'r> Places<'r> {
    pub fn new(sources: &'r Sources) -> Self {
        Self {
            sources,
            lines: vec![OnceCell::new(); sources.len()],
            asked: vec![Cell::new(0); sources.len()],
            counted: Cell::new((SourceId(0), 0, 0)),
        }
    }

    pub fn source(&self, id: SourceId) -> &'r Source {
        self.sources.get(id)
    }

    /// The span's file from the root of the repository, for fingerprints.
    pub fn from_root(&self, span: Span) -> &'r str {
        &self.source(span.source).from_root
    }

    pub fn lines(&self, id: SourceId) -> &Lines {
        self.lines[id.0 as usize].get_or_init(|| Lines::of(&self.sources.get(id).text))
    }

    pub fn region(&self, span: Span) -> Region<'r> {
        let source = self.source(span.source);
        let (from, to) = (span.start, span.end.max(span.start));
        let (start, end) = if self.is_rarely_asked(span.source) {
            (Position::count(&source.text, from), Position::count(&source.text, to))
        } else {
            let lines = self.lines(span.source);
            (lines.position(&source.text, from), lines.position(&source.text, to))
        };
        Region { path: &source.path, start, end }
    }

    /// Whether counting beats a table of all lines: of most files one or two places are told.
    fn is_rarely_asked(&self, id: SourceId) -> bool {
        const FEW: u8 = 3;
        const SHORT: usize = 1 << 16;
        let Some(asked) = self.asked.get(id.0 as usize) else { return false };
        let before = asked.get();
        asked.set(before.saturating_add(1));
        before < FEW && self.source(id).text.len() < SHORT
    }

    /// Code points before the span and in it. Cheap for spans that come in order.
    pub fn chars(&self, span: Span) -> (u32, u32) {
        let text = &*self.source(span.source).text;
        let (source, bytes, chars) = self.counted.get();
        let (bytes, chars) =
            if source == span.source && bytes <= span.start { (bytes, chars) } else { (0, 0) };
        let between = |from: u32, to: u32| {
            text.get(from as usize..to as usize).map_or(0, |t| t.chars().count() as u32)
        };
        let start = chars + between(bytes, span.start);
        self.counted.set((span.source, span.start, start));
        (start, between(span.start, span.end))
    }
}
