//! What Go's templates print.

use super::{dot, engine, run};

#[test]
fn blanks_are_trimmed_where_go_trims_them() {
    assert_eq!(run("a \n{{- 1 -}}\n b", ""), "a1b");
    assert_eq!(run("a {{- /* c */}} b", ""), "a b");
    assert_eq!(run("a {{- /* c */ -}} b", ""), "ab");
    assert_eq!(run("a {{/* c\n}} */ -}} b", ""), "a b");
    assert_eq!(run("a\u{a0}{{- 1 -}}\u{a0}b\u{b}", ""), "a\u{a0}1\u{a0}b\u{b}");
    assert_eq!(run("{{- 1 -}}\u{2003}{{- 2}}", ""), "1\u{2003}2");
    assert_eq!(run("{{-3}}", ""), "-3");
    assert_eq!(run("{{ \"}}\" }}{{ `{{` }}", ""), "}}{{");
}

#[test]
fn blocks() {
    assert_eq!(run("{{if .Values.a}}1{{else if .Values.b}}2{{else}}3{{end}}", "b=x"), "2");
    assert_eq!(run("{{with .Values.a}}{{.}}{{else}}-{{end}}{{.Values.a}}", "a=x"), "xx");
    assert_eq!(run("{{with .Values.a}}{{.}}{{else with .Values.b}}{{.}}!{{end}}", "b=x"), "x!");
    assert_eq!(run("{{range .Values.a}}[{{.}}]{{end}}", "a=[x,y]"), "[x][y]");
    assert_eq!(run("{{range $i, $v := .Values.a}}{{$i}}{{$v}}{{end}}", "a=[x,y]"), "0x1y");
    assert_eq!(
        run("{{range $k, $v := .Values.a}}{{$k}}={{$v}};{{end}}", "a.z=1\na.b=2"),
        "b=2;z=1;"
    );
    assert_eq!(run("{{range .Values.a}}x{{else}}none{{end}}", "a=[]"), "none");
    assert_eq!(run("{{range 3}}{{.}}{{end}}{{range $n := 2}}{{$n}}{{end}}", ""), "01201");
    let template = "{{range .Values.a}}{{if eq . \"y\"}}{{continue}}{{end}}\
                    {{if eq . \"z\"}}{{break}}{{end}}{{.}}{{end}}";
    assert_eq!(run(template, "a=[x,y,w,z,v]"), "xw");
    assert_eq!(run("{{range .Values.a}}x{{end}}", "a=5"), "!range can't iterate over 5");
    assert_eq!(run("{{range .Values.a}}x{{end}}", "a=nil"), "");
}

#[test]
fn variables_are_those_of_their_block() {
    let template = "{{$x := 1}}{{if true}}{{$x := 2}}{{$y := 5}}{{$x}}{{$y}}{{end}}{{$x}}";
    assert_eq!(run(template, ""), "251");
    assert_eq!(run("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", ""), "2");
    assert_eq!(run("{{$x := 0}}{{range 3}}{{$y := .}}{{$x = $y}}{{end}}{{$x}}", ""), "2");
    assert_eq!(run("{{with $x := .Values.a}}{{$x}}{{$.Values.a}}{{end}}", "a=1"), "11");
    assert_eq!(run("{{if $x := .Values.a}}{{else}}{{$x}}-{{end}}", ""), "-");
    assert!(run("{{$x}}", "").starts_with("!undefined variable"));
    assert!(run("{{if $x := 1}}{{end}}{{$x}}", "").starts_with("!undefined variable"));
}

#[test]
fn templates_call_templates() {
    let template = "{{define \"a\"}}<{{.}}{{$}}>{{end}}{{template \"a\" .Values.x}}\
                    {{include \"a\" 1 | len}}{{block \"b\" .Values.x}}b{{.}}{{end}}";
    assert_eq!(run(template, "x=v"), "<vv>4bv");
    assert_eq!(run("{{template \"none\"}}", ""), "!template \"none\" not defined");
    let mut two = engine(&[
        "{{define \"a\"}}1{{end}}{{define \"b\"}}1{{end}}",
        "{{define \"a\"}}2{{end}}{{define \"b\"}} {{/* nothing */}} {{end}}",
        "{{template \"a\"}}{{template \"b\"}}",
    ])
    .expect("parses");
    assert_eq!(two.execute("2", dot("")).expect("runs").text.as_str(), "21");
    let twice = "{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}";
    assert!(run(twice, "").starts_with("!multiple definition"));
}

