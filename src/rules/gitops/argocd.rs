//! What Argo CD itself demands of an Application and of its own configuration.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place};
use rustc_hash::{FxHashMap, FxHashSet};

use super::application::{Application, Environment, fits, is_made, normal_repository};
use crate::catalogue::{Confidence, Severity, options};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

const PART_OF: &str = "app.kubernetes.io/part-of";

/// Production that follows a moving target changes without a commit of its own.
pub(crate) fn application_mutable_revision<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::delivered(object).filter(|a| !a.is_open("evision")) else {
        return ctx.pass_over();
    };
    let environment = app.environment(ctx.index());
    if environment == Environment::Other {
        return;
    }
    let Some((source, chart)) = app.sources().find_map(|s| Some((s, moving(s, ctx)?))) else {
        return;
    };
    let revision = source.get("targetRevision").map_or("", NodeRef::text);
    let name = app.title();
    let message = match (chart, revision) {
        (true, range) => format!("{name} takes whichever chart version fits `{range}`"),
        (false, "") => format!("{name} follows the default branch of another repository"),
        (false, branch) => format!("{name} follows `{branch}` of another repository"),
    };
    let place = app.at_source(source, "targetRevision");
    if app.repeats(place.node) {
        return;
    }
    let finding = ctx.report(place, message);
    finding.help(if chart {
        "name one chart version, and let a bot propose the next"
    } else {
        "name a tag or a commit, and let a bot propose the next"
    });
    if !chart && environment == Environment::Unknown {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// Argo CD looks at Applications and projects in its own namespace only, unless told otherwise.
pub(crate) fn application_wrong_namespace<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let delivers = matches!(object.kind(), Kind::Application | Kind::ApplicationSet);
    if is_made(object) || (!delivers && object.kind() != Kind::AppProject) {
        return ctx.pass_over();
    }
    let Some(namespace) = object.namespace().filter(|n| !is_placeholder(n)) else { return };
    if ctx.standing() == Standing::Unrendered || sounds_like_argo(namespace) {
        return;
    }
    let known = ctx.option(&options::APPLICATION_WRONG_NAMESPACE_NAMESPACES);
    let index = ctx.index();
    let homes = homes(index);
    if known.iter().any(|k| k == namespace)
        || homes.contains(namespace)
        || (delivers && is_source_namespace(namespace, index))
    {
        return;
    }
    let name = format!("{} `{}`", object.kind_name(), object.name());
    let message = format!("{name} is in the namespace `{namespace}`, which Argo CD does not watch");
    let finding = ctx.report(object.at("metadata.namespace"), message);
    finding.help(if delivers {
        "move it to the namespace of Argo CD, or allow this one in `sourceNamespaces` of its AppProject"
    } else {
        "move it to the namespace of Argo CD, `argocd` as a rule"
    });
    if homes.is_empty() {
        finding.confidence(Confidence::Likely);
    }
}

/// Argo CD finds its configuration by this label, and goes on with defaults where it is missing.
pub(crate) fn argocd_config_label_missing<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let configures = match object.kind() {
        Kind::ConfigMap => matches!(
            object.name(),
            "argocd-cm"
                | "argocd-rbac-cm"
                | "argocd-ssh-known-hosts-cm"
                | "argocd-tls-certs-cm"
                | "argocd-gpg-keys-cm"
        ),
        Kind::Secret => object.name() == "argocd-secret",
        _ => false,
    };
    if !configures || ctx.standing() == Standing::Unrendered {
        return ctx.pass_over();
    }
    let label = object.labels().get(PART_OF).unwrap_or("");
    if label == "argocd" || is_placeholder(label) {
        return;
    }
    let message = format!("Argo CD does not find its {} `{}`", object.kind_name(), object.name());
    // The label's key holds dots, so that no path leads to it.
    let written = object.labels().node().and_then(|l| l.get(PART_OF)).map(NodeRef::here);
    let labels = object.metadata().and_then(|m| m.entry("labels"));
    let place = written.or_else(|| labels.map(|(key, value)| Place::key(key, value)));
    ctx.report(place.unwrap_or_else(|| object.at("metadata.labels")), message)
        .label("needs `app.kubernetes.io/part-of: argocd`")
        .help("add the label `app.kubernetes.io/part-of: argocd`");
}

