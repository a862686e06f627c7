//! Trees of kustomizations that are grown from bytes: bases, overlays, components, patches, generators,
//! charts, and whatever people get wrong about them.

use arbitrary::{Result, Unstructured};

/// Where kustomizations lie.
const DIRECTORIES: &[&str] =
    &["base", "base/inner", "overlays/prod", "overlays/dev", "components/a", "components/b", "."];

/// Names of a kustomization's file; the first is what nearly all have.
const NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Files that kustomizations name, and what may stand in them.
const FILES: &[(&str, &[&str])] = &[
    ("web.yaml", OBJECTS),
    ("more.yaml", OBJECTS),
    ("patch.yaml", PATCHES),
    ("ops.yaml", OPERATIONS),
    ("config.env", &["A=1\nB=two\n# c\nC\n", "=\n", "A=${B}\n\u{feff}K=v\n", ""]),
    ("names.yaml", CONFIGURATIONS),
    ("plugin.yaml", PLUGINS),
    ("replace.yaml", REPLACEMENTS),
    ("values.yaml", &["a: {b: 1}\nname: web\n", "", "- 1\n", "a: &a [*a]\n"]),
];

const OBJECTS: &[&str] = &[
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n          image: web:1\n          envFrom: [{configMapRef: {name: config}}]\n        - {name: side, image: 'reg:5000/side@sha256:00'}\n      volumes: [{name: v, configMap: {name: config}}]\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: shop}\ndata: {a: $(VAR), b: '1', text: \"x\\ny\\n\"}\n",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: config}, data: {k: aGk=}}\n- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n",
    "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 2}\n",
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: default, namespace: x}]\n",
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.x.io}\nspec: {group: x.io, names: {kind: A}, scope: Cluster}\n---\napiVersion: x.io/v1\nkind: A\nmetadata: {generateName: a-}\nspec: &s {a: [1, {b: 2}]}\nstatus: *s\n",
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: app}\nspec: {source: {path: overlays/prod, kustomize: {namePrefix: p-, images: ['web=web:2']}}, destination: {namespace: shop}}\n",
    "apiVersion: v1\nkind: Pod\n",
    "metadata: {name: nothing}\n",
    "a: [\n",
    "",
];

/// So many of [`OBJECTS`] are sound.
const SOUND: usize = 7;

const PATCHES: &[&str] = &[
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          resources: {limits: {memory: 1Gi}}\n        - {name: side, $patch: delete}\n        - $patch: replace\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n$patch: delete\n",
    "kind: ConfigMap\napiVersion: v1\nmetadata: {name: config, annotations: {a: ~}}\ndata: {b: ~, c: 1}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: []\n",
    "- {op: copy, from: /spec, path: /metadata/copy}\n- {op: add, path: /a/-, value: 1}\n",
];

const OPERATIONS: &[&str] = &[
    "- {op: replace, path: /spec/replicas, value: 3}\n- {op: add, path: /spec/template/spec/containers/-, value: {name: n, image: i}}\n",
    "- {op: copy, from: '', path: /metadata/a}\n- {op: copy, from: /metadata, path: /b}\n- {op: move, from: /b, path: /metadata/b/c}\n",
    "[{\"op\": \"test\", \"path\": \"/kind\", \"value\": \"Deployment\"}, {\"op\": \"remove\", \"path\": \"/spec\"}]",
    "- {op: remove, path: /metadata/name}\n",
    "- {op: replace, path: /kind, value: [1]}\n- {op: add, path: /metadata, value: x}\n",
];

const CONFIGURATIONS: &[&str] = &[
    "nameReference:\n- kind: ConfigMap\n  fieldSpecs: [{path: spec/a/b, kind: A}, {path: data, kind: ConfigMap}]\ncommonLabels: [{path: spec/a/c, create: true}]\n",
    "namePrefix: [{path: spec/name}]\nimages: [{path: spec/image}]\nreplicas: [{path: spec/a, create: true}]\nvarReference: [{path: data}]\n",
    "namespace: [{path: spec/a/b/c/d, create: true}, {path: ''}]\n",
    "definitions: {a: {properties: {x: {$ref: '#/definitions/a'}, l: {type: array, x-kubernetes-patch-merge-key: name, x-kubernetes-patch-strategy: merge}}, x-kubernetes-group-version-kind: [{group: x.io, kind: A, version: v1}]}}\n",
];

const PLUGINS: &[&str] = &[
    "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: x-\nfieldSpecs: [{path: metadata/name}, {path: spec/a, create: true}]\n",
    "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\nliterals: [a=1]\nfiles: [config.env]\n",
    "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npatch: '[{op: add, path: /metadata/x, value: 1}]'\ntarget: {name: '.*', kind: '('}\n",
    "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: [{path: 'spec/a[]/b', create: true}]\n",
    "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: n, namespace: there}\nunsetOnly: true\nsetRoleBindingSubjects: allServiceAccounts\n",
    "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: h}\nname: shop\nvaluesInline: {name: inline}\n",
    "apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: r}\nreplacements: [{source: {kind: Service}, targets: [{select: {kind: Deployment}, fieldPaths: [spec.a], options: {create: true}}]}]\n",
    "apiVersion: x/v1\nkind: Exec\nmetadata: {name: e, annotations: {config.kubernetes.io/function: 'exec: {path: ./run}'}}\n",
];

