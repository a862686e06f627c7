//! Whether two readings of a file are the same, to the last byte.

use std::fmt::Debug;

use super::node::NodeRef;
use super::tree::{Document, Tree};

impl Tree {
    /// Compares two readings of one file: nodes with their spans, texts and flags, documents,
    /// comments, tags and errors. The error tells the first difference.
    pub fn same_tape(&self, other: &Self) -> Result<(), String> {
        let [ours, theirs] = [self, other].map(|tree| tree.nodes().collect::<Vec<_>>());
        list("node", &ours, &theirs, |node| node.fields())?;
        list("document", &self.documents, &other.documents, Document::fields)?;
        list("comment", &self.comments, &other.comments, |c| (c.start, c.end))?;
        list("tag", &self.tags, &other.tags, String::clone)?;
        list("error", &self.errors, &other.errors, Clone::clone)?;
        if self.side != other.side {
            return Err(format!("side text: {:?} and {:?}", self.side, other.side));
        }
        Ok(())
    }
}

impl<'t> NodeRef<'t> {
    fn fields(self) -> impl PartialEq + Debug + use<'t> {
        let (nodes, node) = (&self.tree.nodes, self.raw());
        let text = node.is_scalar().then(|| nodes.text(node));
        let leads = (node.behind(self.ix), nodes.target(node));
        ((nodes.start(self.ix), nodes.end(self.ix)), text, leads, (node.bits(), nodes.tag(self.ix)))
    }
}

impl Document {
    fn fields(&self) -> impl PartialEq + Debug + use<> {
        (self.root, self.start, self.end)
    }
}

fn list<T, F: PartialEq + Debug>(
    what: &str,
    ours: &[T],
    theirs: &[T],
    fields: impl Fn(&T) -> F,
) -> Result<(), String> {
    for (at, (our, their)) in ours.iter().zip(theirs).enumerate() {
        let (our, their) = (fields(our), fields(their));
        if our != their {
            return Err(format!("{what} {at}: {our:?} and {their:?}"));
        }
    }
    if ours.len() != theirs.len() {
        return Err(format!("{what}s: {} and {}", ours.len(), theirs.len()));
    }
    Ok(())
}
