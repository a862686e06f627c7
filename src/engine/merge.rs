//! One finding for a defect, however many roots bring it to however many places.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::charts::PRINTED_BY;
use crate::catalogue::RuleId;
use crate::finding::{Finding, InChart};
use crate::source::Span;

/// Lines of templates that are named with a value.
const LINES: usize = 3;

/// Joins findings of one rule about one field at one place of the sources. What differs between
/// them may only be the name that a root gives the object. The first by destination speaks for all;
/// the worst severity counts.
pub fn merge(mut findings: Vec<Box<Finding>>) -> Vec<Box<Finding>> {
    for_all(&mut findings);
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.span, f.rule);
        key(a)
            .cmp(&key(b))
            .then_with(|| unnumbered(&a.field).cmp(&unnumbered(&b.field)))
            .then_with(|| a.destinations.cmp(&b.destinations))
            .then_with(|| a.message.cmp(&b.message))
    });
    // What is kept stands in front, and of it those of the place and field at hand from `group` on.
    let (mut kept, mut group) = (0, 0);
    for at in 0..findings.len() {
        let (known, rest) = findings.split_at_mut(at);
        let Some(finding) = rest.first() else { break };
        let of_group = |f: &Finding| {
            f.span == finding.span
                && f.rule == finding.rule
                && (unnumbered(&f.field) == unnumbered(&finding.field)
                    || f.in_chart.is_some() && finding.in_chart.is_some())
        };
        let known = known.get_mut(..kept).unwrap_or_default();
        if !known.get(group).is_some_and(|f| of_group(f)) {
            group = kept;
        }
        let mut of_group = known.get_mut(group..).unwrap_or_default().iter_mut();
        if let Some(known) = of_group.find(|known| is_same(known, finding)) {
            absorb(known, finding);
        } else {
            findings.swap(kept, at);
            kept += 1;
        }
    }
    findings.truncate(kept);
    let mut merged = findings;
    for finding in &mut merged {
        finding.destinations.sort();
        finding.destinations.dedup();
    }
    merged.sort_by(|a, b| {
        (a.span, a.rule).cmp(&(b.span, b.rule)).then_with(|| a.message.cmp(&b.message))
    });
    merged
}

/// What several releases of a chart lack alike is added once, in the chart's own values.
fn for_all(findings: &mut [Box<Finding>]) {
    type Lack = (RuleId, Span, String, BTreeSet<Span>);
    let lack = |finding: &Finding| -> Option<Lack> {
        let in_chart = finding.in_chart.as_ref()?;
        let path = in_chart.setting.as_ref()?.path.clone();
        Some((finding.rule, in_chart.for_all?, path, in_chart.templates.clone()))
    };
    let mut places: BTreeMap<Lack, BTreeSet<Span>> = BTreeMap::new();
    for finding in findings.iter() {
        if let Some(lack) = lack(finding) {
            places.entry(lack).or_default().insert(finding.span);
        }
    }
    places.retain(|_, places| places.len() > 1);
    if places.is_empty() {
        return;
    }
    for finding in findings {
        if let Some(lack) = lack(finding).filter(|lack| places.contains_key(lack)) {
            finding.span = lack.1;
            if let Some(setting) = finding.in_chart.as_mut().and_then(|c| c.setting.as_mut()) {
                setting.files = BTreeSet::from([lack.1.source]);
            }
        }
    }
}

fn absorb(known: &mut Finding, finding: &Finding) {
    known.severity = known.severity.max(finding.severity);
    known.destinations.extend(finding.destinations.iter().map(Arc::clone));
    let (Some(of), Some(more)) = (&mut known.in_chart, &finding.in_chart) else { return };
    of.templates.extend(&more.templates);
    of.subjects.extend(&more.subjects);
    match (&mut of.setting, &more.setting) {
        (Some(setting), Some(other)) => setting.files.extend(&other.files),
        (setting @ None, Some(other)) => *setting = Some(other.clone()),
        (_, None) => {}
    }
    for label in &finding.related {
        let lines = known.related.iter().filter(|l| l.message == label.message).count();
        if label.message == PRINTED_BY && lines < LINES && !known.related.contains(label) {
            known.related.push(label.clone());
        }
    }
}

fn is_same(a: &Finding, b: &Finding) -> bool {
    if let (Some(of), Some(more)) = (&a.in_chart, &b.in_chart) {
        // Two that a rule says of one thing are two; of another thing it is the same again, and so
        // is what one value mends.
        let value = |of: &InChart| of.setting.as_ref().map(|setting| setting.path.clone());
        let one_value = || value(of).is_some() && value(of) == value(more);
        return a.message == b.message
            || of.subjects.is_disjoint(&more.subjects)
                && last_step(&a.field) == last_step(&b.field)
                && (one_value() || skeleton(a) == skeleton(b));
    }
    a.container == b.container
        && (a.message == b.message && a.resource == b.resource
            || (!a.destinations.is_empty()
                && !b.destinations.is_empty()
                && a.resource.as_ref().map(|r| &r.kind) == b.resource.as_ref().map(|r| &r.kind)
                && neutral(a) == neutral(b)))
}

/// A path without positions in lists: the patch of one root moves what stands behind it.
fn unnumbered(field: &str) -> String {
    let mut steps = field.split('[');
    let mut path = steps.next().unwrap_or("").to_owned();
    for step in steps {
        match step.split_once(']') {
            Some((at, rest)) if at.bytes().all(|b| b.is_ascii_digit()) => path.push_str(rest),
            _ => path.extend(["[", step]),
        }
    }
    path
}

/// The last key of a path: what is wrong is the same, wherever in an object it is printed.
fn last_step(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field).split('[').next().unwrap_or(field)
}

/// The message without names, kinds and numbers of objects.
fn skeleton(finding: &Finding) -> String {
    let message = neutral(finding);
    let plain: String = message.split('`').step_by(2).collect();
    match &finding.resource {
        Some(resource) if !resource.kind.is_empty() => plain.replace(&resource.kind, ""),
        _ => plain,
    }
}

/// The message without what a root may have changed: the object's name and namespace, and how many
/// more of its kind there are.
fn neutral(finding: &Finding) -> String {
    let mut message = finding.message.clone();
    if let Some(resource) = &finding.resource {
        for name in [Some(&resource.name), resource.namespace.as_ref()].into_iter().flatten() {
            if !name.is_empty() {
                message = message.replace(&format!("`{name}`"), "``");
            }
        }
    }
    for end in [" more ", " more"] {
        if let Some((before, after)) = message.split_once(end) {
            let count = before.trim_end_matches(|c: char| c.is_ascii_digit());
            if count.len() < before.len() {
                message = format!("{count}{end}{after}");
                break;
            }
        }
    }
    message
}
