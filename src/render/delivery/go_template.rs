//! The part of Go's templates that people write in ApplicationSets and ResourceSets: fields,
//! variables, conditions, loops, and the functions for texts. Anything else is an error, so that no
//! wrong text comes of it.

use kubeready_manifest::yaml::{Origin, Value};

use super::go_functions::{self, Item};

/// Steps that one template may take.
const MAX_STEPS: usize = 10_000;
const MAX_DEPTH: usize = 40;

/// What a template comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    pub text: String,
    /// Where the text stands that is all of it.
    pub sole: Option<Origin>,
}

/// What a template is filled from.
#[derive(Clone, Copy)]
pub(super) struct Scope<'v, 't> {
    pub open: &'static str,
    pub close: &'static str,
    /// `.`
    pub dot: &'v Value<'t>,
    /// A function without arguments and what it gives, such as `inputs`.
    pub root: Option<(&'static str, &'v Value<'t>)>,
}

/// Fills a template. The error says in half a sentence what cannot be done.
pub(super) fn render(template: &str, scope: &Scope<'_, '_>) -> Result<Rendered, String> {
    let pieces = pieces(template, scope)?;
    let mut parser = Parser { pieces: &pieces, at: 0, depth: 0 };
    let (nodes, end) = parser.block()?;
    if end.is_some() {
        return Err("`end` without a beginning".to_owned());
    }
    let mut run = Run { root: scope.root, variables: Vec::new(), steps: 0, out: String::new() };
    let dot = Item::Value(scope.dot);
    run.variables.push(("$", dot.clone()));
    if let [Node::Emit(tokens)] = nodes.as_slice() {
        let item = run.pipeline(tokens, &dot)?;
        let sole = if let Item::Value(value) = &item { Some(value.origin) } else { None };
        return Ok(Rendered { text: item.text()?, sole });
    }
    run.nodes(&nodes, &dot)?;
    Ok(Rendered { text: run.out, sole: None })
}

enum Piece<'s> {
    Text(&'s str),
    Action(&'s str),
}

fn pieces<'s>(template: &'s str, scope: &Scope<'_, '_>) -> Result<Vec<Piece<'s>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    let mut trim = false;
    while let Some((before, after)) = rest.split_once(scope.open) {
        let Some((action, behind)) = after.split_once(scope.close) else {
            return Err(format!("`{}` is not closed", scope.open));
        };
        let mut text = if trim { before.trim_start() } else { before };
        let action = match action.strip_prefix('-') {
            Some(inner) if inner.starts_with(char::is_whitespace) => {
                text = text.trim_end();
                inner
            }
            _ => action,
        };
        let stripped = action.strip_suffix('-').filter(|a| a.ends_with(char::is_whitespace));
        trim = stripped.is_some();
        let action = stripped.unwrap_or(action).trim();
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        if !action.starts_with("/*") {
            pieces.push(Piece::Action(action));
        }
        rest = behind;
    }
    let rest = if trim { rest.trim_start() } else { rest };
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'s> {
    /// `.a.b`, `$x.a`, `name` or `name.a`: what it starts from and the fields below.
    Chain(&'s str, Vec<&'s str>),
    Text(String),
    Number(&'s str),
    Open,
    Close,
    Pipe,
    Comma,
    Assign,
}

enum Node<'s> {
    Text(&'s str),
    Emit(Vec<Token<'s>>),
    Set(&'s str, Vec<Token<'s>>),
    If(Vec<Token<'s>>, Vec<Node<'s>>, Vec<Node<'s>>),
    With(Vec<Token<'s>>, Vec<Node<'s>>, Vec<Node<'s>>),
    Range(Vec<&'s str>, Vec<Token<'s>>, Vec<Node<'s>>, Vec<Node<'s>>),
}

struct Parser<'p, 's> {
    pieces: &'p [Piece<'s>],
    at: usize,
    depth: usize,
}

impl<'s> Parser<'_, 's> {
    /// Nodes up to `end` or `else`, and which of them it was.
    fn block(&mut self) -> Result<(Vec<Node<'s>>, Option<&'s str>), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.at) {
            self.at += 1;
            let action = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(action) => *action,
            };
            let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
            match word {
                "end" | "else" => {
                    self.depth -= 1;
                    return Ok((nodes, Some(action)));
                }
                "if" | "with" | "range" => nodes.push(self.branch(word, rest)?),
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err(format!("`{word}` is not supported"));
                }
                _ => nodes.push(statement(action)?),
            }
        }
        self.depth -= 1;
        Ok((nodes, None))
    }

    fn branch(&mut self, word: &str, head: &'s str) -> Result<Node<'s>, String> {
        let (then, end) = self.block()?;
        let otherwise = match end.map(|end| end.trim_start_matches("else").trim()) {
            None => return Err(format!("`{word}` without `end`")),
            Some("end") => Vec::new(),
            Some("") => match self.block()? {
                (nodes, Some("end")) => nodes,
                _ => return Err(format!("`{word}` without `end`")),
            },
            Some(chained) => {
                let (word, head) = chained.split_once(char::is_whitespace).unwrap_or((chained, ""));
                if !matches!(word, "if" | "with") {
                    return Err(format!("`else {word}` is not supported"));
                }
                vec![self.branch(word, head)?]
            }
        };
        if word == "range" {
            let (names, head) = match head.split_once(":=") {
                Some((names, head)) => (names.split(',').map(str::trim).collect(), head),
                None => (Vec::new(), head),
            };
            return Ok(Node::Range(names, tokens(head)?, then, otherwise));
        }
        let head = tokens(head)?;
        Ok(if word == "if" {
            Node::If(head, then, otherwise)
        } else {
            Node::With(head, then, otherwise)
        })
    }
}

