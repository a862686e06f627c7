//! Parts of workloads that values of charts write in their own way.

use kubeready_manifest::yaml::{Data, NodeRef, Value};

use super::{Maker, fill, set_written, text, value, written};

/// Labels and annotations as written, over those that are there.
pub(super) fn add_metadata<'r>(metadata: &mut Value<'r>, from: NodeRef<'r>) {
    for field in ["labels", "annotations"] {
        let Some((key, node)) = from.entry(field).filter(|(_, node)| node.is_map()) else {
            continue;
        };
        let mut own = value(node);
        if let Some(entry) = metadata.remove(field) {
            fill(&mut own, entry.value);
        }
        metadata.set(field, written(key), own);
    }
}

/// `repository:tag@digest`, at the tag if there is one; a text as it stands.
pub(super) fn image_of<'r>(image: NodeRef<'r>) -> Option<Value<'r>> {
    if image.is_scalar() {
        return Some(text(image));
    }
    let repository = image.get("repository").filter(|n| n.is_scalar())?;
    let tag = image.get("tag").filter(|n| n.is_scalar() && !n.text().is_empty());
    let digest = image.get("digest").filter(|n| n.is_scalar() && !n.text().is_empty());
    let mut name = repository.text().to_owned();
    if let Some(registry) = image.get("registry").filter(|n| n.is_scalar()) {
        name = format!("{}/{name}", registry.text());
    }
    if let Some(tag) = tag {
        name = format!("{name}:{}", tag.text());
    }
    if let Some(digest) = digest {
        name = format!("{name}@{}", digest.text());
    }
    Some(Value::string(name, written(tag.or(digest).unwrap_or(repository))))
}

/// Variables as a map by name or as the list that Kubernetes knows.
pub(super) fn variables<'r>(env: NodeRef<'r>) -> Value<'r> {
    if env.is_seq() {
        return value(env);
    }
    let one = |(key, node): (NodeRef<'r>, NodeRef<'r>)| {
        let mut out = Value::map(written(key));
        out.set("name", written(key), Value::string(key.text(), written(key)));
        let inner = |field: &str| node.entry(field).filter(|(_, n)| !n.is_null());
        if node.is_scalar() {
            if !node.is_null() {
                set_written(&mut out, "value", key, text(node));
            }
        } else if let Some((key, node)) = inner("value") {
            set_written(&mut out, "value", key, text(node));
        } else if let Some((key, node)) = inner("valueFrom") {
            set_written(&mut out, "valueFrom", key, value(node));
        } else {
            let mut source = value(node);
            source.remove("dependsOn");
            set_written(&mut out, "valueFrom", key, source);
        }
        out
    };
    let items = env.effective_entries().map(one).collect();
    Value { data: Data::Seq(items), origin: written(env) }
}

/// Sources of variables whose names are written; those that name a part of the release are left out.
pub(super) fn variables_from<'r>(list: NodeRef<'r>) -> Value<'r> {
    let mut items = Vec::new();
    for item in list.items() {
        let mut out = Value::map(written(item));
        for (own, field) in [("secret", "secretRef"), ("configMap", "configMapRef")] {
            let named = item.get(field).filter(|reference| reference.get("name").is_some());
            if let Some(reference) = named {
                out.set(field, written(item), value(reference));
            } else if let Some((key, name)) = item.entry(own).filter(|(_, n)| n.is_scalar()) {
                let mut reference = Value::map(written(name));
                reference.set("name", written(key), text(name));
                set_written(&mut out, field, key, reference);
            }
        }
        if !out.entries().is_empty() {
            items.push(out);
        }
    }
    Value { data: Data::Seq(items), origin: written(list) }
}

/// What a volume is made of; an empty directory that nobody wrote stands for what is not known.
pub(super) fn volume<'r>(
    item: NodeRef<'r>,
    release: &'r str,
    maker: Maker,
) -> (&'static str, Value<'r>) {
    let mut source = Value::map(written(item));
    let mut copy = |own: &str, field: &'static str| {
        if let Some((key, node)) = item.entry(own).filter(|(_, node)| !node.is_null()) {
            set_written(&mut source, field, key, value(node));
        }
    };
    let field = match item.str_at("type").unwrap_or("persistentVolumeClaim") {
        "persistentVolumeClaim" => {
            copy("existingClaim", "claimName");
            if source.get("claimName").is_none() {
                maker.set(&mut source, "claimName", maker.made_up(release));
            }
            "persistentVolumeClaim"
        }
        "configMap" => {
            copy("name", "name");
            copy("items", "items");
            if source.get("name").is_none() {
                maker.set(&mut source, "name", maker.made_up(release));
            }
            "configMap"
        }
        "secret" => {
            copy("name", "secretName");
            copy("items", "items");
            if source.get("secretName").is_none() {
                maker.set(&mut source, "secretName", maker.made_up(release));
            }
            "secret"
        }
        "emptyDir" => {
            copy("medium", "medium");
            copy("sizeLimit", "sizeLimit");
            "emptyDir"
        }
        "hostPath" => {
            copy("hostPath", "path");
            copy("hostPathType", "type");
            "hostPath"
        }
        "nfs" => {
            copy("server", "server");
            copy("path", "path");
            "nfs"
        }
        _ => {
            let mut unknown = maker.map();
            maker.set(&mut unknown, "sizeLimit", maker.made_up("1Gi"));
            return ("emptyDir", unknown);
        }
    };
    (field, source)
}
