//! What may be lost is told with a place: the cases of ARCHITECTURE.md's table that no other test shows.

use std::io;
use std::path::{Path, PathBuf};

use kubeready::check::{Request, check, configure};
use kubeready::host::{Around, Host, MemHost, PathKind};
use kubeready::problem::{Code, Level, Location};
use kubeready::report::Report;
use kubeready::settings::{CommandLine, Settings};
use kubeready_typed::NEWEST;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

fn request() -> Request {
    let repository_urls = vec!["https://example.com/here.git".to_owned()];
    Request { paths: vec!["/".into()], root: "/".into(), repository_urls, ..Request::default() }
}

fn judge(files: &[(&str, &str)]) -> Report {
    check(&MemHost::with(files.iter().copied()), &request(), &Settings::default())
}

/// `error code path:line` of each problem.
fn told(report: &Report) -> Vec<String> {
    let place = |location: &Location| match location {
        Location::Span(span) => crate::given::place(report, *span),
        Location::Path(path) => path.to_string(),
        Location::None => "nowhere".to_owned(),
    };
    let level = |level| if level == Level::Error { "error" } else { "note" };
    let problems = report.problems.iter().filter(|p| p.code != Code::KeptQuiet.name());
    problems.map(|p| format!("{} {} {}", level(p.level), p.code, place(&p.location))).collect()
}

fn pods(report: &Report) -> usize {
    report.findings.iter().filter(|f| f.rule.rule().name == "naked-pod").count()
}

#[test]
fn documents_that_are_no_objects_are_named() {
    let report = judge(&[
        ("alone.yaml", "# what it is\n\nkind: Pod\nmetadata: {name: x}\n"),
        ("kindless.yaml", "apiVersion: v1\nmetadata: {name: x}\n"),
        (
            "mixed.yaml",
            &format!("{POD}---\nkind: Pod\nmetadata: {{name: x}}\n---\ntext\n---\n- 1\n"),
        ),
        ("values.yaml", "kind: DaemonSet\nimage: a\n"),
        ("data.json", "[1, 2]"),
    ]);
    let expected = [
        "error not-an-object alone.yaml:3",
        "error not-an-object kindless.yaml:1",
        "error not-an-object mixed.yaml:5",
        "note not-an-object mixed.yaml:8",
        "note not-an-object mixed.yaml:10",
    ];
    assert_eq!(told(&report), expected);
    assert_eq!(pods(&report), 1);
}

#[test]
fn items_of_lists_that_are_no_objects_are_named() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- text\n- {metadata: {name: x}}\n- null\n\
                - apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n\
                - {apiVersion: v1, kind: List, items: [{kind: Pod}]}\n";
    let typed = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: p}\n- 1\n";
    let report = judge(&[("list.yaml", list), ("typed.yaml", typed)]);
    let expected = [
        "error not-an-object list.yaml:4",
        "error not-an-object list.yaml:5",
        "error not-an-object list.yaml:6",
        "error not-an-object list.yaml:10",
        "error not-an-object typed.yaml:5",
    ];
    assert_eq!(told(&report), expected);
    assert_eq!(pods(&report), 2);
}

#[test]
fn a_kustomization_among_other_documents_hides_none_of_them() {
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    let report = judge(&[("all.yaml", &format!("{kustomization}---\n{POD}"))]);
    assert_eq!((pods(&report), told(&report)), (1, Vec::new()));
}

#[test]
fn values_that_are_no_yaml_are_named_wherever_they_come_from() {
    let chart = [("c/Chart.yaml", CHART), ("c/templates/pod.yaml", POD)];
    let with = |more: &[(&str, &str)]| judge(&[&chart[..], more].concat());
    // Beside the chart.
    let told_beside = told(&with(&[("c/values-prod.yaml", "a: [\n")]));
    assert_eq!(told_beside, ["error helm-template c/values-prod.yaml:1"]);
    // Of a kustomization.
    let k = "helmCharts: [{name: c, valuesFile: v.json}]\nhelmGlobals: {chartHome: ../}\n";
    let told_k = told(&with(&[("k/kustomization.yaml", k), ("k/v.json", "{\"a\": ")]));
    assert_eq!(told_k, ["error helm-template k/v.json:1"]);
    // Of an Application.
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n\
        metadata: {name: a, namespace: argocd}\nspec:\n  destination: {namespace: x}\n  source:\n    \
        repoURL: https://example.com/here.git\n    path: c\n    helm: {valueFiles: [v.json]}\n";
    let told_argo = told(&with(&[("a.yaml", application), ("c/v.json", "{\"a\": ")]));
    assert_eq!(told_argo, ["error helm-template c/v.json:1"]);
    // In a Secret, encoded.
    let flux = "apiVersion: v1\nkind: Secret\nmetadata: {name: v, namespace: x}\n\
        data: {values.yaml: YTogWwo=}\n---\n\
        apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
        metadata: {name: g, namespace: x}\nspec: {url: 'https://example.com/here.git'}\n---\n\
        apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h, namespace: x}\n\
        spec:\n  chart: {spec: {chart: c, sourceRef: {kind: GitRepository, name: g}}}\n  \
        valuesFrom: [{kind: Secret, name: v}]\n";
    assert_eq!(told(&with(&[("flux.yaml", flux)])), ["error helm-template flux.yaml:4"]);
}

