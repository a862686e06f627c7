//! JSON patches (RFC 6902) as kustomize applies them: its library adds a key that `replace` does not
//! find, takes negative indices, and makes no parents.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Entry, Origin, Value, Writer};

use super::fields::Failure;
use super::room::Room;
use crate::source::Span;

/// Keys that a pointer may have: deeper than any object of Kubernetes.
const MAX_DEPTH: usize = 128;

/// An operation of a patch.
#[derive(Clone, Debug)]
pub struct Op<'t> {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    pub op: Cow<'t, str>,
    /// Keys of the pointer, unescaped; none for the whole document.
    pub path: Vec<String>,
    /// Keys of the pointer that `move` and `copy` take from.
    pub from: Vec<String>,
    pub value: Option<Value<'t>>,
    /// The operation in the patch.
    pub span: Span,
}

impl<'t> Op<'t> {
    /// What it writes: an absent value is null.
    fn value(&self) -> Value<'t> {
        let origin = Origin::new(self.span, Writer::JsonPatch);
        self.value.clone().unwrap_or_else(|| Value::null(origin))
    }

    fn fail<T>(&self, why: impl std::fmt::Display) -> Result<T, Failure> {
        Err((self.span, format!("`{}` of `{}` cannot be done: {why}", self.op, self.pointer())))
    }

    /// The pointer as it is written.
    pub fn pointer(&self) -> String {
        self.path.iter().fold(String::new(), |written, key| {
            written + "/" + &key.replace('~', "~0").replace('/', "~1")
        })
    }
}

/// Reads a patch: a list of operations.
///
/// # Errors
/// What is no list, an operation that has no known `op`, no `path`, or not what its `op` needs.
pub fn read<'t>(list: &Value<'t>) -> Result<Vec<Op<'t>>, Failure> {
    if !list.is_seq() {
        return Err((list.origin.span, "a JSON patch is a list of operations".to_owned()));
    }
    list.items().iter().map(operation).collect()
}

fn operation<'t>(item: &Value<'t>) -> Result<Op<'t>, Failure> {
    let span = item.origin.span;
    let fail = |at: Option<&Value<'_>>, what: &str| {
        Err((at.map_or(span, |value| value.origin.span), what.to_owned()))
    };
    let word = item.get("op");
    let op = match word.map(|word| (&word.data, word.text())) {
        Some((
            Data::Scalar { text, .. },
            "add" | "remove" | "replace" | "move" | "copy" | "test",
        )) => text.clone(),
        _ => {
            return fail(
                word,
                "an operation's `op` is one of add, remove, replace, move, copy, test",
            );
        }
    };
    let Some(path) = item.get("path").filter(|path| !path.is_null()) else {
        return fail(None, "an operation needs a `path`");
    };
    let read = |at: &Value<'_>| {
        pointer(at.text()).ok_or_else(|| (at.origin.span, format!("`{}` is no pointer", at.text())))
    };
    let from = match item.get("from") {
        Some(from) if matches!(op.as_ref(), "move" | "copy") => read(from)?,
        None if matches!(op.as_ref(), "move" | "copy") => {
            return fail(None, "`move` and `copy` need a `from`");
        }
        _ => Vec::new(),
    };
    Ok(Op { op, path: read(path)?, from, value: item.get("value").cloned(), span })
}

/// The keys of a pointer. One that does not begin with `/` means the root, as in the library.
fn pointer(text: &str) -> Option<Vec<String>> {
    let keys: Vec<_> =
        text.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
    (keys.len() <= MAX_DEPTH).then_some(keys)
}

/// Applies the operations in order. What is written keeps the origin of the operation's value.
///
/// # Errors
/// The first operation that cannot be done, or writes more than there is room for; the value is then
/// half changed.
pub fn apply<'t>(value: &mut Value<'t>, ops: &[Op<'t>]) -> Result<(), Failure> {
    let mut room = Room::default();
    ops.iter().try_for_each(|op| apply_one(value, op, &mut room))
}

