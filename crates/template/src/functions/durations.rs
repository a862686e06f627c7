//! Lengths of time: Go's `time.Duration`, in nanoseconds.

use super::args::{any, fixed};
use super::dates::time_of;
use super::numbers::{read_float, truncated};
use crate::error::{Error, Result};
use crate::function::{Function, Param::Any};
use crate::value::{Data, Object, Val};

const SECOND: i64 = 1_000_000_000;
const TYPE: &str = "time.Duration";

pub(super) static TABLE: &[Function] = &[
    fixed("duration", &[Any], |_, args| {
        let seconds = match &any(args, 0)?.data {
            Data::Text(text) => text.as_str().parse().unwrap_or(0),
            Data::Int64(seconds) => *seconds,
            _ => 0,
        };
        Ok(Val::text(print(seconds.wrapping_mul(SECOND))))
    }),
    fixed("durationRound", &[Any], |_, args| Ok(rounded(any(args, 0)?))),
    fixed("mustToDuration", &[Any], |_, args| {
        duration_of(any(args, 0)?).map(|nanos| Val::object(Duration(nanos)))
    }),
    fixed("durationNanoseconds", &[Any], |_, args| Ok(Val::int64(nanos(args)?))),
    fixed("durationMicroseconds", &[Any], |_, args| Ok(Val::int64(nanos(args)? / 1000))),
    fixed("durationMilliseconds", &[Any], |_, args| Ok(Val::int64(nanos(args)? / 1_000_000))),
    fixed("durationSeconds", &[Any], |_, args| Ok(Val::float(in_units(nanos(args)?, SECOND)))),
    fixed("durationMinutes", &[Any], |_, args| Ok(Val::float(in_units(nanos(args)?, 60 * SECOND)))),
    fixed("durationHours", &[Any], |_, args| Ok(Val::float(hours(args)?))),
    fixed("durationDays", &[Any], |_, args| Ok(Val::float(hours(args)? / 24.0))),
    fixed("durationWeeks", &[Any], |_, args| Ok(Val::float(hours(args)? / 24.0 / 7.0))),
    fixed("durationRoundTo", &[Any, Any], |_, args| to_multiple(args, round)),
    fixed("durationTruncateTo", &[Any, Any], |_, args| {
        to_multiple(args, |nanos, unit| if unit <= 0 { nanos } else { nanos - nanos % unit })
    }),
];

/// A length of time as a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duration(pub(super) i64);

impl Object for Duration {
    fn type_name(&self) -> &'static str {
        TYPE
    }

    fn field(&self, name: &str) -> Option<Val> {
        Some(match name {
            "Nanoseconds" => Val::int64(self.0),
            "Microseconds" => Val::int64(self.0 / 1000),
            "Milliseconds" => Val::int64(self.0 / 1_000_000),
            "Seconds" => Val::float(in_units(self.0, SECOND)),
            "Minutes" => Val::float(in_units(self.0, 60 * SECOND)),
            "Hours" => Val::float(in_units(self.0, 3600 * SECOND)),
            "Abs" => Val::object(Self(self.0.saturating_abs())),
            "String" => Val::text(print(self.0)),
            _ => return None,
        })
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>> {
        let unit = || match arguments {
            [unit] => duration_of(unit),
            _ => Err(Error::execution(format!("{method} takes one duration"))),
        };
        match method {
            "Round" => Some(unit().map(|unit| Val::object(Self(round(self.0, unit))))),
            "Truncate" => Some(unit().map(|unit| {
                Val::object(Self(if unit <= 0 { self.0 } else { self.0 - self.0 % unit }))
            })),
            _ => self.field(method).map(Ok),
        }
    }

    fn print(&self) -> String {
        print(self.0)
    }

    fn plain(&self) -> Option<Val> {
        Some(Val::int64(self.0))
    }
}

