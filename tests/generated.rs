//! What is committed and generated agrees with its source. `UPDATE=1 cargo test` rewrites it.

use std::{env, fs};

const START: &str = "<!-- rules:start -->\n";
const END: &str = "<!-- rules:end -->";

#[test]
fn the_readme_lists_the_rules() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = fs::read_to_string(path).expect("README.md");
    let (before, rest) = text.split_once(START).expect("the README has the mark `rules:start`");
    let (old, after) = rest.split_once(END).expect("the README has the mark `rules:end`");
    let new = format!("\n{}\n", kubeready::cli::markdown_table());
    if old == new {
        return;
    }
    assert!(
        env::var_os("UPDATE").is_some(),
        "the table of rules in README.md is stale; `UPDATE=1 cargo test generated` rewrites it"
    );
    fs::write(path, format!("{before}{START}{new}{END}{after}")).expect("a writable README");
}
