//! AppProjects: what an Application may take from where and bring whereto.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::application::{Application, fits, normal_repository};
use crate::catalogue::{Confidence, Severity, options};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// The project `default` lets everything through.
pub(crate) fn application_default_project<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::delivered(object).filter(|a| !a.is_open("project")) else {
        return ctx.pass_over();
    };
    let written = app.spec.get("project").is_none_or(NodeRef::is_scalar);
    if app.project() != "default" || !written {
        return;
    }
    // Somebody took the trouble to tame it.
    let mut defined =
        ctx.index().objects(Kind::AppProject).iter().filter(|p| p.name() == "default");
    if defined.any(|project| Excess::of(*project).is_none()) {
        return;
    }
    let place = app.at("project");
    if app.repeats(place.node) {
        return;
    }
    ctx.report(place, format!("{} is in the project `default`", app.title()))
        .help("make an AppProject with the repositories and destinations that this team needs, and name it here");
}

/// Argo CD refuses an Application whose project does not let it through.
pub(crate) fn application_not_permitted<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::delivered(object) else { return ctx.pass_over() };
    let name = app.project();
    let index = ctx.index();
    let projects: Vec<_> = (index.find(Kind::AppProject, object.namespace_key(), name).iter())
        .copied()
        .filter(|project| index.belong_together(object, *project))
        .collect();
    let unrendered = |o: Object<'_>| index.standing(o) == Standing::Unrendered;
    let open = unrendered(object) || projects.iter().any(|p| unrendered(*p));
    if projects.is_empty() || open || has_global_projects(index) {
        return;
    }
    refused_sources(app, &projects, ctx);
    refused_destination(app, &projects, ctx);
}

/// Settings that could not be rendered may lend the project what others permit.
fn certainty(ctx: &Ctx<'_, '_>) -> Confidence {
    match ctx.standing() {
        Standing::Partial => Confidence::Likely,
        _ => Confidence::Certain,
    }
}

/// Argo CD refuses an Application of a project that it does not have.
pub(crate) fn dangling_app_project<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::delivered(object).filter(|a| !a.is_open("project")) else {
        return ctx.pass_over();
    };
    let name = app.project();
    // Argo CD makes `default` itself.
    if name == "default" || is_placeholder(name) {
        return;
    }
    let known = ctx.option(&options::DANGLING_APP_PROJECT_KNOWN);
    let index = ctx.index();
    let projects = index.objects(Kind::AppProject);
    if known.iter().any(|k| k == name)
        || !index.find(Kind::AppProject, object.namespace_key(), name).is_empty()
        || projects.iter().any(|p| p.name() == name || is_placeholder(p.name()))
    {
        return;
    }
    let place = app.at("project");
    if app.repeats(place.node) {
        return;
    }
    let near = crate::spelling::nearest(name, projects.iter().map(|p| p.name()));
    let help = match near {
        Some(near) => format!("did you mean `{near}`? Otherwise add the AppProject to the tree"),
        None => "add the AppProject to the tree, or list it in the option `known`".to_owned(),
    };
    let finding = ctx.report(place, format!("AppProject `{name}` is not in the tree"));
    finding.help(help);
    // Projects may be kept elsewhere altogether.
    if projects.is_empty() {
        finding.severity(Severity::Advice).confidence(Confidence::Hint);
    }
}

