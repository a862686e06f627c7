//! Backup schedules.
