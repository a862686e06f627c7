//! Rendering and judging fleets, side by side with `kustomize build` run once a directory.
//!
//! `cargo bench --bench fleet` generates a hub and its spokes: 24 clusters of 50 applications, each
//! of five objects from one base with a patch and an image of the cluster's own. With
//! `KUBEREADY_CORPORA=DIR` the fleets found there are measured too: judging all of one against
//! `kustomize` (or `kubectl kustomize`) rendering each of its kustomizations, as people run it.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod measure;

use measure::{Figures, RUNS, measure, on_path, once};

const CLUSTERS: usize = 24;
const APPS: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = std::env::temp_dir().join(format!("kubeready-fleet-{}", std::process::id()));
    let outcome = run(&scratch);
    fs::remove_dir_all(&scratch)?;
    outcome
}

fn run(scratch: &Path) -> Result<(), Box<dyn Error>> {
    println!("median of {RUNS} runs; CPU is user and system of the whole process\n");
    println!("| fleet | kustomizations | tool | CPU s | of kubeready | wall s | peak MB |");
    println!("|---|--:|---|--:|--:|--:|--:|");
    generate(scratch)?;
    // One process a directory costs the same a thousand times: a tenth of them tells.
    fleet("24 clusters x 50 apps", scratch, 10)?;
    if let Some(corpora) = std::env::var_os("KUBEREADY_CORPORA") {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(corpora)?.filter_map(|e| Some(e.ok()?.path())).collect();
        folders.sort();
        for folder in folders.iter().filter(|f| f.is_dir()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            fleet(&name, folder, 1)?;
        }
    }
    Ok(())
}

fn fleet(name: &str, folder: &Path, share: usize) -> Result<(), Box<dyn Error>> {
    let mut roots = Vec::new();
    kustomizations(folder, &mut roots)?;
    if roots.is_empty() {
        return Ok(());
    }
    let own = measure(
        Command::new(env!("CARGO_BIN_EXE_kubeready"))
            .args(["check", "--output", "json", "--isolated", "--repo-url"])
            .arg("https://git.example.com/shop/fleet")
            .arg(folder),
    )?;
    row(name, roots.len(), "kubeready: render and judge all", own, own);
    let rendered = measure(
        Command::new(env!("CARGO_BIN_EXE_kubeready")).args(["render", "--quiet"]).arg(folder),
    )?;
    row(name, roots.len(), "kubeready: render and print all", rendered, own);
    let (program, before): (PathBuf, &[&str]) = match (on_path("kustomize"), on_path("kubectl")) {
        (Some(kustomize), _) => (kustomize, &["build"]),
        (None, Some(kubectl)) => (kubectl, &["kustomize"]),
        (None, None) => return Ok(()),
    };
    let mut sum = Figures::default();
    for root in roots.iter().step_by(share) {
        let mut command = Command::new(&program);
        command.args(before).arg(root).stdout(Stdio::null()).stderr(Stdio::null());
        let figures = once(&mut command)?;
        sum.cpu += figures.cpu * share as f64;
        sum.wall += figures.wall * share as f64;
        sum.peak_mb = sum.peak_mb.max(figures.peak_mb);
    }
    let tool = format!("{}: render each", program.file_name().unwrap_or_default().display());
    row(name, roots.len(), &tool, sum, own);
    Ok(())
}

fn row(name: &str, roots: usize, tool: &str, figures: Figures, own: Figures) {
    let Figures { cpu, wall, peak_mb } = figures;
    let ratio = cpu / own.cpu;
    println!("| {name} | {roots} | {tool} | {cpu:.2} | {ratio:.2} | {wall:.2} | {peak_mb:.0} |");
}

/// Every directory with a kustomization.
fn kustomizations(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    if ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        .iter()
        .any(|name| folder.join(name).is_file())
    {
        found.push(folder.to_path_buf());
    }
    for entry in entries.iter().filter(|e| e.is_dir() && !e.is_symlink()) {
        kustomizations(entry, found)?;
    }
    Ok(())
}

fn generate(root: &Path) -> Result<(), Box<dyn Error>> {
    for at in 0..APPS {
        let base = root.join(format!("apps/app-{at:02}/base"));
        fs::create_dir_all(&base)?;
        fs::write(base.join("objects.yaml"), objects(at))?;
        fs::write(base.join("kustomization.yaml"), "resources:\n  - objects.yaml\n")?;
    }
    for cluster in 0..CLUSTERS {
        let environment = if cluster % 3 == 0 { "staging" } else { "prod" };
        for at in 0..APPS {
            let overlay = root.join(format!("clusters/{environment}-{cluster:02}/app-{at:02}"));
            fs::create_dir_all(&overlay)?;
            fs::write(overlay.join("kustomization.yaml"), kustomization(cluster, at))?;
            fs::write(overlay.join("replicas.yaml"), patch(cluster, at))?;
        }
    }
    fs::create_dir_all(root.join("hub"))?;
    fs::write(root.join("hub/applications.yaml"), APPLICATIONS)?;
    Ok(())
}

const APPLICATIONS: &str = "apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: fleet
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - git:
        repoURL: https://git.example.com/shop/fleet
        revision: main
        directories:
          - path: clusters/*/*
  template:
    metadata:
      name: '{{ index .path.segments 1 }}-{{ .path.basename }}'
    spec:
      project: shop
      source:
        repoURL: https://git.example.com/shop/fleet
        targetRevision: main
        path: '{{ .path.path }}'
      destination:
        name: '{{ index .path.segments 1 }}'
        namespace: '{{ .path.basename }}'
      syncPolicy:
        automated:
          prune: true
          selfHeal: true
";

fn kustomization(cluster: usize, at: usize) -> String {
    format!(
        "namespace: app-{at:02}
resources:
  - ../../../apps/app-{at:02}/base
patches:
  - path: replicas.yaml
images:
  - name: registry.example.com/shop/app-{at:02}
    newTag: 1.{at}.{cluster}
"
    )
}

fn patch(cluster: usize, at: usize) -> String {
    let replicas = 2 + (cluster + at) % 4;
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{at:02}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
        - name: web
          env:
            - name: CLUSTER
              value: c{cluster:02}
"
    )
}

/// Five objects of a sound application with one flaw: no memory limit.
fn objects(at: usize) -> String {
    let mut text = String::with_capacity(2300);
    let app = format!("app-{at:02}");
    let _ = write!(
        text,
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
  labels:
    app.kubernetes.io/name: {app}
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: {app}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {app}
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        seccompProfile:
          type: RuntimeDefault
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: {app}
      containers:
        - name: web
          image: registry.example.com/shop/{app}:0.0.0
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
          livenessProbe:
            httpGet:
              path: /live
              port: http
            periodSeconds: 20
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
---
apiVersion: v1
kind: Service
metadata:
  name: {app}
spec:
  selector:
    app.kubernetes.io/name: {app}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {app}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {app}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {app}
spec:
  podSelector: {{}}
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/part-of: shop
      ports:
        - port: http
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {app}
data:
  LOG_LEVEL: info
"
    );
    text
}