fn application(name: &str, url: &str, source: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: \
         argocd}}\nspec:\n  destination: {{namespace: x}}\n  source: {{repoURL: '{url}', {source}}}\n"
    )
}

#[test]
fn values_that_are_encrypted_or_elsewhere_are_named() {
    let helm = "path: c, helm: {valueFiles: [secrets.yaml, 'https://example.com/v.yaml']}";
    let report = judge(&[
        ("a.yaml", &application("a", "https://example.com/here.git", helm)),
        ("c/Chart.yaml", CHART),
        ("c/templates/pod.yaml", POD),
        ("c/secrets.yaml", "a: ENC[x]\nsops: {mac: x}\n"),
    ]);
    let why = report.problems.iter().map(|p| (p.code, p.message.contains("encrypted")));
    assert_eq!(why.collect::<Vec<_>>(), [("not-followed", true), ("not-followed", false)]);
    assert_eq!(told(&report), ["note not-followed a.yaml:6"; 2]);
}

#[test]
fn deliveries_that_lead_out_of_the_repository_are_told_once_a_reason() {
    let there = "https://example.com/there.git";
    let here = "https://example.com/here.git";
    let report = judge(&[
        ("a.yaml", &application("a", there, "path: apps")),
        ("b.yaml", &application("b", there, "path: more")),
        ("c.yaml", &application("c", "https://charts.example.com", "chart: redis")),
        ("d.yaml", &application("d", here, "path: made, plugin: {name: x}")),
        ("e.yaml", &application("e", here, "path: made, directory: {include: '[a'}")),
        ("f.yaml", &application("f", here, "path: nix, plugin: {name: x}")),
        ("g.yaml", &application("g", here, "path: jsonnet")),
        ("h.yaml", &application("h", "{{ url }}", "path: apps")),
        ("made/pod.yaml", POD),
        // There, and no file that is read.
        ("nix/default.nix", ""),
        ("jsonnet/main.jsonnet", ""),
    ]);
    let expected = [
        "note not-followed a.yaml:6",
        "note not-followed c.yaml:6",
        "note not-followed d.yaml:6",
        "note not-followed e.yaml:6",
        "note not-followed g.yaml:6",
        "note not-followed h.yaml:6",
    ];
    assert_eq!(told(&report), expected, "{:?}", report.problems);
    let mut said = report.problems.iter().map(|p| (&*p.message, p.help.as_deref().unwrap_or("")));
    for (reason, help) in [
        ("(and 1 more): it is in `https://example.com/there.git`", "--repo-url"),
        ("its chart is not at hand", "--charts"),
        ("(and 1 more): a plugin makes it", ""),
        ("`[a` is no pattern", ""),
        ("it is there, and was not read", "give it as a path, too"),
        ("`{{ url }}` is filled in", ""),
    ] {
        let (message, helps) = said.next().expect("a problem for each");
        assert!(message.contains(reason), "{message}");
        assert!(helps.contains(help) && helps.is_empty() == help.is_empty(), "{message}: {helps}");
    }
}

#[test]
fn an_application_that_others_deliver_is_told_once() {
    let here = "https://example.com/here.git";
    let report = judge(&[
        ("apps/a.yaml", &application("a", "https://example.com/there.git", "path: x")),
        ("one.yaml", &application("one", here, "path: apps")),
        ("two.yaml", &application("two", here, "path: apps")),
    ]);
    assert_eq!(told(&report), ["note not-followed apps/a.yaml:6"]);
    let message = &*report.problems[0].message;
    assert!(message.contains("Application `a` delivers is not judged: it is in"), "{message}");
}

