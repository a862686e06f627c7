//! Where the nodes of a printed manifest come from, by the stretches of text that they touch.

use std::ops::Range;
use std::rc::Rc;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{Kind, NodeRef, Origin, Style, Tree, Writer};
use kubeready_template as template;
use kubeready_template::{Data, Offer, Path, Slot, Step, Text, Val, ValueOrigin};
use rustc_hash::FxHashMap;

use super::Detail;

/// Where values stand, by their paths.
pub(super) struct ValuePlaces<'v> {
    root: &'v Val,
}

/// A value, and the key it stands under.
struct Standing {
    value: Option<Span>,
    key: Option<Span>,
    /// Whether all of the path is there.
    whole: bool,
}

impl<'v> ValuePlaces<'v> {
    pub(super) fn new(root: &'v Val) -> Self {
        Self { root }
    }

    /// The value at a path, or the nearest one that it would be below.
    fn find(&self, path: &Path) -> Standing {
        let span = |origin: &Option<Rc<ValueOrigin>>| {
            origin.as_ref().filter(|origin| origin.written).map(|origin| origin.span)
        };
        let mut here = self.root.clone();
        let mut found = Standing { value: span(&here.origin), key: None, whole: true };
        for step in path.steps() {
            let next = match (step, &here.data) {
                (Step::Key(key), Data::Map(map)) => map.slot(key),
                (Step::Index(at), Data::List(list)) => {
                    list.get(at).map(|item| Slot { value: item.clone(), key: None })
                }
                _ => None,
            };
            let Some(next) = next else {
                found.whole = false;
                break;
            };
            found.value = span(&next.value.origin);
            found.key = span(&next.key).or(found.value).or(found.key);
            here = next.value;
        }
        found
    }
}

/// Details under their numbers, equal ones once.
pub(super) struct Details {
    list: Vec<Detail>,
    known: FxHashMap<(*const ValueOrigin, Option<Span>), u32>,
    /// Keeps what `known` tells apart by its address.
    kept: Vec<Rc<ValueOrigin>>,
}

impl Details {
    pub(super) fn new(list: Vec<Detail>) -> Self {
        Self { list, known: FxHashMap::default(), kept: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Detail> {
        self.list
    }

    fn add(&mut self, detail: Detail) -> u32 {
        self.list.push(detail);
        self.list.len() as u32
    }

    /// Of a node that a value decides; of others the origin says it all.
    fn of(&mut self, value: Option<&Rc<ValueOrigin>>, template: Option<Span>) -> u32 {
        let Some(value) = value else { return 0 };
        let key = (Rc::as_ptr(value), template);
        if let Some(number) = self.known.get(&key) {
            return *number;
        }
        self.kept.push(Rc::clone(value));
        let number = self.add(Detail {
            value: Some(value.path.to_string()),
            value_at: Some(value.span),
            written: value.written,
            template,
            offers: Vec::new(),
            mixed: false,
        });
        self.known.insert(key, number);
        number
    }
}

/// Where one node comes from.
#[derive(Clone, Default)]
struct Found {
    origin: Option<Origin>,
    /// What its text or part of it was printed from.
    value: Option<Rc<ValueOrigin>>,
    template: Option<Span>,
    /// The path of the value that all of the node was printed from.
    path: Option<Path>,
    /// The template decides, and values are printed in between.
    mixed: bool,
}

/// The places of the nodes of one printed manifest.
pub(super) struct Places<'t> {
    tree: &'t Tree,
    text: &'t Text,
    source: SourceId,
    found: Vec<Found>,
}

impl<'t> Places<'t> {
    pub(super) fn new(tree: &'t Tree, text: &'t Text, source: SourceId) -> Self {
        Self { tree, text, source, found: Vec::new() }
    }

    /// What [`Places::locate`] found out.
    pub(super) fn origin(&self, node: NodeRef<'_>) -> Origin {
        let found = self.found.get(node.index() as usize).and_then(|found| found.origin);
        found.unwrap_or(Origin::new(self.start(), Writer::Template))
    }

    fn start(&self) -> Span {
        Span { source: self.source, start: 0, end: 0 }
    }

