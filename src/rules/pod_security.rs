//! What a pod may do to its node: the Pod Security Standards and images.
