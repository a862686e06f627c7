//! The charts at hand: those of the repository, and those of other repositories that the user has
//! fetched. Each is read once.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{Data, NodeRef, Value, Writer};
use rustc_hash::FxHashMap;

use super::real::{self, Real};
use super::version::{compare, satisfies};
use super::{Build, Chart, Layer, Release};
use crate::load::World;
use crate::render::delivery::{Delivery, Source};
use crate::render::{Fault, FaultKind};
use crate::settings::Limits;

type Read<'w> = Result<Arc<Chart<'w>>, Fault>;

/// Charts by directory and by name.
#[derive(Debug)]
pub struct Store<'w> {
    world: &'w World<'w>,
    /// Of other repositories: name, version, directory.
    fetched: Vec<(String, String, PathBuf)>,
    read: Mutex<FxHashMap<PathBuf, Read<'w>>>,
    real: Option<&'w dyn Real>,
    limits: Limits,
    /// What was rendered before, by all that it depends on: kept from the second time on, for most
    /// releases there is only one of.
    rendered: Mutex<FxHashMap<String, Option<Arc<Build<'w>>>>>,
}

impl<'w> Store<'w> {
    /// `directories`: where charts of other repositories lie.
    pub fn new(world: &'w World<'w>, directories: &[PathBuf]) -> Self {
        let mut fetched = Vec::new();
        for chart in world.charts() {
            if !directories.iter().any(|directory| chart.starts_with(directory)) {
                continue;
            }
            let file = world.file(&chart.join("Chart.yaml")).and_then(|file| file.parsed());
            let Some((_, root)) = file.and_then(|tree| tree.documents().next()) else { continue };
            let text = |key| root.get(key).map_or("", NodeRef::text).to_owned();
            fetched.push((text("name"), text("version"), chart.to_path_buf()));
        }
        Self {
            world,
            fetched,
            read: Mutex::default(),
            real: None,
            limits: Limits::default(),
            rendered: Mutex::default(),
        }
    }

    /// With the real Helm at hand, for what is beyond this renderer.
    #[must_use]
    pub fn with(mut self, real: Option<&'w dyn Real>) -> Self {
        self.real = real;
        self
    }

    /// How far templates may go.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Directories of the charts that belong to the repository: neither fetched ones nor archives.
    pub fn own(&self) -> impl Iterator<Item = &'w Path> + '_ {
        let charts = self.world.charts().iter().copied();
        charts.filter(|chart| {
            let file = self.world.file(&chart.join("Chart.yaml"));
            file.is_some_and(|file| file.archive.is_none()) && !self.is_fetched(chart)
        })
    }

    /// Whether a chart is one of another repository that the user has fetched.
    pub fn is_fetched(&self, directory: &Path) -> bool {
        self.fetched.iter().any(|(.., known)| known == directory)
    }

    /// Whether a directory holds a chart.
    pub fn has(&self, directory: &Path) -> bool {
        self.world.file(&directory.join("Chart.yaml")).is_some()
    }

    /// The newest chart of a name that a version or range allows.
    pub fn find(&self, name: &str, version: &str) -> Option<&Path> {
        let named = || self.fetched.iter().filter(|(known, ..)| known == name);
        let bare = |version: &str| version.trim().trim_start_matches('v').to_owned();
        let exact = named().find(|(_, known, _)| bare(known) == bare(version));
        if let Some((.., directory)) = exact {
            return Some(directory);
        }
        let range = if matches!(version.trim(), "" | "latest") { "*" } else { version };
        let allowed = named().filter(|(_, known, _)| satisfies(range, known));
        let newest = allowed.max_by(|a, b| compare(&a.1, &b.1));
        newest.map(|(.., directory)| &**directory)
    }

    /// The chart that a delivery installs, if it is at hand.
    pub fn of_delivery(&self, delivery: &Delivery<'_>) -> Option<PathBuf> {
        let source = match &delivery.source {
            Source::Directory(directory) => {
                return Some(directory.clone()).filter(|directory| self.has(directory));
            }
            Source::Chart(source) => source,
            _ => return None,
        };
        let of_url = source.repository.map(|url| url.trim_end_matches('/'));
        let name = source.chart.map(NodeRef::text).or(of_url)?;
        // A chart of a registry is named with the path to it.
        let name = name.rsplit('/').next().unwrap_or(name);
        let version = source.version.map_or("", NodeRef::text);
        let version = if version.starts_with("sha256:") { "" } else { version };
        self.find(name, version).map(Path::to_path_buf)
    }

