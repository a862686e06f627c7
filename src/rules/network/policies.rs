//! NetworkPolicies: what they isolate, what they let through, and whom they miss.

use kubeready_manifest::kube::{Kind, Labels, Object, Selector, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::index::{Index, MANY, Namespace, isolates_ingress};
use crate::rules::elsewhere::{self, Elsewhere};
use crate::set::Standing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];

    /// The name in `policyTypes`.
    fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        }
    }

    /// The section of rules.
    fn section(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }

    /// The list of peers in a rule.
    fn peers(self) -> &'static str {
        match self {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        }
    }
}

/// A policy that selects nothing protects nothing, mostly after a label was renamed.
pub(crate) fn dangling_network_policy<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::NetworkPolicy {
        return ctx.pass_over();
    }
    let Some((key, node)) = object.spec().and_then(|spec| spec.entry("podSelector")) else {
        return;
    };
    let selector = Selector::label_selector(node);
    let namespace = object.namespace_key();
    if selector.is_empty() || ctx.index().selects_any(&selector, namespace) {
        return;
    }
    let elsewhere = elsewhere::pods(ctx.index(), node, namespace);
    if elsewhere == Elsewhere::Likely {
        return;
    }
    let finding = ctx
        .report(
            Place::key(key, node),
            format!("network policy `{}` selects no workload", object.name()),
        )
        .label("no pod template has these labels")
        .help(
            "make `spec.podSelector` match the labels of the pod template, and check the namespace",
        );
    if elsewhere == Elsewhere::Possible {
        finding.severity(Severity::Advice).confidence(Confidence::Hint);
    }
}

/// Once egress is isolated, a pod that may not ask the DNS reaches nothing by name.
pub(crate) fn default_deny_blocks_dns<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::NetworkPolicy {
        return ctx.pass_over();
    }
    if !isolates(object, Direction::Egress) || allows_dns(object) {
        return;
    }
    let index = ctx.index();
    let everyone = pod_selector(object).is_empty();
    let denies_all = rules(object, Direction::Egress).next().is_none();
    // A single workload that may call nobody is a decision; so are rules that name addresses only.
    if (denies_all && !everyone) || (!denies_all && !names_pods(object)) {
        return;
    }
    if elsewhere::is_system(object.namespace_key()) || other_policies_allow_dns(object, index) {
        return;
    }
    let selector = pod_selector(object);
    let selected: Vec<_> = index.selected_together(&selector, object).take(MANY).collect();
    let blocked = selected.iter().copied().find(|w| is_cut_off(*w, object, denies_all, index));
    let message = match blocked {
        Some(w) => format!(
            "network policy `{}` isolates egress and nothing lets `{}` ask the DNS",
            object.name(),
            w.name()
        ),
        None if selected.is_empty() && !twin_allows_dns(object, index) => {
            format!("network policy `{}` isolates egress and nothing allows DNS", object.name())
        }
        None => return,
    };
    let finding = ctx
        .report(egress_place(object), message)
        .label("no rule allows port 53")
        .help("allow egress to the `kube-system` namespace on port 53, UDP and TCP");
    if !denies_all || blocked.is_none() {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
}

