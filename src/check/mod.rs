//! The main job, end to end: paths in, a report out.

mod bounds;
mod charts;
mod configure;
#[cfg(test)]
mod failing;
mod fetched;
mod helm;
mod printed;
mod remotes;
mod scope;
mod unfollowed;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::catalogue::{self, Item, Neighbours};
use crate::deadline::Deadline;
use crate::engine::{self, Bug, Outcome, Plan, Subject};
use crate::fleet::{self, Fleet};
use crate::guard::{self, PLEASE_REPORT};
use crate::host::{Host, PathKind};
use crate::index::Index;
use crate::load::{self, Bounds, Class, LoadRestrictor, Loaded, Reason, World};
use crate::parallel;
use crate::problem::{Code, Location, Problem};
use crate::render::delivery::{self, Repository};
use crate::render::helm::Real;
use crate::render::{self, Delivered, Fault, Rounds, kustomize::Kustomize};
use crate::report::{PlaceSummary, Report, Summary};
use crate::set::{Set, Standing};
use crate::settings::Settings;
use crate::source::{Source, SourceId, Sources, Span};

pub use configure::{Configured, configure};
pub use printed::{Printed, printed};
pub use scope::from_root;

use helm::RealHelm;
use scope::{Scope, demoted};
use verdict::Verdict;

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
    /// URLs of git that mean the repository at `root`; where empty, those of its remotes.
    pub repository_urls: Vec<String>,
    /// From where kustomizations may take files.
    pub load_restrictor: LoadRestrictor,
    /// Directories with charts of other repositories, beside those of the settings.
    pub charts: Vec<PathBuf>,
    /// The real Helm, for charts that cannot be rendered without it.
    pub helm: Option<PathBuf>,
    /// Values files for the charts among the paths, when they are printed.
    pub values: Vec<PathBuf>,
}

impl Request {
    fn repository(&self, host: &dyn Host) -> Repository {
        if self.repository_urls.is_empty() {
            let remotes = remotes::remotes(host, &self.root);
            return Repository::of(remotes.iter().map(String::as_str));
        }
        Repository::of(self.repository_urls.iter().map(String::as_str))
    }
}

/// Everything that was read for a run.
struct Read {
    scope: Scope,
    /// The number of the first file's source.
    first: u32,
    loaded: Vec<Loaded>,
    sources: Sources,
    problems: Vec<Problem>,
    /// What paths are told from.
    root: PathBuf,
    /// Where charts of other repositories lie.
    charts: Vec<PathBuf>,
}

impl Read {
    fn new(host: &dyn Host, request: &Request, settings: &Settings) -> Self {
        let mut scope = Scope::find(host, request, settings);
        let first = request.sources.len() as u32;
        let inputs = std::mem::take(&mut scope.inputs);
        let limit = settings.limits.file_size;
        let bounds = Bounds {
            file: limit,
            total: settings.limits.total_size,
            restrictor: request.load_restrictor,
        };
        let mut loaded = load::load_with(host, inputs, first, &bounds);
        let mut problems = std::mem::take(&mut scope.problems);
        problems.extend(fetched::values(host, request, limit, &mut loaded));
        let charts = fetched::directories(host, request, settings, &mut problems);
        fetched::fetched(host, &charts, request, limit, &mut loaded, &mut problems);
        let charts = charts.into_iter().map(|directory| directory.path).collect();
        let mut sources = request.sources.clone();
        add_sources(&loaded, &mut sources);
        problems.extend(loaded.iter().flat_map(file_problems));
        let root = repository_root(&request.root, &scope.walked, &loaded);
        Self { scope, first, loaded, sources, problems, root, charts }
    }
}

/// Judges what the request names.
pub fn check(host: &dyn Host, request: &Request, settings: &Settings) -> Report {
    let judged = guard::catch(|| judged(host, request, settings, &Plan::new(settings)));
    judged.unwrap_or_else(|panic| {
        let message = format!("kubeready failed, and nothing was judged: {}", panic.message);
        let problem = Problem::error(Code::ToolFailed, message).help(PLEASE_REPORT);
        Report::of_problems(request.sources.clone(), vec![problem])
    })
}