fn statement(action: &str) -> Result<Node<'_>, String> {
    let tokens = tokens(action)?;
    if let [Token::Chain(name, fields), Token::Assign, rest @ ..] = tokens.as_slice()
        && name.starts_with('$')
        && fields.is_empty()
    {
        return Ok(Node::Set(name, rest.to_vec()));
    }
    Ok(Node::Emit(tokens))
}

fn tokens(action: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut rest = action.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '(' | ')' | '|' | ',' => {
                tokens.push(match c {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    '|' => Token::Pipe,
                    _ => Token::Comma,
                });
                1
            }
            ':' if rest.starts_with(":=") => {
                tokens.push(Token::Assign);
                2
            }
            '"' => {
                let (text, length) = quoted(rest)?;
                tokens.push(Token::Text(text));
                length
            }
            '`' => {
                let inner = rest.get(1..).unwrap_or("");
                let end = inner.find('`').ok_or("a text is not closed")?;
                tokens.push(Token::Text(inner.get(..end).unwrap_or("").to_owned()));
                end + 2
            }
            '-' | '0'..='9' => {
                let digits = rest.get(1..).unwrap_or("");
                let more = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                tokens.push(Token::Number(rest.get(..=more).unwrap_or("")));
                more + 1
            }
            '.' | '$' | '_' => chain(rest, &mut tokens),
            c if c.is_alphabetic() => chain(rest, &mut tokens),
            c => return Err(format!("`{c}` is not understood")),
        };
        rest = rest.get(length..).unwrap_or("").trim_start();
    }
    Ok(tokens)
}

/// A chain of fields at the start of a text; its length.
fn chain<'s>(text: &'s str, tokens: &mut Vec<Token<'s>>) -> usize {
    let more = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let end = text.find(|c| !more(c)).unwrap_or(text.len());
    let whole = text.get(..end).unwrap_or(text);
    let (head, fields) = whole.split_once('.').unwrap_or((whole, ""));
    let fields = fields.split('.').filter(|field| !field.is_empty()).collect();
    tokens.push(Token::Chain(head, fields));
    end
}

fn quoted(text: &str) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((out, at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, c @ ('"' | '\\'))) => out.push(c),
                _ => return Err("an escape is not understood".to_owned()),
            },
            c => out.push(c),
        }
    }
    Err("a text is not closed".to_owned())
}

