//! What counts as empty, and what stands in for it.

use std::rc::Rc;

use super::args::{any, boolean, fixed, list, rest, variadic};
use crate::error::Result;
use crate::function::{
    Function,
    Param::{Any, Bool},
};
use crate::text::TextBuilder;
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] = &[
    variadic("default", &[Any, Any], |_, args| {
        let fallback = any(args, 0)?;
        Ok(match args.get(1) {
            Some(given) if !is_empty(given) => given.clone(),
            Some(given) => instead(fallback, given),
            None => fallback.clone(),
        })
    }),
    fixed("empty", &[Any], |_, args| Ok(Val::bool(is_empty(any(args, 0)?)))),
    variadic("coalesce", &[Any], |_, args| {
        Ok(args.iter().find(|value| !is_empty(value)).cloned().unwrap_or_default())
    }),
    variadic("all", &[Any], |_, args| Ok(Val::bool(!rest(args, 0).iter().any(is_empty)))),
    variadic("any", &[Any], |_, args| Ok(Val::bool(!rest(args, 0).iter().all(is_empty)))),
    fixed("compact", &[Any], |_, args| compact(args)),
    fixed("mustCompact", &[Any], |_, args| compact(args)),
    fixed("ternary", &[Any, Any, Bool], |_, args| {
        Ok(any(args, usize::from(!boolean(args, 2)?))?.clone())
    }),
    fixed("hello", &[], |_, _| Ok(Val::text("Hello!"))),
];

/// A default in place of a value that no file has: whoever does not want it sets that value.
fn instead(fallback: &Val, given: &Val) -> Val {
    let mut fallback = fallback.clone();
    let Some(unset) = given.origin.as_ref().filter(|origin| !origin.written) else {
        return fallback;
    };
    if fallback.origin.is_some() || fallback.made_up {
        return fallback;
    }
    if let Data::Text(text) = &fallback.data {
        let mut told = TextBuilder::new();
        for (range, origin) in text.runs() {
            let mut origin = origin.clone();
            origin.value.get_or_insert_with(|| Rc::clone(unset));
            told.push(text.as_str().get(range).unwrap_or(""), origin);
        }
        if !told.is_empty() {
            fallback.data = Data::Text(told.finish());
        }
    }
    fallback.origin = Some(Rc::clone(unset));
    fallback
}

/// Zero, nothing, or without content; what has fields never is.
pub(super) fn is_empty(value: &Val) -> bool {
    match &value.data {
        Data::Object(object) => object.plain().is_some_and(|plain| !plain.is_true()),
        _ => !value.is_true(),
    }
}

fn compact(args: &[Val]) -> Result<Val> {
    let list = list(args, 0, "compact on type")?;
    Ok(Val::list(list.iter().filter(|item| !is_empty(item)).cloned().collect()))
}
