//! Image references: registry, repository, tag, digest.

/// The parts of `[registry[:port]/]repository[:tag][@digest]`, borrowed from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRef<'t> {
    /// The host that serves it, if one is named: `quay.io`, `localhost:5000`.
    pub registry: Option<&'t str>,
    /// Without registry, tag and digest: `library/nginx`.
    pub repository: &'t str,
    pub tag: Option<&'t str>,
    /// `sha256:…`
    pub digest: Option<&'t str>,
}

impl<'t> ImageRef<'t> {
    pub fn parse(text: &'t str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon is a tag's only behind the last slash; before it, a port's.
        let last = rest.rfind('/').map_or(0, |at| at + 1);
        let (rest, tag) = match rest[last..].split_once(':') {
            Some((name, tag)) => (&rest[..last + name.len()], Some(tag)),
            None => (rest, None),
        };
        let (registry, repository) = match rest.split_once('/') {
            Some((host, repository)) if host.contains(['.', ':']) || host == "localhost" => {
                (Some(host), repository)
            }
            _ => (None, rest),
        };
        Self { registry, repository, tag, digest }
    }

    /// The last part of the repository: `nginx` of `library/nginx`.
    pub fn name(self) -> &'t str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::ImageRef;

    #[test]
    fn a_port_is_no_tag() {
        let image = ImageRef::parse("registry:5000/team/app");
        assert_eq!(
            (image.registry, image.repository, image.tag),
            (Some("registry:5000"), "team/app", None)
        );
        let image = ImageRef::parse("nginx:1.27@sha256:abc");
        assert_eq!(
            (image.repository, image.tag, image.digest),
            ("nginx", Some("1.27"), Some("sha256:abc"))
        );
        let image = ImageRef::parse("library/nginx");
        assert_eq!((image.registry, image.name()), (None, "nginx"));
    }
}
