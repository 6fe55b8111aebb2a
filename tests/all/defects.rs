//! One defect a test, on an otherwise good card, with its exact outcome.
//!
//! Acts are what a candidate does at one place; the rest of the card must be read right with nothing held. Damages are
//! what happens to a whole sheet of careful marks: all of it is read right and nothing is held, or the sheet is set
//! aside.

// Helpers of tests may fail as tests do.
// Places in a picture: small and positive.

use duka::layout::draw::CardFace;
use duka::layout::{self, Layout};
use duka::read;
use duka::register::register_as;
use duka::settle;
use duka::sheet::{Cause, EngineId, RegistrationFault, Response, ResponseState, Responses};
use duka::simulate::{Act, Capture, Damage, Deed, Manner, Print, Verdict, Wish, fill};
use duka::source::decode;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

type Blank = (Layout, Print);

/// An empty card, drawn once.
fn blank(name: &'static str) -> &'static Blank {
    static A: OnceLock<Blank> = OnceLock::new();
    static B: OnceLock<Blank> = OnceLock::new();
    let place = if name == "theory-100" { &A } else { &B };
    place.get_or_init(|| {
        let layout = layout::shipped(name).unwrap();
        let print = Print::of(&layout, &CardFace::default()).unwrap();
        (layout, print)
    })
}

/// A card with its truth, and what was read.
struct Card {
    deeds: Vec<Deed>,
    responses: Result<Responses, Cause>,
}

impl Card {
    fn of(name: &'static str, damage: (Damage, f64), manner: Manner, wishes: &[Wish], seed: u64) -> Self {
        let (layout, print) = blank(name);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let damaged = damage.0.at(damage.1, layout, &mut rng);
        let mut card = fill(layout, &damaged.printed(print), manner, wishes, &mut rng);
        let other = &blank(if name == "theory-100" { "theory-multi" } else { "theory-100" }).1;
        let bytes = damaged.file(&mut card.print, layout, other, &mut rng).unwrap();
        if let Some(folder) = std::env::var_os("DEFECTS_OUT") {
            let name = format!("{}-{seed}.{}", damage.0.word(), damaged.capture.format.ending());
            std::fs::write(Path::new(&folder).join(name), &bytes).unwrap();
        }
        let page = decode(&bytes).next().unwrap().1.unwrap();
        let responses = register_as(&page, layout).map(|registration| {
            let reading = read::read(&page, &registration, layout, &EngineId("test".into()));
            settle::responses(&reading).0
        });
        Self { deeds: card.deeds, responses }
    }

    fn response(&self, deed: &Deed) -> Response {
        let responses = self.responses.as_ref().unwrap_or_else(|cause| panic!("set aside: {cause}"));
        match deed.item {
            Some(item) => responses.items[&item].clone(),
            None => responses.field(&deed.field).unwrap().clone(),
        }
    }

    /// Every response that is wrong, and every careful mark that is held, but for that at `place`.
    fn faults_beside(&self, place: &str) -> String {
        let mut out = String::new();
        for deed in self.deeds.iter().filter(|d| d.place() != place) {
            let response = self.response(deed);
            let fault = match deed.expect.judge(&response, false) {
                Verdict::Right => false,
                Verdict::Held => deed.expect.is_careful(),
                Verdict::Wrong => true,
            };
            if fault {
                let (act, expect) = (deed.act.word(), &deed.expect);
                writeln!(out, "{}: {act}: {expect} expected, {response:?} read", deed.place()).unwrap();
            }
        }
        out
    }
}

/// What a response must be.
#[derive(Debug, Clone, Copy)]
enum Want {
    /// This value, with this state.
    Is(&'static str, ResponseState),
    /// Held.
    Held,
    /// This value, resolved (or blank, if there is none), or held.
    IsOrHeld(&'static str),
    /// Several marks, or held.
    SeveralOrHeld,
}

impl Want {
    fn is_met(self, seen: &Response) -> bool {
        match self {
            Self::Is(value, state) => seen.value == value && seen.state == state,
            Self::Held => seen.state.is_held(),
            Self::IsOrHeld(value) => {
                let state = if value.is_empty() { ResponseState::Blank } else { ResponseState::Resolved };
                seen.state.is_held() || seen.value == value && seen.state == state
            }
            Self::SeveralOrHeld => seen.state.is_held() || seen.state == ResponseState::Multiple,
        }
    }
}

/// Hands differ: each act is done by so many.
const HANDS: u64 = 8;

fn act_at(name: &'static str, (field, item, option): (&str, &str, char), act: Act, want: Want) {
    let wish = Wish { field: field.into(), item: item.into(), option, act };
    let mut faults = String::new();
    for seed in 0..HANDS {
        let card = Card::of(name, (Damage::Clean, 0.0), Manner::Plain, std::slice::from_ref(&wish), seed);
        let place = if field == "items" { format!("items {item}") } else { field.to_owned() };
        let deed = card.deeds.iter().find(|d| d.place() == place).unwrap();
        let seen = card.response(deed);
        if !want.is_met(&seen) {
            writeln!(faults, "hand {seed}: {want:?} expected, {seen:?} read").unwrap();
        }
        let beside = card.faults_beside(&place);
        if !beside.is_empty() {
            writeln!(faults, "hand {seed}, beside it: {beside}").unwrap();
        }
    }
    assert!(faults.is_empty(), "{}:\n{faults}", act.word());
}

macro_rules! acts {
    ($($name:ident: $act:ident => $want:expr,)*) => {
        /// Option C of the single-choice item 17.
        mod act {
            use super::*;
            use ResponseState::*;
            use Want::*;
            $(#[test] fn $name() { act_at("theory-100", ("items", "17", 'C'), Act::$act, $want); })*
        }
    };
}

acts! {
    blank: Blank => Is("", Blank),
    full: Full => Is("C", Resolved),
    bar: Bar => Is("C", Resolved),
    black_pen: BlackPen => Is("C", Resolved),
    blue_pen: BluePen => Is("C", Resolved),
    overflow: Overflow => Is("C", Resolved),
    overflow_into_the_neighbour: OverflowInto => IsOrHeld("C"),
    light: Light => IsOrHeld("C"),
    faint: Faint => IsOrHeld("C"),
    half: Half => IsOrHeld("C"),
    slash: Slash => IsOrHeld("C"),
    tick: Tick => IsOrHeld("C"),
    cross: Cross => IsOrHeld("C"),
    dot: Dot => Held,
    ring: Ring => Held,
    erased: Erased => IsOrHeld(""),
    erased_badly: ErasedBadly => IsOrHeld(""),
    changed: Changed => Is("C", Resolved),
    changed_badly: ChangedBadly => IsOrHeld("C"),
    white_out: WhiteOut => IsOrHeld(""),
    white_out_changed: WhiteOutChanged => IsOrHeld("C"),
    row_filled: AllFilled => Is("ABCD", Multiple),
    line_through_all_options: Struck => SeveralOrHeld,
    smudged: Smudged => IsOrHeld("C"),
}

#[test]
fn double_mark() {
    for seed in 0..HANDS {
        let wish = Wish { field: "items".into(), item: "17".into(), option: 'A', act: Act::Double };
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Plain, &[wish], seed);
        let seen = &card.responses.as_ref().unwrap().items[&17];
        assert_eq!((seen.value.as_str(), seen.state), ("AB", ResponseState::Multiple), "hand {seed}");
    }
}

/// Item 61 of the card with multiple choice allows several marks.
#[test]
fn two_marks_where_several_are_allowed() {
    for seed in 0..HANDS {
        let wish = Wish { field: "items".into(), item: "61".into(), option: 'A', act: Act::Double };
        let card = Card::of("theory-multi", (Damage::Clean, 0.0), Manner::Plain, &[wish], seed);
        let seen = &card.responses.as_ref().unwrap().items[&61];
        assert_eq!((seen.value.as_str(), seen.state), ("AB", ResponseState::Resolved), "hand {seed}");
    }
}

#[test]
fn a_column_of_the_ticket_number_filled_from_top_to_bottom() {
    for seed in 0..HANDS {
        let wish = Wish { field: "ticket".into(), item: "4".into(), option: '3', act: Act::AllFilled };
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Plain, &[wish], seed);
        let ticket = card.responses.as_ref().unwrap().field("ticket").unwrap();
        assert_eq!(ticket.state, ResponseState::Multiple, "hand {seed}: {ticket:?}");
        assert!(ticket.value.contains("[0123456789]"), "hand {seed}: {ticket:?}");
        assert_eq!(card.faults_beside("ticket"), "", "hand {seed}");
    }
}

#[test]
fn a_digit_changed_in_the_ticket_number() {
    for seed in 0..HANDS {
        let wish = Wish { field: "ticket".into(), item: "7".into(), option: '5', act: Act::Changed };
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Plain, &[wish], seed);
        assert_eq!(card.faults_beside(""), "", "hand {seed}");
    }
}

#[test]
fn the_absent_flag() {
    for seed in 0..HANDS {
        let wish = Wish { field: "absent".into(), item: "1".into(), option: '1', act: Act::Full };
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Plain, &[wish], seed);
        let flag = card.responses.as_ref().unwrap().field("absent").unwrap();
        assert_eq!(flag.known(), Some("1"), "hand {seed}");
    }
}

