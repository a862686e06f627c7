//! Generators and transformers with a configuration of their own: those that kustomize has built
//! in. All others would run programs, which kubeready does not.

use std::borrow::Cow;
use std::path::PathBuf;

use kubeready_manifest::yaml::{Data, Origin, Value, Writer};

use super::accumulate::{Builder, Gathered, is_remote};
use super::config::field_spec;
use super::fields::{Failure, split_path};
use super::generators::Made;
use super::kustomization::Kustomization;
use super::resource::Resource;
use super::select::Selector;
use super::tables::FieldSpec;
use super::transform::{Affix, Subjects};
use super::{names, read, shape};
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
        found.retain_mut(|plugin: &mut Plugin<'w>| {
            !plugin.is_builtin() || self.configured(&mut plugin.config)
        });
        found
    }

    /// Reads the configuration of a plugin that is built in; whether it can be used.
    fn configured(&mut self, config: &mut Value<'w>) -> bool {
        let kind = config.get("kind").map_or("", Value::text).to_owned();
        let before = self.faults.len();
        shape::fit_loosely(config, shape::of_plugin(&kind), &kind, &mut self.faults);
        self.faults.len() == before
    }

    fn foreign(&mut self, plugin: &Plugin<'w>, changes: bool) {
        let kind = plugin.config.get("kind");
        let at = kind.map_or(plugin.config.origin.span, |kind| kind.origin.span);
        let what =
            format!("`{}` is a plugin, which kubeready does not run", kind.map_or("", Value::text));
        let note = Fault::note(FaultKind::Plugin, at, what);
        let note = if changes { note.partial() } else { note };
        // What decrypts makes Secrets and nothing else.
        let decrypts = kind.is_some_and(|kind| kind.text().to_ascii_lowercase().contains("sops"));
        self.faults.push(if decrypts { note.only("Secret") } else { note });
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
                    self.inflate(k, &plugin.config, plugin.config.get("chartHome"), gathered);
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

    /// `validators`: transformers that must not change anything, except for a label that says that
    /// an object was looked at.
    pub(super) fn validate(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        for plugin in self.plugins(k, "validators") {
            if !plugin.is_builtin() {
                self.foreign(&plugin, false);
                continue;
            }
            let before = gathered.objects.clone();
            self.run_transformer(k, &plugin, gathered);
            if !same_objects(before.list(), gathered.objects.list()) {
                let kind = plugin.config.get("kind");
                let at = kind.map_or(plugin.config.origin.span, |kind| kind.origin.span);
                self.fatal(FaultKind::Invalid, at, "a validator must not change objects");
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
                let modes = ["", "defaultOnly", "none", "allServiceAccounts"];
                if let Some(mode) = config.get("setRoleBindingSubjects")
                    && !modes.contains(&mode.text())
                {
                    let what = "the subjects are `defaultOnly`, `none` or `allServiceAccounts`";
                    return self.fatal(FaultKind::Invalid, mode.origin.span, what);
                }
                let namespace = config.at(&["metadata", "namespace"]);
                let Some(namespace) = namespace.filter(|n| !n.text().is_empty()) else { return };
                let origin = Origin::new(namespace.origin.span, Writer::Namespace);
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
                if config.get("fieldSpecs").is_none() {
                    let what = "this needs `fieldSpecs`, which may be empty";
                    return self.fatal(FaultKind::Invalid, config.origin.span, what);
                }
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
                let none = Value::map(config.origin);
                let replica = config.get("replica").unwrap_or(&none);
                self.replicas(replica, &specs, gathered);
            }
            "PatchTransformer" => self.patch(k, config, gathered),
            "PatchStrategicMergeTransformer" => {
                let paths = config.get("paths").map_or(&[][..], Value::items);
                if paths.is_empty() && affix("patches").is_none() {
                    let what = "this needs `paths` or `patches`";
                    return self.fatal(FaultKind::Invalid, config.origin.span, what);
                }
                self.strategic_merges(k, paths, gathered);
                if let Some(inline) = affix("patches") {
                    self.merge_inline(inline, gathered);
                }
            }
            "PatchJson6902Transformer" => self.json_patch(k, config, gathered),
            "ReplacementTransformer" => {
                let entries = config.get("replacements").map_or(&[][..], Value::items);
                self.replacements(k, entries, gathered);
            }
            "ValueAddTransformer" => self.add_value(k, plugin, gathered),
            "HashTransformer" => names::add_hashes(gathered.objects.list_mut()),
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
        let given = config.get("value").filter(|value| !value.text().trim().is_empty());
        let base = k.directory.file_name().map(|n| n.to_string_lossy().into_owned());
        let text = given.map_or_else(|| base.unwrap_or_default(), |v| v.text().trim().to_owned());
        let span = given.map_or(config.origin.span, |value| value.origin.span);
        let origin = Origin::new(span, Writer::Transformer);
        let mut targets: Vec<Value<'w>> =
            config.get("targets").map_or(&[][..], Value::items).to_vec();
        if let Some(path) = config.get("targetFilePath").filter(|p| !p.text().is_empty()) {
            let Some(file) = self.file(k, path.text(), path.origin.span) else { return };
            let documents = read::documents(file, Writer::Transformer, &mut self.faults);
            let list = documents.into_iter().next().and_then(|mut d| d.remove("targets"));
            if let Some(mut list) = list.map(|entry| entry.value) {
                shape::fit_loosely(&mut list, shape::VALUE_TARGETS, "targets", &mut self.faults);
                targets.extend(list.items().iter().cloned());
            }
        }
        if targets.is_empty() {
            let what = "this names no target that the value could be written to";
            return self.fatal(FaultKind::Invalid, config.origin.span, what);
        }
        for target in &targets {
            self.add_value_to(target, &text, origin, gathered);
        }
    }

    fn add_value_to(
        &mut self,
        target: &Value<'w>,
        text: &str,
        origin: Origin,
        gathered: &mut Gathered<'w>,
    ) {
        let selector = match target.get("selector").map(Selector::read) {
            Some(Ok(selector)) => selector,
            Some(Err(failure)) => return self.failed(failure),
            None => Selector::default(),
        };
        let Some(field) = target.get("fieldPath").filter(|path| !path.text().is_empty()) else {
            let what = "a target needs a `fieldPath`";
            return self.fatal(FaultKind::Invalid, target.origin.span, what);
        };
        let position = target.get("filePathPosition");
        let number = position.map_or(Some(0), |position| position.text().parse::<usize>().ok());
        let Some(number) = number else {
            let at = position.map_or(target.origin.span, |position| position.origin.span);
            return self.fatal(FaultKind::Invalid, at, "a position cannot be negative");
        };
        let is_namespace = field.text() == "metadata/namespace";
        let path = split_path(field.text().to_owned());
        let mut failures = Vec::new();
        for resource in gathered.objects.list_mut() {
            if !selector.matches(resource) || (is_namespace && resource.id().is_cluster_scoped()) {
                continue;
            }
            match made_at(&mut resource.value, &path, origin) {
                Ok(value) if is_namespace => *value = Value::string(text.to_owned(), origin),
                Ok(value) => {
                    let new = match number.checked_sub(1) {
                        Some(position) => between(value.text(), position, text),
                        None => text.to_owned(),
                    };
                    // It is written as it stands: what looks like a number is one.
                    *value = Value::plain(new, origin);
                    read::settle_words(value);
                }
                Err(failure) => failures.push(failure),
            }
        }
        self.all_failed(failures);
    }

    /// A service account that stands for one of Google's.
    fn service_account(&mut self, config: &Value<'w>) -> Option<Resource<'w>> {
        let text = |keys: &[&str]| config.at(keys).map_or("", Value::text);
        if text(&["cloud"]) != "gke" {
            let at = config.get("cloud").map_or(config.origin.span, |cloud| cloud.origin.span);
            self.fatal(FaultKind::Invalid, at, "the only cloud that kustomize knows is `gke`");
            return None;
        }
        let origin = Origin::new(config.origin.span, Writer::Generator);
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

/// The scalar at a path, made if it is missing. `[key=value]` chooses an item of a list.
fn made_at<'v, 'w>(
    value: &'v mut Value<'w>,
    path: &[Cow<'static, str>],
    origin: Origin,
) -> Result<&'v mut Value<'w>, Failure> {
    let at = value.origin.span;
    let Some((key, rest)) = path.split_first() else {
        return match &value.data {
            Data::Scalar { .. } => Ok(value),
            Data::Map(_) | Data::Seq(_) => {
                Err((at, "a value can be written to a scalar only".to_owned()))
            }
        };
    };
    if value.is_null() {
        *value = Value::map(origin);
    }
    if value.is_map() && value.get(key).is_none() {
        value.set(key.clone(), origin, Value::null(origin));
    }
    if rest.is_empty() && value.get(key).is_some_and(Value::is_null) {
        value.set(key.clone(), origin, Value::string("", origin));
    }
    let next = match &mut value.data {
        Data::Map(entries) => {
            entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
        }
        Data::Seq(items) => {
            let inside = key.strip_prefix('[').and_then(|key| key.strip_suffix(']'));
            let chosen = inside.and_then(|inside| inside.split_once('='));
            chosen.and_then(|(name, text)| {
                items.iter_mut().find(|item| item.get(name).is_some_and(|v| v.text() == text))
            })
        }
        Data::Scalar { .. } => None,
    };
    match next {
        Some(next) => made_at(next, rest, origin),
        None => Err((at, format!("there is no `{key}` here, and none can be made"))),
    }
}

/// Whether objects are the same but for the label by which validators say that they saw them.
fn same_objects(before: &[Resource<'_>], after: &[Resource<'_>]) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            unlabelled(&before.value).means(&unlabelled(&after.value))
                && before.needs_hash == after.needs_hash
        })
}

fn unlabelled<'w>(value: &Value<'w>) -> Value<'w> {
    let mut value = value.clone();
    if let Some(metadata) = value.get_mut("metadata") {
        if let Some(labels) = metadata.get_mut("labels") {
            labels.remove("validated-by");
        }
        if metadata.get("labels").is_some_and(|labels| labels.entries().is_empty()) {
            metadata.remove("labels");
        }
    }
    value
}

/// A path with one more part at a position.
fn between(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
