//! Labels that kustomizations write into the selectors of workloads.

use std::collections::BTreeMap;

use kubeready_manifest::kube::{Kind, Labels, Object, Workload};
use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{NodeRef, Writer};
use rustc_hash::FxHashMap;

use super::kustomization::{Files, listed};
use super::kustomize_output::add;
use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::index::MANY;
use crate::load::file_objects;
use crate::render::Unit;

/// What a field of a kustomization does to selectors.
#[derive(Debug)]
struct Written<'t> {
    field: &'static str,
    keys: Vec<&'t str>,
    objects: Vec<String>,
}

/// Selectors of workloads are immutable: what changes them later is refused.
pub(crate) fn kustomize_mutates_selector<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let written = fleet.units.iter().flat_map(|unit| {
        let objects = file_objects(&unit.tree).map(|(object, _)| object);
        objects.filter(|o| is_written(*o)).map(move |object| (*unit, object))
    });
    let written: Vec<(&Unit, Object<'t>)> = written.collect();
    if written.is_empty() {
        return ctx.pass_over();
    }
    let files = Files::of(fleet);
    // One finding for each field that does it.
    let mut fields: BTreeMap<Span, Written<'t>> = BTreeMap::new();
    for of_unit in written.chunk_by(|a, b| a.0.tree.source() == b.0.tree.source()) {
        let Some((unit, _)) = of_unit.first() else { continue };
        let pods = Pods::of(unit);
        for (_, object) in of_unit {
            for (at, (field, keys)) in by_field(*object, &files) {
                let moves = keys.iter().any(|key| is_moving(key));
                if !moves && pods.need(*object, &keys) {
                    continue;
                }
                let known = fields.entry(at).or_insert(Written {
                    field,
                    keys: Vec::new(),
                    objects: Vec::new(),
                });
                known.keys.extend(keys);
                add(&mut known.objects, format!("{} `{}`", object.kind_name(), object.name()));
            }
        }
    }
    for (at, mut written) in fields {
        let moves = written.keys.iter().any(|key| is_moving(key));
        written.keys.retain(|key| !moves || is_moving(key));
        let mut keys = Vec::new();
        for key in written.keys {
            add(&mut keys, format!("`{key}`"));
        }
        let message = format!(
            "`{}` puts {} into the selector of {}, which nobody can change later",
            written.field,
            listed(&keys),
            listed(&written.objects)
        );
        let finding = ctx.report_span(at, message);
        finding.label("selectors too").help(
            "use `labels` with `includeTemplates: true` and without `includeSelectors`; a selector \
             that is in use already stays as it is until the workload is made anew",
        );
        // Nobody changes the name of an application every week.
        if !moves {
            finding.severity(Severity::Advice);
        }
    }
}

/// The labels of an object's selector that kustomizations wrote, by the field that did.
fn by_field<'t>(
    object: Object<'t>,
    files: &Files<'t>,
) -> BTreeMap<Span, (&'static str, Vec<&'t str>)> {
    let mut fields: BTreeMap<Span, (&'static str, Vec<&'t str>)> = BTreeMap::new();
    for (key, value) in labels(object).filter(|(_, value)| value.writer() == Writer::Label) {
        if let Some((at, field)) = files.node(value.span()).and_then(field_of) {
            fields.entry(at).or_insert((field, Vec::new())).1.push(key.text());
        }
    }
    fields
}

/// The pods of a unit by their labels.
struct Pods<'t> {
    pods: Vec<(Object<'t>, Labels<'t>)>,
    /// Positions of those that carry a label.
    carriers: FxHashMap<(&'t str, &'t str), Vec<usize>>,
}

impl<'t> Pods<'t> {
    fn of(unit: &'t Unit) -> Self {
        let workloads = file_objects(&unit.tree).filter_map(|(object, _)| object.workload());
        let pods: Vec<_> = workloads.map(|w: Workload<'t>| (w.object(), w.pod_labels())).collect();
        let mut carriers: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
        for (at, (_, labels)) in pods.iter().enumerate() {
            for (key, value) in labels.node().into_iter().flat_map(NodeRef::entries) {
                carriers.entry((key.text(), value.text())).or_default().push(at);
            }
        }
        Self { pods, carriers }
    }

    /// Whether a selector would be empty, or would take the pods of another workload too, without
    /// some of its labels: two instances of one base are told apart by nothing else.
    fn need(&self, object: Object<'t>, keys: &[&str]) -> bool {
        let all: Vec<(&str, &str)> = labels(object).map(|(k, v)| (k.text(), v.text())).collect();
        let expressions = object.path("spec.selector.matchExpressions");
        let rest: Vec<_> = all.iter().filter(|(key, _)| !keys.contains(key)).collect();
        if rest.is_empty() {
            return expressions.is_none_or(NodeRef::is_empty);
        }
        let carriers = rest.iter().map(|label| self.carriers.get(*label));
        let carriers = carriers.min_by_key(|carriers| carriers.map_or(0, Vec::len));
        let Some(rarest) = carriers.flatten() else { return false };
        let is = |labels: &Labels<'_>, (key, value): &(&str, &str)| labels.get(key) == Some(value);
        rarest.iter().take(MANY).filter_map(|at| self.pods.get(*at)).any(|(other, labels)| {
            other.namespace_key() == object.namespace_key()
                && rest.iter().all(|label| is(labels, label))
                && !all.iter().all(|label| is(labels, label))
        })
    }
}

/// The pairs of a selector that nobody can change, as rendered.
fn labels<'t>(object: Object<'t>) -> impl Iterator<Item = (NodeRef<'t>, NodeRef<'t>)> {
    let fixed = matches!(
        object.kind(),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet
    );
    let labels = object.path("spec.selector.matchLabels").filter(|_| fixed);
    labels.into_iter().flat_map(NodeRef::entries)
}

fn is_written(object: Object<'_>) -> bool {
    labels(object).any(|(_, value)| value.writer() == Writer::Label)
}

/// A label that is there to change.
fn is_moving(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key).to_ascii_lowercase();
    ["version", "commit", "revision", "release-date", "build", "sha", "tag", "chart", "timestamp"]
        .iter()
        .any(|word| name.split(['-', '_', '.']).any(|part| part == *word) || name == *word)
}

/// The field of a kustomization, or of what delivers one, that a pair of labels stands in: its
/// place and its name.
fn field_of(pair: NodeRef<'_>) -> Option<(Span, &'static str)> {
    let inside = |node: NodeRef<'_>| node.index() < pair.index() && node.path_to(pair).is_some();
    let (_, root) = pair.tree().documents().find(|(_, root)| inside(*root))?;
    for (key, value) in root.entries().filter(|(_, value)| inside(*value)) {
        if key.text().eq_ignore_ascii_case("commonLabels") {
            return Some((key.span(), "commonLabels"));
        }
        let mut items = value.items().filter(|item| inside(*item));
        if let Some((_, switch)) = items.find_map(|item| item.entry("includeSelectors")) {
            return Some((switch.span(), "includeSelectors"));
        }
    }
    Some((pair.span(), "commonLabels"))
}
