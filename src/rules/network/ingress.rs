//! Ingresses: backends, TLS and class.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::services::is_port;
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::elsewhere::{self, Elsewhere};
use crate::rules::placeholder::is_placeholder_word;

/// What a route sends traffic to.
#[derive(Clone, Debug)]
pub(super) struct Backend<'t> {
    /// Name of the Service, if one is named.
    pub(super) service: Option<&'t str>,
    /// Where the route names another namespace.
    pub(super) namespace: Option<&'t str>,
    /// Name or number of its port.
    pub(super) port: Option<NodeRef<'t>>,
    pub(super) place: Place<'t>,
}

/// A backend that is not there answers every request with 503.
pub(crate) fn dangling_ingress_backend<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Ingress {
        return ctx.pass_over();
    }
    for backend in backends(object) {
        let Some(name) = backend.service else {
            ctx.report(
                backend.place,
                format!("a backend of ingress `{}` names no service", object.name()),
            )
            .help("write `service.name` and `service.port` under `backend`");
            continue;
        };
        missing_service(object, name, &backend, ctx);
    }
}

/// A host that no certificate is asked for is served with a wrong one.
pub(crate) fn ingress_tls_host_mismatch<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Ingress {
        return ctx.pass_over();
    }
    let entries = || object.items_at("spec.tls").filter(|t| t.is_map());
    // An entry without hosts stands for every host of the controller.
    let all = entries().any(|t| t.get("hosts").is_none_or(NodeRef::is_empty));
    if entries().next().is_none() || all {
        return;
    }
    let covered: Vec<NodeRef<'t>> = entries().flat_map(|t| t.items_at("hosts")).collect();
    let rules: Vec<_> = object.items_at("spec.rules").filter(|r| r.is_map()).collect();
    let hosts: Vec<NodeRef<'t>> =
        rules.iter().filter_map(|r| r.get("host")).filter(|h| !h.text().is_empty()).collect();
    if covered.iter().chain(&hosts).any(|h| is_placeholder_word(h.text())) {
        return;
    }
    for host in hosts.iter().filter(|h| !covered.iter().any(|c| covers(c.text(), h.text()))) {
        ctx.report(
            host.here(),
            format!("host `{}` of ingress `{}` is in no `tls.hosts`", host.text(), object.name()),
        )
        .label("served with another host's certificate")
        .help("add the host to `spec.tls[].hosts`");
    }
    if hosts.len() == rules.len() {
        unused_tls_hosts(object, &covered, &hosts, ctx);
    }
}

/// Without TLS, passwords and session cookies cross the network as they are.
pub(crate) fn ingress_without_tls<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Ingress {
        return ctx.pass_over();
    }
    if object.items_at("spec.tls").next().is_some()
        || ends_tls_elsewhere(object)
        || *ctx
            .index()
            .notes()
            .default_certificate
            .get_or_init(|| has_default_certificate(ctx.index()))
    {
        return;
    }
    let issuer = object.annotations().iter().any(|(key, _)| {
        matches!(&*key, "cert-manager.io/cluster-issuer" | "cert-manager.io/issuer")
            || key == "kubernetes.io/tls-acme"
    });
    let message = if issuer {
        format!("ingress `{}` asks for a certificate but has no `tls` section", object.name())
    } else {
        format!("ingress `{}` has no TLS", object.name())
    };
    ctx.report(object.at("spec.tls"), message)
        .help("add `spec.tls` with the hosts and a `secretName`; cert-manager can fill the Secret");
}

/// Without a class, any controller or none may serve it.
pub(crate) fn missing_ingress_class<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Ingress {
        return ctx.pass_over();
    }
    let class = object.path("spec.ingressClassName").filter(|c| !c.text().is_empty());
    let annotation = object.annotation("kubernetes.io/ingress.class").filter(|a| !a.is_empty());
    let place = || annotation_place(object).unwrap_or_else(|| object.at("spec.ingressClassName"));
    match (class, annotation) {
        (Some(class), Some(old)) if class.text() != old => {
            ctx.report(
                place(),
                format!(
                    "ingress `{}` names two classes: `{old}` and `{}`",
                    object.name(),
                    class.text()
                ),
            )
            .severity(Severity::Error)
            .help("remove the annotation `kubernetes.io/ingress.class`");
        }
        (Some(_), _) => {}
        // GKE's controller reads the annotation only; the oldest API has no field.
        (None, Some(old)) => {
            if old.starts_with("gce") || object.group() == "extensions" {
                return;
            }
            ctx.report(
                place(),
                format!("ingress `{}` names its class by the deprecated annotation", object.name()),
            )
            .severity(Severity::Advice)
            .help(format!("set `spec.ingressClassName: {old}` and remove the annotation"));
        }
        (None, None) => {
            let is_default = |c: &Object<'_>| {
                c.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true")
            };
            if ctx.index().objects(Kind::IngressClass).iter().any(is_default) {
                return;
            }
            ctx.report(
                object.at("spec.ingressClassName"),
                format!("ingress `{}` names no class", object.name()),
            )
            .help("set `spec.ingressClassName` to the class of your controller");
        }
    }
}

