//! Dispatch: every rule of the plan over every subject of a set, in parallel by object.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use kubeready_manifest::kube::Object;
use rayon::prelude::*;

use super::ctx::Ctx;
use super::plan::{Plan, may_speak};
use crate::catalogue::{CATALOGUE, Check, Neighbours, Reads, RuleId};
use crate::finding::Finding;
use crate::fleet::Fleet;
use crate::index::Index;
use crate::set::{Contents, Member, Set, SetFile, Standing};
use crate::settings::Settings;
use crate::suppress::Suppression;

/// A rule that panicked: a fault of ours, named so that it can be mended; the run goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug {
    pub rule: RuleId,
    /// `Deployment shop/web`, or the file.
    pub subject: String,
}

/// Findings in no particular order, how many subjects each rule looked at, and our own faults.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub findings: Vec<Finding>,
    /// Per rule in catalogue order.
    pub examined: Vec<u32>,
    pub bugs: Vec<Bug>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { findings: Vec::new(), examined: vec![0; CATALOGUE.len()], bugs: Vec::new() }
    }
}

impl Outcome {
    /// Adds what another run found.
    #[must_use]
    pub fn absorb(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self.bugs.extend(other.bugs);
        for (mine, theirs) in self.examined.iter_mut().zip(other.examined) {
            *mine += theirs;
        }
        self
    }
}

/// Judges a set. `silenced` says per rule in catalogue order whether it keeps quiet here.
pub fn run<'t>(
    set: &Set<'t>,
    index: &Index<'t>,
    plan: &Plan,
    settings: &Settings,
    silenced: &[bool],
) -> Outcome {
    let judge = Judge { index, plan, settings, silenced };
    // Small sets (a hook on a few files) are not worth a thread pool.
    let over_objects = if set.members.len() < 64 {
        judge.members(&set.members)
    } else {
        set.members
            .par_chunks(32)
            .map(|members| judge.members(members))
            .reduce(Outcome::default, Outcome::absorb)
    };
    over_objects.absorb(judge.files(set)).absorb(judge.wholes(set))
}

/// Judges the fleet as a whole, once its sets are judged. `index` is that of the first set.
pub fn run_fleet<'t>(
    fleet: &Fleet<'t>,
    index: &Index<'t>,
    plan: &Plan,
    settings: &Settings,
    silenced: &[bool],
) -> Outcome {
    let mut pass = Pass::new(index, settings);
    pass.ctx.fleet = Some(Rc::new(fleet.destinations()));
    for &rule in &plan.fleets {
        let Check::Fleet(check) = rule.rule().check else { continue };
        if !silenced[rule.0 as usize] {
            pass.call(rule, || "the fleet".to_owned(), |ctx| check(fleet, ctx));
        }
    }
    pass.finish()
}

/// Runs the rules about suppressions, once it is known what each of them took away.
pub fn run_suppressions(
    suppressions: &[Suppression],
    index: &Index<'_>,
    plan: &Plan,
    settings: &Settings,
) -> Outcome {
    let mut pass = Pass::new(index, settings);
    for &rule in &plan.suppressions {
        let Check::Suppression(check) = rule.rule().check else { continue };
        for suppression in suppressions {
            pass.call(rule, || "a suppression".to_owned(), |ctx| check(suppression, ctx));
        }
    }
    pass.finish()
}

struct Judge<'c, 't> {
    index: &'c Index<'t>,
    plan: &'c Plan,
    settings: &'c Settings,
    silenced: &'c [bool],
}

/// One context and what it has counted so far.
struct Pass<'c, 't> {
    ctx: Ctx<'c, 't>,
    examined: Vec<u32>,
    bugs: Vec<Bug>,
}

impl<'c, 't> Pass<'c, 't> {
    fn new(index: &'c Index<'t>, settings: &'c Settings) -> Self {
        Self {
            ctx: Ctx::new(index, settings),
            examined: vec![0; CATALOGUE.len()],
            bugs: Vec::new(),
        }
    }

    fn call(
        &mut self,
        rule: RuleId,
        subject: impl Fn() -> String,
        check: impl FnOnce(&mut Ctx<'c, 't>),
    ) {
        self.examined[rule.0 as usize] += 1;
        self.ctx.rule = rule;
        let ctx = &mut self.ctx;
        if catch_unwind(AssertUnwindSafe(|| check(ctx))).is_err() {
            self.bugs.push(Bug { rule, subject: subject() });
        }
    }

    fn finish(self) -> Outcome {
        Outcome { findings: self.ctx.findings, examined: self.examined, bugs: self.bugs }
    }
}

