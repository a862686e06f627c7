//! Charts of Helm, rendered without Helm: what is printed knows the value or the line of a template
//! that a person would edit.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod capabilities;
mod chart;
mod coalesce;
mod dependencies;
mod files;
mod release;
pub(super) mod releases;
mod shapes;
mod store;
mod strvals;
mod values;
mod version;

use std::borrow::Cow;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Value};
use kubeready_template::{Engine, ErrorKind, Limits, Map, Origin, Output, Path, Text, Val};

use super::fault::{Fault, FaultKind};
use super::kustomize::Resource;
use crate::load::Loaded;

use coalesce::coalesced;
use dependencies::Live;
use release::Job;

pub use chart::{Chart, Dependency, File, Template};
pub use releases::{NAMESPACE, RELEASE, plain};
pub use store::Store;

pub use shapes::{Told, is_app_template, workloads_of_values};

/// Values that one owner gives to a chart: later layers win.
#[derive(Clone, Debug)]
pub enum Layer<'r> {
    /// A map of values: the root of a values file, `spec.values` of a HelmRelease, `valuesObject`.
    Map(NodeRef<'r>),
    /// A block of YAML text inside of a file (Argo CD `helm.values`, a ConfigMap's key).
    Block(NodeRef<'r>),
    /// Values that are not written as such in any file.
    Value(Value<'r>),
    /// `--set` of Helm: Argo CD parameters, Flux `valuesFrom` with a `targetPath`.
    Set { path: Cow<'r, str>, value: NodeRef<'r>, string: bool },
}

/// One installation of a chart.
#[derive(Clone, Debug)]
pub struct Release<'r> {
    pub name: Cow<'r, str>,
    pub namespace: Cow<'r, str>,
    /// Over the chart's own values.
    pub layers: Vec<Layer<'r>>,
    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub kubernetes_version: u16,
    /// Beyond those of Kubernetes itself: `monitoring.coreos.com/v1`.
    pub api_versions: Vec<String>,
    /// The objects of `crds/`, too.
    pub crds: bool,
    /// Where a fault that concerns the whole release stands: the owner, else `Chart.yaml`.
    pub at: Span,
}

/// What is known of a rendered node beside its origin, by the number that the node carries (from 1).
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The path in the values, if a value decides: `image.tag`.
    pub value: Option<String>,
    /// Where that value stands, or the map that it would be added to.
    pub value_at: Option<Span>,
    /// Whether the value stands there.
    pub written: bool,
    /// The line of the template that prints it.
    pub template: Option<Span>,
    /// Of a map: fields that the template would print if a value were set; the field, the value's
    /// path, the place to write it.
    pub offers: Vec<(String, String, Option<Span>)>,
}

/// What a release renders to.
#[derive(Debug, Default)]
pub struct Build<'r> {
    /// In the order of `helm template`.
    pub resources: Vec<Resource<'r>>,
    pub details: Vec<Detail>,
    pub faults: Vec<Fault>,
    /// Every file that took part, sorted.
    pub inputs: Vec<SourceId>,
    /// Values that were printed and that no file has: the path, the action that prints it.
    pub undefined: Vec<(String, Span)>,
}

/// What a template of a release printed.
#[derive(Debug)]
pub struct Printed<'r> {
    /// The name that Helm gives as its source: `shop/templates/web.yaml`.
    pub name: String,
    pub file: &'r Loaded,
    pub output: Output,
}

/// Renders a chart for a release.
pub fn render<'r>(chart: &Chart<'r>, release: &Release<'r>) -> Build<'r> {
    let (_, build) = printed(chart, release);
    build
}

