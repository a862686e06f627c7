//! kubeready judges Kubernetes manifests against a production-readiness checklist.

pub mod catalogue;
pub mod engine;
pub mod finding;
pub mod index;
pub mod problem;
pub mod rules;
pub mod set;
pub mod settings;
pub mod source;
pub mod suppress;
