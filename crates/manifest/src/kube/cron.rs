//! Cron schedules in the dialect of Kubernetes' CronJob controller (robfig/cron, standard parser).

use std::fmt;

/// A parsed schedule: which minutes, hours, days, months and weekdays fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether day or weekday is `*`: else a day fires when either matches.
    days_any: bool,
    weekdays_any: bool,
    /// `@every`: seconds between two runs.
    every: Option<u64>,
}

/// Why a schedule does not parse, or cannot fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronError(pub String);

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CronError {}

struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", low: 0, high: 59, names: &[] },
    Field { name: "hour", low: 0, high: 23, names: &[] },
    Field { name: "day of month", low: 1, high: 31, names: &[] },
    Field { name: "month", low: 1, high: 12, names: MONTHS },
    Field { name: "day of week", low: 0, high: 6, names: WEEKDAYS },
];

impl Cron {
    /// Parses five fields or a descriptor such as `@daily`; a `TZ=` or `CRON_TZ=` prefix is skipped.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let mut text = text.trim();
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            text = text.split_once(' ').map_or("", |(_, rest)| rest.trim());
        }
        if text.is_empty() {
            return Err(CronError("the schedule is empty".into()));
        }
        if let Some(name) = text.strip_prefix('@') {
            return Self::descriptor(name);
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        if parts.len() != 5 {
            return Err(CronError(format!("it has {} fields, not 5", parts.len())));
        }
        let mut bits = [0u64; 5];
        for ((bits, part), field) in bits.iter_mut().zip(&parts).zip(&FIELDS) {
            *bits = field.parse(part)?;
        }
        let any = |part: &str| part.starts_with(['*', '?']);
        let cron = Self {
            minutes: bits[0],
            hours: bits[1],
            days: bits[2],
            months: bits[3],
            weekdays: bits[4],
            days_any: any(parts[2]),
            weekdays_any: any(parts[4]),
            every: None,
        };
        if !cron.can_fire() {
            return Err(CronError("no such date exists, so it never fires".into()));
        }
        Ok(cron)
    }

    fn descriptor(name: &str) -> Result<Self, CronError> {
        if let Some(duration) = name.strip_prefix("every ") {
            let seconds = go_duration(duration.trim())
                .ok_or_else(|| CronError(format!("`{duration}` is no duration such as `1h30m`")))?;
            let mut cron = Self::parse("* * * * *")?;
            cron.every = Some(seconds.max(1));
            return Ok(cron);
        }
        Self::parse(match name {
            "yearly" | "annually" => "0 0 1 1 *",
            "monthly" => "0 0 1 * *",
            "weekly" => "0 0 * * 0",
            "daily" | "midnight" => "0 0 * * *",
            "hourly" => "0 * * * *",
            _ => return Err(CronError(format!("`@{name}` is no schedule that Kubernetes knows"))),
        })
    }

    fn can_fire(&self) -> bool {
        if !self.weekdays_any || self.days_any {
            return true;
        }
        (1..=12u32).any(|month| {
            let longest = match month {
                2 => 29,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            self.months >> month & 1 == 1 && (1..=longest).any(|day| self.days >> day & 1 == 1)
        })
    }

    /// Seconds of the longest time between two runs, over a year and a half of days.
    pub fn longest_gap_seconds(&self) -> u64 {
        if let Some(seconds) = self.every {
            return seconds;
        }
        let mut last: Option<u64> = None;
        let mut longest = 0;
        // From a Monday, 1 January, over 560 days of common years: every weekday meets every date.
        let (mut month, mut day) = (1u32, 1u32);
        for number in 0..560u64 {
            let weekday = (number + 1) % 7;
            if self.fires_on(month, day, weekday as u32) {
                for hour in (0..24u64).filter(|h| self.hours >> h & 1 == 1) {
                    for minute in (0..60u64).filter(|m| self.minutes >> m & 1 == 1) {
                        let now = number * 86_400 + hour * 3600 + minute * 60;
                        longest = longest.max(last.map_or(0, |before| now - before));
                        last = Some(now);
                    }
                }
            }
            let length = match month {
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (day, month) = (1, month % 12 + 1);
            }
        }
        // Once in the window, or never (29 February): a year or more.
        if longest == 0 { 366 * 86_400 } else { longest }
    }

    fn fires_on(&self, month: u32, day: u32, weekday: u32) -> bool {
        let by_day = self.days >> day & 1 == 1;
        let by_weekday = self.weekdays >> weekday & 1 == 1;
        let day_fires = if self.days_any || self.weekdays_any {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        };
        self.months >> month & 1 == 1 && day_fires
    }
}

