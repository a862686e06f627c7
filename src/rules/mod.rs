#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
//! One fn per rule, named like its page in `rules/`. A rule never writes its name, severity or
//! documentation: the page does.

pub mod backup;
mod databases;
pub mod delivery;
pub mod disruption;
mod elsewhere;
pub mod fleet;
pub mod gitops;
pub mod hygiene;
pub mod network;
mod placeholder;
pub mod pod_security;
pub mod probes;
pub mod rbac;
pub mod replicas;
pub mod resources;
pub mod schema;
pub mod secrets;
pub mod storage;
