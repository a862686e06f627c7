//! Which URLs of git mean the repository that is being checked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use super::inventory::is_templated;
use crate::load::World;
use crate::walk::clean;

/// The repository that is being checked, by the URLs it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// `host/path`, see [`normal`].
    own: Vec<String>,
}

impl Repository {
    /// By its URLs, in any form that git takes.
    pub fn of<'u>(urls: impl IntoIterator<Item = &'u str>) -> Self {
        let mut own: Vec<String> = urls.into_iter().map(normal).filter(|u| !u.is_empty()).collect();
        own.sort();
        own.dedup();
        Self { own }
    }

    /// Where nobody says the URL: the one that most of the Applications, GitRepositories and
    /// FluxInstances name, provided that it names at least two paths, or one that is not the root,
    /// and that at least half of its paths are directories here. Of two, the one with more
    /// directories, then the one that comes first by its text. `None` for the rest.
    pub fn guess<'t>(
        objects: impl IntoIterator<Item = Object<'t>>,
        world: &World<'_>,
    ) -> Option<Self> {
        let mut paths: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut sources: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        let mut kustomizations = Vec::new();
        let mut add = |url: Option<NodeRef<'t>>, path: Option<NodeRef<'t>>| {
            if let (Some(url), Some(path)) = (url, path)
                && !is_templated(url.text())
                && !is_templated(path.text())
            {
                paths.entry(normal(url.text())).or_default().insert(path.text());
            }
        };
        for object in objects {
            match object.kind_name() {
                "Application" | "ApplicationSet" => {
                    let template = object.path("spec.template.spec");
                    let Some(spec) = template.or_else(|| object.spec()) else { continue };
                    for source in spec.get("source").into_iter().chain(spec.items_at("sources")) {
                        add(source.get("repoURL"), source.get("path"));
                    }
                }
                "FluxInstance" => {
                    let sync = object.path("spec.sync");
                    add(sync.and_then(|s| s.get("url")), sync.and_then(|s| s.get("path")));
                }
                "GitRepository" => {
                    let url = object.path("spec.url").map(NodeRef::text).unwrap_or_default();
                    let named = sources.entry((object.name(), object.namespace().unwrap_or("")));
                    named.or_default().insert(normal(url));
                }
                "Kustomization" if object.kind() == Kind::FluxKustomization => {
                    kustomizations.push(object);
                }
                _ => {}
            }
        }
        for object in kustomizations {
            let Some(node) = object.path("spec.sourceRef") else { continue };
            let text = |key| node.get(key).map(NodeRef::text);
            let namespace = text("namespace").or_else(|| object.namespace()).unwrap_or("");
            let urls = sources.get(&(text("name").unwrap_or(""), namespace));
            let path = object.path("spec.path").map_or("", NodeRef::text);
            for url in urls.into_iter().flatten() {
                paths.entry(url.clone()).or_default().insert(path);
            }
        }
        let here = |path: &str| world.is_directory(&clean(&world.root().join(relative(path))));
        let count = |paths: &BTreeSet<&str>| paths.iter().filter(|path| here(path)).count();
        let best = paths
            .iter()
            .filter(|(url, _)| !url.is_empty())
            .filter(|(_, named)| named.len() > 1 || named.iter().any(|p| !relative(p).is_empty()))
            .filter(|(_, named)| count(named) > 0 && count(named) * 2 >= named.len())
            .max_by_key(|(url, named)| (named.len(), count(named), Reverse(*url)))?;
        Some(Self { own: vec![best.0.clone()] })
    }

    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        self.own.is_empty()
    }

    /// Whether a URL means this repository.
    pub fn is(&self, url: &str) -> bool {
        let url = normal(url);
        !url.is_empty() && self.own.contains(&url)
    }

    /// The URLs as they are compared: `host/owner/name`.
    pub fn urls(&self) -> &[String] {
        &self.own
    }
}

/// A path as it stands below the root.
fn relative(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix('/')) {
        path = rest;
    }
    if path == "." { "" } else { path }
}

/// A URL as it is compared: `host/path` without scheme, user, port that is the scheme's own, `.git`
/// and slashes at the end. Host and path are compared without regard to case: the great hosts of git
/// do so, and a URL that differs in nothing else is the same repository in practice.
pub(crate) fn normal(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (String::new(), url),
    };
    let scheme = scheme.strip_prefix("git+").unwrap_or(&scheme);
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (authority, path) = match (scheme, rest.split_once('/')) {
        ("", split) => match rest.split_once(':') {
            // `user@host:path`, unless the colon stands behind the first slash.
            Some((host, path)) if !host.contains('/') => (host, path),
            _ => split.unwrap_or((rest, "")),
        },
        (_, Some(split)) => split,
        (_, None) => (rest, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let own_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        "ssh" => ":22",
        "git" => ":9418",
        _ => "",
    };
    let host = if own_port.is_empty() { host } else { host.strip_suffix(own_port).unwrap_or(host) };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if host.is_empty() && parts.is_empty() {
        return String::new();
    }
    format!("{host}/{}", parts.join("/")).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{Repository, normal};

    #[test]
    fn one_repository_has_many_urls() {
        let own = Repository::of(["https://github.com/Shop/Fleet.git"]);
        for url in [
            "https://github.com/shop/fleet",
            "https://GitHub.com/shop/fleet/",
            "https://token:x@github.com/shop/fleet.git",
            "git@github.com:shop/fleet.git",
            "ssh://git@github.com/shop/fleet",
            "ssh://git@github.com:22/shop/fleet.git",
            "git://github.com/shop/fleet.git/",
            "github.com/shop/fleet",
        ] {
            assert!(own.is(url), "{url} -> {}", normal(url));
        }
        for url in ["https://github.com/shop/fleet-two", "https://gitlab.com/shop/fleet", "", "x"] {
            assert!(!own.is(url), "{url}");
        }
    }
}
