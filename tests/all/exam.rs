//! A made-up exam of 2 000 candidates in 40 rooms, four occupations at two levels and one at a level with 综合评审: the road from the first
//! import to the archive, with troubles planted in it. What was planted is a table; what everybody's papers must say is computed here from that table alone.

use crate::common::people::People;
use crate::common::{Desk, Filled, clock, key_text, rows_of, workbook};
use duka::batch::Reader;
use duka::exam::{
    AssessedPart, Attempt, Candidate, Exam, Level, RoomRecord, RoomReport, Roster, VoidedCard, rooms,
};
use duka::key::KeyPurpose;
use duka::layout::shipped;
use duka::practical::{
    self, BookAsk, PracticalOutcome, PracticalScore, RowStatus, ScoreRow, SheetPer, filled_book,
};
use duka::read::{MarkState, Reading};
use duka::session::{
    LateVerdict, Session, SessionError, Verdict, VerifyOptions, engine, restore, verify_archive,
};
use duka::settle::SheetFacts;
use duka::sheet::{Points, Sha256, TicketNumber};
use duka::store::{Extent, FilePart, FileRecord, PageRecord, Portion, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const CANDIDATES: usize = 2000;
const ROOMS: usize = 40;
const OCCUPATIONS: [&str; 4] = ["电工", "焊工", "钳工", "中式烹调师"];
const LEVELS: [Level; 2] = [Level::Five, Level::Three];

/// The four occupations at both levels, and one of them at 二级, where assessors score the practical part.
const GROUPS: usize = OCCUPATIONS.len() * LEVELS.len() + 1;
const REVIEWED: usize = GROUPS - 1;

const ASSESSORS: [&str; 3] = ["赵一", "钱二", "孙三"];

/// Candidates whose cards are drawn, scanned and read, not put into the record.
const SCANNED: usize = 6;

/// The paper (of 电工 五级) whose key is corrected after the first publication: item 80 is void, with points for all.
const CORRECTED: usize = 0;

/// Whose card is missing until it is too late, and whose practical score.
const MISSING: usize = 213;
const LATE: usize = 114;

/// About whom the assessors disagree.
const SPREAD: usize = 116;

/// What becomes of a candidate beside an ordinary exam.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    /// 缺考 in both parts, no card.
    Absent,
    /// 缺考 in the theory part; the blank card with 缺考 filled was scanned with the others.
    AbsentCard,
    /// 缺考 in the practical part.
    AbsentPractical,
    /// 成绩无效 in the practical part.
    VoidPractical,
    /// The room record says absent, and a card with answers is there; it is somebody's joke and made void.
    AbsentWithAnswers,
    /// 缺考 is filled on the card of somebody who sat and answered.
    FlagAlone,
    /// 违纪 on the card and in the record; 该科目成绩无效.
    SubjectVoid,
    /// 违纪 on the card and in the record; 全部科目成绩无效.
    AllVoid,
    /// 违纪 in the record, and not on the card.
    ViolationUnmarked,
    /// One item is in doubt; the reviewer sees A, which is right.
    Marginal,
    /// Two options of one item are filled; the reviewer leaves it at that, and it is wrong.
    Double,
    /// The ticket number on the card is nobody's; the reviewer puts it right.
    UnknownNumber,
    /// Two cards carry the number; the second, with fewer right, is made void.
    TwoCards,
    /// The room record says that a card with this number was voided; it is this candidate's only one.
    VoidedCard,
    /// The card lies in the stack of another room.
    OtherRoom,
    /// Present without a card, which turns up after the freeze.
    MissingCard,
    /// The practical score comes with a second file.
    LatePractical,
    /// 扣 10 分 in the theory part.
    Deduction,
    /// 单科保留: theory with 82.5 of an earlier batch; retakes the practical part.
    Carried,
    /// As `Carried`, and a card came in all the same; it is made void.
    NotSitting,
    /// 补考 of theory; the practical part was passed before, nobody knows with how much.
    Retake,
    /// Ruled void for copying.
    Copied,
    /// The assessors lie too far apart; the head assessor lets them count.
    Spread,
    /// All assessors saw a 否定项.
    Veto,
    /// 缺考 in 综合评审.
    AbsentReview,
}
use Trouble as T;