#[test]
fn what_a_plugin_may_write_first_is_not_missing() {
    let here = "https://example.com/here.git";
    let plugin = application("a", here, "path: made, plugin: {name: x}");
    let files = [
        ("made/kustomization.yaml", "resources: [all.yaml, ../base]\npatches: [gone.yaml]\n"),
        ("base/kustomization.yaml", "resources: [lost.yaml]\n"),
    ];
    let others = [
        "error kustomize-build base/kustomization.yaml:1",
        "error kustomize-build made/kustomization.yaml:2",
    ];
    let report = judge(&[&files[..], &[("a.yaml", &plugin)]].concat());
    assert_eq!(told(&report), [&["note not-followed a.yaml:6"], &others[..]].concat());
    let missing = |report: &Report| {
        let found = report.findings.iter().map(|f| f.rule.rule().name);
        found.filter(|name| *name == "kustomize-missing-file").count()
    };
    assert_eq!(missing(&report), 1);
    // Nothing else makes it.
    let report = judge(&files);
    assert_eq!((told(&report).len(), missing(&report)), (3, 2), "{:?}", report.problems);
}

#[test]
fn deliveries_that_deliver_each_other_without_end_are_named() {
    // Each release of the chart makes an Application that installs the chart with another number.
    let template = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n\
        metadata: {name: 'a{{ .Values.n }}', namespace: argocd}\nspec:\n  destination: {namespace: x}\n  \
        source:\n    repoURL: https://example.com/here.git\n    path: c\n    \
        helm: {parameters: [{name: n, value: '{{ add .Values.n 1 }}'}]}\n";
    let report = judge(&[
        ("c/Chart.yaml", CHART),
        ("c/values.yaml", "n: 1\n"),
        ("c/templates/app.yaml", template),
    ]);
    assert_eq!(told(&report), ["note not-followed c/templates/app.yaml:8"]);
    assert!(report.problems[0].message.contains("more than 12 deep"), "{:?}", report.problems);
}

#[test]
fn a_resource_set_that_makes_too_much_is_named() {
    let inputs: Vec<_> = (0..5_001).map(|at| format!("  - {{id: '{at}'}}\n")).collect();
    let inputs = inputs.concat();
    let text = format!(
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {{name: r, namespace: \
         x}}\nspec:\n  inputs:\n{inputs}  resources:\n  - apiVersion: v1\n    kind: Pod\n    \
         metadata: {{name: 'p<< inputs.id >>'}}\n"
    );
    let report = judge(&[("r.yaml", &text)]);
    assert_eq!(told(&report), ["note not-followed r.yaml:3"], "{:?}", report.problems);
}

#[test]
fn settings_that_are_not_read_or_do_nothing_are_named() {
    let host = MemHost::with([
        (".git/HEAD", ""),
        (".kubeready.yaml", "baseline: known.json\n"),
        ("sub/.kubeready.yaml", "strict: true\n"),
        ("pod.yaml", POD),
    ]);
    let line = CommandLine::default();
    let configured = configure(&host, &[PathBuf::from("/")], None, &line);
    assert_eq!(configured.problems.len(), 1, "{:?}", configured.problems);
    assert!(configured.problems[0].message.contains("`baseline` has no effect"));
    let report = check(&host, &request(), &Settings::default());
    assert_eq!(told(&report), ["note settings sub/.kubeready.yaml"]);
}

/// A run with the settings that lie in the repository.
fn judge_as_said(files: &[(&str, &str)], charts: &[&str]) -> Report {
    let host = MemHost::with(files.iter().copied());
    let configured = configure(&host, &["/repo".into()], None, &CommandLine::default());
    let request = Request {
        paths: vec!["/repo".into()],
        root: configured.root,
        sources: configured.sources,
        charts: charts.iter().map(PathBuf::from).collect(),
        ..request()
    };
    check(&host, &request, &configured.settings.expect("settings without a mistake"))
}

#[test]
fn a_directory_of_charts_that_is_not_there_is_named_where_it_is_written() {
    let settings = "strict: true\ncharts:\n  - vendor\n  - gone\n  - pod.yaml\n";
    let files = [
        ("repo/.git/HEAD", ""),
        ("repo/.kubeready.yaml", settings),
        ("repo/pod.yaml", POD),
        ("repo/vendor/c/Chart.yaml", CHART),
    ];
    let report = judge_as_said(&files, &["nowhere", "repo/pod.yaml"]);
    let expected = [
        "error no-such-path nowhere",
        "error no-such-path repo/.kubeready.yaml:4",
        "error no-such-path repo/.kubeready.yaml:5",
        "error no-such-path repo/pod.yaml",
    ];
    assert_eq!(told(&report), expected);
    let is_a_file: Vec<_> = report.problems.iter().map(|p| p.message.contains("a file")).collect();
    assert_eq!(is_a_file, [false, false, true, true], "{:?}", report.problems);
}

