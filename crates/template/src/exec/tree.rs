//! What is executed: the syntax tree with its functions found, its variables counted and its places
//! known.

use std::sync::Arc;

use gotmpl::TemplateError;
use gotmpl::parse as go;
use gotmpl::parse::SmolStr;

use super::offers::Shape;
use super::scan::{Fault, Scan, scan};
use crate::function::Function;
use crate::functions;

/// Bytes of the template's text.
pub(super) type Place = (u32, u32);

#[derive(Debug)]
pub(super) enum Node {
    /// Literal text.
    Text(Place),
    Action(Pipe, Place),
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template {
        name: SmolStr,
        pipe: Option<Pipe>,
        place: Place,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Option<Vec<Node>>,
    /// The opening action.
    pub(super) place: Place,
    /// What the body would print first, if that is a map's keys.
    pub(super) offer: Option<Shape>,
}

#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) commands: Vec<Command>,
    /// Numbers of the variables that it sets: in a `range` of two the index comes first.
    pub(super) variables: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Command {
    pub(super) first: Operand,
    pub(super) arguments: Vec<Operand>,
}

#[derive(Debug)]
pub(super) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A constant that no `int` holds.
    Huge(u64),
    /// A number of [`Tree::strings`].
    Text(u32),
    Field(Vec<SmolStr>),
    Variable(u32, Vec<SmolStr>),
    Call(Callee),
    Pipe(Box<Pipe>),
    Chain(Box<Operand>, Vec<SmolStr>),
}

#[derive(Debug)]
pub(super) enum Callee {
    And,
    Or,
    Include,
    Tpl,
    Function(&'static Function),
    Unknown(SmolStr),
}

impl Callee {
    fn find(name: &SmolStr) -> Self {
        match name.as_str() {
            "and" => Self::And,
            "or" => Self::Or,
            "include" => Self::Include,
            "tpl" => Self::Tpl,
            other => {
                functions::find(other).map_or_else(|| Self::Unknown(name.clone()), Self::Function)
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::And => "and",
            Self::Or => "or",
            Self::Include => "include",
            Self::Tpl => "tpl",
            Self::Function(function) => function.name,
            Self::Unknown(name) => name,
        }
    }
}

/// A string of a template.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) text: Arc<str>,
    /// Where it stands without its quotes, if byte for byte.
    pub(super) place: Option<Place>,
}

/// One file or text: what it prints itself, and what it defines.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The first is the text's own.
    pub(super) bodies: Vec<Body>,
    pub(super) strings: Vec<Literal>,
}

#[derive(Debug)]
pub(super) struct Body {
    /// `None` for what a text prints itself.
    pub(super) name: Option<SmolStr>,
    pub(super) nodes: Vec<Node>,
    /// Nothing but blanks: does not replace a template of its name.
    pub(super) empty: bool,
}

impl Tree {
    /// # Errors
    /// What is no template of Go's.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > u32::MAX as usize {
            return Err(whole(text, "larger than 4 GiB"));
        }
        let scan = scan(text)?;
        if scan.actions.is_empty() {
            let nodes: Vec<Node> =
                scan.pieces.iter().map(|piece| Node::Text((piece.start, piece.end))).collect();
            let empty = text.chars().all(char::is_whitespace);
            let bodies = vec![Body { name: None, nodes, empty }];
            return Ok(Self { bodies, strings: Vec::new() });
        }
        let clean = std::str::from_utf8(&scan.clean)
            .map_err(|_| whole(text, "its comments cannot be taken out"))?;
        let (list, defines) = read(clean)?;
        let mut builder = Builder { text, scan: &scan, strings: Vec::new(), variables: Vec::new() };
        let mut bodies = vec![builder.body(None, &list)?];
        for define in &defines {
            let body = builder.body(Some(define.name.clone()), &define.body)?;
            let known = bodies.iter().position(|other| other.name == body.name);
            match known.and_then(|at| bodies.get_mut(at)) {
                Some(other) if other.empty => *other = body,
                Some(_) if body.empty => {}
                Some(_) => {
                    let (start, end) = builder.action_at(define.pos);
                    let message = format!("multiple definition of template {:?}", define.name);
                    return Err(Fault { start: start as usize, end: end as usize, message });
                }
                None => bodies.push(body),
            }
        }
        Ok(Self { bodies, strings: builder.strings })
    }
}

