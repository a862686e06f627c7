//! Places side by side: which are siblings, and which objects of theirs are the same thing.

use std::hash::BuildHasher as _;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::{SourceId, Span};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::neutral::{Words, without_hash};
use super::{Destination, Fleet, FleetPlace, Stage};

/// The part of a place's siblings that must agree, in percent.
pub(crate) const MOST: usize = 75;

/// What an object is called wherever it is: names of places set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key<'t> {
    pub(crate) kind: &'t str,
    pub(crate) namespace: &'t str,
    pub(crate) name: &'t str,
    pub(crate) group: &'t str,
}

/// An object in a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'t> {
    pub(crate) object: Object<'t>,
    /// Number of what brings it in: a unit's entry, else a file's directory. Alike for objects that
    /// come and go together.
    pub(crate) component: u32,
}

/// The objects of a place by what they are called. A repository has hundreds of thousands: two flat
/// lists take a third of the room of a map and a list of its keys.
#[derive(Debug, Default)]
pub(crate) struct Objects<'t> {
    /// In order of the files, each key once.
    all: Vec<(Key<'t>, Seen<'t>)>,
    /// Hashes of keys and the keys' positions in `all`, in order of the hashes, then of the keys.
    sorted: Vec<(u32, u32)>,
}

impl<'t> Objects<'t> {
    /// Of objects with the same key the first counts.
    fn of(mut all: Vec<(Key<'t>, Seen<'t>)>) -> Self {
        let mut sorted = Self::sorted(&all);
        let key = |(_, at): (u32, u32)| all.get(at as usize).map(|(key, _)| *key);
        let mut doubled = vec![false; all.len()];
        for pair in sorted.windows(2) {
            if let [first, second] = *pair
                && key(first) == key(second)
                && let Some(second) = doubled.get_mut(second.1 as usize)
            {
                *second = true;
            }
        }
        if doubled.contains(&true) {
            let mut doubled = doubled.into_iter();
            all.retain(|_| !doubled.next().unwrap_or(false));
            sorted = Self::sorted(&all);
        }
        all.shrink_to_fit();
        Self { all, sorted }
    }

    /// Of equal keys that which came first stands first.
    fn sorted(all: &[(Key<'t>, Seen<'t>)]) -> Vec<(u32, u32)> {
        let key = |at: u32| all.get(at as usize).map(|(key, _)| key);
        let mut sorted: Vec<_> =
            (0..).zip(all).map(|(at, (key, _))| (short_hash(key), at)).collect();
        sorted.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| key(a.1).cmp(&key(b.1))).then(a.1.cmp(&b.1))
        });
        sorted
    }

    /// In order of the files.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key<'t>> {
        self.all.iter().map(|(key, _)| key)
    }

    /// In order of the files.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key<'t>, Seen<'t>)> {
        self.all.iter().map(|(key, seen)| (key, *seen))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, key: &Key<'_>) -> Option<&Seen<'t>> {
        let hash = short_hash(key);
        let from = self.sorted.partition_point(|(other, _)| *other < hash);
        let same = self.sorted.get(from..)?.iter().take_while(|(other, _)| *other == hash);
        let found = same.filter_map(|(_, at)| self.all.get(*at as usize));
        found.into_iter().find(|(other, _)| other == key).map(|(_, seen)| seen)
    }

    pub(crate) fn contains_key(&self, key: &Key<'_>) -> bool {
        self.get(key).is_some()
    }
}

fn short_hash(key: &Key<'_>) -> u32 {
    (FxBuildHasher.hash_one(key) >> 32) as u32
}

/// One place, ready for comparison.
#[derive(Debug)]
pub(crate) struct View<'t> {
    /// Position in [`Fleet::places`].
    pub(crate) place: usize,
    pub(crate) words: Words,
    pub(crate) stage: Option<Stage>,
    pub(crate) objects: Objects<'t>,
    /// HorizontalPodAutoscalers and ScaledObjects.
    pub(crate) autoscalers: Vec<Object<'t>>,
}

/// Places that are meant to be alike.
#[derive(Debug)]
pub(crate) struct Group<'t> {
    /// Positions in [`Comparison::views`].
    pub(crate) members: Vec<usize>,
    /// Whether an environment is what they have in common.
    pub(crate) environment: bool,
    /// Every thing that some of them have, in order.
    pub(crate) rows: Vec<Row<'t>>,
    /// Most of what they hold is the same in most of them.
    pub(crate) uniform: bool,
}

