//! Lists that merge by the keys of their items, in the order that kustomize's library gives them.
//!
//! Items of the patch come first, then the rest of the object's. Items of one list with equal keys
//! become one, the last. Where an item lacks a key, [`super::steps`] follows the library step by step.

use kubeready_manifest::yaml::{Data, Origin, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::schema::{At, Keys};
use super::steps::MAX_STEPS;
use super::{DIRECTIVE, Directive, Merge, MergeError, Merged};

/// Text of a key's value in an item; `""` if there is none.
pub(super) fn key_text<'v>(item: &'v Value<'_>, key: &str) -> &'v str {
    match item.get(key) {
        Some(value) if !value.is_null() => value.text(),
        _ => "",
    }
}

pub(super) fn is_nothing(value: &Value<'_>) -> bool {
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
            (Some(key), None) if is_simple(&items, &changes, key) => {
                self.by_one(items, changes, key, at.item())?
            }
            (Some(_), _) => self.step_by_step(items, changes, keys, at.item())?,
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
        if keys.len() > 1 {
            let merged = self.step_by_step(kept, Vec::new(), keys, at.item())?;
            return Ok(filled(list, merged));
        }
        Ok(filled(list, last_of_each(kept, keys)))
    }

    /// Merges two items of the same keys. What a patch repeats to say which item it means is still
    /// the item's own: that is where a person looks for it.
    pub(super) fn walk_item<'t>(
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
        if keys.len() > 1 {
            let merged = self.step_by_step(fresh, Vec::new(), keys, at.item())?;
            return Ok(Some(filled(list, merged)));
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
}

/// Whether nothing is special about two lists: all items have the key, and none is replaced.
fn is_simple(items: &[Value<'_>], changes: &[Value<'_>], key: &str) -> bool {
    items.len() + changes.len() > MAX_STEPS
        || items.iter().chain(changes).all(|item| !key_text(item, key).is_empty())
            && !changes
                .iter()
                .any(|change| change.get(DIRECTIVE).is_some_and(|d| d.text() == "replace"))
}

/// Items with the same keys become one, the last, in the place of the first.
pub(super) fn last_of_each<'t>(items: Vec<Value<'t>>, keys: Keys<'_>) -> Vec<Value<'t>> {
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
