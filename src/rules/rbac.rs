//! Roles, bindings and service accounts.
