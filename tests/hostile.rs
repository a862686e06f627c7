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
    settings.limits.file_size = 1000;
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

/// Judges a chart of one template beside a sound file.
fn judge_chart(values: impl Into<Vec<u8>>, template: impl Into<Vec<u8>>) -> Report {
    let host = MemHost::with([
        ("shop/Chart.yaml", b"apiVersion: v2\nname: shop\nversion: 1.0.0\n".to_vec()),
        ("shop/values.yaml", values.into()),
        ("shop/templates/hostile.yaml", template.into()),
        ("sound.yaml", SOUND.into()),
    ]);
    judge_host(&host)
}

fn judge_host(host: &MemHost) -> Report {
    let start = Instant::now();
    let request = Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() };
    let report = check(host, &request, &Settings::default());
    assert!(start.elapsed() < Duration::from_mins(1), "took {:?}", start.elapsed());
    assert!(found(&report, "naked-pod", "beside"), "the sound file beside it is judged");
    report
}

/// A template that is stopped: a located error.
fn stops(what: &str, values: &str, template: &str) {
    let report = judge_chart(values, template);
    let errors = errors(&report);
    assert!(!errors.is_empty(), "{what}: no error");
    assert!(errors.iter().all(|p| p.location != Location::None), "{what}: {errors:?}");
}

#[test]
fn templates_that_never_end_are_stopped() {
    let again = "self: '{{ tpl .Values.self . }}'\n";
    stops(
        "loops in loops",
        "",
        "{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}",
    );
    stops(
        "loops over numbers",
        "",
        "{{ range 1000000000 }}{{ range 1000000000 }}{{ end }}{{ end }}",
    );
    stops("loops that print", "", "{{ range 1000000000 }}a line of text\n{{ end }}");
    stops(
        "an include of itself",
        "",
        "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}",
    );
    stops(
        "a template of itself",
        "",
        "{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}",
    );
    stops(
        "two of each other",
        "",
        "{{ define \"x\" }}{{ include \"y\" . }}{{ end }}{{ define \"y\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}",
    );
    stops(
        "doubled with each level",
        "",
        "{{ define \"x\" }}{{ if gt . 0 }}{{ include \"x\" (sub . 1 | int) }}{{ include \"x\" (sub . 1 | int) }}{{ end }}{{ end }}{{ include \"x\" 60 }}",
    );
    stops("tpl of itself", again, "{{ tpl .Values.self . }}");
    stops(
        "tpl that grows",
        "",
        "{{ define \"x\" }}{{ tpl (print \"{{ include \\\"x\\\" . }}\") . }}{{ end }}{{ include \"x\" . }}",
    );
    stops(
        "the whole file of itself",
        "",
        "{{ include (print .Template.BasePath \"/hostile.yaml\") . }}",
    );
}

#[test]
fn templates_that_print_without_bounds_are_stopped() {
    let doubling = |step: &str, print: &str| {
        format!(
            "{{{{ $x := {} }}}}{{{{ range until 60 }}}}{{{{ $x = {step} }}}}{{{{ end }}}}a: {print}\n",
            if step.starts_with("concat") { "list 1" } else { "\"x\"" }
        )
    };
    stops("repeat", "", "{{ repeat 1000000000 \"xxxxxxxxxx\" }}");
    stops("repeat of repeat", "", "{{ repeat 10000 (repeat 10000 (repeat 10000 \"x\")) }}");
    stops("indent", "", "{{ indent 1000000000 \"a\\nb\\nc\" }}");
    stops("a wide verb", "", "{{ printf \"%900000d\" 1 | repeat 100000 }}");
    stops("a random text", "", "{{ randAlphaNum 2000000000 }}");
    stops("a sequence", "", "a: {{ seq 1 2000000000 }}");
    stops("until", "", "a: {{ until 2000000000 | len }}");
    stops("untilStep", "", "a: {{ untilStep 0 2000000000 1 | len }}");
    stops("doubled texts", "", &doubling("print $x $x", "{{ $x }}"));
    stops("doubled lists", "", &doubling("concat $x $x", "{{ len $x }}"));
    stops("doubled by replace", "", &doubling("replace \"x\" \"xx\" $x", "{{ $x }}"));
    stops("doubled by patterns", "", &doubling("regexReplaceAll \"(x)\" $x \"$1$1\"", "{{ $x }}"));
    stops("doubled by joins", "", &doubling("list $x $x | join \",\"", "{{ $x }}"));
    stops("doubled maps in YAML", "", &doubling("dict \"a\" $x \"b\" $x", "{{ toYaml $x }}"));
    stops("doubled maps in JSON", "", &doubling("dict \"a\" $x \"b\" $x", "{{ toJson $x }}"));
    judge_chart("", doubling("dict \"a\" $x \"b\" $x", "{{ print $x | len }}"));
    stops(
        "doubled maps copied",
        "",
        &doubling("dict \"a\" $x \"b\" $x", "{{ deepCopy $x | len }}"),
    );
    stops(
        "doubled maps merged",
        "",
        &doubling("dict \"a\" $x \"b\" $x", "{{ merge (dict) $x (deepCopy $x) | len }}"),
    );
    // Go takes no time for this pattern, and neither must we.
    judge_chart(
        format!("a: {}\n", "a".repeat(50_000)),
        "a: {{ regexMatch \"^(a*)*b$\" .Values.a }}\n",
    );
}

