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
        let mut lines = printed.split('\n').map(|line| line.trim_end_matches('\r'));
        // What stands on the first line continues a line of the output.
        let first = lines.next().unwrap_or("");
        if !first.trim().is_empty() {
            let key = key_of(first.trim_start_matches(' '))?;
            return Some(Self { line: false, indent: 0, keys: vec![key] });
        }
        let mut outermost = usize::MAX;
        let mut keys = Vec::new();
        for line in lines {
            let indent = blanks(line);
            let rest = line.get(indent..).unwrap_or("");
            // A line of only an action is as deep as what that prints.
            if rest.is_empty() || rest.starts_with([HOLE, '#', '\t']) || indent > outermost {
                continue;
            }
            if indent < outermost {
                keys.clear();
                outermost = indent;
            }
            if rest.starts_with('-') {
                return None;
            }
            keys.extend(key_of(rest));
        }
        Some(Self { line: true, indent: outermost, keys })
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

/// How a text went through functions such as `nindent`, which only change the blanks at the starts of
/// its lines.
pub(super) struct Moved<'t> {
    /// Lines that hold something, with where they start: before and after.
    lines: Vec<(usize, &'t str, usize, &'t str)>,
    /// By how many columns they moved.
    pub(super) by: isize,
}

impl<'t> Moved<'t> {
    /// `None` if the lines are not the same, or did not all move alike.
    pub(super) fn find(from: &'t Text, to: &'t Text) -> Option<Self> {
        let mut old = lines(from.as_str());
        let mut new = lines(to.as_str());
        let mut pairs = Vec::new();
        let mut by: Option<isize> = None;
        let mut first = None;
        loop {
            let (start, a, place, b) = match (old.next(), new.next()) {
                (None, None) => break,
                (Some((start, a)), Some((place, b))) => (start, a, place, b),
                _ => return None,
            };
            if a.trim() != b.trim() {
                return None;
            }
            pairs.push((start, a, place, b));
            let columns = blanks(b).cast_signed() - blanks(a).cast_signed();
            match by {
                // The first line may continue what is printed before it.
                _ if pairs.len() == 1 => first = Some(columns),
                None => by = Some(columns),
                Some(by) if by != columns => return None,
                Some(_) => {}
            }
        }
        Some(Self { lines: pairs, by: by.or(first)? })
    }

    /// Where a place of the text is now.
    pub(super) fn place(&self, at: usize) -> usize {
        let line = self.lines.partition_point(|(start, ..)| *start <= at);
        let Some((start, old, place, new)) = line.checked_sub(1).and_then(|at| self.lines.get(at))
        else {
            return 0;
        };
        let within = (at - start).min(old.len());
        let within = within.checked_sub(blanks(old)).map_or(0, |rest| rest + blanks(new));
        place + within.min(new.len())
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
