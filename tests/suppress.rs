//! Suppressions: every dialect, what it covers, and what is learnt of its use.

use std::fmt::Write as _;

use kubeready::catalogue::{Confidence, RuleId};
use kubeready::check::{Request, check};
use kubeready::finding::{Finding, ResourceId};
use kubeready::host::MemHost;
use kubeready::problem::{Level, Location};
use kubeready::settings::{CommandLine, Names, Settings, read_with, resolve_with};
use kubeready::source::{Lines, SourceId, Span};
use kubeready::suppress::{
    self, Applied, Collected, Collector, Dialect, Run, Suppression, of_settings,
};
use kubeready_manifest::kube::objects;
use kubeready_manifest::yaml::Tree;

use crate::table::{NAMES, RULES, id};

const TODAY: (u16, u8, u8) = (2026, 6, 15);

fn names() -> &'static Names {
    &NAMES
}

fn collected(text: &str) -> Collected {
    let tree = Tree::parse(text, SourceId(0));
    assert!(tree.errors().is_empty(), "{text}\n{:?}", tree.errors());
    let mut found = Vec::new();
    for (_, root) in tree.documents() {
        objects(root, &mut found);
    }
    let mut out = Collected::default();
    Collector::new(names(), TODAY).collect(&tree, || found.clone(), &mut out);
    out
}

/// A finding of a rule at the first place of a word.
fn at(text: &str, rule: &str, needle: &str) -> Finding {
    let start = text.find(needle).unwrap_or_else(|| panic!("no {needle} in\n{text}")) as u32;
    Finding {
        rule: id(rule),
        severity: id(rule).severity(),
        confidence: Confidence::Certain,
        message: format!("{rule} at {needle}"),
        span: Span { source: SourceId(0), start, end: start + 1 },
        label: String::new(),
        field: String::new(),
        resource: None,
        container: None,
        help: None,
        related: Vec::new(),
        destinations: Vec::new(),
        in_chart: None,
    }
}

trait Own {
    fn severity(self) -> kubeready::catalogue::Severity;
}

impl Own for RuleId {
    fn severity(self) -> kubeready::catalogue::Severity {
        RULES[usize::from(self.0)].severity
    }
}

fn apply_with(
    settings: &Settings,
    findings: Vec<Finding>,
    suppressions: &mut [Suppression],
) -> Applied {
    let ran = |rule: RuleId, _: SourceId| settings.severity(rule).is_some();
    let everywhere = |rule: RuleId| settings.severity(rule).is_some();
    let run = Run { settings, path: &|_| "apps/web.yaml", ran: &ran, ran_everywhere: &everywhere };
    suppress::apply(findings.into_iter().map(Box::new).collect(), suppressions, &run)
}

fn settings(cli: &CommandLine) -> Settings {
    resolve_with(names(), None, cli).expect("good")
}

fn apply(findings: Vec<Finding>, suppressions: &mut [Suppression]) -> Applied {
    apply_with(&settings(&CommandLine::default()), findings, suppressions)
}

/// Which of the findings `rule@needle` are kept.
fn kept(text: &str, findings: &[&str]) -> Vec<String> {
    let mut found: Vec<Finding> = findings
        .iter()
        .map(|f| {
            let (rule, needle) = f.split_once('@').expect("rule@needle");
            at(text, rule, needle)
        })
        .collect();
    found.sort_by_key(|f| f.span);
    let mut collected = collected(text);
    let applied = apply(found, &mut collected.suppressions);
    applied.kept.iter().map(|f| f.message.replace(" at ", "@")).collect()
}

/// A Deployment with two containers; `{OBJECT}`, `{TEMPLATE}` are annotations, `{C}` a line above
/// the second container.
fn deployment(object: &str, template: &str, above: &str) -> String {
    let block = |indent: usize, lines: &str| {
        let pad = " ".repeat(indent);
        if lines.is_empty() {
            return String::new();
        }
        let lines: Vec<String> = lines.lines().map(|l| format!("{pad}  {l}")).collect();
        format!("{pad}annotations:\n{}\n", lines.join("\n"))
    };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n{}spec:\n  replicas: 1\n  \
         template:\n    metadata:\n      labels: {{app: web}}\n{}    spec:\n      containers:\n        \
         - name: first\n          image: a:1\n{above}        - name: second\n          image: b:1\n",
        block(2, object),
        block(6, template),
    )
}

