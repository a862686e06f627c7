//! Flux Kustomizations: what they leave behind, whether they wait for health, whether they run.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::flux_graph;
use super::flux_patches::is_patched;
use super::flux_tenants::has_flag;
use crate::catalogue::Confidence;
use crate::engine::{Ctx, resource_id};
use crate::fleet::Stage;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// What Flux cannot patch it deletes and makes again: an outage, or a volume that is gone.
pub(crate) fn flux_force_apply<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let (path, help) = match object.kind() {
        Kind::FluxKustomization => (
            "spec.force",
            "remove it; annotate the few objects that may be made again with `kustomize.toolkit.fluxcd.io/force: enabled`",
        ),
        Kind::HelmRelease => {
            ("spec.upgrade.force", "remove it: Helm then patches objects instead of replacing them")
        }
        _ => return ctx.pass_over(),
    };
    if object.root().bool_at(path) != Some(true) {
        return;
    }
    let message = format!(
        "{} `{}` replaces objects that cannot be changed in place",
        object.kind_name(),
        object.name()
    );
    ctx.report(object.at(path), message).label("deletes and makes again").help(help);
}

/// Without them the Kustomization is ready once its objects are accepted, whether they run or not.
pub(crate) fn flux_kustomization_without_health_checks<'t>(
    object: Object<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    if object.kind() != Kind::FluxKustomization || object.spec().is_none() {
        return ctx.pass_over();
    }
    let wait = object.path("spec.wait");
    if wait.is_some_and(|w| w.as_bool() != Some(false)) || has_health_checks(object) {
        return;
    }
    let index = ctx.index();
    if is_parent(object, index) || is_patched(index, object.kind(), &["healthChecks", "wait"]) {
        return;
    }
    let name = object.name();
    let dependent = flux_graph::dependent(index, object);
    let Some(dependent) = dependent else {
        // Written down, and nobody waits for it: somebody decided so.
        if wait.is_none() {
            let message = format!("Kustomization `{name}` is ready before its objects are healthy");
            ctx.report(object.at("spec.wait"), message)
                .help("set `wait: true` with a `timeout`, or list what matters in `healthChecks`");
        }
        return;
    };
    let message = format!(
        "Kustomization `{name}`, which others depend on, is ready before its objects are healthy"
    );
    ctx.report(object.at("spec.wait"), message)
        .related(dependent.span(), "starts as soon as the objects are accepted")
        .help("set `wait: true` with a `timeout`, or list what matters in `healthChecks`");
}

/// What is deleted in git lives on in the cluster, and nobody looks after it.
pub(crate) fn flux_kustomization_without_prune<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::FluxKustomization || object.spec().is_none() {
        return ctx.pass_over();
    }
    let prune = object.path("spec.prune");
    if prune.is_some_and(|p| p.as_bool() != Some(false)) || holds_definitions(object) {
        return;
    }
    if is_patched(ctx.index(), object.kind(), &["prune"]) {
        return;
    }
    let name = object.name();
    let message = match prune {
        Some(_) => {
            format!("Kustomization `{name}` leaves in the cluster what is deleted in git")
        }
        None => format!("Kustomization `{name}` does not say whether to prune"),
    };
    ctx.report(object.at("spec.prune"), message).help(
        "set `prune: true`; annotate objects that must stay with `kustomize.toolkit.fluxcd.io/prune: disabled`",
    );
}

/// A rollout that hangs blocks the next commit until the time is up: by default, a whole interval.
pub(crate) fn flux_kustomization_without_timeout<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::FluxKustomization {
        return ctx.pass_over();
    }
    let waits = object.bool_at("spec.wait") == Some(true) || has_health_checks(object);
    if !waits || is_patched(ctx.index(), object.kind(), &["timeout"]) {
        return;
    }
    // A new commit ends the wait.
    let ends = |arg: &str| arg.contains("CancelHealthCheckOnNewRevision=true");
    if has_flag(ctx.index(), &["kustomize-controller"], ends) {
        return;
    }
    let name = object.name();
    let interval = object.path("spec.interval").map_or("", NodeRef::text);
    let Some(timeout) = object.path("spec.timeout") else {
        let message =
            format!("Kustomization `{name}` waits for health as long as its interval, {interval}");
        ctx.report(object.at("spec.timeout"), message).help(
            "set `timeout` to a little more than the slowest healthy rollout takes, such as `5m`",
        );
        return;
    };
    let (Some(given), Some(every)) = (milliseconds(timeout.text()), milliseconds(interval)) else {
        return;
    };
    if given > every {
        let message = format!(
            "Kustomization `{name}` waits longer ({}) than its interval ({interval})",
            timeout.text()
        );
        ctx.report(timeout.here(), message)
            .label("longer than the interval")
            .help("make the timeout shorter than the interval");
    }
}

/// Git says one thing and the cluster does another, for as long as nobody remembers.
pub(crate) fn flux_suspended<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    const RECONCILE: &str = "fluxcd.controlplane.io/reconcile";
    let place = match object.group() {
        "fluxcd.controlplane.io" => {
            let written = object.annotations().node().and_then(|a| a.get(RECONCILE));
            written.filter(|w| w.text() == "disabled")
        }
        group if group.ends_with(".toolkit.fluxcd.io") => {
            object.path("spec.suspend").filter(|s| s.as_bool() == Some(true))
        }
        _ => return ctx.pass_over(),
    };
    let Some(place) = place else { return };
    let message = format!("{} `{}` is suspended in git", object.kind_name(), object.name());
    ctx.report(place.here(), message)
        .label("what is committed has no effect")
        .help("remove it once the reason is gone; for a short stop use `flux suspend` and leave git alone");
}

