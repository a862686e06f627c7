//! Walks a template: text, actions, blocks, and templates that call templates.

use std::rc::Rc;
use std::sync::Arc;

use super::place::{Printer, Unit};
use super::print::{NO_VALUE, without_nothing};
use super::tree::{Branch, Node, Place};
use super::{Engine, Names, Offer, Output, Parsed, Template, Undefined, define};
use crate::error::{Error, ErrorKind, Result};
use crate::fmt;
use crate::text::{Origin, Text, TextBuilder};
use crate::value::{Data, Val};

/// Texts that were not printed yet: they are few, but a template may keep as many as it likes.
const MAX_PENDING: usize = 64;

/// A value where Go knows whether it still is in an interface: only then does asking a field of
/// nothing fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub(super) value: Val,
    pub(super) boxed: bool,
}

impl From<Val> for Slot {
    fn from(value: Val) -> Self {
        Self { value, boxed: false }
    }
}

/// What a template is executed with.
pub(super) struct Frame {
    pub(super) unit: Rc<Unit>,
    /// Number of its variable `$` among those of all templates.
    pub(super) base: usize,
}

pub(super) enum Flow {
    On,
    Break,
    Continue,
}

/// Text that a called template printed, with what it offers, until the text is printed in turn.
pub(super) struct Pending {
    pub(super) text: Text,
    pub(super) offers: Vec<Offer>,
    pub(super) action: u64,
}

/// One execution.
pub(super) struct Run<'e> {
    pub(super) engine: &'e mut Engine,
    pub(super) variables: Vec<Slot>,
    pub(super) out: TextBuilder,
    pub(super) offers: Vec<Offer>,
    pub(super) pending: Vec<Pending>,
    pub(super) undefined: Vec<Undefined>,
    /// How many actions were printed: tells one from another.
    actions: u64,
    /// The action that is being executed.
    pub(super) here: Printer,
    /// Templates within each other that print into values.
    pub(super) captures: u32,
}

impl<'e> Run<'e> {
    pub(super) fn new(engine: &'e mut Engine) -> Self {
        Self {
            engine,
            variables: Vec::new(),
            out: TextBuilder::new(),
            offers: Vec::new(),
            pending: Vec::new(),
            undefined: Vec::new(),
            actions: 0,
            here: Printer::default(),
            captures: 0,
        }
    }

    pub(super) fn execute(mut self, template: &Template, dot: Val) -> Result<Output> {
        self.body(template, &dot.into())?;
        let (text, mut offers) = without_nothing(self.out.finish(), self.offers);
        offers.sort_by_key(|offer| offer.at);
        Ok(Output { text, offers, undefined: self.undefined })
    }

    fn body(&mut self, template: &Template, dot: &Slot) -> Result<()> {
        let frame = Frame { unit: Rc::clone(&template.unit), base: self.variables.len() };
        let Some(body) = template.unit.body(template.body) else { return Ok(()) };
        self.variables.push(dot.clone());
        self.walk(&frame, &body.nodes, dot)?;
        self.variables.truncate(frame.base);
        Ok(())
    }

    /// What a template prints, as a value.
    pub(super) fn include(&mut self, name: &str, dot: Val) -> Result<Text> {
        let Some(template) = self.engine.find(name) else {
            let message =
                format!("template: no template {name:?} associated with template \"gotpl\"");
            return Err(Error::execution(message));
        };
        self.engine.budget.call(name)?;
        let text = self.capture(&template, dot)?;
        self.engine.budget.returned();
        Ok(text)
    }

    fn capture(&mut self, template: &Template, dot: Val) -> Result<Text> {
        let out = std::mem::take(&mut self.out);
        let offers = std::mem::take(&mut self.offers);
        let pending = std::mem::take(&mut self.pending);
        let here = self.here.clone();
        self.captures += 1;
        self.body(template, &dot.into())?;
        self.captures -= 1;
        self.here = here;
        self.pending = pending;
        let text = std::mem::replace(&mut self.out, out).finish();
        let inner = std::mem::replace(&mut self.offers, offers);
        self.remember(&text, inner);
        Ok(text)
    }

    fn remember(&mut self, text: &Text, offers: Vec<Offer>) {
        if !offers.is_empty() {
            if self.pending.len() >= MAX_PENDING {
                self.pending.remove(0);
            }
            self.pending.push(Pending { text: text.clone(), offers, action: self.actions });
        }
    }

