//! What Roles and ClusterRoles grant.

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::NodeRef;

use super::grants::{first, is_everything, is_named, resource, rules, weigh};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;

const RBAC: &str = "rbac.authorization.k8s.io";

/// Resources that run pods, with the groups that serve them.
const WORKLOADS: [(&[&str], &[&str]); 3] = [
    (&[""], &["pods", "replicationcontrollers"]),
    (&["apps", "extensions"], &["deployments", "daemonsets", "statefulsets", "replicasets"]),
    (&["batch"], &["jobs", "cronjobs"]),
];

/// Whoever makes a pod can mount any Secret of the namespace and run as any of its accounts.
pub(crate) fn rbac_create_pods<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let granted = rules(object, ctx);
    if granted.is_empty() {
        return ctx.pass_over();
    }
    for rule in granted {
        let runs = first(rule, "verbs", &["create", "update", "patch"]);
        let ends = || first(rule, "verbs", &["delete", "deletecollection"]);
        let Some(verb) = runs.or_else(ends) else { continue };
        let found = WORKLOADS.iter().find_map(|(groups, resources)| {
            first(rule, "apiGroups", groups)?;
            resource(rule, resources)
        });
        let Some(found) = found else { continue };
        let (verb, what) = (verb.text(), found.text());
        let message = format!("{} may `{verb}` `{what}`", title(object));
        ctx.report(found.here(), message).help(if runs.is_some() {
            "who creates pods can use every Secret and ServiceAccount of the namespace: grant it only to deployers and controllers"
        } else {
            "who deletes pods and their controllers stops what runs: grant it only to deployers and controllers"
        });
    }
}

/// `escalate` and `bind` lift the rule that nobody may grant what he does not hold.
pub(crate) fn rbac_escalate_bind<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let granted = rules(object, ctx);
    if granted.is_empty() {
        return ctx.pass_over();
    }
    for rule in granted {
        if first(rule, "apiGroups", &[RBAC]).is_none() {
            continue;
        }
        let Some((found, verb, severity)) = escalation(rule) else { continue };
        let (place, verb, what) = (verb.here(), verb.text(), found.text());
        let message = match verb {
            "impersonate" => format!("`impersonate` on `{what}` is no permission that exists"),
            _ if what == "*" => {
                format!("{} may `{verb}` `*`, roles and bindings included", title(object))
            }
            _ => format!("{} may `{verb}` `{what}`", title(object)),
        };
        let weigh = weigh(object, rule, ctx);
        let finding = ctx.report(place, message);
        finding.help(escalation_help(verb));
        match severity {
            Severity::Error => weigh(finding),
            milder => _ = finding.severity(milder),
        }
        if verb == "impersonate" {
            finding.confidence(Confidence::Hint);
        }
    }
}

/// Who impersonates a user acts with all of that user's rights.
pub(crate) fn rbac_impersonate<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    const SUBJECTS: [&str; 4] = ["users", "groups", "serviceaccounts", "uids"];
    let granted = rules(object, ctx);
    if granted.is_empty() {
        return ctx.pass_over();
    }
    for rule in granted {
        let Some(verb) = first(rule, "verbs", &["impersonate"]) else { continue };
        let Some(found) = resource(rule, &SUBJECTS) else { continue };
        if first(rule, "apiGroups", &["", "authentication.k8s.io"]).is_none() {
            continue;
        }
        // `*` on `*` is the wildcard rule's; there is no verb `impersonate` for what `*` is meant.
        let by_wildcard = verb.text() == "*" && found.text() == "*";
        let named = is_named(rule);
        if by_wildcard && ctx.is_on("wildcard-rbac-rule") || verb.text() == "*" && named {
            continue;
        }
        let masters = rule.items_at("resourceNames").any(|n| n.text() == "system:masters");
        let message = format!("{} may impersonate `{}`", title(object), found.text());
        let weigh = weigh(object, rule, ctx);
        let finding = ctx.report(verb.here(), message);
        finding.help(
            "remove the verb, or limit it with `resourceNames` to the identities that are needed",
        );
        if named && !masters {
            finding.severity(Severity::Warning);
        }
        weigh(finding);
    }
}

/// A shell in a pod is everything that the pod holds.
pub(crate) fn rbac_pod_exec<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    // The API server opens the stream on POST and, for WebSockets, on GET; since 1.35 it asks for
    // `create` there too.
    let get_is_enough = ctx.kubernetes_version() < 35;
    let granted = rules(object, ctx);
    if granted.is_empty() {
        return ctx.pass_over();
    }
    for rule in granted {
        let creates = first(rule, "verbs", &["create"]);
        let Some(verb) = creates.or_else(|| first(rule, "verbs", &["get"])) else { continue };
        if first(rule, "apiGroups", &[""]).is_none() {
            continue;
        }
        let Some(found) = resource(rule, &["pods/exec", "pods/attach"]) else { continue };
        let by_wildcard = found.text() == "*";
        let (opens, verb) = (creates.is_some() || get_is_enough, verb.text());
        let message = match found.text() {
            "*" => format!("{} may `{verb}` `*`, `pods/exec` included", title(object)),
            what => format!("{} may `{verb}` `{what}`", title(object)),
        };
        let weigh = weigh(object, rule, ctx);
        let finding = ctx.report(found.here(), message);
        finding.help(if by_wildcard {
            "list the resources that are needed, without `pods/exec` and `pods/attach`"
        } else {
            "remove `pods/exec` and `pods/attach`; give them to people for the time of an incident"
        });
        if !opens {
            // Where no version is set the newest is assumed, and the cluster may be older.
            finding
                .severity(Severity::Advice)
                .confidence(Confidence::Hint)
                .label("opens a shell up to Kubernetes 1.34");
            continue;
        }
        if by_wildcard && creates.is_none() {
            finding.severity(Severity::Advice);
        }
        weigh(finding);
    }
}

