//! What kustomizations do to the objects that they make, told from the rendered objects.

use std::collections::BTreeMap;

use kubeready_manifest::kube::{Kind, Workload};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashMap;

use super::kustomization::{Kustomization, kustomizations, listed};
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::file_objects;
use crate::render::Unit;

/// With a name that stays, new content reaches no pod that runs already.
pub(crate) fn kustomize_generator_without_hash<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut generators: FxHashMap<(SourceId, u32), Span> = FxHashMap::default();
    for k in kustomizations(fleet) {
        generators.extend(without_hash(k));
    }
    if generators.is_empty() {
        return ctx.pass_over();
    }
    let mut found: BTreeMap<Span, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for unit in &fleet.units {
        for (object, _) in file_objects(&unit.tree) {
            if !matches!(object.kind(), Kind::ConfigMap | Kind::Secret) {
                continue;
            }
            let Some(name) = object.path("metadata.name").map(NodeRef::span) else { continue };
            let Some(switch) = generators.get(&(name.source, name.start)) else { continue };
            let users = users(unit, object.kind(), object.name());
            if users.is_empty() {
                continue;
            }
            let (made, used) = found.entry(*switch).or_default();
            add(made, format!("{} `{}`", object.kind_name(), object.name()));
            for user in users {
                add(used, user);
            }
        }
    }
    for (switch, (made, used)) in found {
        let (keeps, its) =
            if made.len() == 1 { ("keeps its name", "its") } else { ("keep their names", "their") };
        let does = if used.len() == 1 { "does" } else { "do" };
        let message = format!(
            "{} {keeps} when {its} content changes, so {} {does} not roll",
            listed(&made),
            listed(&used)
        );
        ctx.report_span(switch, message).label("no hash in the name").help(
            "remove `disableNameSuffixHash`: kustomize writes the new name wherever it is used",
        );
    }
}

/// Names of generators whose objects get no hash, and what switches it off.
fn without_hash<'t>(
    k: Kustomization<'t>,
) -> impl Iterator<Item = ((SourceId, u32), Span)> + use<'t> {
    let off = |options: NodeRef<'t>| {
        options.get("disableNameSuffixHash").filter(|switch| switch.as_bool() == Some(true))
    };
    let all = k.field("generatorOptions").and_then(|(_, options)| off(options));
    let generators = k.items("configMapGenerator").chain(k.items("secretGenerator"));
    generators.filter_map(move |generator| {
        let own = generator.get("options").and_then(off);
        let name = generator.get("name")?.span();
        Some(((name.source, name.start), own.or(all)?.span()))
    })
}

/// Workloads of a unit that run on and take their configuration from an object.
fn users(unit: &Unit, kind: Kind, name: &str) -> Vec<String> {
    let workloads = file_objects(&unit.tree).filter_map(|(object, _)| object.workload());
    workloads
        .filter(|w| !w.is_batch() && !is_reloaded(*w) && uses(*w, kind, name))
        .map(|w| format!("{} `{}`", w.kind_name(), w.name()))
        .collect()
}

fn uses(workload: Workload<'_>, kind: Kind, name: &str) -> bool {
    let [reference, variable, volume] = match kind {
        Kind::Secret => ["secretRef", "secretKeyRef", "secret"],
        _ => ["configMapRef", "configMapKeyRef", "configMap"],
    };
    let is = |node: Option<NodeRef<'_>>| node.is_some_and(|n| n.str_at("name") == Some(name));
    workload.containers().any(|container| {
        let all = container.node().items_at("envFrom").any(|from| is(from.get(reference)));
        all || container.env().any(|env| is(env.get("valueFrom").and_then(|v| v.get(variable))))
    }) || workload.volumes().any(|v| {
        is(v.get(volume))
            || v.str_at("secret.secretName") == Some(name) && kind == Kind::Secret
            || v.items_at("projected.sources").any(|source| is(source.get(volume)))
    })
}

/// Whether something else restarts its pods when their configuration changes.
fn is_reloaded(workload: Workload<'_>) -> bool {
    let of = |key: &str| ["reload", "checksum", "hash"].iter().any(|word| key.contains(word));
    let object = workload.object();
    object.annotations().iter().chain(workload.pod_annotations().iter()).any(|(key, _)| of(&key))
}

pub(super) fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}
