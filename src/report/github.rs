//! Workflow commands that GitHub shows as annotations on the lines of a change.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use super::{Places, Report};
use crate::catalogue::Severity;
use crate::problem::{Level, Location};
use crate::source::Span;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(&report.sources);
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "notice",
        };
        let rule = finding.rule.rule();
        write!(out, "::{command} ")?;
        write_place(out, &places, finding.span)?;
        write!(out, ",title={}::{}", property(rule.name), message(&finding.message_in_places()))?;
        if let Some(help) = &finding.help {
            write!(out, "%0Ahelp: {}", message(help))?;
        }
        writeln!(out, "%0Akubeready explain {}", rule.name)?;
    }
    for problem in &report.problems {
        let command = match problem.level {
            Level::Error => "error",
            Level::Note => "notice",
        };
        write!(out, "::{command} ")?;
        match &problem.location {
            Location::Path(path) => write!(out, "file={},", property(path))?,
            Location::Span(span) => {
                write_place(out, &places, *span)?;
                out.write_all(b",")?;
            }
            Location::None => {}
        }
        write!(out, "title={}::{}", property(problem.code), message(&problem.message))?;
        if let Some(help) = &problem.help {
            write!(out, "%0Ahelp: {}", message(help))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_place(out: &mut dyn Write, places: &Places<'_>, span: Span) -> io::Result<()> {
    let region = places.region(span);
    let (start, end) = (region.start, region.end);
    write!(out, "file={},line={},endLine={}", property(region.path), start.line, end.line)?;
    // Columns count only within one line; `endColumn` is the last one.
    if start.line == end.line {
        let last = end.column.saturating_sub(1).max(start.column);
        write!(out, ",col={},endColumn={last}", start.column)?;
    }
    Ok(())
}

/// The text after `::`.
fn message(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '%' | '\r' | '\n'))
}

/// A value before `::`, where `:` and `,` have a meaning too.
fn property(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '%' | '\r' | '\n' | ':' | ','))
}

fn escape(text: &str, special: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if special(c) {
            let _ = fmt::Write::write_fmt(&mut out, format_args!("%{:02X}", c as u32));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
