//! Words for levels and attempts.

use super::words::key;
use super::{Attempt, Level};
use std::fmt;
use std::str::FromStr;

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no level (等级): write 五级, 四级, 三级, 二级 or 一级")]
pub struct LevelError(pub String);

impl Level {
    /// Every level, from 五级 up.
    pub const ALL: [Self; 5] = [Self::Five, Self::Four, Self::Three, Self::Two, Self::One];

    /// The level as printed: 五级.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.words()[0]
    }

    /// What the level is called, the printed word first.
    fn words(self) -> [&'static str; 5] {
        match self {
            Self::Five => ["五级", "初级工", "初级", "5", "5级"],
            Self::Four => ["四级", "中级工", "中级", "4", "4级"],
            Self::Three => ["三级", "高级工", "高级", "3", "3级"],
            Self::Two => ["二级", "技师", "技师级", "2", "2级"],
            Self::One => ["一级", "高级技师", "高级技师级", "1", "1级"],
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    /// From `五级`, `初级工`, `5`, or two such words for one level: `五级(初级工)`, `初级工/五级`.
    fn from_str(text: &str) -> Result<Self, LevelError> {
        let plain = key(text);
        let plain = plain.strip_prefix("国家职业资格").unwrap_or(&plain);
        let mut words = plain
            .split(['/', '、', '(', ')'])
            .filter(|w| !w.is_empty())
            .map(|word| Self::ALL.into_iter().find(|level| level.words().contains(&word)));
        let first = words.next().flatten();
        let agree = words.all(|other| other == first);
        first.filter(|_| agree).ok_or_else(|| LevelError(text.to_owned()))
    }
}

impl Attempt {
    /// The attempt as printed: 新考 or 补考.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "新考",
            Self::Repeat => "补考",
        }
    }

    /// The attempt that a word names; `None` if it names none.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        match key(text).as_str() {
            "新考" | "首考" | "初考" | "正考" | "新" => Some(Self::First),
            "补考" | "补" => Some(Self::Repeat),
            _ => None,
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_its_level() {
        for level in Level::ALL {
            for word in level.words() {
                assert_eq!(word.parse(), Ok(level), "{word}");
            }
        }
        for (word, level) in [
            ("五级（初级工）", Level::Five),
            (" 四 级 ", Level::Four),
            ("高级工/三级", Level::Three),
            ("国家职业资格二级", Level::Two),
            ("１级", Level::One),
        ] {
            assert_eq!(word.parse(), Ok(level), "{word}");
        }
    }

    #[test]
    fn two_levels_or_none_are_refused() {
        for word in ["", "六级", "0", "五级/中级工", "(", "五级初级"] {
            assert_eq!(word.parse::<Level>(), Err(LevelError(word.to_owned())));
        }
    }
}
