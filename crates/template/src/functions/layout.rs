//! Dates as texts, by Go's layouts: how 2006-01-02 15:04:05 would be written.

use super::dates::Time;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A time on calendar and clock; months and days count from 1, weekdays from Sunday as 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) year_day: i64,
    week_day: i64,
}

/// Days from 1970 to a date; days beyond the end of a month run on into the next.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era.saturating_mul(146_097).saturating_add(of_era - 719_468)
}

impl Civil {
    pub(super) fn of(time: &Time) -> Self {
        let local = time.seconds.saturating_add(time.offset.into());
        let (day, second) = (local.div_euclid(86400), local.rem_euclid(86400));
        let shifted = day.saturating_add(719_468);
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = (shifted_month + 2) % 12 + 1;
        let year = year + era.saturating_mul(400) + i64::from(month <= 2);
        Self {
            year,
            month,
            day: of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            year_day: day - days(year, 1, 1) + 1,
            week_day: (day + 4).rem_euclid(7),
        }
    }

    pub(super) fn time(&self, nanos: u32, offset: i32) -> Time {
        let seconds = days(self.year, self.month, self.day).saturating_mul(86400);
        let clock = self.hour * 3600 + self.minute * 60 + self.second - i64::from(offset);
        Time { seconds: seconds.saturating_add(clock), nanos, offset }
    }
}

/// Parts of a layout that stand for a part of a time; of two that fit the first counts.
const PARTS: &[&str] = &[
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "2006",
    "__2",
    "_2",
    "15",
    "-07:00:00",
    "-070000",
    "-07:00",
    "-0700",
    "-07",
    "Z07:00:00",
    "Z070000",
    "Z07:00",
    "Z0700",
    "Z07",
    "PM",
    "pm",
    "1",
    "2",
    "3",
    "4",
    "5",
];

/// Cuts the next part off: the text before it, the part, and what is behind it.
fn next_part(layout: &str) -> Option<(&str, &str, &str)> {
    for (at, _) in layout.char_indices() {
        let rest = layout.get(at..)?;
        if rest.starts_with("_2006") {
            // The underscore is literal before a year.
            return Some((layout.get(..=at)?, rest.get(1..5)?, rest.get(5..)?));
        }
        if let Some(fraction) = fraction(rest) {
            let (part, behind) = rest.split_at_checked(fraction)?;
            return Some((layout.get(..at)?, part, behind));
        }
        let part = PARTS.iter().find(|part| {
            rest.starts_with(**part)
                && match **part {
                    "Jan" | "Mon" => {
                        let next = rest.as_bytes().get(3);
                        !next.is_some_and(u8::is_ascii_lowercase)
                    }
                    "2" => !rest.starts_with("2006"),
                    _ => true,
                }
        });
        if let Some(part) = part {
            return Some((layout.get(..at)?, part, rest.get(part.len()..)?));
        }
    }
    None
}

/// The length of `.000` or `,999`, if that is what comes, and no digit behind it.
fn fraction(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['.', ','])?;
    let kind = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.len() - digits.trim_start_matches(kind).len();
    let behind = digits.as_bytes().get(count);
    (!behind.is_some_and(u8::is_ascii_digit)).then_some(count + 1)
}

pub(super) fn print(time: &Time, layout: &str) -> String {
    let civil = Civil::of(time);
    let mut made = String::new();
    let mut rest = layout;
    while let Some((before, part, behind)) = next_part(rest) {
        made.push_str(before);
        made.push_str(&printed(time, &civil, part));
        rest = behind;
    }
    made.push_str(rest);
    made
}

fn name(names: &'static [&'static str], at: i64) -> &'static str {
    names.get(at as usize).copied().unwrap_or("")
}

