//! Charts of Helm, rendered without Helm: what is printed knows the value or the line of a template
//! that a person would edit.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod capabilities;
mod chart;
mod coalesce;
mod dependencies;
mod files;
pub mod manifests;
mod marks;
mod places;
mod real;
mod release;
pub(super) mod releases;
mod schema;
pub(super) mod shapes;
mod store;
mod strvals;
mod values;
mod version;

use std::borrow::Cow;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Value};
use kubeready_template::{
    Engine, ErrorKind, Limits, Map, Origin, Output, Path, Text, Val, with_stack,
};

use super::fault::{Fault, FaultKind};
use super::kustomize::Resource;
use crate::guard;
use crate::settings;

use coalesce::coalesced;
use dependencies::Live;
use manifests::Sheet;
use release::Job;

pub use chart::{Chart, Dependency, File, Template};
pub use real::{Real, Template as RealTemplate};
pub use releases::{NAMESPACE, RELEASE, plain};
pub use store::Store;

pub(super) use values::of_file as values_of_file;

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
    /// Of a block of text that the template writes: whether values are printed in between.
    pub mixed: bool,
}

/// What is known of a tree that charts printed, beside the origins of its nodes.
#[derive(Debug, Default)]
pub struct Charted {
    /// By the number that nodes carry, from 1.
    pub details: Vec<Detail>,
    /// Files with values of the release itself, those of the chart left out; later ones win.
    pub values: Vec<SourceId>,
    /// Where a value that no file has would be added: in those, and in the chart's own values.
    pub anchors: Option<(Span, Span)>,
    /// Not rendered: made of values whose chart is not at hand, by what charts usually make of them.
    pub likely: bool,
}

impl Charted {
    /// What is known of a node of the tree.
    pub fn detail(&self, node: NodeRef<'_>) -> Option<&Detail> {
        self.details.get(node.detail().checked_sub(1)? as usize)
    }
}

/// What a release renders to.
#[derive(Clone, Debug, Default)]
pub struct Build<'r> {
    /// In the order of `helm template`.
    pub resources: Vec<Resource<'r>>,
    pub details: Vec<Detail>,
    pub faults: Vec<Fault>,
    /// Every file that took part, sorted.
    pub inputs: Vec<SourceId>,
    /// Values that were printed and that no file has: the path, the action that prints it.
    pub undefined: Vec<(String, Span)>,
    /// Where a value that no file has would be added: in the values nearest to the release, and in
    /// the chart's own, if those can be edited.
    pub anchors: Option<(Span, Span)>,
}

/// Renders a chart for a release. A template that fails is a fault and prints nothing; the others are
/// rendered all the same.
pub fn render<'r>(chart: &Chart<'r>, release: &Release<'r>) -> Build<'r> {
    render_within(chart, release, &settings::Limits::default())
}

/// As [`render`], as far as settings say.
fn render_within<'r>(
    chart: &Chart<'r>,
    release: &Release<'r>,
    limits: &settings::Limits,
) -> Build<'r> {
    let limits = Limits {
        steps: limits.template_steps,
        output: usize::try_from(limits.template_output).unwrap_or(usize::MAX),
        ..Limits::default()
    };
    let lost = |fault| Build { faults: vec![fault], ..Build::default() };
    // The thread with the stack is one of its own: panics are caught in it.
    match with_stack(|| guard::catch(|| rendered(chart, release, limits))) {
        Ok(Ok(build)) => build,
        Ok(Err(panic)) => lost(Fault::panicked(release.at, "this chart", &panic)),
        Err(error) => lost(Fault::fatal(FaultKind::TooLarge, release.at, error.message)),
    }
}

/// The values that the templates of a chart see, as one map, and what is wrong with them.
pub fn values<'r>(chart: &Chart<'r>, release: &Release<'r>) -> (Map, Vec<Fault>) {
    let prepared = Prepared::new(chart, release);
    (prepared.values, prepared.faults)
}

/// A chart with the values of a release, before any template is looked at.
struct Prepared<'c, 'r> {
    live: Live<'c, 'r>,
    values: Map,
    /// Where a person would write a value that no file has.
    anchor: Span,
    faults: Vec<Fault>,
    /// Whether Helm would look at the templates at all, were it as lenient as this.
    is_usable: bool,
}

impl<'c, 'r> Prepared<'c, 'r> {
    fn new(chart: &'c Chart<'r>, release: &Release<'r>) -> Self {
        let mut faults: Vec<Fault> =
            chart.all().into_iter().flat_map(|chart| chart.faults.iter().cloned()).collect();
        faults.extend(kube_version(chart, release));
        faults.extend(chart.all().into_iter().flat_map(chart::missing));
        let anchor = anchor(chart, release);
        let given = values::layered(release, chart.loaded, &mut faults);
        let mut live = Live::new(chart, chart.name(), Path::root(), &mut faults);
        let values = live
            .enable(&given, "", anchor)
            .and_then(|()| live.import(anchor))
            .and_then(|()| coalesced(&live, &given, anchor));
        let is_usable = values.is_ok();
        let values = values.unwrap_or_else(|mismatch| {
            let message = format!("the values of the subchart `{}` must be a map", mismatch.name);
            faults.push(values::invalid(mismatch.at.unwrap_or(release.at), message));
            Map::new()
        });
        Self { live, values, anchor, faults, is_usable }
    }
}

