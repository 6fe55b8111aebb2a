//! A paper before it has a file format: what a workbook and a printed document have in common.

use super::cells::{Cell, Column, level_title};
use super::openings::openings;
use super::tally::Tally;
use super::{Edition, Matter, Stage};
use crate::exam::{Candidate, Exam, Level, Signatories};
use crate::merge::{Results, Transcripts, Verdict};
use crate::sheet::TicketNumber;
use std::collections::BTreeMap;
use std::ops::Range;

/// Which of the three papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaperKind {
    /// 成绩单.
    ScoreReport,
    /// 鉴定名册.
    Register,
    /// 合格名册.
    PassedRegister,
}

impl PaperKind {
    /// All, in the order in which they are issued.
    pub const ALL: [Self; 3] = [Self::ScoreReport, Self::Register, Self::PassedRegister];

    /// The short name: part of the file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScoreReport => "成绩单",
            Self::Register => "鉴定名册",
            Self::PassedRegister => "合格名册",
        }
    }

    /// The title as printed.
    fn title(self) -> &'static str {
        match self {
            Self::ScoreReport => "职业技能鉴定成绩单",
            Self::Register => "职业技能鉴定名册",
            Self::PassedRegister => "职业技能鉴定合格名册",
        }
    }

    fn columns(self, with_review: bool) -> Vec<Column> {
        use Column as C;
        let mut columns = vec![C::Serial, C::Ticket, C::Name, C::Sex, C::IdNumber];
        if self == Self::Register {
            columns.extend([C::Education, C::Occupation, C::Level, C::Attempt, C::Room, C::Seat, C::Remark]);
            return columns;
        }
        columns.extend([C::Theory, C::Practical]);
        if with_review {
            columns.push(C::Review);
        }
        columns.push(C::Result);
        if self == Self::PassedRegister {
            columns.extend([C::AwardedMark, C::Certificate, C::Issued]);
        }
        columns.push(C::Remark);
        columns
    }
}

/// A paper: its sections and, for a draft, why it is one.
pub(super) struct Paper<'a> {
    /// Title of the file: `2026年第3批 职业技能鉴定成绩单`.
    pub title: String,
    /// The institute, which sends the paper.
    pub institute: String,
    /// The centre, which issues it.
    pub centre: String,
    /// Who signs, line by line.
    pub signatures: Vec<Vec<Signature>>,
    /// Whether it says 草稿.
    pub standing: Standing,
    /// What the codes of its pages say beside the page's own, if its pages have a place for one.
    pub sealing: Option<Sealing>,
    /// One for each occupation and level; in a draft, the reasons are the last section.
    pub sections: Vec<Section<'a>>,
}

/// What the code of every page of a paper says.
#[derive(Debug, Clone)]
pub(super) struct Sealing {
    /// What signatures call the exam.
    pub exam: String,
    /// The publication's number.
    pub publication: u64,
    /// 成绩单, …
    pub paper: &'static str,
}

/// Whether a paper counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// To be signed.
    Final,
    /// 待审核.
    Proposed,
    /// 草稿.
    Draft,
}

/// A worksheet, or a run of pages with one heading.
pub(super) struct Section<'a> {
    /// Short name: the worksheet's tab.
    pub tab: String,
    /// The line above the table's heading block.
    pub title: String,
    /// Lines of the heading block.
    pub facts: Vec<Vec<Fact>>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, in order.
    pub rows: Rows<'a>,
    /// What stands in place of rows if there are none.
    pub nothing: &'static str,
    /// What follows the table.
    pub closing: Closing,
}

impl Section<'_> {
    /// The most that the heading and the cells of each column measure.
    pub fn longest(&self, measure: impl Fn(&str) -> f64) -> Vec<f64> {
        let mut longest: Vec<f64> = self.columns.iter().map(|column| measure(column.heading())).collect();
        for row in self.rows.iter() {
            for (longest, cell) in longest.iter_mut().zip(&row.cells) {
                *longest = longest.max(measure(&cell.shown()));
            }
        }
        longest
    }
}

/// A word of the heading block and what it is here.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    /// 批次, …
    pub label: &'static str,
    /// The text.
    pub value: String,
    /// Share of the line's width, in hundredths.
    pub share: u8,
}

/// A row of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Whose row it is, for messages: `140510001001 张甲`.
    pub whose: String,
    /// As many as there are columns.
    pub cells: Vec<Cell>,
}

/// The rows of a table, each made when it is looked at: a paper of a hundred thousand candidates is never in memory as a whole.
pub(super) struct Rows<'a> {
    count: usize,
    make: Box<dyn Fn(usize) -> Row + Send + Sync + 'a>,
}

impl<'a> Rows<'a> {
    /// As many rows, each made from its place, from 0. The same place gives the same row.
    pub fn new(count: usize, make: impl Fn(usize) -> Row + Send + Sync + 'a) -> Self {
        Self { count, make: Box::new(make) }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Those of a range, as far as there are any.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Row> + '_ {
        (range.start..range.end.min(self.count)).map(&self.make)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = Row> + '_ {
        self.range(0..self.count)
    }
}

