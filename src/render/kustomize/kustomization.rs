//! A kustomization as its engine reads it: known fields only, old spellings made new ones.

use std::path::{Path, PathBuf};

use kubeready_manifest::yaml::{Data, Origin, Value, Writer};

use super::Overlay;
use super::shape::{self, fit};
use crate::load::Loaded;
use crate::render::{Fault, FaultKind};
use crate::source::Span;

/// A kustomization or component.
#[derive(Clone, Debug)]
pub(super) struct Kustomization<'w> {
    pub(super) file: &'w Loaded,
    /// The directory that its paths start from, links resolved.
    pub(super) directory: PathBuf,
    pub(super) is_component: bool,
    fields: Value<'w>,
}

const API: &str = "kustomize.config.k8s.io/";

impl<'w> Kustomization<'w> {
    /// Reads the file of a kustomization. `None` where nothing in it can be used.
    pub(super) fn read(file: &'w Loaded, faults: &mut Vec<Fault>) -> Option<Self> {
        let start = Span { source: file.source, start: 0, end: 0 };
        let Some(tree) = &file.tree else {
            faults.push(Fault::fatal(
                FaultKind::Invalid,
                start,
                "this kustomization cannot be read",
            ));
            return None;
        };
        for error in tree.errors() {
            faults.push(Fault::fatal(
                FaultKind::Invalid,
                tree.span(error.at.clone()),
                format!("this kustomization is no YAML: {}", error.message),
            ));
        }
        let root = tree.documents().next().map(|(_, root)| root);
        let Some(root) = root.filter(|root| !root.is_null()) else {
            if tree.errors().is_empty() {
                faults.push(empty(start));
            }
            return None;
        };
        let mut fields = Value::of(root, Writer::Transformer);
        if !fit(&mut fields, shape::KUSTOMIZATION, "a kustomization", faults) {
            return None;
        }
        let place = file.real.as_deref().unwrap_or(&file.input.path);
        let directory = place.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut this = Self { file, directory, is_component: false, fields };
        this.check_type(faults);
        let substance = |key: &str| !matches!(key, "apiVersion" | "kind");
        if !this.fields.entries().iter().any(|entry| substance(&entry.key)) {
            faults.push(empty(this.span()));
        }
        this.modernise();
        Some(this)
    }

    /// A kustomization that stands in no file: what Flux makes of a directory without one.
    pub(super) fn made(file: &'w Loaded, directory: &Path, resources: Vec<Value<'w>>) -> Self {
        let span = Span { source: file.source, start: 0, end: 0 };
        let origin = Origin::new(span, Writer::Transformer);
        let mut fields = Value::map(origin);
        fields.set("resources", origin, Value { data: Data::Seq(resources), origin });
        let directory = directory.to_path_buf();
        Self { file, directory, is_component: false, fields }
    }

