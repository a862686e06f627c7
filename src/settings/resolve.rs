//! Layers of settings, later wins: catalogue, profile, settings file, its overrides, command line.

use std::fmt;

use super::Settings;
use super::command_line::CommandLine;
use super::file::{FILE_NAME, Filter, Group, Override, RuleEntry, SettingsFile};
use super::globs::PathGlobs;
use super::names::{Names, Selected};
use super::read::unknown_selector_help;
use crate::catalogue::{CATALOGUE, Profile, Rule, RuleId, Severity};
use crate::finding::Finding;
use crate::fleet::{Stage, stage};
use crate::problem::{Code, Problem};

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    #[default]
    Default,
    Profile(Profile),
    /// What an environment of this name gets unless the settings say otherwise.
    Environment,
    /// A line of the settings file.
    File(u32),
    /// The line of the settings file where the override starts.
    Override(u32),
    CommandLine,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Default => f.write_str("default"),
            Layer::Profile(profile) => write!(f, "profile {profile}"),
            Layer::Environment => f.write_str("environment for trying things out"),
            Layer::File(line) => write!(f, "{FILE_NAME}:{line}"),
            Layer::Override(line) => write!(f, "{FILE_NAME}:{line} (override)"),
            Layer::CommandLine => f.write_str("command line"),
        }
    }
}

/// What is known of where a finding stands, for overrides and ignores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// From the root, with `/`.
    pub path: &'a str,
    pub environment: Option<&'a str>,
    pub cluster: Option<&'a str>,
    pub namespace: Option<&'a str>,
    pub kind: Option<&'a str>,
    pub name: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The object a finding is about, in the file at `path`.
    pub fn of(finding: &'a Finding, path: &'a str) -> Self {
        let resource = finding.resource.as_ref();
        let destination = finding.destinations.first();
        Self {
            path,
            environment: destination.and_then(|d| d.environment.as_deref()),
            cluster: destination.and_then(|d| d.cluster.as_deref()),
            namespace: resource.and_then(|r| r.namespace.as_deref()),
            kind: resource.map(|r| r.kind.as_str()),
            name: resource.map(|r| r.name.as_str()),
        }
    }
}

/// A severity and the layer that decided it.
#[derive(Clone, Debug)]
pub(super) struct Layered {
    pub(super) severity: Option<Severity>,
    pub(super) from: Layer,
}

/// The command line's word on a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    On,
    Off,
}

/// What is kept of the layers: for places that differ, and for telling where a value comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    rules: &'static [Rule],
    /// Per profile that any place has: what catalogue, profile and file say of each rule.
    bases: Vec<(Profile, Vec<Layered>)>,
    /// Whether the command line fixes the profile for every place.
    fixed_profile: bool,
    last: Vec<Last>,
    pub(super) overrides: Vec<Override>,
    environments: Vec<Group>,
    clusters: Vec<Group>,
    /// Keys that are not at their default.
    pub(super) origins: Vec<(&'static str, Layer)>,
    /// Lines of options.
    pub(super) option_lines: Vec<(RuleId, String, u32)>,
}

impl Layers {
    /// Whether a rule may be on at one place and off at another.
    fn differs(&self) -> bool {
        !self.overrides.is_empty() || self.bases.len() > 1
    }

    pub(super) fn origin(&self, key: &str) -> Layer {
        let found = self.origins.iter().find(|(k, _)| *k == key);
        found.map_or(Layer::Default, |(_, layer)| layer.clone())
    }

    fn base(&self, profile: Profile) -> &[Layered] {
        self.bases.iter().find(|(p, _)| *p == profile).map_or(&[], |(_, base)| base.as_slice())
    }
}

/// Resolves the layers against the catalogue. `Err` names what is wrong with the command line.
pub fn resolve(file: Option<&SettingsFile>, cli: &CommandLine) -> Result<Settings, Vec<Problem>> {
    resolve_with(Names::catalogue(), file, cli)
}

