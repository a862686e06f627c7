//! Charts of other repositories: those that the user has fetched and that something here names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::yaml::Tree;

use super::Request;
use super::scope::shown;
use crate::host::{Host, PathKind};
use crate::load::{self, Input, Loaded};
use crate::problem::{Code, Problem};
use crate::settings::Settings;
use crate::source::SourceId;
use crate::walk::clean;

/// Directories within directories of charts: `helm pull` makes one, kustomize two.
const MAX_DEPTH: usize = 3;

/// Where charts of other repositories lie.
pub(super) struct Directory {
    pub(super) path: PathBuf,
    /// What links in it may not lead out of, links resolved; none where the command line names it.
    border: Option<PathBuf>,
}

/// The directories of the command line, which may lie anywhere, and those of the settings, which lie
/// in the repository: whoever changes it writes them, and a report quotes what charts hold.
pub(super) fn directories(
    host: &dyn Host,
    request: &Request,
    settings: &Settings,
    problems: &mut Vec<Problem>,
) -> Vec<Directory> {
    let missing = |kind| {
        let what = match kind {
            PathKind::File => "this is a file, not a directory of charts",
            _ => "this directory of charts does not exist",
        };
        Problem::error(Code::NoSuchPath, what)
    };
    let current = host.current_dir();
    let root = clean(&current.join(&request.root));
    let border = host.real(&root);
    let mut directories = Vec::new();
    for given in &request.charts {
        let path = clean(&current.join(given));
        let kind = host.kind(&path);
        if kind == PathKind::Directory {
            directories.push(Directory { path, border: None });
        } else {
            let path = given.to_string_lossy();
            problems.push(
                missing(kind).in_file(path.as_ref()).help("check the paths behind `--charts`"),
            );
        }
    }
    for said in &settings.charts {
        let path = clean(&root.join(&said.value));
        let kind = host.kind(&path);
        // Of what is not there only the text can tell where it would be.
        let is_inside = match kind {
            PathKind::Missing => path.starts_with(&root),
            _ => host.real(&path).starts_with(&border),
        };
        if !is_inside {
            let what = format!("`{}` leads out of the repository, so it is not read", said.value);
            let help = "settings of a repository may name directories inside of it only; \
                        `--charts` on the command line may lead anywhere";
            problems.push(Problem::error(Code::Settings, what).at(said.span).help(help));
        } else if kind == PathKind::Directory {
            directories.push(Directory { path, border: Some(border.clone()) });
        } else {
            let help = "put the charts there, or leave it out; it is told from the root of the \
                        repository";
            problems.push(missing(kind).at(said.span).help(help));
        }
    }
    directories
}

/// Reads the fetched charts whose names the files speak of.
pub(super) fn fetched(
    host: &dyn Host,
    directories: &[Directory],
    request: &Request,
    max_bytes: u64,
    loaded: &mut Vec<Loaded>,
    problems: &mut Vec<Problem>,
) {
    let mut found = Vec::new();
    let mut lost = Vec::new();
    for Directory { path, border } in directories {
        let border = border.as_deref();
        let mut listing = Listing { host, border, found, lost };
        listing.list(path, 0);
        Listing { found, lost, .. } = listing;
    }
    found.sort();
    found.dedup();
    let texts: Vec<&[u8]> =
        loaded.iter().filter_map(|file| file.tree.as_ref()).map(|t| t.text().as_bytes()).collect();
    found.retain(|(name, path)| {
        let named =
            || texts.iter().any(|text| memchr::memmem::find(text, name.as_bytes()).is_some());
        !loaded.iter().any(|file| file.input.path == *path) && named()
    });
    let current = host.current_dir();
    for (path, problem) in lost {
        let problem = problem.in_file(shown(&path, &current));
        // The walk has told of what lies in the repository.
        let is_told =
            |told: &Problem| (told.code, &told.location) == (problem.code, &problem.location);
        if !problems.iter().any(is_told) {
            problems.push(problem);
        }
    }
    let inputs = found.into_iter().map(|(_, path)| Input {
        shown: shown(&path, &current),
        from_root: shown(&path, &request.root),
        path,
        wanted: false,
        stdin: false,
    });
    let inputs: Vec<Input> = inputs.collect();
    if !inputs.is_empty() {
        let first = loaded.first().map_or(request.sources.len() as u32, |file| file.source.0);
        let first = first + loaded.len() as u32;
        loaded.extend(load::load(host, inputs, first, max_bytes));
    }
}

