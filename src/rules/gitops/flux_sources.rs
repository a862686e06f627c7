//! Flux sources: whether they exist, whether they stand still, whether they can be trusted.

use std::borrow::Cow;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Place, Writer};

use super::flux::is_before_production;
use super::flux_graph::made_by_resource_set;
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;

/// The kinds that hand out what Kustomizations and HelmReleases deliver.
const SOURCES: [Kind; 6] = [
    Kind::GitRepository,
    Kind::OciRepository,
    Kind::HelmRepository,
    Kind::HelmChart,
    Kind::FluxBucket,
    Kind::ExternalArtifact,
];

/// Without its source nothing is delivered, and nothing says so but a condition in the cluster.
pub(crate) fn dangling_flux_source<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let paths: &[&str] = match object.kind() {
        Kind::FluxKustomization | Kind::HelmChart => &["spec.sourceRef"],
        Kind::HelmRelease => &["spec.chart.spec.sourceRef", "spec.chartRef"],
        _ => return ctx.pass_over(),
    };
    let Some(reference) = paths.iter().find_map(|path| object.path(path)) else { return };
    let (Some(kind), Some(name)) = (reference.str_at("kind"), reference.get("name")) else {
        return;
    };
    let index = ctx.index();
    let Some(wanted) = SOURCES.into_iter().find(|k| k.name() == kind) else { return };
    let namespace = reference.get("namespace").map(NodeRef::text);
    let unknown = is_placeholder(name.text()) || namespace.is_some_and(is_placeholder);
    if unknown || is_there(index, object, wanted, name.text(), namespace) {
        return;
    }
    let elsewhere = index.objects(wanted).iter().find(|o| o.name() == name.text());
    let message =
        format!("{} `{}` names {kind} `{}`, ", object.kind_name(), object.name(), name.text());
    if let Some(other) = elsewhere {
        let lives = other.namespace_key();
        let message = format!("{message}which lives in namespace `{lives}`");
        ctx.report(name.here(), message)
            .related(other.place().span, "this one is meant")
            .help(format!("set the reference's `namespace: {lives}`"));
        return;
    }
    // What another repository looks after is not seen here.
    let place = namespace.unwrap_or(object.namespace_key());
    let foreign = !SOURCES.into_iter().any(|k| index.objects_in(k, place).next().is_some());
    let finding = ctx.report(name.here(), format!("{message}which nothing in the tree defines"));
    finding
        .label("no such source")
        .help("add the source, or mend the reference's `kind`, `name` or `namespace`");
    if foreign && SOURCES.into_iter().all(|k| index.objects(k).is_empty()) {
        finding.confidence(Confidence::Hint).severity(Severity::Warning);
    } else if foreign && namespace.is_some() {
        finding.confidence(Confidence::Hint).severity(Severity::Advice);
    }
}

/// What a branch or a moving tag points to changes without a commit in this repository.
pub(crate) fn flux_source_mutable<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let moving = match object.kind() {
        Kind::GitRepository => moving_git(object),
        Kind::OciRepository => moving_artifact(object),
        _ => return ctx.pass_over(),
    };
    let Some((path, what, help)) = moving else { return };
    // The source that Flux was bootstrapped with: the branch is what this repository is.
    if is_bootstrap(object) {
        return;
    }
    let at = object.at(path);
    if at.is_written() && is_placeholder(at.node.text()) {
        return;
    }
    let (kind, name) = (object.kind_name(), object.name());
    let index = ctx.index();
    let own = path == "spec.ref.branch" && is_own(object, index);
    // Whatever branch a variable names, it is a branch: what to write instead stands in the source.
    let variable = path == "spec.ref.branch" && at.node.writer() == Writer::Variable;
    let finding = if variable && let Some(key) = at.node.before() {
        let message = format!("{kind} `{name}` follows the branch that a variable names");
        let finding = ctx.report(Place::key(key, at.node), message);
        finding.related(at.span, what);
        finding
    } else {
        ctx.report(at, format!("{kind} `{name}` follows {what}"))
    };
    finding.help(help);
    if own || is_before_production(object, index) {
        finding.severity(Severity::Advice);
    }
}

