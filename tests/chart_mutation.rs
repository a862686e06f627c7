//! The place that a printed scalar names is the text that decides it: changing that text and
//! rendering again changes exactly what names the place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kubeready::host::MemHost;
use kubeready::load::{Loaded, World};
use kubeready::render::helm::{self, Chart, Release};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{Data, NodeRef, Scalar, Tree, Value, Writer};

use crate::given;

/// Changes that reach further than the scalars that name their place, and why: the fixture, the text
/// that is changed (`*` for any), the reason.
const EXEMPT: &[(&str, &str, &str)] = &[
    ("dates", "2024-02-29", "the day of the week is printed"),
    ("flow", "true", "templates branch on it"),
    ("flow", "a", "it is printed in capitals"),
    ("library", "regcred", "it stands twice, and equal ones are printed once"),
    ("lists", "3", "templates look for it in a list"),
    ("math", "0.5", "it is printed as a percentage"),
    ("platform", "UDP", "templates branch on it"),
    ("platform", "require-limits", "templates branch on it"),
    ("webapp", "false", "templates branch on it"),
    ("webapp", "cpu", "templates branch on it"),
];

/// Fields whose text decides more than itself, and why.
const DECIDING: &[(&str, &str)] = &[
    (".kind", "Helm prints objects in the order of their kinds"),
    (".helm.sh/hook", "hooks are printed behind all others, some not at all"),
];

/// As many changes of one chart as are tried, spread over all of it.
const CHANGES: usize = 60;

/// Fields that are made of all the text of something else.
const DERIVED: &[&str] = &["checksum/"];

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A scalar of a printed object.
#[derive(Clone, Debug)]
struct Printed {
    text: String,
    span: Span,
    by: Writer,
}

/// What a chart prints: scalars by object and field.
#[derive(Debug, Default)]
struct Output {
    scalars: BTreeMap<String, Printed>,
    faults: BTreeSet<String>,
}

fn read(files: &Files) -> Vec<Loaded> {
    let host = MemHost { files: files.clone(), ..MemHost::default() };
    let walked = files.keys().filter(|path| kubeready::walk::is_candidate(path)).cloned();
    given::read(&host, Path::new(""), walked)
}

fn render(loaded: &[Loaded], directory: &Path) -> Output {
    let world = World::new(Path::new("/"), loaded);
    let chart = match Chart::read(&world, directory) {
        Ok(chart) => chart,
        Err(fault) => {
            let faults = [fault.message].into();
            return Output { faults, ..Output::default() };
        }
    };
    let release = Release {
        name: "release-name".into(),
        namespace: "default".into(),
        layers: Vec::new(),
        kubernetes_version: 35,
        api_versions: Vec::new(),
        crds: false,
        at: Span { source: SourceId(0), start: 0, end: 0 },
    };
    let build = helm::render(&chart, &release);
    let mut output = Output {
        faults: build.faults.iter().map(|fault| fault.message.clone()).collect(),
        ..Output::default()
    };
    for (number, resource) in build.resources.iter().enumerate() {
        flatten(&resource.value, format!("{number}:"), &mut output.scalars);
    }
    output
}

fn flatten(value: &Value<'_>, at: String, out: &mut BTreeMap<String, Printed>) {
    match &value.data {
        Data::Map(entries) => {
            for entry in entries {
                flatten(&entry.value, format!("{at}.{}", entry.key), out);
            }
        }
        Data::Seq(items) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(number, item)| flatten(item, format!("{at}[{number}]"), out));
        }
        Data::Scalar { text, .. } => {
            let origin = value.origin;
            let printed = Printed { text: text.to_string(), span: origin.span, by: origin.by };
            out.insert(at, printed);
        }
    }
}

