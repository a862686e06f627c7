//! Bytes that are no UTF-8, as a text can hold them: each as a character of the last private plane,
//! from which functions on bytes take it back. Keystores in a chart go through `b64enc` this way.

use std::borrow::Cow;

const FIRST: u32 = 0x10_ff00;

/// A text of bytes; of those that are no UTF-8 a character each.
pub fn text_of_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let odd = chunk.invalid().iter();
        text.extend(odd.filter_map(|byte| char::from_u32(FIRST + u32::from(*byte))));
    }
    text
}

/// The bytes that a text was made of.
pub fn bytes_of_text(text: &str) -> Cow<'_, [u8]> {
    // The lead byte of every character of the last plane, and of hardly any other.
    if !text.as_bytes().contains(&0xf4) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c).wrapping_sub(FIRST)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use super::{bytes_of_text, text_of_bytes};

    #[test]
    fn bytes_come_back() {
        for bytes in [&b""[..], b"plain", "é 日 😀".as_bytes(), b"\xfe\xed\x00\xc3(\xff", b"a\xf4b"]
        {
            assert_eq!(&*bytes_of_text(&text_of_bytes(bytes)), bytes);
        }
    }
}
