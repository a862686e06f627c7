#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! Renderers: what a run has to say, as one of several outputs. Pure functions of a [`Report`]; the
//! same report gives the same bytes on every machine.

pub mod checklist;
mod concise;
pub mod fleet;
mod github;
mod json;
pub mod markdown;
pub mod page;
mod places;
mod pretty;
mod sarif;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::catalogue::{Profile, Severity};
use crate::finding::Finding;
use crate::fleet::Destination;
use crate::problem::{Code, Level, Problem};
use crate::settings::FailOn;
use crate::source::Sources;

pub use places::Places;
pub use text::{clean, count};

/// The JSON Schema of `--output json`.
pub const JSON_SCHEMA: &str = include_str!("../../schemas/report-v1.schema.json");

/// Everything a run has to say; the input of every renderer.
#[derive(Clone, Debug)]
pub struct Report {
    pub sources: Sources,
    /// Sorted by file, span and rule.
    pub findings: Vec<Box<Finding>>,
    pub problems: Vec<Problem>,
    pub summary: Summary,
    /// Clusters, environments and variants, sorted by name.
    pub places: Vec<PlaceSummary>,
}

/// A cluster, environment or variant, and what was looked at there.
#[derive(Clone, Debug)]
pub struct PlaceSummary {
    /// Its `set` is empty.
    pub destination: Destination,
    /// Roots and deliveries that bring something there, sorted.
    pub sets: Vec<String>,
    pub objects: u32,
    /// Whether any rule of an item found something to look at, in the order of the items.
    pub examined: Vec<bool>,
    /// Something that belongs there could not be rendered.
    pub partial: bool,
}

/// What was looked at, and what was not.
#[derive(Clone, Debug)]
pub struct Summary {
    pub files_read: u32,
    /// Files that hold Kubernetes objects.
    pub manifests: u32,
    pub documents: u32,
    pub objects: u32,
    /// Kinds of files recognised and left alone, and how many.
    pub left_alone: BTreeMap<&'static str, u32>,
    /// Helm templates, which were not rendered.
    pub helm_templates: u32,
    /// Manifests that reach a cluster through a kustomization, which was not rendered.
    pub kustomize_manifests: u32,
    /// Patches of kustomizations.
    pub kustomize_patches: u32,
    /// Findings taken away by suppressions.
    pub suppressed: u32,
    /// Subjects each rule looked at, in catalogue order.
    pub examined: Vec<u32>,
    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub kubernetes_version: u16,
    pub profile: Profile,
}

impl Summary {
    /// What needs a renderer that did not run, in the singular, and how many.
    pub fn not_rendered(&self) -> BTreeMap<&'static str, u32> {
        let kinds = [
            ("Helm template", self.helm_templates),
            ("Kustomize manifest", self.kustomize_manifests),
            ("Kustomize patch", self.kustomize_patches),
        ];
        kinds.into_iter().filter(|(_, number)| *number > 0).collect()
    }
}

/// Findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub error: u32,
    pub warning: u32,
    pub advice: u32,
}

impl Counts {
    pub fn of(findings: &[Box<Finding>]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => counts.error += 1,
                Severity::Warning => counts.warning += 1,
                Severity::Advice => counts.advice += 1,
            }
        }
        counts
    }

    pub fn total(self) -> u32 {
        self.error + self.warning + self.advice
    }
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Clean,
    /// Findings at or above `--fail-on`.
    Findings,
    /// It could not do its job.
    Failed,
}

impl Exit {
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl Report {
    /// A run that ended before it looked at anything.
    pub fn of_problems(sources: Sources, problems: Vec<Problem>) -> Self {
        let summary = Summary {
            files_read: 0,
            manifests: 0,
            documents: 0,
            objects: 0,
            left_alone: BTreeMap::new(),
            helm_templates: 0,
            kustomize_manifests: 0,
            kustomize_patches: 0,
            suppressed: 0,
            examined: vec![0; crate::catalogue::CATALOGUE.len()],
            kubernetes_version: kubeready_typed::NEWEST,
            profile: Profile::Production,
        };
        Self { sources, findings: Vec::new(), problems, summary, places: Vec::new() }
    }

    /// Makes every note an error, and what nobody rendered: `--strict`.
    pub fn make_strict(&mut self) {
        for problem in self.problems.iter_mut().filter(|problem| !problem.aside) {
            problem.level = Level::Error;
        }
        let templates = self.summary.helm_templates;
        if templates > 0 {
            let message =
                format!("not rendered, so not judged: {}", count(templates, "Helm template"));
            let help = "check what `helm template` prints, and exclude the templates";
            self.problems.push(Problem::error(Code::NotRendered, message).help(help));
        }
    }

    /// Whether something could not be judged, so that the verdict is not complete.
    pub fn is_incomplete(&self) -> bool {
        self.problems.iter().any(|p| p.level == Level::Error)
    }

    pub fn counts(&self) -> Counts {
        Counts::of(&self.findings)
    }

    /// 2 beats 1 beats 0.
    pub fn exit(&self, fail_on: FailOn) -> Exit {
        if self.is_incomplete() {
            Exit::Failed
        } else if self.findings.iter().any(|f| fail_on.fails(f.severity)) {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }
}

/// A form that a report can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Pretty,
    Concise,
    Json,
    Sarif,
    Github,
}

impl Format {
    pub const ALL: &'static [Self] =
        &[Self::Pretty, Self::Concise, Self::Json, Self::Sarif, Self::Github];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.name() == name)
    }
}

/// What the reader's terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// For files and pipes.
    pub const PLAIN: Self = Self { color: false, unicode: true, width: 100 };
}

/// Writes a report in one of its forms.
pub fn render(
    report: &Report,
    format: Format,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Pretty => pretty::write(report, style, out),
        Format::Concise => concise::write(report, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, out),
    }
}
