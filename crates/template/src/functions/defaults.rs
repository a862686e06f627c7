//! What counts as empty, and what stands in for it.

use super::args::{any, boolean, fixed, list, rest, variadic};
use crate::error::Result;
use crate::function::{
    Function,
    Param::{Any, Bool},
};
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] = &[
    variadic("default", &[Any, Any], |_, args| {
        let given = args.get(1).filter(|given| !is_empty(given));
        Ok(given.map_or_else(|| any(args, 0), Ok)?.clone())
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
