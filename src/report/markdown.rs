//! Markdown of rule pages for a terminal: headings, lists, code; no more than the pages use.

use std::fmt::Write as _;

use super::Style;
use super::pretty::Paint;

/// Renders Markdown as text of the given width.
pub fn to_terminal(markdown: &str, style: Style) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    let mut after_code = false;
    let paint = Paint(style.color);
    for line in markdown.lines() {
        // Text right below code would look like a part of it.
        if std::mem::take(&mut after_code) && !line.trim().is_empty() {
            out.push('\n');
        }
        if let Some(info) = line.strip_prefix("```") {
            flush(&mut paragraph, style, &mut out);
            fenced = !fenced;
            after_code = !fenced;
            if let Some((_, path)) = info.split_once("file=").filter(|_| fenced) {
                let path = path.split_whitespace().next().unwrap_or(path);
                let _ = writeln!(out, "    {}", paint.dim(&format!("# {path}")));
            }
        } else if fenced {
            let _ = writeln!(out, "    {}", code_line(line, paint));
        } else if line.starts_with('#') {
            flush(&mut paragraph, style, &mut out);
            let _ = writeln!(out, "{}", paint.bold(line.trim_start_matches('#').trim()));
        } else if line.trim().is_empty() {
            flush(&mut paragraph, style, &mut out);
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else if line.starts_with("- ") || line.starts_with('|') {
            flush(&mut paragraph, style, &mut out);
            paragraph.push_str(line);
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, style, &mut out);
    out
}

fn code_line(line: &str, paint: Paint) -> String {
    match line.split_once("# <- here") {
        Some((code, rest)) => {
            format!("{}{}", paint.code(code), paint.bold(&format!("# <- here{rest}")))
        }
        None if line.is_empty() => String::new(),
        None => paint.code(line).into_owned(),
    }
}

fn flush(paragraph: &mut String, style: Style, out: &mut String) {
    if paragraph.is_empty() {
        return;
    }
    let bullet = if style.unicode { "  • " } else { "  - " };
    let (head, indent, text) = match paragraph.strip_prefix("- ") {
        Some(text) => (bullet, "    ", text),
        None => ("", "", paragraph.as_str()),
    };
    let options = textwrap::Options::new(style.width.clamp(30, 100))
        .initial_indent(head)
        .subsequent_indent(indent)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    for line in textwrap::wrap(&links(text), options) {
        out.push_str(&inline(&line, style.color));
        out.push('\n');
    }
    paragraph.clear();
}

/// `[text](address)` as `text <address>`.
fn links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let after = &rest[open + 1..];
        let parts = after.split_once("](").and_then(|(name, tail)| {
            let (address, tail) = tail.split_once(')')?;
            (!name.contains('[')).then_some((name, address, tail))
        });
        out.push_str(&rest[..open]);
        if let Some((name, address, tail)) = parts {
            let _ = write!(out, "{name} <{address}>");
            rest = tail;
        } else {
            out.push('[');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Colours `code`; without colours the backticks stay, they are readable.
fn inline(line: &str, color: bool) -> String {
    if !color || line.matches('`').count() % 2 == 1 {
        return line.to_owned();
    }
    let paint = Paint(true);
    let parts = line.split('`').enumerate();
    parts.map(|(at, text)| if at % 2 == 1 { paint.code(text) } else { text.into() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "A *first* paragraph\nwith `code`.\n\n## Why\n- one [link](https://a.b/c)\n  \
                        goes on\n- two\n\n```yaml\na: 1 # <- here\n```\n";

    #[test]
    fn plain() {
        let text = to_terminal(PAGE, Style::PLAIN);
        assert_eq!(
            text,
            "A *first* paragraph with `code`.\n\nWhy\n  • one link <https://a.b/c> goes on\n  \
             • two\n\n    a: 1 # <- here\n"
        );
    }

    #[test]
    fn coloured() {
        let text = to_terminal(PAGE, Style { color: true, unicode: false, width: 60 });
        assert!(text.contains("\u{1b}[1mWhy\u{1b}[0m"), "{text:?}");
        assert!(text.contains("\u{1b}[36mcode\u{1b}[0m"), "{text:?}");
        assert!(text.contains("  - two"), "{text:?}");
    }
}
