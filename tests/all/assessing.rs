//! Practical parts that assessors score: score sheets out, filled in, taken in, computed twice, published.

use crate::common::{CANDIDATES, Desk, EXAM, card, clock, roster, rows_of, ticket, workbook};
use calamine::{Data, Reader as _};
use duka::exam::{AssessedPart, Candidate, Exam, Level, Occupation, Roster};
use duka::merge::{PartResult, Verdict};
use duka::practical::{BookAsk, Marks, PracticalOutcome, RowStatus, ScoreRow, SheetPer, assess, filled_book};
use duka::session::{Session, SessionError, TemplateAsk};
use duka::sheet::{Points, Sha256, TicketNumber};
use duka::store::{Source, Store};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rust_xlsxwriter::{Formula, Workbook};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

const SCHEME: &str = r#"practical = "e4"

[[assessment]]
id = "e4"
part = "practical"
assessors = 3
spread = 15
rounding = { rule = "half-up", step = 1 }

[[assessment.modules]]
name = "接线"
weight = 60
items = [{ name = "线路安装", points = 60 }, { name = "安全文明", points = 40 }]
vetoes = ["带电作业", "短路"]
overtime = { per_minute = 1, most = 5 }

[[assessment.modules]]
name = "排故"
weight = 40
full = 30
items = [{ name = "故障排除", points = 30 }]
"#;

const NAMES: [&str; 3] = ["赵一", "钱二", "孙三"];

/// 王丙 is absent, 赵丁 has a veto of all, 周戊 of one, of 吴己 the assessors lie far apart.
fn entered(assessor: usize, module: &str, n: u16) -> ScoreRow {
    let items = |list: &[(&str, i64)]| -> BTreeMap<String, Points> {
        list.iter().map(|(item, points)| ((*item).to_owned(), Points::from_hundredths(*points))).collect()
    };
    if n == 3 {
        return ScoreRow { status: RowStatus::Absent, items: BTreeMap::new(), overtime: 0, veto: None };
    }
    let wiring = module == "接线";
    let veto = (wiring && (n == 4 || (n == 5 && assessor == 0))).then(|| "短路".to_owned());
    let apart = if n == 6 { 1000 * i64::try_from(assessor).unwrap() } else { 0 };
    ScoreRow {
        status: RowStatus::Scored,
        items: if wiring {
            items(&[("线路安装", 3550 + apart), ("安全文明", 3000)])
        } else {
            items(&[("故障排除", 2000 + 100 * i64::from(n))])
        },
        overtime: if wiring && n == 2 { 9 } else { 0 },
        veto,
    }
}

fn book(session: &Session, assessor: usize, of: &dyn Fn(&str, u16) -> Option<ScoreRow>) -> Vec<u8> {
    book_per(SheetPer::Module, session, assessor, of)
}

fn book_per(
    per: SheetPer,
    session: &Session,
    assessor: usize,
    of: &dyn Fn(&str, u16) -> Option<ScoreRow>,
) -> Vec<u8> {
    let roster = roster();
    let candidates: Vec<&Candidate> = roster.candidates.values().collect();
    let exam = session.exam();
    let number = |t: &TicketNumber| (1..=CANDIDATES).find(|n| ticket(*n) == *t).unwrap();
    let ask = BookAsk {
        exam,
        scheme: exam.scheme(AssessedPart::Practical, "电工", Level::Four).unwrap(),
        occupation: "电工",
        level: Level::Four,
        room: None,
        assessor: NAMES[assessor],
        candidates: &candidates,
        per,
    };
    filled_book(&ask, &|module, t| of(module, number(t))).unwrap()
}

fn books(desk: &Desk, session: &Session) -> Vec<PathBuf> {
    books_per(SheetPer::Module, desk, session)
}

fn books_per(per: SheetPer, desk: &Desk, session: &Session) -> Vec<PathBuf> {
    (0..3)
        .map(|a| {
            let bytes = book_per(per, session, a, &|module, n| Some(entered(a, module, n)));
            desk.write(&format!("{a}.xlsx"), bytes)
        })
        .collect()
}

