//! The kinds that rules know by name.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// The groups of a kind.
type Row = (&'static [&'static str], Kind);

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $($group:literal)|+ $(, $scope:ident)?;)*) => {
        /// What an object is, by group and kind; the version does not matter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// Any other kind.
            Other,
        }

        impl Kind {
            /// The kind of an `apiVersion` and `kind`.
            pub fn of(api_version: &str, kind: &str) -> Self {
                static BY_NAME: LazyLock<FxHashMap<&str, Vec<Row>>> = LazyLock::new(|| {
                    let mut by_name = FxHashMap::<_, Vec<Row>>::default();
                    $(by_name.entry($name).or_default().push((&[$($group),+], Kind::$variant));)*
                    by_name
                });
                let group = super::object::group(api_version);
                let mut rows = BY_NAME.get(kind).into_iter().flatten();
                rows.find(|(groups, _)| groups.contains(&group)).map_or(Kind::Other, |row| row.1)
            }

            /// The kind's name; `""` for [`Kind::Other`].
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* Kind::Other => "" }
            }

            /// Whether its objects live in no namespace. Unknown kinds are taken as namespaced.
            pub fn is_cluster_scoped(self) -> bool {
                match self { $($(Kind::$variant => { let _ = stringify!($scope); true })?)* _ => false }
            }
        }
    };
}

