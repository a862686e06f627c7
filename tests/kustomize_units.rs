//! Single transformations of Kustomize against recorded outcomes of the real ones.
//!
//! `KUBEREADY_KUSTOMIZE_CASES=DIR cargo test --test main kustomize_units -- --ignored` reads
//! `DIR/units/{filters,merge2}/*.json`: configuration, input, and the output or error of the real
//! tool. Documents compare as objects; the order of keys does not matter, that of lists does.

use std::path::PathBuf;

use kubeready::render::kustomize::fields::{Created, set_pairs, split_path, visit};
use kubeready::render::kustomize::images::{ImageEntry, set_at_specs, set_containers};
use kubeready::render::kustomize::merge::{Schemas, merge};
use kubeready::render::kustomize::tables::FieldSpec;
use kubeready::render::kustomize::{Id, Resource, Room, json_patch, replacements};
use kubeready::source::SourceId;
use kubeready_manifest::yaml::{Tree, Value, Writer};

/// The cases of a folder, by name.
fn cases(folder: &str) -> Vec<(String, serde_json::Value)> {
    let root = std::env::var_os("KUBEREADY_KUSTOMIZE_CASES")
        .expect("KUBEREADY_KUSTOMIZE_CASES names a directory");
    let folder = PathBuf::from(root).join("units").join(folder);
    let entries = std::fs::read_dir(folder).expect("a directory that can be listed");
    let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a case");
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).expect("a case is JSON"))
        })
        .collect()
}

/// Documents of a text; empty ones are none.
fn documents(text: &str) -> Vec<Value<'static>> {
    let tree = Tree::parse(text, SourceId(1));
    tree.documents()
        .map(|(_, root)| Value::of(root, Writer::Resource).into_owned())
        .filter(|value| !value.is_null())
        .collect()
}

/// A part of a case's configuration as a document.
fn value(json: &serde_json::Value) -> Value<'static> {
    documents(&json.to_string()).pop().unwrap_or_else(|| Value::null(documents("a")[0].origin))
}

fn specs(list: &Value<'_>) -> Vec<FieldSpec> {
    let one = std::slice::from_ref(list);
    let list = if list.is_seq() { list.items() } else { one };
    list.iter().map(spec).collect()
}

