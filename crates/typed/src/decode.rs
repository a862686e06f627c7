//! Typed values from nodes: a `serde::Deserializer` over the tape.
//!
//! Reads as the API server does: null is the zero value, a number is no string, a quantity may be a
//! number. A wrong value is recorded and replaced by an empty one, so that one decode finds them all.
//!
//! Whatever is generic here is compiled for each of some five hundred structs, so it only calls what
//! is not: the types are most of the program, and what is read of it for one file is memory.

mod access;
mod error;
mod report;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use kubeready_manifest::yaml::{Kind, NodeRef, Scalar};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use self::access::{Entries, EnumEntry, Items, OpenMap};
pub(crate) use self::error::Error;
pub use self::report::{Mismatch, Missing, Report, Unknown};
use crate::required::required;

/// Values that only their own type can refuse (a date, base64) and that one decode steps over.
const SECOND_CHANCES: usize = 16;

/// Decodes a value and reports what does not fit its type. `None` when the value as a whole could
/// not be made; the report then holds at least one mismatch or missing field.
///
/// Neither depth nor size need a limit here: the tape's builder bounds what a document expands to.
pub fn decode<'t, T: Deserialize<'t>>(node: NodeRef<'t>) -> (Option<T>, Report<'t>) {
    let mut decoded = None;
    let report = attempt(node, &mut |de| {
        decoded = Some(T::deserialize(de)?);
        Ok(())
    });
    (decoded, report)
}

/// Decodes, by a function that drops the value, until that succeeds or every chance is used.
pub(crate) fn attempt<'t>(
    node: NodeRef<'t>,
    decode: &mut dyn FnMut(De<'_, 't>) -> Result<(), Error>,
) -> Report<'t> {
    let node = node.followed();
    let cx = Context {
        root: node,
        report: RefCell::default(),
        refused: RefCell::default(),
        failed: Cell::new(None),
        by_text: Cell::new(false),
        field: Cell::new(None),
        open: RefCell::default(),
    };
    let mut refusals = Vec::new();
    while let Err(error) = decode(De::new(&cx, node)) {
        let at = cx.failed.take().unwrap_or(node);
        let again = cx.refused.borrow().contains(&at.index());
        refusals.extend((!again).then(|| error.into_mismatch(at)).flatten());
        if again || cx.refused.borrow().len() == SECOND_CHANCES {
            break;
        }
        cx.refused.borrow_mut().push(at.index());
        *cx.report.borrow_mut() = Report::default();
    }
    let mut report = cx.report.into_inner();
    report.by_text = cx.by_text.get();
    report.mismatched.append(&mut refusals);
    report.tidy();
    report
}

/// What one decode shares.
struct Context<'t> {
    root: NodeRef<'t>,
    report: RefCell<Report<'t>>,
    /// Nodes that a type refused in an earlier attempt; they now read as null.
    refused: RefCell<Vec<u32>>,
    /// The node at which this attempt failed.
    failed: Cell<Option<NodeRef<'t>>>,
    /// Whether a type looked at the text of a string.
    by_text: Cell<bool>,
    /// The field whose value comes next, where a struct holds it.
    field: Cell<Option<Field<'t>>>,
    /// The maps that are being read, the innermost last.
    open: RefCell<Vec<OpenMap<'t>>>,
}

/// What a node is asked to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Any,
    /// The value of a struct's field.
    Field,
    /// A key of a map: always text, as in JSON.
    Key,
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

/// The one deserializer type: each further one would compile every Kubernetes type again. As small
/// as two words, which every call passes in registers.
#[derive(Clone, Copy)]
pub(crate) struct De<'c, 't> {
    cx: &'c Context<'t>,
    at: u32,
    role: Role,
}

impl<'c, 't> De<'c, 't> {
    fn new(cx: &'c Context<'t>, node: NodeRef<'t>) -> Self {
        Self { cx, at: node.index(), role: Role::Any }
    }

