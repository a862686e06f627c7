//! Dispatch: every rule of the plan over every subject of a set, in parallel by object.

use std::cell::OnceCell;
use std::rc::Rc;

use kubeready_manifest::kube::Object;
use rayon::prelude::*;

use super::ctx::Ctx;
use super::places::{Places, settle};
use super::plan::{Plan, Rules, may_speak};
use crate::catalogue::{
    CATALOGUE, ContainerCheck, Neighbours, ObjectCheck, Reads, RuleId, WorkloadCheck,
};
use crate::finding::Finding;
use crate::fleet::Fleet;
use crate::guard::{self, Panic};
use crate::index::Index;
use crate::set::{Contents, Member, Set, SetFile, Standing};
use crate::settings::Settings;
use crate::source::Span;
use crate::suppress::Suppression;

/// A panic: a fault of ours, named so that it can be mended; the run goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug {
    /// The rule that panicked; `None` where it was none.
    pub rule: Option<RuleId>,
    /// What it was looking at.
    pub subject: Subject,
    /// What the panic said.
    pub why: String,
}

/// What a rule was looking at when it panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `Deployment shop/web`, or what else it is.
    pub name: String,
    /// Where it stands, if it stands anywhere.
    pub at: Option<Span>,
}

impl Subject {
    fn of(object: Object<'_>) -> Self {
        let (kind, name) = (object.kind_name(), object.name());
        let name = match object.namespace() {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        };
        Self { name, at: Some(object.place().span) }
    }

    fn whole(name: &str) -> Self {
        Self { name: name.to_owned(), at: None }
    }

    /// A set as a whole.
    pub fn set(set: &Set<'_>) -> Self {
        match &set.destination {
            Some(place) if !place.is_anywhere() => {
                Self::whole(&format!("what goes to `{}`", place.name()))
            }
            _ => Self::whole("all manifests together"),
        }
    }
}

/// Findings in no particular order, how many subjects each rule looked at, and our own faults.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Boxed, for they are many, large, and moved from list to list.
    pub findings: Vec<Box<Finding>>,
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
    /// What is left of judging a set that failed as a whole.
    pub fn failed(set: &Set<'_>, panic: &Panic) -> Self {
        let (subject, why) = (Subject::set(set), panic.message.clone());
        Self { bugs: vec![Bug { rule: None, subject, why }], ..Self::default() }
    }

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

/// Judges a set. `silenced` says per rule in catalogue order whether it keeps quiet here, `places`
/// whether it is on.
pub fn run<'t>(
    set: &Set<'t>,
    index: &Index<'t>,
    plan: &Plan,
    settings: &Settings,
    silenced: &[bool],
    places: &Places,
) -> Outcome {
    const CHUNK: usize = 32;
    let judge = Judge::new(index, plan, settings, silenced, places);
    // Small sets (a hook on a few files) are not worth a thread pool.
    let over_objects = if set.members.len() < 64 {
        judge.members(&set.members, 0)
    } else {
        set.members
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(at, members)| judge.members(members, at * CHUNK))
            .reduce(Outcome::default, Outcome::absorb)
    };
    let mut outcome = over_objects.absorb(judge.files(set)).absorb(judge.wholes(set));
    settle(&[places], &mut outcome);
    outcome
}

/// Judges the fleet as a whole, once its sets are judged. `index` is that of the first set, `places` are
/// those of all.
pub fn run_fleet<'t>(
    fleet: &Fleet<'t>,
    index: &Index<'t>,
    plan: &Plan,
    settings: &Settings,
    silenced: &[bool],
    places: &[&Places],
) -> Outcome {
    let mut pass = Pass::new(index, plan, settings);
    pass.ctx.fleet = Some(Rc::new(fleet.destinations()));
    for &(rule, check) in &plan.fleets {
        if !silenced[rule.0 as usize] {
            pass.call(rule, || Subject::whole("the fleet"), |ctx| check(fleet, ctx));
        }
    }
    let mut outcome = pass.finish();
    settle(places, &mut outcome);
    outcome
}

