//! The Pod Security Standards as Pod Security Admission applies them to a namespace.

use std::fmt::Write as _;

use kubeready_manifest::kube::{Container, Kind, Object, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::{declares_windows, has_user_namespace, is_system_namespace};
use super::{host, privileges, profiles, volumes};
use crate::catalogue::Confidence;
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const MODES: [&str; 3] =
    [ENFORCE, "pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/warn"];
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Baseline,
    Restricted,
}

/// A level and the minor version whose rules apply, as a Namespace's labels say.
#[derive(Clone, Copy)]
struct Policy<'t> {
    level: Level,
    version: u16,
    label: NodeRef<'t>,
}

/// Without a label the API server takes any pod, privileged ones too.
pub(crate) fn namespace_without_pod_security<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Namespace {
        return ctx.pass_over();
    }
    if is_system_namespace(object.name()) {
        return;
    }
    let name = object.name();
    let labels = object.labels();
    if MODES.iter().any(|mode| labels.contains(mode)) || is_openshift(object, ctx.index()) {
        return;
    }
    // `_` and the like are filled in later.
    let named = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !is_placeholder(name);
    if !named || has_cluster_policy(ctx.index()) {
        return;
    }
    let message = format!("namespace `{name}` has no Pod Security level");
    let pods = ctx.index().workloads_in(name).iter();
    // Where what names no namespace goes is said elsewhere.
    let mut pods = pods.filter(|w| {
        !matches!(w.kind(), Kind::Other | Kind::PodTemplate) && w.object().namespace().is_some()
    });
    let version = ctx.kubernetes_version();
    let stronger = pods.find(|w| !violations(**w, Level::Baseline, version).is_empty());
    ctx.report(object.place(), message).help(match stronger {
        Some(workload) => format!(
            "`baseline` would refuse the pods of {}: add the label \
             `pod-security.kubernetes.io/enforce: privileged` with `warn: baseline`, or move it to a \
             namespace of its own and enforce `baseline` here",
            super::owner(*workload)
        ),
        None => "add the label `pod-security.kubernetes.io/enforce: baseline`, and `warn: \
                 restricted` to see what the stricter level would refuse"
            .to_owned(),
    });
}

/// The API server refuses the pods, so the controller never gets one.
pub(crate) fn pod_security_violation<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let object = workload.object();
    // A custom resource's operator may complete the pod; a PodTemplate runs none.
    if matches!(workload.kind(), Kind::Other | Kind::PodTemplate) {
        return;
    }
    let Some((policy, certain)) = policy_of(object, ctx) else { return };
    let violations = violations(workload, policy.level, policy.version);
    let Some((first, _)) = violations.first() else { return };
    let mut kinds = vec![*first];
    for (what, _) in &violations {
        if !kinds.contains(what) {
            kinds.push(what);
        }
    }
    let level = policy.label.text();
    let namespace = object.namespace_key();
    let mut message =
        format!("namespace `{namespace}` enforces `{level}` and refuses the pods of ");
    let _ = write!(message, "{}: {}", super::owner(workload), kinds.join(", "));
    let finding = ctx.report(workload.place(), message);
    finding.label("its pods are refused").help(format!(
        "change what is marked, or move the workload to a namespace whose level allows it; `{level}` \
         stays worth keeping for the others"
    ));
    for (what, place) in violations {
        finding.related(place.span, what);
    }
    finding.related(policy.label.span(), "the level is set here");
    if !certain {
        finding.confidence(Confidence::Likely);
    }
}

/// The mildest policy that any Namespace object of the workload's namespace enforces, and whether
/// there is but one opinion about it.
fn policy_of<'t>(object: Object<'t>, ctx: &Ctx<'_, 't>) -> Option<(Policy<'t>, bool)> {
    let index = ctx.index();
    let all = index.find(Kind::Namespace, "", object.namespace_key());
    let beside = |n: &&Object<'t>| index.same_directory(object, **n);
    let near = all.iter().filter(beside).count() > 0;
    let mut mildest: Option<Policy<'t>> = None;
    for namespace in all.iter().filter(|n| !near || beside(n)) {
        let policy = enforced(*namespace, ctx.kubernetes_version())?;
        if mildest.is_none_or(|m| (policy.level, policy.version) < (m.level, m.version)) {
            mildest = Some(policy);
        }
    }
    let certain = near && object.namespace().is_some();
    mildest.map(|policy| (policy, certain))
}

