//! Names of clusters and environments, read from paths the way people write them.

use std::path::Path;

use crate::load::World;

/// How far on its way to production an environment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// dev, sandbox, preview, local
    Development,
    /// test, qa, integration
    Test,
    /// staging, uat, preprod
    Staging,
    /// prod, live
    Production,
    /// Kept ready to take over from production.
    Recovery,
}

const WORDS: &[(Stage, &[&str])] = &[
    (
        Stage::Development,
        &[
            "dev",
            "devel",
            "develop",
            "development",
            "sandbox",
            "sbx",
            "preview",
            "local",
            "nonprod",
        ],
    ),
    (Stage::Test, &["test", "testing", "qa", "integration", "e2e"]),
    (
        Stage::Staging,
        &["staging", "stage", "stg", "preprod", "preproduction", "uat", "acceptance", "acc"],
    ),
    (Stage::Production, &["prod", "production", "prd", "live"]),
    (Stage::Recovery, &["dr", "standby"]),
];

/// Folders whose children are environments or variants.
pub(crate) const VARIANTS: &[&str] =
    &["overlays", "overlay", "environments", "environment", "envs", "env", "stages"];

/// The stage that a name speaks of: `prod-eu`, `eu.production`, `preprod`.
pub fn stage(name: &str) -> Option<Stage> {
    environment_word(name).map(|(_, stage)| stage)
}

/// The word for an environment in a name, as written, and its stage.
pub fn environment_word(name: &str) -> Option<(&str, Stage)> {
    let known = |word: &str| {
        let is = |known: &&str| word.eq_ignore_ascii_case(known);
        WORDS.iter().find(|(_, words)| words.iter().any(is)).map(|(stage, _)| *stage)
    };
    if let Some(stage) = known(name) {
        return Some((name, stage));
    }
    for (written, stage) in [
        ("pre-prod", Stage::Staging),
        ("non-prod", Stage::Development),
        ("not-prod", Stage::Development),
    ] {
        let mut parts = name.as_bytes().windows(written.len());
        if let Some(at) = parts.position(|part| part.eq_ignore_ascii_case(written.as_bytes())) {
            let word = name.get(at..at + written.len())?;
            return Some((word, stage));
        }
    }
    name.split(['-', '_', '.']).find_map(|word| known(word).map(|stage| (word, stage)))
}

/// Every word for a stage, in lower case.
pub(crate) fn words_of(stage: Stage) -> &'static [&'static str] {
    WORDS.iter().find(|(known, _)| *known == stage).map_or(&[], |(_, words)| words)
}

/// What a path says of where its manifests go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathWords<'p> {
    /// `clusters/<name>/…`
    pub cluster: Option<&'p str>,
    /// The environment, as written.
    pub environment: Option<&'p str>,
    /// `overlays/<name>/…`
    pub variant: Option<&'p str>,
}

/// Reads a directory's path from the root. `is_root`: it is a kustomization or something delivered,
/// so that a folder simply called `prod` says what it means; plain manifests in a folder `test` may
/// be anything.
pub fn read_path(directory: &Path, is_root: bool) -> PathWords<'_> {
    let mut words = PathWords::default();
    let parts: Vec<&str> = directory.components().filter_map(|c| c.as_os_str().to_str()).collect();
    for pair in parts.windows(2) {
        let (folder, child) = (pair[0].to_ascii_lowercase(), pair[1]);
        if folder == "clusters" && !matches!(child, "base" | "common" | "shared" | "all") {
            words.cluster.get_or_insert(child);
        }
        if VARIANTS.contains(&folder.as_str()) && !matches!(child, "base" | "common" | "shared") {
            words.variant.get_or_insert(child);
        }
    }
    let named = words.variant.and_then(environment_word);
    let named = named.or_else(|| words.cluster.and_then(environment_word));
    words.environment = named.map(|(word, _)| word);
    if words.environment.is_none() && is_root {
        words.environment = parts
            .iter()
            .rev()
            .find_map(|part| environment_word(part).filter(|(word, _)| word == part))
            .map(|(word, _)| word);
    }
    words
}

/// Whether a path leads through a folder of examples or tests: what lies there serves no cluster.
pub fn is_example(world: &World<'_>, path: &Path) -> bool {
    const FOLDERS: [&str; 13] = [
        "example",
        "examples",
        "sample",
        "samples",
        "tests",
        "testdata",
        "e2e",
        "fixtures",
        "docs",
        "doc",
        "hack",
        "templates",
        "tutorials",
    ];
    let below = path.strip_prefix(world.root()).unwrap_or(path);
    let folders = below.parent().into_iter().flat_map(Path::components);
    let mut names = folders.filter_map(|c| c.as_os_str().to_str());
    names.any(|name| FOLDERS.iter().any(|folder| name.eq_ignore_ascii_case(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak_of_environments() {
        assert_eq!(environment_word("prod-eu"), Some(("prod", Stage::Production)));
        assert_eq!(environment_word("eu.Production"), Some(("Production", Stage::Production)));
        assert_eq!(environment_word("pre-prod"), Some(("pre-prod", Stage::Staging)));
        assert_eq!(environment_word("nonprod"), Some(("nonprod", Stage::Development)));
        assert_eq!(environment_word("product-catalog"), None);
    }

    #[test]
    fn paths_name_clusters_and_variants() {
        let read = |path: &'static str| read_path(Path::new(path), true);
        let words = read("apps/web/overlays/prod-eu");
        assert_eq!((words.variant, words.environment), (Some("prod-eu"), Some("prod")));
        let words = read("clusters/eu-1/apps");
        assert_eq!((words.cluster, words.environment), (Some("eu-1"), None));
        assert_eq!(read("deploy/staging").environment, Some("staging"));
        assert_eq!(read_path(Path::new("deploy/test"), false).environment, None);
        assert_eq!(read("overlays/base").variant, None);
    }
}
