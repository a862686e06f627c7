//! Faults of our own: what panics is named, the rest is judged, and the exit code is 2.

use std::io::{self, Write};
use std::path::Path;

use kubeready::check::{Request, check, printed};
use kubeready::cli::{self, terminal::Terminal};
use kubeready::host::{Around, Host, MemHost};
use kubeready::problem::{Level, Location, Problem};
use kubeready::report::{Exit, Report};
use kubeready::settings::Settings;

/// A host that panics when a file of this name is read.
#[derive(Debug)]
struct Failing(MemHost, &'static str);

impl Around for Failing {
    fn inner(&self) -> &dyn Host {
        &self.0
    }
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        assert!(!path.ends_with(self.1), "on purpose");
        self.0.read(path, limit)
    }
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: sound}\n";
const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

fn request() -> Request {
    Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() }
}

fn failed(report: &Report) -> Vec<&Problem> {
    report.problems.iter().filter(|problem| problem.code == "tool-failed").collect()
}

fn is_judged(report: &Report, pod: &str) -> bool {
    let named =
        |f: &kubeready::finding::Finding| f.resource.as_ref().is_some_and(|r| r.name == pod);
    report.findings.iter().any(|f| f.rule.rule().name == "naked-pod" && named(f))
}

#[test]
fn a_file_that_fails_loses_itself_alone() {
    // Walked; named by a kustomization; of a chart, which may be a template, values or a document.
    for name in ["walked.yaml", "named.txt", "_helpers.tpl", "values.yaml", "Chart.yaml"] {
        let files = MemHost::with([
            ("sound.yaml", POD),
            ("walked.yaml", POD),
            ("k/kustomization.yaml", "configMapGenerator: [{name: c, files: [named.txt]}]\n"),
            ("k/named.txt", "text"),
            ("chart/Chart.yaml", CHART),
            ("chart/values.yaml", "a: b\n"),
            ("chart/templates/_helpers.tpl", "{{ define \"x\" }}{{ end }}"),
            ("chart/templates/pod.yaml", POD),
        ]);
        let report = check(&Failing(files, name), &request(), &Settings::default());
        let failed = failed(&report);
        let [problem] = &failed[..] else { panic!("{name}: {:?}", report.problems) };
        assert_eq!(problem.level, Level::Error);
        assert!(matches!(&problem.location, Location::Path(path) if path.ends_with(name)));
        assert_eq!(problem.message, "kubeready failed on this file: on purpose");
        assert!(problem.help.as_ref().is_some_and(|help| help.contains("please report")));
        assert!(is_judged(&report, "sound"), "{name}");
    }
}

/// Roots whose chart needs the real Helm, which panics, beside one that does not.
fn roots() -> (MemHost, Request) {
    let beyond = "a: {{ getHostByName2 1 }}\n";
    let mut host = MemHost::with([
        ("sound/kustomization.yaml", "resources: [pod.yaml]\n"),
        ("sound/pod.yaml", POD),
        ("root/kustomization.yaml", "helmCharts: [{name: c, releaseName: c}]\n"),
        ("root/charts/c/Chart.yaml", CHART),
        ("root/charts/c/templates/x.yaml", beyond),
    ]);
    host.run = Some(|_| panic!("on purpose"));
    (host, Request { helm: Some("/helm".into()), ..request() })
}

#[test]
fn a_root_and_a_chart_that_fail_lose_themselves_alone() {
    let (host, request) = roots();
    let report = check(&host, &request, &Settings::default());
    let failed = failed(&report);
    let places: Vec<_> = failed
        .iter()
        .map(|problem| match problem.location {
            Location::Span(span) => &*report.sources.get(span.source).path,
            _ => "nowhere",
        })
        .collect();
    assert_eq!(
        places,
        ["root/charts/c/Chart.yaml", "root/kustomization.yaml"],
        "{:?}",
        report.problems
    );
    assert!(
        failed.iter().all(|p| p.message.ends_with("failed on what this renders to: on purpose"))
    );
    assert!(is_judged(&report, "sound"));
}

#[test]
fn render_names_a_root_that_fails_and_prints_the_others() {
    let (host, request) = roots();
    for (path, prints) in [("/", true), ("/root", false), ("/root/charts/c", false)] {
        let request = Request { paths: vec![path.into()], ..request.clone() };
        let printed = printed(&host, &request, &Settings::default(), false);
        assert!(!failed(&printed.report).is_empty(), "{path}: {:?}", printed.report.problems);
        assert_eq!(printed.text.contains("name: sound"), prints, "{path}: {}", printed.text);
    }
}

/// A stream that panics.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("on purpose")
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_report_that_fails_is_told_and_ends_with_two() {
    for output in ["pretty", "concise", "json", "sarif", "github"] {
        let mut told = Vec::new();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/lab/episode-03/broken");
        let args = ["check", "--output", output, path].map(Into::into);
        let exit = cli::run(args, &Terminal::detect(), &mut Broken, &mut told);
        assert_eq!(exit, Exit::Failed, "{output}");
        let told = String::from_utf8(told).expect("text");
        assert!(told.contains("failed to write its report: on purpose"), "{output}: {told}");
        assert!(told.contains("please report"), "{output}: {told}");
    }
}
