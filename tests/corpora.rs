//! Real repositories: no rule fails and every finding has a place.
//!
//! `KUBEREADY_CORPORA=DIR cargo test --test main corpora -- --ignored` judges each folder of DIR.

use std::path::{Path, PathBuf};

use kubeready::check::{Request, check};
use kubeready::host::OsHost;
use kubeready::report::Report;
use kubeready::settings::Settings;

/// The folders of the corpora.
pub(crate) fn trees() -> Vec<PathBuf> {
    let root = std::env::var_os("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA names a directory");
    let entries = std::fs::read_dir(root).expect("a directory that can be listed");
    let mut trees: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    trees.retain(|path| path.is_dir());
    trees.sort();
    assert!(!trees.is_empty(), "no folder to judge");
    trees
}

/// Judges a tree with every rule on a number of threads.
fn judge(tree: &Path, threads: usize) -> Report {
    let all: Vec<_> = kubeready::catalogue::rules().map(|(id, _)| id).collect();
    let request = Request { paths: vec![tree.to_path_buf()], threads, ..Request::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| check(&OsHost, &request, &Settings::only(&all)))
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA"]
fn every_finding_has_a_place_and_no_rule_fails() {
    for tree in trees() {
        let report = judge(&tree, 2);
        let failed: Vec<_> = report.problems.iter().filter(|p| p.code == "rule-failed").collect();
        assert!(failed.is_empty(), "{}: {failed:?}", tree.display());
        for finding in &report.findings {
            let source = report.sources.get(finding.span.source);
            let text = source.text.get(finding.span.start as usize..finding.span.end as usize);
            let rule = finding.rule.rule().name;
            assert!(text.is_some_and(|t| !t.is_empty()), "{}: {rule}: {finding:?}", source.path);
        }
    }
}
