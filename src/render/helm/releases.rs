//! Which installations of charts there are: as values files beside them say, and as Argo CD and Flux
//! deliver them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Origin, Tree, Value, Writer};

use super::values::{invalid, of_file};
use super::{Layer, Release};
use crate::fleet::{self, Destination, Paths, environment_word};
use crate::load::{Loaded, World};
use crate::render::delivery::{self, Delivery, Engine, Inventory, Source};
use crate::render::{Fault, FaultKind};
use crate::settings::{self, Settings};

/// What a release is called that nobody has named.
pub const RELEASE: &str = "release-name";

/// The namespace of a release where nobody has said one.
pub const NAMESPACE: &str = "default";

/// What a release is rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Purpose {
    /// It ships like that, as far as is known.
    Ships,
    /// One of several ways to install it, of which it is not known where each goes.
    Variant,
    /// Values that a test of the chart is run with. What is wrong with the objects is wrong with the
    /// test's values: only that it renders matters.
    Test,
}

/// A chart and what it is installed with.
#[derive(Clone, Debug)]
pub(in crate::render) struct Installation<'r> {
    /// Of the chart, absolute.
    pub(in crate::render) directory: PathBuf,
    pub(in crate::render) release: Release<'r>,
    pub(in crate::render) purpose: Purpose,
    /// Nobody has said the namespace.
    pub(in crate::render) anywhere: bool,
    /// Files of values that take part.
    pub(in crate::render) files: Vec<SourceId>,
    /// What is not known of it.
    pub(in crate::render) faults: Vec<Fault>,
    pub(in crate::render) destination: Option<Destination>,
}

/// The start of a chart's own file.
fn chart_file<'r>(world: &World<'r>, directory: &Path) -> Option<&'r Loaded> {
    world.file(&directory.join("Chart.yaml"))
}

fn metadata<'r>(world: &World<'r>, directory: &Path) -> Option<NodeRef<'r>> {
    Some(chart_file(world, directory)?.parsed()?.documents().next()?.1)
}

/// A release of a chart that nobody has named, with its own values.
pub fn plain<'r>(world: &World<'r>, directory: &Path, version: u16) -> Option<Release<'r>> {
    let file = chart_file(world, directory)?;
    Some(Release {
        name: Cow::Borrowed(RELEASE),
        namespace: Cow::Borrowed(NAMESPACE),
        layers: Vec::new(),
        kubernetes_version: version,
        api_versions: Vec::new(),
        crds: true,
        at: Span { source: file.source, start: 0, end: 0 },
    })
}

/// How a chart of the repository is installed that nothing is known to deliver: with its own values,
/// and with each file of values beside it. None for a library, which makes nothing by itself.
pub(in crate::render) fn of_chart<'r>(
    world: &World<'r>,
    directory: &Path,
    paths: &Paths,
    settings: &Settings,
) -> Vec<Installation<'r>> {
    let is_library =
        metadata(world, directory).is_some_and(|root| root.str_at("type") == Some("library"));
    let Some(release) = plain(world, directory, settings.kubernetes_version) else {
        return Vec::new();
    };
    if is_library {
        return Vec::new();
    }
    let path = world.from_root(directory);
    let base = Installation {
        directory: directory.to_path_buf(),
        release,
        purpose: Purpose::Ships,
        anywhere: true,
        files: Vec::new(),
        faults: Vec::new(),
        destination: None,
    };
    let mut found = vec![Installation {
        destination: Some(Destination {
            set: path.clone(),
            ..paths.destination(&path, &format!("{path}/values.yaml"), true, settings)
        }),
        ..base.clone()
    }];
    for file in world.files_below(directory) {
        let Some(tests) = values_beside(&file.input.path, directory) else { continue };
        let mut faults = Vec::new();
        let values = layer(file, &mut faults);
        if values.is_none() && faults.is_empty() {
            continue;
        }
        let mut release = base.release.clone();
        release.layers.extend(values);
        release.at = Span { source: file.source, start: 0, end: 0 };
        let destination = beside(&path, file, paths, settings);
        let known = destination.environment.is_some() || destination.cluster.is_some();
        found.push(Installation {
            release,
            purpose: match (tests, known) {
                (true, _) => Purpose::Test,
                (false, true) => Purpose::Ships,
                (false, false) => Purpose::Variant,
            },
            files: vec![file.source],
            faults,
            destination: Some(destination),
            ..base.clone()
        });
    }
    found
}

