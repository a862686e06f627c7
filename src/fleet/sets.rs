//! Which objects see each other: what goes to one place, with what may go there too as neighbours.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kubeready_manifest::source::SourceId;
use rustc_hash::FxHashMap;

use super::left_out::{left_out, stands_alone};
use super::place::stage;
use super::{Destination, Paths};
use crate::load::{self, Class, Loaded, Reason};
use crate::render::helm::Charted;
use crate::render::{Fault, Unit};
use crate::set::{Contents, Lost, Member, Set, SetFile, Standing, Surroundings};
use crate::settings::Settings;

/// Objects of one directory or one unit.
struct Part<'t> {
    destination: Arc<Destination>,
    members: Vec<Member<'t>>,
    /// Something that belongs to it could not be rendered.
    partial: bool,
    unit: Option<&'t Unit>,
}

/// What tells places apart: units of a cluster are one place, whatever their paths say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    cluster: Option<String>,
    environment: Option<String>,
    variant: Option<String>,
    /// The tree of what is a place by itself, wherever it goes.
    alone: Option<SourceId>,
}

impl Place {
    fn of(part: &Part<'_>) -> Self {
        let alone = part.unit.filter(|unit| unit.alone).map(|unit| unit.tree.source());
        Self { alone, ..Self::at(&part.destination) }
    }

    fn at(destination: &Destination) -> Self {
        match &destination.cluster {
            Some(cluster) => Self { cluster: Some(cluster.clone()), ..Self::default() },
            None => Self {
                cluster: None,
                environment: destination.environment.clone(),
                variant: destination.variant.clone(),
                alone: None,
            },
        }
    }

    fn is_anywhere(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether what goes to one destination may end up beside what goes to the other.
fn may_meet(a: &Destination, b: &Destination) -> bool {
    let clash = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    if a.cluster.is_some() && b.cluster.is_some() {
        return a.cluster == b.cluster;
    }
    let stages = (a.stage(), b.stage());
    let environments = match stages {
        (Some(a), Some(b)) => a == b,
        _ => !clash(&a.environment, &b.environment),
    };
    // `overlays/prod` may well be what all of `prod-eu` gets.
    let general = |d: &Destination| d.variant.is_some() && d.variant == d.environment;
    // A second instance in the same cluster: `rome-2` beside `rome`.
    let extends = match (&a.variant, &b.variant) {
        (Some(a), Some(b)) => is_longer(a, b) || is_longer(b, a),
        _ => false,
    };
    environments && (!clash(&a.variant, &b.variant) || general(a) || general(b) || extends)
}

/// Whether a name is another one and more.
fn is_longer(long: &str, short: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'))
}

/// Whether two destinations are certainly two places.
pub fn may_not_meet(a: &Destination, b: &Destination) -> bool {
    !may_meet(a, b)
}

/// All sets of a run. The first holds every file and whatever may go anywhere.
pub fn sets<'t>(
    loaded: &'t [Loaded],
    units: &[&'t Unit],
    faults: Vec<Fault>,
    paths: &Paths,
    settings: &Settings,
    surroundings: Surroundings,
    unreadable: u32,
) -> Vec<Set<'t>> {
    let charted = Arc::new(charted(units));
    let of_charts = || Arc::clone(&charted);
    let mut shared =
        Set { unreadable, surroundings, faults, charted: of_charts(), ..Set::default() };
    let mut parts = plain(loaded, units, paths, settings, &mut shared);
    let has_overlays = units.iter().any(|unit| !unit.destination().is_anywhere());
    parts.extend(units.iter().map(|unit| of_unit(unit, has_overlays)));
    let mut places: Vec<Place> = parts.iter().map(Place::of).collect();
    places.sort();
    places.dedup();
    if !places.first().is_some_and(Place::is_anywhere) {
        places.insert(0, Place::default());
    }
    let of = |place: &Place, set: Set<'t>| assemble(place, &parts, set);
    let mut sets = vec![of(&Place::default(), shared)];
    sets.extend(
        places
            .iter()
            .skip(1)
            .map(|place| of(place, Set { surroundings, charted: of_charts(), ..Set::default() })),
    );
    // A place in which nothing is judged says nothing; the first set holds the files.
    let mut first = true;
    sets.retain(|set| {
        let judged = set.members.iter().any(|m| m.standing != Standing::Context);
        std::mem::take(&mut first) || judged
    });
    sets
}

/// What is known of the units that charts printed.
fn charted<'t>(units: &[&'t Unit]) -> FxHashMap<SourceId, &'t Charted> {
    let charted = units.iter().map(|unit| (unit.tree.source(), &unit.charted));
    charted.filter(|(_, of)| !of.details.is_empty() || of.likely).collect()
}

