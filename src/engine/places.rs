//! Which rules are on where the objects of a set stand, so that a rule that is off there praises nobody.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::run::Outcome;
use crate::set::{Member, Set, Standing};
use crate::settings::{Place, Settings};
use crate::source::Sources;

/// Per rule in catalogue order whether it is on, for each member of a set. Empty where settings make
/// no difference between places.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// One for all members whose settings are the same.
    tables: Vec<Vec<bool>>,
    /// The table of each member, where there are several.
    of_members: Vec<u32>,
}

impl Places {
    pub fn of(set: &Set<'_>, settings: &Settings, sources: &Sources) -> Self {
        let mut places = Self::default();
        if !settings.differs() {
            return places;
        }
        let by_path = settings.reads_paths();
        let mut known: FxHashMap<_, u32> = FxHashMap::default();
        let mut of_directories: FxHashMap<u32, u32> = FxHashMap::default();
        for member in set.members.iter() {
            // A neighbour's rules are those of its own set.
            if member.standing == Standing::Context {
                places.of_members.push(0);
                continue;
            }
            let of_directory = of_directories.entry(member.directory);
            if let (false, Entry::Occupied(table)) = (by_path, &of_directory) {
                places.of_members.push(*table.get());
                continue;
            }
            let place = place(member, set, settings, sources);
            let tables = &mut places.tables;
            let table = *known.entry(settings.decisive(&place)).or_insert_with(|| {
                tables.push(settings.on_at(&place));
                tables.len() as u32 - 1
            });
            of_directory.or_insert(table);
            places.of_members.push(table);
        }
        if places.tables.len() < 2 {
            places.of_members.clear();
        }
        places
    }

    /// What is on for a member, where that is not the same for all.
    pub(super) fn of_member(&self, at: usize) -> Option<&[bool]> {
        let table = *self.of_members.get(at)?;
        self.tables.get(table as usize).map(Vec::as_slice)
    }
}

/// Counts nothing as looked at by a rule that is on for none of the members of the sets.
pub(super) fn settle(sets: &[&Places], outcome: &mut Outcome) {
    let tables = || sets.iter().flat_map(|places| &places.tables);
    if tables().next().is_none() {
        return;
    }
    for (at, examined) in outcome.examined.iter_mut().enumerate() {
        if !tables().any(|on| on.get(at) == Some(&true)) {
            *examined = 0;
        }
    }
}

fn place<'a>(
    member: &Member<'a>,
    set: &'a Set<'_>,
    settings: &'a Settings,
    sources: &'a Sources,
) -> Place<'a> {
    let object = member.object;
    let destination = set.destinations.get(member.directory as usize);
    settings.located(&Place {
        path: &sources.get(object.place().span.source).from_root,
        environment: destination.and_then(|d| d.environment.as_deref()),
        cluster: destination.and_then(|d| d.cluster.as_deref()),
        namespace: object.str_at("metadata.namespace"),
        kind: Some(object.kind_name()),
        name: Some(if object.is_named() { object.name() } else { "" }),
    })
}
