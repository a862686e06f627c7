//! Names and values without what only says which place they belong to.

use std::hash::Hasher as _;

use kubeready_manifest::yaml::{Kind as Node, NodeRef};
use rustc_hash::FxHasher;

use super::Destination;
use super::place::{environment_word, words_of};

/// Deeper nodes do not take part: no manifest is that deep, and hostile ones are not followed.
const DEPTH: usize = 64;

/// The names of one place, in lower case, the longest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<String>);

impl Words {
    pub(crate) fn of(destination: &Destination) -> Self {
        let mut words: Vec<String> = Vec::new();
        let names = [&destination.cluster, &destination.variant, &destination.environment];
        for name in names.into_iter().flatten() {
            let name = name.to_ascii_lowercase();
            if let Some((word, stage)) = environment_word(&name) {
                words.extend(words_of(stage).iter().map(|word| (*word).to_owned()));
                // `eu-1` of `prod-eu-1`: what tells it from its siblings.
                let rest = name.replacen(word, "", 1);
                let rest = rest.trim_matches(['-', '_', '.']);
                if !rest.is_empty() {
                    words.push(rest.to_owned());
                }
            }
            words.push(name);
        }
        words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        Self(words)
    }

    /// A name without the place's at its ends: `web` for `prod-web`, `""` for `prod` itself.
    pub(crate) fn strip<'n>(&self, name: &'n str) -> &'n str {
        let mut name = name;
        for word in &self.0 {
            if name.eq_ignore_ascii_case(word) {
                return "";
            }
            let (len, all) = (word.len(), name.len());
            if all <= len + 1 {
                continue;
            }
            let same = |part: Option<&str>| part.is_some_and(|p| p.eq_ignore_ascii_case(word));
            let dash = |at: usize| matches!(name.as_bytes().get(at), Some(b'-' | b'_' | b'.'));
            if same(name.get(..len)) && dash(len) {
                name = name.get(len + 1..).unwrap_or(name);
            } else if same(name.get(all - len..)) && dash(all - len - 1) {
                name = name.get(..all - len - 1).unwrap_or(name);
            }
        }
        name
    }

    /// Bytes of the place's name or of a region that begin a text, a whole word.
    fn leading(&self, text: &[u8]) -> Option<usize> {
        let ends = |at: usize| text.get(at).is_none_or(|b| !b.is_ascii_alphanumeric());
        let named = self.0.iter().find(|word| {
            let part = text.get(..word.len());
            part.is_some_and(|p| p.eq_ignore_ascii_case(word.as_bytes())) && ends(word.len())
        });
        named.map(String::len).or_else(|| region(text))
    }

    fn feed(&self, text: &str, hasher: &mut FxHasher) {
        let text = text.as_bytes();
        let mut from = 0;
        let mut at = 0;
        while at < text.len() {
            let starts = at == 0 || text.get(at - 1).is_some_and(|b| !b.is_ascii_alphanumeric());
            let found = if starts { text.get(at..).and_then(|t| self.leading(t)) } else { None };
            if let Some(length) = found {
                hasher.write(text.get(from..at).unwrap_or_default());
                hasher.write_u8(1);
                at += length;
                from = at;
            } else {
                at += 1;
            }
        }
        hasher.write(text.get(from..).unwrap_or_default());
        hasher.write_u8(0xff);
    }

    /// What a node says, whatever the place is called; order of keys does not count. Keys for which
    /// `skip` holds are left out.
    pub(crate) fn digest(&self, node: NodeRef<'_>, skip: &dyn Fn(&str) -> bool) -> u64 {
        self.digest_to(node, skip, DEPTH)
    }

    fn digest_to(&self, node: NodeRef<'_>, skip: &dyn Fn(&str) -> bool, depth: usize) -> u64 {
        let mut hasher = FxHasher::default();
        if depth == 0 {
            return 0;
        }
        match node.kind() {
            Node::Map => {
                let mut sum: u64 = 3;
                for (key, value) in node.entries() {
                    let name = key.text();
                    if !value.is_null() && !skip(name) {
                        let mut entry = FxHasher::default();
                        self.feed(name, &mut entry);
                        entry.write_u64(self.digest_to(value, skip, depth - 1));
                        sum = sum.wrapping_add(entry.finish());
                    }
                }
                hasher.write_u64(sum);
            }
            Node::Seq => {
                hasher.write_u8(2);
                for item in node.items() {
                    hasher.write_u64(self.digest_to(item, skip, depth - 1));
                }
            }
            Node::Scalar | Node::Alias => self.feed(without_hash(node.text()), &mut hasher),
        }
        hasher.finish()
    }
}

/// Bytes of a cloud's region or zone that begin a text: `eu-west-1`, `us-east-1a`, `europe-west4`.
fn region(text: &[u8]) -> Option<usize> {
    const SIDES: &[&str] = &[
        "northeast",
        "northwest",
        "southeast",
        "southwest",
        "north",
        "south",
        "east",
        "west",
        "central",
    ];
    let letters =
        |from: usize| text.iter().skip(from).take_while(|b| b.is_ascii_lowercase()).count();
    let area = letters(0);
    if !(2..=12).contains(&area) || text.get(area) != Some(&b'-') {
        return None;
    }
    let side = letters(area + 1);
    let word = text.get(area + 1..area + 1 + side)?;
    if !SIDES.iter().any(|known| known.as_bytes() == word) {
        return None;
    }
    let mut at = area + 1 + side;
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    let digits = text.iter().skip(at).take_while(|b| b.is_ascii_digit()).count();
    at += digits;
    if digits == 0 {
        return None;
    }
    // The letter of a zone.
    match (text.get(at), text.get(at + 1)) {
        (Some(b'a'..=b'f'), next) if next.is_none_or(|b| !b.is_ascii_alphanumeric()) => {
            Some(at + 1)
        }
        (Some(b'-'), Some(b'a'..=b'f')) => Some(at + 2),
        (next, _) if next.is_none_or(|b| !b.is_ascii_alphanumeric()) => Some(at),
        _ => None,
    }
}

/// The letters that kustomize writes hashes of contents with.
const HASH: &[u8] = b"2456789bcdfghkmt";

/// A name without the hash that a generator of kustomize puts behind it.
pub(crate) fn without_hash(name: &str) -> &str {
    let Some((stem, hash)) = name.rsplit_once('-') else { return name };
    let is_hash = hash.len() == 10 && hash.bytes().all(|b| HASH.contains(&b));
    if is_hash && hash.bytes().any(|b| b.is_ascii_digit()) { stem } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(cluster: &str) -> Words {
        Words::of(&Destination { cluster: Some(cluster.to_owned()), ..Destination::default() })
    }

    #[test]
    fn names_lose_their_place() {
        let words = words("prod-eu-1");
        assert_eq!(words.strip("web-prod-eu-1"), "web");
        assert_eq!(words.strip("production-web"), "web");
        assert_eq!(words.strip("shop-eu-1"), "shop");
        assert_eq!(words.strip("prod"), "");
        assert_eq!(words.strip("product"), "product");
        assert_eq!(without_hash("app-config-4g2k7ht9mb"), "app-config");
        assert_eq!(without_hash("cert-controller"), "cert-controller");
    }

    #[test]
    fn regions_are_known() {
        for (text, length) in [
            ("eu-west-1", Some(9)),
            ("us-east-1a/x", Some(10)),
            ("europe-west4-b", Some(14)),
            ("eu-west-1x2", None),
            ("north-east", None),
        ] {
            assert_eq!(region(text.as_bytes()), length, "{text}");
        }
    }
}
