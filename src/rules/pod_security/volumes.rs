//! What a container may write to, and what of the node it gets to see.

use kubeready_manifest::kube::{Container, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::{ease, named, owner, runs_on_windows};
use crate::catalogue::{Profile, Severity};
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;

/// Whoever talks to the runtime starts privileged containers on the node.
pub(crate) fn container_runtime_socket<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for (volume, path) in host_paths(workload).filter(|(_, path)| is_runtime_socket(path.text())) {
        let message = format!(
            "volume `{}` of {} mounts the container runtime's socket {}",
            volume_name(volume),
            owner(workload),
            path.text()
        );
        let finding = ctx.report(path.here(), message);
        finding.help(
            "remove the volume; build images with a rootless builder and read logs and metrics from \
             the kubelet",
        );
        ease(finding, workload);
    }
}

/// The restricted standard leaves disks to PersistentVolumeClaims.
pub(crate) fn disallowed_volume_type<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for (volume, kind, place) in restricted_volumes(workload) {
        if kind == "hostPath" && ctx.is_on("host-path-volume") {
            continue;
        }
        let name = volume_name(volume);
        let message = format!("volume `{name}` of {} has the type {kind}", owner(workload));
        let gone =
            GONE.iter().any(|&(gone, since)| gone == kind && ctx.kubernetes_version() >= since);
        ctx.report(place, message).help(match kind {
            "gitRepo" => "clone the repository in an init container, into an `emptyDir`",
            _ if gone => {
                "Kubernetes mounts this type no more: use a PersistentVolumeClaim, whose \
                 PersistentVolume names a CSI driver"
            }
            _ => {
                "mount it through a PersistentVolumeClaim, whose PersistentVolume names the disk or \
                 share"
            }
        });
    }
}

/// What a pod leaves on a node stays there, and what it finds there is not its own.
pub(crate) fn host_path_volume<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for volume in workload.volumes() {
        let Some(source) = volume.get("hostPath") else { continue };
        let path = source.get("path").map_or("", NodeRef::text);
        if (is_runtime_socket(path) && ctx.is_on("container-runtime-socket"))
            || (is_sensitive(path) && ctx.is_on("sensitive-host-path"))
        {
            continue;
        }
        let place = volume.at("hostPath.path");
        let name = volume_name(volume);
        let message = format!("volume `{name}` of {} mounts {path} of the node", owner(workload));
        let finding = ctx.report(place, message);
        finding.help(
            "use a PersistentVolumeClaim for data that stays, `emptyDir` for scratch space, a ConfigMap \
             for files that are only read",
        );
        ease(finding, workload);
    }
}

/// Such a directory holds the node's keys, its programs or every pod's data.
pub(crate) fn sensitive_host_path<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for (volume, path) in host_paths(workload).filter(|(_, path)| is_sensitive(path.text())) {
        if is_runtime_socket(path.text()) && ctx.is_on("container-runtime-socket") {
            continue;
        }
        let message = format!(
            "volume `{}` of {} mounts {} of the node",
            volume_name(volume),
            owner(workload),
            path.text()
        );
        let finding = ctx.report(path.here(), message);
        finding.help("remove the volume, or mount only the one file or directory that is needed");
        ease(finding, workload);
    }
}

/// Where nothing can be written, an intruder cannot leave a program.
pub(crate) fn writable_root_filesystem<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let field = container.own_security("readOnlyRootFilesystem");
    if field.is_some_and(|value| value.as_bool() != Some(false))
        || runs_on_windows(container.workload(), ctx.kubernetes_version())
    {
        return;
    }
    let severity =
        if ctx.profile() == Profile::Critical { Severity::Warning } else { Severity::Advice };
    let place = container.at("securityContext.readOnlyRootFilesystem");
    ctx.report(place, format!("{} can write to its root file system", named(container)))
        .severity(severity)
        .help(
            "set `securityContext.readOnlyRootFilesystem: true` and mount an `emptyDir` where it writes, \
             such as /tmp",
        );
}

