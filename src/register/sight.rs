//! Where printed targets are seen, against where the layout and a mapping put them.

use crate::geometry::{Mapping, Mm, Point, Rect};
use crate::layout::{Field, Layout, PrintInk, Target, TargetShape};
use crate::source::Page;
use std::rc::Rc;

/// How many targets are looked at, spread over the whole card: half of them bend the mapping, the other half prove it. Fewer
/// than 60 leave a corner of a large card unwatched; more than 200 cost as much as reading.
pub(super) const SOME: usize = 112;

/// The same where the sheet turns out to be bent: most of a card's targets.
pub(super) const MANY: usize = 448;

/// How far a printed target is looked for, as a share of the distance to its nearest neighbour, and in millimetres at the
/// most: nearer to it than to any other.
const REACH_PITCHES: f64 = 0.5;
const MOST_REACH_MM: f64 = 1.8;

/// The coarse and the fine step of that search, in millimetres: the outline is 0.2 mm wide and the
/// picture blurs it to 0.4.
const COARSE_STEP_MM: f64 = 0.3;
const FINE_STEP_MM: f64 = 0.1;

/// How far around the best place the middle of the plateau is looked for, in millimetres: a line's breadth.
const FINE_REACH_MM: f64 = 0.3;

/// The most steps that this is.
const MOST_FINE: i32 = 4;

/// The step and the number of steps around the predicted place that are looked at first: good fits are off by 0.2 mm.
const NEAR_STEP_MM: f64 = 0.2;
const NEAR_STEPS: i32 = 2;

/// How much better an outline must show farther off than near its place, as a factor.
const FAR_BETTER: f64 = 1.5;

/// The most that one point of an outline counts, in gray levels, for pale and for dark print: a mark's edge beside it is darker
/// than any outline, but only on one side.
const MOST_PALE: i32 = 32;
const MOST_DARK: i32 = 120;

/// How far a sighting may lie from those around it, in millimetres, before it is looked for again among them.
const STRAY_MM: f64 = 0.4;

/// How many sightings around one say where it should be.
const AROUND: usize = 9;

/// How much darker than what surrounds it an outline must be to count as seen, in gray levels. The
/// best of a hundred places in pure noise of σ 10 reaches 8.
pub(super) const SEEN_LEVELS: f64 = 11.0;

/// From how much on an outline in its place is not looked for elsewhere, in gray levels: pale print has 15 to 25, and what is found farther
/// off would have to show [`FAR_BETTER`] times as much.
const PLAINLY_SEEN: f64 = 15.0;

/// How much darker than its outline the inside of a target must be to be taken for marked, in gray levels: its letter adds
/// no more than 20.
const MARKED_LEVELS: f64 = 25.0;

/// Where the paper around a target is looked at, in millimetres outside its outline: by three line widths; the nearest print is
/// 0.8 mm away.
const OUT: f64 = 0.45;

/// Below this share of the best contrast a place says nothing about where the outline lies.
const PLATEAU: f64 = 0.6;

/// A printed target, looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    /// Its place on the sheet.
    pub(super) at: Point<Mm>,
    /// Distance to its nearest neighbour, in millimetres.
    pub(super) pitch: f64,
    /// How far from its place it was seen, in millimetres on the sheet; `None` if it was not seen.
    pub(super) off: Option<(f64, f64)>,
    /// Whether its print can be seen: it lies in the picture and is not under a mark.
    pub(super) shown: bool,
    /// Whether it shows best at the end of the reach: there is print, but its own place is not where it was looked for.
    pub(super) stuck: bool,
    /// Whether it lies outside of the picture.
    pub(super) outside: bool,
}

