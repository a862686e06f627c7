//! What we know of database images: their ports and where they keep their data.

use kubeready_manifest::kube::{Container, Labels, Object, Role, Workload};
use kubeready_manifest::yaml::NodeRef;

/// A server that keeps state.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) name: &'static str,
    /// Last parts of the repository of its server images.
    images: &'static [&'static str],
    /// Ports that clients use.
    pub(crate) ports: &'static [i64],
    /// Where images of it keep the data, unless told otherwise.
    pub(crate) data: &'static [&'static str],
    /// Variables and flags that move the data.
    pub(crate) moved_by: &'static [&'static str],
    /// Often run as a cache, whose loss costs only time.
    pub(crate) cache: bool,
}

const fn database(
    name: &'static str,
    images: &'static [&'static str],
    ports: &'static [i64],
    data: &'static [&'static str],
    moved_by: &'static [&'static str],
) -> Database {
    Database { name, images, ports, data, moved_by, cache: false }
}

const fn cache(
    name: &'static str,
    images: &'static [&'static str],
    ports: &'static [i64],
    data: &'static [&'static str],
) -> Database {
    Database { name, images, ports, data, moved_by: &["--dir"], cache: true }
}

static DATABASES: &[Database] = &[
    database(
        "PostgreSQL",
        &[
            "postgres",
            "postgresql",
            "postgis",
            "postgresql-repmgr",
            "timescaledb",
            "timescaledb-ha",
            "pgvector",
            "spilo",
            "crunchy-postgres",
        ],
        &[5432],
        &["/var/lib/postgresql", "/bitnami/postgresql", "/var/lib/pgsql", "/home/postgres/pgdata"],
        &["PGDATA", "POSTGRESQL_DATA_DIR"],
    ),
    database(
        "MySQL",
        &["mysql", "mysql-server", "percona", "percona-server", "percona-xtradb-cluster"],
        &[3306, 33060],
        &["/var/lib/mysql", "/bitnami/mysql"],
        &["--datadir"],
    ),
    database(
        "MariaDB",
        &["mariadb", "mariadb-galera"],
        &[3306],
        &["/var/lib/mysql", "/bitnami/mariadb", "/config"],
        &["--datadir"],
    ),
    database(
        "MongoDB",
        &[
            "mongo",
            "mongodb",
            "mongodb-community-server",
            "mongodb-sharded",
            "percona-server-mongodb",
        ],
        &[27017, 27018, 27019],
        &["/data/db", "/data/configdb", "/bitnami/mongodb", "/var/lib/mongodb"],
        &["--dbpath"],
    ),
    cache(
        "Redis",
        &["redis", "redis-stack", "redis-stack-server", "redis-cluster", "redis-server"],
        &[6379],
        &["/data", "/bitnami/redis"],
    ),
    cache("Valkey", &["valkey", "valkey-cluster"], &[6379], &["/data", "/bitnami/valkey"]),
    cache("KeyDB", &["keydb"], &[6379], &["/data"]),
    cache("Dragonfly", &["dragonfly"], &[6379], &["/data"]),
    cache("Memcached", &["memcached"], &[11211], &[]),
    database(
        "Elasticsearch",
        &["elasticsearch", "elasticsearch-oss"],
        &[9200, 9300],
        &["/usr/share/elasticsearch/data", "/bitnami/elasticsearch"],
        &["path.data"],
    ),
    database(
        "OpenSearch",
        &["opensearch"],
        &[9200, 9300],
        &["/usr/share/opensearch/data", "/bitnami/opensearch"],
        &["path.data"],
    ),
    database(
        "Cassandra",
        &["cassandra", "dse-server"],
        &[9042, 7000, 7001, 9160],
        &["/var/lib/cassandra", "/bitnami/cassandra", "/cassandra_data"],
        &["CASSANDRA_DATA_DIR", "CASSANDRA_DATA"],
    ),
    database(
        "ScyllaDB",
        &["scylla", "scylla-enterprise"],
        &[9042, 7000],
        &["/var/lib/scylla"],
        &["--workdir"],
    ),
    database(
        "SQL Server",
        &["mssql", "mssql-server-linux"],
        &[1433],
        &["/var/opt/mssql"],
        &["MSSQL_DATA_DIR"],
    ),
    database(
        "etcd",
        &["etcd", "etcd-amd64"],
        &[2379, 2380],
        &["/bitnami/etcd", "/default.etcd", "/etcd-data", "/var/lib/etcd"],
        &["--data-dir", "ETCD_DATA_DIR"],
    ),
    database(
        "Kafka",
        &["kafka", "cp-kafka", "cp-server"],
        &[9092, 9093, 9094],
        &[
            "/bitnami/kafka",
            "/var/lib/kafka",
            "/tmp/kraft-combined-logs",
            "/tmp/kafka-logs",
            "/kafka",
        ],
        &["KAFKA_LOG_DIRS", "KAFKA_CFG_LOG_DIRS", "KAFKA_CFG_LOG_DIR"],
    ),
    database(
        "ZooKeeper",
        &["zookeeper", "cp-zookeeper"],
        &[2181, 2888, 3888],
        &["/data", "/datalog", "/bitnami/zookeeper", "/var/lib/zookeeper"],
        &["ZOO_DATA_DIR", "--data_dir"],
    ),
    database(
        "CockroachDB",
        &["cockroach", "cockroachdb"],
        &[26257],
        &["/cockroach/cockroach-data"],
        &["--store"],
    ),
    database(
        "ClickHouse",
        &["clickhouse", "clickhouse-server"],
        &[8123, 9000, 9009],
        &["/var/lib/clickhouse", "/bitnami/clickhouse"],
        &[],
    ),
    database(
        "InfluxDB",
        &["influxdb", "influxdb2"],
        &[8086],
        &["/var/lib/influxdb", "/var/lib/influxdb2", "/bitnami/influxdb"],
        &["INFLUXDB_DATA_DIR"],
    ),
    database("CouchDB", &["couchdb"], &[5984], &["/opt/couchdb/data", "/bitnami/couchdb"], &[]),
    database("Neo4j", &["neo4j"], &[7687], &["/data", "/bitnami/neo4j"], &[]),
    database(
        "RabbitMQ",
        &["rabbitmq"],
        &[5672, 5671],
        &["/var/lib/rabbitmq", "/bitnami/rabbitmq"],
        &["RABBITMQ_MNESIA_BASE", "RABBITMQ_MNESIA_DIR"],
    ),
    database(
        "Oracle Database",
        &["oracle-xe", "oracle-free"],
        &[1521],
        &["/opt/oracle/oradata"],
        &[],
    ),
];