/// Whether a file holds values of the chart in a directory, and whether those are for tests.
fn values_beside(path: &Path, directory: &Path) -> Option<bool> {
    let inside = path.strip_prefix(directory).ok()?;
    let folder = inside.parent()?;
    let name = inside.file_name()?.to_str()?;
    let (stem, extension) = name.rsplit_once('.')?;
    if !matches!(extension, "yaml" | "yml") {
        return None;
    }
    if folder == Path::new("ci") {
        return stem.ends_with("-values").then_some(true);
    }
    if folder != Path::new("") || stem == "values" || !stem.starts_with("values") {
        return None;
    }
    let words = stem.split(['-', '_', '.']);
    Some(words.skip(1).any(|word| word == "ci"))
}

/// The values of a file, unless there are none, or they are encrypted.
fn layer<'r>(file: &'r Loaded, faults: &mut Vec<Fault>) -> Option<Layer<'r>> {
    // What could not be read at all was told with the file.
    file.parsed()?;
    let root = of_file(file, faults)?;
    (root.is_map() && !root.is_empty() && root.get("sops").is_none()).then_some(Layer::Map(root))
}

/// Where what a file of values beside a chart makes goes. `values-prod-eu.yaml` is the variant
/// `prod-eu` of the environment `prod`, as `overlays/prod-eu` would be.
fn beside(chart: &str, file: &Loaded, paths: &Paths, settings: &Settings) -> Destination {
    let told = paths.destination(chart, &file.input.from_root, true, settings);
    let stem = file.input.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    let variant = stem.trim_start_matches("values").trim_start_matches(['-', '_', '.']);
    let by_settings = settings.environment_of(&file.input.from_root).map(str::to_owned);
    match environment_word(variant) {
        Some((word, _)) => Destination {
            environment: by_settings.or_else(|| Some(word.to_owned())),
            variant: Some(variant.to_owned()),
            set: chart.to_owned(),
            ..told
        },
        None => Destination { set: format!("{chart}/{stem}"), ..told },
    }
}

/// A delivery of a chart as a release. `None` if the chart is not at hand.
pub(in crate::render) fn of_delivery<'r>(
    world: &World<'r>,
    directory: &Path,
    delivery: &Delivery<'r>,
    inventory: &Inventory<'r>,
    near: Option<&fleet::Destination>,
    version: u16,
) -> Option<Installation<'r>> {
    let plain = plain(world, directory, version)?;
    let values = &delivery.values;
    let spec = values.spec;
    let text = |path| spec.and_then(|spec| spec.path(path)).map(NodeRef::text);
    let text = |path| text(path).filter(|text| !text.is_empty());
    let mut installation = Installation {
        directory: directory.to_path_buf(),
        release: Release { at: delivery.source_at, ..plain },
        purpose: Purpose::Ships,
        anywhere: false,
        files: Vec::new(),
        faults: Vec::new(),
        destination: None,
    };
    let target = delivery.destination.namespace.map(NodeRef::text).filter(|text| !text.is_empty());
    let namespace = match delivery.engine {
        Engine::ArgoCd => text("namespace").or(target),
        Engine::Flux => target.or_else(|| delivery.owner.namespace()),
    };
    let given = values.release_name.map(NodeRef::text).filter(|name| !name.is_empty());
    let name = match (given, delivery.engine, target) {
        (Some(name), ..) => Cow::Borrowed(name),
        (None, Engine::Flux, Some(target)) => Cow::Owned(format!("{target}-{}", delivery.name)),
        (None, ..) => Cow::Borrowed(delivery.name),
    };
    // One that a variable or template is still to fill in says nothing.
    let namespace = namespace.filter(|namespace| !namespace.contains(['{', '$']));
    let release = &mut installation.release;
    release.name = name;
    release.namespace = Cow::Borrowed(namespace.unwrap_or(NAMESPACE));
    installation.anywhere = namespace.is_none();
    release.kubernetes_version =
        text("kubeVersion").and_then(settings::kubernetes_version).unwrap_or(version);
    release.crds = match delivery.engine {
        Engine::ArgoCd => spec.and_then(|spec| spec.bool_at("skipCrds")) != Some(true),
        Engine::Flux => text("install.crds") != Some("Skip"),
    };
    let versions = spec.filter(|_| delivery.engine == Engine::ArgoCd);
    let versions = versions.into_iter().flat_map(|spec| spec.items_at("apiVersions"));
    release.api_versions.extend(versions.map(|version| version.text().to_owned()));
    installation.files(world, delivery);
    for from in &values.from {
        installation.from(*from, delivery, inventory, near);
    }
    let layers = &mut installation.release.layers;
    // Argo CD takes one or the other.
    match (values.object, values.text) {
        (Some(object), _) => layers.push(Layer::Map(object)),
        (None, Some(text)) => layers.push(Layer::Block(text)),
        (None, None) => {}
    }
    for parameter in &values.parameters {
        let (Some(path), Some(value)) = (parameter.get("name"), parameter.get("value")) else {
            continue;
        };
        let string = parameter.bool_at("forceString").unwrap_or(false);
        layers.push(Layer::Set { path: Cow::Borrowed(path.text()), value, string });
    }
    let files = spec.into_iter().flat_map(|spec| spec.items_at("fileParameters"));
    for file in files.filter(|_| delivery.engine == Engine::ArgoCd) {
        let name = file.get("name").map_or("", NodeRef::text);
        installation
            .unknown(file.span(), format!("`{name}` is set from a file, which was not done"));
    }
    Some(installation)
}

