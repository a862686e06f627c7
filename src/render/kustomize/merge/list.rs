//! Lists that merge by the keys of their items, in the order that kustomize's library gives them.
//!
//! Items of the patch come first, then the rest of the object's. Items of one list with equal keys
//! become one, the last; where an item lacks a secondary key (a port without protocol) the library
//! matches by the keys it has, and what follows from that is followed here step by step.

use kubeready_manifest::yaml::{Data, Origin, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::schema::{At, Keys};
use super::{Directive, Merge, MergeError, Merged};

/// Text of a key's value in an item; `""` if there is none.
fn key_text<'v>(item: &'v Value<'_>, key: &str) -> &'v str {
    match item.get(key) {
        Some(value) if !value.is_null() => value.text(),
        _ => "",
    }
}

fn is_nothing(value: &Value<'_>) -> bool {
    matches!(&value.data, Data::Map(entries) if entries.is_empty())
}

/// Puts items into a list; returns it.
fn filled<'t>(mut list: Value<'t>, items: Vec<Value<'t>>) -> Value<'t> {
    list.data = Data::Seq(items);
    list
}

fn take_items<'t>(list: &mut Value<'t>) -> Vec<Value<'t>> {
    match &mut list.data {
        Data::Seq(items) => std::mem::take(items),
        Data::Map(_) | Data::Scalar { .. } => Vec::new(),
    }
}

