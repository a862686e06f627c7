//! Autoscalers: that they have a target, a metric that can be read, and no rival.

use kubeready_manifest::kube::{Container, Kind, Object, Workload};
use kubeready_manifest::yaml::{NodeRef, Place, Writer};
use rustc_hash::FxHashMap;

use super::hides_workloads;
use crate::catalogue::{Confidence, Profile, Severity, options};
use crate::engine::{Ctx, resource_id};
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// An autoscaler without a target scales nothing, silently.
pub(crate) fn dangling_hpa<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::HorizontalPodAutoscaler {
        return ctx.pass_over();
    }
    let Some((kind, kind_name, name)) = target(object) else { return };
    let index = ctx.index();
    let namespace = object.namespace_key();
    let is_it = |o: &&Object<'_>| o.kind_name() == kind_name;
    if index.find(kind, namespace, name).iter().any(|o| is_it(&o))
        || hides_workloads(index, namespace)
    {
        return;
    }
    let elsewhere = index.objects(kind).iter().filter(is_it).find(|o| o.name() == name);
    let elsewhere = elsewhere.filter(|_| kind != Kind::Other);
    let message = format!(
        "HorizontalPodAutoscaler `{}` scales {kind_name} `{name}`, which does not exist",
        object.name()
    );
    let finding = ctx.report(object.at("spec.scaleTargetRef.name"), message);
    finding.label("no such workload");
    if let Some(other) = elsewhere {
        finding.help("put the autoscaler into the namespace of its target");
        finding.related(other.place().span, "there is one in another namespace");
    } else {
        finding.help("name a workload of the same namespace in `spec.scaleTargetRef`");
    }
    // A custom resource may be made by something that is not in these files.
    if kind == Kind::Other {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
}

/// Two autoscalers of one workload undo each other's decisions.
pub(crate) fn duplicate_hpa<'t>(index: &Index<'t>, ctx: &mut Ctx<'_, 't>) {
    if index.objects(Kind::HorizontalPodAutoscaler).is_empty() {
        return ctx.pass_over();
    }
    let mut seen: FxHashMap<(&str, Kind, &str, &str), Vec<Object<'t>>> = FxHashMap::default();
    for &object in index.objects(Kind::HorizontalPodAutoscaler) {
        if index.standing(object) != Standing::Judged {
            continue;
        }
        let Some((kind, kind_name, name)) = target(object) else { continue };
        let others = seen.entry((object.namespace_key(), kind, kind_name, name)).or_default();
        let rival = others.iter().find(|other| {
            index.same_directory(**other, object)
                && other.namespace() == object.namespace()
                && other.name() != object.name()
        });
        if let Some(rival) = rival {
            let message = format!(
                "HorizontalPodAutoscalers `{}` and `{}` both scale {kind_name} `{name}`",
                rival.name(),
                object.name()
            );
            let finding = ctx.report(object.at("spec.scaleTargetRef.name"), message);
            if index.may_be_variants(*rival, object) {
                finding.severity(Severity::Warning).confidence(Confidence::Likely);
            }
            finding
                .on(resource_id(object))
                .label("scaled twice")
                .help("keep one autoscaler and put the metrics of both into it")
                .related(rival.at("spec.scaleTargetRef.name").span, "the other one");
        }
        others.push(object);
    }
}

/// A ceiling bounds what a runaway metric may cost.
pub(crate) fn hpa_max_out_of_range<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let field = match object.kind() {
        Kind::HorizontalPodAutoscaler => "maxReplicas",
        Kind::ScaledObject => "maxReplicaCount",
        _ => return ctx.pass_over(),
    };
    let written = object.spec().and_then(|spec| spec.get(field));
    let default = (object.kind() == Kind::ScaledObject).then_some(100);
    let Some(most) = written.map_or(default, NodeRef::as_i64) else { return };
    let lowest = ctx.option(&options::HPA_MAX_OUT_OF_RANGE_LOWEST);
    let ceiling = ctx.option(&options::HPA_MAX_OUT_OF_RANGE_CEILING);
    // From zero to few is a switch: what matters is whether it runs at all.
    if (lowest..=ceiling).contains(&most) || most < lowest && sleeps(object) {
        return;
    }
    let message = format!(
        "{} `{}` may scale to {most} replicas, outside {lowest} to {ceiling}",
        object.kind_name(),
        object.name()
    );
    ctx.report(object.at(&format!("spec.{field}")), message)
        .help(format!("set `spec.{field}` to a number from {lowest} to {ceiling}"));
}

