//! GitOps: what Argo CD and Flux deliver, from where, and whether anybody hears of a failure.

mod flux;
mod flux_graph;
mod flux_patches;
mod flux_sources;
mod flux_tenants;
mod helm_release;
mod pipelines;

pub(crate) use flux::{
    flux_force_apply, flux_kustomization_without_health_checks, flux_kustomization_without_prune,
    flux_kustomization_without_timeout, flux_suspended, flux_without_alerts,
};
pub(crate) use flux_graph::{Graph as FluxGraph, dangling_flux_dependency};
pub(crate) use flux_patches::Patches as FluxPatches;
pub(crate) use flux_sources::{dangling_flux_source, flux_source_mutable, flux_source_untrusted};
pub(crate) use flux_tenants::flux_tenant_without_service_account;
pub(crate) use helm_release::{
    helm_release_drift_detection_off, helm_release_floating_version,
    helm_release_without_remediation,
};
pub(crate) use pipelines::kubectl_in_pipeline;
