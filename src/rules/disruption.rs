//! PodDisruptionBudgets.

use kubeready_manifest::kube::{IntOrPercent, Kind, Labels, Object, Selector, Workload};
use kubeready_manifest::yaml::NodeRef;

use super::replicas::{Count, hides_workloads, is_owned};
use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::index::{Index, MANY};
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// A budget that selects nothing guards nothing.
pub(crate) fn dangling_pdb<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = selector(object) else { return ctx.pass_over() };
    let index = ctx.index();
    let namespace = object.namespace_key();
    if index.workloads_in(namespace).is_empty() {
        return;
    }
    let selector = Selector::label_selector(node);
    let nothing = selector.is_empty() && object.version() == "v1beta1";
    if !nothing && (index.selects_any(&selector, namespace) || is_in_doubt(index, namespace, node))
    {
        return;
    }
    let message = format!("PodDisruptionBudget `{}` selects no workload", object.name());
    let finding = ctx.report(object.at("spec.selector"), message);
    finding.label("matches no pods");
    if nothing {
        finding.help("in `policy/v1beta1` an empty selector selects nothing; name the labels");
    } else {
        finding.help("select labels of a pod template of the same namespace, or remove the budget");
    }
}

/// A workload of several pods without a budget may lose them all to one drain.
pub(crate) fn missing_pod_disruption_budget<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let object = workload.object();
    let counted = matches!(
        workload.kind(),
        Kind::Deployment
            | Kind::StatefulSet
            | Kind::DeploymentConfig
            | Kind::Rollout
            | Kind::ReplicaSet
            | Kind::ReplicationController
    );
    if !counted || is_owned(object) || object.is_hook() {
        return ctx.pass_over();
    }
    let index = ctx.index();
    if !matches!(Count::of(index, workload), Count::Written(n) if n >= 2) {
        return ctx.pass_over();
    }
    if !index.budgets_of(workload).is_empty() || is_meant_by_a_budget(workload, index) {
        return;
    }
    let (kind, name) = (workload.kind_name(), workload.name());
    let message = format!("no PodDisruptionBudget selects {kind} `{name}`");
    ctx.report(workload.place(), message)
        .label("any number of its pods may be evicted at once")
        .help("add a PodDisruptionBudget with `maxUnavailable: 1` that selects the labels of its pods");
}

/// The eviction API answers with an error where two budgets select one pod.
pub(crate) fn overlapping_pdbs<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let budgets = index.budgets_of(workload);
    if budgets.is_empty() {
        return ctx.pass_over();
    }
    for (at, &second) in budgets.iter().enumerate().take(MANY).skip(1) {
        let rival = budgets.iter().take(at).find(|first| {
            index.same_directory(**first, second)
                && index.belong_together(workload.object(), second)
                && first.name() != second.name()
                && first.namespace() == second.namespace()
                && index.standing(**first) != Standing::Unrendered
        });
        let Some(&first) = rival else { continue };
        let message = format!(
            "{} `{}` is selected by two PodDisruptionBudgets, `{}` and `{}`",
            workload.kind_name(),
            workload.name(),
            first.name(),
            second.name()
        );
        ctx.report(workload.place(), message)
            .label("its pods cannot be evicted")
            .help("keep one budget for these pods, or narrow a selector")
            .related(first.at("spec.selector").span, "the first budget")
            .related(second.at("spec.selector").span, "the second budget");
        return;
    }
}

