//! What ships: every root rendered, and what Argo CD and Flux make of it for each cluster.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::kube::{Object, objects};
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{NodeRef, Origin, Tree, Value, Writer};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::delivery::{self, Delivery, Follow, How, Inventory, Repository, Source, Variables};
use super::fault::Fault;
use super::kustomize::{self, Kustomize, Resource};
use super::roots::roots;
use super::unit::{Rounds, Unit};
use crate::fleet::{Destination, Paths, cluster_of_application, environment_word};
use crate::load::{self, Class, Loaded, World};
use crate::settings::Settings;

/// Applications that deliver Applications that deliver …: deeper than this is a loop.
const ROUNDS: usize = 12;

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
    let paths = Paths::learn(known, clusters(loaded));
    let mut shipping = Shipping {
        world,
        kustomize,
        settings,
        paths: &paths,
        wanted: loaded.iter().filter(|f| f.input.wanted).map(|f| f.source).collect(),
        next_tree: first_tree,
        seen: FxHashSet::default(),
        shipped: Shipped::default(),
    };
    let mut inventory = Inventory::default();
    let mut owners: Vec<(Object<'r>, Arc<Destination>)> = Vec::new();
    for file in loaded.iter().filter(|f| f.class == Class::Manifest) {
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
    let guessed = repository.is_unknown().then(|| {
        let known = owners.iter().map(|(object, _)| *object);
        Repository::guess(known, world)
    });
    let guessed = guessed.flatten();
    let repository = guessed.as_ref().unwrap_or(repository);
    for round in 0..ROUNDS {
        let built = shipping.build(jobs);
        let mut units = Vec::with_capacity(built.len());
        for (unit, faults) in built {
            if round == 0 {
                of_roots.push((unit.directory.clone(), faults));
            } else {
                shipping.shipped.faults.extend(faults);
            }
            units.push(unit);
        }
        let units = rounds.add(units);
        if round == 0 {
            roots.extend(units);
        } else {
            shipping.shipped.units.extend(units);
        }
        for unit in units {
            owners.extend(unit_objects(unit).map(|o| (o, Arc::clone(&unit.destination))));
        }
        for (object, _) in &owners {
            inventory.add(*object);
        }
        let follow = Follow { world, repository, inventory: &inventory };
        jobs = shipping.follow(&follow, &owners, shipping.shipped.units.len());
        replaced.extend(jobs.iter().filter(|job| job.delivered).map(|job| job.directory.clone()));
        owners.clear();
        if jobs.is_empty() {
            break;
        }
    }
    let mut shipped = shipping.shipped;
    shipped.repository = repository.clone();
    shipped.paths = paths;
    // Whoever delivers a root may build it in another way, with other faults.
    let still = of_roots.into_iter().filter(|(directory, _)| !replaced.contains(directory));
    shipped.faults.extend(still.flat_map(|(_, faults)| faults));
    let shift = shipped.units.len();
    shipped.units.extend(roots.into_iter().filter(|unit| !replaced.contains(&unit.directory)));
    debug_assert!(shipped.deliveries.iter().filter_map(|d| d.unit).all(|unit| unit < shift));
    shipped.faults.sort_by(|a, b| {
        (a.at, a.kind, &a.message).cmp(&(b.at, b.kind, &b.message)).then(b.fatal.cmp(&a.fatal))
    });
    shipped.faults.dedup_by(|b, a| a.at == b.at && a.kind == b.kind && a.message == b.message);
    shipped
}

/// Names of clusters that Applications are for.
fn clusters(loaded: &[Loaded]) -> FxHashSet<String> {
    let trees = loaded.iter().filter_map(|file| file.tree.as_ref());
    trees.flat_map(load::file_objects).filter_map(|(o, _)| cluster_of_application(o)).collect()
}

/// A unit to build.
struct Job<'r> {
    directory: PathBuf,
    delivered: bool,
    content: Content<'r>,
    destination: Option<Arc<Destination>>,
    delivery: Option<Delivery<'r>>,
    variables: Option<Variables<'r>>,
    wanted: bool,
}

enum Content<'r> {
    Kustomize,
    FluxGenerated,
    Directory,
    /// What an ApplicationSet or ResourceSet makes.
    Made(Vec<Value<'r>>),
}

impl Job<'_> {
    fn root(directory: PathBuf) -> Self {
        Job {
            directory,
            delivered: false,
            content: Content::Kustomize,
            destination: None,
            delivery: None,
            variables: None,
            wanted: false,
        }
    }
}

