//! NetworkPolicies, Services and Ingresses.
