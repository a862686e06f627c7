//! Secrets whose values stand in the tree.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Writer};

use super::literals::is_file_name;
use super::text::{
    Literal, Named, credential_name, is_about, is_example, is_random, is_reference, is_switch,
    literal, repeats_name, url_password,
};
use super::tokens::{self, Certainty};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;

/// How surely a value of a Secret gives something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Given {
    /// A file of settings in which nothing is called a credential or looks like one.
    Settings,
    /// Whatever else somebody thought to be worth a Secret.
    Something,
    /// A credential by its name, or a file with one.
    Credential,
}

/// base64 is no encryption: a Secret in git is readable to everybody who reads git.
pub(crate) fn plaintext_secret<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::Secret {
        return ctx.pass_over();
    }
    if object.root().value("sops").is_some() {
        return;
    }
    let entries = |field: &str| object.path(field).into_iter().flat_map(NodeRef::entries);
    let plain = entries("stringData").map(|(k, v)| (k, v, false));
    let encoded = entries("data").map(|(k, v)| (k, v, true));
    let mut found: Vec<(Given, NodeRef<'t>, NodeRef<'t>)> = Vec::new();
    let mut left_blank = false;
    for (key, value, base64) in plain.chain(encoded) {
        let raw = value.text().trim();
        let decoded = if base64 { tokens::decode(raw) } else { None };
        let text = decoded.as_deref().map_or(raw, str::trim);
        let name = key.text();
        let named = credential_name(name).filter(|named| *named >= Named::Surely);
        if is_stand_in(raw) || is_stand_in(text) || repeats_name(name, text) {
            left_blank |= named.is_some();
            continue;
        }
        if is_by_chart(value, ctx) {
            continue;
        }
        let given = if is_known(text) {
            Some(Given::Credential)
        } else if is_harmless_key(name) {
            None
        } else {
            given(name, text, named.is_some())
        };
        if let Some(given) = given {
            found.push((given, key, value));
        }
    }
    // The first of the surest stands for all.
    let Some(surest) = found.iter().map(|(given, ..)| *given).max() else { return };
    // Its credentials are filled in by hand: the rest are settings, unless it looks like one.
    let open = left_blank && surest < Given::Credential;
    let speaks = |(given, _, value): &&(Given, NodeRef<'t>, NodeRef<'t>)| {
        *given == surest && (!open || is_random(value.text().trim()))
    };
    let Some((_, key, value)) = found.iter().find(speaks) else { return };
    let message = format!("Secret `{}` has `{}` in plain text", object.name(), key.text());
    let finding = ctx.report(value.here(), message);
    finding.label("readable to everybody who reads the repository");
    if surest == Given::Settings {
        finding.severity(Severity::Advice).confidence(Confidence::Hint).help(
            "look through the file: nothing in it is called a credential; what is one belongs \
             into a SealedSecret, an ExternalSecret or a SOPS-encrypted file",
        );
    } else {
        finding.help("commit a SealedSecret, an ExternalSecret or a SOPS-encrypted file instead, and change the credential");
    }
}

/// A token of known make or a URL with a password, whatever it is called.
fn is_known(text: &str) -> bool {
    let opens =
        |token: tokens::Token| !matches!(token.certainty, Certainty::Example | Certainty::Half);
    tokens::find(text).is_some_and(opens)
        || url_password(text).is_some_and(|password| !is_example(password))
}

/// What a value gives away; `None` for what has to be filled in and what nobody has to hide.
fn given(name: &str, text: &str, is_named: bool) -> Option<Given> {
    if !text.contains('\n') {
        let harmless = !is_named && (is_plain_url(text) || is_duration(text));
        let given = if is_named || credential_name(name).is_some() {
            Given::Credential
        } else {
            Given::Something
        };
        return (!harmless).then_some(given);
    }
    let mut stands_in = false;
    let mut random = false;
    for (name, value) in text.lines().filter_map(setting) {
        // The names of hosts are long and mixed, too.
        random |= is_random(value) && !value.contains('.');
        let Some(named) = credential_name(name).filter(|n| *n >= Named::Surely) else { continue };
        if literal(value, named) == Literal::Value && !repeats_name(name, value) {
            return Some(Given::Credential);
        }
        stands_in |= !value.is_empty();
    }
    match is_settings_file(name) {
        true if stands_in => None,
        true if !random => Some(Given::Settings),
        _ => Some(Given::Something),
    }
}

/// `name: value`, `name = value` or `"name": "value",` of a file of settings.
fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line);
    let (name, value) = line.split_once([':', '='])?;
    let bare = |text: &'static [char]| move |c: char| c.is_whitespace() || text.contains(&c);
    let name = name.trim_matches(bare(&['"', '\'']));
    let value = value.trim_matches(bare(&['"', '\'', ',']));
    (!name.is_empty() && !name.contains(' ')).then_some((name, value))
}

/// A key that is the name of a file of which every value is written `name: value` or so.
fn is_settings_file(key: &str) -> bool {
    const KINDS: [&str; 10] =
        ["yaml", "yml", "json", "properties", "conf", "cfg", "config", "ini", "toml", "env"];
    is_file_name(key) && key.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind))
}

/// Where something is: a URL without a password, a query, or a part that nobody could guess.
fn is_plain_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let (_, path) = rest.split_once('/').unwrap_or((rest, ""));
        url_password(text).is_none()
            && !text.contains(['?', ' ', '@'])
            && path.split('/').all(|part| part.len() < 16)
    })
}

/// `30s`, `2d`.
fn is_duration(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && matches!(unit, "ms" | "s" | "m" | "h" | "d" | "w" | "y")
}

/// A chart makes it of its values, where another rule sees it, or makes it up.
fn is_by_chart(value: NodeRef<'_>, ctx: &Ctx<'_, '_>) -> bool {
    match value.writer() {
        Writer::MadeUp => true,
        Writer::Values => ctx.is_on("secret-in-helm-values"),
        Writer::Template => is_mixed(value, ctx) && ctx.is_on("secret-in-helm-values"),
        _ => false,
    }
}

/// A file that a chart's template writes around values: what is secret in it are these.
fn is_mixed(value: NodeRef<'_>, ctx: &Ctx<'_, '_>) -> bool {
    let charted = ctx.index().charted(value.tree().source());
    charted.and_then(|charted| charted.detail(value)).is_some_and(|detail| detail.mixed)
}

/// Keys of a Secret that go with a credential and are none.
fn is_harmless_key(key: &str) -> bool {
    matches!(
        key,
        "project"
            | "enableOCI"
            | "insecure"
            | "database"
            | "dbname"
            | "server"
            | "bucket"
            | "ca.crt"
            | "tls.crt"
            | "account"
            | "email"
    ) || is_about(key)
}

/// Filled in later, or encrypted, or kept elsewhere, or `true`.
fn is_stand_in(text: &str) -> bool {
    text.is_empty() || is_reference(text) || is_example(text) || is_switch(text)
}
