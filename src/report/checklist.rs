//! The course's checklist as a verdict on a tree: what is met, what is missing, where to read on.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::pretty::Paint;
use super::text::count;
use super::{Report, Style};
use crate::catalogue::{self, Check, EPISODES, Item, Rule, RuleId, Severity};
use crate::finding::{Finding, ResourceId};
use crate::fleet::Destination;
use crate::source::SourceId;

/// The verdict on an item or a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Met,
    Missing,
    /// Nothing that it could be judged by was there.
    NotApplicable,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missing => "missing",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// One rule's part of an item.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub rule: RuleId,
    /// Subjects looked at.
    pub examined: u32,
    /// Of them, those with a finding.
    pub failing: u32,
}

/// One item of the checklist.
#[derive(Clone, Debug)]
pub struct Entry {
    pub item: Item,
    pub state: State,
    pub errors: u32,
    pub warnings: u32,
    /// Does not count against the item.
    pub advice: u32,
    /// Rules that looked at anything, the failing first.
    pub parts: Vec<Part>,
    /// Episodes to revisit, sorted.
    pub episodes: Vec<u8>,
}

/// What a finding counts against: one that is in many places, or that a chart prints many times, is
/// about as many subjects.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject<'r> {
    /// Tree, position of the object and of the container, of what a chart printed.
    Printed(SourceId, u32, u32),
    /// Destination or else file, object and container.
    Written(Option<&'r Destination>, Option<SourceId>, Option<&'r ResourceId>, &'r str),
}

fn subjects(finding: &Finding) -> Vec<Subject<'_>> {
    // A workload with two broken containers is one broken workload.
    let of_container = matches!(finding.rule.rule().check, Check::Container(_));
    if let Some(of) = &finding.in_chart {
        let subject = |&(tree, object, container): &(SourceId, u32, u32)| {
            Subject::Printed(tree, object, if of_container { container } else { 0 })
        };
        return of.subjects.iter().map(subject).collect();
    }
    let container = finding.container.as_deref().filter(|_| of_container).unwrap_or("");
    let places = finding.destinations.iter().map(|destination| Some(&**destination));
    let nowhere = finding.destinations.is_empty().then_some(None);
    let subject = |place: Option<_>| {
        // What is rendered has one object of a name; of files, two may hold variants.
        let rendered = place.is_some_and(|place: &Destination| !place.set.is_empty());
        let file = (!rendered).then_some(finding.span.source);
        Subject::Written(place, file, finding.resource.as_ref(), container)
    };
    places.chain(nowhere).map(subject).collect()
}

/// Judges each item by the findings and by what the rules looked at. Advice does not make an item
/// missing; it is listed all the same.
pub fn entries(report: &Report) -> Vec<Entry> {
    let mut failing: Vec<BTreeSet<Subject<'_>>> = vec![BTreeSet::new(); catalogue::CATALOGUE.len()];
    for finding in &report.findings {
        failing[finding.rule.0 as usize].extend(subjects(finding));
    }
    // What is looked for in every object says nothing of what an item is about: that YAML is in order,
    // of who applies it; that a file holds no token, of who may read Secrets.
    let tells = |part: &Part| {
        let rule = part.rule.rule();
        rule.topic != "schema" && rule.name != "hardcoded-credential"
    };
    let entry = |&item: &Item| {
        let mut parts: Vec<Part> = catalogue::rules()
            .filter(|(_, rule)| rule.item == item)
            .map(|(id, _)| {
                let failing = failing[id.0 as usize].len() as u32;
                let examined = report.summary.examined.get(id.0 as usize).copied().unwrap_or(0);
                Part { rule: id, examined: examined.max(failing), failing }
            })
            .filter(|part| part.examined > 0)
            .collect();
        parts.sort_by_key(|p| (p.failing == 0, std::cmp::Reverse(p.rule.rule().severity), p.rule));
        let told = |severity| {
            let of_item = report.findings.iter().filter(|f| f.rule.rule().item == item);
            of_item.filter(|f| f.severity == severity).count() as u32
        };
        let (errors, warnings) = (told(Severity::Error), told(Severity::Warning));
        let advice = told(Severity::Advice);
        let state = if errors + warnings > 0 {
            State::Missing
        } else if !parts.iter().any(tells) || report.summary.objects == 0 {
            State::NotApplicable
        } else {
            State::Met
        };
        let episodes: BTreeSet<u8> =
            parts.iter().filter(|p| p.failing > 0).map(|p| p.rule.rule().episode).collect();
        let episodes = episodes.into_iter().collect();
        Entry { item, state, errors, warnings, advice, parts, episodes }
    };
    Item::ALL.iter().map(entry).collect()
}

impl Entry {
    /// The state in words, as people read it.
    fn verdict(&self) -> &'static str {
        match self.state {
            State::Met if self.advice > 0 => "met, with advice",
            // Whether it applies is for people to say: no rule may be about what they have.
            State::NotApplicable => "not judged",
            state => state.name(),
        }
    }

    /// Why nothing is said, where nothing is.
    fn silence(&self) -> Option<String> {
        let item = self.item;
        (self.state == State::NotApplicable).then(|| {
            format!(
                "nothing here tells whether it is met; `kubeready explain item:{item}` lists its rules"
            )
        })
    }
}

