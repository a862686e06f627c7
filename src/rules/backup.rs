//! Backup schedules: one exists, it runs, it reaches every namespace that keeps data, often enough.

use kubeready_manifest::kube::{Cron, Kind, Object, Selector};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::index::{Index, Namespace};

/// What was written since the last backup is lost.
pub(crate) fn backup_interval_exceeds_rpo<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(schedule) = schedule(object) else { return ctx.pass_over() };
    let Some(gap) = longest_gap(object, schedule) else { return };
    let hours = ctx.option(&crate::catalogue::options::BACKUP_INTERVAL_EXCEEDS_RPO_HOURS);
    let allowed = u64::try_from(hours).unwrap_or(0) * 3600;
    if gap <= allowed || is_paused(object) || is_covered_more_often(object, allowed, ctx.index()) {
        return;
    }
    let message = format!("up to {} between two backups", duration(gap));
    ctx.report(schedule.here(), message).label(format!("more than {hours} h")).help(format!(
        "run it at least every {hours} h, or set the option `hours` to the loss you accept"
    ));
}

/// Of a Velero schedule for other namespaces nothing comes back for this one.
pub(crate) fn namespace_not_backed_up<'t>(namespace: &Namespace<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let schedules = index.objects(Kind::VeleroSchedule);
    if schedules.is_empty() || index.objects(Kind::KastenPolicy).iter().any(|p| !is_paused(*p)) {
        return ctx.pass_over();
    }
    let judged = |o: &Object<'t>| index.standing(*o).is_judged();
    let keepers = keeps_data(index, namespace.name);
    let own = keepers.iter().copied().find(judged);
    let Some(keeper) = own.or(keepers.first().copied()) else { return ctx.pass_over() };
    if schedules.iter().any(|s| !is_paused(*s) && reaches(*s, namespace.name, index))
        || has_own_backup(index, namespace.name)
    {
        return;
    }
    let place = namespace.object.filter(judged).unwrap_or(keeper);
    let message =
        format!("namespace `{}` keeps data that no Velero Schedule backs up", namespace.name);
    ctx.report(place.place(), message)
        .on(resource_id(place))
        .related(keeper.place().span, "this is lost with the cluster")
        .help("add the namespace to `spec.template.includedNamespaces` of a Schedule");
}

/// Replicas copy a mistake as faithfully as everything else; only a backup goes back in time.
pub(crate) fn no_backup_schedule<'t>(index: &Index<'t>, ctx: &mut Ctx<'_, 't>) {
    if ctx.option(&crate::catalogue::options::NO_BACKUP_SCHEDULE_PROVIDER_BACKUPS) {
        return;
    }
    // What neighbours keep is told where they are judged.
    let own = index.members().iter().filter(|m| m.standing.is_judged());
    let mut keepers = own.map(|m| m.object).filter(|o| is_keeper(*o));
    let Some(first) = keepers.next() else { return ctx.pass_over() };
    if index.members().iter().any(|m| is_backup(m.object)) {
        return;
    }
    let more = keepers.count();
    let message = match more {
        0 => {
            format!("{} `{}` keeps data, and nothing backs it up", first.kind_name(), first.name())
        }
        _ => format!(
            "{} `{}` and {more} more keep data, and nothing backs it up",
            first.kind_name(),
            first.name()
        ),
    };
    // The schedules of an application's own repository often are in the cluster's.
    let cluster = index.namespaces().iter().filter(|n| n.named).count() > 1;
    let finding = ctx.report(first.place(), message);
    finding
        .on(resource_id(first))
        .label("no backup schedule in the tree")
        .help("add a schedule (Velero, K8up, VolSync, Longhorn, CloudNativePG, Kasten), or set the option `provider-backups` if the volumes are backed up outside the cluster");
    if !cluster {
        finding.severity(Severity::Advice).confidence(Confidence::Hint);
    }
}

