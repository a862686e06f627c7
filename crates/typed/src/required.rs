//! Which fields an object must have, per struct of the Kubernetes API.
//!
//! The structs are those of `k8s-openapi` with `v1_37`, whose decoder fills absent fields in
//! silently. A field is here if the published schema requires it or the API server's validation
//! refuses every new object without it. Not here: `status` and all that belongs to it, the
//! `metadata` of an object, what the server fills in itself, and what is demanded only in some
//! places or together with other fields (a container's `image`, a claim's `accessModes`).

type Row = (&'static str, &'static [&'static str]);

/// Fields that a struct must have, in the spelling of YAML; empty if there are none.
///
/// `name` and `fields` are what the struct's `Deserialize` passes to `deserialize_struct`. Several
/// API groups have structs of one name, such as `Subject` of RBAC and of flow control: of the rows
/// with that name, the first counts all of whose fields the struct has.
pub(crate) fn required(name: &str, fields: &[&str]) -> &'static [&'static str] {
    let first = REQUIRED.partition_point(|(row, _)| *row < name);
    REQUIRED[first..]
        .iter()
        .take_while(|(row, _)| *row == name)
        .map(|(_, needed)| *needed)
        .find(|needed| needed.iter().all(|field| fields.contains(field)))
        .unwrap_or_default()
}

/// Sorted by struct; of several rows for one name, the longer stands first.
#[rustfmt::skip]
static REQUIRED: [Row; 217] = [
    ("APIService", &["spec"]),
    ("APIServiceSpec", &["groupPriorityMinimum", "version", "versionPriority"]),
    ("AWSElasticBlockStoreVolumeSource", &["volumeID"]),
    ("AggregationRule", &["clusterRoleSelectors"]),
    ("AppArmorProfile", &["type"]),
    ("AuditAnnotation", &["key", "valueExpression"]),
    ("AzureDiskVolumeSource", &["diskName", "diskURI"]),
    ("AzureFilePersistentVolumeSource", &["secretName", "shareName"]),
    ("AzureFileVolumeSource", &["secretName", "shareName"]),
    ("Binding", &["target"]),
    ("CSINode", &["spec"]),
    ("CSINodeDriver", &["name", "nodeID"]),
    ("CSINodeSpec", &["drivers"]),
    ("CSIPersistentVolumeSource", &["driver", "volumeHandle"]),
    ("CSIStorageCapacity", &["storageClassName"]),
    ("CSIVolumeSource", &["driver"]),
    ("CephFSPersistentVolumeSource", &["monitors"]),
    ("CephFSVolumeSource", &["monitors"]),
    ("CertificateSigningRequest", &["spec"]),
    ("CertificateSigningRequestSpec", &["request", "signerName", "usages"]),
    ("CinderPersistentVolumeSource", &["volumeID"]),
    ("CinderVolumeSource", &["volumeID"]),
    ("ClusterRoleBinding", &["roleRef"]),
    ("ClusterTrustBundle", &["spec"]),
    ("ClusterTrustBundleProjection", &["path"]),
    ("ClusterTrustBundleSpec", &["trustBundle"]),
    ("ConfigMapEnvSource", &["name"]),
    ("ConfigMapKeySelector", &["key", "name"]),
    ("ConfigMapNodeConfigSource", &["kubeletConfigKey", "name", "namespace"]),
    ("ConfigMapProjection", &["name"]),
    ("ConfigMapVolumeSource", &["name"]),
    ("Container", &["name"]),
    ("ContainerPort", &["containerPort"]),
    ("ContainerResizePolicy", &["resourceName", "restartPolicy"]),
    ("ContainerResourceMetricSource", &["container", "name", "target"]),
    ("ContainerRestartRule", &["action", "exitCodes"]),
    ("ContainerRestartRuleOnExitCodes", &["operator"]),
    ("ControllerRevision", &["data"]),
    ("CronJob", &["spec"]),
    ("CronJobSpec", &["jobTemplate", "schedule"]),
    ("CrossVersionObjectReference", &["kind", "name"]),
    ("DaemonSet", &["spec"]),
    ("DaemonSetSpec", &["selector", "template"]),
    ("Deployment", &["spec"]),
    ("DeploymentSpec", &["selector", "template"]),
    ("DownwardAPIVolumeFile", &["path"]),
    ("Endpoint", &["addresses"]),
    ("EndpointAddress", &["ip"]),
    ("EndpointSlice", &["addressType"]),
    ("EnvVar", &["name"]),
    ("EphemeralContainer", &["name"]),
    ("EphemeralVolumeSource", &["volumeClaimTemplate"]),
    ("Event", &["involvedObject"]),
    ("EvictionResponder", &["name", "priority"]),
    ("ExecAction", &["command"]),
    ("ExternalMetricSource", &["metric", "target"]),
    ("FileKeySelector", &["key", "path", "volumeName"]),
    ("FlexPersistentVolumeSource", &["driver"]),
    ("FlexVolumeSource", &["driver"]),
    ("FlowDistinguisherMethod", &["type"]),
    ("FlowSchema", &["spec"]),
    ("FlowSchemaSpec", &["priorityLevelConfiguration"]),
    ("ForNode", &["name"]),
    ("ForZone", &["name"]),
    ("GCEPersistentDiskVolumeSource", &["pdName"]),
    ("GRPCAction", &["port"]),
    ("GitRepoVolumeSource", &["repository"]),
    ("GlusterfsPersistentVolumeSource", &["endpoints", "path"]),
    ("GlusterfsVolumeSource", &["endpoints", "path"]),
    ("GroupSubject", &["name"]),
    ("HPAScalingPolicy", &["periodSeconds", "type", "value"]),
    ("HTTPGetAction", &["port"]),
    ("HTTPHeader", &["name", "value"]),
    ("HTTPIngressPath", &["backend", "pathType"]),
    ("HTTPIngressRuleValue", &["paths"]),
    ("HorizontalPodAutoscaler", &["spec"]),
    ("HorizontalPodAutoscalerSpec", &["maxReplicas", "scaleTargetRef"]),
    ("HostAlias", &["ip"]),
    ("HostPathVolumeSource", &["path"]),
    ("IPAddress", &["spec"]),
    ("IPAddressSpec", &["parentRef"]),
    ("IPBlock", &["cidr"]),
    ("ISCSIPersistentVolumeSource", &["iqn", "lun", "targetPortal"]),
    ("ISCSIVolumeSource", &["iqn", "lun", "targetPortal"]),
    ("Ingress", &["spec"]),
    ("IngressClass", &["spec"]),
    ("IngressClassParametersReference", &["kind", "name"]),
    ("IngressClassSpec", &["controller"]),
    ("IngressServiceBackend", &["name", "port"]),
    ("Job", &["spec"]),
    ("JobSpec", &["template"]),
    ("JobTemplateSpec", &["spec"]),
    ("KeyToPath", &["key", "path"]),
    ("LabelSelectorRequirement", &["key", "operator"]),
    ("LimitRangeItem", &["type"]),
    ("LimitRangeSpec", &["limits"]),
    ("LimitResponse", &["type"]),
    ("LimitedPriorityLevelConfiguration", &["limitResponse"]),
    ("LocalVolumeSource", &["path"]),
    ("MatchCondition", &["expression", "name"]),
    ("MetricIdentifier", &["name"]),
    ("MetricSpec", &["type"]),
    ("MetricTarget", &["type"]),
    ("MutatingAdmissionPolicy", &["spec"]),
    ("MutatingAdmissionPolicyBinding", &["spec"]),
    ("MutatingAdmissionPolicyBindingSpec", &["policyName"]),
    ("MutatingAdmissionPolicySpec", &["matchConstraints", "mutations", "reinvocationPolicy"]),
    ("MutatingWebhook", &["admissionReviewVersions", "clientConfig", "name", "sideEffects"]),
    ("Mutation", &["patchType"]),
    ("NFSVolumeSource", &["path", "server"]),
    ("NamedRuleWithOperations", &["apiGroups", "apiVersions", "operations", "resources"]),
    ("NodeSelector", &["nodeSelectorTerms"]),
    ("NodeSelectorRequirement", &["key", "operator"]),
    ("NonResourcePolicyRule", &["nonResourceURLs", "verbs"]),
    ("ObjectFieldSelector", &["fieldPath"]),
    ("ObjectMetricSource", &["describedObject", "metric", "target"]),
    ("OwnerReference", &["apiVersion", "kind", "name", "uid"]),
    ("ParamKind", &["apiVersion", "kind"]),
    ("ParamRef", &["parameterNotFoundAction"]),
    ("ParentReference", &["name", "resource"]),
    ("PersistentVolume", &["spec"]),
    ("PersistentVolumeClaimTemplate", &["spec"]),
    ("PersistentVolumeClaimVolumeSource", &["claimName"]),
    ("PersistentVolumeSpec", &["accessModes", "capacity"]),
    ("PhotonPersistentDiskVolumeSource", &["pdID"]),
    ("Pod", &["spec"]),
    ("PodAffinityTerm", &["topologyKey"]),
    ("PodCertificateProjection", &["keyType", "signerName"]),
    ("PodCertificateRequest", &["spec"]),
    ("PodCertificateRequestSpec", &["nodeName", "nodeUID", "podName", "podUID", "serviceAccountName", "serviceAccountUID", "signerName", "stubPKCS10Request"]),
    ("PodDNSConfigOption", &["name"]),
    ("PodFailurePolicy", &["rules"]),
    ("PodFailurePolicyOnExitCodesRequirement", &["operator", "values"]),
    ("PodFailurePolicyOnPodConditionsPattern", &["type"]),
    ("PodFailurePolicyRule", &["action"]),
    ("PodOS", &["name"]),
    ("PodReadinessGate", &["conditionType"]),
    ("PodResourceClaim", &["name"]),
    ("PodSchedulingGate", &["name"]),
    ("PodSpec", &["containers"]),
    ("PodTemplate", &["template"]),
    ("PodTemplateSpec", &["spec"]),
    ("PodsMetricSource", &["metric", "target"]),
    ("PolicyRule", &["verbs"]),
    ("PolicyRulesWithSubjects", &["subjects"]),
    ("PortworxVolumeSource", &["volumeID"]),
    ("PreferredSchedulingTerm", &["preference", "weight"]),
    ("PriorityClass", &["value"]),
    ("PriorityLevelConfiguration", &["spec"]),
    ("PriorityLevelConfigurationReference", &["name"]),
    ("PriorityLevelConfigurationSpec", &["type"]),
    ("QuobyteVolumeSource", &["registry", "volume"]),
    ("RBDPersistentVolumeSource", &["image", "monitors"]),
    ("RBDVolumeSource", &["image", "monitors"]),
    ("ReplicaSet", &["spec"]),
    ("ReplicaSetSpec", &["selector", "template"]),
    ("ReplicationController", &["spec"]),
    ("ReplicationControllerSpec", &["template"]),
    ("ResourceClaim", &["name"]),
    ("ResourceFieldSelector", &["resource"]),
    ("ResourceMetricSource", &["name", "target"]),
    ("ResourcePolicyRule", &["apiGroups", "resources", "verbs"]),
    ("RoleBinding", &["roleRef"]),
    ("RoleRef", &["kind", "name"]),
    ("RuleWithOperations", &["apiGroups", "apiVersions", "operations", "resources"]),
    ("RuntimeClass", &["handler"]),
    ("ScaleIOPersistentVolumeSource", &["gateway", "secretRef", "system", "volumeName"]),
    ("ScaleIOVolumeSource", &["gateway", "secretRef", "system", "volumeName"]),
    ("ScopedResourceSelectorRequirement", &["operator", "scopeName"]),
    ("SeccompProfile", &["type"]),
    ("SecretEnvSource", &["name"]),
    ("SecretKeySelector", &["key", "name"]),
    ("SecretProjection", &["name"]),
    ("SecretVolumeSource", &["secretName"]),
    ("Service", &["spec"]),
    ("ServiceAccountSubject", &["name", "namespace"]),
    ("ServiceAccountTokenProjection", &["path"]),
    ("ServiceCIDR", &["spec"]),
    ("ServiceCIDRSpec", &["cidrs"]),
    ("ServicePort", &["port"]),
    ("ServiceReference", &["name", "namespace"]),
    ("SleepAction", &["seconds"]),
    ("StatefulSet", &["spec"]),
    ("StatefulSetSpec", &["selector", "template"]),
    ("StorageClass", &["provisioner"]),
    ("StorageOSPersistentVolumeSource", &["volumeName"]),
    ("StorageOSVolumeSource", &["volumeName"]),
    ("Subject", &["kind", "name"]),
    ("Subject", &["kind"]),
    ("SuccessPolicy", &["rules"]),
    ("Sysctl", &["name", "value"]),
    ("TCPSocketAction", &["port"]),
    ("Taint", &["effect", "key"]),
    ("TokenRequest", &["audience"]),
    ("TopologyConstraint", &["key"]),
    ("TopologySelectorLabelRequirement", &["key", "values"]),
    ("TopologySpreadConstraint", &["maxSkew", "topologyKey", "whenUnsatisfiable"]),
    ("TypedLocalObjectReference", &["kind", "name"]),
    ("TypedObjectReference", &["kind", "name"]),
    ("UserSubject", &["name"]),
    ("ValidatingAdmissionPolicy", &["spec"]),
    ("ValidatingAdmissionPolicyBinding", &["spec"]),
    ("ValidatingAdmissionPolicyBindingSpec", &["policyName", "validationActions"]),
    ("ValidatingAdmissionPolicySpec", &["matchConstraints"]),
    ("ValidatingWebhook", &["admissionReviewVersions", "clientConfig", "name", "sideEffects"]),
    ("Validation", &["expression"]),
    ("Variable", &["expression", "name"]),
    ("Volume", &["name"]),
    ("VolumeAttachment", &["spec"]),
    ("VolumeAttachmentSpec", &["attacher", "nodeName", "source"]),
    ("VolumeAttributesClass", &["driverName"]),
    ("VolumeDevice", &["devicePath", "name"]),
    ("VolumeMount", &["mountPath", "name"]),
    ("VolumeNodeAffinity", &["required"]),
    ("VsphereVirtualDiskVolumeSource", &["volumePath"]),
    ("WeightedPodAffinityTerm", &["podAffinityTerm", "weight"]),
    ("WorkloadPodGroupResourceClaim", &["name"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_with_the_longer_row_first() {
        for pair in REQUIRED.windows(2) {
            let [(a, x), (b, y)] = pair else { unreachable!() };
            assert!(a < b || (a == b && x.len() > y.len()), "{a} {x:?} before {b} {y:?}");
        }
    }

    #[test]
    fn fields_are_sorted_and_never_metadata_or_status() {
        for (name, fields) in &REQUIRED {
            assert!(!fields.is_empty(), "{name}");
            assert!(fields.is_sorted_by(|a, b| a < b), "{name} {fields:?}");
            assert!(!fields.contains(&"metadata"), "{name}");
            assert!(!name.ends_with("Status"), "{name}");
        }
    }

    #[test]
    fn known_structs() {
        for (name, fields, needed) in [
            (
                "Deployment",
                &["apiVersion", "kind", "metadata", "spec", "status"][..],
                &["spec"][..],
            ),
            ("DeploymentSpec", &["replicas", "selector", "template"], &["selector", "template"]),
            ("ReplicaSetSpec", &["replicas", "selector", "template"], &["selector", "template"]),
            (
                "StatefulSetSpec",
                &["selector", "serviceName", "template"],
                &["selector", "template"],
            ),
            ("CronJobSpec", &["jobTemplate", "schedule", "suspend"], &["jobTemplate", "schedule"]),
            ("PodSpec", &["containers", "volumes"], &["containers"]),
            ("Container", &["image", "name"], &["name"]),
            ("EnvVar", &["name", "value", "valueFrom"], &["name"]),
            ("SecretKeySelector", &["key", "name", "optional"], &["key", "name"]),
            ("VolumeMount", &["mountPath", "name", "readOnly"], &["mountPath", "name"]),
            ("ServicePort", &["name", "port", "targetPort"], &["port"]),
            ("HTTPIngressPath", &["backend", "path", "pathType"], &["backend", "pathType"]),
            ("PolicyRule", &["apiGroups", "resources", "verbs"], &["verbs"]),
            ("StorageClass", &["parameters", "provisioner"], &["provisioner"]),
            ("PriorityClass", &["globalDefault", "value"], &["value"]),
            ("MetricSpec", &["resource", "type"], &["type"]),
        ] {
            assert_eq!(required(name, fields), needed, "{name}");
        }
    }

    #[test]
    fn the_fields_tell_structs_of_one_name_apart() {
        let rbac = ["apiGroup", "kind", "name", "namespace"];
        assert_eq!(required("Subject", &rbac), ["kind", "name"]);
        let flow_control = ["group", "kind", "serviceAccount", "user"];
        assert_eq!(required("Subject", &flow_control), ["kind"]);
        let of_a_container = ["name", "request"];
        assert_eq!(required("ResourceClaim", &of_a_container), ["name"]);
        let object = ["apiVersion", "kind", "metadata", "spec", "status"];
        assert!(required("ResourceClaim", &object).is_empty());
        let core = ["action", "count", "involvedObject", "reason"];
        assert_eq!(required("Event", &core), ["involvedObject"]);
        let events = ["action", "eventTime", "reason", "regarding"];
        assert!(required("Event", &events).is_empty());
    }

    #[test]
    fn what_the_server_fills_in_is_not_required() {
        assert!(!required("RoleRef", &["apiGroup", "kind", "name"]).contains(&"apiGroup"));
        assert!(required("CSIDriver", &["apiVersion", "kind", "metadata", "spec"]).is_empty());
        assert!(required("LocalObjectReference", &["name"]).is_empty());
        assert!(required("ReplicaSetStatus", &["replicas"]).is_empty());
    }

    #[test]
    fn unknown_structs_need_nothing() {
        assert!(required("", &[]).is_empty());
        assert!(required("EnvVa", &["name"]).is_empty());
        assert!(required("ZZZ", &["name"]).is_empty());
    }
}