/// What the templates of a chart print, in the order in which Helm executes them; partials, notes and
/// library charts print nothing. The build has all but resources.
pub fn printed<'r>(chart: &Chart<'r>, release: &Release<'r>) -> (Vec<Printed<'r>>, Build<'r>) {
    let mut build = Build::default();
    let mut texts = Vec::new();
    for chart in chart.all() {
        build.faults.extend(chart.faults.iter().cloned());
    }
    build.faults.extend(kube_version(chart, release));
    let anchor = anchor(chart, release);
    let given = values::layered(release, chart.loaded, &mut build.faults);
    let mut live = Live::new(chart, chart.name(), Path::root(), &mut build.faults);
    let missing = enabled_and_missing(chart, &given);
    build.faults.extend(missing);
    let values = live
        .enable(&given, "", anchor, &mut build.faults)
        .and_then(|()| live.import(anchor))
        .and_then(|()| coalesced(&live, &given, anchor));
    let values = match values {
        Ok(values) => values,
        Err(mismatch) => {
            let message = format!("the values of the subchart `{}` must be a map", mismatch.name);
            let at = mismatch.at.unwrap_or(release.at);
            build.faults.push(values::invalid(at, message));
            return (texts, build);
        }
    };
    build.inputs = inputs(&live, release);
    if chart.is_library() {
        return (texts, build);
    }
    let jobs = release::jobs(&live, values, release, anchor);
    let mut engine = Engine::new(Limits::default());
    let mut broken = rustc_hash::FxHashSet::default();
    for (at, job) in jobs.iter().enumerate() {
        match job.template.parsed() {
            Ok(parsed) => {
                let end = job.template.text.len() as u32;
                let span = Span { source: job.template.file.source, start: 0, end };
                let text = Text::of(job.template.text, Origin::literal(span));
                engine.add(&job.name, parsed, text);
            }
            Err(error) => {
                broken.insert(at);
                build.faults.push(failed(&error, job));
            }
        }
    }
    for (at, job) in jobs.iter().enumerate() {
        let is_notes = job.name.ends_with("NOTES.txt");
        if broken.contains(&at) || is_notes || job.template.is_partial() {
            continue;
        }
        let own = Map::new();
        own.set("Name", Val::text(&*job.name));
        own.set("BasePath", Val::text(&*job.base));
        job.dot.set("Template", Val::map(own));
        match engine.execute(&job.name, Val::map(job.dot.clone())) {
            Ok(output) => {
                texts.push(Printed { name: job.name.clone(), file: job.template.file, output })
            }
            Err(error) => build.faults.push(failed(&error, job)),
        }
    }
    (texts, build)
}

/// Where a person would add a value that no file has: in the values nearest to the release.
fn anchor(chart: &Chart<'_>, release: &Release<'_>) -> Span {
    let first = |node: NodeRef<'_>| node.entries().next().map(|(key, _)| key.span());
    let layers = release.layers.iter().rev().filter_map(|layer| match layer {
        Layer::Map(node) => first(*node),
        Layer::Block(node) => Some(node.span()),
        Layer::Value(_) | Layer::Set { .. } => None,
    });
    let own = chart.values.and_then(Loaded::parsed).and_then(|tree| tree.documents().next());
    let own = own.and_then(|(_, root)| first(root));
    layers.chain(own).next().unwrap_or_else(|| {
        let empty = |file: &Loaded| Span { source: file.source, start: 0, end: 0 };
        chart.values.map_or_else(|| chart.head(), empty)
    })
}

/// Helm installs no chart that does not want the cluster's version.
fn kube_version(chart: &Chart<'_>, release: &Release<'_>) -> Option<Fault> {
    let node = chart.metadata.get("kubeVersion")?;
    let version = capabilities::cluster_version(release.kubernetes_version);
    if version::satisfies(node.text(), &version) {
        return None;
    }
    let message = format!("this chart wants Kubernetes `{}`, not {version}", node.text());
    Some(
        values::invalid(node.span(), message)
            .help("set `kubernetes-version` to what the clusters run, or mend the range"),
    )
}

/// Missing subcharts of a chart and of those in it.
fn enabled_and_missing(chart: &Chart<'_>, _given: &Map) -> Vec<Fault> {
    chart.all().into_iter().flat_map(chart::missing).collect()
}

fn failed(error: &kubeready_template::Error, job: &Job<'_, '_>) -> Fault {
    let source = job.template.file.source;
    let at = error.at.unwrap_or(Span { source, start: 0, end: 0 });
    let message = match error.kind {
        ErrorKind::Fail => format!("the chart stops here: {}", error.message.trim()),
        ErrorKind::Syntax => format!("this is no template: {}", error.message),
        _ => format!("this template fails: {}", error.message),
    };
    let kind = match error.kind {
        ErrorKind::TooMuch => FaultKind::TooLarge,
        _ => FaultKind::ChartRender,
    };
    let mut fault = Fault::fatal(kind, at, message);
    if error.kind == ErrorKind::Unknown {
        fault = fault.help("kubeready does not know this function");
    }
    fault
}

fn inputs(live: &Live<'_, '_>, release: &Release<'_>) -> Vec<SourceId> {
    let mut inputs: Vec<SourceId> = release
        .layers
        .iter()
        .map(|layer| match layer {
            Layer::Map(node) | Layer::Block(node) => node.span().source,
            Layer::Value(value) => value.origin.span.source,
            Layer::Set { value, .. } => value.span().source,
        })
        .collect();
    let mut pending = vec![live];
    while let Some(live) = pending.pop() {
        inputs.extend(live.chart.inputs());
        pending.extend(live.children.iter());
    }
    inputs.sort_unstable();
    inputs.dedup();
    inputs
}
