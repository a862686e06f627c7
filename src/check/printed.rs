//! `kubeready render`: what ships from the paths given, as YAML.

use std::fmt::Write as _;
use std::path::Path;

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{NodeRef, Tree};

use super::helm::RealHelm;
use super::{Read, Request, bounds, fault_problems, sort_problems};
use crate::deadline::Deadline;
use crate::guard::{self, PLEASE_REPORT};
use crate::host::{Host, PathKind};
use crate::load::{self, Class, Loaded, Reason, World};
use crate::problem::{Code, Level, Problem};
use crate::render::helm::{self, Real};
use crate::render::kustomize::{Kustomize, Resource};
use crate::render::{self, Fault, Rounds};
use crate::report::{Report, clean as clean_text};
use crate::settings::Settings;
use crate::source::{Lines, Sources, Span};
use crate::walk::clean;

/// What ships, and what could not be rendered.
#[derive(Debug)]
pub struct Printed {
    /// A stream of YAML documents.
    pub text: String,
    /// Holds problems and no findings.
    pub report: Report,
}

/// Renders what the request names: a directory with a kustomization is exactly that root; any other
/// directory is every root and every manifest below it, as Argo CD and Flux deliver them.
pub fn printed(host: &dyn Host, request: &Request, settings: &Settings, origins: bool) -> Printed {
    guard::catch(|| print(host, request, settings, origins)).unwrap_or_else(|panic| {
        let message = format!("kubeready failed, and nothing is printed: {}", panic.message);
        let problem = Problem::error(Code::ToolFailed, message).help(PLEASE_REPORT);
        let report = Report::of_problems(request.sources.clone(), vec![problem]);
        Printed { text: String::new(), report }
    })
}

fn print(host: &dyn Host, request: &Request, settings: &Settings, origins: bool) -> Printed {
    let deadline = Deadline::after(host, settings.limits.time);
    let host: &dyn Host = &deadline;
    let Read { first, loaded, sources, mut problems, root, charts, .. } =
        Read::new(host, request, settings);
    let world = World::new(&root, &loaded);
    let helm = RealHelm::of(host, request);
    let real = helm.as_ref().map(|helm| helm as &dyn Real);
    let kustomize = Kustomize::new(&world)
        .with(request.load_restrictor)
        .with_charts(&charts, real)
        .for_kubernetes(settings.kubernetes_version)
        .within(settings.limits)
        .until(&deadline);
    let mut printing = Printing {
        origins: origins.then(|| Places::new(&sources)),
        loaded: &loaded,
        text: String::new(),
        faults: Vec::new(),
        next_tree: sources.len() as u32,
    };
    let current = host.current_dir();
    let mut folders = Vec::new();
    for given in &request.paths {
        let path = clean(&current.join(given));
        let is_file = host.kind(&path) == PathKind::File;
        let named = |f: &&Loaded| f.input.path == path || f.input.stdin && given.as_os_str() == "-";
        let file = loaded.iter().find(named);
        let folder = match file {
            Some(file) if file.class == Class::Kustomization => path.parent(),
            Some(file) if file.class == Class::LeftAlone(Reason::Chart) => path.parent(),
            _ => Some(&*path).filter(|_| !is_file),
        };
        match (folder, file) {
            (Some(folder), _) if !world.kustomizations(folder).is_empty() => {
                let source = world.kustomizations(folder).first().map(|file| file.source);
                printing.root(source, || {
                    let mut build = kustomize.build(folder, None);
                    kustomize.in_printed_order(folder, &mut build.resources);
                    (build.resources, build.faults)
                });
            }
            (Some(folder), _) if kustomize.charts().has(folder) => {
                let release = helm::plain(&world, folder, settings.kubernetes_version);
                let Some(mut release) = release else { continue };
                let files = request.values.iter().map(|file| clean(&current.join(file)));
                let trees = files.filter_map(|path| world.file(&path)?.parsed());
                let roots = trees.flat_map(|tree| tree.documents().map(|(_, root)| root));
                release.layers.extend(roots.map(helm::Layer::Map));
                printing.root(Some(release.at.source), || {
                    let build = kustomize.charts().render(folder, &release);
                    (build.resources, build.faults)
                });
            }
            (_, Some(file)) => printing.file(file),
            (Some(folder), None) => folders.push(folder.to_path_buf()),
            (None, None) => {}
        }
    }
    if !folders.is_empty() {
        let below = |path: &Path| folders.iter().any(|folder| path.starts_with(folder));
        let rounds = Rounds::default();
        let number = printing.next_tree;
        let repository = request.repository(host);
        let shipped =
            render::ship(&rounds, &world, &kustomize, &loaded, &repository, settings, number);
        let mut rendered = std::collections::BTreeSet::new();
        for unit in &shipped.units {
            rendered.extend(unit.inputs.iter().copied());
            // A fetched chart lies elsewhere than what installs it.
            if unit.wanted && (below(&unit.directory) || unit.chart) {
                let place = unit.destination().name();
                let set = &unit.destination().set;
                let to = if place == set { String::new() } else { format!(", to {place}") };
                // A comment must end with its line.
                let line = format!("# {set}{to}");
                printing.text.push_str(&clean_text(&line));
                printing.text.push('\n');
                printing.documents(&unit.tree);
            }
        }
        let alone = |f: &&Loaded| {
            f.class == Class::Manifest && !rendered.contains(&f.source) && below(&f.input.path)
        };
        loaded.iter().filter(alone).for_each(|file| printing.file(file));
        printing.faults.extend(shipped.faults);
    }
    let Printing { text, faults, .. } = printing;
    problems.extend(every_fault(&faults, &loaded, first));
    bounds::unread(&mut problems);
    sort_problems(&mut problems, &sources);
    problems.dedup();
    Printed { text, report: Report::of_problems(sources, problems) }
}