#[test]
fn a_sheet_without_answers_is_blank_and_nothing_is_held() {
    for seed in 0..HANDS {
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Empty, &[], seed);
        assert_eq!(card.faults_beside(""), "", "hand {seed}");
    }
}

/// Every mark is read or held, none is passed over.
#[test]
fn a_sheet_marked_lightly_throughout() {
    for seed in 0..HANDS {
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Light, &[], seed);
        for deed in &card.deeds {
            let seen = card.response(deed);
            assert_ne!(deed.expect.judge(&seen, false), Verdict::Wrong, "hand {seed}: {deed:?} {seen:?}");
        }
    }
}

/// No item that the scribble crosses becomes another answer, none that it does not cross is held.
#[test]
fn a_scribble_across_blocks() {
    let mut crossed = 0;
    for seed in 0..HANDS {
        let card = Card::of("theory-100", (Damage::Clean, 0.0), Manner::Scribbled, &[], seed);
        for deed in &card.deeds {
            let (seen, hit) = (card.response(deed), deed.act == Act::Scribbled);
            crossed += usize::from(hit);
            let verdict = deed.expect.judge(&seen, false);
            assert_ne!(verdict, Verdict::Wrong, "hand {seed}: {deed:?} {seen:?}");
            assert!(hit || verdict == Verdict::Right, "hand {seed}: {deed:?} {seen:?}");
        }
    }
    assert!(crossed > 40, "{crossed} places crossed");
}

