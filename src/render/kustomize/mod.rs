//! Kustomize, natively: what `kustomize build` prints, and where each part of it comes from.

mod accumulate;
mod charts;
mod config;
pub mod fields;
mod generators;
mod hash;
pub mod images;
pub(in crate::render) mod inline;
pub mod json_patch;
mod kustomization;
mod labels;
pub mod merge;
mod names;
mod notes;
mod objects;
mod patch;
mod plugins;
mod read;
pub mod replacements;
mod resource;
mod room;
pub mod select;
mod shape;
mod sort;
pub mod tables;
mod transform;
mod vars;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kubeready_manifest::yaml::{Data, Origin, Value, Writer};
use kubeready_typed::NEWEST;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::deadline::Deadline;
use crate::load::{Class, LoadRestrictor, Loaded, World, references};
use crate::render::helm::{Detail, Real, Store};
use crate::render::{Fault, FaultKind};
use crate::settings::Limits;
use crate::source::{SourceId, Span};

use accumulate::{Base, Builder, Gathered};
use kustomization::Kustomization;
use transform::metadata;

pub use resource::{Behavior, Id, Resource};
pub use room::Room;

/// What a delivery changes in the kustomization of a root before it is built, as Flux and Argo CD
/// do it: they edit the file rather than wrap it. Values keep their origins in the delivering
/// object.
#[derive(Clone, Debug, Default)]
pub struct Overlay<'t> {
    /// Takes the place of `namespace`.
    pub namespace: Option<Value<'t>>,
    /// Takes the place of `namePrefix`.
    pub name_prefix: Option<Value<'t>>,
    /// Takes the place of `nameSuffix`.
    pub name_suffix: Option<Value<'t>>,
    /// Maps as in `images`; one of the same `name` takes the place of the root's.
    pub images: Vec<Value<'t>>,
    /// Maps as in `replicas`; one of the same `name` takes the place of the root's.
    pub replicas: Vec<Value<'t>>,
    /// A map of pairs, put over `commonLabels`.
    pub common_labels: Option<Value<'t>>,
    /// A map of pairs for `metadata.labels`, not for selectors.
    pub labels: Option<Value<'t>>,
    /// `labels` go to templates, too.
    pub labels_in_templates: bool,
    /// A map of pairs, put over `commonAnnotations`.
    pub common_annotations: Option<Value<'t>>,
    /// Maps as in `patches`, behind those of the root.
    pub patches: Vec<Value<'t>>,
    /// Directories of components, relative to the root, behind those of the root.
    pub components: Vec<Value<'t>>,
    /// Components whose directory is not there are left out in silence.
    pub ignore_missing_components: bool,
    /// A map of pairs set on the `metadata.labels` of what was built (Flux's `commonMetadata`).
    pub metadata_labels: Option<Value<'t>>,
    /// A map of pairs set on the `metadata.annotations` of what was built.
    pub metadata_annotations: Option<Value<'t>>,
    /// Files may be named from anywhere in the repository, as Flux lets them.
    pub unrestricted: bool,
}

/// What came out of a root.
#[derive(Clone, Debug, Default)]
pub struct Build<'t> {
    /// In the order of loading unless the root sorts them.
    pub resources: Vec<Resource<'t>>,
    /// In the order in which they came up, each once.
    pub faults: Vec<Fault>,
    /// Every file that took part, sorted.
    pub inputs: Vec<SourceId>,
    /// What is known of nodes that charts made, by the number of their origin, from 1.
    pub details: Vec<Detail>,
}

/// What a result depends on: the directory, the schema set before, whether paths are restricted.
type Key = (PathBuf, Option<SourceId>, bool);

type Remembered<T> = Mutex<FxHashMap<SourceId, Arc<(T, Vec<Fault>)>>>;

/// Documents and what is wrong with them, by the scalar that they stand in.
type Inlines<'w> = FxHashMap<(Span, Writer), Arc<(Vec<Value<'w>>, Vec<Fault>)>>;

/// Builds roots of one world. Shared between threads; what several roots have in common is built
/// once.
#[derive(Debug)]
pub struct Kustomize<'w> {
    world: &'w World<'w>,
    sources: FxHashMap<SourceId, &'w Loaded>,
    /// Directories that a kustomization names: only their results are worth keeping.
    bases: FxHashSet<PathBuf>,
    read: Remembered<Option<Arc<Kustomization<'w>>>>,
    built: Mutex<FxHashMap<Key, Arc<Base<'w>>>>,
    inlines: Mutex<Inlines<'w>>,
    restrictor: LoadRestrictor,
    /// What charts are inflated from.
    charts: Store<'w>,
    /// What is known of the nodes of all charts so far.
    details: Mutex<Vec<Detail>>,
    kubernetes_version: u16,
    limits: Limits,
    deadline: Option<&'w Deadline<'w>>,
}