fn with_scheme(desk: &Desk) -> Session {
    desk.write("exam.toml", format!("{EXAM}{SCHEME}"));
    desk.open()
}

#[test]
fn from_score_sheets_to_the_papers_and_back_by_a_correction() {
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = Desk::with(&cards, &[]);
    let mut session = with_scheme(&desk);
    let ask = TemplateAsk {
        part: AssessedPart::Practical,
        room: None,
        assessors: Vec::new(),
        per: SheetPer::Module,
    };
    let blank = session.score_sheets(&ask, &desk.path("sheets")).unwrap();
    assert_eq!(blank.len(), 3, "as many as the scheme asks for");
    assert!(matches!(session.score_sheets(&ask, &desk.path("sheets")), Err(SessionError::Exists { .. })));
    let error = session.import_practical(&blank).unwrap_err().to_string();
    assert!(error.contains("sheet 说明, cell B11 (考评员): does not say who the assessor"), "{error}");

    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let files = books(&desk, &session);
    let taken = session.take_scores(AssessedPart::Practical, &files, false).unwrap();
    assert_eq!((taken.candidates, taken.blank, taken.changes.len()), (6, 0, 0));
    // The order of the files makes no difference.
    let entries = session.journal().unwrap().len();
    let turned: Vec<PathBuf> = files.iter().rev().cloned().collect();
    session.take_scores(AssessedPart::Practical, &turned, false).unwrap();
    assert_eq!(session.journal().unwrap().len(), entries, "nothing changed");

    let results = session.merge().unwrap();
    assert!(results.is_draft());
    let part = |n: usize| {
        let of = results.transcripts.at(n - 1);
        (of.practical, of.verdict)
    };
    let points = |text: &str| PartResult::Scored(text.parse().unwrap());
    // 0.6 × 65.5 + 40 × 21 / 30 = 39.3 + 28 = 67.3; with 5 off for overtime and 22 of 30: 36.3 + 29.33… = 65.63.
    assert_eq!(part(1), (points("67"), Verdict::Passed));
    assert_eq!(part(2), (points("66"), Verdict::Passed));
    assert_eq!(part(3), (PartResult::Absent, Verdict::Failed));
    assert_eq!(part(4), (points("71"), Verdict::Failed));
    assert_eq!(results.transcripts.at(3).remarks, ["实操否定项：短路"]);
    assert_eq!(part(5), (PartResult::Pending, Verdict::Pending));
    assert_eq!(part(6), (PartResult::Pending, Verdict::Pending));
    assert_eq!(results.held[&ticket(6)], ["实操·接线：考评员评分 65.5 至 85.5，分差 20.0，超过 15.0"]);
    let (paths, _) = session.publish(&desk.path("draft")).unwrap();
    let rows = workbook(&std::fs::read(&paths[0]).unwrap());
    let told = rows.iter().any(|row| row.iter().any(|cell| cell.contains("分差 20.0，超过 15.0")));
    assert!(told, "{rows:?}");

    // The head assessor decides about one, another is corrected.
    let refused = session.decide_scores(AssessedPart::Practical, &ticket(1), "周组长", "why").unwrap_err();
    assert!(matches!(refused, SessionError::NotHeld { .. }), "{refused}");
    let refused = session.decide_scores(AssessedPart::Practical, &ticket(6), "周组长", " ").unwrap_err();
    assert!(matches!(refused, SessionError::NoReason), "{refused}");
    drop(session);
    let mut session = Session::open_as(&desk.folder(), clock, "周组长").unwrap();
    let decided = session.decide_scores(AssessedPart::Practical, &ticket(6), "周组长", "复看录像").unwrap();
    assert_eq!(decided.record.unwrap().released.unwrap().by, "周组长");
    session.decide_scores(AssessedPart::Practical, &ticket(5), "周组长", "录像可见短路").unwrap();
    let results = session.merge().unwrap();
    assert!(!results.is_draft());
    assert_eq!(results.transcripts.at(4).verdict, Verdict::Failed, "one veto is enough");
    assert_eq!(results.transcripts.at(5).verdict, Verdict::Passed);
    let (paths, _) = session.publish(&desk.path("out")).unwrap();
    let rows = workbook(&std::fs::read(&paths[0]).unwrap());
    assert!(
        rows.iter().any(|row| row.iter().any(|cell| cell.contains("周组长 裁定按原评分计算"))),
        "{rows:?}"
    );

    let lower = book(&session, 1, &|module, n| {
        let mut row = entered(1, module, n);
        if module == "接线" && n == 6 {
            row.items.insert("线路安装".into(), "45".parse().unwrap());
        }
        Some(row)
    });
    let lower = desk.write("corrected.xlsx", lower);
    let taken = session.take_scores(AssessedPart::Practical, &[lower], false).unwrap();
    let [(whose, change)] = taken.changes.as_slice() else { panic!("{:?}", taken.changes) };
    assert_eq!(*whose, ticket(6));
    let said = [&change.module, &change.assessor, &change.item, &change.old, &change.new];
    assert_eq!(said, ["接线", "钱二", "线路安装", "45.5", "45.0"]);
    let last = session.journal().unwrap().pop().unwrap();
    assert_eq!((last.kind.as_str(), last.who.as_str()), ("import", "周组长"));
    assert_eq!(last.detail["changed"][0]["change"]["old"], "45.5");
    let now = session.assessed_candidate(AssessedPart::Practical, &ticket(6)).unwrap();
    assert!(now.assessed.outcome.is_none(), "the decision was about the marks before");
    let row = &now.record.unwrap().marks.modules["接线"]["赵一"];
    assert_eq!(row.items["线路安装"].to_string(), "35.5", "who scored what is kept");
    assert!(session.publish(&desk.path("again")).unwrap().1.is_draft(), "both roads hold it");
}

