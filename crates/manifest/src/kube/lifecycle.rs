//! When built-in APIs were deprecated and removed, and what replaces them.
//!
//! Source: the `prerelease-lifecycle` markers of the Go modules `k8s.io/api`,
//! `k8s.io/kube-aggregator` and `k8s.io/apiextensions-apiserver` (1.16 to 1.37). A type without
//! markers, or one taken away before its marked version, has the first minor whose API server no
//! longer serves it; where such a type overlaps with its successor, it counts as deprecated from the
//! first version that serves both. Audit policies and events, which live in `k8s.io/apiserver`, are
//! dated by its changelog. A replacement is the newest stable version where there is one.

/// A minor version of Kubernetes 1.x, such as 25 for 1.25.
pub type Minor = u16;

/// When one kind of one API version came, was deprecated and went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// Such as `extensions/v1beta1`, or `v1` for the core group.
    pub api_version: &'static str,
    /// Such as `Ingress`.
    pub kind: &'static str,
    /// First version that serves it.
    pub introduced: Option<Minor>,
    /// First version that calls it deprecated.
    pub deprecated: Option<Minor>,
    /// First version that no longer serves it by default; may lie in the future.
    pub removed: Option<Minor>,
    /// The API version to move to, with the kind if that differs: `networking.k8s.io/v1`,
    /// `discovery.k8s.io/v1 EndpointSlice`.
    pub replacement: Option<&'static str>,
}

/// Life cycle of a built-in API, if it is or will be withdrawn.
#[must_use]
pub fn lifecycle(api_version: &str, kind: &str) -> Option<&'static Lifecycle> {
    LIFECYCLES
        .binary_search_by(|entry| (entry.api_version, entry.kind).cmp(&(api_version, kind)))
        .ok()
        .map(|found| &LIFECYCLES[found])
}

const fn row(
    api_version: &'static str,
    kind: &'static str,
    introduced: Option<Minor>,
    deprecated: Option<Minor>,
    removed: Option<Minor>,
    replacement: Option<&'static str>,
) -> Lifecycle {
    Lifecycle { api_version, kind, introduced, deprecated, removed, replacement }
}