/// Name, who has it, what is held, as (kind, decision), and what the papers remark.
type Planted = (Trouble, &'static [usize], &'static [(&'static str, &'static str)], &'static str);

/// A decision of `-` is none: another decision settles it. `=n` stands for the candidate's number.
const PLANTED: &[Planted] = &[
    (T::Absent, &[100, 333, 777, 1999], &[], "理论缺考；实操缺考"),
    (T::AbsentCard, &[101, 402], &[], "理论缺考"),
    (T::AbsentPractical, &[102, 1500], &[], "实操缺考"),
    (T::VoidPractical, &[103], &[], "实操成绩无效"),
    (T::AbsentWithAnswers, &[104, 905], &[("present-but-absent", "void")], "理论缺考"),
    (T::FlagAlone, &[105], &[("absent-but-present", "blank")], ""),
    (T::SubjectVoid, &[106, 1206], &[], "违纪，理论成绩无效"),
    (T::AllVoid, &[107], &[], "违纪，全部科目成绩无效"),
    (T::ViolationUnmarked, &[108], &[("violation-mismatch", "accept")], "违纪，理论成绩无效"),
    (T::Marginal, &[119, 609], &[("marginal", "=A")], ""),
    (T::Double, &[110], &[("multiple", "accept")], ""),
    (T::UnknownNumber, &[111], &[("ticket-unknown", "=n"), ("sheet-missing", "-")], ""),
    (T::TwoCards, &[112, 1012], &[("ticket-duplicate", "-"), ("ticket-duplicate", "void")], ""),
    (T::VoidedCard, &[216], &[("voided-card", "accept")], ""),
    (T::OtherRoom, &[619, 1317], &[("other-room", "accept")], ""),
    (T::MissingCard, &[MISSING], &[("stack-gap", "accept")], ""),
    (T::LatePractical, &[LATE], &[], ""),
    (T::Deduction, &[121, 1321], &[], "理论扣 10 分：迟到"),
    (T::Carried, &[122, 822], &[], "理论成绩保留（2026年第1批）；补考实操"),
    (T::NotSitting, &[123], &[("not-sitting", "void")], "理论成绩保留（2026年第1批）；补考实操"),
    (T::Retake, &[127], &[], "补考理论；实操成绩保留（2026年第2批）"),
    (T::Copied, &[128, 129], &[], "雷同，理论成绩无效"),
    (T::Spread, &[SPREAD], &[], ""),
    (T::Veto, &[125], &[], "实操否定项：短路"),
    (T::AbsentReview, &[134], &[], "综合评审缺考"),
];

fn planted(n: usize) -> Option<Trouble> {
    PLANTED.iter().find(|(_, who, ..)| who.contains(&n)).map(|(trouble, ..)| *trouble)
}

fn ticket(n: usize) -> String {
    format!("261410{n:06}")
}

fn number(n: usize) -> TicketNumber {
    ticket(n).parse().unwrap()
}

fn id_number(n: usize) -> String {
    let digits = format!("{:06}19900307{:03}", 990_000 + n / 1000, n % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = digits.bytes().zip(weights).map(|(d, w)| usize::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[sum % 11]))
}

/// Which of the nine papers.
fn group(n: usize) -> usize {
    n % GROUPS
}

fn occupation(group: usize) -> (&'static str, Level) {
    (OCCUPATIONS[group % OCCUPATIONS.len()], *LEVELS.get(group / OCCUPATIONS.len()).unwrap_or(&Level::Two))
}

fn room(n: usize) -> String {
    format!("{:02}", n / (CANDIDATES / ROOMS) + 1)
}

/// Items that are right on the card, from the first: near the pass line at many.
fn right(n: usize) -> u16 {
    [60, 61, 70, 99, 100, 45, 80, 95, 0, 85, 1][n % 11]
}

/// Hundredths of the practical score; 59.99 and 60 among them.
fn practical_points(n: usize) -> i64 {
    [6000, 5999, 7050, 10_000, 8000, 9500, 6125][n % 7]
}

fn review_points(n: usize) -> i64 {
    [7000, 6000, 5999, 9000][n / GROUPS % 4]
}

/// What the papers must say of one candidate; 综合评审 is empty where the level has none.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Line {
    theory: String,
    practical: String,
    review: String,
    result: String,
    remark: String,
}

fn shown(hundredths: i64) -> String {
    (hundredths as f64 / 100.0).to_string()
}

