//! Typed values from nodes: a `serde::Deserializer` over the tape.
//!
//! Reads as the API server does: null is the zero value, a number is no string, a quantity may be a
//! number. A wrong value is recorded and replaced by an empty one, so that one decode finds them all.

mod access;
mod error;
mod report;

use std::cell::{Cell, RefCell};

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use self::access::{EnumEntry, Items, MapEntries};
use self::error::Error;
pub use self::report::{Mismatch, Missing, Report, Unknown};
use super::node::NodeRef;
use super::scalar::Scalar;
use super::tree::Kind;

/// Values that only their own type can refuse (a date, base64) and that one decode steps over.
const SECOND_CHANCES: usize = 16;

/// The required ones among a struct's fields: `required(struct_name, its_fields)`.
pub type Required = fn(&str, &[&str]) -> &'static [&'static str];

/// Decodes a value and reports what does not fit its type. `None` when the value as a whole could
/// not be made; the report then holds at least one mismatch or missing field.
///
/// Neither depth nor size need a limit here: the tape's builder bounds what a document expands to.
pub fn decode<'t, T: Deserialize<'t>>(
    node: NodeRef<'t>,
    required: Required,
) -> (Option<T>, Report<'t>) {
    let node = node.followed();
    let cx = Context {
        root: node,
        required,
        report: RefCell::default(),
        refused: RefCell::default(),
        failed: Cell::new(None),
        by_text: Cell::new(false),
        last: Cell::new(node),
    };
    let mut refusals = Vec::new();
    let value = loop {
        match T::deserialize(De::new(&cx, node)) {
            Ok(value) => break Some(value),
            Err(error) => {
                let at = cx.failed.take().unwrap_or(node);
                let again = cx.refused.borrow().contains(&at.index());
                refusals.extend((!again).then(|| error.into_mismatch(at)).flatten());
                if again || cx.refused.borrow().len() == SECOND_CHANCES {
                    break None;
                }
                cx.refused.borrow_mut().push(at.index());
                *cx.report.borrow_mut() = Report::default();
            }
        }
    };
    let mut report = cx.report.into_inner();
    report.by_text = cx.by_text.get();
    report.mismatched.append(&mut refusals);
    report.tidy();
    (value, report)
}

/// What one decode shares.
struct Context<'t> {
    root: NodeRef<'t>,
    required: Required,
    report: RefCell<Report<'t>>,
    /// Nodes that a type refused in an earlier attempt; they now read as null.
    refused: RefCell<Vec<u32>>,
    /// The node at which this attempt failed.
    failed: Cell<Option<NodeRef<'t>>>,
    /// Whether a type looked at the text of a string.
    by_text: Cell<bool>,
    /// The value that was decoded last: what a struct means when it fails as a whole.
    last: Cell<NodeRef<'t>>,
}

/// What a string is asked to be beyond a string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Any,
    Quantity,
    Time,
}

/// The field under which a struct holds a value.
#[derive(Clone, Copy)]
struct Field<'t> {
    key: NodeRef<'t>,
    of: &'static str,
    known: &'static [&'static str],
}

/// The one deserializer type: each further one would compile every Kubernetes type again.
#[derive(Clone, Copy)]
struct De<'c, 't> {
    cx: &'c Context<'t>,
    node: NodeRef<'t>,
    field: Option<Field<'t>>,
    role: Role,
    /// A key of a map: always text, as in JSON.
    is_key: bool,
}

impl<'c, 't> De<'c, 't> {
    fn new(cx: &'c Context<'t>, node: NodeRef<'t>) -> Self {
        Self { cx, node, field: None, role: Role::Any, is_key: false }
    }

    fn is_null(self) -> bool {
        self.node.is_null() || self.is_refused()
    }

    fn is_refused(self) -> bool {
        let refused = self.cx.refused.borrow();
        !refused.is_empty() && refused.contains(&self.node.index())
    }

