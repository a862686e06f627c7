//! Credentials written into manifests.

use kubeready_manifest::kube::{Container, Kind, Object};
use kubeready_manifest::yaml::{NodeRef, Writer};

use super::text::{
    Literal, Named, bearer, credential_name, is_example, literal, repeats_name, url_password,
};
use super::tokens::{self, Certainty};
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;

const HELP: &str = "put it into a Secret that is not in the repository as plain text (ExternalSecret, SealedSecret, SOPS), and name it by `secretKeyRef`";

/// Tokens of known make need no guess: whoever can read the repository can use them.
pub(crate) fn hardcoded_credential<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let encrypted = matches!(
        object.kind(),
        Kind::SealedSecret | Kind::SopsSecret | Kind::CustomResourceDefinition
    );
    if encrypted || object.root().value("sops").is_some() {
        return;
    }
    for node in object.root().long_texts(tokens::SHORTEST) {
        let Some(token) = tokens::find(node.text()) else { continue };
        // What it says of a Secret's own values is `plaintext-secret`'s to say.
        if object.kind() == Kind::Secret && ctx.is_on("plaintext-secret") {
            continue;
        }
        if token.what == tokens::PRIVATE_KEY && ctx.is_on("private-key-in-manifest") {
            continue;
        }
        if token.certainty == Certainty::Half && is_beside_reference(object, node) {
            continue;
        }
        let finding = ctx.report(node.here(), format!("{} in plain text", token.what));
        finding
            .label(token.certainty.label())
            .help("revoke it first: git keeps it for ever; then put the new one into a Secret that is encrypted or made outside the repository");
        match token.certainty {
            Certainty::Checked | Certainty::Shaped => {}
            Certainty::Half => {
                finding.severity(Severity::Warning).help("the id opens nothing by itself; keep it beside its secret key, in a Secret that is encrypted or made outside the repository");
            }
            Certainty::Guessed => _ = finding.confidence(Confidence::Likely),
            Certainty::Example => {
                finding.severity(Severity::Advice).confidence(Confidence::Hint);
            }
        }
    }
}

/// ConfigMaps are shown in dashboards and readable with the `view` role.
pub(crate) fn secret_in_configmap<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    if object.kind() != Kind::ConfigMap {
        return ctx.pass_over();
    }
    if object.root().value("sops").is_some() {
        return;
    }
    let map = object.name();
    for (key, value) in object.path("data").into_iter().flat_map(NodeRef::entries) {
        let (key, text) = (key.text(), value.text());
        let single = !text.trim_end().contains('\n') && !is_file_name(key);
        let judged = judge(key, text, single).or_else(|| assigned(key, text));
        let Some(judged) = judged else { continue };
        if ctx.is_on("hardcoded-credential") && tokens::find(text).is_some() {
            continue;
        }
        let message = match judged {
            Judged::Url => format!("URL with a password in ConfigMap `{map}`"),
            Judged::Named(true) => {
                format!("a place for the credential `{key}` in ConfigMap `{map}`")
            }
            Judged::Named(false) => format!("credential `{key}` in ConfigMap `{map}`"),
            Judged::Line(name) => format!("credential `{name}` in `{key}` of ConfigMap `{map}`"),
        };
        let finding = ctx.report(value.here(), message);
        finding.help(
            "move the key to a Secret that is encrypted in the repository or made outside it",
        );
        if judged == Judged::Named(true) {
            finding.severity(Severity::Advice).confidence(Confidence::Likely);
        }
    }
}

