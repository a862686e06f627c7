//! What a namespace's LimitRanges make of the resources that a manifest asks for.

use kubeready_manifest::kube::{Container, Kind, Object, Quantity, Role, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use crate::engine::Ctx;

/// The API server refuses pods and claims outside the bounds, after the defaults are filled in.
pub(crate) fn limit_range_violation<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let all = index.limit_ranges_in(object.namespace_key());
    if all.is_empty() {
        return ctx.pass_over();
    }
    let near = all.iter().filter(|range| index.same_directory(object, **range));
    let bounds: Vec<Bound<'t>> = near
        .flat_map(|&range| range.items_at("spec.limits").map(move |item| Bound { range, item }))
        .collect();
    if bounds.is_empty() {
        return ctx.pass_over();
    }
    if let Some(workload) = ctx.workload() {
        for container in workload.containers().filter(|c| c.role() != Role::Ephemeral) {
            judge_container(container, &bounds, ctx);
        }
        judge_pod(workload, &bounds, ctx);
        for claim in workload.claim_templates() {
            judge_claim(claim, &bounds, ctx);
        }
    } else if object.kind() == Kind::PersistentVolumeClaim {
        judge_claim(object.root(), &bounds, ctx);
    } else {
        ctx.pass_over();
    }
}

/// One entry of a LimitRange's `spec.limits`.
#[derive(Clone, Copy)]
struct Bound<'t> {
    range: Object<'t>,
    item: NodeRef<'t>,
}

impl<'t> Bound<'t> {
    fn is_for(&self, what: &str) -> bool {
        self.item.str_at("type") == Some(what)
    }

    /// The bounds of a field by resource.
    fn each(self, field: &str) -> impl Iterator<Item = (&'t str, NodeRef<'t>, Quantity)> {
        let entries = self.item.get(field).into_iter().flat_map(NodeRef::entries);
        entries.filter_map(|(key, node)| Some((key.text(), node, Quantity::read(node)?)))
    }

    fn value(&self, field: &str, resource: &str) -> Option<Quantity> {
        self.item.get(field)?.get(resource).and_then(Quantity::read)
    }
}

/// A container's request and limit of one resource as the API server judges them.
struct Asked<'t> {
    /// The written request, or the written limit that stands in for it.
    request: Option<(NodeRef<'t>, Quantity)>,
    limit: Option<(NodeRef<'t>, Quantity)>,
    default_limit: Option<Quantity>,
    default_request: Option<Quantity>,
}

impl<'t> Asked<'t> {
    fn of(container: Container<'t>, resource: &str, bounds: &[Bound<'t>]) -> Self {
        let read = |node: NodeRef<'t>| Some((node, Quantity::read(node)?));
        let limit = container.limit(resource);
        let request = container.request(resource).or(limit);
        let default = |fields: &[&str]| {
            let mut own = bounds.iter().filter(|b| b.is_for("Container"));
            own.find_map(|b| fields.iter().find_map(|field| b.value(field, resource)))
        };
        Self {
            request: request.and_then(read),
            limit: limit.and_then(read),
            default_limit: default(&["default", "max"]),
            default_request: default(&["defaultRequest", "default", "max", "min"]),
        }
    }

    fn effective_limit(&self) -> Option<Quantity> {
        self.limit.map(|(_, value)| value).or(self.default_limit)
    }

    fn effective_request(&self) -> Option<Quantity> {
        self.request.map(|(_, value)| value).or(self.default_request)
    }
}

fn judge_claim<'t>(claim: NodeRef<'t>, bounds: &[Bound<'t>], ctx: &mut Ctx<'_, 't>) {
    let Some(node) = claim.path("spec.resources.requests.storage") else { return };
    let Some(asked) = Quantity::read(node) else { return };
    let name = claim.str_at("metadata.name").unwrap_or("");
    for bound in bounds.iter().filter(|b| b.is_for("PersistentVolumeClaim")) {
        let owner = || format!("claim `{name}`");
        if let Some((_, most, _)) =
            bound.each("max").find(|&(r, _, max)| r == "storage" && asked > max)
        {
            outside(node, &owner(), "storage", ("at most", most), bound, ctx);
        } else if let Some((_, least, _)) =
            bound.each("min").find(|&(r, _, min)| r == "storage" && asked < min)
        {
            outside(node, &owner(), "storage", ("at least", least), bound, ctx);
        }
    }
}

fn judge_container<'t>(container: Container<'t>, bounds: &[Bound<'t>], ctx: &mut Ctx<'_, 't>) {
    let owner = || format!("container `{}`", container.name());
    for bound in bounds.iter().filter(|b| b.is_for("Container")) {
        for (resource, most, max) in bound.each("max") {
            let asked = Asked::of(container, resource, bounds);
            let over = [asked.limit, asked.request].into_iter().flatten().find(|(_, v)| *v > max);
            if let Some((node, _)) = over {
                outside(node, &owner(), resource, ("at most", most), bound, ctx).container =
                    Some(container.name().to_owned());
            }
        }
        for (resource, least, min) in bound.each("min") {
            let asked = Asked::of(container, resource, bounds);
            let under = [asked.request, asked.limit].into_iter().flatten().find(|(_, v)| *v < min);
            if let Some((node, _)) = under {
                outside(node, &owner(), resource, ("at least", least), bound, ctx).container =
                    Some(container.name().to_owned());
            }
        }
        judge_default(container, bound, bounds, ctx);
        judge_ratio(container, bound, bounds, ctx);
    }
}