impl<'r> Installation<'r> {
    /// The chart is rendered without something that it is given.
    fn unknown(&mut self, at: Span, message: String) {
        self.faults.push(Fault::note(FaultKind::Unfollowed, at, message).partial());
    }

    /// Files of values. What is missing is said by a rule.
    fn files(&mut self, world: &World<'r>, delivery: &Delivery<'r>) {
        for named in &delivery.values.files {
            let path = match &named.source {
                Source::Directory(path) => path.clone(),
                Source::Missing(_) => continue,
                // It is named from the chart, which is at hand now.
                _ if !named.node.text().contains(['$', ':', '*']) => {
                    crate::walk::clean(&self.directory.join(named.node.text()))
                }
                _ => PathBuf::new(),
            };
            let Some(file) = world.file(&path) else {
                let what = format!("the values in `{}` are not at hand", named.node.text());
                self.unknown(named.node.span(), what);
                continue;
            };
            let root = of_file(file, &mut self.faults);
            let encrypted = root.is_some_and(|root| root.get("sops").is_some());
            if encrypted {
                let what = format!("the values in `{}` are encrypted", named.node.text());
                self.unknown(named.node.span(), what);
            }
            self.files.push(file.source);
            self.release.layers.extend(root.filter(|root| !root.is_null()).map(Layer::Map));
        }
    }

    /// Values in a ConfigMap or Secret.
    fn from(
        &mut self,
        item: NodeRef<'r>,
        delivery: &Delivery<'r>,
        inventory: &Inventory<'r>,
        near: Option<&fleet::Destination>,
    ) {
        let text = |key| item.get(key).map(NodeRef::text).filter(|text| !text.is_empty());
        let (Some(kind), Some(name)) = (text("kind"), text("name")) else { return };
        let key = text("valuesKey").unwrap_or("values.yaml");
        let optional = item.bool_at("optional").unwrap_or(false);
        let at = item.get("name").unwrap_or(item).span();
        let owner = delivery.owner.namespace().unwrap_or("");
        let Some(object) = inventory.find(kind, name, owner, near) else {
            // What is optional and not here is most likely nowhere.
            if !optional {
                self.unknown(at, format!("the values in the {kind} `{name}` are not here"));
            }
            return;
        };
        let root = object.root();
        let of = |map| root.get(map).and_then(|map: NodeRef<'r>| map.get(key));
        let plain = of("stringData").or_else(|| of("data").filter(|_| kind == "ConfigMap"));
        let encoded = of("data").filter(|_| kind == "Secret");
        let Some(node) = plain.or(encoded) else {
            if !optional {
                self.unknown(at, format!("the {kind} `{name}` has no key `{key}`"));
            }
            return;
        };
        let decoded = match plain {
            Some(node) => Some(Cow::Borrowed(node.text())),
            None => delivery::decode(node.text()).map(Cow::Owned),
        };
        let readable = decoded.filter(|_| root.get("sops").is_none());
        let Some(decoded) = readable.filter(|text| !text.starts_with("ENC[")) else {
            self.unknown(at, format!("the values in the {kind} `{name}` are encrypted"));
            return;
        };
        let layer = match (text("targetPath"), plain) {
            (Some(path), Some(value)) => {
                Layer::Set { path: Cow::Borrowed(path), value, string: false }
            }
            (Some(path), None) => {
                let origin = Origin::new(node.span(), Writer::Values);
                let mut value = Value::plain(decoded, origin);
                for key in path.rsplit('.') {
                    let mut map = Value::map(origin);
                    map.set(key, origin, value);
                    value = map;
                }
                Layer::Value(value)
            }
            (None, Some(block)) => Layer::Block(block),
            (None, None) => {
                let tree = Tree::parse(&*decoded, node.span().source);
                if let Some(error) = tree.errors().first() {
                    let what = format!("what is encoded here is no YAML: {}", error.message);
                    self.faults.push(invalid(node.span(), what));
                }
                let Some((_, root)) = tree.documents().next() else { return };
                let origin = Origin::new(node.span(), Writer::Values);
                Layer::Value(Value::owned(root, &|_| origin))
            }
        };
        self.release.layers.push(layer);
    }
}