fn apply_one<'t>(root: &mut Value<'t>, op: &Op<'t>, room: &mut Room) -> Result<(), Failure> {
    let mut fits = |value: &Value<'_>| match room.value(value, op.path.len()) {
        Ok(()) => Ok(()),
        Err(why) => op.fail(why),
    };
    match op.op.as_ref() {
        "add" | "replace" => {
            let value = op.value();
            fits(&value)?;
            if op.op == "add" { add(root, op, value) } else { replace(root, op, value) }
        }
        "remove" => remove(root, op, &op.path).map(drop),
        "move" => {
            let value = remove(root, op, &op.from)?;
            fits(&value)?;
            add(root, op, value)
        }
        "copy" => {
            let Some(value) = find(root, &op.from) else {
                return op.fail("`from` does not exist");
            };
            fits(value)?;
            let value = value.clone();
            add(root, op, value)
        }
        _ => test(root, op),
    }
}

fn find<'a, 't>(root: &'a Value<'t>, path: &[String]) -> Option<&'a Value<'t>> {
    path.iter().try_fold(root, |here, key| match &here.data {
        Data::Map(_) => here.get(key),
        Data::Seq(items) => items.get(index(key, items.len())?),
        Data::Scalar { .. } => None,
    })
}

/// The parent of what a path names, and the last key.
fn parent<'a, 't, 'p>(
    root: &'a mut Value<'t>,
    op: &Op<'_>,
    path: &'p [String],
) -> Result<(&'a mut Value<'t>, &'p str), Failure> {
    let Some((last, keys)) = path.split_last() else {
        return op.fail("it names the whole document");
    };
    let mut here = root;
    for key in keys {
        let next = match &mut here.data {
            Data::Map(entries) => entries.iter_mut().find(|e| e.key == *key).map(|e| &mut e.value),
            Data::Seq(items) => index(key, items.len()).and_then(|at| items.get_mut(at)),
            Data::Scalar { .. } => None,
        };
        match next {
            Some(next) => here = next,
            None => return op.fail(format_args!("there is no `{key}`")),
        }
    }
    Ok((here, last))
}

/// The index of an item that is there; from the end if negative.
fn index(key: &str, len: usize) -> Option<usize> {
    let at: i64 = key.parse().ok()?;
    let at = if at < 0 { at.checked_add(i64::try_from(len).ok()?)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < len)
}

fn add<'t>(root: &mut Value<'t>, op: &Op<'t>, value: Value<'t>) -> Result<(), Failure> {
    if op.path.is_empty() {
        *root = value;
        return Ok(());
    }
    let (parent, key) = parent(root, op, &op.path)?;
    match &mut parent.data {
        Data::Map(entries) => {
            let key_origin = value.origin;
            match entries.iter_mut().find(|entry| entry.key == key) {
                Some(entry) => entry.value = value,
                None => entries.push(Entry { key: Cow::Owned(key.to_owned()), key_origin, value }),
            }
        }
        Data::Seq(items) if key == "-" => items.push(value),
        Data::Seq(items) => {
            // An item may also be added behind the last, and negative numbers count from there.
            match index(key, items.len() + 1) {
                Some(at) => items.insert(at, value),
                None => return op.fail(format_args!("there is no place `{key}` in the list")),
            }
        }
        Data::Scalar { .. } => return op.fail("its parent is no map or list"),
    }
    Ok(())
}

fn remove<'t>(root: &mut Value<'t>, op: &Op<'_>, path: &[String]) -> Result<Value<'t>, Failure> {
    let (parent, key) = parent(root, op, path)?;
    let removed = match &mut parent.data {
        Data::Map(_) => parent.remove(key).map(|entry| entry.value),
        Data::Seq(items) => index(key, items.len()).map(|at| items.remove(at)),
        Data::Scalar { .. } => None,
    };
    match removed {
        Some(value) => Ok(value),
        None => op.fail(format_args!("there is no `{key}`")),
    }
}

fn replace<'t>(root: &mut Value<'t>, op: &Op<'t>, value: Value<'t>) -> Result<(), Failure> {
    if op.path.is_empty() {
        *root = value;
        return Ok(());
    }
    let (parent, key) = parent(root, op, &op.path)?;
    if parent.is_map() {
        // Only in maps is a missing key added: fleets rely on it.
        return add(root, op, value);
    }
    let Data::Seq(items) = &mut parent.data else {
        return op.fail("its parent is no map or list");
    };
    match index(key, items.len()).and_then(|at| items.get_mut(at)) {
        Some(item) => {
            *item = value;
            Ok(())
        }
        None => op.fail(format_args!("there is no item `{key}`")),
    }
}

