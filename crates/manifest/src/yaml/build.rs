//! Fills the tape from parser events. Only this module and its own name the YAML parser.
//!
//! What it lets through, readers may walk without limits of their own: a document nests at most
//! [`DEPTH_LIMIT`] deep and grows by at most [`EXPANSION_LIMIT`] nodes, aliases followed.

mod locate;
mod words;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use rustc_hash::FxHashMap;

use super::tape::{Borders, DEPTH_LIMIT, Fault, Tape, Text};
use super::tree::{Kind, Style, Tree};
use crate::source::SourceId;

/// Nodes that the aliases of one document may stand for. Go's reader refuses such documents too.
const EXPANSION_LIMIT: u32 = 100_000;

pub(super) fn parse(text: &Arc<str>, source: SourceId) -> Tree {
    let mut builder = Builder::new(text);
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
        block_nesting_limit: DEPTH_LIMIT as usize,
        flow_nesting_limit: DEPTH_LIMIT as usize,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        let outcome = match next {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => builder.event(event, &span.byte_range().unwrap_or(0..0)),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
                Err((words::place(&error, text, at), words::plain(&error, text, at)))
            }
        };
        if let Err(fault) = outcome {
            builder.abandon(fault);
            if !matches!(parser.proceed_next_document(), Ok(true)) {
                break;
            }
        }
    }
    builder.tape.finish(text.clone(), source, &Borders::of(text))
}

/// What is known of an open collection beside the tape.
struct Open {
    ix: u32,
    size: Size,
    /// Its anchor's number, 0 for none.
    anchor: usize,
    /// Whether a bracket closes it.
    bracketed: bool,
}

/// What a node comes to with its aliases followed.
#[derive(Clone, Copy)]
struct Size {
    nodes: u32,
    height: u32,
}

impl Size {
    const ONE: Self = Self { nodes: 1, height: 0 };

    fn add(&mut self, child: Self) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.height = self.height.max(child.height + 1);
    }
}

struct Builder<'s> {
    text: &'s str,
    tape: Tape<'s>,
    open: Vec<Open>,
    /// Anchor number → node, of the current document.
    anchors: FxHashMap<usize, (u32, Size)>,
    /// Nodes that the aliases of the current document stand for.
    expanded: u32,
    /// Behind the last token of the structure: where the next one is looked for.
    cursor: usize,
    /// Whether the document before was dropped half-built, `cursor` being somewhere in it.
    abandoned: bool,
}

impl<'s> Builder<'s> {
    fn new(text: &'s str) -> Self {
        Self {
            text,
            tape: Tape::new(text, text.len() / 20 + 8),
            open: Vec::new(),
            anchors: FxHashMap::default(),
            expanded: 0,
            cursor: 0,
            abandoned: false,
        }
    }

    fn event(&mut self, event: Event<'_>, at: &Range<usize>) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag, at),
            Event::MappingStart(style, anchor, tag) => {
                self.collection(Kind::Map, style, anchor, tag, at)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.collection(Kind::Seq, style, anchor, tag, at)?;
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(at.end)?,
            Event::Alias(id) => self.alias(id, at)?,
            Event::Comment(..) => self.tape.comment(at.clone()),
            Event::DocumentStart(explicit, ..) => {
                self.anchors.clear();
                self.expanded = 0;
                if explicit {
                    self.cursor = at.end;
                } else if self.abandoned {
                    self.cursor = self.behind_last_end(at.end);
                }
                self.abandoned = false;
                self.tape.document_start();
            }
            Event::DocumentEnd => self.tape.document_end(),
            _ => {}
        }
        Ok(())
    }

    /// Behind the last `...` at the start of a line between the cursor and a place.
    fn behind_last_end(&self, to: usize) -> usize {
        const END: &str = "...";
        let starts_line = |at: &usize| {
            matches!(self.text.as_bytes().get(..*at).and_then(<[u8]>::last), Some(b'\n' | b'\r'))
        };
        let passed = self.text.get(self.cursor..to).unwrap_or("").rmatch_indices(END);
        let mut ends = passed.map(|(at, _)| self.cursor + at).filter(starts_line);
        ends.next().map_or(self.cursor, |at| at + END.len())
    }