fn whole(text: &str, message: &str) -> Fault {
    Fault { start: 0, end: text.len(), message: message.to_owned() }
}

/// The parser indexes its tokens; what could make it run past them was refused before. Should there
/// be more of that, a fault of its own is better than the end of a run over a whole repository.
fn read(clean: &str) -> Result<(go::ListNode, Vec<go::DefineNode>), Fault> {
    let parsed =
        std::panic::catch_unwind(|| go::Parser::new(clean, "{{", "}}").and_then(go::Parser::parse));
    match parsed {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(error)) => Err(fault(clean, &error)),
        Err(_) => Err(whole(clean, "its syntax cannot be read")),
    }
}

fn fault(text: &str, error: &TemplateError) -> Fault {
    let (line, column, message) = match error {
        TemplateError::Parse { line, col, message, .. }
        | TemplateError::Lex { line, col, message, .. } => (*line, *col, message.clone()),
        other => (0, 0, other.to_string()),
    };
    let Some(before) = line.checked_sub(1) else { return whole(text, &message) };
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    let by: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let start = start + by;
    let end = text
        .len()
        .min(start + text.get(start..).map_or(0, |t| t.chars().next().map_or(0, char::len_utf8)));
    Fault { start, end, message }
}

struct Builder<'t> {
    text: &'t str,
    scan: &'t Scan,
    strings: Vec<Literal>,
    /// Names by number; the first is `$`.
    variables: Vec<SmolStr>,
}

