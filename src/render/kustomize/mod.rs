//! Kustomize, natively: what `kustomize build` prints, and where each part of it comes from.

mod resource;
mod tables;

pub use resource::{Behavior, Id, Resource};
