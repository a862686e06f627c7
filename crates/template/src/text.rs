//! Strings whose bytes know where they came from.

use std::ops::Range;
use std::rc::Rc;

use kubeready_manifest::source::Span;

use crate::value::ValueOrigin;

/// Where a stretch of text came from; all `None` for text that was computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The value that it is, or was printed from.
    pub value: Option<Rc<ValueOrigin>>,
    /// Where in the value's own text the stretch begins, if it is that text byte for byte.
    pub offset: Option<u32>,
    /// The bytes of the template that are the stretch, or the action that printed it.
    pub template: Option<Span>,
    /// The bytes of `template` are the stretch, one for one.
    pub literal: bool,
    /// Made up in place of what only a cluster, a clock or chance can tell.
    pub made_up: bool,
}

impl Origin {
    /// Bytes of a template.
    pub fn literal(span: Span) -> Self {
        Self { template: Some(span), literal: true, ..Self::default() }
    }

    /// The text of a value, from its start.
    pub fn of_value(value: Rc<ValueOrigin>) -> Self {
        Self { value: Some(value), offset: Some(0), ..Self::default() }
    }

    pub fn is_none(&self) -> bool {
        self.value.is_none() && self.template.is_none() && !self.made_up
    }

    /// The same, printed anew: no byte of it stands there as it is.
    #[must_use]
    pub fn printed(&self) -> Self {
        Self { offset: None, literal: false, ..self.clone() }
    }

    /// The origin of what begins `by` bytes further on.
    fn advanced(&self, by: u32, length: u32) -> Self {
        let mut origin = self.clone();
        origin.offset = self.offset.map(|offset| offset + by);
        if self.literal
            && let Some(span) = &mut origin.template
        {
            span.start += by;
            span.end = span.start + length;
        }
        origin
    }

    /// Whether `next`, right behind a stretch of `length` bytes, only continues it.
    fn continues(&self, length: u32, next: &Origin) -> bool {
        let template = match (self.template, next.template) {
            (Some(a), Some(b)) if self.literal && next.literal => {
                a.source == b.source && a.end == b.start
            }
            (a, b) => a == b && self.literal == next.literal,
        };
        let value = match (&self.value, &next.value) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        template
            && value
            && self.made_up == next.made_up
            && self.offset.map(|offset| offset + length) == next.offset
    }
}

/// A stretch of text with one origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where it ends in the text, in bytes; it starts where the one before ends.
    pub end: u32,
    pub origin: Origin,
}

/// A string with the origins of its stretches. Cheap to copy. Texts are equal if their bytes are.
#[derive(Clone, Debug)]
pub struct Text {
    text: Rc<str>,
    /// Cover the text; empty where nothing is known.
    runs: Rc<[Run]>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::plain("")
    }
}

impl Text {
    /// Text of unknown origin.
    pub fn plain(text: impl Into<Rc<str>>) -> Self {
        Self { text: text.into(), runs: Rc::new([]) }
    }

    /// Text of one origin.
    pub fn of(text: impl Into<Rc<str>>, origin: Origin) -> Self {
        let text = text.into();
        if text.is_empty() || origin.is_none() {
            return Self::plain(text);
        }
        let runs = Rc::new([Run { end: text.len() as u32, origin }]);
        Self { text, runs }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Stretches in order, with their bytes.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, &Origin)> {
        let mut start = 0;
        self.runs.iter().map(move |run| {
            let range = start..run.end as usize;
            start = run.end as usize;
            (range, &run.origin)
        })
    }

    /// The stretches that a range touches, cut to it.
    pub fn runs_in(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (Range<usize>, Origin)> + '_ {
        let first = self.runs.partition_point(|run| run.end as usize <= range.start);
        let mut start = first.checked_sub(1).map_or(0, |at| self.runs[at].end as usize);
        self.runs[first..].iter().map_while(move |run| {
            let whole = start..run.end as usize;
            start = whole.end;
            let cut = whole.start.max(range.start)..whole.end.min(range.end);
            (cut.start < cut.end).then(|| {
                let by = cut.start - whole.start;
                (cut.clone(), run.origin.advanced(by as u32, cut.len() as u32))
            })
        })
    }

    /// What speaks for the text as a whole: its first value, else its first place in a template.
    pub fn origin(&self) -> Option<Origin> {
        let known = || self.runs.iter().map(|run| &run.origin).filter(|origin| !origin.is_none());
        known().find(|origin| origin.value.is_some()).or_else(|| known().next()).cloned()
    }

