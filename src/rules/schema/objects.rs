//! What an object is, and whether it is there once.

use std::fmt::Write as _;
use std::sync::LazyLock;

use kubeready_manifest::kube::lifecycle::{Lifecycle, lifecycle};
use kubeready_manifest::kube::{Container, Kind, Object};
use kubeready_manifest::yaml::NodeRef;
use memchr::memchr2_iter;
use memchr::memmem::Finder;
use rustc_hash::FxHashMap;

use super::super::replicas::precedes;
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// A deprecated API still works; the release that drops it is already named.
pub(crate) fn deprecated_api<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    let Some(life) = lifecycle(object.api_version(), object.kind_name()) else { return };
    let Some(since) = life.deprecated.filter(|since| *since <= version) else { return };
    let removed = life.removed.filter(|removed| *removed <= version);
    if removed.is_some() && ctx.is_on("removed-api") {
        return;
    }
    let mut message = format!(
        "{} of `{}` is deprecated since Kubernetes 1.{since}",
        object.kind_name(),
        object.api_version()
    );
    if let Some(removed) = life.removed {
        let _ = write!(message, " and gone in 1.{removed}");
    }
    ctx.report(object.at("apiVersion"), message).label("deprecated").help(successor(life, object));
}

/// Of two values of one variable only the last counts.
pub(crate) fn duplicate_env_var<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    if container.path("env").is_none_or(|env| env.len() < 2) {
        return ctx.pass_over();
    }
    let mut first: FxHashMap<&str, NodeRef<'t>> = FxHashMap::default();
    for entry in container.env() {
        let Some(name) = entry.get("name").filter(|name| !name.text().is_empty()) else { continue };
        let Some(before) = first.insert(name.text(), name) else { continue };
        // `PATH=$(PATH):/opt` builds on the value before it.
        let builds_on = entry.str_at("value").is_some_and(|value| {
            value.split("$(").skip(1).any(|rest| rest.split(')').next() == Some(name.text()))
        });
        if builds_on || is_placeholder(name.text()) {
            continue;
        }
        let message =
            format!("container `{}` sets the variable `{}` twice", container.name(), name.text());
        ctx.report(name.here(), message)
            .label("set again")
            .help("keep one of the two; as it stands, the last one counts")
            .related(before.span(), "first set here");
    }
}

/// Of two definitions of one object the last applied wins.
pub(crate) fn duplicate_object<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if !object.is_named() || is_placeholder(object.name()) {
        return;
    }
    let index = ctx.index();
    let same = index.find(object.kind(), object.namespace_key(), object.name());
    if same.len() < 2 {
        return;
    }
    let before = same.iter().copied().find(|other| {
        index.same_directory(*other, object)
            && precedes(*other, object)
            && other.kind_name() == object.kind_name()
            && (object.kind() != Kind::Other || other.group() == object.group())
            && other.namespace() == object.namespace()
            && index.standing(*other) != Standing::Unrendered
    });
    let Some(before) = before else { return };
    let message = format!("{} `{}` is defined twice", object.kind_name(), object.name());
    let variants = index.may_be_variants(before, object);
    let finding = ctx.report(object.place(), message);
    finding
        .label("defined again")
        .help("keep one of the two, or give them different names or namespaces")
        .related(before.place().span, "first defined here");
    if object.kind() == Kind::Namespace {
        finding.severity(Severity::Advice);
    } else if variants {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
}

/// The API server no longer knows a removed API: the object cannot be applied.
pub(crate) fn removed_api<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let version = ctx.kubernetes_version();
    let Some(life) = lifecycle(object.api_version(), object.kind_name()) else { return };
    let Some(removed) = life.removed.filter(|removed| *removed <= version) else { return };
    let message = format!(
        "{} of `{}` was removed in Kubernetes 1.{removed}",
        object.kind_name(),
        object.api_version()
    );
    ctx.report(object.at("apiVersion"), message).label("removed").help(successor(life, object));
}

/// A template that nobody has filled in is applied as it stands, or refused.
pub(crate) fn unrendered_template<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    const GROUPS: &[&str] = &[
        "",
        "apps",
        "autoscaling",
        "batch",
        "extensions",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    ];
    if !GROUPS.contains(&object.group()) || object.kind_name() == "Template" {
        return ctx.pass_over();
    }
    if !may_hold_marker(object.root()) {
        return;
    }
    let mut search = Search { place: None, more: 0, mark: "", flux: None };
    search.walk(object.root(), ctx);
    let Some(node) = search.place else { return };
    let mut message = format!(
        "{} `{}` holds a template marker `{}`",
        object.kind_name(),
        object.name(),
        search.mark
    );
    if search.more > 0 {
        let _ = write!(message, " and {} more", search.more);
    }
    ctx.report(node.here(), message)
        .label("not filled in")
        .help("render the file before it is applied, or write the value");
}

