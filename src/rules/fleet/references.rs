//! What one environment says of another.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Writer};
use rustc_hash::{FxHashMap, FxHashSet};

use super::spot::{belongs, called};
use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::fleet::compare::View;
use crate::fleet::{Fleet, FleetPlace, Stage, environment_word, stage};
use crate::rules::placeholder::is_placeholder;

/// Longer texts are files of their own, not settings.
const LONGEST: usize = 64 * 1024;

/// A production that asks staging for its data works until somebody cleans up staging.
pub(crate) fn cross_environment_reference<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let known = Known::of(fleet);
    if known.environments.is_empty() && known.clusters.is_empty() && known.stages.is_empty() {
        return ctx.pass_over();
    }
    let mut told: FxHashSet<(usize, &'t str)> = FxHashSet::default();
    let mut heard: FxHashMap<(Form, &'t str), Vec<Named<'t>>> = FxHashMap::default();
    let mut found = Vec::new();
    for (at, view) in fleet.comparison().views.iter().enumerate() {
        let Some(place) = fleet.places.get(view.place) else { continue };
        let mut namespaces = None;
        for object in view.objects.iter().map(|(_, seen)| seen.object) {
            if object.kind_name() == "CustomResourceDefinition" {
                continue;
            }
            for (form, value) in values(object) {
                // Most texts name nothing: what they name is worked out once for all places.
                let heard = heard.entry((form, value.text()));
                let named = heard.or_insert_with(|| known.all(form, value));
                if named.is_empty() || !told.insert((at, value.text())) {
                    continue;
                }
                let foreign = named.iter().find(|named| {
                    is_foreign(named.name, view, place)
                        && !lists_both(value.text(), **named)
                        && !namespaces.get_or_insert_with(|| own_namespaces(view)).iter().any(
                            |own| word_in(own, named.name).is_some() && named.part.contains(own),
                        )
                });
                if let Some(named) = foreign.filter(|_| !says_own(value.text(), view, place)) {
                    found.push((place, object, value, *named));
                }
            }
        }
    }
    let units = fleet.destinations();
    for (place, object, value, Named { name, part }) in &found {
        // What most places name is shared on purpose: a registry of images, a hub's address.
        let same = |(_, _, other, _): &&(&FleetPlace<'t>, Object<'t>, NodeRef<'t>, Named<'t>)| {
            other.text() == value.text()
        };
        let is_cluster = environment_word(name).is_none();
        if is_cluster && is_watcher(*object) {
            continue;
        }
        if is_cluster && found.iter().filter(same).count() * 2 > fleet.places.len().max(3) {
            continue;
        }
        let what = if is_cluster { "cluster" } else { "environment" };
        let mut message = format!("{} refers to the {what} `{name}`", called(place));
        // In a text of many lines, such as a file, the place alone does not show what is meant.
        if value.text().trim().contains('\n') {
            let _ = write!(message, " by `{part}`");
        }
        let finding = ctx.report(value.here(), message);
        finding.on(resource_id(*object));
        if is_cluster {
            // Clusters of one fleet do watch each other.
            finding.severity(Severity::Warning).confidence(Confidence::Hint);
        } else if stage(place.name()).is_none()
            && units.get(&object.root().tree().source()).is_some_and(|to| to.stage().is_none())
        {
            // Something else of the cluster says which environment it is: it may hold several.
            finding.severity(Severity::Advice).confidence(Confidence::Hint);
        }
        finding.help("use the counterpart of this environment, set in its overlay");
        belongs(finding, place);
    }
}

/// The name of an environment or cluster, and the host, bucket or path that it is part of.
#[derive(Clone, Copy, Debug)]
struct Named<'t> {
    name: &'t str,
    part: &'t str,
}

/// Names that places of the fleet have.
struct Known {
    environments: BTreeSet<String>,
    clusters: BTreeSet<String>,
    stages: BTreeSet<Stage>,
}

impl Known {
    fn of(fleet: &Fleet<'_>) -> Self {
        let mut known = Self {
            environments: BTreeSet::new(),
            clusters: BTreeSet::new(),
            stages: BTreeSet::new(),
        };
        for view in &fleet.comparison().views {
            let Some(place) = fleet.places.get(view.place) else { continue };
            known.stages.extend(view.stage);
            let here = &place.destination;
            known.environments.extend(here.environment.as_ref().map(|e| e.to_ascii_lowercase()));
            // A short plain word (`main`, `home`) means other things too.
            let telling = |name: &&String| {
                name.len() >= 4 && name.contains(|c: char| c == '-' || c.is_ascii_digit())
            };
            known
                .clusters
                .extend(here.cluster.as_ref().filter(telling).map(|c| c.to_ascii_lowercase()));
        }
        known
    }

