//! What hands do on a card, and what a fair person makes of it.

use super::graphite::{Patch, Tool, white_out};
use super::print::Print;
use crate::geometry::{Mm, Point, Rect};
use crate::sheet::{Response, ResponseState};
use rand::{Rng, RngExt};
use serde::Serialize;
use std::fmt;

/// What was done at one place: an item, a column of an identity field or a flag.
///
/// The place has options; *wanted* is the one that is meant, *other* is one of its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Act {
    /// Nothing.
    Blank,
    /// Filled side to side with a soft pencil.
    Full,
    /// A firm bar along the middle, three quarters of the width and half of the height.
    Bar,
    /// Filled with a black pen.
    BlackPen,
    /// Filled with a blue ballpoint.
    BluePen,
    /// Filled well beyond the outline, but clear of the other target.
    Overflow,
    /// Filled so far beyond the outline that it reaches into the other target's edge.
    OverflowInto,
    /// Filled evenly with a light hand.
    Light,
    /// Filled with hardly any pressure.
    Faint,
    /// Half of the target filled.
    Half,
    /// One slanting line.
    Slash,
    /// A tick.
    Tick,
    /// Two crossing lines.
    Cross,
    /// A dot in the middle.
    Dot,
    /// A line around the target.
    Ring,
    /// Filled and erased well; nothing else is marked.
    Erased,
    /// Filled and erased badly; nothing else is marked.
    ErasedBadly,
    /// The other target filled and erased well, the wanted one filled.
    Changed,
    /// The other target filled and erased badly, the wanted one filled.
    ChangedBadly,
    /// Filled and painted over with white-out; nothing else is marked.
    WhiteOut,
    /// The other target filled and painted over, the wanted one filled.
    WhiteOutChanged,
    /// Two targets filled.
    Double,
    /// All targets filled.
    AllFilled,
    /// One line through all targets.
    Struck,
    /// The wanted target filled, and graphite dragged across the place by a sleeve.
    Smudged,
    /// Part of a scribble over several places.
    Scribbled,
}

/// What may become of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "rule", content = "value")]
pub enum Expect {
    /// The careful case: it must be read as this value (empty: blank). Held is no error, but a failing: it counts
    /// against the held rate of careful marks.
    Must(String),
    /// This value or held for a person.
    MayHold(String),
    /// Held for a person: whatever it is read as, it is not what was certainly meant.
    MustHold,
    /// Anything but another answer: this value, held, or several marks with this value among them.
    NeverOther(String),
}

/// How a response stands to what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Read, and rightly so.
    Right,
    /// Left to a person.
    Held,
    /// Stood behind, and wrong.
    Wrong,
}

impl Expect {
    /// How `response` stands to what was expected. `lost` says that the scanner may have lost the mark
    /// altogether, so that nothing at all may be seen.
    #[must_use]
    pub fn judge(&self, response: &Response, lost: bool) -> Verdict {
        // A number with two marks in a column is nobody's number: it goes to a person as the doubtful ones do.
        let torn = response.state == ResponseState::Multiple && response.value.contains('[');
        if response.state.is_held() || torn {
            return Verdict::Held;
        }
        let blank = response.state == ResponseState::Blank;
        let is = |value: &str| if blank { value.is_empty() } else { response.value == value };
        let right = lost && blank
            || match self {
                Self::Must(value) | Self::MayHold(value) => is(value),
                Self::MustHold => false,
                Self::NeverOther(value) => {
                    is(value)
                        || response.state == ResponseState::Multiple
                            && value.chars().all(|c| response.value.contains(c))
                }
            };
        if right { Verdict::Right } else { Verdict::Wrong }
    }

    /// Whether the mark was made carefully, so that holding it is a failing.
    #[must_use]
    pub fn is_careful(&self) -> bool {
        matches!(self, Self::Must(_))
    }

