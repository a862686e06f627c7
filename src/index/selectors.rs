//! Which selectors match given labels, without asking each selector of the namespace.
//!
//! Objects whose selectors are the same are one group: ten thousand Services that select the same
//! ten thousand pods are one entry here instead of a hundred million pairs.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use kubeready_manifest::kube::{Labels, Object, Selector};
use kubeready_manifest::yaml::NodeRef;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::groups::Groups;
use super::{Label, Wanted, key};

/// Objects by their selectors.
#[derive(Debug, Default)]
pub(super) struct Selectors<'t> {
    distinct: Vec<Selector<'t>>,
    /// Sorted by their selector, then in order of files.
    objects: Vec<Object<'t>>,
    /// Where those of each selector end in `objects`.
    ends: Vec<u32>,
    /// Selectors by namespace and a label that pods must have to be selected: the rarest.
    by_label: Option<Groups<Label<'t>, (Label<'t>, u32)>>,
    /// Selectors that ask for no certain label, by namespace.
    others: FxHashMap<&'t str, Vec<u32>>,
}

impl<'t> Selectors<'t> {
    /// Of objects and their selectors.
    pub(super) fn of(selecting: impl Iterator<Item = (Object<'t>, Selector<'t>)>) -> Self {
        let mut found = Self::default();
        let mut namespaces: Vec<&'t str> = Vec::new();
        let mut known: HashTable<u32> = HashTable::new();
        let mut numbered: Vec<(u32, Object<'t>)> = Vec::new();
        for (object, selector) in selecting {
            let next = found.distinct.len() as u32;
            let namespace = object.namespace_key();
            let of = |number: u32| (namespaces[number as usize], &found.distinct[number as usize]);
            let same = |number: &u32| of(*number) == (namespace, &selector);
            let hash = FxBuildHasher.hash_one((namespace, &selector));
            let number = *known
                .entry(hash, same, |number| FxBuildHasher.hash_one(of(*number)))
                .or_insert(next)
                .get();
            if number == next {
                found.distinct.push(selector);
                namespaces.push(namespace);
                found.ends.push(0);
            }
            found.ends[number as usize] += 1;
            numbered.push((number, object));
        }
        let mut end = 0;
        for count in &mut found.ends {
            end += *count;
            *count = end;
        }
        numbered.sort_by_key(|(number, _)| *number);
        found.objects = numbered.into_iter().map(|(_, object)| object).collect();
        found.arrange(&namespaces);
        found
    }

    fn arrange(&mut self, namespaces: &[&'t str]) {
        let mut counts: FxHashMap<Label<'t>, u32> = FxHashMap::default();
        let pairs = |number: u32| {
            let namespace = namespaces[number as usize];
            let pairs = self.distinct[number as usize].equals().iter();
            pairs.map(move |&(label, value)| (namespace, label, value))
        };
        let numbers = 0..self.distinct.len() as u32;
        // Who asks for one label alone has no choice.
        for pair in numbers.clone().map(pairs).filter(|pairs| pairs.len() > 1).flatten() {
            *counts.entry(pair).or_default() += 1;
        }
        let mut by_label: Vec<(Label<'t>, u32)> = Vec::new();
        let mut others: FxHashMap<&'t str, Vec<u32>> = FxHashMap::default();
        for number in numbers {
            let namespace = namespaces[number as usize];
            if let Some(rarest) = pairs(number).min_by_key(|pair| counts.get(pair)) {
                by_label.push((rarest, number));
            } else if let Some((label, values)) = self.distinct[number as usize].one_of().next() {
                by_label.extend(values.iter().map(|value| ((namespace, label, *value), number)));
            } else {
                others.entry(namespace).or_default().push(number);
            }
        }
        self.by_label = Some(Groups::of(|| by_label.iter().copied(), |labelled| labelled.0));
        self.others = others;
    }

    fn objects_of(&self, number: u32) -> &[Object<'t>] {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.objects[start as usize..self.ends[at] as usize]
    }

    /// Objects of a namespace whose selectors match, in order of files.
    pub(super) fn matching(&self, labels: Labels<'_>, namespace: &str) -> Cow<'_, [Object<'t>]> {
        let pairs = labels.node().into_iter().flat_map(NodeRef::entries);
        let carried = |(k, v): (NodeRef<'_>, NodeRef<'_>)| {
            let by_label = self.by_label.as_ref()?;
            Some(by_label.get(&Wanted((namespace, k.text(), v.text()))))
        };
        let by_label = pairs.filter_map(carried).flatten().map(|(_, number)| number);
        let others = self.others.get(namespace).into_iter().flatten();
        let mut found =
            by_label.chain(others).copied().filter(|&number| self.matches(number, labels));
        let Some(first) = found.next() else { return Cow::Borrowed(&[]) };
        let Some(second) = found.find(|&number| number != first) else {
            return Cow::Borrowed(self.objects_of(first));
        };
        let mut numbers: Vec<u32> = [first, second].into_iter().chain(found).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let objects = numbers.iter().flat_map(|&number| self.objects_of(number));
        let mut objects: Vec<_> = objects.copied().collect();
        objects.sort_unstable_by_key(|object| key(*object));
        Cow::Owned(objects)
    }

    fn matches(&self, number: u32, labels: Labels<'_>) -> bool {
        self.distinct[number as usize].matches(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubeready_manifest::source::SourceId;
    use kubeready_manifest::yaml::Tree;

    #[test]
    fn a_thousand_selectors_of_one_kind_are_one_group() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: one}\n";
        let mut text = format!("{service}spec: {{selector: {{app: web}}}}\n---\n").repeat(1000);
        text.push_str(service);
        text.push_str("spec: {selector: {app: web, tier: front}}\n---\n");
        text += "app: web\n---\n{app: web, tier: front}\n---\ntier: front\n";
        let tree = Tree::parse(text, SourceId(0));
        let roots = || tree.documents().map(|(_, root)| root);
        let services = roots().filter_map(Object::read);
        let selectors = Selectors::of(
            services.filter_map(|s| Some((s, Selector::map(s.path("spec.selector")?)))),
        );
        assert_eq!(selectors.distinct.len(), 2);
        let pods: Vec<_> = roots().skip(1001).map(|root| Labels::of(Some(root))).collect();
        let selecting = |at: usize, namespace| selectors.matching(pods[at], namespace);
        assert!(matches!(selecting(0, "one"), Cow::Borrowed(all) if all.len() == 1000));
        assert_eq!(selecting(1, "one").len(), 1001);
        assert!(selecting(2, "one").is_empty() && selecting(0, "two").is_empty());
    }
}
