//! What chance makes: passwords, keys, certificates. All of it is made up, the same every time, in
//! the shape and length of the real thing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::{any, fits_text, fixed, int, made_up, made_up_text, str, text};
use crate::error::{Error, Result};
use crate::function::{
    Call, Function, Param,
    Param::{Any, Int, List, Text as Str},
};
use crate::text::{Text, TextBuilder};
use crate::value::{Data, Object, Val};

pub(super) static TABLE: &[Function] = &[
    fixed("randAlphaNum", &[Int], |call, args| random(call, args, "madeUp0123456789")),
    fixed("randAlpha", &[Int], |call, args| random(call, args, "madeUpLetters")),
    fixed("randAscii", &[Int], |call, args| random(call, args, "madeUp0123456789")),
    fixed("randNumeric", &[Int], |call, args| random(call, args, "1234567890")),
    fixed("randBytes", &[Int], |call, args| {
        let count = length(call, args)?;
        Ok(made_up(STANDARD.encode(bytes(count))))
    }),
    fixed("uuidv4", &[], |_, _| Ok(made_up("00000000-0000-4000-8000-000000000000"))),
    fixed("bcrypt", &[Str], |_, _| Ok(made_up(BCRYPT))),
    fixed("htpasswd", &[Str, Str], htpasswd),
    fixed("derivePassword", &[Int, Str, Str, Str, Str], derive_password),
    fixed("genPrivateKey", &[Str], |_, args| {
        let (kind, size) = match str(args, 0)? {
            "" | "rsa" => ("RSA PRIVATE KEY", 2349),
            "dsa" => ("DSA PRIVATE KEY", 836),
            "ecdsa" => ("EC PRIVATE KEY", 121),
            "ed25519" => ("PRIVATE KEY", 48),
            other => return Ok(Val::text(format!("Unknown type {other}"))),
        };
        Ok(made_up(pem(kind, size)))
    }),
    fixed("genCA", &[Str, Int], |_, _| Ok(certificate(None))),
    fixed("genCAWithKey", &[Str, Int, Str], |_, args| with_key(args, 2)),
    fixed("genSelfSignedCert", &[Str, List, List, Int], |_, args| {
        names(args)?;
        Ok(certificate(None))
    }),
    fixed("genSelfSignedCertWithKey", &[Str, List, List, Int, Str], |_, args| {
        names(args)?;
        with_key(args, 4)
    }),
    fixed("genSignedCert", SIGNED, |_, args| {
        names(args)?;
        signer(args)?;
        Ok(certificate(None))
    }),
    fixed("genSignedCertWithKey", &[Str, List, List, Int, Any, Str], |_, args| {
        names(args)?;
        signer(args)?;
        with_key(args, 5)
    }),
    fixed("buildCustomCert", &[Str, Str], build_custom_cert),
    fixed("encryptAES", &[Str, Str], |call, args| {
        let plain = str(args, 1)?;
        if plain.is_empty() {
            return Ok(Val::text(""));
        }
        fits_text(call, plain.len() * 2)?;
        Ok(made_up(STANDARD.encode(bytes(16 + (plain.len() / 16 + 1) * 16))))
    }),
    fixed("decryptAES", &[Str, Str], |_, args| {
        let packed = str(args, 1)?;
        if packed.is_empty() {
            return Ok(Val::text(""));
        }
        match STANDARD.decode(packed) {
            Ok(bytes) if bytes.len() >= 32 && bytes.len() % 16 == 0 => Ok(made_up("decrypted")),
            Ok(_) => Err(Error::execution("what should be decrypted is not of AES blocks")),
            Err(_) => Err(Error::execution("illegal base64 data in what should be decrypted")),
        }
    }),
    fixed("getHostByName", &[Str], |_, _| Ok(made_up("192.0.2.1"))),
];

const SIGNED: &[Param] = &[Str, List, List, Int, Any];
const BCRYPT: &str = "$2a$10$madeUpSaltOf22LettersmadeUpHashOf31LettersAndDigitNow";
const CERTIFICATE: &str = "sprig.certificate";

/// How many characters or bytes are asked for.
fn length(call: &mut Call<'_>, args: &[Val]) -> Result<usize> {
    let count = usize::try_from(int(args, 0)?);
    let count = count.map_err(|_| Error::execution("a negative length was asked for"))?;
    fits_text(call, count.saturating_mul(2))?;
    Ok(count)
}

fn random(call: &mut Call<'_>, args: &[Val], letters: &str) -> Result<Val> {
    if int(args, 0)? < 0 {
        return Ok(made_up(""));
    }
    let count = length(call, args)?;
    Ok(made_up(letters.chars().cycle().take(count).collect::<String>()))
}

