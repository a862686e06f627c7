//! Facts of the schema that kustomize ships (Kubernetes 1.21.2).

/// Whether kustomize knows a kind as cluster-scoped.
pub(super) fn is_cluster_scoped(_group: &str, _version: &str, _kind: &str) -> bool {
    false
}
