//! The nodes of a tape: eight bytes each, and beside them what few nodes have.
//!
//! Nearly every scalar's text lies within its span, a map begins where its first key does, and a block
//! collection ends where its last value does, so none of that is written down. What is not so stands in
//! a table of its own.

use std::ops::Range;

use super::tree::{Kind, Style};

/// One node. The lower bits of `b` say what it is; above them stand
///
/// | kind   | `at`                   | `b`, from [`LOW`] or [`LOW_OF_SCALARS`] on            |
/// |--------|------------------------|-------------------------------------------------------|
/// | scalar | where it begins        | a byte of a key's [`mark`]; the length of its text    |
/// | map    | index behind its nodes | the [`bit`]s of its keys                              |
/// | seq    | index behind its nodes | number of items, as far as it goes                    |
/// | alias  |                        |                                                       |
///
/// `at` is a position in [`Nodes::apart`] for what is [`APART`]: aliases, and scalars whose text is long,
/// or is not their span and lies not a byte within it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    at: u32,
    b: u32,
}

/// The bits that tell a kind and a style.
const WHAT: u32 = 0b111;
const ALIAS: u32 = 5;
const MAP: u32 = 6;
const SEQ: u32 = 7;

/// Of scalars: the text begins a byte behind the start, and ends a byte before the end.
const INSET: u32 = 1 << 3;
/// Of scalars and aliases: see [`Apart`].
const APART: u32 = 1 << 4;
/// Of collections: in flow style.
const FLOW: u32 = 1 << 3;
/// Of maps: it has the merge key `<<`.
const MERGE: u32 = 1 << 4;
/// Of maps: a key stands twice.
const REPEATED: u32 = 1 << 5;
/// It has a tag.
const TAGGED: u32 = 1 << 6;
/// It stands within a collection in flow style.
const WITHIN: u32 = 1 << 7;

/// Of collections: it begins where the node behind it does.
const LEADING: u32 = 1 << 8;

/// Bits of a collection's `b` below those that are bits of keys or a number.
const LOW: u32 = 9;
/// Bits of a scalar's `b` below those of a mark and a length.
const LOW_OF_SCALARS: u32 = 8;
/// Bits of a scalar's `b` below its length.
const LOW_OF_LENGTH: u32 = 16;
/// A length that stands for this one and any longer one.
const LONG: u32 = u32::MAX >> LOW_OF_LENGTH;
/// The most items that are counted.
const MANY: u32 = u32::MAX >> LOW;

/// A number that two keys seldom share. Most keys that a rule asks for are not there, which the bits
/// of a map's keys tell at once.
#[inline]
pub(super) fn mark(key: &[u8]) -> u32 {
    let byte = |at: usize| u32::from(key.get(at).copied().unwrap_or_default());
    let len = key.len();
    let ends = byte(0) | byte(len / 2) << 8 | byte(len.wrapping_sub(1)) << 16;
    (ends | (len as u32) << 24).wrapping_mul(0x9e37_79b1)
}

/// One bit of 23 by a key's [`mark`]. The product's high bits depend on all of the key that counts.
#[inline]
fn bit(mark: u32) -> u32 {
    let number = (u64::from(mark) * u64::from(u32::BITS - LOW)) >> u32::BITS;
    1 << (LOW + number as u32)
}

/// What a key of a mark and a length has in `b` above [`LOW_OF_SCALARS`].
#[inline]
fn key_bits(mark: u32, len: u32) -> u32 {
    let byte = mark >> (u32::BITS - (LOW_OF_LENGTH - LOW_OF_SCALARS));
    byte << LOW_OF_SCALARS | if len < LONG { len } else { LONG } << LOW_OF_LENGTH
}

impl Node {
    #[inline]
    pub(super) fn kind(self) -> Kind {
        match self.b & WHAT {
            SEQ => Kind::Seq,
            MAP => Kind::Map,
            ALIAS => Kind::Alias,
            _ => Kind::Scalar,
        }
    }

    /// How a scalar is written.
    #[inline]
    pub(super) fn style(self) -> Style {
        match self.b & WHAT {
            1 => Style::SingleQuoted,
            2 => Style::DoubleQuoted,
            3 => Style::Literal,
            4 => Style::Folded,
            _ => Style::Plain,
        }
    }

    #[inline]
    pub(super) fn is_scalar(self) -> bool {
        self.b & WHAT < ALIAS
    }

