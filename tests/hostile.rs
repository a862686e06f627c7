//! Inputs that make other tools hang, crash or turn green: every one is judged or named.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kubeready::check::{Request, check};
use kubeready::host::MemHost;
use kubeready::problem::{Level, Location, Problem};
use kubeready::report::Report;
use kubeready::settings::Settings;

const SOUND: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: beside\nspec:\n  containers:\n    - name: a\n      image: a:1\n";

/// Judges `hostile.yaml` beside a sound file.
fn judge(bytes: impl Into<Vec<u8>>) -> Report {
    let host = MemHost::with([("hostile.yaml", bytes.into()), ("sound.yaml", SOUND.into())]);
    let start = Instant::now();
    let report = check(&host, &request(), &Settings::default());
    // No claim of speed: a hang is minutes, not seconds.
    assert!(start.elapsed() < Duration::from_mins(1), "took {:?}", start.elapsed());
    assert!(found(&report, "naked-pod", "beside"), "the sound file beside it is judged");
    report
}

fn request() -> Request {
    Request { paths: vec!["/".into()], ..Request::default() }
}

fn found(report: &Report, rule: &str, name: &str) -> bool {
    report
        .findings
        .iter()
        .any(|f| f.rule.rule().name == rule && f.resource.as_ref().is_some_and(|r| r.name == name))
}

fn errors(report: &Report) -> Vec<&Problem> {
    report.problems.iter().filter(|p| p.level == Level::Error).collect()
}

/// Malformed: a located error, nothing else lost.
fn refuses(what: &str, bytes: impl Into<Vec<u8>>) {
    let report = judge(bytes);
    let errors = errors(&report);
    assert!(!errors.is_empty(), "{what}: no error");
    assert!(errors.iter().all(|p| p.location != Location::None), "{what}: {errors:?}");
}

/// Valid: judged without an error.
fn accepts(what: &str, bytes: impl Into<Vec<u8>>) -> Report {
    let report = judge(bytes);
    assert!(errors(&report).is_empty(), "{what}: {:?}", report.problems);
    report
}

#[test]
fn endless_nesting_is_refused() {
    refuses("open lists", "[".repeat(100_000));
    refuses("open maps", "{a: ".repeat(100_000));
    refuses("dashes", "- ".repeat(100_000));
    refuses("question marks", "? ".repeat(100_000));
    let deep: Vec<String> = (0..5_000).map(|depth| " ".repeat(depth) + "a:\n").collect();
    refuses("deep maps", deep.concat());
}

#[test]
fn bombs_of_aliases_and_merges_stay_small() {
    let mut lists = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x]\n",
    );
    let mut merges =
        String::from("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\na0: &a0 {k: v}\n");
    for level in 1..=20 {
        let before = level - 1;
        let nine = vec![format!("*a{before}"); 9].join(", ");
        let _ = writeln!(lists, "a{level}: &a{level} [{nine}]");
        let _ = writeln!(merges, "a{level}: &a{level} {{<<: [{nine}], k{level}: v}}");
    }
    judge(lists);
    judge(merges);
    refuses(
        "an alias within what it names",
        "apiVersion: v1\nkind: ConfigMap\ndata: &a\n  x: *a\n",
    );
    refuses("an alias to nothing", "apiVersion: v1\nkind: ConfigMap\ndata: *nowhere\n");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    refuses("invalid UTF-8", b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: \xff\xfe\n".to_vec());
    refuses("UTF-16", b"\xff\xfea\0:\0 \0b\0".to_vec());
    refuses("a NUL byte", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \0\n");
}

#[test]
fn broken_syntax_is_located() {
    refuses("a tab as indent", "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n");
    refuses("an open quote", "apiVersion: v1\nkind: \"Pod\nmetadata: {}\n");
    refuses("an open bracket", "apiVersion: v1\nkind: Pod\nmetadata: {name: a\n");
}

#[test]
fn one_broken_document_loses_only_itself() {
    let pod = |name: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers: []\n")
    };
    let report = judge(format!("{}---\nmetadata: [\n---\n{}", pod("first"), pod("third")));
    assert_eq!(errors(&report).len(), 1, "{:?}", report.problems);
    assert!(found(&report, "naked-pod", "first") && found(&report, "naked-pod", "third"));
}

