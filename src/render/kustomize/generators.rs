//! ConfigMaps and Secrets made of literals, files and environment files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::string::FromUtf8Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kubeready_manifest::yaml::{Data, Origin, Value, Writer};

use super::accumulate::Builder;
use super::kustomization::Kustomization;
use super::read;
use super::resource::{Behavior, Resource};
use crate::render::{Fault, FaultKind};
use crate::source::Span;

/// What a generator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    ConfigMap,
    Secret,
}

/// Bytes under a key, and where they come from.
struct Pair<'w> {
    bytes: Cow<'w, [u8]>,
    origin: Origin,
}

impl<'w> Builder<'_, 'w> {
    /// Runs one entry of `configMapGenerator` or `secretGenerator`.
    pub(super) fn generate(
        &mut self,
        kustomization: &Kustomization<'w>,
        made: Made,
        arguments: &Value<'w>,
        global: Option<&Value<'w>>,
    ) -> Option<Resource<'w>> {
        let whole = by_generator(arguments.origin.span);
        let named = arguments.get("name").filter(|name| !name.text().is_empty());
        let Some(name) = named else {
            let what = "a generator needs a `name`";
            self.faults.push(Fault::fatal(FaultKind::Invalid, whole.span, what));
            return None;
        };
        let mut object = Value::map(whole);
        let text = |text: &'static str| Value::string(text, whole);
        object.set("apiVersion", whole, text("v1"));
        let kind = if made == Made::Secret { "Secret" } else { "ConfigMap" };
        object.set("kind", whole, text(kind));
        let mut metadata = Value::map(whole);
        let copied = |value: &Value<'w>| {
            let Data::Scalar { text, .. } = &value.data else { return Value::string("", whole) };
            Value::string(text.clone(), by_generator(value.origin.span))
        };
        metadata.set("name", by_generator(name.origin.span), copied(name));
        if let Some(namespace) = arguments.get("namespace").filter(|n| !n.text().is_empty()) {
            metadata.set("namespace", by_generator(namespace.origin.span), copied(namespace));
        }
        let local = arguments.get("options");
        for field in ["labels", "annotations"] {
            let mut pairs = Value::map(whole);
            for options in global.into_iter().chain(local) {
                for entry in options.get(field).map_or(&[][..], Value::entries) {
                    let key_origin = by_generator(entry.key_origin.span);
                    pairs.set(entry.key.clone(), key_origin, copied(&entry.value));
                }
            }
            if let Some(first) = pairs.entries().first() {
                metadata.set(field, first.key_origin, pairs);
            }
        }
        object.set("metadata", whole, metadata);
        if made == Made::Secret {
            let kind = arguments.get("type").filter(|kind| !kind.text().is_empty());
            object.set("type", whole, kind.map_or(text("Opaque"), copied));
        }
        self.fill(kustomization, made, arguments, &mut object);
        let switch = |name: &str| {
            let options = [global, local].into_iter().flatten();
            options.filter_map(|o| o.get(name)).find(|v| v.as_bool() == Some(true)).cloned()
        };
        if let Some(immutable) = switch("immutable") {
            let origin = by_generator(immutable.origin.span);
            object.set("immutable", origin, Value::plain("true", origin));
        }
        let mut resource = Resource::new(object);
        resource.needs_hash = switch("disableNameSuffixHash").is_none();
        resource.behavior = match arguments.get("behavior").map_or("", Value::text) {
            "merge" => Behavior::Merge,
            "replace" => Behavior::Replace,
            _ => Behavior::Create,
        };
        Some(resource)
    }

    /// Writes the data, keys in order.
    fn fill(
        &mut self,
        kustomization: &Kustomization<'w>,
        made: Made,
        arguments: &Value<'w>,
        object: &mut Value<'w>,
    ) {
        let list = |field: &str| arguments.get(field).map_or(&[][..], Value::items);
        let mut pairs: BTreeMap<String, Pair<'w>> = BTreeMap::new();
        for entry in list("envs") {
            self.environment(kustomization, entry, &mut pairs);
        }
        for entry in list("literals") {
            match literal(entry) {
                Some((key, value)) => {
                    let bytes = Cow::Owned(value.as_bytes().to_vec());
                    let pair = Pair { bytes, origin: by_generator(entry.origin.span) };
                    self.put(&mut pairs, key, pair);
                }
                None => self.refuse(entry.origin.span, "a literal is written `key=value`"),
            }
        }
        for entry in list("files") {
            let text = entry.text();
            let (key, path) = match text.split_once('=') {
                None => (text.rsplit('/').next().unwrap_or(text), text),
                Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => {
                    (key, path)
                }
                Some(_) => {
                    self.refuse(entry.origin.span, "a file is written `path` or `key=path`");
                    continue;
                }
            };
            let Some(file) = self.file(kustomization, path, entry.origin.span) else { continue };
            let Some(bytes) = file.bytes() else {
                self.refuse(entry.origin.span, &format!("`{path}` cannot be read"));
                continue;
            };
            let origin = by_generator(entry.origin.span);
            self.put(&mut pairs, key, Pair { bytes: Cow::Borrowed(bytes), origin });
        }
        let whole = by_generator(arguments.origin.span);
        let first = pairs.values().next().map_or(whole, |pair| pair.origin);
        let mut data = Value::map(first);
        let mut binary = Value::map(first);
        for (key, Pair { bytes, origin }) in pairs {
            match (made, String::from_utf8(bytes.into_owned())) {
                (Made::ConfigMap, Ok(text)) => data.set(key, origin, Value::string(text, origin)),
                (Made::ConfigMap, Err(error)) => {
                    let value = Value::string(wrapped(error.as_bytes()), origin);
                    binary.set(key, origin, value);
                }
                (Made::Secret, text) => {
                    let bytes = text.map_or_else(FromUtf8Error::into_bytes, String::into_bytes);
                    data.set(key, origin, Value::string(wrapped(&bytes), origin));
                }
            }
        }
        for (field, map) in [("data", data), ("binaryData", binary)] {
            let is_written = made == Made::Secret && field == "data";
            if is_written || !map.entries().is_empty() {
                object.set(field, first, map);
            }
        }
    }

    /// The lines of an environment file.
    fn environment(
        &mut self,
        kustomization: &Kustomization<'w>,
        entry: &Value<'w>,
        pairs: &mut BTreeMap<String, Pair<'w>>,
    ) {
        let path = entry.text().to_owned();
        let Some(file) = self.file(kustomization, &path, entry.origin.span) else { return };
        let Some(bytes) = file.bytes() else {
            self.refuse(entry.origin.span, &format!("`{path}` cannot be read"));
            return;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.refuse(entry.origin.span, &format!("`{path}` is no UTF-8"));
            return;
        };
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut at = (text.len() - body.len()) as u32;
        for raw in body.split_inclusive('\n') {
            let start = at;
            at += raw.len() as u32;
            let line = raw.strip_suffix('\n').unwrap_or(raw);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let shown = line.trim_start();
            if shown.is_empty() || shown.starts_with('#') {
                continue;
            }
            let start = start + (line.len() - shown.len()) as u32;
            let end = start + shown.len() as u32;
            let span = Span { source: file.source, start, end };
            // A name alone takes its value from the environment: kubeready has none.
            let (key, value) = shown.split_once('=').unwrap_or((shown, ""));
            let bytes = Cow::Borrowed(value.as_bytes());
            let head = |c: char| c.is_ascii_alphabetic() || "-._".contains(c);
            let origin = by_generator(span);
            if !key.starts_with(head) {
                self.doubt(span, &format!("`{key}` cannot be the name of a variable"));
            }
            self.put(pairs, key, Pair { bytes, origin });
        }
    }

    fn put(&mut self, pairs: &mut BTreeMap<String, Pair<'w>>, key: &str, pair: Pair<'w>) {
        if !is_key(key) {
            // Kustomize writes it all the same; no cluster takes it.
            self.doubt(pair.origin.span, &format!("`{key}` cannot be a key"));
        }
        if !read::is_text_key(key, pair.origin) {
            let what = format!("the key `{key}` is no text to kustomize once it is written");
            self.refuse(pair.origin.span, &what);
        }
        if pairs.contains_key(key) {
            self.refuse(pair.origin.span, &format!("the key `{key}` is there already"));
        } else {
            pairs.insert(key.to_owned(), pair);
        }
    }

    fn doubt(&mut self, at: Span, what: &str) {
        self.faults.push(Fault::note(FaultKind::Invalid, at, what));
    }

    pub(super) fn refuse(&mut self, at: Span, what: &str) {
        self.faults.push(Fault::fatal(FaultKind::Invalid, at, what));
    }
}

