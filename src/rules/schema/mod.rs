//! YAML, types, API versions and identity of objects.

mod fields;
mod files;
mod objects;

pub(crate) use fields::{
    implicit_typed_string, invalid_field_type, missing_required_field, unknown_field,
};
pub(crate) use files::{duplicate_key, yaml_syntax_error};
pub(crate) use objects::{
    deprecated_api, duplicate_env_var, duplicate_object, removed_api, unrendered_template,
};
