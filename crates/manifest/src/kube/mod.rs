//! Kubernetes objects over nodes. The only place that names `k8s_openapi`.
//!
//! Rules read *views* ([`Object`], [`Workload`], [`Container`]): cheap copies over nodes, so that
//! presence, spelling and place are exact and a type error in one field hides nothing in another.
//! [`typed`] decodes the same nodes into `k8s_openapi` types and tells what does not fit.

mod container;
mod cron;
mod image;
mod kind;
mod labels;
pub mod lifecycle;
mod object;
mod quantity;
pub mod required;
mod selector;
pub mod typed;
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