impl<'w> Kustomize<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        let mut bases = FxHashSet::default();
        for file in world.files().filter(|file| file.class == Class::Kustomization) {
            let Some(tree) = &file.tree else { continue };
            let Some((_, root)) = tree.documents().next() else { continue };
            let place = file.real.as_deref().unwrap_or(&file.input.path);
            for reference in references(root) {
                let path = crate::load::beside(place, reference.path);
                if world.is_directory(&path) {
                    bases.insert(path);
                }
            }
        }
        Self {
            world,
            sources: world.files().map(|file| (file.source, file)).collect(),
            bases,
            read: Mutex::default(),
            built: Mutex::default(),
            inlines: Mutex::default(),
            restrictor: LoadRestrictor::RootOnly,
            charts: Store::new(world, &[]),
            details: Mutex::default(),
            kubernetes_version: NEWEST,
            limits: Limits::default(),
            deadline: None,
        }
    }

    /// Charts of other repositories that may be used, by the directories they lie in, and the real
    /// Helm for those that are beyond this one.
    #[must_use]
    pub fn with_charts(mut self, directories: &[PathBuf], real: Option<&'w dyn Real>) -> Self {
        self.charts = Store::new(self.world, directories).with(real);
        self
    }

    /// The minor version of the cluster that charts are rendered for.
    #[must_use]
    pub fn for_kubernetes(mut self, version: u16) -> Self {
        self.kubernetes_version = version;
        self
    }

    /// How far roots and charts may go.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.charts = self.charts.within(limits);
        self
    }

    /// When to render no more.
    #[must_use]
    pub fn until(mut self, deadline: &'w Deadline<'w>) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Whether the time of the run is over.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(Deadline::is_over)
    }

    /// The charts at hand.
    pub fn charts(&self) -> &Store<'w> {
        &self.charts
    }

    /// From where files may be taken in every build, as `kustomize build --load-restrictor` says.
    #[must_use]
    pub fn with(mut self, restrictor: LoadRestrictor) -> Self {
        self.restrictor = restrictor;
        self
    }

    fn is_unrestricted(&self, overlay: Option<&Overlay<'w>>) -> bool {
        self.restrictor == LoadRestrictor::None || overlay.is_some_and(|o| o.unrestricted)
    }

    /// Builds the kustomization of a directory (absolute, clean path).
    pub fn build(&self, directory: &Path, overlay: Option<&Overlay<'w>>) -> Build<'w> {
        let mut builder = Builder::new(self, self.is_unrestricted(overlay));
        let files = self.world.kustomizations(directory);
        let Some(file) = files.first() else {
            builder.fatal(
                FaultKind::MissingFile,
                self.somewhere(directory),
                format!("the directory `{}` has no kustomization", self.world.from_root(directory)),
            );
            return finished(Vec::new(), builder);
        };
        if files.len() > 1 {
            let at = Span { source: file.source, start: 0, end: 0 };
            let what = "this directory has more than one kustomization";
            builder.fatal(FaultKind::AmbiguousRoot, at, what);
        }
        let Some(k) = self.read(file, &mut builder.faults) else {
            builder.inputs.push(file.source);
            return finished(Vec::new(), builder);
        };
        self.run(&k, overlay, builder)
    }

    /// Puts what [`Kustomize::build`] made of a directory into the order in which `kustomize build`
    /// prints it: by kind, unless the root has `sortOptions`. Flux applies it in the order of loading.
    pub fn in_printed_order(&self, directory: &Path, resources: &mut [Resource<'w>]) {
        let files = self.world.kustomizations(directory);
        let kustomization = files.first().and_then(|file| self.read(file, &mut Vec::new()));
        if kustomization.is_some_and(|k| k.field("sortOptions").is_none()) {
            sort::legacy_order(resources);
        }
    }

    /// Builds a directory as Flux does: one without a kustomization gets all manifests below it,
    /// and the directories below it that have one.
    pub fn build_generated(&self, directory: &Path, overlay: Option<&Overlay<'w>>) -> Build<'w> {
        if !self.world.kustomizations(directory).is_empty() {
            return self.build(directory, overlay);
        }
        let builder = Builder::new(self, self.is_unrestricted(overlay));
        let mut resources = Vec::new();
        let mut first = None;
        let mut taken: Option<PathBuf> = None;
        for file in self.world.files_below(directory) {
            let path = &*file.input.path;
            if taken.as_ref().is_some_and(|taken| path.starts_with(taken)) {
                continue;
            }
            let own = path
                .ancestors()
                .skip(1)
                .take_while(|folder| *folder != directory)
                .filter(|folder| !self.world.kustomizations(folder).is_empty())
                .last();
            let entry = match own {
                Some(folder) => {
                    taken = Some(folder.to_path_buf());
                    folder
                }
                // Flux takes every YAML file that holds objects.
                None if matches!(file.class, Class::Manifest | Class::KustomizeResource) => path,
                None => continue,
            };
            first = first.or(Some(file));
            let Ok(relative) = entry.strip_prefix(directory) else { continue };
            let span = Span { source: file.source, start: 0, end: 0 };
            let origin = Origin::new(span, Writer::Transformer);
            resources.push(Value::string(relative.to_string_lossy().into_owned(), origin));
        }
        let Some(first) = first else { return finished(Vec::new(), builder) };
        let k = Kustomization::made(first, directory, resources);
        self.run(&k, overlay, builder)
    }

    fn run(
        &self,
        k: &Kustomization<'w>,
        overlay: Option<&Overlay<'w>>,
        mut builder: Builder<'_, 'w>,
    ) -> Build<'w> {
        let asked: Vec<&str> = k.list("buildMetadata").iter().map(Value::text).collect();
        if asked.iter().any(|asked| asked.ends_with("Annotations")) {
            builder.annotate = Some(k.directory.clone());
        }
        let whole = Span { source: k.file.source, start: 0, end: 0 };
        let mut gathered = Gathered::default();
        // A root that is a base of others, too: they share the result.
        let shared = overlay.is_none() && !k.is_component && self.bases.contains(&k.directory);
        if let Some(base) = shared.then(|| builder.built(&k.directory, ".", whole)).flatten() {
            gathered = base.gathered.clone();
        } else if let Some(overlay) = overlay {
            let mut changed = k.clone();
            let exists = |path: &Path| !self.world.kustomizations(path).is_empty();
            changed.overlay(overlay, &exists, &mut builder.faults);
            builder.target(&changed, &mut gathered);
        } else {
            builder.target(k, &mut gathered);
        }
        let mut resources = gathered.objects.into_list();
        names::add_hashes(&mut resources);
        let references = gathered.config.name_references();
        names::fix(&mut resources, references, &mut builder.faults);
        vars::resolve(&mut resources, &gathered.vars, &gathered.config, &mut builder.faults);
        resources.retain(|resource| !is_local_config(&resource.value));
        sort::sort(&mut resources, k, &mut builder.faults);
        let wants = |name: &str| asked.contains(&name);
        let span = k.field("buildMetadata").map_or(whole, |field| field.origin.span);
        let asks = Origin::new(span, Writer::Annotation);
        let (origins, changes) = (wants("originAnnotations"), wants("transformerAnnotations"));
        notes::write(&mut resources, asks, origins, changes);
        for resource in &mut resources {
            settle_annotations(&mut resource.value);
            if wants("managedByLabel") {
                let origin = Origin { by: Writer::Label, ..asks };
                let label = Value::string("kustomize", origin);
                pair(&mut resource.value, "labels", "app.kubernetes.io/managed-by", label);
            }
            if let Some(overlay) = overlay {
                common_metadata(resource, overlay);
            }
        }
        finished(resources, builder)
    }

    /// Objects that were made elsewhere with the changes of a delivery, as if they were the resources
    /// of a kustomization. `file` is the one that says so.
    pub fn overlaid(
        &self,
        file: &'w Loaded,
        resources: Vec<Resource<'w>>,
        overlay: &Overlay<'w>,
    ) -> (Vec<Resource<'w>>, Vec<Fault>) {
        let mut builder = Builder::new(self, true);
        let directory = file.input.path.parent().unwrap_or(Path::new(""));
        let mut k = Kustomization::made(file, directory, Vec::new());
        k.overlay(overlay, &|_| false, &mut builder.faults);
        let mut gathered = Gathered::default();
        for resource in resources {
            builder.add(resource, k.span(), &mut gathered);
        }
        builder.target(&k, &mut gathered);
        let mut resources = gathered.objects.into_list();
        for resource in &mut resources {
            resource.entries.clear();
            common_metadata(resource, overlay);
        }
        let build = finished(resources, builder);
        (build.resources, build.faults)
    }

    /// A kustomization by its file, read once.
    fn read(&self, file: &'w Loaded, faults: &mut Vec<Fault>) -> Option<Arc<Kustomization<'w>>> {
        let known = locked(&self.read).get(&file.source).cloned();
        let read = known.unwrap_or_else(|| {
            let mut found = Vec::new();
            let read = Kustomization::read(file, &mut found).map(Arc::new);
            let read = Arc::new((read, found));
            locked(&self.read).insert(file.source, Arc::clone(&read));
            read
        });
        faults.extend(read.1.iter().cloned());
        read.0.clone()
    }

    /// Documents in a string, read once.
    fn inline(&self, text: &Value<'w>, by: Writer, faults: &mut Vec<Fault>) -> Vec<Value<'w>> {
        let key = (text.origin.span, by);
        let known = locked(&self.inlines).get(&key).cloned();
        let read = known.unwrap_or_else(|| {
            let source = self.sources.get(&text.origin.span.source).copied();
            let mut found = Vec::new();
            let documents = read::inline_documents(text, source, by, &mut found);
            let read = Arc::new((documents, found));
            locked(&self.inlines).insert(key, Arc::clone(&read));
            read
        });
        faults.extend(read.1.iter().cloned());
        read.0.clone()
    }

    fn remembered(&self, key: &Key) -> Option<Arc<Base<'w>>> {
        locked(&self.built).get(key).cloned()
    }

    fn remember(&self, key: Key, base: &Arc<Base<'w>>) {
        if self.bases.contains(&key.0) {
            locked(&self.built).insert(key, Arc::clone(base));
        }
    }

    /// A place for faults about a directory: its first file, else the first of all.
    fn somewhere(&self, directory: &Path) -> Span {
        let file = self.world.files_below(directory).next().or_else(|| self.world.files().next());
        Span { source: file.map_or(SourceId(0), |file| file.source), start: 0, end: 0 }
    }
}

/// Locks hold no half-done work: a panic elsewhere does not spoil what is behind them.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn finished<'w>(resources: Vec<Resource<'w>>, mut builder: Builder<'_, 'w>) -> Build<'w> {
    builder.settle();
    let Builder { faults, inputs, kustomize, .. } = builder;
    let mut build = Build { resources, faults, inputs, details: Vec::new() };
    kustomize.settle_details(&mut build);
    build
}

/// Labels and annotations that a delivery puts on every object.
fn common_metadata<'w>(resource: &mut Resource<'w>, overlay: &Overlay<'w>) {
    let maps = [
        ("labels", &overlay.metadata_labels, Writer::Label),
        ("annotations", &overlay.metadata_annotations, Writer::Annotation),
    ];
    for (field, pairs, by) in maps {
        for entry in pairs.as_ref().map_or(&[][..], Value::entries) {
            let origin = Origin::new(entry.value.origin.span, by);
            let value = Value::string(entry.value.text().to_owned(), origin);
            pair(&mut resource.value, field, &entry.key, value);
        }
    }
}

