//! Labels and annotations as maps of strings.

use std::borrow::Cow;

use crate::yaml::NodeRef;

/// A map of strings in an object's metadata, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'t>(Option<NodeRef<'t>>);

impl<'t> Labels<'t> {
    pub fn of(node: Option<NodeRef<'t>>) -> Self {
        Self(node.filter(|n| n.is_map()))
    }

    pub fn node(self) -> Option<NodeRef<'t>> {
        self.0
    }

    /// The value's text; a number that should have been quoted is read as its text.
    pub fn get(self, key: &str) -> Option<&'t str> {
        self.0?.value(key).map(NodeRef::text)
    }

    pub fn contains(self, key: &str) -> bool {
        self.0.is_some_and(|n| n.value(key).is_some())
    }

    pub fn is_empty(self) -> bool {
        self.0.is_none_or(NodeRef::is_empty)
    }

    pub fn iter(self) -> impl Iterator<Item = (Cow<'t, str>, &'t str)> {
        self.0.into_iter().flat_map(NodeRef::entries).map(|(k, v)| (k.key_text(), v.text()))
    }
}