    /// A part. The range is cut to the text and to whole characters.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = self.text.floor_char_boundary(range.end.min(self.text.len()));
        let start = self.text.floor_char_boundary(range.start.min(end));
        if start == 0 && end == self.text.len() {
            return self.clone();
        }
        let runs = self.runs_in(start..end);
        let runs = runs.map(|(cut, origin)| Run { end: (cut.end - start) as u32, origin });
        Self { text: self.text[start..end].into(), runs: runs.collect() }
    }

    /// The same text where every stretch without a place in a template gets this one.
    #[must_use]
    pub fn printed_by(&self, action: Span) -> Self {
        let mut runs: Vec<Run> = self.runs.to_vec();
        if runs.is_empty() && !self.text.is_empty() {
            runs.push(Run { end: self.text.len() as u32, origin: Origin::default() });
        }
        for run in runs.iter_mut().filter(|run| run.origin.template.is_none()) {
            run.origin.template = Some(action);
        }
        Self { text: Rc::clone(&self.text), runs: runs.into() }
    }

    /// New text made of this one, with its origin as a whole.
    #[must_use]
    pub fn remade(&self, text: impl Into<Rc<str>>) -> Self {
        let mut origin = self.origin().map(|origin| origin.printed()).unwrap_or_default();
        // All of the new text depends on all of the old.
        origin.made_up |= self.runs.iter().any(|run| run.origin.made_up);
        Self::of(text, origin)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}

/// Text as it grows.
#[derive(Clone, Debug, Default)]
pub struct TextBuilder {
    text: String,
    runs: Vec<Run>,
}

impl TextBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Text of unknown origin.
    pub fn push_plain(&mut self, text: &str) {
        self.push(text, Origin::default());
    }

    pub fn push(&mut self, text: &str, origin: Origin) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len() as u32;
        self.text.push_str(text);
        let end = self.text.len() as u32;
        let before = self.runs.len().checked_sub(2).map_or(0, |at| self.runs[at].end);
        match self.runs.last_mut() {
            Some(last) if last.origin.continues(start - before, &origin) => {
                if last.origin.literal
                    && let (Some(all), Some(new)) = (&mut last.origin.template, origin.template)
                {
                    all.end = new.end;
                }
                last.end = end;
            }
            _ => self.runs.push(Run { end, origin }),
        }
    }

    pub fn push_text(&mut self, text: &Text) {
        if text.runs.is_empty() {
            return self.push_plain(&text.text);
        }
        for (range, origin) in text.runs() {
            self.push(&text.text[range], origin.clone());
        }
    }

    /// A part of a text.
    pub fn push_slice(&mut self, text: &Text, range: Range<usize>) {
        if text.runs.is_empty() {
            return self.push_plain(text.text.get(range).unwrap_or(""));
        }
        for (cut, origin) in text.runs_in(range) {
            self.push(text.text.get(cut).unwrap_or(""), origin);
        }
    }

    /// Drops what is behind a length.
    pub fn truncate(&mut self, length: usize) {
        let text = self.finish_clone().slice(0..length);
        self.text = text.text.to_string();
        self.runs = text.runs.to_vec();
    }

    fn finish_clone(&self) -> Text {
        self.clone().finish()
    }

    pub fn finish(self) -> Text {
        let known = self.runs.iter().any(|run| !run.origin.is_none());
        Text { text: self.text.into(), runs: if known { self.runs.into() } else { Rc::new([]) } }
    }
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::source::SourceId;

    use super::*;

    fn span(start: u32, end: u32) -> Span {
        Span { source: SourceId(0), start, end }
    }

    #[test]
    fn parts_of_literal_text_know_their_own_bytes() {
        let text = Text::of("hello world", Origin::literal(span(10, 21)));
        let world = text.slice(6..11);
        assert_eq!(world.as_str(), "world");
        assert_eq!(world.origin().and_then(|o| o.template), Some(span(16, 21)));
        let mut again = TextBuilder::new();
        again.push_slice(&text, 0..5);
        again.push_slice(&text, 5..11);
        let again = again.finish();
        assert_eq!(again.runs().count(), 1);
        assert_eq!(
            again.runs().next().map(|(r, o)| (r, o.template)),
            Some((0..11, Some(span(10, 21))))
        );
    }

    #[test]
    fn an_action_places_what_has_no_place() {
        let mut text = TextBuilder::new();
        text.push("a", Origin::literal(span(0, 1)));
        text.push_plain("b");
        let text = text.finish().printed_by(span(5, 9));
        let places: Vec<_> = text.runs().map(|(_, o)| o.template).collect();
        assert_eq!(places, [Some(span(0, 1)), Some(span(5, 9))]);
    }
}
