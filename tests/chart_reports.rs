//! Charts of a repository end to end: findings at values and templates, and who lives with them.

use kubeready::check::{Request, check};
use kubeready::finding::Finding;
use kubeready::host::MemHost;
use kubeready::report::{Format, Report, Style, render};

use crate::charts::pack;
use crate::given::{only, place};

const PARENT: &str = "apiVersion: v2
name: parent
version: 1.0.0
dependencies:
  - name: shop
    version: 1.0.0
    repository: https://charts.example.com
";

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

const VALUES: &str = "name: web
image: shop/web:latest
resources: {}
";

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Values.name }}
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: {{ .Values.image }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
";

fn run(files: &[(&str, &str)], rules: &[&str]) -> Report {
    run_on(files, rules, &["."])
}

fn run_on(files: &[(&str, &str)], rules: &[&str], paths: &[&str]) -> Report {
    run_host(&MemHost::with(files.iter().copied()), rules, paths, &[])
}

/// `charts`: directories with charts of others.
fn run_host(host: &MemHost, rules: &[&str], paths: &[&str], charts: &[&str]) -> Report {
    let request = Request {
        paths: paths.iter().map(Into::into).collect(),
        root: "/".into(),
        charts: charts.iter().map(Into::into).collect(),
        ..Request::default()
    };
    check(host, &request, &only(rules))
}

/// `path:line places` of each finding.
fn told(report: &Report) -> Vec<String> {
    let told = |f: &Finding| {
        let places = f.places().unwrap_or_default();
        format!("{} {places}", place(report, f.span)).trim().to_owned()
    };
    report.findings.iter().map(|f| told(f)).collect()
}

fn chart<'f>(more: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut files = vec![
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", VALUES),
        ("shop/templates/web.yaml", WEB),
    ];
    for (path, text) in more {
        files.retain(|(known, _)| known != path);
        files.push((path, text));
    }
    files
}

#[test]
fn values_of_an_environment_are_told_there_and_defaults_at_the_chart() {
    let files = chart(&[
        ("shop/values-prod.yaml", "image: shop/web:latest\n"),
        ("shop/values-staging.yaml", "resources: {requests: {cpu: 1}}\n"),
    ]);
    let report = run(&files, &["latest-image-tag"]);
    let places = ["shop/values-prod.yaml:1 in prod", "shop/values.yaml:2 in shop and staging"];
    assert_eq!(told(&report), places);
    let report = run(&files, &["missing-memory-limit"]);
    let places = ["shop/values-staging.yaml:1 in staging", "shop/values.yaml:3 in shop and prod"];
    assert_eq!(told(&report), places);
    let help = report.findings.iter().filter_map(|f| f.help.as_deref());
    let help: Vec<_> = help.map(|help| help.split(" above").next().unwrap_or(help)).collect();
    let expected = [
        "set `resources.limits.memory` in values-staging.yaml",
        "set `resources.limits.memory` in values-prod.yaml",
    ];
    assert_eq!(help, expected);
}

#[test]
fn a_person_is_shown_the_value_and_the_line_that_prints_it() {
    let report = run(&chart(&[]), &["latest-image-tag"]);
    let mut out = Vec::new();
    render(&report, Format::Pretty, Style::PLAIN, &mut out).expect("memory");
    let text = String::from_utf8(out).expect("text");
    assert!(text.contains("image: shop/web:latest"), "{text}");
    let see = "see: shop/templates/web.yaml:14";
    assert!(text.contains(see) && text.contains("printed by this line of the template"), "{text}");
}

#[test]
fn a_comment_at_the_value_suppresses() {
    let with = VALUES.replace("latest\n", "latest # kubeready: ignore[latest-image-tag] a test\n");
    let report = run(&chart(&[("shop/values.yaml", &with)]), &["latest-image-tag"]);
    assert!(report.findings.is_empty(), "{:?}", told(&report));
    assert_eq!(report.summary.suppressed, 1);
}

