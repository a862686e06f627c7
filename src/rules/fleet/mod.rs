//! Fleets: clusters and what they must have in common.

mod layout;
mod namespaces;
mod versions;

pub(crate) use layout::{cluster_not_applied, cluster_without_base, missing_environment_overlay};
pub(crate) use namespaces::{Makers as NamespaceMakers, namespace_undefined};
pub(crate) use versions::outdated_kubernetes_version;
