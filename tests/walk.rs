//! Which files a run reads: ignore files, globs, links, hidden directories, kustomizations, charts.

use std::fs;
use std::path::{Path, PathBuf};

use kubeready::check::{Request, check, configure};
use kubeready::host::OsHost;
use kubeready::problem::{Level, Location};
use kubeready::report::Report;
use kubeready::settings::{CommandLine, PathGlobs, Settings};

/// A directory of its own, removed at the end.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("kubeready-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let tree = Self(root);
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn request(&self) -> Request {
        Request { paths: vec![self.0.clone()], ..Request::default() }
    }

    fn check(&self) -> Report {
        check(&OsHost, &self.request(), &Settings::default())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers: []\n")
}

/// Names of the bare pods that were judged.
fn pods(report: &Report) -> Vec<String> {
    let mut names: Vec<_> = (report.findings.iter())
        .filter(|f| f.rule.rule().name == "naked-pod")
        .filter_map(|f| f.resource.as_ref().map(|r| r.name.clone()))
        .collect();
    names.sort();
    names
}

fn codes(report: &Report) -> Vec<&str> {
    report.problems.iter().map(|p| p.code).collect()
}

#[test]
fn ignore_files_and_hidden_directories_are_left_out_unless_asked_for() {
    let tree = Tree::new(
        "ignore",
        &[
            (".gitignore", "vendor/\n"),
            (".kubereadyignore", "*.generated.yaml\n"),
            ("a.yaml", &pod("plain")),
            ("vendor/b.yaml", &pod("vendored")),
            ("c.generated.yaml", &pod("generated")),
            (".hidden/d.yml", &pod("hidden")),
            (
                "deep/er/e.json",
                "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"json\"}}",
            ),
            ("f.txt", &pod("text")),
        ],
    );
    assert_eq!(pods(&tree.check()), ["json", "plain"]);
    let mut all = Settings::default();
    (all.hidden, all.no_ignore) = (true, true);
    let report = check(&OsHost, &tree.request(), &all);
    assert_eq!(pods(&report), ["generated", "hidden", "json", "plain", "vendored"]);
}

#[test]
fn globs_choose_files() {
    let tree = Tree::new(
        "globs",
        &[("a/x.yaml", &pod("ax")), ("a/y.yaml", &pod("ay")), ("b/x.yaml", &pod("bx"))],
    );
    let only = |include: &[&str], exclude: &[&str]| {
        let globs = |globs: &[&str]| PathGlobs::new(globs.iter().copied()).expect("valid globs");
        let include = (!include.is_empty()).then(|| globs(include));
        let mut settings = Settings::default();
        (settings.include, settings.exclude) = (include, globs(exclude));
        check(&OsHost, &tree.request(), &settings)
    };
    assert_eq!(pods(&only(&["a"], &[])), ["ax", "ay"]);
    assert_eq!(pods(&only(&["**/x.yaml"], &["b/**"])), ["ax"]);
}

#[test]
#[cfg(unix)]
fn links_are_no_trap() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new("links", &[("a.yaml", &pod("real"))]);
    let outside = Tree::new("links-outside", &[("far.yaml", &pod("far"))]);
    symlink(&tree.0, tree.0.join("parent")).expect("a link");
    symlink(tree.0.join("self.yaml"), tree.0.join("self.yaml")).expect("a link");
    symlink(tree.0.join("nowhere"), tree.0.join("dangling.yaml")).expect("a link");
    symlink(tree.0.join("a.yaml"), tree.0.join("again.yaml")).expect("a link");
    symlink(outside.0.join("far.yaml"), tree.0.join("far.yaml")).expect("a link");
    let report = tree.check();
    assert_eq!(pods(&report), ["far", "real"], "each file once");
    let dangling: Vec<_> = report.problems.iter().filter(|p| p.code == "dangling-link").collect();
    assert_eq!(dangling.len(), 2, "{:?}", report.problems);
    assert!(dangling.iter().all(|p| matches!(p.location, Location::Path(_))));
}

#[test]
#[cfg(unix)]
fn nothing_outside_of_a_repository_is_read_through_a_link() {
    use std::os::unix::fs::symlink;
    let secret = "secret: [hunter2\n";
    let tree = Tree::new("fence", &[(".git/HEAD", ""), ("a/a.yaml", &pod("real"))]);
    let outside = Tree::new("fence-outside", &[("far.yaml", &pod("far")), ("secret", secret)]);
    symlink(outside.0.join("far.yaml"), tree.0.join("a/far.yaml")).expect("a link");
    symlink(outside.0.join("secret"), tree.0.join("a/secret.yaml")).expect("a link");
    symlink("a.yaml", tree.0.join("a/again.yaml")).expect("a link");
    symlink("/dev/zero", tree.0.join("a/endless.yaml")).expect("a link");
    let report = tree.check();
    assert_eq!(pods(&report), ["real"]);
    let left: Vec<_> =
        report.problems.iter().filter(|p| p.code == "link-leaves-repository").collect();
    assert_eq!(left.len(), 2, "{:?}", report.problems);
    assert!(left.iter().all(|p| p.level == Level::Error));

    let settings = tree.0.join(".kubeready.yaml");
    symlink(outside.0.join("secret"), &settings).expect("a link");
    let configured = |given| {
        let line = CommandLine::default();
        configure(&OsHost, std::slice::from_ref(&tree.0), given, &line)
    };
    let found = configured(None);
    assert!(found.settings.is_none() && found.sources.is_empty(), "{found:?}");
    // Who names it wants it read.
    assert!(!configured(Some(&settings)).sources.is_empty());
}

