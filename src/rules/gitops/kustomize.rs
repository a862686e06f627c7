//! What a kustomization's own text says.

use kubeready_manifest::yaml::{NodeRef, Place};

use super::kustomization::{Kustomization, kustomizations};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::KUSTOMIZATION_NAMES;
use crate::render::FaultKind;
use crate::render::delivery::Source;
use crate::rules::placeholder::is_placeholder;

/// Kustomize refuses to choose between two files.
pub(crate) fn kustomize_ambiguous_root<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut all: Vec<(usize, Kustomization<'t>)> = kustomizations(fleet)
        .into_iter()
        .filter_map(|k| {
            let name = k.file.input.path.file_name()?.to_str()?;
            Some((KUSTOMIZATION_NAMES.iter().position(|known| *known == name)?, k))
        })
        .collect();
    if all.is_empty() {
        return ctx.pass_over();
    }
    all.sort_by(|a, b| (a.1.directory(), a.0).cmp(&(b.1.directory(), b.0)));
    let mut first: Option<(usize, Kustomization<'t>)> = None;
    for (name, k) in all {
        let beside = first.filter(|(_, first)| first.directory() == k.directory());
        let Some((other, kept)) = beside else {
            first = Some((name, k));
            continue;
        };
        let other = KUSTOMIZATION_NAMES.get(other).copied().unwrap_or_default();
        let message = format!("this directory has a `{other}` too, so kustomize builds neither");
        ctx.report_span(k.start(), message)
            .label("a second kustomization")
            .help("move what is needed into one of them and delete the other")
            .related(kept.start(), "the first one");
    }
}

/// Old spellings work until the day that a new kustomize drops them.
pub(crate) fn kustomize_deprecated_field<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = kustomizations(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for k in all {
        for (key, value) in k.fields() {
            let field = key.text();
            let known = DEPRECATED.iter().find(|(old, _)| old.eq_ignore_ascii_case(field));
            if let Some((_, instead)) = known {
                ctx.report(Place::key(key, value), format!("`{field}` is deprecated"))
                    .label("an old spelling")
                    .help(*instead);
            }
        }
        for field in ["configMapGenerator", "secretGenerator"] {
            let Some((key, value)) = k.items(field).find_map(|item| item.entry("env")) else {
                continue;
            };
            ctx.report(Place::key(key, value), format!("`env` of `{field}` is deprecated"))
                .label("an old spelling")
                .help(format!("write a list: `envs: [{}]`", value.text()));
        }
    }
}

/// A kustomization that makes nothing either fails or hides that something was forgotten.
pub(crate) fn kustomize_empty<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let mut failing = Vec::new();
    for fault in index.all_faults(FaultKind::Empty) {
        failing.push(fault.at.source);
        ctx.report_span(fault.at, "this kustomization is empty, so kustomize fails on it")
            .severity(Severity::Error)
            .help("name what it is made of under `resources`, or delete it");
    }
    let all = kustomizations(fleet);
    if all.is_empty() && failing.is_empty() {
        return ctx.pass_over();
    }
    for k in all {
        let Some((key, value)) = k.fields().find(|(key, _)| !is_type(key.text())) else { continue };
        if k.is_component()
            || failing.contains(&k.file.source)
            || k.fields().any(|(key, value)| makes_objects(key.text()) && !value.is_empty())
            || !k.tree.errors().is_empty()
            || is_given_components(fleet, k)
        {
            continue;
        }
        let written = k.field("resources").or_else(|| k.field("bases"));
        let (key, value) = written.unwrap_or((key, value));
        let finding = ctx.report(Place::key(key, value), "this kustomization makes no object");
        finding
            .label("nothing to build")
            .help("name what it is made of under `resources`, or delete it");
        // `resources: []` is how people keep a place free.
        if written.is_some() {
            finding.severity(Severity::Advice);
        }
    }
}

