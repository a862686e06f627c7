//! Root, privileges and capabilities.

use std::fmt::Write as _;

use kubeready_manifest::kube::{Container, Role, Workload};
use kubeready_manifest::yaml::NodeRef;

use super::{
    Gaps, Setter, declares_windows, ease, gaps, has_user_namespace, listed, named, report_missing,
    report_setter, runs_on_windows, setters, whose,
};
use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;

/// Every capability that a container keeps is one more way to use a hole in it.
pub(crate) fn capabilities_not_dropped<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    if version < 22 || runs_on_windows(container.workload(), version) {
        return;
    }
    // A privileged container has every capability, whatever it drops.
    if is_privileged(container) && ctx.is_on("privileged-container") {
        return;
    }
    if !drops(container, |name| name.eq_ignore_ascii_case("ALL")) {
        let place = container.at("securityContext.capabilities.drop");
        let message = format!("{} does not drop all capabilities", named(container));
        ctx.report(place, message).help(
            "set `securityContext.capabilities.drop: [ALL]` and add back only NET_BIND_SERVICE if it \
             listens on a port below 1024",
        );
        return;
    }
    let of_others = ctx.is_on("disallowed-capability-added");
    let mut kept = added_capabilities(container).filter(|added| {
        let name = added.text();
        name != "NET_BIND_SERVICE" && (!of_others || BASELINE.contains(&bare(name)))
    });
    let Some(first) = kept.next() else { return };
    let mut names = first.text().to_owned();
    for more in kept {
        let _ = write!(names, ", {}", more.text());
    }
    let message = format!("{} drops ALL but adds {names} back", named(container));
    ctx.report(first.here(), message)
        .severity(Severity::Advice)
        .help("the restricted standard lets only NET_BIND_SERVICE be added back");
}

/// These capabilities are as good as root on the node.
pub(crate) fn dangerous_capability<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    for added in added_capabilities(container).filter(|c| is_dangerous(c.text())) {
        let message = format!("{} adds the capability {}", named(container), added.text());
        let finding = ctx.report(added.here(), message);
        finding.help("remove it from `securityContext.capabilities.add`");
        ease(finding, container.workload());
    }
}

/// Capabilities outside the default set reach beyond the container.
pub(crate) fn disallowed_capability_added<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    for added in added_capabilities(container) {
        let name = added.text();
        if is_allowed_by_baseline(name) || (is_dangerous(name) && ctx.is_on("dangerous-capability"))
        {
            continue;
        }
        let message = format!(
            "{} adds the capability {name}, which the baseline standard forbids",
            named(container)
        );
        let finding = ctx.report(added.here(), message);
        finding.help(if BASELINE.contains(&bare(name)) {
            "write its name in capitals and without `CAP_`"
        } else {
            "remove it from `securityContext.capabilities.add`"
        });
        ease(finding, container.workload());
    }
}

/// Without the field a set-uid program inside makes its caller root.
pub(crate) fn privilege_escalation_allowed<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    if !allows_escalation(container) || runs_on_windows(container.workload(), version) {
        return;
    }
    // The API server refuses `false` beside `privileged: true`.
    if version < 8 || (is_privileged(container) && ctx.is_on("privileged-container")) {
        return;
    }
    let place = container.at("securityContext.allowPrivilegeEscalation");
    let message = format!("{} may gain more privileges than it starts with", named(container));
    ctx.report(place, message).help("set `securityContext.allowPrivilegeEscalation: false`");
}

/// A privileged container is root on its node.
pub(crate) fn privileged_container<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_privileged(container) {
        return;
    }
    let place = container.at("securityContext.privileged");
    let finding = ctx.report(place, format!("{} is privileged", named(container)));
    finding.help(
        "remove `privileged: true`; if it needs one thing of the node, grant that: a capability, a \
         device plugin, a volume",
    );
    ease(finding, container.workload());
}

/// Most images start as root unless something forbids it.
pub(crate) fn run_as_non_root_missing<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let Gaps { bad, mut missing } = root_gaps(workload, ctx.kubernetes_version());
    if bad.is_empty() && missing.is_empty() {
        return;
    }
    for setter in &bad {
        let message = format!("{} is allowed to run as root", whose(workload, setter.container));
        let finding = report_setter(ctx, *setter, message);
        finding.help("set `runAsNonRoot: true`");
        let inherits = |c: Container<'t>| c.own_security("runAsNonRoot").is_none();
        if setter.container.is_none() && !workload.containers().any(inherits) {
            finding.severity(Severity::Advice);
        }
    }
    if bad.first().is_some_and(|setter| setter.container.is_none()) {
        return;
    }
    // Root in so many words, or on the node whatever the user, is the business of sharper rules.
    let (of_root, of_privileged) =
        (ctx.is_on("run-as-root-user"), ctx.is_on("privileged-container"));
    missing.retain(|c| {
        !(of_root && user(workload, Some(*c)) == Some(0) || of_privileged && is_privileged(*c))
    });
    let (other, open): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|c| user(workload, Some(*c)).is_some());
    if !open.is_empty() {
        let message = format!("nothing keeps {} from running as root", listed(&open));
        let finding = report_missing(ctx, workload, &open, "runAsNonRoot", message);
        finding.help("set `securityContext.runAsNonRoot: true`, and a `runAsUser` above 0 if the image names no user or one by name");
        ease(finding, workload);
    }
    if !other.is_empty() {
        let message = format!(
            "{} runs as another user than root, but `runAsNonRoot` does not say so",
            listed(&other)
        );
        report_missing(ctx, workload, &other, "runAsNonRoot", message)
            .severity(Severity::Advice)
            .help("set `securityContext.runAsNonRoot: true`: the restricted standard looks for it");
    }
}

