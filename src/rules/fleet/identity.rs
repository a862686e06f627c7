//! What a place calls itself.

use std::collections::{BTreeMap, BTreeSet};

use kubeready_manifest::kube::{Kind, Object, Workload};
use kubeready_manifest::yaml::NodeRef;

use super::spot::{belongs, called, listed, named};
use crate::engine::{Ctx, resource_id};
use crate::fleet::compare::Key;
use crate::fleet::{Fleet, FleetPlace, Stage, environment_word};
use crate::rules::placeholder::is_placeholder;

/// Metrics, costs and DNS records of two clusters of one name cannot be told apart.
pub(crate) fn duplicate_cluster_identity<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    type Claim<'t> = (usize, Object<'t>, NodeRef<'t>);
    let mut claims: BTreeMap<(&str, &str, Key<'t>), Vec<Claim<'t>>> = BTreeMap::new();
    for (at, view) in fleet.comparison().views.iter().enumerate() {
        let here = fleet.places.get(view.place).map(|place| &place.destination);
        let is_cluster = here.is_some_and(|d| {
            d.cluster.is_some()
                || d.variant.is_some() && d.variant != d.environment && view.stage.is_some()
        });
        if !is_cluster {
            continue;
        }
        for (key, object) in view.objects.iter().map(|(key, seen)| (key, seen.object)) {
            for (what, node) in identities(object) {
                let claim = claims.entry((what, node.text(), *key)).or_default();
                if claim.iter().all(|(known, ..)| *known != at) {
                    claim.push((at, object, node));
                }
            }
        }
    }
    if claims.is_empty() {
        return ctx.pass_over();
    }
    let mut told: BTreeSet<(&str, &str, usize)> = BTreeSet::new();
    for ((what, value, _), claim) in claims {
        let Some(((first, _, origin), others)) = claim.split_first() else { continue };
        let Some(first) = place_of(fleet, *first) else { continue };
        for (at, object, node) in others {
            let Some(place) = place_of(fleet, *at).filter(|_| told.insert((what, value, *at)))
            else {
                continue;
            };
            let message =
                format!("{} has the {what} `{value}` of `{}`", called(place), first.name());
            let finding = ctx.report(node.here(), message);
            finding.on(resource_id(*object));
            finding.help("give every cluster its own, in its own overlay");
            if origin.span() != node.span() {
                finding.related(origin.span(), format!("the same in `{}`", first.name()));
            }
            belongs(finding, place);
        }
    }
}

/// A label that names another environment leads alerts and costs astray.
pub(crate) fn environment_label_mismatch<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let clusters: BTreeSet<&str> =
        fleet.places.iter().filter_map(|p| p.destination.cluster.as_deref()).collect();
    let mut looked = false;
    for view in &fleet.comparison().views {
        let Some(place) = fleet.places.get(view.place) else { continue };
        // Nothing can be another's.
        let is_one_of_many = place.destination.cluster.is_some() && clusters.len() > 1;
        if view.stage.is_none() && !is_one_of_many {
            continue;
        }
        looked = true;
        let mut wrong: BTreeMap<(&str, &str), Vec<(Object<'t>, NodeRef<'t>)>> = BTreeMap::new();
        for object in view.objects.iter().map(|(_, seen)| seen.object) {
            for (what, node) in labels(object) {
                let is_wrong = match what {
                    "cluster" => is_other_cluster(place, &clusters, node.text()),
                    _ => view.stage.is_some_and(|s| is_other_stage(s, node.text())),
                };
                if is_wrong {
                    wrong.entry((what, node.text())).or_default().push((object, node));
                }
            }
            if let Some(stage) = view.stage
                && let Some((text, node)) = namespace(object)
                && is_other_suffix(fleet, stage, text)
            {
                wrong.entry(("namespace", text)).or_default().push((object, node));
            }
        }
        // A cluster that holds the namespaces of several environments is shared.
        let stages: BTreeSet<Stage> = (wrong.keys())
            .filter(|(what, _)| *what == "namespace")
            .filter_map(|(_, text)| environment_word(text).map(|(_, stage)| stage))
            .collect();
        let names = view.objects.keys().map(|key| key.namespace).filter(|name| !name.is_empty());
        let several = names.collect::<BTreeSet<_>>().len() > 1;
        for ((what, text), found) in wrong {
            // So is one that makes such a namespace itself, beside others.
            let declared = found.iter().any(|(object, _)| object.kind() == Kind::Namespace);
            if what == "namespace" && (stages.len() > 1 || declared && several) {
                continue;
            }
            report_mismatch(ctx, place, what, text, &found);
        }
    }
    if !looked {
        ctx.pass_over();
    }
}

