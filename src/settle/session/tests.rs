use super::super::fixture::{card, sheet};
use super::*;
use crate::exam::{
    Attempt, Level, MultipleRule, Occupation, Part, Rules, Ruling, Rulings, ViolationRule, VoidedCard,
};
use crate::settle::Stacks;
use crate::sheet::{EngineId, Points};

fn ticket(text: &str) -> TicketNumber {
    text.parse().unwrap()
}

fn exam() -> Exam {
    let paper = Paper {
        title: "电工 四级".into(),
        layout: "theory-100".parse().unwrap(),
        forms: vec!["A".parse().unwrap(), "B".parse().unwrap()],
        key_revision: 1,
        hand: Vec::new(),
    };
    Exam {
        batch: "2026年第3批".into(),
        centre: "中心".into(),
        institute: "鉴定所".into(),
        date: "2026-11-21".into(),
        papers: [("electrician-4".parse().unwrap(), paper)].into(),
        assessments: std::collections::BTreeMap::new(),
        occupations: vec![Occupation {
            name: "电工".into(),
            level: Level::Four,
            paper: "electrician-4".parse().unwrap(),
            practical: None,
            review: None,
        }],
        rooms: vec!["01".parse().unwrap()],
        rules: Rules {
            pass_line: Points::whole(60),
            grades: Vec::new(),
            fail_grade: "不合格".into(),
            multiple: MultipleRule::Wrong,
            violation: ViolationRule::SubjectVoid,
            rounding: None,
            levels: Vec::new(),
        },
        signatories: crate::exam::Signatories::default(),
        certificates: None,
        public: crate::exam::PublicRules::default(),
    }
}

fn roster(tickets: &[(&str, &str)]) -> Roster {
    let candidate = |number: &str, form: &str| Candidate {
        ticket: ticket(number),
        name: "张甲".into(),
        sex: "男".into(),
        id_number: "11010519491231002X".into(),
        education: String::new(),
        occupation: "电工".into(),
        level: Level::Four,
        attempt: Attempt::First,
        room: "01".parse().unwrap(),
        seat: 1,
        form: form.parse().ok(),
        remark: String::new(),
    };
    Roster { candidates: tickets.iter().map(|(t, f)| (ticket(t), candidate(t, f))).collect() }
}

fn room(present: &[&str], absent: &[&str], violations: &[&str]) -> RoomRecord {
    RoomRecord {
        room: "01".parse().unwrap(),
        present: present.iter().map(|t| ticket(t)).collect(),
        absent: absent.iter().map(|t| ticket(t)).collect(),
        violations: violations.iter().map(|t| (ticket(t), "夹带".to_owned())).collect(),
        report: crate::exam::RoomReport::default(),
    }
}

const ANSWERS: [&str; 3] = ["efee", "eeee", "eefe"];
const NOTHING: [&str; 3] = ["eeee", "eeee", "eeee"];

/// One exam room put together by a test.
struct Case {
    exam: Exam,
    roster: Roster,
    rooms: Vec<RoomRecord>,
    cards: Vec<crate::read::Reading>,
    aside: Vec<SetAside>,
    resolutions: Vec<Resolution>,
    rulings: Rulings,
    stacks: Stacks,
}

impl Case {
    fn new(roster_rows: &[(&str, &str)], cards: Vec<crate::read::Reading>) -> Self {
        Self {
            exam: exam(),
            roster: roster(roster_rows),
            rooms: Vec::new(),
            cards,
            aside: Vec::new(),
            resolutions: Vec::new(),
            rulings: Rulings::default(),
            stacks: Stacks::default(),
        }
    }

    fn room(mut self, present: &[&str], absent: &[&str], violations: &[&str]) -> Self {
        self.rooms.push(room(present, absent, violations));
        self
    }

    fn decide(mut self, place: Place, decision: &str) -> Self {
        let decision = decision.parse().unwrap();
        self.resolutions.push(Resolution { place, decision, reviewer: "李".into(), reason: String::new() });
        self
    }

