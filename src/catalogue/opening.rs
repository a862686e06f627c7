//! What reports say of a rule's page. Compiled into the library's tests and into `rules/build.rs`.

/// The first paragraph: what the rule finds, on one line.
pub fn summary(page: &str) -> String {
    paragraph(page)
}

/// The first sentence below `## Why`, with the next where it is short, on one line.
pub fn why(page: &str) -> String {
    let body = page.split_once("## Why\n").map_or("", |(_, rest)| rest);
    let mut text = paragraph(body);
    text.truncate(opening(&text));
    text
}

fn paragraph(text: &str) -> String {
    let mut out = String::new();
    let lines = text.lines().skip_while(|l| l.trim().is_empty());
    let ends = |l: &str| l.trim().is_empty() || l.starts_with('#') || l.starts_with("```");
    for line in lines.take_while(|l| !ends(l)) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line.trim());
    }
    out
}

/// A sentence shorter than this seldom says why by itself.
const SHORT: usize = 60;

/// Just past the first full stop that ends a sentence, not the one of `e.g.` or `1.29`.
fn opening(text: &str) -> usize {
    text.match_indices(". ")
        .find(|(at, _)| {
            let word = text[..*at].rsplit(' ').next().unwrap_or("");
            let next = text[at + 2..].chars().next();
            let ends = !word.contains('.') && next.is_some_and(|c| c.is_uppercase() || c == '`');
            ends && *at >= SHORT
        })
        .map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_may_begin_with_code() {
        assert_eq!(paragraph("\n`a: b` is\n`c`.\n```yaml\n"), "`a: b` is `c`.");
    }

    #[test]
    fn the_reason_is_a_sentence_that_says_something() {
        let long =
            "A node that dies, e.g. Linux 5.10 or later, takes all of its pods with it. Then";
        assert_eq!(&long[..opening(long)], long.strip_suffix(" Then").expect("it ends so"));
        let short = "It dies. Nobody makes a new one.";
        assert_eq!(opening(short), short.len());
    }
}
