//! What a decode found: every finding names the node it is about.

use kubeready_manifest::yaml::NodeRef;

/// What does not fit the type that was decoded, each list in the order of the document.
#[derive(Clone, Debug, Default)]
pub struct Report<'t> {
    pub unknown: Vec<Unknown<'t>>,
    pub missing: Vec<Missing<'t>>,
    pub mismatched: Vec<Mismatch<'t>>,
    /// Whether what was found depends on the text of a value: a date's, base64's.
    pub(crate) by_text: bool,
}

/// A field that the struct does not have.
#[derive(Clone, Debug)]
pub struct Unknown<'t> {
    pub key: NodeRef<'t>,
    pub value: NodeRef<'t>,
    /// The struct's name, such as `Container`.
    pub of: &'static str,
    /// The fields that it has.
    pub known: &'static [&'static str],
}

/// A required field that is absent or null.
#[derive(Clone, Debug)]
pub struct Missing<'t> {
    /// The map that lacks it.
    pub node: NodeRef<'t>,
    pub of: &'static str,
    pub field: &'static str,
}

/// A value of the wrong type, in words: expected "an integer", found "a string".
#[derive(Clone, Debug)]
pub struct Mismatch<'t> {
    pub node: NodeRef<'t>,
    pub expected: String,
    pub found: String,
}

impl Report<'_> {
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.missing.is_empty() && self.mismatched.is_empty()
    }

    /// Sorts by place. What stands behind an anchor is met once per alias and reported once.
    pub(super) fn tidy(&mut self) {
        self.unknown.sort_by_key(|u| u.key.index());
        self.unknown.dedup_by_key(|u| (u.key.index(), u.of));
        self.missing.sort_by_key(|m| (m.node.index(), m.field));
        self.missing.dedup_by_key(|m| (m.node.index(), m.of, m.field));
        self.mismatched.sort_by_key(|m| m.node.index());
        self.mismatched.dedup_by(|a, b| a.node == b.node && a.expected == b.expected);
    }
}