    fn at(self, name: &str, field: &str, decision: &str) -> Self {
        let place = Place::Field { sheet: sheet(name), field: field.parse().unwrap(), item: None };
        self.decide(place, decision)
    }

    fn whole(self, name: &str, decision: &str) -> Self {
        self.decide(Place::Sheet { sheet: sheet(name) }, decision)
    }

    fn findings(&self) -> SessionFindings {
        let settled = |reading: &crate::read::Reading| SettledSheet {
            sheet: reading.sheet,
            layout: reading.layout.clone(),
            settled: crate::settle::settle(reading, &self.resolutions, &self.exam.rules),
        };
        let sheets: Vec<_> = self.cards.iter().map(settled).collect();
        let run = |sheets: &[SettledSheet]| {
            against_roster(
                sheets,
                &self.aside,
                &self.exam,
                &self.roster,
                &self.rooms,
                &self.resolutions,
                Around { rulings: &self.rulings, stacks: &self.stacks },
            )
        };
        let findings = run(&sheets);
        let backwards: Vec<_> = sheets.iter().rev().cloned().collect();
        assert_eq!(run(&backwards), findings, "the order of the sheets must not matter");
        findings
    }

    /// What is open, as `field kind`.
    fn open(&self) -> Vec<String> {
        let findings = self.findings();
        findings
            .open
            .iter()
            .map(|o| {
                let field = o.exception.field.as_ref().map_or("sheet", FieldName::as_str);
                format!("{field} {}", o.exception.cause.kind())
            })
            .collect()
    }

    fn form(&self) -> Option<(String, FormSource)> {
        let findings = self.findings();
        let accepted = findings.by_ticket.values().next()?;
        accepted.form.as_ref().map(|(form, source)| (form.to_string(), *source))
    }
}

const NONE: [&str; 0] = [];

#[test]
fn a_good_room_has_nothing_open() {
    let case = Case::new(
        &[("1405", "A"), ("1406", "B"), ("1407", "A")],
        vec![
            card("a", "1405", "fe", "ee", ANSWERS),
            card("b", "1406", "ef", "ef", ANSWERS),
            card("c", "1407", "ee", "fe", NOTHING),
        ],
    )
    .room(&["1405", "1406"], &["1407"], &["1406"]);
    assert_eq!(case.open(), NONE);
    let findings = case.findings();
    let keys: Vec<_> = findings.by_ticket.keys().map(TicketNumber::as_str).collect();
    assert_eq!(keys, ["1405", "1406"]);
    assert_eq!(findings.by_ticket[&ticket("1406")].form, Some(("B".parse().unwrap(), FormSource::Card)));
    assert!(findings.by_ticket.values().all(|a| a.standing == Standing::Clear));
    assert_eq!(findings.absent_cards[&ticket("1407")], sheet("c"));
}

#[test]
fn an_unknown_or_blank_number_belongs_to_nobody_until_a_person_says_whose() {
    let case = Case::new(&[("1405", "A")], vec![card("a", "1406", "fe", "ee", ANSWERS)]);
    assert_eq!(case.open(), ["ticket ticket-unknown"]);
    assert!(case.findings().by_ticket.is_empty());
    let case = case.at("a", "ticket", "=1405");
    assert_eq!(case.open(), NONE);
    assert_eq!(case.findings().by_ticket[&ticket("1405")].sheet, sheet("a"));

    let mut blank = card("b", "1405", "fe", "ee", ANSWERS);
    for column in &mut blank.fields[0].positions {
        column.marks.iter_mut().for_each(|m| m.state = crate::read::MarkState::Empty);
    }
    let case = Case::new(&[("1405", "A")], vec![blank.clone()]);
    assert_eq!(case.open(), ["ticket ticket-unknown"]);
    // A card without a ticket field is nobody's either, but there is no field to name.
    blank.fields.remove(0);
    assert_eq!(Case::new(&[("1405", "A")], vec![blank]).open(), ["sheet ticket-unknown"]);
}