    /// The value that a fair person writes down; `None` where there is none.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Must(value) | Self::MayHold(value) | Self::NeverOther(value) => Some(value),
            Self::MustHold => None,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Must(value) => write!(f, "{value:?}"),
            Self::MayHold(value) => write!(f, "{value:?} or held"),
            Self::MustHold => write!(f, "held"),
            Self::NeverOther(value) => write!(f, "{value:?}, several with it, or held"),
        }
    }
}

impl Act {
    /// Every kind, in the order above.
    pub const ALL: [Self; 26] = [
        Self::Blank,
        Self::Full,
        Self::Bar,
        Self::BlackPen,
        Self::BluePen,
        Self::Overflow,
        Self::OverflowInto,
        Self::Light,
        Self::Faint,
        Self::Half,
        Self::Slash,
        Self::Tick,
        Self::Cross,
        Self::Dot,
        Self::Ring,
        Self::Erased,
        Self::ErasedBadly,
        Self::Changed,
        Self::ChangedBadly,
        Self::WhiteOut,
        Self::WhiteOutChanged,
        Self::Double,
        Self::AllFilled,
        Self::Struck,
        Self::Smudged,
        Self::Scribbled,
    ];

    /// The word used in tables and truth files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Full => "full",
            Self::Bar => "bar",
            Self::BlackPen => "black-pen",
            Self::BluePen => "blue-pen",
            Self::Overflow => "overflow",
            Self::OverflowInto => "overflow-into",
            Self::Light => "light",
            Self::Faint => "faint",
            Self::Half => "half",
            Self::Slash => "slash",
            Self::Tick => "tick",
            Self::Cross => "cross",
            Self::Dot => "dot",
            Self::Ring => "ring",
            Self::Erased => "erased",
            Self::ErasedBadly => "erased-badly",
            Self::Changed => "changed",
            Self::ChangedBadly => "changed-badly",
            Self::WhiteOut => "white-out",
            Self::WhiteOutChanged => "white-out-changed",
            Self::Double => "double",
            Self::AllFilled => "all-filled",
            Self::Struck => "struck",
            Self::Smudged => "smudged",
            Self::Scribbled => "scribbled",
        }
    }

    /// Whether the act involves a second target.
    #[must_use]
    pub fn needs_other(self) -> bool {
        matches!(
            self,
            Self::OverflowInto | Self::Changed | Self::ChangedBadly | Self::WhiteOutChanged | Self::Double
        )
    }

    /// Whether so little is drawn that a scanner which drops what is pale may drop all of it.
    #[must_use]
    pub fn is_slight(self) -> bool {
        matches!(
            self,
            Self::Light
                | Self::Faint
                | Self::Slash
                | Self::Tick
                | Self::Cross
                | Self::Dot
                | Self::Ring
                | Self::Struck
                | Self::Half
        )
    }

    /// What a fair person makes of it, where `wanted` and `other` are among `options` (one letter each, in
    /// printed order) and `several` says that more than one mark is allowed.
    #[must_use]
    pub fn expect(self, wanted: &str, other: &str, options: &str, several: bool) -> Expect {
        let wanted = wanted.to_owned();
        match self {
            Self::Blank => Expect::Must(String::new()),
            Self::Full | Self::Bar | Self::BlackPen | Self::BluePen | Self::Overflow => Expect::Must(wanted),
            // Beside a firm mark a trace that an eraser leaves is passed over; where several marks are allowed
            // it could be one of them.
            Self::Changed if !several => Expect::Must(wanted),
            Self::OverflowInto
            | Self::Light
            | Self::Faint
            | Self::Half
            | Self::Slash
            | Self::Tick
            | Self::Cross
            | Self::Changed
            | Self::ChangedBadly
            | Self::WhiteOutChanged
            | Self::Smudged => Expect::MayHold(wanted),
            Self::Ring => Expect::MustHold,
            // Never an answer; where it is too pale to stand out the item is as good as blank.
            Self::Dot | Self::Erased | Self::ErasedBadly | Self::WhiteOut => Expect::MayHold(String::new()),
            Self::Double => Expect::MayHold(
                options.chars().filter(|&c| wanted.contains(c) || other.contains(c)).collect(),
            ),
            Self::AllFilled => Expect::MayHold(options.to_owned()),
            Self::Struck => Expect::NeverOther(options.to_owned()),
            Self::Scribbled => Expect::NeverOther(wanted),
        }
    }
}

