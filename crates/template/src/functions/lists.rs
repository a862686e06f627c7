//! Functions on lists. None changes the list that it is given.

use rustc_hash::FxHashSet;

use super::args::{any, fits_items, fixed, int, items, list, rest, too_much, variadic};
use super::numbers::to_int;
use super::reflection::equal;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Any, Int},
};
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] = &[
    variadic("list", &[Any], |_, args| Ok(Val::list(args.to_vec()))),
    variadic("tuple", &[Any], |_, args| Ok(Val::list(args.to_vec()))),
    fixed("first", &[Any], first),
    fixed("mustFirst", &[Any], first),
    fixed("last", &[Any], last),
    fixed("mustLast", &[Any], last),
    fixed("rest", &[Any], all_but_first),
    fixed("mustRest", &[Any], all_but_first),
    fixed("initial", &[Any], all_but_last),
    fixed("mustInitial", &[Any], all_but_last),
    fixed("append", &[Any, Any], append),
    fixed("push", &[Any, Any], append),
    fixed("mustAppend", &[Any, Any], append),
    fixed("mustPush", &[Any, Any], append),
    fixed("prepend", &[Any, Any], prepend),
    fixed("mustPrepend", &[Any, Any], prepend),
    variadic("concat", &[Any], concat),
    fixed("reverse", &[Any], reverse),
    fixed("mustReverse", &[Any], reverse),
    fixed("uniq", &[Any], uniq),
    fixed("mustUniq", &[Any], uniq),
    variadic("without", &[Any, Any], without),
    variadic("mustWithout", &[Any, Any], without),
    fixed("has", &[Any, Any], has),
    fixed("mustHas", &[Any, Any], has),
    variadic("slice", &[Any, Any], slice),
    variadic("mustSlice", &[Any, Any], slice),
    fixed("chunk", &[Int, Any], chunk),
    fixed("mustChunk", &[Int, Any], chunk),
];

fn first(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    Ok(list(args, 0, "find first on type")?.first().cloned().unwrap_or_default())
}

fn last(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    Ok(list(args, 0, "find last on type")?.last().cloned().unwrap_or_default())
}

fn all_but_first(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "find rest on type")?;
    fits_items(call, list.len())?;
    if list.is_empty() {
        return Ok(Val::no_list());
    }
    Ok(Val::list(list.iter().skip(1).cloned().collect()))
}

fn all_but_last(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "find initial on type")?;
    fits_items(call, list.len())?;
    if list.is_empty() {
        return Ok(Val::no_list());
    }
    Ok(Val::list(list.iter().take(list.len().saturating_sub(1)).cloned().collect()))
}

fn append(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "push on type")?;
    fits_items(call, list.len() + 1)?;
    let mut items = Vec::with_capacity(list.len() + 1);
    items.extend(list.iter().cloned());
    items.push(any(args, 1)?.clone());
    Ok(Val::list(items))
}

fn prepend(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "prepend on type")?;
    fits_items(call, list.len() + 1)?;
    let mut items = Vec::with_capacity(list.len() + 1);
    items.push(any(args, 1)?.clone());
    items.extend(list.iter().cloned());
    Ok(Val::list(items))
}

fn concat(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let mut all = Vec::new();
    for at in 0..args.len() {
        let list = list(args, at, "concat as list what is of type")?;
        fits_items(call, all.len() + list.len())?;
        all.extend(list.iter().cloned());
    }
    Ok(if all.is_empty() { Val::no_list() } else { Val::list(all) })
}

fn reverse(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "find reverse on type")?;
    fits_items(call, list.len())?;
    Ok(Val::list(list.iter().rev().cloned().collect()))
}

/// What is compared quickly: all but lists, maps and objects.
#[derive(PartialEq, Eq, Hash)]
enum Key<'v> {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Float(u64),
    Text(&'v str),
}

fn key(value: &Val) -> Option<Key<'_>> {
    Some(match &value.data {
        Data::Nil => Key::Nil,
        Data::Bool(value) => Key::Bool(*value),
        Data::Int(value) => Key::Int(*value),
        Data::Int64(value) => Key::Int64(*value),
        // Zero is equal to minus zero.
        Data::Float(value) if !value.is_nan() => Key::Float((value + 0.0).to_bits()),
        Data::Text(text) => Key::Text(text.as_str()),
        _ => return None,
    })
}

/// A set of values that tells whether it holds one.
#[derive(Default)]
struct Known<'v> {
    simple: FxHashSet<Key<'v>>,
    others: Vec<&'v Val>,
}

/// Comparisons of lists and maps that one call may make.
const MAX_COMPARED: usize = 1_000_000;

impl<'v> Known<'v> {
    fn holds(&self, call: &mut Call<'_>, value: &Val, compared: &mut usize) -> Result<bool> {
        if let Some(key) = key(value) {
            return Ok(self.simple.contains(&key));
        }
        for other in &self.others {
            *compared += 1;
            if *compared > MAX_COMPARED {
                return Err(too_much(format!("`{}` compares too many values", call.name)));
            }
            if equal(call, value, other)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add(&mut self, value: &'v Val) {
        match key(value) {
            Some(key) => {
                self.simple.insert(key);
            }
            None => self.others.push(value),
        }
    }
}

fn uniq(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "find uniq on type")?;
    fits_items(call, list.len())?;
    let (mut known, mut compared, mut kept) = (Known::default(), 0, Vec::new());
    for item in list.iter() {
        if !known.holds(call, item, &mut compared)? {
            known.add(item);
            kept.push(item.clone());
        }
    }
    Ok(Val::list(kept))
}

fn without(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "find without on type")?;
    fits_items(call, list.len())?;
    let (mut omitted, mut compared, mut kept) = (Known::default(), 0, Vec::new());
    for value in rest(args, 1) {
        omitted.add(value);
    }
    for item in list.iter() {
        if !omitted.holds(call, item, &mut compared)? {
            kept.push(item.clone());
        }
    }
    Ok(Val::list(kept))
}

fn has(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    if any(args, 1)?.is_nil() {
        return Ok(Val::bool(false));
    }
    let (needle, list) = (any(args, 0)?, list(args, 1, "find has on type")?);
    *call.cost += list.len() as u64 / 4;
    for item in list.iter() {
        if equal(call, needle, item)? {
            return Ok(Val::bool(true));
        }
    }
    Ok(Val::bool(false))
}

fn slice(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let value = any(args, 0)?;
    let Some(list) = items(value) else {
        let kind = super::reflection::kind(value);
        return Err(Error::execution(format!("list should be type of slice or array but {kind}")));
    };
    if list.is_empty() {
        return Ok(Val::nil());
    }
    let start = args.get(1).map_or(0, to_int);
    let end = args.get(2).map_or(i64::try_from(list.len()).unwrap_or(i64::MAX), to_int);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match range.and_then(|(start, end)| list.get(start..end)) {
        Some(part) => {
            fits_items(call, part.len())?;
            Ok(Val::list(part.to_vec()))
        }
        None => Err(Error::execution(format!(
            "items {start} to {end} are not within a list of {} items",
            list.len()
        ))),
    }
}

fn chunk(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let list = list(args, 1, "chunk type")?;
    let size = usize::try_from(int(args, 0)?).ok().filter(|size| *size > 0);
    let Some(size) = size else {
        return Err(Error::execution("the size of chunks must be more than 0"));
    };
    fits_items(call, list.len())?;
    Ok(Val::list(list.chunks(size).map(|chunk| Val::list(chunk.to_vec())).collect()))
}