/// Without a default deny, every new pod of the namespace is open until somebody thinks of it.
pub(crate) fn namespace_without_default_deny<'t>(namespace: &Namespace<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    if !namespace.named || elsewhere::is_system(namespace.name) {
        return ctx.pass_over();
    }
    // Those that name no namespace fall back to `default` here, and live nobody knows where. Those of
    // neighbours are told where they are judged.
    let own = |o: Object<'_>| index.standing(o) != Standing::Context;
    let here = |w: &Workload<'t>| {
        w.object().namespace().is_some() && own(w.object()) && !on_host_network(*w)
    };
    let mut workloads = namespace.workloads.iter().copied().filter(here);
    let Some(first) = workloads.next() else { return ctx.pass_over() };
    let policies = index.objects_in(Kind::NetworkPolicy, namespace.name);
    if policies.into_iter().any(is_default_deny) || others_deny_all(namespace, index) {
        return;
    }
    let covered = std::iter::once(first).chain(workloads).all(|w| is_covered(w, index));
    let judged = |o: &Object<'_>| index.standing(*o) == Standing::Judged;
    // Where nobody declares it, whoever writes its name brings it about.
    let declared = namespace.object.filter(judged).map(|object| (object, object.place()));
    let Some((object, place)) = declared.or_else(|| {
        let mut objects = namespace.workloads.iter().filter(|w| here(w)).map(|w| w.object());
        let first = objects.find(judged)?;
        Some((first, first.at("metadata.namespace")))
    }) else {
        return;
    };
    let finding = ctx
        .report(place, format!("namespace `{}` has no default-deny network policy", namespace.name))
        .on(resource_id(object))
        .label("open to every pod of the cluster")
        .help(
            "add a NetworkPolicy with `podSelector: {}` and `policyTypes: [Ingress]`, then allow \
             what is needed",
        );
    if covered {
        finding.severity(Severity::Advice);
    }
}

/// Rules of a direction that `policyTypes` leaves out are accepted and do nothing.
pub(crate) fn network_policy_egress_ignored<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::NetworkPolicy {
        return ctx.pass_over();
    }
    let Some(spec) = object.spec() else { return };
    let Some(types) = spec.get("policyTypes").filter(|t| t.is_seq() && !t.is_empty()) else {
        return;
    };
    for direction in Direction::BOTH {
        let Some((key, section)) = spec.entry(direction.section()) else { continue };
        if !section.is_seq() || types.items().any(|t| t.text() == direction.name()) {
            continue;
        }
        // An empty section restricts nothing here, but tools write it too.
        let empty = section.is_empty();
        if empty && direction == Direction::Ingress {
            continue;
        }
        let finding = ctx
            .report(
                Place::key(key, section),
                format!(
                    "`{}` of network policy `{}` has no effect: `policyTypes` lacks `{}`",
                    direction.section(),
                    object.name(),
                    direction.name()
                ),
            )
            .label("ignored")
            .related(types.span(), "the directions that are isolated")
            .help(format!("add `{}` to `spec.policyTypes`", direction.name()));
        if empty {
            finding.severity(Severity::Advice).confidence(Confidence::Likely);
        }
    }
}

/// A rule that lets everything in undoes the isolation that the policy seems to give.
pub(crate) fn permissive_network_policy<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::NetworkPolicy {
        return ctx.pass_over();
    }
    for direction in Direction::BOTH {
        if !isolates(object, direction) {
            continue;
        }
        for rule in rules(object, direction) {
            let Some((node, what)) = opening(rule, direction) else { continue };
            let limited = limits_ports(rule);
            // A port open to all is what a public front end wants; for a whole namespace it is broad.
            if limited
                && (direction == Direction::Egress
                    || !pod_selector(object).is_empty()
                    || what == Opening::Cluster)
            {
                continue;
            }
            let message = match (direction, what) {
                (Direction::Ingress, Opening::Cluster) => "lets in every pod of the cluster",
                (Direction::Ingress, _) if limited => "opens a port of every pod to everyone",
                (Direction::Ingress, _) => "lets everyone in",
                (Direction::Egress, Opening::Cluster) => "lets pods call every pod of the cluster",
                (Direction::Egress, _) => "lets pods call everywhere",
            };
            let place = node.here();
            let finding =
                ctx.report(place, format!("network policy `{}` {message}", object.name())).help(
                    format!("name the peers in `{}` and the ports in `ports`", direction.peers()),
                );
            if limited || direction == Direction::Egress || is_explicit(object) {
                finding.severity(Severity::Advice);
            }
        }
    }
}

