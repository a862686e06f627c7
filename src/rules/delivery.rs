//! Rollout strategies and scheduled jobs.