/// Another text of the same type; `None` for what has no text of its own to change: an action, a
/// collection, the mark of a block, nothing.
fn changed(text: &str) -> Option<String> {
    let is_block = text.starts_with(['|', '>']);
    let says = |c: char| c.is_alphanumeric();
    let tree = Tree::parse(text, SourceId(0));
    let is_scalar = tree.documents().next().is_some_and(|(_, root)| root.is_scalar());
    let is_collection = !is_block && (text.contains('\n') || !is_scalar);
    if text.contains("{{") || text.contains("}}") || !text.contains(says) || is_collection {
        return None;
    }
    // Numbers that Go prints in another notation than they are written in.
    let root = tree.documents().next().map(|(_, root)| root);
    if matches!(root.and_then(NodeRef::scalar), Some(Scalar::Float(_) | Scalar::UInt(_)))
        || root.and_then(NodeRef::as_i64).is_some_and(|n| n.to_string() != text || n > 99_999)
    {
        return None;
    }
    let longer = |text: &str| {
        let digit = text.ends_with(|c: char| c.is_ascii_digit());
        format!("{text}{}", if digit { '1' } else { 'x' })
    };
    Some(match text {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        "null" | "~" | "{}" | "[]" | "\"\"" | "''" => return None,
        _ if text.starts_with(['{', '[', '&', '*', '!']) => return None,
        _ => match text.chars().next_back() {
            Some(quote @ ('"' | '\'')) if text.starts_with(quote) => {
                let inner = text.strip_suffix(quote)?;
                format!("{}{quote}", longer(inner))
            }
            _ => longer(text),
        },
    })
}

/// The scalar that a text of a file says.
fn scalar(text: &str) -> String {
    let tree = Tree::parse(text, SourceId(0));
    let root = tree.documents().next().map(|(_, root)| root.text().to_owned());
    root.unwrap_or_else(|| text.to_owned())
}