/// A pod that no policy isolates takes connections from every pod of the cluster.
pub(crate) fn workload_without_network_policy<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if on_host_network(workload)
        || elsewhere::is_system(workload.object().namespace_key())
        || is_covered(workload, ctx.index())
    {
        return;
    }
    let half = ctx.index().policies_of(workload).next();
    let kind = workload.kind_name();
    let message = if half.is_some() {
        format!("no network policy isolates the ingress of {kind} `{}`", workload.name())
    } else {
        format!("no network policy selects the pods of {kind} `{}`", workload.name())
    };
    ctx.report(workload.place(), message).label("open to every pod of the cluster").help(
        "add a NetworkPolicy whose `podSelector` matches the pod labels, or a default deny for the \
         namespace",
    );
}

fn pod_selector(policy: Object<'_>) -> Selector<'_> {
    policy.path("spec.podSelector").map(Selector::label_selector).unwrap_or_default()
}

fn on_host_network(workload: Workload<'_>) -> bool {
    workload.pod().bool_at("hostNetwork") == Some(true)
}

/// Whether a NetworkPolicy isolates a direction; absent `policyTypes` as the API server fills them.
fn isolates(policy: Object<'_>, direction: Direction) -> bool {
    if direction == Direction::Ingress {
        return isolates_ingress(policy);
    }
    match policy.path("spec.policyTypes").filter(|t| t.is_seq() && !t.is_empty()) {
        Some(types) => types.items().any(|t| t.text() == direction.name()),
        None => policy.path("spec.egress").is_some_and(|e| !e.is_empty()),
    }
}

fn rules<'t>(policy: Object<'t>, direction: Direction) -> impl Iterator<Item = NodeRef<'t>> {
    let path = match direction {
        Direction::Ingress => "spec.ingress",
        Direction::Egress => "spec.egress",
    };
    policy.root().items_at(path).filter(|rule| rule.is_map() || rule.is_null())
}

/// Selects every pod and lets in only what is named.
fn is_default_deny(policy: Object<'_>) -> bool {
    pod_selector(policy).is_empty()
        && isolates(policy, Direction::Ingress)
        && !rules(policy, Direction::Ingress).any(|rule| {
            opening(rule, Direction::Ingress).is_some_and(|(_, what)| what == Opening::Everything)
                && !limits_ports(rule)
        })
}

/// What a rule opens, and the node that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Everything,
    Cluster,
}

fn opening(rule: NodeRef<'_>, direction: Direction) -> Option<(NodeRef<'_>, Opening)> {
    let Some(peers) = rule.get(direction.peers()).filter(|p| !p.is_empty()) else {
        return Some((rule, Opening::Everything));
    };
    peers.items().find_map(|peer| {
        if let Some(block) = peer.get("ipBlock") {
            let cidr = block.get("cidr")?;
            let whole = matches!(cidr.text(), "0.0.0.0/0" | "::/0");
            let cut = block.get("except").is_some_and(|e| !e.is_empty());
            return (whole && !cut).then_some((cidr, Opening::Everything));
        }
        let namespaces = peer.get("namespaceSelector")?;
        let pods = peer.get("podSelector").map(Selector::label_selector).unwrap_or_default();
        (Selector::label_selector(namespaces).is_empty() && pods.is_empty())
            .then_some((peer, Opening::Cluster))
    })
}

/// Whether a rule is limited to some ports.
fn limits_ports(rule: NodeRef<'_>) -> bool {
    let ports = rule.items_at("ports");
    let mut any = false;
    for port in ports {
        let from = port.i64_at("port");
        let all = port.get("port").is_none()
            || (from.is_some_and(|p| p <= 1) && port.i64_at("endPort").is_some_and(|p| p >= 65535));
        if all {
            return false;
        }
        any = true;
    }
    any
}

/// Says by its name and a comment or a description that it means to allow all.
fn is_explicit(policy: Object<'_>) -> bool {
    let name = policy.name();
    let named = ["allow-all", "allow-any", "allow-everything", "permit-all", "unrestricted"]
        .iter()
        .any(|word| name.contains(word));
    let span = policy.root().span();
    let tree = policy.root().tree();
    named
        && (policy.annotations().iter().any(|(key, _)| key.ends_with("description"))
            || tree.comments().iter().any(|c| c.start >= span.start && c.start < span.end))
}

