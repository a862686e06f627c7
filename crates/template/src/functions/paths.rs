//! Paths with slashes.

use super::args::{fixed, text};
use crate::error::Result;
use crate::function::{Call, Function, Param::Text as Str};
use crate::value::Val;

pub(super) static TABLE: &[Function] = &[
    fixed("base", &[Str], base),
    fixed("osBase", &[Str], base),
    fixed("dir", &[Str], dir),
    fixed("osDir", &[Str], dir),
    fixed("clean", &[Str], |_, args| cleaned_text(args)),
    fixed("osClean", &[Str], |_, args| cleaned_text(args)),
    fixed("ext", &[Str], ext),
    fixed("osExt", &[Str], ext),
    fixed("isAbs", &[Str], |_, args| Ok(Val::bool(text(args, 0)?.as_str().starts_with('/')))),
    fixed("osIsAbs", &[Str], |_, args| Ok(Val::bool(text(args, 0)?.as_str().starts_with('/')))),
];

fn base(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let text = text(args, 0)?;
    let all = text.as_str();
    if all.is_empty() {
        return Ok(Val::text(text.remade(".")));
    }
    let bare = all.trim_end_matches('/');
    if bare.is_empty() {
        return Ok(Val::text(text.slice(0..1)));
    }
    let start = bare.rfind('/').map_or(0, |at| at + 1);
    Ok(Val::text(text.slice(start..bare.len())))
}

fn ext(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let text = text(args, 0)?;
    let all = text.as_str();
    let start = match all.rfind(['/', '.']) {
        Some(at) if all.get(at..).is_some_and(|end| end.starts_with('.')) => at,
        _ => all.len(),
    };
    Ok(Val::text(text.slice(start..all.len())))
}

fn dir(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let text = text(args, 0)?;
    let all = text.as_str();
    let before = all.rfind('/').and_then(|at| all.get(..=at)).unwrap_or("");
    Ok(Val::text(text.remade(cleaned(before))))
}

fn cleaned_text(args: &[Val]) -> Result<Val> {
    let text = text(args, 0)?;
    let new = cleaned(text.as_str());
    Ok(Val::text(if new == text.as_str() { text.clone() } else { text.remade(new) }))
}

/// Without empty steps, `.`, and steps that `..` takes back.
fn cleaned(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            ".." if rooted => {}
            step => steps.push(step),
        }
    }
    match (rooted, steps.is_empty()) {
        (true, _) => format!("/{}", steps.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => steps.join("/"),
    }
}
