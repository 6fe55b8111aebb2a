use super::*;
use crate::grade::copying::AlikePair;

const KEY: &str = "paper=\"p\"\nform=\"A\"\nrevision=2\ntotal=5\n[[section]]\nkind=\"single\"\nfrom=1\nto=4\npoints=1\nanswers=\"AAAA\"\n\
                   [[section]]\nkind=\"numeric\"\nfrom=5\nto=5\npoints=1\nanswers=[\"19\"]\n[[item]]\nitem=3\nvoid=\"points-for-all\"\n";

fn statistics_of(sheets: &[&str]) -> ItemStatistics {
    crate::grade::testing::statistics_of(KEY, sheets)
}

fn told(title: &str, work: impl FnOnce(&ItemReport<'_>) -> Vec<Document>) -> (String, Vec<u8>) {
    let (paper, form) = ("p".parse().unwrap(), "A".parse().unwrap());
    let report = ItemReport { batch: "2026年第3批", title, paper: &paper, form: &form, key_revision: 2 };
    let documents = work(&report);
    let [page, book] = documents.try_into().unwrap();
    assert!(page.file_name.ends_with("-p-A.html") && book.file_name.ends_with("-p-A.xlsx"));
    (String::from_utf8(page.bytes).unwrap(), book.bytes)
}

fn cells(book: &[u8], sheet: &str) -> Vec<Vec<String>> {
    use calamine::Reader as _;
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(book.to_vec())).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

const SHEETS: [&str; 7] = ["AAAC", "AAAC", "AAAC", "AABB", "ABBB", "BBBA", "B-BA"];

#[test]
fn page_and_workbook_say_the_same() {
    let statistics = statistics_of(&SHEETS);
    let (page, book) = told("电工", |report| item_report(report, &statistics).unwrap());
    for part in [
        "试题分析：电工",
        "答卷 7 份",
        "透露标准答案",
        "区分度为负",
        "高分组选 C 者多于选正确答案者",
        // The fourth, and the fifth, which nobody answers.
        "可疑题（2 题）",
        "作废",
        "填数",
        "KR-20",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // No numbers that aren't any, and every tag closed.
    assert!(!page.contains("NaN") && !page.contains("inf<"));
    for tag in ["table", "svg", "figure", "dl", "tr", "td", "div"] {
        let open = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let rows = cells(&book, "各题");
    let four = rows.iter().find(|row| row[0] == "4").unwrap();
    assert_eq!((four[2].as_str(), four[4].as_str()), ("A", "2"));
    assert!(four[13].contains("高分组选 C"));
    assert_eq!(rows.iter().find(|row| row[0] == "3").unwrap()[2], "作废");
    assert_eq!(cells(&book, "各选项").len(), 1 + 4 * 4);
    assert!(cells(&book, "全卷").iter().any(|row| row[0] == "答卷份数" && row[1] == "7"));
    let again = told("电工", |report| item_report(report, &statistics).unwrap());
    assert_eq!(again, (page, book));
}

#[test]
fn nothing_that_is_written_is_markup() {
    let statistics = statistics_of(&SHEETS);
    let evil = "<script>alert('x')</script>\"&";
    let (page, _) = told(evil, |report| item_report(report, &statistics).unwrap());
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(&#39;x&#39;)"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="));
}

#[test]
fn no_sheets_and_equal_sheets_make_a_page_too() {
    for sheets in [&[][..], &["AAAA"], &["AAAA", "AAAA"]] {
        let statistics = statistics_of(sheets);
        let (page, _) = told("电工", |report| item_report(report, &statistics).unwrap());
        assert!(page.contains("分不出高分组与低分组") && !page.contains("NaN"), "{}", sheets.len());
    }
}

#[test]
fn a_list_of_pairs_names_seats_and_no_culprit() {
    let seated: Vec<Seated> = (1..=4)
        .map(|n| Seated {
            ticket: format!("14051000100{n}").parse().unwrap(),
            room: "01".parse().unwrap(),
            seat: n,
        })
        .collect();
    let pair = AlikePair {
        first: 1,
        second: 2,
        same: 96,
        same_wrong: 21,
        expected: 58.25,
        p: 3.2e-9,
        adjusted: 1.4e-5,
    };
    let alike = Alike { sheets: 300, pairs: 4350, alpha: 0.01, found: vec![pair] };
    let (page, book) = told("电工", |report| alike_report(report, &alike, &seated).unwrap());
    for part in [
        "不是作弊结论",
        "140510001002",
        "140510001003",
        "3.2 × 10⁻⁹",
        "58.25",
        "共比较 4350 对",
        "不超过 1%",
        "2.3 × 10⁻⁶",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let rows = cells(&book, "雷同提示");
    let row = rows.iter().find(|row| row[1] == "140510001002").unwrap();
    assert_eq!((row[4].as_str(), row[6].as_str(), row[7].as_str()), ("140510001003", "96", "21"));
    let none = Alike { found: Vec::new(), ..alike };
    let (page, _) = told("电工", |report| alike_report(report, &none, &seated).unwrap());
    assert!(page.contains("没有超出界限的答卷"));
}

/// Writes what a made-up session looks like, to be looked at: `LOOK=folder cargo test look_at`.
#[test]
fn look_at() {
    let Some(folder) = std::env::var_os("LOOK") else { return };
    let folder = std::path::PathBuf::from(folder);
    let (statistics, alike, seated) = crate::grade::testing::made_up();
    let (paper, form) = ("electrician-4".parse().unwrap(), "A".parse().unwrap());
    let report = ItemReport {
        batch: "2026年第3批",
        title: "电工（四级）理论知识试卷",
        paper: &paper,
        form: &form,
        key_revision: 1,
    };
    let seated: Vec<Seated> = seated
        .into_iter()
        .map(|n| Seated {
            ticket: format!("1405100{n:05}").parse().unwrap(),
            room: format!("{:02}", 1 + n / 30).parse().unwrap(),
            seat: u16::try_from(1 + n % 30).unwrap(),
        })
        .collect();
    let documents = item_report(&report, &statistics).unwrap();
    for document in documents.into_iter().chain(alike_report(&report, &alike, &seated).unwrap()) {
        std::fs::write(folder.join(document.file_name), document.bytes).unwrap();
    }
}
