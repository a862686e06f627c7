//! Which Secrets, ConfigMaps and ServiceAccounts exist, or may come to exist: written in the set,
//! made by a controller from another object, or brought by a chart whose contents are not known.

use kubeready_manifest::kube::{Kind, Object, Workload};
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashSet;

use super::{Index, Lookup, Wanted};

/// Stands for "in whichever namespace".
const ANYWHERE: &str = "";

/// Names by kind and namespace.
#[derive(Debug, Default)]
pub(super) struct Provided<'t> {
    /// What an object of the set is, or declares that its controller makes.
    named: Lookup<(Kind, &'t str, &'t str), ()>,
    /// Names that custom resources, arguments or roles mention: a controller may make them.
    mentioned: Lookup<((), &'t str, &'t str), ()>,
    /// Names of custom resources: operators derive the names of what they make from them.
    custom: Lookup<((), &'t str, &'t str), ()>,
    /// Namespaces that a chart or an application is delivered into.
    delivered: FxHashSet<&'t str>,
    delivered_anywhere: bool,
    any_delivery: bool,
    /// Namespaces whose Secrets are kept in the set, in one form or another.
    keeps_secrets: FxHashSet<&'t str>,
}

impl<'t> Provided<'t> {
    pub(super) fn build(index: &Index<'t>) -> Self {
        let mut provided = Self::default();
        for made in &index.generated {
            provided.name(made.kind, ANYWHERE, Some(made.name));
        }
        for member in index.members() {
            let object = member.object;
            let place =
                if index.is_namespace_open(object) { ANYWHERE } else { object.namespace_key() };
            provided.add(object, place);
        }
        provided
    }

    pub(super) fn may_have(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        let may_be_made = |place| kind != Kind::ServiceAccount && self.may_be_made(place, name);
        self.declares(kind, namespace, name)
            || [namespace, ANYWHERE].into_iter().any(may_be_made)
            || self.has_unknown_contents(namespace)
    }

    pub(super) fn declares(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        let is_named = |place| self.named.contains_key(&Wanted((kind, place, name)));
        [namespace, ANYWHERE].into_iter().any(is_named)
    }

    /// An operator's object mentions the name, or is called like the start of it.
    fn may_be_made(&self, place: &str, name: &str) -> bool {
        let stems = name.match_indices(['-', '.']).filter_map(|(at, _)| name.get(..at));
        self.mentioned.contains_key(&Wanted(((), place, name)))
            || stems.chain([name]).any(|stem| self.custom.contains_key(&Wanted(((), place, stem))))
    }

    pub(super) fn has_unknown_contents(&self, namespace: &str) -> bool {
        self.delivered_anywhere || self.delivered.contains(namespace)
    }

    pub(super) fn any_delivery(&self) -> bool {
        self.any_delivery
    }

    pub(super) fn keeps_secrets(&self, namespace: &str) -> bool {
        self.keeps_secrets.contains(namespace) || self.keeps_secrets.contains(ANYWHERE)
    }

    fn name(&mut self, kind: Kind, place: &'t str, name: Option<NodeRef<'t>>) {
        if let Some(name) = name.map(NodeRef::text).filter(|n| !n.is_empty()) {
            self.named.insert((kind, place, name), ());
        }
    }

    fn secret(&mut self, place: &'t str, name: Option<NodeRef<'t>>) {
        self.name(Kind::Secret, place, name);
        self.keeps_secrets.insert(place);
    }

    fn add(&mut self, object: Object<'t>, place: &'t str) {
        let root = object.root();
        let own = root.path("metadata.name");
        match object.kind() {
            Kind::Secret => self.secret(place, own),
            Kind::ConfigMap => self.name(Kind::ConfigMap, place, own),
            Kind::ServiceAccount => self.name(Kind::ServiceAccount, place, own),
            Kind::ExternalSecret => self.secret(place, root.path("spec.target.name").or(own)),
            Kind::ClusterExternalSecret => {
                let target = root.path("spec.externalSecretSpec.target.name");
                let named = root.path("spec.externalSecretName");
                self.secret(ANYWHERE, target.or(named).or(own));
            }
            Kind::SealedSecret => {
                self.secret(place, root.path("spec.template.metadata.name").or(own));
            }
            Kind::SopsSecret => {
                for template in root.items_at("spec.secretTemplates") {
                    self.secret(place, template.get("name"));
                }
            }
            Kind::Certificate => self.name(Kind::Secret, place, root.path("spec.secretName")),
            Kind::Service => self.serving_certificate(object, place),
            Kind::Ingress => self.issued_for_ingress(object, place),
            Kind::Gateway => self.issued_for_gateway(object, place),
            Kind::Role | Kind::ClusterRole => self.managed_names(object, place),
            Kind::HelmRelease | Kind::Application | Kind::FluxKustomization => {
                self.delivery(object);
            }
            Kind::ApplicationSet => self.delivery(object),
            Kind::ClusterPolicy => self.generated(root),
            _ => {}
        }
        if let Some(workload) = object.workload() {
            self.arguments(workload, place);
        } else if is_custom(object) {
            self.custom_resource(object, place);
        }
    }

