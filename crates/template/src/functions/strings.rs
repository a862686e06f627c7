//! Functions on texts: trimming, cutting, replacing, asking.

use std::ops::Range;

use super::args::{each_run, fits_text, fixed, int, made_up_text, rest, str, text, variadic};
use super::printed;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Any, Int, Text as Str},
};
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] = &[
    fixed("trim", &[Str], |_, args| Ok(trimmed(text(args, 0)?, char::is_whitespace))),
    fixed("trimAll", &[Str, Str], trim_all),
    fixed("trimall", &[Str, Str], trim_all),
    fixed("trimSuffix", &[Str, Str], trim_suffix),
    fixed("trimPrefix", &[Str, Str], trim_prefix),
    fixed("upper", &[Str], |call, args| cased(call, args, upper)),
    fixed("lower", &[Str], |call, args| cased(call, args, lower)),
    fixed("trunc", &[Int, Str], trunc),
    fixed("substr", &[Int, Int, Str], substr),
    fixed("repeat", &[Int, Str], repeat),
    fixed("contains", &[Str, Str], |_, args| Ok(Val::bool(str(args, 1)?.contains(str(args, 0)?)))),
    fixed("hasPrefix", &[Str, Str], |_, args| {
        Ok(Val::bool(str(args, 1)?.starts_with(str(args, 0)?)))
    }),
    fixed("hasSuffix", &[Str, Str], |_, args| {
        Ok(Val::bool(str(args, 1)?.ends_with(str(args, 0)?)))
    }),
    fixed("replace", &[Str, Str, Str], replace),
    fixed("indent", &[Int, Str], |call, args| indented(call, args, "")),
    fixed("nindent", &[Int, Str], |call, args| indented(call, args, "\n")),
    fixed("nospace", &[Str], |_, args| Ok(nospace(text(args, 0)?))),
    fixed("shuffle", &[Str], |_, args| Ok(Val::text(made_up_text(str(args, 0)?)).made_up())),
    fixed("plural", &[Str, Str, Int], |_, args| {
        let chosen = usize::from(int(args, 2)? != 1);
        Ok(Val::text(text(args, chosen)?.clone()))
    }),
    fixed("toString", &[Any], |_, args| Ok(Val::text(printed::print(super::args::any(args, 0)?)?))),
    variadic("quote", &[Any], quote),
    variadic("squote", &[Any], squote),
    variadic("cat", &[Any], cat),
];

/// Go's `unicode.ToUpper`: one character for one.
pub(super) fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// Go's `unicode.ToLower`: one character for one.
pub(super) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn cased(call: &mut Call<'_>, args: &[Val], change: fn(char) -> char) -> Result<Val> {
    let text = text(args, 0)?;
    fits_text(call, text.len())?;
    Ok(Val::text(each_run(text, |run| run.chars().map(change).collect())))
}

/// Where in a text what is left of it stands.
fn place(all: &str, left: &str) -> Range<usize> {
    let start = (left.as_ptr() as usize).saturating_sub(all.as_ptr() as usize);
    start..start + left.len()
}

fn trimmed(text: &Text, drop: impl Fn(char) -> bool) -> Val {
    let all = text.as_str();
    Val::text(text.slice(place(all, all.trim_matches(drop))))
}

fn trim_all(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let set = str(args, 0)?;
    Ok(trimmed(text(args, 1)?, |c| set.contains(c)))
}

fn trim_suffix(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let text = text(args, 1)?;
    let left = text.as_str().strip_suffix(str(args, 0)?).unwrap_or(text.as_str());
    Ok(Val::text(text.slice(0..left.len())))
}

fn trim_prefix(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let text = text(args, 1)?;
    let left = text.as_str().strip_prefix(str(args, 0)?).unwrap_or(text.as_str());
    Ok(Val::text(text.slice(text.len() - left.len()..text.len())))
}

/// Counts bytes, from the end where negative.
fn trunc(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (count, text) = (int(args, 0)?, text(args, 1)?);
    let bytes = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let range = match text.len().checked_sub(bytes) {
        Some(start) if count < 0 => start..text.len(),
        _ if count < 0 => 0..text.len(),
        _ => 0..bytes,
    };
    Ok(Val::text(text.slice(range)))
}

fn substr(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (start, end, text) = (int(args, 0)?, int(args, 1)?, text(args, 2)?);
    let length = i64::from(text.len() as u32);
    let (start, end) = match (start, end) {
        (..0, end) => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        both => both,
    };
    if start > end || end > length || end < 0 {
        return Err(Error::execution(format!(
            "bytes {start} to {end} are not within a text of {length} bytes"
        )));
    }
    Ok(Val::text(text.slice(start as usize..end as usize)))
}