/// Objects for tools on the way, not for a cluster.
fn is_local_config(value: &Value<'_>) -> bool {
    let mark = value.at(&["metadata", "annotations", "config.kubernetes.io/local-config"]);
    mark.is_some_and(|mark| mark.text() != "false")
}

/// Annotations are strings, and none are no map.
fn settle_annotations(value: &mut Value<'_>) {
    let Some(metadata) = value.get_mut("metadata") else { return };
    let Some(annotations) = metadata.get_mut("annotations") else { return };
    if annotations.is_null() || annotations.entries().is_empty() {
        metadata.remove("annotations");
        return;
    }
    let Data::Map(entries) = &mut annotations.data else { return };
    for entry in entries {
        if let Data::Scalar { style, .. } = &mut entry.value.data {
            *style = kubeready_manifest::yaml::Style::DoubleQuoted;
        } else {
            entry.value = Value::string("", entry.value.origin);
        }
    }
}

/// Sets a label or annotation of the object itself.
fn pair<'t>(object: &mut Value<'t>, field: &'static str, key: &str, value: Value<'t>) {
    let origin = value.origin;
    let Some(metadata) = metadata(object, origin) else { return };
    if metadata.get(field).is_none_or(|map| !map.is_map()) {
        metadata.set(field, origin, Value::map(origin));
    }
    if let Some(map) = metadata.get_mut(field) {
        map.set(key.to_owned(), origin, value);
    }
}
