//! StatefulSets, volumes, claims and storage classes.
