//! Liveness, readiness and startup probes, and what happens when a container ends.

use std::borrow::Cow;

use kubeready_manifest::kube::{Container, Kind, Object, Probe, ProbeKind, Role, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use crate::catalogue::{Confidence, Severity, options};
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder_word;

/// A short hiccup should not cost a restart.
pub(crate) fn aggressive_liveness_probe<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(probe) = running_probe(container, ProbeKind::Liveness) else { return ctx.pass_over() };
    let grace = ctx.option(&options::AGGRESSIVE_LIVENESS_PROBE_GRACE_SECONDS);
    let (window, failures) = (window_seconds(probe), probe.failure_threshold());
    if window < grace {
        let place = timing_place(container, probe, ["periodSeconds", "failureThreshold"]);
        let message = format!(
            "container `{}` is restarted after {window} s of failing its liveness probe",
            container.name()
        );
        ctx.report(place, message)
            .help("raise `failureThreshold` or `periodSeconds`: an overload or a long pause is no reason to restart");
    } else if failures == 1 {
        let message =
            format!("one failed liveness probe restarts container `{}`", container.name());
        ctx.report(probe.node.at("failureThreshold"), message)
            .severity(Severity::Advice)
            .help("set `failureThreshold` to 3 or more");
    } else if probe.timeout_seconds() == 1 && starts_a_program(probe) {
        let message = format!(
            "the liveness command of container `{}` starts a program and has 1 s to end",
            container.name()
        );
        ctx.report(timing_place(container, probe, ["timeoutSeconds"; 2]), message)
            .severity(Severity::Advice)
            .confidence(Confidence::Hint)
            .help("set `timeoutSeconds` to 5 or so: on a busy node starting a program alone may take a second");
    }
}

/// The kubelet looks a port's name up in the container's own `ports`.
pub(crate) fn dangling_probe_port<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let asked = matches!(container.role(), Role::Main | Role::Sidecar);
    if !asked || container.probes().next().is_none() {
        return ctx.pass_over();
    }
    let mut told = None;
    for probe in container.probes() {
        let Some((handler, node)) = probe.handler() else { continue };
        let Some(port) = node.get("port").filter(|p| p.is_scalar()) else { continue };
        if is_placeholder_word(port.text()) || port.text().is_empty() {
            continue;
        }
        match port.as_i64() {
            // All probes of one port are mended by one entry.
            Some(number) if told == Some(number) => {}
            Some(number) => {
                numeric_port(container, probe, (node, port, number), ctx);
                told = Some(number);
            }
            None => named_port(container, probe, (handler, port), ctx),
        }
    }
}

/// When both fail at once, the container is restarted where taking it out of rotation would do.
pub(crate) fn identical_probes<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(liveness) = running_probe(container, ProbeKind::Liveness) else {
        return ctx.pass_over();
    };
    let Some(readiness) = running_probe(container, ProbeKind::Readiness) else {
        return ctx.pass_over();
    };
    if !same_handler(liveness, readiness) {
        return;
    }
    let same_timing = window_seconds(liveness) == window_seconds(readiness)
        && liveness.failure_threshold() == readiness.failure_threshold()
        && liveness.timeout_seconds() == readiness.timeout_seconds();
    // The pattern that the Kubernetes documentation recommends: one endpoint, and liveness waits longer.
    if !same_timing && window_seconds(liveness) > window_seconds(readiness) {
        return;
    }
    let (name, place) = (container.name(), key_place(container, ProbeKind::Liveness));
    let message = if same_timing {
        format!("container `{name}` has one check for liveness and readiness")
    } else {
        format!("liveness and readiness of container `{name}` ask the same with other timings")
    };
    let finding = ctx.report(place, message);
    finding
        .label("same check as the readiness probe")
        .related(key_place(container, ProbeKind::Readiness).span, "the readiness probe")
        .help("let liveness ask only whether the process hangs, with a higher `failureThreshold`, or drop it");
    if !same_timing {
        finding.severity(Severity::Advice);
    }
}

