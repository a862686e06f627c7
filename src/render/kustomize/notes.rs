//! What `buildMetadata` asks to be written on objects: where they come from and what changed them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kubeready_manifest::yaml::{Origin, Value};

use super::accumulate::Builder;
use super::kustomization::Kustomization;
use super::resource::Resource;

/// Origin and transformations as YAML, in the layout of the annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    pub(super) origin: String,
    pub(super) transformations: String,
}

impl Notes {
    #[allow(clippy::unnecessary_box_returns)] // as a resource holds it
    pub(super) fn of(origin: String) -> Box<Self> {
        Box::new(Self { origin, transformations: String::new() })
    }
}

impl<'w> Builder<'_, 'w> {
    /// The origin of what a file holds, if it is asked for.
    pub(super) fn origin_of_file(&self, path: &Path) -> Option<String> {
        let root = self.annotate.as_ref()?;
        Some(format!("path: {}\n", relative(root, path)))
    }

    /// The origin of what a generator makes, if it is asked for. `file` is where the generator is
    /// configured unless that is the kustomization, `by` its version, kind, name and namespace.
    pub(super) fn origin_of_plugin(
        &self,
        k: &Kustomization<'w>,
        file: Option<&Path>,
        by: [&str; 4],
    ) -> Option<Box<Notes>> {
        let root = self.annotate.as_ref()?;
        let own = k.directory.join(k.file.input.path.file_name()?);
        Some(Notes::of(configured(&relative(root, file.unwrap_or(&own)), by)))
    }

    /// Notes that a transformer went over all objects.
    pub(super) fn note_transformer(
        &self,
        k: &Kustomization<'w>,
        by: [&str; 4],
        file: Option<&Path>,
        resources: &mut [Resource<'w>],
    ) {
        let Some(root) = &self.annotate else { return };
        let own = k.file.input.path.file_name().map(|name| k.directory.join(name));
        let Some(file) = file.map(Path::to_path_buf).or(own) else { return };
        let text = configured(&relative(root, &file), by);
        let mut item = String::new();
        for (at, line) in text.lines().enumerate() {
            let _ = writeln!(item, "{}{line}", if at == 0 { "- " } else { "  " });
        }
        for resource in resources {
            resource.notes.get_or_insert_default().transformations.push_str(&item);
        }
    }
}

fn configured(file: &str, by: [&str; 4]) -> String {
    let mut text = format!("configuredIn: {file}\nconfiguredBy:\n");
    for (key, value) in ["apiVersion", "kind", "name", "namespace"].into_iter().zip(by) {
        if !value.is_empty() {
            let _ = writeln!(text, "  {key}: {value}");
        }
    }
    text
}

/// A path told from a directory, with `..` where it lies elsewhere.
fn relative(from: &Path, path: &Path) -> String {
    let mut common = from;
    let mut ups = 0;
    while !path.starts_with(common) {
        let Some(parent) = common.parent() else { break };
        common = parent;
        ups += 1;
    }
    let rest = path.strip_prefix(common).unwrap_or(path);
    let mut told: PathBuf = std::iter::repeat_n("..", ups).collect();
    told.push(rest);
    told.to_string_lossy().replace('\\', "/")
}

/// Writes the notes that are asked for as annotations; `place` is what asks for them.
pub(super) fn write(
    resources: &mut [Resource<'_>],
    place: Origin,
    origin: bool,
    transformations: bool,
) {
    for resource in resources {
        let Some(notes) = resource.notes.take() else { continue };
        let pairs = [
            ("config.kubernetes.io/origin", &notes.origin, origin),
            ("alpha.config.kubernetes.io/transformations", &notes.transformations, transformations),
        ];
        for (key, text, asked) in pairs {
            if asked && !text.is_empty() {
                super::pair(
                    &mut resource.value,
                    "annotations",
                    key,
                    Value::string(text.clone(), place),
                );
            }
        }
    }
}