#[test]
fn texts_are_templates_of_their_own() {
    let template = "{{define \"a\"}}A{{end}}{{tpl .Values.t .}}";
    assert_eq!(run(template, "t=x{{include \"a\" .}}{{.Values.u}}\nu=z"), "xAz");
    let local = "{{define \"a\"}}A{{end}}{{tpl .Values.t .}}{{template \"a\"}}";
    assert_eq!(run(local, "t={{define \"a\"}}B{{end}}{{include \"a\" .}}"), "BA");
    assert_eq!(run("{{tpl \"[{{.Values.none}}]\" .}}", ""), "[]");
    assert!(run("{{tpl \"{{\" .}}", "").contains("unclosed action"));
}

#[test]
fn fields_and_nothing() {
    assert_eq!(run("[{{.Values.a}}]", ""), "[]");
    assert_eq!(run("{{.Values.a.b}}", ""), "!nil pointer evaluating interface {}.b");
    assert_eq!(run("[{{(.Values.a).b}}{{((.Values.a).b).c}}]", ""), "[]");
    assert_eq!(run("{{$x := .Values.a}}[{{$x.b}}]", ""), "[]");
    assert_eq!(run("{{.Values.a.b}}", "a=5"), "!can't evaluate field b in type interface {}");
    assert_eq!(
        run("{{if (include \"x\" .)}}y{{end}}{{define \"x\"}}{{.Values.a}}{{end}}", ""),
        "y"
    );
    assert_eq!(run("{{(index .Values.m \"a\").b}}", "m.a.b=1"), "1");
}

#[test]
fn arguments_are_checked_as_go_checks_them() {
    assert_eq!(
        run("{{printf .Values.a}}", "a=5"),
        "!wrong type for value; expected string; got float64"
    );
    assert_eq!(
        run("{{printf .Values.a}}", ""),
        "!wrong type for value; expected string; got interface {}"
    );
    assert_eq!(run("{{.Values.a | printf}}", ""), "!invalid value; expected string");
    assert_eq!(run("{{printf 5}}", ""), "!expected string; found 5");
    assert_eq!(run("{{fail nil}}", ""), "!cannot assign nil to string");
    assert_eq!(run("{{len}}", ""), "!wrong number of args for len: want 1 got 0");
    assert_eq!(run("{{index}}", ""), "!wrong number of args for index: want at least 1 got 0");
    assert_eq!(run("{{1 | 2}}", ""), "!non executable command in pipeline stage 2");
    assert_eq!(run("{{1 2}}", ""), "!can't give argument to non-function 1");
    assert_eq!(run("{{nil}}", ""), "!nil is not a command");
}

#[test]
fn comparisons() {
    assert_eq!(
        run("{{eq .Values.a 80}}", "a=80"),
        "!error calling eq: incompatible types for comparison: float64 and int"
    );
    assert_eq!(run("{{eq .Values.a 80.0}}", "a=80"), "true");
    assert_eq!(
        run("{{eq .Values.a nil}}{{eq .Values.a \"x\"}}{{ne .Values.a \"x\"}}", ""),
        "truefalsetrue"
    );
    assert_eq!(
        run("{{eq 3 1 2 3}}{{lt 1 2}}{{le 2 2}}{{gt \"b\" \"a\"}}{{ge 1 2}}", ""),
        "truetruetruetruefalse"
    );
    assert_eq!(run("{{lt .Values.a 1}}", ""), "!error calling lt: invalid type for comparison");
    assert_eq!(run("{{and 1 0 (fail \"x\")}}{{or 0 \"\" 5 (fail \"x\")}}{{not 0}}", ""), "05true");
    assert_eq!(run("{{.Values.a | and 1 | or 0}}", "a=x"), "x");
}

