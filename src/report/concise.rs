//! One line a finding, as compilers and editors read them: `path:line:column: severity[rule] message`.
//! A problem brings its help along: no page explains it.

use std::io::{self, Write};

use super::{Places, Report, text::clean};
use crate::problem::{Level, Location};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(&report.sources);
    for finding in &report.findings {
        let region = places.region(finding.span);
        writeln!(
            out,
            "{}:{}:{}: {}[{}] {}",
            clean(region.path),
            region.start.line,
            region.start.column,
            finding.severity,
            finding.rule.rule().name,
            clean(&finding.message_in_places())
        )?;
    }
    for problem in &report.problems {
        match &problem.location {
            Location::Path(path) => write!(out, "{}: ", clean(path))?,
            Location::Span(span) => {
                let region = places.region(*span);
                let (line, column) = (region.start.line, region.start.column);
                write!(out, "{}:{line}:{column}: ", clean(region.path))?;
            }
            Location::None => write!(out, "kubeready: ")?,
        }
        let level = level(problem.level);
        write!(out, "problem-{level}[{}] {}", problem.code, clean(&problem.message))?;
        match &problem.help {
            Some(help) => writeln!(out, "; {}", clean(help))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// The word for a problem's level.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Note => "note",
    }
}
