//! The report for people. The only module that names `miette`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::text::{clean, clean_source, count};
use super::{Places, Report, Style, Summary};
use crate::catalogue::{CATALOGUE, RuleId, Severity};
use crate::finding::{Finding, Label};
use crate::problem::{Level, Location, Problem};
use crate::source::{Lines, SourceId, Span};

/// A line longer than this (minified JSON) is shown as a piece around the span.
const LONG_LINE: usize = 240;
/// Bytes of such a line before the span, and at most after its start.
const PIECE: (usize, usize) = (40, 160);
/// Other places further away than this many lines are named, not shown.
const NEAR: usize = 30;
/// Runs with more findings than this end with the rules that speak most often.
const MANY: usize = 20;

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let printer = Printer {
        places: Places::new(&report.sources),
        handler: GraphicalReportHandler::new_themed(theme(style))
            .with_links(false)
            .with_word_separator(textwrap::WordSeparator::AsciiSpace)
            // The name of a rule is copied in one piece.
            .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
            .with_width(style.width),
        paint: Paint(style.color),
        style,
    };
    for findings in report.findings.chunk_by(|a, b| a.span.source == b.span.source) {
        printer.file(findings, out)?;
    }
    printer.problems(report, out)?;
    printer.summary(report, out)
}

fn theme(style: Style) -> GraphicalTheme {
    let characters =
        if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    GraphicalTheme { characters, styles }
}

/// Wraps words in colours, or not.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn with<'a>(self, code: &str, text: &'a str) -> Cow<'a, str> {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m").into() } else { text.into() }
    }

    pub(super) fn bold(self, text: &str) -> Cow<'_, str> {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> Cow<'_, str> {
        self.with("2", text)
    }

    pub(super) fn code(self, text: &str) -> Cow<'_, str> {
        self.with("36", text)
    }

    pub(super) fn good(self, text: &str) -> Cow<'_, str> {
        self.with("32", text)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> Cow<'_, str> {
        match severity {
            Severity::Error => self.with("31", text),
            Severity::Warning => self.with("33", text),
            Severity::Advice => self.with("36", text),
        }
    }
}

struct Printer<'r> {
    places: Places<'r>,
    handler: GraphicalReportHandler,
    paint: Paint,
    style: Style,
}

impl<'r> Printer<'r> {
    fn file(&self, findings: &'r [Box<Finding>], out: &mut dyn Write) -> io::Result<()> {
        let path = clean(&self.places.source(findings[0].span.source).path).into_owned();
        let number = count(findings.len() as u32, "finding");
        let rule = if self.style.unicode { "──" } else { "--" };
        let line = format!("{rule} {path} {rule} {number} {rule}");
        writeln!(out, "{}\n", self.paint.bold(&line))?;
        // The reason is said once a file, however often the rule speaks.
        let mut said = BTreeSet::new();
        for finding in findings {
            self.finding(finding, said.insert(finding.rule), out)?;
        }
        Ok(())
    }

    fn finding(&self, finding: &'r Finding, first: bool, out: &mut dyn Write) -> io::Result<()> {
        let rule = finding.rule.rule();
        let source = Window::new(&self.places, finding.span);
        let (near, far): (Vec<_>, Vec<_>) =
            finding.related.iter().partition(|label| source.shows(label.span));
        let mut labels = vec![source.label(finding.span, &finding.label, true)];
        labels.extend(near.iter().map(|label| source.label(label.span, &label.message, false)));
        let shown = Shown {
            code: format!("{}[{}]", finding.severity, rule.name),
            message: Cow::Owned(clean(&finding.message_in_places()).into_owned()),
            severity: Some(severity(finding.severity)),
            help: finding.help.as_deref().map(clean),
            source: Some(&source),
            labels,
        };
        self.show(&shown, out)?;
        for label in far {
            self.other_place(label, out)?;
        }
        if first {
            self.wrapped("  why: ", rule.why, out)?;
        }
        let dot = if self.style.unicode { '·' } else { '-' };
        let last = format!(
            "episode {} {dot} item {} {dot} kubeready explain {}",
            rule.episode, rule.item, rule.name
        );
        writeln!(out, "  {}\n", self.paint.dim(&last))
    }

    fn show(&self, shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        // Writing into a `String` cannot fail; a span that miette refuses still leaves the rest.
        let _ = self.handler.render_report(&mut text, shown);
        out.write_all(text.as_bytes())
    }

    fn other_place(&self, label: &Label, out: &mut dyn Write) -> io::Result<()> {
        let region = self.places.region(label.span);
        let (line, column) = (region.start.line, region.start.column);
        let place = format!("{}:{line}:{column}", clean(region.path));
        self.wrapped("  see: ", &format!("{place} {}", clean(&label.message)), out)
    }