fn place_of<'f, 't>(fleet: &'f Fleet<'t>, view: usize) -> Option<&'f FleetPlace<'t>> {
    fleet.places.get(fleet.comparison().views.get(view)?.place)
}

fn report_mismatch<'t>(
    ctx: &mut Ctx<'_, 't>,
    place: &FleetPlace<'t>,
    what: &str,
    text: &str,
    found: &[(Object<'t>, NodeRef<'t>)],
) {
    let Some((object, node)) = found.first() else { return };
    let names: Vec<String> = found.iter().map(|(object, _)| named(*object)).collect();
    let called = called(place);
    let message = match what {
        "namespace" => format!("{called} holds the namespace `{text}` of another environment"),
        "cluster" => format!("{} of {called} say cluster `{text}`", listed(&names)),
        _ => format!("{} of {called} say environment `{text}`", listed(&names)),
    };
    let finding = ctx.report(node.here(), message);
    finding.on(resource_id(*object));
    finding.help(match what {
        "namespace" => "use the namespace of this environment, or move it to where it belongs",
        _ => "set the label once in the overlay, with `labels`, so that no object can differ",
    });
    belongs(finding, place);
}

fn is_other_stage(here: Stage, value: &str) -> bool {
    let Some((_, stage)) = environment_word(value).filter(|(word, _)| *word == value) else {
        return false;
    };
    !stands_for(here, stage)
}

/// What stands by for production is production.
fn stands_for(here: Stage, other: Stage) -> bool {
    let same = |stage| if stage == Stage::Recovery { Stage::Production } else { stage };
    same(here) == same(other)
}

fn is_other_cluster(place: &FleetPlace<'_>, clusters: &BTreeSet<&str>, value: &str) -> bool {
    place.destination.cluster.as_deref().is_some_and(|own| own != value) && clusters.contains(value)
}

/// Words for environments that name nothing else.
const PLAIN: &[&str] =
    &["dev", "development", "staging", "stg", "uat", "preprod", "prod", "production", "prd"];

/// Whether a namespace ends in, or is, the word of another environment.
fn is_other_suffix(fleet: &Fleet<'_>, here: Stage, namespace: &str) -> bool {
    let word = namespace.rsplit('-').next().unwrap_or(namespace);
    let Some((_, stage)) = environment_word(word).filter(|_| !namespace.ends_with("non-prod"))
    else {
        return false;
    };
    let learned = || {
        let environment = |p: &FleetPlace<'_>| p.destination.environment.as_deref() == Some(word);
        fleet.places.iter().any(environment)
    };
    !stands_for(here, stage) && (PLAIN.contains(&word) || learned())
}

/// Labels that say where an object is.
fn labels<'t>(object: Object<'t>) -> impl Iterator<Item = (&'static str, NodeRef<'t>)> {
    let own = object.labels().node();
    let template = object.workload().and_then(|w| w.pod_labels().node());
    let entries = own.into_iter().chain(template).flat_map(NodeRef::entries);
    entries.filter_map(|(key, value)| {
        let key = key.text();
        let what = match key.rsplit('/').next().unwrap_or(key) {
            "env" | "environment" => "environment",
            "cluster" | "cluster-name" | "clusterName" | "cluster_name" => "cluster",
            _ => return None,
        };
        value.is_scalar().then_some((what, value))
    })
}

