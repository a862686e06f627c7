//! `kubeready rules`: the catalogue as a table or as JSON.

use std::fmt::Write as _;

use serde_json::json;

use super::Failure;
use super::args::Rules;
use crate::catalogue::{self, Profile, Rule};
use crate::report::Style;
use crate::settings;
use crate::spelling::nearest;

pub(super) const HINT: &str = "`kubeready rules` lists the rules";

pub(super) fn list(args: &Rules, style: Style) -> Result<String, Failure> {
    for word in &args.select {
        known(word)?;
    }
    for topic in &args.topic {
        if catalogue::rules().all(|(_, r)| r.topic != topic) {
            let near = nearest(topic, catalogue::rules().map(|(_, r)| r.topic));
            let help =
                near.map_or_else(|| HINT.to_owned(), |near| format!("did you mean `{near}`?"));
            return Err(Failure::new(format!("`{topic}` is no topic"), help));
        }
    }
    let rules: Vec<&Rule> =
        catalogue::rules().map(|(_, r)| r).filter(|rule| wanted(args, rule)).collect();
    Ok(if args.json { to_json(&rules) } else { to_table(&rules, style) })
}

/// Whether a selector names anything; the error guesses what was meant.
pub(super) fn known(selector: &str) -> Result<(), Failure> {
    if selector == "ALL" || catalogue::rules().any(|(_, rule)| settings::selects(selector, rule)) {
        return Ok(());
    }
    let in_range = |n: Option<&str>| {
        n.and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| (1..=10).contains(&n))
    };
    if in_range(selector.strip_prefix("episode:"))
        || selector.strip_prefix("item:").is_some_and(|i| catalogue::Item::from_name(i).is_some())
    {
        return Ok(());
    }
    let help = match settings::Names::catalogue().nearest(selector) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{HINT}; topics, episode:N, item:N and ALL are understood too"),
    };
    Err(Failure::new(format!("`{selector}` selects no rule"), help))
}

fn wanted(args: &Rules, rule: &Rule) -> bool {
    (args.topic.is_empty() || args.topic.iter().any(|t| t == rule.topic))
        && (args.episode.is_empty() || args.episode.contains(&rule.episode))
        && (args.item.is_empty() || args.item.iter().any(|i| i == rule.item.name()))
        && args.severity.is_none_or(|s| s == rule.severity)
        && args.profile.is_none_or(|p| rule.profile <= p && rule.profile != Profile::Off)
        && (args.select.is_empty() || args.select.iter().any(|s| settings::selects(s, rule)))
}

fn to_json(rules: &[&Rule]) -> String {
    let list: Vec<_> = rules
        .iter()
        .map(|rule| {
            json!({
                "name": rule.name,
                "aliases": rule.aliases,
                "title": rule.title,
                "topic": rule.topic,
                "episode": rule.episode,
                "item": rule.item.name(),
                "severity": rule.severity.name(),
                "profile": rule.profile.name(),
                "scope": rule.check.scope(),
                "confidence": rule.confidence.name(),
                "fix": rule.fix.name(),
                "since": rule.since,
                "peers": rule.peers,
            })
        })
        .collect();
    let mut text = serde_json::Value::from(list).to_string();
    text.push('\n');
    text
}

fn to_table(rules: &[&Rule], style: Style) -> String {
    let bold = |text: String| if style.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text };
    let names = rules.iter().map(|r| r.name.len()).max().unwrap_or(0).max(4);
    let head = format!("{:names$}  SEVERITY  EPISODE  ITEM  PROFILE     TITLE", "NAME");
    let mut out = bold(head);
    out.push('\n');
    for rule in rules {
        let _ = writeln!(
            out,
            "{:names$}  {:8}  {:>7}  {:4}  {:10}  {}",
            rule.name,
            rule.severity,
            rule.episode,
            rule.item.name(),
            rule.profile,
            rule.title
        );
    }
    let _ = writeln!(out, "{}", crate::report::count(rules.len() as u32, "rule"));
    out
}

/// The table of rules in Markdown, by topic: for the README.
pub fn markdown_table() -> String {
    let mut out = String::new();
    let mut topic = "";
    for (_, rule) in catalogue::rules() {
        if rule.topic != topic {
            topic = rule.topic;
            let _ = write!(
                out,
                "\n### {topic}\n\n| rule | what it finds | severity | episode | item | profile |\n\
                 |---|---|---|---|---|---|\n"
            );
        }
        let _ = writeln!(
            out,
            "| [`{}`](rules/{}/{}.md) | {} | {} | {} | {} | {} |",
            rule.name,
            rule.topic,
            rule.name,
            rule.title.replace('|', "\\|"),
            rule.severity,
            rule.episode,
            rule.item.name(),
            rule.profile
        );
    }
    out.trim_start().to_owned()
}
