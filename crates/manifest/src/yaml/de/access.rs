//! Lists, maps and enums as `serde` walks them.

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::error::Error;
use super::{Context, De, Field};
use crate::yaml::node::{self, Entries, NodeRef};

pub(super) struct Items<'c, 't> {
    cx: &'c Context<'t>,
    rest: Option<node::Items<'t>>,
    len: usize,
}

impl<'c, 't> Items<'c, 't> {
    pub(super) fn of(de: De<'c, 't>) -> Self {
        Self { cx: de.cx, rest: Some(de.node.items()), len: de.node.len() }
    }

    pub(super) fn empty(de: De<'c, 't>) -> Self {
        Self { cx: de.cx, rest: None, len: 0 }
    }
}

impl<'t> SeqAccess<'t> for Items<'_, 't> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'t>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(item) = self.rest.as_mut().and_then(Iterator::next) else { return Ok(None) };
        seed.deserialize(De::new(self.cx, item)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len)
    }
}

type Shape = (&'static str, &'static [&'static str]);

pub(super) struct MapEntries<'c, 't> {
    cx: &'c Context<'t>,
    entries: Option<Entries<'t>>,
    /// The struct that the map is read as, if any.
    shape: Option<Shape>,
    /// Whether `apiVersion` and `kind` are passed over.
    untyped: bool,
    pending: Option<(NodeRef<'t>, NodeRef<'t>)>,
}

impl<'c, 't> MapEntries<'c, 't> {
    pub(super) fn of(cx: &'c Context<'t>, node: NodeRef<'t>, shape: Option<Shape>) -> Self {
        // Kubernetes ignores what a claim template calls itself; its type here would refuse it.
        let untyped =
            node != cx.root && shape.is_some_and(|(name, _)| name == "PersistentVolumeClaim");
        let entries = Some(node.effective_entries());
        Self { cx, entries, shape, untyped, pending: None }
    }

    pub(super) fn empty(cx: &'c Context<'t>) -> Self {
        Self { cx, entries: None, shape: None, untyped: false, pending: None }
    }
}

impl<'t> MapAccess<'t> for MapEntries<'_, 't> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'t>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(entries) = self.entries.as_mut() else { return Ok(None) };
        let untyped = self.untyped;
        let Some((key, value)) =
            entries.find(|(key, _)| !(untyped && matches!(key.text(), "apiVersion" | "kind")))
        else {
            return Ok(None);
        };
        self.pending = Some((key, value));
        seed.deserialize(De { is_key: true, ..De::new(self.cx, key) }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (key, value) = self.pending.take().expect("serde asks for the key first");
        let field = self.shape.map(|(of, known)| Field { key, of, known });
        let decoded = seed.deserialize(De { field, ..De::new(self.cx, value) })?;
        self.cx.last.set(value);
        Ok(decoded)
    }
}

/// A variant: by name, or as a map of one entry from its name to its content.
pub(super) struct EnumEntry<'c, 't> {
    name: De<'c, 't>,
    content: Option<De<'c, 't>>,
}

impl<'c, 't> EnumEntry<'c, 't> {
    pub(super) fn of(de: De<'c, 't>) -> Self {
        if de.node.len() == 1
            && let Some((key, value)) = de.node.entries().next()
        {
            let name = De { is_key: true, ..De::new(de.cx, key) };
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