    /// The names of environments and clusters in a text that says where something is.
    fn all<'t>(&self, form: Form, value: NodeRef<'t>) -> Vec<Named<'t>> {
        let text = value.text();
        if text.len() > LONGEST || is_placeholder(text) {
            return Vec::new();
        }
        let named = |name| Named { name, part: text };
        match form {
            Form::Bucket => self.in_label(text).map(named).into_iter().collect(),
            Form::Path => {
                let name = text.split('/').find(|part| self.is_environment(part));
                name.map(named).into_iter().collect()
            }
            Form::Text => {
                let stops =
                    |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '=' | '`');
                text.split(stops)
                    .filter(|part| part.len() >= 5)
                    .filter_map(|part| self.in_address(part))
                    .collect()
            }
        }
    }

    fn in_address<'t>(&self, text: &'t str) -> Option<Named<'t>> {
        let host = host(text)?;
        // `.dev` and `.live` are domains of the registries.
        let is_domain = |label: &str| matches!(label, "dev" | "live" | "test" | "local");
        let labels = match host.rsplit_once('.') {
            Some((inner, last)) if is_domain(last) => inner,
            _ => host,
        };
        let name = labels.split('.').find_map(|label| self.in_label(label))?;
        Some(Named { name, part: host })
    }

    fn in_label<'t>(&self, label: &'t str) -> Option<&'t str> {
        // The trial endpoint of a public authority is nobody's staging.
        if label.starts_with("acme-staging") {
            return None;
        }
        let cluster = self.clusters.iter().find_map(|name| word_in(label, name));
        let words = || label.split(['-', '_', '.']).find(|word| self.is_environment(word));
        cluster.or_else(words)
    }

    /// A word for an environment that the fleet has.
    fn is_environment(&self, word: &str) -> bool {
        // Words that mean much else in addresses count only as the fleet itself writes them.
        let vague = matches!(
            word,
            "test"
                | "testing"
                | "live"
                | "local"
                | "stage"
                | "integration"
                | "acc"
                | "preview"
                | "sandbox"
        );
        match environment_word(word) {
            Some((found, stage)) if found == word => {
                if vague {
                    self.environments.contains(word)
                } else {
                    self.stages.contains(&stage)
                }
            }
            _ => false,
        }
    }
}

/// A data source of Grafana: one place looks at the clusters of all others.
fn is_watcher(object: Object<'_>) -> bool {
    object.kind_name().eq_ignore_ascii_case("GrafanaDatasource")
}

/// Namespaces that a place has itself: what lies in one of them is its own, whatever that is called.
fn own_namespaces<'t>(view: &View<'t>) -> FxHashSet<&'t str> {
    view.objects.iter().filter_map(|(_, seen)| seen.object.namespace()).collect()
}

/// Whether a name is that of another environment or cluster.
fn is_foreign(name: &str, view: &View<'_>, place: &FleetPlace<'_>) -> bool {
    if let Some((_, stage)) = environment_word(name).filter(|(word, _)| *word == name) {
        return view.stage.is_some_and(|here| !is_near(here, stage));
    }
    let own = place.destination.cluster.as_deref();
    own.is_some_and(|own| !own.eq_ignore_ascii_case(name))
}

/// Whether the text names the place itself too: an address of both is no slip.
fn says_own(text: &str, view: &View<'_>, place: &FleetPlace<'_>) -> bool {
    let here = &place.destination;
    let own = [&here.cluster, &here.variant].into_iter().flatten();
    let mut own = own.filter(|name| name.len() >= 3);
    own.any(|name| text.contains(name.as_str()))
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            let of = environment_word(word).filter(|(found, _)| *found == word);
            of.is_some_and(|(_, stage)| view.stage == Some(stage))
        })
}

