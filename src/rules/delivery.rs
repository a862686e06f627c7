//! Rollouts, jobs and schedules.

use kubeready_manifest::kube::{Cron, IntOrPercent, Kind, Object, Workload};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder_word;

/// A run that takes longer than its interval meets the next one.
pub(crate) fn cronjob_concurrency_allowed<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::CronJob {
        return ctx.pass_over();
    }
    let policy = object.path("spec.concurrencyPolicy");
    if policy.is_some_and(|p| !matches!(p.text(), "" | "Allow")) {
        return;
    }
    let message = format!("runs of CronJob `{}` may overlap", object.name());
    ctx.report(object.at("spec.concurrencyPolicy"), message)
        .help("set `concurrencyPolicy: Forbid` to skip a run while one goes on, or `Replace` to end the old one");
}

/// Without one a CronJob that missed 100 runs is given up, and a late run starts at any time.
pub(crate) fn cronjob_missing_deadline<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::CronJob {
        return ctx.pass_over();
    }
    if object.path("spec.startingDeadlineSeconds").is_some() {
        return;
    }
    let message = format!("CronJob `{}` has no starting deadline", object.name());
    ctx.report(object.at("spec.startingDeadlineSeconds"), message)
        .help("set `startingDeadlineSeconds` to how late a run may still start, such as `300`");
}

/// A schedule that does not parse is refused, and one without a date waits for ever.
pub(crate) fn invalid_cron_schedule<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    match object.kind() {
        Kind::CronJob => {
            schedule(object, object.path("spec.schedule"), Dialect::Standard, ctx);
            time_zone(object, object.path("spec.timeZone"), ctx);
        }
        Kind::VeleroSchedule => {
            schedule(object, object.path("spec.schedule"), Dialect::Standard, ctx);
        }
        Kind::CnpgScheduledBackup => {
            schedule(object, object.path("spec.schedule"), Dialect::Seconds, ctx);
        }
        Kind::CronWorkflow => {
            schedule(object, object.path("spec.schedule"), Dialect::Standard, ctx);
            for item in object.items_at("spec.schedules") {
                schedule(object, Some(item), Dialect::Standard, ctx);
            }
            time_zone(object, object.path("spec.timezone"), ctx);
        }
        Kind::ReplicationSource => {
            schedule(object, object.path("spec.trigger.schedule"), Dialect::Standard, ctx);
        }
        Kind::LonghornRecurringJob => {
            schedule(object, object.path("spec.cron"), Dialect::Standard, ctx);
        }
        Kind::ScaledObject | Kind::ScaledJob => {
            let triggers = object.items_at("spec.triggers");
            for trigger in triggers.filter(|t| t.str_at("type") == Some("cron")) {
                for field in ["metadata.start", "metadata.end"] {
                    schedule(object, trigger.path(field), Dialect::Standard, ctx);
                }
                time_zone(object, trigger.path("metadata.timezone"), ctx);
            }
        }
        _ => ctx.pass_over(),
    }
}

/// Stopping everything before starting anything is an outage on each release.
pub(crate) fn no_rolling_update<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !matches!(object.kind(), Kind::Deployment | Kind::DeploymentConfig) {
        return ctx.pass_over();
    }
    let Some(strategy) = object.path("spec.strategy.type") else { return };
    let (kind, name, text) = (object.kind_name(), object.name(), strategy.text());
    if matches!(text, "" | "RollingUpdate" | "Rolling") || is_placeholder_word(text) {
        return;
    }
    if text != "Recreate" {
        let known = object.kind() == Kind::DeploymentConfig && text == "Custom";
        let message = format!("{kind} `{name}` has the strategy `{text}`, not a rolling update");
        let finding = ctx.report(strategy.here(), message);
        finding.help("remove the strategy: a rolling update is the default");
        if !known {
            finding.severity(Severity::Error).label("no strategy that Kubernetes knows");
        }
        return;
    }
    let workload = ctx.workload();
    if workload.is_some_and(|w| cannot_run_twice(w, ctx)) {
        return;
    }
    let replicas = workload.and_then(|w| ctx.index().minimum_replicas(w)).unwrap_or(1);
    let served = workload.is_some_and(|w| !ctx.index().services_of(w).is_empty());
    if replicas <= 1 && !served {
        return;
    }
    let message = format!("{kind} `{name}` stops all its pods before it starts new ones");
    let finding = ctx.report(strategy.here(), message);
    finding
        .label("an outage on each rollout")
        .help("use `type: RollingUpdate`, unless two versions must never run at once");
    if replicas <= 1 {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// A rolling update that may take everything at once is none.
pub(crate) fn rolling_update_drops_all<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let object = workload.object();
    let path = match workload.kind() {
        Kind::Deployment => "spec.strategy.rollingUpdate.maxUnavailable",
        Kind::DeploymentConfig => "spec.strategy.rollingParams.maxUnavailable",
        Kind::StatefulSet | Kind::DaemonSet => "spec.updateStrategy.rollingUpdate.maxUnavailable",
        Kind::Rollout => "spec.strategy.canary.maxUnavailable",
        _ => return ctx.pass_over(),
    };
    let Some(node) = object.path(path) else { return };
    let Some(most) = IntOrPercent::read(node) else { return };
    if object.path("spec.strategy.type").is_some_and(|t| t.text() == "Recreate") {
        return;
    }
    let all = matches!(most, IntOrPercent::Percent(p) if p >= 100);
    let replicas = ctx.index().minimum_replicas(workload);
    let drops = all || replicas.is_some_and(|n| n > 0 && most.of_rounded_down(n) >= n);
    if !drops || replicas == Some(0) && workload.replicas() == Some(0) {
        return;
    }
    let autoscaled = !ctx.index().autoscalers_of(workload).is_empty();
    let served = !ctx.index().services_of(workload).is_empty();
    let (kind, name) = (workload.kind_name(), workload.name());
    let message = match replicas {
        Some(1) => format!(
            "a rollout of {kind} `{name}` may stop its only pod before the new one is ready"
        ),
        Some(n) if n > 1 => {
            format!("a rollout of {kind} `{name}` may take down all {n} replicas at once")
        }
        _ => format!("a rollout of {kind} `{name}` may take down all its pods at once"),
    };
    let finding = ctx.report(node.here(), message);
    finding.label("as many as there are").help(
        "set `maxUnavailable: 0` with `maxSurge: 1`, or a part of the replicas such as `25%`",
    );
    if workload.kind() == Kind::DaemonSet || (replicas == Some(1) && !served) {
        finding.severity(Severity::Advice);
    } else if replicas == Some(1) || (autoscaled && !all) {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
}

/// Whether a second pod could not start beside the first: a volume for one node, a port of the host.
fn cannot_run_twice(workload: Workload<'_>, ctx: &Ctx<'_, '_>) -> bool {
    const SINGLE: [&str; 11] = [
        "awsElasticBlockStore",
        "azureDisk",
        "cinder",
        "csi",
        "fc",
        "gcePersistentDisk",
        "hostPath",
        "iscsi",
        "photonPersistentDisk",
        "rbd",
        "vsphereVolume",
    ];
    let namespace = workload.object().namespace_key();
    let on_host = workload.pod().bool_at("hostNetwork") == Some(true)
        || workload.containers().any(|c| c.ports().any(|p| p.get("hostPort").is_some()));
    on_host
        || workload.volumes().any(|volume| {
            if let Some(claim) = volume.str_at("persistentVolumeClaim.claimName") {
                let claims = ctx.index().find(Kind::PersistentVolumeClaim, namespace, claim);
                // A claim that is not here may be of either kind.
                return claims.is_empty() || claims.iter().any(|c| !is_shared(*c));
            }
            SINGLE.iter().any(|kind| volume.get(kind).is_some())
        })
}

/// How many fields a schedule has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Standard,
    /// Seconds stand before the minutes.
    Seconds,
}

