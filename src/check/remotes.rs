//! The URLs of the repository, as its own git configuration has them.

use std::path::Path;

use crate::host::Host;
use crate::walk::clean;

/// Far more than any configuration of git.
const LIMIT: u64 = 1 << 20;

/// URLs of all remotes of the repository at `root`; none where there is no repository.
pub(super) fn remotes(host: &dyn Host, root: &Path) -> Vec<String> {
    let text = |path: &Path| String::from_utf8(host.read(path, LIMIT).ok()?).ok();
    let git = root.join(".git");
    let config = text(&git.join("config")).or_else(|| {
        // A worktree or submodule: a file that says where the rest is.
        let pointer = text(&git)?;
        let folder = clean(&root.join(pointer.strip_prefix("gitdir:")?.trim()));
        let common = text(&folder.join("commondir"));
        let common = common.map_or_else(|| folder.clone(), |c| clean(&folder.join(c.trim())));
        text(&common.join("config"))
    });
    config.as_deref().map(urls).unwrap_or_default()
}

/// `url = …` of every `[remote "…"]`.
fn urls(config: &str) -> Vec<String> {
    let mut in_remote = false;
    let mut urls = Vec::new();
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            in_remote = line.starts_with("[remote ");
        } else if let Some((key, value)) = line.split_once('=').filter(|_| in_remote)
            && key.trim().eq_ignore_ascii_case("url")
        {
            urls.push(value.trim().trim_matches('"').to_owned());
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::remotes;
    use crate::host::MemHost;

    #[test]
    fn remotes_are_read_from_the_configuration_and_through_worktrees() {
        let config =
            "[core]\n\turl = no\n[remote \"origin\"]\n\turl = git@github.com:shop/fleet.git\n";
        let host = MemHost::with([
            ("repo/.git/config", config),
            ("tree/.git", "gitdir: /repo/.git/worktrees/tree\n"),
            ("repo/.git/worktrees/tree/commondir", "../..\n"),
        ]);
        for root in ["/repo", "/tree"] {
            assert_eq!(remotes(&host, Path::new(root)), ["git@github.com:shop/fleet.git"]);
        }
        assert!(remotes(&host, Path::new("/elsewhere")).is_empty());
    }
}