    #[inline]
    pub(super) fn is_plain(self) -> bool {
        self.b & WHAT == Style::Plain as u32
    }

    #[inline]
    pub(super) fn is_map(self) -> bool {
        self.b & WHAT == MAP
    }

    /// A map in which each key stands once and that merges nothing.
    #[inline]
    pub(super) fn is_usual_map(self) -> bool {
        self.b & (WHAT | MERGE | REPEATED) == MAP
    }

    /// A map that has the merge key `<<`.
    #[inline]
    pub(super) fn merges(self) -> bool {
        self.b & (WHAT | MERGE) == MAP | MERGE
    }

    /// A map in which a key stands twice.
    #[inline]
    pub(super) fn repeats(self) -> bool {
        self.b & (WHAT | REPEATED) == MAP | REPEATED
    }

    pub(super) fn is_flow(self) -> bool {
        self.b & WHAT >= MAP && self.b & FLOW != 0
    }

    #[inline]
    pub(super) fn is_tagged(self) -> bool {
        self.b & TAGGED != 0
    }

    /// A scalar of which no byte is written.
    pub(super) fn is_unwritten(self) -> bool {
        self.is_plain() && self.text_len() == 0 && self.b & (INSET | APART) == 0
    }

    /// Index behind the subtree of this node, which stands at `ix`.
    #[inline]
    pub(super) fn behind(self, ix: u32) -> u32 {
        if self.b & WHAT >= MAP { self.at } else { ix + 1 }
    }

    #[inline]
    pub(super) fn is_alias(self) -> bool {
        self.b & WHAT == ALIAS
    }

    /// Where the text of a scalar lies, if that can be told from itself: in the file then.
    #[inline]
    pub(super) fn text(self) -> Option<Text> {
        let at = self.at.wrapping_add((self.b / INSET) & 1);
        let text = Text { at, len: self.b >> LOW_OF_LENGTH, side: false };
        (self.b & APART == 0).then_some(text)
    }

    /// Length of a scalar's text in bytes; of a very long one at least 65,535.
    #[inline]
    pub(super) fn text_len(self) -> u32 {
        self.b >> LOW_OF_LENGTH
    }

    /// Number of a sequence's items; `None` where there are too many to be counted here.
    pub(super) fn items(self) -> Option<u32> {
        Some(self.b >> LOW).filter(|count| *count < MANY)
    }

    /// Whether a map may have a key of this mark.
    #[inline]
    pub(super) fn may_have(self, mark: u32) -> bool {
        self.b & bit(mark) != 0
    }

    /// What it is, how it is written, and what is known of its keys.
    pub(super) fn bits(self) -> u32 {
        self.b
    }

    /// Whether a key may be one of this mark and length.
    #[inline]
    pub(super) fn may_be(self, mark: u32, len: usize) -> bool {
        (self.b ^ key_bits(mark, len as u32)) >> LOW_OF_SCALARS == 0
    }
}

/// Where the text of a scalar lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) at: u32,
    pub(super) len: u32,
    /// In the side text, because escapes or folding changed it, rather than in the file.
    pub(super) side: bool,
}

impl Text {
    /// The bytes of the file themselves.
    #[inline]
    pub(super) fn written(range: Range<usize>) -> Self {
        Self { at: range.start as u32, len: (range.end - range.start) as u32, side: false }
    }

    #[inline]
    pub(super) fn range(self) -> Range<usize> {
        self.at as usize..self.at as usize + self.len as usize
    }
}

fn flag(flag: u32, set: bool) -> u32 {
    if set { flag } else { 0 }
}

/// The end of the last collection that begins at an index or before it.
fn end_of(flows: &[(u32, u32)], ix: u32) -> Option<u32> {
    let behind = flows.partition_point(|(flow, _)| *flow <= ix);
    flows.get(behind.checked_sub(1)?).map(|(_, end)| *end)
}

/// What of a node cannot be told from its place and its text's length.
#[derive(Clone, Copy, Debug)]
struct Apart {
    start: u32,
    end: u32,
    /// Of a scalar where its text lies, of an alias the index of the node that it names.
    text: u32,
    len: u32,
    side: bool,
}