#[test]
fn a_doubtful_number_is_one_exception_not_two() {
    let mut faint = card("a", "1405", "fe", "ee", ANSWERS);
    faint.fields[0].positions[3].marks[5].state = crate::read::MarkState::Marginal;
    let case = Case::new(&[("1405", "A")], vec![faint]);
    assert_eq!(case.open(), ["ticket marginal"]);
    assert_eq!(case.findings().open[0].ticket, None);
}

#[test]
fn sheets_with_one_number_are_all_held() {
    let cards = || vec![card("a", "1405", "fe", "ee", ANSWERS), card("b", "1405", "fe", "ee", ANSWERS)];
    let case = Case::new(&[("1405", "A")], cards()).room(&["1405"], &[], &[]);
    assert_eq!(case.open(), ["ticket ticket-duplicate", "ticket ticket-duplicate"]);
    assert!(case.findings().by_ticket.is_empty());

    let voided = Case::new(&[("1405", "A")], cards()).whole("b", "void");
    assert_eq!(voided.open(), NONE);
    assert_eq!(voided.findings().by_ticket[&ticket("1405")].sheet, sheet("a"));

    let accepted = Case::new(&[("1405", "A")], cards()).at("a", "ticket", "accept");
    assert_eq!(accepted.open(), ["ticket ticket-duplicate"], "the other one still has to be voided");
    let findings = accepted.findings();
    assert_eq!(findings.by_ticket[&ticket("1405")].sheet, sheet("a"));
    assert_eq!(findings.open[0].sheet, Some(sheet("b")));

    let both = Case::new(&[("1405", "A")], cards()).at("a", "ticket", "accept").at("b", "ticket", "accept");
    assert_eq!(both.open().len(), 2, "two accepted sheets are as bad as none");
}

#[test]
fn a_present_candidate_without_a_sheet_is_missing() {
    let case = Case::new(&[("1405", "A"), ("1406", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]).room(
        &["1405", "1406", "9999"],
        &[],
        &[],
    );
    assert_eq!(case.open(), ["sheet sheet-missing"]);
    let open = &case.findings().open[0];
    assert_eq!((open.sheet, open.ticket.clone()), (None, Some(ticket("1406"))));
    let case = case.decide(Place::Candidate { ticket: ticket("1406") }, "accept");
    assert_eq!(case.open(), NONE);
    let case = case.whole("a", "void");
    assert_eq!(case.open(), ["sheet sheet-missing"], "a voided sheet is as if it had not come in");
}

#[test]
fn the_form_is_compared_with_the_roster_and_only_a_person_settles_it() {
    let case = |form: &str, roster: &str| {
        Case::new(&[("1405", roster)], vec![card("a", "1405", form, "ee", ANSWERS)])
    };
    assert_eq!(case("fe", "A").form(), Some(("A".into(), FormSource::Card)));
    assert_eq!(case("fe", "").form(), Some(("A".into(), FormSource::Card)));
    for (marks, read) in [("fe", "A"), ("ee", "")] {
        let wrong = case(marks, "B");
        let cause = Cause::FormMismatch { read: read.into(), expected: "B".parse().unwrap() };
        assert_eq!(wrong.findings().open[0].exception.cause, cause);
        assert_eq!(wrong.form(), None);
        assert_eq!(wrong.findings().by_ticket[&ticket("1405")].standing, Standing::Held);
    }
    assert_eq!(case("fe", "B").at("a", "form", "=A").form(), Some(("A".into(), FormSource::Reviewer)));
    assert_eq!(case("fe", "B").at("a", "form", "accept").form(), Some(("B".into(), FormSource::Roster)));
    assert_eq!(case("ee", "B").at("a", "form", "accept").open(), NONE);
    // What was marked is evidence; it does not overrule the roster.
    let column = Place::Field { sheet: sheet("a"), field: "form".parse().unwrap(), item: "1".parse().ok() };
    assert_eq!(case("me", "B").decide(column, "=A").open(), ["form form-mismatch"]);
    // Two marks: the reviewer sees what the roster expects beside them.
    assert_eq!(case("ff", "B").open(), ["form multiple", "form form-mismatch"]);
    assert_eq!(case("ff", "B").at("a", "form", "=B").open(), NONE);
    assert_eq!(case("ee", "").open(), ["form form-unknown"]);
    assert_eq!(case("ee", "").at("a", "form", "accept").open(), ["form form-unknown"]);
    assert_eq!(case("ee", "").at("a", "form", "=B").open(), NONE);
}

#[test]
fn a_paper_with_one_form_ignores_a_blank_field_but_not_another_form() {
    let case = |form: &str| {
        let mut case = Case::new(&[("1405", "")], vec![card("a", "1405", form, "ee", ANSWERS)]);
        case.exam.papers.values_mut().for_each(|p| p.forms.truncate(1));
        case
    };
    assert_eq!(case("ee").form(), Some(("A".into(), FormSource::Paper)));
    assert_eq!(case("fe").form(), Some(("A".into(), FormSource::Card)));
    assert_eq!(case("ef").open(), ["form form-mismatch"]);
    assert_eq!(case("ef").at("a", "form", "=B").open(), ["form form-unknown"]);
}

#[test]
fn the_layout_must_be_the_papers() {
    let mut other = card("a", "1405", "fe", "ee", ANSWERS);
    other.layout = "theory-200".parse().unwrap();
    let case = Case::new(&[("1405", "A")], vec![other]);
    assert_eq!(case.open(), ["sheet layout-mismatch"]);
    assert_eq!(case.whole("a", "accept").open(), NONE);
}

#[test]
fn a_candidate_without_a_paper_is_held() {
    let mut case = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]);
    case.exam.occupations.clear();
    assert_eq!(case.open(), ["sheet paper-unknown"]);
    assert!(case.findings().by_ticket.is_empty());
}

