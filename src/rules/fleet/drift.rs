//! Fields in which one place differs from its siblings.

use std::collections::BTreeMap;

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::components::{is_network_policy, lacks, report_lack};
use super::spot::{called, named, report, shown, siblings};
use crate::catalogue::options;
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::fleet::compare::{Group, Row};
use crate::fleet::differ::{Difference, differences};

/// A gap in the policies of one cluster is the way in for whoever finds it.
pub(crate) fn network_policy_drift<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.comparison().groups.is_empty() {
        return ctx.pass_over();
    }
    let comparison = fleet.comparison();
    for group in &comparison.groups {
        for lack in lacks(fleet, comparison, group) {
            if lack.objects.iter().all(|o| is_network_policy(o.kind())) {
                report_lack(ctx, fleet, &lack);
            }
        }
    }
    compare(fleet, ctx, |object| is_network_policy(object.kind()), &is_description);
}

/// What is patched in one place only is forgotten there, and found when that place breaks.
pub(crate) fn overlay_drift<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.comparison().groups.is_empty() {
        return ctx.pass_over();
    }
    let policies_elsewhere = ctx.is_on("network-policy-drift");
    let rights_elsewhere = ctx.is_on("rbac-drift");
    let allowed = ctx.option(&options::OVERLAY_DRIFT_ALLOW);
    let wanted = |object: Object<'_>| match object.kind() {
        Kind::Secret | Kind::SealedSecret | Kind::SopsSecret | Kind::CustomResourceDefinition => {
            false
        }
        kind if is_network_policy(kind) => !policies_elsewhere,
        kind if is_rbac(kind) => !rights_elsewhere,
        _ => true,
    };
    let skip = |key: &str| {
        is_description(key) || allowed.iter().any(|name| name.eq_ignore_ascii_case(key))
    };
    compare(fleet, ctx, wanted, &skip);
}

/// Rights that one cluster gives and its siblings do not were given by hand, or forgotten.
pub(crate) fn rbac_drift<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.comparison().groups.is_empty() {
        return ctx.pass_over();
    }
    compare(fleet, ctx, |object| is_rbac(object.kind()), &is_description);
}

fn is_rbac(kind: Kind) -> bool {
    matches!(kind, Kind::Role | Kind::ClusterRole | Kind::RoleBinding | Kind::ClusterRoleBinding)
}

/// Keys that describe an object and do not change what it does.
fn is_description(key: &str) -> bool {
    matches!(key, "labels" | "annotations" | "status" | "finalizers" | "creationTimestamp" | "sops")
}

/// Only the labels of a Namespace that admission goes by.
fn is_no_admission(key: &str) -> bool {
    !(matches!(key, "metadata" | "labels") || key.starts_with("pod-security.kubernetes.io/"))
}

fn compare<'t>(
    fleet: &Fleet<'t>,
    ctx: &mut Ctx<'_, 't>,
    wanted: impl Fn(Object<'t>) -> bool,
    skip: &dyn Fn(&str) -> bool,
) {
    let comparison = fleet.comparison();
    for group in comparison.groups.iter().filter(|g| g.uniform && g.members.len() >= 3) {
        for row in group.rows.iter().filter(|row| row.count() >= 3) {
            let Some(first) = row.first().filter(|seen| wanted(seen.object)) else { continue };
            let skip: &dyn Fn(&str) -> bool =
                if first.object.kind() == Kind::Namespace { &is_no_admission } else { skip };
            let mut by_member: BTreeMap<usize, Vec<Difference<'t>>> = BTreeMap::new();
            for difference in differences(comparison, group, row, skip) {
                by_member.entry(difference.member).or_default().push(difference);
            }
            for found in by_member.into_values() {
                report_difference(fleet, ctx, group, row, &found);
            }
        }
    }
}

/// One finding for an object, however many of its fields differ.
fn report_difference<'t>(
    fleet: &Fleet<'t>,
    ctx: &mut Ctx<'_, 't>,
    group: &Group<'t>,
    row: &Row<'t>,
    found: &[Difference<'t>],
) {
    let Some(first) = found.first() else { return };
    let at = group.members.get(first.member);
    let Some(view) = at.and_then(|at| fleet.comparison().views.get(*at)) else { return };
    let Some(place) = fleet.places.get(view.place) else { return };
    let Some(object) = row.seen.get(first.member).copied().flatten().map(|s| s.object) else {
        return;
    };
    let (field, called, named) = (&first.path, called(place), named(object));
    let theirs = siblings(first.agreeing, row.count());
    let what = match (first.own, first.usual) {
        (None, _) => format!("{called} lacks `{field}` of {named} that {theirs}"),
        (Some(_), None) => {
            let none = theirs.replace(" have", " do not have");
            format!("{called} sets `{field}` of {named} that {none}")
        }
        (Some(own), Some(usual)) => match (shown(own), shown(usual)) {
            (Some(own), Some(usual)) => {
                format!("{called} has {own} as `{field}` of {named} where {theirs} {usual}")
            }
            _ => format!("{called} differs in `{field}` of {named} from what {theirs}"),
        },
    };
    let message = match found.len() - 1 {
        0 => what,
        1 => format!("{what}, and differs in one more field"),
        more => format!("{what}, and differs in {more} more fields"),
    };
    let other = row.seen.iter().zip(&group.members).enumerate();
    let mut other = other.filter(|(member, _)| found.iter().all(|d| d.member != *member));
    let sibling = other.find_map(|(_, (seen, at))| Some(((*seen)?.object, *at)));
    let usual = first.usual.map(NodeRef::span);
    let finding = report(
        ctx,
        fleet,
        view,
        first.at.clone(),
        object,
        sibling.map(|(object, _)| object),
        message,
    );
    finding.help(
        "make it the same in all of them, best by a change to what they share; if it differs on \
         purpose, say so in a comment that ignores this rule here",
    );
    if let Some(span) = usual.or_else(|| sibling.map(|(object, _)| object.place().span)) {
        finding.related(span, "what most of its siblings have");
    }
}
