//! What applies what: roots that reach Applications, and engines that reach clusters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::{SourceId, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalogue::options;
use crate::engine::{Ctx, resource_id};
use crate::fleet::{Fleet, is_example};
use crate::load::{self, Class, Loaded};
use crate::render::Delivered;
use crate::render::delivery::{Engine, Source};

/// Applications that people apply one by one are forgotten in the next cluster, and in the restore.
pub(crate) fn no_app_of_apps<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let minimum = ctx.option(&options::NO_APP_OF_APPS_MINIMUM).max(2) as usize;
    let Some(apps) = Applications::of(fleet) else { return ctx.pass_over() };
    let all_loose = apps.reached == 0 && apps.roots == 0 && !apps.has_sets;
    let of_here = |object: &Object<'t>| delivers_from_here(fleet, *object);
    if !all_loose || apps.loose.len() < minimum || !apps.loose.iter().any(of_here) {
        return;
    }
    let Some(first) = apps.loose.first() else { return };
    let count = apps.loose.len();
    let message = format!(
        "{count} Applications, `{}` the first of them, are applied one by one: nothing here delivers them",
        first.name()
    );
    ctx.report(first.place(), message).on(resource_id(*first)).help(
        "put them into one directory and deliver that by one root Application, or make them with an ApplicationSet",
    );
}

/// A folder of clusters without an engine is applied by hand, and so drifts.
pub(crate) fn no_gitops_engine<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if !fleet.whole {
        return ctx.pass_over();
    }
    if !fleet.deliveries.is_empty() {
        return;
    }
    let named: BTreeSet<&str> =
        fleet.places.iter().filter_map(|place| place.destination.cluster.as_deref()).collect();
    if named.len() < 2 {
        return ctx.pass_over();
    }
    if Engines::of(fleet).any {
        return;
    }
    let paths: FxHashMap<SourceId, &Path> =
        fleet.world.files().map(|file| (file.source, &*file.input.path)).collect();
    let example =
        |source: SourceId| paths.get(&source).is_none_or(|path| is_example(fleet.world, path));
    let mut clusters: BTreeMap<&str, Object<'t>> = BTreeMap::new();
    for place in &fleet.places {
        let Some(name) = place.destination.cluster.as_deref() else { continue };
        if clusters.contains_key(name) {
            continue;
        }
        let mut first: Option<(Span, Object<'t>)> = None;
        for (object, _) in place.objects().filter(|(object, _)| object.kind() != Kind::Other) {
            let before = |known: Span| {
                let file = object.root().tree().source();
                // What a file holds stands in it; what was rendered may stand anywhere.
                (object.root().span().source != file || file <= known.source)
                    && object.place().span < known
            };
            if first.is_none_or(|(known, _)| before(known)) {
                let span = object.place().span;
                first = if example(span.source) { first } else { Some((span, object)) };
            }
        }
        if let Some((_, object)) = first {
            clusters.insert(name, object);
        }
    }
    if clusters.len() < 2 {
        return;
    }
    let mut objects: Vec<(&str, Object<'t>)> = clusters.into_iter().collect();
    objects.sort_by_key(|(_, object)| object.place().span);
    let Some(((first, object), others)) = objects.split_first() else { return };
    let more = match others {
        [(one, _)] => format!("cluster `{one}`"),
        many => format!("{} more clusters", many.len()),
    };
    let message = format!(
        "manifests of cluster `{first}` and of {more} are here, and no Argo CD Application or Flux Kustomization applies them"
    );
    let finding = ctx.report(object.place(), message);
    finding.on(resource_id(*object)).help(
        "let each cluster follow its folder: `flux bootstrap --path=clusters/<name>`, or an Application of Argo CD for each",
    );
    for (name, object) in others.iter().take(3) {
        finding.related(object.place().span, format!("of cluster `{name}`"));
    }
}

/// In a tree where a root delivers the Applications, one that it does not reach is forgotten.
pub(crate) fn orphan_application<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(apps) = Applications::of(fleet) else { return ctx.pass_over() };
    if apps.reached == 0 || apps.reached < apps.loose.len() {
        return;
    }
    for object in &apps.loose {
        let message = format!(
            "no root Application, ApplicationSet or kustomization reaches Application `{}`",
            object.name()
        );
        ctx.report(object.place(), message).on(resource_id(*object)).help(
            "move it to where its siblings are delivered from (a directory is read without its subdirectories unless `directory.recurse: true`), or delete it",
        );
    }
}

/// Applications of the tree by what brings them to the cluster.
struct Applications<'t> {
    /// In files that nothing delivers or includes, and no roots themselves, in order of the files.
    loose: Vec<Object<'t>>,
    /// How many others something delivers or includes.
    reached: usize,
    /// How many in files that nothing delivers bring other Applications.
    roots: usize,
    has_sets: bool,
}

