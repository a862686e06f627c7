//! Which build of an image a container runs.

use kubeready_manifest::kube::{Container, ImageRef, Kind, Object, Workload};
use kubeready_manifest::yaml::NodeRef;

use super::named;
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// What `latest` names today is not what it named when the manifest was tested.
pub(crate) fn latest_image_tag<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = container.path("image").filter(|image| image.is_scalar()) else { return };
    let text = node.text().trim();
    let image = ImageRef::parse(text);
    if image.digest.is_some() || image.tag.is_some_and(|tag| tag != "latest") {
        return;
    }
    // `auto` is replaced by Istio, `ko://…` by ko, a reference to an artifact by skaffold.
    let last = text.rsplit('/').next().unwrap_or(text);
    if text.is_empty() || text == "auto" || text.starts_with("ko://") || is_placeholder(last) {
        return;
    }
    if (image.tag.is_none() && is_built_by_skaffold(text, ctx))
        || is_set_by_openshift(container, image, ctx)
    {
        return;
    }
    // What a kustomization's `images` says of a name comes after what stands here.
    if ctx.standing() == Standing::Unrendered && ctx.index().is_pinned_image(bare(text, image.tag))
    {
        return;
    }
    let message = match image.tag {
        Some(_) => format!("{} runs the image `{text}`", named(container)),
        None => format!("{} runs the image `{text}` without a tag", named(container)),
    };
    ctx.report(node.here(), message)
        .help("name a version that never moves, such as `:1.4.2`, or a digest `@sha256:…`");
}

/// The server of Helm 2 does whatever it is asked to, mostly as cluster-admin, and nobody mends it.
pub(crate) fn tiller_deployed<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let is_tiller = |container: &Container<'_>| container.image_ref().name() == "tiller";
    let Some(container) = workload.containers().find(is_tiller) else { return };
    let message = format!("{} `{}` runs Tiller", workload.kind_name(), workload.name());
    ctx.report(container.image_place(), message).label("the server of Helm 2").help(
        "move its releases to Helm 3 or 4, which need no server (`helm 2to3`), and delete it",
    );
}

/// The image's name as a kustomization spells it: without the tag.
fn bare<'a>(text: &'a str, tag: Option<&str>) -> &'a str {
    tag.and_then(|tag| text.strip_suffix(tag)?.strip_suffix(':')).unwrap_or(text)
}

/// Skaffold writes the tag of its own build into manifests that name one of its artifacts.
fn is_built_by_skaffold(image: &str, ctx: &Ctx<'_, '_>) -> bool {
    ctx.index().objects(Kind::SkaffoldConfig).iter().any(|config| {
        let artifacts = config.root().items_at("build.artifacts");
        artifacts.filter_map(|a| a.get("image")).map(NodeRef::text).any(|name| name == image)
    })
}

/// OpenShift writes an image stream's present digest into what is triggered by it, or names it.
fn is_set_by_openshift<'t>(
    container: Container<'t>,
    image: ImageRef<'_>,
    ctx: &Ctx<'_, 't>,
) -> bool {
    let object = container.workload().object();
    let streams = |name: &str| {
        let found = ctx.index().find(Kind::Other, object.namespace_key(), name);
        let is_stream = |o: &Object<'_>| o.kind_name() == "ImageStream";
        found.iter().any(is_stream)
    };
    let annotation = object.annotations().get("image.openshift.io/triggers");
    let quoted = |text: &str| text.split(['"', '\\']).any(|part| part == container.name());
    (image.registry.is_none() && streams(image.repository))
        || annotation.is_some_and(quoted)
        || object.items_at("spec.triggers").any(|trigger| {
            let mut names = trigger.items_at("imageChangeParams.containerNames");
            names.any(|name| name.text() == container.name())
        })
}
