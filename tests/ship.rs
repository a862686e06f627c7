//! What ships is what is judged: findings stand at the line to edit, once, with the places they
//! reach.

use kubeready::catalogue;
use kubeready::check::{Printed, Request, check, printed};
use kubeready::host::MemHost;
use kubeready::problem::Level;
use kubeready::report::Report;
use kubeready::settings::Settings;
use kubeready::source::Lines;

use crate::given::{only, told};

pub(crate) fn run(files: &[(&str, &str)], settings: &Settings, paths: &[&str]) -> Report {
    let host = MemHost::with(files.iter().copied());
    let request = Request {
        paths: paths.iter().map(Into::into).collect(),
        root: "/".into(),
        ..Request::default()
    };
    check(&host, &request, settings)
}

pub(crate) const WEB: &str = "apiVersion: apps/v1
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

pub(crate) fn overlay(more: &str) -> String {
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
fn what_a_kustomization_leaves_out_is_not_asked_for_its_neighbours() {
    let job = "apiVersion: batch/v1
kind: Job
metadata: {name: sync}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: sync, image: 'sync:latest'}]
      volumes:
        - name: settings
          configMap: {name: settings}
";
    let rules = only(&["dangling-configmap-reference", "latest-image-tag"]);
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("base/sync.yaml", job),
    ];
    assert_eq!(told(&run(&files, &rules, &["/"])), ["base/sync.yaml:8 latest-image-tag"]);
    // A directory without a kustomization is applied as it stands.
    assert_eq!(
        told(&run(&files[2..], &rules, &["/"])),
        ["base/sync.yaml:8 latest-image-tag", "base/sync.yaml:11 dangling-configmap-reference"]
    );
}

#[test]
fn what_is_said_of_a_program_stands_where_it_runs() {
    let mysql = WEB.replace("shop/web:1.0", "mysql:8.4");
    let overlay =
        overlay("images: [{name: mysql, newName: mirror.example.com/mysql, newTag: '8.0'}]\n");
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", &mysql),
        ("overlays/prod/kustomization.yaml", &overlay),
    ];
    let report = run(&files, &only(&["database-on-deployment"]), &["/"]);
    assert_eq!(told(&report), ["base/web.yaml:15 database-on-deployment in prod"]);
}

#[test]
fn a_patch_that_moves_the_items_of_a_list_tells_nothing_anew() {
    let base = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: 'shop/web:1.0'}]
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
";
    let more = overlay(
        "patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            volumes:
              - name: settings
                emptyDir: {}
",
    );
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", base),
        ("overlays/dev/kustomization.yaml", &overlay("")),
        ("overlays/prod/kustomization.yaml", &more),
    ];
    let report = run(&files, &only(&["shared-rwo-volume"]), &["/"]);
    assert_eq!(told(&report), ["base/web.yaml:13 shared-rwo-volume in dev and prod"]);
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
fn render_prints_a_root_in_the_order_of_kustomize_build() {
    let object = |kind: &str, place: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{{place}name: x}}\n---\n")
    };
    let objects = object("ValidatingWebhookConfiguration", "")
        + &object("Widget", "")
        + &object("Service", "namespace: shop, ")
        + &object("Service", "namespace: shop-2, ")
        + &object("Namespace", "");
    let order = |kustomization: &str| {
        let files = [("kustomization.yaml", kustomization), ("all.yaml", &objects)];
        let printed = print(&files, "/", false).text;
        let words = |line: &str| {
            let line = line.trim_start();
            let word = line.strip_prefix("kind: ").or(line.strip_prefix("namespace: "));
            word.map(str::to_owned)
        };
        printed.lines().filter_map(words).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        order("resources: [all.yaml]\n"),
        "Namespace Service shop-2 Service shop Widget ValidatingWebhookConfiguration"
    );
    assert_eq!(
        order("resources: [all.yaml]\nsortOptions: {order: fifo}\n"),
        "ValidatingWebhookConfiguration Widget Service shop Service shop-2 Namespace"
    );
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

pub(crate) const FLUX: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n";

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
