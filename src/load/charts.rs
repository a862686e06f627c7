//! Completes charts: whatever belongs to one is read, once, also what no walk looks for: partials,
//! archives of subcharts, schemas, and the files that its templates may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::yaml::Tree;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::archive::{self, Member};
use super::chart_listing::{Listing, MAX_DEPTH, Part, is_archive, part};
use super::closure::told;
use super::helmignore::Ignore;
use super::{Class, Input, Loaded, Reason, decode, unreadable};
use crate::host::{Host, PathKind};
use crate::problem::Problem;
use crate::source::SourceId;

/// A larger file cannot be part of a release.
const MAX_FILE: u64 = 1 << 20;

/// What all archives of a run together may hold, unpacked.
const MAX_ARCHIVES: usize = 512 << 20;

/// Reads what belongs to charts. `charts` are the directories that hold a `Chart.yaml`.
pub(super) fn complete(
    host: &dyn Host,
    loaded: &mut Vec<Loaded>,
    charts: &BTreeSet<PathBuf>,
    first: u32,
    max_bytes: u64,
) {
    let archives: BTreeSet<PathBuf> =
        loaded.iter().map(|f| &f.input.path).filter(|path| is_archive(path)).cloned().collect();
    if charts.is_empty() && archives.is_empty() {
        return;
    }
    let mut reading = Reading::new(host, loaded, first, max_bytes);
    for root in roots(host, charts) {
        reading.chart(&root);
    }
    for archive in archives {
        reading.root_archive(&archive);
    }
    reading.values();
}

/// Charts that are no subcharts of another one.
fn roots(host: &dyn Host, charts: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let above = |chart: &Path| -> Option<PathBuf> {
        let folder = chart.parent().filter(|folder| folder.ends_with("charts"))?;
        let above = folder.parent()?;
        let is_chart =
            charts.contains(above) || host.kind(&above.join("Chart.yaml")) == PathKind::File;
        is_chart.then(|| above.to_path_buf())
    };
    let root = |chart: &PathBuf| {
        let mut root = chart.clone();
        while let Some(parent) = above(&root) {
            root = parent;
        }
        root
    };
    charts.iter().map(root).collect()
}

/// A file to read: what is known of it, or what it will be.
struct Job {
    at: usize,
    path: PathBuf,
    part: Part,
}

