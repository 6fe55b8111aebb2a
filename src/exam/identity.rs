//! Identity numbers (GB 11643) and other papers.

use super::words::is_han;
use jiff::civil::Date;

/// 性别, as the 17th digit of an identity number says it: odd for 男.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
}

impl Sex {
    /// 男 or 女.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
        }
    }

    /// The sex that a word names; `None` if it names none.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        match super::words::key(text).as_str() {
            "男" | "男性" => Some(Self::Male),
            "女" | "女性" => Some(Self::Female),
            _ => None,
        }
    }
}

/// A candidate's identity paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// An 18-digit number whose check digit and date of birth are right.
    Resident {
        /// The number, with a capital X.
        number: String,
        /// Date of birth.
        birth: Date,
        /// What the 17th digit says.
        sex: Sex,
    },
    /// A passport, 军官证 or the like, which can't be checked.
    Other(String),
}

/// What is wrong with an identity number. Says nothing of the number itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdNumberFault {
    /// An old number of 15 digits.
    #[error("is an old number of 15 digits; enter the 18 digits of the present identity card")]
    Old,
    /// Digits only, but not 18.
    #[error("has {0} digits; an identity number has 18")]
    Length(usize),
    /// The last digit doesn't belong to the others.
    #[error("ends in {found}, but its other digits give {expected}: a digit is wrong")]
    CheckDigit {
        /// The last digit.
        found: char,
        /// What it should be.
        expected: char,
    },
    /// No such day, or one after the exam.
    #[error("has the date of birth {0}, which cannot be")]
    Birth(String),
    /// Too short, or with characters that no paper's number has.
    #[error("is neither an identity number nor the number of another paper")]
    Form,
}

/// Weights of the first 17 digits, GB 11643-1999.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check digits by the remainder of the weighted sum, GB 11643-1999.
const CHECK_DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// Years of birth that are believed, from this one on.
const FIRST_BIRTH: i16 = 1900;

/// Characters of a paper that is no identity number: a passport has 8 or 9, `南字第123号` has 7.
const OTHER_LENGTH: std::ops::RangeInclusive<usize> = 5..=32;

