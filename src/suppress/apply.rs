//! Takes findings away, and learns what each suppression was good for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::{Dialect, Scope, Suppression};
use crate::catalogue::{Check, RuleId};
use crate::finding::Finding;
use crate::settings::{Place, Selected, Settings};
use crate::source::SourceId;

/// What the run tells about itself.
pub struct Run<'r> {
    pub settings: &'r Settings,
    /// The path of a source, from the root.
    pub path: &'r dyn Fn(SourceId) -> &'r str,
    /// Whether a rule ran on a source: on there, not silenced, the file judged.
    pub ran: &'r dyn Fn(RuleId, SourceId) -> bool,
    /// Whether a rule ran on the whole tree that the settings are for.
    pub ran_everywhere: &'r dyn Fn(RuleId) -> bool,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A finding that was taken away, and by which suppression (index).
#[derive(Clone, Debug)]
pub struct Suppressed {
    pub finding: Finding,
    pub by: usize,
}

/// Findings in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    pub kept: Vec<Box<Finding>>,
    pub suppressed: Vec<Suppressed>,
}

/// Takes away what is suppressed, or with `--no-suppress` only counts: every suppression that covers
/// a finding has a use. Which of several took it away is the one written first.
pub fn apply(
    findings: Vec<Box<Finding>>,
    suppressions: &mut [Suppression],
    run: &Run<'_>,
) -> Applied {
    for suppression in suppressions.iter_mut() {
        suppression.judged = judged(suppression, run);
    }
    if suppressions.is_empty() || findings.is_empty() {
        return Applied { kept: findings, suppressed: Vec::new() };
    }
    let mut by: Vec<Option<usize>> = vec![None; findings.len()];
    within_bytes(&findings, suppressions, &mut by);
    in_templates(&findings, suppressions, &mut by);
    at_places(&findings, suppressions, run, &mut by);
    if !run.settings.suppress || by.iter().all(Option::is_none) {
        return Applied { kept: findings, suppressed: Vec::new() };
    }
    let mut applied = Applied::default();
    for (finding, by) in findings.into_iter().zip(by) {
        match by {
            Some(by) => applied.suppressed.push(Suppressed { finding: *finding, by }),
            None => applied.kept.push(finding),
        }
    }
    applied
}

/// One pass over findings and suppressions side by side, both in order of their place.
fn within_bytes(
    findings: &[Box<Finding>],
    suppressions: &mut [Suppression],
    by: &mut [Option<usize>],
) {
    let mut starts: Vec<(SourceId, u32, u32, usize)> = suppressions
        .iter()
        .enumerate()
        .filter(|(_, s)| !s.expired)
        .filter_map(|(at, s)| match s.scope {
            Scope::Bytes { start, end } => Some((s.span.source, start, end, at)),
            Scope::Places(_) => None,
        })
        .collect();
    if starts.is_empty() {
        return;
    }
    starts.sort_unstable();
    let mut order: Vec<usize> = (0..findings.len()).collect();
    let place = |at: usize| (findings[at].span.source, findings[at].span.start);
    if !order.is_sorted_by_key(|&at| place(at)) {
        order.sort_by_key(|&at| place(at));
    }
    // Those that reach over the current place, the one that ends first on top.
    let mut open: BinaryHeap<Reverse<(SourceId, u32, usize)>> = BinaryHeap::new();
    let mut next = starts.into_iter().peekable();
    for at in order {
        let (source, start) = place(at);
        while let Some((of, _, end, which)) =
            next.next_if(|(of, from, ..)| (*of, *from) <= (source, start))
        {
            open.push(Reverse((of, end, which)));
        }
        while open.peek().is_some_and(|Reverse((of, end, _))| (*of, *end) <= (source, start)) {
            open.pop();
        }
        for &Reverse((_, _, which)) in &open {
            let suppression = &mut suppressions[which];
            if suppression.names_rule(findings[at].rule) {
                suppression.used += 1;
                // The same one every time: the heap's order is no order for reports.
                by[at] = Some(by[at].map_or(which, |known| known.min(which)));
            }
        }
    }
}

