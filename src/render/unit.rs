//! What one root renders to, and room for it to live in while others refer to it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::Tree;

use super::helm::Charted;
use crate::fleet::Destination;

/// What one root renders to for one place.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub struct Unit {
    /// Absolute.
    pub directory: PathBuf,
    pub tree: Tree,
    pub(super) destination: Arc<Destination>,
    /// For each document the entry of the root that brings it in.
    pub entries: Vec<Option<Span>>,
    /// Objects may be missing.
    pub partial: bool,
    /// Secrets may be missing, and nothing else.
    pub lacks_secrets: bool,
    /// Whether its findings are asked for.
    pub wanted: bool,
    /// Every file that took part, sorted.
    pub inputs: Vec<SourceId>,
    /// Whether something of Argo CD or Flux delivers it.
    pub delivered: bool,
    /// Whether it is a chart, which is complete by itself.
    pub chart: bool,
    /// One of several ways to install a chart, of which it is not known where each goes: it is a set
    /// of its own.
    pub alone: bool,
    pub charted: Charted,
}

impl Unit {
    /// Where it goes.
    pub fn destination(&self) -> &Arc<Destination> {
        &self.destination
    }
}

/// Units in rounds: those that a round delivers borrow from the rounds before it. Rounds are only
/// ever added.
#[derive(Debug, Default)]
pub struct Rounds {
    first: OnceLock<Box<Round>>,
}

#[derive(Debug)]
struct Round {
    units: Vec<Unit>,
    next: OnceLock<Box<Round>>,
}

impl Rounds {
    /// Adds a round.
    pub(super) fn add(&self, units: Vec<Unit>) -> &[Unit] {
        let mut cell = &self.first;
        while let Some(round) = cell.get() {
            cell = &round.next;
        }
        let round = Box::new(Round { units, next: OnceLock::new() });
        &cell.get_or_init(|| round).units
    }
}
