//! Arithmetic with fractions: in decimal digits where sprig does it so, which makes 0.1 + 0.2 be 0.3.

use super::args::{any, fixed, float, int, rest, variadic};
use super::numbers::to_float;
use crate::error::{Error, Result};
use crate::function::{
    Function,
    Param::{Any, Float, Int},
};
use crate::value::Val;

pub(super) static TABLE: &[Function] = &[
    fixed("add1f", &[Any], |_, args| folded(to_float(any(args, 0)?), &[Val::int(1)], Op::Add)),
    variadic("addf", &[Any], |_, args| folded(0.0, args, Op::Add)),
    variadic("subf", &[Any, Any], |_, args| {
        folded(to_float(any(args, 0)?), rest(args, 1), Op::Subtract)
    }),
    variadic("mulf", &[Any, Any], |_, args| {
        folded(to_float(any(args, 0)?), rest(args, 1), Op::Multiply)
    }),
    variadic("divf", &[Any, Any], |_, args| {
        folded(to_float(any(args, 0)?), rest(args, 1), Op::Divide)
    }),
    variadic("maxf", &[Any, Any], |_, args| chosen(args, |a, b| a > b)),
    variadic("minf", &[Any, Any], |_, args| chosen(args, |a, b| a < b)),
    fixed("ceil", &[Any], |_, args| Ok(Val::float(to_float(any(args, 0)?).ceil()))),
    fixed("floor", &[Any], |_, args| Ok(Val::float(to_float(any(args, 0)?).floor()))),
    variadic("round", &[Any, Int, Float], |_, args| {
        let on = if args.len() > 2 { float(args, 2)? } else { 0.5 };
        Ok(Val::float(round(to_float(any(args, 0)?), int(args, 1)?, on)))
    }),
];

fn chosen(args: &[Val], better: fn(f64, f64) -> bool) -> Result<Val> {
    let first = to_float(any(args, 0)?);
    let choose = |best: f64, next: f64| {
        if best.is_nan() || next.is_nan() {
            f64::NAN
        } else if better(next, best) {
            next
        } else {
            best
        }
    };
    Ok(Val::float(rest(args, 1).iter().map(to_float).fold(first, choose)))
}

/// Up from `on` on, else down; down is towards less also below zero, as sprig does it.
fn round(value: f64, places: i64, on: f64) -> f64 {
    // As text, it is rounded right, and `powf` would be the one need of libm, which is memory.
    let power = format!("1e{places}").parse().unwrap_or(f64::INFINITY);
    let digit = power * value;
    let whole = if digit.fract() >= on { digit.ceil() } else { digit.floor() };
    whole / power
}

#[derive(Clone, Copy)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
}

fn folded(first: f64, others: &[Val], op: Op) -> Result<Val> {
    let mut result = first;
    let mut exact = Decimal::of(first);
    for other in others {
        let next = to_float(other);
        if matches!(op, Op::Divide) && next == 0.0 {
            return Err(Error::execution("decimal division by 0"));
        }
        if !(next.is_finite() && result.is_finite()) {
            return Err(Error::execution("Cannot create a Decimal from NaN or an infinity"));
        }
        exact = exact.and_then(|exact| exact.with(Decimal::of(next)?, op));
        result = match (exact, op) {
            (Some(exact), _) => exact.to_float(),
            (None, Op::Add) => result + next,
            (None, Op::Subtract) => result - next,
            (None, Op::Multiply) => result * next,
            (None, Op::Divide) => result / next,
        };
    }
    Ok(Val::float(result))
}

/// `digits * 10^exponent`. What does not fit is computed in binary instead.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that reads as this number.
    fn of(value: f64) -> Option<Self> {
        let shortest = format!("{value:e}");
        let (digits, exponent) = shortest.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let behind = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
        let digits = digits.replace('.', "").parse().ok()?;
        Some(Self { digits, exponent: exponent - i32::try_from(behind).ok()? })
    }

    fn to_float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(0.0)
    }

    /// The digits for a smaller exponent.
    fn scaled(self, exponent: i32) -> Option<i128> {
        let by = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.digits.checked_mul(10_i128.checked_pow(by)?)
    }

    fn with(self, other: Self, op: Op) -> Option<Self> {
        let least = self.exponent.min(other.exponent);
        match op {
            Op::Add => {
                let digits = self.scaled(least)?.checked_add(other.scaled(least)?)?;
                Some(Self { digits, exponent: least })
            }
            Op::Subtract => {
                let digits = self.scaled(least)?.checked_sub(other.scaled(least)?)?;
                Some(Self { digits, exponent: least })
            }
            Op::Multiply => Some(Self {
                digits: self.digits.checked_mul(other.digits)?,
                exponent: self.exponent.checked_add(other.exponent)?,
            }),
            Op::Divide => self.divided(other),
        }
    }

    /// To 16 digits behind the point, the last rounded away from zero from a half on.
    fn divided(self, other: Self) -> Option<Self> {
        const PLACES: i32 = 16;
        let shift = self.exponent.checked_sub(other.exponent)?.checked_add(PLACES)?;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let (above, below) = if shift >= 0 {
            (self.digits.checked_mul(power)?, other.digits)
        } else {
            (self.digits, other.digits.checked_mul(power)?)
        };
        let (quotient, rest) = (above.checked_div(below)?, above.checked_rem(below)?);
        let up = rest.unsigned_abs() >= below.unsigned_abs().div_ceil(2);
        let away = if (above < 0) == (below < 0) { 1 } else { -1 };
        let digits = if up { quotient.checked_add(away)? } else { quotient };
        Some(Self { digits, exponent: -PLACES })
    }
}
