//! Growth and start-up, side by side with a floor and with the peers found on the PATH.
//!
//! `cargo bench --bench scale` generates trees of 1 k, 10 k and 50 k files (four documents, about
//! 2 KB and one finding each), runs every tool over them as a whole process and prints CPU time, wall
//! time and peak memory as the operating system accounts them. `-- 1000 5000` picks other sizes.
//!
//! The floor is this program run as `floor DIR`: walk, read and parse the same files to the tape, with
//! the same libraries and threads, and nothing else.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kubeready::host::{Host as _, OsHost};
use kubeready::source::SourceId;
use kubeready::walk;
use kubeready_manifest::yaml::Tree;
use rayon::prelude::*;

mod measure;

use measure::{Figures, RUNS, measure, on_path};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [mode, folder] = arguments.as_slice()
        && mode == "floor"
    {
        floor(Path::new(folder));
        return Ok(());
    }
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 50_000];
    }
    let scratch = std::env::temp_dir().join(format!("kubeready-scale-{}", std::process::id()));
    let outcome = run(&scratch, &sizes);
    fs::remove_dir_all(&scratch)?;
    outcome
}

fn run(scratch: &Path, sizes: &[usize]) -> Result<(), Box<dyn Error>> {
    let tools = tools()?;
    println!("median of {RUNS} runs; CPU is user and system of the whole process\n");
    println!("| files | tool | CPU s | of the floor | wall s | peak MB | CPU µs/file |");
    println!("|--:|---|--:|--:|--:|--:|--:|");
    let mut peaks: Vec<(usize, String, f64)> = Vec::new();
    for &size in sizes {
        let tree = scratch.join(size.to_string());
        generate(&tree, size)?;
        let mut floor_cpu = None;
        for tool in &tools {
            let Some(figures) = tool.measure(&tree)? else { continue };
            let floor = *floor_cpu.get_or_insert(figures.cpu);
            println!(
                "| {size} | {} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} |",
                tool.name,
                figures.cpu,
                figures.cpu / floor,
                figures.wall,
                figures.peak_mb,
                figures.cpu * 1e6 / size as f64
            );
            peaks.push((size, tool.name.clone(), figures.peak_mb));
        }
    }
    slopes(&peaks);
    one_file(scratch, &tools)
}

/// Memory per additional file between the largest sizes.
fn slopes(peaks: &[(usize, String, f64)]) {
    println!("\n| tool | KB a file between the two largest trees |\n|---|--:|");
    for (size, tool, peak) in peaks {
        let before =
            peaks.iter().filter(|(s, t, _)| t == tool && s < size).max_by_key(|(s, ..)| *s);
        let is_last = !peaks.iter().any(|(s, t, _)| t == tool && s > size);
        if let (Some((smaller, _, less)), true) = (before, is_last) {
            println!("| {tool} | {:.1} |", (peak - less) * 1024.0 / (size - smaller) as f64);
        }
    }
}

fn one_file(scratch: &Path, tools: &[Tool]) -> Result<(), Box<dyn Error>> {
    let folder = scratch.join("one");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("manifest.yaml"), manifest(0))?;
    println!("\n| one small file | CPU ms | wall ms | peak MB |\n|---|--:|--:|--:|");
    for tool in tools {
        let path = folder.join("manifest.yaml");
        if let Some(figures) = tool.measure(&path)? {
            let (cpu, wall) = (figures.cpu * 1e3, figures.wall * 1e3);
            println!("| {} | {cpu:.1} | {wall:.1} | {:.0} |", tool.name, figures.peak_mb);
        }
    }
    Ok(())
}

/// A tool, and how it is asked to judge a tree.
struct Tool {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    /// The tool takes files, not directories.
    wants_files: bool,
    /// Above this many files it is not run: it grows quadratically.
    at_most: usize,
}

fn tools() -> Result<Vec<Tool>, Box<dyn Error>> {
    let tool = |name: &str, program: PathBuf, arguments: &[&str]| Tool {
        name: name.to_owned(),
        program,
        arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
        wants_files: false,
        at_most: usize::MAX,
    };
    let mut tools = vec![
        tool("floor: walk, read, parse", std::env::current_exe()?, &["floor"]),
        tool(
            "kubeready",
            PathBuf::from(env!("CARGO_BIN_EXE_kubeready")),
            &["check", "--output", "json"],
        ),
    ];
    if let Some(program) = on_path("kube-linter") {
        tools.push(tool("kube-linter", program, &["lint", "--format", "json"]));
    }
    if let Some(program) = on_path("kubeconform") {
        let arguments = ["-ignore-missing-schemas", "-output", "json", "-n", "2"];
        tools.push(tool("kubeconform", program, &arguments));
    }
    if let Some(program) = on_path("kube-score") {
        let mut scored = tool("kube-score", program, &["score", "--output-format", "json"]);
        scored.wants_files = true;
        scored.at_most = 1_000;
        tools.push(scored);
    }
    Ok(tools)
}

impl Tool {
    /// The median run, by CPU.
    fn measure(&self, target: &Path) -> Result<Option<Figures>, Box<dyn Error>> {
        let files = if self.wants_files && target.is_dir() { files(target)? } else { Vec::new() };
        if files.len() > self.at_most {
            return Ok(None);
        }
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if files.is_empty() {
            command.arg(target);
        } else {
            command.args(&files);
        }
        Ok(Some(measure(&mut command)?))
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn floor(target: &Path) {
    let request = walk::Request {
        roots: vec![target.to_path_buf()],
        base: target.to_path_buf(),
        threads: rayon::current_num_threads(),
        ..walk::Request::default()
    };
    let walked =
        if target.is_dir() { OsHost.walk(&request).files } else { vec![target.to_path_buf()] };
    let nodes: usize = walked
        .par_iter()
        .filter_map(|path| OsHost.read(path, u64::MAX).ok())
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .map(|text| Tree::parse(text, SourceId(0)).len())
        .sum();
    println!("{nodes}");
}

/// `count` files over 20 clusters, a namespace a file.
fn generate(root: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    for at in 0..count {
        let folder = root.join(format!("clusters/c{:02}/apps", at % 20));
        if at < 20 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("app-{at:05}.yaml")), manifest(at))?;
    }
    Ok(())
}

/// A sound application with one flaw: no memory limit.
fn manifest(at: usize) -> String {
    let mut text = String::with_capacity(2300);
    let (app, space) = (format!("app-{at:05}"), format!("team-{at:05}"));
    let _ = write!(
        text,
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
  namespace: {space}
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
          image: registry.example.com/shop/{app}:1.{at}.0
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
  namespace: {space}
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
  namespace: {space}
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
  namespace: {space}
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
"
    );
    text
}