/// A finding at a value is suppressed where all templates that print it say so.
fn in_templates(
    findings: &[Box<Finding>],
    suppressions: &mut [Suppression],
    by: &mut [Option<usize>],
) {
    let mut written: FxHashMap<SourceId, Vec<usize>> = FxHashMap::default();
    for (which, suppression) in suppressions.iter().enumerate().filter(|(_, s)| !s.expired) {
        if matches!(suppression.scope, Scope::Bytes { .. }) {
            written.entry(suppression.span.source).or_default().push(which);
        }
    }
    for (finding, by) in findings.iter().zip(by.iter_mut()).filter(|(_, by)| by.is_none()) {
        let Some(in_chart) = &finding.in_chart else { continue };
        let mut covering: Vec<usize> = Vec::new();
        let all = in_chart.templates.iter().all(|line| {
            let known = covering.len();
            let of_file = written.get(&line.source).into_iter().flatten();
            covering.extend(of_file.copied().filter(|&which| {
                let suppression = &suppressions[which];
                suppression.names_rule(finding.rule)
                    && matches!(suppression.scope, Scope::Bytes { start, end }
                        if (start..end).contains(&line.start))
            }));
            covering.len() > known
        });
        covering.sort_unstable();
        covering.dedup();
        for &which in &covering {
            suppressions[which].used += 1;
        }
        if all {
            *by = covering.first().copied();
        }
    }
}

/// Suppressions of the settings, by rule and place.
fn at_places(
    findings: &[Box<Finding>],
    suppressions: &mut [Suppression],
    run: &Run<'_>,
    by: &mut [Option<usize>],
) {
    for (which, suppression) in suppressions.iter_mut().enumerate().filter(|(_, s)| !s.expired) {
        let Scope::Places(filter) = &suppression.scope else { continue };
        for (finding, by) in findings.iter().zip(by.iter_mut()) {
            let names = suppression.rules.iter().any(|s| s.contains(finding.rule));
            let path = || (run.path)(finding.span.source);
            if names && filter.holds(&run.settings.located(&Place::of(finding, path()))) {
                suppression.used += 1;
                by.get_or_insert(which);
            }
        }
    }
}

/// Whether it can be said that a suppression without uses has none.
fn judged(suppression: &Suppression, run: &Run<'_>) -> bool {
    // A name that is none of ours never suppresses anything.
    if suppression.rules.is_empty() {
        return !suppression.unknown.is_empty();
    }
    let about_suppressions = |rule: RuleId| {
        let rule = run.settings.rules().get(usize::from(rule.0));
        rule.is_some_and(|r| matches!(r.check, Check::Suppression(_)))
    };
    // An override may turn a rule off just where the suppression stands.
    let resource = suppression.resource.as_ref();
    let place = || Place {
        path: (run.path)(suppression.span.source),
        kind: resource.map(|r| r.kind.as_str()),
        namespace: resource.and_then(|r| r.namespace.as_deref()),
        name: resource.map(|r| r.name.as_str()),
        ..Place::default()
    };
    let ran = |rule: RuleId| match suppression.dialect {
        Dialect::Settings => (run.ran_everywhere)(rule),
        _ => {
            (run.ran)(rule, suppression.span.source)
                && run.settings.severity_for(rule, &place()).is_some()
        }
    };
    suppression.rules.iter().all(|selected| match selected {
        // Rules about suppressions run last and are not known yet.
        Selected::Rule(rule) => ran(*rule) && !about_suppressions(*rule),
        // Of a group it is enough that it had a say: nobody has all rules on.
        Selected::Group(rules) => rules.iter().any(|rule| ran(*rule)),
        Selected::All => (0..run.settings.rules().len() as u16).map(RuleId).any(ran),
    })
}
