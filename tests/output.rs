//! Every form of a report: what users and machines read.

use std::path::PathBuf;

use kubeready::catalogue::{self, Severity};
use kubeready::check::{Request, check};
use kubeready::host::MemHost;
use kubeready::problem::{Code, Problem};
use kubeready::report::{self, Exit, Format, Report, Style, checklist};
use kubeready::settings::{FailOn, Settings};
use kubeready::source::{SourceId, Span};
use serde_json::Value;

/// A file whose finding stands behind multi-byte text, and one with carriage returns.
const NAKED: &str = "\
apiVersion: v1
kind: Pod
metadata: {labels: {größe: '10%'}, name: wäb, namespace: shop}
spec:
  containers:
    - name: web
      image: registry.example.com/web:1
";

const SOUND: &str = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n";

fn judge(files: &[(&str, &str)]) -> Report {
    let host = MemHost::with(files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())));
    let rule = catalogue::find("naked-pod").expect("a rule of the catalogue");
    let request = Request { paths: vec![PathBuf::from("/")], ..Request::default() };
    check(&host, &request, &Settings::only(&[rule]))
}

/// One finding with everything it can have, and one problem of each level.
fn full() -> Report {
    let mut report = judge(&[("a,b/50%.yaml", NAKED), ("c.yaml", SOUND)]);
    let finding = &mut report.findings[0];
    finding.help("run it from a Deployment").label("nothing recreates it");
    finding.related(Span { source: SourceId(0), start: 15, end: 24 }, "a bare kind");
    finding.related(Span { source: SourceId(1), start: 6, end: 15 }, "the other file");
    report.problems = vec![
        Problem::error(Code::YamlSyntax, "line one\nline two")
            .at(Span { source: SourceId(1), start: 0, end: 4 })
            .help("mend it")
            .also("naked-pod"),
        Problem::note(Code::NotRendered, "a chart").in_file("chart/x y.yaml"),
        Problem::note(Code::Settings, "nothing"),
    ];
    report
}

fn render(report: &Report, format: Format) -> String {
    render_as(report, format, Style::PLAIN)
}

