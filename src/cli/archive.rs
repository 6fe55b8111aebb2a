//! `duka archive`, `duka restore`, `duka verify ARCHIVE`.

use super::{Context, Ending, Failure, now, progress};
use clap::Args;
use duka::session::{VerifyOptions, restore as make_again, verify_archive};
use duka::sheet::Sha256;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Faults that are named one by one.
const SOME: usize = 20;

/// Write everything of this batch into one folder (归档): pictures, record, papers, keys still sealed, hashes
///
/// The folder can be read without this program; its README.txt says what is what. `duka verify ARCHIVE` finds any change, loss or
/// addition, and `duka restore` makes the session again.
#[derive(Debug, Args)]
pub struct Archive {
    /// Folder to make; it must not be there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Make a session's folder from an archive again, after looking at all of it
#[derive(Debug, Args)]
pub struct Restore {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
    /// Folder to make; it must not be there
    #[arg(value_name = "DIR")]
    into: PathBuf,
    /// The archive's code as it was written down
    #[arg(long, value_name = "HASH")]
    code: Option<Sha256>,
}

pub fn archive(args: &Archive, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let mut bar = progress::Bar::new("archiving", context.output.shows_progress());
    let done = session.archive(&args.folder, &mut |at, of| bar.at(at, of, ""))?;
    bar.end();
    let out = &context.output;
    out.line(format!("{}: {} files, {} of them pictures", done.folder.display(), done.files, done.pictures));
    out.line(format!("code of the archive: {}", done.code));
    out.line(
        "write the code down elsewhere: with it `duka verify ARCHIVE --code HASH` proves the whole archive",
    );
    out.value(&json!({
        "folder": done.folder, "files": done.files, "pictures": done.pictures, "code": done.code,
    }));
    Ok(Ending::Clean)
}

pub fn verify(
    folder: &Path,
    code: Option<&Sha256>,
    options: &VerifyOptions<'_>,
    context: &Context,
) -> Result<Ending, Failure> {
    let mut bar = progress::Bar::new("looking", context.output.shows_progress());
    let checked = verify_archive(folder, code, now, options, &mut |at, of| bar.at(at, of, ""))?;
    bar.end();
    let out = &context.output;
    out.line(format!("{}: {} files", folder.display(), checked.files));
    for fault in checked.faults.iter().take(SOME) {
        out.line(format!("  WRONG  {fault}"));
    }
    if checked.faults.len() > SOME {
        out.line(format!("  and {} more", checked.faults.len() - SOME));
    }
    out.line(format!("code of the archive: {}", checked.code));
    if code.is_none() {
        out.line("whether it is the archive that was made can only be told from its code as it was written down: --code HASH");
    }
    let faults: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
    out.value(&json!({
        "holds": faults.is_empty(), "files": checked.files, "code": checked.code, "faults": faults,
        "code_given": code.is_some(),
    }));
    if faults.is_empty() {
        return Ok(Ending::Clean);
    }
    let hint = "keep it as it is, and take another copy of the archive";
    Err(Failure::new(format!("{} is not as it was written", folder.display()), Some(hint)))
}

pub fn restore(args: &Restore, context: &Context) -> Result<Ending, Failure> {
    let mut bar = progress::Bar::new("looking", context.output.shows_progress());
    let session =
        make_again(&args.archive, args.code.as_ref(), &args.into, now, &mut |at, of| bar.at(at, of, ""))?;
    bar.end();
    let scores = session.status()?.graded;
    context.output.line(format!(
        "{}: the session of {} with {scores} scores, as it was archived",
        args.into.display(),
        session.exam().batch
    ));
    context.output.value(&json!({ "folder": args.into, "graded": scores }));
    Ok(Ending::Clean)
}