impl<'t> Applications<'t> {
    /// `None` where there are none, or part of the tree, or what delivers it, is not known.
    fn of(fleet: &Fleet<'t>) -> Option<Self> {
        if !fleet.whole {
            return None;
        }
        let applications = &Engines::of(fleet).applications;
        if applications.is_empty() {
            return None;
        }
        let inputs: FxHashSet<SourceId> =
            fleet.units.iter().flat_map(|unit| unit.inputs.iter().copied()).collect();
        let opaque: Vec<&Path> = fleet.deliveries.iter().filter_map(opaque).collect();
        let mut apps = Self { loose: Vec::new(), reached: 0, roots: 0, has_sets: false };
        let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
        for &(file, object, ours) in applications {
            let path = &file.input.path;
            if is_example(fleet.world, path) {
                continue;
            }
            apps.has_sets |= object.kind() == Kind::ApplicationSet;
            if object.kind() != Kind::Application || !ours {
                continue;
            }
            let known = inputs.contains(&file.source) || file.class == Class::KustomizeResource;
            if known || opaque.iter().any(|folder| path.starts_with(folder)) {
                apps.reached += 1;
            } else if is_root(fleet, object) {
                apps.roots += 1;
            } else if names.insert((object.namespace().unwrap_or(""), object.name())) {
                apps.loose.push(object);
            }
        }
        Some(apps)
    }
}

/// What the files that ship say of who delivers them: read once for all rules that ask.
#[derive(Debug)]
pub(crate) struct Engines<'t> {
    /// Something makes a cluster follow git.
    any: bool,
    /// Applications and ApplicationSets with their files, and whether they are no tool's settings.
    applications: Vec<(&'t Loaded, Object<'t>, bool)>,
}

impl<'t> Engines<'t> {
    fn of<'f>(fleet: &'f Fleet<'t>) -> &'f Self {
        fleet.engines.get_or_init(|| {
            let follows =
                |d: &Delivered<'_>| matches!(d.delivery.engine, Engine::ArgoCd | Engine::Flux);
            let any = fleet.deliveries.iter().any(follows);
            let mut engines = Self { any, applications: Vec::new() };
            for file in fleet.world.files() {
                engines.any |= is_fleet_file(file);
                let Some(tree) = tree_of(file) else { continue };
                for (object, ours) in load::file_objects(tree) {
                    engines.any |= delivers(object);
                    if matches!(object.kind(), Kind::Application | Kind::ApplicationSet) {
                        engines.applications.push((file, object, ours));
                    }
                }
            }
            engines
        })
    }
}

fn delivers_from_here<'t>(fleet: &Fleet<'t>, object: Object<'t>) -> bool {
    let mut own = fleet.deliveries.iter().filter(|d| d.delivery.owner.root() == object.root());
    own.any(|d| matches!(d.delivery.source, Source::Directory(_)))
}

fn tree_of(file: &Loaded) -> Option<&kubeready_manifest::yaml::Tree> {
    let shipped = matches!(file.class, Class::Manifest | Class::KustomizeResource);
    file.tree.as_ref().filter(|_| shipped)
}

/// A directory that is delivered, and of which it is not known what becomes of its files.
fn opaque<'f>(delivered: &'f Delivered<'_>) -> Option<&'f Path> {
    match &delivered.delivery.source {
        Source::Directory(path) if delivered.unit.is_none() => Some(path),
        _ => None,
    }
}

/// Whether an Application brings other Applications, as far as that can be told.
fn is_root<'t>(fleet: &Fleet<'t>, object: Object<'t>) -> bool {
    let named = |text: &str| {
        let words = ["root", "apps", "applications", "bootstrap", "argocd", "argo"];
        text.split(['-', '_', '/', '.']).any(|word| words.contains(&word))
    };
    let own = fleet.deliveries.iter().filter(|d| d.delivery.owner.root() == object.root());
    own.into_iter().any(|delivered| {
        if let Some(unit) = delivered.unit.and_then(|at| fleet.units.get(at)) {
            let brings = |object: Object<'_>| {
                matches!(object.kind(), Kind::Application | Kind::ApplicationSet)
            };
            // What could not be rendered may bring anything.
            return load::file_objects(&unit.tree).any(|(object, _)| brings(object))
                || unit.partial && named(object.name());
        }
        match &delivered.delivery.source {
            Source::Directory(path) => named(object.name()) || named(&fleet.world.from_root(path)),
            _ => named(object.name()),
        }
    })
}

/// Whether an object makes a cluster follow git.
fn delivers(object: Object<'_>) -> bool {
    const GROUPS: [&str; 6] = [
        "argoproj.io",
        "fleet.cattle.io",
        "configsync.gke.io",
        "apps.open-cluster-management.io",
        "kappctrl.k14s.io",
        "config.projectsveltos.io",
    ];
    // Rollouts and Workflows of Argo deliver nothing from git.
    const OTHERS: [&str; 9] = [
        "Rollout",
        "Workflow",
        "WorkflowTemplate",
        "ClusterWorkflowTemplate",
        "CronWorkflow",
        "AnalysisTemplate",
        "ClusterAnalysisTemplate",
        "EventSource",
        "Sensor",
    ];
    let group = object.group();
    group.ends_with("fluxcd.io")
        || group == "fluxcd.controlplane.io"
        || GROUPS.contains(&group) && !OTHERS.contains(&object.kind_name())
}

fn is_fleet_file(file: &Loaded) -> bool {
    file.input.path.file_name().is_some_and(|name| name == "fleet.yaml" || name == "fleet.yml")
}
