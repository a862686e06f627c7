//! What a help tells to do can be done, and mends what was found.

use crate::given::only;
use crate::ship::run;

fn help(rule: &str, text: &str) -> String {
    let report = run(&[("all.yaml", text)], &only(&[rule]), &["/"]);
    let [one] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
    one.help.clone().expect("help")
}

#[test]
fn a_budget_in_percent_is_told_a_number_of_replicas() {
    let budget = |least: &str| {
        format!(
            "apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: db, namespace: shop}}
spec:
  minAvailable: {least}
  selector: {{matchLabels: {{app: db}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: shop}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec: {{containers: [{{name: db, image: shop/db:1.0}}]}}
"
        )
    };
    for (least, number) in [("67%", 4), ("75%", 4), ("90%", 10), ("99%", 100), ("3", 4)] {
        let help = help("pdb-blocks-drain", &budget(least));
        assert!(help.ends_with(&format!("run at least {number} replicas")), "{least}: {help}");
    }
}

#[test]
fn a_release_is_told_only_what_its_version_has() {
    let release = |version: &str| {
        let spec = "spec: {interval: 5m, chart: {spec: {chart: web, version: 1.0.0}}}";
        let group = "helm.toolkit.fluxcd.io";
        let metadata = "metadata: {name: web, namespace: shop}";
        format!("apiVersion: {group}/{version}\nkind: HelmRelease\n{metadata}\n{spec}\n")
    };
    let told = |version| {
        help("helm-release-without-remediation", &release(version)).contains("RetryOnFailure")
    };
    assert!(told("v2"));
    assert!(!told("v2beta2"));
}

#[test]
fn a_project_is_told_only_what_is_open() {
    let project = "apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{namespace: shop, server: https://prod.example.com}]
";
    assert_eq!(
        help("permissive-app-project", project),
        "list the repositories that the team needs"
    );
}

#[test]
fn no_claim_helps_where_the_type_is_gone() {
    let pod = |volume: &str| {
        format!(
            "apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: shop}}
spec:
  containers: [{{name: web, image: shop/web:1.0}}]
  volumes: [{{name: data, {volume}}}]
"
        )
    };
    for (volume, word) in [
        ("glusterfs: {endpoints: shop, path: data}", "a CSI driver"),
        ("gitRepo: {repository: https://git.example.com/web}", "an init container"),
        ("nfs: {server: nfs.example.com, path: /data}", "names the disk or share"),
    ] {
        let help = help("disallowed-volume-type", &pod(volume));
        assert!(help.contains(word), "{volume}: {help}");
    }
}

const NAMESPACE: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
";

#[test]
fn a_level_is_not_told_to_refuse_the_pods_that_are_there() {
    let agent = |field: &str| {
        let image = "      containers: [{name: agent, image: shop/agent:1.0}]\n";
        help("namespace-without-pod-security", &format!("{NAMESPACE}{field}{image}"))
    };
    assert!(agent("").starts_with("add the label `pod-security.kubernetes.io/enforce: baseline`"));
    let help = agent("      hostNetwork: true\n");
    assert!(help.starts_with("`baseline` would refuse the pods of DaemonSet `agent`:"), "{help}");
}

#[test]
fn a_quota_is_not_told_to_refuse_the_pods_that_are_there() {
    let agent = |resources: &str| {
        let image = "      containers: [{name: agent, image: shop/agent:1.0";
        let text = format!("{NAMESPACE}{image}{resources}}}]\n");
        help("namespace-without-resource-quota", &text)
    };
    let all = ", resources: {requests: {cpu: 10m}, limits: {memory: 64Mi}}";
    assert!(agent(all).ends_with("`limits.memory`"));
    assert!(agent("").ends_with("the quota refuses pods that name none"));
}

#[test]
fn values_are_not_told_of_a_field_of_the_workload() {
    let files = [
        (
            "web/release.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 5m
  chartRef: {kind: OCIRepository, name: web, namespace: shop}
  values:
    controllers:
      web:
        strategy: RollingUpdate
        containers: {app: {image: {repository: shop/web, tag: 1.0.0}}}
",
        ),
        (
            "web/source.yaml",
            "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: shop}
spec: {interval: 5m, url: oci://charts.example.com/app-template, ref: {tag: 5.1.0}}
",
        ),
    ];
    let report = run(&files, &only(&["too-few-replicas"]), &["/"]);
    let [one] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
    let help = one.help.as_deref().expect("help");
    assert!(help.starts_with("set `replicas` to at least 2"), "{help}");
}
