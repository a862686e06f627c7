//! Kubernetes manifests, read once: a tape of spanned YAML nodes and the typed kinds decoded from it.
//!
//! A crate of its own only for compile time: touching a rule must not decode k8s-openapi's types
//! again.

pub mod kube;
pub mod source;
pub mod yaml;