#[test]
fn the_absent_flag_is_compared_with_the_record_and_the_responses() {
    let all: (&[&str], &[&str]) = (&["1405"], &[]);
    let gone: (&[&str], &[&str]) = (&[], &["1405"]);
    let unknown: (&[&str], &[&str]) = (&[], &[]);
    for (flags, answers, (present, absent), want) in [
        ("ee", ANSWERS, all, None),
        ("ee", NOTHING, all, None),
        ("ee", ANSWERS, unknown, None),
        ("fe", NOTHING, unknown, None),
        ("fe", NOTHING, gone, None),
        ("fe", ANSWERS, all, Some("absent absent-but-present")),
        ("fe", NOTHING, all, Some("absent absent-but-present")),
        ("fe", ANSWERS, unknown, Some("absent absent-but-present")),
        ("fe", ANSWERS, gone, Some("absent present-but-absent")),
        ("ee", ANSWERS, gone, Some("absent present-but-absent")),
        ("ee", NOTHING, gone, Some("absent present-but-absent")),
    ] {
        let case = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", flags, answers)]).room(
            present,
            absent,
            &[],
        );
        let open: Vec<_> = want.into_iter().collect();
        assert_eq!(case.open(), open, "{flags} {answers:?} {present:?} {absent:?}");
        assert_eq!(case.at("a", "absent", "accept").open(), NONE);
    }
    // The flag was a slip.
    let slip = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "fe", ANSWERS)])
        .room(&["1405"], &[], &[])
        .at("a", "absent", "blank");
    assert_eq!(slip.open(), NONE);
}

#[test]
fn a_card_without_flags_is_accepted_as_a_sheet() {
    let mut plain = card("a", "1405", "fe", "ee", ANSWERS);
    plain.fields.retain(|f| f.kind != crate::read::ReadKind::Flag);
    let case = Case::new(&[("1405", "A")], vec![plain]).room(&[], &["1405"], &["1405"]);
    assert_eq!(case.open(), ["sheet present-but-absent"]);
    assert_eq!(case.whole("a", "accept").open(), NONE);
}

