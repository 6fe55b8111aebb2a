//! Rows become rulings.

use super::{PART, POINTS, REASON, RULING, Ruling, RulingFault, Rulings, RulingsError, SOURCE};
use crate::exam::headings::{Heading, known};
use crate::exam::table::{Cell, Record, RowPlace, RowProblem};
use crate::exam::words::{key, same_name};
use crate::exam::{Candidate, Exam, Part, Roster};
use crate::sheet::{Points, TicketNumber};
use std::collections::BTreeMap;

/// The kinds of rulings, before it is known what about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Normal,
    Absent,
    Void,
    AllVoid,
    Deduction,
    CarriedOver,
    Retake,
}

impl Word {
    /// The kind that a cell names, and the part if it names one too (`理论缺考`, `补考实操`).
    fn of(text: &str) -> Option<(Self, Option<Part>)> {
        let (part, rest) = Part::within(text);
        let word = match rest.as_str() {
            "正常" | "normal" => Self::Normal,
            "缺考" | "缺席" | "未考" | "absent" => Self::Absent,
            "成绩无效"
            | "无效"
            | "该科目成绩无效"
            | "科目成绩无效"
            | "该科成绩无效"
            | "单科无效"
            | "void" => Self::Void,
            "全部科目成绩无效" | "全部成绩无效" | "全部无效" | "all-void" => Self::AllVoid,
            "扣分" | "deduction" => Self::Deduction,
            "成绩保留" | "单科保留" | "保留" | "单科成绩保留" | "单科合格保留" | "carried-over" => {
                Self::CarriedOver
            }
            "补考" | "单科补考" | "retake" => Self::Retake,
            _ => return None,
        };
        Some((word, part))
    }

    fn has_part(self) -> bool {
        !matches!(self, Self::Normal | Self::AllVoid)
    }
}

/// What the row of a candidate said, and where.
struct Said {
    ruling: Option<Ruling>,
    place: RowPlace,
}

pub(super) struct Importer<'e> {
    exam: &'e Exam,
    roster: &'e Roster,
    problems: Vec<RowProblem<RulingFault>>,
    said: BTreeMap<TicketNumber, Vec<Said>>,
}

impl<'e> Importer<'e> {
    pub(super) fn new(exam: &'e Exam, roster: &'e Roster) -> Self {
        Self { exam, roster, problems: Vec::new(), said: BTreeMap::new() }
    }

    fn note(&mut self, record: &Record<'_>, heading: &Heading, fault: impl Into<RulingFault>) {
        self.problems.push(record.problem(Some(heading), fault.into()));
    }

    /// A cell's text, empty if it can't be read, which is noted.
    fn optional(&mut self, record: &Record<'_>, heading: &Heading) -> String {
        record.optional(heading).map_err(|fault| self.note(record, heading, fault)).unwrap_or_default()
    }

    /// Takes in a row, or notes why not.
    pub(super) fn row(&mut self, record: &Record<'_>) {
        let problems = self.problems.len();
        let candidate = self.candidate(record);
        let ruling = self.ruling(record, candidate);
        let (Some(candidate), Some(ruling)) = (candidate, ruling) else { return };
        if self.problems.len() > problems {
            return;
        }
        self.keep(record, candidate, ruling);
    }

