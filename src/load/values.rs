//! Files of values that something names: no manifests, but what charts are installed with.

use std::path::Path;
use std::sync::Arc;

use kubeready_manifest::yaml::Tree;
use memchr::memmem::Finder;

use super::{Class, Loaded, Reason, decode};
use crate::host::Host;
use crate::parallel;

/// Whether a text may name files of values: all fields of Applications, HelmReleases and
/// kustomizations that do end with `valueFiles`, `valuesFile` or `ValuesFiles`.
fn names_values(bytes: &[u8], word: &Finder<'_>) -> bool {
    let before = |at: usize| bytes.get(..at).unwrap_or_default();
    word.find_iter(bytes)
        .map(before)
        .any(|before| before.ends_with(b"alue") || before.ends_with(b"alues"))
}

/// Gives what may be a file of values its tree, where anything names such files. Which one is meant
/// may only be known when something was rendered; only then it matters whether it is YAML.
pub(super) fn read(host: &dyn Host, loaded: &mut [Loaded], max_bytes: u64) {
    let word = Finder::new("File");
    let names = |file: &Loaded| {
        let bytes = file.tree.as_ref().map_or(&[][..], |tree| tree.text().as_bytes());
        let template = file.class == Class::HelmTemplate;
        let bytes = if template { file.bytes().unwrap_or_default() } else { bytes };
        names_values(bytes, &word)
    };
    let files = loaded.iter().collect();
    if !parallel::map(files, parallel::FEW, names).contains(&true) {
        return;
    }
    let files = loaded.iter_mut().filter(|file| may_hold_values(file)).collect();
    parallel::map(files, parallel::FEW, |file| {
        let read = match &file.raw {
            Some(raw) => Ok(raw.to_vec()),
            None => host.read(&file.input.path, max_bytes),
        };
        let text = read.ok().and_then(|bytes| decode(bytes).ok());
        file.data = text.map(|text| Tree::parse(Arc::<str>::from(text), file.source));
    });
}

fn may_hold_values(file: &Loaded) -> bool {
    let class = matches!(
        file.class,
        Class::LeftAlone(Reason::HelmValues | Reason::Other | Reason::GeneratorInput)
    );
    class && file.parsed().is_none() && !file.input.stdin && is_yaml(&file.input.path)
}

/// By its name; kustomize takes values from files of any name, people call them this.
fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}
