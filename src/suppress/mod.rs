#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! Suppressions: findings that someone has decided to live with, and why.
//!
//! [`Collector::collect`] reads those of a file, [`of_settings`] those of the settings; [`apply`]
//! takes findings away at the very end.

mod annotations;
mod apply;
mod collect;
mod comments;
mod directive;
mod scope;
mod templates;

pub use apply::{Applied, Run, Suppressed, apply};
pub use collect::{Collected, Collector, of_settings};

use crate::catalogue::RuleId;
use crate::finding::ResourceId;
use crate::settings::{Date, Filter, Selected};
use crate::source::Span;

/// How a suppression is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `# kubeready: ignore[rule] reason until=YYYY-MM-DD`
    Comment,
    /// `kubeready.dev/ignore.<rule>: reason`
    Annotation,
    /// `ignores:` in the settings file.
    Settings,
    /// A peer's own annotation or comment, honoured as it stands.
    Peer(&'static str),
}

/// What a suppression covers.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Findings that start within these bytes of the source it is written in.
    Bytes { start: u32, end: u32 },
    /// Findings at places that a filter holds for.
    Places(Box<Filter>),
}

/// One suppression as written, and what came of it in this run.
#[derive(Clone, Debug)]
pub struct Suppression {
    pub dialect: Dialect,
    /// What it names: a rule, a peer's check, `ALL`.
    pub names: Vec<String>,
    /// The rules that the names stand for; none for a name that stands for nothing here.
    pub rules: Vec<Selected>,
    /// A name that is not known, with what was probably meant; only in our own dialects.
    pub unknown: Vec<(String, Option<&'static str>)>,
    pub reason: Option<String>,
    /// Past this day it no longer holds: year, month, day.
    pub until: Option<Date>,
    /// Whether `until` has passed.
    pub expired: bool,
    /// Findings it took away in this run.
    pub used: u32,
    /// Whether every rule it names ran on what it covers: else nothing is known of its use.
    pub judged: bool,
    /// Where it is written, the settings file included.
    pub span: Span,
    pub scope: Scope,
    /// The object it stands on, if it stands on one.
    pub resource: Option<ResourceId>,
}

impl Suppression {
    /// Whether it is about a rule.
    pub fn names_rule(&self, rule: RuleId) -> bool {
        self.rules.iter().any(|selected| selected.contains(rule))
    }
}
