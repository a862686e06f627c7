//! The fleet: which places manifests go to, and what each of them gets.

mod place;
mod sets;

pub use place::{PathWords, Stage, environment_word, read_path, stage};
pub use sets::{destination_of_file, sets, stage_of};

/// Where an object goes: by which root, to which cluster and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// The cluster, if it is known.
    pub cluster: Option<String>,
    /// The environment as it is written, if it is known: `prod`, `staging`.
    pub environment: Option<String>,
    /// The variant that its path names: `overlays/<variant>`.
    pub variant: Option<String>,
    /// What renders it: the path of a kustomization from the root, the name of what delivers it.
    /// Empty for manifests that ship as they stand.
    pub set: String,
}

impl Destination {
    /// What people call it: the cluster, else the variant, else the environment, else the set.
    pub fn name(&self) -> &str {
        let named = self.cluster.as_ref().or(self.variant.as_ref()).or(self.environment.as_ref());
        named.unwrap_or(&self.set)
    }

    /// How far on its way to production it is.
    pub fn stage(&self) -> Option<Stage> {
        self.environment.as_deref().and_then(stage)
    }

    /// Whether nothing is known but, at most, what renders it.
    pub fn is_anywhere(&self) -> bool {
        self.cluster.is_none() && self.environment.is_none() && self.variant.is_none()
    }
}
