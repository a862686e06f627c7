//! From the text of a settings file to its meaning, every mistake with its place.

use std::borrow::Cow;

use kubeready_manifest::yaml::{NodeRef, Tree};

use super::OptionValue;
use super::command_line::FailOn;
use super::file::{
    At, Date, Filter, Group, Ignore, Level, Override, RuleEntry, Selection, SettingsFile, date,
    kubernetes_version,
};
use super::globs::{PathGlobs, WordGlobs};
use super::limits::{LIMITS, Limit, Limits, NONE};
use super::names::{Names, Selected};
use crate::catalogue::{Confidence, OptionDefault, Profile, Rule};
use crate::problem::{Code, Problem};
use crate::source::{Lines, SourceId, Span};
use crate::spelling::nearest;

/// Keys of the file.
pub(super) const KEYS: &[&str] = &[
    "version",
    "profile",
    "kubernetes-version",
    "fail-on",
    "min-confidence",
    "strict",
    "select",
    "ignore",
    "include",
    "exclude",
    "hidden",
    "rules",
    "overrides",
    "ignores",
    "environments",
    "clusters",
    "limits",
    "charts",
    "baseline",
];
const RULE_KEYS: &[&str] = &["severity", "options"];
const FILTER_KEYS: &[&str] = &["paths", "environments", "clusters", "namespaces", "kinds", "names"];
const OVERRIDE_KEYS: &[&str] = &[
    "paths",
    "environments",
    "clusters",
    "namespaces",
    "kinds",
    "names",
    "rules",
    "profile",
    "reason",
];
const IGNORE_KEYS: &[&str] = &[
    "paths",
    "environments",
    "clusters",
    "namespaces",
    "kinds",
    "names",
    "rules",
    "reason",
    "until",
];
const GROUP_KEYS: &[&str] = &["paths", "profile"];

/// Reads the settings file against the catalogue.
pub fn read(text: &str, source: SourceId) -> (SettingsFile, Vec<Problem>) {
    read_with(Names::catalogue(), text, source)
}

/// Reads the settings file against a list of rules.
pub fn read_with(names: &Names, text: &str, source: SourceId) -> (SettingsFile, Vec<Problem>) {
    let tree = Tree::parse(text, source);
    let mut reader = Reader { names, lines: Lines::of(text), problems: Vec::new() };
    for error in tree.errors() {
        reader.wrong(tree.span(error.at.clone()), format!("not YAML: {}", error.message));
    }
    let mut documents = tree.documents().map(|(_, root)| root);
    let mut file = SettingsFile::default();
    if let Some(root) = documents.next() {
        file = reader.file(root);
    }
    if let Some(second) = documents.next() {
        reader.wrong(second.span(), "a second document: the settings are one").help =
            Some("put everything above the `---`".to_owned());
    }
    (file, reader.problems)
}

struct Reader<'n> {
    names: &'n Names,
    lines: Lines,
    problems: Vec<Problem>,
}

