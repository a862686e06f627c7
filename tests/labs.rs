//! The labs of the course: what is broken is found, what is mended is clean.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kubeready::catalogue::{Item, Profile};
use kubeready::check::{Request, check};
use kubeready::host::OsHost;
use kubeready::problem::Level;
use kubeready::report::{Report, checklist};
use kubeready::settings::{self, CommandLine};

/// What each broken lab is about, by episode: these rules must speak; others may.
const BROKEN: [&[&str]; 10] = [
    &["latest-image-tag", "missing-readiness-probe", "naked-pod", "too-few-replicas"],
    &[
        "missing-cpu-request",
        "missing-memory-limit",
        "missing-memory-request",
        "request-exceeds-limit",
        "suspicious-quantity-unit",
    ],
    &[
        "cluster-admin-binding",
        "container-runtime-socket",
        "host-network",
        "privileged-container",
        "run-as-root-user",
        "secret-in-env-literal",
        "wildcard-rbac-rule",
    ],
    &[
        "dangling-probe-port",
        "identical-probes",
        "invalid-cron-schedule",
        "invalid-restart-policy",
        "probe-timeout-exceeds-period",
    ],
    &[
        "database-on-deployment",
        "database-on-ephemeral-storage",
        "statefulset-missing-headless-service",
        "statefulset-without-volume-claims",
        "undefined-volume-mount",
    ],
    &[
        "dangling-ingress-backend",
        "dangling-service",
        "dangling-target-port",
        "default-deny-blocks-dns",
        "ingress-without-tls",
        "missing-ingress-class",
        "node-port-service",
    ],
    // The first wave has no rule of the seventh episode: monitoring is judged as a workload.
    &[
        "dangling-target-port",
        "latest-image-tag",
        "node-port-service",
        "rbac-secret-access",
        "too-few-replicas",
        "wildcard-rbac-rule",
    ],
    &[
        "dangling-hpa",
        "hpa-min-replicas-too-low",
        "hpa-without-requests",
        "namespace-without-resource-quota",
        "replicas-set-with-hpa",
    ],
    &[
        "duplicate-env-var",
        "implicit-typed-string",
        "invalid-field-type",
        "mismatching-selector",
        "removed-api",
        "rolling-update-drops-all",
        "unknown-field",
        "unrendered-template",
    ],
    &["backup-interval-exceeds-rpo", "namespace-not-backed-up", "velero-schedule-paused"],
];

fn judge(episode: usize, state: &str, profile: Profile) -> Report {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("fixtures/lab/episode-{episode:02}/{state}"));
    assert!(root.is_dir(), "{} is missing", root.display());
    let line = CommandLine { profile: Some(profile), ..CommandLine::default() };
    let settings = settings::resolve(None, &line).expect("a profile alone is right");
    check(&OsHost, &Request { paths: vec![root.clone()], root, ..Request::default() }, &settings)
}

/// Everything that could not be judged, in words.
fn problems(report: &Report) -> Vec<String> {
    let problems = report.problems.iter().filter(|problem| problem.level == Level::Error);
    problems.map(|problem| format!("{}: {}", problem.code, problem.message)).collect()
}

#[test]
fn broken_labs_show_what_they_are_about() {
    let mut wrong = Vec::new();
    for (episode, about) in (1..).zip(BROKEN) {
        let report = judge(episode, "broken", Profile::Production);
        let found: BTreeSet<_> = report.findings.iter().map(|f| f.rule.rule().name).collect();
        let missing: Vec<_> = about.iter().filter(|rule| !found.contains(*rule)).collect();
        let problems = problems(&report);
        if !missing.is_empty() || !problems.is_empty() {
            wrong.push(format!("episode {episode}: not found {missing:?}, problems {problems:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn observability_is_not_praised_where_nothing_of_it_is_judged() {
    for state in ["broken", "mended"] {
        for profile in [Profile::Lab, Profile::Production] {
            let entries = checklist::entries(&judge(7, state, profile));
            let entry = entries.iter().find(|entry| entry.item == Item::Observability);
            let found = entry.map(|entry| entry.state);
            assert_eq!(found, Some(checklist::State::NotApplicable), "{state}, {profile}");
        }
    }
}

#[test]
fn mended_labs_are_clean() {
    let mut wrong = Vec::new();
    for episode in 1..=BROKEN.len() {
        for profile in [Profile::Lab, Profile::Production] {
            let report = judge(episode, "mended", profile);
            assert!(report.summary.objects > 0, "episode {episode} is empty");
            wrong.extend(report.findings.iter().map(|finding| {
                let path = &report.sources.get(finding.span.source).path;
                let rule = finding.rule.rule().name;
                format!("episode {episode}, {profile}: {path}: {rule}: {}", finding.message)
            }));
            wrong.extend(report.problems.iter().map(|p| format!("episode {episode}: {p:?}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
