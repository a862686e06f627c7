//! What one environment says of another.

use std::collections::BTreeSet;

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
    let mut heard: FxHashMap<(Form, &'t str), Option<&'t str>> = FxHashMap::default();
    let mut found = Vec::new();
    for (at, view) in fleet.comparison().views.iter().enumerate() {
        let Some(place) = fleet.places.get(view.place) else { continue };
        for object in view.objects.iter().map(|(_, seen)| seen.object) {
            if object.kind_name() == "CustomResourceDefinition" {
                continue;
            }
            for (form, value) in values(object) {
                // Most texts name nothing: what they name is worked out once for all places.
                let heard = heard.entry((form, value.text()));
                let name = *heard.or_insert_with(|| known.first(form, value));
                let Some(name) = name.filter(|_| told.insert((at, value.text()))) else { continue };
                if is_foreign(name, view, place)
                    && !says_own(value.text(), view, place)
                    && !lists_both(value.text(), name)
                {
                    found.push((place, object, value, name));
                }
            }
        }
    }
    let units = fleet.destinations();
    for (place, object, value, name) in &found {
        // What most places name is shared on purpose: a registry of images, a hub's address.
        let same = |(_, _, other, _): &&(&FleetPlace<'t>, Object<'t>, NodeRef<'t>, &str)| {
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
        let message = format!("{} refers to the {what} `{name}`", called(place));
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

    /// The first name of an environment or cluster in a text that says where something is.
    fn first<'t>(&self, form: Form, value: NodeRef<'t>) -> Option<&'t str> {
        let text = value.text();
        if text.len() > LONGEST || is_placeholder(text) {
            return None;
        }
        match form {
            Form::Bucket => self.in_label(text),
            Form::Path => text.split('/').find(|part| self.is_environment(part)),
            Form::Text => {
                let stops =
                    |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '=' | '`');
                text.split(stops).filter(|part| part.len() >= 5).find_map(|p| self.in_address(p))
            }
        }
    }

    fn in_address<'t>(&self, text: &'t str) -> Option<&'t str> {
        let host = host(text)?;
        // `.dev` and `.live` are domains of the registries.
        let is_domain = |label: &str| matches!(label, "dev" | "live" | "test" | "local");
        let labels = match host.rsplit_once('.') {
            Some((inner, last)) if is_domain(last) => inner,
            _ => host,
        };
        labels.split('.').find_map(|label| self.in_label(label))
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
/// it, as in a list of all that may log in: that is no slip. `name` is a part of `text`.
fn lists_both(text: &str, name: &str) -> bool {
    if environment_word(name).is_none() {
        return false;
    }
    let at = name.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    let (Some(before), Some(after)) = (text.get(..at), text.get(at + name.len()..)) else {
        return false;
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let head = before.get(before.trim_end_matches(is_host).len()..).unwrap_or("");
    let tail = after.get(..after.len() - after.trim_start_matches(is_host).len()).unwrap_or("");
    let joint = ['-', '_', '.'];
    let own = match (head.strip_suffix(joint), tail.strip_prefix(joint)) {
        (Some(head), _) => format!("{head}{tail}"),
        (None, Some(tail)) => format!("{head}{tail}"),
        (None, None) => return false,
    };
    own.contains('.') && text.split(|c| !is_host(c)).any(|host| host == own)
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
