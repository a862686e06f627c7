//! What tests share: files read as a run reads them, and reports told in lines.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready::catalogue;
use kubeready::finding::Finding;
use kubeready::host::Host;
use kubeready::load::{Input, Loaded, load};
use kubeready::report::Report;
use kubeready::settings::Settings;
use kubeready::source::{Lines, Span};

/// Files, all of them asked for, told from a root.
pub(crate) fn read(
    host: &dyn Host,
    root: &Path,
    files: impl IntoIterator<Item = PathBuf>,
) -> Vec<Loaded> {
    let input = |path: PathBuf| {
        let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        let shown: Arc<str> = shown.as_ref().into();
        Input { from_root: shown.clone(), shown, path, wanted: true, stdin: false }
    };
    load(host, files.into_iter().map(input).collect(), 0, 1 << 28)
}

/// Settings with these rules and no others.
pub(crate) fn only(rules: &[&str]) -> Settings {
    let rules: Vec<_> = rules.iter().map(|r| catalogue::find(r).expect("a rule")).collect();
    Settings::only(&rules)
}

/// `path:line`
pub(crate) fn place(report: &Report, span: Span) -> String {
    let source = report.sources.get(span.source);
    let line = Lines::of(&source.text).position(&source.text, span.start).line;
    format!("{}:{line}", source.path)
}

/// `path:line rule places` of each finding.
pub(crate) fn told(report: &Report) -> Vec<String> {
    let told = |f: &Finding| {
        let places = f.places().unwrap_or_default();
        let (at, rule) = (place(report, f.span), f.rule.rule().name);
        format!("{at} {rule} {places}").trim().to_owned()
    };
    report.findings.iter().map(|f| told(f)).collect()
}
