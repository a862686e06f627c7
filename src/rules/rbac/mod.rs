//! Roles, bindings and service accounts: who may do what, and whose token a pod carries.

mod accounts;
mod bindings;
mod grants;
mod roles;

pub(crate) use accounts::{
    automounted_service_account_token, dangling_service_account, default_service_account,
};
pub(crate) use bindings::{
    anonymous_binding, authenticated_group_binding, cluster_admin_binding, dangling_role_reference,
};
pub(crate) use roles::{
    rbac_create_pods, rbac_escalate_bind, rbac_impersonate, rbac_pod_exec, rbac_secret_access,
    wildcard_rbac_rule,
};
