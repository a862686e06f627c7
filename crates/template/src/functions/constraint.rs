//! Constraints on versions: `>=1.19-0 <2`, `~1.2`, `^1 || 3.x`, `1.2 - 1.4`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::semver::{Version, compare_prerelease};
use crate::error::{Error, Result};

const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
const VERSION: &str = concat!(
    r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?",
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
);
const BLANK: &str = r"[\t\n\f\r ]";

/// The expressions are constants; one that does not compile matches nothing.
fn compiled(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

static ONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| compiled(&format!("^{BLANK}*({OPERATORS}){BLANK}*({VERSION}){BLANK}*$")));
static RANGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| compiled(&format!("{BLANK}*({VERSION}){BLANK}+-{BLANK}+({VERSION}){BLANK}*")));
static EACH: LazyLock<Option<Regex>> =
    LazyLock::new(|| compiled(&format!("({OPERATORS}){BLANK}*({VERSION})")));
static ALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let one = format!("({OPERATORS}){BLANK}*({VERSION}){BLANK}*");
    compiled(&format!("^({BLANK}*{one})((?:{BLANK}+|,{BLANK}*){one})*$"))
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

fn group(text: &str) -> Result<Vec<Part>> {
    if !ALL.as_ref().is_some_and(|all| all.is_match(text)) {
        return Err(improper(text));
    }
    let each = EACH.iter().flat_map(|each| each.find_iter(text));
    each.map(|found| part(found.as_str())).collect()
}

fn part(text: &str) -> Result<Part> {
    let found = ONE.as_ref().and_then(|one| one.captures(text)).ok_or_else(|| improper(text))?;
    let get = |at: usize| found.get(at).map_or("", |group| group.as_str());
    let any = |number: &str| matches!(number.trim_start_matches('.'), "" | "x" | "X" | "*");
    let (major, minor, patch, prerelease) = (get(3), get(4), get(5), get(6));
    let (version, any_minor, any_patch) = if any(major) {
        (format!("0.0.0{prerelease}"), false, false)
    } else if any(minor) {
        (format!("{major}.0.0{prerelease}"), true, false)
    } else if any(patch) {
        (format!("{major}{minor}.0{prerelease}"), false, true)
    } else {
        (get(2).to_owned(), false, false)
    };
    let version =
        Version::parse(&version).map_err(|_| Error::execution("constraint parser error"))?;
    let any = any_minor || any_patch || any(major);
    Ok(Part { operator: get(1).to_owned(), version, any_minor, any_patch, any })
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
