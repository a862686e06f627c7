//! Where one of several objects that should be alike differs from most of them.

use kubeready_manifest::yaml::{NodeRef, Place};
use rustc_hash::FxHashMap;

use super::compare::{Comparison, Group, Row, is_most};
use super::neutral::Words;

/// A field in which one object differs from most of its siblings.
#[derive(Debug)]
pub(crate) struct Difference<'t> {
    /// Position in [`Group::members`].
    pub(crate) member: usize,
    /// `spec.template.spec.containers[web].livenessProbe`
    pub(crate) path: String,
    pub(crate) at: Place<'t>,
    /// The node in the odd one; `None`: it lacks it.
    pub(crate) own: Option<NodeRef<'t>>,
    /// The node in a sibling; `None`: they have no such field.
    pub(crate) usual: Option<NodeRef<'t>>,
    /// How many siblings agree.
    pub(crate) agreeing: usize,
}

/// Differences of a row, in order of the document. Fields whose key is skipped may differ.
pub(crate) fn differences<'t>(
    comparison: &Comparison<'t>,
    group: &Group<'t>,
    row: &Row<'t>,
    skip: &dyn Fn(&str) -> bool,
) -> Vec<Difference<'t>> {
    let words = group.members.iter().map(|at| comparison.views.get(*at).map(|view| &view.words));
    let seen = row.seen.iter().zip(words).enumerate();
    let nodes: Vec<Side<'_, 't>> = seen
        .filter_map(|(member, (seen, words))| {
            let node = (*seen)?.object.root();
            Some(Side { member, words: words?, node })
        })
        .collect();
    let mut walk = Walk { skip, path: String::new(), found: Vec::new() };
    if nodes.len() >= 3 {
        walk.compare(&nodes, 0);
    }
    walk.found
}

#[derive(Clone, Copy)]
struct Side<'w, 't> {
    member: usize,
    words: &'w Words,
    node: NodeRef<'t>,
}

struct Walk<'s, 't> {
    skip: &'s dyn Fn(&str) -> bool,
    path: String,
    found: Vec<Difference<'t>>,
}

