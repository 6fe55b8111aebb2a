use super::sample::{alter, draft, exam, results, technician, transcript};
use super::*;
use crate::merge::{PartResult, Verdict};
use crate::sheet::Points;
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use std::io::Cursor;

fn file(documents: &[Document], name: &str) -> Vec<u8> {
    documents.iter().find(|d| d.file_name == name).unwrap_or_else(|| panic!("no {name}")).bytes.clone()
}

fn workbook(results: &Results, name: &str) -> Xlsx<Cursor<Vec<u8>>> {
    let kind = PaperKind::ALL.into_iter().find(|k| k.name() == name).unwrap();
    let bytes = xlsx::workbook(&Paper::of(kind, &exam(), results, &Edition::default())).unwrap();
    open_workbook_from_rs(Cursor::new(bytes)).unwrap()
}

/// The rows of a worksheet beneath and with the columns' heading.
fn table(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str) -> Vec<Vec<Data>> {
    let rows: Vec<Vec<Data>> = book.worksheet_range(sheet).unwrap().rows().map(<[Data]>::to_vec).collect();
    let heading = rows.iter().position(|r| r[0] == Data::String("序号".into())).unwrap();
    rows[heading..].to_vec()
}

fn words(row: &[Data]) -> Vec<String> {
    row.iter().map(ToString::to_string).collect()
}

fn pages(pdf: &[u8]) -> usize {
    hayro::hayro_syntax::Pdf::new(std::sync::Arc::new(pdf.to_vec())).unwrap().pages().len()
}

fn pdf_of(results: &Results, kind: PaperKind) -> Result<Vec<u8>, PublishError> {
    pdf::document(&Paper::of(kind, &exam(), results, &Edition::default()), &mut &[][..])
}

#[test]
fn three_papers_come_in_two_formats_and_always_the_same() {
    let first = papers(&exam(), &results(5, 2), &Edition::default()).unwrap();
    let names: Vec<_> = first.iter().map(|d| d.file_name.as_str()).collect();
    assert_eq!(
        names,
        ["成绩单.xlsx", "成绩单.pdf", "鉴定名册.xlsx", "鉴定名册.pdf", "合格名册.xlsx", "合格名册.pdf"]
    );
    assert_eq!(first, papers(&exam(), &results(5, 2), &Edition::default()).unwrap());
    let mut shuffled = results(5, 2);
    alter(&mut shuffled, |all| all.reverse());
    assert_eq!(first, papers(&exam(), &shuffled, &Edition::default()).unwrap());
    assert!(file(&first, "成绩单.pdf").starts_with(b"%PDF-"));
}

#[test]
fn nobody_gives_no_papers() {
    let error = papers(&exam(), &results(0, 0), &Edition::default()).unwrap_err();
    assert!(matches!(error, PublishError::NoCandidates));
    assert!(error.hint().contains("roster"));
}

#[test]
fn a_score_report_has_the_columns_of_the_field() {
    let mut book = workbook(&results(3, 1), "成绩单");
    assert_eq!(book.sheet_names(), ["焊工二级", "电工四级"]);
    let rows = table(&mut book, "电工四级");
    let heading =
        ["序号", "准考证号", "姓名", "性别", "证件号码", "理论成绩", "实操成绩", "评定结果", "备注"];
    assert_eq!(words(&rows[0]), heading);
    assert_eq!(rows[1][0], Data::Float(1.0));
    assert_eq!(rows[1][1], Data::String("140510001001".into()));
    assert_eq!(rows[1][4], Data::String("140502199002020011".into()));
    assert_eq!(rows[1][5], Data::Float(56.75));
    assert_eq!(rows[1][7], Data::String("不合格".into()));
    assert_eq!(words(&rows[3])[5..], ["缺考", "64.3", "不合格", "理论缺考"]);
    assert!(
        rows[4][0].to_string().starts_with("报考 3 人　实考 3 人　缺考 0 人（另有单科缺考 1 人）　合格 "),
        "{:?}",
        rows[4]
    );
    let review = table(&mut book, "焊工二级");
    assert_eq!(words(&review[0])[5..9], ["理论成绩", "实操成绩", "综合评审", "评定结果"]);
    assert_eq!(review[1][7], Data::Float(81.5));
}

#[test]
fn a_score_has_its_second_decimal_only_if_it_needs_one() {
    let mut one = results(1, 0);
    alter(&mut one, |all| all[0].theory = PartResult::Scored(Points::from_hundredths(8225)));
    alter(&mut one, |all| all[0].practical = PartResult::Scored(Points::whole(76)));
    let bytes =
        xlsx::workbook(&Paper::of(PaperKind::ScoreReport, &exam(), &one, &Edition::default())).unwrap();
    let styles = part(&bytes, "xl/styles.xml");
    assert!(styles.contains("\"0.0\""), "{styles}");
    // 0.00 is format 2 of those that every workbook has.
    assert!(styles.contains("numFmtId=\"2\""), "{styles}");
}

