//! `duka exceptions` and `duka resolve`.

use super::{Context, Ending, Failure};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Exceptions {
    /// Write exceptions.csv and a picture of each place into DIR; fill in its last three columns
    /// (decision, reviewer, reason) and give it to `duka resolve`
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "A decision is a value (B, =BD, =140510001001), `blank` (nothing is marked), `accept` \
(it stays as it is) or `void` (the sheet does not count). Rows without a decision are passed over. A row \
decides about its own field and item; to put another field of the same sheet right (the ticket number of a card that is \
held for its 缺考), write that field's name (`ticket`) into the row's field column and empty its item. A decision is \
added to the record; it never changes what was read, and a later one takes its place."
)]
pub struct Resolve {
    /// The list from `duka exceptions --export`, with decisions
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who decided, where the list's reviewer column is empty
    #[arg(long, value_name = "NAME")]
    reviewer: Option<String>,
}

pub fn list(args: &Exceptions, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    if let Some(folder) = &args.export {
        let done = session.export_exceptions(folder)?;
        context.output.line(format!(
            "{} exceptions in {}, {} pictures beside it",
            done.exceptions,
            done.list.display(),
            done.crops
        ));
        for lost in &done.lost {
            context.output.line(format!("  no picture: {lost} is gone or has changed since it was read"));
        }
        context.output.value(&json!({
            "list": done.list, "exceptions": done.exceptions, "crops": done.crops, "lost": done.lost,
        }));
        return Ok(ending(done.exceptions));
    }
    let open = session.open_exceptions()?;
    if open.is_empty() {
        context.output.line("no exception is open");
    }
    let mut values = Vec::with_capacity(open.len());
    for item in &open {
        let e = &item.exception;
        let place = match &e.sheet {
            Some(sheet) => format!("{} page {}", item.source, sheet.page),
            None => "no sheet".to_owned(),
        };
        let who =
            item.candidate.as_ref().map(|(name, room, seat)| format!(" [{name}, 考场 {room} 座位 {seat}]"));
        context.output.line(format!(
            "{:<20} {place}{}: {}",
            e.exception.cause.kind(),
            who.unwrap_or_default(),
            e.exception
        ));
        values.push(json!({
            "kind": e.exception.cause.kind(), "source": item.source, "sheet": e.sheet, "ticket": e.ticket,
            "field": e.exception.field, "item": e.exception.item, "read": item.read,
            "detail": e.exception.cause.to_string(),
        }));
    }
    context.output.value(&values);
    Ok(ending(open.len()))
}

pub fn resolve(args: &Resolve, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let done = session.resolve(&args.file, args.reviewer.as_deref())?;
    context
        .output
        .line(format!("{} decisions recorded, {} exceptions still open", done.decisions, done.open));
    context.output.value(&json!({ "decisions": done.decisions, "open_exceptions": done.open }));
    Ok(ending(done.open))
}

fn ending(open: usize) -> Ending {
    if open > 0 { Ending::Exceptions } else { Ending::Clean }
}
