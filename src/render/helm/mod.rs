//! Charts of Helm, rendered without Helm: what is printed knows the value or the line of a template
//! that a person would edit.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

pub mod manifests;
mod places;

use std::borrow::Cow;
use std::path::PathBuf;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::NodeRef;

use super::fault::Fault;
use super::kustomize::Resource;

/// Values that one owner gives to a chart: later layers win.
#[derive(Clone, Debug)]
pub enum Layer<'r> {
    /// A map of values: the root of a values file, `spec.values` of a HelmRelease, `valuesObject`.
    Map(NodeRef<'r>),
    /// A block of YAML text inside of a file (Argo CD `helm.values`, a ConfigMap's key).
    Block(NodeRef<'r>),
    /// `--set` of Helm: Argo CD parameters, Flux `valuesFrom` with a `targetPath`.
    Set { path: Cow<'r, str>, value: NodeRef<'r>, string: bool },
}

/// One installation of a chart.
#[derive(Clone, Debug)]
pub struct Release<'r> {
    pub name: Cow<'r, str>,
    pub namespace: Cow<'r, str>,
    /// Over the chart's own values.
    pub layers: Vec<Layer<'r>>,
    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub kubernetes_version: u16,
    /// Beyond those of Kubernetes itself: `monitoring.coreos.com/v1`.
    pub api_versions: Vec<String>,
    /// The objects of `crds/`, too.
    pub crds: bool,
    /// Where a fault that concerns the whole release stands: the owner, else `Chart.yaml`.
    pub at: Span,
}

/// What is known of a rendered node beside its origin, by the number that the node carries (from 1).
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The path in the values, if a value decides: `image.tag`.
    pub value: Option<String>,
    /// Where that value stands, or the map that it would be added to.
    pub value_at: Option<Span>,
    /// Whether the value stands there.
    pub written: bool,
    /// The line of the template that prints it.
    pub template: Option<Span>,
    /// Of a map: fields that the template would print if a value were set; the field, the value's
    /// path, the place to write it.
    pub offers: Vec<(String, String, Option<Span>)>,
}

/// What a release renders to.
#[derive(Debug, Default)]
pub struct Build<'r> {
    /// In the order of `helm template`.
    pub resources: Vec<Resource<'r>>,
    pub details: Vec<Detail>,
    pub faults: Vec<Fault>,
    /// Every file that took part, sorted.
    pub inputs: Vec<SourceId>,
    /// Values that were printed and that no file has: the path, the action that prints it.
    pub undefined: Vec<(String, Span)>,
}

/// A chart as it lies in the repository, a cache or an archive.
#[derive(Debug)]
pub struct Chart<'r> {
    /// Absolute.
    pub directory: PathBuf,
    /// The root of `Chart.yaml`.
    pub metadata: NodeRef<'r>,
}
