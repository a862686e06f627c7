//! Where a rule's page is.

use crate::catalogue::Rule;

/// Where the page can be read on the web.
pub fn url(rule: &Rule) -> String {
    format!(
        "{}/blob/v{}/rules/{}/{}.md",
        env!("CARGO_PKG_REPOSITORY"),
        env!("CARGO_PKG_VERSION"),
        rule.topic,
        rule.name
    )
}