/// What another machine sends may be another thing tomorrow.
pub(crate) fn kustomize_remote_unpinned<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = kustomizations(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for k in all {
        let lists = ["resources", "bases", "components", "crds", "patchesStrategicMerge"];
        let entries = lists.into_iter().flat_map(|field| k.items(field));
        let patches = k.items("patches").filter_map(|patch| patch.get("path"));
        for entry in entries.chain(patches) {
            remote(entry, ctx);
        }
    }
}

fn remote<'t>(entry: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    let url = entry.text();
    if !is_remote(url) || is_placeholder(url) {
        return;
    }
    let (message, label) = match pin(url) {
        Pin::Fixed => return,
        Pin::Moving(reference) => {
            (format!("this follows `{reference}`, which moves"), "not a tag or commit")
        }
        Pin::Default => {
            let message = "this takes whatever the default branch holds".to_owned();
            (message, "no `ref` here")
        }
        Pin::Unknown => {
            let message = "this takes whatever the address gives on that day".to_owned();
            (message, "no version in this address")
        }
    };
    let finding = ctx.report(entry.here(), message);
    finding.label(label);
    if matches!(pin(url), Pin::Unknown) {
        finding
            .severity(Severity::Advice)
            .confidence(Confidence::Likely)
            .help("use an address with a version in it, or copy the file into the repository");
    } else if is_file(url) {
        finding.help("put a tag or commit in the address, or copy the file into the repository");
    } else if matches!(pin(url), Pin::Moving(_)) {
        finding.help("put a tag or a commit in its place");
    } else {
        finding.help("add `?ref=` with a tag or a commit");
    }
}

/// Old fields, and what to write instead.
const DEPRECATED: [(&str, &str); 7] = [
    ("bases", "list them under `resources`"),
    (
        "commonLabels",
        "use `labels` with `pairs`, and `includeSelectors: true` where the selectors have them",
    ),
    ("helmChartInflationGenerator", "use `helmCharts`"),
    ("imageTags", "use `images`"),
    ("patchesJson6902", "use `patches` with a `target`"),
    ("patchesStrategicMerge", "use `patches`: a `path` or a `patch` for each"),
    ("vars", "use `replacements`"),
];

fn is_type(field: &str) -> bool {
    matches!(field, "apiVersion" | "kind" | "metadata")
}

/// Whether a field brings objects in.
fn makes_objects(field: &str) -> bool {
    const FIELDS: [&str; 8] = [
        "resources",
        "bases",
        "components",
        "generators",
        "configMapGenerator",
        "secretGenerator",
        "helmCharts",
        "helmChartInflationGenerator",
    ];
    // A transformer may bring objects as well.
    field.eq_ignore_ascii_case("transformers")
        || FIELDS.iter().any(|known| known.eq_ignore_ascii_case(field))
}

/// Whether what delivers it adds components.
fn is_given_components(fleet: &Fleet<'_>, k: Kustomization<'_>) -> bool {
    fleet.deliveries.iter().any(|delivered| {
        let delivery = &delivered.delivery;
        !delivery.overlay.components.is_empty()
            && matches!(&delivery.source, Source::Directory(path) if path == k.directory())
    })
}

