//! One finding for a defect, however many roots bring it to however many places.

use std::sync::Arc;

use crate::finding::Finding;

/// Joins findings of one rule about one field at one place of the sources. What differs between
/// them may only be the name that a root gives the object. The first by destination speaks for all;
/// the worst severity counts.
pub fn merge(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.span, f.rule);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.field.cmp(&b.field))
            .then_with(|| a.destinations.cmp(&b.destinations))
            .then_with(|| a.message.cmp(&b.message))
    });
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    // Those of the place and field at hand start here.
    let mut group = 0;
    for finding in findings {
        let of_group = |f: &Finding| {
            f.span == finding.span && f.rule == finding.rule && f.field == finding.field
        };
        if !merged.get(group).is_some_and(of_group) {
            group = merged.len();
        }
        match merged[group..].iter_mut().find(|known| is_same(known, &finding)) {
            Some(known) => absorb(known, &finding),
            None => merged.push(finding),
        }
    }
    for finding in &mut merged {
        finding.destinations.sort();
        finding.destinations.dedup();
    }
    merged.sort_by(|a, b| {
        (a.span, a.rule).cmp(&(b.span, b.rule)).then_with(|| a.message.cmp(&b.message))
    });
    merged
}

fn absorb(known: &mut Finding, finding: &Finding) {
    known.severity = known.severity.max(finding.severity);
    known.destinations.extend(finding.destinations.iter().map(Arc::clone));
}

fn is_same(a: &Finding, b: &Finding) -> bool {
    a.container == b.container
        && (a.message == b.message && a.resource == b.resource
            || (!a.destinations.is_empty()
                && !b.destinations.is_empty()
                && a.resource.as_ref().map(|r| &r.kind) == b.resource.as_ref().map(|r| &r.kind)
                && neutral(a) == neutral(b)))
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