/// A project that permits everything separates nobody from anybody.
pub(crate) fn permissive_app_project<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::AppProject {
        return ctx.pass_over();
    }
    let Some(excess) = Excess::of(object) else { return };
    let Excess { destinations, kinds, sources, .. } = excess;
    let list = [
        destinations.map(|_| {
            if excess.everywhere {
                "every namespace of every cluster"
            } else {
                "every namespace of Argo CD's own cluster"
            }
        }),
        kinds.map(|_| "every cluster-scoped kind"),
        sources.map(|_| "every repository"),
    ];
    let list: Vec<_> = list.into_iter().flatten().collect();
    let Some(place) = destinations.or(kinds).or(sources) else { return };
    let message = format!("AppProject `{}` permits {}", object.name(), list.join(", "));
    let finding = ctx.report(place.here(), message);
    let needs = [
        destinations.map(|_| "the clusters with their namespaces"),
        kinds.map(|_| "the cluster-scoped kinds"),
        sources.map(|_| "the repositories"),
    ];
    let needs: Vec<_> = needs.into_iter().flatten().collect();
    let needs = match needs.split_last() {
        Some((last, more)) if !more.is_empty() => format!("{} and {last}", more.join(", ")),
        _ => needs.join(""),
    };
    finding.help(format!("list {needs} that the team needs"));
    // Whoever may write to few namespaces only does little harm with any repository.
    if destinations.is_none() && kinds.is_none() {
        finding.severity(Severity::Advice);
    }
}

/// The repositories of an Application that its project does not permit.
fn refused_sources<'t>(app: Application<'t>, projects: &[Object<'t>], ctx: &mut Ctx<'_, 't>) {
    if app.is_open("source") {
        return;
    }
    let name = app.project();
    for source in app.sources() {
        let Some(address) = source.get("repoURL").filter(|a| is_known(*a)) else { continue };
        if app.repeats(address) || projects.iter().any(|p| permits_source(*p, address.text())) {
            continue;
        }
        let what = address.text();
        let message = format!("AppProject `{name}` does not permit the repository `{what}`");
        let certainty = certainty(ctx);
        let finding = ctx.report(address.here(), message);
        finding.confidence(certainty);
        finding.help("add the repository to `sourceRepos` of the project");
        if let Some(list) = projects.first().map(|p| p.at("spec.sourceRepos")) {
            finding.related(list.span, "what the project permits");
        }
    }
}

/// The destination of an Application, if its project does not permit it.
fn refused_destination<'t>(app: Application<'t>, projects: &[Object<'t>], ctx: &mut Ctx<'_, 't>) {
    let Some((key, destination)) = app.spec.entry("destination") else { return };
    let fields = ["server", "name", "namespace"].into_iter();
    let known =
        destination.is_map() && fields.filter_map(|field| destination.get(field)).all(is_known);
    let permitted = || projects.iter().any(|p| permits_destination(*p, destination));
    // A template with a parameter in it could not be judged, so that this is no repetition.
    let parts = ["server", "name", "namespace"].into_iter();
    let repeated = parts.filter_map(|p| destination.get(p)).all(|part| app.repeats(part));
    if app.is_open("destination") || !known || repeated || permitted() {
        return;
    }
    let namespace = destination.get("namespace").map_or("", NodeRef::text);
    let cluster = destination.get("server").or_else(|| destination.get("name"));
    let fit = |p: &Object<'_>| p.items_at("spec.destinations").any(|d| fits_in(d, namespace));
    let (place, what) = match (destination.get("namespace"), cluster) {
        (_, Some(cluster)) if projects.iter().any(fit) => {
            (cluster.here(), format!("to deliver to `{}` in this namespace", cluster.text()))
        }
        (Some(place), _) => (place.here(), format!("to deliver into the namespace `{namespace}`")),
        (None, _) => (Place::key(key, destination), "to deliver without a namespace".to_owned()),
    };
    let certainty = certainty(ctx);
    let finding =
        ctx.report(place, format!("AppProject `{}` does not permit {what}", app.project()));
    finding.confidence(certainty);
    finding.help("add the destination to `destinations` of the project, or correct it here");
    if let Some(list) = projects.first().map(|p| p.at("spec.destinations")) {
        finding.related(list.span, "what the project permits");
    }
}

/// Where a project is wide open.
struct Excess<'t> {
    destinations: Option<NodeRef<'t>>,
    /// Any cluster, not only that of Argo CD.
    everywhere: bool,
    kinds: Option<NodeRef<'t>>,
    sources: Option<NodeRef<'t>>,
}

