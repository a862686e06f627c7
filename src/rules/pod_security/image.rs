//! Which build of an image a container runs.

use kubeready_manifest::kube::{Container, ImageRef, Kind};
use kubeready_manifest::yaml::NodeRef;

use super::{is_placeholder, named};
use crate::engine::Ctx;

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
    if image.tag.is_none() && is_built_by_skaffold(text, ctx) {
        return;
    }
    let message = match image.tag {
        Some(_) => format!("{} runs the image `{text}`", named(container)),
        None => format!("{} runs the image `{text}` without a tag", named(container)),
    };
    ctx.report(node.here(), message)
        .help("name a version that never moves, such as `:1.4.2`, or a digest `@sha256:…`");
}

/// Skaffold writes the tag of its own build into manifests that name one of its artifacts.
fn is_built_by_skaffold(image: &str, ctx: &Ctx<'_, '_>) -> bool {
    ctx.index().objects(Kind::SkaffoldConfig).iter().any(|config| {
        let artifacts = config.root().items_at("build.artifacts");
        artifacts.filter_map(|a| a.get("image")).map(NodeRef::text).any(|name| name == image)
    })
}
