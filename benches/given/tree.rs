//! Many small files.

use std::fs;
use std::io;
use std::path::Path;

use super::application::application;

/// `count` files over 20 clusters, a namespace a file.
pub(crate) fn tree(root: &Path, count: usize) -> io::Result<()> {
    for at in 0..count {
        let folder = root.join(format!("clusters/c{:02}/apps", at % 20));
        if at < 20 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("app-{at:05}.yaml")), file(at))?;
    }
    Ok(())
}

/// The file of one number.
pub(crate) fn file(at: usize) -> String {
    application(&format!("app-{at:05}"), Some(&format!("team-{at:05}")), &format!("1.{at}.0"))
}