/// The API server refuses pods whose restart policy the controller cannot honour.
pub(crate) fn invalid_restart_policy<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    let allowed: &[&str] = match workload.kind() {
        Kind::Job | Kind::CronJob | Kind::ScaledJob => &["OnFailure", "Never"],
        Kind::Pod | Kind::PodTemplate => &["Always", "OnFailure", "Never"],
        kind if kind.keeps_pods_running() => &["Always"],
        _ => return ctx.pass_over(),
    };
    let written =
        workload.pod().get("restartPolicy").filter(|p| !p.text().is_empty() || !p.is_scalar());
    let (kind, name) = (workload.kind_name(), workload.name());
    let Some(policy) = written else {
        if !allowed.contains(&"Always") {
            let message = format!(
                "{kind} `{name}` sets no restartPolicy, and the default `Always` is not allowed here"
            );
            ctx.report(restart_policy_place(workload), message).help(
                "set `restartPolicy: OnFailure` or `restartPolicy: Never` in the pod template",
            );
        }
        return;
    };
    let Some(text) = policy.as_str() else { return };
    if allowed.contains(&text) || is_placeholder_word(text) {
        return;
    }
    let message =
        format!("{kind} `{name}` has restartPolicy `{text}`, which the API server refuses");
    ctx.report(policy.here(), message).help(format!("use {}", one_of(allowed)));
}

/// Restarting before readiness has given up turns a slow answer into an outage.
pub(crate) fn liveness_stricter_than_readiness<'t>(
    container: Container<'t>,
    ctx: &mut Ctx<'_, 't>,
) {
    let Some(liveness) = running_probe(container, ProbeKind::Liveness) else {
        return ctx.pass_over();
    };
    let Some(readiness) = running_probe(container, ProbeKind::Readiness) else {
        return ctx.pass_over();
    };
    let (kills, leaves) = (window_seconds(liveness), window_seconds(readiness));
    if kills >= leaves {
        return;
    }
    let message = format!(
        "container `{}` is restarted after {kills} s of failing, before readiness gives up after {leaves} s",
        container.name()
    );
    ctx.report(timing_place(container, liveness, ["failureThreshold", "periodSeconds"]), message)
        .related(
            key_place(container, ProbeKind::Readiness).span,
            format!("fails for {leaves} s first"),
        )
        .help("give liveness a higher `failureThreshold` than readiness");
}

/// A process that hangs without ending is never restarted.
pub(crate) fn missing_liveness_probe<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !serves(container) || container.role() != Role::Main {
        return ctx.pass_over();
    }
    if container.path("livenessProbe").is_some_and(|probe| !probe.is_map() || !probe.is_empty()) {
        return;
    }
    let message = format!("container `{}` has no liveness probe", container.name());
    ctx.report(container.at("livenessProbe"), message)
        .help("if it can hang without ending, add a cheap `livenessProbe` that asks nothing but the process itself");
}

/// Without one a container gets traffic from the moment its process starts.
pub(crate) fn missing_readiness_probe<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if !serves(container) {
        return ctx.pass_over();
    }
    if container.path("readinessProbe").is_some_and(|probe| !probe.is_map() || !probe.is_empty()) {
        return;
    }
    let services = ctx.index().services_of(container.workload());
    let name = container.name();
    let service = services.iter().find(|service| targets(**service, container));
    let Some(service) = service else {
        // A Service asks another container of the pod, or this one only supports it.
        if !services.is_empty() || container.role() != Role::Main {
            return;
        }
        let bare = container.workload().kind() == Kind::Pod;
        ctx.report(
            container.at("readinessProbe"),
            format!("container `{name}` has no readiness probe"),
        )
        .severity(Severity::Advice)
        .confidence(Confidence::Likely)
        .help(if bare {
            "add a `readinessProbe`, so that Services and whoever waits for the pod know when it can answer"
        } else {
            "add a `readinessProbe`: rollouts wait for it even where no Service sends traffic"
        });
        return;
    };
    let message = format!(
        "container `{name}` gets traffic of Service `{}` and has no readiness probe",
        service.name()
    );
    ctx.report(container.at("readinessProbe"), message)
        .related(service.place().span, "sends it traffic")
        .help("add a `readinessProbe` that succeeds once the container can answer requests");
}

/// A long first delay is waited in vain on fast starts and is too short for slow ones.
pub(crate) fn missing_startup_probe<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(probe) = running_probe(container, ProbeKind::Liveness) else { return ctx.pass_over() };
    let delay = probe.initial_delay_seconds();
    if delay < ctx.option(&options::MISSING_STARTUP_PROBE_DELAY_SECONDS)
        || container.path("startupProbe").is_some()
    {
        return;
    }
    let message = format!(
        "container `{}` waits {delay} s before its first liveness probe and has no startup probe",
        container.name()
    );
    ctx.report(probe.node.at("initialDelaySeconds"), message)
        .label("guesses how long the start takes")
        .help("move the wait into a `startupProbe`: `periodSeconds` × `failureThreshold` is the longest start");
}

