//! The engine: templates by name, executed within limits.

use std::rc::Rc;
use std::sync::Arc;

use kubeready_manifest::source::{SourceId, Span};
use rustc_hash::FxHashMap;

use crate::error::{Error, Result};
use crate::path::Path;
use crate::text::Text;
use crate::value::Val;

/// The syntax tree of a template and of those that it defines. Parsed once, executed by many.
#[derive(Debug)]
pub struct Parsed {}

impl Parsed {
    /// # Errors
    /// [`crate::ErrorKind::Syntax`], with a place in `source`.
    pub fn parse(_text: &str, _source: SourceId) -> Result<Self> {
        Ok(Self {})
    }
}

/// What an execution may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Templates that call templates.
    pub depth: u32,
    /// Nodes executed, and what functions cost, over all templates of the engine.
    pub steps: u64,
    /// Bytes printed, over all templates of the engine.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 1000, steps: 20_000_000, output: 64 << 20 }
    }
}

/// What a part of a template that was not executed would have printed, had a value been set.
#[derive(Clone, Debug)]
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

/// Templates by name.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    bodies: FxHashMap<Rc<str>, (Arc<Parsed>, Text)>,
}

impl Engine {
    pub fn new(limits: Limits) -> Self {
        Self { limits, bodies: FxHashMap::default() }
    }

    /// Adds a file and what it defines. Of two definitions of a name the later counts, unless it is
    /// empty. `source` is the text that was parsed, with the places of its bytes.
    pub fn add(&mut self, name: &str, parsed: Arc<Parsed>, source: Text) {
        self.bodies.insert(name.into(), (parsed, source));
    }

    /// # Errors
    /// As Go's templates fail, and where limits are passed.
    pub fn execute(&mut self, name: &str, _dot: Val) -> Result<Output> {
        let known = self.bodies.contains_key(name) && self.limits.depth > 0;
        if known {
            return Ok(Output::default());
        }
        Err(Error::execution(format!("no template `{name}`")))
    }
}
