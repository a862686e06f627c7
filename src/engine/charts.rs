//! Where findings about what a chart printed stand: at the value that decides, else at the line of
//! the template.

use std::collections::BTreeSet;

use kubeready_manifest::kube::{Container, Object};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Place, Writer};

use crate::finding::{InChart, Label, Setting};
use crate::render::helm::{Charted, Detail};

/// What the line of a template does to the value that a finding stands at.
pub(super) const PRINTED_BY: &str = "printed by this line of the template";

/// What is said of a place where something is not.
const MISSING: &str = "missing here";

/// Where a finding stands.
pub(super) struct Stand {
    pub(super) span: Span,
    pub(super) label: &'static str,
    pub(super) related: Vec<Label>,
    pub(super) in_chart: InChart,
    /// Nobody wrote what it is about.
    pub(super) made_up: bool,
}

/// Where a finding stands that a rule puts at a place of a printed object; `None` where something
/// else than a chart wrote the place.
pub(super) fn stand<'t>(
    at: &Place<'t>,
    object: Option<Object<'t>>,
    container: Option<Container<'t>>,
    charted: &'t Charted,
) -> Option<Stand> {
    let mut stand = if at.is_written() {
        written(at, charted)
    } else {
        missing(at, object.map_or(at.node, Object::root), charted)
    }?;
    let root = object.map_or(at.node, Object::root);
    let of = container.map_or(0, |container| container.node().index());
    stand.in_chart.subjects.insert((root.tree().source(), root.index(), of));
    stand.in_chart.likely = charted.likely;
    let nobody_has_it =
        |(release, _): &(Span, Span)| stand.label == MISSING && stand.span == *release;
    stand.in_chart.for_all = charted.anchors.filter(nobody_has_it).map(|(_, own)| own);
    Some(stand)
}

/// A value or a key that is there.
fn written<'t>(at: &Place<'t>, charted: &'t Charted) -> Option<Stand> {
    // A key is told apart from its value by where it stands.
    let key = at.node.before().filter(|key| key.span() == at.span && at.node.span() != at.span);
    let node = key.unwrap_or(at.node);
    let detail = charted.detail(node);
    let template = detail.and_then(|d| d.template);
    match node.writer() {
        Writer::Values => {}
        Writer::Template => {
            // Where a default stands in, the template decides after all.
            let nothing = node.is_scalar() && node.text().is_empty();
            let absent = detail.filter(|d| nothing && !d.written && d.value_at.is_some());
            return Some(match absent {
                Some(detail) => of_nothing(at, detail, charted),
                None => by_template(at.span, detail, charted),
            });
        }
        Writer::MadeUp => {
            let made_up = Stand { made_up: true, ..Stand::at(at.span, "here", None) };
            return Some(made_up);
        }
        _ => return None,
    }
    if let Some(detail) = detail.filter(|detail| !detail.written) {
        return Some(of_nothing(at, detail, charted));
    }
    let mut stand = Stand::at(at.span, "here", template);
    stand.in_chart.setting = detail.and_then(|d| d.value.as_deref()).map(|path| Setting {
        path: path.to_owned(),
        field: None,
        files: files(charted, Some(stand.span)),
    });
    Some(stand)
}

/// What is printed of a value that no file has.
fn of_nothing(at: &Place<'_>, detail: &Detail, charted: &Charted) -> Stand {
    let span = detail.value_at.unwrap_or(at.span);
    let template = detail.template.unwrap_or(at.span);
    let mut stand = Stand::at(span, MISSING, Some(template));
    let field = at.node.before().map(|key| key.text().to_owned());
    stand.in_chart.setting = detail.value.clone().map(|path| Setting {
        path,
        field: field.or(Some(String::new())),
        files: files(charted, Some(span)),
    });
    stand
}