impl Part {
    /// `12 of 14 containers fine`; where a rule looks at every object but means a few kinds, only
    /// what is wrong is counted.
    pub fn verdict(&self) -> String {
        let rule = self.rule.rule();
        let noun = subject(rule);
        if matches!(rule.check, Check::Container(_) | Check::Workload(_) | Check::Namespace(_)) {
            let passing = self.examined - self.failing;
            format!("{passing} of {} fine", count(self.examined, noun))
        } else if self.failing == 0 {
            "none found".to_owned()
        } else {
            format!("{} to mend", count(self.failing, noun))
        }
    }
}

fn subject(rule: &Rule) -> &'static str {
    match rule.check {
        Check::Container(_) => "container",
        Check::Workload(_) => "workload",
        Check::Namespace(_) => "namespace",
        Check::File(_) => "file",
        Check::Object(_) | Check::Set(_) | Check::Fleet(_) => "object",
        Check::Suppression(_) => "suppression",
    }
}

/// For a terminal.
pub fn write_pretty(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint(style.color);
    let (met, missing, none) = if style.unicode { ("✔", "✖", "–") } else { ("+", "x", "-") };
    for entry in entries(report) {
        let mark = match entry.state {
            State::Met => paint.good(met),
            State::Missing => paint.severity(Severity::Error, missing),
            State::NotApplicable => paint.dim(none),
        };
        let heading = format!("{}: {}", label(entry.item), entry.item.title());
        writeln!(out, "{mark} {}  {}", paint.bold(&heading), entry.verdict())?;
        if let Some(silence) = entry.silence() {
            writeln!(out, "    {}", paint.dim(&silence))?;
        }
        let failing = || entry.parts.iter().filter(|p| p.failing > 0);
        let verdicts = failing().map(|p| p.verdict().len()).max().unwrap_or(0);
        let names = failing().map(|p| p.rule.rule().name.len()).max().unwrap_or(0);
        for part in failing() {
            let rule = part.rule.rule();
            let name = paint.severity(rule.severity, rule.name);
            let (verdict, title) = (part.verdict(), paint.dim(rule.title));
            let gap = " ".repeat(names - rule.name.len());
            writeln!(out, "    {verdict:<verdicts$}  {name}{gap}  {title}")?;
        }
        let fine = entry.parts.iter().filter(|p| p.failing == 0).count() as u32;
        if fine > 0 && entry.state != State::NotApplicable {
            writeln!(
                out,
                "    {}",
                paint.dim(&format!("{} without findings", count(fine, "rule")))
            )?;
        }
        for &episode in &entry.episodes {
            writeln!(out, "    revisit episode {episode}: {}", episode_title(episode))?;
        }
    }
    writeln!(out, "\n{}", last_line(report))
}

/// As a Markdown task list, for an issue or a pull request.
pub fn write_markdown(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Production readiness\n")?;
    for entry in entries(report) {
        let tick = if entry.state == State::Met { 'x' } else { ' ' };
        let (label, title, verdict) = (label(entry.item), entry.item.title(), entry.verdict());
        writeln!(out, "- [{tick}] **{label}: {title}** ({verdict})")?;
        if let Some(silence) = entry.silence() {
            writeln!(out, "  - {silence}")?;
        }
        for part in entry.parts.iter().filter(|p| p.failing > 0) {
            let rule = part.rule.rule();
            writeln!(out, "  - {}: `{}`, {}", rule.title, rule.name, part.verdict())?;
        }
        for &episode in &entry.episodes {
            writeln!(out, "  - revisit episode {episode}: {}", episode_title(episode))?;
        }
    }
    writeln!(out, "\n{}", last_line(report))
}

/// For machines.
pub fn write_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let items: Vec<Value> = entries(report)
        .iter()
        .map(|entry| {
            let rules = entry.parts.iter().map(|part| {
                let rule = part.rule.rule();
                json!({
                    "rule": rule.name,
                    "severity": rule.severity.name(),
                    "episode": rule.episode,
                    "subject": subject(rule),
                    "examined": part.examined,
                    "failing": part.failing,
                })
            });
            json!({
                "item": entry.item.name(),
                "title": entry.item.title(),
                "state": entry.state.name(),
                "errors": entry.errors,
                "warnings": entry.warnings,
                "advice": entry.advice,
                "episodes": entry.episodes,
                "rules": rules.collect::<Vec<_>>(),
            })
        })
        .collect();
    let document = json!({
        "version": 1,
        "complete": !report.is_incomplete(),
        "objects": report.summary.objects,
        "profile": report.summary.profile.name(),
        "items": items,
    });
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

fn label(item: Item) -> String {
    match item {
        Item::Plus => "Beyond the checklist".to_owned(),
        item => format!("Item {item}"),
    }
}

fn episode_title(episode: u8) -> &'static str {
    EPISODES.get(usize::from(episode).wrapping_sub(1)).copied().unwrap_or("")
}

fn last_line(report: &Report) -> String {
    let summary = &report.summary;
    let files = count(summary.files_read, "file");
    let mut line =
        format!("{} in {files}, profile {}", count(summary.objects, "object"), summary.profile);
    if report.is_incomplete() {
        let problems = count(report.problems.len() as u32, "problem");
        line = format!("{line}; not complete: {problems}, see `kubeready check`");
    }
    line
}
