//! The real Helm, for charts that are beyond this renderer: what it is run with, and the way back from
//! what it prints to the lines of templates.

use std::fmt::{Debug, Write as _};
use std::path::PathBuf;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Origin, Tree, Value, Writer};
use rustc_hash::FxHashMap;

use super::marks::{self, Marked};
use super::{Build, Chart, Layer, Release};
use crate::load::Loaded;
use crate::render::kustomize::Resource;
use crate::render::print;

/// A run of `helm` in a directory of its own.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pub args: Vec<String>,
    /// Paths from the directory, and what is in them.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

/// Something that can run it.
pub trait Real: Sync + Debug {
    /// What it prints.
    ///
    /// # Errors
    /// Why there is nothing: what it says itself, or what ended it.
    fn template(&self, run: &Template) -> Result<String, String>;
}

/// Renders a chart with the real Helm. The chart runs with marks at the ends of its lines, and once
/// more without them where they disturb.
///
/// # Errors
/// As [`Real::template`].
pub(super) fn render<'r>(
    chart: &Chart<'r>,
    release: &Release<'r>,
    real: &dyn Real,
) -> Result<Build<'r>, String> {
    if release.name.starts_with('-') {
        return Err("the name of the release would be an option".to_owned());
    }
    let mut packing = Packing { mark: true, ..Packing::default() };
    packing.chart(chart, "chart", chart.name());
    let args = arguments(release, &mut packing.files);
    let marked = Template { args, files: std::mem::take(&mut packing.files) };
    let printed = real.template(&marked).ok().and_then(|text| packing.read(&text));
    let resources = if let Some(resources) = printed {
        resources
    } else {
        let mut plain = Packing::default();
        plain.chart(chart, "chart", chart.name());
        let args = arguments(release, &mut plain.files);
        let run = Template { args, files: std::mem::take(&mut plain.files) };
        let text = real.template(&run)?;
        plain.read(&text).ok_or_else(|| "it prints no YAML".to_owned())?
    };
    let mut inputs: Vec<SourceId> =
        chart.all().into_iter().flat_map(|chart| chart.inputs().collect::<Vec<_>>()).collect();
    inputs.sort_unstable();
    inputs.dedup();
    Ok(Build { resources, inputs, ..Build::default() })
}

/// The arguments of `helm`; the values of the release become files.
fn arguments(release: &Release<'_>, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Vec<String> {
    let mut args = vec!["template".to_owned(), release.name.clone().into_owned()];
    args.push("chart".to_owned());
    args.push(format!("--namespace={}", release.namespace));
    args.push(format!("--kube-version=1.{}.0", release.kubernetes_version));
    args.extend(release.api_versions.iter().map(|version| format!("--api-versions={version}")));
    if release.crds {
        args.push("--include-crds".to_owned());
    }
    for (at, layer) in release.layers.iter().enumerate() {
        let text = match layer {
            Layer::Map(node) => printed(&Value::of(*node, Writer::Values)),
            Layer::Value(value) => printed(value),
            Layer::Block(node) => node.text().to_owned(),
            Layer::Set { path, value, string } => {
                let flag = if *string { "--set-string" } else { "--set" };
                args.push(format!("{flag}={path}={}", value.text()));
                continue;
            }
        };
        let name = format!("values-{at}.yaml");
        args.push(format!("--values={name}"));
        files.push((name.into(), text.into_bytes()));
    }
    args
}

fn printed(value: &Value<'_>) -> String {
    let tree = Tree::rendered(SourceId(u32::MAX), [value]);
    tree.documents().next().map(|(_, root)| print(root, None)).unwrap_or_default()
}

/// A chart on its way to a directory, and the way back.
#[derive(Default)]
struct Packing<'r> {
    mark: bool,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Files of templates by the name that Helm gives as their source.
    sources: FxHashMap<String, &'r Loaded>,
    by_number: Vec<&'r Loaded>,
}