#[test]
fn a_directory_of_charts_that_cannot_be_listed_is_named() {
    let files = [("here/pod.yaml", POD), ("charts/sub/c/Chart.yaml", CHART)];
    let with = |gone| {
        let host = Gone(MemHost::with(files), gone);
        let charts = vec!["/charts".into()];
        let request = Request { paths: vec!["/here".into()], charts, ..request() };
        told(&check(&host, &request, &Settings::default()))
    };
    assert_eq!(with("charts"), ["error unreadable-directory charts"]);
    assert_eq!(with("sub"), ["error unreadable-directory charts/sub"]);
    assert_eq!(with("nothing"), Vec::<String>::new());
}

#[test]
fn settings_do_not_lead_out_of_their_repository() {
    let settings = "charts:\n- vendor/../../outside\n- /outside\n- ../nowhere\n- /repo/vendor\n";
    let with = |settings, charts: &[&str]| {
        let name = "helmCharts: [{name: c, version: 1.0.0, repo: 'https://x.example'}]\n";
        let files = [
            ("repo/.git/HEAD", ""),
            ("repo/.kubeready.yaml", settings),
            ("repo/k/kustomization.yaml", name),
            ("repo/vendor/other/Chart.yaml", "name: other\nversion: 1.0.0\n"),
            ("outside/c/Chart.yaml", CHART),
            ("outside/c/templates/pod.yaml", POD),
        ];
        judge_as_said(&files, charts)
    };
    let report = with(settings, &[]);
    let expected = [
        "error settings repo/.kubeready.yaml:2",
        "error settings repo/.kubeready.yaml:3",
        "error settings repo/.kubeready.yaml:4",
        "note chart repo/k/kustomization.yaml:1",
    ];
    assert_eq!(told(&report), expected, "{:?}", report.problems);
    let help = report.problems[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("`--charts` on the command line may lead anywhere"), "{help}");
    assert!(!report.sources.iter().any(|(_, s)| s.path.contains("outside")), "it was read");
    assert_eq!(pods(&report), 0);
    // Who runs it may name any.
    let report = with("", &["/outside"]);
    assert_eq!((told(&report), pods(&report)), (Vec::new(), 1));
}

#[test]
fn a_version_of_kubernetes_that_nobody_knows_yet_is_named() {
    let host =
        MemHost::with([(".git/HEAD", ""), (".kubeready.yaml", "kubernetes-version: '1.99'")]);
    let said = |kubernetes_version| {
        let line = CommandLine { kubernetes_version, ..CommandLine::default() };
        let configured = configure(&host, &[PathBuf::from("/")], None, &line);
        assert!(configured.settings.is_some(), "{:?}", configured.problems);
        configured.problems
    };
    assert_eq!(said(Some(NEWEST)), []);
    for (version, stands_in_the_file) in [(Some(NEWEST + 1), false), (None, true)] {
        let [problem] = &said(version)[..] else { panic!("{version:?}") };
        assert_eq!(problem.level, Level::Note);
        assert!(problem.message.contains(&format!("newer than 1.{NEWEST}")), "{problem:?}");
        assert_eq!(matches!(problem.location, Location::Span(_)), stands_in_the_file);
    }
}

#[test]
fn a_directory_in_which_nothing_is_looked_at_is_named() {
    let host = MemHost::with([("a/pod.yaml", POD), ("b/text.txt", "text")]);
    let paths = ["/a", "/b"].map(PathBuf::from).to_vec();
    let report = check(&host, &Request { paths, ..request() }, &Settings::default());
    assert_eq!(told(&report), ["note nothing-found b"]);
}