/// Something that stands in a template, whether or not a value takes part.
fn by_template(span: Span, detail: Option<&Detail>, charted: &Charted) -> Stand {
    let mut stand = Stand::at(span, "here", None);
    stand.in_chart.templates.insert(span);
    if let Some(detail) = detail
        && let Some(path) = &detail.value
    {
        if let Some(value) = detail.value_at.filter(|value| detail.written && *value != span) {
            let message = format!("the value `{path}` takes part");
            stand.related.push(Label { span: value, message });
        }
        let mut files = files(charted, detail.value_at);
        if files.is_empty() {
            files.extend(detail.value_at.map(|at| at.source));
        }
        stand.in_chart.setting = Some(Setting { path: path.clone(), field: None, files });
    }
    stand
}

/// A field that is not there: it stands where a value would make the template print it.
fn missing<'t>(at: &Place<'t>, root: NodeRef<'t>, charted: &'t Charted) -> Option<Stand> {
    let by = |node: NodeRef<'_>| matches!(node.writer(), Writer::Values | Writer::Template);
    let printed = printed_as(at);
    if !by(at.node) && !printed.is_some_and(by) {
        // What nobody wrote lacks nothing.
        let nobody = at.node.writer() == Writer::MadeUp;
        return nobody.then(|| Stand { made_up: true, ..Stand::at(at.span, "here", None) });
    }
    // The line that prints what a person would extend.
    let template = match printed {
        Some(node) if node.writer() == Writer::Values => {
            charted.detail(node).and_then(|d| d.template)
        }
        _ => Some(at.span),
    };
    let Some((path, place, line)) = offered(at, root, charted) else {
        let span = template.unwrap_or(at.span);
        let mut stand = Stand::at(span, MISSING, None);
        stand.in_chart.templates.insert(span);
        return Some(stand);
    };
    let line = line.or(template);
    let span = place.or(line).unwrap_or(at.span);
    let mut stand = Stand::at(span, MISSING, line.filter(|line| *line != span));
    let files = files(charted, place);
    stand.in_chart.setting = Some(Setting { path, field: Some(at.missing.clone()), files });
    Some(stand)
}

/// The node whose place stands for what is missing: the key above it, or what a list item is known by.
fn printed_as<'t>(at: &Place<'t>) -> Option<NodeRef<'t>> {
    let step = at.missing.split('.').next().unwrap_or_default();
    let entries = [at.node.entry(step), at.node.entry("name"), at.node.entries().next()];
    let keys = entries.iter().flatten().map(|(key, _)| *key);
    let values = entries.iter().flatten().map(|(_, value)| *value);
    let around = at.node.before().into_iter().chain([at.node]);
    around.chain(keys).chain(values).find(|node| node.span() == at.span)
}

/// The path of the value that would make the template print what is missing, where it would be
/// written, and the line of the template.
fn offered<'t>(
    at: &Place<'t>,
    root: NodeRef<'t>,
    charted: &'t Charted,
) -> Option<(String, Option<Span>, Option<Span>)> {
    let (step, rest) = at.missing.split_once('.').unwrap_or((&at.missing, ""));
    // It is printed, of a value that says nothing.
    if let Some((_, value)) = at.node.entry(step)
        && let Some(detail) = charted.detail(value)
        && let Some(path) = &detail.value
    {
        return Some((join(path, rest), detail.value_at, detail.template));
    }
    let mut path = at.missing.clone();
    let above = above(root, at.node);
    for &(node, step) in &above {
        let detail = charted.detail(node).filter(|_| node.is_map());
        let field = path.split('.').next().unwrap_or_default();
        let offer = detail.and_then(|d| d.offers.iter().find(|(name, ..)| name == field));
        if let Some((field, value, place)) = offer {
            let rest = path.get(field.len()..).unwrap_or_default().trim_start_matches('.');
            return Some((below(value, field, rest), *place, None));
        }
        if let Some(detail) = detail.filter(|_| node.writer() == Writer::Values)
            && let Some(value) = &detail.value
        {
            // The key above the map, where that comes of the values as well.
            let key = node.before().filter(|key| node == at.node && key.span() == at.span);
            let key = key.filter(|key| key.writer() == Writer::Values);
            let place = key.map(NodeRef::span).or(detail.value_at);
            return Some((join(value, &path), place, detail.template));
        }
        // Beyond a list's item are others of its kind.
        let Some(step) = step else { break };
        path = format!("{step}.{path}");
    }
    for_the_pod(&path, above.iter().map(|(node, _)| *node), charted)
}

