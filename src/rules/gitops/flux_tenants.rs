//! Flux with several tenants: what runs with the controller's rights.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::flux_patches::is_patched;
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::elsewhere::is_system;

/// The label that `flux create tenant` puts on what belongs to a tenant.
const TENANT: &str = "toolkit.fluxcd.io/tenant";

/// Flux's controllers are cluster-admin: what they apply under their own name may be anything.
pub(crate) fn flux_tenant_without_service_account<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !matches!(object.kind(), Kind::FluxKustomization | Kind::HelmRelease) {
        return ctx.pass_over();
    }
    let Some(namespace) = object.namespace().filter(|n| !is_platform(n)) else { return };
    let own = ["spec.serviceAccountName", "spec.kubeConfig"];
    if object.spec().is_none() || own.iter().any(|path| object.path(path).is_some()) {
        return;
    }
    let index = ctx.index();
    if !is_tenants(object, namespace, index) || is_locked_down(index) {
        return;
    }
    if is_patched(index, object.kind(), &["serviceAccountName"]) {
        return;
    }
    let message = format!(
        "{} `{}` of the tenant namespace `{namespace}` is applied with the rights of Flux itself",
        object.kind_name(),
        object.name()
    );
    let finding = ctx.report(object.at("spec.serviceAccountName"), message);
    finding.label("cluster-admin, unless the controllers have `--default-service-account`").help(
        "set `serviceAccountName` to an account of the namespace whose RoleBinding allows what the tenant may do",
    );
}

/// Namespaces of those who run the cluster.
fn is_platform(namespace: &str) -> bool {
    is_system(namespace)
        || namespace.ends_with("-system")
        || namespace.starts_with("infra")
        || matches!(
            namespace,
            "default" | "flux" | "gitops" | "platform" | "argocd" | "monitoring" | "cert-manager"
        )
}

/// Whether something says that the object is a tenant's: a label, a repository of its own, or that
/// others of its kind run under an account.
fn is_tenants<'t>(object: Object<'t>, namespace: &str, index: &Index<'t>) -> bool {
    let declared = index.namespace(namespace).and_then(|n| n.object);
    object.labels().contains(TENANT)
        || declared.is_some_and(|n| n.labels().contains(TENANT))
        || has_own_repository(object, namespace)
        || !is_platforms(object)
            && *index.notes().flux_uses_accounts.get_or_init(|| uses_accounts(index))
}

/// A Kustomization of a repository that is kept in the tenant's namespace.
fn has_own_repository(object: Object<'_>, namespace: &str) -> bool {
    let Some(source) = object.path("spec.sourceRef") else { return false };
    object.kind() == Kind::FluxKustomization
        && source.get("namespace").is_none_or(|n| n.text() == namespace)
        && source.str_at("name").is_some_and(|name| name != "flux-system")
}

/// A Kustomization of the repository that Flux was set up with: those who run the cluster write it.
fn is_platforms(object: Object<'_>) -> bool {
    object.str_at("spec.sourceRef.name") == Some("flux-system")
}

fn uses_accounts(index: &Index<'_>) -> bool {
    [Kind::FluxKustomization, Kind::HelmRelease].into_iter().any(|kind| {
        index.objects(kind).iter().any(|o| {
            o.namespace().is_some_and(|n| !is_platform(n))
                && o.path("spec.serviceAccountName").is_some()
        })
    })
}

/// Whether the controllers refuse to act under their own name: then the account is one of the
/// namespace in any case.
fn is_locked_down(index: &Index<'_>) -> bool {
    const FLAG: &str = "--default-service-account";
    let instance = index.objects(Kind::FluxInstance).iter().any(|i| {
        i.bool_at("spec.cluster.multitenant") == Some(true)
            || i.root()
                .items_at("spec.kustomize.patches")
                .any(|p| p.str_at("patch").is_some_and(|patch| patch.contains(FLAG)))
    });
    let controllers = index
        .objects(Kind::Deployment)
        .iter()
        .filter(|o| matches!(o.name(), "kustomize-controller" | "helm-controller"));
    instance
        || controllers
            .filter_map(|o| o.workload())
            .flat_map(kubeready_manifest::kube::Workload::containers)
            .flat_map(|c| c.node().items_at("args"))
            .map(NodeRef::text)
            .any(|arg| arg.starts_with(FLAG))
}
