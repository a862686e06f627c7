//! Storage: state that outlives its pod, and volumes that can be mounted at all.

use kubeready_manifest::kube::{Container, Kind, Object, Selector, Workload};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::databases::{self, Database};
use crate::rules::elsewhere::{self, Elsewhere};
use crate::rules::placeholder::is_placeholder_word;

/// A pod waits for ever for a claim that nobody makes.
pub(crate) fn dangling_pvc<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let namespace = workload.object().namespace_key();
    let mut any = false;
    for volume in workload.volumes() {
        let Some(claim) = volume.path("persistentVolumeClaim.claimName") else { continue };
        any = true;
        // A claim template of the volume's name takes its place.
        if is_claim_template(workload, volume.get("name").map_or("", NodeRef::text)) {
            continue;
        }
        let name = claim.text();
        let index = ctx.index();
        if name.is_empty()
            || is_placeholder_word(name)
            || !index.find(Kind::PersistentVolumeClaim, namespace, name).is_empty()
            || is_claim_of_stateful_set(name, namespace, index)
        {
            continue;
        }
        // DataVolumes, volume populators and backup tools make a claim of their own name.
        let elsewhere = elsewhere::named(index, &[name], namespace);
        let same = |o: &Object<'_>| o.name() == name && o.namespace_key() == namespace;
        if elsewhere == Elsewhere::Likely || index.objects(Kind::Other).iter().any(same) {
            continue;
        }
        let finding = ctx
            .report(claim.here(), format!("claim `{name}` of `{}` is not there", workload.name()))
            .label("no PersistentVolumeClaim of this name")
            .help("add the PersistentVolumeClaim, or name one of the same namespace");
        if elsewhere == Elsewhere::Possible {
            finding.severity(Severity::Advice).confidence(Confidence::Hint);
        }
    }
    if !any {
        ctx.pass_over();
    }
}

/// A Deployment starts the new pod beside the old one: two servers on one data directory.
pub(crate) fn database_on_deployment<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if databases::of(workload).next().is_none() {
        return ctx.pass_over();
    }
    if !matches!(
        workload.kind(),
        Kind::Deployment
            | Kind::ReplicaSet
            | Kind::ReplicationController
            | Kind::DeploymentConfig
            | Kind::Rollout
    ) {
        return;
    }
    let found = databases::of(workload).find(|(container, database)| {
        !database.cache
            || databases::persists(*container) == Some(true)
            || (databases::persists(*container).is_none() && has_lasting_data(*container, database))
    });
    let Some((container, database)) = found else { return };
    let alone = ctx.index().minimum_replicas(workload).is_some_and(|n| n <= 1);
    let safe = alone && strategy(workload) == Some("Recreate");
    let milder = safe || databases::is_for_tests(workload.object());
    let finding = ctx
        .report(
            container.image_place(),
            format!("{} runs in {} `{}`", database.name, workload.kind_name(), workload.name()),
        )
        .label(format!("a {} server", database.name))
        .help("run it as a StatefulSet with `volumeClaimTemplates`, or by an operator");
    finding.container = Some(container.name().to_owned());
    if milder {
        finding.severity(Severity::Advice);
    }
}

/// Data on a pod's own disk is gone when the pod is.
pub(crate) fn database_on_ephemeral_storage<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(database) = databases::served_by(container) else { return ctx.pass_over() };
    if database.data.is_empty() {
        return;
    }
    let told = databases::persists(container);
    if database.cache && told == Some(false) {
        return;
    }
    let workload = container.workload();
    let (place, message) = match data_mount(container, database) {
        Data::Lasting | Data::Unknown => return,
        Data::Lost(mount) => (
            mount.at("mountPath"),
            format!("data of {} in `{}` is on an ephemeral volume", database.name, workload.name()),
        ),
        Data::Unmounted => (
            container.image_place(),
            format!("{} in `{}` keeps its data in the container", database.name, workload.name()),
        ),
    };
    let milder =
        (database.cache && told != Some(true)) || databases::is_for_tests(workload.object());
    let finding = ctx.report(place, message).label("lost with the pod").help(
        "mount a volume of `volumeClaimTemplates` or a PersistentVolumeClaim at the data directory",
    );
    if milder {
        finding.severity(Severity::Advice);
    }
}

