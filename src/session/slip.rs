//! What a printed head of the journal says: a code to type, and the whole as text.

use crate::identity::{Fingerprint, Person, Purpose, Signature};
use crate::sheet::Sha256;
use crate::store::{HeadSignature, JournalHead};
use std::fmt;
use std::str::FromStr;

/// Bytes of the hash that stand in a code: 200 bits. Whoever rewrites a journal so that a given code still holds
/// needs 2^200 tries; whoever prepares two journals with one code before it is printed, 2^100. With 128 bits the second
/// would take 2^64, which is done today; the whole hash would be a quarter longer to type.
const BYTES: usize = 25;

/// Letters of the code's hash, and of its check.
const LETTERS: usize = BYTES * 8 / 5;
const CHECK: usize = 4;

/// Letters in a group: what one keeps in mind between paper and screen.
const GROUP: usize = 5;

/// Crockford's base 32: no letter is taken for another or for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Keeps the check letters from being the beginning of any other hash.
const CHECKED: &[u8] = b"duka head code 1";

/// First line of a slip's text.
const FIRST: &str = "duka journal head 1";

/// What stands before the code in the file of a printed slip, for [`slips_of`].
pub(super) const MARK: &str = "duka-head-code ";

/// A head of the journal as it is typed: the entry's number, eight groups of five letters and digits, and four to check
/// what was typed.
///
/// # Example
///
/// ```
/// use duka::session::HeadCode;
/// use duka::{sheet::Sha256, store::JournalHead};
/// let head = JournalHead { sequence: 14, hash: Sha256::of(b"example") };
/// let code = HeadCode::of(&head);
/// assert!(code.to_string().starts_with("14-"));
/// assert_eq!(code.to_string().to_lowercase().parse::<HeadCode>()?, code);
/// # Ok::<(), duka::session::SlipError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeadCode {
    sequence: u64,
    hash: [u8; BYTES],
}

/// Why a text is no code or slip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlipError {
    /// Not the form of a code.
    #[error("{0:?} is no code of a journal head: a number, eight groups of five and one of four")]
    Form(String),
    /// A letter was mistyped.
    #[error("the code {0:?} has a typing error: its last four letters don't fit the others")]
    Check(String),
    /// A line of a slip's text.
    #[error("line {line} of the slip is not what a slip has there: {text:?}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// Hash and code of one slip differ.
    #[error("the slip of entry {sequence} contradicts itself: its code is not that of its hash")]
    Contradiction {
        /// The entry.
        sequence: u64,
    },
    /// Neither a code nor a slip is in it.
    #[error("there is no code of a journal head in it")]
    Nothing,
}

impl SlipError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Form(_) => "type the code from the slip, with or without dashes: 14-XXXXX-…-XXXX",
            Self::Check(_) => "compare it with the slip group by group",
            Self::Line { .. } | Self::Contradiction { .. } => {
                "take the text from the slip's QR code, or type the code alone into a file"
            }
            Self::Nothing => {
                "name the slip's file (pdf or text), a text file with codes, or give the code itself"
            }
        }
    }
}

impl HeadCode {
    /// The code of a head.
    #[must_use]
    pub fn of(head: &JournalHead) -> Self {
        let mut hash = [0; BYTES];
        hash.copy_from_slice(&head.hash.as_bytes()[..BYTES]);
        Self { sequence: head.sequence, hash }
    }

    /// The number of the head's entry.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether it is the code of this head.
    #[must_use]
    pub fn is_of(&self, head: &JournalHead) -> bool {
        *self == Self::of(head)
    }

    fn letters(&self) -> String {
        let hash = spelt(&self.hash, LETTERS);
        let check = Sha256::of(&[CHECKED, self.sequence.to_string().as_bytes(), hash.as_bytes()].join(&b' '));
        format!("{hash}{}", spelt(check.as_bytes(), CHECK))
    }
}

/// The first `count` letters of `bytes`, five bits each.
fn spelt(bytes: &[u8], count: usize) -> String {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let letter = |at: usize| (0..5).fold(0, |value, i| value << 1 | bit(at * 5 + i));
    (0..count).map(|at| char::from(ALPHABET[usize::from(letter(at))])).collect()
}

impl fmt::Display for HeadCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sequence)?;
        for (at, letter) in self.letters().chars().enumerate() {
            if at % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for HeadCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeadCode({self})")
    }
}