impl<'s> Merge<'s> {
    /// Merges two lists by keys.
    pub(super) fn lists<'t>(
        &self,
        mut dest: Value<'t>,
        mut patch: Value<'t>,
        keys: Keys<'s>,
        at: At<'s>,
    ) -> Merged<'t> {
        let mut changes = take_items(&mut patch);
        match Directive::take_from_list(&mut changes)? {
            Directive::Delete => return Ok(None),
            Directive::Replace => {
                return self.fresh_list(filled(patch, changes), keys, at);
            }
            Directive::Merge => {}
        }
        let items = take_items(&mut dest);
        let mut names = keys.iter();
        let merged = match (names.next(), names.next()) {
            (None, _) => union(changes, items),
            (Some(key), None) => self.by_one(items, changes, key, at.item())?,
            (Some(_), Some(_)) => self.by_many(items, &changes, keys, at.item())?,
        };
        Ok(Some(filled(dest, merged)))
    }

    /// A list of the object that the patch does not touch.
    pub(super) fn kept_list<'t>(
        &self,
        mut list: Value<'t>,
        keys: Keys<'s>,
        at: At<'s>,
    ) -> Result<Value<'t>, MergeError> {
        let items = take_items(&mut list);
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            kept.extend(self.kept(item, at.item())?);
        }
        Ok(filled(list, last_of_each(kept, keys)))
    }

    /// Merges two items of the same keys. What a patch repeats to say which item it means is still
    /// the item's own: that is where a person looks for it.
    fn walk_item<'t>(
        &self,
        item: Value<'t>,
        change: Value<'t>,
        keys: &mut dyn Iterator<Item = &str>,
        at: At<'s>,
    ) -> Merged<'t> {
        let places: Vec<(&str, Origin)> =
            keys.filter_map(|key| Some((key, item.get(key)?.origin))).collect();
        let mut merged = self.walk(item, change, at)?;
        for (key, origin) in places {
            if let Some(value) = merged.as_mut().and_then(|merged| merged.get_mut(key)) {
                value.origin = origin;
            }
        }
        Ok(merged)
    }

    /// A list that only the patch has.
    pub(super) fn fresh_list<'t>(
        &self,
        mut list: Value<'t>,
        keys: Keys<'s>,
        at: At<'s>,
    ) -> Merged<'t> {
        let mut items = take_items(&mut list);
        if Directive::take_from_list(&mut items)? == Directive::Delete {
            return Ok(None);
        }
        let mut fresh = Vec::with_capacity(items.len());
        for item in items {
            fresh.extend(self.fresh(item, at.item())?.filter(|item| !is_nothing(item)));
        }
        Ok(Some(filled(list, last_of_each(fresh, keys))))
    }

    /// Merges by one key, in time linear in the items.
    fn by_one<'t>(
        &self,
        items: Vec<Value<'t>>,
        changes: Vec<Value<'t>>,
        key: &str,
        at: At<'s>,
    ) -> Result<Vec<Value<'t>>, MergeError> {
        // The object's items by key; of equal ones the first is patched, and the last is what stays.
        let mut first: FxHashMap<String, (Option<Value<'t>>, Option<Value<'t>>)> =
            FxHashMap::default();
        let mut order: Vec<String> = Vec::new();
        let mut without = Vec::new();
        for item in items {
            let text = key_text(&item, key);
            if text.is_empty() {
                without.push(item);
            } else if let Some((_, last)) = first.get_mut(text) {
                *last = Some(item);
            } else {
                order.push(text.to_owned());
                first.insert(text.to_owned(), (Some(item), None));
            }
        }
        let mut merged = Vec::with_capacity(order.len() + changes.len());
        let mut seen: FxHashSet<String> = FxHashSet::default();
        for change in changes {
            let text = key_text(&change, key);
            if text.is_empty() || !seen.insert(text.to_owned()) {
                continue;
            }
            let (value, last) = match first.remove(text) {
                Some((Some(item), last)) => {
                    (self.walk_item(item, change, &mut [key].into_iter(), at)?, last)
                }
                _ => (self.fresh(change, at)?, None),
            };
            if let Some(value) = value.filter(|value| !is_nothing(value)) {
                merged.push(last.unwrap_or(value));
            }
        }
        for text in order {
            if let Some((item, last)) = first.remove(&text) {
                let Some(item) = last.or(item) else { continue };
                merged.extend(self.kept(item, at)?);
            }
        }
        merged.extend(without);
        Ok(merged)
    }

    /// Merges by several keys, of which an item may lack some.
    fn by_many<'t>(
        &self,
        items: Vec<Value<'t>>,
        changes: &[Value<'t>],
        keys: Keys<'s>,
        at: At<'s>,
    ) -> Result<Vec<Value<'t>>, MergeError> {
        let mut tuples: Vec<Vec<(&str, String)>> = Vec::new();
        let mut seen = FxHashSet::default();
        let mut without = Vec::new();
        for (from_patch, item) in
            changes.iter().map(|c| (true, c)).chain(items.iter().map(|i| (false, i)))
        {
            let texts: Vec<String> =
                keys.iter().map(|key| key_text(item, key).to_owned()).collect();
            let has: Vec<(&str, String)> = keys
                .iter()
                .zip(texts.iter().cloned())
                .filter(|(_, text)| !text.is_empty())
                .collect();
            if has.is_empty() {
                if !from_patch {
                    without.push(item.clone());
                }
            } else if seen.insert(texts) {
                tuples.push(has);
            }
        }
        let mut work = Work {
            items: items.into_iter().map(Some).collect(),
            new: Vec::new(),
            slots: Vec::new(),
        };
        for tuple in &tuples {
            let old = work.items.iter().position(|i| i.as_ref().is_some_and(|i| matches(i, tuple)));
            let change = changes.iter().find(|change| matches(change, tuple)).cloned();
            let item = old.and_then(|at| work.items.get_mut(at)).and_then(Option::take);
            let value = match (item, change) {
                (Some(item), Some(change)) => {
                    let keys = &mut tuple.iter().map(|(key, _)| *key);
                    self.walk_item(item, change, keys, at)?
                }
                (Some(item), None) => self.kept(item, at)?,
                (None, Some(change)) => self.fresh(change, at)?,
                (None, None) => continue,
            };
            match value.filter(|value| !is_nothing(value)) {
                None => work.drop_items(tuple),
                Some(value) => work.set(old, value, tuple),
            }
        }
        for (n, tuple) in tuples.iter().enumerate() {
            if let [(key, _)] = tuple.as_slice() {
                work.settle(key, n == 0);
            }
        }
        let mut merged = work.finish();
        merged.extend(without);
        Ok(merged)
    }
}