/// A ReadWriteOnce volume is mounted on one node: the second pod waits, a rollout hangs.
pub(crate) fn shared_rwo_volume<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let kind = workload.kind();
    let rolls = matches!(kind, Kind::Deployment | Kind::Rollout | Kind::DeploymentConfig);
    let counts = rolls
        || matches!(kind, Kind::StatefulSet | Kind::ReplicaSet | Kind::ReplicationController)
        || kind == Kind::DaemonSet;
    if !counts || workload.volumes().all(|v| v.get("persistentVolumeClaim").is_none()) {
        return ctx.pass_over();
    }
    let replicas = most_replicas(workload, index);
    let several = kind == Kind::DaemonSet || replicas > 1;
    let surges = rolls && replicas == 1 && starts_new_first(workload);
    if !several && !surges {
        return;
    }
    let mut claims = workload.volumes().filter_map(|volume| {
        let name = volume.path("persistentVolumeClaim.claimName")?;
        if is_claim_template(workload, volume.get("name").map_or("", NodeRef::text)) {
            return None;
        }
        let (_, mode) = single_node_claim(name.text(), workload, index)?;
        Some((name, mode))
    });
    // A strategy mends all claims at once; else each needs a volume of another kind.
    let by_strategy = surges && kind != Kind::Rollout;
    while let Some((name, mode)) = claims.next() {
        let pods = if kind == Kind::DaemonSet {
            format!("every pod of `{}` mounts", workload.name())
        } else if several {
            format!("{replicas} pods of `{}` mount", workload.name())
        } else {
            format!("old and new pod of `{}` mount", workload.name())
        };
        let mut message = format!("{pods} the {} claim `{}`", mode.text(), name.text());
        let mut related = vec![(mode, name)];
        if by_strategy {
            related.extend(claims.by_ref().map(|(name, mode)| (mode, name)));
        }
        if related.len() > 1 {
            message = format!("{message} and {} more", related.len() - 1);
        }
        let finding = ctx.report(name.here(), message);
        for (mode, name) in related {
            let what = format!("one node at a time: claim `{}`", name.text());
            finding.related(mode.span(), what);
        }
        finding.help(if by_strategy {
            "set `strategy.type: Recreate`"
        } else {
            "use a StatefulSet with `volumeClaimTemplates`, or a volume that is ReadWriteMany"
        });
        if surges {
            finding.severity(Severity::Warning).confidence(Confidence::Likely);
        }
    }
}

/// The names of a StatefulSet's pods come from its headless Service.
pub(crate) fn statefulset_missing_headless_service<'t>(
    workload: Workload<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    if workload.kind() != Kind::StatefulSet {
        return ctx.pass_over();
    }
    let object = workload.object();
    let Some(name) = object.path("spec.serviceName").filter(|n| !n.text().is_empty()) else {
        ctx.report(
            object.at("spec.serviceName"),
            format!("stateful set `{}` names no service", object.name()),
        )
        .help("set `spec.serviceName` to a headless Service that selects its pods");
        return;
    };
    let index = ctx.index();
    let namespace = object.namespace_key();
    let services = index.find(Kind::Service, namespace, name.text());
    if is_placeholder_word(name.text())
        || (services.is_empty()
            && elsewhere::named(index, &[name.text()], namespace) == Elsewhere::Likely)
    {
        return;
    }
    let headless = |s: &&Object<'_>| s.str_at("spec.clusterIP") == Some("None");
    let selects = |s: Object<'_>| {
        let selector = s.path("spec.selector").filter(|node| !node.is_empty());
        selector.is_some_and(|node| Selector::map(node).matches(workload.pod_labels()))
    };
    if services.iter().filter(headless).any(|s| selects(*s)) {
        return;
    }
    let what = match services.first() {
        None => "is not there",
        Some(_) if services.iter().any(|s| headless(&s)) => "does not select its pods",
        Some(_) => "is not headless",
    };
    let finding = ctx
        .report(
            name.here(),
            format!("service `{}` of stateful set `{}` {what}", name.text(), object.name()),
        )
        .help("add a Service of this name with `clusterIP: None` that selects the pod labels");
    if let Some(service) = services.first() {
        finding.related(service.place().span, "the Service");
    }
}

