//! Requests, limits, quantities, quotas and limit ranges.
