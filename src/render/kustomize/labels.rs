//! Label selectors as text: `app=web,tier in (a, b),!canary`.

use kubeready_manifest::yaml::Value;

use super::fields::Failure;

/// Requirements that must all hold; none of them selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    is: Is,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Is {
    Present,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

impl LabelSelector {
    pub(super) fn read(value: Option<&Value<'_>>) -> Result<Self, Failure> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(Self::default());
        };
        Self::parse(value.text()).ok_or_else(|| {
            let text = value.text();
            (
                value.origin.span,
                format!("`{text}` is no selector: `key=value`, `key in (a, b)`, `!key`"),
            )
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut requirements = Vec::new();
        while !rest.is_empty() {
            let (requirement, tail) = requirement(rest)?;
            requirements.push(requirement);
            rest = tail.trim_start();
            if let Some(tail) = rest.strip_prefix(',') {
                rest = tail.trim_start();
                if rest.is_empty() {
                    return None;
                }
            } else if !rest.is_empty() {
                return None;
            }
        }
        Some(Self(requirements))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a map of labels is selected; no map has no labels.
    pub(super) fn matches(&self, labels: Option<&Value<'_>>) -> bool {
        self.0.iter().all(|requirement| {
            let label = labels.and_then(|labels| labels.get(&requirement.key)).map(Value::text);
            match (&requirement.is, label) {
                (Is::Present, label) => label.is_some(),
                (Is::Absent, label) => label.is_none(),
                (Is::In(values), label) => label.is_some_and(|l| values.iter().any(|v| v == l)),
                (Is::NotIn(values), label) => !label.is_some_and(|l| values.iter().any(|v| v == l)),
                (Is::Above(n), label) => number(label).is_some_and(|label| label > *n),
                (Is::Below(n), label) => number(label).is_some_and(|label| label < *n),
            }
        })
    }
}

fn number(text: Option<&str>) -> Option<i64> {
    text?.parse().ok()
}

/// A word of a selector, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || "=!<>,()".contains(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn requirement(text: &str) -> Option<(Requirement, &str)> {
    if let Some(rest) = text.strip_prefix('!') {
        let (key, rest) = word(rest);
        return (!key.is_empty())
            .then(|| (Requirement { key: key.to_owned(), is: Is::Absent }, rest));
    }
    let (key, rest) = word(text);
    if key.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let one = |rest| {
        let (value, rest): (&str, &str) = word(rest);
        (vec![value.to_owned()], rest)
    };
    let (is, rest) = if rest.is_empty() || rest.starts_with(',') {
        (Is::Present, rest)
    } else if let Some(rest) = rest.strip_prefix("!=") {
        let (values, rest) = one(rest);
        (Is::NotIn(values), rest)
    } else if let Some(rest) = rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')) {
        let (values, rest) = one(rest);
        (Is::In(values), rest)
    } else if let Some(rest) = rest.strip_prefix('>') {
        let (value, rest) = word(rest);
        (Is::Above(value.parse().ok()?), rest)
    } else if let Some(rest) = rest.strip_prefix('<') {
        let (value, rest) = word(rest);
        (Is::Below(value.parse().ok()?), rest)
    } else {
        let (operator, rest) = word(rest);
        let (values, rest) = rest.trim_start().strip_prefix('(')?.split_once(')')?;
        let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
        match operator {
            "in" => (Is::In(values), rest),
            "notin" => (Is::NotIn(values), rest),
            _ => return None,
        }
    };
    Some((Requirement { key: key.to_owned(), is }, rest))
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::yaml::{Tree, Writer};

    use super::*;
    use crate::source::SourceId;

    #[test]
    fn requirements_must_all_hold() {
        let tree = Tree::parse("{app: web, tier: a, rank: '5', empty: ''}", SourceId(0));
        let labels = Value::of(tree.documents().next().expect("a document").1, Writer::Resource);
        for (selector, selects) in [
            ("", true),
            ("app=web", true),
            ("app == web , tier in (b, a)", true),
            ("app,!canary", true),
            ("!app", false),
            ("app!=web", false),
            ("canary!=web", true),
            ("tier notin (a,b)", false),
            ("canary notin (a)", true),
            ("canary in (a)", false),
            ("rank>4,rank<6", true),
            ("rank>5", false),
            ("app>5", false),
            ("empty=", true),
        ] {
            let read = LabelSelector::parse(selector).expect(selector);
            assert_eq!(read.matches(Some(&labels)), selects, "{selector}");
        }
        let absent = LabelSelector::parse("!app").expect("a selector");
        assert!(absent.matches(None));
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["=a", "a in b", "a in (b", "a like (b)", "a=b c", "a,", "!", "a>x"] {
            assert_eq!(LabelSelector::parse(text), None, "{text}");
        }
    }
}