/// What must become of a damaged sheet of careful marks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sheet {
    /// Everything is read right, no careful mark is held.
    Read,
    /// Nothing is read wrong, and of all sheets together at most one careful mark in a hundred is held.
    Nearly,
    /// Nothing is read wrong; what the scanner has half taken away may be held.
    NeverWrong,
    /// Set aside because the sheet is not found.
    NotFound,
    /// Set aside as blank.
    Blank,
    /// Set aside as another card.
    OtherCard,
}

/// One careful mark in how many may be held under [`Sheet::Nearly`].
const NEARLY: usize = 100;

/// Particulars differ: each damage is done so many times.
const TIMES: u64 = 4;

fn damage_is(damage: Damage, strength: f64, want: Sheet) {
    let mut faults = String::new();
    let (mut held, mut careful) = (0, 0);
    for seed in 0..TIMES {
        let card = Card::of("theory-100", (damage, strength), Manner::Careful, &[], seed);
        let fault = match (want, &card.responses) {
            (Sheet::Read, Ok(_)) => card.faults_beside(""),
            (Sheet::Nearly | Sheet::NeverWrong, Ok(_)) => card
                .deeds
                .iter()
                .filter(|deed| deed.expect.judge(&card.response(deed), false) == Verdict::Wrong)
                .fold(String::new(), |all, deed| {
                    format!(
                        "{all}{}: {} expected, {:?} read\n",
                        deed.place(),
                        deed.expect,
                        card.response(deed)
                    )
                }),
            (_, Ok(_)) => "read".to_owned(),
            (Sheet::NotFound, Err(Cause::NotRegistered { .. } | Cause::LayoutCodeUnreadable))
            | (Sheet::Blank, Err(Cause::NotRegistered { fault: RegistrationFault::BlankPage }))
            | (Sheet::OtherCard, Err(Cause::WrongLayout { .. } | Cause::NotRegistered { .. })) => {
                String::new()
            }
            (_, Err(cause)) => format!("set aside: {cause}"),
        };
        if card.responses.is_ok() {
            let marks = card.deeds.iter().filter(|deed| deed.expect.is_careful());
            careful += marks.clone().count();
            held += marks.filter(|deed| card.response(deed).state.is_held()).count();
        }
        if !fault.is_empty() {
            writeln!(faults, "{seed}: {want:?} expected: {}", fault.trim_end()).unwrap();
        }
    }
    if want == Sheet::Nearly {
        assert!(held * NEARLY <= careful, "{}: {held} of {careful} careful marks held", damage.word());
    }
    assert!(faults.is_empty(), "{} at {strength}:\n{faults}", damage.word());
}

