//! Bytes to settings, and a small repository judged by them.

use kubeready::check::{self, configure};
use kubeready::host::MemHost;
use kubeready::problem::Level;
use kubeready::report::Report;
use kubeready::settings::{CommandLine, FILE_NAME, explain};

use crate::chance::{dice, is_turn};
use crate::judged::{places_hold, request};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - {name: web, image: 'web:latest'}\n";

/// Reads bytes as the settings file of a repository.
pub fn settings(data: &[u8]) {
    let host = MemHost::with([
        (FILE_NAME, data),
        ("prod/web.yaml", WEB.as_bytes()),
        ("overlays/dev/web.yaml", WEB.as_bytes()),
    ]);
    let configured = configure(&host, &["/".into()], None, &CommandLine::default());
    let wrong = configured.problems.iter().any(|problem| problem.level == Level::Error);
    assert_eq!(configured.settings.is_none(), wrong, "settings or a reason why not");
    let Some(settings) = configured.settings else {
        places_hold(&Report::of_problems(configured.sources, configured.problems));
        return;
    };
    places_hold(&Report::of_problems(configured.sources.clone(), configured.problems));
    if is_turn(dice(data), 1, 2) {
        assert!(!explain(&settings, "prod/web.yaml").is_empty());
        let request = check::Request { sources: configured.sources, ..request() };
        places_hold(&check::check(&host, &request, &settings));
    }
}
