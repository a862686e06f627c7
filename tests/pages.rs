//! Every rule page is a test: a line of `## Fails` marked `# <- here` is found and no other, and
//! nothing in `## Passes` is.
//!
//! Blocks of one heading with `file=PATH` in their info string form one tree of files; blocks
//! without are trees of their own. `kubernetes=1.25` and `profile=critical` set those.

use std::collections::BTreeMap;

use kubeready::catalogue::{self, Profile, RuleId};
use kubeready::engine::{self, Plan};
use kubeready::index::Index;
use kubeready::set::{Member, Set, SetFile, Standing};
use kubeready::settings::Settings;
use kubeready::source::{Lines, SourceId};
use kubeready_manifest::kube::objects;
use kubeready_manifest::yaml::Tree;

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

    fn findings(&self, rule: RuleId) -> Vec<(String, u32, String)> {
        let mut settings = Settings::only(&[rule]);
        if let Some(version) = self.kubernetes {
            settings.kubernetes_version = version;
        }
        if let Some(profile) = self.profile {
            settings.profile = profile;
        }
        let trees: Vec<Tree> = (self.files.iter().enumerate())
            .map(|(at, (_, text))| Tree::parse(text.as_str(), SourceId(at as u32)))
            .collect();
        let mut set = Set::default();
        let mut directories = BTreeMap::new();
        for ((path, _), tree) in self.files.iter().zip(&trees) {
            set.files.push(SetFile { tree, standing: Standing::Judged });
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let count = directories.len() as u32;
            let directory = *directories.entry(folder).or_insert(count);
            for (_, root) in tree.documents() {
                let mut found = Vec::new();
                objects(root, &mut found);
                set.members.extend(found.into_iter().map(|object| Member {
                    object,
                    standing: Standing::Judged,
                    directory,
                }));
            }
        }
        let index = Index::build(&set);
        let silenced = vec![false; catalogue::CATALOGUE.len()];
        let outcome = engine::run(&set, &index, &Plan::new(&settings), &settings, &silenced);
        assert!(outcome.bugs.is_empty(), "{:?}", outcome.bugs);
        let mut found: Vec<_> = (outcome.findings.iter())
            .map(|finding| {
                let (path, text) = &self.files[finding.span.source.0 as usize];
                let line = Lines::of(text).position(text, finding.span.start).line;
                (path.clone(), line, finding.message.clone())
            })
            .collect();
        found.sort();
        found
    }
}