/// Secrets hold the credentials of everything else.
pub(crate) fn rbac_secret_access<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let granted = rules(object, ctx);
    if granted.is_empty() {
        return ctx.pass_over();
    }
    for rule in granted {
        if is_named(rule) || first(rule, "apiGroups", &[""]).is_none() {
            continue;
        }
        // An update or patch answers with the whole object: it reads too.
        let reads = first(rule, "verbs", &["get", "list", "watch", "update", "patch"]);
        let writes = || first(rule, "verbs", &["create", "delete", "deletecollection"]);
        let Some(verb) = reads.or_else(writes) else { continue };
        let Some(found) = resource(rule, &["secrets"]) else { continue };
        let message = match found.text() {
            "*" => format!("{} may `{}` `*`, `secrets` included", title(object), verb.text()),
            _ => format!("{} may `{}` every Secret", title(object), verb.text()),
        };
        let weigh = weigh(object, rule, ctx);
        let finding = ctx.report(found.here(), message);
        finding.help(match found.text() {
            "*" => "list the resources that are needed, and Secrets by `resourceNames` in a rule of their own",
            _ => "list the Secrets that are needed in `resourceNames`, or mount them instead",
        });
        if reads.is_none() {
            finding.severity(Severity::Advice);
        }
        weigh(finding);
    }
}

/// `*` grants what will only be invented tomorrow.
pub(crate) fn wildcard_rbac_rule<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let granted = rules(object, ctx);
    if granted.is_empty() {
        return ctx.pass_over();
    }
    let allowed = ctx.option(&crate::catalogue::options::WILDCARD_RBAC_RULE_ALLOW);
    if allowed.iter().any(|name| name == object.name()) {
        return;
    }
    for rule in granted {
        let star = ["verbs", "resources", "apiGroups"]
            .into_iter()
            .find_map(|list| rule.items_at(list).find(|i| i.text() == "*").map(|i| (list, i)));
        let Some((list, star)) = star else {
            half_wildcard(rule, ctx);
            continue;
        };
        let (message, severity) = if is_everything(rule) {
            (format!("{} may do everything to everything", title(object)), Severity::Error)
        } else if list == "apiGroups" {
            let message = format!("{} names its resources in every API group", title(object));
            (message, Severity::Advice)
        } else {
            // An operator owns the custom resources of its own group.
            let own = rule.items_at("apiGroups").all(|g| is_custom_group(g.text()));
            let severity = if own { Severity::Advice } else { Severity::Warning };
            (format!("{} grants `*` in `{list}`", title(object)), severity)
        };
        ctx.report(star.here(), message)
            .severity(severity)
            .help(format!("list the `{list}` that are needed"));
    }
}

/// `p*ds` matches nothing: the authorizer knows `*` and `*/subresource` only.
fn half_wildcard<'t>(rule: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    let half = |text: &str| text.contains('*') && !text.starts_with("*/");
    let found =
        (rule.items_at("verbs").chain(rule.items_at("resources"))).find(|item| half(item.text()));
    if let Some(found) = found {
        ctx.report(found.here(), format!("`{}` is no pattern and matches nothing", found.text()))
            .severity(Severity::Advice)
            .help("write `*` for all, `*/scale` for one subresource of all, or the names");
    }
}

fn is_custom_group(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

fn title(role: Object<'_>) -> String {
    format!("{} `{}`", role.kind_name(), role.name())
}

fn escalation_help(verb: &str) -> &'static str {
    match verb {
        "escalate" | "bind" => {
            "drop the verb, or name the roles that may be granted in `resourceNames`"
        }
        "*" => "list the verbs that are needed, without `escalate` and `bind`",
        "impersonate" => "remove the verb; it is meant for `users`, `groups` and `serviceaccounts`",
        _ => {
            "whoever writes bindings hands on all that he holds: leave it to a controller of its own, in one namespace if it can be"
        }
    }
}

/// Resource and verb by which a rule of the RBAC group lets its holder gain rights.
fn escalation(rule: NodeRef<'_>) -> Option<(NodeRef<'_>, NodeRef<'_>, Severity)> {
    const ROLES: [&str; 2] = ["roles", "clusterroles"];
    const BINDINGS: [&str; 2] = ["rolebindings", "clusterrolebindings"];
    let roles = resource(rule, &ROLES);
    let bindings = resource(rule, &BINDINGS);
    let either = roles.or(bindings)?;
    if let Some(verb) = first(rule, "verbs", &["escalate", "bind"]) {
        // To hand on roles that are named is how delegation is meant, short of everything.
        let all = rule.items_at("resourceNames").any(|name| name.text() == "cluster-admin");
        let delegates = verb.text() == "bind" && is_named(rule) && !all;
        return (!delegates).then_some((either, verb, Severity::Error));
    }
    // A binding hands on what its author holds; a role of his does not reach anybody.
    if let Some(bindings) = bindings {
        if let Some(verb) = first(rule, "verbs", &["create", "update", "patch"]) {
            return Some((bindings, verb, Severity::Warning));
        }
        if let Some(verb) = first(rule, "verbs", &["delete", "deletecollection"]) {
            return Some((bindings, verb, Severity::Advice));
        }
    }
    let verb = first(rule, "verbs", &["impersonate"])?;
    (either.text() != "*").then_some((either, verb, Severity::Advice))
}
