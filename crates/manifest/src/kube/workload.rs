//! Anything that runs pods: built-in controllers, bare pods, and custom resources with a pod template.

use super::container::{Container, Role};
use super::kind::Kind;
use super::labels::Labels;
use super::object::Object;
use super::selector::Selector;
use crate::yaml::{NodeRef, Place};

/// A view of an object and the pod template it runs.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'t> {
    object: Object<'t>,
    /// Position of the node that holds the pod's `metadata` and `spec`; a Pod's own root.
    template: u32,
    spec: u32,
    /// Position of the template's labels, 0 for none: selectors ask for them all the time.
    labels: u32,
    /// Positions of the lists of containers, 0 for none: rules ask for containers all the time.
    lists: [u32; 3],
}

/// In the order of [`Workload::containers`].
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

impl<'t> Workload<'t> {
    /// `None` when the object runs no pods, or its pod spec is missing or no map.
    pub fn read(object: Object<'t>) -> Option<Self> {
        let root = object.root();
        let template = match object.kind() {
            Kind::Pod => root,
            Kind::PodTemplate => root.get("template")?,
            Kind::CronJob => object.path("spec.jobTemplate.spec.template")?,
            Kind::ScaledJob => object.path("spec.jobTargetRef.template")?,
            Kind::Deployment
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::ReplicaSet
            | Kind::ReplicationController
            | Kind::Job
            | Kind::DeploymentConfig
            | Kind::Rollout
            | Kind::KnativeService => object.spec()?.get("template")?,
            Kind::Other => custom_template(object)?,
            _ => return None,
        };
        let spec = template.get("spec").filter(|spec| spec.is_map())?;
        let lists = spec.several(LISTS).map(|list| list.map_or(0, NodeRef::index));
        let labels = template.get("metadata").and_then(|metadata| metadata.get("labels"));
        Some(Self {
            object,
            template: template.index(),
            spec: spec.index(),
            labels: labels.map_or(0, NodeRef::index),
            lists,
        })
    }

    pub fn object(self) -> Object<'t> {
        self.object
    }

    pub fn kind(self) -> Kind {
        self.object.kind()
    }

    pub fn kind_name(self) -> &'t str {
        self.object.kind_name()
    }

    pub fn name(self) -> &'t str {
        self.object.name()
    }

    /// The pod spec.
    pub fn pod(self) -> NodeRef<'t> {
        self.object.root().tree().node(self.spec)
    }

    /// The pod template: holds `metadata` and `spec`.
    pub fn template(self) -> NodeRef<'t> {
        self.object.root().tree().node(self.template)
    }

    pub fn pod_labels(self) -> Labels<'t> {
        let tree = self.object.root().tree();
        Labels::of((self.labels != 0).then(|| tree.node(self.labels)))
    }

    pub fn pod_annotations(self) -> Labels<'t> {
        Labels::of(self.template().path("metadata.annotations"))
    }

    /// The object's name, where findings about the workload as a whole stand.
    pub fn place(self) -> Place<'t> {
        self.object.place()
    }

    /// Where a finding about a dotted path of the pod spec stands.
    pub fn at(self, path: &str) -> Place<'t> {
        self.pod().at(path)
    }

    /// Containers of every role in the order main, init and sidecar, ephemeral.
    pub fn containers(self) -> impl Iterator<Item = Container<'t>> {
        let tree = self.object.root().tree();
        LISTS.into_iter().zip(self.lists).filter(|(_, list)| *list != 0).flat_map(
            move |(name, list)| {
                let maps = tree.node(list).items().filter(|node| node.is_map());
                maps.enumerate().map(move |(i, node)| {
                    let role = match name {
                        "containers" => Role::Main,
                        "ephemeralContainers" => Role::Ephemeral,
                        _ if node.str_at("restartPolicy") == Some("Always") => Role::Sidecar,
                        _ => Role::Init,
                    };
                    Container::new(self, node, role, i)
                })
            },
        )
    }

    /// The containers under `containers`.
    pub fn main_containers(self) -> impl Iterator<Item = Container<'t>> {
        self.containers().filter(|c| c.role() == Role::Main)
    }

    /// Containers that run as long as the pod: main ones and native sidecars.
    pub fn running_containers(self) -> impl Iterator<Item = Container<'t>> {
        self.containers().filter(|c| matches!(c.role(), Role::Main | Role::Sidecar))
    }

    /// `spec.replicas` as written.
    pub fn replicas(self) -> Option<i64> {
        self.object.spec()?.get("replicas")?.as_i64()
    }

    /// A kind that has `spec.replicas`.
    pub fn is_scalable(self) -> bool {
        match self.kind() {
            Kind::Deployment
            | Kind::StatefulSet
            | Kind::ReplicaSet
            | Kind::ReplicationController
            | Kind::DeploymentConfig
            | Kind::Rollout => true,
            Kind::Other => self.object.path("spec.replicas").is_some(),
            _ => false,
        }
    }

    /// Runs to completion: jobs, and bare pods that are not restarted.
    pub fn is_batch(self) -> bool {
        match self.kind() {
            Kind::Job | Kind::CronJob | Kind::ScaledJob => true,
            Kind::Pod | Kind::Other => {
                matches!(self.pod().str_at("restartPolicy"), Some("Never" | "OnFailure"))
            }
            _ => false,
        }
    }

    /// The selector that owns its pods: a LabelSelector, or the plain map of older kinds.
    pub fn selector(self) -> Option<Selector<'t>> {
        let node = self.object.spec()?.get("selector")?;
        Some(match self.kind() {
            Kind::ReplicationController | Kind::DeploymentConfig => Selector::map(node),
            _ => Selector::label_selector(node),
        })
    }

    /// `spec.os.name: windows`.
    pub fn is_windows(self) -> bool {
        self.pod().str_at("os.name") == Some("windows")
    }

    /// The account its pods run as; the deprecated `serviceAccount` is read too.
    pub fn service_account(self) -> Option<NodeRef<'t>> {
        let named = |key| self.pod().get(key).filter(|n| !n.text().is_empty());
        named("serviceAccountName").or_else(|| named("serviceAccount"))
    }

    /// The name of that account; `default` if none is given.
    pub fn service_account_name(self) -> &'t str {
        self.service_account().map_or("default", NodeRef::text)
    }

    /// A volume by name.
    pub fn volume(self, name: &str) -> Option<NodeRef<'t>> {
        self.volumes().find(|v| v.str_at("name") == Some(name))
    }

    pub fn volumes(self) -> impl Iterator<Item = NodeRef<'t>> {
        self.pod().items_at("volumes").filter(|v| v.is_map())
    }

    /// `volumeClaimTemplates` of a StatefulSet.
    pub fn claim_templates(self) -> impl Iterator<Item = NodeRef<'t>> {
        self.object.items_at("spec.volumeClaimTemplates").filter(|v| v.is_map())
    }
}

/// The pod template of a custom resource: `spec.template` or a job template whose containers have
/// images. Without them it is a patch for the template that an operator has.
fn custom_template(object: Object<'_>) -> Option<NodeRef<'_>> {
    ["spec.template", "spec.jobTemplate.spec.template", "spec.podTemplate"].iter().find_map(
        |path| {
            let template = object.path(path)?;
            let mut containers = template.items_at("spec.containers").peekable();
            containers.peek()?;
            containers.all(|c| c.get("image").is_some()).then_some(template)
        },
    )
}
