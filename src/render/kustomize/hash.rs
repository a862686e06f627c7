//! The suffix that tells one content of a generated object from another.

use std::fmt::Write as _;

use kubeready_manifest::yaml::{Data, Scalar, Value};
use sha2::{Digest as _, Sha256};

/// The ten characters that kustomize appends to the name of a generated object.
pub(super) fn suffix(object: &Value<'_>) -> String {
    let digest = Sha256::digest(encoded(object));
    let mut text = String::with_capacity(10);
    for byte in digest.iter().take(5) {
        let _ = write!(text, "{byte:02x}");
    }
    // Vowels and digits that look like letters make no words.
    text.chars()
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect()
}

/// What is hashed: JSON with sorted keys and, by a quirk of the real tool, an empty name.
fn encoded(object: &Value<'_>) -> String {
    let mut out = String::new();
    let part = |out: &mut String, key: &str| match object.get(key) {
        Some(value) if !value.is_null() => json(value, out),
        _ => out.push_str("\"\""),
    };
    match object.get("kind").map_or("", Value::text) {
        "ConfigMap" => {
            out.push('{');
            if object.get("binaryData").is_some_and(|data| !data.is_null()) {
                out.push_str("\"binaryData\":");
                part(&mut out, "binaryData");
                out.push(',');
            }
            out.push_str("\"data\":");
            part(&mut out, "data");
            out.push_str(",\"kind\":\"ConfigMap\",\"name\":\"\"}");
        }
        "Secret" => {
            out.push_str("{\"data\":");
            part(&mut out, "data");
            out.push_str(",\"kind\":\"Secret\",\"name\":\"\"");
            if object.get("stringData").is_some_and(|data| !data.is_null()) {
                out.push_str(",\"stringData\":");
                part(&mut out, "stringData");
            }
            out.push_str(",\"type\":");
            part(&mut out, "type");
            out.push('}');
        }
        _ => json(object, &mut out),
    }
    out
}

/// JSON as Go writes it: keys sorted, `<`, `>` and `&` escaped.
fn json(value: &Value<'_>, out: &mut String) {
    match &value.data {
        Data::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            out.push('{');
            for (at, entry) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                string(&entry.key, out);
                out.push(':');
                json(&entry.value, out);
            }
            out.push('}');
        }
        Data::Seq(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                json(item, out);
            }
            out.push(']');
        }
        Data::Scalar { .. } => match value.scalar() {
            Some(Scalar::Null) | None => out.push_str("null"),
            Some(Scalar::Bool(value)) => out.push_str(if value { "true" } else { "false" }),
            Some(Scalar::Int(value)) => {
                let _ = write!(out, "{value}");
            }
            Some(Scalar::UInt(value)) => {
                let _ = write!(out, "{value}");
            }
            Some(Scalar::Float(value)) => {
                let _ = write!(out, "{value}");
            }
            Some(Scalar::Str(text)) => string(text, out),
        },
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