/// Whoever can answer for the address decides what runs in the cluster.
pub(crate) fn flux_source_untrusted<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let field = match object.kind() {
        Kind::GitRepository | Kind::OciRepository | Kind::HelmRepository => "spec.url",
        Kind::FluxBucket => "spec.endpoint",
        _ => return ctx.pass_over(),
    };
    let Some(url) = object.path(field) else { return };
    if is_placeholder(url.text()) {
        return;
    }
    let (kind, name) = (object.kind_name(), object.name());
    let insecure = object.path("spec.insecure").filter(|i| i.as_bool() == Some(true));
    let plain = starts_with(url.text(), "http://") || starts_with(url.text(), "git://");
    if (plain || insecure.is_some()) && !is_in_cluster(url.text()) {
        let message = format!("{kind} `{name}` is fetched without TLS");
        ctx.report(if plain { url } else { insecure.unwrap_or(url) }.here(), message)
            .label("anybody on the way can change it")
            .help("use `https://`, `ssh://` or `oci://` without `insecure: true`; give a private authority in `certSecretRef`");
        return;
    }
    let allowed = ctx.option(&crate::catalogue::options::FLUX_SOURCE_UNTRUSTED_ALLOW_LIST);
    if !allowed.is_empty() && !allowed.iter().any(|entry| is_below(url.text(), entry)) {
        let message =
            format!("{kind} `{name}` comes from an address that is not on the allow-list");
        ctx.report(url.here(), message)
            .help("mirror it where you trust, or add its address to the option `allow-list`");
    }
}

/// Whether the set has the source, or something that makes it.
fn is_there(
    index: &Index<'_>,
    object: Object<'_>,
    kind: Kind,
    name: &str,
    written: Option<&str>,
) -> bool {
    // `flux bootstrap` and Flux Operator make this one in the cluster.
    if name == "flux-system" {
        return true;
    }
    let namespace = written.unwrap_or(object.namespace_key());
    let open = written.is_none() && index.is_namespace_open(object);
    let fits = |o: &Object<'_>| {
        o.name() == name && (open || o.namespace_key() == namespace || index.is_namespace_open(*o))
    };
    if index.objects(kind).iter().any(fits) || made_by_resource_set(index, kind.name()) {
        return true;
    }
    let instances = index.objects(Kind::FluxInstance).iter();
    // The source of an instance is named after it, or after its namespace.
    if instances.into_iter().any(|i| {
        i.path("spec.sync").is_some()
            && [i.str_at("spec.sync.name"), i.namespace()].contains(&Some(name))
    }) {
        return true;
    }
    if kind != Kind::ExternalArtifact {
        return false;
    }
    // Other controllers may make artifacts too: only where there is a generator is one missed.
    let generators = index.objects(Kind::ArtifactGenerator);
    let artifacts = || generators.iter().flat_map(|g| g.items_at("spec.artifacts"));
    generators.is_empty()
        || artifacts().any(|a| {
            let made = a.get("name").map_or("", NodeRef::text);
            made == name || is_placeholder(made)
        })
}

/// Made by `flux bootstrap`.
fn is_bootstrap(object: Object<'_>) -> bool {
    object.name() == "flux-system"
}

