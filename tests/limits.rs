//! What the settings bound: each limit is told with its place and the key that raises it, the rest is
//! judged, and threads change nothing.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kubeready::check::{Request, check};
use kubeready::host::{Around, Host, MemHost};
use kubeready::problem::{Level, Location, Problem};
use kubeready::report::Report;
use kubeready::settings::limits::{LIMITS, Limits, markdown_table};
use kubeready::settings::{CommandLine, Settings, read, resolve};
use kubeready::source::SourceId;

fn request() -> Request {
    Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() }
}

/// Settings as a file says them.
fn limited(limit: &str) -> Settings {
    let (file, problems) = read(&format!("limits: {{ {limit} }}\n"), SourceId(0));
    assert!(problems.is_empty(), "{problems:?}");
    resolve(Some(&file), &CommandLine::default()).expect("settings")
}

/// Judges files on several numbers of threads, which must not matter.
fn judge(host: &(dyn Host + Sync), limit: &str) -> Report {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| check(host, &request(), &limited(limit)))
    };
    let one = run(1);
    for threads in [2, 8] {
        let other = run(threads);
        assert_eq!(one.problems, other.problems, "{limit} on {threads} threads");
        assert_eq!(pods(&one), pods(&other), "{limit} on {threads} threads");
    }
    one
}

/// The error of a code: there is one, it has a place, and its help names the limit.
fn told<'r>(report: &'r Report, code: &str, limit: &str) -> &'r Problem {
    let mut of_code = report.problems.iter().filter(|problem| problem.code == code);
    let Some(problem) = of_code.next() else { panic!("no {code}: {:?}", report.problems) };
    assert!(of_code.next().is_none(), "told twice: {:?}", report.problems);
    assert_eq!(problem.level, Level::Error);
    assert_ne!(problem.location, Location::None, "{problem:?}");
    let help = problem.help.as_deref().unwrap_or_default();
    assert!(help.contains(&format!("`limits.{limit}`")), "{problem:?}");
    problem
}

fn place(report: &Report, problem: &Problem) -> String {
    match &problem.location {
        Location::Span(span) => report.sources.get(span.source).path.to_string(),
        Location::Path(path) => path.to_string(),
        Location::None => String::new(),
    }
}

fn pods(report: &Report) -> Vec<&str> {
    let naked = report.findings.iter().filter(|f| f.rule.rule().name == "naked-pod");
    let mut names: Vec<_> = naked.filter_map(|f| Some(&*f.resource.as_ref()?.name)).collect();
    names.sort_unstable();
    names
}

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n")
}

fn numbered(number: usize) -> impl Iterator<Item = (String, String)> {
    (100..100 + number).map(|at| (format!("f{at}.yaml"), pod(&format!("p{at}"))))
}

#[test]
fn all_files_together_may_hold_so_much_in_the_order_of_their_paths() {
    let size = pod("p100").len();
    let named = [
        ("k/kustomization.yaml".to_owned(), "resources: [pod.txt]\n".to_owned()),
        ("k/pod.txt".to_owned(), pod("named")),
    ];
    let host = MemHost::with(numbered(200).chain(named));
    let report = judge(&host, &format!("max-total-size: {}", 150 * size + size / 2));
    assert_eq!(pods(&report).len(), 150);
    let problem = told(&report, "input-too-large", "max-total-size");
    assert_eq!(place(&report, problem), "f250.yaml");
    assert!(problem.message.contains("this one and 50 more"), "{}", problem.message);
    // What only a kustomization names counts, too.
    let report = judge(&host, &format!("max-total-size: {}", 200 * size + 40));
    assert_eq!(place(&report, told(&report, "input-too-large", "max-total-size")), "k/pod.txt");
    assert_eq!(pods(&report).len(), 200);
}

