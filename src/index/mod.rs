#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! What an object of a set sees of its neighbours.
//!
//! Built once per set in one pass; relations (which Services select a workload, which budgets …)
//! are computed when the first rule asks, each in time linear in the objects and the pairs found.

mod access;
mod provided;
mod relations;

use std::sync::OnceLock;

use hashbrown::Equivalent;
use kubeready_manifest::kube::{Kind, Labels, Object, Selector, Workload};
use kubeready_manifest::source::SourceId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::set::{Generated, Member, Set, Standing, Surroundings};
use access::Access;
use provided::Provided;
use relations::Relations;

/// A namespace that is declared in a set or that its objects live in.
#[derive(Clone, Debug)]
pub struct Namespace<'t> {
    /// `default` stands for objects without a namespace too.
    pub name: &'t str,
    /// Its `Namespace` object, if the set has one.
    pub object: Option<Object<'t>>,
    /// Workloads that live in it.
    pub workloads: Vec<Workload<'t>>,
    /// Whether an object names it (`default` may be only what objects without one fall back to).
    pub named: bool,
}

/// Identity of an object: where it is written.
type Key = (SourceId, u32);

fn key(object: Object<'_>) -> Key {
    (object.root().tree().source(), object.root().index())
}

type Lookup<K, V> = hashbrown::HashMap<K, V, rustc_hash::FxBuildHasher>;

/// A key to look up whose text need not live as long as the trees that the map's keys borrow from.
#[derive(Hash)]
struct Wanted<K>(K);

impl<'a, 't, T: PartialEq> Equivalent<(T, &'t str, &'t str)> for Wanted<(T, &'a str, &'a str)> {
    fn equivalent(&self, key: &(T, &'t str, &'t str)) -> bool {
        self.0.0 == key.0 && self.0.1 == key.1 && self.0.2 == key.2
    }
}

/// The objects of a set, by kind, name, namespace and label.
#[derive(Debug)]
pub struct Index<'t> {
    members: Vec<Member<'t>>,
    /// Position in `members` by identity.
    positions: FxHashMap<Key, u32>,
    by_kind: FxHashMap<Kind, Vec<Object<'t>>>,
    by_name: Lookup<(Kind, &'t str, &'t str), Vec<Object<'t>>>,
    workloads: Vec<Workload<'t>>,
    workloads_in: FxHashMap<&'t str, Vec<Workload<'t>>>,
    /// (namespace, label key, label value) → workloads whose pods carry it.
    labelled: Lookup<(&'t str, &'t str, &'t str), Vec<Workload<'t>>>,
    namespaces: Vec<Namespace<'t>>,
    generated: Vec<Generated<'t>>,
    surroundings: Surroundings,
    pinned_images: FxHashSet<&'t str>,
    relations: OnceLock<Relations<'t>>,
    access: OnceLock<Access<'t>>,
    provided: OnceLock<Provided<'t>>,
}

impl<'t> Index<'t> {
    pub fn build(set: &Set<'t>) -> Self {
        let mut index = Self {
            members: set.members.clone(),
            positions: FxHashMap::default(),
            by_kind: FxHashMap::default(),
            by_name: Lookup::default(),
            workloads: Vec::new(),
            workloads_in: FxHashMap::default(),
            labelled: Lookup::default(),
            namespaces: Vec::new(),
            generated: set.generated.clone(),
            surroundings: set.surroundings,
            pinned_images: set.pinned_images.iter().copied().collect(),
            relations: OnceLock::new(),
            access: OnceLock::new(),
            provided: OnceLock::new(),
        };
        for (at, member) in set.members.iter().enumerate() {
            let object = member.object;
            let namespace = object.namespace_key();
            index.positions.insert(key(object), at as u32);
            index.by_kind.entry(object.kind()).or_default().push(object);
            index
                .by_name
                .entry((object.kind(), namespace, object.name()))
                .or_default()
                .push(object);
            if let Some(workload) = object.workload() {
                index.workloads.push(workload);
                index.workloads_in.entry(namespace).or_default().push(workload);
                if let Some(labels) = workload.pod_labels().node() {
                    for (label, value) in labels.entries() {
                        let label = (namespace, label.text(), value.text());
                        index.labelled.entry(label).or_default().push(workload);
                    }
                }
            }
        }
        index.namespaces = index.collect_namespaces();
        index
    }

