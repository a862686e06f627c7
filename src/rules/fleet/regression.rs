//! Where production is weaker than the environment it was tried in.

use std::collections::BTreeSet;

use kubeready_manifest::kube::{Container, Kind, Object, Workload};
use kubeready_manifest::yaml::{NodeRef, Place};

use super::components::is_network_policy;
use super::spot::{belongs, called, listed, missing_from, named, report};
use crate::engine::{Ctx, resource_id};
use crate::fleet::compare::View;
use crate::fleet::{Fleet, FleetPlace, Stage};
use crate::index::autoscaler_minimum;

/// What was tried in staging with a guard that production lacks was not tried.
pub(crate) fn environment_regression<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let comparison = fleet.comparison();
    let of = |stage| comparison.views.iter().filter(move |view| view.stage == Some(stage));
    let staging: Vec<&View<'t>> = of(Stage::Staging).collect();
    if staging.is_empty() || of(Stage::Production).next().is_none() {
        return ctx.pass_over();
    }
    for view in of(Stage::Production) {
        for (key, own) in view.objects.iter().map(|(key, seen)| (key, seen.object)) {
            let tried: Vec<(&View<'t>, Object<'t>)> = staging
                .iter()
                .filter_map(|view| Some((*view, view.objects.get(key)?.object)))
                .collect();
            if let Some((_, first)) = tried.first() {
                let pair = Pair { fleet, view, own, tried: &tried, first: *first };
                pair.replicas(ctx);
                pair.containers(ctx);
                pair.enforcement(ctx);
            }
        }
        missing_guards(fleet, ctx, view, &staging);
    }
}

/// An object in production and what staging has of it.
struct Pair<'p, 't> {
    fleet: &'p Fleet<'t>,
    view: &'p View<'t>,
    own: Object<'t>,
    tried: &'p [(&'p View<'t>, Object<'t>)],
    first: Object<'t>,
}

impl<'t> Pair<'_, 't> {
    fn report(
        &self,
        ctx: &mut Ctx<'_, 't>,
        at: Place<'t>,
        related: NodeRef<'t>,
        message: String,
        help: &str,
    ) {
        let first = Some(self.first);
        let finding = report(ctx, self.fleet, self.view, at, self.own, first, message);
        finding.help(help).related(related.span(), "staging has it");
    }

    fn replicas(&self, ctx: &mut Ctx<'_, 't>) {
        let Some(own) = self.own.workload().filter(|w| w.is_scalable()) else { return };
        let replicas = floor(self.view, own);
        let tried = self.tried.iter();
        let tried = tried.filter_map(|(view, object)| Some(floor(view, object.workload()?)));
        let Some(least) = tried.min() else { return };
        // None at all is a pause, not a weakness.
        if replicas == 0 || replicas >= least {
            return;
        }
        let at = self.own.at(if self.own.path("spec.replicas").is_some() {
            "spec.replicas"
        } else {
            "metadata.name"
        });
        let related = self.first.path("spec.replicas").unwrap_or(self.first.root());
        let message = format!(
            "{} runs with {replicas} in production and with {least} in staging",
            named(self.own)
        );
        self.report(
            ctx,
            at,
            related,
            message,
            "give production at least as many replicas as staging",
        );
    }

    fn containers(&self, ctx: &mut Ctx<'_, 't>) {
        let Some(own) = self.own.workload() else { return };
        for container in own.containers() {
            let twin =
                |o: &Object<'t>| o.workload()?.containers().find(|c| c.name() == container.name());
            let twins: Option<Vec<Container<'t>>> =
                self.tried.iter().map(|(_, o)| twin(o)).collect();
            let Some(twins) = twins else { continue };
            let weaker: Vec<&Guard> = GUARDS
                .iter()
                .filter(|guard| {
                    !guard.holds(container) && twins.iter().all(|twin| guard.holds(*twin))
                })
                .collect();
            let Some(first) = weaker.first() else { continue };
            let names: Vec<String> = weaker.iter().map(|guard| guard.name()).collect();
            let related =
                twins.first().and_then(|t| t.path(first.path)).unwrap_or(self.first.root());
            let message = format!(
                "container `{}` of {} has no {} in production, and has it in staging",
                container.name(),
                named(self.own),
                listed(&names)
            );
            let help =
                "set it in what both share, so that production gets what was tried in staging";
            self.report(ctx, container.at(first.path), related, message, help);
        }
    }

    fn enforcement(&self, ctx: &mut Ctx<'_, 't>) {
        let Some((own, path)) = strength(self.own) else { return };
        let tried = self.tried.iter().filter_map(|(_, object)| strength(*object));
        let Some(least) = tried.map(|(strength, _)| strength).min() else { return };
        if own >= least {
            return;
        }
        let at = setting(self.own, path).map_or_else(|| self.own.place(), NodeRef::here);
        let related = setting(self.first, path).unwrap_or(self.first.root());
        let message = format!("{} is enforced less in production than in staging", named(self.own));
        let help = "enforce in production what staging enforces";
        self.report(ctx, at, related, message, help);
    }
}

/// Replicas that a workload keeps: its autoscaler's minimum decides over the field.
fn floor(view: &View<'_>, workload: Workload<'_>) -> i64 {
    let object = workload.object();
    let scales = |other: &Object<'_>| {
        let target = other.path("spec.scaleTargetRef.name").map(NodeRef::text);
        matches!(other.kind(), Kind::HorizontalPodAutoscaler | Kind::ScaledObject)
            && other.namespace_key() == object.namespace_key()
            && target == Some(object.name())
    };
    let autoscaler = view.autoscalers.iter().find(|other| scales(other));
    autoscaler.map_or_else(|| workload.replicas().unwrap_or(1), |a| autoscaler_minimum(*a))
}

