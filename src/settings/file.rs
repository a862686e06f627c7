//! What a settings file says, checked and with the place of every word.

use std::collections::BTreeMap;

use super::command_line::FailOn;
use super::globs::{PathGlobs, WordGlobs};
use super::limits::Limit;
use super::names::Selected;
use super::{OptionValue, Place};
use crate::catalogue::{Confidence, Profile, RuleId, Severity};
use crate::problem::{Code, Problem};
use crate::source::Span;

/// The one name of the settings file, at the root of the repository.
pub const FILE_NAME: &str = ".kubeready.yaml";

/// What there is to say about `baseline`, which is read so that it can get a meaning later.
pub const BASELINE: &str = "has no effect yet: all findings are told";

/// Names that people try first; finding one is worth a word.
pub const OTHER_FILE_NAMES: &[&str] =
    &[".kubeready.yml", "kubeready.yaml", "kubeready.yml", ".kubeready.json", ".kubeready.toml"];

/// A note about a file that looks like settings and is not read: a second spelling of the name, or
/// a settings file below the root.
pub fn stray(path: &str) -> Option<Problem> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (message, help) = if name == FILE_NAME && path != FILE_NAME {
        let help = "move it to the root: one file holds for the whole repository; `overrides` \
                    there may differ by path";
        (format!("`{path}` is not read"), help.to_owned())
    } else if OTHER_FILE_NAMES.contains(&name) {
        (format!("`{path}` is not read"), format!("rename it to `{FILE_NAME}`"))
    } else {
        return None;
    };
    Some(Problem::note(Code::Settings, message).in_file(path).help(help))
}

/// A day: year, month, day.
pub type Date = (u16, u8, u8);

/// A value with the place it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub span: Span,
    /// From 1.
    pub line: u32,
}

/// What settings say about a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Off,
    /// On, as severe as its page says.
    On,
    At(Severity),
}

impl Level {
    /// The word in settings.
    pub fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::On => "on",
            Level::At(severity) => severity.name(),
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "off" => Some(Level::Off),
            "on" => Some(Level::On),
            _ => Severity::from_name(name).map(Level::At),
        }
    }

    /// The severity a rule gets whose page says `own`.
    pub fn severity(self, own: Severity) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::On => Some(own),
            Level::At(severity) => Some(severity),
        }
    }
}

/// An entry of `rules:`.
#[derive(Clone, Debug)]
pub struct RuleEntry {
    pub selected: Selected,
    pub level: Option<At<Level>>,
    /// Only where one rule is named.
    pub options: Vec<(String, OptionValue, u32)>,
}

/// Rules named by a list, each word with what it stands for.
#[derive(Clone, Debug, Default)]
pub struct Selection(pub Vec<At<Selected>>);

impl Selection {
    /// The entry that names a rule.
    pub fn entry(&self, rule: RuleId) -> Option<&At<Selected>> {
        self.0.iter().find(|s| s.value.contains(rule))
    }
}

/// Which objects an override or an ignore is about; every part that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub paths: Option<PathGlobs>,
    pub environments: Option<WordGlobs>,
    pub clusters: Option<WordGlobs>,
    pub namespaces: Option<WordGlobs>,
    pub kinds: Option<WordGlobs>,
    pub names: Option<WordGlobs>,
}

impl Filter {
    pub fn holds(&self, place: &Place<'_>) -> bool {
        let word = |globs: &Option<WordGlobs>, word: Option<&str>| {
            globs.as_ref().is_none_or(|globs| word.is_some_and(|w| globs.is_match(w)))
        };
        self.holds_for_path(place.path)
            && word(&self.environments, place.environment)
            && word(&self.clusters, place.cluster)
            && word(&self.namespaces, place.namespace)
            && word(&self.kinds, place.kind)
            && word(&self.names, place.name)
    }

    pub fn holds_for_path(&self, path: &str) -> bool {
        self.paths.as_ref().is_none_or(|globs| globs.is_match(path))
    }

    /// The parts besides paths, for people: `kinds: Job, CronJob`.
    pub fn conditions(&self) -> Vec<String> {
        let parts = [
            ("environments", &self.environments),
            ("clusters", &self.clusters),
            ("namespaces", &self.namespaces),
            ("kinds", &self.kinds),
            ("names", &self.names),
        ];
        let shown = parts.into_iter().filter_map(|(name, globs)| Some((name, globs.as_ref()?)));
        shown.map(|(name, globs)| format!("{name}: {}", globs.patterns().join(", "))).collect()
    }
}

/// An entry of `overrides:`.
#[derive(Clone, Debug)]
pub struct Override {
    pub filter: Filter,
    pub profile: Option<At<Profile>>,
    pub rules: Vec<RuleEntry>,
    pub reason: Option<String>,
    pub span: Span,
    pub line: u32,
}

/// An entry of `ignores:`.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// As written.
    pub names: Vec<String>,
    pub rules: Selection,
    pub filter: Filter,
    pub reason: String,
    pub until: Option<Date>,
    pub span: Span,
}

/// An entry of `environments:` or `clusters:`.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub paths: PathGlobs,
    pub profile: Option<At<Profile>>,
    pub line: u32,
}

/// A settings file, read and checked. What was wrong is left out and named in the problems.
#[derive(Clone, Debug, Default)]
pub struct SettingsFile {
    pub profile: Option<At<Profile>>,
    pub kubernetes_version: Option<At<u16>>,
    pub fail_on: Option<At<FailOn>>,
    pub min_confidence: Option<At<Confidence>>,
    pub strict: Option<At<bool>>,
    pub hidden: Option<At<bool>>,
    pub select: Option<Selection>,
    pub ignore: Selection,
    pub include: Option<At<PathGlobs>>,
    pub exclude: Option<At<PathGlobs>>,
    pub rules: Vec<RuleEntry>,
    pub overrides: Vec<Override>,
    pub ignores: Vec<Ignore>,
    pub environments: Vec<Group>,
    pub clusters: Vec<Group>,
    pub limits: Vec<(&'static Limit, At<u64>)>,
    /// Directories of charts, from the root.
    pub charts: Option<At<Vec<At<String>>>>,
    /// See [`BASELINE`].
    pub baseline: Option<At<String>>,
}

impl SettingsFile {
    /// Options of rules, with the line each stands on.
    pub fn options(&self) -> BTreeMap<(RuleId, String), (OptionValue, u32)> {
        let mut options = BTreeMap::new();
        for entry in &self.rules {
            let Selected::Rule(rule) = entry.selected else { continue };
            for (name, value, line) in &entry.options {
                options.insert((rule, name.clone()), (value.clone(), *line));
            }
        }
        options
    }
}

/// `1.33`, `v1.33` or `1.33.2` as 33.
pub fn kubernetes_version(text: &str) -> Option<u16> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    (parts.next() == Some("1")).then_some(())?;
    // Managed clusters report `1.29+`.
    let minor = parts.next()?;
    let minor = minor.strip_suffix('+').unwrap_or(minor);
    if !minor.bytes().all(|b| b.is_ascii_digit()) || minor.len() > 3 {
        return None;
    }
    // A patch release, perhaps with a vendor's mark: `1.29.4`, `1.29.4-gke.100`, `1.29.4+k3s1`.
    let patched = parts.next().is_none_or(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    patched.then(|| minor.parse().ok())?
}

/// `YYYY-MM-DD`, a day that exists.
pub fn date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&day).then_some((year, month as u8, day as u8))
}
