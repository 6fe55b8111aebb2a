//! What leaves the house: public list, look-up page, slips, statistics, room check list, export, retention; made of the last publication
//! and of nothing else.

use crate::common::batch::files_in;
use crate::common::office::{Office, PASSED, PEOPLE, number, printed, sheets, theory, ticket, unpacked};
use crate::common::{rows_of, tamper_with};
use duka::exam::{Candidate, Level, Roster};
use duka::identity::Identity;
use duka::key::CustodyError;
use duka::session::{SessionError, VerifyOptions, verify};
use duka::store::{DestructionOutcome, Kept};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The fewest iterations that are let in, so that the tests don't wait.
const QUICK: &str = "[public]\nlookup_iterations = 100_000\n";

/// What makes or hands on something, all of the last publication.
const VERBS: [&str; 5] =
    ["public-list -o @/l", "lookup -o @/p", "slips -o @/s", "export province -o @/x.json", "slips --room 01"];

const MAP: &str = r#"
[[province.column]]
heading = "=准考证"
value = "ticket"
[[province.column]]
heading = "证件号码"
value = "id_number"
[[province.column]]
heading = "文化程度"
value = "education"
[[province.column]]
heading = "等级代码"
value = "level"
codes = { "四级" = "04" }
[[province.column]]
heading = "结论"
value = "passed"
codes = { "是" = "-1", "否" = "0" }
[[province.column]]
heading = "机构"
text = "001405"
[[province.column]]
heading = "理论"
value = "theory"
"#;

fn all() -> impl Iterator<Item = u16> {
    1..=12
}

fn name(n: u16) -> &'static str {
    PEOPLE[usize::from(n - 1)].0
}

/// What nobody outside may read of a candidate, unmasked.
fn personal(n: u16) -> Vec<String> {
    let number = number(n);
    let (middle, end) = (number.len() - 8, &number[number.len() - 8..]);
    vec![name(n).to_owned(), ticket(n).to_string(), number[..middle.max(8)].to_owned(), end.to_owned()]
}

/// The rows of a list whose first cell is a serial number.
fn numbered(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    rows.iter().filter(|row| row[0].parse::<u32>().is_ok()).cloned().collect()
}

/// Whether a mask is one of this text.
fn fits(mask: &str, text: &str) -> bool {
    mask.chars().count() == text.chars().count()
        && mask.chars().zip(text.chars()).all(|(m, c)| m == '*' || m == c)
}

/// Whose mask this is; it must be one person's.
fn whose(name_mask: &str, number_mask: &str) -> u16 {
    let fitting = all().filter(|n| fits(name_mask, name(*n)) && fits(number_mask, &number(*n)));
    let fitting: Vec<u16> = fitting.collect();
    assert_eq!(fitting.len(), 1, "{name_mask} {number_mask}: {fitting:?}");
    fitting[0]
}

/// The masks of the public list in a folder by candidate, with the other cells of their rows.
fn listed(folder: &Path) -> BTreeMap<u16, Vec<String>> {
    let book = std::fs::read(folder.join("公示名单.xlsx")).unwrap();
    let (text, pages) = (unpacked(&book), printed(&folder.join("公示名单.pdf")));
    let raw = std::fs::read(folder.join("公示名单.pdf")).unwrap();
    for n in all() {
        for private in personal(n) {
            assert!(!text.contains(&private) && !pages.concat().contains(&private), "{private}");
            let wide: Vec<u8> = private.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for bytes in [private.as_bytes(), &wide] {
                assert!(raw.windows(bytes.len()).all(|window| window != bytes), "{private}");
            }
        }
    }
    let mut out = BTreeMap::new();
    for row in sheets(&book).iter().flat_map(|(_, rows)| numbered(rows)) {
        assert!(pages.concat().contains(&row[1]) && pages.concat().contains(&row[2]), "{row:?}");
        assert!(row[2].chars().filter(|c| *c == '*').count() >= 4, "{row:?}");
        let before = out.insert(whose(&row[1], &row[2]), row[1..].to_vec());
        assert!(before.is_none(), "{row:?}");
    }
    out
}

#[test]
fn before_a_publication_nothing_leaves_the_house() {
    let office = Office::graded(QUICK);
    for verb in VERBS
        .iter()
        .chain(&["retention", "retention destroy --what paper --description 答题卡 --how 碎纸 --reason 期满"])
    {
        office.duka(verb).refuses("nothing was published yet", "`duka publish`");
    }
    for made in ["l", "p", "s", "x.json", "out/成绩通知单-01.pdf"] {
        assert!(!office.path(made).exists(), "{made}");
    }
    // What needs no publication.
    office.does("room-check");
    office.does("statistics");
    assert!(unpacked(&office.read("out/成绩统计.xlsx")).contains("发布号：未发布"));
    assert!(printed(&office.path("out/成绩统计.pdf")).concat().contains("发布号：未发布"));
    office.does("retention register");
    office.duka("slips --room /").refuses("--room", "as the roster writes it");
    office.duka("export province -o @/x.txt").refuses("x.txt does not say its format", "--format");
}

