//! Comments that suppress: our own, checkov's, trivy's, yamllint's.

use std::ops::Range;

use kubeready_manifest::yaml::Comment;

use super::Dialect;
use super::collect::{Found, Reading};
use super::directive::{self, Reach};
use super::scope::Ground;
use crate::engine::resource_id;
use crate::finding::ResourceId;
use crate::settings::Selected;
use crate::source::Span;

pub(super) fn collect(ground: &Ground<'_>, reading: &mut Reading<'_>) {
    let mut yamllint = Yamllint::default();
    for &comment in ground.tree.comments() {
        let text = ground.tree.comment_text(comment);
        if let Some(addressed) = directive::addressed(text) {
            own(ground, comment, addressed, reading);
            continue;
        }
        let text = text.trim_start_matches('#').trim();
        if let Some(rest) = checkov_ids(text) {
            checkov(ground, comment, rest, reading);
        } else if let Some(at) = text.find("trivy:ignore:") {
            trivy(ground, comment, &text[at..], reading);
        } else if let Some(rest) = text.strip_prefix("yamllint ") {
            yamllint.read(ground, comment, rest, reading);
        }
    }
    yamllint.finish(reading);
}

/// Reads a directive of our own, whose mistakes are said.
pub(super) fn directive<'a>(
    text: &'a str,
    span: Span,
    reading: &mut Reading<'_>,
) -> Option<directive::Directive<'a>> {
    let read = match directive::parse(text) {
        Ok(read) => read,
        Err(mistake) => {
            reading.note(span, mistake.message, mistake.help);
            return None;
        }
    };
    if let Some(day) = &read.tail.bad_until {
        let message = format!("`until={day}` is not a day, so this never ends");
        reading.note(span, message, "write it as `until=2027-01-31`".to_owned());
    }
    Some(read)
}

fn own(ground: &Ground<'_>, comment: Comment, text: &str, reading: &mut Reading<'_>) {
    let span = ground.tree.span(comment.start..comment.end);
    let Some(read) = directive(text, span, reading) else { return };
    let covers = match read.reach {
        Reach::Here => ground.below_or_line(comment),
        Reach::Document => ground.document(comment),
        Reach::File => 0..u32::MAX,
    };
    let resource = (read.reach == Reach::Here).then(|| object_at(ground, covers.start)).flatten();
    let found = Found {
        dialect: Dialect::Comment,
        names: read.names.iter().map(|&n| n.to_owned()).collect(),
        rules: Vec::new(),
        reason: read.tail.reason.clone(),
        until: read.tail.until,
        written: comment.start..comment.end,
        covers,
        resource,
    };
    reading.add_own(found, &read.names);
}

fn object_at(ground: &Ground<'_>, at: u32) -> Option<ResourceId> {
    // The line's indent stands before the object's first byte.
    let next = ground.tree.first_node_from(at).map(|node| node.span().start);
    ground.object(at, next).map(|(_, object)| resource_id(object))
}

/// `checkov:skip=ID[,ID]:reason`; bridgecrew and cortex are its other names.
fn checkov_ids(text: &str) -> Option<&str> {
    ["checkov:skip=", "bridgecrew:skip=", "cortex:skip="]
        .into_iter()
        .find_map(|mark| text.find(mark).map(|at| &text[at + mark.len()..]))
}

