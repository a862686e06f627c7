//! The objects that ApplicationSets make.

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::Value;

use crate::render::fault::Fault;

use super::Follow;

pub(super) fn generate<'t>(
    _follow: &Follow<'_, 't>,
    _object: Object<'t>,
    _notes: &mut Vec<Fault>,
) -> Vec<Value<'t>> {
    Vec::new()
}
