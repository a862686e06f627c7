//! Builds the unit of a chart: one release, as it comes to a cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{NodeRef, Value, Writer};
use rustc_hash::FxHashSet;

use super::build::{Building, Built, Content, Job, default_namespace};
use super::delivery::{Delivery, Engine, Follow, Source};
use super::helm::releases::{Installation, NAMESPACE, Purpose, of_chart, of_delivery};
use super::helm::shapes::{Told, workloads_of_values};
use super::helm::{Charted, Layer, Release};
use super::kustomize::{Overlay, Resource};
use super::{Fault, FaultKind};
use crate::load::{Class, World};

impl<'r> Building<'_, 'r> {
    /// How the charts of the repository are installed that nothing brought to a cluster so far. A
    /// chart that something delivers is judged by that alone: files of values that no delivery names
    /// ship nowhere, and those that are layered on others are wrong by themselves.
    pub(super) fn undelivered_charts(
        &self,
        charts: &mut dyn Iterator<Item = &'r Path>,
        used: &FxHashSet<SourceId>,
    ) -> Vec<Job<'r>> {
        let is_used = |chart: &Path| {
            let file = self.world.file(&chart.join("Chart.yaml"));
            file.is_some_and(|file| used.contains(&file.source))
        };
        let unused = charts.filter(|chart| !is_used(chart));
        let installations =
            unused.flat_map(|chart| of_chart(self.world, chart, self.paths, self.settings));
        let job = |mut installation: Installation<'r>| Job {
            directory: installation.directory.clone(),
            destination: installation.destination.take().map(Arc::new),
            content: Content::Chart(Box::new(installation)),
            ..Job::root(PathBuf::new())
        };
        installations.map(job).collect()
    }

    /// A delivery of a chart that is at hand.
    pub(super) fn release(
        &self,
        chart: &Path,
        delivery: &Delivery<'r>,
        follow: &Follow<'_, 'r>,
    ) -> Option<Content<'r>> {
        let version = self.settings.kubernetes_version;
        let installation =
            of_delivery(self.world, chart, delivery, follow.inventory, follow.near, version)?;
        Some(Content::Chart(Box::new(installation)))
    }

    /// What a release brings to a cluster.
    pub(super) fn installed(
        &self,
        installation: Installation<'r>,
        delivery: Option<&Delivery<'r>>,
    ) -> Built<'r> {
        let Installation { directory, release, purpose, anywhere, files, faults, .. } =
            installation;
        let build = self.kustomize.charts().render(&directory, &release);
        let mut built = Built {
            resources: build.resources,
            faults: build.faults,
            inputs: build.inputs,
            charted: Charted {
                details: build.details,
                values: values_of(&release),
                anchors: build.anchors,
                likely: false,
            },
        };
        built.faults.extend(faults);
        // Whoever installs it gives it what it asks for; that nobody did so here is no mistake.
        let open = delivery.is_none() && purpose != Purpose::Test;
        let refused = |fault: &&mut Fault| open && fault.kind == FaultKind::ChartRefuses;
        for fault in built.faults.iter_mut().filter(refused) {
            fault.fatal = false;
            let help = "judge it with such values: put them in a `values-….yaml` beside the chart";
            fault.help.get_or_insert_with(|| help.to_owned());
        }
        if purpose != Purpose::Test {
            let undefined = build.undefined.into_iter();
            built.faults.extend(undefined.map(|(path, at)| {
                let message = format!("`{path}` is printed here, and nothing defines it");
                Fault::note(FaultKind::UndefinedValue, at, message)
            }));
        }
        built.inputs.extend(files);
        built.inputs.sort_unstable();
        built.inputs.dedup();
        // Manifests that hold values ship by themselves all the same.
        let inside = |source: &SourceId| {
            let file = self.world.source(*source);
            file.is_some_and(|file| {
                let manifest = matches!(file.class, Class::Manifest | Class::KustomizeResource);
                !manifest || file.input.path.starts_with(&directory)
            })
        };
        built.inputs.retain(inside);
        if purpose == Purpose::Test {
            built.resources.clear();
            return built;
        }
        // Only `helm test` ever applies them.
        built.resources.retain(|resource| !is_test(resource));
        if anywhere {
            for resource in &mut built.resources {
                forget_namespace(resource, self.world);
            }
        }
        let Some(delivery) = delivery else { return built };
        let own = || delivery.owner.path("metadata.namespace");
        let namespace = match delivery.engine {
            Engine::ArgoCd => delivery.destination.namespace,
            Engine::Flux => delivery.destination.namespace.or_else(own),
        };
        if let Some(namespace) = namespace.filter(|_| !anywhere) {
            for resource in &mut built.resources {
                default_namespace(resource, namespace);
            }
        }
        let file = self.world.source(delivery.source_at.source);
        if let Some(file) = file.filter(|_| changes(&delivery.overlay)) {
            let resources = std::mem::take(&mut built.resources);
            let (resources, faults) = self.kustomize.overlaid(file, resources, &delivery.overlay);
            built.resources = resources;
            built.faults.extend(faults);
        }
        built
    }
}