pub(super) struct Reading<'r> {
    host: &'r dyn Host,
    loaded: &'r mut Vec<Loaded>,
    by_path: FxHashMap<PathBuf, usize>,
    first: u32,
    max_bytes: u64,
    /// Bytes of archives so far.
    unpacked: usize,
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        host: &'r dyn Host,
        loaded: &'r mut Vec<Loaded>,
        first: u32,
        max_bytes: u64,
    ) -> Self {
        let by_path =
            loaded.iter().enumerate().map(|(at, file)| (file.input.path.clone(), at)).collect();
        Self { host, loaded, by_path, first, max_bytes, unpacked: 0 }
    }

    /// Reads a chart that lies in a directory, and its subcharts.
    pub(super) fn chart(&mut self, root: &Path) {
        let ignore = self.ignore(root);
        let mut listing = Listing {
            host: self.host,
            root,
            ignore: &ignore,
            others: false,
            found: BTreeMap::new(),
        };
        listing.chart(root, 0);
        let known = listing.found;
        let mut templates = self.read(root, &known);
        templates.extend(self.archives(&known));
        let asks = |at: &usize| self.loaded.get(*at).is_some_and(mentions_files);
        if templates.iter().any(asks) {
            let mut listing = Listing {
                host: self.host,
                root,
                ignore: &ignore,
                others: true,
                found: BTreeMap::new(),
            };
            listing.chart(root, 0);
            let others: BTreeMap<PathBuf, Part> =
                listing.found.into_iter().filter(|(path, _)| !known.contains_key(path)).collect();
            self.read(root, &others);
        } else {
            self.forget_others(root);
        }
    }

    /// Reads a chart that is an archive by itself.
    pub(super) fn root_archive(&mut self, archive: &Path) {
        let known = BTreeMap::from([(archive.to_path_buf(), Part::Archive)]);
        self.read(archive.parent().unwrap_or(archive), &known);
        let templates = self.archives(&known);
        if !templates.iter().any(|at| self.loaded.get(*at).is_some_and(mentions_files)) {
            self.forget_others(archive);
        }
    }

    fn ignore(&self, root: &Path) -> Ignore {
        let text = self.host.read(&root.join(".helmignore"), self.max_bytes).ok();
        let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ignore::parse(text.as_deref().unwrap_or("")).unwrap_or_else(|(_, known)| known)
    }

    /// Reads files in parallel, each for what it is to its chart; positions of the templates.
    fn read(&mut self, root: &Path, files: &BTreeMap<PathBuf, Part>) -> Vec<usize> {
        let mut jobs = Vec::new();
        let mut templates = Vec::new();
        for (path, &part) in files {
            let Some(at) = self.place(root, path) else { continue };
            if part == Part::Template {
                templates.push(at);
            }
            if self.loaded.get(at).is_some_and(|file| lacks(file, part)) {
                jobs.push(Job { at, path: path.clone(), part });
            }
        }
        let (host, max_bytes) = (self.host, self.max_bytes);
        let read = |job: Job| {
            let limit = match job.part {
                Part::Other => MAX_FILE,
                Part::Archive => archive::MAX_PACKED,
                _ => max_bytes,
            };
            (host.read(&job.path, limit), job)
        };
        let read: Vec<_> = if jobs.len() < 8 {
            jobs.into_iter().map(read).collect()
        } else {
            jobs.into_par_iter().map(read).collect()
        };
        for (bytes, job) in read {
            let Some(file) = self.loaded.get_mut(job.at) else { continue };
            match bytes {
                Ok(bytes) => keep(file, job.part, bytes),
                // A file of any kind and size may lie beside the others.
                Err(_) if job.part == Part::Other => {}
                Err(error) => {
                    let problem = unreadable(&error).in_file(Arc::clone(&file.input.shown));
                    file.problems.push(problem);
                }
            }
        }
        templates
    }

    /// The position of a file, made if it is new; `None` for what is reached by another path.
    fn place(&mut self, root: &Path, path: &Path) -> Option<usize> {
        if let Some(&at) = self.by_path.get(path) {
            return Some(at);
        }
        let real = self.host.real(path);
        if let Some(&at) = self.by_path.get(&real) {
            self.by_path.insert(path.to_path_buf(), at);
            self.loaded.get_mut(at)?.aliases.push(path.to_path_buf());
            return Some(at);
        }
        let at = self.add(root, path, None);
        if real != path {
            self.loaded.get_mut(at)?.real = Some(real);
        }
        Some(at)
    }

    /// Makes a place for a file below a directory that a chart is read from.
    fn add(&mut self, root: &Path, path: &Path, archive: Option<&Arc<Path>>) -> usize {
        let beside = self.by_path.get(&root.join("Chart.yaml")).or_else(|| {
            // A template given by itself, an archive.
            self.by_path.get(archive.map_or(root, |archive| archive))
        });
        let known = beside.and_then(|&at| self.loaded.get(at));
        let wanted = known.is_some_and(|file| file.input.wanted);
        let known = known.or_else(|| self.loaded.iter().find(|f| f.input.path.starts_with(root)));
        let shown = path.to_string_lossy().replace('\\', "/");
        let (shown, from_root) = match known.map(|file| &file.input) {
            Some(by) => (told(&by.path, &by.shown, path), told(&by.path, &by.from_root, path)),
            None => (Arc::from(&*shown), Arc::from(&*shown)),
        };
        let at = self.loaded.len();
        let input = Input { path: path.to_path_buf(), shown, from_root, wanted, stdin: false };
        let mut file = Loaded::unread(input, SourceId(self.first + at as u32));
        file.class = Class::ChartFile;
        file.archive = archive.cloned();
        self.loaded.push(file);
        self.by_path.insert(path.to_path_buf(), at);
        at
    }

    /// Unpacks the archives among files; positions of the templates in them.
    fn archives(&mut self, files: &BTreeMap<PathBuf, Part>) -> Vec<usize> {
        let archives = files.iter().filter(|(_, part)| **part == Part::Archive);
        let mut jobs: Vec<(usize, Arc<[u8]>)> = Vec::new();
        for (path, _) in archives {
            let Some(&at) = self.by_path.get(path) else { continue };
            let Some(file) = self.loaded.get_mut(at) else { continue };
            // The bytes are of no further use.
            jobs.extend(file.raw.take().map(|raw| (at, raw)));
        }
        let unpacked: Vec<_> =
            jobs.into_par_iter().map(|(at, raw)| (at, archive::unpack(&raw))).collect();
        let mut templates = Vec::new();
        for (at, members) in unpacked {
            let Some(file) = self.loaded.get(at) else { continue };
            let path: Arc<Path> = file.input.path.as_path().into();
            match members {
                Ok(members) => self.members(at, &path, &path, members, 0, &mut templates),
                Err(why) => self.broken(at, &why),
            }
        }
        templates
    }

    fn broken(&mut self, at: usize, why: &str) {
        let Some(file) = self.loaded.get_mut(at) else { return };
        let problem =
            Problem::error("broken-archive", format!("this archive cannot be used: {why}"))
                .in_file(Arc::clone(&file.input.shown))
                .help("pull the chart again: `helm dependency update`");
        file.problems.push(problem);
    }

    /// Makes sources of what an archive holds. `outer` is the file on the disk, `inner` the archive
    /// itself, which may lie in it.
    fn members(
        &mut self,
        at: usize,
        outer: &Arc<Path>,
        inner: &Path,
        members: Vec<Member>,
        depth: usize,
        templates: &mut Vec<usize>,
    ) {
        self.unpacked += members.iter().map(|member| member.bytes.len()).sum::<usize>();
        if self.unpacked > MAX_ARCHIVES {
            return self.broken(at, "all archives together hold too much");
        }
        for Member { path, bytes } in members {
            let Some((charts, inside)) = chart_of(&path) else { continue };
            let part = if is_archive(Path::new(inside)) && !charts {
                Part::Other
            } else if is_archive(Path::new(inside)) {
                Part::Archive
            } else {
                part(inside)
            };
            let full = inner.join(&path);
            if self.by_path.contains_key(&full) {
                continue;
            }
            let number = self.add(outer.parent().unwrap_or(outer), &full, Some(outer));
            if part == Part::Archive {
                match archive::unpack(&bytes) {
                    Ok(inner) if depth < MAX_DEPTH => {
                        self.members(number, outer, &full, inner, depth + 1, templates);
                    }
                    Ok(_) => self.broken(number, "archives lie in each other too deep"),
                    Err(why) => self.broken(number, &why),
                }
                continue;
            }
            if part == Part::Template {
                templates.push(number);
            }
            if let Some(file) = self.loaded.get_mut(number) {
                keep(file, part, bytes);
            }
        }
    }

    /// Drops the bytes of members of archives that nothing asks for.
    fn forget_others(&mut self, root: &Path) {
        for file in self.loaded.iter_mut().filter(|file| file.archive.is_some()) {
            let Ok(inside) = file.input.path.strip_prefix(root) else { continue };
            let inside = inside.to_string_lossy();
            let behind = inside.rsplit_once(".tgz/").map_or(&*inside, |(_, behind)| behind);
            if file.data.is_none()
                && chart_of(behind).is_some_and(|(_, inside)| part(inside) == Part::Other)
            {
                file.raw = None;
            }
        }
    }

    /// Gives the files of values that were walked their trees.
    fn values(&mut self) {
        let max_bytes = self.max_bytes;
        let host = self.host;
        self.loaded.par_iter_mut().with_min_len(64).for_each(|file| {
            let is_values = file.class == Class::LeftAlone(Reason::HelmValues);
            if is_values && !file.input.stdin && lacks(file, Part::Document) {
                match host.read(&file.input.path, max_bytes) {
                    Ok(bytes) => keep(file, Part::Document, bytes),
                    Err(error) => {
                        let shown = Arc::clone(&file.input.shown);
                        file.problems.push(unreadable(&error).in_file(shown));
                    }
                }
            }
        });
    }
}

