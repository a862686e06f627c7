//! Values by a key that they hold themselves, in one array: a table of a hundred thousand small
//! groups without a key or a heap block for each.

use std::fmt;
use std::hash::{BuildHasher as _, Hash};

use hashbrown::{Equivalent, HashTable};
use rustc_hash::FxBuildHasher;

/// Groups of values; within a group they keep the order they were given in.
pub(super) struct Groups<K, V> {
    key: fn(&V) -> K,
    /// Numbers of groups by the hash of their key.
    numbers: HashTable<u32>,
    /// Where the group of each number starts in `values`; one more behind the last.
    starts: Vec<u32>,
    values: Vec<V>,
}

impl<K, V> fmt::Debug for Groups<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Groups({})", self.values.len())
    }
}

impl<K: Hash + Eq, V: Copy> Groups<K, V> {
    /// Reads the values twice, so that it holds no second copy of them.
    pub(super) fn of<I: Iterator<Item = V>>(values: impl Fn() -> I, key: fn(&V) -> K) -> Self {
        let mut numbers: HashTable<u32> = HashTable::new();
        let mut starts: Vec<u32> = Vec::new();
        // The first of each group, until the values take its place.
        let mut placed: Vec<V> = Vec::new();
        let mut number_of: Vec<u32> = Vec::new();
        for value in values() {
            let wanted = key(&value);
            let same = |number: &u32| key(&placed[*number as usize]) == wanted;
            let hash = |number: &u32| hash(&key(&placed[*number as usize]));
            let entry = numbers.entry(self::hash(&wanted), same, hash);
            let number = *entry.or_insert(starts.len() as u32).get() as usize;
            if number == starts.len() {
                starts.push(0);
                placed.push(value);
            }
            starts[number] += 1;
            number_of.push(number as u32);
        }
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        if let Some(&first) = placed.first() {
            placed.reserve_exact(total as usize - placed.len());
            placed.resize(total as usize, first);
            placed.shrink_to_fit();
        }
        // Each start moves to the group's end while it is filled, which is where the next starts.
        for (value, number) in values().zip(number_of) {
            let at = &mut starts[number as usize];
            placed[*at as usize] = value;
            *at += 1;
        }
        starts.reserve_exact(1);
        starts.insert(0, 0);
        starts.shrink_to_fit();
        Self { key, numbers, starts, values: placed }
    }

    /// All values, by group.
    pub(super) fn values(&self) -> &[V] {
        &self.values
    }

    /// The values of groups that have several.
    pub(super) fn several(&self) -> impl Iterator<Item = &V> + Clone {
        let groups = self.starts.windows(2).filter_map(|bounds| match *bounds {
            [start, end] if end - start > 1 => self.values.get(start as usize..end as usize),
            _ => None,
        });
        groups.flatten()
    }

    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, wanted: &Q) -> &[V] {
        let first = |number: &u32| &self.values[self.starts[*number as usize] as usize];
        let same = |number: &u32| wanted.equivalent(&(self.key)(first(number)));
        let Some(&number) = self.numbers.find(hash(wanted), same) else { return &[] };
        let number = number as usize;
        &self.values[self.starts[number] as usize..self.starts[number + 1] as usize]
    }
}

fn hash<Q: Hash + ?Sized>(key: &Q) -> u64 {
    FxBuildHasher.hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::Groups;

    #[test]
    fn values_stand_by_their_key_in_the_order_given() {
        let pairs = [("b", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)];
        let groups = Groups::of(|| pairs.into_iter(), |pair| pair.0);
        assert_eq!(groups.get("a"), [("a", 2), ("a", 5)]);
        assert_eq!(groups.get("b"), [("b", 1), ("b", 3)]);
        assert_eq!(groups.get("c"), [("c", 4)]);
        assert_eq!(groups.get("d"), []);
    }
}
