//! Documents to what ships: sets of objects that see each other.
//!
//! So far manifests ship as they stand. Kustomize, Helm, Argo CD and Flux get rooms of their own
//! here; until then what they would render is marked in the set.

pub mod delivery;
mod fault;
pub mod kustomize;
mod plain;

pub use fault::{Fault, FaultKind};
pub use plain::plain;
