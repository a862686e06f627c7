//! What a strategic merge makes of small objects.

use kubeready_manifest::yaml::{Tree, Value, Writer};

use super::{CustomSchema, Schemas, merge};
use crate::source::SourceId;

fn value(text: &str, source: u32, by: Writer) -> Value<'static> {
    let tree = Tree::parse(text, SourceId(source));
    Value::of(tree.documents().next().expect("a document").1, by).into_owned()
}

type Outcome = Result<Option<Value<'static>>, String>;

fn merged(object: &str, patch: &str, schemas: Schemas<'_>) -> Outcome {
    let (object, patch) = (value(object, 0, Writer::Resource), value(patch, 1, Writer::Patch));
    merge(object, patch, &schemas).map_err(|error| error.message)
}

fn check(object: &str, patch: &str, wanted: &str) {
    let is = merged(object, patch, Schemas::default()).expect("a merge").expect("an object");
    assert!(is.means(&value(wanted, 2, Writer::Resource)), "{object}\n{patch}\n{is:#?}");
}

/// A Deployment with a part of a pod's spec.
fn pod(spec: &str) -> String {
    format!("{{apiVersion: apps/v1, kind: Deployment, spec: {{template: {{spec: {{{spec}}}}}}}}}")
}

fn check_pod(object: &str, patch: &str, wanted: &str) {
    check(&pod(object), &pod(patch), &pod(wanted));
}

#[test]
fn maps_merge_and_null_deletes() {
    check("{a: 1, b: {c: 1, d: 2}}", "{b: {c: 3, e: 4}}", "{a: 1, b: {c: 3, d: 2, e: 4}}");
    check("{a: 1, b: 2}", "{b: ~}", "{a: 1}");
    check("{a: 1}", "{b: {c: ~, d: {e: ~}}}", "{a: 1, b: {d: {}}}");
    check("{a: null, b: {c: }}", "{d: 1}", "{a: ~, b: {}, d: 1}");
    check("{a: ~}", "{a: {b: 1}}", "{a: {b: 1}}");
}

#[test]
fn directives_delete_and_replace() {
    check("{a: {b: 1}}", "{a: {$patch: replace, c: 2}}", "{a: {c: 2}}");
    check("{a: {b: 1}, c: 1}", "{a: {$patch: delete}}", "{c: 1}");
    check("{a: {b: 1}}", "{a: {$patch: merge, c: 2}}", "{a: {b: 1, c: 2}}");
    check("{a: 1}", "{b: {$patch: delete}, c: {$patch: replace, d: 1}}", "{a: 1, c: {d: 1}}");
    assert_eq!(
        merged("{a: 1}", "{$patch: delete}", Schemas::default()).map(|v| v.is_none()),
        Ok(true)
    );
    assert!(merged("{a: 1}", "{$patch: keep}", Schemas::default()).is_err());
}

#[test]
fn lists_of_unknown_kinds_are_replaced() {
    check("{kind: X, a: [{name: a}]}", "{kind: X, a: [{name: b}]}", "{kind: X, a: [{name: b}]}");
    check("{a: [1]}", "{a: []}", "{a: []}");
    assert!(merged("{a: [1]}", "{a: {b: 1}}", Schemas::default()).is_err());
    assert!(merged("{a: 1}", "{a: {b: 1}}", Schemas::default()).is_err());
}

#[test]
fn containers_merge_by_name_and_those_of_the_patch_come_first() {
    check_pod(
        "containers: [{name: a, image: x, env: [{name: E, value: '1'}]}, {name: b}]",
        "containers: [{name: c}, {name: b, image: y}, {name: a, env: [{name: F}]}]",
        "containers: [{name: c}, {name: b, image: y}, \
         {name: a, image: x, env: [{name: F}, {name: E, value: '1'}]}]",
    );
    check_pod(
        "containers: [{name: a, command: [x, y]}]",
        "containers: [{name: a, command: [z]}]",
        "containers: [{name: a, command: [z]}]",
    );
}