#[test]
fn the_public_list_shows_masks_alone_and_a_second_one_adds_nothing() {
    let columns = "[public]\ncolumns = [\"level\", \"theory\", \"practical\", \"result\"]\n";
    let office = Office::published(columns);
    let said = office.does("public-list -o @/one");
    assert!(said.contains("(发布号) 1") && said.contains("公示名单.pdf"), "{said}");
    let one = listed(&office.path("one"));
    assert_eq!(one.keys().copied().collect::<Vec<_>>(), PASSED);
    assert_eq!(one[&8][2..], ["四级", "87.9", "81.25", "良好"], "{:?}", one[&8]);
    assert_eq!((one[&4][0].as_str(), one[&10][0].as_str(), one[&6][0].as_str()), ("欧**娟", "周*山", "李*"));
    // Three look alike, of whom two are listed: one more place is shown of both.
    for n in [1, 2] {
        assert_eq!(one[&n][0], "张*丰");
        assert_eq!(one[&n][1].chars().filter(|c| *c == '*').count(), 7, "{:?}", one[&n]);
    }
    assert_eq!(one[&8][1].chars().filter(|c| *c == '*').count(), 8);
    let text = unpacked(&std::fs::read(office.path("one/公示名单.xlsx")).unwrap());
    assert!(text.contains("发布号：第 1 号") && text.contains("7 人"));

    // The next number lists others; whoever stands in both has one mask, which shows no more.
    office.practical(&[(1, "59.9"), (7, "60")]);
    office.publish(Some("合分有误"));
    office.does("public-list -o @/two");
    let two = listed(&office.path("two"));
    assert_eq!(two.keys().copied().collect::<Vec<_>>(), [2, 4, 6, 7, 8, 10, 11]);
    for (n, row) in &two {
        assert!(one.get(n).is_none_or(|before| before[..2] == row[..2]), "{n}");
    }
    assert!(unpacked(&std::fs::read(office.path("two/公示名单.xlsx")).unwrap()).contains("发布号：第 2 号"));

    // A list that was masked otherwise, as by another program, is not completed.
    tamper_with(
        &office.path("duka.db"),
        "UPDATE journal SET detail = json_set(detail, '$.masks_sha256', 'other') WHERE kind = 'public-list'",
    );
    office
        .duka("public-list -o @/three")
        .refuses("公示名单) of publication 1 was masked otherwise", "nothing was written");
    assert!(!office.path("three").exists());
}