    fn wrapped(&self, head: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let indent = " ".repeat(head.len());
        let head = self.paint.code(head);
        let options = textwrap::Options::new(self.style.width.saturating_sub(2).max(40))
            .initial_indent(&head)
            .subsequent_indent(&indent)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false);
        writeln!(out, "{}", textwrap::fill(text, options))
    }

    fn problems(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        // What a finding has just said at the same place is counted at the end, not said again.
        let said = |problem: &Problem| {
            let same = |f: &Finding| Some(f.rule.rule().name) == problem.rule;
            let here = |f: &Finding| problem.location == Location::Span(f.span);
            report.findings.iter().any(|finding| same(finding) && here(finding))
        };
        for problem in report.problems.iter().filter(|problem| !said(problem)) {
            let (name, level) = match problem.level {
                Level::Error => ("could not be judged", miette::Severity::Error),
                Level::Note => ("note", miette::Severity::Advice),
            };
            let message = match &problem.location {
                Location::Path(path) => format!("{}: {}", clean(path), clean(&problem.message)),
                _ => clean(&problem.message).into_owned(),
            };
            let source = match problem.location {
                Location::Span(span) => Some((Window::new(&self.places, span), span)),
                _ => None,
            };
            let shown = Shown {
                code: format!("{name}[{}]", problem.code),
                message: message.into(),
                severity: Some(level),
                help: problem.help.as_deref().map(clean),
                labels: source.iter().map(|(s, span)| s.label(*span, "here", true)).collect(),
                source: source.as_ref().map(|(s, _)| s),
            };
            self.show(&shown, out)?;
            if let Some(rule) = problem.rule {
                writeln!(out, "  {}", self.paint.dim(&format!("kubeready explain {rule}")))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn verdict(&self, report: &Report) -> String {
        let counts = report.counts();
        if counts.total() == 0 {
            let word =
                if report.is_incomplete() { "no findings in what was read" } else { "clean" };
            return self.paint.good(word).into_owned();
        }
        let part = |number: u32, severity: Severity, noun: &str| {
            let text =
                if noun.is_empty() { format!("{number} advice") } else { count(number, noun) };
            if number == 0 { text } else { self.paint.severity(severity, &text).into_owned() }
        };
        [
            part(counts.error, Severity::Error, "error"),
            part(counts.warning, Severity::Warning, "warning"),
            part(counts.advice, Severity::Advice, ""),
        ]
        .join(", ")
    }

    fn summary(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let summary = &report.summary;
        let errors = report.problems.iter().filter(|p| p.level == Level::Error).count() as u32;
        let touched = summary.files_read + summary.helm_templates;
        if errors > 0 && touched == 0 && summary.left_alone.is_empty() {
            let text = format!("nothing was judged: {} above", count(errors, "problem"));
            return writeln!(out, "{}", self.paint.severity(Severity::Error, &text));
        }
        if report.findings.len() > MANY {
            self.most_frequent(&report.findings, out)?;
        }
        let verdict = self.verdict(report);
        let files = count(summary.files_read, "file");
        if summary.objects == 0 && report.findings.is_empty() {
            writeln!(out, "nothing to judge: no Kubernetes objects in {files} read")?;
        } else if summary.objects == 0 {
            writeln!(out, "{verdict}; no Kubernetes objects in {files} read")?;
        } else {
            let (objects, manifests) =
                (count(summary.objects, "object"), count(summary.manifests, "manifest"));
            writeln!(out, "{verdict} in {objects} ({manifests} of {files} read)")?;
        }
        writeln!(
            out,
            "profile {}, Kubernetes 1.{}{}",
            summary.profile,
            summary.kubernetes_version,
            if summary.suppressed == 0 {
                String::new()
            } else {
                format!(", {} suppressed", count(summary.suppressed, "finding"))
            }
        )?;
        self.left_alone(summary, out)?;
        self.not_rendered(summary, out)?;
        if errors > 0 {
            let text = format!("{} above: the verdict is not complete", count(errors, "problem"));
            writeln!(out, "{}", self.paint.severity(Severity::Error, &text))?;
        }
        Ok(())
    }

    fn left_alone(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let number: u32 = summary.left_alone.values().sum();
        if number == 0 {
            return Ok(());
        }
        let kinds = summary.left_alone.iter().filter(|(_, n)| **n > 0);
        let kinds: Vec<_> = kinds.map(|(kind, n)| format!("{kind} {n}")).collect();
        let text = format!("{} ({})", count(number, "file"), kinds.join(", "));
        self.wrapped("left alone: ", &text, out)
    }

    fn not_rendered(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let kinds = summary.not_rendered();
        let kinds: Vec<_> = kinds.iter().map(|(kind, n)| count(*n, kind)).collect();
        self.wrapped("not rendered: ", &kinds.join(", "), out)
    }

    fn most_frequent(&self, findings: &[Box<Finding>], out: &mut dyn Write) -> io::Result<()> {
        let mut counts = vec![0u32; CATALOGUE.len()];
        for finding in findings {
            counts[finding.rule.0 as usize] += 1;
        }
        let mut rules: Vec<(u32, RuleId)> = counts
            .into_iter()
            .zip(0..)
            .filter(|(n, _)| *n > 0)
            .map(|(n, r)| (n, RuleId(r)))
            .collect();
        rules.sort_by_key(|(n, rule)| (std::cmp::Reverse(*n), *rule));
        writeln!(out, "{}", self.paint.bold("most frequent"))?;
        for (number, rule) in rules.into_iter().take(8) {
            let rule = rule.rule();
            writeln!(out, "{number:>7}  {}  {}", rule.name, self.paint.dim(rule.title))?;
        }
        writeln!(out)
    }
}

fn severity(severity: Severity) -> miette::Severity {
    match severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Advice => miette::Severity::Advice,
    }
}

/// A finding or problem, dressed for miette and dropped after it.
struct Shown<'a> {
    code: String,
    message: Cow<'a, str>,
    severity: Option<miette::Severity>,
    help: Option<Cow<'a, str>>,
    source: Option<&'a Window<'a>>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        self.severity
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// What miette sees of a source: lines are cut out by their starts, because it would otherwise read
/// the file from the top for every finding.
struct Window<'a> {
    source: SourceId,
    path: Cow<'a, str>,
    text: &'a str,
    lines: &'a Lines,
    /// Line of the span, from 0.
    line: usize,
    column: usize,
    /// Only this piece of a very long line is shown.
    piece: Option<(usize, usize)>,
    /// The text on show, with what a terminal must not get replaced; starts at `from`.
    shown: Cow<'a, str>,
    from: usize,
}

