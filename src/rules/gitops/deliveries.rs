//! Paths and files that deliveries name and this repository does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kubeready_manifest::kube::Kind;
use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::fleet::Fleet;
use crate::render::Delivered;
use crate::render::delivery::{Delivery, Engine, Source};
use crate::rules::placeholder::is_placeholder;

/// Argo CD cannot compare an Application whose path is not there, so nothing of it is delivered.
pub(crate) fn application_path_missing<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.deliveries.iter().all(|d| d.delivery.engine != Engine::ArgoCd) {
        return ctx.pass_over();
    }
    if !is_rooted(fleet, Engine::ArgoCd) {
        return;
    }
    let mut gaps = Gaps::default();
    for delivered in &fleet.deliveries {
        let delivery = &delivered.delivery;
        if delivery.engine != Engine::ArgoCd {
            continue;
        }
        if let Source::Missing(path) = &delivery.source {
            let revision = revision_at(delivery, delivery.source_at);
            gaps.add(fleet, delivered, delivery.source_at, path, revision);
        }
    }
    gaps.report(fleet, ctx, What::Path);
}

/// Argo CD cannot render a chart with a file of values that is not there.
pub(crate) fn application_value_file_missing<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.deliveries.iter().all(|d| d.delivery.engine != Engine::ArgoCd) {
        return ctx.pass_over();
    }
    let mut gaps = Gaps::default();
    for delivered in &fleet.deliveries {
        let delivery = &delivered.delivery;
        if delivery.engine != Engine::ArgoCd || delivery.values.ignore_missing_files {
            continue;
        }
        for file in &delivery.values.files {
            if let Source::Missing(path) = &file.source {
                let lender = file.node.text().strip_prefix('$').and_then(|t| t.split('/').next());
                let revision = match lender {
                    Some(name) => lent_revision(delivery, name),
                    None => revision_at(delivery, delivery.source_at),
                };
                gaps.add(fleet, delivered, file.node.span(), path, revision);
            }
        }
    }
    gaps.report(fleet, ctx, What::Values);
}

/// Flux stops at a path that is not there, and with it everything that depends on it.
pub(crate) fn flux_path_missing<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.deliveries.iter().all(|d| d.delivery.engine != Engine::Flux) {
        return ctx.pass_over();
    }
    if !is_rooted(fleet, Engine::Flux) {
        return;
    }
    let mut gaps = Gaps::default();
    for delivered in &fleet.deliveries {
        let delivery = &delivered.delivery;
        let releases = delivery.owner.kind() == Kind::HelmRelease;
        if delivery.engine != Engine::Flux || releases || delivery.suspended {
            continue;
        }
        if let Source::Missing(path) = &delivery.source
            && (is_proven(fleet, delivery) || is_plausible(fleet, delivery))
        {
            gaps.add(fleet, delivered, delivery.source_at, path, flux_revision(delivery));
        }
    }
    gaps.report(fleet, ctx, What::Path);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Path,
    Values,
}

/// What is missing, by the place that a person edits: a template makes many of one line.
#[derive(Default)]
struct Gaps<'f, 't> {
    by_place: BTreeMap<Span, Gap<'f, 't>>,
}

struct Gap<'f, 't> {
    first: &'f Delivered<'t>,
    names: BTreeSet<&'t str>,
    paths: BTreeSet<&'f Path>,
    trust: Trust,
}

/// How sure it is that the files here are those that are delivered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// The branch that people look at.
    Branch,
    /// A revision of which other paths are here.
    Shared,
    /// A version of this repository: its files may have been others.
    Version,
}

impl<'f, 't> Gaps<'f, 't> {
    fn add(
        &mut self,
        fleet: &'f Fleet<'t>,
        delivered: &'f Delivered<'t>,
        at: Span,
        path: &'f Path,
        revision: &str,
    ) {
        let Some(trust) = trust(fleet, &delivered.delivery, revision) else { return };
        let gap = self.by_place.entry(at).or_insert_with(|| Gap {
            first: delivered,
            names: BTreeSet::new(),
            paths: BTreeSet::new(),
            trust,
        });
        gap.trust = gap.trust.min(trust);
        gap.names.insert(delivered.delivery.name);
        gap.paths.insert(path);
    }

