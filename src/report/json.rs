//! The machine's report, version 1, described by `schemas/report-v1.schema.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Places, Report, concise};
use crate::finding::Finding;
use crate::fleet::Destination;
use crate::problem::{Level, Location, Problem};
use crate::source::Span;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(&report.sources);
    let document = Document {
        version: 1,
        findings: Findings(report, &places),
        problems: Problems(report, &places),
        summary: summary(report),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'r> {
    version: u8,
    findings: Findings<'r>,
    problems: Problems<'r>,
    summary: SummaryV1<'r>,
}

/// Written one at a time, so that fifty thousand findings need no second copy.
struct Findings<'r>(&'r Report, &'r Places<'r>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.findings.iter().map(|f| finding(f, self.1)))
    }
}

struct Problems<'r>(&'r Report, &'r Places<'r>);

impl Serialize for Problems<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.problems.iter().map(|p| problem(p, self.1)))
    }
}

#[derive(Serialize)]
struct FindingV1<'r> {
    rule: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: &'r str,
    #[serde(flatten)]
    place: PlaceV1<'r>,
    start: u32,
    end: u32,
    resource: Option<ResourceV1<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'r str>,
    field: &'r str,
    help: Option<&'r str>,
    episode: u8,
    item: &'static str,
    fingerprint: String,
    related: Vec<RelatedV1<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sets: Vec<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environments: Vec<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clusters: Vec<&'r str>,
}

#[derive(Serialize)]
struct PlaceV1<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct ResourceV1<'r> {
    kind: &'r str,
    namespace: Option<&'r str>,
    name: &'r str,
}

#[derive(Serialize)]
struct RelatedV1<'r> {
    message: &'r str,
    #[serde(flatten)]
    place: PlaceV1<'r>,
}

#[derive(Serialize)]
struct ProblemV1<'r> {
    level: &'static str,
    code: &'static str,
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
}

#[derive(Serialize)]
struct SummaryV1<'r> {
    files: u32,
    manifests: u32,
    documents: u32,
    objects: u32,
    left_alone: &'r BTreeMap<&'static str, u32>,
    not_rendered: BTreeMap<&'static str, u32>,
    suppressed: u32,
    findings: FindingCountsV1,
    problems: ProblemCountsV1,
    profile: &'static str,
    kubernetes_version: String,
}

#[derive(Serialize)]
struct FindingCountsV1 {
    error: u32,
    warning: u32,
    advice: u32,
}

#[derive(Serialize)]
struct ProblemCountsV1 {
    error: usize,
    note: usize,
}

fn finding<'r>(finding: &'r Finding, places: &Places<'r>) -> FindingV1<'r> {
    let rule = finding.rule.rule();
    let place = place(finding.span, places);
    FindingV1 {
        rule: rule.name,
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        message: &finding.message,
        fingerprint: finding.fingerprint(rule.name, places.from_root(finding.span)),
        place,
        start: finding.span.start,
        end: finding.span.end,
        resource: finding.resource.as_ref().map(|r| ResourceV1 {
            kind: &r.kind,
            namespace: r.namespace.as_deref(),
            name: &r.name,
        }),
        container: finding.container.as_deref(),
        field: &finding.field,
        help: finding.help.as_deref(),
        episode: rule.episode,
        item: rule.item.name(),
        related: (finding.related.iter())
            .map(|label| RelatedV1 {
                message: &label.message,
                place: self::place(label.span, places),
            })
            .collect(),
        sets: each(finding, |d| Some(&d.set)),
        environments: each(finding, |d| d.environment.as_ref()),
        clusters: each(finding, |d| d.cluster.as_ref()),
    }
}

/// What the destinations of a finding say, each once and sorted.
fn each<'r>(
    finding: &'r Finding,
    word: impl Fn(&'r Destination) -> Option<&'r String>,
) -> Vec<&'r str> {
    let words: BTreeSet<&str> =
        finding.destinations.iter().filter_map(|d| word(d)).map(String::as_str).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn place<'r>(span: Span, places: &Places<'r>) -> PlaceV1<'r> {
    let region = places.region(span);
    PlaceV1 {
        file: region.path,
        line: region.start.line,
        column: region.start.column,
        end_line: region.end.line,
        end_column: region.end.column,
    }
}

fn problem<'r>(problem: &'r Problem, places: &Places<'r>) -> ProblemV1<'r> {
    let (file, position) = match &problem.location {
        Location::Path(path) => (Some(&**path), None),
        Location::Span(span) => {
            let region = places.region(*span);
            (Some(region.path), Some(region.start))
        }
        Location::None => (None, None),
    };
    ProblemV1 {
        level: concise::level(problem.level),
        code: problem.code,
        message: &problem.message,
        file,
        line: position.map(|p| p.line),
        column: position.map(|p| p.column),
        help: problem.help.as_deref(),
        rule: problem.rule,
    }
}

fn summary(report: &Report) -> SummaryV1<'_> {
    let summary = &report.summary;
    let counts = report.counts();
    let problems = |level| report.problems.iter().filter(|p| p.level == level).count();
    SummaryV1 {
        files: summary.files_read,
        manifests: summary.manifests,
        documents: summary.documents,
        objects: summary.objects,
        left_alone: &summary.left_alone,
        not_rendered: summary.not_rendered(),
        suppressed: summary.suppressed,
        findings: FindingCountsV1 {
            error: counts.error,
            warning: counts.warning,
            advice: counts.advice,
        },
        problems: ProblemCountsV1 { error: problems(Level::Error), note: problems(Level::Note) },
        profile: summary.profile.name(),
        kubernetes_version: format!("1.{}", summary.kubernetes_version),
    }
}
