//! What decoding looks at of a document: its fields and the types of its values, not their texts.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::node::NodeRef;
use super::scalar::{self, Scalar};
use super::tree::{Kind, Style};

/// A number that documents share whose keys, and the types of whose values, are the same in the same
/// order. `apiVersion` and `kind` count with their texts. `None` where more would have to be known:
/// aliases, merged and repeated keys, tags, and numbers whose value decides whether they fit, which are
/// fractions and those of more than 32 bits.
pub fn shape(root: NodeRef<'_>) -> Option<u64> {
    let tree = root.tree();
    let nodes = tree.nodes.below(root.index());
    let mut hash = FxHasher::default();
    let mut open: Vec<Open> = Vec::with_capacity(16);
    // The innermost open collection.
    let mut inner = Open { end: root.behind(), is_map: false, key_next: true };
    // Whether the next value is that of `apiVersion` or `kind`.
    let mut is_type = false;
    for (ix, node) in (root.index()..).zip(nodes) {
        while inner.end <= ix {
            inner = open.pop()?;
        }
        if node.is_tagged() {
            return None;
        }
        let is_key = inner.takes_key();
        match node.kind() {
            Kind::Alias => return None,
            Kind::Map | Kind::Seq => {
                let (is_map, end) = (node.is_map(), node.behind(ix));
                if is_map && !node.is_usual_map() {
                    return None;
                }
                let size = end - ix;
                hash.write_u64(u64::from(size) << 8 | u64::from(is_map) << 4 | MARK);
                open.push(std::mem::replace(&mut inner, Open { end, is_map, key_next: true }));
                is_type = false;
            }
            Kind::Scalar if is_key || is_type => {
                let text = tree.bytes_of(*node)?;
                write(text, node.style(), &mut hash);
                is_type = is_key && matches!(text, b"apiVersion" | b"kind");
            }
            Kind::Scalar if !node.is_plain() => hash.write_u8(STRING),
            Kind::Scalar => hash.write_u8(type_of(scalar::plain(tree.text_of(*node)))?),
        }
    }
    Some(hash.finish())
}

/// A text and how it is written. Most keys are short: two numbers that may overlap hold up to 16 bytes.
fn write(text: &[u8], style: Style, hash: &mut FxHasher) {
    let length_and_style = (text.len() as u64) << 8 | style as u64;
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) if text.len() <= 16 => {
            hash.write_u64(u64::from_le_bytes(*first));
            hash.write_u64(u64::from_le_bytes(*last));
        }
        (Some(_), _) => hash.write(text),
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                let first = u64::from(u32::from_le_bytes(*first));
                hash.write_u64(first << 32 | u64::from(u32::from_le_bytes(*last)));
            }
            _ => hash.write_u64(text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))),
        },
    }
    hash.write_u64(length_and_style);
}

/// Stands for any text.
const STRING: u8 = 2;

/// Tells collections from values.
const MARK: u64 = 8;

/// A collection whose end was not met yet.
struct Open {
    end: u32,
    is_map: bool,
    key_next: bool,
}

impl Open {
    /// Whether the child that comes now is a key. Keys are scalars: the builder saw to it.
    fn takes_key(&mut self) -> bool {
        let is_key = self.is_map && self.key_next;
        self.key_next = !self.key_next;
        is_key
    }
}

/// A number for the type of a value: no two types share one, and no collection has it.
fn type_of(scalar: Scalar<'_>) -> Option<u8> {
    Some(match scalar {
        Scalar::Null => 0,
        Scalar::Bool(_) => 1,
        Scalar::Str(_) => STRING,
        Scalar::Int(value) if i32::try_from(value).is_ok() => 3 + u8::from(value < 0),
        Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;
    use crate::yaml::Tree;

    fn of(text: &str) -> Option<u64> {
        let tree = Tree::parse(text, SourceId(0));
        assert_eq!(tree.errors(), []);
        let (_, root) = tree.documents().next().expect("a document");
        shape(root)
    }

    #[test]
    fn texts_of_values_do_not_matter_and_types_do() {
        let base = of("kind: A\nspec: {name: x, count: 3, on: yes, list: [a, b]}\n");
        assert_eq!(
            base,
            of("kind: A\nspec:\n  name: \"y\"\n  count: 70\n  on: no\n  list:\n  - c\n  - d\n")
        );
        for other in [
            "kind: B\nspec: {name: x, count: 3, on: yes, list: [a, b]}\n",
            "kind: A\nspec: {name: 1, count: 3, on: yes, list: [a, b]}\n",
            "kind: A\nspec: {name: x, count: \"3\", on: yes, list: [a, b]}\n",
            "kind: A\nspec: {name: x, count: -3, on: yes, list: [a, b]}\n",
            "kind: A\nspec: {name: x, count: 3, \"on\": yes, list: [a, b]}\n",
            "kind: A\nspec: {name: x, count: 3, on: yes, list: [a, b, c]}\n",
            "kind: A\nspec: {name: x, count: 3, on: yes, list: [[a], b]}\n",
            "kind: A\nspec: {name: x, count: 3, on: yes, list: {a: b}}\n",
            "kind: A\nspec: {name: x, count: 3, on: yes}\nlist: [a, b]\n",
            "kind: A\nspec: {name: x, count: 3, on: , list: [a, b]}\n",
        ] {
            assert_ne!(base, of(other), "{other}");
        }
    }

    #[test]
    fn numbers_whose_value_decides_have_no_shape() {
        for value in ["0.0", "1.5", "4.94e-324", ".inf", "3000000000", "-3000000000", "1e3"] {
            assert_eq!(of(&format!("count: {value}\n")), None, "{value}");
        }
        assert_eq!(of("count: 18446744073709551615\n"), None);
        assert_ne!(of("count: 2147483647\n"), None);
    }

    #[test]
    fn what_is_read_elsewhere_has_no_shape() {
        for text in
            ["a: &x 1\nb: *x\n", "a: &x {b: 1}\nc: {<<: *x}\n", "a: 1\na: 2\n", "a: !!str 1\n"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
