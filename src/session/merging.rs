//! Merging: everybody's result, by two roads.

use super::practical::Totals;
use super::view::View;
use super::{Session, SessionError};
use crate::exam::{Candidate, Level, Rulings};
use crate::merge::{
    Attendance, CardUse, MergeInput, PartResult, Results, TheoryResult, Transcript, Transcripts, Verdict,
    merge, transcripts,
};
use crate::sheet::{Points, TicketNumber};
use crate::store::{SecondPart, SecondResult, SheetScore, StoreError, TicketSpan};
use std::collections::BTreeMap;

/// How many candidates are merged at a time: enough that asking the record costs little beside merging, few enough that a batch
/// (3 kB a candidate) is small beside the program.
const AT_A_TIME: usize = 2_000;

impl Session {
    /// Everybody's transcript, and what does not balance.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], scores that contradict roster or exam, or a failure of the record.
    pub fn merge(&self) -> Result<Results, SessionError> {
        match self.merge_in_batches()? {
            Some(results) => Ok(results),
            None => self.merge_whole(),
        }
    }

    /// As [`Session::merge`], with a view of the record that is made anew: of what is kept beside the record only the facts of readings
    /// ([`SheetFacts`](crate::settle::SheetFacts)) go into what leaves the house. Those [`Session::verify`] holds against the readings.
    ///
    /// # Errors
    ///
    /// As [`Session::merge`]; [`StoreError::Locked`] while another program is writing.
    pub(super) fn merge_anew(&self) -> Result<Results, SessionError> {
        self.view_anew()?;
        self.merge()
    }

    /// As [`Session::merge_anew`], by two roads.
    ///
    /// # Errors
    ///
    /// As [`Session::merge_anew`]; [`SessionError::RoadsDiffer`].
    pub(super) fn merge_twice(&self) -> Result<Results, SessionError> {
        let results = self.merge_anew()?;
        self.twice(&results)?;
        Ok(results)
    }

    /// As [`Session::merge`], a batch of candidates after the other, by what the view says of their cards, of what is open and of the
    /// rooms. `None` where that does not do: the view can't be kept or was overtaken, its cards are not those that were graded, or
    /// something contradicts itself, which is told of everybody at once.
    pub(super) fn merge_in_batches(&self) -> Result<Option<Results>, SessionError> {
        self.with_view(|_| self.batches())
    }

    fn batches(&self) -> Result<Option<Results>, SessionError> {
        let head = self.store.journal_head()?;
        let Some(View { candidates, open, rooms: Some(rooms), .. }) = View::of(&self.store)? else {
            return Ok(None);
        };
        let (records, rulings, totals) = (self.store.rooms()?, self.store.rulings()?, self.totals()?);
        let Ok(attendance) = Attendance::of(&records) else { return Ok(None) };
        let mut groups: BTreeMap<(String, Level), Transcripts> = BTreeMap::new();
        let mut held = BTreeMap::new();
        let (mut after, mut seen) = (None, 0);
        loop {
            let entered = self.store.derived_candidates(after.as_ref(), AT_A_TIME)?;
            let more = entered.len() == AT_A_TIME;
            seen += entered.len();
            let upto = entered.last().filter(|_| more).map(|(candidate, _)| candidate.ticket.clone());
            let span = TicketSpan { after, upto: upto.clone() };
            let Some(batch) = self.batch(entered, &span, (&rulings, &totals, &attendance))? else {
                return Ok(None);
            };
            for transcript in batch.transcripts {
                let Candidate { occupation, level, .. } = &transcript.candidate;
                groups.entry((occupation.clone(), *level)).or_default().push(&transcript);
            }
            held.extend(batch.held);
            after = upto;
            if !more {
                break;
            }
        }
        // Nobody on it is no roster, or one that somebody else has to tell of.
        if seen == 0 || seen != candidates || self.store.journal_head()? != head {
            return Ok(None);
        }
        let mut all = Transcripts::default();
        while let Some((_, group)) = groups.pop_first() {
            all.append(group);
        }
        let open = open.values().sum::<usize>();
        let open_exceptions = u32::try_from(open).unwrap_or(u32::MAX);
        Ok(Some(Results { transcripts: all, rooms, open_exceptions, held }))
    }

