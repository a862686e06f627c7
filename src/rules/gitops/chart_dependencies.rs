//! What charts depend on: from where, and in which version.

use std::fmt::Write as _;

use kubeready_manifest::yaml::{NodeRef, Scalar};
use sha2::{Digest as _, Sha256};

use super::chart::{Chart, charts, is_fetched};
use super::flux_sources::{is_below, is_in_cluster, starts_with};
use super::helm_release::is_exact;
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::World;
use crate::rules::placeholder::is_placeholder;

/// Whoever stands on the way decides what is installed.
pub(crate) fn helm_dependency_insecure<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let allowed = ctx.option(&crate::catalogue::options::HELM_DEPENDENCY_INSECURE_ALLOW_LIST);
    let mut looked = false;
    for chart in charts(fleet) {
        for dependency in chart.dependencies(fleet.world) {
            let Some(repository) = dependency.get("repository") else { continue };
            looked = true;
            let url = repository.text();
            let name = dependency.get("name").map_or("", NodeRef::text);
            // A name of a repository says what each machine takes it for.
            let named = url.starts_with('@') || starts_with(url, "alias:");
            if !is_fetched(dependency) || named || is_placeholder(url) {
                continue;
            }
            let plain = ["http://", "git://", "git+http://"].iter().any(|p| starts_with(url, p));
            if plain && !is_in_cluster(url) {
                ctx.report(repository.here(), format!("chart `{name}` is fetched without TLS"))
                    .label("anybody on the way can change it")
                    .help("use `https://` or `oci://`");
            } else if !allowed.is_empty() && !allowed.iter().any(|entry| is_below(url, entry)) {
                let message =
                    format!("chart `{name}` comes from an address that is not on the allow-list");
                ctx.report(repository.here(), message).help(
                    "mirror it where you trust, or add its address to the option `allow-list`",
                );
            }
        }
    }
    if !looked {
        ctx.pass_over();
    }
}

/// A range means another chart on another day, unless a lock says which.
pub(crate) fn helm_dependency_unpinned<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = charts(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for chart in all {
        let dependencies = chart.dependencies(fleet.world);
        if dependencies.is_empty() {
            continue;
        }
        let lock = ["Chart.lock", "requirements.lock"]
            .into_iter()
            .find_map(|name| chart.beside(fleet.world, name).map(|root| (name, root)));
        match lock {
            Some((file, lock)) => locked(&Locked { chart, file, lock }, &dependencies, ctx),
            None => unlocked(chart, fleet.world, &dependencies, ctx),
        }
    }
}

/// Without a lock, each `helm dependency build` takes the newest that fits.
fn unlocked<'t>(
    chart: Chart<'t>,
    world: &World<'t>,
    dependencies: &[NodeRef<'t>],
    ctx: &mut Ctx<'_, 't>,
) {
    for &dependency in dependencies.iter().filter(|d| is_fetched(**d)) {
        let name = dependency.get("name").map_or("", NodeRef::text);
        let version = dependency.get("version").map_or("", NodeRef::text).trim();
        if is_exact(version) || is_placeholder(version) || is_unpacked(chart, world, name) {
            continue;
        }
        let message = match version {
            "" | "*" => format!("this chart takes whatever version of `{name}` is newest"),
            range => format!("this chart takes any version of `{name}` that fits `{range}`"),
        };
        ctx.report(dependency.at("version"), message).label("and no `Chart.lock` says which").help(
            "run `helm dependency update` and commit `Chart.lock`, or write the exact version",
        );
    }
}

/// A lock and what it is the lock of.
struct Locked<'t> {
    chart: Chart<'t>,
    file: &'static str,
    lock: NodeRef<'t>,
}

