//! Base64, base32 and checksums.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

use super::args::{fits_text, fixed, text};
use crate::bytes::{bytes_of_text, text_of_bytes};
use crate::error::Result;
use crate::function::{Call, Function, Param::Text as Str};
use crate::value::Val;

pub(super) static TABLE: &[Function] = &[
    fixed("b64enc", &[Str], |call, args| of_bytes(call, args, |bytes| STANDARD.encode(bytes))),
    fixed("b64dec", &[Str], |call, args| remade(call, args, b64dec)),
    fixed("b32enc", &[Str], |call, args| of_bytes(call, args, b32enc)),
    fixed("b32dec", &[Str], |call, args| remade(call, args, b32dec)),
    fixed("sha1sum", &[Str], |call, args| of_bytes(call, args, |bytes| hex(&Sha1::digest(bytes)))),
    fixed("sha256sum", &[Str], |call, args| {
        of_bytes(call, args, |bytes| hex(&Sha256::digest(bytes)))
    }),
    fixed("sha512sum", &[Str], |call, args| {
        of_bytes(call, args, |bytes| hex(&Sha512::digest(bytes)))
    }),
    fixed("adler32sum", &[Str], |call, args| of_bytes(call, args, adler32)),
];

fn remade(call: &mut Call<'_>, args: &[Val], change: fn(&str) -> String) -> Result<Val> {
    let text = text(args, 0)?;
    let new = change(text.as_str());
    fits_text(call, new.len() + text.len())?;
    Ok(Val::text(text.remade(new)))
}

fn of_bytes(call: &mut Call<'_>, args: &[Val], change: fn(&[u8]) -> String) -> Result<Val> {
    let text = text(args, 0)?;
    let new = change(&bytes_of_text(text.as_str()));
    fits_text(call, new.len() + text.len())?;
    Ok(Val::text(text.remade(new)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Line ends are skipped; for what is not base64 the result says so, as sprig does it.
fn b64dec(text: &str) -> String {
    let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match STANDARD.decode(&packed) {
        Ok(bytes) => text_of_bytes(&bytes),
        Err(error) => {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _)
                | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                _ => packed.len() / 4 * 4,
            };
            format!("illegal base64 data at input byte {at}")
        }
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn b32enc(bytes: &[u8]) -> String {
    let mut made = String::new();
    for chunk in bytes.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let bits = bits << (8 * (5 - chunk.len()));
        let used = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let index = (bits >> (35 - 5 * at) & 31) as usize;
            let letter = BASE32.get(index).filter(|_| at < used);
            made.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    made
}

fn b32dec(text: &str) -> String {
    let packed: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let wrong = |at: usize| format!("illegal base32 data at input byte {at}");
    let mut bytes = Vec::new();
    for (at, chunk) in packed.chunks(8).enumerate() {
        let used = chunk.iter().position(|byte| *byte == b'=').unwrap_or(chunk.len());
        let padded = chunk.iter().skip(used).all(|byte| *byte == b'=');
        let last = (at + 1) * 8 >= packed.len();
        if chunk.len() < 8 {
            return wrong(at * 8);
        }
        if !padded || used < 8 && !last || matches!(used, 0 | 1 | 3 | 6) {
            return wrong(at * 8 + used);
        }
        let mut bits = 0_u64;
        for (offset, byte) in chunk.iter().take(used).enumerate() {
            let Some(digit) = BASE32.iter().position(|letter| letter == byte) else {
                return wrong(at * 8 + offset);
            };
            bits |= (digit as u64) << (35 - 5 * offset);
        }
        bytes.extend(bits.to_be_bytes().iter().skip(3).take(used * 5 / 8));
    }
    text_of_bytes(&bytes)
}

fn adler32(bytes: &[u8]) -> String {
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    (high << 16 | low).to_string()
}