fn render_as(report: &Report, format: Format, style: Style) -> String {
    let mut out = Vec::new();
    report::render(report, format, style, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn parsed(report: &Report, format: Format) -> Value {
    serde_json::from_str(&render(report, format)).expect("JSON")
}

#[test]
fn concise_is_a_line_a_finding() {
    assert_eq!(
        render(&full(), Format::Concise),
        "a,b/50%.yaml:3:42: warning[naked-pod] pod `wäb` has no controller\n\
         c.yaml:1:1: problem-error[yaml-syntax] line one line two; mend it\n\
         chart/x y.yaml: problem-note[not-rendered] a chart\n\
         kubeready: problem-note[settings] nothing\n"
    );
}

#[test]
fn github_escapes_what_its_commands_would_swallow() {
    assert_eq!(
        render(&full(), Format::Github),
        "::warning file=a%2Cb/50%25.yaml,line=3,endLine=3,col=42,endColumn=44,title=naked-pod::\
         pod `wäb` has no controller%0Ahelp: run it from a Deployment%0A\
         kubeready explain naked-pod\n\
         ::error file=c.yaml,line=1,endLine=1,col=1,endColumn=4,title=yaml-syntax::\
         line one%0Aline two%0Ahelp: mend it\n\
         ::notice file=chart/x y.yaml,title=not-rendered::a chart\n\
         ::notice title=settings::nothing\n"
    );
}

#[test]
fn json_follows_its_schema() {
    let schema: Value = serde_json::from_str(report::JSON_SCHEMA).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for report in [full(), judge(&[("c.yaml", SOUND)]), judge(&[("a.yaml", NAKED)])] {
        let json = parsed(&report, Format::Json);
        let errors: Vec<_> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{json:#}");
    }
}

#[test]
fn json_says_where_in_code_points_and_bytes() {
    let json = parsed(&full(), Format::Json);
    let finding = &json["findings"][0];
    let bytes = NAKED.find("wäb").expect("is there");
    for (key, expected) in [
        ("rule", "naked-pod".into()),
        ("severity", "warning".into()),
        ("file", "a,b/50%.yaml".into()),
        ("line", 3.into()),
        ("column", 42.into()),
        ("end_line", 3.into()),
        ("end_column", 45.into()),
        ("start", bytes.into()),
        ("end", (bytes + "wäb".len()).into()),
        ("field", "metadata.name".into()),
        ("help", "run it from a Deployment".into()),
        ("episode", 1.into()),
        ("item", "4".into()),
        ("resource", serde_json::json!({"kind": "Pod", "namespace": "shop", "name": "wäb"})),
    ] {
        assert_eq!(finding[key], Value::clone(&expected), "{key}");
    }
    assert_eq!(finding["related"][1]["file"], "c.yaml");
    assert_eq!(finding["related"][1]["column"], 7);
    assert_eq!(json["summary"]["findings"]["warning"], 1);
    assert_eq!(json["summary"]["problems"]["note"], 2);
}

#[test]
fn lines_end_before_the_carriage_return() {
    let report = judge(&[("a.yaml", &NAKED.replace('\n', "\r\n"))]);
    let finding = &parsed(&report, Format::Json)["findings"][0];
    assert_eq!((&finding["line"], &finding["column"]), (&3.into(), &42.into()));
    let pretty = render(&report, Format::Pretty);
    assert!(!pretty.contains('\r'), "{pretty:?}");
    assert!(pretty.contains("a.yaml:3:42"), "{pretty}");
}

#[test]
fn sarif_follows_the_official_schema() {
    // Published with a stray `]` in two patterns, which only the laxest readers take.
    let schema = include_str!("data/sarif-schema-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    for report in [full(), judge(&[("c.yaml", SOUND)])] {
        let sarif = parsed(&report, Format::Sarif);
        let errors: Vec<_> = validator.iter_errors(&sarif).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{sarif:#}");
    }
}

#[test]
fn sarif_carries_the_page_the_place_and_the_problems() {
    let sarif = parsed(&full(), Format::Sarif);
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_eq!(result["ruleIndex"], 0);
    assert_eq!(rule["id"], "naked-pod");
    assert_eq!(rule["name"], "NakedPod");
    assert!(rule["help"]["markdown"].as_str().is_some_and(|page| page.contains("## Why")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%2Cb/50%25.yaml");
    let before = NAKED[..NAKED.find("wäb").expect("is there")].chars().count();
    let region = serde_json::json!({
        "startLine": 3, "startColumn": 42, "endLine": 3, "endColumn": 45,
        "charOffset": before, "charLength": 3,
    });
    assert_eq!(place["region"], region);
    let logical = &result["locations"][0]["logicalLocations"][0];
    assert_eq!(logical["fullyQualifiedName"], "Pod/shop/wäb");
    assert_eq!(result["relatedLocations"].as_array().map(Vec::len), Some(2));
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notes = &invocation["toolExecutionNotifications"];
    assert_eq!(notes[0]["associatedRule"]["id"], "naked-pod");
    assert_eq!(notes[1]["level"], "note");
}

#[test]
fn pretty_shows_source_reason_and_help() {
    let pretty = render(&full(), Format::Pretty);
    for part in [
        "── a,b/50%.yaml ── 1 finding ──",
        "warning[naked-pod]",
        "pod `wäb` has no controller",
        "[a,b/50%.yaml:3:42]",
        "metadata: {labels: {größe: '10%'}, name: wäb, namespace: shop}",
        "─┬─",
        "nothing recreates it",
        "a bare kind",
        "  see: c.yaml:1:7 the other file",
        "  help: run it from a Deployment",
        "  why: ",
        "episode 1 · item 4 · kubeready explain naked-pod",
        "could not be judged[yaml-syntax]",
        "chart/x y.yaml: a chart",
        "0 errors, 1 warning, 0 advice in ",
        "1 problem above: the verdict is not complete",
    ] {
        assert!(pretty.contains(part), "{part:?} is not in\n{pretty}");
    }
    assert!(!pretty.contains('\u{1b}'));
    // The underline stands below the name, whatever the bytes before it.
    let lines: Vec<&str> = pretty.lines().collect();
    let at = lines.iter().position(|l| l.contains("name: wäb")).expect("the source line");
    let column = |line: &str, needle: &str| line.find(needle).map(|i| line[..i].chars().count());
    assert_eq!(column(lines[at], "wäb"), column(lines[at + 1], "─┬─"), "{pretty}");
}

#[test]
fn pretty_suits_the_terminal() {
    let report = full();
    let plain = Style { color: false, unicode: false, width: 60 };
    let ascii = render_as(&report, Format::Pretty, plain);
    let own: String = ascii.chars().filter(|c| !c.is_ascii()).collect();
    assert!(own.chars().all(|c| "äößü".contains(c)), "only the source's own letters: {own}");
    let coloured = render_as(&report, Format::Pretty, Style { color: true, ..Style::PLAIN });
    assert!(coloured.contains("\u{1b}[33mwarning[naked-pod]"), "{coloured:?}");
}

#[test]
fn pretty_survives_hostile_text() {
    // A terminal's escapes in a name and in a comment; one line of a megabyte.
    let escape = NAKED.replace("wäb", "\"a\\e[31mb\"").replace("kind: Pod", "kind: Pod # \u{85}x");
    let report = judge(&[("a.yaml", &escape)]);
    assert!(!render(&report, Format::Pretty).contains('\u{1b}'));
    assert!(!render(&report, Format::Concise).contains('\u{1b}'));

    let long = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"annotations\": {{\"a\": \
         \"{}\"}}, \"name\": \"web\"}}, \"spec\": {{\"containers\": []}}}}",
        "ü".repeat(500_000)
    );
    let report = judge(&[("a.json", &long)]);
    assert_eq!(report.findings.len(), 1);
    let pretty = render(&report, Format::Pretty);
    assert!(pretty.len() < 4000, "{}", pretty.len());
    assert!(pretty.contains("\"web\""), "{pretty}");
}

#[test]
fn exit_codes_two_beats_one_beats_zero() {
    let clean = judge(&[("c.yaml", SOUND)]);
    let mut found = judge(&[("a.yaml", NAKED)]);
    assert_eq!(clean.exit(FailOn::Warning), Exit::Clean);
    assert_eq!(found.exit(FailOn::Warning), Exit::Findings);
    assert_eq!(found.exit(FailOn::Error), Exit::Clean);
    assert_eq!(found.exit(FailOn::Never), Exit::Clean);
    found.findings[0].severity(Severity::Advice);
    assert_eq!(found.exit(FailOn::Warning), Exit::Clean);
    assert_eq!(found.exit(FailOn::Advice), Exit::Findings);
    found.problems.push(Problem::note(Code::NotRendered, "a chart"));
    assert_eq!(found.exit(FailOn::Advice), Exit::Findings);
    found.make_strict();
    assert_eq!(found.exit(FailOn::Advice), Exit::Failed);
}

#[test]
fn the_checklist_counts_and_points_to_the_episode() {
    let report = judge(&[("a.yaml", NAKED)]);
    let mut out = Vec::new();
    checklist::write_json(&report, &mut out).expect("writing to memory");
    let json: Value = serde_json::from_slice(&out).expect("JSON");
    let item = &json["items"][3];
    assert_eq!((&item["item"], &item["state"]), (&"4".into(), &"missing".into()));
    assert_eq!(item["episodes"], serde_json::json!([1]));
    assert_eq!(item["rules"][0]["failing"], 1);
    assert_eq!(json["items"][0]["state"], "not applicable");

    let mut out = Vec::new();
    checklist::write_pretty(&report, Style::PLAIN, &mut out).expect("writing to memory");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.contains("✖ Item 4: Replicas"), "{text}");
    assert!(text.contains("revisit episode 1: Production mindset"), "{text}");
    let mut out = Vec::new();
    checklist::write_markdown(&report, &mut out).expect("writing to memory");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.contains("- [ ] **Item 4: Replicas"), "{text}");
}

/// The checklist of what every rule says, in each of its forms.
fn checklist_of(text: &str) -> (Report, String, String, Value) {
    checklist_of_files(&[("a.yaml", text)])
}

fn checklist_of_files(files: &[(&str, &str)]) -> (Report, String, String, Value) {
    checklist_with(files, &Settings::default())
}

fn checklist_with(files: &[(&str, &str)], settings: &Settings) -> (Report, String, String, Value) {
    let host = MemHost::with(files.iter().copied());
    let request = Request { paths: vec![PathBuf::from("/")], ..Request::default() };
    let report = check(&host, &request, settings);
    let (mut pretty, mut markdown, mut json) = (Vec::new(), Vec::new(), Vec::new());
    checklist::write_pretty(&report, Style::PLAIN, &mut pretty).expect("writing to memory");
    checklist::write_markdown(&report, &mut markdown).expect("writing to memory");
    checklist::write_json(&report, &mut json).expect("writing to memory");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let json = serde_json::from_slice(&json).expect("JSON");
    (report, text(pretty), text(markdown), json)
}

/// Whether a line of the checklist begins with these words, however wide its columns are.
fn tells(pretty: &str, words: &str) -> bool {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    pretty.lines().any(|l| line(l).starts_with(words))
}

#[test]
fn an_item_is_not_met_by_what_its_rules_are_not_about() {
    let foreign = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a, namespace: b}\n";
    let (report, pretty, markdown, json) = checklist_of(foreign);
    let met: Vec<_> = checklist::entries(&report)
        .into_iter()
        .filter(|entry| entry.state != checklist::State::NotApplicable)
        .map(|entry| entry.item.name())
        .collect();
    assert_eq!(met, [""; 0], "{pretty}");
    let rules = catalogue::rules().zip(&report.summary.examined);
    let looked: Vec<_> = rules.filter(|(_, n)| **n > 0).map(|((_, rule), _)| rule.name).collect();
    let about_everything = [
        "deprecated-api",
        "duplicate-key",
        "duplicate-object",
        "implicit-typed-string",
        "invalid-field-type",
        "missing-required-field",
        "removed-api",
        "unknown-field",
        "yaml-syntax-error",
        "hardcoded-credential",
    ];
    assert_eq!(looked, about_everything, "a rule about something else calls `ctx.pass_over()`");
    let why = "nothing here tells whether it is met; `kubeready explain item:5` lists its rules";
    assert!(
        pretty.contains(&format!("– Item 5: Observability  not judged\n    {why}\n")),
        "{pretty}"
    );
    let line = "- [ ] **Item 5: Observability** (not judged)";
    assert!(markdown.contains(&format!("{line}\n  - {why}\n")), "{markdown}");
    assert_eq!(json["items"][4]["state"], "not applicable");
    assert_eq!(json["items"][4]["rules"], serde_json::json!([]));
}

#[test]
fn what_makes_no_object_is_no_verdict_though_rules_looked() {
    let (_, pretty, _, json) = checklist_of_files(&[
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("values.yaml", "on: false\n"),
        ("templates/a.yaml", "{{ if .Values.on }}a: b{{ end }}\n"),
    ]);
    assert!(pretty.contains("Item 6: Automated deployment  not judged\n"), "{pretty}");
    assert_eq!(json["items"][5]["state"], "not applicable");
}

#[test]
fn a_release_that_detects_drift_is_one_that_the_rule_is_about() {
    let release = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: b}
spec: {driftDetection: {mode: enabled}}
";
    let (.., json) = checklist_of(release);
    let rules = json["items"][5]["rules"].as_array().expect("rules");
    let name = "helm-release-drift-detection-off";
    let rule = rules.iter().find(|rule| rule["rule"] == name).expect("it looked");
    assert_eq!((&rule["examined"], &rule["failing"]), (&1.into(), &0.into()));
}

#[test]
fn an_item_of_subjects_without_findings_is_met() {
    let flux = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: a}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: chat, namespace: flux-system}
