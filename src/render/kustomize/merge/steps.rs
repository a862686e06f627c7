//! Lists whose items lack keys, or have several: what kustomize's library makes of them follows from
//! the steps that it takes, and so they are taken here.
//!
//! An item that lacks the only key lets go of all that have it; an item that lacks one of several
//! keys is matched by the others.

use kubeready_manifest::yaml::{Data, Value};

use super::list::{key_text, last_of_each};
use super::schema::{At, Keys};
use super::{DIRECTIVE, Merge, MergeError};

/// Longer lists are merged in a simpler way: the steps take quadratic time.
pub(super) const MAX_STEPS: usize = 2_000;

/// The texts of an item's keys, `""` where it has none.
type Texts = Vec<String>;

impl<'s> Merge<'s> {
    /// Merges the items of a patch into those of an object.
    pub(super) fn step_by_step<'t>(
        &self,
        items: Vec<Value<'t>>,
        changes: Vec<Value<'t>>,
        keys: Keys<'s>,
        at: At<'s>,
    ) -> Result<Vec<Value<'t>>, MergeError> {
        if items.len() + changes.len() > MAX_STEPS {
            return Ok(last_of_each(changes.into_iter().chain(items).collect(), keys));
        }
        let names: Vec<&str> = keys.iter().collect();
        let mut dest: Vec<usize> = (0..items.len()).collect();
        let patch: Vec<usize> = (items.len()..items.len() + changes.len()).collect();
        let mut nodes: Vec<Value<'t>> = items.into_iter().chain(changes).collect();
        let mut all: Vec<Texts> = Vec::new();
        for at in patch.iter().chain(&dest) {
            let Some(item) = nodes.get(*at) else { continue };
            let texts: Texts = names.iter().map(|key| key_text(item, key).to_owned()).collect();
            if !all.contains(&texts) {
                all.push(texts);
            }
        }
        if names.len() > 1 {
            unify(&mut all);
        }
        let valid: Vec<usize> =
            (0..names.len()).filter(|n| all.iter().any(|t| has(t, *n))).collect();
        let valid = if valid.is_empty() { (0..names.len()).collect() } else { valid };
        let valid_names: Vec<&str> = valid.iter().filter_map(|n| names.get(*n).copied()).collect();
        let mut added: Vec<usize> = Vec::new();
        for texts in &all {
            let texts: Vec<&str> =
                valid.iter().map(|n| texts.get(*n).map_or("", String::as_str)).collect();
            let wanted = || valid_names.iter().copied().zip(texts.iter().copied());
            let find = |list: &[usize], nodes: &[Value<'t>]| {
                list.iter()
                    .copied()
                    .find(|at| nodes.get(*at).is_some_and(|i| is_meant(i, wanted())))
            };
            let (old, change) = (find(&dest, &nodes), find(&patch, &nodes));
            let place = self.merged_at(&mut nodes, old, change, &valid_names, at)?;
            let Some(place) = place else {
                put(&mut dest, &nodes, None, &valid_names, &texts);
                continue;
            };
            if let Some(node) = nodes.get_mut(place) {
                for (key, text) in wanted().filter(|(_, text)| !text.is_empty()) {
                    if node.get(key).is_none() {
                        let origin = node.origin;
                        node.set(key.to_owned(), origin, Value::plain(text.to_owned(), origin));
                    }
                }
            }
            put(&mut added, &nodes, Some(place), &valid_names, &texts);
        }
        for at in dest {
            let Some(item) = nodes.get(at).filter(|item| item.is_map()) else {
                added.push(at);
                continue;
            };
            let mut texts = Vec::new();
            for key in &valid_names {
                match item.get(key) {
                    Some(value) => texts.push(value.text()),
                    None => added.push(at),
                }
            }
            if valid_names.len() > 1 {
                put(&mut added, &nodes, None, &valid_names, &texts);
            }
            put(&mut added, &nodes, Some(at), &valid_names, &texts);
        }
        Ok(added.into_iter().filter_map(|at| nodes.get(at).cloned()).collect())
    }

    /// Merges an item of each list, if it is there; where the outcome is, unless nothing is left.
    fn merged_at<'t>(
        &self,
        nodes: &mut [Value<'t>],
        old: Option<usize>,
        change: Option<usize>,
        keys: &[&str],
        at: At<'s>,
    ) -> Result<Option<usize>, MergeError> {
        let read = |at: Option<usize>| at.and_then(|at| nodes.get(at)).cloned();
        let (item, patch) = (read(old), read(change));
        let replaces =
            patch.as_ref().and_then(|p| p.get(DIRECTIVE)).is_some_and(|d| d.text() == "replace");
        let (place, value) = match (old, item, change, patch) {
            (Some(_), Some(item), Some(change), Some(patch)) if replaces => {
                (change, self.walk_item(item, patch, &mut std::iter::empty(), at)?)
            }
            (Some(old), Some(item), Some(_), Some(patch)) => {
                (old, self.walk_item(item, patch, &mut keys.iter().copied(), at)?)
            }
            (Some(old), Some(item), _, _) => (old, self.kept(item, at)?),
            (_, _, Some(change), Some(patch)) => (change, self.fresh(patch, at)?),
            _ => return Ok(None),
        };
        let Some(value) = value.filter(|value| !is_empty(value)) else { return Ok(None) };
        if let Some(node) = nodes.get_mut(place) {
            *node = value;
        }
        Ok(Some(place))
    }
}

