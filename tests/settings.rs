//! The settings file: what it may say, what is wrong with it, and which layer wins.

use kubeready::catalogue::{Confidence, Profile, Severity};
use kubeready::finding::Finding;
use kubeready::problem::{Level, Location, Problem};
use kubeready::settings::{
    CommandLine, FailOn, OptionValue, PathGlobs, Place, Settings, SettingsFile, explain,
    kubernetes_version, read_with, resolve_with, schema, schema_with, stray,
};
use kubeready::source::{Lines, SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Scalar, Tree};
use serde_json::Value;

use crate::table::{NAMES, id};

fn read(text: &str) -> (SettingsFile, Vec<Problem>) {
    read_with(&NAMES, text, SourceId(0))
}

fn good(text: &str) -> SettingsFile {
    let (file, problems) = read(text);
    assert!(problems.is_empty(), "{text}\n{problems:#?}");
    assert_valid(text);
    file
}

fn resolved(text: &str, cli: &CommandLine) -> Settings {
    resolve_with(&NAMES, Some(&good(text)), cli).expect("a good command line")
}

fn level(settings: &Settings, rule: &str) -> &'static str {
    settings.severity(id(rule)).map_or("off", Severity::name)
}

fn level_at(settings: &Settings, rule: &str, place: &Place<'_>) -> &'static str {
    settings.severity_for(id(rule), place).map_or("off", Severity::name)
}

/// `LINE:COLUMN message | help` of each problem.
fn said(text: &str) -> Vec<String> {
    let (_, problems) = read(text);
    let lines = Lines::of(text);
    let shown = problems.iter().map(|problem| {
        assert_eq!((problem.level, problem.code), (Level::Error, "settings"));
        let Location::Span(span) = &problem.location else { panic!("no place: {problem:?}") };
        let at = lines.position(text, span.start);
        let help = problem.help.as_deref().unwrap_or("");
        format!("{}:{} {} | {help}", at.line, at.column, problem.message)
    });
    shown.collect()
}

const FULL: &str = "\
version: 1
profile: production
kubernetes-version: 1.30
fail-on: error
min-confidence: likely
strict: true
hidden: true
include: [deploy]
exclude:
  - vendor/
  - '**/testdata/**'
rules:
  resources: advice
  missing-memory-limit: error
  old-probe-name: off
  few-replicas:
    severity: warning
    options:
      minimum: 2
      loud: true
      word: hello
      kinds: [Deployment, StatefulSet]
overrides:
  - paths: [overlays/dev]
    profile: lab
    reason: nobody is woken for dev
  - kinds: [job, CronJob]
    namespaces: [batch-*]
    names: migrate
    rules:
      missing-memory-limit: off
ignores:
  - rules: [run-as-root, episode:4]
    paths: legacy/**
    reason: goes away with the old cluster
    until: 2027-01-31
environments:
  dev:
    paths: [overlays/dev]
    profile: lab
  prod:
    paths: overlays/prod
clusters:
  eu-1: { paths: clusters/eu-1 }
limits:
  max-file-size: 64Mi
baseline: .kubeready-baseline.json
";

#[test]
fn a_full_file_is_read() {
    let settings = resolved(FULL, &CommandLine::default());
    assert_eq!(settings.profile, Profile::Production);
    assert_eq!(settings.kubernetes_version, 30);
    assert_eq!(settings.fail_on, FailOn::Error);
    assert_eq!(settings.min_confidence, Confidence::Likely);
    assert!(settings.strict && settings.hidden && settings.suppress && !settings.no_ignore);
    assert!(settings.include.as_ref().is_some_and(|g| g.is_match("deploy/a.yaml")));
    assert!(settings.exclude.is_match("a/vendor/b.yaml"));
    assert_eq!(settings.limits.file_size, 64 << 20);
    assert_eq!(settings.baseline.as_deref(), Some(".kubeready-baseline.json"));
    let option = |name: &str| settings.options[&(id("few-replicas"), name.to_owned())].clone();
    assert_eq!(option("minimum"), OptionValue::Int(2));
    assert_eq!(option("loud"), OptionValue::Bool(true));
    assert_eq!(option("word"), OptionValue::Str("hello".into()));
    assert_eq!(option("kinds"), OptionValue::List(vec!["Deployment".into(), "StatefulSet".into()]));
    let ignore = &settings.ignores[0];
    assert_eq!(ignore.names, ["run-as-root", "episode:4"]);
    assert_eq!(ignore.until, Some((2027, 1, 31)));
    assert_eq!(settings.environment_of("overlays/dev/web.yaml"), Some("dev"));
    assert_eq!(settings.cluster_of("clusters/eu-1/web.yaml"), Some("eu-1"));
}

#[test]
fn an_empty_file_changes_nothing() {
    for text in ["", "# nothing yet\n", "rules:\n", "---\n"] {
        let settings = resolved(text, &CommandLine::default());
        assert_eq!(level(&settings, "missing-memory-limit"), "warning", "{text:?}");
    }
}

#[test]
fn every_mistake_has_its_place_and_a_suggestion() {
    let cases: &[(&str, &[&str])] = &[
        (
            "profil: lab\n",
            &["1:1 `profil` is not a key of the settings file | did you mean `profile`?"],
        ),
        (
            "profile: prod\n",
            &["1:10 `prod` is not a value of `profile` | did you mean `production`?"],
        ),
        (
            "profile: off\n",
            &["1:10 `off` is not a value of `profile` | one of `lab`, `production`, `critical`"],
        ),
        ("profile: [lab]\n", &["1:10 `profile` is a list, not a word | "]),
        ("fail-on: warn\n", &["1:10 `warn` is not a value of `fail-on` | did you mean `warning`?"]),
        (
            "min-confidence: sure\n",
            &[
                "1:17 `sure` is not a value of `min-confidence` | one of `hint`, `likely`, `certain`",
            ],
        ),
        (
            "kubernetes-version: '33'\n",
            &["1:21 `33` is not a Kubernetes version | write it as `1.33`"],
        ),
        ("strict: maybe\n", &["1:9 `strict` is a string, not `true` or `false` | "]),
        ("version: 2\n", &["1:10 this kubeready reads settings of `version: 1` | "]),
        ("- profile\n", &["1:1 the settings file is a list, not a map | "]),
        (
            "select: [missing-memory-limits]\n",
            &[
                "1:10 `missing-memory-limits` is not a rule or topic | did you mean `missing-memory-limit`?",
            ],
        ),
        (
            "ignore: [episode:11]\n",
            &[
                "1:10 `episode:11` is not a rule or topic | episodes are `episode:1` to `episode:10`",
            ],
        ),
        (
            "ignore: [item:7]\n",
            &[
                "1:10 `item:7` is not a rule or topic | items are `item:1` to `item:6` and `item:plus`",
            ],
        ),
        ("ignore: [[ALL]]\n", &["1:10 an item of `ignore` is a list, not a word | "]),
        (
            "exclude: ['a[']\n",
            &["1:11 `a[` is not a glob: unclosed character class; missing ']' | "],
        ),
        (
            "exclude: ['!a']\n",
            &["1:11 `!a` is not a glob: a glob cannot be negated by `!` here | "],
        ),
        (
            "rules:\n  probs: off\n",
            &["2:3 `probs` is not a rule or topic | did you mean `probes`?"],
        ),
        (
            "rules:\n  ünknown/ü: off\n  probes: offf\n",
            &[
                "2:3 `ünknown/ü` is not a rule or topic | `kubeready rules` lists them all",
                "3:11 `offf` is not a severity | did you mean `off`?",
            ],
        ),
        ("rules:\n  probes: false\n", &["2:11 `false` is not a severity | did you mean `off`?"]),
        ("rules:\n  probes: [off]\n", &["2:11 `probes` is a list, not a severity or a map | "]),
        (
            "rules:\n  probes: off\n  probes: on\n",
            &["3:3 `probes` is given twice | keep one of them"],
        ),
        (
            "rules:\n  probes: { options: { a: 1 } }\n",
            &["2:13 `probes` is no single rule and has no options | "],
        ),
        (
            "rules:\n  run-as-root: { options: { a: 1 } }\n",
            &["2:27 the rule `run-as-root` has no options | "],
        ),
        (
            "rules:\n  few-replicas: { level: off }\n",
            &[
                "2:19 `level` is not a key of the rule `few-replicas` | one of `severity`, `options`",
            ],
        ),
        (
            "rules:\n  few-replicas: { options: { minimun: 1 } }\n",
            &[
                "2:30 `minimun` is not a key of the options of `few-replicas` | did you mean `minimum`?",
            ],
        ),
        (
            "rules:\n  few-replicas: { options: { minimum: two } }\n",
            &["2:39 the option `minimum` is a string, not a whole number | "],
        ),
        (
            "rules:\n  few-replicas: { options: { loud: 1, kinds: Job } }\n",
            &[
                "2:36 the option `loud` is an integer, not `true` or `false` | ",
                "2:46 the option `kinds` is a string, not a list of words | ",
            ],
        ),
        ("overrides:\n  paths: a\n", &["2:3 `overrides` is a map, not a list | "]),
        (
            "overrides:\n  - rules: { probes: off }\n",
            &[
                "2:5 an override that says nothing of where | add one of `paths`, `environments`, `clusters`, `namespaces`, `kinds`, `names`",
            ],
        ),
        (
            "overrides:\n  - path: a\n    kinds: Job\n    rules: { probes: off }\n",
            &["2:5 `path` is not a key of an override | did you mean `paths`?"],
        ),
        (
            "overrides:\n  - paths: a\n",
            &["2:5 an override that changes nothing | add `rules` or `profile`"],
        ),
        (
            "overrides:\n  - paths: a\n    rules:\n      few-replicas: { options: { minimum: 1 } }\n",
            &["4:23 options cannot differ by place | set them under the `rules` of the whole file"],
        ),
        (
            "environments: { dev: { paths: a } }\noverrides:\n  - environments: [devv]\n    profile: lab\n",
            &["3:20 `devv` is not one of the `environments` | did you mean `dev`?"],
        ),
        (
            "ignores:\n  - rules: [probes]\n",
            &[
                "2:5 an ignore without a reason | add `reason`: what makes these findings acceptable?",
            ],
        ),
        (
            "ignores:\n  - rules: [probes]\n    reason: ''\n",
            &["3:13 `reason` is empty, not a text | "],
        ),
        (
            "ignores:\n  - reason: because\n",
            &["2:5 an ignore that names no rules | add `rules: [NAME]`; `ALL` is every rule"],
        ),
        (
            "ignores:\n  - rules: [prob]\n    reason: because\n",
            &["2:13 `prob` is not a rule or topic | did you mean `probes`?"],
        ),
        (
            "ignores:\n  - rules: probes\n    reason: x\n    until: 2027-02-29\n",
            &["4:12 `2027-02-29` is not a day | write it as `2027-01-31`"],
        ),
        ("environments:\n  dev: {}\n", &["2:3 `dev` has neither `paths` nor `profile` | "]),
        (
            "environments:\n  dev: { path: a, profile: lab }\n",
            &["2:10 `path` is not a key of `dev` | did you mean `paths`?"],
        ),
        (
            "limits: { max-file-size: 8Gi }\n",
            &["1:26 `8Gi` is not a size from 1 to below 4Gi | write it as `256Mi`"],
        ),
        (
            "profile: lab\n---\nprofile: lab\n",
            &["3:1 a second document: the settings are one | put everything above the `---`"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(&said(text), expected, "{text}");
    }
}

#[test]
fn a_file_that_is_no_yaml_says_where() {
    let said = said("profile: lab\nrules: [\n");
    assert!(said.len() == 1 && said[0].contains("not YAML"), "{said:?}");
}

#[test]
fn lines_may_end_as_on_windows() {
    assert_eq!(
        said("profile: lab\r\nrules:\r\n  probs: off\r\n")[0].split(' ').next(),
        Some("3:3")
    );
}

#[test]
fn later_layers_win() {
    let default = CommandLine::default();
    let cli = |select: &[&str], ignore: &[&str]| CommandLine {
        select: select.iter().map(|&s| s.to_owned()).collect(),
        ignore: ignore.iter().map(|&s| s.to_owned()).collect(),
        ..CommandLine::default()
    };
    // rule, settings, command line, expected
    let cases: &[(&str, &str, CommandLine, &str)] = &[
        ("missing-memory-limit", "", default.clone(), "warning"),
        ("few-replicas", "", default.clone(), "off"),
        ("few-replicas", "profile: critical", default.clone(), "advice"),
        ("missing-memory-limit", "profile: lab", default.clone(), "off"),
        (
            "missing-memory-limit",
            "profile: lab\nrules: { resources: on }",
            default.clone(),
            "warning",
        ),
        (
            "missing-memory-limit",
            "rules: { missing-memory-limit: error, resources: off }",
            default.clone(),
            "error",
        ),
        ("missing-memory-limit", "rules: { ALL: off, item:1: advice }", default.clone(), "advice"),
        ("missing-memory-limit", "select: [probes]", default.clone(), "off"),
        ("missing-ephemeral-storage-limit", "select: [resources]", default.clone(), "warning"),
        ("missing-memory-limit", "ignore: [episode:2]", default.clone(), "off"),
        ("missing-readiness-probe", "rules: { old-probe-name: advice }", default.clone(), "advice"),
        ("missing-ephemeral-storage-limit", "", cli(&["ALL"], &[]), "warning"),
        ("missing-memory-limit", "", cli(&["probes,replicas"], &[]), "off"),
        ("missing-memory-limit", "rules: { resources: off }", cli(&["resources"], &[]), "warning"),
        ("missing-memory-limit", "rules: { resources: error }", cli(&["item:1"], &[]), "error"),
        ("missing-memory-limit", "", cli(&["ALL"], &["resources"]), "off"),
        (
            "missing-memory-limit",
            "rules: { missing-memory-limit: error }",
            cli(&[], &["episode:2"]),
            "off",
        ),
        (
            "missing-memory-limit",
            "profile: critical",
            CommandLine { profile: Some(Profile::Lab), ..default.clone() },
            "off",
        ),
        (
            "missing-memory-limit",
            "rules: { ALL: off }",
            CommandLine { isolated: true, ..default.clone() },
            "warning",
        ),
    ];
    for (rule, text, cli, expected) in cases {
        let settings = resolved(text, cli);
        assert_eq!(level(&settings, rule), *expected, "{rule}\n{text}\n{cli:?}");
        assert_eq!(level_at(&settings, rule, &Place::default()), *expected);
    }
}

#[test]
fn the_command_line_wins_over_other_values_too() {
    let cli = CommandLine {
        fail_on: Some(FailOn::Never),
        kubernetes_version: Some(25),
        min_confidence: Some(Confidence::Certain),
        no_suppress: true,
        no_ignore: true,
        include: vec!["apps".to_owned()],
        exclude: vec!["apps/old".to_owned()],
        ..CommandLine::default()
    };
    let settings = resolved(FULL, &cli);
    assert_eq!((settings.fail_on, settings.kubernetes_version), (FailOn::Never, 25));
    assert_eq!(settings.min_confidence, Confidence::Certain);
    assert!(!settings.suppress && settings.no_ignore);
    assert!(settings.include.as_ref().is_some_and(|g| !g.is_match("deploy/a.yaml")));
    // What the repository leaves out stays out.
    assert!(settings.exclude.is_match("apps/old/a.yaml") && settings.exclude.is_match("vendor/a"));
}

#[test]
fn unknown_words_on_the_command_line_are_named() {
    let cli = CommandLine {
        select: vec!["resorces".into()],
        ignore: vec!["nothing-like-it-9".into()],
        exclude: vec!["{a".into()],
        ..CommandLine::default()
    };
    let problems = resolve_with(&NAMES, None, &cli).expect_err("three mistakes");
    let said: Vec<_> = problems.iter().map(|p| (p.message.as_str(), p.help.as_deref())).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[0].0, "`--select resorces` is not a rule or topic");
    assert_eq!(said[0].1, Some("did you mean `resources`?"));
    assert!(said[2].0.contains("is not a glob"), "{said:?}");
}

#[test]
fn a_topic_that_is_written_like_an_item_is_told_by_its_name() {
    for (word, help) in [
        ("topic:network", "did you mean `network`?"),
        ("topic:netwrok", "did you mean `network`?"),
        ("topic:nothing-like-it", "`kubeready rules` lists them all"),
        ("item:network", "items are `item:1` to `item:6` and `item:plus`"),
        ("episode:11", "episodes are `episode:1` to `episode:10`"),
    ] {
        let cli = CommandLine { select: vec![word.into()], ..CommandLine::default() };
        let problems = kubeready::settings::resolve(None, &cli).expect_err("no such word");
        assert_eq!(problems[0].help.as_deref(), Some(help), "{word}");
    }
}

#[test]
fn overrides_hold_where_they_say() {
    let text = "\
overrides:
  - paths: [overlays/dev]
    rules: { missing-memory-limit: off, few-replicas: error }
  - kinds: [job]
    namespaces: ['batch-*']
    rules: { missing-memory-limit: advice }
  - names: [web]
    paths: ['*.gen.yaml']
    rules: { probes: off }
";
    let settings = resolved(text, &CommandLine::default());
    let at = |path, kind, namespace, name| Place {
        path,
        kind: Some(kind),
        namespace,
        name: Some(name),
        ..Place::default()
    };
    let web = at("apps/web.yaml", "Deployment", None, "web");
    assert_eq!(level_at(&settings, "missing-memory-limit", &web), "warning");
    assert_eq!(level_at(&settings, "few-replicas", &web), "off");
    assert_eq!(level_at(&settings, "missing-readiness-probe", &web), "warning");
    let dev = at("overlays/dev/web.yaml", "Deployment", None, "web");
    assert_eq!(level_at(&settings, "missing-memory-limit", &dev), "off");
    assert_eq!(level_at(&settings, "few-replicas", &dev), "error");
    let job = at("overlays/dev/job.yaml", "Job", Some("batch-1"), "web");
    assert_eq!(level_at(&settings, "missing-memory-limit", &job), "advice");
    let other = at("overlays/dev/job.yaml", "Job", None, "web");
    assert_eq!(level_at(&settings, "missing-memory-limit", &other), "off");
    let generated = at("a/b/web.gen.yaml", "Deployment", None, "web");
    assert_eq!(level_at(&settings, "missing-readiness-probe", &generated), "off");
    // On somewhere is on for the plan.
    assert_eq!(level(&settings, "few-replicas"), "error");
    assert_eq!(level(&settings, "missing-ephemeral-storage-limit"), "off");
}

#[test]
fn profiles_differ_by_environment_and_override() {
    let text = "\
profile: critical
environments:
  dev: { paths: envs/dev, profile: lab }
clusters:
  edge: { paths: clusters/edge, profile: production }
overrides:
  - environments: [dev]
    names: [keep]
    profile: production
";
    let settings = resolved(text, &CommandLine::default());
    let at = |path| Place { path, ..Place::default() };
    assert_eq!(level_at(&settings, "few-replicas", &at("a.yaml")), "advice");
    assert_eq!(level_at(&settings, "few-replicas", &at("envs/dev/a.yaml")), "off");
    assert_eq!(level_at(&settings, "missing-memory-limit", &at("envs/dev/a.yaml")), "off");
    assert_eq!(level_at(&settings, "few-replicas", &at("clusters/edge/a.yaml")), "off");
    let keep = Place { name: Some("keep"), ..at("envs/dev/a.yaml") };
    assert_eq!(level_at(&settings, "missing-memory-limit", &keep), "warning");
    let told = Place { environment: Some("dev"), ..at("rendered/a.yaml") };
    assert_eq!(level_at(&settings, "missing-memory-limit", &told), "off");
    let cli = CommandLine { profile: Some(Profile::Lab), ..CommandLine::default() };
    let settings = resolved(text, &cli);
    assert_eq!(level_at(&settings, "missing-memory-limit", &keep), "off");
}

#[test]
fn the_command_line_wins_over_overrides() {
    let text = "overrides: [{ paths: dev, rules: { missing-memory-limit: off, probes: error } }]\n";
    let cli = CommandLine { select: vec!["resources".into()], ..CommandLine::default() };
    let settings = resolved(text, &cli);
    let dev = Place { path: "dev/a.yaml", ..Place::default() };
    assert_eq!(level_at(&settings, "missing-memory-limit", &dev), "warning");
    assert_eq!(level_at(&settings, "missing-readiness-probe", &dev), "off");
    assert_eq!(level(&settings, "missing-readiness-probe"), "off");
}

fn finding(rule: &str, severity: Severity, confidence: Confidence) -> Finding {
    Finding {
        rule: id(rule),
        severity,
        confidence,
        message: String::new(),
        span: Span { source: SourceId(0), start: 0, end: 0 },
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

#[test]
fn a_single_finding_keeps_what_its_rule_knew_of_it() {
    use Severity::{Advice, Error, Warning};
    // The page says warning; the finding's own severity, the settings' word, the outcome.
    let cases = [
        (Warning, "error", Some(Error)),
        (Warning, "advice", Some(Advice)),
        (Warning, "on", Some(Warning)),
        (Warning, "off", None),
        (Advice, "error", Some(Advice)),
        (Advice, "on", Some(Advice)),
        (Error, "on", Some(Error)),
        (Error, "advice", Some(Advice)),
    ];
    for (own, word, expected) in cases {
        let text = format!("min-confidence: likely\nrules: {{ missing-memory-limit: {word} }}\n");
        let settings = resolved(&text, &CommandLine::default());
        let judged = |confidence| {
            settings.judge(&finding("missing-memory-limit", own, confidence), &Place::default())
        };
        assert_eq!(judged(Confidence::Likely), expected, "{own} {word}");
        assert_eq!(judged(Confidence::Hint), None);
    }
}

#[test]
fn two_beats_one_beats_zero() {
    use Severity::{Advice, Error, Warning};
    let code = |text: &str, findings: &[Severity], problems: &[Level]| {
        let settings = resolved(text, &CommandLine::default());
        settings.exit_code(findings.iter().copied(), problems.iter().copied())
    };
    assert_eq!(code("", &[], &[]), 0);
    assert_eq!(code("", &[Advice], &[Level::Note]), 0);
    assert_eq!(code("", &[Advice, Warning], &[]), 1);
    assert_eq!(code("", &[Warning], &[Level::Error]), 2);
    assert_eq!(code("strict: true", &[], &[Level::Note]), 2);
    assert_eq!(code("fail-on: error", &[Warning], &[]), 0);
    assert_eq!(code("fail-on: error", &[Error], &[]), 1);
    assert_eq!(code("fail-on: advice", &[Advice], &[]), 1);
    assert_eq!(code("fail-on: never", &[Error], &[]), 0);
}

#[test]
fn each_value_names_its_layer() {
    let text = explain(&resolved(FULL, &CommandLine::default()), "overlays/dev/web.yaml");
    let row = |start: &str| {
        let line = text.lines().find(|l| l.trim_start().starts_with(start));
        let words: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
        words.join(" ")
    };
    assert_eq!(row("profile "), "profile lab .kubeready.yaml:24 (override)", "{text}");
    assert_eq!(row("fail-on"), "fail-on error .kubeready.yaml:4");
    assert_eq!(row("max-file-size"), "max-file-size 64Mi .kubeready.yaml:46");
    assert_eq!(row("no-suppress"), "no-suppress false default");
    assert_eq!(row("environment"), "environment dev");
    assert_eq!(row("run-as-root"), "run-as-root off profile lab");
    assert_eq!(row("missing-memory-limit"), "missing-memory-limit error .kubeready.yaml:14");
    assert_eq!(row("few-replicas"), "few-replicas warning .kubeready.yaml:17");
    assert_eq!(row("minimum"), "minimum = 2 .kubeready.yaml:19");
    let conditional = ".kubeready.yaml:27 namespaces: batch-*; kinds: job, CronJob; names: migrate";
    assert_eq!(row(".kubeready.yaml:27"), conditional);
    let cli = CommandLine { ignore: vec!["probes".into()], ..CommandLine::default() };
    let baseline = "baseline .kubeready-baseline.json (no effect yet) .kubeready.yaml:47";
    assert_eq!(row("baseline"), baseline);
    let text = explain(&resolved("", &cli), "a.yaml");
    assert!(!text.contains("baseline"), "{text}");
    assert!(text.contains("command line"), "{text}");
}

#[test]
fn globs_on_paths_are_those_of_ignore_files() {
    let cases = [
        ("vendor", "a/vendor/b.yaml", true),
        ("vendor/", "vendor/b.yaml", true),
        ("/vendor", "a/vendor/b.yaml", false),
        ("*.gen.yaml", "a/b/c.gen.yaml", true),
        ("a/*.yaml", "a/b/c.yaml", false),
        ("a/**/c.yaml", "a/b/b/c.yaml", true),
        ("a/**", "a/b", true),
        ("./a", "a/b.yaml", true),
        ("a/b", "c/a/b", false),
        ("ü*", "ümlaut/x.yaml", true),
    ];
    for (pattern, path, expected) in cases {
        let globs = PathGlobs::new([pattern]).expect("a glob");
        assert_eq!(globs.is_match(path), expected, "{pattern} {path}");
    }
}

