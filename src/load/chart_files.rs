//! Files of charts: no manifests, but what the rules about charts look at.

use std::path::{Path, PathBuf};

use kubeready_manifest::yaml::Tree;

use super::{Class, Input, Loaded, Reason, closure, decode};
use crate::host::{Host, PathKind};
use crate::source::SourceId;

/// Gives metadata and values a tree and templates their text; none is given to what cannot be read.
/// Files whose names no walk looks for come behind.
pub(super) fn read(host: &dyn Host, loaded: &mut Vec<Loaded>, first: u32, max_bytes: u64) {
    let mut charts: Vec<(PathBuf, Input)> = Vec::new();
    for file in loaded.iter_mut() {
        let metadata = matches!(file.class, Class::LeftAlone(Reason::Chart | Reason::HelmValues));
        if file.input.stdin || file.tree.is_some() {
            continue;
        }
        if metadata {
            let text = host.read(&file.input.path, max_bytes).ok().and_then(|b| decode(b).ok());
            file.tree = text.map(|text| Tree::parse(text, file.source));
            if file.input.path.file_name().is_some_and(|name| name == "Chart.yaml") {
                let folder = file.input.path.parent().unwrap_or(Path::new(""));
                charts.push((folder.to_path_buf(), file.input.clone()));
            }
        } else if file.class == Class::HelmTemplate {
            file.raw = host.read(&file.input.path, max_bytes).ok().map(Into::into);
        }
    }
    for (folder, by) in charts {
        for name in ["Chart.lock", "requirements.lock"] {
            let path = folder.join(name);
            let known = loaded.iter().any(|file| file.input.path == path);
            if known || host.kind(&path) != PathKind::File {
                continue;
            }
            let source = SourceId(first + loaded.len() as u32);
            let input = Input {
                shown: closure::told(&by.path, &by.shown, &path),
                from_root: closure::told(&by.path, &by.from_root, &path),
                wanted: by.wanted,
                stdin: false,
                path,
            };
            let mut file = Loaded::unread(input, source);
            file.class = Class::LeftAlone(Reason::Chart);
            let text = host.read(&file.input.path, max_bytes).ok().and_then(|b| decode(b).ok());
            file.tree = text.map(|text| Tree::parse(text, source));
            loaded.push(file);
        }
    }
}