/// Sorted by API version, then kind. Columns: introduced, deprecated, removed, replacement.
#[rustfmt::skip]
static LIFECYCLES: [Lifecycle; 141] = [
    row("admission.k8s.io/v1beta1", "AdmissionReview", Some(9), Some(19), Some(22), Some("admission.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy", Some(32), Some(35), Some(38), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicyBinding", Some(32), Some(35), Some(38), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy", Some(26), Some(29), Some(32), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding", Some(26), Some(29), Some(32), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy", Some(34), Some(37), Some(40), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicyBinding", Some(34), Some(37), Some(40), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", Some(9), Some(16), Some(22), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", Some(28), Some(31), Some(34), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding", Some(28), Some(31), Some(34), Some("admissionregistration.k8s.io/v1")),
    row("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", Some(9), Some(16), Some(22), Some("admissionregistration.k8s.io/v1")),
    row("apidiscovery.k8s.io/v2beta1", "APIGroupDiscovery", Some(26), Some(32), Some(35), Some("apidiscovery.k8s.io/v2")),
    row("apiextensions.k8s.io/v1beta1", "ConversionReview", Some(13), Some(19), Some(22), Some("apiextensions.k8s.io/v1")),
    row("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", Some(7), Some(16), Some(22), Some("apiextensions.k8s.io/v1")),
    row("apiregistration.k8s.io/v1beta1", "APIService", Some(7), Some(19), Some(22), Some("apiregistration.k8s.io/v1")),
    row("apps/v1beta1", "ControllerRevision", Some(7), Some(8), Some(16), Some("apps/v1")),
    row("apps/v1beta1", "Deployment", Some(6), Some(8), Some(16), Some("apps/v1")),
    row("apps/v1beta1", "DeploymentRollback", Some(6), Some(8), Some(16), None),
    row("apps/v1beta1", "Scale", Some(6), Some(8), Some(16), Some("autoscaling/v1")),
    row("apps/v1beta1", "StatefulSet", Some(5), Some(8), Some(16), Some("apps/v1")),
    row("apps/v1beta2", "ControllerRevision", Some(8), Some(9), Some(16), Some("apps/v1")),
    row("apps/v1beta2", "DaemonSet", Some(8), Some(9), Some(16), Some("apps/v1")),
    row("apps/v1beta2", "Deployment", Some(8), Some(9), Some(16), Some("apps/v1")),
    row("apps/v1beta2", "ReplicaSet", Some(8), Some(9), Some(16), Some("apps/v1")),
    row("apps/v1beta2", "Scale", Some(8), Some(9), Some(16), Some("autoscaling/v1")),
    row("apps/v1beta2", "StatefulSet", Some(8), Some(9), Some(16), Some("apps/v1")),
    row("audit.k8s.io/v1alpha1", "Event", Some(7), Some(13), Some(24), Some("audit.k8s.io/v1")),
    row("audit.k8s.io/v1alpha1", "Policy", Some(7), Some(13), Some(24), Some("audit.k8s.io/v1")),
    row("audit.k8s.io/v1beta1", "Event", Some(8), Some(13), Some(24), Some("audit.k8s.io/v1")),
    row("audit.k8s.io/v1beta1", "Policy", Some(8), Some(13), Some(24), Some("audit.k8s.io/v1")),
    row("auditregistration.k8s.io/v1alpha1", "AuditSink", Some(13), None, Some(19), None),
    row("authentication.k8s.io/v1alpha1", "SelfSubjectReview", Some(26), Some(29), Some(32), Some("authentication.k8s.io/v1")),
    row("authentication.k8s.io/v1beta1", "SelfSubjectReview", Some(27), Some(30), Some(33), Some("authentication.k8s.io/v1")),
    row("authentication.k8s.io/v1beta1", "TokenReview", Some(4), Some(19), Some(22), Some("authentication.k8s.io/v1")),
    row("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview", Some(2), Some(19), Some(22), Some("authorization.k8s.io/v1")),
    row("authorization.k8s.io/v1beta1", "SelfSubjectAccessReview", Some(2), Some(19), Some(22), Some("authorization.k8s.io/v1")),
    row("authorization.k8s.io/v1beta1", "SelfSubjectRulesReview", Some(8), Some(19), Some(22), Some("authorization.k8s.io/v1")),
    row("authorization.k8s.io/v1beta1", "SubjectAccessReview", Some(2), Some(19), Some(22), Some("authorization.k8s.io/v1")),
    row("autoscaling/v2beta1", "HorizontalPodAutoscaler", Some(8), Some(22), Some(25), Some("autoscaling/v2")),
    row("autoscaling/v2beta2", "HorizontalPodAutoscaler", Some(12), Some(23), Some(26), Some("autoscaling/v2")),
    row("batch/v1beta1", "CronJob", Some(8), Some(21), Some(25), Some("batch/v1")),
    row("batch/v2alpha1", "CronJob", Some(5), Some(8), Some(21), Some("batch/v1")),
    row("certificates.k8s.io/v1alpha1", "ClusterTrustBundle", Some(27), Some(34), Some(37), Some("certificates.k8s.io/v1")),
    row("certificates.k8s.io/v1alpha1", "PodCertificateRequest", Some(34), None, Some(35), Some("certificates.k8s.io/v1")),
    row("certificates.k8s.io/v1beta1", "CertificateSigningRequest", Some(12), Some(19), Some(22), Some("certificates.k8s.io/v1")),
    row("certificates.k8s.io/v1beta1", "ClusterTrustBundle", Some(33), Some(37), Some(40), Some("certificates.k8s.io/v1")),
    row("certificates.k8s.io/v1beta1", "PodCertificateRequest", Some(35), Some(37), Some(40), Some("certificates.k8s.io/v1")),
    row("coordination.k8s.io/v1alpha1", "LeaseCandidate", Some(31), None, Some(32), Some("coordination.k8s.io/v1beta1")),
    row("coordination.k8s.io/v1alpha2", "LeaseCandidate", Some(32), Some(35), Some(38), Some("coordination.k8s.io/v1beta1")),
    row("coordination.k8s.io/v1beta1", "Lease", Some(12), Some(19), Some(22), Some("coordination.k8s.io/v1")),
    row("coordination.k8s.io/v1beta1", "LeaseCandidate", Some(33), Some(36), Some(39), None),
    row("discovery.k8s.io/v1alpha1", "EndpointSlice", Some(16), Some(17), Some(21), Some("discovery.k8s.io/v1")),
    row("discovery.k8s.io/v1beta1", "EndpointSlice", Some(17), Some(21), Some(25), Some("discovery.k8s.io/v1")),
    row("events.k8s.io/v1beta1", "Event", Some(8), Some(22), Some(25), Some("events.k8s.io/v1")),
    row("extensions/v1beta1", "DaemonSet", Some(1), Some(8), Some(16), Some("apps/v1")),
    row("extensions/v1beta1", "Deployment", Some(1), Some(8), Some(16), Some("apps/v1")),
    row("extensions/v1beta1", "DeploymentRollback", Some(2), Some(8), Some(16), None),
    row("extensions/v1beta1", "Ingress", Some(1), Some(14), Some(22), Some("networking.k8s.io/v1")),
    row("extensions/v1beta1", "NetworkPolicy", Some(3), Some(9), Some(16), Some("networking.k8s.io/v1")),
    row("extensions/v1beta1", "PodSecurityPolicy", Some(2), Some(11), Some(16), None),
    row("extensions/v1beta1", "ReplicaSet", Some(2), Some(8), Some(16), Some("apps/v1")),
    row("extensions/v1beta1", "Scale", Some(1), Some(2), Some(16), Some("autoscaling/v1")),
    row("flowcontrol.apiserver.k8s.io/v1alpha1", "FlowSchema", Some(17), Some(20), Some(21), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1alpha1", "PriorityLevelConfiguration", Some(17), Some(20), Some(21), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", Some(20), Some(23), Some(26), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", Some(20), Some(23), Some(26), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", Some(23), Some(26), Some(29), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", Some(23), Some(26), Some(29), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", Some(26), Some(29), Some(32), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", Some(26), Some(29), Some(32), Some("flowcontrol.apiserver.k8s.io/v1")),
    row("lifecycle.k8s.io/v1alpha1", "Eviction", Some(37), Some(40), Some(43), None),
    row("lifecycle.k8s.io/v1alpha1", "EvictionRequest", Some(37), Some(40), Some(43), None),
    row("networking.k8s.io/v1alpha1", "ClusterCIDR", Some(25), Some(28), Some(29), None),
    row("networking.k8s.io/v1alpha1", "IPAddress", Some(27), Some(30), Some(31), Some("networking.k8s.io/v1")),
    row("networking.k8s.io/v1alpha1", "ServiceCIDR", Some(29), Some(30), Some(31), Some("networking.k8s.io/v1")),
    row("networking.k8s.io/v1beta1", "IPAddress", Some(31), Some(34), Some(37), Some("networking.k8s.io/v1")),
    row("networking.k8s.io/v1beta1", "Ingress", Some(14), Some(19), Some(22), Some("networking.k8s.io/v1")),
    row("networking.k8s.io/v1beta1", "IngressClass", Some(18), Some(19), Some(22), Some("networking.k8s.io/v1")),
    row("networking.k8s.io/v1beta1", "ServiceCIDR", Some(31), Some(34), Some(37), Some("networking.k8s.io/v1")),
    row("node.k8s.io/v1alpha1", "RuntimeClass", Some(14), Some(20), Some(24), Some("node.k8s.io/v1")),
    row("node.k8s.io/v1beta1", "RuntimeClass", Some(13), Some(22), Some(25), Some("node.k8s.io/v1")),
    row("policy/v1beta1", "Eviction", Some(5), Some(22), Some(25), Some("policy/v1")),
    row("policy/v1beta1", "PodDisruptionBudget", Some(5), Some(21), Some(25), Some("policy/v1")),
    row("policy/v1beta1", "PodSecurityPolicy", Some(10), Some(21), Some(25), None),
    row("rbac.authorization.k8s.io/v1alpha1", "ClusterRole", Some(3), Some(17), Some(23), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1alpha1", "ClusterRoleBinding", Some(3), Some(17), Some(23), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1alpha1", "Role", Some(3), Some(17), Some(23), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1alpha1", "RoleBinding", Some(3), Some(17), Some(23), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1beta1", "ClusterRole", Some(6), Some(17), Some(22), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", Some(6), Some(17), Some(22), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1beta1", "Role", Some(6), Some(17), Some(22), Some("rbac.authorization.k8s.io/v1")),
    row("rbac.authorization.k8s.io/v1beta1", "RoleBinding", Some(6), Some(17), Some(22), Some("rbac.authorization.k8s.io/v1")),
    row("resource.k8s.io/v1alpha1", "PodScheduling", Some(26), None, Some(27), None),
    row("resource.k8s.io/v1alpha1", "ResourceClaim", Some(26), None, Some(27), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha1", "ResourceClaimTemplate", Some(26), None, Some(27), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha1", "ResourceClass", Some(26), None, Some(27), Some("resource.k8s.io/v1 DeviceClass")),
    row("resource.k8s.io/v1alpha2", "PodSchedulingContext", Some(27), None, Some(31), None),
    row("resource.k8s.io/v1alpha2", "ResourceClaim", Some(27), None, Some(31), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha2", "ResourceClaimParameters", Some(30), None, Some(31), None),
    row("resource.k8s.io/v1alpha2", "ResourceClaimTemplate", Some(27), None, Some(31), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha2", "ResourceClass", Some(27), None, Some(31), Some("resource.k8s.io/v1 DeviceClass")),
    row("resource.k8s.io/v1alpha2", "ResourceClassParameters", Some(30), None, Some(31), None),
    row("resource.k8s.io/v1alpha2", "ResourceSlice", Some(30), None, Some(31), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha3", "DeviceClass", Some(31), Some(32), Some(34), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha3", "DeviceTaintRule", Some(33), Some(36), Some(39), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha3", "PodSchedulingContext", Some(31), None, Some(32), None),
    row("resource.k8s.io/v1alpha3", "ResourceClaim", Some(31), Some(32), Some(34), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha3", "ResourceClaimTemplate", Some(31), Some(32), Some(34), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1alpha3", "ResourcePoolStatusRequest", Some(36), Some(39), Some(42), None),
    row("resource.k8s.io/v1alpha3", "ResourceSlice", Some(31), Some(32), Some(34), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta1", "DeviceClass", Some(32), Some(35), Some(38), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta1", "ResourceClaim", Some(32), Some(35), Some(38), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta1", "ResourceClaimTemplate", Some(32), Some(35), Some(38), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta1", "ResourceSlice", Some(32), Some(35), Some(38), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta2", "DeviceClass", Some(33), Some(36), Some(39), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta2", "DeviceTaintRule", Some(36), Some(39), Some(42), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta2", "ResourceClaim", Some(33), Some(36), Some(39), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta2", "ResourceClaimTemplate", Some(33), Some(36), Some(39), Some("resource.k8s.io/v1")),
    row("resource.k8s.io/v1beta2", "ResourceSlice", Some(33), Some(36), Some(39), Some("resource.k8s.io/v1")),
    row("scheduling.k8s.io/v1alpha1", "PriorityClass", Some(8), Some(14), Some(23), Some("scheduling.k8s.io/v1")),
    row("scheduling.k8s.io/v1alpha1", "Workload", Some(35), None, Some(36), Some("scheduling.k8s.io/v1beta1")),
    row("scheduling.k8s.io/v1alpha2", "PodGroup", Some(36), None, Some(37), Some("scheduling.k8s.io/v1beta1")),
    row("scheduling.k8s.io/v1alpha2", "Workload", Some(36), None, Some(37), Some("scheduling.k8s.io/v1beta1")),
    row("scheduling.k8s.io/v1beta1", "PodGroup", Some(37), Some(40), Some(43), None),
    row("scheduling.k8s.io/v1beta1", "PriorityClass", Some(11), Some(14), Some(22), Some("scheduling.k8s.io/v1")),
    row("scheduling.k8s.io/v1beta1", "Workload", Some(37), Some(40), Some(43), None),
    row("settings.k8s.io/v1alpha1", "PodPreset", Some(6), None, Some(20), None),
    row("storage.k8s.io/v1alpha1", "CSIStorageCapacity", Some(19), Some(21), Some(24), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1alpha1", "VolumeAttachment", Some(9), Some(21), Some(23), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1alpha1", "VolumeAttributesClass", Some(29), Some(32), Some(35), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1beta1", "CSIDriver", Some(14), Some(19), Some(22), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1beta1", "CSINode", Some(14), Some(17), Some(22), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1beta1", "CSIStorageCapacity", Some(21), Some(24), Some(27), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1beta1", "StorageClass", Some(4), Some(19), Some(22), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1beta1", "VolumeAttachment", Some(10), Some(19), Some(22), Some("storage.k8s.io/v1")),
    row("storage.k8s.io/v1beta1", "VolumeAttributesClass", Some(31), Some(34), Some(37), Some("storage.k8s.io/v1")),
    row("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", Some(30), Some(33), Some(35), Some("storagemigration.k8s.io/v1")),
    row("storagemigration.k8s.io/v1beta1", "StorageVersionMigration", Some(35), Some(37), Some(40), Some("storagemigration.k8s.io/v1")),
    row("v1", "ComponentStatus", Some(0), Some(19), None, None),
    row("v1", "Endpoints", Some(0), Some(33), None, Some("discovery.k8s.io/v1 EndpointSlice")),
    row("v1", "EphemeralContainers", Some(16), None, Some(22), Some("v1 Pod")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(api_version: &str, kind: &str) -> Option<Minor> {
        lifecycle(api_version, kind).and_then(|entry| entry.removed)
    }

    fn replacement(api_version: &str, kind: &str) -> Option<&'static str> {
        lifecycle(api_version, kind).and_then(|entry| entry.replacement)
    }

    #[test]
    fn sorted_without_duplicates() {
        for pair in LIFECYCLES.windows(2) {
            let [a, b] = pair else { unreachable!() };
            assert!((a.api_version, a.kind) < (b.api_version, b.kind), "{a:?} before {b:?}");
        }
    }

    #[test]
    fn every_entry_is_withdrawn_in_order() {
        for entry in &LIFECYCLES {
            assert!(entry.deprecated.or(entry.removed).is_some(), "{entry:?}");
            if let (Some(deprecated), Some(removed)) = (entry.deprecated, entry.removed) {
                assert!(deprecated < removed, "{entry:?}");
            }
            if let (Some(introduced), Some(removed)) = (entry.introduced, entry.removed) {
                assert!(introduced < removed, "{entry:?}");
            }
        }
    }

    #[test]
    fn no_replacement_is_itself_gone() {
        for entry in &LIFECYCLES {
            let Some(replacement) = entry.replacement else { continue };
            let (api_version, kind) =
                replacement.split_once(' ').unwrap_or((replacement, entry.kind));
            let next = lifecycle(api_version, kind).and_then(|next| next.removed);
            assert!(next.is_none_or(|next| next > 37), "{entry:?}");
        }
    }

    #[test]
    fn removals_of_the_deprecation_guide() {
        for (api_version, kind, minor) in [
            ("extensions/v1beta1", "Deployment", 16),
            ("extensions/v1beta1", "NetworkPolicy", 16),
            ("apps/v1beta1", "StatefulSet", 16),
            ("apps/v1beta2", "Deployment", 16),
            ("settings.k8s.io/v1alpha1", "PodPreset", 20),
            ("batch/v2alpha1", "CronJob", 21),
            ("extensions/v1beta1", "Ingress", 22),
            ("networking.k8s.io/v1beta1", "Ingress", 22),
            ("networking.k8s.io/v1beta1", "IngressClass", 22),
            ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 22),
            ("apiregistration.k8s.io/v1beta1", "APIService", 22),
            ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", 22),
            ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", 22),
            ("coordination.k8s.io/v1beta1", "Lease", 22),
            ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", 22),
            ("scheduling.k8s.io/v1beta1", "PriorityClass", 22),
            ("storage.k8s.io/v1beta1", "StorageClass", 22),
            ("batch/v1beta1", "CronJob", 25),
            ("discovery.k8s.io/v1beta1", "EndpointSlice", 25),
            ("events.k8s.io/v1beta1", "Event", 25),
            ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 25),
            ("policy/v1beta1", "PodDisruptionBudget", 25),
            ("policy/v1beta1", "PodSecurityPolicy", 25),
            ("node.k8s.io/v1beta1", "RuntimeClass", 25),
            ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 26),
            ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 26),
            ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 27),
            ("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", 29),
            ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 32),
            ("audit.k8s.io/v1beta1", "Policy", 24),
        ] {
            assert_eq!(removed(api_version, kind), Some(minor), "{api_version} {kind}");
        }
    }

    #[test]
    fn deprecated_without_a_date_of_removal() {
        let endpoints = lifecycle("v1", "Endpoints").unwrap();
        assert_eq!((endpoints.deprecated, endpoints.removed), (Some(33), None));
        assert_eq!(endpoints.replacement, Some("discovery.k8s.io/v1 EndpointSlice"));
        let status = lifecycle("v1", "ComponentStatus").unwrap();
        assert_eq!((status.deprecated, status.removed, status.replacement), (Some(19), None, None));
    }

    #[test]
    fn a_type_that_vanished_early_has_the_version_that_dropped_it() {
        assert_eq!(removed("resource.k8s.io/v1alpha3", "ResourceClaim"), Some(34));
        assert_eq!(removed("networking.k8s.io/v1alpha1", "ClusterCIDR"), Some(29));
    }

    #[test]
    fn who_overlaps_with_a_successor_is_deprecated_from_then_on() {
        let deprecated = |api_version, kind| lifecycle(api_version, kind).unwrap().deprecated;
        assert_eq!(deprecated("resource.k8s.io/v1alpha3", "ResourceClaim"), Some(32));
        assert_eq!(deprecated("batch/v2alpha1", "CronJob"), Some(8));
        // 1.31 served `v1alpha3` and no longer `v1alpha2`.
        assert_eq!(deprecated("resource.k8s.io/v1alpha2", "ResourceClaim"), None);
    }

    #[test]
    fn replacements_are_stable_where_possible() {
        assert_eq!(replacement("extensions/v1beta1", "Ingress"), Some("networking.k8s.io/v1"));
        assert_eq!(
            replacement("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"),
            Some("flowcontrol.apiserver.k8s.io/v1")
        );
        assert_eq!(
            replacement("autoscaling/v2beta1", "HorizontalPodAutoscaler"),
            Some("autoscaling/v2")
        );
        assert_eq!(replacement("policy/v1beta1", "PodSecurityPolicy"), None);
        assert_eq!(replacement("extensions/v1beta1", "PodSecurityPolicy"), None);
    }

    #[test]
    fn stable_and_unknown_apis_have_no_entry() {
        for (api_version, kind) in [
            ("apps/v1", "Deployment"),
            ("v1", "Pod"),
            ("autoscaling/v1", "HorizontalPodAutoscaler"),
            ("extensions/v1beta1", "Deploymen"),
            ("example.com/v1", "Ingress"),
            ("", ""),
        ] {
            assert_eq!(lifecycle(api_version, kind), None, "{api_version} {kind}");
        }
    }
}
