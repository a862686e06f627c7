//! A view of Argo CD's Application: an object of its own, or the template of an ApplicationSet.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place, Writer};

use crate::fleet::{Stage, stage};
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;

/// What an Application says, wherever it is written. Values of a template may be filled in later,
/// and so be unknown.
#[derive(Clone, Copy)]
pub(super) struct Application<'t> {
    pub(super) object: Object<'t>,
    pub(super) spec: NodeRef<'t>,
    /// Written in an ApplicationSet.
    pub(super) template: bool,
}

/// A boolean as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Unset,
    Off,
    On,
    /// A template, or no boolean.
    Unknown,
}

impl Flag {
    pub(super) fn of(node: Option<NodeRef<'_>>) -> Self {
        match node.map(NodeRef::as_bool) {
            None => Flag::Unset,
            Some(Some(true)) => Flag::On,
            Some(Some(false)) => Flag::Off,
            Some(None) => Flag::Unknown,
        }
    }
}

/// Whether Argo CD syncs by itself.
#[derive(Clone, Copy)]
pub(super) enum Automation<'t> {
    Manual,
    /// Turned off in writing: `enabled: false`, or `automated:` with nothing in it.
    Disabled,
    /// The value of `automated`.
    Automated(NodeRef<'t>),
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environment {
    Production,
    /// Development, test, staging …
    Other,
    Unknown,
}

impl<'t> Application<'t> {
    /// The Application that an object is or makes.
    /// One that is written. What an ApplicationSet makes says what its template says, once more.
    pub(super) fn read(object: Object<'t>) -> Option<Self> {
        Self::delivered(object).filter(|app| !is_made(app.object))
    }

    /// As [`Application::read`], and those that an ApplicationSet makes: for rules about what only
    /// its parameters tell. [`Application::repeats`] keeps these from saying everything twice.
    pub(super) fn delivered(object: Object<'t>) -> Option<Self> {
        let (path, template) = match object.kind() {
            Kind::Application => ("spec", false),
            Kind::ApplicationSet => ("spec.template.spec", true),
            _ => return None,
        };
        let spec = object.path(path).filter(|s| s.is_map())?;
        Some(Self { object, spec, template })
    }

    /// Whether an ApplicationSet made it and a part of it stands in the template just so.
    pub(super) fn repeats(self, part: NodeRef<'_>) -> bool {
        is_made(self.object) && part.writer() == Writer::Template
    }

    /// The object's kind and name, for messages.
    pub(super) fn title(self) -> String {
        format!("{} `{}`", self.object.kind_name(), self.object.name())
    }

    /// Where a finding about a path below the Application's `spec` stands.
    pub(super) fn at(self, path: &str) -> Place<'t> {
        let spec = if self.template { "spec.template.spec" } else { "spec" };
        self.object.at(&format!("{spec}.{path}"))
    }

    /// The sources that count: `sources` goes before `source`.
    pub(super) fn sources(self) -> impl Iterator<Item = NodeRef<'t>> {
        let many = self.spec.get("sources").filter(|s| !s.is_empty());
        let one = if many.is_none() { self.spec.get("source") } else { None };
        one.into_iter().chain(many.into_iter().flat_map(NodeRef::items)).filter(|s| s.is_map())
    }

    /// Where a finding about a field of one of the sources stands.
    pub(super) fn at_source(self, source: NodeRef<'t>, field: &str) -> Place<'t> {
        if self.spec.get("source") == Some(source) {
            self.at(&format!("source.{field}"))
        } else {
            source.at(field)
        }
    }

    /// The project's name: absent and empty mean `default`.
    pub(super) fn project(self) -> &'t str {
        match self.spec.get("project").map_or("", NodeRef::text) {
            "" => "default",
            name => name,
        }
    }

    /// Whether an ApplicationSet may still change a field through a patch or a generator's own
    /// template.
    pub(super) fn is_open(self, field: &str) -> bool {
        if !self.template {
            return false;
        }
        let patch = self.object.path("spec.templatePatch");
        patch.is_some_and(|p| p.text().contains(field))
            || self.object.path("spec.generators").is_some_and(|generators| {
                generators.descendants().any(|n| n.is_scalar() && n.text() == "template")
            })
    }

    pub(super) fn automation(self) -> Automation<'t> {
        if self.is_open("automated") || self.is_open("syncPolicy") {
            return Automation::Unknown;
        }
        let Some(policy) = self.spec.get("syncPolicy") else { return Automation::Manual };
        if !policy.is_map() {
            return Automation::Unknown;
        }
        let Some(automated) = policy.value("automated") else { return Automation::Manual };
        if automated.is_null() {
            return Automation::Disabled;
        }
        match Flag::of(automated.get("enabled")) {
            _ if !automated.is_map() => Automation::Unknown,
            Flag::Off => Automation::Disabled,
            Flag::Unknown => Automation::Unknown,
            Flag::On | Flag::Unset => Automation::Automated(automated),
        }
    }

    /// Whether something else than Argo CD's own automation syncs it: the ApplicationSet's rolling
    /// sync, which turns automation off, or Kargo, which promotes.
    pub(super) fn is_synced_by_another(self) -> bool {
        let strategy = self.object.path("spec.strategy.type").map_or("", NodeRef::text);
        let annotations = if self.template {
            "spec.template.metadata.annotations"
        } else {
            "metadata.annotations"
        };
        let promoted = self.object.path(annotations).is_some_and(|annotations| {
            annotations.entries().any(|(key, _)| key.text().starts_with("kargo.akuity.io/"))
        });
        (self.template && strategy == "RollingSync") || promoted
    }

    /// The environment that it delivers to, as far as names say it: its own first, then those of
    /// the folder that it is written in.
    pub(super) fn environment(self, index: &Index<'t>) -> Environment {
        let spec = |path| self.spec.path(path).map(NodeRef::text);
        let labels = ["env", "environment", "stage", "tier"];
        let labels = labels.into_iter().map(|key| self.object.labels().get(key));
        let says = [
            spec("destination.name"),
            spec("destination.server"),
            spec("destination.namespace"),
            self.sources().next().and_then(|s| s.get("path")).map(NodeRef::text),
            Some(self.object.name()),
            spec("project"),
        ];
        let mut says = labels.chain(says).flatten().map(environment_of);
        says.find(|e| *e != Environment::Unknown).unwrap_or_else(|| {
            let folder = index.destination_of(self.object.root().tree().source());
            match folder.and_then(|place| place.stage()) {
                Some(Stage::Production | Stage::Recovery) => Environment::Production,
                Some(_) => Environment::Other,
                None => Environment::Unknown,
            }
        })
    }
}

