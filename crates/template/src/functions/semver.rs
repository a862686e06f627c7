//! Versions, as the library reads and orders them that Helm uses.

use std::cmp::Ordering;

use super::args::{fixed, str};
use super::constraint::Constraint;
use crate::error::{Error, Result};
use crate::function::{Function, Param::Text as Str};
use crate::value::{Data, Object, Val};

pub(super) static TABLE: &[Function] = &[
    fixed("semver", &[Str], |_, args| Ok(Val::object(Version::parse(str(args, 0)?)?))),
    fixed("semverCompare", &[Str, Str], |call, args| {
        *call.cost += 20;
        let constraint = Constraint::parse(str(args, 0)?)?;
        Ok(Val::bool(constraint.allows(&Version::parse(str(args, 1)?)?)))
    }),
];

/// A version of one to three numbers, with what may follow them.
#[derive(Clone, Debug, Default)]
pub(super) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) prerelease: String,
    metadata: String,
    original: String,
}

fn invalid() -> Error {
    Error::execution("invalid semantic version")
}

/// Cuts the leading digits off.
fn number(text: &str) -> Result<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).ok_or_else(invalid)?;
    if digits.is_empty() {
        return Err(invalid());
    }
    let number = digits.parse();
    let number = number.map_err(|_| Error::execution("error parsing version segment"))?;
    Ok((number, rest))
}

fn words(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.split('.').all(|word| !word.is_empty() && word.bytes().all(letter))
}

impl Version {
    /// # Errors
    /// What is no version; `1`, `v1.2` and `01.2.3` are.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > 256 {
            return Err(Error::execution("version string is too long (max 256 bytes)"));
        }
        let (major, mut rest) = number(text.strip_prefix('v').unwrap_or(text))?;
        let mut version = Self { major, original: text.to_owned(), ..Self::default() };
        for part in [&mut version.minor, &mut version.patch] {
            let Some(behind) = rest.strip_prefix('.') else { break };
            (*part, rest) = number(behind)?;
        }
        let (rest, metadata) = match rest.split_once('+') {
            Some((rest, metadata)) if words(metadata) => (rest, metadata),
            Some(_) => return Err(invalid()),
            None => (rest, ""),
        };
        let prerelease = match rest.strip_prefix('-') {
            Some(prerelease) if words(prerelease) => prerelease,
            None if rest.is_empty() => "",
            _ => return Err(invalid()),
        };
        if prerelease.split('.').any(|word| {
            word.len() > 1
                && word.starts_with('0')
                && word.bytes().all(|byte| byte.is_ascii_digit())
        }) {
            return Err(Error::execution("version segment starts with 0"));
        }
        metadata.clone_into(&mut version.metadata);
        prerelease.clone_into(&mut version.prerelease);
        Ok(version)
    }

    /// By numbers, then by prerelease; metadata does not count.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prerelease(&self.prerelease, &other.prerelease),
            }
        })
    }

    fn changed(&self, change: impl FnOnce(&mut Self)) -> Val {
        let mut next = self.clone();
        change(&mut next);
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{prefix}{}", next.print());
        Val::object(next)
    }
}

/// Which of two versions is newer; what is no version is older than any.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Ok(a), Ok(b)) => a.compare(&b),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    }
}

/// By words: numbers before letters, numbers by size, letters by their bytes.
pub(super) fn compare_prerelease(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (a, b) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => (a.unwrap_or(""), b.unwrap_or("")),
        };
        if a == b {
            continue;
        }
        return match (a.parse::<u64>(), b.parse::<u64>()) {
            _ if a.is_empty() => Ordering::Less,
            _ if b.is_empty() => Ordering::Greater,
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        };
    }
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn field(&self, name: &str) -> Option<Val> {
        let number = |number: u64| Val::int64(number.cast_signed());
        Some(match name {
            "Major" => number(self.major),
            "Minor" => number(self.minor),
            "Patch" => number(self.patch),
            "Prerelease" => Val::text(self.prerelease.as_str()),
            "Metadata" => Val::text(self.metadata.as_str()),
            "Original" => Val::text(self.original.as_str()),
            "String" => Val::text(self.print()),
            "IncPatch" => self.changed(|next| {
                if next.prerelease.is_empty() {
                    next.patch = next.patch.saturating_add(1);
                }
                next.prerelease.clear();
                next.metadata.clear();
            }),
            "IncMinor" => self.changed(|next| {
                let minor = next.minor.saturating_add(1);
                *next = Self { major: next.major, minor, ..Self::default() };
            }),
            "IncMajor" => self.changed(|next| {
                *next = Self { major: next.major.saturating_add(1), ..Self::default() };
            }),
            _ => return None,
        })
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>> {
        let other = || match arguments {
            [Val { data: Data::Object(other), .. }]
                if other.type_name().ends_with("semver.Version") =>
            {
                Version::parse(&other.print())
            }
            _ => Err(Error::execution(format!("{method} takes a version, as `semver` makes it"))),
        };
        let ordered =
            |test: fn(Ordering) -> bool| other().map(|other| Val::bool(test(self.compare(&other))));
        Some(match method {
            "Compare" => other().map(|other| Val::int(self.compare(&other) as i64)),
            "Equal" => ordered(Ordering::is_eq),
            "LessThan" => ordered(Ordering::is_lt),
            "LessThanEqual" => ordered(Ordering::is_le),
            "GreaterThan" => ordered(Ordering::is_gt),
            "GreaterThanEqual" => ordered(Ordering::is_ge),
            "SetPrerelease" | "SetMetadata" => {
                let Some(new) = arguments.first().and_then(Val::as_str) else {
                    return Some(Err(Error::execution(format!("{method} takes a string"))));
                };
                if !new.is_empty() && !words(new) {
                    return Some(Err(Error::execution(format!("`{new}` is not for a version"))));
                }
                Ok(self.changed(|next| {
                    let part = if method == "SetMetadata" {
                        &mut next.metadata
                    } else {
                        &mut next.prerelease
                    };
                    new.clone_into(part);
                }))
            }
            _ => return self.field(method).map(Ok),
        })
    }

    fn print(&self) -> String {
        let mut text = format!("{}.{}.{}", self.major, self.minor, self.patch);
        for (mark, part) in [('-', &self.prerelease), ('+', &self.metadata)] {
            if !part.is_empty() {
                text.push(mark);
                text.push_str(part);
            }
        }
        text
    }

    fn plain(&self) -> Option<Val> {
        Some(Val::text(self.print()))
    }
}
