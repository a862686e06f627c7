//! Documents that can be changed, whose every node knows where it came from.
//!
//! Renderers read [`NodeRef`]s into [`Value`]s, change those, and end with a [`Tree`] again
//! ([`Tree::rendered`]), on which spans are those of the lines that a person must edit.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::node::NodeRef;
use super::nodes::{Nodes, Text, mark};
use super::scalar::{self, Scalar};
use super::tree::{Document, Kind, Style, Tree};
use crate::source::{SourceId, Span};

/// Who wrote a node of a rendered document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// It stands in a manifest.
    Resource,
    /// A strategic merge patch.
    Patch,
    /// A JSON patch.
    JsonPatch,
    /// `images:`
    Image,
    /// `replicas:`
    Replicas,
    /// `namespace:`, a target namespace, a destination's namespace.
    Namespace,
    /// `namePrefix:` or `nameSuffix:`
    Name,
    /// `labels:` or `commonLabels:`
    Label,
    /// `commonAnnotations:`
    Annotation,
    /// `configMapGenerator:`, `secretGenerator:` and other generators.
    Generator,
    /// `replacements:`
    Replacement,
    /// `vars:`, `postBuild`
    Variable,
    /// A transformer of its own configuration.
    Transformer,
    /// A chart's values.
    Values,
    /// A chart's template.
    Template,
    /// Nobody: made up in place of what only a cluster, a clock or chance can tell.
    MadeUp,
}

impl Writer {
    /// What wrote it, for people: "set by a patch".
    pub fn name(self) -> &'static str {
        match self {
            Writer::Resource => "the manifest",
            Writer::Patch | Writer::JsonPatch => "a patch",
            Writer::Image => "`images`",
            Writer::Replicas => "`replicas`",
            Writer::Namespace => "the namespace",
            Writer::Name => "a name prefix or suffix",
            Writer::Label => "labels",
            Writer::Annotation => "annotations",
            Writer::Generator => "a generator",
            Writer::Replacement => "a replacement",
            Writer::Variable => "a variable",
            Writer::Transformer => "a transformer",
            Writer::Values => "values",
            Writer::Template => "a template",
            Writer::MadeUp => "chance",
        }
    }
}

/// Where a node came from: the bytes a person would edit, and what put them there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub span: Span,
    pub by: Writer,
    /// Number, from 1, of what its renderer knows beside this; 0 for nothing.
    pub detail: u32,
}

impl Origin {
    pub const fn new(span: Span, by: Writer) -> Self {
        Self { span, by, detail: 0 }
    }
}

/// A node of a document under construction.
#[derive(Clone, Debug)]
pub struct Value<'t> {
    pub data: Data<'t>,
    pub origin: Origin,
}

/// What a [`Value`] holds.
#[derive(Clone, Debug)]
pub enum Data<'t> {
    Scalar {
        text: Cow<'t, str>,
        /// Plain text is resolved (`true`, `12`, empty is null), any other style is a string.
        style: Style,
    },
    Map(Vec<Entry<'t>>),
    Seq(Vec<Value<'t>>),
}

/// An entry of a map. Keys are unique.
#[derive(Clone, Debug)]
pub struct Entry<'t> {
    pub key: Cow<'t, str>,
    pub key_origin: Origin,
    pub value: Value<'t>,
}

impl<'t> Value<'t> {
    /// Copies a node: aliases followed, `<<` merged, of a key that stands twice the last.
    pub fn of(node: NodeRef<'t>, by: Writer) -> Self {
        let mut value = Self::written(node, by);
        value.unite_keys();
        value
    }

    /// As [`Value::of`], but keys that are written differently and read alike (`on` and `yes`) are
    /// entries of their own, for a reader that knows better: it ends with [`Value::unite_keys`].
    pub fn written(node: NodeRef<'t>, by: Writer) -> Self {
        Self::with(node, &|node| Origin::new(node.span(), by), &Cow::Borrowed)
    }

