//! The order of what is printed, where a kustomization asks for one.

use kubeready_manifest::yaml::Value;

use super::kustomization::Kustomization;
use super::resource::{Id, Resource};
use crate::render::{Fault, FaultKind};

/// Kinds that others need, and kinds that hold others up.
const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as `sortOptions` say.
pub(super) fn sort(
    resources: &mut [Resource<'_>],
    kustomization: &Kustomization<'_>,
    faults: &mut Vec<Fault>,
) {
    let Some(options) = kustomization.field("sortOptions") else { return };
    let legacy = options.get("legacySortOptions");
    match options.get("order").map_or("", Value::text) {
        "legacy" => {
            let list = |field| {
                legacy
                    .and_then(|l| l.get(field))
                    .map(|list| list.items().iter().map(Value::text).collect::<Vec<_>>())
            };
            // Either list by itself does away with both defaults.
            match (list("orderFirst"), list("orderLast")) {
                (None, None) => legacy_order(resources),
                (first, last) => {
                    by_kind(resources, &first.unwrap_or_default(), &last.unwrap_or_default());
                }
            }
        }
        "fifo" if legacy.is_none() => {}
        "fifo" => faults.push(Fault::fatal(
            FaultKind::Invalid,
            legacy.map_or(options.origin.span, |l| l.origin.span),
            "`legacySortOptions` go with the order `legacy` only",
        )),
        _ => faults.push(Fault::fatal(
            FaultKind::Invalid,
            options.get("order").map_or(options.origin.span, |o| o.origin.span),
            "`sortOptions.order` must be `legacy` or `fifo`",
        )),
    }
}

/// As `kustomize build` prints what a root without `sortOptions` makes.
pub(super) fn legacy_order(resources: &mut [Resource<'_>]) {
    by_kind(resources, FIRST, LAST);
}

fn by_kind(resources: &mut [Resource<'_>], first: &[&str], last: &[&str]) {
    let rank = |kind: &str| {
        if let Some(at) = first.iter().position(|k| *k == kind) {
            return at;
        }
        last.iter().position(|k| *k == kind).map_or(first.len(), |at| first.len() + 1 + at)
    };
    resources.sort_by_cached_key(|resource| {
        let Id { group, version, kind, name, namespace } = resource.id();
        let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
        let rank = rank(&kind);
        let gvk = [or(group, "~G"), or(version, "~V"), or(kind, "~K")].join("_");
        // As one text: `dex-2` comes before `dex`, for `-` comes before the bar.
        (rank, gvk, [or(namespace, "~X"), or(name, "~N")].join("|"))
    });
}
