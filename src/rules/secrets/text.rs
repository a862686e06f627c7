//! What names and values of settings say about themselves.

/// How surely a name is that of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// `…_KEY`: may be a credential, if the value looks like one.
    Weakly,
    /// `DB_PASSWORD`, `API_TOKEN`, `AWS_SECRET_ACCESS_KEY`.
    Surely,
    /// As surely, and the value may be a plain number: `PASSWORD`.
    Password,
}

/// Last words that turn a credential's name into something about it.
const ABOUT: [&str; 83] = [
    "file",
    "files",
    "path",
    "paths",
    "dir",
    "directory",
    "folder",
    "location",
    "mount",
    "name",
    "names",
    "ref",
    "reference",
    "id",
    "ids",
    "url",
    "urls",
    "uri",
    "endpoint",
    "host",
    "hostname",
    "port",
    "user",
    "username",
    "type",
    "kind",
    "enabled",
    "enable",
    "disabled",
    "disable",
    "required",
    "length",
    "size",
    "ttl",
    "timeout",
    "expiry",
    "expiration",
    "expires",
    "expire",
    "exp",
    "age",
    "lifetime",
    "duration",
    "validity",
    "interval",
    "seconds",
    "minutes",
    "hours",
    "days",
    "ms",
    "policy",
    "algorithm",
    "alg",
    "provider",
    "store",
    "backend",
    "manager",
    "mode",
    "format",
    "header",
    "prefix",
    "suffix",
    "namespace",
    "version",
    "count",
    "limit",
    "min",
    "max",
    "rotation",
    "rounds",
    "validation",
    "pattern",
    "regex",
    "field",
    "column",
    "issuer",
    "audience",
    "arn",
    "region",
    "scope",
    "scopes",
    "claim",
    "engine",
];

/// First words that make a switch or a public thing of it.
const SWITCHES: [&str; 15] = [
    "allow", "disable", "enable", "use", "has", "is", "require", "no", "skip", "public", "pub",
    "max", "min", "reset", "forgot",
];

/// Words before `key` that make a credential of it.
const KEYS: [&str; 16] = [
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "account",
    "auth",
    "master",
    "batch",
    "storage",
    "shared",
    "root",
    "admin",
    "service",
    "app",
];

/// Words of a name in snake, kebab, dotted or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        let breaks = c.is_ascii_uppercase() && lower_before || !c.is_ascii_alphanumeric();
        if breaks && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Whether a name may be that of a credential at all: no allocation for the many that are not.
fn may_be(name: &str) -> bool {
    const STEMS: [&[u8]; 7] = [b"pass", b"pwd", b"secret", b"token", b"key", b"cred", b"auth"];
    name.len() >= 3
        && STEMS.iter().any(|stem| {
            name.as_bytes().windows(stem.len()).any(|window| window.eq_ignore_ascii_case(stem))
        })
}

/// What a name says about its value; `None` for names that are not a credential's.
pub(super) fn credential_name(name: &str) -> Option<Named> {
    // Names of things that only sound secret: etcd's token is a label of the cluster.
    if !may_be(name) || name == "ETCD_INITIAL_CLUSTER_TOKEN" {
        return None;
    }
    let words = words(name);
    let (last, before) = words.split_last()?;
    let first = words.first()?;
    if ABOUT.contains(&last.as_str()) || words.len() > 1 && SWITCHES.contains(&first.as_str()) {
        return None;
    }
    let ends = |word: &str| last == word || last.ends_with(word);
    if ["password", "passwd", "passphrase", "passcode", "pwd"].iter().any(|w| ends(w))
        || last == "pass"
    {
        return Some(Named::Password);
    }
    let pair = before.last().is_some_and(|b| KEYS.contains(&b.as_str()));
    let glued =
        ["apikey", "accesskey", "secretkey", "privatekey", "authkey", "masterkey", "accountkey"];
    if ends("secret")
        || ends("token")
        || matches!(last.as_str(), "credential" | "credentials" | "creds")
        || last == "key" && pair
        || glued.iter().any(|w| ends(w))
        || last == "content" && before.last().is_some_and(|b| b == "key")
    {
        return Some(Named::Surely);
    }
    // `PASSWORD_1`, `SECRET_PROD`: the word stands somewhere before the end.
    let inner = before.iter().any(|w| matches!(w.as_str(), "password" | "passwd"));
    if inner && last.len() <= 4 {
        return Some(Named::Surely);
    }
    (last == "key" || last == "salt").then_some(Named::Weakly)
}

/// Whether a name is that of something about a credential: `username`, `token_url`, `bucketName`.
pub(super) fn is_about(name: &str) -> bool {
    words(name).last().is_some_and(|last| ABOUT.contains(&last.as_str()))
}

/// What a literal is, for somebody who looks for credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// Empty, a switch, a path, a reference to where the credential really is.
    Harmless,
    /// `changeme`, `xxxx`: something has to take its place.
    Example,
    Value,
}

/// Judges a value by itself, given how its name speaks of it.
pub(super) fn literal(value: &str, named: Named) -> Literal {
    let value = value.trim();
    if value.is_empty() || is_reference(value) || is_switch(value) {
        return Literal::Harmless;
    }
    if value.bytes().all(|b| b.is_ascii_digit() || b == b'.') && named != Named::Password {
        return Literal::Harmless;
    }
    if is_location(value) {
        return Literal::Harmless;
    }
    if is_example(value) {
        return Literal::Example;
    }
    if named == Named::Weakly && !is_random(value) {
        return Literal::Harmless;
    }
    Literal::Value
}

