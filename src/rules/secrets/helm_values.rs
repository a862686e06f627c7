//! Credentials written into the values of charts: in releases, in Applications, in files of values.

use std::path::Path;

use kubeready_manifest::kube::{Kind, Object, objects_of};
use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{NodeRef, Tree};
use rustc_hash::FxHashSet;

use super::literals::{Judged, judge};
use super::text::{Named, credential_name, is_random, is_reference};
use super::tokens::{self, Certainty};
use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::finding::{Finding, ResourceId};
use crate::fleet::Fleet;
use crate::load::{Class, Loaded, Reason};
use crate::render::delivery::{Source, ValuesFile};

const HELP: &str = "put it into a Secret that is encrypted in the repository or made outside it, and name that Secret: by a value such as `existingSecret`, or by `valuesFrom` of Flux";

/// How deep values are looked into: people write a handful of levels.
const MAX_DEPTH: usize = 64;

/// What stands in values is in git, and in the Secret of the release for everybody who reads those.
pub(crate) fn secret_in_helm_values<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut files: Vec<_> = fleet.world.files().filter(|file| file.input.wanted).collect();
    // A link to a file is another way to it.
    files.sort_by_key(|file| file.source);
    files.dedup_by_key(|file| file.source);
    let named = named_files(fleet);
    let mut looked = false;
    for file in files {
        let Some(tree) = file.parsed() else { continue };
        looked |= match file.class {
            Class::Manifest | Class::KustomizeResource | Class::Patch => of_objects(tree, ctx),
            Class::Kustomization => of_kustomization(tree, ctx),
            Class::LeftAlone(reason)
                if (reason == Reason::HelmValues || named.contains(&*file.input.path))
                    && !is_aside(file, fleet) =>
            {
                let look = Look { owner: None, default: is_default(file, fleet), block: None };
                for (_, root) in tree.documents() {
                    look.root(root, ctx);
                }
                true
            }
            _ => false,
        };
    }
    if !looked {
        ctx.pass_over();
    }
}

/// Files of values that Applications and releases name.
fn named_files<'f>(fleet: &'f Fleet<'_>) -> FxHashSet<&'f Path> {
    let deliveries = fleet.deliveries.iter();
    let files = deliveries.flat_map(|delivered| &delivered.delivery.values.files);
    let path = |file: &'f ValuesFile<'_>| match &file.source {
        Source::Directory(path) => Some(&**path),
        _ => None,
    };
    files.filter_map(path).collect()
}

/// Whether any object is given values.
fn of_objects<'t>(tree: &'t Tree, ctx: &mut Ctx<'_, 't>) -> bool {
    let mut looked = false;
    for object in objects_of(tree) {
        let is_release =
            matches!(object.kind(), Kind::HelmRelease | Kind::Application | Kind::ApplicationSet);
        if !is_release && !is_k3s_chart(object) || object.root().value("sops").is_some() {
            continue;
        }
        looked = true;
        let look = Look { owner: Some(resource_id(object)), default: false, block: None };
        match object.kind() {
            Kind::HelmRelease => {
                if let Some(values) = object.path("spec.values") {
                    look.root(values, ctx);
                }
            }
            Kind::Application => of_application(object.spec(), &look, ctx),
            Kind::ApplicationSet => of_application(object.path("spec.template.spec"), &look, ctx),
            _ => {
                if let Some(block) = object.path("spec.valuesContent") {
                    look.block(block, ctx);
                }
            }
        }
    }
    looked
}

fn is_k3s_chart(object: Object<'_>) -> bool {
    object.group() == "helm.cattle.io"
}

