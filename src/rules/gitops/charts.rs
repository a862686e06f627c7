//! What the files of a chart say by themselves.

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{NodeRef, Place, Scalar};

use super::chart::{Chart, charts, is_fetched};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::{Class, Loaded, World};
use crate::render::delivery::{How, Source};
use crate::rules::placeholder::is_placeholder;

/// Helm refuses to load, or to lint, a chart whose metadata are not in order.
pub(crate) fn helm_chart_invalid<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = charts(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for chart in all {
        let Some(root) = chart.root else {
            unreadable(chart, ctx);
            continue;
        };
        missing(root, ctx);
        api_version(root, ctx);
        name(root, ctx);
        version(root, ctx);
        kind(root, ctx);
        dependencies(&chart.dependencies(fleet.world), ctx);
        unknown_fields(root, ctx);
    }
}

/// Whoever installs the chart decides where, and `helm install --namespace` is not asked.
pub(crate) fn helm_hard_coded_namespace<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = charts(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for chart in all {
        for file in templates(chart, fleet.world) {
            for (at, namespace) in literal_namespaces(&file.text()) {
                // Some things work in one namespace only.
                if is_placeholder(namespace) || is_of_the_cluster(namespace) {
                    continue;
                }
                let start = at as u32;
                let span = Span { source: file.source, start, end: start + namespace.len() as u32 };
                let message =
                    format!("chart `{}` puts this into namespace `{namespace}`", chart.name());
                ctx.report_span(span, message)
                    .label("whatever `--namespace` says")
                    .help("write `{{ .Release.Namespace }}`, or a value that defaults to it");
            }
        }
    }
}

/// What others fill in is worth a description that Helm checks.
pub(crate) fn helm_missing_values_schema<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = charts(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for &chart in &all {
        let schema = chart.directory().join("values.schema.json");
        let Some(values) = chart.beside(fleet.world, "values.yaml").filter(|v| !v.is_empty())
        else {
            continue;
        };
        if chart.is_library() || fleet.world.file(&schema).is_some() {
            continue;
        }
        let users = users(chart, &all, fleet);
        if users < 2 {
            continue;
        }
        let Some((key, value)) = values.entries().next() else { continue };
        let message = format!("chart `{}` has no schema of its values", chart.name());
        ctx.report(Place::key(key, value), message)
            .label(format!("{users} others use the chart"))
            .help("describe the values in `values.schema.json` beside this file; Helm checks it at every install and upgrade");
    }
}

fn unreadable(chart: Chart<'_>, ctx: &mut Ctx<'_, '_>) {
    // A template of a chart is no chart yet.
    if is_placeholder(chart.tree.text()) {
        return;
    }
    let finding = match chart.tree.errors().first() {
        Some(error) => {
            let source = chart.file.source;
            let at = Span { source, start: error.at.start, end: error.at.end };
            ctx.report_span(at, format!("`Chart.yaml` is no YAML: {}", error.message))
        }
        None => ctx.report_span(chart.start(), "`Chart.yaml` has no fields"),
    };
    finding.help("write `apiVersion: v2`, `name` and `version`");
}

/// The three fields without which there is no chart.
fn missing<'t>(root: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    let lacks = |field: &&str| root.get(field).is_none_or(|node| node.text().is_empty());
    let fields: Vec<&str> = ["apiVersion", "name", "version"].into_iter().filter(lacks).collect();
    let Some(first) = fields.first() else { return };
    let named: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    let finding = ctx.report(root.at(first), format!("this chart has no {}", named.join(", no ")));
    if fields == ["apiVersion"] {
        finding
            .severity(Severity::Warning)
            .help("write `apiVersion: v2`: without it Helm takes the chart for one of Helm 2");
    } else {
        finding.help(
            "write `apiVersion: v2`, the name of the directory, and a `version` such as `0.1.0`",
        );
    }
}

