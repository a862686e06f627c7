//! What Kustomizations, HelmReleases and FluxInstances of Flux deliver.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Value, Writer};

use super::argo::file;
use super::inventory::is_templated;
use super::{
    ChartSource, ChartValues, Delivery, Dependency, Destination, Engine, Follow, How, Reference,
    Source, SubstituteFrom, Substitution, ValuesFile,
};
use crate::render::kustomize::Overlay;

/// The source and Kustomization that `flux bootstrap` and a FluxInstance make: the repository that
/// holds the cluster.
const BOOTSTRAP: &str = "flux-system";

pub(super) fn deliveries<'t>(follow: &Follow<'_, 't>, object: Object<'t>) -> Option<Delivery<'t>> {
    let spec = object.spec()?;
    match object.kind() {
        Kind::FluxKustomization => Some(kustomization(follow, object, spec)),
        Kind::HelmRelease if object.group() == "helm.toolkit.fluxcd.io" => {
            Some(release(follow, object, spec))
        }
        _ if object.kind_name() == "FluxInstance" && object.group() == "fluxcd.controlplane.io" => {
            instance(follow, object, spec)
        }
        _ => None,
    }
}

fn kustomization<'t>(
    follow: &Follow<'_, 't>,
    object: Object<'t>,
    spec: NodeRef<'t>,
) -> Delivery<'t> {
    let path = spec.get("path");
    let reference = spec.get("sourceRef").map(|node| reference(follow, object, node, ""));
    let source = match &reference {
        Some(reference) => in_source(follow, reference, path.map_or("", NodeRef::text)),
        None => Source::Unknown("it names no source".to_owned()),
    };
    let source_at = path.or_else(|| spec.path("sourceRef.name"));
    Delivery {
        owner: object,
        engine: Engine::Flux,
        name: object.name(),
        source_at: source_at.map_or_else(|| object.place().span, NodeRef::span),
        how: built(follow, &source),
        source,
        reference,
        overlay: overlay(spec),
        values: ChartValues::default(),
        destination: destination(spec),
        substitution: spec.get("postBuild").and_then(|node| substitution(follow, object, node)),
        depends_on: depends_on(object, spec),
        suspended: spec.bool_at("suspend").unwrap_or(false),
    }
}

/// What becomes of a directory.
fn built<'t>(follow: &Follow<'_, 't>, source: &Source<'t>) -> How<'t> {
    match source {
        Source::Directory(path) if follow.has_kustomization(path) => How::Kustomize,
        Source::Directory(_) => How::FluxGenerated,
        _ => How::Other,
    }
}

/// An object that a field names. `kind` is what it is where the field does not say.
fn reference<'t>(
    follow: &Follow<'_, 't>,
    owner: Object<'t>,
    node: NodeRef<'t>,
    kind: &'t str,
) -> Reference<'t> {
    let text = |key| node.get(key).map(NodeRef::text).filter(|text| !text.is_empty());
    let kind = text("kind").unwrap_or(kind);
    let name = text("name").unwrap_or("");
    let namespace = text("namespace").or_else(|| owner.namespace()).unwrap_or("");
    let at = node.get("name").unwrap_or(node).span();
    let object = follow.inventory.find(kind, name, namespace, follow.near);
    Reference { kind, name, namespace, at, object }
}

