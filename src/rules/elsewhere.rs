//! What something outside the set may make in a namespace: charts that are not rendered, operators,
//! the control plane. Rules that miss a neighbour ask here before they accuse.

use kubeready_manifest::kube::{Kind, Object, Selector};
use kubeready_manifest::yaml::NodeRef;

use crate::index::Index;
use crate::rules::placeholder::is_placeholder_word;

/// How likely it is that the neighbour is made by something that is not in the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Elsewhere {
    /// Nothing says so.
    Unlikely,
    /// Something in the namespace makes objects that the set does not show.
    Possible,
    /// A name or a label tells of its maker.
    Likely,
}

/// Pods of a selector that no template of the set matches.
pub(crate) fn pods(index: &Index<'_>, selector: NodeRef<'_>, namespace: &str) -> Elsewhere {
    let labels = selector.get("matchLabels");
    let map = if labels.is_some() || selector.get("matchExpressions").is_some() {
        labels
    } else {
        Some(selector)
    };
    let expressions = || selector.items_at("matchExpressions");
    let keys = map.into_iter().flat_map(NodeRef::entries).map(|(key, _)| key.text());
    let mut keys = keys.chain(expressions().filter_map(|e| e.str_at("key")));
    if keys.any(is_added_later) || index.selects_bare_template(&selector_of(selector), namespace) {
        return Elsewhere::Likely;
    }
    let values = map.into_iter().flat_map(NodeRef::entries).map(|(_, value)| value.text());
    let listed = expressions().flat_map(|e| e.items_at("values")).map(NodeRef::text);
    let values: Vec<&str> = values.chain(listed).collect();
    if values.iter().any(|v| is_placeholder_word(v)) {
        return Elsewhere::Likely;
    }
    named(index, &values, namespace)
}

/// An object of one of these names.
pub(crate) fn named(index: &Index<'_>, names: &[&str], namespace: &str) -> Elsewhere {
    if is_system(namespace) {
        return Elsewhere::Likely;
    }
    let mut found = Elsewhere::Unlikely;
    for kind in [
        Kind::HelmRelease,
        Kind::Application,
        Kind::FluxKustomization,
        Kind::CnpgCluster,
        Kind::Gateway,
        Kind::Other,
    ] {
        for &object in index.objects(kind) {
            found = found.max(makes(object, names, namespace));
            if found == Elsewhere::Likely {
                return found;
            }
        }
    }
    found
}

/// Namespaces whose pods the cluster itself runs.
pub(crate) fn is_system(namespace: &str) -> bool {
    namespace.starts_with("kube-") || namespace.starts_with("openshift-")
}

