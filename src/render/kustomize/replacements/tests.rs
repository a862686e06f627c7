//! What replacements make of small objects.

use kubeready_manifest::yaml::{Tree, Value, Writer};

use super::replace;
use crate::render::kustomize::{Resource, Room};
use crate::source::SourceId;

const OBJECTS: &str = "
{kind: ConfigMap, metadata: {name: source}, data: {host: db.example, port: '5432', list: a-b-c}}
---
{kind: Pod, metadata: {name: web, labels: {tier: front}}, spec: {port: 80, url: http://x/y,
 containers: [{name: a, env: [{name: HOST, value: old}]}, {name: b}]},
 data: {file.json: '{\"db\": {\"host\": \"old\"}}', file.yaml: \"db:\\n  host: old # kept\\n\"}}
";

/// The Pod after a replacement from `data.FIELD` of the source.
fn pod(field: &str, target: &str) -> Result<Value<'static>, String> {
    let text = format!(
        "{{source: {{kind: ConfigMap, fieldPath: data.{field}}}, targets: [{{{target}}}]}}"
    );
    let objects = Tree::parse(OBJECTS, SourceId(1));
    let mut resources: Vec<Resource<'static>> = objects
        .documents()
        .map(|(_, root)| Resource::new(Value::of(root, Writer::Resource).into_owned()))
        .collect();
    let tree = Tree::parse(text, SourceId(2));
    let root = tree.documents().next().expect("a document").1;
    let replacement = Value::of(root, Writer::Resource).into_owned();
    replace(&mut resources, &replacement, &mut Room::default()).map_err(|(_, why)| why)?;
    resources.pop().map(|resource| resource.value).ok_or_else(String::new)
}

#[test]
fn values_are_copied_and_scalars_keep_their_type() {
    let select = "select: {kind: Pod}";
    let is = pod("port", &format!("{select}, fieldPaths: [spec.port]")).expect("a field");
    assert_eq!(is.at(&["spec", "port"]).map(|v| (v.text(), v.as_str())), Some(("5432", None)));
    let path = "spec.containers.[name=a].env.[name=HOST].value";
    let is = pod("host", &format!("{select}, fieldPaths: ['{path}']")).expect("a field");
    let env = is.at(&["spec", "containers"]).expect("a list").items()[0].get("env");
    let value = env.expect("a list").items()[0].get("value").expect("a value");
    assert_eq!(value.as_str(), Some("db.example"));
    let span = value.origin.span;
    assert_eq!(&OBJECTS[span.start as usize..span.end as usize], "db.example");
    assert_eq!(value.origin.by, Writer::Replacement);
}

#[test]
fn delimiters_take_and_set_parts() {
    let target = "select: {name: web}, fieldPaths: [spec.url], options: {delimiter: '/', index: 2}";
    let is = pod("host", target).expect("a field");
    let url = is.at(&["spec", "url"]).expect("a url");
    assert_eq!(url.text(), "http://db.example/y");
    // Most of the text is the old one, and so is its place.
    let span = url.origin.span;
    assert_eq!(&OBJECTS[span.start as usize..span.end as usize], "http://x/y");
    let source = "list, options: {delimiter: '-', index: 1}";
    let is = pod(source, "select: {name: web}, fieldPaths: [metadata.labels.tier]");
    let tier = is.expect("a label");
    assert_eq!(tier.at(&["metadata", "labels", "tier"]).map(Value::text), Some("b"));
}

#[test]
fn missing_fields_are_made_only_if_asked_for() {
    let target = "select: {kind: Pod}, fieldPaths: ['spec.containers.*.image']";
    assert!(pod("host", target).is_err());
    let is = pod("host", &format!("{target}, options: {{create: true}}")).expect("fields");
    let containers = is.at(&["spec", "containers"]).expect("a list").items();
    assert!(containers.iter().all(|c| c.get("image").map(Value::text) == Some("db.example")));
}

#[test]
fn rejected_objects_are_left_alone() {
    let target = "select: {}, reject: [{labelSelector: tier=front}, {kind: ConfigMap}], \
                  fieldPaths: [spec.none]";
    assert!(pod("host", target).is_ok());
}

#[test]
fn paths_go_on_into_documents_in_scalars() {
    let target =
        |file: &str| format!(r"select: {{kind: Pod}}, fieldPaths: ['data.{file}.db.host']");
    let text = |file: &str| {
        let is = pod("host", &target(&file.replace('.', r"\."))).expect("a field");
        is.at(&["data", file]).map(|v| v.text().to_owned())
    };
    assert_eq!(text("file.json").as_deref(), Some(r#"{"db":{"host":"db.example"}}"#));
    assert_eq!(text("file.yaml").as_deref(), Some("db:\n  host: db.example # kept\n"));
}

#[test]
fn what_cannot_be_done_is_an_error() {
    for (field, target) in [
        ("none", "select: {kind: Pod}, fieldPaths: [spec.port]"),
        ("host", "fieldPaths: [spec.port]"),
        ("host", "select: {kind: Pod}, fieldPaths: [spec.containers.9.name]"),
        ("host", "select: {kind: Pod}, fieldPaths: [spec.port.deep]"),
        ("host", "select: {kind: Pod}, fieldPaths: [spec], options: {delimiter: '-'}"),
        (
            "host, options: {delimiter: '-', index: 4}",
            "select: {kind: Pod}, fieldPaths: [spec.port]",
        ),
    ] {
        assert!(pod(field, target).is_err(), "{field} {target}");
    }
}
