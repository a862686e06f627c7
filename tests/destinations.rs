//! Clusters and environments: what tells them, and what is asked of them.

use kubeready::check::{Request, check};
use kubeready::host::MemHost;

use crate::given::{only, told};
use crate::ship::{FLUX, WEB, overlay, run};

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
    assert_eq!(limit.and_then(|finding| finding.places()).as_deref(), Some("in dev and prod"));
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