/// Ports that hardly anything but a database listens on, for Services whose pods are not known.
static WELL_KNOWN: &[(i64, &str)] = &[
    (1433, "SQL Server"),
    (1521, "Oracle Database"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (5432, "PostgreSQL"),
    (6379, "Redis"),
    (9042, "Cassandra"),
    (9200, "Elasticsearch"),
    (11211, "Memcached"),
    (26257, "CockroachDB"),
    (27017, "MongoDB"),
];

/// Programs that are clients, run from a server's image.
static CLIENTS: &[&str] = &[
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_isready",
    "psql",
    "mysqldump",
    "mariadb-dump",
    "mysqladmin",
    "mongodump",
    "mongorestore",
    "mongosh",
    "redis-cli",
    "valkey-cli",
    "etcdctl",
    "cqlsh",
    "createdb",
    "kafka-topics.sh",
    "kafka-console-consumer.sh",
    "sleep",
];

/// The database that a main container serves: by the image's name, and not as a client, an exporter
/// or a job.
pub(crate) fn served_by(container: Container<'_>) -> Option<&'static Database> {
    if container.role() != Role::Main || container.workload().is_batch() {
        return None;
    }
    let image = container.image_ref();
    let name = image.name();
    // Microsoft's images say what they serve one step up: `mssql/server`, `mssql/rhel/server`.
    let name =
        if name == "server" && image.repository.starts_with("mssql/") { "mssql" } else { name };
    let database = DATABASES.iter().find(|d| d.images.contains(&name))?;
    (!is_client(container)).then_some(database)
}

/// The database whose port this is, where nothing else is known.
pub(crate) fn well_known(port: i64) -> Option<&'static str> {
    WELL_KNOWN.iter().find(|(number, _)| *number == port).map(|(_, name)| *name)
}

/// Whether an object's namespace, name or labels say that it is for development or tests.
pub(crate) fn is_for_tests(object: Object<'_>) -> bool {
    let says_so = |text: &str| {
        text.split(['-', '_', '.', '/']).any(|word| {
            matches!(
                word,
                "dev"
                    | "develop"
                    | "development"
                    | "test"
                    | "tests"
                    | "testing"
                    | "e2e"
                    | "ci"
                    | "qa"
                    | "staging"
                    | "stage"
                    | "sandbox"
                    | "demo"
                    | "preview"
                    | "local"
                    | "playground"
            )
        })
    };
    let labelled = |labels: Labels<'_>| {
        ["environment", "env", "app.kubernetes.io/environment"]
            .iter()
            .any(|key| labels.get(key).is_some_and(says_so))
    };
    object.namespace().is_some_and(says_so) || says_so(object.name()) || labelled(object.labels())
}

