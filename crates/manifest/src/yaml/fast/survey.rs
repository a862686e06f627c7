//! A first look at all bytes: characters that are left to the full parser, and how many lines.

/// What a look at the whole text tells.
pub(super) struct Survey {
    pub(super) lines: usize,
}

/// `None` when the text holds carriage returns, controls, or characters that YAML treats specially.
pub(super) fn of(text: &str) -> Option<Survey> {
    const CHUNK: usize = 128; // lines of a chunk are counted in a byte
    let bytes = text.as_bytes();
    let mut lines = 0;
    let mut ascii = true;
    for chunk in bytes.chunks(CHUNK) {
        let mut breaks = 0_u8;
        let mut controls = false;
        let mut high = 0_u8;
        for &byte in chunk {
            breaks += u8::from(byte == b'\n');
            controls |= (byte < b' ' && byte != b'\n' && byte != b'\t') || byte == 0x7f;
            high |= byte;
        }
        if controls {
            return None;
        }
        lines += usize::from(breaks);
        ascii &= high < 0x80;
    }
    if !ascii && text.chars().any(is_special) {
        return None;
    }
    Some(Survey { lines })
}

/// Controls, byte order marks and what is no character.
fn is_special(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
