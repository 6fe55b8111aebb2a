//! Joining the parts of every candidate and deciding.

use super::parts::{Conflict, ConflictKind, Evidence, Sat, decide};
use super::room::{self, CardUse, balance};
use super::{MergeError, Part, PartResult, Results, Transcript, Verdict};
use crate::exam::{Candidate, Exam, Level, LevelRules, RoomRecord, Roster, Ruling, Rulings, ViolationRule};
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
    /// Rulings about candidates (特殊情况).
    pub rulings: &'a Rulings,
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
/// A candidate passes with every part of the level ([`Rules::at`](crate::exam::Rules::at)) at or above its pass line, each by
/// itself, after deductions and before any rounding; a carried-over pass counts as one. Absence, void and pending are states,
/// never 0 points:
///
/// - 缺考 in the room record makes the theory part absent; an answered sheet of such a candidate is a
///   contradiction, and the part is pending.
/// - 违纪 voids the theory part or all parts: as the record's words say (该科目成绩无效,
///   全部科目成绩无效), else by the exam's rule.
/// - A part without sheet or score is pending, and the verdict with it, even if another part fails.
/// - A ruling and evidence that contradict each other ([`Conflict`]) make the part pending: neither is chosen.
///
/// # Errors
///
/// [`MergeError`] for input that contradicts itself or the exam: nothing is left out silently.
pub fn merge(input: MergeInput<'_>) -> Result<Results, MergeError> {
    let attendance = Attendance::of(input.rooms)?;
    let transcripts = transcripts(input, &attendance)?.into_iter().collect();
    let graded = input.theory.iter().map(|(ticket, result)| {
        let answered = result.score.answered();
        (ticket.clone(), if answered { CardUse::Answered } else { CardUse::Blank })
    });
    let cards = input.ungraded.iter().map(|(t, &c)| (t.clone(), c)).chain(graded).collect();
    Ok(Results {
        transcripts,
        rooms: balance(
            input.exam,
            input.roster,
            input.rooms,
            &cards,
            &input.rulings.excused(input.exam, input.roster, Part::Theory),
        )?,
        open_exceptions: input.open_exceptions,
        held: input.held.clone(),
    })
}

/// As [`merge`], the transcripts alone. The candidates may be a part of everyone entered, if all scores and cards are theirs:
/// nobody's result depends on anybody else's. `attendance` is that of all rooms.
///
/// # Errors
///
/// As [`merge`], of these candidates.
pub fn transcripts(
    input: MergeInput<'_>,
    attendance: &Attendance<'_>,
) -> Result<Vec<Transcript>, MergeError> {
    let practical = practical_by_ticket(&input)?;
    check_review(&input)?;
    check_theory(&input)?;
    let mut transcripts = Vec::with_capacity(input.roster.candidates.len());
    for candidate in input.roster.candidates.values() {
        let rules = input.exam.rules.at(candidate.level);
        let parts = parts(&input, candidate, &rules, attendance, &practical);
        let vetoed = input.vetoed.get(&candidate.ticket).map_or(&[][..], Vec::as_slice);
        transcripts.push(transcript(candidate, &parts, vetoed, &rules, &input.exam.rules.fail_grade)?);
    }
    transcripts.sort_by(|a, b| order(&a.candidate).cmp(&order(&b.candidate)));
    Ok(transcripts)
}

fn order(candidate: &Candidate) -> (&str, Level, &str) {
    (&candidate.occupation, candidate.level, candidate.ticket.as_str())
}

/// Who was where, from all records together: a candidate may sit in another room than the roster's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance<'a> {
    present: BTreeSet<&'a TicketNumber>,
    absent: BTreeSet<&'a TicketNumber>,
    violations: BTreeMap<&'a TicketNumber, &'a str>,
}

