//! Paths to files: in parallel, by `.gitignore`, `.kubereadyignore` and globs, safe from links.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf, is_separator};
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::problem::{Code, Problem};
use crate::settings::PathGlobs;

/// What to walk and what to leave out.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Directories to walk.
    pub roots: Vec<PathBuf>,
    /// The directory that globs are relative to.
    pub base: PathBuf,
    /// Where given, only files that match one of these.
    pub include: Option<PathGlobs>,
    pub exclude: PathGlobs,
    /// Whether files and directories whose name starts with a dot are walked.
    pub hidden: bool,
    /// Whether ignore files are not read.
    pub no_ignore: bool,
    pub threads: usize,
}

impl Request {
    /// Whether the globs let a file through.
    pub fn selects(&self, path: &Path) -> bool {
        if self.include.is_none() && self.exclude.patterns().is_empty() {
            return true;
        }
        let relative = path.strip_prefix(&self.base).unwrap_or(path).to_string_lossy();
        self.include.as_ref().is_none_or(|globs| globs.is_match(&relative))
            && !self.exclude.is_match(&relative)
    }
}

/// Files found, sorted, and what could not be walked.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    pub files: Vec<PathBuf>,
    pub problems: Vec<Problem>,
}

/// A file that may hold manifests, or that tells what other files are.
pub fn is_candidate(path: &Path) -> bool {
    let extension = path.extension().map_or(&b""[..], |e| e.as_encoded_bytes());
    if [&b"yaml"[..], b"yml", b"json"].iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        return true;
    }
    path.file_name().is_some_and(|name| name == "Kustomization")
}

/// Whether a directory or file is read although its name hides it: what a CI system runs. `parent` is
/// the name of the directory that it lies in.
pub fn is_workflow(name: &str, parent: &str) -> bool {
    if parent == ".github" {
        return name == "workflows";
    }
    matches!(
        name,
        ".github"
            | ".circleci"
            | ".gitlab-ci.yml"
            | ".travis.yml"
            | ".drone.yml"
            | ".woodpecker.yml"
            | ".woodpecker.yaml"
    )
}

/// Resolves `.` and `..` by text, without asking the file system.
pub fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if matches!(out.components().next_back(), Some(Component::Normal(_))) {
                    out.pop();
                } else {
                    out.push("..");
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// The order of [`Path`], for paths that are clean: found by their bytes, a separator before all others,
/// which takes a fraction of the time.
fn by_parts(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.as_os_str().as_encoded_bytes(), b.as_os_str().as_encoded_bytes());
    let rank = |byte: u8| if is_separator(char::from(byte)) { 0 } else { u16::from(byte) + 1 };
    match a.iter().zip(b).find(|(a, b)| a != b) {
        Some((a, b)) => rank(*a).cmp(&rank(*b)),
        None => a.len().cmp(&b.len()),
    }
}

/// Walks the machine's file system.
pub(crate) fn walk(request: &Request) -> Walked {
    let Some((first, rest)) = request.roots.split_first() else { return Walked::default() };
    let mut builder = WalkBuilder::new(first);
    for root in rest {
        builder.add(root);
    }
    let filters = !request.no_ignore;
    let hidden = request.hidden;
    builder
        .hidden(false)
        .git_ignore(filters)
        .git_exclude(filters)
        .git_global(false)
        .ignore(false)
        .parents(filters)
        .require_git(false)
        .follow_links(false)
        .threads(request.threads.max(1))
        .filter_entry(move |entry| entry.depth() == 0 || is_entered(entry, hidden));
    if filters {
        builder.add_custom_ignore_filename(".kubereadyignore");
    }
    let found = Mutex::new(Found::default());
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            // Another thread cannot have panicked while it held the lock: pushing does not panic.
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match entry {
                Ok(entry) => {
                    // Ignore files of the directory that have lines of no meaning.
                    unwalkable(entry.error(), &mut found.problems);
                    visit(&entry, request, &mut found);
                }
                Err(error) => unwalkable(Some(&error), &mut found.problems),
            }
            WalkState::Continue
        })
    });
    let Found { mut files, links, folders, mut problems } =
        found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    problems.extend(folders_out_of(&request.roots, folders));
    let followed = follow(&files, links, &mut problems);
    files.extend(followed);
    files.sort_unstable_by(|a, b| by_parts(a, b));
    // By their bytes, too: as paths they are compared part by part.
    files.dedup_by(|second, first| second.as_os_str() == first.as_os_str());
    problems.sort_by(|a, b| a.message.cmp(&b.message));
    Walked { files, problems }
}

/// Whether what a directory lists is looked at: hidden names only where they are asked for, or
/// where workflows are.
fn is_entered(entry: &DirEntry, hidden: bool) -> bool {
    let name = entry.file_name().as_encoded_bytes();
    let below_github = || entry.path().parent().is_some_and(|p| p.ends_with(".github"));
    if name == crate::settings::FILE_NAME.as_bytes() {
        return true;
    }
    if hidden || !(name.starts_with(b".") || below_github()) {
        return name != b".git";
    }
    let parent = entry.path().parent().and_then(Path::file_name).and_then(|n| n.to_str());
    entry.file_name().to_str().is_some_and(|name| is_workflow(name, parent.unwrap_or("")))
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Links to files.
    links: Vec<PathBuf>,
    /// Links to directories.
    folders: Vec<PathBuf>,
    problems: Vec<Problem>,
}

