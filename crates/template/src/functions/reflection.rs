//! What values are: kinds, types, equality.

use std::cmp::Ordering;
use std::rc::Rc;

use super::args::{MAX_DEPTH, any, fixed, str, too_deep, too_much};
use crate::error::Result;
use crate::function::{
    Call, Function,
    Param::{Any, Text as Str},
};
use crate::value::{Data, Object, Val};

pub(super) static TABLE: &[Function] = &[
    fixed("typeOf", &[Any], |_, args| Ok(Val::text(any(args, 0)?.type_name()))),
    fixed("typeIs", &[Str, Any], |_, args| {
        Ok(Val::bool(str(args, 0)? == any(args, 1)?.type_name()))
    }),
    fixed("typeIsLike", &[Str, Any], |_, args| {
        let (target, name) = (str(args, 0)?, any(args, 1)?.type_name());
        Ok(Val::bool(target == name || name.strip_prefix('*') == Some(target)))
    }),
    fixed("kindOf", &[Any], |_, args| Ok(Val::text(kind(any(args, 0)?)))),
    fixed("kindIs", &[Str, Any], |_, args| Ok(Val::bool(str(args, 0)? == kind(any(args, 1)?)))),
    fixed("deepEqual", &[Any, Any], |call, args| {
        Ok(Val::bool(equal(call, any(args, 0)?, any(args, 1)?)?))
    }),
];

/// Go's kind of a value.
pub(super) fn kind(value: &Val) -> &'static str {
    let Data::Object(object) = &value.data else { return value.kind_name() };
    match object.plain() {
        _ if object.type_name().starts_with('*') => "ptr",
        Some(plain) if matches!(plain.data, Data::Map(_) | Data::List(_) | Data::Int64(_)) => {
            plain.kind_name()
        }
        _ => "struct",
    }
}

/// Pairs of values that one comparison may look at.
const MAX_PAIRS: u64 = 4_000_000;

/// Go's `reflect.DeepEqual`: numbers of different types are never equal.
pub(super) fn equal(call: &mut Call<'_>, a: &Val, b: &Val) -> Result<bool> {
    let mut pairs = 0;
    let equal = equal_at(call, a, b, 0, &mut pairs);
    *call.cost += pairs / 4;
    equal
}

fn equal_at(call: &Call<'_>, a: &Val, b: &Val, depth: usize, pairs: &mut u64) -> Result<bool> {
    *pairs += 1;
    if depth > MAX_DEPTH {
        return Err(too_deep(call));
    }
    if *pairs > MAX_PAIRS {
        return Err(too_much(format!("`{}` compares values that are too large", call.name)));
    }
    Ok(match (&a.data, &b.data) {
        (Data::Nil, Data::Nil) => true,
        (Data::Bool(a), Data::Bool(b)) => a == b,
        (Data::Int(a), Data::Int(b)) | (Data::Int64(a), Data::Int64(b)) => a == b,
        (Data::Float(a), Data::Float(b)) => a.partial_cmp(b).is_some_and(Ordering::is_eq),
        (Data::Text(a), Data::Text(b)) => a == b,
        (Data::List(a), Data::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            if Rc::ptr_eq(a, b) {
                return Ok(true);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal_at(call, a, b, depth + 1, pairs)? {
                    return Ok(false);
                }
            }
            true
        }
        (Data::Map(a), Data::Map(b)) => {
            if a.is_same(b) {
                return Ok(true);
            }
            let (a, b) = (a.entries(), b.entries());
            if a.len() != b.len() {
                return Ok(false);
            }
            for ((key, slot), (other_key, other)) in a.iter().zip(&b) {
                if key != other_key || !equal_at(call, &slot.value, &other.value, depth + 1, pairs)?
                {
                    return Ok(false);
                }
            }
            true
        }
        (Data::Object(a), Data::Object(b)) => {
            Rc::ptr_eq(a, b) || same_type(&**a, &**b) && a.print() == b.print()
        }
        _ => false,
    })
}

fn same_type(a: &dyn Object, b: &dyn Object) -> bool {
    a.type_name() == b.type_name()
}