fn spec(value: &Value<'_>) -> FieldSpec {
    let text = |key: &str| value.get(key).map_or("", Value::text).to_owned();
    FieldSpec {
        group: text("group").into(),
        version: text("version").into(),
        kind: text("kind").into(),
        path: split_path(text("path")),
        create: value.get("create").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// What a filter makes of the documents; `None` for filters that are tested elsewhere.
fn run(
    filter: &str,
    config: &Value<'static>,
    mut values: Vec<Value<'static>>,
) -> Option<Result<Vec<Value<'static>>, String>> {
    let get = |key: &str| config.get(key).cloned();
    let each = |values: &mut Vec<Value<'static>>,
                f: &mut dyn FnMut(&mut Value<'static>) -> Result<(), String>| {
        values.iter_mut().try_for_each(f)
    };
    let done = match filter {
        "imagetag.Filter" | "imagetag.LegacyFilter" => {
            let entry = ImageEntry::read(&get("imageTag")?).map_err(|(_, why)| why);
            let specs = get("fieldSpecs").map(|list| specs(&list));
            entry.and_then(|entry| {
                each(&mut values, &mut |value| {
                    match &specs {
                        Some(specs) => set_at_specs(value, &entry, specs),
                        None if Id::of(value).kind == "CustomResourceDefinition" => Ok(false),
                        None => set_containers(value, &entry),
                    }
                    .map(drop)
                    .map_err(|(_, why)| why)
                })
            })
        }
        "labels.Filter" | "annotations.Filter" => {
            let pairs = get("Labels").or_else(|| get("Annotations"))?;
            let specs = specs(&get("FsSlice")?);
            each(&mut values, &mut |value| {
                let id = Id::of(value);
                set_pairs(value, &id, &specs, pairs.entries()).map_err(|(_, why)| why)
            })
        }
        "prefix.Filter" | "suffix.Filter" | "replicacount.Filter" => {
            let spec = specs(&get("fieldSpec")?).pop()?;
            each(&mut values, &mut |value| {
                if !spec.selects(&Id::of(value)) {
                    return Ok(());
                }
                let create = spec.create.then_some(Created::Scalar);
                let origin = value.origin;
                visit(value, &spec.path, create, origin, &mut |field| {
                    *field = if let Some(replica) = get("replica") {
                        let count = replica.get("count").map_or("0", Value::text).to_owned();
                        Value::plain(count, field.origin)
                    } else {
                        let text =
                            |key: &str| get(key).map_or(String::new(), |v| v.text().to_owned());
                        let new = format!("{}{}{}", text("prefix"), field.text(), text("suffix"));
                        Value::string(new, field.origin)
                    };
                })
                .map_err(|(_, why)| why)
            })
        }
        "patchjson6902.Filter" => {
            let patch = documents(get("Patch")?.text()).pop()?;
            each(&mut values, &mut |value| {
                let ops = json_patch::read(&patch).map_err(|(_, why)| why)?;
                json_patch::apply(value, &ops).map_err(|(_, why)| why)
            })
        }
        "patchstrategicmerge.Filter" => {
            let patch = match get("Patch") {
                Some(patch) if patch.is_map() => patch,
                Some(patch) => documents(patch.text()).pop()?,
                None => return None,
            };
            let mut merged = Vec::new();
            let outcome = values.iter().try_for_each(|value| {
                let outcome = merge(value.clone(), patch.clone(), &Schemas::default());
                merged.extend(outcome.map_err(|e| e.message)?);
                Ok(())
            });
            values = merged;
            outcome
        }
        "replacement.Filter" => {
            let mut resources: Vec<Resource<'static>> = Vec::new();
            for mut value in values {
                let previous = previous(&mut value);
                let mut resource = Resource::new(value);
                resource.previous = previous;
                resources.push(resource);
            }
            let outcome = get("replacements")?.items().iter().try_for_each(|replacement| {
                replacements::replace(&mut resources, replacement, &mut Room::default())
                    .map(drop)
                    .map_err(|(_, why)| why)
            });
            values = resources.into_iter().map(|resource| resource.value).collect();
            outcome
        }
        _ => return None,
    };
    Some(done.map(|()| values))
}

/// Who an object was, as the real tool notes it down in annotations.
fn previous(value: &mut Value<'static>) -> Vec<Id> {
    let list = |key: &str| -> Vec<String> {
        let key = format!("internal.config.kubernetes.io/{key}");
        let text = value.at(&["metadata", "annotations", &key]).map_or("", Value::text);
        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let now = Id::of(value);
    let (names, namespaces) = (list("previousNames"), list("previousNamespaces"));
    let kinds = list("previousKinds");
    names
        .into_iter()
        .enumerate()
        .map(|(at, name)| Id {
            name,
            namespace: namespaces.get(at).cloned().unwrap_or_default(),
            kind: kinds.get(at).cloned().unwrap_or_default(),
            ..now.clone()
        })
        .collect()
}

/// Equal, the text of embedded documents by its meaning.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    if a.is_map() && b.is_map() {
        return a.entries().len() == b.entries().len()
            && a.entries().iter().all(|x| b.get(&x.key).is_some_and(|y| same(&x.value, y)));
    }
    if a.is_seq() && b.is_seq() {
        return a.items().len() == b.items().len()
            && a.items().iter().zip(b.items()).all(|(x, y)| same(x, y));
    }
    let is_document = |v: &Value<'_>| v.as_str().is_some_and(|text| text.contains(['\n', '{']));
    if is_document(a) && is_document(b) && a.text() != b.text() {
        let (a, b) = (documents(a.text()), documents(b.text()));
        return a.len() == b.len() && a.iter().zip(&b).all(|(x, y)| !x.is_null() && same(x, y));
    }
    a.means(b)
}

/// As [`same`], lists in any order.
fn same_unordered(a: &Value<'_>, b: &Value<'_>) -> bool {
    if a.is_seq() && b.is_seq() {
        return a.items().len() == b.items().len()
            && a.items().iter().all(|x| b.items().iter().any(|y| same_unordered(x, y)));
    }
    if a.is_map() && b.is_map() {
        return a.entries().len() == b.entries().len()
            && a.entries()
                .iter()
                .all(|x| b.get(&x.key).is_some_and(|y| same_unordered(&x.value, y)));
    }
    a.means(b)
}

fn show(values: &[Value<'_>]) -> String {
    values.iter().fold(String::new(), |text, value| text + "  " + &line(value) + "\n")
}

fn line(value: &Value<'_>) -> String {
    if value.is_map() {
        let all: Vec<_> =
            value.entries().iter().map(|e| format!("{}: {}", e.key, line(&e.value))).collect();
        return format!("{{{}}}", all.join(", "));
    }
    if value.is_seq() {
        return format!("[{}]", value.items().iter().map(line).collect::<Vec<_>>().join(", "));
    }
    match value.as_str() {
        Some(text) => format!("{text:?}"),
        None => value.text().to_owned(),
    }
}

#[test]
#[ignore = "needs KUBEREADY_KUSTOMIZE_CASES"]
fn filters_do_what_the_real_ones_do() {
    let (mut equal, mut elsewhere, mut failures) = (0, Vec::new(), Vec::new());
    for (name, case) in cases("filters") {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let Some(outcome) = run(text("filter"), &value(&case["config"]), documents(text("input")))
        else {
            elsewhere.push(name);
            continue;
        };
        let wanted = documents(text("output"));
        match (outcome, text("error").is_empty()) {
            (Err(_), false) => equal += 1,
            (Ok(is), true)
                if is.len() == wanted.len() && is.iter().zip(&wanted).all(|(a, b)| same(a, b)) =>
            {
                equal += 1;
            }
            (Ok(is), _) => failures.push(format!(
                "{name}: {}\nis:\n{}wanted:\n{}",
                text("error"),
                show(&is),
                show(&wanted)
            )),
            (Err(why), true) => failures.push(format!("{name}: failed: {why}")),
        }
    }
    println!("{equal} equal; {} elsewhere: {}", elsewhere.len(), elsewhere.join(" "));
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

/// Cases that ask for what kustomize's transformers never do: merge keys by guess or from comments.
const NOT_KUSTOMIZE: [&str; 3] = ["merge2-047", "merge2-049", "merge2-051"];

#[test]
#[ignore = "needs KUBEREADY_KUSTOMIZE_CASES"]
fn merges_come_out_as_the_real_ones_do() {
    let mut failures = Vec::new();
    for (name, case) in cases("merge2") {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let read = |key: &str| documents(text(key)).pop();
        let (Some(target), Some(patch)) = (read("target"), read("patch")) else { continue };
        let is = merge(target, patch, &Schemas::default()).expect("a merge that can be done");
        let wanted = read("output");
        // Kustomize always puts the patch's items first.
        let prepends = case["prepend"].as_bool().unwrap_or(false);
        let equal = match (&is, &wanted) {
            (None, None) => true,
            (Some(is), Some(wanted)) if prepends => same(is, wanted),
            (Some(is), Some(wanted)) => same_unordered(is, wanted),
            _ => false,
        };
        if !equal && !NOT_KUSTOMIZE.contains(&name.as_str()) {
            let all: Vec<_> = [is, wanted].into_iter().flatten().collect();
            failures.push(format!("{name}:\n{}", show(&all)));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
