//! Rendering charts, side by side with `helm template`.
//!
//! `cargo bench --bench helm` generates a chart of 100 templates in the manner of those that people
//! write. With `KUBEREADY_CHARTS=DIR` every chart found there that both tools render is measured too.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod measure;

use measure::{Figures, measure, on_path};

const TEMPLATES: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = std::env::temp_dir().join(format!("kubeready-helm-{}", std::process::id()));
    let outcome = run(&scratch);
    fs::remove_dir_all(&scratch)?;
    outcome
}

/// One chart, by ours and, where it is there, by the real tool.
struct Row {
    name: String,
    kilobytes: u64,
    ours: Figures,
    theirs: Option<Figures>,
}

impl Row {
    fn share(&self) -> Option<f64> {
        self.theirs.map(|theirs| self.ours.cpu / theirs.cpu)
    }
}

fn run(scratch: &Path) -> Result<(), Box<dyn Error>> {
    let helm = on_path("helm");
    generate(&scratch.join("generated"))?;
    let mut folders = Vec::new();
    if let Some(directory) = std::env::var_os("KUBEREADY_CHARTS") {
        charts(Path::new(&directory), &mut folders)?;
    }
    let mut rows = Vec::new();
    for folder in std::iter::once(scratch.join("generated")).chain(folders) {
        rows.extend(row(&folder, helm.as_deref())?);
    }
    println!("CPU is user and system of the whole process, its start included\n");
    println!(
        "| chart | output kB | kubeready CPU ms | wall ms | peak MB | helm CPU ms | peak MB | share |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for row in &rows {
        let Row { name, kilobytes, ours, theirs } = row;
        let (cpu, wall, peak) = (ours.cpu * 1e3, ours.wall * 1e3, ours.peak_mb);
        print!("| {name} | {kilobytes} | {cpu:.1} | {wall:.1} | {peak:.0} |");
        match (theirs, row.share()) {
            (Some(theirs), Some(share)) => {
                println!(" {:.1} | {:.0} | {share:.2} |", theirs.cpu * 1e3, theirs.peak_mb);
            }
            _ => println!(" | | |"),
        }
    }
    let mut shares: Vec<f64> = rows.iter().filter_map(Row::share).collect();
    shares.sort_by(f64::total_cmp);
    if let Some(median) = shares.get(shares.len() / 2) {
        println!("\nmedian share of {} charts: {median:.3}", shares.len());
    }
    let largest = rows.iter().max_by_key(|row| row.kilobytes);
    if let Some((row, share)) = largest.and_then(|row| Some((row, row.share()?))) {
        println!("largest output, {} kB of {}: {share:.3}", row.kilobytes, row.name);
    }
    Ok(())
}

/// Nothing of a chart that the real tool does not render.
fn row(folder: &Path, helm: Option<&Path>) -> Result<Option<Row>, Box<dyn Error>> {
    let theirs = match helm {
        None => None,
        Some(helm) => {
            let template = || {
                let mut command = Command::new(helm);
                command.args(["template", "release-name", "--include-crds"]).arg(folder);
                command.env("HELM_PLUGINS", "/nonexistent");
                command
            };
            let renders = template().stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            if !renders.success() {
                return Ok(None);
            }
            Some(measure(&mut template())?)
        }
    };
    let render = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubeready"));
        command.args(["render", "--quiet"]).arg(folder);
        command
    };
    let output = render().output()?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {why}").into());
    }
    let kilobytes = output.stdout.len() as u64 / 1024;
    Ok(Some(Row { name, kilobytes, ours: measure(&mut render())?, theirs }))
}

/// Every directory with a chart that is not a part of another.
fn charts(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if folder.join("Chart.yaml").is_file() {
        found.push(folder.to_path_buf());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    for entry in entries.iter().filter(|e| e.is_dir() && !e.is_symlink()) {
        charts(entry, found)?;
    }
    Ok(())
}

/// A chart of as many workloads, with partials and values as `helm create` makes them.
fn generate(root: &Path) -> Result<(), Box<dyn Error>> {
    let templates = root.join("templates");
    fs::create_dir_all(&templates)?;
    fs::write(root.join("Chart.yaml"), "apiVersion: v2\nname: generated\nversion: 1.0.0\n")?;
    let mut values = String::from("image: {registry: registry.example, pullPolicy: Always}\n");
    for at in 0..TEMPLATES {
        let _ = write!(values, "app{at:02}:\n{VALUES}");
        let template = TEMPLATE.replace("APP", &format!("app{at:02}"));
        fs::write(templates.join(format!("app{at:02}.yaml")), template)?;
    }
    fs::write(root.join("values.yaml"), values)?;
    fs::write(templates.join("_helpers.tpl"), HELPERS)?;
    Ok(())
}

const VALUES: &str = "  enabled: true
  replicas: 2
  image: {repository: shop/app, tag: 1.2.3}
  resources:
    requests: {cpu: 100m, memory: 128Mi}
    limits: {memory: 256Mi}
  env: {LOG_LEVEL: info, REGION: north, WORKERS: 4}
  annotations: {example.com/team: '{{ .Release.Namespace }}'}
  securityContext: {runAsNonRoot: true, capabilities: {drop: [ALL]}}
  probes: {liveness: {httpGet: {path: /healthz, port: http}}, readiness: {httpGet: {path: /ready, port: http}}}
";

const HELPERS: &str = r#"{{- define "generated.name" -}}
{{- printf "%s-%s" .Release.Name .app | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "generated.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{ include "generated.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}
{{- define "generated.selector" -}}
app.kubernetes.io/name: {{ .app }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end -}}
"#;

const TEMPLATE: &str = r#"{{- $context := dict "root" $ "app" "APP" "Release" .Release -}}
{{- with .Values.APP }}
{{- if .enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "generated.name" $context }}
  labels: {{- include "generated.labels" $context | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- tpl (toYaml .) $ | nindent 4 }}
  {{- end }}
spec:
  replicas: {{ .replicas }}
  selector:
    matchLabels: {{- include "generated.selector" $context | nindent 6 }}
  template:
    metadata:
      labels: {{- include "generated.labels" $context | nindent 8 }}
    spec:
      containers:
        - name: APP
          image: "{{ $.Values.image.registry }}/{{ .image.repository }}:{{ .image.tag | default $.Chart.AppVersion }}"
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          ports: [{name: http, containerPort: 8080}]
          env:
            {{- range $name, $value := .env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          {{- range $kind, $probe := .probes }}
          {{ $kind }}Probe: {{- toYaml $probe | nindent 12 }}
          {{- end }}
          securityContext: {{- toYaml .securityContext | nindent 12 }}
          resources: {{- toYaml .resources | nindent 12 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "generated.name" $context }}
  labels: {{- include "generated.labels" $context | nindent 4 }}
spec:
  selector: {{- include "generated.selector" $context | nindent 4 }}
  ports: [{name: http, port: 80, targetPort: http}]
{{- end }}
{{- end }}
"#;
