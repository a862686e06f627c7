//! Rendered documents as YAML text, with the place of each field behind it if asked for.

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{Kind, NodeRef, Scalar};

/// What to write behind a field: its origin, such as `base/web.yaml:12`.
pub type Origins<'o> = &'o dyn Fn(Span) -> String;

/// Writes a document in block style, without the `---` before it.
pub fn print(root: NodeRef<'_>, origins: Option<Origins<'_>>) -> String {
    let mut printer = Printer { out: String::new(), origins };
    match root.kind() {
        Kind::Map if !root.is_empty() => printer.map(root, 0, 0),
        Kind::Seq if !root.is_empty() => printer.seq(root, 0, 0),
        _ => {
            printer.scalar(root, 0);
            printer.end(root);
        }
    }
    printer.out
}

struct Printer<'o> {
    out: String,
    origins: Option<Origins<'o>>,
}

impl Printer<'_> {
    /// `written`: columns of the first line that are there already.
    fn map(&mut self, map: NodeRef<'_>, indent: usize, mut written: usize) {
        for (key, value) in map.entries() {
            self.indent(indent - written.min(indent));
            written = 0;
            self.text(&key.key_text(), key.as_str().is_some());
            self.out.push(':');
            self.value(value, indent, true);
        }
    }

    fn seq(&mut self, seq: NodeRef<'_>, indent: usize, mut written: usize) {
        for item in seq.items() {
            self.indent(indent - written.min(indent));
            written = 0;
            self.out.push('-');
            self.value(item, indent, false);
        }
    }

    /// What stands behind a key's colon or an item's dash.
    fn value(&mut self, value: NodeRef<'_>, indent: usize, of_key: bool) {
        match value.kind() {
            Kind::Map if !value.is_empty() && of_key => {
                self.out.push('\n');
                self.map(value, indent + 2, 0);
            }
            Kind::Map if !value.is_empty() => {
                self.out.push(' ');
                self.map(value, indent + 2, indent + 2);
            }
            // A list stands below its key without an indent of its own, as kubectl prints it.
            Kind::Seq if !value.is_empty() && of_key => {
                self.out.push('\n');
                self.seq(value, indent, 0);
            }
            Kind::Seq if !value.is_empty() => {
                self.out.push(' ');
                self.seq(value, indent + 2, indent + 2);
            }
            _ => {
                self.out.push(' ');
                self.scalar(value, indent + 2);
                self.end(value);
            }
        }
    }

    fn indent(&mut self, columns: usize) {
        const BLANKS: &str = "                                                                ";
        let mut left = columns;
        while left > 0 {
            let step = left.min(BLANKS.len());
            self.out.push_str(BLANKS.get(..step).unwrap_or(BLANKS));
            left -= step;
        }
    }

    fn scalar(&mut self, node: NodeRef<'_>, indent: usize) {
        match node.kind() {
            Kind::Map => self.out.push_str("{}"),
            Kind::Seq => self.out.push_str("[]"),
            Kind::Scalar | Kind::Alias => match node.scalar() {
                Some(Scalar::Null) | None => self.out.push_str("null"),
                Some(Scalar::Bool(value)) => {
                    self.out.push_str(if value { "true" } else { "false" });
                }
                Some(Scalar::Int(value)) => self.out.push_str(&value.to_string()),
                Some(Scalar::UInt(value)) => self.out.push_str(&value.to_string()),
                Some(Scalar::Float(_)) => self.out.push_str(node.text()),
                Some(Scalar::Str(text)) if is_block(text) => self.block(text, indent, node),
                Some(Scalar::Str(text)) => self.text(text, true),
            },
        }
    }

    /// The end of a line, with the field's place.
    fn end(&mut self, node: NodeRef<'_>) {
        if self.out.ends_with('\n') {
            return;
        }
        if let Some(origins) = self.origins {
            self.out.push_str("  # ");
            self.out.push_str(&origins(node.span()));
        }
        self.out.push('\n');
    }

    fn block(&mut self, text: &str, indent: usize, node: NodeRef<'_>) {
        let body = text.trim_end_matches('\n');
        let breaks = text.len() - body.len();
        self.out.push_str(match breaks {
            0 => "|-",
            1 => "|",
            _ => "|+",
        });
        if let Some(origins) = self.origins {
            self.out.push_str("  # ");
            self.out.push_str(&origins(node.span()));
        }
        self.out.push('\n');
        for line in body.split('\n') {
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
    }

    fn text(&mut self, text: &str, is_text: bool) {
        if !is_text || is_plain(text) {
            self.out.push_str(text);
            return;
        }
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                '\r' => self.out.push_str("\\r"),
                c if is_special(c) => {
                    use std::fmt::Write as _;
                    // Writing into a `String` cannot fail.
                    let _ = write!(self.out, "\\u{:04x}", c as u32);
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

/// What YAML does not let stand as it is, or breaks lines at.
fn is_special(c: char) -> bool {
    c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text reads well as a literal block and comes back the same.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.trim_end_matches('\n').is_empty()
        && text.chars().all(|c| c == '\n' || c == '\t' || !is_special(c))
        && !text.lines().any(|line| line.starts_with('\t') || line.trim_end() != line)
}

/// Whether a string needs no quotes in any version of YAML.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.bytes().next() else { return false };
    if first.is_ascii_digit() {
        // Whatever starts like a number may be one to some reader: octals, sexagesimals, dates.
        return is_version_like(text);
    }
    if !first.is_ascii_alphabetic() && !matches!(first, b'/' | b'_' | b'$' | b'(') {
        return false;
    }
    let mut before = first;
    for byte in text.bytes() {
        let inner = byte.is_ascii_alphanumeric() || b"_./-+@=%$~^*&!?<>(),:".contains(&byte);
        if !inner && (byte != b' ' || matches!(before, b' ' | b':')) {
            return false;
        }
        before = byte;
    }
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    !matches!(before, b' ' | b':')
        && (text.len() > 5 || !words.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// Digits and letters that no reader takes for a number: `1.2.3`, `10Gi`, `80m`.
fn is_version_like(text: &str) -> bool {
    let dots = text.bytes().filter(|b| *b == b'.').count();
    let all = |ok: fn(u8) -> bool| text.bytes().all(ok);
    (dots >= 2 && all(|b| b.is_ascii_digit() || b == b'.'))
        || (all(|b| b.is_ascii_alphanumeric())
            && text.ends_with(['i', 'm', 's', 'h', 'M', 'G'])
            && !text.contains(['e', 'E', 'x', 'o']))
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::source::SourceId;
    use kubeready_manifest::yaml::{Tree, Value, Writer};

    use super::print;

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let text = "a: 'yes'\nb: [1, '1', 1.50, '1.2.3', 10Gi, 0x1F, 012, '012', ~, {}, [], [x, [y]]]\n\
                    c: {d: {e: \"x\\ny\\n\"}, f: \"  lead\\nb\", 'on': y, 'k: v': '#no', '1': one}\n\
                    g: \"tab\\tend \"\nh: \"a\\n\\n\"\ni: 'with: colon'\nj: '- dash'\nk: '2001-01-01'\n\
                    l: '1:30'\nm: \"line\\n  indented\\n\\nlast\"\nn: ''\no: '<no>'\np: a, b\nq: '0.5m'\n\
                    r: \"\\0\\x7f\\x85\\u2028\\ufeff\\ufffe\\uffff\\U0001ffff\"\n";
        let tree = Tree::parse(text, SourceId(0));
        let root = tree.documents().next().expect("a document").1;
        let printed = print(root, None);
        let again = Tree::parse(printed.as_str(), SourceId(1));
        assert!(again.errors().is_empty(), "{printed}\n{:?}", again.errors());
        let copy = again.documents().next().expect("a document").1;
        let (a, b) = (Value::of(root, Writer::Resource), Value::of(copy, Writer::Resource));
        assert!(a.means(&b), "{printed}");
        let with = print(root, Some(&|span| format!("x:{}", span.start)));
        let again = Tree::parse(with.as_str(), SourceId(1));
        let copy = again.documents().next().expect("a document").1;
        assert!(a.means(&Value::of(copy, Writer::Resource)), "{with}");
    }
}
