//! Maps of templates: shared, sorted, and changed in place by `set`, `unset` and `merge`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::value::{Data, Val, ValueOrigin};

/// What stands under a key.
#[derive(Clone, Debug)]
pub struct Slot {
    pub value: Val,
    /// Where the key is written, if it stands in a values file.
    pub key: Option<Rc<ValueOrigin>>,
}

/// A map that others may hold as well: a change is seen by all of them, as in Go. No method calls
/// out while it looks inside, so that a map may be changed while it is walked.
#[derive(Clone, Debug, Default)]
pub struct Map(Rc<Cell>, Named);

/// Whether Go would call the map by the name that Helm gave its type, which only `typeOf` tells.
#[derive(Clone, Copy, Debug, Default)]
struct Named(bool);

#[derive(Debug, Default)]
struct Cell(RefCell<BTreeMap<Rc<str>, Slot>>);

impl Map {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn get(&self, key: &str) -> Option<Val> {
        self.0.0.borrow().get(key).map(|slot| slot.value.clone())
    }

    pub fn slot(&self, key: &str) -> Option<Slot> {
        self.0.0.borrow().get(key).cloned()
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.0.borrow().contains_key(key)
    }

    /// Sets a key; where it stands already, the place of the key is kept.
    pub fn set(&self, key: impl Into<Rc<str>>, value: Val) {
        let key = key.into();
        let old = {
            let mut map = self.0.0.borrow_mut();
            if let Some(slot) = map.get_mut(&key) {
                Some(std::mem::replace(&mut slot.value, value))
            } else {
                map.insert(key, Slot { value, key: None });
                None
            }
        };
        drop(old);
    }

    pub fn set_slot(&self, key: impl Into<Rc<str>>, slot: Slot) {
        let old = self.0.0.borrow_mut().insert(key.into(), slot);
        drop(old);
    }

    pub fn remove(&self, key: &str) -> Option<Slot> {
        self.0.0.borrow_mut().remove(key)
    }

    pub fn len(&self) -> usize {
        self.0.0.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys and what stands under them now, sorted by key.
    pub fn entries(&self) -> Vec<(Rc<str>, Slot)> {
        let map = self.0.0.borrow();
        map.iter().map(|(key, slot)| (Rc::clone(key), slot.clone())).collect()
    }

    pub fn keys(&self) -> Vec<Rc<str>> {
        self.0.0.borrow().keys().cloned().collect()
    }

    /// Whether both are one map, so that a change of one is a change of the other.
    pub fn is_same(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The same map, of the type that Helm gives `.Values` and `.` itself.
    #[must_use]
    pub fn of_helm(&self) -> Map {
        Map(Rc::clone(&self.0), Named(true))
    }

    /// Go's type, as `typeOf` says it.
    pub fn type_name(&self) -> &'static str {
        if self.1.0 { "common.Values" } else { "map[string]interface {}" }
    }

    /// A copy of this level.
    #[must_use]
    pub fn shallow(&self) -> Map {
        Map(Rc::new(Cell(RefCell::new(self.0.0.borrow().clone()))), self.1)
    }
}

impl FromIterator<(Rc<str>, Val)> for Map {
    fn from_iter<I: IntoIterator<Item = (Rc<str>, Val)>>(entries: I) -> Self {
        let slots = entries.into_iter().map(|(key, value)| (key, Slot { value, key: None }));
        Map(Rc::new(Cell(RefCell::new(slots.collect()))), Named(false))
    }
}

/// Level by level instead of by recursion: templates can nest maps deeper than a stack.
impl Drop for Cell {
    fn drop(&mut self) {
        let mut pending: Vec<Val> =
            std::mem::take(self.0.get_mut()).into_values().map(|slot| slot.value).collect();
        while let Some(value) = pending.pop() {
            match value.data {
                Data::Map(Map(mut cell, _)) => {
                    if let Some(cell) = Rc::get_mut(&mut cell) {
                        let inner = std::mem::take(cell.0.get_mut());
                        pending.extend(inner.into_values().map(|slot| slot.value));
                    }
                }
                Data::List(mut list) => {
                    if let Some(list) = Rc::get_mut(&mut list) {
                        pending.append(list);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_deeper_than_a_stack_end_quietly() {
        let mut inner = Map::new();
        for _ in 0..200_000 {
            let outer = Map::new();
            outer.set("x", Val::list(vec![Val::map(inner)]));
            inner = outer;
        }
        drop(inner);
    }

    #[test]
    fn a_map_shows_its_changes_to_all_who_hold_it() {
        let map = Map::new();
        let other = map.clone();
        map.set("a", Val::int(1));
        assert!(other.has("a") && other.is_same(&map));
        assert!(!map.shallow().is_same(&map));
    }
}
