//! Source texts of a run, and the lines and columns of places in them.

use std::sync::Arc;

pub use kubeready_manifest::source::{SourceId, Span};

/// A text that was read: a file, standard input, or an example on a rule page.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path as shown to people: relative to the root of the run where it lies below it, `/` between
    /// the parts, bytes that are no UTF-8 replaced. `-` is shown as `<stdin>`.
    pub path: Arc<str>,
    /// Path from the root of the repository, the same wherever the tool is started: for globs and
    /// fingerprints.
    pub from_root: Arc<str>,
    pub text: Arc<str>,
}

/// All sources of a run by id; ids follow the order of the sorted paths.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// A source whose path is the same from everywhere.
    pub fn add(&mut self, path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> SourceId {
        let path = path.into();
        self.push(Source { from_root: Arc::clone(&path), path, text: text.into() })
    }

    pub fn push(&mut self, source: Source) -> SourceId {
        self.0.push(source);
        SourceId(self.0.len() as u32 - 1)
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.0.iter().enumerate().map(|(i, s)| (SourceId(i as u32), s))
    }
}

/// Line and column from 1; the column counts Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Position {
    /// The position of a byte, by counting from the start of the text.
    pub fn count(text: &str, offset: u32) -> Self {
        let before = text.as_bytes().get(..offset as usize).unwrap_or(text.as_bytes());
        let line = memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        Self::on_line(text, line, start, before.len())
    }

    /// The position of a byte on a line, counted from 0, that starts at a byte.
    fn on_line(text: &str, line: usize, start: usize, offset: usize) -> Self {
        let before = text.get(start..offset).unwrap_or("");
        // A byte-order mark is no column that an editor shows.
        let shown = before.strip_prefix('\u{feff}').filter(|_| line == 0).unwrap_or(before);
        Self { line: line as u32 + 1, column: shown.chars().count() as u32 + 1 }
    }
}

/// Starts of the lines of one text. Costs a pass over the text: made once per file that has
/// something to say.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        // Lines are short: a look at each byte beats a search that is set up for each line.
        let mut starts = Vec::with_capacity(text.len() / 24 + 1);
        starts.push(0);
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                starts.push(at as u32 + 1);
            }
        }
        Self { starts }
    }

    /// Start of each line in bytes.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The line that holds a byte, from 0.
    pub fn line_of(&self, offset: u32) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = offset.min(text.len() as u32);
        let line = self.line_of(offset);
        Position::on_line(text, line, self.starts[line] as usize, offset as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_code_points_and_skip_the_byte_order_mark() {
        let text = "\u{feff}a: ü: x\r\nb: 2\n";
        let lines = Lines::of(text);
        let at = |needle: &str| lines.position(text, text.find(needle).expect("is there") as u32);
        assert_eq!(at("a:"), Position { line: 1, column: 1 });
        assert_eq!(at("x"), Position { line: 1, column: 7 });
        assert_eq!(at("2"), Position { line: 2, column: 4 });
        assert_eq!(lines.position(text, 9999).line, 3);
        for offset in 0..20 {
            assert_eq!(lines.position(text, offset), Position::count(text, offset));
        }
    }
}
