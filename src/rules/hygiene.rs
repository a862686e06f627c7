//! Suppressions that are unused, expired or without a reason.
