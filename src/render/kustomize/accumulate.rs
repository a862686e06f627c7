//! Gathers what a kustomization names, in kustomize's order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::yaml::{Value, Writer};
use rustc_hash::FxHashSet;

use super::config::Config;
use super::generators::Made;
use super::kustomization::Kustomization;
use super::merge::{CustomSchema, Schemas};
use super::objects::Objects;
use super::resource::{Behavior, Resource};
use super::vars::Var;
use super::{Kustomize, generators, notes, read};
use crate::load::{Loaded, beside};
use crate::render::{Fault, FaultKind};
use crate::settings::Limits;
use crate::source::{SourceId, Span};

/// Kustomizations within kustomizations.
const MAX_DEPTH: usize = 64;

/// What a kustomization has gathered.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered<'w> {
    pub(super) objects: Objects<'w>,
    pub(super) config: Config,
    pub(super) vars: Vec<Var<'w>>,
    /// Nodes read, an upper bound of those that are left.
    pub(super) nodes: usize,
}

/// The schema that tells how lists merge. The first kustomization that names one sets it for all.
#[derive(Clone, Debug, Default)]
pub(super) enum Schema {
    #[default]
    Unset,
    BuiltIn,
    Custom(SourceId, Arc<CustomSchema>),
}

impl Schema {
    pub(super) fn schemas(&self) -> Schemas<'_> {
        let custom = if let Schema::Custom(_, schema) = self { Some(&**schema) } else { None };
        Schemas { custom }
    }

    /// What tells results apart that were reached with different schemas.
    pub(super) fn key(&self) -> Option<SourceId> {
        match self {
            Schema::Unset => None,
            Schema::BuiltIn => Some(SourceId(u32::MAX)),
            Schema::Custom(source, _) => Some(*source),
        }
    }
}

/// A base that was built: shared by all that include it.
#[derive(Clone, Debug)]
pub(super) struct Base<'w> {
    pub(super) gathered: Gathered<'w>,
    pub(super) faults: Vec<Fault>,
    pub(super) inputs: Vec<SourceId>,
    /// Directories of all kustomizations that took part.
    directories: Vec<PathBuf>,
    schema: Schema,
    /// It includes itself in this chain; another chain may end elsewhere.
    cyclic: bool,
    overflown: bool,
}

/// Gathers one root.
#[derive(Debug)]
pub(super) struct Builder<'a, 'w> {
    pub(super) kustomize: &'a Kustomize<'w>,
    pub(super) faults: Vec<Fault>,
    pub(super) inputs: Vec<SourceId>,
    pub(super) schema: Schema,
    /// Directory that annotations about origins are relative to, if they are asked for.
    pub(super) annotate: Option<PathBuf>,
    pub(super) unrestricted: bool,
    /// Directories from the root to here.
    chain: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    cyclic: bool,
    /// How many components we are within.
    components: u32,
    /// Kustomizations entered so far.
    steps: usize,
    /// It grew beyond the limits: nothing more is gathered.
    overflown: bool,
}

impl<'a, 'w> Builder<'a, 'w> {
    pub(super) fn new(kustomize: &'a Kustomize<'w>, unrestricted: bool) -> Self {
        Self {
            kustomize,
            faults: Vec::new(),
            inputs: Vec::new(),
            schema: Schema::Unset,
            annotate: None,
            unrestricted,
            chain: Vec::new(),
            directories: Vec::new(),
            cyclic: false,
            components: 0,
            steps: 0,
            overflown: false,
        }
    }

    pub(super) fn fatal(&mut self, kind: FaultKind, at: Span, message: impl Into<String>) {
        self.faults.push(Fault::fatal(kind, at, message));
    }

    /// Builds a kustomization upon what was gathered: nothing for a base, the parent's for a
    /// component.
    pub(super) fn target(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        self.chain.push(k.directory.clone());
        self.directories.push(k.directory.clone());
        self.inputs.push(k.file.source);
        self.set_schema(k, gathered.nodes > 0);
        for entry in k.list("resources") {
            self.resource(k, entry, gathered);
        }
        self.configure(k, gathered);
        self.run_generators(k, gathered);
        for entry in k.list("components") {
            self.component(k, entry, gathered);
        }
        self.transform(k, gathered);
        self.validate(k, gathered);
        self.merge_vars(k, gathered);
        self.chain.pop();
    }