/// Resolves the layers against a list of rules.
pub fn resolve_with(
    names: &Names,
    file: Option<&SettingsFile>,
    cli: &CommandLine,
) -> Result<Settings, Vec<Problem>> {
    let empty = SettingsFile::default();
    let file = file.filter(|_| !cli.isolated).unwrap_or(&empty);
    let mut problems = Vec::new();
    let select = selectors(names, "--select", &cli.select, &mut problems);
    let ignore = selectors(names, "--ignore", &cli.ignore, &mut problems);
    let include = globs("--include", &cli.include, &mut problems);
    let exclude = globs("--exclude", &cli.exclude, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let profile = cli.profile.or(file.profile.as_ref().map(|p| p.value));
    let mut settings = Settings::of_rules(names.rules(), profile.unwrap_or(Profile::Production));
    scalars(&mut settings, file, cli);
    settings.include = if cli.include.is_empty() {
        file.include.as_ref().map(|at| at.value.clone())
    } else {
        Some(include)
    };
    settings.exclude = joined(file.exclude.as_ref().map(|at| &at.value), exclude);
    settings.options = file.options().into_iter().map(|(k, (value, _))| (k, value)).collect();
    settings.ignores.clone_from(&file.ignores);
    settings.layers.last = (0u16..)
        .map(RuleId)
        .zip(names.rules())
        .map(|(id, _)| {
            let named = |list: &[Selected]| list.iter().any(|s| s.contains(id));
            match () {
                () if named(&ignore) => Last::Off,
                () if cli.select.is_empty() => Last::Nothing,
                () if named(&select) => Last::On,
                () => Last::Off,
            }
        })
        .collect();
    rules(&mut settings, names, file, cli);
    Ok(settings)
}

fn selectors(
    names: &Names,
    flag: &str,
    words: &[String],
    problems: &mut Vec<Problem>,
) -> Vec<Selected> {
    let mut selected = Vec::new();
    // An empty variable of a script must not end in a clean run.
    if !words.is_empty() && words.iter().all(|w| w.split(',').all(|w| w.trim().is_empty())) {
        problems.push(
            Problem::error(Code::Settings, format!("`{flag}` names no rule"))
                .help("name rules or topics, or leave it out"),
        );
    }
    for word in words.iter().flat_map(|w| w.split(',')).map(str::trim).filter(|w| !w.is_empty()) {
        match names.select(word) {
            Some(found) => selected.push(found),
            None => problems.push(
                Problem::error(Code::Settings, format!("`{flag} {word}` is not a rule or topic"))
                    .help(unknown_selector_help(names, word)),
            ),
        }
    }
    selected
}

fn globs(flag: &str, words: &[String], problems: &mut Vec<Problem>) -> PathGlobs {
    for word in words {
        if let Err(fault) = PathGlobs::new([word.as_str()]) {
            let message = format!("`{flag} {word}` is not a glob: {fault}");
            problems.push(Problem::error(Code::Settings, message));
        }
    }
    PathGlobs::new(words.iter().map(String::as_str)).unwrap_or_default()
}

/// `--exclude` adds to the file's list: it never brings back what the repository leaves out.
fn joined(of_file: Option<&PathGlobs>, of_cli: PathGlobs) -> PathGlobs {
    let Some(of_file) = of_file else { return of_cli };
    let all = of_file.patterns().iter().chain(of_cli.patterns()).map(String::as_str);
    PathGlobs::new(all).unwrap_or_default()
}

/// Values that do not depend on rules or places.
fn scalars(settings: &mut Settings, file: &SettingsFile, cli: &CommandLine) {
    macro_rules! layered {
        ($key:literal, $field:ident, $of_file:expr, $of_cli:expr) => {
            if let Some(value) = $of_cli {
                settings.$field = value;
                settings.layers.origins.push(($key, Layer::CommandLine));
            } else if let Some(at) = &$of_file {
                settings.$field = at.value;
                settings.layers.origins.push(($key, Layer::File(at.line)));
            }
        };
    }
    layered!("profile", profile, file.profile, cli.profile);
    layered!(
        "kubernetes-version",
        kubernetes_version,
        file.kubernetes_version,
        cli.kubernetes_version
    );
    layered!("fail-on", fail_on, file.fail_on, cli.fail_on);
    layered!("min-confidence", min_confidence, file.min_confidence, cli.min_confidence);
    layered!("strict", strict, file.strict, cli.strict.then_some(true));
    layered!("hidden", hidden, file.hidden, cli.hidden.then_some(true));
    for (limit, at) in &file.limits {
        limit.set(&mut settings.limits, at.value);
        settings.layers.origins.push((limit.name, Layer::File(at.line)));
    }
    settings.suppress = !cli.no_suppress;
    settings.no_ignore = cli.no_ignore;
    let flags = [
        ("no-suppress", cli.no_suppress),
        ("no-ignore", cli.no_ignore),
        ("include", !cli.include.is_empty()),
        ("exclude", !cli.exclude.is_empty()),
    ];
    for (key, _) in flags.into_iter().filter(|(_, set)| *set) {
        settings.layers.origins.push((key, Layer::CommandLine));
    }
    for (key, at) in [("include", &file.include), ("exclude", &file.exclude)] {
        if let Some(at) = at {
            settings.layers.origins.push((key, Layer::File(at.line)));
        }
    }
    if let Some(at) = &file.charts {
        settings.charts.clone_from(&at.value);
        settings.layers.origins.push(("charts", Layer::File(at.line)));
    }
    if let Some(at) = &file.baseline {
        settings.baseline = Some(at.value.clone());
        settings.layers.origins.push(("baseline", Layer::File(at.line)));
    }
}

/// The layers of rules, and what they come to where no place differs.
fn rules(settings: &mut Settings, names: &Names, file: &SettingsFile, cli: &CommandLine) {
    let layers = &mut settings.layers;
    layers.rules = names.rules();
    layers.fixed_profile = cli.profile.is_some();
    layers.overrides.clone_from(&file.overrides);
    layers.environments.clone_from(&file.environments);
    layers.clusters.clone_from(&file.clusters);
    layers.option_lines =
        file.options().into_iter().map(|((id, name), (_, line))| (id, name, line)).collect();
    let mut profiles = vec![settings.profile];
    if !layers.fixed_profile {
        if !profiles.contains(&Profile::Lab) {
            profiles.push(Profile::Lab);
        }
        let groups = file.environments.iter().chain(&file.clusters).map(|g| &g.profile);
        for at in groups.chain(file.overrides.iter().map(|o| &o.profile)).flatten() {
            if !profiles.contains(&at.value) {
                profiles.push(at.value);
            }
        }
    }
    layers.bases = profiles.iter().map(|&p| (p, base(names.rules(), p, file))).collect();
    settings.severities = (0u16..)
        .map(RuleId)
        .zip(names.rules())
        .map(|(id, rule)| somewhere(&settings.layers, id, rule))
        .collect();
}

/// What catalogue, profile and file say of each rule.
fn base(rules: &[Rule], profile: Profile, file: &SettingsFile) -> Vec<Layered> {
    let mut base: Vec<Layered> = rules
        .iter()
        .map(|rule| Layered {
            severity: (rule.profile <= profile && rule.profile != Profile::Off)
                .then_some(rule.severity),
            from: Layer::Profile(profile),
        })
        .collect();
    for ((id, rule), layered) in (0u16..).map(RuleId).zip(rules).zip(&mut base) {
        if let Some(select) = &file.select {
            let entry = select.entry(id);
            let line = entry.or(select.0.first()).map_or(1, |at| at.line);
            *layered = Layered { severity: entry.map(|_| rule.severity), from: Layer::File(line) };
        }
        if let Some(at) = file.ignore.entry(id) {
            *layered = Layered { severity: None, from: Layer::File(at.line) };
        }
        if let Some(at) = level(&file.rules, id) {
            *layered =
                Layered { severity: at.value.severity(rule.severity), from: Layer::File(at.line) };
        }
    }
    base
}

/// The entry that decides on a rule: the narrowest, and of those the last.
fn level(entries: &[RuleEntry], rule: RuleId) -> Option<&super::file::At<super::file::Level>> {
    entries
        .iter()
        .filter(|e| e.selected.contains(rule))
        .filter_map(|e| Some((e.selected.rank(), e.level.as_ref()?)))
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, level)| level)
}

