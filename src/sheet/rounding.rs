//! Rounding by a named rule, and only where somebody asks for it.

use super::{Fraction, Points};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a sum that is no multiple of the step becomes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundingRule {
    /// 四舍五入: to the nearer multiple, from the middle up.
    HalfUp,
    /// 四舍六入五成双: to the nearer multiple, from the middle to the even one.
    HalfEven,
    /// 舍去: to the multiple below. With a step that divides the pass line nobody passes or fails by it.
    Down,
    /// 进一: to the multiple above.
    Up,
}

impl RoundingRule {
    /// All of them, with the words used in files.
    pub const WORDS: [(&'static str, Self); 4] =
        [("half-up", Self::HalfUp), ("half-even", Self::HalfEven), ("down", Self::Down), ("up", Self::Up)];

    /// The word used in files: `half-up`, …
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::HalfUp => "half-up",
            Self::HalfEven => "half-even",
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

/// A rule and the step it rounds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rounding {
    /// Which way.
    pub rule: RoundingRule,
    /// To multiples of this, above zero.
    pub step: Points,
}

impl Rounding {
    /// The multiple of the step that the rule makes of `exact`; `exact` itself if it is one. `None` if the step is not
    /// above zero.
    #[must_use]
    pub fn apply(self, exact: Fraction) -> Option<Points> {
        let step = i128::from(self.step.hundredths());
        if step < 1 {
            return None;
        }
        // exact / step = n / d; both far below 2^127 (Fraction's limits).
        let n = exact.numerator().checked_mul(100)?;
        let d = exact.denominator().checked_mul(step)?;
        let (below, rest) = (n.div_euclid(d), n.rem_euclid(d));
        let up = match self.rule {
            RoundingRule::Down => false,
            RoundingRule::Up => rest > 0,
            RoundingRule::HalfUp => rest * 2 >= d,
            RoundingRule::HalfEven => rest * 2 > d || (rest * 2 == d && below.rem_euclid(2) == 1),
        };
        let multiple = below.checked_add(i128::from(up))?;
        i64::try_from(multiple.checked_mul(step)?).ok().map(Points::from_hundredths)
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.rule.word(), self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RoundingRule::{Down, HalfEven, HalfUp, Up};

    #[test]
    fn every_rule_at_its_edges() {
        for (exact, step, expected) in [
            // Half up, half even, down, up.
            ("59.95", "0.1", ["60", "60", "59.9", "60"]),
            ("59.85", "0.1", ["59.9", "59.8", "59.8", "59.9"]),
            ("200/3", "0.01", ["66.67", "66.67", "66.66", "66.67"]),
            ("200/3", "1", ["67", "67", "66", "67"]),
            ("59.5", "1", ["60", "60", "59", "60"]),
            ("58.5", "1", ["59", "58", "58", "59"]),
            ("59.75", "0.5", ["60", "60", "59.5", "60"]),
            ("60", "1", ["60", "60", "60", "60"]),
            ("0", "0.5", ["0", "0", "0", "0"]),
            ("-1/3", "0.01", ["-0.33", "-0.33", "-0.34", "-0.33"]),
        ] {
            let found = [HalfUp, HalfEven, Down, Up]
                .map(|rule| Rounding { rule, step: step.parse().unwrap() }.apply(exact.parse().unwrap()));
            let expected = expected.map(|text| Some(text.parse::<Points>().unwrap()));
            assert_eq!(found, expected, "{exact} to {step}");
        }
        let none = Rounding { rule: Down, step: Points::ZERO };
        assert_eq!(none.apply(Fraction::ONE), None);
    }
}
