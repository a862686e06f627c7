//! What a run has to say.
use crate::catalogue::Profile;
use crate::finding::Finding;
use crate::problem::Problem;
use crate::source::Sources;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Report {
    pub sources: Sources,
    pub findings: Vec<Finding>,
    pub problems: Vec<Problem>,
    pub summary: Summary,
}

#[derive(Debug)]
pub struct Summary {
    pub files_read: u32,
    pub manifests: u32,
    pub documents: u32,
    pub objects: u32,
    pub left_alone: BTreeMap<&'static str, u32>,
    pub helm_templates: u32,
    pub kustomize_manifests: u32,
    pub suppressed: u32,
    pub examined: Vec<u32>,
    pub kubernetes_version: u16,
    pub profile: Profile,
}
