//! What most charts call the same: `image`, `replicaCount`, `resources`, `securityContext`, probes.

use kubeready_manifest::yaml::{Data, Entry, NodeRef, Value};

use super::parts::image_of;
use super::{Maker, Told, fill, object, set_written, template, text, value, written};

/// Fields of a security context that only a pod has.
const OF_PODS: [&str; 6] = [
    "fsGroup",
    "fsGroupChangePolicy",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
    "seLinuxChangePolicy",
];

/// Fields of security contexts that are no maps or lists.
const SCALARS: [&str; 11] = [
    "allowPrivilegeEscalation",
    "fsGroup",
    "fsGroupChangePolicy",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "seLinuxChangePolicy",
    "supplementalGroupsPolicy",
];

/// A workload that is sound but for what the values say; `None` if they say nothing of it.
pub(super) fn workload<'r>(told: &Told<'r>) -> Option<Value<'r>> {
    let (first, _) = told.values.entries().next()?;
    let maker = Maker { span: first.span() };
    let mut container = sound_container(told, maker);
    let mut pod = sound_pod(maker);
    let mut told_any = image(told, &mut container, maker);
    told_any |= resources(told, &mut container, maker);
    told_any |= security(told, &mut container, &mut pod);
    told_any |= probes(told, &mut container);
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some((key, node)) = told.values.entry(field).filter(|(_, n)| n.as_bool().is_some()) {
            set_written(&mut pod, field, key, value(node));
            told_any = true;
        }
    }
    maker.set(
        &mut pod,
        "containers",
        Value { data: Data::Seq(vec![container]), origin: maker.nobody() },
    );
    let labels = [("app.kubernetes.io/name", maker.made_up(told.release))];
    let (selector, template) = template(maker, &labels, pod, maker.map());
    let mut spec = maker.map();
    let mut replicas =
        ["replicaCount", "replicas"].into_iter().filter_map(|f| told.values.entry(f));
    match replicas.find(|(_, node)| node.as_i64().is_some()) {
        // None at all is a release that was put to sleep.
        Some((key, node)) if node.as_i64() != Some(0) => {
            set_written(&mut spec, "replicas", key, value(node));
            told_any = true;
        }
        _ => maker.set(&mut spec, "replicas", maker.plain("2")),
    }
    maker.set(&mut spec, "selector", selector);
    maker.set(&mut spec, "template", template);
    let name = maker.made_up(told.release);
    let mut workload = object(told, maker, ("apps/v1", "Deployment"), name);
    maker.set(&mut workload, "spec", spec);
    told_any.then_some(workload)
}

fn image<'r>(told: &Told<'r>, container: &mut Value<'r>, maker: Maker) -> bool {
    let Some((key, image)) = told.values.entry("image") else { return false };
    if image.is_scalar() {
        if image.text().is_empty() || image.as_str().is_none() {
            return false;
        }
        set_written(container, "image", key, text(image));
        return true;
    }
    // Where no tag is written the chart has its own.
    let written_at =
        |field: &str| image.get(field).filter(|n| n.is_scalar() && !n.text().is_empty());
    let mut any = false;
    if let Some(tag) = written_at("tag")
        && written_at("digest").is_none()
    {
        let chart = told.chart.rsplit('/').next().unwrap_or("");
        let named = image_of(image);
        let image = named.unwrap_or_else(|| {
            Value::string(format!("registry.example.com/{chart}:{}", tag.text()), written(tag))
        });
        set_written(container, "image", key, image);
        any = true;
    }
    let policy = image.entry("pullPolicy").or_else(|| told.values.entry("imagePullPolicy"));
    if let Some((key, policy)) = policy.filter(|(_, n)| n.is_scalar() && !n.text().is_empty()) {
        set_written(container, "imagePullPolicy", key, value(policy));
        any = true;
    } else {
        maker.set(container, "imagePullPolicy", maker.made_up("IfNotPresent"));
    }
    any
}

/// Of requests and limits what is written is all there is; a half that is not is the chart's.
fn resources<'r>(told: &Told<'r>, container: &mut Value<'r>, maker: Maker) -> bool {
    let Some((key, resources)) = told.values.entry("resources").filter(|(_, n)| n.is_map()) else {
        return false;
    };
    let half = |field: &'static str| {
        resources.entry(field).filter(|(_, node)| node.is_map() && !node.is_empty())
    };
    let mut out = Value::map(written(resources));
    for field in ["requests", "limits"] {
        if let Some((key, node)) = half(field) {
            set_written(&mut out, field, key, value(node));
        }
    }
    if out.entries().is_empty() {
        return false;
    }
    container.remove("resources");
    // The other half as large: neither is accused because of the other.
    for (field, other) in [("requests", "limits"), ("limits", "requests")] {
        if out.get(field).is_none() {
            let mut amounts = maker.map();
            for entry in out.get(other).map_or(&[][..], Value::entries) {
                amounts.set(entry.key.clone(), maker.nobody(), made_up(&entry.value, maker));
            }
            fill(&mut amounts, sound_amounts(maker));
            maker.set(&mut out, field, amounts);
        }
    }
    set_written(container, "resources", key, out);
    true
}