fn visit(entry: &DirEntry, request: &Request, found: &mut Found) {
    let Some(kind) = entry.file_type() else { return };
    let path = entry.path();
    if kind.is_symlink() && !is_candidate(path) {
        found
            .folders
            .extend(fs::metadata(path).is_ok_and(|m| m.is_dir()).then(|| path.to_path_buf()));
        return;
    }
    if kind.is_dir() || !is_candidate(path) || !request.selects(path) {
        return;
    }
    if kind.is_symlink() {
        match fs::metadata(path) {
            Ok(target) if target.is_dir() => found.folders.push(path.to_path_buf()),
            Ok(target) if target.is_file() => found.links.push(path.to_path_buf()),
            // What is neither file nor directory would block the reader.
            Ok(_) => {}
            Err(error) => {
                let shown = path.to_string_lossy();
                found.problems.push(
                    Problem::error(Code::DanglingLink, format!("this link leads nowhere: {error}"))
                        .in_file(shown.as_ref())
                        .help("mend or delete the link, or exclude it"),
                );
            }
        }
    } else if kind.is_file() {
        found.files.push(path.to_path_buf());
    } else {
        // It would block the reader.
        let what = "it is a pipe, a socket or a device, and was not read";
        found.problems.push(
            Problem::note(Code::UnreadableFile, what).in_file(path.to_string_lossy().as_ref()),
        );
    }
}

/// Links to follow: not those whose target is walked anyway, which would be judged twice, nor those
/// that lead out of the repository, which may show anything of the machine in a report.
fn follow(files: &[PathBuf], links: Vec<PathBuf>, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    if links.is_empty() {
        return links;
    }
    let real: BTreeSet<PathBuf> = files.iter().filter_map(|p| fs::canonicalize(p).ok()).collect();
    let mut followed = Vec::new();
    for link in links {
        let Ok(target) = fs::canonicalize(&link) else { continue };
        let repository = link.ancestors().find(|a| fs::symlink_metadata(a.join(".git")).is_ok());
        if repository.and_then(|r| fs::canonicalize(r).ok()).is_some_and(|r| !target.starts_with(r))
        {
            let why = "this link leads out of the repository, so it is not read";
            let problem = Problem::error(Code::LinkLeavesRepository, why)
                .in_file(link.to_string_lossy().as_ref())
                .help("put the file into the repository, or exclude the link");
            problems.push(problem);
        } else if !real.contains(&target) {
            followed.push(link);
        }
    }
    followed
}

/// A link to a directory is not followed. Where it leads back into what is walked nothing is lost.
fn folders_out_of(roots: &[PathBuf], folders: Vec<PathBuf>) -> Vec<Problem> {
    if folders.is_empty() {
        return Vec::new();
    }
    let real: Vec<PathBuf> = roots.iter().filter_map(|p| fs::canonicalize(p).ok()).collect();
    let leads_out = |link: &PathBuf| {
        fs::canonicalize(link).is_ok_and(|to| !real.iter().any(|root| to.starts_with(root)))
    };
    let problem = |link: PathBuf| {
        let what = "this link leads out of the directories that were given and was not followed";
        Problem::note(Code::LinkNotFollowed, what)
            .in_file(link.to_string_lossy().as_ref())
            .help("give the directory that it leads to as a path, too")
    };
    folders.into_iter().filter(leads_out).map(problem).collect()
}

fn unwalkable(error: Option<&ignore::Error>, problems: &mut Vec<Problem>) {
    match error {
        Some(ignore::Error::Partial(errors)) => {
            for error in errors {
                unwalkable(Some(error), problems);
            }
        }
        Some(error) => problems.push(unwalked(error)),
        None => {}
    }
}

fn unwalked(error: &ignore::Error) -> Problem {
    let mut path = None;
    let mut inner = error;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = Some(at.to_string_lossy().into_owned());
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let problem = match inner {
        ignore::Error::Glob { .. } | ignore::Error::Partial(_) => Problem::note(
            Code::BadIgnoreFile,
            format!("a line of an ignore file has no effect: {inner}"),
        ),
        _ => Problem::error(Code::UnreadableDirectory, format!("it cannot be listed: {inner}"))
            .help("give the user that runs kubeready the right to read it, or exclude it"),
    };
    match path {
        Some(path) => problem.in_file(path),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ordered_by_their_parts() {
        let names =
            ["/a", "/a/b", "/a-b", "/a.b", "/a/b/c", "/a/b-c", "/b", "/a/b.c/d", "/a\u{1}b"];
        for a in names {
            for b in names {
                assert_eq!(by_parts(Path::new(a), Path::new(b)), Path::new(a).cmp(Path::new(b)));
            }
        }
    }
}
