//! Credentials in plain sight, and references to Secrets and ConfigMaps that are not there.

mod helm_values;
mod literals;
mod plain;
mod references;
mod text;
mod tokens;

pub(crate) use helm_values::secret_in_helm_values;
pub(crate) use literals::{hardcoded_credential, secret_in_configmap, secret_in_env_literal};
pub(crate) use plain::plaintext_secret;
pub(crate) use references::{dangling_configmap_reference, dangling_secret_reference};
