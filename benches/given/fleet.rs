//! A hub and its spokes: clusters of applications, each from one base.

use std::fs;
use std::io;
use std::path::Path;

use super::application::application;

/// `clusters` overlays of each of `apps` bases, with a patch and an image of the cluster's own, and the
/// ApplicationSet that delivers them.
pub(crate) fn fleet(root: &Path, clusters: usize, apps: usize) -> io::Result<()> {
    for at in 0..apps {
        let base = root.join(format!("apps/app-{at:02}/base"));
        fs::create_dir_all(&base)?;
        fs::write(base.join("objects.yaml"), objects(at))?;
        fs::write(base.join("kustomization.yaml"), "resources:\n  - objects.yaml\n")?;
    }
    for cluster in 0..clusters {
        let environment = if cluster % 3 == 0 { "staging" } else { "prod" };
        for at in 0..apps {
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

/// Five objects.
fn objects(at: usize) -> String {
    let app = format!("app-{at:02}");
    let objects = application(&app, None, "0.0.0");
    format!(
        "{objects}---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {app}
data:
  LOG_LEVEL: info
"
    )
}
