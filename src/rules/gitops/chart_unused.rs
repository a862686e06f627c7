//! Values that no template of a chart reads.

use std::collections::BTreeSet;

use kubeready_manifest::yaml::{NodeRef, Place};

use super::chart::{Chart, charts};
use crate::catalogue::Confidence;
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::{Loaded, World};

/// What nothing reads does nothing, whatever it is set to.
pub(crate) fn helm_unused_value<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let all = charts(fleet);
    if all.is_empty() {
        return ctx.pass_over();
    }
    for chart in all {
        let Some(values) = chart.beside(fleet.world, "values.yaml").filter(|v| v.is_map()) else {
            continue;
        };
        if chart.is_library() {
            continue;
        }
        let Some(read) = Read::by(chart, values, fleet.world) else { continue };
        for (key, value, path) in read.unread(values) {
            ctx.report(Place::key(key, value), format!("nothing reads the value `{path}`"))
                .confidence(Confidence::Likely)
                .help("correct the name to the one that the templates read, or delete it");
        }
    }
}

/// The paths of values that a chart reads.
#[derive(Debug, Default)]
struct Read {
    paths: BTreeSet<String>,
}

impl Read {
    /// `None` where values are handed to something that may read any of them.
    fn by<'t>(chart: Chart<'t>, values: NodeRef<'t>, world: &World<'t>) -> Option<Self> {
        let mut read = Self::default();
        let mut defined = BTreeSet::new();
        let mut included = BTreeSet::new();
        let mut any = false;
        for (path, file) in world.paths_below(chart.directory()) {
            if !path.components().any(|part| part.as_os_str() == "templates") {
                continue;
            }
            any = true;
            let text = Loaded::text(file);
            // What is a template in a file of its own is not looked at.
            if text.contains("tpl (.Files") || text.contains("tpl ($.Files") {
                return None;
            }
            read.add(&text)?;
            names(&text, "define", &mut defined);
            names(&text, "include", &mut included);
            names(&text, "template", &mut included);
        }
        if !any || !included.is_subset(&defined) {
            return None;
        }
        // Texts of values may be templates.
        read.add(values.tree().text())?;
        read.paths.insert("global".to_owned());
        for dependency in chart.dependencies(world) {
            let own = dependency.get("alias").or_else(|| dependency.get("name"));
            read.paths.extend(own.map(|name| name.text().to_owned()));
            let conditions = dependency.get("condition").map_or("", NodeRef::text).split(',');
            read.paths.extend(conditions.map(|path| path.trim().to_owned()));
            read.paths
                .extend(dependency.items_at("tags").map(|tag| format!("tags.{}", tag.text())));
        }
        Some(read)
    }

    /// Adds what a text reads below `.Values`.
    fn add(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        while let Some(at) = rest.find(".Values") {
            let (before, behind) = (rest.get(..at)?, rest.get(at + ".Values".len()..)?);
            rest = behind;
            if behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
                continue;
            }
            let path = match behind.strip_prefix('.') {
                Some(path) => {
                    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
                    let end = path.find(|c| !is_name(c)).unwrap_or(path.len());
                    path.get(..end)?.trim_end_matches('.').to_owned()
                }
                None => looked_up(before, behind)?,
            };
            self.paths.insert(path);
        }
        Some(())
    }

    /// Whether a path, or a map that it lies in, is read.
    fn has(&self, path: &str) -> bool {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.filter_map(|end| path.get(..end)).any(|above| self.paths.contains(above))
    }

    /// Whether something below a path is read.
    fn has_below(&self, path: &str) -> bool {
        let start = format!("{path}.");
        self.paths.range(start.clone()..).next().is_some_and(|next| next.starts_with(&start))
    }

    /// The outermost values that are not read.
    fn unread<'t>(&self, values: NodeRef<'t>) -> Vec<(NodeRef<'t>, NodeRef<'t>, String)> {
        let mut found = Vec::new();
        let mut pending = vec![(values, String::new())];
        while let Some((map, above)) = pending.pop() {
            for (key, value) in map.effective_entries() {
                let own = key.text();
                let path = if above.is_empty() { own.to_owned() } else { format!("{above}.{own}") };
                if self.has(&path) {
                    continue;
                }
                if !self.has_below(&path) {
                    found.push((key, value, path));
                } else if value.is_map() {
                    pending.push((value, path));
                }
            }
        }
        found
    }
}

/// The path of `index .Values "a" "b"` and the like; `None` where the values as a whole are meant.
fn looked_up(before: &str, behind: &str) -> Option<String> {
    let before = before.trim_end_matches(['$', '(', ' ']);
    if !["index", "hasKey", "get"].iter().any(|function| before.ends_with(function)) {
        return None;
    }
    let mut steps = Vec::new();
    let mut rest = behind.trim_start();
    while let Some((step, behind)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
        steps.push(step);
        rest = behind.trim_start();
    }
    (!steps.is_empty()).then(|| steps.join("."))
}

/// The names in `define "name"` and the like.
fn names(text: &str, word: &str, into: &mut BTreeSet<String>) {
    for (at, _) in text.match_indices(word) {
        let rest = text.get(at + word.len()..).unwrap_or("");
        let Some(name) =
            rest.strip_prefix([' ', '\t']).and_then(|r| r.trim_start().strip_prefix('"'))
        else {
            continue;
        };
        into.extend(name.split_once('"').map(|(name, _)| name.to_owned()));
    }
}
