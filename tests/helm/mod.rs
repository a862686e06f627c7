//! Charts are rendered as the real tool renders them.
//!
//! `KUBEREADY_CHARTS=DIR` names a directory of charts and `KUBEREADY_CHARTS_GOLDEN=FILE` what the real
//! tool printed of them, one JSON object a line; where one is unset, that test is ignored.

mod golden;
mod refused;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use kubeready::host::MemHost;
use kubeready::load::{Loaded, World};
use kubeready::render::helm::{self, Build, Chart, Layer, Release};
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Data, NodeRef, Tree, Value, Writer};

use super::charts::pack;
use super::kustomize::{read, spelled, told, walked};

/// The version of the cluster that what is expected was rendered for.
const MINOR: u16 = 37;

/// What is given to a chart besides its own values, beside it in its folder.
#[derive(Default)]
struct Given {
    /// Files of values, `values-*.yaml`.
    files: Vec<(PathBuf, Tree)>,
    /// `set.yaml` and `set-string.yaml`: a path and its value a line.
    sets: Vec<(Tree, bool)>,
    /// `api-versions.txt`: one a line.
    api_versions: Vec<String>,
}

impl Given {
    fn beside(case: &Path) -> Self {
        let entries = std::fs::read_dir(case).expect("a folder");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let mut given = Self::default();
        // Behind every file that a walk finds.
        let mut source = 1 << 20;
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut tree = || {
                source += 1;
                Tree::parse(std::fs::read_to_string(&path).expect("text"), SourceId(source))
            };
            match &*name {
                "set.yaml" => given.sets.push((tree(), false)),
                "set-string.yaml" => given.sets.push((tree(), true)),
                "api-versions.txt" => {
                    let text = std::fs::read_to_string(&path).expect("text");
                    given.api_versions = text.lines().map(str::to_owned).collect();
                }
                _ if name.starts_with("values-") => {
                    let tree = tree();
                    given.files.push((path, tree));
                }
                _ => {}
            }
        }
        given
    }

    /// As arguments of the real tool.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (file, _) in &self.files {
            arguments.extend(["-f".to_owned(), file.display().to_string()]);
        }
        for (tree, string) in &self.sets {
            for (key, value) in root_of(tree).entries() {
                let flag = if *string { "--set-string" } else { "--set" };
                arguments.extend([flag.to_owned(), format!("{}={}", key.text(), value.text())]);
            }
        }
        for version in &self.api_versions {
            arguments.extend(["--api-versions".to_owned(), version.clone()]);
        }
        arguments
    }
}

fn root_of(tree: &Tree) -> NodeRef<'_> {
    tree.documents().next().expect("a document").1
}

/// Our own rendering of a chart in a directory.
fn rendered<'r, T>(
    world: &World<'r>,
    directory: &Path,
    minor: u16,
    given: &'r Given,
    look: impl FnOnce(&Build<'_>) -> T,
) -> T {
    let chart = match Chart::read(world, directory) {
        Ok(chart) => chart,
        Err(fault) => return look(&Build { faults: vec![fault], ..Build::default() }),
    };
    let mut release = helm::plain(world, directory, minor).expect("it has a Chart.yaml");
    for (_, tree) in &given.files {
        release.layers.push(Layer::Map(root_of(tree)));
    }
    for (tree, string) in &given.sets {
        for (key, value) in root_of(tree).entries() {
            let path = key.text().to_owned().into();
            release.layers.push(Layer::Set { path, value, string: *string });
        }
    }
    release.api_versions.extend(given.api_versions.iter().cloned());
    let release: Release<'_> = release;
    look(&helm::render(&chart, &release))
}

/// An object, a line for each of its scalars, sorted.
type Lines = Vec<String>;

fn lines(value: &Value<'_>, path: &str, out: &mut Lines) {
    match &value.data {
        Data::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                lines(&entry.value, &format!("{path}.{}", entry.key), out);
            }
        }
        Data::Seq(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                lines(item, &format!("{path}[{at}]"), out);
            }
        }
        _ => {
            let mut line = format!("{path}: ");
            spelled(value, &mut line);
            out.push(line);
        }
    }
}

fn object(value: &Value<'_>) -> Lines {
    let mut out = Vec::new();
    lines(value, "", &mut out);
    out.sort();
    out
}

fn ours(build: &Build<'_>) -> Vec<Lines> {
    build.resources.iter().map(|resource| object(&resource.value)).collect()
}

/// What the real tool printed.
fn theirs(text: &str) -> Vec<Lines> {
    let tree = Tree::parse(text, SourceId(u32::MAX));
    assert!(tree.errors().is_empty(), "{:?}", tree.errors());
    let documents = tree.documents().filter(|(_, root)| !root.is_null());
    documents.map(|(_, root)| object(&Value::of(root, Writer::Resource))).collect()
}

