//! Completes what was walked: every file that a kustomization names is read, once, whatever its
//! name, and even if git or the settings leave it out.
//!
//! Kustomize reads bases from anywhere and files from its own directory and below. Here bases stay
//! within the repository, links resolved, so that a kustomization cannot make kubeready read the rest
//! of the machine; where there is no repository they may lie anywhere, as for kustomize.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::yaml::Tree;
use rustc_hash::{FxHashMap, FxHashSet};

use super::kustomization::{Reference, Use, plugin_references, references};
use super::{Class, Input, KUSTOMIZATION_NAMES, LoadRestrictor, Loaded, Reason, beside};
use crate::guard;
use crate::host::{Host, PathKind};
use crate::parallel;
use crate::problem::Code;
use crate::source::SourceId;
use crate::walk::clean;

/// Reads what kustomizations name and gives files the class of their use.
pub(super) fn complete(
    host: &dyn Host,
    loaded: &mut Vec<Loaded>,
    first: u32,
    max_bytes: u64,
    restrictor: LoadRestrictor,
) {
    if !loaded.iter().any(|file| file.class == Class::Kustomization) {
        return;
    }
    let by_path = loaded.iter().enumerate().map(|(at, f)| (clean(&f.input.path), at)).collect();
    let mut closure = Closure {
        host,
        first,
        max_bytes,
        unrestricted: restrictor == LoadRestrictor::None,
        by_path,
        uses: FxHashMap::default(),
        missing: FxHashSet::default(),
        boundaries: FxHashMap::default(),
        reals: FxHashMap::default(),
        followed: BTreeMap::new(),
        plugins: Vec::new(),
    };
    let mut pending: Vec<usize> =
        (0..loaded.len()).filter(|&at| loaded[at].class == Class::Kustomization).collect();
    // Each round reads what the kustomizations of the round before named; it ends, for every path
    // is read or found missing once.
    while !pending.is_empty() {
        pending = closure.round(loaded, &pending);
    }
    closure.assign(loaded);
}

/// What is to be read, by path.
#[derive(Clone, Debug)]
struct Want {
    usage: Use,
    wanted: bool,
    /// The kustomization that names it.
    by: usize,
}

struct Closure<'h> {
    host: &'h dyn Host,
    first: u32,
    max_bytes: u64,
    unrestricted: bool,
    by_path: FxHashMap<PathBuf, usize>,
    uses: FxHashMap<PathBuf, Use>,
    missing: FxHashSet<PathBuf>,
    /// The directory that may be read from, by directory of a kustomization.
    boundaries: FxHashMap<PathBuf, PathBuf>,
    /// Directories, links resolved.
    reals: FxHashMap<PathBuf, PathBuf>,
    /// Where files of the walk lead to, if that is out of their directory.
    followed: BTreeMap<PathBuf, Option<PathBuf>>,
    /// Configurations of plugins that are still to be looked into: the kustomization, the file.
    plugins: Vec<(usize, PathBuf)>,
}

