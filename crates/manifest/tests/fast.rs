//! The fast path and the full parser read alike: every file at hand, hand cases, and mutations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_manifest::source::SourceId;
use kubeready_manifest::yaml::Tree;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Compares the two readings. Gives whether the fast path took the text.
fn agree(text: &str) -> Result<bool, String> {
    let text: Arc<str> = text.into();
    let Some(fast) = Tree::parse_fast(text.clone(), SourceId(0)) else { return Ok(false) };
    fast.same_tape(&Tree::parse_full(text, SourceId(0))).map(|()| true)
}

fn files(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            files(&path, extensions, found);
        } else if path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)) {
            found.push(path);
        }
    }
}

/// The texts of a file: itself, and the code blocks of a page.
fn texts(path: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let mut texts = Vec::new();
    if path.extension().is_some_and(|e| e == "md") {
        let blocks = text.split("```").skip(1).step_by(2);
        texts.extend(blocks.filter_map(|b| b.split_once('\n')).map(|(_, block)| block.to_owned()));
    }
    texts.push(text);
    texts
}

#[test]
fn every_fixture_and_example_is_read_alike() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    for folder in ["fixtures", "rules"] {
        files(&project.join(folder), &["yaml", "yml", "json", "md"], &mut paths);
    }
    let (mut taken, mut all) = (0, 0);
    for path in &paths {
        for text in texts(path) {
            all += 1;
            match agree(&text) {
                Ok(fast) => taken += usize::from(fast),
                Err(difference) => panic!("{}: {difference}\n{text}", path.display()),
            }
        }
    }
    assert!(all > 1000 && taken * 2 > all, "{taken} of {all} texts are read by the fast path");
}

#[test]
#[ignore = "needs KUBEREADY_CORPORA, a folder of YAML trees"]
fn corpora_are_read_alike_and_nearly_all_by_the_fast_path() {
    let folder = std::env::var_os("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA names a folder");
    let mut paths = Vec::new();
    files(Path::new(&folder), &["yaml", "yml", "json"], &mut paths);
    let (mut taken, mut all) = (0, 0);
    for path in &paths {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        all += text.len();
        match agree(&text) {
            Ok(fast) => taken += if fast { text.len() } else { 0 },
            Err(difference) => panic!("{}: {difference}", path.display()),
        }
    }
    assert!(taken * 100 >= all * 95, "the fast path reads {taken} of {all} bytes");
}

/// The subset that the fast path must know: what it gives up here makes every run slower.
#[test]
fn manifests_are_read_by_the_fast_path() {
    let table = [
        "",
        "# only a comment\n",
        "a: 1\n",
        "a: 1",
        "# c\n---\na: b # c\n--- # d\n---\n- x\n- y\n---\n",
        "a:\n- x\n-  y: 1\n   z:\n- - p\n  - q\nb:\n  - x\n",
        "a:\nb: ~\nc:\n\n# c\n\n  d: e\n",
        "\"a\": 'it''s'\n'b' : \"x\\n\\u00e9\\\"\"\n",
        "a: \"one\n  two\\\n  three\n\n  four\"\nb: 'five\n  six'\n",
        "a: one two\n  three\n\n  four\nb: x\n",
        "a: |\n  x\n    y\n\n  z  \n\nb: >-\n  x\n  y\n\n   z\nc: |+\n  x\n\n\nd: >\n\n  x",
        "a: {b: c, \"d\":1, 'e': [f, {g: h}], i: []} # c\n",
        "a: [\"x\",\n    y # c\n  ]\nb: [\n  x,\n]\n",
        "{\"a\": [1, 2.5, null],\n  \"b\": {\"c\": \"\\/\"}}\n",
        "ключ: значение # к\n",
        "a: http://x:8080/y#z\nb: x # y\nc: -1\nd: :x\ne: ?x\nf: a:b\n",
        "a: 1\na: 2\n",
        "a\n---\n",
    ];
    for text in table {
        assert_eq!(agree(text), Ok(true), "{text:?}");
    }
}

/// What is wrong, or easily read in two ways, is left to the full parser.
#[test]
fn doubts_are_left_to_the_full_parser() {
    let table = [
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        "? a\n: b\n",
        "%YAML 1.2\n---\na: 1\n",
        "a: 1\n...\n",
        "a: 1\r\n",
        "\u{feff}a: 1\n",
        "a:\t1\n",
        "\ta: 1\n",
        "a: b: c\n",
        "a: 1\n b: 2\n",
        "  a: 1\n b: 2\n",
        "a: 1\nb\n",
        "a: 'x' y\n",
        "a: 'x'# y\n",
        "a: 'x\n",
        "a: [x\n",
        "a: [x}\n",
        "a: {x}\n",
        "a: [x: y]\n",
        "a: [x,,y]\n",
        "[x]: y\n",
        "a: |2\n   x\n",
        "a: |\n    \n  x\n",
        "|\n---\n",
        "--- |\n x\n",
        "<<: {a: 1}\n",
        "a: @x\n",
        "a: \u{85}\u{1b}\n",
        "- a\nb: c\n",
        "a: b\n- c\n",
        "a\nb\n",
    ];
    for text in table {
        assert_eq!(agree(text), Ok(false), "{text:?}");
    }
}

const DEPTH: usize = 100_000;

