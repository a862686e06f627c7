//! What two deliveries of one cluster both apply: each undoes what the other does.

use std::collections::BTreeMap;
use std::path::Path;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashMap;

use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::fleet::{Destination, Fleet};
use crate::load;
use crate::render::delivery::{Delivery, Engine, How, Source};
use crate::render::{Delivered, Unit};

/// Two Applications that own an object sync it in turns, and pruning in one deletes it for both.
pub(crate) fn duplicate_application<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report(fleet, Engine::ArgoCd, ctx);
}

/// Two Kustomizations that own an object apply it in turns, and pruning in one deletes it for both.
pub(crate) fn duplicate_flux_ownership<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report(fleet, Engine::Flux, ctx);
}

/// One delivery that may own objects.
#[derive(Clone, Copy)]
struct Claim<'f, 't> {
    delivered: &'f Delivered<'t>,
    /// The directory of the owner's file.
    folder: Option<&'f Path>,
    /// What it renders to, if all of that is known.
    unit: Option<&'t Unit>,
}

/// What two claims have in common.
#[derive(Default)]
struct Contest<'t> {
    /// They deliver the same path with the same changes.
    path: bool,
    objects: Vec<Object<'t>>,
}

fn report<'t>(fleet: &Fleet<'t>, engine: Engine, ctx: &mut Ctx<'_, 't>) {
    let claims = claims(fleet, engine);
    if claims.is_empty() {
        return ctx.pass_over();
    }
    for ((first, second), contest) in contests(&claims) {
        let (Some(first), Some(second)) = (claims.get(first), claims.get(second)) else { continue };
        let (one, two) = (&first.delivered.delivery, &second.delivered.delivery);
        let kind = two.owner.kind_name();
        let message = if contest.path || same_source(one, two) {
            let what = match &two.source {
                Source::Directory(path) => fleet.world.from_root(path),
                _ => path_of(two).to_owned(),
            };
            format!("{kind} `{}` delivers `{what}` to the same place as `{}`", two.name, one.name)
        } else {
            let Some(object) = contest.objects.first() else { continue };
            let more = match contest.objects.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "{kind} `{}` applies {} `{}`{more}, which `{}` applies, too",
                two.name,
                object.kind_name(),
                object.name(),
                one.name
            )
        };
        let shared = |kind: Kind| contest.objects.iter().all(|object| object.kind() == kind);
        let only_namespaces = !contest.path && shared(Kind::Namespace);
        let finding = ctx.report_span(two.source_at, message);
        finding.on(resource_id(two.owner)).help(
            "let one of them own it: take it out of the other's path, or delete one of the two",
        );
        if one.source_at != two.source_at {
            finding.related(one.source_at, format!("`{}` says so here", one.name));
        }
        if !matches!(two.source, Source::Directory(_)) {
            finding.confidence(Confidence::Likely);
        }
        if only_namespaces {
            finding.severity(Severity::Warning);
        }
    }
}

fn claims<'f, 't>(fleet: &'f Fleet<'t>, engine: Engine) -> Vec<Claim<'f, 't>> {
    let files: FxHashMap<SourceId, &Path> = fleet
        .world
        .files()
        .filter_map(|file| Some((file.source, file.input.path.parent()?)))
        .collect();
    let mut claims: Vec<Claim<'f, 't>> = fleet
        .deliveries
        .iter()
        .filter(|d| {
            let owner = d.delivery.owner;
            let brings = matches!(owner.kind(), Kind::Application | Kind::FluxKustomization);
            d.delivery.engine == engine && brings && !d.delivery.suspended
        })
        .map(|delivered| {
            let unit = delivered.unit.and_then(|at| fleet.units.get(at).copied());
            Claim {
                delivered,
                folder: files.get(&delivered.delivery.source_at.source).copied(),
                unit: unit.filter(|unit| !unit.partial && unit.tree.documents().next().is_some()),
            }
        })
        .collect();
    // The first in the order of the files owns what is contested.
    claims.sort_by(|a, b| {
        let key = |c: &Claim<'_, 't>| (c.delivered.delivery.source_at, c.delivered.delivery.name);
        key(a).cmp(&key(b))
    });
    claims
}

/// Where the owner is and where it sends its objects.
type PlaceKey<'f> = (Option<&'f str>, Option<&'f str>, Option<&'f str>, &'f str, &'f str);

fn place<'f>(claim: &Claim<'f, '_>) -> PlaceKey<'f> {
    let Destination { cluster, environment, variant, .. } = &*claim.delivered.owner;
    let to = &claim.delivered.delivery.destination;
    let text = |node: Option<NodeRef<'f>>| node.map(NodeRef::text).filter(|t| !t.is_empty());
    let to = text(to.cluster).or_else(|| text(to.server)).unwrap_or("");
    let to = match to.trim_end_matches('/') {
        "https://kubernetes.default.svc" => "in-cluster",
        to => to,
    };
    // The Secret of a kubeconfig that Flux uses is one of the owner's namespace.
    let delivery = &claim.delivered.delivery;
    let remote = delivery.engine == Engine::Flux && !to.is_empty();
    let home = if remote { delivery.owner.namespace().unwrap_or("") } else { "" };
    match cluster {
        Some(cluster) => (Some(cluster), None, None, to, home),
        None => (None, environment.as_deref(), variant.as_deref(), to, home),
    }
}

