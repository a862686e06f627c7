//! Reads every suppression of a file; nearly free for a file without any.

use std::ops::Range;
use std::sync::LazyLock;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Tree, Writer};
use memchr::memmem::Finder;
use rustc_hash::FxHashMap;

use super::scope::Ground;
use super::{Dialect, Scope, Suppression, annotations, comments, templates};
use crate::engine::resource_id;
use crate::finding::ResourceId;
use crate::problem::{Code, Problem};
use crate::settings::{Date, Ignore, Names, Selected};
use crate::source::{SourceId, Span};

/// Words that every comment of a dialect holds.
static COMMENTS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
    ["kubeready", "checkov:", "bridgecrew:", "cortex:", "trivy:ignore", "yamllint"]
        .map(Finder::new)
        .into()
});

/// Words that every annotation of a dialect holds.
static ANNOTATIONS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
    [
        "kubeready.dev/ignore",
        "kube-linter.io/",
        "kube-score/",
        "polaris.fairwinds.com/",
        "checkov.io/skip",
        "bridgecrew.io/skip",
        "cortex.io/skip",
        "kubescape.io/skip",
        "datree.skip/",
    ]
    .map(Finder::new)
    .into()
});

static ANNOTATED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("annotations"));

/// What a file, or several, say about suppressing.
#[derive(Debug, Default)]
pub struct Collected {
    pub suppressions: Vec<Suppression>,
    /// Notes: directives that are misspelt or name what is no rule.
    pub problems: Vec<Problem>,
    /// What unknown names were probably meant to be: a file may repeat one at every object.
    guesses: FxHashMap<String, Option<&'static str>>,
}

/// Reads suppressions as of a day.
#[derive(Clone, Copy, Debug)]
pub struct Collector<'n> {
    names: &'n Names,
    today: Date,
}

impl<'n> Collector<'n> {
    pub fn new(names: &'n Names, today: Date) -> Self {
        Self { names, today }
    }

    /// Adds the suppressions of a file, whose objects are asked for if it has any, to `out`.
    pub fn collect<'t>(
        &self,
        tree: &'t Tree,
        objects: impl FnOnce() -> Vec<Object<'t>>,
        out: &mut Collected,
    ) {
        let text = tree.text().as_bytes();
        let any = |words: &[Finder<'_>]| words.iter().any(|word| word.find(text).is_some());
        let commented = !tree.comments().is_empty() && any(&COMMENTS);
        let annotated = ANNOTATED.find(text).is_some() && any(&ANNOTATIONS);
        if !commented && !annotated {
            return;
        }
        let objects = objects();
        let mut reading = Reading { names: self.names, today: self.today, tree, out };
        if commented {
            comments::collect(&Ground::new(tree, &objects), &mut reading);
        }
        if annotated {
            for object in objects {
                annotations::collect(object, &mut reading);
            }
        }
    }
}

impl Collector<'_> {
    /// Adds the suppressions that comments of a chart's template are.
    pub fn template(&self, text: &str, source: SourceId, out: &mut Collected) {
        // Places are told by a tree: a template has none that could be read before it is printed.
        let tree = &Tree::parse("", source);
        let mut reading = Reading { names: self.names, today: self.today, tree, out };
        templates::collect(text, &mut reading);
    }

    /// The annotations that suppress on rendered objects: a patch or `commonAnnotations` may have
    /// brought them, and they cover whatever an object is made of.
    pub fn rendered<'t>(
        &self,
        tree: &'t Tree,
        objects: impl FnOnce() -> Vec<Object<'t>>,
    ) -> Vec<Suppression> {
        let text = tree.text().as_bytes();
        if !ANNOTATIONS.iter().any(|word| word.find(text).is_some()) {
            return Vec::new();
        }
        let mut out = Collected::default();
        for object in objects() {
            let mut reading = Reading { names: self.names, today: self.today, tree, out: &mut out };
            annotations::collect(object, &mut reading);
            // Those of the object's own file are read there too, with the bytes they cover.
            let file = object.root().span().source;
            let annotations = object.annotations().node();
            let mut keys = annotations.into_iter().flat_map(NodeRef::entries);
            // A template is no file of objects: nothing else reads what it prints.
            let is_file = object.root().writer() == Writer::Resource;
            let own = is_file && keys.all(|(key, _)| key.span().source == file);
            for suppression in out.suppressions.iter_mut().filter(|s| own && s.span.source != file)
            {
                if suppression.resource == Some(resource_id(object)) {
                    suppression.span.source = file;
                }
            }
        }
        out.suppressions.retain(|suppression| !suppression.expired);
        out.suppressions
    }
}

