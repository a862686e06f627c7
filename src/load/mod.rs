//! Files to documents: reads and parses in parallel, and tells manifests from everything else.

mod archive;
mod chart_listing;
mod charts;
mod classify;
mod closure;
mod held;
mod helmignore;
mod kustomization;
mod parameters;
pub(crate) mod pattern;
mod values;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Tree};

use crate::deadline;
use crate::guard::{self, PLEASE_REPORT, Panic};
use crate::host::Host;
use crate::parallel;
use crate::problem::{Code, Level, Problem};
use crate::settings::Limits;
use crate::source::{SourceId, Span};
use crate::walk::clean;

pub(crate) use chart_listing::is_archive;
use held::Held;

pub use classify::{Class, Reason};
pub use helmignore::Ignore;
pub use kustomization::{Reference, Use, generated, named_manifests, pinned_images, references};
pub use world::{KUSTOMIZATION_NAMES, World, by_source};

/// A file to read: where it is, how it is shown, and whether its findings are wanted.
#[derive(Clone, Debug)]
pub struct Input {
    pub path: PathBuf,
    /// Path as shown to people.
    pub shown: Arc<str>,
    /// Path from the root of the repository.
    pub from_root: Arc<str>,
    /// Named by the user, or below a directory that was: else it is only context.
    pub wanted: bool,
    /// Standard input.
    pub stdin: bool,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub input: Input,
    pub source: SourceId,
    pub class: Class,
    /// `None` for files that were left alone without parsing, or could not be read.
    pub tree: Option<Tree>,
    /// Of a file that is no manifest and belongs to a chart: values, `Chart.yaml`.
    pub data: Option<Tree>,
    pub problems: Vec<Problem>,
    /// The bytes of an input of a generator, or of a chart's template.
    pub raw: Option<Arc<[u8]>>,
    /// Where links lead to, if that is elsewhere. Not asked for files that a walk found.
    pub real: Option<PathBuf>,
    /// Other paths, through links, by which kustomizations name it.
    pub aliases: Vec<PathBuf>,
    /// The archive on the disk that it is a member of.
    pub archive: Option<Arc<Path>>,
}

impl Loaded {
    /// A file of which nothing is known yet.
    pub fn unread(input: Input, source: SourceId) -> Self {
        Self {
            input,
            source,
            class: Class::LeftAlone(Reason::Other),
            tree: None,
            data: None,
            problems: Vec::new(),
            raw: None,
            real: None,
            aliases: Vec::new(),
            archive: None,
        }
    }

    /// A file that this tool panicked on.
    fn failed(mut self, panic: &Panic) -> Self {
        self.class = Class::Unreadable;
        self.problems.push(failed(panic).in_file(Arc::clone(&self.input.shown)));
        self
    }

    /// The documents of a manifest, or of YAML that belongs to a chart.
    pub fn parsed(&self) -> Option<&Tree> {
        self.tree.as_ref().or(self.data.as_ref())
    }

    /// The bytes as they stand in the file, of files that are parsed, inputs of generators or parts
    /// of charts.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.raw.as_deref().or_else(|| self.parsed().map(|tree| tree.text().as_bytes()))
    }

    /// The text that places are told in; `""` for what was not read or is no text.
    pub fn text(&self) -> Arc<str> {
        if let Some(tree) = self.parsed() {
            return Arc::clone(tree.text());
        }
        let text = self.raw.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
        Arc::from(text.unwrap_or(""))
    }
}

/// Reads all files in parallel, and whatever kustomizations among them name. Sources are numbered in
/// the order given, from `first` on; files that only kustomizations name come behind.
pub fn load(host: &dyn Host, inputs: Vec<Input>, first: u32, max_bytes: u64) -> Vec<Loaded> {
    load_with(host, inputs, first, &Bounds { file: max_bytes, ..Bounds::default() })
}

/// From where kustomizations may take files; kustomize's own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// From their own directory and below.
    #[default]
    RootOnly,
    /// From anywhere in the repository.
    None,
}

