//! What the strokes in a target make it, by the second reader's own rules.

use super::MarkState;
use super::second::{Ground, Look, PRINT_SEEN, Sight};
use super::strokes::Strokes;
use crate::layout::Choice;

/// How much of a target the largest piece of a mark covers, in thousandths. A bar of 3 × 1 mm covers 370, a slash
/// of a thin pencil 150; a dot of 0.7 mm covers 60.
const MARK_COVER: u16 = 170;

/// How far across or down a target a mark reaches, in thousandths. Half a target is 500 wide; a dot of 1 mm, or
/// overflow from a neighbour, is 250 wide and 450 high at most.
const MARK_SPAN: (u16, u16) = (380, 550);

/// The palest mark, in thousandths from paper to print. Light pencil has 350 and more, what a good eraser leaves
/// has 20 to 70, a bad one 150 to 350.
const PALEST: u16 = 200;

/// How dark a mark's strokes are, as a share of the sheet's usual mark's: one hand's marks differ by 0.65, an
/// eraser leaves 0.15 to 0.4.
const FIRM: (u32, u32) = (1, 2);

/// The fewest marks that say what is usual.
const FEWEST: usize = 5;

/// What a line that goes through a target and on to both sides covers at most, in thousandths: a pencil line
/// covers 100 to 250, a zigzag 400; a full mark that overflows on both sides covers 800.
const LINE_COVER: u16 = 500;

/// A piece is its neighbour's when it comes in from one side, its middle lies so far off, in thousandths of half
/// the side, and it spans no more than this of the side.
const OFF_MIDDLE: i16 = 450;
const OVERFLOW_SPAN: u16 = 500;

/// What a piece covers, in thousandths, that is nothing: specks, anywhere; beside a mark; where it comes in from
/// a neighbour. Three cells of a card's target are 23; a dot of 0.7 mm covers 50 to 70.
const SPECK: u16 = 25;
const SPECK_BESIDE: u16 = 50;
const OVERFLOW: u16 = 60;
const OVERFLOW_BESIDE: u16 = 150;

/// What an eraser leaves beside a mark: at most this share of the mark's contrast, and of its weight. A thin or a
/// second mark of the same pencil has 0.7 of the contrast and more.
const ERASED_CONTRAST: (u32, u32) = (9, 20);
const ERASED_WEIGHT: (u32, u32) = (1, 4);

/// The share of a sheet's unmarked targets that must show their print for a missing print to mean anything: a
/// bilevel scan loses pale print here and there, a gray one nowhere.
const SHOWN: (usize, usize) = (19, 20);

/// How much of its print, in thousandths, a target that shows none may have by chance.
const PRINT_GONE: i64 = 200;

/// What the second reader holds a sheet's targets against.
pub(super) struct Bench {
    /// How dark the sheet's usual mark is, in thousandths.
    usual: Option<u16>,
    /// Whether empty targets of this sheet show their print.
    shown: bool,
}

impl Bench {
    /// What the targets of one sheet say of each other.
    pub(super) fn of(sight: &Sight) -> Self {
        let all = || sight.looks.iter().flatten().flatten().flatten();
        let mut marks: Vec<u16> =
            all().map(|l| &l.strokes).filter(|s| is_shaped(s)).map(|s| s.contrast).collect();
        marks.sort_unstable();
        let usual = (marks.len() >= FEWEST).then(|| marks[marks.len() / 2]);
        let empty = all().filter(|l| l.strokes.peak < sight.floor && l.ground == Ground::Paper);
        let (mut seen, mut known) = (0, 0);
        for print in empty.filter_map(|l| l.print) {
            known += 1;
            seen += usize::from(print >= PRINT_SEEN);
        }
        Self { usual, shown: known > 0 && seen * SHOWN.1 >= known * SHOWN.0 }
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
            } else if !is_nothing(strokes, beside) {
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

    fn is_mark(&self, strokes: &Strokes) -> bool {
        let contrast = u32::from(strokes.contrast);
        is_shaped(strokes) && self.usual.is_none_or(|usual| contrast * FIRM.1 >= u32::from(usual) * FIRM.0)
    }
}

/// Whether anything of the target is seen: its print, or a stroke.
fn shows(look: &Look) -> bool {
    look.ground == Ground::Paper
        && (look.strokes.cover > 0 || look.print.is_none_or(|seen| seen >= PRINT_GONE))
}

/// Whether strokes have a mark's form: large enough, of one piece, and the target's own.
fn is_shaped(strokes: &Strokes) -> bool {
    let line = strokes.goes_through() && strokes.cover < LINE_COVER;
    strokes.cover >= MARK_COVER
        && (strokes.span.0 >= MARK_SPAN.0 || strokes.span.1 >= MARK_SPAN.1)
        && strokes.contrast >= PALEST
        && !line
        && !comes_in(strokes)
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

/// Whether strokes are nothing that a candidate meant; `beside` is the position's mark.
fn is_nothing(strokes: &Strokes, beside: Option<&Strokes>) -> bool {
    let ringed = strokes.sides >= 3 && strokes.cover < LINE_COVER;
    if ringed {
        return false;
    }
    let Some(mark) = beside else {
        return strokes.cover <= SPECK || comes_in(strokes) && strokes.cover <= OVERFLOW;
    };
    let (contrast, weight) = (u32::from(strokes.contrast), strokes.weight());
    let erased = contrast * ERASED_CONTRAST.1 <= u32::from(mark.contrast) * ERASED_CONTRAST.0
        && weight * ERASED_WEIGHT.1 <= mark.weight() * ERASED_WEIGHT.0;
    strokes.cover <= SPECK_BESIDE || erased || comes_in(strokes) && strokes.cover <= OVERFLOW_BESIDE
}
