//! Points in time. The clock stands still: what asks it is made up.

use super::args::{any, fixed, made_up, str};
use super::durations::{self, Duration, duration_of};
use super::layout;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Any, Text as Str},
};
use crate::value::{Data, Object, Val};

/// 2000-01-01T00:00:00Z in seconds since 1970.
const NOW: i64 = 946_684_800;
const TYPE: &str = "time.Time";
/// Seconds from the first day of year 1, Go's zero time, to 1970.
const YEAR_ONE: i64 = -62_135_596_800;

pub(super) static TABLE: &[Function] = &[
    fixed("now", &[], |_, _| Ok(Val::object(Time::at(NOW)).made_up())),
    fixed("date", &[Str, Any], |_, args| format_date(args, str(args, 0)?, any(args, 1)?, "Local")),
    fixed("dateInZone", &[Str, Any, Str], in_zone),
    fixed("date_in_zone", &[Str, Any, Str], in_zone),
    fixed("htmlDate", &[Any], |_, args| format_date(args, "2006-01-02", any(args, 0)?, "Local")),
    fixed("htmlDateInZone", &[Any, Str], |_, args| {
        format_date(args, "2006-01-02", any(args, 0)?, str(args, 1)?)
    }),
    fixed("dateModify", &[Str, Any], modify),
    fixed("date_modify", &[Str, Any], modify),
    fixed("mustDateModify", &[Str, Any], must_modify),
    fixed("must_date_modify", &[Str, Any], must_modify),
    fixed("toDate", &[Str, Str], |_, args| {
        let time = layout::parse(str(args, 0)?, str(args, 1)?);
        Ok(Val::object(time.unwrap_or(Time::at(YEAR_ONE))))
    }),
    fixed("mustToDate", &[Str, Str], |_, args| {
        let (layout, text) = (str(args, 0)?, str(args, 1)?);
        layout::parse(layout, text).map(Val::object).ok_or_else(|| {
            Error::execution(format!("parsing time {text:?} as {layout:?}: cannot parse"))
        })
    }),
    fixed("unixEpoch", &[Any], |_, args| Ok(Val::text(taken(any(args, 0)?)?.seconds.to_string()))),
    fixed("ago", &[Any], |_, args| {
        let time = point(any(args, 0)?).unwrap_or(Time::at(NOW));
        let seconds = NOW.saturating_sub(time.seconds);
        Ok(made_up(durations::print(seconds.saturating_mul(1_000_000_000))))
    }),
];

/// A point in time, with the zone that it is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// Since 1970.
    pub(super) seconds: i64,
    pub(super) nanos: u32,
    /// Seconds east of UTC.
    pub(super) offset: i32,
}

impl Time {
    pub(super) const fn at(seconds: i64) -> Self {
        Self { seconds, nanos: 0, offset: 0 }
    }

    fn added(self, nanos: i64) -> Self {
        let all =
            i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos) + i128::from(nanos);
        let seconds = all.div_euclid(1_000_000_000) as i64;
        Self { seconds, nanos: all.rem_euclid(1_000_000_000) as u32, ..self }
    }

    fn nanos_after(&self, other: &Time) -> i64 {
        let nanos = (i128::from(self.seconds) - i128::from(other.seconds)) * 1_000_000_000
            + i128::from(self.nanos)
            - i128::from(other.nanos);
        nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    fn print_as(&self, layout: &str) -> Val {
        Val::text(layout::print(self, layout))
    }
}

/// Nanoseconds from a point to the clock that stands still.
pub(super) fn since(time: &Time) -> i64 {
    Time::at(NOW).nanos_after(time)
}

/// The point in time that a value of Go's `time.Time` is.
pub(super) fn time_of(value: &Val) -> Option<Time> {
    let Data::Object(object) = &value.data else { return None };
    if object.type_name() != TYPE {
        return None;
    }
    let number = |name: &str| match object.field(name)?.data {
        Data::Int(number) | Data::Int64(number) => Some(number),
        _ => None,
    };
    Some(Time {
        seconds: number("Unix")?,
        nanos: number("Nanosecond")? as u32,
        offset: number(OFFSET)? as i32,
    })
}

/// A field that no template can name.
const OFFSET: &str = "seconds east";

fn taken(value: &Val) -> Result<Time> {
    time_of(value).ok_or_else(|| {
        let got = value.type_name();
        Error::execution(format!("wrong type for value; expected time.Time; got {got}"))
    })
}

