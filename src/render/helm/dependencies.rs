//! Which subcharts of a chart take part in a release, under which name, and the values that they hand
//! up to it.

use std::rc::Rc;

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::NodeRef;
use kubeready_template::{Data, Map, Path, Val};

use super::chart::{Chart, Dependency, text_of};
use super::coalesce::{Mismatch, coalesced, merged, tables};
use super::values::{Places, copied, from_tree, leaf, moved, table};
use super::version::satisfies;
use crate::render::Fault;

/// A chart as it takes part in one release.
#[derive(Debug)]
pub(super) struct Live<'c, 'r> {
    pub(super) chart: &'c Chart<'r>,
    /// Its name or alias.
    pub(super) name: Rc<str>,
    /// Where its values lie in those of the chart that is rendered.
    pub(super) path: Path,
    /// Its defaults, with what subcharts export to it.
    pub(super) values: Map,
    pub(super) children: Vec<Live<'c, 'r>>,
    pub(super) requirements: Vec<Requirement<'c, 'r>>,
}

/// A declared dependency.
#[derive(Debug)]
pub(super) struct Requirement<'c, 'r> {
    /// The alias, if it has one.
    pub(super) name: Rc<str>,
    pub(super) dependency: &'c Dependency<'r>,
    pub(super) enabled: bool,
}

impl<'c, 'r> Live<'c, 'r> {
    pub(super) fn new(
        chart: &'c Chart<'r>,
        name: &str,
        path: Path,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let places = Places::of(chart.loaded);
        let tree = chart.values.and_then(|file| file.parsed());
        let values = tree.map_or_else(Map::new, |tree| from_tree(tree, &path, &places, faults));
        if !path.is_root()
            && let Some(slot) = values.slot("global")
            && let Data::Map(global) = &slot.value.data
        {
            // Who renders the chart sets them for all charts at once.
            let value = Val {
                data: Data::Map(moved(global, &Path::root().key("global"))),
                ..slot.value.clone()
            };
            values.set("global", value);
        }
        let child = |sub: &'c Chart<'r>| (sub, sub.name());
        let children = chart.subcharts.iter().map(child).map(|(sub, name)| {
            let mut quiet = Vec::new();
            Live::new(sub, name, path.key(name), &mut quiet)
        });
        let children = children.collect();
        Self { chart, name: name.into(), path, values, children, requirements: Vec::new() }
    }

    /// Leaves out what conditions and tags turn off, and gives aliases. `values` are those given;
    /// `prefix` is where this chart's values lie in them: `""` or `redis.`.
    pub(super) fn enable(
        &mut self,
        values: &Map,
        prefix: &str,
        anchor: Span,
        faults: &mut Vec<Fault>,
    ) -> Result<(), Mismatch> {
        if self.chart.dependencies.is_empty() {
            return Ok(());
        }
        let fits = |dependency: &Dependency<'_>, chart: &Chart<'_>| {
            chart.name() == dependency.name && satisfies(&dependency.version, &chart.version())
        };
        let chart = self.chart;
        self.children.retain(|child| {
            !chart.dependencies.iter().any(|dependency| fits(dependency, child.chart))
        });
        for dependency in &chart.dependencies {
            let name = dependency.effective_name();
            if let Some(sub) = chart.subcharts.iter().find(|sub| fits(dependency, sub)) {
                self.children.push(Live::new(sub, name, self.path.key(name), faults));
            }
            let name = name.into();
            self.requirements.push(Requirement { name, dependency, enabled: true });
        }
        let values = coalesced(self, values, anchor)?;
        for requirement in &mut self.requirements {
            requirement.enabled = tagged(requirement.dependency, &values);
            for path in requirement.dependency.condition.trim().split(',') {
                let asked = leaf(&values, &format!("{prefix}{path}"));
                if let (false, Some(Data::Bool(on))) = (path.is_empty(), asked.map(|v| v.data)) {
                    requirement.enabled = on;
                    break;
                }
            }
        }
        let requirements = &mut self.requirements;
        self.children.retain(|child| {
            requirements.iter().all(|known| known.enabled || known.name != child.name)
        });
        for child in &mut self.children {
            let prefix = format!("{prefix}{}.", child.name);
            child.enable(&values, &prefix, anchor, faults)?;
        }
        self.requirements.retain(|requirement| requirement.enabled);
        Ok(())
    }

    /// Takes in what subcharts export, innermost first.
    pub(super) fn import(&mut self, anchor: Span) -> Result<(), Mismatch> {
        for child in &mut self.children {
            child.import(anchor)?;
        }
        if self.chart.dependencies.is_empty() {
            return Ok(());
        }
        let values = merged(self, &Map::new(), anchor)?;
        let imported = Map::new();
        for requirement in &self.requirements {
            for entry in &requirement.dependency.import_values {
                let (child, parent) = if entry.is_map() {
                    (said(entry.value("child")), said(entry.value("parent")))
                } else {
                    (format!("exports.{}", text_of(Some(*entry))), ".".to_owned())
                };
                let name = &requirement.name;
                if let Some(found) = table(&values, &format!("{name}.{child}")) {
                    tables(&imported, &self.at_path(&parent, &found), true);
                }
            }
        }
        let values = copied(&values);
        tables(&values, &imported, true);
        self.values = values;
        Ok(())
    }

    /// A table that holds another one at a path of its own.
    fn at_path(&self, path: &str, inner: &Map) -> Map {
        if path == "." {
            return moved(inner, &self.path);
        }
        let whole = path.split('.').fold(self.path.clone(), |whole, step| whole.key(step));
        path.rsplit('.').fold(moved(inner, &whole), |inner, step| {
            let outer = Map::new();
            outer.set(step, Val::map(inner));
            outer
        })
    }
}

/// What Go prints a field as: nothing is `<nil>`.
fn said(node: Option<NodeRef<'_>>) -> String {
    if node.is_none_or(NodeRef::is_null) { "<nil>".to_owned() } else { text_of(node) }
}

/// What the tags of a dependency say.
fn tagged(dependency: &Dependency<'_>, values: &Map) -> bool {
    let Some(tags) = table(values, "tags") else { return true };
    let mut off = false;
    for tag in &dependency.tags {
        match tags.get(tag).map(|value| value.data) {
            Some(Data::Bool(true)) => return true,
            Some(Data::Bool(false)) => off = true,
            _ => {}
        }
    }
    !off
}