#[test]
fn items_and_whole_lists_take_directives() {
    check_pod(
        "containers: [{name: a}, {name: b}]",
        "containers: [{name: a, $patch: delete}]",
        "containers: [{name: b}]",
    );
    check_pod(
        "containers: [{name: a, image: x}]",
        "containers: [{name: a, $patch: replace, command: [y]}]",
        // The library puts the old item over the one that replaces it.
        "containers: [{name: a, image: x}]",
    );
    check_pod(
        "containers: [{name: a}]",
        "containers: [{$patch: replace}, {name: b}]",
        "containers: [{name: b}]",
    );
    check_pod("containers: [{name: a}]", "containers: [{$patch: delete}]", "");
    check_pod(
        "containers: [{name: a}]",
        "containers: [{name: a, $patch: delete}]",
        "containers: []",
    );
}

#[test]
fn ports_merge_by_two_keys_of_which_one_may_be_absent() {
    check_pod(
        "containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 80}]}]",
        "containers: [{name: a, ports: [{containerPort: 53, protocol: UDP, name: dns}]}]",
        "containers: [{name: a, ports: [{containerPort: 53, protocol: UDP, name: dns}, \
         {containerPort: 80}]}]",
    );
    check(
        "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80, protocol: TCP}]}}",
        "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80, name: web}]}}",
        // It reads one item for both, and then writes the object's over it.
        "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80, protocol: TCP}]}}",
    );
}

#[test]
fn equal_items_of_a_merged_list_become_the_last() {
    check_pod(
        "containers: [{name: a, env: [{name: E, value: '1'}, {name: F}, {name: E, value: '2'}]}]",
        "replicas: 2",
        "containers: [{name: a, env: [{name: E, value: '2'}, {name: F}]}], replicas: 2",
    );
}

#[test]
fn scalars_of_a_merged_list_are_a_union() {
    let object =
        |list: &str| format!("{{apiVersion: v1, kind: Secret, metadata: {{finalizers: {list}}}}}");
    check(&object("[b, c]"), &object("[a, b]"), &object("[a, b, c]"));
}

#[test]
fn a_known_kind_in_an_unknown_one_has_its_schema() {
    let object = |spec: &str| format!("{{apiVersion: x/v1, kind: Template, x: {}}}", pod(spec));
    check(
        &object("containers: [{name: a, image: x}]"),
        &object("containers: [{name: b}]"),
        &object("containers: [{name: b}, {name: a, image: x}]"),
    );
}

#[test]
fn a_schema_of_ones_own_takes_the_place_of_the_built_in_one() {
    let schema = CustomSchema::read(&value(
        "definitions: {v1.Job: {properties: {spec: {$ref: '#/definitions/v1.Spec'}}, \
         x-kubernetes-group-version-kind: [{group: x, version: v1, kind: Job}]}, \
         v1.Spec: {properties: {steps: {type: array, items: {$ref: '#/definitions/v1.Step'}, \
         x-kubernetes-patch-merge-key: id, x-kubernetes-patch-strategy: merge}}}, \
         v1.Step: {properties: {}}}",
        3,
        Writer::Resource,
    ))
    .expect("a schema");
    let schemas = Schemas { custom: Some(&schema) };
    let object = |steps: &str| format!("{{apiVersion: x/v1, kind: Job, spec: {{steps: {steps}}}}}");
    let is = merged(&object("[{id: 1, a: 1}, {id: 2}]"), &object("[{id: 2, b: 2}]"), schemas);
    let wanted = value(&object("[{id: 2, b: 2}, {id: 1, a: 1}]"), 2, Writer::Resource);
    assert!(is.expect("a merge").expect("an object").means(&wanted));
    let patched = merged(&pod("volumes: [{name: a}]"), &pod("volumes: [{name: b}]"), schemas);
    let wanted = value(&pod("volumes: [{name: b}]"), 2, Writer::Resource);
    assert!(patched.expect("a merge").expect("an object").means(&wanted));
}

#[test]
fn what_the_patch_writes_points_to_the_patch_and_keys_stay() {
    let is = merged("{a: {b: 1, c: 2}}", "{a: {b: 3, d: 4}}", Schemas::default())
        .expect("a merge")
        .expect("an object");
    let origins = |key: &str| {
        let entry = is.get("a").and_then(|a| a.entry(key)).expect("an entry");
        (entry.key_origin.by, entry.value.origin.by)
    };
    assert_eq!(origins("b"), (Writer::Resource, Writer::Patch));
    assert_eq!(origins("c"), (Writer::Resource, Writer::Resource));
    assert_eq!(origins("d"), (Writer::Patch, Writer::Patch));
}
