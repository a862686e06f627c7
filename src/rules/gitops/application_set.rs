//! ApplicationSets: many Applications from one template.

use std::collections::BTreeSet;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::application::{Application, Automation, Environment, Flag, environment_of};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;

/// A label that somebody takes off a cluster, or a folder that is renamed, deletes what runs there.
pub(crate) fn application_set_deletes_apps<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::ApplicationSet {
        return ctx.pass_over();
    }
    let preserved = Flag::of(object.path("spec.syncPolicy.preserveResourcesOnDeletion"));
    let policy = object.path("spec.syncPolicy.applicationsSync").map_or("", NodeRef::text);
    if matches!(preserved, Flag::On | Flag::Unknown)
        || matches!(policy, "create-only" | "create-update")
    {
        return;
    }
    let generators = generators(object);
    // Previews are made to be deleted; of a list, an element goes only by an edit here.
    let found = |name: &str| generators.iter().any(|(kind, _)| *kind == name);
    if found("pullRequest") {
        return;
    }
    let sources = [
        ("clusters", "a cluster loses its label"),
        ("clusterDecisionResource", "a cluster is not chosen any more"),
        ("git", "a folder or file is moved"),
        ("scmProvider", "a repository is not found any more"),
        ("plugin", "the plugin leaves something out"),
    ];
    let Some((_, when)) = sources.iter().find(|(name, _)| found(name)) else { return };
    let message =
        format!("ApplicationSet `{}` deletes what it delivered when {when}", object.name());
    ctx.report(object.at("spec.syncPolicy.preserveResourcesOnDeletion"), message).help(
        "set `syncPolicy.preserveResourcesOnDeletion: true`, or `applicationsSync: create-update`",
    );
}

/// A key that is missing becomes `<no value>` in a path, a name or a namespace.
pub(crate) fn application_set_template_lax<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::ApplicationSet {
        return ctx.pass_over();
    }
    if Flag::of(object.path("spec.goTemplate")) != Flag::On
        || object.items_at("spec.goTemplateOptions").any(|o| o.text() == "missingkey=error")
    {
        return;
    }
    let written = object.path("spec.goTemplateOptions").filter(|o| !o.is_empty());
    let place = if written.is_some() { "spec.goTemplateOptions" } else { "spec.goTemplate" };
    let message = format!("ApplicationSet `{}` renders keys that are missing", object.name());
    let finding = ctx.report(object.at(place), message);
    finding
        .label("a missing key becomes `<no value>`")
        .help("add `goTemplateOptions: [\"missingkey=error\"]`");
    if expects_missing_keys(object) {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// One bad commit then breaks every cluster in the same minute.
pub(crate) fn fleet_rollout_not_staged<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::read(object).filter(|a| a.template) else {
        return ctx.pass_over();
    };
    let varies = |node: Option<NodeRef<'_>>| node.is_some_and(|n| n.text().contains("{{"));
    let target = ["destination.server", "destination.name"].into_iter();
    let Some(target) = target.filter_map(|p| app.spec.path(p)).find(|t| varies(Some(*t))) else {
        return;
    };
    // A revision of each cluster's own is a stage; so are hands that sync one by one.
    let own_revision = app.sources().any(|s| varies(s.get("targetRevision")));
    let manual = !matches!(app.automation(), Automation::Automated(_));
    if own_revision || app.is_open("evision") || is_staged(object) || manual {
        return;
    }
    let (clusters, certain) = production_clusters(object, target.text(), ctx.index());
    if clusters < 2 && certain {
        return;
    }
    let message = if certain {
        let name = object.name();
        format!("ApplicationSet `{name}` updates {clusters} production clusters at once")
    } else {
        format!("ApplicationSet `{}` updates all production clusters at once", object.name())
    };
    let strategy = object.spec().and_then(|s| s.entry("strategy"));
    let place = strategy.map_or_else(|| object.at("spec.strategy"), |(k, v)| Place::key(k, v));
    let finding = ctx.report(place, message);
    finding.help("add `strategy.type: RollingSync` with a first step for one cluster, or give each cluster a `targetRevision` of its own");
    if !certain {
        finding.severity(Severity::Advice).confidence(Confidence::Hint);
    }
}

