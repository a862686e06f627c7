//! The main job, end to end: paths in, a report out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalogue::{self, Neighbours, RuleId};
use crate::engine::{self, Bug, Outcome, Plan};
use crate::finding::Finding;
use crate::host::{Date, Host, PathKind};
use crate::index::Index;
use crate::load::{self, Class, Input, Loaded};
use crate::problem::{Level, Location, Problem};
use crate::report::{Report, Summary};
use crate::set::{Lost, Member, Set, SetFile, Standing, Surroundings};
use crate::settings::{
    self, CommandLine, DEFAULT_MAX_FILE_SIZE, FILE_NAME, Names, OTHER_FILE_NAMES, Place, Settings,
};
use crate::source::{Source, Sources};
use crate::suppress::{self, Suppression};
use crate::walk::{self, clean};

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files and directories as the user gave them; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// What standard input is called in reports.
    pub stdin_name: Option<String>,
    /// Threads that walk; 0 is one.
    pub threads: usize,
    /// Where `sources` of the run begin: the settings file, if one was read.
    pub sources: Sources,
    /// The directory that paths are told from in globs and fingerprints: the repository, else
    /// where the paths lie.
    pub root: PathBuf,
}

/// Judges what the request names.
pub fn check(host: &dyn Host, request: &Request, settings: &Settings) -> Report {
    let scope = Scope::find(host, request, settings);
    let whole = scope.whole;
    let first = request.sources.len() as u32;
    let loaded = load::load(host, scope.inputs, first, settings.max_file_size);
    let mut sources = request.sources.clone();
    add_sources(&loaded, &mut sources);
    let mut problems = scope.problems;
    problems.extend(loaded.iter().flat_map(file_problems));

    let set = gather(&loaded, scope.surroundings, scope.unreadable);
    let index = Index::build(&set);
    let plan = Plan::new(settings);
    let silenced = silenced(&set, &sources, settings, &mut problems);
    let mut outcome = engine::run(&set, &index, &plan, settings, &silenced);
    finish(&mut outcome.findings);

    let verdict =
        Verdict { set: &set, index: &index, plan: &plan, settings, silenced: &silenced, whole };
    let (findings, suppressed) =
        verdict.settle(&mut outcome, &sources, host.today(), &mut problems);
    problems.extend(outcome.bugs.iter().map(bug));
    sort_problems(&mut problems, &sources);
    let mut summary = summarise(&loaded, &set, settings, outcome.examined);
    summary.suppressed = suppressed;
    Report { sources, findings, problems, summary }
}

/// What the settings and the suppressions of a set make of its findings.
struct Verdict<'v, 't> {
    set: &'v Set<'t>,
    index: &'v Index<'t>,
    plan: &'v Plan,
    settings: &'v Settings,
    silenced: &'v [bool],
    /// Whether the whole tree that the settings are for was judged.
    whole: bool,
}

impl Verdict<'_, '_> {
    /// The findings that stand, at their final severities, and how many were suppressed.
    fn settle(
        &self,
        outcome: &mut Outcome,
        sources: &Sources,
        today: Date,
        problems: &mut Vec<Problem>,
    ) -> (Vec<Finding>, u32) {
        let findings = std::mem::take(&mut outcome.findings);
        let mut suppressions = self.suppressions(today, problems);
        if suppressions.is_empty() {
            return (self.at_their_places(findings, sources), 0);
        }
        let path = |source| &*sources.get(source).from_root;
        let ran = |rule: RuleId, _| self.ran(rule);
        let run = suppress::Run {
            settings: self.settings,
            path: &path,
            ran: &ran,
            ran_everywhere: &|rule| self.whole && self.ran(rule),
        };
        let mut applied = suppress::apply(findings, &mut suppressions, &run);
        let about = engine::run_suppressions(&suppressions, self.index, self.plan, self.settings);
        let more = suppress::apply(about.findings, &mut suppressions, &run);
        applied.kept.extend(more.kept);
        applied.suppressed.extend(more.suppressed);
        let rest = Outcome { findings: Vec::new(), examined: about.examined, bugs: about.bugs };
        *outcome = std::mem::take(outcome).absorb(rest);

        let mut kept = self.at_their_places(applied.kept, sources);
        finish(&mut kept);
        let hidden = applied.suppressed.into_iter().map(|s| s.finding).collect();
        (kept, self.at_their_places(hidden, sources).len() as u32)
    }