    /// Executes a text.
    pub(super) fn tpl(&mut self, text: &Text, dot: Val) -> Result<Text> {
        if !text.as_str().contains("{{") {
            return Ok(without_nothing(text.clone(), Vec::new()).0);
        }
        let known = self.engine.texts.get(text.as_str()).cloned();
        let parsed = if let Some(parsed) = known {
            parsed
        } else {
            self.engine.budget.spend(text.len() as u64 / 8)?;
            let parsed = Arc::new(self.parse(text)?);
            self.engine.texts.insert(text.as_str().into(), Arc::clone(&parsed));
            parsed
        };
        let unit = Rc::new(Unit::new(parsed, text.clone(), self.here.template));
        self.engine.budget.call("tpl")?;
        let defines = unit.bodies().len() > 1;
        if defines {
            let mut names = Names::default();
            define(&mut names, None, &unit, |name| {
                self.engine.find(name).is_some_and(|known| !known.is_empty())
            });
            self.engine.names.push(names);
        }
        let printed = self.capture(&Template { unit, body: 0 }, dot)?;
        if defines {
            self.engine.names.pop();
        }
        self.engine.budget.returned();
        if !printed.as_str().contains(NO_VALUE) {
            return Ok(printed);
        }
        let offers = self.pending.pop_if(|last| last.text == printed).map(|last| last.offers);
        let (text, offers) = without_nothing(printed, offers.unwrap_or_default());
        self.remember(&text, offers);
        Ok(text)
    }

    fn parse(&self, text: &Text) -> Result<Parsed> {
        super::Tree::parse(text.as_str()).map(|tree| Parsed { tree }).map_err(|fault| {
            let printer = Unit::new(
                Arc::new(Parsed { tree: super::Tree::default() }),
                text.clone(),
                self.here.template,
            )
            .printer((fault.start as u32, fault.end as u32));
            let message = format!("cannot parse template: {}", fault.message);
            let mut error = Error::new(ErrorKind::Syntax, message).at(printer.template);
            error.value = printer.value_at;
            error
        })
    }

    fn walk(&mut self, frame: &Frame, nodes: &[Node], dot: &Slot) -> Result<Flow> {
        self.engine.budget.enter()?;
        let mut flow = Flow::On;
        for node in nodes {
            flow = self.node(frame, node, dot)?;
            if !matches!(flow, Flow::On) {
                break;
            }
        }
        self.engine.budget.leave();
        Ok(flow)
    }