/// Looks for about `count` printed target outlines around their places.
pub(super) fn outlines(page: &Page, layout: &Layout, mapping: &Mapping, count: usize) -> Vec<Sighting> {
    let all: Vec<(TargetShape, f64, &Target)> = layout
        .fields
        .iter()
        .flat_map(|field| {
            let pitch = pitch_of(field);
            let targets = field.positions.iter().flat_map(|p| &p.targets);
            targets.map(move |target| (field.shape, pitch, target))
        })
        .collect();

    let cap = cap_of(layout);
    let look = |&(ref outline, pitch, target): &(Rc<Ringed>, f64, &Target), around: Option<(f64, f64)>| {
        let found = offset(page, outline, pitch, target, mapping, cap, around);
        let off = found.filter(|f| f.2 >= SEEN_LEVELS).map(|(dx, dy, _)| (dx, dy));
        // A mark hides the outline: its own edge says where the pencil went.
        let shown = found
            .is_some_and(|(dx, dy, contrast)| !is_marked(page, &target.rect, mapping, (dx, dy), contrast));
        let end = (REACH_PITCHES * pitch).min(MOST_REACH_MM) - COARSE_STEP_MM;
        let stuck = around.is_none() && found.is_some_and(|(dx, dy, _)| dx.abs().max(dy.abs()) >= end);
        let outside = !mapping_shows(page, mapping, target);
        Sighting { at: target.rect.centre, pitch, off: off.filter(|_| shown), shown, stuck, outside }
    };
    let step = (all.len() / count).max(1);
    // Not the middle of each stretch but a place that wanders: every column and row gets its turn.
    let mut outlines = Outlines::default();
    let chosen: Vec<_> = all
        .chunks(step)
        .enumerate()
        .map(|(i, chunk)| {
            let (shape, pitch, target) = chunk[i * 7 % chunk.len()];
            (outlines.of(shape, target), pitch, target)
        })
        .collect();
    let first: Vec<Sighting> = chosen.iter().map(|chosen| look(chosen, None)).collect();
    // On a curled or folded sheet neighbours move alike: what strayed from them is looked for among them.
    let again = |i: usize| {
        let own = first[i];
        let seen = first.iter().filter(|s| !s.stuck).filter_map(|s| Some((s.at, s.off?)));
        let usual = middle(seen, own.at);
        let strayed = own.off.is_none_or(|(x, y)| (x - usual.0).hypot(y - usual.1) > STRAY_MM);
        if own.shown && strayed && usual != (0.0, 0.0) { look(&chosen[i], Some(usual)) } else { own }
    };
    (0..first.len()).map(again).collect()
}

/// The most that one point of an outline counts on this card, in gray levels.
pub(super) fn cap_of(layout: &Layout) -> i32 {
    match layout.print_ink {
        PrintInk::Pale => MOST_PALE,
        PrintInk::Dark => MOST_DARK,
    }
}

/// Whether a target lies in the picture.
fn mapping_shows(page: &Page, mapping: &Mapping, target: &Target) -> bool {
    let half = target.rect.width.0.max(target.rect.height.0) / 2.0;
    Local::at(mapping, target.rect.centre).inside(page, half)
}

