//! Fields by path: visited through lists, made where they are missing.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Entry, Origin, Style, Value};

use super::resource::Id;
use super::tables::FieldSpec;
use crate::source::Span;

/// Where something cannot be done, and why: one line with names in backticks, no full stop.
pub type Failure = (Span, String);

/// Keys of a path: deeper than any object of Kubernetes.
pub(super) const MAX_KEYS: usize = 128;

/// What the last key of a path becomes where it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    Map,
    Seq,
    /// An empty string, to be set by the visitor.
    Scalar,
}

impl Created {
    fn data<'t>(self) -> Data<'t> {
        match self {
            Created::Map => Data::Map(Vec::new()),
            Created::Seq => Data::Seq(Vec::new()),
            Created::Scalar => Data::Scalar { text: "".into(), style: Style::DoubleQuoted },
        }
    }
}

/// Keys of a path as kustomize's configurations write it: `a/b\/c/d[]`.
pub fn split_path(path: impl Into<Cow<'static, str>>) -> Vec<Cow<'static, str>> {
    let mut path = path.into();
    if path.len() > 1 && path.starts_with('/') {
        // It may begin with a slash, as a pointer does.
        path = match path {
            Cow::Borrowed(path) => Cow::Borrowed(path.get(1..).unwrap_or(path)),
            Cow::Owned(mut path) => {
                path.remove(0);
                Cow::Owned(path)
            }
        };
    }
    if path.contains('\\') {
        let mut keys: Vec<Cow<'static, str>> = Vec::new();
        let mut open = false;
        for part in path.split('/') {
            let (text, escaped) = part.strip_suffix('\\').map_or((part, false), |t| (t, true));
            match keys.last_mut() {
                Some(last) if open => {
                    let last = last.to_mut();
                    last.push('/');
                    last.push_str(text);
                }
                _ => keys.push(Cow::Owned(text.to_owned())),
            }
            open = escaped;
        }
        return keys;
    }
    match path {
        Cow::Borrowed(path) => path.split('/').map(Cow::Borrowed).collect(),
        Cow::Owned(path) => path.split('/').map(|key| Cow::Owned(key.to_owned())).collect(),
    }
}

/// Calls `f` on every value at a path. Lists on the way are gone through; `x[]` must be a list.
///
/// With `create`, missing maps on the way and a missing last key are made, with `origin` as their
/// place, and nulls become what would be made; nothing is made inside of a key written `x[]`.
/// Without it, missing keys and nulls on the way are no match.
///
/// # Errors
/// A scalar in the middle of the path, as kustomize fails on it; a path longer than any object is deep.
pub fn visit<'t>(
    value: &mut Value<'t>,
    path: &[Cow<'static, str>],
    create: Option<Created>,
    origin: Origin,
    f: &mut dyn FnMut(&mut Value<'t>),
) -> Result<(), Failure> {
    let Some((key, rest)) = path.split_first() else {
        f(value);
        return Ok(());
    };
    if value.is_null() {
        return Ok(());
    }
    let at = value.origin.span;
    if path.len() > MAX_KEYS {
        return Err((at, format!("a path of more than {MAX_KEYS} keys leads nowhere")));
    }
    let entries = match &mut value.data {
        Data::Map(entries) => entries,
        Data::Seq(items) => {
            return items.iter_mut().try_for_each(|item| visit(item, path, create, origin, f));
        }
        Data::Scalar { .. } => {
            return Err((at, format!("`{key}` is looked for in what is no map or list")));
        }
    };
    if key.is_empty() && create.is_some() {
        return Err((at, "a field without a name cannot be made".to_owned()));
    }
    let (name, is_list) = key.strip_suffix("[]").map_or((key.as_ref(), false), |n| (n, true));
    let made = match create {
        // A list is never made, but a null where one must be becomes one, as the real filter has it.
        _ if is_list => None,
        Some(last) => Some(if rest.is_empty() { last } else { Created::Map }),
        _ => None,
    };
    let found = entries.iter().position(|entry| entry.key == name);
    let entry = match (found, made) {
        (Some(at), _) => entries.get_mut(at),
        (None, None) => None,
        (None, Some(made)) => {
            let key = key.clone();
            entries.push(Entry {
                key,
                key_origin: origin,
                value: Value { data: made.data(), origin },
            });
            entries.last_mut()
        }
    };
    let Some(entry) = entry else { return Ok(()) };
    if entry.value.is_null() {
        match made.or(is_list.then_some(Created::Seq)) {
            Some(made) => entry.value = Value { data: made.data(), origin },
            None => return Ok(()),
        }
    }
    visit(&mut entry.value, rest, create, origin, f)
}

/// Sets pairs of labels or annotations at every field of the specs that hold for the object.
///
/// A pair's value becomes a string with the origin of the pair's value; a key that is there keeps
/// its own place. What is made on the way to the pairs gets the place of the first pair's key.
///
/// # Errors
/// A field that is no map.
pub fn set_pairs<'t>(
    value: &mut Value<'t>,
    id: &Id,
    specs: &[FieldSpec],
    pairs: &[Entry<'t>],
) -> Result<(), Failure> {
    let Some(first) = pairs.first() else { return Ok(()) };
    for spec in specs.iter().filter(|spec| spec.selects(id)) {
        let create = spec.create.then_some(Created::Map);
        let mut wrong = None;
        visit(value, &spec.path, create, first.key_origin, &mut |map| {
            if !map.is_map() {
                wrong.get_or_insert((
                    map.origin.span,
                    format!("`{}` is no map that a pair could be set in", spec.path.join(".")),
                ));
            }
            for pair in pairs {
                let text = match &pair.value.data {
                    Data::Scalar { text, .. } => text.clone(),
                    Data::Map(_) | Data::Seq(_) => Cow::Borrowed(""),
                };
                let value = Value::string(text, pair.value.origin);
                map.set(pair.key.clone(), pair.key_origin, value);
            }
        })?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::yaml::{Tree, Writer};

    use super::*;
    use crate::source::SourceId;

    const HERE: Origin = Origin::new(Span { source: SourceId(7), start: 1, end: 2 }, Writer::Label);

    fn with<T>(text: &str, f: impl FnOnce(&mut Value<'_>) -> T) -> T {
        let tree = Tree::parse(text, SourceId(0));
        let root = tree.documents().next().expect("a document").1;
        f(&mut Value::of(root, Writer::Resource))
    }

    /// Values met at a path, and the whole after they were set to `new`.
    fn met(text: &str, path: &str, create: Option<Created>, after: &str) -> Vec<String> {
        let mut met = Vec::new();
        with(text, |value| {
            let path = split_path(path.to_owned());
            visit(value, &path, create, HERE, &mut |v| {
                met.push(v.text().to_owned());
                *v = Value::string("new", HERE);
            })
            .expect("a path that can be gone");
            with(after, |wanted| assert!(value.means(wanted), "{value:?}"));
        });
        met
    }

    #[test]
    fn paths_go_through_lists() {
        assert_eq!(
            met("a: [{b: 1}, {c: 3}, {b: 2}]", "a/b", None, "a: [{b: new}, {c: 3}, {b: new}]"),
            ["1", "2"]
        );
        assert_eq!(met("a: [{b: 1}]", "a[]/b", None, "a: [{b: new}]"), ["1"]);
    }

    #[test]
    fn maps_are_made_and_lists_never() {
        let scalar = Some(Created::Scalar);
        assert_eq!(met("a: {}", "a/b/c", scalar, "a: {b: {c: new}}"), [""]);
        assert_eq!(met("a: ~", "a/b", scalar, "a: {b: new}"), [""]);
        assert_eq!(met("a: ~", "a/b", None, "a: ~"), [""; 0]);
        assert_eq!(met("a: {}", "a/b[]/c", scalar, "a: {}"), [""; 0]);
        assert_eq!(met("a: {b: ~}", "a/b[]/c", None, "a: {b: []}"), [""; 0]);
        assert_eq!(met("a: {}", "a/b", None, "a: {}"), [""; 0]);
    }

    #[test]
    fn a_scalar_in_the_middle_is_an_error() {
        let failed = with("a: text", |value| {
            visit(value, &split_path("a/b"), Some(Created::Map), HERE, &mut |_| ()).is_err()
        });
        assert!(failed);
    }

    #[test]
    fn slashes_are_escaped() {
        assert_eq!(split_path(r"a/b\/c/d"), ["a", "b/c", "d"]);
        assert_eq!(split_path(r"a\/b\/c"), ["a/b/c"]);
        assert_eq!(split_path("a/b[]"), ["a", "b[]"]);
    }

    #[test]
    fn pairs_are_strings_and_keep_the_place_of_keys_that_are_there() {
        let trees = ["{team: 12, on: 'yes'}", "{metadata: {labels: {team: a}}}"]
            .map(|text| Tree::parse(text, SourceId(0)));
        let [pairs, mut value] = [0, 1].map(|n: usize| {
            let root = trees[n].documents().next().expect("a document").1;
            Value::of(root, Writer::Resource)
        });
        let specs = [FieldSpec::any("metadata/labels", true)];
        let place = |value: &Value<'_>| {
            let labels = value.at(&["metadata", "labels"]).expect("labels");
            labels.entry("team").map(|entry| entry.key_origin)
        };
        let before = place(&value);
        let id = Id::of(&value);
        set_pairs(&mut value, &id, &specs, pairs.entries()).expect("a map");
        let labels = value.at(&["metadata", "labels"]).expect("labels");
        assert_eq!(labels.get("team").and_then(Value::as_str), Some("12"));
        assert_eq!(labels.get("true").and_then(Value::as_str), Some("yes"));
        assert_eq!(place(&value), before);
    }
}