impl Closure<'_> {
    /// One round; the kustomizations that it read.
    fn round(&mut self, loaded: &mut Vec<Loaded>, pending: &[usize]) -> Vec<usize> {
        let mut wants = BTreeMap::new();
        for &at in pending {
            let Some(tree) = &loaded[at].tree else { continue };
            let Some((_, root)) = tree.documents().next() else { continue };
            for reference in references(root) {
                let path = self.want(loaded, at, reference, &mut wants);
                if reference.plugin {
                    self.plugins.push((at, path));
                }
            }
            for field in ["generators", "transformers", "validators"] {
                for inline in root.items_at(field).filter(|item| item.text().contains('\n')) {
                    let tree = Tree::parse(inline.text(), loaded[at].source);
                    for (_, document) in tree.documents() {
                        for reference in plugin_references(document) {
                            self.want(loaded, at, reference, &mut wants);
                        }
                    }
                }
            }
        }
        let mut fresh = self.read(loaded, &mut wants);
        // What was read may be the configuration of a plugin that names files.
        let mut wants = BTreeMap::new();
        for (at, path) in std::mem::take(&mut self.plugins) {
            let mut files = Vec::new();
            self.configurations(loaded, &path, 0, &mut files);
            for file in files {
                let Some(tree) = &loaded[file].tree else { continue };
                for (_, document) in tree.documents() {
                    for reference in plugin_references(document) {
                        self.want(loaded, at, reference, &mut wants);
                    }
                }
            }
            // What is still to be read may name files as well.
            if !fresh.is_empty() {
                self.plugins.push((at, path));
            }
        }
        fresh.extend(self.read(loaded, &mut wants));
        fresh
    }

    /// The files that hold the configurations of plugins: the path itself, or what a kustomization
    /// there names.
    fn configurations(&self, loaded: &[Loaded], path: &Path, depth: u32, files: &mut Vec<usize>) {
        if let Some(&file) = self.by_path.get(path) {
            files.push(file);
            return;
        }
        let own = KUSTOMIZATION_NAMES.iter().find_map(|n| self.by_path.get(&path.join(n)));
        let Some(own) = own.and_then(|&at| loaded.get(at)).filter(|_| depth < 8) else { return };
        let root = own.tree.as_ref().and_then(|tree| tree.documents().next());
        for reference in root.map_or_else(Vec::new, |(_, root)| references(root)) {
            if matches!(reference.usage, Use::Resource | Use::Directory) {
                let path = beside(&own.input.path, reference.path);
                self.configurations(loaded, &path, depth + 1, files);
            }
        }
    }

    /// Notes a use of a path, and that it is to be read if it is not known.
    fn want(
        &mut self,
        loaded: &[Loaded],
        by: usize,
        reference: Reference<'_>,
        wants: &mut BTreeMap<PathBuf, Want>,
    ) -> PathBuf {
        let from = &loaded[by];
        let place = from.real.as_deref().unwrap_or(&from.input.path);
        let path = beside(place, reference.path);
        let usage = reference.usage;
        let add = |path: PathBuf, usage, wants: &mut BTreeMap<PathBuf, Want>| {
            let wanted = from.input.wanted;
            let entry = wants.entry(path).or_insert(Want { usage, wanted, by });
            entry.usage = entry.usage.max(usage);
            entry.wanted |= wanted;
        };
        if let Some(&known) = self.by_path.get(&path) {
            if usage != Use::Directory {
                if loaded[known].real.is_none() {
                    self.follow(place, &path);
                }
                let all = self.uses.entry(path.clone()).or_insert(usage);
                *all = (*all).max(usage);
                if lacks(&loaded[known], usage) {
                    add(path.clone(), usage, wants);
                }
            }
            return path;
        }
        if self.missing.contains(&path) {
            return path;
        }
        let may_be_directory = matches!(usage, Use::Directory | Use::Resource) || reference.plugin;
        let named = |folder: &Path| KUSTOMIZATION_NAMES.map(|name| folder.join(name));
        if may_be_directory && named(&path).iter().any(|file| self.by_path.contains_key(file)) {
            return path;
        }
        match self.host.kind(&path) {
            PathKind::File if usage != Use::Directory => {
                let own = place.parent().unwrap_or(Path::new(""));
                if (self.unrestricted || path.starts_with(own)) && self.may_read(own, &path) {
                    let all = self.uses.entry(path.clone()).or_insert(usage);
                    *all = (*all).max(usage);
                    add(path.clone(), usage, wants);
                } else {
                    self.missing.insert(path.clone());
                }
            }
            PathKind::Directory if may_be_directory => {
                let own = place.parent().unwrap_or(Path::new("")).to_path_buf();
                let mut any = false;
                for file in named(&path) {
                    if self.host.kind(&file) == PathKind::File && self.may_read(&own, &file) {
                        any = true;
                        add(file, Use::Directory, wants);
                    }
                }
                if !any {
                    self.missing.insert(path.clone());
                }
            }
            _ => {
                self.missing.insert(path.clone());
            }
        }
        path
    }

    /// Notes where a file that the walk found really is, if it is a link that leads out of the
    /// directory of the kustomization that names it.
    fn follow(&mut self, place: &Path, path: &Path) {
        let own = place.parent().unwrap_or(Path::new(""));
        if !path.starts_with(own) || self.followed.contains_key(path) {
            return;
        }
        if !self.reals.contains_key(own) {
            self.reals.insert(own.to_path_buf(), self.host.real(own));
        }
        let real = self.host.real(path);
        let is_inside = self.reals.get(own).is_some_and(|own| real.starts_with(own));
        self.followed.insert(path.to_path_buf(), (!is_inside).then_some(real));
    }

    /// Whether a path, links resolved, lies in what may be read for a kustomization in `own`.
    fn may_read(&mut self, own: &Path, path: &Path) -> bool {
        if !self.boundaries.contains_key(own) {
            let host = self.host;
            let repository =
                own.ancestors().find(|a| host.kind(&a.join(".git")) != PathKind::Missing);
            let boundary = repository.or_else(|| own.ancestors().last()).unwrap_or(own);
            self.boundaries.insert(own.to_path_buf(), host.real(boundary));
        }
        self.boundaries.get(own).is_some_and(|b| self.host.real(path).starts_with(b))
    }

    /// Reads what is wanted, in parallel; new files are numbered in the order of their paths. The
    /// kustomizations among them.
    fn read(
        &mut self,
        loaded: &mut Vec<Loaded>,
        wants: &mut BTreeMap<PathBuf, Want>,
    ) -> Vec<usize> {
        let mut jobs = Vec::new();
        for (path, want) in std::mem::take(wants) {
            if let Some(&at) = self.by_path.get(&path) {
                jobs.push((loaded[at].input.clone(), loaded[at].source, None, want.usage, at));
                continue;
            }
            let real = self.host.real(&path);
            if let Some(&at) = self.by_path.get(&real) {
                // A link to what was read anyway.
                self.by_path.insert(path.clone(), at);
                if want.usage != Use::Directory {
                    let all = self.uses.entry(clean(&loaded[at].input.path)).or_insert(want.usage);
                    *all = (*all).max(want.usage);
                    if lacks(&loaded[at], want.usage) {
                        let input = loaded[at].input.clone();
                        jobs.push((input, loaded[at].source, None, want.usage, at));
                    }
                }
                loaded[at].aliases.push(path);
                continue;
            }
            let by = &loaded[want.by].input;
            let input = Input {
                shown: told(&by.path, &by.shown, &path),
                from_root: told(&by.path, &by.from_root, &path),
                path: path.clone(),
                wanted: want.wanted,
                stdin: false,
            };
            let at = loaded.len();
            let source = SourceId(self.first + at as u32);
            let real = (real != path).then_some(real);
            self.by_path.insert(path, at);
            // The place is taken now, so that the numbers follow the paths.
            loaded.push(Loaded::unread(input.clone(), source));
            jobs.push((input, source, real, want.usage, at));
        }
        let (host, max_bytes) = (self.host, self.max_bytes);
        let one = |(input, source, real, usage, at): (Input, SourceId, _, Use, usize)| {
            let spare = Loaded::unread(input.clone(), source);
            let read = || super::read_as(host, input, source, usage, max_bytes);
            let mut file = guard::catch(read).unwrap_or_else(|panic| spare.failed(&panic));
            file.real = real;
            (at, file)
        };
        let files = parallel::map(jobs, parallel::FEW, one);
        let mut fresh = Vec::new();
        for (at, mut file) in files {
            if file.class == Class::Kustomization && loaded[at].class != Class::Kustomization {
                fresh.push(at);
            }
            file.aliases = std::mem::take(&mut loaded[at].aliases);
            file.raw = file.raw.take().or_else(|| loaded[at].raw.take());
            file.tree = file.tree.take().or_else(|| loaded[at].tree.take());
            loaded[at] = file;
        }
        fresh
    }

    /// Gives files that kustomizations name the class of their use.
    fn assign(&self, loaded: &mut [Loaded]) {
        for (path, real) in &self.followed {
            if let (Some(real), Some(&at)) = (real, self.by_path.get(path)) {
                loaded[at].real.get_or_insert_with(|| real.clone());
            }
        }
        for file in loaded.iter_mut().filter(|f| f.class != Class::Kustomization) {
            let Some(usage) = self.uses.get(&clean(&file.input.path)) else { continue };
            // Of what kustomizations name, the engine says it.
            file.problems.retain(|problem| problem.code != Code::NotAnObject.name());
            file.class = match (usage, file.class) {
                (Use::Resource, Class::Manifest) => Class::KustomizeResource,
                (Use::Patch, class) if class.is_read() => Class::Patch,
                (Use::Configuration, class) if class.is_read() => {
                    // The engine says what is wrong with it, where it matters.
                    file.problems.clear();
                    Class::LeftAlone(Reason::GeneratorInput)
                }
                (Use::Data, _) => {
                    // Its text is data: what it looks like inside is not our business.
                    if file.raw.is_some() {
                        file.problems.clear();
                        file.tree = None;
                    } else if let Some(tree) = file.tree.take() {
                        file.problems.clear();
                        file.raw = Some(Arc::from(Arc::clone(tree.text())));
                    }
                    if file.raw.is_some() {
                        Class::LeftAlone(Reason::GeneratorInput)
                    } else {
                        file.class
                    }
                }
                (_, class) => class,
            };
        }
    }
}

/// Whether a file was read in a way that leaves out what a use needs.
fn lacks(file: &Loaded, usage: Use) -> bool {
    match usage {
        Use::Directory => false,
        Use::Data => file.raw.is_none() && file.tree.is_none(),
        Use::Configuration | Use::Patch | Use::Resource => {
            file.tree.is_none() && file.class != Class::Unreadable
        }
    }
}

/// A path told the way another one is: below what that one leaves out.
pub(super) fn told(known: &Path, known_told: &str, path: &Path) -> Arc<str> {
    let parts = Path::new(known_told).components().count();
    let base = known.ancestors().nth(parts).filter(|base| *base != Path::new(known_told));
    let relative = base.and_then(|base| path.strip_prefix(base).ok()).unwrap_or(path);
    let text = relative.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/").into() } else { text.into() }
}