#[test]
fn maps_that_hold_themselves_come_to_an_end() {
    for print in [
        "toYaml .Values",
        "toJson .Values",
        "toPrettyJson .Values",
        "toToml .Values",
        "print .Values",
        "quote .Values",
        "printf \"%v\" .Values",
        "deepCopy .Values | len",
        "deepEqual .Values (deepCopy .Values)",
        "merge (dict) .Values | toYaml",
        "mergeOverwrite .Values .Values | toYaml",
        "list .Values .Values | uniq | toYaml",
        "has .Values (list .Values (dict))",
    ] {
        let template = format!(
            "kind: ConfigMap\n{{{{ $_ := set .Values \"own\" .Values }}}}a: {{{{ {print} | toString | len }}}}\n"
        );
        judge_chart("a: 1\n", template);
        let template = format!(
            "kind: ConfigMap\n{{{{ $_ := set .Values.a \"b\" (list .Values) }}}}a: {{{{ {print} | toString | len }}}}\n"
        );
        judge_chart("a: {c: 1}\n", template);
    }
}

#[test]
fn templates_that_nest_without_end_are_refused() {
    let times = |text: &str, count: usize| text.repeat(count);
    let many = 100_000;
    stops("brackets", "", &format!("a: {{{{ {}1{} }}}}", times("(", many), times(")", many)));
    stops("open brackets", "", &format!("a: {{{{ {}", times("(", many)));
    stops(
        "conditions",
        "",
        &format!("{}a: b{}", times("{{ if true }}", many), times("{{ end }}", many)),
    );
    stops("open conditions", "", &times("{{ if true }}", many));
    stops(
        "conditions otherwise",
        "",
        &format!("{{{{ if false }}}}{}{{{{ end }}}}", times("{{ else if false }}", many)),
    );
    stops(
        "loops",
        "",
        &format!("{}a{}", times("{{ range until 1 }}", many), times("{{ end }}", many)),
    );
    stops("fields", "", &format!("a: {{{{ .Values{} }}}}", times(".a", many)));
    stops("values", &format!("a: {}{}", times("{a: ", many), times("}", many)), "a: b\n");
    stops("values of lists", &format!("a: {}{}", times("[", many), times("]", many)), "a: b\n");
    let json = times("{\\\"a\\\":", 10_000);
    judge_chart("", format!("kind: ConfigMap\na: {{{{ fromJson \"{json}\" | toYaml | len }}}}\n"));
    stops("what is printed", "", &format!("a: {{{{ repeat {many} \"[\" }}}}\n"));
    // Long is not deep.
    judge_chart("", format!("kind: ConfigMap\na: {{{{ 1 {} }}}}\n", times("| int ", 20_000)));
    judge_chart("", format!("kind: ConfigMap\n{}", times("{{ $x := 1 }}", 50_000)));
    judge_chart("", format!("kind: ConfigMap\n{}", times("{{/* nothing */}}", 50_000)));
}

