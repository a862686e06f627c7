//! Which lists merge by which keys (`x-kubernetes-patch-merge-key`), as shapes that kinds share.
//!
//! Only what a merge can reach is here: items of lists that are replaced as a whole have no shape.

/// The fields of a map that hold merge lists, at any depth.
#[derive(Debug)]
pub struct Shape(&'static [(&'static str, Field)]);

/// A field of a [`Shape`].
#[derive(Debug)]
pub enum Field {
    Map(&'static Shape),
    /// A list that merges by keys; without keys, a list of scalars that merges by value.
    List(&'static [&'static str], Option<&'static Shape>),
}

impl Shape {
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, field)| field)
    }
}

const NAME: &[&str] = &["name"];
const TYPE: &[&str] = &["type"];

static META: Shape = Shape(&[
    ("finalizers", Field::List(&[], None)),
    ("ownerReferences", Field::List(&["uid"], None)),
]);

static CONTAINER: Shape = Shape(&[
    ("env", Field::List(NAME, None)),
    ("ports", Field::List(&["containerPort", "protocol"], None)),
    ("volumeDevices", Field::List(&["devicePath"], None)),
    ("volumeMounts", Field::List(&["mountPath"], None)),
]);

/// Ports of these have no merge key in the schema.
static EPHEMERAL_CONTAINER: Shape = Shape(&[
    ("env", Field::List(NAME, None)),
    ("volumeDevices", Field::List(&["devicePath"], None)),
    ("volumeMounts", Field::List(&["mountPath"], None)),
]);

static CLAIM_TEMPLATE: Shape = Shape(&[("metadata", Field::Map(&META))]);
static EPHEMERAL_VOLUME: Shape = Shape(&[("volumeClaimTemplate", Field::Map(&CLAIM_TEMPLATE))]);
static VOLUME: Shape = Shape(&[("ephemeral", Field::Map(&EPHEMERAL_VOLUME))]);

static POD_SPEC: Shape = Shape(&[
    ("containers", Field::List(NAME, Some(&CONTAINER))),
    ("initContainers", Field::List(NAME, Some(&CONTAINER))),
    ("volumes", Field::List(NAME, Some(&VOLUME))),
    ("ephemeralContainers", Field::List(NAME, Some(&EPHEMERAL_CONTAINER))),
    ("hostAliases", Field::List(&["ip"], None)),
    ("imagePullSecrets", Field::List(NAME, None)),
    ("topologySpreadConstraints", Field::List(&["topologyKey", "whenUnsatisfiable"], None)),
]);

static TEMPLATE: Shape = Shape(&[("metadata", Field::Map(&META)), ("spec", Field::Map(&POD_SPEC))]);
static WORKLOAD_SPEC: Shape = Shape(&[("template", Field::Map(&TEMPLATE))]);
static WORKLOAD: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("spec", Field::Map(&WORKLOAD_SPEC))]);
static CRON_JOB_SPEC: Shape = Shape(&[("jobTemplate", Field::Map(&WORKLOAD))]);
static CRON_JOB: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("spec", Field::Map(&CRON_JOB_SPEC))]);
static POD_TEMPLATE: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("template", Field::Map(&TEMPLATE))]);

static SERVICE_SPEC: Shape = Shape(&[("ports", Field::List(&["port", "protocol"], None))]);
static SERVICE: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("spec", Field::Map(&SERVICE_SPEC))]);
static SERVICE_ACCOUNT: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("secrets", Field::List(NAME, None))]);
static WEBHOOKS: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("webhooks", Field::List(NAME, None))]);
static CSI_NODE_SPEC: Shape = Shape(&[("drivers", Field::List(NAME, None))]);
static CSI_NODE: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("spec", Field::Map(&CSI_NODE_SPEC))]);
static COMPONENT_STATUS: Shape =
    Shape(&[("metadata", Field::Map(&META)), ("conditions", Field::List(TYPE, None))]);
static NODE_SPEC: Shape = Shape(&[("podCIDRs", Field::List(&[], None))]);
static NODE: Shape = Shape(&[("metadata", Field::Map(&META)), ("spec", Field::Map(&NODE_SPEC))]);
static OBJECT: Shape = Shape(&[("metadata", Field::Map(&META))]);

/// The shape of a kind, if the schema has it.
pub fn of_kind(api_version: &str, kind: &str) -> Option<&'static Shape> {
    let shape = match (api_version, kind) {
        ("apps/v1", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        | ("batch/v1", "Job")
        | ("v1", "ReplicationController") => &WORKLOAD,
        ("batch/v1" | "batch/v1beta1", "CronJob") => &CRON_JOB,
        ("v1", "Pod") => &TEMPLATE,
        ("v1", "PodTemplate") => &POD_TEMPLATE,
        ("v1", "Service") => &SERVICE,
        ("v1", "ServiceAccount") => &SERVICE_ACCOUNT,
        ("v1", "ComponentStatus") => &COMPONENT_STATUS,
        ("v1", "Node") => &NODE,
        (
            "admissionregistration.k8s.io/v1" | "admissionregistration.k8s.io/v1beta1",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        ) => &WEBHOOKS,
        ("storage.k8s.io/v1" | "storage.k8s.io/v1beta1", "CSINode") => &CSI_NODE,
        _ if has_metadata_only(api_version, kind) => &OBJECT,
        _ => return None,
    };
    Some(shape)
}

