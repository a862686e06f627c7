//! Judging a repository, and what holds of every report.

use std::sync::LazyLock;

use kubeready::check::{self, Request};
use kubeready::finding::Finding;
use kubeready::host::MemHost;
use kubeready::problem::Location;
use kubeready::report::{self, Format, Report, Style};
use kubeready::settings::{self, CommandLine, Settings};
use kubeready::source::{Sources, Span};

use crate::chance::is_turn;

/// Every rule, also those that no profile turns on.
static EVERY_RULE: LazyLock<Settings> = LazyLock::new(|| of(&CommandLine::default()));

/// The same without suppressions.
static NO_SUPPRESSIONS: LazyLock<Settings> =
    LazyLock::new(|| of(&CommandLine { no_suppress: true, ..CommandLine::default() }));

static TWO_THREADS: LazyLock<rayon::ThreadPool> =
    LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads"));

fn of(line: &CommandLine) -> Settings {
    let line = CommandLine { select: vec!["ALL".to_owned()], ..line.clone() };
    settings::resolve(None, &line).expect("every rule")
}

pub(crate) fn every_rule() -> &'static Settings {
    &EVERY_RULE
}

pub(crate) fn no_suppressions() -> &'static Settings {
    &NO_SUPPRESSIONS
}

pub(crate) fn request() -> Request {
    Request { paths: vec!["/".into()], root: "/".into(), threads: 1, ..Request::default() }
}

/// Judges all files, and looks whether the report is sound.
pub(crate) fn judge(host: &MemHost, settings: &Settings, dice: u64) -> Report {
    let report = check::check(host, &request(), settings);
    places_hold(&report);
    let bugs = report.problems.iter().filter(|problem| problem.code == "rule-failed").count();
    assert_eq!(bugs, 0, "a rule failed");
    writes(&report, dice);
    if is_turn(dice, 1, 32) {
        let first = written(&report, Format::Json, Style::PLAIN);
        let again = TWO_THREADS.install(|| check::check(host, &request(), settings));
        let second = written(&again, Format::Json, Style::PLAIN);
        assert_eq!(text(&first), text(&second), "two threads say something else");
    }
    report
}

/// Every span of a report lies in its source, on borders of characters.
pub(crate) fn places_hold(report: &Report) {
    for finding in &report.findings {
        for span in spans(finding) {
            holds(&report.sources, span, finding.rule.rule().name);
        }
    }
    for problem in &report.problems {
        if let Location::Span(span) = problem.location {
            holds(&report.sources, span, problem.code);
        }
    }
}

fn spans(finding: &Finding) -> Vec<Span> {
    let mut spans = vec![finding.span];
    spans.extend(finding.related.iter().map(|label| label.span));
    if let Some(chart) = &finding.in_chart {
        spans.extend(&chart.templates);
        spans.extend(chart.for_all);
        spans.extend(chart.entry);
    }
    spans
}

fn holds(sources: &Sources, span: Span, what: &str) {
    assert!((span.source.0 as usize) < sources.len(), "{what}: {span:?} names no source");
    let source = sources.get(span.source);
    let inside = source.text.get(span.start as usize..span.end as usize).is_some();
    assert!(inside, "{what}: {span:?} is outside of {}", source.path);
}

/// The forms of a report: some of them for each input, all of them over time.
fn writes(report: &Report, dice: u64) {
    if is_turn(dice, 2, 8) {
        let json = written(report, Format::Json, Style::PLAIN);
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let findings = json["findings"].as_array().map(Vec::len);
        assert_eq!(findings, Some(report.findings.len()), "findings in JSON");
    }
    if is_turn(dice, 3, 64) {
        let sarif = written(report, Format::Sarif, Style::PLAIN);
        let sarif: serde_json::Value = serde_json::from_slice(&sarif).expect("SARIF");
        let results = sarif["runs"][0]["results"].as_array().map(Vec::len);
        assert_eq!(results, Some(report.findings.len()), "results in SARIF");
    }
    if is_turn(dice, 4, 8) {
        let concise = written(report, Format::Concise, Style::PLAIN);
        let lines = text(&concise).lines().count();
        assert_eq!(lines, report.findings.len() + report.problems.len(), "one line each");
        is_safe(text(&concise));
    }
    if is_turn(dice, 5, 8) {
        let github = written(report, Format::Github, Style::PLAIN);
        // GitHub ends lines at both.
        for line in text(&github).split(['\n', '\r']).filter(|line| !line.is_empty()) {
            let commands = ["::error ", "::warning ", "::notice "];
            assert!(commands.iter().any(|c| line.starts_with(c)), "no command: {line:?}");
        }
    }
    if is_turn(dice, 6, 16) {
        let width = 1 + (dice >> 32) as usize % 120;
        let style = Style { color: dice & 1 == 0, unicode: dice & 2 == 0, width };
        let pretty = written(report, Format::Pretty, style);
        if !style.color {
            is_safe(text(&pretty));
        }
    }
    if is_turn(dice, 7, 16) {
        let mut out = Vec::new();
        report::checklist::write_pretty(report, Style::PLAIN, &mut out).expect("memory");
        report::checklist::write_markdown(report, &mut out).expect("memory");
        report::fleet::write_pretty(report, Style::PLAIN, &mut out).expect("memory");
        report::fleet::write_markdown(report, &mut out).expect("memory");
        is_safe(text(&out));
        for write in [report::checklist::write_json, report::fleet::write_json] {
            let mut out = Vec::new();
            write(report, &mut out).expect("memory");
            serde_json::from_slice::<serde_json::Value>(&out).expect("JSON");
        }
    }
}

/// A report in one of its forms.
pub(crate) fn written(report: &Report, format: Format, style: Style) -> Vec<u8> {
    let mut out = Vec::new();
    report::render(report, format, style, &mut out).expect("memory takes everything");
    out
}

fn text(out: &[u8]) -> &str {
    std::str::from_utf8(out).expect("UTF-8")
}

/// Nothing of a repository reaches the terminal as a command to it.
fn is_safe(text: &str) {
    let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!text.contains(bad), "a control character: {:?}", text.chars().find(|c| bad(*c)));
}
