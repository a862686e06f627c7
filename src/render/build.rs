//! Builds one unit: a root of kustomize, a directory, or what an object makes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubeready_manifest::kube::objects_of;
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Origin, Tree, Value, Writer};
use rustc_hash::FxHashSet;

use super::delivery::{self, Delivery, How, Variables};
use super::fault::{Fault, FaultKind};
use super::helm::Charted;
use super::helm::releases::{Installation, Purpose};
use super::kustomize::{self, Kustomize, Resource};
use super::unit::Unit;
use crate::deadline;
use crate::fleet::{Destination, Paths, environment_word};
use crate::guard;
use crate::load::{Class, World};
use crate::parallel;
use crate::settings::Settings;

/// A unit to build.
pub(super) struct Job<'r> {
    pub(super) directory: PathBuf,
    pub(super) delivered: bool,
    pub(super) content: Content<'r>,
    pub(super) destination: Option<Arc<Destination>>,
    pub(super) delivery: Option<Delivery<'r>>,
    pub(super) variables: Option<Variables<'r>>,
    pub(super) wanted: bool,
}

pub(super) enum Content<'r> {
    Kustomize,
    FluxGenerated,
    Directory,
    /// What an ApplicationSet or ResourceSet makes.
    Made(Vec<Value<'r>>),
    Chart(Box<Installation<'r>>),
    /// What a chart that is not at hand most likely makes of the values it is given.
    Likely(Vec<Value<'r>>),
}

/// What became of a content.
#[derive(Default)]
pub(super) struct Built<'r> {
    pub(super) resources: Vec<Resource<'r>>,
    pub(super) faults: Vec<Fault>,
    pub(super) inputs: Vec<SourceId>,
    pub(super) charted: Charted,
}

impl<'r> From<kustomize::Build<'r>> for Built<'r> {
    fn from(build: kustomize::Build<'r>) -> Self {
        let kustomize::Build { resources, faults, inputs, details } = build;
        let charted = Charted { details, ..Charted::default() };
        Self { resources, faults, inputs, charted }
    }
}