/// Where to go from an API that ends.
fn successor(life: &Lifecycle, object: Object<'_>) -> String {
    match life.replacement {
        None if object.kind_name() == "PodSecurityPolicy" => {
            "delete it: Pod Security admission took its place; label the namespaces with \
             `pod-security.kubernetes.io/enforce`"
                .to_owned()
        }
        None => "no API replaces it".to_owned(),
        Some(next) if next.contains(' ') || !next.contains(object.kind_name()) => {
            format!("move to `{next}`; some fields may have changed")
        }
        Some(next) => format!("use `{next}`"),
    }
}

/// Looks for markers where no template can be meant.
struct Search<'t> {
    place: Option<NodeRef<'t>>,
    more: usize,
    mark: &'t str,
    /// Whether Flux fills in `${NAME}`; asked when the first one is met.
    flux: Option<bool>,
}

impl<'t> Search<'t> {
    fn walk(&mut self, node: NodeRef<'t>, ctx: &Ctx<'_, 't>) {
        if node.is_scalar() {
            if let Some(mark) = marker(node.text())
                && !(mark.starts_with('$') && self.is_substituted(ctx))
            {
                self.add(node, mark);
            }
        } else {
            for item in node.items() {
                self.walk(item, ctx);
            }
            for (key, value) in node.entries().filter(|(key, _)| !is_payload(key.text())) {
                if let Some(mark) = marker(key.text()) {
                    self.add(key, mark);
                }
                self.walk(value, ctx);
            }
        }
    }

    fn add(&mut self, node: NodeRef<'t>, mark: &'t str) {
        if self.place.is_some() {
            self.more += 1;
        } else {
            self.place = Some(node);
            self.mark = mark;
        }
    }

    fn is_substituted(&mut self, ctx: &Ctx<'_, 't>) -> bool {
        *self.flux.get_or_insert_with(|| {
            let mut all = ctx.index().objects(Kind::FluxKustomization).iter();
            all.any(|kustomization| kustomization.path("spec.postBuild").is_some())
        })
    }
}

/// Fields whose text is for programs that have templates of their own.
fn is_payload(key: &str) -> bool {
    matches!(
        key,
        "annotations"
            | "args"
            | "binaryData"
            | "command"
            | "data"
            | "description"
            | "env"
            | "exec"
            | "httpHeaders"
            | "parameters"
            | "status"
            | "stringData"
            | "subPathExpr"
            | "volumeAttributes"
    )
}

/// Whether a marker may stand in some text below a node: one look at its bytes is much less work than
/// one at every text.
fn may_hold_marker(node: NodeRef<'_>) -> bool {
    static REPLACE_ME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"REPLACE_ME"));
    let Some(texts) = node.tree().texts_around(node) else { return true };
    texts.into_iter().map(str::as_bytes).any(|text| {
        let opens = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            text.get(at) == Some(&b'<') || matches!(before, Some(b'{' | b'$'))
        };
        memchr2_iter(b'<', b'{', text).any(opens) || REPLACE_ME.find(text).is_some()
    })
}

/// A template marker in a text: `{{ … }}`, `${NAME}`, `<NAME>`, `REPLACE_ME`.
fn marker(text: &str) -> Option<&str> {
    if !text.contains(['{', '<', 'R']) {
        return None;
    }
    let between = |open: &str, close: &str| {
        let start = text.find(open)?;
        let inner = &text[start + open.len()..];
        let end = inner.find(close)?;
        Some((&inner[..end], &text[start..start + open.len() + end + close.len()]))
    };
    if let Some((_, mark)) = between("{{", "}}") {
        return Some(mark);
    }
    if let Some((inner, mark)) = between("${", "}")
        && inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        return Some(mark);
    }
    if let Some((inner, mark)) = between("<", ">")
        && inner.starts_with(|c: char| c.is_ascii_alphabetic())
        && inner.len() <= 60
        && inner.chars().all(|c| c.is_ascii_alphanumeric() || " _-.:".contains(c))
        && text.len() <= 200
    {
        return Some(mark);
    }
    text.contains("REPLACE_ME").then_some("REPLACE_ME")
}