#[test]
fn huge_values_and_templates_are_judged_or_named() {
    let values = numbered(50_000, |i| format!("k{i}: {{a: 'value {i}', b: [1, 2]}}\n"));
    judge_chart(&*values, "kind: ConfigMap\ndata: {{ toYaml .Values | nindent 2 }}\n");
    judge_chart(&*values, "kind: ConfigMap\ndata: {{ toJson .Values | sha256sum }}\n");
    judge_chart(
        format!("long: {}\n", "x".repeat(10 << 20)),
        "kind: ConfigMap\na: {{ .Values.long | quote }}\n",
    );
    judge_chart(
        "",
        format!(
            "kind: ConfigMap\ndata:\n{}",
            numbered(50_000, |i| format!("  k{i}: {{{{ {i} }}}}\n"))
        ),
    );
    judge_chart(b"a: \xff\xfe\n".to_vec(), "kind: ConfigMap\n");
    judge_chart("a: b\n", b"kind: \xff\xfe{{ .Values.a }}\n".to_vec());
    judge_chart("- a\n- b\n", "kind: ConfigMap\na: {{ .Values }}\n");
    judge_chart("just text\n", "kind: ConfigMap\na: {{ .Values }}\n");
    judge_chart("a: 1\n---\nb: 2\n", "kind: ConfigMap\na: {{ .Values.b }}\n");
}

/// Gzip of so many bytes of nothing, behind a first part.
fn packed(first: &[u8], nothing: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(first).expect("memory");
    let block = vec![0; 1 << 20];
    for _ in 0..nothing >> 20 {
        writer.write_all(&block).expect("memory");
    }
    writer.finish().expect("memory")
}

/// The head of a member of a tar archive.
fn head(name: &str, size: &str, kind: u8) -> [u8; 512] {
    let mut head = [0_u8; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[124..124 + size.len()].copy_from_slice(size.as_bytes());
    head[156] = kind;
    head[257..263].copy_from_slice(b"ustar\0");
    head[148..156].fill(b' ');
    let sum: u64 = head.iter().map(|byte| u64::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    head
}

#[test]
fn archives_that_blow_up_are_named() {
    let file = |name: &str, text: &str| {
        let mut bytes = head(name, &format!("{:011o}", text.len()), b'0').to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(bytes.len().div_ceil(512) * 512, 0);
        bytes
    };
    let chart = "apiVersion: v2\nname: part\nversion: 1.0.0\n";
    let archives = [
        ("nothing", Vec::new()),
        ("no gzip", b"not an archive".to_vec()),
        ("a gzip of no tar", packed(b"words", 0)),
        ("cut off", {
            let mut whole = packed(&file("part/Chart.yaml", chart), 1 << 20);
            whole.truncate(40);
            whole
        }),
        (
            "much of nothing",
            packed(
                &[file("part/Chart.yaml", chart), head("part/zero", "00400000000", b'0').to_vec()]
                    .concat(),
                80 << 20,
            ),
        ),
        ("a size that it has not", packed(&head("part/Chart.yaml", "77777777777", b'0'), 0)),
        ("a size that is none", packed(&head("part/Chart.yaml", "nine", b'0'), 0)),
        (
            "many files",
            packed(
                &numbered(1, |_| String::new())
                    .into_bytes()
                    .into_iter()
                    .chain(
                        (0..20_000).flat_map(|i| head(&format!("part/f{i}"), "00000000000", b'0')),
                    )
                    .collect::<Vec<_>>(),
                0,
            ),
        ),
        ("paths that leave it", packed(&file("../../Chart.yaml", chart), 0)),
        ("a path of the root", packed(&file("/etc/Chart.yaml", chart), 0)),
        ("a link", packed(&head("part/Chart.yaml", "00000000000", b'2'), 0)),
    ];
    for (what, bytes) in archives {
        let host = MemHost::with([
            ("shop/Chart.yaml", b"apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: part, version: '*'}]\n".to_vec()),
            ("shop/charts/part-1.0.0.tgz", bytes),
            ("sound.yaml", SOUND.into()),
        ]);
        let report = judge_host(&host);
        assert!(!report.problems.is_empty(), "{what}: nothing is said");
    }
}
