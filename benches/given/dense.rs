//! Dense files: custom resource definitions as generators write them, and what an installation
//! manifest holds beside them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Definitions of a file, about 80 KB each.
const DEFINITIONS: usize = 9;
/// Sets of other objects of a file, about 8 KB each.
const COMPONENTS: usize = 36;

/// As many files of about 1 MB.
pub(crate) fn dense(root: &Path, files: usize) -> io::Result<()> {
    fs::create_dir_all(root)?;
    for at in 0..files {
        fs::write(root.join(format!("install-{at:02}.yaml")), file(at))?;
    }
    Ok(())
}

fn file(at: usize) -> String {
    let mut out = String::with_capacity(1 << 20);
    let mut words = Words(at as u32);
    for number in 0..DEFINITIONS {
        definition(&mut out, &mut words, at * DEFINITIONS + number);
    }
    for number in 0..COMPONENTS {
        component(&mut out, &mut words, at * COMPONENTS + number);
    }
    out
}

/// Words in an order that is the same every time.
struct Words(u32);

const WORDS: [&str; 32] = [
    "the",
    "name",
    "of",
    "object",
    "a",
    "reference",
    "to",
    "policy",
    "that",
    "selects",
    "pods",
    "in",
    "namespace",
    "must",
    "be",
    "set",
    "when",
    "controller",
    "field",
    "is",
    "optional",
    "and",
    "defaults",
    "status",
    "condition",
    "latest",
    "observed",
    "generation",
    "template",
    "metrics",
    "endpoint",
    "timeout",
];

impl Words {
    fn number(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % below
    }

    fn word(&mut self) -> &'static str {
        WORDS.get(self.number(WORDS.len())).copied().unwrap_or_default()
    }

    fn line(&mut self, words: usize) -> String {
        let mut line = String::from("The");
        for _ in 0..words {
            line.push(' ');
            line.push_str(self.word());
        }
        line
    }
}

fn definition(out: &mut String, words: &mut Words, at: usize) {
    let _ = write!(
        out,
        "---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    controller-gen.kubebuilder.io/version: v0.19.0
  name: things{at}.dense.example.com
spec:
  group: dense.example.com
  names:
    kind: Thing{at}
    listKind: Thing{at}List
    plural: things{at}
    singular: thing{at}
  scope: Namespaced
  versions:
  - additionalPrinterColumns:
    - jsonPath: .metadata.creationTimestamp
      name: Age
      type: date
    name: v1
    schema:
      openAPIV3Schema:
        description: {}
        properties:
",
        words.line(9)
    );
    for field in ["spec", "status"] {
        let _ = writeln!(out, "          {field}:");
        object(out, words, 12, 4);
    }
    out.push_str("        required:\n        - spec\n        type: object\n");
    out.push_str("    served: true\n    storage: true\n    subresources:\n      status: {}\n");
}

/// The schema of an object, with half a dozen fields of all sorts.
fn object(out: &mut String, words: &mut Words, indent: usize, depth: usize) {
    let _ = writeln!(out, "{:indent$}description: |-", "");
    for _ in 0..=words.number(3) {
        let line = words.line(11);
        let _ = writeln!(out, "{:1$}{line}.", "", indent + 2);
    }
    let _ = writeln!(out, "{:indent$}properties:", "");
    for number in 0..6 {
        let at = indent + 2;
        let _ = writeln!(out, "{:at$}{}{number}:", "", words.word());
        let at = at + 2;
        if depth > 0 && number < 3 {
            object(out, words, at, depth - 1);
            continue;
        }
        let _ = writeln!(out, "{:at$}description: {}", "", words.line(8));
        match words.number(5) {
            0 => {
                let _ = writeln!(out, "{:at$}format: int32\n{:at$}minimum: 1", "", "");
                let _ = writeln!(out, "{:at$}type: integer", "");
            }
            1 => {
                let _ = writeln!(out, "{:at$}enum:\n{:at$}- Always\n{:at$}- Never", "", "", "");
                let _ = writeln!(out, "{:at$}type: string", "");
            }
            2 => {
                let _ = writeln!(out, "{:at$}items:\n{:at$}  type: string", "", "");
                let _ = writeln!(out, "{:at$}type: array", "");
                let _ = writeln!(out, "{:at$}x-kubernetes-list-type: atomic", "");
            }
            3 => {
                let _ = writeln!(out, "{:at$}default: true\n{:at$}type: boolean", "", "");
            }
            _ => {
                let _ = writeln!(out, "{:at$}pattern: ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "");
                let _ = writeln!(out, "{:at$}type: string", "");
            }
        }
    }
    let _ = writeln!(out, "{:indent$}type: object", "");
}

fn component(out: &mut String, words: &mut Words, at: usize) {
    let name = format!("component-{at}");
    let labels = format!(
        "labels:
    app.kubernetes.io/component: {name}
    app.kubernetes.io/name: dense
    app.kubernetes.io/part-of: dense"
    );
    let _ = write!(
        out,
        "---
apiVersion: v1
kind: ServiceAccount
metadata:
  {labels}
  name: {name}
  namespace: dense-system
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  {labels}
  name: {name}
rules:
"
    );
    for _ in 0..12 {
        let (group, kind) = (words.word(), words.word());
        let _ = write!(
            out,
            "- apiGroups:
  - {group}.example.com
  resources:
  - {kind}s
  - {kind}s/status
  verbs:
  - get
  - list
  - watch
  - patch
"
        );
    }
    let _ = write!(
        out,
        "---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {labels}
  name: {name}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {name}
subjects:
- kind: ServiceAccount
  name: {name}
  namespace: dense-system
---
apiVersion: v1
kind: ConfigMap
metadata:
  {labels}
  name: {name}
  namespace: dense-system
data:
  config.yaml: |
"
    );
    for number in 0..40 {
        let _ = writeln!(
            out,
            "    setting{number}: {{value: {}, why: {}}}",
            number * at,
            words.line(6)
        );
    }
    let _ = write!(
        out,
        "---
apiVersion: v1
kind: Service
metadata:
  {labels}
  name: {name}
  namespace: dense-system
spec:
  ports:
  - name: metrics
    port: 8080
    protocol: TCP
    targetPort: metrics
  selector:
    app.kubernetes.io/component: {name}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  {labels}
  name: {name}
  namespace: dense-system
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/component: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/component: {name}
    spec:
      containers:
      - name: manager
        image: registry.example.com/dense/{name}:v1.{at}.0
        imagePullPolicy: IfNotPresent
        args:
        - --leader-elect=true
        - --metrics-bind-address=:8080
        ports:
        - containerPort: 8080
          name: metrics
          protocol: TCP
        env:
"
    );
    for number in 0..24 {
        let _ = write!(
            out,
            "        - name: SETTING_{number}
          valueFrom:
            configMapKeyRef:
              key: config.yaml
              name: {name}
              optional: true
"
        );
    }
    let _ = write!(
        out,
        "        livenessProbe:
          httpGet:
            path: /healthz
            port: metrics
          initialDelaySeconds: 15
        readinessProbe:
          httpGet:
            path: /readyz
            port: metrics
        resources:
          requests:
            cpu: 10m
            memory: 64Mi
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
      serviceAccountName: {name}
"
    );
}
