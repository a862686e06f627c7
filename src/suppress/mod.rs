//! Suppressions: findings that someone has decided to live with, and why.

use crate::finding::ResourceId;
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

/// One suppression as written, and what came of it in this run.
#[derive(Clone, Debug)]
pub struct Suppression {
    pub dialect: Dialect,
    /// What it names: a rule, a peer's check, `ALL`.
    pub names: Vec<String>,
    pub reason: Option<String>,
    /// Past this day it no longer holds: year, month, day.
    pub until: Option<(u16, u8, u8)>,
    /// Whether `until` has passed.
    pub expired: bool,
    /// Findings it took away in this run.
    pub used: u32,
    /// Whether every rule it names ran on what it covers: else nothing is known of its use.
    pub judged: bool,
    /// Where it is written; `None` for a settings file, which is named by path.
    pub span: Span,
    /// The object it stands on, if it stands on one.
    pub resource: Option<ResourceId>,
}
