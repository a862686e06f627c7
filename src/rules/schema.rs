//! YAML, types, API versions and identity of objects.