#[test]
fn files_that_only_look_like_settings_are_named() {
    let help = |path| stray(path).map(|problem| (problem.level, problem.help.unwrap_or_default()));
    assert_eq!(help(".kubeready.yaml"), None);
    assert_eq!(help("a/web.yaml"), None);
    let rename = "rename it to `.kubeready.yaml`".to_owned();
    assert_eq!(help(".kubeready.yml"), Some((Level::Note, rename)));
    assert!(help("apps/.kubeready.yaml").is_some_and(|(_, help)| help.starts_with("move it")));
}

#[test]
fn versions_of_kubernetes() {
    let cases = [("1.33", Some(33)), ("v1.25.4", Some(25)), ("1.30", Some(30)), ("1", None)];
    for (text, expected) in cases.into_iter().chain([("2.1", None), ("1.x", None), ("1.3.", None)])
    {
        assert_eq!(kubernetes_version(text), expected, "{text}");
    }
}

/// As an editor reads the file: YAML 1.2, where `on` and `off` are words.
fn json(node: NodeRef<'_>) -> Value {
    if node.is_map() {
        return node.entries().map(|(k, v)| (k.text().to_owned(), json(v))).collect();
    }
    if node.is_seq() {
        return node.items().map(json).collect();
    }
    match node.scalar() {
        None | Some(Scalar::Null) => Value::Null,
        Some(Scalar::Bool(value)) if matches!(node.text(), "true" | "false") => value.into(),
        Some(Scalar::Int(value)) => value.into(),
        Some(Scalar::Float(value)) => value.into(),
        _ => node.text().into(),
    }
}