    fn report(self, fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>, what: What) {
        for (at, gap) in self.by_place {
            let owner = gap.first.delivery.owner;
            let Some(first) = gap.paths.first() else { continue };
            let path = fleet.world.from_root(first);
            let more = gap.paths.len() - 1;
            let subject = match (gap.names.len(), owner.kind_name()) {
                (0 | 1, kind) => format!("{kind} `{}`", gap.first.delivery.name),
                (many, kind) => {
                    format!("{many} {kind}s, `{}` among them,", gap.first.delivery.name)
                }
            };
            let (verb, plural) = match (what, gap.names.len() > 1) {
                (What::Path, false) => ("delivers", "paths"),
                (What::Path, true) => ("deliver", "paths"),
                (What::Values, false) => ("takes values from", "files"),
                (What::Values, true) => ("take values from", "files"),
            };
            let message = if more == 0 {
                format!("{subject} {verb} `{path}`, which is not in this repository")
            } else {
                format!(
                    "{subject} {verb} {} {plural} that are not in this repository, such as `{path}`",
                    more + 1
                )
            };
            let help = help(fleet, first, what);
            let finding = ctx.report_span(at, message);
            finding.help(help).label("not there").on(resource_id(owner));
            match gap.trust {
                Trust::Branch => {}
                Trust::Shared => _ = finding.confidence(Confidence::Likely),
                Trust::Version => {
                    finding.severity(Severity::Advice).confidence(Confidence::Hint);
                }
            }
        }
    }
}

/// Whether the files here tell what a revision holds.
fn trust(fleet: &Fleet<'_>, delivery: &Delivery<'_>, revision: &str) -> Option<Trust> {
    if is_placeholder(revision) {
        return None;
    }
    let branch = revision.strip_prefix("refs/heads/").unwrap_or(revision);
    if matches!(branch, "" | "HEAD" | "main" | "master" | "trunk") {
        return Some(Trust::Branch);
    }
    let shared = fleet.deliveries.iter().map(|d| &d.delivery).any(|other| {
        let theirs = match other.engine {
            Engine::ArgoCd => revision_at(other, other.source_at),
            Engine::Flux => flux_revision(other),
        };
        other.engine == delivery.engine
            && theirs == revision
            && matches!(&other.source, Source::Directory(path) if path != fleet.world.root())
    });
    if shared {
        return Some(Trust::Shared);
    }
    let version = branch.strip_prefix("refs/tags/").unwrap_or(branch);
    let version = version.strip_prefix('v').unwrap_or(version);
    let numbered = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
    numbered.then_some(Trust::Version)
}

/// All sources of an Application.
fn sources<'t>(delivery: &Delivery<'t>) -> impl Iterator<Item = NodeRef<'t>> {
    let spec = delivery.owner.spec();
    let single = ["source", "sourceHydrator.drySource"];
    let single = single.into_iter().filter_map(move |path| spec?.path(path));
    single.chain(spec.into_iter().flat_map(|spec| spec.items_at("sources")))
}

/// The revision of the source that a delivery of an Application comes from.
fn revision_at<'t>(delivery: &Delivery<'t>, at: Span) -> &'t str {
    let here = |source: &NodeRef<'t>| {
        ["path", "repoURL", "chart"]
            .iter()
            .any(|key| source.get(key).is_some_and(|node| node.span() == at))
    };
    revision_of(sources(delivery).find(here))
}

/// The revision of a source that lends its files.
fn lent_revision<'t>(delivery: &Delivery<'t>, name: &str) -> &'t str {
    let lends = |source: &NodeRef<'t>| source.get("ref").is_some_and(|node| node.text() == name);
    revision_of(sources(delivery).find(lends))
}

fn revision_of(source: Option<NodeRef<'_>>) -> &str {
    source.and_then(|s| s.get("targetRevision")).map_or("", NodeRef::text)
}

