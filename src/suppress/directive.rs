//! Reading a directive of our own: `ignore[rule, rule] reason until=YYYY-MM-DD`.

use crate::settings::{Date, date};
use crate::spelling::nearest;

/// How far a comment of ours reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The line, or what stands below.
    Here,
    Document,
    File,
}

/// A directive as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    pub(super) reach: Reach,
    pub(super) names: Vec<&'a str>,
    pub(super) tail: Tail,
}

/// What stands behind the names: a reason, a last day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) reason: Option<String>,
    pub(super) until: Option<Date>,
    /// `until=` with something that is no day.
    pub(super) bad_until: Option<String>,
}

/// Why a comment that speaks to us says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) message: String,
    pub(super) help: String,
}

const FORM: &str = "write `# kubeready: ignore[RULE] reason`";
const WORDS: [(&str, Reach); 3] =
    [("ignore", Reach::Here), ("ignore-document", Reach::Document), ("ignore-file", Reach::File)];

/// The text behind `kubeready:` in a comment; `None` if the comment does not speak to us.
pub(super) fn addressed(comment: &str) -> Option<&str> {
    let text = comment.trim_start_matches('#').trim_start();
    let rest = text.strip_prefix("kubeready")?.trim_start();
    rest.strip_prefix(':').map(str::trim)
}

pub(super) fn parse(text: &str) -> Result<Directive<'_>, Mistake> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let Some((_, reach)) = WORDS.into_iter().find(|(known, _)| *known == word) else {
        let help = match nearest(word, WORDS.map(|(known, _)| known)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => FORM.to_owned(),
        };
        return Err(Mistake { message: format!("`{word}` is no directive"), help });
    };
    let rest = rest.trim_start();
    let Some((names, tail)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) else {
        return Err(Mistake {
            message: format!("`{word}` does not name its rules in brackets"),
            help: FORM.to_owned(),
        });
    };
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    if names.is_empty() {
        return Err(Mistake {
            message: format!("`{word}[]` names no rule"),
            help: format!("{FORM}; `ALL` is every rule"),
        });
    }
    Ok(Directive { reach, names, tail: self::tail(tail) })
}

/// Splits a reason from its `until=`, which may stand anywhere in it.
pub(super) fn tail(text: &str) -> Tail {
    let mut tail = Tail::default();
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        match word.strip_prefix("until=") {
            Some(day) => {
                tail.until = date(day);
                if tail.until.is_none() {
                    tail.bad_until = Some(day.to_owned());
                }
            }
            None => words.push(word),
        }
    }
    let reason = words.join(" ");
    let reason = reason.trim_start_matches(['-', ':', '–', '—']).trim();
    tail.reason = (!reason.is_empty()).then(|| reason.to_owned());
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_has_names_a_reason_and_a_last_day() {
        let read = parse("ignore[a-rule, b] — owner: Zoë until=2027-01-31").expect("is one");
        assert_eq!((read.reach, read.names), (Reach::Here, vec!["a-rule", "b"]));
        assert_eq!(read.tail.reason.as_deref(), Some("owner: Zoë"));
        assert_eq!(read.tail.until, Some((2027, 1, 31)));
        assert_eq!(parse("ignore-file[ALL]").expect("is one").reach, Reach::File);
    }

    #[test]
    fn a_mistake_says_what_was_probably_meant() {
        let wrong = parse("ignroe[x] y").expect_err("misspelt");
        assert_eq!(wrong.help, "did you mean `ignore`?");
        assert!(parse("ignore").expect_err("no brackets").message.contains("brackets"));
        assert!(parse("ignore[ , ]").expect_err("empty").message.contains("names no rule"));
        assert_eq!(tail("until=2027-02-30").bad_until.as_deref(), Some("2027-02-30"));
    }

    #[test]
    fn only_comments_that_address_us_are_read() {
        assert_eq!(addressed("# kubeready: ignore[x]"), Some("ignore[x]"));
        assert_eq!(addressed("#kubeready:ignore[x]"), Some("ignore[x]"));
        assert_eq!(addressed("# kubeready is a linter: see below"), None);
        assert_eq!(addressed("# see kubeready: ignore[x]"), None);
    }
}