fn has(texts: &Texts, n: usize) -> bool {
    texts.get(n).is_some_and(|text| !text.is_empty())
}

fn is_empty(value: &Value<'_>) -> bool {
    value.is_null() || matches!(&value.data, Data::Map(entries) if entries.is_empty())
}

/// Texts that differ only where one of them is empty become the same.
fn unify(all: &mut [Texts]) {
    for i in 0..all.len() {
        let Some(mine) = all.get(i).cloned() else { continue };
        for j in 0..all.len() {
            let Some(joined) = all.get(j).and_then(|other| joined(&mine, other)) else { continue };
            for at in [i, j] {
                if let Some(texts) = all.get_mut(at) {
                    texts.clone_from(&joined);
                }
            }
        }
    }
}

fn joined(a: &Texts, b: &Texts) -> Option<Texts> {
    let mut common = false;
    let mut joined = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        if a == b {
            common = true;
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        }
        joined.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    common.then_some(joined)
}

/// Whether an item has the keys that are wanted. Of those, empty ones count only if all are empty.
fn is_meant<'k>(
    item: &Value<'_>,
    wanted: impl Iterator<Item = (&'k str, &'k str)> + Clone,
) -> bool {
    let all_empty = wanted.clone().all(|(_, text)| text.is_empty());
    wanted.filter(|(_, text)| all_empty || !text.is_empty()).all(|(key, text)| {
        item.get(key).is_some_and(|value| !value.is_null() && value.text() == text)
    })
}

/// Puts an item in the place of all that match, or at the end; without an item, takes those out.
fn put(
    list: &mut Vec<usize>,
    nodes: &[Value<'_>],
    item: Option<usize>,
    keys: &[&str],
    texts: &[&str],
) {
    let mut matched = false;
    let mut kept = Vec::with_capacity(list.len() + 1);
    for at in list.drain(..) {
        let Some(node) = nodes.get(at).filter(|node| !is_empty(node)) else { continue };
        if !node.is_map() {
            kept.push(at);
            continue;
        }
        if is_in_place(node, keys, texts) {
            matched = true;
            kept.extend(item);
        } else if !texts.is_empty() {
            kept.push(at);
        }
    }
    *list = kept;
    if !matched {
        list.extend(item);
    }
}

/// Whether an item has all keys with these texts; an empty text is any, and keys without a text are
/// as good as the one before.
fn is_in_place(item: &Value<'_>, keys: &[&str], texts: &[&str]) -> bool {
    !texts.is_empty()
        && keys.iter().zip(texts).all(|(key, text)| {
            item.get(key)
                .is_some_and(|value| text.is_empty() || (!value.is_null() && value.text() == *text))
        })
}
