//! Kustomizations are rendered as the real tool renders them.
//!
//! `KUBEREADY_KUSTOMIZE_CASES=DIR` names recorded cases of the real tool, `KUBEREADY_CORPORA=DIR`
//! the repositories that some of them were recorded from; where one is unset, its test is ignored.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kubeready::host::{Host as _, MemHost, OsHost};
use kubeready::load::{Input, Loaded, World, load};
use kubeready::render::kustomize::{Kustomize, Overlay};
use kubeready::render::{Fault, FaultKind};
use kubeready::source::SourceId;
use kubeready::walk;
use kubeready_manifest::yaml::{Data, Scalar, Tree, Value, Writer};

use crate::given;

/// Everything below a directory, as a run reads it.
pub(crate) fn read(root: &Path) -> Vec<Loaded> {
    let request = walk::Request {
        roots: vec![root.to_path_buf()],
        base: root.to_path_buf(),
        hidden: true,
        no_ignore: true,
        ..walk::Request::default()
    };
    given::read(&OsHost, root, OsHost.walk(&request).files)
}

/// One spelling of a value: keys sorted, numbers as numbers.
pub(crate) fn spelled(value: &Value<'_>, out: &mut String) {
    match &value.data {
        Data::Map(entries) => {
            let sorted: BTreeMap<_, _> = entries.iter().map(|e| (&*e.key, &e.value)).collect();
            out.push('{');
            for (key, value) in sorted {
                let _ = write!(out, "{key:?}: ");
                spelled(value, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        Data::Seq(items) => {
            out.push('[');
            for item in items {
                spelled(item, out);
                out.push_str(", ");
            }
            out.push(']');
        }
        Data::Scalar { .. } => {
            let _ = match value.scalar() {
                Some(Scalar::Float(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
                    write!(out, "{}", number as i64)
                }
                Some(Scalar::Int(number)) => write!(out, "{number}"),
                Some(Scalar::UInt(number)) => write!(out, "{number}"),
                Some(Scalar::Str(text)) => write!(out, "{text:?}"),
                other => write!(out, "{other:?}"),
            };
        }
    }
}

fn objects<'v, 't: 'v>(values: impl IntoIterator<Item = &'v Value<'t>>) -> Vec<String> {
    let mut all: Vec<String> = values
        .into_iter()
        .map(|value| {
            let mut out = String::new();
            spelled(value, &mut out);
            out
        })
        .collect();
    all.sort();
    all
}

/// What the real tool printed.
fn golden(text: &str) -> Vec<String> {
    let tree = Tree::parse(text, SourceId(u32::MAX));
    assert!(tree.errors().is_empty(), "{:?}", tree.errors());
    let values: Vec<_> = tree
        .documents()
        .filter(|(_, root)| !root.is_null())
        .map(|(_, root)| Value::of(root, Writer::Resource))
        .collect();
    objects(&values)
}

/// What differs, or nothing.
fn difference(ours: &[String], theirs: &[String]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let mut out = String::new();
    for only in ours.iter().filter(|o| !theirs.contains(o)) {
        let _ = writeln!(out, "  + {only}");
    }
    for only in theirs.iter().filter(|t| !ours.contains(t)) {
        let _ = writeln!(out, "  - {only}");
    }
    if out.is_empty() {
        let _ = writeln!(out, "  {} objects, not {}", ours.len(), theirs.len());
    }
    Some(out)
}

pub(crate) fn told(faults: &[Fault]) -> String {
    let told = |f: &Fault| format!("  ! {:?} {} fatal={}\n", f.kind, f.message, f.fatal);
    faults.iter().map(told).collect()
}

pub(crate) fn directory(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set")))
}

/// Recorded cases that come out in another way, and why.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "TestCustomOpenApiFieldFromComponentWithOverlays",
        "the real tool merges a custom schema into the built-in one if that was in use before",
    ),
    ("instance", "Go's YAML reader folds more-indented lines with one newline too many"),
];

fn is_otherwise(name: &str) -> bool {
    OTHERWISE.iter().any(|(known, _)| name.rsplit('/').next() == Some(known))
}

/// Our own kustomizations: folders with a `root` and what the real tool printed of it.
fn fixtures() -> Vec<PathBuf> {
    folders("fixtures/kustomize")
}

/// Our own kustomizations that the real tool refuses.
fn refused() -> Vec<PathBuf> {
    folders("fixtures/kustomize-refused")
}

fn folders(path: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let entries = std::fs::read_dir(folder).expect("fixtures");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn built(case: &Path) -> (Vec<String>, Vec<Fault>) {
    let loaded = read(case);
    let world = World::new(case, &loaded);
    let build = Kustomize::new(&world).build(&case.join("root"), None);
    (objects(build.resources.iter().map(|resource| &resource.value)), build.faults)
}

#[test]
fn fixtures_are_rendered_as_the_real_tool_did() {
    for case in fixtures() {
        let text = std::fs::read_to_string(case.join("expected.yaml")).expect("a result");
        let (ours, faults) = built(&case);
        let difference = difference(&ours, &golden(&text)).unwrap_or_default();
        assert!(difference.is_empty(), "{}\n{difference}{}", case.display(), told(&faults));
        assert!(!faults.iter().any(|f| f.fatal), "{}\n{}", case.display(), told(&faults));
    }
}

#[test]
fn what_the_real_tool_refuses_is_a_fatal_fault() {
    for case in refused() {
        let loaded = read(&case);
        let world = World::new(&case, &loaded);
        let build = Kustomize::new(&world).build(&case, None);
        assert!(build.faults.iter().any(|f| f.fatal), "{}", case.display());
    }
}

/// What `kustomize build` prints, or kubectl's copy of it.
fn real_kustomize(root: &Path) -> std::process::Output {
    let program = |name: &str, arguments: &[&str]| {
        std::process::Command::new(name).args(arguments).arg(root).output()
    };
    program("kustomize", &["build"])
        .or_else(|_| program("kubectl", &["kustomize"]))
        .expect("one of both was there when this was built")
}

#[test]
#[cfg_attr(not(real_kustomize), ignore = "neither kustomize nor kubectl was on the PATH")]
fn what_we_refuse_the_real_tool_refuses() {
    for case in refused() {
        assert!(!real_kustomize(&case).status.success(), "{}", case.display());
    }
}

/// `UPDATE=1` writes what the tool prints now.
#[test]
#[cfg_attr(not(real_kustomize), ignore = "neither kustomize nor kubectl was on the PATH")]
fn fixtures_are_rendered_as_the_real_tool_does() {
    for case in fixtures() {
        let run = real_kustomize(&case.join("root"));
        assert!(run.status.success(), "{}: {run:?}", case.display());
        let text = String::from_utf8(run.stdout).expect("UTF-8");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(case.join("expected.yaml"), &text).expect("written");
        }
        let (ours, faults) = built(&case);
        let difference = difference(&ours, &golden(&text)).unwrap_or_default();
        assert!(difference.is_empty(), "{}\n{difference}{}", case.display(), told(&faults));
    }
}

/// Files in memory, as a run reads them.
pub(crate) fn walked(host: &MemHost) -> Vec<Loaded> {
    let request = walk::Request { roots: vec!["/".into()], ..walk::Request::default() };
    let inputs = host.walk(&request).files.into_iter().map(|path| {
        let shown = path.to_string_lossy().trim_start_matches('/').to_owned();
        Input {
            shown: shown.as_str().into(),
            from_root: shown.into(),
            path,
            wanted: true,
            stdin: false,
        }
    });
    load(host, inputs.collect(), 0, 1 << 26)
}

/// Builds `/root` of files in memory.
fn in_memory(files: &[(&str, &str)]) -> (Vec<String>, Vec<(FaultKind, bool, String)>) {
    let host = MemHost::with(files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())));
    let loaded = walked(&host);
    let root = Path::new("/");
    let world = World::new(root, &loaded);
    let build = Kustomize::new(&world).build(Path::new("/root"), None);
    let place = |fault: &Fault| {
        let file = loaded.iter().find(|file| file.source == fault.at.source).expect("a source");
        file.text()[fault.at.start as usize..fault.at.end as usize].to_owned()
    };
    let faults = build.faults.iter().map(|f| (f.kind, f.fatal, place(f))).collect();
    (objects(build.resources.iter().map(|resource| &resource.value)), faults)
}

const BREAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bread}\n";

#[test]
fn a_fault_points_at_its_entry_and_the_rest_is_rendered() {
    let of = |kustomization: &str| {
        let (objects, faults) = in_memory(&[
            ("root/kustomization.yaml", kustomization),
            ("root/bread.yaml", BREAD),
            ("root/round/kustomization.yaml", "resources: [..]\n"),
            ("tool/kustomization.yaml", "kind: Component\nnamePrefix: x-\n"),
            ("side/rye.yaml", &BREAD.replace("bread", "rye")),
            ("side/kustomization.yaml", "resources: [rye.yaml]\n"),
        ]);
        assert_eq!(objects.len(), 1, "{kustomization}: {objects:?} {faults:?}");
        let [(kind, fatal, place)] = &faults[..] else { panic!("{kustomization}: {faults:?}") };
        (*kind, *fatal, place.clone())
    };
    let fatal = |kind, place: &str| (kind, true, place.to_owned());
    let note = |kind, place: &str| (kind, false, place.to_owned());
    assert_eq!(of("resources: [bread.yaml, no.yaml]"), fatal(FaultKind::MissingFile, "no.yaml"));
    assert_eq!(of("resources: [bread.yaml, bread.yaml]").0, FaultKind::DuplicateResource);
    assert_eq!(
        of("resources: [bread.yaml, ../tool]"),
        fatal(FaultKind::ComponentMisuse, "../tool")
    );
    assert_eq!(
        of("resources: [bread.yaml]\ncomponents: [../side]"),
        fatal(FaultKind::ComponentMisuse, "../side")
    );
    assert_eq!(
        of("resources: [bread.yaml]\nnamePrefx: a-"),
        fatal(FaultKind::UnknownField, "namePrefx")
    );
    assert_eq!(of("resources: [bread.yaml]\nnamePrefix: 5"), fatal(FaultKind::Invalid, "5"));
    assert_eq!(
        of("resources: [bread.yaml, 'https://bakery.example/x.yaml']").0,
        FaultKind::RemoteBase
    );
    assert_eq!(
        of("resources: [bread.yaml]\nimages: [{name: x, newTag: '1'}]"),
        note(FaultKind::UnusedOverride, "{name: x, newTag: '1'}")
    );
    assert_eq!(
        of(
            "resources: [bread.yaml]\npatches: [{target: {kind: Pod}, patch: '[{\"op\": \"remove\", \"path\": \"/x\"}]'}]"
        ),
        note(FaultKind::PatchTargetMissing, "{kind: Pod}")
    );
    assert_eq!(
        of("resources: [../side/rye.yaml]"),
        fatal(FaultKind::LoadRestriction, "../side/rye.yaml")
    );
    assert_eq!(of("resources: [bread.yaml, round]"), fatal(FaultKind::Cycle, ".."));
    assert_eq!(
        of("resources: [bread.yaml]\ntransformers: [\"kind: Oven\\napiVersion: x/v1\\nmetadata: {name: o}\\n\"]").0,
        FaultKind::Plugin
    );
    let inline = "resources: [bread.yaml]\npatches:\n  - patch: |-\n      kind: ConfigMap\n      \
                  apiVersion: v1\n      metadata: {name: cake}\n";
    assert_eq!(of(inline), fatal(FaultKind::PatchTargetMissing, "cake"));
}