/// Pairs of claims by their positions, the first by the files before the second.
fn contests<'t>(claims: &[Claim<'_, 't>]) -> BTreeMap<(usize, usize), Contest<'t>> {
    let mut found: BTreeMap<(usize, usize), Contest<'t>> = BTreeMap::new();
    let mut paths: FxHashMap<(PlaceKey<'_>, String), Vec<usize>> = FxHashMap::default();
    let mut owners: FxHashMap<_, Vec<usize>> = FxHashMap::default();
    for (at, claim) in claims.iter().enumerate() {
        if let Some(key) = path_key(claim) {
            let earlier = paths.entry((place(claim), key)).or_default();
            let rival = earlier.iter().copied().find(|one| {
                claims.get(*one).is_some_and(|one| {
                    is_rival(one, claim) && (one.unit.is_none() || claim.unit.is_none())
                })
            });
            if let Some(one) = rival {
                found.entry((one, at)).or_default().path = true;
            }
            earlier.push(at);
        }
        for object in claim.unit.into_iter().flat_map(|unit| load::file_objects(&unit.tree)) {
            let (object, true) = object else { continue };
            if !object.is_named() || object.name().contains(['$', '{']) {
                continue;
            }
            let namespace = if object.is_cluster_scoped() { "" } else { object.namespace_key() };
            let id = (object.group(), object.kind_name(), namespace, object.name());
            let earlier = owners.entry((place(claim), id)).or_default();
            if earlier.last() == Some(&at) {
                continue;
            }
            let rival = |one: &&usize| claims.get(**one).is_some_and(|one| is_rival(one, claim));
            if let Some(one) = earlier.iter().find(rival) {
                found.entry((*one, at)).or_default().objects.push(object);
            }
            earlier.push(at);
        }
    }
    found
}

/// Whether two claims are of two owners that work side by side. Copies of one owner in several
/// directories, and examples beside each other, are not.
fn is_rival(one: &Claim<'_, '_>, two: &Claim<'_, '_>) -> bool {
    let (a, b) = (&one.delivered.delivery, &two.delivered.delivery);
    let namespaces = (a.owner.namespace(), b.owner.namespace());
    let other_namespace = matches!(namespaces, (Some(a), Some(b)) if a != b);
    if a.name == b.name && !other_namespace {
        return false;
    }
    let together = a.owner.root().tree().source() == b.owner.root().tree().source()
        || one.folder.is_some() && one.folder == two.folder;
    let here = |d: &Delivery<'_>| matches!(d.source, Source::Directory(_));
    together || here(a) && here(b) && revision(a) == revision(b)
}

/// What a path delivers, as text that is the same only if the objects are the same. `None` where
/// that cannot be told.
fn path_key(claim: &Claim<'_, '_>) -> Option<String> {
    let delivery = &claim.delivered.delivery;
    let overlay = &delivery.overlay;
    let plain = overlay.patches.is_empty() && overlay.components.is_empty();
    if !plain || !matches!(delivery.owner.kind(), Kind::Application | Kind::FluxKustomization) {
        return None;
    }
    let source = source_node(delivery);
    let how = match &delivery.how {
        How::Kustomize => "kustomize".to_owned(),
        How::FluxGenerated => "generated".to_owned(),
        How::Directory { recurse, include, exclude } => format!("{recurse} {include} {exclude}"),
        // Releases of two names are two.
        How::Helm => delivery.values.release_name?.text().to_owned(),
        How::Other if matches!(delivery.source, Source::Elsewhere(_)) => {
            let plain = ["helm", "directory"];
            if source.is_some_and(|s| plain.iter().any(|key| s.get(key).is_some())) {
                return None;
            }
            String::new()
        }
        How::Plugin | How::Other => return None,
    };
    let from = match &delivery.source {
        Source::Directory(path) => path.to_string_lossy().into_owned(),
        Source::Elsewhere(url) => format!("{url} {} {}", path_of(delivery), revision(delivery)),
        _ => return None,
    };
    let text = |value: &Option<kubeready_manifest::yaml::Value<'_>>| {
        value.as_ref().map_or(String::new(), |value| value.text().to_owned())
    };
    let namespace = delivery.destination.namespace.map_or("", NodeRef::text);
    let mut key = format!(
        "{from}\n{how}\n{namespace}\n{}\n{}\n{}",
        text(&overlay.namespace),
        text(&overlay.name_prefix),
        text(&overlay.name_suffix)
    );
    if let Some(substitution) = &delivery.substitution {
        for (name, value) in substitution.inline.into_iter().flat_map(NodeRef::entries) {
            key.push('\n');
            key.push_str(name.text());
            key.push('=');
            key.push_str(value.text());
        }
        for from in &substitution.from {
            key.push('\n');
            key.push_str(from.reference.name);
        }
    }
    Some(key)
}

fn same_source(one: &Delivery<'_>, two: &Delivery<'_>) -> bool {
    matches!((&one.source, &two.source), (Source::Directory(a), Source::Directory(b)) if a == b)
}

/// The source of an Application that a delivery is of.
fn source_node<'t>(delivery: &Delivery<'t>) -> Option<NodeRef<'t>> {
    let spec = delivery.owner.spec()?;
    let many = spec.items_at("sources");
    spec.get("source").into_iter().chain(many).find(|source| {
        ["path", "repoURL"]
            .iter()
            .any(|key| source.get(key).is_some_and(|node| node.span() == delivery.source_at))
    })
}

fn path_of<'t>(delivery: &Delivery<'t>) -> &'t str {
    let flux = || delivery.owner.path("spec.path");
    source_node(delivery).and_then(|s| s.get("path")).or_else(flux).map_or("", NodeRef::text)
}

fn revision<'t>(delivery: &Delivery<'t>) -> &'t str {
    source_node(delivery).and_then(|s| s.get("targetRevision")).map_or("", NodeRef::text)
}