/// What differs, or nothing.
fn difference(ours: &[Lines], theirs: &[Lines]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let mut out = String::new();
    let only_ours: Vec<_> = ours.iter().filter(|o| !theirs.contains(o)).collect();
    let only_theirs: Vec<_> = theirs.iter().filter(|t| !ours.contains(t)).collect();
    let none = &Lines::new();
    for at in 0..only_ours.len().max(only_theirs.len()) {
        let (a, b) = (only_ours.get(at).unwrap_or(&none), only_theirs.get(at).unwrap_or(&none));
        let name = |lines: &Lines| {
            let named =
                |line: &&String| line.starts_with(".kind") || line.starts_with(".metadata.name");
            let named: Vec<&str> = lines.iter().filter(named).map(String::as_str).collect();
            named.join(" ")
        };
        let _ = writeln!(out, "  + {}\n  - {}", name(a), name(b));
        for (mark, from, other) in [('+', a, b), ('-', b, a)] {
            for line in from.iter().filter(|line| !other.contains(line)).take(12) {
                let _ = writeln!(out, "    {mark} {}", line.chars().take(300).collect::<String>());
            }
        }
    }
    if out.is_empty() {
        let _ =
            writeln!(out, "  {} objects, not {}, or in another order", ours.len(), theirs.len());
    }
    Some(out)
}

/// Our own charts: a folder each, with a `chart`, what is given to it and what the real tool printed.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/charts");
    let entries = std::fs::read_dir(folder).expect("fixtures");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    let only = std::env::var("KUBEREADY_ONLY").ok();
    cases.retain(|path| only.as_ref().is_none_or(|only| path.ends_with(only)));
    assert!(!cases.is_empty());
    cases
}

/// What differs between our rendering of a fixture and a text, with what we say besides.
fn wrong(case: &Path, loaded: &[Loaded], text: &str) -> String {
    let given = Given::beside(case);
    let world = World::new(case, loaded);
    rendered(&world, &case.join("chart"), MINOR, &given, |build| {
        let mut wrong = difference(&ours(build), &theirs(text)).unwrap_or_default();
        if !wrong.is_empty() || build.faults.iter().any(|fault| fault.fatal) {
            wrong = format!("{}\n{wrong}{}", case.display(), told(&build.faults));
        }
        wrong
    })
}

#[test]
fn fixtures_are_rendered_as_the_real_tool_did() {
    let check = |case: PathBuf| {
        let text = std::fs::read_to_string(case.join("expected.yaml")).expect("a result");
        wrong(&case, &read(&case), &text)
    };
    let wrong: String = fixtures().into_iter().map(check).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

/// `helm template release-name CHART`, of a chart in a directory.
fn real_helm(directory: &Path, arguments: &[String]) -> std::process::Output {
    Command::new("helm")
        .args(["template", "release-name", "--include-crds", "--kube-version"])
        .arg(format!("1.{MINOR}.0"))
        .args(arguments)
        .arg(directory)
        .env("HELM_PLUGINS", "/nonexistent")
        .output()
        .expect("it was there when this was built")
}

/// `UPDATE=1` writes what the tool prints now.
#[test]
#[cfg_attr(not(real_helm), ignore = "helm was not on the PATH")]
fn fixtures_are_rendered_as_the_real_tool_does() {
    let mut all = String::new();
    for case in fixtures() {
        let run = real_helm(&case.join("chart"), &Given::beside(&case).arguments());
        assert!(run.status.success(), "{}: {run:?}", case.display());
        let text = String::from_utf8(run.stdout).expect("UTF-8");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(case.join("expected.yaml"), &text).expect("written");
        }
        all.push_str(&wrong(&case, &read(&case), &text));
    }
    assert!(all.is_empty(), "{all}");
}

#[test]
fn an_archived_subchart_is_rendered_as_its_directory_is() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/charts/dependencies");
    let expected = std::fs::read_to_string(case.join("expected.yaml")).expect("a result");
    let mut files = Vec::new();
    let mut packed = Vec::new();
    for file in read(&case.join("chart")) {
        let path = format!("chart/{}", file.input.shown);
        let bytes = std::fs::read(&file.input.path).expect("a file");
        match path.strip_prefix("chart/charts/") {
            Some(below) if below.starts_with("packed/") => packed.push((below.to_owned(), bytes)),
            _ => files.push((path, bytes)),
        }
    }
    let members: Vec<_> = packed.iter().map(|(path, bytes)| (&**path, &**bytes)).collect();
    assert!(members.len() > 2, "{members:?}");
    files.push(("chart/charts/packed-0.3.7.tgz".to_owned(), pack(&members)));
    let loaded = walked(&MemHost::with(files));
    let world = World::new(Path::new("/"), &loaded);
    let given = Given::default();
    rendered(&world, Path::new("/chart"), MINOR, &given, |build| {
        let wrong = difference(&ours(build), &theirs(&expected)).unwrap_or_default();
        assert!(wrong.is_empty(), "{wrong}{}", told(&build.faults));
    });
}
