//! A handle on one node of the tape, and how to walk from it.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::FxHashSet;

use super::nodes::{Node, mark};
use super::place::Place;
use super::scalar::{self, Scalar};
use super::tree::{Kind, Style, Tree};
use super::value::{Origin, Writer};
use crate::source::Span;

/// A node of a [`Tree`]. Cheap to copy. Aliases are followed on the way down, so `kind` is never
/// [`Kind::Alias`] for a node reached through `get`, `items` or `entries`.
#[derive(Clone, Copy)]
pub struct NodeRef<'t> {
    pub(super) tree: &'t Tree,
    pub(super) ix: u32,
}

impl PartialEq for NodeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.ix == other.ix
    }
}

impl Eq for NodeRef<'_> {}

impl fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { start, end, .. } = self.span();
        write!(f, "{:?}@{start}..{end}", self.kind())
    }
}

impl<'t> NodeRef<'t> {
    pub(super) fn raw(self) -> Node {
        self.tree.nodes.at(self.ix)
    }

    /// The node of the same tape that stands at a position, as [`NodeRef::index`] tells it.
    #[must_use]
    pub fn at_index(self, ix: u32) -> Self {
        Self { tree: self.tree, ix }
    }

    /// The node that an alias names; any other node is itself.
    #[must_use]
    pub fn followed(self) -> Self {
        self.tree.nodes.target(self.raw()).map_or(self, |target| self.at_index(target))
    }

    /// Index behind this node's subtree.
    pub(super) fn behind(self) -> u32 {
        self.raw().behind(self.ix)
    }

    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// Position on the tape: a stable identity within the tree.
    pub fn index(self) -> u32 {
        self.ix
    }

    /// The node before this one on the tape: for the value of an entry its key.
    pub fn before(self) -> Option<Self> {
        self.ix.checked_sub(1).map(|ix| self.at_index(ix))
    }

    pub fn kind(self) -> Kind {
        self.raw().kind()
    }

    pub fn is_map(self) -> bool {
        self.raw().is_map()
    }

    pub fn is_seq(self) -> bool {
        self.kind() == Kind::Seq
    }

    pub fn is_scalar(self) -> bool {
        self.raw().is_scalar()
    }

    /// A collection written in flow style (`{…}`, `[…]`).
    pub fn is_flow(self) -> bool {
        self.raw().is_flow()
    }

    pub fn style(self) -> Style {
        self.raw().style()
    }

