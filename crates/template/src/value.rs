//! Values that templates work with.

use std::fmt::Debug;
use std::rc::Rc;

use kubeready_manifest::source::Span;

use crate::error::Result;
use crate::map::Map;
use crate::path::Path;
use crate::text::{Origin, Text};

/// Where a value stands, or would stand, in the values of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueOrigin {
    /// From the values of the chart that is rendered, also for values of its subcharts.
    pub path: Path,
    /// The value; for one that is not written the key of the map that it would be added to.
    pub span: Span,
    /// Where the text of a scalar starts, if the bytes there are that text, one for one.
    pub content: Option<u32>,
    /// `false` for what a template asked for and no values file has.
    pub written: bool,
}

thread_local! {
    static NO_LIST: Rc<Vec<Val>> = Rc::default();
}

/// Whether a list is one of [`Val::no_list`].
pub(crate) fn is_no_list(list: &Rc<Vec<Val>>) -> bool {
    list.is_empty() && NO_LIST.with(|none| Rc::ptr_eq(none, list))
}

/// A value of a template, and where it came from.
#[derive(Clone, Debug, Default)]
pub struct Val {
    pub data: Data,
    /// Its place in the values, if it is one of them or was made of one.
    pub origin: Option<Rc<ValueOrigin>>,
    /// Made up in place of what only a cluster, a clock or chance can tell.
    pub made_up: bool,
}

/// What a value is, in Go's terms.
#[derive(Clone, Debug, Default)]
pub enum Data {
    #[default]
    Nil,
    Bool(bool),
    /// `int`: literals, `int`, `len`, `add1` …
    Int(i64),
    /// `int64`: sprig's arithmetic and `--set`.
    Int64(i64),
    /// `float64`: every number of a YAML or JSON text.
    Float(f64),
    Text(Text),
    /// `[]interface{}` and lists of other types alike.
    List(Rc<Vec<Val>>),
    Map(Map),
    /// What has fields and methods: `.Files`, `.Capabilities`, versions, certificates.
    Object(Rc<dyn Object>),
}

/// A value with fields and methods of its own.
pub trait Object: Debug {
    /// What `typeOf` says.
    fn type_name(&self) -> &'static str;

    /// A field, or a method without arguments.
    fn field(&self, name: &str) -> Option<Val>;

    /// A method.
    ///
    /// # Errors
    /// Where Go's would fail. `None` if there is no such method.
    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>>;

    /// What it is printed as.
    fn print(&self) -> String;

    /// What an action prints it as that hands it to no function: there Go asks a pointer to it.
    fn shown(&self) -> String {
        self.print()
    }

    /// What `range` walks and `toYaml` prints: a map or list in its place.
    fn plain(&self) -> Option<Val> {
        None
    }
}

impl Val {
    pub fn new(data: Data) -> Self {
        Self { data, origin: None, made_up: false }
    }

    pub fn nil() -> Self {
        Self::default()
    }

    pub fn bool(value: bool) -> Self {
        Self::new(Data::Bool(value))
    }

    pub fn int(value: i64) -> Self {
        Self::new(Data::Int(value))
    }

    pub fn int64(value: i64) -> Self {
        Self::new(Data::Int64(value))
    }

    pub fn float(value: f64) -> Self {
        Self::new(Data::Float(value))
    }

    pub fn text(text: impl Into<Text>) -> Self {
        Self::new(Data::Text(text.into()))
    }

    pub fn list(items: Vec<Val>) -> Self {
        Self::new(Data::List(Rc::new(items)))
    }

    /// Go's slice that is nil: an empty list, but `null` in YAML and JSON.
    pub fn no_list() -> Self {
        Self::new(Data::List(NO_LIST.with(Rc::clone)))
    }

    pub fn map(map: Map) -> Self {
        Self::new(Data::Map(map))
    }

    pub fn object(object: impl Object + 'static) -> Self {
        Self::new(Data::Object(Rc::new(object)))
    }

    /// The same value, said to stem from another unless its own place is known.
    #[must_use]
    pub fn from(mut self, other: &Val) -> Self {
        if self.origin.is_none() {
            self.origin.clone_from(&other.origin);
        }
        self.made_up |= other.made_up;
        self
    }

    /// The same value, made up.
    #[must_use]
    pub fn made_up(mut self) -> Self {
        self.made_up = true;
        self
    }

    pub fn is_nil(&self) -> bool {
        matches!(self.data, Data::Nil)
    }

    /// What `if` asks: Go's idea of truth.
    pub fn is_true(&self) -> bool {
        match &self.data {
            Data::Nil => false,
            Data::Bool(value) => *value,
            Data::Int(value) | Data::Int64(value) => *value != 0,
            Data::Float(value) => *value != 0.0,
            Data::Text(text) => !text.is_empty(),
            Data::List(list) => !list.is_empty(),
            Data::Map(map) => !map.is_empty(),
            Data::Object(object) => object.plain().is_none_or(|plain| plain.is_true()),
        }
    }

    pub fn as_text(&self) -> Option<&Text> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    pub fn as_map(&self) -> Option<&Map> {
        if let Data::Map(map) = &self.data { Some(map) } else { None }
    }

    pub fn as_list(&self) -> Option<&[Val]> {
        if let Data::List(list) = &self.data { Some(list) } else { None }
    }

    /// Go's kind, as `kindOf` says it.
    pub fn kind_name(&self) -> &'static str {
        match &self.data {
            Data::Nil => "invalid",
            Data::Bool(_) => "bool",
            Data::Int(_) => "int",
            Data::Int64(_) => "int64",
            Data::Float(_) => "float64",
            Data::Text(_) => "string",
            Data::List(_) => "slice",
            Data::Map(_) => "map",
            Data::Object(_) => "struct",
        }
    }

    /// Go's type, as `typeOf` says it.
    pub fn type_name(&self) -> &'static str {
        match &self.data {
            Data::Nil => "<nil>",
            Data::List(_) => "[]interface {}",
            Data::Map(map) => map.type_name(),
            Data::Object(object) => object.type_name(),
            _ => self.kind_name(),
        }
    }

    /// The origin that its printed text gets, where the text has none of its own.
    pub fn printed_origin(&self) -> Origin {
        Origin { value: self.origin.clone(), made_up: self.made_up, ..Origin::default() }
    }
}