/// A request that is above the limit which the LimitRange fills in.
fn judge_default<'t>(
    container: Container<'t>,
    bound: &Bound<'t>,
    bounds: &[Bound<'t>],
    ctx: &mut Ctx<'_, 't>,
) {
    for (resource, node, default) in bound.each("default") {
        let asked = Asked::of(container, resource, bounds);
        // Above the maximum too: said already.
        if asked.limit.is_some() || bound.value("max", resource).is_some_and(|max| max <= default) {
            continue;
        }
        let Some((request, _)) = asked.request.filter(|(_, value)| *value > default) else {
            continue;
        };
        let message = format!(
            "container `{}` requests `{}` of {resource}, more than the default limit of `{}`",
            container.name(),
            request.text(),
            node.text()
        );
        let finding = ctx.report(request.here(), message);
        finding
            .label("above the default limit")
            .related(
                node.span(),
                format!("LimitRange `{}` fills this limit in", bound.range.name()),
            )
            .help(format!("set `resources.limits.{resource}` to at least the request"));
        finding.container = Some(container.name().to_owned());
    }
}

fn judge_ratio<'t>(
    container: Container<'t>,
    bound: &Bound<'t>,
    bounds: &[Bound<'t>],
    ctx: &mut Ctx<'_, 't>,
) {
    for (resource, node, ratio) in bound.each("maxLimitRequestRatio") {
        let asked = Asked::of(container, resource, bounds);
        let found = match (asked.effective_limit(), asked.effective_request()) {
            (Some(limit), Some(request)) => limit.ratio(request),
            _ => continue,
        };
        let (Some(found), Some(most)) = (found, ratio.ratio(Quantity::whole(1))) else { continue };
        // Both from the LimitRange: then it contradicts itself, and no manifest is to blame.
        let Some((at, _)) = asked.limit.or(asked.request).filter(|_| found > most) else {
            continue;
        };
        let message = format!(
            "container `{}` has a {resource} limit of {found:.1} times its request, and at most `{}` is allowed",
            container.name(),
            node.text()
        );
        let finding = ctx.report(at.here(), message);
        finding
            .related(node.span(), format!("LimitRange `{}` allows this ratio", bound.range.name()))
            .help("raise the request or lower the limit");
        finding.container = Some(container.name().to_owned());
    }
}

/// Bounds of type `Pod` hold for the sum over the containers that run together.
fn judge_pod<'t>(workload: Workload<'t>, bounds: &[Bound<'t>], ctx: &mut Ctx<'_, 't>) {
    // A sum with an amount that a template fills in is not known.
    let readable = |resource: &str| {
        workload.running_containers().all(|c| {
            [c.limit(resource), c.request(resource)]
                .into_iter()
                .flatten()
                .all(|node| Quantity::read(node).is_some())
        })
    };
    for bound in bounds.iter().filter(|b| b.is_for("Pod")) {
        let sum = |resource: &str, of: fn(&Asked<'t>) -> Option<Quantity>| {
            let running = workload.running_containers();
            let mut amounts =
                running.filter_map(|c| of(&Asked::of(c, resource, bounds))).peekable();
            amounts.peek()?;
            Some(amounts.fold(Quantity::ZERO, |sum, amount| sum + amount))
        };
        for (resource, node, max) in bound.each("max").filter(|b| readable(b.0)) {
            let limits = sum(resource, Asked::effective_limit);
            let requests = sum(resource, Asked::effective_request);
            if limits.is_none_or(|sum| sum > max) || requests.is_some_and(|sum| sum > max) {
                let what =
                    if limits.is_none() { "set no limit of" } else { "together ask for more" };
                pod_outside(workload, what, resource, ("at most", node), bound, ctx);
            }
        }
        for (resource, node, min) in bound.each("min").filter(|b| readable(b.0)) {
            if sum(resource, Asked::effective_request).is_none_or(|sum| sum < min) {
                let what = "together ask for less";
                pod_outside(workload, what, resource, ("at least", node), bound, ctx);
            }
        }
    }
}

fn outside<'c, 't>(
    node: NodeRef<'t>,
    owner: &str,
    resource: &str,
    (word, limit): (&str, NodeRef<'t>),
    bound: &Bound<'t>,
    ctx: &'c mut Ctx<'_, 't>,
) -> &'c mut crate::finding::Finding {
    let range = bound.range.name();
    let message = format!(
        "{owner} asks for `{}` of {resource}, and LimitRange `{range}` allows {word} `{}`",
        node.text(),
        limit.text()
    );
    ctx.report(Place::value(node), message)
        .label("the API server refuses this")
        .related(limit.span(), format!("{word} this"))
        .help(format!("stay within the bounds, or change LimitRange `{range}`"))
}

fn pod_outside<'t>(
    workload: Workload<'t>,
    what: &str,
    resource: &str,
    (word, limit): (&str, NodeRef<'t>),
    bound: &Bound<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    let range = bound.range.name();
    let message = format!(
        "the containers of `{}` {what} {resource}, and LimitRange `{range}` allows {word} `{}` a pod",
        workload.name(),
        limit.text()
    );
    ctx.report(workload.place(), message)
        .label("the API server refuses its pods")
        .related(limit.span(), format!("{word} this for all containers of a pod"))
        .help(format!("change the containers' resources, or LimitRange `{range}`"));
}
