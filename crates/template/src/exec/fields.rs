//! Fields of values, and their methods.

use std::rc::Rc;

use gotmpl::parse::SmolStr;

use super::call::{blame, named};
use super::eval::{Frame, Run, Slot};
use super::tree::Operand;
use crate::error::{Error, Result};
use crate::function::Param;
use crate::map::Map;
use crate::value::{Data, Val, ValueOrigin};

impl Run<'_> {
    /// `.a.b.c` of a value; the last may be a method with arguments.
    pub(super) fn fields(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        receiver: Slot,
        names: &[SmolStr],
        arguments: &[Operand],
        last: Option<Val>,
    ) -> Result<Slot> {
        let mut here = receiver;
        let mut key: Option<Rc<ValueOrigin>> = None;
        let mut last = last;
        for (at, name) in names.iter().enumerate() {
            let is_last = at + 1 == names.len();
            let (arguments, last) =
                if is_last { (arguments, last.take()) } else { (&[][..], None) };
            here = self.field(frame, dot, &here, &mut key, name, arguments, last)?;
        }
        Ok(here)
    }

    #[allow(clippy::too_many_arguments)] // what a method call is made of
    fn field(
        &mut self,
        frame: &Frame,
        dot: &Slot,
        receiver: &Slot,
        key: &mut Option<Rc<ValueOrigin>>,
        name: &SmolStr,
        arguments: &[Operand],
        last: Option<Val>,
    ) -> Result<Slot> {
        let called = !arguments.is_empty() || last.is_some();
        match &receiver.value.data {
            Data::Nil => {
                if receiver.boxed {
                    let message = format!("nil pointer evaluating interface {{}}.{name}");
                    return Err(blame(Error::execution(message), &receiver.value));
                }
                Ok(missing(receiver.value.origin.as_ref(), None, name).into())
            }
            Data::Map(map) => {
                if called {
                    let message = format!("{name} is not a method but has arguments");
                    return Err(blame(Error::execution(message), &receiver.value));
                }
                let mut slot = field_of(map, receiver.value.origin.as_ref(), key, name);
                slot.value.made_up |= receiver.value.made_up;
                Ok(slot)
            }
            Data::Object(object) => {
                let object = Rc::clone(object);
                *key = None;
                if called {
                    let mut given = Vec::with_capacity(arguments.len() + 1);
                    for argument in arguments {
                        given.push(self.argument(frame, dot, Param::Any, argument)?);
                    }
                    given.extend(last);
                    self.engine.budget.spend(1)?;
                    if let Some(result) = object.call(name, &given) {
                        let result = result.map_err(|error| named(error, name))?;
                        self.pay(&result)?;
                        return Ok(of_object(result, receiver));
                    }
                    if object.field(name).is_some() {
                        let message =
                            format!("{name} has arguments but cannot be invoked as function");
                        return Err(Error::execution(message));
                    }
                } else if let Some(value) = object.field(name) {
                    self.pay(&value)?;
                    return Ok(of_object(value, receiver));
                } else if let Some(result) = object.call(name, &[]) {
                    let result = result.map_err(|error| named(error, name))?;
                    return Ok(of_object(result, receiver));
                } else if let Some(Val { data: Data::Map(map), .. }) = object.plain() {
                    return Ok(field_of(&map, None, key, name));
                }
                let message = format!("can't evaluate field {name} in type {}", object.type_name());
                Err(Error::execution(message))
            }
            _ => {
                let known =
                    if receiver.boxed { "interface {}" } else { receiver.value.type_name() };
                let message = format!("can't evaluate field {name} in type {known}");
                Err(blame(Error::execution(message), &receiver.value))
            }
        }
    }
}

/// What an object gave: made up if the object is.
fn of_object(mut value: Val, receiver: &Slot) -> Slot {
    value.made_up |= receiver.value.made_up;
    value.into()
}

/// A field of a map; one that is missing is nothing, and says where it would stand.
fn field_of(
    map: &Map,
    origin: Option<&Rc<ValueOrigin>>,
    key: &mut Option<Rc<ValueOrigin>>,
    name: &str,
) -> Slot {
    match map.slot(name) {
        Some(slot) => {
            *key = slot.key;
            Slot { value: slot.value, boxed: true }
        }
        // The one method of Helm's values that templates call.
        None if name == "AsMap" => {
            let data = Data::Map(map.clone());
            Val { data, origin: origin.cloned(), made_up: false }.into()
        }
        None => Slot { value: missing(origin, key.take().as_ref(), name), boxed: true },
    }
}

/// Nothing, where a value would stand under a map of the values.
pub(crate) fn missing(
    map: Option<&Rc<ValueOrigin>>,
    key: Option<&Rc<ValueOrigin>>,
    name: &str,
) -> Val {
    let origin = map.map(|map| {
        let span = key.filter(|_| map.written).map_or(map.span, |key| key.span);
        Rc::new(ValueOrigin { path: map.path.key(name), span, content: None, written: false })
    });
    Val { data: Data::Nil, origin, made_up: false }
}