/// Volumes of a type that the restricted standard forbids: volume, type and its place.
pub(super) fn restricted_volumes<'t>(
    workload: Workload<'t>,
) -> impl Iterator<Item = (NodeRef<'t>, &'static str, Place<'t>)> {
    workload.volumes().filter_map(|volume| {
        RESTRICTED_TYPES.iter().find_map(|&kind| {
            let (key, value) = volume.entry(kind)?;
            (!value.is_null()).then(|| (volume, kind, Place::key(key, value)))
        })
    })
}

/// Volumes with a written path on the node.
fn host_paths<'t>(workload: Workload<'t>) -> impl Iterator<Item = (NodeRef<'t>, NodeRef<'t>)> {
    workload.volumes().filter_map(|volume| Some((volume, volume.path("hostPath.path")?)))
}

fn volume_name(volume: NodeRef<'_>) -> &str {
    volume.get("name").map_or("", NodeRef::text)
}

/// The socket itself, or the directory that holds nothing else of use.
fn is_runtime_socket(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let path = path.strip_prefix("unix://").unwrap_or(path);
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    SOCKETS.contains(&last)
        || SOCKET_DIRECTORIES
            .iter()
            .any(|directory| path.strip_prefix("/var").unwrap_or(path) == *directory)
}

fn is_sensitive(path: &str) -> bool {
    if is_placeholder_path(path) {
        return false;
    }
    let path = path.trim_end_matches(['/', '\\']);
    if HARMLESS.iter().any(|harmless| is_below(path, harmless)) {
        return false;
    }
    SENSITIVE.contains(&path)
        || SENSITIVE_TREES.iter().any(|tree| is_below(path, tree))
        || path.split('/').any(|part| CREDENTIALS.contains(&part))
}

fn is_placeholder_path(path: &str) -> bool {
    path.is_empty() || is_placeholder(path)
}

fn is_below(path: &str, tree: &str) -> bool {
    path.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

const SOCKETS: [&str; 8] = [
    "containerd.sock",
    "cri-dockerd.sock",
    "crio.sock",
    "docker.sock",
    "docker_engine",
    "dockershim.sock",
    "frakti.sock",
    "podman.sock",
];

const SOCKET_DIRECTORIES: [&str; 4] =
    ["/run/containerd", "/run/crio", "/run/k3s/containerd", "/run/podman"];

/// Sensitive because of what is below them; a directory below may be harmless.
const SENSITIVE: [&str; 9] =
    ["", "/dev", "/home", "/run", "/var", "/var/lib", "/var/run", "C:", "/opt/cni"];

const SENSITIVE_TREES: [&str; 22] = [
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/run/secrets",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/cloud",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/dockershim",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/run/secrets",
    "C:\\Windows",
    "C:/Windows",
];

/// Public data below a sensitive directory, and the kubelet's doors for plugins.
const HARMLESS: [&str; 17] = [
    "/etc/ca-certificates",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/lib/modules",
    "/usr/lib/os-release",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/usr/src",
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet/plugins",
    "/var/lib/kubelet/plugins_registry",
];

const CREDENTIALS: [&str; 6] = [".aws", ".azure", ".docker", ".kube", ".ssh", "gcloud"];

/// Volume types that the API server still takes and the kubelet no longer mounts, and since when.
const GONE: [(&str, u16); 8] = [
    ("photonPersistentDisk", 22),
    ("scaleIO", 22),
    ("flocker", 25),
    ("quobyte", 25),
    ("storageos", 25),
    ("glusterfs", 26),
    ("cephfs", 31),
    ("rbd", 31),
];

/// Volume types that the restricted standard forbids.
const RESTRICTED_TYPES: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "portworxVolume",
    "photonPersistentDisk",
    "scaleIO",
    "storageos",
];