/// Whether an item has all of these keys with these texts.
fn matches(item: &Value<'_>, tuple: &[(&str, String)]) -> bool {
    tuple.iter().all(|(key, text)| item.get(key).is_some_and(|value| value.text() == text))
}

/// An item of the list that grows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// One of the object's, by index.
    Old(usize),
    /// One of the patch's.
    New(usize),
}

/// A list on its way through [`Merge::by_many`].
struct Work<'t> {
    /// The object's items, merged in place; `None` once deleted.
    items: Vec<Option<Value<'t>>>,
    new: Vec<Value<'t>>,
    slots: Vec<Slot>,
}

impl<'t> Work<'t> {
    fn value(&self, slot: Slot) -> Option<&Value<'t>> {
        match slot {
            Slot::Old(at) => self.items.get(at)?.as_ref(),
            Slot::New(at) => self.new.get(at),
        }
    }

    fn drop_items(&mut self, tuple: &[(&str, String)]) {
        for item in &mut self.items {
            if item.as_ref().is_some_and(|item| matches(item, tuple)) {
                *item = None;
            }
        }
    }

    /// Puts a merged item in the place of all that match, or at the end.
    fn set(&mut self, old: Option<usize>, value: Value<'t>, tuple: &[(&str, String)]) {
        let slot = if let Some((at, place)) = old.and_then(|at| Some((at, self.items.get_mut(at)?)))
        {
            *place = Some(value);
            Slot::Old(at)
        } else {
            self.new.push(value);
            Slot::New(self.new.len() - 1)
        };
        self.place(slot, |item| matches(item, tuple));
    }

    fn place(&mut self, slot: Slot, is_match: impl Fn(&Value<'_>) -> bool) {
        let mut found = false;
        for at in 0..self.slots.len() {
            let here = self.slots.get(at).and_then(|here| self.value(*here));
            if here.is_some_and(&is_match) {
                found = true;
                if let Some(here) = self.slots.get_mut(at) {
                    *here = slot;
                }
            }
        }
        if !found {
            self.slots.push(slot);
        }
    }

    /// What the library does at its end with items that have one of the keys only: each item takes
    /// the place of all that are equal in that key, so that the last of them stays.
    fn settle(&mut self, key: &str, from_items: bool) {
        let source: Vec<Slot> = if from_items {
            (0..self.items.len()).map(Slot::Old).collect()
        } else {
            self.slots.clone()
        };
        for slot in source {
            let Some(text) = self.value(slot).map(|item| key_text(item, key).to_owned()) else {
                continue;
            };
            if !text.is_empty() {
                self.place(slot, |item| key_text(item, key) == text);
            }
        }
    }

    fn finish(mut self) -> Vec<Value<'t>> {
        let slots = std::mem::take(&mut self.slots);
        slots.into_iter().filter_map(|slot| self.value(slot).cloned()).collect()
    }
}

/// Items with the same keys become one, the last, in the place of the first.
fn last_of_each<'t>(items: Vec<Value<'t>>, keys: Keys<'_>) -> Vec<Value<'t>> {
    let mut places: FxHashMap<Vec<String>, usize> = FxHashMap::default();
    let mut kept: Vec<Value<'t>> = Vec::with_capacity(items.len());
    for item in items {
        let texts: Vec<String> = if keys.len() == 0 {
            vec![item.text().to_owned()]
        } else {
            keys.iter().map(|key| key_text(&item, key).to_owned()).collect()
        };
        if texts.iter().all(String::is_empty) {
            kept.push(item);
            continue;
        }
        if let Some(place) = places.get(&texts).and_then(|at| kept.get_mut(*at)) {
            *place = item;
        } else {
            places.insert(texts, kept.len());
            kept.push(item);
        }
    }
    kept
}

/// Scalars of both lists, each once, the patch's first.
fn union<'t>(changes: Vec<Value<'t>>, items: Vec<Value<'t>>) -> Vec<Value<'t>> {
    let mut seen: FxHashSet<String> = FxHashSet::default();
    changes
        .into_iter()
        .chain(items)
        .filter(|item| {
            !matches!(item.data, Data::Scalar { .. }) || seen.insert(item.text().to_owned())
        })
        .collect()
}
