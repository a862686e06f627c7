//! The functions of templates, a table per topic.

mod args;
mod constraint;
mod crypto;
mod dates;
mod defaults;
mod dicts;
mod durations;
mod encoding;
mod floats;
mod go;
mod layout;
mod lists;
mod numbers;
mod paths;
mod pattern;
mod printed;
mod reflection;
mod regexes;
mod semver;
mod serial;
mod splits;
mod strings;
mod urls;
mod words;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::function::Function;

/// The tables of all topics; no name stands in two of them.
static TABLES: &[&[Function]] = &[
    go::TABLE,
    serial::TABLE,
    crypto::TABLE,
    dates::TABLE,
    defaults::TABLE,
    dicts::TABLE,
    durations::TABLE,
    encoding::TABLE,
    floats::TABLE,
    lists::TABLE,
    numbers::TABLE,
    paths::TABLE,
    reflection::TABLE,
    regexes::TABLE,
    semver::TABLE,
    splits::TABLE,
    strings::TABLE,
    urls::TABLE,
    words::TABLE,
];

pub use constraint::satisfies;
pub use semver::compare_versions;

static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    TABLES.iter().flat_map(|table| table.iter()).map(|function| (function.name, function)).collect()
});

/// A function by name.
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