struct Shipping<'k, 'r> {
    world: &'r World<'r>,
    kustomize: &'k Kustomize<'r>,
    settings: &'k Settings,
    paths: &'k Paths,
    wanted: FxHashSet<SourceId>,
    next_tree: u32,
    /// Deliveries that were followed: who, what, where.
    seen: FxHashSet<(String, PathBuf, Option<String>)>,
    shipped: Shipped<'r>,
}

impl<'r> Shipping<'_, 'r> {
    fn build(&mut self, jobs: Vec<Job<'r>>) -> Vec<(Unit, Vec<Fault>)> {
        let first = self.next_tree;
        self.next_tree += jobs.len() as u32;
        let this = &*self;
        jobs.into_par_iter()
            .enumerate()
            .map(|(at, job)| this.build_one(job, SourceId(first + at as u32)))
            .collect()
    }

    fn build_one(&self, job: Job<'r>, tree: SourceId) -> (Unit, Vec<Fault>) {
        let overlay = job.delivery.as_ref().map(overlay);
        let (mut resources, mut faults, inputs) = match job.content {
            Content::Kustomize => {
                let build = self.kustomize.build(&job.directory, overlay.as_ref());
                (build.resources, build.faults, build.inputs)
            }
            Content::FluxGenerated => {
                let build = self.kustomize.build_generated(&job.directory, overlay.as_ref());
                (build.resources, build.faults, build.inputs)
            }
            Content::Directory => {
                let how = job.delivery.as_ref().map(|d| d.how.clone()).unwrap_or_default();
                let (resources, inputs) = self.directory(&job.directory, &how);
                (resources, Vec::new(), inputs)
            }
            Content::Made(values) => {
                (values.into_iter().map(Resource::new).collect(), Vec::new(), Vec::new())
            }
        };
        if let Some(variables) = &job.variables {
            let mut values: Vec<Value<'r>> =
                resources.iter_mut().map(|r| take(&mut r.value)).collect();
            faults.extend(delivery::substitute(&mut values, variables));
            for (resource, value) in resources.iter_mut().zip(values) {
                resource.value = value;
            }
        }
        if let Some(delivery) =
            job.delivery.as_ref().filter(|d| d.engine == delivery::Engine::ArgoCd)
            && let Some(namespace) = delivery.destination.namespace
        {
            for resource in &mut resources {
                default_namespace(resource, namespace);
            }
        }
        let partial = faults.iter().any(|fault| fault.partial);
        let wanted = job.wanted || inputs.iter().any(|input| self.wanted.contains(input));
        let destination =
            job.destination.unwrap_or_else(|| Arc::new(self.destination(&job.directory)));
        let entries = resources.iter().map(|r| r.entries.last().copied()).collect();
        let tree = Tree::rendered(tree, resources.iter().map(|r| &r.value));
        let unit = Unit {
            directory: job.directory,
            tree,
            destination,
            entries,
            partial,
            wanted,
            inputs,
            delivered: job.delivered,
        };
        (unit, faults)
    }

    /// The manifests of a directory as Argo CD applies them.
    fn directory(&self, directory: &Path, how: &How<'_>) -> (Vec<Resource<'r>>, Vec<SourceId>) {
        let mut resources = Vec::new();
        let mut inputs = Vec::new();
        for file in self.world.files_below(directory) {
            let Ok(inside) = file.input.path.strip_prefix(directory) else { continue };
            if !takes(how, inside)
                || !matches!(file.class, Class::Manifest | Class::KustomizeResource)
            {
                continue;
            }
            let Some(tree) = &file.tree else { continue };
            inputs.push(file.source);
            let mut found = Vec::new();
            for (_, root) in tree.documents() {
                objects(root, &mut found);
            }
            let values = found.into_iter().map(|o| Value::of(o.root(), Writer::Resource));
            resources.extend(values.map(Resource::new));
        }
        (resources, inputs)
    }

    /// Where a root goes that nothing delivers.
    fn destination(&self, directory: &Path) -> Destination {
        let path = self.world.from_root(directory);
        let inside = format!("{path}/kustomization.yaml");
        let destination = self.paths.destination(&path, &inside, true, self.settings);
        Destination { set: path, ..destination }
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
            let mut notes = Vec::new();
            let made = follow.generated(*object, &mut notes);
            if !made.is_empty() {
                let name = format!("{} {}", object.kind_name(), object.name());
                let key = (name.clone(), PathBuf::new(), owner.cluster.clone());
                if self.seen.insert(key) {
                    let destination = Destination { set: name, ..(**owner).clone() };
                    jobs.push(Job {
                        directory: PathBuf::new(),
                        delivered: false,
                        content: Content::Made(made),
                        destination: Some(Arc::new(destination)),
                        delivery: None,
                        variables: None,
                        wanted: self.wanted.contains(&object.root().span().source),
                    });
                }
            }
            for delivery in follow.deliveries(*object) {
                let destination = Arc::new(self.delivered_to(&delivery, owner, follow.inventory));
                let unit = self.job(&delivery, &destination, follow.inventory).map(|job| {
                    jobs.push(job);
                    known + jobs.len() - 1
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
        destination: &Arc<Destination>,
        inventory: &Inventory<'r>,
    ) -> Option<Job<'r>> {
        let Source::Directory(directory) = &delivery.source else { return None };
        let content = match delivery.how {
            How::Kustomize => Content::Kustomize,
            How::FluxGenerated => Content::FluxGenerated,
            How::Directory { .. } => Content::Directory,
            How::Helm | How::Other => return None,
        };
        let owner = format!("{} {}", delivery.owner.kind_name(), delivery.name);
        if !self.seen.insert((owner, directory.clone(), destination.cluster.clone())) {
            return None;
        }
        let variables = delivery.substitution.as_ref().map(|s| Variables::of(s, inventory));
        Some(Job {
            directory: directory.clone(),
            delivered: true,
            content,
            destination: Some(Arc::clone(destination)),
            delivery: Some(delivery.clone()),
            variables,
            wanted: false,
        })
    }

    fn delivered_to(
        &self,
        delivery: &Delivery<'r>,
        owner: &Destination,
        inventory: &Inventory<'r>,
    ) -> Destination {
        let own = match &delivery.source {
            Source::Directory(directory) => self.destination(directory),
            _ => Destination { set: delivery.name.to_owned(), ..Destination::default() },
        };
        let named = inventory.cluster_name(delivery.destination).map(Cow::into_owned);
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

fn take<'t>(value: &mut Value<'t>) -> Value<'t> {
    let empty = Value::null(value.origin);
    std::mem::replace(value, empty)
}

/// What a delivery changes in the kustomization of its source.
fn overlay<'r>(delivery: &Delivery<'r>) -> kustomize::Overlay<'r> {
    let from = delivery.overlay.clone();
    let mut to = kustomize::Overlay {
        namespace: from.namespace,
        name_prefix: from.name_prefix,
        name_suffix: from.name_suffix,
        images: from.images,
        replicas: from.replicas,
        patches: from.patches,
        components: from.components,
        unrestricted: delivery.engine == delivery::Engine::Flux,
        ..kustomize::Overlay::default()
    };
    if from.metadata_only {
        to.metadata_labels = from.common_labels;
        to.metadata_annotations = from.common_annotations;
    } else {
        let labels =
            if from.labels_without_selectors { &mut to.labels } else { &mut to.common_labels };
        *labels = from.common_labels;
        to.common_annotations = from.common_annotations;
    }
    to
}

