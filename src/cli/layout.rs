//! `duka layout`: what layouts there are, whether one is good, where its targets lie.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure};
use clap::{Subcommand, ValueEnum};
use duka::interop::{self, Note};
use duka::layout::{self, Cell, Cells, Layout, LayoutError, LayoutProblem, PageSize};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Longest file of a form's folder, in bytes: pictures of blank forms have a few MB.
const LONGEST: u64 = 64 << 20;

/// Look at card layouts (版式): list, check, targets in millimetres
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the shipped layouts with their pages, items and fields
    List,
    /// Check layout files of your own; every problem is named with its line
    ///
    /// Exit code: 0 if all are good, 2 if any is not.
    Check {
        /// Layout files (.toml)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Take over a form of the OMRChecker project: a folder with template.json
    ///
    /// Writes a layout file, and if the folder has an evaluation.json whose answers a key can say, the answer key
    /// (标准答案) beside it as NAME.key.toml, readable by its owner alone. Whatever is not carried over is told in a note.
    #[command(name = "import-omrchecker")]
    #[allow(clippy::doc_markdown)] // shown as it is in the help
    ImportOmrchecker {
        /// The folder with template.json and the files that it speaks of
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The layout file to write, ending in .toml; its name is the layout's. Never replaced if it is there
        #[arg(short, long, value_name = "FILE.toml")]
        output: PathBuf,
    },
    /// Print the place of every target (填涂点) of a layout, in millimetres
    ///
    /// x and y are a target's centre, from the card's upper left corner; w and h are its size. The ticket number
    /// (准考证号) is the field `ticket` with its columns 1, 2, …; questions are the field `items`; a flag such as
    /// `absent` (缺考) has one target.
    Cells {
        /// A shipped layout's name or a .toml file
        #[arg(value_name = "LAYOUT")]
        name: String,
        /// How the list is written
        #[arg(long, value_enum, default_value_t = Format::Json)]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object
    Json,
    /// A table: field, item, value, x, y, w, h
    Csv,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        Verb::List => list(context)?,
        Verb::Check { files } => check(files, context)?,
        Verb::ImportOmrchecker { folder, output } => import_omrchecker(folder, output, context)?,
        Verb::Cells { name, format } => cells(name, *format, context)?,
    }
    Ok(Ending::Clean)
}

/// The layout that is shipped as `name` or stands in the file `name`.
pub fn named(name: &str) -> Result<Layout, Failure> {
    layout::shipped(name).map_err(|e| Failure::new(&e, Some(e.hint())))
}

#[derive(Serialize)]
struct Listing {
    layouts: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    page: PageSize,
    items: usize,
    fields: Vec<String>,
}

impl Listed {
    fn of(layout: &Layout) -> Self {
        let mut fields: Vec<String> = Vec::new();
        for field in &layout.fields {
            // All runs of items are one field.
            if fields.iter().all(|f| f != field.name.as_str()) {
                fields.push(field.name.to_string());
            }
        }
        Self { name: layout.name.to_string(), page: layout.page, items: layout.items().count(), fields }
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let layouts: Vec<Layout> = layout::shipped_names().map(named).collect::<Result<_, _>>()?;
    let layouts: Vec<Listed> = layouts.iter().map(Listed::of).collect();
    context.output.line(format!("{:<14} {:>15} {:>6}  fields", "layout", "page mm", "items"));
    for Listed { name, page, items, fields } in &layouts {
        let page = format!("{} × {}", page.width_mm, page.height_mm);
        context.output.line(format!("{name:<14} {page:>15} {items:>6}  {}", fields.join(", ")));
    }
    context.output.value(&Listing { layouts });
    Ok(())
}

#[derive(Serialize)]
struct Checks {
    files: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    file: String,
    layout: Option<String>,
    problems: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    line: Option<usize>,
    place: Option<String>,
    problem: String,
}

fn check(files: &[PathBuf], context: &Context) -> Result<(), Failure> {
    let mut checks = Vec::new();
    let (mut wrong, mut hint) = (Vec::new(), None);
    for path in files {
        let file = path.display().to_string();
        match Layout::load(path) {
            Ok(layout) => {
                let Listed { name, page, items, fields } = Listed::of(&layout);
                // A page known in pixels has no round numbers.
                let tidy = |mm: f64| (mm * 100.0).round() / 100.0;
                let (width, height) = (tidy(page.width_mm), tidy(page.height_mm));
                let what = format!("{name}, {width} × {height} mm, {items} items, {}", fields.join(", "));
                context.output.line(format!("{file}: good: {what}"));
                checks.push(Check { file, layout: Some(name), problems: Vec::new() });
            }
            Err(error) => {
                hint = hint.or(Some(match &error {
                    LayoutError::Wrong { .. } => "correct the lines named and check the file again",
                    other => other.hint(),
                }));
                checks.push(Check { file, layout: None, problems: found(&error) });
                wrong.push(error.to_string());
            }
        }
    }
    context.output.value(&Checks { files: checks });
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("\n"), hint)) }
}