#[test]
fn one_root_may_make_so_much() {
    let files = numbered(30).map(|(path, text)| (format!("big/{path}"), text));
    let names: Vec<_> = numbered(30).map(|(path, _)| path).collect();
    let list = format!("resources: [{}]\n", names.join(", "));
    let host = MemHost::with(files.chain([
        ("big/kustomization.yaml".to_owned(), list),
        ("small/kustomization.yaml".to_owned(), "resources: [pod.yaml]\n".to_owned()),
        ("small/pod.yaml".to_owned(), pod("small")),
    ]));
    for limit in ["max-root-objects", "max-root-nodes"] {
        let report = judge(&host, &format!("{limit}: 20"));
        let problem = told(&report, "too-large", limit);
        assert_eq!(place(&report, problem), "big/kustomization.yaml");
        assert!(pods(&report).contains(&"small"), "{limit}");
        let report = judge(&host, &format!("{limit}: 1000"));
        assert_eq!(report.problems.iter().filter(|p| p.code == "too-large").count(), 0);
    }
}

#[test]
fn everything_rendered_may_be_so_large_in_the_order_of_the_roots() {
    let root = |at: usize| {
        let list = "resources: [pod.yaml]\n".to_owned();
        let pod = pod(&format!("p{at}"));
        [(format!("r{at}/kustomization.yaml"), list), (format!("r{at}/pod.yaml"), pod)]
    };
    let host = MemHost::with((100..140).flat_map(root));
    let report = judge(&host, "max-rendered-nodes: 200");
    let lost: Vec<_> = report.problems.iter().filter(|p| p.code == "too-large").collect();
    assert!(!lost.is_empty() && lost.len() < 40, "{}", lost.len());
    let first = 140 - lost.len();
    for (at, problem) in (first..).zip(&lost) {
        assert_eq!(place(&report, problem), format!("r{at}/kustomization.yaml"));
        assert!(problem.help.as_ref().is_some_and(|h| h.contains("`limits.max-rendered-nodes`")));
    }
    // What was left out is judged as it stands.
    assert_eq!(report.summary.kustomize_manifests as usize, lost.len());
    assert_eq!(pods(&report).len(), 40);
}

#[test]
fn templates_may_take_so_many_steps_and_print_so_much() {
    let host = MemHost::with([
        ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n".to_owned()),
        ("chart/templates/loop.yaml", "{{ range until 5000 }}# {{ . }}\n{{ end }}".to_owned()),
        ("chart/templates/pod.yaml", pod("beside")),
        ("plain.yaml", pod("plain")),
    ]);
    for limit in ["max-template-steps: 3000", "max-template-output: 4Ki"] {
        let (name, _) = limit.split_once(':').expect("a pair");
        let report = judge(&host, limit);
        let problem = report.problems.iter().find(|p| p.code == "helm-template");
        let Some(problem) = problem else { panic!("{:?}", report.problems) };
        assert_eq!(
            (problem.level, place(&report, problem)),
            (Level::Error, "chart/templates/loop.yaml".into())
        );
        let help = problem.help.as_deref().unwrap_or_default();
        assert!(help.contains(&format!("`limits.{name}`")), "{help}");
        assert!(pods(&report).contains(&"plain"));
    }
    assert!(judge(&host, "max-template-steps: 20M").problems.is_empty());
}

#[test]
fn so_many_findings_are_told_the_most_severe_ones_first() {
    let host = MemHost::with(numbered(5).chain([("z.yaml".to_owned(), "a: [\n".to_owned())]));
    let all = judge(&host, "max-findings: 1000");
    let errors = all.counts().error as usize;
    assert!(errors >= 1 && all.findings.len() > errors + 2);
    let few = judge(&host, &format!("max-findings: {}", errors + 2));
    assert_eq!((few.findings.len(), few.counts().error as usize), (errors + 2, errors));
    let problem = told(&few, "too-many-findings", "max-findings");
    let more = all.findings.len() - few.findings.len();
    assert!(problem.message.contains(&format!("there are {more} more findings")));
    let place =
        |report: &Report| report.findings.iter().map(|f| (f.span, f.rule)).collect::<Vec<_>>();
    let (few, all) = (place(&few), place(&all));
    let mut rest = all.iter();
    assert!(few.iter().all(|one| rest.any(|other| other == one)), "they stay in order");
}

