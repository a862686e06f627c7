//! How an Application is synced: what changes by itself, what is deleted, what is overlooked.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::application::{Application, Automation, Environment, Flag};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::index::Index;
use crate::rules::placeholder::is_placeholder;
use crate::set::Standing;

/// From so many Applications on, what nearly all of them do is how things are done here.
const MANY_BY_HAND: usize = 10;

const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HOOK: &str = "argocd.argoproj.io/hook";
const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// An empty render is far more often a mistake than a wish.
pub(crate) fn application_allow_empty<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some((app, automated)) = automated(object) else { return ctx.pass_over() };
    // Nothing is deleted without pruning.
    if Flag::of(automated.get("allowEmpty")) != Flag::On
        || Flag::of(automated.get("prune")) != Flag::On
    {
        return;
    }
    let message = format!("{} may delete everything when its source renders nothing", app.title());
    ctx.report(app.at("syncPolicy.automated.allowEmpty"), message)
        .help("remove `allowEmpty`, so that a wrong path or an emptied folder stops the sync");
}

/// What is not compared is neither seen to drift nor corrected.
pub(crate) fn application_ignores_too_much<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::read(object) else { return ctx.pass_over() };
    for item in app.spec.items_at("ignoreDifferences") {
        let kind = item.get("kind").map_or("", NodeRef::text);
        let pointers = item.items_at("jsonPointers").filter(|p| hides(item, p.text()));
        let expressions = item.items_at("jqPathExpressions").filter(|e| {
            let path = e.text().trim();
            path.starts_with('.') && hides(item, &as_pointer(path))
        });
        let Some(broad) = pointers.chain(expressions).next() else { continue };
        let (title, what) = (app.title(), broad.text());
        let message = if kind == "*" {
            format!("{title} does not compare `{what}` of any kind")
        } else {
            format!("{title} does not compare `{what}` of {kind}")
        };
        ctx.report(broad.here(), message)
            .label("hides almost every difference")
            .help("name the one field that something else sets, such as `/spec/replicas` of a Deployment by its name");
    }
}

/// Each of these takes away a safeguard from every object of the application.
pub(crate) fn application_unsafe_sync_option<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let app = Application::read(object);
    if let Some(app) = app {
        for option in app.spec.items_at("syncPolicy.syncOptions") {
            let Some((does, help)) = unsafe_option(option.text().trim()) else { continue };
            ctx.report(option.here(), format!("{} {does}", app.title())).help(help);
        }
    }
    let lasting = matches!(
        object.kind(),
        Kind::Deployment
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Service
            | Kind::Namespace
            | Kind::PersistentVolumeClaim
            | Kind::PersistentVolume
            | Kind::CustomResourceDefinition
    );
    let value = if lasting { annotation(object, SYNC_OPTIONS) } else { None };
    if app.is_none() && value.is_none() {
        return ctx.pass_over();
    }
    let Some(value) = value else { return };
    if value.text().split(',').any(|option| option.trim() == "Force=true") {
        let message =
            format!("a sync may delete and recreate {} `{}`", object.kind_name(), object.name());
        ctx.report(value.here(), message)
            .help("remove `Force=true`; it is meant for Jobs, which cannot be changed");
    }
}

/// A change that waits for somebody's click is not delivered, and drift is not seen to.
pub(crate) fn application_without_automated_sync<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some(app) = Application::read(object).filter(|a| !a.is_synced_by_another()) else {
        return ctx.pass_over();
    };
    let disabled = match app.automation() {
        Automation::Manual => false,
        Automation::Disabled => true,
        Automation::Automated(_) | Automation::Unknown => return,
    };
    let index = ctx.index();
    let (automated, manual) =
        index.notes().manual_applications.get_or_init(|| manual_applications(index));
    // Where hardly anything is automated, it is one decision and not one for each Application.
    let all = !disabled && manual.len() >= MANY_BY_HAND && manual.len() > 4 * automated;
    if all && manual.first().is_none_or(|first| first.root() != object.root()) {
        return;
    }
    // Without the field, the place is that of what is written above it.
    let switch = app.spec.path("syncPolicy.automated.enabled").is_some();
    let path = if switch { "syncPolicy.automated.enabled" } else { "syncPolicy.automated" };
    // Production by hand may be a policy, and so may what somebody turned off.
    let policy = disabled || is_production(app, index);
    let message = match manual.len() {
        more if all => format!("{} and {} more wait for a sync by hand", app.title(), more - 1),
        _ => format!("{} waits for a sync by hand", app.title()),
    };
    let finding = ctx.report(app.at(path), message);
    finding.help("add `syncPolicy.automated` with `selfHeal: true` and `prune: true`");
    if policy {
        finding.severity(Severity::Advice).confidence(Confidence::Likely);
    }
}