impl LoadRestrictor {
    /// The word of `kustomize build --load-restrictor`.
    pub fn name(self) -> &'static str {
        match self {
            LoadRestrictor::RootOnly => "LoadRestrictionsRootOnly",
            LoadRestrictor::None => "LoadRestrictionsNone",
        }
    }
}

/// How far reading goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of all files that are held.
    pub total: u64,
    pub restrictor: LoadRestrictor,
}

impl Default for Bounds {
    fn default() -> Self {
        let Limits { file_size: file, total_size: total, .. } = Limits::default();
        Self { file, total, restrictor: LoadRestrictor::RootOnly }
    }
}

/// As [`load`], with all bounds given.
pub fn load_with(host: &dyn Host, inputs: Vec<Input>, first: u32, bounds: &Bounds) -> Vec<Loaded> {
    let Bounds { file: max_bytes, total, restrictor } = *bounds;
    let charts = chart_directories(host, &inputs);
    let held = Held::new(total);
    let read = |unread: Loaded| {
        let input = unread.input.clone();
        guard::catch(|| load_one(host, input, unread.source, &charts, max_bytes))
            .unwrap_or_else(|panic| unread.failed(&panic))
    };
    let one = |(at, input): (usize, Input)| {
        held.read(Loaded::unread(input, SourceId(first + at as u32)), read)
    };
    let numbered = inputs.into_iter().enumerate().collect();
    let mut loaded = parallel::map(numbered, parallel::FEW, one);
    held.settle(&mut loaded, read);
    closure::complete(host, &mut loaded, first, max_bytes, restrictor);
    parameters::read(host, &mut loaded, max_bytes);
    charts::complete(host, &mut loaded, &charts, first, max_bytes);
    values::read(host, &mut loaded, max_bytes);
    Held::settle_read(total, &mut loaded);
    loaded
}

/// The folder of a chart's templates.
const TEMPLATES: &[u8] = b"templates";

/// Directories that hold a `Chart.yaml`.
fn chart_directories(host: &dyn Host, inputs: &[Input]) -> BTreeSet<PathBuf> {
    let mut charts = BTreeSet::new();
    let mut asked: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for input in inputs {
        if input.path.file_name().is_some_and(|name| name == "Chart.yaml") {
            charts.extend(input.path.parent().map(Path::to_path_buf));
        }
        // A template given by itself: its chart is not among the files.
        let path = input.path.as_os_str().as_encoded_bytes();
        if !path.windows(TEMPLATES.len()).any(|part| part == TEMPLATES) {
            continue;
        }
        for folder in input.path.ancestors().skip(1) {
            let chart =
                folder.file_name().is_some_and(|n| n == "templates").then(|| folder.parent());
            let Some(Some(chart)) = chart else { continue };
            let known = asked.entry(chart.to_path_buf()).or_insert_with(|| {
                host.kind(&chart.join("Chart.yaml")) == crate::host::PathKind::File
            });
            if *known {
                charts.insert(chart.to_path_buf());
            }
        }
    }
    charts
}

fn load_one(
    host: &dyn Host,
    input: Input,
    source: SourceId,
    charts: &BTreeSet<PathBuf>,
    max_bytes: u64,
) -> Loaded {
    let mut loaded = Loaded::unread(input, source);
    if !loaded.input.stdin
        && let Some(class) = classify::by_path(&loaded.input.path, charts)
    {
        loaded.class = class;
        if class == Class::LeftAlone(Reason::Workflow) {
            loaded.tree = workflow(host, &loaded, max_bytes);
        }
        return loaded;
    }
    let bytes = if loaded.input.stdin {
        host.read_stdin(max_bytes)
    } else {
        host.read(&loaded.input.path, max_bytes)
    };
    let text = match bytes.map_err(|error| unreadable(&error)).and_then(decode) {
        Ok(text) => text,
        Err(problem) => {
            loaded.class = Class::Unreadable;
            loaded.problems.push(problem.in_file(Arc::clone(&loaded.input.shown)));
            return loaded;
        }
    };
    let json = loaded.input.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    if json && !(text.contains("\"apiVersion\"") && text.contains("\"kind\"")) {
        return loaded;
    }
    let tree = parse(text, json, &mut loaded);
    let documents = documents(&tree);
    loaded.class = classify::by_content(&loaded.input.path, &tree, &documents);
    let strays = strays(&documents, loaded.class);
    drop(documents);
    if !tree.errors().is_empty()
        && tree.text().contains("{{")
        && loaded.input.path.ancestors().skip(1).any(|folder| charts.contains(folder))
    {
        // What a chart's templates take in through `.Files` and `tpl`.
        loaded.class = Class::ChartFile;
        return loaded;
    }
    if loaded.class == Class::LeftAlone(Reason::Workflow) {
        loaded.tree = Some(tree).filter(|tree| speaks_of_clusters(tree.text()));
    } else if loaded.class.is_read() {
        loaded.problems.extend(syntax_problems(&tree, loaded.class));
        loaded.problems.extend(strays);
        loaded.tree = Some(tree);
    } else if loaded.class == Class::LeftAlone(Reason::Other) {
        if !strays.is_empty() {
            // Their places are told in the text.
            loaded.raw.get_or_insert_with(|| tree.text().as_bytes().into());
        }
        loaded.problems.extend(strays);
    } else if loaded.class == Class::LeftAlone(Reason::HelmValues) {
        loaded.data = Some(tree);
    }
    loaded
}

