//! `kubeready fleet`: clusters and environments against the checklist, and where they differ.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::pretty::Paint;
use super::text::{clean, count};
use super::{PlaceSummary, Places, Report, Style};
use crate::catalogue::{Item, RuleId, Severity};
use crate::finding::Finding;
use crate::fleet::Destination;
use crate::problem::Location;

/// JSON Schema of what [`write_json`] writes.
pub const JSON_SCHEMA: &str = include_str!("../../schemas/fleet-v1.schema.json");

/// The topic whose rules compare places.
const DRIFT: &str = "fleet";

/// The verdict on an item of the checklist at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// Nothing to mend but, at most, advice.
    Met {
        advice: u32,
    },
    Missing {
        errors: u32,
        warnings: u32,
    },
    /// Nothing that it could be judged by was there.
    NotApplicable,
}

struct Row<'r> {
    place: &'r PlaceSummary,
    cells: Vec<Cell>,
}

fn rows(report: &Report) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = report
        .places
        .iter()
        .map(|place| {
            let cells = Item::ALL.iter().zip(&place.examined);
            Row {
                place,
                cells: cells.map(|(item, seen)| cell(report, place, *item, *seen)).collect(),
            }
        })
        .collect();
    rows.sort_by_key(|row| {
        let destination = &row.place.destination;
        (crate::fleet::stage_of(destination), destination.name().to_owned())
    });
    rows
}

fn cell(report: &Report, place: &PlaceSummary, item: Item, examined: bool) -> Cell {
    let (mut errors, mut warnings, mut advice) = (0, 0, 0);
    for finding in &report.findings {
        if finding.rule.rule().item != item || !reaches(finding, &place.destination) {
            continue;
        }
        match finding.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
            Severity::Advice => advice += 1,
        }
    }
    if errors + warnings > 0 {
        Cell::Missing { errors, warnings }
    } else if examined {
        Cell::Met { advice }
    } else {
        Cell::NotApplicable
    }
}

fn reaches(finding: &Finding, place: &Destination) -> bool {
    finding.destinations.iter().any(|d| d.is_same_place(place))
}

/// Findings of the rules that compare places, by rule.
fn drift(report: &Report) -> BTreeMap<RuleId, Vec<&Finding>> {
    let mut drift: BTreeMap<RuleId, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|f| f.rule.rule().topic == DRIFT) {
        drift.entry(finding.rule).or_default().push(finding);
    }
    drift
}

/// Heading of a column: the item and what it is about, in a word or two.
fn heading(item: Item) -> &'static str {
    match item {
        Item::Resources => "1 resources",
        Item::Health => "2 health",
        Item::Security => "3 security",
        Item::Availability => "4 replicas",
        Item::Observability => "5 observability",
        Item::Delivery => "6 delivery",
        Item::Plus => "+ fleet",
    }
}

/// For a terminal.
pub fn write_pretty(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint(style.color);
    let rows = rows(report);
    if rows.is_empty() && report.summary.files_read == 0 && report.is_incomplete() {
        writeln!(out, "nothing was read")?;
        return problems(report, paint, out);
    }
    if rows.is_empty() {
        writeln!(out, "no cluster or environment was recognised")?;
        writeln!(
            out,
            "They are known by what Argo CD and Flux deliver to, by folders such as \
             `clusters/NAME` and `overlays/NAME`,\nor by `clusters:` and `environments:` in \
             `.kubeready.yaml`."
        )?;
        return problems(report, paint, out);
    }
    let name_width = rows.iter().map(|r| name(r.place).chars().count()).max().unwrap_or(0).max(5);
    write!(out, "{:<name_width$}", "place")?;
    for item in Item::ALL {
        write!(out, "  {}", paint.bold(heading(*item)))?;
    }
    writeln!(out, "  objects")?;
    for row in &rows {
        let name = clean(&name(row.place)).into_owned();
        write!(out, "{name}{}", " ".repeat(name_width.saturating_sub(name.chars().count())))?;
        for (item, cell) in Item::ALL.iter().zip(&row.cells) {
            let width = heading(*item).len();
            let text = cell.text(style.unicode);
            let pad = " ".repeat(width.saturating_sub(text.chars().count()));
            let shown = match cell {
                Cell::Met { .. } => paint.good(&text),
                Cell::Missing { errors: 0, .. } => paint.severity(Severity::Warning, &text),
                Cell::Missing { .. } => paint.severity(Severity::Error, &text),
                Cell::NotApplicable => paint.dim(&text),
            };
            write!(out, "  {shown}{pad}")?;
        }
        let partial = if row.place.partial { " (not all could be rendered)" } else { "" };
        writeln!(out, "  {}{partial}", row.place.objects)?;
    }
    writeln!(
        out,
        "{}",
        paint.dim("e errors, w warnings; `kubeready check` says where and what to do")
    )?;
    let places = Places::new(&report.sources);
    for (rule, findings) in drift(report) {
        let rule = rule.rule();
        writeln!(out, "\n{}  {}", paint.bold(rule.name), paint.dim(rule.title))?;
        for finding in findings {
            let region = places.region(finding.span);
            let (path, line) = (clean(region.path).into_owned(), region.start.line);
            let message = finding.message_in_places();
            let message = paint.severity(finding.severity, &clean(&message)).into_owned();
            writeln!(out, "  {message}\n    {}", paint.dim(&format!("{path}:{line}")))?;
        }
    }
    problems(report, paint, out)
}

