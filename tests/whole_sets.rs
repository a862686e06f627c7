//! Rules about a set as a whole: what they count, and where their one finding stands.

use kubeready::catalogue::Severity;

use crate::given::{only, told};
use crate::ship::{WEB, run};

const NAMESPACES: &str = "apiVersion: v1
kind: Namespace
metadata: {name: web-one}
---
apiVersion: v1
kind: Namespace
metadata: {name: web-two}
";

#[test]
fn a_namespace_that_another_place_declares_is_told_where_its_workloads_go() {
    let files = [
        ("web/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/base/web.yaml", WEB),
        (
            "web/overlays/eu/rome/kustomization.yaml",
            "namespace: web-one\nresources: [../../../base]\n",
        ),
        (
            "web/overlays/eu/rome-second/kustomization.yaml",
            "namespace: web-two\nresources: [../../../base]\n",
        ),
        ("cluster/overlays/eu/rome/kustomization.yaml", "resources: [all.yaml]\n"),
        ("cluster/overlays/eu/rome/all.yaml", NAMESPACES),
    ];
    let report = run(&files, &only(&["namespace-without-default-deny"]), &["/"]);
    assert_eq!(
        told(&report),
        [
            "cluster/overlays/eu/rome/all.yaml:3 namespace-without-default-deny in rome",
            "web/overlays/eu/rome-second/kustomization.yaml:1 namespace-without-default-deny in eu",
        ]
    );
    let second = report.findings.iter().find(|f| f.message.contains("`web-two`")).expect("told");
    let sets: Vec<_> = second.destinations.iter().map(|to| to.set.as_str()).collect();
    assert_eq!(sets, ["web/overlays/eu/rome-second"]);
    // The line that names it is the set's own: nobody else brings it in.
    assert!(second.related.is_empty(), "{:?}", second.related);
}

#[test]
fn data_of_neighbours_is_not_counted_as_ones_own() {
    let claim = |name: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let (early, late) = (claim("early"), claim("late"));
    let files = [
        ("aaa/claim.yaml", early.as_str()),
        ("web/overlays/prod/kustomization.yaml", "resources: [claim.yaml]\n"),
        ("web/overlays/prod/claim.yaml", &late),
    ];
    let report = run(&files, &only(&["no-backup-schedule"]), &["/"]);
    assert_eq!(
        told(&report),
        [
            "aaa/claim.yaml:3 no-backup-schedule",
            "web/overlays/prod/claim.yaml:3 no-backup-schedule in prod"
        ]
    );
    assert!(report.findings.iter().all(|f| !f.message.contains(" more ")), "each has one");
}

#[test]
fn what_kustomizations_leave_out_is_not_asked_for_its_neighbours() {
    let named =
        |name: &str| format!("metadata:\n  name: {name}\n  namespace: shop\nspec:\n  replicas");
    let deployment =
        |name: &str| WEB.replace("metadata:\n  name: web\nspec:\n  replicas", &named(name));
    let (web, stray, job, plain) =
        (deployment("web"), deployment("stray"), deployment("job"), deployment("plain"));
    let files = [
        ("app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("app/web.yaml", web.as_str()),
        // Beside what the kustomization takes, and below a base that takes nothing from there.
        ("app/stray.yaml", &stray),
        ("api/base/kustomization.yaml", "resources: [deployments]\n"),
        ("api/base/deployments/kustomization.yaml", "resources: [web.yaml]\n"),
        ("api/base/deployments/web.yaml", &web),
        ("api/base/jobs/job.yaml", &job),
        ("plain/plain.yaml", &plain),
    ];
    let rules = ["missing-pod-disruption-budget", "missing-memory-limit", "unreferenced-manifest"];
    let report = run(&files, &only(&rules), &["/"]);
    let of = |rule: &str| -> Vec<String> {
        told(&report).into_iter().filter(|line| line.contains(rule)).collect()
    };
    assert_eq!(
        of("missing-pod-disruption-budget"),
        [
            "api/base/deployments/web.yaml:4 missing-pod-disruption-budget",
            "app/web.yaml:4 missing-pod-disruption-budget",
            "plain/plain.yaml:4 missing-pod-disruption-budget",
        ]
    );
    assert_eq!(of("missing-memory-limit").len(), 5, "each by itself is judged all the same");
    assert_eq!(of("unreferenced-manifest"), ["app/stray.yaml:4 unreferenced-manifest"]);
}

#[test]
fn what_nearly_all_applications_do_is_one_decision() {
    let application = |name: &str, more: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: shop
  source: {{repoURL: https://git.example/elsewhere, path: {name}, targetRevision: v1}}
  destination: {{server: https://kubernetes.default.svc, namespace: shop}}{more}
---
"
        )
    };
    let many = |count: usize| -> String {
        (0..count).map(|at| application(&format!("web-{at}"), "")).collect()
    };
    let automated =
        application("api", "\n  syncPolicy: {automated: {prune: true, selfHeal: true}}");
    let judge = |text: &str| {
        run(&[("argo.yaml", text)], &only(&["application-without-automated-sync"]), &["/"])
    };
    let report = judge(&(many(12) + &automated));
    let messages: Vec<_> = report.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages, ["Application `web-0` and 11 more wait for a sync by hand"]);
    assert_eq!(report.findings[0].severity, Severity::Warning);
    assert_eq!(judge(&many(3)).findings.len(), 3, "few may be oversights");
    let mixed = many(12) + &automated.repeat(4);
    assert_eq!(judge(&mixed).findings.len(), 12, "where others are automated");
}

#[test]
fn a_workload_counts_once_whatever_labels_it_carries() {
    let files = |more: &str| {
        let workload = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: x}}\nspec:\n  replicas: 2\n  selector: {{matchLabels: {{tgmcts: qhexu}}}}\n  template:\n    metadata: {{labels: {{tgmcts: qhexu, {more}}}}}\n    spec: {{containers: [{{name: c, image: 'i:1'}}]}}\n"
        );
        let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web, namespace: x}\nspec: {minAvailable: 2, selector: {matchLabels: {tgmcts: qhexu}}}\n";
        [("web.yaml", workload), ("budget.yaml", budget.to_owned())]
    };
    // A label of another text whose hash is the same, and a key that stands twice.
    for more in ["nvgdgu: twqev", "'tgmcts': qhexu", "nvgdgu: other"] {
        let files = files(more);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let report = run(&files, &only(&["pdb-blocks-drain"]), &["/"]);
        assert_eq!(told(&report), ["budget.yaml:4 pdb-blocks-drain"], "{more}");
    }
}
