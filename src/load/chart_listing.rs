//! What lies in the directory of a chart, and what each file is to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::helmignore::Ignore;
use crate::host::{Host, PathKind};
use crate::problem::Code;

/// Charts within charts within charts.
pub(super) const MAX_DEPTH: usize = 8;

/// Files of one chart, its subcharts included.
const MAX_FILES: usize = 10_000;

/// What a file is to its chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Template,
    /// `Chart.yaml`, `values.yaml` and other YAML that is no manifest.
    Document,
    /// A file below `crds/`.
    Crd,
    /// `.helmignore`, `values.schema.json`.
    Text,
    /// An archive below `charts/`, or one given by itself.
    Archive,
    /// What templates may ask for through `.Files`.
    Other,
}

/// What a file of a chart is, by its path from the directory of that chart.
pub(super) fn part(inside: &str) -> Part {
    match inside {
        "Chart.yaml" | "Chart.lock" | "requirements.yaml" | "requirements.lock" | "values.yaml" => {
            Part::Document
        }
        "values.schema.json" | ".helmignore" => Part::Text,
        _ if inside.starts_with("templates/") => Part::Template,
        _ if inside.starts_with("crds/") => Part::Crd,
        _ => Part::Other,
    }
}

pub(crate) fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tgz")
}

/// What a directory holds that belongs to a chart.
pub(super) struct Listing<'h> {
    pub(super) host: &'h dyn Host,
    pub(super) root: &'h Path,
    pub(super) ignore: &'h Ignore,
    /// Also what only `.Files` sees.
    pub(super) others: bool,
    pub(super) found: BTreeMap<PathBuf, Part>,
    /// What cannot be listed, or is too much.
    pub(super) lost: Vec<(PathBuf, Code, String)>,
}

impl Listing<'_> {
    fn entries(&mut self, folder: &Path) -> Vec<(PathBuf, String, PathKind)> {
        let entries = self.host.list(folder).unwrap_or_else(|error| {
            let what = format!("it cannot be listed: {error}");
            self.lost.push((folder.to_path_buf(), Code::UnreadableDirectory, what));
            Vec::new()
        });
        entries.into_iter().map(|(name, kind)| (folder.join(&name), name, kind)).collect()
    }

    fn is_ignored(&self, path: &Path, kind: PathKind) -> bool {
        let inside = path.strip_prefix(self.root).unwrap_or(path).to_string_lossy();
        let inside = inside.replace('\\', "/");
        self.ignore.is_ignored(&inside, kind == PathKind::Directory)
    }

    /// The files of a chart and of its subcharts.
    pub(super) fn chart(&mut self, folder: &Path, depth: usize) {
        for (path, name, kind) in self.entries(folder) {
            let needed = kind == PathKind::File && part(&name) != Part::Other;
            if needed {
                self.add(path, part(&name));
            } else if !self.is_ignored(&path, kind) {
                match (kind, &*name) {
                    (PathKind::Directory, "templates") => self.folder(&path, Part::Template, 0),
                    (PathKind::Directory, "crds") => self.folder(&path, Part::Crd, 0),
                    (PathKind::Directory, "charts") => self.subcharts(&path, depth),
                    (PathKind::Directory, ".git") => {}
                    (PathKind::Directory, _) if self.others => self.folder(&path, Part::Other, 0),
                    (PathKind::File, _) if self.others => self.add(path, Part::Other),
                    _ => {}
                }
            }
        }
    }

    fn add(&mut self, path: PathBuf, part: Part) {
        if self.found.len() < MAX_FILES {
            self.found.insert(path, part);
        } else if self.found.len() == MAX_FILES && !self.found.contains_key(&path) {
            self.too_much(&path, &format!("this chart has more than {MAX_FILES} files"));
        }
    }

    /// Says once that something was left out.
    fn too_much(&mut self, path: &Path, what: &str) {
        if !self.lost.iter().any(|(_, code, _)| *code == Code::TooLarge) {
            let what = format!("{what}: this one was not read, and perhaps others");
            self.lost.push((path.to_path_buf(), Code::TooLarge, what));
        }
    }

    fn subcharts(&mut self, folder: &Path, depth: usize) {
        for (path, name, kind) in self.entries(folder) {
            if name.starts_with(['_', '.']) || self.is_ignored(&path, kind) {
                continue;
            }
            match kind {
                PathKind::Directory if depth < MAX_DEPTH => self.chart(&path, depth + 1),
                PathKind::Directory => {
                    self.too_much(
                        &path,
                        &format!("charts lie more than {MAX_DEPTH} deep in charts"),
                    );
                }
                PathKind::File if is_archive(&path) => self.add(path, Part::Archive),
                _ => {}
            }
        }
    }

    fn folder(&mut self, folder: &Path, part: Part, depth: usize) {
        // A link may lead back to where it lies.
        if depth > 32 {
            return self.too_much(folder, "directories lie more than 32 deep in a chart");
        }
        for (path, _, kind) in self.entries(folder) {
            if self.is_ignored(&path, kind) {
                continue;
            }
            match kind {
                PathKind::Directory => self.folder(&path, part, depth + 1),
                PathKind::File => self.add(path, part),
                PathKind::Missing => {}
            }
        }
    }
}
