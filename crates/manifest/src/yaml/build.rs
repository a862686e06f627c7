//! Fills the tape from parser events. Only this module and its own name the YAML parser.
//!
//! What the builder lets through, readers may walk without limits of their own: a document nests at
//! most [`DEPTH_LIMIT`] deep and grows by at most [`EXPANSION_LIMIT`] nodes, aliases followed.

mod locate;
mod words;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use rustc_hash::{FxHashMap, FxHashSet};

use super::tree::{
    Comment, Document, FLAG_FLOW, FLAG_MERGE, FLAG_REPEATED, FLAG_SIDE, Kind, Node, Style,
    SyntaxError, Tree,
};
use crate::source::SourceId;

/// Collections within collections, aliases followed; the Kubernetes API has about twenty.
const DEPTH_LIMIT: u32 = 128;

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
        if let Err((at, message)) = outcome {
            builder.abandon(at, message);
            if !matches!(parser.proceed_next_document(), Ok(true)) {
                break;
            }
        }
    }
    builder.finish(text.clone(), source)
}

/// An open collection.
struct Open {
    ix: u32,
    children: u32,
    kind: Kind,
    size: Size,
    /// Its anchor's number, 0 for none.
    anchor: usize,
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
    side: String,
    nodes: Vec<Node>,
    documents: Vec<Document>,
    tags: Vec<String>,
    comments: Vec<Comment>,
    errors: Vec<SyntaxError>,
    open: Vec<Open>,
    /// Anchor number → node, of the current document.
    anchors: FxHashMap<usize, (u32, Size)>,
    /// Nodes that the aliases of the current document stand for.
    expanded: u32,
    /// Behind the last token of the structure: where the next one is looked for.
    cursor: usize,
    /// End of the last value, to which a block collection reaches.
    last_end: u32,
    /// First node of the current document.
    first: u32,
    /// Whether the current document has a root already.
    rooted: bool,
}

type Fault = (usize, String);

impl<'s> Builder<'s> {
    fn new(text: &'s str) -> Self {
        Self {
            text,
            side: String::new(),
            // What manifests come to; the rest is given back at the end.
            nodes: Vec::with_capacity(text.len() / 10 + 8),
            documents: Vec::new(),
            tags: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            open: Vec::new(),
            anchors: FxHashMap::default(),
            expanded: 0,
            cursor: 0,
            last_end: 0,
            first: 0,
            rooted: false,
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
            Event::Comment(..) => {
                self.comments.push(Comment { start: at.start as u32, end: at.end as u32 });
            }
            Event::DocumentStart(explicit, ..) => {
                self.anchors.clear();
                self.expanded = 0;
                if explicit {
                    self.cursor = at.end;
                }
                self.last_end = at.end as u32;
                self.first = self.nodes.len() as u32;
                self.rooted = false;
            }
            Event::DocumentEnd => self.document_end(),
            _ => {}
        }
        Ok(())
    }

