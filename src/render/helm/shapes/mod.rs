//! Workloads of charts that are not at hand, as far as the shape of their values tells them.
//!
//! The library chart `app-template` is known with its defaults: what its values leave out is known to
//! be absent. Of any other chart only what is written counts: what is not is filled in by
//! [`Writer::MadeUp`], about which nothing is found.

mod app_template;
mod generic;
mod parts;

use std::borrow::Cow;

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{Data, NodeRef, Origin, Style, Value, Writer};

/// A release as its owner tells it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'r> {
    /// Name of the chart, or the URL of the registry that holds it and nothing else.
    pub chart: &'r str,
    /// As written; it may be a range, or unknown.
    pub version: Option<&'r str>,
    /// The map of values.
    pub values: NodeRef<'r>,
    pub release: &'r str,
    /// `""` if it is not known.
    pub namespace: &'r str,
}

/// The workloads that a release most likely makes. Their nodes stand at the values
/// ([`Writer::Values`]), or are made up. They are not all that the release makes: rules about what is
/// absent beside them know too little.
pub fn workloads_of_values<'r>(told: &Told<'r>) -> Vec<Value<'r>> {
    if !told.values.is_map() {
        return Vec::new();
    }
    let controllers = told.values.get("controllers").filter(|c| c.is_map());
    let mut workloads = match controllers.filter(|_| is_app_template(told.chart)) {
        Some(controllers) => app_template::workloads(told, controllers),
        None => generic::workload(told).into_iter().collect(),
    };
    for workload in &mut workloads {
        expand(workload, told);
    }
    workloads
}

/// Fills in what templates within values mostly ask for. Of text with any other action nothing is
/// known.
fn expand(value: &mut Value<'_>, told: &Told<'_>) {
    match &mut value.data {
        Data::Scalar { text, .. } => {
            if !text.contains("{{") {
                return;
            }
            let mut out = String::new();
            let mut rest = &**text;
            while let Some((before, behind)) = rest.split_once("{{") {
                let Some((action, after)) = behind.split_once("}}") else { break };
                let action = action.trim_matches('-').trim();
                let word = match action.strip_prefix('$').unwrap_or(action) {
                    ".Release.Name" => told.release,
                    ".Release.Namespace" if !told.namespace.is_empty() => told.namespace,
                    _ => break,
                };
                out.push_str(before);
                out.push_str(word);
                rest = after;
            }
            if rest.contains("{{") {
                value.origin.by = Writer::MadeUp;
            } else {
                out.push_str(rest);
                *text = Cow::Owned(out);
            }
        }
        Data::Map(entries) => entries.iter_mut().for_each(|e| expand(&mut e.value, told)),
        Data::Seq(items) => items.iter_mut().for_each(|item| expand(item, told)),
    }
}

/// Whether a chart, by its name or address, is the library that most single applications of home
/// clusters are installed with.
pub fn is_app_template(chart: &str) -> bool {
    chart.trim_end_matches('/').rsplit('/').next() == Some("app-template")
}

/// Makes the nodes of one workload.
#[derive(Clone, Copy, Debug)]
struct Maker {
    /// Where what is not written would be: the key of the controller or of the values.
    span: Span,
}

impl Maker {
    /// What nobody wrote and nobody knows.
    fn nobody(self) -> Origin {
        Origin::new(self.span, Writer::MadeUp)
    }

    /// A default of the chart that is known, at the place of what holds it.
    fn default(self) -> Origin {
        Origin::new(self.span, Writer::Values)
    }

    fn map<'r>(self) -> Value<'r> {
        Value::map(self.nobody())
    }

    fn made_up<'r>(self, text: impl Into<Cow<'r, str>>) -> Value<'r> {
        Value::string(text, self.nobody())
    }

    /// A number or boolean that is made up.
    fn plain<'r>(self, text: &'static str) -> Value<'r> {
        Value::plain(text, self.nobody())
    }

    /// Adds a field whose key nobody wrote.
    fn set<'r>(self, map: &mut Value<'r>, key: &'static str, value: Value<'r>) {
        map.set(key, self.nobody(), value);
    }
}

/// Adds a field under the key that stands in the values.
fn set_written<'r>(map: &mut Value<'r>, name: &'static str, key: NodeRef<'r>, value: Value<'r>) {
    map.set(name, written(key), value);
}

fn written(node: NodeRef<'_>) -> Origin {
    Origin::new(node.span(), Writer::Values)
}

fn value<'r>(node: NodeRef<'r>) -> Value<'r> {
    Value::of(node, Writer::Values)
}

/// A scalar as the text that a template prints.
fn text<'r>(node: NodeRef<'r>) -> Value<'r> {
    Value {
        data: Data::Scalar { text: Cow::Borrowed(node.text()), style: Style::DoubleQuoted },
        origin: written(node),
    }
}

/// Adds to a map what another one has and it does not, at every depth.
fn fill<'r>(map: &mut Value<'r>, others: Value<'r>) {
    let Data::Map(entries) = others.data else { return };
    for entry in entries {
        match map.get_mut(&entry.key) {
            Some(own) if own.is_map() && entry.value.is_map() => fill(own, entry.value),
            Some(_) => {}
            None => map.set(entry.key, entry.key_origin, entry.value),
        }
    }
}

