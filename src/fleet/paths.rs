//! What the paths of a whole repository say together: which folders of overlays are places.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kubeready_manifest::kube::Object;

use super::Destination;
use super::place::{VARIANTS, environment_word, read_path};
use crate::settings::Settings;

/// One path alone cannot tell `overlays/prod/eu` from `overlays/prod/backend`. A folder below an
/// overlay is a place if Argo CD delivers to a cluster of that name, or if several components have
/// a root there.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// What is one cluster, whatever lies around the folder of its name.
    clusters: BTreeSet<String>,
    /// Paths below an overlay whose last folder means something else elsewhere: `prod/eu` where
    /// there is `staging/eu`.
    nested: BTreeSet<String>,
}

impl Paths {
    /// `roots`: directories of root kustomizations, from the root of the repository, `/` between the
    /// parts. `clusters`: what is known to be one by its name.
    pub fn learn(
        roots: impl IntoIterator<Item = String>,
        clusters: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for root in roots {
            let parts: Vec<&str> = root.split('/').collect();
            let Some((owner, below)) = overlay(&parts) else { continue };
            if below.len() > 1 && below.last().is_some_and(|name| !is_shared(name)) {
                owners.entry(below.join("/")).or_default().insert(owner.join("/"));
            }
        }
        let tails: Vec<String> =
            owners.into_iter().filter(|(_, owners)| owners.len() > 1).map(|(t, _)| t).collect();
        let last = |tail: &str| tail.rsplit('/').next().unwrap_or(tail).to_owned();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for tail in &tails {
            *counts.entry(last(tail)).or_default() += 1;
        }
        let mut known: BTreeSet<String> =
            clusters.into_iter().filter(|name| name != "in-cluster").collect();
        let (alone, nested): (Vec<_>, Vec<_>) = tails.into_iter().partition(|tail| {
            counts.get(&last(tail)) == Some(&1)
                && tail.split('/').all(|folder| environment_word(folder).is_none())
        });
        known.extend(alone.iter().map(|tail| last(tail)));
        Self { clusters: known, nested: nested.into_iter().collect() }
    }

    /// Where what lies in a directory goes, as far as its path or the settings say. `directory` is
    /// told from the root, `/` between the parts; `inside` is a file of it, which the patterns of the
    /// settings are for. `is_root`: see [`read_path`].
    pub fn destination(
        &self,
        directory: &str,
        inside: &str,
        is_root: bool,
        settings: &Settings,
    ) -> Destination {
        let mut words = read_path(Path::new(directory), is_root);
        let parts: Vec<&str> = directory.split('/').collect();
        let below = overlay(&parts).map_or(&[][..], |(_, below)| below);
        let mut told = if words.cluster.is_some() { None } else { self.below_overlay(below) };
        if let Some((_, _, length)) = told {
            let behind = below.get(length..).unwrap_or_default();
            let at = directory.len() - behind.iter().map(|folder| folder.len() + 1).sum::<usize>();
            let (upto, rest) = directory.split_at_checked(at).unwrap_or((directory, ""));
            let inner = read_path(Path::new(rest), false);
            if inner.variant.is_some() && inner.environment.is_some() {
                // An overlay within the overlay: made there for an environment of its own.
                told = None;
                words = inner;
            } else {
                // Folders of a place do not say what the place is.
                words = read_path(Path::new(upto), is_root);
            }
        }
        let word = |name: &str| environment_word(name).map(|(word, _)| word.to_owned());
        let mut environment = words.variant.and_then(word);
        let mut cluster = words.cluster.map(str::to_owned);
        let mut variant = words.variant.map(str::to_owned);
        if let Some((name, is_cluster, _)) = told {
            environment = environment.or_else(|| word(&name));
            *(if is_cluster { &mut cluster } else { &mut variant }) = Some(name);
        }
        Destination {
            cluster: settings.cluster_of(inside).map(str::to_owned).or(cluster),
            environment: settings
                .environment_of(inside)
                .map(str::to_owned)
                .or(environment)
                .or_else(|| words.environment.map(str::to_owned)),
            variant,
            set: String::new(),
        }
    }

