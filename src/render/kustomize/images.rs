//! `images:` of a kustomization: names, tags and digests of images are overridden.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Origin, Value, Writer};
use regex::Regex;

use super::fields::{Failure, visit};
use super::resource::Id;
use super::tables::FieldSpec;

/// An entry of `images:`.
#[derive(Clone, Debug)]
pub struct ImageEntry<'t> {
    /// What it looks for: a regular expression, as kustomize takes it.
    pub name: Option<Value<'t>>,
    pub new_name: Option<Value<'t>>,
    pub new_tag: Option<Value<'t>>,
    pub tag_suffix: Option<Value<'t>>,
    pub digest: Option<Value<'t>>,
    /// The entry.
    pub origin: Origin,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    /// Text in which only `.` means more than itself.
    Text(String),
    Regex(Regex),
    /// A name that is no regular expression: the real tool goes on and matches nothing. (Its version
    /// 5.7.1 crashes at the first image.)
    Nothing,
}

impl<'t> ImageEntry<'t> {
    /// Reads an entry: `name`, `newName`, `newTag`, `tagSuffix`, `digest`, all scalars.
    ///
    /// # Errors
    /// What is no map.
    pub fn read(value: &Value<'t>) -> Result<Self, Failure> {
        if !value.is_map() {
            return Err((value.origin.span, "an image is a map with a `name`".to_owned()));
        }
        let part = |key: &str| value.get(key).filter(|value| !value.text().is_empty()).cloned();
        let name = part("name");
        let text = name.as_ref().map_or("", Value::text);
        let matcher =
            if text.contains(['\\', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$']) {
                let regex = Regex::new(&format!(
                    "^{text}(:[a-zA-Z0-9_.{{}}-]*)?(@[a-zA-Z][a-zA-Z0-9]*:[a-zA-Z0-9_.{{}}-]*)?$"
                ));
                regex.map_or(Matcher::Nothing, Matcher::Regex)
            } else {
                Matcher::Text(text.to_owned())
            };
        Ok(Self {
            name,
            new_name: part("newName"),
            new_tag: part("newTag"),
            tag_suffix: part("tagSuffix"),
            digest: part("digest"),
            origin: value.origin,
            matcher,
        })
    }

    /// Whether an image is one that the entry is about.
    pub fn matches(&self, image: &str) -> bool {
        match &self.matcher {
            Matcher::Nothing => false,
            Matcher::Regex(regex) => regex.is_match(image),
            Matcher::Text(name) => after(image, name).is_some_and(is_tag_and_digest),
        }
    }

    /// The image after the override.
    fn rewrite(&self, image: &str) -> String {
        let text = |value: &Option<Value<'t>>| value.as_ref().map(|value| value.text().to_owned());
        let (mut name, mut tag, mut digest) = split(image);
        if let Some(new) = &self.new_name {
            name = Cow::Owned(new.text().to_owned());
        }
        match (text(&self.new_tag), text(&self.digest), &self.tag_suffix) {
            (Some(new_tag), new_digest, _) => {
                tag = new_tag;
                digest = new_digest.unwrap_or_default();
            }
            (None, Some(new_digest), _) => {
                tag.clear();
                digest = new_digest;
            }
            (None, None, Some(suffix)) => {
                tag.push_str(suffix.text());
                digest.clear();
            }
            (None, None, None) => {}
        }
        let mut image = name.into_owned();
        if !tag.is_empty() {
            image.push(':');
            image.push_str(&tag);
        }
        if !digest.is_empty() {
            image.push('@');
            image.push_str(&digest);
        }
        image
    }

    /// The place that a person would edit to change what it writes.
    fn written_at(&self) -> Origin {
        let parts = [&self.new_tag, &self.digest, &self.new_name, &self.tag_suffix];
        let part = parts.into_iter().flatten().next();
        Origin { by: Writer::Image, ..part.map_or(self.origin, |value| value.origin) }
    }

    /// Overrides one image; `false` if it is another's.
    fn set(&self, value: &mut Value<'t>) -> Result<bool, Failure> {
        let at = value.origin.span;
        let Data::Scalar { text, .. } = &value.data else {
            return Err((at, "an image is text".to_owned()));
        };
        if !self.matches(text) {
            return Ok(false);
        }
        *value = Value::string(self.rewrite(text), self.written_at());
        Ok(true)
    }
}

/// What follows a name in an image; `.` in the name stands for any character.
fn after<'i>(image: &'i str, name: &str) -> Option<&'i str> {
    let mut rest = image.chars();
    for wanted in name.chars() {
        let is = rest.next()?;
        if is != wanted && (wanted != '.' || is == '\n') {
            return None;
        }
    }
    Some(rest.as_str())
}

