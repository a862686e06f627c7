//! Which neighbours select or name which workloads.

use kubeready_manifest::kube::{Kind, Labels, Object, Selector, Workload};
use rustc_hash::FxHashMap;

use super::{Index, Key, key};

/// Objects by the workload they are about.
#[derive(Debug, Default)]
pub(super) struct Relation<'t>(FxHashMap<Key, Vec<Object<'t>>>);

impl<'t> Relation<'t> {
    pub(super) fn of(&self, workload: Workload<'_>) -> &[Object<'t>] {
        self.0.get(&key(workload.object())).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, workload: Workload<'_>, object: Object<'t>) {
        self.0.entry(key(workload.object())).or_default().push(object);
    }
}

#[derive(Debug, Default)]
pub(super) struct Relations<'t> {
    pub(super) services: Relation<'t>,
    pub(super) budgets: Relation<'t>,
    pub(super) policies: Relation<'t>,
    /// Policies with an empty selector, by namespace: listed once instead of once a workload.
    pub(super) policies_for_all: FxHashMap<&'t str, Vec<Object<'t>>>,
    pub(super) autoscalers: Relation<'t>,
    /// LimitRanges by namespace: asked for each container.
    pub(super) limit_ranges: FxHashMap<&'t str, Vec<Object<'t>>>,
    /// Labels of templates that hold no pod spec we can read, by namespace.
    pub(super) bare_templates: FxHashMap<&'t str, Vec<Labels<'t>>>,
}

impl<'t> Relations<'t> {
    pub(super) fn build(index: &Index<'t>) -> Self {
        let mut relations = Self::default();
        for &service in index.objects(Kind::Service) {
            // A Service without a selector selects nothing.
            let Some(node) = service.path("spec.selector").filter(|n| !n.is_empty()) else {
                continue;
            };
            for workload in index.selected(&Selector::map(node), service.namespace_key()) {
                relations.services.add(workload, service);
            }
        }
        for &budget in index.objects(Kind::PodDisruptionBudget) {
            let Some(node) = budget.path("spec.selector") else { continue };
            let selector = Selector::label_selector(node);
            // policy/v1beta1: an empty selector selects nothing.
            if selector.is_empty() && budget.version() == "v1beta1" {
                continue;
            }
            for workload in index.selected(&selector, budget.namespace_key()) {
                relations.budgets.add(workload, budget);
            }
        }
        for &policy in index.objects(Kind::NetworkPolicy) {
            let node = policy.path("spec.podSelector");
            let selector = node.map(Selector::label_selector).unwrap_or_default();
            if selector.is_empty() {
                relations.policies_for_all.entry(policy.namespace_key()).or_default().push(policy);
                continue;
            }
            for workload in index.selected(&selector, policy.namespace_key()) {
                relations.policies.add(workload, policy);
            }
        }
        for kind in [Kind::HorizontalPodAutoscaler, Kind::ScaledObject] {
            for &autoscaler in index.objects(kind) {
                for workload in scale_targets(index, autoscaler) {
                    relations.autoscalers.add(workload, autoscaler);
                }
            }
        }
        for &range in index.objects(Kind::LimitRange) {
            relations.limit_ranges.entry(range.namespace_key()).or_default().push(range);
        }
        for member in index.members() {
            if let Some(labels) = bare_template(member.object) {
                let namespace = member.object.namespace_key();
                relations.bare_templates.entry(namespace).or_default().push(labels);
            }
        }
        relations
    }
}

/// Labels that an object without a readable pod spec gives its pods: a template that lacks one, or
/// a custom resource whose operator fills it in.
fn bare_template(object: Object<'_>) -> Option<Labels<'_>> {
    let runs_pods = matches!(
        object.kind(),
        Kind::Other
            | Kind::Deployment
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::ReplicaSet
            | Kind::ReplicationController
            | Kind::Job
            | Kind::DeploymentConfig
            | Kind::Rollout
            | Kind::KnativeService
    );
    if !runs_pods || object.workload().is_some() {
        return None;
    }
    ["spec.template.metadata.labels", "spec.podTemplate.metadata.labels", "spec.podMetadata.labels"]
        .into_iter()
        .find_map(|path| object.path(path).filter(|n| n.is_map()))
        .map(|node| Labels::of(Some(node)))
}

/// Workloads an autoscaler names: by kind and name in its namespace; the version does not matter.
pub(super) fn scale_targets<'t>(index: &Index<'t>, autoscaler: Object<'_>) -> Vec<Workload<'t>> {
    let Some(target) = autoscaler.path("spec.scaleTargetRef") else { return Vec::new() };
    let name = target.get("name").map_or("", |n| n.text());
    // KEDA's default is a Deployment.
    let kind_name = target.get("kind").map_or("Deployment", |n| n.text());
    let kind = match target.str_at("apiVersion") {
        Some(api_version) => Kind::of(api_version, kind_name),
        None => Kind::of("apps/v1", kind_name),
    };
    let found = index.find(kind, autoscaler.namespace_key(), name).iter();
    found.filter(|o| o.kind_name() == kind_name).filter_map(|o| o.workload()).collect()
}