/// A CI workflow that may change a cluster. It is no manifest: what cannot be read is no problem.
fn workflow(host: &dyn Host, file: &Loaded, max_bytes: u64) -> Option<Tree> {
    let text = host.read(&file.input.path, max_bytes).ok().and_then(|b| decode(b).ok())?;
    if !speaks_of_clusters(&text) {
        return None;
    }
    Some(Tree::parse(text, file.source)).filter(|tree| tree.errors().is_empty())
}

fn speaks_of_clusters(text: &str) -> bool {
    text.contains("kubectl") || text.contains("helm ")
}

/// Parses a text, and keeps its bytes where parsing needed other ones.
fn parse(text: String, json: bool, loaded: &mut Loaded) -> Tree {
    // JSON may be indented with tabs, YAML may not. A tab within a JSON string is written `\t`, so
    // blanks in their place change nothing, and every byte keeps its offset.
    if json && text.contains('\t') && text.trim_start().starts_with(['{', '[']) {
        let blank = text.replace('\t', " ");
        loaded.raw = Some(text.into_bytes().into());
        return Tree::parse(blank, loaded.source);
    }
    Tree::parse(text, loaded.source)
}

/// Reads a file for what a kustomization uses it for, whatever it is called and looks like.
fn read_as(host: &dyn Host, input: Input, source: SourceId, usage: Use, max_bytes: u64) -> Loaded {
    let mut loaded = Loaded::unread(input, source);
    let bytes = match host.read(&loaded.input.path, max_bytes) {
        Ok(bytes) => bytes,
        Err(error) => {
            loaded.class = Class::Unreadable;
            loaded.problems.push(unreadable(&error).in_file(Arc::clone(&loaded.input.shown)));
            return loaded;
        }
    };
    if usage == Use::Data {
        loaded.raw = Some(bytes.into());
        loaded.class = Class::LeftAlone(Reason::GeneratorInput);
        return loaded;
    }
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(problem) => {
            loaded.class = Class::Unreadable;
            loaded.problems.push(problem.in_file(Arc::clone(&loaded.input.shown)));
            return loaded;
        }
    };
    let json = loaded.input.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let tree = parse(text, json, &mut loaded);
    loaded.class = match usage {
        Use::Directory => classify::by_content(&loaded.input.path, &tree, &documents(&tree)),
        Use::Data | Use::Configuration => Class::LeftAlone(Reason::GeneratorInput),
        Use::Patch => Class::Patch,
        Use::Resource => Class::KustomizeResource,
    };
    if usage != Use::Configuration {
        loaded.problems.extend(syntax_problems(&tree, loaded.class));
    }
    loaded.tree = Some(tree);
    loaded
}

fn failed(panic: &Panic) -> Problem {
    let message = format!("kubeready failed on this file: {}", panic.message);
    Problem::error(Code::ToolFailed, message).help(PLEASE_REPORT)
}