#[test]
fn a_comment_in_the_template_suppresses() {
    for comment in [
        "{{- /* kubeready: ignore[latest-image-tag] a test */}}",
        "# kubeready: ignore[latest-image-tag] a test",
    ] {
        let image = format!("          {comment}\n          image:");
        let with = WEB.replace("          image:", &image);
        let report = run(&chart(&[("shop/templates/web.yaml", &with)]), &["latest-image-tag"]);
        assert!(report.findings.is_empty(), "{comment}: {:?}", told(&report));
        assert_eq!(report.summary.suppressed, 1);
    }
    // Another rule's comment does nothing.
    let other = WEB.replace(
        "web\n          image:",
        "web # kubeready: ignore[missing-memory-limit] x\n          image:",
    );
    let report = run(&chart(&[("shop/templates/web.yaml", &other)]), &["latest-image-tag"]);
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn an_annotation_of_a_printed_object_suppresses() {
    for annotation in
        ["kubeready.dev/ignore.latest-image-tag: x", "ignore-check.kube-linter.io/latest-tag: x"]
    {
        let annotations = format!("metadata:\n  annotations:\n    {annotation}\n  name");
        let with = WEB.replace("metadata:\n  name", &annotations);
        let report = run(&chart(&[("shop/templates/web.yaml", &with)]), &["latest-image-tag"]);
        assert!(report.findings.is_empty(), "{annotation}: {:?}", told(&report));
    }
}

#[test]
fn a_template_given_by_itself_shows_what_it_prints() {
    let other = WEB.replace("{{ .Values.image }}", "x:latest");
    let files = chart(&[(".git/HEAD", ""), ("shop/templates/other.yaml", &other)]);
    let report = run_on(&files, &["latest-image-tag"], &["shop/templates/web.yaml"]);
    assert_eq!(told(&report), ["shop/values.yaml:2"]);
}

#[test]
fn a_vendored_chart_of_others_is_changed_in_the_values_of_its_user() {
    let files = [
        ("Chart.yaml", PARENT),
        ("values.yaml", "shop: {}\n"),
        ("charts/shop/Chart.yaml", CHART),
        ("charts/shop/values.yaml", VALUES),
        ("charts/shop/templates/web.yaml", WEB),
    ];
    let report = run(&files, &["missing-memory-limit"]);
    assert_eq!(told(&report), ["charts/shop/values.yaml:3"]);
    let help = report.findings[0].help.as_deref().expect("help");
    assert!(help.starts_with("set `shop.resources.limits.memory` in ./values.yaml"), "{help}");
}

#[test]
fn a_chart_in_an_archive_is_told_at_the_dependency_that_brings_it_in() {
    let archive = pack(&[
        ("shop/Chart.yaml", CHART.as_bytes()),
        ("shop/values.yaml", VALUES.as_bytes()),
        ("shop/templates/web.yaml", WEB.as_bytes()),
    ]);
    let files = |values: &str| {
        MemHost::with([
            ("Chart.yaml", PARENT.as_bytes().to_vec()),
            ("values.yaml", values.as_bytes().to_vec()),
            ("charts/shop-1.0.0.tgz", archive.clone()),
        ])
    };
    let report = run_host(&files("shop: {}\n"), &["missing-memory-limit"], &["."], &[]);
    assert_eq!(told(&report), ["Chart.yaml:5"]);
    let [one] = report.findings.as_slice() else { panic!("one finding") };
    let inside = one
        .related
        .iter()
        .any(|label| report.sources.get(label.span.source).path.ends_with(".tgz/shop/values.yaml"));
    assert!(inside, "{:?}", one.related);
    let help = one.help.as_deref().expect("help");
    assert!(help.starts_with("set `shop.resources.limits.memory` in values.yaml"), "{help}");
    // Where a value of one's own decides, it is told there.
    let own = "shop: {resources: {limits: {cpu: 1}}}\n";
    let report = run_host(&files(own), &["missing-memory-limit"], &["."], &[]);
    assert_eq!(told(&report), ["values.yaml:1"]);
}

#[test]
fn a_chart_that_was_fetched_is_told_where_it_is_installed() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 1h
  chart:
    spec:
      chart: shop
      version: 1.0.0
      sourceRef: {kind: HelmRepository, name: all}
  values:
    image: shop/web:latest
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: all, namespace: shop}
spec: {url: https://charts.example.com, interval: 1h}
";
    let host = MemHost::with([
        ("repo/.git/HEAD", ""),
        ("repo/web.yaml", release),
        ("cache/shop/Chart.yaml", CHART),
        ("cache/shop/values.yaml", VALUES),
        ("cache/shop/templates/web.yaml", WEB),
    ]);
    let rules = ["missing-memory-limit", "latest-image-tag"];
    let report = run_host(&host, &rules, &["repo"], &["cache"]);
    let places: Vec<_> = report.findings.iter().map(|f| place(&report, f.span)).collect();
    assert_eq!(places.len(), 2, "{:?}", told(&report));
    assert!(places.iter().all(|place| place.starts_with("repo/web.yaml:")), "{places:?}");
    let rule = |f: &Finding| f.rule.rule().name == "missing-memory-limit";
    let memory = report.findings.iter().find(|f| rule(f)).expect("a finding");
    let help = memory.help.as_deref().expect("help");
    assert!(help.starts_with("set `resources.limits.memory` in web.yaml"), "{help}");
}