fn in_units(nanos: i64, unit: i64) -> f64 {
    (nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64
}

/// 0 for what is no duration.
fn nanos(args: &[Val]) -> Result<i64> {
    Ok(duration_of(any(args, 0)?).unwrap_or(0))
}

fn hours(args: &[Val]) -> Result<f64> {
    Ok(in_units(nanos(args)?, 3600 * SECOND))
}

fn to_multiple(args: &[Val], change: fn(i64, i64) -> i64) -> Result<Val> {
    let nanos = nanos(args)?;
    let changed = duration_of(any(args, 1)?).map_or(nanos, |unit| change(nanos, unit));
    Ok(Val::object(Duration(changed)))
}

/// To the nearest multiple, halves away from zero.
fn round(nanos: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanos;
    }
    let (nanos, unit) = (i128::from(nanos), i128::from(unit));
    let rest = nanos.abs() % unit;
    let whole = nanos.abs() - rest;
    let rounded = (if rest * 2 < unit { whole } else { whole + unit }) * nanos.signum();
    rounded.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Nanoseconds of a duration, of a text such as `1h30m` or `90`, or of a number of seconds.
pub(super) fn duration_of(value: &Val) -> Result<i64> {
    let from_seconds = |seconds: i64| {
        let overflow = || Error::execution(format!("duration seconds overflow: {seconds}"));
        seconds.checked_mul(SECOND).ok_or_else(overflow)
    };
    let from_float = |seconds: f64| {
        let nanos = seconds * SECOND as f64;
        if !nanos.is_finite() || nanos.abs() > i64::MAX as f64 {
            return Err(Error::execution(format!("duration seconds overflow: {seconds}")));
        }
        Ok(truncated(nanos))
    };
    match &value.data {
        Data::Object(object) if object.type_name() == TYPE => match object.plain() {
            Some(Val { data: Data::Int64(nanos), .. }) => Ok(nanos),
            _ => Err(Error::execution("invalid duration")),
        },
        Data::Text(text) => {
            let text = text.as_str().trim();
            if let Some(nanos) = parse(text) {
                return Ok(nanos);
            }
            let seconds = read_float(text)
                .ok_or_else(|| Error::execution(format!("could not parse duration {text:?}")))?;
            from_float(seconds)
        }
        Data::Int(seconds) | Data::Int64(seconds) => from_seconds(*seconds),
        Data::Float(seconds) => from_float(*seconds),
        Data::Nil => Err(Error::execution("invalid duration")),
        _ => Err(Error::execution(format!("unsupported duration type {}", value.type_name()))),
    }
}

/// `1h30m`, `1.5s`, `-300ms`: numbers with units.
pub(super) fn parse(text: &str) -> Option<i64> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if bare == "0" {
        return Some(0);
    }
    if bare.is_empty() {
        return None;
    }
    let mut nanos = 0_u64;
    let mut rest = bare;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at_checked(end)?;
        let end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(end)?;
        let unit: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?;
        if !fraction.is_empty() {
            let part: f64 = format!("0.{fraction}").parse().ok()?;
            // A hair more, so that `0.3` of a unit is not one nanosecond short.
            nanos = nanos.checked_add((part * unit as f64 + 1e-6) as u64)?;
        }
        rest = behind;
    }
    if text.starts_with('-') {
        0_i64.checked_sub_unsigned(nanos)
    } else {
        i64::try_from(nanos).ok()
    }
}

/// As `1h2m3.5s`.
pub(super) fn print(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let all = nanos.unsigned_abs();
    let fraction = |part: u64, digits: usize| {
        let text = format!("{part:0digits$}");
        let text = text.trim_end_matches('0');
        if text.is_empty() { String::new() } else { format!(".{text}") }
    };
    match all {
        0 => "0s".to_owned(),
        1..1000 => format!("{sign}{all}ns"),
        1000..1_000_000 => format!("{sign}{}{}µs", all / 1000, fraction(all % 1000, 3)),
        1_000_000..1_000_000_000 => {
            format!("{sign}{}{}ms", all / 1_000_000, fraction(all % 1_000_000, 6))
        }
        _ => {
            let (seconds, rest) = (all / 1_000_000_000, fraction(all % 1_000_000_000, 9));
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            match (hours, minutes) {
                (0, 0) => format!("{sign}{seconds}{rest}s"),
                (0, _) => format!("{sign}{minutes}m{seconds}{rest}s"),
                _ => format!("{sign}{hours}h{minutes}m{seconds}{rest}s"),
            }
        }
    }
}

/// To its largest unit, as `3d` or `2mo`.
fn rounded(value: &Val) -> Val {
    let (nanos, clock) = match &value.data {
        Data::Text(text) => (parse(text.as_str()).unwrap_or(0), false),
        Data::Int64(nanos) => (*nanos, false),
        _ => match time_of(value) {
            Some(time) => (super::dates::since(&time), true),
            None => (0, false),
        },
    };
    let all = nanos.unsigned_abs() / SECOND as u64;
    let exact = nanos.unsigned_abs();
    let units =
        [(365 * 86400, "y"), (30 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let unit = units.iter().find(|(unit, _)| exact > unit * SECOND as u64);
    let text = unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", all / unit));
    if clock { super::args::made_up(text) } else { Val::text(text) }
}
