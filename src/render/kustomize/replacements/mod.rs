//! `replacements:` of a kustomization: a value of one object is copied into fields of others.

mod embedded;
mod path;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Origin, Scalar, Style, Value, Writer};

use super::fields::{Created, Failure};
use super::resource::{Id, Resource};
use super::room::Room;
use super::select::Selector;

/// The field that is meant where none is written.
const NAME: &str = "metadata.name";

/// Does one replacement: an entry of `replacements:`, or of the file that one names by `path`.
///
/// Returns how many objects its targets selected. A value that is copied whole has the place of the
/// source's value; one that became a part of the target's text keeps the target's place. YAML and JSON
/// in a scalar are written into where a path goes on below it.
///
/// # Errors
/// What makes kustomize fail: no source or targets, a source that is not exactly one object or has not
/// the field, a target without the field (unless `options.create`), a delimiter on what is no scalar.
/// Also what writes more than there is room for.
pub fn replace<'t>(
    resources: &mut [Resource<'t>],
    replacement: &Value<'t>,
    room: &mut Room,
) -> Result<usize, Failure> {
    let part = |key: &str| replacement.get(key).filter(|value| !value.is_null());
    let at = replacement.origin.span;
    let targets = part("targets");
    let value = match (part("source"), part("sourceValue"), targets) {
        (_, _, None) | (None, None, _) => {
            return Err((at, "a replacement needs a source and at least one target".to_owned()));
        }
        (Some(_), Some(value), _) => {
            let both = "`sourceValue` and `source` exclude each other";
            return Err((value.origin.span, both.to_owned()));
        }
        (None, Some(value), _) => {
            // Kustomize decodes it as text and writes the text plainly.
            Value::plain(text_of(value), written(value.origin))
        }
        (Some(source), None, _) => read_source(resources, source)?,
    };
    let mut selected = 0;
    for target in targets.map_or(&[][..], Value::items) {
        selected += write_target(resources, target, &value, room)?;
    }
    Ok(selected)
}

fn written(origin: Origin) -> Origin {
    Origin { by: Writer::Replacement, ..origin }
}

fn text_of<'t>(value: &Value<'t>) -> Cow<'t, str> {
    match &value.data {
        Data::Scalar { text, .. } => text.clone(),
        Data::Map(_) | Data::Seq(_) => Cow::Borrowed(""),
    }
}

/// `delimiter`, `index` and `create` of a source or target.
struct Options<'o> {
    delimiter: &'o str,
    index: i64,
    create: bool,
    origin: Origin,
}

impl<'o> Options<'o> {
    fn read(of: &'o Value<'_>) -> Self {
        let options = of.get("options");
        let part = |key: &str| options.and_then(|options| options.get(key));
        let index = match part("index").and_then(Value::scalar) {
            Some(Scalar::Int(index)) => index,
            _ => 0,
        };
        Self {
            delimiter: part("delimiter").map_or("", Value::text),
            index,
            create: part("create").and_then(Value::as_bool).unwrap_or(false),
            origin: options.unwrap_or(of).origin,
        }
    }

    fn no_scalar<T>(&self) -> Result<T, Failure> {
        Err((self.origin.span, "`delimiter` is for scalars only".to_owned()))
    }
}

/// The value that is copied.
fn read_source<'t>(resources: &[Resource<'t>], source: &Value<'t>) -> Result<Value<'t>, Failure> {
    let span = source.origin.span;
    let wanted = |key: &str| source.get(key).map_or("", Value::text);
    let is_meant = |id: &Id| {
        let same = |key: &str, is: &str| matches!(wanted(key), "") || wanted(key) == is;
        same("group", &id.group)
            && same("version", &id.version)
            && same("kind", &id.kind)
            && same("name", &id.name)
            && (same("namespace", id.effective_namespace()) || same("namespace", &id.namespace))
    };
    let is_source = |resource: &&Resource<'t>| {
        resource.previous.iter().any(is_meant) || is_meant(&resource.id())
    };
    let mut meant = resources.iter().filter(is_source);
    let describe = || format!("{} {}", wanted("kind"), wanted("name")).trim().to_owned();
    let resource = match (meant.next(), meant.next()) {
        (Some(resource), None) => resource,
        (None, _) => return Err((span, format!("no object is the source `{}`", describe()))),
        (Some(_), Some(_)) => {
            return Err((span, format!("several objects are the source `{}`", describe())));
        }
    };
    let field = source.get("fieldPath").filter(|field| !field.text().is_empty());
    let written_path = field.map_or(NAME, Value::text);
    let place = field.map_or(span, |field| field.origin.span);
    let path = path::split(written_path);
    let found = path::find(&resource.value, &path).map_err(|why| (place, why))?;
    let is_empty = |value: &Value<'_>| match &value.data {
        Data::Map(entries) => entries.is_empty(),
        Data::Seq(items) => items.is_empty(),
        Data::Scalar { .. } => value.is_null(),
    };
    let Some(value) = found.filter(|value| !is_empty(value)) else {
        let name = resource.id().describe();
        return Err((place, format!("`{written_path}` is missing in the source {name}")));
    };
    let mut value = value.clone();
    value.origin = written(value.origin);
    let options = Options::read(source);
    if options.delimiter.is_empty() {
        return Ok(value);
    }
    let Data::Scalar { text, style } = &value.data else { return options.no_scalar() };
    let index = usize::try_from(options.index).ok();
    let Some(piece) = index.and_then(|at| text.split(options.delimiter).nth(at)) else {
        let index = options.index;
        return Err((options.origin.span, format!("`{text}` has no part of index {index}")));
    };
    let data = Data::Scalar { text: Cow::Owned(piece.to_owned()), style: *style };
    Ok(Value { data, origin: value.origin })
}