    fn node(&mut self, frame: &Frame, node: &Node, dot: &Slot) -> Result<Flow> {
        self.engine.budget.spend(1).map_err(|error| self.locate(error))?;
        match node {
            Node::Text(place) => {
                let before = self.out.len();
                let length = frame.unit.text(*place, &mut self.out);
                self.printed(before, length, 1)?;
            }
            Node::Action(pipe, place) => {
                self.actions += 1;
                let action = self.actions;
                self.at(frame, *place);
                let value = self.pipe(frame, dot, pipe).map_err(|error| self.locate(error))?;
                if pipe.variables.is_empty() {
                    self.at(frame, *place);
                    self.print(&value, action)?;
                }
            }
            Node::If(branch) => return self.choose(frame, branch, dot, false),
            Node::With(branch) => return self.choose(frame, branch, dot, true),
            Node::Range(branch) => return self.range(frame, branch, dot),
            Node::Template { name, pipe, place } => {
                self.at(frame, *place);
                self.template(frame, name, pipe.as_ref(), dot)
                    .map_err(|error| self.locate(error))?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn template(
        &mut self,
        frame: &Frame,
        name: &str,
        pipe: Option<&super::tree::Pipe>,
        dot: &Slot,
    ) -> Result<()> {
        let Some(template) = self.engine.find(name) else {
            return Err(Error::execution(format!("template {name:?} not defined")));
        };
        let dot = match pipe {
            Some(pipe) => self.pipe(frame, dot, pipe)?,
            None => Val::nil(),
        };
        self.engine.budget.call(name)?;
        let here = self.here.clone();
        self.body(&template, &dot.into())?;
        self.here = here;
        self.engine.budget.returned();
        Ok(())
    }

    /// `if` and `with`.
    fn choose(&mut self, frame: &Frame, branch: &Branch, dot: &Slot, with: bool) -> Result<Flow> {
        let mark = self.variables.len();
        self.at(frame, branch.place);
        let value = self.pipe(frame, dot, &branch.pipe).map_err(|error| self.locate(error))?;
        let flow = if value.is_true() {
            if with {
                self.walk(frame, &branch.body, &value.into())?
            } else {
                self.walk(frame, &branch.body, dot)?
            }
        } else {
            self.offer(frame, branch, &value);
            match &branch.otherwise {
                Some(nodes) => self.walk(frame, nodes, dot)?,
                None => Flow::On,
            }
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, frame: &Frame, branch: &Branch, dot: &Slot) -> Result<Flow> {
        let mark = self.variables.len();
        self.at(frame, branch.place);
        let value = self.pipe(frame, dot, &branch.pipe).map_err(|error| self.locate(error))?;
        let plain = match &value.data {
            Data::Object(object) => object.plain(),
            _ => None,
        };
        let walked = plain.as_ref().unwrap_or(&value);
        let mut any = false;
        match &walked.data {
            Data::List(list) => {
                for (at, item) in (0_i64..).zip(list.iter()) {
                    any = true;
                    let item = if item.origin.is_none() && value.origin.is_some() {
                        inherited(item, &value)
                    } else {
                        item.clone()
                    };
                    if self.round(frame, branch, Val::int(at), item, true)? {
                        break;
                    }
                }
            }
            Data::Map(map) => {
                for (key, slot) in map.entries() {
                    any = true;
                    let text = match slot.key {
                        Some(origin) => {
                            let offset = origin.content.map(|_| 0);
                            Text::of(
                                key,
                                Origin { value: Some(origin), offset, ..Origin::default() },
                            )
                        }
                        None => Text::plain(key),
                    };
                    if self.round(frame, branch, Val::text(text), slot.value, true)? {
                        break;
                    }
                }
            }
            Data::Int(_) | Data::Int64(_) if branch.pipe.variables.len() > 1 => {
                let shown = fmt::print(walked);
                let message = format!("can't use {shown} to iterate over more than one variable");
                return Err(self.locate(Error::execution(message)));
            }
            Data::Int(count) => {
                for at in 0..*count {
                    any = true;
                    if self.round(frame, branch, Val::nil(), Val::int(at).from(walked), false)? {
                        break;
                    }
                }
            }
            Data::Int64(count) => {
                for at in 0..*count {
                    any = true;
                    if self.round(frame, branch, Val::nil(), Val::int64(at).from(walked), false)? {
                        break;
                    }
                }
            }
            Data::Nil => {}
            _ => {
                let message = format!("range can't iterate over {}", fmt::print(walked));
                let mut error = Error::execution(message);
                error.value = value.origin.as_ref().map(|origin| origin.span);
                return Err(self.locate(error));
            }
        }
        let mut flow = Flow::On;
        if !any {
            self.offer(frame, branch, &value);
            // There, `continue` means the loop outside; `break` ends what has ended already.
            if let Some(nodes) = &branch.otherwise
                && matches!(self.walk(frame, nodes, dot)?, Flow::Continue)
            {
                flow = Flow::Continue;
            }
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// Once through a loop; says whether it is over.
    fn round(
        &mut self,
        frame: &Frame,
        branch: &Branch,
        index: Val,
        item: Val,
        boxed: bool,
    ) -> Result<bool> {
        self.engine.budget.spend(1).map_err(|error| self.locate(error))?;
        let item = Slot { value: item, boxed };
        match branch.pipe.variables.as_slice() {
            [] => {}
            [one] => self.set(frame, *one, item.clone()),
            [first, second, ..] => {
                self.set(frame, *first, index.into());
                self.set(frame, *second, item.clone());
            }
        }
        let mark = self.variables.len();
        let flow = self.walk(frame, &branch.body, &item)?;
        self.variables.truncate(mark);
        Ok(matches!(flow, Flow::Break))
    }

    pub(super) fn set(&mut self, frame: &Frame, variable: u32, slot: Slot) {
        let at = frame.base + variable as usize;
        match self.variables.get_mut(at) {
            Some(variable) => *variable = slot,
            None => self.variables.push(slot),
        }
    }

    fn at(&mut self, frame: &Frame, place: Place) {
        self.here = frame.unit.printer(place);
    }

    /// The failure, at the action that is being executed.
    pub(super) fn locate(&self, error: Error) -> Error {
        if error.at.is_some() {
            return error;
        }
        let mut error = error.at(self.here.template);
        error.value = error.value.or(self.here.value_at);
        error
    }
}

/// An item that does not know where it came from, of a list that does.
fn inherited(item: &Val, list: &Val) -> Val {
    match &item.data {
        Data::Text(text) if text.runs().next().is_some() => item.clone(),
        Data::Map(_) | Data::List(_) | Data::Object(_) | Data::Nil => item.clone(),
        _ => item.clone().from(list),
    }
}