/// Says where the value comes from: another variable, a template, a vault.
pub(super) fn is_reference(value: &str) -> bool {
    const STARTS: [&str; 14] = [
        "$",
        "%",
        "<",
        "{{",
        "ENC[",
        "vault:",
        "vault://",
        "ref+",
        "op://",
        "arn:",
        "projects/",
        "sm://",
        "secretref",
        "azurekeyvault:",
    ];
    STARTS.iter().any(|start| value.starts_with(start))
        || value.contains("${")
        || value.contains("$(")
        || value.contains("{{")
        || value.contains("ENC[")
}

pub(super) fn is_switch(value: &str) -> bool {
    const SWITCHES: [&str; 14] = [
        "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "enabled", "disabled",
        "always", "never", "optional",
    ];
    SWITCHES.iter().any(|switch| value.eq_ignore_ascii_case(switch))
}

/// A path, or a URL without a password.
fn is_location(value: &str) -> bool {
    value.starts_with('/') && !value.ends_with('=')
        || value.starts_with("./")
        || value.starts_with("~/")
        || value.contains("://") && url_password(value).is_none()
}

/// Text that only stands for a value.
pub(super) fn is_example(value: &str) -> bool {
    const WORDS: [&str; 21] = [
        "changeme",
        "change-me",
        "change_me",
        "changethis",
        "replaceme",
        "replace-me",
        "replace_me",
        "placeholder",
        "redacted",
        "todo",
        "insert-",
        "your-",
        "your_",
        "yourpass",
        "yoursecret",
        "yourtoken",
        "yourkey",
        "yourapi",
        "fixme",
        "xxxx",
        "****",
    ];
    let lower = value.to_ascii_lowercase();
    let same = |c: char| value.chars().all(|v| v.eq_ignore_ascii_case(&c));
    WORDS.iter().any(|word| lower.contains(word))
        || matches!(lower.as_str(), "dummy" | "example" | "fake" | "..." | "tbd" | "<>" | "none")
        || ['x', '*', '.', '-', '#', '?'].into_iter().any(same)
        || is_name_in_capitals(value)
}

/// `DB_PASSWORD`, `MY_ACCESS_KEY`: the name of a credential where one belongs.
fn is_name_in_capitals(value: &str) -> bool {
    value.contains('_')
        && value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        && credential_name(value).is_some()
}

/// A value that only says again what belongs there: `GOOGLE_API_KEY: GOOGLE_API_KEY_VAL`,
/// `access_key: my_access_key`, `CLIENT_SECRET: SECRET`. Passwords are left out, for people do choose
/// `password` and `db-password`; and one word repeats another only in capitals.
pub(super) fn repeats_name(name: &str, value: &str) -> bool {
    let named = credential_name(name);
    if named == Some(Named::Password) {
        return false;
    }
    let shouted = value.bytes().all(|b| b.is_ascii_uppercase());
    let longer = value.len() >= name.len() && value.len() <= name.len() + 12;
    if !(longer || shouted && named.is_some()) {
        return false;
    }
    let (name, value) = (words(name), words(value));
    if shouted && value.len() == 1 {
        return name.last() == value.first();
    }
    name.len() > 1 && value.windows(name.len()).any(|window| window == name)
}

/// Long and mixed enough that nobody made it up as a word.
pub(super) fn is_random(value: &str) -> bool {
    let digits = value.bytes().any(|b| b.is_ascii_digit());
    let letters = value.bytes().any(|b| b.is_ascii_alphabetic());
    let plain = value.bytes().all(|b| b.is_ascii_graphic());
    value.len() >= 16 && digits && letters && plain && entropy(value) > 3.2
}

/// Shannon entropy in bits per byte.
pub(super) fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = value.len() as f64;
    let of = |count: u32| -> f64 {
        let share = f64::from(count) / total;
        -share * log2(share)
    };
    counts.iter().filter(|c| **c > 0).map(|&c| of(c)).sum()
}

/// The binary logarithm of a positive number; exact for powers of two. Our own, for that of `f64` is
/// libm's, which a program that needs nothing else of it would map into memory.
fn log2(value: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let exponent = (value.to_bits() >> 52) as i32 - 1023;
    let mantissa = f64::from_bits(value.to_bits() & MANTISSA | ONE);
    // ln m = 2 atanh((m - 1) / (m + 1)), and that is at most a third: each term is a ninth of the last.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut power, mut sum) = (ratio, 0.0);
    for odd in (1..32).step_by(2) {
        sum += power / f64::from(odd);
        power *= ratio * ratio;
    }
    f64::from(exponent) + 2.0 * std::f64::consts::LOG2_E * sum
}

/// The password in the first URL with one: `postgres://app:hunter2@db/shop`.
pub(super) fn url_password(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"://") {
        rest = rest.get(at + 3..)?;
        let end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/' | '`' | ','));
        let authority = end.map_or(rest, |end| rest.get(..end).unwrap_or(rest));
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some((_, password)) = user.split_once(':')
            && !password.is_empty()
            && !is_reference(password)
            && !password.contains(['$', '{', '<', '%'])
            && !user.contains(['$', '{', '<'])
        {
            return Some(password);
        }
    }
    None
}

/// What follows `Bearer` in the value of a header.
pub(super) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("basic");
    let single = token.len() >= 6 && !token.contains(' ') && !is_reference(token);
    (known && single && token.bytes().any(|b| b.is_ascii_digit())).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::entropy;

    #[test]
    fn entropy_counts_bits_of_a_byte() {
        assert_eq!(entropy("aaaa").to_bits() << 1, 0);
        assert!((entropy("abcdefgh") - 3.0).abs() < 1e-15);
        assert!((entropy("aaabbbccddeeffgh") - 2.905_639_062_229_566).abs() < 1e-14);
    }
}