    /// Every suppression of the files judged and of the settings.
    fn suppressions(&self, today: Date, problems: &mut Vec<Problem>) -> Vec<Suppression> {
        let mut collected = suppress::Collected::default();
        let collector = suppress::Collector::new(Names::catalogue(), today);
        let mut members = self.set.members.as_slice();
        for file in &self.set.files {
            let source = file.tree.source();
            let own = |m: &&Member<'_>| m.object.root().tree().source() == source;
            let (objects, rest) = members.split_at(members.iter().take_while(own).count());
            members = rest;
            if file.standing != Standing::Context {
                let objects: Vec<_> = objects.iter().map(|m| m.object).collect();
                collector.collect(file.tree, &objects, &mut collected);
            }
        }
        problems.append(&mut collected.problems);
        let mut suppressions = collected.suppressions;
        suppressions.extend(suppress::of_settings(&self.settings.ignores, today));
        suppressions
    }

    fn ran(&self, rule: RuleId) -> bool {
        self.settings.severity(rule).is_some() && !self.silenced[rule.0 as usize]
    }

    /// Severities as the settings of each place say; what is off there falls away.
    fn at_their_places(&self, findings: Vec<Finding>, sources: &Sources) -> Vec<Finding> {
        findings
            .into_iter()
            .filter_map(|mut finding| {
                let path = &*sources.get(finding.span.source).from_root;
                finding.severity = self.settings.judge(&finding, &Place::of(&finding, path))?;
                Some(finding)
            })
            .collect()
    }
}

/// The settings file of a run: where it was looked for, and what it says.
#[derive(Debug, Default)]
pub struct Configured {
    pub root: PathBuf,
    /// The settings file as the first source, if there is one.
    pub sources: Sources,
    /// `None` when a mistake in the settings makes judging pointless.
    pub settings: Option<Settings>,
    pub problems: Vec<Problem>,
}

/// Finds and reads the settings file (`config`, else the one at the root of the repository), and
/// puts the command line on top.
pub fn configure(
    host: &dyn Host,
    paths: &[PathBuf],
    config: Option<&Path>,
    line: &CommandLine,
) -> Configured {
    let current = host.current_dir();
    let first = paths.iter().find(|p| p.as_os_str() != "-");
    let start = first.map_or_else(|| current.clone(), |path| clean(&current.join(path)));
    let folder = if host.kind(&start) == PathKind::Directory {
        start
    } else {
        start.parent().map_or_else(|| current.clone(), Path::to_path_buf)
    };
    let root = repository(host, &folder).unwrap_or(folder);
    let mut configured = Configured { root: root.clone(), ..Configured::default() };
    let given = config.map(|path| clean(&current.join(path)));
    let wanted = given.clone().unwrap_or_else(|| root.join(FILE_NAME));
    let mut file = None;
    if !line.isolated && (given.is_some() || host.kind(&wanted) == PathKind::File) {
        let path = shown(&wanted, &current);
        match host.read(&wanted, DEFAULT_MAX_FILE_SIZE).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let from_root = shown(&wanted, &root);
                let text: Arc<str> = text.into();
                let source = Source { path, from_root, text: Arc::clone(&text) };
                let (read, problems) = settings::read(&text, configured.sources.push(source));
                configured.problems.extend(problems);
                file = Some(read);
            }
            Ok(Err(_)) => configured
                .problems
                .push(Problem::error("settings", "the settings file is no UTF-8").in_file(path)),
            Err(error) => configured.problems.push(
                Problem::error("settings", format!("the settings file cannot be read: {error}"))
                    .in_file(path)
                    .help("name a file that exists, or leave out `--config`"),
            ),
        }
    } else if !line.isolated {
        let misnamed = OTHER_FILE_NAMES.iter().map(|name| root.join(name));
        for path in misnamed.filter(|path| host.kind(path) == PathKind::File) {
            configured.problems.push(
                Problem::note(
                    "settings",
                    format!("it has no effect: settings are read from `{FILE_NAME}`"),
                )
                .in_file(shown(&path, &current))
                .help("rename it"),
            );
        }
    }
    if configured.problems.iter().any(|p| p.level == Level::Error) {
        return configured;
    }
    match settings::resolve(file.as_ref(), line) {
        Ok(settings) => configured.settings = Some(settings),
        Err(problems) => configured.problems.extend(problems),
    }
    configured
}

/// Where to look, resolved against the machine.
#[derive(Debug, Default)]
struct Scope {
    inputs: Vec<Input>,
    problems: Vec<Problem>,
    surroundings: Surroundings,
    /// Places that could not be listed: anything may be in them.
    unreadable: u32,
    /// The root of the run is among the directories walked.
    whole: bool,
}