/// Bytes that look like none in particular.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// A block with so many bytes in it.
fn pem(kind: &str, size: usize) -> String {
    let packed = STANDARD.encode(bytes(size));
    let mut block = format!("-----BEGIN {kind}-----\n");
    for (at, c) in packed.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            block.push('\n');
        }
        block.push(c);
    }
    block + "\n-----END " + kind + "-----\n"
}

fn htpasswd(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let user = text(args, 0)?;
    if user.as_str().contains(':') {
        return Ok(Val::text(format!("invalid username: {}", user.as_str())));
    }
    let mut made = TextBuilder::new();
    made.push_text(user);
    made.push_plain(":");
    made.push_text(&made_up_text(BCRYPT));
    Ok(Val::text(made.finish()).made_up())
}

fn derive_password(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    if int(args, 0)? < 0 {
        return Err(Error::execution("the counter of derivePassword must not be negative"));
    }
    let kind = str(args, 1)?;
    Ok(made_up(match kind {
        "maximum" => "m@deUpPassw0rd000000",
        "long" => "Madeup0&PassWo",
        "medium" => "Mad0&Upp",
        "short" => "Mad0",
        "basic" => "madu0pas",
        "pin" => "1234",
        _ => return Ok(Val::text(format!("cannot find password template {kind}"))),
    }))
}

#[derive(Debug)]
struct Certificate {
    cert: Text,
    key: Text,
    made_up: bool,
}

impl Object for Certificate {
    fn type_name(&self) -> &'static str {
        CERTIFICATE
    }

    fn field(&self, name: &str) -> Option<Val> {
        let text = match name {
            "Cert" => &self.cert,
            "Key" => &self.key,
            _ => return None,
        };
        let mut value = Val::text(text.clone());
        value.made_up = self.made_up;
        value.origin = text.origin().and_then(|origin| origin.value);
        Some(value)
    }

    fn call(&self, _: &str, _: &[Val]) -> Option<Result<Val>> {
        None
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.cert.as_str(), self.key.as_str())
    }

    fn plain(&self) -> Option<Val> {
        let fields = ["Cert", "Key"].into_iter();
        let fields = fields.filter_map(|name| Some((name.into(), self.field(name)?)));
        Some(Val::map(fields.collect()))
    }
}

fn certificate(key: Option<&Text>) -> Val {
    let key = key.cloned().unwrap_or_else(|| made_up_text(pem("RSA PRIVATE KEY", 1192)));
    let cert = made_up_text(pem("CERTIFICATE", 797));
    Val::object(Certificate { cert, key, made_up: true }).made_up()
}

/// A certificate for a key that is given as a PEM block.
fn with_key(args: &[Val], at: usize) -> Result<Val> {
    let key = text(args, at)?;
    if !is_pem(key.as_str(), "PRIVATE KEY-----") {
        return Err(Error::execution("parsing private key: no PEM data in input"));
    }
    Ok(certificate(Some(key)))
}

fn is_pem(text: &str, kind: &str) -> bool {
    text.lines().any(|line| line.trim_end().starts_with("-----BEGIN ") && line.contains(kind))
}

/// Addresses and names must be texts.
fn names(args: &[Val]) -> Result<()> {
    for (at, what) in [(1, "error parsing ip"), (2, "error processing alternate dns name")] {
        for item in super::args::items(any(args, at)?).iter().flat_map(|list| list.iter()) {
            let Some(name) = item.as_str() else {
                let item = super::printed::print(item)?;
                let message = format!("{what}: {} is not a string", item.as_str());
                return Err(Error::execution(message));
            };
            if at == 1 && name.parse::<std::net::IpAddr>().is_err() {
                return Err(Error::execution(format!("{what}: {name}")));
            }
        }
    }
    Ok(())
}

/// The authority that signs.
fn signer(args: &[Val]) -> Result<()> {
    match any(args, 4)? {
        Val { data: Data::Object(object), .. } if object.type_name() == CERTIFICATE => Ok(()),
        other => Err(Error::execution(format!(
            "wrong type for value; expected {CERTIFICATE}; got {}",
            other.type_name()
        ))),
    }
}

fn build_custom_cert(_: &mut Call<'_>, args: &[Val]) -> Result<Val> {
    let decoded = |at: usize, what: &str| {
        let text = text(args, at)?;
        let packed: String = text.as_str().chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let bytes = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let wrong = || Error::execution(format!("unable to decode base64 {what}"));
        bytes.map(|new| text.remade(new)).ok_or_else(wrong)
    };
    let (cert, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    if !is_pem(cert.as_str(), "CERTIFICATE-----") {
        return Err(Error::execution("unable to decode certificate"));
    }
    if !is_pem(key.as_str(), "PRIVATE KEY-----") {
        return Err(Error::execution("error parsing private key: no PEM data in input"));
    }
    let made_up = args.iter().any(|value| value.made_up);
    Ok(Val::object(Certificate { cert, key, made_up }))
}
