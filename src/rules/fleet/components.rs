//! Whole components that a place lacks.

use kubeready_manifest::kube::{Kind, Object};
use std::collections::BTreeMap;

use super::spot::{belongs, called, listed, missing_from, named, siblings};
use crate::catalogue::options;
use crate::engine::{Ctx, resource_id};
use crate::fleet::compare::{Comparison, Group, Key, Seen, View, is_most};
use crate::fleet::{Fleet, FleetPlace, Stage};

/// A policy or a monitoring agent that one cluster of many lacks is missed when it is needed.
pub(crate) fn cluster_missing_base_component<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.comparison().groups.is_empty() {
        return ctx.pass_over();
    }
    let allowed = ctx.option(&options::CLUSTER_MISSING_BASE_COMPONENT_ALLOW);
    let allowed = |object: Object<'_>| {
        allowed.iter().any(|name| *name == object.kind_name() || *name == object.name())
    };
    let policies_elsewhere = ctx.is_on("network-policy-drift");
    let comparison = fleet.comparison();
    for group in &comparison.groups {
        for lack in lacks(fleet, comparison, group) {
            let policies = lack.objects.iter().all(|o| is_network_policy(o.kind()));
            if (policies && policies_elsewhere) || lack.objects.iter().all(|o| allowed(*o)) {
                continue;
            }
            report_lack(ctx, fleet, &lack);
        }
    }
}

/// A cluster that stands by for production is only worth something if it has what production has.
pub(crate) fn dr_cluster_drift<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let comparison = fleet.comparison();
    let of = |stage: Stage| comparison.views.iter().filter(move |v| v.stage == Some(stage));
    if of(Stage::Recovery).next().is_none() {
        return ctx.pass_over();
    }
    for view in of(Stage::Recovery) {
        let Some(place) = fleet.places.get(view.place).filter(|p| !p.partial) else { continue };
        let mut originals: Vec<&View<'t>> = of(Stage::Production)
            .filter(|v| fleet.places.get(v.place).is_some_and(|p| is_peer(p, place)))
            .collect();
        // `prod-eu-dr` stands by for `prod-eu`.
        let own = |v: &&&View<'t>| {
            let name = fleet.places.get(v.place).map_or("", FleetPlace::name);
            place.name().len() > name.len() && place.name().contains(name)
        };
        if let Some(one) = originals.iter().find(own).copied() {
            originals = vec![one];
        }
        compare_standby(ctx, fleet, view, place, &originals);
    }
}

fn is_peer(a: &FleetPlace<'_>, b: &FleetPlace<'_>) -> bool {
    a.destination.cluster.is_some() == b.destination.cluster.is_some()
}

fn compare_standby<'t>(
    ctx: &mut Ctx<'_, 't>,
    fleet: &Fleet<'t>,
    view: &View<'t>,
    place: &FleetPlace<'t>,
    originals: &[&View<'t>],
) {
    let Some(first) = originals.first() else { return };
    let everywhere = |key: &&Key<'t>| originals.iter().all(|o| o.objects.contains_key(key));
    let core: Vec<&Key<'t>> = first.objects.keys().filter(everywhere).collect();
    let common = core.iter().filter(|key| view.objects.contains_key(key)).count();
    // Places that share next to nothing are no pair.
    if common * 4 < core.len().max(1) {
        return;
    }
    let mut lacking: BTreeMap<u32, Vec<Object<'t>>> = BTreeMap::new();
    for key in core.iter().filter(|key| !view.objects.contains_key(key)) {
        if let Some(seen) = first.objects.get(key).filter(|s| must_recover(s.object)) {
            lacking.entry(seen.component).or_default().push(seen.object);
        }
    }
    for objects in lacking.values() {
        let Some(like) = objects.first().copied() else { continue };
        let Some(at) = missing_from(fleet, view, first, like) else { continue };
        let names: Vec<String> = objects.iter().map(|o| named(*o)).collect();
        let message = format!(
            "{} stands by for production and lacks {} that `{}` has",
            called(place),
            listed(&names),
            fleet.places.get(first.place).map_or("", FleetPlace::name),
        );
        let finding = ctx.report(at, message);
        finding.label("not with it").on(resource_id(like));
        finding
            .help("bring it here too: with `replicas: 0` if it must not run before it takes over");
        finding.related(like.place().span, "production has it");
        belongs(finding, place);
    }
}

