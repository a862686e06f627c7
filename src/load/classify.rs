//! What a file is: a manifest, part of a Kustomize tree or a chart, or nothing of ours.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{NodeRef, Tree};

/// What a file is to a linter of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Objects that ship as they stand.
    Manifest,
    /// Objects that a kustomization names as resources: they ship through it.
    KustomizeResource,
    /// A patch: it says only what differs.
    Patch,
    /// A kustomization or component.
    Kustomization,
    /// A template of a Helm chart.
    HelmTemplate,
    /// What else belongs to a chart and no walk looks for: partials, archives and what they hold.
    ChartFile,
    /// Not ours, and why.
    LeftAlone(Reason),
    /// It could not be read; a problem says why.
    Unreadable,
}

impl Class {
    /// Whether its tree is needed.
    pub fn is_read(self) -> bool {
        match self {
            // What configures a tool may be what excuses a finding elsewhere.
            // Workflows are kept where one rule has a question to them.
            Class::LeftAlone(reason) => {
                matches!(reason, Reason::ToolConfiguration | Reason::Workflow)
            }
            Class::HelmTemplate | Class::ChartFile | Class::Unreadable => false,
            _ => true,
        }
    }
}

macro_rules! reasons {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// Why a file was left alone; the name is what the summary says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($variant),* }

        impl Reason {
            pub fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name),* }
            }
        }
    };
}

reasons! {
    Chart = "Helm chart metadata",
    HelmValues = "Helm values",
    Workflow = "CI workflow",
    Compose = "Compose file",
    ToolConfiguration = "configuration of a tool",
    GeneratorInput = "input of a Kustomize generator or transformer",
    Empty = "empty file",
    Other = "no Kubernetes manifest",
}

/// A verdict by name and place alone, before the file is opened.
pub(super) fn by_path(path: &Path, charts: &BTreeSet<PathBuf>) -> Option<Class> {
    let name = path.file_name()?.to_str().unwrap_or("");
    let folder =
        |name: &str| path.ancestors().skip(1).any(|a| a.file_name().is_some_and(|f| f == name));
    let alone = |reason| Some(Class::LeftAlone(reason));
    if super::chart_listing::is_archive(path) {
        return Some(Class::ChartFile);
    }
    match name {
        "Chart.yaml" | "Chart.lock" | "requirements.yaml"
            if path.parent().is_some_and(|p| charts.contains(p)) =>
        {
            return alone(Reason::Chart);
        }
        "docker-compose.yml" | "docker-compose.yaml" | "compose.yml" | "compose.yaml" => {
            return alone(Reason::Compose);
        }
        ".travis.yml"
        | ".gitlab-ci.yml"
        | "azure-pipelines.yml"
        | "azure-pipelines.yaml"
        | "cloudbuild.yaml"
        | "buildspec.yml"
        | ".drone.yml"
        | ".woodpecker.yml"
        | ".woodpecker.yaml"
        | "bitbucket-pipelines.yml" => {
            return alone(Reason::Workflow);
        }
        "pnpm-lock.yaml"
        | "package.json"
        | "package-lock.json"
        | "tsconfig.json"
        | "mkdocs.yml"
        | "mkdocs.yaml"
        | ".pre-commit-config.yaml"
        | ".pre-commit-hooks.yaml"
        | ".kubeready.yaml"
        | ".yamllint"
        | ".yamllint.yaml"
        | ".yamllint.yml"
        | "renovate.json"
        | "codecov.yml"
        | ".codecov.yml"
        | "dependabot.yml"
        | ".golangci.yml"
        | ".golangci.yaml"
        | ".goreleaser.yml"
        | ".goreleaser.yaml"
        | "_config.yml"
        | ".sops.yaml"
        | ".kube-linter.yaml"
        | "Taskfile.yml"
        | "Taskfile.yaml"
        | "catalog-info.yaml"
        | "mirrord.json" => return alone(Reason::ToolConfiguration),
        _ => {}
    }
    // Both names begin with a dot behind a separator, which few paths have.
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_hidden = bytes.windows(3).any(|at| matches!(at, [b'/' | b'\\', b'.', b'g' | b'c']));
    if is_hidden && (folder(".github") && folder("workflows") || folder(".circleci")) {
        return alone(Reason::Workflow);
    }
    if charts.is_empty() {
        return None;
    }
    let chart = path.ancestors().skip(1).find(|a| charts.contains(*a))?;
    let inside = path.strip_prefix(chart).ok()?;
    let first = inside.components().next()?.as_os_str();
    if first == "templates" {
        return Some(Class::HelmTemplate);
    }
    let in_chart = inside.components().count() == 1;
    if in_chart && name.starts_with("values") && !name.ends_with("kustomization.yaml")
        || first == "ci" && name.contains("values")
    {
        return alone(Reason::HelmValues);
    }
    None
}