#[test]
fn totals_and_score_sheets_keep_to_their_occupations() {
    let desk = Desk::with(&[], &[]);
    let mut session = with_scheme(&desk);
    let totals = desk.write("totals.csv", crate::common::practical_csv(&[(1, "80")]));
    let error = session.import_practical(std::slice::from_ref(&totals)).unwrap_err().to_string();
    assert!(error.contains("scored by the scheme e4: a total can't be taken in"), "{error}");
    let mut files = books(&desk, &session);
    files.push(totals);
    let error = session.import_practical(&files).unwrap_err();
    assert!(matches!(error, SessionError::MixedScores { .. }), "{error}");
    let review = desk.write("review.csv", format!("准考证号,姓名,综合评审成绩\n{},张甲,80\n", ticket(1)));
    let error = session.take_scores(AssessedPart::Review, &[review], false).unwrap_err().to_string();
    assert!(error.contains("of 四级, which has no 综合评审"), "{error}");
    assert!(rows_of(&desk.read("totals.csv")).len() == 2);
}

#[test]
fn review_belongs_to_the_levels_whose_rules_say_so() {
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = Desk::with(&cards, &[]);
    let rules = "[[rules.level]]\nlevel = \"四级\"\nparts = [\"theory\", \"practical\", \"review\"]\n";
    desk.write("exam.toml", format!("{EXAM}{rules}"));
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    desk.import_practical(&mut session, &(1..=CANDIDATES).map(|n| (n, "80")).collect::<Vec<_>>());
    let mut text = "准考证号,姓名,综合评审成绩\n".to_owned();
    for candidate in roster().candidates.values() {
        let points = if candidate.ticket == ticket(2) { "59.9" } else { "75" };
        writeln!(text, "{},{},{points}", candidate.ticket, candidate.name).unwrap();
    }
    session.take_scores(AssessedPart::Review, &[desk.write("review.csv", text)], false).unwrap();
    let (_, results) = session.publish(&desk.path("out")).unwrap();
    assert!(!results.is_draft(), "and both roads agree");
    let verdicts: Vec<Verdict> = results.transcripts.iter().map(|t| t.verdict).collect();
    assert_eq!(verdicts[..3], [Verdict::Passed, Verdict::Failed, Verdict::Passed]);
    assert_eq!(results.transcripts.at(0).review, Some(PartResult::Scored("75".parse().unwrap())));
}