    /// As [`Value::of`], for text that does not live as long: places are told by `origin`.
    pub fn owned(node: NodeRef<'_>, origin: &dyn Fn(NodeRef<'_>) -> Origin) -> Self {
        let mut value = Self::owned_written(node, origin);
        value.unite_keys();
        value
    }

    /// As [`Value::written`], for text that does not live as long.
    pub fn owned_written(node: NodeRef<'_>, origin: &dyn Fn(NodeRef<'_>) -> Origin) -> Self {
        Value::with(node, &|n| origin(n), &|text| Cow::Owned(text.to_owned()))
    }

    /// Of entries whose keys read alike the last.
    pub fn unite_keys(&mut self) {
        match &mut self.data {
            Data::Map(entries) => {
                // Only what is no text is written in more than one way.
                let is_text =
                    |entry: &Entry<'_>| matches!(scalar::plain(&entry.key), Scalar::Str(_));
                if !entries.iter().all(is_text) {
                    keep_last(entries);
                }
                for entry in entries {
                    entry.value.unite_keys();
                }
            }
            Data::Seq(items) => items.iter_mut().for_each(Value::unite_keys),
            Data::Scalar { .. } => {}
        }
    }

    fn with<'n>(
        node: NodeRef<'n>,
        origin: &dyn Fn(NodeRef<'n>) -> Origin,
        own: &dyn Fn(&'n str) -> Cow<'t, str>,
    ) -> Self {
        let data = match node.kind() {
            Kind::Map => {
                let entry = |(key, value): (NodeRef<'n>, NodeRef<'n>)| Entry {
                    key: match key.key_text() {
                        Cow::Borrowed(text) => own(text),
                        Cow::Owned(text) => Cow::Owned(text),
                    },
                    key_origin: origin(key),
                    value: Value::with(value, origin, own),
                };
                Data::Map(node.effective_entries().map(entry).collect())
            }
            Kind::Seq => {
                Data::Seq(node.items().map(|item| Value::with(item, origin, own)).collect())
            }
            Kind::Scalar | Kind::Alias => {
                let mut style = node.style();
                if node.tag().is_some() {
                    // What the tag says is kept as a style: text is a string, the rest is plain.
                    let is_text = matches!(node.scalar(), Some(Scalar::Str(_)));
                    style = if is_text { Style::DoubleQuoted } else { Style::Plain };
                }
                Data::Scalar { text: own(node.text()), style }
            }
        };
        Value { data, origin: origin(node) }
    }

    /// A string, whatever it looks like.
    pub fn string(text: impl Into<Cow<'t, str>>, origin: Origin) -> Self {
        Self { data: Data::Scalar { text: text.into(), style: Style::DoubleQuoted }, origin }
    }

    /// A plain scalar: a number, a boolean, or text that reads as text.
    pub fn plain(text: impl Into<Cow<'t, str>>, origin: Origin) -> Self {
        Self { data: Data::Scalar { text: text.into(), style: Style::Plain }, origin }
    }

    pub fn null(origin: Origin) -> Self {
        Self::plain("", origin)
    }

    pub fn map(origin: Origin) -> Self {
        Self { data: Data::Map(Vec::new()), origin }
    }

    pub fn seq(origin: Origin) -> Self {
        Self { data: Data::Seq(Vec::new()), origin }
    }

    pub fn is_map(&self) -> bool {
        matches!(self.data, Data::Map(_))
    }

    pub fn is_seq(&self) -> bool {
        matches!(self.data, Data::Seq(_))
    }

    pub fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(Scalar::Null))
    }

    /// The scalar as Kubernetes reads it, if this is one.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.data {
            Data::Scalar { text, style } => Some(scalar::resolve(text, *style, None)),
            Data::Map(_) | Data::Seq(_) => None,
        }
    }

    /// The text of a scalar of any type; `""` for collections.
    pub fn text(&self) -> &str {
        match &self.data {
            Data::Scalar { text, .. } => text,
            Data::Map(_) | Data::Seq(_) => "",
        }
    }

    /// A string value: a number or boolean without quotes is none.
    pub fn as_str(&self) -> Option<&str> {
        match self.scalar()? {
            Scalar::Str(_) => Some(self.text()),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.scalar()? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry<'t>] {
        if let Data::Map(entries) = &self.data { entries } else { &[] }
    }

    /// Items of a list; none for anything else.
    pub fn items(&self) -> &[Value<'t>] {
        if let Data::Seq(items) = &self.data { items } else { &[] }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry<'t>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value under a key, null included.
    pub fn get(&self, key: &str) -> Option<&Value<'t>> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'t>> {
        let Data::Map(entries) = &mut self.data else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// A value by keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Value<'t>> {
        keys.iter().try_fold(self, |here, key| here.get(key))
    }

    /// Sets a key: in its place if it is there, else at the end. Nothing happens on what is no map.
    pub fn set(&mut self, key: impl Into<Cow<'t, str>>, key_origin: Origin, value: Value<'t>) {
        let Data::Map(entries) = &mut self.data else { return };
        let key = key.into();
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry { key, key_origin, value }),
        }
    }

    pub fn remove(&mut self, key: &str) -> Option<Entry<'t>> {
        let Data::Map(entries) = &mut self.data else { return None };
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at))
    }

    /// Whether two values mean the same: order of keys, style and origins set aside.
    pub fn means(&self, other: &Value<'_>) -> bool {
        match (&self.data, &other.data) {
            (Data::Map(a), Data::Map(b)) => {
                let there: FxHashMap<&str, &Value<'_>> =
                    b.iter().map(|entry| (entry.key.as_ref(), &entry.value)).collect();
                a.len() == b.len()
                    && a.iter().all(|x| there.get(x.key.as_ref()).is_some_and(|y| x.value.means(y)))
            }
            (Data::Seq(a), Data::Seq(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.means(y))
            }
            (Data::Scalar { .. }, Data::Scalar { .. }) => self.scalar() == other.scalar(),
            _ => false,
        }
    }

    /// Number of nodes, keys included: what a budget is counted in.
    pub fn size(&self) -> usize {
        match &self.data {
            Data::Scalar { .. } => 1,
            Data::Map(entries) => 1 + entries.iter().map(|e| 1 + e.value.size()).sum::<usize>(),
            Data::Seq(items) => 1 + items.iter().map(Value::size).sum::<usize>(),
        }
    }

    /// The same with all text its own.
    pub fn into_owned(self) -> Value<'static> {
        let data = match self.data {
            Data::Scalar { text, style } => {
                Data::Scalar { text: Cow::Owned(text.into_owned()), style }
            }
            Data::Map(entries) => Data::Map(
                entries
                    .into_iter()
                    .map(|e| Entry {
                        key: Cow::Owned(e.key.into_owned()),
                        key_origin: e.key_origin,
                        value: e.value.into_owned(),
                    })
                    .collect(),
            ),
            Data::Seq(items) => Data::Seq(items.into_iter().map(Value::into_owned).collect()),
        };
        Value { data, origin: self.origin }
    }
}