/// A verdict by what the documents say, each with the object that it was read as.
pub(super) fn by_content<'t>(
    path: &Path,
    tree: &'t Tree,
    documents: &[(NodeRef<'t>, Option<Object<'t>>)],
) -> Class {
    let named = is_named(path);
    let mut objects = 0;
    let mut ours = 0;
    let mut patch = false;
    for &(root, object) in documents {
        if is_kustomization(named, root, object) && (named || documents.len() == 1) {
            return Class::Kustomization;
        }
        if is_json_patch(root) {
            patch = true;
        }
        if let Some(object) = object {
            objects += 1;
            ours += u32::from(!is_tool_configuration(object));
            patch |= root.value("$patch").is_some();
        }
    }
    if objects == 0 && patch {
        return Class::Patch;
    }
    if ours > 0 {
        return if patch { Class::Patch } else { Class::Manifest };
    }
    if objects > 0 {
        return Class::LeftAlone(Reason::ToolConfiguration);
    }
    // Broken documents may be manifests: the problem stands, whatever the rest of the file is.
    if !tree.errors().is_empty() {
        return Class::Manifest;
    }
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
    let has = |key: &str| documents.iter().any(|(root, _)| root.value(key).is_some());
    Class::LeftAlone(if documents.is_empty() {
        Reason::Empty
    } else if has("services")
        && (has("version") || has("networks") || has("volumes") || name.contains("compose"))
    {
        Reason::Compose
    } else if has("jobs") && (has("on") || has("true")) {
        Reason::Workflow
    } else if name.contains("values") {
        Reason::HelmValues
    } else {
        Reason::Other
    })
}

/// Whether kustomize would take a file for a kustomization.
fn is_named(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| super::KUSTOMIZATION_NAMES.iter().any(|known| name == *known))
}

fn is_kustomization(named: bool, root: NodeRef<'_>, object: Option<Object<'_>>) -> bool {
    let declared = object.is_some_and(|object| {
        matches!(object.kind_name(), "Kustomization" | "Component")
            && object.group() == "kustomize.config.k8s.io"
    });
    if declared {
        return true;
    }
    // Without a type it is one by its name; Flux has a Kustomization of its own.
    let is_flux = || {
        let api = root.str_at("apiVersion").unwrap_or("");
        api.starts_with("kustomize.toolkit.fluxcd.io/")
    };
    named && root.is_map() && !is_flux()
}

/// A list of `{op, path, …}`.
fn is_json_patch(root: NodeRef<'_>) -> bool {
    root.is_seq()
        && !root.is_empty()
        && root.items().all(|i| i.value("op").is_some() && i.value("path").is_some())
}

/// A document with `apiVersion` and `kind` that no API server takes: it configures a tool. Audit
/// policies are read all the same, for their versions are withdrawn like those of other APIs.
pub(super) fn is_tool_configuration(object: Object<'_>) -> bool {
    let group = match object.group() {
        "" => match object.api_version() {
            "builtin" => return true,
            "v1" => return matches!(object.kind_name(), "Config" | "Policy"),
            _ => return false,
        },
        group => group,
    };
    matches!(
        group,
        "apiserver.config.k8s.io"
            | "backstage.io"
            | "builtin"
            | "client.authentication.k8s.io"
            | "config.kubernetes.io"
            | "ctlptl.dev"
            | "eksctl.io"
            | "k3d.io"
            | "kind.sigs.k8s.io"
            | "kind.x-k8s.io"
            | "kubeadm.k8s.io"
            | "kubelet.config.k8s.io"
            | "kubeproxy.config.k8s.io"
            | "kubescheduler.config.k8s.io"
            | "kubecontrollermanager.config.k8s.io"
            | "kustomize.config.k8s.io"
            | "skaffold"
    )
}