impl Document {
    /// The paper with the number `text`; someone born after `latest` is not believed.
    ///
    /// # Errors
    ///
    /// [`IdNumberFault`] if it looks like an identity number and is none, or like nothing.
    pub fn check(text: &str, latest: Option<Date>) -> Result<Self, IdNumberFault> {
        let number: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_uppercase();
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        if number.len() == 18 && (digits == 18 || (digits == 17 && number.ends_with('X'))) {
            return Self::resident(number, latest);
        }
        if digits == number.len() && digits == 15 {
            return Err(IdNumberFault::Old);
        }
        // 13 digits and more are an identity number with some lost or added; so are 16 with an X.
        let nearly = digits == number.len() && digits >= 13;
        if nearly || (digits >= 13 && digits + 1 == number.len() && number.ends_with('X')) {
            return Err(IdNumberFault::Length(number.len()));
        }
        let fine = number
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || is_han(c) || matches!(c, '-' | '(' | ')' | '（' | '）'));
        if fine && OTHER_LENGTH.contains(&number.chars().count()) {
            Ok(Self::Other(number))
        } else {
            Err(IdNumberFault::Form)
        }
    }

    /// `number` has 17 digits and a digit or X.
    fn resident(number: String, latest: Option<Date>) -> Result<Self, IdNumberFault> {
        let digits = number.chars().filter_map(|c| c.to_digit(10));
        let sum: u32 = digits.zip(WEIGHTS).map(|(d, w)| d * w).sum();
        let expected = CHECK_DIGITS[(sum % 11) as usize];
        let found = number.chars().last().unwrap_or_default();
        if found != expected {
            return Err(IdNumberFault::CheckDigit { found, expected });
        }
        let part = |from: usize, to: usize| number[from..to].parse::<i16>().unwrap_or_default();
        let (month, day) = (i8::try_from(part(10, 12)), i8::try_from(part(12, 14)));
        let birth = match (month, day) {
            (Ok(month), Ok(day)) => Date::new(part(6, 10), month, day).ok(),
            _ => None,
        };
        let believed = |date: &Date| date.year() >= FIRST_BIRTH && latest.is_none_or(|l| *date <= l);
        let Some(birth) = birth.filter(believed) else {
            return Err(IdNumberFault::Birth(format!(
                "{}-{}-{}",
                &number[6..10],
                &number[10..12],
                &number[12..14]
            )));
        };
        let sex = if part(16, 17) % 2 == 1 { Sex::Male } else { Sex::Female };
        Ok(Self::Resident { number, birth, sex })
    }

    /// The number as it is stored.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Resident { number, .. } | Self::Other(number) => number,
        }
    }

    /// The sex that the number says, if it does.
    #[must_use]
    pub fn sex(&self) -> Option<Sex> {
        match self {
            Self::Resident { sex, .. } => Some(*sex),
            Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str) -> Result<Document, IdNumberFault> {
        Document::check(text, Some(Date::constant(2026, 11, 21)))
    }

    #[test]
    fn a_right_number_says_birth_and_sex() {
        let born = |y, m, d| Date::constant(y, m, d);
        for (text, birth, sex) in [
            ("11010519491231002X", born(1949, 12, 31), Sex::Female),
            ("11010519491231002x", born(1949, 12, 31), Sex::Female),
            ("640502 19000101 0016", born(1900, 1, 1), Sex::Male),
        ] {
            let document = check(text).unwrap();
            let number = text.replace(' ', "").to_uppercase();
            assert_eq!(document, Document::Resident { number, birth, sex });
        }
    }

    #[test]
    fn each_way_of_being_wrong_has_its_fault() {
        let fault = |text: &str| check(text).unwrap_err();
        assert_eq!(fault("110105194912310021"), IdNumberFault::CheckDigit { found: '1', expected: 'X' });
        assert_eq!(fault("110105491231002"), IdNumberFault::Old);
        assert_eq!(fault("1101051949123100"), IdNumberFault::Length(16));
        assert_eq!(fault("1101051949123100211"), IdNumberFault::Length(19));
        assert_eq!(fault("1101051949123102X"), IdNumberFault::Length(17));
        assert_eq!(fault("1234"), IdNumberFault::Form);
        assert_eq!(fault("640502********0016"), IdNumberFault::Form);
        assert_eq!(fault(&with_check_digit("11010519490230002")), IdNumberFault::Birth("1949-02-30".into()));
        assert_eq!(fault(&with_check_digit("11010520261122002")), IdNumberFault::Birth("2026-11-22".into()));
        assert_eq!(fault(&with_check_digit("11010518991231002")), IdNumberFault::Birth("1899-12-31".into()));
    }

    #[test]
    fn other_papers_are_taken_as_they_are() {
        for text in ["E12345678", "南字第1234567号", "H1234567890", "83000019", "(2019)第00123号"] {
            assert_eq!(check(text), Ok(Document::Other(text.into())), "{text}");
        }
    }

    fn with_check_digit(seventeen: &str) -> String {
        let sum: u32 = seventeen.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
        format!("{seventeen}{}", CHECK_DIGITS[(sum % 11) as usize])
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_found(
            region in 110_000u32..=829_999, serial in 0u32..=999, at in 0usize..17, add in 1u8..=9,
        ) {
            let right = with_check_digit(&format!("{region}19900101{serial:03}"));
            prop_assert!(check(&right).is_ok());
            let mut wrong = right.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + add) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            let found = matches!(check(&wrong), Err(IdNumberFault::CheckDigit { .. }));
            prop_assert!(found, "{}", wrong);
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            let _ = check(&text);
        }
    }
}