/// Whether an autoscaler may stop its target altogether.
fn sleeps(object: Object<'_>) -> bool {
    match object.kind() {
        Kind::ScaledObject => object.i64_at("spec.minReplicaCount").unwrap_or(0) == 0,
        _ => object.i64_at("spec.minReplicas") == Some(0),
    }
}

/// At night an autoscaler goes down to its minimum, which is then all that runs.
pub(crate) fn hpa_min_replicas_too_low<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let (path, floor) = match object.kind() {
        Kind::HorizontalPodAutoscaler => ("spec.minReplicas", 1),
        Kind::ScaledObject => ("spec.minReplicaCount", 0),
        _ => return ctx.pass_over(),
    };
    let written = object.path(path);
    let Some(least) = written.map_or(Some(floor), NodeRef::as_i64) else { return };
    // Zero is chosen for what may sleep.
    if least == 0 {
        return;
    }
    let minimum = if ctx.profile() == Profile::Critical {
        ctx.option(&options::HPA_MIN_REPLICAS_TOO_LOW_CRITICAL_MINIMUM)
    } else {
        ctx.option(&options::HPA_MIN_REPLICAS_TOO_LOW_MINIMUM)
    };
    if least >= minimum {
        return;
    }
    let message = format!(
        "{} `{}` may scale down to {least}{}",
        object.kind_name(),
        object.name(),
        if written.is_some() { "" } else { ", as it sets no minimum" }
    );
    ctx.report(object.at(path), message).help(format!("set `{path}` to at least {minimum}"));
}

/// A share of a request that is not there is no number: the autoscaler never acts.
pub(crate) fn hpa_without_requests<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !matches!(object.kind(), Kind::HorizontalPodAutoscaler | Kind::ScaledObject) {
        return ctx.pass_over();
    }
    let metrics = utilizations(object);
    if metrics.is_empty() {
        return;
    }
    let index = ctx.index();
    let namespace = object.namespace_key();
    let targets = index.scale_targets(object);
    for &workload in &targets {
        // Of several variants, the one beside the autoscaler is meant.
        if targets.len() > 1 && !index.same_directory(object, workload.object()) {
            continue;
        }
        for metric in &metrics {
            let Some(container) = without_request(workload, metric) else { continue };
            if has_default(index, namespace, metric.resource) {
                continue;
            }
            let message = format!(
                "{} `{}` scales by {} utilization, but container `{}` requests none",
                object.kind_name(),
                object.name(),
                metric.resource,
                container.name()
            );
            ctx.report(metric.place.clone(), message)
                .help(format!(
                    "set `resources.requests.{}` on every container of {} `{}`",
                    metric.resource,
                    workload.kind_name(),
                    workload.name()
                ))
                .related(container.place().span, "this container");
        }
    }
}

/// Every sync from Git sets the number back that the autoscaler has found.
pub(crate) fn replicas_set_with_hpa<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let Some(&autoscaler) = index.autoscalers_of(workload).first() else { return ctx.pass_over() };
    let object = workload.object();
    let Some(replicas) = object.path("spec.replicas").filter(|n| n.is_scalar()) else { return };
    // Zero switches the autoscaler off.
    if replicas.as_i64() == Some(0)
        || *index.notes().argo_leaves_replicas.get_or_init(|| is_ignored_by_argo(index))
    {
        return;
    }
    // A chart's default that nobody wrote is applied with upgrades only, and what it does then is the
    // chart's affair.
    if replicas.before().is_some_and(|key| key.span() == replicas.span()) {
        return;
    }
    let message = format!(
        "{} `{}` sets `replicas`, which {} `{}` decides",
        workload.kind_name(),
        workload.name(),
        autoscaler.kind_name(),
        autoscaler.name()
    );
    let by_chart = matches!(replicas.writer(), Writer::Values | Writer::Template);
    let help = if by_chart {
        "leave the number out where an autoscaler decides: a condition in the template, or \
         `replicas: null` where the chart understands it"
    } else {
        "remove `spec.replicas`; where it was applied before, the removal falls back to 1 once: take \
         it out with `kubectl apply edit-last-applied` first, or under server-side apply set it to \
         the present number first"
    };
    ctx.report(replicas.here(), message)
        .label("set back with every apply")
        .help(help)
        .related(autoscaler.at("spec.scaleTargetRef").span, "the autoscaler");
}