/// How many Applications of a set are synced by themselves, and its own that nothing syncs: those
/// for production last, where a sync by hand may be a policy.
fn manual_applications<'t>(index: &Index<'t>) -> (usize, Vec<Object<'t>>) {
    let (mut automated, mut manual) = (0, Vec::new());
    let delivering = [Kind::Application, Kind::ApplicationSet];
    for &object in delivering.iter().flat_map(|kind| index.objects(*kind)) {
        let Some(app) = Application::read(object).filter(|a| !a.is_synced_by_another()) else {
            continue;
        };
        match app.automation() {
            Automation::Automated(_) => automated += 1,
            Automation::Manual if index.standing(object) != Standing::Context => {
                // What something brings in stands for the rest before what people apply.
                let by_hand = index.entry(object).is_none();
                manual.push(((is_production(app, index), by_hand), object));
            }
            Automation::Manual | Automation::Disabled | Automation::Unknown => {}
        }
    }
    manual.sort_by_key(|(order, _)| *order);
    (automated, manual.into_iter().map(|(_, object)| object).collect())
}

fn is_production<'t>(app: Application<'t>, index: &Index<'t>) -> bool {
    app.environment(index) == Environment::Production
}

/// What was taken out of the repository goes on running, unseen by reviews.
pub(crate) fn application_without_prune<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some((app, automated)) = automated(object) else { return ctx.pass_over() };
    if matches!(Flag::of(automated.get("prune")), Flag::Unset | Flag::Off) {
        let message = format!("{} keeps objects that its source no longer has", app.title());
        ctx.report(app.at("syncPolicy.automated.prune"), message)
            .help("set `prune: true`; protect single objects by the annotation `argocd.argoproj.io/sync-options: Prune=false`");
    }
}

/// Without it a change by hand stays until the next commit.
pub(crate) fn application_without_self_heal<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let Some((app, automated)) = automated(object) else { return ctx.pass_over() };
    if matches!(Flag::of(automated.get("selfHeal")), Flag::Unset | Flag::Off) {
        let message = format!("{} does not undo changes made by hand", app.title());
        ctx.report(app.at("syncPolicy.automated.selfHeal"), message).help("set `selfHeal: true`");
    }
}

/// Argo CD passes over a word that it does not know without saying so.
pub(crate) fn invalid_sync_wave<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.annotations().is_empty() && Application::read(object).is_none() {
        return ctx.pass_over();
    }
    let wave = annotation(object, WAVE).filter(|w| w.text().parse::<i64>().is_err());
    if let Some(wave) = wave {
        ctx.report(wave.here(), format!("sync wave `{}` is no whole number", wave.text()))
            .label("taken as wave 0")
            .help("write a whole number in quotes, such as `\"-1\"`");
    }
    let known = ["PreSync", "Sync", "PostSync", "SyncFail", "PreDelete", "PostDelete", "Skip"];
    words(object, HOOK, &known, "is no hook of Argo CD", ctx);
    let known = ["HookSucceeded", "HookFailed", "BeforeHookCreation"];
    words(object, HOOK_DELETE_POLICY, &known, "is no policy for hooks of Argo CD", ctx);
    let annotated = annotation(object, SYNC_OPTIONS).into_iter();
    let own = Application::read(object);
    let own = own.into_iter().flat_map(|app| app.spec.items_at("syncPolicy.syncOptions"));
    for value in annotated.chain(own) {
        for option in value.text().split(',').map(str::trim) {
            if let Some(right) = misspelt_option(option) {
                ctx.report(value.here(), format!("`{option}` is no sync option of Argo CD"))
                    .label("has no effect")
                    .help(format!("write `{right}`"));
            }
        }
    }
}

/// The Application of an object that is synced automatically, and its `automated`.
fn automated<'t>(object: Object<'t>) -> Option<(Application<'t>, NodeRef<'t>)> {
    let app = Application::read(object).filter(|a| !a.is_synced_by_another())?;
    match app.automation() {
        Automation::Automated(automated) => Some((app, automated)),
        Automation::Manual | Automation::Disabled | Automation::Unknown => None,
    }
}

/// The value of an annotation, unless it is to be filled in.
fn annotation<'t>(object: Object<'t>, key: &str) -> Option<NodeRef<'t>> {
    let value = object.annotations().node()?.get(key)?;
    (value.is_scalar() && !is_placeholder(value.text())).then_some(value)
}