/// What is in the manifest is in git, in `kubectl describe`, and in every copy of both.
pub(crate) fn secret_in_env_literal<'t>(container: Container<'t>, ctx: &mut Ctx<'_, 't>) {
    let namespace = container.workload().object().namespace_key();
    for entry in container.env() {
        let (Some(name), Some(value)) = (entry.get("name"), entry.get("value")) else { continue };
        let (name, text) = (name.text(), value.text());
        let Some(judged) = judge(name, text, true) else { continue };
        if ctx.is_on("hardcoded-credential") && tokens::find(text).is_some() {
            continue;
        }
        // What stands in values is said of the values.
        if value.writer() == Writer::Values && ctx.is_on("secret-in-helm-values") {
            continue;
        }
        // `DB_SECRET: shop-db`: the name of a Secret, not a secret.
        if !ctx.index().find(Kind::Secret, namespace, text).is_empty() {
            continue;
        }
        let (message, example) = match judged {
            Judged::Url => (format!("variable `{name}` holds a URL with a password"), false),
            Judged::Named(true) => {
                (format!("variable `{name}` is to hold a credential in plain text"), true)
            }
            Judged::Named(false) => (format!("variable `{name}` holds a credential"), false),
            Judged::Line(_) => continue,
        };
        let finding = ctx.report(value.here(), message);
        finding.help(HELP);
        if example {
            finding.severity(Severity::Advice).confidence(Confidence::Likely);
        }
    }
}

/// An id whose secret key is fetched from a Secret, as cert-manager's `secretAccessKeySecretRef`
/// beside `accessKeyID`: nothing is given away.
fn is_beside_reference(object: Object<'_>, id: NodeRef<'_>) -> bool {
    object.root().descendants().filter(|node| node.is_map()).any(|map| {
        map.entries().any(|(_, value)| value == id)
            && map.entries().any(|(key, _)| key.text().ends_with("SecretRef"))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged<'v> {
    Url,
    /// A line `NAME=value` of a file of settings.
    Line(&'v str),
    /// By its name; whether the value only stands for one.
    Named(bool),
}

/// Whether a setting is a credential, by its name if the name is to be believed, and its value.
pub(super) fn judge(name: &str, value: &str, by_name: bool) -> Option<Judged<'static>> {
    if let Some(password) = url_password(value) {
        return (!is_example(password)).then_some(Judged::Url);
    }
    if !by_name {
        return None;
    }
    if bearer(value).is_some() {
        return Some(Judged::Named(is_example(value)));
    }
    let named = credential_name(name)?;
    // Words are prose, a list or a command, not a token; a password may be a phrase.
    if named != Named::Password && value.trim().contains(' ') {
        return None;
    }
    match literal(value, named) {
        Literal::Harmless => None,
        _ if repeats_name(name, value) => Some(Judged::Named(true)),
        Literal::Example => Some(Judged::Named(true)),
        Literal::Value => Some(Judged::Named(false)),
    }
}

/// The first line `NAME=value` of a file of settings whose name is surely a credential's.
fn assigned<'v>(key: &str, text: &'v str) -> Option<Judged<'v>> {
    const SETTINGS: [&str; 7] = ["properties", "conf", "cfg", "config", "ini", "env", "toml"];
    let ending = key.rsplit_once('.').map(|(_, ending)| ending);
    // Scripts assign what they compute; a dashboard is no file of settings.
    if is_file_name(key) && !ending.is_some_and(|e| SETTINGS.contains(&e)) || text.len() > 65536 {
        return None;
    }
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !name.chars().all(plain) || value.len() < 4 || value.contains([' ', '(', ')', ';', '`'])
        {
            return None;
        }
        let named = credential_name(name).filter(|n| *n >= Named::Surely)?;
        (literal(value, named) == Literal::Value).then_some(Judged::Line(name))
    })
}

/// A key that is a file's name: its value is a file, and the name says nothing about it.
pub(super) fn is_file_name(key: &str) -> bool {
    const KINDS: [&str; 24] = [
        "yaml",
        "yml",
        "json",
        "properties",
        "conf",
        "cfg",
        "config",
        "ini",
        "toml",
        "xml",
        "sh",
        "py",
        "js",
        "ts",
        "sql",
        "lua",
        "rb",
        "pl",
        "crt",
        "pem",
        "html",
        "tpl",
        "template",
        "txt",
    ];
    key.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind))
}
