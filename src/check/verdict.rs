//! What settings and suppressions make of the findings of a run.

use std::collections::BTreeSet;

use crate::catalogue::RuleId;
use crate::engine::{self, Outcome, Plan};
use crate::finding::Finding;
use crate::host::Date;
use crate::index::Index;
use crate::load::{self, Class, Loaded, Reason};
use crate::problem::Problem;
use crate::set::{Member, Set, Standing};
use crate::settings::{Names, Place, Settings};
use crate::source::{SourceId, Sources};
use crate::suppress::{self, Suppression};

/// What the settings and the suppressions of a run make of its findings.
pub(super) struct Verdict<'v, 't> {
    pub(super) loaded: &'t [Loaded],
    /// The index of the first set.
    pub(super) index: &'v Index<'t>,
    pub(super) plan: &'v Plan,
    pub(super) settings: &'v Settings,
    pub(super) silenced: &'v [bool],
    /// Files that took part in what ships.
    pub(super) rendered: &'v BTreeSet<SourceId>,
    /// Whether the whole tree that the settings are for was judged.
    pub(super) whole: bool,
}

impl Verdict<'_, '_> {
    /// The findings that stand and how many were suppressed.
    pub(super) fn settle(
        &self,
        outcome: &mut Outcome,
        sources: &Sources,
        today: Date,
        problems: &mut Vec<Problem>,
    ) -> (Vec<Box<Finding>>, u32) {
        let findings = std::mem::take(&mut outcome.findings);
        let mut suppressions = self.suppressions(today, problems);
        if suppressions.is_empty() {
            return (findings, 0);
        }
        let path = |source| &*sources.get(source).from_root;
        let ran = |rule: RuleId, _| self.ran(rule);
        let run = suppress::Run {
            settings: self.settings,
            path: &path,
            ran: &ran,
            ran_everywhere: &|rule| self.whole && self.ran(rule),
        };
        let mut applied = suppress::apply(findings, &mut suppressions, &run);
        let about = engine::run_suppressions(&suppressions, self.index, self.plan, self.settings);
        let about_findings = at_their_places(about.findings, sources, self.settings);
        let more = suppress::apply(about_findings, &mut suppressions, &run);
        applied.kept.extend(more.kept);
        applied.suppressed.extend(more.suppressed);
        let rest = Outcome { findings: Vec::new(), examined: about.examined, bugs: about.bugs };
        *outcome = std::mem::take(outcome).absorb(rest);
        (engine::merge(applied.kept), applied.suppressed.len() as u32)
    }

    /// Every suppression of the files judged and of the settings.
    fn suppressions(&self, today: Date, problems: &mut Vec<Problem>) -> Vec<Suppression> {
        let mut collected = suppress::Collected::default();
        let collector = suppress::Collector::new(Names::catalogue(), today);
        for file in self.loaded.iter().filter(|file| file.input.wanted) {
            let rendered = self.rendered.contains(&file.source);
            // Of what is left alone, some rules read workflows and what configures clusters, and
            // what belongs to charts is judged where it is printed.
            let is_read = match file.class {
                Class::LeftAlone(Reason::Workflow | Reason::ToolConfiguration) => true,
                Class::LeftAlone(_) => rendered && file.data.is_some(),
                Class::HelmTemplate | Class::ChartFile => rendered,
                _ => true,
            };
            if !is_read {
                continue;
            }
            let Some(tree) = file.parsed() else {
                if !matches!(file.class, Class::HelmTemplate | Class::ChartFile) {
                    continue;
                }
                let text = file.raw.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
                collector.template(text.unwrap_or(""), file.source, &mut collected);
                continue;
            };
            let objects = || load::file_objects(tree).map(|(object, _)| object).collect();
            collector.collect(tree, objects, &mut collected);
        }
        problems.append(&mut collected.problems);
        let mut suppressions = collected.suppressions;
        suppressions.extend(suppress::of_settings(&self.settings.ignores, today));
        suppressions
    }

    fn ran(&self, rule: RuleId) -> bool {
        self.settings.severity(rule).is_some() && !self.silenced[rule.0 as usize]
    }
}

/// Takes away findings about rendered objects that an annotation suppresses, where the annotation or
/// the finding's line is not the object's own file: those of one file are read with the file, which
/// knows whether they have a use. Returns how many.
pub(super) fn annotated(set: &Set<'_>, outcome: &mut Outcome, today: Date) -> u32 {
    let collector = suppress::Collector::new(Names::catalogue(), today);
    let mut suppressions = Vec::new();
    let tree = |m: &Member<'_>| m.object.root().tree().source();
    for members in set.members.chunk_by(|a, b| tree(a) == tree(b)) {
        let Some(first) = members.first().filter(|m| m.standing.is_judged()) else { continue };
        let is_rendered = set.destinations.get(first.directory as usize);
        if is_rendered.is_some_and(|d| !d.set.is_empty()) {
            let objects = || members.iter().map(|member| member.object).collect();
            suppressions.extend(collector.rendered(first.object.root().tree(), objects));
        }
    }
    if suppressions.is_empty() {
        return 0;
    }
    let before = outcome.findings.len();
    outcome.findings.retain(|finding| {
        !suppressions.iter().any(|s| {
            let covers = match s.scope {
                suppress::Scope::Bytes { start, end } => {
                    finding.span.source == s.span.source
                        && (start..end).contains(&finding.span.start)
                }
                suppress::Scope::Places(_) => true,
            };
            !covers && s.resource == finding.resource && s.names_rule(finding.rule)
        })
    });
    (before - outcome.findings.len()) as u32
}

/// Counts nothing as looked at by a rule that is off wherever the objects of the set go.
pub(super) fn where_on(set: &Set<'_>, mut outcome: Outcome, settings: &Settings) -> Outcome {
    let own = set.members.iter().filter(|m| m.standing != Standing::Context);
    let directories: BTreeSet<u32> = own.map(|m| m.directory).collect();
    let destinations = directories.into_iter().filter_map(|at| set.destinations.get(at as usize));
    let places: BTreeSet<_> =
        destinations.map(|d| (d.environment.as_deref(), d.cluster.as_deref())).collect();
    let on: Vec<Vec<bool>> = places
        .into_iter()
        .map(|(environment, cluster)| settings.may_be_on_at(environment, cluster))
        .collect();
    if on.is_empty() {
        return outcome;
    }
    for (at, examined) in outcome.examined.iter_mut().enumerate() {
        if !on.iter().any(|on| on.get(at) == Some(&true)) {
            *examined = 0;
        }
    }
    outcome
}

/// Severities as the settings of each place say; what is off there falls away.
pub(super) fn at_their_places(
    findings: Vec<Box<Finding>>,
    sources: &Sources,
    settings: &Settings,
) -> Vec<Box<Finding>> {
    findings
        .into_iter()
        .filter_map(|mut finding| {
            let path = &*sources.get(finding.span.source).from_root;
            finding.severity = settings.judge(&finding, &Place::of(&finding, path))?;
            Some(finding)
        })
        .collect()
}