/// Reports the first word of a list in an annotation that Argo CD does not know.
fn words<'t>(
    object: Object<'t>,
    key: &str,
    known: &[&'static str],
    why: &str,
    ctx: &mut Ctx<'_, 't>,
) {
    let Some(value) = annotation(object, key) else { return };
    let unknown = value.text().split(',').map(str::trim).find(|word| !known.contains(word));
    let Some(word) = unknown else { return };
    let finding = ctx.report(value.here(), format!("`{word}` {why}"));
    match crate::spelling::nearest(word, known.iter().copied()) {
        Some(near) => finding.help(format!("write `{near}`")),
        None => finding.help(format!("use one of {}", known.join(", "))),
    };
    if key == HOOK && !value.text().contains(',') {
        finding.label("a hook of no phase is never applied");
    }
}

fn unsafe_option(option: &str) -> Option<(&'static str, &'static str)> {
    match option {
        "Replace=true" => Some((
            "replaces objects instead of merging into them",
            "remove `Replace=true`; for objects too large for an annotation use `ServerSideApply=true`, or annotate the one that needs it",
        )),
        "Force=true" => Some((
            "deletes and recreates objects that it cannot change",
            "remove `Force=true`, or annotate the one object that needs it",
        )),
        "Validate=false" => Some((
            "applies objects without validating them",
            "remove `Validate=false`, or annotate the one object that needs it",
        )),
        _ => None,
    }
}

/// How a sync option should have been written, if it is a known one written wrongly. Options that
/// are not known may be newer than this list.
fn misspelt_option(option: &str) -> Option<String> {
    const BOOLEANS: [&str; 13] = [
        "ApplyOutOfSyncOnly",
        "ClientSideApplyMigration",
        "CreateNamespace",
        "Delete",
        "FailOnSharedResource",
        "Force",
        "Prune",
        "PruneLast",
        "Replace",
        "RespectIgnoreDifferences",
        "ServerSideApply",
        "SkipDryRunOnMissingResource",
        "Validate",
    ];
    if option.is_empty() || is_placeholder(option) {
        return None;
    }
    let (key, value) = option.split_once(['=', ':']).unwrap_or((option, ""));
    let folded = |text: &str| text.replace(['-', '_', ' '], "").to_lowercase();
    let key_folded = folded(key);
    let same = |name: &&&str| {
        let name = name.to_lowercase();
        name == key_folded || key_folded.strip_suffix('s') == Some(&name)
    };
    let name = BOOLEANS.iter().find(same)?;
    let value_folded = folded(value);
    let confirmed = matches!(*name, "Prune" | "Delete") && value_folded == "confirm";
    let right = match value_folded.as_str() {
        "false" | "no" | "off" => "false",
        _ if confirmed => "confirm",
        _ => "true",
    };
    let right = format!("{name}={right}");
    (right != option).then_some(right)
}

/// Whether ignoring a JSON pointer leaves next to nothing to compare.
fn hides(item: NodeRef<'_>, pointer: &str) -> bool {
    let kind = item.get("kind").map_or("", NodeRef::text);
    let named = item.get("name").is_some_and(|n| !n.text().is_empty());
    match pointer {
        ""
        | "/"
        | "/spec"
        | "/spec/template"
        | "/spec/template/spec"
        | "/spec/template/spec/containers"
        | "/webhooks" => true,
        // What a program writes into one object of its own.
        "/data" | "/stringData" | "/binaryData" => kind != "Secret" && !named,
        _ => kind == "*" && pointer.starts_with("/spec/"),
    }
}

/// A plain path of jq as a JSON pointer; anything else as a pointer that hides little.
fn as_pointer(path: &str) -> String {
    let plain = path.strip_suffix("[]").unwrap_or(path);
    if plain == "." {
        return String::new();
    }
    if plain.contains(['[', '|', '(', ' ']) { "/?".to_owned() } else { plain.replace('.', "/") }
}

#[cfg(test)]
mod tests {
    use super::{as_pointer, misspelt_option};

    #[test]
    fn options_are_known_by_their_spelling() {
        for right in ["Prune=confirm", "CreateNamespace=true", "Validate=false", "NewOne=true", ""]
        {
            assert_eq!(misspelt_option(right), None, "{right}");
        }
        assert_eq!(
            misspelt_option("CreateNamespaces=true").as_deref(),
            Some("CreateNamespace=true")
        );
        assert_eq!(misspelt_option("Prune: false").as_deref(), Some("Prune=false"));
        assert_eq!(
            misspelt_option("server-side-apply=True").as_deref(),
            Some("ServerSideApply=true")
        );
    }

    #[test]
    fn paths_of_jq_are_read_as_pointers() {
        assert_eq!(as_pointer(".spec.template"), "/spec/template");
        assert_eq!(as_pointer("."), "");
        assert_eq!(
            as_pointer(".spec.template.spec.containers[]"),
            "/spec/template/spec/containers"
        );
        assert_eq!(as_pointer(".spec | .x"), "/?");
    }
}