#[test]
#[cfg(unix)]
fn charts_are_not_read_through_links_out_of_the_repository() {
    use std::os::unix::fs::symlink;
    let chart = "apiVersion: v2\nname: c\nversion: 1.0.0\n";
    let names = "helmCharts: [{name: c, version: 1.0.0, repo: 'https://x.example'}]\n";
    let settings = "charts: [linked, vendor, inside]\n";
    let tree = Tree::new(
        "charts-fence",
        &[
            (".git/HEAD", ""),
            (".kubeready.yaml", settings),
            ("k/kustomization.yaml", names),
            ("vendor/c/README.md", ""),
            ("store/other/Chart.yaml", "name: other\nversion: 1.0.0\n"),
        ],
    );
    let outside = Tree::new("charts-outside", &[("c/Chart.yaml", chart), ("c-1.0.0.tgz", "c")]);
    symlink(&outside.0, tree.0.join("linked")).expect("a link");
    symlink("store", tree.0.join("inside")).expect("a link");
    symlink(outside.0.join("c"), tree.0.join("vendor/folder")).expect("a link");
    symlink(outside.0.join("c-1.0.0.tgz"), tree.0.join("vendor/c-1.0.0.tgz")).expect("a link");
    symlink(outside.0.join("c/Chart.yaml"), tree.0.join("vendor/c/Chart.yaml")).expect("a link");
    let line = CommandLine::default();
    let found = configure(&OsHost, std::slice::from_ref(&tree.0), None, &line);
    let request = Request { root: found.root, sources: found.sources, ..tree.request() };
    let report = check(&OsHost, &request, &found.settings.expect("settings"));
    let errors = report.problems.iter().filter(|p| p.level == Level::Error).map(|p| p.code);
    let mut errors: Vec<_> = errors.collect();
    errors.sort_unstable();
    let link = "link-leaves-repository";
    assert_eq!(errors, [link, link, link, "settings"], "{:?}", report.problems);
    let reads = |report: &Report| report.sources.iter().any(|(_, s)| s.text.contains("name: c\n"));
    assert!(!reads(&report));
    // Who names the directory wants it read.
    let charts = vec![outside.0.clone()];
    let report = check(&OsHost, &Request { charts, ..tree.request() }, &Settings::default());
    assert!(reads(&report));
}

#[test]
#[cfg(unix)]
fn a_link_in_a_directory_of_charts_that_leads_nowhere_is_named() {
    let files = [("pod.yaml", &*pod("p")), ("charts/README.md", "")];
    let tree = Tree::new("charts-dangling", &files);
    for name in ["c", "d-1.0.0.tgz", ".#c"] {
        std::os::unix::fs::symlink("gone", tree.0.join("charts").join(name)).expect("a link");
    }
    let charts = vec![tree.0.join("charts")];
    let report = check(&OsHost, &Request { charts, ..tree.request() }, &Settings::default());
    let told = report.problems.iter().map(|p| (p.code, format!("{:?}", p.location)));
    let told: Vec<_> = told.collect();
    let is_named =
        |(code, at): &(_, String), name: &str| *code == "dangling-link" && at.contains(name);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(is_named(&told[0], "charts/c") && is_named(&told[1], "charts/d-1.0.0.tgz"), "{told:?}");
}

#[test]
#[cfg(unix)]
fn a_name_that_is_no_text_is_read_and_a_folder_named_like_a_file_is_walked() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let tree = Tree::new("names", &[("folder.yaml/a.yaml", &pod("inside"))]);
    fs::write(tree.0.join(OsStr::from_bytes(b"n\xffme.yaml")), pod("odd")).expect("a file");
    assert_eq!(pods(&tree.check()), ["inside", "odd"]);
}

#[test]
fn a_path_that_does_not_exist_is_an_error() {
    let request = Request { paths: vec!["no/such/path.yaml".into()], ..Request::default() };
    let report = check(&OsHost, &request, &Settings::default());
    assert_eq!(codes(&report), ["no-such-path"]);
    assert_eq!(report.problems[0].level, Level::Error);
}