/// `[:tag][@algorithm:digest]`, either of them possibly empty.
fn is_tag_and_digest(text: &str) -> bool {
    let word = |text: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '{' | '}' | '-'))
    };
    let (tag, digest) = text.split_once('@').map_or((text, None), |(tag, d)| (tag, Some(d)));
    let is_tag = tag.is_empty() || tag.strip_prefix(':').is_some_and(word);
    let is_digest = digest.is_none_or(|digest| {
        digest.split_once(':').is_some_and(|(algorithm, hash)| {
            algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
                && algorithm.chars().all(|c| c.is_ascii_alphanumeric())
                && word(hash)
        })
    });
    is_tag && is_digest
}

/// Name, tag and digest of an image; a port of its registry is part of the name.
fn split(image: &str) -> (Cow<'_, str>, String, String) {
    let path = image.find('/').unwrap_or(0);
    let (rest, digest) = match image.get(path..).and_then(|tail| tail.find('@')) {
        Some(at) => (image.get(..path + at), image.get(path + at + 1..)),
        None => (Some(image), None),
    };
    let (rest, digest) = (rest.unwrap_or(image), digest.unwrap_or_default().to_owned());
    match rest.get(path..).and_then(|tail| tail.find(':')) {
        Some(at) => {
            let name = rest.get(..path + at).unwrap_or(rest);
            let tag = rest.get(path + at + 1..).unwrap_or_default();
            (Cow::Borrowed(name), tag.to_owned(), digest)
        }
        None => (Cow::Borrowed(rest), String::new(), digest),
    }
}

/// Overrides the images of an object: those of every `containers` and `initContainers` at any depth,
/// then those at the specs. Nothing is made, and a CustomResourceDefinition is left alone.
///
/// An image that both find is overridden twice, as kustomize does it: its `tagSuffix` is doubled there
/// (its issue 4814), and what ships is what counts.
///
/// Returns whether the entry matched an image. What is written points to `newTag`, else `digest`,
/// `newName`, `tagSuffix`.
///
/// # Errors
/// A field for images that is no text.
pub fn set_images<'t>(
    value: &mut Value<'t>,
    kind: &str,
    entry: &ImageEntry<'t>,
    specs: &[FieldSpec],
) -> Result<bool, Failure> {
    if kind == CUSTOM_RESOURCE_DEFINITION {
        return Ok(false);
    }
    let matched = set_containers(value, entry)?;
    Ok(set_at_specs(value, entry, specs)? | matched)
}

const CUSTOM_RESOURCE_DEFINITION: &str = "CustomResourceDefinition";

/// Overrides the images at field specs only.
///
/// # Errors
/// A field that is no text.
pub fn set_at_specs<'t>(
    value: &mut Value<'t>,
    entry: &ImageEntry<'t>,
    specs: &[FieldSpec],
) -> Result<bool, Failure> {
    let id = Id::of(value);
    let mut outcome = Ok(false);
    if id.kind == CUSTOM_RESOURCE_DEFINITION {
        return outcome;
    }
    for spec in specs.iter().filter(|spec| spec.selects(&id)) {
        visit(value, &spec.path, None, entry.origin, &mut |image| {
            if let Ok(matched) = outcome {
                outcome = entry.set(image).map(|now| now | matched);
            }
        })?;
    }
    outcome
}