impl From<Vec<Row>> for Rows<'_> {
    fn from(rows: Vec<Row>) -> Self {
        Self::new(rows.len(), move |place| rows[place].clone())
    }
}

/// What follows the table.
#[derive(Debug, Clone)]
pub(super) enum Closing {
    /// Totals, and places for signatures and seals.
    Signed {
        /// 报考 … 合格率 …
        totals: String,
    },
    /// Nothing.
    Bare,
}

/// A place for signatures. A name that the exam states is printed at the start of the line; whoever it is
/// signs behind it.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    /// Who signs: 制表人, …
    pub who: &'static str,
    /// Their names, empty where the exam does not say; one line each.
    pub names: Vec<String>,
    /// Share of the line's width.
    pub share: u8,
}

/// How many lines assessors (考评员) have at least: three score a practical part.
const ASSESSORS: usize = 3;

/// How many lines for assessors stand side by side (in more, a name leaves little room for its signature), and
/// one beneath the other (more would take the table's place on a lying page): beyond nine, more stand abreast.
const ABREAST: usize = 3;
const BENEATH: usize = 3;

/// Places for signatures, line by line.
fn signatures(signatories: &Signatories) -> Vec<Vec<Signature>> {
    let one = |who, name: &str| Signature { who, names: vec![name.to_owned()], share: 1 };
    let mut assessors = signatories.assessors.clone();
    let abreast = assessors.len().div_ceil(BENEATH).max(ABREAST);
    assessors.resize(assessors.len().max(ASSESSORS).next_multiple_of(abreast), String::new());
    let mut lines = vec![vec![
        one("制表人", &signatories.tabulator),
        one("审核人", &signatories.reviewer),
        one("考评组长", &signatories.lead_assessor),
    ]];
    for (i, names) in assessors.chunks(abreast).enumerate() {
        let mut line = vec![Signature { who: "考评员", names: names.to_vec(), share: 2 }];
        // Blank, to keep the lines of assessors equally long.
        line.push(if i == 0 {
            one("督导员", &signatories.supervisor)
        } else {
            Signature { who: "", names: Vec::new(), share: 1 }
        });
        lines.push(line);
    }
    lines
}

/// Who seals: the paper's institute to the left, its centre to the right.
pub(super) const SEALS: [&str; 2] = ["鉴定所（盖章）", "鉴定中心（盖章）"];

/// The date beneath a seal, to be filled by hand.
pub(super) const SEAL_DATE: &str = "日期：　　　　年　　月　　日";

/// What a draft says above its title.
const DRAFT_NOTICE: &str = "草稿　不得作为正式结果使用";

/// What a proposal says above its title.
const PROPOSED_NOTICE: &str = "待审核　签署发布前不得作为正式结果使用";

impl Standing {
    /// What stands across every page and above its title, if it does not count.
    pub fn notice(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Final => None,
            Self::Proposed => Some(("待审核", PROPOSED_NOTICE)),
            Self::Draft => Some(("草稿", DRAFT_NOTICE)),
        }
    }
}

/// The tab and title of a draft's reasons.
const OPENINGS_TAB: &str = "未结事项";

/// The tab and title of what was decided or corrected after the freeze.
const MATTERS_TAB: &str = "更正与复核事项";

impl<'a> Paper<'a> {
    /// The paper of this kind.
    pub fn of(kind: PaperKind, exam: &Exam, results: &'a Results, edition: &'a Edition) -> Self {
        let transcripts = &results.transcripts;
        let mut sections: Vec<Section> = groups(transcripts)
            .iter()
            .map(|group| section(kind, exam, edition, transcripts, group))
            .collect();
        let standing = match &edition.stage {
            _ if results.is_draft() => Standing::Draft,
            Stage::Proposed => Standing::Proposed,
            Stage::Unsigned | Stage::Issued(_) => Standing::Final,
        };
        if kind == PaperKind::ScoreReport && !edition.matters.is_empty() {
            sections.push(matters_section(MATTERS_TAB, exam, edition.matters.clone()));
        }
        if standing == Standing::Draft {
            sections.push(matters_section(OPENINGS_TAB, exam, openings(results)));
        }
        if !edition.number.is_empty() {
            for section in &mut sections {
                section.facts.push(vec![fact("发布号", &edition.number, 100)]);
            }
        }
        Self {
            title: format!("{} {}", exam.batch, kind.title()),
            institute: exam.institute.clone(),
            centre: exam.centre.clone(),
            signatures: signatures(&exam.signatories),
            standing,
            sealing: (edition.stage != Stage::Unsigned).then(|| Sealing {
                exam: edition.exam.clone(),
                publication: edition.publication,
                paper: kind.name(),
            }),
            sections,
        }
    }
}

