//! Versions of Kubernetes that a repository declares for its clusters.

use kubeready_manifest::kube::{ImageRef, Object, objects_of};
use kubeready_manifest::yaml::{NodeRef, Tree};

use crate::catalogue::{Confidence, Severity};
use crate::engine::{Ctx, resource_id};
use crate::index::Index;

/// After its end of life a version gets no fixes, not even for what is exploited already.
pub(crate) fn outdated_kubernetes_version<'t>(tree: &'t Tree, ctx: &mut Ctx<'_, 't>) {
    let mut found = objects_of(tree);
    found.retain(|object| may_declare(*object));
    if found.is_empty() {
        return ctx.pass_over();
    }
    let oldest = ctx.option(&crate::catalogue::options::OUTDATED_KUBERNETES_VERSION_OLDEST);
    let Some(oldest) = minor(&oldest) else { return };
    let mut looked = false;
    for object in found {
        let mut said = None;
        for declared in declared(object) {
            looked = true;
            // Nodes of one cluster have one version.
            if said == Some(declared.minor) {
                continue;
            }
            said = Some(declared.minor);
            judge(object, &declared, oldest, ctx);
        }
    }
    if !looked {
        ctx.pass_over();
    }
}

fn judge<'t>(object: Object<'t>, declared: &Declared<'t>, oldest: u16, ctx: &mut Ctx<'_, 't>) {
    // Providers mend a version for some months longer than the project does.
    let oldest = oldest.saturating_sub(u16::from(declared.maker == Maker::Provider));
    let this = declared.minor;
    let what = match object.name() {
        "" => object.kind_name().to_owned(),
        name => format!("{} `{name}`", object.kind_name()),
    };
    if this < oldest {
        let message = match end_of_life(this) {
            Some(month) => {
                format!("{what} runs Kubernetes 1.{this}, whose last fixes came in {month}")
            }
            None => format!("{what} runs Kubernetes 1.{this}, which gets no more fixes"),
        };
        let finding = ctx.report(declared.version.here(), message);
        finding.on(resource_id(object)).label("end of life").help(format!(
            "upgrade one minor version at a time, to 1.{oldest} or newer; check removed APIs first"
        ));
        if declared.maker == Maker::Test {
            finding.severity(Severity::Advice);
        }
        return;
    }
    let newest = *ctx.index().notes().newest_cluster.get_or_init(|| newest(ctx.index()));
    if declared.maker != Maker::Test && this + 2 <= newest {
        let message = format!(
            "{what} runs Kubernetes 1.{this}, {} minor versions behind the newest of the fleet",
            newest - this
        );
        ctx.report(declared.version.here(), message)
            .on(resource_id(object))
            .confidence(Confidence::Likely)
            .label(format!("another cluster runs 1.{newest}"))
            .help("keep the clusters of a fleet within one minor version of each other");
    }
}

/// The newest minor version that a cluster of the set declares; 0 without one.
fn newest(index: &Index<'_>) -> u16 {
    let members = index.members().iter().flat_map(|m| declared(m.object));
    members.filter(|d| d.maker != Maker::Test).map(|d| d.minor).max().unwrap_or(0)
}

/// Who looks after the control plane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Own,
    Provider,
    /// Thrown away after use.
    Test,
}

struct Declared<'t> {
    version: NodeRef<'t>,
    minor: u16,
    maker: Maker,
}