impl Tree {
    /// A tree of rendered documents: its nodes are the values, their spans are where those came
    /// from. `source` is a number that no file has: it tells this tree from others.
    pub fn rendered<'v, 't: 'v>(
        source: SourceId,
        documents: impl IntoIterator<Item = &'v Value<'t>>,
    ) -> Self {
        let mut writing = Writing::default();
        for value in documents {
            let root = writing.nodes.len();
            writing.value(value);
            writing.documents.push(Document { root, start: 0, end: 0 });
        }
        writing.nodes.shrink();
        Self {
            source,
            text: Arc::from(writing.text),
            side: String::new(),
            nodes: writing.nodes,
            documents: writing.documents,
            tags: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            origins: writing.origins,
            objects: OnceLock::new(),
        }
    }
}

/// Of entries with the same key the last: `on` and `yes` are written differently and are one key.
fn keep_last(entries: &mut Vec<Entry<'_>>) {
    let mut last: FxHashMap<String, usize> = FxHashMap::default();
    for (at, entry) in entries.iter().enumerate() {
        last.insert(entry.key.as_ref().to_owned(), at);
    }
    let mut at = 0;
    entries.retain(|entry| {
        at += 1;
        last.get(entry.key.as_ref()) == Some(&(at - 1))
    });
}