fn api_version<'t>(root: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = root.get("apiVersion") else { return };
    match node.text() {
        "v2" => {}
        "v1" => {
            let old = ["dependencies", "type"].into_iter().filter_map(|f| root.entry(f));
            let mut told = false;
            for (key, value) in old {
                let message = format!("`{}` is a field of `apiVersion: v2`", key.text());
                ctx.report(Place::key(key, value), message)
                    .severity(Severity::Warning)
                    .related(node.span(), "this chart is `v1`")
                    .help("write `apiVersion: v2`");
                told = true;
            }
            if !told {
                ctx.report(node.here(), "this chart is of the form of Helm 2")
                    .severity(Severity::Advice)
                    .help("write `apiVersion: v2`; what a `requirements.yaml` lists goes into `dependencies`");
            }
        }
        text if is_placeholder(text) => {}
        text => {
            ctx.report(node.here(), format!("Helm knows no `apiVersion` `{text}` of charts"))
                .help("write `apiVersion: v2`");
        }
    }
}

fn name<'t>(root: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = root.get("name") else { return };
    let text = node.text();
    if text.is_empty() || is_placeholder(text) {
        return;
    }
    if text.contains('/') || matches!(text, "." | "..") {
        ctx.report(node.here(), format!("`{text}` is no name that a chart can have"))
            .help("use lower-case letters, digits and `-`");
    } else if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        let severe = text.bytes().any(|b| !(b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
        let finding = ctx.report(
            node.here(),
            format!("`{text}` has letters that names of charts should not have"),
        );
        finding
            .severity(if severe { Severity::Warning } else { Severity::Advice })
            .help("use lower-case letters, digits and `-`, as the conventions of Helm ask");
    }
}

fn version<'t>(root: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    if let Some(node) = root.get("appVersion") {
        number(node, "appVersion", ctx);
    }
    let Some(node) = root.get("version") else { return };
    let text = node.text();
    if text.is_empty() || is_placeholder(text) || number(node, "version", ctx) {
        return;
    }
    match Version::read(text) {
        Version::Strict => {}
        Version::Prefixed => {
            ctx.report(node.here(), format!("`{text}` is no semantic version with its `v`"))
                .severity(Severity::Advice)
                .help("leave out the `v`; `appVersion` may have it");
        }
        Version::Loose => {
            ctx.report(node.here(), format!("`{text}` is no whole semantic version"))
                .severity(Severity::Warning)
                .help("write major, minor and patch without leading zeros, such as `1.2.0`");
        }
        Version::Invalid => {
            ctx.report(node.here(), format!("`{text}` is no semantic version"))
                .label("Helm does not load a chart with it")
                .help("write major, minor and patch, such as `1.2.0`");
        }
    }
}

/// A version that YAML reads as a number loses its last zeros.
fn number<'t>(node: NodeRef<'t>, field: &str, ctx: &mut Ctx<'_, 't>) -> bool {
    let read = match node.scalar() {
        Some(Scalar::Float(value)) => value.to_string(),
        Some(Scalar::Int(value)) => value.to_string(),
        Some(Scalar::UInt(value)) => value.to_string(),
        _ => return false,
    };
    let text = node.text();
    let message = if read == text {
        format!("`{field}` is a number, where Helm wants text")
    } else {
        format!("`{field}` is read as the number {read}")
    };
    let finding = ctx.report(node.here(), message);
    finding.help(format!("put it in quotes: `{field}: \"{text}\"`"));
    if read == text {
        finding.severity(if field == "version" { Severity::Warning } else { Severity::Advice });
    }
    true
}

fn kind<'t>(root: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = root.get("type") else { return };
    let text = node.text();
    if matches!(text, "application" | "library" | "") || is_placeholder(text) {
        return;
    }
    ctx.report(node.here(), format!("Helm knows no type `{text}` of charts"))
        .help("write `application` or `library`");
}

