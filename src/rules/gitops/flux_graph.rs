//! `dependsOn` of Flux: what waits for what, and what waits for ever.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashMap;

use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;

/// As many steps of a circle as a person wants to read.
const SHOWN: usize = 8;

/// Identity of an object: where it is written.
type Key = (SourceId, u32);

fn key(object: Object<'_>) -> Key {
    (object.root().tree().source(), object.root().index())
}

/// Who depends on whom, for the Kustomizations or HelmReleases of a set.
#[derive(Debug, Default)]
pub(crate) struct Graph<'t> {
    /// The first entry that names an object.
    dependents: FxHashMap<Key, NodeRef<'t>>,
    /// For the first object of each circle: its entry, and those of the others in order.
    circles: FxHashMap<Key, Vec<NodeRef<'t>>>,
    by_name: FxHashMap<&'t str, Vec<Object<'t>>>,
}

/// What waits for something that never comes waits for ever.
pub(crate) fn dangling_flux_dependency<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !matches!(object.kind(), Kind::FluxKustomization | Kind::HelmRelease) {
        return ctx.pass_over();
    }
    let index = ctx.index();
    let graph = Graph::of(index, object.kind());
    let kind = object.kind_name();
    if let Some(circle) = graph.circles.get(&key(object)) {
        report_circle(object, circle, ctx);
    }
    for entry in object.items_at("spec.dependsOn") {
        let Some(name) = entry.get("name") else { continue };
        if is_unknown(entry) || !graph.candidates(index, object, entry).is_empty() {
            continue;
        }
        let elsewhere = graph.by_name.get(name.text()).and_then(|found| found.first());
        if let Some(other) = elsewhere {
            let namespace = other.namespace_key();
            let message = format!(
                "{kind} `{}` depends on `{}`, which lives in namespace `{namespace}`",
                object.name(),
                name.text()
            );
            ctx.report(name.here(), message)
                .related(other.place().span, "this one is meant")
                .help(format!("add `namespace: {namespace}` to the entry"));
            continue;
        }
        if made_by_resource_set(index, kind) {
            continue;
        }
        let alone = is_foreign(index, object, entry);
        let message = format!(
            "{kind} `{}` depends on {kind} `{}`, which nothing in the tree defines",
            object.name(),
            name.text()
        );
        let finding = ctx.report(name.here(), message);
        finding
            .label("never ready, so this is never applied")
            .help("mend the name, or remove the entry");
        if alone {
            finding.severity(Severity::Advice).confidence(Confidence::Hint);
        }
    }
}

/// The first entry that makes another object wait for this one to be ready; one that says itself
/// what ready means (`readyExpr`) does not count.
pub(super) fn dependent<'t>(index: &Index<'t>, object: Object<'t>) -> Option<NodeRef<'t>> {
    Graph::of(index, object.kind()).dependents.get(&key(object)).copied()
}

/// Whether a ResourceSet makes objects of a kind that are not seen here.
pub(super) fn made_by_resource_set(index: &Index<'_>, kind: &str) -> bool {
    index.objects(Kind::ResourceSet).iter().any(|set| {
        let inside = set.spec().into_iter().flat_map(NodeRef::descendants);
        inside
            .filter(|n| n.is_scalar())
            .any(|n| n.text() == kind || n.text().contains('\n') && n.text().contains(kind))
    })
}

fn report_circle<'t>(object: Object<'t>, circle: &[NodeRef<'t>], ctx: &mut Ctx<'_, 't>) {
    let Some((first, rest)) = circle.split_first() else { return };
    let names: Vec<&str> =
        circle.iter().filter_map(|entry| entry.get("name")).map(NodeRef::text).collect();
    let kind = object.kind_name();
    let message = match rest {
        [] => format!("{kind} `{}` depends on itself", object.name()),
        _ => format!(
            "{kind} `{}` depends on itself by way of `{}`",
            object.name(),
            names.get(..rest.len().min(SHOWN)).unwrap_or_default().join("`, `")
        ),
    };
    let place = first.get("name").unwrap_or(*first);
    let finding = ctx.report(place.here(), message);
    finding.label("none of them is ever applied").help("remove one entry of the circle");
    for entry in rest.iter().take(SHOWN) {
        finding.related(entry.span(), "and on");
    }
}

/// A name that is filled in later.
fn is_unknown(entry: NodeRef<'_>) -> bool {
    ["name", "namespace"].iter().any(|k| entry.get(k).is_some_and(|n| is_placeholder(n.text())))
}

/// Whether the entry leads into a namespace of which the tree holds nothing of that kind.
fn is_foreign(index: &Index<'_>, object: Object<'_>, entry: NodeRef<'_>) -> bool {
    let Some(namespace) = entry.get("namespace") else { return false };
    namespace.text() != object.namespace_key()
        && index.objects_in(object.kind(), namespace.text()).next().is_none()
}

