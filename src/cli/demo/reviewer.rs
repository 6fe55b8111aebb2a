//! The made-up reviewer: gets the list as any reviewer does, looks at the card, sends the list back.

use super::cards::Card;
use crate::cli::{Failure, Output};
use duka::exam::Roster;
use duka::publish::EXCEPTION_COLUMNS;
use duka::session::{Open, Session, write_whole};
use duka::sheet::{Cause, FieldName};
use std::collections::BTreeMap;
use std::path::Path;

/// Rounds until nothing is open: a number put right may bring up what it hid.
const ROUNDS: usize = 4;

/// Decides everything that is open, through the exported list; gives how many exceptions there were.
pub fn decide(
    session: &mut Session,
    folder: &Path,
    roster: &Roster,
    cards: &[Card],
    out: &Output,
) -> Result<usize, Failure> {
    let mut held = 0;
    for round in 1..=ROUNDS {
        let open = session.open_exceptions()?;
        if open.is_empty() {
            break;
        }
        held += open.len();
        for item in &open {
            let who = item.candidate.as_ref().map_or(String::new(), |(name, _, _)| format!(" {name}"));
            let from = if item.source.is_empty() { "no sheet" } else { &item.source };
            out.line(format!(
                "   held: {:<17} {from}{who}: {}",
                item.exception.exception.cause.kind(),
                item.exception.exception
            ));
        }
        let review = folder.join("review").join(format!("round-{round}"));
        let exported = session.export_exceptions(&review)?;
        let decided = review.join("decided.csv");
        let bytes = std::fs::read(&exported.list).map_err(|e| Failure::file("read", &exported.list, &e))?;
        write_whole(&decided, &fill(&bytes, &open, roster, cards)?)?;
        let done = session.resolve(&decided, None)?;
        out.line(format!("   round {round}: {} decisions, {} still open", done.decisions, done.open));
    }
    Ok(held)
}

/// The list with the reviewer's three columns filled in.
fn fill(list: &[u8], open: &[Open], roster: &Roster, cards: &[Card]) -> Result<Vec<u8>, Failure> {
    let failed =
        |e: csv::Error| Failure::new(format!("the exported list can't be read back: {e}"), None::<&str>);
    let by_file: BTreeMap<&str, &Card> = cards.iter().map(|c| (c.file.as_str(), c)).collect();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(list);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (index, record) in reader.records().enumerate() {
        let mut record: Vec<String> = record.map_err(failed)?.iter().map(str::to_owned).collect();
        if let Some(item) = index.checked_sub(1).and_then(|i| open.get(i)) {
            let file = item.source.rsplit(['/', '\\']).next().unwrap_or_default();
            let decision = by_file.get(file).and_then(|card| look(item, card, roster));
            if let (Some((decision, reason)), true) = (decision, record.len() == EXCEPTION_COLUMNS.len()) {
                let first = EXCEPTION_COLUMNS.len() - 3;
                if reason == RENUMBERED {
                    // Whatever is held there, it is the number that is wrong.
                    set(&mut record, "field", FieldName::TICKET);
                    set(&mut record, "item", "");
                }
                record[first] = decision;
                record[first + 1] = "演示审核员".into();
                record[first + 2] = reason.into();
            }
        }
        writer.write_record(&record).map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Failure::new(e, None::<&str>))
}

fn set(record: &mut [String], column: &str, text: &str) {
    if let Some(at) = EXCEPTION_COLUMNS.iter().position(|c| *c == column) {
        text.clone_into(&mut record[at]);
    }
}

/// Why a number was put right.
const RENUMBERED: &str = "按卡面姓名与座位核对";

/// What the card in the hand says about an open exception.
fn look(open: &Open, card: &Card, roster: &Roster) -> Option<(String, &'static str)> {
    let exception = &open.exception.exception;
    let right_number = || Some((format!("={}", card.ticket), RENUMBERED));
    match &exception.cause {
        Cause::Multiple { .. } if exception.field.as_ref().is_some_and(|f| f.as_str() == "items") => {
            Some(("accept".into(), "确为双选"))
        }
        Cause::Marginal { .. } => {
            let item = exception.item.as_ref()?.as_str().parse::<u16>().ok()?;
            let meant = card.items.get(&item)?;
            let text = if meant.is_empty() { "blank".into() } else { format!("={meant}") };
            Some((text, "涂得较淡，确认为所涂选项"))
        }
        Cause::TicketUnknown { .. } | Cause::BlankColumns { .. } => right_number(),
        // A sheet that carries another candidate's number is put right; that candidate's own sheet, if there is
        // one, then stands alone.
        Cause::TicketDuplicate { ticket, .. }
        | Cause::PresentButAbsent { ticket, .. }
        | Cause::OtherRoom { ticket, .. }
        | Cause::AbsentButPresent { ticket, .. }
            if *ticket != card.ticket =>
        {
            right_number()
        }
        Cause::FormMismatch { .. } => {
            let form = roster.candidates.get(&card.ticket)?.form.as_ref()?;
            Some((format!("={form}"), "按考场记录核对试卷类型"))
        }
        _ => None,
    }
}
