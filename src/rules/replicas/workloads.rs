//! How many pods a workload runs, where they land and who owns them.

use kubeready_manifest::kube::{Kind, Labels, Object, Selector, Workload};
use kubeready_manifest::yaml::NodeRef;

use super::Count;
use crate::catalogue::{Confidence, Profile, Severity, options};
use crate::engine::Ctx;
use crate::rules::databases;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// The API server refuses a controller that would never find its own pods.
pub(crate) fn mismatching_selector<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some((selector, node)) = owning_selector(workload) else { return ctx.pass_over() };
    let labels = workload.pod_labels();
    if selector.is_empty() || selector.matches(labels) || is_in_doubt(node, labels) {
        return;
    }
    let kind = workload.kind_name();
    let plain = if is_plain_map(workload) { Some(node) } else { node.get("matchLabels") };
    let wrong = plain.and_then(|map| {
        map.entries().find(|(key, value)| labels.get(key.text()) != Some(value.text()))
    });
    let Some((key, value)) = wrong else {
        let place = node.at("matchExpressions");
        let name = workload.name();
        ctx.report(place, format!("the selector of {kind} `{name}` does not match its own pods"))
            .help("make the labels of the pod template fulfil every expression of the selector");
        return;
    };
    let found = labels.get(key.text());
    let message = format!(
        "{kind} `{}` selects pods with `{}: {}`, but its own pods have {}",
        workload.name(),
        key.text(),
        value.text(),
        found.map_or_else(|| "no such label".to_owned(), |other| format!("`{other}`")),
    );
    let beside = labels.node().and_then(|map| map.value(key.text()).or(Some(map)));
    let finding = ctx.report(value.here(), message);
    finding.help(format!("give selector and pod template the same value of `{}`", key.text()));
    if let Some(beside) = beside {
        finding.related(beside.span(), "the labels of its pods");
    }
}

/// Replicas that share a node fail with it.
pub(crate) fn missing_pod_spread<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    // Without a number there is one pod, and `too-few-replicas` says so.
    let Count::Written(count) = Count::of(ctx.index(), workload) else { return ctx.pass_over() };
    if count < 2 || is_owned(workload.object()) || is_pinned(workload) {
        return ctx.pass_over();
    }
    let rules: Vec<Term<'t>> = terms(workload).collect();
    if rules.iter().any(|term| term.matches(workload)) {
        return;
    }
    if !rules.is_empty()
        && ctx.is_on("spread-selector-mismatch")
        && rules.iter().any(|term| term.misses_everyone(workload, ctx))
    {
        return;
    }
    // The scheduler prefers to spread the pods of a Deployment by itself, which for a database's
    // quorum is too little.
    let severity =
        if workload.kind() == Kind::StatefulSet { Severity::Warning } else { Severity::Advice };
    let (kind, name) = (workload.kind_name(), workload.name());
    let message = format!("nothing keeps the {count} replicas of {kind} `{name}` apart");
    ctx.report(workload.template().at("spec.topologySpreadConstraints"), message)
        .severity(severity)
        .help(
            "add `topologySpreadConstraints` over `kubernetes.io/hostname` that select the pods' \
             own labels, or a `podAntiAffinity`",
        );
}

/// A bare pod is not rescheduled when its node goes away.
pub(crate) fn naked_pod<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Pod {
        return ctx.pass_over();
    }
    if object.is_hook() || is_owned(object) || is_static_pod(object) {
        return;
    }
    let ends = matches!(object.str_at("spec.restartPolicy"), Some("Never" | "OnFailure"));
    let finding = ctx.report(object.place(), format!("pod `{}` has no controller", object.name()));
    finding.label("nothing recreates this pod");
    if ends {
        finding.help("run it as a Job, which starts it anew when its node fails");
    } else {
        finding.help("run it from a Deployment, a StatefulSet, a DaemonSet or a Job");
    }
}

