//! What a Role or ClusterRole grants, as the authorizer reads it.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::Severity;
use crate::engine::Ctx;
use crate::finding::Finding;

/// Rules of a role that people wrote; none for other kinds and for the roles of the platform.
pub(super) fn rules<'t>(object: Object<'t>, ctx: &Ctx<'_, 't>) -> Vec<NodeRef<'t>> {
    if !is_role(object) || is_platform(object, ctx) {
        return Vec::new();
    }
    object.root().items_at("rules").filter(|rule| rule.is_map()).collect()
}

pub(super) fn is_role(object: Object<'_>) -> bool {
    matches!(object.kind(), Kind::Role | Kind::ClusterRole)
}

/// The first entry of a list that is `*` or one of the wanted words.
pub(super) fn first<'t>(rule: NodeRef<'t>, list: &str, wanted: &[&str]) -> Option<NodeRef<'t>> {
    rule.items_at(list).find(|item| item.text() == "*" || wanted.contains(&item.text()))
}

/// The first entry that grants one of the resources: by name, `*`, or `*/exec` for `pods/exec`.
pub(super) fn resource<'t>(rule: NodeRef<'t>, wanted: &[&str]) -> Option<NodeRef<'t>> {
    rule.items_at("resources").find(|item| {
        let text = item.text();
        text == "*"
            || wanted.contains(&text)
            || text.strip_prefix("*/").is_some_and(|sub| {
                wanted.iter().any(|w| w.split_once('/').is_some_and(|(_, s)| s == sub))
            })
    })
}

/// Whether a list holds `*`.
pub(super) fn any(rule: NodeRef<'_>, list: &str) -> bool {
    rule.items_at(list).any(|item| item.text() == "*")
}

/// Everything on everything: what `wildcard-rbac-rule` calls an error.
pub(super) fn is_everything(rule: NodeRef<'_>) -> bool {
    ["apiGroups", "resources", "verbs"].iter().all(|list| any(rule, list))
}

/// Whether a rule is limited to objects by name.
pub(super) fn is_named(rule: NodeRef<'_>) -> bool {
    rule.get("resourceNames").is_some_and(|names| !names.is_empty())
}

/// Names of what Kubernetes, GKE and kubeadm install themselves.
pub(super) fn is_platform_name(name: &str) -> bool {
    ["system:", "gce:", "kubeadm:"].iter().any(|prefix| name.starts_with(prefix))
}

/// A role that the platform made, and that only the platform binds.
fn is_platform(role: Object<'_>, ctx: &Ctx<'_, '_>) -> bool {
    let defaults = matches!(role.name(), "cluster-admin" | "admin" | "edit" | "view");
    if defaults
        || role.labels().get("kubernetes.io/bootstrapping") == Some("rbac-defaults")
        || role.annotations().contains("rbac.authorization.kubernetes.io/autoupdate")
    {
        return true;
    }
    let bindings = ctx.index().bindings_of(role);
    let bound_by_people = bindings.iter().any(|b| !is_platform_name(b.name()));
    !bound_by_people && (is_platform_name(role.name()) || !bindings.is_empty())
}

/// Makes a finding about a role worse where a binding hands it to everybody, and milder where
/// `wildcard-rbac-rule` says the same of the rule as a whole.
pub(super) fn weigh<'t>(
    role: Object<'t>,
    rule: NodeRef<'t>,
    ctx: &Ctx<'_, 't>,
) -> impl FnOnce(&mut Finding) + use<'t> {
    let broad = (ctx.index().bindings_of(role).iter())
        .flat_map(|binding| binding.root().items_at("subjects"))
        .filter_map(|subject| subject.get("name"))
        .find(|name| is_everybody(name.text()));
    let milder = is_everything(rule) && ctx.is_on("wildcard-rbac-rule");
    move |finding| {
        if let Some(subject) = broad {
            finding.severity(Severity::Error).related(subject.span(), "bound to everybody here");
        } else if milder {
            finding.severity(Severity::Advice);
        }
    }
}

/// A user or group that stands for whole classes of callers.
pub(super) fn is_everybody(name: &str) -> bool {
    matches!(
        name,
        "system:anonymous"
            | "system:unauthenticated"
            | "system:authenticated"
            | "system:serviceaccounts"
    )
}