impl<'a> Attendance<'a> {
    /// What these records say, at most one a room.
    ///
    /// # Errors
    ///
    /// [`MergeError::RoomTwice`] and [`MergeError::PresentAndAbsent`].
    pub fn of(rooms: &'a [RoomRecord]) -> Result<Self, MergeError> {
        let mut out = Self { present: BTreeSet::new(), absent: BTreeSet::new(), violations: BTreeMap::new() };
        for record in room::by_room(rooms)?.into_values() {
            out.present.extend(&record.present);
            out.absent.extend(&record.absent);
            out.violations.extend(record.violations.iter().map(|(t, words)| (t, words.as_str())));
        }
        Ok(out)
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

struct Parts<'a> {
    /// What every examined part comes to, before anything is rounded.
    results: BTreeMap<Part, PartResult>,
    conflicts: Vec<Conflict>,
    violation: Option<ViolationRule>,
    rulings: &'a [Ruling],
}

impl Parts<'_> {
    /// The points of a part that has some.
    fn points(&self, part: Part) -> Option<Points> {
        match self.results.get(&part) {
            Some(PartResult::Scored(points) | PartResult::Carried(Some(points))) => Some(*points),
            _ => None,
        }
    }
}

fn parts<'a>(
    input: &MergeInput<'a>,
    candidate: &Candidate,
    rules: &LevelRules,
    attendance: &Attendance<'_>,
    practical: &BTreeMap<&TicketNumber, PracticalOutcome>,
) -> Parts<'a> {
    let ticket = &candidate.ticket;
    let rulings = input.rulings.of(ticket);
    let violation = attendance.violation(ticket, input.exam.rules.violation);
    let mut parts = Parts { results: BTreeMap::new(), conflicts: Vec::new(), violation, rulings };
    for part in Part::ALL {
        let evidence = match part {
            Part::Theory => theory(input, ticket, attendance),
            Part::Practical => scored(practical.get(ticket).copied().map(of_practical)),
            Part::Review => scored(input.review.get(ticket).copied()),
        };
        let decided = if rules.has(part) {
            decide(part, evidence, rulings, violation == Some(ViolationRule::AllVoid), rules)
        } else if evidence.sat == Sat::Yes && part != Part::Review {
            // 综合评审 of levels without it is not looked at.
            Err(ConflictKind::NotExamined)
        } else {
            continue;
        };
        let result = decided.unwrap_or_else(|kind| {
            parts.conflicts.push(Conflict { part, kind });
            PartResult::Pending
        });
        parts.results.insert(part, result);
    }
    parts
}

/// What came of the practical test, as a result of the part.
fn of_practical(outcome: PracticalOutcome) -> PartResult {
    match outcome {
        PracticalOutcome::Scored(points) => PartResult::Scored(points),
        PracticalOutcome::Absent => PartResult::Absent,
        PracticalOutcome::Void => PartResult::Void,
    }
}

/// The evidence of a part of which people send the outcome.
fn scored(outcome: Option<PartResult>) -> Evidence {
    let result = outcome.unwrap_or(PartResult::Pending);
    let sat = match outcome {
        None | Some(PartResult::Absent | PartResult::Pending) => Sat::NoSign,
        Some(_) => Sat::Yes,
    };
    Evidence { result, sat, violation: false }
}

fn theory(input: &MergeInput<'_>, ticket: &TicketNumber, attendance: &Attendance<'_>) -> Evidence {
    let result = input.theory.get(ticket);
    let answered =
        result.is_some_and(|r| r.score.answered()) || input.ungraded.get(ticket) == Some(&CardUse::Answered);
    let present = attendance.present.contains(ticket);
    let violation = attendance.violations.contains_key(ticket);
    let absent = attendance.absent.contains(ticket) && !present;
    let sat = if answered || present || violation { Sat::Yes } else { Sat::NoSign };
    let result = match result {
        _ if absent && answered => PartResult::Pending,
        _ if absent => PartResult::Absent,
        Some(result) => PartResult::Scored(result.score.points),
        None => PartResult::Pending,
    };
    Evidence { result, sat, violation }
}