/// Of a path in an archive: whether it lies right below `charts/`, and the path from the directory of
/// the innermost chart that it belongs to.
fn chart_of(path: &str) -> Option<(bool, &str)> {
    let (_, mut inside) = path.split_once('/')?;
    let mut depth = 0;
    while let Some(rest) = inside.strip_prefix("charts/") {
        let Some((_, deeper)) = rest.split_once('/') else { return Some((true, rest)) };
        depth += 1;
        if depth > MAX_DEPTH {
            return None;
        }
        inside = deeper;
    }
    Some((false, inside))
}

fn mentions_files(file: &Loaded) -> bool {
    let bytes = file.bytes().unwrap_or_default();
    memchr::memmem::find(bytes, b".Files").is_some()
}

fn lacks(file: &Loaded, part: Part) -> bool {
    match part {
        Part::Document | Part::Crd => file.parsed().is_none() && file.raw.is_none(),
        Part::Archive => file.raw.is_none() && file.problems.is_empty(),
        Part::Template | Part::Text | Part::Other => file.bytes().is_none(),
    }
}

/// Keeps what was read in the form that charts need it.
fn keep(file: &mut Loaded, part: Part, bytes: Vec<u8>) {
    let is_document = match part {
        Part::Document => true,
        Part::Crd => {
            let extension = file.input.path.extension().and_then(|e| e.to_str()).unwrap_or("");
            ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        }
        _ => false,
    };
    if is_document {
        match decode(bytes) {
            Ok(text) => file.data = Some(Tree::parse(Arc::<str>::from(text), file.source)),
            Err(problem) => {
                file.problems.push(problem.in_file(Arc::clone(&file.input.shown)));
            }
        }
        return;
    }
    // As Helm does, so that places are told from behind the mark.
    let has_mark = bytes.starts_with(b"\xef\xbb\xbf") && part != Part::Archive;
    let text = if has_mark { bytes.get(3..).unwrap_or(&[]) } else { &bytes };
    file.raw = Some(text.into());
}
