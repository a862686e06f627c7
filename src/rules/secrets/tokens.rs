//! Credentials of known make, by prefix, alphabet and length.
//!
//! [`find`] sees every longer scalar of every manifest, and nearly all of them hold no credential: only
//! where a word starts with the first two bytes of some format is more of it read.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::text::entropy;

/// What [`find`] calls a private key in PEM.
pub(super) const PRIVATE_KEY: &str = "private key";

/// A credential found in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) what: &'static str,
    pub(super) certainty: Certainty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// Its checksum is right.
    Checked,
    /// Prefix, alphabet and length are right.
    Shaped,
    /// The half of a credential that names it: whose secret key leaks too is found by it.
    Half,
    /// A shape that other things may have, beside the vendor's name.
    Guessed,
    /// The one from the vendor's documentation, or one that is all the same letter.
    Example,
}

impl Certainty {
    pub(super) fn label(self) -> &'static str {
        match self {
            Certainty::Checked => "its checksum is right",
            Certainty::Shaped => "prefix and length are right",
            Certainty::Half => "half of a credential: its secret key must be nowhere near",
            Certainty::Guessed => "looks like one",
            Certainty::Example => "an example's, or made up",
        }
    }
}

#[derive(Clone, Copy)]
enum Alphabet {
    Upper,
    Alnum,
    /// With `-` and `_`.
    Url,
    /// With `-`, `_`, `.`, `=`, `/` and `+`.
    Wide,
    Hex,
}

impl Alphabet {
    fn has(self, b: u8) -> bool {
        match self {
            Alphabet::Upper => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Alphabet::Alnum => b.is_ascii_alphanumeric(),
            Alphabet::Url => b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'),
            Alphabet::Wide => {
                b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=' | b'/' | b'+')
            }
            Alphabet::Hex => b.is_ascii_hexdigit(),
        }
    }
}

struct Format {
    prefix: &'static str,
    what: &'static str,
    alphabet: Alphabet,
    /// Least and greatest length of what follows the prefix.
    length: (usize, usize),
}

const fn format(
    prefix: &'static str,
    what: &'static str,
    alphabet: Alphabet,
    least: usize,
    most: usize,
) -> Format {
    Format { prefix, what, alphabet, length: (least, most) }
}

