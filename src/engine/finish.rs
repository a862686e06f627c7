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
    findings: &mut [Box<Finding>],
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
                // There is no `spec` in values.
                Some(help) => format!("{} ({word})", help.replacen("set `spec.", "set `", 1)),
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
    let here = setting.field.is_none() && file == Some(finding.span.source);
    let place = match file {
        // What is written needs no word where it is written.
        _ if here => String::new(),
        Some(file) => format!(" in {}", shown(sources, file, finding.span.source)),
        None => " in the values of the chart".to_owned(),
    };
    let path = &setting.path;
    let Some(help) = finding.help.take() else {
        finding.help = (!here).then(|| format!("set `{path}`{place}"));
        return;
    };
    let field = setting.field.as_deref().unwrap_or(&finding.field);
    // A switch such as `probes.enabled` is not what it turns on.
    let is_field = setting.field.is_none() || is_same_name(path, field);
    let said = if is_field { in_values(&help, field, path) } else { None };
    finding.help = Some(match (said, &setting.field) {
        (Some((set, rest)), _) => format!("set `{set}`{place}{rest}"),
        (None, Some(_)) if is_field => format!("set `{path}`{place}: {help}"),
        (None, Some(_)) => {
            let to = if is_switch(path) { ": true" } else { "" };
            let then = if help.starts_with("set `") { ", then" } else { ":" };
            format!("set `{path}{to}`{place}{then} {help}")
        }
        (None, None) if here => help,
        (None, None) => format!("{help}; the value is `{path}`, to be set{place}"),
    });
}

/// The help of a rule that begins with "set `FIELD`" as one about a value: what to set, and the rest
/// of the help.
fn in_values<'h>(help: &'h str, field: &str, path: &str) -> Option<(String, &'h str)> {
    let (named, rest) = help.strip_prefix("set `")?.split_once('`')?;
    let (name, value) = named.split_once(':').map_or((named, ""), |(name, value)| (name, value));
    // The rule may name less above the field, or more below it.
    let below = name.strip_prefix(field).filter(|below| below.starts_with('.')).unwrap_or("");
    let same = name == field || ends(field, name) || ends(name, field);
    if name.is_empty() || !same && below.is_empty() {
        return None;
    }
    let value = if value.is_empty() { String::new() } else { format!(":{value}") };
    Some((format!("{path}{below}{value}"), rest))
}

/// Whether the last step of a value's path is named like that of a field: `podSecurityContext` is a
/// `securityContext`.
fn is_same_name(path: &str, field: &str) -> bool {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    last(path).ends_with(&last(field))
}

/// Whether a value turns something on: `securityContext.enabled`.
fn is_switch(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("enabled" | "enable" | "create"))
}

/// Whether a path ends with the steps of another.
fn ends(path: &str, steps: &str) -> bool {
    path.strip_suffix(steps).is_some_and(|before| before.ends_with('.'))
}

/// The name of a file: its last part where the finding lies beside or below it, but not in a subchart,
/// which has a file of that name itself.
fn shown(sources: &Sources, file: SourceId, beside: SourceId) -> String {
    let path = &*sources.get(file).path;
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let folder = path.strip_suffix(name).unwrap_or(path);
    let below = sources.get(beside).path.strip_prefix(folder);
    let near = below.is_some_and(|below| !below.starts_with("charts/"));
    match (near, folder) {
        (true, _) => name.to_owned(),
        (false, "") => format!("./{path}"),
        _ => path.to_owned(),
    }
}

/// A place of many lines is shown by its first.
fn one_line(span: &mut Span, sources: &Sources) {
    let text = &sources.get(span.source).text;
    let shown = text.get(span.start as usize..span.end as usize).unwrap_or("");
    if let Some(end) = shown.find('\n') {
        span.end = span.start + shown.get(..end).unwrap_or("").trim_end().len() as u32;
    }
}
