//! Printed bytes know where they came from.

use super::{Parsed, VALUES, dot, engine, failure, output, run};
use crate::error::ErrorKind;
use crate::exec::Output;

/// Each stretch: its bytes, the template's bytes, the value's path.
fn stretches(template: &str, output: &Output) -> Vec<(String, String, String)> {
    let text = output.text.as_str();
    let runs = output.text.runs().map(|(range, origin)| {
        let place = origin.template.map(|span| &template[span.start as usize..span.end as usize]);
        let path = origin.value.as_ref().map(|value| value.path.to_string());
        (text[range].to_owned(), place.unwrap_or("").to_owned(), path.unwrap_or_default())
    });
    runs.collect()
}

fn stretch(bytes: &str, place: &str, path: &str) -> (String, String, String) {
    (bytes.to_owned(), place.to_owned(), path.to_owned())
}

#[test]
fn text_and_values_keep_their_places() {
    let template = "a: {{ .Values.x }}\nb: {{ .Values.n }}{{ \"q\" }}";
    let output = output(template, "x=hello\nn=80").expect("runs");
    assert_eq!(
        stretches(template, &output),
        [
            stretch("a: ", "a: ", ""),
            stretch("hello", "{{ .Values.x }}", "x"),
            stretch("\nb: ", "\nb: ", ""),
            stretch("80", "{{ .Values.n }}", "n"),
            stretch("q", "q", ""),
        ]
    );
    assert!(
        output.text.runs().all(|(_, origin)| origin.value.is_none() || origin.offset == Some(0))
    );
}

#[test]
fn places_survive_includes_and_printf() {
    let template = "{{define \"a\"}}<{{ .Values.x }}>{{end}}{{ printf \"%s/%s\" (include \"a\" .) .Values.y }}";
    let output = output(template, "x=1.5\ny=b").expect("runs");
    assert_eq!(
        stretches(template, &output),
        [
            stretch("<", "<", ""),
            stretch("1.5", "{{ .Values.x }}", "x"),
            stretch(">", ">", ""),
            stretch("/", "/", ""),
            stretch("b", "{{ printf \"%s/%s\" (include \"a\" .) .Values.y }}", "y"),
        ]
    );
}

#[test]
fn texts_that_are_executed_keep_the_places_of_the_value() {
    let template = "x {{ tpl .Values.t . }}";
    let output = output(template, "t=a{{ .Values.u }}{{ 1 }}\nu=b").expect("runs");
    let all = "{{ tpl .Values.t . }}";
    assert_eq!(
        stretches(template, &output),
        [
            stretch("x ", "x ", ""),
            stretch("a", all, "t"),
            stretch("b", all, "u"),
            stretch("1", all, "t")
        ]
    );
    let error = failure("{{ tpl .Values.t . }}", "t=ab{{ fail \"no\" }}");
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Fail, "no"));
    assert_eq!(error.at.map(|span| (span.start, span.end)), Some((0, 21)));
    assert_eq!(error.value.map(|span| (span.source, span.start, span.end)), Some((VALUES, 2, 17)));
}

#[test]
fn failures_stand_at_the_innermost_action() {
    let mut both = engine(&["{{define \"a\"}}  {{ fail \"no\" }}{{end}}", "{{ include \"a\" . }}"])
        .expect("parses");
    let error = both.execute("1", dot("")).expect_err("fails");
    let at = error.at.expect("a place");
    assert_eq!((at.source.0, at.start, at.end), (0, 16, 31));
    let error = Parsed::parse("ab\n{{ if }}{{end}}", VALUES).expect_err("no template");
    assert!(error.at.is_some_and(|span| span.start >= 3 && span.source == VALUES));
    let error = failure("{{ required \"x\" .Values.a.b }}", "a.c=1");
    assert_eq!(error.value.map(|span| span.start), Some(0));
}

#[test]
fn what_is_missing_says_where_it_would_stand() {
    let output = output(
        "{{ .Values.a.b }}{{ .Values.a.b }}{{ .Values.c }}{{ coalesce .Values.d .Values.e }}",
        "x=1\na.z=1",
    )
    .expect("runs");
    let undefined: Vec<_> = output
        .undefined
        .iter()
        .map(|u| (u.path.to_string(), u.template.map(|t| t.start)))
        .collect();
    assert_eq!(
        undefined,
        [("a.b".into(), Some(0)), ("a.b".into(), Some(17)), ("c".into(), Some(34))]
    );
}

fn offers(template: &str, values: &str) -> Vec<(usize, usize, String, String)> {
    let output = output(template, values).expect("runs");
    let offers = output.offers.iter();
    offers.map(|o| (o.at, o.indent, o.keys.join(","), o.path.to_string())).collect()
}

#[test]
fn parts_that_are_not_printed_are_offered() {
    let with = "spec:\n  a: 1\n  {{- with .Values.resources }}\n  resources:\n    {{- . }}\n  {{- end }}\n  b: 1\n";
    assert_eq!(offers(with, ""), [(12, 2, "resources".into(), "resources".into())]);
    assert_eq!(offers(with, "resources=x"), []);
    let inline = "spec:\n  {{ if and true .Values.a.b }}x: 1\n  y: {{ 1 }}{{ end }}\n";
    assert_eq!(offers(inline, "a.b=false"), [(8, 2, "x".into(), "a.b".into())]);
    let other = "{{ if not .Values.a }}\nx: 1\ny: 2\n{{ else }}\nx: 2\n{{ end }}";
    assert_eq!(offers(other, "a=true"), [(0, 0, "y".into(), "a".into())]);
    assert_eq!(offers("{{ if .Values.a }}\n- x: 1\n{{ end }}", ""), []);
    assert_eq!(offers("{{ if .Values.a }}\napiVersion: v1\nkind: Pod\n{{ end }}", ""), []);
}

#[test]
fn offers_move_with_the_text_of_a_template() {
    let included =
        "{{define \"a\"}}\nx: 1\n{{- with .Values.r }}\nr: {{ . }}\n{{- end }}\ny: 1\n{{end}}";
    let template = format!("{included}spec:\n  {{{{ include \"a\" . | indent 2 | trim }}}}\n");
    if run("{{ \"a\" | indent 2 | trim }}", "") == "a" {
        // The first line continues what the caller printed: the lines moved differently.
        let offers = offers(&template, "");
        assert_eq!(offers, [(12, 2, "r".into(), "r".into())]);
    }
    let plain = format!("{included}a: 1\n{{{{ include \"a\" . }}}}");
    assert_eq!(offers(&plain, ""), [(10, 0, "r".into(), "r".into())]);
}