/// Runs the rules about suppressions, once it is known what each of them took away.
pub fn run_suppressions(
    suppressions: &[Suppression],
    index: &Index<'_>,
    plan: &Plan,
    settings: &Settings,
) -> Outcome {
    let mut pass = Pass::new(index, plan, settings);
    for &(rule, check) in &plan.suppressions {
        for suppression in suppressions {
            let subject =
                || Subject { at: Some(suppression.span), ..Subject::whole("a suppression") };
            pass.call(rule, subject, |ctx| check(suppression, ctx));
        }
    }
    pass.finish()
}

struct Judge<'c, 't> {
    index: &'c Index<'t>,
    plan: &'c Plan,
    settings: &'c Settings,
    silenced: &'c [bool],
    places: &'c Places,
    /// By standing, as [`Judge::speaking`] reads it.
    speaking: [Speaking; 3],
}

/// The rules that may speak about objects of one standing: decided once, not for each object.
#[derive(Default)]
struct Speaking {
    objects: Rules<ObjectCheck>,
    workloads: Rules<WorkloadCheck>,
    containers: Rules<ContainerCheck>,
}

/// One context and our own faults so far.
struct Pass<'c, 't> {
    ctx: Ctx<'c, 't>,
    bugs: Vec<Bug>,
}

impl<'c, 't> Pass<'c, 't> {
    fn new(index: &'c Index<'t>, plan: &'c Plan, settings: &'c Settings) -> Self {
        Self { ctx: Ctx::new(index, settings, &plan.fitting), bugs: Vec::new() }
    }

    fn call(
        &mut self,
        rule: RuleId,
        subject: impl Fn() -> Subject,
        check: impl FnOnce(&mut Ctx<'c, 't>),
    ) {
        let ctx = &mut self.ctx;
        ctx.rule = rule;
        ctx.count();
        if let Err(panic) = guard::catch(|| check(ctx)) {
            self.failed(rule, subject, panic);
        }
    }

    /// As [`Pass::call`] for several rules on one subject, at the cost of one: what catches a panic
    /// is set up again only behind the rule that made it.
    fn call_all<F: Copy>(
        &mut self,
        rules: &[(RuleId, F)],
        subject: impl Fn() -> Subject,
        check: impl Fn(F, &mut Ctx<'c, 't>),
    ) {
        let mut rest = rules.iter();
        while !rest.as_slice().is_empty() {
            let ctx = &mut self.ctx;
            let done = guard::catch(|| {
                for &(rule, function) in rest.by_ref() {
                    ctx.rule = rule;
                    ctx.count();
                    check(function, ctx);
                }
            });
            if let Err(panic) = done {
                self.failed(self.ctx.rule, &subject, panic);
            }
        }
    }

    fn failed(&mut self, rule: RuleId, subject: impl Fn() -> Subject, panic: Panic) {
        // What spoilt the rule may spoil its subject's name, too.
        let subject = guard::catch(subject).unwrap_or_else(|_| Subject::whole("something"));
        self.bugs.push(Bug { rule: Some(rule), subject, why: panic.message });
    }

    fn finish(self) -> Outcome {
        Outcome { findings: self.ctx.findings, examined: self.ctx.examined, bugs: self.bugs }
    }
}

impl<'c, 't> Judge<'c, 't> {
    fn new(
        index: &'c Index<'t>,
        plan: &'c Plan,
        settings: &'c Settings,
        silenced: &'c [bool],
        places: &'c Places,
    ) -> Self {
        let speaking = Default::default();
        let mut judge = Self { index, plan, settings, silenced, places, speaking };
        judge.speaking = [Standing::Judged, Standing::Partial, Standing::Unrendered]
            .map(|standing| judge.allowed(standing));
        judge
    }

    fn allowed(&self, standing: Standing) -> Speaking {
        fn those<F: Copy>(rules: &Rules<F>, may: impl Fn(RuleId) -> bool) -> Rules<F> {
            rules.iter().copied().filter(|(rule, _)| may(*rule)).collect()
        }
        let may = |rule| self.may(rule, standing);
        Speaking {
            objects: those(&self.plan.objects, may),
            workloads: those(&self.plan.workloads, may),
            containers: those(&self.plan.containers, may),
        }
    }

    /// The rules for an object; none for a mere neighbour.
    fn speaking(&self, standing: Standing) -> Option<&Speaking> {
        let [judged, partial, unrendered] = &self.speaking;
        match standing {
            Standing::Judged => Some(judged),
            Standing::Partial => Some(partial),
            Standing::Unrendered => Some(unrendered),
            Standing::Context => None,
        }
    }

