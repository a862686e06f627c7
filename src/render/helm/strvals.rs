//! `--set`: a path such as `servers[0].ports\.named` and a value whose type its text decides.

use std::rc::Rc;

use kubeready_manifest::yaml::NodeRef;
use kubeready_template::{Data, Map, Origin, Path, Slot, Text, Val, ValueOrigin};

use super::values::Places;

/// Lists grow up to this, as in Helm.
const MAX_INDEX: usize = 65_536;

/// Names below names, as in Helm.
const MAX_DEPTH: usize = 30;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

/// Sets a value in a map of values. `string` keeps the text a string whatever it looks like.
///
/// # Errors
/// What Helm fails on, as the end of a sentence.
pub(super) fn set(
    values: &Map,
    path: &str,
    value: NodeRef<'_>,
    string: bool,
    places: &Places<'_>,
) -> Result<(), String> {
    let steps = steps(path)?;
    let mut told = Path::root();
    for step in &steps {
        told = match step {
            Step::Name(name) => told.key(name.as_str()),
            Step::Index(at) => told.index(*at),
        };
    }
    let span = places.span(value);
    let content = places.content(value, span);
    let origin =
        |path: Path, content| Some(Rc::new(ValueOrigin { path, span, content, written: true }));
    let text = value.text();
    let list = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let made = match list {
        Some(inside) => {
            let items = split(inside, ',').into_iter().enumerate().map(|(at, item)| {
                let item = unescaped(&item);
                typed(&item, string, origin(told.index(at), None))
            });
            Val { origin: origin(told.clone(), None), ..Val::list(items.collect()) }
        }
        None => typed(&unescaped(text), string, origin(told, content)),
    };
    place(values, &steps, &made)
}

/// What a text without quotes means here.
fn typed(text: &str, string: bool, origin: Option<Rc<ValueOrigin>>) -> Val {
    let is = |word: &str| !string && text.eq_ignore_ascii_case(word);
    let number = || {
        let starts_right = text == "0" || !text.starts_with('0');
        if !string && starts_right { text.parse::<i64>().ok() } else { None }
    };
    let data = if is("true") {
        Data::Bool(true)
    } else if is("false") {
        Data::Bool(false)
    } else if is("null") {
        Data::Nil
    } else if let Some(number) = number() {
        Data::Int64(number)
    } else {
        let from = origin.clone().map(Origin::of_value).unwrap_or_default();
        Data::Text(Text::of(text, from))
    };
    Val { data, origin, made_up: false }
}

/// Takes a path apart.
fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut name = String::new();
    let mut named = true;
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => name.extend(chars.next()),
            '.' | '[' => {
                if named {
                    steps.push(Step::Name(std::mem::take(&mut name)));
                } else if !name.is_empty() {
                    return Err(format!("`{name}` stands behind an index"));
                }
                named = c == '.';
                if c == '[' {
                    let index: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    let index: usize =
                        index.parse().map_err(|_| format!("`{index}` is no index"))?;
                    if index > MAX_INDEX {
                        return Err(format!("{index} is more than an index may be"));
                    }
                    steps.push(Step::Index(index));
                }
            }
            c => name.push(c),
        }
    }
    match (named, name.is_empty()) {
        (true, true) => return Err("the path names nothing".to_owned()),
        (true, false) => steps.push(Step::Name(name)),
        (false, true) => {}
        (false, false) => return Err(format!("`{name}` stands behind an index")),
    }
    if steps.len() > MAX_DEPTH {
        return Err(format!("the path has more than {MAX_DEPTH} steps"));
    }
    Ok(steps)
}

fn place(map: &Map, steps: &[Step], made: &Val) -> Result<(), String> {
    let Some((Step::Name(name), rest)) = steps.split_first() else {
        return Err("the path does not begin with a name".to_owned());
    };
    let value = inside(map.get(name), rest, made)?;
    let key = made.origin.clone();
    map.set_slot(name.as_str(), Slot { value, key });
    Ok(())
}

/// What an old value becomes once something is set at a path below it.
fn inside(old: Option<Val>, steps: &[Step], made: &Val) -> Result<Val, String> {
    let old = old.filter(|old| !old.is_nil());
    let place_of = |data| Val { data, origin: made.origin.clone(), made_up: false };
    match steps.first() {
        None => Ok(made.clone()),
        Some(Step::Name(name)) => {
            let value = match old {
                Some(value) if value.as_map().is_some() => value,
                Some(_) => return Err(format!("what should hold `{name}` is no map")),
                None => place_of(Data::Map(Map::new())),
            };
            if let Some(map) = value.as_map() {
                place(map, steps, made)?;
            }
            Ok(value)
        }
        Some(Step::Index(index)) => {
            let (mut items, origin) = match old {
                Some(Val { data: Data::List(items), origin, .. }) => (items.to_vec(), origin),
                Some(_) => return Err(format!("what should hold [{index}] is no list")),
                None => (Vec::new(), made.origin.clone()),
            };
            if items.len() <= *index {
                items.resize(index + 1, Val::nil());
            }
            let rest = steps.get(1..).unwrap_or(&[]);
            let at = items.get(*index).cloned();
            if let Some(item) = items.get_mut(*index) {
                *item = inside(at, rest, made)?;
            }
            Ok(Val { origin, ..Val::list(items) })
        }
    }
}

/// Parts between separators that no backslash stands before.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        if c == separator {
            parts.push(String::new());
        } else if let Some(part) = parts.get_mut(last) {
            part.push(c);
            if c == '\\' {
                part.extend(chars.next());
            }
        }
    }
    parts
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' { out.extend(chars.next()) } else { out.push(c) }
    }
    out
}