fn test(root: &Value<'_>, op: &Op<'_>) -> Result<(), Failure> {
    let wanted = op.value.as_ref().filter(|value| !value.is_null());
    let same = match (find(root, &op.path).filter(|value| !value.is_null()), wanted) {
        (None, None) => true,
        (Some(is), Some(wanted)) => is.means(wanted),
        _ => false,
    };
    if same { Ok(()) } else { op.fail("the value is another") }
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::yaml::Tree;

    use super::*;
    use crate::source::SourceId;

    /// Applies a patch; the error, or whether the outcome is as wanted.
    fn patch(value: &str, patch: &str, wanted: &str) -> Result<bool, String> {
        let trees = [value, patch, wanted].map(|text| Tree::parse(text, SourceId(0)));
        let [mut value, patch, wanted] = [0, 1, 2].map(|n: usize| {
            let root = trees[n].documents().next().expect("a document").1;
            Value::of(root, Writer::JsonPatch)
        });
        let ops = read(&patch).map_err(|(_, why)| why)?;
        apply(&mut value, &ops).map_err(|(_, why)| why)?;
        Ok(value.means(&wanted))
    }

    #[test]
    fn every_operation_does_its_work() {
        for (value, ops, wanted) in [
            ("a: {}", "[{op: add, path: /a/b, value: 1}]", "a: {b: 1}"),
            ("a: [1, 3]", "[{op: add, path: /a/1, value: 2}]", "a: [1, 2, 3]"),
            ("a: [1]", "[{op: add, path: /a/-, value: 2}]", "a: [1, 2]"),
            ("a: [1, 2]", "[{op: add, path: /a/-1, value: 3}]", "a: [1, 2, 3]"),
            ("a: [1, 2]", "[{op: remove, path: /a/-1}]", "a: [1]"),
            ("a: {b/c: 1, d~e: 2}", "[{op: remove, path: /a/b~1c}]", "a: {d~e: 2}"),
            ("a: 1", "[{op: replace, path: /a, value: [x]}]", "a: [x]"),
            ("a: {}", "[{op: replace, path: /a/new, value: 2}]", "a: {new: 2}"),
            ("{a: 1}", "[{op: move, from: /a, path: /b}]", "{b: 1}"),
            ("{a: {x: 1}}", "[{op: copy, from: /a, path: /b}]", "{a: {x: 1}, b: {x: 1}}"),
            ("{a: 1}", "[{op: test, path: /a, value: 1}]", "{a: 1}"),
            ("{a: 1}", "[{op: test, path: /b}]", "{a: 1}"),
            ("{a: 1}", "[{op: add, path: /b}]", "{a: 1, b: ~}"),
            ("{a: 1}", "[{op: replace, path: /a}]", "{a: ~}"),
        ] {
            assert_eq!(patch(value, ops, wanted), Ok(true), "{value} {ops}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_an_error() {
        for ops in [
            "[{op: remove, path: /no}]",
            "[{op: add, path: /no/b, value: 1}]",
            "[{op: replace, path: /no/b, value: 1}]",
            "[{op: replace, path: /list/3, value: 1}]",
            "[{op: add, path: /list/9, value: 1}]",
            "[{op: add, path: /list/x, value: 1}]",
            "[{op: add, path: /a/b, value: 1}]",
            "[{op: add, value: 1}]",
            "[{op: copy, path: /b}]",
            "[{op: test, path: /a, value: 2}]",
            "[{op: merge, path: /a, value: 2}]",
            "{op: add}",
        ] {
            assert!(patch("{a: 1, list: [1]}", ops, "{}").is_err(), "{ops}");
        }
        let deep = format!("[{{op: remove, path: {}}}]", "/a".repeat(200));
        assert!(patch("a: 1", &deep, "{}").is_err());
    }
}
