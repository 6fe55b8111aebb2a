//! `duka statistics` and `duka slips`.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure};
use clap::Args;
use duka::sheet::RoomId;
use serde_json::json;
use std::path::PathBuf;

/// Write statistics of the results (成绩统计): pass rates, means, quantiles and distributions
///
/// By occupation and level and by room, as a workbook with the figures and as pages with plots. Of fewer than five scores nothing
/// but their number is told. The pages name the publication whose results they are. docs/statistics.md says what the figures mean.
#[derive(Debug, Args)]
pub struct Statistics {
    /// Folder for the files; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Write every candidate's own result (成绩通知单) of the last publication, to be cut apart and handed out
///
/// Three a page with lines to cut along, by room and seat. Each names the publication; of the identity number it shows the last four
/// characters. The journal notes that they were written.
#[derive(Debug, Args)]
pub struct Slips {
    /// Only those of this room (考场)
    #[arg(long, value_name = "ROOM")]
    room: Option<String>,
    /// Folder for the file; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(args: &Statistics, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let documents = session.statistics()?;
    let folder = args.out.clone().unwrap_or_else(|| session.folder().join("out"));
    std::fs::create_dir_all(&folder).map_err(|e| Failure::file("make", &folder, &e))?;
    let mut files = Vec::new();
    for document in &documents {
        let path = folder.join(&document.file_name);
        write_whole(&path, &document.bytes, Existing::Replace, Readers::Usual)?;
        context.output.line(path.display().to_string());
        files.push(path);
    }
    context.output.value(&json!({ "files": files }));
    Ok(Ending::Clean)
}

pub fn slips(args: &Slips, context: &Context) -> Result<Ending, Failure> {
    let room: Option<RoomId> = match &args.room {
        Some(text) => Some(text.parse().map_err(|e: duka::sheet::IdError| {
            Failure::new(format!("--room: {e}"), Some("name a room as the roster writes it"))
        })?),
        None => None,
    };
    let mut session = context.open()?;
    let folder = args.out.clone().unwrap_or_else(|| session.folder().join("out"));
    let (path, number, count) = session.result_slips(room.as_ref(), &folder)?;
    context.output.line(format!("{count} slips (成绩通知单) of publication number (发布号) {number}"));
    context.output.line(format!("  {}", path.display()));
    context.output.value(&json!({ "number": number, "slips": count, "file": path }));
    Ok(Ending::Clean)
}