    fn check_type(&mut self, faults: &mut Vec<Fault>) {
        let kind = self.text("kind");
        let wrong = |value: Option<&Value<'_>>, what: String| {
            let at = value.map_or(self.span(), |v| v.origin.span);
            Fault::fatal(FaultKind::Invalid, at, what)
        };
        let (is_component, version) = match kind {
            "" | "Kustomization" => (false, "v1beta1"),
            "Component" => (true, "v1alpha1"),
            _ => {
                let what = "the kind must be `Kustomization` or `Component`".to_owned();
                faults.push(wrong(self.field("kind"), what));
                (false, "v1beta1")
            }
        };
        let api = self.text("apiVersion");
        if !api.is_empty() && api.strip_prefix(API) != Some(version) {
            let kind = if is_component { "Component" } else { "Kustomization" };
            let what = format!("the apiVersion of a {kind} must be `{API}{version}`");
            faults.push(wrong(self.field("apiVersion"), what));
        }
        self.is_component = is_component;
    }

    /// Old spellings become what kustomize makes of them.
    fn modernise(&mut self) {
        for (old, new) in [
            ("bases", "resources"),
            ("imageTags", "images"),
            ("helmChartInflationGenerator", "helmCharts"),
        ] {
            if let Some(entry) = self.fields.remove(old)
                && let Data::Seq(items) = entry.value.data
            {
                self.append(new, entry.value.origin, items);
            }
        }
        for field in ["configMapGenerator", "secretGenerator"] {
            let Some(list) = self.fields.get_mut(field) else { continue };
            let Data::Seq(generators) = &mut list.data else { continue };
            for generator in generators {
                let Some(entry) = generator.remove("env") else { continue };
                append(generator, "envs", entry.value.origin, vec![entry.value]);
            }
        }
    }

    fn append(&mut self, field: &'static str, origin: Origin, items: Vec<Value<'w>>) {
        append(&mut self.fields, field, origin, items);
    }

    /// Applies what a delivery changes. `exists` tells whether a directory has a kustomization.
    pub(super) fn overlay(
        &mut self,
        overlay: &Overlay<'w>,
        exists: &dyn Fn(&Path) -> bool,
        faults: &mut Vec<Fault>,
    ) {
        let one = [
            ("namespace", &overlay.namespace),
            ("namePrefix", &overlay.name_prefix),
            ("nameSuffix", &overlay.name_suffix),
        ];
        for (field, value) in one {
            if let Some(value) = value {
                self.fields.set(field, value.origin, value.clone());
            }
        }
        for (field, values) in [("images", &overlay.images), ("replicas", &overlay.replicas)] {
            for value in values {
                let name = value.get("name").map_or("", Value::text);
                let list = self.fields.get_mut(field).map(|list| &mut list.data);
                let same = match list {
                    Some(Data::Seq(items)) => items
                        .iter_mut()
                        .find(|item| item.get("name").is_some_and(|n| n.text() == name)),
                    _ => None,
                };
                match same {
                    Some(same) => *same = value.clone(),
                    None => self.append(field, value.origin, vec![value.clone()]),
                }
            }
        }
        let pairs = [
            ("commonLabels", &overlay.common_labels),
            ("commonAnnotations", &overlay.common_annotations),
        ];
        for (field, map) in pairs {
            let Some(map) = map else { continue };
            if self.fields.get(field).is_none() {
                self.fields.set(field, map.origin, Value::map(map.origin));
            }
            let Some(target) = self.fields.get_mut(field) else { continue };
            for entry in map.entries() {
                let text = entry.value.text().to_owned();
                let value = Value::string(text, entry.value.origin);
                target.set(entry.key.clone(), entry.key_origin, value);
            }
        }
        if let Some(labels) = &overlay.labels {
            let mut label = Value::map(labels.origin);
            label.set("pairs", labels.origin, labels.clone());
            if overlay.labels_in_templates {
                label.set("includeTemplates", labels.origin, Value::plain("true", labels.origin));
            }
            self.append("labels", labels.origin, vec![label]);
        }
        for patch in &overlay.patches {
            let mut patch = patch.clone();
            if fit(&mut patch, shape::PATCH, "a patch", faults) {
                self.append("patches", patch.origin, vec![patch]);
            }
        }
        for component in &overlay.components {
            let path = crate::walk::clean(&self.directory.join(component.text()));
            if overlay.ignore_missing_components && !exists(&path) {
                continue;
            }
            self.append("components", component.origin, vec![component.clone()]);
        }
    }

    /// The whole of it.
    pub(super) fn span(&self) -> Span {
        self.fields.origin.span
    }

    pub(super) fn field(&self, name: &str) -> Option<&Value<'w>> {
        self.fields.get(name)
    }

    /// A string; `""` if absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", Value::text)
    }

    /// The items of a list; none if absent.
    pub(super) fn list(&self, name: &str) -> &[Value<'w>] {
        self.fields.get(name).map_or(&[], Value::items)
    }
}

fn append<'w>(map: &mut Value<'w>, field: &'static str, origin: Origin, items: Vec<Value<'w>>) {
    if map.get(field).is_none() {
        map.set(field, origin, Value::seq(origin));
    }
    if let Some(Data::Seq(list)) = map.get_mut(field).map(|list| &mut list.data) {
        list.extend(items);
    }
}

fn empty(at: Span) -> Fault {
    Fault::fatal(FaultKind::Empty, at, "this kustomization is empty")
        .help("name what it is made of under `resources`, or delete it")
}