/// A path within what a GitRepository, OCIRepository or Bucket holds.
fn in_source<'t>(follow: &Follow<'_, 't>, reference: &Reference<'t>, path: &str) -> Source<'t> {
    let Reference { kind, name, namespace, .. } = *reference;
    if is_templated(path) || is_templated(name) {
        return Source::Unknown("it is filled in by something that kubeready does not run".into());
    }
    // A fleet has one of the name in each cluster: one of them being this repository will do.
    let defined = follow
        .inventory
        .all(kind, name)
        .filter(|o| o.namespace().is_none_or(|n| namespace.is_empty() || n == namespace));
    let urls: Vec<&str> = defined
        .filter_map(|object| object.path("spec.url"))
        .chain(follow.inventory.instances().iter().filter_map(|o| synced(*o, kind, name)))
        .map(NodeRef::text)
        .filter(|url| !is_templated(url))
        .collect();
    let bootstrap = name == BOOTSTRAP;
    if urls.iter().any(|url| follow.repository.is(url)) {
        return follow.directory(path);
    }
    if kind == "ExternalArtifact"
        && let Some(source) = in_artifact(follow, reference, path)
    {
        return source;
    }
    let there = follow.below_root(path);
    let exists = there != follow.world.root() && follow.world.is_directory(&there);
    match urls.first() {
        // An artifact that is made of this repository has a URL of its own.
        Some(_) if kind != "GitRepository" && bootstrap && exists => Source::Directory(there),
        Some(_) if bootstrap && follow.repository.is_unknown() => follow.directory(path),
        Some(url) => Source::Elsewhere((*url).to_owned()),
        None if bootstrap => follow.directory(path),
        // Defined where the cluster was set up: it is this one if it has the directory.
        None if kind == "GitRepository" && exists => Source::Directory(there),
        None => Source::Unknown(format!("{kind} `{name}` is not defined here")),
    }
}

/// A path within an artifact that an ArtifactGenerator copies together: where it was copied from, if
/// that is a directory here.
fn in_artifact<'t>(
    follow: &Follow<'_, 't>,
    reference: &Reference<'t>,
    path: &str,
) -> Option<Source<'t>> {
    let wanted: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let wanted = wanted.join("/");
    for generator in follow.inventory.artifact_generators() {
        let named =
            |node: &NodeRef<'t>| node.get("name").is_some_and(|name| name.text() == reference.name);
        let artifacts = generator.items_at("spec.artifacts").filter(named);
        for copy in artifacts.flat_map(|artifact| artifact.items_at("copy")) {
            let text = |key| copy.get(key).map_or("", NodeRef::text);
            let to = text("to").strip_prefix("@artifact").unwrap_or("").trim_matches('/');
            let from = text("from").strip_prefix('@').and_then(|from| from.split_once('/'));
            let Some((alias, folder)) = from else { continue };
            let Some(folder) = folder.strip_suffix("/**") else { continue };
            let Some(rest) = wanted.strip_prefix(to) else { continue };
            if !(to.is_empty() || rest.is_empty() || rest.starts_with('/')) {
                continue;
            }
            let is_alias =
                |node: &NodeRef<'t>| node.get("alias").is_some_and(|name| name.text() == alias);
            let Some(node) = generator.items_at("spec.sources").find(is_alias) else {
                continue;
            };
            let origin = self::reference(follow, *generator, node, "");
            if origin.kind == "ExternalArtifact" {
                continue;
            }
            let source = in_source(follow, &origin, &format!("{folder}/{rest}"));
            if matches!(source, Source::Directory(_)) {
                return Some(source);
            }
        }
    }
    None
}

/// The URL that a FluxInstance gives the source of a kind and name.
fn synced<'t>(instance: Object<'t>, kind: &str, name: &str) -> Option<NodeRef<'t>> {
    let sync = instance.path("spec.sync")?;
    let its_name = sync.get("name").map(NodeRef::text).or_else(|| instance.namespace());
    let same =
        sync.get("kind").is_some_and(|k| k.text() == kind) && its_name.unwrap_or(BOOTSTRAP) == name;
    if same { sync.get("url") } else { None }
}