/// Manifests that ship as they stand, by directory.
fn plain<'t>(
    loaded: &'t [Loaded],
    units: &[&'t Unit],
    paths: &Paths,
    settings: &Settings,
    set: &mut Set<'t>,
) -> Vec<Part<'t>> {
    let last = loaded.iter().map(|f| f.source.0 as usize + 1).max().unwrap_or(0);
    let mut rendered = vec![false; last];
    for source in units.iter().flat_map(|unit| &unit.inputs) {
        if let Some(known) = rendered.get_mut(source.0 as usize) {
            *known = true;
        }
    }
    let left_out = left_out(loaded, &rendered);
    let mut parts: Vec<Part<'t>> = Vec::new();
    let mut directories: FxHashMap<&Path, usize> = FxHashMap::default();
    for file in loaded {
        if file.class == Class::Unreadable {
            set.unreadable += 1;
        }
        let Some(tree) = &file.tree else { continue };
        let standing = match file.class {
            _ if !file.input.wanted => Standing::Context,
            Class::KustomizeResource => Standing::Unrendered,
            _ => Standing::Judged,
        };
        let lost =
            |range: &std::ops::Range<u32>| Lost { source: file.source, range: range.clone() };
        set.lost.extend(tree.errors().iter().map(|error| lost(&error.document)));
        if matches!(file.class, Class::Patch | Class::LeftAlone(Reason::GeneratorInput)) {
            continue;
        }
        let contents = match file.class {
            Class::LeftAlone(Reason::Workflow) => Contents::Workflow,
            Class::LeftAlone(_) => Contents::Tool,
            _ => Contents::Manifests,
        };
        set.files.push(SetFile { tree, standing, contents });
        if contents == Contents::Workflow {
            continue;
        }
        if file.class == Class::Kustomization {
            set.generated.extend(load::generated(tree));
            set.pinned_images.extend(load::pinned_images(tree));
            continue;
        }
        if rendered.get(file.source.0 as usize) == Some(&true) {
            continue;
        }
        let folder = file.input.path.parent().unwrap_or(Path::new(""));
        let at = *directories.entry(folder).or_insert_with(|| {
            let destination = Arc::new(paths.of_file(&file.input.from_root, settings));
            parts.push(Part { destination, members: Vec::new(), partial: false, unit: None });
            parts.len() - 1
        });
        let left = standing == Standing::Judged && left_out.contains(&file.source);
        let members = load::file_objects(tree).map(|(object, ours)| {
            let standing = if !ours {
                Standing::Context
            } else if left && !stands_alone(object.kind()) {
                Standing::Unrendered
            } else {
                standing
            };
            Member { object, standing, directory: 0 }
        });
        parts[at].members.extend(members);
    }
    parts
}

fn of_unit(unit: &Unit, has_overlays: bool) -> Part<'_> {
    // A base that no overlay brings in is not complete by itself.
    let destination = unit.destination();
    let is_base = has_overlays
        && !unit.delivered
        && !unit.chart
        && destination.is_anywhere()
        && destination.set.split('/').any(|f| matches!(f, "base" | "bases" | "components"));
    let standing = match (unit.wanted, unit.partial) {
        (false, _) => Standing::Context,
        (true, _) if is_base => Standing::Unrendered,
        (true, true) => Standing::Partial,
        (true, false) => Standing::Judged,
    };
    let members = load::file_objects(&unit.tree).map(|(object, ours)| {
        let standing = if ours { standing } else { Standing::Context };
        Member { object, standing, directory: 0 }
    });
    Part {
        destination: Arc::clone(unit.destination()),
        members: members.collect(),
        partial: unit.partial,
        unit: Some(unit),
    }
}

/// The set of a place: its own parts, and those that may meet them as neighbours.
fn assemble<'t>(place: &Place, parts: &[Part<'t>], mut set: Set<'t>) -> Set<'t> {
    let mine = |part: &Part<'_>| Place::of(part) == *place;
    let own: Vec<&Part<'_>> = parts.iter().filter(|part| mine(part)).collect();
    let judged = own.iter().any(|p| p.members.iter().any(|m| m.standing != Standing::Context));
    if !judged {
        return set;
    }
    // In a known place everything meets everything.
    let partial = !place.is_anywhere() && own.iter().any(|part| part.partial);
    // A cluster has one environment, even if only one of its units says so.
    let environment = environment_of(&own);
    let here = Destination {
        cluster: place.cluster.clone(),
        environment,
        variant: place.variant.clone(),
        set: String::new(),
    };
    set.lacks_secrets = own.iter().any(|part| part.unit.is_some_and(|u| u.lacks_secrets));
    let mut members = Vec::new();
    for part in parts {
        let is_own = mine(part);
        let elsewhere = part.unit.is_some_and(|unit| unit.alone);
        if !is_own && (elsewhere || !may_meet(&here, &part.destination)) {
            continue;
        }
        let directory = set.destinations.len() as u32;
        set.destinations.push(Arc::clone(&part.destination));
        members.extend(part.members.iter().map(|member| {
            let standing = match member.standing {
                _ if !is_own => Standing::Context,
                Standing::Judged if partial => Standing::Partial,
                standing => standing,
            };
            Member { standing, directory, ..*member }
        }));
        if let Some(unit) = part.unit.filter(|_| is_own) {
            let source = unit.tree.source();
            let roots = unit.tree.documents().map(|(_, root)| root.index());
            let entries = roots.zip(&unit.entries).filter_map(|(ix, entry)| Some((ix, (*entry)?)));
            set.entries.extend(entries.map(|(ix, entry)| ((source, ix), entry)));
        }
    }
    // The index tells the files of a tree by its number.
    members.sort_by_key(|member| member.object.root().tree().source());
    set.members = Arc::new(members);
    set.destination = Some(here);
    set
}

/// What most of the objects of a place call its environment; of two, the one nearer to production.
fn environment_of(parts: &[&Part<'_>]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for part in parts {
        if let Some(environment) = &part.destination.environment {
            *counts.entry(environment).or_default() += part.members.len();
        }
    }
    let most = counts.into_iter().max_by_key(|(name, count)| (*count, stage(name)));
    most.map(|(name, _)| name.to_owned())
}

/// How far on its way to production a name is, for tables.
pub fn stage_of(destination: &Destination) -> Option<super::Stage> {
    destination.stage().or_else(|| destination.cluster.as_deref().and_then(stage))
}