fn dependencies<'t>(dependencies: &[NodeRef<'t>], ctx: &mut Ctx<'_, 't>) {
    let called = |d: &NodeRef<'t>| d.get("alias").or_else(|| d.get("name"));
    for (at, dependency) in dependencies.iter().enumerate() {
        let Some(name) = dependency.get("name") else {
            let place = if dependency.is_map() { dependency.at("name") } else { dependency.here() };
            ctx.report(place, "this dependency has no `name`")
                .help("name the chart, or delete the entry");
            continue;
        };
        if let Some(alias) = dependency.get("alias")
            && !alias.text().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            && !is_placeholder(alias.text())
        {
            ctx.report(alias.here(), format!("`{}` is no alias that Helm takes", alias.text()))
                .help("use letters, digits, `-` and `_`");
        }
        let own = called(dependency).unwrap_or(name);
        let before = dependencies.iter().take(at).filter_map(called);
        if let Some(other) = before.into_iter().find(|other| other.text() == own.text()) {
            ctx.report(own.here(), format!("two dependencies are called `{}`", own.text()))
                .related(other.span(), "the other one")
                .help("give one of them an `alias`, or delete it");
        }
    }
}

/// Fields of a chart's metadata.
const FIELDS: [&str; 18] = [
    "annotations",
    "apiVersion",
    "appVersion",
    "condition",
    "dependencies",
    "deprecated",
    "description",
    "home",
    "icon",
    "keywords",
    "kubeVersion",
    "maintainers",
    "name",
    "sources",
    "tags",
    "type",
    "version",
    // Of Helm 2, without a meaning now.
    "engine",
];

fn unknown_fields<'t>(root: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
    for (key, value) in root.entries() {
        let text = key.text();
        if FIELDS.contains(&text) || text == "tillerVersion" || is_placeholder(text) {
            continue;
        }
        let meant = FIELDS
            .iter()
            .map(|field| (strsim::damerau_levenshtein(field, text), field))
            .min()
            .filter(|(distance, _)| *distance <= 2);
        let finding =
            ctx.report(Place::key(key, value), format!("Helm knows no field `{text}` of charts"));
        match meant {
            Some((_, field)) => finding.help(format!("write `{field}`")),
            None => finding
                .severity(Severity::Advice)
                .confidence(Confidence::Likely)
                .help("put what is for people or other tools below `annotations`"),
        };
    }
}

/// How near a text is to a semantic version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Strict,
    /// But for a `v`.
    Prefixed,
    /// Helm makes one of it.
    Loose,
    Invalid,
}

impl Version {
    fn read(text: &str) -> Self {
        let (bare, prefixed) = match text.strip_prefix('v') {
            Some(bare) => (bare, true),
            None => (text, false),
        };
        let (rest, build) = bare.split_once('+').map_or((bare, None), |(a, b)| (a, Some(b)));
        let (core, before) = rest.split_once('-').map_or((rest, None), |(a, b)| (a, Some(b)));
        let parts: Vec<&str> = core.split('.').collect();
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let words = |text: Option<&str>| text.is_none_or(|text| text.split('.').all(word));
        if text.len() > 256
            || parts.len() > 3
            || !parts.iter().all(|part| digits(part))
            || !words(build)
            || !words(before)
        {
            return Self::Invalid;
        }
        let zero = |part: &&str| part.len() > 1 && part.starts_with('0');
        let padded = |text: Option<&str>| {
            text.is_some_and(|t| t.split('.').any(|part| zero(&part) && digits(part)))
        };
        if parts.len() < 3 || parts.iter().any(zero) || padded(before) {
            return Self::Loose;
        }
        if prefixed { Self::Prefixed } else { Self::Strict }
    }
}

/// The templates of a chart, in order of paths; those of charts below it are their own.
fn templates<'t>(chart: Chart<'t>, world: &World<'t>) -> Vec<&'t Loaded> {
    let folder = chart.directory().join("templates");
    let of_kind = world.files_below(&folder).filter(|file| file.class == Class::HelmTemplate);
    of_kind.collect()
}

