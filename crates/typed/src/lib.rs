//! The typed kinds: what of an object does not fit the API it names.
//!
//! The only place that names `k8s_openapi`. A crate of its own so that it can be built for size while
//! everything else is built for speed, and so that touching a rule does not compile the types again.

mod decode;
mod required;

use std::sync::{PoisonError, RwLock};

use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, authentication::v1 as authentication,
    authorization::v1 as authorization, autoscaling::v1 as autoscaling1,
    autoscaling::v2 as autoscaling2, batch::v1 as batch, certificates::v1 as certificates,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery,
    events::v1 as events, flowcontrol::v1 as flowcontrol, networking::v1 as networking,
    node::v1 as node, policy::v1 as policy, rbac::v1 as rbac, resource::v1 as resource,
    scheduling::v1 as scheduling, storage::v1 as storage, storagemigration::v1 as storagemigration,
};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration;

use kubeready_manifest::yaml::{NodeRef, shape};
use rustc_hash::FxHashSet;
use serde::de::DeserializeOwned;

use self::decode::{De, Error, attempt};
pub use self::decode::{Mismatch, Missing, Report, Unknown, decode};

/// The minor version of Kubernetes 1 whose types these are.
pub const NEWEST: u16 = 37;

macro_rules! kinds {
    ($($api_version:literal: $($module:ident { $($kind:ident)* })+;)*) => {
        fn decoder(api_version: &str, kind: &str) -> Option<Decoder> {
            match api_version {
                $($api_version => match kind {
                    $($(stringify!($kind) => Some(of_type::<$module::$kind>),)*)+
                    _ => None,
                },)*
                _ => None,
            }
        }

        #[cfg(test)]
        const TYPED: &[(&str, &str)] = &[$($($(($api_version, stringify!($kind)),)*)+)*];
    };
}

// Left out: CustomResourceDefinition (its schema type is huge and a rule of its own), and what only
// clients send (options, discovery).
kinds! {
    "v1": core {
        Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume
        PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service
        ServiceAccount
    };
    "apps/v1": apps { ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet };
    "batch/v1": batch { CronJob Job };
    "autoscaling/v1": autoscaling1 { HorizontalPodAutoscaler Scale };
    "autoscaling/v2": autoscaling2 { HorizontalPodAutoscaler };
    "networking.k8s.io/v1": networking {
        IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR
    };
    "policy/v1": policy { Eviction PodDisruptionBudget };
    "rbac.authorization.k8s.io/v1": rbac { ClusterRole ClusterRoleBinding Role RoleBinding };
    "storage.k8s.io/v1": storage {
        CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass
    };
    "storagemigration.k8s.io/v1": storagemigration { StorageVersionMigration };
    "scheduling.k8s.io/v1": scheduling { PriorityClass };
    "node.k8s.io/v1": node { RuntimeClass };
    "admissionregistration.k8s.io/v1": admission {
        MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
        ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
    };
    "apiregistration.k8s.io/v1": apiregistration { APIService };
    "authentication.k8s.io/v1": authentication { SelfSubjectReview TokenRequest TokenReview };
    "authorization.k8s.io/v1": authorization {
        LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
    };
    "certificates.k8s.io/v1": certificates {
        CertificateSigningRequest ClusterTrustBundle PodCertificateRequest
    };
    "coordination.k8s.io/v1": coordination { Lease };
    "discovery.k8s.io/v1": discovery { EndpointSlice };
    "events.k8s.io/v1": events { Event };
    "flowcontrol.apiserver.k8s.io/v1": flowcontrol { FlowSchema PriorityLevelConfiguration };
    "resource.k8s.io/v1": resource {
        DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate ResourceSlice
    };
}

/// Decodes an object and drops it: it would cost memory and say nothing new.
type Decoder = fn(De<'_, '_>) -> Result<(), Error>;

fn of_type<T: DeserializeOwned>(de: De<'_, '_>) -> Result<(), Error> {
    T::deserialize(de).map(drop)
}

/// What of an object does not fit its kind's type; `None` when the kind has no type here
/// (removed and beta APIs, custom resources).
pub fn check<'t>(api_version: &str, kind: &str, root: NodeRef<'t>) -> Option<Report<'t>> {
    decoder(api_version, kind).map(|decoder| misfits(decoder, root))
}

fn misfits(decoder: Decoder, root: NodeRef<'_>) -> Report<'_> {
    without_vanished(attempt(root, &mut |de| decoder(de)))
}

/// Shapes of documents that were decoded and fit their type, with that type's decoder: a document of
/// the same shape fits too, and needs no decoding. Fleets are made of documents that differ in names
/// and numbers alone. The shape does not tell the type: items of a typed list name none.
#[derive(Debug, Default)]
pub struct Fitting(RwLock<FxHashSet<(usize, u64)>>);

impl Fitting {
    /// As [`check`].
    pub fn check<'t>(
        &self,
        api_version: &str,
        kind: &str,
        root: NodeRef<'t>,
    ) -> Option<Report<'t>> {
        let decoder = decoder(api_version, kind)?;
        let shape = shape(root).map(|shape| (decoder as usize, shape));
        if shape.is_some_and(|shape| self.known(shape)) {
            return Some(Report::default());
        }
        let report = misfits(decoder, root);
        if let Some(shape) = shape.filter(|_| report.is_empty() && !report.by_text) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(shape);
        }
        Some(report)
    }

    fn known(&self, shape: (usize, u64)) -> bool {
        // A set of numbers is whole after every insertion, whatever became of who made it.
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&shape)
    }
}