#[test]
fn the_register_lists_everyone_and_the_passed_register_who_passed() {
    let all = results(30, 0);
    let rows = table(&mut workbook(&all, "鉴定名册"), "电工四级");
    let heading = [
        "序号",
        "准考证号",
        "姓名",
        "性别",
        "证件号码",
        "文化程度",
        "职业",
        "等级",
        "新考/补考",
        "考场",
        "座位",
        "备注",
    ];
    assert_eq!(words(&rows[0]), heading);
    assert_eq!(words(&rows[5])[5..], ["中专", "电工", "四级", "补考", "01", "6", ""]);
    assert_eq!(rows[30][0], Data::Float(30.0));
    let rows = table(&mut workbook(&all, "合格名册"), "电工四级");
    let heading = [
        "序号",
        "准考证号",
        "姓名",
        "性别",
        "证件号码",
        "理论成绩",
        "实操成绩",
        "评定结果",
        "评定成绩",
        "证书编号",
        "发证日期",
        "备注",
    ];
    assert_eq!(words(&rows[0]), heading);
    let passed: Vec<_> = all.transcripts.iter().filter(|t| t.verdict == Verdict::Passed).collect();
    assert!(!passed.is_empty() && passed.len() < 30);
    for (row, transcript) in rows[1..].iter().zip(&passed) {
        assert_eq!(row[1], Data::String(transcript.candidate.ticket.to_string()));
        assert_eq!(row[8..11], [Data::Empty, Data::Empty, Data::Empty]);
    }
    let totals = rows[passed.len() + 1][0].to_string();
    assert!(totals.contains(&format!("合格 {} 人", passed.len())), "{totals}");
}

#[test]
fn a_group_in_which_nobody_passed_says_so() {
    let mut none = results(1, 0);
    alter(&mut none, |all| all[0].verdict = Verdict::Failed);
    let rows = table(&mut workbook(&none, "合格名册"), "电工四级");
    assert_eq!(rows[1][0], Data::String("本组无合格人员".into()));
    assert_eq!(pages(&pdf_of(&none, PaperKind::PassedRegister).unwrap()), 1);
}

#[test]
fn a_draft_says_so_and_why() {
    let draft = draft(8);
    let mut book = workbook(&draft, "成绩单");
    assert_eq!(book.sheet_names(), ["电工四级", "未结事项"]);
    for sheet in ["电工四级", "未结事项"] {
        let first = book.worksheet_range(sheet).unwrap().get((0, 0)).unwrap().to_string();
        assert!(first.starts_with("草稿"), "{first}");
    }
    assert_eq!(words(&table(&mut book, "电工四级")[1])[6..8], ["待定", "待定"]);
    let why: Vec<_> = table(&mut book, "未结事项")[1..].iter().map(|r| words(&r[1..]).join("|")).collect();
    assert_eq!(
        why,
        [
            "异常|尚有 5 件异常待人工处理。",
            "考场 02|名册 30 人，到考 28 人，缺考 2 人，已读答题卡 26 张；到考而无答题卡 2 人：140510001001（李建国）、140510001002（王芳）；未记录到考而有答题卡 1 人：140510001003（赵丽娟）。",
            "考场 03|未导入考场情况记录（名册 30 人，已读答题卡 28 张）。",
            "实操成绩未定|1 人：140510001001（李建国）。",
        ]
    );
    let bytes =
        xlsx::workbook(&Paper::of(PaperKind::ScoreReport, &exam(), &draft, &Edition::default())).unwrap();
    assert!(part(&bytes, "xl/worksheets/sheet1.xml").contains("&amp;C&amp;14&amp;KFF0000草稿"));
    let settled =
        xlsx::workbook(&Paper::of(PaperKind::ScoreReport, &exam(), &results(8, 0), &Edition::default()))
            .unwrap();
    assert!(!part(&settled, "xl/worksheets/sheet1.xml").contains("草稿"));
}

#[test]
fn a_sheet_is_ready_for_the_printer() {
    let bytes = xlsx::workbook(&Paper::of(PaperKind::Register, &exam(), &results(3, 0), &Edition::default()))
        .unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    for wanted in [
        "paperSize=\"9\"",
        "orientation=\"landscape\"",
        "fitToHeight=\"0\"",
        "第 &amp;P 页　共 &amp;N 页",
        "state=\"frozen\"",
        "numberStoredAsText=\"1\"",
    ] {
        assert!(sheet.contains(wanted), "{wanted}");
    }
    let bytes =
        xlsx::workbook(&Paper::of(PaperKind::ScoreReport, &exam(), &results(3, 0), &Edition::default()))
            .unwrap();
    assert!(part(&bytes, "xl/worksheets/sheet1.xml").contains("orientation=\"portrait\""));
    assert!(part(&bytes, "xl/workbook.xml").contains("_xlnm.Print_Titles"));
}

