//! Kustomize, natively: what `kustomize build` prints, and where each part of it comes from.

pub mod fields;
pub mod images;
pub mod json_patch;
mod labels;
pub mod merge;
pub mod replacements;
mod resource;
pub mod select;
pub mod tables;

use std::path::Path;

use kubeready_manifest::yaml::Value;

use crate::load::World;
use crate::render::Fault;
use crate::source::SourceId;

pub use resource::{Behavior, Id, Resource};

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
    /// A map of pairs for `metadata.labels` alone.
    pub labels: Option<Value<'t>>,
    /// A map of pairs, put over `commonAnnotations`.
    pub common_annotations: Option<Value<'t>>,
    /// Maps as in `patches`, behind those of the root.
    pub patches: Vec<Value<'t>>,
    /// Directories of components, relative to the root, behind those of the root.
    pub components: Vec<Value<'t>>,
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
}

/// Builds roots of one world. Shared between threads; what several roots have in common is built
/// once.
#[derive(Debug)]
pub struct Kustomize<'w> {
    world: &'w World<'w>,
}

impl<'w> Kustomize<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        Self { world }
    }

    /// Builds the kustomization of a directory (absolute, clean path).
    pub fn build(&self, directory: &Path, overlay: Option<&Overlay<'w>>) -> Build<'w> {
        let _ = (self.world, directory, overlay);
        Build::default()
    }

    /// Builds a directory as Flux does: one without a kustomization gets all manifests below it,
    /// and the directories below it that have one.
    pub fn build_generated(&self, directory: &Path, overlay: Option<&Overlay<'w>>) -> Build<'w> {
        self.build(directory, overlay)
    }
}
