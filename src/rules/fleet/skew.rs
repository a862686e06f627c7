//! Versions of one component in several places.

use std::cmp::Ordering;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::NodeRef;

use super::spot::{called, report};
use crate::catalogue::{Severity, options};
use crate::engine::Ctx;
use crate::fleet::compare::{Comparison, Group, Row, View, is_most};
use crate::fleet::{Fleet, Stage};
use crate::rules::placeholder::is_placeholder;

/// A cluster that was left behind runs into what its siblings have long had mended.
pub(crate) fn version_skew<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let window = Window::named(&ctx.option(&options::VERSION_SKEW_WINDOW));
    let comparison = fleet.comparison();
    for group in comparison.groups.iter().filter(|group| group.uniform) {
        for row in group.rows.iter().filter(|row| row.count() >= 2) {
            among_siblings(fleet, ctx, group, row, window);
        }
    }
    let of = |stage| comparison.views.iter().filter(move |view| view.stage == Some(stage));
    let stages = [Stage::Staging, Stage::Production];
    if comparison.groups.is_empty() && stages.into_iter().any(|s| of(s).next().is_none()) {
        return ctx.pass_over();
    }
    for view in of(Stage::Production) {
        for (key, own) in view.objects.iter() {
            let staged: Vec<Object<'t>> =
                of(Stage::Staging).filter_map(|v| v.objects.get(key)).map(|s| s.object).collect();
            if !staged.is_empty() {
                ahead_of_staging(fleet, ctx, view, own.object, &staged);
            }
        }
    }
}

/// The version of one part of an object.
#[derive(Clone, Copy, Debug)]
struct Version<'t> {
    /// The container; `""` for what has one version.
    part: &'t str,
    /// The last part of the image's or chart's name.
    what: &'t str,
    text: &'t str,
    at: NodeRef<'t>,
}

fn versions(object: Object<'_>) -> Vec<Version<'_>> {
    if let Some(workload) = object.workload() {
        let of = workload.containers().filter_map(|container| {
            let image = container.image_ref();
            let text = image.tag.or(image.digest)?;
            let at = container.path("image")?;
            let known = !is_placeholder(text) && !is_placeholder(container.image());
            known.then(|| Version { part: container.name(), what: last(image.name()), text, at })
        });
        return of.collect();
    }
    let (what, version) = match object.kind_name() {
        "HelmRelease" => ("spec.chart.spec.chart", "spec.chart.spec.version"),
        "OCIRepository" | "GitRepository" => ("spec.url", "spec.ref.tag"),
        "Application" => ("spec.source.chart", "spec.source.targetRevision"),
        _ => return Vec::new(),
    };
    let (Some(what), Some(at)) = (object.root().str_at(what), object.path(version)) else {
        return Vec::new();
    };
    if !at.is_scalar() || is_placeholder(at.text()) {
        return Vec::new();
    }
    vec![Version { part: "", what: last(what), text: at.text(), at }]
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn among_siblings<'t>(
    fleet: &Fleet<'t>,
    ctx: &mut Ctx<'_, 't>,
    group: &Group<'t>,
    row: &Row<'t>,
    window: Window,
) {
    let Some(first) = row.first() else { return };
    for part in versions(first.object) {
        let of = |(member, seen): (usize, &Option<_>)| {
            let seen: &crate::fleet::compare::Seen<'t> = seen.as_ref()?;
            let found = versions(seen.object).into_iter();
            let mut found = found.filter(|v| v.part == part.part && v.what == part.what);
            Some((member, seen.object, found.next()?))
        };
        let all: Vec<(usize, Object<'t>, Version<'t>)> =
            row.seen.iter().enumerate().filter_map(of).collect();
        if all.iter().all(|(_, _, version)| version.text == part.text) {
            continue;
        }
        let Some((usual, agreeing)) = usual(&all, group.environment) else { continue };
        for (member, object, version) in &all {
            let order = compare(version.text, usual.text);
            if version.text == usual.text || window.allows(version.text, usual.text) {
                continue;
            }
            let Some(view) = view_of(fleet.comparison(), group, *member) else { continue };
            let Some(place) = fleet.places.get(view.place) else { continue };
            let theirs = match agreeing {
                1 => "the newest of its siblings runs".to_owned(),
                n if n + 1 == all.len() => format!("its {n} siblings run"),
                n => format!("{n} of its {} siblings run", all.len() - 1),
            };
            let message = format!(
                "{} runs `{}` at `{}` where {theirs} `{}`",
                called(place),
                version.what,
                version.text,
                usual.text
            );
            let newer = order == Some(Ordering::Greater);
            let sibling = Some(usual_object(&all, usual));
            let finding =
                report(ctx, fleet, view, version.at.here(), *object, sibling.flatten(), message);
            finding.related(usual.at.span(), "the version of its siblings");
            if newer {
                // Someone has to be first; that it is on the way is worth a line.
                finding.severity(Severity::Advice);
                finding.help("finish the rollout, or take it back");
            } else {
                finding.help(format!("bring it to `{}`, as its siblings", usual.text));
            }
        }
    }
}

fn view_of<'c, 't>(
    comparison: &'c Comparison<'t>,
    group: &Group<'t>,
    member: usize,
) -> Option<&'c View<'t>> {
    comparison.views.get(*group.members.get(member)?)
}

fn usual_object<'t>(
    all: &[(usize, Object<'t>, Version<'t>)],
    usual: Version<'t>,
) -> Option<Object<'t>> {
    all.iter().find(|(_, _, version)| version.text == usual.text).map(|(_, object, _)| *object)
}

