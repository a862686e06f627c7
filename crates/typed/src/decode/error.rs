//! The error that carries a type's refusal out of `serde`, worded for people.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::{Mismatch, Role};
use kubeready_manifest::yaml::NodeRef;

#[derive(Debug)]
pub(crate) struct Error(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    expected: String,
    found: String,
    missing_field: bool,
}

impl Error {
    fn new(expected: String, found: String) -> Self {
        Self(Box::new(Refusal { expected, found, missing_field: false }))
    }

    pub(super) fn is_missing_field(&self) -> bool {
        self.0.missing_field
    }

    /// `None` for a missing field: the table of required fields reports it.
    pub(super) fn into_mismatch(self, node: NodeRef<'_>) -> Option<Mismatch<'_>> {
        let Refusal { expected, found, missing_field } = *self.0;
        (!missing_field).then_some(Mismatch { node, expected, found })
    }

    /// Says what a type wanted whose own words are about its parser.
    pub(super) fn explain(&mut self, role: Role, node: NodeRef<'_>) {
        let refusal = &mut *self.0;
        if role == Role::Time {
            "a time such as 2026-01-31T12:00:00Z".clone_into(&mut refusal.expected);
            refusal.found = format!("\"{}\"", node.text().chars().take(40).collect::<String>());
        } else if refusal.expected.is_empty() && node.is_scalar() {
            // Only ByteString refuses a string with words of its own. The text may be a secret.
            "base64 text".clone_into(&mut refusal.expected);
            "text that is not base64".clone_into(&mut refusal.found);
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.0.expected, self.0.found)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(String::new(), message.to_string())
    }

    #[cold]
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(wanted(expected), found(unexpected))
    }

    #[cold]
    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(wanted(expected), found(unexpected))
    }

    #[cold]
    fn missing_field(field: &'static str) -> Self {
        let refusal =
            Refusal { expected: field.to_owned(), found: "nothing".into(), missing_field: true };
        Self(Box::new(refusal))
    }
}

fn wanted(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    if words == "IntOrString" { "an integer or a string".into() } else { words }
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(_) => "a boolean".into(),
        Unexpected::Unit | Unexpected::Option => "null".into(),
        Unexpected::Map => "a map".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Float(_) => "a number with a fraction".into(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Str(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}
