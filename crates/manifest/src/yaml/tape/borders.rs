//! Where the documents of a file begin and end.

use std::ops::Range;

/// The stretches between the marker lines of a file.
#[derive(Default)]
pub(in crate::yaml) struct Borders {
    /// Start and end of each stretch that a marker ended, in order.
    stretches: Vec<Range<u32>>,
    /// Start and end of the last.
    last: Range<u32>,
}

impl Borders {
    /// Of a file without markers.
    pub(in crate::yaml) fn new(text: &str) -> Self {
        Self { stretches: Vec::new(), last: 0..text.len() as u32 }
    }

    /// Finds the markers of a file.
    pub(in crate::yaml) fn of(text: &str) -> Self {
        let mut borders = Self::new(text);
        let bytes = text.as_bytes();
        let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let behind_breaks = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
        for line in std::iter::once(bom).chain(behind_breaks) {
            let head = bytes.get(line..line + 3);
            if matches!(head, Some(b"---" | b"..."))
                && matches!(bytes.get(line + 3), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
            {
                borders.marker(text, line);
            }
        }
        borders
    }

    /// Notes the next marker, whose line starts at `at`.
    pub(in crate::yaml) fn marker(&mut self, text: &str, at: usize) {
        let start = self.last.start;
        // Comments and directives without a document belong to the one that follows.
        if !is_bare(&text[start as usize..at]) {
            self.stretches.push(start..at as u32);
            self.last.start = at as u32 + 3;
        }
    }

    /// The stretch in which `at` lies.
    pub(super) fn around(&self, at: u32) -> Range<u32> {
        if self.last.start <= at {
            return self.last.clone();
        }
        let behind = self.stretches.partition_point(|stretch| stretch.start <= at);
        self.stretches.get(behind.saturating_sub(1)).unwrap_or(&self.last).clone()
    }
}

/// Nothing but blank lines, comments, directives and markers.
fn is_bare(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').lines().all(|line| {
        let line = line.trim_start_matches("---").trim_start();
        line.is_empty() || line.starts_with(['#', '%'])
    })
}