fn overlay(spec: NodeRef<'_>) -> Overlay<'_> {
    let value = |path, by| {
        let node = spec.path(path).filter(|n| n.is_map() || !n.text().is_empty());
        node.map(|n| Value::of(n, by))
    };
    let list =
        |field, by| -> Vec<Value<'_>> { spec.items_at(field).map(|i| Value::of(i, by)).collect() };
    Overlay {
        namespace: value("targetNamespace", Writer::Namespace),
        name_prefix: value("namePrefix", Writer::Name),
        name_suffix: value("nameSuffix", Writer::Name),
        patches: list("patches", Writer::Patch),
        images: list("images", Writer::Image),
        components: list("components", Writer::Resource),
        metadata_labels: value("commonMetadata.labels", Writer::Label),
        metadata_annotations: value("commonMetadata.annotations", Writer::Annotation),
        unrestricted: true,
        ignore_missing_components: spec.bool_at("ignoreMissingComponents").unwrap_or(false),
        ..Overlay::default()
    }
}

fn destination(spec: NodeRef<'_>) -> Destination<'_> {
    let cluster = spec
        .path("kubeConfig.secretRef.name")
        .or_else(|| spec.path("kubeConfig.configMapRef.name"));
    Destination { cluster, server: None, namespace: spec.get("targetNamespace") }
}

fn depends_on<'t>(owner: Object<'t>, spec: NodeRef<'t>) -> Vec<Dependency<'t>> {
    let one = |node: NodeRef<'t>| {
        let name = node.get("name")?;
        let namespace = node.get("namespace").map(NodeRef::text);
        let namespace = namespace.or_else(|| owner.namespace()).unwrap_or("");
        Some(Dependency { name: name.text(), namespace, at: name.span() })
    };
    spec.items_at("dependsOn").filter_map(one).collect()
}

fn substitution<'t>(
    follow: &Follow<'_, 't>,
    owner: Object<'t>,
    node: NodeRef<'t>,
) -> Option<Substitution<'t>> {
    let inline = node.get("substitute").filter(|map| map.is_map() && !map.is_empty());
    let from: Vec<_> = node
        .items_at("substituteFrom")
        .map(|item| SubstituteFrom {
            reference: reference(follow, owner, item, ""),
            optional: item.bool_at("optional").unwrap_or(false),
        })
        .collect();
    (inline.is_some() || !from.is_empty()).then_some(Substitution { inline, from })
}

fn release<'t>(follow: &Follow<'_, 't>, object: Object<'t>, spec: NodeRef<'t>) -> Delivery<'t> {
    let (source, reference, at, files) = chart(follow, object, spec);
    let mut overlay = Overlay { unrestricted: true, ..Overlay::default() };
    for renderer in spec.items_at("postRenderers").filter_map(|r| r.get("kustomize")) {
        let patches = renderer.items_at("patches").map(|i| Value::of(i, Writer::Patch));
        overlay.patches.extend(patches);
        let images = renderer.items_at("images").map(|i| Value::of(i, Writer::Image));
        overlay.images.extend(images);
    }
    let text = |path| spec.path(path).map(|n| Value::of(n, Writer::Label));
    overlay.metadata_labels = text("commonMetadata.labels");
    overlay.metadata_annotations = text("commonMetadata.annotations");
    Delivery {
        owner: object,
        engine: Engine::Flux,
        name: object.name(),
        source,
        reference,
        source_at: at.map_or_else(|| object.place().span, NodeRef::span),
        how: How::Helm,
        overlay,
        values: ChartValues {
            spec: Some(spec),
            release_name: spec.get("releaseName"),
            files,
            ignore_missing_files: spec
                .bool_at("chart.spec.ignoreMissingValuesFiles")
                .unwrap_or(false),
            object: spec.get("values"),
            from: spec.items_at("valuesFrom").collect(),
            ..ChartValues::default()
        },
        destination: destination(spec),
        substitution: None,
        depends_on: depends_on(object, spec),
        suspended: spec.bool_at("suspend").unwrap_or(false),
    }
}

type Charted<'t> = (Source<'t>, Option<Reference<'t>>, Option<NodeRef<'t>>, Vec<ValuesFile<'t>>);

