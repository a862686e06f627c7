//! Charts of others: what lies below `charts/` of a chart that names it as a dependency.

use std::path::{Path, PathBuf};

use kubeready_manifest::yaml::NodeRef;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::Elsewhere;
use crate::finding::{Finding, Label};
use crate::load::{Loaded, World};
use crate::render::Unit;
use crate::source::{SourceId, Span};

/// Files of charts that others wrote.
pub(super) struct OfOthers {
    /// Below a chart of one's own: what is changed instead of them.
    below: FxHashMap<SourceId, Elsewhere>,
    /// In archives and caches of charts, which nobody edits: what installs the chart is changed.
    closed: FxHashSet<SourceId>,
    /// What installs the chart that such a file belongs to.
    installed: FxHashMap<SourceId, Span>,
}

impl OfOthers {
    /// `caches`: absolute directories that hold charts of others.
    pub(super) fn new(world: &World<'_>, loaded: &[Loaded], caches: &[PathBuf]) -> Self {
        let mut of_others = Self {
            below: FxHashMap::default(),
            closed: FxHashSet::default(),
            installed: FxHashMap::default(),
        };
        for file in loaded {
            let path = &file.input.path;
            let bytes = path.as_os_str().as_encoded_bytes();
            let cached = caches.iter().any(|cache| path.starts_with(cache));
            let in_archive = file.archive.is_some();
            let below = memchr::memmem::find(bytes, b"charts").is_some() && !cached;
            let by = below.then(|| vendored(path).iter().find_map(|v| elsewhere(world, v)));
            if let Some(by) = by.flatten() {
                of_others.below.insert(file.source, by);
            } else if cached || in_archive {
                of_others.closed.insert(file.source);
            }
        }
        of_others
    }

    /// Learns what installs charts of others.
    pub(super) fn with(mut self, units: &[&Unit]) -> Self {
        for unit in units.iter().filter(|unit| unit.chart && unit.delivered) {
            let Some(entry) = unit.entries.iter().flatten().next() else { continue };
            let closed = unit.inputs.iter().filter(|input| self.closed.contains(input));
            for input in closed {
                self.installed.entry(*input).or_insert(*entry);
            }
        }
        self
    }

    pub(super) fn of(&self, source: SourceId) -> Option<Elsewhere> {
        self.below.get(&source).copied()
    }

    /// Moves findings out of what nobody edits: to the entry of the dependency that brings an archive
    /// in, to what installs a chart of others.
    pub(super) fn out_of_archives(&self, findings: &mut [Box<Finding>]) {
        if self.below.is_empty() && self.closed.is_empty() {
            return;
        }
        for finding in findings {
            let Some(in_chart) = &mut finding.in_chart else {
                // It is about more than one object.
                if let Some(entry) = self.installed.get(&finding.span.source) {
                    finding.span = *entry;
                }
                continue;
            };
            let source = finding.span.source;
            let archive = self.of(source).filter(|by| by.archive);
            let entry = in_chart.entry.or_else(|| self.installed.get(&source).copied());
            if let (Some(setting), Some(entry)) = (&mut in_chart.setting, entry) {
                let known = setting.files.len();
                setting.files.retain(|file| !self.closed.contains(file));
                if setting.files.len() < known && setting.files.is_empty() {
                    setting.files.insert(entry.source);
                }
            }
            let (place, values) = match archive {
                Some(by) => (Some(by.dependency), by.values),
                None if self.closed.contains(&source) => (entry, entry.map(|at| at.source)),
                None => (None, None),
            };
            let Some(place) = place else { continue };
            if let Some(setting) = in_chart.setting.as_mut().filter(|s| s.files.is_empty()) {
                setting.files.extend(values);
            }
            let label = std::mem::replace(&mut finding.label, "brought in here".to_owned());
            finding.related.retain(|label| label.span != place);
            finding.related.insert(0, Label { span: finding.span, message: label });
            finding.span = place;
        }
    }
}

/// A part of the path of a file in a vendored chart.
struct Vendored<'p> {
    /// The chart that has it below `charts/`.
    parent: &'p Path,
    /// Its directory or archive, the end of an archive's name left out.
    name: &'p str,
    archive: bool,
}

/// The charts below `charts/` that a file lies in, the outermost first.
fn vendored(path: &Path) -> Vec<Vendored<'_>> {
    let mut found: Vec<_> = path
        .ancestors()
        .skip(1)
        .filter_map(|folder| {
            let charts = folder.parent().filter(|parent| parent.ends_with("charts"))?;
            let name = folder.file_name()?.to_str()?;
            let archive = [".tgz", ".tar.gz"].iter().find_map(|end| name.strip_suffix(end));
            let (parent, name) = (charts.parent()?, archive.unwrap_or(name));
            Some(Vendored { parent, name, archive: archive.is_some() })
        })
        .collect();
    found.reverse();
    found
}

fn elsewhere(world: &World<'_>, vendored: &Vendored<'_>) -> Option<Elsewhere> {
    let root = |name: &str| {
        let file = world.file(&vendored.parent.join(name))?;
        file.parsed()?.documents().next().map(|(_, root)| root)
    };
    let metadata = root("Chart.yaml")?;
    // Charts of the first version list them in a file of their own.
    let lists = [Some(metadata), root("requirements.yaml")].into_iter().flatten();
    let dependency = lists.flat_map(|list| list.items_at("dependencies")).find(|entry| {
        let name = entry.get("name").map_or("", NodeRef::text);
        // An archive's name goes on with the version.
        let rest = vendored.name.strip_prefix(name).filter(|_| !name.is_empty());
        rest.is_some_and(|rest| rest.is_empty() || vendored.archive && rest.starts_with('-'))
    });
    let repository = dependency.and_then(|entry| entry.str_at("repository")).unwrap_or("");
    let remote = !repository.is_empty() && !repository.starts_with("file:");
    if !vendored.archive && !remote {
        return None;
    }
    let values = world.file(&vendored.parent.join("values.yaml")).map(|file| file.source);
    // An archive that nobody declares is still brought in by the chart that it lies in.
    let named = dependency.unwrap_or(metadata).get("name").unwrap_or(metadata);
    Some(Elsewhere { dependency: named.span(), values, archive: vendored.archive })
}
