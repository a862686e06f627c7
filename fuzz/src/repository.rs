//! Repositories in memory, out of bytes.

use std::path::{Path, PathBuf};

use kubeready::host::MemHost;
use kubeready::walk::clean;

/// More files say nothing new and cost time.
const MOST_FILES: usize = 48;

/// The files of an archive of text: before each stands a line `-- its/path --`. `None` where the bytes
/// do not begin with such a line.
pub(crate) fn unpacked(data: &[u8]) -> Option<MemHost> {
    header(data.split(|byte| *byte == b'\n').next()?)?;
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(path) = header(bare) {
            if files.len() == MOST_FILES {
                break;
            }
            files.push((path, Vec::new()));
        } else if let Some((_, bytes)) = files.last_mut() {
            bytes.extend_from_slice(line);
        }
    }
    Some(host(files))
}

/// Files at those paths. What would make a file a directory as well is left out.
pub(crate) fn host(files: impl IntoIterator<Item = (PathBuf, Vec<u8>)>) -> MemHost {
    let mut host = MemHost { today: (2026, 1, 1), ..MemHost::default() };
    for (path, bytes) in files {
        let path = clean(&Path::new("/").join(path));
        let clashes = |known: &PathBuf| known.starts_with(&path) || path.starts_with(known);
        if path.file_name().is_some() && !host.files.keys().any(clashes) {
            host.files.insert(path, bytes);
        }
    }
    host
}

fn header(line: &[u8]) -> Option<PathBuf> {
    let path = line.strip_prefix(b"-- ")?.strip_suffix(b" --")?;
    Some(PathBuf::from(String::from_utf8_lossy(path).into_owned()))
}

/// Two parts of the bytes: before and behind the first line `%%%`.
pub(crate) fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    const LINE: &[u8] = b"\n%%%\n";
    match data.windows(LINE.len()).position(|window| window == LINE) {
        Some(at) => (data.get(..=at).unwrap_or(data), data.get(at + LINE.len()..).unwrap_or(&[])),
        None => (data, &[]),
    }
}
