//! The functions of charts: what they give, compared with Helm 4.3; where text keeps its places; and
//! what they refuse.

use std::rc::Rc;
use std::sync::Arc;

use kubeready_manifest::source::{SourceId, Span};
use kubeready_template::{
    Data, Engine, Error, ErrorKind, Limits, Map, Origin, Output, Parsed, Path, Text, Val,
    ValueOrigin, with_stack,
};

/// The values that the expressions of `functions.tsv` name.
const VALUES: &str = r#"{
    "name": "my-release",
    "long": "a rather long name that goes on and on and on until it is longer than sixty three characters",
    "port": 8080, "big": 1000000, "frac": 1.5, "neg": -3.7, "zero": 0, "yes": true, "no": false,
    "empty": "", "nothing": null, "dur": 90,
    "list": ["a", "b", "c"], "nums": [1, 2, 3], "mixed": [1, "1", true, null, 1.5], "none": [],
    "map": {"a": 1, "b": {"c": "x", "d": [1, 2]}, "e": ""}, "nomap": {},
    "text": "line one\nline two\n\n  line four\n",
    "unicode": "héllo wörld ßİ 日本 🎉",
    "version": "v1.27.3"
}"#;

fn value(json: &serde_json::Value, path: &Path) -> Val {
    let span = Span { source: SourceId(1), start: 0, end: 1 };
    let place = Rc::new(ValueOrigin { path: path.clone(), span, content: None, written: true });
    let data = match json {
        serde_json::Value::Null => Data::Nil,
        serde_json::Value::Bool(value) => Data::Bool(*value),
        serde_json::Value::Number(number) => Data::Float(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => {
            Data::Text(Text::of(text.as_str(), Origin::of_value(Rc::clone(&place))))
        }
        serde_json::Value::Array(items) => {
            let items = items.iter().enumerate().map(|(at, item)| value(item, &path.index(at)));
            Data::List(Rc::new(items.collect()))
        }
        serde_json::Value::Object(entries) => {
            let map = Map::new();
            for (key, entry) in entries {
                map.set(key.as_str(), value(entry, &path.key(key.as_str())));
            }
            Data::Map(map)
        }
    };
    Val { data, origin: Some(place), made_up: false }
}

fn render(template: &str) -> Result<Output, Error> {
    let dot = Map::new();
    let values = serde_json::from_str(VALUES).expect("values are JSON");
    dot.set("Values", value(&values, &Path::root()));
    let mut engine = Engine::new(Limits::default());
    engine.add("t", Arc::new(Parsed::parse(template, SourceId(0))?), Text::plain(template));
    engine.execute("t", Val::map(dot))
}

/// What a template prints, or the kind of its error.
fn printed(template: &str) -> Result<String, (ErrorKind, String)> {
    let run = || {
        let output = render(template).map_err(|error| (error.kind, error.message))?;
        Ok(output.text.as_str().to_owned())
    };
    with_stack(run).expect("a thread")
}

/// Stretches of what a template prints, each with the path of the value that it is made of.
fn places(template: &str) -> Vec<(String, String)> {
    let run = || {
        let text = render(template).map_err(|error| error.message).expect("renders").text;
        let place = |(range, origin): (std::ops::Range<usize>, &Origin)| {
            let kind = match (&origin.value, origin.made_up) {
                (_, true) => "made up".to_owned(),
                (Some(value), _) if origin.offset.is_some() => value.path.to_string(),
                (Some(value), _) => format!("from {}", value.path),
                (None, _) => String::new(),
            };
            (text.as_str()[range].to_owned(), kind)
        };
        text.runs().map(place).collect()
    };
    with_stack(run).expect("a thread")
}

#[test]
fn expressions_give_what_helm_gives() {
    let mut wrong = Vec::new();
    for line in include_str!("functions.tsv").lines() {
        let (expression, expected) = line.split_once('\t').expect("two columns");
        let got = match printed(&format!("{{{{ {expression} }}}}")) {
            Ok(text) => serde_json::Value::from(text).to_string(),
            Err(_) => "error".to_owned(),
        };
        if got != expected {
            wrong.push(format!("{expression}\n  helm: {expected}\n  ours: {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn constraints_allow_the_versions_that_helm_allows() {
    let versions = [
        "1.2.3",
        "1.2.4",
        "1.3.0",
        "2.0.0",
        "1.0.0",
        "0.2.3",
        "0.2.5",
        "0.0.3",
        "0.0.4",
        "0.3.0",
        "1.2.3-beta",
        "1.2.3-beta.2",
        "1.2.3-beta.11",
        "1.3.0-alpha",
        "v1.27.3",
        "1.19.0-gke.100",
        "1.25.0-0",
        "1.24.5",
        "3",
        "1.21-0",
        "2.0.0-0",
        "1.2.3+x",
        "0.0.0",
    ];
    for line in include_str!("semver.tsv").lines() {
        let (constraint, expected) = line.split_once('\t').expect("two columns");
        let check =
            |version: &str| printed(&format!("{{{{ semverCompare `{constraint}` `{version}` }}}}"));
        if expected == "error" {
            assert!(check("1.2.3").is_err(), "{constraint}");
            continue;
        }
        let allows = |version: &&&str| check(version).as_deref() == Ok("true");
        let allowed: Vec<_> = versions.iter().filter(allows).copied().collect();
        assert_eq!(allowed.join(" "), expected, "{constraint}");
    }
}

#[test]
fn every_function_of_helm_is_there() {
    let names = include_str!("names.txt");
    for name in names.split_whitespace() {
        let error = printed(&format!("{{{{ {name} }}}}"));
        if let Err((kind, message)) = error {
            assert_ne!(kind, ErrorKind::Unknown, "{name}: {message}");
            assert_ne!(kind, ErrorKind::Syntax, "{name}: {message}");
        }
    }
    assert!(printed("{{ env \"HOME\" }}").is_err());
}

#[test]
fn small_arguments_make_no_large_results() {
    for expression in [
        "repeat 100000000 `abc`",
        "until 100000000",
        "untilStep 0 9223372036854775807 1",
        "untilStep (int `-9223372036854775808`) 9223372036854775807 1",
        "seq 1 1 900000000",
        "indent 2000000000 `a`",
        "nindent 9000000 `a\\nb\\nc` | nindent 1 | replace `a` (repeat 9000000 `b`)",
        "randAlphaNum 2000000000",
        "randBytes 2000000000",
        "wrapWith 1 (repeat 1000 `x`) (repeat 100000 `y`)",
        "regexReplaceAll `` (repeat 100000 `a`) (repeat 1000 `b`)",
        "replace `a` (repeat 10000 `b`) (repeat 10000 `a`)",
        "splitList `` (repeat 200000 `a`)",
        "join (repeat 1000 `,`) (until 90000)",
        "regexMatch `((a{1000}){1000}){1000}` `a` | ternary 1 (fail `no`)",
        "mustRegexMatch `((a{1,1000}){1,1000}){1,1000}` `a`",
        "cat (repeat 9000000 `a`) (repeat 9000000 `a`)",
        "quote (repeat 9000000 `a`) (repeat 9000000 `a`)",
    ] {
        match printed(&format!("{{{{ {expression} }}}}")) {
            Err((ErrorKind::TooMuch | ErrorKind::Fail, _)) => {}
            other => panic!("{expression}: {:?}", other.map(|text| text.len())),
        }
    }
}

#[test]
fn maps_that_hold_themselves_end_with_an_error() {
    let cycle =
        "{{ $d := dict }}{{ $_ := set $d `self` $d }}{{ $e := dict }}{{ $_ := set $e `self` $e }}";
    for expression in [
        "toString $d",
        "deepCopy $d",
        "deepEqual $d $e",
        "merge $d $e",
        "mergeOverwrite $d $e",
        "join `,` (list $d)",
        "has $d (list $e)",
        "uniq (list $d $e)",
        "quote $d",
    ] {
        match printed(&format!("{cycle}{{{{ {expression} }}}}")) {
            Err((ErrorKind::TooMuch, _)) => {}
            other => panic!("{expression}: {:?}", other.map(|text| text.len())),
        }
    }
    // A level more each time, until it is too deep.
    let deep = "{{ $d := dict }}{{ range until 5000 }}{{ $d = dict `x` $d }}{{ end }}";
    assert!(matches!(
        printed(&format!("{deep}{{{{ deepCopy $d }}}}")),
        Err((ErrorKind::TooMuch, _))
    ));
}

#[test]
fn text_keeps_the_places_of_its_bytes() {
    let expect = |template: &str, expected: &[(&str, &str)]| {
        let got = places(template);
        let got: Vec<_> = got.iter().map(|(text, place)| (&**text, &**place)).collect();
        assert_eq!(got, expected, "{template}");
    };
    let name = ("my-release", "name");
    expect("{{ .Values.name | trunc 5 | trimSuffix `-` }}", &[("my-re", "name")]);
    expect("{{ .Values.name | quote }}", &[("\"", ""), name, ("\"", "")]);
    expect("{{ squote .Values.name }}", &[("'", ""), name, ("'", "")]);
    expect("{{ cat `a` .Values.name }}", &[("a ", ""), name]);
    expect(
        "{{ .Values.name | replace `-` `.` }}",
        &[("my", "name"), (".", ""), ("release", "name")],
    );
    expect("{{ .Values.name | nindent 2 }}", &[("\n  ", ""), name]);
    expect(
        "{{ join `,` (list .Values.name .Values.version) }}",
        &[name, (",", ""), ("v1.27.3", "version")],
    );
    expect("{{ default `x` .Values.name }}", &[name]);
    expect("{{ ternary .Values.name `b` true }}", &[name]);
    expect("{{ coalesce .Values.empty .Values.name }}", &[name]);
    expect("{{ .Values.name | lower }}", &[name]);
    expect("{{ .Values.name | upper }}", &[("MY-RELEASE", "from name")]);
    expect("{{ .Values.name | b64enc }}", &[("bXktcmVsZWFzZQ==", "from name")]);
    expect("{{ first (splitList `-` .Values.name) }}", &[("my", "name")]);
    expect(
        "{{ regexReplaceAll `(m)y` .Values.name `${1}e` }}",
        &[("m", "name"), ("e", ""), ("-release", "name")],
    );
    expect("{{ dig `b` `c` `no` .Values.map }}", &[("x", "map.b.c")]);
    expect("{{ dig `b` `q` `no` .Values.map }}", &[("no", "from map.b.q")]);
    expect("{{ (merge (dict) .Values.map).b.c }}", &[("x", "map.b.c")]);
    expect("{{ (deepCopy .Values.map).b.c }}", &[("x", "map.b.c")]);
    expect("{{ index (append .Values.list `z`) 1 }}", &[("b", "list[1]")]);
    expect("{{ add .Values.port 1 }}", &[("8081", "from port")]);
    expect("{{ (urlParse (printf `http://%s/x` .Values.name)).host }}", &[name]);
}

#[test]
fn what_chance_and_clocks_tell_is_made_up() {
    for expression in [
        "randAlphaNum 8",
        "randAlpha 8 | lower",
        "randNumeric 4 | int",
        "uuidv4 | quote",
        "htpasswd `user` `word` | b64enc",
        "printf `user:%s` (randAlpha 5) | sha256sum",
        "dict `a` (list (randAlpha 5)) | toString",
        "now | date `2006-01-02`",
        "now | unixEpoch",
        "(now).Year",
        "(genCA `a` 365).Cert | b64enc",
        "genPrivateKey `ecdsa`",
        "htpasswd `a` `b` | trunc -10",
        "shuffle `abc`",
        "randInt 0 10",
        "encryptAES `k` `text`",
        "derivePassword 1 `long` `p` `u` `s`",
        "getHostByName `x`",
        "date `2006` `not a date`",
        "ago (toDate `2006` `1999`)",
        "$ca := genCA `a` 365 }}{{ (genSignedCert `a` nil (list `b`) 365 $ca).Key | nindent 2 | trim",
    ] {
        let places = places(&format!("{{{{ {expression} }}}}"));
        assert!(!places.is_empty(), "{expression}");
        let all = places
            .iter()
            .all(|(text, place)| place == "made up" || text.trim().is_empty() || text == "\"");
        assert!(all, "{expression}: {places:?}");
    }
    // Dates that are given are real.
    assert_eq!(places("{{ toDate `2006` `1999` | date `06` }}"), []);
    assert_eq!(printed("{{ len (randAlphaNum 40) }}").as_deref(), Ok("40"));
    assert_eq!(printed("{{ len (b64dec (randBytes 3) | b64enc) | lt 1 }}").as_deref(), Ok("true"));
    assert_eq!(printed("{{ len (bcrypt `x`) }}").as_deref(), Ok("60"));
}