spec: {type: slack, channel: a, secretRef: {name: slack}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: chat, namespace: flux-system}
spec:
  providerRef: {name: chat}
  eventSources: [{kind: Kustomization, name: '*'}]
";
    let (_, pretty, ..) = checklist_of(flux);
    assert!(
        pretty.contains("✔ Item 5: Observability  met\n    1 rule without findings"),
        "{pretty}"
    );
    let (_, pretty, markdown, json) = checklist_of(flux.split("---").next().unwrap_or(""));
    assert!(pretty.contains("✔ Item 5: Observability  met, with advice\n"), "{pretty}");
    assert!(
        markdown.contains("- [x] **Item 5: Observability** (met, with advice)\n"),
        "{markdown}"
    );
    let item = &json["items"][4];
    assert_eq!((&item["state"], &item["advice"]), (&"met".into(), &1.into()), "{item}");
    assert_eq!((&item["errors"], &item["warnings"]), (&0.into(), &0.into()), "{item}");
}

/// A workload of two containers.
fn workload(kind: &str, name: &str, more: &str, resources: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n{more}  template:\n    metadata: {{labels: \
         {{app: {name}}}}}\n    spec:\n      containers:\n      - {{name: a, image: 'a.example/a:1'\
         {resources}}}\n      - {{name: b, image: 'a.example/b:1'{resources}}}\n---\n"
    )
}

