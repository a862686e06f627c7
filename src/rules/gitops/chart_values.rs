//! Where the values of releases come from.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder_word;

/// Flux installs and upgrades nothing while a source of values is not there.
pub(crate) fn dangling_helm_values<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::HelmRelease {
        return ctx.pass_over();
    }
    let index = ctx.index();
    let release = object.name();
    for from in object.items_at("spec.valuesFrom") {
        let kind = match from.str_at("kind") {
            Some("ConfigMap") => Kind::ConfigMap,
            Some("Secret") => Kind::Secret,
            _ => continue,
        };
        let Some(name) = from.get("name") else { continue };
        // What is no boolean is filled in later.
        let optional = from.get("optional").is_some_and(|o| o.as_bool() != Some(false));
        if optional || name.text().is_empty() || is_placeholder_word(name.text()) {
            continue;
        }
        let found = sources(index, object, kind, name.text());
        if !found.is_empty() {
            missing_key(from, &found, ctx);
            continue;
        }
        let hashed = hashed(index, object, kind, name.text());
        let declared =
            hashed.is_none() && index.declares(kind, object.namespace_key(), name.text());
        if !declared && !index.is_namespace_open(object) {
            let kept = kind == Kind::ConfigMap || index.keeps_secrets(object.namespace_key());
            let message = format!(
                "HelmRelease `{release}` takes values from {} `{}`, which is not in the tree",
                kind.name(),
                name.text()
            );
            let finding = ctx.report(name.here(), message);
            if let Some(other) = hashed {
                finding
                    .label(format!("kustomize calls it `{}`", other.name()))
                    .related(other.place().span, "generated here")
                    .help("list `spec/valuesFrom/name` of HelmRelease as a `nameReference` in `configurations`, or set `disableNameSuffixHash: true` on the generator");
                continue;
            }
            finding.label(format!("no such {} in this namespace", kind.name())).help(
                "add it, correct the name, or set `optional: true` if the chart can do without",
            );
            // Who keeps no Secrets in the tree makes them by another way.
            if kept {
                finding.confidence(Confidence::Likely);
            } else {
                finding
                    .severity(Severity::Advice)
                    .confidence(Confidence::Hint)
                    .label("nor is any Secret of this namespace");
            }
        }
    }
}

/// The objects that a release may mean: those of the name that live, or may come to live, beside it.
fn sources<'t>(index: &Index<'t>, release: Object<'t>, kind: Kind, name: &str) -> Vec<Object<'t>> {
    let made_by: &[Kind] = match kind {
        Kind::Secret => &[Kind::Secret, Kind::SealedSecret, Kind::ExternalSecret],
        _ => &[Kind::ConfigMap],
    };
    let open = index.is_namespace_open(release);
    let fits = |o: &Object<'t>| {
        let target = match o.kind() {
            Kind::ExternalSecret => o.str_at("spec.target.name"),
            Kind::SealedSecret => o.str_at("spec.template.metadata.name"),
            _ => None,
        };
        target.unwrap_or(o.name()) == name
            && (open || o.namespace_key() == release.namespace_key() || index.is_namespace_open(*o))
    };
    let all = made_by.iter().flat_map(|kind| index.objects(*kind).iter().copied());
    all.filter(fits).collect()
}

/// What a generator made of the name, where nothing told it that the release means it.
fn hashed<'t>(
    index: &Index<'t>,
    release: Object<'t>,
    kind: Kind,
    name: &str,
) -> Option<Object<'t>> {
    let is_hash = |rest: &str| {
        let hash = rest.strip_prefix('-').unwrap_or("");
        hash.len() == 10 && hash.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let mut beside = index.objects_in(kind, release.namespace_key());
    beside.find(|o| o.name().strip_prefix(name).is_some_and(is_hash))
}

/// The key that is taken, where it is known which keys there are.
fn missing_key<'t>(from: NodeRef<'t>, sources: &[Object<'t>], ctx: &mut Ctx<'_, 't>) {
    let written = from.get("valuesKey");
    let key = written.map_or("values.yaml", NodeRef::text);
    if is_placeholder_word(key) || sources.iter().any(|source| may_have_key(*source, key)) {
        return;
    }
    let Some(source) = sources.first() else { return };
    let message = format!("{} `{}` has no key `{key}`", source.kind_name(), source.name());
    let place = match written {
        Some(node) => node.here(),
        None => from.at("valuesKey"),
    };
    ctx.report(place, message)
        .label("Flux takes the values from this key")
        .related(source.place().span, "its keys are here")
        .help("correct `valuesKey`, or add the key");
}

fn may_have_key(source: Object<'_>, key: &str) -> bool {
    let root = source.root();
    let in_map = |path: &str| root.path(path).is_some_and(|map| map.value(key).is_some());
    match source.kind() {
        Kind::ConfigMap => in_map("data") || in_map("binaryData"),
        Kind::Secret => in_map("data") || in_map("stringData"),
        Kind::SealedSecret => in_map("spec.encryptedData") || in_map("spec.template.data"),
        // What is fetched whole, or made by a template, has keys that are not written here.
        _ => {
            root.path("spec.dataFrom").is_some()
                || root.path("spec.target.template").is_some()
                || root.items_at("spec.data").any(|d| d.str_at("secretKey") == Some(key))
        }
    }
}
