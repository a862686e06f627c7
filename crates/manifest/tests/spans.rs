//! Every node's bytes: hand cases, arbitrary text, and a corpus of real files.

use std::path::{Path, PathBuf};

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::{Kind, NodeRef, Style, Tree};
use proptest::prelude::*;

fn parse(text: &str) -> Tree {
    Tree::parse(text, SourceId(0))
}

fn bytes(node: NodeRef<'_>) -> &str {
    let span = node.span();
    &node.tree().text()[span.start as usize..span.end as usize]
}

/// What is wrong with the spans of a tree, one line per node and fault.
fn faults(tree: &Tree) -> Vec<String> {
    let text = tree.text();
    let mut faults = Vec::new();
    let mut ends: Vec<(u32, u32)> = Vec::new();
    let mut last_start = 0;
    for node in tree.nodes() {
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        let mut fault = |what: &str| {
            let shown: String = text
                .get(start.min(text.len())..end.clamp(start, text.len()))
                .unwrap_or("<no slice>")
                .chars()
                .take(40)
                .collect();
            faults.push(format!("{what}: node {} at {start}..{end} {shown:?}", node.index()));
        };
        let Some(slice) = text.get(start..end) else {
            fault("out of bounds or within a character");
            continue;
        };
        if start < last_start {
            fault("starts before the node before it");
        }
        last_start = start;
        while ends.last().is_some_and(|&(_, behind)| node.index() >= behind) {
            ends.pop();
        }
        if ends.last().is_some_and(|&(parent, _)| end > parent as usize) {
            fault("ends behind its parent");
        }
        if matches!(node.kind(), Kind::Map | Kind::Seq) {
            let behind = node.descendants().last().expect("itself").index() + 1;
            ends.push((node.span().end, behind));
        }
        match node.kind() {
            Kind::Scalar => match node.style() {
                Style::Plain if !slice.contains('\n') && slice != node.text() => {
                    fault("plain text is not its bytes");
                }
                Style::Plain if slice.trim_end() != slice => fault("trailing blanks"),
                Style::Plain => {}
                Style::SingleQuoted | Style::DoubleQuoted => {
                    let quote = if node.style() == Style::SingleQuoted { '\'' } else { '"' };
                    if slice.len() < 2 || !slice.starts_with(quote) || !slice.ends_with(quote) {
                        fault("no quotes at both ends");
                    }
                }
                Style::Literal | Style::Folded => {
                    if !slice.starts_with(if node.style() == Style::Literal { '|' } else { '>' }) {
                        fault("does not start at its header");
                    }
                    let last = node.text().trim_end().rsplit(['\n', ' ']).next().unwrap_or("");
                    if !slice.trim_end().ends_with(last) {
                        fault("misses its last line");
                    }
                }
            },
            Kind::Map if node.is_flow() && slice.starts_with('{') => {
                if !slice.ends_with('}') {
                    fault("no brace at the end");
                }
            }
            Kind::Seq if node.is_flow() => {
                if !slice.starts_with('[') || !slice.ends_with(']') {
                    fault("no brackets at both ends");
                }
            }
            Kind::Seq if !slice.starts_with(['-', '&', '!']) => fault("does not start at its dash"),
            Kind::Map | Kind::Seq => {
                if slice.trim_end() != slice {
                    fault("trailing blanks");
                }
            }
            Kind::Alias if !slice.starts_with('*') => fault("does not start at its star"),
            Kind::Alias => {}
        }
    }
    for pair in tree.comments().windows(2) {
        if pair[0].end > pair[1].start {
            faults.push(format!("comments out of order: {pair:?}"));
        }
    }
    for &comment in tree.comments() {
        if !tree.comment_text(comment).starts_with('#') {
            faults.push(format!("no comment: {comment:?}"));
        }
    }
    for (document, root) in tree.documents() {
        if document.start > root.span().start || document.end < root.span().end {
            faults.push(format!("{document:?} does not hold its root"));
        }
    }
    for error in tree.errors() {
        if text.get(error.at.start as usize..error.at.end as usize).is_none()
            || text.get(error.document.start as usize..error.document.end as usize).is_none()
        {
            faults.push(format!("out of bounds: {error:?}"));
        }
    }
    faults
}

