//! The order of keys in YAML as Go prints it: numbers within keys count as numbers.

use std::rc::Rc;

use crate::map::Slot;

/// Two generations of the library differ where a letter meets what is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `toYaml`
    Compact,
    /// `toYamlPretty`
    Pretty,
}

/// Sorts entries. The order is none in the strict sense (`a`, `1b` and `~` may beat each other in
/// turn), so the sort must not rely on it: a merge sort of our own, for the one at hand may panic.
pub(super) fn sort(entries: &mut Vec<(Rc<str>, Slot)>, order: Order) {
    let mut width = 1;
    while width < entries.len() {
        let mut sorted = Vec::with_capacity(entries.len());
        let mut rest = std::mem::take(entries).into_iter();
        loop {
            let left: Vec<_> = rest.by_ref().take(width).collect();
            if left.is_empty() {
                break;
            }
            let right: Vec<_> = rest.by_ref().take(width).collect();
            let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                let next = if is_less(&b.0, &a.0, order) { right.next() } else { left.next() };
                sorted.extend(next);
            }
            sorted.extend(left);
            sorted.extend(right);
        }
        *entries = sorted;
        width *= 2;
    }
}

fn is_less(a: &str, b: &str, order: Order) -> bool {
    // Most keys are told apart by ASCII; only what follows the common start matters, but for the
    // digits that it ends with.
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else {
        return a.len() < b.len();
    };
    let (Some(&x), Some(&y)) = (a.get(at), b.get(at)) else { return false };
    let common = a.get(..at).unwrap_or_default();
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x < y,
        (false, false) => {}
        (x_is_letter, y_is_letter) => {
            let behind_digit = common.last().is_some_and(char::is_ascii_digit);
            let swapped = order == Order::Pretty && behind_digit;
            return if swapped { x_is_letter } else { y_is_letter };
        }
    }
    // Zeros count if digits stand before them.
    let inside = (x == '0' || y == '0')
        && common.iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let number = |of: &[char]| {
        let start = i64::from(inside);
        let digits = of.iter().skip(at).map_while(|c| c.to_digit(10));
        digits.fold((start, 0_usize), |(sum, count), digit| {
            (sum.wrapping_mul(10).wrapping_add(i64::from(digit)), count + 1)
        })
    };
    let (first, second) = (number(&a), number(&b));
    if first == second { x < y } else { first < second }
}