#[test]
fn the_violation_flag_is_compared_with_the_record() {
    for (flags, violations, open) in
        [("ee", vec![], 0), ("ef", vec!["1405"], 0), ("ef", vec![], 1), ("ee", vec!["1405"], 1)]
    {
        let case = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", flags, ANSWERS)]).room(
            &["1405"],
            &[],
            &violations,
        );
        assert_eq!(case.open(), vec!["violation violation-mismatch"; open]);
        assert_eq!(case.at("a", "violation", "accept").open(), NONE);
    }
    let unrecorded = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ef", ANSWERS)]);
    assert_eq!(unrecorded.open(), NONE, "there is no record to compare with");
}

#[test]
fn a_page_set_aside_waits_until_it_is_voided_or_read() {
    let aside = |name: &str| SetAside {
        sheet: sheet(name),
        engine: EngineId("engine".into()),
        exception: Exception::of_sheet(Cause::LayoutCodeUnreadable),
    };
    let mut case = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]);
    case.aside = vec![aside("a"), aside("x"), aside("x"), aside("y")];
    assert_eq!(case.open(), ["sheet layout-code-unreadable"; 2]);
    let case = case.whole("x", "void").whole("y", "void").whole("y", "accept");
    assert_eq!(case.open().len(), 1, "a void can be taken back");
    assert_eq!(case.findings().open[0].sheet, Some(sheet("y")));
}

#[test]
fn doubtful_marks_hold_their_sheet_and_name_its_candidate() {
    let case = Case::new(
        &[("1405", "A"), ("1406", "A")],
        vec![card("a", "1405", "fe", "ee", ["emee", "eeee", "meee"]), card("b", "1406", "fe", "ee", ANSWERS)],
    );
    let findings = case.findings();
    let items: Vec<_> = findings.open.iter().map(|o| o.exception.item.as_ref().unwrap().as_str()).collect();
    assert_eq!(items, ["1", "3"]);
    assert!(findings.open.iter().all(|o| o.ticket == Some(ticket("1405"))));
    assert_eq!(findings.by_ticket[&ticket("1405")].standing, Standing::Held);
    assert_eq!(findings.by_ticket[&ticket("1406")].standing, Standing::Clear);
}

fn ruling(case: &mut Case, number: &str, ruling: Ruling) {
    case.rulings.0.entry(ticket(number)).or_default().push(ruling);
}

fn voided(case: &mut Case, number: &str, serial: &str, reason: &str) {
    case.rooms[0].report.voided.insert(VoidedCard {
        ticket: number.parse().ok(),
        serial: serial.into(),
        reason: reason.into(),
    });
}

#[test]
fn a_voided_card_that_turns_up_is_held_until_a_person_says_which_counts() {
    let one = || {
        let cards = vec![card("a", "1405", "fe", "ee", ANSWERS)];
        let mut case = Case::new(&[("1405", "A")], cards).room(&["1405"], &[], &[]);
        voided(&mut case, "1405", "000123", "污损");
        case
    };
    let case = one();
    assert_eq!(case.open(), ["ticket voided-card"]);
    let findings = case.findings();
    let text = findings.open[0].exception.cause.to_string();
    assert_eq!(
        text,
        "a card of 1405 was voided (作废卡: 考场 01，卡号 000123，污损), and 1 with this number came in: which of them counts?"
    );
    assert_eq!(findings.by_ticket[&ticket("1405")].standing, Standing::Held);
    let spare = one().at("a", "ticket", "accept");
    assert_eq!(spare.open(), NONE);
    assert_eq!(spare.findings().by_ticket[&ticket("1405")].standing, Standing::Clear);
    assert_eq!(
        one().whole("a", "void").open(),
        ["sheet sheet-missing"],
        "it was the voided one: the spare is missing"
    );

    let two = || {
        let mut case = one();
        case.cards.push(card("b", "1405", "fe", "ee", ANSWERS));
        case
    };
    assert_eq!(two().open(), ["ticket voided-card", "ticket voided-card"]);
    let others = two().findings().open.iter().map(|o| o.exception.cause.other_sheets()).collect::<Vec<_>>();
    assert!(others.iter().all(|o| o.len() == 1), "each names the other, to be looked at side by side");
    let chosen = two().at("b", "ticket", "accept").whole("a", "void");
    assert_eq!(chosen.open(), NONE);
    assert_eq!(chosen.findings().by_ticket[&ticket("1405")].sheet, sheet("b"));
    // A voided card without a number is nobody's.
    let mut nameless =
        Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]).room(&["1405"], &[], &[]);
    voided(&mut nameless, "", "000124", "");
    assert_eq!(nameless.open(), NONE);
}