const FORMATS: [Format; 58] = [
    format("AKIA", "AWS access key id", Alphabet::Upper, 16, 16),
    format("ASIA", "AWS access key id", Alphabet::Upper, 16, 16),
    format("ABIA", "AWS bearer token", Alphabet::Upper, 16, 16),
    format("ghp_", "GitHub token", Alphabet::Alnum, 36, 36),
    format("gho_", "GitHub token", Alphabet::Alnum, 36, 36),
    format("ghu_", "GitHub token", Alphabet::Alnum, 36, 36),
    format("ghs_", "GitHub token", Alphabet::Alnum, 36, 36),
    format("ghr_", "GitHub token", Alphabet::Alnum, 36, 36),
    format("github_pat_", "GitHub token", Alphabet::Url, 82, 82),
    format("glpat-", "GitLab token", Alphabet::Url, 20, 64),
    format("gldt-", "GitLab deploy token", Alphabet::Url, 20, 64),
    format("glrt-", "GitLab runner token", Alphabet::Url, 20, 64),
    format("glptt-", "GitLab trigger token", Alphabet::Url, 40, 40),
    format("glagent-", "GitLab agent token", Alphabet::Url, 50, 64),
    format("GR1348941", "GitLab runner token", Alphabet::Url, 20, 20),
    format("xoxb-", "Slack token", Alphabet::Url, 24, 120),
    format("xoxp-", "Slack token", Alphabet::Url, 24, 120),
    format("xoxa-", "Slack token", Alphabet::Url, 24, 120),
    format("xoxr-", "Slack token", Alphabet::Url, 24, 120),
    format("xapp-", "Slack token", Alphabet::Url, 24, 160),
    format("hooks.slack.com/services/T", "Slack webhook", Alphabet::Wide, 30, 80),
    format("discord.com/api/webhooks/", "Discord webhook", Alphabet::Wide, 60, 110),
    format("sk_live_", "Stripe key", Alphabet::Alnum, 16, 128),
    format("sk_test_", "Stripe test key", Alphabet::Alnum, 16, 128),
    format("rk_live_", "Stripe key", Alphabet::Alnum, 16, 128),
    format("whsec_", "webhook signing secret", Alphabet::Wide, 24, 80),
    format("AIza", "Google API key", Alphabet::Url, 35, 35),
    format("GOCSPX-", "Google OAuth secret", Alphabet::Url, 28, 28),
    format("ya29.", "Google access token", Alphabet::Url, 40, 2048),
    format("npm_", "npm token", Alphabet::Alnum, 36, 36),
    format("pypi-AgEIcHlwaS5vcmc", "PyPI token", Alphabet::Url, 50, 1000),
    format("dckr_pat_", "Docker Hub token", Alphabet::Url, 27, 36),
    format("dckr_oat_", "Docker Hub token", Alphabet::Url, 27, 36),
    format("dop_v1_", "DigitalOcean token", Alphabet::Hex, 64, 64),
    format("doo_v1_", "DigitalOcean token", Alphabet::Hex, 64, 64),
    format("hvs.", "Vault token", Alphabet::Url, 24, 300),
    format("hvb.", "Vault token", Alphabet::Url, 24, 300),
    format("hf_", "Hugging Face token", Alphabet::Alnum, 34, 37),
    format("sk-proj-", "OpenAI key", Alphabet::Url, 40, 300),
    format("sk-ant-", "Anthropic key", Alphabet::Url, 40, 200),
    format("SG.", "SendGrid key", Alphabet::Wide, 66, 66),
    format("SK", "Twilio key", Alphabet::Hex, 32, 32),
    format("key-", "Mailgun key", Alphabet::Hex, 32, 32),
    format("shpat_", "Shopify token", Alphabet::Hex, 32, 32),
    format("NRAK-", "New Relic key", Alphabet::Alnum, 27, 27),
    format("NRJS-", "New Relic key", Alphabet::Alnum, 19, 19),
    format("NRII-", "New Relic key", Alphabet::Url, 32, 32),
    format("dapi", "Databricks token", Alphabet::Hex, 32, 32),
    format("glsa_", "Grafana token", Alphabet::Url, 41, 41),
    format("glc_eyJ", "Grafana Cloud token", Alphabet::Wide, 40, 400),
    format("sntrys_", "Sentry token", Alphabet::Wide, 60, 400),
    format("dp.pt.", "Doppler token", Alphabet::Alnum, 43, 43),
    format("dp.st.", "Doppler token", Alphabet::Wide, 40, 64),
    format("lin_api_", "Linear key", Alphabet::Alnum, 40, 40),
    format("ATATT3", "Atlassian token", Alphabet::Wide, 100, 250),
    format("AGE-SECRET-KEY-1", "age private key", Alphabet::Upper, 58, 58),
    format("sdk-", "LaunchDarkly key", Alphabet::Url, 36, 36),
    format("tfp_", "Terraform token", Alphabet::Url, 40, 100),
];

/// For each first byte, the second bytes with which some format or a JWT goes on.
const STARTS: [u128; 128] = {
    let mut starts = [0; 128];
    let mut at = 0;
    while at < FORMATS.len() {
        let prefix = FORMATS[at].prefix.as_bytes();
        starts[prefix[0] as usize] |= 1 << prefix[1];
        at += 1;
    }
    starts[b'e' as usize] |= 1 << b'y';
    starts
};

/// What a byte may be: within a word, and the first of a credential.
const WORD: u8 = 1;
const START: u8 = 2;
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-' | b'+') {
            classes[byte] |= WORD;
        }
        if STARTS[byte] != 0 {
            classes[byte] |= START;
        }
        byte += 1;
    }
    classes
};

