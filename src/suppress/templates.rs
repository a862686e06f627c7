//! Comments in the templates of charts: `# kubeready: …`, `{{/* kubeready: … */}}`. A template is
//! no YAML before it is printed, so what a comment covers is told by lines and their indent.

use std::ops::Range;

use super::Dialect;
use super::collect::{Found, Reading};
use super::comments;
use super::directive::{self, Reach};

/// A comment that speaks to us: its bytes, and the text of the directive.
struct Comment<'t> {
    range: Range<usize>,
    text: &'t str,
}

pub(super) fn collect(text: &str, reading: &mut Reading<'_>) {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("kubeready")) {
        let at = from + found;
        from = at + 1;
        let Some(comment) = comment(text, at) else { continue };
        from = from.max(comment.range.end);
        let range = comment.range.start as u32..comment.range.end as u32;
        let span = reading.tree.span(range.clone());
        let Some(read) = comments::directive(comment.text, span, reading) else { continue };
        let covers = match read.reach {
            Reach::Here => below_or_line(text, &comment.range),
            Reach::Document => document(text, at),
            Reach::File => 0..usize::MAX,
        };
        let end = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let found = Found {
            dialect: Dialect::Comment,
            names: read.names.iter().map(|&n| n.to_owned()).collect(),
            rules: Vec::new(),
            reason: read.tail.reason.clone(),
            until: read.tail.until,
            written: range,
            covers: end(covers.start)..end(covers.end),
            resource: None,
        };
        reading.add_own(found, &read.names);
    }
}

/// The comment whose first word stands at a byte, if it speaks to us.
fn comment(text: &str, at: usize) -> Option<Comment<'_>> {
    let before = text.get(..at)?.trim_end();
    let line_end = at + text.get(at..)?.find('\n').unwrap_or(text.len() - at);
    if let Some(open) = before.strip_suffix("/*") {
        let action = open.trim_end().trim_end_matches('-').strip_suffix("{{")?;
        let inner = text.get(at..)?;
        let close = at + inner.find("*/")?;
        let end = text.get(close..)?.find("}}").map_or(close, |end| close + end + 2);
        let text = directive::addressed(text.get(at..close)?)?;
        return Some(Comment { range: action.len()..end, text });
    }
    let hashes = before.trim_end_matches('#');
    let starts = hashes.is_empty() || hashes.ends_with(char::is_whitespace);
    // Above this line is another one: the comment's own mark stands on its line.
    let same_line = text.get(hashes.len()..at).is_some_and(|gap| !gap.contains('\n'));
    if hashes.len() == before.len() || !starts || !same_line {
        return None;
    }
    let text = directive::addressed(text.get(at..line_end)?)?;
    Some(Comment { range: hashes.len()..line_end, text })
}

/// Lines with the bytes they start at.
fn lines(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text.get(from..).unwrap_or("").split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |found| found + 1)
}

/// Its own line, or, for a comment alone on its line, the entry below it.
fn below_or_line(text: &str, comment: &Range<usize>) -> Range<usize> {
    let start = line_start(text, comment.start);
    let rest = text.get(comment.end..).unwrap_or("");
    let end = comment.end + rest.find('\n').map_or(rest.len(), |found| found + 1);
    let blank = |part: Option<&str>| part.is_some_and(|part| part.trim().is_empty());
    let alone = blank(text.get(start..comment.start)) && blank(text.get(comment.end..end));
    if alone { below(text, end) } else { start..end }
}

/// The entry that starts on the first line that says something: the lines that are indented deeper.
fn below(text: &str, from: usize) -> Range<usize> {
    let mut covered: Option<Range<usize>> = None;
    let mut head: Option<&str> = None;
    for (start, line) in lines(text, from) {
        let shown = line.trim();
        let end = start + line.len();
        if shown.is_empty() || shown.starts_with('#') || is_comment(shown) {
            continue;
        }
        let range = covered.get_or_insert(start..end);
        match head {
            // The branch that holds the entry belongs to it.
            None if is_control(shown) => {}
            None => head = Some(line),
            Some(_) if is_control(shown) => continue,
            Some(head) if !is_inside(head, line) => break,
            Some(_) => {}
        }
        range.end = end;
    }
    covered.unwrap_or(from..from)
}

