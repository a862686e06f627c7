//! What a pod may do to its node: the Pod Security Standards and images.
//!
//! The facts that a single rule reports and that Pod Security Admission refuses are read by the same
//! functions, so that the two cannot disagree.

mod host;
mod image;
mod privileges;
mod profiles;
mod standards;
mod volumes;

pub(crate) use host::*;
pub(crate) use image::*;
pub(crate) use privileges::*;
pub(crate) use profiles::*;
pub(crate) use standards::*;
pub(crate) use volumes::*;

use std::fmt::Write as _;

use kubeready_manifest::kube::{Container, Kind, Role, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::finding::Finding;

/// A written field of a security context and who wrote it: a container, or the pod.
#[derive(Clone, Copy)]
struct Setter<'t> {
    value: NodeRef<'t>,
    container: Option<Container<'t>>,
}

/// What a field that the pod may set for its containers leaves open.
struct Gaps<'t> {
    /// Values that are wrong, the pod's first.
    bad: Vec<Setter<'t>>,
    /// Containers that neither set the field nor get a good value from the pod.
    missing: Vec<Container<'t>>,
}

/// A field of the pod's security context, then of each container's own, where written.
fn setters<'t>(workload: Workload<'t>, field: &'static str) -> impl Iterator<Item = Setter<'t>> {
    let pod = workload.pod().get("securityContext").and_then(|context| context.path(field));
    let pod = pod.map(|value| Setter { value, container: None });
    pod.into_iter().chain(workload.containers().filter_map(move |container| {
        let value = container.own_security(field)?;
        Some(Setter { value, container: Some(container) })
    }))
}

/// `good` says of a written value whether it will do; `None` where that cannot be known.
fn gaps<'t>(
    workload: Workload<'t>,
    field: &'static str,
    good: impl Fn(NodeRef<'t>) -> Option<bool>,
) -> Gaps<'t> {
    let mut gaps = Gaps { bad: Vec::new(), missing: Vec::new() };
    let pod = workload.pod().get("securityContext").and_then(|context| context.path(field));
    if let Some(value) = pod.filter(|&value| good(value) == Some(false)) {
        gaps.bad.push(Setter { value, container: None });
    }
    let covered = pod.is_some_and(|value| good(value) != Some(false));
    for container in workload.containers() {
        match container.own_security(field) {
            Some(value) if good(value) == Some(false) => {
                gaps.bad.push(Setter { value, container: Some(container) });
            }
            None if !covered => gaps.missing.push(container),
            _ => {}
        }
    }
    gaps
}

/// Files a finding about a value of the pod or of one of its containers.
fn report_setter<'f, 't>(
    ctx: &'f mut Ctx<'_, 't>,
    setter: Setter<'t>,
    message: String,
) -> &'f mut Finding {
    let finding = ctx.report(setter.value.here(), message);
    finding.container = setter.container.map(|c| c.name().to_owned());
    finding
}

/// Files a finding about a field that containers lack: at the container if it is one, at the pod's
/// security context if they are several.
fn report_missing<'f, 't>(
    ctx: &'f mut Ctx<'_, 't>,
    workload: Workload<'t>,
    containers: &[Container<'t>],
    field: &str,
    message: String,
) -> &'f mut Finding {
    if let [container] = containers {
        let finding = ctx.report(container.at(&format!("securityContext.{field}")), message);
        finding.container = Some(container.name().to_owned());
        return finding;
    }
    let path = format!("spec.securityContext.{field}");
    ctx.report(Place::below(workload.template(), &path), message)
}

/// "container `web`", "init container `migrate`".
fn named(container: Container<'_>) -> String {
    let role = match container.role() {
        Role::Main => "container",
        Role::Init => "init container",
        Role::Sidecar => "sidecar",
        Role::Ephemeral => "ephemeral container",
    };
    format!("{role} `{}`", container.name())
}