/// Whether a credential may start with these bytes.
fn may_start(first: u8, second: u8) -> bool {
    let seconds = STARTS.get(usize::from(first)).copied().unwrap_or(0);
    second < 128 && seconds >> second & 1 == 1
}

/// What a Terraform Cloud token holds.
const ATLAS: &str = ".atlasv1.";

/// What a PEM block starts with.
const PEM: &str = "-----BEGIN ";

/// Finds [`PEM`] and [`ATLAS`].
static BLOCKS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [PEM, ATLAS].map(Finder::new));

/// No private key and no Terraform Cloud token has fewer bytes: `PRIVATE KEY`, what encloses it, and
/// a key of nine letters.
const PEM_OR_ATLAS: usize = 36;

/// No credential has fewer bytes: the shortest is an AWS access key.
pub(super) const SHORTEST: u32 = 20;

/// The first credential in a text.
pub(super) fn find(text: &str) -> Option<Token> {
    if text.len() < SHORTEST as usize {
        return None;
    }
    let bytes = text.as_bytes();
    let mut before = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let class = CLASSES[usize::from(*byte)];
        if before & WORD == 0
            && class & START != 0
            && bytes.get(at + 1).is_some_and(|next| may_start(*byte, *next))
            && let Some(token) = text.get(at..).and_then(starting)
        {
            return Some(token);
        }
        before = class;
    }
    if text.len() < PEM_OR_ATLAS {
        return beside_vendor(text);
    }
    let [in_pem, in_atlas] = &*BLOCKS;
    let key = in_pem.find(bytes).and_then(|at| pem(text.get(at + PEM.len()..)?));
    key.or_else(|| match in_atlas.find(bytes) {
        Some(at) => atlas(text, at),
        None => beside_vendor(text),
    })
}

/// A credential that starts right here.
fn starting(rest: &str) -> Option<Token> {
    if rest.starts_with("eyJ") {
        return is_jwt(rest)
            .then_some(Token { what: "JSON web token", certainty: Certainty::Shaped });
    }
    let first = rest.as_bytes().first();
    let mut formats = FORMATS.iter().filter(|f| f.prefix.as_bytes().first() == first);
    let format = formats.find(|f| rest.starts_with(f.prefix))?;
    let tail = rest.get(format.prefix.len()..)?;
    let end = tail.bytes().position(|b| !format.alphabet.has(b)).unwrap_or(tail.len());
    let body = tail.get(..end)?;
    if !(format.length.0..=format.length.1).contains(&body.len()) {
        return None;
    }
    // A longer word of another alphabet is something else.
    if tail.as_bytes().get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    if format.prefix == "sdk-" && !is_uuid(body) {
        return None;
    }
    let checked = matches!(format.prefix, "ghp_" | "gho_" | "ghu_" | "ghs_" | "ghr_" | "npm_")
        && has_checksum(body);
    let certainty = if checked {
        Certainty::Checked
    } else if body.ends_with("EXAMPLE") || entropy(body) < 2.5 {
        Certainty::Example
    } else if matches!(format.prefix, "AKIA" | "ASIA") {
        Certainty::Half
    } else {
        Certainty::Shaped
    };
    Some(Token { what: format.what, certainty })
}

