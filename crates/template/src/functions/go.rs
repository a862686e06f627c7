//! The functions of Go's templates themselves: `printf`, `index`, `eq` …

use crate::function::Function;

pub(super) static TABLE: &[Function] = &[];