/// The line of candidate `n` from what was planted, by rules of its own: hundredths, the pass line of 60 in each part.
fn line(n: usize, corrected: bool) -> Line {
    let trouble = planted(n);
    // Every item is worth 1 point, but the first 0.9 and the last 1.1.
    let items = match trouble {
        // Item 3, which was right, has two marks.
        Some(T::Double) => i64::from(right(n)) - 1,
        _ => i64::from(right(n)),
    };
    let mut theory = items * 100;
    theory -= if right(n) >= 1 { 10 } else { 0 };
    theory += if right(n) >= 100 { 10 } else { 0 };
    if corrected && group(n) == CORRECTED && right(n) < 80 {
        theory += 100;
    }
    let theory = match trouble {
        Some(T::Absent | T::AbsentCard | T::AbsentWithAnswers) => Err("缺考"),
        Some(T::SubjectVoid | T::AllVoid | T::ViolationUnmarked | T::Copied) => Err("成绩无效"),
        Some(T::Carried | T::NotSitting) => Ok(8250),
        Some(T::Deduction) => Ok((theory - 1000).max(0)),
        _ => Ok(theory),
    };
    let practical = match trouble {
        Some(T::Absent | T::AbsentPractical) => Err("缺考"),
        Some(T::VoidPractical | T::AllVoid) => Err("成绩无效"),
        // Passed, and not known with how much.
        Some(T::Retake) => Ok(6000),
        _ => Ok(practical_points(n)),
    };
    let review = match trouble {
        _ if group(n) != REVIEWED => Ok(10_000),
        Some(T::AbsentReview) => Err("缺考"),
        Some(T::AllVoid) => Err("成绩无效"),
        _ => Ok(review_points(n)),
    };
    let result = match (theory, practical, review) {
        _ if trouble == Some(T::Veto) => "不合格",
        (Ok(a), Ok(b), Ok(c)) => match a.min(b).min(c) {
            9500.. => "优秀",
            8000.. => "良好",
            6000.. => "合格",
            _ => "不合格",
        },
        _ => "不合格",
    };
    let text = |part: Result<i64, &str>| part.map_or_else(str::to_owned, shown);
    let carried = matches!(trouble, Some(T::Carried | T::NotSitting));
    let remark = PLANTED.iter().find(|(t, ..)| Some(*t) == trouble).map_or("", |(.., remark)| remark);
    Line {
        theory: text(theory) + if carried { "（保留）" } else { "" },
        practical: if trouble == Some(T::Retake) { "合格（保留）".to_owned() } else { text(practical) },
        review: if group(n) == REVIEWED { text(review) } else { String::new() },
        result: result.to_owned(),
        remark: remark.to_owned(),
    }
}

/// How the practical part of 二级 is scored, and how certificates are numbered.
const SCHEME: &str = r#"
[[assessment]]
id = "assessed"
part = "practical"
assessors = 3
spread = 15

[[assessment.modules]]
name = "操作"
weight = 100
items = [{ name = "综合", points = 100 }]
vetoes = ["短路"]

[certificates]
scheme = "old-16"
province = "99"
city = "05"
kind = "1"
institute = "001"
first = { "五级" = 120, "三级" = 1, "二级" = 7 }
issued = "2026-12-15"

"#;

fn exam_text() -> String {
    let rooms: Vec<String> = (1..=ROOMS).map(|room| format!("\"{room:02}\"")).collect();
    let mut text = format!(
        "batch = \"2026年第3批\"\ncentre = \"示例市职业技能鉴定指导中心\"\ninstitute = \"示例市第一职业技能鉴定所\"\n\
         date = \"2026-11-21\"\nrooms = [{}]\n",
        rooms.join(", ")
    );
    for group in 0..GROUPS {
        let (name, level) = occupation(group);
        let level = level.word();
        write!(
            text,
            "[[paper]]\nid = \"paper-{group}\"\ntitle = \"{name}（{level}）理论知识试卷\"\nlayout = \"theory-100\"\n\
             forms = [\"A\"]\nkey_revision = 1\n[[occupation]]\nname = \"{name}\"\nlevel = \"{level}\"\npaper = \"paper-{group}\"\n"
        )
        .unwrap();
    }
    // The last occupation's.
    text += "practical = \"assessed\"\n";
    text += SCHEME;
    text + "[rules]\npass_line = 60\nfail_grade = \"不合格\"\nmultiple = \"hold\"\nviolation = \"subject-void\"\ngrades = [\n\
            { name = \"优秀\", least = 95 }, { name = \"良好\", least = 80 }, { name = \"合格\", least = 60 } ]\n"
}

fn roster() -> Roster {
    let candidate = |n: usize| {
        let (occupation, level) = occupation(group(n));
        Candidate {
            ticket: number(n),
            name: format!(
                "{}{}",
                ["张", "李", "𠮷", "镕", "欧阳"][n % 5],
                ["伟", "㛃", "䶮", "喆", "建国", "芳"][n % 6]
            ),
            sex: if n.is_multiple_of(2) { "女" } else { "男" }.into(),
            id_number: id_number(n),
            education: "大专".into(),
            occupation: occupation.into(),
            level,
            attempt: if n.is_multiple_of(7) { Attempt::Repeat } else { Attempt::First },
            room: room(n).parse().unwrap(),
            seat: (n % (CANDIDATES / ROOMS) + 1) as u16,
            form: None,
            remark: String::new(),
        }
    };
    Roster { candidates: (0..CANDIDATES).map(candidate).map(|c| (c.ticket.clone(), c)).collect() }
}

