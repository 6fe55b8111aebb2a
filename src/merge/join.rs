//! Joining the parts of every candidate and deciding.

use super::room::{self, CardUse, balance};
use super::{MergeError, Part, PartResult, Results, Transcript, Verdict};
use crate::exam::{Candidate, Exam, Level, RoomRecord, Roster, Rules, ViolationRule};
use crate::grade::Score;
use crate::practical::{PracticalOutcome, PracticalScore};
use crate::sheet::{Points, SheetId, TicketNumber};
use std::collections::{BTreeMap, BTreeSet};

/// The most points of a part; the pass line of every exam is out of it.
const FULL: Points = Points::whole(100);

/// A candidate's graded theory paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheoryResult {
    /// The score.
    pub score: Score,
    /// The sheet that was graded.
    pub sheet: SheetId,
}

/// Everything that makes results.
#[derive(Debug, Clone, Copy)]
pub struct MergeInput<'a> {
    /// The exam with its rules.
    pub exam: &'a Exam,
    /// Everyone entered.
    pub roster: &'a Roster,
    /// Room records, at most one a room.
    pub rooms: &'a [RoomRecord],
    /// Graded theory papers.
    pub theory: &'a BTreeMap<TicketNumber, TheoryResult>,
    /// Cards that were read and have no score: held ones, and cards of absent candidates.
    pub ungraded: &'a BTreeMap<TicketNumber, CardUse>,
    /// Practical scores, at most one a candidate.
    pub practical: &'a [PracticalScore],
    /// What came of 综合评审, for 二级 and 一级; other levels' are not looked at.
    pub review: &'a BTreeMap<TicketNumber, PartResult>,
    /// Who fails by a veto (否定项) whatever is scored, with the remarks of the papers.
    pub vetoed: &'a BTreeMap<TicketNumber, Vec<String>>,
    /// Whose part is held, with the reasons.
    pub held: &'a BTreeMap<TicketNumber, Vec<String>>,
    /// How many exceptions are open.
    pub open_exceptions: u32,
}

/// Transcripts of everyone on the roster, by 职业, 等级 (五级 first) and 准考证号 as text, and the
/// balance of every room.
///
/// A candidate passes with every part at or above the pass line, each by itself and before any
/// rounding. 综合评审 is a part at 二级 and 一级. Absence, void and pending are states, never 0 points:
///
/// - 缺考 in the room record makes the theory part absent; an answered sheet of such a candidate is a
///   contradiction, and the part is pending.
/// - 违纪 voids the theory part or all parts: as the record's words say (该科目成绩无效,
///   全部科目成绩无效), else by the exam's rule.
/// - A part without sheet or score is pending, and the verdict with it, even if another part fails.
///
/// # Errors
///
/// [`MergeError`] for input that contradicts itself or the exam: nothing is left out silently.
pub fn merge(input: MergeInput<'_>) -> Result<Results, MergeError> {
    let records = room::by_room(input.rooms)?;
    let practical = practical_by_ticket(&input)?;
    check_review(&input)?;
    check_theory(&input)?;

    let attendance = Attendance::of(records.values().copied());
    let mut transcripts = Vec::with_capacity(input.roster.candidates.len());
    for candidate in input.roster.candidates.values() {
        let parts = parts(&input, candidate, &attendance, &practical);
        let vetoed = input.vetoed.get(&candidate.ticket).map_or(&[][..], Vec::as_slice);
        transcripts.push(transcript(candidate, &parts, vetoed, &input.exam.rules)?);
    }
    transcripts.sort_by(|a, b| order(&a.candidate).cmp(&order(&b.candidate)));

    let graded = input.theory.iter().map(|(ticket, result)| {
        let answered = result.score.answered();
        (ticket.clone(), if answered { CardUse::Answered } else { CardUse::Blank })
    });
    let cards = input.ungraded.iter().map(|(t, &c)| (t.clone(), c)).chain(graded).collect();
    Ok(Results {
        transcripts,
        rooms: balance(input.exam, input.roster, input.rooms, &cards)?,
        open_exceptions: input.open_exceptions,
        held: input.held.clone(),
    })
}

fn order(candidate: &Candidate) -> (&str, Level, &str) {
    (&candidate.occupation, candidate.level, candidate.ticket.as_str())
}

/// Who was where, from all records together: a candidate may sit in another room than the roster's.
struct Attendance<'a> {
    present: BTreeSet<&'a TicketNumber>,
    absent: BTreeSet<&'a TicketNumber>,
    violations: BTreeMap<&'a TicketNumber, &'a str>,
}

