//! Services: pods behind them, ports, and how far out they are open.

use kubeready_manifest::kube::{Container, Kind, Object, Role, Selector, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::{Index, MANY};
use crate::rules::databases;
use crate::rules::elsewhere::{self, Elsewhere};
use crate::rules::placeholder::is_placeholder_word;

/// A Service without pods accepts no connection at all.
pub(crate) fn dangling_service<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some((key, node)) = selector_entry(object) else { return ctx.pass_over() };
    let namespace = object.namespace_key();
    let index = ctx.index();
    if index.selects_any(&Selector::map(node), namespace) {
        return;
    }
    let elsewhere = elsewhere::pods(index, node, namespace);
    let by_hand = !index.find(Kind::Endpoints, namespace, object.name()).is_empty();
    if by_hand || elsewhere == Elsewhere::Likely {
        return;
    }
    let near = nearest(node, namespace, index);
    let finding = ctx
        .report(Place::key(key, node), format!("service `{}` selects no pod", object.name()))
        .label("no pod template has these labels")
        .help(
            "make `spec.selector` match the labels under `spec.template.metadata.labels`, and \
             check the namespace",
        );
    if let Some(near) = near {
        finding.related(near.place().span, "the nearest workload has other labels");
    }
    if elsewhere == Elsewhere::Possible {
        finding.severity(Severity::Advice).confidence(Confidence::Hint);
    }
}

/// Traffic to a port that no container listens on is refused.
pub(crate) fn dangling_target_port<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some((_, node)) = selector_entry(object) else { return ctx.pass_over() };
    let headless = object.str_at("spec.clusterIP") == Some("None");
    let index = ctx.index();
    let selector = Selector::map(node);
    let pods: Vec<_> = index.selected_together(&selector, object).take(MANY + 1).collect();
    if pods.len() > MANY {
        return;
    }
    let Some(first) = pods.first().map(|w| w.name()) else { return };
    for port in object.items_at("spec.ports").filter(|p| p.is_map()) {
        let Some(target) = port.get("targetPort").or_else(|| port.get("port")) else { continue };
        let protocol = port.str_at("protocol").unwrap_or("TCP");
        if let Some(number) = target.as_i64() {
            // Clients of a headless Service call the pod's port themselves.
            if headless || !is_undeclared(number, &pods) {
                continue;
            }
            ctx.report(
                target.here(),
                format!(
                    "port {number} of service `{}` is no declared port of `{}`",
                    object.name(),
                    first
                ),
            )
            .severity(Severity::Warning)
            .confidence(Confidence::Likely)
            .help("set `targetPort` to the port that the container listens on, best by its name");
        } else if let Some(name) = target.as_str().filter(|n| is_port_name(n)) {
            if pods.iter().any(|w| names_port(*w, name, protocol) || is_injected(*w)) {
                continue;
            }
            ctx.report(
                target.here(),
                format!("port `{name}` of service `{}` is no port of `{}`", object.name(), first),
            )
            .label(format!("no container has a {protocol} port of this name"))
            .help("name the port under the container's `ports`, or use the name it has there");
        }
    }
}

/// A database that is open outside of the cluster is found by scanners within minutes.
pub(crate) fn database_exposed<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    match object.kind() {
        Kind::Service => exposed_service(object, ctx),
        Kind::Ingress | Kind::HttpRoute | Kind::TcpRoute => exposed_by_route(object, ctx),
        _ => ctx.pass_over(),
    }
}

