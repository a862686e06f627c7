//! The one list of rules, compiled from the pages in `rules/` by `rules/build.rs`.

pub mod front_matter;
pub mod opening;

pub use crate::settings::Opt;

use std::fmt;
use std::sync::LazyLock;

use kubeready_manifest::kube::{Container, Object, Workload};
use rustc_hash::FxHashMap;

use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::index::{Index, Namespace};
use crate::suppress::Suppression;

/// Position in [`CATALOGUE`], which is sorted by topic and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u16);

impl RuleId {
    pub fn rule(self) -> &'static Rule {
        &CATALOGUE[self.0 as usize]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; not counted for the exit code by default.
    Advice,
    /// Production practice is missing.
    Warning,
    /// It will fail or hurt.
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    Hint,
    Likely,
    Certain,
}

/// The first profile that turns a rule on; each contains the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// What a learner's first manifests must have.
    Lab,
    /// The default.
    Production,
    /// Tier-1 services: three replicas, read-only root file systems, zone spread.
    Critical,
    /// By name only.
    Off,
}

/// An item of the course's checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Resources,
    Health,
    Security,
    Availability,
    Observability,
    Delivery,
    /// The tenth episode's: fleet, policy, disaster recovery.
    Plus,
}

/// Whether a rule edits can be offered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixSafety {
    None,
    Safe,
    Unsafe,
}

/// What a rule needs to know of the objects beside the one it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Neighbours {
    /// Nothing, or only what excuses a finding.
    None,
    /// It accuses because of an object that is there.
    Present,
    /// It accuses because an object is not there: quiet where the surroundings are not known.
    Absent,
}

/// Which files a rule about files looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reads {
    /// Manifests and kustomizations.
    Manifests,
    /// Workflows of a CI system.
    Workflows,
    /// Manifests, and the files that configure the tools that make clusters.
    Clusters,
}

/// Looks at a container.
pub type ContainerCheck = for<'t> fn(Container<'t>, &mut Ctx<'_, 't>);
/// Looks at what runs pods.
pub type WorkloadCheck = for<'t> fn(Workload<'t>, &mut Ctx<'_, 't>);
/// Looks at any object.
pub type ObjectCheck = for<'t> fn(Object<'t>, &mut Ctx<'_, 't>);

/// A rule's function, by the subject it looks at.
#[derive(Clone, Copy)]
pub enum Check {
    Container(ContainerCheck),
    Workload(WorkloadCheck),
    Object(ObjectCheck),
    Namespace(for<'t> fn(&Namespace<'t>, &mut Ctx<'_, 't>)),
    Set(for<'t> fn(&Index<'t>, &mut Ctx<'_, 't>)),
    Fleet(for<'t> fn(&Fleet<'t>, &mut Ctx<'_, 't>)),
    File(for<'t> fn(&'t kubeready_manifest::yaml::Tree, &mut Ctx<'_, 't>)),
    Suppression(for<'t> fn(&Suppression, &mut Ctx<'_, 't>)),
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scope())
    }
}

impl Check {
    /// The word for the subject, as a page's `scope` says it.
    pub fn scope(&self) -> &'static str {
        match self {
            Check::Container(_) => "container",
            Check::Workload(_) => "workload",
            Check::Object(_) => "object",
            Check::Namespace(_) => "namespace",
            Check::Set(_) => "set",
            Check::Fleet(_) => "fleet",
            Check::File(_) => "file",
            Check::Suppression(_) => "suppression",
        }
    }
}

/// The default of a rule's option, which also fixes its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionDefault {
    Bool(bool),
    Int(i64),
    Str(&'static str),
    List(&'static [&'static str]),
}

/// An option that settings may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleOption {
    pub name: &'static str,
    pub default: OptionDefault,
}