    fn node(self) -> NodeRef<'t> {
        self.cx.root.at_index(self.at)
    }

    fn is_null(self) -> bool {
        self.node().is_null() || self.is_refused()
    }

    fn is_refused(self) -> bool {
        let refused = self.cx.refused.borrow();
        !refused.is_empty() && refused.contains(&self.node().index())
    }

    fn scalar(self) -> Option<Scalar<'t>> {
        if self.is_refused() { Some(Scalar::Null) } else { self.node().scalar() }
    }

    #[cold]
    fn mismatch(self, expected: &str) {
        let found = match self.node().kind() {
            Kind::Map => "a map",
            Kind::Seq => "a list",
            Kind::Scalar | Kind::Alias => self.node().scalar().map_or("nothing", |s| s.type_name()),
        };
        self.record(expected, found.to_owned());
    }

    #[cold]
    fn record(self, expected: &str, found: String) {
        let expected = expected.to_owned();
        self.cx.report.borrow_mut().mismatched.push(Mismatch {
            node: self.node(),
            expected,
            found,
        });
    }

    /// Remembers where an attempt failed first: the innermost value.
    fn watch<T>(self, mut result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &mut result {
            self.refuse(error);
        }
        result
    }

    #[cold]
    fn refuse(self, error: &mut Error) {
        if self.cx.failed.get().is_none() {
            self.cx.failed.set(Some(self.node()));
            error.explain(self.role, self.node());
        }
    }

    /// What a value that should be text says; of no text, what stands for it.
    fn text(self) -> &'t str {
        match self.scalar() {
            Some(Scalar::Str(text)) => text,
            // Go's zero time.
            Some(Scalar::Null) if self.role == Role::Time => "0001-01-01T00:00:00Z",
            Some(Scalar::Null) => "",
            Some(Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_))
                if self.role == Role::Quantity =>
            {
                self.node().text()
            }
            _ => {
                self.mismatch(match self.role {
                    Role::Any | Role::Field | Role::Key => "a string",
                    Role::Quantity => "a quantity such as 500m or 1Gi",
                    Role::Time => "a time such as 2026-01-31T12:00:00Z",
                });
                ""
            }
        }
    }

    fn key(self) -> Cow<'t, str> {
        if !self.node().is_scalar() {
            self.mismatch("a plain key");
        }
        self.node().key_text()
    }

    /// The name of a field or variant; a key that is a number is none.
    fn identifier(self) -> &'t str {
        match self.role {
            Role::Key => match self.key() {
                Cow::Borrowed(name) => name,
                Cow::Owned(_) => "",
            },
            _ => self.text(),
        }
    }

    fn visit_text<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.role == Role::Key {
            return match self.key() {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            };
        }
        self.watch(visitor.visit_borrowed_str(self.text()))
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

    fn items(self) -> Items<'c, 't> {
        let is_null = self.is_null();
        if !is_null && !self.node().is_seq() {
            self.mismatch("a list");
        }
        // Anything but a list has none.
        Items::of(self, is_null)
    }

    fn open_map(self) {
        let is_null = self.is_null();
        if !is_null && !self.node().is_map() {
            self.mismatch("a map");
        }
        self.open(is_null, None);
    }

    fn open_struct(self, name: &'static str, fields: &'static [&'static str]) {
        let is_null = self.is_null();
        if is_null || self.node().is_map() {
            self.ask_required(name, fields);
        } else {
            self.mismatch("a map");
        }
        self.open(is_null, Some((name, fields)));
    }

    fn close_map(self, error: Option<&mut Error>) {
        self.cx.open.borrow_mut().pop();
        if let Some(error) = error {
            self.refuse(error);
        }
    }

    fn close_struct(self, error: Option<&mut Error>) {
        let last = self.cx.open.borrow_mut().pop().and_then(|map| map.last);
        if let Some(error) = error {
            // The struct itself refuses a value that it read as a string: its kind, say.
            let at = last.filter(|_| !error.is_missing_field()).map_or(self.at, NodeRef::index);
            De { at, ..self }.refuse(error);
        }
    }

    /// A field that its struct does not have.
    fn pass_over(self) {
        if self.role == Role::Field
            && let Some(Field { key, of, known }) = self.cx.field.get()
        {
            let unknown = Unknown { key, value: self.node(), of, known };
            self.cx.report.borrow_mut().unknown.push(unknown);
        }
    }

    /// Asks for the fields that a struct must have; null counts as absent.
    fn ask_required(self, name: &'static str, fields: &'static [&'static str]) {
        for field in required(name, fields) {
            if self.node().get(field).is_none() {
                let missing = Missing { node: self.node(), of: name, field };
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
        if matches!(self.role, Role::Key | Role::Quantity) {
            return self.visit_text(visitor);
        }
        match self.node().kind() {
            Kind::Map if !self.is_refused() => self.deserialize_map(visitor),
            Kind::Seq if !self.is_refused() => self.deserialize_seq(visitor),
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
        self.visit_text(visitor)
    }

    /// What keeps no string asks for one to look into it: base64.
    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.cx.by_text.set(true);
        self.visit_text(visitor)
    }

    fn deserialize_string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.identifier())
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_text(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_text(visitor)
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
        let mut result = visitor.visit_seq(self.items());
        if let Err(error) = &mut result {
            self.refuse(error);
        }
        result
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.open_map();
        let mut result = visitor.visit_map(Entries::of(self));
        self.close_map(result.as_mut().err());
        result
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.open_struct(name, fields);
        let mut result = visitor.visit_map(Entries::of(self));
        self.close_struct(result.as_mut().err());
        result
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
        self.pass_over();
        visitor.visit_unit()
    }
}
