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
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
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
