//! The command line: what a verb prints and how it ends. The work is the library's.

mod archive;
mod campaign;
mod demo;
mod exceptions;
mod export;
mod failure;
mod files;
mod grade;
mod identity;
mod import;
mod interrupt;
mod journal;
mod items;
mod key;
mod late;
mod layout;
mod manifest;
mod new;
mod output;
mod paper;
mod passphrase;
mod practical;
mod print;
mod progress;
mod public;
mod publish;
mod read;
mod room;
mod regrade;
mod recheck;
mod retention;
mod scan;
mod shield;
mod show;
mod signing;
mod simulate;
mod statistics;
mod status;
mod verify;

use clap::{Parser, Subcommand};
use duka::exam::AssessedPart;
use duka::session::Session;
pub use failure::Failure;
pub use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// 读卡: reads answer cards, grades them against sealed keys, issues score reports (成绩单).
#[derive(Debug, Parser)]
#[command(name = "duka", version, about, max_term_width = 100)]
#[command(after_help = "Exit code: 0 clean, 1 done but exceptions remain for a person, 2 failed.")]
struct Cli {
    /// Folder of the exam session (批次), with exam.toml, duka.db, scans/ and out/
    #[arg(long, global = true, display_order = 900, value_name = "DIR", default_value = ".")]
    session: PathBuf,
    /// Print one JSON value instead of text
    #[arg(long, global = true, display_order = 901)]
    json: bool,
    /// Who is at work: the name stands in the journal [default: the variable `DUKA_BY`, or the account's
    /// name]
    #[arg(long, global = true, display_order = 902, value_name = "NAME")]
    by: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Do the whole job on a made-up exam: print, fill, scan, read, grade, merge, publish
    Demo(demo::Demo),
    Layout(layout::Args),
    Print(print::Args),
    Identity(identity::Args),
    Manifest(manifest::Args),
    Key(key::Args),
    Read(read::Args),
    Simulate(simulate::Args),
    Campaign(campaign::Args),
    /// Make the folder of a new exam session (批次), with a commented exam.toml
    New(new::New),
    /// Take in the roster (鉴定名册)
    #[command(subcommand)]
    Roster(import::Import),
    /// Take in room records (考场情况记录): who was present, absent, in violation, voided and spare cards
    #[command(subcommand)]
    Room(room::Room),
    /// Take in rulings about candidates (特殊情况): absent, void, deduction, carried-over pass (单科保留), retake (补考)
    #[command(subcommand)]
    Ruling(import::Import),
    /// Practical scores (实操成绩): score sheets for assessors, and what came back
    #[command(subcommand)]
    Practical(practical::Verb),
    /// 综合评审 of 二级 and 一级: score sheets for assessors, and what came back
    #[command(subcommand)]
    Review(practical::Verb),
    /// Take in marks given by hand (人工阅卷) for sections of a theory paper
    #[command(subcommand)]
    Marks(import::Import),
    /// Read scanned cards into the record
    Scan(scan::Scan),
    /// Show what came in, what balances and what waits
    Status,
    /// Draw what was seen on a sheet's scan, whole or one field or item
    Show(show::Show),
    /// List what waits for a person, or write it out with pictures
    Exceptions(exceptions::Exceptions),
    /// Take a person's decisions back
    Resolve(exceptions::Resolve),
    /// Close the record under one hash; only then is an answer key opened
    Freeze,
    Grade(grade::Grade),
    Regrade(regrade::Regrade),
    Items(items::Items),
    Statistics(statistics::Statistics),
    Slips(statistics::Slips),
    /// Join theory and practical scores and show the outcome
    Merge,
    Publish(publish::Publish),
    Publications(publish::Publications),
    /// Check that the record is what was written, and that the pictures are still there
    Verify(verify::Verify),
    /// List what was done, when and by whom
    Journal(journal::Journal),
    Head(journal::Head),
    Recheck(recheck::Recheck),
    Late(late::Late),
    PublicList(public::PublicList),
    Lookup(public::Lookup),
    RoomCheck(public::RoomCheck),
    #[command(subcommand)]
    Export(export::Export),
    Retention(retention::Retention),
    Archive(archive::Archive),
    Restore(archive::Restore),
}

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing waits for a person.
    Clean,
    /// Done, but exceptions remain.
    Exceptions,
}

