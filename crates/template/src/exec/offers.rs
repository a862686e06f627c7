//! What a part of a template that was not executed would have printed: the keys of a map, and where.

use super::tree::{Node, Place};
use crate::text::Text;

/// What a body would print first: keys of a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// The keys start on a line of their own; otherwise they go on where the output stands.
    pub(super) line: bool,
    /// Blanks before the keys, if they start on a line of their own.
    pub(super) indent: usize,
    pub(super) keys: Vec<String>,
}

/// Stands for what an action prints.
const HOLE: char = '\u{1}';

impl Shape {
    /// Of a body, without the keys that the other branch prints anyway.
    pub(super) fn of(text: &str, body: &[Node], otherwise: Option<&[Node]>) -> Option<Self> {
        let mut printed = String::new();
        flatten(text, body, &mut printed);
        let mut shape = Self::read(&printed)?;
        if let Some(other) = otherwise {
            let mut known = Vec::new();
            keys_below(text, other, &mut known);
            shape.keys.retain(|key| !known.contains(key));
        }
        // A whole document is nothing that a map lacks.
        let document = shape.keys.iter().any(|key| key == "apiVersion" || key == "kind");
        (!document && !shape.keys.is_empty()).then_some(shape)
    }

    fn read(printed: &str) -> Option<Self> {
        let line = printed.starts_with(['\n', '\r'])
            || printed.split_once('\n').is_some_and(|(first, _)| first.trim().is_empty());
        let lines = printed.split('\n').map(|line| line.trim_end_matches('\r'));
        let mut outermost: Option<usize> = None;
        let mut keys = Vec::new();
        for (at, content) in lines.enumerate() {
            let blanks = content.len() - content.trim_start_matches(' ').len();
            let rest = content.get(blanks..).unwrap_or("");
            // A line of only an action is as deep as what that prints.
            if rest.is_empty() || rest.starts_with([HOLE, '#', '\t']) {
                continue;
            }
            let indent = if at == 0 && !line { 0 } else { blanks };
            match outermost {
                Some(known) if indent > known && !(at > 0 && !line) => continue,
                Some(known) if indent == known || (at > 0 && !line) => {}
                _ => {
                    keys.clear();
                    outermost = Some(indent);
                }
            }
            if at > 0 && !line {
                // Deeper or not depends on the column where the first line goes on.
                break;
            }
            if rest.starts_with("- ") || rest == "-" || rest.starts_with("---") {
                return None;
            }
            if let Some(key) = key_of(rest) {
                keys.push(key);
            }
        }
        Some(Self { line, indent: outermost?, keys })
    }
}

fn key_of(line: &str) -> Option<String> {
    let (key, rest) = line.split_once(':')?;
    let plain = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    (plain && (rest.is_empty() || rest.starts_with([' ', HOLE, '\t']))).then(|| key.to_owned())
}

fn slice(text: &str, (start, end): Place) -> &str {
    text.get(start as usize..end as usize).unwrap_or("")
}

fn flatten(text: &str, nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(place) => out.push_str(slice(text, *place)),
            Node::Action(pipe, _) if !pipe.variables.is_empty() => {}
            _ => out.push(HOLE),
        }
    }
}

fn keys_below(text: &str, nodes: &[Node], keys: &mut Vec<String>) {
    for node in nodes {
        match node {
            Node::Text(place) => {
                keys.extend(slice(text, *place).split('\n').filter_map(|line| key_of(line.trim())));
            }
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                keys_below(text, &branch.body, keys);
                keys_below(text, branch.otherwise.as_deref().unwrap_or_default(), keys);
            }
            _ => {}
        }
    }
}

/// Where a place in a text is found again after the text went through functions such as `nindent`
/// that only change the blanks at the starts of its lines: the place, and by how much the lines
/// moved. `None` if the lines are not the same.
pub(super) fn moved(from: &Text, to: &Text, at: usize) -> Option<(usize, isize)> {
    let (from, to) = (from.as_str(), to.as_str());
    if from == to {
        return Some((at, 0));
    }
    let old: Vec<(usize, &str)> = lines(from).collect();
    let new: Vec<(usize, &str)> = lines(to).collect();
    if old.len() != new.len() {
        return None;
    }
    let mut shift: Option<isize> = None;
    for (number, ((_, a), (_, b))) in old.iter().zip(&new).enumerate() {
        if a.trim() != b.trim() {
            return None;
        }
        let by = blanks(b) as isize - blanks(a) as isize;
        match shift {
            Some(shift) if shift != by => return None,
            // The first line may continue what is printed before it.
            _ if number == 0 && old.len() > 1 && blanks(a) == 0 => {}
            _ => shift = Some(by),
        }
    }
    let shift = shift?;
    // Behind the last line that starts at or before the place.
    let line = old.iter().rposition(|(start, _)| *start <= at);
    match line {
        None => Some((0, shift)),
        Some(line) => {
            let ((start, old), (place, new)) = (old.get(line)?, new.get(line)?);
            let within = at - start;
            if within <= old.len() {
                let within = within.checked_sub(blanks(old)).map_or(0, |rest| rest + blanks(new));
                return Some((place + within.min(new.len()), shift));
            }
            Some((place + new.len(), shift))
        }
    }
}

/// Lines that hold something, with where they start.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').filter_map(move |line| {
        let start = at;
        at += line.len() + 1;
        (!line.trim().is_empty()).then_some((start, line))
    })
}

fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