/// All nodes of a tape, in document order.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    list: Vec<Node>,
    apart: Vec<Apart>,
    /// Index and start of each collection that is not [`LEADING`].
    starts: Vec<(u32, u32)>,
    /// Index and end of each collection in flow style that stands in none.
    flows: Vec<(u32, u32)>,
    /// The same of those within others.
    inner_flows: Vec<(u32, u32)>,
    /// Index of each node with a tag, and the number of its tag.
    tags: Vec<(u32, u32)>,
    has_aliases: bool,
}

impl Nodes {
    pub(super) fn with_capacity(nodes: usize) -> Self {
        Self { list: Vec::with_capacity(nodes), ..Self::default() }
    }

    /// Number of nodes, which is the index of the next.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.list.len() as u32
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[Node] {
        &self.list
    }

    #[inline]
    pub(super) fn get(&self, ix: u32) -> Option<Node> {
        self.list.get(ix as usize).copied()
    }

    #[inline]
    pub(super) fn at(&self, ix: u32) -> Node {
        self.list[ix as usize]
    }

    /// A node and all of its subtree.
    #[inline]
    pub(super) fn below(&self, ix: u32) -> &[Node] {
        let behind = self.get(ix).map_or(ix, |node| node.behind(ix));
        self.list.get(ix as usize..behind as usize).unwrap_or_default()
    }

    pub(super) fn has_aliases(&self) -> bool {
        self.has_aliases
    }

    /// Adds a scalar. `mark` is a key's, and 0 for what is none. `within`: it stands in a collection in
    /// flow style.
    #[inline]
    pub(super) fn scalar(
        &mut self,
        Range { start, end }: Range<u32>,
        text: Text,
        style: Style,
        mark: u32,
        within: bool,
    ) {
        let len = text.len;
        let mut at = start;
        let mut b = style as u32 | key_bits(mark, len) | flag(WITHIN, within);
        let written = !text.side && start <= end && len < LONG;
        if written && start + len == end && (text.at == start || len == 0) {
            // Its text is its span.
        } else if written && start + len + 2 == end && (text.at == start + 1 || len == 0) {
            b |= INSET;
        } else {
            b |= APART;
            at = self.put_apart(Apart { start, end, text: text.at, len, side: text.side });
        }
        if mark != 0
            && let Some(&(ix, first)) = self.starts.last()
            && (ix + 1, first) == (self.len(), start)
            && let Some(collection) = self.list.last_mut()
        {
            collection.b |= LEADING;
            self.starts.pop();
        }
        self.list.push(Node { at, b });
    }

    #[cold]
    fn put_apart(&mut self, apart: Apart) -> u32 {
        self.apart.push(apart);
        self.apart.len() as u32 - 1
    }

    pub(super) fn alias(&mut self, Range { start, end }: Range<u32>, target: u32, within: bool) {
        self.has_aliases = true;
        let at = self.put_apart(Apart { start, end, text: target, len: 0, side: false });
        self.list.push(Node { at, b: ALIAS | APART | flag(WITHIN, within) });
    }

    /// Begins a collection, which [`Nodes::close`] ends.
    #[inline]
    pub(super) fn open(&mut self, kind: Kind, start: u32, flow: bool, within: bool) {
        let what = if kind == Kind::Map { MAP } else { SEQ };
        let ix = self.len();
        if within {
            self.inner_flows.push((ix, start));
        } else if flow {
            self.flows.push((ix, start));
        }
        self.starts.push((ix, start));
        let b = what | flag(FLOW, flow) | flag(WITHIN, within);
        self.list.push(Node { at: ix + 1, b });
    }

    /// The last node is the last one below a collection, which ends at `end` and, as a sequence, has
    /// so many items.
    #[inline]
    pub(super) fn close(&mut self, ix: u32, end: u32, items: u32) {
        let behind = self.len();
        let node = &mut self.list[ix as usize];
        node.at = behind;
        if node.b & WHAT == SEQ {
            node.b |= items.min(MANY) << LOW;
        }
        let flows = match node.b & (FLOW | WITHIN) {
            0 => return,
            FLOW => &mut self.flows,
            _ => &mut self.inner_flows,
        };
        if let Ok(at) = flows.binary_search_by_key(&ix, |(flow, _)| *flow) {
            flows[at].1 = end;
        }
    }

    /// The last node has a tag.
    pub(super) fn tagged(&mut self, number: u32) {
        if let Some(node) = self.list.last_mut() {
            node.b |= TAGGED;
            self.tags.push((self.list.len() as u32 - 1, number));
        }
    }

