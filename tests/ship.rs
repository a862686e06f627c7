//! What ships is what is judged: findings stand at the line to edit, once, with the places they
//! reach.

use kubeready::catalogue;
use kubeready::check::{Printed, Request, check, printed};
use kubeready::finding::Finding;
use kubeready::host::MemHost;
use kubeready::problem::Level;
use kubeready::report::Report;
use kubeready::settings::Settings;
use kubeready::source::Lines;

use crate::given::{only, told};

fn run(files: &[(&str, &str)], settings: &Settings, paths: &[&str]) -> Report {
    let host = MemHost::with(files.iter().copied());
    let request = Request {
        paths: paths.iter().map(Into::into).collect(),
        root: "/".into(),
        ..Request::default()
    };
    check(&host, &request, settings)
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
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
          image: shop/web:1.0
          resources:
            requests: {cpu: 100m}
";

fn overlay(more: &str) -> String {
    format!("resources: [../../base]\n{more}")
}

#[test]
fn a_defect_of_a_base_is_one_finding_with_all_its_places() {
    let plain = overlay("");
    let mended = overlay(
        "patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            containers:
              - name: web
                resources: {limits: {memory: 1Gi}}
",
    );
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/prod-eu/kustomization.yaml", &plain),
        ("overlays/prod-us/kustomization.yaml", &plain),
        ("overlays/prod-mx/kustomization.yaml", &mended),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["base/web.yaml:16 missing-memory-limit in prod-eu and prod-us"]);
    let finding = &report.findings[0];
    let sets: Vec<_> = finding.destinations.iter().map(|d| d.set.as_str()).collect();
    assert_eq!(sets, ["overlays/prod-eu", "overlays/prod-us"]);
    let entry = finding.related.first().expect("who brings it in");
    assert_eq!(&*report.sources.get(entry.span.source).path, "overlays/prod-eu/kustomization.yaml");
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[test]
fn what_a_kustomization_writes_is_found_in_the_kustomization() {
    let overlay = "resources: [../../base]
images:
  - name: shop/web
    newTag: latest
replicas:
  - name: web
    count: 1
patches:
  - path: privileged.yaml
";
    let patch = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          securityContext:
            privileged: true
";
    let inline = "resources: [../../base]
patches:
  - target: {kind: Deployment}
    patch: |-
      - op: add
        path: /spec/template/spec/hostNetwork
        value: true
";
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/prod/kustomization.yaml", overlay),
        ("overlays/prod/privileged.yaml", patch),
        ("overlays/live/kustomization.yaml", inline),
    ];
    let rules = ["latest-image-tag", "privileged-container", "too-few-replicas", "host-network"];
    let known: Vec<&str> = rules.into_iter().filter(|r| catalogue::find(r).is_some()).collect();
    let report = run(&files, &only(&known), &["/"]);
    let told = told(&report);
    for expected in [
        "overlays/live/kustomization.yaml:7 host-network in live",
        "overlays/prod/kustomization.yaml:4 latest-image-tag in prod",
        "overlays/prod/privileged.yaml:10 privileged-container in prod",
    ] {
        assert!(told.iter().any(|t| t == expected), "{expected} not in {told:#?}");
    }
    let replicas = told.iter().find(|t| t.contains("too-few-replicas"));
    assert_eq!(
        replicas.map(String::as_str),
        Some("overlays/prod/kustomization.yaml:7 too-few-replicas in prod")
    );
}

#[test]
fn environments_for_trying_things_out_are_asked_less() {
    let plain = overlay("");
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/dev/kustomization.yaml", &plain),
        ("overlays/prod/kustomization.yaml", &plain),
    ];
    let file = kubeready::settings::read("", kubeready::source::SourceId(0)).0;
    let line = kubeready::settings::CommandLine::default();
    let settings = kubeready::settings::resolve(Some(&file), &line).expect("settings");
    let report = run(&files, &settings, &["/"]);
    let of = |rule: &str| report.findings.iter().find(|f| f.rule.rule().name == rule);
    let root = of("capabilities-not-dropped").expect("production wants capabilities dropped");
    assert_eq!(root.places().as_deref(), Some("in prod"));
    let limit = report.findings.iter().find(|f| f.rule.rule().name == "missing-memory-limit");
    assert_eq!(limit.and_then(Finding::places).as_deref(), Some("in dev and prod"));
}