/// One thing in all places of a group.
#[derive(Debug)]
pub(crate) struct Row<'t> {
    /// By position in [`Group::members`].
    pub(crate) seen: Vec<Option<Seen<'t>>>,
}

/// Worked out once for all rules that compare places.
#[derive(Debug)]
pub(crate) struct Comparison<'t> {
    /// Parallel to [`Fleet::places`].
    pub(crate) views: Vec<View<'t>>,
    pub(crate) groups: Vec<Group<'t>>,
    /// By source and position: the entry of the root that brings in what was rendered.
    entries: FxHashMap<(SourceId, u32), Span>,
}

/// Whether enough of a place's siblings agree, of `all` places `agreeing`.
pub(crate) fn is_most(agreeing: usize, all: usize) -> bool {
    all >= 3 && agreeing >= 2 && agreeing < all && agreeing * 100 >= MOST * (all - 1)
}

impl<'t> Comparison<'t> {
    pub(super) fn new(fleet: &Fleet<'t>) -> Self {
        let entries = entries(fleet);
        let mut components = Components::default();
        let places = fleet.places.iter().enumerate();
        let views: Vec<View<'t>> =
            places.map(|(at, place)| view(at, place, &entries, &mut components)).collect();
        let groups = candidates(fleet, &views);
        let groups = groups.into_iter().filter_map(|(members, env)| group(&views, members, env));
        let groups = groups.collect();
        Self { views, groups, entries }
    }

    /// The entry of the root that brings an object in, if it was rendered.
    pub(crate) fn entry(&self, object: Object<'_>) -> Option<Span> {
        self.entries.get(&(object.root().tree().source(), object.root().index())).copied()
    }
}

fn entries(fleet: &Fleet<'_>) -> FxHashMap<(SourceId, u32), Span> {
    let of_unit = |unit: &&crate::render::Unit| {
        let source = unit.tree.source();
        let roots = unit.tree.documents().map(|(_, root)| root.index());
        let known = roots.zip(&unit.entries);
        known.filter_map(|(at, entry)| Some(((source, at), (*entry)?))).collect::<Vec<_>>()
    };
    fleet.units.iter().flat_map(of_unit).collect()
}

/// Numbers for what brings objects in.
#[derive(Debug, Default)]
struct Components {
    entries: FxHashMap<Span, u32>,
    folders: FxHashMap<(usize, u32), u32>,
    count: u32,
}

impl Components {
    fn of_entry(&mut self, entry: Span) -> u32 {
        let count = &mut self.count;
        *self.entries.entry(entry).or_insert_with(|| next(count))
    }

    fn of_folder(&mut self, place: usize, directory: u32) -> u32 {
        let count = &mut self.count;
        *self.folders.entry((place, directory)).or_insert_with(|| next(count))
    }
}

fn next(count: &mut u32) -> u32 {
    *count += 1;
    *count
}

fn view<'t>(
    at: usize,
    place: &FleetPlace<'t>,
    entries: &FxHashMap<(SourceId, u32), Span>,
    components: &mut Components,
) -> View<'t> {
    let words = Words::of(&place.destination);
    let mut objects = Vec::new();
    let mut autoscalers = Vec::new();
    for (object, directory) in place.numbered() {
        // Hooks and objects with `generateName` come and go.
        if !object.is_named() || object.is_hook() {
            continue;
        }
        if matches!(object.kind(), Kind::HorizontalPodAutoscaler | Kind::ScaledObject) {
            autoscalers.push(object);
        }
        let root = object.root();
        let component = match entries.get(&(root.tree().source(), root.index())) {
            Some(entry) => components.of_entry(*entry),
            None => components.of_folder(at, directory),
        };
        objects.push((key(object, &words), Seen { object, component }));
    }
    let objects = Objects::of(objects);
    View { place: at, stage: stage(&place.destination), words, objects, autoscalers }
}

/// The name of an object wherever it is.
pub(crate) fn key<'t>(object: Object<'t>, words: &Words) -> Key<'t> {
    let name = match object.kind() {
        Kind::ConfigMap | Kind::Secret => without_hash(object.name()),
        _ => object.name(),
    };
    Key {
        kind: object.kind_name(),
        namespace: words.strip(object.namespace().unwrap_or("")),
        name: words.strip(name),
        group: object.group(),
    }
}