const REPLACEMENTS: &[&str] = &[
    "source: {kind: ConfigMap, name: config, fieldPath: data.a}\ntargets:\n- select: {kind: Deployment}\n  reject: [{name: x}]\n  fieldPaths: ['spec.template.spec.containers.[name=web].env.0', 'metadata.labels.[a=b]']\n  options: {create: true, delimiter: ':', index: -1}\n",
    "- source: {kind: Service, fieldPath: spec}\n  targets: [{select: {name: '.*'}, fieldPaths: [metadata.annotations, spec.*.x, 'a\\.b.c', '']}]\n",
    "source: {kind: Deployment, fieldPath: metadata, options: {delimiter: '', index: 9}}\ntargets: [{select: {}, fieldPaths: [spec.template.spec.containers.*.x], options: {create: true}}]\n",
];

/// One field of a kustomization; `@` stands for a path, `%` for a word.
const FIELDS: &[&str] = &[
    "resources: [@, @]",
    "resources: [@, @, @, @]",
    "resources:\n- @\n- @",
    "bases: [@]",
    "components: [@, @]",
    "crds: [@]",
    "patches: [{path: @}, {path: @, target: {kind: %, name: %}}]",
    "patches:\n- target: {labelSelector: 'app=%', annotationSelector: '%', version: v1, group: '%'}\n  patch: |-\n    - {op: add, path: /metadata/labels/%, value: %}\n  options: {allowNameChange: true, allowKindChange: true}",
    "patches: [{patch: '{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": %}, \"data\": {\"a\": %}}'}]",
    "patchesStrategicMerge: [@, '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: %}}']",
    "patchesJson6902: [{target: {version: v1, kind: Service, name: web}, path: @}, {target: {kind: %, name: %}, patch: '[{op: remove, path: /spec}]'}]",
    "namePrefix: %",
    "nameSuffix: %",
    "namespace: %",
    "commonLabels: {a: %, %: b}",
    "commonAnnotations: {a: %, b: '1'}",
    "labels: [{pairs: {a: %}, includeSelectors: true}, {pairs: {b: %}, includeTemplates: true, fields: [{path: spec/x, create: true, kind: %}]}]",
    "images: [{name: web, newName: %, newTag: '2'}, {name: 'reg:5000/side', digest: %}, {name: %, tagSuffix: %}]",
    "replicas: [{name: web, count: 3}, {name: %, count: %}]",
    "configMapGenerator: [{name: config, literals: ['a=%', %], behavior: merge}, {name: made, files: [@, 'k=@'], envs: [@], options: {disableNameSuffixHash: true, labels: {a: %}}}]",
    "secretGenerator: [{name: %, envs: [@], literals: [k=v], type: %}, {name: config, namespace: %, behavior: replace, files: [@]}]",
    "generatorOptions: {disableNameSuffixHash: true, labels: {g: %}, annotations: {h: %}, immutable: true}",
    "vars: [{name: VAR, objref: {kind: Service, name: web, apiVersion: v1}, fieldref: {fieldpath: %}}, {name: %, objref: {kind: %, name: %}}]",
    "replacements: [{path: @}, {source: {kind: Service, name: web, fieldPath: %}, targets: [{select: {kind: %}, fieldPaths: [%, metadata.name]}]}]",
    "replacements: [{sourceValue: %, targets: [{select: {name: %}, fieldPaths: ['metadata.labels.%'], options: {create: true}}]}]",
    "configurations: [@]",
    "openapi: {path: @}",
    "generators: [@]",
    "transformers: [@, '{apiVersion: builtin, kind: SuffixTransformer, metadata: {name: s}, suffix: %}']",
    "validators: [@]",
    "helmCharts: [{name: shop, releaseName: %, namespace: %, valuesFile: @, valuesInline: {name: %, a: {b: %}}, includeCRDs: true, valuesMerge: %}]",
    "helmCharts: [{name: gone, repo: 'https://charts.example.com', version: %}]\nhelmGlobals: {chartHome: @}",
    "buildMetadata: [originAnnotations, managedByLabel, transformerAnnotations, %]",
    "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [%], orderLast: [Service]}}",
    "metadata: {name: %, annotations: {config.kubernetes.io/local-config: 'true'}}",
    "%: %",
];

