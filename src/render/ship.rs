//! What ships: every root rendered, and what Argo CD and Flux make of it for each cluster.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, LazyLock};

use kubeready_manifest::kube::Object;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;
use memchr::memmem::Finder;
use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{Building, Content, Job};
use super::delivery::{self, Delivery, Follow, How, Inventory, Repository, Source, Variables};
use super::fault::{Fault, FaultKind};
use super::install::likely;
use super::kustomize::Kustomize;
use super::roots::roots;
use super::unit::{Rounds, Unit};
use crate::fleet::{Destination, Paths, cluster_of_application, environment_word};
use crate::guard;
use crate::load::{self, Class, Loaded, World};
use crate::parallel;
use crate::settings::Settings;

/// Applications that deliver Applications that deliver …: deeper than this is a loop.
const ROUNDS: usize = 12;

/// What Argo CD calls the cluster that it runs in.
const IN_CLUSTER: &str = "in-cluster";

/// One delivery, and the unit it led to.
#[derive(Clone, Debug)]
pub struct Delivered<'r> {
    pub delivery: Delivery<'r>,
    /// Where its owner is applied.
    pub owner: Arc<Destination>,
    /// Where its objects go.
    pub destination: Arc<Destination>,
    /// Position in [`Shipped::units`].
    pub unit: Option<usize>,
}

/// Everything that ships.
#[derive(Debug, Default)]
pub struct Shipped<'r> {
    pub units: Vec<&'r Unit>,
    /// Sorted by place, each once.
    pub faults: Vec<Fault>,
    pub deliveries: Vec<Delivered<'r>>,
    /// The URLs that were taken to mean this repository.
    pub repository: Repository,
    /// What the paths of the repository say of places.
    pub paths: Paths,
}

