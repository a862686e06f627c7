//! Kubernetes manifests, read once: a tape of spanned YAML nodes, and views of the objects in it.

pub mod kube;
pub mod source;
pub mod yaml;
