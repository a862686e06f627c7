//! The objects that deliveries name: sources, clusters, maps of variables.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashMap;

use super::Destination;
use crate::fleet;

/// Objects by kind, name and namespace.
#[derive(Debug, Default)]
pub struct Inventory<'t> {
    by_name: FxHashMap<&'t str, Vec<Known<'t>>>,
    clusters: Vec<Cluster<'t>>,
    instances: Vec<Object<'t>>,
    artifacts: Vec<Object<'t>>,
}

/// An object, and where it is applied.
#[derive(Debug)]
struct Known<'t> {
    object: Object<'t>,
    place: Option<Arc<fleet::Destination>>,
}

/// A cluster that Argo CD is told of by a Secret.
#[derive(Clone, Debug)]
pub struct Cluster<'t> {
    pub object: Object<'t>,
    pub name: Cow<'t, str>,
    pub server: Cow<'t, str>,
    /// The node that says the name.
    pub name_node: Option<NodeRef<'t>>,
}

/// The label that makes a Secret one of Argo CD's clusters, repositories and so on.
const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

/// The cluster that Argo CD itself runs in.
pub(super) const IN_CLUSTER: (&str, &str) = ("in-cluster", "https://kubernetes.default.svc");

/// What deliveries may name.
const KINDS: [&str; 10] = [
    "GitRepository",
    "OCIRepository",
    "Bucket",
    "HelmRepository",
    "HelmChart",
    "ExternalArtifact",
    "ConfigMap",
    "Secret",
    "Kustomization",
    "HelmRelease",
];

impl<'t> Inventory<'t> {
    pub fn of(objects: impl IntoIterator<Item = Object<'t>>) -> Self {
        let mut inventory = Self::default();
        for object in objects {
            inventory.add(object, None);
        }
        inventory
    }

    /// Adds an object, unless nothing names its kind. `place`: where it is applied, if that is known.
    pub fn add(&mut self, object: Object<'t>, place: Option<&Arc<fleet::Destination>>) {
        let kind = object.kind_name();
        if kind == "FluxInstance" {
            self.instances.push(object);
            return;
        }
        if kind == "ArtifactGenerator" {
            self.artifacts.push(object);
        }
        if !KINDS.contains(&kind) {
            return;
        }
        if kind == "Secret" && object.labels().get(SECRET_TYPE) == Some("cluster") {
            self.clusters.extend(cluster(object));
        }
        let place = place.filter(|place| !place.is_anywhere()).cloned();
        self.by_name.entry(object.name()).or_default().push(Known { object, place });
    }

    /// The clusters that Argo CD is told of, in the order they were added.
    pub fn clusters(&self) -> &[Cluster<'t>] {
        &self.clusters
    }

    /// The FluxInstances: each stands for a source and a Kustomization of its own name.
    pub(super) fn instances(&self) -> &[Object<'t>] {
        &self.instances
    }

    /// What makes ExternalArtifacts of parts of other sources.
    pub(super) fn artifact_generators(&self) -> &[Object<'t>] {
        &self.artifacts
    }

