//! Which rules run on which subjects, decided once per run.

use kubeready_manifest::kube::typed::Fitting;

use crate::catalogue::{self, Check, Neighbours, RuleId};
use crate::set::{Standing, Surroundings};
use crate::settings::Settings;

/// The rules that are on, by the subject they look at. A rule that is off is never called.
#[derive(Debug, Default)]
pub struct Plan {
    /// What was decoded in this run, for all of its sets.
    pub(super) fitting: Fitting,
    pub(super) containers: Vec<RuleId>,
    pub(super) workloads: Vec<RuleId>,
    pub(super) objects: Vec<RuleId>,
    pub(super) namespaces: Vec<RuleId>,
    pub(super) sets: Vec<RuleId>,
    pub(super) fleets: Vec<RuleId>,
    pub(super) files: Vec<RuleId>,
    pub(super) suppressions: Vec<RuleId>,
}

impl Plan {
    pub fn new(settings: &Settings) -> Self {
        let mut plan = Self::default();
        for (id, rule) in catalogue::rules().filter(|(id, _)| settings.severity(*id).is_some()) {
            match rule.check {
                Check::Container(_) => plan.containers.push(id),
                Check::Workload(_) => plan.workloads.push(id),
                Check::Object(_) => plan.objects.push(id),
                Check::Namespace(_) => plan.namespaces.push(id),
                Check::Set(_) => plan.sets.push(id),
                Check::Fleet(_) => plan.fleets.push(id),
                Check::File(_) => plan.files.push(id),
                Check::Suppression(_) => plan.suppressions.push(id),
            }
        }
        plan
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
