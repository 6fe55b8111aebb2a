//! `duka simulate`: made-up cards with known truth.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure, layout};
use clap::ValueEnum;
use duka::layout::draw::CardFace;
use duka::layout::{BlankColumns, FieldKind, Layout};
use duka::sheet::FieldName;
use duka::simulate::{Answers, Care, Person, Print, Scanner, SimulateError, Truth, sample};
use indicatif::ProgressBar;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Share of items that a candidate leaves blank: two or three of a hundred, as on most real cards. With
/// none a reader that never says blank would pass; above a tenth cards look abandoned.
const BLANK_SHARE: f64 = 0.03;

/// Digits of a ticket number where the layout leaves the length open.
const TICKET_DIGITS: usize = 12;

/// Make up filled cards as scanned image files with the truth beside them, to try a reader on
///
/// Every card has a random ticket number (准考证号), form (试卷类型) and answers. What is really on each is in
/// DIR/truth.json: file name → layout, fields, items, and careless: each mark that was not made carefully. The same
/// arguments give the same files.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  duka simulate theory-100 -n 20 made-up --damage office
  duka read made-up --layout theory-100")]
pub struct Args {
    /// The card's layout (版式): a shipped name or a .toml file
    layout: String,
    /// How many cards
    #[arg(short = 'n', long = "count", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Folder for the images and truth.json: a new one, or an empty one
    dir: PathBuf,
    /// Which cards: another number gives other ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the scanner does to them
    #[arg(long, value_enum, default_value_t = Damage::Office)]
    damage: Damage,
    /// Share of marks, 0 to 1, that are faint, half, ticks, crosses, rings or erased instead of filled
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    careless: f64,
    /// Resolution of the images [default: 200 if clean, 150 to 300 from the office]
    #[arg(long, value_name = "DPI", value_parser = clap::value_parser!(u16).range(100..=600))]
    dpi: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Damage {
    /// Straight, even, gray PNG
    Clean,
    /// Leaning, shaded, noisy, some upside down; JPEG, PNG and TIFF, some black and white
    Office,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s));
    share.ok_or_else(|| "it must be between 0 and 1".to_owned())
}

#[derive(Serialize)]
struct Report {
    folder: String,
    truth: String,
    layout: String,
    cards: u32,
    seed: u64,
}

/// Makes the cards.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    let card = layout::named(&args.layout)?;
    let made = prepare(&args.dir)?;
    let mut written = Written { files: Vec::new(), folder: made.then_some(&args.dir), keep: false };
    let bar = if context.output.shows_progress() {
        ProgressBar::new(u64::from(args.count))
    } else {
        ProgressBar::hidden()
    };
    let blank = Print::of(&card, &CardFace::default()).map_err(refused)?;

    let stop = AtomicBool::new(false);
    let cards: Vec<Result<(PathBuf, Truth), Failure>> = (1..=args.count)
        .into_par_iter()
        .filter_map(|number| {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let card = one(args, &card, &blank, number);
            stop.fetch_or(card.is_err(), Ordering::Relaxed);
            bar.inc(1);
            Some(card)
        })
        .collect();
    bar.finish_and_clear();

    let mut truths = BTreeMap::new();
    let mut failed = None;
    for card in cards {
        match card {
            Ok((path, truth)) => {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                written.files.push(path);
                truths.insert(name, truth);
            }
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    let path = args.dir.join("truth.json");
    let mut text = serde_json::to_vec_pretty(&truths)
        .map_err(|e| Failure::new(format!("can't write {}: {e}", path.display()), None::<&str>))?;
    text.push(b'\n');
    write_whole(&path, &text, Existing::Keep, Readers::Usual)?;
    written.keep = true;

    let (folder, truth) = (args.dir.display().to_string(), path.display().to_string());
    let cards = if args.count == 1 { "1 card".to_owned() } else { format!("{} cards", args.count) };
    context.output.line(format!("{folder}: {cards}, {}; what is really on them is in {truth}", card.name));
    let layout = card.name.to_string();
    context.output.value(&Report { folder, truth, layout, cards: args.count, seed: args.seed });
    Ok(Ending::Clean)
}

#[allow(clippy::needless_pass_by_value)] // so that it can stand in `map_err`
fn refused(error: SimulateError) -> Failure {
    let hint = match &error {
        SimulateError::Draw(error) => Some(error.hint()),
        SimulateError::NoTarget { .. } => Some("check the layout with `duka layout check FILE`"),
        _ => None,
    };
    Failure::new(&error, hint)
}

/// Makes sure that the folder is there and empty; whether it was made.
fn prepare(dir: &Path) -> Result<bool, Failure> {
    match fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_none() {
                return Ok(false);
            }
            let what = format!("the folder {} is not empty", dir.display());
            Err(Failure::new(what, Some("nothing was changed; name a new folder, or empty this one")))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::create_dir_all(dir).map_err(|e| Failure::file("make the folder", dir, &e))?;
            Ok(true)
        }
        Err(error) => Err(Failure::file("write to", dir, &error)),
    }
}

/// Files of a run; they are taken away again unless it comes to its end.
struct Written<'a> {
    files: Vec<PathBuf>,
    folder: Option<&'a PathBuf>,
    keep: bool,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        // What can't be taken away stays without a truth.json, and the folder is refused next time.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        if let Some(folder) = self.folder {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Makes up card `number`, which depends on nothing but the arguments.
fn one(args: &Args, layout: &Layout, blank: &Print, number: u32) -> Result<(PathBuf, Truth), Failure> {
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    rng.set_stream(u64::from(number));
    let person = person(layout, &mut rng);
    let answers = Answers::random(layout, &person, BLANK_SHARE, &mut rng);
    let care = if args.careless > 0.0 { Care::Careless(args.careless) } else { Care::Careful };
    let mut scanner = match args.damage {
        Damage::Clean => Scanner::clean(),
        Damage::Office => Scanner::office(&mut rng),
    };
    if let Some(dpi) = args.dpi {
        scanner.dpi = f64::from(dpi);
    }
    let sample = sample(layout, blank, &answers, care, &scanner, &mut rng).map_err(refused)?;
    let digits = args.count.to_string().len().max(4);
    let path = args.dir.join(format!("{number:0digits$}.{}", scanner.format.ending()));
    write_whole(&path, &sample.bytes, Existing::Keep, Readers::Usual)?;
    Ok((path, sample.truth))
}

/// A candidate with a random ticket number and form, as far as the layout has places for them.
fn person(layout: &Layout, rng: &mut ChaCha8Rng) -> Person {
    let mut marked = |name: &str| {
        let field = layout.field(name)?;
        let columns = match field.kind {
            FieldKind::Identity(BlankColumns::None) => field.positions.len(),
            _ => field.positions.len().min(TICKET_DIGITS),
        };
        let letter = |position: &duka::layout::Position| {
            let targets = &position.targets;
            targets[rng.random_range(0..targets.len())].value.clone()
        };
        Some(field.positions.iter().take(columns).map(letter).collect::<String>())
    };
    let ticket = marked(FieldName::TICKET).and_then(|text| text.parse().ok());
    let form = marked(FieldName::FORM).and_then(|text| text.parse().ok());
    Person { ticket, form, flags: Vec::new() }
}