/// A StatefulSet that keeps nothing is a Deployment that rolls out slowly, or loses its data.
pub(crate) fn statefulset_without_volume_claims<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    if workload.kind() != Kind::StatefulSet {
        return ctx.pass_over();
    }
    if workload.claim_templates().next().is_some() || workload.volumes().any(is_lasting) {
        return;
    }
    let database = databases::of(workload).next();
    // The data directory of a known database is the sharper rule's.
    if database.is_some() && ctx.is_on("database-on-ephemeral-storage") {
        return;
    }
    let keeps_data = database.is_some() || workload.running_containers().any(mounts_data);
    let object = workload.object();
    let finding = ctx
        .report(
            object.at("spec.volumeClaimTemplates"),
            format!("stateful set `{}` has no persistent volume", object.name()),
        )
        .help("add `spec.volumeClaimTemplates`, or use a Deployment if it keeps no state");
    if !keeps_data || databases::is_for_tests(object) {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// With `Delete`, removing the claim removes the database's disk.
pub(crate) fn storage_class_reclaim_delete<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let path = match object.kind() {
        Kind::StorageClass => "reclaimPolicy",
        Kind::PersistentVolume => "spec.persistentVolumeReclaimPolicy",
        _ => return ctx.pass_over(),
    };
    // A class without the field deletes; a volume that is made by hand is kept.
    let deletes = match object.path(path) {
        Some(policy) => policy.text() == "Delete",
        None => object.kind() == Kind::StorageClass,
    };
    if !deletes {
        return;
    }
    let Some((workload, database)) = database_on(object, ctx.index()) else { return };
    ctx.report(
        object.at(path),
        format!(
            "{} `{}` deletes the disk of {} in `{}` with its claim",
            if object.kind() == Kind::StorageClass { "storage class" } else { "volume" },
            object.name(),
            database.name,
            workload.name()
        ),
    )
    .related(workload.place().span, "uses it")
    .help(format!("set `{path}: Retain`"));
}

/// The API server refuses a mount of a volume that the pod does not have.
pub(crate) fn undefined_volume_mount<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let workload = container.workload();
    // Operators add volumes of their own to the templates they are given.
    if workload.kind() == Kind::Other {
        return ctx.pass_over();
    }
    let devices = container.node().items_at("volumeDevices").filter(|d| d.is_map());
    for mount in container.volume_mounts().chain(devices) {
        let Some(node) = mount.get("name") else { continue };
        let name = node.text();
        if name.is_empty()
            || is_placeholder_word(name)
            || workload.volumes().any(|v| v.get("name").is_some_and(|n| n.text() == name))
            || is_claim_template(workload, name)
        {
            continue;
        }
        ctx.report(
            node.here(),
            format!(
                "container `{}` mounts volume `{name}`, which the pod does not have",
                container.name()
            ),
        )
        .label("no volume of this name")
        .help("add it under `volumes` (or `volumeClaimTemplates`), or name one that is there");
    }
}

/// Where a database's data directory is.
enum Data<'t> {
    Lasting,
    /// A mount covers it whose volume goes away with the pod.
    Lost(NodeRef<'t>),
    /// No mount covers it and nothing that lasts is mounted.
    Unmounted,
    Unknown,
}