/// A plain map or a LabelSelector, whichever is written.
fn selector_of(node: NodeRef<'_>) -> Selector<'_> {
    if node.get("matchLabels").is_some() || node.get("matchExpressions").is_some() {
        Selector::label_selector(node)
    } else {
        Selector::map(node)
    }
}

/// Labels that a controller or an operator puts on pods it makes.
fn is_added_later(key: &str) -> bool {
    if let Some((domain, name)) = key.split_once('/') {
        return match domain {
            "app.kubernetes.io" => name == "managed-by",
            "statefulset.kubernetes.io" | "apps.kubernetes.io" | "batch.kubernetes.io" => true,
            _ => OPERATORS.iter().any(|o| domain == *o || is_below(domain, o)),
        };
    }
    matches!(
        key,
        "pod-template-hash"
            | "rollouts-pod-template-hash"
            | "controller-revision-hash"
            | "job-name"
            | "controller-uid"
            | "deploymentconfig"
            | "deployment"
            | "spilo-role"
            | "cluster-name"
            | "cnpg"
            | "olm.catalogSource"
            | "strimzi"
            | "prometheus"
            | "alertmanager"
    )
}

fn is_below(domain: &str, parent: &str) -> bool {
    domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// Domains of operators that run pods, as groups of their custom resources and in their labels.
static OPERATORS: &[&str] = &[
    "altinity.com",
    "argoproj.io",
    "argocds.argoproj.io",
    "banzaicloud.io",
    "cnpg.io",
    "coreos.com",
    "crunchydata.com",
    "datadoghq.com",
    "elastic.co",
    "flink.apache.org",
    "fluentd.fluent.io",
    "grafana.com",
    "grafana.integreatly.org",
    "integreatly.org",
    "jaegertracing.io",
    "k8ssandra.io",
    "kafka.strimzi.io",
    "keycloak.org",
    "knative.dev",
    "kubevirt.io",
    "mariadb.com",
    "min.io",
    "mongodb.com",
    "mysql.oracle.com",
    "nats.io",
    "opentelemetry.io",
    "opstreelabs.in",
    "percona.com",
    "projectcontour.io",
    "rabbitmq.com",
    "ray.io",
    "redhat.com",
    "rook.io",
    "scylladb.com",
    "sparkoperator.k8s.io",
    "spotahome.com",
    "strimzi.io",
    "tekton.dev",
    "vitess.io",
    "zalan.do",
    "gateway.networking.k8s.io",
    "operators.coreos.com",
    "openshift.io",
    "apicur.io",
    "cattle.io",
];

/// Whether an object of the set makes others that the set does not show, in this namespace.
fn makes(object: Object<'_>, names: &[&str], namespace: &str) -> Elsewhere {
    let helm_chart = object.kind() == Kind::Other && object.kind_name() == "HelmChart";
    let target = match object.kind() {
        Kind::HelmRelease | Kind::FluxKustomization => object.str_at("spec.targetNamespace"),
        Kind::Application => Some(object.str_at("spec.destination.namespace").unwrap_or("default")),
        _ if helm_chart => object.str_at("spec.targetNamespace"),
        _ => None,
    };
    if target.unwrap_or(object.namespace_key()) != namespace {
        return Elsewhere::Unlikely;
    }
    if object.kind() == Kind::Other && !helm_chart && is_inert(object) {
        return Elsewhere::Unlikely;
    }
    let chart = ["spec.chart.spec.chart", "spec.chart", "spec.source.chart", "spec.releaseName"]
        .iter()
        .find_map(|path| object.root().str_at(path));
    let own = [Some(object.name()), chart.map(|c| c.rsplit('/').next().unwrap_or(c))];
    if own.into_iter().flatten().any(|own| names.iter().any(|name| related(own, name))) {
        return Elsewhere::Likely;
    }
    let renders = match object.kind() {
        Kind::HelmRelease | Kind::CnpgCluster => true,
        Kind::Application => chart.is_some() || object.path("spec.sources").is_some(),
        Kind::Other => {
            helm_chart
                || OPERATORS.iter().any(|o| object.group() == *o || is_below(object.group(), o))
        }
        _ => false,
    };
    if renders { Elsewhere::Possible } else { Elsewhere::Unlikely }
}

/// Custom resources that configure something and run nothing, and kinds of Kubernetes itself.
fn is_inert(object: Object<'_>) -> bool {
    let group = object.group();
    let built_in = !group.contains('.') || group.ends_with(".k8s.io");
    (built_in && group != "sparkoperator.k8s.io")
        || matches!(
            object.kind_name(),
            "ServiceMonitor"
                | "PodMonitor"
                | "PrometheusRule"
                | "Probe"
                | "ScrapeConfig"
                | "AlertmanagerConfig"
                | "GrafanaDashboard"
                | "GrafanaDatasource"
                | "Route"
                | "IngressRoute"
                | "Middleware"
                | "VirtualService"
                | "DestinationRule"
                | "AuthorizationPolicy"
                | "PeerAuthentication"
                | "Issuer"
                | "SecretStore"
                | "KafkaTopic"
                | "KafkaUser"
                | "AnalysisTemplate"
                | "WorkflowTemplate"
                | "ImageStream"
                | "BuildConfig"
                | "OperatorGroup"
                | "HelmRepository"
        )
}

/// Whether a name is the maker's or made from it: `orders-rw` of the Cluster `orders`.
fn related(own: &str, name: &str) -> bool {
    let longer_by_part = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'))
            || long.strip_suffix(short).is_some_and(|rest| rest.ends_with('-'))
    };
    own.len() > 1 && (own == name || longer_by_part(name, own) || longer_by_part(own, name))
}