#[test]
fn our_comments_cover_their_line_or_what_stands_below() {
    // text, findings, kept
    let cases: &[(&str, &[&str], &[&str])] = &[
        // The line itself, and no other.
        (
            "a: 1 # kubeready: ignore[probes] known\nb: 2\n",
            &[
                "missing-readiness-probe@a:",
                "missing-readiness-probe@1 #",
                "missing-readiness-probe@b:",
            ],
            &["missing-readiness-probe@b:"],
        ),
        // Only the rules it names.
        (
            "a: 1 # kubeready: ignore[probes, run-as-root] known\n",
            &["missing-readiness-probe@a:", "run-as-root@a:", "missing-memory-limit@a:"],
            &["missing-memory-limit@a:"],
        ),
        // Above a key: its whole subtree, not its siblings.
        (
            "spec:\n  # kubeready: ignore[ALL] known\n  first:\n    deep: [1]\n    more: 2\n  second: 3\n",
            &[
                "run-as-root@spec",
                "run-as-root@first",
                "run-as-root@[1]",
                "run-as-root@2",
                "run-as-root@second",
            ],
            &["run-as-root@spec", "run-as-root@second"],
        ),
        // Above a list item: the item, not its neighbours.
        (
            "list:\n  - name: one\n    x: 1\n  # kubeready: ignore[resources] known\n  - name: two\n    y: 2\n  - name: three\n",
            &[
                "missing-memory-limit@one",
                "missing-memory-limit@two",
                "missing-memory-limit@y: 2",
                "missing-memory-limit@three",
            ],
            &["missing-memory-limit@one", "missing-memory-limit@three"],
        ),
        // The first of a list, too, and a list at its key's own indent.
        (
            "list:\n# kubeready: ignore[resources] known\n- one: 1\n  two: 2\n- three: 3\n",
            &[
                "missing-memory-limit@list",
                "missing-memory-limit@two",
                "missing-memory-limit@three",
            ],
            &["missing-memory-limit@list", "missing-memory-limit@three"],
        ),
        // Other comments and blank lines may stand between.
        (
            "# kubeready: ignore[probes] a\n# kubeready: ignore[resources] b\n# why: see below\n\na: 1\nb: 2\n",
            &[
                "missing-readiness-probe@a:",
                "missing-memory-limit@a:",
                "run-as-root@a:",
                "missing-memory-limit@b:",
            ],
            &["run-as-root@a:", "missing-memory-limit@b:"],
        ),
        // Above an object: all of it, and not the next one.
        (
            "# kubeready: ignore[run-as-root] known\napiVersion: v1\nkind: Pod\nmetadata: {name: one}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: two}\n",
            &["run-as-root@one", "run-as-root@two"],
            &["run-as-root@two"],
        ),
        // The document around, or the next one.
        (
            "# kubeready: ignore-document[run-as-root] known\n---\na: 1\n---\nb: 1\n---\nc: 1\n# kubeready: ignore-document[ALL] known\n",
            &["run-as-root@a:", "run-as-root@b:", "run-as-root@c:"],
            &["run-as-root@b:"],
        ),
        // The whole file, from anywhere.
        (
            "a: 1\n---\nb: 1 # kubeready: ignore-file[item:3] known\n---\nc: 1\n",
            &["run-as-root@a:", "run-as-root@c:", "missing-memory-limit@c:"],
            &["missing-memory-limit@c:"],
        ),
        // Old names hold.
        ("a: 1 # kubeready:ignore[old-probe-name]\n", &["missing-readiness-probe@a:"], &[]),
        // Windows line ends, a byte-order mark and text of several bytes.
        (
            "\u{feff}ä: 1 # kubeready: ignore[probes] größer\r\n# kubeready: ignore[probes] 日本\r\nö:\r\n  ü: 2\r\nb: 3\r\n",
            &[
                "missing-readiness-probe@ä",
                "missing-readiness-probe@ü",
                "missing-readiness-probe@b: 3",
            ],
            &["missing-readiness-probe@b: 3"],
        ),
        // A block scalar is text, whatever it says.
        (
            "a: |\n  # kubeready: ignore-file[ALL] no\nb: 1\n",
            &["run-as-root@b:"],
            &["run-as-root@b:"],
        ),
        // A block scalar below is covered to its end; nothing below covers nothing.
        (
            "# kubeready: ignore[ALL] known\na: |\n  one\n  two\nb: 1\n# kubeready: ignore[ALL] known\n",
            &["run-as-root@two", "run-as-root@b:"],
            &["run-as-root@b:"],
        ),
    ];
    for (text, findings, expected) in cases {
        assert_eq!(&kept(text, findings), expected, "{text}");
    }
}

