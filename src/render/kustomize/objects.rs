//! The objects that a kustomization has gathered, told apart by their ids.

use rustc_hash::FxHashSet;

use super::resource::{Id, Resource};

/// Objects in order. No two have the same id at the time they are added.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects<'w> {
    list: Vec<Resource<'w>>,
    /// Current ids with the namespaces that count; `None` after something may have changed.
    ids: Option<FxHashSet<Id>>,
}

impl<'w> Objects<'w> {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn list(&self) -> &[Resource<'w>] {
        &self.list
    }

    pub(super) fn into_list(self) -> Vec<Resource<'w>> {
        self.list
    }

    /// The objects, to be changed.
    pub(super) fn list_mut(&mut self) -> &mut Vec<Resource<'w>> {
        self.ids = None;
        &mut self.list
    }

    /// The objects, to be changed in ways that leave ids as they are.
    pub(super) fn contents_mut(&mut self) -> &mut [Resource<'w>] {
        &mut self.list
    }

    /// Adds an object.
    ///
    /// # Errors
    /// The object's id, if one of that id is there.
    pub(super) fn add(&mut self, resource: Resource<'w>) -> Result<(), Id> {
        let list = &self.list;
        let ids = self.ids.get_or_insert_with(|| list.iter().map(|r| counted(r.id())).collect());
        let id = counted(resource.id());
        if ids.contains(&id) {
            return Err(resource.id());
        }
        ids.insert(id);
        self.list.push(resource);
        Ok(())
    }

    /// Positions of objects one of whose ids, former ones included, is wanted. `name` is the name
    /// that a wanted id has.
    pub(super) fn with_any_id(&self, name: &str, wanted: impl Fn(&Id) -> bool) -> Vec<usize> {
        let matches = |resource: &Resource<'_>| {
            let current = resource.value.at(&["metadata", "name"]).map_or("", |n| n.text()) == name;
            (current && wanted(&resource.id()))
                || resource.previous.iter().any(|id| id.name == name && wanted(id))
        };
        let found = self.list.iter().enumerate().filter(|(_, resource)| matches(resource));
        found.map(|(at, _)| at).collect()
    }

    /// The first object whose current id another one has too.
    pub(super) fn doubled(&self) -> Option<&Resource<'w>> {
        let mut seen = FxHashSet::default();
        self.list.iter().find(|resource| !seen.insert(counted(resource.id())))
    }
}

/// An id with the namespace that counts.
pub(super) fn counted(id: Id) -> Id {
    Id { namespace: id.effective_namespace().to_owned(), ..id }
}