    fn set_schema(&mut self, k: &Kustomization<'w>, is_late: bool) {
        let Some(openapi) = k.field("openapi") else { return };
        if !matches!(self.schema, Schema::Unset) {
            return;
        }
        match (openapi.get("version"), openapi.get("path")) {
            (Some(version), Some(_)) => self.fatal(
                FaultKind::Invalid,
                version.origin.span,
                "`openapi` takes a `version` or a `path`, not both",
            ),
            (Some(version), None) => {
                if version.text() != "v1.21.2" {
                    let what = "kustomize has no OpenAPI schema of this version, only v1.21.2";
                    self.fatal(FaultKind::Invalid, version.origin.span, what);
                }
                self.schema = Schema::BuiltIn;
            }
            (None, Some(path)) => {
                let span = path.origin.span;
                let Some(file) = self.file(k, path.text(), span) else { return };
                let documents = read::documents(file, Writer::Transformer, &mut self.faults);
                let Some(document) = documents.first() else { return };
                match CustomSchema::read(document) {
                    Ok(schema) => {
                        let schema = if is_late { schema.beside_built_in() } else { schema };
                        self.schema = Schema::Custom(file.source, Arc::new(schema));
                    }
                    Err((at, message)) => self.fatal(FaultKind::Invalid, at, message),
                }
            }
            (None, None) => {}
        }
    }

