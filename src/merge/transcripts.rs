//! The transcripts of a whole exam, kept small.

use super::{Conflict, PartResult, Transcript, Verdict};
use crate::exam::{Attempt, Candidate, Level};
use crate::sheet::{Form, Points, RoomId, TicketNumber};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Range;

/// Transcripts in an order, each packed into some two hundred bytes and unpacked when it is looked at. As values a hundred
/// thousand of them take four times as much, and nobody looks at more than a few at a time.
#[derive(Clone, Default)]
pub struct Transcripts {
    chunks: Vec<Chunk>,
    /// How many stand before each chunk.
    before: Vec<usize>,
    count: usize,
}

/// Some transcripts, one behind the other.
#[derive(Clone)]
struct Chunk {
    text: Vec<u8>,
    /// Where each ends in `text`.
    ends: Vec<usize>,
}

/// A chunk is full when so many bytes are in it: one text of all would have to be copied, with room for twice as many, as it grows.
const CHUNK: usize = 1 << 16;

/// A transcript as it is packed: its values in their order, without their names.
type Packed = (
    (TicketNumber, String, String, String, String, String, Level, Attempt, RoomId, u16, Option<Form>, String),
    (PartResult, PartResult, Option<PartResult>, Verdict, String, Option<Points>, Vec<String>, Vec<Conflict>),
);

/// Adds the text that is read as [`Packed`].
fn pack(transcript: &Transcript, text: &mut Vec<u8>) -> serde_json::Result<()> {
    let Transcript { candidate: c, theory, practical, review, verdict, grade, total, remarks, conflicts } =
        transcript;
    let Candidate { ticket, name, sex, id_number, education, occupation, .. } = c;
    let Candidate { level, attempt, room, seat, form, remark, .. } = c;
    let who = (ticket, name, sex, id_number, education, occupation, level, attempt, room, seat, form, remark);
    let what = (theory, practical, review, verdict, grade, total, remarks, conflicts);
    serde_json::to_writer(text, &(who, what))
}

fn unpacked((who, what): Packed) -> Transcript {
    let (ticket, name, sex, id_number, education, occupation, level, attempt, room, seat, form, remark) = who;
    let (theory, practical, review, verdict, grade, total, remarks, conflicts) = what;
    let candidate = Candidate {
        ticket,
        name,
        sex,
        id_number,
        education,
        occupation,
        level,
        attempt,
        room,
        seat,
        form,
        remark,
    };
    Transcript { candidate, theory, practical, review, verdict, grade, total, remarks, conflicts }
}

impl Transcripts {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The one at a place, from 0.
    ///
    /// # Panics
    ///
    /// If there are not so many, as a slice does.
    #[must_use]
    pub fn at(&self, place: usize) -> Transcript {
        match serde_json::from_slice(self.packed(place)) {
            Ok(packed) => unpacked(packed),
            Err(error) => unreachable!("transcript {place} was packed and can't be unpacked: {error}"),
        }
    }

    fn packed(&self, place: usize) -> &[u8] {
        let chunk = self.before.partition_point(|before| *before <= place).saturating_sub(1);
        let (Chunk { text, ends }, within) = (&self.chunks[chunk], place - self.before[chunk]);
        let start = within.checked_sub(1).map_or(0, |last| ends[last]);
        &text[start..ends[within]]
    }

    /// All in their order.
    #[must_use]
    pub fn iter(&self) -> TranscriptIter<'_> {
        TranscriptIter { of: self, places: 0..self.len() }
    }

    /// Adds one behind the others.
    pub fn push(&mut self, transcript: &Transcript) {
        if self.chunks.last().is_none_or(|chunk| chunk.text.len() >= CHUNK) {
            self.before.push(self.count);
            self.chunks.push(Chunk { text: Vec::new(), ends: Vec::new() });
        }
        let Some(chunk) = self.chunks.last_mut() else { return };
        if let Err(error) = pack(transcript, &mut chunk.text) {
            // Texts and numbers always are JSON, and memory takes it.
            unreachable!("the transcript of {} can't be packed: {error}", transcript.candidate.ticket);
        }
        chunk.ends.push(chunk.text.len());
        self.count += 1;
    }

    /// Adds others behind these, in their order.
    pub fn append(&mut self, others: Self) {
        self.before.extend(others.before.iter().map(|before| self.count + before));
        self.chunks.extend(others.chunks);
        self.count += others.count;
    }
}

