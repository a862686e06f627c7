//! Hygiene of the rule pages: what a reader of the catalogue may rely on.

use std::collections::BTreeSet;

use kubeready::catalogue::{self, FixSafety, Rule};

fn rules() -> impl Iterator<Item = &'static Rule> {
    catalogue::rules().map(|(_, rule)| rule)
}

/// Fails once, with everything that is wrong.
fn nothing_in(wrong: impl IntoIterator<Item = String>) {
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Lines of a page outside of its YAML blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    page.lines().filter(move |line| {
        let fence = line.starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

fn is_kebab(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.split('-').all(word) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

#[test]
fn names_are_kebab_case_and_nobody_else_has_them() {
    let topics: BTreeSet<_> = rules().map(|rule| rule.topic).collect();
    let mut seen = BTreeSet::new();
    nothing_in(
        rules()
            .flat_map(|rule| [rule.name].into_iter().chain(rule.aliases.iter().copied()))
            .filter_map(|name| {
                let wrong = !is_kebab(name) || topics.contains(name) || !seen.insert(name);
                wrong.then(|| name.to_owned())
            }),
    );
    nothing_in(topics.iter().filter(|topic| !is_kebab(topic)).map(ToString::to_string));
}

#[test]
fn titles_are_unique_headings() {
    let mut seen = BTreeSet::new();
    nothing_in(rules().filter_map(|rule| {
        let title = rule.title;
        let wrong = title.ends_with('.')
            || title.trim() != title
            || title
                .chars()
                .next()
                .is_none_or(|c| c.is_lowercase() && !title.starts_with("roleRef"))
            || !seen.insert(title);
        wrong.then(|| format!("{}: {title}", rule.name))
    }));
}

#[test]
fn every_episode_of_the_first_wave_has_rules() {
    // The seventh, observability, comes with a later wave.
    let covered: BTreeSet<_> = rules().map(|rule| rule.episode).collect();
    let wanted = [1, 2, 3, 4, 5, 6, 8, 9, 10];
    nothing_in(wanted.into_iter().filter(|e| !covered.contains(e)).map(|e| format!("episode {e}")));
    nothing_in(covered.iter().filter(|e| !(1..=10).contains(*e)).map(|e| format!("episode {e}")));
}

#[test]
fn pages_have_their_headings_in_order() {
    nothing_in(rules().filter_map(|rule| {
        let found: Vec<_> = prose(rule.page).filter_map(|line| line.strip_prefix("## ")).collect();
        let all = ["Why", "Fails", "Passes", "Fix", "Options", "When to ignore it", "References"];
        let wanted: Vec<_> = all
            .into_iter()
            .filter(|heading| match *heading {
                "Fix" => rule.fix != FixSafety::None,
                "Options" => !rule.options.is_empty(),
                _ => true,
            })
            .collect();
        let mut sorted = found.clone();
        sorted.sort_by_key(|heading| all.iter().position(|known| known == heading));
        let mut expected = wanted.clone();
        expected.sort_unstable();
        let mut names = found.clone();
        names.sort_unstable();
        (names != expected).then(|| format!("{}: {found:?} instead of {wanted:?}", rule.name))
    }));
}

#[test]
fn pages_begin_with_what_is_found() {
    nothing_in(rules().filter_map(|rule| {
        let first = rule.page.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let wrong =
            first.is_empty() || first.starts_with(['#', '-', '|']) || first.starts_with("```");
        wrong.then(|| format!("{}: {first}", rule.name))
    }));
}

#[test]
fn options_are_explained() {
    nothing_in(rules().flat_map(|rule| {
        let (_, text) = rule.page.split_once("## Options\n").unwrap_or_default();
        let text = text.split("\n## ").next().unwrap_or("");
        let unsaid = |name: &&str| !text.contains(&format!("`{name}`"));
        let names = rule.options.iter().map(|option| option.name).filter(unsaid);
        names.map(|name| format!("{}: `{name}`", rule.name)).collect::<Vec<_>>()
    }));
}

#[test]
fn peers_are_a_tool_and_its_check() {
    nothing_in(rules().flat_map(|rule| {
        let wrong = |peer: &&&str| {
            let Some((tool, check)) = peer.split_once('/') else { return true };
            let known = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
            !is_kebab(tool) || check.is_empty() || !check.chars().all(known)
        };
        let unique: BTreeSet<_> = rule.peers.iter().collect();
        let twice = (unique.len() < rule.peers.len()).then(|| format!("{}: twice", rule.name));
        let wrong = rule.peers.iter().filter(wrong).map(|p| format!("{}: {p}", rule.name));
        wrong.chain(twice).collect::<Vec<_>>()
    }));
}

#[test]
fn links_are_https_and_there_are_some() {
    nothing_in(rules().flat_map(|rule| {
        let plain =
            rule.page.lines().filter(|line| line.contains("](") && !line.contains("](https://"));
        let mut wrong: Vec<_> = plain.map(|line| format!("{}: {line}", rule.name)).collect();
        wrong.extend(
            prose(rule.page)
                .filter(|line| line.contains("http://"))
                .map(|line| format!("{}: {line}", rule.name)),
        );
        let (_, references) = rule.page.split_once("## References\n").unwrap_or_default();
        // Suppressions are ours: no page of Kubernetes speaks of them.
        if !references.contains("https://") && rule.topic != "hygiene" {
            wrong.push(format!("{}: no reference", rule.name));
        }
        wrong
    }));
}

#[test]
fn pages_are_finished() {
    let words = ["TODO", "FIXME", "XXX", "lorem ipsum"];
    nothing_in(rules().flat_map(|rule| {
        let said = words.into_iter().filter(|word| rule.page.contains(word));
        said.map(|word| format!("{}: {word}", rule.name)).collect::<Vec<_>>()
    }));
}

/// A rule that was renamed must not live on in the pages of others.
#[test]
fn rules_named_in_prose_exist() {
    let names: BTreeSet<_> = rules()
        .flat_map(|r| [r.name, r.topic].into_iter().chain(r.aliases.iter().copied()))
        .collect();
    let options: BTreeSet<_> = rules().flat_map(|r| r.options.iter().map(|o| o.name)).collect();
    // How rules are called, or almost how one of them is.
    let looks_like_one = |word: &str| {
        let parts: Vec<_> = word.split('-').collect();
        is_kebab(word)
            && parts.len() > 1
            && (["missing", "dangling", "invalid", "host", "rbac", "overlapping", "duplicate"]
                .contains(&parts[0])
                || names.iter().any(|name| kin(name, word)))
    };
    nothing_in(rules().flat_map(|rule| {
        let words = prose(rule.page).flat_map(|line| line.split('`').skip(1).step_by(2));
        let unknown = words.filter(|word| {
            looks_like_one(word) && !names.contains(word) && !options.contains(word)
        });
        unknown.map(|word| format!("{}: `{word}`", rule.name)).collect::<Vec<_>>()
    }));
}

/// Whether two names of three words and more share all of them but one.
fn kin(a: &str, b: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (a.split('-').collect(), b.split('-').collect());
    let shared = b.iter().filter(|word| a.contains(word)).count();
    b.len() > 2 && shared + 1 >= a.len().max(b.len())
}