/// Paths beside those of the tree.
const ODD_PATHS: &[&str] = &[
    "''",
    ".",
    "..",
    "./",
    "../..",
    "/",
    "/base",
    "base//inner/",
    "./web.yaml",
    "../base/../base",
    "'*'",
    "https://example.com/org/repo//base?ref=v1",
    "github.com/org/repo",
    "git@example.com:a/b.git",
    "gone.yaml",
    "k=config.env",
    "~",
    "[web.yaml]",
    "{a: b}",
    "\"a\\0b\"",
    "charts",
    "../charts/shop",
];

const WORDS: &[&str] = &[
    "a",
    "web",
    "config",
    "shop",
    "prod-",
    "-v2",
    "''",
    "~",
    "1",
    "true",
    "'true'",
    "Deployment",
    "'.*'",
    "'^(a|b)$'",
    "'['",
    "data.a",
    "metadata.name",
    "spec.template.spec.containers.0.image",
    "'spec.*.[name=a/b].c'",
    "$(VAR)",
    "'a=b'",
    "'=a'",
    "x/y",
    "{}",
    "[]",
    "\"\\u0000\"",
    "-1",
    "99999999999999999999",
    "replace",
    "'a\\nb'",
    "ü",
];

const CHART: &[(&str, &str)] = &[
    ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("charts/shop/values.yaml", "name: web\na: {b: 1}\n"),
    (
        "charts/shop/templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.name }}, namespace: {{ .Release.Namespace }}}\ndata:\n  b: {{ .Values.a.b | quote }}\n",
    ),
];

/// Files by their paths.
///
/// # Errors
/// Where the bytes do not suffice for any file.
pub(crate) fn layers(bytes: &mut Unstructured<'_>) -> Result<Vec<(String, String)>> {
    let mut grown = Vec::new();
    let directories = bytes.int_in_range(1..=DIRECTORIES.len())?;
    for directory in DIRECTORIES.iter().take(directories) {
        let mut text = String::new();
        if directory.starts_with("components") || bytes.ratio(1_u8, 24_u8)? {
            text.push_str("kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n");
        }
        // Most trees are sound but for a field or two: what is refused at once shows little.
        let sound = bytes.ratio(3_u8, 4_u8)?;
        if sound {
            text.push_str("resources: [web.yaml]\n");
        }
        for _ in 0..bytes.int_in_range(0..=4)? {
            field(bytes, directory, &mut text)?;
        }
        let name = if bytes.ratio(1_u8, 16_u8)? { *bytes.choose(NAMES)? } else { NAMES[0] };
        grown.push((format!("{directory}/{name}"), text));
        for (name, texts) in FILES {
            let is_taken = sound && *name == "web.yaml";
            if is_taken || bytes.ratio(1_u8, 3_u8)? {
                let texts = if is_taken { texts.get(..SOUND).unwrap_or(texts) } else { texts };
                let mut text = (*bytes.choose(texts)?).to_owned();
                if *name == "web.yaml" && !is_taken && bytes.ratio(1_u8, 2_u8)? {
                    text = format!("{text}---\n{}", bytes.choose(OBJECTS)?);
                }
                grown.push((format!("{directory}/{name}"), text));
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    if bytes.ratio(1_u8, 4_u8)? {
        grown.extend(CHART.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    }
    Ok(grown)
}

fn field(bytes: &mut Unstructured<'_>, directory: &str, out: &mut String) -> Result<()> {
    let form = *bytes.choose(FIELDS)?;
    // A field that stands twice is refused; once in a while it may.
    let name = form.split_inclusive(':').next().unwrap_or(form);
    if out.lines().any(|line| line.starts_with(name)) && !bytes.ratio(1_u8, 16_u8)? {
        return Ok(());
    }
    for c in form.chars() {
        match c {
            '@' => path(bytes, directory, out)?,
            '%' => word(bytes, out)?,
            c => out.push(c),
        }
    }
    out.push('\n');
    Ok(())
}

fn path(bytes: &mut Unstructured<'_>, directory: &str, out: &mut String) -> Result<()> {
    match bytes.int_in_range(0..=9)? {
        0..=4 => out.push_str(bytes.choose(FILES)?.0),
        5..=7 => {
            // Up to the root, and down to another.
            let steps = directory.split('/').filter(|step| *step != ".").count();
            out.push_str(&"../".repeat(steps));
            out.push_str(bytes.choose(DIRECTORIES)?);
        }
        8 => out.push_str(bytes.choose(ODD_PATHS)?),
        _ => wild(bytes, out)?,
    }
    Ok(())
}

fn word(bytes: &mut Unstructured<'_>, out: &mut String) -> Result<()> {
    if bytes.ratio(1_u8, 8_u8)? {
        return wild(bytes, out);
    }
    out.push_str(bytes.choose(WORDS)?);
    Ok(())
}

/// Any text at all, as YAML takes it.
fn wild(bytes: &mut Unstructured<'_>, out: &mut String) -> Result<()> {
    let length = bytes.int_in_range(0..=12)?;
    let text = String::from_utf8_lossy(bytes.bytes(length.min(bytes.len()))?).into_owned();
    out.push_str(&serde_json::Value::from(text).to_string());
    Ok(())
}