/// Controllers that select each other's pods fight over them.
pub(crate) fn overlapping_selectors<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let object = workload.object();
    // The API server adds a unique label to the selector of a Job.
    let own = owning_selector(workload).filter(|_| !workload.is_batch());
    let Some((selector, _)) = own else { return ctx.pass_over() };
    if selector.is_empty() || is_owned(object) || !selector.matches(workload.pod_labels()) {
        return;
    }
    let index = ctx.index();
    for other in index.selected_beside(&selector, object) {
        let beside = other.object();
        let same = beside.root() == object.root()
            || (beside.name() == object.name() && beside.kind() == object.kind());
        if same
            || beside.namespace() != object.namespace()
            || is_owned(beside)
            || other.is_batch()
            || index.standing(beside) == Standing::Unrendered
        {
            continue;
        }
        let Some((back, _)) = owning_selector(other) else { continue };
        let mutual = back.matches(workload.pod_labels());
        if mutual && precedes(object, beside) {
            continue;
        }
        let message = format!(
            "{} `{}` selects the pods of {} `{}` too",
            object.kind_name(),
            object.name(),
            beside.kind_name(),
            beside.name()
        );
        let finding = ctx.report(object.at("spec.selector"), message);
        finding
            .label("matches pods of two controllers")
            .help("give each controller a label of its own, in its selector and its pod template")
            .related(beside.place().span, "the other one");
        let variants = index.may_be_variants(object, beside);
        if !mutual || variants {
            finding.severity(Severity::Warning);
        }
        if variants {
            finding.confidence(Confidence::Likely);
        }
        return;
    }
}

/// A selector that misses the pod spreads nothing.
pub(crate) fn spread_selector_mismatch<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if workload.is_batch() && workload.kind() != Kind::Pod {
        return ctx.pass_over();
    }
    let terms: Vec<Term<'t>> = terms(workload).collect();
    if terms.is_empty() {
        return ctx.pass_over();
    }
    for term in &terms {
        if term.matches(workload) || !term.misses_everyone(workload, ctx) {
            continue;
        }
        let (kind, name) = (workload.kind_name(), workload.name());
        let what = if term.is_constraint { "spread constraint" } else { "anti-affinity" };
        let Some(selector) = term.node.get("labelSelector") else {
            let message = format!("a {what} of {kind} `{name}` selects no pods");
            ctx.report(term.node.at("labelSelector"), message)
                .help("add a `labelSelector` with the labels of the pod template");
            continue;
        };
        let message = format!("a {what} of {kind} `{name}` does not select its own pods");
        let finding = ctx.report(term.blamed(workload, selector).here(), message);
        finding.help("select labels that the pod template has");
        if let Some(labels) = workload.pod_labels().node() {
            finding.related(labels.span(), "the labels of its pods");
        }
        if !term.is_constraint {
            finding.confidence(Confidence::Likely);
        }
    }
}

/// One replica is an outage with every update and every drained node.
pub(crate) fn too_few_replicas<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let object = workload.object();
    let counted = matches!(
        workload.kind(),
        Kind::Deployment
            | Kind::DeploymentConfig
            | Kind::Rollout
            | Kind::ReplicaSet
            | Kind::ReplicationController
    );
    if !counted
        || is_owned(object)
        || object.is_hook()
        || !ctx.index().autoscalers_of(workload).is_empty()
    {
        return ctx.pass_over();
    }
    let (replicas, written) = match Count::of(ctx.index(), workload) {
        // Zero is an off switch.
        Count::Unknown | Count::Written(0) => return ctx.pass_over(),
        Count::Written(n) => (n, true),
        Count::Open => (1, false),
    };
    let minimum = if ctx.profile() == Profile::Critical {
        ctx.option(&options::TOO_FEW_REPLICAS_CRITICAL_MINIMUM)
    } else {
        ctx.option(&options::TOO_FEW_REPLICAS_MINIMUM)
    };
    if replicas >= minimum || is_singleton(workload, ctx) {
        return;
    }
    let runs = match (replicas, written) {
        (1, true) => "a single replica".to_owned(),
        (1, false) => "a single replica, as it sets none".to_owned(),
        (n, _) => format!("{n} replicas, fewer than {minimum}"),
    };
    let message = format!("{} `{}` runs {runs}", workload.kind_name(), workload.name());
    // An overlay may set the number, and nobody waits for the answer of a worker.
    let mild = ctx.standing() == Standing::Unrendered || is_worker(workload, ctx);
    let finding = ctx.report(object.at("spec.replicas"), message);
    finding.help(format!("set `spec.replicas` to at least {minimum}, or let an autoscaler do it"));
    if mild {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// A spread constraint or an anti-affinity term.
struct Term<'t> {
    /// Holds `labelSelector`.
    node: NodeRef<'t>,
    is_constraint: bool,
}

