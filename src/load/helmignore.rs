//! `.helmignore`: which files of a directory are no part of its chart, by Helm's own rules, which are
//! not git's.

/// The rules of a chart's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: String,
    negated: bool,
    only_directories: bool,
    /// Compared with the whole path, not with the name.
    whole: bool,
}

impl Default for Ignore {
    /// What holds in every chart: hidden files are no templates.
    fn default() -> Self {
        Self { rules: vec![rule("templates/.?*")] }
    }
}

/// A line that Helm does not take, and with it the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoreError {
    /// Bytes of the line.
    pub start: usize,
    pub end: usize,
}

impl Ignore {
    /// # Errors
    /// The first line that makes Helm refuse the chart: `**` or a broken pattern. The rules before it
    /// stand in the second value.
    pub fn parse(text: &str) -> Result<Self, (IgnoreError, Self)> {
        let mut rules = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end().len();
            let trimmed = line.trim_start_matches('\u{feff}').trim();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                if trimmed.contains("**") || !is_pattern(trimmed) {
                    let mut known = Self { rules };
                    known.rules.extend(Self::default().rules);
                    return Err((IgnoreError { start, end }, known));
                }
                rules.push(rule(trimmed));
            }
            start += line.len();
        }
        rules.extend(Self::default().rules);
        Ok(Self { rules })
    }

    /// Whether a path is left out. It is told from the directory of the chart, with `/`. What lies in
    /// a directory that is left out is to be left out by the caller.
    pub fn is_ignored(&self, path: &str, is_directory: bool) -> bool {
        if path.is_empty() || path == "." {
            return false;
        }
        for rule in &self.rules {
            let name = if rule.whole { path } else { path.rsplit('/').next().unwrap_or(path) };
            let fits = glob(&rule.pattern, name);
            if rule.negated {
                // Helm's own reading of `!`: whatever else there is, is left out.
                if rule.only_directories && !is_directory || !fits {
                    return true;
                }
            } else if fits && (is_directory || !rule.only_directories) {
                return true;
            }
        }
        false
    }

    /// As [`Ignore::is_ignored`], directories on the way included.
    pub fn leaves_out(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders.into_iter().any(|folder| self.is_ignored(folder, true))
            || self.is_ignored(path, false)
    }
}

fn rule(line: &str) -> Rule {
    let (negated, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
    let only_directories = rest.ends_with('/');
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let whole = rest.contains('/');
    let pattern = rest.strip_prefix('/').unwrap_or(rest).to_owned();
    Rule { pattern, negated, only_directories, whole }
}

/// Whether a pattern of Go's `filepath.Match` is well formed.
fn is_pattern(pattern: &str) -> bool {
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next().is_none() => return false,
            '[' => {
                let Some(behind) = class(rest.as_str(), '\0') else { return false };
                rest = behind.1.chars();
            }
            _ => {}
        }
    }
    true
}

/// Reads a class behind its `[`: whether it takes `c`, and what stands behind it.
fn class(text: &str, c: char) -> Option<(bool, &str)> {
    let (negated, mut rest) = text.strip_prefix('^').map_or((false, text), |rest| (true, rest));
    let mut takes = false;
    let mut ranges = 0;
    loop {
        if ranges > 0
            && let Some(behind) = rest.strip_prefix(']')
        {
            return Some((takes != negated, behind));
        }
        let (low, behind) = member(rest)?;
        rest = behind;
        let mut high = low;
        if let Some(behind) = rest.strip_prefix('-') {
            let (last, behind) = member(behind)?;
            high = last;
            rest = behind;
        }
        takes |= low <= c && c <= high;
        ranges += 1;
    }
}

fn member(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next().map(|c| (c, chars.as_str())),
        c => Some((c, chars.as_str())),
    }
}

/// Go's `filepath.Match`: `*` and `?` stop at `/`. Linear in pattern times name.
pub(super) fn glob(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Where to go on if what follows the last `*` does not fit.
    let mut again: Option<(&str, &str)> = None;
    loop {
        let fits = match pattern.chars().next() {
            None if name.is_empty() => return true,
            None => None,
            Some('*') => {
                let rest = pattern.get(1..).unwrap_or("");
                again = Some((rest, name));
                pattern = rest;
                continue;
            }
            Some(first) => step(first, pattern, name),
        };
        if let Some((behind, rest)) = fits {
            pattern = behind;
            name = rest;
            continue;
        }
        let Some((behind, from)) = again else { return false };
        let mut chars = from.chars();
        match chars.next() {
            Some(c) if c != '/' => {
                again = Some((behind, chars.as_str()));
                pattern = behind;
                name = chars.as_str();
            }
            _ => return false,
        }
    }
}

/// One character of the name against one step of the pattern: what is left of both.
fn step<'p, 'n>(first: char, pattern: &'p str, name: &'n str) -> Option<(&'p str, &'n str)> {
    let mut chars = name.chars();
    let c = chars.next()?;
    let behind = pattern.get(first.len_utf8()..).unwrap_or("");
    let behind = match first {
        '?' if c != '/' => behind,
        '?' => return None,
        '[' => {
            let (takes, behind) = class(behind, c)?;
            if !takes || c == '/' {
                return None;
            }
            behind
        }
        '\\' => behind.strip_prefix(c)?,
        literal if literal == c => behind,
        _ => return None,
    };
    Some((behind, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Ignore {
        Ignore::parse(text).expect("rules")
    }

    #[test]
    fn names_directories_and_paths_are_left_out_as_helm_does() {
        let ignore = rules("# mine\n*.tmp\nci/\n/top.txt\ndocs/*.md\n[a-c]x\n");
        let left = |path: &str| ignore.leaves_out(path);
        assert!(left("a.tmp") && left("templates/deep/a.tmp"));
        assert!(left("ci/values.yaml") && left("charts/x/ci/values.yaml"));
        assert!(left("top.txt") && !left("sub/top.txt"));
        assert!(left("docs/a.md") && !left("docs/sub/a.md"));
        assert!(left("bx") && !left("dx"));
        assert!(left("templates/.hidden.yaml") && !left("templates/sub/.hidden.yaml"));
        assert!(!left("Chart.yaml"));
    }

    #[test]
    fn a_negated_rule_leaves_out_all_that_it_does_not_name() {
        let ignore = rules("!*.yaml\n");
        assert!(ignore.is_ignored("a.txt", false));
        assert!(!ignore.is_ignored("a.yaml", false));
    }

    #[test]
    fn what_helm_refuses_is_an_error_with_a_place() {
        let (error, known) = Ignore::parse("*.a\n a/**\n").expect_err("no double star");
        assert_eq!((error.start, error.end), (4, 9));
        assert!(known.is_ignored("x.a", false));
        assert!(Ignore::parse("[").is_err());
    }

    #[test]
    fn hostile_globs_end_soon() {
        let name = "a".repeat(5000);
        assert!(!glob(&"a*".repeat(300), &format!("{}b", name.replace('a', "b"))));
        assert!(!glob(&format!("{}b", "a*".repeat(200)), &name));
    }
}