#[test]
fn odd_separators_keep_every_document() {
    let pod = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n");
    let report = accepts(
        "separators",
        format!("--- # first\n{}---  \n{}...\n---\n{}", pod("one"), pod("two"), pod("three")),
    );
    for name in ["one", "two", "three"] {
        assert!(found(&report, "naked-pod", name), "{name}");
    }
}

#[test]
fn byte_order_marks_and_windows_line_ends_are_read() {
    let windows = "\u{feff}".to_owned() + &SOUND.replace("beside", "windows").replace('\n', "\r\n");
    assert!(found(&accepts("BOM and CRLF", windows), "naked-pod", "windows"));
}

#[test]
fn lists_and_typed_lists_are_taken_apart() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: inner}\n";
    assert!(found(&accepts("List", list), "naked-pod", "inner"));
    let typed = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: typed}\n";
    assert!(found(&accepts("PodList", typed), "naked-pod", "typed"));
}

#[test]
fn json_manifests_are_read() {
    let json = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"json\"}\n}\n";
    let host = MemHost::with([("pod.json", json)]);
    let report = check(&host, &request(), &Settings::default());
    assert!(errors(&report).is_empty(), "{:?}", report.problems);
    assert!(found(&report, "naked-pod", "json"));
}

/// One line a number.
fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
fn huge_but_valid_files_are_judged() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: huge\n";
    let pairs = numbered(100_000, |i| format!("k{i}: v, "));
    accepts("flow pairs", format!("{head}data: {{{pairs}}}\n"));
    let keys = numbered(100_000, |i| format!("  k{i}: v\n"));
    accepts("many keys", format!("{head}data:\n{keys}"));
    accepts("one long line", format!("{head}data:\n  k: {}\n", "x".repeat(5 << 20)));
    accepts("comments", format!("{}{head}", "# nothing\n".repeat(200_000)));
    let anchors = numbered(50_000, |i| format!("  k{i}: &a{i} v\n"));
    accepts("anchors", format!("{head}data:\n{anchors}"));
}

/// Every object might be every other's neighbour: the tables must not hold the pairs.
#[test]
fn thousands_of_the_same_labels_in_one_namespace_are_judged() {
    let text = numbered(2_000, |n| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{n}, namespace: one}}\n\
             spec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: \
             web}}}}, spec: {{containers: [{{name: a, image: 'a:1'}}]}}}}}}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {{name: s{n}, namespace: one}}\n\
             spec: {{type: NodePort, selector: {{app: web}}, ports: [{{port: 80, targetPort: http}}]}}\n---\n\
             apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: p{n}, namespace: one}}\n\
             spec: {{minAvailable: 1, selector: {{matchLabels: {{app: web}}}}}}\n---\n\
             apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: n{n}, namespace: \
             one}}\nspec: {{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress]}}\n---\n"
        )
    });
    let report = accepts("one namespace", text);
    assert!(found(&report, "overlapping-selectors", "d1999"));
    assert!(found(&report, "overlapping-pdbs", "d0"));
}

#[test]
fn a_file_above_the_limit_is_named() {
    let host = MemHost::with([("big.yaml", "x".repeat(2000)), ("sound.yaml", SOUND.to_owned())]);
    let mut settings = Settings::default();
    settings.max_file_size = 1000;
    let report = check(&host, &request(), &settings);
    assert_eq!(errors(&report).iter().map(|p| p.code).collect::<Vec<_>>(), ["file-too-large"]);
    assert!(found(&report, "naked-pod", "beside"));
}

