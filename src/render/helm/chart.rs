//! Charts as Helm loads them: metadata, values, templates, files and subcharts, out of what was read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Scalar};
use kubeready_template::Parsed;

use super::values::invalid;
use super::version::satisfies;
use crate::load::{Ignore, Loaded, World, is_archive};
use crate::render::{Fault, FaultKind};

/// A chart as it lies in the repository, a cache or an archive.
#[derive(Debug)]
pub struct Chart<'r> {
    /// Absolute; of a chart in an archive, below the path of the archive.
    pub directory: PathBuf,
    /// The root of `Chart.yaml`.
    pub metadata: NodeRef<'r>,
    /// `Chart.yaml`
    pub file: &'r Loaded,
    /// `values.yaml`
    pub values: Option<&'r Loaded>,
    /// `values.schema.json`
    pub schema: Option<&'r Loaded>,
    /// Everything below `templates/`, in order of names.
    pub templates: Vec<Template<'r>>,
    /// What `.Files` sees, `crds/` included, in order of names.
    pub files: Vec<File<'r>>,
    /// Charts in `charts/`, in order of their places.
    pub subcharts: Vec<Chart<'r>>,
    /// As `Chart.yaml` or `requirements.yaml` lists them.
    pub dependencies: Vec<Dependency<'r>>,
    /// What Helm would not take in it; those of subcharts are theirs.
    pub faults: Vec<Fault>,
    pub(super) loaded: &'r [Loaded],
}

/// A file of a chart.
#[derive(Debug)]
pub struct File<'r> {
    /// From the directory of the chart, with `/`.
    pub name: String,
    pub file: &'r Loaded,
}

/// A template, parsed once for all releases.
#[derive(Debug)]
pub struct Template<'r> {
    /// From the directory of the chart, with `/`: `templates/web/deployment.yaml`.
    pub name: String,
    pub file: &'r Loaded,
    pub text: &'r str,
    parsed: OnceLock<Result<Arc<Parsed>, kubeready_template::Error>>,
}

/// An entry of `dependencies`.
#[derive(Debug)]
pub struct Dependency<'r> {
    pub node: NodeRef<'r>,
    pub name: String,
    /// The version or range asked for.
    pub version: String,
    pub repository: String,
    /// What it is called instead, unless `""`.
    pub alias: String,
    /// Paths of values, with commas between them.
    pub condition: String,
    pub tags: Vec<String>,
    pub import_values: Vec<NodeRef<'r>>,
}

impl Dependency<'_> {
    /// What its values and templates are found under.
    pub fn effective_name(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }
}

impl Template<'_> {
    /// The syntax tree, of whoever asks first.
    pub(super) fn parsed(&self) -> Result<Arc<Parsed>, kubeready_template::Error> {
        let parse = || Parsed::parse(self.text, self.file.source).map(Arc::new);
        self.parsed.get_or_init(parse).clone()
    }

    /// Whether it only defines what others include.
    pub fn is_partial(&self) -> bool {
        self.name.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
    }
}

/// A scalar where Helm wants text: numbers and switches are spelt out.
pub(super) fn text_of(node: Option<NodeRef<'_>>) -> String {
    match node.and_then(NodeRef::scalar) {
        Some(Scalar::Str(text)) => text.to_owned(),
        Some(Scalar::Bool(value)) => value.to_string(),
        Some(Scalar::Int(value)) => value.to_string(),
        Some(Scalar::UInt(value)) => value.to_string(),
        Some(Scalar::Float(value)) => shortest(value),
        Some(Scalar::Null) | None => String::new(),
    }
}

/// Go's shortest form of a number: `1.1`, `1e+06`.
fn shortest(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return value.to_string() };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => value.to_string(),
    }
}