    /// Where a file that ships as it stands goes.
    pub fn of_file(&self, from_root: &str, settings: &Settings) -> Destination {
        let folder = from_root.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.destination(folder, from_root, false, settings)
    }

    /// The first place that folders below `overlays` name, whether it is a cluster, and how many of
    /// the folders that takes.
    fn below_overlay(&self, below: &[&str]) -> Option<(String, bool, usize)> {
        for (at, folder) in below.iter().enumerate() {
            if self.clusters.contains(*folder) {
                return Some(((*folder).to_owned(), true, at + 1));
            }
            let joined = below.get(at + 1).map(|next| format!("{folder}-{next}"));
            if let Some(cluster) = joined.filter(|name| self.clusters.contains(name)) {
                return Some((cluster, true, at + 2));
            }
            for end in (at + 2..=below.len()).rev() {
                let tail = below.get(at..end).unwrap_or_default().join("/");
                if self.nested.contains(&tail) {
                    return Some((tail, false, end));
                }
            }
        }
        None
    }
}

/// The name of the cluster that an Application is for, if it is written.
pub fn cluster_of_application(object: Object<'_>) -> Option<String> {
    if object.kind_name() != "Application" || !object.api_version().starts_with("argoproj.io/") {
        return None;
    }
    let name = object.str_at("spec.destination.name")?;
    // A name that a template or a variable is still to give tells nothing.
    (!name.is_empty() && !name.contains(['{', '$'])).then(|| name.to_owned())
}

/// Splits a path at the first folder of variants: what comes before, and what lies below.
fn overlay<'p, 's>(parts: &'p [&'s str]) -> Option<(&'p [&'s str], &'p [&'s str])> {
    let at = parts.windows(2).position(|pair| {
        let [folder, child] = pair else { return false };
        VARIANTS.contains(&folder.to_ascii_lowercase().as_str()) && !is_shared(child)
    })?;
    Some((parts.get(..at)?, parts.get(at + 1..)?))
}

fn is_shared(folder: &str) -> bool {
    matches!(folder, "base" | "common" | "shared")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(paths: &Paths, directory: &str) -> String {
        let to = paths.destination(directory, directory, true, &Settings::default());
        let environment = to.environment.as_deref().unwrap_or("-");
        format!("{} {environment} {}", to.name(), to.cluster.is_some())
    }

    #[test]
    fn a_folder_below_an_overlay_that_components_share_is_a_place() {
        let roots = [
            "web/overlays/north/alpha",
            "web/overlays/north/beta",
            "api/overlays/north/alpha",
            "api/overlays/north/beta",
            "api/overlays/north/common",
            "web/overlays/north/common",
            "api/overlays/south/tools",
            "web/overlays/prod/eu",
            "api/overlays/prod/eu",
            "web/overlays/staging/eu",
            "api/overlays/staging/eu",
        ];
        let clusters = ["in-cluster", "hub", "core-infra"];
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let paths = Paths::learn(owned(&roots), owned(&clusters));
        assert_eq!(name(&paths, "web/overlays/north/alpha"), "alpha - true");
        assert_eq!(name(&paths, "db/overlays/prod/north/beta/users"), "beta prod true");
        assert_eq!(name(&paths, "api/overlays/alpha"), "alpha - true");
        assert_eq!(name(&paths, "api/overlays/north/common"), "north - false");
        assert_eq!(name(&paths, "api/overlays/south/tools"), "south - false");
        assert_eq!(name(&paths, "web/overlays/prod/eu"), "prod/eu prod false");
        assert_eq!(name(&paths, "web/overlays/staging/eu"), "staging/eu staging false");
        assert_eq!(name(&paths, "web/overlays/hub/applications/envs/north/alpha"), "hub - true");
        assert_eq!(name(&paths, "web/overlays/hub/applications/envs/dev"), "dev dev false");
        assert_eq!(name(&paths, "db/overlays/prod/core/infra"), "core-infra prod true");
    }
}