    /// The place in a template that printed a character, or the nearest one in front of it.
    pub(super) fn template_at(&self, at: usize) -> Span {
        let text = self.text.as_str();
        let bytes = text.as_bytes();
        let mut at = at.min(bytes.len().saturating_sub(1));
        while at > 0 && bytes.get(at).is_none_or(u8::is_ascii_whitespace) {
            at -= 1;
        }
        let character = text.floor_char_boundary(at)..text.ceil_char_boundary(at + 1);
        let found = self.text.runs_in(character).find_map(|(_, origin)| origin.template);
        found.unwrap_or(self.start())
    }

    /// Finds the places of all nodes. `offers` come with their places in this manifest.
    pub(super) fn locate<'o>(
        &mut self,
        values: &ValuePlaces<'_>,
        offers: impl Iterator<Item = (usize, &'o Offer)>,
        details: &mut Details,
    ) {
        let nodes: Vec<NodeRef<'t>> = self.tree.nodes().collect();
        self.found = vec![Found::default(); nodes.len()];
        for node in &nodes {
            if node.is_scalar() {
                self.set(*node, self.scalar(*node, None));
            }
        }
        // Images first: maps take their places from what is in them.
        for map in nodes.iter().filter(|node| node.is_map()) {
            for (key, value) in map.entries() {
                if value.is_scalar() && key.text() == "image" {
                    let tag = tag(value);
                    self.set(value, self.scalar(value, tag));
                }
            }
        }
        // Further in comes later on the tape.
        for node in nodes.iter().rev() {
            let found = match node.kind() {
                Kind::Map => self.map(*node, values),
                Kind::Seq => self.list(*node, values),
                Kind::Scalar | Kind::Alias => continue,
            };
            self.set(*node, found);
        }
        for map in nodes.iter().filter(|node| node.is_map()) {
            for (key, value) in map.entries() {
                self.key(key, value, values);
            }
        }
        let offered = offered(&nodes, self.text.as_str(), offers, values);
        for (node, found) in nodes.iter().zip(&mut self.found) {
            let mut number = details.of(found.value.as_ref(), found.template);
            if let Some(offers) = offered.get(&node.index()) {
                let known = (number as usize).checked_sub(1).and_then(|at| details.list.get(at));
                let mut detail = known.cloned().unwrap_or_default();
                detail.template = detail.template.or(found.template);
                detail.offers.clone_from(offers);
                number = details.add(detail);
            }
            if found.mixed {
                let known = (number as usize).checked_sub(1).and_then(|at| details.list.get(at));
                number = details.add(Detail { mixed: true, ..known.cloned().unwrap_or_default() });
            }
            if let Some(origin) = &mut found.origin {
                origin.detail = number;
            }
        }
    }

    fn get(&self, node: NodeRef<'_>) -> Option<&Found> {
        self.found.get(node.index() as usize)
    }

    fn set(&mut self, node: NodeRef<'_>, found: Found) {
        if let Some(slot) = self.found.get_mut(node.index() as usize) {
            *slot = found;
        }
    }

    /// A scalar, or an empty collection. `part` is what a person would most likely edit.
    fn scalar(&self, node: NodeRef<'_>, part: Option<Range<usize>>) -> Found {
        let whole = range(node);
        let runs: Vec<_> = self.text.runs_in(whole.clone()).collect();
        if runs.is_empty() {
            let span = self.template_at(whole.start.saturating_sub(1));
            let origin = Some(Origin::new(span, Writer::Template));
            return Found { origin, template: Some(span), ..Found::default() };
        }
        let of_part: Vec<_> = part.map_or_else(Vec::new, |part| self.text.runs_in(part).collect());
        let is_block = matches!(node.style(), Style::Literal | Style::Folded);
        let template = self.template(&of_part, is_block).or_else(|| self.template(&runs, is_block));
        if runs.iter().any(|(_, origin)| origin.made_up) {
            let span = template.unwrap_or(self.start());
            let origin = Some(Origin::new(span, Writer::MadeUp));
            return Found { origin, template, ..Found::default() };
        }
        let value = |runs: &[(Range<usize>, template::Origin)], written: bool| {
            let mut values = runs.iter().filter_map(|(_, origin)| {
                let value = origin.value.as_ref().filter(|value| value.written == written)?;
                Some((Rc::clone(value), origin.template))
            });
            values.next()
        };
        let path = self.whole_value(node, &runs);
        let mut decides = if of_part.is_empty() { None } else { value(&of_part, true) };
        // Text in a block is the template's unless all of it is one value.
        if decides.is_none() && (!is_block || path.is_some()) && of_part.is_empty() {
            decides = value(&runs, true);
        }
        if let Some((value, by)) = decides {
            let origin = Some(Origin::new(value.span, Writer::Values));
            let template = by.or(template);
            return Found { origin, value: Some(value), template, path, mixed: false };
        }
        let span = template.unwrap_or(self.start());
        let missing = value(if of_part.is_empty() { &runs } else { &of_part }, false);
        let mixed = is_block && value(&runs, true).is_some();
        let value = missing.map(|(value, _)| value);
        let origin = Some(Origin::new(span, Writer::Template));
        Found { origin, value, template, path: None, mixed }
    }

