//! Kubernetes objects over nodes.
//!
//! Rules read *views* ([`Object`], [`Workload`], [`Container`]): cheap copies over nodes, so that
//! presence, spelling and place are exact and a type error in one field hides nothing in another.

mod container;
mod cron;
mod image;
mod kind;
mod labels;
pub mod lifecycle;
mod object;
mod quantity;
mod selector;
mod workload;

pub use container::{Container, Probe, ProbeKind, Role};
pub use cron::{Cron, CronError};
pub use image::ImageRef;
pub use kind::Kind;
pub use labels::Labels;
pub(crate) use object::Positions;
pub use object::{Object, documents, objects, objects_of, strays};
pub use quantity::{IntOrPercent, Quantity};
pub use selector::Selector;
pub use workload::Workload;
