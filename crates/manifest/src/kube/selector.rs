//! Label selectors as the API server evaluates them.

use super::labels::Labels;
use crate::yaml::NodeRef;

/// A LabelSelector, or the plain map that Services and ReplicationControllers use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector<'t> {
    equals: Vec<(&'t str, &'t str)>,
    expressions: Vec<Expression<'t>>,
    /// An operator or shape that the API server would refuse: matches nothing.
    invalid: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Expression<'t> {
    key: &'t str,
    operator: Operator,
    values: Vec<&'t str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl<'t> Selector<'t> {
    /// `{matchLabels, matchExpressions}`. The empty selector matches everything.
    pub fn label_selector(node: NodeRef<'t>) -> Self {
        let mut selector = node.get("matchLabels").map(Self::map).unwrap_or_default();
        for item in node.items_at("matchExpressions") {
            let operator = match item.str_at("operator") {
                Some("In") => Operator::In,
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::DoesNotExist,
                _ => {
                    selector.invalid = true;
                    continue;
                }
            };
            let key = item.get("key").map_or("", NodeRef::text);
            let values = item.items_at("values").map(NodeRef::text).collect();
            selector.expressions.push(Expression { key, operator, values });
        }
        selector
    }

    /// A plain map of labels. Empty matches everything; what an empty one means to its owner
    /// (a Service without selector selects nothing) is the caller's to know.
    pub fn map(node: NodeRef<'t>) -> Self {
        let equals = node.entries().map(|(k, v)| (k.text(), v.text())).collect();
        Self { equals, expressions: Vec::new(), invalid: false }
    }

    pub fn is_empty(&self) -> bool {
        self.equals.is_empty() && self.expressions.is_empty() && !self.invalid
    }

    /// Pairs that must all be present: enough to find candidates by one of them.
    pub fn equals(&self) -> &[(&'t str, &'t str)] {
        &self.equals
    }

    /// For each key a set of values of which one must be present, from `In` expressions.
    pub fn one_of(&self) -> impl Iterator<Item = (&'t str, &[&'t str])> {
        self.expressions
            .iter()
            .filter(|e| e.operator == Operator::In)
            .map(|e| (e.key, e.values.as_slice()))
    }

    pub fn matches(&self, labels: Labels<'_>) -> bool {
        !self.invalid
            && self.equals.iter().all(|(k, v)| labels.get(k) == Some(v))
            && self.expressions.iter().all(|e| {
                let value = labels.get(e.key);
                match e.operator {
                    Operator::In => value.is_some_and(|v| e.values.contains(&v)),
                    Operator::NotIn => value.is_none_or(|v| !e.values.contains(&v)),
                    Operator::Exists => value.is_some(),
                    Operator::DoesNotExist => value.is_none(),
                }
            })
    }
}