/// The backends of an Ingress, an HTTPRoute or a TCPRoute.
pub(super) fn backends<'t>(object: Object<'t>) -> impl Iterator<Item = Backend<'t>> {
    let root = object.root();
    let mut found = Vec::new();
    if object.kind() == Kind::Ingress {
        let default = root.path("spec.defaultBackend").or_else(|| root.path("spec.backend"));
        let paths = root.items_at("spec.rules").flat_map(|rule| rule.items_at("http.paths"));
        let listed = paths.filter_map(|path| path.get("backend"));
        found.extend(default.into_iter().chain(listed).filter_map(|b| ingress_backend(object, b)));
    } else {
        let refs = root.items_at("spec.rules").flat_map(|rule| rule.items_at("backendRefs"));
        found.extend(refs.filter(|r| r.str_at("kind").is_none_or(|k| k == "Service")).filter_map(
            |node| {
                Some(Backend {
                    service: Some(node.str_at("name")?),
                    namespace: node.str_at("namespace"),
                    port: node.get("port"),
                    place: node.at("name"),
                })
            },
        ));
    }
    found.into_iter()
}

/// `None` for a backend that is no Service.
fn ingress_backend<'t>(object: Object<'t>, node: NodeRef<'t>) -> Option<Backend<'t>> {
    if !node.is_map() || node.get("resource").is_some() {
        return None;
    }
    let old = object.group() == "extensions" || object.version() == "v1beta1";
    if old {
        return Some(Backend {
            service: node.get("serviceName").map(NodeRef::text),
            namespace: None,
            port: node.get("servicePort"),
            place: node.at("serviceName"),
        });
    }
    let port = node.path("service.port");
    let port = port.and_then(|p| p.get("number").or_else(|| p.get("name")));
    Some(Backend {
        service: node.path("service.name").map(NodeRef::text),
        namespace: None,
        port,
        place: node.at("service.name"),
    })
}

/// Hosts of `tls` that no rule has; names that a redirect or an alias serves are left out.
fn unused_tls_hosts<'t>(
    object: Object<'t>,
    covered: &[NodeRef<'t>],
    hosts: &[NodeRef<'t>],
    ctx: &mut Ctx<'_, 't>,
) {
    let aliases = object
        .annotations()
        .iter()
        .any(|(key, _)| key.ends_with("/server-alias") || key.ends_with("/from-to-www-redirect"));
    if aliases || hosts.is_empty() {
        return;
    }
    for name in covered
        .iter()
        .filter(|c| !hosts.iter().any(|h| covers(c.text(), h.text()) || covers(h.text(), c.text())))
    {
        ctx.report(
            name.here(),
            format!(
                "`tls.hosts` of ingress `{}` names `{}`, which no rule has",
                object.name(),
                name.text()
            ),
        )
        .severity(Severity::Advice)
        .help("remove the host, or add the rule that it is for");
    }
}

fn missing_service<'t>(
    object: Object<'t>,
    name: &'t str,
    backend: &Backend<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    let index = ctx.index();
    let namespace = object.namespace_key();
    let by_annotation = backend.port.is_some_and(|p| p.text() == "use-annotation");
    if is_placeholder_word(name) || by_annotation {
        return;
    }
    let services = index.find(Kind::Service, namespace, name);
    if services.is_empty() {
        let knative = index.find(Kind::KnativeService, namespace, name);
        let elsewhere = if name.starts_with("cm-acme-http-solver") || name.ends_with("-operated") {
            Elsewhere::Likely
        } else {
            elsewhere::named(index, &[name], namespace)
        };
        if !knative.is_empty() || elsewhere == Elsewhere::Likely {
            return;
        }
        let finding = ctx
            .report(
                backend.place.clone(),
                format!(
                    "ingress `{}` sends traffic to service `{name}`, which is not there",
                    object.name()
                ),
            )
            .help("name a Service of the same namespace");
        if elsewhere == Elsewhere::Possible {
            finding.severity(Severity::Advice).confidence(Confidence::Hint);
        }
        return;
    }
    missing_port(object, name, backend, ctx);
}

