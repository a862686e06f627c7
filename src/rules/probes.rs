//! Liveness, readiness and startup probes, and restart policies.
