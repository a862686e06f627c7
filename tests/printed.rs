//! What templates print, read back: each node of an object knows the value or the line of a template
//! that a person would edit.

use std::fmt::Write as _;

use std::rc::Rc;
use std::sync::Arc;

use kubeready::render::helm::Build;
use kubeready::render::helm::manifests::{self, Sheet};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{
    Data as Node, Kind, NodeRef, Origin as Place, Scalar, Tree, Value, Writer,
};
use kubeready_template::{
    Data, Engine, Limits, Map, Origin, Output, Parsed, Path, Slot, Text, Val, ValueOrigin,
};

const VALUES: SourceId = SourceId(0);
const TEMPLATE: SourceId = SourceId(1);

/// Values as a chart has them, each with its place.
fn values(node: NodeRef<'_>, path: &Path, text: &str) -> Val {
    let place = |node: NodeRef<'_>, path: &Path| {
        let span = node.span();
        let written = &text[span.start as usize..span.end as usize];
        let content = (written == node.text()).then_some(span.start).or_else(|| {
            let inner = written.get(1..written.len().saturating_sub(1));
            (inner == Some(node.text())).then_some(span.start + 1)
        });
        Rc::new(ValueOrigin { path: path.clone(), span, content, written: true })
    };
    let origin = place(node, path);
    let data = match node.kind() {
        Kind::Map => {
            let map = Map::new();
            for (key, value) in node.effective_entries() {
                let path = path.key(&*key.key_text());
                let slot = Slot { value: values(value, &path, text), key: Some(place(key, &path)) };
                map.set_slot(&*key.key_text(), slot);
            }
            Data::Map(map)
        }
        Kind::Seq => {
            let items = node.items().enumerate();
            Data::List(Rc::new(items.map(|(at, n)| values(n, &path.index(at), text)).collect()))
        }
        _ => match node.scalar() {
            Some(Scalar::Str(text)) => {
                Data::Text(Text::of(text, Origin::of_value(Rc::clone(&origin))))
            }
            Some(Scalar::Bool(value)) => Data::Bool(value),
            Some(Scalar::Int(value)) => Data::Float(value as f64),
            Some(Scalar::Float(value)) => Data::Float(value),
            _ => Data::Nil,
        },
    };
    Val { origin: Some(origin), ..Val::new(data) }
}

fn all_values(text: &str) -> Val {
    let tree = Tree::parse(text, VALUES);
    match tree.documents().next() {
        Some((_, root)) => values(root, &Path::root(), text),
        None => Val::map(Map::new()),
    }
}

fn printed(values: &Val, template: &str) -> Output {
    let mut engine = Engine::new(Limits::default());
    let parsed = Parsed::parse(template, TEMPLATE).expect("a template");
    let span = Span { source: TEMPLATE, start: 0, end: template.len() as u32 };
    engine.add("t", Arc::new(parsed), Text::of(template, Origin::literal(span)));
    let dot = Map::new();
    dot.set("Values", values.clone());
    let release = Map::new();
    release.set("Name", Val::text("shop"));
    dot.set("Release", Val::map(release));
    engine.execute("t", Val::map(dot)).expect("an output")
}

fn built(values_text: &str, template: &str) -> Build<'static> {
    let values = all_values(values_text);
    let output = printed(&values, template);
    let mut build = Build::default();
    let sheet = Sheet { name: "shop/templates/t.yaml", source: TEMPLATE, output: &output };
    manifests::read(&[sheet], &values, &mut build);
    build
}

/// A line for each node of a value and for each key.
fn walk(path: &str, value: &Value<'_>, show: &dyn Fn(Place) -> String, lines: &mut Vec<String>) {
    lines.push(format!("{path}: {}", show(value.origin)));
    match &value.data {
        Node::Map(entries) => {
            for entry in entries {
                let below = format!("{path}.{}", entry.key);
                lines.push(format!("{below}#: {}", show(entry.key_origin)));
                walk(&below, &entry.value, show, lines);
            }
        }
        Node::Seq(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(&format!("{path}[{at}]"), item, show, lines);
            }
        }
        Node::Scalar { .. } => {}
    }
}

/// Lines `path: writer "bytes" [values path]` of all nodes of all objects.
fn places(values_text: &str, template: &str) -> Vec<String> {
    let build = built(values_text, template);
    let mut lines = Vec::new();
    let show = |place: Place| {
        let of = if place.span.source == VALUES { values_text } else { template };
        let bytes = &of[place.span.start as usize..place.span.end as usize];
        let by = match place.by {
            Writer::Values => "values",
            Writer::Template => "template",
            Writer::MadeUp => "made up",
            _ => "?",
        };
        let detail = (place.detail as usize).checked_sub(1).map(|at| &build.details[at]);
        let mut line = format!("{by} `{}`", bytes.replace('\n', "\\n"));
        if let Some(detail) = detail {
            if let Some(value) = &detail.value {
                let _ = write!(line, " {}{value}", if detail.written { "" } else { "?" });
            }
            for (field, value, at) in &detail.offers {
                let at = at.map_or("", |at| &values_text[at.start as usize..at.end as usize]);
                let _ = write!(line, " +{field}={value}@{at}");
            }
        }
        line
    };
    for resource in &build.resources {
        walk("", &resource.value, &show, &mut lines);
    }
    lines.extend(build.faults.iter().map(|fault| format!("{fault:?}")));
    lines
}

