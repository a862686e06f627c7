//! `kubeready explain`: a rule's page, or what an episode, an item or a topic asks for.

use std::fmt::Write as _;

use super::{Failure, rules};
use crate::catalogue::{self, EPISODES, Item, Profile, Rule};
use crate::report::{Style, markdown};
use crate::spelling::nearest;

/// The text for what `words` name: `naked-pod`, `episode 4`, `episode:4`, `item:2`, `plus`, `probes`,
/// `CKV_K8S_11`.
pub(super) fn explain(words: &[String], style: Style) -> Result<String, Failure> {
    let mut out = String::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let name = match (word.as_str(), words.peek()) {
            (kind @ ("episode" | "item"), Some(_)) => {
                format!("{kind}:{}", words.next().map_or("", |w| w.as_str()))
            }
            _ => word.clone(),
        };
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&markdown::to_terminal(&page(&name)?, style));
    }
    Ok(out)
}

/// Markdown about one name.
fn page(name: &str) -> Result<String, Failure> {
    if let Some(id) = catalogue::find(name) {
        return Ok(rule_page(id.rule()));
    }
    if let Some(number) = name.strip_prefix("episode:") {
        return episode(number).ok_or_else(|| unknown(name));
    }
    if let Some(item) = Item::from_name(name.strip_prefix("item:").unwrap_or(name)) {
        // A bare number may mean either.
        let other = episode(name).map_or(String::new(), |text| format!("\n{text}"));
        return Ok(format!("{}{other}", item_page(item)));
    }
    if let Some(text) = episode(name) {
        return Ok(text);
    }
    let of_topic: Vec<_> = catalogue::rules().map(|(_, r)| r).filter(|r| r.topic == name).collect();
    if !of_topic.is_empty() {
        return Ok(format!("# Topic {name}\n\n{}", bullets(&of_topic)));
    }
    let mut text = String::new();
    for (_, rule) in catalogue::rules().filter(|(_, rule)| is_peer(rule, name)) {
        text.push_str(&rule_page(rule));
        text.push('\n');
    }
    if text.is_empty() { Err(unknown(name)) } else { Ok(text) }
}

fn is_peer(rule: &Rule, name: &str) -> bool {
    rule.peers.iter().any(|peer| {
        peer.eq_ignore_ascii_case(name)
            || peer.split_once('/').is_some_and(|(_, check)| check.eq_ignore_ascii_case(name))
    })
}

fn rule_page(rule: &Rule) -> String {
    let mut text = format!("# {}: {}\n\n", rule.name, rule.title);
    let on = match rule.profile {
        Profile::Off => "by name only".to_owned(),
        profile => format!("from profile {profile} on"),
    };
    let _ = writeln!(text, "- {}, confidence {}, {on}", rule.severity, rule.confidence);
    let _ = writeln!(text, "- episode {}: {}", rule.episode, episode_title(rule.episode));
    let _ = writeln!(text, "- {}", item_title(rule.item));
    if !rule.aliases.is_empty() {
        let _ = writeln!(text, "- also known as {}", rule.aliases.join(", "));
    }
    if !rule.peers.is_empty() {
        let _ = writeln!(text, "- elsewhere: {}", rule.peers.join(", "));
    }
    let _ = write!(text, "\n{}", rule.page);
    text
}

fn episode(number: &str) -> Option<String> {
    let number: u8 = number.parse().ok().filter(|n| (1..=10).contains(n))?;
    let of: Vec<_> = catalogue::rules().map(|(_, r)| r).filter(|r| r.episode == number).collect();
    let mut text = format!("# Episode {number}: {}\n\n{}", episode_title(number), bullets(&of));
    if let Some(item) = about(number).filter(|_| of.is_empty()) {
        let of: Vec<_> = catalogue::rules().map(|(_, r)| r).filter(|r| r.item == item).collect();
        let _ = write!(text, "\nWhat it is about is {}:\n\n{}", item_title(item), bullets(&of));
    }
    Some(text)
}

/// The item that an episode is about whose rules are all taught in other episodes.
fn about(episode: u8) -> Option<Item> {
    (episode == 7).then_some(Item::Observability)
}

fn item_page(item: Item) -> String {
    let of: Vec<_> = catalogue::rules().map(|(_, r)| r).filter(|r| r.item == item).collect();
    format!("# {}\n\n{}", item_title(item), bullets(&of))
}

fn item_title(item: Item) -> String {
    match item {
        Item::Plus => format!("Beyond the checklist: {}", item.title()),
        item => format!("Item {item}: {}", item.title()),
    }
}

fn episode_title(number: u8) -> &'static str {
    EPISODES.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or("")
}

fn bullets(of: &[&Rule]) -> String {
    if of.is_empty() {
        return "No rules of its own yet.\n".to_owned();
    }
    of.iter().fold(String::new(), |mut text, rule| {
        let _ = writeln!(text, "- `{}` ({}): {}", rule.name, rule.severity, rule.title);
        text
    })
}

fn unknown(name: &str) -> Failure {
    let all = catalogue::rules().flat_map(|(_, r)| {
        let names = [r.name, r.topic].into_iter().chain(r.aliases.iter().copied());
        names.chain(r.peers.iter().copied())
    });
    let why = format!("`{name}` is no rule, topic, episode or item");
    match nearest(name.strip_prefix("topic:").unwrap_or(name), all) {
        Some(near) => Failure::new(why, format!("did you mean `{near}`?")),
        None => Failure::new(
            why,
            format!("{}; episodes are 1 to 10, items item:1 to item:6 and plus", rules::HINT),
        ),
    }
}
