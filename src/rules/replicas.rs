//! Replicas: enough of them, spread, owned by one controller, scaled by one autoscaler.

use kubeready_manifest::kube::Kind;
use kubeready_manifest::kube::Object;

use crate::engine::Ctx;

/// A bare pod is not rescheduled when its node goes away.
pub(crate) fn naked_pod<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let static_pod = object.annotations().contains("kubernetes.io/config.source")
        || object.annotations().contains("kubernetes.io/config.mirror");
    if object.kind() != Kind::Pod || object.is_hook() || static_pod {
        return;
    }
    if object.path("metadata.ownerReferences").is_some_and(|owners| !owners.is_empty()) {
        return;
    }
    ctx.report(object.place(), format!("pod `{}` has no controller", object.name()))
        .label("nothing recreates this pod")
        .help("run it from a Deployment, a StatefulSet, a DaemonSet or a Job");
}