/// Covers the container it stands in or above, else the object.
fn checkov(ground: &Ground<'_>, comment: Comment, rest: &str, reading: &mut Reading<'_>) {
    let (ids, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let names: Vec<String> =
        ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let next = ground.next_content(comment).filter(|_| ground.is_alone(comment));
    let object = ground.object(comment.start, next);
    let Some(covers) = ground
        .container(comment.start, next)
        .or_else(|| object.as_ref().map(|(range, _)| range.clone()))
    else {
        return;
    };
    let rules = names.iter().flat_map(|id| reading.peer("checkov", id)).collect();
    reading.add(Found {
        dialect: Dialect::Peer("checkov"),
        names,
        rules,
        reason: nonempty(reason),
        until: None,
        written: comment.start..comment.end,
        covers,
        resource: object.map(|(_, object)| resource_id(object)),
    });
}

/// Several may stand in one comment; `exp:` ends one.
fn trivy(ground: &Ground<'_>, comment: Comment, text: &str, reading: &mut Reading<'_>) {
    let covers = ground.below_or_line(comment);
    let resource = object_at(ground, covers.start);
    for word in text.split_whitespace() {
        let Some(rest) = word.strip_prefix("trivy:ignore:") else { continue };
        let mut parts = rest.split(':');
        let id = parts.next().unwrap_or("").trim_end_matches(',');
        // `trivy:ignore:ID:exp:2027-01-31`
        let until = rest.split_once(":exp:").and_then(|(_, day)| crate::settings::date(day));
        reading.add(Found {
            dialect: Dialect::Peer("trivy"),
            names: vec![id.to_owned()],
            rules: if id == "*" { peers_of(reading, "trivy") } else { reading.peer("trivy", id) },
            reason: None,
            until,
            written: comment.start..comment.end,
            covers: covers.clone(),
            resource: resource.clone(),
        });
    }
}

fn peers_of(reading: &Reading<'_>, peer: &str) -> Vec<Selected> {
    vec![Selected::Group(reading.names.of_peer(peer))]
}

/// `yamllint disable` that are open: they end at `enable` or with the file.
#[derive(Default)]
struct Yamllint {
    open: Vec<(Comment, Option<String>)>,
}

impl Yamllint {
    fn read(
        &mut self,
        ground: &Ground<'_>,
        comment: Comment,
        text: &str,
        reading: &mut Reading<'_>,
    ) {
        let mut words = text.split_whitespace();
        let Some(word) = words.next() else { return };
        let mut rules: Vec<Option<String>> =
            words.filter_map(|w| w.strip_prefix("rule:")).map(|r| Some(r.to_owned())).collect();
        if rules.is_empty() {
            rules.push(None);
        }
        match word {
            "disable" => self.open.extend(rules.into_iter().map(|rule| (comment, rule))),
            "enable" => {
                for rule in rules {
                    self.close(rule.as_deref(), comment.start, reading);
                }
            }
            "disable-file" if ground.line(comment).start == 0 => {
                add_yamllint(comment, None, 0..u32::MAX, reading);
            }
            "disable-line" => {
                let line = match ground.next_content(comment).filter(|_| ground.is_alone(comment)) {
                    Some(at) => ground.line(Comment { start: at, end: at }),
                    None => ground.line(comment),
                };
                for rule in rules {
                    add_yamllint(comment, rule.as_deref(), line.clone(), reading);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, rule: Option<&str>, end: u32, reading: &mut Reading<'_>) {
        let (closed, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|(_, named)| rule.is_none() || named.as_deref() == rule);
        self.open = open;
        let closed: Vec<(Comment, Option<String>)> = closed;
        for (comment, named) in closed {
            add_yamllint(comment, named.as_deref(), comment.start..end, reading);
        }
    }

    fn finish(mut self, reading: &mut Reading<'_>) {
        self.close(None, u32::MAX, reading);
    }
}

fn add_yamllint(
    comment: Comment,
    rule: Option<&str>,
    covers: Range<u32>,
    reading: &mut Reading<'_>,
) {
    let rules = match rule {
        Some(rule) => reading.peer("yamllint", rule),
        None => peers_of(reading, "yamllint"),
    };
    // Most of yamllint is about looks, of which no rule of ours speaks.
    if rules.is_empty() {
        return;
    }
    reading.add(Found {
        dialect: Dialect::Peer("yamllint"),
        names: vec![rule.unwrap_or("all").to_owned()],
        rules,
        reason: None,
        until: None,
        written: comment.start..comment.end,
        covers,
        resource: None,
    });
}

fn nonempty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
