//! What printers, paper, scanners and cameras do to a card, by name.

use super::capture::{Camera, Capture, Shadow, Streak};
use super::paper::{self, CORNERS};
use super::print::{DOTS, Print};
use super::scanner::Format;
use super::{Act, SimulateError};
use crate::geometry::{Mm, Orientation, Point, Rect};
use crate::layout::Layout;
use rand::{Rng, RngExt};
use serde::Serialize;
use std::borrow::Cow;

macro_rules! damages {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A kind of damage. Each has a strength from 0, hardly there, to 1, as bad as a sheet that must still be read
        /// (or set aside) comes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Damage { $($(#[$doc])* $name,)* }

        impl Damage {
            /// Every kind, in the order above.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used on the command line and in tables.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

damages! {
    /// None: a flatbed at 200 dpi, in order.
    Clean = "clean",
    /// An office's scanner: leaning up to 3°, shaded, noisy, now and then a streak, JPEG of 70 and up, 150 to 300 dpi.
    Office = "office",
    /// 600 down to 150 dots an inch.
    Resolution = "resolution",
    /// Black and white at a threshold in the middle.
    Bilevel = "bilevel",
    /// Black and white at a threshold that is too low or too high.
    BadThreshold = "bad-threshold",
    /// The printer ran out of toner: print at 100 down to 45 % of its darkness.
    FaintToner = "faint-toner",
    /// Overexposed: paper at the sensor's end, pencil pale.
    Bright = "bright",
    /// Underexposed: paper at level 230 down to 130.
    Dark = "dark",
    /// Light falls off by up to a third from one side to the other.
    Gradient = "gradient",
    /// The edge of a shadow across the sheet, up to half of the light.
    Shadow = "shadow",
    /// JPEG of quality 85 down to 40.
    Jpeg = "jpeg",
    /// Interference of up to ±9 levels.
    Moire = "moire",
    /// One to three dark lines along the feed, through targets.
    DarkStreak = "dark-streak",
    /// One to three bright lines along the feed, through targets.
    BrightStreak = "bright-streak",
    /// Damp or dry paper, up to ±2 % across and along.
    Stretch = "stretch",
    /// A feed that runs fast and slow by turns, up to 0.8 mm ahead and behind.
    UnevenFeed = "uneven-feed",
    /// A sheet that lies bowed, up to 2 mm.
    Bow = "bow",
    /// A fold across the sheet.
    Fold = "fold",
    /// A corner folded over.
    DogEar = "dog-ear",
    /// Two filing holes.
    Holes = "holes",
    /// A staple in a corner.
    Staple = "staple",
    /// The other side shines through, up to 16 %.
    ShowThrough = "show-through",
    /// A corner cut off.
    CutCorner = "cut-corner",
    /// Turned by 90° or 270°.
    Sideways = "sideways",
    /// Turned by 180°.
    UpsideDown = "upside-down",
    /// Leaning up to 10°.
    Lean = "lean",
    /// Taken by hand: tilted up to 25°, dark ground, uneven light, soft, noisy, 1500 to 3000 pixels high.
    Photo = "photo",
    /// A scanner with a black lid and a sheet that is smaller than the glass.
    DarkGround = "dark-ground",
    /// A pen scribble over one fiducial.
    ScribbledFiducial = "scribbled-fiducial",
    /// One corner fiducial has come off.
    LostFiducial = "lost-fiducial",
    /// Black things that look like fiducials: blocks, holes, a staple, a stamp, a barcode.
    Lookalikes = "lookalikes",
    /// Noise of σ up to 15 levels.
    Noise = "noise",
    /// Out of focus by up to 0.55 mm.
    Blur = "blur",
    /// Two sheets fed at once, one over the other.
    DoubleFeed = "double-feed",
    /// The blank back of a card, its face shining through.
    BackSide = "back-side",
    /// Blank paper.
    BlankPage = "blank-page",
    /// A page of text.
    TextPage = "text-page",
    /// A picture.
    Picture = "picture",
    /// Another card.
    OtherCard = "other-card",
    /// Half of a card.
    HalfPage = "half-page",
}

/// What must become of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SheetFate {
    /// It is read; careful marks are right.
    Read,
    /// It is set aside: there is no response that anybody could stand behind.
    SetAside,
}

/// A damage of some strength, ready to be done to any number of sheets.
#[derive(Debug, Clone, PartialEq)]
pub struct Damaged {
    /// Its kind.
    pub damage: Damage,
    /// Its strength, 0..=1.
    pub strength: f64,
    /// How the picture is taken.
    pub capture: Capture,
}

impl Damage {
    /// The kind that `word` names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.word() == word)
    }

    /// What must become of a sheet that this was done to.
    #[must_use]
    pub fn fate(self) -> SheetFate {
        match self {
            Self::DoubleFeed
            | Self::BackSide
            | Self::BlankPage
            | Self::TextPage
            | Self::Picture
            | Self::OtherCard
            | Self::HalfPage => SheetFate::SetAside,
            _ => SheetFate::Read,
        }
    }

    /// The damage at a `strength` of 0..=1, its particulars drawn at random.
    pub fn at(self, strength: f64, layout: &Layout, rng: &mut impl Rng) -> Damaged {
        let s = strength.clamp(0.0, 1.0);
        let either = |rng: &mut _, v: f64| if flip(rng) { v } else { -v };
        let mut c = Capture::clean();
        let page = (layout.page.width_mm, layout.page.height_mm);
        match self {
            Self::Office => c = office(page, rng),
            Self::Resolution => c.dpi = (600.0 - 450.0 * s).round(),
            Self::Bilevel => {
                let level = rng.random_range(140..=175);
                c.format = if flip(rng) { Format::Group4(level) } else { Format::BilevelPng(level) };
            }
            Self::BadThreshold => {
                let off = (30.0 + 30.0 * s) as u8;
                c.format = Format::Group4(if flip(rng) { 155 - off } else { 168 + off });
                c.noise = 3.0;
            }
            Self::Bright => (c.paper, c.black) = (255.0 + 35.0 * s, 30.0 + 60.0 * s),
            Self::Dark => (c.paper, c.black) = (230.0 - 100.0 * s, 14.0),
            Self::Gradient => c.gradient = (either(rng, 0.35 * s), either(rng, 0.25 * s)),
            Self::Shadow => {
                let (edge, angle) = (rng.random_range(-0.5..0.6), rng.random_range(-3.0..3.0));
                c.shadow =
                    Some(Shadow { angle, edge, soft: rng.random_range(0.12..0.5), left: 1.0 - 0.5 * s });
            }
            Self::Jpeg => {
                c.format = Format::Jpeg((85.0 - 45.0 * s) as u8);
                c.noise = 2.5;
            }
            Self::Moire => {
                let mut cycles = || either(rng, 0.09);
                let (x, y) = (cycles(), cycles());
                c.moire =
                    Some((2.0 + 7.0 * s, x * rng.random_range(0.5..2.0), y * rng.random_range(0.5..2.0)));
            }
            Self::DarkStreak | Self::BrightStreak => {
                let sign = if self == Self::DarkStreak { -1.0 } else { 1.0 };
                c.streaks = streaks(layout, s, sign, rng);
            }
            Self::Stretch => {
                c.stretch = (1.0 + either(rng, 0.02 * s), 1.0 + either(rng, 0.02 * s));
            }
            Self::UnevenFeed => c.feed = (either(rng, 0.8 * s), rng.random_range(90.0..260.0)),
            Self::Bow => c.bow_mm = (either(rng, 2.0 * s), either(rng, 1.0 * s)),
            Self::Fold => c.fold_mm = Some(page.1 * rng.random_range(0.3..0.7)),
            Self::Sideways => {
                c.turn = if flip(rng) { Orientation::Turned90 } else { Orientation::Turned270 };
            }
            Self::UpsideDown => c.turn = Orientation::UpsideDown,
            Self::Lean => c.lean_deg = either(rng, 1.0 + 9.0 * s),
            Self::Photo => c = photo(s, rng),
            Self::DarkGround => {
                c.background = 0.03;
                c.stretch = (0.965, 0.965);
                c.lean_deg = either(rng, 2.0 * s);
            }
            Self::Noise => c.noise = 3.0 + 12.0 * s,
            Self::Blur => c.blur_mm = 0.15 + 0.4 * s,
            Self::DogEar | Self::CutCorner | Self::HalfPage => c.background = 0.05,
            Self::BackSide => c.paper = 238.0,
            _ => {}
        }
        if self == Self::Lean {
            // The glass is larger than the sheet: no corner is cut off.
            let shrink = 0.84 + 0.1 * (1.0 - s);
            c.stretch = (shrink, shrink);
            c.dpi /= shrink;
        }
        Damaged { damage: self, strength: s, capture: c }
    }
}