fn room_records() -> Vec<RoomRecord> {
    let record = |own: usize| {
        let (mut present, mut absent, mut violations) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let mut report = RoomReport::default();
        let size = CANDIDATES / ROOMS;
        for n in own * size..(own + 1) * size {
            // Whoever has passed theory before is not expected.
            if matches!(planted(n), Some(T::Carried | T::NotSitting)) {
                continue;
            }
            let away = matches!(planted(n), Some(T::Absent | T::AbsentCard | T::AbsentWithAnswers));
            if planted(n) == Some(T::VoidedCard) {
                report.spare = Some(1);
                report.voided.insert(VoidedCard {
                    ticket: Some(number(n)),
                    serial: String::new(),
                    reason: "污损".into(),
                });
            }
            if away { &mut absent } else { &mut present }.insert(number(n));
            let words = match planted(n) {
                Some(T::SubjectVoid | T::ViolationUnmarked) => "携带手机，该科目成绩无效",
                Some(T::AllVoid) => "替考，全部科目成绩无效",
                _ => continue,
            };
            violations.insert(number(n), words.to_owned());
        }
        RoomRecord { room: room(own * size).parse().unwrap(), present, absent, violations, report }
    };
    (0..ROOMS).map(record).collect()
}

fn practical_scores(of: impl Fn(usize) -> bool) -> Vec<PracticalScore> {
    let score = |n: usize| PracticalScore {
        ticket: number(n),
        outcome: match planted(n) {
            Some(T::Absent | T::AbsentPractical) => PracticalOutcome::Absent,
            Some(T::VoidPractical) => PracticalOutcome::Void,
            _ => PracticalOutcome::Scored(Points::from_hundredths(practical_points(n))),
        },
    };
    let totals = |n: &usize| group(*n) != REVIEWED && planted(*n) != Some(T::Retake);
    (0..CANDIDATES).filter(|n| totals(n) && of(*n)).map(score).collect()
}

/// What an assessor of 二级 enters for a candidate.
fn assessed(assessor: usize, n: usize) -> ScoreRow {
    let apart = match (planted(n), practical_points(n)) {
        (Some(T::Spread), _) => 800,
        (_, 10_000) => 0,
        _ => 50,
    };
    let points = practical_points(n) + apart * (i64::try_from(assessor).unwrap() - 1);
    let scored = !matches!(planted(n), Some(T::Absent | T::AbsentPractical));
    ScoreRow {
        status: if scored { RowStatus::Scored } else { RowStatus::Absent },
        items: scored.then(|| ("综合".to_owned(), Points::from_hundredths(points))).into_iter().collect(),
        overtime: 0,
        veto: (planted(n) == Some(T::Veto)).then(|| "短路".to_owned()),
    }
}

fn score_sheet(exam: &Exam, roster: &Roster, assessor: usize) -> Vec<u8> {
    let (occupation, level) = occupation(REVIEWED);
    let candidates: Vec<&Candidate> = roster
        .candidates
        .values()
        .filter(|c| (c.occupation.as_str(), c.level) == (occupation, level))
        .collect();
    let ask = BookAsk {
        exam,
        scheme: exam.scheme(AssessedPart::Practical, occupation, level).unwrap(),
        occupation,
        level,
        room: None,
        assessor: ASSESSORS[assessor],
        candidates: &candidates,
        per: if assessor == 0 { SheetPer::Candidate } else { SheetPer::Module },
    };
    let place = |t: &TicketNumber| t.as_str()[6..].parse::<usize>().unwrap();
    filled_book(&ask, &|_, t| Some(assessed(assessor, place(t)))).unwrap()
}

/// A table of (candidate, further cells).
fn table(headings: &str, rows: impl IntoIterator<Item = (usize, String)>) -> String {
    let roster = roster();
    let name = |n: usize| roster.candidates[&number(n)].name.clone();
    let rows = rows.into_iter().map(|(n, rest)| format!("{},{},{rest}\n", ticket(n), name(n)));
    format!("准考证号,姓名,{headings}\n{}", rows.collect::<String>())
}

fn review_table() -> String {
    let points = |n: usize| match planted(n) {
        Some(T::AbsentReview | T::Absent) => "缺考".to_owned(),
        _ => shown(review_points(n)),
    };
    table("综合评审成绩", (0..CANDIDATES).filter(|n| group(*n) == REVIEWED).map(|n| (n, points(n))))
}

