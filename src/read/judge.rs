//! What the strokes in a target make it, by the second reader's own rules.

use super::MarkState;
use super::second::{Ground, Look, PRINT_SEEN, Sight};
use super::strokes::Strokes;
use crate::layout::{Choice, Layout, PrintInk, TargetShape};
use crate::source::Depth;

/// How far across or down a target a mark reaches, in thousandths. Half a target is 500 wide; a dot of 1 mm, or
/// overflow from a neighbour, is 250 wide and 450 high at most.
const MARK_SPAN: (u16, u16) = (380, 550);

/// The palest mark, in thousandths from paper to print. Light pencil has 350 and more, what a good eraser leaves
/// has 20 to 70, a bad one 150 to 350.
const PALEST: u16 = 200;

/// How dark a mark's strokes are, as a share of the sheet's usual mark's: one hand's marks differ by 0.65, an
/// eraser leaves 0.15 to 0.4.
const FIRM: (u32, u32) = (1, 2);

/// Darkness, in 255ths, of the palest sixth of a target in which no paper shows, and of all of it in the mean. Between a letter's
/// lines and its circle empty targets have 0 to 10, and 45 to 70 in the mean; a pale pen's full mark has 65 and 115.
const NO_PAPER: u8 = 56;
const DARK_ALL_OVER: u8 = 100;

/// The same of a mark that hides the target's print, and of one that is as dark in the mean as half of a black target: empty
/// targets reach 100 in small circles, and 18 in their palest sixth.
const PALE_COVER: (u8, u8) = (36, 85);
const DARK_COVER: (u8, u8) = (36, 130);

/// The fewest marks that say what is usual.
const FEWEST: usize = 5;

/// What a line that goes through a target and on to both sides covers at most, in thousandths: a pencil line
/// covers 100 to 250, a zigzag 400; a full mark that overflows on both sides covers 800.
const LINE_COVER: u16 = 500;

/// The same of a line that comes in from one side and ends in the target, or turns there: 180 to 280 for the point of a zigzag. A bar of
/// 3 × 1 mm that overflows covers 320 and more.
const END_COVER: u16 = 300;

/// A piece is its neighbour's when it comes in from one side, its middle lies so far off, in thousandths of half
/// the side, and it spans no more than this of the side.
const OFF_MIDDLE: i16 = 450;
const OVERFLOW_SPAN: u16 = 500;

/// What a piece covers, in thousandths, that is nothing: beside a mark; where it comes in from a neighbour; where
/// it does so beside a mark. A dot of 0.7 mm covers 50 to 70.
const SPECK_BESIDE: u16 = 50;
const OVERFLOW: u16 = 60;
const OVERFLOW_BESIDE: u16 = 150;

/// How dark a speck is, in thousandths, on gray pages and in black and white, that counts with all it covers; a paler one counts the less, because print that lies
/// a part of a cell off leaves pale seams of the letter: 30 to 60 of the target at 150 to 230. The palest dot that stands
/// out has 350 and covers 50. In black and white a stroke's cells are black, and those of dirt that a threshold has broken up are half.
const SPECK_GRAY: u16 = 500;
const SPECK_BILEVEL: u16 = 800;

/// How many times what all but a hundredth of the sheet's unmarked targets have is a speck, as a ratio.
const SPECK_FACTOR: (u16, u16) = (5, 4);

/// What an eraser leaves beside a mark: at most this share of the mark's contrast, and of its weight. A thin or a
/// second mark of the same pencil has 0.7 of the contrast and more.
const ERASED_CONTRAST: (u32, u32) = (9, 20);
const ERASED_WEIGHT: (u32, u32) = (1, 4);

/// The share of a sheet's unmarked targets that must show their print for a missing print to mean anything, in
/// gray pages and in black and white ones. A gray scan loses pale print nowhere, so that what half of the
/// sheet shows is missing from the other half; a black and white one loses it here and there.
const SHOWN_GRAY: (usize, usize) = (1, 2);
const SHOWN_BILEVEL: (usize, usize) = (19, 20);

/// How much of its print, in thousandths, a target that shows none may have by chance.
const PRINT_GONE: i64 = 200;