/// `kind`, `apiVersion` and `metadata` of an object of the release.
fn object<'r>(
    told: &Told<'r>,
    maker: Maker,
    kind: (&'static str, &'static str),
    name: Value<'r>,
) -> Value<'r> {
    let mut object = maker.map();
    maker.set(&mut object, "apiVersion", maker.made_up(kind.0));
    maker.set(&mut object, "kind", maker.made_up(kind.1));
    let mut metadata = maker.map();
    maker.set(&mut metadata, "name", name);
    if !told.namespace.is_empty() {
        maker.set(&mut metadata, "namespace", maker.made_up(told.namespace));
    }
    maker.set(&mut metadata, "labels", labels(told, maker));
    maker.set(&mut object, "metadata", metadata);
    object
}

/// Labels that all charts give.
fn labels<'r>(told: &Told<'r>, maker: Maker) -> Value<'r> {
    let mut labels = maker.map();
    for (key, value) in [
        ("app.kubernetes.io/name", told.release),
        ("app.kubernetes.io/instance", told.release),
        ("app.kubernetes.io/managed-by", "Helm"),
        ("app.kubernetes.io/version", "unknown"),
    ] {
        maker.set(&mut labels, key, maker.made_up(value));
    }
    labels
}

/// `selector` and `template` of a workload, with labels that fit.
fn template<'r>(
    maker: Maker,
    own: &[(&'static str, Value<'r>)],
    pod: Value<'r>,
    metadata: Value<'r>,
) -> (Value<'r>, Value<'r>) {
    let mut selected = maker.map();
    for (key, value) in own {
        maker.set(&mut selected, key, value.clone());
    }
    let mut selector = maker.map();
    maker.set(&mut selector, "matchLabels", selected.clone());
    let mut metadata = metadata;
    match metadata.get_mut("labels") {
        Some(labels) => fill(labels, selected),
        None => maker.set(&mut metadata, "labels", selected),
    }
    let mut template = maker.map();
    maker.set(&mut template, "metadata", metadata);
    maker.set(&mut template, "spec", pod);
    (selector, template)
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::source::SourceId;
    use kubeready_manifest::yaml::{NodeRef, Tree, Writer};

    use super::{Told, is_app_template, workloads_of_values};

    /// The documents of values, with the values' text.
    fn rendered(chart: &str, version: Option<&str>, text: &str) -> Tree {
        let values = Tree::parse(text.to_owned(), SourceId(1));
        let values = values.documents().next().expect("a map of values").1;
        let told = Told { chart, version, values, release: "shop", namespace: "store" };
        Tree::rendered(SourceId(9), &workloads_of_values(&told))
    }

    fn roots(tree: &Tree) -> Vec<NodeRef<'_>> {
        tree.documents().map(|(_, root)| root).collect()
    }

    fn source<'a>(node: NodeRef<'_>, text: &'a str) -> &'a str {
        let span = node.span();
        &text[span.start as usize..span.end as usize]
    }

    #[test]
    fn controllers_become_workloads_that_stand_at_their_values() {
        let text = "controllers:\n  web:\n    replicas: 2\n    strategy: RollingUpdate\n    \
                    containers:\n      app:\n        image:\n          repository: ghcr.io/acme/web\n          \
                    tag: 1.4.2\n        env:\n          TZ: UTC\n          PASSWORD:\n            \
                    secretKeyRef: {name: web, key: p}\n        probes:\n          readiness:\n            \
                    enabled: true\n            custom: true\n            spec:\n              \
                    httpGet: {path: /ready, port: 80}\n          liveness:\n            enabled: false\n  \
                    nightly:\n    type: cronjob\n    cronjob:\n      schedule: '@daily'\n    \
                    containers:\n      app:\n        image: ghcr.io/acme/job:2\n  off:\n    enabled: false\n\
                    persistence:\n  tmp:\n    type: emptyDir\n    globalMounts:\n      - path: /tmp\n";
        let tree = rendered("oci://ghcr.io/bjw-s-labs/helm/app-template", Some("5.1.0"), text);
        let documents = roots(&tree);
        assert_eq!(documents.len(), 2);
        let web = documents[0];
        assert_eq!(web.str_at("metadata.name"), Some("shop-web"));
        assert_eq!(web.i64_at("spec.replicas"), Some(2));
        let pod = web.path("spec.template.spec").expect("a pod");
        let container = pod.items_at("containers").next().expect("a container");
        let image = container.get("image").expect("an image");
        assert_eq!((image.text(), source(image, text)), ("ghcr.io/acme/web:1.4.2", "1.4.2"));
        assert_eq!(image.writer(), Writer::Values);
        assert_eq!(source(container.at("resources.limits").node.get("name").unwrap(), text), "app");
        assert!(container.path("readinessProbe.httpGet.port").is_some());
        assert!(
            container.get("livenessProbe").is_none() && container.get("startupProbe").is_none()
        );
        let names: Vec<_> = container.items_at("env").filter_map(|e| e.str_at("name")).collect();
        assert_eq!(names, ["TZ", "PASSWORD"]);
        assert_eq!(
            container.items_at("volumeMounts").next().unwrap().str_at("mountPath"),
            Some("/tmp")
        );
        assert!(pod.items_at("volumes").next().unwrap().get("emptyDir").is_some());
        let job = documents[1];
        assert_eq!(job.str_at("kind"), Some("CronJob"));
        assert_eq!(job.str_at("spec.concurrencyPolicy"), Some("Forbid"));
        let pod = job.path("spec.jobTemplate.spec.template.spec").expect("a pod");
        assert_eq!(pod.str_at("restartPolicy"), Some("Never"));
    }

    #[test]
    fn templates_within_values_are_filled_in_or_nobodys() {
        let text = "controllers:\n  web:\n    containers:\n      app:\n        image: acme/web:1\n        \
                    envFrom:\n          - secretRef: {name: '{{ .Release.Name }}-secret'}\n        env:\n          \
                    URL: 'http://{{ .Values.host }}'\npersistence:\n  config:\n    \
                    existingClaim: '{{ .Release.Name }}'\n  other:\n    type: configMap\n    identifier: x\n";
        let tree = rendered("app-template", Some("5.1.0"), text);
        let pod = roots(&tree)[0].path("spec.template.spec").expect("a pod");
        let container = pod.items_at("containers").next().expect("a container");
        let secret = container.items_at("envFrom").next().and_then(|e| e.path("secretRef.name"));
        assert_eq!(secret.map(NodeRef::text), Some("shop-secret"));
        let url = container.items_at("env").next().and_then(|e| e.get("value"));
        assert_eq!(url.map(NodeRef::writer), Some(Writer::MadeUp));
        let mut volumes = pod.items_at("volumes");
        let claim = volumes.next().and_then(|v| v.path("persistentVolumeClaim.claimName"));
        assert_eq!(claim.map(NodeRef::text), Some("shop"));
        let map = volumes.next().and_then(|v| v.path("configMap.name"));
        assert_eq!(map.map(NodeRef::writer), Some(Writer::MadeUp));
    }

    #[test]
    fn fields_of_several_containers_are_no_security_context() {
        let text = "securityContext:\n  privileged: true\n  capabilities:\n    agent: [CHOWN]\n";
        let tree = rendered("network", None, text);
        let container = roots(&tree)[0].items_at("spec.template.spec.containers").next().unwrap();
        let written = |path: &str| container.path(path).map(NodeRef::writer);
        assert_eq!(written("securityContext.privileged"), Some(Writer::Values));
        assert_eq!(written("securityContext.capabilities.drop"), Some(Writer::MadeUp));
        assert!(container.path("securityContext.capabilities.agent").is_none());
    }

    #[test]
    fn older_charts_had_probes_of_their_own() {
        let text = "controllers:\n  main:\n    containers:\n      main:\n        image: {repository: a, tag: b}\n";
        for (version, made_up) in [(None, true), (Some("2.6.0"), true), (Some("3.0.0"), false)] {
            let tree = rendered("app-template", version, text);
            let root = roots(&tree)[0];
            let container = root.items_at("spec.template.spec.containers").next().unwrap();
            let probe = container.get("livenessProbe");
            assert_eq!(
                probe.map(NodeRef::writer),
                made_up.then_some(Writer::MadeUp),
                "{version:?}"
            );
        }
    }

    #[test]
    fn of_other_charts_only_what_is_written_counts() {
        let text = "image:\n  tag: latest\nresources:\n  limits:\n    cpu: 50m\nsecurityContext:\n  \
                    privileged: true\nreplicaCount: 1\n";
        let tree = rendered("cache", None, text);
        let root = roots(&tree)[0];
        assert_eq!(root.path("spec.replicas").map(NodeRef::writer), Some(Writer::Values));
        let container = root.items_at("spec.template.spec.containers").next().unwrap();
        let image = container.get("image").unwrap();
        assert_eq!(
            (image.text(), source(image, text)),
            ("registry.example.com/cache:latest", "latest")
        );
        assert_eq!(source(container.at("resources.limits.memory").node, text), "cpu: 50m");
        let cpu = container.path("resources.requests.cpu").unwrap();
        assert_eq!((cpu.text(), cpu.writer()), ("50m", Writer::MadeUp));
        let privileged = container.path("securityContext.privileged").unwrap();
        assert_eq!((privileged.as_bool(), privileged.writer()), (Some(true), Writer::Values));
        let dropped = container.path("securityContext.capabilities.drop").unwrap();
        assert_eq!(dropped.writer(), Writer::MadeUp);
        assert!(roots(&rendered("cache", None, "ingress: {enabled: true}\n")).is_empty());
    }

    #[test]
    fn the_chart_is_known_by_its_name_or_address() {
        assert!(is_app_template("app-template"));
        assert!(is_app_template("oci://ghcr.io/bjw-s-labs/helm/app-template"));
        assert!(!is_app_template("my-app-template") && !is_app_template("app-template/other"));
    }
}
