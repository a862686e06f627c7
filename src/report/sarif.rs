//! SARIF 2.1.0, for code scanning and editors.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Places, Report, page};
use crate::catalogue::{self, Confidence, Item, Rule, RuleId, Severity};
use crate::finding::{Finding, ResourceId};
use crate::problem::{Level, Location, Problem};
use crate::source::Span;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(&report.sources);
    let rules = Rules::of(report);
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: tool(&rules),
            invocations: [invocation(report, &rules, &places)],
            results: Results { report, rules: &rules, places: &places },
            column_kind: "unicodeCodePoints",
        }],
    };
    serde_json::to_writer(&mut *out, &log)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    invocations: [Value; 1],
    results: Results<'r>,
    column_kind: &'static str,
}

/// Written one at a time.
struct Results<'r> {
    report: &'r Report,
    rules: &'r Rules,
    places: &'r Places<'r>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let each = self.report.findings.iter().map(|f| result(f, self.rules, self.places));
        serializer.collect_seq(each)
    }
}

/// The rules that the log speaks of, in catalogue order, and their places in `rules`.
struct Rules(BTreeMap<RuleId, usize>);

impl Rules {
    fn of(report: &Report) -> Self {
        let named = report.problems.iter().filter_map(|p| p.rule.and_then(catalogue::find));
        let mut rules: Vec<RuleId> = report.findings.iter().map(|f| f.rule).chain(named).collect();
        rules.sort_unstable();
        rules.dedup();
        Self(rules.into_iter().enumerate().map(|(at, rule)| (rule, at)).collect())
    }
}

fn tool(rules: &Rules) -> Value {
    json!({ "driver": {
        "name": "kubeready",
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.0.keys().map(|id| descriptor(id.rule())).collect::<Vec<_>>(),
    }})
}

fn descriptor(rule: &Rule) -> Value {
    let mut tags = vec![
        "kubernetes".to_owned(),
        rule.topic.to_owned(),
        format!("episode-{}", rule.episode),
        format!("item-{}", rule.item),
    ];
    let mut properties = json!({
        "episode": rule.episode,
        "item": rule.item.name(),
        "precision": match rule.confidence {
            Confidence::Certain => "very-high",
            Confidence::Likely => "high",
            Confidence::Hint => "medium",
        },
        "problem.severity": match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "recommendation",
        },
    });
    if rule.item == Item::Security {
        tags.insert(0, "security".to_owned());
        // GitHub's bands: 7.0 to 8.9 high, 4.0 to 6.9 medium, below that low.
        properties["security-severity"] = json!(match rule.severity {
            Severity::Error => "8.0",
            Severity::Warning => "5.5",
            Severity::Advice => "2.0",
        });
    }
    properties["tags"] = json!(tags);
    let url = page::url(rule);
    json!({
        "id": rule.name,
        "name": pascal(rule.name),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.summary },
        "help": {
            "text": format!("{}\n\n{url}", rule.why),
            "markdown": rule.page,
        },
        "helpUri": url,
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": properties,
    })
}

/// `missing-memory-limit` as SARIF wants symbols: `MissingMemoryLimit`.
fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split('-') {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

fn result(finding: &Finding, rules: &Rules, places: &Places<'_>) -> Value {
    let rule = finding.rule.rule();
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message_in_places()),
        None => finding.message_in_places(),
    };
    let mut location = location(finding.span, places);
    if let Some(resource) = &finding.resource {
        location["logicalLocations"] = json!([logical(resource)]);
    }
    let mut result = json!({
        "ruleId": rule.name,
        "ruleIndex": rules.0.get(&finding.rule),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location],
        "partialFingerprints": { "kubereadyFingerprint/v1": finding.fingerprint(rule.name, places.from_root(finding.span)) },
    });
    if !finding.field.is_empty() {
        result["properties"]["field"] = json!(finding.field);
    }
    let names = finding.place_names();
    if !names.is_empty() {
        result["properties"]["places"] = json!(names);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(at, label)| {
            let mut location = self::location(label.span, places);
            location["id"] = json!(at);
            location["message"] = json!({ "text": label.message });
            location
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn logical(resource: &ResourceId) -> Value {
    let full = match &resource.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", resource.kind, resource.name),
        None => format!("{}/{}", resource.kind, resource.name),
    };
    json!({ "name": resource.name, "fullyQualifiedName": full, "kind": "resource" })
}

fn location(span: Span, places: &Places<'_>) -> Value {
    let region = places.region(span);
    let (offset, length) = places.chars(span);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(region.path), "uriBaseId": "%SRCROOT%" },
        "region": {
            "startLine": region.start.line,
            "startColumn": region.start.column,
            "endLine": region.end.line,
            "endColumn": region.end.column,
            "charOffset": offset,
            "charLength": length,
        },
    }})
}

/// A path as a relative URI reference: everything that is not plainly a path is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path.as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn invocation(report: &Report, rules: &Rules, places: &Places<'_>) -> Value {
    let notifications: Vec<_> =
        report.problems.iter().map(|p| notification(p, rules, places)).collect();
    json!({
        "executionSuccessful": !report.is_incomplete(),
        "toolExecutionNotifications": notifications,
    })
}

fn notification(problem: &Problem, rules: &Rules, places: &Places<'_>) -> Value {
    let text = match &problem.help {
        Some(help) => format!("{}\n{help}", problem.message),
        None => problem.message.clone(),
    };
    let mut notification = json!({
        "descriptor": { "id": problem.code },
        "level": match problem.level {
            Level::Error => "error",
            Level::Note => "note",
        },
        "message": { "text": text },
    });
    match &problem.location {
        Location::Path(path) => {
            notification["locations"] = json!([{ "physicalLocation": {
                "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
            }}]);
        }
        Location::Span(span) => notification["locations"] = json!([location(*span, places)]),
        Location::None => {}
    }
    if let Some(id) = problem.rule.and_then(catalogue::find) {
        notification["associatedRule"] = json!({ "id": id.rule().name, "index": rules.0.get(&id) });
    }
    notification
}
