//! How certificates (证书) are numbered.

use super::Level;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The numbers of certificates: what `[certificates]` of `exam.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateScheme {
    /// The parts of a number, in order; one of them is the serial.
    pub parts: Vec<NumberPart>,
    /// The first serial of this batch for each level; 1 where it says nothing.
    pub first: BTreeMap<Level, u32>,
    /// 发证日期 as `2026-12-15`; without it, the day of the proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
}

/// A part of a certificate's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberPart {
    /// These characters, in every number the same.
    Text(String),
    /// The year of issue: its last two digits, or all four.
    Year(u8),
    /// The level, 1 (一级) to 5 (五级).
    Level,
    /// The serial with leading zeros, so many digits.
    Serial(u8),
}

/// The longest serial, in digits: 999 999 999 certificates of one year, institute and level.
pub const LONGEST_SERIAL: u8 = 9;

impl CertificateScheme {
    /// The number with this serial; `None` if the serial has more digits than its place.
    ///
    /// `issued` is the date of issue, `2026-12-15`.
    #[must_use]
    pub fn number(&self, issued: &str, level: Level, serial: u32) -> Option<String> {
        if serial == 0 || serial > self.last() {
            return None;
        }
        let (head, tail) = self.around(issued, level);
        let width = usize::from(self.width());
        Some(format!("{head}{serial:0width$}{tail}"))
    }

    /// What stands before and after the serial: numbers with the same surroundings share their serials.
    #[must_use]
    pub fn around(&self, issued: &str, level: Level) -> (String, String) {
        let mut both = (String::new(), String::new());
        let mut behind = false;
        for part in &self.parts {
            let side = if behind { &mut both.1 } else { &mut both.0 };
            match part {
                NumberPart::Text(text) => side.push_str(text),
                NumberPart::Year(2) => side.push_str(issued.get(2..4).unwrap_or_default()),
                NumberPart::Year(_) => side.push_str(issued.get(..4).unwrap_or_default()),
                NumberPart::Level => side.push(level_digit(level)),
                NumberPart::Serial(_) => behind = true,
            }
        }
        both
    }

    /// The serial of a number with these surroundings; `None` if it has others.
    #[must_use]
    pub fn serial(&self, number: &str, (head, tail): &(String, String)) -> Option<u32> {
        let digits = number.strip_prefix(head.as_str())?.strip_suffix(tail.as_str())?;
        let fits = digits.len() == usize::from(self.width()) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| fits)
    }

    /// The first serial of a level.
    #[must_use]
    pub fn first_of(&self, level: Level) -> u32 {
        self.first.get(&level).copied().unwrap_or(1)
    }

    /// The last serial that its place holds.
    #[must_use]
    pub fn last(&self) -> u32 {
        10_u32.saturating_pow(u32::from(self.width())) - 1
    }

    fn width(&self) -> u8 {
        let width = |part: &NumberPart| match part {
            NumberPart::Serial(width) => Some(*width),
            _ => None,
        };
        self.parts.iter().find_map(width).unwrap_or_default()
    }
}

/// 一级 is 1, 五级 is 5.
fn level_digit(level: Level) -> char {
    match level {
        Level::One => '1',
        Level::Two => '2',
        Level::Three => '3',
        Level::Four => '4',
        Level::Five => '5',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_its_serial_again() {
        let scheme = CertificateScheme {
            parts: vec![
                NumberPart::Year(2),
                NumberPart::Text("1405".into()),
                NumberPart::Level,
                NumberPart::Serial(5),
                NumberPart::Text("X".into()),
            ],
            first: BTreeMap::from([(Level::Four, 120)]),
            issued: None,
        };
        let number = scheme.number("2026-12-15", Level::Four, 120).unwrap();
        assert_eq!(number, "261405400120X");
        let around = scheme.around("2026-12-15", Level::Four);
        assert_eq!(scheme.serial(&number, &around), Some(120));
        assert_eq!(scheme.serial(&number, &scheme.around("2026-12-15", Level::Five)), None);
        assert_eq!((scheme.first_of(Level::Four), scheme.first_of(Level::One)), (120, 1));
        assert!(scheme.number("2026-12-15", Level::Four, 99_999).is_some());
        assert_eq!(scheme.number("2026-12-15", Level::Four, 100_000), None);
        assert_eq!(scheme.number("2026-12-15", Level::Four, 0), None);
    }
}