/// Writes to every object that a target selects; returns how many those are.
fn write_target<'t>(
    resources: &mut [Resource<'t>],
    target: &Value<'t>,
    value: &Value<'t>,
    room: &mut Room,
) -> Result<usize, Failure> {
    let Some(select) = target.get("select").filter(|select| !select.is_null()) else {
        return Err((target.origin.span, "a target needs `select`".to_owned()));
    };
    let select = Selector::read(select)?;
    let rejects = target.get("reject").map_or(&[][..], Value::items);
    let rejects = rejects.iter().map(Selector::read).collect::<Result<Vec<_>, _>>()?;
    let options = Options::read(target);
    let paths: Vec<(&str, Origin)> = match target.get("fieldPaths").map(Value::items) {
        Some(paths) if !paths.is_empty() => {
            paths.iter().map(|path| (path.text(), path.origin)).collect()
        }
        _ => vec![(NAME, target.origin)],
    };
    let paths: Vec<_> =
        paths.into_iter().map(|(text, origin)| (text, path::split(text), origin)).collect();
    let mut selected = 0;
    for resource in resources {
        let ids = resource.ids();
        let is_rejected = rejects.iter().any(|reject| {
            reject.reads_metadata() && reject.matches_metadata(&resource.value)
                || reject.reads_id() && ids.iter().any(|id| reject.matches_id(id))
        });
        if is_rejected
            || !select.matches_metadata(&resource.value)
            || !ids.iter().any(|id| select.matches_id(id))
        {
            continue;
        }
        selected += 1;
        for (text, path, origin) in &paths {
            let create = options.create.then_some(match value.data {
                Data::Map(_) => Created::Map,
                Data::Seq(_) => Created::Seq,
                Data::Scalar { .. } => Created::Scalar,
            });
            let walk = path::Walk { create, origin: written(*origin) };
            let mut set = |field: &mut Value<'t>| {
                room.value(value, path.len()).map_err(|why| (origin.span, why))?;
                if !options.delimiter.is_empty() {
                    room.text(field.text().len()).map_err(|why| (origin.span, why))?;
                }
                set_field(field, value, &options)
            };
            let why = match walk.visit(&mut resource.value, path, &mut set) {
                Ok(0) => String::new(),
                Ok(_) => continue,
                Err(path::Lost::Path(why)) => format!(": {why}"),
                Err(path::Lost::Value(failure)) => return Err(failure),
            };
            let name = resource.id().describe();
            return Err((origin.span, format!("`{text}` is not found in {name}{why}")));
        }
    }
    Ok(selected)
}

/// Sets a field. A scalar keeps its type: text stays text, anything else becomes what the new text
/// reads as.
fn set_field<'t>(
    field: &mut Value<'t>,
    value: &Value<'t>,
    options: &Options<'_>,
) -> Result<(), Failure> {
    if !options.delimiter.is_empty() && !matches!(field.data, Data::Scalar { .. }) {
        return options.no_scalar();
    }
    let is_text = matches!(field.scalar(), Some(Scalar::Str(_)));
    let is_null = field.is_null();
    let at = field.origin.span;
    let Data::Scalar { text, style } = &mut field.data else {
        *field = value.clone();
        return Ok(());
    };
    let mut origin = value.origin;
    let new = if options.delimiter.is_empty() {
        text_of(value)
    } else {
        origin = written(field.origin);
        let new = text_of(value);
        let mut parts: Vec<&str> = text.split(options.delimiter).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(at) => match parts.get_mut(at) {
                Some(part) => *part = &new,
                None => parts.push(&new),
            },
        }
        Cow::Owned(parts.join(options.delimiter))
    };
    *style = if is_text { Style::DoubleQuoted } else { Style::Plain };
    *text = new;
    if !is_text && !is_null && matches!(field.scalar(), Some(Scalar::Str(_))) {
        let what = "this is a number or a switch, and text cannot take its place";
        return Err((at, what.to_owned()));
    }
    field.origin = origin;
    Ok(())
}