#[test]
fn everybody_may_be_listed_and_by_ticket_number() {
    let office = Office::published("[public]\nlist = \"all\"\nidentify = \"ticket\"\ncolumns = []\n");
    office.does("public-list -o @/l");
    let (book, pages) =
        (std::fs::read(office.path("l/公示名单.xlsx")).unwrap(), printed(&office.path("l/公示名单.pdf")));
    let text = unpacked(&book);
    for n in all() {
        for private in personal(n) {
            assert!(!text.contains(&private) && !pages.concat().contains(&private), "{private}");
        }
    }
    let rows = numbered(&sheets(&book)[0].1);
    assert!(rows.iter().all(|row| row.len() == 3), "{rows:?}");
    let masks: BTreeSet<&String> = rows.iter().map(|row| &row[2]).collect();
    let expected: Vec<String> = all().map(|n| format!("06********{n:02}")).collect();
    assert!(masks.into_iter().eq(expected.iter()), "{rows:?}");
    // In the order of the masked names, which is not that of the seats.
    let names: Vec<&String> = rows.iter().map(|row| &row[1]).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn whom_a_public_list_cannot_tell_apart_are_named_and_nothing_is_written() {
    let person = |n: u16, name: &str, id: &str| {
        let mut candidate: Candidate = crate::common::office::roster().candidates[&ticket(n)].clone();
        (candidate.name, candidate.id_number) = (name.into(), id.into());
        (candidate.ticket.clone(), candidate)
    };
    let people = [person(1, "张三", "AB125"), person(2, "张四", "CD125"), person(3, "赵六", "EF999")];
    // Nobody sits in room 02, and there is no record of it.
    let office = Office::of_absent(Roster { candidates: people.into() }, "[public]\nlist = \"all\"\n");
    office.session().freeze().unwrap();
    office.practical(&[(1, "缺考"), (2, "缺考"), (3, "缺考")]);
    office.publish(None);
    let said = office.duka("public-list -o @/l");
    said.refuses("2 people look alike in the public list (公示名单): 张三, 张四", "by hand");
    assert!(!said.err.contains("赵六") && !office.path("l").exists(), "{}", said.err);
    // Nothing was noted either.
    assert!(office.session().journal().unwrap().iter().all(|entry| entry.kind != "public-list"));
}

/// Opens records of a look-up page as its own script does, with nothing of the program's.
struct Page {
    salt: Vec<u8>,
    iterations: u32,
    asked: usize,
    records: BTreeMap<String, Vec<u8>>,
}

impl Page {
    fn of(folder: &Path) -> Self {
        use base64::Engine as _;
        let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let html = std::fs::read_to_string(folder.join("index.html")).unwrap();
        let between =
            |from: &str, to: &str| html.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
        let data: String = files_in(&folder.join("data"))
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        let record = |line: &str| {
            let (index, record) = line.trim_end_matches(',').split_once(':')?;
            let (index, record) = (index.trim_matches('"'), record.trim_matches('"'));
            (index.len() == 32).then(|| (index.to_owned(), decode(record)))
        };
        Self {
            salt: decode(&between("SALT = \"", "\"")),
            iterations: between("ITERATIONS = ", ",").parse().unwrap(),
            asked: between("ASKED = ", ";").parse().unwrap(),
            records: data.lines().filter_map(record).collect(),
        }
    }

    /// Index and key for what is typed.
    fn derived(&self, ticket: &str, last: &str) -> (String, [u8; 32]) {
        use std::fmt::Write as _;
        let secret = format!("{ticket}\n{last}");
        let mut slow = [0; 32];
        pbkdf2::pbkdf2_hmac::<sha2::Sha256>(secret.as_bytes(), &self.salt, self.iterations, &mut slow);
        let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(b"duka look-up 1"), &slow);
        let (mut index, mut key) = ([0; 16], [0; 32]);
        hkdf.expand(b"index", &mut index).unwrap();
        hkdf.expand(b"key", &mut key).unwrap();
        let mut hex = String::new();
        for byte in index {
            write!(hex, "{byte:02x}").unwrap();
        }
        (hex, key)
    }

    fn opened(record: &[u8], key: &[u8; 32]) -> Option<Vec<(String, String)>> {
        use aes_gcm::aead::Aead as _;
        use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
        let text =
            Aes256Gcm::new(key.into()).decrypt(Nonce::from_slice(&record[..12]), &record[12..]).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// What a candidate sees who types this.
    fn asked(&self, ticket: &str, last: &str) -> Option<Vec<(String, String)>> {
        let (index, key) = self.derived(ticket, last);
        Page::opened(self.records.get(&index)?, &key)
    }
}

#[test]
fn a_look_up_page_is_opened_by_both_numbers_and_read_by_nobody_else() {
    let office = Office::published(QUICK);
    let said = office.does("lookup -o @/page");
    assert!(said.contains("(发布号) 1, 2 files"), "{said}");
    let folder = office.path("page");
    for file in files_in(&folder) {
        let text = std::fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(&folder).unwrap().display().to_string();
        for n in all() {
            let scores = theory(n).map(|h| format!("{}.{}", h / 100, h % 100 / 10));
            let practical = PEOPLE[usize::from(n - 1)].2.to_owned();
            let practical = practical.contains('.').then_some(practical);
            for private in personal(n).into_iter().chain(scores).chain(practical) {
                assert!(!text.contains(&private) && !path.contains(&private), "{private} in {path}");
            }
        }
        for word in ["优秀", "良好", "不合格", "缺考", "电工"] {
            assert!(!text.contains(word), "{word} in {path}");
        }
    }
    let page = Page::of(&folder);
    assert_eq!((page.iterations, page.asked, page.records.len()), (100_000, 8, 12));
    let lengths: BTreeSet<usize> = page.records.values().map(Vec::len).collect();
    assert_eq!(lengths.len(), 1, "{lengths:?}");
    for n in all() {
        let (ticket, number) = (ticket(n).to_string(), number(n));
        let (before, last) = number.split_at(number.len() - 8);
        let found: BTreeMap<String, String> = page.asked(&ticket, last).unwrap().into_iter().collect();
        let points = theory(n).map_or_else(|| "缺考".to_owned(), |h| format!("{}.{}", h / 100, h % 100 / 10));
        assert_eq!((found["准考证号"].as_str(), found["姓名"].as_str()), (ticket.as_str(), name(n)));
        assert_eq!(found["理论成绩"], points);
        assert_eq!(found["评定结果"] != "不合格", PASSED.contains(&n), "{found:?}");
        assert!(found.values().all(|value| !value.contains(last) && !value.contains(before)), "{found:?}");
        // One digit wrong, the neighbour's digits, too few of them: no record, and no key to the right one.
        let wrong = format!("{}{}", if last.starts_with('0') { '1' } else { '0' }, &last[1..]);
        let other = crate::common::office::number(n % 12 + 1);
        let (right, _) = page.derived(&ticket, last);
        for typed in
            [wrong.as_str(), &other[other.len() - 8..], &last[1..]].iter().take(if n > 2 { 1 } else { 3 })
        {
            let (index, key) = page.derived(&ticket, typed);
            assert!(!page.records.contains_key(&index), "{typed}");
            assert!(Page::opened(&page.records[&right], &key).is_none(), "{typed}");
        }
    }
    // A folder that is there is left as it is.
    let before = std::fs::read(folder.join("index.html")).unwrap();
    std::fs::write(folder.join("mine.txt"), "x").unwrap();
    office.duka("lookup -o @/page").refuses("page", "");
    assert_eq!(std::fs::read(folder.join("index.html")).unwrap(), before);
    assert!(folder.join("mine.txt").exists());
    // Another number has another salt: its records tell nothing of the earlier ones'.
    office.practical(&[(7, "60")]);
    office.publish(Some("合分有误"));
    office.does("lookup -o @/next");
    let next = Page::of(&office.path("next"));
    assert_ne!(next.salt, page.salt);
    assert!(next.records.keys().all(|index| !page.records.contains_key(index)));
    let found = next.asked(ticket(7).as_str(), "12345678").unwrap();
    assert!(found.contains(&("评定结果".to_owned(), "合格".to_owned())), "{found:?}");
}

#[test]
fn slips_are_everybodys_own_by_room_and_seat() {
    let office = Office::published("");
    let said = office.does("slips");
    assert!(said.contains("12 slips (成绩通知单) of publication number (发布号) 1"), "{said}");
    let path = office.path("out/成绩通知单.pdf");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "the owner's alone");
    }
    let pages = printed(&path);
    assert_eq!(pages.len(), 4);
    let text = pages.concat();
    assert_eq!(text.matches("发布号：第 1 号").count(), 12);
    assert_eq!(text.matches("合格线 60.0 分").count(), 12);
    // Bold print is drawn twice.
    let slips: Vec<&str> =
        text.split("职业技能鉴定成绩通知单").skip(1).filter(|slip| !slip.is_empty()).collect();
    assert_eq!(slips.len(), 12);
    // Seats run against the ticket numbers.
    for (n, slip) in (1..=7).rev().chain((8..=12).rev()).zip(&slips) {
        let (ticket, number) = (ticket(n), number(n));
        assert!(slip.contains(ticket.as_str()) && slip.contains(name(n)), "{n}: {slip}");
        let shown = format!("{}{}", "*".repeat(number.len() - 4), &number[number.len() - 4..]);
        assert!(slip.contains(&shown) && !slip.contains(&number), "{n}: {slip}");
        let points = theory(n).map_or_else(|| "缺考".to_owned(), |h| format!("{}.{}", h / 100, h % 100 / 10));
        assert!(slip.contains(&points), "{n}: {slip}");
        assert_eq!(slip.contains("不合格"), !PASSED.contains(&n), "{n}: {slip}");
    }
    assert!(office.does("slips --room 02 -o @/s").contains("5 slips"));
    let text = printed(&office.path("s/成绩通知单-02.pdf")).concat();
    assert!(all().all(|n| text.contains(ticket(n).as_str()) == (n > 7)), "{text}");
    office.duka("slips --room 99 -o @/none").refuses("nobody on the roster sits in room (考场) 99", "roster");
    assert!(!office.path("none").exists());
    let notes = office.session().journal().unwrap();
    let notes: Vec<_> = notes.iter().filter(|entry| entry.kind == "result-slips").collect();
    assert_eq!((notes.len(), &notes[1].detail["count"]), (2, &serde_json::json!(5)));
}