/// A host on which every read takes a second.
#[derive(Debug)]
struct Slow(MemHost, AtomicU64);

impl Around for Slow {
    fn inner(&self) -> &dyn Host {
        &self.0
    }
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.read(path, limit)
    }
    fn clock(&self) -> Duration {
        Duration::from_secs(self.1.load(Ordering::SeqCst))
    }
}

#[test]
fn when_the_time_is_over_what_is_left_is_named() {
    let root = [
        ("z/kustomization.yaml".to_owned(), "resources: [pod.yaml]\n".to_owned()),
        ("z/pod.yaml".to_owned(), pod("rendered")),
    ];
    let run = |limit: &str| {
        let host = Slow(MemHost::with(numbered(10).chain(root.clone())), AtomicU64::new(0));
        check(&host, &request(), &limited(limit))
    };
    assert!(run("max-time: 1h").problems.is_empty());
    let report = run("max-time: 8s");
    let late: Vec<_> = report.problems.iter().filter(|p| p.code == "out-of-time").collect();
    assert!(late.iter().all(|p| p.level == Level::Error));
    let help = |p: &&Problem| p.help.as_ref().is_some_and(|h| h.contains("`limits.max-time`"));
    assert!(late.iter().all(help), "{late:?}");
    let files = late.iter().find(|p| matches!(p.location, Location::Path(_)));
    let Some(files) = files else { panic!("{late:?}") };
    assert_eq!(place(&report, files), "f108.yaml");
    assert!(files.message.starts_with("this and 3 more files were not read"), "{}", files.message);
    assert!(late.iter().any(|p| p.message.contains("what all places share was not judged")));
    // All is read, and then the time is over.
    let report = run("max-time: 12s");
    let late: Vec<_> = report.problems.iter().filter(|p| p.code == "out-of-time").collect();
    let Some(root) = late.iter().find(|p| p.message.contains("not rendered")) else {
        panic!("{:?}", report.problems)
    };
    assert_eq!(place(&report, root), "z/kustomization.yaml");
}

#[test]
fn every_limit_has_a_default_a_word_and_a_row_in_the_readme() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let (start, end) = ("<!-- limits:start -->\n\n", "\n<!-- limits:end -->");
    let (before, rest) = readme.split_once(start).expect("where the table begins");
    let (table, after) = rest.split_once(end).expect("where it ends");
    if std::env::var_os("UPDATE").is_some() {
        let now = [before, start, &markdown_table(), end, after].concat();
        std::fs::write(path, now).expect("written");
        return;
    }
    assert_eq!(table, markdown_table(), "`UPDATE=1 cargo test in_the_readme` writes it");
    for limit in &LIMITS {
        let default = limit.get(&Limits::default());
        assert!(default > 0 && limit.about.ends_with('.'), "{}", limit.name);
        let key = if default == u64::MAX { "10m".to_owned() } else { limit.shown(default) };
        let settings = limited(&format!("{}: {key}", limit.name));
        assert!(limit.get(&settings.limits) > 0);
    }
}

#[test]
fn a_limit_that_is_none_is_refused_with_an_example() {
    for (text, says) in [
        ("max-file-size: 8Gi", "is not a size from 1 to below 4Gi"),
        ("max-total-size: -1", "is not a size"),
        ("max-findings: 1.5", "is not a number from 1 on"),
        ("max-findings: 0", "is not a number from 1 on"),
        ("max-time: 10", "is not a time such as"),
        ("max-time: soon", "is not a time such as"),
    ] {
        let (_, problems) = read(&format!("limits: {{ {text} }}\n"), SourceId(0));
        let [problem] = &problems[..] else { panic!("{text}: {problems:?}") };
        assert!(problem.message.contains(says), "{}", problem.message);
        assert!(problem.help.as_ref().is_some_and(|help| help.starts_with("write it as `")));
    }
}