/// Something that a container has or has not.
struct Guard {
    path: &'static str,
    /// The value that guards; `None`: that there is one.
    value: Option<bool>,
}

const GUARDS: &[Guard] = &[
    Guard { path: "resources.limits.memory", value: None },
    Guard { path: "resources.requests.memory", value: None },
    Guard { path: "resources.requests.cpu", value: None },
    Guard { path: "livenessProbe", value: None },
    Guard { path: "readinessProbe", value: None },
    Guard { path: "securityContext.runAsNonRoot", value: Some(true) },
    Guard { path: "securityContext.readOnlyRootFilesystem", value: Some(true) },
    Guard { path: "securityContext.allowPrivilegeEscalation", value: Some(false) },
];

impl Guard {
    fn holds(&self, container: Container<'_>) -> bool {
        let Some(value) = self.value else { return container.path(self.path).is_some() };
        let field = self.path.rsplit('.').next().unwrap_or_default();
        container.security(field).and_then(NodeRef::as_bool) == Some(value)
    }

    fn name(&self) -> String {
        match self.value {
            Some(value) => format!("`{}: {value}`", self.path),
            None => format!("`{}`", self.path),
        }
    }
}

/// How much a policy or a namespace enforces, and the field that says so.
fn strength(object: Object<'_>) -> Option<(u8, &'static str)> {
    if object.kind() == Kind::Namespace {
        let level = object.labels().get("pod-security.kubernetes.io/enforce").unwrap_or("");
        let strength = match level {
            "restricted" => 2,
            "baseline" => 1,
            _ => 0,
        };
        return Some((strength, "metadata.labels"));
    }
    let path = match (object.group(), object.kind_name()) {
        ("kyverno.io", "ClusterPolicy" | "Policy") => "spec.validationFailureAction",
        ("policies.kyverno.io" | "admissionregistration.k8s.io", _) => "spec.validationActions",
        ("constraints.gatekeeper.sh", _) => "spec.enforcementAction",
        ("security.istio.io", "PeerAuthentication") => "spec.mtls.mode",
        _ => return None,
    };
    let strong = |text: &str| {
        ["enforce", "deny", "strict"].iter().any(|known| text.eq_ignore_ascii_case(known))
    };
    let Some(node) = object.path(path) else {
        // Gatekeeper denies unless told otherwise; of the others it cannot be known.
        return (path == "spec.enforcementAction").then_some((1, path));
    };
    let strong = strong(node.text()) || node.items().any(|item| strong(item.text()));
    Some((u8::from(strong), path))
}

fn setting<'t>(object: Object<'t>, path: &str) -> Option<NodeRef<'t>> {
    let node = object.path(path)?;
    if object.kind() == Kind::Namespace {
        return node.get("pod-security.kubernetes.io/enforce");
    }
    Some(node)
}

/// Guards that stand beside a workload in staging and not in production.
fn missing_guards<'t>(
    fleet: &Fleet<'t>,
    ctx: &mut Ctx<'_, 't>,
    view: &View<'t>,
    staging: &[&View<'t>],
) {
    let Some(place) = fleet.places.get(view.place).filter(|place| !place.partial) else { return };
    // Namespaces whose workloads both have.
    let namespaces = |other: &View<'t>| -> BTreeSet<&'t str> {
        let both = view.objects.keys().filter(|key| other.objects.contains_key(key));
        let both = both.filter_map(|key| Some((key, view.objects.get(key)?)));
        both.filter(|(_, s)| s.object.workload().is_some()).map(|(key, _)| key.namespace).collect()
    };
    let peers: Vec<_> = staging.iter().map(|other| (*other, namespaces(other))).collect();
    let Some((first, shared)) = peers.iter().find(|(_, shared)| !shared.is_empty()) else { return };
    for key in first.objects.keys().filter(|key| shared.contains(key.namespace)) {
        let Some(guard) = first.objects.get(key).map(|seen| seen.object) else { continue };
        let always = || {
            let mut others = peers.iter().filter(|(_, shared)| shared.contains(key.namespace));
            others.all(|(other, _)| other.objects.contains_key(key))
        };
        if !is_guard(guard.kind()) || view.objects.contains_key(key) || !always() {
            continue;
        }
        let target = target(first, guard);
        let stands_in = view.objects.keys().any(|own| {
            own.kind == key.kind
                && own.namespace == key.namespace
                && view.objects.get(own).is_some_and(|s| self::target(view, s.object) == target)
        });
        if stands_in {
            continue;
        }
        let Some(at) = missing_from(fleet, view, first, guard) else { continue };
        let other = fleet.places.get(first.place).map_or("", FleetPlace::name);
        let message = format!("{} lacks {} that `{other}` has", called(place), named(guard));
        let finding = ctx.report(at, message);
        finding.label("not with it").on(resource_id(guard));
        finding.help("bring it to production too: move it to what both share");
        finding.related(guard.place().span, "staging has it");
        belongs(finding, place);
    }
}

fn is_guard(kind: Kind) -> bool {
    let others = matches!(kind, Kind::PodDisruptionBudget | Kind::ResourceQuota | Kind::LimitRange);
    others || is_network_policy(kind)
}

/// What a guard stands beside, whatever it is called.
fn target(view: &View<'_>, guard: Object<'_>) -> u64 {
    let paths = ["spec.selector", "spec.podSelector", "spec.endpointSelector"];
    let node = paths.iter().find_map(|path| guard.path(path));
    node.map_or(0, |node| view.words.digest(node, &|_| false))
}