/// The middle offset, in x and in y, of the [`AROUND`] of `seen` that lie nearest to `at`.
pub(super) fn middle(seen: impl Iterator<Item = (Point<Mm>, (f64, f64))>, at: Point<Mm>) -> (f64, f64) {
    let square = |place: Point<Mm>| {
        let (dx, dy) = (place.x.0 - at.x.0, place.y.0 - at.y.0);
        dx * dx + dy * dy
    };
    let mut near: Vec<(f64, (f64, f64))> = seen.map(|(place, off)| (square(place), off)).collect();
    if near.len() > AROUND {
        near.select_nth_unstable_by(AROUND, |a, b| a.0.total_cmp(&b.0));
        near.truncate(AROUND);
    }
    let middle = |f: &dyn Fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = near.iter().map(|(_, off)| f(off)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    (middle(&|o| o.0), middle(&|o| o.1))
}

/// Where a target's inside is looked at, as shares of its half sides.
const INSIDE: [f64; 3] = [-0.45, 0.0, 0.45];

/// Whether most of the target's inside is much darker than its outline is against the paper.
pub(super) fn is_marked(
    page: &Page,
    target: &Rect<Mm>,
    mapping: &Mapping,
    (dx, dy): (f64, f64),
    contrast: f64,
) -> bool {
    let local = Local::at(mapping, target.centre);
    let (hw, hh) = (target.width.0 / 2.0, target.height.0 / 2.0);
    let level = |sx: f64, sy: f64| {
        let (u, v) = local.step((dx + sx, dy + sy));
        let (x, y) = (local.x + u + 0.5, local.y + v + 0.5);
        f64::from(page.pixels[y as usize * page.width + x as usize])
    };
    let mut inside = 0.0;
    for i in INSIDE {
        for j in INSIDE {
            inside += level(i * hw, j * hh);
        }
    }
    let inside = inside / 9.0;
    // The paper left and right of the target.
    let outside = level(-hw - OUT, 0.0).max(level(hw + OUT, 0.0));
    outside - inside > contrast.max(0.0) + MARKED_LEVELS
}

/// The least distance between neighbouring targets of a field, along its positions and from one to the next; of a single target twice
/// its larger side.
fn pitch_of(field: &Field) -> f64 {
    let targets = || field.positions.iter().flat_map(|p| &p.targets);
    let alone = targets().next().map_or(1.0, |t| 2.0 * t.rect.width.0.max(t.rect.height.0));
    let along = field.positions.iter().flat_map(|p| p.targets.windows(2).map(|w| (&w[0], &w[1])));
    let across = field.positions.windows(2).filter_map(|w| w[0].targets.first().zip(w[1].targets.first()));
    along.chain(across).map(|(a, b)| a.rect.centre.distance(b.rect.centre).0).fold(alone, f64::min)
}

/// The outlines of a card's few kinds of target, each made once.
#[derive(Default)]
struct Outlines(Vec<(TargetShape, Rect<Mm>, Rc<Ringed>)>);

/// An outline and the places on the paper around it.
pub(super) type Ringed = (Outline, Outline);

impl Outlines {
    fn of(&mut self, shape: TargetShape, target: &Target) -> Rc<Ringed> {
        let (w, h) = (target.rect.width, target.rect.height);
        if let Some((_, _, known)) =
            self.0.iter().find(|(s, rect, _)| *s == shape && (rect.width, rect.height) == (w, h))
        {
            return Rc::clone(known);
        }
        let made = Rc::new(outline(shape, target));
        self.0.push((shape, target.rect, Rc::clone(&made)));
        made
    }
}

/// Points along a target's outline and, outwards of each, on the paper around it; millimetres from
/// its centre.
pub(super) fn outline(shape: TargetShape, target: &Target) -> (Outline, Outline) {
    let (hw, hh) = (target.rect.width.0 / 2.0, target.rect.height.0 / 2.0);
    let mut on = [(0.0, 0.0); OUTLINE];
    let mut off = on;
    for i in 0..OUTLINE {
        let turn = (i as f64 + 0.5) / OUTLINE as f64;
        (on[i], off[i]) = match shape {
            TargetShape::Oval => {
                let angle = turn * std::f64::consts::TAU;
                let (sin, cos) = (libm::sin(angle), libm::cos(angle));
                ((hw * cos, hh * sin), ((hw + OUT) * cos, (hh + OUT) * sin))
            }
            TargetShape::Box | TargetShape::Unknown => {
                let around = turn * 4.0;
                let (side, t) = (around as usize, 2.0 * around.fract() - 1.0);
                match side {
                    0 => ((t * hw, -hh), (t * hw, -hh - OUT)),
                    1 => ((hw, t * hh), (hw + OUT, t * hh)),
                    2 => ((-t * hw, hh), (-t * hw, hh + OUT)),
                    _ => ((-hw, -t * hh), (-hw - OUT, -t * hh)),
                }
            }
            TargetShape::Bracket => {
                // The two uprights, nine tenths of their height.
                let (sign, t) = if turn < 0.5 { (-1.0, turn * 4.0 - 1.0) } else { (1.0, turn * 4.0 - 3.0) };
                ((sign * hw, 0.9 * t * hh), (sign * (hw + OUT), 0.9 * t * hh))
            }
        };
    }
    (on, off)
}

/// Points of an outline: one every half millimetre of the largest target.
pub(super) const OUTLINE: usize = 24;

/// Steps from a target's centre.
pub(super) type Outline = [(f64, f64); OUTLINE];

/// Where the outline is most visible: millimetres from its place, and how much darker it is there
/// than the paper around it. `None` at the picture's edge.
fn offset(
    page: &Page,
    (on, off): &(Outline, Outline),
    pitch: f64,
    target: &Target,
    mapping: &Mapping,
    cap: i32,
    around: Option<(f64, f64)>,
) -> Option<(f64, f64, f64)> {
    let local = Local::at(mapping, target.rect.centre);
    let reach = (REACH_PITCHES * pitch).min(MOST_REACH_MM);
    // A place lent by neighbours may lie farther off than this target's own reach.
    let searched =
        around.map_or(reach, |(x, y)| reach.max(x.abs().max(y.abs()) + f64::from(NEAR_STEPS) * NEAR_STEP_MM));
    if !local.inside(page, target.rect.width.0.max(target.rect.height.0) / 2.0 + searched + 1.0) {
        return None;
    }
    let scale = local.scale();
    let (w, h) = (target.rect.width.0 / 2.0 + OUT, target.rect.height.0 / 2.0 + OUT);
    let corners = [(-w, -h), (w, -h), (-w, h), (w, h)].map(|corner| {
        let (u, v) = local.step(corner);
        (local.x + u, local.y + v)
    });
    page.bring_near(&corners);
    let shape = Shape::at(page, &local, on, off, cap);
    let pixels = |mm: f64| ((mm * scale).round() as i32).max(1);
    let start = around.map_or((0, 0), |off| {
        let (u, v) = local.step(off);
        (u.round() as i32, v.round() as i32)
    });
    let step = pixels(FINE_STEP_MM);
    let n = (((FINE_REACH_MM * scale).ceil() as i32 + step - 1) / step).clamp(2, MOST_FINE);
    // Nearly always it lies where it should, and a closer look around its place is all it takes.
    let here = shape.plateau(start, step, n);
    let off = local.back(here.middle)?;
    // Under a mark there is no outline to be found, wherever it is looked for.
    if here.within && here.most >= PLAINLY_SEEN || is_marked(page, &target.rect, mapping, off, here.most) {
        return Some((off.0, off.1, here.most));
    }
    // Only where it does not show there is the whole reach looked through, and what is found farther off must show much better.
    let near = pixels(NEAR_STEP_MM);
    let mut best = shape.best(start, near, NEAR_STEPS);
    let at_edge = |d: i32| d.abs() >= NEAR_STEPS * near;
    if around.is_none() && (best.1 < 2.0 * SEEN_LEVELS || at_edge(best.0.0) || at_edge(best.0.1)) {
        let step = pixels(COARSE_STEP_MM);
        let far = shape.best((0, 0), step, ((reach * scale) as i32 + step) / step);
        let factor = if at_edge(best.0.0) || at_edge(best.0.1) { 1.0 } else { FAR_BETTER };
        if far.1 > factor * best.1 {
            best = far;
        }
    }
    let found = shape.plateau(best.0, step, n);
    let (dx, dy) = local.back(found.middle)?;
    Some((dx, dy, found.most))
}

/// Around its place an outline's contrast has a plateau as wide as the line.
struct Plateau {
    /// Its middle, in pixels.
    middle: (f64, f64),
    /// The most contrast on it, in gray levels.
    most: f64,
    /// Whether that was found inside of what was looked at, and not at its edge.
    within: bool,
}

/// Places beside each other that are tried at once: 16 bytes of differences, a wide register.
const LANES: usize = 8;

/// An outline laid over the picture: the pixels on it, and outwards of each one on the paper around it.
///
/// Every place that is tried is whole pixels away from where the outline was laid, so that a place costs two look-ups a point.
pub(super) struct Shape<'p> {
    pixels: &'p [u8],
    width: usize,
    on: [usize; OUTLINE],
    off: [usize; OUTLINE],
    cap: i32,
}