impl<'t> Term<'t> {
    fn selector(&self) -> Option<Selector<'t>> {
        self.node.get("labelSelector").map(Selector::label_selector)
    }

    /// Whether it selects the workload's own pods, as far as can be known.
    fn matches(&self, workload: Workload<'t>) -> bool {
        let Some(node) = self.node.get("labelSelector") else { return false };
        let own = workload.object().namespace();
        let listed = self.node.items_at("namespaces").next().is_some();
        let names_own = || {
            self.node.get("namespaceSelector").is_some()
                || own.is_none()
                || self.node.items_at("namespaces").any(|name| Some(name.text()) == own)
        };
        (!listed || names_own())
            && (Selector::label_selector(node).matches(workload.pod_labels())
                || is_in_doubt(node, workload.pod_labels()))
    }

    /// Whether it selects no pod that the set shows. An anti-affinity may well be about others.
    fn misses_everyone(&self, workload: Workload<'t>, ctx: &Ctx<'_, 't>) -> bool {
        if self.is_constraint {
            return true;
        }
        if self.node.get("namespaceSelector").is_some() {
            return false;
        }
        let Some(selector) = self.selector() else { return true };
        let mut listed = self.node.items_at("namespaces").map(NodeRef::text).peekable();
        if listed.peek().is_none() {
            let namespace = workload.object().namespace_key();
            return !ctx.index().selects_any(&selector, namespace);
        }
        // It would select the pods themselves if they were in that namespace: no other app is meant.
        selector.matches(workload.pod_labels())
            || !listed.any(|namespace| ctx.index().selects_any(&selector, namespace))
    }

    /// The first part of the selector that the pods do not fulfil.
    fn blamed(&self, workload: Workload<'t>, selector: NodeRef<'t>) -> NodeRef<'t> {
        let labels = workload.pod_labels();
        let wrong = selector.get("matchLabels").into_iter().flat_map(NodeRef::entries);
        let wrong = wrong.filter(|(key, value)| labels.get(key.text()) != Some(value.text()));
        let pair = wrong.map(|(_, value)| value).next();
        let listed = self.node.items_at("namespaces").next();
        pair.or_else(|| selector.items_at("matchExpressions").next())
            .filter(|_| !Selector::label_selector(selector).matches(labels))
            .or(listed)
            .unwrap_or(selector)
    }
}

/// Everything in a pod template that may keep its replicas apart.
fn terms<'t>(workload: Workload<'t>) -> impl Iterator<Item = Term<'t>> {
    let pod = workload.pod();
    let anti = pod.path("affinity.podAntiAffinity");
    let of = move |list: &'static str| anti.into_iter().flat_map(move |node| node.items_at(list));
    let constraints =
        pod.items_at("topologySpreadConstraints").map(|node| Term { node, is_constraint: true });
    let required = of("requiredDuringSchedulingIgnoredDuringExecution");
    let preferred = of("preferredDuringSchedulingIgnoredDuringExecution")
        .filter_map(|weighted| weighted.get("podAffinityTerm"));
    constraints
        .chain(required.chain(preferred).map(|node| Term { node, is_constraint: false }))
        .filter(|term| term.node.is_map())
}

/// The selector by which a controller owns its pods, with its node.
fn owning_selector<'t>(workload: Workload<'t>) -> Option<(Selector<'t>, NodeRef<'t>)> {
    let kind = workload.kind();
    let owns = kind.keeps_pods_running() || matches!(kind, Kind::Job | Kind::CronJob);
    let path = match kind {
        Kind::CronJob => "spec.jobTemplate.spec.selector",
        _ => "spec.selector",
    };
    let node = workload.object().path(path).filter(|n| owns && n.is_map())?;
    let selector =
        if is_plain_map(workload) { Selector::map(node) } else { Selector::label_selector(node) };
    Some((selector, node))
}

fn is_plain_map(workload: Workload<'_>) -> bool {
    matches!(workload.kind(), Kind::ReplicationController | Kind::DeploymentConfig)
}