/// A paused schedule looks like a backup until the day it is needed.
pub(crate) fn velero_schedule_paused<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::VeleroSchedule {
        return ctx.pass_over();
    }
    if is_paused(object) {
        let message = format!("Schedule `{}` is paused", object.name());
        ctx.report(object.at("spec.paused"), message)
            .label("no backup is made")
            .help("set `paused: false`, or remove the Schedule if another one took over");
    }
}

/// Paused or suspended, by the field of its kind.
fn is_paused(object: Object<'_>) -> bool {
    ["spec.paused", "spec.suspend"].iter().any(|path| object.root().bool_at(path) == Some(true))
}

/// The cron expression of a backup schedule.
fn schedule(object: Object<'_>) -> Option<NodeRef<'_>> {
    match object.kind() {
        Kind::VeleroSchedule | Kind::CnpgScheduledBackup => object.path("spec.schedule"),
        Kind::K8upSchedule => object.path("spec.backup.schedule"),
        Kind::ReplicationSource => object.path("spec.trigger.schedule"),
        Kind::LonghornRecurringJob => {
            let backs_up = object.str_at("spec.task").is_some_and(|t| t.contains("backup"));
            object.path("spec.cron").filter(|_| backs_up)
        }
        Kind::KastenPolicy => object.path("spec.frequency"),
        _ => None,
    }
}

/// Seconds of the longest time between two runs; `None` for what does not parse.
fn longest_gap(object: Object<'_>, schedule: NodeRef<'_>) -> Option<u64> {
    let text = schedule.text().trim();
    // CloudNativePG's schedules have a field of seconds in front.
    let fields = text.split_whitespace().count();
    let text = match text.split_once(char::is_whitespace) {
        Some((_, rest)) if object.kind() == Kind::CnpgScheduledBackup && fields == 6 => rest,
        _ => text,
    };
    // K8up spreads `@daily-random` over the day.
    let cron = Cron::parse(text.trim().trim_end_matches("-random")).ok()?;
    Some(cron.longest_gap_seconds())
}

/// Whether another schedule takes the same things often enough: a weekly one kept for long beside
/// a daily one.
fn is_covered_more_often(object: Object<'_>, allowed: u64, index: &Index<'_>) -> bool {
    let same = |a: Object<'_>, b: Object<'_>| match object.kind() {
        Kind::VeleroSchedule => {
            let all = "spec.template.includedNamespaces";
            let names = |o: Object<'_>| -> Vec<String> {
                o.root().items_at(all).map(|n| n.text().to_owned()).collect()
            };
            let (mine, theirs) = (names(a), names(b));
            theirs.is_empty() || theirs.iter().any(|n| n == "*") || mine == theirs
        }
        Kind::CnpgScheduledBackup => {
            a.str_at("spec.cluster.name") == b.str_at("spec.cluster.name")
                && a.namespace_key() == b.namespace_key()
        }
        Kind::LonghornRecurringJob => {
            let groups = |o: Object<'_>| -> Vec<String> {
                o.items_at("spec.groups").map(|n| n.text().to_owned()).collect()
            };
            groups(a) == groups(b)
        }
        Kind::ReplicationSource => {
            a.str_at("spec.sourcePVC") == b.str_at("spec.sourcePVC")
                && a.namespace_key() == b.namespace_key()
        }
        _ => a.namespace_key() == b.namespace_key(),
    };
    index.objects(object.kind()).iter().any(|&other| {
        other.root() != object.root()
            && !is_paused(other)
            && same(object, other)
            && schedule(other).and_then(|s| longest_gap(other, s)).is_some_and(|gap| gap <= allowed)
    })
}

/// Objects whose data outlives their pods.
fn is_keeper(object: Object<'_>) -> bool {
    match object.kind() {
        Kind::PersistentVolumeClaim => true,
        Kind::StatefulSet => {
            object.workload().is_some_and(|w| w.claim_templates().next().is_some())
        }
        _ => false,
    }
}