/// The node of an environment variable's value or of a flag's argument that moves the data.
pub(crate) fn moved_data<'t>(container: Container<'t>, database: &Database) -> Option<&'t str> {
    let by_env = container.env().find_map(|entry| {
        let name = entry.str_at("name")?;
        database.moved_by.contains(&name).then(|| entry.get("value").map(NodeRef::text)).flatten()
    });
    by_env.or_else(|| {
        let mut words = words(container).peekable();
        while let Some(word) = words.next() {
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (word, words.peek().copied()),
            };
            if flag.starts_with('-') && database.moved_by.contains(&flag) {
                return value;
            }
        }
        None
    })
}

/// Whether a cache is told to write its data to disk (`Some(true)`), or not to (`Some(false)`).
pub(crate) fn persists(container: Container<'_>) -> Option<bool> {
    let mut told = None;
    let mut words = words(container).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or("").trim_matches(['"', '\'']);
        match word {
            "--appendonly" => told = Some(next == "yes"),
            "--save" if next.is_empty() => told = told.or(Some(false)),
            "--save" => told = Some(true),
            _ => {}
        }
    }
    told
}

/// The databases that the workload's main containers serve.
pub(crate) fn of<'t>(
    workload: Workload<'t>,
) -> impl Iterator<Item = (Container<'t>, &'static Database)> {
    workload.main_containers().filter_map(|c| served_by(c).map(|database| (c, database)))
}

fn is_client(container: Container<'_>) -> bool {
    let mut words = words(container);
    let Some(mut first) = words.next() else { return false };
    // `sh -c "…"`: the script's first word.
    if matches!(first.rsplit('/').next(), Some("sh" | "bash" | "ash")) {
        let Some(script) = words.find(|w| !w.starts_with('-')) else { return false };
        first = script.split_whitespace().next().unwrap_or("");
        if script.split_whitespace().any(|w| {
            matches!(w, "pg_dump" | "pg_dumpall" | "mysqldump" | "mongodump" | "mariadb-dump")
        }) {
            return true;
        }
    }
    let program = first.rsplit('/').next().unwrap_or(first);
    CLIENTS.contains(&program)
}

fn words<'t>(container: Container<'t>) -> impl Iterator<Item = &'t str> {
    let node = container.node();
    node.items_at("command").chain(node.items_at("args")).map(NodeRef::text)
}