    /// The chart of a directory.
    pub fn chart(&self, directory: &Path) -> Read<'w> {
        let locked = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = locked().get(directory) {
            return known.clone();
        }
        let read = Chart::read(self.world, directory).map(Arc::new);
        locked().entry(directory.to_path_buf()).or_insert(read).clone()
    }

    /// What the real Helm makes of a chart that this renderer could not do.
    fn beyond(&self, chart: &Chart<'w>, release: &Release<'w>, build: Build<'w>) -> Build<'w> {
        let is_beyond = |fault: &&mut Fault| fault.kind == FaultKind::ChartBeyond;
        let mut build = build;
        let Some(real) = self.real else { return build };
        let Some(fault) = build.faults.iter_mut().find(is_beyond) else { return build };
        match real::render(chart, release, real) {
            Ok(by_helm) => {
                build.faults.retain(|fault| fault.kind != FaultKind::ChartBeyond);
                let mut inputs = [by_helm.inputs, build.inputs].concat();
                inputs.sort_unstable();
                inputs.dedup();
                // What this renderer knows of values is about objects that are not used.
                Build { faults: build.faults, inputs, ..by_helm }
            }
            Err(why) => {
                fault.help = Some(format!("helm could not do it either: {why}"));
                build
            }
        }
    }

    /// Renders a chart. A fleet installs many a chart in the same way in each of its clusters.
    pub fn render(&self, directory: &Path, release: &Release<'w>) -> Build<'w> {
        let key = key(directory, release);
        let locked = || self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = locked().get(&key).cloned();
        if let Some(Some(build)) = &known {
            return Build::clone(build);
        }
        let mut build = self.render_anew(directory, release);
        if self.is_fetched(directory) {
            self.tell_elsewhere(&mut build, directory, release.at);
        }
        locked().insert(key, known.map(|_| Arc::new(build.clone())));
        build
    }

    /// Tells what is wrong with a chart that nobody here can change at what installs it.
    fn tell_elsewhere(&self, build: &mut Build<'_>, directory: &Path, at: Span) {
        let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or("");
        let own = |at: Span| {
            let file = self.world.source(at.source);
            file.is_some_and(|file| file.input.path.starts_with(directory))
        };
        for fault in build.faults.iter_mut().filter(|fault| own(fault.at)) {
            fault.at = at;
            fault.message = format!("the chart `{name}`: {}", fault.message);
        }
        build.undefined.retain(|(_, at)| !own(*at));
        build.anchors = build.anchors.filter(|(_, at)| !own(*at));
    }

    /// One that cannot be read is a fault of the release.
    fn render_anew(&self, directory: &Path, release: &Release<'w>) -> Build<'w> {
        match self.chart(directory) {
            Ok(chart) => {
                self.beyond(&chart, release, super::render_within(&chart, release, &self.limits))
            }
            Err(fault) => Build { faults: vec![fault], ..Build::default() },
        }
    }
}

/// All that a release depends on, places included.
fn key(directory: &Path, release: &Release<'_>) -> String {
    let Release { name, namespace, layers, kubernetes_version, api_versions, crds, at } = release;
    let mut key = format!(
        "{}\n{name:?} {namespace:?} {kubernetes_version} {api_versions:?} {crds} {at:?}",
        directory.display()
    );
    for layer in layers {
        key.push('\n');
        match layer {
            Layer::Map(node) | Layer::Block(node) => {
                values(&mut key, &Value::of(*node, Writer::Values));
            }
            Layer::Value(value) => values(&mut key, value),
            Layer::Set { path, value, string } => {
                let _ = write!(key, "{path:?} {string} ");
                values(&mut key, &Value::of(*value, Writer::Values));
            }
        }
    }
    key
}

fn values(key: &mut String, value: &Value<'_>) {
    let Span { source, start, end } = value.origin.span;
    let _ = write!(key, "{}:{start}-{end}", source.0);
    match &value.data {
        Data::Scalar { text, style } => {
            let _ = write!(key, "{style:?}{text:?}");
        }
        Data::Map(entries) => {
            for entry in entries {
                let _ = write!(key, ",{:?}=", entry.key);
                values(key, &entry.value);
            }
        }
        Data::Seq(items) => {
            key.push('[');
            for item in items {
                values(key, item);
            }
            key.push(']');
        }
    }
}
