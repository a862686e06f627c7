//! Which lists merge by which keys: kustomize's own schema, or one that `openapi.path` names.

use kubeready_manifest::yaml::Value;
use rustc_hash::FxHashMap;

use crate::render::kustomize::fields::Failure;
use crate::render::kustomize::tables::shapes::{self, Field, Shape};

/// The schemas of a kustomization.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schemas<'s> {
    /// Read from `openapi.path`: it takes the place of the built-in one.
    pub custom: Option<&'s CustomSchema>,
}

impl<'s> Schemas<'s> {
    /// The schema of a kind, if it is known.
    pub(super) fn of_kind(self, api_version: &str, kind: &str) -> Option<At<'s>> {
        if let Some(custom) = self.custom {
            let name = custom.kinds.get(&(api_version.to_owned(), kind.to_owned()));
            if let Some(of) = name.and_then(|name| custom.types.get(name)) {
                return Some(At(Place::Custom(custom, of)));
            }
            if !custom.beside_built_in {
                return None;
            }
        }
        shapes::of_kind(api_version, kind).map(|shape| At(Place::Shape(shape)))
    }
}

/// An OpenAPI document, as far as merging needs it.
#[derive(Clone, Debug, Default)]
pub struct CustomSchema {
    /// By the name of the definition.
    types: FxHashMap<String, Type>,
    /// Definitions by `apiVersion` and `kind`.
    kinds: FxHashMap<(String, String), String>,
    /// Whether what it does not define is looked for in the built-in schema.
    beside_built_in: bool,
}

#[derive(Clone, Debug, Default)]
struct Type {
    /// The definition that it is, by name.
    reference: Option<String>,
    properties: FxHashMap<String, Type>,
    items: Option<Box<Type>>,
    /// Keys of a list whose patch strategy is `merge`.
    merge_keys: Option<Vec<String>>,
}

/// Deeper than any real schema.
const MAX_DEPTH: usize = 64;

impl CustomSchema {
    /// Reads `definitions` of an OpenAPI document: `properties`, `items`, `$ref`,
    /// `x-kubernetes-patch-strategy`, `-patch-merge-key`, `-list-map-keys`, `-group-version-kind`.
    ///
    /// # Errors
    /// A document that is no map, or whose `definitions` are none.
    pub fn read(document: &Value<'_>) -> Result<Self, Failure> {
        let wrong = |value: &Value<'_>, what: &str| {
            (value.origin.span, format!("{what} of an OpenAPI schema is a map"))
        };
        if !document.is_map() {
            return Err(wrong(document, "the document"));
        }
        let mut schema = Self::default();
        let Some(definitions) = document.get("definitions").filter(|d| !d.is_null()) else {
            return Ok(schema);
        };
        if !definitions.is_map() {
            return Err(wrong(definitions, "`definitions`"));
        }
        for entry in definitions.entries() {
            let gvks = entry.value.get("x-kubernetes-group-version-kind");
            for gvk in gvks.map_or(&[][..], Value::items) {
                let text = |key: &str| gvk.get(key).map_or("", Value::text);
                let api_version = match text("group") {
                    "" => text("version").to_owned(),
                    group => format!("{group}/{}", text("version")),
                };
                schema.kinds.insert((api_version, text("kind").to_owned()), entry.key.to_string());
            }
            schema.types.insert(entry.key.to_string(), read_type(&entry.value, 0));
        }
        Ok(schema)
    }

    /// What it does not define is looked for in the built-in schema: so it is in kustomize where the
    /// schema is named after objects were read (by a component), because it forgets nothing then.
    #[must_use]
    pub fn beside_built_in(self) -> Self {
        Self { beside_built_in: true, ..self }
    }

    /// Where a type of this document leads.
    fn place<'s>(&'s self, of: &'s Type) -> Place<'s> {
        if self.beside_built_in {
            let name = self.resolve(of).reference.as_deref();
            if let Some(shape) = name.and_then(shapes::of_definition) {
                return Place::Shape(shape);
            }
        }
        Place::Custom(self, of)
    }

    fn resolve<'s>(&'s self, mut of: &'s Type) -> &'s Type {
        for _ in 0..MAX_DEPTH {
            match of.reference.as_ref().and_then(|name| self.types.get(name)) {
                Some(next) => of = next,
                None => break,
            }
        }
        of
    }
}