fn is_shared(claim: Object<'_>) -> bool {
    let mut modes = claim.items_at("spec.accessModes").peekable();
    modes.peek().is_some() && modes.all(|m| matches!(m.text(), "ReadWriteMany" | "ReadOnlyMany"))
}

/// Whether a name has the shape of an IANA time zone such as `Europe/Berlin` or `UTC`.
fn is_zone_shaped(name: &str) -> bool {
    let offset = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or("");
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'))
        && !name.ends_with('/')
        && !name.eq_ignore_ascii_case("local")
        // `GMT+0` is a zone; other offsets are under `Etc/`.
        && (!offset.starts_with(['+', '-']) || offset.trim_start_matches(['+', '-']) == "0")
}

fn schedule<'t>(
    object: Object<'t>,
    node: Option<NodeRef<'t>>,
    dialect: Dialect,
    ctx: &mut Ctx<'_, 't>,
) {
    let Some(node) = node else { return };
    let Some(text) = node.as_str().filter(|text| !is_placeholder_word(text)) else { return };
    let (kind, name) = (object.kind_name(), object.name());
    let fields = text.split_whitespace().count();
    let with_seconds = dialect == Dialect::Seconds && !text.trim_start().starts_with('@');
    if with_seconds && fields == 5 {
        let message = format!(
            "{kind} `{name}` has 5 fields in its schedule `{text}`, and the first counts seconds"
        );
        ctx.report(node.here(), message)
            .severity(Severity::Warning)
            .label("seconds are missing")
            .help(format!("write six fields: `0 {text}`"));
        return;
    }
    let parsed = if with_seconds { parse_with_seconds(text, fields) } else { parse(text) };
    let Err(why) = parsed else { return };
    let help = match (dialect, fields) {
        (Dialect::Seconds, _) => {
            "write six fields: second, minute, hour, day of month, month, day of week"
        }
        (Dialect::Standard, 6) => {
            "write five fields, without seconds: minute, hour, day of month, month, day of week"
        }
        _ => {
            "write five fields: minute, hour, day of month, month, day of week; `0 2 * * *` is every day at two"
        }
    };
    ctx.report(node.here(), format!("schedule of {kind} `{name}` never fires: {why}")).help(help);
}

fn parse(text: &str) -> Result<(), String> {
    Cron::parse(text).map(|_| ()).map_err(|why| why.to_string())
}

/// Six fields: seconds have the range of minutes.
fn parse_with_seconds(text: &str, fields: usize) -> Result<(), String> {
    match text.trim().split_once(char::is_whitespace) {
        Some((seconds, rest)) if fields == 6 => {
            parse(&format!("{seconds} * * * *")).map_err(|why| why.replace("minute", "second"))?;
            parse(rest)
        }
        _ => Err(format!("it has {fields} fields, not 6")),
    }
}

fn time_zone<'t>(object: Object<'t>, node: Option<NodeRef<'t>>, ctx: &mut Ctx<'_, 't>) {
    let Some(node) = node else { return };
    let Some(text) = node.as_str() else { return };
    if is_placeholder_word(text) || is_zone_shaped(text) {
        return;
    }
    let message = format!("`{text}` of {} `{}` is no time zone", object.kind_name(), object.name());
    ctx.report(node.here(), message)
        .help("use a name of the IANA list, such as `Europe/Berlin` or `Etc/UTC`");
}