/// The tape of a rendered tree as it grows.
#[derive(Default)]
struct Writing {
    text: String,
    nodes: Nodes,
    documents: Vec<Document>,
    origins: Vec<Origin>,
}

impl Writing {
    fn scalar(&mut self, text: &str, style: Style, mark: u32, origin: Origin) {
        let at = self.text.len();
        self.text.push_str(text);
        let written = Text::written(at..self.text.len());
        self.nodes.scalar(at as u32..self.text.len() as u32, written, style, mark, false);
        self.origins.push(origin);
    }

    fn open(&mut self, kind: Kind, origin: Origin) -> u32 {
        let ix = self.nodes.len();
        self.nodes.open(kind, self.text.len() as u32, false, false);
        self.origins.push(origin);
        ix
    }

    fn value(&mut self, value: &Value<'_>) {
        match &value.data {
            Data::Scalar { text, style } => self.scalar(text, *style, 0, value.origin),
            Data::Map(entries) => {
                let map = self.open(Kind::Map, value.origin);
                for entry in entries {
                    // A key that would read as another type was text once.
                    let plain = scalar::resolve(&entry.key, Style::Plain, None);
                    let is_text = matches!(plain, Scalar::Str(_));
                    let style = if is_text { Style::Plain } else { Style::DoubleQuoted };
                    let mark = mark(entry.key.as_bytes());
                    self.nodes.key(map, mark);
                    self.scalar(&entry.key, style, mark, entry.key_origin);
                    self.value(&entry.value);
                }
                self.nodes.close(map, self.text.len() as u32, 0);
            }
            Data::Seq(items) => {
                let list = self.open(Kind::Seq, value.origin);
                for item in items {
                    self.value(item);
                }
                self.nodes.close(list, self.text.len() as u32, items.len() as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_read_alike_are_one() {
        let tree = Tree::parse("on: 1\nyes: 2\n~: 3\nnull: 4\na: 5\n", SourceId(0));
        let root = tree.documents().next().expect("a document").1;
        let value = Value::of(root, Writer::Resource);
        let pairs: Vec<_> = value.entries().iter().map(|e| (&*e.key, e.value.text())).collect();
        assert_eq!(pairs, [("true", "2"), ("null", "4"), ("a", "5")]);
    }

    #[test]
    fn a_rendered_tree_reads_like_its_source_and_points_into_it() {
        let text = "a: &x {b: 'true', c: 012}\nd: [*x, ~, {<<: *x, b: 2}]\n'on': yes\n";
        let tree = Tree::parse(text, SourceId(3));
        let root = tree.documents().next().expect("a document").1;
        let value = Value::of(root, Writer::Resource);
        let rendered = Tree::rendered(SourceId(9), [&value]);
        let copy = rendered.documents().next().expect("a document").1;
        assert!(value.means(&Value::of(copy, Writer::Resource)));
        let d = copy.get("d").expect("a list").items().nth(2).expect("a map");
        assert_eq!((d.i64_at("b"), d.i64_at("c")), (Some(2), Some(10)));
        let span = d.get("b").expect("a number").span();
        assert_eq!(
            (span.source, &text[span.start as usize..span.end as usize]),
            (SourceId(3), "2")
        );
        assert_eq!(copy.get("a").and_then(|a| a.str_at("b")), Some("true"));
        assert_eq!(copy.get("on").and_then(NodeRef::as_bool), Some(true));
    }
}
