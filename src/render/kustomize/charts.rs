//! `helmCharts`: charts that a kustomization inflates, rendered without helm where they are at hand.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use kubeready_manifest::yaml::{Data, Value};

use super::accumulate::{Builder, Gathered};
use super::kustomization::Kustomization;
use super::{Build, Kustomize, locked};
use crate::render::helm::{self, Detail, Layer};
use crate::render::install;
use crate::render::{Fault, FaultKind};
use crate::settings;

impl<'w> Builder<'_, 'w> {
    /// The charts of the field.
    pub(super) fn run_charts(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        let home = k.field("helmGlobals").and_then(|globals| globals.get("chartHome"));
        for chart in k.list("helmCharts") {
            self.inflate(k, chart, home, gathered);
        }
    }

    /// One chart, by its entry or the configuration of a generator.
    pub(super) fn inflate(
        &mut self,
        k: &Kustomization<'w>,
        chart: &Value<'w>,
        home: Option<&Value<'w>>,
        gathered: &mut Gathered<'w>,
    ) {
        let text = |key| chart.get(key).map_or("", Value::text);
        let name = text("name");
        let at = chart.get("name").map_or(chart.origin.span, |name| name.origin.span);
        let kustomize = self.kustomize;
        let Some(directory) = find(k, kustomize, name, text("version"), home) else {
            let what = format!("the chart `{name}` was not rendered: it is not at hand");
            let help = "kustomize would fetch it with helm: `helm pull --untar` it into the \
                        directory of charts, or name a directory that has it with `--charts`";
            self.faults.push(Fault::note(FaultKind::Chart, at, what).help(help).partial());
            return;
        };
        let version = settings::kubernetes_version(text("kubeVersion"));
        let version = version.unwrap_or(kustomize.kubernetes_version);
        let Some(mut release) = helm::plain(kustomize.world, &directory, version) else { return };
        let is = |key| chart.get(key).and_then(Value::as_bool) == Some(true);
        if !text("releaseName").is_empty() {
            release.name = Cow::Owned(text("releaseName").to_owned());
        }
        let anywhere = text("namespace").is_empty();
        if !anywhere {
            release.namespace = Cow::Owned(text("namespace").to_owned());
        }
        let versions = chart.get("apiVersions").map_or(&[][..], Value::items);
        release.api_versions.extend(versions.iter().map(|version| version.text().to_owned()));
        release.crds = is("includeCRDs");
        release.at = at;
        release.layers = self.values(k, chart);
        let build = kustomize.charts.render(&directory, &release);
        self.inputs.extend(build.inputs);
        self.faults.extend(build.faults);
        let shift = kustomize.keep_details(build.details);
        for mut resource in build.resources {
            if is("skipTests") && install::is_test(&resource)
                || is("skipHooks") && install::is_hook(&resource)
            {
                continue;
            }
            renumber(&mut resource.value, &mut |number| number + shift);
            if anywhere {
                install::forget_namespace(&mut resource, kustomize.world);
            }
            let by = ["builtin", "HelmChartInflationGenerator", name, ""];
            resource.notes = self.origin_of_plugin(k, None, by);
            self.absorb(resource, chart.origin.span, gathered);
        }
    }

    /// The values that an entry gives, in the order in which they win.
    fn values(&mut self, k: &Kustomization<'w>, chart: &Value<'w>) -> Vec<Layer<'w>> {
        let mut layer = |path: Option<&Value<'w>>| {
            let path = path.filter(|path| !path.text().is_empty())?;
            let file = self.file(k, path.text(), path.origin.span)?;
            let root = helm::values_of_file(file, &mut self.faults)?;
            (!root.is_null()).then_some(Layer::Map(root))
        };
        let file = layer(chart.get("valuesFile"));
        let inline = chart.get("valuesInline").filter(|inline| !inline.is_null());
        let inline = inline.map(|inline| Layer::Value(inline.clone()));
        let first = match chart.get("valuesMerge").map_or("", Value::text) {
            "merge" => [inline, file],
            "replace" => [None, inline.or(file)],
            _ => [file, inline],
        };
        let more = chart.get("additionalValuesFiles").map_or(&[][..], Value::items);
        let more: Vec<_> = more.iter().filter_map(|path| layer(Some(path))).collect();
        first.into_iter().flatten().chain(more).collect()
    }
}

/// Where a chart lies: in the directory of charts, as kustomize leaves it there or as it is vendored
/// by hand, else among those that the user has fetched.
fn find(
    k: &Kustomization<'_>,
    kustomize: &Kustomize<'_>,
    name: &str,
    version: &str,
    home: Option<&Value<'_>>,
) -> Option<PathBuf> {
    let home = home.map(Value::text).filter(|home| !home.is_empty()).unwrap_or("charts");
    let home = crate::walk::clean(&k.directory.join(home));
    let places = [home.join(format!("{name}-{version}")).join(name), home.join(name)];
    let store = &kustomize.charts;
    let local = places.into_iter().filter(|_| !name.is_empty()).find(|place| store.has(place));
    local.or_else(|| store.find(name, version).map(Path::to_path_buf))
}

impl<'w> Kustomize<'w> {
    /// Keeps what is known of the nodes of a chart; what their numbers grow by.
    fn keep_details(&self, details: Vec<Detail>) -> u32 {
        let mut all = locked(&self.details);
        let shift = all.len() as u32;
        all.extend(details);
        shift
    }

    /// Gives a root the details of its own nodes, with numbers from 1.
    pub(super) fn settle_details(&self, build: &mut Build<'w>) {
        let all = locked(&self.details);
        if all.is_empty() {
            return;
        }
        let mut known = rustc_hash::FxHashMap::default();
        let details = &mut build.details;
        let mut settle = |number: u32| -> u32 {
            *known.entry(number).or_insert_with(|| {
                let detail = number.checked_sub(1).and_then(|at| all.get(at as usize));
                let Some(detail) = detail else { return 0 };
                details.push(detail.clone());
                details.len() as u32
            })
        };
        for resource in &mut build.resources {
            renumber(&mut resource.value, &mut settle);
        }
    }
}

/// Changes the numbers that nodes carry.
fn renumber(value: &mut Value<'_>, number: &mut dyn FnMut(u32) -> u32) {
    if value.origin.detail != 0 {
        value.origin.detail = number(value.origin.detail);
    }
    match &mut value.data {
        Data::Map(entries) => {
            for entry in entries {
                if entry.key_origin.detail != 0 {
                    entry.key_origin.detail = number(entry.key_origin.detail);
                }
                renumber(&mut entry.value, number);
            }
        }
        Data::Seq(items) => items.iter_mut().for_each(|item| renumber(item, number)),
        Data::Scalar { .. } => {}
    }
}