/// A candidate's hand: the pencil, and how it is moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hand {
    pencil: Tool,
    /// Slant of the hatching, radians.
    slant: f64,
    /// Off the target's middle by so much at most, millimetres across and down.
    off: (f64, f64),
}

impl Hand {
    /// Some careful candidate's hand.
    pub fn some(rng: &mut impl Rng) -> Self {
        // Most fill a wide flat target to and fro along it, some at a slant, a few up and down.
        let slant = match rng.random_range(0..10) {
            0..6 => rng.random_range(-0.12..0.12),
            6..9 => rng.random_range(-1.0..-0.35),
            _ => rng.random_range(1.35..1.7),
        };
        Self { pencil: Tool::pencil(rng), slant, off: (0.25, 0.15) }
    }

    /// The pencil.
    pub(super) fn pencil(&self) -> Tool {
        self.pencil
    }

    /// Does `act` on the targets `rects` of one place: `wanted` and `other` are indices among them.
    pub fn act(
        &self,
        act: Act,
        print: &mut Print,
        rects: &[Rect<Mm>],
        (wanted, other): (usize, usize),
        rng: &mut impl Rng,
    ) {
        let (target, beside) = (&rects[wanted], &rects[other]);
        match act {
            Act::Blank | Act::Scribbled => {}
            Act::WhiteOut => self.paint_over(print, target, rng),
            Act::AllFilled => rects.iter().for_each(|rect| self.one(Act::Full, print, rect, rect, rng)),
            Act::Double => {
                self.one(Act::Full, print, target, beside, rng);
                self.one(Act::Full, print, beside, target, rng);
            }
            Act::Changed | Act::ChangedBadly | Act::WhiteOutChanged => {
                match act {
                    Act::Changed => self.one(Act::Erased, print, beside, target, rng),
                    Act::ChangedBadly => self.one(Act::ErasedBadly, print, beside, target, rng),
                    _ => self.paint_over(print, beside, rng),
                }
                self.one(Act::Full, print, target, beside, rng);
            }
            Act::Struck => {
                let (first, last) = (&rects[0], &rects[rects.len() - 1]);
                let mut patch = Patch::over(print, &around(first, last, 3.0), rng);
                let (a, b) = ends(first, last, 2.6, rng);
                patch.line(a, b, &self.pencil.line(), rng);
                patch.lay(print, self.pencil.darkest);
            }
            Act::Smudged => {
                self.one(Act::Full, print, target, beside, rng);
                let mut patch = Patch::over(print, &target.grown(9.0), rng);
                let to = target.centre.shifted(rng.random_range(4.0..8.0), rng.random_range(-1.5..1.5));
                patch.smudge(target.centre, to, rng.random_range(2.0..3.5), rng.random_range(0.03..0.09));
                patch.lay(print, 0.5);
            }
            _ => self.one(act, print, target, beside, rng),
        }
    }

    /// Filled, then painted over.
    fn paint_over(&self, print: &mut Print, rect: &Rect<Mm>, rng: &mut impl Rng) {
        self.one(Act::Full, print, rect, rect, rng);
        let (w, h) = (rect.width.0 + rng.random_range(0.5..1.1), rect.height.0 + rng.random_range(0.5..1.0));
        white_out(print, rect.centre, (w, h), rng);
    }