impl<'c, 't> Judge<'c, 't> {
    fn may(&self, rule: RuleId, standing: Standing) -> bool {
        let asks_for_secrets = || {
            let rule = rule.rule();
            rule.neighbours == Neighbours::Absent && rule.satisfied_by.contains(&"Secret")
        };
        !self.silenced[rule.0 as usize]
            && may_speak(rule, standing, self.index.surroundings())
            && !(self.index.lacks_secrets() && asks_for_secrets())
    }

    fn members(&self, members: &[Member<'t>]) -> Outcome {
        let mut pass = Pass::new(self.index, self.settings);
        for member in members.iter().filter(|m| m.standing != Standing::Context) {
            self.member(member, &mut pass);
        }
        pass.finish()
    }

    fn member(&self, member: &Member<'t>, pass: &mut Pass<'c, 't>) {
        let object = member.object;
        pass.ctx.object = Some(object);
        pass.ctx.decoded = OnceCell::new();
        let subject = || subject(object);
        for &rule in &self.plan.objects {
            if let Check::Object(check) = rule.rule().check
                && self.may(rule, member.standing)
            {
                pass.call(rule, subject, |ctx| check(object, ctx));
            }
        }
        if let Some(workload) = object.workload() {
            for &rule in &self.plan.workloads {
                if let Check::Workload(check) = rule.rule().check
                    && self.may(rule, member.standing)
                {
                    pass.call(rule, subject, |ctx| check(workload, ctx));
                }
            }
            for container in workload.containers() {
                pass.ctx.container = Some(container);
                for &rule in &self.plan.containers {
                    if let Check::Container(check) = rule.rule().check
                        && self.may(rule, member.standing)
                    {
                        pass.call(rule, subject, |ctx| check(container, ctx));
                    }
                }
            }
            pass.ctx.container = None;
        }
        pass.ctx.object = None;
    }

    fn files(&self, set: &Set<'t>) -> Outcome {
        if set.files.len() < 64 {
            return self.some_files(&set.files);
        }
        set.files
            .par_chunks(64)
            .map(|files| self.some_files(files))
            .reduce(Outcome::default, Outcome::absorb)
    }

    fn some_files(&self, files: &[SetFile<'t>]) -> Outcome {
        let mut pass = Pass::new(self.index, self.settings);
        for file in files.iter().filter(|f| f.standing != Standing::Context) {
            for &rule in &self.plan.files {
                let Check::File(check) = rule.rule().check else { continue };
                if !reads(rule.rule().reads, file.contents) {
                    continue;
                }
                let subject = || format!("source {}", file.tree.source().0);
                pass.call(rule, subject, |ctx| check(file.tree, ctx));
            }
        }
        pass.finish()
    }

    /// Rules whose subject is a namespace or the set as a whole.
    fn wholes(&self, set: &Set<'t>) -> Outcome {
        let mut pass = Pass::new(self.index, self.settings);
        if !set.members.iter().any(|m| m.standing.is_judged()) {
            return pass.finish();
        }
        // Where part of the set is not known, absence means nothing for the whole of it.
        let partial = set.members.iter().any(|m| m.standing == Standing::Partial);
        let standing = if partial { Standing::Partial } else { Standing::Judged };
        for &rule in self.plan.namespaces.iter().filter(|r| self.may(**r, standing)) {
            let Check::Namespace(check) = rule.rule().check else { continue };
            for namespace in self.index.namespaces().iter().filter(|n| n.judged) {
                // A neighbour's says nothing of where this set goes.
                let judged = |o: &Object<'t>| self.index.standing(*o) != Standing::Context;
                pass.ctx.object = namespace.object.filter(judged);
                pass.call(
                    rule,
                    || format!("Namespace {}", namespace.name),
                    |ctx| {
                        check(namespace, ctx);
                    },
                );
            }
        }
        pass.ctx.object = None;
        for &rule in self.plan.sets.iter().filter(|r| self.may(**r, standing)) {
            let Check::Set(check) = rule.rule().check else { continue };
            pass.call(rule, || "the set".to_owned(), |ctx| check(self.index, ctx));
        }
        pass.finish()
    }
}

/// Whether a rule looks at files of these contents.
fn reads(reads: Reads, contents: Contents) -> bool {
    match contents {
        Contents::Manifests => reads != Reads::Workflows,
        Contents::Workflow => reads == Reads::Workflows,
        Contents::Tool => reads == Reads::Clusters,
    }
}

fn subject(object: Object<'_>) -> String {
    match object.namespace() {
        Some(namespace) => format!("{} {namespace}/{}", object.kind_name(), object.name()),
        None => format!("{} {}", object.kind_name(), object.name()),
    }
}
