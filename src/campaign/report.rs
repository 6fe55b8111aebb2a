//! What a campaign found, counted.

use super::bounds::{held_interval, most_likely_errors};
use super::sheet::{Outcome, Seen};
use crate::simulate::{Act, Damage, Manner, SheetFate, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Wrong responses that are listed one by one; more say nothing new.
const MOST_LISTED: usize = 200;

/// What was counted of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The act, the damage or the layout; `all` for everything.
    pub kind: String,
    /// Sheets; of acts those on which one was.
    pub sheets: u64,
    /// Sheets that were set aside.
    pub set_aside: u64,
    /// Responses that came of the others.
    pub responses: u64,
    /// Responses that were stood behind and wrong.
    pub silent_errors: u64,
    /// Upper 95 % bound of their share.
    pub silent_error_bound: f64,
    /// Responses that were held.
    pub held: u64,
    /// Their share, and its 95 % interval.
    pub held_share: f64,
    /// Lower and upper end.
    pub held_interval: (f64, f64),
    /// Of the responses those that were made carefully.
    pub careful: u64,
    /// Of these those that were held.
    pub careful_held: u64,
}

/// Careful cards from an office's scanner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfficeReport {
    /// Careful cards.
    pub sheets: u64,
    /// Of these: set aside.
    pub set_aside: u64,
    /// Of these: with anything held.
    pub sheets_held: u64,
    /// The upper 95 % bound of the share of cards that were set aside or have anything held.
    pub sheets_held_bound: f64,
    /// Careful responses on all cards from the office, careful or not.
    pub careful: u64,
    /// Of these: held.
    pub careful_held: u64,
    /// The upper 95 % bound of their share.
    pub careful_held_bound: f64,
}

/// A response that was stood behind and is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongResponse {
    /// The sheet's number.
    pub index: u64,
    /// The sheet's layout.
    pub layout: String,
    /// What happened to the sheet.
    pub damage: Damage,
    /// `items 17`, `ticket`.
    pub place: String,
    /// What was done there.
    pub act: Act,
    /// What was expected.
    pub expected: String,
    /// What was read.
    pub read: String,
}

/// What a campaign found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Targets that were measured.
    pub marks: u64,
    /// Everything.
    pub all: Line,
    /// By damage, in the damages' order.
    pub damages: Vec<Line>,
    /// By act, in the acts' order.
    pub acts: Vec<Line>,
    /// By layout.
    pub layouts: Vec<Line>,
    /// Careful cards from an office's scanner, if there were any.
    pub office: Option<OfficeReport>,
    /// The first wrong responses.
    pub wrong: Vec<WrongResponse>,
}

#[derive(Debug, Default, Clone)]
struct Count {
    sheets: u64,
    set_aside: u64,
    responses: u64,
    wrong: u64,
    held: u64,
    careful: u64,
    careful_held: u64,
}

impl Count {
    fn add(&mut self, seen: &Seen) {
        self.responses += 1;
        self.wrong += u64::from(seen.verdict == Verdict::Wrong);
        let held = u64::from(seen.verdict == Verdict::Held);
        self.held += held;
        if seen.deed.expect.is_careful() {
            self.careful += 1;
            self.careful_held += held;
        }
    }

    fn line(&self, kind: String) -> Line {
        Line {
            kind,
            sheets: self.sheets,
            set_aside: self.set_aside,
            responses: self.responses,
            silent_errors: self.wrong,
            silent_error_bound: most_likely_errors(self.wrong, self.responses),
            held: self.held,
            held_share: self.held as f64 / self.responses.max(1) as f64,
            held_interval: held_interval(self.held, self.responses),
            careful: self.careful,
            careful_held: self.careful_held,
        }
    }
}

/// Results being counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    marks: u64,
    all: Count,
    damages: BTreeMap<Damage, Count>,
    acts: BTreeMap<Act, Count>,
    layouts: BTreeMap<String, Count>,
    office: Count,
    office_sheets_held: u64,
    wrong: Vec<WrongResponse>,
}

