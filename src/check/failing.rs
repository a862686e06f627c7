//! Rules that panic, of every scope: each is told with what it looked at, and the others go on.

use super::{Request, judged};
use crate::engine::Plan;
use crate::host::MemHost;
use crate::problem::{Level, Location};
use crate::report::Exit;
use crate::settings::{FailOn, Settings};

const WEB: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    kubeready.dev/ignore.missing-memory-limit: \"\"
spec:
  template:
    spec:
      containers: [{name: web, image: 'web:latest'}, {name: side, image: 'side:1'}]
";

#[test]
fn a_rule_of_any_scope_that_panics_is_named_with_what_it_looked_at() {
    let overlay = |name: &str| {
        let text = format!("resources: [../../base]\nnamespace: {name}\n");
        (format!("overlays/{name}/kustomization.yaml"), text)
    };
    let base = [
        ("base/kustomization.yaml".to_owned(), "resources: [web.yaml]\n".to_owned()),
        ("base/web.yaml".to_owned(), WEB.to_owned()),
        ("plain/web.yaml".to_owned(), WEB.replace("shop", "plain")),
    ];
    let host = MemHost::with(base.into_iter().chain(["prod", "staging"].map(overlay)));
    let settings = Settings::default();
    let request = Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() };
    let sound = judged(&host, &request, &settings, &Plan::new(&settings));
    assert_eq!(sound.exit(FailOn::Never), Exit::Clean, "{:?}", sound.problems);

    let (plan, names) = Plan::failing(&settings);
    assert_eq!(names.len(), 8, "one of each scope");
    let report = judged(&host, &request, &settings, &plan);
    assert_eq!(report.exit(FailOn::Never), Exit::Failed);
    let failed: Vec<_> = report.problems.iter().filter(|p| p.code == "rule-failed").collect();
    for name in &names {
        let told: Vec<_> =
            failed.iter().filter(|p| p.message.contains(&format!("`{name}`"))).collect();
        assert!(!told.is_empty(), "{name} is not named: {failed:?}");
        for problem in told {
            assert_eq!(problem.level, Level::Error);
            assert!(problem.message.contains(": on purpose"), "{}", problem.message);
            assert!(problem.help.as_ref().is_some_and(|help| help.contains("please report")));
        }
    }
    let of = |subject: &str| failed.iter().filter(|p| p.message.contains(subject)).count();
    assert!(of("failed on Deployment plain/web") >= 3, "object, workload, container: {failed:?}");
    assert!(of("failed on Namespace plain") > 0 && of("failed on this file") > 0, "{failed:?}");
    assert!(of("failed on the fleet") > 0 && of("failed on a suppression") > 0, "{failed:?}");
    assert!(of("failed on all manifests together") > 0, "{failed:?}");
    let whole = |p: &str| ["the fleet", "together", "what goes to"].iter().any(|w| p.contains(w));
    for problem in failed.iter().filter(|p| !whole(&p.message)) {
        assert!(matches!(problem.location, Location::Span(_)), "{problem:?}");
    }

    let others = |report: &crate::report::Report| {
        let findings = report.findings.iter().map(|f| (f.rule.rule().name, f.message.clone()));
        findings.filter(|(name, _)| !names.contains(name)).collect::<Vec<_>>()
    };
    assert!(!others(&sound).is_empty());
    assert_eq!(others(&report), others(&sound), "the other rules say the same as ever");
}