/// The API server refuses probes on containers that only run to the end.
pub(crate) fn probe_on_init_container<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if container.role() != Role::Init {
        return ctx.pass_over();
    }
    if container.path("restartPolicy").is_some_and(|p| is_placeholder_word(p.text())) {
        return;
    }
    for kind in ProbeKind::ALL {
        if container.path(kind.field()).is_none() {
            continue;
        }
        let message = format!("init container `{}` has a {}", container.name(), kind.field());
        ctx.report(key_place(container, kind), message)
            .label("not allowed on init containers")
            .help("remove the probe, or make it a sidecar with `restartPolicy: Always`");
    }
}

/// The kubelet waits for an answer, so such a probe runs more seldom than written.
pub(crate) fn probe_timeout_exceeds_period<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let asked = matches!(container.role(), Role::Main | Role::Sidecar);
    if !asked || container.probes().next().is_none() {
        return ctx.pass_over();
    }
    for probe in container.probes() {
        let (timeout, period) = (probe.timeout_seconds(), probe.period_seconds());
        if timeout <= period {
            continue;
        }
        let message = format!(
            "{} of container `{}` waits {timeout} s for an answer and is due every {period} s",
            probe.kind.field(),
            container.name()
        );
        ctx.report(timing_place(container, probe, ["timeoutSeconds", "periodSeconds"]), message)
            .label("longer than the period")
            .help(format!(
                "set `timeoutSeconds` to at most `periodSeconds` ({period}), or raise the period to {timeout} if the check needs that long"
            ));
    }
}

/// The key of a probe that is written.
fn key_place(container: Container<'_>, kind: ProbeKind) -> Place<'_> {
    match container.node().entry(kind.field()) {
        Some((key, value)) => Place::key(key, value),
        None => container.place(),
    }
}

fn named_port<'t>(
    container: Container<'t>,
    probe: Probe<'t>,
    (handler, port): (&str, NodeRef<'t>),
    ctx: &mut Ctx<'_, 't>,
) {
    let (name, field) = (container.name(), probe.kind.field());
    let declared = container.ports().find(|p| p.str_at("name") == Some(port.text()));
    let Some(declared) = declared else {
        // No text at all is for the schema to say.
        if handler == "grpc" || port.as_str().is_none() {
            return;
        }
        let quoted = port.text().bytes().all(|b| b.is_ascii_digit());
        if quoted {
            let message = format!(
                "{field} of container `{name}` asks a port named `{}`, and a name has a letter",
                port.text()
            );
            ctx.report(port.here(), message)
                .label("a number in quotes is a name")
                .help("write the number without quotes");
            return;
        }
        let message = format!(
            "{field} of container `{name}` asks port `{}`, which `{name}` does not declare",
            port.text()
        );
        ctx.report(port.here(), message)
            .label("no such port name in this container")
            .help(format!("name a port of this container `{}`, or write the number", port.text()));
        return;
    };
    if let Some(protocol) = declared.str_at("protocol").filter(|p| matches!(*p, "UDP" | "SCTP")) {
        let message = format!(
            "{field} of container `{name}` asks port `{}` over TCP, and it is {protocol}",
            port.text()
        );
        ctx.report(port.here(), message)
            .severity(Severity::Warning)
            .related(declared.span(), "declared here")
            .help("ask a TCP port, or use an `exec` probe");
    }
}

fn numeric_port<'t>(
    container: Container<'t>,
    probe: Probe<'t>,
    (handler, port, number): (NodeRef<'t>, NodeRef<'t>, i64),
    ctx: &mut Ctx<'_, 't>,
) {
    // Containers of a pod share one network, and another host's ports are not declared here.
    // Who declares no port at all has not forgotten this one.
    let is_it = |p: NodeRef<'t>| p.i64_at("containerPort") == Some(number);
    if handler.get("host").is_some()
        || container.ports().next().is_none()
        || container.workload().containers().any(|c| c.ports().any(is_it))
    {
        return;
    }
    let message = format!(
        "{} of container `{}` asks port {number}, which the pod does not declare",
        probe.kind.field(),
        container.name()
    );
    ctx.report(port.here(), message)
        .severity(Severity::Advice)
        .confidence(Confidence::Likely)
        .label("not among its `ports`")
        .help("check the number; if it is right, add it to `ports` with a name");
}

fn one_of(values: &[&str]) -> String {
    let quoted: Vec<_> = values.iter().map(|v| format!("`{v}`")).collect();
    quoted.join(" or ")
}

