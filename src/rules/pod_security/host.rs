//! What a pod shares with its node.

use kubeready_manifest::kube::{Container, Workload};
use kubeready_manifest::yaml::NodeRef;

use super::{Setter, ease, named, owner, report_setter, setters, whose};
use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;

/// Shared memory of the node's processes is open to the pod.
pub(crate) fn host_ipc<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if shares(workload, "hostIPC") {
        let message = format!("{} shares the node's interprocess memory", owner(workload));
        let finding = ctx.report(workload.at("hostIPC"), message);
        finding.help("remove `hostIPC: true`; containers of one pod share memory without it");
        ease(finding, workload);
    }
}

/// The pod sees every packet and every loopback listener of its node, and no NetworkPolicy holds it.
pub(crate) fn host_network<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if shares(workload, "hostNetwork") {
        let message = format!("{} shares the node's network", owner(workload));
        let finding = ctx.report(workload.at("hostNetwork"), message);
        finding.help("remove `hostNetwork: true` and reach the pod through a Service");
        ease(finding, workload);
    }
}

/// The pod sees the node's processes, their environment and their files under /proc.
pub(crate) fn host_pid<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if shares(workload, "hostPID") {
        let message = format!("{} shares the node's process table", owner(workload));
        let finding = ctx.report(workload.at("hostPID"), message);
        finding.help(
            "remove `hostPID: true`; `shareProcessNamespace: true` is enough to see the processes of \
             its own containers",
        );
        ease(finding, workload);
    }
}

/// One pod a node can have the port, and it is open past every Service and policy.
pub(crate) fn host_port<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    // With the node's network every port is a host port: one finding is enough.
    let shared = shares(container.workload(), "hostNetwork");
    for port in host_ports(container) {
        if shared && ctx.is_on("host-network") {
            return;
        }
        let message = format!("{} takes port {} of its node", named(container), port.text());
        let finding = ctx.report(port.here(), message);
        finding.help("remove `hostPort` and expose the port through a Service");
        ease(finding, container.workload());
    }
}

/// The kubelet asks in the pod's name, from the node's network.
pub(crate) fn host_probe_or_lifecycle<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    for host in probe_hosts(container) {
        let message = format!("{} has a probe or hook sent to {}", named(container), host.text());
        let finding = ctx.report(host.here(), message);
        finding.help("remove `host`; a Host header is set under `httpGet.httpHeaders`");
        let loopback = matches!(host.text(), "127.0.0.1" | "localhost" | "::1");
        if loopback && shares(container.workload(), "hostNetwork") {
            finding.severity(Severity::Advice);
        }
        ease(finding, container.workload());
    }
}

/// Such a kernel setting reaches past the pod, or the kubelet refuses the pod for it.
pub(crate) fn unsafe_sysctl<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    for name in unsafe_sysctls(workload, version) {
        let message = format!(
            "{} sets the sysctl `{}`, which is not safe in Kubernetes 1.{version}",
            owner(workload),
            name.text()
        );
        let finding = ctx.report(name.here(), message);
        finding.help(
            "remove it, or set it on the nodes; a pod with an unsafe sysctl starts only where the \
             kubelet allows it",
        );
        ease(finding, workload);
    }
}

/// It runs as a process of the Windows node itself, in no container.
pub(crate) fn windows_host_process<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for setter in host_processes(workload) {
        let who = whose(workload, setter.container);
        let message = format!("{who} runs as a process of its Windows node");
        let finding = report_setter(ctx, setter, message);
        finding.help("remove `windowsOptions.hostProcess: true`");
        ease(finding, workload);
    }
}

/// A true `hostIPC`, `hostNetwork` or `hostPID`.
pub(super) fn shares(workload: Workload<'_>, field: &str) -> bool {
    workload.pod().bool_at(field) == Some(true)
}

pub(super) fn host_ports(container: Container<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    container
        .ports()
        .filter_map(|port| port.get("hostPort"))
        .filter(|port| port.as_i64().is_some_and(|number| number != 0))
}

pub(super) fn host_processes(workload: Workload<'_>) -> impl Iterator<Item = Setter<'_>> {
    setters(workload, "windowsOptions.hostProcess").filter(|s| s.value.as_bool() == Some(true))
}

/// Hosts that probes and hooks are sent to: the kubelet would ask any address for the pod.
pub(super) fn probe_hosts(container: Container<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"]
        .into_iter()
        .filter_map(move |handler| container.path(handler))
        .flat_map(|handler| ["httpGet.host", "tcpSocket.host"].map(|host| handler.path(host)))
        .flatten()
        .filter(|host| !host.text().is_empty() && !is_placeholder(host.text()))
}

/// Names of sysctls that Pod Security refuses in a version.
pub(super) fn unsafe_sysctls(
    workload: Workload<'_>,
    version: u16,
) -> impl Iterator<Item = NodeRef<'_>> {
    let written = workload.pod().items_at("securityContext.sysctls");
    written.filter_map(|sysctl| sysctl.get("name")).filter(move |name| {
        let text = name.text();
        !text.is_empty()
            && !is_placeholder(text)
            && !SAFE.iter().any(|&(safe, since)| safe == text && since <= version)
    })
}

/// Safe sysctls and the minor version since which they are.
const SAFE: [(&str, u16); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];
