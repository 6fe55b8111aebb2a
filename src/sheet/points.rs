//! Points: whole hundredths, never floating point.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

/// Points in hundredths: `Points::from_hundredths(8250)` is 82.5.
///
/// Written with as many decimals as it has, at least one: `82.5`, `0.25`, `60.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Points(i64);

/// What is wrong with a number of points.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("points are a number with at most two decimals between -10000 and 10000, this is {0:?}")]
pub struct PointsError(pub String);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);

    /// The most that any number of points may be, in hundredths; far above any paper, far below
    /// where sums of millions of them could overflow.
    const LIMIT: i64 = 1_000_000;

    /// `hundredths` hundredths of a point.
    #[must_use]
    pub const fn from_hundredths(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// `whole` points.
    #[must_use]
    pub const fn whole(whole: i64) -> Self {
        Self(whole * 100)
    }

    /// In hundredths of a point.
    #[must_use]
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// As a number for a spreadsheet cell. For showing only, never for comparing.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // below 2^53 by far
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// The points nearest to a spreadsheet's number; `None` unless it has at most two decimals.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // the range is checked first
    pub fn from_cell(number: f64) -> Option<Self> {
        let scaled = number * 100.0;
        // A cell holds the binary number nearest to its decimals: off by 1e-9 of a hundredth, not more.
        (scaled.abs() <= Self::LIMIT as f64 && (scaled - scaled.round()).abs() < 1e-6)
            .then(|| Self(scaled.round() as i64))
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.abs() / 100, self.0.abs() % 100);
        if part % 10 == 0 {
            write!(f, "{sign}{whole}.{}", part / 10)
        } else {
            write!(f, "{sign}{whole}.{part:02}")
        }
    }
}

impl FromStr for Points {
    type Err = PointsError;
    fn from_str(text: &str) -> Result<Self, PointsError> {
        let wrong = || PointsError(text.to_owned());
        let trimmed = text.trim();
        let (sign, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, trimmed),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let number = |s: &str| {
            (!s.is_empty() && s.len() <= 6 && s.bytes().all(|b| b.is_ascii_digit()))
                .then(|| s.parse::<i64>().ok())
                .flatten()
        };
        let hundredths = match part.len() {
            1 => number(part).map(|p| p * 10),
            2 => number(part),
            // Further zeros change nothing: 82.500.
            _ if part.len() <= 6 && part.bytes().skip(2).all(|b| b == b'0') => part.get(..2).and_then(number),
            _ => None,
        };
        let total = number(whole).and_then(|w| Some(sign * (w * 100 + hundredths?)));
        total.filter(|t| t.abs() <= Self::LIMIT).map(Self).ok_or_else(wrong)
    }
}

impl Add for Points {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Points {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Points {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        points.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Points {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Points {
    /// From text (`"0.5"`), a whole number or a decimal number with at most two decimals.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;
        impl serde::de::Visitor<'_> for AnyNumber {
            type Value = Points;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of points with at most two decimals")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Points, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Points, E> {
                n.to_string().parse().map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Points, E> {
                n.to_string().parse().map_err(E::custom)
            }
            fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Points, E> {
                Points::from_cell(n).ok_or_else(|| E::custom(PointsError(n.to_string())))
            }
        }
        deserializer.deserialize_any(AnyNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_points_agree() {
        for (text, hundredths, written) in [
            ("60", 6000, "60.0"),
            ("59.9", 5990, "59.9"),
            ("0.25", 25, "0.25"),
            ("82.500", 8250, "82.5"),
            ("-10", -1000, "-10.0"),
        ] {
            let points: Points = text.parse().unwrap();
            assert_eq!(points.hundredths(), hundredths, "{text}");
            assert_eq!(points.to_string(), written);
        }
        for wrong in ["", ".", "6O", "1.234", "1e3", "NaN", "99999999", "--1", "1.", "１", "1.１"] {
            assert!(wrong.parse::<Points>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_cell_with_three_decimals_is_not_points() {
        assert_eq!(Points::from_cell(76.5), Some(Points::from_hundredths(7650)));
        assert_eq!(Points::from_cell(0.1 + 0.2), Some(Points::from_hundredths(30)));
        assert_eq!(Points::from_cell(76.505), None);
        assert_eq!(Points::from_cell(f64::NAN), None);
        assert_eq!(Points::from_cell(1e300), None);
    }

    proptest! {
        #[test]
        fn points_survive_their_text(h in -1_000_000i64..=1_000_000) {
            let points = Points::from_hundredths(h);
            prop_assert_eq!(points.to_string().parse::<Points>().unwrap(), points);
        }
    }
}