impl<'t> Excess<'t> {
    fn of(project: Object<'t>) -> Option<Self> {
        let spec = project.spec()?;
        let is = |item: NodeRef<'_>, field: &str, text: &str| item.str_at(field) == Some(text);
        let any_kind = |i: &NodeRef<'_>| is(*i, "group", "*") && is(*i, "kind", "*");
        let everywhere = |d: NodeRef<'_>| is(d, "server", "*") || is(d, "name", "*");
        let destination = spec.items_at("destinations").find(|d| {
            let home = is(*d, "server", IN_CLUSTER) || is(*d, "name", "in-cluster");
            is(*d, "namespace", "*") && (home || everywhere(*d))
        });
        let denied = spec.items_at("destinations").any(|d| {
            ["namespace", "server", "name"].iter().any(|f| d.str_at(f).is_some_and(denies))
        });
        let kinds = spec.items_at("clusterResourceWhitelist").find(any_kind);
        let none = spec.items_at("clusterResourceBlacklist").any(|i| any_kind(&i));
        let source = spec.items_at("sourceRepos").find(|r| r.text() == "*");
        let excluded = spec.items_at("sourceRepos").any(|r| denies(r.text()));
        let found = Self {
            destinations: destination.and_then(|d| d.get("namespace")).filter(|_| !denied),
            everywhere: destination.is_some_and(everywhere),
            kinds: kinds.and_then(|k| k.get("kind")).filter(|_| !none),
            sources: source.filter(|_| !excluded),
        };
        let any = found.destinations.or(found.kinds).or(found.sources);
        any.is_some().then_some(found)
    }
}

fn denies(pattern: &str) -> bool {
    pattern.starts_with('!')
}

fn is_known(value: NodeRef<'_>) -> bool {
    value.is_scalar() && !is_placeholder(value.text())
}

/// Global projects lend others what they permit; which ones, Argo CD's settings say by labels.
fn has_global_projects(index: &Index<'_>) -> bool {
    *index.notes().argocd_global_projects.get_or_init(|| {
        index.objects(Kind::ConfigMap).iter().any(|settings| {
            settings.name() == "argocd-cm" && settings.path("data.globalProjects").is_some()
        })
    })
}

fn permits_source(project: Object<'_>, address: &str) -> bool {
    let address = normal_repository(address);
    project.items_at("spec.sourceRepos").any(|pattern| {
        let pattern = pattern.text();
        // What a pattern that excludes leaves is not worked out here.
        denies(pattern) || fits(&normal_repository(pattern), &address, Some('/')).unwrap_or(true)
    })
}

fn fits_in(permitted: NodeRef<'_>, namespace: &str) -> bool {
    let pattern = permitted.get("namespace").map_or("", NodeRef::text);
    denies(pattern) || fits(pattern, namespace, None).unwrap_or(true)
}

/// Whether a project permits a destination, or may do so: clusters have an address and a name, and
/// which belong together is known of Argo CD's own cluster only.
fn permits_destination(project: Object<'_>, wanted: NodeRef<'_>) -> bool {
    let field = |of: NodeRef<'_>, name: &str| -> String {
        of.get(name).map_or("", NodeRef::text).trim_end_matches('/').to_owned()
    };
    let namespace = field(wanted, "namespace");
    let (mut server, mut name) = (field(wanted, "server"), field(wanted, "name"));
    if name == "in-cluster" {
        IN_CLUSTER.clone_into(&mut server);
    } else if server == IN_CLUSTER {
        "in-cluster".clone_into(&mut name);
    }
    project.items_at("spec.destinations").any(|permitted| {
        let (by_server, by_name) = (field(permitted, "server"), field(permitted, "name"));
        if denies(&by_server) || denies(&by_name) {
            return true;
        }
        let same = |pattern: &str, text: &str| {
            // A cluster that is known by its other half only may be the one.
            !pattern.is_empty() && (text.is_empty() || fits(pattern, text, None).unwrap_or(true))
        };
        fits_in(permitted, &namespace) && (same(&by_server, &server) || same(&by_name, &name))
    })
}
