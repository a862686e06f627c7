//! The functions of templates, a table per topic.

mod go;
mod serial;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::function::Function;

/// The tables of all topics; no name stands in two of them.
static TABLES: &[&[Function]] = &[go::TABLE, serial::TABLE];

static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    TABLES.iter().flat_map(|table| table.iter()).map(|function| (function.name, function)).collect()
});

/// A function by name.
#[allow(dead_code)] // until the executor asks
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_in_two_tables() {
        let names = TABLES.iter().map(|table| table.len()).sum::<usize>();
        assert_eq!(BY_NAME.len(), names);
    }
}
