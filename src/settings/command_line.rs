//! What the command line says about the settings; everything else about it is `cli`'s.

use crate::catalogue::{Confidence, Profile, Severity};

/// From which severity on findings make a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailOn {
    /// Any finding.
    Advice,
    Warning,
    Error,
    /// Findings never fail a run; problems still do.
    Never,
}

impl FailOn {
    /// All values, in order.
    pub const ALL: &'static [Self] = &[Self::Advice, Self::Warning, Self::Error, Self::Never];

    /// The word used in settings and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Never => "never",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }

    /// Whether a finding of this severity fails the run.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Advice => true,
            Self::Warning => severity >= Severity::Warning,
            Self::Error => severity >= Severity::Error,
            Self::Never => false,
        }
    }
}

/// The last layer of the settings. Empty lists and `false` say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub struct CommandLine {
    pub profile: Option<Profile>,
    /// Exactly these rules: names, aliases, topics, `episode:N`, `item:N`, `ALL`.
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    pub fail_on: Option<FailOn>,
    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub kubernetes_version: Option<u16>,
    pub min_confidence: Option<Confidence>,
    pub strict: bool,
    pub no_suppress: bool,
    /// The settings file is not read.
    pub isolated: bool,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub hidden: bool,
    pub no_ignore: bool,
}
