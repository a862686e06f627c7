//! Numbers and quoted strings as Go prints them.

/// Rust's `1e6` and `1.5e-7` as Go has them: `1e+06`, `1.5e-07`.
pub(super) fn exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{size:0>2}")
}

/// `%g`: the shortest digits that read back as the number, or so many, with an exponent where it is
/// small or large.
pub(super) fn general(value: f64, precision: Option<usize>, upper: bool) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = match precision {
        None => format!("{value:e}"),
        Some(digits) => format!("{value:.*e}", digits.max(1) - 1),
    };
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let trimmed = if precision.is_some() && digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    let most = match precision {
        None => 6,
        Some(digits) => {
            let (digits, shown) =
                (i32::try_from(digits.max(1)).unwrap_or(i32::MAX), digits_of(trimmed));
            if digits > shown && shown > power { shown } else { digits }
        }
    };
    let text = if power < -4 || power >= most {
        exponent(&format!("{trimmed}e{power}"))
    } else if precision.is_none() {
        format!("{value}")
    } else {
        let places = (digits_of(trimmed) - 1 - power).max(0) as usize;
        format!("{value:.places$}")
    };
    if upper { text.to_uppercase() } else { text }
}

fn digits_of(text: &str) -> i32 {
    i32::try_from(text.bytes().filter(u8::is_ascii_digit).count()).unwrap_or(i32::MAX)
}

/// Go's `strconv.Quote`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if is_printed(c) => out.push(c),
            c if u32::from(c) < 0x80 => escape(&mut out, 'x', c, 2),
            c if u32::from(c) < 0x1_0000 => escape(&mut out, 'u', c, 4),
            c => escape(&mut out, 'U', c, 8),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, letter: char, c: char, digits: usize) {
    let code = format!("\\{letter}{:0digits$x}", u32::from(c));
    out.push_str(&code);
}

/// Go's idea of what can be printed: no controls, and no blanks but the space.
pub(crate) fn is_printed(c: char) -> bool {
    c == ' '
        || !(c.is_control()
            || c.is_whitespace()
            || matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f
                | 0xe000..=0xf8ff | 0xfeff | 0xfff9..=0xfffb | 0xfffe | 0xffff | 0xe0000..=0x10_ffff))
}
