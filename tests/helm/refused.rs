//! What the real tool refuses is a fatal fault at the line that it names.

use std::fmt::Write as _;
use std::path::Path;

use kubeready::host::MemHost;
use kubeready::load::World;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;

use super::{Given, MINOR, rendered};
use crate::kustomize::walked;

const CHART: &str = "apiVersion: v2\nname: refused\nversion: 0.1.0\n";

/// A chart with one template at `/refused`, and what the fatal faults of rendering it say: the line in
/// the template, if that is where one stands, and the message.
fn faults(values: &str, template: &str) -> Vec<(Option<usize>, String)> {
    let host = MemHost::with([
        ("refused/Chart.yaml", CHART),
        ("refused/values.yaml", values),
        ("refused/templates/t.yaml", template),
    ]);
    let loaded = walked(&host);
    let given = Given::default();
    let world = World::new(Path::new("/"), &loaded);
    rendered(&world, Path::new("/refused"), MINOR, &given, |build| {
        let fatal = build.faults.iter().filter(|fault| fault.fatal);
        fatal
            .map(|fault| {
                let in_template = loaded.iter().find(|file| {
                    file.source == fault.at.source && file.input.path.ends_with("t.yaml")
                });
                let before = &template.as_bytes()[..(fault.at.start as usize).min(template.len())];
                let line = before.split(|byte| *byte == b'\n').count();
                (in_template.map(|_| line), fault.message.clone())
            })
            .collect()
    })
}

/// Refused by us at another line than the real tool names, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("fail in a definition", "where it fails, not what includes that"),
    ("an open action", "where it is opened, not where the file ends"),
    ("an open if", "where it is opened, not where the file ends"),
];

#[test]
fn what_the_real_tool_refuses_is_a_fatal_fault_at_its_line() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/charts-refused/templates.yaml");
    let text = std::fs::read_to_string(path).expect("the cases");
    let tree = Tree::parse(text, SourceId(0));
    let (_, root) = tree.documents().next().expect("a document");
    let values = root.str_at("values").expect("values");
    let mut wrong = String::new();
    let mut count = 0;
    for case in root.items_at("cases") {
        count += 1;
        let name = case.str_at("what").expect("a name");
        let template = case.str_at("template").expect("a template");
        let says = case.str_at("says").expect("a message");
        let line = case.get("line").map(|line| line.text().parse::<usize>().expect("a number"));
        let faults = faults(values, template);
        let elsewhere = ELSEWHERE.iter().any(|(known, _)| *known == name);
        let there = faults.iter().any(|(at, _)| elsewhere || line.is_none() || *at == line);
        if !there {
            let _ = writeln!(wrong, "{name}: {template:?}\n  - {line:?} {says}\n  + {faults:?}");
        }
    }
    assert!(count > 100, "{count} cases");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Charts that the real tool does not take, as files below the chart.
#[rustfmt::skip]
const CHARTS: &[(&str, &[(&str, &str)])] = &[
    ("no name", &[("Chart.yaml", "apiVersion: v2\nversion: 1.0.0\n")]),
    ("no version", &[("Chart.yaml", "apiVersion: v2\nname: shop\n")]),
    ("a version that is none", &[("Chart.yaml", "apiVersion: v2\nname: shop\nversion: new\n")]),
    ("an unknown format", &[("Chart.yaml", "apiVersion: v9\nname: shop\nversion: 1.0.0\n")]),
    ("an unknown type", &[("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\ntype: bakery\n")]),
    ("a broken Chart.yaml", &[("Chart.yaml", "apiVersion: v2\nname: [\n")]),
    ("a dependency that is not there", &[("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: gone, version: '*'}]\n")]),
    ("a newer Kubernetes", &[("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\nkubeVersion: '>=1.99'\n")]),
    ("an older Kubernetes", &[("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\nkubeVersion: '<1.16.0-0'\n")]),
    ("values that are a list", &[("Chart.yaml", GOOD), ("values.yaml", "- a\n")]),
    ("values that are no YAML", &[("Chart.yaml", GOOD), ("values.yaml", "a: [\n")]),
    ("values of a subchart that are no map", &[
        ("Chart.yaml", GOOD), ("values.yaml", "part: text\n"),
        ("charts/part/Chart.yaml", "apiVersion: v2\nname: part\nversion: 1.0.0\n"),
        ("charts/part/values.yaml", "a: 1\n"),
    ]),
    ("a failing subchart", &[
        ("Chart.yaml", GOOD),
        ("charts/part/Chart.yaml", "apiVersion: v2\nname: part\nversion: 1.0.0\n"),
        ("charts/part/templates/a.yaml", "a: {{ fail \"never\" }}\n"),
    ]),
    ("a failing partial", &[("Chart.yaml", GOOD), ("templates/_a.tpl", "{{ if }}\n")]),
    ("failing notes", &[("Chart.yaml", GOOD), ("templates/NOTES.txt", "{{ fail \"never\" }}\n")]),
    ("a schema that values do not fit", &[
        ("Chart.yaml", GOOD), ("values.yaml", "port: http\n"),
        ("values.schema.json", "{\"properties\": {\"port\": {\"type\": \"integer\"}}}"),
    ]),
    ("a schema that is none", &[("Chart.yaml", GOOD), ("values.schema.json", "{")]),
    ("two dependencies of a name", &[
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: part, version: '*'}, {name: part, version: '*'}]\n"),
        ("charts/part/Chart.yaml", "apiVersion: v2\nname: part\nversion: 1.0.0\n"),
    ]),
    ("an alias that is none", &[
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: part, version: '*', alias: a b}]\n"),
        ("charts/part/Chart.yaml", "apiVersion: v2\nname: part\nversion: 1.0.0\n"),
    ]),
    ("no chart at all", &[("values.yaml", "a: 1\n")]),
];

const GOOD: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

#[test]
fn charts_that_the_real_tool_does_not_take_are_told() {
    let mut wrong = String::new();
    for (what, files) in CHARTS {
        let host = MemHost::with(files.iter().map(|(path, text)| (format!("shop/{path}"), *text)));
        let loaded = walked(&host);
        let given = Given::default();
        let world = World::new(Path::new("/"), &loaded);
        let told = rendered(&world, Path::new("/shop"), MINOR, &given, |build| {
            build.faults.iter().any(|fault| fault.fatal || fault.partial)
        });
        if !told {
            let _ = writeln!(wrong, "{what}");
        }
    }
    assert!(wrong.is_empty(), "nothing is said of:\n{wrong}");
}

#[test]
#[cfg_attr(not(real_helm), ignore = "helm was not on the PATH")]
fn the_real_tool_does_not_take_them() {
    let scratch = std::env::temp_dir().join(format!("kubeready-refused-{}", std::process::id()));
    let mut taken = String::new();
    for (what, files) in CHARTS {
        let chart = scratch.join("shop");
        for (path, text) in *files {
            let path = chart.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        if super::real_helm(&chart, &[]).status.success() {
            let _ = writeln!(taken, "{what}");
        }
        std::fs::remove_dir_all(&scratch).expect("removed");
    }
    assert!(taken.is_empty(), "the real tool takes:\n{taken}");
}
