//! Streams of documents: what one broken document costs, and what a hostile one may cost.

#![expect(clippy::format_collect, clippy::format_push_string, reason = "inputs made once")]

use std::time::{Duration, Instant};

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;

fn parse(text: &str) -> Tree {
    Tree::parse(text, SourceId(0))
}

/// The documents' ranges, then the errors' documents with `^` at the place and the words.
fn outline(text: &str) -> Vec<String> {
    let tree = parse(text);
    let mut lines: Vec<(u32, String)> = tree
        .documents()
        .map(|(d, _)| (d.start, format!("ok {:?}", &text[d.start as usize..d.end as usize])))
        .collect();
    lines.extend(tree.errors().iter().map(|e| {
        let (from, to) = (e.document.start as usize, e.document.end as usize);
        let at = e.at.start as usize;
        assert!(from <= at && at <= to, "{e:?} in {text:?}");
        (e.at.start, format!("lost {:?}^{:?} {}", &text[from..at], &text[at..to], e.message))
    }));
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

#[test]
fn a_broken_document_loses_only_itself() {
    let table: &[(&str, &[&str])] = &[
        (
            "a: 1\n---\nb: [1,\n---\nc: 2\n",
            &[
                r#"ok "a: 1\n""#,
                r#"lost "\nb: "^"[1,\n" this `[` is never closed"#,
                r#"ok "\nc: 2\n""#,
            ],
        ),
        (
            "# head\nb: \"x\n--- # c\nc: 2\n---  \nd: 3\n",
            &[
                r##"lost "# head\nb: "^"\"x\n" this quote is never closed"##,
                r#"ok " # c\nc: 2\n""#,
                r#"ok "  \nd: 3\n""#,
            ],
        ),
        (
            "# head\n---\n# only\n---\na: 1\n...\n---\nb: *x\n",
            &[
                r##"ok "# head\n---\n# only\n---\na: 1\n""##,
                r#"lost "\n---\nb: "^"*x\n" this alias names no anchor of its document"#,
            ],
        ),
        (
            "a: &x [*x]\n---\nb: 1\n",
            &[
                r#"lost "a: &x ["^"*x]\n" this alias names a collection that it is part of"#,
                r#"ok "\nb: 1\n""#,
            ],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(outline(text), *expected, "{text:?}");
    }
}

#[test]
fn errors_say_what_is_wrong_in_plain_words() {
    let table = [
        ("a:\n\tb: 1\n", "\t", "a tab is used as indentation"),
        ("a: 'x\nb: 1\n", "'", "this quote is never closed"),
        ("a: {b: 1\nc: 2\n", "", "`,` or `}` is expected"),
        ("a: [1, 2\nb: 3\n", "", ""),
        ("a: {{ .Values.x }}\n", "{", "`{{` starts a template"),
        ("a: {{ .Values.x }}-y\n", "{", "`{{` starts a template"),
        ("{{- if .Values.x }}\na: 1\n{{- end }}\n", "", "`{{` starts a template"),
        ("a: @x\n", "@", "a value may not start with this character"),
        ("a: %x\n", "%", "a value may not start with `%`"),
        ("a: b: c\n", ":", "a `:` with a value is not allowed here"),
        ("a: 1\n b: 2\n", ":", "a `:` with a value is not allowed here"),
        ("a: 'b' c\n", "", "text behind a closing quote"),
        ("a: \"\\d\"\n", "", "double quotes do not know this backslash"),
        ("a: 1\n]\n", "]", "this bracket closes nothing"),
        ("{a: 1}\nb: 2\n", "", ""),
        ("'x'\ny\n", "", ""),
        ("- a\nb: 1\n", "b", "a `-` is expected here"),
        ("a: 1\n- b\n", "", ""),
        ("a: x\0y\n", "", ""),
        ("? [a]\n: b\n", "[", "a key must be a plain value"),
        ("a: {<<: 1}\n", "1", "`<<` merges maps"),
    ];
    for (text, at, words) in table {
        let tree = parse(text);
        let errors = tree.errors();
        assert_eq!(errors.len(), 1, "{text:?}: {errors:?}");
        let place = &text[errors[0].at.start as usize..errors[0].at.end as usize];
        assert!(errors[0].message.starts_with(words), "{text:?}: {errors:?}");
        assert!(at.is_empty() || place == at, "{text:?}: {place:?} {errors:?}");
    }
}

#[test]
fn an_unrendered_template_is_shown_where_its_markup_starts() {
    for (text, at) in [
        ("replicas: {{ n }}\n", 10),
        ("replicas: {{ n }}-x\n", 10),
        ("a: 1\nname: {{ a }}-{{ b }}\n", 11),
        ("{% if x %}\na: 1\n", 0),
        ("{{ if x }}\na: 1\n", 0),
    ] {
        assert_eq!(parse(text).errors()[0].at.start, at, "{text:?}");
    }
}

#[test]
fn nothing_behind_a_root_is_lost_in_silence() {
    for text in ["a: 1\n]\n", "{a: 1}\nb: 2\n", "'x'\ny\n", "[a]\n[b]\n", "*a\n", "  - a\na\n"] {
        assert!(!parse(text).errors().is_empty(), "{text:?}");
    }
    assert_eq!(parse("a: 1\n...\nb: 2\n").documents().len(), 2);
}

#[test]
fn more_comments_than_the_parser_buffers_are_no_error() {
    let text = format!("a: 1\n{}b: 2\n", "# c\n".repeat(10_000));
    let tree = parse(&text);
    assert_eq!((tree.errors(), tree.comments().len()), (&[][..], 10_000));
}

#[test]
fn hostile_input_costs_little() {
    let bomb = |open: &str, close: &str, pair: &str| {
        let mut text = format!("a0: &a0 {open}{pair}x{close}\n");
        for n in 1..30 {
            let before = format!("*a{}", n - 1);
            let items = if open == "[" {
                vec![before; 9].join(",")
            } else {
                (0..9).map(|k| format!("k{k}: {before}")).collect::<Vec<_>>().join(",")
            };
            text += &format!("a{n}: &a{n} {open}{items}{close}\n");
        }
        text
    };
    let merges: String = (1..40)
        .map(|n| {
            format!(
                "m{n}: &m{n} {{<<: [{}], k{n}: 1}}\n",
                vec![format!("*m{}", n - 1); 9].join(",")
            )
        })
        .collect();
    let big: String = (0..20_000).map(|n| format!("  k{n}: v\n")).collect();
    let deep: String = (0..5_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let table = [
        ("100k [", "[".repeat(100_000)),
        ("100k {a: ", "{a: ".repeat(100_000)),
        ("100k - ", "- ".repeat(100_000)),
        ("100k ? ", "? ".repeat(100_000)),
        ("5k deep maps", deep),
        ("list bomb", bomb("[", "]", "")),
        ("map bomb", bomb("{", "}", "k: ")),
        ("merge bomb", format!("m0: &m0 {{a: 1}}\n{merges}")),
        ("merge of much", format!("b: &b\n{big}l:\n{}", "- <<: *b\n".repeat(20_000))),
        ("self", "a: &a {b: *a, <<: *a}\n".to_owned()),
        ("1M flow pairs", format!("{{{}}}", "a:b,".repeat(1_000_000))),
        ("1M flow pairs, blanks", format!("{{{}}}", "a: b,".repeat(1_000_000))),
        ("300k keys", (0..300_000).map(|n| format!("k{n}: v\n")).collect()),
        ("20 MB string", format!("a: \"{}\"\n", "x".repeat(20_000_000))),
        ("20 MB plain", format!("a: {}\n", "x ".repeat(10_000_000))),
        ("2M comments", "# c\n".repeat(2_000_000)),
        ("100k anchors", (0..100_000).map(|n| format!("- &a{n} x\n- *a{n}\n")).collect()),
        ("100k broken", "a: [\n---\n".repeat(100_000)),
        ("100k documents", "a: 1\n---\n".repeat(100_000)),
        ("1M tags", "- !a x\n- !b x\n".repeat(200_000)),
        ("many tags", (0..100_000).map(|n| format!("- !t{n} x\n")).collect()),
        ("one line broken", format!("a: {}[", "{{ x }} ".repeat(100_000))),
        ("empty blocks", "- |\n".repeat(200_000)),
        ("empty values", "a:\n".repeat(300_000)),
        ("empty values far apart", format!("a:\n{}", "\n".repeat(1_000_000))),
        ("comments before dashes", format!("a:\n{}- b\n", "# c\n".repeat(500_000))),
        ("keys and comments", "a: # c\n- b\n".repeat(200_000)),
        ("NUL", "\0".repeat(1000)),
        ("BOMs", "\u{feff}".repeat(100_000)),
        ("quotes", "'".repeat(1_000_001)),
        (
            "alias deep",
            (1..200).fold("a0: &a0 [x]\n".to_owned(), |t, n| {
                t + &format!("a{n}: &a{n} [*a{}]\n", n - 1)
            }),
        ),
    ];
    // In a debug build on a busy machine; release is an order of magnitude faster.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
    for (name, text) in table {
        let started = Instant::now();
        let tree = parse(&text);
        let parsed = started.elapsed();
        for (_, root) in tree.documents() {
            let mut seen = root.entries().count() + root.items().count();
            for (_, value) in root.entries().take(100) {
                seen += value.entries().count() + value.items().count();
                seen += usize::from(root.path_to(value).is_some());
                seen += value.items().map(|i| i.entries().count()).sum::<usize>();
            }
            assert!(seen < 10_000_000);
            let _ = (root.get("zz"), root.path("l.k"));
        }
        let spent = started.elapsed();
        eprintln!(
            "{name}: parse {parsed:?}, all {spent:?}, {} documents, {} errors {:?}",
            tree.documents().len(),
            tree.errors().len(),
            tree.errors().first().map(|e| &e.message),
        );
        assert!(spent < limit, "{name} took {spent:?}");
    }
}
