//! What patches of Flux Kustomizations write into the objects below them: it stands in no file of
//! those objects, so rules that miss a field ask here first.

use kubeready_manifest::kube::Kind;
use kubeready_manifest::yaml::NodeRef;

use crate::index::Index;

/// Fields that rules miss.
const FIELDS: [&str; 9] = [
    "driftDetection",
    "healthChecks",
    "prune",
    "remediation",
    "serviceAccountName",
    "strategy",
    "timeout",
    "version",
    "wait",
];

/// Which of [`FIELDS`] some patch writes, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patches {
    helm_releases: u16,
    kustomizations: u16,
}

/// Whether a Flux Kustomization of the set patches one of these fields into HelmReleases or, for any
/// other kind, into Kustomizations. Which of them it reaches is for Flux to say.
pub(super) fn is_patched(index: &Index<'_>, kind: Kind, fields: &[&str]) -> bool {
    let patches = index.notes().flux_patches.get_or_init(|| Patches::read(index));
    let written =
        if kind == Kind::HelmRelease { patches.helm_releases } else { patches.kustomizations };
    let names = FIELDS.iter().enumerate().filter(|(_, name)| fields.contains(name));
    written != 0 && names.into_iter().any(|(at, _)| written & (1 << at) != 0)
}

impl Patches {
    fn read(index: &Index<'_>) -> Self {
        let mut patches = Self::default();
        for kustomization in index.objects(Kind::FluxKustomization) {
            for patch in kustomization.items_at("spec.patches") {
                patches.add(patch);
            }
        }
        patches
    }

    fn add(&mut self, patch: NodeRef<'_>) {
        let text = patch.get("patch").map_or("", NodeRef::text);
        let target = patch.path("target.kind").map(NodeRef::text);
        // A list of operations without a kind in its target goes to whatever the target selects.
        let anything = target.is_none() && !text.contains("kind:");
        let reaches = |kind: &str| {
            anything || target.is_some_and(|t| t.contains(kind)) || names_kind(text, kind)
        };
        let fields = FIELDS.iter().enumerate().filter(|(_, field)| text.contains(*field));
        let written = fields.fold(0u16, |bits, (at, _)| bits | 1 << at);
        if reaches("HelmRelease") {
            self.helm_releases |= written;
        }
        if reaches("Kustomization") {
            self.kustomizations |= written;
        }
    }
}

/// Whether a document of a patch, or of a patch within it, is of a kind.
fn names_kind(text: &str, kind: &str) -> bool {
    text.lines().any(|line| {
        let value = line.trim().trim_start_matches("- ").strip_prefix("kind:");
        value.is_some_and(|value| value.trim().trim_matches(['"', '\'']) == kind)
    })
}
