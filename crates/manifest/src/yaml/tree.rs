//! The tape: nodes in document order, with the bytes they were written with.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::node::NodeRef;
use super::value::Writer;
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

/// One node of the tape, 20 bytes.
///
/// | kind   | `a`                        | `b`                          |
/// |--------|----------------------------|------------------------------|
/// | scalar | offset of its text         | length of its text in bytes  |
/// | map    | index behind its subtree   | the [`bit`]s of its keys     |
/// | seq    | index behind its subtree   | number of items              |
/// | alias  | index of the node it names | 0                            |
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) kind: Kind,
    pub(super) style: Style,
    pub(super) flags: u8,
    /// 0 for none, else one more than the index into `Tree::tags`.
    pub(super) tag: u8,
}

impl Node {
    /// Index behind the subtree of this node, which stands at `ix`.
    #[inline]
    pub(super) fn behind(&self, ix: u32) -> u32 {
        match self.kind {
            Kind::Map | Kind::Seq => self.a,
            Kind::Scalar | Kind::Alias => ix + 1,
        }
    }
}

/// A number that two keys seldom share. Most keys that a rule asks for are not there, which the bits
/// of a map's keys tell at once.
#[inline]
pub(super) fn mark(key: &[u8]) -> u32 {
    let byte = |at: usize| u32::from(key.get(at).copied().unwrap_or_default());
    let len = key.len();
    let ends = byte(0) | byte(len / 2) << 8 | byte(len.wrapping_sub(1)) << 16;
    (ends | (len as u32) << 24).wrapping_mul(0x9e37_79b1)
}

/// One bit of 32 by a key's [`mark`]. The product's high bits depend on all of the key that counts.
#[inline]
pub(super) fn bit(mark: u32) -> u32 {
    1 << (mark >> (u32::BITS - u32::BITS.ilog2()))
}

/// The scalar's text lies in `Tree::side`, because escapes or folding changed it.
pub(super) const FLAG_SIDE: u8 = 1;
/// A map that has the merge key `<<`.
pub(super) const FLAG_MERGE: u8 = 2;
/// A collection in flow style.
pub(super) const FLAG_FLOW: u8 = 4;

/// A map in which a key stands twice.
pub(super) const FLAG_REPEATED: u8 = 8;

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
    pub(super) nodes: Vec<Node>,
    pub(super) documents: Vec<Document>,
    pub(super) tags: Vec<String>,
    pub(super) comments: Vec<Comment>,
    pub(super) errors: Vec<SyntaxError>,
    /// Of a rendered tree: the source of each node's span, who wrote it, and its detail. Empty for a
    /// file.
    pub(super) origins: Vec<(SourceId, Writer, u32)>,
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
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn span(&self, range: Range<u32>) -> Span {
        Span { source: self.source, start: range.start, end: range.end }
    }

    /// The node at a position that [`NodeRef::index`] gave.
    pub(crate) fn node(&self, ix: u32) -> NodeRef<'_> {
        NodeRef { tree: self, ix }
    }

    /// Every written node in document order, keys included, each once: aliases are not followed.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        (0..self.nodes.len() as u32).map(|ix| NodeRef { tree: self, ix })
    }

    /// Every map in which a key stands twice, as written, in document order.
    pub fn maps_with_repeated_keys(&self) -> impl Iterator<Item = NodeRef<'_>> {
        let repeated = |node: &Node| node.kind == Kind::Map && node.flags & FLAG_REPEATED != 0;
        let numbered = (0..).zip(&self.nodes).filter(move |(_, node)| repeated(node));
        numbered.map(|(ix, _)| NodeRef { tree: self, ix })
    }

    /// The first node that starts at a byte or behind it, by binary search: nodes stand on the tape
    /// in the order of their starts. A map starts where its first key does and comes before it.
    pub fn first_node_from(&self, offset: u32) -> Option<NodeRef<'_>> {
        let ix = self.nodes.partition_point(|node| node.start < offset);
        (ix < self.nodes.len()).then_some(NodeRef { tree: self, ix: ix as u32 })
    }

    /// Two texts that hold the text of every scalar below a node, and more: a word that stands in
    /// neither stands in no scalar. `None` where an alias leads elsewhere.
    pub fn texts_around(&self, node: NodeRef<'_>) -> Option<[&str; 2]> {
        let below = self.nodes.get(node.ix as usize..node.behind() as usize)?;
        // Of most files all texts stand as they are written, one behind the other.
        if self.side.is_empty() && self.origins.is_empty() {
            let span = node.span();
            let leads_elsewhere = below.iter().any(|node| node.kind == Kind::Alias);
            let text = self.text.get(span.start as usize..span.end as usize);
            return text.filter(|_| !leads_elsewhere).map(|text| [text, ""]);
        }
        let (mut written, mut aside) = ((u32::MAX, 0), (u32::MAX, 0));
        for node in below {
            match node.kind {
                // Where nothing is written no text lies, wherever the node says.
                Kind::Scalar if node.b > 0 => {
                    let range = if node.flags & FLAG_SIDE != 0 { &mut aside } else { &mut written };
                    *range = (range.0.min(node.a), range.1.max(node.a + node.b));
                }
                Kind::Alias => return None,
                Kind::Scalar | Kind::Map | Kind::Seq => {}
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
        ((ix as usize) < self.nodes.len()).then_some(NodeRef { tree: self, ix })
    }
}
