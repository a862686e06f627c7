//! What a run is asked to do: layers of settings, resolved once.

mod command_line;

use std::collections::BTreeMap;

use kubeready_manifest::kube::typed;

use crate::catalogue::{self, OptionDefault, Profile, Rule, RuleId, Severity};

pub use command_line::{CommandLine, FailOn};

/// A rule's option as settings give it.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    Bool(bool),
    Int(i64),
    Str(String),
    List(Vec<String>),
}

/// Resolved settings of one run, immutable.
#[derive(Clone, Debug)]
pub struct Settings {
    pub profile: Profile,
    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub kubernetes_version: u16,
    /// Severity per rule in catalogue order; `None` is off.
    pub severities: Vec<Option<Severity>>,
    pub options: BTreeMap<(RuleId, String), OptionValue>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of_profile(Profile::Production)
    }
}

impl Settings {
    /// The catalogue's defaults under a profile.
    pub fn of_profile(profile: Profile) -> Self {
        let severities = catalogue::rules()
            .map(|(_, rule)| {
                (rule.profile <= profile && rule.profile != Profile::Off).then_some(rule.severity)
            })
            .collect();
        Self { profile, kubernetes_version: typed::NEWEST, severities, options: BTreeMap::new() }
    }

    /// Only the given rules, at their own severities: for examples and tests.
    pub fn only(rules: &[RuleId]) -> Self {
        let mut settings = Self::of_profile(Profile::Production);
        for (id, rule) in catalogue::rules() {
            settings.severities[id.0 as usize] = rules.contains(&id).then_some(rule.severity);
        }
        settings
    }

    /// The severity at which a rule is on; `None` is off.
    pub fn severity(&self, rule: RuleId) -> Option<Severity> {
        self.severities[rule.0 as usize]
    }
}

/// An option of a rule with its type, from the page's front matter; a constant of
/// [`catalogue::options`].
#[derive(Clone, Copy, Debug)]
pub struct Opt<T> {
    pub name: &'static str,
    pub default: T,
}

/// A type that options can have.
pub trait OptionType: Sized {
    /// What rules get.
    type Value;
    fn resolve(opt: &Opt<Self>, given: Option<&OptionValue>) -> Self::Value;
}

impl OptionType for i64 {
    type Value = i64;
    fn resolve(opt: &Opt<Self>, given: Option<&OptionValue>) -> i64 {
        if let Some(OptionValue::Int(value)) = given { *value } else { opt.default }
    }
}

impl OptionType for bool {
    type Value = bool;
    fn resolve(opt: &Opt<Self>, given: Option<&OptionValue>) -> bool {
        if let Some(OptionValue::Bool(value)) = given { *value } else { opt.default }
    }
}

impl OptionType for &'static str {
    type Value = String;
    fn resolve(opt: &Opt<Self>, given: Option<&OptionValue>) -> String {
        if let Some(OptionValue::Str(value)) = given {
            value.clone()
        } else {
            opt.default.to_owned()
        }
    }
}

impl OptionType for &'static [&'static str] {
    type Value = Vec<String>;
    fn resolve(opt: &Opt<Self>, given: Option<&OptionValue>) -> Vec<String> {
        if let Some(OptionValue::List(value)) = given {
            return value.clone();
        }
        opt.default.iter().map(|&s| s.to_owned()).collect()
    }
}

/// The default of an option as a value.
pub fn default_value(default: OptionDefault) -> OptionValue {
    match default {
        OptionDefault::Bool(value) => OptionValue::Bool(value),
        OptionDefault::Int(value) => OptionValue::Int(value),
        OptionDefault::Str(value) => OptionValue::Str(value.to_owned()),
        OptionDefault::List(values) => {
            OptionValue::List(values.iter().map(|&v| v.to_owned()).collect())
        }
    }
}

/// Whether `rule` belongs to a selector: a name or alias, a topic, `episode:N`, `item:N`, `ALL`.
pub fn selects(selector: &str, rule: &Rule) -> bool {
    match selector.split_once(':') {
        Some(("episode", n)) => n.parse() == Ok(rule.episode),
        Some(("item", n)) => n == rule.item.name(),
        Some(_) => false,
        None => {
            selector == "ALL"
                || selector == rule.name
                || selector == rule.topic
                || rule.aliases.contains(&selector)
        }
    }
}