kinds! {
    Pod = "Pod" in "";
    PodTemplate = "PodTemplate" in "";
    ReplicationController = "ReplicationController" in "";
    Deployment = "Deployment" in "apps" | "extensions";
    StatefulSet = "StatefulSet" in "apps";
    DaemonSet = "DaemonSet" in "apps" | "extensions";
    ReplicaSet = "ReplicaSet" in "apps" | "extensions";
    Job = "Job" in "batch";
    CronJob = "CronJob" in "batch";
    /// OpenShift's.
    DeploymentConfig = "DeploymentConfig" in "apps.openshift.io" | "";
    /// Argo Rollouts'.
    Rollout = "Rollout" in "argoproj.io";
    /// Knative's; shares its kind name with the core Service.
    KnativeService = "Service" in "serving.knative.dev";
    ScaledJob = "ScaledJob" in "keda.sh";
    Service = "Service" in "";
    Endpoints = "Endpoints" in "";
    EndpointSlice = "EndpointSlice" in "discovery.k8s.io";
    Ingress = "Ingress" in "networking.k8s.io" | "extensions";
    IngressClass = "IngressClass" in "networking.k8s.io", cluster;
    NetworkPolicy = "NetworkPolicy" in "networking.k8s.io" | "extensions";
    CiliumNetworkPolicy = "CiliumNetworkPolicy" in "cilium.io";
    CiliumClusterwideNetworkPolicy = "CiliumClusterwideNetworkPolicy" in "cilium.io", cluster;
    CalicoNetworkPolicy = "NetworkPolicy" in "projectcalico.org" | "crd.projectcalico.org";
    CalicoGlobalNetworkPolicy = "GlobalNetworkPolicy" in "projectcalico.org" | "crd.projectcalico.org", cluster;
    AdminNetworkPolicy = "AdminNetworkPolicy" in "policy.networking.k8s.io", cluster;
    BaselineAdminNetworkPolicy = "BaselineAdminNetworkPolicy" in "policy.networking.k8s.io", cluster;
    Gateway = "Gateway" in "gateway.networking.k8s.io";
    HttpRoute = "HTTPRoute" in "gateway.networking.k8s.io";
    TcpRoute = "TCPRoute" in "gateway.networking.k8s.io";
    PodDisruptionBudget = "PodDisruptionBudget" in "policy";
    HorizontalPodAutoscaler = "HorizontalPodAutoscaler" in "autoscaling" | "extensions";
    VerticalPodAutoscaler = "VerticalPodAutoscaler" in "autoscaling.k8s.io";
    ScaledObject = "ScaledObject" in "keda.sh";
    ServiceAccount = "ServiceAccount" in "";
    ConfigMap = "ConfigMap" in "";
    Secret = "Secret" in "";
    ExternalSecret = "ExternalSecret" in "external-secrets.io" | "kubernetes-client.io";
    ClusterExternalSecret = "ClusterExternalSecret" in "external-secrets.io", cluster;
    SealedSecret = "SealedSecret" in "bitnami.com";
    SopsSecret = "SopsSecret" in "isindir.github.com";
    Certificate = "Certificate" in "cert-manager.io" | "certmanager.k8s.io";
    PersistentVolumeClaim = "PersistentVolumeClaim" in "";
    PersistentVolume = "PersistentVolume" in "", cluster;
    StorageClass = "StorageClass" in "storage.k8s.io", cluster;
    Namespace = "Namespace" in "", cluster;
    ResourceQuota = "ResourceQuota" in "";
    LimitRange = "LimitRange" in "";
    PriorityClass = "PriorityClass" in "scheduling.k8s.io", cluster;
    Role = "Role" in "rbac.authorization.k8s.io" | "authorization.openshift.io";
    ClusterRole = "ClusterRole" in "rbac.authorization.k8s.io" | "authorization.openshift.io", cluster;
    RoleBinding = "RoleBinding" in "rbac.authorization.k8s.io" | "authorization.openshift.io";
    ClusterRoleBinding = "ClusterRoleBinding" in "rbac.authorization.k8s.io" | "authorization.openshift.io", cluster;
    CustomResourceDefinition = "CustomResourceDefinition" in "apiextensions.k8s.io", cluster;
    ApiService = "APIService" in "apiregistration.k8s.io", cluster;
    MutatingWebhookConfiguration = "MutatingWebhookConfiguration" in "admissionregistration.k8s.io", cluster;
    ValidatingWebhookConfiguration = "ValidatingWebhookConfiguration" in "admissionregistration.k8s.io", cluster;
    PodSecurityPolicy = "PodSecurityPolicy" in "policy" | "extensions", cluster;
    VeleroSchedule = "Schedule" in "velero.io";
    K8upSchedule = "Schedule" in "k8up.io" | "backup.appuio.ch";
    ReplicationSource = "ReplicationSource" in "volsync.backube";
    LonghornRecurringJob = "RecurringJob" in "longhorn.io";
    CnpgScheduledBackup = "ScheduledBackup" in "postgresql.cnpg.io";
    CnpgCluster = "Cluster" in "postgresql.cnpg.io";
    KastenPolicy = "Policy" in "config.kio.kasten.io";
    CronWorkflow = "CronWorkflow" in "argoproj.io";
    Application = "Application" in "argoproj.io";
    ApplicationSet = "ApplicationSet" in "argoproj.io";
    AppProject = "AppProject" in "argoproj.io";
    FluxKustomization = "Kustomization" in "kustomize.toolkit.fluxcd.io";
    HelmRelease = "HelmRelease" in "helm.toolkit.fluxcd.io";
    GitRepository = "GitRepository" in "source.toolkit.fluxcd.io";
    OciRepository = "OCIRepository" in "source.toolkit.fluxcd.io";
    HelmRepository = "HelmRepository" in "source.toolkit.fluxcd.io";
    /// Flux's; Rancher has one of its own.
    HelmChart = "HelmChart" in "source.toolkit.fluxcd.io";
    FluxBucket = "Bucket" in "source.toolkit.fluxcd.io";
    ExternalArtifact = "ExternalArtifact" in "source.toolkit.fluxcd.io";
    /// Makes ExternalArtifacts.
    ArtifactGenerator = "ArtifactGenerator" in "source.extensions.fluxcd.io";
    FluxAlert = "Alert" in "notification.toolkit.fluxcd.io";
    FluxProvider = "Provider" in "notification.toolkit.fluxcd.io";
    FluxInstance = "FluxInstance" in "fluxcd.controlplane.io";
    ResourceSet = "ResourceSet" in "fluxcd.controlplane.io";
    ClusterPolicy = "ClusterPolicy" in "kyverno.io", cluster;
    /// OpenShift's quota over several namespaces.
    ClusterResourceQuota = "ClusterResourceQuota" in "quota.openshift.io", cluster;
    ConstraintTemplate = "ConstraintTemplate" in "templates.gatekeeper.sh", cluster;
    /// The API server's own configuration of its admission plugins; no object of a cluster.
    AdmissionConfiguration = "AdmissionConfiguration" in "apiserver.config.k8s.io", cluster;
    PodSecurityConfiguration = "PodSecurityConfiguration" in "pod-security.admission.config.k8s.io", cluster;
    /// OpenShift's.
    SecurityContextConstraints = "SecurityContextConstraints" in "security.openshift.io", cluster;
    /// Skaffold's, which builds images and writes their tags into manifests; no object of a cluster.
    SkaffoldConfig = "Config" in "skaffold", cluster;
}

impl Kind {
    /// A controller that keeps its pods running, and so takes no other restart policy than `Always`.
    pub fn keeps_pods_running(self) -> bool {
        matches!(
            self,
            Kind::Deployment
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::ReplicaSet
                | Kind::ReplicationController
                | Kind::DeploymentConfig
                | Kind::Rollout
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn the_group_decides_between_kinds_of_one_name() {
        assert_eq!(Kind::of("v1", "Service"), Kind::Service);
        assert_eq!(Kind::of("serving.knative.dev/v1", "Service"), Kind::KnativeService);
        assert_eq!(Kind::of("velero.io/v1", "Schedule"), Kind::VeleroSchedule);
        assert_eq!(Kind::of("example.com/v1", "Deployment"), Kind::Other);
        assert!(Kind::ClusterRole.is_cluster_scoped() && !Kind::Role.is_cluster_scoped());
    }
}
