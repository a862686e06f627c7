//! Constraints on versions: `>=1.19-0 <2`, `~1.2`, `^1 || 3.x`, `1.2 - 1.4`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::semver::{Version, compare_prerelease};
use crate::error::{Error, Result};

const OPERATORS: [&str; 11] = ["=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"];
const BLANKS: [char; 5] = ['\t', '\n', '\u{c}', '\r', ' '];

/// `1.2 - 1.4`. Charts hardly ever have one, and the rest is read without expressions, which cost more
/// to compile than a chart to render.
static RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let version = concat!(
        r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?",
        r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
        r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
    );
    let blank = r"[\t\n\f\r ]";
    Regex::new(&format!("{blank}*({version}){blank}+-{blank}+({version}){blank}*")).ok()
});

/// What a version must satisfy: all of any group.
#[derive(Debug)]
pub(super) struct Constraint {
    groups: Vec<Vec<Part>>,
}

/// One comparison.
#[derive(Debug)]
struct Part {
    operator: String,
    version: Version,
    /// Which numbers are left out or any: the minor one, the patch only, at least one.
    any_minor: bool,
    any_patch: bool,
    any: bool,
}

/// Whether a version lies in a range, as charts ask for versions of charts and of clusters; `false`
/// where one of both cannot be read.
pub fn satisfies(range: &str, version: &str) -> bool {
    match (Constraint::parse(range), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.allows(&version),
        _ => false,
    }
}

impl Constraint {
    /// # Errors
    /// What is no constraint.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > 512 {
            return Err(Error::execution("constraint string is too long (max 512 bytes)"));
        }
        let text = with_ranges(text);
        let groups: Vec<&str> = text.split("||").collect();
        if groups.len() > 32 {
            return Err(Error::execution("too many constraint groups (max 32)"));
        }
        Ok(Self { groups: groups.into_iter().map(group).collect::<Result<_>>()? })
    }

    pub(super) fn allows(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let prereleases = group.iter().any(|part| !part.version.prerelease.is_empty());
            group.iter().all(|part| part.allows(version, prereleases))
        })
    }
}

/// `1.2 - 1.4` as `>= 1.2, <= 1.4`.
fn with_ranges(text: &str) -> String {
    let mut made = text.to_owned();
    let stands_alone = |(at, _): (usize, &str)| {
        let (before, behind) = (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or(""));
        before.ends_with(BLANKS) && behind.starts_with(BLANKS)
    };
    if !text.match_indices('-').any(stands_alone) {
        return made;
    }
    for found in RANGE.iter().flat_map(|range| range.captures_iter(text)) {
        if let (Some(all), Some(low), Some(high)) = (found.get(0), found.get(1), found.get(11)) {
            let new = format!(">= {}, <= {} ", low.as_str(), high.as_str());
            made = made.replacen(all.as_str(), &new, 1);
        }
    }
    made
}

fn improper(text: &str) -> Error {
    Error::execution(format!("improper constraint: {text:?}"))
}

/// Comparisons that blanks or a comma part.
fn group(text: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(BLANKS);
    loop {
        let (part, behind) = part(rest).ok_or_else(|| improper(text))?;
        parts.push(part.read()?);
        rest = behind.trim_start_matches(BLANKS);
        if rest.is_empty() {
            return Ok(parts);
        }
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start_matches(BLANKS),
            None if rest.len() == behind.len() => return Err(improper(text)),
            None => {}
        }
    }
}

/// One comparison as it is written.
struct Written<'t> {
    operator: &'t str,
    /// Without a `v`, metadata included.
    whole: &'t str,
    numbers: [&'t str; 3],
    /// With its `-`.
    prerelease: &'t str,
}