    fn may(&self, rule: RuleId, standing: Standing) -> bool {
        let asks_for_secrets = || {
            let rule = rule.rule();
            rule.neighbours == Neighbours::Absent && rule.satisfied_by.contains(&"Secret")
        };
        !self.silenced[rule.0 as usize]
            && may_speak(rule, standing, self.index.surroundings())
            && !(self.index.lacks_secrets() && asks_for_secrets())
    }

    /// Some of the set's members, the first of which is the `first` one of all.
    fn members(&self, members: &[Member<'t>], first: usize) -> Outcome {
        let mut pass = Pass::new(self.index, self.plan, self.settings);
        for (at, member) in (first..).zip(members) {
            let Some(speaking) = self.speaking(member.standing) else { continue };
            let on = self.places.of_member(at).map(|on| (on, pass.ctx.examined.clone()));
            examine(member.object, speaking, &mut pass);
            if let Some((on, before)) = on {
                let counts = pass.ctx.examined.iter_mut().zip(before);
                counts.zip(on).filter(|(_, on)| !**on).for_each(|((now, before), _)| *now = before);
            }
        }
        pass.finish()
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
        let mut pass = Pass::new(self.index, self.plan, self.settings);
        for file in files.iter().filter(|f| f.standing != Standing::Context) {
            for &(rule, check) in &self.plan.files {
                if !reads(rule.rule().reads, file.contents) {
                    continue;
                }
                let start = Span { source: file.tree.source(), start: 0, end: 0 };
                let subject = || Subject { at: Some(start), ..Subject::whole("this file") };
                pass.call(rule, subject, |ctx| check(file.tree, ctx));
            }
        }
        pass.finish()
    }

    /// Rules whose subject is a namespace or the set as a whole.
    fn wholes(&self, set: &Set<'t>) -> Outcome {
        let mut pass = Pass::new(self.index, self.plan, self.settings);
        if !set.members.iter().any(|m| m.standing.is_judged()) {
            return pass.finish();
        }
        // Where part of the set is not known, absence means nothing for the whole of it.
        let partial = set.members.iter().any(|m| m.standing == Standing::Partial);
        let standing = if partial { Standing::Partial } else { Standing::Judged };
        let may = |rule: &RuleId| self.may(*rule, standing);
        for &(rule, check) in self.plan.namespaces.iter().filter(|(rule, _)| may(rule)) {
            for namespace in self.index.namespaces().iter().filter(|n| n.judged) {
                // A neighbour's says nothing of where this set goes.
                let own = |o: &Object<'t>| self.index.standing(*o) != Standing::Context;
                pass.ctx.object = namespace.object.filter(own);
                let subject = || Subject {
                    name: format!("Namespace {}", namespace.name),
                    at: namespace.object.map(|object| object.place().span),
                };
                pass.call(rule, subject, |ctx| check(namespace, ctx));
            }
        }
        pass.ctx.object = None;
        for &(rule, check) in self.plan.sets.iter().filter(|(rule, _)| may(rule)) {
            pass.call(rule, || Subject::set(set), |ctx| check(self.index, ctx));
        }
        pass.finish()
    }
}

/// Every rule that may speak, on an object and the containers that it runs.
fn examine<'t>(object: Object<'t>, speaking: &Speaking, pass: &mut Pass<'_, 't>) {
    let workload = object.workload();
    pass.ctx.object = Some(object);
    pass.ctx.workload = workload;
    pass.ctx.decoded = OnceCell::new();
    let subject = || Subject::of(object);
    pass.call_all(&speaking.objects, subject, |check, ctx| check(object, ctx));
    if let Some(workload) = workload {
        pass.call_all(&speaking.workloads, subject, |check, ctx| check(workload, ctx));
        for container in workload.containers() {
            pass.ctx.container = Some(container);
            pass.call_all(&speaking.containers, subject, |check, ctx| check(container, ctx));
        }
        pass.ctx.container = None;
    }
    pass.ctx.object = None;
    pass.ctx.workload = None;
}

/// Whether a rule looks at files of these contents.
fn reads(reads: Reads, contents: Contents) -> bool {
    match contents {
        Contents::Manifests => reads != Reads::Workflows,
        Contents::Workflow => reads == Reads::Workflows,
        Contents::Tool => reads == Reads::Clusters,
    }
}
