//! What templates see at the top: `.Values`, `.Chart`, `.Release` and the rest, for each chart of a
//! release.

use std::rc::Rc;

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{NodeRef, Scalar};
use kubeready_template::{Data, Map, Path, Val, ValueOrigin};

use super::Release;
use super::capabilities::capabilities;
use super::chart::{Template, text_of};
use super::dependencies::Live;
use super::files::Files;

/// A template of a release, under the name that it is printed with.
#[derive(Debug)]
pub(super) struct Job<'c, 'r> {
    /// `shop/charts/redis/templates/master.yaml`
    pub(super) name: String,
    pub(super) template: &'c Template<'r>,
    /// What `.` is.
    pub(super) dot: Map,
    /// `.Template.BasePath`
    pub(super) base: Rc<str>,
}

/// `.Values` of the chart that is rendered. `anchor` is where a person would write what no file has.
pub(super) fn root(values: &Map, anchor: Span) -> Val {
    let origin = ValueOrigin { path: Path::root(), span: anchor, content: None, written: true };
    Val { origin: Some(Rc::new(origin)), ..Val::map(values.of_helm()) }
}

/// The templates of a chart and of its subcharts in the order in which Helm parses and executes them.
/// `values` are those of the whole release.
pub(super) fn jobs<'c, 'r>(
    root: &Live<'c, 'r>,
    values: &Val,
    release: &Release<'_>,
) -> Vec<Job<'c, 'r>> {
    let of_release = Map::new();
    of_release.set("Name", Val::text(&*release.name));
    of_release.set("Namespace", Val::text(&*release.namespace));
    of_release.set("IsUpgrade", Val::bool(false));
    of_release.set("IsInstall", Val::bool(true));
    of_release.set("Revision", Val::int(1));
    of_release.set("Service", Val::text("Helm"));
    let mut top = Top {
        release: Val::map(of_release),
        capabilities: capabilities(release),
        jobs: Vec::new(),
    };
    top.chart(root, &root.name, true, values);
    let mut jobs = top.jobs;
    // Deeper ones first, so that a definition further out takes the place of one further in.
    jobs.sort_by(|a, b| {
        let depth = |job: &Job<'_, '_>| job.name.matches('/').count();
        (depth(b), &b.name).cmp(&(depth(a), &a.name))
    });
    jobs
}

struct Top<'c, 'r> {
    release: Val,
    capabilities: Val,
    jobs: Vec<Job<'c, 'r>>,
}

impl<'c, 'r> Top<'c, 'r> {
    /// Adds the templates of a chart; what its parent sees of it.
    fn chart(&mut self, live: &Live<'c, 'r>, full: &str, is_root: bool, values: &Val) -> Val {
        let subcharts = Map::new();
        let dot = Map::new();
        dot.set("Chart", metadata(live, is_root));
        dot.set("Files", Val::object(Files::of(live.chart)));
        dot.set("Release", self.release.clone());
        dot.set("Capabilities", self.capabilities.clone());
        dot.set("Subcharts", Val::map(subcharts.clone()));
        dot.set("Values", values.clone());
        for child in &live.children {
            let below = values.as_map().and_then(|values| values.get(&child.name));
            let typed = |below: Val| {
                let data = Data::Map(below.as_map()?.of_helm());
                Some(Val { data, ..below })
            };
            let below = below.and_then(typed);
            let below = below.unwrap_or_else(|| Val::map(Map::new().of_helm()).from(values));
            let full = format!("{full}/charts/{}", child.name);
            subcharts.set(Rc::clone(&child.name), self.chart(child, &full, false, &below));
        }
        let base: Rc<str> = format!("{full}/templates").into();
        for template in &live.chart.templates {
            if live.chart.is_library() && !template.is_partial() {
                continue;
            }
            self.jobs.push(Job {
                name: format!("{full}/{}", template.name),
                template,
                dot: dot.clone(),
                base: Rc::clone(&base),
            });
        }
        Val::map(dot)
    }
}

/// `.Chart`: the fields of `Chart.yaml` under the names that they have in Go.
fn metadata(live: &Live<'_, '_>, is_root: bool) -> Val {
    let chart = live.chart;
    let node = chart.metadata;
    let text = |key: &str| Val::text(text_of(node.get(key)));
    let map = Map::new();
    let texts = [
        ("Home", "home"),
        ("Version", "version"),
        ("Description", "description"),
        ("Icon", "icon"),
        ("Condition", "condition"),
        ("Tags", "tags"),
        ("AppVersion", "appVersion"),
        ("KubeVersion", "kubeVersion"),
        ("Type", "type"),
    ];
    for (name, key) in texts {
        map.set(name, text(key));
    }
    let version = text_of(node.get("apiVersion"));
    map.set("APIVersion", Val::text(if version.is_empty() { "v1".to_owned() } else { version }));
    map.set("Name", Val::text(&*live.name));
    map.set("IsRoot", Val::bool(is_root));
    map.set(
        "Deprecated",
        Val::bool(node.get("deprecated").and_then(NodeRef::as_bool) == Some(true)),
    );
    for (name, key) in [("Sources", "sources"), ("Keywords", "keywords")] {
        map.set(name, texts_of(node, key));
    }
    let maintainers = node.items_at("maintainers").map(|entry| {
        let fields = [("Name", "name"), ("Email", "email"), ("URL", "url")];
        let fields = fields.map(|(name, key)| (Rc::from(name), Val::text(text_of(entry.get(key)))));
        Val::map(fields.into_iter().collect())
    });
    map.set("Maintainers", Val::list(maintainers.collect()));
    let annotations = node.get("annotations").filter(|annotations| annotations.is_map());
    let annotations = annotations.map_or_else(Map::new, |annotations| {
        let entries = annotations.effective_entries();
        entries.map(|(k, v)| (Rc::from(&*k.key_text()), Val::text(text_of(Some(v))))).collect()
    });
    map.set("Annotations", Val::map(annotations));
    let dependencies = live.requirements.iter().map(|requirement| {
        let entry = requirement.dependency;
        let fields = Map::new();
        fields.set("Name", Val::text(&*requirement.name));
        fields.set("Version", Val::text(&*entry.version));
        fields.set("Repository", Val::text(&*entry.repository));
        fields.set("Condition", Val::text(&*entry.condition));
        fields.set("Tags", Val::list(entry.tags.iter().map(|tag| Val::text(&**tag)).collect()));
        fields.set("Enabled", Val::bool(requirement.enabled));
        fields.set("ImportValues", Val::list(entry.import_values.iter().map(import).collect()));
        fields.set("Alias", Val::text(&*entry.alias));
        Val::map(fields)
    });
    map.set("Dependencies", Val::list(dependencies.collect()));
    Val::map(map)
}

fn texts_of(node: NodeRef<'_>, key: &str) -> Val {
    Val::list(node.items_at(key).map(|item| Val::text(text_of(Some(item)))).collect())
}

/// An entry of `import-values`, as Helm leaves it behind.
fn import(entry: &NodeRef<'_>) -> Val {
    let (child, parent) = if entry.is_map() {
        (text_of(entry.get("child")), text_of(entry.get("parent")))
    } else {
        let child = match entry.scalar() {
            Some(Scalar::Str(name)) => format!("exports.{name}"),
            _ => String::new(),
        };
        (child, ".".to_owned())
    };
    let fields = [("child", child), ("parent", parent)];
    Val::map(fields.map(|(name, text)| (Rc::from(name), Val::text(text))).into_iter().collect())
}
