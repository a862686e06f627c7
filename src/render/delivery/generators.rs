//! The parameters that the generators of an ApplicationSet give: one map for each Application.
//!
//! With `goTemplate` a map is nested, as templates see it; without, its keys are the tags of
//! templates (`path.basename`, `values.x`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kubeready_manifest::yaml::{Data, NodeRef, Origin, Tree, Value, Writer};

use super::Follow;
use super::application_set::{fill, is_zero, overlay};
use super::go_functions::{base, normalize};
use super::inventory::{IN_CLUSTER, is_templated};
use crate::load::pattern;

/// More Applications than this are taken for a mistake.
pub(super) const MAX_PARAMETERS: usize = 5_000;
const MAX_DEPTH: usize = 4;

type Sets<'t> = Result<Vec<Value<'t>>, String>;

pub(super) struct Generators<'f, 'a, 't> {
    pub follow: &'f Follow<'a, 't>,
    pub go: bool,
    pub nested_selectors: bool,
}

impl<'t> Generators<'_, '_, 't> {
    /// The parameters of one generator; the error says why they cannot be known.
    pub(super) fn parameters(&self, generator: &Value<'t>) -> Sets<'t> {
        self.at_depth(generator, 0)
    }

    fn at_depth(&self, generator: &Value<'t>, depth: usize) -> Sets<'t> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        let known = generator.entries().iter().find(|e| e.key != "selector" && !e.value.is_null());
        let Some(entry) = known else { return Err("it is empty".to_owned()) };
        let value = &entry.value;
        let sets = match &*entry.key {
            "list" => self.list(value),
            "git" => self.git(value),
            "clusters" => self.clusters(value),
            "matrix" => self.matrix(value, depth),
            "merge" => self.merge(value, depth),
            "scmProvider" | "pullRequest" => Err("it asks a host of git".to_owned()),
            "plugin" => Err("it asks a plugin".to_owned()),
            "clusterDecisionResource" => Err("it asks the cluster".to_owned()),
            other => Err(format!("`{other}` is no generator that kubeready knows")),
        }?;
        if sets.len() > MAX_PARAMETERS {
            return Err(format!("it gives more than {MAX_PARAMETERS} sets of parameters"));
        }
        let selects = depth == 0 || self.nested_selectors;
        match generator.get("selector").filter(|selector| selects && selector.is_map()) {
            Some(selector) => {
                let fits = |set: &Value<'t>| selected(selector, &flat(set));
                Ok(sets.into_iter().filter(fits).collect())
            }
            None => Ok(sets),
        }
    }

    fn list(&self, list: &Value<'t>) -> Sets<'t> {
        let mut sets: Vec<Value<'t>> = Vec::new();
        for element in list.get("elements").map_or(&[][..], Value::items) {
            let mut element = element.clone();
            mark(&mut element);
            sets.push(if self.go { element } else { flat(&element) });
        }
        if let Some(text) = list.get("elementsYaml").filter(|text| !is_zero(text)) {
            if text.text().contains("{{") {
                return Err("its `elementsYaml` is a template that cannot be filled".to_owned());
            }
            let tree = Tree::parse(text.text(), text.origin.span.source);
            let root = tree.documents().next().map(|(_, root)| root);
            let Some(root) = root.filter(|root| root.is_seq() && tree.errors().is_empty()) else {
                return Err("its `elementsYaml` is no list".to_owned());
            };
            for item in root.items() {
                let element = Value::owned(item, &|_| text.origin);
                sets.push(if self.go { element } else { flat(&element) });
            }
        }
        Ok(sets)
    }

    fn git(&self, git: &Value<'t>) -> Sets<'t> {
        let url = git.get("repoURL").map_or("", Value::text);
        if is_templated(url) {
            return Err("its repository is a template that cannot be filled".to_owned());
        }
        if !self.follow.repository.is(url) {
            return Err(format!("its files are in another repository, `{url}`"));
        }
        let directories = git.get("directories").filter(|list| !is_zero(list));
        let mut sets = match (directories, git.get("files").filter(|list| !is_zero(list))) {
            (Some(list), _) => self.directories(git, list)?,
            (None, Some(list)) => self.files(git, list)?,
            (None, None) => return Err("it names neither directories nor files".to_owned()),
        };
        for set in &mut sets {
            self.append_values(git, set)?;
        }
        Ok(sets)
    }

    fn directories(&self, git: &Value<'t>, list: &Value<'t>) -> Sets<'t> {
        let patterns = patterns(list)?;
        let world = self.follow.world;
        let mut sets = Vec::new();
        for directory in world.directories() {
            let path = world.from_root(directory);
            // Hidden directories are no applications.
            if path.split('/').any(|part| part.starts_with('.')) {
                continue;
            }
            let fits = |exclude| {
                patterns.iter().find(|(pattern, e, _)| {
                    *e == exclude && pattern::matches(pattern, &path, false)
                })
            };
            if let (Some((_, _, origin)), None) = (fits(false), fits(true)) {
                let mut set = Value::map(*origin);
                self.add_path(git, &mut set, &path, None, *origin);
                sets.push(set);
            }
        }
        Ok(sets)
    }

    fn files(&self, git: &Value<'t>, list: &Value<'t>) -> Sets<'t> {
        let patterns = patterns(list)?;
        let world = self.follow.world;
        let mut sets = Vec::new();
        for file in world.files() {
            let path = world.from_root(&file.input.path);
            // A pattern of git: its wildcards match slashes.
            let fits = |exclude| {
                patterns
                    .iter()
                    .find(|(pattern, e, _)| *e == exclude && pattern::matches(pattern, &path, true))
            };
            let (Some((_, _, origin)), None) = (fits(false), fits(true)) else { continue };
            let Some(tree) = &file.tree else {
                return Err(format!("`{path}` was not read"));
            };
            let Some((_, root)) = tree.documents().next() else { continue };
            let value = Value::of(root, Writer::Variable);
            let objects = match value.data {
                Data::Seq(items) => items,
                _ => vec![value],
            };
            let (folder, name) = path.rsplit_once('/').unwrap_or((".", &path));
            for object in objects {
                if !object.is_map() {
                    return Err(format!("`{path}` holds no map of parameters"));
                }
                let mut set = if self.go { object } else { flat(&object) };
                self.add_path(git, &mut set, folder, Some(name), *origin);
                sets.push(set);
            }
        }
        Ok(sets)
    }

    /// `path` and its parts, below `pathParamPrefix` if there is one.
    fn add_path(
        &self,
        git: &Value<'t>,
        set: &mut Value<'t>,
        path: &str,
        file: Option<&str>,
        origin: Origin,
    ) {
        let prefix = git.get("pathParamPrefix").map_or("", Value::text);
        let text = |text: &str| Value::string(text.to_owned(), origin);
        let name = base(path);
        let mut parts =
            vec![("basename", text(&name)), ("basenameNormalized", text(&normalize(&name)))];
        if let Some(file) = file {
            parts.push(("filename", text(file)));
            parts.push(("filenameNormalized", text(&normalize(file))));
        }
        if self.go {
            let mut inner = Value::map(origin);
            inner.set("path", origin, text(path));
            for (key, value) in parts {
                inner.set(key, origin, value);
            }
            let segments = path.split('/').map(text).collect();
            inner.set("segments", origin, Value { data: Data::Seq(segments), origin });
            if prefix.is_empty() {
                set.set("path", origin, inner);
            } else {
                let mut outer = Value::map(origin);
                outer.set("path", origin, inner);
                set.set(prefix.to_owned(), origin, outer);
            }
            return;
        }
        let key = if prefix.is_empty() { "path".to_owned() } else { format!("{prefix}.path") };
        for (part, value) in parts {
            set.set(format!("{key}.{part}"), origin, value);
        }
        for (at, segment) in path.split('/').enumerate() {
            set.set(format!("{key}[{at}]"), origin, text(segment));
        }
        set.set(key, origin, text(path));
    }

    /// `values` of a generator, whose templates see its own parameters.
    fn append_values(&self, generator: &Value<'t>, set: &mut Value<'t>) -> Result<(), String> {
        let Some(values) = generator.get("values").filter(|v| !is_zero(v)) else { return Ok(()) };
        let mut filled_values = values.clone();
        mark(&mut filled_values);
        fill(&mut filled_values, set, self.go)?;
        if self.go {
            set.set("values", values.origin, filled_values);
        } else {
            for entry in filled_values.entries() {
                set.set(format!("values.{}", entry.key), entry.key_origin, entry.value.clone());
            }
        }
        Ok(())
    }

    fn clusters(&self, generator: &Value<'t>) -> Sets<'t> {
        let known = self.follow.inventory.clusters();
        if known.is_empty() {
            return Err("no Secret here tells of a cluster".to_owned());
        }
        if generator.get("flatList").and_then(Value::as_bool) == Some(true) {
            return Err("`flatList` is not supported".to_owned());
        }
        let selector = generator.get("selector").filter(|s| !is_zero(s));
        let mut sets = Vec::new();
        let local = known.iter().any(|c| c.server.trim_end_matches('/') == IN_CLUSTER.1);
        if selector.is_none() && !local {
            let origin = generator.origin;
            let mut set = Value::map(origin);
            for (key, text) in
                [("name", IN_CLUSTER.0), ("nameNormalized", IN_CLUSTER.0), ("server", IN_CLUSTER.1)]
            {
                set.set(key, origin, Value::string(text, origin));
            }
            sets.push(set);
        }
        for cluster in known {
            let labels = cluster.object.labels();
            let span = cluster.name_node.map_or(cluster.object.place().span, NodeRef::span);
            let origin = Origin::new(span, Writer::Generator);
            let mut plain = Value::map(origin);
            for (key, value) in labels.iter() {
                plain.set(key, origin, Value::string(value, origin));
            }
            if selector.is_some_and(|selector| !selected(selector, &plain)) {
                continue;
            }
            let mut set = Value::map(origin);
            let named = Origin::new(span, Writer::Variable);
            set.set("name", origin, Value::string(cluster.name.clone(), named));
            let fit = normalize(&cluster.name);
            set.set("nameNormalized", origin, Value::string(fit, origin));
            set.set("server", origin, Value::string(cluster.server.clone(), origin));
            let mut metadata = Value::map(origin);
            for (name, map) in [("labels", labels), ("annotations", cluster.object.annotations())] {
                let mut inner = Value::map(origin);
                for (key, value) in map.iter() {
                    let value = Value::string(value, origin);
                    if self.go {
                        inner.set(key, origin, value);
                    } else {
                        set.set(format!("metadata.{name}.{key}"), origin, value);
                    }
                }
                metadata.set(name, origin, inner);
            }
            if self.go {
                set.set("metadata", origin, metadata);
            }
            sets.push(set);
        }
        for set in &mut sets {
            self.append_values(generator, set)?;
        }
        Ok(sets)
    }

    /// Each set of one generator with each of the next, which may use the parameters before it.
    fn matrix(&self, matrix: &Value<'t>, depth: usize) -> Sets<'t> {
        let generators = matrix.get("generators").map_or(&[][..], Value::items);
        let [first, rest @ ..] = generators else { return Err("it has no generators".to_owned()) };
        let mut sets = self.at_depth(first, depth + 1)?;
        for generator in rest {
            let mut products = Vec::new();
            for before in &sets {
                let mut generator = generator.clone();
                // What does not fit is a template over the generator's own parameters.
                let _own = fill(&mut generator, before, self.go);
                for set in self.at_depth(&generator, depth + 1)? {
                    products.push(self.product(before, &set)?);
                    if products.len() > MAX_PARAMETERS {
                        return Err(format!("it gives more than {MAX_PARAMETERS} combinations"));
                    }
                }
            }
            sets = products;
        }
        Ok(sets)
    }

    fn product(&self, before: &Value<'t>, set: &Value<'t>) -> Result<Value<'t>, String> {
        if self.go {
            // What is there already stays.
            let mut product = set.clone();
            overlay(&mut product, before);
            return Ok(product);
        }
        let mut product = before.clone();
        for entry in set.entries() {
            if product.get(&entry.key).is_some_and(|old| old.text() != entry.value.text()) {
                return Err(format!("two generators give different values for `{}`", entry.key));
            }
            product.set(entry.key.clone(), entry.key_origin, entry.value.clone());
        }
        Ok(product)
    }

    /// The sets of the first generator, with what the others say of the same keys.
    fn merge(&self, merge: &Value<'t>, depth: usize) -> Sets<'t> {
        let keys: BTreeSet<&str> =
            merge.get("mergeKeys").map_or(&[][..], Value::items).iter().map(Value::text).collect();
        if keys.is_empty() {
            return Err("it has no `mergeKeys`".to_owned());
        }
        let identity = |set: &Value<'t>| -> Vec<String> {
            let flat = flat(set);
            keys.iter().map(|key| flat.get(key).map_or("", Value::text).to_owned()).collect()
        };
        let generators = merge.get("generators").map_or(&[][..], Value::items);
        let [first, rest @ ..] = generators else { return Err("it has no generators".to_owned()) };
        let mut sets = self.at_depth(first, depth + 1)?;
        for generator in rest {
            let mut others = BTreeMap::new();
            for set in self.at_depth(generator, depth + 1)? {
                if others.insert(identity(&set), set).is_some() {
                    return Err("two sets of a generator have the same merge keys".to_owned());
                }
            }
            for set in &mut sets {
                if let Some(other) = others.get(&identity(set)) {
                    overlay(set, other);
                }
            }
        }
        Ok(sets)
    }
}

/// Patterns with whether they exclude, and where they stand.
fn patterns(list: &Value<'_>) -> Result<Vec<(String, bool, Origin)>, String> {
    let one = |item: &Value<'_>| {
        let path = item.get("path")?;
        let exclude = item.get("exclude").and_then(Value::as_bool).unwrap_or(false);
        let text = path.text().trim_start_matches("./").trim_end_matches('/').to_owned();
        let origin = Origin::new(path.origin.span, Writer::Generator);
        Some((text, exclude, origin))
    };
    let patterns: Vec<_> = list.items().iter().filter_map(one).collect();
    if patterns.iter().any(|(text, ..)| text.contains("{{")) {
        return Err("its path is a template that cannot be filled".to_owned());
    }
    Ok(patterns)
}

/// Scalars that a person wrote as parameters are what they would edit.
fn mark(value: &mut Value<'_>) {
    value.origin.by = Writer::Variable;
    match &mut value.data {
        Data::Map(entries) => entries.iter_mut().for_each(|entry| mark(&mut entry.value)),
        Data::Seq(items) => items.iter_mut().for_each(mark),
        Data::Scalar { .. } => {}
    }
}

/// All scalars below a value, by keys and positions joined with dots.
fn flat<'t>(value: &Value<'t>) -> Value<'t> {
    fn add<'t>(key: String, value: &Value<'t>, out: &mut Vec<(String, Value<'t>)>) {
        let below = |part: &str| {
            if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") }
        };
        match &value.data {
            Data::Map(entries) => {
                for entry in entries {
                    add(below(&entry.key), &entry.value, out);
                }
            }
            Data::Seq(items) => {
                for (at, item) in items.iter().enumerate() {
                    add(below(&at.to_string()), item, out);
                }
            }
            Data::Scalar { .. } => out.push((key, value.clone())),
        }
    }
    let mut found = Vec::new();
    add(String::new(), value, &mut found);
    let mut out = Value::map(value.origin);
    for (key, value) in found {
        let origin = value.origin;
        out.set(Cow::Owned(key), origin, value);
    }
    out
}

/// Whether a label selector takes a set of texts.
fn selected(selector: &Value<'_>, texts: &Value<'_>) -> bool {
    let labels = selector.get("matchLabels").map_or(&[][..], Value::entries);
    let expressions = selector.get("matchExpressions").map_or(&[][..], Value::items);
    labels.iter().all(|l| texts.get(&l.key).is_some_and(|t| t.text() == l.value.text()))
        && expressions.iter().all(|expression| {
            let key = expression.get("key").map_or("", Value::text);
            let text = texts.get(key).map(Value::text);
            let values = expression.get("values").map_or(&[][..], Value::items);
            let listed = text.is_some_and(|text| values.iter().any(|v| v.text() == text));
            match expression.get("operator").map_or("", Value::text) {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => text.is_some(),
                "DoesNotExist" => text.is_none(),
                _ => false,
            }
        })
}
