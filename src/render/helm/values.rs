//! Values of charts: YAML to what templates work with, each value with its place, and layers of values
//! put over each other as Helm does.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{Kind, NodeRef, Scalar, Tree, Value, Writer};
use kubeready_template::{Data, Map, Origin, Path, Slot, Text, Val, ValueOrigin};

use super::strvals;
use super::{Layer, Release};
use crate::load::{Loaded, by_source};
use crate::render::kustomize::inline::Inline;
use crate::render::{Fault, FaultKind};

/// Tells the places of nodes: of a file, of a rendered document, of a block of text in a file.
pub(super) struct Places<'a> {
    loaded: &'a [Loaded],
    /// Of a block of text: how its parts are mapped, and the file that it stands in.
    inline: Option<(&'a Inline, Option<&'a Tree>)>,
}

impl<'a> Places<'a> {
    pub(super) fn of(loaded: &'a [Loaded]) -> Self {
        Self { loaded, inline: None }
    }

    pub(super) fn span(&self, node: NodeRef<'_>) -> Span {
        let span = node.span();
        self.inline.map_or(span, |(inline, _)| inline.span(span.start, span.end))
    }

    /// Where the text of a scalar begins, if the bytes there are that text.
    pub(super) fn content(&self, node: NodeRef<'_>, span: Span) -> Option<u32> {
        let tree = self.inline.map_or(Some(node.tree()), |(_, file)| file);
        let bytes = match tree.filter(|tree| tree.source() == span.source) {
            Some(tree) => tree.text().as_bytes(),
            None => by_source(self.loaded, span.source)?.bytes()?,
        };
        let text = node.text().as_bytes();
        let written = bytes.get(span.start as usize..span.end as usize)?;
        if written == text {
            return Some(span.start);
        }
        let inner = written.get(1..written.len().checked_sub(1)?)?;
        (inner == text && matches!(written.first(), Some(b'"' | b'\''))).then_some(span.start + 1)
    }

    fn origin(&self, node: NodeRef<'_>, path: &Path) -> Rc<ValueOrigin> {
        let span = self.span(node);
        let content = if node.is_scalar() { self.content(node, span) } else { None };
        Rc::new(ValueOrigin { path: path.clone(), span, content, written: true })
    }
}

/// A node as templates see it. The builder of trees bounds depth and what aliases expand to.
pub(super) fn from_node(node: NodeRef<'_>, path: &Path, places: &Places<'_>) -> Val {
    let origin = places.origin(node, path);
    let data = match node.kind() {
        Kind::Map => Data::Map(map_from_node(node, path, places)),
        Kind::Seq => {
            let items = node.items().enumerate();
            Data::List(Rc::new(
                items.map(|(at, item)| from_node(item, &path.index(at), places)).collect(),
            ))
        }
        Kind::Scalar | Kind::Alias => {
            tagged(node, &origin).unwrap_or_else(|| scalar(node.scalar(), &origin))
        }
    };
    Val { data, origin: Some(origin), made_up: false }
}

/// What a scalar with a tag stands for that its text alone does not say: `!!binary aGk=`,
/// `!!int "5"`.
fn tagged(node: NodeRef<'_>, origin: &Rc<ValueOrigin>) -> Option<Data> {
    let tag = node.tag()?;
    if tag.ends_with("binary") {
        let packed: String = node.text().split_ascii_whitespace().collect();
        let text = String::from_utf8(STANDARD.decode(packed).ok()?).ok()?;
        return Some(scalar(Some(Scalar::Str(&text)), origin));
    }
    let is_number = matches!(tag.rsplit(['!', ':']).next(), Some("int" | "float"));
    let quoted = is_number && matches!(node.scalar(), Some(Scalar::Str(_)));
    quoted.then(|| node.text().parse().ok().map(Data::Float))?
}

fn map_from_node(node: NodeRef<'_>, path: &Path, places: &Places<'_>) -> Map {
    let map = Map::new();
    for (key, value) in node.effective_entries() {
        let name: Rc<str> = key.key_text().into();
        let path = path.key(Rc::clone(&name));
        let slot =
            Slot { value: from_node(value, &path, places), key: Some(places.origin(key, &path)) };
        map.set_slot(name, slot);
    }
    map
}