/// Cuts a comparison off.
fn part(text: &str) -> Option<(Written<'_>, &str)> {
    let (operator, rest) = cut(text, |c| "=!<>~^".contains(c));
    if !operator.is_empty() && !OPERATORS.contains(&operator) {
        return None;
    }
    let rest = rest.trim_start_matches(BLANKS);
    let whole = rest.strip_prefix('v').unwrap_or(rest);
    let (major, mut rest) = cut(whole, is_number);
    if major.is_empty() {
        return None;
    }
    let mut numbers = [major, "", ""];
    for number in numbers.iter_mut().skip(1) {
        let Some(behind) = rest.strip_prefix('.') else { break };
        let (found, behind) = cut(behind, is_number);
        if found.is_empty() {
            return None;
        }
        (*number, rest) = (found, behind);
    }
    let (prerelease, rest) = suffix(rest, '-')?;
    let (_, rest) = suffix(rest, '+')?;
    let whole = whole.get(..whole.len() - rest.len())?;
    Some((Written { operator, whole, numbers, prerelease }, rest))
}

fn cut(text: &str, of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !of(c)).unwrap_or(text.len()))
}

fn is_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '|' | 'x' | 'X' | '*')
}

/// Cuts off words with dots between them, behind a mark; nothing where the mark is not there.
fn suffix(text: &str, mark: char) -> Option<(&str, &str)> {
    let Some(words) = text.strip_prefix(mark) else { return Some(("", text)) };
    let (words, rest) = cut(words, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let is_whole = words.split('.').all(|word| !word.is_empty());
    is_whole.then(|| text.get(..text.len() - rest.len()).map(|all| (all, rest))).flatten()
}

impl Written<'_> {
    fn read(self) -> Result<Part> {
        let any = |number: &str| matches!(number, "" | "x" | "X" | "*");
        let [major, minor, patch] = self.numbers;
        let prerelease = self.prerelease;
        let (version, any_minor, any_patch) = if any(major) {
            (format!("0.0.0{prerelease}"), false, false)
        } else if any(minor) {
            (format!("{major}.0.0{prerelease}"), true, false)
        } else if any(patch) {
            (format!("{major}.{minor}.0{prerelease}"), false, true)
        } else {
            (self.whole.to_owned(), false, false)
        };
        let version =
            Version::parse(&version).map_err(|_| Error::execution("constraint parser error"))?;
        let any = any_minor || any_patch || any(major);
        Ok(Part { operator: self.operator.to_owned(), version, any_minor, any_patch, any })
    }
}

impl Part {
    fn allows(&self, version: &Version, prereleases: bool) -> bool {
        if !version.prerelease.is_empty() && !prereleases {
            return false;
        }
        let order = version.compare(&self.version);
        match self.operator.as_str() {
            "!=" => self.differs(version, order),
            ">" => self.is_above(version, order),
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" if self.any => {
                let same_major = version.major == self.version.major;
                version.major <= self.version.major
                    && !(same_major && version.minor > self.version.minor && !self.any_minor)
            }
            "<=" | "=<" => order.is_le(),
            "~" | "~>" => self.tilde(version, order),
            "^" => self.caret(version, order),
            _ if self.any => self.tilde(version, order),
            _ => order.is_eq(),
        }
    }

    fn differs(&self, version: &Version, order: Ordering) -> bool {
        if !self.any {
            return order.is_ne();
        }
        let own = &self.version;
        if own.major != version.major {
            return true;
        }
        if self.any_minor {
            return false;
        }
        if own.minor != version.minor {
            return true;
        }
        if self.any_patch {
            let both = (version.prerelease.as_str(), own.prerelease.as_str());
            return both != ("", "") && compare_prerelease(both.0, both.1).is_ne();
        }
        own.patch != version.patch || order.is_ne()
    }

    fn is_above(&self, version: &Version, order: Ordering) -> bool {
        if !self.any || version.major != self.version.major {
            return if self.any { version.major > self.version.major } else { order.is_gt() };
        }
        if self.any_minor {
            return false;
        }
        if self.any_patch {
            return version.minor > self.version.minor;
        }
        order.is_gt()
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        if order.is_lt() {
            return false;
        }
        let own = &self.version;
        if (own.major, own.minor, own.patch) == (0, 0, 0) && !self.any_minor && !self.any_patch {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.any_minor)
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        if order.is_lt() {
            return false;
        }
        let own = &self.version;
        if own.major > 0 || self.any_minor {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.any_patch {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}