fn flip(rng: &mut impl Rng) -> bool {
    rng.random_bool(0.5)
}

fn office(page: (f64, f64), rng: &mut impl Rng) -> Capture {
    let streak = Streak {
        at_mm: rng.random_range(0.1..0.9) * page.0,
        breadth_mm: rng.random_range(0.15..0.35),
        strength: -rng.random_range(0.08..0.3),
    };
    Capture {
        dpi: [150.0, 200.0, 200.0, 300.0][rng.random_range(0..4)],
        turn: if rng.random_bool(0.1) { Orientation::UpsideDown } else { Orientation::Upright },
        lean_deg: rng.random_range(-3.0..3.0),
        shift_mm: (rng.random_range(-2.5..2.5), rng.random_range(-2.5..2.5)),
        stretch: (rng.random_range(0.995..1.005), rng.random_range(0.99..1.01)),
        feed: (rng.random_range(-0.1..0.1), 140.0),
        paper: rng.random_range(225.0..252.0),
        black: rng.random_range(12.0..50.0),
        gradient: (rng.random_range(-0.06..0.06), rng.random_range(-0.06..0.06)),
        streaks: if rng.random_bool(0.2) { vec![streak] } else { Vec::new() },
        noise: rng.random_range(1.0..6.0),
        blur_mm: rng.random_range(0.11..0.22),
        format: match rng.random_range(0..10) {
            0 => Format::BilevelPng(rng.random_range(145..170)),
            1 => Format::Group4(rng.random_range(145..170)),
            2..5 => Format::Jpeg(rng.random_range(70..=92)),
            _ => Format::Png,
        },
        ..Capture::clean()
    }
}

