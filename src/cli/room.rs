//! `duka room import|record|show`.

use super::{Context, Ending, Failure, import};
use clap::{Args, Subcommand};
use duka::exam::{HandedOut, RoomRecord, RoomReport, RoomSaid, VoidedCard};
use duka::session::Session;
use duka::sheet::TicketNumber;
use serde_json::json;

/// What is done with room records.
#[derive(Debug, Subcommand)]
pub enum Room {
    /// Take in FILE… (xlsx, xls or csv in UTF-8 or GBK); every wrong row is listed and nothing is taken in
    Import(import::Files),
    /// Record one room as its invigilator tells it; whoever is not named was present
    Record(Box<Record>),
    /// Show the room records in force
    Show,
}

#[derive(Debug, Args)]
#[command(
    after_help = "A record takes the place of the room's earlier one; both stay in the journal, and what is different is \
told. What the signed room record does not say is left out."
)]
pub struct Record {
    /// The room, as the roster writes it
    room: String,
    /// Ticket number of an absent candidate (缺考); may be given again
    #[arg(long, value_name = "TICKET")]
    absent: Vec<TicketNumber>,
    /// A violation (违纪) with the record's words; may be given again
    #[arg(long, value_name = "TICKET=WORDS", value_parser = violation)]
    violation: Vec<(TicketNumber, String)>,
    /// A voided card (作废卡): its ticket number, or #NUMBER of the card, and why; may be given again
    #[arg(long, value_name = "TICKET[#CARD][=WHY]", value_parser = voided)]
    void_card: Vec<VoidedCard>,
    /// Spare cards that were used (备用卡)
    #[arg(long, value_name = "N")]
    spare: Option<u32>,
    /// Papers handed out and returned (试卷)
    #[arg(long, value_name = "OUT/BACK", value_parser = handed)]
    papers: Option<HandedOut>,
    /// Answer cards handed out and returned (答题卡)
    #[arg(long, value_name = "OUT/BACK", value_parser = handed)]
    cards: Option<HandedOut>,
    /// Lowest ticket number (起始号)
    #[arg(long, value_name = "TICKET")]
    first: Option<TicketNumber>,
    /// Highest ticket number (终止号)
    #[arg(long, value_name = "TICKET")]
    last: Option<TicketNumber>,
    /// An invigilator (监考员); may be given again
    #[arg(long, value_name = "NAME")]
    invigilator: Vec<String>,
    /// A remark (备注)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    remark: String,
}

fn ticket(text: &str) -> Result<TicketNumber, String> {
    text.parse().map_err(|error: duka::sheet::IdError| error.to_string())
}

fn violation(text: &str) -> Result<(TicketNumber, String), String> {
    let (number, words) = text.split_once('=').unwrap_or((text, "违纪"));
    let words = if words.trim().is_empty() { "违纪" } else { words.trim() };
    Ok((ticket(number)?, words.to_owned()))
}

fn voided(text: &str) -> Result<VoidedCard, String> {
    let (card, reason) = text.split_once('=').unwrap_or((text, ""));
    let (number, serial) = card.split_once('#').unwrap_or((card, ""));
    let number = if number.is_empty() { None } else { Some(ticket(number)?) };
    if number.is_none() && serial.trim().is_empty() {
        return Err("names neither a ticket number nor a card's number".to_owned());
    }
    Ok(VoidedCard { ticket: number, serial: serial.trim().to_owned(), reason: reason.trim().to_owned() })
}

fn handed(text: &str) -> Result<HandedOut, String> {
    let wrong = || format!("{text:?} is not two numbers such as 30/30");
    let (out, back) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse().map(Some).map_err(|_| wrong());
    Ok(HandedOut { out: number(out)?, back: number(back)? })
}

pub fn run(room: Room, context: &Context) -> Result<Ending, Failure> {
    match room {
        Room::Import(files) => {
            import::run(&import::Import::Import(files), "room records (考场)", Session::import_rooms, context)
        }
        Room::Record(told) => record(*told, context),
        Room::Show => show(context),
    }
}

fn record(told: Record, context: &Context) -> Result<Ending, Failure> {
    let said = RoomSaid {
        room: told.room,
        absent: told.absent.into_iter().collect(),
        violations: told.violation.into_iter().collect(),
        report: RoomReport {
            first: told.first,
            last: told.last,
            papers: told.papers.unwrap_or_default(),
            cards: told.cards.unwrap_or_default(),
            spare: told.spare,
            voided: told.void_card.into_iter().collect(),
            invigilators: told.invigilator,
            remark: told.remark,
        },
    };
    let mut session = context.open()?;
    let done = session.record_room(said)?;
    import::tell(&done, "room records (考场)", context);
    Ok(Ending::Clean)
}

fn show(context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let records = session.room_records()?;
    if records.is_empty() {
        context.output.line("no room record (考场情况记录) yet");
    }
    for record in &records {
        for line in lines(record) {
            context.output.line(line);
        }
    }
    context.output.value(&json!(records));
    Ok(Ending::Clean)
}

/// A record for a person, one line a fact that is there.
fn lines(record: &RoomRecord) -> Vec<String> {
    let RoomReport { first, last, papers, cards, spare, voided, invigilators, remark } = &record.report;
    let mut out = vec![format!(
        "room {}: present {} (实到), absent {} (缺考), violations {} (违纪)",
        record.room,
        record.present.len(),
        record.absent.len(),
        record.violations.len()
    )];
    out.extend(record.absent.iter().map(|ticket| format!("  缺考 {ticket}")));
    out.extend(record.violations.iter().map(|(ticket, words)| format!("  违纪 {ticket}: {words}")));
    out.extend(voided.iter().map(|card| format!("  作废卡 {card}")));
    let ticket = |what: &str, ticket: &Option<TicketNumber>| ticket.as_ref().map(|t| format!("  {what} {t}"));
    out.extend(ticket("起始号", first));
    out.extend(ticket("终止号", last));
    let handed = |what: &str, handed: &HandedOut| {
        let number = |n: Option<u32>| n.map_or_else(|| "—".to_owned(), |n| n.to_string());
        (!handed.is_empty())
            .then(|| format!("  {what} 发放 {} 回收 {}", number(handed.out), number(handed.back)))
    };
    out.extend(handed("试卷", papers));
    out.extend(handed("答题卡", cards));
    out.extend(spare.map(|spare| format!("  备用卡 {spare}")));
    if !invigilators.is_empty() {
        out.push(format!("  监考员 {}", invigilators.join("、")));
    }
    if !remark.is_empty() {
        out.push(format!("  备注 {remark}"));
    }
    out
}