/// The map of values that the documents of a file give together.
pub(super) fn from_tree(
    tree: &Tree,
    path: &Path,
    places: &Places<'_>,
    faults: &mut Vec<Fault>,
) -> Map {
    for error in tree.errors() {
        let whole = Span { source: tree.source(), start: error.at.start, end: error.at.end };
        let at = places.inline.map_or(whole, |(inline, _)| inline.span(whole.start, whole.end));
        faults.push(invalid(at, format!("these values are no YAML: {}", error.message)));
    }
    let mut all = Map::new();
    for (_, root) in tree.documents() {
        all = merge_maps(&all, &from_root(root, path, places, faults));
    }
    all
}

/// The map of values that a document holds.
fn from_root(root: NodeRef<'_>, path: &Path, places: &Places<'_>, faults: &mut Vec<Fault>) -> Map {
    if root.is_map() {
        return map_from_node(root, path, places);
    }
    if !root.is_null() {
        faults.push(invalid(places.span(root), "values must be a map".to_owned()));
    }
    Map::new()
}

/// The map of values in a file that something names, and why it cannot be read.
pub(in crate::render) fn of_file<'r>(
    file: &'r Loaded,
    faults: &mut Vec<Fault>,
) -> Option<NodeRef<'r>> {
    let Some(tree) = file.parsed() else {
        let start = Span { source: file.source, start: 0, end: 0 };
        faults.push(invalid(start, "these values cannot be read".to_owned()));
        return None;
    };
    for error in tree.errors() {
        let at = tree.span(error.at.clone());
        faults.push(invalid(at, format!("these values are no YAML: {}", error.message)));
    }
    tree.documents().next().map(|(_, root)| root)
}

pub(super) fn invalid(at: Span, message: String) -> Fault {
    Fault::fatal(FaultKind::ChartInvalid, at, message)
}

/// What `-f`, `--set` and their like give together, before a chart's own values.
pub(super) fn layered(release: &Release<'_>, loaded: &[Loaded], faults: &mut Vec<Fault>) -> Map {
    let mut values = Map::new();
    let root = Path::root();
    for layer in &release.layers {
        match layer {
            Layer::Map(node) => {
                let map = from_root(*node, &root, &Places::of(loaded), faults);
                values = merge_maps(&values, &map);
            }
            Layer::Block(node) => {
                values = merge_maps(&values, &from_block(*node, loaded, faults));
            }
            Layer::Value(value) => {
                let map = from_value(value, &root);
                if let Data::Map(map) = map.data {
                    values = merge_maps(&values, &map);
                } else if !value.is_null() {
                    let what = "values must be a map".to_owned();
                    faults.push(invalid(value.origin.span, what));
                }
            }
            Layer::Set { path, value, string } => {
                let places = Places::of(loaded);
                if let Err(why) = strvals::set(&values, path, *value, *string, &places) {
                    let message = format!("`{path}` cannot be set: {why}");
                    faults.push(invalid(places.span(*value), message));
                }
            }
        }
    }
    values
}

/// Values that were made rather than read: nothing is known of their bytes.
fn from_value(value: &Value<'_>, path: &Path) -> Val {
    let place = |span, path: &Path| {
        Rc::new(ValueOrigin { path: path.clone(), span, content: None, written: true })
    };
    let origin = place(value.origin.span, path);
    let data = if value.is_map() {
        let map = Map::new();
        for entry in value.entries() {
            let name: Rc<str> = (*entry.key).into();
            let path = path.key(Rc::clone(&name));
            let key = Some(place(entry.key_origin.span, &path));
            map.set_slot(name, Slot { value: from_value(&entry.value, &path), key });
        }
        Data::Map(map)
    } else if value.is_seq() {
        let items = value.items().iter().enumerate();
        Data::List(Rc::new(items.map(|(at, item)| from_value(item, &path.index(at))).collect()))
    } else {
        scalar(value.scalar(), &origin)
    };
    Val { data, origin: Some(origin), made_up: false }
}

