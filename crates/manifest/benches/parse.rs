//! Parsing alone: the fast path against the full parser, in MB/s of one thread.
//!
//! `KUBEREADY_CORPORA=DIR cargo bench -p kubeready-manifest --bench parse` reads the YAML and JSON
//! files below DIR; without it, manifests are made up.
#![expect(clippy::print_stdout, reason = "its table is all it is for")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;

/// Times each reading is repeated; the shortest counts.
const ROUNDS: usize = 9;

fn main() {
    let texts = match std::env::var_os("KUBEREADY_CORPORA") {
        Some(folder) => corpus(Path::new(&folder)),
        None => (0..2000).map(|at| manifest(at).into()).collect(),
    };
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let fast: Vec<_> = texts.iter().filter(|text| parse_fast(text).is_some()).cloned().collect();
    let fast_bytes: usize = fast.iter().map(|text| text.len()).sum();
    println!(
        "{} files, {:.1} MB; the fast path reads {} of them, {:.2} % of the bytes",
        texts.len(),
        bytes as f64 / 1e6,
        fast.len(),
        fast_bytes as f64 * 100.0 / bytes as f64,
    );
    row("full parser, all files", &texts, |text| Tree::parse_full(text.clone(), SourceId(0)).len());
    row("both, all files", &texts, |text| Tree::parse(text.clone(), SourceId(0)).len());
    row("fast path, its files", &fast, |text| parse_fast(text).map_or(0, |tree| tree.len()));
}

fn parse_fast(text: &Arc<str>) -> Option<Tree> {
    Tree::parse_fast(text.clone(), SourceId(0))
}

fn row(name: &str, texts: &[Arc<str>], read: impl Fn(&Arc<str>) -> usize) {
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let mut best = Duration::MAX;
    let mut nodes = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        nodes = texts.iter().map(&read).sum();
        best = best.min(start.elapsed());
    }
    println!("{name:24} {:6.0} MB/s {nodes:9} nodes", bytes as f64 / 1e6 / best.as_secs_f64());
}

/// The YAML and JSON files below a folder, sorted by path; those that are no text are left out.
fn corpus(folder: &Path) -> Vec<Arc<str>> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    entries.sort();
    let mut texts = Vec::new();
    for path in entries {
        if path.is_dir() && !path.is_symlink() {
            texts.extend(corpus(&path));
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            texts.extend(std::fs::read_to_string(&path).ok().map(Arc::from));
        }
    }
    texts
}

/// An application as manifests are written.
fn manifest(at: usize) -> String {
    let mut text = format!("# Team {at}\n---\n");
    for kind in ["Deployment", "StatefulSet"] {
        let _ = write!(
            text,
            "apiVersion: apps/v1
kind: {kind}
metadata:
  name: app-{at}
  labels: {{app: app-{at}, \"tier\": 'back'}}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: app # the only one
        image: registry.example.com/team/app-{at}:1.2.{at}
        args: [\"--port\", \"8080\"]
        command:
        - sh
        - -c
        - |
          set -e
          exec /app --verbose
        resources:
          requests:
            cpu: 100m
            memory: 128Mi

---
"
        );
    }
    text
}