/// The severity of a rule at the place where it is on, if there is one; the whole tree comes first.
fn somewhere(layers: &Layers, id: RuleId, rule: &Rule) -> Option<Severity> {
    let at = usize::from(id.0);
    match layers.last.get(at).copied().unwrap_or_default() {
        Last::Off => return None,
        Last::On | Last::Nothing => {}
    }
    let of_bases = layers.bases.iter().find_map(|(_, base)| base.get(at)?.severity);
    let of_overrides = || {
        let mut levels = layers.overrides.iter().filter_map(|o| level(&o.rules, id));
        levels.find_map(|at| at.value.severity(rule.severity))
    };
    let on = layers.last.get(at) == Some(&Last::On);
    of_bases.or_else(of_overrides).or(on.then_some(rule.severity))
}

impl Settings {
    /// The severity of a rule at a place; `None` is off.
    pub fn severity_for(&self, rule: RuleId, place: &Place<'_>) -> Option<Severity> {
        if !self.layers.differs() {
            return self.severity(rule);
        }
        self.layered_for(rule, &self.located(place), Filter::holds).severity
    }

    /// Whether a rule may be on at one place and off at another.
    pub fn differs(&self) -> bool {
        self.layers.differs()
    }

    /// Whether it depends on more than the environment and the cluster.
    pub fn reads_paths(&self) -> bool {
        let layers = &self.layers;
        !(layers.overrides.is_empty()
            && layers.environments.is_empty()
            && layers.clusters.is_empty())
    }

    /// Per rule in catalogue order whether it is on at a place.
    pub fn on_at(&self, place: &Place<'_>) -> Vec<bool> {
        let rules = (0u16..).map(RuleId).zip(self.rules());
        rules.map(|(id, _)| self.severity_for(id, place).is_some()).collect()
    }