/// An address that kustomize fetches.
fn is_remote(path: &str) -> bool {
    const STARTS: [&str; 6] =
        ["git::", "git@", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/"];
    !path.contains('\n')
        && !path.starts_with("file://")
        && (path.contains("://")
            || path.contains("?ref=")
            || STARTS.iter().any(|start| path.starts_with(start)))
}

/// How firmly an address names what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pin<'a> {
    Fixed,
    /// A branch, or a word such as `latest`.
    Moving(&'a str),
    /// No revision of a git repository.
    Default,
    /// A file at an address without a version.
    Unknown,
}

fn is_file(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or("");
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

fn pin(url: &str) -> Pin<'_> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let named = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (matches!(key, "ref" | "version") && !value.is_empty()).then_some(value)
    });
    if let Some(reference) = named {
        return judge(reference);
    }
    if !is_file(url) {
        return Pin::Default;
    }
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        [_, _, _, "releases", "latest", ..] => return Pin::Moving("latest"),
        ["raw.githubusercontent.com", _, _, "refs", "heads", branch, ..]
        | ["github.com", _, _, "raw" | "blob", "refs", "heads", branch, ..] => {
            return Pin::Moving(branch);
        }
        ["raw.githubusercontent.com", _, _, "refs", "tags", ..]
        | ["github.com", _, _, "raw", "refs", "tags", ..]
        | [_, _, _, "releases", "download", ..] => return Pin::Fixed,
        ["raw.githubusercontent.com", _, _, reference, ..]
        | ["github.com", _, _, "raw" | "blob", reference, ..] => return judge(reference),
        _ => {}
    }
    if let Some(at) = parts.iter().position(|part| *part == "-")
        && let Some(reference) = parts.get(at + 2)
    {
        return judge(reference);
    }
    let moving = ["latest", "main", "master", "HEAD", "stable"];
    if let Some(word) = parts.iter().find(|part| moving.contains(part)) {
        return Pin::Moving(word);
    }
    if parts.iter().skip(1).any(|part| has_version(part)) { Pin::Fixed } else { Pin::Unknown }
}

/// A commit, or a name with a digit, is taken for a thing that stays.
fn judge(reference: &str) -> Pin<'_> {
    if let Some(branch) = reference.strip_prefix("refs/heads/") {
        return Pin::Moving(branch);
    }
    let is_commit = reference.len() >= 7 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    let fixed = is_commit
        || reference.starts_with("refs/tags/")
        || reference.bytes().any(|b| b.is_ascii_digit());
    if fixed { Pin::Fixed } else { Pin::Moving(reference) }
}

/// `v1.2`, `1.2.3`, `app-0.4.yaml`.
fn has_version(part: &str) -> bool {
    let bytes = part.as_bytes();
    let dotted = |window: &[u8]| match window {
        [a, b'.', c] => a.is_ascii_digit() && c.is_ascii_digit(),
        _ => false,
    };
    let major = part.strip_prefix('v').unwrap_or("");
    bytes.windows(3).any(dotted)
        || (!major.is_empty() && major.bytes().all(|b| b.is_ascii_digit()))
        || (bytes.len() >= 40 && bytes.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::{Pin, is_remote, pin};

    #[test]
    fn addresses_are_told_by_what_they_name() {
        for (url, expected) in [
            ("https://github.com/o/r//deploy?ref=v1.2.0", Pin::Fixed),
            ("https://github.com/o/r//deploy?timeout=90s&ref=main", Pin::Moving("main")),
            ("github.com/o/r/deploy?ref=3f1c0de", Pin::Fixed),
            ("https://github.com/o/r//deploy", Pin::Default),
            ("git@github.com:o/r.git", Pin::Default),
            ("https://raw.githubusercontent.com/o/r/main/a.yaml", Pin::Moving("main")),
            ("https://raw.githubusercontent.com/o/r/v1/a.yaml", Pin::Fixed),
            ("https://github.com/o/r/releases/latest/download/a.yaml", Pin::Moving("latest")),
            ("https://github.com/o/r/releases/download/x/a.yaml", Pin::Fixed),
            ("https://gitlab.com/o/r/-/raw/main/a.yaml", Pin::Moving("main")),
            ("https://dl.example.com/v2/a.yaml", Pin::Fixed),
            ("https://dl.example.com/a-0.4.yaml", Pin::Fixed),
            ("https://dl.example.com/a.yaml", Pin::Unknown),
        ] {
            assert!(is_remote(url), "{url}");
            assert_eq!(pin(url), expected, "{url}");
        }
        assert!(!is_remote("../base") && !is_remote("deployment.yaml"));
    }
}