#[test]
fn what_is_no_manifest_is_left_alone() {
    for text in ["", "# only a comment\n---\n", "a: 1\n", "- 1\n- 2\n", "just text\n", "null\n"] {
        accepts(text, text);
    }
}

#[test]
fn values_of_the_wrong_kind_everywhere_do_no_harm() {
    for broken in ["null", "1", "text", "[]", "{}", "[null]", "[[]]", "true"] {
        for kind in
            ["Pod", "Deployment", "Service", "NetworkPolicy", "Ingress", "Secret", "CronJob"]
        {
            for field in ["metadata", "spec", "data", "spec: {template", "spec: {template: {spec"] {
                let close = "}".repeat(field.matches('{').count());
                judge(format!("apiVersion: v1\nkind: {kind}\n{field}: {broken}{close}\n"));
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 300, failure_persistence: None, ..Default::default() })]

    /// Any bytes at all.
    #[test]
    fn arbitrary_bytes_never_break_a_run(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        judge(bytes);
    }

    /// Text made of what manifests are made of, which gets further than noise does.
    #[test]
    fn arbitrary_manifests_never_break_a_run(words in proptest::collection::vec(0..WORDS.len(), 0..80)) {
        judge(words.iter().map(|&w| WORDS[w]).collect::<String>());
    }
}

const WORDS: &[&str] = &[
    "apiVersion: v1\n",
    "apiVersion: apps/v1\n",
    "apiVersion: batch/v1\n",
    "kind: Deployment\n",
    "kind: Pod\n",
    "kind: Service\n",
    "kind: CronJob\n",
    "kind: List\n",
    "kind: NetworkPolicy\n",
    "kind: PodDisruptionBudget\n",
    "metadata:\n",
    "spec:\n",
    "  template:\n",
    "    spec:\n",
    "      containers:\n",
    "      - name: a\n",
    "        image: a\n",
    "  selector:\n",
    "    matchLabels:\n",
    "  name: a\n",
    "items:\n",
    "- ",
    "  ",
    "\n",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    ": ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "# x\n",
    "# kubeready: ignore[",
    "ports:\n",
    "replicas: 3\n",
    "data:\n",
    "é",
    "\u{feff}",
    "\t",
    "\r\n",
    "!!str ",
    "null",
    "100%",
    "  strategy: {rollingUpdate: {maxUnavailable: 0}}\n",
    "  schedule: '* * * * *'\n",
];

/// Layers of kustomizations, each including both of the layer below: doubled with every layer.
fn diamond(layers: usize, bottom: &str) -> Vec<(String, String)> {
    let mut files = vec![
        ("l0/kustomization.yaml".to_owned(), bottom.to_owned()),
        (
            "l0/c.yaml".to_owned(),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n".to_owned(),
        ),
    ];
    for layer in 1..=layers {
        for side in ["a", "b"] {
            let below = if layer == 1 {
                "../l0".to_owned()
            } else {
                format!("../l{}a, ../l{}b", layer - 1, layer - 1)
            };
            let text = format!("namePrefix: {side}-\nresources: [{below}]\n");
            files.push((format!("l{layer}{side}/kustomization.yaml"), text));
        }
    }
    files
}

#[test]
fn kustomizations_that_double_with_every_layer_end_soon() {
    for (bottom, code) in [
        ("resources: [c.yaml]\n", "too-large"),
        ("resources: [gone.yaml]\n", "kustomize-build"),
        ("resources: [../l40a]\n", "kustomize-build"),
    ] {
        let host = MemHost::with(diamond(40, bottom));
        let request = Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() };
        let report = check(&host, &request, &Settings::default());
        assert!(report.is_incomplete(), "{bottom}");
        assert!(report.problems.iter().any(|p| p.code == code), "{bottom}: {:?}", report.problems);
        assert!(report.problems.len() < 100, "{bottom}: {} problems", report.problems.len());
    }
}
