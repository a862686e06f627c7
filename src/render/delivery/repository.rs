//! Which URLs of git mean the repository that is being checked.

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
