//! The objects that ResourceSets make.

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::Value;

use crate::render::fault::Fault;

pub(super) fn generate<'t>(_object: Object<'t>, _notes: &mut Vec<Fault>) -> Vec<Value<'t>> {
    Vec::new()
}