    /// A file that a kustomization names. Faults say why there is none.
    pub(super) fn file(
        &mut self,
        k: &Kustomization<'w>,
        path: &str,
        at: Span,
    ) -> Option<&'w Loaded> {
        if is_remote(path) {
            let note = Fault::note(
                FaultKind::RemoteBase,
                at,
                format!("`{path}` is on another machine and was not fetched"),
            );
            self.faults.push(note.partial());
            return None;
        }
        let world = self.kustomize.world;
        let absolute = crate::walk::clean(&k.directory.join(path));
        let Some(file) = world.file(&absolute) else {
            if !self.unrestricted && !absolute.starts_with(&k.directory) {
                self.restricted(k, path, at);
            } else if world.is_directory(&absolute) {
                self.fatal(FaultKind::MissingFile, at, format!("`{path}` is a directory"));
            } else {
                self.fatal(FaultKind::MissingFile, at, format!("there is no file `{path}`"));
            }
            return None;
        };
        let real = file.real.as_deref().unwrap_or(&file.input.path);
        if !self.unrestricted && !real.starts_with(&k.directory) {
            // It is rendered all the same: many build with the restriction switched off.
            self.restricted(k, path, at);
        }
        self.inputs.push(file.source);
        Some(file)
    }

    fn restricted(&mut self, k: &Kustomization<'w>, path: &str, at: Span) {
        let directory = self.kustomize.world.from_root(&k.directory);
        self.faults.push(
            Fault::fatal(
                FaultKind::LoadRestriction,
                at,
                format!("`{path}` is not in or below `{directory}`, where kustomize reads files"),
            )
            .help("move the file below the kustomization, or make its directory a base"),
        );
    }

    /// An entry of `resources`: a file, a directory, or what is elsewhere.
    pub(super) fn resource(
        &mut self,
        k: &Kustomization<'w>,
        entry: &Value<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        let (text, span) = (entry.text(), entry.origin.span);
        if text.is_empty() {
            self.fatal(FaultKind::Invalid, span, "this entry is empty");
            return;
        }
        let world = self.kustomize.world;
        let path = crate::walk::clean(&k.directory.join(text));
        if world.file(&path).is_none() {
            if is_remote(text) {
                let note = Fault::note(
                    FaultKind::RemoteBase,
                    span,
                    format!("`{text}` is on another machine and was not fetched"),
                );
                self.faults.push(note.partial());
            } else if !world.kustomizations(&path).is_empty() || world.is_directory(&path) {
                self.base(&path, text, span, gathered);
            } else {
                self.fatal(
                    FaultKind::MissingFile,
                    span,
                    format!("there is no file or directory `{text}`"),
                );
            }
            return;
        }
        let Some(file) = self.file(k, text, span) else { return };
        let documents = read::documents(file, Writer::Resource, &mut self.faults);
        let origin = self.origin_of_file(&path);
        for value in read::objects(documents, &mut self.faults) {
            let mut resource = Resource::new(value);
            resource.depth = self.components;
            resource.notes = origin.clone().map(notes::Notes::of);
            self.add(resource, span, gathered);
        }
    }

    /// Adds an object that an entry brings in.
    pub(super) fn add(
        &mut self,
        mut resource: Resource<'w>,
        entry: Span,
        gathered: &mut Gathered<'w>,
    ) {
        if self.overflown {
            return;
        }
        gathered.nodes += resource.value.size();
        if !self.fits(gathered.nodes, gathered.objects.len() + 1) {
            self.too_large(entry, gathered);
            return;
        }
        resource.entries.push(entry);
        if let Err(id) = gathered.objects.add(resource) {
            let what = format!("{} is there already, and this entry adds it again", id.describe());
            self.fatal(FaultKind::DuplicateResource, entry, what);
        }
    }

    /// Objects have grown by so many parts.
    pub(super) fn grown(&mut self, parts: usize, at: Span, gathered: &mut Gathered<'w>) {
        gathered.nodes += parts;
        if !self.fits(gathered.nodes, gathered.objects.len()) && !self.overflown {
            self.too_large(at, gathered);
        }
    }

    /// Whether one root may grow to that: beyond is no fleet but a diamond that doubles with every
    /// layer.
    fn fits(&self, nodes: usize, objects: usize) -> bool {
        let limits = &self.kustomize.limits;
        nodes as u64 <= limits.root_nodes && objects as u64 <= limits.root_objects
    }

    fn too_large(&mut self, at: Span, gathered: &mut Gathered<'w>) {
        // Halves of it would only grow again further up.
        self.overflown = true;
        *gathered = Gathered::default();
        let Limits { root_objects, root_nodes, .. } = self.kustomize.limits;
        let what = format!(
            "this makes more than {root_objects} objects or {root_nodes} keys and values: it was \
             left out"
        );
        let help = "raise `limits.max-root-objects` or `limits.max-root-nodes` in the settings";
        self.faults.push(Fault::fatal(FaultKind::TooLarge, at, what).help(help));
    }

    /// The kustomization of a directory, unless something is wrong with it or the way to it.
    fn enter(&mut self, path: &Path, text: &str, at: Span) -> Option<Arc<Kustomization<'w>>> {
        let world = self.kustomize.world;
        self.steps += 1;
        let most = self.kustomize.limits.root_objects;
        if self.steps as u64 > most {
            if !self.overflown {
                self.overflown = true;
                let what = format!("this root enters more than {most} kustomizations");
                let help = "raise `limits.max-root-objects` in the settings";
                self.faults.push(Fault::fatal(FaultKind::TooLarge, at, what).help(help));
            }
            return None;
        }
        if self.chain.len() >= MAX_DEPTH {
            self.fatal(FaultKind::TooLarge, at, "kustomizations are nested too deeply here");
            return None;
        }
        let files = world.kustomizations(path);
        let Some(file) = files.first() else {
            let what = format!("the directory `{text}` has no kustomization");
            self.fatal(FaultKind::MissingFile, at, what);
            return None;
        };
        if files.len() > 1 {
            let what = format!("the directory `{text}` has more than one kustomization");
            self.fatal(FaultKind::AmbiguousRoot, at, what);
        }
        let place = file.real.as_deref().unwrap_or(&file.input.path);
        let directory = place.parent().unwrap_or(Path::new(""));
        if self.chain.iter().any(|visited| visited.starts_with(directory)) {
            self.cyclic = true;
            let what = format!("`{text}` is included in what it would be included by");
            self.fatal(FaultKind::Cycle, at, what);
            return None;
        }
        self.kustomize.read(file, &mut self.faults)
    }

    /// A directory among resources.
    fn base(&mut self, path: &Path, text: &str, at: Span, gathered: &mut Gathered<'w>) {
        let Some(base) = self.built(path, text, at).filter(|_| !self.overflown) else { return };
        let size = base.gathered.objects.len();
        gathered.nodes += base.gathered.nodes;
        if !self.fits(gathered.nodes, gathered.objects.len() + size) {
            self.too_large(at, gathered);
            return;
        }
        let gathered_there = Arc::unwrap_or_clone(base).gathered;
        let mut doubled = Vec::new();
        for mut resource in gathered_there.objects.into_list() {
            resource.entries.push(at);
            resource.depth = self.components;
            if let Err(id) = gathered.objects.add(resource) {
                doubled.push(id);
            }
        }
        if let Some(first) = doubled.first() {
            let more = match doubled.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            let what =
                format!("{}{more} is there already, and `{text}` adds it again", first.describe());
            self.fatal(FaultKind::DuplicateResource, at, what);
        }
        gathered.config.merge(&gathered_there.config);
        for var in gathered_there.vars {
            self.add_var(var, gathered);
        }
    }

    /// The result of a directory, of the memory or made now.
    pub(super) fn built(&mut self, path: &Path, text: &str, at: Span) -> Option<Arc<Base<'w>>> {
        let k = self.enter(path, text, at)?;
        if k.is_component {
            let what = format!("`{text}` is a component: it belongs under `components`");
            self.fatal(FaultKind::ComponentMisuse, at, what);
            return None;
        }
        // Whoever includes several annotated roots has other paths in each.
        let shared = self.annotate.is_none();
        let key = (k.directory.clone(), self.schema.key(), self.unrestricted);
        let known = if shared { self.kustomize.remembered(&key) } else { None };
        let known = known.filter(|base| {
            // A cycle may close only in this chain.
            let closes = |d: &PathBuf| self.chain.iter().any(|visited| visited.starts_with(d));
            !base.directories.iter().any(closes)
        });
        let base = known.unwrap_or_else(|| {
            let mut inner = Builder::new(self.kustomize, self.unrestricted);
            inner.chain.clone_from(&self.chain);
            inner.schema = self.schema.clone();
            inner.annotate.clone_from(&self.annotate);
            inner.steps = self.steps;
            let mut gathered = Gathered::default();
            inner.target(&k, &mut gathered);
            self.steps = inner.steps;
            inner.settle();
            let base = Arc::new(Base {
                gathered,
                faults: inner.faults,
                inputs: inner.inputs,
                directories: inner.directories,
                schema: inner.schema,
                cyclic: inner.cyclic,
                overflown: inner.overflown,
            });
            if shared && !base.cyclic {
                self.kustomize.remember(key, &base);
            }
            base
        });
        self.faults.extend(base.faults.iter().cloned());
        self.inputs.extend(&base.inputs);
        self.directories.extend(base.directories.iter().cloned());
        self.cyclic |= base.cyclic;
        self.overflown |= base.overflown;
        self.schema = base.schema.clone();
        Some(base)
    }

    /// Each fault, file and directory once: a diamond would double them with every layer.
    pub(super) fn settle(&mut self) {
        let mut seen = FxHashSet::default();
        self.faults.retain(|fault| seen.insert((fault.kind, fault.at, fault.message.clone())));
        self.inputs.sort_unstable();
        self.inputs.dedup();
        self.directories.sort_unstable();
        self.directories.dedup();
    }

    /// An entry of `components`: it works on what its parent has gathered.
    fn component(&mut self, k: &Kustomization<'w>, entry: &Value<'w>, gathered: &mut Gathered<'w>) {
        let (text, at) = (entry.text(), entry.origin.span);
        let world = self.kustomize.world;
        let path = crate::walk::clean(&k.directory.join(text));
        if text.is_empty() {
            self.fatal(FaultKind::Invalid, at, "this entry is empty");
            return;
        }
        if world.kustomizations(&path).is_empty() {
            if is_remote(text) && !world.is_directory(&path) {
                let what = format!("`{text}` is on another machine and was not fetched");
                self.faults.push(Fault::note(FaultKind::RemoteBase, at, what).partial());
                return;
            }
            if world.file(&path).is_some() {
                let what = format!("`{text}` is a file: components are directories");
                self.fatal(FaultKind::ComponentMisuse, at, what);
                return;
            }
            if !world.is_directory(&path) {
                let what = format!("there is no directory `{text}`");
                self.fatal(FaultKind::MissingFile, at, what);
                return;
            }
        }
        let Some(component) = self.enter(&path, text, at) else { return };
        if !component.is_component {
            let what = format!("`{text}` is no component: it belongs under `resources`");
            self.fatal(FaultKind::ComponentMisuse, at, what);
            return;
        }
        self.components += 1;
        self.target(&component, gathered);
        self.components -= 1;
        for resource in gathered.objects.contents_mut() {
            if resource.depth > self.components {
                resource.depth = self.components;
                resource.entries.push(at);
            }
        }
    }

    /// `configurations` and `crds`.
    fn configure(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        for entry in k.list("configurations") {
            let Some(file) = self.file(k, entry.text(), entry.origin.span) else { continue };
            for document in read::documents(file, Writer::Transformer, &mut self.faults) {
                gathered.config.add(document, &mut self.faults);
            }
        }
        for entry in k.list("crds") {
            let Some(file) = self.file(k, entry.text(), entry.origin.span) else { continue };
            for document in read::documents(file, Writer::Transformer, &mut self.faults) {
                gathered.config.add_crds(&document);
            }
        }
    }

    fn run_generators(&mut self, k: &Kustomization<'w>, gathered: &mut Gathered<'w>) {
        let global = k.field("generatorOptions");
        let lists = [("configMapGenerator", Made::ConfigMap), ("secretGenerator", Made::Secret)];
        for (field, made) in lists {
            for arguments in k.list(field) {
                let Some(mut resource) = self.generate(k, made, arguments, global) else {
                    continue;
                };
                let kind = match made {
                    Made::ConfigMap => "ConfigMapGenerator",
                    Made::Secret => "SecretGenerator",
                };
                resource.notes = self.origin_of_plugin(k, None, ["builtin", kind, "", ""]);
                self.absorb(resource, arguments.origin.span, gathered);
            }
        }
        self.run_charts(k, gathered);
        self.run_plugin_generators(k, gathered);
    }

    /// Adds a generated object, or puts it over the one that is there.
    pub(super) fn absorb(
        &mut self,
        mut resource: Resource<'w>,
        at: Span,
        gathered: &mut Gathered<'w>,
    ) {
        let id = resource.id();
        let matches = gathered.objects.with_any_id(&id.name, |other| other.is(&id));
        resource.depth = self.components;
        match (&matches[..], resource.behavior) {
            ([], Behavior::Create) => self.add(resource, at, gathered),
            // What is missing may be just that object: nothing more is known, and that was said.
            ([], Behavior::Merge | Behavior::Replace) if self.is_partial() => {}
            ([], Behavior::Merge | Behavior::Replace) => {
                let what = format!("there is no {} that this could change", id.describe());
                self.fatal(FaultKind::Invalid, at, what);
            }
            ([_], Behavior::Create) => {
                let what = format!(
                    "{} is there already; say `behavior: merge` or `replace`",
                    id.describe()
                );
                self.fatal(FaultKind::DuplicateResource, at, what);
            }
            ([old], Behavior::Merge | Behavior::Replace) => {
                if let Some(old) = gathered.objects.contents_mut().get_mut(*old) {
                    generators::merge_into(old, resource);
                }
            }
            (_, _) => {
                let what = format!("several objects could be the {} meant here", id.describe());
                self.fatal(FaultKind::Invalid, at, what);
            }
        }
    }

    /// A path of a kustomization as an absolute one.
    pub(super) fn beside(k: &Kustomization<'_>, path: &str) -> PathBuf {
        beside(&k.directory.join("kustomization.yaml"), path)
    }
}

/// A git or HTTP address.
pub(super) fn is_remote(path: &str) -> bool {
    const HOSTS: [&str; 7] =
        ["git::", "gh:", "git@", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/"];
    path.contains("://")
        || path.contains("?ref=")
        || path.contains("_git/")
        || path.contains(".git/")
        || HOSTS.iter().any(|host| path.starts_with(host))
}