impl<'a> Window<'a> {
    fn new(places: &'a Places<'_>, span: Span) -> Self {
        let source = places.source(span.source);
        let text = &*source.text;
        let lines = places.lines(span.source);
        let at = (span.start as usize).min(text.len());
        let position = lines.position(text, at as u32);
        let line = lines.line_of(at as u32);
        let mut window = Self {
            source: span.source,
            path: clean(&source.path),
            text,
            lines,
            line,
            column: position.column as usize - 1,
            piece: None,
            shown: Cow::Borrowed(""),
            from: 0,
        };
        let around = line.saturating_sub(1)..=line + 1;
        if around.into_iter().any(|line| window.extent(line).1 - window.extent(line).0 > LONG_LINE)
        {
            let (start, end) = window.extent(line);
            let mut from = at.saturating_sub(PIECE.0).max(start);
            let mut to = (at + PIECE.1).min(end).max(from);
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            while !text.is_char_boundary(to) {
                to += 1;
            }
            window.piece = Some((from, to));
        }
        let (from, to) = window.piece.unwrap_or_else(|| {
            let first = line.saturating_sub(NEAR + 1);
            (window.extent(first).0, window.extent(line + NEAR + 1).1)
        });
        window.from = from;
        window.shown = clean_source(&text[from..to]);
        window
    }

    /// Start and end in bytes of a line, without what ends it; the byte-order mark is no part.
    fn extent(&self, line: usize) -> (usize, usize) {
        let starts = self.lines.starts();
        let line = line.min(starts.len() - 1);
        let mut start = starts[line] as usize;
        if line == 0 && self.text.starts_with('\u{feff}') {
            start = '\u{feff}'.len_utf8();
        }
        let end = starts.get(line + 1).map_or(self.text.len(), |next| *next as usize - 1);
        let end = if self.text[start..end.max(start)].ends_with('\r') { end - 1 } else { end };
        (start, end.max(start))
    }

    /// Whether another place can be marked in the same snippet.
    fn shows(&self, span: Span) -> bool {
        span.source == self.source
            && self.piece.is_none()
            && self.lines.line_of(span.start).abs_diff(self.line) <= NEAR
    }

    /// A label on the first line of a span: the rest of a block says nothing more.
    fn label(&self, span: Span, message: &str, primary: bool) -> LabeledSpan {
        let start = (span.start as usize).min(self.text.len());
        let limit = match self.piece {
            Some((_, to)) => to,
            None => self.extent(self.lines.line_of(start as u32)).1,
        };
        let start = start.min(limit).max(self.from);
        let range = start..(span.end as usize).min(limit).max(start);
        let message = Some(clean(message).into_owned()).filter(|m| !m.is_empty());
        if primary {
            LabeledSpan::new_primary_with_span(message, range)
        } else {
            LabeledSpan::new_with_span(message, range)
        }
    }
}

impl SourceCode for Window<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let start = span.offset();
        let end = start + span.len();
        let first = self.lines.line_of(start as u32);
        let last = self.lines.line_of(end as u32);
        let ((from, to), first, count) = if let Some(piece) = self.piece {
            (piece, first, 1)
        } else {
            let first = if before == 0 { first } else { first.saturating_sub(before) };
            let last = (last + after).min(self.lines.starts().len() - 1);
            // A last line without text is none.
            let last = if self.extent(last).0 == self.text.len() { last.max(1) - 1 } else { last };
            let last = last.max(first);
            ((self.extent(first).0, self.extent(last).1), first, last - first + 1)
        };
        // miette asks with no lines around for the name of the place only.
        let column = if before == 0 { self.column } else { 0 };
        let data = self
            .shown
            .get(from.wrapping_sub(self.from)..to.wrapping_sub(self.from))
            .ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone().into_owned(),
            data.as_bytes(),
            (from, to - from).into(),
            first,
            column,
            count,
        )))
    }
}
