//! What a finished map's keys must satisfy: none stands twice, and `<<` names maps.

use rustc_hash::FxHashSet;

use super::{Fault, Tape};
use crate::yaml::tree::Kind;

/// Tells cheaply that no key of a map stands twice, which is nearly always so.
#[derive(Clone, Copy, Default)]
pub(super) struct KeyFilter {
    seen: u128,
    collided: bool,
}

impl KeyFilter {
    /// Adds a key by its mark.
    pub(super) fn add(&mut self, mark: u32) {
        let bit = 1 << (mark >> (u32::BITS - u128::BITS.ilog2()));
        self.collided |= self.seen & bit != 0;
        self.seen |= bit;
    }

    pub(super) fn may_repeat(self) -> bool {
        self.collided
    }
}

impl Tape<'_> {
    fn behind(&self, ix: u32) -> u32 {
        self.node(ix).behind(ix)
    }

    /// Keys and values of a closed map.
    fn entries(&self, map: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let end = self.behind(map);
        let mut next = map + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let (key, value) = (next, self.behind(next));
            next = self.behind(value);
            Some((key, value))
        })
    }

    fn scalar_text(&self, ix: u32) -> &str {
        let node = self.node(ix);
        if !node.is_scalar() {
            return "";
        }
        let text = self.nodes.text(node);
        let of = if text.side { self.side.as_str() } else { self.text };
        &of[text.range()]
    }

    /// `count`: the map's entries.
    pub(super) fn repeats_a_key(&self, map: u32, count: u32) -> bool {
        let count = count as usize;
        if count > 16 {
            let mut seen = FxHashSet::with_capacity_and_hasher(count, rustc_hash::FxBuildHasher);
            return !self.entries(map).all(|(key, _)| seen.insert(self.scalar_text(key)));
        }
        let mut seen = [""; 16];
        self.entries(map).enumerate().any(|(at, (key, _))| {
            let text = self.scalar_text(key);
            let repeated = seen[..at].contains(&text);
            seen[at] = text;
            repeated
        })
    }

    /// What `<<` names must be maps.
    pub(super) fn check_merge(&self, map: u32) -> Result<(), Fault> {
        for (key, value) in self.entries(map) {
            if !self.node(key).is_plain() || self.scalar_text(key) != "<<" {
                continue;
            }
            if !self.merges(value) {
                let at = self.nodes.start(value) as usize;
                return Err((at, "`<<` merges maps: this is no map or list of maps".into()));
            }
        }
        Ok(())
    }

    /// Whether a node is a map or a list of maps.
    fn merges(&self, value: u32) -> bool {
        let value = self.followed(value);
        let target = self.node(value).kind();
        if target != Kind::Seq {
            return target == Kind::Map;
        }
        let (mut item, end) = (value + 1, self.behind(value));
        while item < end {
            if !self.node(self.followed(item)).is_map() {
                return false;
            }
            item = self.behind(item);
        }
        true
    }

    fn followed(&self, ix: u32) -> u32 {
        self.nodes.target(self.node(ix)).unwrap_or(ix)
    }
}
