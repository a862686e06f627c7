//! Functions on maps. `set`, `unset` and the merges change the map that they are given.

use std::rc::Rc;

use super::args::{
    MAX_DEPTH, any, as_map, fits_items, fixed, map, rest, str, text, too_deep, too_much, variadic,
};
use super::printed;
use super::reflection::kind;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Any, Map as Dict, Text as Str},
};
use crate::map::{Map, Slot};
use crate::value::{Data, Val, ValueOrigin};

pub(super) static TABLE: &[Function] = &[
    variadic("dict", &[Any], dict),
    fixed("get", &[Dict, Str], |_, args| {
        let key = str(args, 1)?;
        let found = map(args, 0)?.get(key);
        Ok(found.unwrap_or_else(|| unwritten(any(args, 0).ok(), None, &[key], Val::text(""))))
    }),
    fixed("set", &[Dict, Str, Any], |_, args| {
        if any(args, 0)?.is_nil() {
            return Err(Error::execution("assignment to entry in nil map"));
        }
        map(args, 0)?.set(str(args, 1)?, any(args, 2)?.clone());
        Ok(any(args, 0)?.clone())
    }),
    fixed("unset", &[Dict, Str], |_, args| {
        map(args, 0)?.remove(str(args, 1)?);
        Ok(any(args, 0)?.clone())
    }),
    fixed("hasKey", &[Dict, Str], |_, args| Ok(Val::bool(map(args, 0)?.has(str(args, 1)?)))),
    variadic("pluck", &[Str, Dict], |_, args| {
        let key = str(args, 0)?;
        let mut found = Vec::new();
        for value in rest(args, 1) {
            found.extend(as_map(value)?.get(key));
        }
        Ok(Val::list(found))
    }),
    variadic("keys", &[Dict], keys),
    fixed("values", &[Dict], |call, args| {
        let map = map(args, 0)?;
        fits_items(call, map.len())?;
        Ok(Val::list(map.entries().into_iter().map(|(_, slot)| slot.value).collect()))
    }),
    variadic("pick", &[Dict, Str], |_, args| {
        let (map, picked) = (map(args, 0)?, Map::new());
        for at in 1..args.len() {
            let key = text(args, at)?.as_str();
            if let Some(slot) = map.slot(key) {
                picked.set_slot(key, slot);
            }
        }
        Ok(Val::map(picked))
    }),
    variadic("omit", &[Dict, Str], |_, args| {
        let left = map(args, 0)?.shallow();
        for at in 1..args.len() {
            left.remove(str(args, at)?);
        }
        Ok(Val::map(left))
    }),
    variadic("merge", &[Dict, Dict], |call, args| merged(call, args, false)),
    variadic("mustMerge", &[Dict, Dict], |call, args| merged(call, args, false)),
    variadic("mergeOverwrite", &[Dict, Dict], |call, args| merged(call, args, true)),
    variadic("mustMergeOverwrite", &[Dict, Dict], |call, args| merged(call, args, true)),
    fixed("deepCopy", &[Any], |call, args| copied(call, any(args, 0)?)),
    fixed("mustDeepCopy", &[Any], |call, args| copied(call, any(args, 0)?)),
    variadic("dig", &[Any], dig),
];

fn dict(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    fits_items(call, args.len())?;
    let map = Map::new();
    for pair in args.chunks(2) {
        let [key, value @ ..] = pair else { continue };
        let key = printed::print(key)?;
        map.set(key.as_str(), value.first().cloned().unwrap_or_else(|| Val::text("")));
    }
    Ok(Val::map(map))
}

/// Keys in order, map after map; the real ones come in any order.
fn keys(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let mut all = Vec::new();
    for value in args {
        for (key, slot) in as_map(value)?.entries() {
            let mut name = Val::text(crate::text::Text::plain(key));
            name.origin = slot.key;
            all.push(name);
        }
        fits_items(call, all.len())?;
    }
    Ok(Val::list(all))
}

/// What stands in for a value that no values file has, with the place where it could be written.
fn unwritten(
    map: Option<&Val>,
    key: Option<&Rc<ValueOrigin>>,
    names: &[&str],
    mut instead: Val,
) -> Val {
    if instead.origin.is_none()
        && let Some(origin) = map.and_then(|map| map.origin.as_deref())
    {
        let path = names.iter().fold(origin.path.clone(), |path, name| path.key(*name));
        let span = key.map_or(origin.span, |key| key.span);
        instead.origin = Some(Rc::new(ValueOrigin { path, span, content: None, written: false }));
    }
    instead
}