/// The API server refuses names that are no port names; some only fail when a probe looks them up.
pub(crate) fn invalid_port_name<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() == Kind::Service {
        return service_port_names(object, ctx);
    }
    let Some(workload) = ctx.workload() else { return ctx.pass_over() };
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for container in workload.containers() {
        for port in container.ports() {
            let Some(node) = port.get("name") else { continue };
            let Some(name) = node.as_str().filter(|n| !n.is_empty()) else { continue };
            if is_placeholder_word(name) {
                continue;
            }
            if let Some(why) = not_a_port_name(name) {
                report_name(ctx, node, format!("port name `{name}` {why}"), Some(container));
            } else if let Some((first, _)) = seen.iter().find(|(_, n)| *n == name) {
                let own = *first == container.name();
                let message = if own {
                    format!("port name `{name}` stands twice in container `{first}`")
                } else {
                    format!("port name `{name}` is taken by container `{first}`")
                };
                let finding = report_name(ctx, node, message, Some(container));
                if !own {
                    finding.severity(Severity::Warning);
                }
            }
            seen.push((container.name(), name));
        }
    }
}

/// A load balancer of its own costs money and stands outside the Ingress and its controls.
pub(crate) fn load_balancer_service<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Service {
        return ctx.pass_over();
    }
    if object.str_at("spec.type") != Some("LoadBalancer") {
        return;
    }
    ctx.report(
        object.at("spec.type"),
        format!("service `{}` has a load balancer of its own", object.name()),
    )
    .help("use `type: ClusterIP` behind an Ingress or a Gateway");
}

/// A node port is open on every node, past Ingress, TLS and mostly past the firewall's author.
pub(crate) fn node_port_service<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Service {
        return ctx.pass_over();
    }
    if object.str_at("spec.type") != Some("NodePort") {
        return;
    }
    let wanted = is_behind_cloud_ingress(object, ctx.index());
    let finding = ctx
        .report(
            object.at("spec.type"),
            format!("service `{}` opens a port on every node", object.name()),
        )
        .help("use `type: ClusterIP` behind an Ingress or a Gateway");
    if wanted {
        finding.severity(Severity::Advice);
    }
}

/// The selector of a Service that selects pods.
fn selector_entry(object: Object<'_>) -> Option<(NodeRef<'_>, NodeRef<'_>)> {
    if object.kind() != Kind::Service || object.str_at("spec.type") == Some("ExternalName") {
        return None;
    }
    object.spec()?.entry("selector").filter(|(_, n)| n.is_map() && !n.is_empty())
}

/// A workload with one of several labels, or of the Service's label in another spelling.
fn nearest<'t>(node: NodeRef<'_>, namespace: &str, index: &Index<'t>) -> Option<Workload<'t>> {
    if node.len() < 2 {
        return None;
    }
    node.entries().find_map(|(key, value)| {
        let found = index.workloads_in(namespace).iter().copied();
        found.take(500).find(|w| w.pod_labels().get(key.text()) == Some(value.text()))
    })
}

fn listening<'t>(workload: Workload<'t>) -> impl Iterator<Item = NodeRef<'t>> {
    workload.running_containers().flat_map(Container::ports)
}