    /// The object of a kind, name and namespace that one at `near` means: that of the same place,
    /// else one that may be anywhere, never one of another cluster or environment. Who may be
    /// anywhere itself means what only one place has. Of those, that of the namespace, else the only
    /// one of the name whose manifest leaves its namespace to a renderer.
    pub fn find(
        &self,
        kind: &str,
        name: &str,
        namespace: &str,
        near: Option<&fleet::Destination>,
    ) -> Option<Object<'t>> {
        let known = || self.named(name).iter().filter(|known| known.object.kind_name() == kind);
        let near = near.filter(|near| !near.is_anywhere());
        let here = |known: &&Known<'t>| match (&known.place, near) {
            (Some(place), Some(near)) => place.is_same_place(near),
            _ => false,
        };
        let anywhere = |known: &&Known<'t>| known.place.is_none();
        if let Some(found) = of_namespace(known().filter(here), namespace)
            .or_else(|| of_namespace(known().filter(anywhere), namespace))
        {
            return Some(found);
        }
        // An environment is less than a cluster: the one may well be in the other.
        let first = known().find_map(|known| known.place.as_ref())?;
        let one_place = known().filter_map(|k| k.place.as_ref()).all(|p| p.is_same_place(first));
        let clash = near.is_some_and(|near| fleet::may_not_meet(near, first));
        if one_place && !clash { of_namespace(known(), namespace) } else { None }
    }

    /// All objects of a kind and name.
    pub fn all(&self, kind: &str, name: &str) -> impl Iterator<Item = Object<'t>> {
        let objects = self.named(name).iter().map(|known| known.object);
        objects.filter(move |object| object.kind_name() == kind)
    }

    fn named(&self, name: &str) -> &[Known<'t>] {
        self.by_name.get(name).map_or(&[][..], Vec::as_slice)
    }

    /// What people call the cluster of a destination: the name that is written, the one that a
    /// cluster's Secret gives to the server, else the server's host. `None` where the destination
    /// is wherever its owner is.
    pub fn cluster_name(&self, destination: Destination<'t>) -> Option<Cow<'t, str>> {
        if let Some(cluster) = destination.cluster.filter(|c| !c.text().is_empty()) {
            return Some(Cow::Borrowed(cluster.text()));
        }
        let server = destination.server?.text().trim_end_matches('/');
        if server == IN_CLUSTER.1 {
            return Some(Cow::Borrowed(IN_CLUSTER.0));
        }
        let known = self.clusters.iter().find(|c| c.server.trim_end_matches('/') == server);
        if let Some(cluster) = known {
            return Some(cluster.name.clone());
        }
        let host = server.split_once("://").map_or(server, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let host = host.strip_prefix("api.").unwrap_or(host);
        (!host.is_empty()).then_some(Cow::Borrowed(host))
    }
}

/// That of the namespace, else the only one that leaves its namespace to a renderer.
fn of_namespace<'k, 't: 'k>(
    objects: impl Iterator<Item = &'k Known<'t>>,
    namespace: &str,
) -> Option<Object<'t>> {
    let mut open = None;
    let mut count = 0;
    for object in objects.map(|known| known.object) {
        if object.namespace().unwrap_or("") == namespace {
            return Some(object);
        }
        if namespace.is_empty() || object.namespace().is_none() {
            open = Some(object);
            count += 1;
        }
    }
    open.filter(|_| count == 1)
}

fn cluster(object: Object<'_>) -> Option<Cluster<'_>> {
    let (server, _) = secret_text(object, "server")?;
    // Without a name the server is the name.
    let (name, name_node) = match secret_text(object, "name") {
        Some((name, node)) => (name, Some(node)),
        None => (server.clone(), None),
    };
    Some(Cluster { object, name, server, name_node })
}

/// What a cluster is called that is reached by a kubeconfig: the Secret's name without what only says
/// what it is (`eu-1-kubeconfig`). Where nothing is left of it, one Secret of that name lies in the
/// namespace of each cluster.
pub fn remote_cluster<'a>(secret: &'a str, namespace: Option<&'a str>) -> &'a str {
    let mut name = secret;
    for what in ["kubeconfig", "kube-config"] {
        name = name.strip_suffix(what).unwrap_or(name).trim_end_matches(['-', '.', '_']);
        name = name.strip_prefix(what).unwrap_or(name).trim_start_matches(['-', '.', '_']);
    }
    let says_nothing = matches!(name, "" | "cluster" | "remote" | "target" | "value");
    let namespace = namespace.filter(|name| !matches!(*name, "" | "flux-system" | "default"));
    match namespace {
        Some(namespace) if says_nothing => namespace,
        _ if name.is_empty() => secret,
        _ => name,
    }
}

/// A text of a Secret, from `stringData` or decoded from `data`.
pub(super) fn secret_text<'t>(
    object: Object<'t>,
    key: &str,
) -> Option<(Cow<'t, str>, NodeRef<'t>)> {
    let of = |map: &str| object.root().get(map).and_then(|map| map.get(key));
    if let Some(node) = of("stringData") {
        return Some((Cow::Borrowed(node.text()), node));
    }
    let node = of("data")?;
    Some((Cow::Owned(decode(node.text())?), node))
}

/// Text behind base64, if it is that.
pub(in crate::render) fn decode(text: &str) -> Option<String> {
    let dense: String = text.split_ascii_whitespace().collect();
    String::from_utf8(STANDARD.decode(dense).ok()?).ok()
}

/// Whether a text still has the marks of a template.
pub(super) fn is_templated(text: &str) -> bool {
    text.contains("{{") || text.contains("<<") || text.contains("${")
}
