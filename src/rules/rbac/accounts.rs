//! Which account a pod runs as, and whether it carries that account's token.

use kubeready_manifest::kube::{Kind, Object, Workload};
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashMap;

use super::bindings::is_unknown;
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;

/// A token that nobody needs is a key that anybody can steal.
pub(crate) fn automounted_service_account_token<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    const HELP: &str = "set `automountServiceAccountToken: false`; where the API is needed, bind a role to an account of its own";
    if object.kind() == Kind::ServiceAccount {
        if object.root().bool_at("automountServiceAccountToken") == Some(true)
            && !is_bound(object, object.name(), ctx)
            && !all_refuse(object, ctx)
        {
            let message = format!("ServiceAccount `{}` mounts its token", object.name());
            ctx.report(object.at("automountServiceAccountToken"), message).help(HELP);
        }
        return;
    }
    let Some(workload) = ctx.workload() else { return ctx.pass_over() };
    let Some(mounts) = idle_token(workload, ctx) else { return };
    let account = workload.service_account_name();
    let message =
        format!("{} `{}` mounts the token of `{account}`", object.kind_name(), object.name());
    let elsewhere = account != "default" && mounts == Mounts::AccountUnknown;
    let place = workload.at("automountServiceAccountToken");
    let place = if place.is_written() { place } else { workload.place() };
    let finding = ctx.report(place, message);
    finding.help(HELP).label("no role is bound to its account");
    if elsewhere {
        // The account is defined elsewhere, and its bindings may be too.
        finding.severity(Severity::Advice).confidence(Confidence::Hint);
        finding.label("its account is not in the tree");
    }
}

/// A pod whose account does not exist is not created at all.
pub(crate) fn dangling_service_account<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(named) = workload.service_account() else { return };
    let (name, namespace) = (named.text(), workload.object().namespace_key());
    let openshift = matches!(name, "builder" | "deployer" | "pipeline");
    if name == "default" || openshift || is_unknown(name) || is_unknown(namespace) {
        return;
    }
    if ctx.index().may_have(Kind::ServiceAccount, namespace, name) {
        return;
    }
    let elsewhere = ctx.option(&crate::catalogue::options::DANGLING_SERVICE_ACCOUNT_KNOWN);
    if elsewhere.iter().any(|k| k == name) {
        return;
    }
    ctx.report(named.here(), format!("ServiceAccount `{name}` is not in the tree"))
        .label("no such account in this namespace")
        .help("add the ServiceAccount, or correct the name; one that is made elsewhere can be listed in the option `known`");
}

/// Rights that one pod of a namespace needs become the rights of all its pods.
pub(crate) fn default_service_account<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    const HELP: &str = "make a ServiceAccount for it and name it in `serviceAccountName`, or set `automountServiceAccountToken: false`";
    if let Some(spec) = argo_workflow(object) {
        let account = spec.get("serviceAccountName");
        let runs = spec.get("workflowTemplateRef").is_none()
            && !matches!(object.kind_name(), "WorkflowTemplate" | "ClusterWorkflowTemplate");
        let message = format!("{} `{}` runs as `default`", object.kind_name(), object.name());
        if account.is_some_and(|a| a.text() == "default") {
            ctx.report(spec.at("serviceAccountName"), message).help(HELP);
        } else if account.is_none() && runs {
            ctx.report(object.place(), message).help(HELP).confidence(Confidence::Likely);
        }
        return;
    }
    let Some(workload) = ctx.workload() else { return ctx.pass_over() };
    if workload.service_account_name() != "default" || mounts(workload, ctx).is_none() {
        return;
    }
    // One defect with one remedy, and the token is the sharper half of it.
    if ctx.is_on("automounted-service-account-token") && idle_token(workload, ctx).is_some() {
        return;
    }
    let place = workload.service_account().map_or_else(|| workload.place(), NodeRef::here);
    let message = format!("{} `{}` runs as `default`", object.kind_name(), object.name());
    ctx.report(place, message).label("the namespace's default account").help(HELP);
}

/// Why a pod gets a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mounts {
    /// The pod says so, or its account is in the set and does not forbid it.
    Known,
    /// The account is not in the set.
    AccountUnknown,
}

/// `None` when no token is mounted, or when the account's own finding says so. The pod's field
/// decides over the account's; absent in both means mounted.
fn mounts(workload: Workload<'_>, ctx: &Ctx<'_, '_>) -> Option<Mounts> {
    let object = workload.object();
    let accounts = ctx.index().find(
        Kind::ServiceAccount,
        object.namespace_key(),
        workload.service_account_name(),
    );
    let known = if accounts.is_empty() { Mounts::AccountUnknown } else { Mounts::Known };
    match workload.pod().bool_at("automountServiceAccountToken") {
        Some(false) => None,
        Some(true) => Some(known),
        None if workload.pod().get("automountServiceAccountToken").is_some() => None,
        None => accounts
            .iter()
            .all(|account| account.path("automountServiceAccountToken").is_none())
            .then_some(known),
    }
}

/// Why a pod gets a token that nothing in the set asks for; `None` when it gets none, or needs it.
fn idle_token(workload: Workload<'_>, ctx: &Ctx<'_, '_>) -> Option<Mounts> {
    let mounts = mounts(workload, ctx)?;
    let account = workload.service_account_name();
    let needed = is_bound(workload.object(), account, ctx) || uses_token(workload);
    (!needed).then_some(mounts)
}

/// Whether a role is bound to an account in an object's namespace, or may be once that is known.
fn is_bound(object: Object<'_>, account: &str, ctx: &Ctx<'_, '_>) -> bool {
    let index = ctx.index();
    index.is_account_bound(object.namespace_key(), account)
        || index.may_account_be_bound(account, index.is_namespace_open(object))
}

/// Whether the pods that run as an account are there, and all refuse its token.
fn all_refuse<'t>(account: Object<'t>, ctx: &Ctx<'_, 't>) -> bool {
    let index = ctx.index();
    let accounts = index.notes().accounts.get_or_init(|| {
        let mut accounts = FxHashMap::default();
        for workload in index.workloads() {
            let user = (workload.object().namespace_key(), workload.service_account_name());
            let refuses = workload.pod().bool_at("automountServiceAccountToken") == Some(false);
            *accounts.entry(user).or_insert(true) &= refuses;
        }
        accounts
    });
    accounts.get(&(account.namespace_key(), account.name())).is_some_and(|refuse| *refuse)
}

/// The Vault agent logs in with the mounted token; a pod that reads it by path wants it.
fn uses_token(workload: Workload<'_>) -> bool {
    const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    workload.pod_annotations().get("vault.hashicorp.com/agent-inject") == Some("true")
        || workload.containers().any(|container| {
            let node = container.node();
            let values = container.env().filter_map(|e| e.get("value"));
            let mut texts = node.items_at("args").chain(node.items_at("command")).chain(values);
            texts.any(|text| text.text().contains(PATH))
        })
}

/// The spec of Argo's workflows, which have no pod template of the usual shape.
fn argo_workflow(object: Object<'_>) -> Option<NodeRef<'_>> {
    if object.group() != "argoproj.io" {
        return None;
    }
    match object.kind_name() {
        "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" => object.spec(),
        "CronWorkflow" => object.path("spec.workflowSpec"),
        _ => None,
    }
}
