#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! What an object of a set sees of its neighbours.
//!
//! Built once per set in one pass; relations (which Services select a workload, which budgets …)
//! are computed when the first rule asks, each in time linear in the objects and the pairs found.

mod access;
mod groups;
mod notes;
mod provided;
mod relations;
mod selectors;

use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Arc, OnceLock};

use hashbrown::Equivalent;
use kubeready_manifest::kube::{Kind, Labels, Object, Selector, Workload};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::fleet::Destination;
use crate::render::helm::Charted;
use crate::render::{Fault, FaultKind};
use crate::set::{Generated, Member, Set, Standing, Surroundings};
use access::Access;
use groups::Groups;
pub(crate) use notes::Notes;
use provided::Provided;
use relations::Relations;
pub use relations::isolates_ingress;

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
    /// Whether anything in it is judged here: else it is only the neighbours'.
    pub judged: bool,
}

/// As many workloads of one selector as a rule looks at one by one. One that selects more is no
/// application's own, and thousands of them would ask each other about everything.
pub const MANY: usize = 100;

/// Identity of an object: where it is written.
type Key = (SourceId, u32);

fn key(object: Object<'_>) -> Key {
    (object.root().tree().source(), object.root().index())
}

/// A hash, and the position of something that has it: of a table that finds little more than what is
/// meant, and holds no texts.
type Numbered = (u32, u32);

/// Of a label in a namespace.
fn label_hash(namespace: &str, label: &str, value: &str) -> u32 {
    short_hash((namespace, label, value))
}

fn short_hash(key: impl Hash) -> u32 {
    (rustc_hash::FxBuildHasher.hash_one(key) >> u32::BITS) as u32
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
    members: Arc<Vec<Member<'t>>>,
    /// Position in `members` by identity.
    positions: FxHashMap<Key, u32>,
    /// Number of the directory by source.
    directories: Vec<u32>,
    by_kind: Groups<Kind, Object<'t>>,
    /// Positions in `members` by the hash of kind and namespace.
    by_namespace: Groups<u32, Numbered>,
    /// Positions in `by_kind` by the hash of kind, namespace and name.
    by_name: Groups<u32, Numbered>,
    /// Of names that several objects share, side by side.
    namesakes: Groups<(Kind, &'t str, &'t str), Object<'t>>,
    workloads: Vec<Workload<'t>>,
    workloads_in: Groups<&'t str, Workload<'t>>,
    /// Positions in `workloads` by the hash of a label that their pods carry, sorted by directory.
    labelled: Groups<u32, Numbered>,
    namespaces: Vec<Namespace<'t>>,
    generated: Vec<Generated<'t>>,
    destinations: Vec<Arc<Destination>>,
    /// Trees whose objects are only neighbours, sorted.
    context: Vec<SourceId>,
    entries: FxHashMap<Key, Span>,
    charted: Arc<FxHashMap<SourceId, &'t Charted>>,
    faults: Vec<Fault>,
    surroundings: Surroundings,
    lacks_secrets: bool,
    pinned_images: FxHashSet<&'t str>,
    relations: OnceLock<Relations<'t>>,
    access: OnceLock<Access<'t>>,
    provided: OnceLock<Provided<'t>>,
    notes: Notes<'t>,
}

impl<'t> Index<'t> {
    pub fn build(set: &Set<'t>) -> Self {
        let members = Arc::clone(&set.members);
        let objects = || members.iter().map(|m| m.object);
        let positions = (0u32..).zip(objects()).map(|(at, object)| (key(object), at)).collect();
        let place = |object: Object<'t>| short_hash((object.kind(), object.namespace_key()));
        let in_namespaces = || objects().map(place).zip(0..);
        let by_kind = Groups::of(objects, |o| o.kind());
        let names = || by_kind.values().iter().map(name_hash).zip(0..);
        let by_name = Groups::of(names, |(hash, _)| *hash);
        let namesakes = namesakes(by_kind.values(), &by_name);
        let workloads: Vec<_> = objects().filter_map(Object::workload).collect();
        let directories = directories(&members);
        let mut index = Self {
            positions,
            by_kind,
            by_namespace: Groups::of(in_namespaces, |(hash, _)| *hash),
            namesakes,
            by_name,
            workloads_in: Groups::of(|| workloads.iter().copied(), |w| w.object().namespace_key()),
            labelled: labelled(&workloads, &directories),
            namespaces: collect_namespaces(&members),
            members,
            directories,
            workloads,
            generated: set.generated.clone(),
            destinations: set.destinations.clone(),
            context: context(&set.members),
            entries: set.entries.clone(),
            charted: Arc::clone(&set.charted),
            faults: set.faults.clone(),
            surroundings: set.surroundings,
            lacks_secrets: set.lacks_secrets,
            pinned_images: set.pinned_images.iter().copied().collect(),
            relations: OnceLock::new(),
            access: OnceLock::new(),
            provided: OnceLock::new(),
            notes: Notes::default(),
        };
        index.workloads.shrink_to_fit();
        index
    }

