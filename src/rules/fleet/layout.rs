//! Folders of clusters and environments against each other, and against what is applied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::NodeRef;

use crate::engine::Ctx;
use crate::fleet::{Fleet, Stage, VARIANTS, environment_word, is_example, stage};
use crate::load::{self, Class, Loaded, World};
use crate::render::delivery::Source;
use crate::rules::placeholder::is_placeholder;
use crate::walk::clean;

/// A folder that nothing applies is a cluster that its owners believe to be in git.
pub(crate) fn cluster_not_applied<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if !fleet.whole || fleet.repository.is_unknown() && !has_local_source(fleet) {
        return ctx.pass_over();
    }
    let applied = Applied::of(fleet);
    if applied.directories.is_empty() {
        return ctx.pass_over();
    }
    let groups = groups(fleet.world);
    if groups.is_empty() {
        return ctx.pass_over();
    }
    let names: BTreeSet<&str> = groups
        .iter()
        .filter(|group| !group.clusters)
        .flat_map(|group| &group.children)
        .filter(|child| applied.targets(fleet, child))
        .filter_map(|child| name(child))
        .collect();
    for group in &groups {
        let (targeted, others): (Vec<&Path>, Vec<&Path>) =
            group.children.iter().map(PathBuf::as_path).partition(|c| applied.targets(fleet, c));
        for child in others {
            let Some(own_name) = name(child) else { continue };
            let expected = if group.clusters {
                !targeted.is_empty() || group.children.len() > 1 && !has_engine(fleet.world, child)
            } else {
                // Overlays for development may be for the desk.
                let known = match stage(own_name) {
                    Some(stage) => stage >= Stage::Staging,
                    None => names.contains(own_name),
                };
                !targeted.is_empty() && known && is_own_root(fleet, child)
            };
            if !expected || applied.may_target(fleet, child) {
                continue;
            }
            let Some(at) = entrance(fleet.world, child) else { continue };
            let path = fleet.world.from_root(child);
            let what = if group.clusters { "cluster" } else { "overlay" };
            let beside = match targeted.first().and_then(|path| name(path)) {
                Some(sibling) => format!(", though something applies `{sibling}` beside it"),
                None => String::new(),
            };
            let message =
                format!("no Application or Flux Kustomization applies {what} `{path}`{beside}");
            ctx.report_span(at, message).label("nothing applies this").help(format!(
                "add what delivers `{path}`, as its siblings have it, or delete the folder"
            ));
        }
    }
}

/// What every sibling takes from the base is missing in the one that does not.
pub(crate) fn cluster_without_base<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut graph: Option<Graph> = None;
    let mut groups = groups(fleet.world);
    groups.retain(|group| group.children.len() >= 2);
    if groups.is_empty() {
        return ctx.pass_over();
    }
    for group in groups {
        let graph = graph.get_or_insert_with(|| Graph::of(fleet));
        let reach: Vec<(&Path, Reach)> =
            group.children.iter().map(|child| (&**child, graph.reach(child))).collect();
        let bases: BTreeSet<&Path> = reach
            .iter()
            .flat_map(|(_, reach)| &reach.directories)
            .map(PathBuf::as_path)
            .filter(|path| name(path).is_some_and(is_base_name))
            .collect();
        let mut lacking: BTreeMap<&Path, &Path> = BTreeMap::new();
        for base in bases {
            let close =
                base.parent() == Some(&*group.folder) || base.parent() == group.folder.parent();
            let (have, lack): (Vec<_>, Vec<_>) =
                reach.iter().partition(|(_, reach)| reach.directories.contains(base));
            let norm = if close { have.len() >= lack.len() } else { have.len() >= 2 * lack.len() };
            // Of two, one is the norm only where both are environments or clusters.
            let alike = group.clusters || group.children.iter().all(|child| is_environment(child));
            // A base of something that several clusters happen to run is no base of the clusters.
            let direct = group.clusters
                && have.iter().all(|(_, reach)| reach.direct.iter().any(|path| path == base));
            if !norm || !(close || direct) || have.len() < 2 && !(close && alike) {
                continue;
            }
            // Another base of its own is a decision, and what is not here may be the base.
            let other = |reach: &Reach| {
                reach.open
                    || reach.directories.iter().any(|path| {
                        path.parent() == base.parent() && name(path).is_some_and(is_base_name)
                    })
            };
            for (child, reach) in lack.into_iter().filter(|(_, reach)| !other(reach)) {
                if !reach.directories.is_empty() {
                    lacking.entry(*child).or_insert(base);
                }
            }
        }
        for (child, base) in lacking {
            let Some(at) = resources(fleet.world, child) else { continue };
            let from_root = |path: &Path| fleet.world.from_root(path);
            let message = format!(
                "`{}` does not include `{}`, as {} do",
                from_root(child),
                from_root(base),
                siblings(&group, &reach, base)
            );
            ctx.report_span(at, message).label("the base is not among them").help(format!(
                "list `{}` in `resources`, and keep here only what differs",
                relative(child, base)
            ));
        }
    }
}