/// A place's stage; one kept ready to take over says so anywhere in its name: `prod-eu-dr`.
pub(crate) fn stage(destination: &Destination) -> Option<Stage> {
    let names = [&destination.cluster, &destination.variant, &destination.environment];
    let recovery = |name: &String| {
        let mut words = name.split(['-', '_', '.']);
        words.any(|w| ["dr", "standby", "failover"].iter().any(|dr| w.eq_ignore_ascii_case(dr)))
    };
    if names.into_iter().flatten().any(recovery) {
        return Some(Stage::Recovery);
    }
    super::stage_of(destination)
}

/// What siblings have in common.
#[derive(PartialEq)]
struct Common {
    clusters: bool,
    stage: Option<Stage>,
    /// An environment of which the stage is not known.
    environment: Option<String>,
}

/// What places have in common by name: clusters of one environment, variants of one environment.
fn candidates(fleet: &Fleet<'_>, views: &[View<'_>]) -> Vec<(Vec<usize>, bool)> {
    let mut groups: Vec<(Common, Vec<usize>)> = Vec::new();
    for (at, (view, place)) in views.iter().zip(&fleet.places).enumerate() {
        let here = &place.destination;
        let environment = here.environment.as_ref().filter(|_| view.stage.is_none());
        let environment = environment.map(|e| e.to_ascii_lowercase());
        let known = view.stage.is_some() || environment.is_some();
        // Channels of a release are no siblings, and `overlays/prod` is one place.
        let general = || here.variant == here.environment;
        if here.cluster.is_none() && (!known || here.variant.is_none() || general()) {
            continue;
        }
        let kind = Common { clusters: here.cluster.is_some(), stage: view.stage, environment };
        match groups.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, members)) => members.push(at),
            None => groups.push((kind, vec![at])),
        }
    }
    let known = |kind: &Common| kind.stage.is_some() || kind.environment.is_some();
    groups.into_iter().map(|(kind, members)| (members, known(&kind))).collect()
}

/// A group of those places that have at least half of what most of them have.
fn group<'t>(views: &[View<'t>], members: Vec<usize>, environment: bool) -> Option<Group<'t>> {
    if members.len() < 2 {
        return None;
    }
    let core = core(views, &members);
    let shared = |at: &usize| {
        let view = views.get(*at)?;
        Some((core.iter().filter(|key| view.objects.contains_key(key)).count(), view.objects.len()))
    };
    let mut members = members;
    members.retain(|at| shared(at).is_some_and(|(own, _)| own * 2 >= core.len().max(1)));
    if members.len() < 2 {
        return None;
    }
    let (common, all) = members
        .iter()
        .filter_map(shared)
        .fold((0, 0), |(common, all), (own, of)| (common + own, all + of));
    Some(Group {
        rows: rows(views, &members),
        members,
        environment,
        uniform: common * 2 >= all.max(1),
    })
}

/// What most of some places have.
fn core<'t>(views: &[View<'t>], members: &[usize]) -> FxHashSet<Key<'t>> {
    let views = members.iter().filter_map(|at| views.get(*at));
    // A place has each key once.
    let mut having: FxHashMap<Key<'t>, usize> = FxHashMap::default();
    for key in views.flat_map(|view| view.objects.keys()) {
        *having.entry(*key).or_default() += 1;
    }
    let all = members.len();
    let most = having.into_iter().filter(|(_, some)| *some == all || is_most(*some, all));
    most.map(|(key, _)| key).collect()
}

fn rows<'t>(views: &[View<'t>], members: &[usize]) -> Vec<Row<'t>> {
    let mut rows: Vec<Row<'t>> = Vec::new();
    let mut places: FxHashMap<Key<'t>, usize> = FxHashMap::default();
    for (at, view) in members.iter().filter_map(|at| views.get(*at)).enumerate() {
        for (key, seen) in view.objects.iter() {
            let row = *places.entry(*key).or_insert_with(|| {
                rows.push(Row { seen: vec![None; members.len()] });
                rows.len() - 1
            });
            if let Some(slot) = rows.get_mut(row).and_then(|row| row.seen.get_mut(at)) {
                *slot = Some(seen);
            }
        }
    }
    rows
}

impl<'t> Row<'t> {
    /// How many have it.
    pub(crate) fn count(&self) -> usize {
        self.seen.iter().flatten().count()
    }

    pub(crate) fn first(&self) -> Option<Seen<'t>> {
        self.seen.iter().flatten().next().copied()
    }
}