fn of_application<'t>(spec: Option<NodeRef<'t>>, look: &Look<'_>, ctx: &mut Ctx<'_, 't>) {
    let Some(spec) = spec else { return };
    let sources = spec.get("source").into_iter().chain(spec.items_at("sources"));
    for helm in sources.filter_map(|source| source.get("helm")) {
        if let Some(values) = helm.get("valuesObject") {
            look.root(values, ctx);
        }
        if let Some(block) = helm.get("values") {
            look.block(block, ctx);
        }
        for parameter in helm.items_at("parameters") {
            if let (Some(name), Some(value)) = (parameter.get("name"), parameter.get("value")) {
                let last = name.text().rsplit('.').next().unwrap_or("");
                look.scalar(last, name.text(), value, ctx);
            }
        }
    }
}

/// Whether it installs any chart.
fn of_kustomization<'t>(tree: &'t Tree, ctx: &mut Ctx<'_, 't>) -> bool {
    let look = Look { owner: None, default: false, block: None };
    let mut looked = false;
    let roots = tree.documents().map(|(_, root)| root);
    for chart in roots.flat_map(|root| root.items_at("helmCharts")) {
        looked = true;
        if let Some(values) = chart.get("valuesInline") {
            look.root(values, ctx);
        }
    }
    looked
}

/// Whether a file holds what a chart is given where nobody says otherwise.
fn is_default(file: &Loaded, fleet: &Fleet<'_>) -> bool {
    let path = &file.input.path;
    path.file_name().is_some_and(|name| name == "values.yaml")
        && fleet.world.file(&path.with_file_name("Chart.yaml")).is_some()
}

/// Whether a file belongs to a chart that was unpacked below another one, or only to a test.
fn is_aside(file: &Loaded, fleet: &Fleet<'_>) -> bool {
    file.input.path.ancestors().skip(1).any(|folder| {
        folder.file_name().is_some_and(|name| name == "charts" || name == "ci")
            && fleet.world.file(&folder.with_file_name("Chart.yaml")).is_some()
    })
}

/// One place that values come from.
struct Look<'a> {
    owner: Option<ResourceId>,
    /// Defaults of a chart.
    default: bool,
    /// The text in which the values stand as a block.
    block: Option<Block<'a>>,
}

#[derive(Clone, Copy)]
struct Block<'a> {
    text: &'a str,
    /// The scalar with its header and indentation.
    raw: &'a str,
    span: Span,
}

impl Look<'_> {
    fn root<'n, 't>(&self, root: NodeRef<'n>, ctx: &mut Ctx<'_, 't>) {
        if root.value("sops").is_none() {
            self.map(root, "", 0, ctx);
        }
    }

    /// Values as a block of text.
    fn block<'t>(&self, block: NodeRef<'t>, ctx: &mut Ctx<'_, 't>) {
        let span = block.span();
        let whole = block.tree().text();
        let raw = whole.get(span.start as usize..span.end as usize).unwrap_or("");
        let tree = Tree::parse(block.text().to_owned(), span.source);
        let inner = Block { text: block.text(), raw, span };
        let look = Look { owner: self.owner.clone(), default: false, block: Some(inner) };
        for (_, root) in tree.documents() {
            look.root(root, ctx);
        }
    }

    fn map(&self, map: NodeRef<'_>, path: &str, depth: usize, ctx: &mut Ctx<'_, '_>) {
        if depth > MAX_DEPTH {
            return;
        }
        for item in map.items() {
            // Variables as Kubernetes lists them.
            if let (Some(name), Some(value)) = (item.get("name"), item.get("value"))
                && value.is_scalar()
            {
                self.scalar(name.text(), &join(path, name.text()), value, ctx);
            } else if !item.is_scalar() {
                self.map(item, path, depth + 1, ctx);
            }
        }
        for (key, value) in map.effective_entries() {
            let key = key.text();
            if value.is_scalar() {
                self.scalar(key, &join(path, key), value, ctx);
            } else if !is_reference_key(key) {
                self.map(value, &join(path, key), depth + 1, ctx);
            }
        }
    }

    fn scalar(&self, name: &str, path: &str, value: NodeRef<'_>, ctx: &mut Ctx<'_, '_>) {
        let text = value.text();
        if text.is_empty() || value.is_null() {
            return;
        }
        if let Some(token) = tokens::find(text) {
            // In an object it is that rule's to say.
            let theirs = self.owner.is_some() && ctx.is_on("hardcoded-credential");
            if theirs || token.certainty == Certainty::Half {
                return;
            }
            let finding = self.report(value, format!("{} in plain text", token.what), ctx);
            finding.label(token.certainty.label());
            if token.certainty == Certainty::Example {
                finding.severity(Severity::Advice).confidence(Confidence::Hint);
            }
            return;
        }
        let single = !text.trim_end().contains('\n');
        let Some(judged) = judge(name, text, single && is_believed(name, value)) else { return };
        match judged {
            Judged::Url => {
                let message = format!("`{path}` holds a URL with a password");
                self.report(value, message, ctx);
            }
            // Whoever installs the chart is to change it.
            Judged::Named(true) if self.default => {}
            Judged::Named(true) => {
                let message = format!("`{path}` is to hold a credential in plain text");
                self.report(value, message, ctx)
                    .severity(Severity::Advice)
                    .confidence(Confidence::Likely);
            }
            Judged::Named(false) if self.default => {
                let message =
                    format!("`{path}` is a credential that every release gets by default");
                self.report(value, message, ctx)
                    .severity(Severity::Warning)
                    .help("leave it empty, and let the template demand it, make one up, or take it from a Secret");
            }
            Judged::Named(false) => {
                self.report(value, format!("`{path}` holds a credential"), ctx);
            }
            Judged::Line(_) => {}
        }
    }

    fn report<'f>(
        &self,
        value: NodeRef<'_>,
        message: String,
        ctx: &'f mut Ctx<'_, '_>,
    ) -> &'f mut Finding {
        let span = self.block.map_or_else(|| value.span(), |block| block.place(value));
        let finding = ctx.report_span(span, message);
        finding.help(HELP);
        if let Some(owner) = &self.owner {
            finding.on(owner.clone());
        }
        finding
    }
}

