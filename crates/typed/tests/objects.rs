//! The typed kinds against filled API objects, and what they say of a corpus.

use std::path::{Path, PathBuf};

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{NodeRef, Tree};

fn corpus() -> Vec<(PathBuf, String)> {
    fn files(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(dir).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                found.push((path, text));
            }
        }
    }
    let dir = std::env::var("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA names a folder");
    let mut found = Vec::new();
    files(Path::new(&dir), &mut found);
    assert!(!found.is_empty(), "the corpus is empty");
    found
}

#[test]
#[ignore = "needs KUBEREADY_API_OBJECTS, a folder of the filled objects of k8s.io/api"]
fn filled_api_objects_fit_their_types() {
    let dir = std::env::var("KUBEREADY_API_OBJECTS").expect("KUBEREADY_API_OBJECTS names a folder");
    let (mut checked, mut bad) = (0, Vec::new());
    for entry in std::fs::read_dir(dir).expect("a readable folder").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("text");
        let tree = Tree::parse(text, SourceId(0));
        for (_, root) in tree.documents() {
            let (Some(api), Some(kind)) = (root.str_at("apiVersion"), root.str_at("kind")) else {
                continue;
            };
            let Some(report) = kubeready_typed::check(api, kind, root) else { continue };
            checked += 1;
            if !report.is_empty() {
                bad.push(format!("{api} {kind}: {report:#?}"));
            }
        }
    }
    eprintln!("{checked} objects checked");
    assert!(checked > 0, "the folder holds no object");
    assert_eq!(bad.len(), 0, "{}", bad.join("\n"));
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA, a folder of YAML trees"]
fn typed_findings_of_a_corpus() {
    let (mut objects, mut spent) = (0, std::time::Duration::ZERO);
    for (path, text) in corpus() {
        let tree = Tree::parse(text, SourceId(0));
        for (_, root) in tree.documents() {
            let (Some(api), Some(kind)) = (root.str_at("apiVersion"), root.str_at("kind")) else {
                continue;
            };
            let started = std::time::Instant::now();
            let Some(report) = kubeready_typed::check(api, kind, root) else { continue };
            spent += started.elapsed();
            objects += 1;
            let place = |n: NodeRef<'_>| root.path_to(n).unwrap_or_default();
            for u in &report.unknown {
                eprintln!("{}: {kind}: unknown {} in {}", path.display(), place(u.key), u.of);
            }
            for m in &report.missing {
                eprintln!("{}: {kind}: missing {} at {}", path.display(), m.field, place(m.node));
            }
            for m in &report.mismatched {
                let at = place(m.node);
                eprintln!("{}: {kind}: {at}: {}, {}", path.display(), m.expected, m.found);
            }
        }
    }
    eprintln!("{objects} objects checked in {spent:?}");
    assert!(objects > 0, "the corpus holds no typed object");
}
