//! Requests, limits, quantities, quotas and limit ranges.

mod limit_range;
mod quantities;

pub(crate) use limit_range::limit_range_violation;
pub(crate) use quantities::{request_exceeds_limit, suspicious_quantity_unit};

use kubeready_manifest::kube::{Container, Kind, Object, Quantity, Role, Selector, Workload};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::options;
use crate::engine::Ctx;
use crate::index::Namespace;
use crate::set::Standing;

/// A container without one may use every core of its node, at its neighbours' cost.
pub(crate) fn missing_cpu_limit<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_judged(container, ctx.option(&options::MISSING_CPU_LIMIT_INIT_CONTAINERS))
        || has_limit(container, "cpu", ctx)
    {
        return;
    }
    let message = format!("container `{}` has no CPU limit", container.name());
    ctx.report(container.at("resources.limits.cpu"), message)
        .help("set `resources.limits.cpu`, well above what the container uses at its busiest");
}

/// The scheduler packs nodes by requests: one that asks for nothing is squeezed first.
pub(crate) fn missing_cpu_request<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_judged(container, ctx.option(&options::MISSING_CPU_REQUEST_INIT_CONTAINERS))
        || has_request(container, "cpu", ctx)
    {
        return;
    }
    let message = format!("container `{}` has no CPU request", container.name());
    ctx.report(container.at("resources.requests.cpu"), message).help(
        "set `resources.requests.cpu` to what the container uses on a normal day, such as `100m`",
    );
}

/// Without one a leak takes the node's memory, and the kernel picks whom to kill.
pub(crate) fn missing_memory_limit<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_judged(container, ctx.option(&options::MISSING_MEMORY_LIMIT_INIT_CONTAINERS))
        || has_limit(container, "memory", ctx)
    {
        return;
    }
    let message = format!("container `{}` has no memory limit", container.name());
    ctx.report(container.at("resources.limits.memory"), message)
        .help("set `resources.limits.memory` above what the container uses at its busiest, such as `256Mi`");
}

/// A pod that asks for no memory lands on a full node and is evicted first.
pub(crate) fn missing_memory_request<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_judged(container, ctx.option(&options::MISSING_MEMORY_REQUEST_INIT_CONTAINERS))
        || has_request(container, "memory", ctx)
    {
        return;
    }
    let message = format!("container `{}` has no memory request", container.name());
    ctx.report(container.at("resources.requests.memory"), message)
        .help("set `resources.requests.memory` to what the container uses on a normal day, such as `128Mi`");
}

/// One careless manifest without requests gets no defaults and no bounds.
pub(crate) fn namespace_without_limit_range<'t>(namespace: &Namespace<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(object) = declared_with_workloads(namespace, ctx) else { return ctx.pass_over() };
    if !ctx.index().limit_ranges_in(namespace.name).is_empty()
        || makes_for_namespaces("LimitRange", ctx)
    {
        return;
    }
    let message = format!("namespace `{}` has no LimitRange", namespace.name);
    ctx.report(object.place(), message)
        .label("no default requests and limits here")
        .help("add a LimitRange with `default` and `defaultRequest` for containers");
}

/// One namespace may take the whole cluster.
pub(crate) fn namespace_without_resource_quota<'t>(
    namespace: &Namespace<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    const HELP: &str =
        "add a ResourceQuota that bounds `requests.cpu`, `requests.memory` and `limits.memory`";
    let Some(object) = declared_with_workloads(namespace, ctx) else { return ctx.pass_over() };
    if ctx.index().objects_in(Kind::ResourceQuota, namespace.name).next().is_some()
        || under_cluster_quota(object, ctx)
        || makes_for_namespaces("ResourceQuota", ctx)
    {
        return;
    }
    let message = format!("namespace `{}` has no ResourceQuota", namespace.name);
    let containers = namespace.workloads.iter().flat_map(|w| w.containers());
    let mut counted = containers.filter(|c| c.role() != Role::Ephemeral);
    let refused = ctx.index().limit_ranges_in(namespace.name).is_empty()
        && counted.any(|c| {
            let says = |path: &str| c.path("resources").is_some_and(|r| r.path(path).is_some());
            let requests =
                |of: &str| says(&format!("requests.{of}")) || says(&format!("limits.{of}"));
            !requests("cpu") || !requests("memory") || !says("limits.memory")
        });
    let finding = ctx.report(object.place(), message);
    finding.label("nothing bounds what its workloads take").help(if refused {
        format!("{HELP}, after a LimitRange with defaults: the quota refuses pods that name none")
    } else {
        HELP.to_owned()
    });
}