    /// What touches one target only; `beside` says where an overflow goes.
    fn one(&self, act: Act, print: &mut Print, rect: &Rect<Mm>, beside: &Rect<Mm>, rng: &mut impl Rng) {
        let (w, h) = (rect.width.0, rect.height.0);
        let c = rect
            .centre
            .shifted(rng.random_range(-self.off.0..self.off.0), rng.random_range(-self.off.1..self.off.1));
        let slant = self.slant + rng.random_range(-0.06..0.06);
        let mut patch = Patch::over(print, &around(rect, beside, 1.6), rng);
        let mut tool = self.pencil;
        let line = self.pencil.line();
        match act {
            Act::Bar => {
                // Drawn lengthwise, whoever draws it. The rims of its strokes are pale: they don't count as its
                // height.
                tool.breadth = tool.breadth.min(h * 0.27);
                patch.hatch(c, (w * 0.77, h * 0.57), rng.random_range(-0.02..0.02), &tool, rng);
            }
            Act::BlackPen | Act::BluePen => {
                tool = if act == Act::BlackPen { Tool::black_pen() } else { Tool::blue_pen() };
                patch.hatch(
                    c,
                    (w * rng.random_range(0.86..1.0), h * rng.random_range(0.82..1.0)),
                    slant,
                    &tool,
                    rng,
                );
            }
            Act::Overflow => patch.hatch(
                rect.centre.shifted(rng.random_range(-0.3..0.3), 0.0),
                (w + rng.random_range(0.8..1.3), h + rng.random_range(0.4..0.8)),
                slant,
                &tool,
                rng,
            ),
            Act::OverflowInto => {
                // From the target's own middle to a sixth of the other's width.
                let (dx, dy) = (beside.centre.x.0 - rect.centre.x.0, beside.centre.y.0 - rect.centre.y.0);
                let far = dx.abs().max(dy.abs()).max(1.0);
                let (ux, uy) = (dx / far, dy / far);
                let side = w * ux.abs() + h * uy.abs();
                let reach = (far - side).max(0.0) + side * rng.random_range(0.04..0.16);
                let c = rect.centre.shifted(ux * reach / 2.0, uy * reach / 2.0);
                patch.hatch(c, (w + ux.abs() * reach, h + uy.abs() * reach), slant, &tool, rng);
            }
            Act::Light | Act::Faint => {
                tool = if act == Act::Light { tool.light(rng) } else { tool.faint(rng) };
                patch.hatch(c, (w * 0.92, h * 0.92), slant, &tool, rng);
            }
            Act::Half => {
                let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                patch.hatch(c.shifted(side * w / 4.0, 0.0), (w * 0.5, h * 0.92), slant, &tool, rng);
            }
            Act::Slash => {
                patch.line(c.shifted(-w * 0.35, h * 0.5), c.shifted(w * 0.35, -h * 0.5), &line, rng);
            }
            Act::Tick => patch.stroke(
                &[
                    c.shifted(-w * 0.4, -h * 0.05),
                    c.shifted(-w * 0.27, h * 0.12),
                    c.shifted(-w * 0.12, h * 0.42),
                    c.shifted(w * 0.1, 0.0),
                    c.shifted(w * 0.45, -h * 0.62),
                ],
                &line,
                rng,
            ),
            Act::Cross => {
                patch.line(c.shifted(-w * 0.38, -h * 0.46), c.shifted(w * 0.38, h * 0.46), &line, rng);
                patch.line(c.shifted(w * 0.38, -h * 0.46), c.shifted(-w * 0.38, h * 0.46), &line, rng);
            }
            Act::Dot => {
                // Pressed and turned a little: 0.8 mm across.
                let dot = Tool { breadth: 0.6, ..tool };
                patch.stroke(&[c, c.shifted(0.15, 0.05)], &dot, rng);
                patch.stroke(&[c.shifted(0.1, -0.05), c.shifted(-0.05, 0.05)], &dot, rng);
            }
            Act::Ring => patch.stroke(&ring(rect.centre, (w * 0.62, h * 0.78), rng), &line, rng),
            Act::Erased | Act::ErasedBadly => {
                patch.hatch(c, (w * 0.95, h * 0.92), slant, &tool, rng);
                let keep = if act == Act::Erased {
                    rng.random_range(0.006..0.02)
                } else {
                    rng.random_range(0.04..0.1)
                };
                patch.erase(c, (w * 1.35, h * 1.45), keep, rng);
            }
            _ => patch.hatch(
                c,
                (w * rng.random_range(0.88..1.02), h * rng.random_range(0.85..1.02)),
                slant,
                &tool,
                rng,
            ),
        }
        patch.lay(print, tool.darkest);
    }
}

