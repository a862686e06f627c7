//! Which charts are judged, with which values, and where that is told.

use kubeready::check::{Printed, Request, check, printed};
use kubeready::host::MemHost;
use kubeready::problem::Level;
use kubeready::program::{Program, Ran};
use kubeready::report::Report;

use crate::given::{only, told};

fn request(paths: &[&str]) -> Request {
    let paths = paths.iter().map(Into::into).collect();
    Request { paths, root: "/".into(), ..Request::default() }
}

fn run(files: &[(&str, &str)], rules: &[&str]) -> Report {
    check(&MemHost::with(files.iter().copied()), &request(&["/"]), &only(rules))
}

/// `code: message` of each problem.
fn problems(report: &Report) -> Vec<String> {
    report.problems.iter().map(|p| format!("{}: {}", p.code, p.message)).collect()
}

const CHART: (&str, &str) = ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");

const DEPLOYMENT: (&str, &str) = (
    "shop/templates/web.yaml",
    "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  namespace: {{ .Release.Namespace }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: {{ .Values.image }}
",
);

const VALUES: (&str, &str) = ("shop/values.yaml", "replicas: 2\nimage: shop/web:latest\n");

const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop-prod, namespace: argocd}
spec:
  project: shop
  source:
    repoURL: https://git.example/shop
    path: shop
    helm:
      valueFiles: [values-prod.yaml]
  destination: {name: eu-1, namespace: shop}
";

fn of_repository(files: &[(&str, &str)], rules: &[&str]) -> Report {
    let host = MemHost::with(files.iter().copied());
    let request =
        Request { repository_urls: vec!["https://git.example/shop".to_owned()], ..request(&["/"]) };
    check(&host, &request, &only(rules))
}

#[test]
fn a_chart_is_judged_with_its_own_values_and_those_beside_it() {
    let files = [
        CHART,
        DEPLOYMENT,
        VALUES,
        ("shop/values-prod.yaml", "image: shop/web:1.0\nreplicas: 1\n"),
        ("shop/values-dev.yaml", "replicas: 3\n"),
    ];
    let report = run(&files, &["latest-image-tag", "too-few-replicas"]);
    assert_eq!(problems(&report), [""; 0]);
    assert_eq!(
        told(&report),
        [
            "shop/values-prod.yaml:2 too-few-replicas in prod",
            "shop/values.yaml:2 latest-image-tag in shop and dev"
        ]
    );
}

#[test]
fn the_namespace_of_a_release_that_nobody_has_named_accuses_nobody() {
    let files = [
        CHART,
        DEPLOYMENT,
        VALUES,
        ("other.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n"),
    ];
    let report = run(&files, &["namespace-undefined"]);
    assert_eq!(told(&report), [""; 0]);
}

#[test]
fn a_chart_that_is_delivered_is_judged_by_its_deliveries() {
    let files = [
        CHART,
        DEPLOYMENT,
        VALUES,
        ("shop/values-prod.yaml", "image: shop/web:1.0\nreplicas: 1\n"),
        ("shop/values-spare.yaml", "image: shop/spare:latest\n"),
        ("apps/shop.yaml", APPLICATION),
    ];
    let report = of_repository(&files, &["latest-image-tag", "too-few-replicas"]);
    assert_eq!(problems(&report), [""; 0]);
    assert_eq!(told(&report), ["shop/values-prod.yaml:2 too-few-replicas in eu-1"]);
}

#[test]
fn parameters_and_values_of_an_application_win() {
    let app = APPLICATION.replace(
        "      valueFiles: [values-prod.yaml]\n",
        "      valuesObject:
        replicas: 1
        image: shop/web:latest
      parameters:
        - name: image
          value: shop/web:1.0
",
    );
    let files = [CHART, DEPLOYMENT, VALUES, ("apps/shop.yaml", &*app)];
    let report = of_repository(&files, &["latest-image-tag", "too-few-replicas"]);
    assert_eq!(told(&report), ["apps/shop.yaml:11 too-few-replicas in eu-1"]);
}