fn printed(time: &Time, civil: &Civil, part: &str) -> String {
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let half = match civil.hour % 12 {
        0 => 12,
        hour => hour,
    };
    match part {
        "January" => name(&MONTHS, civil.month - 1).to_owned(),
        "Jan" => short(name(&MONTHS, civil.month - 1)),
        "Monday" => name(&DAYS, civil.week_day).to_owned(),
        "Mon" => short(name(&DAYS, civil.week_day)),
        "2006" => format!("{:04}", civil.year),
        "06" => format!("{:02}", civil.year.rem_euclid(100)),
        "01" => format!("{:02}", civil.month),
        "1" => civil.month.to_string(),
        "02" => format!("{:02}", civil.day),
        "_2" => format!("{:2}", civil.day),
        "2" => civil.day.to_string(),
        "002" => format!("{:03}", civil.year_day),
        "__2" => format!("{:3}", civil.year_day),
        "15" => format!("{:02}", civil.hour),
        "03" => format!("{half:02}"),
        "3" => half.to_string(),
        "04" => format!("{:02}", civil.minute),
        "4" => civil.minute.to_string(),
        "05" => format!("{:02}", civil.second),
        "5" => civil.second.to_string(),
        "PM" => if civil.hour < 12 { "AM" } else { "PM" }.to_owned(),
        "pm" => if civil.hour < 12 { "am" } else { "pm" }.to_owned(),
        "MST" if time.offset == 0 => "UTC".to_owned(),
        "MST" => zone(time.offset, "-0700"),
        _ if part.starts_with('Z') && time.offset == 0 => "Z".to_owned(),
        _ if part.starts_with(['Z', '-']) => zone(time.offset, part),
        fraction => {
            let (mark, digits) = fraction.split_at_checked(1).unwrap_or((fraction, ""));
            let all = format!("{:09}", time.nanos);
            let shown = all.get(..digits.len().min(9)).unwrap_or(&all);
            let trimmed = shown.trim_end_matches('0');
            match (digits.starts_with('9'), trimmed.is_empty()) {
                (true, true) => String::new(),
                (true, false) => format!("{mark}{trimmed}"),
                (false, _) => format!("{mark}{shown}"),
            }
        }
    }
}

/// An offset as `-07:00` and its kin write it.
fn zone(offset: i32, part: &str) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) =
        (offset.abs() / 3600, offset.abs() / 60 % 60, offset.abs() % 60);
    let colon = if part.contains(':') { ":" } else { "" };
    match part.bytes().filter(u8::is_ascii_digit).count() {
        2 => format!("{sign}{hours:02}"),
        4 => format!("{sign}{hours:02}{colon}{minutes:02}"),
        _ => format!("{sign}{hours:02}{colon}{minutes:02}{colon}{seconds:02}"),
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    offset: i32,
}

/// A text read by a layout; `None` if it is not written like that.
pub(super) fn parse(layout: &str, text: &str) -> Option<Time> {
    let mut read = Read::default();
    let (mut layout, mut text) = (layout, text);
    while let Some((before, part, behind)) = next_part(layout) {
        text = literal(text, before)?;
        text = read.part(part, text, behind)?;
        layout = behind;
    }
    if !literal(text, layout)?.is_empty() {
        return None;
    }
    read.time()
}

/// Cuts literal text off; a run of blanks matches any run of blanks.
fn literal<'t>(mut text: &'t str, mut expected: &str) -> Option<&'t str> {
    while let Some(c) = expected.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            (expected, text) = (expected.trim_start_matches(' '), text.trim_start_matches(' '));
            continue;
        }
        text = text.strip_prefix(c)?;
        expected = expected.get(c.len_utf8()..)?;
    }
    Some(text)
}

/// Cuts a number off, of at least and at most so many digits.
fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(count)?;
    if count < least { None } else { Some((digits.parse().ok()?, rest)) }
}

fn lookup<'t>(names: &[&str], text: &'t str, length: usize) -> Option<(i64, &'t str)> {
    names.iter().zip(0..).find_map(|(name, at)| {
        let name = name.get(..length.min(name.len()))?;
        let (start, rest) = text.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some((at, rest))
    })
}

