//! Decisions that depend on the input alone, so that every run of it is the same.

/// A number made of all bytes (FNV-1a).
pub(crate) fn dice(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whether this input is one of those `in_so_many` that a costly look is taken at. Different looks give
/// different `turn`s.
pub(crate) fn is_turn(dice: u64, turn: u32, in_so_many: u64) -> bool {
    dice.rotate_right(turn * 7).is_multiple_of(in_so_many)
}
