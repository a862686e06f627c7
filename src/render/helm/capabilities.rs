//! `.Capabilities`: what a cluster of a version offers, as Helm knows it without one.

use std::rc::Rc;

use kubeready_template::{Error, Map, Object, Result, Val};
use kubeready_typed::NEWEST;

use super::Release;

/// API versions that Helm takes for known when no cluster is asked, in its order, with the first and
/// last minor version of Kubernetes that serves them by default (0: ever since, or still).
#[rustfmt::skip]
const API_VERSIONS: [(&str, u16, u16); 57] = [
    ("v1", 0, 0),
    ("admissionregistration.k8s.io/v1", 16, 0), ("admissionregistration.k8s.io/v1alpha1", 26, 37),
    ("admissionregistration.k8s.io/v1beta1", 9, 0), ("internal.apiserver.k8s.io/v1alpha1", 20, 0),
    ("apps/v1", 9, 0), ("apps/v1beta1", 6, 15), ("apps/v1beta2", 8, 15),
    ("authentication.k8s.io/v1", 6, 0), ("authentication.k8s.io/v1alpha1", 26, 31),
    ("authentication.k8s.io/v1beta1", 4, 32),
    ("authorization.k8s.io/v1", 6, 0), ("authorization.k8s.io/v1beta1", 2, 21),
    ("autoscaling/v1", 0, 0), ("autoscaling/v2", 23, 0),
    ("batch/v1", 0, 0), ("batch/v1beta1", 8, 24),
    ("certificates.k8s.io/v1", 19, 0), ("certificates.k8s.io/v1beta1", 12, 0),
    ("certificates.k8s.io/v1alpha1", 27, 36),
    ("coordination.k8s.io/v1alpha2", 32, 37), ("coordination.k8s.io/v1beta1", 12, 0),
    ("coordination.k8s.io/v1", 14, 0),
    ("discovery.k8s.io/v1", 21, 0), ("discovery.k8s.io/v1beta1", 17, 24),
    ("events.k8s.io/v1", 19, 0), ("events.k8s.io/v1beta1", 8, 24),
    ("extensions/v1beta1", 0, 21),
    ("flowcontrol.apiserver.k8s.io/v1", 29, 0), ("flowcontrol.apiserver.k8s.io/v1beta1", 20, 25),
    ("flowcontrol.apiserver.k8s.io/v1beta2", 23, 28), ("flowcontrol.apiserver.k8s.io/v1beta3", 26, 31),
    ("lifecycle.k8s.io/v1alpha1", 37, 0),
    ("networking.k8s.io/v1", 7, 0), ("networking.k8s.io/v1beta1", 14, 0),
    ("node.k8s.io/v1", 20, 0), ("node.k8s.io/v1alpha1", 12, 21), ("node.k8s.io/v1beta1", 14, 24),
    ("policy/v1", 21, 0), ("policy/v1beta1", 4, 24),
    ("rbac.authorization.k8s.io/v1", 8, 0), ("rbac.authorization.k8s.io/v1beta1", 6, 21),
    ("rbac.authorization.k8s.io/v1alpha1", 5, 21),
    ("resource.k8s.io/v1", 34, 0), ("resource.k8s.io/v1beta2", 33, 0),
    ("resource.k8s.io/v1beta1", 32, 0), ("resource.k8s.io/v1alpha3", 31, 0),
    ("scheduling.k8s.io/v1alpha3", 37, 0), ("scheduling.k8s.io/v1beta1", 11, 21),
    ("scheduling.k8s.io/v1", 14, 0),
    ("storage.k8s.io/v1beta1", 4, 0), ("storage.k8s.io/v1", 6, 0), ("storage.k8s.io/v1alpha1", 9, 0),
    ("storagemigration.k8s.io/v1", 37, 0), ("storagemigration.k8s.io/v1beta1", 35, 0),
    ("apiextensions.k8s.io/v1beta1", 7, 21), ("apiextensions.k8s.io/v1", 16, 0),
];

/// `.Capabilities` of a release.
pub(super) fn capabilities(release: &Release<'_>) -> Val {
    let minor = release.kubernetes_version;
    // For the version that it is made for, Helm's own list, which also names what has gone.
    let served =
        |from: u16, to: u16| minor == NEWEST || (from <= minor && (to == 0 || minor <= to));
    let known = API_VERSIONS.iter().filter(|(_, from, to)| served(*from, *to));
    let mut versions: Vec<Rc<str>> = known.map(|(name, ..)| Rc::from(*name)).collect();
    for added in &release.api_versions {
        if !versions.iter().any(|known| **known == **added) {
            versions.push(added.as_str().into());
        }
    }
    Val::object(Capabilities { minor, versions: Rc::new(versions) })
}

/// The version of a cluster, as Helm spells it.
pub(super) fn cluster_version(minor: u16) -> String {
    format!("v1.{minor}.0")
}

fn none(type_name: &str, method: &str) -> Error {
    Error::execution(format!("can't evaluate field {method} in type {type_name}"))
}