impl Read {
    fn part<'t>(&mut self, part: &str, text: &'t str, behind: &str) -> Option<&'t str> {
        let (number, rest) = match part {
            "January" | "Jan" => {
                let length = if part == "Jan" { 3 } else { usize::MAX };
                let (at, rest) = lookup(&MONTHS, text, length)?;
                (at + 1, rest)
            }
            "Monday" => lookup(&DAYS, text, usize::MAX)?,
            "Mon" => lookup(&DAYS, text, 3)?,
            "2006" => number(text, 4, 4)?,
            "06" | "01" | "02" | "03" | "04" | "05" | "15" => number(text, 2, 2)?,
            "002" => number(text, 3, 3)?,
            "__2" => number(text.trim_start_matches(' '), 1, 3)?,
            "_2" => number(text.strip_prefix(' ').unwrap_or(text), 1, 2)?,
            "1" | "2" | "3" | "4" | "5" => number(text, 1, 2)?,
            "PM" | "pm" => {
                let (at, rest) = lookup(&["AM", "PM"], text, 2)?;
                self.afternoon = Some(at == 1);
                return Some(rest);
            }
            "MST" => return named_zone(text),
            _ if part.starts_with(['Z', '-']) => return self.zone(part, text),
            fraction if fraction.contains('9') => {
                let digit = text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
                let follows = digit && text.starts_with(['.', ',']);
                return if follows { self.fraction(text, None) } else { Some(text) };
            }
            fraction => return self.fraction(text, Some(fraction.len() - 1)),
        };
        let bounded = |low: i64, high: i64| (low..=high).contains(&number).then_some(number);
        match part {
            "January" | "Jan" | "01" | "1" => self.month = Some(bounded(1, 12)?),
            "2006" => self.year = Some(number),
            "06" => self.year = Some(if number >= 69 { number + 1900 } else { number + 2000 }),
            "02" | "_2" | "2" => self.day = Some(bounded(1, 31)?),
            "002" | "__2" => self.year_day = Some(bounded(1, 366)?),
            "15" => self.hour = bounded(0, 23)?,
            "03" | "3" => self.hour = bounded(0, 12)?,
            "04" | "4" => self.minute = bounded(0, 59)?,
            "05" | "5" => {
                self.second = bounded(0, 59)?;
                // A fraction may follow even if the layout has none.
                if rest.starts_with(['.', ','])
                    && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
                    && fraction(behind).is_none()
                {
                    return self.fraction(rest, None);
                }
            }
            _ => {}
        }
        Some(rest)
    }

    fn fraction<'t>(&mut self, text: &'t str, digits: Option<usize>) -> Option<&'t str> {
        let rest = text.strip_prefix(['.', ','])?;
        let there = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count = digits.unwrap_or(there);
        let (shown, rest) = rest.split_at_checked(count)?;
        if count == 0 || there < count {
            return None;
        }
        self.nanos = format!("{shown:0<9}").get(..9)?.parse().ok()?;
        Some(rest)
    }

    fn zone<'t>(&mut self, part: &str, text: &'t str) -> Option<&'t str> {
        if part.starts_with('Z')
            && let Some(rest) = text.strip_prefix('Z')
        {
            return Some(rest);
        }
        let negative = text.starts_with('-');
        let mut rest = text.strip_prefix(['+', '-'])?;
        let pairs = part.bytes().filter(u8::is_ascii_digit).count() / 2;
        let mut units = [0; 3];
        for (at, unit) in units.iter_mut().take(pairs).enumerate() {
            if at > 0 && part.contains(':') {
                rest = rest.strip_prefix(':')?;
            }
            (*unit, rest) = number(rest, 2, 2)?;
        }
        let [hours, minutes, seconds] = units;
        let offset = (hours * 3600 + minutes * 60 + seconds) as i32;
        self.offset = if negative { -offset } else { offset };
        Some(rest)
    }

    fn time(self) -> Option<Time> {
        let year = self.year.unwrap_or(0);
        let (mut month, mut day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let mut hour = self.hour;
        match self.afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if let (Some(of_year), None, None) = (self.year_day, self.month, self.day) {
            if of_year == 366 && !leap {
                return None;
            }
            (month, day) = (1, of_year);
        } else {
            let most = match month {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            if day > most {
                return None;
            }
        }
        let civil = Civil {
            year,
            month,
            day,
            hour,
            minute: self.minute,
            second: self.second,
            year_day: 0,
            week_day: 0,
        };
        Some(civil.time(self.nanos, self.offset))
    }
}

/// Cuts the name of a zone off; all are taken for UTC, as Go does where it does not know them.
fn named_zone(text: &str) -> Option<&str> {
    let count = text.bytes().take(5).take_while(u8::is_ascii_uppercase).count();
    if count < 3 { None } else { text.get(count..) }
}
