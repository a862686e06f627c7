//! A set: what one place really gets, and so which objects see each other.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

use std::ops::Range;
use std::sync::Arc;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Tree};
use rustc_hash::FxHashMap;

use crate::fleet::Destination;
use crate::render::Fault;
use crate::render::helm::Charted;

/// How far an object may be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// As it stands, with its neighbours.
    Judged,
    /// As it stands, but not all of its neighbours are known: part of what ships with it could not
    /// be rendered. No verdict about what is absent.
    Partial,
    /// It reaches a cluster only through a renderer that has not run, or lies among the files of a
    /// kustomization that does not take it: no verdict about neighbours or namespaces. It may still be
    /// the neighbour that another object looks for.
    Unrendered,
    /// Only a neighbour: outside the paths the user asked about.
    Context,
}

/// An object of a set.
#[derive(Clone, Copy, Debug)]
pub struct Member<'t> {
    pub object: Object<'t>,
    pub standing: Standing,
    /// Number of the directory it is written in, or of what rendered it. Objects of one directory
    /// are meant to live together; across directories, two of a name may be two variants.
    pub directory: u32,
}

/// What a file of a set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Manifests, or a kustomization.
    Manifests,
    /// A CI workflow that speaks of kubectl or Helm.
    Workflow,
    /// What configures a tool; no object for an API server.
    Tool,
}

/// A file of a set, for rules about files.
#[derive(Clone, Copy, Debug)]
pub struct SetFile<'t> {
    pub tree: &'t Tree,
    pub standing: Standing,
    /// Only rules whose page says so look at others than manifests.
    pub contents: Contents,
}

/// Part of a file that could not be read or rendered, and so may hold any neighbour.
#[derive(Clone, Debug)]
pub struct Lost {
    pub source: SourceId,
    /// The bytes that are lost.
    pub range: Range<u32>,
}

/// An object that a Kustomize generator makes.
#[derive(Clone, Copy, Debug)]
pub struct Generated<'t> {
    /// `ConfigMap` or `Secret`.
    pub kind: Kind,
    pub name: NodeRef<'t>,
}

/// What is known of the surroundings of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surroundings {
    /// Everything that ships together is in the set.
    #[default]
    Known,
    /// A file alone: what is not in it may well exist.
    Unknown,
}

impl Standing {
    /// Whether rules may speak about it with regard to its neighbours.
    pub fn is_judged(self) -> bool {
        matches!(self, Standing::Judged | Standing::Partial)
    }
}

/// What goes to one place together: everything of a cluster or an environment, or all manifests of
/// which no more is known.
#[derive(Debug, Default)]
pub struct Set<'t> {
    pub files: Vec<SetFile<'t>>,
    /// Shared with the index, which would hold a second copy otherwise.
    pub members: Arc<Vec<Member<'t>>>,
    pub lost: Vec<Lost>,
    /// What renderers that have not run will make.
    pub generated: Vec<Generated<'t>>,
    /// Files named as part of the set that could not be opened at all.
    pub unreadable: u32,
    pub surroundings: Surroundings,
    /// Names of images that a kustomization gives a fixed tag or digest.
    pub pinned_images: Vec<&'t str>,
    /// The place that the set is; `None` where nothing of it is judged.
    pub destination: Option<Destination>,
    /// Where the objects of each directory go, by its number.
    pub destinations: Vec<Arc<Destination>>,
    /// For what was rendered: the entry of the root that brings an object in, by the source and
    /// position of its tree.
    pub entries: FxHashMap<(SourceId, u32), Span>,
    /// What charts printed, by the number of its tree; of all trees of the run.
    pub charted: Arc<FxHashMap<SourceId, &'t Charted>>,
    /// Something decrypts Secrets that are not here.
    pub lacks_secrets: bool,
    /// What went wrong while the files were rendered, sorted by place.
    pub faults: Vec<Fault>,
}