#[test]
fn printing() {
    assert_eq!(
        run("{{.Values.a}} {{.Values.b}} {{.Values.c}}", "a=8080\nb=1000000\nc=1.5"),
        "8080 1e+06 1.5"
    );
    assert_eq!(run("{{.Values.m}}{{.Values.l}}", "m.b=x\nm.a=1\nl=[x,y]"), "map[a:1 b:x][x y]");
    assert_eq!(
        run("{{print 1 2 \"a\" \"b\" 3}}|{{println 1 \"a\"}}", ""),
        "1 2a b3|1 a\n".replace("a b3", "ab3")
    );
    assert_eq!(run("{{print nil}}", ""), "<nil>");
    assert_eq!(
        run(
            "{{printf \"%s-%d|%05d|%-4s|%4s|%q|%t|%.2f|%x|%v|%%\" \"a\" 5 42 \"b\" \"c\" \"d\\n\" true 1.0 255 nil}}",
            ""
        ),
        "a-5|00042|b   |   c|\"d\\n\"|true|1.00|ff|<nil>|%"
    );
    assert_eq!(
        run("{{printf \"%d\" .Values.a}}{{printf \"%s\" .Values.a}}", "a=5"),
        "%!d(float64=5)%!s(float64=5)"
    );
    assert_eq!(
        run("{{printf \"%d %s\" 1}}{{printf \"%d\" 1 2}}{{printf \"%\"}}{{printf \"%z\" 1}}", ""),
        "1 %!s(MISSING)1%!(EXTRA int=2)%!(NOVERB)%!z(int=1)"
    );
    assert_eq!(
        run("{{printf \"%g %e %G %6.1f|%+d|%T %T\" 1e21 1.5 1e-7 2.25 3 1 \"a\"}}", ""),
        "1e+21 1.500000e+00 1E-07    2.2|+3|int string"
    );
    assert_eq!(
        run("{{printf \"%[2]d %[1]d %*d\" 1 2}}", ""),
        "2 1 %!d(BADWIDTH)".replace("%!d(BADWIDTH)", "%!d(MISSING)")
    );
    assert_eq!(
        run("{{html \"<a>\"}}{{urlquery \"a b/ä\"}}{{js \"it's\"}}", ""),
        "&lt;a&gt;a+b%2F%C3%A4it\\'s"
    );
}

#[test]
fn parts() {
    assert_eq!(
        run(
            "{{index .Values.l 1}}{{index .Values.m \"a\" \"b\"}}{{slice .Values.l 1}}",
            "l=[x,y]\nm.a.b=z"
        ),
        "yz[y]"
    );
    assert_eq!(
        run("{{index .Values.l 5}}", "l=[x,y]"),
        "!error calling index: index out of range: 5"
    );
    assert_eq!(run("{{len .Values.l}}{{len \"äb\"}}{{len .Values.m}}", "l=[x,y]\nm.a=1"), "231");
    assert_eq!(run("{{required \"set it\" .Values.a}}", ""), "!set it");
    assert_eq!(run("{{fail \"no\"}}", ""), "!no");
    assert_eq!(run("{{lookup \"v1\" \"Secret\" \"a\" \"b\" | len}}", ""), "0");
}

#[test]
fn what_is_no_template_is_said_to_be_none() {
    for (text, message) in [
        ("{{if 1}}x", "unexpected EOF"),
        ("x{{end}}y", "unexpected {{end}}"),
        ("{{else}}", "unexpected {{else}}"),
        ("{{range 1}}{{else}}{{else}}{{end}}", "unexpected {{else}}"),
        ("{{if 1}}{{define \"a\"}}{{end}}{{end}}", "unexpected {{define}}"),
        ("{{break}}", "{{break}} outside {{range}}"),
        ("{{range 1}}{{else}}{{continue}}{{end}}", "{{continue}} outside"),
        ("{{(1}}", "unclosed left paren"),
        ("{{1)}}", "unexpected right paren"),
        ("{{\"a}}", "unterminated quoted string"),
        ("{{`a}}", "unterminated raw quoted string"),
        ("{{/* a }}", "unclosed comment"),
        ("{{ /* a */ }}", "unrecognized character"),
        ("{{/* a */ }}", "comment ends before"),
        ("{{", "unclosed action"),
        ("{{define}}{{end}}", ""),
        ("{{template}}", ""),
        ("{{}}", ""),
    ] {
        let printed = run(text, "");
        assert!(printed.starts_with('!') && printed.contains(message), "{text}: {printed}");
    }
}

#[test]
fn blanks_stand_where_go_wants_them() {
    assert_eq!(
        run("{{if(eq 1 1)}}a{{else if(eq 1 2)}}b{{end}}{{print 1|print }}{{1 |}}", ""),
        "a11"
    );
    assert_eq!(
        run("{{define \"a\"}}{{.}}{{end}}{{template \"a\"5}}{{(print 1)}}{{$x:= 1}}{{$x}}", ""),
        "511"
    );
    for text in [
        "{{print\"a\"}}",
        "{{$x=1}}",
        "{{\"a\"\"b\"}}",
        "{{print(1)}}",
        "{{12F}}",
        "{{..}}",
        "{{(1)2}}",
    ] {
        assert!(run(text, "").starts_with('!'), "{text}");
    }
}