impl<'p> Shape<'p> {
    /// The outline around a place that lies in the picture with all that is looked at.
    pub(super) fn at(page: &'p Page, local: &Local, on: &Outline, off: &Outline, cap: i32) -> Self {
        // Loops, because the closure of an array's `map` is called for every point; and signed, which converts in a few steps.
        let laid = |points: &Outline| {
            let mut indices = [0; OUTLINE];
            for (index, &point) in indices.iter_mut().zip(points) {
                let (u, v) = local.step(point);
                let (x, y) = ((local.x + u + 0.5) as i64, (local.y + v + 0.5) as i64);
                *index = y as usize * page.width + x as usize;
            }
            indices
        };
        Self { pixels: &page.pixels, width: page.width, on: laid(on), off: laid(off), cap }
    }

    /// How much darker the outline is than what surrounds it, moved by so many pixels: gray levels, over all points.
    fn difference(&self, right: i32, down: i32) -> i32 {
        let shift = (down as isize * self.width as isize + right as isize) as usize;
        let level = |index: usize| {
            // Moved up or left the shift is negative, which wraps around and back.
            self.pixels.get(index.wrapping_add(shift)).map_or(0, |&level| i32::from(level))
        };
        let mut difference = 0i32;
        for (&on, &off) in self.on.iter().zip(&self.off) {
            difference = difference.wrapping_add((level(off) - level(on)).clamp(-self.cap, self.cap));
        }
        difference
    }