fn namespace(object: Object<'_>) -> Option<(&str, NodeRef<'_>)> {
    let node = match object.kind() {
        Kind::Namespace => object.path("metadata.name")?,
        _ => object.path("metadata.namespace").filter(|_| object.namespace().is_some())?,
    };
    Some((node.text(), node))
}

/// Fields by which a cluster is told from others.
fn identities(object: Object<'_>) -> Vec<(&'static str, NodeRef<'_>)> {
    let mut found = Vec::new();
    match (object.kind_name(), object.kind()) {
        (_, Kind::ConfigMap) => settings(object.path("data"), &mut found),
        ("Kustomization", _) => settings(object.path("spec.postBuild.substitute"), &mut found),
        ("Prometheus" | "PrometheusAgent" | "VMAgent", _) => {
            external_labels(object.path("spec.externalLabels"), &mut found);
        }
        ("HelmRelease", _) => values(object.path("spec.values"), 0, &mut found),
        ("Application", _) => {
            values(object.path("spec.source.helm.valuesObject"), 0, &mut found);
        }
        _ => {}
    }
    for container in object.workload().into_iter().flat_map(Workload::containers) {
        for variable in container.env() {
            let name = variable.get("name").map_or("", NodeRef::text);
            if let (Some(what), Some(value)) = (setting(name), variable.get("value")) {
                found.push((what, value));
            }
        }
    }
    found.retain(|(_, node)| {
        let text = node.text();
        node.is_scalar()
            && !text.is_empty()
            && !is_placeholder(text)
            && !matches!(
                text,
                "cluster.local"
                    | "default"
                    | "in-cluster"
                    | "kubernetes"
                    | "true"
                    | "false"
                    | "cluster"
            )
    });
    found
}

/// What a name of a setting says of its value.
fn setting(name: &str) -> Option<&'static str> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        // `cluster.name` is how Elasticsearch and its like call a cluster of their own.
        "clustername" | "clusterid" if name.contains('.') => None,
        "clustername" | "k8sclustername" | "kubeclustername" => Some("cluster name"),
        "clusterid" | "costclusterid" => Some("cluster id"),
        "clusterdomain" | "clusterdnsdomain" => Some("cluster domain"),
        "txtownerid" => Some("DNS owner id"),
        _ => None,
    }
}

fn settings<'t>(map: Option<NodeRef<'t>>, found: &mut Vec<(&'static str, NodeRef<'t>)>) {
    let entries = map.into_iter().flat_map(NodeRef::entries);
    found.extend(entries.filter_map(|(key, value)| Some((setting(key.text())?, value))));
}

fn external_labels<'t>(map: Option<NodeRef<'t>>, found: &mut Vec<(&'static str, NodeRef<'t>)>) {
    for (key, value) in map.into_iter().flat_map(NodeRef::entries) {
        if key.text() == "cluster" || setting(key.text()).is_some() {
            found.push(("external label", value));
        }
    }
}

/// A chart's values, as deep as settings of clusters lie.
fn values<'t>(
    node: Option<NodeRef<'t>>,
    depth: usize,
    found: &mut Vec<(&'static str, NodeRef<'t>)>,
) {
    for (key, value) in node.into_iter().flat_map(NodeRef::entries) {
        match key.text() {
            "externalLabels" => external_labels(Some(value), found),
            "cluster" if value.is_map() => {
                found.extend(value.get("name").map(|name| ("cluster name", name)));
                found.extend(value.get("id").map(|id| ("cluster id", id)));
            }
            name => {
                found.extend(setting(name).filter(|_| value.is_scalar()).map(|w| (w, value)));
                if value.is_map() && depth < 6 {
                    values(Some(value), depth + 1, found);
                }
            }
        }
    }
}
