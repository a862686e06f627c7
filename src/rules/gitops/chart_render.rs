//! What rendering charts found out.

use std::path::Path;

use kubeready_manifest::yaml::{NodeRef, Tree};
use rustc_hash::{FxHashMap, FxHashSet};

use super::chart::Chart;
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::{Class, Loaded, Reason};
use crate::render::FaultKind;

/// A chart that does not render is not installed, upgraded or rolled back.
pub(crate) fn helm_render_error<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let kinds = [FaultKind::ChartRender, FaultKind::ChartRefuses, FaultKind::ChartInvalid];
    if fleet.units.is_empty() && kinds.iter().all(|kind| index.all_faults(*kind).next().is_none()) {
        return ctx.pass_over();
    }
    for fault in kinds.into_iter().flat_map(|kind| index.all_faults(kind)) {
        let demands = fault.kind == FaultKind::ChartRefuses;
        // A subchart is missing: what fails for want of it may be in order.
        if !fault.fatal && !demands {
            continue;
        }
        let file = fleet.world.source(fault.at.source);
        // What is wrong with the file itself is another rule's to say.
        let metadata = file.is_some_and(|f| f.input.path.ends_with("Chart.yaml"));
        if metadata
            && ctx.is_on("helm-chart-invalid")
            && !fault.message.contains("wants Kubernetes")
        {
            continue;
        }
        let finding = ctx.report_span(fault.at, fault.message.clone());
        let help = match &fault.help {
            Some(help) => help.clone(),
            None if demands => {
                "set the value that it asks for, in `values.yaml` or in a file of values beside it"
                    .to_owned()
            }
            None => {
                "run `helm template` on the chart, and mend the template or the values".to_owned()
            }
        };
        finding.help(help);
        // A chart may ask for what only its user knows.
        if !fault.fatal {
            finding.severity(Severity::Advice).confidence(Confidence::Likely);
        }
    }
}

/// Nothing is printed where a value should be, and nobody is told.
pub(crate) fn helm_undefined_value<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut told: FxHashSet<(&Path, &str)> = FxHashSet::default();
    let mut charts: FxHashMap<&Path, Known<'t>> = FxHashMap::default();
    let index = ctx.index();
    if fleet.units.is_empty() && index.all_faults(FaultKind::UndefinedValue).next().is_none() {
        return ctx.pass_over();
    }
    for fault in index.all_faults(FaultKind::UndefinedValue) {
        let Some(file) = fleet.world.source(fault.at.source) else { continue };
        let Some(path) = fault.message.split('`').nth(1) else { continue };
        let Some(chart) = Chart::around(&file.input.path, fleet.world) else { continue };
        // Of somebody else's chart nobody here can mend anything.
        if !file.input.wanted || file.archive.is_some() || chart.is_library() {
            continue;
        }
        let directory = chart.directory();
        if chart.is_vendored(fleet.world) || !told.insert((directory, path)) {
            continue;
        }
        let known = charts.entry(directory).or_insert_with(|| Known::of(chart, fleet));
        if known.defines(path) {
            continue;
        }
        let finding = ctx.report_span(fault.at, format!("nothing defines the value `{path}`"));
        finding.label("nothing is printed here");
        if let Some(meant) = known.like(path) {
            finding.help(format!("write `.Values.{meant}`, which `values.yaml` defines"));
            continue;
        }
        finding
            .help("define it in `values.yaml`, give it a `default`, or demand it with `required`");
        let last = path.rsplit('.').next().unwrap_or(path);
        if known.comments_on(last) {
            finding.severity(Severity::Advice).confidence(Confidence::Likely);
        }
    }
}

/// What is known of the values of a chart.
struct Known<'t> {
    /// The chart's own file, then those of its environments and of what installs it.
    maps: Vec<NodeRef<'t>>,
    /// The text of the chart's own file.
    text: &'t str,
    schema: Option<Tree>,
}

impl<'t> Known<'t> {
    fn of(chart: Chart<'t>, fleet: &Fleet<'t>) -> Self {
        let own = chart.beside(fleet.world, "values.yaml");
        let is_values = |file: &&Loaded| file.class == Class::LeftAlone(Reason::HelmValues);
        let beside = fleet.world.files_below(chart.directory()).filter(is_values);
        let beside = beside.filter_map(Loaded::parsed).flat_map(Tree::documents);
        let beside = beside.map(|(_, root)| root);
        let schema = fleet.world.file(&chart.directory().join("values.schema.json"));
        Self {
            maps: own.into_iter().chain(beside).collect(),
            text: own.map_or("", |own| own.tree().text()),
            schema: schema.map(|file| Tree::parse(file.text(), file.source)),
        }
    }

    fn defines(&self, path: &str) -> bool {
        let written = |root: &NodeRef<'_>| {
            let found = path.split('.').try_fold(*root, NodeRef::value);
            // `key:` with nothing behind it defines nothing.
            found.is_some_and(|node| !node.is_null())
        };
        let described = || {
            let root = self.schema.as_ref()?.documents().next()?.1;
            path.split('.').try_fold(root, |here, step| here.get("properties")?.get(step))
        };
        self.maps.iter().skip(1).any(written) || described().is_some()
    }

    /// A value of the same map that is called almost the same.
    fn like(&self, path: &str) -> Option<String> {
        let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
        let root = *self.maps.first()?;
        let map = if above.is_empty() { root } else { root.path(above)? };
        let keys = map.entries().map(|(key, _)| key.text());
        let near = |key: &&str| {
            let allowed = if last.len() < 5 { 1 } else { 2 };
            *key != last && strsim::damerau_levenshtein(key, last) <= allowed
        };
        let key = keys.into_iter().find(near)?;
        Some(if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") })
    }

    /// Whether the chart's own file speaks of a key without setting it: `# storageClass: fast`.
    fn comments_on(&self, key: &str) -> bool {
        self.text.lines().any(|line| {
            let comment = line.trim_start().strip_prefix('#');
            let rest =
                comment.and_then(|c| c.trim_start_matches(['#', ' ', '-']).strip_prefix(key));
            rest.is_some_and(|rest| rest.starts_with(':'))
        })
    }
}
