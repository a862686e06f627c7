//! Annotations that suppress: our own, and the peers' as they stand. All cover their object.

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::NodeRef;

use super::Dialect;
use super::collect::{Found, Reading};
use super::directive;
use super::scope::range;
use crate::engine::resource_id;
use crate::settings::{Date, Selected, date};

/// Where a peer looks for its annotations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    Object,
    /// The metadata of the pod template.
    Template,
}

pub(super) fn collect(object: Object<'_>, reading: &mut Reading<'_>) {
    let on_object = object.path("metadata.annotations");
    read(object, on_object, Stand::Object, reading);
    let Some(workload) = object.workload() else { return };
    let on_template = workload.template().path("metadata.annotations");
    // A Pod is its own template.
    if on_template != on_object {
        read(object, on_template, Stand::Template, reading);
    }
}

fn read(
    object: Object<'_>,
    annotations: Option<NodeRef<'_>>,
    stand: Stand,
    reading: &mut Reading<'_>,
) {
    let Some(annotations) = annotations.filter(|a| a.is_map()) else { return };
    for (key, value) in annotations.entries() {
        // Keys with a slash are what dialects use, `datree.skip/` and `kube-score/` included.
        let Some((prefix, name)) = key.text().split_once('/') else { continue };
        let here = Here { object, key, value, annotations };
        match prefix {
            "kubeready.dev" => own(here, name, reading),
            "ignore-check.kube-linter.io" if stand == Stand::Object => {
                here.check("kube-linter", name, Some(value.text()), reading);
            }
            "kube-linter.io" if stand == Stand::Object && name == "ignore-all" => {
                here.all("kube-linter", name, Some(value.text()), reading);
            }
            "kube-score" => kube_score(here, name, reading),
            "polaris.fairwinds.com" if stand == Stand::Object => polaris(here, name, reading),
            "checkov.io" | "bridgecrew.io" | "cortex.io" if name.starts_with("skip") => {
                checkov(here, reading);
            }
            "kubescape.io" if stand == Stand::Object && name == "skip-controls" => {
                kubescape(here, reading);
            }
            "datree.skip" if stand == Stand::Object => {
                here.check("datree", name, Some(value.text()), reading);
            }
            _ => {}
        }
    }
}

/// An annotation and what it stands on.
#[derive(Clone, Copy)]
struct Here<'t> {
    object: Object<'t>,
    key: NodeRef<'t>,
    value: NodeRef<'t>,
    annotations: NodeRef<'t>,
}

impl Here<'_> {
    fn found(self, dialect: Dialect, names: Vec<String>, rules: Vec<Selected>) -> Found {
        let (key, value) = (self.key.span(), self.value.span());
        // An alias or merged entry is written elsewhere: the key alone is certain.
        let end = if value.start >= key.end { value.end } else { key.end };
        Found {
            dialect,
            names,
            rules,
            reason: None,
            until: None,
            written: key.start..end,
            covers: range(self.object.root()),
            resource: Some(resource_id(self.object)),
        }
    }

    fn check(
        self,
        peer: &'static str,
        check: &str,
        reason: Option<&str>,
        reading: &mut Reading<'_>,
    ) {
        let rules = reading.peer(peer, check);
        let mut found = self.found(Dialect::Peer(peer), vec![check.to_owned()], rules);
        found.reason = reason.and_then(words);
        reading.add(found);
    }

    fn all(self, peer: &'static str, name: &str, reason: Option<&str>, reading: &mut Reading<'_>) {
        let rules = vec![Selected::Group(reading.names.of_peer(peer))];
        let mut found = self.found(Dialect::Peer(peer), vec![name.to_owned()], rules);
        found.reason = reason.and_then(words);
        reading.add(found);
    }
}

/// `kubeready.dev/ignore.<rule>: reason until=YYYY-MM-DD`
fn own(here: Here<'_>, name: &str, reading: &mut Reading<'_>) {
    let span = here.key.span();
    let Some(rule) = name.strip_prefix("ignore.").filter(|rule| !rule.is_empty()) else {
        if name.starts_with("ign") {
            let help = "write `kubeready.dev/ignore.RULE: reason`".to_owned();
            reading.note(
                span,
                format!("`{}` is no annotation of kubeready", here.key.text()),
                help,
            );
        }
        return;
    };
    let tail = directive::tail(here.value.text());
    if let Some(day) = &tail.bad_until {
        let message = format!("`until={day}` is not a day, so this never ends");
        reading.note(here.value.span(), message, "write it as `until=2027-01-31`".to_owned());
    }
    let mut found = here.found(Dialect::Annotation, vec![rule.to_owned()], Vec::new());
    found.reason = tail.reason;
    found.until = tail.until;
    reading.add_own(found, &[rule]);
}

/// `kube-score/ignore: id,id` on the object or its pod template, `kube-score/skip: "true"`.
fn kube_score(here: Here<'_>, name: &str, reading: &mut Reading<'_>) {
    let value = here.value.text();
    if name == "skip" && value.eq_ignore_ascii_case("true") {
        return here.all("kube-score", name, None, reading);
    }
    if name != "ignore" {
        return;
    }
    for id in list(value) {
        if id == "*" {
            here.all("kube-score", "*", None, reading);
            continue;
        }
        let mut rules = reading.peer("kube-score", id);
        // kube-score takes the one to mean the other.
        if id == "container-resources" {
            rules.extend(
                reading.peer("kube-score", "container-ephemeral-storage-request-and-limit"),
            );
        }
        reading.add(here.found(Dialect::Peer("kube-score"), vec![id.to_owned()], rules));
    }
}

/// `polaris.fairwinds.com/exempt: "true"`, `polaris.fairwinds.com/<check>-exempt: "true"`
fn polaris(here: Here<'_>, name: &str, reading: &mut Reading<'_>) {
    if !here.value.text().eq_ignore_ascii_case("true") {
        return;
    }
    if name == "exempt" {
        here.all("polaris", name, None, reading);
    } else if let Some(check) = name.strip_suffix("-exempt") {
        here.check("polaris", check, None, reading);
    }
}

/// `checkov.io/skip1: ID=reason`
fn checkov(here: Here<'_>, reading: &mut Reading<'_>) {
    let value = here.value.text();
    let (id, reason) = value.split_once('=').unwrap_or((value, ""));
    here.check("checkov", id.trim(), Some(reason), reading);
}

/// `kubescape.io/skip-controls: "C-0034,C-0057"` with a reason and an end in annotations beside it.
fn kubescape(here: Here<'_>, reading: &mut Reading<'_>) {
    let beside = |key: &str| here.annotations.get(key).map(NodeRef::text);
    let reason = beside("kubescape.io/skip-reason").and_then(words);
    let until = beside("kubescape.io/skip-expiry").and_then(day);
    for id in list(here.value.text()) {
        let rules = reading.peer("kubescape", id);
        let mut found = here.found(Dialect::Peer("kubescape"), vec![id.to_owned()], rules);
        found.reason.clone_from(&reason);
        found.until = until;
        reading.add(found);
    }
}

/// The day of an RFC 3339 time.
fn day(text: &str) -> Option<Date> {
    date(text.trim().get(..10)?)
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|id| !id.is_empty())
}

fn words(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
