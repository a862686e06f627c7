//! How much patches, replacements and variables may write: what copies its own copies doubles with every
//! line.

use kubeready_manifest::yaml::{Data, Value};

/// Parts that one of them may write: nodes, and stretches of [`STRETCH`] bytes of text.
const MOST: usize = 500_000;

/// Bytes of text that weigh as much as a node.
const STRETCH: usize = 64;

/// Collections within collections, as in what is read.
const DEEPEST: usize = 128;

/// What is left to write.
#[derive(Debug)]
pub struct Room {
    left: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: MOST }
    }
}

impl Room {
    /// Takes room for a value that is written below so many keys.
    ///
    /// # Errors
    /// Why there is none, in one line.
    pub fn value(&mut self, value: &Value<'_>, keys: usize) -> Result<(), String> {
        let (weight, height) = measure(value);
        if keys + height > DEEPEST {
            return Err(format!("it would stand more than {DEEPEST} maps and lists deep"));
        }
        self.take(weight)
    }

    /// Takes room for text.
    ///
    /// # Errors
    /// Why there is none, in one line.
    pub fn text(&mut self, bytes: usize) -> Result<(), String> {
        self.take(1 + bytes / STRETCH)
    }

    fn take(&mut self, weight: usize) -> Result<(), String> {
        match self.left.checked_sub(weight) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(format!("this writes more than {MOST} parts")),
        }
    }

    /// Parts written so far.
    pub fn taken(&self) -> usize {
        MOST - self.left
    }
}

/// Parts of a value, and its collections within collections.
fn measure(value: &Value<'_>) -> (usize, usize) {
    let text = |text: &str| 1 + text.len() / STRETCH;
    let below = |all: &mut (usize, usize), value| {
        let (weight, height) = measure(value);
        *all = (all.0 + weight, all.1.max(height + 1));
    };
    let mut all = (1, 1);
    match &value.data {
        Data::Scalar { text: written, .. } => return (text(written), 0),
        Data::Map(entries) => {
            for entry in entries {
                all.0 += text(&entry.key);
                below(&mut all, &entry.value);
            }
        }
        Data::Seq(items) => items.iter().for_each(|item| below(&mut all, item)),
    }
    all
}