/// Where the pod template would have its restart policy: the template's `spec` key.
fn restart_policy_place(workload: Workload<'_>) -> Place<'_> {
    workload.template().at("spec.restartPolicy")
}

/// A probe of a container that runs as long as its pod.
fn running_probe(container: Container<'_>, kind: ProbeKind) -> Option<Probe<'_>> {
    if !matches!(container.role(), Role::Main | Role::Sidecar) {
        return None;
    }
    // A probe without a handler is for the schema to say.
    container.probe(kind).filter(|probe| probe.handler().is_some())
}

/// Whether two probes ask the same, with the defaults filled in. Names of ports compare as names.
fn same_handler(a: Probe<'_>, b: Probe<'_>) -> bool {
    let (Some((kind, a)), Some((other, b))) = (a.handler(), b.handler()) else { return false };
    let same = |key, default: &'static str| text(a, key, default) == text(b, key, default);
    kind == other
        && match kind {
            "exec" => same_list(a, b, "command", |x, y| x.text() == y.text()),
            "grpc" => same("port", "") && same("service", ""),
            "tcpSocket" => same("port", "") && same("host", ""),
            _ => {
                same("port", "")
                    && same("host", "")
                    && same("path", "/")
                    && same("scheme", "HTTP")
                    && same_list(a, b, "httpHeaders", |x, y| {
                        text(x, "name", "").eq_ignore_ascii_case(&text(y, "name", ""))
                            && text(x, "value", "") == text(y, "value", "")
                    })
            }
        }
}

fn same_list<'t>(
    a: NodeRef<'t>,
    b: NodeRef<'t>,
    key: &str,
    same: impl Fn(NodeRef<'t>, NodeRef<'t>) -> bool,
) -> bool {
    let (mut a, mut b) = (a.items_at(key), b.items_at(key));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if same(x, y) => {}
            _ => return false,
        }
    }
}

/// A container that is meant to run until somebody stops it, and whose probes count.
fn serves(container: Container<'_>) -> bool {
    let workload = container.workload();
    matches!(container.role(), Role::Main | Role::Sidecar)
        && !workload.is_batch()
        && !workload.object().is_hook()
}

/// An `exec` probe that starts more than a tiny tool.
fn starts_a_program(probe: Probe<'_>) -> bool {
    const TINY: [&str; 9] = ["cat", "test", "[", "ls", "stat", "true", "pgrep", "pidof", "grep"];
    let Some(("exec", exec)) = probe.handler() else { return false };
    let Some(first) = exec.items_at("command").next() else { return false };
    let program = first.text().rsplit('/').next().unwrap_or("");
    !TINY.contains(&program) && !is_placeholder_word(program)
}

/// Whether a Service sends its traffic to this container and not to another of the pod.
fn targets(service: Object<'_>, container: Container<'_>) -> bool {
    let mut ports = service.items_at("spec.ports").peekable();
    let containers = || container.workload().running_containers();
    let declares = |c: Container<'_>, port: &str| {
        c.ports().any(|p| {
            p.str_at("name") == Some(port)
                || p.get("containerPort").is_some_and(|n| n.text() == port)
        })
    };
    // Ports are informational: where nobody declares the target, any main container may serve it.
    let anyone = container.role() == Role::Main;
    if ports.peek().is_none() {
        return anyone;
    }
    ports.any(|port| {
        let target = port.get("targetPort").or_else(|| port.get("port")).map_or("", NodeRef::text);
        if containers().any(|c| declares(c, target)) {
            declares(container, target)
        } else {
            anyone && (container.ports().next().is_none() || containers().count() == 1)
        }
    })
}

fn text<'t>(node: NodeRef<'t>, key: &str, default: &'static str) -> Cow<'t, str> {
    match node.get(key).map(NodeRef::text) {
        Some(text) if !text.is_empty() => Cow::Borrowed(text),
        _ => Cow::Borrowed(default),
    }
}

/// The first of the fields that is written, else the probe's key.
fn timing_place<'t>(container: Container<'t>, probe: Probe<'t>, fields: [&str; 2]) -> Place<'t> {
    let written = fields.into_iter().find(|field| probe.node.get(field).is_some());
    container.at(&format!("{}.{}", probe.kind.field(), written.unwrap_or(fields[0])))
}

/// Seconds of failing until the probe counts as failed.
fn window_seconds(probe: Probe<'_>) -> i64 {
    probe.failure_threshold().saturating_mul(probe.period_seconds())
}
