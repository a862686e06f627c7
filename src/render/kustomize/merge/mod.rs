//! Strategic merge patches as kustomize's own library merges them.
//!
//! Maps merge, null deletes, scalars and most lists are replaced. A list that the schema lets merge is
//! merged by its keys, and the patch's items come first. `$patch: delete|replace|merge` stands in a
//! map, in an item, or as an item of its own that speaks for the whole list.

use std::borrow::Cow;
use std::fmt;

use kubeready_manifest::yaml::{Data, Entry, Value};
use rustc_hash::FxHashMap;

use crate::source::Span;

mod list;
mod schema;
mod steps;
#[cfg(test)]
mod tests;

use schema::At;
pub use schema::{CustomSchema, Schemas};

const DIRECTIVE: &str = "$patch";

/// Why a patch cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeError {
    /// The node of the patch at fault.
    pub at: Span,
    /// One line with names in backticks, no full stop.
    pub message: String,
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MergeError {}

type Merged<'t> = Result<Option<Value<'t>>, MergeError>;

/// Merges a patch into an object; `None` if the patch deletes it.
///
/// The schema is that of the object's `apiVersion` and `kind`, or of the patch's. What the patch writes
/// keeps the origin of the patch's value, keys that were there keep their own.
///
/// # Errors
/// A patch whose node is of another kind than the object's (a map for a list, say), or an unknown
/// `$patch` directive.
pub fn merge<'t>(dest: Value<'t>, patch: Value<'t>, schemas: &Schemas<'_>) -> Merged<'t> {
    if patch.get(DIRECTIVE).is_some_and(|directive| directive.text() == "replace") {
        // The library makes a new object of the patch, and kustomize keeps the old one.
        return Ok(Some(dest));
    }
    Merge { schemas }.walk(dest, patch, At::unknown())
}

/// What `$patch` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

impl Directive {
    fn read(value: &Value<'_>) -> Result<Self, MergeError> {
        match value.text() {
            "merge" => Ok(Directive::Merge),
            "replace" => Ok(Directive::Replace),
            "delete" => Ok(Directive::Delete),
            other => Err(MergeError {
                at: value.origin.span,
                message: format!("`$patch` is delete, replace or merge, not `{other}`"),
            }),
        }
    }

    /// Takes the directive out of a map.
    fn take(map: &mut Value<'_>) -> Result<Self, MergeError> {
        match map.remove(DIRECTIVE) {
            Some(entry) => Self::read(&entry.value),
            None => Ok(Directive::Merge),
        }
    }

    /// Takes the item out of a list that is nothing but a directive, if no item with one comes
    /// before it. With it go all items that have the same directive.
    fn take_from_list(items: &mut Vec<Value<'_>>) -> Result<Self, MergeError> {
        let first = items.iter().find_map(|item| item.get(DIRECTIVE).map(|d| (item, d)));
        let Some((item, directive)) = first else { return Ok(Directive::Merge) };
        if item.entries().len() > 1 {
            return Ok(Directive::Merge);
        }
        let read = Self::read(directive)?;
        let text = directive.text().to_owned();
        items.retain(|item| item.get(DIRECTIVE).is_none_or(|d| d.text() != text));
        Ok(read)
    }
}

struct Merge<'s> {
    schemas: &'s Schemas<'s>,
}

impl<'s> Merge<'s> {
    /// The schema that holds for two nodes: the one known from above, else that of the kind which
    /// the nodes say they are.
    fn schema(&self, at: At<'s>, dest: &Value<'_>, patch: Option<&Value<'_>>) -> At<'s> {
        if at.is_known() {
            return at;
        }
        let of = |value: &Value<'_>| {
            let (api_version, kind) = (value.get("apiVersion")?, value.get("kind")?);
            self.schemas.of_kind(api_version.text(), kind.text())
        };
        of(dest).or_else(|| patch.and_then(of)).unwrap_or(at)
    }

