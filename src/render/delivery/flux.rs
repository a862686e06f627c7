//! What flux delivers.

use kubeready_manifest::kube::Object;

use super::{Delivery, Follow};
use crate::render::fault::Fault;

pub(super) fn deliveries<'t>(
    _follow: &Follow<'_, 't>,
    _object: Object<'t>,
    _notes: &mut Vec<Fault>,
) -> Vec<Delivery<'t>> {
    Vec::new()
}
