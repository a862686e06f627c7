//! Comments that suppress: they take findings away and add none.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kubeready::report::Report;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;

use crate::chance::dice;
use crate::judged::{every_rule, judge, no_suppressions};
use crate::repository::{halves, host};

/// Rules about suppressions, which comments do bring up.
const ABOUT: &[&str] = &["expired-suppression", "suppression-without-reason", "unused-suppression"];

/// Judges manifests in whose lines stand the comments that follow behind a line `%%%`: with them, with
/// them not obeyed, and with other words in their place.
pub fn suppressions(data: &[u8]) {
    let dice = dice(data);
    let (manifests, comments) = halves(data);
    let text =
        commented(&String::from_utf8_lossy(manifests), &String::from_utf8_lossy(comments), dice);
    // Where a document cannot be read, words of a template tell why, in comments as well.
    let broken = !Tree::parse(text.as_str(), SourceId(0)).errors().is_empty();
    let obeyed = judge(&of(&text), every_rule(), dice);
    let counted = judge(&of(&text), no_suppressions(), dice);
    let (obeyed, counted) = (told(&obeyed), told(&counted));
    let added: Vec<_> = obeyed.difference(&counted).collect();
    assert!(added.is_empty(), "obeying comments adds {added:?} to\n{text}");
    if broken {
        return;
    }
    let without = told(&judge(&of(&said_otherwise(&text)), no_suppressions(), dice));
    let differ: Vec<_> = counted.symmetric_difference(&without).collect();
    assert!(differ.is_empty(), "comments change {differ:?} of\n{text}");
}

fn of(text: &str) -> kubeready::host::MemHost {
    host([(PathBuf::from("m.yaml"), text.as_bytes().to_vec())])
}

/// Some of the lines with some of the comments behind them.
fn commented(manifests: &str, comments: &str, dice: u64) -> String {
    let comments: Vec<&str> = comments.lines().collect();
    let mut text = String::with_capacity(manifests.len() + comments.len() * 8);
    for (at, line) in manifests.lines().enumerate() {
        text.push_str(line);
        let chosen = dice.rotate_left(at as u32) as usize;
        if let Some(comment) = comments.get(chosen % (comments.len() * 2 + 1)) {
            text.push_str(" # ");
            text.push_str(comment);
        }
        text.push('\n');
    }
    text
}

/// The same text, as long, in which comments speak to nobody.
fn said_otherwise(text: &str) -> String {
    let tree = Tree::parse(text, SourceId(0));
    let mut bytes = text.as_bytes().to_vec();
    for comment in tree.comments() {
        if let Some(said) = bytes.get_mut(comment.start as usize + 1..comment.end as usize) {
            said.fill(b'.');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Findings about manifests: the rule and the place.
fn told(report: &Report) -> BTreeSet<(&'static str, u32, u32)> {
    let told = report.findings.iter().map(|f| (f.rule.rule().name, f.span.start, f.span.end));
    told.filter(|(rule, ..)| !ABOUT.contains(rule)).collect()
}