impl Scope {
    fn find(host: &dyn Host, request: &Request, settings: &Settings) -> Self {
        let mut scope = Self::default();
        let current = host.current_dir();
        let mut directories = Vec::new();
        let mut files: Vec<PathBuf> = Vec::new();
        let mut stdin = false;
        for given in &request.paths {
            if given.as_os_str() == "-" {
                stdin = true;
                continue;
            }
            let path = clean(&current.join(given));
            match host.kind(&path) {
                PathKind::Directory => directories.push(path),
                PathKind::File => files.push(path),
                PathKind::Missing => scope.problems.push(
                    Problem::error("no-such-path", "this path does not exist")
                        .in_file(given.to_string_lossy().as_ref())
                        .help("check its spelling and the directory you are in"),
                ),
            }
        }
        scope.whole = directories.contains(&request.root);
        let first = directories.first().or(files.first());
        let repository = first.and_then(|path| repository(host, path));
        // Files by themselves, as a hook gives them: the repository around them tells what they
        // ship with, and only their own findings are shown.
        let context =
            if directories.is_empty() && !files.is_empty() { repository.clone() } else { None };
        if directories.is_empty() && context.is_none() {
            scope.surroundings = Surroundings::Unknown;
        }
        let mut wanted: FxHashMap<PathBuf, bool> = FxHashMap::default();
        let roots =
            if directories.is_empty() { context.iter().cloned().collect() } else { directories };
        if !roots.is_empty() {
            let walk_request = walk::Request {
                include: settings.include.clone(),
                exclude: settings.exclude.clone(),
                base: if request.root.as_os_str().is_empty() {
                    roots[0].clone()
                } else {
                    request.root.clone()
                },
                roots,
                hidden: settings.hidden,
                no_ignore: settings.no_ignore,
                threads: request.threads,
            };
            scope.walk(host, &walk_request, context.is_none(), &mut wanted);
        }
        wanted.extend(files.into_iter().map(|file| (file, true)));
        let mut sorted: Vec<_> = wanted.into_iter().collect();
        sorted.sort_unstable();
        scope.inputs.extend(sorted.into_iter().map(|(path, wanted)| Input {
            shown: shown(&path, &current),
            from_root: shown(&path, &request.root),
            path,
            wanted,
            stdin: false,
        }));
        if stdin {
            let name = request.stdin_name.as_deref().unwrap_or("<stdin>");
            let path = PathBuf::from(name);
            let (shown, from_root) = (name.into(), name.into());
            scope.inputs.push(Input { path, shown, from_root, wanted: true, stdin: true });
        }
        scope
    }

    fn walk(
        &mut self,
        host: &dyn Host,
        request: &walk::Request,
        wanted: bool,
        found: &mut FxHashMap<PathBuf, bool>,
    ) {
        let walked = host.walk(request);
        self.unreadable +=
            walked.problems.iter().filter(|p| p.level == Level::Error).count() as u32;
        self.problems.extend(walked.problems.into_iter().map(|p| demoted(p, wanted)));
        found.extend(walked.files.into_iter().map(|path| (path, wanted)));
    }
}

/// A problem of a file that is only context must not fail a check of other files.
fn demoted(mut problem: Problem, wanted: bool) -> Problem {
    if !wanted {
        problem.level = Level::Note;
    }
    problem
}

/// The repository that a path lies in: the nearest directory upwards with a `.git`.
pub fn repository(host: &dyn Host, path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|folder| host.kind(&folder.join(".git")) != PathKind::Missing)
        .map(Path::to_path_buf)
}

/// A path as people should see it: relative to the current directory where it lies below it.
fn shown(path: &Path, current: &Path) -> Arc<str> {
    let relative = path.strip_prefix(current).unwrap_or(path);
    relative.to_string_lossy().into()
}

/// A path as the user gave it, told from the root: what globs in settings are matched with.
pub fn from_root(host: &dyn Host, path: &Path, root: &Path) -> String {
    shown(&clean(&host.current_dir().join(path)), root).to_string()
}

fn add_sources(loaded: &[Loaded], sources: &mut Sources) {
    for file in loaded {
        let text = file.tree.as_ref().map_or_else(|| Arc::from(""), |tree| Arc::clone(tree.text()));
        let (path, from_root) = (Arc::clone(&file.input.shown), Arc::clone(&file.input.from_root));
        let id = sources.push(Source { path, from_root, text });
        debug_assert_eq!(id, file.source);
    }
}

fn file_problems(file: &Loaded) -> impl Iterator<Item = Problem> {
    file.problems.iter().map(|problem| demoted(problem.clone(), file.input.wanted))
}

