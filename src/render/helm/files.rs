//! `.Files`: what templates may read of their own chart.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeready_manifest::source::Span;
use kubeready_template::{Error, Map, Object, Origin, Result, Text, Val, text_of_bytes};
use regex::Regex;

use super::chart::Chart;

/// The files of a chart that templates see, by path.
#[derive(Clone, Debug)]
pub(super) struct Files(Rc<BTreeMap<Rc<str>, Content>>);

/// A file's bytes; its text knows where it stands.
#[derive(Clone, Debug)]
struct Content {
    text: Text,
    bytes: Option<Rc<[u8]>>,
}

impl Content {
    /// What is no UTF-8 is said to be made up: our texts cannot hold it.
    fn value(&self) -> Val {
        let text = Val::text(self.text.clone());
        if self.bytes.is_some() { text.made_up() } else { text }
    }
}

impl Files {
    pub(super) fn of(chart: &Chart<'_>) -> Self {
        let mut files = BTreeMap::new();
        for file in &chart.files {
            let Some(bytes) = file.file.bytes() else { continue };
            let content = match std::str::from_utf8(bytes) {
                Ok(text) => {
                    let end = text.len() as u32;
                    let span = Span { source: file.file.source, start: 0, end };
                    Content { text: Text::of(text, Origin::literal(span)), bytes: None }
                }
                Err(_) => {
                    Content { text: Text::plain(text_of_bytes(bytes)), bytes: Some(bytes.into()) }
                }
            };
            files.insert(Rc::from(&*file.name), content);
        }
        Self(Rc::new(files))
    }

    fn text(&self, name: &str) -> Val {
        self.0.get(name).map_or_else(|| Val::text(""), Content::value)
    }

    fn matching(&self, pattern: &str) -> Self {
        let Some(regex) = glob(pattern) else { return self.clone() };
        let found = self.0.iter().filter(|(name, _)| regex.is_match(name));
        Self(Rc::new(found.map(|(name, content)| (Rc::clone(name), content.clone())).collect()))
    }

    /// By the last part of each path, as a YAML map.
    fn flattened(&self, of: impl Fn(&Content) -> Text) -> Val {
        let map = Map::new();
        for (path, content) in self.0.iter() {
            let name = path.rsplit('/').next().unwrap_or(path);
            map.set(name, Val::text(of(content)));
        }
        kubeready_template::to_yaml(&Val::map(map))
    }

    fn lines(&self, name: &str) -> Val {
        let Some(content) = self.0.get(name).filter(|content| !content.text.is_empty()) else {
            return Val::list(Vec::new());
        };
        let text = content.text.as_str();
        let end = text.strip_suffix('\n').unwrap_or(text).len();
        let mut start = 0;
        let mut lines = Vec::new();
        for line in text.get(..end).unwrap_or("").split('\n') {
            lines.push(Val::text(content.text.slice(start..start + line.len())));
            start += line.len() + 1;
        }
        Val::list(lines)
    }
}

impl Object for Files {
    fn type_name(&self) -> &'static str {
        "engine.files"
    }

    fn field(&self, name: &str) -> Option<Val> {
        match name {
            "AsConfig" => Some(self.flattened(|content| content.text.clone())),
            "AsSecrets" => Some(self.flattened(|content| {
                let bytes = content.bytes.as_deref();
                let encoded = STANDARD.encode(bytes.unwrap_or(content.text.as_str().as_bytes()));
                content.text.remade(encoded)
            })),
            name => self.0.contains_key(name).then(|| self.text(name)),
        }
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Option<Result<Val>> {
        let wanted = match method {
            "AsConfig" | "AsSecrets" => 0,
            "Get" | "GetBytes" | "Glob" | "Lines" => 1,
            _ => return None,
        };
        if arguments.len() != wanted {
            let got = arguments.len();
            let message = format!("wrong number of args for {method}: want {wanted} got {got}");
            return Some(Err(Error::execution(message)));
        }
        let Some(argument) = arguments.first() else {
            return self.field(method).map(Ok);
        };
        let Some(name) = argument.as_str() else {
            return Some(Err(Error::execution("wrong type for value; expected string")));
        };
        Some(Ok(match method {
            "Glob" => Val::object(self.matching(name)),
            "Lines" => self.lines(name),
            _ => self.text(name),
        }))
    }

    fn print(&self) -> String {
        let shown = self.0.iter().map(|(name, content)| {
            let own = content.text.as_str().as_bytes();
            let bytes = content.bytes.as_deref().unwrap_or(own).iter();
            let bytes: Vec<String> = bytes.map(ToString::to_string).collect();
            format!("{name}:[{}]", bytes.join(" "))
        });
        format!("map[{}]", shown.collect::<Vec<_>>().join(" "))
    }

    fn plain(&self) -> Option<Val> {
        let files = self.0.iter();
        let files = files.map(|(name, content)| (Rc::clone(name), content.value()));
        Some(Val::map(files.collect()))
    }
}

/// A glob as Helm's library reads it: `*` stops at `/`, `**` does not, `{a,b}` are alternatives.
fn glob(pattern: &str) -> Option<Regex> {
    let mut regex = String::from("(?s)^");
    let mut depth = 0_u32;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => {
                let mut stars = 1;
                while chars.next_if_eq(&'*').is_some() {
                    stars += 1;
                }
                regex.push_str(if stars > 1 { ".*" } else { "[^/]*" });
            }
            '?' => regex.push_str("[^/]"),
            '{' => {
                depth += 1;
                regex.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                regex.push(')');
            }
            ',' if depth > 0 => regex.push('|'),
            '[' => {
                regex.push('[');
                if chars.next_if_eq(&'!').is_some() {
                    regex.push('^');
                }
                let mut any = false;
                loop {
                    match chars.next()? {
                        ']' if any => break,
                        '-' if any => regex.push('-'),
                        c => {
                            let c = if c == '\\' { chars.next()? } else { c };
                            regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
                        }
                    }
                    any = true;
                }
                regex.push(']');
            }
            '\\' => {
                let c = chars.next()?;
                regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
            }
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    if depth > 0 {
        return None;
    }
    regex.push('$');
    Regex::new(&regex).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_helm_does() {
        let is = |pattern: &str, name: &str| glob(pattern).is_some_and(|g| g.is_match(name));
        assert!(is("files/*.conf", "files/a.conf") && !is("files/*.conf", "files/sub/a.conf"));
        assert!(is("files/**", "files/sub/a.conf") && is("**.conf", "files/sub/a.conf"));
        assert!(is("{a,b}/*", "b/x") && !is("{a,b}/*", "c/x"));
        assert!(is("[!a]?", "bc") && !is("[!a]?", "ac") && is("[a-c]", "b"));
        assert!(glob("{a").is_none());
    }
}
