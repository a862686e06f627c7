//! Fields against the types of the Kubernetes API.

use std::rc::Rc;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place, Scalar};
use kubeready_typed::{Mismatch, Report, Unknown};

use crate::catalogue::Confidence;
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;
use crate::spelling::nearest;

/// `on`, `8080` and `1.20` are no text, and the API server does not turn them into it.
pub(crate) fn implicit_typed_string<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut nodes: Vec<NodeRef<'t>> = Vec::new();
    if let Some(report) = ctx.decoded() {
        nodes.extend(report.mismatched.iter().filter(|m| is_implicit(m)).map(|m| m.node));
    }
    // Every object has labels and annotations, also those whose kind is not known.
    for map in [object.labels().node(), object.annotations().node()].into_iter().flatten() {
        for (_, value) in map.entries() {
            if untexted(value).is_some() && !nodes.contains(&value) {
                nodes.push(value);
            }
        }
    }
    for node in nodes {
        let Some(kind) = untexted(node) else { continue };
        let path = object.root().path_to(node).unwrap_or_default();
        let message = format!("`{path}` must be text, but reads as {kind}");
        let finding = ctx.report(node.here(), message);
        // A value that may be a password is not repeated.
        if object.kind() == Kind::Secret {
            finding.help("put it in quotes");
        } else {
            finding.help(format!("put it in quotes: `\"{}\"`", node.text()));
        }
        finding.label(format!("reads as {kind}"));
    }
}

/// The API server refuses an object with a value of another type than the field has.
pub(crate) fn invalid_field_type<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(report) = ctx.decoded().filter(|r| !r.mismatched.is_empty()) else { return };
    let leave_text = ctx.is_on("implicit-typed-string");
    let leave_base64 = ctx.is_on("invalid-secret-base64");
    for misfit in &report.mismatched {
        let base64 = misfit.expected == "base64 text";
        let text = misfit.node.text();
        if (leave_text && is_implicit(misfit))
            || (base64 && (leave_base64 || text.starts_with("ENC[") || is_wrapped_base64(text)))
            || is_placeholder(text)
        {
            continue;
        }
        let path = object.root().path_to(misfit.node).unwrap_or_default();
        let message = format!("`{path}` must be {}, not {}", misfit.expected, misfit.found);
        let place = Place::value(misfit.node);
        ctx.report(place, message).help(format!("give {}", misfit.expected));
    }
}

/// The API server skips line breaks in base64, and generators write long texts in lines.
fn is_wrapped_base64(text: &str) -> bool {
    let mut length = 0;
    let mut padding = 0;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        match byte {
            b'=' => padding += 1,
            _ if padding > 0 => return false,
            b'+' | b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {}
            _ => return false,
        }
        length += 1;
    }
    length % 4 == 0 && padding <= 2 && text.contains('\n')
}

/// The API server refuses an object that lacks one of its required fields.
pub(crate) fn missing_required_field<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let report = ctx.decoded();
    let unrendered = ctx.index().standing(object) == Standing::Unrendered;
    if is_unnamed(object, report.as_ref()) {
        let kind = object.kind_name();
        let place = if object.metadata().is_some() {
            object.at("metadata.name")
        } else {
            object.at("metadata")
        };
        ctx.report(place, format!("{kind} without a name")).help("set `metadata.name`");
    }
    for missing in report.iter().flat_map(|r| &r.missing) {
        // What a template fills in may hold it.
        if is_placeholder(missing.node.text()) {
            continue;
        }
        // Kustomize's `commonLabels` and `labels` write selectors where there are none.
        if unrendered && missing.field == "selector" {
            continue;
        }
        let path = object.root().path_to(missing.node).unwrap_or_default();
        let dot = if path.is_empty() { "" } else { "." };
        let message = format!("`{path}{dot}{}` is required", missing.field);
        let place = lacking(object.root(), missing.node, missing.field);
        let finding = ctx.report(place, message);
        finding.help(format!("set `{}`", missing.field));
        if unrendered {
            // A patch may bring it.
            finding.confidence(Confidence::Likely);
        }
    }
    report_missing_images(object, ctx);
}

