//! Where to look: arguments resolved against the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Request;
use crate::host::{Host, PathKind};
use crate::load::Input;
use crate::problem::{Code, Level, Location, Problem};
use crate::set::Surroundings;
use crate::settings::{self, Settings};
use crate::walk::{self, clean};

/// Where to look, resolved against the machine.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) inputs: Vec<Input>,
    pub(super) problems: Vec<Problem>,
    pub(super) surroundings: Surroundings,
    /// Places that could not be listed: anything may be in them.
    pub(super) unreadable: u32,
    /// The root of the run is among the directories walked.
    pub(super) whole: bool,
    /// The directories that were walked.
    pub(super) walked: Vec<PathBuf>,
    /// Only files were given, in a repository that is their context: only findings in them are
    /// shown.
    pub(super) only_files: bool,
}

impl Scope {
    pub(super) fn find(host: &dyn Host, request: &Request, settings: &Settings) -> Self {
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
                    Problem::error(Code::NoSuchPath, "this path does not exist")
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
        scope.only_files = context.is_some();
        if directories.is_empty() && context.is_none() {
            scope.surroundings = Surroundings::Unknown;
        }
        let mut wanted: Vec<(PathBuf, bool)> = Vec::new();
        let roots =
            if directories.is_empty() { context.iter().cloned().collect() } else { directories };
        scope.walked.clone_from(&roots);
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
        for file in files {
            let from_root = shown(&file, &request.root);
            if settings.exclude.is_match(&from_root) {
                // A hook names every file of a commit; what the settings exclude stays out.
                scope.problems.push(
                    Problem::note(
                        Code::Excluded,
                        "the settings exclude this file, so it was not judged",
                    )
                    .aside()
                    .in_file(shown(&file, &current)),
                );
            } else {
                wanted.push((file, true));
            }
        }
        // What was walked is sorted already, which a stable sort is quick to see.
        wanted.sort();
        wanted.dedup_by(|second, first| {
            let same = second.0 == first.0;
            first.1 |= same && second.1;
            same
        });
        scope.inputs.extend(wanted.into_iter().map(|(path, wanted)| Input {
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
        found: &mut Vec<(PathBuf, bool)>,
    ) {
        let walked = host.walk(request);
        self.unreadable +=
            walked.problems.iter().filter(|p| p.level == Level::Error).count() as u32;
        let current = host.current_dir();
        for mut problem in walked.problems {
            if let Location::Path(path) = &mut problem.location {
                *path = shown(Path::new(&**path), &current);
            }
            self.problems.push(demoted(problem, wanted));
        }
        for root in request.roots.iter().filter(|_| wanted) {
            // Sorted: what lies below a directory stands behind it, in one piece.
            let at = walked.files.partition_point(|file| file < root);
            if !walked.files.get(at).is_some_and(|file| file.starts_with(root)) {
                let what = "no file in it is one that is looked at";
                self.problems.push(
                    Problem::note(Code::NothingFound, what)
                        .in_file(shown(root, &current))
                        .help("check the path, `include`, `exclude` and the ignore files"),
                );
            }
        }
        for path in walked.files {
            if path.file_name().is_some_and(|name| name == settings::FILE_NAME) {
                self.problems.extend(settings::stray(&shown(&path, &request.base)));
            } else {
                found.push((path, wanted));
            }
        }
    }
}

/// A problem of a file that is only context must not fail a check of other files.
pub(super) fn demoted(problem: Problem, wanted: bool) -> Problem {
    if wanted { problem } else { problem.aside() }
}

/// The repository that a path lies in: the nearest directory upwards with a `.git`.
pub(super) fn repository(host: &dyn Host, path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|folder| host.kind(&folder.join(".git")) != PathKind::Missing)
        .map(Path::to_path_buf)
}

/// A path as people should see it: relative to the current directory where it lies below it.
pub(super) fn shown(path: &Path, current: &Path) -> Arc<str> {
    // What was walked is clean: its bytes begin with those of the folder, which is soon seen.
    if cfg!(unix)
        && let (Some(text), Some(folder)) = (path.to_str(), current.to_str())
        && let Some(relative) = text.strip_prefix(folder).and_then(|t| t.strip_prefix('/'))
        && !relative.starts_with(['/', '.'])
    {
        return relative.into();
    }
    let relative = path.strip_prefix(current).unwrap_or(path);
    let text = relative.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/").into() } else { text.into() }
}

/// A path as the user gave it, told from the root: what globs in settings are matched with.
pub fn from_root(host: &dyn Host, path: &Path, root: &Path) -> String {
    shown(&clean(&host.current_dir().join(path)), root).to_string()
}