/// One rule: everything its page says, and its function.
#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub title: &'static str,
    pub topic: &'static str,
    pub episode: u8,
    pub item: Item,
    pub severity: Severity,
    pub confidence: Confidence,
    pub profile: Profile,
    pub fix: FixSafety,
    pub since: &'static str,
    pub neighbours: Neighbours,
    /// Only rules about files look at others than manifests.
    pub reads: Reads,
    /// Kinds whose objects could satisfy a rule about absence: one of them that could not be read
    /// silences it.
    pub satisfied_by: &'static [&'static str],
    pub aliases: &'static [&'static str],
    /// The peers' names for it: `kube-linter/unset-memory-requirements`.
    pub peers: &'static [&'static str],
    pub options: &'static [RuleOption],
    /// What it finds: the page's first paragraph, on one line.
    pub summary: &'static str,
    /// Why that matters: the sentence that reports show.
    pub why: &'static str,
    /// The page's Markdown below the front matter. Part of one text, so that a run that shows no page
    /// reads none into memory.
    pub page: &'static str,
    pub check: Check,
}

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// All pages, one after the other.
static PAGES: &str = include_str!(concat!(env!("OUT_DIR"), "/pages.md"));

const fn page(from: usize, to: usize) -> &'static str {
    PAGES.split_at(to).0.split_at(from).1
}

/// A rule by its name or one of its aliases. Rules ask for each other by name, so it is one look-up.
pub fn find(name: &str) -> Option<RuleId> {
    static BY_NAME: LazyLock<FxHashMap<&str, RuleId>> = LazyLock::new(|| {
        let names = |(id, rule): (RuleId, &'static Rule)| {
            std::iter::once(rule.name).chain(rule.aliases.iter().copied()).map(move |n| (n, id))
        };
        rules().flat_map(names).collect()
    });
    BY_NAME.get(name).copied()
}

/// Every rule in catalogue order.
pub fn rules() -> impl ExactSizeIterator<Item = (RuleId, &'static Rule)> {
    CATALOGUE.iter().enumerate().map(|(i, r)| (RuleId(i as u16), r))
}

macro_rules! names {
    ($of:ty { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $of {
            /// All values, in order.
            pub const ALL: &'static [$of] = &[$(<$of>::$variant),*];

            /// The word used in pages, settings and reports.
            pub fn name(self) -> &'static str {
                match self { $(<$of>::$variant => $name),* }
            }

            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.name() == name)
            }
        }

        impl fmt::Display for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

names!(Severity { Advice = "advice", Warning = "warning", Error = "error" });
names!(Confidence { Hint = "hint", Likely = "likely", Certain = "certain" });
names!(Profile { Lab = "lab", Production = "production", Critical = "critical", Off = "off" });
names!(FixSafety { None = "none", Safe = "safe", Unsafe = "unsafe" });
names!(Item {
    Resources = "1",
    Health = "2",
    Security = "3",
    Availability = "4",
    Observability = "5",
    Delivery = "6",
    Plus = "plus",
});

impl Item {
    /// The checklist's words.
    pub fn title(self) -> &'static str {
        match self {
            Item::Resources => "Requests and limits",
            Item::Health => "Health checks",
            Item::Security => "RBAC, secrets, network policies",
            Item::Availability => "Replicas, disruption budgets, rollout strategy",
            Item::Observability => "Observability",
            Item::Delivery => "Automated deployment",
            Item::Plus => "Fleet, policy, disaster recovery",
        }
    }
}

/// Titles of the course's episodes, from 1.
pub const EPISODES: [&str; 10] = [
    "Production mindset and failure patterns",
    "Requests, limits and quality of service",
    "RBAC, secrets and network policies",
    "Probes and CrashLoopBackOff",
    "StatefulSets, storage and backups",
    "CNI, Services, Ingress and service mesh",
    "Prometheus, golden signals, logs and traces",
    "Cost, right-sizing, autoscaling and quotas",
    "GitOps, Helm, Kustomize and deployment strategies",
    "Fleets, policy as code and disaster recovery",
];