#[derive(Debug)]
struct Capabilities {
    minor: u16,
    versions: Rc<Vec<Rc<str>>>,
}

fn plain_map(fields: &[(&str, Val)]) -> Val {
    let fields = fields.iter().map(|(name, value)| (Rc::from(*name), value.clone()));
    Val::map(fields.collect::<Map>())
}

impl Object for Capabilities {
    fn type_name(&self) -> &'static str {
        "*common.Capabilities"
    }

    fn field(&self, name: &str) -> Option<Val> {
        Some(match name {
            "KubeVersion" => Val::object(KubeVersion(self.minor)),
            "APIVersions" => Val::object(Versions(Rc::clone(&self.versions))),
            "HelmVersion" => Val::object(HelmVersion),
            _ => return None,
        })
    }

    fn call(&self, _: &str, _: &[Val]) -> Option<Result<Val>> {
        None
    }

    fn print(&self) -> String {
        let version = cluster_version(self.minor);
        let minor = self.minor;
        let versions = Versions(Rc::clone(&self.versions)).print();
        format!("&{{{{{version} {version} 1 {minor}}} {versions} {}}}", HelmVersion.print())
    }

    fn plain(&self) -> Option<Val> {
        let names = ["KubeVersion", "APIVersions", "HelmVersion"];
        let fields = names.map(|name| {
            let plain = self.field(name).and_then(|field| match field.data {
                kubeready_template::Data::Object(object) => object.plain(),
                _ => None,
            });
            (name, plain.unwrap_or_default())
        });
        Some(plain_map(&fields))
    }
}

#[derive(Debug)]
struct KubeVersion(u16);

impl Object for KubeVersion {
    fn type_name(&self) -> &'static str {
        "common.KubeVersion"
    }

    fn field(&self, name: &str) -> Option<Val> {
        Some(Val::text(match name {
            "Version" | "GitVersion" | "String" => cluster_version(self.0),
            "Major" => "1".to_owned(),
            "Minor" => self.0.to_string(),
            _ => return None,
        }))
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>> {
        let known = matches!(method, "GitVersion" | "String");
        known.then(|| {
            let value = self.field(method).filter(|_| arguments.is_empty());
            value.ok_or_else(|| none(self.type_name(), method))
        })
    }

    fn print(&self) -> String {
        format!("{{{0} {0} 1 {1}}}", cluster_version(self.0), self.0)
    }

    fn shown(&self) -> String {
        cluster_version(self.0)
    }

    fn plain(&self) -> Option<Val> {
        let fields = ["Version", "Major", "Minor"];
        Some(plain_map(&fields.map(|name| (name, self.field(name).unwrap_or_default()))))
    }
}

#[derive(Debug)]
struct HelmVersion;

impl HelmVersion {
    const FIELDS: [(&'static str, &'static str, &'static str); 5] = [
        ("Version", "version", "v4.3"),
        ("GitCommit", "git_commit", ""),
        ("GitTreeState", "git_tree_state", ""),
        ("GoVersion", "go_version", "go1.26.8"),
        ("KubeClientVersion", "kube_client_version", "v1.37"),
    ];
}

impl Object for HelmVersion {
    fn type_name(&self) -> &'static str {
        "version.BuildInfo"
    }

    fn field(&self, name: &str) -> Option<Val> {
        let known = Self::FIELDS.iter().find(|(field, ..)| *field == name);
        known.map(|(_, _, value)| Val::text(*value))
    }

    fn call(&self, _: &str, _: &[Val]) -> Option<Result<Val>> {
        None
    }

    fn print(&self) -> String {
        format!("{{{}}}", Self::FIELDS.map(|(_, _, value)| value).join(" "))
    }

    fn plain(&self) -> Option<Val> {
        let written = Self::FIELDS.iter().filter(|(_, _, value)| !value.is_empty());
        let fields: Vec<_> = written.map(|(_, key, value)| (*key, Val::text(*value))).collect();
        Some(plain_map(&fields))
    }
}

#[derive(Debug)]
struct Versions(Rc<Vec<Rc<str>>>);

impl Object for Versions {
    fn type_name(&self) -> &'static str {
        "common.VersionSet"
    }

    fn field(&self, _: &str) -> Option<Val> {
        None
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>> {
        (method == "Has").then(|| {
            let [asked] = arguments else {
                let message = "wrong number of args for Has: want 1";
                return Err(Error::execution(format!("{message} got {}", arguments.len())));
            };
            let Some(asked) = asked.as_str() else {
                return Err(Error::execution("wrong type for value; expected string"));
            };
            Ok(Val::bool(self.0.iter().any(|known| **known == *asked)))
        })
    }

    fn print(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|name| &**name).collect();
        format!("[{}]", names.join(" "))
    }

    fn plain(&self) -> Option<Val> {
        Some(Val::list(self.0.iter().map(|name| Val::text(&**name)).collect()))
    }
}