#[test]
fn only_subjects_of_a_rule_are_counted() {
    let both = workload("Deployment", "web", "  replicas: 1\n", "")
        + &workload("DaemonSet", "log", "", "");
    let (_, pretty, ..) = checklist_of(&both);
    assert!(tells(&pretty, "0 of 1 workload fine too-few-replicas"), "{pretty}");
    assert!(pretty.contains("– Beyond the checklist: "), "{pretty}");
}

#[test]
fn a_workload_with_two_broken_containers_is_one() {
    let resources = ", resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}";
    let both = workload("Deployment", "web", "  replicas: 2\n", resources)
        + &workload("Deployment", "api", "  replicas: 2\n", "");
    let (_, pretty, ..) = checklist_of(&both);
    assert!(tells(&pretty, "1 of 2 workloads fine request-exceeds-limit"), "{pretty}");
}

#[test]
fn workloads_of_one_replica_or_none_are_not_praised_for_their_budgets() {
    let one = workload("Deployment", "web", "  replicas: 1\n", "")
        + &workload("Deployment", "job", "  replicas: 0\n", "");
    let (report, pretty, ..) = checklist_of(&one);
    assert!(tells(&pretty, "0 of 1 workload fine too-few-replicas"), "{pretty}");
    let rules = catalogue::rules().zip(&report.summary.examined);
    let mut budgets = rules.filter(|((_, rule), _)| rule.name == "missing-pod-disruption-budget");
    assert_eq!(budgets.next().map(|(_, examined)| *examined), Some(0));
}

