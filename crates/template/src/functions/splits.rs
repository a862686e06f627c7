//! Functions between texts and lists of texts.

use std::rc::Rc;

use super::args::{any, fits_items, fits_text, fixed, int, items, text};
use super::printed;
use crate::error::Result;
use crate::function::{
    Call, Function,
    Param::{Any, Int, Text as Str},
};
use crate::map::Map;
use crate::text::{Text, TextBuilder};
use crate::value::Val;

pub(super) static TABLE: &[Function] = &[
    fixed("join", &[Str, Any], join),
    fixed("toStrings", &[Any], |call, args| listed(call, texts(any(args, 0)?)?)),
    fixed("sortAlpha", &[Any], sort_alpha),
    fixed("splitList", &[Str, Str], |call, args| {
        let parts = parts(call, text(args, 0)?.as_str(), text(args, 1)?, usize::MAX)?;
        listed(call, parts)
    }),
    fixed("split", &[Str, Str], |call, args| {
        Ok(numbered(parts(call, text(args, 0)?.as_str(), text(args, 1)?, usize::MAX)?))
    }),
    fixed("splitn", &[Str, Int, Str], |call, args| {
        let most = usize::try_from(int(args, 1)?).unwrap_or(usize::MAX);
        Ok(numbered(parts(call, text(args, 0)?.as_str(), text(args, 2)?, most)?))
    }),
];

/// A value as a list of texts: nothing for `nil`, one for what is no list.
fn texts(value: &Val) -> Result<Vec<Text>> {
    match items(value) {
        Some(list) => list.iter().filter(|item| !item.is_nil()).map(printed::print).collect(),
        None if value.is_nil() => Ok(Vec::new()),
        None => Ok(vec![printed::print(value)?]),
    }
}

pub(super) fn listed(call: &mut Call<'_>, texts: Vec<Text>) -> Result<Val> {
    fits_items(call, texts.len())?;
    Ok(Val::list(texts.into_iter().map(of_text).collect()))
}

/// A text as a value that stands where the text does.
fn of_text(text: Text) -> Val {
    let origin = text.origin();
    let mut value = Val::text(text);
    if let Some(origin) = origin {
        value.made_up = origin.made_up;
        value.origin = origin.value;
    }
    value
}

fn join(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let separator = text(args, 0)?;
    let texts = texts(any(args, 1)?)?;
    let bytes = texts.iter().map(Text::len).sum::<usize>();
    fits_text(call, bytes.saturating_add(separator.len().saturating_mul(texts.len())))?;
    *call.cost += texts.len() as u64 / 4;
    let mut made = TextBuilder::new();
    for (at, item) in texts.iter().enumerate() {
        if at > 0 {
            made.push_text(separator);
        }
        made.push_text(item);
    }
    Ok(Val::text(made.finish()))
}

fn sort_alpha(call: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let value = any(args, 0)?;
    let mut sorted = match items(value) {
        Some(_) => texts(value)?,
        None => vec![printed::print(value)?],
    };
    sorted.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    listed(call, sorted)
}

/// The stretches between separators, at most so many; between all characters for an empty one.
fn parts(call: &mut Call<'_>, separator: &str, text: &Text, most: usize) -> Result<Vec<Text>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let all = text.as_str();
    let mut cuts: Vec<(usize, usize)> = if separator.is_empty() {
        all.char_indices().skip(1).map(|(at, _)| (at, at)).take(most - 1).collect()
    } else {
        let found = all.match_indices(separator).map(|(at, found)| (at, at + found.len()));
        found.take(most - 1).collect()
    };
    fits_items(call, cuts.len())?;
    if !(separator.is_empty() && all.is_empty()) {
        cuts.push((all.len(), all.len()));
    }
    let mut start = 0;
    let part = |(end, next): (usize, usize)| {
        let part = text.slice(start..end);
        start = next;
        part
    };
    Ok(cuts.into_iter().map(part).collect())
}

fn numbered(parts: Vec<Text>) -> Val {
    let named = |(at, part)| (Rc::from(format!("_{at}")), of_text(part));
    Val::map(parts.into_iter().enumerate().map(named).collect::<Map>())
}