/// `metadata.namespace` of the objects of a template, where it is plain text: offset and text.
fn literal_namespaces(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut offset = 0;
    // The indentation of the fields of `metadata`, once the first of them was seen.
    let mut fields: Option<Option<usize>> = None;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        let content = bare.trim_end();
        if content.is_empty() || content.starts_with('#') || content.starts_with("{{") {
            continue;
        }
        if indent == 0 {
            fields = content
                .strip_prefix("metadata:")
                .filter(|rest| {
                    let rest = rest.trim_start();
                    rest.is_empty() || rest.starts_with('#')
                })
                .map(|_| None);
            continue;
        }
        let Some(level) = &mut fields else { continue };
        if *level.get_or_insert(indent) != indent {
            continue;
        }
        let Some(value) = content.strip_prefix("namespace:") else { continue };
        let value = value.split(" #").next().unwrap_or("").trim();
        let quotes = ['"', '\''];
        let word = value.trim_matches(quotes);
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if word.is_empty() || !word.bytes().all(is_name) {
            continue;
        }
        let behind = indent + "namespace:".len();
        if let Some(at) = line.get(behind..).and_then(|rest| rest.find(word)) {
            found.push((start + behind + at, word));
        }
    }
    found
}

/// Namespaces of the cluster itself and of what delivers to it: what belongs there belongs nowhere
/// else.
fn is_of_the_cluster(namespace: &str) -> bool {
    namespace.starts_with("kube-")
        || namespace.starts_with("openshift")
        || matches!(namespace, "istio-system" | "argocd" | "flux-system")
}

/// How many others use a chart, and may fill in its values: charts that depend on it, and deliveries.
fn users(chart: Chart<'_>, all: &[Chart<'_>], fleet: &Fleet<'_>) -> usize {
    let directory = chart.directory();
    let depending = all
        .iter()
        .filter(|other| {
            other.dependencies(fleet.world).into_iter().any(|dependency| {
                let repository = dependency.get("repository").map_or("", NodeRef::text);
                let local = repository.strip_prefix("file://");
                local.is_some_and(|path| {
                    crate::load::beside(&other.file.input.path, path) == directory
                }) && !is_fetched(dependency)
            })
        })
        .count();
    let delivered = fleet.deliveries.iter().filter(|delivered| {
        let delivery = &delivered.delivery;
        delivery.how == How::Helm
            && matches!(&delivery.source, Source::Directory(path) if path == directory)
    });
    depending + delivered.count()
}

#[cfg(test)]
mod tests {
    use super::{Version, literal_namespaces};

    #[test]
    fn versions_are_read_as_helm_reads_them() {
        for text in ["1.2.3", "0.0.0", "1.2.3-rc.1+build.5", "2026.11.1", "1.0.0-alpha-1"] {
            assert_eq!(Version::read(text), Version::Strict, "{text}");
        }
        for text in ["1", "1.2", "v1.2", "01.2.3", "1.2.3-01"] {
            assert_eq!(Version::read(text), Version::Loose, "{text}");
        }
        assert_eq!(Version::read("v1.2.3"), Version::Prefixed);
        for text in ["", "latest", "1.2.3.4", "1.x", "1.2.3-", "1.2.3+", "^1.2.3", "V1.2.3"] {
            assert_eq!(Version::read(text), Version::Invalid, "{text}");
        }
    }

    #[test]
    fn only_namespaces_of_objects_count() {
        let text = "kind: A\nmetadata:\n  name: x\n  labels:\n    namespace: no\n  namespace: yes\n\
                    spec:\n  namespace: no\n---\nmetadata:\n{{- if .x }}\n  namespace: {{ .y }}\n\
                    {{- end }}\n  namespace: \"also\" # why\nsubjects:\n  - namespace: no\n";
        let found: Vec<_> = literal_namespaces(text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, ["yes", "also"]);
        assert!(literal_namespaces(text).iter().all(|(at, name)| text[*at..].starts_with(name)));
    }
}
