//! Documents to what ships: kustomizations rendered natively, Argo CD and Flux followed, and for
//! each object the lines that a person would edit.

#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod build;
pub mod delivery;
mod fault;
pub mod helm;
mod install;
pub mod kustomize;
mod print;
mod roots;
mod ship;
mod unit;

pub use fault::{Fault, FaultKind};
pub use print::{Origins, print};
pub use ship::{Delivered, Shipped, ship};
pub use unit::{Rounds, Unit};