fn dig(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let [names @ .., default, map] = args else {
        return Err(Error::execution("dig needs at least three arguments"));
    };
    if names.is_empty() {
        return Err(Error::execution("dig needs at least three arguments"));
    }
    let mut keys = Vec::with_capacity(names.len());
    for name in names {
        let wrong = || format!("dig takes keys of type string, not {}", name.type_name());
        keys.push(name.as_str().ok_or_else(|| Error::execution(wrong()))?);
    }
    let mut here = map.clone();
    let mut place = None;
    for (at, key) in keys.iter().enumerate() {
        let wrong = || {
            let before = keys.get(..at).unwrap_or_default().join(".");
            let got = kind(&here);
            Error::execution(format!("dig finds a {got} at `{before}` where it needs a map"))
        };
        let level = match &here.data {
            Data::Nil => return Err(wrong()),
            _ => as_map(&here).map_err(|_| wrong())?,
        };
        let Some(slot) = level.slot(key) else {
            let missing = keys.get(at..).unwrap_or_default();
            return Ok(unwritten(Some(&here), place.as_ref(), missing, default.clone()));
        };
        place = slot.key;
        here = slot.value;
    }
    Ok(here)
}

/// Values that one merge or copy may touch.
const MAX_TOUCHED: u64 = 1_000_000;

fn touch(call: &Call<'_>, touched: &mut u64, depth: usize) -> Result<()> {
    *touched += 1;
    if depth > MAX_DEPTH {
        return Err(too_deep(call));
    }
    if *touched > MAX_TOUCHED {
        return Err(too_much(format!("`{}` of more than {MAX_TOUCHED} values", call.name)));
    }
    Ok(())
}

fn merged(call: &mut Call<'_>, args: &[Val], overwrite: bool) -> Result<Val> {
    let into = map(args, 0)?;
    let mut touched = 0;
    for value in rest(args, 1) {
        merge(call, &into, &as_map(value)?, overwrite, 0, &mut touched)?;
    }
    *call.cost += touched / 2;
    let mut result = Val::map(into);
    if let Some(first) = args.first() {
        result.origin.clone_from(&first.origin);
    }
    Ok(result)
}

/// What is not in `into`, or empty there, comes from `from`; with `overwrite` all of it, empty or
/// not. Maps that both have are merged in place; what is taken over is shared, not copied.
fn merge(
    call: &Call<'_>,
    into: &Map,
    from: &Map,
    overwrite: bool,
    depth: usize,
    touched: &mut u64,
) -> Result<()> {
    if into.is_same(from) {
        return Ok(());
    }
    for (key, slot) in from.entries() {
        touch(call, touched, depth)?;
        let old = into.slot(&key);
        let take = match (&slot.value.data, old.as_ref().map(|old| &old.value)) {
            (Data::Nil, _) => overwrite,
            (Data::Map(new), Some(Val { data: Data::Map(old), .. })) => {
                merge(call, old, new, overwrite, depth + 1, touched)?;
                old.is_empty()
            }
            (_, None) => true,
            (_, Some(old)) => overwrite || is_zero(old),
        };
        if take {
            put(into, key, slot, old);
        }
    }
    Ok(())
}

/// Puts a value in, with the place of the key where the value comes from.
fn put(into: &Map, key: Rc<str>, new: Slot, old: Option<Slot>) {
    let place = new.key.or_else(|| old.and_then(|old| old.key));
    into.set_slot(key, Slot { value: new.value, key: place });
}

/// The zero of its type, as merging sees it.
fn is_zero(value: &Val) -> bool {
    !matches!(value.data, Data::Object(_)) && !value.is_true()
}

fn copied(call: &mut Call<'_>, value: &Val) -> Result<Val> {
    if value.is_nil() {
        return Err(Error::execution("nil cannot be copied"));
    }
    let mut touched = 0;
    let copy = copy(call, value, 0, &mut touched);
    *call.cost += touched / 2;
    copy
}

fn copy(call: &Call<'_>, value: &Val, depth: usize, touched: &mut u64) -> Result<Val> {
    touch(call, touched, depth)?;
    let data = match &value.data {
        Data::List(list) => {
            let items = list.iter().map(|item| copy(call, item, depth + 1, touched));
            Data::List(Rc::new(items.collect::<Result<_>>()?))
        }
        Data::Map(map) => {
            let made = Map::new();
            for (key, slot) in map.entries() {
                let value = copy(call, &slot.value, depth + 1, touched)?;
                made.set_slot(key, Slot { value, key: slot.key });
            }
            Data::Map(made)
        }
        other => other.clone(),
    };
    Ok(Val { data, origin: value.origin.clone(), made_up: value.made_up })
}