/// Reads the values files that are given for charts, whatever they look like.
pub(super) fn values(
    host: &dyn Host,
    request: &Request,
    max_bytes: u64,
    loaded: &mut Vec<Loaded>,
) -> Vec<Problem> {
    let current = host.current_dir();
    let first = loaded.first().map_or(request.sources.len() as u32, |file| file.source.0);
    let mut problems = Vec::new();
    for path in &request.values {
        let path = clean(&current.join(path));
        let at = loaded.iter().position(|file| file.input.path == path);
        let at = at.unwrap_or(loaded.len());
        if at == loaded.len() {
            let input = Input {
                shown: shown(&path, &current),
                from_root: shown(&path, &request.root),
                path: path.clone(),
                wanted: true,
                stdin: false,
            };
            loaded.push(Loaded::unread(input, SourceId(first + at as u32)));
        }
        let Some(file) = loaded.get_mut(at).filter(|file| file.parsed().is_none()) else {
            continue;
        };
        match host.read(&path, max_bytes).map(String::from_utf8) {
            Ok(Ok(text)) => file.data = Some(Tree::parse(text, file.source)),
            Ok(Err(_)) => problems.push(no_values(file, "it is no UTF-8")),
            Err(error) => problems.push(no_values(file, &error.to_string())),
        }
    }
    problems
}

fn no_values(file: &Loaded, why: &str) -> Problem {
    Problem::error(Code::UnreadableFile, format!("these values cannot be read: {why}"))
        .in_file(Arc::clone(&file.input.shown))
        .help("check the paths behind `--values`")
}

/// The charts below directories.
struct Listing<'h> {
    host: &'h dyn Host,
    /// See [`Directory::border`].
    border: Option<&'h Path>,
    /// What charts are called as far as that is known without reading them, and the file to read.
    found: Vec<(String, PathBuf)>,
    /// What is not read, and why.
    lost: Vec<(PathBuf, Problem)>,
}

impl Listing<'_> {
    fn list(&mut self, directory: &Path, depth: usize) {
        if !self.is_inside(directory) {
            return;
        }
        let entries = match self.host.list(directory) {
            Ok(entries) => entries,
            Err(error) => {
                let what = format!("it cannot be listed: {error}");
                let help = "give the user that runs kubeready the right to read it";
                let problem = Problem::error(Code::UnreadableDirectory, what).help(help);
                return self.lost.push((directory.to_path_buf(), problem));
            }
        };
        let own =
            |(name, kind): &(String, PathKind)| name == "Chart.yaml" && *kind == PathKind::File;
        if entries.iter().any(own) {
            let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or("");
            self.add(name, directory.join("Chart.yaml"));
            return;
        }
        for (name, kind) in entries {
            let path = directory.join(&name);
            match (kind, name.strip_suffix(".tgz")) {
                (PathKind::File, Some(stem)) => self.add(stem, path),
                (PathKind::Directory, _) if depth < MAX_DEPTH => self.list(&path, depth + 1),
                (PathKind::Missing, _) if !name.starts_with('.') => {
                    let what = "this link leads nowhere, so no chart is read from it";
                    let problem = Problem::error(Code::DanglingLink, what);
                    self.lost.push((path, problem.help("mend or delete the link")));
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, name: &str, path: PathBuf) {
        if self.is_inside(&path) {
            self.found.push((without_version(name).to_owned(), path));
        }
    }

    fn is_inside(&mut self, path: &Path) -> bool {
        let is_inside = self.border.is_none_or(|border| self.host.real(path).starts_with(border));
        if !is_inside {
            let what = "this link leads out of the repository, so no chart is read from it";
            let help = "put the chart into the repository; \
                        `--charts` on the command line may lead anywhere";
            let problem = Problem::error(Code::LinkLeavesRepository, what).help(help);
            self.lost.push((path.to_path_buf(), problem));
        }
        is_inside
    }
}

/// `redis` of `redis-18.1.2`.
fn without_version(stem: &str) -> &str {
    let dashes = stem.match_indices('-').map(|(at, _)| at);
    let version = |at: &usize| {
        let behind = stem.get(at + 1..).unwrap_or("");
        let behind = behind.strip_prefix('v').unwrap_or(behind);
        let number = behind.split(['-', '+']).next().unwrap_or(behind);
        number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.')
    };
    dashes.into_iter().find(version).and_then(|at| stem.get(..at)).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::without_version;

    #[test]
    fn names_end_where_versions_begin() {
        for (stem, name) in [
            ("redis-18.1.2", "redis"),
            ("cert-manager-v1.15.3", "cert-manager"),
            ("k8s-1-tool-2.0.0-rc.1", "k8s-1-tool"),
            ("redis", "redis"),
            ("log4j-2", "log4j-2"),
        ] {
            assert_eq!(without_version(stem), name, "{stem}");
        }
    }
}
