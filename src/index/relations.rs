//! Which neighbours select or name which workloads.

use std::borrow::Cow;

use kubeready_manifest::kube::{Kind, Labels, Object, Selector, Workload};
use rustc_hash::{FxHashMap, FxHashSet};

use super::groups::Groups;
use super::selectors::Selectors;
use super::{Index, Lookup, Wanted};

#[derive(Debug)]
pub(super) struct Relations<'t> {
    pub(super) services: Selectors<'t>,
    pub(super) budgets: Selectors<'t>,
    pub(super) policies: Selectors<'t>,
    /// Those of `policies` that isolate ingress, unless all do: asked for each workload, mostly for
    /// yes or no.
    isolating: Option<Selectors<'t>>,
    /// Namespaces in which a policy isolates the ingress of every pod.
    isolated: FxHashSet<&'t str>,
    /// Policies with an empty selector, by namespace.
    pub(super) policies_for_all: Groups<&'t str, Object<'t>>,
    /// By kind, namespace and name of what they scale.
    autoscalers: Lookup<(Kind, &'t str, &'t str), Vec<Object<'t>>>,
    /// LimitRanges by namespace: asked for each container.
    pub(super) limit_ranges: FxHashMap<&'t str, Vec<Object<'t>>>,
    /// Labels of templates that hold no pod spec we can read, by namespace.
    pub(super) bare_templates: FxHashMap<&'t str, Vec<Labels<'t>>>,
}

impl<'t> Relations<'t> {
    pub(super) fn build(index: &Index<'t>) -> Self {
        let policies = policies(index);
        let for_all = || policies.iter().filter(|(_, selector)| selector.is_none());
        let chosen = || policies.iter().filter_map(|(p, s)| Some((*p, (*s)?)));
        let mut relations = Self {
            services: Selectors::of(selecting(index, Kind::Service, service_selector)),
            budgets: Selectors::of(selecting(index, Kind::PodDisruptionBudget, budget_selector)),
            policies: Selectors::of(chosen()),
            isolating: (!policies.iter().all(|(policy, _)| isolates_ingress(*policy)))
                .then(|| Selectors::of(chosen().filter(|(policy, _)| isolates_ingress(*policy)))),
            isolated: for_all()
                .filter(|(policy, _)| isolates_ingress(*policy))
                .map(|(policy, _)| policy.namespace_key())
                .collect(),
            policies_for_all: Groups::of(|| for_all().map(|(p, _)| *p), |p| p.namespace_key()),
            autoscalers: Lookup::default(),
            limit_ranges: FxHashMap::default(),
            bare_templates: FxHashMap::default(),
        };
        for kind in [Kind::HorizontalPodAutoscaler, Kind::ScaledObject] {
            for &autoscaler in index.objects(kind) {
                let Some((kind, _, name)) = scale_target(autoscaler) else { continue };
                let target = (kind, autoscaler.namespace_key(), name);
                relations.autoscalers.entry(target).or_default().push(autoscaler);
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

    /// Whether a policy isolates the ingress of pods with these labels.
    pub(super) fn is_isolated(&self, labels: Labels<'_>, namespace: &str) -> bool {
        let isolating = self.isolating.as_ref().unwrap_or(&self.policies);
        self.isolated.contains(namespace) || !isolating.matching(labels, namespace).is_empty()
    }

    pub(super) fn autoscalers_of(&self, workload: Workload<'_>) -> Cow<'_, [Object<'t>]> {
        let object = workload.object();
        let wanted = Wanted((object.kind(), object.namespace_key(), object.name()));
        let named = self.autoscalers.get(&wanted).map_or(&[][..], Vec::as_slice);
        if object.kind() != Kind::Other {
            return Cow::Borrowed(named);
        }
        // Kinds that have no name here share one key.
        let same = |o: &Object<'t>| scale_target(*o).is_some_and(|t| t.1 == object.kind_name());
        Cow::Owned(named.iter().copied().filter(same).collect())
    }
}

fn selecting<'i, 't>(
    index: &'i Index<'t>,
    kind: Kind,
    selector: fn(Object<'t>) -> Option<Selector<'t>>,
) -> impl Iterator<Item = (Object<'t>, Selector<'t>)> + use<'i, 't> {
    let objects = index.objects(kind).iter().copied();
    objects.filter_map(move |object| Some((object, selector(object)?)))
}

/// A Service without a selector selects nothing.
fn service_selector(service: Object<'_>) -> Option<Selector<'_>> {
    service.path("spec.selector").filter(|node| !node.is_empty()).map(Selector::map)
}

/// policy/v1beta1: an empty selector selects nothing.
fn budget_selector(budget: Object<'_>) -> Option<Selector<'_>> {
    let selector = Selector::label_selector(budget.path("spec.selector")?);
    (!selector.is_empty() || budget.version() != "v1beta1").then_some(selector)
}

/// Every NetworkPolicy and what it selects; what selects every pod is kept apart and has `None`.
fn policies<'t>(index: &Index<'t>) -> Vec<(Object<'t>, Option<Selector<'t>>)> {
    let policies = index.objects(Kind::NetworkPolicy).iter();
    let selector = |policy: Object<'t>| {
        let node = policy.path("spec.podSelector");
        node.map(Selector::label_selector).filter(|selector| !selector.is_empty())
    };
    policies.map(|policy| (*policy, selector(*policy))).collect()
}

/// Whether a NetworkPolicy isolates ingress, with absent `policyTypes` as the API server fills them.
pub fn isolates_ingress(policy: Object<'_>) -> bool {
    let types = policy.path("spec.policyTypes").filter(|t| t.is_seq() && !t.is_empty());
    types.is_none_or(|types| types.items().any(|t| t.text() == "Ingress"))
}

/// Labels that an object without a readable pod spec gives its pods: a template that lacks one, or
/// a custom resource whose operator fills it in.
fn bare_template(object: Object<'_>) -> Option<Labels<'_>> {
    let kind = object.kind();
    let runs_pods =
        kind.keeps_pods_running() || matches!(kind, Kind::Other | Kind::Job | Kind::KnativeService);
    if !runs_pods || object.workload().is_some() {
        return None;
    }
    ["spec.template.metadata.labels", "spec.podTemplate.metadata.labels", "spec.podMetadata.labels"]
        .into_iter()
        .find_map(|path| object.path(path).filter(|n| n.is_map()))
        .map(|node| Labels::of(Some(node)))
}

/// Kind, name of the kind, and name of what an autoscaler scales; the version does not matter.
fn scale_target<'t>(autoscaler: Object<'t>) -> Option<(Kind, &'t str, &'t str)> {
    let target = autoscaler.path("spec.scaleTargetRef")?;
    let name = target.get("name").map_or("", |n| n.text());
    // KEDA's default is a Deployment.
    let kind_name = target.get("kind").map_or("Deployment", |n| n.text());
    let api_version = target.str_at("apiVersion").unwrap_or("apps/v1");
    Some((Kind::of(api_version, kind_name), kind_name, name))
}

/// Workloads an autoscaler names: by kind and name in its namespace.
pub(super) fn scale_targets<'t>(index: &Index<'t>, autoscaler: Object<'_>) -> Vec<Workload<'t>> {
    let Some((kind, kind_name, name)) = scale_target(autoscaler) else { return Vec::new() };
    let found = index.find(kind, autoscaler.namespace_key(), name).iter();
    found.filter(|o| o.kind_name() == kind_name).filter_map(|o| o.workload()).collect()
}
