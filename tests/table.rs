//! A small list of rules of its own, so that tests of names do not hang on the catalogue.

use std::sync::LazyLock;

use kubeready::catalogue::{
    Check, Confidence, FixSafety, Item, Neighbours, OptionDefault, Profile, Rule, RuleId,
    RuleOption, Severity,
};
use kubeready::engine::Ctx;
use kubeready::settings::Names;
use kubeready::suppress::Suppression;
use kubeready_manifest::kube::Object;

fn nothing<'t>(_: Object<'t>, _: &mut Ctx<'_, 't>) {}
fn no_more<'t>(_: &Suppression, _: &mut Ctx<'_, 't>) {}

const fn rule(name: &'static str, topic: &'static str, episode: u8, item: Item) -> Rule {
    Rule {
        name,
        title: "A title",
        topic,
        episode,
        item,
        severity: Severity::Warning,
        confidence: Confidence::Certain,
        profile: Profile::Production,
        fix: FixSafety::None,
        since: "0.1.0",
        reads: kubeready::catalogue::Reads::Manifests,
        neighbours: Neighbours::None,
        satisfied_by: &[],
        aliases: &[],
        peers: &[],
        options: &[],
        summary: "",
        why: "",
        page: "",
        check: Check::Object(nothing),
    }
}

pub(crate) static RULES: [Rule; 7] = [
    Rule {
        severity: Severity::Error,
        peers: &["yamllint/key-duplicates"],
        ..rule("duplicate-key", "hygiene", 9, Item::Delivery)
    },
    Rule {
        check: Check::Suppression(no_more),
        ..rule("unused-suppression", "hygiene", 9, Item::Delivery)
    },
    Rule {
        profile: Profile::Lab,
        aliases: &["old-probe-name"],
        peers: &["kube-score/pod-probes", "polaris/readinessProbeMissing", "checkov/CKV_K8S_9"],
        ..rule("missing-readiness-probe", "probes", 4, Item::Health)
    },
    Rule {
        profile: Profile::Critical,
        severity: Severity::Advice,
        options: &[
            RuleOption { name: "minimum", default: OptionDefault::Int(3) },
            RuleOption { name: "loud", default: OptionDefault::Bool(false) },
            RuleOption { name: "word", default: OptionDefault::Str("x") },
            RuleOption { name: "kinds", default: OptionDefault::List(&["Deployment"]) },
        ],
        ..rule("few-replicas", "replicas", 1, Item::Availability)
    },
    Rule {
        profile: Profile::Off,
        peers: &["kube-score/container-ephemeral-storage-request-and-limit"],
        ..rule("missing-ephemeral-storage-limit", "resources", 2, Item::Resources)
    },
    Rule {
        peers: &[
            "kube-linter/unset-memory-requirements",
            "kube-score/container-resources",
            "polaris/memoryLimitsMissing",
            "checkov/CKV_K8S_13",
            "trivy/KSV-0018",
            "kubescape/C-0271",
            "datree/CONTAINERS_MISSING_MEMORY_LIMIT_KEY",
        ],
        ..rule("missing-memory-limit", "resources", 2, Item::Resources)
    },
    Rule { peers: &["psa/runAsNonRoot"], ..rule("run-as-root", "pod-security", 3, Item::Security) },
];

pub(crate) static NAMES: LazyLock<Names> = LazyLock::new(|| Names::of(&RULES));

pub(crate) fn id(name: &str) -> RuleId {
    NAMES.find(name).unwrap_or_else(|| panic!("no rule {name}"))
}
