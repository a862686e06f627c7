//! The binary as a user meets it: arguments, streams, exit codes.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const NAKED: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1
";

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = fs::remove_dir_all(&path);
    // A `.git` of its own: nothing above this folder counts.
    fs::create_dir_all(path.join(".git")).expect("a folder in target");
    path
}

/// Arguments, environment and input of one run.
struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    fn new(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubeready"));
        command.args(args);
        for name in ["NO_COLOR", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "COLUMNS"] {
            command.env_remove(name);
        }
        Self { command, input: Vec::new() }
    }

    fn within(mut self, folder: &PathBuf) -> Self {
        self.command.current_dir(folder);
        self
    }

    fn input(mut self, text: &str) -> Self {
        self.input = text.into();
        self
    }

    fn go(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // It may end without reading.
        let _ = child.stdin.take().expect("piped").write_all(&self.input);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        Ran {
            code: status.code().expect("no signal"),
            out: String::from_utf8(stdout).expect("UTF-8"),
            err: String::from_utf8(stderr).expect("UTF-8"),
        }
    }
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

#[test]
fn exit_codes() {
    let here = folder("exit-codes");
    fs::write(here.join("pod.yaml"), NAKED).expect("a writable folder");
    let run = |args: &[&str]| Run::new(args).within(&here).go().code;
    assert_eq!(run(&["--select", "naked-pod"]), 1);
    assert_eq!(run(&["check", "--select", "naked-pod", "--fail-on", "error"]), 0);
    assert_eq!(run(&["--select", "ALL", "--ignore", "ALL"]), 0);
    assert_eq!(run(&["no-such-folder"]), 2);
    fs::write(here.join("broken.yaml"), "kind: Pod\napiVersion: v1\na: [1, 2\n").expect("writable");
    assert_eq!(run(&["--select", "naked-pod"]), 2, "2 beats 1");
}

#[test]
fn concise_shows_paths_as_given_from_here() {
    let here = folder("concise");
    fs::create_dir(here.join("deploy")).expect("a writable folder");
    fs::write(here.join("deploy/pod.yaml"), NAKED).expect("a writable folder");
    let ran = Run::new(&["deploy", "-o", "concise", "--select", "naked-pod"]).within(&here).go();
    assert_eq!(ran.out, "deploy/pod.yaml:4:9: warning[naked-pod] pod `web` has no controller\n");
    assert!(ran.err.starts_with("kubeready: finished in "), "{ran:?}");
    let quiet = Run::new(&["deploy", "-q", "--select", "naked-pod"]).within(&here).go();
    assert_eq!(quiet.err, "");
}

#[test]
fn standard_input_has_a_name() {
    let run = |args: &[&str]| Run::new(args).within(&folder("stdin")).input(NAKED).go();
    let ran = run(&["-", "-o", "concise", "--select", "naked-pod"]);
    assert!(ran.out.starts_with("<stdin>:4:9: "), "{ran:?}");
    let ran =
        run(&["-", "-o", "concise", "--select", "naked-pod", "--stdin-filename", "base/pod.yaml"]);
    assert!(ran.out.starts_with("base/pod.yaml:4:9: "), "{ran:?}");
}

#[test]
fn colours_only_where_wanted() {
    let here = folder("colours");
    fs::write(here.join("pod.yaml"), NAKED).expect("a writable folder");
    let args = ["--select", "naked-pod", "--color"];
    let run = |when: &str| Run::new(&[&args[..], &[when]].concat()).within(&here);
    assert!(!run("auto").go().out.contains('\u{1b}'), "a pipe is no terminal");
    assert!(run("always").go().out.contains('\u{1b}'));
    let mut no_color = run("auto");
    no_color.command.env("NO_COLOR", "1");
    assert!(!no_color.go().out.contains('\u{1b}'));
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let here = folder("threads");
    for number in 0..100 {
        let name = format!("pod-{number:03}.yaml");
        fs::write(here.join(name), NAKED.replace("web", &format!("web-{number}"))).expect("space");
    }
    for format in ["pretty", "json", "sarif"] {
        let run =
            |threads: &str| Run::new(&["--threads", threads, "-o", format]).within(&here).go().out;
        let one = run("1");
        assert_eq!(one, run("2"), "{format}");
        assert_eq!(one, run("8"), "{format}");
    }
}

