//! Pipelines: operands, fields, and calls of functions and methods as Go checks them.

use std::rc::Rc;

use super::eval::{Frame, Run, Slot};
use super::origins::{stemming, with_origin};
use super::tree::{Callee, Command, Operand, Pipe};
use crate::error::{Error, ErrorKind, Result};
use crate::fmt;
use crate::function::{Call, Function, Param};
use crate::map::Map;
use crate::text::Text;
use crate::value::{Data, Val};

/// What a list costs beside its length: it bounds how deep lists can be nested, and with that the
/// stack that dropping them needs.
const LIST_COST: u64 = 50;

impl Run<'_> {
    pub(super) fn pipe(&mut self, frame: &Frame, dot: &Slot, pipe: &Pipe) -> Result<Val> {
        self.engine.budget.enter()?;
        let mut last: Option<Val> = None;
        for command in &pipe.commands {
            self.engine.budget.spend(1)?;
            last = Some(self.command(frame, dot, command, last)?.value);
        }
        let value = last.unwrap_or_default();
        for variable in &pipe.variables {
            self.set(frame, *variable, value.clone().into());
        }
        self.engine.budget.leave();
        Ok(value)
    }

    fn command(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        command: &Command,
        last: Option<Val>,
    ) -> Result<Slot> {
        let Command { first, arguments } = command;
        match first {
            Operand::Field(names) => {
                return self.fields(frame, dot, dot.clone(), names, arguments, last);
            }
            Operand::Variable(at, names) if !names.is_empty() => {
                let receiver = self.variable(frame, *at);
                return self.fields(frame, dot, receiver, names, arguments, last);
            }
            Operand::Chain(inner, names) => {
                let receiver = self.operand(frame, dot, inner)?.value;
                return self.fields(frame, dot, receiver.into(), names, arguments, last);
            }
            Operand::Call(callee) => {
                return self.call(frame, dot, callee, arguments, last).map(Slot::from);
            }
            Operand::Nil => return Err(Error::execution("nil is not a command")),
            _ => {}
        }
        if !arguments.is_empty() || last.is_some() {
            let message = format!("can't give argument to non-function {}", shown(frame, first));
            return Err(Error::execution(message));
        }
        self.operand(frame, dot, first)
    }

    /// An operand by itself, as what it is.
    fn operand(&mut self, frame: &Frame, dot: &Slot, operand: &Operand) -> Result<Slot> {
        Ok(match operand {
            Operand::Dot => dot.clone(),
            Operand::Nil => Slot::default(),
            Operand::Bool(value) => Val::bool(*value).into(),
            Operand::Int(value) => Val::int(*value).into(),
            Operand::Float(value) => Val::float(*value).into(),
            Operand::Huge(value) => {
                return Err(Error::execution(format!("{value} overflows int")));
            }
            Operand::Text(at) => frame.unit.string(*at).into(),
            Operand::Field(names) => self.fields(frame, dot, dot.clone(), names, &[], None)?,
            Operand::Variable(at, names) => {
                let receiver = self.variable(frame, *at);
                if names.is_empty() {
                    return Ok(receiver);
                }
                self.fields(frame, dot, receiver, names, &[], None)?
            }
            Operand::Call(callee) => self.call(frame, dot, callee, &[], None)?.into(),
            Operand::Pipe(pipe) => self.pipe(frame, dot, pipe)?.into(),
            Operand::Chain(inner, names) => {
                let receiver = self.operand(frame, dot, inner)?.value;
                self.fields(frame, dot, receiver.into(), names, &[], None)?
            }
        })
    }

    fn variable(&self, frame: &Frame, at: u32) -> Slot {
        self.variables.get(frame.base + at as usize).cloned().unwrap_or_default()
    }

    fn call(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        callee: &Callee,
        arguments: &[Operand],
        last: Option<Val>,
    ) -> Result<Val> {
        match callee {
            Callee::And => self.lazy(frame, dot, "and", arguments, last),
            Callee::Or => self.lazy(frame, dot, "or", arguments, last),
            Callee::Include => {
                let params = [Param::Text, Param::Any];
                let given =
                    self.arguments(frame, dot, "include", (&params, false), arguments, last)?;
                let [name, dot] = given.as_slice() else { return Ok(Val::nil()) };
                let text = self.include(name.as_str().unwrap_or(""), dot.clone());
                let text = text.map_err(|error| calling(error, "include"))?;
                Ok(Val::text(text))
            }
            Callee::Tpl => {
                let params = [Param::Text, Param::Any];
                let given = self.arguments(frame, dot, "tpl", (&params, false), arguments, last)?;
                let [source, dot] = given.as_slice() else { return Ok(Val::nil()) };
                let Some(text) = source.as_text() else { return Ok(Val::nil()) };
                let text = with_origin(text, source);
                let text = self.tpl(&text, dot.clone());
                let text = text.map_err(|error| calling(error, "tpl"))?;
                Ok(Val::text(text))
            }
            Callee::Function(function) => {
                let params = (function.params, function.variadic);
                let given = self.arguments(frame, dot, function.name, params, arguments, last)?;
                self.run(function, &given)
            }
            Callee::Unknown(name) => {
                let message = format!("function {:?} is not known here", name.as_str());
                Err(Error::new(ErrorKind::Unknown, message))
            }
        }
    }

    fn run(&mut self, function: &'static Function, given: &[Val]) -> Result<Val> {
        let mut cost = 1;
        let mut call = Call { name: function.name, cost: &mut cost };
        let result = (function.run)(&mut call, given);
        self.engine.budget.spend(cost)?;
        let result = result.map_err(|error| {
            let known = given.iter().find_map(|value| value.origin.as_ref());
            let mut error = named(error, function.name);
            error.value = error.value.or(known.map(|origin| origin.span));
            error
        })?;
        self.pay(&result)?;
        Ok(stemming(function.name, result, given))
    }

    /// What a result costs: large ones more.
    pub(super) fn pay(&mut self, result: &Val) -> Result<()> {
        match &result.data {
            Data::Text(text) => {
                let stretches = text.runs().size_hint().0;
                self.engine.budget.fits(text.len())?;
                self.engine.budget.know(stretches)?;
                self.engine.budget.spend(text.len() as u64 / 64 + stretches as u64 / 8)
            }
            Data::List(list) => self.engine.budget.spend(LIST_COST + list.len() as u64),
            Data::Map(map) => self.engine.budget.spend(map.len() as u64 / 16),
            _ => Ok(()),
        }
    }

    /// `and` and `or` look no further than they must.
    fn lazy(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        name: &str,
        arguments: &[Operand],
        last: Option<Val>,
    ) -> Result<Val> {
        if arguments.is_empty() && last.is_none() {
            let message = format!("wrong number of args for {name}: want at least 1 got 0");
            return Err(Error::execution(message));
        }
        let mut value = Val::nil();
        for argument in arguments {
            value = self.argument(frame, dot, Param::Any, argument)?;
            if value.is_true() == (name == "or") {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn arguments(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        name: &str,
        (params, variadic): (&[Param], bool),
        arguments: &[Operand],
        last: Option<Val>,
    ) -> Result<Vec<Val>> {
        let count = arguments.len() + usize::from(last.is_some());
        let fixed = params.len() - usize::from(variadic && !params.is_empty());
        if variadic && count < fixed {
            return Err(Error::execution(format!(
                "wrong number of args for {name}: want at least {fixed} got {}",
                arguments.len()
            )));
        }
        if !variadic && count != params.len() {
            return Err(Error::execution(format!(
                "wrong number of args for {name}: want {} got {count}",
                params.len()
            )));
        }
        let param = |at: usize| params.get(at).or(params.last()).copied().unwrap_or(Param::Any);
        let mut given = Vec::with_capacity(count);
        for (at, argument) in arguments.iter().enumerate() {
            given.push(self.argument(frame, dot, param(at), argument)?);
        }
        if let Some(last) = last {
            given.push(checked(last.into(), param(arguments.len()))?);
        }
        Ok(given)
    }

    pub(super) fn argument(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        param: Param,
        operand: &Operand,
    ) -> Result<Val> {
        match operand {
            Operand::Nil => match param {
                Param::Any | Param::Map | Param::List => checked(Slot::default(), param),
                _ => Err(Error::execution(format!("cannot assign nil to {}", type_of(param)))),
            },
            Operand::Dot
            | Operand::Field(_)
            | Operand::Variable(..)
            | Operand::Call(_)
            | Operand::Pipe(_)
            | Operand::Chain(..) => {
                let value = self.operand(frame, dot, operand)?;
                checked(value, param)
            }
            _ => match (param, operand) {
                (Param::Any, _)
                | (Param::Text, Operand::Text(_))
                | (Param::Int, Operand::Int(_))
                | (Param::Float, Operand::Float(_))
                | (Param::Bool, Operand::Bool(_)) => Ok(self.operand(frame, dot, operand)?.value),
                (Param::Int, Operand::Float(value))
                    if value.fract() == 0.0 && value.abs() < 9e15 =>
                {
                    Ok(Val::int(*value as i64))
                }
                (Param::Float, Operand::Int(value)) => Ok(Val::float(*value as f64)),
                (Param::Float, Operand::Huge(value)) => Ok(Val::float(*value as f64)),
                _ => {
                    let wanted = match param {
                        Param::Text => "expected string",
                        Param::Int => "expected integer",
                        Param::Float => "expected float",
                        Param::Bool => "expected bool",
                        Param::Map | Param::List | Param::Any => {
                            let message = format!(
                                "can't handle {} for arg of type {}",
                                shown(frame, operand),
                                type_of(param)
                            );
                            return Err(Error::execution(message));
                        }
                    };
                    Err(Error::execution(format!("{wanted}; found {}", shown(frame, operand))))
                }
            },
        }
    }
}

fn type_of(param: Param) -> &'static str {
    match param {
        Param::Any => "interface {}",
        Param::Text => "string",
        Param::Int => "int",
        Param::Float => "float64",
        Param::Bool => "bool",
        Param::Map => "map[string]interface {}",
        Param::List => "[]interface {}",
    }
}

/// Whether a value may be given to a parameter. Nothing is given to maps and lists as an empty one.
fn checked(slot: Slot, param: Param) -> Result<Val> {
    let Slot { value, boxed } = slot;
    let fits = match (&value.data, param) {
        (_, Param::Any)
        | (Data::Text(_), Param::Text)
        | (Data::Int(_), Param::Int)
        | (Data::Float(_), Param::Float)
        | (Data::Bool(_), Param::Bool)
        | (Data::Map(_), Param::Map)
        | (Data::List(_), Param::List) => true,
        (Data::Nil, Param::Map) if !boxed => {
            return Ok(Val { data: Data::Map(Map::new()), ..value });
        }
        (Data::Nil, Param::List) if !boxed => {
            return Ok(Val { data: Data::List(Rc::new(Vec::new())), ..value });
        }
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    let wanted = type_of(param);
    let message = match &value.data {
        Data::Nil if !boxed => format!("invalid value; expected {wanted}"),
        Data::Nil => format!("wrong type for value; expected {wanted}; got interface {{}}"),
        _ => format!("wrong type for value; expected {wanted}; got {}", value.type_name()),
    };
    Err(blame(Error::execution(message), &value))
}

/// The failure, with the value that is to blame.
pub(super) fn blame(mut error: Error, value: &Val) -> Error {
    let text = || value.as_text().and_then(Text::origin).and_then(|origin| origin.value);
    let origin = value.origin.clone().or_else(text);
    error.value = error.value.or(origin.map(|origin| origin.span));
    error
}

pub(super) fn named(mut error: Error, name: &str) -> Error {
    if error.kind == ErrorKind::Execution {
        error.message = format!("error calling {name}: {}", error.message);
    }
    error
}

/// Only what fails before the called template has a place gets the name of the call.
fn calling(error: Error, name: &str) -> Error {
    if error.at.is_some() { error } else { named(error, name) }
}

/// How Go names an operand in its messages.
fn shown(frame: &Frame, operand: &Operand) -> String {
    match operand {
        Operand::Dot => ".".to_owned(),
        Operand::Nil => "nil".to_owned(),
        Operand::Bool(value) => value.to_string(),
        Operand::Int(value) => value.to_string(),
        Operand::Float(value) => fmt::float(*value),
        Operand::Huge(value) => value.to_string(),
        Operand::Text(at) => fmt::quote(frame.unit.string(*at).as_str().unwrap_or("")),
        Operand::Field(names) => format!(".{}", names.join(".")),
        Operand::Variable(..) => "a variable".to_owned(),
        Operand::Call(callee) => callee.name().to_owned(),
        Operand::Pipe(_) | Operand::Chain(..) => "a parenthesised pipeline".to_owned(),
    }
}
