//! What Argo CD and Flux deliver: which directory or chart goes where, and with which changes.
//!
//! Everything is read from objects and the files of the repository; nothing is fetched. What cannot
//! be known that way is [`Source::Unknown`] or a note, never a guess.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod application_set;
mod argo;
mod envsubst;
mod flux;
mod generators;
mod go_functions;
mod go_template;
mod inventory;
mod repository;
mod resource_set;
mod substitute;

use std::path::{Path, PathBuf};

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Value};

use crate::fleet;
use crate::source::Span;

use super::fault::Fault;
use super::kustomize::Overlay;
use crate::load::{KUSTOMIZATION_NAMES, World};

pub(super) use inventory::decode;
pub use inventory::{Cluster, Inventory, remote_cluster};
pub use repository::Repository;
pub use substitute::{Variable, Variables, substitute};

/// Who delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    ArgoCd,
    Flux,
}

impl Engine {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::ArgoCd => "Argo CD",
            Engine::Flux => "Flux",
        }
    }
}

/// One thing that an object delivers. An Application of several sources has one for each that
/// brings objects.
#[derive(Clone, Debug)]
pub struct Delivery<'t> {
    /// Application, Kustomization of Flux, HelmRelease or FluxInstance: as written or as generated.
    pub owner: Object<'t>,
    pub engine: Engine,
    /// The name of the owner, or of what the owner makes.
    pub name: &'t str,
    pub source: Source<'t>,
    /// The path, chart or reference that says so; else the owner's name.
    pub source_at: Span,
    /// The object that Flux takes the source from.
    pub reference: Option<Reference<'t>>,
    /// What turns the source into objects.
    pub how: How<'t>,
    /// Changes that the owner makes as if they stood in the kustomization.
    pub overlay: Overlay<'t>,
    /// What a chart is given, if it is one.
    pub values: ChartValues<'t>,
    pub destination: Destination<'t>,
    /// `${VAR}` of Flux: `None` where nothing is substituted.
    pub substitution: Option<Substitution<'t>>,
    pub depends_on: Vec<Dependency<'t>>,
    /// Nothing is delivered until someone resumes it.
    pub suspended: bool,
}

/// Where the objects come from.
#[derive(Clone, Debug)]
pub enum Source<'t> {
    /// A directory of this repository, absolute and clean.
    Directory(PathBuf),
    /// It should be in this repository and is not: absolute and clean.
    Missing(PathBuf),
    /// Another repository or registry: its URL, or what names it.
    Elsewhere(String),
    /// A chart that is not part of this repository.
    Chart(ChartSource<'t>),
    /// It cannot be known here; the reason in half a sentence.
    Unknown(String),
}

/// A chart of a chart repository or registry.
#[derive(Clone, Debug, Default)]
pub struct ChartSource<'t> {
    /// URL of the repository or registry; `None` if the object that says it is not here.
    pub repository: Option<&'t str>,
    /// The HelmRepository, OCIRepository or HelmChart that is named.
    pub reference: Option<Reference<'t>>,
    /// Name of the chart; `None` where the registry's URL says it all.
    pub chart: Option<NodeRef<'t>>,
    /// Version, tag or range as written.
    pub version: Option<NodeRef<'t>>,
}

/// An object that another names.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'t> {
    pub kind: &'t str,
    pub name: &'t str,
    /// As resolved; `""` if neither the reference nor its owner says it.
    pub namespace: &'t str,
    pub at: Span,
    /// The object, if it is here.
    pub object: Option<Object<'t>>,
}

/// What turns a source into objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum How<'t> {
    /// `kustomize build` of the directory.
    Kustomize,
    /// The manifests of the directory as they stand (Argo CD).
    Directory {
        recurse: bool,
        /// Glob patterns relative to the directory, `{a,b}` alternatives included; `""` is unset.
        include: &'t str,
        exclude: &'t str,
    },
    /// `kustomize build` of a kustomization that Flux writes over all manifests below, where
    /// directories with one of their own stay closed.
    FluxGenerated,
    /// A chart.
    Helm,
    /// A plugin, which is never run.
    Plugin,
    /// Not known.
    #[default]
    Other,
}