    /// The path of the value that every character of a scalar was printed from.
    fn whole_value(
        &self,
        node: NodeRef<'_>,
        runs: &[(Range<usize>, template::Origin)],
    ) -> Option<Path> {
        let Range { start, end } = range(node);
        let quoted = matches!(node.style(), Style::SingleQuoted | Style::DoubleQuoted);
        let inner = if quoted && end > start + 2 { start + 1..end - 1 } else { start..end };
        let text = self.text.as_str();
        let mut all: Option<&Rc<ValueOrigin>> = None;
        for (at, origin) in runs {
            let blank = text.get(at.clone()).is_none_or(|part| part.trim().is_empty());
            if blank || at.end <= inner.start || at.start >= inner.end {
                continue;
            }
            let value = origin.value.as_ref().filter(|value| value.written)?;
            match all {
                Some(other) if other.path != value.path => return None,
                _ => all = Some(value),
            }
        }
        all.map(|value| value.path.clone())
    }

    /// The action that printed the first part of a text, else the bytes of the template that are the
    /// text. Of a block it is the bytes, whatever is printed in between.
    fn template(&self, runs: &[(Range<usize>, template::Origin)], is_block: bool) -> Option<Span> {
        let text = self.text.as_str();
        let mut literal: Option<Span> = None;
        let mut action = None;
        for (at, origin) in runs {
            let Some(span) = origin.template else { continue };
            // Indentation is put in between by functions.
            let blank = text.get(at.clone()).is_none_or(|part| part.trim().is_empty());
            if !origin.literal {
                action = action.or((!blank).then_some(span));
                continue;
            }
            match &mut literal {
                None => literal = Some(span),
                Some(all) if all.source == span.source && all.end <= span.start => {
                    all.end = span.end;
                }
                Some(_) => {}
            }
        }
        let action = action.filter(|_| !is_block || literal.is_none());
        action.or(literal).or_else(|| runs.iter().find_map(|(_, origin)| origin.template))
    }

    /// A map that all of a value was printed to: all of its keys stand under one path.
    fn map(&self, node: NodeRef<'t>, values: &ValuePlaces<'_>) -> Found {
        if node.is_empty() {
            return self.scalar(node, None);
        }
        let mut parent: Option<&Path> = None;
        let mut all = true;
        for (key, _) in node.entries() {
            let value = self.get(key).and_then(|found| found.value.as_ref());
            let path = value.map(|value| &value.path);
            all &= path.and_then(Path::last) == Some(Step::Key(&key.key_text()));
            let above = path.and_then(Path::parent);
            all &= above.is_some() && (parent.is_none() || parent == above);
            parent = above;
        }
        let first = node.entries().next().and_then(|(key, _)| self.get(key));
        self.collection(first, parent.filter(|_| all), values)
    }

    /// A list whose items are those of one value.
    fn list(&self, node: NodeRef<'t>, values: &ValuePlaces<'_>) -> Found {
        if node.is_empty() {
            return self.scalar(node, None);
        }
        let mut parent: Option<&Path> = None;
        let mut all = true;
        for item in node.items() {
            let path = self.get(item).and_then(|found| found.path.as_ref());
            all &= matches!(path.and_then(Path::last), Some(Step::Index(_)));
            let above = path.and_then(Path::parent);
            all &= above.is_some() && (parent.is_none() || parent == above);
            parent = above;
        }
        let first = node.items().next().and_then(|item| self.get(item));
        self.collection(first, parent.filter(|_| all), values)
    }

