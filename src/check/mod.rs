//! The main job, end to end: paths in, a report out.

mod configure;
mod scope;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::catalogue::{self, Neighbours};
use crate::engine::{self, Bug, Plan};
use crate::finding::Finding;
use crate::host::Host;
use crate::index::Index;
use crate::load::{self, Class, Loaded, Reason};
use crate::problem::{Location, Problem};
use crate::render;
use crate::report::{Report, Summary};
use crate::set::{Set, Standing};
use crate::settings::Settings;
use crate::source::{Source, Sources};

pub use configure::{Configured, configure};
pub use scope::from_root;

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
}

/// Judges what the request names.
pub fn check(host: &dyn Host, request: &Request, settings: &Settings) -> Report {
    let scope = Scope::find(host, request, settings);
    let whole = scope.whole;
    let first = request.sources.len() as u32;
    let loaded = load::load(host, scope.inputs, first, settings.max_file_size);
    let mut sources = request.sources.clone();
    add_sources(&loaded, &mut sources);
    let mut problems = scope.problems;
    problems.extend(loaded.iter().flat_map(file_problems));

    let set = render::plain(&loaded, scope.surroundings, scope.unreadable);
    let index = Index::build(&set);
    let plan = Plan::new(settings);
    let silenced = silenced(&set, &sources, settings, &mut problems);
    let mut outcome = engine::run(&set, &index, &plan, settings, &silenced);
    finish(&mut outcome.findings);

    let verdict =
        Verdict { set: &set, index: &index, plan: &plan, settings, silenced: &silenced, whole };
    let (findings, suppressed) =
        verdict.settle(&mut outcome, &sources, host.today(), &mut problems);
    problems.extend(outcome.bugs.iter().map(bug));
    sort_problems(&mut problems, &sources);
    let mut summary = summarise(&loaded, &set, settings, outcome.examined);
    summary.suppressed = suppressed;
    Report { sources, findings, problems, summary }
}

fn add_sources(loaded: &[Loaded], sources: &mut Sources) {
    for file in loaded {
        let text = file.tree.as_ref().map_or_else(|| Arc::from(""), |tree| Arc::clone(tree.text()));
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
    // Where nothing was judged, nothing was kept back.
    let judged = set.members.iter().any(|member| member.standing == Standing::Judged);
    if judged && !quiet.is_empty() {
        problems.push(
            Problem::note(
                "kept-quiet",
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

fn summarise(loaded: &[Loaded], set: &Set<'_>, settings: &Settings, examined: Vec<u32>) -> Summary {
    let mut summary = Summary {
        files_read: 0,
        manifests: 0,
        documents: 0,
        objects: set.members.iter().filter(|m| m.standing != Standing::Context).count() as u32,
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
                summary.kustomize_manifests += 1;
            }
            Class::Patch => summary.kustomize_patches += 1,
            Class::HelmTemplate => summary.helm_templates += 1,
            Class::LeftAlone(reason) => *summary.left_alone.entry(reason.name()).or_default() += 1,
            Class::Kustomization | Class::Unreadable => {}
        }
    }
    summary
}