struct Run<'v, 't, 's> {
    root: Option<(&'static str, &'v Value<'t>)>,
    variables: Vec<(&'s str, Item<'v, 't>)>,
    steps: usize,
    out: String,
}

impl<'v, 't, 's> Run<'v, 't, 's> {
    fn nodes(&mut self, nodes: &[Node<'s>], dot: &Item<'v, 't>) -> Result<(), String> {
        let outer = self.variables.len();
        for node in nodes {
            self.steps += 1;
            if self.steps > MAX_STEPS || self.out.len() > 1 << 20 {
                return Err("it takes too many steps".to_owned());
            }
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Emit(tokens) => {
                    let text = self.pipeline(tokens, dot)?.text()?;
                    self.out.push_str(&text);
                }
                Node::Set(name, tokens) => {
                    let item = self.pipeline(tokens, dot)?;
                    self.variables.push((name, item));
                }
                Node::If(head, then, otherwise) => {
                    let truth = self.pipeline(head, dot)?.is_true();
                    self.nodes(if truth { then } else { otherwise }, dot)?;
                }
                Node::With(head, then, otherwise) => {
                    let item = self.pipeline(head, dot)?;
                    if item.is_true() {
                        self.nodes(then, &item)?;
                    } else {
                        self.nodes(otherwise, dot)?;
                    }
                }
                Node::Range(names, head, body, otherwise) => {
                    let pairs = self.pipeline(head, dot)?.pairs()?;
                    if pairs.is_empty() {
                        self.nodes(otherwise, dot)?;
                    }
                    for (key, item) in pairs {
                        let before = self.variables.len();
                        match names.as_slice() {
                            [] => {}
                            [one] => self.variables.push((one, item.clone())),
                            [first, second, ..] => {
                                self.variables.push((first, key));
                                self.variables.push((second, item.clone()));
                            }
                        }
                        self.nodes(body, &item)?;
                        self.variables.truncate(before);
                    }
                }
            }
        }
        self.variables.truncate(outer);
        Ok(())
    }

    fn pipeline(
        &mut self,
        tokens: &[Token<'s>],
        dot: &Item<'v, 't>,
    ) -> Result<Item<'v, 't>, String> {
        let mut at = 0;
        let item = self.piped(tokens, &mut at, dot, 0)?;
        if at < tokens.len() {
            return Err("an expression is not understood".to_owned());
        }
        Ok(item)
    }

    /// Commands with `|` between them, up to a closing parenthesis.
    fn piped(
        &mut self,
        tokens: &[Token<'s>],
        at: &mut usize,
        dot: &Item<'v, 't>,
        depth: usize,
    ) -> Result<Item<'v, 't>, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        let mut last = None;
        loop {
            let item = self.command(tokens, at, dot, last, depth)?;
            if tokens.get(*at) != Some(&Token::Pipe) {
                return Ok(item);
            }
            *at += 1;
            last = Some(item);
        }
    }

    fn command(
        &mut self,
        tokens: &[Token<'s>],
        at: &mut usize,
        dot: &Item<'v, 't>,
        last: Option<Item<'v, 't>>,
        depth: usize,
    ) -> Result<Item<'v, 't>, String> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err("it takes too many steps".to_owned());
        }
        if let Some(Token::Chain(name, fields)) = tokens.get(*at)
            && self.is_function(name)
        {
            if !fields.is_empty() {
                return Err(format!("the function `{name}` is not known"));
            }
            *at += 1;
            let mut arguments = Vec::new();
            while !matches!(tokens.get(*at), None | Some(Token::Pipe | Token::Close)) {
                arguments.push(self.operand(tokens, at, dot, depth)?);
            }
            arguments.extend(last);
            return go_functions::call(name, &arguments);
        }
        let item = self.operand(tokens, at, dot, depth)?;
        if last.is_some() {
            return Err("something is piped into what is no function".to_owned());
        }
        Ok(item)
    }

    /// A bare name, unless it is a constant or the root.
    fn is_function(&self, name: &str) -> bool {
        name.starts_with(char::is_alphabetic)
            && !matches!(name, "true" | "false" | "nil")
            && self.root.is_none_or(|(root, _)| root != name)
    }

    fn operand(
        &mut self,
        tokens: &[Token<'s>],
        at: &mut usize,
        dot: &Item<'v, 't>,
        depth: usize,
    ) -> Result<Item<'v, 't>, String> {
        let token = tokens.get(*at).ok_or("an operand is missing")?;
        *at += 1;
        match token {
            Token::Text(text) => Ok(Item::Text(text.clone())),
            Token::Number(text) => {
                text.parse().map(Item::Int).map_err(|_| format!("`{text}` is no number"))
            }
            Token::Open => {
                let item = self.piped(tokens, at, dot, depth + 1)?;
                if tokens.get(*at) != Some(&Token::Close) {
                    return Err("a parenthesis is not closed".to_owned());
                }
                *at += 1;
                // `(…).field`
                if let Some(Token::Chain("", fields)) = tokens.get(*at)
                    && !fields.is_empty()
                    && matches!(item, Item::Value(_))
                {
                    return Err("a field of an expression in parentheses".to_owned());
                }
                Ok(item)
            }
            Token::Chain(name, fields) => {
                let start = match *name {
                    "" => dot.clone(),
                    "true" => Item::Bool(true),
                    "false" => Item::Bool(false),
                    "nil" => Item::Nil,
                    name if name.starts_with('$') => {
                        let found = self.variables.iter().rev().find(|(n, _)| *n == name);
                        found.map(|(_, item)| item.clone()).ok_or("an unknown variable")?
                    }
                    name => match self.root {
                        Some((root, value)) if root == name => Item::Value(value),
                        _ => go_functions::call(name, &[])?,
                    },
                };
                fields.iter().try_fold(start, |item, field| item.field(field))
            }
            _ => Err("an expression is not understood".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::source::SourceId;
    use kubeready_manifest::yaml::{Tree, Value, Writer};

    use super::{Scope, render};

    fn fill(template: &str) -> Result<String, String> {
        let text = "path: {path: apps/Shop_web, basename: Shop_web, segments: [apps, Shop_web]}\n\
                    cluster: prod-eu\nreplicas: 3\nlive: yes\nempty: ''\nlabels: {tier: gold}\n";
        let tree = Tree::parse(text, SourceId(0));
        let root = tree.documents().next().expect("a document").1;
        let dot = Value::of(root, Writer::Resource);
        let scope = Scope { open: "{{", close: "}}", dot: &dot, root: None };
        render(template, &scope).map(|rendered| rendered.text)
    }

    #[test]
    fn templates_give_what_go_gives() {
        for (template, expected) in [
            ("{{.path.path}}", "apps/Shop_web"),
            ("{{ .cluster }}-{{ index .path.segments 1 | normalize }}", "prod-eu-shop-web"),
            ("{{ index .labels \"tier\" }}", "gold"),
            ("{{ .missing | default \"x\" }}{{ default .cluster .empty }}", "xprod-eu"),
            ("{{ printf \"%s/%d\" .cluster 7 | upper }}", "PROD-EU/7"),
            ("{{if eq .cluster \"prod-eu\"}}a{{else}}b{{end}}", "a"),
            ("{{ if and .missing .cluster }}a{{ else if .live }}c{{ else }}b{{ end }}", "c"),
            (
                "{{- range $i, $s := .path.segments }}{{ $i }}={{ $s }};{{ end -}}",
                "0=apps;1=Shop_web;",
            ),
            ("{{ $c := .cluster }}{{ with .labels }}{{ .tier }}-{{ $c }}{{ end }}", "gold-prod-eu"),
            ("{{ (splitList \"-\" .cluster) | last }}", "eu"),
            ("{{ trimPrefix \"prod-\" .cluster }} {{ .replicas }}", "eu 3"),
            ("{{ /* nothing */ }}x", "x"),
            ("{{ ternary \"a\" \"b\" (hasPrefix \"prod\" .cluster) }}", "a"),
            ("{{ not (contains \"x\" .cluster) }}", "true"),
        ] {
            assert_eq!(fill(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_is_not_understood_is_no_text() {
        for template in [
            "{{ .missing }}",
            "{{ .missing.deeper }}",
            "{{ .cluster",
            "{{ env \"HOME\" }}",
            "{{ .labels }}",
            "{{ if .cluster }}x",
            "{{ end }}",
            "{{ template \"x\" }}",
            "{{ .cluster.x }}",
            "{{ index .path.segments 9 }}",
            "{{ . | | . }}",
            "{{ ( }}",
        ] {
            assert!(fill(template).is_err(), "{template}: {:?}", fill(template));
        }
        assert!(fill(&"{{ if .cluster }}".repeat(500)).is_err());
        assert!(fill(&format!("{{{{ {} }}}}", "(".repeat(5000))).is_err());
    }
}
