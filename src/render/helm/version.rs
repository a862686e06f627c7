//! Versions and ranges of charts and clusters.

use std::cmp::Ordering;

/// Whether a version lies in a range; `false` where one of both is none.
pub(super) fn satisfies(range: &str, version: &str) -> bool {
    kubeready_template::satisfies(range, version)
}

/// Which of two versions is newer.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    kubeready_template::compare_versions(a, b)
}