/// What a Namespace enforces; nothing without a valid label, for then the cluster's default rules.
fn enforced(namespace: Object<'_>, cluster: u16) -> Option<Policy<'_>> {
    let labels = namespace.labels().node()?;
    let label = labels.value(ENFORCE)?;
    let level = match label.text() {
        "baseline" => Level::Baseline,
        "restricted" => Level::Restricted,
        _ => return None,
    };
    let version = labels.value(ENFORCE_VERSION).map_or("latest", NodeRef::text);
    let version = match version.strip_prefix("v1.") {
        Some(minor) => minor.parse::<u16>().map_or(cluster, |minor| minor.min(cluster)),
        None => cluster,
    };
    Some(Policy { level, version, label })
}

/// Everything in a pod template that a level of a version refuses, with its place.
fn violations(workload: Workload<'_>, level: Level, version: u16) -> Found<'_> {
    let mut found = Vec::new();
    baseline_of_pod(workload, version, &mut found);
    for container in workload.containers() {
        baseline_of_container(container, &mut found);
        if let Some(value) = profiles::unmasked_proc(container)
            && (level == Level::Restricted || !has_user_namespace(workload, version))
        {
            found.push(("procMount", value.here()));
        }
        if version >= 34 {
            found.extend(
                host::probe_hosts(container).map(|host| ("host of a probe or hook", host.here())),
            );
        }
    }
    if level == Level::Restricted {
        restricted_of_pod(workload, version, &mut found);
        for container in workload.containers() {
            restricted_of_container(container, version, &mut found);
        }
    }
    found
}

/// What is refused, and where it stands.
type Found<'t> = Vec<(&'static str, Place<'t>)>;

fn baseline_of_pod<'t>(workload: Workload<'t>, version: u16, found: &mut Found<'t>) {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if host::shares(workload, field) {
            found.push((field, workload.at(field)));
        }
    }
    for volume in workload.volumes().filter(|volume| volume.get("hostPath").is_some()) {
        found.push(("hostPath volume", volume.at("hostPath.path")));
    }
    let sysctls = host::unsafe_sysctls(workload, version);
    found.extend(sysctls.map(|name| ("sysctl", name.here())));
    let processes = host::host_processes(workload);
    found.extend(processes.map(|s| ("hostProcess", s.value.here())));
    found.extend(profiles::apparmor_types(workload).map(|s| ("AppArmor profile", s.value.here())));
    let annotations = profiles::apparmor_annotations(workload);
    found.extend(annotations.map(|(key, value)| ("AppArmor profile", Place::key(key, value))));
    let seccomp = profiles::bad_seccomp(workload, version).into_iter();
    found.extend(seccomp.map(|s| ("seccompProfile", s.value.at("type"))));
    let selinux = profiles::bad_selinux(workload, version).into_iter();
    found.extend(selinux.map(|(_, s)| ("seLinuxOptions", s.value.here())));
}

fn baseline_of_container<'t>(container: Container<'t>, found: &mut Found<'t>) {
    if privileges::is_privileged(container) {
        found.push(("privileged", container.at("securityContext.privileged")));
    }
    for added in privileges::added_capabilities(container) {
        if !privileges::is_allowed_by_baseline(added.text()) {
            found.push(("capability", added.here()));
        }
    }
    found.extend(host::host_ports(container).map(|port| ("hostPort", port.here())));
}

fn restricted_of_pod<'t>(workload: Workload<'t>, version: u16, found: &mut Found<'t>) {
    for (_, kind, place) in volumes::restricted_volumes(workload) {
        if kind != "hostPath" {
            found.push(("volume type", place));
        }
    }
    let users = privileges::root_users(workload, version);
    found.extend(users.map(|s| ("runAsUser: 0", s.value.here())));
    for (what, field, gaps) in [
        ("runAsNonRoot", "runAsNonRoot", privileges::root_gaps(workload, version)),
        ("seccompProfile", "seccompProfile.type", profiles::seccomp_gaps(workload, version)),
    ] {
        // A wrong seccomp profile is the baseline's finding already.
        if what == "runAsNonRoot" {
            found.extend(gaps.bad.iter().map(|s| (what, s.value.here())));
        }
        let missing = gaps.missing.iter();
        found.extend(missing.map(|c| (what, c.at(&format!("securityContext.{field}")))));
    }
}

fn restricted_of_container<'t>(container: Container<'t>, version: u16, found: &mut Found<'t>) {
    let windows = declares_windows(container.workload(), version);
    if version >= 8 && !windows && privileges::allows_escalation(container) {
        let place = container.at("securityContext.allowPrivilegeEscalation");
        found.push(("allowPrivilegeEscalation", place));
    }
    if privileges::keeps_capabilities(container, version) {
        found.push(("capabilities", container.at("securityContext.capabilities")));
    }
}

/// OpenShift writes the labels itself, after the security context constraints of a namespace.
fn is_openshift(namespace: Object<'_>, index: &Index<'_>) -> bool {
    let annotations = namespace.annotations().node();
    annotations
        .into_iter()
        .flat_map(NodeRef::entries)
        .any(|(key, _)| key.text().starts_with("openshift.io/"))
        || !index.objects(Kind::SecurityContextConstraints).is_empty()
}

/// A policy engine or the API server's own configuration that holds in every namespace.
fn has_cluster_policy(index: &Index<'_>) -> bool {
    let configured = |o: &Object<'_>| {
        o.root().items_at("plugins").any(|p| p.str_at("name") == Some("PodSecurity"))
    };
    index.objects(Kind::AdmissionConfiguration).iter().any(configured)
        || !index.objects(Kind::PodSecurityConfiguration).is_empty()
        || index.objects(Kind::ConstraintTemplate).iter().any(|t| t.name().starts_with("k8spsp"))
        || index.objects(Kind::ClusterPolicy).iter().any(|p| is_pod_security_policy(*p))
}

/// Kyverno's: it judges pods by a Pod Security level, or labels namespaces with one.
fn is_pod_security_policy(policy: Object<'_>) -> bool {
    policy.items_at("spec.rules").any(|rule| {
        rule.path("validate.podSecurity").is_some()
            || rule
                .path("mutate.patchStrategicMerge.metadata.labels")
                .into_iter()
                .flat_map(NodeRef::entries)
                .any(|(label, _)| label.text().contains("pod-security.kubernetes.io/"))
    })
}
