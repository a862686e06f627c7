//! Lists, maps and enums as `serde` walks them.

use kubeready_manifest::yaml::{self, NodeRef};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::error::Error;
use super::{Context, De, Field, Role};

/// The items of a list.
pub(crate) struct Items<'c, 't> {
    cx: &'c Context<'t>,
    rest: Option<yaml::Items<'t>>,
}

impl<'c, 't> Items<'c, 't> {
    pub(super) fn of(de: De<'c, 't>, is_null: bool) -> Self {
        Self { cx: de.cx, rest: (!is_null).then(|| de.node().items()) }
    }

    fn next(&mut self) -> Option<De<'c, 't>> {
        self.rest.as_mut()?.next().map(|item| De::new(self.cx, item))
    }
}

impl<'t> SeqAccess<'t> for Items<'_, 't> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'t>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.next() {
            Some(item) => seed.deserialize(item).map(Some),
            None => Ok(None),
        }
    }
}

type Shape = (&'static str, &'static [&'static str]);

/// A map that is being read.
pub(super) struct OpenMap<'t> {
    entries: Option<yaml::Entries<'t>>,
    /// The struct that the map is read as, if any.
    shape: Option<Shape>,
    /// Whether `apiVersion` and `kind` are passed over.
    untyped: bool,
    pending: Option<(NodeRef<'t>, NodeRef<'t>)>,
    /// The value that was asked for last: what a struct means when it fails as a whole.
    pub(super) last: Option<NodeRef<'t>>,
}

impl<'c, 't> De<'c, 't> {
    /// Makes this map the innermost one that is read. Anything but a map has no entries.
    pub(super) fn open(self, is_null: bool, shape: Option<Shape>) {
        let node = self.node();
        // Kubernetes ignores what a claim template calls itself; its type here would refuse it.
        let untyped =
            node != self.cx.root && shape.is_some_and(|(name, _)| name == "PersistentVolumeClaim");
        let entries = (!is_null).then(|| node.effective_entries());
        let map = OpenMap { entries, shape, untyped, pending: None, last: None };
        self.cx.open.borrow_mut().push(map);
    }
}

/// The entries of the innermost map that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Entries<'c, 't> {
    cx: &'c Context<'t>,
}

impl<'c, 't> Entries<'c, 't> {
    pub(super) fn of(de: De<'c, 't>) -> Self {
        Self { cx: de.cx }
    }

    fn key(self) -> Option<De<'c, 't>> {
        let mut open = self.cx.open.borrow_mut();
        let map = open.last_mut()?;
        let untyped = map.untyped;
        let entry = map
            .entries
            .as_mut()?
            .find(|(key, _)| !(untyped && matches!(key.text(), "apiVersion" | "kind")))?;
        map.pending = Some(entry);
        Some(De { role: Role::Key, ..De::new(self.cx, entry.0) })
    }

    fn value(self) -> De<'c, 't> {
        let mut open = self.cx.open.borrow_mut();
        let map = open.last_mut();
        let shape = map.as_ref().and_then(|map| map.shape);
        let (key, value) = map
            .and_then(|map| {
                let (key, value) = map.pending.take()?;
                map.last = Some(value);
                Some((key, value))
            })
            .expect("serde asks for the key first");
        self.cx.field.set(shape.map(|(of, known)| Field { key, of, known }));
        let role = if shape.is_some() { Role::Field } else { Role::Any };
        De { role, ..De::new(self.cx, value) }
    }
}

impl<'t> MapAccess<'t> for Entries<'_, 't> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'t>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        match self.key() {
            Some(key) => seed.deserialize(key).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.value())
    }
}

/// A variant: by name, or as a map of one entry from its name to its content.
pub(crate) struct EnumEntry<'c, 't> {
    name: De<'c, 't>,
    content: Option<De<'c, 't>>,
}

impl<'c, 't> EnumEntry<'c, 't> {
    pub(super) fn of(de: De<'c, 't>) -> Self {
        if de.node().len() == 1
            && let Some((key, value)) = de.node().entries().next()
        {
            let name = De { role: Role::Key, ..De::new(de.cx, key) };
            return Self { name, content: Some(De::new(de.cx, value)) };
        }
        Self { name: de, content: None }
    }

    fn content(self) -> Result<De<'c, 't>, Error> {
        self.content.ok_or_else(|| Error::invalid_type(Unexpected::UnitVariant, &"a map"))
    }
}

impl<'t> EnumAccess<'t> for EnumEntry<'_, 't> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        Ok((seed.deserialize(self.name)?, self))
    }
}

impl<'t> VariantAccess<'t> for EnumEntry<'_, 't> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'t>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'t>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content()?.deserialize_struct("variant", fields, visitor)
    }
}