/// The port that a backend names, where a Service of its name is there.
fn missing_port<'t>(
    object: Object<'t>,
    name: &'t str,
    backend: &Backend<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    let services = ctx.index().find(Kind::Service, object.namespace_key(), name);
    let external = |s: &Object<'_>| s.str_at("spec.type") == Some("ExternalName");
    let Some(port) = backend.port else {
        if !services.iter().any(external) {
            ctx.report(
                backend.place.clone(),
                format!(
                    "a backend of ingress `{}` names no port of service `{name}`",
                    object.name()
                ),
            )
            .help("write `port.number` or `port.name` beside the Service's name");
        }
        return;
    };
    let has = |s: &Object<'_>| s.items_at("spec.ports").any(|p| is_port(port, p));
    if is_placeholder_word(port.text())
        || services.iter().any(|s| has(s) || (external(s) && s.path("spec.ports").is_none()))
    {
        return;
    }
    let finding = ctx
        .report(
            port.here(),
            format!(
                "service `{name}` has no port `{}` for ingress `{}`",
                port.text(),
                object.name()
            ),
        )
        .help("name a port under the Service's `spec.ports`: the Service's port, not the pod's");
    if let Some(service) = services.first() {
        finding.related(service.place().span, "the Service");
    }
}

/// Whether a host of `tls.hosts` stands for a host: a wildcard covers one label.
fn covers(name: &str, host: &str) -> bool {
    name == host
        || name.strip_prefix("*.").is_some_and(|parent| {
            host.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest == parent)
        })
}

/// Whether a cloud's load balancer or a proxy in front ends TLS, as annotations or the class say.
fn ends_tls_elsewhere(ingress: Object<'_>) -> bool {
    let class = ingress
        .root()
        .str_at("spec.ingressClassName")
        .or_else(|| ingress.annotation("kubernetes.io/ingress.class"));
    if matches!(class, Some("tailscale" | "cloudflare-tunnel" | "ngrok")) {
        return true;
    }
    ingress.annotations().iter().any(|(key, value)| match &*key {
        "alb.ingress.kubernetes.io/certificate-arn"
        | "networking.gke.io/managed-certificates"
        | "ingress.gcp.kubernetes.io/pre-shared-cert"
        | "networking.gke.io/certmap"
        | "appgw.ingress.kubernetes.io/appgw-ssl-certificate"
        | "route.openshift.io/termination"
        | "ingress.kubernetes.io/ssl-cert"
        | "haproxy-ingress.github.io/ssl-passthrough"
        | "tailscale.com/funnel" => !value.is_empty(),
        "alb.ingress.kubernetes.io/listen-ports" => value.contains("HTTPS"),
        "traefik.ingress.kubernetes.io/router.tls"
        | "nginx.ingress.kubernetes.io/ssl-passthrough" => value == "true",
        "traefik.ingress.kubernetes.io/router.entrypoints" => {
            !value.is_empty() && value.split(',').all(|e| e.trim().contains("secure"))
        }
        _ => false,
    })
}

/// Whether an ingress controller of the set has a certificate for every host.
fn has_default_certificate(index: &Index<'_>) -> bool {
    let store = |o: &Object<'_>| {
        o.kind_name() == "TLSStore"
            && (o.path("spec.defaultCertificate").is_some()
                || o.path("spec.defaultGeneratedCert").is_some())
    };
    let told = |node: NodeRef<'_>| node.text().starts_with("--default-ssl-certificate");
    index.objects(Kind::Other).iter().any(store)
        || index
            .workloads()
            .iter()
            .flat_map(|w| w.main_containers())
            .filter(|c| c.image().contains("ingress"))
            .any(|c| c.node().items_at("args").chain(c.node().items_at("command")).any(told))
}

fn annotation_place(object: Object<'_>) -> Option<Place<'_>> {
    let (key, value) = object.path("metadata.annotations")?.entry("kubernetes.io/ingress.class")?;
    Some(Place::key(key, value))
}
