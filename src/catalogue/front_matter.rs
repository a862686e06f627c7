//! The flat front matter of a rule page. Compiled into the library's tests and into `rules/build.rs`.

/// One rule page, split into its front matter and its Markdown body.
#[derive(Debug)]
pub struct Page<'a> {
    /// Key, value and line of each field.
    pub fields: Vec<(&'a str, &'a str, usize)>,
    pub body: &'a str,
}

/// Keys that a page may have; `option.NAME` besides.
pub const KEYS: &[&str] = &[
    "title",
    "episode",
    "item",
    "scope",
    "severity",
    "confidence",
    "profile",
    "fix",
    "since",
    "neighbours",
    "reads",
    "satisfied-by",
    "aliases",
    "peers",
];

/// Splits `text`; an error names the line that is wrong.
pub fn parse(text: &str) -> Result<Page<'_>, String> {
    let rest = text.strip_prefix("---\n").ok_or("line 1: a rule page starts with `---`")?;
    let end = rest.find("\n---\n").ok_or("the front matter is not closed by `---`")?;
    let mut fields: Vec<(&str, &str, usize)> = Vec::new();
    for (at, line) in rest[..end].lines().enumerate() {
        let number = at + 2;
        let (key, value) = line
            .split_once(": ")
            .ok_or_else(|| format!("line {number}: expected `key: value`, got `{line}`"))?;
        if !KEYS.contains(&key) && !key.starts_with("option.") {
            return Err(format!("line {number}: `{key}` is not a known key"));
        }
        if fields.iter().any(|(k, ..)| *k == key) {
            return Err(format!("line {number}: `{key}` is given twice"));
        }
        fields.push((key, value.trim(), number));
    }
    Ok(Page { fields, body: &rest[end + 5..] })
}

impl<'a> Page<'a> {
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.fields.iter().find(|(k, ..)| *k == key).map(|(_, v, _)| *v)
    }

    /// A list: `[a, b]`; absent is empty.
    pub fn list(&self, key: &str) -> Result<Vec<&'a str>, String> {
        self.get(key).map_or_else(
            || Ok(Vec::new()),
            |value| {
                list(value)
                    .ok_or_else(|| format!("`{key}: {value}` is not a list such as `[a, b]`"))
            },
        )
    }
}

/// The items of `[a, b]`.
pub fn list(value: &str) -> Option<Vec<&str>> {
    let inner = value.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.split(',').map(str::trim).filter(|s| !s.is_empty()).collect())
}