fn problems(report: &Report, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let errors = report.problems.iter().filter(|p| p.level == crate::problem::Level::Error).count();
    if errors > 0 {
        let text = format!(
            "{}: the table is not complete; `kubeready check` names them",
            count(errors as u32, "problem")
        );
        writeln!(out, "\n{}", paint.severity(Severity::Error, &text))?;
        // What is wrong with the command itself needs no second one to be told.
        for problem in &report.problems {
            if let Location::Path(path) = &problem.location
                && problem.level == crate::problem::Level::Error
            {
                writeln!(out, "  {}: {}", clean(path), clean(&problem.message))?;
            }
        }
    }
    Ok(())
}

fn name(place: &PlaceSummary) -> String {
    let destination = &place.destination;
    let own = destination.name();
    match &destination.environment {
        Some(environment) if !own.contains(environment.as_str()) => {
            format!("{own} ({environment})")
        }
        _ if own.is_empty() => "(anywhere)".to_owned(),
        _ => own.to_owned(),
    }
}

impl Cell {
    fn text(self, unicode: bool) -> String {
        match self {
            Cell::Met { .. } if unicode => "✔".to_owned(),
            Cell::Met { .. } => "ok".to_owned(),
            Cell::Missing { errors: 0, warnings } => format!("{warnings}w"),
            Cell::Missing { errors, warnings: 0 } => format!("{errors}e"),
            Cell::Missing { errors, warnings } => format!("{errors}e {warnings}w"),
            Cell::NotApplicable if unicode => "–".to_owned(),
            Cell::NotApplicable => "-".to_owned(),
        }
    }

    fn state(self) -> &'static str {
        match self {
            Cell::Met { .. } => "met",
            Cell::Missing { .. } => "missing",
            Cell::NotApplicable => "not applicable",
        }
    }
}

/// For machines.
pub fn write_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(&report.sources);
    let row = |row: &Row<'_>| {
        let destination = &row.place.destination;
        let items: serde_json::Map<String, Value> = Item::ALL
            .iter()
            .zip(&row.cells)
            .map(|(item, cell)| {
                let (errors, warnings, advice) = match *cell {
                    Cell::Met { advice } => (0, 0, advice),
                    Cell::Missing { errors, warnings } => (errors, warnings, 0),
                    Cell::NotApplicable => (0, 0, 0),
                };
                let value = json!({
                    "state": cell.state(), "errors": errors, "warnings": warnings, "advice": advice,
                });
                (item.name().to_owned(), value)
            })
            .collect();
        json!({
            "name": destination.name(),
            "cluster": destination.cluster,
            "environment": destination.environment,
            "variant": destination.variant,
            "sets": row.place.sets,
            "objects": row.place.objects,
            "partial": row.place.partial,
            "items": items,
        })
    };
    let difference = |finding: &&Finding| {
        let region = places.region(finding.span);
        json!({
            "rule": finding.rule.rule().name,
            "severity": finding.severity.name(),
            "message": finding.message,
            "help": finding.help,
            "places": finding.place_names(),
            "file": region.path,
            "line": region.start.line,
            "column": region.start.column,
        })
    };
    let drift = drift(report);
    let document = json!({
        "version": 1,
        "places": rows(report).iter().map(row).collect::<Vec<_>>(),
        "drift": drift.values().flatten().map(difference).collect::<Vec<_>>(),
        "complete": !report.is_incomplete(),
    });
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

/// For a wiki or a pull request.
pub fn write_markdown(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let cell = |text: &str| clean(text).replace('|', "\\|");
    writeln!(
        out,
        "| place | {} | objects |",
        Item::ALL.iter().map(|item| heading(*item)).collect::<Vec<_>>().join(" | ")
    )?;
    writeln!(out, "|---|{}---|", "---|".repeat(Item::ALL.len()))?;
    for row in rows(report) {
        let cells: Vec<String> = row.cells.iter().map(|c| c.text(true)).collect();
        let name = cell(&name(row.place));
        writeln!(out, "| {name} | {} | {} |", cells.join(" | "), row.place.objects)?;
    }
    let places = Places::new(&report.sources);
    for (rule, findings) in drift(report) {
        let rule = rule.rule();
        writeln!(out, "\n### {}\n\n{}\n", rule.title, rule.name)?;
        for finding in findings {
            let region = places.region(finding.span);
            let message = cell(&finding.message_in_places());
            writeln!(out, "- {message} (`{}:{}`)", cell(region.path), region.start.line)?;
        }
    }
    Ok(())
}
