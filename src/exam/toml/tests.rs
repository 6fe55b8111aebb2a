use crate::exam::{Exam, Level, MultipleRule, ViolationRule, example_toml};
use crate::sheet::Points;
use proptest::prelude::*;

const GOOD: &str = r#"batch = "第3批"
centre = "中心"
institute = "鉴定所"
date = "2026-11-21"
rooms = ["01", "02"]
[[paper]]
id = "e4"
title = "电工"
layout = "theory-100"
[[occupation]]
name = "电工"
level = "四级"
paper = "e4"
[rules]
pass_line = 60
"#;

/// The problems of [`GOOD`] with one piece changed, without the file's name.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    problems_of(&GOOD.replace(from, to))
}

fn problems_of(text: &str) -> Vec<String> {
    match Exam::parse(text, "e") {
        Ok(exam) => panic!("accepted: {exam:?}"),
        Err(error) => error.to_string().lines().map(|l| l.strip_prefix("e:").unwrap().to_owned()).collect(),
    }
}

#[test]
fn the_example_is_an_exam() {
    let exam = Exam::parse(example_toml(), "exam.toml").unwrap();
    assert_eq!(exam.date, "2026-11-21");
    assert_eq!(exam.occupations[0].level, Level::Four);
    let paper = exam.papers.values().next().unwrap();
    assert_eq!((paper.layout.as_str(), paper.forms.len()), ("theory-100", 2));
    assert_eq!(exam.rules.multiple, MultipleRule::Hold);
    let least: Vec<_> = exam.rules.grades.iter().map(|g| (g.name.as_str(), g.least)).collect();
    assert_eq!(
        least,
        [("优秀", Points::whole(95)), ("良好", Points::whole(80)), ("合格", Points::whole(60))]
    );
    assert_eq!(exam.signatories, crate::exam::Signatories::default());
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let exam = Exam::parse(GOOD, "e").unwrap();
    let paper = exam.papers.values().next().unwrap();
    assert_eq!((paper.forms[0].as_str(), paper.forms.len(), paper.key_revision), ("A", 1, 1));
    assert_eq!(exam.rules.violation, ViolationRule::SubjectVoid);
    assert_eq!(exam.rules.fail_grade, "不合格");
    assert_eq!(exam.rules.grades.len(), 3);
    let exam = Exam::parse(&GOOD.replace("= 60", "= 80"), "e").unwrap();
    let grades: Vec<_> = exam.rules.grades.iter().map(|g| (g.name.as_str(), g.least)).collect();
    assert_eq!(grades, [("优秀", Points::whole(95)), ("合格", Points::whole(80))]);
}

#[test]
fn levels_dates_and_points_have_several_spellings() {
    for level in ["\"4\"", "4", "\"中级工\"", "\"四级/中级工\""] {
        let exam = Exam::parse(&GOOD.replace("\"四级\"", level), "e").unwrap();
        assert_eq!(exam.occupations[0].level, Level::Four, "{level}");
    }
    let exam = Exam::parse(&GOOD.replace("\"2026-11-21\"", "2026-11-21"), "e").unwrap();
    assert_eq!(exam.date, "2026-11-21");
    let exam = Exam::parse(&GOOD.replace("= 60", "= 59.5"), "e").unwrap();
    assert_eq!(exam.rules.pass_line, Points::from_hundredths(5950));
}

