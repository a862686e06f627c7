//! Globs on paths below the root and on words such as namespaces.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs on paths, as `.gitignore` reads them: without a slash a pattern holds at any depth, `/` at
/// its start binds it to the root, and what names a folder holds for everything below it.
#[derive(Clone, Debug, Default)]
pub struct PathGlobs {
    set: GlobSet,
    patterns: Vec<String>,
}

impl PathGlobs {
    /// `Err` says what is wrong with which pattern.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        let mut kept = Vec::new();
        for pattern in patterns {
            for glob in path_globs(pattern)? {
                set.add(glob);
            }
            kept.push(pattern.to_owned());
        }
        let set = set.build().map_err(|e| e.to_string())?;
        Ok(Self { set, patterns: kept })
    }

    pub fn is_match(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// As written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// For the walk, which asks them of every path.
    pub fn set(&self) -> &GlobSet {
        &self.set
    }
}

/// Globs on words: namespaces, kinds, names. Case matters only where Kubernetes says so: kinds are
/// compared without it.
#[derive(Clone, Debug, Default)]
pub struct WordGlobs {
    set: GlobSet,
    patterns: Vec<String>,
}

impl WordGlobs {
    pub fn new<'p>(
        patterns: impl IntoIterator<Item = &'p str>,
        any_case: bool,
    ) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        let mut kept = Vec::new();
        for pattern in patterns {
            set.add(build(GlobBuilder::new(pattern).case_insensitive(any_case))?);
            kept.push(pattern.to_owned());
        }
        let set = set.build().map_err(|e| e.to_string())?;
        Ok(Self { set, patterns: kept })
    }

    pub fn is_match(&self, word: &str) -> bool {
        self.set.is_match(word)
    }

    /// As written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

fn path_globs(pattern: &str) -> Result<Vec<Glob>, String> {
    let bare = pattern.trim_end_matches('/');
    let bare = bare.strip_prefix("./").unwrap_or(bare);
    if bare.is_empty() {
        return Err("a glob that is empty matches nothing".to_owned());
    }
    if bare.starts_with('!') {
        return Err("a glob cannot be negated by `!` here".to_owned());
    }
    let rooted = match bare.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if bare.contains('/') => bare.to_owned(),
        None => format!("**/{bare}"),
    };
    let below = format!("{}/**", rooted.trim_end_matches("/**"));
    let glob = |text: &str| build(GlobBuilder::new(text).literal_separator(true));
    if rooted.ends_with("/**") {
        Ok(vec![glob(&rooted)?])
    } else {
        Ok(vec![glob(&rooted)?, glob(&below)?])
    }
}

fn build(builder: &GlobBuilder<'_>) -> Result<Glob, String> {
    builder.build().map_err(|e| e.kind().to_string())
}
