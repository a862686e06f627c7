//! Overlays in folders of folders: which of them are one place and which are several.
//!
//! `overlays/eu/shop` and `overlays/eu/search` are two parts of `eu`, but `overlays/eu/rome` and
//! `overlays/eu/paris` may be two clusters. What tells them apart is what they hold: one place does
//! not get the same objects twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::unit::Unit;
use crate::fleet::{VARIANTS, environment_word, read_path};
use crate::load;

/// Where the path of a root leads: the folder of its overlays, and the steps below that.
struct Steps {
    unit: usize,
    folder: String,
    below: Vec<String>,
    /// How many steps tell the place.
    taken: usize,
}

impl Steps {
    fn of(unit: usize, path: &str) -> Option<Self> {
        let variant = read_path(Path::new(path), true).variant?;
        let parts: Vec<&str> = path.split('/').collect();
        let is_folder = |pair: &[&str]| match pair {
            [folder, child] => {
                VARIANTS.contains(&folder.to_ascii_lowercase().as_str()) && *child == variant
            }
            _ => false,
        };
        let at = parts.windows(2).position(is_folder)? + 1;
        let (folder, steps) = parts.split_at_checked(at)?;
        let below = steps.iter().map(|&step| step.to_owned()).collect();
        Some(Self { unit, folder: folder.join("/"), below, taken: 1 })
    }

    fn place(&self) -> &[String] {
        self.below.get(..self.taken).unwrap_or_default()
    }

    fn next(&self) -> Option<&String> {
        self.below.get(self.taken)
    }
}

/// Gives roots that nothing delivers the variant that they are, where the first folder below
/// `overlays` holds several.
pub(super) fn tell_apart<'u>(units: impl Iterator<Item = &'u mut Unit>) {
    let mut units: Vec<&mut Unit> = units
        .filter(|u| u.destination.cluster.is_none() && u.destination.variant.is_some())
        .collect();
    let known = units.iter().enumerate();
    let mut all: Vec<Steps> =
        known.filter_map(|(at, unit)| Steps::of(at, &unit.destination.set)).collect();
    if !all.iter().any(|steps| steps.next().is_some()) {
        return;
    }
    let ids: Vec<FxHashSet<Id<'_>>> = units.iter().map(|unit| ids(unit)).collect();
    // Each round looks one folder deeper.
    loop {
        let mut groups: BTreeMap<(&str, &[String]), Vec<&Steps>> = BTreeMap::new();
        for steps in &all {
            groups.entry((&steps.folder, steps.place())).or_default().push(steps);
        }
        let mut several: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
        for ((_, place), group) in groups {
            let deeper: Vec<&Steps> = group.into_iter().filter(|s| s.next().is_some()).collect();
            if hold_the_same(&deeper, &ids) {
                let names = deeper.iter().filter_map(|steps| steps.next().cloned());
                several.entry(place.to_vec()).or_default().extend(names);
            }
        }
        // What one component calls a place, the others do too.
        let mut moved = false;
        for steps in &mut all {
            let names = several.get(steps.place());
            if names.zip(steps.next()).is_some_and(|(names, next)| names.contains(next)) {
                steps.taken += 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    drop(ids);
    for steps in all.iter().filter(|steps| steps.taken > 1) {
        let Some(unit) = units.get_mut(steps.unit) else { continue };
        let place = steps.place();
        let last = place.last().map_or("", String::as_str);
        // `aws/prod` and `gcp/prod` are two.
        let is_stage = environment_word(last).is_some_and(|(word, _)| word == last);
        let name = if is_stage { place.join("/") } else { last.to_owned() };
        Arc::make_mut(&mut unit.destination).variant = Some(name);
    }
}

/// Kind, namespace and name.
type Id<'u> = (&'u str, &'u str, &'u str);

/// What a unit holds, without namespaces: several parts of one place may well bring the same one.
fn ids(unit: &Unit) -> FxHashSet<Id<'_>> {
    let objects = load::file_objects(&unit.tree).map(|(object, _)| object);
    objects
        .filter(|object| object.kind_name() != "Namespace")
        .map(|object| (object.kind_name(), object.namespace().unwrap_or(""), object.name()))
        .collect()
}

/// Whether most of what one of them holds is in those before it too.
fn hold_the_same(group: &[&Steps], ids: &[FxHashSet<Id<'_>>]) -> bool {
    let mut seen: FxHashSet<Id<'_>> = FxHashSet::default();
    group.iter().filter_map(|steps| ids.get(steps.unit)).any(|own| {
        let again = own.iter().filter(|id| seen.contains(*id)).count();
        seen.extend(own);
        again * 2 > own.len()
    })
}