impl Job<'_> {
    /// A root that nothing is known to deliver.
    pub(super) fn root(directory: PathBuf) -> Self {
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

/// What is left of a job that is not done.
struct Stub {
    directory: PathBuf,
    delivered: bool,
    destination: Option<Arc<Destination>>,
    /// What asks for it.
    at: Option<Span>,
}

impl Stub {
    fn of(job: &Job<'_>) -> Self {
        let at = match &job.content {
            Content::Made(values) | Content::Likely(values) => {
                values.first().map(|value| value.origin.span)
            }
            Content::Chart(installation) => Some(installation.release.at),
            Content::Kustomize | Content::FluxGenerated | Content::Directory => None,
        };
        Self {
            directory: job.directory.clone(),
            delivered: job.delivered,
            destination: job.destination.clone(),
            at: job.delivery.as_ref().map(|delivery| delivery.source_at).or(at),
        }
    }
}

/// What building a unit takes.
pub(super) struct Building<'k, 'r> {
    pub(super) world: &'r World<'r>,
    pub(super) kustomize: &'k Kustomize<'r>,
    /// What the paths of the repository say of places.
    pub(super) paths: &'k Paths,
    pub(super) settings: &'k Settings,
    /// Files whose findings are asked for.
    pub(super) wanted: FxHashSet<SourceId>,
    /// Nodes of all units so far.
    pub(super) nodes: AtomicUsize,
}

impl<'r> Building<'_, 'r> {
    /// The units of jobs, in their order; their trees get numbers from `first` on. Which of them are
    /// too much for the others is told by that order, not by who is built first.
    pub(super) fn build_all(&self, jobs: Vec<Job<'r>>, first: u32) -> Vec<(Unit, Vec<Fault>)> {
        let most = self.settings.limits.nodes;
        let before = self.nodes.load(Ordering::Relaxed);
        let number = |at: usize| SourceId(first + at as u32);
        let one = |(at, job)| {
            let is_full = self.nodes.load(Ordering::Relaxed) as u64 > most;
            if is_full {
                return Err(Box::new(job));
            }
            Ok((Stub::of(&job), self.build(job, number(at))))
        };
        let numbered = jobs.into_iter().enumerate().collect();
        let built = parallel::map(numbered, 2, one);
        let mut nodes = before;
        let settled = built.into_iter().enumerate().map(|(at, built)| {
            if nodes as u64 > most {
                let stub = built.map_or_else(|job| Stub::of(&job), |(stub, _)| stub);
                let what = format!(
                    "all that ships has more than {most} keys and values: this was left out"
                );
                let help = "raise `limits.max-rendered-nodes` in the settings";
                let fault = |at| Fault::fatal(FaultKind::TooLarge, at, what).help(help);
                return self.left_out(stub, number(at), fault);
            }
            let built = built.map_or_else(|job| self.build(*job, number(at)), |(_, built)| built);
            nodes += built.0.tree.len();
            built
        });
        let settled = settled.collect();
        self.nodes.store(nodes, Ordering::Relaxed);
        settled
    }

    /// The unit of a job; its tree gets a number.
    fn build(&self, job: Job<'r>, tree: SourceId) -> (Unit, Vec<Fault>) {
        let stub = Stub::of(&job);
        if self.kustomize.is_late() {
            let what = "this was not rendered: the time of the run was over";
            let fault = |at| Fault::fatal(FaultKind::OutOfTime, at, what).help(deadline::HELP);
            return self.left_out(stub, tree, fault);
        }
        guard::catch(|| self.built(job, tree)).unwrap_or_else(|panic| {
            self.left_out(stub, tree, |at| Fault::panicked(at, "what this renders to", &panic))
        })
    }

    fn built(&self, job: Job<'r>, tree: SourceId) -> (Unit, Vec<Fault>) {
        let overlay = job.delivery.as_ref().map(|delivery| &delivery.overlay);
        let generated = matches!(job.content, Content::FluxGenerated);
        let chart = matches!(job.content, Content::Chart(_));
        let likely = matches!(job.content, Content::Likely(_));
        let alone = matches!(&job.content, Content::Chart(of) if of.purpose == Purpose::Variant);
        let built = match job.content {
            Content::Kustomize => self.kustomize.build(&job.directory, overlay).into(),
            Content::FluxGenerated => {
                self.kustomize.build_generated(&job.directory, overlay).into()
            }
            Content::Directory => {
                let how = job.delivery.as_ref().map(|d| d.how.clone()).unwrap_or_default();
                let (resources, inputs) = self.directory(&job.directory, &how);
                let at = job.delivery.as_ref().map(|delivery| delivery.source_at);
                let faults = at.zip(bad_pattern(&how)).map(|(at, pattern)| {
                    let what = format!("`{pattern}` is no pattern, so it selects nothing here");
                    Fault::note(FaultKind::Unfollowed, at, what).partial()
                });
                Built {
                    resources,
                    inputs,
                    faults: faults.into_iter().collect(),
                    ..Built::default()
                }
            }
            Content::Made(values) | Content::Likely(values) => Built {
                resources: values.into_iter().map(Resource::new).collect(),
                ..Built::default()
            },
            Content::Chart(installation) => self.installed(*installation, job.delivery.as_ref()),
        };
        let Built { mut resources, mut faults, inputs, charted } = built;
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
            && !chart
        {
            for resource in &mut resources {
                default_namespace(resource, namespace);
            }
        }
        // A chart makes more than its workloads.
        let partial = likely || faults.iter().any(|fault| fault.partial && fault.only.is_none());
        let lacks_secrets = faults.iter().any(|f| f.partial && f.only == Some("Secret"));
        let wanted = job.wanted || inputs.iter().any(|input| self.wanted.contains(input));
        let destination =
            job.destination.unwrap_or_else(|| Arc::new(self.destination(&job.directory)));
        let destination = labelled(destination, &resources);
        // Nobody wrote the entries of a kustomization that Flux makes up: those below it count.
        let made_up = generated && self.world.kustomizations(&job.directory).is_empty();
        // What a chart prints is brought in by what installs the chart.
        let installed = job.delivery.as_ref().filter(|_| chart).map(|d| d.source_at);
        let entry = |r: &Resource<'_>| {
            r.entries.iter().rev().nth(usize::from(made_up)).copied().or(installed)
        };
        let entries = resources.iter().map(entry).collect();
        let tree = Tree::rendered(tree, resources.iter().map(|r| &r.value));
        self.nodes.fetch_add(tree.len(), Ordering::Relaxed);
        let unit = Unit {
            directory: job.directory,
            tree,
            destination,
            entries,
            partial,
            lacks_secrets,
            wanted,
            inputs,
            delivered: job.delivered,
            chart,
            alone,
            charted: Charted { likely, ..charted },
        };
        (unit, faults)
    }

    /// What is not followed, for what brings it in was brought in by others and so on.
    pub(super) fn too_deep(&self, job: &Job<'_>, rounds: usize) -> Fault {
        let at = Stub::of(job).at.unwrap_or_else(|| self.first(&job.directory));
        let what = format!("this is delivered by deliveries more than {rounds} deep: not followed");
        Fault::note(FaultKind::Unfollowed, at, what).partial()
    }

    /// Where a directory begins: its kustomization, else its first file.
    fn first(&self, directory: &Path) -> Span {
        let own = self.world.kustomizations(directory).first().copied();
        let file = own.or_else(|| self.world.files_below(directory).next());
        Span { source: file.map_or(SourceId(0), |file| file.source), start: 0, end: 0 }
    }

    /// A unit that is not built; the fault says why.
    fn left_out(
        &self,
        stub: Stub,
        tree: SourceId,
        fault: impl FnOnce(Span) -> Fault,
    ) -> (Unit, Vec<Fault>) {
        let fault = fault(stub.at.unwrap_or_else(|| self.first(&stub.directory)));
        let destination =
            stub.destination.unwrap_or_else(|| Arc::new(self.destination(&stub.directory)));
        let unit = Unit {
            directory: stub.directory,
            tree: Tree::rendered(tree, []),
            destination,
            entries: Vec::new(),
            partial: true,
            lacks_secrets: true,
            wanted: true,
            inputs: Vec::new(),
            delivered: stub.delivered,
            chart: false,
            alone: false,
            charted: Charted::default(),
        };
        (unit, vec![fault])
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
            let values =
                objects_of(tree).into_iter().map(|o| Value::of(o.root(), Writer::Resource));
            resources.extend(values.map(Resource::new));
        }
        (resources, inputs)
    }

    /// Where a root goes that nothing delivers.
    pub(super) fn destination(&self, directory: &Path) -> Destination {
        let path = self.world.from_root(directory);
        let inside = format!("{path}/kustomization.yaml");
        let destination = self.paths.destination(&path, &inside, true, self.settings);
        Destination { set: path, ..destination }
    }
}