#[test]
fn a_directive_that_says_nothing_is_a_note() {
    let cases = [
        (
            "a: 1 # kubeready: ignroe[probes]\n",
            "`ignroe` is no directive",
            "did you mean `ignore`?",
        ),
        (
            "a: 1 # kubeready: ignore probes\n",
            "`ignore` does not name its rules in brackets",
            "write `# kubeready: ignore[RULE] reason`",
        ),
        (
            "a: 1 # kubeready: ignore[]\n",
            "`ignore[]` names no rule",
            "write `# kubeready: ignore[RULE] reason`; `ALL` is every rule",
        ),
        (
            "a: 1 # kubeready: ignore[probs] x\n",
            "`probs` is not a rule or topic",
            "did you mean `probes`?",
        ),
        (
            "a: 1 # kubeready: ignore[probes] until=soon\n",
            "`until=soon` is not a day, so this never ends",
            "write it as `until=2027-01-31`",
        ),
    ];
    for (text, message, help) in cases {
        let out = collected(text);
        let problem = &out.problems[0];
        assert_eq!((problem.level, problem.code), (Level::Note, "suppression"));
        assert_eq!((problem.message.as_str(), problem.help.as_deref()), (message, Some(help)));
        let Location::Span(span) = &problem.location else { panic!("no place") };
        assert_eq!(Lines::of(text).position(text, span.start).column, 6, "{text}");
        assert_eq!(problem.rule, Some("unused-suppression"));
    }
    let known = collected("a: 1 # kubeready: ignore[probs] x\n").suppressions.remove(0);
    assert_eq!(known.unknown, [("probs".to_owned(), Some("probes"))]);
}

