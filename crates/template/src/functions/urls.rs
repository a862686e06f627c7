//! URLs to their parts and back.

use std::fmt::Write as _;

use super::args::{fixed, map, text};
use super::reflection::kind;
use crate::error::{Error, Result};
use crate::function::{
    Call, Function,
    Param::{Map as Dict, Text as Str},
};
use crate::map::Map;
use crate::text::Text;
use crate::value::{Data, Val};

pub(super) static TABLE: &[Function] =
    &[fixed("urlParse", &[Str], url_parse), fixed("urlJoin", &[Dict], url_join)];

#[derive(Debug, Default)]
struct Url {
    scheme: String,
    opaque: String,
    user: Option<(String, Option<String>)>,
    host: String,
    path: String,
    query: String,
    fragment: String,
}

fn url_parse(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let text = text(args, 0)?;
    let url = parse(text.as_str()).map_err(|why| {
        Error::execution(format!(
            "unable to parse url: parse {text:?}: {why}",
            text = text.as_str()
        ))
    })?;
    let user = url.user.as_ref().map(user_text).unwrap_or_default();
    let part = |name: &str, value: &str| {
        // Where the part stands in the URL as it is, it keeps its place.
        let kept = text.as_str().find(value).filter(|_| !value.is_empty());
        let part = kept.map_or_else(|| text.remade(value), |at| text.slice(at..at + value.len()));
        (name.into(), Val::text(part))
    };
    let parts = [
        part("scheme", &url.scheme),
        part("host", &url.host),
        part("hostname", hostname(&url.host)),
        part("path", &url.path),
        part("query", &url.query),
        part("opaque", &url.opaque),
        part("fragment", &url.fragment),
        part("userinfo", &user),
    ];
    Ok(Val::map(parts.into_iter().collect::<Map>()))
}

fn url_join(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let parts = map(args, 0)?;
    let mut origin = None;
    let mut get = |key: &str| match parts.get(key) {
        None => Ok(String::new()),
        Some(Val { data: Data::Text(text), .. }) => {
            if origin.is_none() {
                origin = text.origin();
            }
            Ok(text.as_str().to_owned())
        }
        Some(other) => Err(Error::execution(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            kind(&other)
        ))),
    };
    let mut url = Url {
        scheme: get("scheme")?,
        host: get("host")?,
        path: get("path")?,
        query: get("query")?,
        opaque: get("opaque")?,
        fragment: get("fragment")?,
        ..Url::default()
    };
    let user = get("userinfo")?;
    if !user.is_empty() {
        let parsed = parse(&format!("proto://{user}@host"));
        url.user = parsed
            .map_err(|why| Error::execution(format!("unable to parse userinfo in dict: {why}")))?
            .user;
    }
    let origin = origin.map(|origin| origin.printed()).unwrap_or_default();
    Ok(Val::text(Text::of(print(&url), origin)))
}

/// The host without port and brackets.
fn hostname(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split_once(']').map_or(inner, |(inner, _)| inner);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn parse(text: &str) -> std::result::Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    url.fragment = unescape(fragment, Part::Fragment)?;
    if text == "*" {
        text.clone_into(&mut url.path);
        return Ok(url);
    }
    let (scheme, mut rest) = scheme(text)?;
    url.scheme = scheme.to_lowercase();
    if let Some((before, query)) = rest.split_once('?') {
        query.clone_into(&mut url.query);
        rest = before;
    }
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if let Some(behind) = rest.strip_prefix("//")
        && (!url.scheme.is_empty() || !rest.starts_with("///"))
    {
        let end = behind.find('/').unwrap_or(behind.len());
        let (authority, path) = behind.split_at_checked(end).unwrap_or((behind, ""));
        rest = path;
        let host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                url.user = Some(parse_user(user)?);
                host
            }
            None => authority,
        };
        url.host = parse_host(host)?;
    }
    url.path = unescape(rest, Part::Path)?;
    Ok(url)
}

fn scheme(text: &str) -> std::result::Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or(""))),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_user(text: &str) -> std::result::Result<(String, Option<String>), String> {
    let known = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !text.chars().all(known) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    Ok(match text.split_once(':') {
        Some((name, word)) => (unescape(name, Part::User)?, Some(unescape(word, Part::User)?)),
        None => (unescape(text, Part::User)?, None),
    })
}

fn parse_host(host: &str) -> std::result::Result<String, String> {
    let port = match host.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            Some((_, port)) => port,
            None => return Err("missing ']' in host".to_owned()),
        },
        None => host.find(':').and_then(|at| host.get(at..)).unwrap_or(""),
    };
    let number = port.strip_prefix(':').unwrap_or("x");
    if !port.is_empty() && !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("invalid port {port:?} after host"));
    }
    unescape(host, Part::Host)
}

/// Where in a URL a text stands; what is escaped depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    User,
    Fragment,
}

fn escapes(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    let plain: &[u8] = match part {
        Part::Path => b"$&+,/:;=@",
        Part::Host => b"!$&'()*+,;=:[]<>\"",
        Part::User => b"$&+,;=",
        Part::Fragment => b"$&+,/:;=?@!()*",
    };
    !plain.contains(&byte)
}

fn escape(text: &str, part: Part) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            if escapes(byte, part) {
                let _ = write!(made, "%{byte:02X}");
            } else {
                made.push(char::from(byte));
            }
        }
    }
    made
}

fn unescape(text: &str, part: Part) -> std::result::Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte != b'%' {
            if part == Part::Host && byte.is_ascii() && escapes(*byte, part) {
                let c = char::from(*byte).to_string();
                return Err(format!("invalid character {c:?} in host name"));
            }
            bytes.push(*byte);
            continue;
        }
        let digit = |at: usize| behind.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            let bad: String = text.chars().skip_while(|c| *c != '%').take(3).collect();
            return Err(format!("invalid URL escape {bad:?}"));
        };
        if part == Part::Host && high < 8 && !(high, low).eq(&(2, 5)) {
            return Err(format!("invalid URL escape \"%{high:x}{low:x}\""));
        }
        bytes.push((high * 16 + low) as u8);
        rest = behind.get(2..).unwrap_or_default();
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()))
}

fn user_text((name, word): &(String, Option<String>)) -> String {
    let name = escape(name, Part::User);
    match word {
        Some(word) => format!("{name}:{}", escape(word, Part::User)),
        None => name,
    }
}

fn print(url: &Url) -> String {
    let mut made = String::new();
    if !url.scheme.is_empty() {
        made.push_str(&url.scheme);
        made.push(':');
    }
    if url.opaque.is_empty() {
        let path = escape(&url.path, Part::Path);
        if !url.scheme.is_empty() || !url.host.is_empty() || url.user.is_some() {
            if !url.host.is_empty() || !url.path.is_empty() || url.user.is_some() {
                made.push_str("//");
            }
            if let Some(user) = &url.user {
                made.push_str(&user_text(user));
                made.push('@');
            }
            made.push_str(&escape(&url.host, Part::Host));
        }
        if !path.is_empty() && !path.starts_with('/') && !url.host.is_empty() {
            made.push('/');
        }
        let first = path.split('/').next().unwrap_or("");
        if made.is_empty() && first.contains(':') {
            made.push_str("./");
        }
        made.push_str(&path);
    } else {
        made.push_str(&url.opaque);
    }
    if !url.query.is_empty() {
        made.push('?');
        made.push_str(&url.query);
    }
    if !url.fragment.is_empty() {
        made.push('#');
        made.push_str(&escape(&url.fragment, Part::Fragment));
    }
    made
}
