//! What the kernel lets a container do: seccomp, AppArmor, SELinux, /proc.

use kubeready_manifest::kube::{Container, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::privileges::is_privileged;
use super::{
    Gaps, Setter, declares_windows, ease, gaps, has_user_namespace, listed, named, owner,
    report_missing, report_setter, runs_on_windows, setters, whose,
};
use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;

const APPARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";
const SECCOMP_POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";

/// AppArmor's default profile keeps a container from writing to /proc and /sys and from mounting.
pub(crate) fn apparmor_unconfined<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for setter in apparmor_types(workload) {
        let who = whose(workload, setter.container);
        let message = format!("{who} has the AppArmor profile `{}`", setter.value.text());
        let finding = report_setter(ctx, setter, message);
        finding.help("remove it (the runtime's default applies), or name a `Localhost` profile");
        ease(finding, workload);
    }
    for (key, value) in apparmor_annotations(workload) {
        let container = key.text().strip_prefix(APPARMOR_ANNOTATION).unwrap_or("");
        let message = format!(
            "an annotation of {} gives container `{container}` the AppArmor profile `{}`",
            owner(workload),
            value.text()
        );
        let finding = ctx.report(Place::key(key, value), message);
        finding.container = Some(container.to_owned());
        finding.help("remove the annotation; the runtime's default profile applies then");
        ease(finding, workload);
    }
}

/// The masks over /proc keep kernel secrets and switches of the node out of reach.
pub(crate) fn proc_mount_unmasked<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(value) = unmasked_proc(container) else { return };
    let excused = has_user_namespace(container.workload(), ctx.kubernetes_version());
    let message = format!("{} sees /proc with `procMount: {}`", named(container), value.text());
    let finding = ctx.report(value.here(), message);
    if excused {
        finding
            .severity(Severity::Advice)
            .help("baseline allows it beside `hostUsers: false`; the restricted standard does not");
    } else {
        finding.help(
            "remove `procMount`; a container that runs containers needs `hostUsers: false` beside it",
        );
    }
}

/// Without a profile every system call is open, also those with the next hole.
pub(crate) fn seccomp_profile_missing<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    if version < 19 || runs_on_windows(workload, version) {
        return;
    }
    let Gaps { bad, mut missing } = gaps(workload, "seccompProfile", is_good_profile);
    if bad.is_empty() && missing.is_empty() {
        return;
    }
    let sharper = ctx.is_on("seccomp-unconfined");
    for setter in bad.iter().filter(|s| !(sharper && s.value.get("type").is_some())) {
        let who = whose(workload, setter.container);
        let finding = ctx.report(setter.value.at("type"), format!("{who} has no seccomp profile"));
        finding.container = setter.container.map(|c| c.name().to_owned());
        finding.help("set `seccompProfile.type: RuntimeDefault`");
    }
    if bad.first().is_some_and(|setter| setter.container.is_none()) {
        return;
    }
    // Nothing filters a privileged container, whatever its profile.
    if ctx.is_on("privileged-container") {
        missing.retain(|c| !is_privileged(*c));
    }
    // The API server turned the old annotations into the field until 1.27.
    if version < 27 {
        missing.retain(|c| !has_profile_annotation(workload, *c));
    }
    if !missing.is_empty() {
        let message =
            format!("no seccomp profile filters the system calls of {}", listed(&missing));
        report_missing(ctx, workload, &missing, "seccompProfile", message)
            .help("set `securityContext.seccompProfile.type: RuntimeDefault` for the pod");
    }
}

/// Somebody switched the filter off that the runtime would have put in.
pub(crate) fn seccomp_unconfined<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    for setter in bad_seccomp(workload, version) {
        let who = whose(workload, setter.container);
        // A profile without a type is refused as invalid, and `seccomp-profile-missing` says so.
        let kind = match setter.value.get("type") {
            Some(kind) => kind,
            None if version < 19 => setter.value,
            None => continue,
        };
        let message = format!("{who} has the seccomp profile `{}`", kind.text());
        let finding = report_setter(ctx, Setter { value: kind, ..setter }, message);
        finding.help("set `seccompProfile.type: RuntimeDefault`, or `Localhost` with a profile");
        ease(finding, workload);
    }
}

/// Another SELinux label than the runtime's can reach what the default one may not.
pub(crate) fn selinux_custom_options<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for (field, setter) in bad_selinux(workload, ctx.kubernetes_version()) {
        let who = whose(workload, setter.container);
        let message = format!("{who} sets the SELinux {field} `{}`", setter.value.text());
        let finding = report_setter(ctx, setter, message);
        finding.help(if field == "type" {
            "remove it, or use container_t, container_init_t, container_kvm_t or container_engine_t"
        } else {
            "remove it; `level` is the only option that pods may set freely"
        });
        ease(finding, workload);
    }
}

