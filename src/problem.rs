//! Something that could not be judged: what, where, why and what to do.

use std::sync::Arc;

use crate::source::Span;

/// Whether a problem makes the run incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The tool could not do its job: exit code 2.
    Error,
    /// An expected limit, said once; no effect on the exit code unless `--strict`.
    Note,
}

/// A problem's place: a file as a whole, or a span of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Path as shown to people.
    Path(Arc<str>),
    Span(Span),
    /// The command line, the environment.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub level: Level,
    /// Kebab-case name, stable: `unreadable-file`, `yaml-syntax`, `settings`, `not-rendered`, …
    pub code: &'static str,
    pub message: String,
    pub location: Location,
    pub help: Option<String>,
    /// The rule that reports the same as a finding, where there is one.
    pub rule: Option<&'static str>,
    /// Not about what was to be judged (a neighbour's file, what the settings exclude): a note even
    /// under `--strict`.
    pub aside: bool,
}

impl Problem {
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code,
            message: message.into(),
            location: Location::None,
            help: None,
            rule: None,
            aside: false,
        }
    }

    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::error(code, message) }
    }

    #[must_use]
    pub fn in_file(mut self, path: impl Into<Arc<str>>) -> Self {
        self.location = Location::Path(path.into());
        self
    }

    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.location = Location::Span(span);
        self
    }

    /// Makes it a note that `--strict` leaves alone.
    #[must_use]
    pub fn aside(mut self) -> Self {
        self.level = Level::Note;
        self.aside = true;
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Names the rule whose finding says the same.
    #[must_use]
    pub fn also(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }
}