/// Mean, deviation, least, lower quartile, median, upper quartile and most, as anyone would reckon them.
fn reckoned(mut scores: Vec<f64>) -> Vec<f64> {
    scores.sort_by(f64::total_cmp);
    let n = scores.len();
    let mean = scores.iter().sum::<f64>() / n as f64;
    let deviation = (scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
    // The smallest score that a share of all does not exceed.
    let rank = |share: f64| {
        scores
            .iter()
            .copied()
            .find(|s| scores.iter().filter(|o| *o <= s).count() as f64 >= share * n as f64)
            .unwrap()
    };
    let median = if n % 2 == 1 { scores[n / 2] } else { f64::midpoint(scores[n / 2 - 1], scores[n / 2]) };
    vec![mean, deviation, scores[0], rank(0.25), median, rank(0.75), scores[n - 1]]
}

/// A sheet of the statistics below its headings, and the headings.
fn table(book: &[u8], sheet: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let (_, rows) = sheets(book).into_iter().find(|(name, _)| name == sheet).unwrap();
    let at = rows.iter().position(|row| row.iter().any(|c| c == "合格率" || c == "科目")).unwrap();
    (rows[at].clone(), rows[at + 1..].to_vec())
}

#[test]
fn statistics_are_what_an_independent_count_gives() {
    let office = Office::published("");
    office.does("statistics");
    let book = office.read("out/成绩统计.xlsx");
    let scores = [
        ("理论成绩", all().filter_map(theory).map(|h| h as f64 / 100.0).collect::<Vec<_>>()),
        ("实操成绩", PEOPLE.iter().filter_map(|(_, _, points)| points.parse().ok()).collect()),
    ];
    let (_, parts) = table(&book, "各科成绩");
    let (_, bins) = table(&book, "分数分布");
    for ((part, scores), (row, bins)) in scores.iter().zip(parts.iter().zip(&bins)) {
        assert_eq!((row[2].as_str(), bins[2].as_str()), (*part, *part));
        assert_eq!(row[3], scores.len().to_string());
        assert_eq!(row[4], scores.iter().filter(|s| **s >= 60.0).count().to_string(), "{part}");
        for (said, reckoned) in row[5..].iter().zip(reckoned(scores.clone())) {
            let said: f64 = said.parse().unwrap();
            assert!((said - reckoned).abs() < 0.005 + 1e-9, "{part}: {said} {reckoned}");
        }
        for (bin, said) in bins[3..23].iter().enumerate() {
            let of = |score: &&f64| (**score / 5.0).floor().min(19.0) as usize == bin;
            assert_eq!(said, &scores.iter().filter(of).count().to_string(), "{part} {bin}");
        }
    }
    // 11 sat something, 1 nothing; 7 passed.
    let (headings, rates) = table(&book, "合格率");
    for row in &rates[..2] {
        assert_eq!(row[2..6], ["12", "11", "1", "7"], "{row:?}");
        assert!((row[6].parse::<f64>().unwrap() - 0.636).abs() < 1e-9, "{row:?}");
    }
    let grade = |name: &str| rates[0][headings.iter().position(|h| h == name).unwrap()].clone();
    assert_eq!(["评定：优秀", "评定：良好", "评定：合格", "评定：不合格"].map(grade), ["2", "1", "4", "5"]);
    let (_, rooms) = table(&book, "各考场");
    assert_eq!(
        (&rooms[0][..5], &rooms[1][..5]),
        (
            &["01", "7", "7", "0", "4"].map(str::to_owned)[..],
            &["02", "5", "4", "1", "3"].map(str::to_owned)[..],
        )
    );
    let page = printed(&office.path("out/成绩统计.pdf")).concat();
    assert!(
        page.contains("发布号：第 1 号") && page.contains("63.6%") && page.contains("合格线 60.0"),
        "{page}"
    );
    for n in all() {
        assert!(!page.contains(name(n)) && !unpacked(&book).contains(ticket(n).as_str()), "{n}");
    }
}

#[test]
fn a_levels_own_lines_and_grades_are_those_of_its_statistics_and_slips() {
    let office = Office::published(
        "[[rules.level]]\nlevel = \"四级\"\npass_line = { theory = 60, practical = 80 }\n\
         grades = [{ name = \"优秀\", least = 90 }, { name = \"通过\", least = 60 }]\n",
    );
    office.does("statistics");
    let book = office.read("out/成绩统计.xlsx");
    let (_, parts) = table(&book, "各科成绩");
    assert_eq!((parts[0][4].as_str(), parts[1][4].as_str()), ("8", "5"), "{parts:?}");
    let (headings, rates) = table(&book, "合格率");
    let grade = |name: &str| headings.iter().position(|h| h == name).map(|at| rates[0][at].clone());
    assert_eq!(
        ["评定：优秀", "评定：通过", "评定：不合格"].map(grade),
        ["2", "2", "8"].map(|n| Some(n.to_owned()))
    );
    let page = printed(&office.path("out/成绩统计.pdf")).concat();
    assert!(page.contains("合格线 80.0") && page.contains("通过"), "{page}");
    office.does("slips");
    let slips = printed(&office.path("out/成绩通知单.pdf")).concat();
    assert_eq!(slips.matches("合格线：理论 60.0 分、实操 80.0 分").count(), 12, "{slips}");
}

#[test]
fn the_room_check_list_says_who_sits_where() {
    let office = Office::open("");
    office.does("room-check -o @/r");
    let book = std::fs::read(office.path("r/考场核对表.xlsx")).unwrap();
    let pages = printed(&office.path("r/考场核对表.pdf"));
    let found = sheets(&book);
    assert_eq!(found.iter().map(|(room, _)| room.as_str()).collect::<Vec<_>>(), ["01", "02"]);
    assert_eq!(pages.len(), 2);
    for ((room, rows), page) in found.iter().zip(&pages) {
        let mut seated: Vec<&Candidate> =
            office.roster.candidates.values().filter(|c| c.room.as_str() == room).collect();
        seated.sort_by_key(|c| c.seat);
        let expected: Vec<Vec<String>> = seated
            .iter()
            .map(|c| {
                let (seat, ticket) = (c.seat.to_string(), c.ticket.to_string());
                vec![
                    seat,
                    ticket,
                    c.name.clone(),
                    c.sex.clone(),
                    c.id_number.clone(),
                    "电工".into(),
                    "四级".into(),
                ]
            })
            .collect();
        let rows: Vec<Vec<String>> = numbered(rows).into_iter().map(|row| row[..7].to_vec()).collect();
        assert_eq!(rows, expected);
        let at: Vec<Option<usize>> = seated.iter().map(|c| page.find(c.ticket.as_str())).collect();
        assert!(at.iter().all(Option::is_some), "{page}");
        assert!(page.contains(&format!("应到：{} 人", seated.len())), "{page}");
    }
    // Its first and last numbers are those of the heading.
    assert!(pages[1].contains(&format!("{} 至 {}", ticket(8), ticket(12))), "{}", pages[1]);
}

#[test]
fn an_export_says_its_publication_and_no_cell_is_reckoned_with() {
    use calamine::Reader as _;
    let office = Office::published(MAP);
    assert!(office.does("export province -o @/x.csv").contains("(发布号) 1"));
    let csv = office.read("x.csv");
    assert!(csv.starts_with("\u{feff}".as_bytes()) && csv.ends_with(b"\r\n"));
    let rows = rows_of(&csv);
    assert_eq!(rows[0], ["'=准考证", "证件号码", "文化程度", "等级代码", "结论", "机构", "理论", "发布号"]);
    assert_eq!(rows.len(), 13);
    for (n, row) in all().zip(&rows[1..]) {
        let passed = if PASSED.contains(&n) { "'-1" } else { "0" };
        let points = theory(n).map_or_else(|| "缺考".to_owned(), |h| format!("{}.{}", h / 100, h % 100 / 10));
        let education = match n {
            1 => "'=1+1",
            2 => "'+861",
            3 => "'-1",
            4 => "'@SUM(1)",
            _ => "大专",
        };
        assert_eq!(*row, [ticket(n).as_str(), &number(n), education, "04", passed, "001405", &points, "1"]);
    }
    for line in String::from_utf8(csv).unwrap().trim_start_matches('\u{feff}').lines() {
        let cells = line.split(',');
        assert!(cells.into_iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t'])), "{line}");
    }
    // All text in the workbook: zeros, eighteen digits and formulas stay what they are.
    office.does("export province -o @/x.out --format xlsx");
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(office.read("x.out"))).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    assert!(range.cells().all(|(_, _, cell)| matches!(cell, calamine::Data::String(_))));
    let cell = |row, column| range.get_value((row, column)).unwrap().to_string();
    assert_eq!([cell(0, 0), cell(1, 0), cell(1, 2)], ["=准考证", "061410400001", "=1+1"]);
    assert_eq!((cell(6, 1), cell(1, 7)), (number(6), "1".to_owned()));
    assert!(all().all(|n| number(n).len() == 18 || n == 7));
    office.does("export province -o @/x.json");
    let json: serde_json::Value = serde_json::from_slice(&office.read("x.json")).unwrap();
    assert_eq!(
        (&json["publication"], &json["candidates"][3]["theory"]["points"]),
        (&1.into(), &"95.9".into())
    );
    assert_eq!(json["candidates"].as_array().unwrap().len(), 12);
    // The next number in every one of them.
    office.practical(&[(7, "60")]);
    office.publish(Some("合分有误"));
    office.does("export province -o @/x.csv");
    assert!(rows_of(&office.read("x.csv"))[1..].iter().all(|row| row[7] == "2"));
    assert_eq!(rows_of(&office.read("x.csv"))[7][4], "'-1");
}

#[test]
fn a_map_without_a_code_is_refused_while_it_can_still_be_changed() {
    let office =
        Office::open(&MAP.replace("\"四级\" = \"04\"", "\"4级\" = \"04\"").replace(", \"否\" = \"0\"", ""));
    let said = office.duka("freeze");
    said.refuses("no code for 等级代码 \"四级\", 结论 \"否\"", "exam.toml");
    assert!(office.session().status().unwrap().frozen.is_none());
    office.write(
        "exam.toml",
        String::from_utf8(office.read("exam.toml"))
            .unwrap()
            .replace("4级", "四级")
            .replace("\"是\" = \"-1\"", "\"是\" = \"1\", \"否\" = \"0\""),
    );
    office.does("freeze");
    // A score may have codes too; what it will be is known only when it is exported.
    let office = Office::published(
        &MAP.replace("value = \"theory\"", "value = \"theory\"\ncodes = { \"缺考\" = \"Q\" }"),
    );
    office.duka("export province -o @/x.csv").refuses("no code for 理论 \"100.0\"", "--format json");
    assert!(!office.path("x.csv").exists());
    office.does("export province -o @/x.json");
    // Nor is there an export without a map, but for programs.
    let office = Office::published("");
    office
        .duka("export province -o @/x.xlsx")
        .refuses("no columns for the provincial system", "--format json");
    assert!(!office.path("x.xlsx").exists());
    office.does("export province -o @/x.xlsx --format json");
}

fn last_day() -> String {
    "2029-11-21T23:59:59+08:00".into()
}

fn day_after() -> String {
    "2029-11-22T00:00:00+08:00".into()
}

fn week_later() -> String {
    "2026-11-28T09:00:00+08:00".into()
}

/// Every file of a folder but the record, with its bytes.
fn kept(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = files_in(folder).into_iter().filter(|path| !path.ends_with("duka.db"));
    files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn a_destruction_takes_two_people_and_its_day_and_deletes_nothing() {
    let office = Office::published("");
    let said = office.does("retention");
    for part in ["published 2026-11-21", "kept until 2031-11-21", "(纸质档案) are kept until 2029-11-21"]
    {
        assert!(said.contains(part), "{said}");
    }
    let before = kept(&office.folder());
    let words = ("答题卡 3 箱", "碎纸", "保管期满");
    let open = |clock, what, early| office.session_at(clock).open_destruction(what, words, early);
    for early in [None, Some("  ")] {
        let refused = open(last_day, Kept::Paper, early).unwrap_err();
        assert!(matches!(&refused, SessionError::KeptUntil { until } if until == "2029-11-21"), "{refused}");
        assert!(refused.hint().unwrap().contains("--early"));
    }
    let refused = open(day_after, Kept::Electronic, None).unwrap_err();
    assert!(matches!(&refused, SessionError::KeptUntil { until } if until == "2031-11-21"), "{refused}");
    let late = open(day_after, Kept::Paper, Some("介质损坏")).unwrap_err();
    assert!(matches!(&late, SessionError::NotEarly { until } if until == "2029-11-21"), "{late}");
    let blank = office.session_at(day_after).open_destruction(Kept::Paper, ("答题卡", " ", "期满"), None);
    assert!(matches!(blank, Err(SessionError::NoReason)));
    assert!(office.session().destructions().unwrap().is_empty());
    let opened = open(day_after, Kept::Paper, None).unwrap();
    assert_eq!((opened.case.number, opened.case.opened.early.as_str()), (1, ""));
    let early = open(last_day, Kept::Electronic, Some("介质损坏")).unwrap();
    assert_eq!((early.case.number, early.case.opened.early.as_str(), early.decided), (2, "介质损坏", None));

    let (reviewer, supervisor) = (&office.people().reviewer, &office.people().supervisor);
    let sign = |case, who, outcome| office.session_at(day_after).sign_destruction(case, who, outcome, "同意");
    let namesake = Identity::generate("孙复核").unwrap();
    for stranger in [&namesake, &office.people().custodians[0], &office.people().issuer] {
        let refused = sign(1, stranger, DestructionOutcome::Destroy).unwrap_err();
        let wrong =
            matches!(&refused, SessionError::Custody { source: CustodyError::WrongSigner { .. }, .. });
        assert!(wrong, "{refused}");
    }
    assert_eq!(sign(1, reviewer, DestructionOutcome::Destroy).unwrap().decided, None);
    let twice = sign(1, reviewer, DestructionOutcome::Destroy).unwrap_err();
    assert!(matches!(twice, SessionError::SamePerson { case: 1, same_key: true, .. }), "{twice}");
    // Two who say different things have decided nothing.
    assert_eq!(sign(1, supervisor, DestructionOutcome::Keep).unwrap().decided, None);
    let decided = sign(1, supervisor, DestructionOutcome::Destroy).unwrap().decided;
    assert_eq!(decided, Some(DestructionOutcome::Destroy));
    let more = sign(1, reviewer, DestructionOutcome::Keep).unwrap_err();
    assert!(matches!(more, SessionError::CaseClosed { case: 1, .. }), "{more}");

    let secret = office.secret("reviewer", reviewer);
    let as_reviewer = |rest: &str| office.duka(&format!("retention sign {rest} --identity {secret}"));
    as_reviewer("9 --outcome destroy --why 同意").refuses("there is no destruction 9", "`duka retention`");
    as_reviewer("2 --outcome keep").refuses("no reason", "--why");
    let said = as_reviewer("2 --outcome keep --why 尚可读");
    assert!(said.code == 1 && said.out.contains("destruction 2: signed-by-one"), "{}{}", said.out, said.err);
    assert!(said.out.contains("before 2031-11-21: 介质损坏"), "{}", said.out);
    office.does("retention register -o @/reg");
    let rows = numbered(&sheets(&std::fs::read(office.path("reg/销毁登记表.xlsx")).unwrap())[0].1);
    let page = printed(&office.path("reg/销毁登记表.pdf")).concat();
    let fingerprint = supervisor.person().fingerprint().to_string();
    for part in [
        "经两人签署，同意销毁",
        "答题卡 3 箱",
        "碎纸",
        "保管期满",
        "孙复核",
        "赵主任",
        "2029-11-21",
        &fingerprint,
    ] {
        assert!(rows[0].concat().contains(part), "{part}: {rows:?}");
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        rows[1].concat().contains("尚待两人签署") && rows[1].concat().contains("提前销毁缘由：介质损坏"),
        "{rows:?}"
    );
    // Everything is still there, and the record holds.
    std::fs::remove_dir_all(office.path("reg")).unwrap();
    assert_eq!(kept(&office.folder()), before);
    let seen =
        verify(&office.folder(), crate::common::clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    assert!(seen.holds() && seen.papers.is_some_and(|papers| papers > 0), "{:?}", seen.findings);
    // Years are counted anew from a correction.
    office.practical(&[(7, "60")]);
    office.publish_by(week_later, Some("合分有误")).unwrap();
    assert_eq!(office.session().retention().unwrap().paper_until, "2029-11-28");
}

#[test]
fn years_are_those_of_the_exam_and_begin_with_a_publication() {
    let office = Office::published("[retention]\nelectronic_years = 30\npaper_years = 1\n");
    let kept = office.session().retention().unwrap();
    assert_eq!((kept.paper_until.as_str(), kept.electronic_until.as_str()), ("2027-11-21", "2056-11-21"));
}

#[test]
fn what_is_no_longer_in_force_is_not_handed_on() {
    let office = Office::published(QUICK);
    // Other results than the published ones.
    office.practical(&[(7, "60")]);
    for verb in VERBS {
        office
            .duka(verb)
            .refuses("the results are no longer those of publication 1", "duka publish --correct");
    }
    office.does("statistics");
    assert!(unpacked(&office.read("out/成绩统计.xlsx")).contains("发布号：未发布（与第 1 号不同）"));
    // Corrected, everything says the next number.
    office.publish(Some("合分有误"));
    for verb in VERBS {
        assert!(office.does(verb).contains("(发布号) 2"), "{verb}");
    }
    office.does("statistics");
    assert!(unpacked(&office.read("out/成绩统计.xlsx")).contains("发布号：第 2 号"));
    for made in ["l", "p", "s"] {
        std::fs::remove_dir_all(office.path(made)).unwrap();
    }
    std::fs::remove_file(office.path("x.json")).unwrap();
    std::fs::remove_file(office.path("out/成绩通知单-01.pdf")).unwrap();
    // Withdrawn, nothing is made of it any more.
    office.withdraw(2, "试卷作废");
    for verb in VERBS {
        office.duka(verb).refuses("publication number 2 was withdrawn (撤回): 试卷作废", "take down");
    }
    for made in ["l", "p", "s", "x.json", "out/成绩通知单-01.pdf"] {
        assert!(!office.path(made).exists(), "{made}");
    }
    office.does("statistics");
    assert!(unpacked(&office.read("out/成绩统计.xlsx")).contains("发布号：第 2 号（已撤回）"));
    assert!(printed(&office.path("out/成绩统计.pdf")).concat().contains("已撤回"));
    office.does("room-check");
    // It is kept all the same.
    assert!(office.does("retention").contains("published 2026-11-21"));
    // The same results under the next number.
    office.publish(Some("复查后恢复"));
    assert!(office.does("slips").contains("(发布号) 3"));
}

#[test]
fn a_remark_that_changed_is_a_correction_like_a_result() {
    let office = Office::graded("");
    let ruling = |why: &str| {
        let text = format!(
            "准考证号,姓名,特殊情况,科目,分值,依据,备注\n{},张大丰,成绩无效,实操,,,{why}\n",
            ticket(3)
        );
        office.session().import_rulings(&[office.write("rulings.csv", text)]).unwrap();
    };
    ruling("雷同");
    office.publish(None);
    let first = office.read("out/第1号/成绩单.pdf");
    office.does("slips");
    assert!(printed(&office.path("out/成绩通知单.pdf")).concat().contains("雷同"));
    // The same result for another reason: none of the signed pages says that.
    ruling("替考");
    for verb in ["slips", "public-list", "export province -o @/x.json"] {
        office
            .duka(verb)
            .refuses("the results are no longer those of publication 1", "duka publish --correct");
    }
    office.duka("publish").refuses("results were published as number 1", "--correct");
    assert_eq!(office.read("out/第1号/成绩单.pdf"), first);
    office.publish(Some("处理依据更正"));
    office.does("slips");
    let slips = printed(&office.path("out/成绩通知单.pdf")).concat();
    assert!(slips.contains("替考") && !slips.contains("雷同"), "{slips}");
    assert_eq!(office.read("out/第1号/成绩单.pdf"), first);
    let seen =
        verify(&office.folder(), crate::common::clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    assert!(seen.holds() && seen.papers.is_some_and(|papers| papers > 0), "{:?}", seen.findings);
}

#[test]
fn broken_settings_are_refused_by_every_verb_with_file_line_and_key() {
    let office = Office::open("[public]\nlookup_digits = 3\nlist = \"failed\"\n");
    let path = office.path("exam.toml").display().to_string();
    for verb in ["public-list", "lookup -o @/p", "export province -o @/x.csv", "retention", "slips", "status"]
    {
        let said = office.duka(verb);
        said.refuses(
            "public: lookup_digits: is 3, it must be between 4 and 18",
            "correct the named lines of exam.toml",
        );
        assert!(
            said.err.contains(&format!("{path}:20: public: list: \"failed\" is not one of")),
            "{}",
            said.err
        );
    }
    // Serials that run out are said before the freeze, and what can be done then.
    let office = Office::open("[certificates]\nscheme = \"{yy}{level}{serial:1}\"\n");
    office.duka("freeze").refuses("serial 10 is beyond the last, 9", "certificates.first");
    assert!(office.session().status().unwrap().frozen.is_none());
    assert_eq!(office.roster.candidates.values().filter(|c| c.level == Level::Four).count(), 12);
}