impl<'a> Attendance<'a> {
    fn of(records: impl Iterator<Item = &'a RoomRecord>) -> Self {
        let mut out = Self { present: BTreeSet::new(), absent: BTreeSet::new(), violations: BTreeMap::new() };
        for record in records {
            out.present.extend(&record.present);
            out.absent.extend(&record.absent);
            out.violations.extend(record.violations.iter().map(|(t, words)| (t, words.as_str())));
        }
        out
    }

    /// What the candidate's violation voids, if there is one.
    fn violation(&self, ticket: &TicketNumber, usual: ViolationRule) -> Option<ViolationRule> {
        let words = self.violations.get(ticket)?;
        // The two rulings as the regulations word them; other words describe the deed.
        Some(if words.contains("全部科目") {
            ViolationRule::AllVoid
        } else if words.contains("该科目") {
            ViolationRule::SubjectVoid
        } else {
            usual
        })
    }
}

struct Parts {
    theory: PartResult,
    practical: PartResult,
    review: Option<PartResult>,
    violation: Option<ViolationRule>,
}

fn parts(
    input: &MergeInput<'_>,
    candidate: &Candidate,
    attendance: &Attendance<'_>,
    practical: &BTreeMap<&TicketNumber, PracticalOutcome>,
) -> Parts {
    let ticket = &candidate.ticket;
    let reviewed = matches!(candidate.level, Level::Two | Level::One);
    let given = || input.review.get(ticket).copied().unwrap_or(PartResult::Pending);
    let mut parts = Parts {
        theory: theory(input, ticket, attendance),
        practical: practical.get(ticket).map_or(PartResult::Pending, |outcome| match *outcome {
            PracticalOutcome::Scored(points) => PartResult::Scored(points),
            PracticalOutcome::Absent => PartResult::Absent,
            PracticalOutcome::Void => PartResult::Void,
        }),
        review: reviewed.then(given),
        violation: attendance.violation(ticket, input.exam.rules.violation),
    };
    if parts.violation.is_some() {
        parts.theory = PartResult::Void;
    }
    if parts.violation == Some(ViolationRule::AllVoid) {
        parts.practical = PartResult::Void;
        parts.review = parts.review.map(|_| PartResult::Void);
    }
    parts
}

fn theory(input: &MergeInput<'_>, ticket: &TicketNumber, attendance: &Attendance<'_>) -> PartResult {
    let result = input.theory.get(ticket);
    if attendance.absent.contains(ticket) && !attendance.present.contains(ticket) {
        let answered = result.is_some_and(|r| r.score.answered())
            || input.ungraded.get(ticket) == Some(&CardUse::Answered);
        return if answered { PartResult::Pending } else { PartResult::Absent };
    }
    result.map_or(PartResult::Pending, |r| PartResult::Scored(r.score.points))
}

fn transcript(
    candidate: &Candidate,
    parts: &Parts,
    vetoed: &[String],
    rules: &Rules,
) -> Result<Transcript, MergeError> {
    let all: Vec<PartResult> =
        [Some(parts.theory), Some(parts.practical), parts.review].into_iter().flatten().collect();
    let mut verdict = verdict(&all, rules.pass_line);
    if verdict == Verdict::Passed && !vetoed.is_empty() {
        verdict = Verdict::Failed;
    }
    let grade = match verdict {
        Verdict::Pending => String::new(),
        Verdict::Failed => rules.fail_grade.clone(),
        Verdict::Passed => {
            let scored = |p: &PartResult| if let PartResult::Scored(n) = p { Some(*n) } else { None };
            let least = all.iter().filter_map(scored).min().unwrap_or(Points::ZERO);
            let best = rules.grades.iter().filter(|g| least >= g.least).max_by_key(|g| g.least);
            let none = || MergeError::NoGrade { ticket: candidate.ticket.clone(), least };
            best.ok_or_else(none)?.name.clone()
        }
    };
    Ok(Transcript {
        candidate: candidate.clone(),
        theory: parts.theory,
        practical: parts.practical,
        review: parts.review,
        verdict,
        grade,
        remarks: remarks(parts).into_iter().chain(vetoed.iter().cloned()).collect(),
    })
}

fn verdict(parts: &[PartResult], pass_line: Points) -> Verdict {
    if parts.contains(&PartResult::Pending) {
        Verdict::Pending
    } else if parts.iter().all(|p| matches!(p, PartResult::Scored(points) if *points >= pass_line)) {
        Verdict::Passed
    } else {
        Verdict::Failed
    }
}

