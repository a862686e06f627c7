//! Regular expressions of RE2's dialect, as Go has them.

use std::cell::RefCell;

use regex::{Captures, Regex, RegexBuilder};
use rustc_hash::FxHashMap;

use super::args::{fits_text, fixed, int, str, text};
use super::pattern;
use super::splits::listed;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Int, Text as Str},
};
use crate::text::{Text, TextBuilder};
use crate::value::Val;

pub(super) static TABLE: &[Function] = &[
    fixed("regexMatch", &[Str, Str], |call, args| {
        Ok(Val::bool(matches(call, args).unwrap_or(false)))
    }),
    fixed("mustRegexMatch", &[Str, Str], |call, args| Ok(Val::bool(matches(call, args)?))),
    fixed("regexFind", &[Str, Str], find),
    fixed("mustRegexFind", &[Str, Str], find),
    fixed("regexFindAll", &[Str, Str, Int], find_all),
    fixed("mustRegexFindAll", &[Str, Str, Int], find_all),
    fixed("regexReplaceAll", &[Str, Str, Str], |call, args| replaced(call, args, expand)),
    fixed("mustRegexReplaceAll", &[Str, Str, Str], |call, args| replaced(call, args, expand)),
    fixed("regexReplaceAllLiteral", &[Str, Str, Str], |call, args| replaced(call, args, literal)),
    fixed("mustRegexReplaceAllLiteral", &[Str, Str, Str], |call, args| {
        replaced(call, args, literal)
    }),
    fixed("regexSplit", &[Str, Str, Int], split),
    fixed("mustRegexSplit", &[Str, Str, Int], split),
    fixed("regexQuoteMeta", &[Str], |call, args| {
        let text = text(args, 0)?;
        fits_text(call, text.len() * 2)?;
        let mut made = TextBuilder::new();
        let mut start = 0;
        for (at, _) in text.as_str().match_indices(|c| r"\.+*?()|[]{}^$".contains(c)) {
            made.push_slice(text, start..at);
            made.push_plain("\\");
            start = at;
        }
        made.push_slice(text, start..text.len());
        Ok(Val::text(made.finish()))
    }),
];

/// Bytes that a compiled expression may take.
const MAX_SIZE: usize = 4 << 20;
/// Bytes of an expression as it is written.
const MAX_PATTERN: usize = 64 << 10;
/// Expressions kept for the next call.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<FxHashMap<String, Regex>> = RefCell::default();
}

fn compiled(call: &mut Call<'_>, pattern: &str) -> Result<Regex> {
    let known = COMPILED.with_borrow(|kept| kept.get(pattern).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let wrong = |why: &str| Error::execution(format!("error parsing regexp `{pattern}`: {why}"));
    if pattern.len() > MAX_PATTERN {
        return Err(super::args::too_much("a regular expression of more than 64 KiB"));
    }
    *call.cost += 50 + pattern.len() as u64;
    let regex = RegexBuilder::new(&pattern::translated(pattern))
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .nest_limit(250)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                super::args::too_much("a regular expression that is too large when compiled")
            }
            error => wrong(error.to_string().lines().last().unwrap_or("")),
        })?;
    COMPILED.with_borrow_mut(|kept| {
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

/// The expression and the text, the first two arguments.
fn prepared<'a>(call: &mut Call<'_>, args: &'a [Val]) -> Result<(Regex, &'a Text)> {
    let regex = compiled(call, str(args, 0)?)?;
    let text = text(args, 1)?;
    *call.cost += text.len() as u64 / 16;
    Ok((regex, text))
}

fn matches(call: &mut Call<'_>, args: &[Val]) -> Result<bool> {
    let (regex, text) = prepared(call, args)?;
    Ok(regex.is_match(text.as_str()))
}

fn find(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (regex, text) = prepared(call, args)?;
    let found = regex.find(text.as_str());
    Ok(Val::text(found.map_or_else(Text::default, |found| text.slice(found.range()))))
}

/// All for a negative number, else at most so many.
fn most(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn find_all(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (regex, text) = prepared(call, args)?;
    let found =
        regex.find_iter(text.as_str()).take(most(int(args, 2)?).min(super::args::MAX_ITEMS + 1));
    let found: Vec<Text> = found.map(|found| text.slice(found.range())).collect();
    if found.is_empty() { Ok(Val::no_list()) } else { listed(call, found) }
}

type Replace = fn(&mut TextBuilder, &Text, &Text, &Captures<'_>);

fn replaced(call: &mut Call<'_>, args: &[Val], replace: Replace) -> Result<Val> {
    let (regex, text) = prepared(call, args)?;
    let new = self::text(args, 2)?;
    let mut made = TextBuilder::new();
    let mut start = 0;
    for found in regex.captures_iter(text.as_str()) {
        let Some(whole) = found.get(0) else { continue };
        made.push_slice(text, start..whole.start());
        replace(&mut made, text, new, &found);
        start = whole.end();
        if made.len() > super::args::MAX_TEXT {
            break;
        }
    }
    fits_text(call, made.len())?;
    if start == 0 && made.is_empty() {
        return Ok(Val::text(text.clone()));
    }
    made.push_slice(text, start..text.len());
    Ok(Val::text(made.finish()))
}

fn literal(made: &mut TextBuilder, _: &Text, new: &Text, _: &Captures<'_>) {
    made.push_text(new);
}

/// `$1`, `${1}`, `$name` and `${name}` are what was matched, `$$` is a dollar.
fn expand(made: &mut TextBuilder, text: &Text, new: &Text, found: &Captures<'_>) {
    let template = new.as_str();
    let mut start = 0;
    while let Some(dollar) = template.get(start..).and_then(|rest| rest.find('$')) {
        let dollar = start + dollar;
        made.push_slice(new, start..dollar);
        let behind = template.get(dollar + 1..).unwrap_or("");
        if behind.starts_with('$') {
            made.push_slice(new, dollar..dollar + 1);
            start = dollar + 2;
            continue;
        }
        let Some((name, length)) = group_name(behind) else {
            made.push_slice(new, dollar..dollar + 1);
            start = dollar + 1;
            continue;
        };
        let group = match name.parse::<usize>() {
            Ok(number) => found.get(number),
            Err(_) => found.name(name),
        };
        if let Some(group) = group {
            made.push_slice(text, group.range());
        }
        start = dollar + 1 + length;
    }
    made.push_slice(new, start..template.len());
}

/// The name behind a dollar and how many bytes it takes there with its braces.
fn group_name(behind: &str) -> Option<(&str, usize)> {
    let (braced, inner) = match behind.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, behind),
    };
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    let name = inner.get(..end).filter(|name| !name.is_empty())?;
    match braced {
        true if inner.get(end..)?.starts_with('}') => Some((name, end + 2)),
        true => None,
        false => Some((name, end)),
    }
}

fn split(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (regex, text) = prepared(call, args)?;
    let all = text.as_str();
    let most = most(int(args, 2)?);
    if most == 0 {
        return Ok(Val::no_list());
    }
    if all.is_empty() && !regex.as_str().is_empty() {
        return listed(call, vec![Text::default()]);
    }
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in regex.find_iter(all).take(most.min(super::args::MAX_ITEMS + 1)) {
        if parts.len() == most - 1 {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(text.slice(start..end));
        }
        start = found.end();
    }
    if end != all.len() {
        parts.push(text.slice(start..all.len()));
    }
    listed(call, parts)
}