/// Where what moves is written, what it is called, and what to do.
type Moving = (&'static str, Cow<'static, str>, &'static str);

fn moving_git(object: Object<'_>) -> Option<Moving> {
    const HELP: &str = "set `ref.tag` or `ref.commit`, and let a pull request move it";
    let reference = object.path("spec.ref");
    let has = |field: &str| reference.is_some_and(|r| r.get(field).is_some());
    if has("commit") {
        return None;
    }
    if let Some(name) = reference.and_then(|r| r.str_at("name")) {
        let moves = !name.starts_with("refs/tags/");
        return moves.then(|| ("spec.ref.name", format!("`{name}`").into(), HELP));
    }
    if let Some(range) = reference.and_then(|r| r.str_at("semver")) {
        let moves = is_unbounded(range);
        return moves
            .then(|| ("spec.ref.semver", format!("every version (`{range}`)").into(), HELP));
    }
    if has("tag") {
        return None;
    }
    let branch = reference.and_then(|r| r.get("branch")).map(NodeRef::text);
    Some(match branch {
        Some(branch) => ("spec.ref.branch", format!("the branch `{branch}`").into(), HELP),
        None => ("spec.ref", "the branch `master`, for want of a `ref`".into(), HELP),
    })
}

fn moving_artifact(object: Object<'_>) -> Option<Moving> {
    const HELP: &str = "set `ref.digest`, or a `ref.tag` that is never moved";
    let reference = object.path("spec.ref");
    let has = |field: &str| reference.and_then(|r| r.get(field)).map(NodeRef::text);
    if has("digest").is_some() {
        return None;
    }
    if let Some(range) = has("semver") {
        let moves = is_unbounded(range);
        return moves
            .then(|| ("spec.ref.semver", format!("every version (`{range}`)").into(), HELP));
    }
    match has("tag") {
        Some(tag) if is_moving_tag(tag) => {
            Some(("spec.ref.tag", format!("the tag `{tag}`, which moves").into(), HELP))
        }
        Some(_) => None,
        None => Some(("spec.ref", "the tag `latest`, for want of a `ref`".into(), HELP)),
    }
}

fn is_moving_tag(tag: &str) -> bool {
    matches!(
        tag,
        "latest" | "main" | "master" | "stable" | "edge" | "nightly" | "dev" | "develop" | "canary"
    )
}

/// A range that any later version fits, major ones too.
pub(super) fn is_unbounded(range: &str) -> bool {
    let range = range.trim();
    if matches!(range, "" | "*" | "x" | "X") {
        return true;
    }
    range.split("||").any(|part| {
        let part = part.trim();
        part.starts_with('>') && !part.contains('<')
    })
}

/// Whether a repository belongs to whoever owns the one that Flux was set up with.
fn is_own(object: Object<'_>, index: &Index<'_>) -> bool {
    let Some(url) = object.str_at("spec.url") else { return false };
    let bootstrap = index.objects(Kind::GitRepository).iter().filter(|o| is_bootstrap(**o));
    let bootstrap = bootstrap.filter_map(|o| o.str_at("spec.url"));
    let instances = index.objects(Kind::FluxInstance).iter();
    let synced = instances.filter_map(|o| o.str_at("spec.sync.url"));
    let owner = owner(url);
    owner.is_some() && bootstrap.chain(synced).any(|u| self::owner(u) == owner)
}

/// Host and owner of a repository's address.
fn owner(url: &str) -> Option<(&str, &str)> {
    let bare = without_scheme(url);
    let (host, path) = bare.split_once(['/', ':'])?;
    let (owner, _) = path.split_once('/')?;
    Some((host, owner))
}

/// An address without its scheme and user.
fn without_scheme(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host_end = bare.find('/').unwrap_or(bare.len());
    match bare.find('@') {
        Some(at) if at < host_end => bare.get(at + 1..).unwrap_or(bare),
        _ => bare,
    }
}

/// Whether an address lies below an entry of the allow-list: `https://github.com/acme`,
/// `github.com/acme/*`, `ghcr.io`.
pub(super) fn is_below(url: &str, entry: &str) -> bool {
    let scheme = |text: &str| text.split_once("://").map(|(scheme, _)| scheme.to_owned());
    if let Some(wanted) = scheme(entry)
        && scheme(url).is_none_or(|given| given != wanted)
    {
        return false;
    }
    let entry = without_scheme(entry).trim_end_matches('*').trim_end_matches('/');
    let rest = without_scheme(url).strip_prefix(entry);
    !entry.is_empty()
        && rest.is_some_and(|r| r.is_empty() || r == ".git" || r.starts_with(['/', ':']))
}

pub(super) fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A Service of the cluster, or the machine itself.
pub(super) fn is_in_cluster(url: &str) -> bool {
    let host = without_scheme(url).split(['/', ':']).next().unwrap_or("");
    host == "localhost"
        || !host.contains('.')
        || host.strip_suffix(".svc").is_some()
        || host.ends_with(".svc.cluster.local")
        || host.ends_with(".cluster.local")
        || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::{is_below, is_in_cluster, is_unbounded, owner};

    #[test]
    fn addresses_are_compared_by_whole_parts() {
        let url = "ssh://git@github.com/acme/fleet.git";
        assert!(is_below(url, "github.com/acme") && is_below(url, "ssh://git@github.com/acme/*"));
        assert!(is_below(url, "github.com/acme/fleet") && is_below(url, "github.com"));
        assert!(!is_below(url, "github.com/ac") && !is_below(url, "https://github.com/acme"));
        assert!(!is_below("oci://ghcr.io.evil.example/x", "oci://ghcr.io/"), "another host");
        assert_eq!(owner(url), owner("https://github.com/acme/apps"));
        assert_ne!(owner(url), owner("https://github.com/other/apps"));
    }

    #[test]
    fn services_of_the_cluster_are_known() {
        assert!(is_in_cluster("http://charts.tools.svc.cluster.local:8080/x"));
        assert!(
            is_in_cluster("oci://registry:5000/x") && !is_in_cluster("http://charts.example.com")
        );
    }

    #[test]
    fn ranges_without_an_upper_end_are_unbounded() {
        for range in ["*", ">=1.0.0", ">= 1.2", "<1.0.0 || >2.0.0"] {
            assert!(is_unbounded(range), "{range}");
        }
        for range in ["1.x", "^1.2.3", ">=1.0.0 <2.0.0", "1.2.3"] {
            assert!(!is_unbounded(range), "{range}");
        }
    }
}
