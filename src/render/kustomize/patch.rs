//! Patches: strategic merges and JSON patches, in files and inline.

use kubeready_manifest::yaml::{Data, Entry, Value, Writer};

use super::accumulate::{Builder, Gathered};
use super::kustomization::Kustomization;
use super::resource::Id;
use super::select::Selector;
use super::transform::metadata;
use super::{json_patch, merge, read};
use crate::render::{Fault, FaultKind};
use crate::source::Span;

/// What a patch may change of an object's identity.
#[derive(Clone, Copy, Debug, Default)]
struct Allowed {
    name: bool,
    kind: bool,
}

impl<'w> Builder<'_, 'w> {
    /// An entry of `patches`.
    pub(super) fn patch(
        &mut self,
        k: &Kustomization<'w>,
        entry: &Value<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        let set = |name: &str| entry.get(name).filter(|v| !v.text().trim().is_empty());
        let Some(documents) = self.patch_documents(k, entry, set("path"), set("patch")) else {
            return;
        };
        let Some(first) = documents.first() else { return };
        let target = match entry.get("target").filter(|t| !t.is_null()).map(Selector::read) {
            Some(Ok(target)) => Some(target),
            Some(Err(failure)) => return self.failed(failure),
            None => None,
        };
        if first.is_seq() {
            let Some(target) = target else {
                let what = "a JSON patch needs a `target`";
                return self.fatal(FaultKind::Invalid, entry.origin.span, what);
            };
            let selected = self.select(&target, entry, gathered);
            self.apply_json(first, &selected, gathered);
            return;
        }
        let allowed = Allowed {
            name: switch(entry, "allowNameChange"),
            kind: switch(entry, "allowKindChange"),
        };
        let patches = read::objects(documents, &mut self.faults);
        let Some(target) = target else {
            for patch in patches {
                self.merge_by_id(patch, entry.origin.span, allowed, gathered);
            }
            return;
        };
        if patches.len() > 1 {
            let what = "a patch of several documents cannot have a `target`";
            return self.fatal(FaultKind::Invalid, entry.origin.span, what);
        }
        let selected = self.select(&target, entry, gathered);
        let Some(patch) = patches.into_iter().next() else { return };
        let mut gone = Vec::new();
        for at in selected {
            let mut patch = patch.clone();
            spell_out_all(&mut patch);
            // It applies to whatever version the target has.
            let version = gathered.objects.list().get(at).and_then(|r| r.value.get("apiVersion"));
            match version.cloned() {
                Some(version) => patch.set("apiVersion", version.origin, version),
                None => drop(patch.remove("apiVersion")),
            }
            gone.extend(self.merge_at(at, patch, allowed, gathered));
        }
        remove(&gone, gathered);
    }

    /// `patchesStrategicMerge`: files, or documents written where a file's path would stand.
    pub(super) fn strategic_merges(
        &mut self,
        k: &Kustomization<'w>,
        entries: &[Value<'w>],
        gathered: &mut Gathered<'w>,
    ) {
        for entry in entries {
            let is_inline = entry.text().contains('\n') || entry.text().starts_with('{');
            let documents = if is_inline {
                self.kustomize.inline(entry, Writer::Patch, &mut self.faults)
            } else {
                match self.file(k, entry.text(), entry.origin.span) {
                    Some(file) => read::documents(file, Writer::Patch, &mut self.faults),
                    None => continue,
                }
            };
            for mut patch in read::objects(documents, &mut self.faults) {
                spell_out_all(&mut patch);
                self.merge_by_id(patch, entry.origin.span, Allowed::default(), gathered);
            }
        }
    }

    /// Documents in a string, each of which names its object.
    pub(super) fn merge_inline(&mut self, text: &Value<'w>, gathered: &mut Gathered<'w>) {
        let documents = self.kustomize.inline(text, Writer::Patch, &mut self.faults);
        for mut patch in read::objects(documents, &mut self.faults) {
            spell_out_all(&mut patch);
            self.merge_by_id(patch, text.origin.span, Allowed::default(), gathered);
        }
    }

    /// An entry of `patchesJson6902`: all objects that its target selects.
    pub(super) fn json_patch(
        &mut self,
        k: &Kustomization<'w>,
        entry: &Value<'w>,
        gathered: &mut Gathered<'w>,
    ) {
        let named = entry.at(&["target", "name"]).is_some_and(|name| !name.text().is_empty());
        let Some(target) = entry.get("target").filter(|_| named) else {
            let what = "this needs a `target` with a `name`";
            return self.fatal(FaultKind::Invalid, entry.origin.span, what);
        };
        let target = match Selector::read(target) {
            Ok(target) => target,
            Err(failure) => return self.failed(failure),
        };
        let set =
            |name: &[&str]| name.iter().find_map(|n| entry.get(n)).filter(|v| !v.text().is_empty());
        let inline = set(&["patch", "jsonOp"]);
        let Some(documents) = self.patch_documents(k, entry, set(&["path"]), inline) else {
            return;
        };
        let Some(first) = documents.first().filter(|first| !first.items().is_empty()) else {
            let what = "this patch has no operation";
            return self.fatal(FaultKind::Invalid, entry.origin.span, what);
        };
        let selected = self.select(&target, entry, gathered);
        self.apply_json(first, &selected, gathered);
    }

    /// The documents of a patch: of its file, or its text.
    fn patch_documents(
        &mut self,
        k: &Kustomization<'w>,
        entry: &Value<'w>,
        path: Option<&Value<'w>>,
        inline: Option<&Value<'w>>,
    ) -> Option<Vec<Value<'w>>> {
        match (path, inline) {
            (Some(path), None) => {
                let file = self.file(k, path.text(), path.origin.span)?;
                let is_json = file.tree.as_ref().and_then(|t| t.documents().next());
                let is_json = is_json.is_some_and(|(_, root)| root.is_seq());
                let by = if is_json { Writer::JsonPatch } else { Writer::Patch };
                let written = file.tree.as_ref().map_or("", |tree| tree.text());
                self.check_json(written, path.origin.span);
                Some(read::documents(file, by, &mut self.faults))
            }
            (None, Some(text)) => {
                let is_json = text.text().trim_start().starts_with(['-', '['])
                    && !text.text().trim_start().starts_with("---");
                let by = if is_json { Writer::JsonPatch } else { Writer::Patch };
                self.check_json(text.text().trim(), text.origin.span);
                Some(self.kustomize.inline(text, by, &mut self.faults))
            }
            (Some(_), Some(_)) => {
                let what = "a patch has a `path` or a `patch`, not both";
                self.fatal(FaultKind::Invalid, entry.origin.span, what);
                None
            }
            (None, None) => {
                let what = "a patch needs a `path` or a `patch`";
                self.fatal(FaultKind::Invalid, entry.origin.span, what);
                None
            }
        }
    }

    /// What begins as a list in JSON is read as JSON, not as YAML.
    fn check_json(&mut self, text: &str, at: Span) {
        if text.starts_with('[') && serde_json::from_str::<serde_json::Value>(text).is_err() {
            let what = "this patch begins with `[`, so it must be JSON: quote keys and texts";
            self.fatal(FaultKind::Invalid, at, what);
        }
    }

    fn select(
        &mut self,
        target: &Selector,
        entry: &Value<'w>,
        gathered: &Gathered<'w>,
    ) -> Vec<usize> {
        let all = gathered.objects.list().iter().enumerate();
        let found: Vec<_> = all.filter(|(_, r)| target.matches(r)).map(|(at, _)| at).collect();
        if found.is_empty() && !self.is_partial() {
            let at = entry.get("target").map_or(entry.origin.span, |t| t.origin.span);
            self.faults.push(
                Fault::note(
                    FaultKind::PatchTargetMissing,
                    at,
                    "no object is what this patch is for, so it changes nothing",
                )
                .help("correct the target, or delete the patch"),
            );
        }
        found
    }

    fn missing(&mut self, at: Span, id: &Id) {
        let what = format!("there is no {} that this patch could change", id.describe());
        self.fatal(FaultKind::PatchTargetMissing, at, what);
    }

    /// Merges a patch into the one object that it names.
    fn merge_by_id(
        &mut self,
        patch: Value<'w>,
        entry: Span,
        allowed: Allowed,
        gathered: &mut Gathered<'w>,
    ) {
        let id = Id::of(&patch);
        let found = gathered.objects.with_any_id(&id.name, |other| other.is(&id));
        match found[..] {
            [at] => {
                if let Some(gone) = self.merge_at(at, patch, allowed, gathered) {
                    remove(&[gone], gathered);
                }
            }
            [] => {
                if !self.is_partial() {
                    let name = patch.at(&["metadata", "name"]);
                    self.missing(name.map_or(entry, |name| name.origin.span), &id);
                }
            }
            _ => {
                let what = format!("several objects could be the {} meant", id.describe());
                self.fatal(FaultKind::Invalid, entry, what);
            }
        }
    }

    /// Merges a patch into an object. Its position, if nothing is left of it.
    fn merge_at(
        &mut self,
        at: usize,
        patch: Value<'w>,
        allowed: Allowed,
        gathered: &mut Gathered<'w>,
    ) -> Option<usize> {
        let changes_id = allowed.name || allowed.kind;
        let resource = if changes_id {
            gathered.objects.list_mut().get_mut(at)
        } else {
            gathered.objects.contents_mut().get_mut(at)
        }?;
        if changes_id {
            resource.remember();
        }
        let written = patch.origin.span;
        let merged = merge::merge(resource.value.clone(), patch, &self.schema.schemas());
        let mut merged = match merged {
            Ok(Some(merged)) if merged.entries().is_empty() => return Some(at),
            Ok(None) => return Some(at),
            Ok(Some(merged)) => merged,
            Err(error) => {
                self.fatal(FaultKind::Invalid, error.at, error.message);
                return None;
            }
        };
        let old = &resource.value;
        if !allowed.kind
            && let Some(Entry { key_origin, value, .. }) = old.entry("kind")
        {
            merged.set("kind", *key_origin, value.clone());
        }
        // A patch says which version it means; the object's own place is where it is written.
        if let Some(version) = old.get("apiVersion")
            && let Some(merged) = merged.get_mut("apiVersion").filter(|m| m.means(version))
        {
            merged.origin = version.origin;
        }
        let was = |key: &str| old.get("metadata").and_then(|m| m.entry(key)).cloned();
        let (name, namespace) = (was("name"), was("namespace"));
        let origin = merged.origin;
        if let Some(meta) = metadata(&mut merged, origin) {
            if !allowed.name {
                restore(meta, "name", name);
            }
            restore(meta, "namespace", namespace);
        }
        let grown = merged.size().saturating_sub(resource.value.size());
        resource.value = merged;
        self.grown(grown, written, gathered);
        None
    }

    fn apply_json(&mut self, patch: &Value<'w>, at: &[usize], gathered: &mut Gathered<'w>) {
        let ops = match json_patch::read(patch) {
            Ok(ops) => ops,
            Err(failure) => return self.failed(failure),
        };
        let mut failures = Vec::new();
        for at in at {
            let Some(resource) = gathered.objects.list_mut().get_mut(*at) else { continue };
            resource.remember();
            let mut value = resource.value.clone();
            match json_patch::apply(&mut value, &ops).and_then(|()| is_object(&value, patch)) {
                Ok(()) => {
                    let grown = value.size().saturating_sub(resource.value.size());
                    resource.value = value;
                    self.grown(grown, patch.origin.span, gathered);
                }
                Err(failure) => failures.push(failure),
            }
        }
        // One operation that fails for twenty objects is one mistake.
        failures.dedup();
        self.all_failed(failures);
    }
}