fn rulings_table() -> String {
    let mut rows = Vec::new();
    for n in 0..CANDIDATES {
        let said: &[&str] = match planted(n) {
            Some(T::Deduction) => &["扣分,理论,10,,迟到"],
            Some(T::Carried | T::NotSitting) => &["成绩保留,理论,82.5,2026年第1批,", "补考,实操,,,"],
            Some(T::Retake) => &["成绩保留,实操,,2026年第2批,", "补考,理论,,,"],
            Some(T::Copied) => &["成绩无效,理论,,,雷同"],
            _ => &[],
        };
        rows.extend(said.iter().map(|said| (n, (*said).to_owned())));
    }
    table("特殊情况,科目,分值,依据,备注", rows)
}

/// A card on which A is filled everywhere.
fn full_card() -> Reading {
    let layout = shipped("theory-100").unwrap();
    let reader = Reader { layouts: vec![&layout], engine: engine() };
    let bytes = Filled { ticket: ticket(0), form: "A".into(), right: 100, wrong: vec![] }.scan();
    match reader.read_file(&bytes).pop() {
        Some((PageRecord::Read { reading, .. }, _)) => reading,
        other => panic!("{other:?}"),
    }
}

/// Moves the filled mark of a position to the option `to`.
fn refill(reading: &mut Reading, field: &str, position: usize, to: char) {
    let field = reading.fields.iter_mut().find(|f| f.name.as_str() == field).unwrap();
    let position = &mut field.positions[position];
    let filled = position.marks.iter().position(|mark| mark.state == MarkState::Filled).unwrap();
    let wanted = position.options.chars().position(|option| option == to).unwrap();
    position.marks.swap(filled, wanted);
}

fn set(reading: &mut Reading, field: &str, position: usize, mark: usize, state: MarkState) {
    let field = reading.fields.iter_mut().find(|f| f.name.as_str() == field).unwrap();
    let mark = &mut field.positions[position].marks[mark];
    (mark.state, mark.first, mark.second) = (state, state, state);
}

/// The picture's bytes: they are never looked at again, but the archive keeps them.
fn picture(name: &str) -> Vec<u8> {
    format!("the picture of {name}").into_bytes()
}

/// The reading of a card with this number and so many items right, as a file of its own.
fn card(base: &Reading, name: &str, digits: &str, right: u16) -> Reading {
    let mut reading = base.clone();
    reading.sheet.image = Sha256::of(&picture(name));
    for (position, digit) in digits.chars().enumerate() {
        refill(&mut reading, "ticket", position, digit);
    }
    for item in usize::from(right)..100 {
        refill(&mut reading, "items", item, 'B');
    }
    reading
}

/// All cards that are put into the record, by the name of their file.
fn cards(base: &Reading) -> Vec<(String, Reading)> {
    let mut out = Vec::new();
    for n in SCANNED..CANDIDATES {
        let name = format!("{n:04}.png");
        let mut reading = card(base, &name, &ticket(n), right(n));
        let trouble = planted(n);
        match trouble {
            Some(T::Absent | T::MissingCard | T::Carried) => continue,
            // Between two cards of a room ten rooms ahead.
            Some(T::OtherRoom) => {
                let name = format!("{:04}-astray.png", n - 510);
                out.push((name.clone(), card(base, &name, &ticket(n), right(n))));
                continue;
            }
            Some(T::AbsentCard) => {
                for item in 0..100 {
                    let marks = if item < 80 { 4 } else { 2 };
                    (0..marks).for_each(|mark| set(&mut reading, "items", item, mark, MarkState::Empty));
                }
                set(&mut reading, "absent", 0, 0, MarkState::Filled);
            }
            Some(T::FlagAlone) => set(&mut reading, "absent", 0, 0, MarkState::Filled),
            Some(T::SubjectVoid | T::AllVoid) => set(&mut reading, "violation", 0, 0, MarkState::Filled),
            // Item 2 was right; item 3 too.
            Some(T::Marginal) => set(&mut reading, "items", 1, 0, MarkState::Marginal),
            Some(T::Double) => set(&mut reading, "items", 2, 1, MarkState::Filled),
            Some(T::UnknownNumber) => reading = card(base, &name, "999999999999", right(n)),
            Some(T::TwoCards) => {
                let name = format!("{n:04}-again.png");
                out.push((name.clone(), card(base, &name, &ticket(n), 5)));
            }
            _ => {}
        }
        out.push((name, reading));
    }
    out
}