const CLUSTERS: [(&str, &str); 5] = [
    (
        "clusters/eu/apps.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  path: ./apps/prod
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild:
    substitute: {tier: gold}
",
    ),
    (
        "clusters/us/apps.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  path: ./apps/prod
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  targetNamespace: shop
",
    ),
    ("apps/prod/kustomization.yaml", "resources: [../base]\n"),
    ("apps/base/kustomization.yaml", "resources: [web.yaml]\n"),
    ("apps/base/web.yaml", WEB),
];

#[test]
fn flux_tells_which_cluster_gets_what() {
    let report = run(&CLUSTERS, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["apps/base/web.yaml:16 missing-memory-limit in eu and us"]);
    let places: Vec<_> = report.places.iter().map(|p| p.destination.name()).collect();
    assert_eq!(places, ["eu", "us"]);
}

#[test]
fn an_application_set_tells_which_cluster_gets_what() {
    let set = "apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shop, namespace: argocd}
spec:
  generators:
    - list:
        elements:
          - {cluster: prod-eu}
          - {cluster: prod-us}
  template:
    metadata: {name: 'web-{{cluster}}'}
    spec:
      project: shop
      source: {repoURL: https://git.example.com/shop/fleet, targetRevision: main, path: 'web/overlays/{{cluster}}'}
      destination: {name: '{{cluster}}', namespace: shop}
";
    let plain = overlay("");
    let files = [
        ("hub/shop.yaml", set),
        ("web/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/base/web.yaml", WEB),
        ("web/overlays/prod-eu/kustomization.yaml", &plain),
        ("web/overlays/prod-us/kustomization.yaml", &plain),
    ];
    let host = MemHost::with(files);
    let request = Request {
        paths: vec!["/".into()],
        root: "/".into(),
        repository_urls: vec!["git@git.example.com:shop/fleet.git".into()],
        ..Request::default()
    };
    let report = check(&host, &request, &only(&["missing-memory-limit"]));
    assert_eq!(
        told(&report),
        ["web/base/web.yaml:16 missing-memory-limit in prod-eu and prod-us"],
        "the destination's namespace is where the objects go"
    );
    let clusters: Vec<_> =
        report.findings[0].destinations.iter().filter_map(|d| d.cluster.as_deref()).collect();
    assert_eq!(clusters, ["prod-eu", "prod-us"]);
}

#[test]
fn what_cannot_be_fetched_is_a_note_and_absence_means_nothing_then() {
    let files = [
        (
            "kustomization.yaml",
            "resources:\n  - web.yaml\n  - https://github.com/shop/base//deploy?ref=v1\n",
        ),
        ("web.yaml", WEB),
    ];
    let report =
        run(&files, &only(&["missing-pod-disruption-budget", "missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["web.yaml:16 missing-memory-limit"]);
    let [problem] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
    assert_eq!((problem.level, problem.code), (Level::Note, "remote-base"));
    assert!(!report.is_incomplete());
}

#[test]
fn what_the_real_tool_refuses_is_an_error_and_the_rest_is_judged() {
    let files =
        [("kustomization.yaml", "resources:\n  - web.yaml\n  - gone.yaml\n"), ("web.yaml", WEB)];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["web.yaml:16 missing-memory-limit"]);
    assert!(report.is_incomplete());
    assert!(
        report.problems.iter().any(|p| p.message.contains("gone.yaml")),
        "{:?}",
        report.problems
    );
}

#[test]
fn a_hook_shows_findings_of_its_files_in_what_ships() {
    let plain = overlay("");
    let files = [
        (".git/config", ""),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/prod/kustomization.yaml", &plain),
        ("other/pod.yaml", WEB),
    ];
    let rules = only(&["missing-memory-limit"]);
    let report = run(&files, &rules, &["/base/web.yaml"]);
    assert_eq!(told(&report), ["base/web.yaml:16 missing-memory-limit in prod"]);
    let report = run(&files, &rules, &["/overlays/prod/kustomization.yaml"]);
    assert_eq!(told(&report), [""; 0]);
}

#[test]
fn a_folder_alone_brings_its_bases_along() {
    let plain = overlay("");
    let files = [
        (".git/config", ""),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/prod/kustomization.yaml", &plain),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/overlays/prod"]);
    assert_eq!(told(&report), ["base/web.yaml:16 missing-memory-limit in prod"]);
}

fn print(files: &[(&str, &str)], path: &str, origins: bool) -> Printed {
    let host = MemHost::with(files.iter().copied());
    let request = Request { paths: vec![path.into()], root: "/".into(), ..Request::default() };
    printed(&host, &request, &Settings::default(), origins)
}

#[test]
fn render_prints_exactly_the_root_and_where_each_field_comes_from() {
    let overlay = "namespace: shop\nresources: [../../base]\nreplicas: [{name: web, count: 4}]\n";
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/prod/kustomization.yaml", overlay),
        ("overlays/prod/stray.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"),
    ];
    let printed = print(&files, "/overlays/prod", true);
    assert!(printed.text.contains("  replicas: 4  # overlays/prod/kustomization.yaml:3\n"));
    assert!(printed.text.contains("  namespace: shop  # overlays/prod/kustomization.yaml:1\n"));
    assert!(printed.text.contains("  name: web  # base/web.yaml:4\n"), "{}", printed.text);
    assert!(!printed.text.contains("ConfigMap"), "{}", printed.text);
    assert!(!printed.report.is_incomplete());
    let broken = print(
        &[("kustomization.yaml", "resources: [gone.yaml, web.yaml]\n"), ("web.yaml", WEB)],
        "/",
        false,
    );
    assert!(broken.text.contains("kind: Deployment"), "{}", broken.text);
    assert!(broken.report.is_incomplete());
}

#[test]
fn a_suppression_in_a_base_holds_for_all_that_comes_of_it() {
    let text = WEB.replace(
        "          resources:",
        "          # kubeready: ignore[missing-memory-limit] measured, see ticket 7\n          resources:",
    );
    let plain = overlay("");
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", &*text),
        ("overlays/prod/kustomization.yaml", &plain),
        ("overlays/live/kustomization.yaml", &plain),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(report.summary.suppressed, 1);
}

#[test]
fn an_annotation_that_an_overlay_brings_suppresses_there_alone() {
    let accepted = overlay(
        "commonAnnotations:
  kubeready.dev/ignore.missing-memory-limit: measured, see ticket 7
",
    );
    let plain = overlay("");
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/prod/kustomization.yaml", &accepted),
        ("overlays/live/kustomization.yaml", &plain),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["base/web.yaml:16 missing-memory-limit in live"]);
    assert_eq!(report.summary.suppressed, 1);
}