fn transcript(
    candidate: &Candidate,
    parts: &Parts<'_>,
    vetoed: &[String],
    rules: &LevelRules,
    fail_grade: &str,
) -> Result<Transcript, MergeError> {
    let mut verdict = verdict(parts, rules);
    if verdict == Verdict::Passed && !vetoed.is_empty() {
        verdict = Verdict::Failed;
    }
    let grade = match verdict {
        Verdict::Pending => String::new(),
        Verdict::Failed => fail_grade.to_owned(),
        Verdict::Passed => {
            // A pass whose score is not known is one at the pass line.
            let least = |(part, line): (&Part, &Points)| parts.points(*part).unwrap_or(*line);
            let least = rules.pass_lines.iter().map(least).min().unwrap_or(Points::ZERO);
            let best = rules.grades.iter().filter(|g| least >= g.least).max_by_key(|g| g.least);
            let none = || MergeError::NoGrade { ticket: candidate.ticket.clone(), least };
            best.ok_or_else(none)?.name.clone()
        }
    };
    let scores = Part::ALL.into_iter().filter_map(|part| Some((part, parts.points(part)?))).collect();
    let total = rules.total_of(&scores);
    let shown = |part: Part| {
        parts.results.get(&part).map(|result| match *result {
            PartResult::Scored(points) => PartResult::Scored(rules.shown(part, points)),
            other => other,
        })
    };
    Ok(Transcript {
        candidate: candidate.clone(),
        theory: shown(Part::Theory).unwrap_or(PartResult::NotExamined),
        practical: shown(Part::Practical).unwrap_or(PartResult::NotExamined),
        review: shown(Part::Review),
        verdict,
        grade,
        total,
        remarks: remarks(parts, total).into_iter().chain(vetoed.iter().cloned()).collect(),
        conflicts: parts.conflicts.clone(),
    })
}

fn verdict(parts: &Parts<'_>, rules: &LevelRules) -> Verdict {
    let passes = |(part, result): (&Part, &PartResult)| match result {
        PartResult::Scored(points) => rules.pass_lines.get(part).is_some_and(|line| points >= line),
        PartResult::Carried(_) => true,
        _ => false,
    };
    if parts.results.values().any(|result| *result == PartResult::Pending) {
        Verdict::Pending
    } else if parts.results.iter().all(passes) {
        Verdict::Passed
    } else {
        Verdict::Failed
    }
}

fn remarks(parts: &Parts<'_>, total: Option<Points>) -> Vec<String> {
    let ruled = parts.rulings.iter().find(|r| matches!(r, Ruling::AllVoid { .. }));
    if let Some(ruling) = ruled {
        return vec![ruling.remark()];
    }
    let mut out = Vec::new();
    match parts.violation {
        Some(ViolationRule::AllVoid) => return vec!["违纪，全部科目成绩无效".to_owned()],
        Some(ViolationRule::SubjectVoid) => out.push("违纪，理论成绩无效".to_owned()),
        None => {}
    }
    for part in Part::ALL {
        // A violation has said it.
        let said = part == Part::Theory && parts.violation.is_some();
        let own = parts.rulings.iter().filter(|r| r.part() == Some(part));
        let told: Vec<_> = own
            .filter(|r| !said || matches!(r, Ruling::CarriedOver { .. } | Ruling::Retake { .. }))
            .map(Ruling::remark)
            .collect();
        let state =
            |r: &&Ruling| r.part() == Some(part) && matches!(r, Ruling::Absent { .. } | Ruling::Void { .. });
        let stated = said || parts.rulings.iter().any(|r| state(&r));
        if !stated {
            out.extend(parts.results.get(&part).and_then(|result| remark(part, *result)));
        }
        out.extend(told);
    }
    out.extend(total.map(|total| format!("总成绩 {total}")));
    out
}

fn remark(part: Part, result: PartResult) -> Option<String> {
    match result {
        PartResult::Absent => Some(format!("{}缺考", part.name())),
        PartResult::Void => Some(format!("{}成绩无效", part.name())),
        PartResult::Scored(_) | PartResult::Carried(_) | PartResult::NotExamined | PartResult::Pending => {
            None
        }
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