fn record_cards(folder: &Path, cards: &[(String, Reading)]) {
    let mut store = Store::open(&folder.join("duka.db")).unwrap();
    for part in cards.chunks(100) {
        let mut portion = Portion::default();
        for (name, reading) in part {
            std::fs::write(folder.join("scans").join(name), picture(name)).unwrap();
            let facts = serde_json::to_string(&SheetFacts::of(reading)).unwrap();
            portion.facts.insert(reading.sheet, SheetFacts::signed(&engine(), &facts));
            let file = FileRecord {
                path: format!("scans/{name}"),
                image: reading.sheet.image,
                bytes: picture(name).len() as u64,
                pages: 1,
            };
            portion.files.push(FilePart {
                file,
                engine: engine(),
                extent: Extent::Whole,
                pages: vec![PageRecord::Read { ticket: None, reading: reading.clone() }],
                original: None,
            });
        }
        store.record_portion(&portion, &clock()).unwrap();
    }
}

fn seal(desk: &Desk, group: usize, revision: u16, more: &str) {
    let text = key_text(&format!("paper-{group}"), "A", revision) + more;
    desk.seal(&format!("{group}-{revision}.sealed"), &text);
}

/// Proposed, checked, approved and issued under the number `number`.
fn publish(desk: &Desk, session: &mut Session, correction: Option<&str>, number: usize) {
    let (_, results) = desk.publish(session, correction).unwrap();
    assert!(!results.is_draft());
    assert_eq!(session.publications().unwrap().len(), number);
}

/// Each planted trouble is held under its own name and nothing else is; then a person decides.
fn decide(desk: &Desk, session: &mut Session) {
    let list = session.export_exceptions(&desk.path("review")).unwrap().list;
    let mut rows = rows_of(&std::fs::read(list).unwrap());
    let at: BTreeMap<String, usize> = rows[0].iter().cloned().zip(0..).collect();
    let plain = |text: &str| text.trim_start_matches('\'').to_owned();
    let mut held: Vec<(String, String)> = Vec::new();
    for row in &mut rows[1..] {
        let (kind, found) = (row[at["kind"]].clone(), plain(&row[at["ticket"]]));
        let again = row[at["source"]].contains("again");
        let whose =
            PLANTED.iter().flat_map(|(trouble, who, held, _)| who.iter().map(move |n| (*trouble, *n, *held)));
        let whose = whose.filter(|(trouble, n, _)| {
            ticket(*n) == found || (*trouble == T::UnknownNumber && kind == "ticket-unknown")
        });
        let Some((_, n, decisions)) = whose.into_iter().next() else { panic!("nobody's: {row:?}") };
        held.push((ticket(n), kind.clone()));
        let fitting = decisions.iter().filter(|(k, _)| *k == kind);
        // Of two cards with one number the second is the one that goes.
        let decision = match fitting.map(|(_, decision)| *decision).collect::<Vec<_>>()[..] {
            [] => panic!("held for another reason: {row:?}"),
            [one] => one,
            [first, second, ..] => {
                if again {
                    second
                } else {
                    first
                }
            }
        };
        let decision = if decision == "=n" { format!("={}", ticket(n)) } else { decision.to_owned() };
        if decision == "void" {
            // Of the card as a whole.
            row[at["field"]].clear();
            row[at["item"]].clear();
        }
        if decision != "-" {
            for (name, text) in
                [("decision", decision.as_str()), ("reviewer", "王复核"), ("reason", "核对原卡与考场记录")]
            {
                text.clone_into(&mut row[at[name]]);
            }
        }
    }
    let mut expected: Vec<(String, String)> = PLANTED
        .iter()
        .flat_map(|(_, who, held, _)| {
            who.iter().flat_map(|n| held.iter().map(|(kind, _)| (ticket(*n), (*kind).to_owned())))
        })
        .collect();
    held.sort();
    expected.sort();
    assert_eq!(held, expected);
    let error = session.freeze().unwrap_err();
    assert!(
        matches!(error, SessionError::NotReady { exceptions, .. } if exceptions == held.len()),
        "{error}"
    );
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        writer.write_record(row).unwrap();
    }
    let decided = desk.write("decided.csv", writer.into_inner().unwrap());
    assert_eq!(session.resolve(&decided, None).unwrap().open, 0);
}

/// The lines of a paper by ticket number, each cell by its heading: rows whose 准考证号 is one.
fn lines_of(folder: &Path, paper: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let rows = workbook(&std::fs::read(folder.join(format!("{paper}.xlsx"))).unwrap());
    let (mut out, mut headings) = (BTreeMap::new(), Vec::new());
    for row in rows {
        if row.iter().any(|cell| cell == "准考证号") {
            headings = row;
        } else if row.iter().any(|cell| cell.len() == 12 && cell.starts_with("261410")) {
            let cells: BTreeMap<String, String> = headings.iter().cloned().zip(row).collect();
            assert!(out.insert(cells["准考证号"].clone(), cells).is_none(), "twice in {paper}");
        }
    }
    out
}