    /// [`Shape::difference`] of each quarter of the outline, in its place.
    pub(super) fn quarters(&self) -> [i32; 4] {
        let mut out = [0; 4];
        let level = |index: usize| self.pixels.get(index).map_or(0, |&level| i32::from(level));
        for (i, (&on, &off)) in self.on.iter().zip(&self.off).enumerate() {
            out[4 * i / OUTLINE] += (level(off) - level(on)).clamp(-self.cap, self.cap);
        }
        out
    }

    /// [`Shape::difference`] moved by so many pixels and by up to seven more to the right, all at once.
    fn differences(&self, right: i32, down: i32) -> [i16; LANES] {
        let shift = (down as isize * self.width as isize + right as isize) as usize;
        let levels = |index: usize| {
            let from = index.wrapping_add(shift);
            self.pixels.get(from..).and_then(<[u8]>::first_chunk::<LANES>).copied().unwrap_or([0; LANES])
        };
        let cap = self.cap as i16;
        let mut out = [0i16; LANES];
        for (&on, &off) in self.on.iter().zip(&self.off) {
            let (on, off) = (levels(on), levels(off));
            for ((out, &on), &off) in out.iter_mut().zip(&on).zip(&off) {
                // 24 points of 120 at the most. Checks for overflow would keep the loop out of the wide registers.
                *out = out.wrapping_add(i16::from(off).wrapping_sub(i16::from(on)).clamp(-cap, cap));
            }
        }
        out
    }

