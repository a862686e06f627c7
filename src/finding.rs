//! A rule's verdict at a place: owned data that outlives the trees.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalogue::{Confidence, RuleId, Severity};
use crate::fleet::Destination;
use crate::source::{SourceId, Span};

/// A place with a word about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

/// The object a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    pub kind: String,
    /// As resolved; `None` if cluster-scoped or unknown.
    pub namespace: Option<String>,
    /// Empty when only `generateName` is given.
    pub name: String,
}

/// Where a value of a chart is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its path in the values: `image.tag`.
    pub path: String,
    /// What the rule's help calls it, where the value is missing: `resources.limits.memory`.
    pub field: Option<String>,
    /// The files to set it in, one for each release that has values of its own.
    pub files: BTreeSet<SourceId>,
}

/// What a finding about something that a chart printed knows beside its place.
#[derive(Clone, Debug, Default)]
pub struct InChart {
    /// The lines of templates that print it.
    pub templates: BTreeSet<Span>,
    /// What it was found in: tree, position of the object, position of the container.
    pub subjects: BTreeSet<(SourceId, u32, u32)>,
    pub setting: Option<Setting>,
    /// Where the setting would be added for all who install the chart, if nobody has it.
    pub for_all: Option<Span>,
    /// What installs the chart: a delivery, an entry of a kustomization.
    pub entry: Option<Span>,
    /// It was not rendered, but goes by what charts usually make of such values.
    pub likely: bool,
}

/// What a rule found. Made by [`crate::engine::Ctx::report`].
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: RuleId,
    /// The rule's, until profile and settings decide.
    pub severity: Severity,
    pub confidence: Confidence,
    /// What is wrong, in one line with the object's own names in backticks; no full stop.
    pub message: String,
    /// Where to look: the value, or the key that a person would extend.
    pub span: Span,
    /// What the underline says: short, such as `missing here`.
    pub label: String,
    /// Path of the field from the object's root, written or not:
    /// `spec.template.spec.containers[0].image`.
    pub field: String,
    pub resource: Option<ResourceId>,
    pub container: Option<String>,
    /// What to do, naming the field and a value; ends without a full stop.
    pub help: Option<String>,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// Where the object goes, sorted; empty where nothing is known.
    pub destinations: Vec<Arc<Destination>>,
    /// Of what a chart printed.
    pub in_chart: Option<Box<InChart>>,
}

impl Finding {
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    pub fn label(&mut self, text: impl Into<String>) -> &mut Self {
        self.label = text.into();
        self
    }

    pub fn related(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.related.push(Label { span, message: message.into() });
        self
    }

    /// For one finding of a rule that is worse or milder than the rule's page says.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    pub fn confidence(&mut self, confidence: Confidence) -> &mut Self {
        self.confidence = confidence;
        self
    }

    /// The object that the finding is about, where it is not the one being looked at.
    pub fn on(&mut self, resource: ResourceId) -> &mut Self {
        self.resource = Some(resource);
        self
    }

    /// What people call the places it is found in, each once; empty where nothing is known.
    pub fn place_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.destinations.iter().map(|d| d.name()).collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| !name.is_empty() && seen.insert(*name));
        names
    }

    /// `in prod-eu, prod-us and 18 more`; `None` where nothing is known but the one root that brings
    /// it in, which the finding's own line tells well enough.
    pub fn places(&self) -> Option<String> {
        Some(match self.place_names().as_slice() {
            [] => return None,
            [_] if self.destinations.iter().all(|d| d.is_anywhere()) => return None,
            [one] => format!("in {one}"),
            [one, two] => format!("in {one} and {two}"),
            [one, two, three] => format!("in {one}, {two} and {three}"),
            [one, two, more @ ..] => format!("in {one}, {two} and {} more", more.len()),
        })
    }

    /// The message with the places behind it.
    pub fn message_in_places(&self) -> String {
        // Rules that compare places name theirs.
        let said = |name: &&str| self.message.contains(&format!("`{name}`"));
        match self.places().filter(|_| !self.place_names().iter().all(said)) {
            Some(places) => format!("{}, {places}", self.message),
            None => self.message.clone(),
        }
    }

    /// Identity over time: rule, file, object, container and field, no line. 16 hexadecimal digits.
    pub fn fingerprint(&self, rule_name: &str, path: &str) -> String {
        // FNV-1a: stable between versions and machines, which the standard hasher does not promise.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |part: &str| {
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        add(rule_name);
        add(path);
        if let Some(resource) = &self.resource {
            add(&resource.kind);
            add(resource.namespace.as_deref().unwrap_or(""));
            add(&resource.name);
        }
        add(self.container.as_deref().unwrap_or(""));
        add(&self.field);
        format!("{hash:016x}")
    }
}
