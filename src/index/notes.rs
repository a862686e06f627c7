//! What rules work out about a whole set: once a run instead of once an object.

use std::sync::OnceLock;

use kubeready_manifest::kube::{Object, Workload};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::rules::fleet::NamespaceMakers;
use crate::rules::gitops::{FluxGraph, FluxPatches};

/// One slot for each answer; the rule that asks knows how to find it.
#[derive(Debug, Default)]
pub(crate) struct Notes<'t> {
    /// An Argo CD application leaves replicas alone.
    pub(crate) argo_leaves_replicas: OnceLock<bool>,
    /// Services, by namespace and name, that a cloud's load balancer reaches through node ports.
    pub(crate) behind_cloud_ingress: OnceLock<FxHashSet<(&'t str, &'t str)>>,
    /// Workloads that run a database.
    pub(crate) databases: OnceLock<Vec<Workload<'t>>>,
    /// An ingress controller has a certificate for every host.
    pub(crate) default_certificate: OnceLock<bool>,
    /// Fields that patches of Flux Kustomizations write.
    pub(crate) flux_patches: OnceLock<FluxPatches>,
    pub(crate) flux_kustomization_graph: OnceLock<FluxGraph<'t>>,
    pub(crate) helm_release_graph: OnceLock<FluxGraph<'t>>,
    /// How many HelmReleases detect drift, and those that do not.
    pub(crate) drifting_releases: OnceLock<(usize, Vec<Object<'t>>)>,
    /// How many Argo CD Applications are synced by themselves, and those that wait for a person.
    pub(crate) manual_applications: OnceLock<(usize, Vec<Object<'t>>)>,
    /// Some Kustomization or HelmRelease runs under an account of its namespace.
    pub(crate) flux_uses_accounts: OnceLock<bool>,
    /// The newest minor version of Kubernetes that a cluster declares; 0 without one.
    pub(crate) newest_cluster: OnceLock<u16>,
    pub(crate) namespace_makers: OnceLock<NamespaceMakers<'t>>,
    /// Accounts, by namespace and name, that pods run as, and whether all of them refuse its token.
    pub(crate) accounts: OnceLock<FxHashMap<(&'t str, &'t str), bool>>,
    /// Namespaces in which an Argo CD lives.
    pub(crate) argocd_namespaces: OnceLock<FxHashSet<String>>,
    /// Secrets by which Argo CD knows clusters.
    pub(crate) argocd_clusters: OnceLock<Vec<Object<'t>>>,
    /// Patterns of further namespaces in which Applications may live.
    pub(crate) argocd_source_namespaces: OnceLock<Vec<&'t str>>,
    /// Argo CD's settings lend some projects what others permit.
    pub(crate) argocd_global_projects: OnceLock<bool>,
    /// Repositories, as Argo CD compares them, that the fleet itself is delivered from.
    pub(crate) fleet_repositories: OnceLock<FxHashSet<String>>,
}