fn repeat(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (count, text) = (int(args, 0)?, text(args, 1)?);
    let Ok(count) = usize::try_from(count) else {
        return Err(Error::execution("strings: negative Repeat count"));
    };
    fits_text(call, text.len().saturating_mul(count))?;
    if text.runs().next().is_none() {
        return Ok(Val::text(text.as_str().repeat(count)));
    }
    *call.cost += count as u64 / 4;
    let mut made = TextBuilder::new();
    if !text.is_empty() {
        for _ in 0..count {
            made.push_text(text);
        }
    }
    Ok(Val::text(made.finish()))
}

fn replace(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let (old, new, text) = (str(args, 0)?, text(args, 1)?, text(args, 2)?);
    Ok(Val::text(replaced(call, text, old, new)?))
}

/// Every `old` of a text replaced; an empty one stands before each character and at the end.
fn replaced(call: &mut Call<'_>, text: &Text, old: &str, new: &Text) -> Result<Text> {
    let all = text.as_str();
    let count = all.matches(old).count();
    if count == 0 {
        return Ok(text.clone());
    }
    let kept = all.len() - old.len() * count;
    fits_text(call, kept.saturating_add(new.len().saturating_mul(count)))?;
    *call.cost += count as u64 / 4;
    let mut made = TextBuilder::new();
    let mut start = 0;
    for (at, _) in all.match_indices(old) {
        made.push_slice(text, start..at);
        made.push_text(new);
        start = at + old.len();
    }
    made.push_slice(text, start..all.len());
    Ok(made.finish())
}

fn indented(call: &mut Call<'_>, args: &[Val], before: &str) -> Result<Val> {
    let (columns, text) = (int(args, 0)?, text(args, 1)?);
    let Ok(columns) = usize::try_from(columns) else {
        return Err(Error::execution("strings: negative Repeat count"));
    };
    let all = text.as_str();
    let lines = all.bytes().filter(|byte| *byte == b'\n').count() + 1;
    fits_text(call, columns.saturating_mul(lines).saturating_add(all.len() + before.len()))?;
    *call.cost += lines as u64 / 4;
    let pad = " ".repeat(columns);
    let mut made = TextBuilder::new();
    made.push_plain(before);
    made.push_plain(&pad);
    let mut start = 0;
    for (at, _) in all.match_indices('\n') {
        made.push_slice(text, start..at + 1);
        made.push_plain(&pad);
        start = at + 1;
    }
    made.push_slice(text, start..all.len());
    Ok(Val::text(made.finish()))
}

/// Go walks bytes here and takes each for a character, so other than plain ASCII comes out spoilt
/// as soon as there is a space to drop.
fn nospace(text: &Text) -> Val {
    let all = text.as_str();
    if all.is_ascii() {
        let mut made = TextBuilder::new();
        for word in all.split(char::is_whitespace).filter(|word| !word.is_empty()) {
            made.push_slice(text, place(all, word));
        }
        return Val::text(made.finish());
    }
    let chars = all.bytes().map(char::from);
    if !chars.clone().any(char::is_whitespace) {
        return Val::text(text.clone());
    }
    let left: String = chars.filter(|c| !c.is_whitespace()).collect();
    Val::text(text.remade(left))
}

fn quote(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    spaced(call, args, |made, text| printed::quote(text, made))
}

fn squote(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    spaced(call, args, |made, text| {
        made.push_plain("'");
        made.push_text(text);
        made.push_plain("'");
    })
}

fn spaced(call: &mut Call<'_>, args: &[Val], put: fn(&mut TextBuilder, &Text)) -> Result<Val> {
    let mut made = TextBuilder::new();
    for value in rest(args, 0).iter().filter(|value| !value.is_nil()) {
        if !made.is_empty() {
            made.push_plain(" ");
        }
        put(&mut made, &printed::print(value)?);
        fits_text(call, made.len())?;
    }
    Ok(Val::text(made.finish()))
}

fn cat(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let mut made = TextBuilder::new();
    let known = args.iter().filter(|value| !matches!(value.data, Data::Nil));
    for (at, value) in known.enumerate() {
        if at > 0 {
            made.push_plain(" ");
        }
        made.push_text(&printed::print(value)?);
        fits_text(call, made.len())?;
    }
    Ok(Val::text(made.finish()))
}
