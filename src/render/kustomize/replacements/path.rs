//! Paths of replacements: `spec.containers.[name=web].env.0.value`, `*` for every item.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, Entry, Origin, Style, Value};
use regex::Regex;

use super::embedded;
use crate::render::kustomize::fields::{Created, Failure, MAX_KEYS};

/// Splits a path at its dots: `\.` is a dot of a key, and so are those in brackets; brackets without
/// `=` are only there to keep a key together.
pub(super) fn split(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut open = false;
    for (at, piece) in path.split('.').enumerate() {
        if at == 0 && piece.is_empty() {
            continue;
        }
        let (text, escaped) = piece.strip_suffix('\\').map_or((piece, false), |text| (text, true));
        match parts.last_mut() {
            Some(last) if open => {
                last.push('.');
                last.push_str(text);
            }
            _ => parts.push(text.to_owned()),
        }
        open = escaped;
    }
    let mut whole: Vec<String> = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter();
    while let Some(mut part) = parts.next() {
        if part.starts_with('[') && !part.ends_with(']') {
            for more in parts.by_ref() {
                part.push('.');
                part.push_str(&more);
                if more.ends_with(']') {
                    break;
                }
            }
        }
        let is_filter = part.contains('=');
        match part.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) if !is_filter => whole.push(inner.to_owned()),
            _ => whole.push(part),
        }
    }
    whole
}

/// A part of a path.
enum Part<'p> {
    Key(&'p str),
    Index(usize),
    /// `[key=value]`; the key is `""` for items that are scalars.
    Filter(&'p str, &'p str),
    Every,
}

impl<'p> Part<'p> {
    fn read(text: &'p str) -> Self {
        if let Ok(index) = text.parse() {
            return Part::Index(index);
        }
        if text == "*" {
            return Part::Every;
        }
        let inner = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        match inner.and_then(|inner| inner.split_once('=')) {
            Some((key, value)) => Part::Filter(key, value),
            None => Part::Key(text),
        }
    }
}