/// Whether anything isolates the ingress of a workload's pods.
fn is_covered(workload: Workload<'_>, index: &Index<'_>) -> bool {
    index.is_isolated(workload)
        || cilium_covers(workload, index)
        || calico_covers(workload, index)
        || admin_covers(workload.object().namespace_key(), index)
}

fn cilium_covers(workload: Workload<'_>, index: &Index<'_>) -> bool {
    let namespace = workload.object().namespace_key();
    let own = index
        .objects_in(Kind::CiliumNetworkPolicy, namespace)
        .chain(index.objects(Kind::CiliumClusterwideNetworkPolicy).iter().copied());
    own.flat_map(cilium_specs).any(|spec| {
        cilium_isolates(spec)
            && spec
                .get("endpointSelector")
                .is_some_and(|s| cilium_selects(s, workload.pod_labels(), namespace))
    })
}

/// `spec`, or each of `specs`.
fn cilium_specs(policy: Object<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    policy.spec().into_iter().chain(policy.items_at("specs")).filter(|s| s.is_map())
}

/// An ingress section turns default deny on, unless the policy says otherwise.
fn cilium_isolates(spec: NodeRef<'_>) -> bool {
    match spec.bool_at("enableDefaultDeny.ingress") {
        Some(told) => told,
        None => spec.get("ingress").is_some() || spec.get("ingressDeny").is_some(),
    }
}

/// Cilium's selectors may write the source of a label in front of it, and name the namespace.
fn cilium_selects(node: NodeRef<'_>, labels: Labels<'_>, namespace: &str) -> bool {
    let plain = |key: &str| -> String {
        let key = key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).unwrap_or(key);
        key.to_owned()
    };
    let value = |key: &str| -> Option<String> {
        let key = plain(key);
        if key == "io.kubernetes.pod.namespace" {
            return Some(namespace.to_owned());
        }
        labels.get(&key).map(str::to_owned)
    };
    let equal = node
        .get("matchLabels")
        .is_none_or(|map| map.entries().all(|(k, v)| value(k.text()).as_deref() == Some(v.text())));
    equal
        && node.items_at("matchExpressions").all(|e| {
            let key = e.get("key").map_or("", NodeRef::text);
            // Labels of the namespace are not the pod's: taken as matching.
            if plain(key).starts_with("io.cilium.k8s.namespace.labels") {
                return true;
            }
            let value = value(key);
            let among = |v: &String| e.items_at("values").any(|x| x.text() == v);
            match e.str_at("operator") {
                Some("In") => value.as_ref().is_some_and(among),
                Some("NotIn") => !value.as_ref().is_some_and(among),
                Some("Exists") => value.is_some(),
                Some("DoesNotExist") => value.is_none(),
                _ => false,
            }
        })
}

fn calico_covers(workload: Workload<'_>, index: &Index<'_>) -> bool {
    let namespace = workload.object().namespace_key();
    let mut own = index
        .objects_in(Kind::CalicoNetworkPolicy, namespace)
        .chain(index.objects(Kind::CalicoGlobalNetworkPolicy).iter().copied());
    own.any(|policy| {
        let ingress = match policy.path("spec.types").filter(|t| !t.is_empty()) {
            Some(types) => types.items().any(|t| t.text() == "Ingress"),
            None => policy.path("spec.ingress").is_some() || policy.path("spec.egress").is_none(),
        };
        ingress
            && calico_selects(policy.str_at("spec.selector"), workload.pod_labels())
            && calico_namespace(policy.str_at("spec.namespaceSelector"), namespace)
    })
}