/// Whether a line belongs to the entry that another line starts.
fn is_inside(head: &str, line: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let (own, shown) = (indent(head), line.trim());
    let items = head.trim_end().ends_with(':') && !head.trim_start().starts_with("- ");
    let printed = shown.starts_with("{{")
        && shown.rsplit_once("indent ").is_some_and(|(_, rest)| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().is_ok_and(|to| to > own)
        });
    indent(line) > own || printed || items && indent(line) == own && shown.starts_with("- ")
}

fn is_comment(shown: &str) -> bool {
    let inside = shown.strip_prefix("{{").map(|rest| rest.trim_start_matches('-').trim_start());
    inside.is_some_and(|rest| rest.starts_with("/*"))
}

/// A line of nothing but a branch, a loop, a variable.
fn is_control(shown: &str) -> bool {
    let Some(inside) = shown.strip_prefix("{{").filter(|_| shown.ends_with("}}")) else {
        return false;
    };
    let inside = inside.trim_start_matches('-').trim_start();
    let word = inside.split(|c: char| c.is_whitespace() || c == '}').next().unwrap_or("");
    let words = ["if", "with", "range", "else", "end", "define", "block"];
    words.contains(&word) || word.starts_with('$') && inside.contains('=')
}

/// What stands between the marks of documents around a byte.
fn document(text: &str, at: usize) -> Range<usize> {
    let marks = || lines(text, 0).filter(|(_, line)| line.starts_with("---"));
    let start = marks().take_while(|(start, _)| *start <= at).last();
    let end = marks().find(|(start, _)| *start > at);
    start.map_or(0, |(start, _)| start)..end.map_or(text.len(), |(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(text: &str) -> Option<&str> {
        let found = comment(text, text.find("kubeready")?)?;
        assert_eq!(found.text, "ignore[x] why");
        text.get(below_or_line(text, &found.range))
    }

    #[test]
    fn a_comment_behind_text_covers_its_line() {
        let text = "a: 1\nb: {{ .x }} # kubeready: ignore[x] why\nc: 1\n";
        assert_eq!(covered(text), Some("b: {{ .x }} # kubeready: ignore[x] why\n"));
        let text = "b: {{ .x }} {{- /* kubeready: ignore[x] why */ -}}\nc: 1\n";
        assert_eq!(covered(text), Some("b: {{ .x }} {{- /* kubeready: ignore[x] why */ -}}\n"));
    }

    #[test]
    fn a_comment_alone_covers_the_entry_below_it() {
        let text = "  {{- /* kubeready: ignore[x] why */}}
  {{- with .Values.resources }}
  resources:
{{ toYaml . | indent 4 }}
  {{- end }}
  ports: []
";
        let entry = "  {{- with .Values.resources }}
  resources:
{{ toYaml . | indent 4 }}
";
        assert_eq!(covered(text), Some(entry));
        let text = "# kubeready: ignore[x] why\nlist:\n- a: 1\n  b: 2\nnext: 1\n";
        assert_eq!(covered(text), Some("list:\n- a: 1\n  b: 2\n"));
        let text = "    # kubeready: ignore[x] why\n    - a: 1\n\n      b: 2\n    - c: 1\n";
        assert_eq!(covered(text), Some("    - a: 1\n\n      b: 2\n"));
    }

    #[test]
    fn words_that_are_no_comment_are_left_alone() {
        for text in [
            "image: kubeready: x",
            "a#kubeready: ignore[x]",
            "{{ \"kubeready: x\" }}",
            "#\nkubeready: ignore[x] y",
        ] {
            assert!(comment(text, text.find("kubeready").unwrap_or(0)).is_none(), "{text}");
        }
    }
}
