//! Generators and transformers with a configuration of their own: those that kustomize has built
//! in. All others would run programs, which kubeready does not.

use std::path::PathBuf;

use kubeready_manifest::yaml::{Data, Origin, Style, Value, Writer};

use super::accumulate::{Builder, Gathered, is_remote};
use super::config::field_spec;
use super::fields::{Created, split_path, visit};
use super::generators::Made;
use super::kustomization::Kustomization;
use super::resource::Resource;
use super::select::Selector;
use super::tables::FieldSpec;
use super::transform::{Affix, Subjects};
use super::{names, read, sort};
use crate::render::{Fault, FaultKind};

/// The configuration of a plugin.
struct Plugin<'w> {
    config: Value<'w>,
    /// The file that it stands in, unless it is written in the kustomization.
    file: Option<PathBuf>,
}

impl Plugin<'_> {
    fn text(&self, key: &str) -> &str {
        self.config.get(key).map_or("", Value::text)
    }

    /// Version, kind, name and namespace.
    fn identity(&self) -> [String; 4] {
        let of = |keys: &[&str]| self.config.at(keys).map_or("", Value::text).to_owned();
        [
            of(&["apiVersion"]),
            of(&["kind"]),
            of(&["metadata", "name"]),
            of(&["metadata", "namespace"]),
        ]
    }

    fn is_builtin(&self) -> bool {
        self.text("apiVersion") == "builtin"
    }

    fn specs(&self) -> Vec<FieldSpec> {
        let list = self.config.get("fieldSpecs").map_or(&[][..], Value::items);
        list.iter().map(field_spec).collect()
    }
}