/// Argo CD refuses such an Application, and nothing is delivered.
pub(crate) fn invalid_application<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::read(object) else { return ctx.pass_over() };
    if !app.is_open("source") {
        source(app, ctx);
    }
    if app.is_open("destination") {
        return;
    }
    let title = app.title();
    let Some((key, destination)) = app.spec.entry("destination").filter(|(_, d)| !d.is_null())
    else {
        ctx.report(app.at("destination"), format!("{title} has no destination"))
            .help("name the cluster by `destination.server` or `destination.name`");
        return;
    };
    let field = |name| destination.get(name).filter(|v| !v.text().is_empty());
    match (field("server"), field("name")) {
        (Some(server), Some(name)) => {
            let message = format!("{title} names its cluster by `server` and by `name`");
            ctx.report(name.here(), message)
                .related(server.span(), "the cluster's address")
                .help("keep one of the two");
        }
        (None, None) if destination.is_map() => {
            let place = Place::key(key, destination);
            ctx.report(place, format!("{title} names no cluster to deliver to"))
                .help("name the cluster by `destination.server` or `destination.name`");
        }
        _ => {}
    }
}

/// What Argo CD checks of the sources before it renders anything.
fn source<'t>(app: Application<'t>, ctx: &mut Ctx<'_, 't>) {
    let title = app.title();
    let many = app.spec.get("sources").is_some_and(|s| !s.is_empty());
    if app.spec.get("source").is_none() && !many && app.spec.get("sourceHydrator").is_none() {
        ctx.report(app.at("source"), format!("{title} has no source"))
            .help("add `source` with `repoURL`, `targetRevision` and a `path` or `chart`");
        return;
    }
    for source in app.sources() {
        let field = |name| source.get(name).filter(|v| !v.text().is_empty());
        let (path, chart) = (field("path"), field("chart"));
        let place = app
            .spec
            .entry("source")
            .filter(|_| !many)
            .map_or_else(|| source.here(), |(k, v)| Place::key(k, v));
        if field("repoURL").is_none() {
            ctx.report(place, format!("a source of {title} names no repository"))
                .help("set `repoURL`");
        } else if let (Some(path), Some(chart)) = (path, chart) {
            let message = format!("a source of {title} has a `path` and a `chart`");
            ctx.report(path.here(), message)
                .related(chart.span(), "the chart")
                .help("keep `path` for a Git repository, `chart` for a Helm repository");
        } else if path.is_none() && chart.is_none() && !(many && field("ref").is_some()) {
            ctx.report(place, format!("a source of {title} has neither `path` nor `chart`"))
                .help("set `path` to the folder in the repository (`.` for all of it), or `chart`");
        } else if chart.is_some() && field("targetRevision").is_none() {
            ctx.report(
                app.at_source(source, "targetRevision"),
                format!("{title} names no chart version"),
            )
            .help("set `targetRevision` to a version of the chart");
        }
    }
}

/// Whether the revision of a source surely moves, and if so, whether the source is a chart.
fn moving<'t>(source: NodeRef<'t>, ctx: &Ctx<'_, 't>) -> Option<bool> {
    let address = source.get("repoURL").map_or("", NodeRef::text);
    let revision = source.get("targetRevision").map_or("", NodeRef::text);
    if address.is_empty() || is_placeholder(address) || is_placeholder(revision) {
        return None;
    }
    if source.get("chart").is_some() || address.starts_with("oci://") {
        return is_range(revision).then_some(true);
    }
    let allowed = ctx.option(&options::APPLICATION_MUTABLE_REVISION_BRANCHES);
    let trusted = || allowed.iter().any(|b| b == branch(revision));
    // A trunk-based fleet: the folder is the environment, and reviews guard the branch.
    (moves(revision) && !trusted() && !is_own_repository(address, ctx.index())).then_some(false)
}

/// A chart version that leaves a choice.
fn is_range(version: &str) -> bool {
    version.contains(['*', '^', '~', '>', '<', '|', ' '])
        || version == "latest"
        || version.split('.').any(|part| matches!(part, "x" | "X"))
}

fn branch(revision: &str) -> &str {
    revision.strip_prefix("refs/heads/").unwrap_or(revision)
}

/// Whether a Git revision surely is none that stays. Other names may be tags.
fn moves(revision: &str) -> bool {
    const BRANCHES: [&str; 14] = [
        "",
        "HEAD",
        "main",
        "master",
        "develop",
        "development",
        "dev",
        "trunk",
        "staging",
        "production",
        "prod",
        "next",
        "stable",
        "latest",
    ];
    BRANCHES.contains(&revision)
        || revision.starts_with("refs/heads/")
        || revision.starts_with("feature/")
        || revision.contains(['*', '^', '~', '>', '<'])
}