impl<'t> Graph<'t> {
    fn of<'i>(index: &'i Index<'t>, kind: Kind) -> &'i Self {
        let notes = index.notes();
        let slot = if kind == Kind::HelmRelease {
            &notes.helm_release_graph
        } else {
            &notes.flux_kustomization_graph
        };
        slot.get_or_init(|| Self::build(index, kind))
    }

    fn build(index: &Index<'t>, kind: Kind) -> Self {
        let mut graph = Self::default();
        let objects = index.objects(kind);
        for &object in objects {
            graph.by_name.entry(object.name()).or_default().push(object);
        }
        let numbers: FxHashMap<Key, usize> =
            objects.iter().enumerate().map(|(at, o)| (key(*o), at)).collect();
        let mut edges: Vec<Vec<(usize, NodeRef<'t>)>> = vec![Vec::new(); objects.len()];
        for (object, edges) in objects.iter().zip(&mut edges) {
            for entry in object.items_at("spec.dependsOn") {
                let Some(other) = graph.only(index, *object, entry) else { continue };
                if entry.get("readyExpr").is_none() {
                    graph.dependents.entry(key(other)).or_insert(entry);
                }
                edges.extend(numbers.get(&key(other)).map(|to| (*to, entry)));
            }
        }
        for circle in circles(&edges) {
            if let Some(first) = circle.first().and_then(|(at, _)| objects.get(*at)) {
                let entries = circle.iter().map(|(_, entry)| *entry).collect();
                graph.circles.insert(key(*first), entries);
            }
        }
        graph
    }

    /// What an entry may mean: by name and namespace, as far as namespaces are known.
    fn candidates(
        &self,
        index: &Index<'t>,
        object: Object<'t>,
        entry: NodeRef<'t>,
    ) -> Vec<Object<'t>> {
        let Some(name) = entry.get("name").map(NodeRef::text) else { return Vec::new() };
        let written = entry.get("namespace").map(NodeRef::text);
        let open = written.is_none() && index.is_namespace_open(object);
        let namespace = written.unwrap_or(object.namespace_key());
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let fits =
            |o: &Object<'t>| open || o.namespace_key() == namespace || index.is_namespace_open(*o);
        named.iter().copied().filter(fits).collect()
    }

    /// The one that an entry means, where it can mean only one.
    fn only(
        &self,
        index: &Index<'t>,
        object: Object<'t>,
        entry: NodeRef<'t>,
    ) -> Option<Object<'t>> {
        let found = self.candidates(index, object, entry);
        if let [one] = *found {
            return Some(one);
        }
        let mut beside = found.into_iter().filter(|o| index.same_directory(*o, object));
        beside.next().filter(|_| beside.next().is_none())
    }
}

/// Circles of a graph, each once, from its first node on: the nodes and the edges that lead on.
/// Every node is entered once, so a node that is on several circles shows one of them.
fn circles<E: Copy>(edges: &[Vec<(usize, E)>]) -> Vec<Vec<(usize, E)>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; edges.len()];
    let mut found = Vec::new();
    // One circle for each node that closes one: a dense graph has more of them than anybody reads.
    let mut closed = vec![false; edges.len()];
    for start in 0..edges.len() {
        if states.get(start) != Some(&State::New) {
            continue;
        }
        // Node and the number of its next edge.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let (here, at) = (*node, *next);
            if let Some(state) = states.get_mut(here) {
                *state = State::Open;
            }
            let Some(&(to, _)) = edges.get(here).and_then(|e| e.get(at)) else {
                if let Some(state) = states.get_mut(here) {
                    *state = State::Done;
                }
                path.pop();
                continue;
            };
            *next += 1;
            match states.get(to) {
                Some(State::New) => path.push((to, 0)),
                Some(State::Open) if closed.get(to) == Some(&false) => {
                    if let Some(closed) = closed.get_mut(to) {
                        *closed = true;
                    }
                    let from = path.iter().position(|(n, _)| *n == to).unwrap_or(0);
                    let steps = path.get(from..).unwrap_or_default();
                    let edge = |(n, next): &(usize, usize)| {
                        Some((*n, edges.get(*n)?.get(next.checked_sub(1)?)?.1))
                    };
                    let mut circle: Vec<_> = steps.iter().filter_map(edge).collect();
                    let first = (0..circle.len()).min_by_key(|at| circle.get(*at).map(|c| c.0));
                    circle.rotate_left(first.unwrap_or(0));
                    found.push(circle);
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::circles;

    #[test]
    fn circles_are_found_once_and_start_with_their_first_node() {
        let edges =
            vec![vec![(1, 'a')], vec![(2, 'b')], vec![(3, 'c')], vec![(1, 'd')], vec![(4, 'e')]];
        assert_eq!(circles(&edges), [vec![(1, 'b'), (2, 'c'), (3, 'd')], vec![(4, 'e')]]);
        let long: Vec<Vec<(usize, ())>> = (0..100_000).map(|n| vec![(n + 1, ())]).collect();
        assert!(circles(&long).is_empty());
    }
}
