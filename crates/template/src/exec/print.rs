//! Prints values, and says what is not printed: values that nobody wrote, and parts not taken.

use super::eval::{Frame, Pending, Run};
use super::offers::Moved;
use super::tree::Branch;
use super::{Offer, Undefined};
use crate::error::Result;
use crate::fmt;
use crate::text::{Origin, Text, TextBuilder};
use crate::value::{Data, Val};

/// What Go prints for nothing, and what Helm takes out of what was printed.
pub(super) const NO_VALUE: &str = "<no value>";

impl Run<'_> {
    pub(super) fn print(&mut self, value: &Val, action: u64) -> Result<()> {
        let by = Origin {
            template: self.here.template,
            value: self.here.value.clone(),
            ..Origin::default()
        };
        let start = self.out.len();
        let mut stretches = 1;
        match &value.data {
            Data::Text(text) => {
                let whole = value.printed_origin();
                let mut known = false;
                for (range, origin) in text.runs() {
                    known = true;
                    stretches += 1;
                    let mut origin = origin.clone();
                    if origin.value.is_none() && origin.template.is_none() {
                        origin.value = whole.value.clone().or_else(|| by.value.clone());
                    }
                    origin.made_up |= whole.made_up;
                    origin.template = origin.template.or(by.template);
                    self.out.push(text.as_str().get(range).unwrap_or(""), origin);
                }
                if !known {
                    self.out.push(text.as_str(), printed(value, text.as_str(), &by));
                }
                self.hand_over(text, start, action);
            }
            Data::Nil => {
                self.undefined(value);
                self.out.push(NO_VALUE, printed(value, NO_VALUE, &by));
            }
            Data::Object(object) => {
                let text = object.shown();
                self.out.push(&text, printed(value, &text, &by));
            }
            _ => {
                let text = fmt::print(value);
                self.out.push(&text, printed(value, &text, &by));
            }
        }
        self.printed(start, self.out.len() - start, stretches)
    }

    pub(super) fn printed(&mut self, before: usize, bytes: usize, stretches: usize) -> Result<()> {
        let last = self.captures == 0;
        let printed = self.engine.budget.print(before, bytes, stretches, last);
        printed.map_err(|error| self.locate(error))
    }

    fn undefined(&mut self, value: &Val) {
        let Some(origin) = value.origin.as_ref().filter(|origin| !origin.written) else { return };
        let template = self.here.template;
        if self.engine.undefined.insert((origin.path.to_string(), template)) {
            self.undefined.push(Undefined { path: origin.path.clone(), template });
        }
    }

    /// What the branch that is not taken would have printed.
    pub(super) fn offer(&mut self, frame: &Frame, branch: &Branch, value: &Val) {
        let Some(shape) = &branch.offer else { return };
        let from_text = || value.as_text().and_then(Text::origin).and_then(|o| o.value);
        let Some(origin) = value.origin.clone().or_else(from_text) else { return };
        if origin.path.is_root() {
            return;
        }
        let indent = if shape.line {
            shape.indent
        } else {
            let printed = self.out.as_str();
            let line = printed.rfind('\n').map_or(0, |at| at + 1);
            let line = printed.get(line..).unwrap_or("");
            if !line.bytes().all(|byte| byte == b' ') {
                return;
            }
            line.len()
        };
        self.offers.push(Offer {
            at: self.out.len(),
            indent,
            keys: shape.keys.clone(),
            path: origin.path.clone(),
            template: frame.unit.printer(branch.place).template,
        });
    }

    /// Offers of called templates go where their text is printed.
    fn hand_over(&mut self, printed: &Text, start: usize, action: u64) {
        let mut kept = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            if !self.placed(&pending, printed, start, action) {
                kept.push(pending);
            }
        }
        self.pending = kept;
    }

    fn placed(&mut self, pending: &Pending, printed: &Text, start: usize, action: u64) -> bool {
        if pending.text.as_str().trim().is_empty() {
            let text = printed.as_str();
            if pending.action != action || !text.trim().is_empty() {
                return false;
            }
            let line = text.rfind('\n').map_or(0, |at| text.len() - at - 1);
            self.offers.extend(pending.offers.iter().map(|offer| Offer {
                at: start + printed.len(),
                indent: offer.indent + line,
                ..offer.clone()
            }));
            return true;
        }
        let Some(moved) = Moved::find(&pending.text, printed) else { return false };
        for offer in &pending.offers {
            if let Some(indent) = offer.indent.checked_add_signed(moved.by) {
                let at = start + moved.place(offer.at);
                self.offers.push(Offer { at, indent, ..offer.clone() });
            }
        }
        true
    }
}

/// The origin of text that a value without a text of its own is printed as.
fn printed(value: &Val, text: &str, by: &Origin) -> Origin {
    let origin = value.origin.as_ref();
    // Bytes that are as many as the value's own are these: numbers and booleans.
    let same = origin.is_some_and(|origin| {
        let written = origin.span.end.checked_sub(origin.span.start);
        origin.content == Some(origin.span.start) && written == Some(text.len() as u32)
    });
    Origin {
        value: origin.cloned().or_else(|| by.value.clone()),
        offset: same.then_some(0),
        template: by.template,
        literal: false,
        made_up: value.made_up,
    }
}

/// Text without what Go prints for nothing; the offers move along.
pub(super) fn without_nothing(text: Text, mut offers: Vec<Offer>) -> (Text, Vec<Offer>) {
    if !text.as_str().contains(NO_VALUE) {
        return (text, offers);
    }
    let mut kept = TextBuilder::new();
    let mut from = 0;
    let mut cuts = Vec::new();
    for (at, _) in text.as_str().match_indices(NO_VALUE) {
        kept.push_slice(&text, from..at);
        cuts.push(at);
        from = at + NO_VALUE.len();
    }
    kept.push_slice(&text, from..text.len());
    for offer in &mut offers {
        let before = cuts.partition_point(|cut| *cut < offer.at);
        offer.at = offer.at.saturating_sub(before * NO_VALUE.len());
    }
    (kept.finish(), offers)
}
