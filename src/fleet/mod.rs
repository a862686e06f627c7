//! The fleet: which places manifests go to, and what each of them gets.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

pub(crate) mod compare;
pub(crate) mod differ;
mod left_out;
pub(crate) mod neutral;
mod paths;
mod place;
mod sets;

use std::sync::{Arc, OnceLock};

use kubeready_manifest::kube::Object;
use kubeready_manifest::source::SourceId;
use rustc_hash::FxHashMap;

use crate::load::World;
use crate::render::delivery::Repository;
use crate::render::{Delivered, Unit};
use crate::rules::gitops::Engines;
use crate::set::{Member, Set, Standing};

pub use paths::{Paths, cluster_of_application};
pub(crate) use place::VARIANTS;
pub use place::{PathWords, Stage, environment_word, is_example, read_path, stage};
pub use sets::{may_not_meet, sets, stage_of};

/// Where an object goes: by which root, to which cluster and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// The cluster, if it is known.
    pub cluster: Option<String>,
    /// The environment as it is written, if it is known: `prod`, `staging`.
    pub environment: Option<String>,
    /// The variant that its path names: `overlays/<variant>`.
    pub variant: Option<String>,
    /// What renders it: the path of a kustomization from the root, the name of what delivers it.
    /// Empty for manifests that ship as they stand.
    pub set: String,
}

impl Destination {
    /// What people call it: the cluster, else the variant, else the environment, else the set.
    pub fn name(&self) -> &str {
        let named = self.cluster.as_ref().or(self.variant.as_ref()).or(self.environment.as_ref());
        named.unwrap_or(&self.set)
    }

    /// Whether both are one place: a cluster is one, whatever paths say of its parts.
    pub fn is_same_place(&self, other: &Self) -> bool {
        if self.cluster.is_some() || other.cluster.is_some() {
            return self.cluster == other.cluster;
        }
        self.environment == other.environment && self.variant == other.variant
    }

    /// How far on its way to production it is.
    pub fn stage(&self) -> Option<Stage> {
        self.environment.as_deref().and_then(stage)
    }

    /// Whether nothing is known but, at most, what renders it.
    pub fn is_anywhere(&self) -> bool {
        self.cluster.is_none() && self.environment.is_none() && self.variant.is_none()
    }
}

/// The fleet as a whole, for rules that compare its places.
#[derive(Debug)]
pub struct Fleet<'t> {
    /// Clusters, environments and variants in which something is judged, sorted by name.
    pub places: Vec<FleetPlace<'t>>,
    /// Everything that Argo CD and Flux deliver, followed or not.
    pub deliveries: Vec<Delivered<'t>>,
    pub units: Vec<&'t Unit>,
    pub world: &'t World<'t>,
    pub repository: Repository,
    comparison: OnceLock<compare::Comparison<'t>>,
    /// Worked out when the first rule about delivery asks.
    pub(crate) engines: OnceLock<Engines<'t>>,
    /// All of the repository was looked at, so that what is not here is nowhere in it.
    pub whole: bool,
}

/// One place and what it gets.
#[derive(Debug)]
pub struct FleetPlace<'t> {
    /// Its `set` is empty.
    pub destination: Destination,
    members: Arc<Vec<Member<'t>>>,
    /// By [`Member::directory`].
    destinations: Vec<Arc<Destination>>,
    /// Something that belongs there could not be rendered.
    pub partial: bool,
}

impl<'t> FleetPlace<'t> {
    pub fn name(&self) -> &str {
        self.destination.name()
    }

    pub fn stage(&self) -> Option<Stage> {
        stage_of(&self.destination)
    }

    /// What the place gets, with what brings it there.
    pub fn objects(&self) -> impl Iterator<Item = (Object<'t>, &Destination)> {
        let own = self.members.iter().filter(|m| m.standing != Standing::Context);
        own.filter_map(|m| Some((m.object, &**self.destinations.get(m.directory as usize)?)))
    }
}

impl<'t> FleetPlace<'t> {
    /// What the place gets, with the number of the directory or unit that each comes from.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (Object<'t>, u32)> {
        let own = self.members.iter().filter(|m| m.standing != Standing::Context);
        own.map(|m| (m.object, m.directory))
    }
}

impl<'t> Fleet<'t> {
    pub fn new(
        sets: &[Set<'t>],
        deliveries: Vec<Delivered<'t>>,
        units: Vec<&'t Unit>,
        world: &'t World<'t>,
        repository: Repository,
    ) -> Self {
        let places = sets.iter().filter_map(|set| {
            let destination = set.destination.clone().filter(|d| !d.is_anywhere())?;
            Some(FleetPlace {
                destination,
                members: Arc::clone(&set.members),
                destinations: set.destinations.clone(),
                partial: set.members.iter().any(|m| m.standing == Standing::Partial),
            })
        });
        let mut places: Vec<_> = places.collect();
        places.sort_by(|a, b| a.destination.cmp(&b.destination));
        let (comparison, engines) = (OnceLock::new(), OnceLock::new());
        Self { places, deliveries, units, world, repository, comparison, engines, whole: false }
    }

    /// Its places side by side; worked out when the first rule asks.
    pub(crate) fn comparison(&self) -> &compare::Comparison<'t> {
        self.comparison.get_or_init(|| compare::Comparison::new(self))
    }

    /// Where the objects of each rendered tree go.
    pub(crate) fn destinations(&self) -> FxHashMap<SourceId, Arc<Destination>> {
        let of = |unit: &&Unit| (unit.tree.source(), Arc::clone(unit.destination()));
        self.units.iter().map(of).collect()
    }
}