    /// An explicit tag such as `!!str`, if one is written.
    pub fn tag(self) -> Option<&'t str> {
        let number = self.tree.nodes.tag(self.ix)?;
        self.tree.tags.get(number as usize).map(String::as_str)
    }

    /// The bytes this node is written with: a block scalar from its `|`, a quoted one with its
    /// quotes, a collection from its first to its last byte.
    ///
    /// In a rendered tree: the bytes of the file that a person would edit.
    pub fn span(self) -> Span {
        if let Some(origin) = self.origin() {
            return origin.span;
        }
        let nodes = &self.tree.nodes;
        self.tree.span(nodes.start(self.ix)..nodes.end(self.ix))
    }

    fn origin(self) -> Option<&'t Origin> {
        self.tree.origins.get(self.ix as usize)
    }

    /// Who wrote it; in a file, the file.
    pub fn writer(self) -> Writer {
        self.origin().map_or(Writer::Resource, |origin| origin.by)
    }

    /// Number, from 1, of what the renderer knows of the node beside its origin; 0 for nothing.
    pub fn detail(self) -> u32 {
        self.origin().map_or(0, |origin| origin.detail)
    }

    /// The text of a scalar after escapes and folding; `""` for collections.
    pub fn text(self) -> &'t str {
        let node = self.raw();
        if node.is_scalar() { self.tree.text_of(node) } else { "" }
    }

    /// The scalar as Kubernetes reads it, if this is one.
    pub fn scalar(self) -> Option<Scalar<'t>> {
        let node = self.raw();
        node.is_scalar().then(|| scalar::resolve(self.tree.text_of(node), node.style(), self.tag()))
    }

    /// A string value. A number or boolean without quotes is not a string.
    pub fn as_str(self) -> Option<&'t str> {
        match self.scalar()? {
            Scalar::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(self) -> Option<bool> {
        match self.scalar()? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_i64(self) -> Option<i64> {
        match self.scalar()? {
            Scalar::Int(value) => Some(value),
            // JSON has one number type: `1.0` is the integer 1.
            Scalar::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
                Some(value as i64)
            }
            _ => None,
        }
    }

    pub fn is_null(self) -> bool {
        let node = self.raw();
        // No word for null is longer; most values are settled by their length or first byte.
        node.is_plain()
            && node.text_len() <= 4
            && matches!(self.text().as_bytes().first(), None | Some(b'~' | b'n' | b'N'))
            && matches!(self.scalar(), Some(Scalar::Null))
    }

    /// Number of items or entries as written, merged keys not counted. Those of a map are counted.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Map => self.written().count(),
            Kind::Seq => {
                self.raw().items().map_or_else(|| self.items().count(), |count| count as usize)
            }
            Kind::Scalar | Kind::Alias => 0,
        }
    }

    pub fn is_empty(self) -> bool {
        match self.kind() {
            Kind::Map | Kind::Seq => self.behind() == self.ix + 1,
            Kind::Scalar | Kind::Alias => true,
        }
    }

    /// The value under `key`. A duplicate key: the last one, as Kubernetes does. A null value is a
    /// node; use [`NodeRef::get`] where null means absent.
    #[inline]
    pub fn value(self, key: &str) -> Option<NodeRef<'t>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The value under `key`, with null as absent (what an API field means by null).
    #[inline]
    pub fn get(self, key: &str) -> Option<NodeRef<'t>> {
        self.value(key).filter(|v| !v.is_null())
    }

    /// The values under several keys, null as absent, in one pass over the map.
    pub fn several<const N: usize>(self, keys: [&str; N]) -> [Option<NodeRef<'t>>; N] {
        let mut found = [None; N];
        let map = self.raw();
        if !map.is_usual_map() {
            return if map.is_map() { keys.map(|key| self.get(key)) } else { found };
        }
        let marks = keys.map(|key| mark(key.as_bytes()));
        let mut open = marks.iter().filter(|mark| map.may_have(**mark)).count();
        let mut entries = self.written();
        while open > 0
            && let Some((key, value)) = entries.next()
        {
            let node = key.raw();
            let is_asked = |(mark, wanted): (&u32, &&str)| {
                node.may_be(*mark, wanted.len()) && key.reads(wanted)
            };
            if let Some(at) = marks.iter().zip(&keys).position(is_asked) {
                open -= 1;
                found[at] = Some(value.followed()).filter(|value| !value.is_null());
            }
        }
        found
    }

    /// Key and value nodes of an entry.
    #[inline]
    pub fn entry(self, key: &str) -> Option<(NodeRef<'t>, NodeRef<'t>)> {
        // A literal's mark is known when this is compiled.
        self.marked_entry(key, mark(key.as_bytes()))
    }

    fn marked_entry(self, key: &str, mark: u32) -> Option<(NodeRef<'t>, NodeRef<'t>)> {
        let map = self.raw();
        if map.is_usual_map() {
            return if map.may_have(mark) { self.only_entry(key, mark) } else { None };
        }
        if !map.is_map() {
            return None;
        }
        let mut same = self.written().filter(|(k, _)| k.reads(key));
        let found = if self.has_repeated_keys() { same.last() } else { same.next() };
        if found.is_some() || !map.merges() {
            return found.map(|(k, v)| (k, v.followed()));
        }
        // Merge chains are short and no map merges itself: the builder saw to both.
        self.merge_sources().find_map(|source| source.entry(key))
    }

    /// The entry of a map in which each key stands once and that merges nothing: what rules ask most.
    fn only_entry(self, key: &str, mark: u32) -> Option<(NodeRef<'t>, NodeRef<'t>)> {
        let nodes = self.tree.nodes.as_slice();
        let (mut next, end) = (self.ix + 1, self.behind());
        while next < end {
            let node = nodes.get(next as usize)?;
            // A key is one node.
            let value = next + 1;
            if node.may_be(mark, key.len()) && self.at_index(next).reads(key) {
                return Some((self.at_index(next), self.at_index(value).followed()));
            }
            next = nodes.get(value as usize)?.behind(value);
        }
        None
    }

    /// Whether a key stands twice in this map, as written.
    pub fn has_repeated_keys(self) -> bool {
        self.raw().repeats()
    }

    /// Whether this is a scalar with this text. The first bytes are compared before a call is made for
    /// all of them: most texts of one length differ there.
    #[inline]
    fn reads(self, text: &str) -> bool {
        let (node, text) = (self.raw(), text.as_bytes());
        let own = if node.is_scalar() { self.tree.bytes_of(node) } else { None };
        own.is_some_and(|own| own.first() == text.first() && own == text)
    }

    /// The key's text as Kubernetes sees it: `on:` is the key `true`, `0x10:` is `16`.
    pub fn key_text(self) -> Cow<'t, str> {
        match self.scalar() {
            Some(Scalar::Bool(value)) => Cow::Borrowed(if value { "true" } else { "false" }),
            Some(Scalar::Int(value)) => Cow::Owned(value.to_string()),
            Some(Scalar::UInt(value)) => Cow::Owned(value.to_string()),
            Some(Scalar::Float(_) | Scalar::Str(_)) => Cow::Borrowed(self.text()),
            Some(Scalar::Null) => Cow::Borrowed("null"),
            None => Cow::Borrowed(""),
        }
    }

    /// A value by dotted path of plain keys, null as absent: `spec.template.spec`.
    pub fn path(self, path: &str) -> Option<NodeRef<'t>> {
        let (mut here, mut rest) = (self, path);
        while let Some(at) = first_dot(rest.as_bytes()) {
            here = here.get(rest.get(..at)?)?;
            rest = rest.get(at + 1..)?;
        }
        here.get(rest)
    }

    /// A string by dotted path.
    pub fn str_at(self, path: &str) -> Option<&'t str> {
        self.path(path)?.as_str()
    }

    pub fn bool_at(self, path: &str) -> Option<bool> {
        self.path(path)?.as_bool()
    }

    pub fn i64_at(self, path: &str) -> Option<i64> {
        self.path(path)?.as_i64()
    }

    /// Items of the list under a dotted path; none when it is absent or no list.
    pub fn items_at(self, path: &str) -> Items<'t> {
        self.path(path).map_or_else(|| Items::none(self.tree), NodeRef::items)
    }

    /// Items of a sequence, aliases followed; empty for anything else.
    pub fn items(self) -> Items<'t> {
        match self.kind() {
            Kind::Seq => Items { tree: self.tree, next: self.ix + 1, end: self.behind() },
            _ => Items::none(self.tree),
        }
    }

    /// Entries of a map in written order, then those that `<<` merges in and nothing overrides.
    /// Duplicate keys are all listed.
    pub fn entries(self) -> Entries<'t> {
        if self.raw().merges() {
            return Entries::Merged(self.merged_entries().into_iter());
        }
        Entries::Written(self.written())
    }

    /// Entries as Kubernetes reads them: merged, and of a key that stands twice the last.
    pub fn effective_entries(self) -> Entries<'t> {
        if !self.has_repeated_keys() {
            return self.entries();
        }
        let mut seen = FxHashSet::default();
        let mut entries: Vec<_> = self.entries().collect();
        entries.reverse();
        entries.retain(|(key, _)| seen.insert(key.text()));
        entries.reverse();
        Entries::Merged(entries.into_iter())
    }

    fn written(self) -> WrittenEntries<'t> {
        match self.kind() {
            Kind::Map => WrittenEntries { tree: self.tree, next: self.ix + 1, end: self.behind() },
            _ => WrittenEntries { tree: self.tree, next: 0, end: 0 },
        }
    }

    fn merge_sources(self) -> impl Iterator<Item = NodeRef<'t>> {
        self.written().filter(|(k, _)| k.is_merge_key()).flat_map(|(_, value)| {
            let value = value.followed();
            let single = value.is_map().then_some(value);
            single.into_iter().chain(value.items())
        })
    }

    fn is_merge_key(self) -> bool {
        self.raw().is_plain() && self.reads("<<")
    }

    fn merged_entries(self) -> Vec<(NodeRef<'t>, NodeRef<'t>)> {
        let mut entries: Vec<_> = self.written().filter(|(k, _)| !k.is_merge_key()).collect();
        let mut seen: FxHashSet<&str> = entries.iter().map(|(k, _)| k.text()).collect();
        let mut pending: Vec<NodeRef<'t>> = self.merge_sources().collect();
        pending.reverse();
        while let Some(source) = pending.pop() {
            for (key, value) in source.written().filter(|(k, _)| !k.is_merge_key()) {
                if seen.insert(key.text()) {
                    entries.push((key, value));
                }
            }
            if source.raw().merges() {
                let mut inner: Vec<_> = source.merge_sources().collect();
                inner.reverse();
                pending.extend(inner);
            }
        }
        entries.into_iter().map(|(k, v)| (k, v.followed())).collect()
    }

    /// Where a finding about a dotted path below this node stands. See [`Place`].
    pub fn at(self, path: &str) -> Place<'t> {
        Place::below(self, path)
    }

    /// This node itself as a place.
    pub fn here(self) -> Place<'t> {
        Place::value(self)
    }

    /// All nodes of this subtree as written, keys included, aliases not followed, this one first.
    pub fn descendants(self) -> impl Iterator<Item = NodeRef<'t>> {
        (self.ix..self.behind()).map(move |ix| self.at_index(ix))
    }

    /// The scalars of this subtree, as [`NodeRef::descendants`] has them, whose text has at least so
    /// many bytes: without a look at any text.
    pub fn long_texts(self, bytes: u32) -> impl Iterator<Item = NodeRef<'t>> {
        let below = (self.ix..).zip(self.tree.nodes.below(self.ix));
        let nodes = &self.tree.nodes;
        let long = move |node: &Node| node.is_scalar() && nodes.text_len(*node) >= bytes;
        let found = below.filter(move |(_, node)| long(node));
        found.map(move |(ix, _)| self.at_index(ix))
    }

    /// Steps from this node down to `inner`, such as `spec.containers[0].image`; `None` when `inner`
    /// is not written below this node (it may come through an alias).
    pub fn path_to(self, inner: NodeRef<'t>) -> Option<String> {
        use std::fmt::Write as _;
        if !std::ptr::eq(self.tree, inner.tree) || inner.ix < self.ix || inner.ix >= self.behind() {
            return None;
        }
        let mut path = String::new();
        let mut here = self;
        while here.ix != inner.ix {
            match here.kind() {
                Kind::Map => {
                    let (key, value) =
                        here.written().find(|(k, v)| inner.ix >= k.ix && inner.ix < v.behind())?;
                    let name = key.key_text();
                    // A key that holds dots would read as two steps.
                    if name.contains(['.', '[', '/']) {
                        let _ = write!(path, "['{name}']");
                    } else {
                        if !path.is_empty() {
                            path.push('.');
                        }
                        path.push_str(&name);
                    }
                    if inner.ix < value.ix {
                        return Some(path);
                    }
                    here = value;
                }
                Kind::Seq => {
                    let mut next = here.ix + 1;
                    let mut at = 0;
                    while here.at_index(next).behind() <= inner.ix {
                        next = here.at_index(next).behind();
                        at += 1;
                    }
                    let _ = write!(path, "[{at}]");
                    here = here.at_index(next);
                }
                Kind::Scalar | Kind::Alias => return None,
            }
        }
        Some(path)
    }
}

