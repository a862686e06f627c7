//! Go templates with the functions of Helm, on the syntax tree of `gotmpl`, with an executor in which
//! every printed byte knows where it came from: the bytes of a template, or a value in a values file.
//!
//! A crate of its own only for compile time: the engine is worked on without building the rules.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod bytes;
mod error;
mod exec;
mod fmt;
mod function;
mod functions;
mod map;
mod path;
mod serial;
mod text;
mod value;

pub use bytes::{bytes_of_text, text_of_bytes};
pub use error::{Error, ErrorKind, Result};
pub use exec::{Engine, Limits, Offer, Output, Parsed, Undefined, with_stack};
pub use function::{Call, Function, Param};
pub use functions::{compare_versions, satisfies};
pub use map::{Map, Slot};
pub use path::{Path, Step};
pub use text::{Origin, Run, Text, TextBuilder};
pub use value::{Data, Object, Val, ValueOrigin};

/// YAML as `toYaml` prints it; nothing of what cannot be printed.
pub fn to_yaml(value: &Val) -> Val {
    Val::text(serial::yaml::print(value).unwrap_or_default())
}
