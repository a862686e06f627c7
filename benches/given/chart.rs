//! A chart in the manner of those that people write.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// A chart of so many workloads, with partials and values as `helm create` makes them.
pub(crate) fn chart(root: &Path, workloads: usize) -> io::Result<()> {
    let templates = root.join("templates");
    fs::create_dir_all(&templates)?;
    fs::write(root.join("Chart.yaml"), "apiVersion: v2\nname: generated\nversion: 1.0.0\n")?;
    let mut values = String::from("image: {registry: registry.example, pullPolicy: Always}\n");
    for at in 0..workloads {
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
