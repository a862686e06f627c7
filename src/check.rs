//! The main job, end to end: paths in, a report out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalogue::{self, Neighbours};
use crate::engine::{self, Bug, Plan};
use crate::finding::Finding;
use crate::host::{Host, PathKind};
use crate::index::Index;
use crate::load::{self, Class, Input, Loaded};
use crate::problem::{Level, Problem};
use crate::report::{Report, Summary};
use crate::set::{Lost, Member, Set, SetFile, Standing, Surroundings};
use crate::settings::Settings;
use crate::source::Sources;
use crate::walk::{self, clean};

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files and directories as the user gave them; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// What standard input is called in reports.
    pub stdin_name: Option<String>,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub hidden: bool,
    pub no_ignore: bool,
    /// Files above this size are a problem, not read.
    pub max_file_bytes: u64,
    /// Threads that walk; 0 is one.
    pub threads: usize,
}

/// Judges what the request names.
pub fn check(host: &dyn Host, request: &Request, settings: &Settings) -> Report {
    let scope = Scope::find(host, request);
    let loaded = load::load(host, scope.inputs, request.max_file_bytes);
    let sources = sources(&loaded);
    let mut problems = scope.problems;
    problems.extend(loaded.iter().flat_map(file_problems));

    let set = gather(&loaded, scope.surroundings, scope.unreadable);
    let index = Index::build(&set);
    let plan = Plan::new(settings);
    let silenced = silenced(&set, &sources, settings, &mut problems);
    let outcome = engine::run(&set, &index, &plan, settings, &silenced);
    problems.extend(outcome.bugs.iter().map(bug));

    let mut findings = outcome.findings;
    finish(&mut findings);
    let summary = summarise(&loaded, &set, settings, outcome.examined);
    Report { sources, findings, problems, summary }
}

/// Where to look, resolved against the machine.
#[derive(Debug, Default)]
struct Scope {
    inputs: Vec<Input>,
    problems: Vec<Problem>,
    surroundings: Surroundings,
    /// Places that could not be listed: anything may be in them.
    unreadable: u32,
}

impl Scope {
    fn find(host: &dyn Host, request: &Request) -> Self {
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
            let base = repository.unwrap_or_else(|| roots[0].clone());
            scope.walk(host, request, roots, base, context.is_none(), &mut wanted);
        }
        wanted.extend(files.into_iter().map(|file| (file, true)));
        let mut sorted: Vec<_> = wanted.into_iter().collect();
        sorted.sort_unstable();
        scope.inputs.extend(sorted.into_iter().map(|(path, wanted)| Input {
            shown: shown(&path, &current),
            path,
            wanted,
            stdin: false,
        }));
        if stdin {
            let name = request.stdin_name.as_deref().unwrap_or("<stdin>");
            let path = PathBuf::from(name);
            scope.inputs.push(Input { path, shown: name.into(), wanted: true, stdin: true });
        }
        scope
    }

    fn walk(
        &mut self,
        host: &dyn Host,
        request: &Request,
        roots: Vec<PathBuf>,
        base: PathBuf,
        wanted: bool,
        found: &mut FxHashMap<PathBuf, bool>,
    ) {
        let mut globs = |patterns: &[String]| {
            walk::globs(patterns).unwrap_or_else(|why| {
                self.problems.push(
                    Problem::error("bad-glob", why)
                        .help("globs are those of .gitignore: `**/test/*.yaml`"),
                );
                globset::GlobSet::empty()
            })
        };
        let walk_request = walk::Request {
            include: globs(&request.include),
            exclude: globs(&request.exclude),
            roots,
            base,
            hidden: request.hidden,
            no_ignore: request.no_ignore,
            threads: request.threads,
        };
        let walked = host.walk(&walk_request);
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

fn sources(loaded: &[Loaded]) -> Sources {
    let mut sources = Sources::default();
    for file in loaded {
        let text = file.tree.as_ref().map_or_else(|| Arc::from(""), |tree| Arc::clone(tree.text()));
        let id = sources.add(Arc::clone(&file.input.shown), text);
        debug_assert_eq!(id, file.source);
    }
    sources
}

fn file_problems(file: &Loaded) -> impl Iterator<Item = Problem> {
    file.problems.iter().map(|problem| demoted(problem.clone(), file.input.wanted))
}

/// All plain manifests as one set; what reaches a cluster only through a renderer is marked so.
fn gather(loaded: &[Loaded], surroundings: Surroundings, unreadable: u32) -> Set<'_> {
    let mut set = Set { surroundings, unreadable, ..Set::default() };
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
        set.files.push(SetFile { tree, standing });
        if file.class == Class::Kustomization {
            continue;
        }
        let count = directories.len() as u32;
        let folder = file.input.path.parent().unwrap_or(Path::new(""));
        let directory = *directories.entry(folder).or_insert(count);
        for object in load::file_objects(tree) {
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
        summary.files_read += u32::from(file.tree.is_some());
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
