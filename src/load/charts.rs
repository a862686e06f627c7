//! Completes charts: whatever belongs to one is read, once, also what no walk looks for: partials,
//! archives of subcharts, schemas, and the files that its templates may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::yaml::Tree;
use rustc_hash::FxHashMap;

use super::archive::{self, Member};
use super::chart_listing::{Listing, MAX_DEPTH, Part, is_archive, part};
use super::closure::told;
use super::helmignore::Ignore;
use super::{Class, Input, Loaded, Reason, decode, failed, unreadable};
use crate::guard;
use crate::host::{Host, PathKind};
use crate::parallel;
use crate::problem::{Code, Problem};
use crate::source::SourceId;

/// A larger file cannot be part of a release: all of one, packed, is stored in a Secret.
const MAX_FILE: u64 = 1 << 20;

/// What `.Files` of one chart may see, in bytes.
const MAX_OTHERS: usize = 64 << 20;

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
    let mut roots: Vec<Root> =
        parallel::map(roots(host, charts).into_iter().collect(), 2, |root| {
            Root::new(host, root, max_bytes)
        });
    roots.extend(archives.into_iter().map(Root::archive));
    let mut reading = Reading::new(host, loaded, first, max_bytes);
    reading.roots(&mut roots);
    reading.values();
}

/// What belongs to a chart and could not be read: its path, what kind of problem, and why.
type Lost = (PathBuf, Code, String);

/// A chart that is no subchart.
struct Root {
    directory: PathBuf,
    ignore: Ignore,
    /// Links may lead anywhere below this.
    boundary: PathBuf,
    files: BTreeMap<PathBuf, Part>,
    lost: Vec<Lost>,
    /// What of that was told.
    told: Vec<Lost>,
    templates: Vec<usize>,
    /// Members of archives that only `.Files` sees.
    others: Vec<usize>,
}

impl Root {
    fn new(host: &dyn Host, directory: PathBuf, max_bytes: u64) -> Self {
        let text = host.read(&directory.join(".helmignore"), max_bytes).unwrap_or_default();
        let ignore = Ignore::parse(&String::from_utf8_lossy(&text));
        let ignore = ignore.unwrap_or_else(|(_, known)| known);
        let repository = directory
            .ancestors()
            .find(|folder| host.kind(&folder.join(".git")) != PathKind::Missing)
            .or_else(|| directory.ancestors().last());
        let boundary = host.real(repository.unwrap_or(&directory));
        let (templates, others) = (Vec::new(), Vec::new());
        let mut root = Self {
            directory,
            ignore,
            boundary,
            files: BTreeMap::new(),
            lost: Vec::new(),
            told: Vec::new(),
            templates,
            others,
        };
        (root.files, root.lost) = root.list(host, false);
        root
    }

    /// A chart that is an archive by itself.
    fn archive(path: PathBuf) -> Self {
        Self {
            directory: path.parent().unwrap_or(&path).to_path_buf(),
            ignore: Ignore::default(),
            boundary: PathBuf::from("/"),
            files: BTreeMap::from([(path, Part::Archive)]),
            lost: Vec::new(),
            told: Vec::new(),
            templates: Vec::new(),
            others: Vec::new(),
        }
    }

    fn list(&self, host: &dyn Host, others: bool) -> (BTreeMap<PathBuf, Part>, Vec<Lost>) {
        let (root, ignore) = (&*self.directory, &self.ignore);
        let (found, lost) = (BTreeMap::new(), Vec::new());
        let mut listing = Listing { host, root, ignore, others, found, lost };
        listing.chart(root, 0);
        (listing.found, listing.lost)
    }
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

/// A file to read.
struct Job {
    at: usize,
    path: PathBuf,
    part: Part,
}

struct Reading<'r> {
    host: &'r dyn Host,
    loaded: &'r mut Vec<Loaded>,
    by_path: FxHashMap<PathBuf, usize>,
    first: u32,
    max_bytes: u64,
    /// Bytes of archives so far.
    unpacked: usize,
}

impl<'r> Reading<'r> {
    fn new(host: &'r dyn Host, loaded: &'r mut Vec<Loaded>, first: u32, max_bytes: u64) -> Self {
        let by_path =
            loaded.iter().enumerate().map(|(at, file)| (file.input.path.clone(), at)).collect();
        Self { host, loaded, by_path, first, max_bytes, unpacked: 0 }
    }