/// An environment that an application skips is one in which nobody tries its changes.
pub(crate) fn missing_environment_overlay<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let mut families = families(fleet.world);
    families.retain(|_, apps| apps.len() >= 3);
    if families.is_empty() {
        return ctx.pass_over();
    }
    for apps in families.values() {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for environments in apps.values() {
            for environment in environments.keys() {
                *counts.entry(environment).or_default() += 1;
            }
        }
        for (app, environments) in apps {
            let missing: Vec<(&str, usize)> = counts
                .iter()
                .filter(|(environment, count)| {
                    // The environment that three of four of the others have is expected.
                    let others = apps.len() - 1;
                    !environments.contains_key(**environment)
                        && **count >= 2
                        && **count * 4 >= others * 3
                        && !environments.keys().any(|own| stage(own) == stage(environment))
                })
                .map(|(environment, count)| (*environment, *count))
                .collect();
            let Some(((first, count), more)) = missing.split_first() else { continue };
            let Some(at) =
                environments.values().next_back().and_then(|path| entrance(fleet.world, path))
            else {
                continue;
            };
            let also = |(name, _): &(&str, usize)| [" and `", name, "`"].concat();
            let more = more.iter().map(also).collect::<Vec<_>>().concat();
            let have: Vec<String> = environments.keys().map(|name| format!("`{name}`")).collect();
            let message = format!(
                "`{app}` has {}, but not `{first}`{more}, which {count} of {} siblings have",
                have.join(", "),
                apps.len() - 1
            );
            ctx.report_span(at, message)
                .label("one of its overlays")
                .help(format!("add the overlay `{first}`, or say here why `{app}` needs none"));
        }
    }
}

/// Folders of clusters or overlays that lie beside each other.
struct Group {
    folder: PathBuf,
    /// `clusters/`, not `overlays/`.
    clusters: bool,
    /// With something that can be applied in them, in order.
    children: Vec<PathBuf>,
}

fn groups(world: &World<'_>) -> Vec<Group> {
    let mut groups: BTreeMap<&Path, Group> = BTreeMap::new();
    for child in world.directories() {
        let (Some(folder), Some(own)) = (child.parent(), name(child)) else { continue };
        let Some(kind) = name(folder).filter(|_| !is_base_name(own)) else { continue };
        let clusters = kind.eq_ignore_ascii_case("clusters");
        let overlays = VARIANTS.iter().any(|word| kind.eq_ignore_ascii_case(word));
        if !clusters && !overlays || is_example(world, &child.join("x")) {
            continue;
        }
        let applies = |file: &Loaded| {
            let kinds = [Class::Manifest, Class::KustomizeResource];
            file.class == Class::Kustomization && !is_component(file)
                || clusters && kinds.contains(&file.class)
        };
        if !world.files_below(child).any(applies) {
            continue;
        }
        let new = || Group { folder: folder.to_path_buf(), clusters, children: Vec::new() };
        groups.entry(folder).or_insert_with(new).children.push(child.to_path_buf());
    }
    groups.into_values().collect()
}

