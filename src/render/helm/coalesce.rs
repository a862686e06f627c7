//! A chart's values under those of its owner, down into its subcharts, exactly as Helm does it.

use std::rc::Rc;

use kubeready_manifest::source::Span;
use kubeready_template::{Data, Map, Path, Slot, Val, ValueOrigin};
use rustc_hash::FxHashSet;

use super::dependencies::Live;
use super::values::copied;

const GLOBAL: &str = "global";

/// What makes Helm refuse the values.
#[derive(Clone, Debug)]
pub(super) struct Mismatch {
    /// The value that should be a map for a subchart.
    pub(super) at: Option<Span>,
    pub(super) name: Rc<str>,
}

/// The values that a chart is rendered with: those given over its own, and so on downwards.
/// `anchor` is where a person would write what no file has.
pub(super) fn coalesced(chart: &Live<'_, '_>, given: &Map, anchor: Span) -> Result<Map, Mismatch> {
    let values = copied(given);
    coalesce(chart, &values, anchor, false)?;
    Ok(values)
}

/// As [`coalesced`], with nulls kept: they are to delete something later.
pub(super) fn merged(chart: &Live<'_, '_>, given: &Map, anchor: Span) -> Result<Map, Mismatch> {
    let values = copied(given);
    coalesce(chart, &values, anchor, true)?;
    Ok(values)
}

fn coalesce(chart: &Live<'_, '_>, dest: &Map, anchor: Span, merge: bool) -> Result<(), Mismatch> {
    own_values(chart, dest, merge);
    for child in &chart.children {
        let missing = |path: Path| {
            let origin = ValueOrigin { path, span: anchor, content: None, written: false };
            Val { origin: Some(Rc::new(origin)), ..Val::map(Map::new()) }
        };
        let slot = dest.slot(&child.name).unwrap_or_else(|| {
            let slot = Slot { value: missing(child.path.clone()), key: None };
            dest.set_slot(Rc::clone(&child.name), slot.clone());
            slot
        });
        let Data::Map(below) = &slot.value.data else {
            let at = slot.value.origin.as_ref().map(|origin| origin.span);
            return Err(Mismatch { at, name: Rc::clone(&child.name) });
        };
        let anchor = slot.key.as_ref().map_or(anchor, |key| key.span);
        globals(below, dest, || missing(Path::root().key(GLOBAL)));
        coalesce(child, below, anchor, merge)?;
    }
    Ok(())
}

/// Merges the global values of a chart into those of a subchart.
fn globals(dest: &Map, source: &Map, empty: impl Fn() -> Val) {
    let (slot, own) = match dest.slot(GLOBAL) {
        None => {
            let value = empty();
            let Data::Map(map) = value.data.clone() else { return };
            (Slot { value, key: None }, map)
        }
        Some(slot) => {
            let Data::Map(map) = slot.value.data.clone() else { return };
            (slot, map)
        }
    };
    let above = match source.get(GLOBAL) {
        None => Map::new(),
        Some(value) => {
            let Data::Map(map) = value.data else { return };
            map
        }
    };
    for (key, mut slot) in above.entries() {
        let Data::Map(map) = &slot.value.data else {
            if own.get(&key).is_none_or(|value| value.as_map().is_none()) {
                own.set_slot(key, slot);
            }
            continue;
        };
        let map = map.shallow();
        if let Some(value) = own.get(&key) {
            let Data::Map(below) = &value.data else { continue };
            tables(&map, below, true);
        }
        slot.value.data = Data::Map(map);
        own.set_slot(key, slot);
    }
    dest.set_slot(GLOBAL, slot);
}

/// Puts values over a chart's own.
fn own_values(chart: &Live<'_, '_>, dest: &Map, merge: bool) {
    for (key, slot) in copied(&chart.values).entries() {
        let Some(given) = dest.get(&key) else {
            if !merge {
                if slot.value.is_nil() {
                    continue;
                }
                if let Data::Map(map) = &slot.value.data {
                    without_nulls(map);
                }
            }
            dest.set_slot(key, slot);
            continue;
        };
        if given.is_nil() && !merge {
            dest.remove(&key);
        } else if let (Data::Map(given), Data::Map(own)) = (&given.data, &slot.value.data) {
            let merge = merge || chart.children.iter().any(|child| child.name == key);
            if !merge {
                without_nulls(own);
            }
            tables(given, own, merge);
        }
    }
}

/// Merges a table into another one, which has the say.
pub(super) fn tables(dest: &Map, source: &Map, merge: bool) {
    if dest.is_same(source) {
        return;
    }
    let entries = source.entries();
    let set: FxHashSet<Rc<str>> = entries
        .iter()
        .filter(|(_, slot)| !slot.value.is_nil())
        .map(|(key, _)| Rc::clone(key))
        .collect();
    // Nulls are written into the source, so that it does not bring back what they delete.
    for (key, slot) in dest.entries() {
        if slot.value.is_nil() {
            source.set_slot(key, slot);
        }
    }
    for (key, slot) in source.entries() {
        match dest.get(&key) {
            Some(given) if !merge && given.is_nil() && set.contains(&key) => {
                dest.remove(&key);
            }
            None => dest.set_slot(key, slot),
            Some(given) => {
                if let (Data::Map(given), Data::Map(own)) = (&given.data, &slot.value.data) {
                    tables(given, own, merge);
                }
            }
        }
    }
}

/// Removes nulls, however deep.
pub(super) fn without_nulls(map: &Map) {
    for (key, slot) in map.entries() {
        if slot.value.is_nil() {
            map.remove(&key);
        } else if let Data::Map(inner) = &slot.value.data {
            without_nulls(inner);
        }
    }
}