/// Sheets of a workbook with their cells.
type Cells = Vec<(String, Vec<Vec<Data>>)>;

fn cells(bytes: &[u8]) -> Cells {
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let sheets = book.worksheets();
    sheets.into_iter().map(|(name, range)| (name, range.rows().map(<[Data]>::to_vec).collect())).collect()
}

fn written(sheets: &Cells) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Data::Empty => {}
                    Data::Float(number) => {
                        sheet.write_number(row, column, *number).unwrap();
                    }
                    Data::String(text) if text == "=empty" => {
                        sheet.write_formula(row, column, Formula::new("=A1").set_result("")).unwrap();
                    }
                    Data::String(text) if text == "=error" => {
                        sheet.write_formula(row, column, Formula::new("=A1").set_result("#REF!")).unwrap();
                    }
                    other => {
                        sheet.write_string(row, column, other.to_string()).unwrap();
                    }
                }
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}

/// `A1` to row and column from 0.
fn at(cell: &str) -> (usize, usize) {
    let letter = cell.as_bytes()[0] - b'A';
    (cell[1..].parse::<usize>().unwrap() - 1, usize::from(letter))
}

/// A change that breaks a workbook.
type Break = fn(&mut Cells);

fn set(sheets: &mut Cells, sheet: usize, cell: &str, value: Data) {
    let (row, column) = at(cell);
    let row = &mut sheets[sheet].1[row];
    if row.len() <= column {
        row.resize(column + 1, Data::Empty);
    }
    row[column] = value;
}

/// Each change to the first of `files` is refused with the file and the place, and nothing is taken in; unchanged, written by another
/// program, it says nothing new.
fn refuse(desk: &Desk, session: &mut Session, files: &[PathBuf], breaks: &[(Break, &str)]) {
    let before = session.journal().unwrap().len();
    let good = cells(&std::fs::read(&files[0]).unwrap());
    for (change, expected) in breaks {
        let mut sheets = good.clone();
        change(&mut sheets);
        let broken = desk.write("broken.xlsx", written(&sheets));
        let error = session.import_practical(&[files[1].clone(), broken]).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(expected), "{expected}:\n{told}");
        assert!(told.contains("broken.xlsx: "), "{told}");
        assert!(error.hint().is_some_and(|hint| hint.contains("nothing was imported")), "{told}");
        assert_eq!(session.journal().unwrap().len(), before, "{expected}");
    }
    let same = desk.write("0.xlsx", written(&good));
    session.import_practical(&[same]).unwrap();
    assert_eq!(session.journal().unwrap().len(), before);
}

