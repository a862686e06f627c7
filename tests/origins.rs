//! Every scalar that ships knows the bytes that produced it, or the entry that wrote it.

use std::path::{Path, PathBuf};

use kubeready::host::{Host as _, OsHost};
use kubeready::load::{Class, Loaded, World};
use kubeready::render::kustomize::Kustomize;
use kubeready::walk;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Data, Scalar, Tree, Value, Writer};

use crate::given;

fn read(root: &Path) -> Vec<Loaded> {
    let request = walk::Request {
        roots: vec![root.to_path_buf()],
        base: root.to_path_buf(),
        no_ignore: true,
        ..walk::Request::default()
    };
    given::read(&OsHost, root, OsHost.walk(&request).files)
}

/// What was looked at, and what is wrong with it.
#[derive(Default)]
struct Proof {
    scalars: usize,
    /// Scalars whose bytes say exactly what they are.
    exact: usize,
    wrong: Vec<String>,
}

impl Proof {
    fn of(root: &Path) -> Self {
        let loaded = read(root);
        let world = World::new(root, &loaded);
        let kustomize = Kustomize::new(&world);
        let mut proof = Self::default();
        for file in loaded.iter().filter(|f| f.class == Class::Kustomization) {
            let Some(folder) = file.input.path.parent() else { continue };
            for resource in &kustomize.build(folder, None).resources {
                proof.value(&resource.value, &loaded, &file.input.shown);
            }
        }
        proof
    }

    fn value(&mut self, value: &Value<'_>, loaded: &[Loaded], root: &str) {
        match &value.data {
            Data::Map(entries) => {
                for entry in entries {
                    self.value(&entry.value, loaded, root);
                }
            }
            Data::Seq(items) => {
                for item in items {
                    self.value(item, loaded, root);
                }
            }
            Data::Scalar { text, .. } => {
                self.scalars += 1;
                let span = value.origin.span;
                let file = &loaded[span.source.0 as usize];
                let source = file.text();
                let Some(bytes) = source.get(span.start as usize..span.end as usize) else {
                    self.wrong
                        .push(format!("{root}: {text:?} has no bytes in {}", file.input.shown));
                    return;
                };
                let read = scalar_of(bytes);
                // The bytes of a block end with its last word; the line ends behind it count.
                let is_block = bytes.starts_with(['|', '>']);
                let same = |read: &str| {
                    read == &**text
                        || is_block && read.trim_end_matches('\n') == text.trim_end_matches('\n')
                };
                // An indentation that is told (`|2`) is told from where the block stands.
                let told = is_block && bytes[1..].starts_with(|c: char| c.is_ascii_digit());
                let words = |text: &str| -> Vec<String> {
                    text.lines().map(|line| line.trim().to_owned()).collect()
                };
                let body = bytes.split_once('\n').map_or("", |(_, body)| body);
                if read.as_deref().is_some_and(same) || told && words(body) == words(text) {
                    self.exact += 1;
                } else if !Self::is_explained(value, text, bytes, read.as_deref()) {
                    self.wrong.push(format!(
                        "{root}: {text:?} by {:?} points to {bytes:?} in {}",
                        value.origin.by, file.input.shown
                    ));
                }
            }
        }
    }

    /// Whether bytes that say something else are what a person would edit all the same.
    fn is_explained(value: &Value<'_>, text: &str, bytes: &str, read: Option<&str>) -> bool {
        match value.origin.by {
            // A patch in quotes or a folded block is told as a whole.
            Writer::Patch | Writer::JsonPatch => bytes.contains(text),
            // A null, however it is written; an annotation that kustomize makes a string: a day
            // becomes a time, a list becomes nothing.
            Writer::Resource => {
                matches!(value.scalar(), Some(Scalar::Null)) && bytes.trim().is_empty()
                    || text.is_empty()
                    || text.starts_with(bytes)
            }
            // Old text with new around it.
            Writer::Name => read.is_some_and(|old| text.contains(old)),
            // Text with a variable in it, or the variable where it is defined.
            Writer::Variable => {
                bytes.contains("$(") || bytes.contains("${") || bytes.contains(text)
            }
            // The entry of a transformer, which says what it wrote in its own way.
            Writer::Image
            | Writer::Replicas
            | Writer::Namespace
            | Writer::Label
            | Writer::Annotation
            | Writer::Generator
            | Writer::Replacement
            | Writer::Transformer => !bytes.trim().is_empty(),
            Writer::Values | Writer::Template | Writer::MadeUp => false,
        }
    }
}

/// The scalar that bytes of a file say, read by themselves.
fn scalar_of(bytes: &str) -> Option<String> {
    let tree = Tree::parse(bytes, SourceId(0));
    let mut documents = tree.documents();
    match documents.next() {
        Some((_, root)) if root.is_scalar() => Some(root.text().to_owned()),
        Some(_) => None,
        None => Some(String::new()),
    }
}

fn prove(root: &Path) -> Proof {
    let proof = Proof::of(root);
    assert!(
        proof.wrong.is_empty(),
        "{}: {} of {} scalars point to bytes that do not explain them\n{}",
        root.display(),
        proof.wrong.len(),
        proof.scalars,
        proof.wrong.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
    proof
}

#[test]
fn every_scalar_of_the_fixtures_is_explained_by_its_bytes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kustomize");
    let proof = prove(&root);
    assert!(proof.scalars > 500, "{} scalars are too few to tell", proof.scalars);
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA"]
fn every_scalar_of_real_repositories_is_explained_by_its_bytes() {
    let root = std::env::var_os("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA names a directory");
    let entries = std::fs::read_dir(root).expect("a directory that can be listed");
    let mut trees: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    trees.sort();
    for tree in trees.iter().filter(|t| t.is_dir()) {
        let proof = prove(tree);
        println!("{}: {} scalars, {} exact", tree.display(), proof.scalars, proof.exact);
    }
}