/// `text` and the bytes of each node in order; every case is tried with CRLF and a BOM too.
#[test]
fn nodes_are_exactly_the_bytes_they_are_written_with() {
    let table: &[(&str, &[&str])] = &[
        ("a: 1\n", &["a: 1", "a", "1"]),
        ("ключ: значение # к\n", &["ключ: значение", "ключ", "значение"]),
        ("a:\nb: ~\n", &["a:\nb: ~", "a", "", "b", "~"]),
        ("- \n- a:\n", &["- \n- a:", "", "a:", "a", ""]),
        ("a:\n- x\n- - y\n", &["a:\n- x\n- - y", "a", "- x\n- - y", "x", "- y", "y"]),
        ("a:\n- - x\n", &["a:\n- - x", "a", "- - x", "- x", "x"]),
        ("a: # c - d\n- x\n", &["a: # c - d\n- x", "a", "- x", "x"]),
        ("a: &l\n  - x\n", &["a: &l\n  - x", "a", "- x", "x"]),
        ("a: !!seq # -\n- x\n", &["a: !!seq # -\n- x", "a", "- x", "x"]),
        (
            "a: | # x > y | z\n  t\n\nb: 1\n",
            &["a: | # x > y | z\n  t\n\nb: 1", "a", "| # x > y | z\n  t", "b", "1"],
        ),
        ("a: &x !!str >- # |\n  t\n", &["a: &x !!str >- # |\n  t", "a", ">- # |\n  t"]),
        ("a: >-  # x\n\n# y\nb: |+\n", &["a: >-  # x\n\n# y\nb: |+", "a", ">-", "b", "|+"]),
        ("a: |\n\n  | x\n", &["a: |\n\n  | x", "a", "|\n\n  | x"]),
        ("a: |\nb: >\n", &["a: |\nb: >", "a", "|", "b", ">"]),
        ("- |\n  x\n# c\n- >+\n  y\n\n", &["- |\n  x\n# c\n- >+\n  y", "|\n  x", ">+\n  y"]),
        ("--- |\n x\n", &["|\n x"]),
        (
            "p: one\n   two\nq: 'x\n\n  y'\n",
            &["p: one\n   two\nq: 'x\n\n  y'", "p", "one\n   two", "q", "'x\n\n  y'"],
        ),
        (
            "f: {a: 1, b: [x, 'y'], c: , d}\n",
            &[
                "f: {a: 1, b: [x, 'y'], c: , d}",
                "f",
                "{a: 1, b: [x, 'y'], c: , d}",
                "a",
                "1",
                "b",
                "[x, 'y']",
                "x",
                "'y'",
                "c",
                "",
                "d",
                "",
            ],
        ),
        ("- [a: 1]\n", &["- [a: 1]", "[a: 1]", "a: 1", "a", "1"]),
        (
            "b: &b {k: v}\nu: *b\nm: {<<: *b}\n",
            &[
                "b: &b {k: v}\nu: *b\nm: {<<: *b}",
                "b",
                "{k: v}",
                "k",
                "v",
                "u",
                "*b",
                "m",
                "{<<: *b}",
                "<<",
                "*b",
            ],
        ),
        ("a: !!null\nb: &e\nc: 1\n", &["a: !!null\nb: &e\nc: 1", "a", "", "b", "", "c", "1"]),
        ("? a\n: b\n", &["? a\n: b", "a", "b"]),
        ("? a\n:: b\n", &["? a\n:: b", "a", "", ":", "b"]),
        ("%YAML 1.2\n---\n- a\n...\n", &["- a", "a"]),
    ];
    for (text, expected) in table {
        for form in [text.to_string(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
            let crlf = form.contains('\r');
            let tree = parse(&form);
            assert_eq!(tree.errors(), [], "{form:?}");
            let found: Vec<String> = tree.nodes().map(|n| bytes(n).replace("\r\n", "\n")).collect();
            assert_eq!(found, *expected, "{form:?} {crlf}");
            assert_eq!(faults(&tree), [""; 0], "{form:?}");
        }
    }
}

#[test]
fn a_block_scalar_behind_a_broken_document_begins_at_its_own_header() {
    let broken = "a: }\nb: |\n  text > of | it\n";
    for (behind, expected) in
        [("...\n|\n", "|"), ("...\n# c\n|\n  x\n", "|\n  x"), ("---\n>\n  y\n", ">\n  y")]
    {
        for line_end in ["\n", "\r\n", "\r"] {
            let text = format!("{broken}{behind}").replace('\n', line_end);
            let tree = parse(&text);
            assert_eq!(tree.errors().len(), 1, "{text:?}");
            let roots: Vec<_> = tree.documents().map(|(_, root)| bytes(root)).collect();
            assert_eq!(roots, [expected.replace('\n', line_end)], "{text:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn arbitrary_text_never_panics_and_stays_in_bounds(text in "[-a:#|>&*!?%{}\\[\\]'\",~<\\\\.0é\u{feff}\t\r\n  ]{0,60}") {
        walk(&parse(&text));
    }

    #[test]
    fn any_unicode_never_panics(text in "\\PC{0,40}|(.|\n){0,40}") {
        walk(&parse(&text));
    }

    #[test]
    fn lines_of_yaml_keep_exact_spans(
        lines in prop::collection::vec("( {0,4})(- ){0,2}(a|b: |'c': |\"d\"|[|]|b: >|e: \\[x, \\{y: 1\\}\\]|# c|é: é|- |&x |\\*x|---|b:)", 0..8),
        crlf in any::<bool>(),
    ) {
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        let tree = parse(&text);
        walk(&tree);
        prop_assert_eq!(faults(&tree), Vec::<String>::new(), "{:?}", text);
    }
}

/// Touches every node in every way.
fn walk(tree: &Tree) {
    for node in tree.nodes() {
        let _ = (bytes(node), node.text(), node.scalar(), node.key_text(), node.get("a"));
        let _ = (node.entries().count(), node.items().count(), node.at("a.b").span);
    }
    for (document, root) in tree.documents() {
        assert!(document.start <= document.end);
        for node in root.descendants() {
            assert!(root.path_to(node).is_some());
        }
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            found.push(path);
        }
    }
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA, a folder of YAML trees"]
fn every_node_of_a_corpus_has_exact_bytes() {
    let dir = std::env::var("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA names a folder");
    let mut paths = Vec::new();
    files(Path::new(&dir), &mut paths);
    let (mut nodes, mut bytes, mut errors, mut bad) = (0, 0, 0, Vec::new());
    let mut spent = std::time::Duration::ZERO;
    for path in &paths {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let started = std::time::Instant::now();
        let tree = parse(&text);
        spent += started.elapsed();
        nodes += tree.len();
        bytes += text.len();
        errors += tree.errors().len();
        if std::env::var_os("KUBEREADY_SHOW").is_some() {
            for error in tree.errors() {
                let at = error.at.start as usize;
                let line = text[..at].matches('\n').count() + 1;
                eprintln!("{}:{line}: {}", path.display(), error.message);
            }
        }
        bad.extend(faults(&tree).into_iter().map(|f| format!("{}: {f}", path.display())));
    }
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    let speed = bytes as f64 / 1e6 / spent.as_secs_f64();
    eprintln!(
        "{} files, {nodes} nodes, {errors} syntax errors, {} faults, {speed:.0} MB/s",
        paths.len(),
        bad.len()
    );
    assert!(nodes > 0, "the corpus is empty");
    assert_eq!(bad.len(), 0, "{}", bad.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
}