/// Whether a Calico expression matches. What is more than comparisons joined by `&&` is taken as
/// matching: it is some policy that somebody wrote for these pods or others.
fn calico_selects(expression: Option<&str>, labels: Labels<'_>) -> bool {
    let Some(expression) = expression.map(str::trim).filter(|e| !e.is_empty()) else {
        return true;
    };
    if expression.contains("||") || expression.contains('!') || expression.contains(" in ") {
        return true;
    }
    expression.split("&&").map(str::trim).all(|term| {
        if let Some(key) = term.strip_prefix("has(").and_then(|t| t.strip_suffix(')')) {
            return labels.contains(key.trim());
        }
        match term.split_once("==") {
            Some((key, value)) => {
                let value = value.trim().trim_matches(['"', '\'']);
                key.trim() == "projectcalico.org/orchestrator"
                    || labels.get(key.trim()) == Some(value)
            }
            None => true,
        }
    })
}

fn calico_namespace(expression: Option<&str>, namespace: &str) -> bool {
    let Some((key, value)) = expression.and_then(|e| e.split_once("==")) else { return true };
    let by_name = matches!(key.trim(), "projectcalico.org/name" | "kubernetes.io/metadata.name");
    !by_name || value.trim().trim_matches(['"', '\'']) == namespace
}

/// Whether an AdminNetworkPolicy has ingress rules for the namespace.
fn admin_covers(namespace: &str, index: &Index<'_>) -> bool {
    let policies = index
        .objects(Kind::AdminNetworkPolicy)
        .iter()
        .chain(index.objects(Kind::BaselineAdminNetworkPolicy));
    policies.copied().any(|policy| {
        let denies = policy
            .root()
            .items_at("spec.ingress")
            .any(|rule| rule.str_at("action") == Some("Deny"));
        let subject = policy
            .path("spec.subject.namespaces")
            .or_else(|| policy.path("spec.subject.pods.namespaceSelector"));
        denies && subject.is_some_and(|s| namespace_matches(s, namespace, index))
    })
}

fn namespace_matches(selector: NodeRef<'_>, namespace: &str, index: &Index<'_>) -> bool {
    let selector = Selector::label_selector(selector);
    if selector.is_empty() {
        return true;
    }
    let mut equals = selector.equals();
    if let (Some(("kubernetes.io/metadata.name", name)), None) = (equals.next(), equals.next()) {
        return name == namespace;
    }
    // The labels of a namespace that the set does not declare are not known.
    match index.namespace(namespace).and_then(|n| n.object) {
        Some(object) => selector.matches(object.labels()),
        None => true,
    }
}

/// A default deny of another kind of policy, for the whole namespace.
fn others_deny_all(namespace: &Namespace<'_>, index: &Index<'_>) -> bool {
    let cilium = index
        .objects_in(Kind::CiliumNetworkPolicy, namespace.name)
        .chain(index.objects(Kind::CiliumClusterwideNetworkPolicy).iter().copied());
    let nobody = Labels::of(None);
    let by_cilium = cilium.flat_map(cilium_specs).any(|spec| {
        cilium_isolates(spec)
            && spec
                .get("endpointSelector")
                .is_some_and(|s| cilium_selects(s, nobody, namespace.name))
    });
    let mut calico = index
        .objects_in(Kind::CalicoNetworkPolicy, namespace.name)
        .chain(index.objects(Kind::CalicoGlobalNetworkPolicy).iter().copied());
    let by_calico = calico.any(|policy| {
        let selector = policy.str_at("spec.selector").map_or("", str::trim);
        let ingress = policy
            .path("spec.types")
            .is_none_or(|types| types.items().any(|t| t.text() == "Ingress"));
        ingress
            && matches!(selector, "" | "all()")
            && calico_namespace(policy.str_at("spec.namespaceSelector"), namespace.name)
    });
    by_cilium || by_calico || admin_covers(namespace.name, index)
}