type Entry<'t> = (Cow<'t, str>, NodeRef<'t>, NodeRef<'t>);

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: impl Into<String>) -> &mut Problem {
        self.problems.push(Problem::error(Code::Settings, message).at(span));
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// `message`, and the word of `known` that was probably meant, else all of them.
    fn unknown(&mut self, span: Span, message: String, word: &str, known: &[&str]) {
        let help = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", listed(known)),
        };
        self.wrong(span, message).help = Some(help);
    }

    fn line(&self, node: NodeRef<'_>) -> u32 {
        self.lines.line_of(node.span().start) as u32 + 1
    }

    fn at<T>(&self, node: NodeRef<'_>, value: T) -> At<T> {
        At { value, span: node.span(), line: self.line(node) }
    }

    /// Entries of a map without those that are null or stand twice.
    fn entries<'t>(&mut self, node: NodeRef<'t>, what: &str) -> Vec<Entry<'t>> {
        if !node.is_map() {
            self.wrong_type(node, what, "a map");
            return Vec::new();
        }
        let mut entries: Vec<Entry<'t>> = Vec::with_capacity(node.len());
        for (key, value) in node.entries() {
            // `on` and `off` are words here, not the booleans that Kubernetes reads.
            let name = Cow::Borrowed(key.text());
            if entries.iter().any(|(known, ..)| *known == name) {
                self.wrong(key.span(), format!("`{name}` is given twice")).help =
                    Some("keep one of them".to_owned());
            } else {
                entries.push((name, key, value));
            }
        }
        entries
    }

    /// Entries with known keys; the others are named.
    fn fields<'t>(&mut self, node: NodeRef<'t>, what: &str, known: &[&str]) -> Vec<Entry<'t>> {
        let mut entries = self.entries(node, what);
        entries.retain(|(name, key, _)| {
            let good = known.contains(&&**name);
            if !good {
                let message = format!("`{name}` is not a key of {what}");
                self.unknown(key.span(), message, name, known);
            }
            good
        });
        entries.retain(|(.., value)| !value.is_null());
        entries
    }

    fn wrong_type(&mut self, node: NodeRef<'_>, what: &str, expected: &str) {
        let found = match node.as_str() {
            Some("") => "empty",
            _ => type_name(node),
        };
        self.wrong(node.span(), format!("{what} is {found}, not {expected}"));
    }

    /// A word of a fixed list.
    fn word<T>(
        &mut self,
        node: NodeRef<'_>,
        key: &str,
        known: &[&str],
        of: impl Fn(&str) -> Option<T>,
    ) -> Option<At<T>> {
        if !node.is_scalar() {
            self.wrong_type(node, &format!("`{key}`"), "a word");
            return None;
        }
        let found = of(node.text());
        if found.is_none() {
            let message = format!("`{}` is not a value of `{key}`", node.text());
            self.unknown(node.span(), message, node.text(), known);
        }
        found.map(|value| self.at(node, value))
    }

    fn bool(&mut self, node: NodeRef<'_>, key: &str) -> Option<At<bool>> {
        let found = node.as_bool();
        if found.is_none() {
            self.wrong_type(node, &format!("`{key}`"), "`true` or `false`");
        }
        found.map(|value| self.at(node, value))
    }

    fn string(&mut self, node: NodeRef<'_>, key: &str) -> Option<At<String>> {
        if !node.is_scalar() || node.text().trim().is_empty() {
            self.wrong_type(node, &format!("`{key}`"), "a text");
            return None;
        }
        Some(self.at(node, node.text().trim().to_owned()))
    }

    /// A list of words; one word alone is a list of one.
    fn words<'t>(&mut self, node: NodeRef<'t>, key: &str) -> Vec<NodeRef<'t>> {
        if node.is_scalar() {
            return vec![node];
        }
        if !node.is_seq() {
            self.wrong_type(node, &format!("`{key}`"), "a list of words");
            return Vec::new();
        }
        let mut words = Vec::with_capacity(node.len());
        for item in node.items() {
            if item.is_scalar() && !item.text().is_empty() {
                words.push(item);
            } else {
                self.wrong_type(item, &format!("an item of `{key}`"), "a word");
            }
        }
        words
    }

    fn paths(&mut self, node: NodeRef<'_>, key: &str) -> PathGlobs {
        let good = self.good_globs(node, key, |text| PathGlobs::new([text]).err());
        PathGlobs::new(good.iter().map(|n| n.text())).unwrap_or_default()
    }

    fn globs(&mut self, node: NodeRef<'_>, key: &str) -> WordGlobs {
        let any_case = key == "kinds";
        let good = self.good_globs(node, key, |text| WordGlobs::new([text], any_case).err());
        WordGlobs::new(good.iter().map(|n| n.text()), any_case).unwrap_or_default()
    }

    fn good_globs<'t>(
        &mut self,
        node: NodeRef<'t>,
        key: &str,
        fault: impl Fn(&str) -> Option<String>,
    ) -> Vec<NodeRef<'t>> {
        let mut words = self.words(node, key);
        words.retain(|word| {
            let fault = fault(word.text());
            if let Some(fault) = &fault {
                let message = format!("`{}` is not a glob: {fault}", word.text());
                self.wrong(word.span(), message);
            }
            fault.is_none()
        });
        words
    }

    fn selected(&mut self, node: NodeRef<'_>, word: &str) -> Option<Selected> {
        let selected = self.names.select(word);
        if selected.is_none() {
            let help = unknown_selector_help(self.names, word);
            self.wrong(node.span(), format!("`{word}` is not a rule or topic")).help = Some(help);
        }
        selected
    }

    fn selection(&mut self, node: NodeRef<'_>, key: &str) -> Selection {
        let mut selection = Selection::default();
        for word in self.words(node, key) {
            if let Some(selected) = self.selected(word, word.text()) {
                selection.0.push(self.at(word, selected));
            }
        }
        selection
    }

    fn file(&mut self, root: NodeRef<'_>) -> SettingsFile {
        let mut file = SettingsFile::default();
        if root.is_null() {
            return file;
        }
        for (name, _, value) in self.fields(root, "the settings file", KEYS) {
            let key = &*name;
            match key {
                "version" if value.text() == "1" => {}
                "version" => {
                    self.wrong(value.span(), "this kubeready reads settings of `version: 1`");
                }
                "profile" => file.profile = self.profile(value),
                "kubernetes-version" => file.kubernetes_version = self.version(value),
                "fail-on" => {
                    let known: Vec<_> = FailOn::ALL.iter().map(|v| v.name()).collect();
                    file.fail_on = self.word(value, key, &known, FailOn::from_name);
                }
                "min-confidence" => {
                    let known: Vec<_> = Confidence::ALL.iter().map(|v| v.name()).collect();
                    file.min_confidence = self.word(value, key, &known, Confidence::from_name);
                }
                "strict" => file.strict = self.bool(value, key),
                "hidden" => file.hidden = self.bool(value, key),
                "select" => file.select = Some(self.selection(value, key)),
                "ignore" => file.ignore = self.selection(value, key),
                "include" => {
                    let globs = self.paths(value, key);
                    file.include = Some(self.at(value, globs));
                }
                "exclude" => {
                    let globs = self.paths(value, key);
                    file.exclude = Some(self.at(value, globs));
                }
                "rules" => file.rules = self.rules(value, true),
                "overrides" => file.overrides = self.overrides(value),
                "ignores" => file.ignores = self.ignores(value),
                "environments" => file.environments = self.groups(value, key),
                "clusters" => file.clusters = self.groups(value, key),
                "limits" => file.limits = self.limits(value),
                "charts" => {
                    let words = self.words(value, key);
                    let folder = |word: &NodeRef<'_>| self.at(*word, word.text().to_owned());
                    let folders = words.iter().map(folder).collect();
                    file.charts = Some(self.at(value, folders));
                }
                "baseline" => file.baseline = self.string(value, key),
                _ => {}
            }
        }
        let groups = [("environments", &file.environments), ("clusters", &file.clusters)];
        for (kind, groups) in groups {
            self.group_names(root, kind, groups);
        }
        file
    }

    fn profile(&mut self, node: NodeRef<'_>) -> Option<At<Profile>> {
        // `off` is a profile of rules, not of runs.
        let of = |word: &str| Profile::from_name(word).filter(|p| *p != Profile::Off);
        self.word(node, "profile", &["lab", "production", "critical"], of)
    }

    fn version(&mut self, node: NodeRef<'_>) -> Option<At<u16>> {
        let version = kubernetes_version(node.text());
        if version.is_none() {
            let message = format!("`{}` is not a Kubernetes version", node.text());
            self.wrong(node.span(), message).help = Some("write it as `1.33`".to_owned());
        }
        version.map(|value| self.at(node, value))
    }

    fn level(&mut self, node: NodeRef<'_>, key: &str) -> Option<At<Level>> {
        if node.is_scalar() && matches!(node.text(), "false" | "none" | "disabled" | "ignore") {
            let message = format!("`{}` is not a severity", node.text());
            self.wrong(node.span(), message).help = Some("did you mean `off`?".to_owned());
            return None;
        }
        if node.is_scalar() && Level::from_name(node.text()).is_none() {
            let known = ["off", "on", "advice", "warning", "error"];
            let message = format!("`{}` is not a severity", node.text());
            self.unknown(node.span(), message, node.text(), &known);
            return None;
        }
        self.word(node, key, &[], Level::from_name)
    }

    /// `options` says whether options may be given: they hold everywhere, so not in an override.
    fn rules(&mut self, node: NodeRef<'_>, options: bool) -> Vec<RuleEntry> {
        let mut entries = Vec::new();
        for (name, key, value) in self.entries(node, "`rules`") {
            let Some(selected) = self.selected(key, &name) else { continue };
            let mut entry = RuleEntry { selected, level: None, options: Vec::new() };
            if value.is_map() {
                self.rule(&name, value, options, &mut entry);
            } else if value.is_scalar() && !value.is_null() {
                entry.level = self.level(value, &name);
            } else {
                self.wrong_type(value, &format!("`{name}`"), "a severity or a map");
            }
            entries.push(entry);
        }
        entries
    }

    fn rule(&mut self, name: &str, node: NodeRef<'_>, options: bool, entry: &mut RuleEntry) {
        for (key, at, value) in self.fields(node, &format!("the rule `{name}`"), RULE_KEYS) {
            if key == "severity" {
                entry.level = self.level(value, "severity");
                continue;
            }
            let Selected::Rule(id) = entry.selected else {
                self.wrong(at.span(), format!("`{name}` is no single rule and has no options"));
                continue;
            };
            if !options {
                self.wrong(at.span(), "options cannot differ by place").help =
                    Some("set them under the `rules` of the whole file".to_owned());
                continue;
            }
            let names = self.names;
            if let Some(rule) = names.rules().get(usize::from(id.0)) {
                self.options(rule, value, entry);
            }
        }
    }

    fn options(&mut self, rule: &Rule, node: NodeRef<'_>, entry: &mut RuleEntry) {
        if rule.options.is_empty() {
            self.wrong(node.span(), format!("the rule `{}` has no options", rule.name));
            return;
        }
        let known: Vec<&str> = rule.options.iter().map(|o| o.name).collect();
        for (name, _, value) in
            self.fields(node, &format!("the options of `{}`", rule.name), &known)
        {
            let Some(option) = rule.options.iter().find(|o| o.name == &*name) else { continue };
            if let Some(found) = self.option(&name, option.default, value) {
                entry.options.push((name.into_owned(), found, self.line(value)));
            }
        }
    }

    fn option(
        &mut self,
        name: &str,
        default: OptionDefault,
        node: NodeRef<'_>,
    ) -> Option<OptionValue> {
        let (found, expected) = match default {
            OptionDefault::Bool(_) => (node.as_bool().map(OptionValue::Bool), "`true` or `false`"),
            OptionDefault::Int(_) => (node.as_i64().map(OptionValue::Int), "a whole number"),
            OptionDefault::Str(_) => {
                let text = node.is_scalar().then(|| node.text().to_owned());
                (text.map(OptionValue::Str), "a text")
            }
            OptionDefault::List(_) => {
                let scalars = node.items().all(NodeRef::is_scalar);
                let items = || node.items().map(|n| n.text().to_owned()).collect();
                let list = (node.is_seq() && scalars).then(items);
                (list.map(OptionValue::List), "a list of words")
            }
        };
        if found.is_none() {
            self.wrong_type(node, &format!("the option `{name}`"), expected);
        }
        found
    }

    /// Items of a list of maps.
    fn list<'t>(&mut self, node: NodeRef<'t>, key: &str) -> Vec<NodeRef<'t>> {
        if !node.is_seq() {
            self.wrong_type(node, &format!("`{key}`"), "a list");
            return Vec::new();
        }
        node.items().collect()
    }

    fn filter(&mut self, key: &str, value: NodeRef<'_>, filter: &mut Filter) {
        match key {
            "paths" => filter.paths = Some(self.paths(value, key)),
            "environments" => filter.environments = Some(self.globs(value, key)),
            "clusters" => filter.clusters = Some(self.globs(value, key)),
            "namespaces" => filter.namespaces = Some(self.globs(value, key)),
            "kinds" => filter.kinds = Some(self.globs(value, key)),
            "names" => filter.names = Some(self.globs(value, key)),
            _ => {}
        }
    }

    fn overrides(&mut self, node: NodeRef<'_>) -> Vec<Override> {
        let mut overrides = Vec::new();
        for item in self.list(node, "overrides") {
            let mut one = Override {
                filter: Filter::default(),
                profile: None,
                rules: Vec::new(),
                reason: None,
                span: item.span(),
                line: self.line(item),
            };
            let fields = self.fields(item, "an override", OVERRIDE_KEYS);
            let filtered = fields.iter().any(|(name, ..)| FILTER_KEYS.contains(&&**name));
            let changes = fields.iter().any(|(name, ..)| matches!(&**name, "rules" | "profile"));
            if item.is_map() && !filtered {
                self.wrong(head(item), "an override that says nothing of where").help =
                    Some(format!("add one of {}", listed(FILTER_KEYS)));
            }
            if item.is_map() && !changes {
                self.wrong(head(item), "an override that changes nothing").help =
                    Some("add `rules` or `profile`".to_owned());
            }
            for (key, _, value) in fields {
                match &*key {
                    "rules" => one.rules = self.rules(value, false),
                    "profile" => one.profile = self.profile(value),
                    "reason" => one.reason = self.string(value, "reason").map(|at| at.value),
                    filter => self.filter(filter, value, &mut one.filter),
                }
            }
            // Without its `where` it would hold everywhere, which nobody wrote.
            if filtered {
                overrides.push(one);
            }
        }
        overrides
    }

    fn ignores(&mut self, node: NodeRef<'_>) -> Vec<Ignore> {
        let mut ignores = Vec::new();
        for item in self.list(node, "ignores") {
            let (mut filter, mut rules, mut names) = (Filter::default(), None, Vec::new());
            let (mut reason, mut until) = (None, None);
            let before = self.problems.len();
            for (key, _, value) in self.fields(item, "an ignore", IGNORE_KEYS) {
                match &*key {
                    "rules" => {
                        names = self
                            .words(value, "rules")
                            .iter()
                            .map(|n| n.text().to_owned())
                            .collect();
                        // The words were looked at: what is wrong with their types is said.
                        let known = self.problems.len();
                        rules = Some(self.selection(value, "rules"));
                        self.drop_repeated(known, before);
                    }
                    "reason" => reason = self.string(value, "reason").map(|at| at.value),
                    "until" => until = self.date(value),
                    filtered => self.filter(filtered, value, &mut filter),
                }
            }
            if !item.is_map() {
                continue;
            }
            if rules.is_none() {
                self.wrong(head(item), "an ignore that names no rules").help =
                    Some("add `rules: [NAME]`; `ALL` is every rule".to_owned());
            }
            if reason.is_none()
                && !self.problems[before..].iter().any(|p| p.message.contains("`reason`"))
            {
                self.wrong(head(item), "an ignore without a reason").help =
                    Some("add `reason`: what makes these findings acceptable?".to_owned());
            }
            if let (Some(rules), Some(reason)) = (rules, reason) {
                ignores.push(Ignore { names, rules, filter, reason, until, span: item.span() });
            }
        }
        ignores
    }

    /// Takes away problems from `from` on that say again what one from `before` on says.
    fn drop_repeated(&mut self, from: usize, before: usize) {
        let fresh = self.problems.split_off(from);
        let known: Vec<Problem> = self.problems[before..].to_vec();
        self.problems.extend(fresh.into_iter().filter(|p| !known.contains(p)));
    }

    fn date(&mut self, node: NodeRef<'_>) -> Option<Date> {
        let found = date(node.text());
        if found.is_none() {
            let message = format!("`{}` is not a day", node.text());
            self.wrong(node.span(), message).help = Some("write it as `2027-01-31`".to_owned());
        }
        found
    }

    fn groups(&mut self, node: NodeRef<'_>, key: &str) -> Vec<Group> {
        let mut groups = Vec::new();
        for (name, at, value) in self.entries(node, &format!("`{key}`")) {
            let mut group = Group {
                name: name.clone().into_owned(),
                paths: PathGlobs::default(),
                profile: None,
                line: self.line(at),
            };
            let mut placed = false;
            for (field, _, value) in self.fields(value, &format!("`{name}`"), GROUP_KEYS) {
                match &*field {
                    "paths" => {
                        placed = true;
                        group.paths = self.paths(value, "paths");
                    }
                    _ => group.profile = self.profile(value),
                }
            }
            if value.is_map() && !placed && group.profile.is_none() {
                self.wrong(at.span(), format!("`{name}` has neither `paths` nor `profile`"));
            }
            groups.push(group);
        }
        groups
    }

    /// An override that names an environment nobody declared is most often a slip of the pen.
    fn group_names(&mut self, root: NodeRef<'_>, kind: &str, groups: &[Group]) {
        if groups.is_empty() {
            return;
        }
        let known: Vec<&str> = groups.iter().map(|g| g.name.as_str()).collect();
        for list in ["overrides", "ignores"] {
            for item in root.items_at(list) {
                let Some(words) = item.get(kind) else { continue };
                let alone = words.is_scalar().then_some(words);
                for word in alone.into_iter().chain(words.items()).filter(|w| w.is_scalar()) {
                    let Ok(glob) = WordGlobs::new([word.text()], false) else { continue };
                    if !known.iter().any(|name| glob.is_match(name)) {
                        let message = format!("`{}` is not one of the `{kind}`", word.text());
                        self.unknown(word.span(), message, word.text(), &known);
                    }
                }
            }
        }
    }

    fn limits(&mut self, node: NodeRef<'_>) -> Vec<(&'static Limit, At<u64>)> {
        let names = LIMITS.each_ref().map(|limit| limit.name);
        let mut found = Vec::new();
        for (key, _, value) in self.fields(node, "`limits`", &names) {
            let Some(limit) = LIMITS.iter().find(|limit| limit.name == key) else { continue };
            if let Some(number) = limit.parse(value.text()) {
                found.push((limit, self.at(value, number)));
                continue;
            }
            let message = format!("`{}` is not {}", value.text(), limit.wants());
            let default = limit.get(&Limits::default());
            let example = if default == NONE { "10m".into() } else { limit.shown(default) };
            self.wrong(value.span(), message).help = Some(format!("write it as `{example}`"));
        }
        found
    }
}

/// What to say about a word that selects nothing.
pub(super) fn unknown_selector_help(names: &Names, word: &str) -> String {
    match word.split_once(':') {
        Some(("episode", _)) => "episodes are `episode:1` to `episode:10`".to_owned(),
        Some(("item", _)) => "items are `item:1` to `item:6` and `item:plus`".to_owned(),
        _ => match names.nearest(word) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`kubeready rules` lists them all".to_owned(),
        },
    }
}

/// Where a mistake about a whole item stands: its first key.
fn head(item: NodeRef<'_>) -> Span {
    item.entries().next().map_or(item.span(), |(key, _)| key.span())
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    quoted.join(", ")
}

fn type_name(node: NodeRef<'_>) -> &'static str {
    if node.is_map() {
        "a map"
    } else if node.is_seq() {
        "a list"
    } else {
        node.scalar().map_or("nothing", |scalar| scalar.type_name())
    }
}