/// Types of `appArmorProfile` other than the two that confine.
pub(super) fn apparmor_types(workload: Workload<'_>) -> impl Iterator<Item = Setter<'_>> {
    setters(workload, "appArmorProfile.type").filter(|s| is_bad_type(s.value))
}

/// The annotations that came before the field: any container name may stand behind the slash.
pub(super) fn apparmor_annotations<'t>(
    workload: Workload<'t>,
) -> impl Iterator<Item = (NodeRef<'t>, NodeRef<'t>)> {
    let annotations = workload.pod_annotations().node();
    annotations.into_iter().flat_map(NodeRef::entries).filter(|(key, value)| {
        let profile = value.text();
        key.text().starts_with(APPARMOR_ANNOTATION)
            && !(profile.is_empty()
                || profile == "runtime/default"
                || profile.starts_with("localhost/")
                || is_placeholder(profile))
    })
}

/// A written `procMount` that is not `Default`.
pub(super) fn unmasked_proc(container: Container<'_>) -> Option<NodeRef<'_>> {
    let value = container.own_security("procMount")?;
    (value.is_scalar() && value.text() != "Default" && !is_placeholder(value.text()))
        .then_some(value)
}

/// Profiles, or before Kubernetes 1.19 values of annotations, that switch the filter off.
pub(super) fn bad_seccomp(workload: Workload<'_>, version: u16) -> Vec<Setter<'_>> {
    if version >= 19 {
        let bad = |s: &Setter<'_>| is_good_profile(s.value) == Some(false);
        return setters(workload, "seccompProfile").filter(bad).collect();
    }
    let annotations = workload.pod_annotations().node();
    let entries = annotations.into_iter().flat_map(NodeRef::entries);
    entries
        .filter(|(key, value)| {
            let key = key.text();
            let of_container = key
                .strip_prefix(SECCOMP_ANNOTATION)
                .is_some_and(|name| workload.containers().any(|c| c.name() == name));
            (of_container || key == SECCOMP_POD_ANNOTATION) && !confines(value.text())
        })
        .map(|(_, value)| Setter { value, container: None })
        .collect()
}

/// Containers and pods that Pod Security's restricted `seccompProfile` refuses.
pub(super) fn seccomp_gaps(workload: Workload<'_>, version: u16) -> Gaps<'_> {
    if version < 19 || declares_windows(workload, version) {
        return Gaps { bad: Vec::new(), missing: Vec::new() };
    }
    gaps(workload, "seccompProfile", is_good_profile)
}

/// SELinux options that Pod Security refuses, with the option's name.
pub(super) fn bad_selinux(workload: Workload<'_>, version: u16) -> Vec<(&'static str, Setter<'_>)> {
    let mut bad = Vec::new();
    for setter in setters(workload, "seLinuxOptions") {
        for field in ["type", "user", "role"] {
            let Some(value) = setter.value.get(field).filter(|v| v.is_scalar()) else { continue };
            let text = value.text();
            let allowed = match text {
                "" => true,
                "container_t" | "container_init_t" | "container_kvm_t" => field == "type",
                "container_engine_t" => field == "type" && version >= 31,
                _ => is_placeholder(text),
            };
            if !allowed {
                bad.push((field, Setter { value, ..setter }));
            }
        }
    }
    bad
}

/// Whether a `seccompProfile` filters; `None` for what is no profile at all.
fn is_good_profile(profile: NodeRef<'_>) -> Option<bool> {
    if !profile.is_map() {
        return None;
    }
    Some(profile.get("type").is_some_and(|kind| !is_bad_type(kind)))
}

fn is_bad_type(kind: NodeRef<'_>) -> bool {
    let text = kind.text();
    kind.is_scalar()
        && !text.is_empty()
        && !matches!(text, "RuntimeDefault" | "Localhost")
        && !is_placeholder(text)
}

fn has_profile_annotation(workload: Workload<'_>, container: Container<'_>) -> bool {
    let annotations = workload.pod_annotations();
    if annotations.is_empty() {
        return false;
    }
    let own = annotations.iter().find(|(key, _)| {
        key.strip_prefix(SECCOMP_ANNOTATION).is_some_and(|name| name == container.name())
    });
    let profile = own.map(|(_, value)| value).or_else(|| annotations.get(SECCOMP_POD_ANNOTATION));
    profile.is_some_and(confines)
}

/// Values of the old seccomp annotations that filter.
fn confines(profile: &str) -> bool {
    profile == "runtime/default"
        || profile == "docker/default"
        || profile.starts_with("localhost/")
        || is_placeholder(profile)
}
