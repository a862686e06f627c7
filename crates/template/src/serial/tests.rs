//! What is printed and read, against what Helm prints.

use std::rc::Rc;

use kubeready_manifest::source::{SourceId, Span};

use super::{json, read_json, read_yaml, toml, yaml};
use crate::map::{Map, Slot};
use crate::path::Path;
use crate::text::{Origin, Text};
use crate::value::{Val, ValueOrigin};

fn val(json: &str) -> Val {
    read_json::read(&Text::plain(json)).expect("JSON")
}

fn text(text: crate::error::Result<Text>) -> String {
    text.map_or_else(|error| format!("error: {error}"), |text| text.as_str().to_owned())
}

/// A string as an item of a list, as Helm prints it.
#[test]
fn strings_are_quoted_as_in_go() {
    let table = [
        ("", r#"- """#),
        ("plain", "- plain"),
        ("two words", "- two words"),
        ("true", r#"- "true""#),
        ("Yes", r#"- "Yes""#),
        ("y", r#"- "y""#),
        ("yES", "- yES"),
        ("null", r#"- "null""#),
        ("~", r#"- "~""#),
        ("10", r#"- "10""#),
        ("010", r#"- "010""#),
        ("1_000", r#"- "1_000""#),
        ("0x1F", r#"- "0x1F""#),
        ("1e3", r#"- "1e3""#),
        ("1e999", "- 1e999"),
        (".5", r#"- ".5""#),
        ("1.2.3", "- 1.2.3"),
        ("10Gi", "- 10Gi"),
        ("1:30", r#"- "1:30""#),
        ("1:60", "- 1:60"),
        ("2001-01-01", r#"- "2001-01-01""#),
        ("2001-13-01", "- 2001-13-01"),
        ("<<", "- <<"),
        ("a: b", "- 'a: b'"),
        ("a:", "- 'a:'"),
        ("a:b", "- a:b"),
        ("a #b", "- 'a #b'"),
        ("a#b", "- a#b"),
        ("#a", "- '#a'"),
        ("- a", "- '- a'"),
        ("-a", "- -a"),
        ("--- a", "- '--- a'"),
        ("*.example.com", "- '*.example.com'"),
        ("{a}", "- '{a}'"),
        ("a, b", "- a, b"),
        ("it's", "- it's"),
        ("it's: so", "- 'it''s: so'"),
        ("\"a\"", "- '\"a\"'"),
        (" a", "- ' a'"),
        ("a ", "- 'a '"),
        ("a\tb", r#"- "a\tb""#),
        ("a\u{1}", r#"- "a\x01""#),
        ("é", "- é"),
        ("😀", r#"- "\U0001F600""#),
        ("a\nb", "- |-\n  a\n  b"),
        ("a\nb\n", "- |\n  a\n  b"),
        ("a\n\n", "- |+\n  a\n"),
        (" a\nb", "- |2-\n   a\n  b"),
        ("a \nb", r#"- "a \nb""#),
        ("\n", "- |2+\n"),
        ("a\r\nb", r#"- "a\r\nb""#),
        ("a\u{7f}", "error: yaml: control characters are not allowed"),
    ];
    for (from, expected) in table {
        let list = Val::list(vec![Val::text(from)]);
        assert_eq!(text(yaml::print(&list)), expected, "{from:?}");
    }
}

#[test]
fn numbers_are_printed_as_in_go() {
    // The number, `toYaml`, `toYamlPretty`, `toJson`.
    let table = [
        (8080.0, "8080", "8080", "8080"),
        (1e6, "1000000", "1e+06", "1000000"),
        (1_234_567.5, "1.2345675e+06", "1.2345675e+06", "1234567.5"),
        (0.25, "0.25", "0.25", "0.25"),
        (0.00001, "1e-05", "1e-05", "0.00001"),
        (1e-7, "1e-07", "1e-07", "1e-7"),
        (1e20, "1e+20", "1e+20", "100000000000000000000"),
        (1e21, "1e+21", "1e+21", "1e+21"),
        (
            9_223_372_036_854_775_808.0,
            "9223372036854776000",
            "9.223372036854776e+18",
            "9223372036854776000",
        ),
        (-0.0, "0", "-0", "-0"),
        // Of two that are as near, the even one.
        (
            1_779_303_166_458_661.2,
            "1.7793031664586612e+15",
            "1.7793031664586612e+15",
            "1779303166458661.2",
        ),
    ];
    for (number, compact, pretty, as_json) in table {
        let val = Val::float(number);
        assert_eq!(text(yaml::print(&val)), compact, "{number}");
        assert_eq!(text(yaml::print_pretty(&val)), pretty, "{number}");
        assert_eq!(text(json::print(&val, json::Style::default())), as_json, "{number}");
    }
    assert!(yaml::print(&Val::float(f64::NAN)).is_err());
    assert_eq!(text(yaml::print_pretty(&Val::float(f64::NAN))), ".nan");
    assert_eq!(text(yaml::print(&Val::int(i64::MIN))), i64::MIN.to_string());
}

#[test]
fn documents_are_laid_out_as_in_go() {
    let document = val(
        r#"{"b":{"x10":1,"x9":[{"k":1,"l":[1,[2,3]]},"a"],"":null},"a":[],"c":{},"a b":true,"10":"x","9":"y"}"#,
    );
    let compact = "\"9\": \"y\"\n\"10\": x\na: []\na b: true\nb:\n  \"\": null\n  x9:\n  - k: 1\n    l:\n    - 1\n    - - 2\n      - 3\n  - a\n  x10: 1\nc: {}";
    assert_eq!(text(yaml::print(&document)), compact);
    let pretty = "\"9\": \"y\"\n\"10\": x\na: []\na b: true\nb:\n  \"\": null\n  x9:\n    - k: 1\n      l:\n        - 1\n        - - 2\n          - 3\n    - a\n  x10: 1\nc: {}";
    assert_eq!(text(yaml::print_pretty(&document)), pretty);
    assert_eq!(
        text(json::print(
            &val(r#"{"a":[],"b":{"c":[1,"<&>"]},"d":{}}"#),
            json::Style { pretty: true, raw: false }
        )),
        "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1,\n      \"\\u003c\\u0026\\u003e\"\n    ]\n  },\n  \"d\": {}\n}"
    );
    assert_eq!(
        text(json::print(&val(r#"["<\u0001\u2028\n"]"#), json::Style { pretty: false, raw: true })),
        "[\"<\\u0001\\u2028\\n\"]"
    );
}

#[test]
fn long_lines_break_behind_80_columns() {
    let words = "word ".repeat(30);
    let words = words.trim_end();
    let map = Map::new();
    map.set("a", Val::text(words));
    let printed = text(yaml::print(&Val::map(map.clone())));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed}");
    assert_eq!(lines.first().map(|line| line.len()), Some(82), "{printed}");
    assert!(lines.get(1).is_some_and(|line| line.starts_with("  word")), "{printed}");
    assert_eq!(text(yaml::print_pretty(&Val::map(map))), format!("a: {words}"));
    let key = Map::new();
    key.set("k".repeat(129), Val::list(vec![Val::int(1)]));
    assert_eq!(text(yaml::print(&Val::map(key))), format!("? {}\n: - 1", "k".repeat(129)));
}

#[test]
fn toml_has_plain_entries_first() {
    let document = val(
        r#"{"t":{"x":1.5,"u":{"y":"z"}},"a b":[1,"x"],"l":[{"n":1},{"n":2}],"n":null,"i":[{"k":{"m":true}},3]}"#,
    );
    let expected = "\"a b\" = [1.0, \"x\"]\ni = [{k = {m = true}}, 3.0]\n\n[[l]]\n  n = 1.0\n\n[[l]]\n  n = 2.0\n\n[t]\n  x = 1.5\n  [t.u]\n    y = \"z\"\n";
    assert_eq!(text(toml::print(&document)), expected);
}

#[test]
fn what_holds_itself_is_refused() {
    let map = Map::new();
    map.set("x", Val::list(vec![Val::map(map.clone())]));
    let val = Val::map(map.clone());
    let kind = |text: crate::error::Result<Text>| text.err().map(|error| error.kind);
    let too_much = Some(crate::error::ErrorKind::TooMuch);
    assert_eq!(kind(yaml::print(&val)), too_much);
    assert_eq!(kind(yaml::print_pretty(&val)), too_much);
    assert_eq!(kind(json::print(&val, json::Style::default())), too_much);
    assert_eq!(kind(toml::print(&val)), too_much);
    map.remove("x");
}

#[test]
fn failures_read_as_in_go() {
    let of_json = |text: &str| read_json::read(&Text::plain(text)).err().unwrap_or_default();
    assert_eq!(of_json(""), "unexpected end of JSON input");
    assert_eq!(of_json("{a"), "invalid character 'a' looking for beginning of object key string");
    assert_eq!(of_json("[1 2]"), "invalid character '2' after array element");
    assert_eq!(of_json("trux"), "invalid character 'x' in literal true (expecting 'e')");
    assert_eq!(of_json("1 2"), "invalid character '2' after top-level value");
    assert!(of_json(&"[".repeat(100_000)).contains("depth"));
    let of_yaml = |text: &str| read_yaml::read(&Text::plain(text)).err().unwrap_or_default();
    assert!(of_yaml("a: [").starts_with("error converting YAML to JSON: yaml: line 1: "));
    assert!(of_yaml(&"[".repeat(100_000)).starts_with("error converting YAML to JSON: yaml: "));
}

fn placed(path: &Path, start: u32, written: &str) -> Rc<ValueOrigin> {
    let span = Span { source: SourceId(7), start, end: start + written.len() as u32 };
    Rc::new(ValueOrigin { path: path.clone(), span, content: Some(start), written: true })
}

/// `a: {b: VALUE}` as a values file would have it.
fn located(value: &str) -> Val {
    let (a, b) = (Path::root().key("a"), Path::root().key("a").key("b"));
    let inner = Map::new();
    let origin = placed(&b, 20, value);
    let value = Val {
        origin: Some(Rc::clone(&origin)),
        ..Val::text(Text::of(value, Origin::of_value(origin)))
    };
    inner.set_slot("b", Slot { value, key: Some(placed(&b, 10, "b")) });
    let outer = Map::new();
    outer.set_slot("a", Slot { value: Val::map(inner), key: Some(placed(&a, 0, "a")) });
    Val::map(outer)
}

#[test]
fn printed_values_and_keys_know_their_places_and_keep_them_through_reading() {
    let long = "lorem ipsum ".repeat(20);
    let cases = [
        "plain",
        "with: colon",
        "it's: so",
        "tab\tand \"more\"",
        "l\nm\n\n n",
        long.trim_end(),
        "😀 x",
        "",
    ];
    for content in cases {
        let val = located(content);
        let printed = [
            yaml::print(&val),
            yaml::print_pretty(&val),
            json::print(&val, json::Style::default()),
        ];
        for printed in printed {
            let printed = printed.expect("a text");
            for (range, origin) in printed.runs() {
                let (Some(value), Some(offset)) = (&origin.value, origin.offset) else { continue };
                // What has an offset is the value's text byte for byte.
                let text = match value.path.to_string().as_str() {
                    "a" => "a",
                    _ if value.span.start == 10 => "b",
                    _ => content,
                };
                let there = text.get(offset as usize..offset as usize + range.len());
                assert_eq!(printed.as_str().get(range), there, "{content:?}");
            }
            let mut more = crate::text::TextBuilder::new();
            more.push_text(&printed);
            more.push_plain("\n");
            let back = read_yaml::read(&more.finish()).expect("values");
            let a = back.as_map().and_then(|map| map.slot("a")).expect("a");
            assert_eq!(a.key.map(|key| key.span.start), Some(0), "{content:?}");
            let b = a.value.as_map().and_then(|map| map.slot("b")).expect("b");
            assert_eq!(b.key.map(|key| key.span.start), Some(10), "{content:?}");
            assert_eq!(b.value.as_str(), Some(content));
            let origin = b.value.origin.map(|origin| (origin.span.start, origin.path.to_string()));
            assert_eq!(origin, Some((20, "a.b".to_owned())), "{content:?}");
            let of_map = a.value.origin.map(|origin| origin.path.to_string());
            assert_eq!(of_map.as_deref(), Some("a"));
        }
    }
}

#[test]
fn what_is_made_up_stays_so() {
    let map = Map::new();
    map.set("a", Val::text("x"));
    let val = Val::map(map).made_up();
    for printed in [yaml::print(&val), json::print(&val, json::Style::default()), toml::print(&val)]
    {
        let printed = printed.expect("a text");
        let made_up = |part: &str| {
            let at = printed.as_str().find(part).unwrap_or(0);
            printed.runs_in(at..at + part.len()).all(|(_, origin)| origin.made_up)
        };
        assert!(made_up("a") && made_up("x"), "{}", printed.as_str());
        let back = read_yaml::read(&printed).expect("values");
        let value = back.as_map().and_then(|map| map.get("a"));
        // TOML is no YAML map.
        assert!(value.is_none_or(|value| value.made_up));
    }
}
