//! Numbers: what values are as numbers, and arithmetic on 64 bits that wraps.

use super::args::{any, fits_items, fits_text, fixed, int, rest, str, too_much, variadic};
use super::printed;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Any, Int, Text as Str},
};
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] = &[
    fixed("int", &[Any], |_, args| Ok(Val::int(to_int(any(args, 0)?)))),
    fixed("int64", &[Any], |_, args| Ok(Val::int64(to_int(any(args, 0)?)))),
    fixed("float64", &[Any], |_, args| Ok(Val::float(to_float(any(args, 0)?)))),
    fixed("atoi", &[Str], |_, args| Ok(Val::int(decimal(str(args, 0)?)))),
    fixed("toDecimal", &[Any], |_, args| {
        let text = printed::print(any(args, 0)?)?;
        Ok(Val::int64(digits(text.as_str(), 8).unwrap_or(0)))
    }),
    fixed("add1", &[Any], |_, args| Ok(Val::int64(to_int(any(args, 0)?).wrapping_add(1)))),
    variadic("add", &[Any], |_, args| {
        Ok(Val::int64(args.iter().map(to_int).fold(0, i64::wrapping_add)))
    }),
    fixed("sub", &[Any, Any], |_, args| two(args, |a, b| Some(a.wrapping_sub(b)))),
    fixed("div", &[Any, Any], |_, args| two(args, |a, b| (b != 0).then(|| a.wrapping_div(b)))),
    fixed("mod", &[Any, Any], |_, args| two(args, |a, b| (b != 0).then(|| a.wrapping_rem(b)))),
    variadic("mul", &[Any, Any], |_, args| folded(args, i64::wrapping_mul)),
    variadic("max", &[Any, Any], |_, args| folded(args, i64::max)),
    variadic("biggest", &[Any, Any], |_, args| folded(args, i64::max)),
    variadic("min", &[Any, Any], |_, args| folded(args, i64::min)),
    fixed("until", &[Int], |call, args| {
        let count = int(args, 0)?;
        listed(call, 0, count, if count < 0 { -1 } else { 1 })
    }),
    fixed("untilStep", &[Int, Int, Int], |call, args| {
        listed(call, int(args, 0)?, int(args, 1)?, int(args, 2)?)
    }),
    variadic("seq", &[Int], seq),
    fixed("randInt", &[Int, Int], |_, args| {
        let (low, high) = (int(args, 0)?, int(args, 1)?);
        if high.wrapping_sub(low) <= 0 {
            return Err(Error::execution("invalid argument to Intn: the range is empty"));
        }
        Ok(Val::int(low).made_up())
    }),
];

/// A value as an integer; 0 for what is none.
pub(super) fn to_int(value: &Val) -> i64 {
    match &value.data {
        Data::Int(value) | Data::Int64(value) => *value,
        Data::Float(value) => truncated(*value),
        Data::Bool(value) => i64::from(*value),
        Data::Text(text) => of_literal(without_zeros(text.as_str())).unwrap_or(0),
        _ => 0,
    }
}

/// As the machine does it: what does not fit becomes the least number.
pub(super) fn truncated(value: f64) -> i64 {
    let limit = 9_223_372_036_854_775_808.0;
    if (-limit..limit).contains(&value) { value as i64 } else { i64::MIN }
}

/// `8080.00` without its end.
fn without_zeros(text: &str) -> &str {
    match text.rsplit_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        _ => text,
    }
}

/// An integer as Go's source writes it: `0x1f`, `0o17`, `017`, `0b11`, `1_000`.
fn of_literal(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = text.get(..text.len() - unsigned.len())?;
    let prefix = unsigned.get(..2).map(str::to_ascii_lowercase);
    let (base, number, prefixed) = match prefix.as_deref() {
        Some("0x") => (16, unsigned.get(2..)?, true),
        Some("0b") => (2, unsigned.get(2..)?, true),
        Some("0o") => (8, unsigned.get(2..)?, true),
        Some(_) if unsigned.starts_with('0') => (8, unsigned.get(1..)?, true),
        _ => (10, unsigned, false),
    };
    if !number.contains('_') {
        return digits(&format!("{sign}{number}"), base);
    }
    // An underscore stands between two digits, or behind the prefix.
    let bare = number.strip_prefix('_').filter(|_| prefixed).unwrap_or(number);
    let well = bare.split('_').all(|group| !group.is_empty());
    well.then(|| digits(&format!("{sign}{}", number.replace('_', "")), base)).flatten()
}

/// Digits of a base with a sign or none.
fn digits(text: &str, base: u32) -> Option<i64> {
    i64::from_str_radix(text, base).ok()
}

/// `atoi`: 0 for what is no number, and the nearest for what is too large.
fn decimal(text: &str) -> i64 {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    text.parse().unwrap_or(limit)
}

/// A value as a number; 0 for what is none.
pub(super) fn to_float(value: &Val) -> f64 {
    match &value.data {
        Data::Int(value) | Data::Int64(value) => *value as f64,
        Data::Float(value) => *value,
        Data::Bool(value) => f64::from(u8::from(*value)),
        Data::Text(text) => read_float(text.as_str()).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// A number as Go's `ParseFloat` reads it, but for hexadecimal ones.
pub(super) fn read_float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let named = text.contains(['n', 'N']);
    (number.is_finite() || named).then_some(number)
}

fn two(args: &[Val], compute: fn(i64, i64) -> Option<i64>) -> Result<Val> {
    let result = compute(to_int(any(args, 0)?), to_int(any(args, 1)?));
    result.map(Val::int64).ok_or_else(|| Error::execution("runtime error: integer divide by zero"))
}

fn folded(args: &[Val], compute: fn(i64, i64) -> i64) -> Result<Val> {
    let first = to_int(any(args, 0)?);
    Ok(Val::int64(rest(args, 1).iter().map(to_int).fold(first, compute)))
}

/// Numbers from one to before another.
fn steps(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>> {
    let forward = stop >= start;
    if step == 0 || forward != (step > 0) || start == stop {
        return Ok(Vec::new());
    }
    let distance = start.abs_diff(stop);
    let count = distance.div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).map_err(|_| too_much("more numbers than memory"))?;
    fits_items(call, count)?;
    let numbers = std::iter::successors(Some(start), |at| Some(at.wrapping_add(step)));
    Ok(numbers.take(count).collect())
}

fn listed(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Val> {
    Ok(Val::list(steps(call, start, stop, step)?.into_iter().map(Val::int).collect()))
}

fn seq(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (start, step, end) = match args.len() {
        1 => (1, None, int(args, 0)?),
        2 => (int(args, 0)?, None, int(args, 1)?),
        3 => (int(args, 0)?, Some(int(args, 1)?), int(args, 2)?),
        _ => return Ok(Val::text("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return Ok(Val::text(""));
    }
    let end = end.wrapping_add(direction);
    let numbers = steps(call, start, end, step.unwrap_or(direction))?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    let made = texts.join(" ");
    fits_text(call, made.len())?;
    Ok(Val::text(made))
}