    /// The plateau that is seen among `2n + 1` by `2n + 1` places `step` pixels apart around `(x, y)`; `n` is at most [`MOST_FINE`].
    fn plateau(&self, (x, y): (i32, i32), step: i32, n: i32) -> Plateau {
        let places = || (-n..=n).flat_map(move |j| (-n..=n).map(move |i| (i, j)));
        let mut contrasts = [0; (2 * MOST_FINE as usize + 1).pow(2)];
        if step == 1 && 2 * n < LANES as i32 {
            let across = 2 * n as usize + 1;
            for (row, j) in contrasts.chunks_exact_mut(across).zip(-n..=n) {
                row.copy_from_slice(&self.differences(x - n, y + j).map(i32::from)[..across]);
            }
        } else {
            for (c, (i, j)) in contrasts.iter_mut().zip(places()) {
                *c = self.difference(x + i * step, y + j * step);
            }
        }
        let mut best = (i32::MIN, (0, 0));
        for (&c, place) in contrasts.iter().zip(places()) {
            if c > best.0 {
                best = (c, place);
            }
        }
        let (mut sum, mut sx, mut sy) = (0.0, 0.0, 0.0);
        for (&c, (i, j)) in contrasts.iter().zip(places()) {
            let weight = (f64::from(c) - PLATEAU * f64::from(best.0)).max(0.0);
            sum += weight;
            sx += weight * f64::from(i * step);
            sy += weight * f64::from(j * step);
        }
        let (dx, dy) = if sum > 0.0 { (sx / sum, sy / sum) } else { (0.0, 0.0) };
        Plateau {
            middle: (f64::from(x) + dx, f64::from(y) + dy),
            most: f64::from(best.0) / OUTLINE as f64,
            within: best.1.0.abs() < n && best.1.1.abs() < n,
        }
    }

    /// The place with the most contrast, and that, among `2n + 1` by `2n + 1` places `step` pixels apart around `(x, y)`.
    fn best(&self, (x, y): (i32, i32), step: i32, n: i32) -> ((i32, i32), f64) {
        let mut best = ((x, y), i32::MIN);
        for j in -n..=n {
            for i in -n..=n {
                let place = (x + i * step, y + j * step);
                let c = self.difference(place.0, place.1);
                if c > best.1 {
                    best = (place, c);
                }
            }
        }
        (best.0, f64::from(best.1) / OUTLINE as f64)
    }
}

/// The mapping near one place, as a shift and two directions.
pub(super) struct Local {
    pub(super) x: f64,
    pub(super) y: f64,
    jacobian: [[f64; 2]; 2],
}

impl Local {
    pub(super) fn at(mapping: &Mapping, p: Point<Mm>) -> Self {
        let q = mapping.apply(p);
        Self { x: q.x.0, y: q.y.0, jacobian: mapping.homography().jacobian(p) }
    }

    /// Pixels a millimetre: the square root of how many pixels a square millimetre has.
    pub(super) fn scale(&self) -> f64 {
        let [[a, b], [c, d]] = self.jacobian;
        (a * d - b * c).abs().sqrt()
    }

    /// Millimetres to pixels, as a step.
    pub(super) fn step(&self, (dx, dy): (f64, f64)) -> (f64, f64) {
        let [[a, b], [c, d]] = self.jacobian;
        (a * dx + b * dy, c * dx + d * dy)
    }

    /// Pixels to millimetres, as a step; `None` where the mapping has no area.
    pub(super) fn back(&self, (u, v): (f64, f64)) -> Option<(f64, f64)> {
        let [[a, b], [c, d]] = self.jacobian;
        let det = a * d - b * c;
        (det.abs() > 1e-12).then(|| ((d * u - b * v) / det, (a * v - c * u) / det))
    }

    /// Whether everything within `reach` millimetres is in the picture.
    pub(super) fn inside(&self, page: &Page, reach: f64) -> bool {
        let [[a, b], [c, d]] = self.jacobian;
        let (rx, ry) = ((a.abs() + b.abs()) * reach + 1.0, (c.abs() + d.abs()) * reach + 1.0);
        self.x - rx >= 0.0
            && self.y - ry >= 0.0
            && self.x + rx < page.width as f64 - 1.0
            && self.y + ry < page.height as f64 - 1.0
    }
}