/// Overrides images of containers at any depth.
///
/// # Errors
/// An `image` that is no text.
pub fn set_containers<'t>(value: &mut Value<'t>, entry: &ImageEntry<'t>) -> Result<bool, Failure> {
    let mut matched = false;
    match &mut value.data {
        Data::Scalar { .. } => {}
        Data::Seq(items) => {
            for item in items {
                matched |= set_containers(item, entry)?;
            }
        }
        Data::Map(entries) => {
            for field in entries {
                matched |= set_containers(&mut field.value, entry)?;
                if !matches!(field.key.as_ref(), "containers" | "initContainers") {
                    continue;
                }
                let Data::Seq(containers) = &mut field.value.data else { continue };
                for container in containers {
                    if let Some(image) = container.get_mut("image").filter(|image| !image.is_null())
                    {
                        matched |= entry.set(image)?;
                    }
                }
            }
        }
    }
    Ok(matched)
}

#[cfg(test)]
mod tests {
    use kubeready_manifest::yaml::Tree;

    use super::*;
    use crate::render::kustomize::tables;
    use crate::source::SourceId;

    /// The image that an entry makes of one, and the text that the outcome points to.
    fn image(entry: &str, image: &str) -> (String, String) {
        let object =
            format!("{{kind: Job, spec: {{x: [{{containers: [{{image: '{image}'}}]}}]}}}}");
        let entries = Tree::parse(entry, SourceId(1));
        let objects = Tree::parse(object, SourceId(2));
        let root = |tree| Tree::documents(tree).next().expect("a document").1;
        let entry_value = Value::of(root(&entries), Writer::Resource);
        let entry_read = ImageEntry::read(&entry_value).expect("an entry");
        let mut object = Value::of(root(&objects), Writer::Resource);
        set_images(&mut object, "Job", &entry_read, tables::images()).expect("text");
        let item = &object.at(&["spec", "x"]).expect("a list").items()[0];
        let set = item.get("containers").expect("a list").items()[0].get("image").expect("text");
        let span = set.origin.span;
        let at = if span.source == SourceId(1) {
            entry[span.start as usize..span.end as usize].to_owned()
        } else {
            String::new()
        };
        (set.text().to_owned(), at)
    }

    #[test]
    fn tags_digests_and_names_are_overridden() {
        for (entry, from, to, at) in [
            ("{name: web, newTag: v2}", "web:v1", "web:v2", "v2"),
            ("{name: web, newTag: v2}", "web@sha256:12", "web:v2", "v2"),
            ("{name: web, digest: 'sha256:34'}", "web:v1", "web@sha256:34", "'sha256:34'"),
            ("{name: web, newName: r:5000/w}", "web:v1", "r:5000/w:v1", "r:5000/w"),
            ("{name: r:5000/w, newTag: v2}", "r:5000/w", "r:5000/w:v2", "v2"),
            ("{name: web, newName: w, newTag: v2}", "web", "w:v2", "v2"),
            ("{name: web, tagSuffix: -x}", "web:v1@sha256:12", "web:v1-x", "-x"),
            ("{name: web, newTag: v2}", "my/web:v1", "my/web:v1", ""),
            ("{name: web, newTag: v2}", "webs:v1", "webs:v1", ""),
            ("{name: '.*/web', newTag: v2}", "my/web:v1", "my/web:v2", "v2"),
            ("{name: q.io/web, newTag: v2}", "q-io/web:v1", "q-io/web:v2", "v2"),
            ("{name: web, newTag: v2}", "web:v1:v3", "web:v1:v3", ""),
            ("{name: '[', newTag: v2}", "web:v1", "web:v1", ""),
        ] {
            assert_eq!(image(entry, from), (to.to_owned(), at.to_owned()), "{entry} {from}");
        }
    }

    #[test]
    fn definitions_of_kinds_are_left_alone() {
        let text = "{kind: CustomResourceDefinition, spec: {containers: [{image: web}]}}";
        let trees = [text, "{name: web, newTag: v2}"].map(|text| Tree::parse(text, SourceId(0)));
        let [mut object, entry] = [0, 1].map(|n: usize| {
            let root = trees[n].documents().next().expect("a document").1;
            Value::of(root, Writer::Resource)
        });
        let entry = ImageEntry::read(&entry).expect("an entry");
        let kind = "CustomResourceDefinition";
        assert_eq!(set_images(&mut object, kind, &entry, tables::images()), Ok(false));
    }
}