/// Files with values of the release itself.
fn values_of(release: &Release<'_>) -> Vec<SourceId> {
    let source = |layer: &Layer<'_>| match layer {
        Layer::Map(node) | Layer::Block(node) | Layer::Set { value: node, .. } => {
            node.span().source
        }
        Layer::Value(value) => value.origin.span.source,
    };
    let mut sources: Vec<SourceId> = Vec::new();
    for source in release.layers.iter().map(source) {
        sources.retain(|known| *known != source);
        sources.push(source);
    }
    sources
}

/// The workloads that a chart most likely makes which is not at hand. `None` if its values show none.
pub(super) fn likely<'r>(delivery: &Delivery<'r>) -> Option<Vec<Value<'r>>> {
    let values = delivery.values.object?;
    let (chart, version) = match &delivery.source {
        Source::Chart(source) => {
            (source.chart.map(NodeRef::text).or(source.repository), source.version)
        }
        Source::Elsewhere(_) => (None, None),
        _ => return None,
    };
    let release = delivery.values.release_name.map_or(delivery.name, NodeRef::text);
    let namespace = delivery.destination.namespace.map(NodeRef::text);
    let told = Told {
        chart: chart.unwrap_or(""),
        version: version.map(NodeRef::text),
        values,
        release,
        namespace: namespace.or_else(|| delivery.owner.namespace()).unwrap_or(""),
    };
    Some(workloads_of_values(&told)).filter(|workloads| !workloads.is_empty())
}

fn changes(overlay: &Overlay<'_>) -> bool {
    !overlay.patches.is_empty()
        || !overlay.images.is_empty()
        || overlay.metadata_labels.is_some()
        || overlay.metadata_annotations.is_some()
}

/// Whether only `helm test` ever applies it.
pub(super) fn is_test(resource: &Resource<'_>) -> bool {
    let hooks = resource.value.at(&["metadata", "annotations", "helm.sh/hook"]);
    let mut hooks = hooks.map_or("", |hooks| hooks.text()).split(',').map(str::trim);
    hooks.all(|hook| matches!(hook, "test" | "test-success" | "test-failure"))
}

/// Whether Helm applies it beside the release.
pub(super) fn is_hook(resource: &Resource<'_>) -> bool {
    resource.value.at(&["metadata", "annotations", "helm.sh/hook"]).is_some()
}

/// Takes the namespace of the release out of an object, where nobody has said which it is. One that a
/// template spells out or a value gives stays.
pub(super) fn forget_namespace(resource: &mut Resource<'_>, world: &World<'_>) {
    let Some(metadata) = resource.value.get_mut("metadata") else { return };
    let Some(namespace) = metadata.get("namespace") else { return };
    let at = namespace.origin.span;
    let printed = world.source(at.source).is_some_and(|file| {
        let text = file.text();
        text.get(at.start as usize..at.end as usize).is_some_and(|text| text != NAMESPACE)
    });
    if namespace.text() == NAMESPACE && namespace.origin.by == Writer::Template && printed {
        metadata.remove("namespace");
    }
}
