//! How items are scored: what a key's sections and items can say.

use crate::sheet::Fraction;

/// What kind of answer a section takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScoringRule {
    /// 单选: the one option that is right, or one of several that are accepted.
    Single,
    /// 多选: an accepted set of options; what a part of it earns, its [`Credit`] says.
    Multiple,
    /// 判断: 正确 is A, 错误 is B.
    TrueFalse,
    /// 填数: a number with one digit in each of several columns; blank columns don't count, a 0 does.
    Numeric,
}

impl ScoringRule {
    /// How many marks an item of this rule takes.
    #[must_use]
    pub fn marks(self) -> Marks {
        match self {
            Self::Single | Self::TrueFalse => Marks::One,
            Self::Multiple => Marks::Several,
            Self::Numeric => Marks::Columns,
        }
    }
}

/// How many marks an item of a card takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marks {
    /// One.
    One,
    /// Any number.
    Several,
    /// One in each of several columns.
    Columns,
}

/// An item as a card offers it, for [`AnswerKey::matches`](super::AnswerKey::matches).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardItem {
    /// Its number.
    pub number: u16,
    /// Its options in printed order: `ABCD`.
    pub options: String,
    /// How many marks it takes.
    pub marks: Marks,
}

/// What a set of options earns that is marked in a multiple-choice item. Where several sets are accepted, the one that
/// earns most counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credit {
    /// Exactly an accepted set earns the item's points; too few, too many or another is wrong.
    All,
    /// A part of an accepted set earns a share for each of its options; with a wrong option among them it is wrong.
    Partial {
        /// Points for each right option of a part; without it the item's points divided by the set's options.
        each: Option<Fraction>,
    },
    /// The options of the set that are marked less the other ones that are, each worth the item's points divided by the
    /// set's options.
    RightMinusWrong,
}

/// What becomes of an item that should not have been asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Void {
    /// Everybody has its points, whatever they marked.
    ForAll,
    /// It is left out, and the section's other items are worth as much more: the section's most stays the same.
    LeftOut,
}

/// What the items of a section have in common.
pub(crate) struct Section {
    pub(crate) rule: ScoringRule,
    pub(crate) options: String,
    pub(crate) credit: Credit,
    /// Points that a wrong response takes away, 0 or more, before the weight.
    pub(crate) penalty: Fraction,
    pub(crate) weight: Fraction,
    /// The least that an item gives, 0 or less.
    pub(crate) item_floor: Option<Fraction>,
    /// The least that the section gives, 0 or less.
    pub(crate) floor: Option<Fraction>,
}