fn assert_valid(text: &str) {
    let tree = Tree::parse(text, SourceId(0));
    let value = tree.documents().next().map_or(Value::Null, |(_, root)| json(root));
    let validator = jsonschema::validator_for(&schema_with(&NAMES)).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = jsonschema::validator_for(&schema_with(&NAMES)).expect("a schema");
    let wrong = [
        "profil: lab",
        "profile: prod",
        "rules: { probs: off }",
        "rules: { probes: offf }",
        "rules: { few-replicas: { options: { minimum: two } } }",
        "overrides: [{ rules: { probes: off } }]",
        "overrides: [{ paths: a }]",
        "overrides: [{ paths: a, rules: { few-replicas: { options: { minimum: 1 } } } }]",
        "ignores: [{ rules: [probes] }]",
        "environments: { dev: {} }",
        "select: [episode:11]",
    ];
    for text in wrong {
        assert!(!said(text).is_empty(), "{text}");
        let tree = Tree::parse(text, SourceId(0));
        let value = tree.documents().next().map_or(Value::Null, |(_, root)| json(root));
        assert!(!validator.is_valid(&value), "{text}");
    }
}

#[test]
fn the_published_schema_is_the_catalogues() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/settings-v1.schema.json");
    let now = serde_json::to_string_pretty(&schema()).expect("is JSON") + "\n";
    jsonschema::meta::validate(&schema()).expect("a JSON Schema");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &now).expect("can be written");
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == now,
        "schemas/settings-v1.schema.json is out of date: `UPDATE=1 cargo test published_schema`"
    );
}