impl<'r> Packing<'r> {
    /// `directory`: where it goes. `name`: what Helm calls it in sources.
    fn chart(&mut self, chart: &Chart<'r>, directory: &str, name: &str) {
        let mut add = |inside: &str, file: &Loaded| {
            let path = PathBuf::from(format!("{directory}/{inside}"));
            self.files.extend(file.bytes().map(|bytes| (path, bytes.to_vec())));
        };
        add("Chart.yaml", chart.file);
        for (inside, file) in [("values.yaml", chart.values), ("values.schema.json", chart.schema)]
        {
            if let Some(file) = file {
                add(inside, file);
            }
        }
        for inside in ["requirements.yaml", "Chart.lock", "requirements.lock"] {
            let path = chart.directory.join(inside);
            if let Some(file) = chart.loaded.iter().find(|file| file.input.path == path) {
                add(inside, file);
            }
        }
        for file in &chart.files {
            add(&file.name, file.file);
        }
        for template in &chart.templates {
            let printed = !template.is_partial() && !template.name.ends_with("NOTES.txt");
            let text = if self.mark && printed {
                self.by_number.push(template.file);
                marks::marked(template.text, self.by_number.len() - 1)
            } else {
                template.text.to_owned()
            };
            let path = format!("{directory}/{}", template.name);
            self.files.push((path.into(), text.into_bytes()));
            self.sources.insert(format!("{name}/{}", template.name), template.file);
        }
        for file in chart.crds() {
            self.sources.insert(format!("{name}/{}", file.name), file.file);
        }
        for (at, sub) in chart.subcharts.iter().enumerate() {
            let mut inner = directory.to_owned();
            // Two of a name may lie there.
            let _ = write!(inner, "/charts/{at}");
            self.chart(sub, &inner, &format!("{name}/charts/{}", sub.name()));
        }
    }

    /// The objects that were printed. `None` if that is no YAML.
    fn read(&self, text: &str) -> Option<Vec<Resource<'r>>> {
        let Marked { text, marks } = marks::taken_out(text);
        let lines = Lines::new(self, &text, &marks);
        let tree = Tree::parse(&*text, SourceId(u32::MAX));
        if !tree.errors().is_empty() {
            return None;
        }
        let roots = tree.documents().map(|(_, root)| root).filter(|root| root.is_map());
        let of = |node: NodeRef<'_>| Origin::new(lines.place(node.span().start), Writer::Template);
        Some(roots.map(|root| Resource::new(Value::owned(root, &of))).collect())
    }
}

/// Where each printed line comes from.
struct Lines {
    /// Where it starts, and the line of a template.
    starts: Vec<(u32, Span)>,
}

impl Lines {
    fn new(packing: &Packing<'_>, text: &str, marks: &[Option<(usize, usize)>]) -> Self {
        let nowhere = Span { source: SourceId(u32::MAX), start: 0, end: 0 };
        let first = packing.by_number.first().or_else(|| packing.sources.values().next());
        let mut here = first.map_or(nowhere, |file| Span { source: file.source, start: 0, end: 0 });
        let mut start = 0;
        let mut starts = Vec::new();
        let mut known: FxHashMap<SourceId, Vec<Span>> = FxHashMap::default();
        for (at, line) in text.split_inclusive('\n').enumerate() {
            if let Some(source) = line.trim_end().strip_prefix("# Source: ")
                && let Some(file) = packing.sources.get(source)
            {
                here = Span { source: file.source, start: 0, end: 0 };
            }
            if let Some((file, number)) = marks.get(at).copied().flatten()
                && let Some(file) = packing.by_number.get(file)
            {
                let lines = known.entry(file.source).or_insert_with(|| lines_of(file));
                here = lines.get(number).copied().unwrap_or(here);
            }
            starts.push((start, here));
            start += line.len() as u32;
        }
        Self { starts }
    }

    fn place(&self, offset: u32) -> Span {
        let at = self.starts.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let nowhere = Span { source: SourceId(u32::MAX), start: 0, end: 0 };
        self.starts.get(at).map_or(nowhere, |(_, span)| *span)
    }
}

/// The lines of a file without the blanks around them.
fn lines_of(file: &Loaded) -> Vec<Span> {
    let mut start = 0;
    let span = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let begin = start + indent as u32;
        let end = begin + line.trim().len() as u32;
        start += line.len() as u32;
        Span { source: file.source, start: begin, end }
    };
    file.text().split_inclusive('\n').map(span).collect()
}