/// A host on which something is gone between the walk and the reading, or cannot be listed.
#[derive(Debug)]
struct Gone(MemHost, &'static str);

impl Around for Gone {
    fn inner(&self) -> &dyn Host {
        &self.0
    }
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        if path.ends_with(self.1) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.0.read(path, limit)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>> {
        if directory.ends_with(self.1) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.0.list(directory)
    }
}

#[test]
fn files_that_are_gone_when_they_are_read_are_named_once() {
    let files = [
        ("pod.yaml", POD),
        ("gone.yaml", POD),
        (
            "k/kustomization.yaml",
            "resources: [gone.txt]\nconfigMapGenerator: [{name: c, files: [gone.bin]}]\n",
        ),
        ("k/gone.txt", POD),
        ("k/gone.bin", ""),
        ("c/Chart.yaml", CHART),
        ("c/values.yaml", "a: b\n"),
        ("c/templates/_gone.tpl", ""),
        ("c/templates/pod.yaml", POD),
        ("c/crds/gone.yaml", POD),
    ];
    for name in ["gone.yaml", "gone.txt", "gone.bin", "values.yaml", "_gone.tpl", "crds/gone.yaml"]
    {
        let host = Gone(MemHost::with(files), name);
        let report = check(&host, &request(), &Settings::default());
        let gone: Vec<_> =
            told(&report).into_iter().filter(|told| told.contains("unreadable-file")).collect();
        let expected = if name == "gone.yaml" { 2 } else { 1 };
        assert_eq!(gone.len(), expected, "{name}: {:?}", told(&report));
        assert!(
            gone.iter().all(|t| t.starts_with("error") && t.ends_with(name)),
            "{name}: {gone:?}"
        );
        assert!(pods(&report) > 0, "{name}");
    }
}

#[test]
fn a_folder_of_a_chart_that_cannot_be_listed_is_named() {
    let files =
        [("c/Chart.yaml", CHART), ("c/templates/sub/_a.tpl", ""), ("c/templates/pod.yaml", POD)];
    let report = check(&Gone(MemHost::with(files), "sub"), &request(), &Settings::default());
    assert_eq!(told(&report), ["error unreadable-directory c/templates/sub"]);
}

#[test]
fn a_chart_with_more_files_than_are_read_is_named() {
    let partials = (0..10_001).map(|at| (format!("c/templates/_{at}.tpl"), String::new()));
    let own = [("c/Chart.yaml".to_owned(), CHART.to_owned())];
    let host = MemHost::with(own.into_iter().chain(partials));
    let report = check(&host, &request(), &Settings::default());
    assert_eq!(told(&report).len(), 1, "{:?}", told(&report));
    assert!(told(&report)[0].starts_with("error too-large c/templates/_"), "{:?}", told(&report));
}

#[test]
fn a_file_that_templates_cannot_ask_for_is_named() {
    let large = "x".repeat((1 << 20) + 1);
    let template = format!("{POD}  # {{{{ .Files.Get \"large.txt\" }}}}\n");
    let with = |template: &str| {
        let files =
            [("c/Chart.yaml", CHART), ("c/large.txt", &large), ("c/templates/pod.yaml", template)];
        let report = check(&MemHost::with(files), &request(), &Settings::default());
        (told(&report), pods(&report))
    };
    assert_eq!(with(&template), (vec!["note file-too-large c/large.txt".to_owned()], 1));
    // Nobody asks for it.
    assert_eq!(with(POD), (Vec::new(), 1));
}

#[test]
fn an_encrypted_file_is_a_note() {
    assert_eq!(told(&judge(&[("a.yaml", "\0GITCRYPT\0abc")])), ["note encrypted-file a.yaml"]);
}

#[test]
fn a_template_that_is_no_yaml_is_a_note() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  {{ include \"x\" . }}\n";
    let report = judge(&[("a.yaml", text), ("pod.yaml", POD)]);
    assert_eq!(told(&report), ["note template a.yaml:4"]);
    assert_eq!(pods(&report), 1);
}

#[test]
fn what_cannot_be_read_keeps_rules_about_absence_quiet() {
    let report = judge(&[("a.yaml", "kind: PodDisruptionBudget\na: [\n"), ("pod.yaml", POD)]);
    let quiet = report.problems.iter().find(|p| p.code == Code::KeptQuiet.name());
    let quiet =
        quiet.map(|problem| (problem.level, problem.message.contains("pod-disruption-budget")));
    assert_eq!(quiet, Some((Level::Note, true)), "{:?}", report.problems);
}

#[test]
fn standard_input_that_is_lost_is_named() {
    let run = |stdin: &[u8], size: u64| {
        let host = MemHost { stdin: stdin.to_vec(), ..MemHost::default() };
        let mut settings = Settings::default();
        settings.limits.file_size = size;
        check(&host, &Request { paths: vec!["-".into()], ..Request::default() }, &settings)
    };
    assert_eq!(told(&run(b"\xff\xfea\0", 100)), ["error not-utf8 <stdin>"]);
    assert_eq!(told(&run(POD.as_bytes(), 5)), ["error file-too-large <stdin>"]);
    assert_eq!(told(&run(b"a: [", 100)), ["error yaml-syntax <stdin>:1"]);
}

#[cfg(unix)]
mod machine {
    use std::fs;
    use std::os::unix::fs::symlink;

    use kubeready::host::OsHost;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lost").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("here/.git")).expect("a folder");
        fs::create_dir_all(path.join("there")).expect("a folder");
        fs::write(path.join("there/pod.yaml"), POD).expect("a file");
        fs::write(path.join("here/pod.yaml"), POD).expect("a file");
        path
    }

    fn run(root: &Path) -> Vec<String> {
        let request = Request { paths: vec![root.into()], root: root.into(), ..Request::default() };
        let root = root.to_string_lossy().into_owned() + "/";
        told(&check(&OsHost, &request, &Settings::default()))
            .into_iter()
            .map(|told| told.replace(&root, "").replace(&*shown(&root), ""))
            .collect()
    }

    /// Below the directory that the tests run in.
    fn shown(root: &str) -> String {
        let here =
            std::env::current_dir().expect("a directory").to_string_lossy().into_owned() + "/";
        root.strip_prefix(&here).unwrap_or(root).to_owned()
    }

    #[test]
    fn links_that_lead_out_are_named_and_those_that_lead_back_are_not() {
        let here = folder("links").join("here");
        symlink("../there", here.join("out")).expect("a link");
        symlink(".", here.join("back")).expect("a link");
        assert_eq!(run(&here), ["note link-not-followed out"]);
        let templates = here.join("c/templates");
        fs::create_dir_all(&templates).expect("a folder");
        fs::write(here.join("c/Chart.yaml"), CHART).expect("a file");
        symlink("../../../there/pod.yaml", templates.join("_out.tpl")).expect("a link");
        assert_eq!(
            run(&here),
            ["error link-not-followed c/templates/_out.tpl", "note link-not-followed out"]
        );
    }

    #[test]
    fn a_line_of_an_ignore_file_that_is_no_pattern_is_named() {
        let here = folder("ignore").join("here");
        fs::write(here.join(".gitignore"), "[z-a]\n").expect("a file");
        assert_eq!(run(&here), ["note bad-ignore-file .gitignore"]);
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let here = folder("socket").join("here");
        let _socket =
            std::os::unix::net::UnixListener::bind(here.join("s.yaml")).expect("a socket");
        assert_eq!(run(&here), ["note unreadable-file s.yaml"]);
    }
}

/// The cells of the rows of ARCHITECTURE.md's table of what may be lost.
fn rows() -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let table = text
        .split_once("<!-- lost:start -->")
        .and_then(|(_, rest)| rest.split_once("<!-- lost:end -->"));
    let (table, _) = table.expect("the table");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| row.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// The words of a cell that stand in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_table_of_what_may_be_lost_names_every_code_and_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = String::new();
    let mut pending = ["tests", "src", "crates"].map(|folder| root.join(folder)).to_vec();
    while let Some(folder) = pending.pop() {
        for (name, kind) in kubeready::host::OsHost.list(&folder).expect("a folder") {
            let path = folder.join(&name);
            match kind {
                PathKind::Directory => pending.push(path),
                _ if path.extension().is_some_and(|extension| extension == "rs") => {
                    tests += &std::fs::read_to_string(path).expect("a file");
                }
                _ => {}
            }
        }
    }
    let mut codes: Vec<String> = Vec::new();
    for row in rows() {
        let [what, place, code, test] = &row[..] else { panic!("{row:?}") };
        for file in quoted(place) {
            assert!(root.join(file).exists(), "{what}: there is no `{file}`");
        }
        for name in quoted(test) {
            assert!(tests.contains(&format!("fn {name}(")), "{what}: there is no test `{name}`");
        }
        assert!(quoted(place).count() > 0 && quoted(test).count() > 0, "{row:?}");
        codes.extend(quoted(code).map(str::to_owned));
    }
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    for code in &codes {
        assert!(known.contains(&code.as_str()), "no problem is called `{code}`");
    }
    for code in known {
        assert!(codes.iter().any(|told| told == code), "`{code}` is in no row of the table");
    }
}