    /// OpenShift makes the Secret that this annotation names.
    fn serving_certificate(&mut self, service: Object<'t>, place: &'t str) {
        let Some(annotations) = service.annotations().node() else { return };
        for key in [
            "service.beta.openshift.io/serving-cert-secret-name",
            "service.alpha.openshift.io/serving-cert-secret-name",
        ] {
            self.name(Kind::Secret, place, annotations.get(key));
        }
    }

    fn issued_for_ingress(&mut self, ingress: Object<'t>, place: &'t str) {
        if is_issued(ingress) {
            for tls in ingress.items_at("spec.tls") {
                self.name(Kind::Secret, place, tls.get("secretName"));
            }
        }
    }

    fn issued_for_gateway(&mut self, gateway: Object<'t>, place: &'t str) {
        if is_issued(gateway) {
            for listener in gateway.items_at("spec.listeners") {
                for certificate in listener.items_at("tls.certificateRefs") {
                    self.name(Kind::Secret, place, certificate.get("name"));
                }
            }
        }
    }

    /// Names a role may write are names its holder is likely to make.
    fn managed_names(&mut self, role: Object<'t>, place: &'t str) {
        for rule in role.root().items_at("rules") {
            for name in rule.items_at("resourceNames") {
                self.mentioned.insert(((), place, name.text()), ());
            }
        }
    }

    fn delivery(&mut self, object: Object<'t>) {
        let root = object.root();
        let target = match object.kind() {
            Kind::Application => root.path("spec.destination.namespace"),
            Kind::ApplicationSet => root.path("spec.template.spec.destination.namespace"),
            _ => root.path("spec.targetNamespace"),
        };
        let target = match (target.map(NodeRef::text), object.kind()) {
            (Some(target), _) => target,
            // Its paths are directories of this or another repository that are judged themselves.
            (None, Kind::FluxKustomization) => return,
            (None, Kind::HelmRelease) if object.namespace().is_some() => object.namespace_key(),
            (None, _) => "{",
        };
        self.any_delivery = true;
        if target.contains(['{', '$', '<']) {
            self.delivered_anywhere = true;
        } else {
            self.delivered.insert(target);
        }
    }

    /// A Kyverno policy that generates or clones.
    fn generated(&mut self, policy: NodeRef<'t>) {
        for rule in policy.items_at("spec.rules") {
            let kind = match rule.str_at("generate.kind") {
                Some("Secret") => Kind::Secret,
                Some("ConfigMap") => Kind::ConfigMap,
                Some("ServiceAccount") => Kind::ServiceAccount,
                _ => continue,
            };
            self.name(kind, ANYWHERE, rule.path("generate.name"));
        }
    }

    /// `--secret-name=webhook-cert`: the program, or the job, makes it.
    fn arguments(&mut self, workload: Workload<'t>, place: &'t str) {
        for container in workload.containers() {
            let node = container.node();
            for argument in node.items_at("args").chain(node.items_at("command")) {
                let text = argument.text();
                // What is longer is a script of its own, not a flag.
                if text.len() > 8192 {
                    continue;
                }
                for word in text.split(|c: char| !is_name_char(c)).filter(|w| w.len() > 3) {
                    self.mentioned.insert(((), place, word), ());
                }
            }
        }
    }

    fn custom_resource(&mut self, object: Object<'t>, place: &'t str) {
        if object.is_named() {
            self.custom.insert(((), place, object.name()), ());
        }
        let Some(spec) = object.spec() else { return };
        for map in spec.descendants().filter(|n| n.is_map()) {
            for (key, value) in map.entries() {
                let key = key.text();
                let names = key == "name"
                    || ["ecretName", "ecret", "onfigMap", "onfigMapName", "ecretRef"]
                        .iter()
                        .any(|end| key.ends_with(end));
                if names && value.is_scalar() {
                    self.mentioned.insert(((), place, value.text()), ());
                    // What it names may live in the namespace of whatever it configures.
                    if object.is_cluster_scoped() || map.get("namespace").is_some() {
                        self.mentioned.insert(((), ANYWHERE, value.text()), ());
                    }
                }
            }
        }
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.'
}

/// cert-manager issues the certificates that an Ingress or Gateway with its annotation names.
fn is_issued(object: Object<'_>) -> bool {
    object.annotations().iter().any(|(key, _)| {
        key == "kubernetes.io/tls-acme"
            || key.starts_with("cert-manager.io/")
            || key.starts_with("certmanager.k8s.io/")
    })
}

/// A kind of somebody's operator, not of Kubernetes.
fn is_custom(object: Object<'_>) -> bool {
    let group = object.group();
    group.contains('.') && !group.ends_with(".k8s.io") && object.kind() != Kind::ClusterPolicy
}
