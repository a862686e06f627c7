//! What a scalar means to Kubernetes: the rules of the YAML reader in front of its API server.
//!
//! Plain `yes`, `on`, `0755` and friends follow YAML 1.1, as `sigs.k8s.io/yaml` does.

use super::tree::Style;

/// A scalar's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'t> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    UInt(u64),
    Float(f64),
    Str(&'t str),
}

impl Scalar<'_> {
    /// The name of its type, as an error message says it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Scalar::Null => "null",
            Scalar::Bool(_) => "a boolean",
            Scalar::Int(_) | Scalar::UInt(_) => "an integer",
            Scalar::Float(_) => "a number",
            Scalar::Str(_) => "a string",
        }
    }
}

/// Resolves a scalar by its text, style and tag.
pub fn resolve<'t>(text: &'t str, style: Style, tag: Option<&str>) -> Scalar<'t> {
    if style != Style::Plain || tag.is_some_and(|t| t.ends_with("str") || t == "!") {
        return Scalar::Str(text);
    }
    plain(text)
}

/// Resolves a plain scalar without a tag.
pub fn plain(text: &str) -> Scalar<'_> {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    match first {
        b'~' if text.len() == 1 => Scalar::Null,
        // The first letters of the words below: most words are none of them.
        b'n' | b'N' | b'y' | b'Y' | b'o' | b'O' | b't' | b'T' | b'f' | b'F' if text.len() <= 5 => {
            word(text)
        }
        b'1'..=b'9' if text.len() <= 18 && text.bytes().all(|c| c.is_ascii_digit()) => {
            let value = text.bytes().fold(0, |sum, c| sum * 10 + i64::from(c - b'0'));
            Scalar::Int(value)
        }
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        _ => Scalar::Str(text),
    }
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Scalar::Bool(false)
        }
        _ => Scalar::Str(text),
    }
}

fn number(text: &str) -> Scalar<'_> {
    if !text.bytes().all(|byte| NUMERIC[usize::from(byte)]) {
        return match text {
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
            _ => Scalar::Str(text),
        };
    }
    let without_underscores;
    let digits = if text.contains('_') {
        without_underscores = text.replace('_', "");
        without_underscores.as_str()
    } else {
        text
    };
    integer(digits)
        .or_else(|| is_float(digits).then(|| digits.parse().ok().map(Scalar::Float)).flatten())
        .unwrap_or(Scalar::Str(text))
}

/// The bytes that a number with digits may hold.
const NUMERIC: [bool; 256] = {
    let mut numeric = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        numeric[byte as usize] = byte.is_ascii_hexdigit()
            || matches!(byte, b'_' | b'+' | b'-' | b'.' | b'x' | b'X' | b'o' | b'O' | b'p' | b'P');
        byte += 1;
    }
    numeric
};

/// As Go's `strconv.ParseInt(text, 0, 64)`: sign, then `0x`, `0o`, `0b`, a leading 0 for octal.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.as_bytes().get(..2).map(|p| [p[0], p[1] | 0x20]);
    let (radix, body) = match lower {
        Some([b'0', b'x']) => (16, &unsigned[2..]),
        Some([b'0', b'o']) => (8, &unsigned[2..]),
        Some([b'0', b'b']) => (2, &unsigned[2..]),
        Some([b'0', _]) if unsigned.bytes().all(|c| c.is_ascii_digit()) => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if body.is_empty() || body.starts_with(['+', '-']) {
        return None;
    }
    let value = u64::from_str_radix(body, radix).ok()?;
    match (negative, i64::try_from(value)) {
        (false, Ok(value)) => Some(Scalar::Int(value)),
        (true, Ok(value)) => Some(Scalar::Int(-value)),
        (true, Err(_)) if value == 1 << 63 => Some(Scalar::Int(i64::MIN)),
        (true, Err(_)) => None,
        (false, Err(_)) if text.starts_with('+') => None,
        (false, Err(_)) => Some(Scalar::UInt(value)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    fn digits(bytes: &[u8]) -> usize {
        bytes.iter().take_while(|c| c.is_ascii_digit()).count()
    }
    let mut rest = text.as_bytes();
    if let [b'+' | b'-', tail @ ..] = rest {
        rest = tail;
    }
    let whole = digits(rest);
    rest = &rest[whole..];
    if let [b'.', tail @ ..] = rest {
        let fraction = digits(tail);
        if whole + fraction == 0 {
            return false;
        }
        rest = &tail[fraction..];
    } else if whole == 0 {
        return false;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let tail = if let [b'+' | b'-', t @ ..] = tail { t } else { tail };
        return digits(tail) > 0 && digits(tail) == tail.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_kubernetes_reads() {
        use Scalar::{Bool, Float, Int, Null, Str, UInt};
        let table = [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("on", Bool(true)),
            ("No", Bool(false)),
            ("nO", Str("nO")),
            ("0755", Int(493)),
            ("0o17", Int(15)),
            ("0x1F", Int(31)),
            ("0b101", Int(5)),
            ("1_000", Int(1000)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("18446744073709551615", UInt(u64::MAX)),
            ("089", Float(89.0)),
            ("1.", Float(1.0)),
            (".5", Float(0.5)),
            ("1e3", Float(1000.0)),
            ("1.2.3", Str("1.2.3")),
            ("500m", Str("500m")),
            ("-", Str("-")),
            (".", Str(".")),
            ("1.5Gi", Str("1.5Gi")),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
