//! Kustomize, natively: what `kustomize build` prints, and where each part of it comes from.

pub mod fields;
pub mod images;
pub mod json_patch;
mod labels;
pub mod merge;
pub mod replacements;
mod resource;
pub mod select;
pub mod tables;

pub use resource::{Behavior, Id, Resource};