impl<'t> Walk<'_, 't> {
    fn compare(&mut self, sides: &[Side<'_, 't>], depth: usize) {
        let digests: Vec<u64> =
            sides.iter().map(|side| side.words.digest(side.node, self.skip)).collect();
        if depth > 32 || digests.iter().all(|digest| Some(digest) == digests.first()) {
            return;
        }
        if sides.iter().all(|side| side.node.is_map()) {
            return self.maps(sides, depth);
        }
        if sides.iter().all(|side| side.node.is_seq())
            && let Some(named) = sides.iter().map(items_by_name).collect::<Option<Vec<_>>>()
        {
            return self.entries(sides, &named, depth);
        }
        if self.items(sides, depth) {
            return;
        }
        self.vote(sides, &digests);
    }

    fn maps(&mut self, sides: &[Side<'_, 't>], depth: usize) {
        let of = |side: &Side<'_, 't>| {
            let entries = side.node.entries().filter(|(_, value)| !value.is_null());
            entries.map(|(key, value)| (key.text(), value)).collect()
        };
        let entries: Vec<Vec<(&'t str, NodeRef<'t>)>> = sides.iter().map(of).collect();
        self.entries(sides, &entries, depth);
    }

    /// Compares maps without names by their position; whether lists of one length hold such.
    fn items(&mut self, sides: &[Side<'_, 't>], depth: usize) -> bool {
        let lists: Vec<Vec<NodeRef<'t>>> =
            sides.iter().map(|side| side.node.items().collect()).collect();
        let length = lists.first().map_or(0, Vec::len);
        let maps =
            |list: &Vec<NodeRef<'t>>| list.len() == length && list.iter().all(|item| item.is_map());
        if length == 0 || !lists.iter().all(maps) {
            return false;
        }
        for at in 0..length {
            let there: Vec<Side<'_, 't>> = sides
                .iter()
                .zip(&lists)
                .filter_map(|(side, list)| Some(Side { node: *list.get(at)?, ..*side }))
                .collect();
            let before = self.path.len();
            self.step(&at.to_string(), true);
            self.compare(&there, depth + 1);
            self.path.truncate(before);
        }
        true
    }

    /// Compares what stands under one name in all sides.
    fn entries(
        &mut self,
        sides: &[Side<'_, 't>],
        entries: &[Vec<(&'t str, NodeRef<'t>)>],
        depth: usize,
    ) {
        let is_list = sides.first().is_some_and(|side| side.node.is_seq());
        let mut order: Vec<&'t str> = Vec::new();
        let mut by_key: FxHashMap<&'t str, Vec<Option<NodeRef<'t>>>> = FxHashMap::default();
        for (at, own) in entries.iter().enumerate() {
            for (key, value) in own {
                let slots = by_key.entry(key).or_insert_with(|| {
                    order.push(key);
                    vec![None; sides.len()]
                });
                if let Some(slot) = slots.get_mut(at) {
                    *slot = Some(*value);
                }
            }
        }
        for key in order {
            let Some(slots) = by_key.get(key).filter(|_| is_list || !(self.skip)(key)) else {
                continue;
            };
            let length = self.path.len();
            self.step(key, is_list);
            self.entry(key, sides, slots, depth);
            self.path.truncate(length);
        }
    }

    fn step(&mut self, key: &str, is_list: bool) {
        let (open, close) = if is_list { ("[", "]") } else { ("", "") };
        let dotted = !is_list && key.contains(['.', '/']);
        if !is_list && !dotted && !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(if dotted { "['" } else { open });
        self.path.push_str(key);
        self.path.push_str(if dotted { "']" } else { close });
    }

    fn entry(
        &mut self,
        key: &str,
        sides: &[Side<'_, 't>],
        slots: &[Option<NodeRef<'t>>],
        depth: usize,
    ) {
        let there: Vec<Side<'_, 't>> = sides
            .iter()
            .zip(slots)
            .filter_map(|(side, slot)| Some(Side { node: (*slot)?, ..*side }))
            .collect();
        let (all, present) = (sides.len(), there.len());
        if present < all && is_most(present, all) {
            let usual = there.first().map(|side| side.node);
            for (side, _) in sides.iter().zip(slots).filter(|(_, slot)| slot.is_none()) {
                let at = side.node.at(if side.node.is_seq() { "" } else { key });
                self.add(side.member, at, None, usual, present);
            }
        } else if is_most(all - present, all) {
            for side in &there {
                let at = side.node.here();
                self.add(side.member, at, Some(side.node), None, all - present);
            }
        }
        if present >= 3 {
            self.compare(&there, depth + 1);
        }
    }

    fn vote(&mut self, sides: &[Side<'_, 't>], digests: &[u64]) {
        let mut counts: FxHashMap<u64, usize> = FxHashMap::default();
        for digest in digests {
            *counts.entry(*digest).or_default() += 1;
        }
        let Some((usual, agreeing)) = counts.into_iter().max_by_key(|(d, count)| (*count, *d))
        else {
            return;
        };
        if !is_most(agreeing, sides.len()) {
            return;
        }
        let of_most = sides.iter().zip(digests).find(|(_, digest)| **digest == usual);
        let node = of_most.map(|(side, _)| side.node);
        for (side, _) in sides.iter().zip(digests).filter(|(_, digest)| **digest != usual) {
            self.add(side.member, side.node.here(), Some(side.node), node, agreeing);
        }
    }

    fn add(
        &mut self,
        member: usize,
        at: Place<'t>,
        own: Option<NodeRef<'t>>,
        usual: Option<NodeRef<'t>>,
        agreeing: usize,
    ) {
        let path = self.path.clone();
        self.found.push(Difference { member, path, at, own, usual, agreeing });
    }
}

/// The items of a list by their names; `None` if some have none, or one twice.
fn items_by_name<'t>(side: &Side<'_, 't>) -> Option<Vec<(&'t str, NodeRef<'t>)>> {
    let mut named: Vec<(&'t str, NodeRef<'t>)> = Vec::new();
    for item in side.node.items() {
        let name = side.words.strip(item.get("name").filter(|name| name.is_scalar())?.text());
        if named.iter().any(|(known, _)| *known == name) {
            return None;
        }
        named.push((name, item));
    }
    Some(named)
}