fn keeps_data<'t>(index: &Index<'t>, namespace: &str) -> Vec<Object<'t>> {
    [Kind::PersistentVolumeClaim, Kind::StatefulSet]
        .into_iter()
        .flat_map(|kind| index.objects_in(kind, namespace))
        .filter(|o| is_keeper(*o))
        .collect()
}

/// A schedule of any engine, a database that backs itself up, a job that says so, or a chart of one.
fn is_backup(object: Object<'_>) -> bool {
    match object.kind() {
        Kind::VeleroSchedule
        | Kind::K8upSchedule
        | Kind::ReplicationSource
        | Kind::CnpgScheduledBackup
        | Kind::KastenPolicy => true,
        Kind::LonghornRecurringJob => schedule(object).is_some(),
        Kind::CnpgCluster => object.path("spec.backup").is_some(),
        Kind::CronJob
        | Kind::CronWorkflow
        | Kind::HelmRelease
        | Kind::Application
        | Kind::ApplicationSet => says_backup(object),
        Kind::Other => {
            let kind = object.kind_name();
            let group = object.group();
            kind.contains("Backup") || group.contains("backup") || group == "gemini.fairwinds.com"
        }
        _ => false,
    }
}

/// Whether a name, chart, image or command speaks of backups.
fn says_backup(object: Object<'_>) -> bool {
    const WORDS: [&str; 12] = [
        "backup",
        "velero",
        "restic",
        "k8up",
        "kasten",
        "k10",
        "volsync",
        "pg_dump",
        "pgdump",
        "mysqldump",
        "mongodump",
        "snapshot",
    ];
    let says = |text: &str| WORDS.iter().any(|word| text.contains(word));
    says(object.name())
        || object
            .root()
            .descendants()
            .any(|n| n.is_scalar() && n.text().len() < 8192 && says(n.text()))
}

/// Engines that work by namespace or claim.
fn has_own_backup(index: &Index<'_>, namespace: &str) -> bool {
    [Kind::K8upSchedule, Kind::ReplicationSource, Kind::CnpgScheduledBackup, Kind::CronJob]
        .into_iter()
        .flat_map(|kind| index.objects_in(kind, namespace))
        .any(|o| is_backup(o) && !is_paused(o))
        || index.objects(Kind::LonghornRecurringJob).iter().any(|o| is_backup(*o))
}

/// Whether a Velero Schedule takes what is in a namespace.
fn reaches(schedule: Object<'_>, namespace: &str, index: &Index<'_>) -> bool {
    let Some(template) = schedule.path("spec.template") else { return true };
    let matches = |pattern: NodeRef<'_>| {
        let pattern = pattern.text();
        pattern == namespace
            || pattern.split_once('*').is_some_and(|(start, end)| {
                namespace.len() >= start.len() + end.len()
                    && namespace.starts_with(start)
                    && namespace.ends_with(end)
            })
            || pattern.contains(['$', '{'])
    };
    let included = template.get("includedNamespaces").filter(|n| !n.is_empty());
    if included.is_some_and(|list| !list.items().any(matches))
        || template.items_at("excludedNamespaces").any(|n| n.text() == namespace)
    {
        return false;
    }
    let mut selectors: Vec<Selector<'_>> =
        template.get("labelSelector").map(Selector::label_selector).into_iter().collect();
    selectors.extend(template.items_at("orLabelSelectors").map(Selector::label_selector));
    selectors.is_empty()
        || keeps_data(index, namespace).into_iter().any(|o| {
            let pods = o.workload().map(kubeready_manifest::kube::Workload::pod_labels);
            selectors.iter().any(|s| s.matches(o.labels()) || pods.is_some_and(|p| s.matches(p)))
        })
}

fn duration(seconds: u64) -> String {
    let hours = seconds.div_ceil(3600);
    if hours >= 48 && hours.is_multiple_of(24) {
        format!("{} d", hours / 24)
    } else {
        format!("{hours} h")
    }
}
