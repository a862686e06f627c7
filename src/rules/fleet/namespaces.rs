//! Namespaces that objects are put into and nothing makes.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::{Ctx, resource_id};
use crate::index::{Index, Namespace};
use crate::rules::elsewhere::is_system;
use crate::rules::placeholder::{is_placeholder, is_placeholder_word};

/// An apply into a namespace that is not there fails, on the day the cluster is built anew.
pub(crate) fn namespace_undefined<'t>(namespace: &Namespace<'t>, ctx: &mut Ctx<'_, 't>) {
    let name = namespace.name;
    if !namespace.named || is_known(name) {
        return ctx.pass_over();
    }
    if namespace.object.is_some() {
        return;
    }
    let index = ctx.index();
    let makers = index.notes().namespace_makers.get_or_init(|| Makers::read(index));
    // A tree that declares no namespace at all leaves that to somebody else.
    if !makers.declares {
        return ctx.pass_over();
    }
    if makers.anything || makers.made.contains(name) {
        return;
    }
    let Some((first, count)) = makers.inhabitants.get(name) else { return };
    let message = match count {
        1 => format!("nothing in the tree creates the namespace `{name}`"),
        _ => format!("nothing in the tree creates the namespace `{name}` of {count} objects"),
    };
    ctx.report(first.at("metadata.namespace"), message)
        .on(resource_id(*first)).label("no Namespace of this name").help(
        "add a Namespace manifest, or have it made: `CreateNamespace=true` (Argo CD), `install.createNamespace` (Flux)",
    );
}

/// What makes namespaces in a set, and who lives in which.
#[derive(Debug, Default)]
pub(crate) struct Makers<'t> {
    /// The set has Namespace objects.
    declares: bool,
    /// Something makes namespaces whose names are not known.
    anything: bool,
    made: FxHashSet<&'t str>,
    /// The first judged object of each namespace, and how many there are.
    inhabitants: FxHashMap<&'t str, (Object<'t>, usize)>,
}

impl<'t> Makers<'t> {
    fn read(index: &Index<'t>) -> Self {
        let mut makers = Self::default();
        for member in index.members() {
            let object = member.object;
            makers.add(object);
            if member.standing.is_judged()
                && let Some(namespace) = object.namespace()
            {
                makers.inhabitants.entry(namespace).or_insert((object, 0)).1 += 1;
            }
        }
        makers
    }

    fn add(&mut self, object: Object<'t>) {
        let root = object.root();
        match object.kind() {
            Kind::Namespace => {
                self.declares = true;
                // One that is not rendered yet may get its name from elsewhere; it is meant by it.
                self.name(root.path("metadata.name"));
            }
            Kind::Application => self.application(root.get("spec")),
            Kind::ApplicationSet => self.application(root.path("spec.template.spec")),
            Kind::HelmRelease if root.bool_at("spec.install.createNamespace") == Some(true) => {
                self.name(root.path("spec.targetNamespace"));
                self.name(root.path("spec.storageNamespace"));
            }
            // What it delivers, another set makes.
            Kind::FluxKustomization => self.made.extend(root.str_at("spec.targetNamespace")),
            Kind::ClusterPolicy | Kind::ResourceSet => self.embedded(object),
            Kind::Other => match object.kind_name() {
                "Project" | "ProjectRequest" | "SubnamespaceAnchor" => {
                    self.declares = true;
                    self.name(root.path("metadata.name"));
                }
                "HelmChart" if root.bool_at("spec.createNamespace") == Some(true) => {
                    self.name(root.path("spec.targetNamespace"));
                }
                "Object" | "Bundle" | "ManifestWork" | "ClusterResourceSet" | "Template"
                | "SyncSet" | "Policy" => self.embedded(object),
                _ => {}
            },
            _ => {}
        }
    }

    fn name(&mut self, name: Option<NodeRef<'t>>) {
        let Some(name) = name.map(NodeRef::text) else { return };
        if is_placeholder(name) || is_placeholder_word(name) {
            self.anything = true;
        } else {
            self.made.insert(name);
        }
    }

    /// The destination of an Argo CD application that creates it.
    fn application(&mut self, spec: Option<NodeRef<'t>>) {
        let Some(spec) = spec else { return };
        let creates = spec.path("syncPolicy.managedNamespaceMetadata").is_some()
            || spec.items_at("syncPolicy.syncOptions").any(|o| o.text() == "CreateNamespace=true");
        if creates {
            self.name(spec.path("destination.namespace"));
        }
    }

    /// Namespaces inside of an object that hands out others: a policy, a template.
    fn embedded(&mut self, object: Object<'t>) {
        let spec = object.root().entries().filter(|(key, _)| key.text() != "metadata");
        for node in spec.flat_map(|(_, value)| value.descendants()).filter(|n| n.is_map()) {
            if node.str_at("kind") == Some("Namespace") {
                self.name(node.path("metadata.name").or_else(|| node.get("name")));
            }
        }
    }
}

/// Namespaces of the cluster itself, and those that an installer makes before git has a say.
fn is_known(name: &str) -> bool {
    is_system(name)
        || is_placeholder(name)
        || is_placeholder_word(name)
        || name.ends_with("-system")
        || name.starts_with("open-cluster-management")
        || matches!(
            name,
            "default"
                | "openshift"
                | "argocd"
                | "argo-cd"
                | "argo-rollouts"
                | "linkerd"
                | "fleet-default"
                | "fleet-local"
                | "system-upgrade"
                | "tigera-operator"
                | "amazon-cloudwatch"
                | "cert-manager"
                | "external-secrets"
                | "keda"
                | "kyverno"
                | "operators"
                | "rook-ceph"
                | "tekton-pipelines"
                | "knative-serving"
                | "velero"
        )
}
