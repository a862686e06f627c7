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
    let tenants = |instance: NodeRef<'_>| instance.bool_at("cluster.multitenant") == Some(true);
    instances(index).any(tenants)
        || has_flag(index, &["kustomize-controller", "helm-controller"], |arg| {
            arg.contains("--default-service-account")
        })
}

/// What is set of FluxInstances, in the values of the chart that makes one too.
fn instances<'t>(index: &Index<'t>) -> impl Iterator<Item = NodeRef<'t>> {
    let made = index.objects(Kind::FluxInstance).iter().filter_map(|o| o.spec());
    let installed = index.objects(Kind::HelmRelease).iter();
    made.chain(installed.filter_map(|o| o.path("spec.values.instance")))
}

/// Whether Flux's controllers are started with an argument, as far as the tree shows.
pub(super) fn has_flag(
    index: &Index<'_>,
    controllers: &[&str],
    flag: impl Fn(&str) -> bool,
) -> bool {
    let patched = instances(index).any(|instance| {
        instance
            .items_at("kustomize.patches")
            .any(|patch| patch.str_at("patch").is_some_and(|text| text.lines().any(&flag)))
    });
    patched
        || index
            .objects(Kind::Deployment)
            .iter()
            .filter(|o| controllers.contains(&o.name()))
            .filter_map(|o| o.workload())
            .flat_map(kubeready_manifest::kube::Workload::containers)
            .flat_map(|c| c.node().items_at("args"))
            .any(|arg| flag(arg.text()))
}
