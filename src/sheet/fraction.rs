//! Points between the hundredths: exact fractions, never floating point.

use super::Points;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An exact number of points, such as 2/3, in lowest terms.
///
/// Written as [`Points`] where it is whole hundredths (`0.5`), as a fraction otherwise (`2/3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fraction {
    numerator: i128,
    /// From 1.
    denominator: i128,
}

/// What is wrong with a fraction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a number with at most two decimals, or a fraction such as 1/3, was expected, this is {0:?}")]
pub struct FractionError(pub String);

/// Greatest denominator, and greatest whole part. A key's own limit is below the first, a paper of
/// thousands of items worth thousands of points below the second; the product of both, squared, is below
/// 2^127, so that comparing never overflows.
const DENOMINATORS: i128 = 100_000_000_000_000;
const WHOLES: i128 = 10_000;

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// One point.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator` divided by `denominator`; `None` for a denominator below 1, and beyond 10 000 points or a
    /// denominator of 10^14 in lowest terms.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator < 1 {
            return None;
        }
        let common = gcd(numerator, denominator).max(1);
        let (numerator, denominator) = (numerator / common, denominator / common);
        let fits = denominator <= DENOMINATORS && numerator.checked_abs()? / denominator <= WHOLES;
        fits.then_some(Self { numerator, denominator })
    }

    /// Its numerator in lowest terms.
    #[must_use]
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// Its denominator in lowest terms, from 1.
    #[must_use]
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// The sum; `None` beyond the range of [`Self::new`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// The product; `None` beyond the range of [`Self::new`].
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::new(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    /// This divided by `other`; `None` unless that is above zero and the result within the range of [`Self::new`].
    #[must_use]
    pub fn checked_div(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.denominator)?;
        Self::new(numerator, self.denominator.checked_mul(other.numerator)?)
    }

    /// The same as [`Points`], if it is whole hundredths.
    #[must_use]
    pub fn whole_hundredths(self) -> Option<Points> {
        if 100 % self.denominator != 0 {
            return None;
        }
        i64::try_from(self.numerator * (100 / self.denominator)).ok().map(Points::from_hundredths)
    }

    /// How many parts of a point of `per_point` each this is; `None` if it is not a whole number of them.
    #[must_use]
    pub fn in_parts(self, per_point: i128) -> Option<i128> {
        (per_point % self.denominator == 0)
            .then(|| self.numerator.checked_mul(per_point / self.denominator))
            .flatten()
    }

    /// The nearest floating-point number, for statistics and pictures only.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl From<Points> for Fraction {
    fn from(points: Points) -> Self {
        let numerator = i128::from(points.hundredths());
        let common = gcd(numerator, 100);
        Self { numerator: numerator / common, denominator: 100 / common }
    }
}

/// Greatest common divisor, at least 0.
pub(crate) fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(i128::MAX)
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        // Both within the limits of `new`: no overflow.
        (self.numerator * other.denominator).cmp(&(other.numerator * self.denominator))
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole_hundredths() {
            Some(points) => points.fmt(f),
            None => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

impl FromStr for Fraction {
    type Err = FractionError;
    fn from_str(text: &str) -> Result<Self, FractionError> {
        let wrong = || FractionError(text.to_owned());
        let Some((above, below)) = text.trim().split_once('/') else {
            return text.parse::<Points>().map(Self::from).map_err(|_| wrong());
        };
        let digits = |s: &str| s.len() <= 30 && !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let (above, below) = (above.trim(), below.trim());
        if !digits(above.strip_prefix('-').unwrap_or(above)) || !digits(below) {
            return Err(wrong());
        }
        let (above, below) = (above.parse().map_err(|_| wrong())?, below.parse().map_err(|_| wrong())?);
        Self::new(above, below).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Fraction {
    type Error = FractionError;
    fn try_from(text: String) -> Result<Self, FractionError> {
        text.parse()
    }
}

impl From<Fraction> for String {
    fn from(fraction: Fraction) -> Self {
        fraction.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn f(numerator: i128, denominator: i128) -> Fraction {
        Fraction::new(numerator, denominator).unwrap()
    }

    #[test]
    fn text_and_fraction_agree() {
        for (text, expected, written) in [
            ("1/3", f(1, 3), "1/3"),
            (" 4 / 6 ", f(2, 3), "2/3"),
            ("-1/2", f(-1, 2), "-0.5"),
            ("0.25", f(1, 4), "0.25"),
            ("7", f(7, 1), "7.0"),
            ("10/4", f(5, 2), "2.5"),
        ] {
            assert_eq!(text.parse::<Fraction>().unwrap(), expected, "{text}");
            assert_eq!(expected.to_string(), written);
        }
        for wrong in
            ["", "1/0", "1/-3", "/3", "1/", "1/3/2", "0.333", "1.5/2", "１/3", "1e1", "--1/3", "10001"]
        {
            assert!(wrong.parse::<Fraction>().is_err(), "{wrong}");
        }
        assert!(Fraction::new(1, DENOMINATORS + 1).is_none());
        assert!(Fraction::new(10_001, 1).is_none());
    }

    #[test]
    fn whole_hundredths_are_points() {
        assert_eq!(f(1, 3).whole_hundredths(), None);
        assert_eq!(f(5, 4).whole_hundredths(), Some(Points::from_hundredths(125)));
        assert_eq!(Fraction::from(Points::from_hundredths(-125)), f(-5, 4));
        assert_eq!((f(1, 3).in_parts(12), f(1, 3).in_parts(10)), (Some(4), None));
    }

    proptest! {
        #[test]
        fn fractions_survive_their_text(n in -1_000_000i128..1_000_000, d in 1i128..1_000_000_000) {
            if let Some(one) = Fraction::new(n, d) {
                prop_assert_eq!(one.to_string().parse::<Fraction>().unwrap(), one);
            }
        }

        #[test]
        fn arithmetic_is_exact(a in -5000i128..5000, b in 1i128..5000, c in 1i128..5000, d in 1i128..5000) {
            let (Some(x), Some(y)) = (Fraction::new(a, b), Fraction::new(c, d)) else { return Ok(()) };
            let (Some(sum), Some(quotient)) = (x.checked_add(y), x.checked_div(y)) else { return Ok(()) };
            prop_assert_eq!(sum.numerator() * b * d, (a * d + c * b) * sum.denominator());
            prop_assert_eq!(quotient.checked_mul(y), Some(x));
            prop_assert_eq!(x.cmp(&y), (a * d).cmp(&(c * b)));
        }
    }
}