impl PartialEq for Transcripts {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && (0..self.count).all(|place| self.packed(place) == other.packed(place))
    }
}

impl Eq for Transcripts {}

/// See [`Transcripts::iter`].
#[derive(Debug, Clone)]
pub struct TranscriptIter<'a> {
    of: &'a Transcripts,
    places: Range<usize>,
}

impl Iterator for TranscriptIter<'_> {
    type Item = Transcript;

    fn next(&mut self) -> Option<Transcript> {
        self.places.next().map(|place| self.of.at(place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl ExactSizeIterator for TranscriptIter<'_> {}

impl<'a> IntoIterator for &'a Transcripts {
    type Item = Transcript;
    type IntoIter = TranscriptIter<'a>;

    fn into_iter(self) -> TranscriptIter<'a> {
        self.iter()
    }
}

impl FromIterator<Transcript> for Transcripts {
    fn from_iter<I: IntoIterator<Item = Transcript>>(all: I) -> Self {
        let mut out = Self::default();
        for transcript in all {
            out.push(&transcript);
        }
        out
    }
}

impl fmt::Debug for Transcripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl Serialize for Transcripts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Transcripts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Transcript>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exam::testing::candidate;
    use crate::merge::{ConflictKind, Part};
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = PartResult> {
        let points = || (0i64..=10_000).prop_map(Points::from_hundredths);
        prop_oneof![
            points().prop_map(PartResult::Scored),
            Just(PartResult::Absent),
            Just(PartResult::Void),
            Just(PartResult::Pending),
            proptest::option::of(points()).prop_map(PartResult::Carried),
            Just(PartResult::NotExamined),
        ]
    }

    fn transcript() -> impl Strategy<Value = Transcript> {
        let texts = proptest::array::uniform6(any::<String>());
        let verdict = prop_oneof![Just(Verdict::Passed), Just(Verdict::Failed), Just(Verdict::Pending)];
        let said = (part(), part(), proptest::option::of(part()), verdict, any::<String>());
        let more = (
            proptest::option::of((0i64..=30_000).prop_map(Points::from_hundredths)),
            proptest::collection::vec(any::<String>(), 0..3),
            any::<bool>(),
            any::<bool>(),
        );
        (1u16..90, texts, said, more).prop_map(|(n, texts, said, (total, remarks, conflict, form))| {
            let [name, sex, id_number, education, occupation, remark] = texts;
            let (theory, practical, review, verdict, grade) = said;
            let form = form.then(|| "B".parse().unwrap());
            let attempt = if n.is_multiple_of(2) { Attempt::First } else { Attempt::Repeat };
            let candidate = Candidate {
                name,
                sex,
                id_number,
                education,
                occupation,
                attempt,
                form,
                remark,
                ..candidate(n)
            };
            let nothing = Conflict { part: Part::Practical, kind: ConflictKind::NothingToDeduct };
            let conflicts = conflict.then_some(nothing).into_iter().collect();
            Transcript { candidate, theory, practical, review, verdict, grade, total, remarks, conflicts }
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(all in proptest::collection::vec(transcript(), 0..5), cut in 0usize..5) {
            let packed: Transcripts = all.iter().cloned().collect();
            prop_assert_eq!(packed.len(), all.len());
            prop_assert_eq!(&packed.iter().collect::<Vec<_>>(), &all);
            let cut = cut.min(all.len());
            let (mut front, back): (Transcripts, Transcripts) =
                (all[..cut].iter().cloned().collect(), all[cut..].iter().cloned().collect());
            front.append(back);
            prop_assert_eq!(&front, &packed);
            for (place, transcript) in all.iter().enumerate() {
                prop_assert_eq!(&front.at(place), transcript);
            }
            // As a list of transcripts they are what they always were to other programs.
            prop_assert_eq!(serde_json::to_value(&packed).unwrap(), serde_json::to_value(&all).unwrap());
            let text = serde_json::to_string(&packed).unwrap();
            prop_assert_eq!(serde_json::from_str::<Transcripts>(&text).unwrap(), packed);
        }
    }
}
