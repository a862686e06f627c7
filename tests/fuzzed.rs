//! What fuzzing found, in small: inputs that grew without bounds, crashed, or came out wrong.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kubeready::check::{Request, check};
use kubeready::host::MemHost;
use kubeready::problem::Location;
use kubeready::report::{Format, Report, Style, render};
use kubeready::settings::Settings;

/// Judges files; a hang is minutes.
fn judge<T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (&'static str, T)>) -> Report {
    let host = MemHost::with(files);
    let start = Instant::now();
    let request = Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() };
    let report = check(&host, &request, &Settings::default());
    assert!(start.elapsed() < Duration::from_mins(1), "took {:?}", start.elapsed());
    report
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {a: b}}\ndata: {a: 'x:y', b: ~, k: v}\n";

/// Judges a kustomization of one ConfigMap; what is said about it.
fn build(kustomization: &str, more: &str) -> Vec<String> {
    let report = judge([
        ("kustomization.yaml", format!("resources: [c.yaml]\n{kustomization}")),
        ("c.yaml", CONFIG.to_owned()),
        ("more.yaml", more.to_owned()),
    ]);
    report.problems.iter().map(|problem| problem.message.clone()).collect()
}

fn refuses(what: &str, kustomization: &str, more: &str, why: &str) {
    let said = build(kustomization, more);
    assert!(said.iter().any(|message| message.contains(why)), "{what}: {said:?}");
}

/// So many lines, each of its number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, at| {
        let _ = writeln!(all, "{}", line(at));
        all
    })
}

const PATCH: &str = "patches: [{path: more.yaml, target: {kind: ConfigMap}}]\n";

#[test]
fn patches_that_copy_their_own_copies_are_stopped() {
    let doubling = lines(60, |at| format!("- {{op: copy, from: '', path: /data/d{at}}}"));
    refuses("doubled", PATCH, &doubling, "writes more than");
    let deeper = lines(20_000, |_| "- {op: copy, from: /data, path: /data/d}".to_owned());
    refuses("deeper and deeper", PATCH, &deeper, "maps and lists deep");
    let moved = lines(20_000, |_| {
        "- {op: add, path: /x, value: {}}\n- {op: move, from: /data, path: /x/data}\n- {op: move, from: /x, path: /data}"
            .to_owned()
    });
    refuses("moved into each other", PATCH, &moved, "maps and lists deep");
}

#[test]
fn large_maps_are_merged_and_compared_key_by_key() {
    let keys = lines(100_000, |at| format!("  k{at}: v"));
    let config = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n{keys}");
    let test = format!("- op: test\n  path: /data\n  value:\n{}", keys.replace("  k", "    k"));
    let report = judge([
        ("kustomization.yaml", "resources: [c.yaml]\npatches:\n- path: same.yaml\n- {path: test.yaml, target: {kind: ConfigMap}}\n".to_owned()),
        ("c.yaml", config.clone()),
        ("same.yaml", config),
        ("test.yaml", test),
    ]);
    assert!(!report.is_incomplete(), "{:?}", report.problems);
}

#[test]
fn what_is_printed_holds_no_command_to_a_terminal() {
    let host = MemHost::with([
        ("a\u{1b}[31m/kustomization.yaml", "resources: [c.yaml]\n"),
        ("a\u{1b}[31m/c.yaml", CONFIG),
    ]);
    let request = Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() };
    let text = kubeready::check::printed(&host, &request, &Settings::default(), true).text;
    assert!(text.contains("kind: ConfigMap") && !text.contains('\u{1b}'), "{text}");
}

/// What a person reads in the end.
fn pretty(report: &Report) -> String {
    let mut out = Vec::new();
    render(report, Format::Pretty, Style::PLAIN, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_carriage_return_within_a_line_is_shown_as_a_character() {
    let text = pretty(&judge([("pod.yaml", "kind: Pod # \raged\r\napiVersion: v2\r\n")]));
    assert!(text.contains("kind: Pod # ?aged\n") && !text.contains('\r'), "{text}");
}

#[test]
fn a_template_that_prints_a_mark_within_a_document_is_told_at_the_whole_mark() {
    let report = judge([
        ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("c/templates/a.yaml", "kind: \u{feff}ConfigMap\n"),
    ]);
    let text = pretty(&report);
    assert!(text.contains("c/templates/a.yaml:1:7") && text.contains("BOM"), "{text}");
    let places = report.problems.iter().filter_map(|problem| match problem.location {
        Location::Span(span) => {
            Some(report.sources.get(span.source).text.get(span.start as usize..span.end as usize))
        }
        _ => None,
    });
    assert_eq!(places.collect::<Vec<_>>(), [Some("\u{feff}")], "{text}");
}

#[test]
fn a_broken_line_behind_bytes_that_are_no_text_is_told_at_the_file() {
    let files: [(_, &[u8]); 3] = [
        ("c/Chart.yaml", b"apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("c/.helmignore", b"# \xff\xff\xff\xff\n**/x\n"),
        ("c/templates/a.yaml", b"kind: ConfigMap\n"),
    ];
    let text = pretty(&judge(files));
    assert!(text.contains("no such line in `.helmignore`"), "{text}");
    assert!(text.contains("c/.helmignore:1:1"), "{text}");
}

#[test]
fn replacements_that_copy_their_own_copies_are_stopped() {
    let each = |count: usize, source: &str, target: &dyn Fn(usize) -> String| {
        let entry = |at| {
            format!(
                "- source: {{kind: ConfigMap, fieldPath: {source}}}\n  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{}]}}]",
                target(at)
            )
        };
        format!("replacements:\n{}", lines(count, entry))
    };
    let create = |path: String| format!("'{path}'], options: {{create: true}}, reject: [");
    let doubling = each(40, "data", &|at| create(format!("data.d{at}")));
    refuses("doubled", &doubling, "", "writes more than");
    let deeper = each(3_000, "data", &|_| create("data.d".to_owned()));
    refuses("deeper and deeper", &deeper, "", "maps and lists deep");
    let longer = each(60, "data.a", &|_| {
        "data.a], options: {delimiter: ':', index: -1}, reject: [".to_owned()
    });
    refuses("longer and longer", &longer, "", "writes more than");
}

#[test]
fn paths_that_are_longer_than_anything_is_deep_are_refused() {
    let path = "a/".repeat(100_000);
    let labels =
        format!("labels: [{{pairs: {{a: b}}, fields: [{{path: {path}x, create: true}}]}}]\n");
    refuses("labels", &labels, "", "leads nowhere");
    let path = "a.".repeat(100_000);
    let replacement = format!(
        "replacements: [{{source: {{kind: ConfigMap}}, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{path}x], options: {{create: true}}}}]}}]\n"
    );
    refuses("replacements", &replacement, "", "leads nowhere");
}

#[test]
fn variables_that_would_fill_the_memory_are_stopped() {
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, annotations: {{long: {}}}}}\nspec:\n  containers: [{{name: a, image: a, args: ['{}']}}]\n",
        "x".repeat(500_000),
        "$(V)".repeat(100_000)
    );
    let vars = "vars: [{name: V, objref: {apiVersion: v1, kind: Pod, name: p}, fieldref: {fieldpath: metadata.annotations.long}}]\n";
    let report =
        judge([("kustomization.yaml", format!("resources: [p.yaml]\n{vars}")), ("p.yaml", pod)]);
    let said: Vec<_> = report.problems.iter().map(|problem| &problem.message).collect();
    assert!(said.iter().any(|message| message.contains("writes more than")), "{said:?}");
}