    fn candidate(&mut self, record: &Record<'_>) -> Option<&'e Candidate> {
        let digits = record.cell(&known::TICKET).digits();
        let digits = digits.map_err(|fault| self.note(record, &known::TICKET, fault)).ok()?;
        let ticket: TicketNumber = digits
            .parse()
            .map_err(|fault| self.note(record, &known::TICKET, RulingFault::Ticket(fault)))
            .ok()?;
        let Some(candidate) = self.roster.candidates.get(&ticket) else {
            self.note(record, &known::TICKET, RulingFault::Unknown { ticket });
            return None;
        };
        match record.text(&known::NAME) {
            Err(fault) => self.note(record, &known::NAME, fault),
            Ok(found) if !same_name(&found, &candidate.name) => {
                let fault = RulingFault::NameDiffers { roster: candidate.name.clone(), found };
                self.note(record, &known::NAME, fault);
            }
            Ok(_) => {}
        }
        Some(candidate)
    }

    /// What the row rules; `Some(None)` for 正常.
    #[allow(clippy::option_option)] // a row that says nothing special is not one that can't be read
    fn ruling(&mut self, record: &Record<'_>, candidate: Option<&Candidate>) -> Option<Option<Ruling>> {
        let text = record.text(&RULING).map_err(|fault| self.note(record, &RULING, fault)).ok()?;
        let Some((word, named)) = Word::of(&text) else {
            self.note(record, &RULING, RulingFault::Word(text));
            return None;
        };
        let part = self.part(record, word, named);
        let level = candidate.map(|c| c.level);
        if let (Some(part), Some(level)) = (part, level)
            && !self.exam.rules.at(level).has(part)
        {
            self.note(record, &PART, RulingFault::NotExamined(part));
        }
        let points = self.points(record, word);
        let source = self.optional(record, &SOURCE);
        if word != Word::CarriedOver && !source.is_empty() {
            self.note(record, &SOURCE, RulingFault::SourceNotWanted(source.clone()));
        }
        let reason = self.optional(record, &REASON);
        if matches!(word, Word::Void | Word::AllVoid | Word::Deduction) && reason.is_empty() {
            self.note(record, &REASON, RulingFault::NoReason);
        }
        Some(match word {
            Word::Normal => None,
            Word::AllVoid => Some(Ruling::AllVoid { reason }),
            Word::Absent => Some(Ruling::Absent { part: part?, reason }),
            Word::Void => Some(Ruling::Void { part: part?, reason }),
            Word::Retake => Some(Ruling::Retake { part: part?, reason }),
            Word::Deduction => {
                let Some(points) = points else {
                    if record.cell(&POINTS).is_empty() {
                        self.note(record, &POINTS, RulingFault::NoPoints);
                    }
                    return None;
                };
                Some(Ruling::Deduction { part: part?, points, reason })
            }
            Word::CarriedOver => {
                let part = part?;
                if source.is_empty() {
                    self.note(record, &SOURCE, RulingFault::NoSource);
                }
                let line = level.and_then(|level| self.exam.rules.at(level).pass_lines.get(&part).copied());
                if let (Some(score), Some(line)) = (points, line)
                    && score < line
                {
                    self.note(record, &POINTS, RulingFault::BelowLine { score, line });
                }
                // A remark of a carried-over pass says more about its source.
                let source = if reason.is_empty() { source } else { format!("{source}，{reason}") };
                Some(Ruling::CarriedOver { part, score: points, source })
            }
        })
    }

    fn part(&mut self, record: &Record<'_>, word: Word, named: Option<Part>) -> Option<Part> {
        let text = self.optional(record, &PART);
        let every = matches!(key(&text).as_str(), "" | "全部" | "全部科目" | "-" | "—" | "/");
        if every && (text.is_empty() || !word.has_part()) {
            return match named {
                Some(part) if !word.has_part() => {
                    self.note(record, &RULING, RulingFault::PartNotWanted(part));
                    None
                }
                None if word.has_part() => {
                    self.note(record, &PART, RulingFault::NoPart);
                    None
                }
                named => named,
            };
        }
        let Some(column) = Part::from_word(&text) else {
            self.note(record, &PART, RulingFault::Part(text));
            return None;
        };
        if !word.has_part() {
            self.note(record, &PART, RulingFault::PartNotWanted(column));
            return None;
        }
        match named.filter(|named| *named != column) {
            Some(word) => {
                self.note(record, &PART, RulingFault::PartDiffers { column, word });
                None
            }
            None => Some(column),
        }
    }

    fn points(&mut self, record: &Record<'_>, word: Word) -> Option<Points> {
        let cell = record.cell(&POINTS);
        if cell.is_empty() {
            return None;
        }
        let (points, text) = if let Cell::Number(number) = cell {
            (Points::from_cell(*number), number.to_string())
        } else {
            let text = cell.text().map_err(|fault| self.note(record, &POINTS, fault)).ok()?;
            (text.strip_suffix('分').unwrap_or(&text).parse().ok(), text)
        };
        let range = match word {
            Word::Deduction => "above 0 and at most 100",
            Word::CarriedOver => "between 0 and 100",
            _ => {
                self.note(record, &POINTS, RulingFault::PointsNotWanted(text));
                return None;
            }
        };
        // Some write a deduction as −10.
        let points = match points {
            Some(points) if word == Word::Deduction && points < Points::ZERO => Some(Points::ZERO - points),
            points => points,
        };
        let least = if word == Word::Deduction { Points::from_hundredths(1) } else { Points::ZERO };
        let fits = points.filter(|points| (least..=Points::whole(100)).contains(points));
        if fits.is_none() {
            self.note(record, &POINTS, RulingFault::Points(text, range));
        }
        fits
    }

    /// Keeps what a row said, unless it contradicts what others said of the candidate.
    fn keep(&mut self, record: &Record<'_>, candidate: &Candidate, ruling: Option<Ruling>) {
        let ticket = &candidate.ticket;
        let earlier = self.said.get(ticket).map_or(&[][..], Vec::as_slice);
        let kind = |r: &Option<Ruling>| r.as_ref().map(|r| (r.word(), r.part()));
        let clash = earlier.iter().find_map(|said| {
            let first = said.place.clone();
            if kind(&said.ruling) == kind(&ruling) {
                return Some(RulingFault::Twice { ticket: ticket.clone(), first });
            }
            let apart = match (&said.ruling, &ruling) {
                (Some(one), Some(other)) => one.contradicts(other),
                _ => true,
            };
            apart.then(|| RulingFault::Contradicts {
                ticket: ticket.clone(),
                other: said.ruling.as_ref().map_or_else(|| "正常".to_owned(), Ruling::remark),
                first,
            })
        });
        if let Some(fault) = clash {
            self.note(record, &RULING, fault);
            return;
        }
        let said = Said { ruling, place: record.place() };
        self.said.entry(ticket.clone()).or_default().push(said);
    }

    pub(super) fn finish(self) -> Result<Rulings, RulingsError> {
        if !self.problems.is_empty() {
            return Err(RulingsError::Rows(self.problems));
        }
        let mut out = BTreeMap::new();
        for (ticket, said) in self.said {
            let mut rulings: Vec<Ruling> = said.into_iter().filter_map(|said| said.ruling).collect();
            rulings.sort();
            if !rulings.is_empty() {
                out.insert(ticket, rulings);
            }
        }
        Ok(Rulings(out))
    }
}