/// The branch, tag or commit of the source of a Kustomization; `""` where it is not known.
fn flux_revision<'t>(delivery: &Delivery<'t>) -> &'t str {
    let source = delivery.reference.and_then(|r| r.object).and_then(|o| o.path("spec.ref"));
    let Some(source) = source else { return "" };
    let keys = ["commit", "name", "semver", "tag", "branch"];
    keys.iter().find_map(|key| source.get(key)).map_or("", NodeRef::text)
}

/// Whether the source says itself that it is this repository.
fn is_proven(fleet: &Fleet<'_>, delivery: &Delivery<'_>) -> bool {
    let source = delivery.reference.and_then(|r| r.object).and_then(|o| o.path("spec.url"));
    let synced = delivery.owner.path("spec.sync.url");
    source.or(synced).is_some_and(|url| fleet.repository.is(url.text()))
}

/// A source that is defined elsewhere is this repository if most of its paths are here.
fn is_plausible(fleet: &Fleet<'_>, delivery: &Delivery<'_>) -> bool {
    let Some(reference) = &delivery.reference else { return false };
    let (here, gone) = paths(fleet, |other| {
        other.reference.is_some_and(|r| r.name == reference.name && r.kind == reference.kind)
    });
    here > 0 && here >= gone
}

/// Whether paths seem to be told from the root of what was checked: where hardly any of many is here,
/// it is more likely a part of the repository, or another one.
fn is_rooted(fleet: &Fleet<'_>, engine: Engine) -> bool {
    let (here, gone) = paths(fleet, |delivery| delivery.engine == engine);
    gone < 3 || here * 4 >= gone
}

/// How many paths of this repository are here and how many are not.
fn paths(fleet: &Fleet<'_>, counts: impl Fn(&Delivery<'_>) -> bool) -> (usize, usize) {
    let mut here: BTreeSet<&Path> = BTreeSet::new();
    let mut gone: BTreeSet<&Path> = BTreeSet::new();
    for delivery in fleet.deliveries.iter().map(|d| &d.delivery).filter(|d| counts(d)) {
        match &delivery.source {
            Source::Directory(path) if path != fleet.world.root() => _ = here.insert(path),
            Source::Missing(path) => _ = gone.insert(path),
            _ => {}
        }
    }
    (here.len(), gone.len())
}

/// What a person may do about a path that is not there.
fn help(fleet: &Fleet<'_>, path: &Path, what: What) -> String {
    let wanted = fleet.world.from_root(path);
    let file = |loaded: &crate::load::Loaded| fleet.world.from_root(&loaded.input.path);
    let known: Vec<String> = match what {
        What::Path => fleet.world.directories().map(|d| fleet.world.from_root(d)).collect(),
        What::Values => fleet.world.files().map(file).collect(),
    };
    let last = wanted.rsplit('/').next().unwrap_or(&wanted);
    let mut moved = known.iter().filter(|k| k.rsplit('/').next() == Some(last));
    if let (Some(there), None) = (moved.next(), moved.next()) {
        return format!(
            "if it is now `{there}`, correct the path; else bring back what was deleted"
        );
    }
    let parent = |text: &str| text.rsplit_once('/').map_or(String::new(), |(p, _)| p.to_owned());
    let folder = parent(&wanted);
    let beside = known.iter().filter(|k| parent(k) == folder).map(String::as_str);
    let near = crate::spelling::nearest(last, beside.filter_map(|k| k.rsplit('/').next()));
    match (near, what) {
        (Some(near), _) if folder.is_empty() => format!("did you mean `{near}`?"),
        (Some(near), _) => format!("did you mean `{folder}/{near}`?"),
        (None, What::Path) => {
            "correct the path; if its manifests were deleted on purpose, delete what delivers them"
                .to_owned()
        }
        (None, What::Values) => {
            "correct the path, add the file, or set `ignoreMissingValueFiles: true` if it may be missing"
                .to_owned()
        }
    }
}