/// Suppressions of the settings file.
pub fn of_settings(ignores: &[Ignore], today: Date) -> Vec<Suppression> {
    ignores
        .iter()
        .map(|ignore| Suppression {
            dialect: Dialect::Settings,
            names: ignore.names.clone(),
            rules: ignore.rules.0.iter().map(|at| at.value.clone()).collect(),
            unknown: Vec::new(),
            reason: Some(ignore.reason.clone()),
            until: ignore.until,
            expired: ignore.until.is_some_and(|until| until < today),
            used: 0,
            judged: true,
            span: ignore.span,
            scope: Scope::Places(Box::new(ignore.filter.clone())),
            resource: None,
        })
        .collect()
}

/// A file being read.
pub(super) struct Reading<'r> {
    pub(super) names: &'r Names,
    today: Date,
    pub(super) tree: &'r Tree,
    out: &'r mut Collected,
}

/// A suppression as a dialect finds it.
pub(super) struct Found {
    pub(super) dialect: Dialect,
    pub(super) names: Vec<String>,
    pub(super) rules: Vec<Selected>,
    pub(super) reason: Option<String>,
    pub(super) until: Option<Date>,
    pub(super) written: Range<u32>,
    pub(super) covers: Range<u32>,
    pub(super) resource: Option<ResourceId>,
}

impl Reading<'_> {
    pub(super) fn note(&mut self, span: Span, message: String, help: String) {
        self.out.problems.push(
            Problem::note(Code::Suppression, message)
                .at(span)
                .help(help)
                .also("unused-suppression"),
        );
    }

    pub(super) fn add(&mut self, found: Found) {
        self.push(found, Vec::new());
    }

    /// Adds one of our own: its names are ours, so one that we do not know is a mistake.
    pub(super) fn add_own(&mut self, mut found: Found, names: &[&str]) {
        let span = self.tree.span(found.written.clone());
        let mut unknown = Vec::new();
        for &name in names {
            if let Some(selected) = self.names.select(name) {
                found.rules.push(selected);
                continue;
            }
            let known = self.out.guesses.get(name).copied();
            let near = known.unwrap_or_else(|| {
                let near = self.names.nearest(name);
                self.out.guesses.insert(name.to_owned(), near);
                near
            });
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`kubeready rules` lists them all".to_owned(),
            };
            self.note(span, format!("`{name}` is not a rule or topic"), help);
            unknown.push((name.to_owned(), near));
        }
        self.push(found, unknown);
    }

    fn push(&mut self, found: Found, unknown: Vec<(String, Option<&'static str>)>) {
        self.out.suppressions.push(Suppression {
            dialect: found.dialect,
            names: found.names,
            rules: found.rules,
            unknown,
            reason: found.reason,
            until: found.until,
            expired: found.until.is_some_and(|until| until < self.today),
            used: 0,
            judged: true,
            span: self.tree.span(found.written),
            scope: Scope::Bytes { start: found.covers.start, end: found.covers.end },
            resource: found.resource,
        });
    }

    /// Rules that a peer knows by a check's name.
    pub(super) fn peer(&self, peer: &str, check: &str) -> Vec<Selected> {
        let rules = self.names.by_peer(&format!("{peer}/{check}"));
        rules.iter().map(|&rule| Selected::Rule(rule)).collect()
    }
}