const FLUX: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n";

#[test]
fn variables_are_those_of_the_cluster() {
    let deliver = format!(
        "{FLUX}metadata: {{name: apps, namespace: flux-system}}
spec:
  path: ./apps
  sourceRef: {{kind: GitRepository, name: flux-system}}
  postBuild: {{substituteFrom: [{{kind: ConfigMap, name: facts}}]}}
"
    );
    let facts = |tag: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: facts, namespace: flux-system}}\ndata:\n  TAG: {tag}\n"
        )
    };
    let (east, west) = (facts("latest"), facts("v1.2.3"));
    let web = WEB.replace("shop/web:1.0", "shop/web:${TAG}");
    let files = [
        ("apps/web.yaml", web.as_str()),
        ("clusters/east/apps.yaml", &deliver),
        ("clusters/east/facts.yaml", &east),
        ("clusters/west/apps.yaml", &deliver),
        ("clusters/west/facts.yaml", &west),
        ("clusters/north/apps.yaml", &deliver),
    ];
    let report = run(&files, &only(&["latest-image-tag"]), &["/"]);
    assert_eq!(told(&report), ["apps/web.yaml:15 latest-image-tag in east"]);
}

#[test]
fn a_kubeconfig_tells_which_cluster() {
    let deliver = |namespace: &str, path: &str, secret: &str| {
        format!(
            "{FLUX}metadata: {{name: apps, namespace: {namespace}}}
spec:
  path: ./{path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
  kubeConfig: {{secretRef: {{name: {secret}}}}}
"
        )
    };
    let named = deliver("flux-system", "web", "paris-kubeconfig");
    let by_namespace = deliver("rome", "web", "cluster-kubeconfig");
    let by_path = deliver("oslo-ns", "clusters/oslo/web", "cluster-kubeconfig");
    let files = [
        ("web/web.yaml", WEB),
        ("clusters/oslo/web/kustomization.yaml", "resources: [../../../web/web.yaml]\n"),
        ("hub/paris.yaml", &named),
        ("hub/rome.yaml", &by_namespace),
        ("hub/oslo.yaml", &by_path),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["web/web.yaml:16 missing-memory-limit in oslo, paris and rome"]);
}

#[test]
fn what_flux_takes_in_below_a_directory_ships_once() {
    let deliver = format!(
        "{FLUX}metadata: {{name: apps, namespace: flux-system}}
spec:
  path: ./apps
  sourceRef: {{kind: GitRepository, name: flux-system}}
"
    );
    let files = [
        ("apps/notes.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\n"),
        ("apps/web/kustomization.yaml", "resources:\n  - web.yaml\n"),
        ("apps/web/web.yaml", WEB),
        ("clusters/east/apps.yaml", &deliver),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["apps/web/web.yaml:16 missing-memory-limit in east"]);
    let finding = &report.findings[0];
    let sets: Vec<_> = finding.destinations.iter().map(|d| d.set.as_str()).collect();
    assert_eq!(sets, ["apps"]);
    let entry = finding.related.first().expect("who brings it in");
    assert_eq!(&*report.sources.get(entry.span.source).path, "apps/web/kustomization.yaml");
    let lines = Lines::of(&report.sources.get(entry.span.source).text);
    let text = &report.sources.get(entry.span.source).text;
    assert_eq!(lines.position(text, entry.span.start).line, 2);
}

#[test]
fn a_namespace_named_from_elsewhere_is_told_at_its_own_manifest() {
    let files = [
        ("namespace/kustomization.yaml", "kind: Component\nresources: [namespace.yaml]\n"),
        (
            "namespace/namespace.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: replaced\n",
        ),
        ("apps/one/kustomization.yaml", "namespace: one\ncomponents: [../../namespace]\n"),
        ("apps/two/kustomization.yaml", "namespace: two\ncomponents: [../../namespace]\n"),
    ];
    let report = run(&files, &only(&["namespace-without-pod-security"]), &["/"]);
    assert_eq!(
        told(&report),
        ["namespace/namespace.yaml:4 namespace-without-pod-security in apps/one and apps/two"]
    );
}

#[test]
fn how_many_more_there_are_makes_no_second_finding() {
    let release = |name: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: web}}\nspec: {{interval: 5m}}\n"
        )
    };
    let (a, b, c) = (release("a"), release("b"), release("c"));
    let files = [
        ("base/kustomization.yaml", "resources: [a.yaml, b.yaml]\n"),
        ("base/a.yaml", a.as_str()),
        ("base/b.yaml", &b),
        ("overlays/prod/kustomization.yaml", "resources: [../../base, c.yaml]\n"),
        ("overlays/prod/c.yaml", &c),
        ("overlays/staging/kustomization.yaml", "resources: [../../base]\n"),
    ];
    let report = run(&files, &only(&["helm-release-drift-detection-off"]), &["/"]);
    assert_eq!(
        told(&report),
        ["base/a.yaml:4 helm-release-drift-detection-off in prod and staging"]
    );
}

