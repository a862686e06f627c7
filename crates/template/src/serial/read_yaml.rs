//! YAML text read into values, which keep the origins of their bytes: `fromYaml`.

use std::ops::Range;
use std::rc::Rc;

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Kind, NodeRef, Scalar, Style, Tree};

use super::read_json::{map_origin, origin_in};
use crate::map::{Map, Slot};
use crate::text::{Origin, Text, TextBuilder};
use crate::value::{Data, Val};

/// Reads the first document; of nothing comes nil.
///
/// # Errors
/// A message as Go's reader begins it.
pub(crate) fn read(text: &Text) -> Result<Val, String> {
    // A source that no file has: nothing but bytes of `text` is asked for.
    let tree = Tree::parse(text.as_str(), SourceId(u32::MAX));
    let first = tree.documents().next();
    let start = first.map_or(u32::MAX, |(document, _)| document.start);
    if let Some(error) = tree.errors().iter().find(|error| error.document.start <= start) {
        let before = text.as_str().get(..error.at.start as usize).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        return Err(format!("error converting YAML to JSON: yaml: line {line}: {}", error.message));
    }
    let Some((_, root)) = first else { return Ok(Val::nil()) };
    Reader { text }.node(root)
}

struct Reader<'t> {
    text: &'t Text,
}

impl Reader<'_> {
    /// Documents nest no deeper than the tree lets them.
    fn node(&self, node: NodeRef<'_>) -> Result<Val, String> {
        let data = match node.kind() {
            Kind::Map => return self.map(node),
            Kind::Seq => {
                let items: Result<Vec<Val>, String> =
                    node.items().map(|item| self.node(item)).collect();
                if node.is_empty() {
                    return Ok(self.located(node, Data::List(Rc::new(items?))));
                }
                return Ok(Val::list(items?));
            }
            Kind::Scalar | Kind::Alias => match node.scalar() {
                None | Some(Scalar::Null) => Data::Nil,
                Some(Scalar::Bool(value)) => Data::Bool(value),
                Some(Scalar::Int(value)) => Data::Float(value as f64),
                Some(Scalar::UInt(value)) => Data::Float(value as f64),
                Some(Scalar::Float(value)) if value.is_finite() => Data::Float(value),
                // `1e999` is beyond what Go takes for a number; `.inf` is one.
                Some(Scalar::Float(value))
                    if value.is_infinite() && !node.text().ends_with(['f', 'F']) =>
                {
                    Data::Text(self.string(node))
                }
                Some(Scalar::Float(value)) => {
                    let value = super::float::shortest(value);
                    let what = "error converting YAML to JSON: json: unsupported value";
                    return Err(format!("{what}: {value}"));
                }
                Some(Scalar::Str(_)) => Data::Text(self.string(node)),
            },
        };
        Ok(self.located(node, data))
    }

    fn map(&self, node: NodeRef<'_>) -> Result<Val, String> {
        let map = Map::new();
        for (key, value) in node.effective_entries() {
            if key.is_null() {
                let what = "unsupported map key of type: %!s(<nil>), key: <nil>";
                return Err(format!("error converting YAML to JSON: {what}"));
            }
            let (place, _) = origin_in(self.text, range(key));
            map.set_slot(&*key.key_text(), Slot { value: self.node(value)?, key: place });
        }
        if map.is_empty() {
            return Ok(self.located(node, Data::Map(map)));
        }
        let origin = map_origin(&map);
        Ok(Val { origin, ..Val::map(map) })
    }

    fn located(&self, node: NodeRef<'_>, data: Data) -> Val {
        let (origin, made_up) = origin_in(self.text, range(node));
        Val { data, origin, made_up }
    }

    /// The text of a scalar with the origins of the bytes that it was written with.
    fn string(&self, node: NodeRef<'_>) -> Text {
        let Range { start, mut end } = range(node);
        let written = self.text.as_str();
        let inner = match node.style() {
            Style::Plain => start,
            Style::SingleQuoted | Style::DoubleQuoted => {
                end = end.saturating_sub(1);
                start + 1
            }
            Style::Literal | Style::Folded => {
                let line = written.get(start..end).and_then(|block| block.find('\n'));
                line.map_or(end, |at| start + at + 1)
            }
        };
        align(self.text, inner..end, node.text())
    }
}

fn range(node: NodeRef<'_>) -> Range<usize> {
    let span = node.span();
    span.start as usize..span.end as usize
}

/// Follows a scalar's text through the bytes it is written with: most are the same, folding and
/// indentation put blanks between, and from the first escape on only the whole has an origin.
fn align(source: &Text, range: Range<usize>, text: &str) -> Text {
    let whole = source.slice(range.clone());
    if whole.as_str() == text {
        return whole;
    }
    let bytes = source.as_str().as_bytes();
    let same = |a: u8, b: Option<&u8>| b == Some(&a);
    let is_blank = |b: Option<&u8>| matches!(b, Some(b' ' | b'\t' | b'\n' | b'\r'));
    let mut out = TextBuilder::new();
    let mut from = range.start;
    let mut here = range.start;
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let get = |here: usize| bytes.get(here).filter(|_| here < range.end);
        if !same(byte, get(here)) && is_blank(get(here)) {
            out.push_slice(source, from..here);
            done = at;
            while is_blank(get(here)) && !same(byte, get(here)) {
                here += 1;
            }
            from = here;
            if byte == b' ' && !same(byte, get(here)) {
                // A line end that was folded.
                out.push_plain(" ");
                done = at + 1;
                continue;
            }
        }
        if !same(byte, get(here)) {
            break;
        }
        here += 1;
    }
    // Whole characters only; what is left has the origin of the scalar.
    let matched = (here - from).min(text.len() - done);
    let rest = text.get(done..done + matched).map_or(done, |_| done + matched);
    if rest > done {
        out.push_slice(source, from..from + matched);
    }
    let origin = whole.origin().map(|origin| origin.printed()).unwrap_or_default();
    out.push(text.get(rest..).unwrap_or(""), Origin { template: None, ..origin });
    let out = out.finish();
    if out.as_str() == text { out } else { whole.remade(text) }
}