#[test]
fn broken_score_sheets_are_refused_with_their_place_and_change_nothing() {
    let desk = Desk::with(&[], &[]);
    let mut session = with_scheme(&desk);
    let files = books(&desk, &session);
    session.import_practical(&files).unwrap();
    let good = cells(&desk.read("0.xlsx"));
    assert_eq!(good[1].1[5][3], Data::Float(35.5), "the places below are of this form");
    // A formula that nothing has computed yet reads as 0: the sum finds it.
    let breaks: Vec<(Break, &str)> = vec![
        (|s| set(s, 1, "D6", Data::Float(60.5)), "sheet 接线, cell D6 (线路安装): 60.5 is not between 0 and"),
        (|s| set(s, 1, "D6", Data::Float(-1.0)), "cell D6 (线路安装): -1.0 is not between 0 and"),
        (|s| set(s, 1, "E6", Data::Float(20.125)), "cell E6 (安全文明): \"20.125\" is no number of points"),
        (|s| set(s, 1, "E6", text("二十")), "cell E6 (安全文明): \"二十\" is no number of points"),
        (|s| set(s, 1, "E6", text("20分")), "cell E6 (安全文明): \"20分\" is no number of points"),
        (|s| set(s, 1, "E7", Data::Empty), "cell E7 (安全文明): has no points"),
        (|s| set(s, 2, "D6", text("=empty")), "sheet 排故, cell E6 (合计): says 21, but the items make 0.0"),
        (|s| set(s, 2, "D6", text("=error")), "sheet 排故, cell D6 (故障排除): shows the error"),
        (|s| set(s, 1, "F6", Data::Float(70.0)), "cell F6 (合计): says 70, but the items make 65.5"),
        (|s| set(s, 1, "G6", Data::Float(1.5)), "cell G6 (超时分钟): \"1.5\" is no whole number of minutes"),
        (
            |s| set(s, 1, "G6", Data::Float(601.0)),
            "cell G6 (超时分钟): \"601\" is no whole number of minutes",
        ),
        (|s| set(s, 1, "G6", text("五")), "cell G6 (超时分钟): \"五\" is no whole number of minutes"),
        (|s| set(s, 1, "H6", text("迟到")), "cell H6 (否定项): \"迟到\" is none of the module's vetoes"),
        (|s| set(s, 1, "I6", text("请假")), "cell I6 (状态): \"请假\" is no status"),
        (|s| set(s, 1, "I6", text("缺考")), "cell I6 (状态): says 缺考, but the row has points"),
        (|s| set(s, 1, "I8", text("正常")), "cell D8 (线路安装): has no points"),
        (
            |s| set(s, 1, "B6", text("261410409999")),
            "cell B6 (准考证号): the ticket number 261410409999 is not on",
        ),
        (|s| set(s, 1, "B6", text("26 x")), "cell B6 (准考证号): a ticket number"),
        (|s| set(s, 1, "B6", text("2.6141E+11")), "cell B6 (准考证号): is stored as a number"),
        (|s| set(s, 1, "B6", Data::Empty), "cell B6 (准考证号): something is entered in this row"),
        (
            |s| set(s, 1, "B7", text("261410400001")),
            "cell B7 (准考证号): the ticket number 261410400001 is there already, in cell B6",
        ),
        (|s| set(s, 1, "C6", text("张三")), "cell C6 (姓名): the roster has 张甲"),
        (|s| set(s, 1, "C6", Data::Empty), "cell C6 (姓名): is empty"),
        (|s| set(s, 1, "D4", text("线路")), "sheet 接线, cell D4: \"线路\" is no item of the module"),
        (|s| set(s, 1, "D4", Data::Empty), "sheet 接线: the column 线路安装 is missing"),
        (|s| set(s, 1, "E4", text("线路安装")), "cell E4 (线路安装): there is another column 线路安装 in D"),
        (|s| set(s, 1, "I4", Data::Empty), "sheet 接线: the column 状态 is missing"),
        (|s| set(s, 1, "H4", Data::Empty), "sheet 接线: the column 否定项 is missing"),
        (|s| set(s, 1, "B4", text("编号")), "sheet 接线: has no row with the headings"),
        (
            |s| set(s, 1, "D5", Data::Float(50.0)),
            "cell D5 (线路安装): says that the item has 50 points, exam.toml has 60.0",
        ),
        (|s| drop(s.remove(2)), "the sheet of the module 排故 is missing"),
        (|s| s[2].0 = "排障".into(), "sheet 排障: is no module of the scheme"),
        (|s| s.push(("附表".into(), vec![vec![text("分")]])), "sheet 附表: is no module of the scheme"),
        (
            |s| set(s, 0, "B3", text("2025年第1批")),
            "sheet 说明, cell B3 (批次): is of the batch \"2025年第1批\"",
        ),
        (|s| set(s, 0, "B9", text("e5")), "cell B9 (考评方案): exam.toml has no scheme of assessment \"e5\""),
        (|s| set(s, 0, "B9", Data::Empty), "cell B9 (考评方案): does not say 考评方案"),
        (|s| set(s, 0, "B6", text("焊工")), "cell B6 (职业): exam.toml does not have 焊工 四级 scored by"),
        (|s| set(s, 0, "B7", text("五级")), "exam.toml does not have 电工 五级 scored by"),
        (|s| set(s, 0, "B11", Data::Empty), "cell B11 (考评员): does not say who the assessor"),
        (|s| set(s, 0, "B11", text("=error")), "cell B11 (考评员): shows the error"),
        (|s| set(s, 0, "B11", text("钱 二")), "sheet 接线, cell B6 (准考证号): 钱二 has scored 261410400001"),
        (
            |s| {
                for sheet in &mut s[1..] {
                    for row in sheet.1.iter_mut().skip(5) {
                        row.truncate(3);
                    }
                }
            },
            "nothing is entered in any of its sheets",
        ),
    ];
    assert!(breaks.len() > 40);
    refuse(&desk, &mut session, &files, &breaks);
}