#[test]
fn files_given_by_themselves_are_told_what_fails_around_them_only() {
    let files = [
        (".git/config", ""),
        ("good/kustomization.yaml", "resources: [web.yaml]\n"),
        ("good/web.yaml", WEB),
        ("bad/kustomization.yaml", "resources: [web.yaml, gone.yaml]\n"),
        ("bad/web.yaml", WEB),
    ];
    let rules = only(&["missing-memory-limit"]);
    let of = |paths: &[&str]| {
        let report = run(&files, &rules, paths);
        let problems = report.problems.iter().map(|p| p.level).collect::<Vec<_>>();
        (told(&report), problems)
    };
    let good = "good/web.yaml:16 missing-memory-limit".to_owned();
    let bad = "bad/web.yaml:16 missing-memory-limit".to_owned();
    assert_eq!(of(&["good/web.yaml"]), (vec![good], vec![]));
    assert_eq!(of(&["bad/web.yaml"]), (vec![bad], vec![Level::Note]));
    assert_eq!(of(&["bad/kustomization.yaml"]), (vec![], vec![Level::Error]));
}

#[test]
fn a_second_instance_lives_in_the_place_of_the_first() {
    let second = "namespace: web-two\nresources: [../../../base]\n";
    let first = "namespace: web-one\nresources: [../../../base]\n";
    let all = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web-one}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: web-two}\n";
    let files = [
        ("web/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/base/web.yaml", WEB),
        ("web/overlays/eu/rome/kustomization.yaml", first),
        ("web/overlays/eu/oslo/kustomization.yaml", first),
        ("web/overlays/eu/rome-second/kustomization.yaml", second),
        ("cluster/overlays/eu/rome/kustomization.yaml", "resources: [all.yaml]\n"),
        ("cluster/overlays/eu/rome/all.yaml", all),
        ("cluster/overlays/eu/oslo/kustomization.yaml", "resources: [all.yaml]\n"),
        ("cluster/overlays/eu/oslo/all.yaml", all),
    ];
    let report = run(&files, &only(&["namespace-undefined"]), &["/"]);
    assert_eq!(told(&report), Vec::<String>::new());
}