impl Tally {
    pub(super) fn marks(&self) -> u64 {
        self.marks
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.marks += outcome.marks;
        let damage = self.damages.entry(outcome.damage).or_default();
        let layout = self.layouts.entry(outcome.layout.clone()).or_default();
        let careful_office = outcome.damage == Damage::Office && outcome.manner == Manner::Careful;
        for count in [&mut self.all, damage, layout] {
            count.sheets += 1;
            count.set_aside += u64::from(outcome.seen.is_err());
        }
        if careful_office {
            self.office.sheets += 1;
            self.office.set_aside += u64::from(outcome.seen.is_err());
        }
        let Ok(seen) = &outcome.seen else { return };
        let mut acts_here: Vec<Act> = Vec::new();
        for one in seen {
            for count in [&mut self.all, &mut *damage, &mut *layout] {
                count.add(one);
            }
            if outcome.damage == Damage::Office {
                self.office.add(one);
            }
            // What is on a sheet that nobody could read says nothing about acts.
            if outcome.fate == SheetFate::Read {
                let act = self.acts.entry(one.deed.act).or_default();
                act.add(one);
                if !acts_here.contains(&one.deed.act) {
                    acts_here.push(one.deed.act);
                    act.sheets += 1;
                }
            }
            if one.verdict == Verdict::Wrong && self.wrong.len() < MOST_LISTED {
                self.wrong.push(wrong(outcome, one));
            }
        }
        let any_held = seen.iter().any(|one| one.verdict == Verdict::Held);
        self.office_sheets_held += u64::from(careful_office && any_held);
    }

    pub(super) fn report(self, seed: u64) -> Report {
        let office = (self.office.sheets > 0).then(|| {
            let kept = self.office_sheets_held + self.office.set_aside;
            OfficeReport {
                sheets: self.office.sheets,
                set_aside: self.office.set_aside,
                sheets_held: self.office_sheets_held,
                sheets_held_bound: most_likely_errors(kept, self.office.sheets),
                careful: self.office.careful,
                careful_held: self.office.careful_held,
                careful_held_bound: most_likely_errors(self.office.careful_held, self.office.careful),
            }
        });
        Report {
            seed,
            marks: self.marks,
            all: self.all.line("all".to_owned()),
            damages: self.damages.iter().map(|(d, count)| count.line(d.word().to_owned())).collect(),
            acts: self.acts.iter().map(|(a, count)| count.line(a.word().to_owned())).collect(),
            layouts: self.layouts.iter().map(|(name, count)| count.line(name.clone())).collect(),
            office,
            wrong: self.wrong,
        }
    }
}

fn wrong(outcome: &Outcome, seen: &Seen) -> WrongResponse {
    let expected = match outcome.fate {
        SheetFate::SetAside => "set aside".to_owned(),
        SheetFate::Read => seen.deed.expect.to_string(),
    };
    WrongResponse {
        index: outcome.index,
        layout: outcome.layout.clone(),
        damage: outcome.damage,
        place: seen.deed.place(),
        act: seen.deed.act,
        expected,
        read: format!("{} {:?}", seen.response.state.word(), seen.response.value),
    }
}

impl Report {
    /// Tables for a person: everything, by damage, by act, by layout, the office's cards.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (title, lines) in [
            ("damage", &self.damages),
            ("act", &self.acts),
            ("layout", &self.layouts),
            ("everything", &vec![self.all.clone()]),
        ] {
            // Writing to a string can't fail.
            let _ = writeln!(
                out,
                "{title:<19}{:>8}{:>7}{:>11}{:>8}{:>11}{:>9}{:>9}  {:<17}{:>14}",
                "sheets", "aside", "responses", "silent", "at most", "held", "", "(95 %)", "careful held"
            );
            for line in lines {
                let (low, high) = line.held_interval;
                let _ = writeln!(
                    out,
                    "{:<19}{:>8}{:>7}{:>11}{:>8}{:>11}{:>9}{:>8.2}%  {:<17}{:>14}",
                    line.kind,
                    line.sheets,
                    line.set_aside,
                    line.responses,
                    line.silent_errors,
                    format!("{:.1e}", line.silent_error_bound),
                    line.held,
                    100.0 * line.held_share,
                    format!("{:.2}–{:.2} %", 100.0 * low, 100.0 * high),
                    format!("{}/{}", line.careful_held, line.careful),
                );
            }
            out.push('\n');
        }
        if let Some(office) = &self.office {
            let _ = writeln!(
                out,
                "careful cards from an office's scanner: {} of {} careful responses held (at most {:.3} %); of {} \
                 cards {} with anything held and {} set aside (at most {:.1} %)",
                office.careful_held,
                office.careful,
                100.0 * office.careful_held_bound,
                office.sheets,
                office.sheets_held,
                office.set_aside,
                100.0 * office.sheets_held_bound
            );
        }
        let _ = writeln!(
            out,
            "{} marks on {} sheets, {} responses: {} silent errors, at most {:.1e} (95 %)",
            self.marks,
            self.all.sheets,
            self.all.responses,
            self.all.silent_errors,
            self.all.silent_error_bound
        );
        out
    }
}