fn judged(host: &dyn Host, request: &Request, settings: &Settings, plan: &Plan) -> Report {
    let deadline = Deadline::after(host, settings.limits.time);
    let host: &dyn Host = &deadline;
    let Read { scope, first, loaded, sources, mut problems, root, charts } =
        Read::new(host, request, settings);
    let whole = scope.whole;
    let world = World::new(&root, &loaded);
    let helm = RealHelm::of(host, request);
    let real = helm.as_ref().map(|helm| helm as &dyn Real);
    let kustomize = Kustomize::new(&world)
        .with(request.load_restrictor)
        .with_charts(&charts, real)
        .for_kubernetes(settings.kubernetes_version)
        .within(settings.limits)
        .until(&deadline);
    let rounds = Rounds::default();
    let first_tree = sources.len() as u32;
    let repository = request.repository(host);
    let mut shipped =
        render::ship(&rounds, &world, &kustomize, &loaded, &repository, settings, first_tree);
    not_read(host, &mut shipped.deliveries);
    // Files given by themselves are told what fails where they take part, and nothing else.
    let concerned: Option<BTreeSet<SourceId>> = scope.only_files.then(|| {
        let wanted = shipped.units.iter().filter(|unit| unit.wanted);
        let given = loaded.iter().filter(|file| file.input.wanted).map(|file| file.source);
        wanted.flat_map(|unit| unit.inputs.iter().copied()).chain(given).collect()
    });
    let told = |fault: &&Fault| concerned.as_ref().is_none_or(|c| c.contains(&fault.at.source));
    problems.extend(fault_problems(shipped.faults.iter().filter(told), &loaded, first));
    let told = |span: Span| {
        is_wanted(span, &loaded, first)
            && concerned.as_ref().is_none_or(|c| c.contains(&span.source))
    };
    problems.extend(unfollowed::unfollowed(&shipped.deliveries, &told));
    let rendered: BTreeSet<SourceId> =
        shipped.units.iter().flat_map(|unit| unit.inputs.iter().copied()).collect();
    let sets = fleet::sets(
        &loaded,
        &shipped.units,
        shipped.faults,
        &shipped.paths,
        settings,
        scope.surroundings,
        scope.unreadable,
    );
    // Every run has a first set, which holds the files.
    let Some((shared, others)) = sets.split_first() else {
        return Report::of_problems(sources, problems);
    };
    let index = Index::build(shared);
    let silenced = silenced(&sets, &sources, settings, &mut problems);
    let others_charts = charts::OfOthers::new(&world, &loaded, &charts).with(&shipped.units);
    let today = host.today();
    let taken = AtomicU32::new(0);
    let at_places = |set: &Set<'_>, mut outcome: Outcome| {
        if settings.suppress {
            taken.fetch_add(verdict::annotated(set, &mut outcome, today), Ordering::Relaxed);
        }
        let mut findings = std::mem::take(&mut outcome.findings);
        others_charts.out_of_archives(&mut findings);
        outcome.findings = verdict::at_their_places(findings, &sources, settings);
        outcome
    };
    let places = |set: &Set<'_>| engine::Places::of(set, settings, &sources);
    let (own_places, other_places) =
        (places(shared), others.iter().map(places).collect::<Vec<_>>());
    // `None` where the time is over.
    let judge = |(set, places): (&Set<'_>, &engine::Places)| {
        if deadline.is_over() {
            return None;
        }
        let judged = guard::catch(|| {
            let index = Index::build(set);
            at_places(set, engine::run(set, &index, plan, settings, &silenced, places))
        });
        Some(judged.unwrap_or_else(|panic| Outcome::failed(set, &panic)))
    };
    let judged = parallel::map(others.iter().zip(&other_places).collect(), 2, judge);
    let late = others.iter().zip(&judged).filter(|(_, judged)| judged.is_none());
    problems.extend(late.map(|(set, _)| bounds::not_judged(&engine::Subject::set(set).name)));
    let outcomes: Vec<Outcome> = judged.into_iter().map(Option::unwrap_or_default).collect();
    let summaries =
        others.iter().zip(&outcomes).filter_map(|(set, of)| place_summary(set, of)).collect();
    let outcome = outcomes.into_iter().fold(Outcome::default(), Outcome::absorb);
    let own =
        || at_places(shared, engine::run(shared, &index, plan, settings, &silenced, &own_places));
    let own = if deadline.is_over() {
        problems.push(bounds::not_judged("what all places share"));
        Outcome::default()
    } else {
        guard::catch(own).unwrap_or_else(|panic| Outcome::failed(shared, &panic))
    };
    let mut fleet =
        Fleet::new(&sets, shipped.deliveries, shipped.units, &world, shipped.repository);
    fleet.whole = scope.walked.iter().any(|walked| root.starts_with(walked));
    let of_fleet = if deadline.is_over() {
        problems.push(bounds::not_judged("the fleet as a whole"));
        Outcome::default()
    } else {
        let places: Vec<_> = std::iter::once(&own_places).chain(&other_places).collect();
        engine::run_fleet(&fleet, &index, plan, settings, &silenced, &places)
    };
    let mut outcome = own.absorb(outcome).absorb(at_places(shared, of_fleet));
    outcome.findings = engine::merge(outcome.findings);
    if scope.only_files {
        let wanted = |span: Span| is_wanted(span, &loaded, first);
        outcome.findings.retain(|finding| {
            let mut templates = finding.in_chart.iter().flat_map(|of| &of.templates);
            wanted(finding.span) || templates.any(|span| wanted(*span))
        });
    }

    let verdict = Verdict {
        loaded: &loaded,
        index: &index,
        plan,
        settings,
        silenced: &silenced,
        rendered: &rendered,
        whole,
    };
    let (mut findings, suppressed) = verdict.settle(&mut outcome, &sources, today, &mut problems);
    engine::finish(&mut findings, &sources, &|source| others_charts.of(source));
    problems.extend(bugs(outcome.bugs));
    bounds::told(&mut findings, settings.limits.findings, &mut problems);
    bounds::unread(&mut problems);
    sort_problems(&mut problems, &sources);
    let mut summary = summarise(&loaded, &world, &rendered, &sets, settings, outcome.examined);
    summary.suppressed = suppressed + taken.into_inner();
    Report { sources, findings, problems, summary, places: summaries }
}