#[test]
fn each_defect_is_named_with_its_line_and_key() {
    for (from, to, expected) in [
        ("batch = \"第3批\"\n", "", "1: batch: is missing"),
        ("\"中心\"", "\"\"", "2: centre: is empty"),
        ("\"中心\"", "7", "2: centre: must be text in quotes"),
        ("\"02\"", "\"01\"", "5: rooms: 01 is there twice (first in line 5)"),
        ("[\"01\", \"02\"]", "[]", "5: rooms: is empty"),
        ("[\"01\", \"02\"]", "\"01\"", "5: rooms: must be a list in brackets"),
        (
            "\"02\"",
            "\"a/b\"",
            "5: rooms: a name has 1 to 64 characters, none of them a slash or a control character, this is \"a/b\"",
        ),
        (
            "layout = ",
            "lay_out = ",
            "9: paper 1: lay_out: no such key here; there are id, title, layout, forms, key_revision, hand",
        ),
        (
            "layout = \"theory-100\"",
            "layout = \"l\"\nkey_revision = 0",
            "10: paper 1: key_revision: is 0, it must be between 1 and 999",
        ),
        (
            "layout = \"theory-100\"",
            "layout = \"l\"\nforms = [\"A\", \"A\"]",
            "10: paper 1: forms: A is there twice (first in line 10)",
        ),
        (
            "\"四级\"",
            "\"六级\"",
            "12: occupation 1: level: \"六级\" is no level (等级): write 五级, 四级, 三级, 二级 or 一级",
        ),
        (
            "paper = \"e4\"",
            "paper = \"e5\"",
            "13: occupation 1: paper: no [[paper]] has the id \"e5\"; there are e4",
        ),
        ("paper = \"e4\"", "paper = \"e5\"", "6: paper: no [[occupation]] has the paper \"e4\""),
        ("= 60", "= 0", "15: rules: pass_line: is 0.0, it must be above 0 and at most 100"),
        ("= 60", "= 100.5", "15: rules: pass_line: is 100.5, it must be above 0 and at most 100"),
        (
            "= 60",
            "= 60.123",
            "15: rules: pass_line: points are a number with at most two decimals between -10000 and 10000, this is \"60.123\"",
        ),
        (
            "= 60",
            "= 60\nmultiple = \"ask\"",
            "16: rules: multiple: \"ask\" is not one of \"hold\", \"wrong\"",
        ),
        (
            "= 60",
            "= 60\nviolation = \"void\"",
            "16: rules: violation: \"void\" is not one of \"subject-void\", \"all-void\"",
        ),
        (
            "= 60",
            "= 60\ngrades = [{ name = \"合格\", least = 70 }]",
            "16: rules: grades: the last grade begins at 70.0, but the pass line is 60.0: they must be the same",
        ),
        (
            "= 60",
            "= 60\ngrades = [\n{ name = \"良\", least = 60 },\n{ name = \"合格\", least = 60 }]",
            "18: rules: grades: 60.0 is not below 60.0: grades go from the best down",
        ),
        (
            "= 60",
            "= 60\ngrades = [\n{ name = \"良\", least = 90 },\n{ name = \"良\", least = 60 }]",
            "18: rules: grades: 良 is there twice (first in line 17)",
        ),
        ("= 60", "= 60\ngrades = []", "14: rules: grades: is empty"),
        (
            "= 60",
            "= 60\n[signatories]\nboss = \"x\"",
            "17: signatories: boss: no such key here; there are assessors, tabulator, reviewer, lead_assessor, supervisor",
        ),
        ("= 60", "= ", "15: TOML: "),
        ("centre", "batch", "2: TOML: duplicate key"),
    ] {
        let found = problems(from, to);
        let hit =
            found.iter().any(|p| p == expected || (expected.contains("TOML") && p.starts_with(expected)));
        assert!(hit, "{from} → {to}: {found:#?}");
    }
}

#[test]
fn papers_and_occupations_are_there_once() {
    let paper = "[[paper]]\nid = \"e4\"\ntitle = \"电工\"\nlayout = \"theory-100\"\n";
    let occupation = "[[occupation]]\nname = \"电工\"\nlevel = \"4\"\npaper = \"e4\"\n";
    let found = problems_of(&GOOD.replace("[rules]", &format!("{paper}{occupation}[rules]")));
    assert_eq!(
        found,
        [
            "15: paper: id: e4 is there twice (first in line 6)",
            "18: occupation: 电工 四级 is there twice (first in line 10)"
        ]
    );
    let none = "batch='b'\ncentre='c'\ninstitute='i'\ndate='d'\nrooms=['1']\n";
    assert_eq!(problems_of(none), ["1: paper: is missing", "1: occupation: is missing"]);
}