#[test]
fn annotations_cover_their_object() {
    let two = |object: &str, template: &str| {
        deployment(object, template, "")
            + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: other}\n"
    };
    let memory = "missing-memory-limit";
    // object's annotations, template's annotations, rule, whether it is taken away
    let cases = [
        ("kubeready.dev/ignore.missing-memory-limit: known", "", memory, true),
        ("kubeready.dev/ignore.resources: known until=2026-06-15", "", memory, true),
        ("kubeready.dev/ignore.resources: known until=2026-06-14", "", memory, false),
        ("kubeready.dev/ignore.ALL: known", "", memory, true),
        ("kubeready.dev/ignore.probes: known", "", memory, false),
        ("", "kubeready.dev/ignore.missing-memory-limit: known", memory, true),
        ("ignore-check.kube-linter.io/unset-memory-requirements: known", "", memory, true),
        ("ignore-check.kube-linter.io/dangling-service: known", "", memory, false),
        ("", "ignore-check.kube-linter.io/unset-memory-requirements: known", memory, false),
        ("kube-linter.io/ignore-all: known", "", memory, true),
        ("kube-linter.io/ignore-all: known", "", "run-as-root", false),
        ("kube-score/ignore: pod-probes, container-resources", "", memory, true),
        ("kube-score/ignore: pod-probes", "", memory, false),
        ("", "kube-score/ignore: container-resources", memory, true),
        ("kube-score/ignore: container-resources", "", "missing-ephemeral-storage-limit", true),
        ("kube-score/ignore: '*'", "", "missing-readiness-probe", true),
        ("kube-score/skip: 'true'", "", memory, true),
        ("kube-score/enable: container-resources", "", memory, false),
        ("polaris.fairwinds.com/exempt: 'true'", "", memory, true),
        ("polaris.fairwinds.com/exempt: 'true'", "", "run-as-root", false),
        ("polaris.fairwinds.com/exempt: 'false'", "", memory, false),
        ("polaris.fairwinds.com/memoryLimitsMissing-exempt: 'true'", "", memory, true),
        ("polaris.fairwinds.com/memory-limits-missing-exempt: 'true'", "", memory, true),
        ("polaris.fairwinds.com/readinessProbeMissing-exempt: 'true'", "", memory, false),
        ("checkov.io/skip1: CKV_K8S_13=known", "", memory, true),
        ("bridgecrew.io/skip2: CKV_K8S_13", "", memory, true),
        ("cortex.io/skip3: CKV_K8S_13=a=b", "", memory, true),
        ("checkov.io/skip1: CKV_K8S_9=known", "", memory, false),
        ("kubescape.io/skip-controls: 'C-0001,C-0271'", "", memory, true),
        (
            "kubescape.io/skip-controls: C-0271\nkubescape.io/skip-expiry: '2026-06-14T10:00:00Z'",
            "",
            memory,
            false,
        ),
        (
            "kubescape.io/skip-expiry: '2026-06-16T10:00:00Z'\nkubescape.io/skip-controls: C-0271",
            "",
            memory,
            true,
        ),
        ("datree.skip/CONTAINERS_MISSING_MEMORY_LIMIT_KEY: known", "", memory, true),
        ("pod-security.kubernetes.io/enforce: privileged", "", memory, false),
    ];
    for (object, template, rule, gone) in cases {
        let text = two(object, template);
        let (inside, outside) = (format!("{rule}@b:1"), format!("{rule}@other"));
        let mut expected = vec![inside.clone(), outside.clone()];
        if gone {
            expected.remove(0);
        }
        assert_eq!(kept(&text, &[&inside, &outside]), expected, "{text}");
    }
}

#[test]
fn reasons_are_kept() {
    let cases = [
        ("kubeready.dev/ignore.probes: we know until=2027-01-31", Some("we know")),
        ("ignore-check.kube-linter.io/unset-memory-requirements: we know", Some("we know")),
        ("checkov.io/skip1: CKV_K8S_13=we know", Some("we know")),
        ("kubescape.io/skip-controls: C-0271\nkubescape.io/skip-reason: we know", Some("we know")),
        ("datree.skip/X: we know", Some("we know")),
        ("kube-score/ignore: pod-probes", None),
        ("kubeready.dev/ignore.probes: ''", None),
    ];
    for (annotation, reason) in cases {
        let out = collected(&deployment(annotation, "", ""));
        assert_eq!(out.suppressions[0].reason.as_deref(), reason, "{annotation}");
        let resource = out.suppressions[0].resource.as_ref().expect("stands on an object");
        assert_eq!((resource.kind.as_str(), resource.name.as_str()), ("Deployment", "web"));
    }
}