#[test]
#[ignore = "needs KUBEREADY_KUSTOMIZE_CASES"]
fn recorded_cases_are_rendered_alike() {
    let root = directory("KUBEREADY_KUSTOMIZE_CASES").join("krusty");
    let only = std::env::var("KUBEREADY_ONLY").ok();
    let mut cases: Vec<_> = std::fs::read_dir(&root)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .filter(|path| only.as_ref().is_none_or(|o| path.ends_with(o)))
        .collect();
    cases.sort();
    let mut wrong = String::new();
    let mut count = 0;
    for case in &cases {
        let text = std::fs::read_to_string(case.join("case.json")).expect("a case");
        let about: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let input = case.join("input");
        let loaded = read(&input);
        let world = World::new(&input, &loaded);
        let path = about["path"].as_str().unwrap_or(".");
        let overlay = Overlay {
            unrestricted: about["loadRestrictions"] == "LoadRestrictionsNone",
            ..Overlay::default()
        };
        let directory = walk::clean(&input.join(path.trim_start_matches('/')));
        let build = Kustomize::new(&world).build(&directory, Some(&overlay));
        let fatal = build.faults.iter().any(|fault| fault.fatal);
        let problem = if about["outcome"] == "ok" {
            let text = std::fs::read_to_string(case.join("expected.yaml")).expect("a result");
            let ours = objects(build.resources.iter().map(|resource| &resource.value));
            let difference = difference(&ours, &golden(&text));
            difference.or_else(|| fatal.then(|| "  it should build\n".to_owned()))
        } else {
            let partial = build.faults.iter().any(|fault| fault.partial);
            (!fatal && !partial).then(|| "  it should fail\n".to_owned())
        };
        let name = case.file_name().unwrap_or_default().to_string_lossy();
        if let Some(problem) = problem.filter(|_| !is_otherwise(&name)) {
            count += 1;
            let _ = write!(wrong, "{name}\n{problem}{}", told(&build.faults));
        }
    }
    assert!(count == 0, "{count} of {} cases differ\n{wrong}", cases.len());
}

