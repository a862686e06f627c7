//! One large file of the documents of a tree.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::tree::file;

/// One file of at least so many bytes.
pub(crate) fn stream(path: &Path, bytes: usize) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let (mut at, mut written) = (0, 0);
    while written < bytes {
        let text = file(at);
        let between = if at == 0 { "" } else { "---\n" };
        write!(out, "{between}{text}")?;
        (at, written) = (at + 1, written + between.len() + text.len());
    }
    out.flush()?;
    Ok(())
}