fn spell_out_all(patch: &mut Value<'_>) {
    for field in ["labels", "annotations"] {
        spell_out(patch, field);
    }
}

/// Labels and annotations of a patch that is applied to several objects become strings, nulls among
/// them: what they are spelled is what is written. An empty map says nothing.
fn spell_out(patch: &mut Value<'_>, field: &str) {
    let Some(metadata) = patch.get_mut("metadata") else { return };
    let Some(pairs) = metadata.get_mut(field) else { return };
    if pairs.entries().is_empty() {
        metadata.remove(field);
        return;
    }
    let Data::Map(entries) = &mut pairs.data else { return };
    for entry in entries {
        let text = entry.value.text().to_owned();
        entry.value = Value::string(text, entry.value.origin);
    }
}

/// What a patch leaves must still have a kind and a name.
fn is_object(value: &Value<'_>, patch: &Value<'_>) -> Result<(), (Span, String)> {
    match read::lack(value) {
        None => Ok(()),
        Some(lack) => Err((patch.origin.span, format!("what this patch leaves {lack}"))),
    }
}

fn switch(entry: &Value<'_>, name: &str) -> bool {
    entry.at(&["options", name]).and_then(Value::as_bool) == Some(true)
}

/// Sets what a key was before, or takes it away if it was not there.
fn restore<'w>(map: &mut Value<'w>, key: &'static str, was: Option<Entry<'w>>) {
    match was {
        Some(entry) => map.set(key, entry.key_origin, entry.value),
        None => drop(map.remove(key)),
    }
}

/// Takes out objects that patches deleted.
fn remove(gone: &[usize], gathered: &mut Gathered<'_>) {
    if gone.is_empty() {
        return;
    }
    let mut at = 0;
    gathered.objects.list_mut().retain(|_| {
        let stays = !gone.contains(&at);
        at += 1;
        stays
    });
}
