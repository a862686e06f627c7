#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! Runs the rules of a plan over a set. A pure function of its arguments.

mod charts;
mod ctx;
mod finish;
mod merge;
mod places;
mod plan;
mod run;

pub use ctx::{Ctx, resource_id};
pub use finish::{Elsewhere, finish};
pub use merge::merge;
pub use places::Places;
pub use plan::Plan;
pub use run::{Bug, Outcome, Subject, run, run_fleet, run_suppressions};
