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
