//! Resource quantities, and numbers that may be percentages.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Add;

use crate::yaml::{NodeRef, Scalar};

/// A resource quantity, exact to a billionth of its unit and rounded up beyond, as Kubernetes does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}

const NANO: i128 = 1_000_000_000;

impl Quantity {
    pub const ZERO: Quantity = Quantity { nanos: 0 };

    pub fn whole(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANO }
    }

    /// `value` binary mebibytes.
    pub fn mebi(value: i64) -> Self {
        Self { nanos: i128::from(value) * 1024 * 1024 * NANO }
    }

    /// Parses what the API server accepts: `[+-]digits[.digits]` and one of
    /// `n u m k M G T P E Ki Mi Gi Ti Pi Ei e<exp> E<exp>`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let split = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(split);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let (base, exponent): (i128, i32) = match suffix {
            "" => (1, 0),
            "n" => (1, -9),
            "u" => (1, -6),
            "m" => (1, -3),
            "k" => (1, 3),
            "M" => (1, 6),
            "G" => (1, 9),
            "T" => (1, 12),
            "P" => (1, 15),
            "E" => (1, 18),
            "Ki" => (1 << 10, 0),
            "Mi" => (1 << 20, 0),
            "Gi" => (1 << 30, 0),
            "Ti" => (1 << 40, 0),
            "Pi" => (1 << 50, 0),
            "Ei" => (1 << 60, 0),
            _ => {
                let digits = suffix.strip_prefix(['e', 'E'])?;
                (1, digits.parse().ok().filter(|e: &i32| e.abs() <= 30)?)
            }
        };
        // digits × 10^-fraction.len() × base × 10^exponent, in billionths. Digits beyond what
        // the type holds saturate: such a quantity is above every other anyway.
        let digits = match fraction {
            "" => Cow::Borrowed(whole),
            _ => Cow::Owned(format!("{whole}{fraction}")),
        };
        let digits: i128 = match digits.trim_start_matches('0') {
            "" => 0,
            significant => significant.parse().unwrap_or(i128::MAX),
        };
        let scale = exponent + 9 - i32::try_from(fraction.len()).ok()?;
        let scaled = digits.saturating_mul(base);
        let nanos = if scale >= 0 {
            10i128.checked_pow(scale.unsigned_abs()).map_or(i128::MAX, |p| scaled.saturating_mul(p))
        } else {
            10i128
                .checked_pow(scale.unsigned_abs())
                .map_or(i128::from(scaled > 0), |p| scaled / p + i128::from(scaled % p != 0))
        };
        Some(Self { nanos: if negative { -nanos } else { nanos } })
    }

    /// Reads a node that holds a quantity: a string or a number.
    pub fn read(node: NodeRef<'_>) -> Option<Self> {
        match node.scalar()? {
            Scalar::Null | Scalar::Bool(_) => None,
            _ => Self::parse(node.text()),
        }
    }

    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// How often `other` fits, for ratios; `None` when `other` is zero.
    pub fn ratio(self, other: Self) -> Option<f64> {
        (other.nanos != 0).then(|| self.nanos as f64 / other.nanos as f64)
    }
}

/// `5` or `"50%"`, as budgets and rollout strategies take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    Int(i64),
    Percent(i64),
}

impl IntOrPercent {
    pub fn read(node: NodeRef<'_>) -> Option<Self> {
        match node.scalar()? {
            Scalar::Int(value) => Some(Self::Int(value)),
            Scalar::Str(text) => text.strip_suffix('%')?.parse().ok().map(Self::Percent),
            _ => None,
        }
    }

    /// The number of `total`, percentages rounded up.
    pub fn of_rounded_up(self, total: i64) -> i64 {
        match self {
            Self::Int(value) => value,
            Self::Percent(p) => {
                (p.saturating_mul(total)).div_euclid(100)
                    + i64::from((p.saturating_mul(total)).rem_euclid(100) != 0)
            }
        }
    }

    /// The number of `total`, percentages rounded down.
    pub fn of_rounded_down(self, total: i64) -> i64 {
        match self {
            Self::Int(value) => value,
            Self::Percent(p) => p.saturating_mul(total).div_euclid(100),
        }
    }
}

/// Sums saturate: such a quantity is above every other anyway.
impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos) }
    }
}

impl PartialEq<i64> for Quantity {
    fn eq(&self, other: &i64) -> bool {
        *self == Self::whole(*other)
    }
}

impl PartialOrd<i64> for Quantity {
    fn partial_cmp(&self, other: &i64) -> Option<Ordering> {
        Some(self.cmp(&Self::whole(*other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_compare_across_units() {
        let q = |text| Quantity::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(q("1Gi"), q("1024Mi"));
        assert_eq!(q("0.5"), q("500m"));
        assert_eq!(q("1e3"), q("1k"));
        assert_eq!(q("1E"), q("1e18"));
        assert!(q("1G") < q("1Gi") && q("100m") < q("1") && q("-1") < q("0"));
        assert_eq!(q("1.5Gi"), q("1536Mi"));
        assert_eq!(q("0.0000000001"), q("1n"));
        for bad in ["", "1GB", "1 Gi", "Gi", "1.2.3", "1mi", "0x10", "abc", "1e", "-"] {
            assert_eq!(Quantity::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn huge_quantities_saturate() {
        let huge = "9".repeat(60);
        assert!(Quantity::parse(&huge) > Quantity::parse("1Ei"));
    }

    #[test]
    fn percentages_round_as_their_owner_says() {
        assert_eq!(IntOrPercent::Percent(25).of_rounded_up(3), 1);
        assert_eq!(IntOrPercent::Percent(25).of_rounded_down(3), 0);
        assert_eq!(IntOrPercent::Percent(100).of_rounded_up(3), 3);
        assert_eq!(IntOrPercent::Int(2).of_rounded_up(9), 2);
    }
}