/// What the second reader holds a sheet's targets against.
pub(super) struct Bench {
    /// How dark the sheet's usual mark is, in thousandths.
    usual: Option<u16>,
    /// Whether empty targets of this sheet show their print.
    shown: bool,
    /// What covers no more than this, in thousandths, is a speck.
    speck: u16,
    /// How dark a speck is that counts with all it covers, in thousandths.
    dark: u16,
    rules: Rules,
    /// Whether the targets' own outlines are known, so that a line around one is not the form's.
    outlined: bool,
}

/// Where what is seen between the lines of dark print differs from what is seen on pale print; shares of the cells
/// that are free of print, in thousandths.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// What a mark covers at least.
    mark: u16,
    /// The least and the most that is taken for a speck.
    speck: (u16, u16),
    /// What an empty target's largest piece covers at most, however thin it is.
    thin: u16,
}

impl Rules {
    /// Pale: a bar of 3 × 1 mm covers 370, a slash of a thin pencil 150, a dot of 0.7 mm 50 to 70; three cells are 23.
    ///
    /// Dark, on 20 real scans: all but one in a thousand of the 850 marks cover 294 and more; of 21 000 empty
    /// targets none covers more than 232, and one in a thousand has broad strokes on more than 44; the most are 130.
    fn of(ink: PrintInk) -> Self {
        match ink {
            PrintInk::Pale => Self { mark: 170, speck: (25, 50), thin: 1000 },
            PrintInk::Dark => Self { mark: 250, speck: (90, 130), thin: 235 },
        }
    }
}

impl Bench {
    /// What the targets of one sheet say of each other.
    pub(super) fn of(sight: &Sight, layout: &Layout) -> Self {
        let rules = Rules::of(layout.print_ink);
        let outlined = layout.fields.iter().all(|f| f.shape != TargetShape::Unknown);
        let all = || sight.looks.iter().flatten().flatten().flatten();
        let mut marks: Vec<u16> =
            all().map(|l| &l.strokes).filter(|s| is_shaped(s, rules)).map(|s| s.contrast).collect();
        marks.sort_unstable();
        let usual = (marks.len() >= FEWEST).then(|| marks[marks.len() / 2]);
        let empty = all().filter(|l| l.strokes.peak < sight.floor && l.ground == Ground::Paper);
        let (mut seen, mut known) = (0, 0);
        for print in empty.filter_map(|l| l.print) {
            known += 1;
            seen += usize::from(print >= PRINT_SEEN);
        }
        let share = if sight.depth == Depth::Bilevel { SHOWN_BILEVEL } else { SHOWN_GRAY };
        let shown = known > 0 && seen * share.1 >= known * share.0;
        let dark = if sight.depth == Depth::Bilevel { SPECK_BILEVEL } else { SPECK_GRAY };
        Self { usual, shown, speck: speck(sight, rules, dark), dark, rules, outlined }
    }

    /// What the targets of one position are.
    pub(super) fn judge(&self, position: &[Option<Look>], choice: Choice) -> Vec<MarkState> {
        let strongest = position
            .iter()
            .flatten()
            .filter(|l| l.ground == Ground::Paper && self.is_mark(&l.strokes))
            .map(|l| &l.strokes)
            .max_by_key(|s| s.weight());
        let beside = strongest.filter(|_| choice == Choice::Single);
        let bare = strongest.is_none() && self.shown && !position.iter().flatten().any(shows);
        let one = |look: &Option<Look>| {
            let Some(look) = look else { return MarkState::Unreadable };
            if look.ground == Ground::NotPaper {
                return MarkState::Unreadable;
            }
            let strokes = &look.strokes;
            if self.is_mark(strokes) {
                MarkState::Filled
            } else if !self.is_nothing(strokes, beside) {
                MarkState::Marginal
            } else if bare && look.print.is_some() {
                // Nothing was printed here, though it is elsewhere on this sheet: nothing is vouched for.
                MarkState::Unreadable
            } else if beside.is_none() && self.shown && look.print.is_some_and(|seen| seen < PRINT_GONE) {
                // Something pale lies over the print.
                MarkState::Marginal
            } else {
                MarkState::Empty
            }
        };
        position.iter().map(one).collect()
    }

