//! Patterns of paths: `*`, `?`, `[a-z]` and `\` as Go's `path.Match` and git's pathspecs have them.

/// Whether a pattern matches a whole text. `crossing` says whether wildcards match `/` too.
/// A pattern that is malformed matches nothing.
pub(crate) fn matches(pattern: &str, text: &str, crossing: bool) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on if what follows the last star does not fit: one more character for the star.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                retry = Some((p, t));
                continue;
            }
            Some(_) => {
                if let Some(c) = text.get(t)
                    && let Some(next) = one(&pattern, p, *c, crossing)
                {
                    (p, t) = (next, t + 1);
                    continue;
                }
            }
            None if t == text.len() => return true,
            None => {}
        }
        let Some((after, from)) = retry else { return false };
        match text.get(from) {
            Some(c) if crossing || *c != '/' => {
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

/// The position behind the part of a pattern that matches one character.
fn one(pattern: &[char], at: usize, c: char, crossing: bool) -> Option<usize> {
    match pattern.get(at)? {
        '?' => (crossing || c != '/').then_some(at + 1),
        '\\' => (*pattern.get(at + 1)? == c).then_some(at + 2),
        '[' => {
            if c == '/' && !crossing {
                return None;
            }
            let mut p = at + 1;
            let negated = matches!(pattern.get(p)?, '^' | '!');
            p += usize::from(negated);
            let (start, mut found) = (p, false);
            while p == start || *pattern.get(p)? != ']' {
                p += usize::from(*pattern.get(p)? == '\\');
                let low = *pattern.get(p)?;
                let mut high = low;
                p += 1;
                if *pattern.get(p)? == '-' && pattern.get(p + 1).is_some_and(|c| *c != ']') {
                    high = *pattern.get(p + 1)?;
                    p += 2;
                }
                found |= (low..=high).contains(&c);
            }
            (found != negated).then_some(p + 1)
        }
        literal => (*literal == c).then_some(at + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_stop_at_slashes_unless_told_otherwise() {
        for (pattern, text, plain, crossing) in [
            ("apps/*", "apps/web", true, true),
            ("apps/*", "apps/web/base", false, true),
            ("apps/*/base", "apps/web/base", true, true),
            ("*", "", true, true),
            ("a?c", "a/c", false, true),
            ("[a-c]x", "bx", true, true),
            ("[!a-c]x", "bx", false, false),
            ("a\\*", "a*", true, true),
            ("a\\*", "ab", false, false),
            ("[a", "a", false, false),
            ("**/x.yaml", "a/b/x.yaml", false, true),
            ("a", "ab", false, false),
        ] {
            assert_eq!(matches(pattern, text, false), plain, "{pattern} {text}");
            assert_eq!(matches(pattern, text, true), crossing, "{pattern} {text}");
        }
    }
}