fn read_type(value: &Value<'_>, depth: usize) -> Type {
    let mut read = Type::default();
    if depth > MAX_DEPTH {
        return read;
    }
    read.reference = value
        .get("$ref")
        .and_then(|reference| reference.text().rsplit('/').next())
        .map(str::to_owned);
    for entry in value.get("properties").map_or(&[][..], Value::entries) {
        read.properties.insert(entry.key.to_string(), read_type(&entry.value, depth + 1));
    }
    read.items = value.get("items").map(|items| Box::new(read_type(items, depth + 1)));
    let strategy = value.get("x-kubernetes-patch-strategy").map_or("", Value::text);
    if strategy.split(',').any(|word| word == "merge") {
        let many = value.get("x-kubernetes-list-map-keys").filter(|keys| keys.is_seq());
        let one = value.get("x-kubernetes-patch-merge-key");
        read.merge_keys = Some(match (many, one) {
            (Some(keys), _) => keys.items().iter().map(|key| key.text().to_owned()).collect(),
            (None, Some(key)) => vec![key.text().to_owned()],
            (None, None) => Vec::new(),
        });
    }
    read
}

/// Where in a schema a node is.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'s>(Place<'s>);

#[derive(Clone, Copy, Debug)]
enum Place<'s> {
    Unknown,
    Shape(&'static Shape),
    List(&'static [&'static str], Option<&'static Shape>),
    Custom(&'s CustomSchema, &'s Type),
}

/// Keys that a list merges by; none for scalars that merge by value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keys<'s> {
    Static(&'static [&'static str]),
    Custom(&'s [String]),
}

impl<'s> Keys<'s> {
    pub(super) fn len(self) -> usize {
        match self {
            Keys::Static(keys) => keys.len(),
            Keys::Custom(keys) => keys.len(),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'s str> {
        let (fixed, custom): (&[&'static str], &[String]) = match self {
            Keys::Static(keys) => (keys, &[]),
            Keys::Custom(keys) => (&[], keys),
        };
        fixed.iter().copied().chain(custom.iter().map(String::as_str))
    }
}

impl<'s> At<'s> {
    pub(super) fn unknown() -> Self {
        At(Place::Unknown)
    }

    pub(super) fn is_known(self) -> bool {
        !matches!(self.0, Place::Unknown)
    }

    /// Below a key of a map.
    pub(super) fn field(self, key: &str) -> Self {
        At(match self.0 {
            Place::Shape(shape) => match shape.field(key) {
                Some(Field::Map(shape)) => Place::Shape(shape),
                Some(Field::List(keys, item)) => Place::List(keys, *item),
                None => Place::Unknown,
            },
            Place::Custom(schema, of) => match schema.resolve(of).properties.get(key) {
                Some(of) => schema.place(of),
                None => Place::Unknown,
            },
            Place::Unknown | Place::List(..) => Place::Unknown,
        })
    }

    /// An item of a list.
    pub(super) fn item(self) -> Self {
        At(match self.0 {
            Place::List(_, Some(shape)) => Place::Shape(shape),
            Place::Custom(schema, of) => match &schema.resolve(of).items {
                Some(of) => schema.place(of),
                None => Place::Unknown,
            },
            Place::Unknown | Place::List(_, None) | Place::Shape(_) => Place::Unknown,
        })
    }

    /// The keys that a list here merges by; `None` if it is replaced as a whole.
    pub(super) fn merge_keys(self) -> Option<Keys<'s>> {
        match self.0 {
            Place::List(keys, _) => Some(Keys::Static(keys)),
            Place::Custom(schema, of) => {
                let keys = of.merge_keys.as_ref().or(schema.resolve(of).merge_keys.as_ref());
                keys.map(|keys| Keys::Custom(keys))
            }
            Place::Unknown | Place::Shape(_) => None,
        }
    }
}
