//! `duka status`.

use super::{Context, Ending, Failure};
use duka::merge::RoomBalance;
use duka::session::Status;
use duka::store::{HealthEvent, Severity};
use serde_json::json;
use std::fmt::Write as _;

pub fn run(context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let status = session.status()?;
    let out = &context.output;
    out.line(format!("{} · {} · {}", session.exam().batch, session.exam().institute, session.exam().date));
    out.line(format!("candidates on the roster (名册): {}", status.candidates));
    let c = status.counts;
    out.line(format!("pages: fed {} = read {} + set aside {}", c.fed, c.read, c.set_aside));
    for file in &status.unfinished {
        out.line(format!("  {} is there only in part ({} pages): scan it again", file.path, file.pages));
    }
    out.line(scanner_line(&status.health));
    out.line("rooms (考场):");
    for room in &status.rooms {
        out.line(format!("  {}", line_of(room)));
    }
    if status.open.is_empty() {
        out.line("exceptions: none open");
    } else {
        out.line(format!("exceptions: {} open", status.open_count()));
        for (kind, count) in &status.open {
            out.line(format!("  {count:>5} {kind}"));
        }
    }
    out.line(format!("practical scores (实操成绩): {}", status.practical));
    match &status.frozen {
        Some(hash) => out.line(format!("frozen: {hash}\ngraded: {}", status.graded)),
        None => out.line("frozen: no"),
    }
    tell_to_sign(&status.to_sign, context);
    let late = status.late;
    if late.all() > 0 {
        out.line(format!(
            "late sheets: {} (counted {}, refused {}, to be decided {}): `duka late cases`",
            late.all(),
            late.counted,
            late.refused,
            late.undecided
        ));
    }
    out.value(&value_of(&status));
    Ok(if status.open_count() + status.unfinished.len() + late.undecided > 0 {
        Ending::Exceptions
    } else {
        Ending::Clean
    })
}

/// Names the acts whose head is still to be signed, if there are any.
pub fn tell_to_sign(acts: &[(String, u64)], context: &Context) {
    if acts.is_empty() {
        return;
    }
    let named: Vec<String> = acts.iter().map(|(kind, entry)| format!("{kind} (entry {entry})")).collect();
    let some = named[named.len().saturating_sub(4)..].join(", ");
    let more = if named.len() > 4 { format!("{} acts, last ", named.len()) } else { String::new() };
    context.output.line(format!(
        "journal: a supervisor and a custodian are to sign its head after {more}{some}: `duka head sign`"
    ));
}

/// How the scanner was, in a line; each trouble once, as it was told last.
fn scanner_line(events: &[HealthEvent]) -> String {
    let latest = events.iter().enumerate().filter(|(i, event)| {
        let same =
            |later: &&HealthEvent| later.since == event.since && later.trouble.kind() == event.trouble.kind();
        events[i + 1..].iter().find(same).is_none()
    });
    let told: Vec<String> = latest
        .map(|(_, event)| {
            let limit = if event.severity == Severity::Limit { " (past its limit)" } else { "" };
            format!("{event}{limit}")
        })
        .collect();
    if told.is_empty() { "scanner: no trouble told".into() } else { format!("scanner: {}", told.join("; ")) }
}

/// A room in one line.
pub fn line_of(room: &RoomBalance) -> String {
    let mut line = format!(
        "{}: expected {} (应到), present {} (实到), absent {} (缺考), sheets {}",
        room.room, room.expected, room.present, room.absent, room.read
    );
    if room.holds() {
        line += " — balances";
        return line;
    }
    line += " — does not balance:";
    if !room.recorded {
        line += " no room record";
    }
    for (set, what) in [
        (&room.unrecorded, "not recorded"),
        (&room.strangers, "not on its roster"),
        (&room.missing, "without a sheet"),
        (&room.surplus, "with a sheet but not present"),
    ] {
        if room.recorded && !set.is_empty() {
            let some: Vec<_> = set.iter().take(3).map(ToString::to_string).collect();
            let more = if set.len() > 3 { ", …" } else { "" };
            // Writing to a string can't fail.
            let _ = write!(line, " {} {what} ({}{more})", set.len(), some.join(", "));
        }
    }
    line
}

fn value_of(status: &Status) -> serde_json::Value {
    let rooms: Vec<_> = status
        .rooms
        .iter()
        .map(|r| {
            json!({
                "room": r.room, "balances": r.holds(), "recorded": r.recorded, "expected": r.expected,
                "present": r.present, "absent": r.absent, "read": r.read, "unrecorded": r.unrecorded,
                "strangers": r.strangers, "missing": r.missing, "surplus": r.surplus,
            })
        })
        .collect();
    json!({
        "candidates": status.candidates,
        "pages": { "fed": status.counts.fed, "read": status.counts.read, "set_aside": status.counts.set_aside },
        "open_exceptions": status.open,
        "unfinished": status
            .unfinished
            .iter()
            .map(|f| json!({ "path": f.path, "image": f.image, "pages": f.pages }))
            .collect::<Vec<_>>(),
        "rooms": rooms,
        "practical": status.practical,
        "frozen": status.frozen,
        "graded": status.graded,
        "to_sign": status.to_sign.iter().map(|(kind, entry)| json!({ "act": kind, "entry": entry })).collect::<Vec<_>>(),
        "late": {
            "counted": status.late.counted, "refused": status.late.refused, "undecided": status.late.undecided,
        },
        "scanner": super::scan::health_values(&status.health),
    })
}