#[test]
fn all_problems_come_together_in_the_files_order() {
    let text = GOOD.replace("\"中心\"", "1").replace("\"四级\"", "\"x\"").replace("= 60", "= 600");
    let lines: Vec<_> = problems_of(&text).iter().map(|p| p.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["2", "12", "15"]);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = Exam::parse(&text, "e");
    }

    #[test]
    fn any_change_is_answered(at in 0usize..400, cut in 0usize..20, insert in "[\\[\\]{}=\"', \n#a1.]{0,4}") {
        let mut chars: Vec<char> = GOOD.chars().collect();
        let at = at % chars.len();
        chars.splice(at..(at + cut).min(chars.len()), insert.chars());
        let _ = Exam::parse(&chars.into_iter().collect::<String>(), "e");
    }
}

#[test]
fn rounding_is_what_the_rules_name_and_nothing_otherwise() {
    use crate::sheet::{Rounding, RoundingRule};
    let rounding = |line: &str| Exam::parse(&format!("{GOOD}{line}\n"), "e").unwrap().rules.rounding;
    assert_eq!(rounding(""), None);
    let half = |rule, step: &str| Some(Rounding { rule, step: step.parse().unwrap() });
    assert_eq!(rounding("rounding = { rule = \"half-up\" }"), half(RoundingRule::HalfUp, "0.01"));
    assert_eq!(rounding("rounding = { rule = \"down\", step = 0.5 }"), half(RoundingRule::Down, "0.5"));
    for (line, problem) in [
        ("rounding = { step = 1 }", "rules: rounding: rule: "),
        ("rounding = { rule = \"near\" }", "rules: rounding: rule: \"near\" is not one of \"half-up\""),
        ("rounding = { rule = \"up\", step = 0 }", "rules: rounding: step: "),
        ("rounding = { rule = \"up\", to = 1 }", "rules: rounding: to: "),
        ("rounding = \"up\"", "rules: rounding: "),
    ] {
        let found = problems_of(&format!("{GOOD}{line}\n"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(problem), "{found:?}");
    }
}

#[test]
fn sections_marked_by_hand_have_a_name_and_points() {
    let line =
        |sections: &str| GOOD.replace("theory-100\"\n", &format!("theory-100\"\nhand = [{sections}]\n"));
    let good = line("{ name = \"简答题\", points = 20 }, { name = \"论述题\", points = 10.5 }");
    let exam = Exam::parse(&good, "e").unwrap();
    let hand: Vec<_> =
        exam.papers.values().flat_map(|p| &p.hand).map(|h| (h.name.as_str(), h.points.to_string())).collect();
    assert_eq!(hand, [("简答题", "20.0".to_owned()), ("论述题", "10.5".to_owned())]);
    for (sections, problem) in [
        ("{ name = \"简答题\" }", "points"),
        ("{ name = \"\", points = 5 }", "name"),
        ("{ name = \"甲\", points = 5 }, { name = \"甲\", points = 6 }", "甲"),
        ("{ name = \"甲\", points = 101 }", "above 0 and at most 100"),
        ("{ name = \"甲\", points = 5, weight = 2 }", "weight"),
    ] {
        let found = problems_of(&line(sections));
        assert!(found.len() == 1 && found[0].contains(problem), "{sections}: {found:?}");
    }
}

#[test]
fn a_level_may_have_rules_of_its_own() {
    use crate::exam::Part;
    let with = |lines: &str| format!("{GOOD}[[rules.level]]\nlevel = \"二级\"\n{lines}\n");
    let exam = Exam::parse(&with(""), "e").unwrap();
    assert_eq!(exam.rules.levels[0].pass_lines.len(), 3, "综合评审 is usual at 二级");
    let exam = Exam::parse(
        &with(
            "parts = [\"theory\", \"practical\"]\npass_line = { practical = 70 }\n\
             total = { theory = 40, practical = 60 }\nrounding = { rule = \"half-up\", step = 0.5 }",
        ),
        "e",
    )
    .unwrap();
    let rules = exam.rules.at(Level::Two);
    let lines = [(Part::Theory, Points::whole(60)), (Part::Practical, Points::whole(70))];
    assert_eq!(rules.pass_lines, lines.into());
    assert_eq!(rules.total, [(Part::Theory, 40), (Part::Practical, 60)].into());
    assert_eq!(rules.grades.last().unwrap().least, Points::whole(60), "the lowest of the lines");
    assert!(rules.rounding.is_some());
    let exam = Exam::parse(&with("pass_line = 70"), "e").unwrap();
    assert!(exam.rules.at(Level::Two).pass_lines.values().all(|line| *line == Points::whole(70)));
    for (lines, problem) in [
        ("parts = []", "parts: is empty"),
        ("parts = [\"oral\"]", "parts: \"oral\" is not one of \"theory\", \"practical\", \"review\""),
        ("parts = [\"theory\", \"theory\"]", "parts: theory is there twice"),
        ("parts = \"theory\"", "parts: must be a list in brackets"),
        ("pass_line = 0", "pass_line: is 0.0, it must be above 0 and at most 100"),
        ("pass_line = { oral = 60 }", "pass_line: oral: no such key here"),
        ("parts = [\"theory\"]\npass_line = { review = 60 }", "review: is not among the parts of this level"),
        ("total = { theory = 40, practical = 50 }", "total: is 90 percent in all"),
        ("total = { theory = 40.5, practical = 59.5 }", "theory: must be a whole number of percent"),
        ("total = { theory = 0, practical = 100 }", "theory: is 0, it must be between 1 and 100 percent"),
        (
            "parts = [\"theory\"]\ntotal = { practical = 100 }",
            "practical: is not among the parts of this level",
        ),
        ("grades = [{ name = \"合格\", least = 50 }]", "grades: the last grade begins at 50.0"),
        ("grades = []", "grades: is empty"),
        ("rounding = { rule = \"near\" }", "rule: \"near\" is not one of"),
        ("weight = 3", "weight: no such key here"),
        ("[[rules.level]]\nlevel = \"2\"", "level: 二级 is there twice"),
        ("[[rules.level]]\nparts = [\"theory\"]", "level: is missing"),
    ] {
        let found = problems_of(&with(lines));
        assert!(found[0].contains(problem), "{lines}: {found:?}");
        assert!(found[0].contains("rules: level"), "{found:?}");
    }
}

const SCHEME: &str = r#"[[assessment]]
id = "s"
part = "practical"
assessors = 3
spread = 15
[[assessment.modules]]
name = "接线"
weight = 60
full = 100
items = [{ name = "安装", points = 60 }, { name = "安全", points = 40 }]
vetoes = ["短路"]
overtime = { per_minute = 0.5, most = 5 }
[[assessment.modules]]
name = "排故"
weight = 40
items = [{ name = "排除", points = 30 }]
"#;

fn with_scheme(from: &str, to: &str) -> String {
    let own = GOOD.replace("paper = \"e4\"\n[rules]", "paper = \"e4\"\npractical = \"s\"\n[rules]");
    let text = format!("{own}{SCHEME}");
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

#[test]
fn a_scheme_of_assessment_is_read_whole() {
    let exam = Exam::parse(&with_scheme("", ""), "e").unwrap();
    let scheme = exam.assessments.values().next().unwrap();
    assert_eq!(exam.occupations[0].practical.as_ref().unwrap().as_str(), "s");
    let full: Vec<String> = scheme.modules.iter().map(|m| m.full.to_string()).collect();
    assert_eq!(full, ["100.0", "30.0"]);
    assert_eq!(scheme.rounding.to_string(), "down to 0.01");
    let text = serde_json::to_string(&exam).unwrap();
    assert_eq!(serde_json::from_str::<Exam>(&text).unwrap(), exam);
}

#[test]
fn each_defect_of_a_scheme_is_named() {
    for (from, to, expected) in [
        ("assessors = 3", "assessors = 4", "assessment 1: assessors: is 4, it must be an odd number from 1"),
        (
            "assessors = 3",
            "assessors = 17",
            "assessment 1: assessors: is 17, it must be an odd number from 1",
        ),
        (
            "assessors = 3",
            "assessors = 3\nmean = \"trimmed\"",
            "assessors: is 3, it must be an odd number from 5",
        ),
        ("assessors = 3", "mean = \"median\"\nassessors = 3", "mean: \"median\" is not one of"),
        ("part = \"practical\"\n", "", "assessment 1: part: is missing"),
        (
            "part = \"practical\"",
            "part = \"review\"",
            "practical: the [[assessment]] \"s\" is for the part \"review\"",
        ),
        (
            "practical = \"s\"",
            "practical = \"t\"",
            "practical: no [[assessment]] has the id \"t\"; there are s",
        ),
        ("practical = \"s\"", "review = \"s\"", "review: the rules give this level no 综合评审"),
        (
            "points = 30 }]\n",
            "points = 30 }]\n[[rules.level]]\nlevel = \"四级\"\nparts = [\"theory\"]\n",
            "practical: the rules give this level no 实操",
        ),
        ("practical = \"s\"\n", "", "assessment: no [[occupation]] has the scheme \"s\""),
        ("weight = 40", "weight = 39.5", "assessment 1: modules: the weights make 99.5, not 100.0"),
        ("full = 100", "full = 90", "modules 1: full: the items make 100.0, not 90.0"),
        ("points = 60 }", "points = 60.5 }", "modules 1: full: the items make 100.5, not 100.0"),
        ("points = 30 }", "points = 29.99 }, { name = \"x\", points = 70.02 }", "at most 100 for all items"),
        (
            "points = 30 }",
            "points = 29.99 }",
            "modules: the full points of the modules have no common multiple",
        ),
        ("\"排故\"", "\"接 线\"", "modules 2: name: 接 线 is there twice"),
        ("\"排故\"", "\"说明\"", "name: \"说明\" can't be a worksheet's name"),
        ("\"排故\"", "\"排:故\"", "name: \"排:故\" can't be a worksheet's name"),
        ("\"安全\"", "\"安装\"", "items: 安装 is there twice"),
        ("\"安全\"", "\"状态\"", "items: \"状态\" can't be the name of an item"),
        ("[\"短路\"]", "[\"短路\", \"短路\"]", "vetoes: 短路 is there twice"),
        ("per_minute = 0.5, ", "", "modules 1: overtime: per_minute: is missing"),
        ("spread = 15", "spread = 0", "spread: is 0.0, it must be above 0"),
        ("spread = 15", "spred = 15", "assessment 1: spred: no such key here"),
    ] {
        let found = problems_of(&with_scheme(from, to));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:?}");
    }
}

/// [`GOOD`] with more behind it; the problems, and that each says a line of the additions.
fn problems_behind(more: &str) -> Vec<String> {
    let first = GOOD.lines().count();
    let found = problems_of(&format!("{GOOD}{more}"));
    for problem in &found {
        let line: usize = problem.split(':').next().unwrap().parse().unwrap();
        assert!(line > first, "{more}: {problem}");
    }
    found
}

#[test]
fn each_defect_of_what_is_shown_and_kept_is_named() {
    for (more, expected) in [
        ("[public]\nlist = \"failed\"", "17: public: list: \"failed\" is not one of \"passed\", \"all\""),
        ("[public]\nlist = true", "17: public: list: must be text in quotes"),
        (
            "[public]\nlists = \"all\"",
            "17: public: lists: no such key here; there are list, identify, columns, lookup_digits",
        ),
        ("[public]\nidentify = \"name\"", "identify: \"name\" is not one of \"id_number\", \"ticket\""),
        ("[public]\ncolumns = [\"name\"]", "columns: \"name\" is not one of \"occupation\", \"level\""),
        (
            "[public]\ncolumns = [\"id_number\"]",
            "columns: \"id_number\" is not one of \"occupation\", \"level\"",
        ),
        (
            "[public]\ncolumns = [\"level\",\n\"level\"]",
            "18: public: columns: level is there twice (first in line 17)",
        ),
        ("[public]\ncolumns = \"level\"", "columns: must be a list in brackets"),
        ("[public]\nlookup_digits = 3", "lookup_digits: is 3, it must be between 4 and 18"),
        ("[public]\nlookup_digits = 19", "lookup_digits: is 19, it must be between 4 and 18"),
        ("[public]\nlookup_digits = -8", "lookup_digits: is -8, it must be between 4 and 18"),
        ("[public]\nlookup_digits = 8.0", "lookup_digits: must be a whole number"),
        (
            "[public]\nlookup_iterations = 99_999",
            "lookup_iterations: is 99999, it must be between 100000 and",
        ),
        ("[public]\nlookup_iterations = 10_000_001", "lookup_iterations: is 10000001, it must be"),
        (
            "[public]\nlookup_iterations = 99999999999999999999",
            "lookup_iterations: is 99999999999999999999, it",
        ),
        ("[public]\nlookup_iterations = 0x100000", "lookup_iterations: is "),
        ("[[public]]\nlist = \"all\"", "16: public: must be a table"),
        (
            "[retention]\nelectronic_years = 0",
            "retention: electronic_years: is 0, it must be between 1 and 100",
        ),
        ("[retention]\npaper_years = -1", "retention: paper_years: is -1, it must be between 1 and 100"),
        ("[retention]\npaper_years = 101", "retention: paper_years: is 101, it must be between 1 and 100"),
        ("[retention]\npaper_years = \"3\"", "retention: paper_years: must be a whole number"),
        (
            "[retention]\nyears = 3",
            "retention: years: no such key here; there are electronic_years, paper_years",
        ),
    ] {
        let found = problems_behind(more);
        assert!(found.len() == 1 && found[0].contains(expected), "{more}: {found:?}");
    }
}

#[test]
fn each_defect_of_the_provincial_columns_is_named() {
    let column = |lines: &str| format!("[[province.column]]\nheading = \"甲\"\n{lines}");
    for (more, expected) in [
        ("[province]".to_owned(), "16: province: column: is missing"),
        ("[province]\ncolumn = []".to_owned(), "16: province: column: is empty"),
        ("[province]\ncolumn = 3".to_owned(), "17: province: column: must be a list in brackets"),
        ("[[province]]\nheading = \"甲\"".to_owned(), "16: province: must be a table"),
        (column(""), "16: province: column 1: value: is missing"),
        (column("value = \"tikcet\""), "column 1: value: \"tikcet\" is not one of \"ticket\", \"name\""),
        (column("value = 7"), "column 1: value: must be text in quotes"),
        (column("value = \"name\"\ntext = \"x\""), "column 1: text: must be left out where there is a value"),
        (
            column("value = \"name\"\nkodes = {}"),
            "column 1: kodes: no such key here; there are heading, text, value, codes",
        ),
        (column("value = \"name\"\ncodes = {}"), "column 1: codes: is empty"),
        (column("value = \"level\"\ncodes = [\"4\"]"), "column 1: codes: must be a table"),
        (
            column("value = \"level\"\ncodes = { \"四级\" = 4 }"),
            "column 1: codes: 四级: must be text in quotes",
        ),
        (column("value = \"name\"").replace("\"甲\"", "\" \""), "column 1: heading: is empty"),
        (column("value = \"name\"").replace("heading = \"甲\"\n", ""), "column 1: heading: is missing"),
        (
            format!(
                "{}\n{}",
                column("value = \"name\""),
                column("value = \"sex\"").replace("\"甲\"", "\" 甲\"")
            ),
            "20: province: column: 甲 is there twice (first in line 17)",
        ),
        (
            column("value = \"name\"").replace('甲', "发布号"),
            "17: province: column: \"发布号\" stands above the publication's number in every export",
        ),
        (
            column("value = \"publication\"\ncodes = { \"1\" = \"一\" }").replace('甲', "发布号"),
            "17: province: column: \"发布号\" stands above the publication's number in every export",
        ),
    ] {
        let found = problems_behind(&more);
        assert!(found.len() == 1 && found[0].contains(expected), "{more}: {found:?}");
    }
    let found = problems_behind("[province]\ncolumns = []");
    assert_eq!(found[0], "16: province: column: is missing");
    assert_eq!(found[1], "17: province: columns: no such key here; there are column");
    let own = column("value = \"publication\"").replace('甲', "发布号");
    assert_eq!(Exam::parse(&format!("{GOOD}{own}"), "e").unwrap().public.province.len(), 1);
}

#[test]
fn each_defect_of_the_certificates_is_named() {
    let old = "[certificates]\nscheme = \"old-16\"\nprovince = \"99\"\ncity = \"05\"\nkind = \"1\"\ninstitute = \"001\"\n";
    let new = "[certificates]\nscheme = \"new-22\"\nprovince = \"99\"\nkind = \"Y\"\ninstitute = \"0000\"\nsite = \"000001\"\n";
    let own = |pattern: &str| format!("[certificates]\nscheme = \"{pattern}\"\n");
    for good in [
        old.to_owned(),
        new.to_owned(),
        own("{yyyy}-{level}{serial:4}"),
        format!("{}first = 9999\n", own("{yy}{serial:4}")),
    ] {
        let exam = Exam::parse(&format!("{GOOD}{good}"), "e").unwrap();
        let scheme = exam.certificates.unwrap();
        assert!(scheme.number("2026-12-15", Level::Four, scheme.first_of(Level::Four)).is_some(), "{good}");
    }
    for (more, expected) in [
        ("[certificates]".to_owned(), "16: certificates: scheme: is missing"),
        ("[[certificates]]\nscheme = \"old-16\"".to_owned(), "16: certificates: must be a table"),
        (own(""), "17: certificates: scheme: is empty"),
        (
            own("OLD-16"),
            "17: certificates: scheme: is \"OLD-16\", it must be \"old-16\", \"new-22\", or made of {yy}",
        ),
        // No serial, two of them, one that holds none or too many: numbers would collide, or be none.
        (own("{yy}{level}"), "it must be \"old-16\", \"new-22\", or made of {yy}"),
        (own("{serial:4}{serial:2}"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy}{serial:0}"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy}{serial:10}"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy}{serial}"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy}{seriel:4}"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy}{serial:4"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy} {serial:4}"), "and one {serial:N} with N from 1 to 9"),
        (own("{yy}{institute}{serial:4}"), "17: certificates: institute: is missing"),
        (
            format!("{}city = \"05\"", own("{yy}{serial:4}")),
            "18: certificates: city: no such key here; there are none of a body in this scheme",
        ),
        (
            format!("{}kind = \"1\"\ncity = \"05\"", own("{yy}{kind}{serial:4}")),
            "19: certificates: city: no such key here; there are the fields of the scheme: kind",
        ),
        (old.replace("\"99\"", "\"9\""), "18: certificates: province: is 9, it must be two digits"),
        (old.replace("\"05\"", "\"5a\""), "19: certificates: city: is 5a, it must be two digits"),
        (old.replace("\"001\"", "\"\""), "21: certificates: institute: is empty"),
        (old.replace("\"001\"", "1"), "21: certificates: institute: must be text in quotes"),
        (
            format!("{old}site = \"000001\""),
            "22: certificates: site: no such key here; there are the fields of the scheme: province, city, kind, institute",
        ),
        (new.replace("\"Y\"", "\"1\""), "19: certificates: kind: is 1, it must be one capital letter"),
        (new.replace("\"0000\"", "\"000\""), "20: certificates: institute: is 000, it must be four digits"),
        (format!("{old}first = 0"), "22: certificates: first: is 0, it must be a serial from 1 on"),
        (format!("{old}first = -3"), "22: certificates: first: is -3, it must be a serial from 1 on"),
        (format!("{old}first = \"1\""), "22: certificates: first: must be a whole number"),
        (
            format!("{old}first = 99999999999"),
            "22: certificates: first: is 99999999999, it must be a serial from 1 on",
        ),
        (
            format!("{old}first = 100_000"),
            "22: certificates: first: serial 100000 has more digits than its place in the number: the last is 99999",
        ),
        (
            format!("{old}first = {{ \"五级\" = 1, \"四级\" = 123456 }}"),
            "22: certificates: first: serial 123456 has more digits",
        ),
        (
            format!("{old}first = {{ \"四级\" = 0 }}"),
            "22: certificates: first: 四级: is 0, it must be a serial from 1 on",
        ),
        (format!("{old}first = {{ \"六级\" = 1 }}"), "first: 六级: no such key here; there are 五级, 四级"),
        (
            format!("{old}issued = \"2026-02-30\""),
            "22: certificates: issued: is 2026-02-30, it must be a date such as",
        ),
        (
            format!("{old}issued = \"15.12.2026\""),
            "22: certificates: issued: is 15.12.2026, it must be a date such as",
        ),
        (format!("{old}issued = 2026"), "22: certificates: issued: must be text in quotes"),
        (
            format!("{old}fisrt = 1"),
            "22: certificates: fisrt: no such key here; there are scheme, province, city",
        ),
    ] {
        let found = problems_behind(&more);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{more}: {found:?}");
    }
}
