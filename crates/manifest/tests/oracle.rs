//! Our values against another reader's.

use std::path::{Path, PathBuf};

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{NodeRef, Scalar, Style, Tree};
use serde::Deserialize as _;
use serde_yaml::Value;

/// The first difference, if there is one, other than those that Kubernetes' rules explain.
fn difference(node: NodeRef<'_>, value: &Value) -> Option<String> {
    let differs = || Some(format!("{node:?} {:?} is not {value:?}", node.scalar()));
    match value {
        Value::Mapping(map) => {
            if !node.is_map() {
                return differs();
            }
            let mut ours: Vec<_> = node.entries().collect();
            if ours.len() != map.len() {
                return differs();
            }
            // Merged entries come in another order there.
            ours.sort_by_key(|(key, _)| key.text());
            let mut theirs: Vec<_> = map.iter().map(|(k, v)| (shown(k), v)).collect();
            let mut inner = None;
            for (key, value) in ours {
                let at = theirs.iter().position(|(k, _)| *k == key.text() || *k == key.key_text());
                let Some(at) = at else { return Some(format!("{key:?} is not there")) };
                inner = inner.or(difference(value, theirs.swap_remove(at).1));
            }
            inner
        }
        Value::Sequence(items) => {
            if !node.is_seq() || node.len() != items.len() {
                return differs();
            }
            node.items().zip(items).find_map(|(item, value)| difference(item, value))
        }
        // Custom tags mean nothing to Kubernetes.
        Value::Tagged(_) => None,
        scalar => {
            let ours = node.scalar()?;
            let same = match (ours, scalar) {
                (Scalar::Null, Value::Null) => true,
                (Scalar::Bool(a), Value::Bool(b)) => a == *b,
                (Scalar::Int(a), Value::Number(b)) => Some(a) == b.as_i64(),
                (Scalar::UInt(a), Value::Number(b)) => Some(a) == b.as_u64(),
                (Scalar::Float(a), Value::Number(b)) => b
                    .as_f64()
                    .is_some_and(|b| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()),
                (Scalar::Str(a), Value::String(b)) => {
                    // At the end of a file without a newline, Go's reader adds one.
                    a == b
                        || matches!(node.style(), Style::Literal | Style::Folded)
                            && a.trim_end_matches('\n') == b.trim_end_matches('\n')
                }
                // YAML 1.1: yes, on, 0755, 1_000.
                (_, Value::String(text)) => node.style() == Style::Plain && node.text() == text,
                _ => false,
            };
            if same { None } else { differs() }
        }
    }
}

fn shown(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// Kubernetes knows only plain keys; the oracle takes any.
fn has_odd_key(value: &Value) -> bool {
    match value {
        Value::Mapping(map) => map
            .iter()
            .any(|(k, v)| k.is_mapping() || k.is_sequence() || k.is_null() || has_odd_key(v)),
        Value::Sequence(items) => items.iter().any(has_odd_key),
        _ => false,
    }
}

/// Documents compared and those that differ; nothing if the other reader refuses the file.
fn compare(text: &str) -> (usize, Vec<String>) {
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let Ok(mut value) = Value::deserialize(document) else { return (0, Vec::new()) };
        if value.apply_merge().is_err() || has_odd_key(&value) {
            return (0, Vec::new());
        }
        if !value.is_null() {
            values.push(value);
        }
    }
    let tree = Tree::parse(text, SourceId(0));
    let roots: Vec<_> = tree.documents().map(|(_, r)| r).filter(|r| !r.is_null()).collect();
    if roots.len() != values.len() {
        let found = (roots.len(), values.len(), tree.errors());
        return (0, vec![format!("documents differ: {found:?}")]);
    }
    let bad = roots.iter().zip(&values).filter_map(|(root, value)| difference(*root, value));
    (roots.len(), bad.collect())
}

#[test]
fn values_are_those_of_the_oracle() {
    let table = [
        "a: 1\nb: [x, 'y', \"z\\n\\u00e9\", 1.5, true, ~, null, ]\nc: {d: , e: {f: g}}\n",
        "a: |\n  one\n   two\n\nb: >-\n  folded\n  text\n\n  more\nc: |+\n  keep\n\nd: end\n",
        "p: one\n   two\n\n   three\nq: \"l1\n  l2 \\\n  l3\"\nr: 'it''s\n\n  y'\n",
        "base: &b {k: v, l: m}\nuse: *b\nm:\n  <<: *b\n  k: z\nn: {<<: [*b, {o: p}]}\n",
        "a: 1\n---\n# only\n---\n- b\n- - c\n  - d\n...\n---\nlast\n",
        "a: !!str 1\nb: ! 2\nc: \"3\"\nd: 0x1F\ne: .inf\nf: 1e3\n",
        "a:\r\n- |\r\n  x\r\n  y\r\n- 'z'\r\n",
        "? a\n: b\nd:\n  # c\n  - e # f\n  -\n  - g: h\n    i: j\n",
    ];
    for text in table {
        let (documents, bad) = compare(text);
        assert!(documents > 0, "{text:?}");
        assert_eq!(bad, [""; 0], "{text:?}");
    }
}

fn corpus() -> Vec<(PathBuf, String)> {
    fn files(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(dir).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                found.push((path, text));
            }
        }
    }
    let dir = std::env::var("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA names a folder");
    let mut found = Vec::new();
    files(Path::new(&dir), &mut found);
    assert!(!found.is_empty(), "the corpus is empty");
    found
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA, a folder of YAML trees"]
fn values_of_a_corpus_are_those_of_the_oracle() {
    let (mut documents, mut bad) = (0, Vec::new());
    for (path, text) in corpus() {
        let (count, found) = compare(&text);
        documents += count;
        bad.extend(found.into_iter().map(|f| format!("{}: {f}", path.display())));
    }
    eprintln!("{documents} documents compared");
    assert_eq!(bad.len(), 0, "{}", bad.join("\n"));
}
