//! Looks for bytes eight at a time: runs in manifests are too short for more.

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES * 0x80;
const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
const COLONS: u64 = u64::from_le_bytes([b':'; 8]);
const HASHES: u64 = u64::from_le_bytes([b'#'; 8]);

/// The high bit of each zero byte; above the lowest one, of some others too.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// As [`zeros`], of each byte below a blank: controls, line ends and tabs.
const fn controls(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

/// The first byte at `at` or behind it that is no space; the text's end if there is none.
pub(super) fn behind_spaces(bytes: &[u8], at: usize) -> usize {
    first(bytes, at, |word| word ^ SPACES, |byte| byte != b' ')
}

/// The first byte at `at` or behind it at which a plain scalar may end: a line end, a tab, `:` or
/// `#`; the text's end if there is none.
pub(super) fn plain_stop(bytes: &[u8], at: usize) -> usize {
    let found = |word: u64| {
        let colons = zeros(word ^ COLONS);
        let hashes = zeros(word ^ HASHES);
        controls(word) | colons | hashes
    };
    first(bytes, at, found, |byte| byte < b' ' || byte == b':' || byte == b'#')
}

/// The first byte that is looked for. Within eight bytes, the lowest bit that `in_word` leaves lies
/// in the first of them.
#[inline]
fn first(
    bytes: &[u8],
    mut at: usize,
    in_word: impl Fn(u64) -> u64,
    is_found: impl Fn(u8) -> bool,
) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return at };
    while let Some((word, behind)) = rest.split_first_chunk() {
        let found = in_word(u64::from_le_bytes(*word));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += word.len();
        rest = behind;
    }
    at + rest.iter().position(|&byte| is_found(byte)).unwrap_or(rest.len())
}
