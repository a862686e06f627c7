//! Functions between values and texts of YAML, JSON and TOML.

use crate::function::Function;

pub(super) static TABLE: &[Function] = &[];
