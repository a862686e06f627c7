#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! What a run is asked to do: layers of settings, resolved once.

mod command_line;
mod explain;
mod file;
mod globs;
pub mod limits;
mod names;
mod read;
mod resolve;
mod schema;

use std::collections::BTreeMap;

use kubeready_typed::NEWEST;

use crate::catalogue::{self, Confidence, OptionDefault, Profile, Rule, RuleId, Severity};
use crate::problem::Level;

pub use command_line::{CommandLine, FailOn};
pub use explain::explain;
pub use file::{
    At, BASELINE, Date, FILE_NAME, Filter, Group, Ignore, Level as RuleLevel, OTHER_FILE_NAMES,
    Override, RuleEntry, Selection, SettingsFile, date, kubernetes_version, stray,
};
pub use globs::{PathGlobs, WordGlobs};
pub use limits::Limits;
pub use names::{Names, Selected};
pub use read::{read, read_with};
pub use resolve::{Layer, Place, resolve, resolve_with};
pub use schema::{schema, schema_with};

use resolve::Layers;

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
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct Settings {
    pub profile: Profile,
    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub kubernetes_version: u16,
    /// Severity per rule in catalogue order; `None` is off. With overrides: on somewhere.
    pub severities: Vec<Option<Severity>>,
    pub options: BTreeMap<(RuleId, String), OptionValue>,
    /// From which severity on findings fail the run.
    pub fail_on: FailOn,
    /// Findings that are less sure than this are not shown.
    pub min_confidence: Confidence,
    /// Expected limits (notes) make the run fail too.
    pub strict: bool,
    /// Whether suppressions take findings away; they are counted in any case.
    pub suppress: bool,
    /// Whether hidden files and folders are walked.
    pub hidden: bool,
    /// Whether ignore files (`.gitignore`, `.kubereadyignore`) are disregarded.
    pub no_ignore: bool,
    /// Only these paths, where given.
    pub include: Option<PathGlobs>,
    pub exclude: PathGlobs,
    pub limits: Limits,
    /// Directories that hold charts of other repositories, told from the root.
    pub charts: Vec<At<String>>,
    /// See [`BASELINE`].
    pub baseline: Option<String>,
    /// `ignores:` of the settings file, for [`crate::suppress`].
    pub ignores: Vec<Ignore>,
    layers: Layers,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of_profile(Profile::Production)
    }
}

impl Settings {
    /// The catalogue's defaults under a profile.
    pub fn of_profile(profile: Profile) -> Self {
        Self::of_rules(catalogue::CATALOGUE, profile)
    }

    fn of_rules(rules: &'static [Rule], profile: Profile) -> Self {
        let severities = rules
            .iter()
            .map(|rule| {
                (rule.profile <= profile && rule.profile != Profile::Off).then_some(rule.severity)
            })
            .collect();
        Self {
            profile,
            kubernetes_version: NEWEST,
            severities,
            options: BTreeMap::new(),
            fail_on: FailOn::Warning,
            min_confidence: Confidence::Hint,
            strict: false,
            suppress: true,
            hidden: false,
            no_ignore: false,
            include: None,
            exclude: PathGlobs::default(),
            limits: Limits::default(),
            charts: Vec::new(),
            baseline: None,
            ignores: Vec::new(),
            layers: Layers::default(),
        }
    }

    /// Only the given rules, at their own severities: for examples and tests.
    pub fn only(rules: &[RuleId]) -> Self {
        let mut settings = Self::of_profile(Profile::Production);
        for (id, rule) in catalogue::rules() {
            settings.severities[id.0 as usize] = rules.contains(&id).then_some(rule.severity);
        }
        settings
    }

    /// The severity at which a rule is on; `None` is off. Where settings differ by place, a rule
    /// that is on anywhere is on here: [`Settings::severity_for`] knows the place.
    pub fn severity(&self, rule: RuleId) -> Option<Severity> {
        self.severities[rule.0 as usize]
    }

    /// What findings and problems come to: 0 clean, 1 findings that fail the run, 2 something could
    /// not be judged. 2 beats 1 beats 0.
    pub fn exit_code(
        &self,
        findings: impl IntoIterator<Item = Severity>,
        problems: impl IntoIterator<Item = Level>,
    ) -> u8 {
        if problems.into_iter().any(|level| self.strict || level == Level::Error) {
            return 2;
        }
        u8::from(findings.into_iter().any(|severity| self.fail_on.fails(severity)))
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