/// Position of the first dot: keys are so short that a searcher takes longer to set out than to search.
#[inline]
fn first_dot(path: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    const DOTS: u64 = ONES * b'.' as u64;
    let mut at = 0;
    while let Some(eight) = path.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let differing = u64::from_le_bytes(*eight) ^ DOTS;
        // The lowest of these bits stands in the first byte that is 0; higher ones may err.
        let equal = differing.wrapping_sub(ONES) & !differing & (ONES << 7);
        if equal != 0 {
            return Some(at + equal.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    path.get(at..)?.iter().position(|byte| *byte == b'.').map(|behind| at + behind)
}

/// Items of a sequence.
#[derive(Clone)]
pub struct Items<'t> {
    tree: &'t Tree,
    next: u32,
    end: u32,
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({}..{})", self.next, self.end)
    }
}

impl<'t> Items<'t> {
    pub(crate) fn none(tree: &'t Tree) -> Self {
        Self { tree, next: 0, end: 0 }
    }
}

impl<'t> Iterator for Items<'t> {
    type Item = NodeRef<'t>;

    fn next(&mut self) -> Option<NodeRef<'t>> {
        if self.next >= self.end {
            return None;
        }
        let node = NodeRef { tree: self.tree, ix: self.next };
        self.next = node.behind();
        Some(node.followed())
    }
}

/// Entries of a map as written; the value may still be an alias.
#[derive(Clone)]
pub struct WrittenEntries<'t> {
    tree: &'t Tree,
    next: u32,
    end: u32,
}

impl<'t> Iterator for WrittenEntries<'t> {
    type Item = (NodeRef<'t>, NodeRef<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let key = NodeRef { tree: self.tree, ix: self.next };
        let value = key.at_index(key.behind());
        self.next = value.behind();
        Some((key, value))
    }
}

/// Entries of a map.
pub enum Entries<'t> {
    Written(WrittenEntries<'t>),
    Merged(std::vec::IntoIter<(NodeRef<'t>, NodeRef<'t>)>),
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entries")
    }
}

impl fmt::Debug for WrittenEntries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrittenEntries({}..{})", self.next, self.end)
    }
}

impl<'t> Iterator for Entries<'t> {
    type Item = (NodeRef<'t>, NodeRef<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Entries::Written(entries) => entries.next().map(|(k, v)| (k, v.followed())),
            Entries::Merged(entries) => entries.next(),
        }
    }
}