impl<'r> Chart<'r> {
    /// Reads the chart of a directory.
    ///
    /// # Errors
    /// There is no `Chart.yaml` that could be read, or it holds no map.
    pub fn read(world: &World<'r>, directory: &Path) -> Result<Self, Fault> {
        let mut files = BTreeMap::new();
        let mut ignore_fault = None;
        let ignore_file = world.file(&directory.join(".helmignore"));
        let text = ignore_file.and_then(Loaded::bytes).unwrap_or_default();
        let ignore = match Ignore::parse(&String::from_utf8_lossy(text)) {
            Ok(ignore) => ignore,
            Err((error, known)) => {
                let source = ignore_file.map_or(SourceId(0), |file| file.source);
                // Bytes that are no text have no place that could be shown: the file's beginning.
                let is_text = std::str::from_utf8(text).is_ok();
                let (start, end) = if is_text { (error.start, error.end) } else { (0, 0) };
                let at = Span { source, start: start as u32, end: end as u32 };
                let message = "Helm takes no such line in `.helmignore`".to_owned();
                ignore_fault = Some(invalid(at, message).help("it knows `*` and `?`, not `**`"));
                known
            }
        };
        for (path, file) in world.paths_below(directory) {
            let Ok(inside) = path.strip_prefix(directory) else { continue };
            let inside = inside.to_string_lossy().replace('\\', "/");
            // Rules do not reach into archives.
            let shown = inside.split_once(".tgz/").map_or(&*inside, |(before, _)| before);
            let shown =
                if shown.len() == inside.len() { shown } else { &inside[..shown.len() + 4] };
            if !ignore.leaves_out(shown) || inside == "Chart.yaml" {
                files.insert(inside, file);
            }
        }
        let mut chart = Self::of_files(world.loaded(), directory, files)?;
        chart.faults.extend(ignore_fault);
        Ok(chart)
    }

    fn of_files(
        loaded: &'r [Loaded],
        directory: &Path,
        files: BTreeMap<String, &'r Loaded>,
    ) -> Result<Self, Fault> {
        let file = *files.get("Chart.yaml").ok_or_else(|| no_chart(directory, &files))?;
        let whole = Span { source: file.source, start: 0, end: 0 };
        let tree =
            file.parsed().ok_or_else(|| invalid(whole, "this file cannot be read".to_owned()))?;
        let mut faults: Vec<Fault> = Vec::new();
        for error in tree.errors() {
            let at = tree.span(error.at.clone());
            faults.push(invalid(at, format!("this is no YAML: {}", error.message)));
        }
        let root = tree.documents().next().map(|(_, root)| root).filter(|root| root.is_map());
        let Some(metadata) = root else {
            let what = || invalid(whole, "a `Chart.yaml` must hold a map".to_owned());
            return Err(faults.into_iter().next().unwrap_or_else(what));
        };
        let mut chart = Self {
            directory: directory.to_path_buf(),
            metadata,
            file,
            values: None,
            schema: None,
            templates: Vec::new(),
            files: Vec::new(),
            subcharts: Vec::new(),
            dependencies: Vec::new(),
            faults,
            loaded,
        };
        let mut requirements = metadata;
        let is_old = matches!(&*text_of(metadata.get("apiVersion")), "" | "v1");
        let mut below: BTreeMap<String, BTreeMap<String, &'r Loaded>> = BTreeMap::new();
        for (name, file) in files {
            match &*name {
                "Chart.yaml" | "Chart.lock" => {}
                "values.yaml" => chart.values = Some(file),
                "values.schema.json" => chart.schema = Some(file),
                "requirements.yaml" => {
                    let root = file.parsed().and_then(|tree| tree.documents().next());
                    requirements = root.map_or(metadata, |(_, root)| root);
                    if is_old {
                        chart.files.push(File { name, file });
                    }
                }
                "requirements.lock" if !is_old => {}
                _ if name.starts_with("templates/") => chart.template(name, file),
                _ => match name.strip_prefix("charts/") {
                    Some(inside) => {
                        let (owner, inside) = inside.split_once('/').unwrap_or((inside, ""));
                        below.entry(owner.to_owned()).or_default().insert(inside.to_owned(), file);
                    }
                    None => chart.files.push(File { name, file }),
                },
            }
        }
        chart.dependencies = dependencies(requirements);
        for (owner, files) in below {
            chart.subchart(&owner, files);
        }
        chart.validate();
        Ok(chart)
    }