    /// Reads charts and their subcharts.
    fn roots(&mut self, roots: &mut [Root]) {
        let mut jobs = Vec::new();
        for root in &mut *roots {
            let files = std::mem::take(&mut root.files);
            for (path, &part) in &files {
                let Some(at) = self.place(root, path) else { continue };
                if part == Part::Template {
                    root.templates.push(at);
                }
                if self.loaded.get(at).is_some_and(|file| lacks(file, part)) {
                    jobs.push(Job { at, path: path.clone(), part });
                }
            }
            root.files = files;
        }
        self.read(jobs);
        for root in &mut *roots {
            self.archives(root);
            self.tell(root);
        }
        let asks = |root: &&mut Root| {
            root.templates.iter().any(|at| self.loaded.get(*at).is_some_and(mentions_files))
        };
        let (asking, others): (Vec<&mut Root>, Vec<&mut Root>) = roots.iter_mut().partition(asks);
        for at in others.into_iter().flat_map(|root| &root.others) {
            if let Some(file) = self.loaded.get_mut(*at) {
                file.raw = None;
            }
        }
        for root in asking {
            let mut jobs = Vec::new();
            let (files, lost) = root.list(self.host, true);
            // What the first look lost was told.
            root.lost.extend(lost.into_iter().filter(|lost| !root.told.contains(lost)));
            for (path, part) in files {
                if root.files.contains_key(&path) {
                    continue;
                }
                let Some(at) = self.place(root, &path) else { continue };
                if self.loaded.get(at).is_some_and(|file| lacks(file, part)) {
                    jobs.push(Job { at, path, part });
                }
            }
            self.tell(root);
            self.read_others(jobs);
        }
    }

    /// Says at a chart's own file what of it is lost.
    fn tell(&mut self, root: &mut Root) {
        let own = self.by_path.get(&root.directory.join("Chart.yaml")).copied();
        let Some(file) = own.and_then(|at| self.loaded.get_mut(at)) else { return };
        for (path, code, what) in std::mem::take(&mut root.lost) {
            root.told.push((path.clone(), code, what.clone()));
            let path = told(&file.input.path, &file.input.shown, &path);
            file.problems.push(Problem::error(code, what).in_file(path));
        }
    }

    /// Reads what `.Files` sees, until it is more than any release may hold.
    fn read_others(&mut self, jobs: Vec<Job>) {
        let mut jobs = jobs.into_iter().peekable();
        let mut left = MAX_OTHERS;
        while jobs.peek().is_some() {
            let some: Vec<Job> = jobs.by_ref().take(64).collect();
            let numbers: Vec<usize> = some.iter().map(|job| job.at).collect();
            self.read(some);
            let files = numbers.into_iter().filter_map(|at| self.loaded.get(at)?.raw.as_ref());
            let Some(rest) = left.checked_sub(files.map(|raw| raw.len()).sum()) else { return };
            left = rest;
        }
    }

    /// Reads files in parallel, each for what it is to its chart.
    fn read(&mut self, jobs: Vec<Job>) {
        let (host, max_bytes) = (self.host, self.max_bytes);
        let first = self.first;
        let read = |job: Job| {
            let limit = match job.part {
                Part::Other => MAX_FILE,
                Part::Archive => archive::MAX_PACKED,
                _ => max_bytes,
            };
            let source = SourceId(first + job.at as u32);
            let read = || match host.read(&job.path, limit) {
                Ok(bytes) => kept(&job.path, source, job.part, bytes),
                // A file of any kind and size may lie beside the others, and most are never asked for.
                Err(error) if job.part == Part::Other => {
                    let told = unreadable(&error).aside();
                    Kept::Problem(told.help("templates that ask for it by `.Files` get nothing"))
                }
                Err(error) => Kept::Problem(unreadable(&error)),
            };
            (job.at, Kept::surely(read))
        };
        for (at, kept) in parallel::map(jobs, parallel::FEW, read) {
            if let Some(file) = self.loaded.get_mut(at) {
                kept.give(file);
            }
        }
    }

