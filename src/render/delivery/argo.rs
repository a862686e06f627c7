//! What an Application of Argo CD delivers.

use std::path::PathBuf;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Origin, Value, Writer};

use super::inventory::is_templated;
use super::{
    ChartSource, ChartValues, Delivery, Destination, Engine, Follow, How, Source, ValuesFile,
};
use crate::render::kustomize::Overlay;
use crate::walk::clean;

/// One delivery for each source that brings objects.
pub(super) fn application<'t>(follow: &Follow<'_, 't>, object: Object<'t>) -> Vec<Delivery<'t>> {
    let Some(spec) = object.spec() else { return Vec::new() };
    let mut sources: Vec<NodeRef<'t>> = spec.items_at("sources").collect();
    if sources.is_empty() {
        let dry = spec.path("sourceHydrator.drySource");
        sources.extend(spec.get("source").or(dry));
    }
    let destination = Destination {
        cluster: spec.path("destination.name"),
        server: spec.path("destination.server"),
        namespace: spec.path("destination.namespace"),
    };
    let siblings = sources.clone();
    let brings = |source: &NodeRef<'t>| {
        // A source that only lends files to others has a name for them and nothing else.
        source.get("ref").is_none() || source.get("path").is_some() || source.get("chart").is_some()
    };
    sources
        .into_iter()
        .filter(brings)
        .map(|node| {
            let (source, source_at) = where_from(follow, node);
            let how = how(follow, node, &source);
            Delivery {
                owner: object,
                engine: Engine::ArgoCd,
                name: object.name(),
                source_at: source_at.map_or_else(|| object.place().span, NodeRef::span),
                overlay: node.get("kustomize").map(overlay).unwrap_or_default(),
                values: values(follow, node, &source, &siblings),
                source,
                reference: None,
                how,
                destination,
                substitution: None,
                depends_on: Vec::new(),
                suspended: false,
            }
        })
        .collect()
}

/// Where a source is, and the node that says so.
fn where_from<'t>(follow: &Follow<'_, 't>, node: NodeRef<'t>) -> (Source<'t>, Option<NodeRef<'t>>) {
    let url = node.get("repoURL");
    let text = url.map_or("", NodeRef::text);
    if let Some(chart) = node.get("chart").filter(|chart| !chart.text().is_empty()) {
        let source = ChartSource {
            repository: Some(text).filter(|text| !text.is_empty()),
            reference: None,
            chart: Some(chart),
            version: node.get("targetRevision"),
        };
        return (Source::Chart(source), Some(chart));
    }
    let path = node.get("path");
    let at = path.or(url);
    for part in [url, path].into_iter().flatten() {
        if is_templated(part.text()) {
            let reason =
                format!("`{}` is filled in by something that kubeready does not run", part.text());
            return (Source::Unknown(reason), at);
        }
    }
    if text.is_empty() {
        return (Source::Unknown("it names no repository".to_owned()), at);
    }
    if !follow.repository.is(text) {
        return (Source::Elsewhere(text.to_owned()), at);
    }
    (follow.directory(path.map_or("", NodeRef::text)), at)
}

fn how<'t>(follow: &Follow<'_, 't>, node: NodeRef<'t>, source: &Source<'t>) -> How<'t> {
    if node.get("plugin").is_some() {
        return How::Plugin;
    }
    if matches!(source, Source::Chart(_)) || node.get("helm").is_some() {
        return How::Helm;
    }
    if node.get("kustomize").is_some() {
        return How::Kustomize;
    }
    let directory = node.get("directory");
    if directory.is_none()
        && let Source::Directory(path) = source
    {
        if follow.world.file(&path.join("Chart.yaml")).is_some() {
            return How::Helm;
        }
        if follow.has_kustomization(path) {
            return How::Kustomize;
        }
    }
    if directory.is_none() && !matches!(source, Source::Directory(_)) {
        return How::Other;
    }
    let text = |field| directory.and_then(|d| d.get(field)).map_or("", NodeRef::text);
    How::Directory {
        recurse: directory.and_then(|d| d.bool_at("recurse")).unwrap_or(false),
        include: text("include"),
        exclude: text("exclude"),
    }
}