#[test]
#[ignore = "needs KUBEREADY_KUSTOMIZE_CASES and KUBEREADY_CORPORA"]
fn recorded_repositories_are_rendered_alike() {
    let cases = directory("KUBEREADY_KUSTOMIZE_CASES");
    let corpora = directory("KUBEREADY_CORPORA");
    let text = std::fs::read_to_string(cases.join("corpora-golden.jsonl"))
        .expect("corpora-golden.jsonl, unpacked");
    let mut by_repository: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let repository = line["repo"].as_str().expect("a repository").to_owned();
        by_repository.entry(repository).or_default().push(line);
    }
    let (mut wrong, mut count, mut total) = (String::new(), 0, 0);
    for (repository, lines) in by_repository {
        let root = corpora.join(&repository);
        let loaded = read(&root);
        let world = World::new(&root, &loaded);
        let kustomize = Kustomize::new(&world);
        for line in lines {
            total += 1;
            let name = line["dir"].as_str().expect("a directory");
            let build = kustomize.build(&walk::clean(&root.join(name)), None);
            let stops = build.faults.iter().any(|fault| fault.fatal);
            let problem = if line["ok"] == true {
                let ours = objects(build.resources.iter().map(|resource| &resource.value));
                let difference = difference(&ours, &golden(line["out"].as_str().unwrap_or("")));
                difference.or_else(|| stops.then(|| "  it should build\n".to_owned()))
            } else {
                let partial = build.faults.iter().any(|fault| fault.partial);
                (!stops && !partial).then(|| format!("  it should fail: {}\n", line["err"]))
            };
            if let Some(problem) = problem.filter(|_| !is_otherwise(name)) {
                count += 1;
                let _ = write!(wrong, "{repository}/{name}\n{problem}{}", told(&build.faults));
            }
        }
    }
    assert!(count == 0, "{count} of {total} directories differ\n{wrong}");
}