    fn collect_namespaces(&self) -> Vec<Namespace<'t>> {
        let mut found: FxHashMap<&'t str, Namespace<'t>> = FxHashMap::default();
        let new = |name| Namespace { name, object: None, workloads: Vec::new(), named: false };
        // An object that is not rendered yet may end up in another namespace.
        for member in self.members.iter().filter(|m| m.standing != Standing::Unrendered) {
            let object = member.object;
            if object.kind() == Kind::Namespace {
                let namespace = found.entry(object.name()).or_insert_with(|| new(object.name()));
                namespace.object.get_or_insert(object);
                namespace.named = true;
            } else if !object.is_cluster_scoped() {
                let name = object.namespace_key();
                let namespace = found.entry(name).or_insert_with(|| new(name));
                namespace.named |= object.namespace().is_some();
                namespace.workloads.extend(object.workload());
            }
        }
        let mut namespaces: Vec<_> = found.into_values().collect();
        namespaces.sort_by_key(|n| n.name);
        namespaces
    }

    /// Every object of the set in order of files.
    pub fn members(&self) -> &[Member<'t>] {
        &self.members
    }

    /// Objects of a kind.
    pub fn objects(&self, kind: Kind) -> &[Object<'t>] {
        self.by_kind.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// Objects of a kind in a namespace (see [`Object::namespace_key`]).
    pub fn objects_in(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = Object<'t>> {
        self.objects(kind).iter().copied().filter(move |o| o.namespace_key() == namespace)
    }

    /// Objects by kind, namespace key (`""` for cluster-scoped kinds) and name; more than one when
    /// directories hold variants.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> &[Object<'t>] {
        self.by_name.get(&Wanted((kind, namespace, name))).map_or(&[], Vec::as_slice)
    }

    pub fn workloads(&self) -> &[Workload<'t>] {
        &self.workloads
    }

    pub fn workloads_in(&self, namespace: &str) -> &[Workload<'t>] {
        self.workloads_in.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Namespaces that are declared or lived in, sorted by name.
    pub fn namespaces(&self) -> &[Namespace<'t>] {
        &self.namespaces
    }

    pub fn namespace(&self, name: &str) -> Option<&Namespace<'t>> {
        let at = self.namespaces.binary_search_by(|n| n.name.cmp(name)).ok()?;
        Some(&self.namespaces[at])
    }

    pub fn surroundings(&self) -> Surroundings {
        self.surroundings
    }

    /// How far an object of this set may be judged.
    pub fn standing(&self, object: Object<'_>) -> Standing {
        self.member(object).map_or(Standing::Judged, |m| m.standing)
    }

    fn member(&self, object: Object<'_>) -> Option<&Member<'t>> {
        self.positions.get(&key(object)).map(|&at| &self.members[at as usize])
    }

    /// Whether two objects are written in one directory, and so are meant to live together. Rules
    /// that accuse because of an object that is *there* ask this; for rules about absence any
    /// object of the set will do.
    pub fn same_directory(&self, a: Object<'_>, b: Object<'_>) -> bool {
        match (self.member(a), self.member(b)) {
            (Some(a), Some(b)) => a.directory == b.directory,
            _ => false,
        }
    }

    /// Workloads of a namespace whose pod labels match.
    pub fn selected(&self, selector: &Selector<'_>, namespace: &str) -> Vec<Workload<'t>> {
        let rarest = selector
            .equals()
            .iter()
            .map(|&(k, v)| {
                self.labelled.get(&Wanted((namespace, k, v))).map_or(&[][..], Vec::as_slice)
            })
            .min_by_key(|candidates| candidates.len());
        let candidates = rarest.unwrap_or_else(|| self.workloads_in(namespace));
        candidates.iter().copied().filter(|w| selector.matches(w.pod_labels())).collect()
    }

    /// Whether any pod template of the namespace carries all labels of a plain selector.
    pub fn selects_any(&self, selector: &Selector<'_>, namespace: &str) -> bool {
        !self.selected(selector, namespace).is_empty()
    }

    fn relations(&self) -> &Relations<'t> {
        self.relations.get_or_init(|| Relations::build(self))
    }

    /// Services whose selector matches the workload's pods.
    pub fn services_of(&self, workload: Workload<'_>) -> &[Object<'t>] {
        self.relations().services.of(workload)
    }

    /// PodDisruptionBudgets that select the workload's pods.
    pub fn budgets_of(&self, workload: Workload<'_>) -> &[Object<'t>] {
        self.relations().budgets.of(workload)
    }

    /// NetworkPolicies that select the workload's pods, those with an empty selector included.
    pub fn policies_of(&self, workload: Workload<'_>) -> Vec<Object<'t>> {
        let relations = self.relations();
        let everyone = relations.policies_for_all.get(workload.object().namespace_key());
        let chosen = relations.policies.of(workload).iter();
        chosen.chain(everyone.into_iter().flatten()).copied().collect()
    }

    /// HorizontalPodAutoscalers and KEDA ScaledObjects that scale the workload.
    pub fn autoscalers_of(&self, workload: Workload<'_>) -> &[Object<'t>] {
        self.relations().autoscalers.of(workload)
    }

    /// LimitRanges of a namespace (see [`Object::namespace_key`]).
    pub fn limit_ranges_in(&self, namespace: &str) -> &[Object<'t>] {
        self.relations().limit_ranges.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The workload that an autoscaler names in `spec.scaleTargetRef`, by kind and name.
    pub fn scale_targets(&self, autoscaler: Object<'_>) -> Vec<Workload<'t>> {
        relations::scale_targets(self, autoscaler)
    }

    /// Replicas that the workload keeps at least: an autoscaler's minimum decides over the field,
    /// and an absent field means 1. `None` for kinds that are not scaled by number.
    pub fn minimum_replicas(&self, workload: Workload<'_>) -> Option<i64> {
        if let Some(autoscaler) = self.autoscalers_of(workload).first() {
            return Some(autoscaler_minimum(*autoscaler));
        }
        workload.is_scalable().then(|| workload.replicas().unwrap_or(1))
    }

    fn access(&self) -> &Access<'t> {
        self.access.get_or_init(|| Access::build(self))
    }

    /// RoleBindings and ClusterRoleBindings that name a Role or ClusterRole.
    pub fn bindings_of(&self, role: Object<'_>) -> &[Object<'t>] {
        self.access().bindings_of(role)
    }

    /// Whether some binding of the set names a ServiceAccount, as such, as a user or by a group of
    /// service accounts.
    pub fn is_account_bound(&self, namespace: &str, name: &str) -> bool {
        self.access().is_bound(namespace, name)
    }

    /// Whether a kustomization gives the image of this name a tag or digest that does not move.
    pub fn is_pinned_image(&self, name: &str) -> bool {
        self.pinned_images.contains(name)
    }

    /// Whether an account of that name may be bound, as far as namespaces that are not written yet
    /// let it be known: its own if `open`, or the binding's.
    pub fn may_account_be_bound(&self, name: &str, open: bool) -> bool {
        self.access().may_be_bound(name, open)
    }

    /// Whether an object's namespace is for a renderer, or for `kubectl -n`, to say.
    pub fn is_namespace_open(&self, object: Object<'_>) -> bool {
        object.namespace().is_none() || self.standing(object) == Standing::Unrendered
    }

    fn provided(&self) -> &Provided<'t> {
        self.provided.get_or_init(|| Provided::build(self))
    }

    /// Whether a Secret, ConfigMap or ServiceAccount of that name is in the set, or may come to
    /// exist through an object of the set: an ExternalSecret, a Certificate, an operator, a chart.
    pub fn may_have(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.provided().may_have(kind, namespace, name)
    }

    /// Whether a chart or an application whose objects are not in the set is delivered there.
    pub fn has_unknown_contents(&self, namespace: &str) -> bool {
        self.provided().has_unknown_contents(namespace)
    }

    /// Whether the set delivers any chart or application whose objects are not in it.
    pub fn has_deliveries(&self) -> bool {
        self.provided().any_delivery()
    }

    /// Whether Secrets of a namespace are kept in the set: plain, sealed, encrypted or external.
    pub fn keeps_secrets(&self, namespace: &str) -> bool {
        self.provided().keeps_secrets(namespace)
    }

    /// Whether two objects are known to meet: written in one directory, or both in a namespace that
    /// they name. Two objects that name none and stand in two directories may be two variants.
    pub fn belong_together(&self, a: Object<'_>, b: Object<'_>) -> bool {
        let named = a.namespace().is_some() && a.namespace() == b.namespace();
        named || self.same_directory(a, b)
    }

    /// Whether a selector matches the labels of a template that holds no pod spec we can read:
    /// custom resources whose operator fills it in, and unfinished controllers.
    pub fn selects_bare_template(&self, selector: &Selector<'_>, namespace: &str) -> bool {
        let templates = self.relations().bare_templates.get(namespace);
        templates.is_some_and(|labels| labels.iter().any(|l| selector.matches(*l)))
    }
}

/// The least number of replicas an autoscaler keeps: absent means 1 for an HPA, 0 for KEDA.
pub fn autoscaler_minimum(autoscaler: Object<'_>) -> i64 {
    match autoscaler.kind() {
        Kind::ScaledObject => autoscaler.root().i64_at("spec.minReplicaCount").unwrap_or(0),
        _ => autoscaler.root().i64_at("spec.minReplicas").unwrap_or(1),
    }
}

/// Labels of a pod template as a value for tests of selectors.
pub fn pod_labels(workload: Workload<'_>) -> Labels<'_> {
    workload.pod_labels()
}