/// What every verb knows.
pub struct Context {
    /// The session's folder.
    pub session: PathBuf,
    /// Where results go: text or JSON.
    pub output: Output,
    /// Who is at work.
    pub who: String,
}

impl Context {
    /// The session that the command line names.
    pub fn open(&self) -> Result<Session, Failure> {
        Ok(Session::open_as(&self.session, now, &self.who)?)
    }
}

/// The present time, to the second, with its offset from UTC: for the journal.
pub fn now() -> String {
    let now = jiff::Zoned::now();
    now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Who the environment says is at work: a name that was set for it, or the account's.
fn account() -> String {
    let names = ["DUKA_BY", "LOGNAME", "USER", "USERNAME"];
    names.into_iter().find_map(|name| std::env::var(name).ok().filter(|n| !n.is_empty())).unwrap_or_default()
}

/// Runs the verb that the command line names.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let who = cli.by.unwrap_or_else(account);
    let context = Context { session: cli.session, output: Output::new(cli.json), who };
    let ending = match cli.verb {
        Verb::Demo(args) => demo::run(&args, &context),
        Verb::New(args) => new::run(&args, &context),
        Verb::Roster(args) => import::run(&args, "candidates (考生)", Session::import_roster, &context),
        Verb::Room(args) => room::run(args, &context),
        Verb::Ruling(args) => import::run(&args, "rulings (特殊情况)", Session::import_rulings, &context),
        Verb::Practical(verb) => practical::run(&verb, AssessedPart::Practical, &context),
        Verb::Review(verb) => practical::run(&verb, AssessedPart::Review, &context),
        Verb::Marks(args) => import::run(&args, "marks by hand (人工阅卷)", Session::import_hand, &context),
        Verb::Scan(args) => scan::run(&args, &context),
        Verb::Status => status::run(&context),
        Verb::Show(args) => show::run(&args, &context),
        Verb::Exceptions(args) => exceptions::list(&args, &context),
        Verb::Resolve(args) => exceptions::resolve(&args, &context),
        Verb::Freeze => grade::freeze(&context),
        Verb::Grade(args) => grade::grade(&args, &context),
        Verb::Regrade(args) => regrade::run(&args, &context),
        Verb::Items(args) => items::run(&args, &context),
        Verb::Statistics(args) => statistics::run(&args, &context),
        Verb::Slips(args) => statistics::slips(&args, &context),
        Verb::Merge => publish::merge(&context),
        Verb::Publish(args) => publish::publish(&args, &context),
        Verb::Publications(args) => publish::publications(&args, &context),
        Verb::Verify(args) => verify::verify(&args, &context),
        Verb::Journal(args) => journal::journal(&args, &context),
        Verb::Head(args) => journal::head(&args, &context),
        Verb::Recheck(args) => recheck::run(&args, &context),
        Verb::PublicList(args) => public::list(&args, &context),
        Verb::Lookup(args) => public::lookup(&args, &context),
        Verb::RoomCheck(args) => public::room_check(&args, &context),
        Verb::Export(args) => export::run(&args, &context),
        Verb::Retention(args) => retention::run(&args, &context),
        Verb::Archive(args) => archive::archive(&args, &context),
        Verb::Restore(args) => archive::restore(&args, &context),
        Verb::Late(args) => late::run(&args, &context),
        Verb::Layout(args) => layout::run(&args, &context),
        Verb::Print(args) => print::run(&args, &context),
        Verb::Identity(args) => identity::run(&args, &context),
        Verb::Manifest(args) => manifest::run(&args, &context),
        Verb::Key(args) => key::run(&args, &context),
        Verb::Read(args) => read::run(&args, &context),
        Verb::Simulate(args) => simulate::run(&args, &context),
        Verb::Campaign(args) => campaign::run(&args, &context),
    };
    match ending {
        Ok(Ending::Clean) => ExitCode::SUCCESS,
        Ok(Ending::Exceptions) => ExitCode::from(1),
        Err(failure) => {
            failure.tell();
            ExitCode::from(2)
        }
    }
}