/// "container `web`", "containers `web`, `proxy` and 2 more".
fn listed(containers: &[Container<'_>]) -> String {
    if let [container] = containers {
        return named(*container);
    }
    let mut text = String::from("containers ");
    for (at, container) in containers.iter().take(3).enumerate() {
        let _ = write!(text, "{}`{}`", if at == 0 { "" } else { ", " }, container.name());
    }
    if containers.len() > 3 {
        let _ = write!(text, " and {} more", containers.len() - 3);
    }
    text
}

/// "container `web`" or "Deployment `shop`".
fn whose(workload: Workload<'_>, container: Option<Container<'_>>) -> String {
    container.map_or_else(|| owner(workload), named)
}

/// "Deployment `shop`".
fn owner(workload: Workload<'_>) -> String {
    format!("{} `{}`", workload.kind_name(), workload.name())
}

/// Milder where the pod is a part of the node's own machinery, which cannot do without.
fn ease(finding: &mut Finding, workload: Workload<'_>) {
    if is_node_component(workload) {
        finding.severity(Severity::Advice);
        finding.label("usual for a component of the node");
    }
}

/// Network and storage plugins, proxies and node agents: whatever runs in a namespace of the
/// cluster's own, and DaemonSets with the images of known agents.
fn is_node_component(workload: Workload<'_>) -> bool {
    if workload.object().namespace().is_some_and(is_system_namespace) {
        return true;
    }
    workload.kind() == Kind::DaemonSet
        && workload.running_containers().any(|container| {
            let image = container.image_ref();
            let name = image.name();
            NODE_AGENTS.contains(&name)
                || NODE_AGENT_REPOSITORIES.contains(&image.repository)
                || ["-cni", "-csi", "-device-plugin", "-csi-driver", "-csi-plugin"]
                    .iter()
                    .any(|end| name.ends_with(end))
                || name.starts_with("csi-")
        })
}

fn is_system_namespace(name: &str) -> bool {
    SYSTEM_NAMESPACES.contains(&name) || name.starts_with("openshift-")
}

/// Namespaces that hold nothing but a cluster's own components.
const SYSTEM_NAMESPACES: [&str; 16] = [
    "calico-system",
    "cilium",
    "gke-managed-system",
    "gpu-operator",
    "kube-flannel",
    "kube-node-lease",
    "kube-ovn",
    "kube-public",
    "kube-system",
    "longhorn-system",
    "metallb-system",
    "node-feature-discovery",
    "nvidia-gpu-operator",
    "rook-ceph",
    "system-upgrade",
    "tigera-operator",
];

/// Names of images that run on every node and look at it.
const NODE_AGENTS: [&str; 36] = [
    "alloy",
    "amazon-k8s-cni",
    "antrea-agent-ubuntu",
    "antrea-ubuntu",
    "cadvisor",
    "cilium",
    "datadog-agent",
    "falco",
    "filebeat",
    "flannel",
    "fluent-bit",
    "fluentd",
    "fluentd-elasticsearch",
    "fluentd-kubernetes-daemonset",
    "grafana-agent",
    "k8s-dns-node-cache",
    "kube-proxy",
    "kube-router",
    "kube-vip",
    "kured",
    "local-volume-provisioner",
    "longhorn-manager",
    "metricbeat",
    "netdata",
    "node-driver-registrar",
    "node-exporter",
    "node-problem-detector",
    "nvidia-container-toolkit",
    "otel-collector",
    "opentelemetry-collector-contrib",
    "promtail",
    "speaker",
    "spegel",
    "tetragon",
    "vector",
    "weave-kube",
];

/// Linux-only fields cannot be set for Windows pods: Pod Security excuses those that declare their
/// system since Kubernetes 1.25.
fn declares_windows(workload: Workload<'_>, version: u16) -> bool {
    version >= 25 && workload.is_windows()
}

/// Those whose last part says too little.
const NODE_AGENT_REPOSITORIES: [&str; 6] = [
    "calico/cni",
    "calico/node",
    "datadog/agent",
    "newrelic/infrastructure",
    "sysdig/agent",
    "sustainable_computing_io/kepler",
];

/// Declared as Windows, or bound to Windows nodes: the kubelet ignores Linux fields there.
fn runs_on_windows(workload: Workload<'_>, version: u16) -> bool {
    declares_windows(workload, version)
        || workload
            .pod()
            .get("nodeSelector")
            .and_then(|n| n.get("kubernetes.io/os"))
            .is_some_and(|system| system.text() == "windows" && workload.pod().get("os").is_none())
}

/// In a user namespace root of the container is nobody on the node: Pod Security takes that into
/// account since Kubernetes 1.35.
fn has_user_namespace(workload: Workload<'_>, version: u16) -> bool {
    version >= 35 && workload.pod().bool_at("hostUsers") == Some(false)
}