/// A misspelt field is refused, or silently left out where validation is off.
pub(crate) fn unknown_field<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(report) = ctx.decoded().filter(|r| !r.unknown.is_empty()) else { return };
    for unknown in &report.unknown {
        let (key, name) = (unknown.key, unknown.key.text());
        let parent = object.root().path_to(unknown.value);
        // SOPS' own record of what it has encrypted; taken away before anything is applied.
        if is_placeholder(name) || (name == "sops" && parent.as_deref() == Some("sops")) {
            continue;
        }
        let path = parent.unwrap_or_else(|| name.to_owned());
        let message = format!("`{path}` is not a field of {}", unknown.of);
        let help = advice(unknown);
        ctx.report(Place::key(key, unknown.value), message).label("no such field").help(help);
    }
}

/// What to do about a field that is not there.
fn advice(unknown: &Unknown<'_>) -> String {
    const OF_CONTAINERS: &[&str] = &[
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "ports",
        "readinessProbe",
        "startupProbe",
        "volumeMounts",
        "workingDir",
    ];
    const OF_PODS: &[&str] = &[
        "containers",
        "initContainers",
        "nodeSelector",
        "restartPolicy",
        "serviceAccountName",
        "tolerations",
        "volumes",
    ];
    let name = unknown.key.text();
    if let Some(known) = nearest(name, unknown.known.iter().copied()) {
        return format!("did you mean `{known}`?");
    }
    if unknown.of == "PodSpec" && OF_CONTAINERS.contains(&name) {
        return format!("`{name}` belongs to a container: move it into an item of `containers`");
    }
    if unknown.of.ends_with("Spec")
        && OF_PODS.contains(&name)
        && unknown.known.contains(&"template")
    {
        return format!("`{name}` belongs to the pods: move it to `template.spec`");
    }
    if unknown.known.len() <= 12 {
        return format!("it has `{}`", unknown.known.join("`, `"));
    }
    "remove it, or move it to the object that has it".to_owned()
}

/// A string is asked for, and a plain scalar reads as something else.
fn is_implicit(misfit: &Mismatch<'_>) -> bool {
    misfit.expected == "a string" && untexted(misfit.node).is_some()
}

/// What a scalar that should be text reads as.
fn untexted(node: NodeRef<'_>) -> Option<&'static str> {
    match node.scalar()? {
        Scalar::Bool(_) => Some("true or false"),
        Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_) => Some("a number"),
        Scalar::Null | Scalar::Str(_) => None,
    }
}

fn is_unnamed(object: Object<'_>, report: Option<&Rc<Report<'_>>>) -> bool {
    let built_in = object.kind() != Kind::Other || report.is_some();
    // Asked of the API server and not kept.
    let virtual_kind = object.kind_name().ends_with("Review")
        || matches!(object.kind_name(), "TokenRequest" | "Binding" | "Eviction" | "Scale");
    let metadata = object.metadata();
    let named = |key| metadata.is_some_and(|m| m.get(key).is_some_and(|n| !is_blank(n)));
    built_in
        && !virtual_kind
        && metadata.is_none_or(NodeRef::is_map)
        && !named("name")
        && !named("generateName")
}

fn is_blank(node: NodeRef<'_>) -> bool {
    node.is_scalar() && node.text().is_empty()
}

fn report_missing_images<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(workload) = ctx.workload() else { return };
    // OpenShift's triggers fill images in; of custom resources nothing is known.
    if matches!(object.kind(), Kind::Other | Kind::DeploymentConfig)
        || object.annotations().contains("image.openshift.io/triggers")
    {
        return;
    }
    for container in workload.containers().filter(|c| c.path("image").is_none_or(is_blank)) {
        let message = format!("container `{}` has no image", container.name());
        ctx.report(container.at("image"), message).help("set `image`");
    }
}

/// The place of a field that a node lacks: the key under which the node stands, else its name.
fn lacking<'t>(root: NodeRef<'t>, node: NodeRef<'t>, field: &str) -> Place<'t> {
    match key_of(root, node) {
        Some(key) => Place { node, span: key.span(), missing: field.to_owned() },
        None => node.at(field),
    }
}

/// The key whose value is the node; `None` for items of lists and for the root.
fn key_of<'t>(here: NodeRef<'t>, node: NodeRef<'t>) -> Option<NodeRef<'t>> {
    let holds = |outer: NodeRef<'t>| {
        let (outer, inner) = (outer.span(), node.span());
        outer.start <= inner.start && inner.end <= outer.end
    };
    let found = here.entries().find(|(_, value)| *value == node).map(|(key, _)| key);
    found.or_else(|| {
        let below = here.entries().map(|(_, value)| value).chain(here.items());
        below.filter(|value| !value.is_scalar() && holds(*value)).find_map(|v| key_of(v, node))
    })
}