fn by_generator(span: Span) -> Origin {
    Origin::new(span, Writer::Generator)
}

/// Key and value of a literal, quotes around the value taken off.
fn literal<'a>(entry: &'a Value<'_>) -> Option<(&'a str, &'a str)> {
    let (key, value) = entry.text().split_once('=').filter(|(key, _)| !key.is_empty())?;
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)));
    Some((key, bare.unwrap_or(value)))
}

fn is_key(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    !key.is_empty() && key.len() <= 253 && key.chars().all(allowed) && !matches!(key, "." | "..")
}

/// Base64 in lines of 70, as kustomize writes it.
fn wrapped(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = BASE64.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: every byte is a character.
        let (line, more) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out
}

/// Puts a generated object over the one that is there.
pub(super) fn merge_into<'w>(old: &mut Resource<'w>, mut new: Resource<'w>) {
    let replaced = new.behavior == Behavior::Replace;
    let origin = new.value.origin;
    // Whoever wants no hash has his way; who made it first stands in annotations unless replaced.
    old.needs_hash &= new.needs_hash;
    if replaced {
        old.notes = new.notes.take();
    }
    // Labels and annotations of the old one stay unless they are written anew; it keeps its name.
    let mut metadata = old.value.get("metadata").cloned().unwrap_or_else(|| Value::map(origin));
    for field in ["labels", "annotations"] {
        let Some(fresh) = new.value.at(&["metadata", field]).cloned() else { continue };
        over(&mut metadata, field, fresh);
    }
    new.value.set("metadata", origin, metadata);
    if !replaced {
        for field in ["data", "binaryData"] {
            let Some(mut merged) = old.value.get(field).cloned() else { continue };
            if let Some(fresh) = new.value.remove(field)
                && let Data::Map(entries) = fresh.value.data
            {
                for entry in entries {
                    merged.set(entry.key, entry.key_origin, entry.value);
                }
            }
            let at = merged.origin;
            new.value.set(field, at, merged);
        }
    }
    old.value = new.value;
}

fn over<'w>(metadata: &mut Value<'w>, field: &'static str, fresh: Value<'w>) {
    let at = fresh.origin;
    match (metadata.get_mut(field), fresh.data) {
        (Some(there), Data::Map(entries)) if there.is_map() => {
            for entry in entries {
                there.set(entry.key, entry.key_origin, entry.value);
            }
        }
        (_, data) => metadata.set(field, at, Value { data, origin: at }),
    }
}