impl Block<'_> {
    /// The bytes of the file that a value within the block is written with; the block itself where
    /// that cannot be told.
    fn place(self, value: NodeRef<'_>) -> Span {
        let inner = value.span();
        let (start, end) = (inner.start as usize, inner.end as usize);
        let found = || {
            let before = self.text.get(..start)?;
            let line = before.matches('\n').count();
            // Behind the header the lines are those of the text, indented.
            let header = self.raw.find('\n')? + 1;
            let lines = self.raw.get(header..)?.split_inclusive('\n');
            let mut at = header;
            let mut lines = lines.map(|line| {
                let from = at;
                at += line.len();
                (from, line)
            });
            let (from, raw) = lines.nth(line)?;
            let written = self.text.get(start..end)?.lines().next()?;
            let within = start - before.rfind('\n').map_or(0, |at| at + 1);
            let at = raw.get(within..)?.find(written)? + within;
            let begin = self.span.start + (from + at) as u32;
            Some(Span { start: begin, end: begin + written.len() as u32, ..self.span })
        };
        found().unwrap_or(self.span)
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What is below says where a Secret is, not what is in it.
fn is_reference_key(key: &str) -> bool {
    key.ends_with("Ref") || key.ends_with("Refs") || matches!(key, "valueFrom" | "sops")
}

/// Whether a name that sounds like a credential's is one: in values it is often the name of a Secret,
/// or of a key in it.
fn is_believed(name: &str, value: NodeRef<'_>) -> bool {
    let text = value.text();
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("existing") || value.as_bool().is_some() || is_reference(text) {
        return false;
    }
    match credential_name(name) {
        None | Some(Named::Password) => true,
        // `userPasswordKey: password`
        Some(_) if lower.ends_with("key") => is_random(text),
        Some(_) if is_random(text) => true,
        Some(_) if lower.ends_with("secret") => !is_object_name(text),
        Some(_) => !(is_object_name(text) && text.bytes().all(|b| !b.is_ascii_digit())),
    }
}

/// Letters, digits, `-` and `.`, as Secrets are called.
fn is_object_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}