/// Pods of this class are the first to go when a node runs short of memory.
pub(crate) fn qos_best_effort<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    const COUNTED: [&str; 2] = ["cpu", "memory"];
    let mut containers = workload.containers().filter(|c| c.role() != Role::Ephemeral).peekable();
    if containers.peek().is_none() {
        return;
    }
    let asks = |resources: Option<NodeRef<'t>>| {
        resources.is_some_and(|resources| {
            ["requests", "limits"].into_iter().filter_map(|list| resources.get(list)).any(|list| {
                COUNTED.iter().any(|resource| list.get(resource).is_some_and(is_some_amount))
            })
        })
    };
    if containers.any(|c| asks(c.path("resources")))
        || (pod_level_counts(ctx) && asks(workload.pod().get("resources")))
    {
        return;
    }
    let object = workload.object();
    let given =
        |resource| gives(ctx, object, &["default", "defaultRequest", "max", "min"], resource);
    if COUNTED.into_iter().any(given) {
        return;
    }
    let message = format!(
        "pods of {} `{}` are BestEffort: no container has a request or a limit",
        workload.kind_name(),
        workload.name()
    );
    ctx.report(workload.place(), message)
        .label("evicted first under node pressure")
        .help("set `resources.requests` for CPU and memory and a memory limit on each container");
}

/// The `Namespace` object, where it is ours to judge and something runs in it.
fn declared_with_workloads<'t>(namespace: &Namespace<'t>, ctx: &Ctx<'_, 't>) -> Option<Object<'t>> {
    let object = namespace.object?;
    let system = matches!(namespace.name, "kube-system" | "kube-public" | "kube-node-lease");
    let judged = ctx.index().standing(object) == Standing::Judged;
    (judged && !system && !namespace.workloads.is_empty()).then_some(object)
}

/// Whether the namespace's LimitRanges hold one of `fields` for a container's resource. The API
/// server takes `max` as the default limit, and `min` as the default request, where none is given.
fn gives(ctx: &Ctx<'_, '_>, object: Object<'_>, fields: &[&str], resource: &str) -> bool {
    let ranges = ctx.index().limit_ranges_in(object.namespace_key());
    // Where a LimitRange without a namespace will live is known only of what lies beside it.
    let applies = |range: Object<'_>| {
        range.namespace().is_some() || ctx.index().same_directory(object, range)
    };
    ranges.iter().filter(|range| applies(**range)).any(|range| {
        range
            .root()
            .items_at("spec.limits")
            .filter(|item| item.str_at("type") == Some("Container"))
            .any(|item| fields.iter().any(|f| item.get(f).and_then(|m| m.get(resource)).is_some()))
    })
}

fn has_limit<'t>(container: Container<'t>, resource: &str, ctx: &Ctx<'_, 't>) -> bool {
    let workload = container.workload();
    container.limit(resource).is_some_and(is_some_amount)
        || (pod_level_counts(ctx) && pod_level(workload, "resources.limits", resource))
        || gives(ctx, workload.object(), &["default", "max"], resource)
}

fn has_request<'t>(container: Container<'t>, resource: &str, ctx: &Ctx<'_, 't>) -> bool {
    const GIVING: [&str; 4] = ["defaultRequest", "default", "max", "min"];
    let workload = container.workload();
    // A limit stands in for a request that is not written.
    let own = container.request(resource).or_else(|| container.limit(resource));
    own.is_some_and(is_some_amount)
        || (pod_level_counts(ctx)
            && (pod_level(workload, "resources.requests", resource)
                || pod_level(workload, "resources.limits", resource)))
        || gives(ctx, workload.object(), &GIVING, resource)
}

fn is_judged(container: Container<'_>, init_containers: bool) -> bool {
    match container.role() {
        Role::Main | Role::Sidecar => true,
        Role::Init => init_containers,
        Role::Ephemeral => false,
    }
}

/// Zero reserves and bounds nothing; what cannot be read is another rule's.
fn is_some_amount(node: NodeRef<'_>) -> bool {
    Quantity::read(node).is_none_or(|amount| !amount.is_zero())
}

/// Whether a Kyverno policy of the set makes objects of this kind for namespaces.
fn makes_for_namespaces(kind_name: &str, ctx: &Ctx<'_, '_>) -> bool {
    ctx.index().objects(Kind::ClusterPolicy).iter().any(|policy| {
        policy.items_at("spec.rules").any(|rule| {
            rule.str_at("generate.kind") == Some(kind_name)
                || rule.path("generate.cloneList").is_some()
        })
    })
}

fn pod_level(workload: Workload<'_>, list: &str, resource: &str) -> bool {
    let list = workload.pod().path(list);
    list.and_then(|list| list.get(resource)).is_some_and(is_some_amount)
}

/// Resources of the pod as a whole are on by default since Kubernetes 1.34.
fn pod_level_counts(ctx: &Ctx<'_, '_>) -> bool {
    ctx.kubernetes_version() >= 34
}

/// OpenShift: a quota over all namespaces that carry its labels or annotations.
fn under_cluster_quota<'t>(namespace: Object<'t>, ctx: &Ctx<'_, 't>) -> bool {
    ctx.index().objects(Kind::ClusterResourceQuota).iter().any(|quota| {
        let labels = quota.path("spec.selector.labels");
        let annotations = quota.path("spec.selector.annotations");
        (labels.is_some() || annotations.is_some())
            && labels.is_none_or(|l| Selector::label_selector(l).matches(namespace.labels()))
            && annotations.is_none_or(|a| Selector::map(a).matches(namespace.annotations()))
    })
}
