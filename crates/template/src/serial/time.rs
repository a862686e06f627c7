//! What Go's YAML reader takes for a point in time.

/// `2001-1-2`, `2001-01-02 3:4:5.6`, `2001-01-02T03:04:05Z`, `…+01:00`.
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some((year, rest)) = text.split_once('-') else { return false };
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let mut rest = Rest(rest);
    let Some(month @ 1..=12) = rest.number() else { return false };
    if !rest.skip('-') {
        return false;
    }
    let Some(day @ 1..) = rest.number() else { return false };
    let year: u32 = year.parse().unwrap_or(0);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > length {
        return false;
    }
    if rest.0.is_empty() {
        return true;
    }
    if rest.skip('T') || rest.skip('t') {
        return rest.clock() && rest.zone();
    }
    if !rest.skip(' ') {
        return false;
    }
    rest.0 = rest.0.trim_start_matches(' ');
    rest.clock() && rest.0.is_empty()
}

struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn skip(&mut self, c: char) -> bool {
        let behind = self.0.strip_prefix(c);
        self.0 = behind.unwrap_or(self.0);
        behind.is_some()
    }

    /// One digit or two.
    fn number(&mut self) -> Option<u32> {
        let count = self.0.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let (digits, behind) = self.0.split_at_checked(count)?;
        self.0 = behind;
        digits.parse().ok()
    }

    /// Hours, minutes, seconds, and a part of a second if one is written.
    fn clock(&mut self) -> bool {
        let mut part = |limit: u32| self.number().is_some_and(|n| n < limit);
        if !part(24) {
            return false;
        }
        if !self.skip(':') || self.number().is_none_or(|n| n >= 60) {
            return false;
        }
        if !self.skip(':') || self.number().is_none_or(|n| n >= 60) {
            return false;
        }
        if let Some(fraction) = self.0.strip_prefix(['.', ',']) {
            let behind = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if behind.len() < fraction.len() {
                self.0 = behind;
            }
        }
        true
    }

    fn zone(&mut self) -> bool {
        if self.skip('Z') {
            return self.0.is_empty();
        }
        if !self.skip('+') && !self.skip('-') {
            return false;
        }
        let bytes = self.0.as_bytes();
        let two = |at: usize| {
            let pair = bytes.get(at..at + 2)?;
            let digit = |b: u8| b.is_ascii_digit().then(|| u32::from(b - b'0'));
            Some(digit(*pair.first()?)? * 10 + digit(*pair.last()?)?)
        };
        bytes.len() == 5
            && bytes.get(2) == Some(&b':')
            && two(0).is_some_and(|hours| hours <= 24)
            && two(3).is_some_and(|minutes| minutes < 60)
    }
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn dates_are_told_from_what_looks_like_them() {
        for yes in [
            "2001-1-2",
            "2024-02-29",
            "2001-01-02 3:4:5",
            "2001-01-02   03:04:05.678",
            "2001-01-02T03:04:05Z",
            "2001-01-02t03:04:05.5+01:00",
        ] {
            assert!(is_timestamp(yes), "{yes}");
        }
        for no in
            ["2001-13-01", "2023-02-29", "2001-01-02T03:04:05", "201-1-2", "2001-1-2x", "2001-1"]
        {
            assert!(!is_timestamp(no), "{no}");
        }
    }
}