/// Whether the address that holds the name of an environment stands beside the same address without
/// it, as in a list of all that may log in: that is no slip.
fn lists_both(text: &str, Named { name, part }: Named<'_>) -> bool {
    const JOINT: [char; 3] = ['-', '_', '.'];
    if environment_word(name).is_none() {
        return false;
    }
    let is_host = |c: char| c.is_ascii_alphanumeric() || JOINT.contains(&c);
    let is_listed = |own: &str| own.contains('.') && text.split(|c| !is_host(c)).any(|h| h == own);
    part.match_indices(name).any(|(at, _)| {
        let (before, after) = (part.get(..at), part.get(at + name.len()..));
        let (Some(head), Some(tail)) = (before, after) else { return false };
        match (head.strip_suffix(JOINT), tail.strip_prefix(JOINT)) {
            (Some(head), _) => is_listed(&format!("{head}{tail}")),
            (None, Some(tail)) => is_listed(&format!("{head}{tail}")),
            (None, None) => false,
        }
    })
}

/// Production and what stands by for it know each other.
fn is_near(here: Stage, other: Stage) -> bool {
    let same = |stage| if stage == Stage::Recovery { Stage::Production } else { stage };
    same(here) == same(other)
}

/// A name within a label, as whole words.
fn word_in<'t>(label: &'t str, name: &str) -> Option<&'t str> {
    let at = label.to_ascii_lowercase().find(name)?;
    let end = at + name.len();
    let word = label.get(at..end)?;
    let edge = |c: Option<&u8>| c.is_none_or(|b| !b.is_ascii_alphanumeric());
    let before = at.checked_sub(1).and_then(|at| label.as_bytes().get(at));
    (edge(before) && edge(label.as_bytes().get(end))).then_some(word)
}

/// The host or bucket that a text names: `db.staging.example.com:5432`, `s3://staging-data/x`.
fn host(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(s, rest)| (s, rest));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = host.split(':').next().unwrap_or("");
    // An address of mail names who is asked, not what is used.
    let is_mail = scheme.is_empty() && !user.is_empty();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_name = !host.is_empty() && host.bytes().all(is_word);
    let is_host = host.rsplit_once('.').is_some_and(|(_, last)| is_top(last));
    (is_name && !is_mail && (is_host || !scheme.is_empty())).then_some(host)
}

/// Whether the last part of a name may be a domain, and not the ending of a file or a setting.
fn is_top(label: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "yaml",
        "yml",
        "json",
        "conf",
        "toml",
        "sh",
        "py",
        "txt",
        "md",
        "xml",
        "crt",
        "pem",
        "key",
        "sock",
        "log",
        "properties",
        "service",
        "enabled",
        "env",
        "cfg",
        "ini",
        "js",
        "css",
        "html",
    ];
    (2..=24).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphabetic())
        && !ENDINGS.contains(&label)
}

/// How a value says where something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// Addresses stand somewhere in it.
    Text,
    /// It is the name of a bucket.
    Bucket,
    /// It is a path in the repository.
    Path,
}

/// Values that may say where something is: no descriptions, no names of kinds.
fn values(object: Object<'_>) -> Vec<(Form, NodeRef<'_>)> {
    const SKIPPED: &[&str] = &["metadata", "status", "apiVersion", "kind"];
    let delivers = matches!(object.kind_name(), "Kustomization" | "Application");
    let mut found = Vec::new();
    let parts = object.root().entries().filter(|(key, _)| !SKIPPED.contains(&key.text()));
    let mut pending: Vec<(&str, NodeRef<'_>)> =
        parts.map(|(key, value)| (key.text(), value)).collect();
    pending.reverse();
    while let Some((key, node)) = pending.pop() {
        if node.is_map() {
            pending.extend(node.entries().map(|(key, value)| (key.text(), value)));
        } else if node.is_seq() {
            pending.extend(node.items().map(|item| (key, item)));
        } else if delivers && key == "path" {
            // Variables are filled in with what is known of any cluster.
            if node.writer() != Writer::Variable {
                found.push((Form::Path, node));
            }
        } else if is_bucket(key) {
            found.push((Form::Bucket, node));
        } else if node.text().contains(['.', ':']) {
            found.push((Form::Text, node));
        }
    }
    found
}

fn is_bucket(key: &str) -> bool {
    let ends = |end: &str| {
        let from = key.len().checked_sub(end.len());
        from.and_then(|at| key.get(at..)).is_some_and(|part| part.eq_ignore_ascii_case(end))
    };
    ends("bucket") || ends("bucketname") || ends("bucket_name")
}