#[test]
fn hostile_nesting_is_left_to_the_full_parser() {
    for piece in ["[", "{a: ", "- ", "{\"a\":"] {
        let text = piece.repeat(DEPTH);
        assert!(Tree::parse_fast(text, SourceId(0)).is_none(), "{piece:?}");
    }
    let steps: String = (0..200).flat_map(|depth| [" ".repeat(depth), "a:\n".into()]).collect();
    assert!(Tree::parse_fast(steps, SourceId(0)).is_none());
}

/// Pieces of manifests that mutations start from.
const SNIPPETS: [&str; 6] = [
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: web # c\n  labels: {app: web, \"tier\": 'x'}\n\
     spec:\n  ports:\n  - port: 80\n    targetPort: \"http\"\n",
    "containers:\n- name: app\n  image: x:1\n  args: [\"a\",\n    b, 'c']\n  command:\n  - sh\n  \
     - -c\n  - |\n    set -e\n    run \"$@\"\n\n    done\n  env:\n    - {name: A, value: b}\n",
    "# head\n---\n# c\n\na: >-\n  one\n  two\n\n    three\nb: |+\n  x\n\n\nc: plain\n  more\n\n  text\n---\n- 1\n",
    "data:\n  a.conf: |\n    [x]\n    y = 1 # no comment\n\ttab\n  \"b\": \"one\\n\\\n    two\n    three\"\n  c: 'it''s'\n",
    "{\"a\": [1, 2, {\"b\": null}],\n \"c\": \"d\"}\n",
    "a:\n  b:\n    c:\n    - - x\n      - y: z\n        w:\n    -\n    d: ~\n  e:\n",
];

/// What manifests stumble over.
const PIECES: [&str; 48] = [
    " ", "  ", "\t", "\n", "\n\n", " \n", "      \n", " \t\n", "#", " #", "# c\n", ":", ": ",
    ":\n", "- ", "-", "-\n", "- - ", "\"", "'", "''", "\"\"", "\\", "\\\n", "\\u00e9", "|", "|\n",
    ">-\n", "|+\n", "|2\n", "---\n", "\n--- ", "...\n", "? ", "&a ", "*a", "!t ", "[", "]", "{",
    "}", ",", "[a, b]", "{a: 1}", "<<: ", "%", "é", "\r\n",
];

/// One change of a text.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, &'static str),
    Append(Index, &'static str),
    Indent(Index, usize),
    Remove(Index),
    Repeat(Index, Index),
    Splice(Index, &'static str, Index),
    Cut(Index, usize),
    Truncate(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        2 => (place(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Append(at, piece)),
        2 => (place(), 0..7_usize).prop_map(|(at, columns)| Change::Indent(at, columns)),
        1 => place().prop_map(Change::Remove),
        1 => (place(), place()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => (place(), select(&SNIPPETS[..]), place())
            .prop_map(|(at, of, line)| Change::Splice(at, of, line)),
        1 => (place(), 1..5_usize).prop_map(|(at, len)| Change::Cut(at, len)),
        1 => place().prop_map(Change::Truncate),
    ]
}

impl Change {
    fn make(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let mut characters: Vec<char> = text.chars().collect();
        let line = |at: &Index| at.index(lines.len().max(1));
        match self {
            Self::Insert(at, piece) => {
                let at = at.index(characters.len() + 1);
                characters.splice(at..at, piece.chars());
                return characters.into_iter().collect();
            }
            Self::Cut(at, len) => {
                let at = at.index(characters.len() + 1);
                characters.drain(at..(at + len).min(text.chars().count()));
                return characters.into_iter().collect();
            }
            Self::Truncate(at) => {
                characters.truncate(at.index(characters.len() + 1));
                return characters.into_iter().collect();
            }
            _ if lines.is_empty() => {}
            Self::Append(at, piece) => {
                let line = line(at);
                let end = lines[line].trim_end_matches('\n').len();
                lines[line].insert_str(end, piece);
            }
            Self::Indent(at, columns) => {
                let line = line(at);
                lines[line] = " ".repeat(*columns) + lines[line].trim_start_matches(' ');
            }
            Self::Remove(at) => {
                lines.remove(line(at));
            }
            Self::Repeat(from, to) => {
                let (from, to) = (line(from), line(to));
                lines.insert(to, lines[from].clone());
            }
            Self::Splice(at, of, other) => {
                let others: Vec<&str> = of.split_inclusive('\n').collect();
                lines.insert(line(at), others[other.index(others.len())].to_owned());
            }
        }
        lines.concat()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn mutated_manifests_are_read_alike(
        snippet in select(&SNIPPETS[..]),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let text = changes.iter().fold(snippet.to_owned(), |text, change| change.make(&text));
        prop_assert_eq!(agree(&text).err(), None, "{:?}", text);
    }

    #[test]
    fn lines_of_any_yaml_are_read_alike(
        lines in prop::collection::vec("( {0,4})(- ){0,2}(a|b: |'c': |\"d\"|[|]|b: >|e: \\[x, \\{y: 1\\}\\]|# c|é: é|- |x y|---|b:|k: v # c|[|]-|\"e\n f\")", 0..8),
    ) {
        let text = lines.join("\n");
        prop_assert_eq!(agree(&text).err(), None, "{:?}", text);
    }
}