/// Where the chart of a release is.
fn chart<'t>(follow: &Follow<'_, 't>, object: Object<'t>, spec: NodeRef<'t>) -> Charted<'t> {
    if let Some(inline) = spec.path("chart.spec") {
        return described(follow, object, inline);
    }
    let Some(node) = spec.get("chartRef") else {
        return (Source::Unknown("it names no chart".to_owned()), None, None, Vec::new());
    };
    let named = reference(follow, object, node, "");
    let at = node.get("name");
    if named.kind == "HelmChart" {
        // A HelmChart says what `chart.spec` would.
        let Some((chart, inner)) = named.object.and_then(|o| Some((o, o.spec()?))) else {
            let reason = format!("HelmChart `{}` is not defined here", named.name);
            return (Source::Unknown(reason), Some(named), at, Vec::new());
        };
        let (source, _, _, files) = described(follow, chart, inner);
        return (source, Some(named), at, files);
    }
    let tag = |object: Object<'t>| {
        let at = |key| object.path("spec.ref").and_then(|r| r.get(key));
        at("digest").or_else(|| at("semver")).or_else(|| at("tag"))
    };
    let source = ChartSource {
        repository: named.object.and_then(|o| o.path("spec.url")).map(NodeRef::text),
        reference: Some(named),
        chart: None,
        version: named.object.and_then(tag),
    };
    (Source::Chart(source), Some(named), at, Vec::new())
}

/// A chart by `{chart, version, sourceRef, valuesFiles}`.
fn described<'t>(follow: &Follow<'_, 't>, owner: Object<'t>, spec: NodeRef<'t>) -> Charted<'t> {
    let chart = spec.get("chart");
    let name = chart.map_or("", NodeRef::text);
    let from = spec.get("sourceRef").map(|node| reference(follow, owner, node, "HelmRepository"));
    let in_repository = from.filter(|from| matches!(from.kind, "GitRepository" | "Bucket"));
    if let Some(from) = in_repository {
        let source = in_source(follow, &from, name);
        let files = spec
            .items_at("valuesFiles")
            .map(|node| {
                let source = match &source {
                    Source::Directory(_) => file(follow, follow.below_root(node.text())),
                    Source::Elsewhere(url) => Source::Elsewhere(url.clone()),
                    _ => Source::Unknown("it lies in a chart that is not here".to_owned()),
                };
                ValuesFile { node, source }
            })
            .collect();
        return (source, Some(from), chart, files);
    }
    let source = ChartSource {
        repository: from.and_then(|f| f.object).and_then(|o| o.path("spec.url")).map(NodeRef::text),
        reference: from,
        chart,
        version: spec.get("version"),
    };
    let unknown = || Source::Unknown("it lies in a chart that is not here".to_owned());
    let files = spec.items_at("valuesFiles");
    let files = files.map(|node| ValuesFile { node, source: unknown() }).collect();
    (Source::Chart(source), from, chart, files)
}

/// The cluster's own sync.
fn instance<'t>(
    follow: &Follow<'_, 't>,
    object: Object<'t>,
    spec: NodeRef<'t>,
) -> Option<Delivery<'t>> {
    let sync = spec.get("sync")?;
    let (url, path) = (sync.get("url")?, sync.get("path"));
    let text = path.map_or("", NodeRef::text);
    let there = follow.below_root(text);
    let exists = there != follow.world.root() && follow.world.is_directory(&there);
    let git = sync.get("kind").is_some_and(|kind| kind.text() == "GitRepository");
    let source = if is_templated(url.text()) || is_templated(text) {
        Source::Unknown("it is filled in by something that kubeready does not run".to_owned())
    } else if follow.repository.is(url.text()) {
        follow.directory(text)
    } else if exists && (!git || follow.repository.is_unknown()) {
        // An artifact that is made of this repository has a URL of its own.
        Source::Directory(there)
    } else {
        Source::Elsewhere(url.text().to_owned())
    };
    let name = sync.get("name").map(NodeRef::text).or_else(|| object.namespace());
    Some(Delivery {
        owner: object,
        engine: Engine::Flux,
        name: name.unwrap_or(BOOTSTRAP),
        how: built(follow, &source),
        source,
        reference: None,
        source_at: path.unwrap_or(url).span(),
        overlay: Overlay::default(),
        values: ChartValues::default(),
        destination: Destination::default(),
        substitution: None,
        depends_on: Vec::new(),
        suspended: false,
    })
}
