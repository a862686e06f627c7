//! The same bytes for any number of threads and any order of the input.
//!
//! `KUBEREADY_CORPORA=DIR cargo test --test main order -- --ignored` looks at each folder of DIR, too.

use std::io;
use std::path::{Path, PathBuf};

use kubeready::check::{Request, check, printed};
use kubeready::host::{Around, Host, OsHost, PathKind};
use kubeready::report::{self, Format, Style};
use kubeready::settings::Settings;
use kubeready::walk;
use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;
use kubeready_typed::Fitting;

use crate::corpora::trees;

/// The machine, with what it lists in another order: by a hash of the names and a number.
#[derive(Clone, Copy, Debug)]
struct Shuffled(u64);

impl Shuffled {
    fn shuffle<T>(self, items: &mut [T], name: impl Fn(&T) -> String) {
        items.sort_by_cached_key(|item| {
            let bytes = name(item).into_bytes();
            bytes.into_iter().fold(self.0, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(17)
            })
        });
    }
}

impl Around for Shuffled {
    fn inner(&self) -> &dyn Host {
        &OsHost
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>> {
        let mut entries = OsHost.list(directory)?;
        self.shuffle(&mut entries, |(name, _)| name.clone());
        Ok(entries)
    }
    fn walk(&self, request: &walk::Request) -> walk::Walked {
        let mut walked = OsHost.walk(request);
        self.shuffle(&mut walked.files, |path| path.to_string_lossy().into_owned());
        self.shuffle(&mut walked.problems, |problem| problem.message.clone());
        walked
    }
}

/// Everything that a run over paths says: findings, problems, places, and what it prints.
fn said(host: &dyn Host, root: &Path, paths: &[PathBuf], threads: usize) -> Vec<u8> {
    let all: Vec<_> = kubeready::catalogue::rules().map(|(id, _)| id).collect();
    let settings = Settings::only(&all);
    let request =
        Request { paths: paths.to_vec(), threads, root: root.to_path_buf(), ..Request::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| {
        let mut out = Vec::new();
        let report = check(host, &request, &settings);
        for format in [Format::Json, Format::Pretty] {
            report::render(&report, format, Style::PLAIN, &mut out).expect("memory takes it");
        }
        report::fleet::write_json(&report, &mut out).expect("memory takes it");
        // What is printed follows the order of the paths: only the whole has one.
        if let [whole] = paths
            && whole == root
        {
            let printed = printed(host, &request, &settings, true);
            out.extend(printed.text.into_bytes());
            report::render(&printed.report, Format::Json, Style::PLAIN, &mut out).expect("memory");
        }
        out
    })
}

/// Where two outputs part.
fn difference(one: &[u8], other: &[u8]) -> String {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let near = |text: &str| {
        let bytes = text.as_bytes();
        let part = &bytes[at.saturating_sub(300)..(at + 300).min(bytes.len())];
        String::from_utf8_lossy(part).into_owned()
    };
    format!("--- one\n{}\n--- the other\n{}", near(&one), near(&other))
}

fn is_the_same_in_any_order(tree: &Path) {
    let whole = [tree.to_path_buf()];
    let one = said(&OsHost, tree, &whole, 1);
    let compare = |what: &str, one: &[u8], other: Vec<u8>| {
        assert!(one == other, "{}: {what}\n{}", tree.display(), difference(one, &other));
    };
    for threads in [2, 8] {
        compare(&format!("{threads} threads"), &one, said(&OsHost, tree, &whole, threads));
    }
    for number in [1, 2] {
        let host = Shuffled(number);
        compare(&format!("shuffled by {number}"), &one, said(&host, tree, &whole, 8));
    }
    // Its folders, given one by one.
    let entries = OsHost.list(tree).expect("a directory");
    let mut parts: Vec<_> = (entries.into_iter())
        .filter(|(name, kind)| *kind == PathKind::Directory && !name.starts_with('.'))
        .map(|(name, _)| tree.join(name))
        .collect();
    let one = said(&OsHost, tree, &parts, 2);
    for number in [1, 2] {
        Shuffled(number).shuffle(&mut parts, |path| path.to_string_lossy().into_owned());
        compare(&format!("paths shuffled by {number}"), &one, said(&OsHost, tree, &parts, 8));
    }
}

#[test]
fn fixtures_say_the_same_on_any_threads_and_in_any_order() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for folder in ["lab", "kustomize", "charts"] {
        is_the_same_in_any_order(&fixtures.join(folder));
    }
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA"]
fn corpora_say_the_same_on_any_threads_and_in_any_order() {
    for tree in trees() {
        let began = std::time::Instant::now();
        is_the_same_in_any_order(&tree);
        println!("{}: {:?}", tree.display(), began.elapsed());
    }
}

/// Whether a document fits its type is kept for all of its shape: what is kept must not say more than
/// decoding each of them would. Every value of the fixtures is written as one of another type in turn.
#[test]
fn a_document_fits_its_type_or_not_whatever_was_read_before() {
    const VALUES: [&str; 9] =
        ["null", "true", "0.0", "-1", "70", "5000000000", "18446744073709551615", "x", "'5'"];
    let mut files = Vec::new();
    yaml_below(Path::new("fixtures"), &mut files);
    files.sort();
    let kept = Fitting::default();
    let mut judged = 0;
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let tree = Tree::parse(text.as_str(), SourceId(0));
        // Some of the places: all of them take minutes.
        for node in tree.nodes().filter(|node| node.is_scalar()).step_by(17) {
            for value in VALUES {
                let span = node.span();
                let mut text = text.clone();
                text.replace_range(span.start as usize..span.end as usize, value);
                let place = || format!("{}:{:?} as {value}", file.display(), node.text());
                judged += fits_alike(&text, &kept, &place);
            }
        }
    }
    assert!(judged > 2_000, "{judged}");
}

/// How many documents were asked.
fn fits_alike(text: &str, kept: &Fitting, place: &dyn Fn() -> String) -> usize {
    let tree = Tree::parse(text, SourceId(0));
    let mut judged = 0;
    for (_, root) in tree.documents() {
        let (api, kind) = (root.str_at("apiVersion"), root.str_at("kind"));
        let (Some(api), Some(kind)) = (api, kind) else { continue };
        let said = |fitting: &Fitting| {
            let report = fitting.check(api, kind, root);
            report.map(|r| (r.unknown.len(), r.missing.len(), r.mismatched.len()))
        };
        assert_eq!(said(kept), said(&Fitting::default()), "{}", place());
        judged += 1;
    }
    judged
}

fn yaml_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            yaml_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}