fn egress_place(policy: Object<'_>) -> Place<'_> {
    let Some(spec) = policy.spec() else { return policy.place() };
    match spec.entry("egress").or_else(|| spec.entry("policyTypes")) {
        Some((key, value)) => Place::key(key, value),
        None => policy.place(),
    }
}

/// Whether a rule of the policy lets its pods ask the cluster's DNS.
fn allows_dns(policy: Object<'_>) -> bool {
    rules(policy, Direction::Egress).any(|rule| {
        let ports = rule.get("ports").filter(|p| !p.is_empty());
        let port_53 = ports.is_some_and(|list| list.items().any(is_dns_port));
        let peers = rule.get("to").filter(|p| !p.is_empty());
        match (ports, peers) {
            (Some(_), _) if !port_53 => false,
            (_, None) | (Some(_), Some(_)) => true,
            (None, Some(peers)) => peers.items().any(may_be_dns),
        }
    })
}

/// UDP 53, or 5353 where the DNS pods listen there. Absent protocol means TCP.
fn is_dns_port(port: NodeRef<'_>) -> bool {
    if port.str_at("protocol") != Some("UDP") {
        return false;
    }
    let Some(number) = port.get("port") else { return true };
    match number.as_i64() {
        Some(from) => {
            let to = port.i64_at("endPort").unwrap_or(from);
            [53, 5353].iter().any(|dns| (from..=to).contains(dns))
        }
        None => number.text().contains("dns") || number.text() == "domain",
    }
}

/// Whether a peer without ports may be the DNS.
fn may_be_dns(peer: NodeRef<'_>) -> bool {
    if let Some(cidr) = peer.str_at("ipBlock.cidr") {
        let bits = cidr.rsplit('/').next().and_then(|b| b.parse::<u8>().ok());
        return bits.is_some_and(|b| b <= 16) || cidr.starts_with("169.254.");
    }
    let Some(namespaces) = peer.get("namespaceSelector") else { return false };
    namespaces.is_empty()
        || Selector::label_selector(namespaces).is_empty()
        || namespaces
            .descendants()
            .any(|n| n.is_scalar() && (n.text().contains("system") || n.text().contains("dns")))
}

/// Whether a rule allows peers that are found by name.
fn names_pods(policy: Object<'_>) -> bool {
    rules(policy, Direction::Egress)
        .flat_map(|rule| rule.items_at("to"))
        .any(|peer| peer.get("podSelector").is_some() || peer.get("namespaceSelector").is_some())
}

/// Whether no policy lets a workload of this one ask the DNS, and this is the policy to blame.
fn is_cut_off(workload: Workload<'_>, policy: Object<'_>, all: bool, index: &Index<'_>) -> bool {
    if on_host_network(workload) {
        return false;
    }
    let egress = || index.policies_of(workload).filter(|p| isolates(*p, Direction::Egress));
    if egress().any(allows_dns) {
        return false;
    }
    let denies_all =
        |p: Object<'_>| pod_selector(p).is_empty() && rules(p, Direction::Egress).next().is_none();
    // One finding a cause: the default deny's, else the first policy's.
    all || !egress().any(denies_all) && egress().next().is_some_and(|p| p.root() == policy.root())
}

/// Whether some policy of the namespace allows DNS, where the pods are not known.
fn twin_allows_dns(policy: Object<'_>, index: &Index<'_>) -> bool {
    index
        .objects_in(Kind::NetworkPolicy, policy.namespace_key())
        .any(|other| isolates(other, Direction::Egress) && allows_dns(other))
}

/// Whether a policy of another kind may open the DNS: rules of all kinds add up.
fn other_policies_allow_dns(policy: Object<'_>, index: &Index<'_>) -> bool {
    let namespace = policy.namespace_key();
    [
        Kind::CiliumNetworkPolicy,
        Kind::CiliumClusterwideNetworkPolicy,
        Kind::CalicoNetworkPolicy,
        Kind::CalicoGlobalNetworkPolicy,
        Kind::AdminNetworkPolicy,
    ]
    .into_iter()
    .flat_map(|kind| index.objects(kind))
    .filter(|o| o.is_cluster_scoped() || o.namespace_key() == namespace)
    .any(|o| {
        o.root().descendants().any(|n| matches!(n.text(), "53" | "kube-dns" | "all" | "cluster"))
    })
}