/// The candidates of one 职业 and 等级: their places among the transcripts, by 准考证号 as text.
struct Group {
    occupation: String,
    level: Level,
    places: Vec<usize>,
}

/// Every group in its order.
fn groups(transcripts: &Transcripts) -> Vec<Group> {
    let mut groups: BTreeMap<(String, Level), (Vec<usize>, Option<TicketNumber>)> = BTreeMap::new();
    let mut in_order = true;
    for (place, transcript) in transcripts.iter().enumerate() {
        let Candidate { occupation, level, ticket, .. } = transcript.candidate;
        let (places, last) = groups.entry((occupation, level)).or_default();
        places.push(place);
        in_order &= last.replace(ticket) < *last;
    }
    let groups = groups.into_iter().map(|((occupation, level), (mut places, _))| {
        if !in_order {
            places.sort_by_cached_key(|place| transcripts.at(*place).candidate.ticket);
        }
        Group { occupation, level, places }
    });
    groups.collect()
}

fn section<'a>(
    kind: PaperKind,
    exam: &Exam,
    edition: &'a Edition,
    transcripts: &'a Transcripts,
    group: &Group,
) -> Section<'a> {
    let (mut listed, mut with_review) = (Vec::new(), false);
    let tally = Tally::of(group.places.iter().map(|&place| {
        let transcript = transcripts.at(place);
        with_review |= transcript.review.is_some();
        if kind != PaperKind::PassedRegister || transcript.verdict == Verdict::Passed {
            listed.push(place);
        }
        transcript
    }));
    let columns = kind.columns(with_review);
    let shown = columns.clone();
    let rows = Rows::new(listed.len(), move |place| {
        let (transcript, serial) = (transcripts.at(listed[place]), serial(place));
        Row {
            whose: format!("{} {}", transcript.candidate.ticket, transcript.candidate.name),
            cells: shown
                .iter()
                .map(|column| match kind {
                    PaperKind::Register => column.register_cell(serial, &transcript),
                    PaperKind::PassedRegister => {
                        column.passed_cell(serial, &transcript, &edition.certificates)
                    }
                    PaperKind::ScoreReport => column.cell(serial, &transcript),
                })
                .collect(),
        }
    });
    let (occupation, level) = (&group.occupation, group.level);
    Section {
        tab: format!("{occupation}{}", level.word()),
        title: kind.title().to_owned(),
        facts: vec![
            vec![fact("鉴定所", &exam.institute, 66), fact("批次", &exam.batch, 34)],
            vec![
                fact("职业（工种）", occupation, 40),
                fact("等级", level_title(level), 26),
                fact("鉴定日期", &exam.date, 34),
            ],
        ],
        columns,
        rows,
        nothing: "本组无合格人员",
        closing: Closing::Signed {
            totals: match kind {
                PaperKind::Register => tally.register_sentence(),
                _ => tally.sentence(),
            },
        },
    }
}

/// A row's number in its section, from 1.
fn serial(place: usize) -> u32 {
    u32::try_from(place + 1).unwrap_or(u32::MAX)
}

/// A row a matter: its number, what it concerns, what there is to say.
pub(super) fn matter_rows<'a>(matters: Vec<Matter>) -> Rows<'a> {
    Rows::new(matters.len(), move |place| {
        let Matter { matter, statement } = &matters[place];
        Row {
            whose: matter.clone(),
            cells: vec![
                Cell::Whole(serial(place)),
                Cell::Text(matter.clone()),
                Cell::Text(statement.clone()),
            ],
        }
    })
}

fn matters_section<'a>(tab: &str, exam: &Exam, matters: Vec<Matter>) -> Section<'a> {
    Section {
        tab: tab.to_owned(),
        title: tab.to_owned(),
        // A line each: the first two columns are too narrow for a share of one.
        facts: vec![vec![fact("鉴定所", &exam.institute, 100)], vec![fact("批次", &exam.batch, 100)]],
        columns: vec![Column::Serial, Column::Matter, Column::Statement],
        rows: matter_rows(matters),
        nothing: "无",
        closing: Closing::Bare,
    }
}

fn fact(label: &'static str, value: &str, share: u8) -> Fact {
    Fact { label, value: value.to_owned(), share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assessors_have_three_lines_or_as_many_as_they_are() {
        let lines = |n: usize| -> Vec<usize> {
            let assessors = vec!["赵一".to_owned(); n];
            let lines = signatures(&Signatories { assessors, ..Signatories::default() });
            assert_eq!(lines[0].iter().map(|s| s.who).collect::<Vec<_>>(), ["制表人", "审核人", "考评组长"]);
            assert_eq!(lines[1][1].who, "督导员");
            lines[1..].iter().map(|line| line[0].names.len()).collect()
        };
        assert_eq!(lines(0), [3]);
        assert_eq!(lines(3), [3]);
        assert_eq!(lines(5), [3, 3]);
        assert_eq!(lines(9), [3, 3, 3]);
        assert_eq!(lines(11), [4, 4, 4]);
    }
}