/// Whether every workload declares ports and none declares this one.
fn is_undeclared(number: i64, pods: &[Workload<'_>]) -> bool {
    pods.iter().all(|w| {
        let mut any = false;
        let declared = listening(*w).any(|port| {
            any = true;
            port.get("containerPort").is_none_or(|p| p.as_i64().is_none_or(|p| p == number))
        });
        any && !declared && !is_injected(*w)
    })
}

fn names_port(workload: Workload<'_>, name: &str, protocol: &str) -> bool {
    listening(workload).any(|port| {
        port.str_at("name") == Some(name) && port.str_at("protocol").unwrap_or("TCP") == protocol
    })
}

/// Whether a mesh or an agent puts containers of its own into the pod.
fn is_injected(workload: Workload<'_>) -> bool {
    let injects = |(key, value): (std::borrow::Cow<'_, str>, &str)| {
        key.contains("inject") && matches!(value, "true" | "enabled")
    };
    workload.pod_annotations().iter().any(injects) || workload.pod_labels().iter().any(injects)
}

fn is_port_name(text: &str) -> bool {
    !text.is_empty() && !is_placeholder_word(text) && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Why a text is no IANA service name, which container ports and target ports must be.
fn not_a_port_name(name: &str) -> Option<&'static str> {
    if name.len() > 15 {
        return Some("is longer than 15 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Some("has characters other than `a-z`, `0-9` and `-`");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        return Some("has no letter");
    }
    (name.starts_with('-') || name.ends_with('-') || name.contains("--"))
        .then_some("has a `-` at an end or two in a row")
}

fn not_a_label(name: &str) -> Option<&'static str> {
    if name.len() > 63 {
        return Some("is longer than 63 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Some("has characters other than `a-z`, `0-9` and `-`");
    }
    (name.starts_with('-') || name.ends_with('-')).then_some("has a `-` at an end")
}

fn service_port_names<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let ports: Vec<_> = object.items_at("spec.ports").filter(|p| p.is_map()).collect();
    let mut seen: Vec<&str> = Vec::new();
    for &port in &ports {
        let name = port.get("name").filter(|n| !n.text().is_empty());
        match name.and_then(|n| n.as_str().map(|text| (n, text))) {
            Some((_, text)) if is_placeholder_word(text) => {}
            Some((node, text)) => {
                if let Some(why) = not_a_label(text) {
                    report_name(ctx, node, format!("port name `{text}` {why}"), None);
                } else if seen.contains(&text) {
                    let message =
                        format!("port name `{text}` stands twice in service `{}`", object.name());
                    report_name(ctx, node, message, None);
                }
                seen.push(text);
            }
            None if name.is_none() && ports.len() > 1 => {
                ctx.report(
                    port.at("name"),
                    format!("a port of service `{}` has no name", object.name()),
                )
                .help("name every port of a Service that has several");
            }
            None => {}
        }
        let Some(target) = port.get("targetPort") else { continue };
        let Some(text) = target.as_str().filter(|t| !is_placeholder_word(t)) else {
            continue;
        };
        if let Some(why) = not_a_port_name(text) {
            let finding = report_name(ctx, target, format!("target port `{text}` {why}"), None);
            if text.parse::<u16>().is_ok() {
                finding.help("write the number without quotes");
            }
        }
    }
}

fn report_name<'c, 't>(
    ctx: &'c mut Ctx<'_, 't>,
    node: NodeRef<'t>,
    message: String,
    container: Option<Container<'t>>,
) -> &'c mut crate::finding::Finding {
    let finding = ctx.report(node.here(), message);
    finding.container = container.map(|c| c.name().to_owned());
    finding.help(
        "use at most 15 characters of `a-z`, `0-9` and single `-`, with a letter, once in the pod",
    )
}

/// Whether an Ingress of a class that needs node ports routes to the Service.
fn is_behind_cloud_ingress<'t>(service: Object<'t>, index: &Index<'t>) -> bool {
    let of_cloud = |ingress: &&Object<'_>| {
        let class = ingress
            .root()
            .str_at("spec.ingressClassName")
            .or_else(|| ingress.annotation("kubernetes.io/ingress.class"));
        matches!(class, Some("alb" | "gce" | "gce-internal"))
    };
    let reached = index.notes().behind_cloud_ingress.get_or_init(|| {
        let ingresses = index.objects(Kind::Ingress).iter().filter(of_cloud);
        let backends = ingresses.flat_map(|ingress| {
            let services = super::ingress::backends(*ingress).filter_map(|b| b.service);
            services.map(|service| (ingress.namespace_key(), service))
        });
        backends.collect()
    });
    reached.contains(&(service.namespace_key(), service.name()))
}

/// The port of the pods that a port of a Service leads to, and the container that declares it.
fn target<'t>(port: NodeRef<'_>, pods: &[Workload<'t>]) -> (Option<i64>, Option<Container<'t>>) {
    let Some(target) = port.get("targetPort").or_else(|| port.get("port")) else {
        return (None, None);
    };
    let named = target.as_i64().is_none().then(|| target.text());
    for container in pods.iter().flat_map(|w| w.running_containers()) {
        for declared in container.ports() {
            let number = declared.i64_at("containerPort");
            let same = match named {
                Some(name) => declared.str_at("name") == Some(name),
                None => number == target.as_i64(),
            };
            if same {
                return (number, Some(container));
            }
        }
    }
    (target.as_i64(), None)
}

