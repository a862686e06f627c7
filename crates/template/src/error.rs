//! Why a template could not be parsed or executed.

use kubeready_manifest::source::Span;

pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The template is no template.
    Syntax,
    /// The chart itself said so: `fail`, `required`.
    Fail,
    /// A function or an operand did not get what it takes; what Go's templates fail on.
    Execution,
    /// A function that is not known here.
    Unknown,
    /// Deeper, longer or larger than the limits allow.
    TooMuch,
}

/// A failure, with the place in a template where it happened as soon as that is known.
#[derive(Clone, Debug)]
pub struct Error {
    pub kind: ErrorKind,
    /// One line where the chart did not write more; no full stop.
    pub message: String,
    /// The action or node that failed, innermost.
    pub at: Option<Span>,
    /// The value of a chart's values that is to blame, if one is.
    pub value: Option<Span>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), at: None, value: None }
    }

    /// What Go's templates fail on.
    pub fn execution(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Execution, message)
    }

    /// Adds the place, unless a place further in is known.
    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.at = self.at.or(span);
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