    fn template(&mut self, name: String, file: &'r Loaded) {
        let Some(bytes) = file.bytes() else { return };
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.templates.push(Template { name, file, text, parsed: OnceLock::new() });
        } else {
            let at = Span { source: file.source, start: 0, end: 0 };
            self.faults.push(invalid(at, "this template is no UTF-8".to_owned()).partial());
        }
    }

    /// What lies under one name in `charts/`.
    fn subchart(&mut self, owner: &str, files: BTreeMap<String, &'r Loaded>) {
        if owner.starts_with(['_', '.']) {
            return;
        }
        let directory = self.directory.join("charts").join(owner);
        let is_archive = is_archive(Path::new(owner));
        if !is_archive && !files.contains_key("Chart.yaml") {
            // Not everything that Helm would load was read: what lies there may be no chart.
            return;
        }
        let read = if is_archive {
            // The first directory of an archive is the chart's, whatever its name.
            let folder = files.keys().find_map(|path| path.split_once('/').map(|(f, _)| f));
            let directory = directory.join(folder.unwrap_or(""));
            let inside = files.iter().filter_map(|(path, file)| {
                path.split_once('/').map(|(_, path)| (path.to_owned(), *file))
            });
            Self::of_files(self.loaded, &directory, inside.collect())
        } else {
            Self::of_files(self.loaded, &directory, files)
        };
        match read {
            Ok(chart) => self.subcharts.push(chart),
            Err(fault) => self.faults.push(fault.partial()),
        }
    }

    /// What Helm asks of every chart before it looks at a template.
    fn validate(&mut self) {
        let head = self.metadata.entries().next().map(|(key, _)| key.span());
        let head = head.unwrap_or_else(|| self.metadata.span());
        let mut wrong = Vec::new();
        for field in ["name", "version"] {
            if text_of(self.metadata.get(field)).is_empty() {
                wrong.push(invalid(head, format!("this chart has no `{field}`")));
            }
        }
        if let Some(node) = self.metadata.get("version")
            && !satisfies(">=0.0.0-0", &text_of(Some(node)))
        {
            let message = format!("`{}` is no version: charts want `1.2.3`", node.text());
            wrong.push(invalid(node.span(), message));
        }
        if let Some(node) = self.metadata.get("name")
            && (node.text().contains('/') || matches!(node.text(), "." | ".."))
        {
            wrong.push(invalid(node.span(), "the name of a chart holds no `/`".to_owned()));
        }
        if let Some(node) = self.metadata.get("apiVersion")
            && !matches!(node.text(), "v1" | "v2")
        {
            let message = "the format of a chart, `apiVersion`, is `v1` or `v2`".to_owned();
            wrong.push(invalid(node.span(), message));
        }
        if let Some(node) = self.metadata.get("type")
            && !matches!(node.text(), "application" | "library")
        {
            let message = "the type of a chart is `application` or `library`".to_owned();
            wrong.push(invalid(node.span(), message));
        }
        for (at, dependency) in self.dependencies.iter().enumerate() {
            let name = dependency.effective_name();
            let mut others = self.dependencies.iter().take(at);
            if others.any(|other| other.effective_name() == name) {
                let message = format!("two dependencies are called `{name}`");
                wrong.push(invalid(dependency.node.span(), message));
            }
            let odd = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-');
            if dependency.alias.contains(odd) {
                let at = dependency.node.get("alias").map_or(dependency.node.span(), NodeRef::span);
                let message = "an alias holds letters, digits, `_` and `-`".to_owned();
                wrong.push(invalid(at, message));
            }
        }
        self.faults.extend(wrong);
    }

    pub fn name(&self) -> &'r str {
        self.metadata.get("name").map_or("", NodeRef::text)
    }

    pub fn version(&self) -> String {
        text_of(self.metadata.get("version"))
    }

    pub fn app_version(&self) -> String {
        text_of(self.metadata.get("appVersion"))
    }

    /// Whether it only lends templates to other charts.
    pub fn is_library(&self) -> bool {
        self.metadata.get("type").is_some_and(|kind| kind.text().eq_ignore_ascii_case("library"))
    }

    /// Dependencies that are declared and that `charts/` does not hold.
    pub fn missing(&self) -> impl Iterator<Item = &Dependency<'r>> {
        self.dependencies.iter().filter(|dependency| {
            !self.subcharts.iter().any(|chart| chart.name() == dependency.name)
        })
    }

    /// The chart and its subcharts, outermost first.
    pub fn all(&self) -> Vec<&Chart<'r>> {
        let mut all = vec![self];
        let mut at = 0;
        while let Some(chart) = all.get(at) {
            all.extend(chart.subcharts.iter());
            at += 1;
        }
        all
    }

    /// Files of `crds/` that Helm takes for manifests.
    pub fn crds(&self) -> impl Iterator<Item = &File<'r>> {
        let known = |name: &str| {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        };
        self.files.iter().filter(move |f| f.name.starts_with("crds/") && known(&f.name))
    }

    /// Where a person would change what a file of an archive says: the entry of the dependency that
    /// brings the archive in. `None` for files that lie in no archive of this chart.
    pub fn brought_in_by(&self, source: SourceId) -> Option<Span> {
        let archived = |chart: &Chart<'_>| chart.file.archive.is_some();
        let holds = |chart: &&Chart<'r>| chart.all().into_iter().any(|inner| inner.owns(source));
        let chart = self.subcharts.iter().find(holds)?;
        if !archived(chart) {
            return chart.brought_in_by(source);
        }
        let entry = self.dependencies.iter().find(|entry| entry.name == chart.name());
        Some(entry.map_or(self.head(), |entry| {
            entry.node.value("name").map_or(entry.node.span(), NodeRef::span)
        }))
    }

    /// The name in `Chart.yaml`, or where that file begins.
    pub fn head(&self) -> Span {
        let name = self.metadata.value("name");
        let first = || self.metadata.entries().next().map(|(key, _)| key);
        name.or_else(first).map_or(self.metadata.span(), NodeRef::span)
    }

    fn owns(&self, source: SourceId) -> bool {
        self.inputs().any(|known| known == source)
    }

    /// The files that take part in rendering it, those of subcharts left out.
    pub fn inputs(&self) -> impl Iterator<Item = SourceId> + '_ {
        let files = [Some(self.file), self.values, self.schema].into_iter().flatten();
        let crds = self.crds().map(|file| file.file);
        let templates = self.templates.iter().map(|template| template.file);
        files.chain(crds).chain(templates).map(|file| file.source)
    }
}

