//! The tape: nodes in document order, with the bytes they were written with.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::node::NodeRef;
use super::nodes::{Node, Nodes};
use super::value::Origin;
use crate::kube::Positions;
use crate::source::{SourceId, Span};

/// What a node is. An alias is followed by [`NodeRef`], so readers meet only the other three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Map,
    Seq,
    Alias,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// A comment, from its `#` to the end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    pub start: u32,
    pub end: u32,
}

/// One document of a stream that could be read.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    pub(super) root: u32,
    /// The bytes of the document, from behind the marker before it to the one behind it.
    pub start: u32,
    pub end: u32,
}

/// Why a document of a stream could not be read. The documents around it are not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where the parser stumbled, within the source.
    pub at: Range<u32>,
    /// The bytes of the document that is lost.
    pub document: Range<u32>,
    pub message: String,
}

/// A parsed file: every document, every comment, every syntax error.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) source: SourceId,
    pub(super) text: Arc<str>,
    pub(super) side: String,
    pub(super) nodes: Nodes,
    pub(super) documents: Vec<Document>,
    pub(super) tags: Vec<String>,
    pub(super) comments: Vec<Comment>,
    pub(super) errors: Vec<SyntaxError>,
    /// Of a rendered tree: where each node came from; the nodes' own places are in `text`, in which it
    /// is written. Empty for a file.
    pub(super) origins: Vec<Origin>,
    /// What each document is as an object ([`crate::kube::documents`]), once somebody has asked.
    pub(crate) objects: OnceLock<Box<[Option<Positions>]>>,
}

impl Tree {
    /// Reads a whole file. Never fails: what cannot be read is in [`Tree::errors`].
    ///
    /// `text` must be shorter than 4 GiB; the caller caps files far below that.
    pub fn parse(text: impl Into<Arc<str>>, source: SourceId) -> Self {
        let text = text.into();
        super::fast::parse(&text, source).unwrap_or_else(|| super::build::parse(&text, source))
    }

    /// As [`Tree::parse`], by the full parser alone: the reference that the fast path is held to in
    /// tests, fuzzing and benchmarks.
    pub fn parse_full(text: impl Into<Arc<str>>, source: SourceId) -> Self {
        super::build::parse(&text.into(), source)
    }

    /// As [`Tree::parse`], by the fast path alone: `None` for a file that it leaves to the full
    /// parser.
    pub fn parse_fast(text: impl Into<Arc<str>>, source: SourceId) -> Option<Self> {
        super::fast::parse(&text.into(), source)
    }

    pub fn source(&self) -> SourceId {
        self.source
    }

    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The documents in order. Empty documents (nothing but comments) are left out.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = (&Document, NodeRef<'_>)> {
        self.documents.iter().map(|d| (d, NodeRef { tree: self, ix: d.root }))
    }

    /// Comments in order of their place.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    pub fn comment_text(&self, comment: Comment) -> &str {
        &self.text[comment.start as usize..comment.end as usize]
    }

    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// Number of nodes, for measurements.
    pub fn len(&self) -> usize {
        self.nodes.as_slice().len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.as_slice().is_empty()
    }

    pub fn span(&self, range: Range<u32>) -> Span {
        Span { source: self.source, start: range.start, end: range.end }
    }

    /// The text of a scalar.
    #[inline]
    pub(super) fn text_of(&self, node: Node) -> &str {
        match node.text() {
            Some(text) => &self.text[text.range()],
            None => self.text_apart(node),
        }
    }

    #[cold]
    #[inline(never)]
    fn text_apart(&self, node: Node) -> &str {
        let text = self.nodes.text(node);
        let of = if text.side { &self.side } else { &*self.text };
        &of[text.range()]
    }

    /// As [`Tree::text_of`], in bytes.
    #[inline]
    pub(super) fn bytes_of(&self, node: Node) -> Option<&[u8]> {
        match node.text() {
            Some(text) => self.text.as_bytes().get(text.range()),
            None => Some(self.text_apart(node).as_bytes()),
        }
    }

    /// The node at a position that [`NodeRef::index`] gave.
    pub(crate) fn node(&self, ix: u32) -> NodeRef<'_> {
        NodeRef { tree: self, ix }
    }

    /// Every written node in document order, keys included, each once: aliases are not followed.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        (0..self.nodes.len()).map(|ix| NodeRef { tree: self, ix })
    }

    /// Every map in which a key stands twice, as written, in document order.
    pub fn maps_with_repeated_keys(&self) -> impl Iterator<Item = NodeRef<'_>> {
        let numbered = (0..).zip(self.nodes.as_slice()).filter(|(_, node)| node.repeats());
        numbered.map(|(ix, _)| NodeRef { tree: self, ix })
    }

    /// The first node that starts at a byte or behind it, by binary search: nodes stand on the tape
    /// in the order of their starts. A map starts where its first key does and comes before it.
    pub fn first_node_from(&self, offset: u32) -> Option<NodeRef<'_>> {
        let ix = self.nodes.first_from(offset);
        (ix < self.nodes.len()).then_some(NodeRef { tree: self, ix })
    }

    /// Two texts that hold the text of every scalar below a node, and more: a word that stands in
    /// neither stands in no scalar. `None` where an alias leads elsewhere.
    pub fn texts_around(&self, node: NodeRef<'_>) -> Option<[&str; 2]> {
        let below = self.nodes.below(node.ix);
        // Of most files all texts stand as they are written, one behind the other.
        if self.side.is_empty() && self.origins.is_empty() {
            let span = node.span();
            let leads_elsewhere =
                self.nodes.has_aliases() && below.iter().any(|node| node.is_alias());
            let text = self.text.get(span.start as usize..span.end as usize);
            return text.filter(|_| !leads_elsewhere).map(|text| [text, ""]);
        }
        let (mut written, mut aside) = ((u32::MAX, 0), (u32::MAX, 0));
        for node in below {
            if node.is_alias() {
                return None;
            }
            // Where nothing is written no text lies, wherever the node says.
            if node.is_scalar() && node.text_len() > 0 {
                let text = self.nodes.text(*node);
                let range = if text.side { &mut aside } else { &mut written };
                *range = (range.0.min(text.at), range.1.max(text.at + text.len));
            }
        }
        let piece = |text, (start, end): (u32, u32)| {
            if start <= end { str::get(text, start as usize..end as usize) } else { Some("") }
        };
        Some([piece(&self.text, written)?, piece(&self.side, aside)?])
    }

    /// The node behind this one on the tape: a key's value, a collection's first child.
    pub fn next_node<'t>(&'t self, node: NodeRef<'t>) -> Option<NodeRef<'t>> {
        let ix = node.ix + 1;
        (ix < self.nodes.len()).then_some(NodeRef { tree: self, ix })
    }
}
