//! Replicas: enough of them, spread, owned by one controller, scaled by one autoscaler.

mod autoscalers;
mod workloads;

pub(crate) use autoscalers::{
    dangling_hpa, duplicate_hpa, hpa_max_out_of_range, hpa_min_replicas_too_low,
    hpa_without_requests, replicas_set_with_hpa,
};
pub(crate) use workloads::{
    is_owned, mismatching_selector, missing_pod_spread, naked_pod, overlapping_selectors, precedes,
    spread_selector_mismatch, too_few_replicas,
};

use kubeready_manifest::kube::{Kind, Object, Workload};

use crate::index::{Index, autoscaler_minimum};

/// What is known of how many pods a workload keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// An autoscaler's minimum, else `spec.replicas`.
    Written(i64),
    /// Neither is written: one pod, unless something outside the set scales it.
    Open,
    /// Not scaled by number, or the number is a placeholder.
    Unknown,
}

impl Count {
    pub(crate) fn of(index: &Index<'_>, workload: Workload<'_>) -> Self {
        if let Some(autoscaler) = index.autoscalers_of(workload).first() {
            return Self::Written(autoscaler_minimum(*autoscaler));
        }
        if !workload.is_scalable() {
            return Self::Unknown;
        }
        match workload.object().spec().and_then(|spec| spec.get("replicas")) {
            None => Self::Open,
            Some(node) => node.as_i64().map_or(Self::Unknown, Self::Written),
        }
    }
}

/// Operators' kinds whose pods no manifest shows.
const OPERATED: &[(&str, &str)] = &[
    ("acid.zalan.do", "postgresql"),
    ("apps.3scale.net", "APIManager"),
    ("cassandra.datastax.com", "CassandraDatacenter"),
    ("clickhouse.altinity.com", "ClickHouseInstallation"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"),
    ("jaegertracing.io", "Jaeger"),
    ("k8s.elastic.co", "Kibana"),
    ("kafka.strimzi.io", "Kafka"),
    ("kafka.strimzi.io", "KafkaConnect"),
    ("kafka.strimzi.io", "KafkaNodePool"),
    ("keycloak.org", "Keycloak"),
    ("k8s.keycloak.org", "Keycloak"),
    ("k8s.mariadb.com", "MariaDB"),
    ("kibana.k8s.elastic.co", "Kibana"),
    ("loki.grafana.com", "LokiStack"),
    ("minio.min.io", "Tenant"),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"),
    ("monitoring.coreos.com", "Alertmanager"),
    ("monitoring.coreos.com", "Prometheus"),
    ("monitoring.coreos.com", "PrometheusAgent"),
    ("monitoring.coreos.com", "ThanosRuler"),
    ("mysql.oracle.com", "InnoDBCluster"),
    ("opensearch.opster.io", "OpenSearchCluster"),
    ("operator.victoriametrics.com", "VMCluster"),
    ("opentelemetry.io", "OpenTelemetryCollector"),
    ("postgres-operator.crunchydata.com", "PostgresCluster"),
    ("postgresql.cnpg.io", "Cluster"),
    ("postgresql.cnpg.io", "Pooler"),
    ("psmdb.percona.com", "PerconaServerMongoDB"),
    ("pxc.percona.com", "PerconaXtraDBCluster"),
    ("rabbitmq.com", "RabbitmqCluster"),
    ("redis.redis.opstreelabs.in", "RedisCluster"),
    ("temporal.io", "TemporalCluster"),
];

/// Whether a namespace gets workloads that the set does not show: from a Helm chart that is not
/// rendered, or from an operator.
pub(crate) fn hides_workloads(index: &Index<'_>, namespace: &str) -> bool {
    let charted = |object: &Object<'_>| {
        let source = object.path("spec.source.chart").is_some();
        source || object.items_at("spec.sources").any(|source| source.get("chart").is_some())
    };
    index.objects(Kind::HelmRelease).iter().any(|release| {
        release.str_at("spec.targetNamespace").unwrap_or(release.namespace_key()) == namespace
    }) || index.objects(Kind::Application).iter().any(|application| {
        application.str_at("spec.destination.namespace") == Some(namespace) && charted(application)
    }) || index.objects(Kind::CnpgCluster).iter().any(|o| o.namespace_key() == namespace)
        || index.objects_in(Kind::Other, namespace).any(|object| {
            OPERATED.contains(&(object.group(), object.kind_name()))
                || (object.kind_name() == "HelmChart" && object.group() == "helm.cattle.io")
        })
}
