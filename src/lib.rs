//! kubeready judges Kubernetes manifests against a production-readiness checklist.

pub mod catalogue;
pub mod check;
pub mod cli;
pub mod deadline;
pub mod engine;
pub mod finding;
pub mod fleet;
pub mod guard;
pub mod host;
pub mod index;
pub mod load;
mod parallel;
pub mod problem;
pub mod program;
pub mod render;
pub mod report;
pub mod rules;
pub mod set;
pub mod settings;
pub mod source;
pub mod spelling;
pub mod suppress;
pub mod walk;