    /// Every object of the set in order of files.
    pub fn members(&self) -> &[Member<'t>] {
        &self.members
    }

    /// Objects of a kind.
    pub fn objects(&self, kind: Kind) -> &[Object<'t>] {
        self.by_kind.get(&kind)
    }

    /// Objects of a kind in a namespace (see [`Object::namespace_key`]).
    pub fn objects_in(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = Object<'t>> {
        let found = self.by_namespace.get(&short_hash((kind, namespace))).iter();
        let objects = found.filter_map(|(_, at)| Some(self.members.get(*at as usize)?.object));
        objects.filter(move |o| o.kind() == kind && o.namespace_key() == namespace)
    }

    /// Objects by kind, namespace key (`""` for cluster-scoped kinds) and name; more than one when
    /// directories hold variants.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> &[Object<'t>] {
        let key = (kind, namespace, name);
        let [(_, only)] = self.by_name.get(&short_hash(key)) else {
            return self.namesakes.get(&Wanted(key));
        };
        let at = *only as usize;
        let found = self.by_kind.values().get(at..=at).unwrap_or_default();
        if found.iter().all(|o| (o.kind(), o.namespace_key(), o.name()) == key) {
            found
        } else {
            &[]
        }
    }

    pub fn workloads(&self) -> &[Workload<'t>] {
        &self.workloads
    }

    pub fn workloads_in(&self, namespace: &str) -> &[Workload<'t>] {
        self.workloads_in.get(namespace)
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

    /// Whether Secrets are missing that something decrypts on the way to the cluster.
    pub fn lacks_secrets(&self) -> bool {
        self.lacks_secrets
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
        let directory = self.directory(a);
        directory.is_some() && directory == self.directory(b)
    }

    /// Whether two objects of one directory may be meant to be applied one or the other: they are
    /// written in two files, and nothing renders them together.
    pub fn may_be_variants(&self, a: Object<'_>, b: Object<'_>) -> bool {
        a.root().tree().source() != b.root().tree().source()
    }

    /// Where the objects of a tree go, if anything is known of it.
    pub fn destination_of(&self, tree: SourceId) -> Option<&Arc<Destination>> {
        self.destinations.get(*self.directories.get(tree.0 as usize)? as usize)
    }

    /// Whether all objects of a tree are only neighbours here.
    pub fn is_context(&self, tree: SourceId) -> bool {
        self.context.binary_search(&tree).is_ok()
    }

    /// The entry of a root that brings a rendered object in.
    pub fn entry(&self, object: Object<'_>) -> Option<Span> {
        self.entries.get(&key(object)).copied()
    }

    /// As [`Index::entry`], for a part of an object.
    pub fn entry_of(&self, node: NodeRef<'_>) -> Option<Span> {
        let roots = node.tree().documents().map(|(_, root)| root.index());
        let root = roots.take_while(|root| *root <= node.index()).last()?;
        self.entries.get(&(node.tree().source(), root)).copied()
    }

    /// What is known of the nodes of a tree that charts printed.
    pub fn charted(&self, tree: SourceId) -> Option<&'t Charted> {
        self.charted.get(&tree).copied()
    }

    /// What went wrong where a file was rendered, of a kind.
    pub fn faults(&self, source: SourceId, kind: FaultKind) -> impl Iterator<Item = &Fault> {
        let start = self.faults.partition_point(|fault| fault.at.source < source);
        let of_file = self.faults[start..].iter().take_while(move |f| f.at.source == source);
        of_file.filter(move |fault| fault.kind == kind)
    }

    /// What went wrong anywhere while something was rendered, of a kind, in order of places. The
    /// first set of a run, which rules about the fleet see, knows it all.
    pub fn all_faults(&self, kind: FaultKind) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(move |fault| fault.kind == kind)
    }

    fn directory(&self, object: Object<'_>) -> Option<u32> {
        directory(&self.directories, object)
    }

    /// Workloads of a namespace whose pod labels match.
    pub fn selected<'i>(
        &'i self,
        selector: &'i Selector<'t>,
        namespace: &'i str,
    ) -> impl Iterator<Item = Workload<'t>> + use<'i, 't> {
        let positions = self.candidates(selector, namespace);
        // No label that all of them have: every workload of the namespace may be meant.
        let all = positions.is_none().then(|| self.workloads_in(namespace));
        let listed = self.numbered(positions.unwrap_or_default());
        let candidates = listed.chain(all.unwrap_or_default().iter().copied());
        let is_here = move |w: &Workload<'t>| w.object().namespace_key() == namespace;
        candidates.filter(move |w| is_here(w) && selector.matches(w.pod_labels()))
    }

    /// Workloads of an object's namespace and directory whose pod labels match.
    pub fn selected_beside<'i>(
        &'i self,
        selector: &'i Selector<'t>,
        object: Object<'t>,
    ) -> impl Iterator<Item = Workload<'t>> + use<'i, 't> {
        let namespace = object.namespace_key();
        let positions = self.candidates(selector, namespace);
        let all = if positions.is_none() { self.workloads_in(namespace) } else { &[] };
        // Candidates are sorted by directory.
        let here = self.directory(object);
        let positions = positions.unwrap_or_default();
        let of = |(_, at): &Numbered| self.directory(self.workloads[*at as usize].object());
        let start = positions.partition_point(|at| of(at) < here);
        let end = positions.partition_point(|at| of(at) <= here);
        let listed = self.numbered(&positions[start..end]);
        let all = all.iter().copied().filter(move |w| self.same_directory(w.object(), object));
        let is_here = move |w: &Workload<'t>| w.object().namespace_key() == namespace;
        listed.chain(all).filter(move |w| is_here(w) && selector.matches(w.pod_labels()))
    }

    /// Workloads whose pod labels match and that are known to live with an object.
    pub fn selected_together<'i>(
        &'i self,
        selector: &'i Selector<'t>,
        object: Object<'t>,
    ) -> impl Iterator<Item = Workload<'t>> + use<'i, 't> {
        let named = object.namespace().is_some();
        let there = named.then(|| self.selected(selector, object.namespace_key()));
        let there = there.into_iter().flatten();
        let beside = (!named).then(|| self.selected_beside(selector, object)).into_iter().flatten();
        there.filter(move |w| self.belong_together(object, w.object())).chain(beside)
    }

    /// Positions of the workloads that carry the rarest label that a selector asks for, and of others
    /// whose label has its hash; `None` if it asks for none.
    fn candidates<'i>(
        &'i self,
        selector: &Selector<'t>,
        namespace: &'i str,
    ) -> Option<&'i [Numbered]> {
        let labels = selector.equals();
        let carriers = labels.map(|(k, v)| self.labelled.get(&label_hash(namespace, k, v)));
        carriers.min_by_key(|carriers| carriers.len())
    }

    /// The workloads at positions, each once: one of which two labels share a hash stands there twice,
    /// one behind the other.
    fn numbered<'i>(
        &'i self,
        positions: &'i [Numbered],
    ) -> impl Iterator<Item = Workload<'t>> + use<'i, 't> {
        let once = positions.chunk_by(|(_, a), (_, b)| a == b).filter_map(<[Numbered]>::first);
        once.map(|&(_, at)| self.workloads[at as usize])
    }

    /// Whether any pod template of the namespace carries all labels of a selector.
    pub fn selects_any(&self, selector: &Selector<'t>, namespace: &str) -> bool {
        self.selected(selector, namespace).next().is_some()
    }

    fn relations(&self) -> &Relations<'t> {
        self.relations.get_or_init(|| Relations::build(self))
    }

    /// Services whose selector matches the workload's pods.
    pub fn services_of(&self, workload: Workload<'_>) -> Cow<'_, [Object<'t>]> {
        let namespace = workload.object().namespace_key();
        self.relations().services.matching(workload.pod_labels(), namespace)
    }

    /// PodDisruptionBudgets that select the workload's pods.
    pub fn budgets_of(&self, workload: Workload<'_>) -> Cow<'_, [Object<'t>]> {
        self.budgets_for(workload.pod_labels(), workload.object().namespace_key())
    }

    /// PodDisruptionBudgets that would select pods with these labels.
    pub fn budgets_for(&self, labels: Labels<'_>, namespace: &str) -> Cow<'_, [Object<'t>]> {
        self.relations().budgets.matching(labels, namespace)
    }

    /// NetworkPolicies that select the workload's pods, those with an empty selector included.
    pub fn policies_of(&self, workload: Workload<'_>) -> impl Iterator<Item = Object<'t>> {
        let relations = self.relations();
        let namespace = workload.object().namespace_key();
        let everyone = relations.policies_for_all.get(namespace).iter().copied();
        let chosen = relations.policies.matching(workload.pod_labels(), namespace);
        (0..chosen.len()).map(move |at| chosen[at]).chain(everyone)
    }

    /// Whether a NetworkPolicy isolates the ingress of the workload's pods.
    pub fn is_isolated(&self, workload: Workload<'_>) -> bool {
        let namespace = workload.object().namespace_key();
        self.relations().is_isolated(workload.pod_labels(), namespace)
    }

    /// HorizontalPodAutoscalers and KEDA ScaledObjects that scale the workload.
    pub fn autoscalers_of(&self, workload: Workload<'_>) -> Cow<'_, [Object<'t>]> {
        self.relations().autoscalers_of(workload)
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

    /// Whether an object of the set is, or says that it will make, the one of that name.
    pub fn declares(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.provided().declares(kind, namespace, name)
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

    /// Room for what rules work out once.
    pub(crate) fn notes(&self) -> &Notes<'t> {
        &self.notes
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

fn collect_namespaces<'t>(members: &[Member<'t>]) -> Vec<Namespace<'t>> {
    let mut namespaces: Vec<Namespace<'t>> = Vec::new();
    let mut known: FxHashMap<&'t str, usize> = FxHashMap::default();
    let mut own: FxHashSet<&'t str> = FxHashSet::default();
    let new =
        |name| Namespace { name, object: None, workloads: Vec::new(), named: false, judged: false };
    // An object that is not rendered yet may end up in another namespace.
    for member in members.iter().filter(|m| m.standing != Standing::Unrendered) {
        let object = member.object;
        let is_namespace = object.kind() == Kind::Namespace;
        if object.is_cluster_scoped() && !is_namespace {
            continue;
        }
        let name = if is_namespace { object.name() } else { object.namespace_key() };
        let at = *known.entry(name).or_insert(namespaces.len());
        if at == namespaces.len() {
            namespaces.push(new(name));
        }
        let namespace = &mut namespaces[at];
        if is_namespace {
            // One that is judged here goes before those of neighbours.
            if member.standing.is_judged() && own.insert(object.name()) {
                namespace.object = Some(object);
            }
            namespace.object.get_or_insert(object);
            namespace.named = true;
            namespace.judged |= member.standing.is_judged();
        } else {
            namespace.named |= object.namespace().is_some();
            namespace.judged |= member.standing.is_judged();
            namespace.workloads.extend(object.workload());
        }
    }
    drop(known);
    namespaces.shrink_to_fit();
    for namespace in &mut namespaces {
        namespace.workloads.shrink_to_fit();
    }
    namespaces.sort_by_key(|n| n.name);
    namespaces
}

fn name_hash(object: &Object<'_>) -> u32 {
    short_hash((object.kind(), object.namespace_key(), object.name()))
}

/// Those objects that are not the only ones of the hash of their name.
fn namesakes<'t>(
    objects: &[Object<'t>],
    by_name: &Groups<u32, Numbered>,
) -> Groups<(Kind, &'t str, &'t str), Object<'t>> {
    let shared = by_name.several();
    let all = || shared.clone().filter_map(|(_, at)| objects.get(*at as usize).copied());
    Groups::of(all, |o| (o.kind(), o.namespace_key(), o.name()))
}

/// The directory of each source that has objects.
fn directories(members: &[Member<'_>]) -> Vec<u32> {
    let mut directories = Vec::new();
    for member in members {
        let source = member.object.root().tree().source().0 as usize;
        if directories.len() <= source {
            directories.resize(source + 1, u32::MAX);
        }
        directories[source] = member.directory;
    }
    directories
}

/// Trees of which no object is judged.
fn context(members: &[Member<'_>]) -> Vec<SourceId> {
    let source = |m: &Member<'_>| m.object.root().tree().source();
    let runs = members.chunk_by(|a, b| source(a) == source(b));
    let quiet = runs.filter(|run| run.iter().all(|m| m.standing == Standing::Context));
    let mut quiet: Vec<SourceId> = quiet.filter_map(|run| run.first().map(source)).collect();
    quiet.sort_unstable();
    quiet
}

fn directory(directories: &[u32], object: Object<'_>) -> Option<u32> {
    directories.get(object.root().tree().source().0 as usize).copied()
}

fn labelled(workloads: &[Workload<'_>], directories: &[u32]) -> Groups<u32, Numbered> {
    let mut order: Vec<u32> = (0..workloads.len() as u32).collect();
    order.sort_by_key(|&at| directory(directories, workloads[at as usize].object()));
    let carried = || {
        order.iter().flat_map(|&at| {
            let workload = workloads[at as usize];
            let namespace = workload.object().namespace_key();
            let labels = workload.pod_labels().node().into_iter().flat_map(NodeRef::entries);
            let hash = move |label: NodeRef<'_>, value: NodeRef<'_>| {
                label_hash(namespace, label.text(), value.text())
            };
            labels.map(move |(label, value)| (hash(label, value), at))
        })
    };
    Groups::of(carried, |(hash, _)| *hash)
}

/// The least number of replicas an autoscaler keeps: absent means 1 for an HPA, 0 for KEDA.
pub fn autoscaler_minimum(autoscaler: Object<'_>) -> i64 {
    match autoscaler.kind() {
        Kind::ScaledObject => autoscaler.i64_at("spec.minReplicaCount").unwrap_or(0),
        _ => autoscaler.i64_at("spec.minReplicas").unwrap_or(1),
    }
}
