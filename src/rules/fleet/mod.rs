//! Fleets: clusters and what they must have in common.

mod components;
mod drift;
mod identity;
mod layout;
mod namespaces;
mod references;
mod regression;
mod skew;
mod spot;
mod versions;

pub(crate) use components::{cluster_missing_base_component, dr_cluster_drift};
pub(crate) use drift::{network_policy_drift, overlay_drift, rbac_drift};
pub(crate) use identity::{duplicate_cluster_identity, environment_label_mismatch};
pub(crate) use layout::{cluster_not_applied, cluster_without_base, missing_environment_overlay};
pub(crate) use namespaces::{Makers as NamespaceMakers, namespace_undefined};
pub(crate) use references::cross_environment_reference;
pub(crate) use regression::environment_regression;
pub(crate) use skew::version_skew;
pub(crate) use versions::outdated_kubernetes_version;
