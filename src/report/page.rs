//! Parts of a rule's page.

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

/// The first paragraph: what the rule finds, on one line.
pub fn summary(rule: &Rule) -> String {
    paragraph(rule.page)
}

/// The first sentence below `## Why`, on one line.
pub fn why(rule: &Rule) -> String {
    let body = rule.page.split_once("## Why\n").map_or("", |(_, rest)| rest);
    let mut text = paragraph(body);
    if let Some(end) = sentence_end(&text) {
        text.truncate(end);
    }
    text
}

fn paragraph(text: &str) -> String {
    let mut out = String::new();
    let lines = text.lines().skip_while(|l| l.trim().is_empty());
    for line in lines.take_while(|l| !l.trim().is_empty() && !l.starts_with(['#', '`'])) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line.trim());
    }
    out
}

/// Just past the full stop that ends the first sentence: not the one of `e.g.` or `1.29`.
fn sentence_end(text: &str) -> Option<usize> {
    text.match_indices(". ")
        .find(|(at, _)| {
            let word = text[..*at].rsplit(' ').next().unwrap_or("");
            let next = text[at + 2..].chars().next();
            !word.contains('.') && next.is_some_and(|c| c.is_uppercase() || c == '`')
        })
        .map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_their_own_full_stop() {
        let end = |text: &str| sentence_end(text).map(|at| text[..at].to_owned());
        assert_eq!(end("Since 1.29. Then").as_deref(), None);
        assert_eq!(
            end("A node, e.g. Linux, dies. Then").as_deref(),
            Some("A node, e.g. Linux, dies.")
        );
        assert_eq!(end("One sentence."), None);
    }
}
