//! YAML as a spanned tape: parsed once, read many times.
//!
//! [`Tree::parse`] turns the bytes of one file into a pre-order tape of small nodes; [`NodeRef`] walks
//! it with Kubernetes' view of scalars, aliases and merge keys.

mod build;
mod compare;
mod fast;
mod node;
mod nodes;
mod place;
pub mod scalar;
mod shape;
mod tape;
mod tree;
mod value;

pub use node::{Entries, Items, NodeRef};
pub use place::Place;
pub use scalar::Scalar;
pub use shape::shape;
pub use tree::{Comment, Document, Kind, Style, SyntaxError, Tree};
pub use value::{Data, Entry, Origin, Value, Writer};
