//! Manifests as they stand.

use std::path::Path;

use rustc_hash::FxHashMap;

use crate::load::{self, Class, Loaded, Reason};
use crate::set::{Contents, Lost, Member, Set, SetFile, Standing, Surroundings};

/// All plain manifests as one set; what reaches a cluster only through a renderer is marked so.
pub fn plain(loaded: &[Loaded], surroundings: Surroundings, unreadable: u32) -> Set<'_> {
    let mut set = Set { unreadable, surroundings, ..Set::default() };
    let mut members = Vec::new();
    let mut directories: FxHashMap<&Path, u32> = FxHashMap::default();
    for file in loaded {
        if file.class == Class::Unreadable {
            set.unreadable += 1;
        }
        let Some(tree) = &file.tree else { continue };
        let standing = match file.class {
            _ if !file.input.wanted => Standing::Context,
            Class::KustomizeResource => Standing::Unrendered,
            _ => Standing::Judged,
        };
        set.lost.extend(
            tree.errors()
                .iter()
                .map(|error| Lost { source: file.source, range: error.document.clone() }),
        );
        if file.class == Class::Patch {
            continue;
        }
        let contents = match file.class {
            Class::LeftAlone(Reason::Workflow) => Contents::Workflow,
            Class::LeftAlone(_) => Contents::Tool,
            _ => Contents::Manifests,
        };
        set.files.push(SetFile { tree, standing, contents });
        if contents == Contents::Workflow {
            continue;
        }
        if file.class == Class::Kustomization {
            set.generated.extend(load::generated(tree));
            set.pinned_images.extend(load::pinned_images(tree));
            continue;
        }
        let count = directories.len() as u32;
        let folder = file.input.path.parent().unwrap_or(Path::new(""));
        let directory = *directories.entry(folder).or_insert(count);
        for (object, ours) in load::file_objects(tree) {
            let standing = if ours { standing } else { Standing::Context };
            members.push(Member { object, standing, directory });
        }
    }
    set.members = members.into();
    set
}
