//! Every rule page is a test: a line of `## Fails` marked `# <- here` is found and no other, and
//! nothing in `## Passes` is.
//!
//! Blocks of one heading with `file=PATH` in their info string form one tree of files; blocks
//! without are trees of their own. `kubernetes=1.25` and `profile=critical` set those.

use kubeready::catalogue::{self, Check, Profile, RuleId};
use kubeready::check::{Request, check};
use kubeready::host::MemHost;
use kubeready::settings::Settings;
use kubeready::source::Lines;

const MARK: &str = "# <- here";

/// One test per page, named like the rule's fn.
mod page {
    include!(concat!(env!("OUT_DIR"), "/page_tests.rs"));
}

/// The files of one example, and the settings it asks for.
#[derive(Debug, Default)]
struct Example {
    files: Vec<(String, String)>,
    kubernetes: Option<u16>,
    profile: Option<Profile>,
}

fn check_page(index: usize, path: &str) {
    let rule = RuleId(index as u16);
    let page = rule.rule().page;
    let fails = examples(section(page, "## Fails"));
    let passes = examples(section(page, "## Passes"));
    assert!(!fails.is_empty() && !passes.is_empty(), "{path}: both sections need a YAML block");
    for example in fails {
        let expected = example.marked();
        assert!(!expected.is_empty(), "{path}: no `{MARK}` in\n{example:?}");
        let found = example.findings(rule);
        let lines: Vec<_> = found.iter().map(|(file, line, _)| (file.clone(), *line)).collect();
        assert_eq!(lines, expected, "{path}: findings {found:#?}");
    }
    for example in passes {
        let found = example.findings(rule);
        assert!(found.is_empty(), "{path}: a passing example has findings: {found:#?}");
    }
}

/// The text below a heading, up to the next of its level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!("{heading}\n")).map_or(page.len(), |at| at + heading.len() + 1);
    let rest = &page[start..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

fn examples(section: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut tree: Option<usize> = None;
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("### ") {
            tree = None;
        }
        let Some(info) = line.strip_prefix("```yaml") else { continue };
        let mut text = String::new();
        for line in lines.by_ref().take_while(|l| *l != "```") {
            text.push_str(line);
            text.push('\n');
        }
        let mut file = None;
        let mut example = Example::default();
        for word in info.split_whitespace() {
            match word.split_once('=') {
                Some(("file", path)) => file = Some(path.to_owned()),
                Some(("kubernetes", version)) => {
                    example.kubernetes = version.trim_start_matches("1.").parse().ok();
                }
                Some(("profile", name)) => example.profile = Profile::from_name(name),
                _ => panic!("`{word}` is no word for a YAML block"),
            }
        }
        match (file, tree) {
            (Some(file), Some(at)) => examples[at].files.push((file, text)),
            (Some(file), None) => {
                tree = Some(examples.len());
                example.files.push((file, text));
                examples.push(example);
            }
            (None, _) => {
                example.files.push(("example.yaml".to_owned(), text));
                examples.push(example);
            }
        }
    }
    examples
}

impl Example {
    /// File and line of each mark.
    fn marked(&self) -> Vec<(String, u32)> {
        let mut marked = Vec::new();
        for (file, text) in &self.files {
            for (at, _) in text.lines().enumerate().filter(|(_, l)| l.contains(MARK)) {
                marked.push((file.clone(), at as u32 + 1));
            }
        }
        marked.sort();
        marked
    }

    /// File, line and message of what a run over the example finds with the rule.
    fn findings(&self, rule: RuleId) -> Vec<(String, u32, String)> {
        // A suppression has no use unless what it takes away is looked for.
        let about_suppressions = matches!(rule.rule().check, Check::Suppression(_));
        let mut settings = if about_suppressions {
            let all: Vec<_> = catalogue::rules().map(|(id, _)| id).collect();
            Settings::only(&all)
        } else {
            Settings::only(&[rule])
        };
        if let Some(version) = self.kubernetes {
            settings.kubernetes_version = version;
        }
        if let Some(profile) = self.profile {
            settings.profile = profile;
        }
        // The mark is ours: a directive's reason would swallow it.
        let unmarked = |text: &String| text.replace(MARK, "");
        let host = MemHost::with(self.files.iter().map(|(path, text)| (path, unmarked(text))));
        let request = Request { paths: vec!["/".into()], ..Request::default() };
        let report = check(&host, &request, &settings);
        let told = report.findings.iter().any(|finding| finding.rule == rule);
        let examined = report.summary.examined[rule.0 as usize] > 0;
        assert!(examined || !told, "it passes over what it has a finding about: {self:?}");
        let mut found: Vec<_> = (report.findings.iter())
            .filter(|finding| finding.rule == rule)
            .map(|finding| {
                let source = report.sources.get(finding.span.source);
                let line = Lines::of(&source.text).position(&source.text, finding.span.start).line;
                let path = source.path.trim_start_matches('/').to_owned();
                (path, line, finding.message.clone())
            })
            .collect();
        found.sort();
        found
    }
}