/// What Argo CD calls the cluster that it runs in.
const IN_CLUSTER: &str = "in-cluster";

/// Whether Argo CD takes a file of a directory.
fn takes(how: &How<'_>, inside: &Path) -> bool {
    let How::Directory { recurse, include, exclude } = how else { return true };
    if !recurse && inside.components().count() > 1 {
        return false;
    }
    let matches = |pattern: &str| {
        globset::GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .is_ok_and(|glob| glob.compile_matcher().is_match(inside))
    };
    (include.is_empty() || matches(include)) && (exclude.is_empty() || !matches(exclude))
}

/// Puts an object without a namespace where the Application sends it.
fn default_namespace<'r>(resource: &mut Resource<'r>, namespace: NodeRef<'r>) {
    let id = resource.id();
    let text = |value: &Value<'_>| value.text().to_owned();
    let api_version = resource.value.get("apiVersion").map(text).unwrap_or_default();
    let kind = kubeready_manifest::kube::Kind::of(&api_version, &id.kind);
    if kind.is_cluster_scoped() || id.is_cluster_scoped() || !id.namespace.is_empty() {
        return;
    }
    let origin = Origin { span: namespace.span(), by: Writer::Namespace };
    let Some(metadata) = resource.value.get_mut("metadata") else { return };
    metadata.set("namespace", origin, Value::string(namespace.text(), origin));
}