/// Labels that controllers add to their pods.
const ADDED: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "deployment",
    "deploymentconfig",
    "job-name",
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Whether a label selector cannot be judged: placeholders, labels that a controller adds, an
/// operator that the API server would refuse.
fn is_in_doubt(selector: NodeRef<'_>, labels: Labels<'_>) -> bool {
    let open = |node: NodeRef<'_>| !node.is_scalar() || is_placeholder(node.text());
    let mut values = labels.node().into_iter().flat_map(NodeRef::entries);
    if values.any(|(key, value)| open(key) || open(value)) {
        return true;
    }
    let maps = selector.get("matchLabels").into_iter().chain(Some(selector));
    let plain = maps.flat_map(NodeRef::entries).any(|(key, value)| {
        ADDED.contains(&key.text()) || (value.is_scalar() && (open(key) || open(value)))
    });
    plain
        || selector.items_at("matchExpressions").any(|item| {
            let key = item.get("key").map_or("", NodeRef::text);
            let operator = item.str_at("operator");
            let known = matches!(operator, Some("In" | "NotIn" | "Exists" | "DoesNotExist"));
            !known || ADDED.contains(&key) || item.items_at("values").any(open)
        })
}

/// Another object made it.
pub(crate) fn is_owned(object: Object<'_>) -> bool {
    let owners = object.metadata().and_then(|metadata| metadata.get("ownerReferences"));
    owners.is_some_and(|owners| !owners.is_empty())
}

/// The kubelet of one node runs it from a file.
fn is_static_pod(object: Object<'_>) -> bool {
    let annotations = object.annotations();
    annotations.contains("kubernetes.io/config.source")
        || annotations.contains("kubernetes.io/config.mirror")
        || (object.namespace() == Some("kube-system")
            && object.labels().get("tier") == Some("control-plane"))
}

/// Its pods cannot share a node anyway, or must.
fn is_pinned(workload: Workload<'_>) -> bool {
    let pod = workload.pod();
    pod.get("nodeName").is_some()
        || pod.path("nodeSelector").is_some_and(|n| n.value("kubernetes.io/hostname").is_some())
        || workload
            .main_containers()
            .any(|c| c.ports().any(|port| port.i64_at("hostPort").is_some_and(|number| number > 0)))
}

/// Made to run once: it stops before it starts anew, holds a volume of one node, only the leader
/// works, or it is a database, whose second copy would start with data of its own.
fn is_singleton<'t>(workload: Workload<'t>, ctx: &Ctx<'_, 't>) -> bool {
    let root = workload.object().root();
    if root.str_at("spec.strategy.type") == Some("Recreate")
        || databases::of(workload).next().is_some()
    {
        return true;
    }
    let elects = |arg: NodeRef<'_>| {
        let name = arg.text().trim_start_matches('-');
        let (name, value) = name.split_once('=').unwrap_or((name, "true"));
        name.contains("leader-elect") && value != "false"
    };
    if workload.main_containers().any(|container| {
        let node = container.node();
        node.items_at("args").chain(node.items_at("command")).any(elects)
    }) {
        return true;
    }
    let namespace = workload.object().namespace_key();
    workload.volumes().any(|volume| {
        volume.str_at("persistentVolumeClaim.claimName").is_some_and(|claim| {
            ctx.index().find(Kind::PersistentVolumeClaim, namespace, claim).iter().any(|claim| {
                claim
                    .root()
                    .items_at("spec.accessModes")
                    .all(|mode| matches!(mode.text(), "ReadWriteOnce" | "ReadWriteOncePod"))
            })
        })
    })
}

/// Nobody waits for its answer: its namespace shows Services, and none leads to it.
fn is_worker(workload: Workload<'_>, ctx: &Ctx<'_, '_>) -> bool {
    let index = ctx.index();
    let namespace = workload.object().namespace_key();
    index.services_of(workload).is_empty()
        && index
            .objects_in(Kind::Service, namespace)
            .any(|service| index.same_directory(service, workload.object()))
}

/// Order of place: by file, then by line.
pub(crate) fn precedes(a: Object<'_>, b: Object<'_>) -> bool {
    let at = |o: Object<'_>| (o.root().tree().source(), o.root().index());
    at(a) < at(b)
}