    fn scalar(self) -> Option<Scalar<'t>> {
        if self.is_refused() { Some(Scalar::Null) } else { self.node.scalar() }
    }

    #[cold]
    fn mismatch(self, expected: &str) {
        let found = match self.node.kind() {
            Kind::Map => "a map",
            Kind::Seq => "a list",
            Kind::Scalar | Kind::Alias => self.node.scalar().map_or("nothing", |s| s.type_name()),
        };
        self.record(expected, found.to_owned());
    }

    #[cold]
    fn record(self, expected: &str, found: String) {
        let expected = expected.to_owned();
        self.cx.report.borrow_mut().mismatched.push(Mismatch { node: self.node, expected, found });
    }

    /// Remembers where an attempt failed first: the innermost value.
    fn watch<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| self.failed(error))
    }

    #[cold]
    fn failed(self, mut error: Error) -> Error {
        if self.cx.failed.get().is_none() {
            self.cx.failed.set(Some(self.node));
            error.explain(self.role, self.node);
        }
        error
    }

    fn text<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_key {
            return self.key(visitor);
        }
        let text = match self.scalar() {
            Some(Scalar::Str(text)) => text,
            // Go's zero time.
            Some(Scalar::Null) if self.role == Role::Time => "0001-01-01T00:00:00Z",
            Some(Scalar::Null) => "",
            Some(Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_))
                if self.role == Role::Quantity =>
            {
                self.node.text()
            }
            _ => {
                self.mismatch(match self.role {
                    Role::Any => "a string",
                    Role::Quantity => "a quantity such as 500m or 1Gi",
                    Role::Time => "a time such as 2026-01-31T12:00:00Z",
                });
                ""
            }
        };
        self.watch(visitor.visit_borrowed_str(text))
    }

    fn key<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.node.is_scalar() {
            self.mismatch("a plain key");
        }
        match self.node.key_text() {
            std::borrow::Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            std::borrow::Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    /// An integer from `min` to `max`; any other value is recorded and reads as 0. JSON has one
    /// number type, so `1.0` is an integer.
    fn integer(self, min: i128, max: i128) -> i128 {
        let value = match self.scalar() {
            Some(Scalar::Null) => return 0,
            Some(Scalar::Int(value)) => i128::from(value),
            Some(Scalar::UInt(value)) => i128::from(value),
            Some(Scalar::Float(value)) if value.fract() == 0.0 && value.abs() < 1e18 => {
                value as i128
            }
            _ => {
                self.mismatch("an integer");
                return 0;
            }
        };
        if (min..=max).contains(&value) {
            return value;
        }
        self.record(&format!("an integer from {min} to {max}"), value.to_string());
        0
    }

    fn float(self) -> f64 {
        match self.scalar() {
            Some(Scalar::Null) => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "as JSON readers do")]
            Some(Scalar::Int(value)) => value as f64,
            #[expect(clippy::cast_precision_loss, reason = "as JSON readers do")]
            Some(Scalar::UInt(value)) => value as f64,
            Some(Scalar::Float(value)) => value,
            _ => {
                self.mismatch("a number");
                0.0
            }
        }
    }

    fn items<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = if self.is_null() {
            Items::empty(self)
        } else if self.node.is_seq() {
            Items::of(self)
        } else {
            self.mismatch("a list");
            Items::empty(self)
        };
        self.watch(visitor.visit_seq(items))
    }

    /// Asks for the fields that a struct must have; null counts as absent.
    fn ask_required(self, name: &'static str, fields: &'static [&'static str]) {
        for field in (self.cx.required)(name, fields) {
            if self.node.get(field).is_none() {
                let missing = Missing { node: self.node, of: name, field };
                self.cx.report.borrow_mut().missing.push(missing);
            }
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ident,)*) => { $(
        fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.integer(i128::from($type::MIN), i128::from($type::MAX));
            self.watch(visitor.$visit($type::try_from(value).expect("the range was checked")))
        }
    )* };
}

impl<'t> Deserializer<'t> for De<'_, 't> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_key {
            return self.key(visitor);
        }
        if self.role == Role::Quantity {
            return self.text(visitor);
        }
        match self.node.kind() {
            Kind::Map if !self.is_refused() => self.deserialize_map(visitor),
            Kind::Seq if !self.is_refused() => self.items(visitor),
            _ => self.watch(match self.scalar() {
                Some(Scalar::Bool(value)) => visitor.visit_bool(value),
                Some(Scalar::Int(value)) => visitor.visit_i64(value),
                Some(Scalar::UInt(value)) => visitor.visit_u64(value),
                Some(Scalar::Float(value)) => visitor.visit_f64(value),
                Some(Scalar::Str(text)) => visitor.visit_borrowed_str(text),
                Some(Scalar::Null) | None => visitor.visit_unit(),
            }),
        }
    }

    fn deserialize_bool<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = match self.scalar() {
            Some(Scalar::Bool(value)) => value,
            Some(Scalar::Null) => false,
            _ => {
                self.mismatch("true or false");
                false
            }
        };
        self.watch(visitor.visit_bool(value))
    }

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    fn deserialize_f32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.watch(visitor.visit_f64(self.float()))
    }

    fn deserialize_f64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.watch(visitor.visit_f64(self.float()))
    }

    fn deserialize_char<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    /// What keeps no string asks for one to look into it: base64.
    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.cx.by_text.set(true);
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.is_null() {
            self.mismatch("null");
        }
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let role = match name {
            "Quantity" => Role::Quantity,
            "Time" | "MicroTime" => {
                self.cx.by_text.set(true);
                Role::Time
            }
            _ => Role::Any,
        };
        visitor.visit_newtype_struct(De { role, ..self })
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.items(visitor)
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.items(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.items(visitor)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = if self.is_null() {
            MapEntries::empty(self.cx)
        } else if self.node.is_map() {
            MapEntries::of(self.cx, self.node, None)
        } else {
            self.mismatch("a map");
            MapEntries::empty(self.cx)
        };
        self.watch(visitor.visit_map(entries))
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let entries = if self.node.is_map() && !self.is_refused() {
            self.ask_required(name, fields);
            MapEntries::of(self.cx, self.node, Some((name, fields)))
        } else {
            if self.is_null() {
                self.ask_required(name, fields);
            } else {
                self.mismatch("a map");
            }
            MapEntries::empty(self.cx)
        };
        visitor.visit_map(entries).map_err(|error| {
            // The struct itself refuses a value that it read as a string: its kind, say.
            let node = if error.is_missing_field() { self.node } else { self.cx.last.get() };
            De { node, ..self }.failed(error)
        })
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.watch(visitor.visit_enum(EnumEntry::of(self)))
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(Field { key, of, known }) = self.field {
            let unknown = Unknown { key, value: self.node, of, known };
            self.cx.report.borrow_mut().unknown.push(unknown);
        }
        visitor.visit_unit()
    }
}