#[test]
fn checkov_and_trivy_comments_cover_what_they_stand_in() {
    let memory = [
        "missing-memory-limit@replicas",
        "missing-memory-limit@first",
        "missing-memory-limit@second",
    ];
    // the line above the second container, what is kept
    let cases: &[(&str, &[&str])] = &[
        (
            "        # checkov:skip=CKV_K8S_13:known\n",
            &["missing-memory-limit@replicas", "missing-memory-limit@first"],
        ),
        (
            "          # bridgecrew:skip=CKV_K8S_9,CKV_K8S_13: known\n",
            &["missing-memory-limit@replicas", "missing-memory-limit@first"],
        ),
        ("        # checkov:skip=CKV_K8S_9:known\n", &memory),
        (
            "        # trivy:ignore:KSV-0018\n",
            &["missing-memory-limit@replicas", "missing-memory-limit@first"],
        ),
        (
            "        # trivy:ignore:AVD-KSV-0018\n",
            &["missing-memory-limit@replicas", "missing-memory-limit@first"],
        ),
        (
            "        #trivy:ignore:ksv018 trivy:ignore:KSV-0001\n",
            &["missing-memory-limit@replicas", "missing-memory-limit@first"],
        ),
        ("        # trivy:ignore:KSV-0018:exp:2026-01-01\n", &memory),
    ];
    for (above, expected) in cases {
        assert_eq!(&kept(&deployment("", "", above), &memory), expected, "{above}");
    }
    for comment in ["# cortex:skip=CKV_K8S_13:known\n", "# trivy:ignore:KSV-0018\n"] {
        let whole = format!("{comment}{}", deployment("", "", ""));
        assert_eq!(kept(&whole, &memory), [""; 0], "{whole}");
    }
    let inside =
        deployment("", "", "").replace("replicas: 1", "replicas: 1 # checkov:skip=CKV_K8S_13:x");
    assert_eq!(kept(&inside, &memory), [""; 0]);
}

