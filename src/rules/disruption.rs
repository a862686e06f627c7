//! PodDisruptionBudgets.