/// Generators by their kind, those of `matrix` and `merge` taken apart.
pub(super) fn generators(set: Object<'_>) -> Vec<(&str, NodeRef<'_>)> {
    let mut found = Vec::new();
    collect(set.items_at("spec.generators"), 0, &mut found);
    found
}

fn collect<'t>(
    items: impl Iterator<Item = NodeRef<'t>>,
    depth: u32,
    found: &mut Vec<(&'t str, NodeRef<'t>)>,
) {
    for (key, value) in items.flat_map(NodeRef::entries) {
        if !matches!(key.text(), "matrix" | "merge") {
            found.push((key.text(), value));
        } else if depth < 4 {
            let inner: Vec<_> = value.items_at("generators").collect();
            collect(inner.into_iter(), depth + 1, found);
        }
    }
}

/// Functions that are there for keys that may be missing: the strict option would break them.
fn expects_missing_keys(set: Object<'_>) -> bool {
    let texts = ["spec.template", "spec.templatePatch"].into_iter();
    let mut nodes = texts.filter_map(|p| set.path(p)).flat_map(NodeRef::descendants);
    nodes.any(|node| {
        let text = node.text();
        text.contains("{{")
            && ["default", "hasKey", "coalesce", "dig ", "get "].iter().any(|f| text.contains(f))
    })
}

/// A rolling sync of several steps, or of one that does not take all at once.
fn is_staged(set: Object<'_>) -> bool {
    if set.path("spec.strategy.type").map_or("", NodeRef::text) != "RollingSync" {
        return false;
    }
    let mut steps = set.items_at("spec.strategy.rollingSync.steps");
    let bounded = |s: NodeRef<'_>| s.get("maxUpdate").is_some_and(|m| m.text() != "100%");
    match (steps.next(), steps.next()) {
        (_, Some(_)) => true,
        (Some(only), None) => bounded(only),
        (None, None) => false,
    }
}

/// How many clusters of production a set delivers to, and whether that is known: a selector may
/// choose any number where the tree holds no clusters.
fn production_clusters<'t>(set: Object<'t>, target: &str, index: &Index<'t>) -> (usize, bool) {
    let all = index.notes().argocd_clusters.get_or_init(|| {
        index.objects(Kind::Secret).iter().copied().filter(|s| is_cluster(*s)).collect()
    });
    let mut clusters: BTreeSet<&str> = BTreeSet::new();
    let mut certain = true;
    for (kind, generator) in generators(set) {
        if kind == "list" {
            let elements = generator.items_at("elements").filter(|e| is_production(*e));
            clusters.extend(elements.filter_map(|element| {
                let mut parameters = element.entries();
                parameters.find(|(key, _)| uses(target, key.text())).map(|(_, v)| v.text())
            }));
        } else if kind == "clusters" && all.is_empty() {
            certain &= !generator.path("selector.matchLabels").is_some_and(is_production);
        } else if kind == "clusters" && generator.path("selector.matchExpressions").is_none() {
            let labels = generator.path("selector.matchLabels");
            let chosen = all.iter().filter(|cluster| {
                let mut wanted = labels.into_iter().flat_map(NodeRef::entries);
                let fits = wanted.all(|(k, v)| cluster.labels().get(k.text()) == Some(v.text()));
                let named = environment_of(cluster.name()) == Environment::Production;
                fits && (named || cluster.labels().node().is_some_and(is_production))
            });
            clusters.extend(chosen.map(|cluster| cluster.name()));
        }
    }
    (clusters.len(), certain || clusters.len() > 1)
}

/// Whether one of a map's values speaks of production.
fn is_production(map: NodeRef<'_>) -> bool {
    map.entries().any(|(_, value)| environment_of(value.text()) == Environment::Production)
}

/// A Secret by which Argo CD knows a cluster.
fn is_cluster(secret: Object<'_>) -> bool {
    secret.labels().get("argocd.argoproj.io/secret-type") == Some("cluster")
}

/// Whether a template names a parameter: `{{cluster}}`, `{{ .cluster }}`.
fn uses(template: &str, parameter: &str) -> bool {
    let mut words = template.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    !parameter.is_empty() && words.any(|word| word == parameter)
}