fn found(error: &LayoutError) -> Vec<Found> {
    let LayoutError::Wrong { problems, .. } = error else {
        return vec![Found { line: None, place: None, problem: error.to_string() }];
    };
    let found = |p: &LayoutProblem| Found {
        line: Some(p.line),
        place: Some(p.place.clone()),
        problem: p.problem.to_string(),
    };
    problems.iter().map(found).collect()
}

#[derive(Serialize)]
struct Taken {
    layout: Listed,
    file: String,
    key: Option<String>,
    notes: Vec<String>,
}

fn import_omrchecker(folder: &Path, output: &Path, context: &Context) -> Result<(), Failure> {
    let unnamed = || {
        let hint = "name a file such as card.toml; the layout is called by what stands before the dot";
        Failure::new(format!("{} can't be a layout's file", output.display()), Some(hint))
    };
    let stem = output.file_stem().and_then(|s| s.to_str()).ok_or_else(unnamed)?;
    let toml = output.extension().is_some_and(|e| e == "toml");
    let name = stem.parse().ok().filter(|_| toml).ok_or_else(unnamed)?;
    let files = |path: &str| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(folder.join(path))?.take(LONGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    };
    let form = interop::omrchecker(&name, &files).map_err(|error| {
        let hint = error.hint();
        Failure::new(format!("{}: {error}", folder.display()), Some(hint))
    })?;
    let key = output.with_extension("key.toml");
    // Neither file is written if one of them is there.
    if form.key.is_some() && key.symlink_metadata().is_ok() {
        let hint = "nothing was changed; name another file, or move the old key away first";
        return Err(Failure::new(format!("{} is there already", key.display()), Some(hint)));
    }
    write_whole(output, form.text.as_bytes(), Existing::Keep, Readers::Usual)?;
    if let Some(text) = &form.key {
        write_whole(&key, text.as_bytes(), Existing::Keep, Readers::Owner)?;
    }
    let notes: Vec<String> = form.notes.iter().map(Note::to_string).collect();
    for note in &notes {
        eprintln!("note: {note}");
    }
    let listed = Listed::of(&form.layout);
    let fields = listed.fields.join(", ");
    context.output.line(format!("{}: {}, {} items, {fields}", output.display(), listed.name, listed.items));
    if form.key.is_some() {
        context.output.line(format!("{}: the answer key (标准答案); seal it at once", key.display()));
    }
    let key = form.key.as_ref().map(|_| key.display().to_string());
    context.output.value(&Taken { layout: listed, file: output.display().to_string(), key, notes });
    Ok(())
}

fn cells(name: &str, format: Format, context: &Context) -> Result<(), Failure> {
    if context.output.is_json() && format == Format::Csv {
        let hint = "leave out one of them; JSON is the default format";
        return Err(Failure::new("--json and --format csv contradict each other", Some(hint)));
    }
    let cells = named(name)?.cells();
    let bytes = match format {
        Format::Json => json(&cells).map_err(unwritten)?,
        Format::Csv => csv(&cells).map_err(unwritten)?,
    };
    super::Output::raw(&bytes);
    Ok(())
}

fn unwritten(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("can't write the list: {error}"), None::<&str>)
}

/// One JSON object, with a target a line.
fn json(cells: &Cells) -> serde_json::Result<Vec<u8>> {
    let layout = serde_json::to_string(&cells.layout)?;
    let page = serde_json::to_string(&cells.page)?;
    let lines: Vec<String> = cells.cells.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let lines = lines.join(",\n          ");
    Ok(format!("{{\"layout\":{layout},\"page\":{page},\n \"cells\":[{lines}]}}\n").into_bytes())
}

fn csv(cells: &Cells) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // The last column is there only if some item has several columns.
    let columns = cells.cells.iter().any(|cell| cell.column.is_some());
    let heading = ["field", "item", "value", "x", "y", "w", "h"].into_iter();
    writer.write_record(heading.chain(columns.then_some("column")))?;
    for cell in &cells.cells {
        let Cell { field, item, value, x, y, w, h, column } = cell;
        if columns {
            let column = column.map(|c| c.to_string()).unwrap_or_default();
            writer.serialize((field, item, value, x, y, w, h, column))?;
        } else {
            writer.serialize((field, item, value, x, y, w, h))?;
        }
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}
