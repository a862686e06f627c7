//! The functions of templates, a table per topic.

use crate::function::Function;

/// A function by name.
#[allow(dead_code)] // until the executor asks
pub(crate) fn find(_name: &str) -> Option<&'static Function> {
    None
}