#[test]
fn values_files_may_come_by_patterns_and_from_other_sources() {
    let app = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: shop
  sources:
    - repoURL: https://git.example/shop
      ref: all
    - repoURL: https://git.example/shop
      path: shop
      helm:
        valueFiles: [$all/env/*.yaml]
  destination: {name: eu-1, namespace: shop}
";
    let files = [
        CHART,
        DEPLOYMENT,
        VALUES,
        ("env/a.yaml", "image: shop/web:latest\n"),
        ("env/b.yaml", "replicas: 1\nimage: shop/web:1.0\n"),
        ("apps/shop.yaml", app),
    ];
    let report = of_repository(&files, &["latest-image-tag", "too-few-replicas"]);
    assert_eq!(told(&report), ["env/b.yaml:1 too-few-replicas in eu-1"]);
}

#[test]
fn a_changed_template_or_values_file_renders_its_chart() {
    let files = [
        CHART,
        DEPLOYMENT,
        VALUES,
        ("shop/values-prod.yaml", "image: shop/web:1.0\nreplicas: 1\n"),
        (".git/config", ""),
    ];
    let host = MemHost::with(files);
    let rules = only(&["latest-image-tag", "too-few-replicas", "missing-memory-limit"]);
    let of = |path: &str| told(&check(&host, &request(&[path]), &rules));
    let all = [
        "shop/templates/web.yaml:15 missing-memory-limit in shop and prod",
        "shop/values-prod.yaml:2 too-few-replicas in prod",
        "shop/values.yaml:2 latest-image-tag",
    ];
    assert_eq!(of("/shop/templates/web.yaml"), all);
    assert_eq!(of("/shop/values-prod.yaml"), ["shop/values-prod.yaml:2 too-few-replicas in prod"]);
    assert_eq!(of("/shop/values.yaml"), ["shop/values.yaml:2 latest-image-tag"]);
}

#[test]
fn values_of_tests_only_have_to_render() {
    let stop = "{{ if .Values.stop }}{{ fail \"no\" }}{{ end }}\n";
    let files = [
        CHART,
        DEPLOYMENT,
        VALUES,
        ("shop/templates/stop.yaml", stop),
        ("shop/ci/small-values.yaml", "replicas: 1\nstop: true\n"),
    ];
    let report = run(&files, &["too-few-replicas"]);
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(problems(&report), ["helm-template: the chart stops here: no"]);
    assert_eq!(report.problems.first().map(|p| p.level), Some(Level::Error));
}

#[test]
fn a_missing_subchart_is_said_and_the_rest_is_judged() {
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:
  - {name: redis, version: 18.1.2, repository: 'https://charts.example'}\n";
    let files = [("shop/Chart.yaml", chart), DEPLOYMENT, VALUES];
    let report = run(&files, &["latest-image-tag"]);
    assert_eq!(told(&report), ["shop/values.yaml:2 latest-image-tag"]);
    let [problem] = &report.problems[..] else { panic!("{:?}", problems(&report)) };
    assert_eq!(problem.level, Level::Note);
    assert!(problem.message.contains("`redis`"), "{}", problem.message);
}

#[test]
fn a_chart_that_asks_for_values_fails_only_what_delivers_it() {
    let stop = "{{ required \"a host\" .Values.host }}\n";
    let files = [CHART, DEPLOYMENT, VALUES, ("shop/templates/host.yaml", stop)];
    let report = run(&files, &["latest-image-tag"]);
    assert_eq!(
        report.problems.first().map(|p| p.level),
        Some(Level::Note),
        "{:?}",
        problems(&report)
    );
    assert_eq!(told(&report), ["shop/values.yaml:2 latest-image-tag"]);
    let app =
        APPLICATION.replace("      valueFiles: [values-prod.yaml]\n", "      releaseName: x\n");
    let files = [files.as_slice(), &[("apps/shop.yaml", &*app)]].concat();
    let report = of_repository(&files, &["latest-image-tag"]);
    assert_eq!(report.problems.first().map(|p| p.level), Some(Level::Error));
}

const HELM_RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: shop}
spec:
  chart:
    spec:
      chart: shop
      version: 1.x
      sourceRef: {kind: HelmRepository, name: charts}
  valuesFrom:
    - {kind: ConfigMap, name: shop-values}
  values:
    image: shop/web:1.0
";

const VALUES_MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: shop-values, namespace: shop}
data:
  values.yaml: |
    replicas: 1
    image: shop/web:latest
";

#[test]
fn a_helm_release_takes_its_chart_from_what_was_fetched() {
    let files = [
        ("cache/shop-1.0.0/Chart.yaml", CHART.1),
        ("cache/shop-1.0.0/templates/web.yaml", DEPLOYMENT.1),
        ("cache/shop-1.0.0/values.yaml", VALUES.1),
        ("fleet/release.yaml", HELM_RELEASE),
        ("fleet/values.yaml", VALUES_MAP),
    ];
    let host = MemHost::with(files);
    let rules = only(&["latest-image-tag", "too-few-replicas", "missing-memory-limit"]);
    let request = Request { charts: vec!["/cache".into()], ..request(&["/fleet"]) };
    let report = check(&host, &request, &rules);
    assert_eq!(problems(&report), [""; 0]);
    let told = told(&report);
    assert!(told.contains(&"fleet/values.yaml:6 too-few-replicas".to_owned()), "{told:?}");
    assert!(!told.iter().any(|f| f.contains("latest-image-tag")), "{told:?}");
}

#[test]
fn a_kustomization_inflates_charts_without_helm() {
    let kustomization = "helmCharts:
  - name: shop
    releaseName: web
    valuesInline: {image: 'shop/web:1.0'}
    valuesFile: own.yaml
namePrefix: eu-
";
    let files = [
        ("app/charts/shop/Chart.yaml", CHART.1),
        ("app/charts/shop/templates/web.yaml", DEPLOYMENT.1),
        ("app/charts/shop/values.yaml", VALUES.1),
        ("app/own.yaml", "replicas: 1\nimage: shop/web:latest\n"),
        ("app/kustomization.yaml", kustomization),
    ];
    let report = run(&files, &["latest-image-tag", "too-few-replicas"]);
    assert_eq!(problems(&report), [""; 0]);
    assert_eq!(told(&report), ["app/own.yaml:1 too-few-replicas"]);
    let host = MemHost::with(files);
    let shown = printed(&host, &request(&["/app"]), &only(&[]), false);
    assert!(shown.text.contains("name: eu-web-web\n"), "{}", shown.text);
}

#[test]
fn a_chart_that_a_kustomization_would_fetch_is_said() {
    let kustomization = "helmCharts: [{name: shop, version: 1.0.0, repo: 'https://x.example'}]\n";
    let report = run(&[("app/kustomization.yaml", kustomization)], &["latest-image-tag"]);
    assert_eq!(problems(&report), ["chart: the chart `shop` was not rendered: it is not at hand"]);
}

#[test]
fn a_folder_with_a_chart_is_printed_as_helm_does() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n";
    let files =
        [CHART, DEPLOYMENT, VALUES, ("shop/crds/a.yaml", crd), ("more.yaml", "replicas: 7\n")];
    let host = MemHost::with(files);
    let request = Request { values: vec!["/more.yaml".into()], ..request(&["/shop"]) };
    let Printed { text, report } = printed(&host, &request, &only(&[]), false);
    assert_eq!(problems(&report), [""; 0]);
    let (first, second) =
        text.split_once("---\n").and_then(|(_, t)| t.split_once("---\n")).unwrap();
    assert!(first.contains("CustomResourceDefinition"), "{text}");
    for line in ["name: release-name-web\n", "namespace: default\n", "replicas: 7\n"] {
        assert!(second.contains(line), "{text}");
    }
}

#[test]
fn a_library_and_subcharts_are_not_rendered_by_themselves() {
    let parent = "apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:
  - {name: shop, version: 1.0.0}\n";
    let files = [
        ("all/Chart.yaml", parent),
        ("all/values.yaml", "shop: {image: 'shop/web:1.0'}\n"),
        ("all/charts/shop/Chart.yaml", CHART.1),
        ("all/charts/shop/templates/web.yaml", DEPLOYMENT.1),
        ("all/charts/shop/values.yaml", VALUES.1),
        ("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n"),
        ("lib/templates/web.yaml", DEPLOYMENT.1),
        ("lib/values.yaml", VALUES.1),
    ];
    assert_eq!(told(&run(&files, &["latest-image-tag"])), [""; 0]);
}

/// A Helm that knows one function more.
fn other_helm(program: &Program) -> Ran {
    assert_eq!(program.program, std::path::Path::new("/opt/helm"));
    assert_eq!(program.args.first().map(String::as_str), Some("template"));
    assert!(program.env.iter().all(|(name, _)| name.to_ascii_uppercase().ends_with("_PROXY")));
    assert!(program.homes.iter().any(|name| name == "HELM_PLUGINS"));
    let file = |name: &str| {
        let found = program.files.iter().find(|(path, _)| path.ends_with(name));
        String::from_utf8(found.expect(name).1.clone()).expect("text")
    };
    assert_eq!(file("values-0.yaml"), "replicas: 1\n");
    let text = file("templates/web.yaml")
        .replace("{{ unheardOf .Values.replicas }}", "1")
        .replace("{{ .Release.Name }}", "release-name")
        .replace("{{ .Release.Namespace }}", "default")
        .replace("{{ .Values.image }}", "shop/web:latest");
    let stdout = format!("---\n# Source: shop/templates/web.yaml\n{text}").into_bytes();
    Ran { success: true, stdout, stderr: Vec::new() }
}

#[test]
fn the_real_helm_is_run_where_the_user_names_it_and_nothing_else_will_do() {
    let template =
        DEPLOYMENT.1.replace("{{ .Values.replicas }}", "{{ unheardOf .Values.replicas }}");
    let files = [
        CHART,
        ("shop/templates/web.yaml", &*template),
        VALUES,
        ("shop/values-prod.yaml", "replicas: 1\n"),
    ];
    let mut host = MemHost::with(files);
    host.run = Some(|program| {
        if program.files.iter().any(|(path, _)| path.ends_with("values-0.yaml")) {
            Ok(other_helm(program))
        } else {
            let stderr = b"Error: no luck today\n".to_vec();
            Ok(Ran { success: false, stdout: Vec::new(), stderr })
        }
    });
    let rules = only(&["latest-image-tag", "too-few-replicas"]);
    let report = check(&host, &request(&["/"]), &rules);
    assert_eq!(told(&report), [""; 0], "it was not named");
    assert_eq!(report.problems.first().map(|p| p.level), Some(Level::Error));
    let asked = Request { helm: Some("/opt/helm".into()), ..request(&["/"]) };
    let report = check(&host, &asked, &rules);
    assert_eq!(
        told(&report),
        [
            "shop/templates/web.yaml:7 too-few-replicas in prod",
            "shop/templates/web.yaml:16 latest-image-tag in prod",
        ]
    );
    // The other release is beyond both.
    let [problem] = &report.problems[..] else { panic!("{:?}", problems(&report)) };
    assert!(problem.help.as_deref().is_some_and(|h| h.contains("no luck today")), "{problem:?}");
}

#[test]
fn values_of_a_chart_that_is_not_at_hand_are_judged_by_their_shape() {
    let release = HELM_RELEASE
        .replace("chart: shop\n", "chart: app-template\n")
        .replace(
            "    image: shop/web:1.0\n",
            "    controllers:
      web:
        containers:
          app:
            image: {repository: shop/web, tag: latest}
",
        )
        .replace("  valuesFrom:\n    - {kind: ConfigMap, name: shop-values}\n", "");
    let report = run(&[("fleet/release.yaml", &*release)], &["latest-image-tag"]);
    let places = told(&report);
    let [place] = &places[..] else { panic!("{places:?}") };
    assert!(place.starts_with("fleet/release.yaml:15 "), "{place}");
}

#[test]
fn a_post_renderer_patches_what_a_release_makes() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: shop}
spec:
  chart: {spec: {chart: shop, sourceRef: {kind: GitRepository, name: here}}}
  postRenderers:
    - kustomize:
        patches:
          - target: {kind: Deployment}
            patch: |
              - op: replace
                path: /spec/replicas
                value: 1
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: here, namespace: shop}
spec: {url: 'https://git.example/shop'}
";
    let files = [CHART, DEPLOYMENT, VALUES, ("fleet/release.yaml", release)];
    let report = of_repository(&files, &["too-few-replicas"]);
    assert_eq!(problems(&report), [""; 0]);
    assert_eq!(told(&report), ["fleet/release.yaml:13 too-few-replicas"]);
}

#[test]
fn a_fetched_chart_that_refuses_its_values_is_told_at_what_installs_it() {
    let files = [
        ("cache/shop/Chart.yaml", CHART.1),
        ("cache/shop/templates/web.yaml", "{{ required \"a host\" .Values.host }}\n"),
        ("fleet/release.yaml", HELM_RELEASE),
        ("fleet/values.yaml", VALUES_MAP),
    ];
    let host = MemHost::with(files);
    let request = Request { charts: vec!["/cache".into()], ..request(&["/fleet"]) };
    let report = check(&host, &request, &only(&["latest-image-tag"]));
    assert_eq!(
        problems(&report),
        ["helm-template: the chart `shop`: the chart stops here: a host"]
    );
    let [problem] = &report.problems[..] else { panic!() };
    let kubeready::problem::Location::Span(at) = problem.location else { panic!() };
    assert_eq!(&*report.sources.get(at.source).path, "fleet/release.yaml");
    assert_eq!((problem.level, problem.aside), (Level::Error, false));
}

#[test]
fn one_release_in_many_clusters_is_one_finding() {
    let release =
        HELM_RELEASE.replace("  valuesFrom:\n    - {kind: ConfigMap, name: shop-values}\n", "");
    let overlay = "resources: [../../base]\n";
    let files = [
        ("cache/shop/Chart.yaml", CHART.1),
        ("cache/shop/templates/web.yaml", DEPLOYMENT.1),
        ("cache/shop/values.yaml", "replicas: 1\n"),
        ("fleet/base/release.yaml", &*release),
        ("fleet/base/kustomization.yaml", "resources: [release.yaml]\n"),
        ("fleet/clusters/a/kustomization.yaml", overlay),
        ("fleet/clusters/b/kustomization.yaml", overlay),
        ("fleet/clusters/c/kustomization.yaml", overlay),
        ("fleet/clusters/d/kustomization.yaml", overlay),
    ];
    let host = MemHost::with(files);
    let request = Request { charts: vec!["/cache".into()], ..request(&["/fleet"]) };
    let report = check(&host, &request, &only(&["too-few-replicas"]));
    let [finding] = &report.findings[..] else { panic!("{:?}", told(&report)) };
    assert_eq!(finding.places().as_deref(), Some("in a, b and 2 more"));
}

/// A HelmRelease whose chart is not at hand.
fn redis(metadata: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {metadata}
spec:
  interval: 1h
  chartRef: {{kind: OCIRepository, name: redis}}
  values:
    image: {{repository: registry.example.com/redis, tag: latest}}
"
    )
}

/// A Kustomization of Flux.
fn delivers(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 1h
  path: {path}
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
{more}"
    )
}

fn namespaces(report: &Report) -> Vec<&str> {
    let of = report.findings.iter().filter_map(|finding| finding.resource.as_ref());
    of.map(|resource| resource.namespace.as_deref().unwrap_or("")).collect()
}

#[test]
fn releases_of_one_name_in_two_namespaces_are_two() {
    let (a, b) = (redis("{name: redis, namespace: a}"), redis("{name: redis, namespace: b}"));
    let report = run(&[("a.yaml", &a), ("b.yaml", &b)], &["latest-image-tag"]);
    assert_eq!(told(&report), ["a.yaml:8 latest-image-tag", "b.yaml:8 latest-image-tag"]);
    assert_eq!(namespaces(&report), ["a", "b"]);

    let release = |namespace: &str| {
        redis(&format!("{{name: shop, namespace: {namespace}}}"))
            .replace("{kind: OCIRepository, name: redis}", "{kind: HelmChart, name: shop}")
            .replace("{repository: registry.example.com/redis, tag: latest}", "shop/web:latest")
    };
    let chart = "apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {name: shop}
spec:
  chart: ./shop
  sourceRef: {kind: GitRepository, name: flux-system}
";
    let (a, b) = (release("a"), release("b"));
    let files = [CHART, DEPLOYMENT, ("a.yaml", &a), ("b.yaml", &b), ("chart.yaml", chart)];
    let report = run(&files, &["latest-image-tag"]);
    assert_eq!(told(&report), ["a.yaml:8 latest-image-tag", "b.yaml:8 latest-image-tag"]);
    assert_eq!(namespaces(&report), ["a", "b"]);
}

#[test]
fn a_release_is_where_the_kustomization_of_flux_puts_it() {
    let release = redis("{name: redis}");
    let root = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [release.yaml]
";
    let of = |namespace: &str| {
        let more = format!("  targetNamespace: {namespace}\n");
        delivers(namespace, &format!("./apps/{namespace}"), &more)
    };
    let (a, b) = (of("a"), of("b"));
    let files = [
        ("clusters/eu-1/a.yaml", &*a),
        ("clusters/eu-1/b.yaml", &b),
        ("apps/a/kustomization.yaml", root),
        ("apps/a/release.yaml", &release),
        ("apps/b/release.yaml", &release),
    ];
    let report = run(&files, &["latest-image-tag"]);
    let expected = [
        "apps/a/release.yaml:8 latest-image-tag in eu-1",
        "apps/b/release.yaml:8 latest-image-tag in eu-1",
    ];
    assert_eq!(told(&report), expected);
    assert_eq!(namespaces(&report), ["a", "b"]);
    let unfollowed = "not-followed: what HelmRelease `redis` delivers is not judged (and 1 more): \
                      its chart is not at hand";
    assert_eq!(problems(&report), [unfollowed]);
}

#[test]
fn a_release_is_installed_as_what_delivers_it_says() {
    const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  interval: 5m
  chart:
    spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}
";
    const TEMPLATE: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: shop/web:1.0}]}
";
    let delivered = |replicas: u8| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: web, namespace: flux-system}}
spec:
  interval: 1h
  path: ./apps/web
  prune: true
  targetNamespace: shop
  sourceRef: {{kind: GitRepository, name: flux-system}}
  patches:
    - target: {{kind: HelmRelease}}
      patch: '[{{op: add, path: /spec/values, value: {{replicas: {replicas}}}}}]'
"
        )
    };
    let check = |replicas: u8, listed: bool| {
        let by_flux = delivered(replicas);
        let mut files = vec![
            ("clusters/prod/web.yaml", by_flux.as_str()),
            ("apps/web/release.yaml", RELEASE),
            ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
            ("charts/web/values.yaml", "replicas: 1\n"),
            ("charts/web/templates/web.yaml", TEMPLATE),
        ];
        if listed {
            files.push(("apps/web/kustomization.yaml", "resources: [release.yaml]\n"));
        }
        crate::ship::run(&files, &crate::given::only(&["too-few-replicas"]), &["/"])
    };
    for listed in [true, false] {
        let report = check(3, listed);
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        let report = check(1, listed);
        let [one] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
        assert_eq!(one.resource.as_ref().and_then(|r| r.namespace.as_deref()), Some("shop"));
        let clusters: Vec<_> =
            one.destinations.iter().map(|to| to.cluster.as_deref().unwrap_or("")).collect();
        assert_eq!(clusters, ["prod"]);
    }
}

#[test]
fn a_kustomization_of_flux_is_followed_as_what_delivers_it_says() {
    let parent = delivers(
        "cluster-apps",
        "./children",
        "  patches:
    - target: {kind: Kustomization}
      patch: '[{op: add, path: /spec/targetNamespace, value: shop}]'
",
    );
    let child = delivers("web", "./apps/web", "");
    let release = redis("{name: redis}");
    let listed = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [ks.yaml]
";
    for listed in [None, Some(("children/web/kustomization.yaml", listed))] {
        let mut files = vec![
            ("clusters/eu-1/apps.yaml", &*parent),
            ("children/web/ks.yaml", &child),
            ("apps/web/release.yaml", &release),
        ];
        files.extend(listed);
        let report = run(&files, &["latest-image-tag"]);
        assert_eq!(told(&report), ["apps/web/release.yaml:8 latest-image-tag in eu-1"]);
        assert_eq!(namespaces(&report), ["shop"]);
    }
    // Two that deliver each other are followed all the same.
    let (a, b) = (delivers("a", "./b", ""), delivers("b", "./a", ""));
    let release = redis("{name: redis, namespace: shop}");
    let files = [("a/a.yaml", &*a), ("b/b.yaml", &b), ("b/release.yaml", &release)];
    let report = run(&files, &["latest-image-tag"]);
    assert_eq!(told(&report), ["b/release.yaml:8 latest-image-tag"]);
}

#[test]
fn a_patch_for_all_children_is_for_those_that_have_what_it_is_for() {
    let parent = delivers(
        "cluster-apps",
        "./children",
        "  patches:
    - target: {kind: Kustomization}
      patch: |
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: _}
        spec:
          patches:
            - target: {kind: HelmRelease}
              patch: |
                - {op: add, path: /spec/timeout, value: 5m}
",
    );
    let (web, db) = (delivers("web", "./apps/web", ""), delivers("db", "./apps/db", ""));
    let release = redis("{name: redis, namespace: shop}");
    let files = [
        ("clusters/eu-1/apps.yaml", &*parent),
        ("children/web.yaml", &web),
        ("children/db.yaml", &db),
        ("apps/web/release.yaml", &release),
        (
            "apps/db/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n",
        ),
    ];
    let report = run(&files, &["kustomize-patch-target-missing"]);
    assert_eq!(told(&report), [""; 0]);
}