#[test]
fn the_repository_is_known_by_what_kustomizations_hold() {
    let application = |name: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n  source: {{repoURL: 'https://git.example.com/shop/x.git', path: apps/{name}}}\n  destination: {{name: rome}}\n"
        )
    };
    let (web, db) = (application("web"), application("db"));
    let files = [
        ("argo/kustomization.yaml", "resources: [web.yaml, db.yaml]\n"),
        ("argo/web.yaml", web.as_str()),
        ("argo/db.yaml", &db),
        ("apps/web/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/web/web.yaml", WEB),
        ("apps/db/kustomization.yaml", "resources: [db.yaml]\n"),
        ("apps/db/db.yaml", WEB),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(
        told(&report),
        [
            "apps/db/db.yaml:16 missing-memory-limit in rome",
            "apps/web/web.yaml:16 missing-memory-limit in rome",
        ]
    );
}

#[test]
fn who_delivers_kustomizations_need_not_wait_for_them() {
    let deliver = |name: &str, path: &str| {
        format!(
            "{FLUX}metadata: {{name: {name}, namespace: flux-system}}
spec:
  path: ./{path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
"
        )
    };
    let (parent, child) = (deliver("tenants", "tenants"), deliver("web", "apps/web"));
    let files = [
        ("clusters/rome/tenants.yaml", parent.as_str()),
        ("tenants/web.yaml", &child),
        ("apps/web/web.yaml", WEB),
    ];
    let report = run(&files, &only(&["flux-kustomization-without-health-checks"]), &["/"]);
    assert_eq!(
        told(&report),
        ["tenants/web.yaml:4 flux-kustomization-without-health-checks in rome"]
    );
}

#[test]
fn folders_that_components_share_below_an_overlay_are_places() {
    let plain = "resources: [../../../base]\n";
    let named = "resources: [../../../base]
patches:
  - target: {kind: Deployment}
    patch: |-
      - op: replace
        path: /metadata/name
        value: api
";
    let application = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: shop
  source: {repoURL: https://git.example/elsewhere, path: web, targetRevision: v1}
  destination: {name: core-hub, namespace: shop}
";
    let files = [
        ("argocd/web.yaml", application),
        ("web/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/base/web.yaml", WEB),
        ("web/overlays/north/alpha/kustomization.yaml", plain),
        ("web/overlays/north/beta/kustomization.yaml", plain),
        ("web/overlays/core/hub/kustomization.yaml", plain),
        ("api/base/kustomization.yaml", "resources: [../../web/base]\n"),
        ("api/overlays/north/alpha/kustomization.yaml", named),
        ("api/overlays/north/beta/kustomization.yaml", named),
    ];
    let report = run(&files, &only(&["automounted-service-account-token"]), &["/"]);
    let places = "in alpha, beta and core-hub";
    let rule = "automounted-service-account-token";
    assert_eq!(
        told(&report),
        [
            // A patch that names the object is not the place to mend it.
            format!("web/base/web.yaml:4 {rule} in alpha and beta"),
            format!("web/base/web.yaml:4 {rule} {places}"),
        ]
    );
    let clusters: Vec<_> = report
        .findings
        .iter()
        .flat_map(|f| &f.destinations)
        .filter_map(|d| d.cluster.as_deref())
        .collect();
    assert_eq!(clusters, ["alpha", "beta", "alpha", "beta", "core-hub"]);
}

#[test]
fn a_secret_that_a_generator_fills_may_break_its_lines() {
    let text = "a: 1\n".repeat(60);
    let files = [
        (
            "kustomization.yaml",
            "secretGenerator:
  - name: settings
    files: [settings.yaml]
",
        ),
        ("settings.yaml", text.as_str()),
    ];
    let report = run(&files, &only(&["invalid-field-type"]), &["/"]);
    assert_eq!(told(&report), [] as [&str; 0]);
}

#[test]
fn a_base_that_no_overlay_brings_in_is_not_asked_for_its_neighbours() {
    let needs = "apiVersion: v1
kind: Pod
metadata: {name: old}
spec:
  containers:
    - name: old
      image: shop/old:1.0
      envFrom: [{configMapRef: {name: settings}}]
";
    let files = [
        ("old/base/kustomization.yaml", "resources: [old.yaml]\n"),
        ("old/base/old.yaml", needs),
        ("web/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/base/web.yaml", WEB),
        ("web/overlays/prod/kustomization.yaml", "resources: [../../base]\n"),
    ];
    let rules = ["dangling-configmap-reference", "missing-memory-limit"];
    let report = run(&files, &only(&rules), &["/"]);
    assert_eq!(
        told(&report),
        [
            "old/base/old.yaml:6 missing-memory-limit",
            "web/base/web.yaml:16 missing-memory-limit in prod",
        ]
    );
}

#[test]
fn a_plugin_that_decrypts_hides_secrets_and_nothing_else() {
    let web = WEB.replace(
        "          resources:",
        "          envFrom: [{secretRef: {name: token}}]\n          resources:",
    );
    let files = [
        ("kustomization.yaml", "resources: [web.yaml]\ngenerators: [secrets.yaml]\n"),
        (
            "secrets.yaml",
            "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: s}\nfiles: [x.enc.yaml]\n",
        ),
        ("web.yaml", web.as_str()),
    ];
    let rules = ["missing-pod-disruption-budget", "dangling-secret-reference"];
    let report = run(&files, &only(&rules), &["/"]);
    assert_eq!(told(&report), ["web.yaml:4 missing-pod-disruption-budget"]);
    assert!(report.problems.iter().any(|p| p.code == "plugin"), "{:?}", report.problems);
}

#[test]
fn files_from_elsewhere_are_taken_where_that_is_asked_for() {
    let files = [
        ("app/kustomization.yaml", "resources: [web.yaml]\npatches: [{path: ../common/p.yaml}]\n"),
        ("app/web.yaml", WEB),
        (
            "common/p.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 7}\n",
        ),
    ];
    let host = MemHost::with(files);
    let mut request =
        Request { paths: vec!["/app".into()], root: "/app".into(), ..Request::default() };
    let refused = printed(&host, &request, &Settings::default(), false);
    assert!(refused.report.is_incomplete());
    request.load_restrictor = kubeready::load::LoadRestrictor::None;
    let taken = printed(&host, &request, &Settings::default(), false);
    assert!(taken.text.contains("replicas: 7"), "{}", taken.text);
    assert!(!taken.report.is_incomplete(), "{:?}", taken.report.problems);
}

#[test]
fn settings_name_places_before_paths_do() {
    let text = "environments:
  live:
    paths: [\"overlays/dev/**\"]
    profile: critical
clusters:
  eu-1:
    paths: [\"overlays/dev/**\"]
";
    let (file, problems) = kubeready::settings::read(text, kubeready::source::SourceId(0));
    assert!(problems.is_empty(), "{problems:?}");
    let line = kubeready::settings::CommandLine::default();
    let settings = kubeready::settings::resolve(Some(&file), &line).expect("settings");
    let plain = overlay("");
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/dev/kustomization.yaml", &*plain),
    ];
    let report = run(&files, &settings, &["/"]);
    let of = |rule: &str| report.findings.iter().find(|f| f.rule.rule().name == rule);
    let found = of("capabilities-not-dropped").expect("`critical` holds, not what `dev` gets");
    let destination = found.destinations.first().expect("a place");
    assert_eq!(destination.cluster.as_deref(), Some("eu-1"));
    assert_eq!(destination.environment.as_deref(), Some("live"));
}

#[test]
fn labels_name_the_environment_where_nothing_else_does() {
    let labelled = |name: &str| {
        format!("resources: [../base]\nlabels: [{{pairs: {{environment: {name}}}}}]\n")
    };
    let (one, two) = (labelled("staging"), labelled("prod"));
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("one/kustomization.yaml", &*one),
        ("two/kustomization.yaml", &*two),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["base/web.yaml:16 missing-memory-limit in prod and staging"]);
}

#[test]
fn components_that_a_delivery_lets_be_missing_are_no_fault() {
    let deliver = format!(
        "{FLUX}metadata: {{name: apps, namespace: flux-system}}
spec:
  path: ./apps
  sourceRef: {{kind: GitRepository, name: flux-system}}
  components: [../gone]
  ignoreMissingComponents: true
"
    );
    let files = [
        ("apps/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/web.yaml", WEB),
        ("clusters/east/apps.yaml", &deliver),
    ];
    let report = run(&files, &only(&["missing-memory-limit"]), &["/"]);
    assert_eq!(told(&report), ["apps/web.yaml:16 missing-memory-limit in east"]);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}
