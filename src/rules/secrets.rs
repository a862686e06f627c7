//! Credentials in plain sight, and references to Secrets and ConfigMaps.