#[test]
fn the_report_goes_into_a_file() {
    let here = folder("output-file");
    fs::write(here.join("pod.yaml"), NAKED).expect("a writable folder");
    let args = ["-o", "json", "--output-file", "report.txt", "--select", "naked-pod"];
    let ran = Run::new(&args).within(&here).go();
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let text = fs::read_to_string(here.join("report.txt")).expect("it was written");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["findings"][0]["rule"], "naked-pod");
    let args = ["--output-file", "no/such/folder/report.txt"];
    let ran = Run::new(&args).within(&here).go();
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot be written"), "{ran:?}");
}

#[test]
fn mistakes_are_explained() {
    let cases: [(&[&str], &str); 8] = [
        (&["explain", "naked-pods"], "did you mean `naked-pod`?"),
        (&["explain", "topic:network"], "did you mean `network`?"),
        (&["rules", "--select", "topic:network"], "did you mean `network`?"),
        (&["explain", "episode:11"], "no rule, topic, episode or item"),
        (&["rulez"], "did you mean `kubeready rules`?"),
        (&["--kubernetes-version", "29"], "written `1.N`"),
        (&["--selekt", "x"], "--select"),
        (&["--output", "xml"], "pretty"),
    ];
    for (args, expected) in cases {
        let ran = Run::new(args).within(&folder("mistakes")).go();
        assert_eq!(ran.code, 2, "{args:?}");
        assert_eq!(ran.out, "", "{args:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
    let ran = Run::new(&["--select", "nakde-pod"]).within(&folder("mistakes")).go();
    assert_eq!(ran.code, 2);
    let said = ran.out + &ran.err;
    assert!(said.contains("nakde-pod") && said.contains("`naked-pod`"), "{said}");
}

#[test]
fn explain_speaks_of_rules_episodes_items_and_peers() {
    let explain = |args: &[&str]| {
        let ran = Run::new(&[&["explain"], args].concat()).go();
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let page = explain(&["naked-pod"]);
    assert!(page.starts_with("naked-pod: Pod without a controller\n"), "{page}");
    assert!(page.contains("\nWhy\n") && !page.contains("## Why"), "{page}");
    assert!(page.contains("    kind: Pod"), "{page}");
    assert!(explain(&["polaris/nakedPod"]).contains("naked-pod: "));
    assert!(explain(&["nakedpod"]).contains("naked-pod: "));
    for words in [&["episode:1"][..], &["episode", "1"]] {
        let text = explain(words);
        assert!(text.starts_with("Episode 1: ") && text.contains("`naked-pod`"), "{text}");
    }
    assert!(explain(&["item:4"]).starts_with("Item 4: "));
    let both = explain(&["4"]);
    assert!(both.contains("Item 4: ") && both.contains("Episode 4: "), "{both}");
    assert!(explain(&["plus"]).starts_with("Beyond the checklist"));
    // Its own rules are those of the item that it is about.
    let seventh = explain(&["7"]);
    assert!(
        seventh.contains("Item 5: Obs") && seventh.contains("`flux-without-alerts`"),
        "{seventh}"
    );
}

#[test]
fn rules_are_listed() {
    let ran = Run::new(&["rules", "--output", "json", "--select", "naked-pod"]).go();
    let list: Value = serde_json::from_str(&ran.out).expect("JSON");
    let rule = &list[0];
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    for (key, value) in [("name", "naked-pod"), ("topic", "replicas"), ("item", "4")] {
        assert_eq!(rule[key], value);
    }
    assert_eq!((&rule["episode"], &rule["aliases"]), (&1.into(), &serde_json::json!([])));
    let table = |args: &[&str]| Run::new(&[&["rules"], args].concat()).go().out;
    assert!(table(&["--topic", "replicas", "--episode", "1"]).contains("naked-pod"));
    assert!(!table(&["--item", "1"]).contains("naked-pod"));
    assert!(!table(&["--severity", "error"]).contains("naked-pod"));
    assert!(table(&["--profile", "lab"]).contains("naked-pod"));
    assert_eq!(Run::new(&["rules", "--topic", "replica"]).go().code, 2);
}

#[test]
fn the_checklist_fails_only_where_it_could_not_be_made() {
    let here = folder("checklist");
    fs::write(here.join("pod.yaml"), NAKED).expect("a writable folder");
    let ran = Run::new(&["checklist", "."]).within(&here).go();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("✖ Item 4"), "{ran:?}");
    assert_eq!(Run::new(&["checklist", "nowhere"]).within(&here).go().code, 2);
}

#[test]
fn what_packagers_need_is_generated() {
    let generate = |args: &[&str]| {
        let ran = Run::new(&[&["generate"], args].concat()).go();
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert!(generate(&["man"]).contains(".TH kubeready 1"));
    assert!(generate(&["man", "check"]).contains("kubernetes\\-version"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(generate(&["completions", shell]).contains("kubeready"), "{shell}");
    }
    let schema: Value = serde_json::from_str(&generate(&["schema", "report"])).expect("JSON");
    assert_eq!(schema["properties"]["version"]["const"], 1);
    assert!(generate(&["rules-table"]).contains("[`naked-pod`](rules/replicas/naked-pod.md)"));
}

#[test]
fn help_names_the_exit_codes() {
    for args in [&["--help"][..], &["check", "--help"], &["-h"]] {
        let ran = Run::new(args).go();
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("could not do its job"), "{args:?}: {}", ran.out);
    }
}

#[test]
fn what_names_nothing_is_refused() {
    let here = folder("nothing-named");
    fs::write(here.join("pod.yaml"), NAKED).expect("a writable folder");
    // An empty variable in a script must not look like a clean run.
    let ran = Run::new(&["--select", ""]).within(&here).go();
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("`--select` names no rule"), "{ran:?}");
    assert!(ran.out.ends_with("nothing was judged: 1 problem above\n"), "{ran:?}");
    let ran = Run::new(&["--stdin-filename", "a.yaml"]).within(&here).input(NAKED).go();
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("add the path `-`"), "{ran:?}");
}

#[test]
fn a_broken_file_is_told_of_once() {
    let here = folder("told-once");
    fs::write(here.join("tab.yaml"), "kind: Pod\nmetadata:\n\tname: x\n").expect("writable");
    let ran = Run::new(&["tab.yaml"]).within(&here).go();
    assert_eq!(ran.code, 2);
    assert_eq!(ran.out.matches("tab.yaml:3:1").count(), 1, "{}", ran.out);
    assert!(
        ran.out.contains("1 error, 0 warnings, 0 advice; no Kubernetes objects"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1 problem above: the verdict is not complete"), "{}", ran.out);
    assert!(!ran.out.contains("kept-quiet"), "nothing was judged: {}", ran.out);
}

#[test]
fn strict_means_what_was_to_be_judged() {
    let here = folder("strict");
    fs::create_dir_all(here.join("chart/templates")).expect("a writable folder");
    fs::write(here.join("pod.yaml"), NAKED).expect("writable");
    fs::write(here.join("vendored.yaml"), NAKED).expect("writable");
    fs::write(here.join(".kubeready.yaml"), "exclude: [vendored.yaml]\n").expect("writable");
    let run = |args: &[&str]| {
        Run::new(&[args, &["--strict", "--select", "removed-api"]].concat()).within(&here).go()
    };
    assert_eq!(run(&["pod.yaml", "vendored.yaml"]).code, 0, "excluded by choice");
    let chart =
        "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: redis, version: 1.0.0}]\n";
    fs::write(here.join("chart/Chart.yaml"), chart).expect("writable");
    fs::write(here.join("chart/templates/pod.yaml"), NAKED).expect("writable");
    let ran = run(&["."]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("the subchart `redis` is not in `charts/`"), "{}", ran.out);
}