/// What was looked at in a place.
fn place_summary(set: &Set<'_>, outcome: &Outcome) -> Option<PlaceSummary> {
    let destination = set.destination.clone().filter(|place| !place.is_anywhere())?;
    let own = set.members.iter().filter(|m| m.standing != Standing::Context);
    let directories: BTreeSet<u32> = own.clone().map(|m| m.directory).collect();
    let mut sets: Vec<String> = directories
        .into_iter()
        .filter_map(|at| set.destinations.get(at as usize))
        .map(|destination| destination.set.clone())
        .filter(|set| !set.is_empty())
        .collect();
    sets.sort();
    sets.dedup();
    let examined = |item: Item| {
        let mut rules = catalogue::rules().zip(&outcome.examined);
        rules.any(|((_, rule), examined)| rule.item == item && *examined > 0)
    };
    Some(PlaceSummary {
        destination,
        sets,
        objects: own.clone().count() as u32,
        examined: Item::ALL.iter().map(|item| examined(*item)).collect(),
        partial: own.clone().any(|m| m.standing == Standing::Partial),
    })
}

/// Where paths are told from; a run over nothing but standard input has no such place.
fn repository_root(root: &Path, walked: &[PathBuf], loaded: &[Loaded]) -> PathBuf {
    if !root.as_os_str().is_empty() {
        return root.to_path_buf();
    }
    if let [only] = walked {
        return only.clone();
    }
    let first = loaded.first().and_then(|file| file.input.path.parent());
    first.map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Why nothing is known of a source that is there.
const NOT_READ: &str = "it is there, and was not read";

/// What is there and was not read (other paths than the user asked about, files of other names) is
/// unknown, not missing.
fn not_read(host: &dyn Host, deliveries: &mut [Delivered<'_>]) {
    let check = |source: &mut delivery::Source<'_>| {
        if let delivery::Source::Missing(path) = source
            && host.kind(path) != PathKind::Missing
        {
            *source = delivery::Source::Unknown(NOT_READ.to_owned());
        }
    };
    for delivered in deliveries {
        check(&mut delivered.delivery.source);
        delivered.delivery.values.files.iter_mut().for_each(|file| check(&mut file.source));
    }
}

/// Whether findings at a place are asked for; those of the settings file always are.
fn is_wanted(span: Span, loaded: &[Loaded], first: u32) -> bool {
    let at = span.source.0.checked_sub(first).and_then(|at| loaded.get(at as usize));
    at.is_none_or(|file| file.input.wanted)
}

/// What could not be rendered; what is only context does not fail a check of other files.
fn fault_problems<'f>(
    faults: impl IntoIterator<Item = &'f Fault>,
    loaded: &[Loaded],
    first: u32,
) -> Vec<Problem> {
    let faults = faults.into_iter();
    faults
        .filter_map(|fault| Some(demoted(fault.problem()?, is_wanted(fault.at, loaded, first))))
        .collect()
}

fn add_sources(loaded: &[Loaded], sources: &mut Sources) {
    for file in loaded {
        let text = file.text();
        let (path, from_root) = (Arc::clone(&file.input.shown), Arc::clone(&file.input.from_root));
        let id = sources.push(Source { path, from_root, text });
        debug_assert_eq!(id, file.source);
    }
}

