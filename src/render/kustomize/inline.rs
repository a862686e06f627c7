//! Documents inside a string of another document: where their parts stand in the file.

use kubeready_manifest::yaml::{Data, Style, Tree, Value};

use crate::source::Span;

/// From offsets in the text of a scalar to bytes of the file that it is written in.
#[derive(Debug)]
pub(in crate::render) struct Inline {
    whole: Span,
    /// Per line of the text: where it starts in the text and in the file. Empty where the text is
    /// not written line by line: then every part stands where the scalar stands.
    lines: Vec<(u32, u32)>,
}

impl Inline {
    pub(in crate::render) fn new(value: &Value<'_>, file: Option<&Tree>) -> Self {
        let whole = value.origin.span;
        let written = file
            .filter(|tree| tree.source() == whole.source)
            .and_then(|tree| tree.text().get(whole.start as usize..whole.end as usize));
        let lines = match (&value.data, written) {
            (Data::Scalar { text, style }, Some(written)) => match style {
                Style::Literal => literal(text, written, whole.start),
                Style::Folded => None,
                _ => one_line(text, written, whole.start),
            },
            _ => None,
        };
        Self { whole, lines: lines.unwrap_or_default() }
    }

    /// The bytes of the file for a range of the text.
    pub(in crate::render) fn span(&self, start: u32, end: u32) -> Span {
        let Some(from) = self.offset(start) else { return self.whole };
        // The end is told by the last byte inside: the next line begins elsewhere in the file.
        let last = self.offset(end.saturating_sub(1).max(start)).unwrap_or(from);
        let to = if end > start { last + 1 } else { from };
        Span { source: self.whole.source, start: from, end: to.min(self.whole.end).max(from) }
    }

    fn offset(&self, at: u32) -> Option<u32> {
        let line = self.lines.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
        let (start, place) = self.lines.get(line)?;
        Some(place + (at - start))
    }
}

/// A literal block: behind its header each line is a line of the text, indented.
fn literal(text: &str, written: &str, start: u32) -> Option<Vec<(u32, u32)>> {
    let header = written.find('\n')? + 1;
    let mut place = header;
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches('\n');
        let raw = written.get(place..)?;
        let raw = raw.get(..raw.find('\n').unwrap_or(raw.len()))?;
        let shown = raw.strip_suffix('\r').unwrap_or(raw);
        let indentation = if body.is_empty() {
            shown.len()
        } else {
            shown.strip_suffix(body.strip_suffix('\r').unwrap_or(body))?.len()
        };
        lines.push((at, start + (place + indentation) as u32));
        at += line.len() as u32;
        place += raw.len() + 1;
    }
    Some(lines)
}

/// A plain or quoted scalar that is written in one line and without escapes.
fn one_line(text: &str, written: &str, start: u32) -> Option<Vec<(u32, u32)>> {
    let at = written.find(text)?;
    Some(vec![(0, start + at as u32)])
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::yaml::Writer;

    use super::*;
    use crate::source::SourceId;

    /// The bytes that a needle of the scalar under `a` is mapped to.
    fn mapped(file: &str, needle: &str) -> String {
        let tree = Tree::parse(file, SourceId(1));
        let root = tree.documents().next().expect("a document").1;
        let value = Value::of(root.get("a").expect("a scalar"), Writer::Patch);
        let inline = Inline::new(&value, Some(&tree));
        let at = value.text().find(needle).expect("is there") as u32;
        let span = inline.span(at, at + needle.len() as u32);
        file[span.start as usize..span.end as usize].to_owned()
    }

    #[test]
    fn literal_blocks_are_mapped_line_by_line() {
        let file = "a: |-\n    spec:\n\n      replicas: 3\nb: 1\n";
        assert_eq!(mapped(file, "replicas"), "replicas");
        assert_eq!(mapped(file, "3"), "3");
        assert_eq!(mapped("a: |2\r\n    x: 1\r\n    y: 2\r\n", "y: 2"), "y: 2");
    }

    #[test]
    fn quotes_are_seen_through_and_folds_are_not() {
        assert_eq!(mapped("a: '[{op: add}]'\n", "add"), "add");
        assert_eq!(mapped("a: >\n  x: 1\n  y: 2\n", "y"), ">\n  x: 1\n  y: 2");
    }
}