    /// The position of a file, made if it is new; `None` for what links lead out of the repository
    /// to.
    fn place(&mut self, root: &mut Root, path: &Path) -> Option<usize> {
        if let Some(&at) = self.by_path.get(path) {
            return Some(at);
        }
        let real = self.host.real(path);
        if let Some(&at) = self.by_path.get(&real) {
            self.by_path.insert(path.to_path_buf(), at);
            self.loaded.get_mut(at)?.aliases.push(path.to_path_buf());
            return Some(at);
        }
        if !real.starts_with(&root.boundary) {
            let what = "this link leads out of the repository and was not followed".to_owned();
            let lost = (path.to_path_buf(), Code::LinkNotFollowed, what);
            if !root.lost.contains(&lost) && !root.told.contains(&lost) {
                root.lost.push(lost);
            }
            return None;
        }
        let at = self.add(&root.directory, path, None);
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

    /// Unpacks the archives of a chart.
    fn archives(&mut self, root: &mut Root) {
        let archives = root.files.iter().filter(|(_, part)| **part == Part::Archive);
        let mut jobs: Vec<(usize, Arc<[u8]>)> = Vec::new();
        for (path, _) in archives {
            let Some(&at) = self.by_path.get(path) else { continue };
            let Some(file) = self.loaded.get_mut(at) else { continue };
            // The bytes are of no further use.
            jobs.extend(file.raw.take().map(|raw| (at, raw)));
        }
        let unpacked = parallel::map(jobs, 2, |(at, raw)| (at, archive::unpack(&raw)));
        for (at, members) in unpacked {
            let Some(file) = self.loaded.get(at) else { continue };
            let path: Arc<Path> = file.input.path.as_path().into();
            match members {
                Ok(members) => self.members(at, &path, &path, members, 0, root),
                Err(why) => self.broken(at, &why),
            }
        }
    }

    fn broken(&mut self, at: usize, why: &str) {
        let Some(file) = self.loaded.get_mut(at) else { return };
        let problem =
            Problem::error(Code::BrokenArchive, format!("this archive cannot be used: {why}"))
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
        root: &mut Root,
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
                        self.members(number, outer, &full, inner, depth + 1, root);
                    }
                    Ok(_) => self.broken(number, "archives lie in each other too deep"),
                    Err(why) => self.broken(number, &why),
                }
                continue;
            }
            match part {
                Part::Template => root.templates.push(number),
                Part::Other => root.others.push(number),
                _ => {}
            }
            let source = SourceId(self.first + number as u32);
            let kept = Kept::surely(|| kept(&full, source, part, bytes));
            if let Some(file) = self.loaded.get_mut(number) {
                kept.give(file);
            }
        }
    }

    /// Gives the files of values that were walked their trees.
    fn values(&mut self) {
        let max_bytes = self.max_bytes;
        let host = self.host;
        let values = self.loaded.iter_mut().filter(|file| {
            let is_values = file.class == Class::LeftAlone(Reason::HelmValues);
            is_values && !file.input.stdin && lacks(file, Part::Document)
        });
        parallel::map(values.collect(), parallel::FEW, |file| {
            let (path, part) = (&file.input.path, Part::Document);
            let read = || match host.read(path, max_bytes) {
                Ok(bytes) => kept(path, file.source, part, bytes),
                Err(error) => Kept::Problem(unreadable(&error)),
            };
            Kept::surely(read).give(file);
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
        // What could not be read once is told once.
        Part::Document | Part::Crd => {
            file.parsed().is_none() && file.raw.is_none() && file.problems.is_empty()
        }
        Part::Archive => file.raw.is_none() && file.problems.is_empty(),
        Part::Template | Part::Text | Part::Other => file.bytes().is_none(),
    }
}

/// What was read, in the form that charts need it.
enum Kept {
    Tree(Box<Tree>),
    Bytes(Arc<[u8]>),
    Problem(Problem),
}

impl Kept {
    /// What comes of reading a file, be it a fault of ours.
    fn surely(read: impl FnOnce() -> Self) -> Self {
        guard::catch(read).unwrap_or_else(|panic| Kept::Problem(failed(&panic)))
    }

    fn give(self, file: &mut Loaded) {
        match self {
            Kept::Tree(tree) => file.data = Some(*tree),
            Kept::Bytes(bytes) => file.raw = Some(bytes),
            Kept::Problem(problem) => {
                file.problems.push(problem.in_file(Arc::clone(&file.input.shown)));
            }
        }
    }
}

fn kept(path: &Path, source: SourceId, part: Part, bytes: Vec<u8>) -> Kept {
    let is_document = match part {
        Part::Document => true,
        Part::Crd => {
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
            ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        }
        _ => false,
    };
    if is_document {
        return match decode(bytes) {
            Ok(text) => Kept::Tree(Box::new(Tree::parse(Arc::<str>::from(text), source))),
            Err(problem) => Kept::Problem(problem),
        };
    }
    // As Helm does, so that places are told from behind the mark.
    let has_mark = bytes.starts_with(b"\xef\xbb\xbf") && part != Part::Archive;
    let text = if has_mark { bytes.get(3..).unwrap_or(&[]) } else { &bytes };
    Kept::Bytes(text.into())
}