/// A time, or a number of seconds since 1970.
fn point(value: &Val) -> Option<Time> {
    match value.data {
        Data::Int(seconds) | Data::Int64(seconds) => Some(Time::at(seconds)),
        _ => time_of(value),
    }
}

/// Zones are not known but for UTC, which is taken for the local one too.
fn format_date(_: &[Val], layout: &str, date: &Val, zone: &str) -> Result<Val> {
    let known = matches!(zone, "" | "UTC" | "Local" | "Etc/UTC" | "GMT" | "Etc/GMT");
    let time = point(date);
    let asked_clock = time.is_none() || date.made_up;
    let time = Time { offset: 0, ..time.unwrap_or(Time::at(NOW)) };
    let text = layout::print(&time, layout);
    if text.len() > super::args::MAX_TEXT {
        return Err(super::args::too_much("the date is too long"));
    }
    Ok(if asked_clock || !known { made_up(text) } else { Val::text(text) })
}

fn in_zone(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    format_date(args, str(args, 0)?, any(args, 1)?, str(args, 2)?)
}

fn modify(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (time, by) = (taken(any(args, 1)?)?, durations::parse(str(args, 0)?));
    Ok(Val::object(by.map_or(time, |by| time.added(by))).from(any(args, 1)?))
}

fn must_modify(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (time, text) = (taken(any(args, 1)?)?, str(args, 0)?);
    let by = durations::parse(text)
        .ok_or_else(|| Error::execution(format!("time: invalid duration {text:?}")))?;
    Ok(Val::object(time.added(by)).from(any(args, 1)?))
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        TYPE
    }

    fn field(&self, name: &str) -> Option<Val> {
        let civil = layout::Civil::of(self);
        let number = |number: i64| Val::int(number);
        Some(match name {
            OFFSET => number(self.offset.into()),
            "Unix" => Val::int64(self.seconds),
            "UnixMilli" => {
                Val::int64(self.seconds.saturating_mul(1000) + i64::from(self.nanos / 1_000_000))
            }
            "UnixMicro" => {
                Val::int64(self.seconds.saturating_mul(1_000_000) + i64::from(self.nanos / 1000))
            }
            "UnixNano" => Val::int64(self.nanos_after(&Time::at(0))),
            "Nanosecond" => number(self.nanos.into()),
            "Year" => number(civil.year),
            "Month" => self.print_as("January"),
            "Day" => number(civil.day),
            "Hour" => number(civil.hour),
            "Minute" => number(civil.minute),
            "Second" => number(civil.second),
            "YearDay" => number(civil.year_day),
            "Weekday" => self.print_as("Monday"),
            "IsZero" => Val::bool(self.seconds == YEAR_ONE && self.nanos == 0),
            "UTC" | "Local" => Val::object(Self { offset: 0, ..*self }),
            "Location" => Val::text("UTC"),
            "String" => Val::text(self.print()),
            _ => return None,
        })
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>> {
        let other = || taken(any(arguments, 0)?);
        Some(match method {
            "Format" => str(arguments, 0).map(|layout| self.print_as(layout)),
            "Add" => {
                any(arguments, 0).and_then(duration_of).map(|nanos| Val::object(self.added(nanos)))
            }
            "AddDate" => self.with_date_added(arguments),
            "Sub" => other().map(|other| Val::object(Duration(self.nanos_after(&other)))),
            "After" => other().map(|other| Val::bool(self.nanos_after(&other) > 0)),
            "Before" => other().map(|other| Val::bool(self.nanos_after(&other) < 0)),
            "Equal" => other().map(|other| Val::bool(self.nanos_after(&other) == 0)),
            _ => return self.field(method).map(Ok),
        })
    }

    fn print(&self) -> String {
        layout::print(self, "2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn plain(&self) -> Option<Val> {
        Some(self.print_as("2006-01-02T15:04:05.999999999Z07:00"))
    }
}

impl Time {
    fn with_date_added(&self, arguments: &[Val]) -> Result<Val> {
        let mut by = [0_i64; 3];
        for (at, by) in by.iter_mut().enumerate() {
            *by = super::args::int(arguments, at)?.clamp(-1_000_000, 1_000_000);
        }
        let [years, months, days] = by;
        let mut civil = layout::Civil::of(self);
        let month = civil.month - 1 + months;
        civil.year += years + month.div_euclid(12);
        civil.month = month.rem_euclid(12) + 1;
        civil.day += days;
        Ok(Val::object(civil.time(self.nanos, self.offset)))
    }
}
