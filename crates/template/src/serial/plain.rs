//! Which strings would read as something else if they stood in YAML without quotes.

use kubeready_manifest::yaml::scalar::{Scalar, plain};

use super::time;

/// Whether a reader would take it for a number, a boolean, nothing or a date.
pub(super) fn reads_as_other(text: &str) -> bool {
    if is_sexagesimal(text) || time::is_timestamp(text) || is_signed_binary(text) {
        return true;
    }
    match plain(text) {
        Scalar::Str(_) => false,
        // Numbers beyond all bounds are no numbers to Go.
        Scalar::Float(value) if value.is_infinite() => text.ends_with(['f', 'F']),
        _ => true,
    }
}

/// `0b-101`, which Go takes for a number.
fn is_signed_binary(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("0b") else { return false };
    i64::from_str_radix(&digits.replace('_', ""), 2).is_ok()
}

/// Numbers to the base of 60 as YAML 1.1 has them: `1:30`, `190:20:30.15`.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let first = parts.next().unwrap_or("");
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !digits(first) {
        return false;
    }
    let mut rest: Vec<&str> = parts.collect();
    let Some(last) = rest.last_mut() else { return false };
    if let Some((whole, fraction)) = last.split_once('.') {
        if !digits(fraction) {
            return false;
        }
        *last = whole;
    }
    rest.iter().all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}
