//! The tape under construction: what every reader of a file does alike.
//!
//! A reader says where nodes, comments and documents begin and end; the tape counts children, finds
//! repeated keys, drops empty documents and tells documents from each other.

mod borders;
mod keys;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

pub(super) use super::nodes::Text;
use super::nodes::{Node, Nodes, mark};
use super::tree::{Comment, Document, Kind, Style, SyntaxError, Tree};
use crate::source::SourceId;
pub(super) use borders::Borders;
use keys::KeyFilter;

/// Collections within collections, aliases followed; the Kubernetes API has about twenty.
pub(super) const DEPTH_LIMIT: u32 = 128;

/// What is wrong with a document, and where.
pub(super) type Fault = (usize, String);

/// An open collection.
struct Open {
    ix: u32,
    children: u32,
    is_map: bool,
    flow: bool,
    keys: KeyFilter,
}

impl Open {
    fn awaits_key(&self) -> bool {
        self.is_map && self.children.is_multiple_of(2)
    }
}

pub(super) struct Tape<'s> {
    text: &'s str,
    side: String,
    nodes: Nodes,
    documents: Vec<Document>,
    tags: Vec<String>,
    comments: Vec<Comment>,
    errors: Vec<SyntaxError>,
    open: Vec<Open>,
    /// End of the last value, to which a block collection reaches.
    last_end: u32,
    /// First node of the current document.
    first: u32,
    /// Whether the current document has a root already.
    rooted: bool,
}

impl<'s> Tape<'s> {
    /// `nodes` is a guess of how many there will be.
    pub(super) fn new(text: &'s str, nodes: usize) -> Self {
        Self {
            text,
            side: String::new(),
            nodes: Nodes::with_capacity(nodes),
            documents: Vec::new(),
            tags: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            open: Vec::new(),
            last_end: 0,
            first: 0,
            rooted: false,
        }
    }

    /// Number of nodes so far: the index of the next.
    pub(super) fn len(&self) -> u32 {
        self.nodes.len()
    }

    /// Number of open collections.
    pub(super) fn depth(&self) -> u32 {
        self.open.len() as u32
    }

    pub(super) fn node(&self, ix: u32) -> Node {
        self.nodes.at(ix)
    }

    /// What the next node would be a child of.
    pub(super) fn parent(&self) -> Option<Kind> {
        self.open.last().map(|open| if open.is_map { Kind::Map } else { Kind::Seq })
    }

    /// Whether the next node would be a key.
    pub(super) fn awaits_key(&self) -> bool {
        self.open.last().is_some_and(Open::awaits_key)
    }

    pub(super) fn is_open(&self, ix: u32) -> bool {
        self.open.iter().any(|open| open.ix == ix)
    }

    pub(super) fn comment(&mut self, range: Range<usize>) {
        self.comments.push(Comment { start: range.start as u32, end: range.end as u32 });
    }

    /// The byte that nodes carry for a tag.
    pub(super) fn tag(&mut self, name: String) -> u8 {
        let at = self.tags.iter().position(|tag| *tag == name).unwrap_or_else(|| {
            // A tag byte holds no more: further ones count as untagged.
            if self.tags.len() < usize::from(u8::MAX) {
                self.tags.push(name);
                return self.tags.len() - 1;
            }
            usize::from(u8::MAX)
        });
        u8::try_from(at + 1).unwrap_or(0)
    }

    /// The text that escapes and folding are undone in; what is added belongs to the next
    /// [`Tape::cooked`].
    pub(super) fn side(&mut self) -> &mut String {
        &mut self.side
    }

    /// The text that was put into [`Tape::side`] from `offset` on, for a scalar whose text would
    /// begin at `inner`: given back when the file's own bytes say the same.
    pub(super) fn cooked(&mut self, inner: usize, offset: usize) -> Text {
        let len = self.side.len() - offset;
        let written = self.text.as_bytes().get(inner..inner + len);
        if written == self.side.as_bytes().get(offset..) {
            self.side.truncate(offset);
            return Text::written(inner..inner + len);
        }
        Text { at: offset as u32, len: len as u32, side: true }
    }

