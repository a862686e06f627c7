//! Last words about what charts printed: which value to set in which file, and how many more objects
//! have the same.

use std::collections::BTreeSet;

use crate::catalogue::Confidence;
use crate::finding::{Finding, InChart, Setting};
use crate::source::{SourceId, Sources, Span};

/// What lies in a chart of others: where its user may change something.
#[derive(Clone, Copy, Debug)]
pub struct Elsewhere {
    /// The entry of the dependency in the nearest chart of one's own.
    pub dependency: Span,
    /// The values of that chart.
    pub values: Option<SourceId>,
    /// It lies in an archive, where nobody edits anything.
    pub archive: bool,
}

/// Says in each finding about something that a chart printed what can only be said once findings are
/// merged. `elsewhere` tells of files that lie in charts of others.
pub fn finish(
    findings: &mut [Finding],
    sources: &Sources,
    elsewhere: &dyn Fn(SourceId) -> Option<Elsewhere>,
) {
    for finding in findings {
        let Some(in_chart) = finding.in_chart.take() else { continue };
        finding.message.push_str(&more(&in_chart));
        if let Some(setting) = &in_chart.setting {
            let file = file(&in_chart, setting, finding.span, elsewhere);
            advise(finding, setting, file, sources);
        }
        if in_chart.likely {
            finding.confidence = finding.confidence.min(Confidence::Likely);
            let word = "the chart is not at hand: this is what charts usually make of such values";
            finding.help = Some(match finding.help.take() {
                Some(help) => format!("{help} ({word})"),
                None => word.to_owned(),
            });
        }
        one_line(&mut finding.span, sources);
        finding.in_chart = Some(in_chart);
    }
}

/// ` (and 2 more objects)`: counted in the release that has the most.
fn more(in_chart: &InChart) -> String {
    let mut most = (0, 0);
    let subjects: Vec<_> = in_chart.subjects.iter().collect();
    for of_tree in subjects.chunk_by(|a, b| a.0 == b.0) {
        let objects = of_tree.chunk_by(|a, b| a.1 == b.1).count();
        most = most.max((objects, of_tree.len()));
    }
    let said = |number: usize, what: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!(" (and {number} more {what}{s})")
    };
    match most {
        (2.., _) => said(most.0 - 1, "object"),
        (_, 2..) => said(most.1 - 1, "container"),
        _ => String::new(),
    }
}

/// The file to set a value in.
fn file(
    in_chart: &InChart,
    setting: &Setting,
    at: Span,
    elsewhere: &dyn Fn(SourceId) -> Option<Elsewhere>,
) -> Option<SourceId> {
    let mut own: BTreeSet<SourceId> = BTreeSet::new();
    for &file in &setting.files {
        own.extend(elsewhere(file).map_or(Some(file), |by| by.values));
    }
    if let (Some(file), 1) = (own.first(), own.len()) {
        return Some(*file);
    }
    // One place mends all releases, or the chart as nobody in particular installs it.
    match elsewhere(at.source) {
        Some(by) => by.values,
        None => Some(at.source).filter(|_| !in_chart.templates.contains(&at)),
    }
}

fn advise(finding: &mut Finding, setting: &Setting, file: Option<SourceId>, sources: &Sources) {
    let place = match file {
        Some(file) => format!("in {}", shown(sources, file, finding.span.source)),
        None => "in the values of the chart".to_owned(),
    };
    let path = &setting.path;
    let help = finding.help.take();
    let Some(field) = &setting.field else {
        // What is written needs no word where it is written.
        finding.help = match help {
            help if file == Some(finding.span.source) => help,
            Some(help) => Some(format!("{help}; the value is `{path}`, to be set {place}")),
            None => Some(format!("set `{path}` {place}")),
        };
        return;
    };
    finding.help = Some(match help {
        None => format!("set `{path}` {place}"),
        Some(help) => {
            // `set `resources.limits.memory` above …` names the field itself.
            let named = help.strip_prefix("set `").and_then(|rest| rest.split_once('`'));
            let (name, value) = named.map_or(("", ""), |(name, _)| {
                name.split_once(':').map_or((name, ""), |(name, value)| (name, value.trim()))
            });
            let is_field = !name.is_empty()
                && (name == field || ends(field, name) || ends(name, field) || ends(path, name));
            match named {
                Some((_, rest)) if is_field && value.is_empty() => {
                    format!("set `{path}` {place}{rest}")
                }
                Some((_, rest)) if is_field && ends(&format!(".{path}"), last(name)) => {
                    format!("set `{path}: {value}` {place}{rest}")
                }
                _ => format!("set `{path}` {place}: {help}"),
            }
        }
    });
}

/// Whether a path ends with the steps of another.
fn ends(path: &str, steps: &str) -> bool {
    path.strip_suffix(steps).is_some_and(|before| before.ends_with('.'))
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The name of a file: its last part where the finding lies beside or below it.
fn shown(sources: &Sources, file: SourceId, beside: SourceId) -> String {
    let path = &*sources.get(file).path;
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let folder = path.strip_suffix(name).unwrap_or(path);
    let near = sources.get(beside).path.starts_with(folder);
    if near { name.to_owned() } else { path.to_owned() }
}

/// A place of many lines is shown by its first.
fn one_line(span: &mut Span, sources: &Sources) {
    let text = &sources.get(span.source).text;
    let shown = text.get(span.start as usize..span.end as usize).unwrap_or("");
    if let Some(end) = shown.find('\n') {
        span.end = span.start + shown.get(..end).unwrap_or("").trim_end().len() as u32;
    }
}