impl FromStr for HeadCode {
    type Err = SlipError;
    fn from_str(text: &str) -> Result<Self, SlipError> {
        let form = || SlipError::Form(text.to_owned());
        let digits = |text: &str| text.replace(['O', 'o'], "0").replace(['I', 'i', 'L', 'l'], "1");
        let (sequence, rest) = text.trim().split_once(['-', '–', '—', ' ']).ok_or_else(form)?;
        let sequence: u64 = digits(sequence).parse().map_err(|_| form())?;
        let mut letters = String::new();
        for c in rest.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—')) {
            letters.push(c.to_ascii_uppercase());
        }
        let letters = digits(&letters);
        if letters.len() != LETTERS + CHECK {
            return Err(form());
        }
        let mut hash = [0_u8; BYTES];
        for (at, c) in letters.bytes().enumerate() {
            let value = ALPHABET.iter().position(|&letter| letter == c).ok_or_else(form)?;
            for bit in (0..5).filter(|_| at < LETTERS) {
                let place = at * 5 + bit;
                let set = u8::from(value >> (4 - bit) & 1 == 1);
                hash[place / 8] |= set << (7 - place % 8);
            }
        }
        let code = Self { sequence, hash };
        if code.letters() == letters { Ok(code) } else { Err(SlipError::Check(text.to_owned())) }
    }
}

/// A signature as a slip has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipSignature {
    /// As what they signed.
    pub role: String,
    /// When, by their clock.
    pub at: String,
    /// Fingerprint of their public line.
    pub fingerprint: String,
    /// Their name.
    pub name: String,
    /// The signature.
    pub signature: Signature,
}

/// A slip: a head of the journal as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Which head.
    pub code: HeadCode,
    /// Exam and hash; `None` if only the code was written down.
    pub head: Option<(String, JournalHead)>,
    /// Who signed it.
    pub signatures: Vec<SlipSignature>,
}

impl Slip {
    /// Whether `signature` is by `person`, over what the slip says.
    #[must_use]
    pub fn is_signed_by(&self, signature: &SlipSignature, person: &Person) -> bool {
        self.head.as_ref().is_some_and(|(exam, head)| {
            let bytes = HeadSignature::bytes(exam, head, &signature.role, &signature.at);
            person.verify(Purpose::JournalHead, &bytes, &signature.signature).is_ok()
        })
    }
}

/// The text of a slip, a line a fact: what its QR code holds.
pub(super) fn text_of(exam: &str, head: &JournalHead, signatures: &[HeadSignature]) -> String {
    let mut lines = vec![
        FIRST.to_owned(),
        format!("exam {exam}"),
        format!("entry {}", head.sequence),
        format!("hash {}", head.hash),
        format!("code {}", HeadCode::of(head)),
    ];
    for s in signatures {
        let print: Fingerprint = s.person.fingerprint();
        lines.push(format!("signed {} {} {print} {} {}", s.role, s.at, s.signature, s.person.name()));
    }
    lines.join("\n")
}

/// Every slip and code in a text or in the file of a printed slip.
///
/// # Errors
///
/// [`SlipError`]; a file without any is [`SlipError::Nothing`].
pub fn slips_of(bytes: &[u8]) -> Result<Vec<Slip>, SlipError> {
    if bytes.starts_with(b"%PDF") {
        let mark = MARK.as_bytes();
        let at = bytes.windows(mark.len()).position(|window| window == mark).ok_or(SlipError::Nothing)?;
        let code = bytes[at + mark.len()..].iter();
        let code: String = code
            .map(|&byte| char::from(byte))
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        return Ok(vec![Slip { code: code.parse()?, head: None, signatures: Vec::new() }]);
    }
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<(usize, &str)> = (1..)
        .zip(text.trim_start_matches('\u{feff}').lines())
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut out = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((&(_, line), after)) = rest.split_first() {
        if line == FIRST {
            let end = after.iter().position(|(_, line)| *line == FIRST).unwrap_or(after.len());
            let facts = after[..end].iter().take_while(|(_, line)| fact(line).is_some()).count();
            out.push(slip_of(&after[..facts], rest[0].0)?);
            rest = &after[facts..];
        } else {
            out.push(Slip { code: line.parse()?, head: None, signatures: Vec::new() });
            rest = after;
        }
    }
    if out.is_empty() { Err(SlipError::Nothing) } else { Ok(out) }
}

/// A fact of a slip's text: its word and the rest.
fn fact(line: &str) -> Option<(&str, &str)> {
    let (word, rest) = line.split_once(' ')?;
    matches!(word, "exam" | "entry" | "hash" | "code" | "signed").then_some((word, rest))
}

