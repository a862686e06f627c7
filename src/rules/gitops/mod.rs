//! What Argo CD and Flux are told to deliver, where, and how carefully.

mod app_project;
mod application;
mod application_set;
mod argocd;
mod chart;
mod chart_dependencies;
mod chart_render;
mod chart_unused;
mod chart_values;
mod charts;
mod deliveries;
mod engines;
mod flux;
mod flux_graph;
mod flux_patches;
mod flux_sources;
mod flux_tenants;
mod helm_release;
mod kustomization;
mod kustomize;
mod kustomize_faults;
mod kustomize_output;
mod kustomize_selectors;
mod ownership;
mod pipelines;
mod sync;
mod unreferenced;

pub(crate) use app_project::{
    application_default_project, application_not_permitted, dangling_app_project,
    permissive_app_project,
};
pub(crate) use application_set::{
    application_set_deletes_apps, application_set_template_lax, fleet_rollout_not_staged,
};
pub(crate) use argocd::{
    application_mutable_revision, application_wrong_namespace, argocd_config_label_missing,
    invalid_application,
};
pub(crate) use chart_dependencies::{helm_dependency_insecure, helm_dependency_unpinned};
pub(crate) use chart_render::{helm_render_error, helm_undefined_value};
pub(crate) use chart_unused::helm_unused_value;
pub(crate) use chart_values::dangling_helm_values;
pub(crate) use charts::{
    helm_chart_invalid, helm_hard_coded_namespace, helm_missing_values_schema,
};
pub(crate) use deliveries::{
    application_path_missing, application_value_file_missing, flux_path_missing,
};
pub(crate) use engines::{Engines, no_app_of_apps, no_gitops_engine, orphan_application};
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
pub(crate) use kustomize::{
    kustomize_ambiguous_root, kustomize_deprecated_field, kustomize_empty,
    kustomize_remote_unpinned,
};
pub(crate) use kustomize_faults::{
    flux_substitution_undefined, kustomize_component_misuse, kustomize_cycle,
    kustomize_duplicate_resource, kustomize_load_restriction, kustomize_missing_file,
    kustomize_patch_target_missing, kustomize_unknown_field, kustomize_unused_override,
};
pub(crate) use kustomize_output::kustomize_generator_without_hash;
pub(crate) use kustomize_selectors::kustomize_mutates_selector;
pub(crate) use ownership::{duplicate_application, duplicate_flux_ownership};
pub(crate) use pipelines::kubectl_in_pipeline;
pub(crate) use sync::{
    application_allow_empty, application_ignores_too_much, application_unsafe_sync_option,
    application_without_automated_sync, application_without_prune, application_without_self_heal,
    invalid_sync_wave,
};
pub(crate) use unreferenced::unreferenced_manifest;
