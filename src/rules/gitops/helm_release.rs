//! HelmReleases of Flux: which chart, what happens when it fails, what happens when it drifts.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::flux::is_before_production;
use super::flux_patches::is_patched;
use super::flux_sources::is_unbounded;
use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// helm-controller looks at what it installed only when somebody asks it to.
pub(crate) fn helm_release_drift_detection_off<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::HelmRelease || object.spec().is_none() {
        return ctx.pass_over();
    }
    let index = ctx.index();
    if !drifts(object) || is_patched(index, object.kind(), &["driftDetection"]) {
        return;
    }
    let (detecting, drifting) = index.notes().drifting_releases.get_or_init(|| releases(index));
    let name = object.name();
    // Where nobody does it, it is one decision and not one for each release.
    let all = drifting.len() > *detecting;
    if all && drifting.first().is_none_or(|first| first.root() != object.root()) {
        return;
    }
    let message = match drifting.len() {
        more if all && more > 1 => {
            format!("HelmRelease `{name}` and {} more do not notice changes made by hand", more - 1)
        }
        _ => format!("HelmRelease `{name}` does not notice changes made by hand"),
    };
    ctx.report(object.at("spec.driftDetection.mode"), message).help(
        "set `driftDetection.mode: enabled`, with `ignore` for fields that others own; `warn` only tells",
    );
}

/// The next chart that somebody publishes is installed, unseen.
pub(crate) fn helm_release_floating_version<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let (base, path) = match object.kind() {
        Kind::HelmRelease => ("spec.chart.spec", "spec.chart.spec.version"),
        Kind::HelmChart => ("spec", "spec.version"),
        _ => return ctx.pass_over(),
    };
    let Some(chart) = object.path(base).filter(|c| c.get("chart").is_some()) else { return };
    // A chart in a repository of files has the version that lies there.
    let source = chart.str_at("sourceRef.kind").unwrap_or("HelmRepository");
    if source != "HelmRepository" || is_patched(ctx.index(), object.kind(), &["version"]) {
        return;
    }
    let version = chart.get("version").map(NodeRef::text).filter(|v| !v.is_empty());
    let (kind, name) = (object.kind_name(), object.name());
    let label = chart.get("chart").map_or("", NodeRef::text);
    let message = match version {
        None => format!("{kind} `{name}` takes whatever version of chart `{label}` is newest"),
        Some(text) if is_placeholder(text) || is_exact(text) => return,
        Some(text) => {
            format!("{kind} `{name}` takes any version of chart `{label}` that fits `{text}`")
        }
    };
    let bounded = version.is_some_and(|v| !is_unbounded(v));
    let index = ctx.index();
    let finding = ctx.report(object.at(path), message);
    finding.help("write the exact version, and let a pull request (Renovate, Dependabot) raise it");
    // Staging is where a new version shall be met first.
    if bounded || is_before_production(object, index) {
        finding.severity(Severity::Advice);
    }
}

/// A failed release stays failed until somebody looks.
pub(crate) fn helm_release_without_remediation<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::HelmRelease || object.spec().is_none() {
        return ctx.pass_over();
    }
    let install = is_remedied(object, "spec.install");
    let upgrade = is_remedied(object, "spec.upgrade");
    let index = ctx.index();
    if install && upgrade || is_patched(index, object.kind(), &["remediation", "strategy"]) {
        return;
    }
    let (what, path) = match (install, upgrade) {
        (true, _) => ("a failed upgrade", "spec.upgrade.remediation.retries"),
        (_, true) => ("a failed installation", "spec.install.remediation.retries"),
        _ => ("a failed installation or upgrade", "spec.upgrade.remediation.retries"),
    };
    let message =
        format!("{what} of HelmRelease `{}` is neither retried nor rolled back", object.name());
    let finding = ctx.report(object.at(path), message);
    // Versions before `v2` know no strategy.
    finding.help(if object.version() == "v2" {
        "set `remediation.retries: 3` under `install` and `upgrade`, or `strategy.name: RetryOnFailure`"
    } else {
        "set `remediation.retries: 3` under `install` and `upgrade`"
    });
    if upgrade {
        finding.severity(Severity::Advice);
    }
}

/// Whether something is done about a failed action: a retry, or a rollback of the last failure.
fn is_remedied(object: Object<'_>, action: &str) -> bool {
    let Some(action) = object.path(action) else { return false };
    let retries = action.path("remediation.retries");
    // Negative is without end; what is no number is filled in later.
    retries.is_some_and(|r| r.as_i64() != Some(0))
        || action.bool_at("remediation.remediateLastFailure") == Some(true)
        || action.str_at("strategy.name") == Some("RetryOnFailure")
}

fn drifts(object: Object<'_>) -> bool {
    let mode = object.path("spec.driftDetection.mode").map(NodeRef::text);
    object.spec().is_some() && matches!(mode, None | Some("" | "disabled"))
}

/// How many releases detect drift, and those that are judged and do not.
fn releases<'t>(index: &Index<'t>) -> (usize, Vec<Object<'t>>) {
    let all = index.objects(Kind::HelmRelease).iter().copied();
    let (drifting, detecting): (Vec<_>, Vec<_>) = all.partition(|o| drifts(*o));
    let judged = |o: &Object<'t>| index.standing(*o) != Standing::Context;
    (detecting.len(), drifting.into_iter().filter(judged).collect())
}

/// One version: `1.2.3`, `v1.2.3-rc.1`, `=1.2.3`. Fewer parts are a range to Helm.
pub(super) fn is_exact(version: &str) -> bool {
    let bare = version.trim().trim_start_matches('=').trim_start();
    let bare = bare.strip_prefix('v').unwrap_or(bare);
    if bare.contains(char::is_whitespace) {
        return false;
    }
    let core = bare.split(['-', '+']).next().unwrap_or("");
    let parts = || core.split('.');
    parts().count() == 3 && parts().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_exact;

    #[test]
    fn versions_are_told_from_ranges() {
        for version in ["1.2.3", "v1.2.3", "=1.2.3", "1.2.3-rc.1+build.5", "2026.11.1"] {
            assert!(is_exact(version), "{version}");
        }
        for range in
            ["*", "1", "1.2", "1.x", "1.2.x", "^1.2.3", "~1.2.3", ">=1.2.3", "1.2.3 - 1.3.0"]
        {
            assert!(!is_exact(range), "{range}");
        }
    }
}