/// Every paper says what the table says.
fn compare(folder: &Path, corrected: bool) {
    let expected: BTreeMap<String, Line> = (0..CANDIDATES).map(|n| (ticket(n), line(n, corrected))).collect();
    let report = lines_of(folder, "成绩单");
    assert_eq!(report.len(), CANDIDATES);
    let mut wrong = Vec::new();
    for (ticket, row) in &report {
        let cell = |heading: &str| row.get(heading).cloned().unwrap_or_default();
        let found = Line {
            theory: cell("理论成绩"),
            practical: cell("实操成绩"),
            review: cell("综合评审"),
            result: cell("评定结果"),
            remark: cell("备注"),
        };
        if found != expected[ticket] {
            wrong.push(format!("{ticket}: {found:?}, not {:?}", expected[ticket]));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
    let roster = roster();
    let register = lines_of(folder, "鉴定名册");
    assert_eq!(register.len(), CANDIDATES);
    for (ticket, row) in &register {
        let candidate = &roster.candidates[&ticket.parse::<TicketNumber>().unwrap()];
        assert_eq!(
            (&row["姓名"], &row["证件号码"], &row["考场"]),
            (&candidate.name, &candidate.id_number, &candidate.room.to_string())
        );
    }
    let passed: Vec<&String> =
        expected.iter().filter(|(_, l)| l.result != "不合格").map(|(t, _)| t).collect();
    assert!(passed.len() > 300 && passed.len() < 1500, "{}", passed.len());
    assert_eq!(lines_of(folder, "合格名册").keys().collect::<Vec<_>>(), passed);
    // The sentence under each section's table.
    let rows = workbook(&std::fs::read(folder.join("成绩单.xlsx")).unwrap());
    for group in 0..GROUPS {
        let people: Vec<usize> = (0..CANDIDATES).filter(|n| self::group(*n) == group).collect();
        let own: Vec<Line> = people.iter().map(|n| line(*n, corrected)).collect();
        let away = own.iter().filter(|l| l.theory == "缺考" && l.practical == "缺考").count();
        let passed = own.iter().filter(|l| l.result != "不合格").count();
        let all = own.len();
        let words =
            [format!("报考 {all} 人　实考 {} 人　缺考 {away} 人", all - away), format!("合格 {passed} 人　")];
        let says = |row: &Vec<String>| row.first().is_some_and(|cell| words.iter().all(|w| cell.contains(w)));
        assert!(rows.iter().any(says), "no section says {words:?}");
    }
}

/// The certificates' numbers in the 合格名册, each given once.
fn certificates(folder: &Path) -> BTreeMap<String, String> {
    let lines = lines_of(folder, "合格名册");
    let numbers: BTreeMap<String, String> =
        lines.into_iter().map(|(ticket, row)| (ticket, row["证书编号"].clone())).collect();
    assert!(numbers.values().all(|number| number.len() == 16));
    assert_eq!(numbers.values().collect::<BTreeSet<_>>().len(), numbers.len());
    numbers
}

#[test]
fn a_whole_exam_from_import_to_archive() {
    let numbers: Vec<usize> = PLANTED.iter().flat_map(|(_, who, ..)| who.iter().copied()).collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "one trouble each");
    assert!(numbers.iter().all(|n| (SCANNED..CANDIDATES).contains(n)));
    let desk = Desk::holding(People::new(), &exam_text());
    (0..GROUPS).for_each(|group| seal(&desk, group, 1, ""));
    let folder = desk.folder();
    let mut session = Session::open(&folder, clock).unwrap();
    session.bind_manifest(&folder.join("exam.manifest")).unwrap();
    session.import_roster(&[desk.write("roster.xlsx", roster().to_xlsx().unwrap())]).unwrap();
    for n in 0..SCANNED {
        let filled = Filled { ticket: ticket(n), form: "A".into(), right: right(n), wrong: vec![] };
        desk.write(&format!("scans/{n:04}.jpg"), filled.scan());
    }
    let scanned = session.scan(&[folder.join("scans")], &mut |_| {}).unwrap();
    assert_eq!(scanned.summary.read, SCANNED);
    record_cards(&folder, &cards(&full_card()));
    let rooms = desk.write("rooms.xlsx", rooms::to_xlsx(&room_records(), &roster()).unwrap());
    session.import_rulings(&[desk.write("rulings.csv", rulings_table())]).unwrap();
    session.import_rooms(&[rooms]).unwrap();
    let on_time = practical_scores(|n| planted(n) != Some(T::LatePractical));
    let on_time = desk.write("practical.xlsx", practical::to_xlsx(&on_time, &roster()).unwrap());
    session.import_practical(&[on_time]).unwrap();
    let review = desk.write("review.csv", review_table());
    session.take_scores(AssessedPart::Review, &[review], false).unwrap();
    let sheets: Vec<PathBuf> = (0..ASSESSORS.len())
        .map(|own| {
            let bytes = score_sheet(session.exam(), &roster(), own);
            desk.write(&format!("assessor-{own}.xlsx"), bytes)
        })
        .collect();
    session.take_scores(AssessedPart::Practical, &sheets, false).unwrap();

    decide(&desk, &mut session);
    session.freeze().unwrap();
    let request = desk.request_for(&mut session, KeyPurpose::Grading).unwrap();
    session.grade(&desk.releases(&request, &[0, 2]), &[]).unwrap();

    // A missing card and a missing practical score: a draft, which says whose.
    let out = folder.join("out");
    let results = session.publish_step(&out, None).unwrap().results;
    let pending: Vec<String> = results
        .transcripts
        .iter()
        .filter(|t| t.grade.is_empty())
        .map(|t| t.candidate.ticket.to_string())
        .collect();
    assert_eq!(BTreeSet::from_iter(pending), BTreeSet::from([ticket(MISSING), ticket(LATE), ticket(SPREAD)]));
    assert!(session.publications().unwrap().is_empty());
    let rest = practical_scores(|n| planted(n) == Some(T::LatePractical));
    let rest = desk.write("practical-2.csv", practical::to_csv(&rest, &roster()));
    session.import_practical(&[rest]).unwrap();
    session.decide_scores(AssessedPart::Practical, &number(SPREAD), "周组长", "复看录像").unwrap();
    let found = Filled { ticket: ticket(MISSING), form: "A".into(), right: right(MISSING), wrong: vec![] };
    let late = session.late(&desk.write("found.jpg", found.scan()), "夹在试卷袋封底").unwrap();
    let counts = LateVerdict::Counted { decisions: Vec::new(), instead: false };
    let people = [&desk.people.reviewer, &desk.people.supervisor];
    for person in people {
        session.sign_late(late.case.number, person, &counts, "卡面与名册一致").unwrap();
    }
    let request = desk.request_for(&mut session, KeyPurpose::Grading).unwrap();
    session.grade(&desk.releases(&request, &[0, 2]), &[]).unwrap();

    publish(&desk, &mut session, None, 1);
    compare(&out, false);
    let first = certificates(&out);

    // A re-check that changes nothing is listed by the next publication.
    let recheck = session.recheck(&number(1), "考生申请").unwrap();
    assert!(recheck.reread.agrees());
    for person in people {
        session.sign_recheck(recheck.number, person, &Verdict::Unchanged, "与原卡一致").unwrap();
    }

    // A corrected key is a correction, and never a second version of the first publication.
    seal(&desk, CORRECTED, 2, "[[item]]\nitem = 80\nvoid = \"points-for-all\"\n");
    let request = desk.request_for(&mut session, KeyPurpose::Correction).unwrap();
    session.regrade(&desk.releases(&request, &[0, 2]), &[]).unwrap();
    let changed = (0..CANDIDATES).filter(|n| line(*n, false) != line(*n, true)).count();
    assert!(changed > 50, "{changed}");
    let error = session.publish(&out).unwrap_err();
    assert!(
        matches!(error, SessionError::Published { number: 1, changed: found } if found == changed),
        "{error}"
    );
    publish(&desk, &mut session, Some("第80题答案更正"), 2);
    compare(&out, true);
    let second = certificates(&out);
    assert!(second.len() > first.len(), "some pass by the correction");
    assert!(first.iter().all(|(ticket, number)| second[ticket] == *number), "each keeps its number");
    compare(&out.join("第1号"), false);
    let listed = workbook(&std::fs::read(out.join("成绩单.xlsx")).unwrap());
    let changes = listed.iter().filter(|row| row.iter().any(|cell| cell == "成绩变动")).count();
    assert_eq!(changes, changed);
    for matter in ["更正第 1 号发布", "更正标准答案", "迟到答题卡 1 号", "成绩复核 1 号"]
    {
        assert!(listed.iter().any(|row| row.iter().any(|cell| cell == matter)), "{matter}");
    }

    let archive = folder.with_file_name("archive");
    let made = session.archive(&archive, &mut |_, _| {}).unwrap();
    let checked =
        verify_archive(&archive, Some(&made.code), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    assert!(checked.faults.is_empty(), "{:?}", checked.faults);
    let again = folder.with_file_name("again");
    let restored = restore(&archive, Some(&made.code), &again, clock, &mut |_, _| {}).unwrap();
    assert_eq!(restored.merge().unwrap(), session.merge().unwrap());
}
