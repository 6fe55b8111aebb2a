//! `duka public-list`, `duka lookup`, `duka room-check`.

use super::{Context, Ending, Failure, progress};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Mutex;

/// Write the public list (公示名单) of the last publication as xlsx and pdf, names and numbers masked
///
/// Who stands in it, which number and which columns: [public] in exam.toml. No two people look alike in it, and a person has the
/// same mask in every list of the batch. What can't be told apart is named, and nothing is written. docs/public.md has the rules.
#[derive(Debug, Args)]
pub struct PublicList {
    /// Folder for the list; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Write the look-up page (成绩查询) of the last publication: a folder that needs no server
///
/// A candidate enters ticket number and the last characters of the identity number and sees their own result. The files hold
/// nothing readable; every guess costs the slow function of [public] in exam.toml, and so does every candidate here.
/// docs/public.md says what that protects against and what not.
#[derive(Debug, Args)]
pub struct Lookup {
    /// Folder to make; it must not be there
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
}

/// Write the room check lists (考场核对表) as xlsx and pdf: who sits where, with a place to sign
#[derive(Debug, Args)]
pub struct RoomCheck {
    /// Folder for the lists; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn list(args: &PublicList, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let folder = args.out.clone().unwrap_or_else(|| session.folder().join("out"));
    let (paths, number) = session.public_list(&folder)?;
    context.output.line(format!("public list of publication number (发布号) {number}"));
    tell(&paths, context);
    context.output.value(&json!({ "number": number, "files": paths }));
    Ok(Ending::Clean)
}

pub fn lookup(args: &Lookup, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let bar = Mutex::new(progress::Bar::new("sealing", context.output.shows_progress()));
    let (files, number) = session.lookup_page(&args.out, &|at, of| {
        if let Ok(mut bar) = bar.lock() {
            bar.at(at, of, "");
        }
    })?;
    if let Ok(bar) = bar.into_inner() {
        bar.end();
    }
    context.output.line(format!("look-up page of publication number (发布号) {number}, {files} files"));
    context.output.line(format!("  {}", args.out.join("index.html").display()));
    context
        .output
        .line("put the whole folder behind https, or open index.html from it; there is nothing to set up");
    context.output.value(&json!({ "number": number, "folder": args.out, "files": files }));
    Ok(Ending::Clean)
}

pub fn room_check(args: &RoomCheck, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let folder = args.out.clone().unwrap_or_else(|| session.folder().join("out"));
    let paths = session.room_check(&folder)?;
    tell(&paths, context);
    context.output.value(&json!({ "files": paths }));
    Ok(Ending::Clean)
}

fn tell(paths: &[PathBuf], context: &Context) {
    for path in paths {
        context.output.line(format!("  {}", path.display()));
    }
}