#[test]
fn yamllint_comments_hold_for_rules_that_yamllint_has() {
    let rule = ["duplicate-key@a:", "duplicate-key@b:", "duplicate-key@c:", "run-as-root@b:"];
    let cases: &[(&str, &[&str])] = &[
        (
            "a: 1\nb: 2 # yamllint disable-line rule:key-duplicates\nc: 3\n",
            &["duplicate-key@a:", "run-as-root@b:", "duplicate-key@c:"],
        ),
        (
            "a: 1\n# yamllint disable-line\nb: 2\nc: 3\n",
            &["duplicate-key@a:", "run-as-root@b:", "duplicate-key@c:"],
        ),
        (
            "a: 1\n# yamllint disable rule:key-duplicates\nb: 2\n# yamllint enable\nc: 3\n",
            &["duplicate-key@a:", "run-as-root@b:", "duplicate-key@c:"],
        ),
        ("a: 1\n# yamllint disable\nb: 2\nc: 3\n", &["duplicate-key@a:", "run-as-root@b:"]),
        (
            "a: 1\n# yamllint disable rule:key-duplicates\nb: 2\n# yamllint enable rule:line-length\nc: 3\n",
            &["duplicate-key@a:", "run-as-root@b:"],
        ),
        ("# yamllint disable-file\na: 1\nb: 2\nc: 3\n", &["run-as-root@b:"]),
        (
            "# yamllint disable rule:line-length\na: 1\nb: 2\nc: 3\n",
            &["duplicate-key@a:", "duplicate-key@b:", "run-as-root@b:", "duplicate-key@c:"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(&kept(text, &rule), expected, "{text}");
    }
}

fn ignores(text: &str) -> Vec<Suppression> {
    let (file, problems) = read_with(names(), text, SourceId(9));
    assert!(problems.is_empty(), "{problems:?}");
    of_settings(&file.ignores, TODAY)
}

#[test]
fn ignores_of_the_settings_go_by_place() {
    let mut finding = at("a: 1", "missing-memory-limit", "a");
    finding.resource = Some(ResourceId {
        kind: "Job".into(),
        namespace: Some("batch".into()),
        name: "migrate-1".into(),
    });
    let cases = [
        ("rules: ALL", true),
        ("rules: [probes, resources]", true),
        ("rules: [probes]", false),
        ("rules: ALL, paths: apps", true),
        ("rules: ALL, paths: infra", false),
        ("rules: ALL, kinds: [job], names: ['migrate-*'], namespaces: [batch]", true),
        ("rules: ALL, kinds: [job], names: ['migrate-*'], namespaces: [web]", false),
        ("rules: ALL, until: 2026-06-15", true),
        ("rules: ALL, until: 2026-06-14", false),
    ];
    for (ignore, gone) in cases {
        let mut list = ignores(&format!("ignores: [{{ {ignore}, reason: known }}]\n"));
        let applied = apply(vec![finding.clone()], &mut list);
        assert_eq!(applied.suppressed.len(), usize::from(gone), "{ignore}");
        assert_eq!(list[0].used, u32::from(gone));
        assert_eq!((list[0].dialect, list[0].span.source), (Dialect::Settings, SourceId(9)));
    }
    // A file-level finding has no kind.
    finding.resource = None;
    let mut list = ignores("ignores: [{ rules: ALL, kinds: Job, reason: known }]\n");
    assert_eq!(apply(vec![finding], &mut list).kept.len(), 1);
}

#[test]
fn uses_are_counted_and_findings_kept_in_order() {
    let text = "a: 1 # kubeready: ignore[ALL] x\nb: 2 # kubeready: ignore[probes] x\nc: 3\n# kubeready: ignore-file[run-as-root] x\n";
    let findings = [
        ("run-as-root", "a:"),
        ("missing-memory-limit", "1 #"),
        ("run-as-root", "b:"),
        ("missing-memory-limit", "b:"),
        ("missing-memory-limit", "c:"),
    ];
    // Out of order on purpose: the order that comes in goes out.
    let found: Vec<Finding> = findings.iter().rev().map(|(r, n)| at(text, r, n)).collect();
    let mut list = collected(text).suppressions;
    let applied = apply(found.clone(), &mut list);
    let kept: Vec<_> = applied.kept.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(kept, ["missing-memory-limit at c:", "missing-memory-limit at b:"]);
    assert_eq!(list.iter().map(|s| s.used).collect::<Vec<_>>(), [2, 0, 2]);
    let by: Vec<_> = applied.suppressed.iter().map(|s| s.by).collect();
    assert_eq!(by, [2, 0, 0]);
    // `--no-suppress` shows all and counts the same.
    let mut list = collected(text).suppressions;
    let cli = CommandLine { no_suppress: true, ..CommandLine::default() };
    let applied = apply_with(&settings(&cli), found, &mut list);
    assert_eq!((applied.kept.len(), applied.suppressed.len()), (5, 0));
    assert_eq!(list.iter().map(|s| s.used).collect::<Vec<_>>(), [2, 0, 2]);
}

#[test]
fn what_did_not_run_is_not_judged() {
    let cases = [
        ("missing-memory-limit", true),
        ("missing-memory-limit, run-as-root", true),
        // Off under this profile.
        ("few-replicas", false),
        ("missing-memory-limit, few-replicas", false),
        // A group needs one rule that ran.
        ("resources", true),
        ("replicas", false),
        ("ALL", true),
        // It suppresses nothing, whatever runs.
        ("no-such-rule-9", true),
        // Known only after all suppressions are.
        ("unused-suppression", false),
    ];
    for (named, expected) in cases {
        let text = format!("a: 1 # kubeready: ignore[{named}] x\n");
        let mut list = collected(&text).suppressions;
        apply(Vec::new(), &mut list);
        assert_eq!(list[0].judged, expected, "{named}");
    }
    let mut list =
        collected(&deployment("kube-score/ignore: pod-networkpolicy", "", "")).suppressions;
    apply(Vec::new(), &mut list);
    assert!(!list[0].judged, "a check that no rule of ours has");
    let (file, _) = read_with(
        names(),
        "overrides: [{ paths: apps, kinds: Deployment, rules: { probes: off } }]\n",
        SourceId(9),
    );
    let overridden = resolve_with(names(), Some(&file), &CommandLine::default()).expect("good");
    let mut list =
        collected(&deployment("kubeready.dev/ignore.probes: known", "", "")).suppressions;
    apply_with(&overridden, Vec::new(), &mut list);
    assert!(!list[0].judged, "off just there");
}

#[test]
fn an_expired_one_says_so() {
    let text = "a: 1 # kubeready: ignore[probes] x until=2026-06-14\nb: 2 # kubeready: ignore[probes] until=2026-06-15 x\n";
    let list = collected(text).suppressions;
    assert_eq!(list.iter().map(|s| s.expired).collect::<Vec<_>>(), [true, false]);
    assert_eq!(list[0].until, Some((2026, 6, 14)));
    assert_eq!(list[1].reason.as_deref(), Some("x"));
    let rules = ["missing-readiness-probe@a:", "missing-readiness-probe@b:"];
    assert_eq!(kept(text, &rules), ["missing-readiness-probe@a:"]);
}

#[test]
fn spans_are_those_of_the_text() {
    let text = "ä: 1 # kubeready: ignore[probes] größer\r\nb: 2\r\n";
    let written = collected(text).suppressions[0].span;
    let shown = &text[written.start as usize..written.end as usize];
    assert_eq!(shown.trim_end(), "# kubeready: ignore[probes] größer");
    let text = deployment("kubeready.dev/ignore.probes: known", "", "");
    let written = collected(&text).suppressions[0].span;
    let shown = &text[written.start as usize..written.end as usize];
    assert_eq!(shown, "kubeready.dev/ignore.probes: known");
}

#[test]
fn many_comments_and_findings_take_no_longer_than_their_number() {
    let mut text = String::from("list:\n");
    for at in 0..20_000 {
        text.push_str("  # kubeready: ignore[run-as-root] known\n");
        let _ = write!(text, "  - name: n{at}\n    x: 1\n");
    }
    let tree = Tree::parse(text.as_str(), SourceId(0));
    let findings: Vec<Finding> = tree
        .nodes()
        .filter(|n| n.text() == "x")
        .map(|n| Finding { span: n.span(), ..at("a", "run-as-root", "a") })
        .collect();
    assert_eq!(findings.len(), 20_000);
    let mut list = collected(&text).suppressions;
    // Quadratic work would be 400 million steps, and this test would be felt.
    let applied = apply(findings, &mut list);
    assert_eq!((applied.kept.len(), applied.suppressed.len()), (0, 20_000));
    assert!(list.iter().all(|s| s.used == 1));
}

#[test]
fn a_file_without_any_costs_a_look() {
    let out = collected("# a comment\nmetadata:\n  annotations: {a/b: c}\n");
    assert!(out.suppressions.is_empty() && out.problems.is_empty());
}

#[test]
fn broken_files_are_read_as_far_as_they_go() {
    let whole = "\u{feff}# kubeready: ignore[ALL] ü\r\n- a: [1, {b: c}] # kubeready: ignore[probes]\n  # checkov:skip=X:y\n  -\n  # yamllint disable\n  ? k\n"
        .to_owned()
        + &deployment("kubescape.io/skip-controls: C-0271\nkubescape.io/skip-expiry: ü", "", "# trivy:ignore:\n");
    for (end, _) in whole.char_indices() {
        for text in [&whole[..end], &whole[end..]] {
            let tree = Tree::parse(text, SourceId(0));
            let mut found = Vec::new();
            tree.documents().for_each(|(_, root)| objects(root, &mut found));
            let mut out = Collected::default();
            Collector::new(names(), TODAY).collect(&tree, || found.clone(), &mut out);
            for suppression in out.suppressions {
                let (start, end) = (suppression.span.start as usize, suppression.span.end as usize);
                assert!(text.get(start..end).is_some(), "{text}");
            }
            read_with(names(), text, SourceId(0));
        }
    }
}

#[test]
fn the_example_of_the_readme_takes_away_what_it_names() {
    let readme = include_str!("../README.md");
    let section = readme.split("## Suppressing a finding").nth(1).expect("the section");
    let example = section.split("```").nth(1).and_then(|block| block.strip_prefix("yaml\n"));
    let host = MemHost::with([("a.yaml", example.expect("a block of YAML"))]);
    let request = Request { paths: vec!["/".into()], ..Request::default() };
    let report = check(&host, &request, &Settings::default());
    assert_eq!(report.summary.suppressed, 2);
    for rule in ["host-network", "too-few-replicas", "unused-suppression"] {
        assert!(report.findings.iter().all(|f| f.rule.rule().name != rule), "{rule}");
    }
}