#[derive(Default)]
struct Proof {
    scalars: usize,
    changed: usize,
    faults: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Proof {
    fn of(name: &str, files: &Files, directory: &Path) -> Self {
        let loaded = read(files);
        let before = render(&loaded, directory);
        let (scalars, faults) = (before.scalars.len(), before.faults.clone());
        let mut proof = Self { scalars, faults, ..Self::default() };
        let of_charts = |p: &&Printed| matches!(p.by, Writer::Values | Writer::Template);
        let deciding = |field: &str| DECIDING.iter().any(|(end, _)| field.ends_with(end));
        let of_deciding = |(field, _): &(&String, &Printed)| deciding(field);
        let decide: BTreeSet<Span> =
            before.scalars.iter().filter(of_deciding).map(|(_, printed)| printed.span).collect();
        let spans: BTreeSet<Span> =
            before.scalars.values().filter(of_charts).map(|p| p.span).collect();
        let spans: Vec<Span> = spans.difference(&decide).copied().collect();
        let step = spans.len().div_ceil(CHANGES).max(1);
        for span in spans.into_iter().step_by(step) {
            let file = loaded.iter().find(|file| file.source == span.source);
            let Some(file) = file.filter(|file| files.contains_key(&file.input.path)) else {
                continue;
            };
            let text = file.text();
            let (start, end) = (span.start as usize, span.end as usize);
            // The keys of a map that is ranged over decide in which order.
            if text.get(end..).is_some_and(|behind| behind.starts_with(':')) {
                continue;
            }
            // What a template makes of another file's text is its own affair.
            let path = &file.input.path;
            let inside = path.strip_prefix(directory).unwrap_or(path).to_string_lossy();
            if !inside.contains("templates/") && !inside.ends_with("values.yaml") {
                continue;
            }
            let Some(old) = text.get(start..end) else {
                proof.wrong.push(format!("{name}: {span:?} has no text"));
                continue;
            };
            let exempt =
                |(of, what, _): &(&str, &str, &str)| *of == name && (*what == "*" || *what == old);
            let Some(new) = changed(old).filter(|_| !EXEMPT.iter().any(exempt)) else { continue };
            let mutated = [&text[..start], &new, &text[end..]].concat();
            let mut files = files.clone();
            files.insert(file.input.path.clone(), mutated.into_bytes());
            let loaded = read(&files);
            let after = render(&loaded, directory);
            proof.changed += 1;
            let place = format!("{name}: {}: {old:?}", file.input.shown);
            proof.compare(&place, span, [old, &new], &before, &after);
        }
        proof
    }

    fn compare(
        &mut self,
        place: &str,
        span: Span,
        [written, new]: [&str; 2],
        before: &Output,
        after: &Output,
    ) {
        if before.faults != after.faults {
            self.wrong.push(format!("{place}: faults differ: {:?}", after.faults));
            return;
        }
        let said = scalar(new);
        let had = scalar(written);
        let fields: BTreeSet<&String> = before.scalars.keys().chain(after.scalars.keys()).collect();
        for field in fields {
            let (old, now) = (before.scalars.get(field), after.scalars.get(field));
            let same = old.map(|p| &p.text) == now.map(|p| &p.text);
            let names = old.is_some_and(|p| p.span == span);
            let explained = names
                // Made of several pieces, of which this is one; a key that is printed.
                || now.is_some_and(|p| p.text.contains(&said) || p.text.contains(new))
                || now.is_none() || old.is_none() && field.contains(&said)
                || DERIVED.iter().any(|derived| field.contains(derived));
            // Something else made of the value, such as its length, may stay the same.
            let shows = old.is_some_and(|p| p.text.contains(&had));
            if same && names && shows {
                self.wrong
                    .push(format!("{place} is no part of {field}: {:?}", old.map(|p| &p.text)));
            } else if !same && !explained {
                let (old, now) = (old.map(|p| &p.text), now.map(|p| &p.text));
                self.wrong.push(format!("{place} to {new:?} changes {field}: {old:?} to {now:?}"));
            }
        }
    }
}

fn prove(name: &str, files: &Files, directory: &Path) -> Proof {
    let proof = Proof::of(name, files, directory);
    assert!(
        proof.wrong.is_empty(),
        "{name}: {} of {} changes of {} scalars are wrong (faults: {:?})\n{}",
        proof.wrong.len(),
        proof.changed,
        proof.scalars,
        proof.faults,
        proof.wrong.iter().take(30).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
    proof
}

const CHART: [(&str, &str); 4] = [
    ("/c/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: \"4.5\"\n"),
    (
        "/c/values.yaml",
        "replicas: 3
image:
  repository: shop/web
  tag: ''
  pullPolicy: \"IfNotPresent\"
port: 8080
labels: {team: web, tier: front}
resources:
  limits:
    memory: 256Mi
  requests: {cpu: 100m, memory: 128Mi}
env:
  - {name: LEVEL, value: info}
  - name: MODE
    value: 'quiet'
message: |
  several
  lines
annotations: {}
",
    ),
    (
        "/c/templates/_helpers.tpl",
        "{{- define \"shop.name\" -}}
{{- printf \"%s-%s\" .Release.Name .Chart.Name | trunc 63 | trimSuffix \"-\" }}
{{- end }}
{{- define \"shop.labels\" -}}
app.kubernetes.io/name: shop
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}
",
    ),
    (
        "/c/templates/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include \"shop.name\" . }}
  labels:
    {{- include \"shop.labels\" . | nindent 4 }}
  annotations:
    {{- with .Values.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    checksum/config: {{ toYaml .Values | sha256sum }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    metadata:
      labels: {{- include \"shop.labels\" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}\"
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          ports:
            - name: http
              containerPort: {{ .Values.port | int }}
          env:
            {{- range .Values.env }}
            - name: {{ .name }}
              value: {{ .value | quote }}
            {{- end }}
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          readinessProbe: {httpGet: {path: /ready, port: http}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include \"shop.name\" . }}-config
data:
  url: http://{{ include \"shop.name\" . }}:{{ .Values.port }}/{{ .Values.image.repository }}
  text: |
    {{- .Values.message | nindent 4 }}
",
    ),
];

#[test]
fn changing_the_text_at_a_place_changes_what_names_it() {
    let files = CHART.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).into();
    let proof = prove("own", &files, Path::new("/c"));
    assert!(proof.changed >= 15, "{} changes are too few to tell", proof.changed);
}

#[test]
fn changing_the_text_at_a_place_of_a_fixture_changes_what_names_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/charts");
    let entries = std::fs::read_dir(&root).expect("the fixtures");
    let mut charts: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    charts.sort();
    let mut changes = 0;
    for chart in charts {
        let name = chart.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = chart.join("chart");
        let mut files = Files::new();
        collect(&folder, &folder, &mut files);
        if !files.is_empty() {
            changes += prove(&name, &files, Path::new("/c")).changed;
        }
    }
    assert!(changes > 200, "{changes} changes are too few to tell");
}

/// The files of a directory, told from `/c`.
fn collect(root: &Path, folder: &Path, files: &mut Files) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            collect(root, &path, files);
        } else if let (Ok(inside), Ok(bytes)) = (path.strip_prefix(root), std::fs::read(&path)) {
            files.insert(Path::new("/c").join(inside), bytes);
        }
    }
}