fn data_mount<'t>(container: Container<'t>, database: &Database) -> Data<'t> {
    let workload = container.workload();
    let moved = databases::moved_data(container, database).filter(|p| p.starts_with('/'));
    let holds = |path: &str| match moved {
        Some(moved) => is_within(moved, path),
        None => database.data.iter().any(|d| is_within(d, path) || is_within(path, d)),
    };
    let mut lost = None;
    let mut lasting = false;
    for mount in container.volume_mounts() {
        let path = mount.str_at("mountPath").unwrap_or("");
        let name = mount.get("name").map_or("", NodeRef::text);
        let claimed = is_claim_template(workload, name);
        let Some(lasts) =
            (if claimed { Some(true) } else { workload.volume(name).map(is_lasting) })
        else {
            return Data::Unknown;
        };
        lasting |= lasts;
        if !holds(path) {
            continue;
        }
        if lasts {
            return Data::Lasting;
        }
        // Scripts and settings may be mounted below the data directory.
        if workload.volume(name).is_some_and(is_scratch) {
            lost = Some(mount);
        }
    }
    match lost {
        Some(mount) => Data::Lost(mount),
        None if lasting => Data::Unknown,
        None => Data::Unmounted,
    }
}

fn has_lasting_data(container: Container<'_>, database: &Database) -> bool {
    matches!(data_mount(container, database), Data::Lasting)
}

/// Whether a StatefulSet has a claim template of this name.
fn is_claim_template(workload: Workload<'_>, name: &str) -> bool {
    let is_named =
        |claim: NodeRef<'_>| claim.path("metadata.name").is_some_and(|n| n.text() == name);
    workload.kind() == Kind::StatefulSet && workload.claim_templates().any(is_named)
}

/// Whether a path is another or lies below it.
fn is_within(path: &str, parent: &str) -> bool {
    let parent = parent.trim_end_matches('/');
    !parent.is_empty()
        && path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A volume whose content outlives the pod.
fn is_lasting(volume: NodeRef<'_>) -> bool {
    let source = |name: &str| volume.get(name).is_some();
    let passing =
        ["emptyDir", "configMap", "secret", "projected", "downwardAPI", "ephemeral", "image"];
    // Without a source it is an emptyDir. CSI volumes in a pod are inline: mostly secrets.
    !passing.into_iter().any(source)
        && !source("csi")
        && volume.entries().any(|(key, value)| key.text() != "name" && !value.is_null())
}

fn is_scratch(volume: NodeRef<'_>) -> bool {
    !["configMap", "secret", "projected", "downwardAPI", "csi", "image"]
        .into_iter()
        .any(|name| volume.get(name).is_some())
}

/// Whether a container mounts an emptyDir where data is kept.
fn mounts_data(container: Container<'_>) -> bool {
    container.volume_mounts().any(|mount| {
        let path = mount.str_at("mountPath").unwrap_or("");
        let name = mount.get("name").map_or("", NodeRef::text);
        let says =
            path.split('/').any(|part| matches!(part, "data" | "db" | "storage" | "database"))
                || name.split('-').any(|part| matches!(part, "data" | "db" | "storage"));
        says && container.workload().volume(name).is_some_and(is_scratch)
    })
}

fn strategy(workload: Workload<'_>) -> Option<&str> {
    workload.object().str_at("spec.strategy.type")
}

/// Whether a rollout of one replica starts the new pod while the old one still runs.
fn starts_new_first(workload: Workload<'_>) -> bool {
    if workload.kind() == Kind::Rollout {
        return true;
    }
    if strategy(workload) == Some("Recreate") {
        return false;
    }
    let root = workload.object().root();
    let params = root
        .path("spec.strategy.rollingUpdate")
        .or_else(|| root.path("spec.strategy.rollingParams"));
    let surge = params.and_then(|p| p.get("maxSurge"));
    !surge.is_some_and(|s| matches!(s.text(), "0" | "0%"))
}

/// Replicas that a workload may have: an autoscaler's maximum, else the field, else 1.
fn most_replicas(workload: Workload<'_>, index: &Index<'_>) -> i64 {
    if let Some(autoscaler) = index.autoscalers_of(workload).first() {
        let path = match autoscaler.kind() {
            Kind::ScaledObject => "spec.maxReplicaCount",
            _ => "spec.maxReplicas",
        };
        return autoscaler.root().i64_at(path).unwrap_or(100);
    }
    workload.replicas().unwrap_or(1)
}

/// The claim a workload names, if one node at a time may mount it, and the mode that says so.
fn single_node_claim<'t>(
    name: &str,
    workload: Workload<'t>,
    index: &Index<'t>,
) -> Option<(Object<'t>, NodeRef<'t>)> {
    let found = index.find(Kind::PersistentVolumeClaim, workload.object().namespace_key(), name);
    let claim = match found {
        [only] => *only,
        _ => *found.iter().find(|c| index.same_directory(**c, workload.object()))?,
    };
    let modes = || claim.items_at("spec.accessModes");
    let single = |n: &NodeRef<'_>| matches!(n.text(), "ReadWriteOnce" | "ReadWriteOncePod");
    let mode = modes().find(single)?;
    modes().all(|n| single(&n)).then_some((claim, mode))
}

