//! Who is bound to which role.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::grants::{any, first, is_platform_name, resource};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;

/// Roles that Kubernetes itself binds to everybody, or documents to be bound so.
const PUBLIC_ROLES: [&str; 6] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
    "system:openshift:discovery",
    "kubeadm:bootstrap-signer-clusterinfo",
];

/// Without a name in the audit log, nobody can be held to what was done.
pub(crate) fn anonymous_binding<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_binding(object) {
        return ctx.pass_over();
    }
    if PUBLIC_ROLES.contains(&role_name(object)) {
        return;
    }
    for name in subjects(object).filter_map(|subject| subject.get("name")) {
        if matches!(name.text(), "system:anonymous" | "system:unauthenticated") {
            let message = format!("`{}` is bound to `{}`", role_name(object), name.text());
            ctx.report(name.here(), message)
                .help("bind the role to the users, groups or service accounts that need it");
        }
    }
}

/// `system:authenticated` is every pod's account and every person who can log in at all.
pub(crate) fn authenticated_group_binding<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_binding(object) {
        return ctx.pass_over();
    }
    if PUBLIC_ROLES.contains(&role_name(object)) {
        return;
    }
    for subject in subjects(object).filter(|s| s.str_at("kind") == Some("Group")) {
        let Some(name) = subject.get("name") else { continue };
        let one_namespace = name.text().starts_with("system:serviceaccounts:");
        if !one_namespace
            && !matches!(name.text(), "system:authenticated" | "system:serviceaccounts")
        {
            continue;
        }
        let strength = match (strength(object, ctx), one_namespace) {
            (Strength::Harmless, _) | (Strength::Unknown, true) => continue,
            (strength, _) => strength,
        };
        let message = format!("`{}` is bound to `{}`", role_name(object), name.text());
        let finding = ctx.report(name.here(), message);
        finding.help("bind the role to the service accounts or to a group of people that need it");
        if strength == Strength::Unknown {
            finding.severity(Severity::Warning).confidence(Confidence::Likely);
        } else if one_namespace {
            finding.severity(Severity::Warning);
        }
    }
}

/// `cluster-admin` passes by every other rule there is.
pub(crate) fn cluster_admin_binding<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_binding(object) {
        return ctx.pass_over();
    }
    if is_platform_name(object.name()) {
        return;
    }
    // Kubernetes makes this one itself.
    let masters = |s: NodeRef<'_>| s.str_at("name") == Some("system:masters");
    let mut subjects = subjects(object).peekable();
    if subjects.peek().is_some() && subjects.all(masters) {
        return;
    }
    let name = role_name(object);
    let message = if name == "cluster-admin" {
        format!("{} `{}` grants `cluster-admin`", object.kind_name(), object.name())
    } else if roles(object, ctx).iter().any(|role| grants_everything(*role)) {
        let kind = object.kind_name();
        format!("{kind} `{}` grants `{name}`, which may do everything", object.name())
    } else {
        return;
    };
    let namespaced = object.kind() == Kind::RoleBinding;
    let finding = ctx.report(object.at("roleRef.name"), message);
    finding.help("bind a role that lists what the subject needs; `admin` or `edit` in one namespace often is enough");
    if namespaced {
        finding.severity(Severity::Warning).label("everything in this namespace");
    }
}

