//! Which objects a patch's `target` means.

use kubeready_manifest::yaml::Value;
use regex::Regex;

use super::fields::Failure;
use super::labels::LabelSelector;
use super::resource::{Id, Resource};

/// Text or an anchored regular expression.
#[derive(Clone, Debug, Default)]
pub(super) enum Pattern {
    #[default]
    Any,
    Text(String),
    Regex(Regex),
}

impl Pattern {
    /// Reads a pattern as kustomize anchors it: `^(?:…)$`; absent, null and `""` match all.
    pub(super) fn read(value: Option<&Value<'_>>) -> Result<Self, Failure> {
        let Some(value) = value.filter(|value| !value.text().is_empty() && !value.is_null()) else {
            return Ok(Pattern::Any);
        };
        let text = value.text();
        let is_plain =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ' ' | ':' | '@');
        if text.chars().all(is_plain) {
            return Ok(Pattern::Text(text.to_owned()));
        }
        Regex::new(&format!("^(?:{text})$"))
            .map(Pattern::Regex)
            .map_err(|_| (value.origin.span, format!("`{text}` is no regular expression")))
    }

    fn is_any(&self) -> bool {
        matches!(self, Pattern::Any)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Text(wanted) => wanted == text,
            Pattern::Regex(regex) => regex.is_match(text),
        }
    }
}

/// A `target` of patches: all that it says must hold.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl Selector {
    /// Reads `group`, `version`, `kind`, `name`, `namespace`, `labelSelector`, `annotationSelector`.
    ///
    /// # Errors
    /// What is no map, a pattern that is no regular expression, a selector that does not parse.
    pub fn read(value: &Value<'_>) -> Result<Self, Failure> {
        if !value.is_map() {
            return Err((
                value.origin.span,
                "a target is a map: `kind`, `name` and so on".to_owned(),
            ));
        }
        Ok(Self {
            group: Pattern::read(value.get("group"))?,
            version: Pattern::read(value.get("version"))?,
            kind: Pattern::read(value.get("kind"))?,
            name: Pattern::read(value.get("name"))?,
            namespace: Pattern::read(value.get("namespace"))?,
            labels: LabelSelector::read(value.get("labelSelector"))?,
            annotations: LabelSelector::read(value.get("annotationSelector"))?,
        })
    }

    /// Whether it means an object: name and namespace may be the first or the current ones.
    pub fn matches(&self, resource: &Resource<'_>) -> bool {
        let now = resource.id();
        if !self.matches_kind(&now) {
            return false;
        }
        let was = resource.previous.first().unwrap_or(&now);
        let namespace = self.namespace.matches(was.effective_namespace())
            || self.namespace.matches(now.effective_namespace());
        let name = self.name.matches(&was.name) || self.name.matches(&now.name);
        namespace && name && self.matches_metadata(&resource.value)
    }

    pub(super) fn matches_kind(&self, id: &Id) -> bool {
        self.kind.matches(&id.kind)
            && self.group.matches(&id.group)
            && self.version.matches(&id.version)
    }

    /// Whether kind, name and namespace are those of an id.
    pub(super) fn matches_id(&self, id: &Id) -> bool {
        self.matches_kind(id)
            && self.name.matches(&id.name)
            && self.namespace.matches(id.effective_namespace())
    }

    /// Whether labels and annotations are as selected.
    pub(super) fn matches_metadata(&self, value: &Value<'_>) -> bool {
        self.labels.matches(value.at(&["metadata", "labels"]))
            && self.annotations.matches(value.at(&["metadata", "annotations"]))
    }

    /// Whether it says anything of kind, name or namespace.
    pub(super) fn reads_id(&self) -> bool {
        ![&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .iter()
            .all(|pattern| pattern.is_any())
    }

    /// Whether it says anything of labels or annotations.
    pub(super) fn reads_metadata(&self) -> bool {
        !self.labels.is_empty() || !self.annotations.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::yaml::{Tree, Writer};

    use super::*;
    use crate::source::SourceId;

    fn selects(target: &str) -> bool {
        let object = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: dev-web, \
                      namespace: shop, labels: {app: web}, annotations: {owner: me}}}";
        let trees = [target, object].map(|text| Tree::parse(text, SourceId(0)));
        let [target, object] = [0, 1].map(|n: usize| {
            let root = trees[n].documents().next().expect("a document").1;
            Value::of(root, Writer::Resource)
        });
        let mut resource = Resource::new(object);
        let was = Id { name: "web".into(), namespace: String::new(), ..resource.id() };
        resource.previous = vec![was, Id { name: "between".into(), ..resource.id() }];
        Selector::read(&target).expect("a target").matches(&resource)
    }

    #[test]
    fn targets_are_anchored_and_know_first_and_current_names() {
        for (target, is) in [
            ("{}", true),
            ("{kind: Deployment}", true),
            ("{kind: Deploy}", false),
            ("{kind: Deploy.*, group: apps, version: v1}", true),
            ("{kind: StatefulSet|Deployment}", true),
            ("{name: web}", true),
            ("{name: dev-web}", true),
            ("{name: .*eb}", true),
            ("{name: between}", false),
            ("{name: we}", false),
            ("{namespace: shop}", true),
            ("{namespace: default}", true),
            ("{namespace: other}", false),
            ("{labelSelector: app=web, annotationSelector: owner in (me)}", true),
            ("{labelSelector: app!=web}", false),
            ("{group: ''}", true),
        ] {
            assert_eq!(selects(target), is, "{target}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["text", "{name: '('}", "{labelSelector: '=a'}"] {
            let tree = Tree::parse(text, SourceId(0));
            let root = tree.documents().next().expect("a document").1;
            assert!(Selector::read(&Value::of(root, Writer::Resource)).is_err(), "{text}");
        }
    }
}