    /// The transcripts of some candidates, each with whether anything is answered on their card, if one was read; `span` has
    /// nobody else. `None` where that does not do.
    fn batch(
        &self,
        entered: Vec<(Candidate, Option<bool>)>,
        span: &TicketSpan,
        (rulings, totals, attendance): (&Rulings, &Totals, &Attendance<'_>),
    ) -> Result<Option<Batch>, SessionError> {
        let theory = theory_of(self.store.scores_within(span)?);
        let mut roster = crate::exam::Roster::default();
        let mut ungraded = BTreeMap::new();
        for (candidate, answered) in entered {
            let ticket = candidate.ticket.clone();
            match (theory.get(&ticket), answered) {
                (Some(graded), answered) if answered != Some(graded.score.answered()) => return Ok(None),
                (None, Some(answered)) => {
                    let used = if answered { CardUse::Answered } else { CardUse::Blank };
                    ungraded.insert(ticket.clone(), used);
                }
                _ => {}
            }
            roster.candidates.insert(ticket, candidate);
        }
        let assessed = self.part_results(&roster, totals, span)?;
        let merged = transcripts(
            MergeInput {
                exam: &self.exam,
                roster: &roster,
                rooms: &[],
                theory: &theory,
                ungraded: &ungraded,
                practical: &assessed.practical,
                review: &assessed.review,
                rulings,
                vetoed: &assessed.vetoed,
                held: &assessed.held,
                open_exceptions: 0,
            },
            attendance,
        );
        Ok(merged.ok().map(|transcripts| Batch { transcripts, held: assessed.held }))
    }

    /// As [`Session::merge`], of everybody at once, by what every sheet says against roster and rooms.
    pub(super) fn merge_whole(&self) -> Result<Results, SessionError> {
        // What decides which card counts is half of what there is to hold, and is let go before people are joined.
        let (roster, rooms, rulings, mut ungraded, open) = {
            let standings = self.standings_short()?;
            let (cards, open) = (standings.cards(), standings.findings.open.len());
            (standings.roster, standings.rooms, standings.rulings, cards, open)
        };
        if roster.candidates.is_empty() && self.store.roster()?.is_none() {
            return Err(SessionError::NoRoster);
        }
        let theory = theory_of(self.store.scores()?);
        ungraded.retain(|ticket, _| !theory.contains_key(ticket));
        let assessed = self.part_results(&roster, &self.totals()?, &TicketSpan::default())?;
        Ok(merge(MergeInput {
            exam: &self.exam,
            roster: &roster,
            rooms: &rooms,
            theory: &theory,
            ungraded: &ungraded,
            practical: &assessed.practical,
            review: &assessed.review,
            rulings: &rulings,
            vetoed: &assessed.vetoed,
            held: &assessed.held,
            open_exceptions: u32::try_from(open).unwrap_or(u32::MAX),
        })?)
    }

    /// Refuses results that the second road ([`Store::second_road`](crate::store::Store::second_road)) does not come to as well.
    fn twice(&self, results: &Results) -> Result<(), SessionError> {
        // The second road asks the view for answers on absent candidates' cards.
        if self.open_in_view()?.is_none() {
            return Err(StoreError::Locked { path: self.store.path().to_owned() }.into());
        }
        let mut comparing = Comparing::of(&results.transcripts);
        self.store.each_on_second_road(|second| comparing.hold(&second))?;
        let found = comparing.differences();
        if found.is_empty() { Ok(()) } else { Err(SessionError::RoadsDiffer { differences: found }) }
    }
}

/// What some candidates come to.
struct Batch {
    transcripts: Vec<Transcript>,
    held: BTreeMap<TicketNumber, Vec<String>>,
}

fn theory_of(scores: Vec<SheetScore>) -> BTreeMap<TicketNumber, TheoryResult> {
    let result = |s: SheetScore| (s.ticket, TheoryResult { score: s.score, sheet: s.sheet });
    scores.into_iter().map(result).collect()
}

/// Where two roads to the results differ: whose, and what each of them says.
struct Comparing<'a> {
    first: &'a Transcripts,
    /// Places of those of whom the second has said nothing yet.
    left: BTreeMap<TicketNumber, usize>,
    found: Vec<String>,
}

impl<'a> Comparing<'a> {
    fn of(first: &'a Transcripts) -> Self {
        let left = first.iter().enumerate().map(|(place, t)| (t.candidate.ticket, place)).collect();
        Self { first, left, found: Vec::new() }
    }

    /// Holds what the second road says of somebody against what the first says.
    fn hold(&mut self, second: &SecondResult) {
        let ticket = second.ticket.parse::<TicketNumber>().ok();
        let mine =
            ticket.and_then(|ticket| self.left.remove(&ticket)).map(|at| as_second(&self.first.at(at)));
        match mine {
            Some(mine) if mine == *second => {}
            Some(mine) => {
                self.found.push(format!("{}: {} and {}", second.ticket, said(&mine), said(second)));
            }
            None => self.found.push(format!("{}: nothing and {}", second.ticket, said(second))),
        }
    }

    fn differences(mut self) -> Vec<String> {
        for (ticket, place) in self.left {
            self.found.push(format!("{ticket}: {} and nothing", said(&as_second(&self.first.at(place)))));
        }
        self.found
    }
}

/// A result as a difference tells it.
fn said(result: &SecondResult) -> String {
    let part = |part: &SecondPart| match part.hundredths {
        Some(hundredths) if part.state == "scored" => Points::from_hundredths(hundredths).to_string(),
        Some(hundredths) => format!("{} {}", part.state, Points::from_hundredths(hundredths)),
        None => part.state.clone(),
    };
    let review =
        result.review.as_ref().map_or_else(String::new, |review| format!(", 综合评审 {}", part(review)));
    let total =
        result.total.map_or_else(String::new, |total| format!(", 总成绩 {}", Points::from_hundredths(total)));
    format!(
        "理论 {}, 实操 {}{review}{total}, {} {}",
        part(&result.theory),
        part(&result.practical),
        result.verdict,
        result.grade
    )
}

/// A transcript as the second road would say it.
fn as_second(transcript: &Transcript) -> SecondResult {
    let part = |result: PartResult| {
        let (state, points) = match result {
            PartResult::Scored(points) => ("scored", Some(points)),
            PartResult::Absent => ("absent", None),
            PartResult::Void => ("void", None),
            PartResult::Pending => ("pending", None),
            PartResult::Carried(score) => ("carried", score),
            PartResult::NotExamined => ("not-examined", None),
        };
        SecondPart { state: state.to_owned(), hundredths: points.map(Points::hundredths) }
    };
    let verdict = match transcript.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Pending => "pending",
    };
    SecondResult {
        ticket: transcript.candidate.ticket.to_string(),
        theory: part(transcript.theory),
        practical: part(transcript.practical),
        review: transcript.review.map(part),
        total: transcript.total.map(Points::hundredths),
        verdict: verdict.to_owned(),
        grade: transcript.grade.clone(),
    }
}

#[cfg(test)]
mod tests;