fn photo(s: f64, rng: &mut impl Rng) -> Capture {
    let mut tilt = || rng.random_range(-1.0..1.0) * (4.0 + 14.0 * s);
    let tilt_deg = (tilt(), tilt());
    Capture {
        camera: Some(Camera {
            tilt_deg,
            height: rng.random_range(1900..3000) - (400.0 * s) as usize,
            share: rng.random_range(0.86..0.94) - 0.06 * s,
        }),
        lean_deg: rng.random_range(-4.0..4.0),
        bow_mm: (rng.random_range(-0.6..0.6) * s, rng.random_range(-0.4..0.4) * s),
        background: rng.random_range(0.08..0.3),
        paper: rng.random_range(195.0..240.0),
        black: rng.random_range(25.0..55.0),
        gradient: (rng.random_range(-0.3..0.3) * s, rng.random_range(-0.3..0.3) * s),
        vignette: rng.random_range(0.05..0.2),
        noise: 1.5 + 3.5 * s,
        blur_mm: rng.random_range(0.15..0.22) + 0.13 * s,
        format: Format::Jpeg(rng.random_range(80..93)),
        ..Capture::clean()
    }
}

/// Streaks through columns of targets.
fn streaks(layout: &Layout, s: f64, sign: f64, rng: &mut impl Rng) -> Vec<Streak> {
    let targets: Vec<Rect<Mm>> = layout.targets().map(|(_, _, target)| target.rect).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    (0..rng.random_range(1..4))
        .map(|_| {
            let rect = targets[rng.random_range(0..targets.len())];
            let breadth_mm = rng.random_range(0.15..0.2 + 0.2 * s);
            let strength = sign * if sign < 0.0 { 0.15 + 0.45 * s } else { 0.4 + 0.5 * s };
            Streak { at_mm: rect.centre.x.0 + rng.random_range(-1.5..1.5), breadth_mm, strength }
        })
        .collect()
}

impl Damaged {
    /// Whether a mark made by `act` may be gone from the picture, whoever looks at it: a threshold drops what is
    /// paler than itself, an overexposed sensor the palest.
    #[must_use]
    pub fn may_lose(&self, act: Act) -> bool {
        match (self.damage, self.capture.format) {
            (Damage::BadThreshold, _) => act.is_slight() || act == Act::BluePen,
            (_, Format::BilevelPng(_) | Format::Group4(_)) => matches!(act, Act::Light | Act::Faint),
            (Damage::Bright, _) => act == Act::Faint,
            _ => false,
        }
    }

    /// Whether what an eraser left of a mark made by `act` may be as black as a mark in the picture, whoever looks at it: a
    /// threshold among the palest grays blackens it.
    #[must_use]
    pub fn may_blacken(&self, act: Act) -> bool {
        self.damage == Damage::BadThreshold && matches!(act, Act::ErasedBadly | Act::ChangedBadly)
    }