#[test]
fn a_card_among_those_of_another_room_is_held_unless_that_room_saw_its_candidate() {
    let case = || {
        let mut case = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]);
        case.stacks.among.insert(sheet("a"), "02".parse().unwrap());
        case
    };
    assert_eq!(case().open(), ["ticket other-room"]);
    assert_eq!(case().at("a", "ticket", "accept").open(), NONE);
    let mut there = case().room(&["1405"], &[], &[]);
    there.rooms[0].room = "02".parse().unwrap();
    assert_eq!(there.open(), NONE);
}

#[test]
fn a_seat_that_the_stack_skips_is_named_with_its_neighbours() {
    let mut case = Case::new(&[("1405", "A")], Vec::new()).room(&["1405"], &[], &[]);
    case.stacks.gaps.insert(ticket("1405"), (sheet("x"), sheet("y")));
    assert_eq!(case.open(), ["sheet stack-gap"]);
    assert_eq!(case.findings().open[0].exception.cause.other_sheets(), [sheet("x"), sheet("y")]);
    assert_eq!(case.decide(Place::Candidate { ticket: ticket("1405") }, "accept").open(), NONE);
}

#[test]
fn a_card_of_someone_who_is_not_to_sit_theory_is_held_until_it_is_void() {
    let carried = || Ruling::CarriedOver { part: Part::Theory, score: None, source: "第1批".into() };
    for ruled in [carried(), Ruling::Retake { part: Part::Practical, reason: String::new() }] {
        let mut case = Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]);
        ruling(&mut case, "1405", ruled);
        assert_eq!(case.open(), ["sheet not-sitting"]);
        let case = case.whole("a", "accept");
        assert_eq!(case.open(), ["sheet not-sitting"], "to accept it would not say which is wrong");
        assert_eq!(case.whole("a", "void").open(), NONE);
    }
    // An absent card of theirs says nothing else, and nobody waits for a card.
    let mut flagged = Case::new(&[("1405", "A")], vec![card("a", "1405", "ee", "fe", NOTHING)]);
    ruling(&mut flagged, "1405", carried());
    assert_eq!(flagged.open(), NONE);
    let mut none = Case::new(&[("1405", "A")], Vec::new()).room(&["1405"], &[], &[]);
    ruling(&mut none, "1405", carried());
    assert_eq!(none.open(), NONE);
}

#[test]
fn whoever_is_ruled_absent_has_no_card() {
    let absent = || Ruling::Absent { part: Part::Theory, reason: String::new() };
    let mut case =
        Case::new(&[("1405", "A")], vec![card("a", "1405", "fe", "ee", ANSWERS)]).room(&["1405"], &[], &[]);
    ruling(&mut case, "1405", absent());
    assert_eq!(case.open(), ["absent present-but-absent"]);
    let mut none = Case::new(&[("1405", "A")], Vec::new()).room(&["1405"], &[], &[]);
    ruling(&mut none, "1405", absent());
    assert_eq!(none.open(), NONE, "the room that saw them is the merge's to tell");
}