/// A file within a workbook.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
    text
}

#[test]
fn a_name_that_looks_like_a_formula_is_text() {
    let mut one = results(1, 0);
    alter(&mut one, |all| all[0].candidate.name = "=1+1".into());
    let rows = table(&mut workbook(&one, "成绩单"), "电工四级");
    assert_eq!(rows[1][2], Data::String("=1+1".into()));
}

#[test]
fn every_row_stands_in_its_place_with_its_formats() {
    let mut twelve = results(12, 2);
    alter(&mut twelve, |all| all[1].candidate.name = " <张&甲>_x0041_ ".into());
    alter(&mut twelve, |all| all[2].theory = PartResult::Scored(Points::from_hundredths(6050)));
    alter(&mut twelve, |all| all[3].theory = PartResult::Scored(Points::from_hundredths(6025)));
    alter(&mut twelve, |all| all[4].candidate.education = String::new());
    alter(&mut twelve, |all| all[5].remarks = vec!["理论缺考，经监考人员签字确认；".repeat(9)]);
    for kind in PaperKind::ALL {
        let bytes = xlsx::workbook(&Paper::of(kind, &exam(), &twelve, &Edition::default())).unwrap();
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes.clone())).unwrap();
        let edition = Edition::default();
        let paper = Paper::of(kind, &exam(), &twelve, &edition);
        for name in book.sheet_names() {
            let section = paper.sections.iter().find(|section| section.tab == name).unwrap();
            let rows = table(&mut book, &name);
            assert!(section.rows.is_empty() || rows.len() > section.rows.len() + 4, "totals and signatures");
            for (row, wanted) in rows[1..].iter().zip(section.rows.iter()) {
                for (cell, wanted) in row.iter().zip(&wanted.cells) {
                    match wanted {
                        cells::Cell::Whole(n) => assert_eq!(*cell, Data::Float(f64::from(*n))),
                        cells::Cell::Points(points) => assert_eq!(*cell, Data::Float(points.to_f64())),
                        cells::Cell::Text(text) => {
                            // What looks like an escape is escaped itself.
                            assert_eq!(cell.to_string().replace("_x005F_", "_"), *text);
                        }
                        cells::Cell::Empty => assert_eq!(*cell, Data::Empty),
                    }
                }
            }
        }
        for sheet in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
            let sheet = part(&bytes, sheet);
            let numbers: Vec<u32> = sheet
                .split("<row r=\"")
                .skip(1)
                .map(|r| r[..r.find('"').unwrap()].parse().unwrap())
                .collect();
            assert_eq!(numbers, (1..=u32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
            let last = sheet.split_once("<dimension ref=\"A1:").unwrap().1.split_once('"').unwrap().0;
            assert_eq!(last.trim_start_matches(char::is_alphabetic), numbers.len().to_string());
        }
    }
    // The number of a cell's format, and what that shows.
    let bytes =
        xlsx::workbook(&Paper::of(PaperKind::ScoreReport, &exam(), &twelve, &Edition::default())).unwrap();
    let (sheet, styles) = (part(&bytes, "xl/worksheets/sheet2.xml"), part(&bytes, "xl/styles.xml"));
    let shown = |cell: &str| -> String {
        let style = sheet.split_once(&format!("<c r=\"{cell}\" s=\"")).unwrap().1.split_once('"').unwrap().0;
        let formats = styles.split_once("<cellXfs").unwrap().1;
        let format = formats.split("<xf ").nth(style.parse::<usize>().unwrap() + 1).unwrap();
        let id = format.split_once("numFmtId=\"").unwrap().1.split_once('"').unwrap().0;
        let own = styles.split_once(&format!("<numFmt numFmtId=\"{id}\" formatCode=\""));
        own.map_or(id, |own| own.1.split_once('"').unwrap().0).to_owned()
    };
    // Title, two lines of facts, headings; the third and the fourth candidate's theory scores, and a ticket number.
    assert_eq!([shown("F7"), shown("F8"), shown("B7")], ["0.0", "2", "49"]);
    assert!(sheet.contains(" &lt;张&amp;甲&gt;_x005F_x0041_ ") && sheet.contains("xml:space=\"preserve\""));
    let long = sheet.split("<row ").find(|row| row.contains("签字确认")).unwrap();
    assert!(!long.contains("ht=\"20.25\"") && long.contains("customHeight"), "{long}");
}