#[test]
fn a_kustomization_decides_how_far_its_files_are_judged() {
    let tree = Tree::new(
        "kustomize",
        &[
            (
                "base/kustomization.yaml",
                "resources: [pod.yaml]\npatches:\n- path: patch.yaml\nconfigMapGenerator:\n- name: c\n  files: [app.yaml, k=other.yaml]\n",
            ),
            ("base/pod.yaml", &pod("resource")),
            ("base/patch.yaml", &pod("resource")),
            ("base/app.yaml", &pod("payload")),
            ("base/other.yaml", "a: [broken\n"),
            ("base/plain.yaml", &pod("plain")),
            ("json-patch.yaml", "- op: add\n  path: /spec\n  value: 1\n"),
        ],
    );
    let report = tree.check();
    assert_eq!(pods(&report), ["plain", "resource"]);
    assert!(report.problems.iter().all(|p| p.level == Level::Note), "{:?}", report.problems);
    assert_eq!((report.summary.kustomize_manifests, report.summary.kustomize_patches), (0, 1));
}

#[test]
fn a_chart_is_recognised_and_rendered() {
    let tree = Tree::new(
        "chart",
        &[
            ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            ("chart/values.yaml", "replicas: 1\n"),
            ("chart/ci/small-values.yaml", "replicas: 1\n"),
            ("chart/templates/pod.yaml", "{{ if .Values.x }}\nkind: Pod\n{{ end }}\n"),
            ("chart/crds/pod.yaml", &pod("as-it-stands")),
            ("values.yaml", "a: b\n"),
            (".github/workflows/ci.yml", "on: push\njobs: {}\n"),
            ("compose.yaml", "services: {}\n"),
        ],
    );
    let report = tree.check();
    assert_eq!(pods(&report), ["as-it-stands"]);
    assert_eq!(report.summary.helm_templates, 0, "it was rendered");
    assert_eq!(report.summary.left_alone.get("Helm values"), Some(&3));
    assert_eq!(report.summary.left_alone.get("Compose file"), Some(&1));
    // A template given by itself is still known for what it is.
    let alone = Request { paths: vec![tree.0.join("chart/templates/pod.yaml")], ..tree.request() };
    let report = check(&OsHost, &alone, &Settings::default());
    assert_eq!((report.summary.helm_templates, report.problems.len()), (0, 0));
}

#[test]
fn files_by_themselves_see_their_repository_and_nothing_else_is_shown() {
    let tree = Tree::new(
        "hook",
        &[
            (".git/HEAD", ""),
            ("a.yaml", &pod("changed")),
            ("b.yaml", &pod("beside")),
            ("broken.yaml", "a: [\n"),
        ],
    );
    let request = Request { paths: vec![tree.0.join("a.yaml")], ..tree.request() };
    let report = check(&OsHost, &request, &Settings::default());
    assert_eq!(pods(&report), ["changed"]);
    assert!(report.problems.iter().all(|p| p.level == Level::Note), "{:?}", report.problems);
    assert_eq!(report.summary.objects, 1);
    let mut strict = report;
    strict.make_strict();
    assert!(!strict.is_incomplete(), "someone else's broken file fails no hook");
}

#[test]
fn the_report_does_not_depend_on_threads() {
    let files: Vec<(String, String)> =
        (0..200).map(|i| (format!("{}/f{i}.yaml", i % 7), pod(&format!("p{i}")))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let tree = Tree::new("threads", &files);
    let lines = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let request = Request { threads, ..tree.request() };
        let report = pool.install(|| check(&OsHost, &request, &Settings::default()));
        let of = |f: &kubeready::finding::Finding| {
            (report.sources.get(f.span.source).path.clone(), f.span, f.rule, f.message.clone())
        };
        report.findings.iter().map(|f| of(f)).collect::<Vec<_>>()
    };
    let one = lines(1);
    assert!(one.len() >= 200);
    assert_eq!(one, lines(2));
    assert_eq!(one, lines(8));
}

#[test]
#[cfg(unix)]
fn a_folder_that_may_not_be_listed_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree =
        Tree::new("locked", &[("open.yaml", &pod("open")), ("locked/a.yaml", &pod("locked"))]);
    let locked: &Path = &tree.0.join("locked");
    fs::set_permissions(locked, fs::Permissions::from_mode(0o000)).expect("may change it");
    let readable = fs::read_dir(locked).is_ok();
    let report = tree.check();
    fs::set_permissions(locked, fs::Permissions::from_mode(0o755)).expect("may change it back");
    // The superuser reads everything: nothing to see then.
    if !readable {
        assert_eq!(pods(&report), ["open"]);
        assert_eq!(codes(&report)[0], "unreadable-directory");
    }
}

#[test]
fn what_the_settings_exclude_stays_out_even_when_a_hook_names_it() {
    let tree = Tree::new(
        "excluded",
        &[(".git/HEAD", ""), ("vendor/a.yaml", &pod("vendored")), ("b.yaml", &pod("own"))],
    );
    let mut settings = Settings::default();
    settings.exclude = PathGlobs::new(["vendor/"]).expect("valid globs");
    let paths = vec![tree.0.join("vendor/a.yaml"), tree.0.join("b.yaml")];
    let request = Request { paths, root: tree.0.clone(), ..Request::default() };
    let report = check(&OsHost, &request, &settings);
    assert_eq!(pods(&report), ["own"]);
    assert_eq!(codes(&report), ["excluded"]);
}