#[test]
fn a_sheet_a_candidate_says_the_same_as_a_sheet_a_module() {
    let desk = Desk::with(&[], &[]);
    let mut session = with_scheme(&desk);
    let ask = TemplateAsk {
        part: AssessedPart::Practical,
        room: None,
        assessors: NAMES.map(str::to_owned).into(),
        per: SheetPer::Candidate,
    };
    let blank = session.score_sheets(&ask, &desk.path("sheets")).unwrap();
    let refused = session.import_practical(&blank).unwrap_err().to_string();
    assert!(refused.contains("nothing is entered in any of its sheets"), "{refused}");

    let files = books_per(SheetPer::Candidate, &desk, &session);
    let taken = session.take_scores(AssessedPart::Practical, &files, false).unwrap();
    assert_eq!((taken.candidates, taken.blank), (6, 0));
    let entries = session.journal().unwrap().len();
    let same = books(&desk, &session);
    session.take_scores(AssessedPart::Practical, &same, false).unwrap();
    assert_eq!(session.journal().unwrap().len(), entries, "nothing changed");

    // A module that is left empty, and a candidate who is: nothing is said of them.
    let part = |module: &str, n| (module == "接线" && n != 1).then(|| entered(0, module, n));
    let some = desk.write("some.xlsx", book_per(SheetPer::Candidate, &session, 0, &part));
    let taken = session.take_scores(AssessedPart::Practical, &[some], false).unwrap();
    assert_eq!((taken.candidates, taken.blank, taken.changes.len()), (5, 7, 0));
    // Both kinds together: one assessor's marks twice.
    let twice = session.import_practical(&[files[1].clone(), desk.path("some.xlsx"), same[0].clone()]);
    let told = twice.unwrap_err().to_string();
    assert!(told.contains("0.xlsx: sheet 接线, cell B7 (准考证号): 赵一 has scored 261410400002"), "{told}");
    assert!(told.contains("some.xlsx, sheet 261410400002, cell B2"), "{told}");
}