    /// Whether strokes are nothing that a candidate meant; `beside` is the position's mark.
    fn is_nothing(&self, strokes: &Strokes, beside: Option<&Strokes>) -> bool {
        let ringed = self.outlined && strokes.sides >= 3 && strokes.cover < LINE_COVER;
        if ringed {
            return false;
        }
        let broad = broad(strokes, self.dark);
        let Some(mark) = beside else {
            return broad <= self.speck && strokes.cover <= self.rules.thin
                || comes_in(strokes) && strokes.cover <= OVERFLOW;
        };
        let (contrast, weight) = (u32::from(strokes.contrast), strokes.weight());
        let erased = contrast * ERASED_CONTRAST.1 <= u32::from(mark.contrast) * ERASED_CONTRAST.0
            && weight * ERASED_WEIGHT.1 <= mark.weight() * ERASED_WEIGHT.0;
        broad <= self.speck.max(SPECK_BESIDE) && strokes.cover <= self.rules.thin
            || erased
            || comes_in(strokes) && strokes.cover <= OVERFLOW_BESIDE
    }

    fn is_mark(&self, strokes: &Strokes) -> bool {
        let whole = if covers_all(strokes) { u32::from(strokes.covered.1) * 1000 / 255 } else { 0 };
        let contrast = u32::from(strokes.contrast).max(whole);
        is_shaped(strokes, self.rules)
            && self.usual.is_none_or(|usual| contrast * FIRM.1 >= u32::from(usual) * FIRM.0)
    }
}

/// Whether no paper shows in a target any more and it is dark all over; less will do where it hides the target's print.
fn covers_all(strokes: &Strokes) -> bool {
    let (palest, mean) = strokes.covered;
    palest >= NO_PAPER && mean >= DARK_ALL_OVER
        || strokes.gone && palest >= PALE_COVER.0 && mean >= PALE_COVER.1
        || palest >= DARK_COVER.0 && mean >= DARK_COVER.1
}

/// Whether anything of the target is seen: its print, or a stroke.
fn shows(look: &Look) -> bool {
    look.ground == Ground::Paper
        && (look.strokes.cover > 0 || look.print.is_none_or(|seen| seen >= PRINT_GONE))
}

/// Whether strokes have a mark's form: large enough, of one piece, and the target's own.
///
/// In a small picture of dark print hardly a cell is free of it. There a target in which no paper shows any more, and that is dark
/// all over, is marked.
fn is_shaped(strokes: &Strokes, rules: Rules) -> bool {
    if covers_all(strokes) {
        return true;
    }
    let line = strokes.goes_through() && strokes.cover < LINE_COVER
        || strokes.beyond.contains(&true) && strokes.cover < END_COVER;
    strokes.cover >= rules.mark
        && (strokes.span.0 >= MARK_SPAN.0 || strokes.span.1 >= MARK_SPAN.1)
        && strokes.contrast >= PALEST
        && !line
        && !comes_in(strokes)
}

/// What broad strokes cover, in thousandths, where less than `dark` counts for less.
fn broad(strokes: &Strokes, dark: u16) -> u16 {
    (u32::from(strokes.core) * u32::from(strokes.contrast.min(dark)) / u32::from(dark)) as u16
}

/// Whether a piece comes in from one side and stays there.
fn comes_in(strokes: &Strokes) -> bool {
    let [left, right, top, bottom] = strokes.beyond;
    let (x, y) = strokes.middle;
    let along = |low: bool, high: bool, middle: i16, span: u16| {
        (low && middle <= -OFF_MIDDLE || high && middle >= OFF_MIDDLE) && span <= OVERFLOW_SPAN
    };
    along(left, right, x, strokes.span.0) || along(top, bottom, y, strokes.span.1)
}

/// What covers so little, in thousandths, that it may as well be the press or the paper: from the sheet's unmarked
/// targets, which are all but the one with the largest piece in each position.
fn speck(sight: &Sight, rules: Rules, dark: u16) -> u16 {
    let mut covers: Vec<u16> = Vec::new();
    for position in sight.looks.iter().flatten() {
        let start = covers.len();
        covers.extend(position.iter().flatten().map(|l| broad(&l.strokes, dark)));
        if let Some(most) = (start..covers.len()).max_by_key(|&i| covers[i]) {
            covers.swap_remove(most);
        }
    }
    let (least, most) = rules.speck;
    if covers.is_empty() {
        return least;
    }
    let rank = (covers.len() - 1) * 99 / 100;
    let level = *covers.select_nth_unstable(rank).1;
    (level.saturating_mul(SPECK_FACTOR.0) / SPECK_FACTOR.1).clamp(least, most)
}