/// A budget that wants every pod there is stops the drain of their nodes.
pub(crate) fn pdb_blocks_drain<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = selector(object) else { return ctx.pass_over() };
    let Some(written) = object.path("spec.minAvailable") else { return };
    let Some(wanted) = IntOrPercent::read(written) else { return };
    let whole = matches!(wanted, IntOrPercent::Percent(share) if share >= 100);
    let selector = Selector::label_selector(node);
    if whole || (selector.is_empty() && object.version() == "v1beta1") {
        return;
    }
    let index = ctx.index();
    let selected = index.selected_beside(&selector, object).filter(|w| !is_owned(w.object()));
    let selected: Vec<_> = selected.take(MANY + 1).collect();
    if selected.len() > MANY {
        return;
    }
    let Some((running, open)) = total(&selected, index) else { return };
    let needed = wanted.of_rounded_up(running);
    let Some(workload) = selected.first().filter(|_| needed >= running) else { return };
    let (kind, name) = (workload.kind_name(), workload.name());
    let budget = object.name();
    let whose =
        if selected.len() == 1 { format!("{kind} `{name}`") } else { "its workloads".to_owned() };
    let finding = if needed > running {
        let message = format!(
            "{whose} keeps {running} of the {needed} pods that PodDisruptionBudget `{budget}` wants"
        );
        ctx.report(decided_at(*workload, index), message)
            .on(resource_id(workload.object()))
            .label("too few for its budget: no pod can be evicted")
            .help(format!("run more than {needed} replicas, or lower `spec.minAvailable`"))
            .related(written.span(), "the budget")
    } else {
        let message = format!("PodDisruptionBudget `{budget}` keeps all {running} pods of {whose}");
        ctx.report(written.here(), message)
            .label("no pod can be evicted")
            .help(format!(
                "set `maxUnavailable: 1` instead, or run at least {} replicas",
                enough(wanted)
            ))
            .related(decided_at(*workload, index).span, "the number of replicas")
    };
    // A budget for several of one pod hints at a number that is set somewhere else.
    if open && (needed > 1 || matches!(wanted, IntOrPercent::Percent(_))) {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// A budget of nothing makes every node drain wait for ever.
pub(crate) fn pdb_zero_disruptions<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    // Also one whose `apiVersion` was written without its group.
    if object.kind_name() != "PodDisruptionBudget" || !matches!(object.group(), "policy" | "") {
        return ctx.pass_over();
    }
    let read = |path| object.path(path).and_then(|n| IntOrPercent::read(n).map(|v| (n, v)));
    let (node, what) = match (read("spec.maxUnavailable"), read("spec.minAvailable")) {
        (Some((node, IntOrPercent::Int(0) | IntOrPercent::Percent(0))), _) => {
            (node, "lets no pod be unavailable")
        }
        (None, Some((node, IntOrPercent::Percent(share)))) if share >= 100 => {
            (node, "wants every pod available")
        }
        _ => return,
    };
    let message = format!("PodDisruptionBudget `{}` {what}", object.name());
    ctx.report(node.here(), message)
        .label("no pod can ever be evicted")
        .help("set `maxUnavailable: 1`, so that a node can be drained pod by pod");
}

/// The selector of a budget.
fn selector(object: Object<'_>) -> Option<NodeRef<'_>> {
    if object.kind() != Kind::PodDisruptionBudget {
        return None;
    }
    object.path("spec.selector").filter(|node| node.is_map())
}

/// Pods that workloads keep at least, all together, and whether a number among them is not written;
/// `None` where one cannot be known.
fn total(workloads: &[Workload<'_>], index: &Index<'_>) -> Option<(i64, bool)> {
    let mut running = 0;
    let mut open = false;
    for &workload in workloads {
        running += match Count::of(index, workload) {
            // Switched off: there is nothing to evict.
            Count::Written(0) if index.autoscalers_of(workload).is_empty() => return None,
            Count::Written(n) => n.max(1),
            Count::Open => {
                open = true;
                1
            }
            Count::Unknown => return None,
        };
    }
    (running > 0).then_some((running, open))
}

/// As many pods as leave one to evict.
fn enough(wanted: IntOrPercent) -> i64 {
    match wanted {
        IntOrPercent::Int(number) => number.saturating_add(1),
        IntOrPercent::Percent(share) => {
            let spare = 100_i64.saturating_sub(share).max(1);
            99_i64.saturating_add(spare).div_euclid(spare)
        }
    }
}

/// Where a workload's number of pods is decided.
fn decided_at<'t>(
    workload: Workload<'t>,
    index: &Index<'t>,
) -> kubeready_manifest::yaml::Place<'t> {
    if let Some(autoscaler) = index.autoscalers_of(workload).first() {
        let field = match autoscaler.kind() {
            Kind::ScaledObject => "spec.minReplicaCount",
            _ => "spec.minReplicas",
        };
        return autoscaler.at(field);
    }
    let written = workload.object().at("spec.replicas");
    if written.is_written() { written } else { workload.place() }
}

/// The pods of an unmatched budget may come from where no manifest shows them: an operator that
/// labels them with its own domain, a chart that is not rendered.
fn is_in_doubt(index: &Index<'_>, namespace: &str, selector: NodeRef<'_>) -> bool {
    const COMMON: &[&str] = &["app.kubernetes.io", "helm.sh", "k8s.io", "kubernetes.io"];
    let operated = |key: NodeRef<'_>| {
        key.text().split_once('/').is_some_and(|(domain, _)| !COMMON.contains(&domain))
    };
    let labels = selector.get("matchLabels");
    let mut pairs = labels.into_iter().flat_map(NodeRef::entries);
    let mut expressions = selector.items_at("matchExpressions");
    pairs.any(|(key, value)| operated(key) || is_placeholder(value.text()) || !value.is_scalar())
        || expressions.any(|item| {
            item.get("key").is_some_and(operated)
                || item.items_at("values").any(|value| is_placeholder(value.text()))
        })
        || hides_workloads(index, namespace)
}

/// A budget that matches the workload's own selector was made for it; that the pods do not carry
/// these labels is `mismatching-selector`'s to say.
fn is_meant_by_a_budget(workload: Workload<'_>, index: &Index<'_>) -> bool {
    let Some(labels) = workload.object().path("spec.selector.matchLabels") else { return false };
    let namespace = workload.object().namespace_key();
    let budgets = index.budgets_for(Labels::of(Some(labels)), namespace);
    budgets.iter().any(|budget| selector(*budget).is_some_and(|node| !node.is_empty()))
}
