//! Label selectors as the API server evaluates them.

use std::hash::{Hash, Hasher};

use super::labels::Labels;
use crate::yaml::NodeRef;

/// A LabelSelector, or the plain map that Services and ReplicationControllers use. A view: a set has
/// a hundred thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selector<'t> {
    labels: Option<NodeRef<'t>>,
    expressions: Option<NodeRef<'t>>,
}

/// One of `matchExpressions`. Without a known operator the API server would refuse it: then the
/// selector matches nothing.
#[derive(Clone, Copy, Debug)]
struct Expression<'t> {
    node: NodeRef<'t>,
    operator: Option<Operator>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl<'t> Expression<'t> {
    fn of(node: NodeRef<'t>) -> Self {
        let operator = match node.str_at("operator") {
            Some("In") => Some(Operator::In),
            Some("NotIn") => Some(Operator::NotIn),
            Some("Exists") => Some(Operator::Exists),
            Some("DoesNotExist") => Some(Operator::DoesNotExist),
            _ => None,
        };
        Self { node, operator }
    }

    fn key(self) -> &'t str {
        self.node.get("key").map_or("", NodeRef::text)
    }

    fn values(self) -> impl Iterator<Item = &'t str> {
        self.node.items_at("values").map(NodeRef::text)
    }

    fn matches(self, labels: Labels<'_>) -> bool {
        let value = labels.get(self.key());
        let is_listed = |value: &str| self.values().any(|listed| listed == value);
        match self.operator {
            Some(Operator::In) => value.is_some_and(is_listed),
            Some(Operator::NotIn) => value.is_none_or(|value| !is_listed(value)),
            Some(Operator::Exists) => value.is_some(),
            Some(Operator::DoesNotExist) => value.is_none(),
            None => false,
        }
    }
}

impl PartialEq for Expression<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.operator == other.operator
            && self.key() == other.key()
            && self.values().eq(other.values())
    }
}

/// Two that ask for the same in the same order, wherever they are written.
impl PartialEq for Selector<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.equals().eq(other.equals()) && self.expressions().eq(other.expressions())
    }
}

impl Eq for Selector<'_> {}

impl Hash for Selector<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.equals().for_each(|pair| pair.hash(state));
        self.expressions().for_each(|expression| expression.key().hash(state));
    }
}

impl<'t> Selector<'t> {
    /// `{matchLabels, matchExpressions}`. The empty selector matches everything.
    pub fn label_selector(node: NodeRef<'t>) -> Self {
        let [labels, expressions] = node.several(["matchLabels", "matchExpressions"]);
        Self { labels, expressions }
    }

    /// A plain map of labels. Empty matches everything; what an empty one means to its owner
    /// (a Service without selector selects nothing) is the caller's to know.
    pub fn map(node: NodeRef<'t>) -> Self {
        Self { labels: Some(node), expressions: None }
    }

    pub fn is_empty(&self) -> bool {
        self.equals().next().is_none() && self.expressions().next().is_none()
    }

    /// Pairs that must all be present: enough to find candidates by one of them.
    pub fn equals(&self) -> impl Iterator<Item = (&'t str, &'t str)> + use<'t> {
        let entries = self.labels.into_iter().flat_map(NodeRef::entries);
        entries.map(|(key, value)| (key.text(), value.text()))
    }

    fn expressions(&self) -> impl Iterator<Item = Expression<'t>> + use<'t> {
        self.expressions.into_iter().flat_map(NodeRef::items).map(Expression::of)
    }

    /// For each key the values of which one must be present, from `In` expressions.
    pub fn one_of(
        &self,
    ) -> impl Iterator<Item = (&'t str, impl Iterator<Item = &'t str> + use<'t>)> + use<'t> {
        let listing = self.expressions().filter(|e| e.operator == Some(Operator::In));
        listing.map(|expression| (expression.key(), expression.values()))
    }

    pub fn matches(&self, labels: Labels<'_>) -> bool {
        self.equals().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions().all(|expression| expression.matches(labels))
    }
}
