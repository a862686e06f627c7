//! Floating-point numbers as Go writes them.

/// The shortest decimal digits that read back as the same number, and the power of ten of the
/// first one.
fn digits(value: f64) -> (String, i32) {
    let value = value.abs();
    let mut text = format!("{value:e}");
    // Of two that are as short and as near, Go takes the even one.
    let count = text.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    let even = format!("{value:.*e}", count.saturating_sub(1));
    if even != text && even.parse() == Ok(value) {
        text = even;
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// Go's `'e'` with the shortest digits: `1.5e+06`; at least two digits in the exponent.
fn scientific(value: f64) -> String {
    let (digits, exponent) = digits(value);
    let (first, rest) = digits.split_at(digits.len().min(1));
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let point = if rest.is_empty() { "" } else { "." };
    let power = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{first}{point}{rest}e{power}{:02}", exponent.unsigned_abs())
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 64)`: `8080`, `1e+06`, `0.25`, `+Inf`.
pub(crate) fn shortest(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (_, exponent) = digits(value);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        return scientific(value);
    }
    plain(value)
}

/// Without an exponent.
pub(crate) fn plain(value: f64) -> String {
    let (digits, exponent) = digits(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let Ok(whole) = usize::try_from(exponent + 1) else {
        let zeros = "0".repeat(usize::try_from(-1 - exponent).unwrap_or(0));
        return format!("{sign}0.{zeros}{digits}");
    };
    match digits.split_at_checked(whole) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some(("", fraction)) => format!("{sign}0.{fraction}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits}{}", "0".repeat(whole - digits.len())),
    }
}

/// As Go's JSON encoder writes it; `None` for what JSON has no number for.
pub(crate) fn json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // The exponent has no leading zero here: `1e-7`.
        let text = scientific(value);
        return Some(match text.split_once("e-0") {
            Some((mantissa, exponent)) => format!("{mantissa}e-{exponent}"),
            None => text,
        });
    }
    Some(plain(value))
}