/// `data-web-0`: a claim that a StatefulSet of the set makes from its template.
fn is_claim_of_stateful_set(name: &str, namespace: &str, index: &Index<'_>) -> bool {
    let Some((stem, ordinal)) = name.rsplit_once('-') else { return false };
    if ordinal.is_empty() || !ordinal.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    // Every way to cut `<template>-<set>`.
    stem.match_indices('-').any(|(at, _)| {
        let (template, set) = (&stem[..at], &stem[at + 1..]);
        index.find(Kind::StatefulSet, namespace, set).iter().filter_map(|o| o.workload()).any(|w| {
            w.claim_templates()
                .any(|c| c.path("metadata.name").is_some_and(|n| n.text() == template))
        })
    })
}

/// A workload that keeps a database on the class or the volume.
fn database_on<'t>(
    storage: Object<'t>,
    index: &Index<'t>,
) -> Option<(Workload<'t>, &'static Database)> {
    let default = storage.annotation("storageclass.kubernetes.io/is-default-class") == Some("true");
    let one = index.find(storage.kind(), "", storage.name()).len() == 1;
    // By its name a class is meant; as the default, or as one of several, only where it is near.
    let uses = |spec: NodeRef<'_>, near: bool| match storage.kind() {
        Kind::StorageClass => match spec.get("storageClassName") {
            Some(class) => class.text() == storage.name() && (one || near),
            None => default && near && spec.get("volumeName").is_none(),
        },
        _ => spec.get("volumeName").is_some_and(|v| v.text() == storage.name()),
    };
    let claimed = |claim: Object<'_>, near: bool| {
        claim.spec().is_some_and(|spec| uses(spec, near))
            || (storage.kind() == Kind::PersistentVolume
                && storage.str_at("spec.claimRef.name") == Some(claim.name())
                && storage.str_at("spec.claimRef.namespace").unwrap_or("default")
                    == claim.namespace_key())
    };
    let kept = |workload| databases::of(workload).find(|(_, d)| !d.cache);
    let all = index.workloads().iter().copied();
    let databases =
        index.notes().databases.get_or_init(|| all.filter(|w| kept(*w).is_some()).collect());
    databases.iter().copied().find_map(|workload| {
        let (_, database) = kept(workload)?;
        let near = index.same_directory(storage, workload.object());
        let by_template =
            workload.claim_templates().filter_map(|c| c.get("spec")).any(|spec| uses(spec, near));
        let by_claim = || {
            let namespace = workload.object().namespace_key();
            workload.volumes().filter_map(|v| v.path("persistentVolumeClaim.claimName")).any(|c| {
                index
                    .find(Kind::PersistentVolumeClaim, namespace, c.text())
                    .iter()
                    .any(|claim| claimed(*claim, near))
            })
        };
        (by_template || by_claim()).then_some((workload, database))
    })
}
