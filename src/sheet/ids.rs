//! Names and numbers of things.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fmt;
use std::str::FromStr;

/// What is wrong with a name or number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A ticket number that isn't 4 to 32 letters or digits.
    #[error("a ticket number (准考证号) has 4 to 32 digits or capital letters, this is {0:?}")]
    Ticket(String),
    /// A hash that isn't 64 hexadecimal digits.
    #[error("a hash has 64 hexadecimal digits, this is {0:?}")]
    Hash(String),
    /// A sheet id that isn't `hash:page`.
    #[error("a sheet is named by its image's hash and a page number (`HASH:1`), this is {0:?}")]
    Sheet(String),
    /// An empty name, or one with characters that a file name or a report can't carry.
    #[error("a name has 1 to 64 characters, none of them a slash or a control character, this is {0:?}")]
    Name(String),
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let text = text.trim();
                let fits = (1..=64).contains(&text.chars().count())
                    && !text.chars().any(|c| c.is_control() || c == '/' || c == '\\');
                if fits { Ok(Self(text.to_owned())) } else { Err(IdError::Name(text.to_owned())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a layout, such as `theory-100`.
    LayoutName
}
name! {
    /// The name of a theory paper within an exam, such as `electrician-4`.
    PaperId
}
name! {
    /// A form of a paper (试卷类型): `A`, `B`; a paper without forms has the form `A`.
    Form
}
name! {
    /// The name of a field of a layout: `ticket`, `form`, `absent`, `items`, …
    FieldName
}
name! {
    /// The place within a field: a column's number, an item's number, or `1` for a flag.
    ItemLabel
}
name! {
    /// A room (考场) of the exam.
    RoomId
}
name! {
    /// A section of a paper that is marked by hand, such as `简答题`.
    SectionName
}

name! {
    /// A scheme of assessment (考评方案) within an exam, such as `electrician-4-practical`.
    AssessmentId
}

impl FieldName {
    /// The ticket number's field, `ticket`.
    pub const TICKET: &'static str = "ticket";
    /// The form's field, `form`.
    pub const FORM: &'static str = "form";
    /// The flag 缺考, `absent`.
    pub const ABSENT: &'static str = "absent";
    /// The flag 违纪, `violation`.
    pub const VIOLATION: &'static str = "violation";
    /// The run of items, `items`.
    pub const ITEMS: &'static str = "items";
}

/// The most digits and letters of a ticket number.
const TICKET_MOST: usize = 32;

/// A candidate's ticket number (准考证号): 4 to 32 digits or capital letters, compared as text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketNumber {
    /// Zeros behind the text, which compare as its end does. In place: numbers are most of what a large exam's sets and maps hold.
    text: [u8; TICKET_MOST],
    length: u8,
}

impl TicketNumber {
    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It was text when it came in.
        self.text
            .get(..self.length.into())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }
}

impl FromStr for TicketNumber {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let fits = (4..=TICKET_MOST).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        let wrong = || IdError::Ticket(text.to_owned());
        let length = u8::try_from(text.len()).ok().filter(|_| fits).ok_or_else(wrong)?;
        let mut own = Self { text: [0; TICKET_MOST], length };
        own.text.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
        Ok(own)
    }
}

impl TryFrom<String> for TicketNumber {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<TicketNumber> for String {
    fn from(ticket: TicketNumber) -> Self {
        ticket.as_str().to_owned()
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TicketNumber").field(&self.as_str()).finish()
    }
}

/// A SHA-256 value, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The hash of everything that `reader` gives, and how many bytes that were; a small buffer holds them.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn of_reader(reader: &mut impl std::io::Read) -> std::io::Result<(Self, u64)> {
        let mut hasher = sha2::Sha256::new();
        // At 256 KB a call to the system costs less than a hundredth of hashing what it gives.
        let mut buffer = vec![0; 1 << 18];
        let mut length = 0;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok((Self(hasher.finalize().into()), length)),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    length += n as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 digits: enough for a person to tell two files apart.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hashes name sheets in every question to the record: through the formatter of each byte they cost more than the answer.
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        let mut text = [0u8; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl FromStr for Sha256 {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::Hash(text.to_owned());
        if text.len() != 64 {
            return Err(wrong());
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut out = [0u8; 32];
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Err(wrong()) };
            *byte = high << 4 | low;
        }
        Ok(Self(out))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.to_string()
    }
}

/// One scanned page, named by its content: the hash of the file's bytes and the page in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SheetId {
    /// Hash of the image file's bytes.
    pub image: Sha256,
    /// Page within the file, from 1.
    pub page: u32,
}

impl fmt::Display for SheetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.image, self.page)
    }
}

impl FromStr for SheetId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::Sheet(text.to_owned());
        let (image, page) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self {
            image: image.parse().map_err(|_| wrong())?,
            page: page.parse().ok().filter(|&p| p > 0).ok_or_else(wrong)?,
        })
    }
}

impl TryFrom<String> for SheetId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<SheetId> for String {
    fn from(sheet: SheetId) -> Self {
        sheet.to_string()
    }
}

/// Which reader made a reading: the hash of the program's sources and of its locked dependencies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngineId(pub String);

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ticket_number_has_digits_and_capitals_only() {
        assert_eq!(" 140510001001 ".parse::<TicketNumber>().unwrap().as_str(), "140510001001");
        for wrong in ["", "123", "1405 1000", "14051000100１", "abc4", &"1".repeat(33)] {
            assert!(wrong.parse::<TicketNumber>().is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn ticket_numbers_are_their_texts(one in "[0-9A-Z]{4,32}", other in "[01]{4,6}", third in "[01]{4,6}") {
            let number = |text: &String| text.parse::<TicketNumber>().unwrap();
            prop_assert_eq!(number(&one).to_string(), one.clone());
            prop_assert_eq!(number(&other).cmp(&number(&third)), other.cmp(&third));
            let json = serde_json::to_string(&number(&one)).unwrap();
            prop_assert_eq!(&json, &format!("{one:?}"));
            prop_assert_eq!(serde_json::from_str::<TicketNumber>(&json).unwrap(), number(&one));
        }
    }

    #[test]
    fn a_sheet_id_survives_its_text() {
        let sheet = SheetId { image: Sha256::of(b"abc"), page: 3 };
        assert!(sheet.to_string().starts_with("ba7816bf"));
        assert_eq!(sheet.to_string().parse::<SheetId>().unwrap(), sheet);
        assert!("ba78:1".parse::<SheetId>().is_err());
        assert!(format!("{}:0", sheet.image).parse::<SheetId>().is_err());
    }
}