/// The value at a source's path; `None` if it is missing. No `*` here, and filters are exact.
pub(super) fn find<'v, 't>(
    root: &'v Value<'t>,
    path: &[String],
) -> Result<Option<&'v Value<'t>>, String> {
    let mut here = root;
    for text in path {
        let part = Part::read(text);
        let next = match (&here.data, part) {
            (_, Part::Every) => return Err("`*` is for targets only".to_owned()),
            (Data::Scalar { .. }, _) if here.is_null() => None,
            (Data::Map(_), Part::Key(key)) => here.get(key),
            (Data::Seq(items), Part::Key("-")) => items.last(),
            (Data::Seq(items), Part::Index(index)) => items.get(index),
            (Data::Seq(items), Part::Filter("", wanted)) => {
                items.iter().find(|item| item.text() == wanted)
            }
            (Data::Seq(items), Part::Filter(key, wanted)) => {
                items.iter().find(|item| item.get(key).is_some_and(|is| is.text() == wanted))
            }
            (_, _) => return Err(format!("`{text}` is looked for in {}", kind_of(here))),
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

fn kind_of(value: &Value<'_>) -> &'static str {
    match value.data {
        Data::Map(_) => "a map",
        Data::Seq(_) => "a list",
        Data::Scalar { .. } => "a scalar",
    }
}

/// Why a target's path led nowhere.
pub(super) enum Lost {
    /// The path does not fit the object.
    Path(String),
    /// The value cannot be set where it led.
    Value(Failure),
}

/// A walk along a target's path.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// What the last part is made as, if missing parts are made.
    pub(super) create: Option<Created>,
    /// The place of what is made.
    pub(super) origin: Origin,
}

type Set<'f, 't> = &'f mut dyn FnMut(&mut Value<'t>) -> Result<(), Failure>;

impl Walk {
    /// Calls `f` on every field at the path; returns how many there are.
    pub(super) fn visit<'t>(
        self,
        value: &mut Value<'t>,
        path: &[String],
        f: Set<'_, 't>,
    ) -> Result<usize, Lost> {
        let Some((text, rest)) = path.split_first() else {
            return f(value).map(|()| 1).map_err(Lost::Value);
        };
        if path.len() > MAX_KEYS {
            return Err(Lost::Path(format!("a path of more than {MAX_KEYS} keys leads nowhere")));
        }
        if matches!(value.data, Data::Scalar { .. }) {
            if !value.is_null() {
                return embedded::visit(self, value, path, f).unwrap_or_else(|| {
                    Err(Lost::Path(format!("`{text}` is looked for in a scalar")))
                });
            }
            match self.create {
                Some(_) => value.data = self.made(Some(text)),
                None => return Ok(0),
            }
        }
        match Part::read(text) {
            Part::Key(key) => self.key(value, key, rest, f),
            Part::Index(index) => self.index(value, index, rest, f),
            Part::Filter(key, wanted) => self.filter(value, (key, wanted), rest, f),
            Part::Every => {
                let mut found = 0;
                for item in items_of(value, text)? {
                    found += self.visit(item, rest, f)?;
                }
                Ok(found)
            }
        }
    }

    /// What is made for a next part to be found in; for none, what the walk makes at its end.
    fn made<'t>(self, next: Option<&String>) -> Data<'t> {
        match next.map(|next| Part::read(next)) {
            Some(Part::Index(_) | Part::Filter(..)) => Data::Seq(Vec::new()),
            Some(Part::Key(_) | Part::Every) => Data::Map(Vec::new()),
            None => match self.create {
                Some(Created::Map) => Data::Map(Vec::new()),
                Some(Created::Seq) => Data::Seq(Vec::new()),
                // Plain: a new scalar is what its text reads as.
                _ => Data::Scalar { text: Cow::Borrowed(""), style: Style::Plain },
            },
        }
    }

    fn made_value<'t>(self, next: Option<&String>) -> Value<'t> {
        Value { data: self.made(next), origin: self.origin }
    }

    fn key<'t>(
        self,
        value: &mut Value<'t>,
        key: &str,
        rest: &[String],
        f: Set<'_, 't>,
    ) -> Result<usize, Lost> {
        let kind = kind_of(value);
        let Data::Map(entries) = &mut value.data else {
            return Err(Lost::Path(format!("`{key}` is looked for in {kind}")));
        };
        if !entries.iter().any(|entry| entry.key == key) {
            if self.create.is_none() {
                return Ok(0);
            }
            entries.push(Entry {
                key: Cow::Owned(key.to_owned()),
                key_origin: self.origin,
                value: self.made_value(rest.first()),
            });
        }
        match value.get_mut(key) {
            Some(field) => self.visit(field, rest, f),
            None => Ok(0),
        }
    }

    fn index<'t>(
        self,
        value: &mut Value<'t>,
        index: usize,
        rest: &[String],
        f: Set<'_, 't>,
    ) -> Result<usize, Lost> {
        let made = self.create.map(|_| self.made_value(rest.first()));
        let items = items_of(value, &index.to_string())?;
        if let Some(made) = made.filter(|_| items.len() == index) {
            items.push(made);
        }
        let len = items.len();
        match items.get_mut(index) {
            Some(item) => self.visit(item, rest, f),
            None => Err(Lost::Path(format!("there are {len} items and none of index {index}"))),
        }
    }

    fn filter<'t>(
        self,
        value: &mut Value<'t>,
        (key, wanted): (&str, &str),
        rest: &[String],
        f: Set<'_, 't>,
    ) -> Result<usize, Lost> {
        let pattern = Regex::new(wanted)
            .map_err(|_| Lost::Path(format!("`{wanted}` is no regular expression")))?;
        let items = items_of(value, &format!("[{key}={wanted}]"))?;
        let mut found = self.filtered(items, key, &pattern, rest, f)?;
        if found == 0 && self.create.is_some() {
            let text = || Value::plain(wanted.to_owned(), self.origin);
            let mut made = text();
            if !key.is_empty() {
                made = Value::map(self.origin);
                made.set(key.to_owned(), self.origin, text());
            }
            items.push(made);
            found = self.filtered(items, key, &pattern, rest, f)?;
        }
        Ok(found)
    }

    fn filtered<'t>(
        self,
        items: &mut [Value<'t>],
        key: &str,
        pattern: &Regex,
        rest: &[String],
        f: Set<'_, 't>,
    ) -> Result<usize, Lost> {
        let mut found = 0;
        for item in items {
            // An item that is a scalar is the end of a path.
            let (is, rest) =
                if key.is_empty() { (Some(&*item), &[][..]) } else { (item.get(key), rest) };
            if is.is_some_and(|is| pattern.is_match(is.text())) {
                found += self.visit(item, rest, f)?;
            }
        }
        Ok(found)
    }
}

fn items_of<'v, 't>(value: &'v mut Value<'t>, part: &str) -> Result<&'v mut Vec<Value<'t>>, Lost> {
    let kind = kind_of(value);
    match &mut value.data {
        Data::Seq(items) => Ok(items),
        _ => Err(Lost::Path(format!("`{part}` is looked for in {kind}"))),
    }
}