/// The shape of a definition of the schema that custom schemas refer to, by its name.
pub fn of_definition(name: &str) -> Option<&'static Shape> {
    match name {
        "io.k8s.api.core.v1.PodTemplateSpec" => Some(&TEMPLATE),
        "io.k8s.api.core.v1.PodSpec" => Some(&POD_SPEC),
        "io.k8s.api.core.v1.Container" => Some(&CONTAINER),
        "io.k8s.api.core.v1.Volume" => Some(&VOLUME),
        "io.k8s.api.batch.v1.JobSpec" | "io.k8s.api.apps.v1.DeploymentSpec" => Some(&WORKLOAD_SPEC),
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" => Some(&META),
        _ => None,
    }
}

/// Kinds of the schema whose only merge lists are those of `metadata`.
fn has_metadata_only(api_version: &str, kind: &str) -> bool {
    METADATA_ONLY.lines().any(|line| {
        let mut words = line.split(' ');
        words.next() == Some(api_version) && words.any(|word| word == kind)
    })
}

const METADATA_ONLY: &str = "
apiextensions.k8s.io/v1 CustomResourceDefinition
apiextensions.k8s.io/v1beta1 CustomResourceDefinition
apiregistration.k8s.io/v1 APIService
apiregistration.k8s.io/v1beta1 APIService
apps/v1 ControllerRevision
authentication.k8s.io/v1 TokenRequest TokenReview
authentication.k8s.io/v1beta1 TokenReview
authorization.k8s.io/v1 LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
authorization.k8s.io/v1beta1 LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
autoscaling/v1 HorizontalPodAutoscaler Scale
autoscaling/v2beta1 HorizontalPodAutoscaler
autoscaling/v2beta2 HorizontalPodAutoscaler
certificates.k8s.io/v1 CertificateSigningRequest
certificates.k8s.io/v1beta1 CertificateSigningRequest
coordination.k8s.io/v1 Lease
coordination.k8s.io/v1beta1 Lease
discovery.k8s.io/v1 EndpointSlice
discovery.k8s.io/v1beta1 EndpointSlice
events.k8s.io/v1 Event
events.k8s.io/v1beta1 Event
extensions/v1beta1 Ingress
flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema PriorityLevelConfiguration
networking.k8s.io/v1 Ingress IngressClass NetworkPolicy
networking.k8s.io/v1beta1 Ingress IngressClass
node.k8s.io/v1 RuntimeClass
node.k8s.io/v1beta1 RuntimeClass
policy/v1 PodDisruptionBudget
policy/v1beta1 Eviction PodDisruptionBudget PodSecurityPolicy
rbac.authorization.k8s.io/v1 ClusterRole ClusterRoleBinding Role RoleBinding
rbac.authorization.k8s.io/v1beta1 ClusterRole ClusterRoleBinding Role RoleBinding
scheduling.k8s.io/v1 PriorityClass
scheduling.k8s.io/v1beta1 PriorityClass
storage.k8s.io/v1 CSIDriver StorageClass VolumeAttachment
storage.k8s.io/v1beta1 CSIDriver CSIStorageCapacity StorageClass VolumeAttachment
v1 Binding ConfigMap Endpoints Event LimitRange Namespace PersistentVolume PersistentVolumeClaim ResourceQuota Secret
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_found_by_kind() {
        let keys = |api_version: &str, kind: &str, path: &[&str]| {
            let mut shape = of_kind(api_version, kind)?;
            let (last, maps) = path.split_last()?;
            for key in maps {
                shape = match shape.field(key)? {
                    Field::Map(shape) | Field::List(_, Some(shape)) => shape,
                    Field::List(_, None) => return None,
                };
            }
            match shape.field(last)? {
                Field::List(keys, _) => Some(*keys),
                Field::Map(_) => None,
            }
        };
        let ports = ["spec", "template", "spec", "containers", "ports"];
        assert_eq!(keys("apps/v1", "Deployment", &ports), Some(&["containerPort", "protocol"][..]));
        let env = ["spec", "jobTemplate", "spec", "template", "spec", "initContainers", "env"];
        assert_eq!(keys("batch/v1", "CronJob", &env), Some(NAME));
        assert_eq!(keys("v1", "Secret", &["metadata", "finalizers"]), Some(&[][..]));
        assert!(of_kind("argoproj.io/v1alpha1", "Rollout").is_none());
        assert!(of_kind("apps/v1beta1", "Deployment").is_none());
    }
}