/// A binding to a role that does not exist grants nothing until somebody makes that role.
pub(crate) fn dangling_role_reference<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !is_binding(object) {
        return ctx.pass_over();
    }
    let name = role_name(object);
    if name.is_empty() || is_unknown(name) {
        return;
    }
    let kind = object.root().str_at("roleRef.kind");
    let place = object.at("roleRef.name");
    if kind == Some("Role") && object.kind() == Kind::ClusterRoleBinding {
        ctx.report(place, format!("a ClusterRoleBinding cannot name the Role `{name}`"))
            .help("name a ClusterRole, or make it a RoleBinding in the Role's namespace")
            .confidence(Confidence::Certain);
        return;
    }
    let known = matches!(kind, Some("Role" | "ClusterRole"))
        && !is_built_in(name)
        && !is_platform_name(name);
    if !known || !roles(object, ctx).is_empty() {
        return;
    }
    let elsewhere = ctx.option(&crate::catalogue::options::DANGLING_ROLE_REFERENCE_KNOWN);
    if elsewhere.iter().any(|k| k == name) {
        return;
    }
    let index = ctx.index();
    if kind == Some("ClusterRole") {
        if index.has_deliveries() {
            return;
        }
        ctx.report(place, format!("ClusterRole `{name}` is not in the tree"))
            .severity(Severity::Warning)
            .help("add the ClusterRole, or correct the name; one that an operator brings can be listed in the option `known`");
    } else if !index.has_unknown_contents(object.namespace_key()) {
        ctx.report(place, format!("Role `{name}` is not in the namespace of this binding"))
            .help("add the Role to the binding's namespace, or correct the name");
    }
}

pub(super) fn is_binding(object: Object<'_>) -> bool {
    matches!(object.kind(), Kind::RoleBinding | Kind::ClusterRoleBinding)
}

fn subjects(binding: Object<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    binding.root().items_at("subjects")
}

fn role_name(binding: Object<'_>) -> &str {
    binding.path("roleRef.name").map_or("", NodeRef::text)
}

/// The roles of the set that a binding names: several where directories hold variants.
fn roles<'c, 't>(binding: Object<'_>, ctx: &Ctx<'c, 't>) -> Vec<Object<'t>> {
    let name = role_name(binding);
    let found = match binding.root().str_at("roleRef.kind") {
        Some("ClusterRole") => ctx.index().find(Kind::ClusterRole, "", name),
        Some("Role") => ctx.index().find(Kind::Role, binding.namespace_key(), name),
        _ => &[],
    };
    found.to_vec()
}

fn grants_everything(role: Object<'_>) -> bool {
    const VERBS: [&str; 7] = ["get", "list", "watch", "create", "update", "patch", "delete"];
    role.root().items_at("rules").any(|rule| {
        let verb = |wanted: &str| rule.items_at("verbs").any(|v| v.text() == wanted);
        any(rule, "apiGroups")
            && any(rule, "resources")
            && (verb("*") || VERBS.into_iter().all(verb))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    /// Reads what is no secret.
    Harmless,
    /// The role is not in the tree.
    Unknown,
    Powerful,
}

fn strength(binding: Object<'_>, ctx: &Ctx<'_, '_>) -> Strength {
    let name = role_name(binding);
    if matches!(name, "cluster-admin" | "admin" | "edit") {
        return Strength::Powerful;
    }
    if is_platform_name(name) {
        return Strength::Harmless;
    }
    let roles = roles(binding, ctx);
    if roles.is_empty() {
        return Strength::Unknown;
    }
    let powerful = roles.iter().flat_map(|r| r.root().items_at("rules")).any(|rule| {
        let writes = rule.items_at("verbs").any(|v| !matches!(v.text(), "get" | "list" | "watch"));
        let secrets =
            first(rule, "apiGroups", &[""]).is_some() && resource(rule, &["secrets"]).is_some();
        rule.get("nonResourceURLs").is_none() && (writes || secrets)
    });
    if powerful { Strength::Powerful } else { Strength::Harmless }
}

/// Roles that every cluster has, and those of OpenShift.
fn is_built_in(name: &str) -> bool {
    matches!(
        name,
        "cluster-admin"
            | "admin"
            | "edit"
            | "view"
            | "extension-apiserver-authentication-reader"
            | "basic-user"
            | "cluster-reader"
            | "cluster-status"
            | "self-provisioner"
            | "storage-admin"
            | "sudoer"
            | "registry-admin"
            | "registry-editor"
            | "registry-viewer"
            | "cluster-monitoring-view"
            | "monitoring-edit"
            | "monitoring-rules-edit"
            | "monitoring-rules-view"
    )
}

/// A placeholder that is filled in later.
pub(super) fn is_unknown(name: &str) -> bool {
    name.contains(['$', '{', '<', '>', '%']) || name.contains("REPLACE") || name.contains("CHANGE")
}