#[test]
fn broken_sheets_of_a_candidate_are_refused_with_their_place() {
    let desk = Desk::with(&[], &[]);
    let mut session = with_scheme(&desk);
    let files = books_per(SheetPer::Candidate, &desk, &session);
    session.import_practical(&files).unwrap();
    let good = cells(&desk.read("0.xlsx"));
    assert_eq!(good[1].0, "261410400001");
    assert_eq!(good[1].1[6][3], Data::Float(35.5), "the places below are of this form");
    let breaks: Vec<(Break, &str)> = vec![
        (|s| set(s, 1, "D7", Data::Float(60.5)), "sheet 261410400001, cell D7 (接线 线路安装): 60.5 is not"),
        (|s| set(s, 1, "D8", text("三十")), "cell D8 (接线 安全文明): \"三十\" is no number of points"),
        (|s| set(s, 1, "D8", Data::Empty), "cell D8 (接线 安全文明): has no points"),
        (|s| set(s, 1, "D9", Data::Float(70.0)), "cell D9 (接线 合计): says 70, but the items make 65.5"),
        (|s| set(s, 1, "D10", Data::Float(0.5)), "cell D10 (接线 超时分钟): \"0.5\" is no whole number"),
        (|s| set(s, 1, "D11", text("迟到")), "cell D11 (接线 否定项): \"迟到\" is none of the module's"),
        (|s| set(s, 1, "D12", text("请假")), "cell D12 (接线 状态): \"请假\" is no status"),
        (|s| set(s, 1, "D15", text("缺考")), "cell D15 (排故 状态): says 缺考, but the row has points"),
        (|s| set(s, 1, "D13", text("=error")), "cell D13 (排故 故障排除): shows the error"),
        (|s| set(s, 1, "C7", Data::Float(50.0)), "cell C7 (线路安装): says that the item has 50 points"),
        (|s| set(s, 1, "A7", text("排故")), "cell D7 (排故 线路安装): the scheme has no line \"线路安装\""),
        (|s| set(s, 1, "A7", Data::Empty), "cell D7 ( 线路安装): the scheme has no line \"线路安装\" in a"),
        (
            |s| set(s, 1, "B8", text("线路安装")),
            "cell D8 (接线 线路安装): the line 线路安装 of the module 接线",
        ),
        (|s| set(s, 1, "B8", text("线路安装")), "is there already, in row 7"),
        (
            |s| set(s, 1, "B8", text("线路安装")),
            "sheet 261410400001: the line 安全文明 of the module 接线 is",
        ),
        (|s| set(s, 1, "D17", Data::Float(3.0)), "cell D17 (考评员"),
        (|s| drop(s[1].1.remove(14)), "sheet 261410400001: the line 状态 of the module 排故 is missing"),
        (|s| set(s, 1, "D6", text("分数")), "sheet 261410400001: has no row with the headings 模块"),
        (|s| set(s, 1, "C6", Data::Empty), "sheet 261410400001: the column 满分 is missing"),
        (|s| set(s, 1, "E6", text("备注")), "cell E6 (备注): \"备注\" is no column of a candidate's"),
        (|s| set(s, 1, "E6", text("得分")), "cell E6 (得分): there is another column 得分 in D"),
        (
            |s| set(s, 1, "B2", text("261410409999")),
            "cell B2 (准考证号): the ticket number 261410409999 is not",
        ),
        (|s| set(s, 1, "B2", text("2.6141E+11")), "cell B2 (准考证号): is stored as a number"),
        (|s| set(s, 1, "B2", Data::Empty), "cell B2 (准考证号): is empty"),
        (|s| set(s, 1, "A2", Data::Empty), "sheet 261410400001: does not say 准考证号"),
        (|s| set(s, 1, "D2", text("张三")), "cell D2 (姓名): the roster has 张甲"),
        (
            |s| set(s, 2, "B2", text("261410400001")),
            "sheet 261410400002, cell B2 (准考证号): the ticket number 261410400001 is there already, in cell B2 of \
             the sheet 261410400001",
        ),
        (
            |s| set(s, 0, "B10", text("每考场一张")),
            "sheet 说明, cell B10 (工作表): \"每考场一张\" is neither",
        ),
        (|s| set(s, 0, "B10", text("每模块一张")), "sheet 261410400001: is no module of the scheme"),
        (|s| s.truncate(1), "nothing is entered in any of its sheets"),
        (|s| s.push(("附表".into(), vec![vec![text("分")]])), "sheet 附表: has no row with the headings"),
    ];
    refuse(&desk, &mut session, &files, &breaks);
}

/// Rows that are at and beside every limit.
fn made_up(rng: &mut ChaCha8Rng, module: &duka::exam::Module) -> ScoreRow {
    let status =
        *[RowStatus::Scored; 14].iter().chain(&RowStatus::ALL).collect::<Vec<_>>().choose(rng).unwrap();
    let mut items = BTreeMap::new();
    if *status == RowStatus::Scored {
        for item in &module.items {
            let full = item.points.hundredths();
            let points =
                *[0, full, full * 6 / 10, full * 6 / 10 - 1, rng.random_range(0..=full)].choose(rng).unwrap();
            items.insert(item.name.clone(), Points::from_hundredths(points));
        }
        if rng.random_range(0..60) == 0 {
            items.pop_first();
        }
    }
    let scored = *status == RowStatus::Scored;
    ScoreRow {
        status: *status,
        items,
        overtime: if scored && module.overtime.is_some() { rng.random_range(0..9) } else { 0 },
        veto: module.vetoes.first().filter(|_| scored && rng.random_range(0..12) == 0).cloned(),
    }
}

