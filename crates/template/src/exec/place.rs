//! Where the parts of a template stand: in a file, or, of a text that `tpl` executes, in what it was
//! made of.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use kubeready_manifest::source::{SourceId, Span};

use super::Parsed;
use super::tree::{Body, Place};
use crate::text::{Origin, Text, TextBuilder};
use crate::value::{Val, ValueOrigin};

/// A parsed text with the places of its bytes.
#[derive(Debug)]
pub(super) struct Unit {
    parsed: Arc<Parsed>,
    source: Text,
    /// The source is one stretch of a file, which starts there.
    file: Option<(SourceId, u32)>,
    /// Its strings as values, as soon as one is asked for.
    strings: Vec<OnceCell<Val>>,
    /// The action that executes the text, for those of `tpl`.
    caller: Option<Span>,
}

/// Whom an action is printed by.
#[derive(Clone, Debug, Default)]
pub(super) struct Printer {
    pub(super) template: Option<Span>,
    /// The value whose text the action stands in.
    pub(super) value: Option<Rc<ValueOrigin>>,
    /// Where in a values file the action stands, as exactly as is known.
    pub(super) value_at: Option<Span>,
}

impl Unit {
    pub(super) fn new(parsed: Arc<Parsed>, source: Text, caller: Option<Span>) -> Self {
        let file = {
            let mut runs = source.runs();
            match (runs.next(), runs.next()) {
                (Some((range, origin)), None) if origin.literal && origin.value.is_none() => {
                    let whole = range.len() == source.len();
                    origin.template.filter(|_| whole).map(|span| (span.source, span.start))
                }
                _ => None,
            }
        };
        let mut strings = Vec::new();
        strings.resize_with(parsed.tree.strings.len(), OnceCell::new);
        Self { parsed, source, file, strings, caller }
    }

    pub(super) fn bodies(&self) -> &[Body] {
        &self.parsed.tree.bodies
    }

    pub(super) fn body(&self, at: usize) -> Option<&Body> {
        self.bodies().get(at)
    }

    /// Prints literal text; says how long it is.
    pub(super) fn text(&self, (start, end): Place, out: &mut TextBuilder) -> usize {
        let range = start as usize..end as usize;
        match self.file {
            Some(_) => {
                let origin = self.span((start, end)).map(Origin::literal).unwrap_or_default();
                out.push(self.source.as_str().get(range.clone()).unwrap_or(""), origin);
            }
            None => out.push_slice(&self.source, range.clone()),
        }
        range.len()
    }

    fn span(&self, (start, end): Place) -> Option<Span> {
        let (source, base) = self.file?;
        Some(Span { source, start: base + start, end: base + end })
    }

    /// Where an action of this text stands.
    pub(super) fn printer(&self, place: Place) -> Printer {
        if let Some(template) = self.span(place) {
            return Printer { template: Some(template), ..Printer::default() };
        }
        let range = place.0 as usize..place.1 as usize;
        let Some((cut, origin)) = self.source.runs_in(range).next() else {
            return Printer { template: self.caller, ..Printer::default() };
        };
        let value_at = origin.value.as_ref().map(|value| match value.content.zip(origin.offset) {
            Some((content, offset)) => Span {
                source: value.span.source,
                start: content + offset,
                end: content + offset + cut.len() as u32,
            },
            None => value.span,
        });
        Printer { template: origin.template.or(self.caller), value: origin.value, value_at }
    }

    /// A string of the template, with its place.
    pub(super) fn string(&self, at: u32) -> Val {
        let Some(cell) = self.strings.get(at as usize) else { return Val::text("") };
        let make = || {
            let Some(literal) = self.parsed.tree.strings.get(at as usize) else {
                return Val::text("");
            };
            let Some(place) = literal.place else { return Val::text(&*literal.text) };
            match self.span(place) {
                Some(span) => Val::text(Text::of(&*literal.text, Origin::literal(span))),
                None => Val::text(self.source.slice(place.0 as usize..place.1 as usize)),
            }
        };
        cell.get_or_init(make).clone()
    }
}
