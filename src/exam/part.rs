//! Parts of an examination (科目).

use super::words::key;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A part of the examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// 理论.
    Theory,
    /// 实操.
    Practical,
    /// 综合评审.
    Review,
}

impl Part {
    /// All of them, in the order of the papers' columns.
    pub const ALL: [Self; 3] = [Self::Theory, Self::Practical, Self::Review];

    /// Its Chinese name, as in remarks.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Theory => "理论",
            Self::Practical => "实操",
            Self::Review => "综合评审",
        }
    }

    /// The word used in files: `theory`, `practical`, `review`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Theory => "theory",
            Self::Practical => "practical",
            Self::Review => "review",
        }
    }

    /// What tables call it, longest first.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Theory => &["理论知识", "理论", "theory"],
            Self::Practical => &["操作技能", "实际操作", "实操", "技能", "practical"],
            Self::Review => &["综合评审", "评审", "review"],
        }
    }

    /// The part that a word names (`理论`, `理论知识`, `实操科目`, `theory`); `None` if it names none.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        match Self::within(text) {
            (Some(part), rest) if matches!(rest.as_str(), "" | "科目" | "考试" | "考核") => Some(part),
            _ => None,
        }
    }

    /// The first part that a text names, and the text without its name.
    pub(super) fn within(text: &str) -> (Option<Self>, String) {
        let text = key(text).to_lowercase();
        for part in Self::ALL {
            for word in part.words() {
                if let Some((before, after)) = text.split_once(word) {
                    return (Some(part), format!("{before}{after}"));
                }
            }
        }
        (None, text)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.word(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_words() {
        for (word, part) in [
            ("理论", Some(Part::Theory)),
            (" 理论 知识 ", Some(Part::Theory)),
            ("操作技能", Some(Part::Practical)),
            ("实操科目", Some(Part::Practical)),
            ("综合评审", Some(Part::Review)),
            ("Review", Some(Part::Review)),
            ("", None),
            ("理论实操", None),
            ("体育", None),
        ] {
            assert_eq!(Part::from_word(word), part, "{word}");
        }
        assert_eq!(Part::within("理论成绩保留"), (Some(Part::Theory), "成绩保留".to_owned()));
    }
}