fn remarks(parts: &Parts) -> Vec<String> {
    let mut out = Vec::new();
    match parts.violation {
        Some(ViolationRule::AllVoid) => return vec!["违纪，全部科目成绩无效".to_owned()],
        Some(ViolationRule::SubjectVoid) => out.push("违纪，理论成绩无效".to_owned()),
        None => out.extend(remark(Part::Theory, parts.theory)),
    }
    out.extend(remark(Part::Practical, parts.practical));
    out.extend(parts.review.and_then(|review| remark(Part::Review, review)));
    out
}

fn remark(part: Part, result: PartResult) -> Option<String> {
    match result {
        PartResult::Absent => Some(format!("{}缺考", part.name())),
        PartResult::Void => Some(format!("{}成绩无效", part.name())),
        PartResult::Scored(_) | PartResult::Pending => None,
    }
}

/// Refuses tickets that are not on the roster.
fn on_roster<'a>(
    input: &MergeInput<'_>,
    part: Part,
    tickets: impl Iterator<Item = &'a TicketNumber>,
) -> Result<(), MergeError> {
    let unknown: BTreeSet<_> = tickets.filter(|t| !input.roster.candidates.contains_key(t)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(MergeError::Unknown { part, tickets: unknown.into_iter().cloned().collect() })
}

fn in_range(part: Part, ticket: &TicketNumber, points: Points) -> Result<(), MergeError> {
    if (Points::ZERO..=FULL).contains(&points) {
        return Ok(());
    }
    Err(MergeError::Range { part, ticket: ticket.clone(), points })
}

fn practical_by_ticket<'a>(
    input: &MergeInput<'a>,
) -> Result<BTreeMap<&'a TicketNumber, PracticalOutcome>, MergeError> {
    let part = Part::Practical;
    on_roster(input, part, input.practical.iter().map(|p| &p.ticket))?;
    let mut out = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for score in input.practical {
        if let PracticalOutcome::Scored(points) = score.outcome {
            in_range(part, &score.ticket, points)?;
        }
        if out.insert(&score.ticket, score.outcome).is_some() {
            twice.insert(score.ticket.clone());
        }
    }
    if twice.is_empty() {
        Ok(out)
    } else {
        Err(MergeError::Twice { part, tickets: twice.into_iter().collect() })
    }
}

fn check_review(input: &MergeInput<'_>) -> Result<(), MergeError> {
    on_roster(input, Part::Review, input.review.keys())?;
    for (ticket, result) in input.review {
        if let PartResult::Scored(points) = result {
            in_range(Part::Review, ticket, *points)?;
        }
    }
    Ok(())
}

/// Every score is of the candidate's own paper, out of 100, with the exam's key revision.
fn check_theory(input: &MergeInput<'_>) -> Result<(), MergeError> {
    on_roster(input, Part::Theory, input.theory.keys().chain(input.ungraded.keys()))?;
    let occupation =
        |c: &Candidate| input.exam.occupations.iter().find(|o| o.name == c.occupation && o.level == c.level);
    let homeless = input.roster.candidates.values().filter(|c| occupation(c).is_none());
    let homeless: Vec<_> = homeless.map(|c| c.ticket.clone()).collect();
    if !homeless.is_empty() {
        return Err(MergeError::NoOccupation { tickets: homeless });
    }
    let mut stale: Option<(&crate::sheet::PaperId, u16, Vec<TicketNumber>)> = None;
    for (ticket, TheoryResult { score, .. }) in input.theory {
        let expected = input.roster.candidates.get(ticket).and_then(occupation).map(|o| &o.paper);
        if let Some(expected) = expected.filter(|&paper| *paper != score.paper) {
            let (ticket, found, expected) = (ticket.clone(), score.paper.clone(), expected.clone());
            return Err(MergeError::OtherPaper { ticket, found, expected });
        }
        if score.out_of != FULL {
            let (ticket, paper) = (ticket.clone(), score.paper.clone());
            return Err(MergeError::OutOf { ticket, paper, out_of: score.out_of });
        }
        in_range(Part::Theory, ticket, score.points)?;
        let revision = input.exam.papers.get(&score.paper).map(|paper| paper.key_revision);
        if let Some(revision) = revision.filter(|&revision| score.key_revision < revision) {
            let (paper, _, tickets) = stale.get_or_insert((&score.paper, revision, Vec::new()));
            if **paper == score.paper {
                tickets.push(ticket.clone());
            }
        }
    }
    match stale {
        Some((paper, expected, tickets)) => {
            Err(MergeError::EarlierRevision { paper: paper.clone(), expected, tickets })
        }
        None => Ok(()),
    }
}