/// The versions that an object declares for a cluster or its nodes.
fn declared(object: Object<'_>) -> Vec<Declared<'_>> {
    let (maker, paths) = fields(object);
    let mut declared = Vec::new();
    for path in paths {
        if let Some(version) = object.path(path) {
            let text = if *path == "image" { tag(version.text()) } else { version.text() };
            declared.extend(minor(text).map(|minor| Declared { version, minor, maker }));
        }
    }
    if maker == Maker::Test {
        for image in object.root().items_at("nodes").filter_map(|node| node.get("image")) {
            let minor = minor(tag(image.text()));
            declared.extend(minor.map(|minor| Declared { version: image, minor, maker }));
        }
    }
    declared
}

/// Whether an object may be such a one: most are of Kubernetes' own groups.
fn may_declare(object: Object<'_>) -> bool {
    const OWN: [&str; 6] = [
        "apps/",
        "autoscaling/",
        "batch/",
        "networking.k8s.io/",
        "policy/",
        "rbac.authorization.k8s.io/",
    ];
    let api_version = object.api_version();
    api_version != "v1" && !OWN.iter().any(|group| api_version.starts_with(group))
}

/// Where an object of each maker of clusters has the version.
fn fields(object: Object<'_>) -> (Maker, &'static [&'static str]) {
    let (group, kind) = (object.group(), object.kind_name());
    match (group, kind) {
        ("cluster.x-k8s.io", "Cluster") => (Maker::Own, &["spec.topology.version"]),
        ("cluster.x-k8s.io", "MachineDeployment" | "MachineSet" | "MachinePool") => {
            (Maker::Own, &["spec.template.spec.version"])
        }
        ("controlplane.cluster.x-k8s.io" | "infrastructure.cluster.x-k8s.io", _)
            if kind.ends_with("ControlPlane") =>
        {
            let managed = kind.contains("Managed");
            let maker = if managed { Maker::Provider } else { Maker::Own };
            (maker, &["spec.version", "spec.controlPlaneVersion"])
        }
        ("eksctl.io", "ClusterConfig") => (Maker::Provider, &["metadata.version"]),
        ("kops.k8s.io" | "provisioning.cattle.io", "Cluster") => {
            (Maker::Own, &["spec.kubernetesVersion"])
        }
        ("kubeadm.k8s.io", "ClusterConfiguration") => (Maker::Own, &["kubernetesVersion"]),
        ("cluster.x-k8s.io", "Machine") | ("upgrade.cattle.io", "Plan") => {
            (Maker::Own, &["spec.version"])
        }
        ("kind.x-k8s.io" | "kind.sigs.k8s.io", "Cluster") | ("k3d.io", "Simple") => {
            (Maker::Test, &["image"])
        }
        _ if group.ends_with("upbound.io") || group.ends_with("crossplane.io") => {
            (Maker::Provider, crossplane(group, kind))
        }
        _ => (Maker::Own, &[]),
    }
}

fn crossplane(group: &str, kind: &str) -> &'static [&'static str] {
    let service = group.split('.').next().unwrap_or("");
    match (service, kind) {
        ("eks", "Cluster" | "NodeGroup") | ("container", "NodePool") => {
            &["spec.forProvider.version"]
        }
        ("container", "Cluster") => {
            &["spec.forProvider.minMasterVersion", "spec.forProvider.initialClusterVersion"]
        }
        ("containerservice", "KubernetesCluster") => &["spec.forProvider.kubernetesVersion"],
        ("containerservice", "KubernetesClusterNodePool") => {
            &["spec.forProvider.orchestratorVersion"]
        }
        ("compute", "AKSCluster") => &["spec.version"],
        _ => &[],
    }
}

fn tag(image: &str) -> &str {
    ImageRef::parse(image).tag.unwrap_or("")
}

/// The minor version of `v1.29.4+k3s1`, `1.29` or `1.29.8-gke.1211000`.
fn minor(version: &str) -> Option<u16> {
    let bare = version.trim();
    let rest = bare.strip_prefix('v').unwrap_or(bare).strip_prefix("1.")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

/// The month in which the project ended its support.
fn end_of_life(minor: u16) -> Option<&'static str> {
    Some(match minor {
        24 => "July 2023",
        25 => "October 2023",
        26 => "February 2024",
        27 => "June 2024",
        28 => "October 2024",
        29 => "February 2025",
        30 => "June 2025",
        31 => "October 2025",
        32 => "February 2026",
        33 => "June 2026",
        34 => "October 2026",
        35 => "February 2027",
        36 => "June 2027",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn versions_of_all_makers_are_read() {
        for version in ["1.29", "v1.29.4", "v1.29.4+k3s1", "1.29.8-gke.1211000"] {
            assert_eq!(minor(version), Some(29), "{version}");
        }
        for other in ["", "latest", "${VERSION}", "2.0.0", "1.x"] {
            assert_eq!(minor(other), None, "{other}");
        }
    }
}
