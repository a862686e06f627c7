//! One container of a pod template.

use super::image::ImageRef;
use super::quantity::Quantity;
use super::workload::Workload;
use crate::yaml::{NodeRef, Place};

/// Which list a container stands in, and how long it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Main,
    /// Runs before the others and ends.
    Init,
    /// An init container with `restartPolicy: Always`: runs as long as the pod.
    Sidecar,
    Ephemeral,
}

/// A view of one container.
#[derive(Clone, Copy, Debug)]
pub struct Container<'t> {
    workload: Workload<'t>,
    node: NodeRef<'t>,
    role: Role,
    /// Position in its list.
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    Liveness,
    Readiness,
    Startup,
}

impl ProbeKind {
    pub const ALL: [ProbeKind; 3] = [ProbeKind::Liveness, ProbeKind::Readiness, ProbeKind::Startup];

    /// The container's field.
    pub fn field(self) -> &'static str {
        match self {
            ProbeKind::Liveness => "livenessProbe",
            ProbeKind::Readiness => "readinessProbe",
            ProbeKind::Startup => "startupProbe",
        }
    }
}

/// A probe with the API server's defaults filled in.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'t> {
    pub node: NodeRef<'t>,
    pub kind: ProbeKind,
}

impl<'t> Probe<'t> {
    fn number(self, key: &str, default: i64) -> i64 {
        // The API server takes 0 as not given.
        self.node.i64_at(key).filter(|&n| n != 0).unwrap_or(default)
    }

    pub fn initial_delay_seconds(self) -> i64 {
        self.number("initialDelaySeconds", 0)
    }

    pub fn period_seconds(self) -> i64 {
        self.number("periodSeconds", 10)
    }

    pub fn timeout_seconds(self) -> i64 {
        self.number("timeoutSeconds", 1)
    }

    pub fn failure_threshold(self) -> i64 {
        self.number("failureThreshold", 3)
    }

    /// `httpGet`, `tcpSocket`, `grpc` or `exec` with its node.
    pub fn handler(self) -> Option<(&'static str, NodeRef<'t>)> {
        ["httpGet", "tcpSocket", "grpc", "exec"]
            .into_iter()
            .find_map(|name| self.node.get(name).map(|node| (name, node)))
    }

    /// The port it asks, a name or a number.
    pub fn port(self) -> Option<NodeRef<'t>> {
        self.handler().and_then(|(_, node)| node.get("port"))
    }
}

impl<'t> Container<'t> {
    pub(super) fn new(workload: Workload<'t>, node: NodeRef<'t>, role: Role, at: usize) -> Self {
        Self { workload, node, role, at }
    }

    pub fn workload(self) -> Workload<'t> {
        self.workload
    }

    pub fn node(self) -> NodeRef<'t> {
        self.node
    }

    pub fn role(self) -> Role {
        self.role
    }

    /// Position in its list, from 0.
    pub fn position(self) -> usize {
        self.at
    }

    pub fn name(self) -> &'t str {
        self.node.get("name").map_or("", NodeRef::text)
    }

    /// The image as written; `""` if absent.
    pub fn image(self) -> &'t str {
        self.node.get("image").map_or("", NodeRef::text)
    }

    pub fn image_ref(self) -> ImageRef<'t> {
        ImageRef::parse(self.image())
    }

    /// Where a finding about the program that runs here stands: the image, or its key where only a
    /// tag or a registry is written elsewhere.
    pub fn image_place(self) -> Place<'t> {
        let image = self.node.entry("image").filter(|(_, image)| !image.is_null());
        image.map_or_else(|| self.at("image"), |(key, image)| Place::name(key, image))
    }

    /// Where a finding about a dotted path of the container stands.
    pub fn at(self, path: &str) -> Place<'t> {
        self.node.at(path)
    }

    /// The container as a whole: its name.
    pub fn place(self) -> Place<'t> {
        let named = self.node.entry("name").filter(|(_, name)| !name.is_null());
        named.map_or_else(|| self.node.here(), |(key, name)| Place::name(key, name))
    }

    /// A node by dotted path, null as absent.
    pub fn path(self, path: &str) -> Option<NodeRef<'t>> {
        self.node.path(path)
    }

    /// The written limit of a resource, such as `memory`.
    pub fn limit(self, resource: &str) -> Option<NodeRef<'t>> {
        self.node.path("resources.limits")?.get(resource)
    }

    /// The written request of a resource.
    pub fn request(self, resource: &str) -> Option<NodeRef<'t>> {
        self.node.path("resources.requests")?.get(resource)
    }

    /// The request as the API server sees it: the limit stands in for a missing one.
    pub fn effective_request(self, resource: &str) -> Option<Quantity> {
        let node = self.request(resource).or_else(|| self.limit(resource))?;
        Quantity::parse(node.text())
    }

    pub fn probe(self, kind: ProbeKind) -> Option<Probe<'t>> {
        let node = self.node.get(kind.field()).filter(|n| n.is_map())?;
        Some(Probe { node, kind })
    }

    pub fn probes(self) -> impl Iterator<Item = Probe<'t>> {
        ProbeKind::ALL.into_iter().filter_map(move |kind| self.probe(kind))
    }

    /// Entries of `ports`.
    pub fn ports(self) -> impl Iterator<Item = NodeRef<'t>> {
        self.node.items_at("ports").filter(|p| p.is_map())
    }

    /// Entries of `env`.
    pub fn env(self) -> impl Iterator<Item = NodeRef<'t>> {
        self.node.items_at("env").filter(|e| e.is_map())
    }

    pub fn volume_mounts(self) -> impl Iterator<Item = NodeRef<'t>> {
        self.node.items_at("volumeMounts").filter(|m| m.is_map())
    }

    /// A field of the container's `securityContext`, else of the pod's where the pod has it too.
    pub fn security(self, field: &str) -> Option<NodeRef<'t>> {
        self.own_security(field)
            .or_else(|| self.workload.pod().path("securityContext")?.path(field))
    }

    /// A field of the container's own `securityContext`.
    pub fn own_security(self, field: &str) -> Option<NodeRef<'t>> {
        self.node.get("securityContext")?.path(field)
    }
}
