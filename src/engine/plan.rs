//! Which rules run on which subjects, decided once per run.

use kubeready_manifest::yaml::Tree;
use kubeready_typed::Fitting;

use super::ctx::Ctx;
use crate::catalogue::{
    self, Check, ContainerCheck, Neighbours, ObjectCheck, RuleId, WorkloadCheck,
};
use crate::fleet::Fleet;
use crate::index::{Index, Namespace};
use crate::set::{Standing, Surroundings};
use crate::settings::Settings;
use crate::suppress::Suppression;

/// Rules of one subject, with what they do.
pub(super) type Rules<F> = Vec<(RuleId, F)>;

/// The rules that are on, by the subject they look at. A rule that is off is never called.
#[derive(Debug, Default)]
pub struct Plan {
    /// What was decoded in this run, for all of its sets.
    pub(super) fitting: Fitting,
    pub(super) containers: Rules<ContainerCheck>,
    pub(super) workloads: Rules<WorkloadCheck>,
    pub(super) objects: Rules<ObjectCheck>,
    pub(super) namespaces: Rules<for<'t> fn(&Namespace<'t>, &mut Ctx<'_, 't>)>,
    pub(super) sets: Rules<for<'t> fn(&Index<'t>, &mut Ctx<'_, 't>)>,
    pub(super) fleets: Rules<for<'t> fn(&Fleet<'t>, &mut Ctx<'_, 't>)>,
    pub(super) files: Rules<for<'t> fn(&'t Tree, &mut Ctx<'_, 't>)>,
    pub(super) suppressions: Rules<for<'t> fn(&Suppression, &mut Ctx<'_, 't>)>,
}

impl Plan {
    pub fn new(settings: &Settings) -> Self {
        let mut plan = Self::default();
        for (id, rule) in catalogue::rules().filter(|(id, _)| settings.severity(*id).is_some()) {
            match rule.check {
                Check::Container(check) => plan.containers.push((id, check)),
                Check::Workload(check) => plan.workloads.push((id, check)),
                Check::Object(check) => plan.objects.push((id, check)),
                Check::Namespace(check) => plan.namespaces.push((id, check)),
                Check::Set(check) => plan.sets.push((id, check)),
                Check::Fleet(check) => plan.fleets.push((id, check)),
                Check::File(check) => plan.files.push((id, check)),
                Check::Suppression(check) => plan.suppressions.push((id, check)),
            }
        }
        plan
    }
}

#[cfg(test)]
impl Plan {
    /// A plan whose first rule of each scope panics; the names of those rules.
    pub(crate) fn failing(settings: &Settings) -> (Self, Vec<&'static str>) {
        let mut plan = Self::new(settings);
        let mut names = Vec::new();
        macro_rules! fail {
            ($($field:ident),*) => {
                $(if let Some((rule, check)) = plan.$field.first_mut() {
                    names.push(rule.rule().name);
                    *check = |_, _| panic!("on purpose");
                })*
            };
        }
        fail!(containers, workloads, objects, namespaces, sets, fleets, files, suppressions);
        (plan, names)
    }
}

/// Whether a rule may speak about an object, given what is known around it.
pub(super) fn may_speak(rule: RuleId, standing: Standing, surroundings: Surroundings) -> bool {
    let neighbours = rule.rule().neighbours;
    match standing {
        Standing::Context => false,
        Standing::Unrendered => neighbours == Neighbours::None,
        Standing::Partial => neighbours != Neighbours::Absent,
        Standing::Judged => neighbours != Neighbours::Absent || surroundings == Surroundings::Known,
    }
}