fn scalar(scalar: Option<Scalar<'_>>, origin: &Rc<ValueOrigin>) -> Data {
    match scalar {
        Some(Scalar::Str(text)) => Data::Text(Text::of(text, Origin::of_value(Rc::clone(origin)))),
        Some(Scalar::Bool(value)) => Data::Bool(value),
        Some(Scalar::Int(value)) => Data::Float(value as f64),
        Some(Scalar::UInt(value)) => Data::Float(value as f64),
        Some(Scalar::Float(value)) => Data::Float(value),
        Some(Scalar::Null) | None => Data::Nil,
    }
}

/// Values that stand in a string of a document.
fn from_block(node: NodeRef<'_>, loaded: &[Loaded], faults: &mut Vec<Fault>) -> Map {
    let value = Value::of(node, Writer::Values);
    let span = node.span();
    let file = if node.tree().source() == span.source {
        Some(node.tree())
    } else {
        by_source(loaded, span.source).and_then(Loaded::parsed)
    };
    let inline = Inline::new(&value, file);
    let tree = Tree::parse(node.text(), span.source);
    from_tree(&tree, &Path::root(), &Places { loaded, inline: Some((&inline, file)) }, faults)
}

/// Both maps together, as files of values are: of what is no map in both, the later.
pub(super) fn merge_maps(first: &Map, second: &Map) -> Map {
    let all = first.shallow();
    for (key, mut slot) in second.entries() {
        if let (Some(old), Data::Map(new)) = (all.get(&key), &slot.value.data)
            && let Some(old) = old.as_map()
        {
            slot.value.data = Data::Map(merge_maps(old, new));
        }
        all.set_slot(key, slot);
    }
    all
}

/// A copy that shares no map with the original.
pub(super) fn copied(map: &Map) -> Map {
    let copy = Map::new();
    for (key, slot) in map.entries() {
        copy.set_slot(key, Slot { value: copied_value(&slot.value), key: slot.key });
    }
    copy
}

fn copied_value(value: &Val) -> Val {
    let data = match &value.data {
        Data::Map(map) => Data::Map(copied(map)),
        Data::List(items)
            if items.iter().any(|i| i.as_map().is_some() || i.as_list().is_some()) =>
        {
            Data::List(Rc::new(items.iter().map(copied_value).collect()))
        }
        other => other.clone(),
    };
    Val { data, ..value.clone() }
}

/// A copy whose values say that they are set at another path.
pub(super) fn moved(map: &Map, path: &Path) -> Map {
    let copy = Map::new();
    for (key, slot) in map.entries() {
        let path = path.key(Rc::clone(&key));
        let at = |origin: Option<Rc<ValueOrigin>>| {
            origin.map(|origin| Rc::new(ValueOrigin { path: path.clone(), ..(*origin).clone() }))
        };
        let value = Val { origin: at(slot.value.origin.clone()), ..moved_value(slot.value, &path) };
        copy.set_slot(key, Slot { value, key: at(slot.key) });
    }
    copy
}

fn moved_value(value: Val, path: &Path) -> Val {
    let data = match value.data {
        Data::Map(map) => Data::Map(moved(&map, path)),
        Data::Text(text) => {
            let origin = text.origin().and_then(|origin| origin.value).map(|origin| {
                Origin::of_value(Rc::new(ValueOrigin { path: path.clone(), ..(*origin).clone() }))
            });
            match origin {
                Some(origin) => Data::Text(Text::of(text.as_str(), origin)),
                None => Data::Text(text),
            }
        }
        other => other,
    };
    Val { data, ..value }
}

/// The table at a path of keys with dots between them.
pub(super) fn table(map: &Map, path: &str) -> Option<Map> {
    path.split('.').try_fold(map.clone(), |map, key| map.get(key)?.as_map().cloned())
}

/// What stands at a path and is no table.
pub(super) fn leaf(map: &Map, path: &str) -> Option<Val> {
    let (map, key) = match path.rsplit_once('.') {
        Some((before, key)) => (table(map, before)?, key),
        None => (map.clone(), path),
    };
    map.get(key).filter(|value| value.as_map().is_none())
}