fn slip_of(lines: &[(usize, &str)], first: usize) -> Result<Slip, SlipError> {
    let (mut exam, mut sequence, mut hash, mut code) = (None, None, None, None);
    let mut signatures = Vec::new();
    for &(line, text) in lines {
        let wrong = || SlipError::Line { line, text: text.to_owned() };
        let (word, rest) = fact(text).ok_or_else(wrong)?;
        match word {
            "exam" => exam = Some(rest.to_owned()),
            "entry" => sequence = Some(rest.parse::<u64>().map_err(|_| wrong())?),
            "hash" => hash = Some(rest.parse::<Sha256>().map_err(|_| wrong())?),
            "code" => code = Some(rest.parse::<HeadCode>()?),
            _ => {
                let words: Vec<&str> = rest.splitn(5, ' ').collect();
                let &[role, at, fingerprint, signature, name] = words.as_slice() else {
                    return Err(wrong());
                };
                signatures.push(SlipSignature {
                    role: role.to_owned(),
                    at: at.to_owned(),
                    fingerprint: fingerprint.to_owned(),
                    name: name.to_owned(),
                    signature: signature.parse().map_err(|_| wrong())?,
                });
            }
        }
    }
    let lacking = || SlipError::Line { line: first, text: FIRST.to_owned() };
    let code = code.ok_or_else(lacking)?;
    let head = match (exam, sequence, hash) {
        (Some(exam), Some(sequence), Some(hash)) => Some((exam, JournalHead { sequence, hash })),
        _ => return Err(lacking()),
    };
    if head.as_ref().is_some_and(|(_, head)| !code.is_of(head)) {
        return Err(SlipError::Contradiction { sequence: code.sequence });
    }
    Ok(Slip { code, head, signatures })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(sequence: u64) -> JournalHead {
        JournalHead { sequence, hash: Sha256::of(&sequence.to_be_bytes()) }
    }

    #[test]
    fn a_code_is_ten_groups_and_forgives_how_it_is_typed() {
        let code = HeadCode::of(&head(14));
        let text = code.to_string();
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [2, 5, 5, 5, 5, 5, 5, 5, 5, 4]);
        for typed in [
            text.to_lowercase(),
            text.replace('0', "o").replace('1', "l"),
            text.replace('-', " "),
            text.replace('-', "–"),
            text.replacen('-', " ", 1).replace('-', ""),
            format!("  {text}\n"),
        ] {
            assert_eq!(typed.parse::<HeadCode>().unwrap(), code, "{typed}");
        }
        assert!(matches!("14-ABCDE".parse::<HeadCode>(), Err(SlipError::Form(_))));
        assert!(matches!(text.replacen("14-", "15-", 1).parse::<HeadCode>(), Err(SlipError::Check(_))));
        assert!(matches!(text.replace('-', "").parse::<HeadCode>(), Err(SlipError::Form(_))));
    }

    proptest! {
        #[test]
        fn one_wrong_letter_is_a_typing_error(sequence in 1_u64..100_000, at in 0_usize..44, to in 0_usize..32) {
            let code = HeadCode::of(&head(sequence));
            let letters = code.letters();
            let mut typed = letters.clone().into_bytes();
            typed[at] = ALPHABET[to];
            let typed = String::from_utf8(typed).unwrap();
            let parsed = format!("{sequence}-{typed}").parse::<HeadCode>();
            if typed == letters {
                prop_assert_eq!(parsed, Ok(code));
            } else {
                // Four check letters: one in a million of random errors would pass.
                prop_assert!(parsed.is_err());
            }
        }
    }

    #[test]
    fn a_slips_text_comes_back_alone_or_among_codes() {
        let identity = crate::identity::Identity::generate("王 督导").unwrap();
        let (head, other) = (head(9), HeadCode::of(&head(30)));
        let bytes = HeadSignature::bytes("某批", &head, "supervisor", "2026-11-21T12:00:00+08:00");
        let signature = HeadSignature {
            exam: "某批".into(),
            sequence: head.sequence,
            hash: head.hash,
            role: "supervisor".into(),
            at: "2026-11-21T12:00:00+08:00".into(),
            person: identity.person().clone(),
            signature: identity.sign(Purpose::JournalHead, &bytes),
        };
        signature.verify().unwrap();
        let text = text_of("某批", &head, &[signature]);
        let slips = slips_of(format!("# kept in the safe\n{text}\n\n{other}\n{text}").as_bytes()).unwrap();
        assert_eq!(slips.len(), 3);
        assert_eq!(slips[0], slips[2]);
        assert_eq!((slips[0].code, slips[1].code), (HeadCode::of(&head), other));
        assert_eq!(slips[0].head, Some(("某批".into(), head)));
        assert!(slips[0].is_signed_by(&slips[0].signatures[0], identity.person()));
        assert_eq!(slips[0].signatures[0].name, "王 督导");
        let stranger = crate::identity::Identity::generate("王 督导").unwrap();
        assert!(!slips[0].is_signed_by(&slips[0].signatures[0], stranger.person()));
        let forged = text.replace(&head.hash.to_string(), &Sha256::of(b"other").to_string());
        assert_eq!(slips_of(forged.as_bytes()), Err(SlipError::Contradiction { sequence: 9 }));
        assert_eq!(slips_of(b"\n# nothing\n"), Err(SlipError::Nothing));
        assert!(matches!(slips_of(b"duka journal head 1\nentry 9\n"), Err(SlipError::Line { line: 1, .. })));
    }
}
