//! Words that stand for rules: names, aliases, topics, `episode:N`, `item:N`, `ALL`, and the peers'
//! names for them.

use std::sync::{LazyLock, OnceLock};

use rustc_hash::FxHashMap;

use crate::catalogue::{CATALOGUE, Item, Rule, RuleId};
use crate::spelling;

/// Words of a list of rules, found in constant time.
#[derive(Debug)]
pub struct Names {
    rules: &'static [Rule],
    by_name: FxHashMap<&'static str, RuleId>,
    /// `kube-linter/unset-cpu-requirements` and friends, see [`peer_key`].
    by_peer: OnceLock<FxHashMap<String, Vec<RuleId>>>,
    topics: Vec<&'static str>,
}

/// Rules that a word stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    All,
    /// In catalogue order: a topic, an episode, an item.
    Group(Vec<RuleId>),
    /// Called by its name or an alias.
    Rule(RuleId),
}

impl Selected {
    pub fn contains(&self, rule: RuleId) -> bool {
        match self {
            Selected::All => true,
            Selected::Group(rules) => rules.binary_search(&rule).is_ok(),
            Selected::Rule(one) => *one == rule,
        }
    }

    /// The narrower of two words wins, whichever stands first.
    pub fn rank(&self) -> u8 {
        match self {
            Selected::All => 0,
            Selected::Group(_) => 1,
            Selected::Rule(_) => 2,
        }
    }
}

impl Names {
    /// Those of the catalogue.
    pub fn catalogue() -> &'static Names {
        static NAMES: LazyLock<Names> = LazyLock::new(|| Names::of(CATALOGUE));
        &NAMES
    }

    pub fn of(rules: &'static [Rule]) -> Self {
        let mut names = Names {
            rules,
            by_name: FxHashMap::default(),
            by_peer: OnceLock::new(),
            topics: Vec::new(),
        };
        for (at, rule) in rules.iter().enumerate() {
            let id = RuleId(at as u16);
            names.by_name.insert(rule.name, id);
            if !names.topics.contains(&rule.topic) {
                names.topics.push(rule.topic);
            }
        }
        // A name wins over another rule's alias.
        for (at, rule) in rules.iter().enumerate() {
            for alias in rule.aliases {
                names.by_name.entry(alias).or_insert(RuleId(at as u16));
            }
        }
        names
    }

    pub fn rules(&self) -> &'static [Rule] {
        self.rules
    }

    pub fn topics(&self) -> &[&'static str] {
        &self.topics
    }

    /// A rule by its name or an alias.
    pub fn find(&self, name: &str) -> Option<RuleId> {
        self.by_name.get(name).copied()
    }

    /// What a selector stands for; `None` if it is no word we know.
    pub fn select(&self, selector: &str) -> Option<Selected> {
        if selector == "ALL" {
            return Some(Selected::All);
        }
        if let Some(id) = self.find(selector) {
            return Some(Selected::Rule(id));
        }
        let known = self.topics.contains(&selector)
            || match selector.split_once(':') {
                Some(("episode", n)) => n.parse().is_ok_and(|n: u8| (1..=10).contains(&n)),
                Some(("item", n)) => Item::from_name(n).is_some(),
                _ => false,
            };
        known.then(|| Selected::Group(self.those(|rule| super::selects(selector, rule))))
    }

    fn those(&self, test: impl Fn(&Rule) -> bool) -> Vec<RuleId> {
        let ids = (0u16..).map(RuleId);
        ids.zip(self.rules).filter(|(_, rule)| test(rule)).map(|(id, _)| id).collect()
    }

    /// Rules that a peer knows by this name: `checkov/CKV_K8S_11`.
    pub fn by_peer(&self, name: &str) -> &[RuleId] {
        let by_peer = self.by_peer.get_or_init(|| peers(self.rules));
        by_peer.get(&peer_key(name)).map_or(&[], Vec::as_slice)
    }

    /// Every rule that a peer has under any name.
    pub fn of_peer(&self, peer: &str) -> Vec<RuleId> {
        self.those(|rule| {
            rule.peers.iter().any(|p| p.strip_prefix(peer).is_some_and(|r| r.starts_with('/')))
        })
    }

    /// The word that was probably meant.
    pub fn nearest(&self, word: &str) -> Option<&'static str> {
        // Unlike episodes and items, topics go by their bare names.
        if let Some(topic) = word.strip_prefix("topic:") {
            return spelling::nearest(topic, self.topics.iter().copied());
        }
        let words = self.by_name.len() + self.topics.len() + 1;
        let mut all: Vec<&'static str> = Vec::with_capacity(words);
        for rule in self.rules {
            all.push(rule.name);
            all.extend(rule.aliases);
        }
        all.extend(&self.topics);
        all.push("ALL");
        spelling::nearest(word, all)
    }
}

/// Most runs meet no peer's suppression and need no such table.
fn peers(rules: &[Rule]) -> FxHashMap<String, Vec<RuleId>> {
    let mut peers: FxHashMap<String, Vec<RuleId>> = FxHashMap::default();
    for (id, rule) in (0u16..).map(RuleId).zip(rules) {
        for peer in rule.peers {
            let known = peers.entry(peer_key(peer)).or_default();
            if !known.contains(&id) {
                known.push(id);
            }
        }
    }
    peers
}

/// One spelling for the ways a peer's check is written: `AVD-KSV-0011` and `KSV011` are `KSV-0011`;
/// Polaris' names are compared without hyphens and case.
fn peer_key(name: &str) -> String {
    let Some((peer, check)) = name.split_once('/') else { return name.to_owned() };
    match peer {
        "trivy" => {
            let bare = check.to_ascii_uppercase();
            let bare = bare.strip_prefix("AVD-").unwrap_or(&bare);
            let split = bare.find(|c: char| c.is_ascii_digit()).unwrap_or(bare.len());
            let (prefix, number) = bare.split_at(split);
            let number = number.parse::<u32>().map_or(number.to_owned(), |n| format!("{n:04}"));
            format!("trivy/{}-{number}", prefix.trim_end_matches('-'))
        }
        "polaris" => format!("polaris/{}", check.replace('-', "").to_ascii_lowercase()),
        "checkov" | "kubescape" | "datree" => format!("{peer}/{}", check.to_ascii_uppercase()),
        _ => name.to_owned(),
    }
}
