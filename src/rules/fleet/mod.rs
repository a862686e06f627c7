//! Fleets: clusters and what they must have in common.

mod namespaces;
mod versions;

pub(crate) use namespaces::{Makers as NamespaceMakers, namespace_undefined};
pub(crate) use versions::outdated_kubernetes_version;