fn overlay(node: NodeRef<'_>) -> Overlay<'_> {
    let value = |field, by| {
        let node = node.get(field).filter(|n| n.is_map() || !n.text().is_empty());
        node.map(|n| Value::of(n, by))
    };
    let list =
        |field, by| -> Vec<Value<'_>> { node.items_at(field).map(|i| Value::of(i, by)).collect() };
    let is = |field| node.bool_at(field).unwrap_or(false);
    let labels = value("commonLabels", Writer::Label);
    let beside = is("labelWithoutSelector");
    let (labels, common_labels) = if beside { (labels, None) } else { (None, labels) };
    Overlay {
        namespace: value("namespace", Writer::Namespace),
        name_prefix: value("namePrefix", Writer::Name),
        name_suffix: value("nameSuffix", Writer::Name),
        patches: list("patches", Writer::Patch),
        images: node.items_at("images").filter_map(image).collect(),
        replicas: list("replicas", Writer::Replicas),
        components: list("components", Writer::Resource),
        labels,
        common_labels,
        common_annotations: value("commonAnnotations", Writer::Annotation),
        labels_in_templates: is("labelIncludeTemplates"),
        ignore_missing_components: is("ignoreMissingComponents"),
        ..Overlay::default()
    }
}

/// `[name=]new[:tag][@digest]` as an entry of a kustomization's `images`.
fn image(node: NodeRef<'_>) -> Option<Value<'_>> {
    let text = node.text();
    if text.is_empty() {
        return None;
    }
    let origin = Origin::new(node.span(), Writer::Image);
    let (name, new) = match text.split_once('=') {
        Some((name, new)) => (Some(name), new),
        None => (None, text),
    };
    let (new, digest) = match new.split_once('@') {
        Some((new, digest)) => (new, Some(digest)),
        None => (new, None),
    };
    // A colon before a slash is a port.
    let (new, tag) = match new.rsplit_once(':') {
        Some((new, tag)) if !tag.contains('/') => (new, Some(tag)),
        _ => (new, None),
    };
    let mut entry = Value::map(origin);
    let pairs = [
        ("name", Some(name.unwrap_or(new))),
        ("newName", name.map(|_| new).filter(|new| !matches!(*new, "" | "*"))),
        ("newTag", tag.filter(|tag| *tag != "*")),
        ("digest", digest),
    ];
    for (key, text) in pairs {
        if let Some(text) = text {
            entry.set(key, origin, Value::string(text, origin));
        }
    }
    Some(entry)
}

fn values<'t>(
    follow: &Follow<'_, 't>,
    node: NodeRef<'t>,
    source: &Source<'t>,
    siblings: &[NodeRef<'t>],
) -> ChartValues<'t> {
    let Some(helm) = node.get("helm") else { return ChartValues::default() };
    let file = |node: NodeRef<'t>| {
        let sources = values_files(follow, node.text(), source, siblings);
        sources.into_iter().map(move |source| ValuesFile { node, source })
    };
    ChartValues {
        spec: Some(helm),
        release_name: helm.get("releaseName"),
        files: helm.items_at("valueFiles").flat_map(file).collect(),
        ignore_missing_files: helm.bool_at("ignoreMissingValueFiles").unwrap_or(false),
        text: helm.get("values").filter(|values| !values.text().is_empty()),
        object: helm.get("valuesObject"),
        parameters: helm.items_at("parameters").collect(),
        from: Vec::new(),
    }
}

/// The files that an entry of `valueFiles` names: one, or all that a pattern matches.
fn values_files<'t>(
    follow: &Follow<'_, 't>,
    text: &str,
    source: &Source<'t>,
    siblings: &[NodeRef<'t>],
) -> Vec<Source<'t>> {
    let one = values_file(follow, text, source, siblings);
    let Source::Missing(pattern) = &one else { return vec![one] };
    if !text.contains(['*', '?', '[']) {
        return vec![one];
    }
    let matcher = globset::GlobBuilder::new(&pattern.to_string_lossy())
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher());
    let unmatched = || vec![Source::Unknown("no file here matches this pattern".to_owned())];
    let Ok(matcher) = matcher else { return unmatched() };
    let files = follow.world.files().map(|file| &file.input.path);
    let found: Vec<_> = files
        .filter(|path| matcher.is_match(path))
        .map(|path| Source::Directory(path.clone()))
        .collect();
    if found.is_empty() { unmatched() } else { found }
}

/// A file of values: beside the chart, from the root with `/`, of another source with `$ref/`, or a
/// URL.
fn values_file<'t>(
    follow: &Follow<'_, 't>,
    text: &str,
    source: &Source<'t>,
    siblings: &[NodeRef<'t>],
) -> Source<'t> {
    let unknown = |reason: &str| Source::Unknown(reason.to_owned());
    if text.contains("://") {
        return Source::Elsewhere(text.to_owned());
    }
    if let Some(rest) = text.strip_prefix('$')
        && let Some((name, path)) = rest.split_once('/')
    {
        let lender = siblings.iter().find(|s| s.get("ref").is_some_and(|r| r.text() == name));
        let Some(lender) = lender else {
            return unknown("no source of the Application has that `ref`");
        };
        let url = lender.get("repoURL").map_or("", NodeRef::text);
        if is_templated(url) || is_templated(path) {
            return unknown("it is filled in by something that kubeready does not run");
        }
        if !follow.repository.is(url) {
            return Source::Elsewhere(url.to_owned());
        }
        return file(follow, follow.below_root(path));
    }
    if is_templated(text) || text.contains('$') {
        return unknown("it is filled in by something that kubeready does not run");
    }
    match source {
        Source::Directory(_) if text.starts_with('/') => file(follow, follow.below_root(text)),
        Source::Directory(chart) => file(follow, clean(&chart.join(text))),
        Source::Elsewhere(url) => Source::Elsewhere(url.clone()),
        _ => unknown("it lies in a chart that is not here"),
    }
}

/// A file that should be in the repository.
pub(super) fn file<'t>(follow: &Follow<'_, 't>, path: PathBuf) -> Source<'t> {
    if follow.world.file(&path).is_some() {
        return Source::Directory(path);
    }
    // Files of other names are not read, and so may well be there.
    if !crate::walk::is_candidate(&path) {
        return Source::Unknown("it is no YAML by its name".to_owned());
    }
    Source::Missing(path)
}