/// All plain manifests as one set; what reaches a cluster only through a renderer is marked so.
fn gather(loaded: &[Loaded], surroundings: Surroundings, unreadable: u32) -> Set<'_> {
    let mut set = Set { unreadable, surroundings, ..Set::default() };
    let mut directories: FxHashMap<&Path, u32> = FxHashMap::default();
    for file in loaded {
        if file.class == Class::Unreadable {
            set.unreadable += 1;
        }
        let Some(tree) = &file.tree else { continue };
        let standing = match file.class {
            _ if !file.input.wanted => Standing::Context,
            Class::KustomizeResource => Standing::Unrendered,
            _ => Standing::Judged,
        };
        set.lost.extend(
            tree.errors()
                .iter()
                .map(|error| Lost { source: file.source, range: error.document.clone() }),
        );
        if file.class == Class::Patch {
            continue;
        }
        let ours = !matches!(file.class, Class::LeftAlone(_));
        set.files.push(SetFile { tree, standing: if ours { standing } else { Standing::Context } });
        if file.class == Class::Kustomization {
            set.pinned_images.extend(load::pinned_images(tree));
            continue;
        }
        let count = directories.len() as u32;
        let folder = file.input.path.parent().unwrap_or(Path::new(""));
        let directory = *directories.entry(folder).or_insert(count);
        for (object, ours) in load::file_objects(tree) {
            let standing = if ours { standing } else { Standing::Context };
            set.members.push(Member { object, standing, directory });
        }
    }
    set
}

/// Which rules keep quiet because something that could satisfy them is lost; said once.
fn silenced(
    set: &Set<'_>,
    sources: &Sources,
    settings: &Settings,
    problems: &mut Vec<Problem>,
) -> Vec<bool> {
    let mut silenced = vec![false; catalogue::CATALOGUE.len()];
    if set.lost.is_empty() && set.unreadable == 0 {
        return silenced;
    }
    let texts: Vec<&str> = (set.lost.iter())
        .filter_map(|lost| {
            let text = &sources.get(lost.source).text;
            text.get(lost.range.start as usize..lost.range.end as usize)
        })
        .collect();
    let may_hold = |kind: &str| set.unreadable > 0 || texts.iter().any(|text| text.contains(kind));
    let mut quiet = Vec::new();
    for (id, rule) in catalogue::rules() {
        let asks = rule.neighbours == Neighbours::Absent && settings.severity(id).is_some();
        if asks && rule.satisfied_by.iter().any(|kind| may_hold(kind)) {
            silenced[id.0 as usize] = true;
            quiet.push(rule.name);
        }
    }
    if !quiet.is_empty() {
        problems.push(
            Problem::note(
                "kept-quiet",
                format!("what could not be read may hold what {} ask for", join(&quiet)),
            )
            .help("mend the files named above, then these rules speak again"),
        );
    }
    silenced
}

fn join(names: &[&str]) -> String {
    match names {
        [one] => format!("the rule `{one}`"),
        _ => format!("{} rules (`{}`)", names.len(), names.join("`, `")),
    }
}

fn bug(bug: &Bug) -> Problem {
    Problem::error(
        "rule-failed",
        format!("the rule `{}` failed on {}", bug.rule.rule().name, bug.subject),
    )
    .help("this is a fault of kubeready; please report it with the manifest, or ignore the rule")
}

/// One canonical order, and each verdict once.
fn finish(findings: &mut Vec<Finding>) {
    let key = |f: &Finding| (f.span, f.rule);
    findings.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message)));
    findings.dedup_by(|a, b| {
        a.span == b.span && a.rule == b.rule && a.message == b.message && a.resource == b.resource
    });
}

/// By file and place, what has none last.
fn sort_problems(problems: &mut [Problem], sources: &Sources) {
    problems.sort_by_cached_key(|problem| {
        let (path, at) = match &problem.location {
            Location::Path(path) => (Some(Arc::clone(path)), 0),
            Location::Span(span) => (Some(Arc::clone(&sources.get(span.source).path)), span.start),
            Location::None => (None, 0),
        };
        (path.is_none(), path, at, problem.code, problem.message.clone())
    });
}

fn summarise(loaded: &[Loaded], set: &Set<'_>, settings: &Settings, examined: Vec<u32>) -> Summary {
    let mut summary = Summary {
        files_read: 0,
        manifests: 0,
        documents: 0,
        objects: set.members.iter().filter(|m| m.standing != Standing::Context).count() as u32,
        left_alone: BTreeMap::new(),
        helm_templates: 0,
        kustomize_manifests: 0,
        suppressed: 0,
        examined,
        kubernetes_version: settings.kubernetes_version,
        profile: settings.profile,
    };
    for file in loaded.iter().filter(|f| f.input.wanted) {
        summary.files_read +=
            u32::from(file.tree.is_some() && !matches!(file.class, Class::LeftAlone(_)));
        summary.documents += file.tree.as_ref().map_or(0, |tree| tree.documents().len() as u32);
        match file.class {
            Class::Manifest => summary.manifests += 1,
            Class::KustomizeResource => {
                summary.manifests += 1;
                summary.kustomize_manifests += 1;
            }
            Class::Patch => summary.kustomize_manifests += 1,
            Class::HelmTemplate => summary.helm_templates += 1,
            Class::LeftAlone(reason) => *summary.left_alone.entry(reason.name()).or_default() += 1,
            Class::Kustomization | Class::Unreadable => {}
        }
    }
    summary
}