/// What a chart is given.
#[derive(Clone, Debug, Default)]
pub struct ChartValues<'t> {
    /// Argo CD `releaseName`, Flux `releaseName`.
    pub release_name: Option<NodeRef<'t>>,
    /// Files of values, the later win.
    pub files: Vec<ValuesFile<'t>>,
    /// Files that are missing are skipped.
    pub ignore_missing_files: bool,
    /// Values as a block of YAML text (Argo CD `helm.values`).
    pub text: Option<NodeRef<'t>>,
    /// Values as a map (Argo CD `helm.valuesObject`, Flux `values`): wins over `text`.
    pub object: Option<NodeRef<'t>>,
    /// What says it: `helm` of a source (Argo CD), `spec` of a HelmRelease.
    pub spec: Option<NodeRef<'t>>,
    /// `{name, value, forceString?}` items.
    pub parameters: Vec<NodeRef<'t>>,
    /// Flux `valuesFrom`: `{kind, name, valuesKey?, targetPath?, optional?}` items.
    pub from: Vec<NodeRef<'t>>,
}

/// A file of values that an owner names.
#[derive(Clone, Debug)]
pub struct ValuesFile<'t> {
    pub node: NodeRef<'t>,
    /// Where it is: [`Source::Directory`] means that the file is there.
    pub source: Source<'t>,
}

/// Where objects go. All `None`: to where the owner itself is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Destination<'t> {
    /// Argo CD's name of the cluster, or the Secret of a kubeconfig that Flux uses.
    pub cluster: Option<NodeRef<'t>>,
    /// Argo CD's URL of the API server.
    pub server: Option<NodeRef<'t>>,
    /// The namespace for objects that name none.
    pub namespace: Option<NodeRef<'t>>,
}

/// `postBuild` of a Flux Kustomization.
#[derive(Clone, Debug, Default)]
pub struct Substitution<'t> {
    /// The map of variables, which win over `from`.
    pub inline: Option<NodeRef<'t>>,
    /// ConfigMaps and Secrets, the later win.
    pub from: Vec<SubstituteFrom<'t>>,
}

/// A ConfigMap or Secret of variables.
#[derive(Clone, Copy, Debug)]
pub struct SubstituteFrom<'t> {
    pub reference: Reference<'t>,
    pub optional: bool,
}

/// An object that must be ready first.
#[derive(Clone, Copy, Debug)]
pub struct Dependency<'t> {
    pub name: &'t str,
    /// As resolved; `""` if neither the entry nor its owner says it.
    pub namespace: &'t str,
    pub at: Span,
}

/// What deliveries are read against: the files of the repository, its URLs, and the objects that
/// others name. Objects of rendered trees may be added as they come.
#[derive(Debug)]
pub struct Follow<'a, 't> {
    pub world: &'a World<'t>,
    pub repository: &'a Repository,
    pub inventory: &'a Inventory<'t>,
    /// Where the objects that are followed are applied; what they name is looked for there.
    pub near: Option<&'a fleet::Destination>,
}

impl<'t> Follow<'_, 't> {
    /// What an object delivers: nothing, unless it is an Application, a Kustomization of Flux, a
    /// HelmRelease or a FluxInstance. What cannot be followed is said by [`Delivery::source`].
    pub fn deliveries(&self, object: Object<'t>) -> Vec<Delivery<'t>> {
        match (object.group(), object.kind_name()) {
            ("argoproj.io", "Application") => argo::application(self, object),
            _ => flux::deliveries(self, object).into_iter().collect(),
        }
    }

    /// The objects that an ApplicationSet or ResourceSet makes, as far as that can be known; none for
    /// other kinds. The caller makes a tree of them and asks for their deliveries.
    pub fn generated(&self, object: Object<'t>, notes: &mut Vec<Fault>) -> Vec<Value<'t>> {
        match (object.group(), object.kind_name()) {
            ("argoproj.io", "ApplicationSet") => application_set::generate(self, object, notes),
            ("fluxcd.controlplane.io", "ResourceSet") => resource_set::generate(object, notes),
            _ => Vec::new(),
        }
    }

    /// A path of this repository, told from its root; `..` does not lead out.
    fn below_root(&self, path: &str) -> PathBuf {
        let mut inside = PathBuf::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    inside.pop();
                }
                part => inside.push(part),
            }
        }
        self.world.root().join(inside)
    }

    /// A directory of this repository, told from its root.
    fn directory(&self, path: &str) -> Source<'t> {
        let path = self.below_root(path);
        if self.world.is_directory(&path) { Source::Directory(path) } else { Source::Missing(path) }
    }

    /// Whether a directory has a file with the name of a kustomization.
    fn has_kustomization(&self, directory: &Path) -> bool {
        KUSTOMIZATION_NAMES.iter().any(|name| self.world.file(&directory.join(name)).is_some())
    }
}