fn assert_places(values: &str, template: &str, expected: &[&str]) {
    let found = places(values, template);
    let missing: Vec<_> =
        expected.iter().filter(|line| !found.iter().any(|f| f == *line)).collect();
    assert!(missing.is_empty(), "missing {missing:#?}\nin {found:#?}");
}

#[test]
fn scalars_stand_where_a_person_would_edit_them() {
    assert_places(
        "replicas: 3\nname: \"web\"\nimage:\n  repository: nginx\n  tag: '1.2'\n",
        "kind: Deployment\nreplicas: {{ .Values.replicas }}\nname: {{ .Release.Name }}-{{ .Values.name }}\n\
         image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\nquoted: {{ .Values.name | quote }}\n\
         both: a {{ .Release.Name }}\nunset: {{ .Values.size | default 2 }}\n",
        &[
            ".kind: template `Deployment`",
            ".kind#: template `kind`",
            ".replicas: values `3` replicas",
            ".name: values `\"web\"` name",
            ".image: values `'1.2'` image.tag",
            ".quoted: values `\"web\"` name",
        ],
    );
}

#[test]
fn collections_printed_from_a_value_stand_in_the_values() {
    assert_places(
        "resources:\n  limits:\n    cpu: 1\nenv:\n- name: A\n  value: b\nextra: {}\nargs: [x, y]\n",
        "spec:\n  resources:\n    {{- toYaml .Values.resources | nindent 4 }}\n  env:\n    {{- toYaml .Values.env | nindent 4 }}\n  \
         extra: {{ toYaml .Values.extra }}\n  args: {{ .Values.args | toJson }}\n",
        &[
            ".spec.resources: values `limits:\\n    cpu: 1` resources",
            ".spec.resources#: values `resources` resources",
            ".spec.resources.limits: values `cpu: 1` resources.limits",
            ".spec.resources.limits#: values `limits` resources.limits",
            ".spec.resources.limits.cpu: values `1` resources.limits.cpu",
            ".spec.resources.limits.cpu#: values `cpu` resources.limits.cpu",
            ".spec.env: values `- name: A\\n  value: b` env",
            ".spec.env#: values `env` env",
            ".spec.env[0]: values `name: A\\n  value: b` env[0]",
            ".spec.env[0].name: values `A` env[0].name",
            ".spec.extra: values `{}` extra",
            ".spec.extra#: values `extra` extra",
            ".spec.args#: values `args` args",
            ".spec.args[1]: values `y` args[1]",
            ".spec#: template `spec`",
        ],
    );
}

#[test]
fn what_was_read_from_yaml_again_keeps_its_places() {
    assert_places(
        "a:\n  long: one two three four five six seven eight nine ten eleven twelve thirteen fourteen\n  size: 5\n",
        "{{ define \"x\" }}{{ toYaml .Values.a }}{{ end }}{{ $x := fromYaml (include \"x\" .) }}long: {{ $x.long }}\nsize: {{ $x.size }}\nall:\n  {{- toYaml $x | nindent 2 }}\n",
        &[
            ".long: values `one two three four five six seven eight nine ten eleven twelve thirteen fourteen` a.long",
            ".size: values `5` a.size",
            ".all#: values `a` a",
            ".all.size: values `5` a.size",
        ],
    );
}

#[test]
fn what_a_template_decides_stands_in_the_template() {
    assert_places(
        "image:\n  repository: nginx\nweb: {a: 1}\n",
        "image: {{ .Values.image.repository }}:{{ .Values.image.tag | default \"latest\" }}\n\
         replicas: {{ .Values.replicas | default 2 }}\ntext: |\n  a\n  {{ .Values.web.a }}\n  b\nempty:\nnone: {{ .Values.none }}\n",
        &[
            ".image: template `latest` ?image.tag",
            ".replicas: template `{{ .Values.replicas | default 2 }}` ?replicas",
            ".text: template `|\\n  a\\n  {{ .Values.web.a }}\\n  b`",
            ".empty: template `empty`",
            ".none: template `none`",
        ],
    );
}

#[test]
fn a_map_knows_what_values_would_add_to_it() {
    assert_places(
        "web: {a: 1}\n",
        "spec:\n  x: 1\n  {{- with .Values.resources }}\n  resources:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n  \
         containers:\n  - name: a\n    {{- if .Values.web.b }}\n    b: {{ .Values.web.b }}\n    {{- end }}\n  - name: b\n",
        &[
            ".spec: template `x` +resources=resources@web: {a: 1}",
            ".spec.containers[0]: template `name` +b=web.b@web",
            ".spec.containers[1]: template `name`",
        ],
    );
}

#[test]
fn objects_come_as_helm_prints_them() {
    let template = "kind: Service\n--- \nkind: Zoo\n---\n# nothing\n---kind: ConfigMap\n---\nbroken: [\n---\n\
                    kind: Job\nmetadata: {annotations: {helm.sh/hook: 'test, pre-install'}}\n---\nkind: Job\nmetadata: \
                    {annotations: {helm.sh/hook: crd-install}}\n---\nkind: Pod\nmetadata: {annotations: {a: b}}\n---\njust text\n";
    let build = built("{}", template);
    let kinds: Vec<_> =
        build.resources.iter().map(|r| r.value.get("kind").map_or("", Value::text)).collect();
    assert_eq!(kinds, ["ConfigMap", "Service", "Pod", "Zoo", "Job"]);
    let at: Vec<_> = build
        .faults
        .iter()
        .map(|fault| {
            let line = template[..fault.at.start as usize].lines().count();
            (fault.fatal, line)
        })
        .collect();
    assert_eq!(at, [(true, 8), (true, 18)]);
}