/// Flux fails in silence: the commit is merged, and the cluster stays as it was.
pub(crate) fn flux_without_alerts<'t>(index: &Index<'t>, ctx: &mut Ctx<'_, 't>) {
    const DELIVERED: [Kind; 2] = [Kind::FluxKustomization, Kind::HelmRelease];
    let own = |kind| {
        let objects = index.objects(kind).iter().copied();
        objects.filter(|o| index.standing(*o) != Standing::Context)
    };
    if DELIVERED.into_iter().flat_map(own).next().is_none() {
        return ctx.pass_over();
    }
    let alerts: Vec<_> = (index.objects(Kind::FluxAlert).iter())
        .filter(|a| a.bool_at("spec.suspend") != Some(true) && has_provider(**a, index))
        .collect();
    let covers = |kind: &str| {
        let sources = alerts.iter().flat_map(|a| a.items_at("spec.eventSources"));
        sources.into_iter().any(|s| s.str_at("kind") == Some(kind))
    };
    let mut missing = DELIVERED.into_iter().filter(|kind| !covers(kind.name())).flat_map(own);
    let Some(first) = missing.next() else { return };
    let more = missing.count();
    if watches_metrics(index) {
        return;
    }
    let message = match more {
        0 => format!("nobody hears when {} `{}` fails", first.kind_name(), first.name()),
        _ => format!(
            "nobody hears when {} `{}` or one of {more} more fails",
            first.kind_name(),
            first.name()
        ),
    };
    // Who only delivers an application may be watched by those who run the cluster.
    let whole = is_whole_cluster(index);
    let finding = ctx.report(first.place(), message);
    finding.on(resource_id(first)).label("no Alert covers it").help(
        "add a Provider and an Alert with `eventSources` for Kustomization and HelmRelease, name `\"*\"`",
    );
    if !whole {
        finding.confidence(Confidence::Hint);
    }
}

/// Whether an object goes to a place where versions are tried before production has them.
pub(super) fn is_before_production(object: Object<'_>, index: &Index<'_>) -> bool {
    let destination = index.destination_of(object.root().tree().source());
    let stage = destination.and_then(|to| to.stage());
    stage.is_some_and(|stage| stage < Stage::Production)
}

/// Milliseconds of a Go duration such as `1h30m`; `None` for what is none.
fn milliseconds(text: &str) -> Option<u64> {
    let mut total = 0f64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at_checked(unit_end)?;
        let factor = match unit {
            "h" => 3_600_000.0,
            "m" => 60_000.0,
            "s" => 1000.0,
            "ms" => 1.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = next;
    }
    Some(total as u64)
}

fn has_health_checks(object: Object<'_>) -> bool {
    object.path("spec.healthChecks").is_some_and(|checks| !checks.is_empty())
}

/// A Kustomization that delivers other Kustomizations: its objects report their health themselves,
/// and to wait for them would hold back the very change that mends one.
fn is_parent(object: Object<'_>, index: &Index<'_>) -> bool {
    let path = object.str_at("spec.path").unwrap_or("");
    let path = path.trim_start_matches("./").trim_matches('/');
    let delivers = |child: &Object<'_>| {
        let by = index.destination_of(child.root().tree().source());
        !path.is_empty() && by.is_some_and(|by| by.set == path)
    };
    object.name() == "flux-system"
        || index.objects(Kind::FluxKustomization).iter().any(delivers)
        || object.items_at("spec.patches").any(|patch| {
            patch.str_at("target.kind") == Some("Kustomization")
                || patch.str_at("patch").is_some_and(|p| p.contains("kind: Kustomization"))
        })
}

/// Custom resource definitions: with one of them all its objects are deleted.
fn holds_definitions(object: Object<'_>) -> bool {
    let path = object.str_at("spec.path").unwrap_or("");
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let says = |word: &str| word.split(['-', '_']).any(|part| matches!(part, "crd" | "crds"));
    says(object.name()) || says(last)
}

/// An Alert without its Provider tells nobody.
fn has_provider(alert: Object<'_>, index: &Index<'_>) -> bool {
    let Some(name) = alert.str_at("spec.providerRef.name") else { return false };
    is_placeholder(name) || index.objects(Kind::FluxProvider).iter().any(|p| p.name() == name)
}

/// Alerting rules over the metrics that Flux, or kube-state-metrics for it, exports.
fn watches_metrics(index: &Index<'_>) -> bool {
    let rules = index.objects(Kind::Other).iter();
    rules
        .filter(|o| matches!(o.kind_name(), "PrometheusRule" | "VMRule" | "GrafanaAlertRuleGroup"))
        .flat_map(|o| o.root().descendants())
        .any(|n| n.is_scalar() && ["gotk_", "flux_"].iter().any(|m| n.text().contains(m)))
}

/// Whether the set holds what Flux itself is set up with.
fn is_whole_cluster(index: &Index<'_>) -> bool {
    !index.objects(Kind::FluxInstance).is_empty()
        || [Kind::FluxKustomization, Kind::GitRepository, Kind::OciRepository]
            .into_iter()
            .flat_map(|kind| index.objects(kind))
            .any(|o| o.name() == "flux-system" || o.namespace() == Some("flux-system"))
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn durations_are_read_as_go_does() {
        assert_eq!(milliseconds("1h30m"), Some(5_400_000));
        assert_eq!(milliseconds("1.5s"), Some(1500));
        assert_eq!(milliseconds("250ms"), Some(250));
        for wrong in ["", "5", "5d", "m", "${TIMEOUT}"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
