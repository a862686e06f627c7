//! `kubeready fleet`: places against the checklist, and where they differ.

use std::path::PathBuf;

use kubeready::check::{Request, check};
use kubeready::host::MemHost;
use kubeready::report::{Report, Style, fleet};
use kubeready::settings::Settings;
use serde_json::Value;

fn policy(types: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: all\n  \
         namespace: shop\nspec:\n  podSelector: {{}}\n  policyTypes: {types}\n"
    )
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.4.2
";

fn judge(files: &[(&str, String)]) -> Report {
    let host = MemHost::with(files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())));
    let request = Request { paths: vec![PathBuf::from("/")], ..Request::default() };
    check(&host, &request, &Settings::default())
}

fn three() -> Report {
    let alike = format!("{WEB}---\n{}", policy("[Ingress, Egress]"));
    judge(&[
        ("clusters/prod-eu/shop.yaml", alike.clone()),
        ("clusters/prod-us/shop.yaml", alike.clone()),
        ("clusters/prod-ap/shop.yaml", format!("{WEB}---\n{}", policy("[Ingress]"))),
        ("clusters/staging-eu/shop.yaml", alike),
    ])
}

fn written(
    report: &Report,
    write: fn(&Report, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    write(report, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&written(report, fleet::write_json)).expect("JSON")
}

fn pretty(report: &Report) -> String {
    written(report, |report, out| fleet::write_pretty(report, Style::PLAIN, out))
}

#[test]
fn json_follows_its_schema() {
    let schema: Value = serde_json::from_str(fleet::JSON_SCHEMA).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for report in [three(), judge(&[("web.yaml", WEB.to_owned())])] {
        let json = json(&report);
        let errors: Vec<_> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{json:#}");
    }
}

#[test]
fn places_come_in_order_of_their_stage() {
    let json = json(&three());
    let places = json["places"].as_array().expect("a list");
    let names: Vec<_> = places.iter().filter_map(|place| place["name"].as_str()).collect();
    assert_eq!(names, ["staging-eu", "prod-ap", "prod-eu", "prod-us"]);
    assert_eq!(places[1]["objects"], 2);
    assert_eq!(places[1]["environment"], "prod");
    assert_eq!(places[1]["items"]["1"]["state"], "missing", "{json:#}");
}

#[test]
fn the_odd_one_is_told() {
    let report = three();
    let json = json(&report);
    let drift = json["drift"].as_array().expect("a list");
    let policies: Vec<_> = drift.iter().filter(|d| d["rule"] == "network-policy-drift").collect();
    assert_eq!(policies.len(), 1, "{drift:#?}");
    assert_eq!(policies[0]["file"], "clusters/prod-ap/shop.yaml");
    assert_eq!(policies[0]["places"], serde_json::json!(["prod-ap"]));
    let text = pretty(&report);
    assert!(text.contains("network-policy-drift"), "{text}");
    // The message names the place: it is not said twice.
    let line = text.lines().find(|line| line.contains("cluster `prod-ap`")).expect("is told");
    assert!(!line.contains(", in "), "{text}");
    let markdown = written(&report, fleet::write_markdown);
    assert!(markdown.contains("| prod-ap |"), "{markdown}");
    assert!(markdown.contains("cluster `prod-ap`"), "{markdown}");
}

#[test]
fn manifests_that_name_no_place_are_no_fleet() {
    let text = pretty(&judge(&[("web.yaml", WEB.to_owned())]));
    assert!(text.contains("no cluster or environment was recognised"), "{text}");
}