/// The same for what a pod says for all of its containers. `path` is told from the container.
fn for_the_pod<'t>(
    path: &str,
    mut above: impl Iterator<Item = NodeRef<'t>>,
    charted: &'t Charted,
) -> Option<(String, Option<Span>, Option<Span>)> {
    const CONTEXT: &str = "securityContext";
    let inside = path.strip_prefix(CONTEXT)?.strip_prefix('.')?;
    let (field, rest) = inside.split_once('.').unwrap_or((inside, ""));
    if !["runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile"].contains(&field) {
        return None;
    }
    let spec = above.find(|node| node.is_map() && node.entry("containers").is_some())?;
    let offer = |node: NodeRef<'t>, field: &str| {
        let offers = &charted.detail(node)?.offers;
        offers.iter().find(|(name, ..)| name == field)
    };
    let Some(context) = spec.get(CONTEXT) else {
        let (_, value, place) = offer(spec, CONTEXT)?;
        return Some((below(value, CONTEXT, inside), *place, None));
    };
    if let Some((_, value, place)) = offer(context, field) {
        return Some((below(value, field, rest), *place, None));
    }
    let detail = charted.detail(context).filter(|_| context.writer() == Writer::Values)?;
    let key = context.before().filter(|key| key.writer() == Writer::Values).map(NodeRef::span);
    Some((join(detail.value.as_ref()?, inside), key.or(detail.value_at), detail.template))
}

/// A node and what it lies in, up to the item of a list, each with the key that it has there.
fn above<'t>(root: NodeRef<'t>, inner: NodeRef<'t>) -> Vec<(NodeRef<'t>, Option<&'t str>)> {
    let mut chain = Vec::new();
    let mut here = root;
    let mut key = None;
    let last = |nodes: &mut dyn Iterator<Item = (Option<&'t str>, NodeRef<'t>)>| {
        nodes.take_while(|(_, node)| node.index() <= inner.index()).last()
    };
    let same = std::ptr::eq(root.tree(), inner.tree()) && root.index() <= inner.index();
    while same && here != inner {
        chain.push((here, key));
        let next = if here.is_map() {
            last(&mut here.entries().map(|(k, v)| (Some(k.text()), v)))
        } else {
            last(&mut here.items().map(|item| (None, item)))
        };
        let Some((step, child)) = next else { break };
        (key, here) = (step, child);
    }
    chain.push((inner, key.filter(|_| here == inner)));
    chain.reverse();
    chain
}

/// The path below a value that an offer names: below `securityContext` the field's own steps mean
/// something, below a switch such as `probes.enabled` they do not.
fn below(value: &str, field: &str, rest: &str) -> String {
    let last = value.rsplit('.').next().unwrap_or(value).to_ascii_lowercase();
    if last.ends_with(&field.to_ascii_lowercase()) { join(value, rest) } else { value.to_owned() }
}

fn join(path: &str, rest: &str) -> String {
    if rest.is_empty() { path.to_owned() } else { format!("{path}.{rest}") }
}

/// The file of a release in which a value is to be set: the one that has it, else its last. None for
/// the chart as nobody in particular installs it, unless it is a subchart that has the value: paths
/// begin in the values of the chart that is installed.
fn files(charted: &Charted, place: Option<Span>) -> BTreeSet<SourceId> {
    let own = place.map(|span| span.source).filter(|source| charted.values.contains(source));
    let top = || {
        let (_, top) = charted.anchors?;
        place.filter(|place| place.source != top.source).map(|_| top.source)
    };
    own.or(charted.values.last().copied()).or_else(top).into_iter().collect()
}

impl Stand {
    fn at(span: Span, label: &'static str, template: Option<Span>) -> Self {
        let message = PRINTED_BY.to_owned();
        Self {
            span,
            label,
            related: template.map(|span| Label { span, message }).into_iter().collect(),
            in_chart: InChart { templates: template.into_iter().collect(), ..InChart::default() },
            made_up: false,
        }
    }
}