fn is_component(file: &Loaded) -> bool {
    document(file).and_then(|root| root.str_at("kind")) == Some("Component")
}

fn document(file: &Loaded) -> Option<NodeRef<'_>> {
    file.tree.as_ref()?.documents().next().map(|(_, root)| root)
}

fn name(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

/// Whether a folder is called like an environment and nothing else.
fn is_environment(path: &Path) -> bool {
    name(path).is_some_and(|name| environment_word(name).is_some_and(|(word, _)| word == name))
}

/// Folders that clusters share.
fn is_base_name(name: &str) -> bool {
    matches!(name.trim_start_matches(['_', '.']), "base" | "common" | "shared")
}

/// What deliveries apply.
struct Applied {
    directories: BTreeSet<PathBuf>,
    inputs: BTreeSet<SourceId>,
    /// Beginnings of paths, from the root, that are known no further.
    open: Vec<String>,
}

impl Applied {
    fn of(fleet: &Fleet<'_>) -> Self {
        let mut applied =
            Self { directories: BTreeSet::new(), inputs: BTreeSet::new(), open: Vec::new() };
        let mut sets: BTreeSet<SourceId> = BTreeSet::new();
        for delivered in &fleet.deliveries {
            let delivery = &delivered.delivery;
            sets.insert(delivery.source_at.source);
            match &delivery.source {
                Source::Directory(path) if path != fleet.world.root() => {
                    applied.directories.insert(path.clone());
                }
                Source::Directory(_) => applied.open.push(String::new()),
                Source::Unknown(_) => applied.open.extend(beginnings(delivery.owner, "spec")),
                _ => {}
            }
            let unit = delivered.unit.and_then(|at| fleet.units.get(at));
            applied.inputs.extend(unit.iter().flat_map(|unit| unit.inputs.iter().copied()));
        }
        for file in fleet.world.files().filter(|file| !sets.contains(&file.source)) {
            if !matches!(file.class, Class::Manifest | Class::KustomizeResource) {
                continue;
            }
            for (object, _) in file.tree.iter().flat_map(load::file_objects) {
                if object.kind() == Kind::ApplicationSet {
                    applied.open.extend(beginnings(object, "spec.template.spec"));
                }
            }
        }
        applied
    }

    fn targets(&self, fleet: &Fleet<'_>, child: &Path) -> bool {
        let mut below = self
            .directories
            .range::<Path, _>((std::ops::Bound::Included(child), std::ops::Bound::Unbounded));
        below.next().is_some_and(|path| path.starts_with(child))
            || child.ancestors().any(|above| self.directories.contains(above))
            || fleet.world.files_below(child).any(|file| self.inputs.contains(&file.source))
    }

    /// Whether a path that is not known to its end may lead there.
    fn may_target(&self, fleet: &Fleet<'_>, child: &Path) -> bool {
        let path = fleet.world.from_root(child);
        self.open.iter().any(|open| path.starts_with(open.as_str()) || open.starts_with(&path))
    }
}

/// The beginnings of the paths of an owner, up to what is filled in.
fn beginnings(object: Object<'_>, spec: &str) -> Vec<String> {
    let Some(spec) = object.path(spec) else { return Vec::new() };
    let sources = spec.get("source").into_iter().chain(spec.items_at("sources"));
    let paths = sources.filter_map(|s| s.get("path")).chain(spec.get("path")).map(NodeRef::text);
    paths
        .filter(|path| is_placeholder(path) || path.contains("<<"))
        .map(|path| {
            let end = path.find(['{', '$', '<']).unwrap_or(path.len());
            let path = path.get(..end).unwrap_or(path);
            path.trim_start_matches("./").trim_start_matches('/').to_owned()
        })
        .collect()
}

fn has_local_source(fleet: &Fleet<'_>) -> bool {
    fleet.deliveries.iter().any(|d| matches!(d.delivery.source, Source::Directory(_)))
}

/// Whether a folder holds what makes its cluster follow git: it may be where everything begins.
fn has_engine(world: &World<'_>, folder: &Path) -> bool {
    world.files_below(folder).filter_map(|file| file.tree.as_ref()).any(|tree| {
        load::file_objects(tree).any(|(object, _)| {
            object.group().ends_with("fluxcd.io")
                || object.group() == "fluxcd.controlplane.io"
                || matches!(object.kind(), Kind::Application | Kind::ApplicationSet)
        })
    })
}

/// Whether a folder is a root that no other kustomization includes.
fn is_own_root(fleet: &Fleet<'_>, folder: &Path) -> bool {
    fleet.units.iter().any(|unit| !unit.delivered && unit.directory == folder)
}

/// Where a reader enters a folder: its kustomization, else its first manifest.
fn entrance(world: &World<'_>, folder: &Path) -> Option<Span> {
    let own = world.kustomizations(folder).into_iter().next();
    let below = || {
        let kinds = [Class::Kustomization, Class::Manifest, Class::KustomizeResource];
        world.files_below(folder).find(|file| kinds.contains(&file.class))
    };
    let file = own.or_else(below)?;
    let root = document(file)?;
    if file.class == Class::Kustomization {
        return first_key(root);
    }
    let first = load::file_objects(file.tree.as_ref()?).next();
    first.map(|(object, _)| object.place().span).or_else(|| first_key(root))
}

fn first_key(root: NodeRef<'_>) -> Option<Span> {
    let listed = root.entry("resources").or_else(|| root.entries().next());
    listed.map(|(key, _)| key.span())
}

/// Where the resources of the first kustomization of a folder stand.
fn resources(world: &World<'_>, folder: &Path) -> Option<Span> {
    let own = world.kustomizations(folder).into_iter().next();
    let below = || world.files_below(folder).find(|file| file.class == Class::Kustomization);
    first_key(document(own.or_else(below)?)?)
}

/// What includes or delivers what, by directory.
struct Graph {
    edges: BTreeMap<PathBuf, Edges>,
}

#[derive(Default)]
struct Edges {
    to: BTreeSet<PathBuf>,
    /// It names something that is not here.
    open: bool,
}

#[derive(Default)]
struct Reach {
    /// What the folder itself names.
    direct: BTreeSet<PathBuf>,
    directories: BTreeSet<PathBuf>,
    open: bool,
}

impl Graph {
    fn of(fleet: &Fleet<'_>) -> Self {
        let mut edges: BTreeMap<PathBuf, Edges> = BTreeMap::new();
        let mut folders: BTreeMap<SourceId, &Path> = BTreeMap::new();
        for file in fleet.world.files() {
            let Some(folder) = file.input.path.parent() else { continue };
            folders.insert(file.source, folder);
            if file.class != Class::Kustomization {
                continue;
            }
            let own = edges.entry(folder.to_path_buf()).or_default();
            let Some(root) = document(file) else { continue };
            for field in ["resources", "bases", "components"] {
                for item in root.items_at(field).filter_map(NodeRef::as_str) {
                    let path = clean(&folder.join(item));
                    if fleet.world.is_directory(&path) {
                        own.to.insert(path);
                    } else if fleet.world.file(&path).is_some() {
                        own.to.extend(path.parent().map(Path::to_path_buf));
                    } else {
                        own.open = true;
                    }
                }
            }
        }
        for delivered in &fleet.deliveries {
            let Some(folder) = folders.get(&delivered.delivery.source_at.source) else { continue };
            let own = edges.entry(folder.to_path_buf()).or_default();
            match &delivered.delivery.source {
                Source::Directory(path) => _ = own.to.insert(path.clone()),
                Source::Elsewhere(_) | Source::Unknown(_) => own.open = true,
                Source::Missing(_) | Source::Chart(_) => {}
            }
        }
        Self { edges }
    }

    /// Everything that a folder and those below it lead to, itself left out.
    fn reach(&self, folder: &Path) -> Reach {
        let mut reach = Reach::default();
        let from = self
            .edges
            .range::<Path, _>((std::ops::Bound::Included(folder), std::ops::Bound::Unbounded));
        let below = from.take_while(|(path, _)| path.starts_with(folder));
        let mut pending: Vec<&Edges> = below.map(|(_, edges)| edges).collect();
        reach.direct.extend(pending.iter().flat_map(|edges| edges.to.iter().cloned()));
        while let Some(edges) = pending.pop() {
            reach.open |= edges.open;
            for to in &edges.to {
                if reach.directories.insert(to.clone()) {
                    pending.extend(self.edges.get(to));
                }
            }
        }
        reach
    }
}

/// `staging` or `3 of its 4 siblings`.
fn siblings(group: &Group, reach: &[(&Path, Reach)], base: &Path) -> String {
    let have: Vec<&str> = reach
        .iter()
        .filter(|(_, reach)| reach.directories.contains(base))
        .filter_map(|(path, _)| name(path))
        .collect();
    match have.as_slice() {
        [one] => format!("its siblings (`{one}`)"),
        [one, two] => format!("its siblings `{one}` and `{two}`"),
        many => format!("{} of its {} siblings", many.len(), group.children.len() - 1),
    }
}

/// A path as a kustomization in a directory writes it.
fn relative(from: &Path, to: &Path) -> String {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - shared;
    let mut path: PathBuf = std::iter::repeat_n("..", up).collect();
    path.extend(to.components().skip(shared));
    path.to_string_lossy().replace('\\', "/")
}

/// The kustomizations of each application by environment, by application, by what they lie in.
type Families = BTreeMap<String, BTreeMap<String, BTreeMap<String, PathBuf>>>;

fn families(world: &World<'_>) -> Families {
    let mut families = Families::new();
    for file in world.files().filter(|file| file.class == Class::Kustomization) {
        let Some(folder) = file.input.path.parent() else { continue };
        if is_component(file) || is_example(world, &file.input.path) {
            continue;
        }
        let path = world.from_root(folder);
        let parts: Vec<&str> = path.split('/').collect();
        // `overlays/prod-eu` is an environment, and `apps/dev-tools` is none.
        let word = |at: usize| {
            let part = parts.get(at).copied().unwrap_or("");
            let folder = at.checked_sub(1).and_then(|at| parts.get(at));
            let named = folder.is_some_and(|f| VARIANTS.contains(f) || *f == "clusters");
            environment_word(part).is_some_and(|(word, _)| {
                let ends = part.starts_with(word) || part.ends_with(word);
                word == part || named && ends
            })
        };
        let Some(at) = (0..parts.len()).rev().find(|at| word(*at)) else { continue };
        let (before, after) = (parts.get(..at), parts.get(at + 1..));
        let (Some(before), Some(after), Some(environment)) = (before, after, parts.get(at)) else {
            continue;
        };
        // `apps/web/overlays/prod`, `apps/web/prod`, or `envs/prod/web`.
        let (family, app) = if let Some((app, inside)) = after.split_last() {
            (format!("{}/*/{}", before.join("/"), inside.join("/")), (*app).to_owned())
        } else {
            let folders = VARIANTS.iter().any(|word| before.last() == Some(word));
            let cut = before.len().saturating_sub(usize::from(folders));
            let Some((app, above)) = before.get(..cut).and_then(<[&str]>::split_last) else {
                continue;
            };
            let tail = if folders { before.last().copied().unwrap_or("") } else { "" };
            (format!("{}//{tail}", above.join("/")), (*app).to_owned())
        };
        let apps = families.entry(family).or_default();
        apps.entry(app).or_default().insert((*environment).to_owned(), folder.to_path_buf());
    }
    families
}