#[test]
fn both_roads_come_to_the_same_from_what_assessors_wrote() {
    let at = clock();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..30 {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mean = ["mean", "trimmed"].choose(rng).unwrap();
        let rule = ["half-up", "half-even", "down", "up"].choose(rng).unwrap();
        let step = ["0.01", "0.1", "0.5", "1"].choose(rng).unwrap();
        let spread = ["", "spread = 20", "spread = 80"].choose(rng).unwrap();
        let scheme = SCHEME
            .replace("assessors = 3", &format!("assessors = 5\nmean = {mean:?}"))
            .replace("spread = 15", spread)
            .replace("{ rule = \"half-up\", step = 1 }", &format!("{{ rule = {rule:?}, step = {step} }}"));
        let mut exam = Exam::parse(&format!("{EXAM}{scheme}"), "exam.toml").unwrap();
        let own = exam.occupations[0].clone();
        exam.occupations.push(Occupation { level: Level::Five, practical: None, ..own });
        let (id, scheme) = exam.assessments.iter().next().unwrap();
        let mut people = Roster::default();
        let mut marks = BTreeMap::new();
        for n in 0..80u32 {
            let number: TicketNumber = format!("2614{n:05}").parse().unwrap();
            let level = if n % 20 == 0 { Level::Five } else { Level::Four };
            let one = roster().candidates.values().next().unwrap().clone();
            people.candidates.insert(number.clone(), Candidate { ticket: number.clone(), level, ..one });
            if n % 13 == 0 {
                continue;
            }
            let mut written = Marks::none(id.clone());
            for module in &scheme.modules {
                let count = *[0, 3, 4, 5, 5, 5, 5, 5, 5, 7].choose(rng).unwrap();
                let base = made_up(rng, module);
                for a in 0..count {
                    // Mostly near each other, so that not all is held.
                    let row = if rng.random_range(0..8) == 0 { made_up(rng, module) } else { base.clone() };
                    written.modules.entry(module.name.clone()).or_default().insert(format!("考评员{a}"), row);
                }
            }
            if rng.random_range(0..40) == 0 {
                let rows = written.modules.values().next().cloned().unwrap_or_default();
                written.modules.insert("旧模块".into(), rows);
            }
            marks.insert(number, written);
        }
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("duka.db")).unwrap();
        let source = Source { file: "f".into(), sha256: Sha256::of(b"f") };
        store.import_exam(&exam, &source, &at).unwrap();
        store.import_roster(&people, &source, &at).unwrap();
        let earlier: BTreeMap<_, _> = marks.keys().map(|t| (t.clone(), Marks::none(id.clone()))).collect();
        let part = AssessedPart::Practical;
        store.import_marks(part, &earlier, &[], &source, &at).unwrap();
        store.import_marks(part, &marks, &[], &source, &at).unwrap();
        let versions = store.marks(part).unwrap();
        let mut released = std::collections::BTreeSet::new();
        for (ticket, record) in &versions {
            if rng.random_range(0..3) == 0 {
                store.release_marks(part, ticket, record.version, ("why", &[]), &at).unwrap();
                released.insert(ticket.clone());
            }
        }
        for second in store.second_road().unwrap() {
            let number: TicketNumber = second.ticket.parse().unwrap();
            let candidate = &people.candidates[&number];
            let first = exam.scheme(part, &candidate.occupation, candidate.level).and_then(|(id, scheme)| {
                let none = Marks::none(id.clone());
                let own = marks.get(&number).unwrap_or(&none);
                assess(own, scheme, &exam.rules, released.contains(&number)).outcome
            });
            let (state, hundredths) = match first {
                None => ("pending", None),
                Some(PracticalOutcome::Scored(points)) => ("scored", Some(points.hundredths())),
                Some(PracticalOutcome::Absent) => ("absent", None),
                Some(PracticalOutcome::Void) => ("void", None),
            };
            let said = format!("seed {seed}, {number}: {:?}", marks.get(&number));
            assert_eq!(
                (second.practical.state.as_str(), second.practical.hundredths),
                (state, hundredths),
                "{said}"
            );
            seen.insert(state);
        }
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}
