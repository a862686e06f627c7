//! References to Secrets and ConfigMaps.

use kubeready_manifest::kube::{Kind, Object, Workload};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder_word;

/// ConfigMaps that Kubernetes, a mesh or a distribution puts into namespaces itself.
const MADE_BY_THE_CLUSTER: [&str; 14] = [
    "kube-root-ca.crt",
    "openshift-service-ca.crt",
    "istio-ca-root-cert",
    "istio",
    "linkerd-identity-trust-roots",
    "extension-apiserver-authentication",
    "cluster-info",
    "kubeadm-config",
    "kube-proxy",
    "kubelet-config",
    "coredns",
    "aws-auth",
    "kubelet-serving-ca",
    "service-ca",
];

/// A pod whose ConfigMap does not exist waits for it for ever.
pub(crate) fn dangling_configmap_reference<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if ctx.workload().is_none() {
        return ctx.pass_over();
    }
    for reference in missing(object, Kind::ConfigMap, ctx) {
        let name = reference.name.text();
        if MADE_BY_THE_CLUSTER.contains(&name) {
            continue;
        }
        ctx.report(reference.name.here(), format!("ConfigMap `{name}` is not in the tree"))
            .label("no such ConfigMap in this namespace")
            .help("add the ConfigMap, correct the name, or set `optional: true` if the pod can do without");
    }
}

/// A pod whose Secret does not exist waits for it for ever.
pub(crate) fn dangling_secret_reference<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if ctx.workload().is_none() && !matches!(object.kind(), Kind::ServiceAccount | Kind::Ingress) {
        return ctx.pass_over();
    }
    let namespace = object.namespace_key();
    for reference in missing(object, Kind::Secret, ctx) {
        let kept = ctx.index().keeps_secrets(namespace);
        let name = reference.name.text();
        let finding =
            ctx.report(reference.name.here(), format!("Secret `{name}` is not in the tree"));
        finding
            .label("no such Secret in this namespace")
            .help("add an ExternalSecret, SealedSecret or Secret of this name, correct the name, or set `optional: true`");
        // A missing pull secret stops no pod; and who keeps no Secrets in the tree makes them
        // by another way.
        if reference.soft || !kept {
            finding.severity(Severity::Advice);
        }
        if !kept {
            finding.confidence(Confidence::Hint).label("nor is any Secret of this namespace");
        }
    }
}

/// A place that names a Secret or ConfigMap.
#[derive(Clone, Copy)]
struct Reference<'t> {
    kind: Kind,
    name: NodeRef<'t>,
    /// The pod starts without it.
    soft: bool,
}

/// References of an object to what neither is in the set nor may come to be; each name once.
fn missing<'t>(object: Object<'t>, kind: Kind, ctx: &Ctx<'_, 't>) -> Vec<Reference<'t>> {
    let mut missing: Vec<Reference<'t>> = Vec::new();
    let namespace = object.namespace_key();
    let mut see = |reference: Reference<'t>| {
        let name = reference.name.text();
        if reference.kind == kind
            && !name.is_empty()
            && !is_placeholder(name)
            && !missing.iter().any(|m| m.name.text() == name)
            && !ctx.index().may_have(kind, namespace, name)
        {
            missing.push(reference);
        }
    };
    match object.kind() {
        Kind::ServiceAccount if kind == Kind::Secret => of_account(object, &mut see),
        Kind::Ingress if kind == Kind::Secret && !ctx.is_on("dangling-ingress-tls-secret") => {
            of_ingress(object, &mut see);
        }
        _ => {
            if let Some(workload) = ctx.workload() {
                of_workload(workload, &mut see);
            }
        }
    }
    missing
}

fn of_workload<'t>(workload: Workload<'t>, see: &mut impl FnMut(Reference<'t>)) {
    for container in workload.containers() {
        for entry in container.env().filter_map(|e| e.get("valueFrom")) {
            name_in(entry, "secretKeyRef", Kind::Secret, see);
            name_in(entry, "configMapKeyRef", Kind::ConfigMap, see);
        }
        for entry in container.node().items_at("envFrom") {
            name_in(entry, "secretRef", Kind::Secret, see);
            name_in(entry, "configMapRef", Kind::ConfigMap, see);
        }
    }
    for volume in workload.volumes() {
        let secret = volume.get("secret").filter(|s| !is_optional(*s));
        if let Some(name) = secret.and_then(|s| s.get("secretName")) {
            see(Reference { kind: Kind::Secret, name, soft: false });
        }
        name_in(volume, "configMap", Kind::ConfigMap, see);
        for source in volume.items_at("projected.sources") {
            name_in(source, "secret", Kind::Secret, see);
            name_in(source, "configMap", Kind::ConfigMap, see);
        }
    }
    for pull in workload.pod().items_at("imagePullSecrets").filter_map(|p| p.get("name")) {
        see(Reference { kind: Kind::Secret, name: pull, soft: true });
    }
}

fn name_in<'t>(holder: NodeRef<'t>, field: &str, kind: Kind, see: &mut impl FnMut(Reference<'t>)) {
    let Some(node) = holder.get(field).filter(|node| !is_optional(*node)) else { return };
    if let Some(name) = node.get("name") {
        see(Reference { kind, name, soft: false });
    }
}

fn of_account<'t>(account: Object<'t>, see: &mut impl FnMut(Reference<'t>)) {
    for list in ["secrets", "imagePullSecrets"] {
        for name in account.root().items_at(list).filter_map(|s| s.get("name")) {
            // Made and named by the token controller and by OpenShift.
            let made = ["-token-", "-dockercfg-"].iter().any(|infix| {
                let rest = name.text().strip_prefix(account.name());
                rest.is_some_and(|rest| rest.starts_with(infix))
            });
            if !made {
                see(Reference { kind: Kind::Secret, name, soft: true });
            }
        }
    }
}

fn of_ingress<'t>(ingress: Object<'t>, see: &mut impl FnMut(Reference<'t>)) {
    for name in ingress.items_at("spec.tls").filter_map(|tls| tls.get("secretName")) {
        see(Reference { kind: Kind::Secret, name, soft: false });
    }
}

fn is_optional(node: NodeRef<'_>) -> bool {
    node.get("optional").is_some_and(|optional| optional.as_bool() != Some(false))
}

/// A name that is filled in later.
fn is_placeholder(name: &str) -> bool {
    is_placeholder_word(name)
        || name.contains('_')
        || name.bytes().any(|b| b.is_ascii_uppercase())
        || name.contains("changeme")
        || name.starts_with("your-")
}