/// What has to be there when production is gone: what runs, and what keeps its data.
fn must_recover(object: Object<'_>) -> bool {
    if object.workload().is_some_and(|w| w.kind() != Kind::Pod && w.kind() != Kind::Job) {
        return true;
    }
    match object.kind_name() {
        "HelmRelease"
        | "PersistentVolumeClaim"
        | "ReplicationSource"
        | "ReplicationDestination"
        | "ScheduledBackup"
        | "RecurringJob"
        | "BackupStorageLocation"
        | "VolumeSnapshotClass" => true,
        "Schedule" => matches!(object.kind(), Kind::VeleroSchedule | Kind::K8upSchedule),
        "Cluster" => object.kind() == Kind::CnpgCluster,
        _ => false,
    }
}

/// What one place lacks of one component.
pub(super) struct Lack<'c, 't> {
    pub(super) view: &'c View<'t>,
    sibling: &'c View<'t>,
    /// Siblings' objects, never empty.
    pub(super) objects: Vec<Object<'t>>,
    having: usize,
    all: usize,
}

/// What members of a group lack of what most of their siblings have.
pub(super) fn lacks<'c, 't>(
    fleet: &Fleet<'t>,
    comparison: &'c Comparison<'t>,
    group: &'c Group<'t>,
) -> Vec<Lack<'c, 't>> {
    let all = group.members.len();
    let mut lacks: BTreeMap<(usize, u32), Lack<'c, 't>> = BTreeMap::new();
    if !group.uniform {
        return Vec::new();
    }
    for row in group.rows.iter().filter(|row| is_most(row.count(), all)) {
        let having = row.count();
        let seen = row.seen.iter().zip(&group.members);
        let with = seen.clone().find_map(|(seen, at)| Some(((*seen)?, *at)));
        let Some((Seen { object, component }, sibling)) = with else { continue };
        let Some(sibling) = comparison.views.get(sibling) else { continue };
        for (_, at) in seen.filter(|(seen, _)| seen.is_none()) {
            let Some(view) = comparison.views.get(*at) else { continue };
            if fleet.places.get(view.place).is_none_or(|place| place.partial) {
                continue;
            }
            let new = || Lack { view, sibling, objects: Vec::new(), having, all };
            let lack = lacks.entry((*at, component)).or_insert_with(new);
            lack.having = lack.having.min(having);
            lack.objects.push(object);
        }
    }
    lacks.into_values().collect()
}

pub(super) fn report_lack<'t>(ctx: &mut Ctx<'_, 't>, fleet: &Fleet<'t>, lack: &Lack<'_, 't>) {
    let Some(place) = fleet.places.get(lack.view.place) else { return };
    let Some(like) = lack.objects.first().copied() else { return };
    let Some(at) = missing_from(fleet, lack.view, lack.sibling, like) else { return };
    let names: Vec<String> = lack.objects.iter().map(|o| named(*o)).collect();
    let message = format!(
        "{} lacks {} that {}",
        called(place),
        listed(&names),
        siblings(lack.having, lack.all)
    );
    let sibling = fleet.places.get(lack.sibling.place).map_or("", FleetPlace::name);
    let finding = ctx.report(at, message);
    finding.label("not with it").on(resource_id(like));
    finding.help(format!(
        "add to {} what brings it to `{sibling}`; if it is left out on purpose, name it in the \
         rule's option `allow`",
        called(place)
    ));
    finding.related(like.place().span, format!("`{sibling}` has it"));
    belongs(finding, place);
}

pub(super) fn is_network_policy(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::NetworkPolicy
            | Kind::CiliumNetworkPolicy
            | Kind::CiliumClusterwideNetworkPolicy
            | Kind::CalicoNetworkPolicy
            | Kind::CalicoGlobalNetworkPolicy
            | Kind::AdminNetworkPolicy
            | Kind::BaselineAdminNetworkPolicy
    )
}
