//! Nothing hangs, overflows the stack or fills memory.

use super::{Limits, dot, engine, engine_within, run};
use crate::error::{Error, ErrorKind};
use crate::exec::with_stack;

fn deep(template: String) -> Option<Error> {
    with_stack(move || {
        engine(&[&template]).and_then(|mut engine| engine.execute("0", dot(""))).err()
    })
    .expect("a stack")
}

#[test]
fn templates_call_themselves_a_thousand_times() {
    let nested =
        "{{if true}}".repeat(20) + "{{printf \"%s\" (include \"a\" .)}}" + &"{{end}}".repeat(20);
    for call in [
        "{{include \"a\" .}}",
        "{{template \"a\" .}}",
        "{{tpl \"{{include \\\"a\\\" .}}\" .}}",
        &nested,
    ] {
        let template = format!("{{{{define \"a\"}}}}{call}{{{{end}}}}{{{{include \"a\" .}}}}");
        let error = deep(template).expect("fails");
        assert_eq!(error.kind, ErrorKind::TooMuch, "{error}");
    }
}

#[test]
fn deep_blocks_are_refused_and_those_below_run_where_calls_are_deep() {
    for (open, close) in [
        ("{{if true}}", "{{end}}"),
        ("{{if 0}}{{else}}", "{{end}}"),
        ("{{if 0}}{{else if 1}}", "{{end}}"),
    ] {
        let template = open.repeat(200) + &close.repeat(200);
        assert!(deep(template).is_some_and(|error| error.kind == ErrorKind::Syntax));
    }
    let chain = "{{if 0}}".to_owned() + &"{{else if 0}}".repeat(100_000) + "{{end}}";
    assert!(deep(chain).is_some_and(|error| error.kind == ErrorKind::Syntax));
    let parens = "{{".to_owned() + &"(".repeat(200) + "1" + &")".repeat(200) + "}}";
    assert!(deep(parens).is_some_and(|error| error.kind == ErrorKind::Syntax));
    for (open, close) in [("(", ")"), ("not (", ")"), ("printf \"%s\" (", ")"), ("(", ").a")] {
        let call = open.repeat(45) + "include \"a\" ." + &close.repeat(45);
        let nested = "{{range 1}}".repeat(40) + "{{" + &call + "}}" + &"{{end}}".repeat(40);
        let template = format!("{{{{define \"a\"}}}}{nested}{{{{end}}}}{{{{include \"a\" .}}}}");
        assert!(deep(template).is_some_and(|error| error.kind == ErrorKind::TooMuch));
    }
}

#[test]
fn loops_and_growth_end() {
    let few = Limits { steps: 100_000, ..Limits::default() };
    let mut engine = engine_within(few, &["{{range 1000000000000}}{{end}}"]).expect("parses");
    assert_eq!(engine.execute("0", dot("")).expect_err("hangs").kind, ErrorKind::TooMuch);
    let list = "{{$x := list}}{{range 1000000000}}{{$x = list $x}}{{end}}";
    assert!(deep(list.to_owned()).is_some_and(|error| error.kind == ErrorKind::TooMuch));
    let grow = "{{$x := \"xxxxxxxx\"}}{{range 60}}{{$x = printf \"%s%s\" $x $x}}{{end}}";
    assert!(run(grow, "").starts_with('!'));
    let small = Limits { output: 1000, ..Limits::default() };
    let mut engine = engine_within(small, &["{{range 1000}}xx{{end}}"]).expect("parses");
    let error = engine.execute("0", dot("")).expect_err("prints too much");
    assert_eq!(error.kind, ErrorKind::TooMuch);
}

#[test]
fn no_text_makes_the_parser_panic() {
    let pieces = [
        "{{", "}}", "{{-", "-}}", " ", "if", "else", "end", "range", "define", "block", "template",
        "\"a\"", "`", "\"", "'", "(", ")", "|", ".", ".a", "$", "$x", ":=", "=", ",", "0x", "1_",
        "-", "1e", "nil", "/*", "*/", "\n", "ä", "\u{a0}", "\\", "with", "break", "true", "'\\",
        "0b1", "+", "0x1p", "1.", "..", "a.b",
    ];
    let mut state = 1_u64;
    let mut next = |most: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most
    };
    for _ in 0..10_000 {
        let mut text = String::new();
        for _ in 0..next(14) {
            text.push_str(pieces[next(pieces.len())]);
            if next(3) == 0 {
                text.push(' ');
            }
        }
        let inside = format!("{{{{{text}}}}}");
        for text in [&text, &inside] {
            let parsed = super::Parsed::parse(text, super::VALUES);
            if let Err(error) = parsed {
                assert!(!error.message.contains("cannot be read"), "{text:?}");
            }
        }
    }
}