    /// Both are there. A null in the patch deletes.
    fn walk<'t>(&self, dest: Value<'t>, patch: Value<'t>, at: At<'s>) -> Merged<'t> {
        if dest.is_null() {
            return self.fresh(patch, at);
        }
        if patch.is_null() {
            return Ok(None);
        }
        let at = self.schema(at, &dest, Some(&patch));
        match (&dest.data, &patch.data) {
            (Data::Map(_), Data::Map(_)) => self.maps(dest, patch, at),
            (Data::Seq(_), Data::Seq(_)) => match at.merge_keys() {
                Some(keys) => self.lists(dest, patch, keys, at),
                None => Ok(Some(patch)),
            },
            (Data::Scalar { .. }, Data::Scalar { .. }) => Ok(Some(patch)),
            _ => Err(MergeError {
                at: patch.origin.span,
                message: format!(
                    "the patch has {} where the object has {}",
                    kind_of(&patch),
                    kind_of(&dest)
                ),
            }),
        }
    }

    fn maps<'t>(&self, mut dest: Value<'t>, mut patch: Value<'t>, at: At<'s>) -> Merged<'t> {
        match Directive::take(&mut patch)? {
            Directive::Delete => return Ok(None),
            Directive::Replace => return self.fresh(patch, at),
            Directive::Merge => {}
        }
        let (Data::Map(entries), Data::Map(mut changes)) = (&mut dest.data, patch.data) else {
            return Ok(Some(dest));
        };
        let mut merged = Vec::with_capacity(entries.len() + changes.len());
        // Tens of thousands of keys on both sides are looked up, not searched for.
        let places: FxHashMap<Cow<'t, str>, usize> =
            changes.iter().enumerate().map(|(at, change)| (change.key.clone(), at)).collect();
        for Entry { key, key_origin, value } in std::mem::take(entries) {
            let below = at.field(&key);
            let change = places.get(&key).and_then(|place| changes.get_mut(*place));
            let value = match change {
                // What is taken is left as an entry without a key.
                Some(change) => {
                    let taken = std::mem::replace(&mut change.value, Value::null(value.origin));
                    change.key = Cow::Borrowed(TAKEN);
                    self.walk(value, taken, below)?
                }
                None => self.kept(value, below)?,
            };
            if let Some(value) = value {
                merged.push(Entry { key, key_origin, value });
            }
        }
        for Entry { key, key_origin, value } in changes {
            if key == TAKEN {
                continue;
            }
            let below = at.field(&key);
            if let Some(value) = self.fresh(value, below)? {
                merged.push(Entry { key, key_origin, value });
            }
        }
        dest.data = Data::Map(merged);
        Ok(Some(dest))
    }

    /// What the patch does not touch: a null that is written as nothing goes where maps merge.
    fn kept<'t>(&self, mut value: Value<'t>, at: At<'s>) -> Merged<'t> {
        let at = self.schema(at, &value, None);
        if value.text().is_empty() && value.is_null() {
            return Ok(None);
        }
        match &mut value.data {
            Data::Scalar { .. } => {}
            Data::Map(entries) => {
                let mut kept = Vec::with_capacity(entries.len());
                for Entry { key, key_origin, value } in std::mem::take(entries) {
                    let below = at.field(&key);
                    if let Some(value) = self.kept(value, below)? {
                        kept.push(Entry { key, key_origin, value });
                    }
                }
                *entries = kept;
            }
            Data::Seq(_) => {
                if let Some(keys) = at.merge_keys() {
                    return self.kept_list(value, keys, at).map(Some);
                }
            }
        }
        Ok(Some(value))
    }

    /// What only the patch has: without nulls, deletions and directives.
    fn fresh<'t>(&self, mut value: Value<'t>, at: At<'s>) -> Merged<'t> {
        if value.is_null() {
            return Ok(None);
        }
        let at = self.schema(at, &value, None);
        match &mut value.data {
            Data::Scalar { .. } => {}
            Data::Map(_) => {
                if Directive::take(&mut value)? == Directive::Delete {
                    return Ok(None);
                }
                let Data::Map(entries) = &mut value.data else { return Ok(Some(value)) };
                let mut kept = Vec::with_capacity(entries.len());
                for Entry { key, key_origin, value } in std::mem::take(entries) {
                    let below = at.field(&key);
                    if let Some(value) = self.fresh(value, below)? {
                        kept.push(Entry { key, key_origin, value });
                    }
                }
                *entries = kept;
            }
            Data::Seq(_) => {
                if let Some(keys) = at.merge_keys() {
                    return self.fresh_list(value, keys, at);
                }
            }
        }
        Ok(Some(value))
    }
}

/// No key of YAML that anyone writes; marks entries of a patch that are used up.
const TAKEN: &str = "\u{0}";

fn kind_of(value: &Value<'_>) -> &'static str {
    match value.data {
        Data::Map(_) => "a map",
        Data::Seq(_) => "a list",
        Data::Scalar { .. } => "a scalar",
    }
}