/// Problems of what makes the real tool fail, and of what it would print and kubeready cannot: here
/// both leave the output incomplete.
fn every_fault(faults: &[Fault], loaded: &[Loaded], first: u32) -> Vec<Problem> {
    let mut problems = fault_problems(faults, loaded, first);
    for problem in problems.iter_mut().filter(|problem| !problem.aside) {
        problem.level = Level::Error;
    }
    problems
}

/// Line numbers of origins, each file's lines counted once.
struct Places<'s> {
    sources: &'s Sources,
    lines: std::cell::RefCell<std::collections::BTreeMap<SourceId, Lines>>,
}

impl<'s> Places<'s> {
    fn new(sources: &'s Sources) -> Self {
        Self { sources, lines: std::cell::RefCell::default() }
    }

    fn tell(&self, span: Span) -> String {
        let source = self.sources.get(span.source);
        let mut lines = self.lines.borrow_mut();
        let lines = lines.entry(span.source).or_insert_with(|| Lines::of(&source.text));
        format!("{}:{}", clean_text(&source.path), lines.position(&source.text, span.start).line)
    }
}

struct Printing<'p> {
    origins: Option<Places<'p>>,
    loaded: &'p [Loaded],
    text: String,
    faults: Vec<Fault>,
    next_tree: u32,
}

impl Printing<'_> {
    fn next_tree(&mut self) -> SourceId {
        self.next_tree += 1;
        SourceId(self.next_tree - 1)
    }

    /// What a root renders to. One that fails is a fault at its file.
    fn root<'w>(
        &mut self,
        file: Option<SourceId>,
        render: impl FnOnce() -> (Vec<Resource<'w>>, Vec<Fault>),
    ) {
        let (resources, faults) = guard::catch(render).unwrap_or_else(|panic| {
            let at = Span { source: file.unwrap_or(SourceId(0)), start: 0, end: 0 };
            (Vec::new(), vec![Fault::panicked(at, "what this renders to", &panic)])
        });
        let number = self.next_tree();
        let tree = Tree::rendered(number, resources.iter().map(|r| &r.value));
        self.documents(&tree);
        self.faults.extend(faults);
    }

    /// Manifests that ship as they stand.
    fn file(&mut self, file: &Loaded) {
        debug_assert!(self.loaded.iter().any(|f| f.source == file.source));
        if let Some(tree) = file.tree.as_ref().filter(|_| file.class.is_read()) {
            self.tree(tree);
        }
    }

    /// The objects of a file.
    fn tree(&mut self, tree: &Tree) {
        let objects = load::file_objects(tree).map(|(object, _)| object.root());
        self.print(objects);
    }

    /// Everything that was rendered.
    fn documents(&mut self, tree: &Tree) {
        self.print(tree.documents().map(|(_, root)| root));
    }

    fn print<'t>(&mut self, roots: impl Iterator<Item = NodeRef<'t>>) {
        let tell = |span: Span| self.origins.as_ref().map(|o| o.tell(span)).unwrap_or_default();
        let origins: Option<render::Origins<'_>> = self.origins.as_ref().map(|_| &tell as _);
        for root in roots {
            let _ = write!(self.text, "---\n{}", render::print(root, origins));
        }
    }
}