    fn tag(&mut self, tag: Option<Cow<'_, Tag>>) -> u8 {
        tag.map_or(0, |tag| self.tape.tag(format!("{}{}", tag.handle(), tag.suffix())))
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        at: &Range<usize>,
    ) {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let (mut start, mut end) = (at.start, at.end);
        let mut inner = start;
        let mut behind = end;
        let mut text = text;
        match style {
            Style::Plain if start == end => {
                // An empty value: the parser shows it as `~` with an empty span.
                text = "";
                start = self.empty_place(at.start);
                (inner, end, behind) = (start, start, start);
            }
            Style::Plain => {}
            Style::SingleQuoted | Style::DoubleQuoted => inner += 1,
            Style::Literal | Style::Folded => {
                start = locate::block_header(self.text, self.cursor, at.start);
                end = locate::block_end(self.text, start, at.end);
                // A last line that nothing ends gets no line end from Go's reader either.
                if at.end >= self.text.len() && !self.text.ends_with(['\n', '\r']) {
                    text = text.strip_suffix('\n').unwrap_or(text);
                }
            }
        }
        let text = self.text_of(text, inner);
        if anchor != 0 {
            self.anchors.insert(anchor, (self.tape.len(), Size::ONE));
        }
        let tag = self.tag(tag);
        self.cursor = self.cursor.max(behind);
        self.tape.scalar(start..end, text, style, tag);
        self.child(Size::ONE);
    }

    /// Where a scalar's text lies: in the file at `inner`, or copied.
    fn text_of(&mut self, text: &str, inner: usize) -> Text {
        if self.text.as_bytes().get(inner..inner + text.len()) == Some(text.as_bytes()) {
            return Text::written(inner..inner + text.len());
        }
        let side = self.tape.side();
        let offset = side.len();
        side.push_str(text);
        self.tape.cooked(inner, offset)
    }

    /// Counts a finished node in its parent.
    fn child(&mut self, size: Size) {
        if let Some(open) = self.open.last_mut() {
            open.size.add(size);
        }
    }

    /// Where a value that is not written would begin: behind its `:` or `-`.
    fn empty_place(&self, at: usize) -> usize {
        let indicator = match self.tape.parent() {
            Some(Kind::Map) if !self.tape.awaits_key() => b':',
            Some(Kind::Seq) => b'-',
            _ => return at,
        };
        // `[a: 1]` holds a map without brackets of its own.
        let flow = self.open.iter().rev().take(2).any(|open| open.bracketed);
        locate::behind(self.text, self.cursor, at, indicator, flow).unwrap_or(at)
    }

    fn collection(
        &mut self,
        kind: Kind,
        style: StructureStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        at: &Range<usize>,
    ) -> Result<(), Fault> {
        let flow = style == StructureStyle::Flow;
        let mut start = at.start;
        if self.tape.awaits_key() {
            return Err(words::collection_as_key(self.text, start));
        }
        if kind == Kind::Seq && !flow && self.tape.parent() == Some(Kind::Map) {
            // At its key's own indent the parser's span starts behind the first dash.
            start = locate::first_dash(self.text, self.cursor, start);
        }
        if self.tape.depth() >= DEPTH_LIMIT {
            return Err((start, words::too_deep(DEPTH_LIMIT)));
        }
        let tag = self.tag(tag);
        let ix = self.tape.len();
        if anchor != 0 {
            self.anchors.insert(anchor, (ix, Size::ONE));
        }
        self.cursor = self.cursor.max(if flow { at.end } else { start });
        // `[a: 1]` holds a map in flow style without braces.
        let bracketed = flow && matches!(self.text.as_bytes().get(start), Some(b'{' | b'['));
        self.open.push(Open { ix, size: Size::ONE, anchor, bracketed });
        self.tape.open(kind, start, flow, tag);
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        if open.bracketed {
            self.cursor = self.cursor.max(end);
        }
        self.tape.close(open.bracketed.then_some(end))?;
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, (open.ix, open.size));
        }
        self.child(open.size);
        Ok(())
    }

    fn alias(&mut self, id: usize, at: &Range<usize>) -> Result<(), Fault> {
        let fault = |message: &str| Err((at.start, message.to_owned()));
        let Some(&(target, size)) = self.anchors.get(&id) else {
            return fault("this alias names no anchor of its document");
        };
        if self.tape.is_open(target) {
            return fault("this alias names a collection that it is part of");
        }
        let is_collection = !self.tape.node(target).is_scalar();
        if is_collection && self.tape.awaits_key() {
            return fault("a key must be a plain value, not a list or a map");
        }
        self.expanded = self.expanded.saturating_add(size.nodes - 1);
        if self.expanded > EXPANSION_LIMIT {
            return fault(&words::too_big(EXPANSION_LIMIT));
        }
        if self.tape.depth() + size.height >= DEPTH_LIMIT {
            return fault(&words::too_deep(DEPTH_LIMIT));
        }
        self.cursor = self.cursor.max(at.end);
        self.tape.alias(at.clone(), target);
        self.child(size);
        Ok(())
    }

    /// Drops the half-built document.
    fn abandon(&mut self, fault: Fault) {
        self.open.clear();
        self.anchors.clear();
        self.abandoned = true;
        self.tape.abandon(fault);
    }
}