macro_rules! damages {
    ($($name:ident: $damage:ident $strength:literal => $want:ident,)*) => {
        /// A sheet of careful marks.
        mod damage {
            use super::*;
            $(#[test] fn $name() { damage_is(Damage::$damage, $strength, Sheet::$want); })*
        }
    };
}

damages! {
    clean: Clean 0.0 => Read,
    office: Office 1.0 => Read,
    dpi_600: Resolution 0.0 => Read,
    dpi_300: Resolution 0.667 => Read,
    dpi_150: Resolution 1.0 => Read,
    bilevel: Bilevel 0.5 => Nearly,
    bilevel_at_a_bad_threshold: BadThreshold 0.5 => NeverWrong,
    bilevel_at_a_very_bad_threshold: BadThreshold 1.0 => NeverWrong,
    faint_toner: FaintToner 1.0 => Read,
    overexposed: Bright 1.0 => Nearly,
    underexposed: Dark 1.0 => Read,
    gradient: Gradient 1.0 => Nearly,
    shadow: Shadow 0.4 => Nearly,
    deep_shadow: Shadow 1.0 => NeverWrong,
    jpeg_85: Jpeg 0.0 => Read,
    jpeg_40: Jpeg 1.0 => Read,
    moire: Moire 1.0 => Read,
    dark_streak: DarkStreak 0.4 => Read,
    very_dark_streak: DarkStreak 1.0 => NeverWrong,
    bright_streak: BrightStreak 1.0 => Nearly,
    stretch: Stretch 1.0 => Nearly,
    uneven_feed: UnevenFeed 0.5 => Nearly,
    very_uneven_feed: UnevenFeed 1.0 => NeverWrong,
    bow: Bow 1.0 => Nearly,
    fold: Fold 1.0 => Read,
    dog_ear: DogEar 0.4 => Read,
    large_dog_ear: DogEar 1.0 => Read,
    filing_holes: Holes 1.0 => Read,
    staple: Staple 1.0 => Read,
    show_through: ShowThrough 0.3 => Nearly,
    strong_show_through: ShowThrough 1.0 => NeverWrong,
    cut_corner: CutCorner 1.0 => Read,
    sideways: Sideways 1.0 => Read,
    upside_down: UpsideDown 1.0 => Read,
    lean_of_10_degrees: Lean 1.0 => Read,
    photo_from_above: Photo 0.0 => Read,
    tilted_photo: Photo 1.0 => NeverWrong,
    dark_ground: DarkGround 1.0 => Read,
    scribbled_fiducial: ScribbledFiducial 1.0 => Read,
    lost_fiducial: LostFiducial 1.0 => Read,
    lookalikes: Lookalikes 1.0 => Read,
    noise: Noise 1.0 => Read,
    blur: Blur 1.0 => Read,
    double_feed: DoubleFeed 1.0 => NotFound,
    back_side: BackSide 1.0 => NotFound,
    blank_page: BlankPage 1.0 => Blank,
    text_page: TextPage 1.0 => NotFound,
    picture: Picture 1.0 => NotFound,
    other_card: OtherCard 1.0 => OtherCard,
    half_page: HalfPage 1.0 => NotFound,
}

/// Where the pictures of `docs/marks.md` lie.
fn pictures_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// How much a picture's pixels are enlarged.
const ENLARGED: usize = 3;

/// Item 17 with an act at option C, as a 200-dpi scan shows it.
fn picture_of(act: Act) -> (usize, usize, Vec<u8>) {
    let (layout, print) = blank("theory-100");
    let manner = if act == Act::Scribbled { Manner::Scribbled } else { Manner::Plain };
    let wish = Wish { field: "items".into(), item: "17".into(), option: 'C', act };
    let wishes = if act == Act::Scribbled { &[][..] } else { std::slice::from_ref(&wish) };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let card = fill(layout, print, manner, wishes, &mut rng);
    let deed = match act {
        Act::Scribbled => card.deeds.iter().filter(|d| d.act == act && d.item.is_some()).nth(2).unwrap(),
        _ => card.deeds.iter().find(|d| d.item == Some(17)).unwrap(),
    };
    let (width, _, levels) = Capture { noise: 0.8, ..Capture::clean() }.levels(&card.print, &mut rng);
    let label = deed.item.unwrap().to_string();
    let targets: Vec<_> =
        layout.targets().filter(|(_, p, _)| p.label.as_str() == label).map(|(_, _, t)| t.rect).collect();
    let items: Vec<_> = targets[targets.len() - 4..].to_vec();
    let px = |mm: f64| (mm * 200.0 / 25.4) as usize;
    let (left, right) = (px(items[0].left() - 7.5), px(items[3].right() + 3.0));
    let (top, bottom) = (px(items[0].top() - 2.0), px(items[0].bottom() + 2.0));
    let (w, h) = ((right - left) * ENLARGED, (bottom - top) * ENLARGED);
    let picture =
        (0..w * h).map(|i| levels[(top + i / w / ENLARGED) * width + left + i % w / ENLARGED]).collect();
    (w, h, picture)
}

/// The pictures show what the simulator draws. `BLESS=1` writes them anew.
#[test]
fn pictures_of_acts_are_those_of_the_page() {
    let bless = std::env::var_os("BLESS").is_some();
    let text = std::fs::read_to_string(pictures_folder().join("../marks.md")).unwrap();
    let mut total = 0;
    for act in Act::ALL {
        let (w, h, levels) = picture_of(act);
        let path = pictures_folder().join(format!("{}.png", act.word()));
        if bless {
            std::fs::create_dir_all(pictures_folder()).unwrap();
            let mut encoder = png::Encoder::new(
                std::fs::File::create(&path).unwrap(),
                u32::try_from(w).unwrap(),
                u32::try_from(h).unwrap(),
            );
            encoder.set_color(png::ColorType::Grayscale);
            encoder.set_depth(png::BitDepth::Eight);
            encoder.set_compression(png::Compression::High);
            encoder.write_header().unwrap().write_image_data(&levels).unwrap();
        }
        let bytes = std::fs::read(&path).unwrap();
        total += bytes.len();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes[..])).read_info().unwrap();
        let mut stored = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut stored).unwrap();
        assert_eq!(stored.len(), levels.len(), "{}", act.word());
        // Another processor may round the card's curves otherwise, by a level.
        let off = stored.iter().zip(&levels).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(off <= 3, "{}: off by {off} levels", act.word());
        assert!(text.contains(&format!("pictures/{}.png", act.word())), "{} is not shown", act.word());
    }
    assert!(total < 400_000, "{total} bytes of pictures");
}