impl Builder<'_> {
    fn body(&mut self, name: Option<SmolStr>, list: &go::ListNode) -> Result<Body, Fault> {
        self.variables.clear();
        self.variables.push(SmolStr::new("$"));
        let nodes = self.list(list)?;
        let empty = nodes.iter().all(|node| match node {
            Node::Text(place) => self.slice(*place).chars().all(char::is_whitespace),
            _ => false,
        });
        Ok(Body { name, nodes, empty })
    }

    fn slice(&self, (start, end): Place) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn action_at(&self, pos: go::Pos) -> Place {
        let offset = pos.offset as u32;
        let at = self.scan.actions.partition_point(|action| action.0 <= offset);
        let action = at.checked_sub(1).and_then(|at| self.scan.actions.get(at));
        action.copied().unwrap_or((offset, offset))
    }

    fn error(&self, pos: go::Pos, message: impl Into<String>) -> Fault {
        let (start, end) = self.action_at(pos);
        Fault { start: start as usize, end: end as usize, message: message.into() }
    }

    fn list(&mut self, list: &go::ListNode) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::with_capacity(list.nodes.len());
        for node in &list.nodes {
            match node {
                go::Node::List(inner) => nodes.extend(self.list(inner)?),
                go::Node::Text(text) => {
                    let raw = text.pos.offset as u32;
                    if let Ok(at) = self.scan.pieces.binary_search_by_key(&raw, |piece| piece.raw)
                        && let Some(piece) = self.scan.pieces.get(at)
                    {
                        nodes.push(Node::Text((piece.start, piece.end)));
                    }
                }
                go::Node::Action(action) => {
                    let offset = action.pos.offset as u32;
                    if self.scan.comments.binary_search(&offset).is_err() {
                        let place = self.action_at(action.pos);
                        nodes.push(Node::Action(self.pipe(&action.pipe, true)?, place));
                    }
                }
                go::Node::If(branch) => nodes.push(Node::If(self.branch(branch)?)),
                go::Node::With(branch) => nodes.push(Node::With(self.branch(branch)?)),
                go::Node::Range(branch) => nodes.push(Node::Range(self.branch(branch)?)),
                go::Node::Template(template) => {
                    let pipe = match &template.pipe {
                        Some(pipe) => Some(self.pipe(pipe, true)?),
                        None => None,
                    };
                    let place = self.action_at(template.pos);
                    nodes.push(Node::Template { name: template.name.clone(), pipe, place });
                }
                go::Node::Break(_) => nodes.push(Node::Break),
                go::Node::Continue(_) => nodes.push(Node::Continue),
                go::Node::Define(_) => {}
            }
        }
        Ok(nodes)
    }

    fn branch(&mut self, branch: &go::BranchNode) -> Result<Box<Branch>, Fault> {
        let mark = self.variables.len();
        let pipe = self.pipe(&branch.pipe, true)?;
        let inner = self.variables.len();
        let body = self.list(&branch.body)?;
        self.variables.truncate(inner);
        let otherwise = match &branch.else_body {
            Some(list) => Some(self.list(list)?),
            None => None,
        };
        self.variables.truncate(mark);
        let offer = Shape::of(self.text, &body, otherwise.as_deref());
        let place = self.action_at(branch.pos);
        Ok(Box::new(Branch { pipe, body, otherwise, place, offer }))
    }

    fn pipe(&mut self, pipe: &go::PipeNode, declares: bool) -> Result<Pipe, Fault> {
        let mut commands = Vec::with_capacity(pipe.commands.len());
        for (at, command) in pipe.commands.iter().enumerate() {
            let mut operands = command.args.iter();
            let Some(first) = operands.next() else {
                return Err(self.error(command.pos, "missing value for command"));
            };
            let first = self.operand(first)?;
            if at > 0
                && matches!(
                    first,
                    Operand::Dot
                        | Operand::Nil
                        | Operand::Bool(_)
                        | Operand::Int(_)
                        | Operand::Float(_)
                        | Operand::Huge(_)
                        | Operand::Text(_)
                )
            {
                let message = format!("non executable command in pipeline stage {}", at + 1);
                return Err(self.error(command.pos, message));
            }
            let mut arguments = Vec::with_capacity(operands.len());
            for operand in operands {
                arguments.push(self.operand(operand)?);
            }
            commands.push(Command { first, arguments });
        }
        let mut variables = Vec::with_capacity(pipe.decl.len());
        if declares {
            for name in &pipe.decl {
                if pipe.is_assign {
                    variables.push(self.variable(name, pipe.pos)?);
                } else {
                    variables.push(self.variables.len() as u32);
                    self.variables.push(name.clone());
                }
            }
        }
        Ok(Pipe { commands, variables })
    }

    fn variable(&self, name: &SmolStr, pos: go::Pos) -> Result<u32, Fault> {
        let at = self.variables.iter().rposition(|known| known == name);
        at.map(|at| at as u32)
            .ok_or_else(|| self.error(pos, format!("undefined variable {:?}", name.as_str())))
    }

    fn operand(&mut self, operand: &go::Expr) -> Result<Operand, Fault> {
        Ok(match operand {
            go::Expr::Dot(_) => Operand::Dot,
            go::Expr::Nil(_) => Operand::Nil,
            go::Expr::Bool(_, value) => Operand::Bool(*value),
            go::Expr::Number(_, go::Number::Int(value)) => Operand::Int(*value),
            go::Expr::Number(_, go::Number::Float(value)) => Operand::Float(*value),
            go::Expr::Number(_, go::Number::Uint(value)) => Operand::Huge(*value),
            go::Expr::String(pos, text) => {
                let start = pos.offset + 1;
                let end = start + text.len();
                let same = self.text.get(start..end) == Some(text);
                let place = same.then_some((start as u32, end as u32));
                self.strings.push(Literal { text: Arc::clone(text), place });
                Operand::Text((self.strings.len() - 1) as u32)
            }
            go::Expr::Field(_, names) => Operand::Field(names.clone()),
            go::Expr::Variable(pos, name, fields) => {
                Operand::Variable(self.variable(name, *pos)?, fields.clone())
            }
            go::Expr::Identifier(_, name) => Operand::Call(Callee::find(name)),
            go::Expr::Pipe(_, pipe) => Operand::Pipe(Box::new(self.pipe(pipe, false)?)),
            go::Expr::Chain(_, inner, fields) => {
                Operand::Chain(Box::new(self.operand(inner)?), fields.clone())
            }
        })
    }
}