#[test]
fn a_text_that_no_cell_holds_is_refused() {
    let mut one = results(2, 0);
    alter(&mut one, |all| all[0].remarks = vec!["长".repeat(32_768)]);
    let book = xlsx::workbook(&Paper::of(PaperKind::ScoreReport, &exam(), &one, &Edition::default()));
    assert!(matches!(
        book,
        Err(PublishError::Xlsx { source: rust_xlsxwriter::XlsxError::MaxStringLengthExceeded, .. })
    ));
}

#[test]
fn every_group_begins_a_page() {
    let few = results(5, 5);
    for kind in PaperKind::ALL {
        assert_eq!(pages(&pdf_of(&few, kind).unwrap()), 2, "{kind:?}");
    }
    assert_eq!(pages(&pdf_of(&results(60, 0), PaperKind::ScoreReport).unwrap()), 3);
    assert_eq!(pages(&pdf_of(&draft(5), PaperKind::ScoreReport).unwrap()), 2);
}

#[test]
fn a_character_without_a_picture_is_an_error_that_names_it() {
    let mut one = results(2, 0);
    alter(&mut one, |all| all[1].candidate.name = "王\u{e123}".into());
    let error = papers(&exam(), &one, &Edition::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the font can't print '\\u{e123}' (U+E123) in 姓名 of 140510001002 王\u{e123}"
    );
    let mut exam = exam();
    exam.institute = "😀所".into();
    let error = papers(&exam, &results(1, 0), &Edition::default()).unwrap_err().to_string();
    assert!(error.contains("U+1F600") && error.contains("鉴定所"), "{error}");
}

#[test]
fn rare_names_are_printed() {
    let mut one = results(3, 0);
    alter(&mut one, |all| {
        for (transcript, name) in all.iter_mut().zip(["王㛃堃", "䶮𬍛", "阿卜杜热合曼·阿卜力米提"])
        {
            transcript.candidate.name = name.into();
        }
    });
    assert!(pdf_of(&one, PaperKind::ScoreReport).is_ok());
}

#[test]
fn a_remark_as_long_as_a_book_is_refused_and_one_as_long_as_a_letter_is_not() {
    let mut one = results(2, 0);
    alter(&mut one, |all| all[0].remarks = vec!["理论缺考，经监考人员签字确认；".repeat(12)]);
    assert_eq!(pages(&pdf_of(&one, PaperKind::ScoreReport).unwrap()), 1);
    alter(&mut one, |all| all[0].remarks = vec!["长".repeat(20_000)]);
    let error = pdf_of(&one, PaperKind::ScoreReport).unwrap_err();
    assert!(matches!(&error, PublishError::TooLong { length: 20_000, .. }), "{error}");
}

#[test]
fn names_of_signatories_stand_on_their_lines() {
    let mut exam = exam();
    exam.signatories.tabulator = "赵一".into();
    exam.signatories.assessors = ["钱二", "孙三", "李四", "周五", "吴六"].map(String::from).to_vec();
    let (three, edition) = (results(3, 0), Edition::default());
    let paper = Paper::of(PaperKind::ScoreReport, &exam, &three, &edition);
    let bytes = xlsx::workbook(&paper).unwrap();
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let rows: Vec<_> = table(&mut book, "电工四级")[5..].iter().map(|r| words(r).concat()).collect();
    assert_eq!(rows[0], "制表人：赵一__________审核人：__________考评组长：__________");
    assert_eq!(rows[1], "考评员：钱二__________　孙三__________　李四__________督导员：__________");
    assert_eq!(rows[2], "考评员：周五__________　吴六__________　__________");
    assert!(rows[3].contains("鉴定所（盖章）") && rows[3].contains("鉴定中心（盖章）"), "{}", rows[3]);
    assert!(pdf::document(&paper, &mut &[][..]).is_ok());
    exam.signatories.supervisor = "\u{e123}".into();
    let error = papers(&exam, &results(1, 0), &Edition::default()).unwrap_err();
    assert!(matches!(&error, PublishError::MissingGlyph { place, .. } if place == "督导员"), "{error}");
}

#[test]
fn levels_sort_from_the_lowest_and_tickets_as_text() {
    let mut mixed = results(0, 0);
    for (n, ticket) in [(1, "9999"), (2, "10000"), (3, "A100")] {
        let mut t = transcript(n);
        t.candidate.ticket = ticket.parse().unwrap();
        mixed.transcripts.push(&t);
    }
    let mut other = technician(1);
    other.candidate.occupation = "电工".into();
    alter(&mut mixed, |all| all.insert(0, other));
    let mut book = workbook(&mixed, "成绩单");
    assert_eq!(book.sheet_names(), ["电工四级", "电工二级"]);
    let tickets: Vec<_> = table(&mut book, "电工四级")[1..4].iter().map(|r| r[1].to_string()).collect();
    assert_eq!(tickets, ["10000", "9999", "A100"]);
}