fn file_problems(file: &Loaded) -> impl Iterator<Item = Problem> {
    file.problems.iter().map(|problem| demoted(problem.clone(), file.input.wanted))
}

/// Which rules keep quiet because something that could satisfy them is lost; said once.
fn silenced(
    sets: &[Set<'_>],
    sources: &Sources,
    settings: &Settings,
    problems: &mut Vec<Problem>,
) -> Vec<bool> {
    let mut silenced = vec![false; catalogue::CATALOGUE.len()];
    let Some(set) = sets.first().filter(|s| !s.lost.is_empty() || s.unreadable > 0) else {
        return silenced;
    };
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
    // Where nothing was judged, nothing was kept back.
    let mut members = sets.iter().flat_map(|set| set.members.iter());
    let judged = members.any(|member| member.standing.is_judged());
    if judged && !quiet.is_empty() {
        problems.push(
            Problem::note(
                Code::KeptQuiet,
                format!("what could not be read may hold what {} ask for", join(&quiet)),
            )
            .aside()
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

/// Rules that panicked, each once for an object, however many places it goes to.
fn bugs(bugs: Vec<Bug>) -> Vec<Problem> {
    let problem = |bug: Bug| {
        let (Subject { name, at }, why) = (bug.subject, bug.why);
        let problem = match bug.rule.map(|rule| rule.rule().name) {
            Some(rule) => {
                let message = format!("the rule `{rule}` failed on {name}: {why}");
                let help = format!("{PLEASE_REPORT}; `--ignore {rule}` goes on without the rule");
                Problem::error(Code::RuleFailed, message).help(help)
            }
            None => Problem::error(Code::ToolFailed, format!("kubeready failed on {name}: {why}"))
                .help(PLEASE_REPORT),
        };
        at.map_or(problem.clone(), |at| problem.at(at))
    };
    let mut problems: Vec<Problem> = bugs.into_iter().map(problem).collect();
    let key = |problem: &Problem| match problem.location {
        Location::Span(span) => Some(span),
        _ => None,
    };
    problems.sort_by(|a, b| (key(a), &a.message).cmp(&(key(b), &b.message)));
    problems.dedup();
    problems
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

/// Whether nothing is known of what a template prints: its chart was not rendered. A library prints
/// nothing by itself, and what a release turns off is not printed by choice.
fn is_left_out(file: &Loaded, world: &World<'_>, rendered: &BTreeSet<SourceId>) -> bool {
    let mut charts = world.charts().iter().filter(|chart| file.input.path.starts_with(chart));
    let Some(chart) = charts.next().and_then(|c| world.file(&c.join("Chart.yaml"))) else {
        return true;
    };
    let root = chart.parsed().and_then(|tree| tree.documents().next());
    let is_library = root.is_some_and(|(_, root)| root.str_at("type") == Some("library"));
    !is_library && !rendered.contains(&chart.source)
}

fn summarise(
    loaded: &[Loaded],
    world: &World<'_>,
    rendered: &BTreeSet<SourceId>,
    sets: &[Set<'_>],
    settings: &Settings,
    examined: Vec<u32>,
) -> Summary {
    let mut summary = Summary {
        files_read: 0,
        manifests: 0,
        documents: 0,
        objects: (sets.iter().flat_map(|set| set.members.iter()))
            .filter(|m| m.standing != Standing::Context)
            .count() as u32,
        left_alone: BTreeMap::new(),
        helm_templates: 0,
        kustomize_manifests: 0,
        kustomize_patches: 0,
        suppressed: 0,
        examined,
        kubernetes_version: settings.kubernetes_version,
        profile: settings.profile,
    };
    for file in loaded.iter().filter(|f| f.input.wanted) {
        summary.files_read +=
            u32::from(file.tree.is_some() && !matches!(file.class, Class::LeftAlone(_)));
        if file.class != Class::LeftAlone(Reason::Workflow) {
            summary.documents += file.tree.as_ref().map_or(0, |tree| tree.documents().len() as u32);
        }
        match file.class {
            Class::Manifest => summary.manifests += 1,
            Class::KustomizeResource => {
                summary.manifests += 1;
                summary.kustomize_manifests += u32::from(!rendered.contains(&file.source));
            }
            Class::Patch => {
                summary.kustomize_patches += u32::from(!rendered.contains(&file.source));
            }
            Class::HelmTemplate => {
                summary.helm_templates += u32::from(is_left_out(file, world, rendered));
            }
            Class::LeftAlone(reason) => *summary.left_alone.entry(reason.name()).or_default() += 1,
            Class::Kustomization | Class::ChartFile | Class::Unreadable => {}
        }
    }
    summary
}
