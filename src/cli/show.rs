//! `duka show`.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure};
use clap::Args;
use duka::sheet::{FieldName, ItemLabel};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "SHEET is the beginning of the image's hash (4 digits and more), a ticket number (准考证号) or a file's \
name as it came in; :PAGE behind it names a page of a file with several (scans/room-101.tif:3)."
)]
pub struct Show {
    /// Which sheet
    #[arg(value_name = "SHEET")]
    sheet: String,
    /// Where the picture is written [default: out/SHEET.png in the session's folder]
    #[arg(short, long, value_name = "FILE.png")]
    output: Option<PathBuf>,
    /// Only the place of this field: ticket, form, absent, items, …
    #[arg(long, value_name = "F")]
    field: Option<FieldName>,
    /// Only this item (题号), or with --field this column
    #[arg(long, value_name = "N")]
    item: Option<ItemLabel>,
}

pub fn run(args: &Show, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let shown = session.show(&args.sheet, args.field.as_ref(), args.item.as_ref())?;
    let output = if let Some(path) = &args.output {
        path.clone()
    } else {
        let folder = context.session.join("out");
        std::fs::create_dir_all(&folder).map_err(|e| Failure::file("make", &folder, &e))?;
        let mut name = shown.sheet.image.short();
        let parts = [
            (shown.sheet.page > 1).then(|| shown.sheet.page.to_string()),
            args.field.as_ref().map(ToString::to_string),
            args.item.as_ref().map(ToString::to_string),
        ];
        for part in parts.into_iter().flatten() {
            name = format!("{name}-{part}");
        }
        folder.join(format!("{name}.png"))
    };
    write_whole(&output, &shown.png, Existing::Replace, Readers::Owner)?;
    context.output.line(format!("{} page {}: {}", shown.source, shown.sheet.page, output.display()));
    if let Some(reason) = &shown.unread {
        context.output.line(format!("  the page was not read: {reason}"));
    }
    context.output.value(&json!({
        "sheet": shown.sheet, "source": shown.source, "picture": output, "not_read": shown.unread,
    }));
    Ok(Ending::Clean)
}
