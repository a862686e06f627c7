//! Marks at the ends of a template's lines, which come out at the ends of what is printed.

use std::fmt::Write as _;

/// Letters that nobody uses: before and behind a mark.
const OPEN: &str = " #\u{e000}";
const CLOSE: char = '\u{e001}';

/// A template with a mark, ` #<U+E000>file:line<U+E001>`, behind each line that prints text. Lines
/// within `define` are left alone: what they print may be cut, hashed or used as a name.
pub(super) fn marked(text: &str, file: usize) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut blocks: Vec<bool> = Vec::new();
    let mut rest = text;
    let mut line = 0;
    // Whether the line has printed anything so far, and whether an action eats what follows.
    let (mut prints, mut eaten) = (false, false);
    while !rest.is_empty() {
        let action = rest.find("{{").unwrap_or(rest.len());
        let (literal, behind) = rest.split_at_checked(action).unwrap_or((rest, ""));
        for piece in literal.split_inclusive('\n') {
            let body = piece.trim_end_matches(['\n', '\r']);
            prints |= !body.trim().is_empty();
            eaten &= body.trim().is_empty();
            out.push_str(body);
            if piece.ends_with('\n') {
                let comment = body.trim_start().starts_with(['#', '-']) && body.trim().len() <= 3;
                if prints && !eaten && !comment && blocks.iter().all(|define| !define) {
                    let _ = write!(out, "{OPEN}{file}:{line}{CLOSE}");
                }
                line += 1;
                prints = false;
            }
            out.push_str(piece.get(body.len()..).unwrap_or(""));
        }
        let length = action_length(behind);
        let (action, after) = behind.split_at_checked(length).unwrap_or((behind, ""));
        track(action, &mut blocks);
        line += action.matches('\n').count();
        prints |= is_output(action);
        eaten = action.ends_with("-}}");
        out.push_str(action);
        rest = after;
    }
    out
}

/// Bytes of the action that a text starts with, quotes and comments heeded.
fn action_length(text: &str) -> usize {
    let inside = text.trim_start_matches('{').trim_start_matches('-').trim_start();
    if inside.starts_with("/*") {
        let end = text.find("*/").unwrap_or(text.len());
        let close = text.get(end..).and_then(|rest| rest.find("}}")).map(|at| end + at + 2);
        return close.unwrap_or(text.len());
    }
    let mut quote = None;
    let mut escaped = false;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(b'"' | b'\''), b'\\') => escaped = true,
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'"' | b'`' | b'\'') => quote = Some(*byte),
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return at + 2,
            _ => {}
        }
    }
    text.len()
}

fn word(action: &str) -> &str {
    let inside = action.trim_start_matches('{').trim_start_matches('-').trim_start();
    let end = inside.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inside.len());
    inside.get(..end).unwrap_or("")
}

/// Keeps the blocks that are open; whether each is a definition.
fn track(action: &str, blocks: &mut Vec<bool>) {
    match word(action) {
        "define" | "block" => blocks.push(true),
        "if" | "range" | "with" => blocks.push(false),
        "end" => {
            blocks.pop();
        }
        _ => {}
    }
}

fn is_output(action: &str) -> bool {
    let inside = action.trim_start_matches('{').trim_start_matches('-').trim_start();
    let control = ["define", "block", "if", "range", "with", "end", "else", "break", "continue"];
    let assigns = inside.starts_with('$')
        && inside.split_once('=').is_some_and(|(name, _)| !name.contains(['|', '(']));
    !action.is_empty() && !inside.starts_with("/*") && !control.contains(&word(action)) && !assigns
}

/// A text without its marks.
pub(super) struct Marked {
    pub(super) text: String,
    /// For each line the file and the line, both from 0, that its first mark says.
    pub(super) marks: Vec<Option<(usize, usize)>>,
}

/// Takes marks out of what was printed.
pub(super) fn taken_out(text: &str) -> Marked {
    let mut out = String::with_capacity(text.len());
    let mut marks = Vec::new();
    for line in text.split_inclusive('\n') {
        let mut first = None;
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once(OPEN) {
            out.push_str(before);
            let Some((mark, after)) = behind.split_once(CLOSE) else {
                // Half of one: what cut it off left nothing else of the line.
                rest = if behind.ends_with('\n') { "\n" } else { "" };
                break;
            };
            let said = mark.split_once(':');
            let said = said.and_then(|(f, l)| Some((f.parse().ok()?, l.parse().ok()?)));
            first = first.or(said);
            rest = after;
        }
        out.push_str(rest);
        marks.push(first);
    }
    Marked { text: out, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<usize>> {
        let Marked { text: without, marks } = taken_out(&marked(text, 3));
        assert_eq!(without, text);
        assert!(marks.iter().flatten().all(|(file, _)| *file == 3));
        marks.into_iter().map(|mark| mark.map(|(_, line)| line)).collect()
    }

    #[test]
    fn lines_that_print_are_marked() {
        let text = "a: 1\n{{- if .x }}\nb: {{ .y | default \"}}\" }}\n{{- end }}\n\nc: 2\n";
        assert_eq!(lines(text), [Some(0), None, Some(2), None, None, Some(5)]);
    }

    #[test]
    fn definitions_and_what_is_trimmed_are_left_alone() {
        let text =
            "{{ define \"x\" }}\na: 1\n{{ if 1 }}\nb\n{{ end }}\n{{ end }}\nc: {{ 1 -}}\nd: 1\n";
        assert_eq!(lines(text), [None, None, None, None, None, None, None, Some(7)]);
        let text = "{{- /* a\n}} comment */ -}}\na: 1\n{{ $x := 1 }}\n";
        assert_eq!(lines(text), [None, None, Some(2), None]);
    }
}
