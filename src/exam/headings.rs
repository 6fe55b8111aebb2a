//! The headings that other people's tables use.

use super::words::key;

/// Whether a table must have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the table can't be used.
    Required,
    /// Used if it is there.
    Optional,
}

/// A column that is looked for: what we call it and what others do.
///
/// Headings are compared without spaces and with full-width and ASCII brackets alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    /// Our word, the one used in messages and in tables that we write.
    pub name: &'static str,
    /// Other words for it.
    pub others: &'static [&'static str],
    /// Whether the table must have it.
    pub need: Need,
}

impl Heading {
    /// A column that must be there.
    #[must_use]
    pub const fn required(name: &'static str, others: &'static [&'static str]) -> Self {
        Self { name, others, need: Need::Required }
    }

    /// The same column, needed or not.
    #[must_use]
    pub const fn with(self, need: Need) -> Self {
        Self { need, ..self }
    }

    /// Whether a cell of the heading row has our own word for this column.
    #[must_use]
    pub fn is_exactly(&self, text: &str) -> bool {
        key(self.name) == key(text)
    }

    /// Whether a cell of the heading row names this column.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let text = key(text);
        key(self.name) == text || self.others.contains(&text.as_str())
    }
}

/// The columns that several tables have. The other words are written as [`key`] makes them.
pub(crate) mod known {
    use super::{Heading, Need};

    pub(crate) const TICKET: Heading =
        Heading::required("准考证号", &["准考证号码", "准考证编号", "准考证", "考号", "考生号"]);
    pub(crate) const NAME: Heading = Heading::required("姓名", &["考生姓名", "名字"]);
    pub(crate) const ID_NUMBER: Heading = Heading::required(
        "证件号码",
        &["证件号", "身份证号", "身份证号码", "身份证", "有效证件号码", "居民身份证号码", "公民身份号码"],
    );
    pub(crate) const SEX: Heading = Heading::required("性别", &[]).with(Need::Optional);
    pub(crate) const EDUCATION: Heading =
        Heading::required("文化程度", &["学历", "文化程度(学历)"]).with(Need::Optional);
    pub(crate) const OCCUPATION: Heading = Heading::required(
        "职业",
        &["工种", "职业(工种)", "职业工种", "职业/工种", "职业名称", "鉴定职业", "申报职业", "鉴定工种"],
    );
    pub(crate) const LEVEL: Heading = Heading::required(
        "等级",
        &["级别", "鉴定等级", "申报等级", "鉴定级别", "申报级别", "技能等级", "职业等级"],
    );
    pub(crate) const ATTEMPT: Heading =
        Heading::required("新考/补考", &["考试类型", "新考补考", "新考", "补考", "新/补考", "考试性质"])
            .with(Need::Optional);
    pub(crate) const ROOM: Heading =
        Heading::required("考场", &["考场号", "考场编号", "考场名称", "考室", "理论考场"]);
    pub(crate) const SEAT: Heading = Heading::required("座位", &["座位号", "座号", "座次", "理论座位号"]);
    pub(crate) const FORM: Heading =
        Heading::required("试卷类型", &["卷型", "试卷卷型", "试卷类别", "AB卷", "A/B卷"])
            .with(Need::Optional);
    pub(crate) const REMARK: Heading =
        Heading::required("备注", &["说明", "情况", "情况说明", "备注说明"]).with(Need::Optional);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_their_other_names() {
        for (heading, text) in [
            (known::TICKET, " 准考证 号码 "),
            (known::TICKET, "考号"),
            (known::ID_NUMBER, "*身份证号："),
            (known::OCCUPATION, "职业（工种）"),
            (known::OCCUPATION, "职业(工种)"),
            (known::LEVEL, "鉴定等级"),
            (known::ATTEMPT, "新考/补考"),
            (known::ATTEMPT, "新考／补考"),
            (known::FORM, "Ａ/Ｂ卷"),
            (known::SEAT, "座位\n号"),
        ] {
            assert!(heading.is(text), "{text}");
        }
        assert!(!known::TICKET.is("准考证号（旧）"));
        assert!(!known::NAME.is(""));
    }

    #[test]
    fn other_names_are_written_as_they_are_compared() {
        use known::*;
        for heading in
            [TICKET, NAME, ID_NUMBER, SEX, EDUCATION, OCCUPATION, LEVEL, ATTEMPT, ROOM, SEAT, FORM, REMARK]
        {
            for other in heading.others {
                assert_eq!(key(other), *other);
                assert!(heading.is(other));
            }
        }
    }
}
