//! What is committed and generated agrees with its source. `UPDATE=1 cargo test` rewrites it.

use std::process::Command;
use std::sync::Mutex;
use std::{env, fs};

/// Between the marks of `name`, README.md says `new`.
fn readme_says(name: &str, new: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let (start, end) = (format!("<!-- {name}:start -->\n"), format!("<!-- {name}:end -->"));
    // Both tests write the same file.
    let _alone = README.lock();
    let text = fs::read_to_string(path).expect("README.md");
    let (before, rest) = text.split_once(&start).expect("the README has the mark of the start");
    let (old, after) = rest.split_once(&end).expect("the README has the mark of the end");
    if old == new {
        return;
    }
    assert!(
        env::var_os("UPDATE").is_some(),
        "the part `{name}` of README.md is stale; `UPDATE=1 cargo test generated` rewrites it"
    );
    fs::write(path, format!("{before}{start}{new}{end}{after}")).expect("a writable README");
}

static README: Mutex<()> = Mutex::new(());

#[test]
fn the_readme_lists_the_rules() {
    readme_says("rules", &format!("\n{}\n", kubeready::cli::markdown_table()));
}

/// The first command of the README, and what it says today.
#[test]
fn the_readme_shows_a_real_run() {
    let output = Command::new(env!("CARGO_BIN_EXE_kubeready"))
        .args(["check", "--isolated", "--color", "never", "--quiet"])
        .args(SAMPLE)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let command = format!("$ kubeready check {}", SAMPLE.join(" "));
    readme_says("sample", &format!("```console\n{command}\n{}\n```\n", said.trim_end()));
}

/// Two rules only: a whole lab fills pages.
const SAMPLE: [&str; 3] = [
    "--select",
    "request-exceeds-limit,suspicious-quantity-unit",
    "fixtures/lab/episode-02/broken",
];
