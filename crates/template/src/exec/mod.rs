//! The engine: templates by name, executed within limits.

mod call;
mod eval;
mod fields;
mod limits;
mod offers;
mod origins;
mod place;
mod print;
mod scan;
#[cfg(test)]
mod tests;
mod tree;

use std::rc::Rc;
use std::sync::Arc;

use kubeready_manifest::source::{SourceId, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use self::eval::Run;
pub(crate) use self::fields::missing;
use self::limits::Budget;
pub use self::limits::{Limits, with_stack};
use self::place::Unit;
use self::tree::Tree;
use crate::error::{Error, ErrorKind, Result};
use crate::path::Path;
use crate::text::Text;
use crate::value::Val;

/// The syntax tree of a template and of those that it defines. Parsed once, executed by many.
#[derive(Debug)]
pub struct Parsed {
    tree: Tree,
}

impl Parsed {
    /// # Errors
    /// [`ErrorKind::Syntax`], with a place in `source`.
    pub fn parse(text: &str, source: SourceId) -> Result<Self> {
        match Tree::parse(text) {
            Ok(tree) => Ok(Self { tree }),
            Err(fault) => {
                let span = Span { source, start: fault.start as u32, end: fault.end as u32 };
                Err(Error::new(ErrorKind::Syntax, fault.message).at(Some(span)))
            }
        }
    }
}

/// What a part of a template that was not executed would have printed, had a value been set.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Where in the output it would stand, in bytes.
    pub at: usize,
    /// Columns of blanks before the keys.
    pub indent: usize,
    /// The keys of a map that it would have printed first: `resources` for
    /// `{{ with .Values.resources }}resources: …`.
    pub keys: Vec<String>,
    /// The value that decides.
    pub path: Path,
    /// The action that asks for it.
    pub template: Option<Span>,
}

/// A value that was printed as nothing because no values file has it.
#[derive(Clone, Debug)]
pub struct Undefined {
    pub path: Path,
    /// The action that prints it.
    pub template: Option<Span>,
}

/// What a template printed.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub text: Text,
    /// In order of `at`.
    pub offers: Vec<Offer>,
    pub undefined: Vec<Undefined>,
}

/// A template: one of those that a file or text holds.
#[derive(Clone, Debug)]
struct Template {
    unit: Rc<Unit>,
    body: usize,
}

impl Template {
    fn is_empty(&self) -> bool {
        self.unit.body(self.body).is_none_or(|body| body.empty)
    }
}

type Names = FxHashMap<Rc<str>, Template>;

/// Templates by name. Execute inside of [`with_stack`].
#[derive(Debug)]
pub struct Engine {
    budget: Budget,
    /// Of all files; behind them those of the calls of `tpl` that are being executed.
    names: Vec<Names>,
    /// Texts that `tpl` got, parsed.
    texts: FxHashMap<Rc<str>, Arc<Parsed>>,
    /// What was said to be undefined already.
    undefined: FxHashSet<(String, Option<Span>)>,
}

impl Engine {
    pub fn new(limits: Limits) -> Self {
        Self {
            budget: Budget::new(limits),
            names: vec![Names::default()],
            texts: FxHashMap::default(),
            undefined: FxHashSet::default(),
        }
    }

    /// Adds a file and what it defines. Of two definitions of a name the later counts, unless it is
    /// empty. `source` is the text that was parsed, with the places of its bytes.
    pub fn add(&mut self, name: &str, parsed: Arc<Parsed>, source: Text) {
        let unit = Rc::new(Unit::new(parsed, source, None));
        if let Some(names) = self.names.first_mut() {
            define(names, Some(name), &unit, |_| false);
        }
    }

    /// # Errors
    /// As Go's templates fail, and where limits are passed.
    pub fn execute(&mut self, name: &str, dot: Val) -> Result<Output> {
        let Some(template) = self.find(name) else {
            return Err(Error::execution(format!("no template {name:?}")));
        };
        self.names.truncate(1);
        self.budget.reset();
        Run::new(self).execute(&template, dot)
    }

    fn find(&self, name: &str) -> Option<Template> {
        self.names.iter().rev().find_map(|names| names.get(name)).cloned()
    }
}

/// Adds the templates of a unit; `known` tells of names that stand elsewhere.
fn define(names: &mut Names, own: Option<&str>, unit: &Rc<Unit>, known: impl Fn(&str) -> bool) {
    for (at, body) in unit.bodies().iter().enumerate() {
        let Some(name) = body.name.as_deref().or(own) else { continue };
        if body.empty && (known(name) || names.get(name).is_some_and(|old| !old.is_empty())) {
            continue;
        }
        names.insert(name.into(), Template { unit: Rc::clone(unit), body: at });
    }
}