fn rendered<'r>(chart: &Chart<'r>, release: &Release<'r>, limits: Limits) -> Build<'r> {
    let Prepared { live, values, anchor, faults, is_usable } = Prepared::new(chart, release);
    let mut build = Build { faults, inputs: inputs(&live, release), ..Build::default() };
    let own = own_anchor(chart).filter(|_| chart.values.is_some_and(|f| f.archive.is_none()));
    build.anchors = own.map(|own| (anchor, own));
    if chart.is_library() || !is_usable {
        return build;
    }
    if release.crds {
        definitions(&live, &mut build);
    }
    let values = release::root(&values, anchor);
    schema::check(&live, &values, anchor, &mut build.faults);
    let jobs = release::jobs(&live, &values, release);
    let outputs = execute(&jobs, limits, &mut build.faults);
    let sheets: Vec<Sheet<'_>> = outputs
        .iter()
        .map(|(job, output)| Sheet { name: &job.name, source: job.template.file.source, output })
        .collect();
    manifests::read(&sheets, &values, &mut build);
    // What fails for want of a subchart is no mistake of the templates.
    if build.faults.iter().any(|fault| fault.kind == FaultKind::ChartDependency) {
        let failed = build.faults.iter_mut().filter(|f| f.kind == FaultKind::ChartRender);
        failed.for_each(|fault| fault.fatal = false);
    }
    build
}

/// What the templates print, in the order in which Helm executes them. Partials and notes are not
/// executed: nobody reads what they print.
fn execute<'j, 'c, 'r>(
    jobs: &'j [Job<'c, 'r>],
    limits: Limits,
    faults: &mut Vec<Fault>,
) -> Vec<(&'j Job<'c, 'r>, Output)> {
    let mut engine = Engine::new(limits);
    let mut whole = Vec::with_capacity(jobs.len());
    for job in jobs {
        match job.template.parsed() {
            Ok(parsed) => {
                let end = job.template.text.len() as u32;
                let span = Span { source: job.template.file.source, start: 0, end };
                let text = Text::of(job.template.text, Origin::literal(span));
                engine.add(&job.name, parsed, text);
                whole.push(job);
            }
            Err(error) => faults.push(failed(&error, job)),
        }
    }
    let mut outputs = Vec::with_capacity(whole.len());
    for job in whole {
        if job.template.is_partial() {
            continue;
        }
        let own = Map::new();
        own.set("Name", Val::text(&*job.name));
        own.set("BasePath", Val::text(&*job.base));
        job.dot.set("Template", Val::map(own.of_helm()));
        match engine.execute(&job.name, Val::map(job.dot.of_helm())) {
            // Notes are no objects, but many charts check their values there.
            Ok(_) if job.name.ends_with("NOTES.txt") => {}
            Ok(output) => outputs.push((job, output)),
            Err(error) => faults.push(failed(&error, job)),
        }
    }
    outputs
}

/// The objects of `crds/`, those of subcharts behind.
fn definitions<'r>(live: &Live<'_, 'r>, build: &mut Build<'r>) {
    for tree in live.chart.crds().filter_map(|file| file.file.parsed()) {
        for error in tree.errors() {
            let at = tree.span(error.at.clone());
            let message = format!("this is no YAML: {}", error.message);
            build.faults.push(Fault::fatal(FaultKind::Invalid, at, message));
        }
        build.resources.extend(manifests::definitions(tree));
    }
    for child in &live.children {
        definitions(child, build);
    }
}

/// Where a person would add a value that no file has: in the values nearest to the release.
fn anchor(chart: &Chart<'_>, release: &Release<'_>) -> Span {
    let layers = release.layers.iter().rev().filter_map(|layer| match layer {
        Layer::Map(node) => first_key(*node),
        Layer::Block(node) => Some(node.span()),
        Layer::Value(_) | Layer::Set { .. } => None,
    });
    layers.chain(own_anchor(chart)).next().unwrap_or_else(|| chart.head())
}

/// The same in the chart's own values, if it has any.
fn own_anchor(chart: &Chart<'_>) -> Option<Span> {
    let file = chart.values?;
    let first = file.parsed().and_then(|tree| first_key(tree.documents().next()?.1));
    Some(first.unwrap_or(Span { source: file.source, start: 0, end: 0 }))
}

fn first_key(map: NodeRef<'_>) -> Option<Span> {
    map.entries().next().map(|(key, _)| key.span())
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

fn failed(error: &kubeready_template::Error, job: &Job<'_, '_>) -> Fault {
    let source = job.template.file.source;
    let at = error.at.unwrap_or(Span { source, start: 0, end: 0 });
    let message = match error.kind {
        ErrorKind::Fail => format!("the chart stops here: {}", error.message.trim()),
        ErrorKind::Syntax => format!("this is no template: {}", error.message),
        _ => format!("this template fails: {}", error.message),
    };
    let kind = match error.kind {
        ErrorKind::TooMuch | ErrorKind::Unknown => FaultKind::ChartBeyond,
        ErrorKind::Fail => FaultKind::ChartRefuses,
        ErrorKind::Syntax | ErrorKind::Execution => FaultKind::ChartRender,
    };
    let fault = Fault::fatal(kind, at, message);
    match error.kind {
        ErrorKind::Unknown => fault.help("kubeready does not know this function; `--helm` may"),
        ErrorKind::TooMuch => fault.help(
            "raise `limits.max-template-steps` or `limits.max-template-output` in the settings if it \
             is one of those; `--helm` knows none of them",
        ),
        _ => fault,
    }
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
