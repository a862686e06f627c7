//! Which bytes a comment covers.

use std::ops::Range;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{Comment, NodeRef, Tree};

/// Places of one file that comments are measured against.
pub(super) struct Ground<'t> {
    pub(super) tree: &'t Tree,
    text: &'t [u8],
    /// Objects in order of their start, and the bytes of each.
    objects: Vec<(Range<u32>, Object<'t>)>,
    /// Containers of all roles in order of their start.
    containers: Vec<Range<u32>>,
    documents: Vec<Range<u32>>,
}

impl<'t> Ground<'t> {
    pub(super) fn new(tree: &'t Tree, objects: &[Object<'t>]) -> Self {
        let mut ranges: Vec<_> = objects.iter().map(|o| (range(o.root()), *o)).collect();
        ranges.sort_by_key(|(range, _)| range.start);
        let mut containers: Vec<_> = objects
            .iter()
            .filter_map(|o| o.workload())
            .flat_map(|w| w.containers().map(|c| range(c.node())).collect::<Vec<_>>())
            .collect();
        containers.sort_by_key(|range| range.start);
        let documents = tree.documents().map(|(d, _)| d.start..d.end).collect();
        Self { tree, text: tree.text().as_bytes(), objects: ranges, containers, documents }
    }

    /// Start of the line that holds a byte.
    fn line_start(&self, at: u32) -> u32 {
        let before = &self.text[..(at as usize).min(self.text.len())];
        memchr::memrchr(b'\n', before).map_or(0, |found| found as u32 + 1)
    }

    /// The byte behind the line that holds a byte.
    fn line_end(&self, at: u32) -> u32 {
        let from = (at as usize).min(self.text.len());
        let found = memchr::memchr(b'\n', &self.text[from..]);
        found.map_or(self.text.len(), |found| from + found + 1) as u32
    }

    /// Whether nothing stands before the comment on its line.
    pub(super) fn is_alone(&self, comment: Comment) -> bool {
        let start = self.line_start(comment.start) as usize;
        let before = &self.text[start..comment.start as usize];
        let before = before.strip_prefix("\u{feff}".as_bytes()).unwrap_or(before);
        before.iter().all(|b| matches!(b, b' ' | b'\t'))
    }

    /// The line of a comment.
    pub(super) fn line(&self, comment: Comment) -> Range<u32> {
        self.line_start(comment.start)..self.line_end(comment.start)
    }

    /// Where the first line below a comment that is neither blank nor a comment starts to speak.
    pub(super) fn next_content(&self, comment: Comment) -> Option<u32> {
        let mut at = self.line_end(comment.end) as usize;
        while at < self.text.len() {
            match self.text[at] {
                b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b'#' => at = self.line_end(at as u32) as usize,
                _ => return Some(at as u32),
            }
        }
        None
    }

    /// What a comment covers: alone on its line, the entry, list item or object that starts below
    /// it; else its own line.
    pub(super) fn below_or_line(&self, comment: Comment) -> Range<u32> {
        if !self.is_alone(comment) {
            return self.line(comment);
        }
        // Nothing below: nothing is covered.
        let Some(at) = self.next_content(comment) else { return comment.start..comment.start };
        let line_end = self.line_end(at);
        let own = self.line_start(at)..line_end;
        let entry = self.entry_at(at).unwrap_or(at..line_end);
        own.start.min(entry.start)..entry.end.max(own.end)
    }

    /// The bytes of what starts at a byte that begins its line.
    fn entry_at(&self, at: u32) -> Option<Range<u32>> {
        if let Ok(object) = self.objects.binary_search_by_key(&at, |(range, _)| range.start) {
            return self.objects.get(object).map(|(range, _)| range.clone());
        }
        let first = self.tree.first_node_from(at)?;
        let dash = self.text.get(at as usize) == Some(&b'-')
            && matches!(self.text.get(at as usize + 1), Some(b' ' | b'\t' | b'\r' | b'\n'));
        if dash {
            // A list starts at its first dash; the item is what comes behind the dash.
            let item = self.tree.first_node_from(at + 1)?;
            return Some(at..item.span().end.max(self.line_end(at)));
        }
        if first.span().start != at {
            return None;
        }
        // The last node that starts here: a map starts where its first key does.
        let mut key = first;
        while let Some(inner) = self.tree.next_node(key).filter(|n| n.span().start == at) {
            key = inner;
        }
        let behind = self.text.get(key.span().end as usize..)?;
        let colon = behind.iter().find(|b| !matches!(b, b' ' | b'\t')) == Some(&b':');
        let value = self.tree.next_node(key).filter(|_| colon);
        Some(at..value.map_or(key.span().end, |value| value.span().end.max(key.span().end)))
    }

    /// The document that holds a byte, else the next one.
    pub(super) fn document(&self, comment: Comment) -> Range<u32> {
        let at = self.documents.partition_point(|d| d.end <= comment.start);
        self.documents.get(at).cloned().unwrap_or(comment.start..comment.start)
    }

    /// The object that holds a byte or starts behind it in the same document.
    pub(super) fn object(&self, at: u32, next: Option<u32>) -> Option<(Range<u32>, Object<'t>)> {
        let holds = |at: u32| {
            let behind = self.objects.partition_point(|(range, _)| range.start <= at);
            let found = behind.checked_sub(1).and_then(|i| self.objects.get(i));
            found.filter(|(range, _)| range.contains(&at)).cloned()
        };
        holds(at).or_else(|| holds(next?))
    }

    /// The container that holds a byte, or starts at `next`.
    pub(super) fn container(&self, at: u32, next: Option<u32>) -> Option<Range<u32>> {
        let behind = self.containers.partition_point(|range| range.start <= at);
        let found = behind.checked_sub(1).and_then(|i| self.containers.get(i));
        if let Some(range) = found.filter(|range| range.contains(&at)) {
            return Some(range.clone());
        }
        // A dash stands before the item.
        let next = next?;
        let line = self.line_start(next)..self.line_end(next);
        self.containers.get(behind).filter(|range| line.contains(&range.start)).cloned()
    }
}

/// The bytes of a node.
pub(super) fn range(node: NodeRef<'_>) -> Range<u32> {
    node.span().start..node.span().end
}