/// Renders everything. Trees get numbers from `first_tree` on.
pub fn ship<'r>(
    rounds: &'r Rounds,
    world: &'r World<'r>,
    kustomize: &Kustomize<'r>,
    loaded: &'r [Loaded],
    repository: &Repository,
    settings: &Settings,
    first_tree: u32,
) -> Shipped<'r> {
    let directories = roots(world);
    let known = directories.iter().map(|directory| world.from_root(directory));
    let trees: Vec<&Tree> = loaded.iter().filter_map(|file| file.tree.as_ref()).collect();
    let deliver = parallel::map(trees, parallel::FEW, |tree| may_deliver(tree).then_some(tree));
    let delivering: Vec<&Tree> = deliver.into_iter().flatten().collect();
    let paths = Paths::learn(known, clusters(&delivering));
    let mut shipping = Shipping {
        building: Building {
            world,
            kustomize,
            settings,
            paths: &paths,
            wanted: loaded.iter().filter(|f| f.input.wanted).map(|f| f.source).collect(),
            nodes: AtomicUsize::new(0),
        },
        next_tree: first_tree,
        made: FxHashSet::default(),
        seen: FxHashMap::default(),
        shipped: Shipped::default(),
    };
    let mut inventory = Inventory::default();
    let mut owners: Vec<(Object<'r>, Arc<Destination>)> = Vec::new();
    // Most repositories deliver nothing by themselves: their objects need not be listed for that.
    let deliver = !delivering.is_empty();
    for file in loaded.iter().filter(|f| deliver && f.class == Class::Manifest) {
        let Some(tree) = &file.tree else { continue };
        let mut destination = None;
        for (object, ours) in load::file_objects(tree) {
            if ours {
                let of = || Arc::new(paths.of_file(&file.input.from_root, settings));
                owners.push((object, Arc::clone(destination.get_or_insert_with(of))));
            }
        }
    }
    let mut jobs: Vec<Job<'r>> = directories.into_iter().map(Job::root).collect();
    let mut replaced: FxHashSet<PathBuf> = FxHashSet::default();
    let mut roots: Vec<&'r Unit> = Vec::new();
    let mut of_roots: Vec<(PathBuf, Vec<Fault>)> = Vec::new();
    let mut repository = repository.clone();
    // Charts wait until it is known which of them something delivers.
    let mut charts = kustomize.charts().own().peekable();
    let mut used: FxHashSet<SourceId> = FxHashSet::default();
    // Whether what is built now is what nothing is known to deliver.
    let mut undelivered = true;
    // What may be delivered itself: whoever does that may change it, or says where it goes.
    let mut waiting: Vec<(Object<'r>, Arc<Destination>)> = Vec::new();
    for round in 0..ROUNDS {
        let built = shipping.build(jobs);
        let mut units = Vec::with_capacity(built.len());
        for (unit, faults) in built {
            used.extend(unit.inputs.iter().copied());
            if undelivered {
                of_roots.push((unit.directory.clone(), faults));
            } else {
                shipping.shipped.faults.extend(faults);
            }
            units.push(unit);
        }
        let units = rounds.add(units);
        if undelivered {
            roots.extend(units);
        } else {
            shipping.shipped.units.extend(units);
        }
        for unit in units {
            owners.extend(unit_objects(unit).map(|o| (o, Arc::clone(&unit.destination))));
        }
        if undelivered && repository.is_unknown() {
            let known = owners.iter().map(|(object, _)| *object);
            repository = Repository::guess(known, world).unwrap_or(repository);
        }
        for (object, place) in &owners {
            inventory.add(*object, Some(place));
        }
        let follow = Follow { world, repository: &repository, inventory: &inventory, near: None };
        let known = shipping.shipped.units.len();
        if round == 0 {
            let place = |source| match roots.iter().find(|unit| unit.tree.source() == source) {
                Some(unit) => Some(&*unit.directory),
                None => world.source(source).map(|file| &*file.input.path),
            };
            let mut waits = may_be_delivered(&owners, &follow, &place).into_iter();
            let (late, now) = owners.drain(..).partition(|_| waits.next().unwrap_or(false));
            (waiting, owners) = (late, now);
        }
        jobs = shipping.follow(&follow, &owners, known);
        if jobs.is_empty() && !waiting.is_empty() {
            let within = Within::of(&shipping.shipped.units, world);
            let delivered = |unit: &&&Unit| {
                replaced.contains(&unit.directory) || within.directory(&unit.directory)
            };
            let again: FxHashSet<SourceId> =
                roots.iter().filter(delivered).map(|unit| unit.tree.source()).collect();
            waiting.retain(|(object, _)| {
                let source = object.root().tree().source();
                !again.contains(&source) && !within.inputs.contains(&source)
            });
            jobs = shipping.follow(&follow, &std::mem::take(&mut waiting), known);
        }
        replaced.extend(jobs.iter().filter(|job| job.delivered).map(|job| job.directory.clone()));
        owners.clear();
        undelivered = jobs.is_empty() && charts.peek().is_some();
        if undelivered {
            jobs = shipping.building.undelivered_charts(&mut charts, &used);
        }
        if jobs.is_empty() {
            break;
        }
    }
    // Only Applications that deliver each other without end are left by now.
    let endless = jobs.iter().map(|job| shipping.building.too_deep(job, ROUNDS));
    shipping.shipped.faults.extend(endless);
    let built = shipping.shipped.units.len();
    for delivered in &mut shipping.shipped.deliveries {
        delivered.unit = delivered.unit.filter(|unit| *unit < built);
    }
    let mut shipped = shipping.shipped;
    shipped.repository = repository;
    shipped.paths = paths.clone();
    // Whoever delivers a root may build it in another way, with other faults.
    let within = Within::of(&shipped.units, world);
    replaced.extend(of_roots.iter().map(|(d, _)| d).filter(|d| within.directory(d)).cloned());
    let still = of_roots.into_iter().filter(|(directory, _)| !replaced.contains(directory));
    let by_plugin = made_by_plugins(&shipped.deliveries);
    // A plugin may write first what the kustomization beside it names.
    let may_be_made = |directory: &Path, fault: &Fault| {
        let is_own = |file: &&Loaded| file.source == fault.at.source;
        fault.kind == FaultKind::MissingFile
            && by_plugin.contains(directory)
            && world.kustomizations(directory).iter().any(is_own)
    };
    for (directory, faults) in still {
        let known = faults.into_iter().filter(|fault| !may_be_made(&directory, fault));
        shipped.faults.extend(known);
    }
    let shift = shipped.units.len();
    shipped.units.extend(roots.into_iter().filter(|unit| !replaced.contains(&unit.directory)));
    debug_assert!(shipped.deliveries.iter().filter_map(|d| d.unit).all(|unit| unit < shift));
    shipped.faults.sort_by(|a, b| {
        (a.at, a.kind, &a.message).cmp(&(b.at, b.kind, &b.message)).then(b.fatal.cmp(&a.fatal))
    });
    shipped.faults.dedup_by(|b, a| a.at == b.at && a.kind == b.kind && a.message == b.message);
    shipped
}

/// Of each owner whether it waits until it is known what delivers it: what installs charts, and
/// Kustomizations of Flux that lie in a directory that another one delivers. `place`: the path of a file,
/// or the directory of a root.
fn may_be_delivered<'w, 'r>(
    owners: &[(Object<'r>, Arc<Destination>)],
    follow: &Follow<'_, 'r>,
    place: &dyn Fn(SourceId) -> Option<&'w Path>,
) -> Vec<bool> {
    let deliveries = |(object, near): &(Object<'r>, Arc<Destination>)| {
        let follow = Follow { near: Some(&**near), ..*follow };
        // What fails here fails again when it is followed, and is told then.
        guard::catch(|| follow.deliveries(*object)).unwrap_or_default()
    };
    let all: Vec<Vec<Delivery<'r>>> = owners.iter().map(deliveries).collect();
    let mut by_directory: FxHashMap<&Path, Vec<Object<'r>>> = FxHashMap::default();
    for delivery in all.iter().flatten().filter(|d| d.engine == delivery::Engine::Flux) {
        if let Source::Directory(directory) = &delivery.source {
            by_directory.entry(directory).or_default().push(delivery.owner);
        }
    }
    let waits = |((owner, _), deliveries): (&(Object<'r>, _), &Vec<Delivery<'r>>)| {
        if deliveries.iter().all(|delivery| delivery.how == How::Helm) {
            return !deliveries.is_empty();
        }
        let by_flux = |d: &Delivery<'_>| {
            d.engine == delivery::Engine::Flux
                && matches!(d.how, How::Kustomize | How::FluxGenerated)
        };
        let is_another = |other: &Object<'_>| {
            (other.kind_name(), other.name()) != (owner.kind_name(), owner.name())
        };
        let above = place(owner.root().tree().source()).into_iter().flat_map(Path::ancestors);
        deliveries.iter().all(by_flux)
            && above.filter_map(|at| by_directory.get(at)).flatten().any(is_another)
    };
    owners.iter().zip(&all).map(waits).collect()
}

/// What takes part in what is delivered.
struct Within<'w, 'r> {
    inputs: FxHashSet<SourceId>,
    world: &'w World<'r>,
}

impl<'w, 'r> Within<'w, 'r> {
    fn of(units: &[&Unit], world: &'w World<'r>) -> Self {
        let delivered = units.iter().filter(|unit| unit.delivered);
        Self { inputs: delivered.flat_map(|unit| unit.inputs.iter().copied()).collect(), world }
    }

    /// Flux also takes in kustomizations below the directory that it is given.
    fn directory(&self, directory: &Path) -> bool {
        let files = self.world.kustomizations(directory);
        files.iter().any(|file| self.inputs.contains(&file.source))
    }
}

/// Directories of which a plugin makes what ships.
fn made_by_plugins<'d>(deliveries: &'d [Delivered<'_>]) -> FxHashSet<&'d Path> {
    let by_plugin = |delivery: &&Delivery<'_>| delivery.how == How::Plugin;
    let directory = |delivery: &'d Delivery<'_>| match &delivery.source {
        Source::Directory(directory) => Some(&**directory),
        _ => None,
    };
    deliveries.iter().map(|of| &of.delivery).filter(by_plugin).filter_map(directory).collect()
}

/// Whether a file may hold anything that Argo CD or Flux acts on: all their groups say so.
fn may_deliver(tree: &Tree) -> bool {
    static GROUPS: LazyLock<[Finder<'static>; 2]> =
        LazyLock::new(|| ["argoproj.io/", "fluxcd."].map(Finder::new));
    let text = tree.text().as_bytes();
    GROUPS.iter().any(|group| group.find(text).is_some())
}

/// Names of clusters that Applications are for.
fn clusters(delivering: &[&Tree]) -> FxHashSet<String> {
    let objects = delivering.iter().flat_map(|tree| load::file_objects(tree));
    objects.filter_map(|(object, _)| cluster_of_application(object)).collect()
}

struct Shipping<'k, 'r> {
    building: Building<'k, 'r>,
    next_tree: u32,
    /// What Applications were made by: who, for which cluster.
    made: FxHashSet<(String, Option<String>)>,
    /// Deliveries that were followed (who, what, to which cluster), with the namespaces of their owners:
    /// empty where none was said.
    seen: FxHashMap<(String, PathBuf, Option<String>), FxHashSet<String>>,
    shipped: Shipped<'r>,
}

impl<'r> Shipping<'_, 'r> {
    fn build(&mut self, jobs: Vec<Job<'r>>) -> Vec<(Unit, Vec<Fault>)> {
        let first = self.next_tree;
        self.next_tree += jobs.len() as u32;
        self.building.build_all(jobs, first)
    }

    /// Follows what the objects of a round deliver. `known`: units there will be before the next.
    fn follow(
        &mut self,
        follow: &Follow<'_, 'r>,
        owners: &[(Object<'r>, Arc<Destination>)],
        known: usize,
    ) -> Vec<Job<'r>> {
        let mut jobs: Vec<Job<'r>> = Vec::new();
        for (object, owner) in owners {
            let follow = &Follow { near: Some(&**owner), ..*follow };
            let mut notes = Vec::new();
            let followed = guard::catch(|| {
                (follow.generated(*object, &mut notes), follow.deliveries(*object))
            });
            let (made, deliveries) = followed.unwrap_or_else(|panic| {
                let at = object.place().span;
                notes.push(Fault::panicked(at, "what this delivers", &panic));
                Default::default()
            });
            if !made.is_empty() {
                let name = format!("{} {}", object.kind_name(), object.name());
                if self.made.insert((name.clone(), owner.cluster.clone())) {
                    let destination = Destination { set: name, ..(**owner).clone() };
                    jobs.push(Job {
                        directory: PathBuf::new(),
                        delivered: false,
                        content: Content::Made(made),
                        destination: Some(Arc::new(destination)),
                        delivery: None,
                        variables: None,
                        wanted: self.building.wanted.contains(&object.root().span().source),
                    });
                }
            }
            for delivery in deliveries {
                let chart = self.building.kustomize.charts().of_delivery(&delivery);
                let destination = Arc::new(self.delivered_to(&delivery, owner, follow.inventory));
                let unit = self.job(&delivery, chart, &destination, follow).and_then(|job| {
                    let likely = matches!(job.content, Content::Likely(_));
                    jobs.push(job);
                    (!likely).then_some(known + jobs.len() - 1)
                });
                let owner = Arc::clone(owner);
                self.shipped.deliveries.push(Delivered { delivery, owner, destination, unit });
            }
            self.shipped.faults.append(&mut notes);
        }
        jobs
    }

    /// The unit of a delivery, if it leads to a directory that can be rendered and was not followed.
    fn job(
        &mut self,
        delivery: &Delivery<'r>,
        chart: Option<PathBuf>,
        destination: &Arc<Destination>,
        follow: &Follow<'_, 'r>,
    ) -> Option<Job<'r>> {
        let (directory, content) = match (&delivery.source, &delivery.how) {
            (_, How::Helm) => match chart {
                Some(chart) => {
                    let content = self.building.release(&chart, delivery, follow)?;
                    (chart, content)
                }
                None => (PathBuf::new(), Content::Likely(likely(delivery)?)),
            },
            (Source::Directory(directory), How::Kustomize) => {
                (directory.clone(), Content::Kustomize)
            }
            (Source::Directory(directory), How::FluxGenerated) => {
                (directory.clone(), Content::FluxGenerated)
            }
            (Source::Directory(directory), How::Directory { .. }) => {
                (directory.clone(), Content::Directory)
            }
            _ => return None,
        };
        if !self.is_new(delivery, &directory, destination) {
            return None;
        }
        let variables =
            delivery.substitution.as_ref().map(|s| Variables::of(s, follow.inventory, follow.near));
        // Nothing of a fetched chart is asked for; what installs it may be.
        let owner = delivery.owner.root().span().source;
        let of_chart = matches!(content, Content::Chart(_) | Content::Likely(_));
        let wanted = of_chart && self.building.wanted.contains(&owner);
        Some(Job {
            directory,
            delivered: true,
            content,
            destination: Some(Arc::clone(destination)),
            delivery: Some(delivery.clone()),
            variables,
            wanted,
        })
    }

    /// Whether a delivery was not followed before. What was rendered once without a namespace and once
    /// with it is one.
    fn is_new(
        &mut self,
        delivery: &Delivery<'r>,
        directory: &Path,
        destination: &Destination,
    ) -> bool {
        let owner = format!("{} {}", delivery.owner.kind_name(), delivery.name);
        let followed = (owner, directory.to_owned(), destination.cluster.clone());
        let namespace = delivery.owner.namespace().unwrap_or("");
        let known = self.seen.entry(followed).or_default();
        let is_known = known.contains(namespace)
            || known.contains("")
            || namespace.is_empty() && !known.is_empty();
        !is_known && known.insert(namespace.to_owned())
    }

    fn delivered_to(
        &self,
        delivery: &Delivery<'r>,
        owner: &Destination,
        inventory: &Inventory<'r>,
    ) -> Destination {
        let own = match &delivery.source {
            Source::Directory(directory) => self.building.destination(directory),
            _ => Destination { set: delivery.name.to_owned(), ..Destination::default() },
        };
        let named = inventory.cluster_name(delivery.destination).map(Cow::into_owned);
        let named = match delivery.engine {
            delivery::Engine::Flux => named.map(|secret| {
                let of_path = own.cluster.clone().filter(|_| own.cluster != owner.cluster);
                of_path.unwrap_or_else(|| {
                    delivery::remote_cluster(&secret, delivery.owner.namespace()).to_owned()
                })
            }),
            delivery::Engine::ArgoCd => named,
        };
        // What stays in the owner's cluster is told by the owner; the path may know more.
        let cluster = match named {
            Some(name) if name != IN_CLUSTER => Some(name),
            Some(name) => owner.cluster.clone().or(own.cluster).or(Some(name)),
            None => owner.cluster.clone().or(own.cluster),
        };
        let of_cluster = || {
            let word = environment_word(cluster.as_deref()?)?.0;
            Some(word.to_owned())
        };
        let environment = own.environment.or_else(of_cluster).or_else(|| owner.environment.clone());
        Destination { cluster, environment, variant: own.variant, set: own.set }
    }
}

/// Objects of a rendered unit that an API server takes.
fn unit_objects(unit: &Unit) -> impl Iterator<Item = Object<'_>> {
    load::file_objects(&unit.tree).filter(|(_, ours)| *ours).map(|(object, _)| object)
}