    /// What decides which rules are on at a place, as [`Settings::located`] tells it: the overrides that
    /// hold there, the environment and the cluster.
    pub fn decisive<'a>(&self, place: &Place<'a>) -> (Vec<u16>, Option<&'a str>, Option<&'a str>) {
        let overrides = (0u16..).zip(&self.layers.overrides);
        let holding = overrides.filter(|(_, o)| o.filter.holds(place)).map(|(at, _)| at);
        (holding.collect(), place.environment, place.cluster)
    }

    /// A finding's severity at its place, `None` if it is not to be shown: the rule is off there,
    /// or the finding is less sure than asked for.
    ///
    /// Settings speak about the rule. A single finding that its rule made milder stays milder, one
    /// that it made worse stays worse unless the rule was set below its page's severity.
    pub fn judge(&self, finding: &Finding, place: &Place<'_>) -> Option<Severity> {
        if finding.confidence < self.min_confidence {
            return None;
        }
        let set = self.severity_for(finding.rule, place)?;
        let own = finding.severity;
        let page = self.page_severity(finding.rule).unwrap_or(own);
        Some(match own.cmp(&page) {
            std::cmp::Ordering::Less => own.min(set),
            std::cmp::Ordering::Equal => set,
            std::cmp::Ordering::Greater if set < page => set,
            std::cmp::Ordering::Greater => own.max(set),
        })
    }

    /// The rules that these settings are about, in catalogue order.
    pub fn rules(&self) -> &'static [Rule] {
        // Settings that came from no layers are about the catalogue.
        if self.layers.rules.is_empty() { CATALOGUE } else { self.layers.rules }
    }

    fn page_severity(&self, rule: RuleId) -> Option<Severity> {
        self.rules().get(usize::from(rule.0)).map(|rule| rule.severity)
    }

    /// The environment that settings give a path.
    pub fn environment_of(&self, path: &str) -> Option<&str> {
        group_of(&self.layers.environments, path)
    }

    /// The cluster that settings give a path.
    pub fn cluster_of(&self, path: &str) -> Option<&str> {
        group_of(&self.layers.clusters, path)
    }

    /// The place with the environment and the cluster that settings give its path.
    pub fn located<'a>(&'a self, place: &Place<'a>) -> Place<'a> {
        Place {
            environment: place.environment.or_else(|| self.environment_of(place.path)),
            cluster: place.cluster.or_else(|| self.cluster_of(place.path)),
            ..*place
        }
    }

    /// The profile that holds at a place.
    pub(super) fn profile_for(
        &self,
        place: &Place<'_>,
        holds: impl Fn(&Filter, &Place<'_>) -> bool,
    ) -> (Profile, Layer) {
        let layers = &self.layers;
        let mut found = (self.profile, layers.origin("profile"));
        if layers.fixed_profile {
            return found;
        }
        // What is tried out in dev and test need not be ready for production.
        let stage = place.environment.and_then(stage);
        if matches!(stage, Some(Stage::Development | Stage::Test)) && found.0 > Profile::Lab {
            found = (Profile::Lab, Layer::Environment);
        }
        let groups = [(&layers.clusters, place.cluster), (&layers.environments, place.environment)];
        for (groups, name) in groups {
            let group = groups.iter().find(|g| Some(g.name.as_str()) == name);
            if let Some(at) = group.and_then(|g| g.profile.as_ref()) {
                found = (at.value, Layer::File(at.line));
            }
        }
        for one in layers.overrides.iter().filter(|o| holds(&o.filter, place)) {
            if let Some(at) = &one.profile {
                found = (at.value, Layer::Override(one.line));
            }
        }
        found
    }

    pub(super) fn layered_for(
        &self,
        rule: RuleId,
        place: &Place<'_>,
        holds: impl Fn(&Filter, &Place<'_>) -> bool,
    ) -> Layered {
        let layers = &self.layers;
        let at = usize::from(rule.0);
        let (profile, _) = self.profile_for(place, &holds);
        let mut found = layers
            .base(profile)
            .get(at)
            .cloned()
            .unwrap_or(Layered { severity: None, from: Layer::Default });
        let own = self.page_severity(rule);
        for one in layers.overrides.iter().filter(|o| holds(&o.filter, place)) {
            if let (Some(at), Some(own)) = (level(&one.rules, rule), own) {
                found =
                    Layered { severity: at.value.severity(own), from: Layer::Override(one.line) };
            }
        }
        match layers.last.get(at).copied().unwrap_or_default() {
            Last::Nothing => {}
            Last::On if found.severity.is_some() => {}
            Last::On => found = Layered { severity: own, from: Layer::CommandLine },
            Last::Off => found = Layered { severity: None, from: Layer::CommandLine },
        }
        found
    }
}

fn group_of<'g>(groups: &'g [Group], path: &str) -> Option<&'g str> {
    groups.iter().find(|g| g.paths.is_match(path)).map(|g| g.name.as_str())
}