#[test]
fn a_default_of_a_template_names_the_value_that_it_stands_in_for() {
    let with =
        WEB.replace("{{ .Values.image }}", "shop/web:{{ .Values.tag | default \"latest\" }}");
    let report = run(&chart(&[("shop/templates/web.yaml", &with)]), &["latest-image-tag"]);
    assert_eq!(told(&report), ["shop/templates/web.yaml:14"]);
    let help = report.findings[0].help.as_deref().expect("help");
    assert!(help.ends_with("; the value is `tag`, to be set in values.yaml"), "{help}");
}

#[test]
fn what_no_values_file_has_is_one_finding_at_the_charts_own() {
    let template = WEB.replace(
        "          image:",
        "          {{- with .Values.security }}\n          securityContext:\n            \
         {{- toYaml . | nindent 12 }}\n          {{- end }}\n          image:",
    );
    assert_ne!(template, WEB);
    let files = chart(&[
        ("shop/templates/web.yaml", &template),
        ("shop/values-prod.yaml", "name: shop\n"),
        ("shop/values-staging.yaml", "name: shop\n"),
    ]);
    let report = run(&files, &["privilege-escalation-allowed"]);
    assert_eq!(told(&report), ["shop/values.yaml:1 in shop, prod and staging"]);
    let help = report.findings.iter().filter_map(|f| f.help.as_deref()).collect::<Vec<_>>();
    assert!(help.iter().all(|help| help.contains("in values.yaml")), "{help:?}");
}

#[test]
fn values_printed_into_a_file_of_a_secret_are_told_once() {
    let secret = "apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
  my.cnf: |
    [client]
    password={{ .Values.password }}
";
    let rules = ["plaintext-secret", "secret-in-helm-values"];
    let files = |secret: &str| {
        let host = [
            ("shop/Chart.yaml", CHART),
            ("shop/values.yaml", "password: correct-horse-7\n"),
            ("shop/templates/db.yaml", secret),
        ];
        told(&run(&host, &rules))
    };
    assert_eq!(files(secret), ["shop/values.yaml:1"]);
    // What the template itself has is the template's.
    let own = secret.replace("{{ .Values.password }}", "correct-horse-8");
    assert!(files(&own).iter().any(|told| told.starts_with("shop/templates/db.yaml:")));
}

#[test]
fn a_value_of_a_subchart_is_set_in_the_values_of_the_chart_around_it() {
    let parent = PARENT.replace("    repository: https://charts.example.com\n", "");
    let files = [
        ("parent/Chart.yaml", parent.as_str()),
        ("parent/values.yaml", "# nothing yet\n"),
        ("parent/charts/shop/Chart.yaml", CHART),
        ("parent/charts/shop/values.yaml", VALUES),
        ("parent/charts/shop/templates/web.yaml", WEB),
    ];
    let report = run(&files, &["missing-memory-limit"]);
    assert_eq!(told(&report), ["parent/charts/shop/values.yaml:3"]);
    let help = report.findings.first().and_then(|f| f.help.as_deref()).unwrap_or("");
    let set = "set `shop.resources.limits.memory` in parent/values.yaml above";
    assert!(help.starts_with(set), "{help}");
}

#[test]
fn what_a_pod_says_for_all_containers_is_set_where_the_pod_has_it() {
    let template = WEB.replace(
        "      containers:",
        "      securityContext:\n        {{- toYaml .Values.pod | nindent 8 }}\n      containers:",
    );
    assert_ne!(template, WEB);
    let values = format!("{VALUES}pod:\n  fsGroup: 1000\n");
    let files = chart(&[("shop/templates/web.yaml", &template), ("shop/values.yaml", &values)]);
    let report = run(&files, &["run-as-non-root-missing"]);
    assert_eq!(told(&report), ["shop/values.yaml:4"]);
    let help = report.findings.first().and_then(|f| f.help.as_deref()).unwrap_or_default();
    assert!(help.contains("`pod.runAsNonRoot: true` in values.yaml"), "{help}");
}