/// Whether an ApplicationSet made an object.
pub(super) fn is_made(object: Object<'_>) -> bool {
    let kind = object.root().get("kind").filter(|_| object.kind() == Kind::Application);
    kind.is_some_and(|kind| kind.writer() == Writer::Generator)
}

/// The environment that a name, path or address speaks of. Where it speaks of several, the one
/// farther from production counts.
pub(super) fn environment_of(text: &str) -> Environment {
    if is_placeholder(text) {
        return Environment::Unknown;
    }
    let mut found = Environment::Unknown;
    for part in text.split(['/', ':']) {
        match stage(part) {
            Some(Stage::Production | Stage::Recovery) => found = Environment::Production,
            Some(Stage::Development | Stage::Test | Stage::Staging) => return Environment::Other,
            None => {}
        }
    }
    found
}

/// A repository's address without what Argo CD does not compare: case, `.git`, the notation of SSH.
pub(super) fn normal_repository(address: &str) -> String {
    let mut text = address.trim().to_lowercase();
    if let Some(rest) = text.strip_prefix("ssh://") {
        text = rest.to_owned();
    } else if !text.contains("://") {
        text = text.replacen(':', "/", 1);
    }
    let text = text.trim_end_matches('/');
    text.strip_suffix(".git").unwrap_or(text).to_owned()
}

/// Whether a pattern of `*` and `?` fits; where `separator` is given, `*` stops at it and `**` does
/// not. `None` for patterns that hold more.
pub(super) fn fits(pattern: &str, text: &str, separator: Option<char>) -> Option<bool> {
    if pattern == "*" {
        return Some(true);
    }
    if pattern.contains(['[', '{', '\\']) || is_placeholder(pattern) {
        return None;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // Which ends of the pattern the text so far may have reached.
    let mut reached = vec![false; pattern.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    skip_stars(&pattern, &mut reached);
    for letter in text {
        let mut next = vec![false; pattern.len() + 1];
        for (at, wanted) in pattern.iter().enumerate() {
            if !reached.get(at).copied().unwrap_or(false) {
                continue;
            }
            let double =
                pattern.get(at + 1) == Some(&'*') || (at > 0 && pattern.get(at - 1) == Some(&'*'));
            let free = double || Some(letter) != separator;
            let stays = *wanted == '*' && free;
            let moves = (*wanted == '?' && Some(letter) != separator) || *wanted == letter;
            if let Some(slot) = next.get_mut(at).filter(|_| stays) {
                *slot = true;
            }
            if let Some(slot) = next.get_mut(at + 1).filter(|_| moves && *wanted != '*') {
                *slot = true;
            }
        }
        skip_stars(&pattern, &mut next);
        reached = next;
    }
    reached.last().copied()
}

/// A star may stand for nothing.
fn skip_stars(pattern: &[char], reached: &mut [bool]) {
    for (at, wanted) in pattern.iter().enumerate() {
        let here = *wanted == '*' && reached.get(at).copied().unwrap_or(false);
        if let Some(slot) = reached.get_mut(at + 1).filter(|_| here) {
            *slot = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, environment_of, fits, normal_repository};

    #[test]
    fn patterns_are_those_of_projects() {
        let git = |pattern, text| fits(pattern, text, Some('/'));
        assert_eq!(git("https://x.org/team/*", "https://x.org/team/app"), Some(true));
        assert_eq!(git("https://x.org/*", "https://x.org/team/app"), Some(false));
        assert_eq!(git("https://x.org/**", "https://x.org/team/app"), Some(true));
        assert_eq!(git("*", "https://x.org/team/app"), Some(true));
        assert_eq!(fits("shop-*", "shop-eu", None), Some(true));
        assert_eq!(fits("shop-?", "shop-", None), Some(false));
        assert_eq!(fits("shop", "", None), Some(false));
        assert_eq!(fits("shop-{a,b}", "shop-a", None), None);
    }

    #[test]
    fn environments_are_read_from_words() {
        assert_eq!(environment_of("shop-prod"), Environment::Production);
        assert_eq!(environment_of("envs/Production/eu"), Environment::Production);
        assert_eq!(environment_of("shop-pre-prod"), Environment::Other);
        assert_eq!(environment_of("products"), Environment::Unknown);
        assert_eq!(environment_of("{{ prod }}"), Environment::Unknown);
    }

    #[test]
    fn one_repository_has_many_spellings() {
        for text in ["git@x.org:team/app.git", "ssh://git@x.org/team/App", "git@x.org:team/app/"] {
            assert_eq!(normal_repository(text), "git@x.org/team/app", "{text}");
        }
        assert_eq!(normal_repository("https://x.org/a.git"), "https://x.org/a");
    }
}