/// Whether Argo CD is known or likely to read this very tree from a repository.
fn is_own_repository<'t>(address: &'t str, index: &Index<'t>) -> bool {
    let own = index.notes().fleet_repositories.get_or_init(|| fleet_repositories(index));
    own.contains(&normal_repository(address))
}

/// Repositories that Applications are read from, and those that most Applications name.
fn fleet_repositories(index: &Index<'_>) -> FxHashSet<String> {
    const MANY: u32 = 3;
    let mut named: FxHashMap<String, u32> = FxHashMap::default();
    for kind in [Kind::Application, Kind::ApplicationSet] {
        for app in index.objects(kind).iter().filter_map(|o| Application::read(*o)) {
            let target = app.spec.str_at("destination.namespace").unwrap_or("");
            let root = sounds_like_argo(target) || homes(index).contains(target);
            for source in app.sources().filter(|s| s.get("chart").is_none()) {
                let address = source.get("repoURL").map_or("", NodeRef::text);
                // What goes to Argo CD's namespace are Applications, or Argo CD itself.
                let root = root && source.get("path").is_some();
                *named.entry(normal_repository(address)).or_default() +=
                    if root { MANY } else { 1 };
            }
        }
    }
    for set in index.objects(Kind::ApplicationSet) {
        for (_, generator) in super::application_set::generators(*set) {
            let files = generator.get("directories").or_else(|| generator.get("files"));
            if let Some(address) = generator.get("repoURL").filter(|_| files.is_some()) {
                *named.entry(normal_repository(address.text())).or_default() += MANY;
            }
        }
    }
    named.into_iter().filter(|(_, times)| *times >= MANY).map(|(address, _)| address).collect()
}

fn sounds_like_argo(namespace: &str) -> bool {
    namespace.contains("argo") || namespace.contains("gitops")
}

/// Namespaces in which the set shows an Argo CD, or that so many of its Applications share that it
/// must be there.
fn homes<'i>(index: &'i Index<'_>) -> &'i FxHashSet<String> {
    index.notes().argocd_namespaces.get_or_init(|| {
        let mut homes: FxHashSet<String> = FxHashSet::default();
        let mut shared: FxHashMap<&str, u32> = FxHashMap::default();
        for member in index.members() {
            let object = member.object;
            let Some(namespace) = object.namespace() else { continue };
            let is_home = match object.kind() {
                Kind::ConfigMap => matches!(object.name(), "argocd-cm" | "argocd-rbac-cm"),
                Kind::Secret => object.name() == "argocd-secret",
                Kind::Deployment | Kind::StatefulSet => {
                    matches!(object.name(), "argocd-server" | "argocd-application-controller")
                }
                Kind::Other => object.kind_name() == "ArgoCD",
                Kind::Application | Kind::ApplicationSet | Kind::AppProject if !is_made(object) => {
                    *shared.entry(namespace).or_default() += 1;
                    false
                }
                _ => false,
            };
            if is_home {
                homes.insert(namespace.to_owned());
            }
        }
        let common = shared.iter().filter(|(name, times)| {
            **times >= 3 && !matches!(**name, "default" | "kube-system" | "kube-public")
        });
        let most = common.max_by_key(|(name, times)| (**times, **name));
        if let (true, Some((name, _))) = (homes.is_empty(), most) {
            homes.insert((*name).to_owned());
        }
        homes
    })
}

/// Whether Applications may live in a namespace: a project, or Argo CD's own settings, say so.
fn is_source_namespace(namespace: &str, index: &Index<'_>) -> bool {
    let patterns = index.notes().argocd_source_namespaces.get_or_init(|| source_namespaces(index));
    patterns.iter().any(|pattern| fits(pattern.trim(), namespace, None).unwrap_or(true))
}

fn source_namespaces<'t>(index: &Index<'t>) -> Vec<&'t str> {
    let projects = index.objects(Kind::AppProject).iter();
    let operators = index.objects(Kind::Other).iter().filter(|o| o.kind_name() == "ArgoCD");
    let lists = projects.chain(operators).flat_map(|o| o.items_at("spec.sourceNamespaces"));
    let mut patterns: Vec<_> = lists.map(NodeRef::text).collect();
    let settings = index.objects(Kind::ConfigMap).iter();
    for data in
        settings.filter(|s| s.name() == "argocd-cmd-params-cm").filter_map(|s| s.path("data"))
    {
        for key in ["application.namespaces", "applicationsetcontroller.namespaces"] {
            patterns.extend(data.get(key).into_iter().flat_map(|list| list.text().split(',')));
        }
    }
    patterns
}