/// The database that a port of a Service leads to, and whether the image told.
fn database_behind<'t>(
    service: Object<'t>,
    port: NodeRef<'t>,
    index: &Index<'t>,
) -> Option<(&'static str, bool)> {
    let selector = selector_entry(service).map(|(_, node)| Selector::map(node));
    let pods = selector.iter().flat_map(|s| index.selected_together(s, service));
    let pods: Vec<_> = pods.take(MANY).collect();
    let (number, container) = target(port, &pods);
    let candidates: Vec<_> = match container {
        Some(container) => databases::served_by(container).into_iter().collect(),
        None => pods.iter().flat_map(|w| databases::of(*w)).map(|(_, d)| d).collect(),
    };
    let number = number.or_else(|| port.i64_at("port"))?;
    if let Some(known) = candidates.iter().find(|d| d.ports.contains(&number)) {
        return Some((known.name, true));
    }
    // A number alone tells of a database only where no pod tells otherwise.
    if !pods.is_empty() && pods.iter().any(|w| w.main_containers().any(|c| c.role() == Role::Main))
    {
        let by_port = databases::well_known(number)?;
        return matches!(number, 3306 | 5432 | 27017 | 6379 | 1433).then_some((by_port, false));
    }
    databases::well_known(number).map(|name| (name, false))
}

fn exposed_service<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(kind) = object.str_at("spec.type") else { return };
    if !matches!(kind, "NodePort" | "LoadBalancer") {
        return;
    }
    let limited = is_limited(object);
    for port in object.items_at("spec.ports").filter(|p| p.is_map()) {
        let Some((name, certain)) = database_behind(object, port, ctx.index()) else { continue };
        let finding = ctx
            .report(
                port.at("port"),
                format!("service `{}` of type {kind} opens {name} outside of the cluster", object.name()),
            )
            .help("use `type: ClusterIP`, and reach the database from within the cluster or by a tunnel");
        if !certain {
            finding.confidence(Confidence::Likely);
        }
        if limited {
            finding.severity(Severity::Warning);
        }
    }
}

fn exposed_by_route<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    for backend in super::ingress::backends(object) {
        let Some(name) = backend.service else { continue };
        let namespace = backend.namespace.unwrap_or(object.namespace_key());
        let services = ctx.index().find(Kind::Service, namespace, name);
        let found = services.iter().find_map(|service| {
            let mut ports = service.items_at("spec.ports");
            let port = ports.find(|p| backend.port.is_none_or(|b| is_port(b, *p)))?;
            database_behind(*service, port, ctx.index())
        });
        let Some((database, certain)) = found else { continue };
        let finding = ctx
            .report(
                backend.place,
                format!(
                    "{} `{}` opens {database} outside of the cluster",
                    object.kind_name(),
                    object.name()
                ),
            )
            .help("let only workloads of the cluster reach the database");
        if !certain {
            finding.confidence(Confidence::Likely);
        }
    }
}

/// Whether a port of a Service is the one a backend names.
pub(super) fn is_port(wanted: NodeRef<'_>, port: NodeRef<'_>) -> bool {
    match wanted.as_i64() {
        Some(number) => port.i64_at("port") == Some(number),
        None => port.str_at("name") == Some(wanted.text()),
    }
}

/// Whether a load balancer is internal or takes only some sources.
fn is_limited(service: Object<'_>) -> bool {
    let ranges = || service.items_at("spec.loadBalancerSourceRanges").map(NodeRef::text);
    let ranged = ranges().next().is_some() && !ranges().any(|r| matches!(r, "0.0.0.0/0" | "::/0"));
    let internal = service.annotations().iter().any(|(key, value)| {
        let says = matches!(value.to_ascii_lowercase().as_str(), "true" | "internal" | "0.0.0.0/0");
        (key.contains("internal")
            || key.ends_with("load-balancer-type")
            || key.ends_with("-scheme"))
            && says
    });
    ranged || internal
}