fn take<'t>(value: &mut Value<'t>) -> Value<'t> {
    let empty = Value::null(value.origin);
    std::mem::replace(value, empty)
}

/// The destination with the environment that the objects' labels name, where nothing else says it and
/// all labels agree.
fn labelled(known: Arc<Destination>, resources: &[Resource<'_>]) -> Arc<Destination> {
    if known.environment.is_some() {
        return known;
    }
    let label = |resource: &Resource<'_>| {
        let labels = resource.value.at(&["metadata", "labels"])?;
        let named = ["environment", "env", "app.kubernetes.io/environment"];
        let value = named.iter().find_map(|key| labels.get(key))?.text();
        environment_word(value).filter(|(word, _)| *word == value).map(|(word, _)| word.to_owned())
    };
    let mut said = resources.iter().filter_map(label);
    match said.next() {
        Some(first) if said.all(|other| other == first) => {
            Arc::new(Destination { environment: Some(first), ..(*known).clone() })
        }
        _ => known,
    }
}

/// A pattern of a directory that cannot be read.
fn bad_pattern<'h>(how: &How<'h>) -> Option<&'h str> {
    let How::Directory { include, exclude, .. } = how else { return None };
    let is_bad = |pattern: &&str| globset::GlobBuilder::new(pattern).build().is_err();
    [*include, *exclude].into_iter().find(is_bad)
}

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
pub(super) fn default_namespace<'r>(resource: &mut Resource<'r>, namespace: NodeRef<'r>) {
    let id = resource.id();
    let text = |value: &Value<'_>| value.text().to_owned();
    let api_version = resource.value.get("apiVersion").map(text).unwrap_or_default();
    let kind = kubeready_manifest::kube::Kind::of(&api_version, &id.kind);
    if kind.is_cluster_scoped() || id.is_cluster_scoped() || !id.namespace.is_empty() {
        return;
    }
    let origin = Origin::new(namespace.span(), Writer::Namespace);
    let Some(metadata) = resource.value.get_mut("metadata") else { return };
    metadata.set("namespace", origin, Value::string(namespace.text(), origin));
}
