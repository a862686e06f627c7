//! The objects that deliveries name: sources, clusters, maps of variables.

use kubeready_manifest::kube::Object;
use rustc_hash::FxHashMap;

/// Objects by kind, name and namespace.
#[derive(Debug, Default)]
pub struct Inventory<'t> {
    by_name: FxHashMap<&'t str, Vec<Object<'t>>>,
    clusters: Vec<Object<'t>>,
}

/// The label that makes a Secret one of Argo CD's clusters, repositories and so on.
const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

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
            inventory.add(object);
        }
        inventory
    }

    /// Adds an object, unless nothing names its kind.
    pub fn add(&mut self, object: Object<'t>) {
        if !KINDS.contains(&object.kind_name()) {
            return;
        }
        if object.kind_name() == "Secret" && object.labels().get(SECRET_TYPE) == Some("cluster") {
            self.clusters.push(object);
        }
        self.by_name.entry(object.name()).or_default().push(object);
    }

    /// Secrets that tell Argo CD of clusters, in the order they were added.
    pub fn clusters(&self) -> &[Object<'t>] {
        &self.clusters
    }

    /// The object of a kind, name and namespace: that of the namespace, else the only one of the
    /// name whose manifest leaves its namespace to a renderer.
    pub fn find(&self, kind: &str, name: &str, namespace: &str) -> Option<Object<'t>> {
        let mut open = None;
        let mut count = 0;
        for object in self.all(kind, name) {
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

    /// All objects of a kind and name.
    pub fn all(&self, kind: &str, name: &str) -> impl Iterator<Item = Object<'t>> {
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        named.iter().copied().filter(move |object| object.kind_name() == kind)
    }
}