/// Three parts of base64, the first of which is a JSON object that names an algorithm.
fn is_jwt(rest: &str) -> bool {
    let end = rest.bytes().position(|b| !(Alphabet::Url.has(b) || b == b'.')).unwrap_or(rest.len());
    let mut parts = rest.get(..end).unwrap_or("").split('.');
    let (Some(header), Some(payload), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    payload.starts_with("eyJ")
        && signature.len() >= 20
        && decode(header).is_some_and(|json| json.contains("\"alg\""))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// A PEM block with a private key, from its label on.
fn pem(text: &str) -> Option<Token> {
    let (label, body) = text.split_once("-----")?;
    let private = label.ends_with("PRIVATE KEY") || label == "PGP PRIVATE KEY BLOCK";
    let written = body.trim_start().len() > 8;
    (private && label.len() < 40 && written)
        .then_some(Token { what: PRIVATE_KEY, certainty: Certainty::Shaped })
}

/// A Terraform Cloud token around its word.
fn atlas(text: &str, at: usize) -> Option<Token> {
    let tail = text.get(at + ATLAS.len()..)?;
    let length = tail.bytes().take_while(|b| Alphabet::Url.has(*b)).count();
    (length >= 60).then_some(Token { what: "Terraform Cloud token", certainty: Certainty::Shaped })
}

/// The vendor's name, a sign of assignment, and a token of the vendor's length.
fn beside_vendor(text: &str) -> Option<Token> {
    type Is = fn(&str) -> bool;
    const VENDORS: [(&str, &str, Is); 8] = [
        ("datadog", "Datadog key", |t| matches!(t.len(), 32 | 40)),
        ("heroku", "Heroku key", is_uuid),
        ("sumo", "Sumo Logic key", |t| matches!(t.len(), 14 | 64)),
        ("launchdarkly", "LaunchDarkly key", |t| t.len() == 40),
        ("okta", "Okta token", |t| t.len() == 42),
        ("bitbucket", "Bitbucket key", |t| matches!(t.len(), 32 | 64)),
        ("new-relic", "New Relic key", |t| t.len() == 64),
        ("newrelic", "New Relic key", |t| matches!(t.len(), 40 | 64)),
    ];
    // A document is not read for what may stand beside a vendor's name: there are too many ids.
    if text.len() > 4096 {
        return None;
    }
    for at in memchr::memchr3_iter(b'=', b':', b'>', text.as_bytes()) {
        let Some(tail) = text.get(at + 1..) else { continue };
        let tail = tail.trim_start_matches(['=', '>', ' ', '"', '\'', '`', '|', ':']);
        let end = tail.bytes().position(|b| !(Alphabet::Url.has(b) || b == b'='));
        let token = tail.get(..end.unwrap_or(tail.len())).unwrap_or("");
        if !(14..=64).contains(&token.len())
            || !token.bytes().any(|b| b.is_ascii_digit())
            || !token.bytes().any(|b| b.is_ascii_alphabetic())
        {
            continue;
        }
        let from = at.saturating_sub(40);
        let Some(before) = text.as_bytes().get(from..at) else { continue };
        let near = |name: &str| {
            before.windows(name.len()).any(|w| w.eq_ignore_ascii_case(name.as_bytes()))
        };
        if let Some((_, what, _)) = VENDORS.iter().find(|(n, _, is)| is(token) && near(n)) {
            return Some(Token { what, certainty: Certainty::Guessed });
        }
    }
    None
}

/// GitHub's and npm's tokens end in the CRC-32 of what precedes, in base 62.
fn has_checksum(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((random, sum)) = body.split_at_checked(30) else { return false };
    let mut crc = !0u32;
    for byte in random.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut value = !crc;
    sum.bytes().rev().all(|digit| {
        let expected = DIGITS[(value % 62) as usize];
        value /= 62;
        digit == expected
    })
}

/// base64 of either alphabet, padded or not, if it is text.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::{Certainty, find, has_checksum};

    #[test]
    fn a_checksum_tells_a_token_from_a_look_alike() {
        // Made up here: thirty letters and their CRC-32.
        let random = "abcdefghijklmnopqrstuvwxyzABCD";
        let mut sums = (0..2).filter(|n| has_checksum(&format!("{random}00000{n}")));
        assert!(sums.next().is_none());
    }

    #[test]
    fn words_that_only_start_alike_are_none() {
        for text in [
            "AKIA",
            "AKIAIOSFODNN7EXAMPLEANDMORE",
            "task-ant-colony-optimisation-of-the-warehouse-routes",
            "eyJhbGciOiJIUzI1NiJ9.notajwt",
            "npm_config_registry_https_registry_example_com",
            "registry.example.com/shop/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(find(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_documented_example_is_marked_as_one() {
        let found = find("key=AKIAIOSFODNN7EXAMPLE").map(|t| t.certainty);
        assert_eq!(found, Some(Certainty::Example));
    }
}