fn unreadable(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::TimedOut => {
            Problem::error(Code::OutOfTime, "it was not read: the time of the run was over")
                .help(deadline::HELP)
        }
        io::ErrorKind::FileTooLarge => Problem::error(Code::FileTooLarge, format!("{error}"))
            .help("raise `limits.max-file-size` in the settings, or exclude the file"),
        _ => Problem::error(Code::UnreadableFile, format!("it cannot be read: {error}"))
            .help("check that it exists and that kubeready may read it, or exclude it"),
    }
}

/// UTF-8, with UTF-16 and encrypted files named for what they are.
fn decode(bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.starts_with(b"\0GITCRYPT\0") {
        return Err(Problem::note(Code::EncryptedFile, "it is encrypted with git-crypt")
            .help("unlock the repository before the check, or exclude the file"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::error(Code::NotUtf8, "it is UTF-16, which kubectl does not read")
            .help("save it as UTF-8"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        let message = format!("line {line}, column {column}: this byte is no UTF-8");
        Problem::error(Code::NotUtf8, message).help("save it as UTF-8")
    })
}

/// The documents of a file, and what each is as an object.
fn documents(tree: &Tree) -> Vec<(NodeRef<'_>, Option<Object<'_>>)> {
    kubeready_manifest::kube::documents(tree).collect()
}

/// Documents and items of lists that are no objects. What looks like one and would be refused is an
/// error; anything else is worth a note where it stands among objects.
fn strays(documents: &[(NodeRef<'_>, Option<Object<'_>>)], class: Class) -> Vec<Problem> {
    if !matches!(class, Class::Manifest | Class::LeftAlone(Reason::Other)) {
        return Vec::new();
    }
    let problem = |root: NodeRef<'_>, (node, lack): (NodeRef<'_>, &str)| {
        let is_document = node == root;
        let typed = node.value("kind").is_some() || node.value("apiVersion").is_some();
        let refused = !is_document || typed && node.get("metadata").is_some_and(NodeRef::is_map);
        if !refused && class != Class::Manifest {
            return None;
        }
        let what = if is_document { "this document" } else { "this item of a list" };
        let message = format!("{what} {lack}, so it is no object and was not judged");
        let first = node.entries().next().map_or(node.span(), |(key, _)| key.span());
        let mut problem = Problem::note(Code::NotAnObject, message)
            .at(first)
            .help("complete it, or move it to a file of its own that is no manifest");
        if refused {
            problem.level = Level::Error;
        }
        Some(problem)
    };
    let mut problems = Vec::new();
    for &(root, object) in documents {
        let mut found = Vec::new();
        kubeready_manifest::kube::strays(root, object, &mut found);
        problems.extend(found.into_iter().filter_map(|stray| problem(root, stray)));
    }
    problems
}

fn syntax_problems(tree: &Tree, class: Class) -> Vec<Problem> {
    let text = tree.text();
    tree.errors()
        .iter()
        .map(|error| {
            let lost = text.get(error.document.start as usize..error.document.end as usize);
            let span = Span { source: tree.source(), start: error.at.start, end: error.at.end };
            if lost.is_some_and(|t| t.contains("{{") || t.contains("{%"))
                && class != Class::Kustomization
            {
                return Problem::note(
                    Code::Template,
                    format!(
                        "it looks like a template and is no YAML before it is rendered: {}",
                        error.message
                    ),
                )
                .at(span)
                .also("yaml-syntax-error")
                .help("check what it renders to, or exclude it");
            }
            Problem::error(Code::YamlSyntax, error.message.clone())
                .at(span)
                .also("yaml-syntax-error")
        })
        .collect()
}

/// The documents of a file that have a type, and whether each is an object for an API server: what
/// only configures a tool is seen by its neighbours and never judged.
pub fn file_objects(tree: &Tree) -> impl Iterator<Item = (Object<'_>, bool)> {
    let found = kubeready_manifest::kube::objects_of(tree).into_iter();
    found.map(|object| (object, !classify::is_tool_configuration(object)))
}

/// Joins a path written in a file to that file's directory.
pub(crate) fn beside(file: &Path, relative: &str) -> PathBuf {
    clean(&file.parent().unwrap_or(Path::new("")).join(relative))
}