/// What an autoscaler scales: kind, its name, and the object's name; `None` where one is missing or
/// a placeholder.
fn target<'t>(object: Object<'t>) -> Option<(Kind, &'t str, &'t str)> {
    let target = object.path("spec.scaleTargetRef")?;
    let (kind_name, name) = (target.str_at("kind")?, target.str_at("name")?);
    let api_version = target.str_at("apiVersion").unwrap_or("apps/v1");
    let open =
        [kind_name, name, api_version].into_iter().any(|t| t.is_empty() || is_placeholder(t));
    (!open).then(|| (Kind::of(api_version, kind_name), kind_name, name))
}

/// A metric that is a share of what containers request.
struct Utilization<'t> {
    resource: &'t str,
    /// Of this container only.
    container: Option<&'t str>,
    place: Place<'t>,
}

fn utilizations<'t>(object: Object<'t>) -> Vec<Utilization<'t>> {
    let root = object.root();
    let of = |node: NodeRef<'t>, container, place| {
        let resource = node.str_at("name")?;
        let target = node.get("target").unwrap_or(node);
        let shared = target.str_at("type") == Some("Utilization")
            || target.get("averageUtilization").is_some()
            || node.get("targetAverageUtilization").is_some();
        shared.then_some(Utilization { resource, container, place })
    };
    if object.kind() == Kind::ScaledObject {
        let cpu_or_memory = |trigger: NodeRef<'t>| {
            let resource = trigger.str_at("type").filter(|t| matches!(*t, "cpu" | "memory"))?;
            let kind = trigger.str_at("metricType").or_else(|| trigger.str_at("metadata.type"))?;
            (kind == "Utilization").then(|| Utilization {
                resource,
                container: trigger.str_at("metadata.containerName"),
                place: trigger.at("type"),
            })
        };
        return root.items_at("spec.triggers").filter_map(cpu_or_memory).collect();
    }
    let metrics: Vec<_> = root.items_at("spec.metrics").collect();
    if metrics.is_empty() {
        // The API server fills in 80 % of the CPU.
        let place = root.at("spec.targetCPUUtilizationPercentage");
        return vec![Utilization { resource: "cpu", container: None, place }];
    }
    let read = |metric: NodeRef<'t>| match metric.str_at("type")? {
        "Resource" => {
            let node = metric.get("resource")?;
            of(node, None, node.at("name"))
        }
        "ContainerResource" => {
            let node = metric.get("containerResource")?;
            of(node, Some(node.str_at("container")?), node.at("name"))
        }
        _ => None,
    };
    metrics.into_iter().filter_map(read).collect()
}

/// A container that the metric counts and that requests nothing of the resource.
fn without_request<'t>(workload: Workload<'t>, metric: &Utilization<'_>) -> Option<Container<'t>> {
    let whole = |list| workload.pod().path(list).is_some_and(|n| n.get(metric.resource).is_some());
    if whole("resources.requests") || whole("resources.limits") {
        return None;
    }
    workload.main_containers().find(|container| {
        metric.container.is_none_or(|name| name == container.name())
            && container.request(metric.resource).is_none()
            && container.limit(metric.resource).is_none()
    })
}

/// A LimitRange of the namespace fills the request in.
fn has_default(index: &Index<'_>, namespace: &str, resource: &str) -> bool {
    index.objects_in(Kind::LimitRange, namespace).any(|range| {
        range.items_at("spec.limits").any(|limit| {
            let fills =
                |list| limit.get(list).is_some_and(|n: NodeRef<'_>| n.get(resource).is_some());
            limit.str_at("type") == Some("Container")
                && (fills("defaultRequest") || fills("default"))
        })
    })
}

/// An Argo CD Application leaves `spec.replicas` alone.
fn is_ignored_by_argo(index: &Index<'_>) -> bool {
    let ignores = |object: &Object<'_>, list: &str| {
        object.root().items_at(list).any(|rule| {
            let names = |node: NodeRef<'_>| {
                matches!(
                    node.text(),
                    "/spec/replicas" | ".spec.replicas" | "kube-controller-manager"
                )
            };
            rule.items_at("jsonPointers").any(names)
                || rule.items_at("jqPathExpressions").any(names)
                || rule.items_at("managedFieldsManagers").any(names)
        })
    };
    index.objects(Kind::Application).iter().any(|o| ignores(o, "spec.ignoreDifferences"))
        || (index.objects(Kind::ApplicationSet).iter())
            .any(|o| ignores(o, "spec.template.spec.ignoreDifferences"))
}