fn security<'r>(told: &Told<'r>, container: &mut Value<'r>, pod: &mut Value<'r>) -> bool {
    let mut any = false;
    let of =
        |field: &'static str| told.values.entry(field).filter(|(_, n)| n.is_map() && !n.is_empty());
    let mut add = |to: &mut Value<'r>, key: NodeRef<'r>, node: NodeRef<'r>| {
        let mut own = context(node);
        if own.entries().is_empty() {
            return;
        }
        if let Some(entry) = to.remove("securityContext") {
            fill(&mut own, entry.value);
        }
        set_written(to, "securityContext", key, own);
        any = true;
    };
    for field in ["securityContext", "containerSecurityContext"] {
        if let Some((key, node)) = of(field) {
            // Some charts mean the pod's.
            let of_pod = OF_PODS.iter().any(|field| node.get(field).is_some());
            add(if of_pod { pod } else { container }, key, node);
        }
    }
    if let Some((key, node)) = of("podSecurityContext") {
        add(pod, key, node);
    }
    any
}

/// The fields of a security context that Kubernetes knows: some charts keep those of several
/// containers below one key.
fn context<'r>(node: NodeRef<'r>) -> Value<'r> {
    let mut own = value(node);
    let Data::Map(entries) = &mut own.data else { return own };
    entries.retain(|entry| {
        let scalar = entry.value.scalar().is_some() && !entry.value.is_null();
        match &*entry.key {
            "capabilities" => {
                let lists = |e: &Entry<'_>| matches!(&*e.key, "add" | "drop") && e.value.is_seq();
                entry.value.is_map() && entry.value.entries().iter().all(lists)
            }
            "seccompProfile" | "appArmorProfile" => entry.value.get("type").is_some(),
            "seLinuxOptions" | "windowsOptions" => entry.value.is_map(),
            "supplementalGroups" | "sysctls" => entry.value.is_seq(),
            field => scalar && SCALARS.contains(&field),
        }
    });
    own
}

/// A probe counts if it says what is asked.
fn probes<'r>(told: &Told<'r>, container: &mut Value<'r>) -> bool {
    let mut any = false;
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some((key, probe)) = told.values.entry(field).filter(|(_, n)| n.is_map()) else {
            continue;
        };
        let handlers = ["httpGet", "tcpSocket", "exec", "grpc"];
        if !handlers.iter().any(|handler| probe.get(handler).is_some()) {
            continue;
        }
        let mut own = value(probe);
        own.remove("enabled");
        set_written(container, field, key, own);
        any = true;
    }
    any
}

fn sound_container<'r>(told: &Told<'r>, maker: Maker) -> Value<'r> {
    let mut container = maker.map();
    let name = told.chart.rsplit('/').next().unwrap_or("");
    maker.set(&mut container, "name", maker.made_up(name));
    let digest = "0123456789abcdef".repeat(4);
    let image = format!("registry.example.com/{name}@sha256:{digest}");
    maker.set(&mut container, "image", maker.made_up(image));
    let amounts = sound_amounts(maker);
    let mut resources = maker.map();
    maker.set(&mut resources, "requests", amounts.clone());
    maker.set(&mut resources, "limits", amounts);
    maker.set(&mut container, "resources", resources);
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let mut handler = maker.map();
        maker.set(
            &mut handler,
            "path",
            maker.made_up(if field == "readinessProbe" { "/ready" } else { "/live" }),
        );
        maker.set(&mut handler, "port", maker.plain("8080"));
        let mut probe = maker.map();
        maker.set(&mut probe, "httpGet", handler);
        maker.set(&mut probe, "failureThreshold", maker.plain("6"));
        maker.set(&mut container, field, probe);
    }
    let mut security = maker.map();
    for (field, setting) in [
        ("allowPrivilegeEscalation", "false"),
        ("privileged", "false"),
        ("readOnlyRootFilesystem", "true"),
        ("runAsNonRoot", "true"),
        ("runAsUser", "10001"),
        ("runAsGroup", "10001"),
    ] {
        maker.set(&mut security, field, maker.plain(setting));
    }
    let mut capabilities = maker.map();
    let all = Value { data: Data::Seq(vec![maker.made_up("ALL")]), origin: maker.nobody() };
    maker.set(&mut capabilities, "drop", all);
    maker.set(&mut security, "capabilities", capabilities);
    maker.set(&mut security, "seccompProfile", runtime_default(maker));
    maker.set(&mut container, "securityContext", security);
    container
}

fn sound_amounts<'r>(maker: Maker) -> Value<'r> {
    let mut amounts = maker.map();
    for (field, amount) in [("cpu", "100m"), ("memory", "128Mi"), ("ephemeral-storage", "1Gi")] {
        maker.set(&mut amounts, field, maker.made_up(amount));
    }
    amounts
}

/// The same, written by nobody.
fn made_up<'r>(value: &Value<'r>, maker: Maker) -> Value<'r> {
    Value { data: value.data.clone(), origin: maker.nobody() }
}

fn sound_pod<'r>(maker: Maker) -> Value<'r> {
    let mut pod = maker.map();
    maker.set(&mut pod, "automountServiceAccountToken", maker.plain("false"));
    let mut security = maker.map();
    maker.set(&mut security, "runAsNonRoot", maker.plain("true"));
    maker.set(&mut security, "seccompProfile", runtime_default(maker));
    maker.set(&mut pod, "securityContext", security);
    pod
}

fn runtime_default<'r>(maker: Maker) -> Value<'r> {
    let mut profile = maker.map();
    maker.set(&mut profile, "type", maker.made_up("RuntimeDefault"));
    profile
}