    fn collection(
        &self,
        first: Option<&Found>,
        path: Option<&Path>,
        values: &ValuePlaces<'_>,
    ) -> Found {
        let Some(first) = first else { return Found::default() };
        let Some(path) = path else {
            // Where it begins; what decides the first of its parts does not decide the rest.
            return Found { value: None, path: None, ..first.clone() };
        };
        let standing = values.find(path);
        let span = standing.value.or(standing.key).filter(|_| standing.whole);
        let span = span.or(first.origin.map(|origin| origin.span)).unwrap_or(self.start());
        let value = ValueOrigin { path: path.clone(), span, content: None, written: true };
        Found {
            origin: Some(Origin::new(span, Writer::Values)),
            value: Some(Rc::new(value)),
            template: first.template,
            path: Some(path.clone()),
            mixed: false,
        }
    }

    /// The key of a collection that a value was printed to is where that value would be added to.
    fn key(&mut self, key: NodeRef<'t>, value: NodeRef<'t>, values: &ValuePlaces<'_>) {
        if value.is_scalar() {
            // Nothing stands behind the key: it is the key that a person would look at.
            if range(value).is_empty()
                && let Some(found) = self.get(key).cloned()
            {
                self.set(value, Found { path: None, ..found });
            }
            return;
        }
        let Some(of_value) = self.get(value) else { return };
        let (Some(path), Some(origin)) = (&of_value.path, &of_value.value) else { return };
        let standing = values.find(path);
        let Some(span) = standing.key.filter(|_| standing.whole) else { return };
        let value = Some(Rc::clone(origin));
        let template = self.get(key).and_then(|found| found.template);
        let origin = Some(Origin::new(span, Writer::Values));
        self.set(key, Found { origin, value, template, ..Found::default() });
    }
}

/// The tag or digest of an image, within the manifest.
fn tag(image: NodeRef<'_>) -> Option<Range<usize>> {
    let Range { start, end } = range(image);
    let quote = usize::from(matches!(image.style(), Style::SingleQuoted | Style::DoubleQuoted));
    let text = image.text();
    if start + quote + text.len() + quote != end {
        return None;
    }
    let name = text.rfind('/').map_or(0, |slash| slash + 1);
    let behind = text
        .rfind('@')
        .or_else(|| text.get(name..).and_then(|last| last.find(':')).map(|colon| name + colon))?;
    let tag = start + quote + behind + 1..end - quote;
    (!tag.is_empty()).then_some(tag)
}

/// Offers by the map that they would add to: the innermost whose keys stand at their column.
fn offered<'o>(
    nodes: &[NodeRef<'_>],
    text: &str,
    offers: impl Iterator<Item = (usize, &'o Offer)>,
    values: &ValuePlaces<'_>,
) -> FxHashMap<u32, Vec<(String, String, Option<Span>)>> {
    let mut found: FxHashMap<u32, Vec<(String, String, Option<Span>)>> = FxHashMap::default();
    let mut offers = offers.filter(|(_, offer)| !offer.keys.is_empty()).peekable();
    if offers.peek().is_none() {
        return found;
    }
    let maps: Vec<(u32, usize, usize, usize)> = nodes
        .iter()
        .filter(|node| node.is_map() && !node.is_flow() && !node.is_empty())
        .map(|node| {
            let Range { start, end } = range(*node);
            let line =
                text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            (node.index(), line, start, text_behind(text, end))
        })
        .collect();
    for (at, offer) in offers {
        let fits = |(_, line, start, _): &&(u32, usize, usize, usize)| start - line == offer.indent;
        let within =
            maps.iter().filter(fits).rfind(|(_, _, start, end)| *start <= at && at <= *end);
        let before =
            || maps.iter().filter(fits).rfind(|(_, line, start, _)| *line <= at && at <= *start);
        let Some((node, ..)) = within.or_else(before) else { continue };
        let of_map = found.entry(*node).or_default();
        let path = offer.path.to_string();
        let standing = values.find(&offer.path);
        for key in &offer.keys {
            if !of_map.iter().any(|(other, of, _)| other == key && *of == path) {
                of_map.push((key.clone(), path.clone(), standing.key.or(standing.value)));
            }
        }
    }
    found
}

/// Where text goes on behind blanks and comments.
fn text_behind(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with('#') {
            return at;
        }
        at += trimmed.find('\n').unwrap_or(trimmed.len());
    }
}

fn range(node: NodeRef<'_>) -> Range<usize> {
    let span = node.span();
    span.start as usize..span.end as usize
}