impl Field {
    fn parse(&self, text: &str) -> Result<u64, CronError> {
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    fn part(&self, text: &str) -> Result<u64, CronError> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => {
                let step: u32 =
                    step.parse().ok().filter(|&s| s > 0).ok_or_else(|| {
                        CronError(format!("`{text}` has no step above 0 behind `/`"))
                    })?;
                (range, Some(step))
            }
            None => (text, None),
        };
        let (low, high) = if matches!(range, "*" | "?") {
            (self.low, self.high)
        } else if let Some((low, high)) = range.split_once('-') {
            (self.value(low)?, self.value(high)?)
        } else {
            let value = self.value(range)?;
            // `5/15` means from 5 on.
            (value, if step.is_some() { self.high } else { value })
        };
        if low > high {
            return Err(CronError(format!("`{range}` runs backwards for the {}", self.name)));
        }
        Ok((low..=high).step_by(step.unwrap_or(1) as usize).fold(0, |bits, v| bits | 1 << v))
    }

    fn value(&self, text: &str) -> Result<u32, CronError> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = self.names.iter().position(|name| *name == lower) {
            return Ok(at as u32 + self.low);
        }
        let value: u32 =
            text.parse().map_err(|_| CronError(format!("`{text}` is no {}", self.name)))?;
        if value < self.low || value > self.high {
            return Err(CronError(format!(
                "`{value}` is out of range for the {} ({} to {})",
                self.name, self.low, self.high
            )));
        }
        Ok(value)
    }
}

/// Whole seconds of a Go duration such as `1h30m`; `None` if it is none.
fn go_duration(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&at| at > 0)?;
        let value: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units = [
            ("ms", 1e-3),
            ("us", 1e-6),
            ("µs", 1e-6),
            ("ns", 1e-9),
            ("h", 3600.0),
            ("m", 60.0),
            ("s", 1.0),
        ];
        let (unit, factor) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        seconds += value * factor;
        rest = &rest[unit.len()..];
    }
    Some(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_that_kubernetes_takes() {
        for good in [
            "*/5 * * * *",
            "0 2 * * 1-5",
            "0 0 1 JAN *",
            "@daily",
            "@every 1h30m",
            "5/15 * * * *",
            "0,30 8-18/2 * * mon,wed",
            "TZ=UTC 0 1 * * *",
            "0 0 31 * *",
            "0 0 ? * *",
        ] {
            assert!(Cron::parse(good).is_ok(), "{good}: {:?}", Cron::parse(good));
        }
    }

    #[test]
    fn schedules_that_kubernetes_refuses_or_that_never_fire() {
        for bad in [
            "61 * * * *",
            "* * * *",
            "* * * * * *",
            "a b c d e",
            "0 0 0 * *",
            "0 0 31 2 *",
            "@reboot",
            "5-1 * * * *",
            "*/0 * * * *",
            "0 0 * * 7",
            "",
            "@every soon",
            "1.5 * * * *",
            "0 0 L * *",
        ] {
            assert!(Cron::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_longest_gap() {
        let hours = |text| Cron::parse(text).map(|c| c.longest_gap_seconds() / 3600);
        assert_eq!(hours("0 2 * * *"), Ok(24));
        assert_eq!(hours("0 */6 * * *"), Ok(6));
        assert_eq!(hours("0 2 * * 1-5"), Ok(72));
        assert_eq!(hours("0 0 * * 0"), Ok(168));
        assert_eq!(hours("@every 36h"), Ok(36));
        assert_eq!(hours("0 8,20 * * *"), Ok(12));
    }
}