    pub(super) fn scalar(&mut self, span: Range<usize>, mut text: Text, style: Style, tag: u8) {
        if text.len == 0 {
            // Nothing has no place of its own, wherever a reader says it is.
            text = Text::written(span.start..span.start);
        }
        self.last_end = span.end as u32;
        let (mut key_mark, mut within) = (0, false);
        if let Some(open) = self.open.last_mut() {
            if open.awaits_key() {
                let of = if text.side { self.side.as_bytes() } else { self.text.as_bytes() };
                let key = of.get(text.range()).unwrap_or_default();
                key_mark = mark(key);
                open.keys.add(key_mark);
                self.nodes.key(open.ix, key_mark);
                if style == Style::Plain && key == b"<<" {
                    self.nodes.merge(open.ix);
                }
            }
            open.children += 1;
            within = open.flow;
        } else {
            self.rooted = true;
        }
        let span = span.start as u32..span.end as u32;
        self.nodes.scalar(span, text, style, key_mark, within);
        self.tagged(tag);
    }

    pub(super) fn alias(&mut self, span: Range<usize>, target: u32) {
        self.last_end = span.end as u32;
        let mut within = false;
        match self.open.last_mut() {
            Some(open) => {
                if open.awaits_key() {
                    open.keys.add(mark(b""));
                }
                open.children += 1;
                within = open.flow;
            }
            None => self.rooted = true,
        }
        self.nodes.alias(span.start as u32..span.end as u32, target, within);
    }

    fn tagged(&mut self, tag: u8) {
        if let Some(number) = tag.checked_sub(1) {
            self.nodes.tagged(u32::from(number));
        }
    }

    /// Opens a map or sequence that begins at `start`.
    pub(super) fn open(&mut self, kind: Kind, start: usize, flow: bool, tag: u8) {
        let ix = self.nodes.len();
        self.last_end = self.last_end.max(start as u32);
        let within = self.open.last().is_some_and(|open| open.flow);
        self.open.push(Open {
            ix,
            children: 0,
            is_map: kind == Kind::Map,
            // What stands in brackets is written as they are.
            flow: flow || within,
            keys: KeyFilter::default(),
        });
        self.nodes.open(kind, start as u32, flow, within);
        self.tagged(tag);
    }

    /// Closes the innermost collection: behind its bracket, or at the end of its last value.
    pub(super) fn close(&mut self, bracket: Option<usize>) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        if let Some(bracket) = bracket {
            self.last_end = bracket as u32;
        }
        self.nodes.close(open.ix, self.last_end, open.children);
        if open.is_map {
            if self.nodes.at(open.ix).merges() {
                self.check_merge(open.ix)?;
            }
            if open.keys.may_repeat() && self.repeats_a_key(open.ix, open.children / 2) {
                self.nodes.repeat(open.ix);
            }
        }
        match self.open.last_mut() {
            Some(parent) => parent.children += 1,
            None => self.rooted = true,
        }
        Ok(())
    }

    pub(super) fn document_start(&mut self) {
        self.first = self.nodes.len();
        self.rooted = false;
    }

    pub(super) fn document_end(&mut self) {
        if self.rooted
            && let Some(root) = self.nodes.get(self.first)
        {
            if root.is_unwritten() {
                // Nothing but comments.
                self.nodes.truncate(self.first);
            } else {
                self.documents.push(Document { root: self.first, start: 0, end: 0 });
            }
        }
        self.rooted = false;
        // An error that comes now is about what stands behind this document, which stays.
        self.first = self.nodes.len();
    }

    /// Drops the half-built document.
    pub(super) fn abandon(&mut self, (at, message): Fault) {
        self.open.clear();
        self.nodes.truncate(self.first);
        self.first = self.nodes.len();
        self.rooted = false;
        let end = self.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let at = at as u32..end as u32;
        self.errors.push(SyntaxError { document: at.clone(), at, message });
    }

    pub(super) fn finish(mut self, text: Arc<str>, source: SourceId, borders: &Borders) -> Tree {
        self.nodes.shrink();
        self.comments.sort_unstable_by_key(|comment| comment.start);
        for document in &mut self.documents {
            let root = self.nodes.start(document.root);
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
            objects: OnceLock::new(),
        }
    }
}
