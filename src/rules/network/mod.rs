//! Network: who may talk to whom, and whether what is named is there.

mod ingress;
mod policies;
mod services;

pub(crate) use ingress::{
    dangling_ingress_backend, ingress_tls_host_mismatch, ingress_without_tls, missing_ingress_class,
};
pub(crate) use policies::{
    dangling_network_policy, default_deny_blocks_dns, namespace_without_default_deny,
    network_policy_egress_ignored, permissive_network_policy, workload_without_network_policy,
};
pub(crate) use services::{
    dangling_service, dangling_target_port, database_exposed, invalid_port_name,
    load_balancer_service, node_port_service,
};
