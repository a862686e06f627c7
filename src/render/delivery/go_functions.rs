//! The functions of Go's templates and of sprig that [`super::go_template`] knows, and the things
//! they work on.

use kubeready_manifest::yaml::{Data, Scalar, Value};

/// A thing that an expression gives.
#[derive(Clone, Debug)]
pub(super) enum Item<'v, 't> {
    Value(&'v Value<'t>),
    Text(String),
    Int(i64),
    Bool(bool),
    List(Vec<Item<'v, 't>>),
    Nil,
}

impl<'v, 't> Item<'v, 't> {
    /// A scalar for what it is; the rest as it stands.
    fn plain(&self) -> Item<'v, 't> {
        let Item::Value(value) = self else { return self.clone() };
        match value.scalar() {
            Some(Scalar::Null) => Item::Nil,
            Some(Scalar::Bool(truth)) => Item::Bool(truth),
            Some(Scalar::Int(number)) => Item::Int(number),
            Some(Scalar::Str(text)) => Item::Text(text.to_owned()),
            Some(Scalar::UInt(_) | Scalar::Float(_)) => Item::Text(value.text().to_owned()),
            None => Item::Value(value),
        }
    }

    /// As it is printed. What Go prints in its own notation is an error, and so is nothing.
    pub(super) fn text(&self) -> Result<String, String> {
        match self.plain() {
            Item::Text(text) => Ok(text),
            Item::Int(number) => Ok(number.to_string()),
            Item::Bool(truth) => Ok(truth.to_string()),
            Item::Nil => Err("a parameter is not there".to_owned()),
            Item::Value(_) | Item::List(_) => Err("a list or map is printed".to_owned()),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self.plain() {
            Item::Text(text) => !text.is_empty(),
            Item::Int(number) => number != 0,
            Item::Bool(truth) => truth,
            Item::Nil => false,
            Item::List(items) => !items.is_empty(),
            Item::Value(value) => !value.entries().is_empty() || !value.items().is_empty(),
        }
    }

    pub(super) fn field(&self, name: &str) -> Result<Item<'v, 't>, String> {
        match self {
            Item::Value(value) if value.is_map() => {
                Ok(value.get(name).map_or(Item::Nil, Item::Value))
            }
            _ => Err(format!("`.{name}` is asked of what is no map")),
        }
    }

    fn items(&self) -> Result<Vec<Item<'v, 't>>, String> {
        match self {
            Item::List(items) => Ok(items.clone()),
            Item::Value(value) if value.is_seq() => {
                Ok(value.items().iter().map(Item::Value).collect())
            }
            _ => Err("a list is missing".to_owned()),
        }
    }

    /// Keys or positions, and what stands there. Maps go in the order of their keys.
    pub(super) fn pairs(&self) -> Result<Vec<(Item<'v, 't>, Item<'v, 't>)>, String> {
        if let Item::Value(value) = self
            && let Data::Map(entries) = &value.data
        {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            let pair = |e: &&'v kubeready_manifest::yaml::Entry<'t>| {
                (Item::Text(e.key.to_string()), Item::Value(&e.value))
            };
            return Ok(entries.iter().map(pair).collect());
        }
        if matches!(self.plain(), Item::Nil) {
            return Ok(Vec::new());
        }
        let items = self.items()?.into_iter().enumerate();
        Ok(items.map(|(at, item)| (Item::Int(size(at)), item)).collect())
    }

    fn int(&self) -> Result<i64, String> {
        match self.plain() {
            Item::Int(number) => Ok(number),
            Item::Text(text) => text.trim().parse().map_err(|_| "a number is missing".to_owned()),
            _ => Err("a number is missing".to_owned()),
        }
    }

    fn same(&self, other: &Self) -> Result<bool, String> {
        match (self.plain(), other.plain()) {
            (Item::Text(a), Item::Text(b)) => Ok(a == b),
            (Item::Int(a), Item::Int(b)) => Ok(a == b),
            (Item::Bool(a), Item::Bool(b)) => Ok(a == b),
            (Item::Nil, Item::Nil) => Ok(true),
            (Item::Nil, _) | (_, Item::Nil) => Ok(false),
            _ => Err("things of different types are compared".to_owned()),
        }
    }
}

/// Calls a function; the value that is piped in is the last argument.
pub(super) fn call<'v, 't>(name: &str, arguments: &[Item<'v, 't>]) -> Result<Item<'v, 't>, String> {
    let text = |at: usize| arguments.get(at).ok_or_else(|| few(name))?.text();
    let item = |at: usize| arguments.get(at).ok_or_else(|| few(name));
    let last = || arguments.last().ok_or_else(|| few(name));
    let given = |text: String| Ok(Item::Text(text));
    if let Some(truth) = logic(name, arguments) {
        return truth;
    }
    match name {
        "index" => arguments.iter().skip(1).try_fold(item(0)?.clone(), |here, key| at(&here, key)),
        "get" => item(0)?.field(&text(1)?),
        "default" => Ok(if last()?.is_true() { last()?.clone() } else { item(0)?.clone() }),
        "coalesce" => Ok(arguments.iter().find(|i| i.is_true()).cloned().unwrap_or(Item::Nil)),
        "required" if !last()?.is_true() => Err("a required parameter is not there".to_owned()),
        "required" => Ok(last()?.clone()),
        "ternary" => Ok(item(usize::from(!last()?.is_true()))?.clone()),
        "lower" => given(text(0)?.to_lowercase()),
        "upper" => given(text(0)?.to_uppercase()),
        "title" => given(title(&text(0)?)),
        "trim" => given(text(0)?.trim().to_owned()),
        "trimPrefix" => {
            let (prefix, text) = (text(0)?, text(1)?);
            given(text.strip_prefix(&*prefix).unwrap_or(&text).to_owned())
        }
        "trimSuffix" => {
            let (suffix, text) = (text(0)?, text(1)?);
            given(text.strip_suffix(&*suffix).unwrap_or(&text).to_owned())
        }
        "trimAll" => {
            let cut = text(0)?;
            given(text(1)?.trim_matches(|c| cut.contains(c)).to_owned())
        }
        "replace" => given(text(2)?.replace(&text(0)?, &text(1)?)),
        "normalize" => given(normalize(&text(0)?)),
        "toString" => given(text(0)?),
        "quote" => given(quoted(&text(0)?)),
        "squote" => given(format!("'{}'", text(0)?)),
        "trunc" => given(truncated(&text(1)?, item(0)?.int()?)),
        "substr" => {
            let (start, end, text) = (item(0)?.int()?, item(1)?.int()?, text(2)?);
            let end = if end < 0 { size(text.len()) } else { end };
            let part = text.get(start.max(0) as usize..end.max(0) as usize);
            given(part.ok_or("a part of a text is out of its bounds")?.to_owned())
        }
        "base" => given(base(&text(0)?)),
        "dir" => {
            let path = text(0)?;
            given(path.rsplit_once('/').map_or(".", |(dir, _)| dir).to_owned())
        }
        "print" | "cat" | "printf" => printed(name, arguments),
        "list" => Ok(Item::List(arguments.to_vec())),
        "splitList" => {
            let (by, text) = (text(0)?, text(1)?);
            Ok(Item::List(text.split(&*by).map(|part| Item::Text(part.to_owned())).collect()))
        }
        "join" => {
            let parts: Result<Vec<_>, _> = item(1)?.items()?.iter().map(Item::text).collect();
            given(parts?.join(&text(0)?))
        }
        "first" => item(0)?.items()?.first().cloned().ok_or_else(|| "a list is empty".to_owned()),
        "last" => item(0)?.items()?.last().cloned().ok_or_else(|| "a list is empty".to_owned()),
        "len" => match item(0)?.plain() {
            Item::Text(text) => Ok(Item::Int(size(text.len()))),
            other => Ok(Item::Int(size(other.pairs()?.len()))),
        },
        "int" | "int64" | "atoi" => Ok(Item::Int(item(0)?.int()?)),
        "add" => {
            let numbers: Result<Vec<_>, _> = arguments.iter().map(Item::int).collect();
            Ok(Item::Int(numbers?.into_iter().fold(0, i64::wrapping_add)))
        }
        "sub" => Ok(Item::Int(item(0)?.int()?.wrapping_sub(item(1)?.int()?))),
        _ => Err(format!("the function `{name}` is not supported")),
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A length as a number of a template.
pub(super) fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Functions that give a truth.
fn logic<'v, 't>(name: &str, arguments: &[Item<'v, 't>]) -> Option<Result<Item<'v, 't>, String>> {
    let text = |at: usize| arguments.get(at).ok_or_else(|| few(name))?.text();
    let item = |at: usize| arguments.get(at).ok_or_else(|| few(name));
    let truth = || -> Result<bool, String> {
        Ok(match name {
            "eq" => {
                let first = item(0)?;
                let mut any = false;
                for other in arguments.get(1..).unwrap_or_default() {
                    any |= first.same(other)?;
                }
                any
            }
            "ne" => !item(0)?.same(item(1)?)?,
            "lt" => item(0)?.int()? < item(1)?.int()?,
            "le" => item(0)?.int()? <= item(1)?.int()?,
            "gt" => item(0)?.int()? > item(1)?.int()?,
            "ge" => item(0)?.int()? >= item(1)?.int()?,
            "not" | "empty" => !item(0)?.is_true(),
            "contains" => text(1)?.contains(&text(0)?),
            "hasPrefix" => text(1)?.starts_with(&text(0)?),
            "hasSuffix" => text(1)?.ends_with(&text(0)?),
            "hasKey" => !matches!(item(0)?.field(&text(1)?)?, Item::Nil),
            "has" => {
                let mut any = false;
                for other in item(1)?.items()? {
                    any |= item(0)?.same(&other)?;
                }
                any
            }
            _ => return Err(String::new()),
        })
    };
    match name {
        "and" => Some(pick(name, arguments, false)),
        "or" => Some(pick(name, arguments, true)),
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "not" | "empty" | "contains" | "hasPrefix"
        | "hasSuffix" | "hasKey" | "has" => Some(truth().map(Item::Bool)),
        _ => None,
    }
}

/// The first argument of a truth, else the last.
fn pick<'v, 't>(
    name: &str,
    arguments: &[Item<'v, 't>],
    truth: bool,
) -> Result<Item<'v, 't>, String> {
    let found = arguments.iter().find(|item| item.is_true() == truth).or(arguments.last());
    found.cloned().ok_or_else(|| few(name))
}

fn few(name: &str) -> String {
    format!("`{name}` has too few arguments")
}

fn at<'v, 't>(here: &Item<'v, 't>, key: &Item<'v, 't>) -> Result<Item<'v, 't>, String> {
    if let Item::Value(value) = here
        && value.is_map()
    {
        return here.field(&key.text()?);
    }
    let position = usize::try_from(key.int()?).map_err(|_| "a position is negative")?;
    here.items()?.get(position).cloned().ok_or_else(|| "a list is too short".to_owned())
}

fn printed<'v, 't>(name: &str, arguments: &[Item<'v, 't>]) -> Result<Item<'v, 't>, String> {
    if name != "printf" {
        let texts: Result<Vec<_>, _> = arguments.iter().map(Item::text).collect();
        return Ok(Item::Text(texts?.join(if name == "cat" { " " } else { "" })));
    }
    let (format, mut rest) = arguments.split_first().ok_or_else(|| few(name))?;
    let format = format.text()?;
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let verb = chars.next();
        if verb == Some('%') {
            out.push('%');
            continue;
        }
        let (item, others) = rest.split_first().ok_or_else(|| few(name))?;
        rest = others;
        match verb {
            Some('s' | 'v') => out.push_str(&item.text()?),
            Some('d') => out.push_str(&item.int()?.to_string()),
            Some('q') => out.push_str(&quoted(&item.text()?)),
            _ => return Err("a verb of `printf` is not supported".to_owned()),
        }
    }
    if rest.is_empty() {
        Ok(Item::Text(out))
    } else {
        Err("`printf` has too many arguments".into())
    }
}

/// A name as Argo CD makes it fit for an object: small letters, digits, `-` and `.`.
pub(super) fn normalize(text: &str) -> String {
    let small = text.to_lowercase();
    let fit = |c: char| if matches!(c, '-' | 'a'..='z' | '0'..='9' | '.') { c } else { '-' };
    let name: String = small.chars().map(fit).take(253).collect();
    name.trim_matches(['-', '.']).to_owned()
}

/// The last part of a path.
pub(super) fn base(path: &str) -> String {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_owned()
}

fn title(text: &str) -> String {
    let mut start = true;
    let letter = |c: char| {
        let upper = start && c.is_alphabetic();
        start = !c.is_alphanumeric();
        if upper { c.to_uppercase().collect() } else { c.to_string() }
    };
    text.chars().map(letter).collect()
}

fn truncated(text: &str, length: i64) -> String {
    let size = size(text.len());
    let part = if length >= 0 {
        text.get(..length.min(size) as usize)
    } else {
        text.get((size + length).max(0) as usize..)
    };
    part.unwrap_or(text).to_owned()
}