#[test]
fn one_finding_about_many_counts_against_each() {
    let web = workload("Deployment", "web", "  replicas: 1\n", "");
    let overlay = "resources: [../../base]\n";
    let (_, pretty, ..) = checklist_of_files(&[
        ("base/web.yaml", &web),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("overlays/eu/kustomization.yaml", overlay),
        ("overlays/us/kustomization.yaml", overlay),
    ]);
    assert!(tells(&pretty, "0 of 4 containers fine missing-memory-limit"), "{pretty}");
    assert!(tells(&pretty, "0 of 2 workloads fine too-few-replicas"), "{pretty}");
    let printed = web.replace("name: web", "name: {{ . }}").replace("---\n", "");
    let template = format!("{{{{ range .Values.apps }}}}\n---\n{printed}{{{{ end }}}}\n");
    let (_, pretty, ..) = checklist_of_files(&[
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("values.yaml", "apps: [a, b, c]\n"),
        ("templates/web.yaml", &template),
    ]);
    assert!(tells(&pretty, "0 of 6 containers fine missing-memory-limit"), "{pretty}");
    assert!(tells(&pretty, "0 of 3 workloads fine too-few-replicas"), "{pretty}");
}

#[test]
fn where_a_rule_is_off_it_looked_at_nothing() {
    let web = workload("Deployment", "web", "  replicas: 1\n", "");
    let overlay = "resources: [../../base]\n";
    let files = [
        ("base/web.yaml", &*web),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("overlays/dev/kustomization.yaml", overlay),
        ("overlays/prod/kustomization.yaml", overlay),
    ];
    let with = |text: &str| {
        let tree = kubeready::settings::read(text, kubeready::source::SourceId(0)).0;
        let line = kubeready::settings::CommandLine::default();
        let settings = kubeready::settings::resolve(Some(&tree), &line).expect("settings");
        checklist_with(&files, &settings).1
    };
    // What is tried out is asked less.
    let pretty = with("{}\n");
    assert!(tells(&pretty, "0 of 1 workload fine run-as-non-root-missing"), "{pretty}");
    assert!(tells(&pretty, "0 of 2 workloads fine too-few-replicas"), "{pretty}");
    // Another place that asks for more changes nothing here.
    let pretty = with("profile: lab\nenvironments: {live: {profile: production}}\n");
    assert!(!pretty.contains("run-as-non-root-missing"), "{pretty}");
    // What an override turns on may be on.
    let on = "overrides:\n- paths: [base/**]\n  rules: {run-as-non-root-missing: warning}\n";
    let pretty = with(on);
    assert!(tells(&pretty, "0 of 2 workloads fine run-as-non-root-missing"), "{pretty}");
    // What an override turns off is not fine.
    let off =
        |paths: &str| with(&format!("overrides:\n- {paths}\n  reason: x\n  rules: {{ALL: off}}\n"));
    let pretty = off("paths: ['**']");
    assert!(!pretty.contains(['✔', '✖']), "{pretty}");
    let pretty = off("environments: [prod]");
    assert!(tells(&pretty, "0 of 1 workload fine too-few-replicas"), "{pretty}");
    assert!(!pretty.contains("run-as-non-root-missing"), "{pretty}");
}
