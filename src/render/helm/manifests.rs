//! The way back from what templates print to objects, each node of which knows the value or the line
//! of a template that a person would edit.

use std::ops::Range;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Tree, Value, Writer};
use kubeready_template::{Output, Text, TextBuilder, Val};

use super::Build;
use super::places::{Details, Places, ValuePlaces};
use crate::render::fault::{Fault, FaultKind};
use crate::render::kustomize::Resource;

/// What one template printed.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'p> {
    /// The name that Helm gives as its source: `shop/templates/web.yaml`.
    pub name: &'p str,
    /// The file of the template.
    pub source: SourceId,
    pub output: &'p Output,
}

/// Adds the objects that templates printed to a build, in the order of `helm template`: as Helm
/// installs kinds, objects of one kind as the files are named, hooks last.
///
/// `values` are those of the whole release, as the templates saw them.
pub fn read(sheets: &[Sheet<'_>], values: &Val, build: &mut Build<'_>) {
    let mut sheets: Vec<&Sheet<'_>> =
        sheets.iter().filter(|sheet| is_printed(sheet.name)).collect();
    sheets.sort_by_key(|sheet| sheet.name);
    let values = ValuePlaces::new(values);
    let mut details = Details::new(std::mem::take(&mut build.details));
    let (mut objects, mut hooks) = (Vec::new(), Vec::new());
    for sheet in sheets {
        for undefined in &sheet.output.undefined {
            let start = Span { source: sheet.source, start: 0, end: 0 };
            let found = (undefined.path.to_string(), undefined.template.unwrap_or(start));
            if !build.undefined.contains(&found) {
                build.undefined.push(found);
            }
        }
        for range in manifests(sheet.output.text.as_str()) {
            let text = manifest(&sheet.output.text, &range);
            let tree = Tree::parse(text.as_str(), sheet.source);
            let mut places = Places::new(&tree, &text, sheet.source);
            for error in tree.errors() {
                let at = places.template_at(error.at.start as usize);
                build.faults.push(broken(at, &error.message));
            }
            let offers = sheet.output.offers.iter();
            let offers = offers.filter(|offer| range.start <= offer.at && offer.at <= range.end);
            places.locate(
                &values,
                offers.map(|offer| (offer.at - range.start, offer)),
                &mut details,
            );
            for (_, root) in tree.documents() {
                if root.is_null() {
                    continue;
                }
                if !root.is_map() {
                    let at = places.template_at(root.span().start as usize);
                    build.faults.push(broken(at, "this is no map, so it is no object"));
                    continue;
                }
                let value = Value::owned(root, &|node| places.origin(node));
                match hook(&value) {
                    Hook::No => objects.push(Resource::new(value)),
                    Hook::Yes => hooks.push(Resource::new(value)),
                    Hook::Unknown => {}
                }
            }
        }
    }
    objects.sort_by(|a, b| installed(kind(&a.value)).cmp(&installed(kind(&b.value))));
    hooks.sort_by(|a, b| installed(kind(&a.value)).cmp(&installed(kind(&b.value))));
    build.resources.extend(objects);
    build.resources.extend(hooks);
    build.details = details.finish();
}

/// The objects of a file of `crds/`, which Helm prints as they are, in front of all others.
pub fn definitions<'r>(tree: &'r Tree) -> impl Iterator<Item = Resource<'r>> {
    let maps = tree.documents().map(|(_, root)| root).filter(|root: &NodeRef<'r>| root.is_map());
    maps.map(|root| Resource::new(Value::of(root, Writer::Resource)))
}

fn broken(at: Span, what: &str) -> Fault {
    let message = format!("what this template prints cannot be read as YAML: {what}");
    Fault::fatal(FaultKind::ChartRender, at, message)
        .help("`kubeready render` or `helm template --debug` shows what is printed")
}

/// Whether Helm prints what a template of this name makes: no partials, no notes.
fn is_printed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !file.starts_with('_') && !name.ends_with("NOTES.txt")
}

/// The manifests in what a template printed, as Helm takes it apart: at each line that starts with
/// `---`, whatever follows, and be it within a block of text.
fn manifests(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut add = |start: usize, end: usize| {
        let part = text.get(start..end).unwrap_or("");
        let trimmed = part.trim_start();
        if !trimmed.is_empty() {
            found.push(end - trimmed.len()..end);
        }
    };
    let mut line = text.len() - text.trim_start().len();
    while let Some(rest) = text.get(line..).filter(|rest| !rest.is_empty()) {
        if let Some(behind) = rest.strip_prefix("---") {
            add(start, line);
            let behind = behind.trim_start_matches([' ', '\t']);
            start = line + (rest.len() - behind.len());
        }
        line += rest.find('\n').map_or(rest.len(), |end| end + 1);
    }
    add(start, text.len());
    found
}

/// A manifest with a line end behind it, as Helm prints it.
fn manifest(text: &Text, range: &Range<usize>) -> Text {
    let mut whole = TextBuilder::new();
    whole.push_slice(text, range.clone());
    whole.push_plain("\n");
    whole.finish()
}

enum Hook {
    No,
    Yes,
    /// Of a kind that Helm does not know: it leaves such objects out.
    Unknown,
}

fn hook(value: &Value<'_>) -> Hook {
    const EVENTS: [&str; 10] = [
        "pre-install",
        "post-install",
        "pre-delete",
        "post-delete",
        "pre-upgrade",
        "post-upgrade",
        "pre-rollback",
        "post-rollback",
        "test",
        "test-success",
    ];
    let Some(events) = value.at(&["metadata", "annotations", "helm.sh/hook"]) else {
        return Hook::No;
    };
    let mut events = events.text().split(',').map(|event| event.trim().to_lowercase());
    if events.all(|event| EVENTS.contains(&event.as_str())) { Hook::Yes } else { Hook::Unknown }
}

fn kind<'v>(value: &'v Value<'_>) -> &'v str {
    value.get("kind").map_or("", Value::text)
}

/// When Helm installs a kind; kinds that it does not know come last, by name.
fn installed(kind: &str) -> (usize, &str) {
    const ORDER: [&str; 38] = [
        "PriorityClass",
        "Namespace",
        "NetworkPolicy",
        "ResourceQuota",
        "LimitRange",
        "PodSecurityPolicy",
        "PodDisruptionBudget",
        "ServiceAccount",
        "Secret",
        "SecretList",
        "ConfigMap",
        "StorageClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "CustomResourceDefinition",
        "ClusterRole",
        "ClusterRoleList",
        "ClusterRoleBinding",
        "ClusterRoleBindingList",
        "Role",
        "RoleList",
        "RoleBinding",
        "RoleBindingList",
        "Service",
        "DaemonSet",
        "Pod",
        "ReplicationController",
        "ReplicaSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "StatefulSet",
        "Job",
        "CronJob",
        "IngressClass",
        "Ingress",
        "APIService",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ];
    let at = ORDER.iter().position(|known| *known == kind);
    at.map_or((ORDER.len(), kind), |at| (at, ""))
}