/// What of a pod template does not fit: for workloads whose own kind has no type here.
pub fn pod_template(template: NodeRef<'_>) -> Report<'_> {
    misfits(of_type::<core::PodTemplateSpec>, template)
}

/// Fields that a release since 1.16 had and the newest one has no more, by struct: a person who
/// wrote one did not misspell it.
const VANISHED: &[(&str, &str)] = &[
    ("Device", "nodeAllocatableResourceMappings"),
    ("EphemeralVolumeSource", "readOnly"),
    ("NodeAllocatableResourceClaimStatus", "resources"),
    ("ObjectMeta", "clusterName"),
    ("PersistentVolumeClaimStatus", "resizeStatus"),
    ("PodResourceClaim", "source"),
    ("PodSpec", "workloadRef"),
    ("ServiceSpec", "ipFamily"),
    ("ServiceSpec", "topologyKeys"),
    ("VolumeResourceRequirements", "claims"),
];

fn without_vanished(mut report: Report<'_>) -> Report<'_> {
    report.unknown.retain(|unknown| !VANISHED.contains(&(unknown.of, unknown.key.text())));
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubeready_manifest::source::SourceId;
    use kubeready_manifest::yaml::Tree;

    /// One line per finding: the words, and the text they stand at.
    fn findings(text: &str) -> Vec<String> {
        let tree = Tree::parse(text, SourceId(0));
        assert_eq!(tree.errors(), []);
        let mut lines = Vec::new();
        for (_, root) in tree.documents() {
            let (api, kind) = (root.str_at("apiVersion"), root.str_at("kind"));
            let report =
                check(api.expect("an apiVersion"), kind.expect("a kind"), root).expect("a type");
            let shown = |node: NodeRef<'_>| {
                let span = node.span();
                tree.text()[span.start as usize..span.end as usize].to_owned()
            };
            lines.extend(
                report.unknown.iter().map(|u| format!("unknown {} in {}", shown(u.key), u.of)),
            );
            lines.extend(report.missing.iter().map(|m| format!("missing {} in {}", m.field, m.of)));
            lines.extend(report.mismatched.iter().map(|m| {
                format!("expected {}, found {} at {}", m.expected, m.found, shown(m.node))
            }));
        }
        lines
    }

    #[test]
    fn one_decode_finds_every_misfit_of_an_object() {
        let found = findings(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels: {tier: 1, empty: null}\n  \
             creationTimestamp: yesterday\nspec:\n  replicas: \"3\"\n  selector: {matchLabels: {a: b}}\n  \
             paused: \"yes\"\n  template:\n    metadata: {clusterName: gone}\n    spec:\n      \
             contaners: []\n      containers:\n      - image: x\n        \
             ports: [{containerPort: 99999999999}, {containerPort: null}]\n        \
             resources: {limits: {cpu: 1, memory: 1Gi, x: true}}\n        \
             livenessProbe: {httpGet: {port: true}}\n        command: sh\n      securityContext: []\n",
        );
        let expected = [
            "unknown contaners in PodSpec",
            "missing name in Container",
            "missing containerPort in ContainerPort",
            "expected a string, found an integer at 1",
            "expected a time such as 2026-01-31T12:00:00Z, found \"yesterday\" at yesterday",
            "expected an integer, found a string at \"3\"",
            "expected true or false, found a string at \"yes\"",
            "expected an integer from -2147483648 to 2147483647, found 99999999999 at 99999999999",
            "expected a quantity such as 500m or 1Gi, found a boolean at true",
            "expected an integer or a string, found a boolean at true",
            "expected a list, found a string at sh",
            "expected a map, found a list at []",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_kubernetes_accepts_is_no_finding() {
        let table = [
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  a:\n  b: null\nbinaryData: {x: aGk=}\n",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, creationTimestamp: null}\ndata: {}\n",
            "apiVersion: v1\nkind: Secret\ndata: {a: aGk=, b: null}\n",
            "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 1.0, targetPort: http}]}\n",
            "apiVersion: v1\nkind: Pod\nspec: &s\n  containers: [{name: a, resources: null}]\n\
             metadata: {labels: {<<: {a: b}, <<: [{c: d}]}}\n",
            "apiVersion: v1\nkind: ConfigMap\ndata: {a: 1, a: x}\n",
            "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{name: a}]\n  volumes:\n  - name: v\n    \
             configMap: {name: c, defaultMode: 0755}\n",
            "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  serviceName: a\n  selector: {}\n  \
             volumeClaimTemplates: [{kind: PVC, apiVersion: v9, spec: {}}]\n  \
             template: {spec: {containers: [{name: a}]}}\n",
        ];
        for text in table {
            assert_eq!(findings(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_value_that_only_its_type_can_refuse_hides_nothing() {
        let found = findings(
            "apiVersion: v1\nkind: Secret\ndata: {a: \"_\", b: \"%\", c: aGk=, d: [1]}\ntyp: x\n",
        );
        let expected = [
            "unknown typ in Secret",
            "expected base64 text, found text that is not base64 at \"_\"",
            "expected base64 text, found text that is not base64 at \"%\"",
            "expected a string, found a list at [1]",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn misfits_behind_an_alias_are_reported_once() {
        let found = findings(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - &c {name: a, nam: b}\n  - *c\n  \
             - {<<: *c, name: z}\n",
        );
        assert_eq!(found, ["unknown nam in Container"]);
    }

    #[test]
    fn a_known_shape_hides_no_misfit() {
        let fitting = Fitting::default();
        let misfits = |text: &str| said(&fitting, ("v1", kind_of(text)), text);
        for (text, expected) in [
            ("apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n", Some(0)),
            ("apiVersion: v1\nkind: Service\nspec: {ports: [{port: 81}]}\n", Some(0)),
            ("apiVersion: v1\nkind: Service\nspec: {ports: [{port: x}]}\n", Some(1)),
            ("apiVersion: v1\nkind: Service\nspec: {ports: [{prt: 80}]}\n", Some(2)),
            ("apiVersion: v1\nkind: Secret\ndata: {a: aGk=}\n", Some(0)),
            ("apiVersion: v1\nkind: Secret\ndata: {a: \"%\"}\n", Some(1)),
            (
                "apiVersion: v1\nkind: Secret\nmetadata: {creationTimestamp: 2026-01-31T12:00:00Z}\n",
                Some(0),
            ),
            ("apiVersion: v1\nkind: Secret\nmetadata: {creationTimestamp: yesterday}\n", Some(1)),
            ("apiVersion: v1\nkind: Own\nspec: {ports: [{port: 80}]}\n", None),
        ] {
            assert_eq!(misfits(text), expected, "{text}");
            assert_eq!(misfits(text), expected, "{text}");
        }
    }

    /// What is said of a document does not hang on those before it: each of a pair, which differ in one
    /// value alone, is judged by itself and behind the other.
    #[test]
    fn what_came_before_changes_nothing() {
        let map = |value| format!("apiVersion: v1\nkind: ConfigMap\ndata: {{ratio: {value}}}\n");
        let port = |value| {
            format!("apiVersion: v1\nkind: Service\nspec: {{ports: [{{port: {value}}}]}}\n")
        };
        let pod =
            |fields| format!("apiVersion: v1\nkind: Pod\nspec: {{containers: [], {fields}}}\n");
        let run_as = |policy, user| {
            pod(format!("securityContext: {{fsGroupChangePolicy: {policy}, runAsUser: {user}}}"))
        };
        let deadline = |value| pod(format!("activeDeadlineSeconds: {value}"));
        let on_host = |value| pod(format!("hostNetwork: {value}"));
        let pairs = [
            (map("null"), map("0.0")),
            (port("null"), port("0.0")),
            (on_host("false"), on_host("4.94e-324")),
            (deadline("-9223372036854775808"), deadline("9223372036854775808")),
            // What the numbers differ in takes away what the words differ in, were they but added up.
            (run_as("OnRootMismatch", "5000000000"), run_as("true", "-776154337293574287")),
        ];
        for (first, second) in pairs {
            for (before, text) in [(&first, &second), (&second, &first)] {
                let (alone, among) = (Fitting::default(), Fitting::default());
                said(&among, ("v1", kind_of(before)), before);
                let of = ("v1", kind_of(text));
                assert_eq!(said(&alone, of, text), said(&among, of, text), "{before}{text}");
            }
        }
    }

    #[test]
    fn what_fits_one_type_need_not_fit_another() {
        // An item of a typed list names no type itself.
        let item = "metadata: {name: a}\ndata: {a: \"%%\"}\n";
        let fitting = Fitting::default();
        assert_eq!(said(&fitting, ("v1", "ConfigMap"), item), Some(0));
        assert_eq!(said(&fitting, ("v1", "Secret"), item), Some(1));
    }

    fn kind_of(text: &str) -> &str {
        text.lines().find_map(|line| line.strip_prefix("kind: ")).expect("a kind")
    }

    fn said(fitting: &Fitting, (api_version, kind): (&str, &str), text: &str) -> Option<usize> {
        let tree = Tree::parse(text, SourceId(0));
        let (_, root) = tree.documents().next().expect("a document");
        let report = fitting.check(api_version, kind, root);
        report.map(|r| r.unknown.len() + r.missing.len() + r.mismatched.len())
    }

    #[test]
    fn a_kind_is_known_by_its_name_and_group() {
        assert!(TYPED.iter().all(|(api_version, kind)| decoder(api_version, kind).is_some()));
        assert!(decoder("apps/v1", "Deploymant").is_none());
        assert!(decoder("batch/v1", "Deployment").is_none());
    }
}
