//! A first look at all bytes: characters that are left to the full parser, and how many lines.

/// What a look at the whole text tells.
pub(super) struct Survey {
    pub(super) lines: usize,
}

/// `None` when the text holds carriage returns, controls, or characters that YAML treats specially.
pub(super) fn of(text: &str) -> Option<Survey> {
    const CHUNK: usize = 224; // what is found in a chunk is counted in a byte
    let mut lines = 0;
    let mut is_usual = true;
    for chunk in text.as_bytes().chunks(CHUNK) {
        let (mut breaks, mut low, mut bits) = (0_u8, 0_u8, 0_u8);
        for &byte in chunk {
            breaks += u8::from(byte == b'\n');
            low += u8::from(byte < b' ');
            // Sets the highest bit for DEL and for all that is not ASCII.
            bits |= byte.wrapping_add(1);
        }
        lines += usize::from(breaks);
        is_usual &= low == breaks && bits.is_ascii();
    }
    if !is_usual && text.chars().any(is_special) {
        return None;
    }
    Some(Survey { lines })
}

/// Controls, byte order marks and what is no character.
fn is_special(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\0'..' ' | '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => false,
    }
}