fn no_chart(directory: &Path, files: &BTreeMap<String, &Loaded>) -> Fault {
    let source = files.values().next().map_or(SourceId(0), |file| file.source);
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let at = Span { source, start: 0, end: 0 };
    invalid(at, format!("`{name}` has no `Chart.yaml` that can be read"))
}

fn dependencies(root: NodeRef<'_>) -> Vec<Dependency<'_>> {
    let entries = root.items_at("dependencies").filter(|entry| entry.is_map());
    entries
        .map(|node| Dependency {
            node,
            name: text_of(node.get("name")),
            version: text_of(node.get("version")),
            repository: text_of(node.get("repository")),
            alias: text_of(node.get("alias")),
            condition: text_of(node.get("condition")),
            tags: node.items_at("tags").map(|tag| text_of(Some(tag))).collect(),
            import_values: node.items_at("import-values").collect(),
        })
        .collect()
}

/// What is declared and not there, as faults: Helm would stop, kubeready renders the rest.
pub(super) fn missing(chart: &Chart<'_>) -> Vec<Fault> {
    let fault = |dependency: &Dependency<'_>| {
        let place = dependency.node.value("name").unwrap_or(dependency.node);
        let name = &dependency.name;
        let message = format!("the subchart `{name}` is not in `charts/`: rendered without it");
        Fault::note(FaultKind::ChartDependency, place.span(), message)
            .help("vendor it with `helm dependency update`; without it `helm template` fails")
            .partial()
    };
    chart.missing().map(fault).collect()
}