impl<'w> Builder<'_, 'w> {
    /// The configurations that a field names: inline, in files, or made by other kustomizations.
    fn plugins(&mut self, k: &Kustomization<'w>, field: &str) -> Vec<Plugin<'w>> {
        // Those that are written inline come first, wherever they stand in the list.
        let (mut found, mut elsewhere) = (Vec::new(), Vec::new());
        for entry in k.list(field) {
            let path = Self::beside(k, entry.text());
            let world = self.kustomize.world;
            let is_path = world.file(&path).is_some()
                || world.is_directory(&path)
                || is_remote(entry.text().lines().next().unwrap_or(""))
                || !entry.text().contains(':');
            if !is_path {
                let inline = self.kustomize.inline(entry, Writer::Transformer, &mut self.faults);
                let objects = read::objects(inline, &mut self.faults);
                found.extend(objects.into_iter().map(|config| Plugin { config, file: None }));
                continue;
            }
            let mut gathered = Gathered::default();
            self.resource(k, entry, &mut gathered);
            let file = world.file(&path).map(|_| path);
            let configs = gathered.objects.into_list().into_iter().map(|resource| resource.value);
            elsewhere.extend(configs.map(|config| Plugin { config, file: file.clone() }));
        }
        found.extend(elsewhere);
        found
    }

    fn foreign(&mut self, plugin: &Plugin<'w>, changes: bool) {
        let kind = plugin.config.get("kind");
        let at = kind.map_or(plugin.config.origin.span, |kind| kind.origin.span);
        let what =
            format!("`{}` is a plugin, which kubeready does not run", kind.map_or("", Value::text));
        let note = Fault::note(FaultKind::Plugin, at, what);
        self.faults.push(if changes { note.partial() } else { note });
    }

    fn unknown(&mut self, plugin: &Plugin<'w>) {
        let kind = plugin.config.get("kind");
        let at = kind.map_or(plugin.config.origin.span, |kind| kind.origin.span);
        let kind = kind.map_or("", Value::text);
        self.fatal(FaultKind::Invalid, at, format!("kustomize has no `{kind}` built in"));
    }

    /// `generators`.
    pub(super) fn run_plugin_generators(
        &mut self,
        k: &Kustomization<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        for plugin in self.plugins(k, "generators") {
            if !plugin.is_builtin() {
                self.foreign(&plugin, true);
                continue;
            }
            let kind = plugin.text("kind").to_owned();
            let made = match &*kind {
                "ConfigMapGenerator" => {
                    let arguments = named(&plugin.config);
                    self.generate(k, Made::ConfigMap, &arguments, None)
                }
                "SecretGenerator" => {
                    let arguments = named(&plugin.config);
                    self.generate(k, Made::Secret, &arguments, None)
                }
                "IAMPolicyGenerator" => self.service_account(&plugin.config),
                "HelmChartInflationGenerator" => {
                    let what = format!(
                        "the chart `{}` was not rendered: kustomize would run helm",
                        plugin.text("name")
                    );
                    let at = plugin.config.origin.span;
                    self.faults.push(Fault::note(FaultKind::Chart, at, what).partial());
                    None
                }
                _ => {
                    self.unknown(&plugin);
                    None
                }
            };
            if let Some(mut resource) = made {
                let identity = plugin.identity();
                let by = identity.each_ref().map(String::as_str);
                resource.notes = self.origin_of_plugin(k, plugin.file.as_deref(), by);
                self.absorb(resource, plugin.config.origin.span, gathered);
            }
        }
    }

    /// `transformers`.
    pub(super) fn run_plugin_transformers(
        &mut self,
        k: &Kustomization<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        for plugin in self.plugins(k, "transformers") {
            if !plugin.is_builtin() {
                self.foreign(&plugin, true);
                continue;
            }
            self.run_transformer(k, &plugin, gathered);
            if self.annotate.is_some() {
                let identity = plugin.identity();
                let by = identity.each_ref().map(String::as_str);
                let list = gathered.objects.contents_mut();
                self.note_transformer(k, by, plugin.file.as_deref(), list);
            }
        }
    }

    /// `validators`: those that are built in change nothing that they may change.
    pub(super) fn validate(&mut self, k: &Kustomization<'w>, _: &mut Gathered<'w>) {
        for plugin in self.plugins(k, "validators") {
            if !plugin.is_builtin() {
                self.foreign(&plugin, false);
            }
        }
    }

    fn run_transformer(
        &mut self,
        k: &Kustomization<'w>,
        plugin: &Plugin<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        let config = &plugin.config;
        let specs = plugin.specs();
        let affix = |key| config.get(key).filter(|text| !text.text().is_empty());
        match plugin.text("kind") {
            "AnnotationsTransformer" => {
                self.pairs(config.get("annotations"), &specs, Writer::Annotation, gathered);
            }
            "LabelTransformer" => {
                self.pairs(config.get("labels"), &specs, Writer::Label, gathered);
            }
            "NamespaceTransformer" => {
                let Some(namespace) = config.at(&["metadata", "namespace"]) else { return };
                let origin = Origin { span: namespace.origin.span, by: Writer::Namespace };
                let value = Value::string(namespace.text().to_owned(), origin);
                let subjects = match plugin.text("setRoleBindingSubjects") {
                    "allServiceAccounts" => Subjects::AllServiceAccounts,
                    "none" => Subjects::None,
                    _ => Subjects::Default,
                };
                let unset_only = config.get("unsetOnly").and_then(Value::as_bool) == Some(true);
                self.namespace(&value, &specs, subjects, unset_only, gathered);
            }
            "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
                for (key, which) in [("prefix", Affix::Prefix), ("suffix", Affix::Suffix)] {
                    if let Some(text) = affix(key) {
                        self.affix(text, which, Some(&specs), gathered);
                    }
                }
            }
            "ImageTagTransformer" => {
                if let Some(image) = config.get("imageTag") {
                    self.images(image, &specs, gathered);
                }
            }
            "ReplicaCountTransformer" => {
                if let Some(replica) = config.get("replica") {
                    self.replicas(replica, &specs, gathered);
                }
            }
            "PatchTransformer" => self.patch(k, config, gathered),
            "PatchStrategicMergeTransformer" => {
                let paths = config.get("paths").map_or(&[][..], Value::items);
                self.strategic_merges(k, paths, gathered);
                if let Some(inline) = affix("patches") {
                    self.merge_inline(inline, gathered);
                }
            }
            "PatchJson6902Transformer" => self.json_patch_of_one(k, config, gathered),
            "ReplacementTransformer" => {
                let entries = config.get("replacements").map_or(&[][..], Value::items);
                self.replacements(k, entries, gathered);
            }
            "ValueAddTransformer" => self.add_value(k, plugin, gathered),
            "HashTransformer" => names::add_hashes(gathered.objects.list_mut()),
            "LegacyOrderTransformer" => sort::legacy(gathered.objects.list_mut()),
            _ => self.unknown(plugin),
        }
    }

    /// Puts a value, by default the name of the directory, at fields or between parts of paths.
    fn add_value(
        &mut self,
        k: &Kustomization<'w>,
        plugin: &Plugin<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        let config = &plugin.config;
        let given = config.get("value").filter(|value| !value.text().is_empty());
        let base = k.directory.file_name().map(|n| n.to_string_lossy().into_owned());
        let text = given.map_or_else(|| base.unwrap_or_default(), |v| v.text().to_owned());
        let span = given.map_or(config.origin.span, |value| value.origin.span);
        let origin = Origin { span, by: Writer::Transformer };
        let mut targets: Vec<Value<'w>> =
            config.get("targets").map_or(&[][..], Value::items).to_vec();
        if let Some(path) = config.get("targetFilePath").filter(|p| !p.text().is_empty())
            && let Some(file) = self.file(k, path.text(), path.origin.span)
        {
            for document in read::documents(file, Writer::Transformer, &mut self.faults) {
                match document.data {
                    Data::Seq(items) => targets.extend(items),
                    _ => targets.push(document),
                }
            }
        }
        for target in &targets {
            let selector = match target.get("selector").map(Selector::read) {
                Some(Ok(selector)) => selector,
                Some(Err(failure)) => {
                    self.failed(failure);
                    continue;
                }
                None => Selector::default(),
            };
            let field = target.get("fieldPath").map_or("", Value::text);
            let position = target.get("filePathPosition").map_or("", Value::text);
            let position = position.parse::<usize>().ok().filter(|position| *position > 0);
            let path = split_path(field.to_owned());
            let create = position.is_none().then_some(Created::Scalar);
            let mut failures = Vec::new();
            for resource in gathered.objects.list_mut() {
                if !selector.matches(resource) {
                    continue;
                }
                let gone = visit(&mut resource.value, &path, create, origin, &mut |value| {
                    let new = match position {
                        Some(position) => between(value.text(), position - 1, &text),
                        None => text.clone(),
                    };
                    let style = Style::DoubleQuoted;
                    *value = Value { data: Data::Scalar { text: new.into(), style }, origin };
                });
                failures.extend(gone.err());
            }
            self.all_failed(failures);
        }
    }

    /// A service account that stands for one of Google's.
    fn service_account(&mut self, config: &Value<'w>) -> Option<Resource<'w>> {
        let text = |keys: &[&str]| config.at(keys).map_or("", Value::text);
        if text(&["cloud"]) != "gke" {
            let at = config.get("cloud").map_or(config.origin.span, |cloud| cloud.origin.span);
            self.fatal(FaultKind::Invalid, at, "the only cloud that kustomize knows is `gke`");
            return None;
        }
        let origin = Origin { span: config.origin.span, by: Writer::Generator };
        let string = |text: &str| Value::string(text.to_owned(), origin);
        let account = format!(
            "{}@{}.iam.gserviceaccount.com",
            text(&["serviceAccount", "name"]),
            text(&["serviceAccount", "projectId"])
        );
        let mut annotations = Value::map(origin);
        annotations.set("iam.gke.io/gcp-service-account", origin, string(&account));
        let mut metadata = Value::map(origin);
        metadata.set("annotations", origin, annotations);
        metadata.set("name", origin, string(text(&["kubernetesService", "name"])));
        let namespace = text(&["kubernetesService", "namespace"]);
        if !namespace.is_empty() {
            metadata.set("namespace", origin, string(namespace));
        }
        let mut object = Value::map(origin);
        object.set("apiVersion", origin, string("v1"));
        object.set("kind", origin, string("ServiceAccount"));
        object.set("metadata", origin, metadata);
        Some(Resource::new(object))
    }
}

/// The arguments of a generator, whose name and namespace may stand in its metadata.
fn named<'w>(config: &Value<'w>) -> Value<'w> {
    let mut arguments = config.clone();
    for key in ["name", "namespace"] {
        let own = arguments.get(key).is_some_and(|value| !value.text().is_empty());
        if !own && let Some(value) = config.at(&["metadata", key]).cloned() {
            arguments.set(key, value.origin, value);
        }
    }
    if let Some(env) = arguments.remove("env") {
        let mut envs = arguments
            .remove("envs")
            .map_or_else(|| Value::seq(env.value.origin), |entry| entry.value);
        if let Data::Seq(items) = &mut envs.data {
            items.push(env.value);
        }
        arguments.set("envs", envs.origin, envs);
    }
    arguments
}

/// A path with one more part at a position.
fn between(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