/// Root in a container is one kernel bug away from root on the node.
pub(crate) fn run_as_root_user<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if has_user_namespace(workload, ctx.kubernetes_version()) {
        return;
    }
    for setter in setters(workload, "runAsUser").filter(|s| s.value.as_i64() == Some(0)) {
        let who = whose(workload, setter.container);
        let contradicted = setter
            .container
            .is_some_and(|c| c.security("runAsNonRoot").and_then(NodeRef::as_bool) == Some(true));
        let message = if contradicted {
            format!("{who} runs as root and `runAsNonRoot` forbids it, so it never starts")
        } else {
            format!("{who} runs as root")
        };
        let finding = report_setter(ctx, setter, message);
        finding.help("set `runAsUser` to a number above 0, such as 10001");
        if !contradicted && setter.container.is_some_and(|c| c.role() == Role::Init) {
            finding.severity(Severity::Warning);
        }
        ease(finding, workload);
    }
}

/// What Pod Security's `runAsNonRoot` refuses.
pub(super) fn root_gaps(workload: Workload<'_>, version: u16) -> Gaps<'_> {
    if has_user_namespace(workload, version) {
        return Gaps { bad: Vec::new(), missing: Vec::new() };
    }
    gaps(workload, "runAsNonRoot", NodeRef::as_bool)
}

/// What Pod Security's `runAsUser` refuses.
pub(super) fn root_users(workload: Workload<'_>, version: u16) -> impl Iterator<Item = Setter<'_>> {
    let judged = version >= 23 && !has_user_namespace(workload, version);
    setters(workload, "runAsUser").filter(move |s| judged && s.value.as_i64() == Some(0))
}

/// The user that a container, or the pod for those without, is started as.
fn user<'t>(workload: Workload<'t>, container: Option<Container<'t>>) -> Option<i64> {
    match container {
        Some(container) => container.security("runAsUser")?.as_i64(),
        None => workload.pod().i64_at("securityContext.runAsUser"),
    }
}

pub(super) fn is_privileged(container: Container<'_>) -> bool {
    container.own_security("privileged").and_then(NodeRef::as_bool) == Some(true)
}

/// Absent means true; a value of another type is the schema's business.
pub(super) fn allows_escalation(container: Container<'_>) -> bool {
    container
        .own_security("allowPrivilegeEscalation")
        .is_none_or(|value| value.as_bool() == Some(true))
}

/// What the restricted standard says about capabilities, beyond baseline.
pub(super) fn keeps_capabilities(container: Container<'_>, version: u16) -> bool {
    version >= 22
        && !declares_windows(container.workload(), version)
        && (!drops(container, |name| name == "ALL")
            || added_capabilities(container).any(|c| c.text() != "NET_BIND_SERVICE"))
}

/// Runtimes take `all` for ALL; Pod Security does not.
fn drops(container: Container<'_>, is_all: impl Fn(&str) -> bool) -> bool {
    container
        .own_security("capabilities")
        .is_some_and(|c| c.items_at("drop").any(|dropped| is_all(dropped.text())))
}

pub(super) fn added_capabilities(container: Container<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let capabilities = container.own_security("capabilities");
    capabilities.into_iter().flat_map(|c| c.items_at("add")).filter(|c| {
        let name = c.text();
        !name.is_empty() && !is_placeholder(name)
    })
}

/// Pod Security compares names as they are written.
pub(super) fn is_allowed_by_baseline(name: &str) -> bool {
    BASELINE.contains(&name)
}

/// Runtimes read `cap_sys_admin` and `SYS_ADMIN` alike.
fn is_dangerous(name: &str) -> bool {
    DANGEROUS.iter().any(|dangerous| bare(name).eq_ignore_ascii_case(dangerous))
}

fn bare(name: &str) -> &str {
    match name.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("CAP_") => &name[4..],
        _ => name,
    }
}

/// What baseline lets a container add: the runtimes' default set without NET_RAW.
const BASELINE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const DANGEROUS: [&str; 11] = [
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];