/// `helm dependency build` refuses a lock that was made for other dependencies.
fn locked<'t>(of: &Locked<'t>, dependencies: &[NodeRef<'t>], ctx: &mut Ctx<'_, 't>) {
    const HELP: &str = "run `helm dependency update` and commit the lock";
    let Locked { chart, file, lock } = *of;
    let entries: Vec<_> = lock.items_at("dependencies").collect();
    let mut told = false;
    for &dependency in dependencies {
        let (Some(name), version) = (dependency.get("name"), dependency.get("version")) else {
            continue;
        };
        let same = |entry: &&NodeRef<'_>| entry.get("name").map(NodeRef::text) == Some(name.text());
        let mut of_name = entries.iter().filter(same).peekable();
        let Some(first) = of_name.peek().copied() else {
            ctx.report(name.here(), format!("`{file}` knows no dependency `{}`", name.text()))
                .label("not in the lock")
                .help(HELP);
            told = true;
            continue;
        };
        let Some(version) = version.filter(|v| is_exact(v.text()) && is_fetched(dependency)) else {
            continue;
        };
        let fits = |entry: &NodeRef<'_>| {
            let locked = entry.get("version").map_or("", NodeRef::text);
            bare(locked) == bare(version.text())
        };
        if let Some(locked) = first.get("version").filter(|_| !of_name.any(fits)) {
            let message = format!(
                "`{}` is {} here and {} in `{file}`",
                name.text(),
                version.text(),
                locked.text()
            );
            ctx.report(version.here(), message)
                .label("the lock is out of step")
                .related(locked.span(), "locked here")
                .help(HELP);
            told = true;
        }
    }
    for entry in entries.iter().filter_map(|entry| entry.get("name")) {
        let named = |d: &NodeRef<'_>| d.get("name").map(NodeRef::text) == Some(entry.text());
        if !dependencies.iter().any(named) {
            let message =
                format!("the lock has `{}`, which the chart no longer names", entry.text());
            ctx.report(entry.here(), message).label("the lock is out of step").help(HELP);
            told = true;
        }
    }
    // Helm 2 reckoned in another way, and its locks are still good.
    let modern = chart.text_at("apiVersion") == Some("v2");
    let Some(digest) = lock.get("digest").filter(|_| !told && modern) else { return };
    let expected = encoded(dependencies, &entries).map(|json| sha256(&json));
    if let Some(expected) = expected
        && digest.text().starts_with("sha256:")
        && digest.text() != expected
    {
        ctx.report(digest.here(), format!("`{file}` was made for other dependencies"))
            .label("the digest is not that of the dependencies here and in `Chart.yaml`")
            .help(HELP);
    }
}

/// A version without the letter that is put before it by some.
fn bare(version: &str) -> &str {
    let version = version.trim().trim_start_matches('=').trim_start();
    version.strip_prefix('v').unwrap_or(version)
}

/// Whether the chart has its dependency with it.
fn is_unpacked(chart: Chart<'_>, world: &World<'_>, name: &str) -> bool {
    let folder = chart.directory().join("charts");
    world.file(&folder.join(name).join("Chart.yaml")).is_some()
        || world.paths_below(&folder).any(|(path, _)| {
            let packed = path.extension().is_some_and(|extension| extension == "tgz");
            let archive = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
            let rest = archive.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
            packed && rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
}

fn sha256(text: &str) -> String {
    let mut out = "sha256:".to_owned();
    for byte in Sha256::digest(text) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// What Helm takes the digest of: what is asked for and what is locked, as JSON. `None` where it
/// depends on the machine, or on values of a kind that nobody writes.
fn encoded(asked: &[NodeRef<'_>], locked: &[NodeRef<'_>]) -> Option<String> {
    let list = |of: &[NodeRef<'_>]| {
        let items: Option<Vec<String>> = of.iter().map(|d| dependency(*d)).collect();
        items.map(|items| format!("[{}]", items.join(",")))
    };
    Some(format!("[{},{}]", list(asked)?, list(locked)?))
}

/// One dependency in the order and with the omissions of Helm's own type.
fn dependency(node: NodeRef<'_>) -> Option<String> {
    let text = |field: &str| node.get(field).map_or("", NodeRef::text);
    let repository = text("repository");
    // A number is written anew before it is counted in.
    let is_text = |field: &str| node.get(field).is_none_or(|n| n.as_str().is_some());
    if !["name", "version", "repository", "condition", "alias"].into_iter().all(is_text)
        || repository.starts_with('@')
        || repository.starts_with("alias:")
    {
        return None;
    }
    let mut out = format!("{{\"name\":{}", json(text("name")));
    if !text("version").is_empty() {
        let _ = write!(out, ",\"version\":{}", json(text("version")));
    }
    let _ = write!(out, ",\"repository\":{}", json(repository));
    if !text("condition").is_empty() {
        let _ = write!(out, ",\"condition\":{}", json(text("condition")));
    }
    let tags: Vec<String> = node.items_at("tags").map(|tag| json(tag.text())).collect();
    if !tags.is_empty() {
        let _ = write!(out, ",\"tags\":[{}]", tags.join(","));
    }
    if node.bool_at("enabled") == Some(true) {
        out.push_str(",\"enabled\":true");
    }
    let imports: Option<Vec<String>> = node.items_at("import-values").map(import).collect();
    let imports = imports?;
    if !imports.is_empty() {
        let _ = write!(out, ",\"import-values\":[{}]", imports.join(","));
    }
    if !text("alias").is_empty() {
        let _ = write!(out, ",\"alias\":{}", json(text("alias")));
    }
    out.push('}');
    Some(out)
}

/// A name, or `child` and `parent`.
fn import(node: NodeRef<'_>) -> Option<String> {
    if let Some(Scalar::Str(name)) = node.scalar() {
        return Some(json(name));
    }
    let mut entries: Vec<_> = node.entries().map(|(k, v)| (k.text(), v)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    let parts: Option<Vec<String>> = entries
        .into_iter()
        .map(|(key, value)| Some(format!("{}:{}", json(key), json(value.as_str()?))))
        .collect();
    Some(format!("{{{}}}", parts?.join(",")))
}

/// As Go writes it, which escapes what HTML would take for a tag.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