    /// The empty card as it comes from the printer, to be filled.
    #[must_use]
    pub fn printed<'p>(&self, blank: &'p Print) -> Cow<'p, Print> {
        if self.damage == Damage::FaintToner {
            let mut print = blank.clone();
            paper::fade(&mut print, 1.0 - 0.55 * self.strength);
            Cow::Owned(print)
        } else {
            Cow::Borrowed(blank)
        }
    }

    /// The picture of `print` with this damage, as a file's bytes. `other` is another layout's card.
    ///
    /// # Errors
    ///
    /// [`SimulateError::Encode`] if the picture can't be written in the chosen format.
    pub fn file(
        &self,
        print: &mut Print,
        layout: &Layout,
        other: &Print,
        rng: &mut impl Rng,
    ) -> Result<Vec<u8>, SimulateError> {
        self.spoil(print, layout, other, rng);
        self.capture.file(print, rng)
    }

    /// What happens to the paper.
    fn spoil(&self, print: &mut Print, layout: &Layout, other: &Print, rng: &mut impl Rng) {
        let (s, size) = (self.strength, (layout.page.width_mm, layout.page.height_mm));
        let corner = CORNERS[rng.random_range(0..4)];
        let fiducials: Vec<Rect<Mm>> = layout.fiducials.iter().map(|f| f.rect).collect();
        // The one nearest to the corner.
        let at = Point::at(size.0 * (0.5 + corner.0 / 2.0), size.1 * (0.5 + corner.1 / 2.0));
        let near = |a: &&Rect<Mm>, b: &&Rect<Mm>| at.distance(a.centre).0.total_cmp(&at.distance(b.centre).0);
        let nearest = fiducials.iter().min_by(near).copied();
        let legs = (8.0 + 18.0 * s, 8.0 + 18.0 * s * rng.random_range(0.7..1.0));
        match self.damage {
            Damage::DogEar => paper::dog_ear(print, size, corner, legs),
            Damage::CutCorner => paper::cut_corner(print, size, corner, legs),
            Damage::Holes => paper::punch(print, size, if flip(rng) { 10.0 } else { size.0 - 10.0 }),
            Damage::Staple => {
                let at = Point::at(
                    size.0 / 2.0 + corner.0 * (size.0 / 2.0 - 9.0),
                    size.1 / 2.0 + corner.1 * (size.1 / 2.0 - 20.0),
                );
                paper::staple(print, at, 0.8);
            }
            Damage::ShowThrough => {
                let back = print.clone();
                paper::show_through(print, &back, 0.04 + 0.12 * s);
            }
            Damage::ScribbledFiducial => {
                if let Some(rect) = nearest {
                    paper::scribble_over(print, &rect, rng);
                }
            }
            Damage::LostFiducial => {
                if let Some(rect) = nearest {
                    paper::block(print, &rect.grown(0.6), 255);
                }
            }
            Damage::Lookalikes => {
                let targets: Vec<_> = layout.targets().map(|(_, _, t)| t.rect).collect();
                paper::lookalikes(print, &fiducials, &targets, size, rng);
                if let Some(facts) = &layout.print
                    && let Some(frame) = &facts.barcode
                {
                    paper::barcode(print, Point::at(frame.left() + 6.0, frame.top() + 4.0), rng);
                }
            }
            Damage::DoubleFeed => {
                let (upper, aside) = (print.clone(), rng.random_range(0.0..3.0));
                paper::double_feed(print, &upper, rng.random_range(0.2..0.75), aside);
            }
            Damage::BackSide => {
                let face = std::mem::replace(print, paper::blank_like(print));
                paper::show_through(print, &face, 0.05 + 0.15 * s);
            }
            Damage::BlankPage => *print = paper::blank_like(print),
            Damage::TextPage => *print = paper::text_page(print, rng),
            Damage::Picture => *print = paper::picture(print, rng),
            Damage::OtherCard => *print = other.clone(),
            Damage::HalfPage => paper::tear(print, rng.random_range(0..4), rng),
            _ => {}
        }
    }
}

impl Print {
    /// Width and height in millimetres.
    #[must_use]
    pub fn size_mm(&self) -> (f64, f64) {
        (self.width as f64 / DOTS, self.height as f64 / DOTS)
    }
}