    fn tag(&mut self, tag: Option<Cow<'_, Tag>>) -> u8 {
        let Some(tag) = tag else { return 0 };
        let name = format!("{}{}", tag.handle(), tag.suffix());
        let at = self.tags.iter().position(|t| *t == name).unwrap_or_else(|| {
            // A tag byte holds no more: further ones count as untagged.
            if self.tags.len() < usize::from(u8::MAX) {
                self.tags.push(name);
                return self.tags.len() - 1;
            }
            usize::from(u8::MAX)
        });
        u8::try_from(at + 1).unwrap_or(0)
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
        let written = self.text.as_bytes().get(inner..inner + text.len());
        let (a, flags) = if written == Some(text.as_bytes()) {
            (inner as u32, 0)
        } else {
            let offset = self.side.len() as u32;
            self.side.push_str(text);
            (offset, FLAG_SIDE)
        };
        if style == Style::Plain
            && text == "<<"
            && let Some(open) = self.open.last()
            && open.kind == Kind::Map
            && open.children % 2 == 0
        {
            self.nodes[open.ix as usize].flags |= FLAG_MERGE;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (self.nodes.len() as u32, Size::ONE));
        }
        let tag = self.tag(tag);
        self.last_end = end as u32;
        self.cursor = self.cursor.max(behind);
        self.nodes.push(Node {
            start: start as u32,
            end: end as u32,
            a,
            b: text.len() as u32,
            kind: Kind::Scalar,
            style,
            flags,
            tag,
        });
        self.child(Size::ONE);
    }

    /// Counts a finished node in its parent.
    fn child(&mut self, size: Size) {
        match self.open.last_mut() {
            Some(open) => {
                open.children += 1;
                open.size.add(size);
            }
            None => self.rooted = true,
        }
    }

    /// Where a value that is not written would begin: behind its `:` or `-`.
    fn empty_place(&self, at: usize) -> usize {
        let parent = self.open.last();
        let indicator = match parent.map(|open| (open.kind, open.children % 2)) {
            Some((Kind::Map, 1)) => b':',
            Some((Kind::Seq, _)) => b'-',
            _ => return at,
        };
        locate::behind(self.text, self.cursor, at, indicator).unwrap_or(at)
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
        if let Some(open) = self.open.last()
            && open.kind == Kind::Map
        {
            if open.children % 2 == 0 {
                return Err(words::collection_as_key(self.text, start));
            }
            if kind == Kind::Seq && !flow {
                // At its key's own indent the parser's span starts behind the first dash.
                start = locate::first_dash(self.text, self.cursor, start);
            }
        }
        if self.open.len() as u32 >= DEPTH_LIMIT {
            return Err((start, words::too_deep(DEPTH_LIMIT)));
        }
        let tag = self.tag(tag);
        let ix = self.nodes.len() as u32;
        if anchor != 0 {
            self.anchors.insert(anchor, (ix, Size::ONE));
        }
        self.last_end = self.last_end.max(start as u32);
        self.cursor = self.cursor.max(if flow { at.end } else { start });
        self.open.push(Open { ix, children: 0, kind, size: Size::ONE, anchor });
        self.nodes.push(Node {
            start: start as u32,
            end: start as u32,
            a: 0,
            b: 0,
            kind,
            style: Style::Plain,
            flags: if flow { FLAG_FLOW } else { 0 },
            tag,
        });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let behind = self.nodes.len() as u32;
        let node = &mut self.nodes[open.ix as usize];
        node.a = behind;
        node.b = if node.kind == Kind::Map { open.children / 2 } else { open.children };
        // `[a: 1]` holds a map in flow style without braces.
        let bracketed = node.flags & FLAG_FLOW != 0
            && matches!(self.text.as_bytes().get(node.start as usize), Some(b'{' | b'['));
        node.end = if bracketed { end as u32 } else { self.last_end.max(node.start) };
        self.last_end = node.end;
        if bracketed {
            self.cursor = self.cursor.max(end);
        }
        if open.kind == Kind::Map {
            if self.nodes[open.ix as usize].flags & FLAG_MERGE != 0 {
                self.check_merge(open.ix)?;
            }
            if self.repeats_a_key(open.ix) {
                self.nodes[open.ix as usize].flags |= FLAG_REPEATED;
            }
        }
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, (open.ix, open.size));
        }
        self.child(open.size);
        Ok(())
    }

    /// Keys and values of a closed map.
    fn entries(&self, map: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let behind = |ix: u32| match self.nodes[ix as usize].kind {
            Kind::Map | Kind::Seq => self.nodes[ix as usize].a,
            Kind::Scalar | Kind::Alias => ix + 1,
        };
        let end = self.nodes[map as usize].a;
        let mut next = map + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let (key, value) = (next, behind(next));
            next = behind(value);
            Some((key, value))
        })
    }

    fn node_text(&self, ix: u32) -> &str {
        let node = &self.nodes[ix as usize];
        if node.kind != Kind::Scalar {
            return "";
        }
        let of = if node.flags & FLAG_SIDE != 0 { self.side.as_str() } else { self.text };
        &of[node.a as usize..(node.a + node.b) as usize]
    }

    fn repeats_a_key(&self, map: u32) -> bool {
        let count = self.nodes[map as usize].b as usize;
        if count < 2 {
            return false;
        }
        if count > 16 {
            let mut seen = FxHashSet::default();
            return !self.entries(map).all(|(key, _)| seen.insert(self.node_text(key)));
        }
        let mut seen = [""; 16];
        self.entries(map).enumerate().any(|(at, (key, _))| {
            let text = self.node_text(key);
            let repeated = seen[..at].contains(&text);
            seen[at] = text;
            repeated
        })
    }

    /// What `<<` names must be maps.
    fn check_merge(&self, map: u32) -> Result<(), Fault> {
        let followed = |ix: u32| {
            let node = &self.nodes[ix as usize];
            if node.kind == Kind::Alias { node.a } else { ix }
        };
        let is_map = |ix: u32| self.nodes[followed(ix) as usize].kind == Kind::Map;
        for (key, value) in self.entries(map) {
            let node = &self.nodes[key as usize];
            if node.style != Style::Plain || self.node_text(key) != "<<" {
                continue;
            }
            let target = &self.nodes[followed(value) as usize];
            let mut fits = target.kind == Kind::Map;
            if target.kind == Kind::Seq {
                let mut item = followed(value) + 1;
                fits = true;
                while item < target.a {
                    fits &= is_map(item);
                    item = match self.nodes[item as usize].kind {
                        Kind::Map | Kind::Seq => self.nodes[item as usize].a,
                        Kind::Scalar | Kind::Alias => item + 1,
                    };
                }
            }
            if !fits {
                let at = self.nodes[value as usize].start as usize;
                return Err((at, "`<<` merges maps: this is no map or list of maps".into()));
            }
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, at: &Range<usize>) -> Result<(), Fault> {
        let fault = |message: &str| Err((at.start, message.to_owned()));
        let Some(&(target, size)) = self.anchors.get(&id) else {
            return fault("this alias names no anchor of its document");
        };
        if self.open.iter().any(|open| open.ix == target) {
            return fault("this alias names a collection that it is part of");
        }
        let is_collection = self.nodes[target as usize].kind != Kind::Scalar;
        if is_collection
            && self.open.last().is_some_and(|o| o.kind == Kind::Map && o.children % 2 == 0)
        {
            return fault("a key must be a plain value, not a list or a map");
        }
        self.expanded = self.expanded.saturating_add(size.nodes - 1);
        if self.expanded > EXPANSION_LIMIT {
            return fault(&words::too_big(EXPANSION_LIMIT));
        }
        if self.open.len() as u32 + size.height >= DEPTH_LIMIT {
            return fault(&words::too_deep(DEPTH_LIMIT));
        }
        self.last_end = at.end as u32;
        self.cursor = self.cursor.max(at.end);
        self.nodes.push(Node {
            start: at.start as u32,
            end: at.end as u32,
            a: target,
            b: 0,
            kind: Kind::Alias,
            style: Style::Plain,
            flags: 0,
            tag: 0,
        });
        self.child(size);
        Ok(())
    }

    fn document_end(&mut self) {
        if self.rooted && (self.nodes.len() as u32) > self.first {
            let root = &self.nodes[self.first as usize];
            let empty = root.kind == Kind::Scalar && root.b == 0 && root.start == root.end;
            if !empty {
                self.documents.push(Document {
                    root: self.first,
                    start: root.start,
                    end: root.end,
                });
            }
        }
        self.rooted = false;
        // An error that comes now is about what stands behind this document, which stays.
        self.first = self.nodes.len() as u32;
    }

    /// Drops the half-built document.
    fn abandon(&mut self, at: usize, message: String) {
        self.open.clear();
        self.anchors.clear();
        self.nodes.truncate(self.first as usize);
        self.first = self.nodes.len() as u32;
        self.rooted = false;
        let end = self.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let at = at as u32..end as u32;
        self.errors.push(SyntaxError { document: at.clone(), at, message });
    }

    fn finish(mut self, text: Arc<str>, source: SourceId) -> Tree {
        self.nodes.shrink_to_fit();
        self.comments.sort_unstable_by_key(|comment| comment.start);
        let borders = locate::Borders::of(&text);
        for document in &mut self.documents {
            let root = self.nodes[document.root as usize].start;
            Range { start: document.start, end: document.end } = borders.around(root);
        }
        for error in &mut self.errors {
            error.document = borders.around(error.at.start);
        }
        Tree {
            source,
            text,
            side: self.side,
            nodes: self.nodes,
            documents: self.documents,
            tags: self.tags,
            comments: self.comments,
            errors: self.errors,
            origins: Vec::new(),
        }
    }
}