    /// Notes a key of an open map.
    #[inline]
    pub(super) fn key(&mut self, map: u32, mark: u32) {
        self.list[map as usize].b |= bit(mark);
    }

    /// An open map has the merge key.
    pub(super) fn merge(&mut self, map: u32) {
        self.list[map as usize].b |= MERGE;
    }

    /// A map's key stands twice.
    pub(super) fn repeat(&mut self, map: u32) {
        self.list[map as usize].b |= REPEATED;
    }

    /// Where the node at an index begins.
    pub(super) fn start(&self, ix: u32) -> u32 {
        let Some(node) = self.get(ix) else { return 0 };
        if node.b & WHAT < MAP {
            let apart = if node.b & APART != 0 { self.apart_of(node) } else { None };
            return apart.map_or(node.at, |apart| apart.start);
        }
        if node.b & LEADING != 0 {
            return self.start(ix + 1);
        }
        let at = self.starts.binary_search_by_key(&ix, |(collection, _)| *collection);
        at.ok().and_then(|at| self.starts.get(at)).map_or(0, |(_, start)| *start)
    }

    /// Index of the first node that begins at an offset or behind it.
    pub(super) fn first_from(&self, offset: u32) -> u32 {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.start(middle) < offset {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// Where the node at an index ends.
    pub(super) fn end(&self, ix: u32) -> u32 {
        let Some(node) = self.get(ix) else { return 0 };
        if node.b & WHAT < MAP {
            return match self.apart_of(node).filter(|_| node.b & APART != 0) {
                Some(apart) => apart.end,
                None => node.at + node.text_len() + if node.b & INSET != 0 { 2 } else { 0 },
            };
        }
        // Of a block collection the end of the last value, which may be, or stand in, a collection in
        // flow style.
        let last = node.at.saturating_sub(1);
        let end = match (node.b & (FLOW | WITHIN), self.get(last)) {
            (FLOW, _) => end_of(&self.flows, ix),
            (0, Some(leaf)) if last > ix && (leaf.b & WITHIN != 0 || leaf.is_flow()) => {
                end_of(&self.flows, last)
            }
            (0, Some(_)) if last > ix => Some(self.end(last)),
            (0, _) => None,
            _ => end_of(&self.inner_flows, ix),
        };
        end.unwrap_or_else(|| self.start(ix))
    }

    /// Where the text of a scalar lies.
    #[inline]
    pub(super) fn text(&self, node: Node) -> Text {
        node.text().unwrap_or_else(|| self.text_apart(node))
    }

    #[cold]
    #[inline(never)]
    fn text_apart(&self, node: Node) -> Text {
        let apart = self.apart_of(node);
        apart.map_or(Text { at: 0, len: 0, side: false }, |apart| Text {
            at: apart.text,
            len: apart.len,
            side: apart.side,
        })
    }

    /// Index of the node that an alias names; of any other node `None`.
    #[inline]
    pub(super) fn target(&self, node: Node) -> Option<u32> {
        if node.is_alias() { self.apart_of(node).map(|apart| apart.text) } else { None }
    }

    /// Length of a scalar's text in bytes.
    #[inline]
    pub(super) fn text_len(&self, node: Node) -> u32 {
        let len = node.text_len();
        if len < LONG { len } else { self.text(node).len }
    }

    fn apart_of(&self, node: Node) -> Option<&Apart> {
        self.apart.get(node.at as usize)
    }

    /// The number of a node's tag.
    pub(super) fn tag(&self, ix: u32) -> Option<u32> {
        if !self.get(ix)?.is_tagged() {
            return None;
        }
        let at = self.tags.binary_search_by_key(&ix, |(node, _)| *node).ok()?;
        self.tags.get(at).map(|(_, number)| *number)
    }

    /// Drops all nodes from an index on. What stands apart for them stays, which nobody meets.
    pub(super) fn truncate(&mut self, ix: u32) {
        self.list.truncate(ix as usize);
        for table in self.tables() {
            table.truncate(table.partition_point(|(node, _)| *node < ix));
        }
    }

    pub(super) fn shrink(&mut self) {
        self.list.shrink_to_fit();
        self.apart.shrink_to_fit();
        for table in self.tables() {
            table.shrink_to_fit();
        }
    }

    /// Everything that is sorted by index.
    fn tables(&mut self) -> [&mut Vec<(u32, u32)>; 4] {
        [&mut self.starts, &mut self.flows, &mut self.inner_flows, &mut self.tags]
    }
}
