//! Where a finding stands: the value if it is written, else the key a person would extend.

use super::node::NodeRef;
use super::tree::Kind;
use super::value::Writer;
use crate::source::Span;

/// A place in a manifest: the written value, or the key of the nearest written ancestor and the
/// path that is missing below it.
#[derive(Clone, Debug)]
pub struct Place<'t> {
    /// The value found, or the deepest written ancestor.
    pub node: NodeRef<'t>,
    /// What a reader should look at.
    pub span: Span,
    /// Dotted path below `node` that is not written; empty when the value is.
    pub missing: String,
}

impl<'t> Place<'t> {
    pub fn is_written(&self) -> bool {
        self.missing.is_empty()
    }

    /// The value `node` itself.
    pub fn value(node: NodeRef<'t>) -> Self {
        Self { node, span: node.span(), missing: String::new() }
    }

    /// The key of an entry whose value is `value`: for findings about the key.
    pub fn key(key: NodeRef<'t>, value: NodeRef<'t>) -> Self {
        Self { node: value, span: key.span(), missing: String::new() }
    }

    /// The entry by whose value something is known, for findings about that something: the value, but
    /// the key where a template or an `images` entry writes there what stands elsewhere.
    pub fn name(key: NodeRef<'t>, value: NodeRef<'t>) -> Self {
        let (k, v) = (key.span(), value.span());
        // What nobody wrote is no place to look at.
        let beside = v.source == k.source
            && v.start >= k.end
            && v.start - k.end <= 3
            && value.writer() != Writer::MadeUp;
        let elsewhere = key.writer() == Writer::Template || value.writer() == Writer::Image;
        if elsewhere && !beside { Self::key(key, value) } else { Self::value(value) }
    }

    /// Follows a dotted path from `base` as far as it is written. A value of null counts as not
    /// written, and its key is where a person would write.
    pub fn below(base: NodeRef<'t>, path: &str) -> Self {
        let mut here = base;
        let mut key: Option<NodeRef<'t>> = None;
        let mut rest = path;
        while !rest.is_empty() {
            let (step, tail) = rest.split_once('.').unwrap_or((rest, ""));
            match here.entry(step) {
                Some((k, v)) if !v.is_null() => {
                    key = Some(k);
                    here = v;
                    rest = tail;
                }
                Some((k, _)) => {
                    return Self { node: here, span: k.span(), missing: rest.to_owned() };
                }
                None => {
                    let span = key.map_or_else(|| anchor(here), NodeRef::span);
                    return Self { node: here, span, missing: rest.to_owned() };
                }
            }
        }
        Self::value(here)
    }
}

/// What stands for a whole node: a list item's `name`, else a map's first key, else the node.
fn anchor(node: NodeRef<'_>) -> Span {
    if node.kind() == Kind::Map {
        let named = node.entry("name").filter(|(_, name)| name.is_scalar() && !name.is_null());
        if let Some((key, name)) = named {
            return Place::name(key, name).span;
        }
        if let Some((key, _)) = node.entries().next() {
            return key.span();
        }
    }
    node.span()
}
