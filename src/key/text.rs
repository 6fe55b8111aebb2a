//! Values as signed documents carry them: a moment, and bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A moment, to the second. Its text is RFC 3339 in UTC: `2026-11-21T04:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time is written with its offset from UTC, as in 2026-11-21T12:00:00+08:00")]
pub struct MomentError;

impl Moment {
    /// The moment so many seconds after the beginning of 1970, UTC.
    #[must_use]
    pub fn from_second(second: i64) -> Self {
        // The years 1 to 9999, where every moment has a text.
        Self(second.clamp(-62_135_596_800, 253_402_207_200))
    }

    /// Seconds after the beginning of 1970, UTC.
    #[must_use]
    pub fn second(self) -> i64 {
        self.0
    }
}

impl FromStr for Moment {
    type Err = MomentError;
    /// From RFC 3339 with any offset; parts of a second are dropped.
    fn from_str(text: &str) -> Result<Self, MomentError> {
        let stamp: jiff::Timestamp = text.trim().parse().map_err(|_| MomentError)?;
        Ok(Self::from_second(stamp.as_second()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        jiff::Timestamp::from_second(self.0).map_err(|_| fmt::Error)?.fmt(f)
    }
}

impl TryFrom<String> for Moment {
    type Error = MomentError;
    fn try_from(text: String) -> Result<Self, MomentError> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

/// Bytes whose text is base64.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Blob(pub(super) Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_text_and_is_read_with_any_offset() {
        let moment: Moment = "2026-11-21T12:00:00+08:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-21T04:00:00Z");
        assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
        assert_eq!(Moment::from_second(moment.second()), moment);
        assert_eq!("2026-11-21T04:00:00.9Z".parse::<Moment>().unwrap(), moment);
        for wrong in ["", "2026-11-21", "2026-11-21 12:00", "noon"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
        for edge in [i64::MIN, i64::MAX] {
            let moment = Moment::from_second(edge);
            assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
        }
    }
}