/// A hand-drawn ellipse that overshoots its start.
fn ring(c: Point<Mm>, (rx, ry): (f64, f64), rng: &mut impl Rng) -> Vec<Point<Mm>> {
    let (start, wobble) = (rng.random_range(0.0..6.3), rng.random_range(0.02..0.06));
    (0..=27)
        .map(|i| {
            let angle = start + f64::from(i) * std::f64::consts::TAU / 25.0;
            let r = 1.0 + wobble * libm::sin(3.0 * angle + start);
            c.shifted(rx * r * libm::cos(angle), ry * r * libm::sin(angle))
        })
        .collect()
}

/// The rectangle around two, with a margin.
pub(super) fn around(a: &Rect<Mm>, b: &Rect<Mm>, margin: f64) -> Rect<Mm> {
    Rect::between(
        a.left().min(b.left()) - margin,
        a.top().min(b.top()) - margin,
        a.right().max(b.right()) + margin,
        a.bottom().max(b.bottom()) + margin,
    )
}

/// Where a line through both targets begins and ends, a little beyond them.
fn ends(first: &Rect<Mm>, last: &Rect<Mm>, beyond: f64, rng: &mut impl Rng) -> (Point<Mm>, Point<Mm>) {
    let (dx, dy) = (last.centre.x.0 - first.centre.x.0, last.centre.y.0 - first.centre.y.0);
    let far = dx.abs().max(dy.abs()).max(0.1);
    let (ux, uy) = (dx / far * beyond, dy / far * beyond);
    let mut tilt = || rng.random_range(-0.45..0.45);
    (first.centre.shifted(-ux, -uy + tilt()), last.centre.shifted(ux, uy + tilt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Held, Right, Wrong};

    fn response(value: &str, state: ResponseState) -> Response {
        Response { value: value.into(), state }
    }

    #[test]
    fn verdicts_follow_the_rules() {
        use ResponseState::{Blank, Marginal, Multiple, Resolved};
        let read = |value: &str, state| response(value, state);
        for (expect, seen, verdict) in [
            (Expect::Must("B".into()), read("B", Resolved), Right),
            (Expect::Must("B".into()), read("B", Marginal), Held),
            (Expect::Must("B".into()), read("", Blank), Wrong),
            (Expect::Must("AB".into()), read("AB", Multiple), Right),
            (Expect::Must(String::new()), read("", Blank), Right),
            (Expect::Must(String::new()), read("A", Resolved), Wrong),
            (Expect::MayHold("B".into()), read("A", Resolved), Wrong),
            (Expect::MustHold, read("B", Resolved), Wrong),
            (Expect::MustHold, read("", Blank), Wrong),
            (Expect::MustHold, read("", Marginal), Held),
            (Expect::NeverOther("B".into()), read("ABD", Multiple), Right),
            (Expect::NeverOther("B".into()), read("AD", Multiple), Wrong),
            (Expect::NeverOther("B".into()), read("A", Resolved), Wrong),
            (Expect::NeverOther("ABCD".into()), read("B", Resolved), Wrong),
        ] {
            assert_eq!(expect.judge(&seen, false), verdict, "{expect:?} {seen:?}");
        }
        assert_eq!(Expect::MayHold("B".into()).judge(&response("", Blank), true), Right);
    }

    #[test]
    fn every_act_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Act::ALL.iter().map(|a| a.word()).collect();
        assert_eq!(words.len(), Act::ALL.len());
    }

    #[test]
    fn two_marks_are_both_there() {
        assert_eq!(Act::Double.expect("C", "A", "ABCD", false), Expect::MayHold("AC".into()));
        assert_eq!(Act::Changed.expect("C", "A", "ABCD", true), Expect::MayHold("C".into()));
    }
}
