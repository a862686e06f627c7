//! What settings and suppressions make of the findings of a set.

use super::finish;
use crate::catalogue::RuleId;
use crate::engine::{self, Outcome, Plan};
use crate::finding::Finding;
use crate::host::Date;
use crate::index::Index;
use crate::problem::Problem;
use crate::set::{Member, Set, Standing};
use crate::settings::{Names, Place, Settings};
use crate::source::Sources;
use crate::suppress::{self, Suppression};

/// What the settings and the suppressions of a set make of its findings.
pub(super) struct Verdict<'v, 't> {
    pub(super) set: &'v Set<'t>,
    pub(super) index: &'v Index<'t>,
    pub(super) plan: &'v Plan,
    pub(super) settings: &'v Settings,
    pub(super) silenced: &'v [bool],
    /// Whether the whole tree that the settings are for was judged.
    pub(super) whole: bool,
}

impl Verdict<'_, '_> {
    /// The findings that stand, at their final severities, and how many were suppressed.
    pub(super) fn settle(
        &self,
        outcome: &mut Outcome,
        sources: &Sources,
        today: Date,
        problems: &mut Vec<Problem>,
    ) -> (Vec<Finding>, u32) {
        let findings = std::mem::take(&mut outcome.findings);
        let mut suppressions = self.suppressions(today, problems);
        if suppressions.is_empty() {
            return (self.at_their_places(findings, sources), 0);
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
        let more = suppress::apply(about.findings, &mut suppressions, &run);
        applied.kept.extend(more.kept);
        applied.suppressed.extend(more.suppressed);
        let rest = Outcome { findings: Vec::new(), examined: about.examined, bugs: about.bugs };
        *outcome = std::mem::take(outcome).absorb(rest);

        let mut kept = self.at_their_places(applied.kept, sources);
        finish(&mut kept);
        let hidden = applied.suppressed.into_iter().map(|s| s.finding).collect();
        (kept, self.at_their_places(hidden, sources).len() as u32)
    }

    /// Every suppression of the files judged and of the settings.
    fn suppressions(&self, today: Date, problems: &mut Vec<Problem>) -> Vec<Suppression> {
        let mut collected = suppress::Collected::default();
        let collector = suppress::Collector::new(Names::catalogue(), today);
        let mut members = &*self.set.members;
        for file in &self.set.files {
            let source = file.tree.source();
            let own = |m: &&Member<'_>| m.object.root().tree().source() == source;
            let (objects, rest) = members.split_at(members.iter().take_while(own).count());
            members = rest;
            if file.standing != Standing::Context {
                let objects: Vec<_> = objects.iter().map(|m| m.object).collect();
                collector.collect(file.tree, &objects, &mut collected);
            }
        }
        problems.append(&mut collected.problems);
        let mut suppressions = collected.suppressions;
        suppressions.extend(suppress::of_settings(&self.settings.ignores, today));
        suppressions
    }

    fn ran(&self, rule: RuleId) -> bool {
        self.settings.severity(rule).is_some() && !self.silenced[rule.0 as usize]
    }

    /// Severities as the settings of each place say; what is off there falls away.
    fn at_their_places(&self, findings: Vec<Finding>, sources: &Sources) -> Vec<Finding> {
        findings
            .into_iter()
            .filter_map(|mut finding| {
                let path = &*sources.get(finding.span.source).from_root;
                finding.severity = self.settings.judge(&finding, &Place::of(&finding, path))?;
                Some(finding)
            })
            .collect()
    }
}