/// The version that most have, and how many; else the newest, if all can be put in order and it is
/// known that they are of one environment.
fn usual<'t>(
    all: &[(usize, Object<'t>, Version<'t>)],
    environment: bool,
) -> Option<(Version<'t>, usize)> {
    let count = |text: &str| all.iter().filter(|(_, _, v)| v.text == text).count();
    let (_, _, most) = all.iter().max_by_key(|(_, _, version)| count(version.text))?;
    if is_most(count(most.text), all.len()) {
        return Some((*most, count(most.text)));
    }
    if !environment {
        return None;
    }
    let mut newest = all.first()?.2;
    for (_, _, version) in all {
        if compare(version.text, newest.text)? == Ordering::Greater {
            newest = *version;
        }
    }
    Some((newest, 1))
}

fn ahead_of_staging<'t>(
    fleet: &Fleet<'t>,
    ctx: &mut Ctx<'_, 't>,
    view: &View<'t>,
    object: Object<'t>,
    staged: &[Object<'t>],
) {
    for version in versions(object) {
        let same = |v: &Version<'t>| v.part == version.part && v.what == version.what;
        let found = staged.iter().flat_map(|object| versions(*object)).filter(same);
        let found: Vec<Version<'t>> = found.collect();
        let Some(newest) = found.first() else { continue };
        let ahead = |v: &Version<'t>| compare(version.text, v.text) == Some(Ordering::Greater);
        if !found.iter().all(ahead) {
            continue;
        }
        let message = format!(
            "production runs `{}` at `{}`, ahead of staging with `{}`",
            version.what, version.text, newest.text
        );
        let finding =
            report(ctx, fleet, view, version.at.here(), object, staged.first().copied(), message);
        finding.related(newest.at.span(), "the version of staging");
        finding.help("try it in staging first; if staging is not used any more, take it away");
    }
}

/// Numbers of a version and what stands behind them.
fn parse(text: &str) -> Option<([u64; 4], &str)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let (numbers, rest) = text.split_at_checked(end)?;
    if !numbers.contains('.') {
        return None;
    }
    let mut read = [0; 4];
    let mut parts = numbers.split('.');
    for (slot, part) in read.iter_mut().zip(&mut parts) {
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some((read, rest))
}

/// Order of two versions; `None` where they cannot be told.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    let ((a, a_rest), (b, b_rest)) = (parse(a)?, parse(b)?);
    if a != b {
        return Some(a.cmp(&b));
    }
    let early = |rest: &str| {
        rest.starts_with("-rc") || rest.starts_with("-alpha") || rest.starts_with("-beta")
    };
    match (a_rest, b_rest) {
        (a, b) if a == b => Some(Ordering::Equal),
        ("", b) if early(b) => Some(Ordering::Greater),
        (a, "") if early(a) => Some(Ordering::Less),
        _ => None,
    }
}

/// How far versions may be apart while a rollout is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    None,
    Patch,
    Minor,
}

impl Window {
    fn named(name: &str) -> Self {
        match name {
            "patch" => Window::Patch,
            "minor" => Window::Minor,
            _ => Window::None,
        }
    }

    fn allows(self, a: &str, b: &str) -> bool {
        let (Some(([a1, a2, ..], _)), Some(([b1, b2, ..], _))) = (parse(a), parse(b)) else {
            return false;
        };
        match self {
            Window::None => false,
            Window::Patch => (a1, a2) == (b1, b2),
            Window::Minor => a1 == b1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_put_in_order() {
        assert_eq!(compare("v1.10.0", "1.9.3"), Some(Ordering::Greater));
        assert_eq!(compare("1.2.3-alpine", "1.2.3-alpine"), Some(Ordering::Equal));
        assert_eq!(compare("1.2.0-rc1", "1.2.0"), Some(Ordering::Less));
        assert_eq!(compare("latest", "1.2.0"), None);
        assert_eq!(compare("20240101", "1.2.0"), None);
        assert!(Window::Patch.allows("1.2.3", "1.2.9"));
        assert!(!Window::Patch.allows("1.2.3", "1.3.0"));
    }
}
