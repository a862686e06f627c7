//! How places and objects are called, and which line of a place a person edits.

use std::path::Path;
use std::sync::Arc;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Place};

use crate::engine::Ctx;
use crate::finding::Finding;
use crate::fleet::compare::View;
use crate::fleet::{Fleet, FleetPlace};
use crate::render::Unit;

/// cluster `eu-3`
pub(super) fn called(place: &FleetPlace<'_>) -> String {
    let here = &place.destination;
    let kind = match (&here.cluster, &here.variant) {
        (Some(_), _) => "cluster",
        (None, Some(_)) => "overlay",
        (None, None) => "environment",
    };
    format!("{kind} `{}`", place.name())
}

/// NetworkPolicy `shop/default-deny`
pub(super) fn named(object: Object<'_>) -> String {
    match object.namespace() {
        Some(namespace) => format!("{} `{namespace}/{}`", object.kind_name(), object.name()),
        None => format!("{} `{}`", object.kind_name(), object.name()),
    }
}

/// `A`, `A and B`, `A, B and 3 more`
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, more @ ..] => format!("{one}, {two} and {} more", more.len()),
    }
}

/// "its 5 siblings have", "4 of its 5 siblings have"
pub(super) fn siblings(agreeing: usize, all: usize) -> String {
    let others = all.saturating_sub(1);
    match (agreeing, others) {
        (a, o) if a >= o && o == 2 => "both of its siblings have".to_owned(),
        (a, o) if a >= o => format!("its {o} siblings have"),
        (a, o) => format!("{a} of its {o} siblings have"),
    }
}

/// A scalar as it is written, cut where it is long; `None` for what has no short form.
pub(super) fn shown(node: NodeRef<'_>) -> Option<String> {
    let text = node.text();
    let short = node.is_scalar() && !text.contains(['\n', '`']) && text.chars().count() <= 60;
    short.then(|| if text.is_empty() { "\"\"".to_owned() } else { format!("`{text}`") })
}

/// Says where a finding belongs, whether a unit or a plain file wrote what it is about.
pub(super) fn belongs<'f>(finding: &'f mut Finding, place: &FleetPlace<'_>) -> &'f mut Finding {
    if !finding.destinations.iter().any(|d| d.is_same_place(&place.destination)) {
        finding.destinations = vec![Arc::new(place.destination.clone())];
    }
    finding
}

/// Where a person would add to a place what a sibling's object shows: the resources of the
/// kustomization that is the counterpart of the sibling's, else an object of the same namespace.
pub(super) fn missing_from<'t>(
    fleet: &Fleet<'t>,
    view: &View<'t>,
    sibling: &View<'t>,
    like: Object<'t>,
) -> Option<Place<'t>> {
    let place = fleet.places.get(view.place)?;
    let source = like.root().tree().source();
    if let Some(theirs) = fleet.units.iter().find(|unit| unit.tree.source() == source) {
        let wanted = neutral_path(&theirs.destination().set, sibling);
        let own = |unit: &&&Unit| unit.destination().is_same_place(&place.destination);
        let same = |unit: &&&Unit| neutral_path(&unit.destination().set, view) == wanted;
        let unit = fleet.units.iter().filter(own).find(same);
        let unit = unit.or_else(|| fleet.units.iter().find(own));
        if let Some(found) = unit.and_then(|unit| resources_of(fleet, &unit.directory)) {
            return Some(found);
        }
    }
    let here = || view.objects.iter().map(|(_, seen)| seen.object);
    let wanted = like.namespace().map(|namespace| sibling.words.strip(namespace));
    let inside = |o: &Object<'t>| o.namespace().map(|n| view.words.strip(n)) == wanted;
    let holds =
        |o: &Object<'t>| o.kind_name() == "Namespace" && Some(view.words.strip(o.name())) == wanted;
    let found = here().find(holds).or_else(|| here().find(inside)).or_else(|| here().next());
    found.map(Object::place)
}

/// The parts of a path without names of the place.
fn neutral_path<'p>(path: &'p str, view: &View<'_>) -> Vec<&'p str> {
    path.split('/').map(|part| view.words.strip(part)).collect()
}

/// The `resources` of a directory's kustomization.
fn resources_of<'t>(fleet: &Fleet<'t>, directory: &Path) -> Option<Place<'t>> {
    let file = fleet.world.kustomizations(directory).into_iter().next()?;
    let (_, root) = file.tree.as_ref()?.documents().next()?;
    let (key, value) = root.entry("resources").or_else(|| root.entries().next())?;
    Some(Place::key(key, value))
}

/// Reports at a line that belongs to the place: if a base that siblings share wrote the node, at
/// the entry that brings the object in.
pub(super) fn report<'c, 't>(
    ctx: &'c mut Ctx<'_, 't>,
    fleet: &Fleet<'t>,
    view: &View<'t>,
    at: Place<'t>,
    object: Object<'t>,
    sibling: Option<Object<'t>>,
    message: String,
) -> &'c mut Finding {
    let shared = sibling.is_some_and(|s| s.root().span() == object.root().span());
    let written = at.span.source == object.root().span().source;
    let entry = fleet.comparison().entry(object).filter(|_| shared && written);
    let finding = ctx.report(at, message);
    if let Some(entry) = entry {
        finding.span = entry;
    }
    finding.on(crate::engine::resource_id(object));
    match fleet.places.get(view.place) {
        Some(place) => belongs(finding, place),
        None => finding,
    }
}
