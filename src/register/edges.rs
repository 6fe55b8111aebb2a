//! Whether the blocks of targets begin and end where the layout says.
//!
//! A block that is printed a whole row or column away from its place looks right nearly everywhere: all but its last line
//! lies on print of the same kind. What gives it away are its ends: print beyond one, and none at the other.

use super::refine::sample;
use super::sight::{Local, OUTLINE, Ringed, Shape, cap_of, is_marked, outline};
use crate::geometry::{Mapping, Mm, Point, Rect};
use crate::layout::{Field, Layout, Position, Target, TargetShape};
use crate::source::Page;

/// The fewest positions that make a block; fewer have no end to speak of.
const FEWEST_POSITIONS: usize = 4;

/// How far the step from one position to the next may differ within a block, in millimetres: printed places are exact to 0.01.
const SAME_STEP_MM: f64 = 0.05;

/// How far from the next line of a block another block may begin and still go on with it, in millimetres: less than an outline is wide, more than
/// drawing rounds.
const GOES_ON_MM: f64 = 0.3;

/// The most places of a line that are looked at. Noise goes down with their root; with eight it is a tenth of pale print.
const MOST_PLACES: usize = 8;

/// The fewest places of a line that say something by themselves.
const FEWEST_PLACES: usize = 2;

/// From how much contrast on a line beyond an end is looked at closely, in gray levels, and how much a block's own print must
/// have to be compared with: pale print has 15 to 25; paper, averaged over a line, stays below 2.
const SOMETHING: f64 = 3.0;
/// The same for a first glance at whole pixels, which is off by less than half of that.
const GLANCE: f64 = 1.5;
const LEAST_PRINT: f64 = 6.0;

/// Which share of the block's own contrast a line beyond its end must reach to be print, and below which share a line inside is not printed.
/// Print varies by a third from end to end of a sheet.
const PRINTED: f64 = 0.5;
const NOT_PRINTED: f64 = 0.25;

/// How far from its place a line is looked for, in millimetres: the bent mapping is good to 0.1.
const SHIFT_MM: f64 = 0.12;

/// Free paper around a place that is looked at, in millimetres: with less, a neighbour's outline is taken for its own.
const FREE_MM: f64 = 0.5;

/// Whether some block of targets is printed a row or a column away from where the layout has it.
///
/// Each block is looked at by itself, and then all those of a field together: between blocks there may be no room for a line, and in a row of two
/// targets a mark leaves one.
pub(super) fn is_moved(page: &Page, layout: &Layout, mapping: &Mapping) -> bool {
    let view = View { page, mapping, cap: cap_of(layout), printed: Printed::of(layout) };
    layout.fields.iter().any(|field| {
        let all: Vec<&[Position]> = blocks(field).collect();
        [Along::Positions, Along::Targets].into_iter().any(|along| {
            let ends: Vec<Ends> = all.iter().filter_map(|block| Ends::of(block, along)).collect();
            let each = ends.iter().any(|ends| view.is_moved(field.shape, ends, FEWEST_PLACES));
            each || ends.len() > 1
                && Ends::together(ends).is_some_and(|all| view.is_moved(field.shape, &all, 1))
        })
    })
}

/// The two directions of a block.
#[derive(Clone, Copy)]
enum Along {
    /// From one position to the next.
    Positions,
    /// From one target of a position to the next.
    Targets,
}

/// The two end lines of a block, and the step from one to the next line.
struct Ends<'a> {
    first: Vec<&'a Target>,
    last: Vec<&'a Target>,
    step: (f64, f64),
}

impl<'a> Ends<'a> {
    fn of(block: &'a [Position], along: Along) -> Option<Self> {
        let (start, end) = (block.first()?, block.last()?);
        let (first, last): (Vec<&Target>, Vec<&Target>) = match along {
            Along::Positions => (start.targets.iter().collect(), end.targets.iter().collect()),
            Along::Targets => block.iter().filter_map(|p| p.targets.first().zip(p.targets.last())).unzip(),
        };
        let next = match along {
            Along::Positions => block.get(1)?.targets.first()?,
            Along::Targets => start.targets.get(1)?,
        };
        let (from, to) = (first.first()?.rect.centre, next.rect.centre);
        Some(Self { first, last, step: (to.x.0 - from.x.0, to.y.0 - from.y.0) })
    }

    /// The ends of blocks with one step, as those of one: where a block goes on in the next one, neither ends.
    fn together(all: Vec<Self>) -> Option<Self> {
        let mut all = all.into_iter().reduce(|mut a, b| {
            a.first.extend(b.first);
            a.last.extend(b.last);
            a
        })?;
        let follows = |a: &Target, b: &Target| {
            let (dx, dy) = (b.rect.centre.x.0 - a.rect.centre.x.0, b.rect.centre.y.0 - a.rect.centre.y.0);
            (dx - all.step.0).abs() < GOES_ON_MM && (dy - all.step.1).abs() < GOES_ON_MM
        };
        let first = all.first.iter().filter(|b| !all.last.iter().any(|a| follows(a, b))).copied().collect();
        let last = all.last.iter().filter(|a| !all.first.iter().any(|b| follows(a, b))).copied().collect();
        (all.first, all.last) = (first, last);
        Some(all)
    }
}

/// The positions of a field that follow each other evenly.
fn blocks(field: &Field) -> impl Iterator<Item = &[Position]> {
    let step = |a: &Position, b: &Position| {
        let (a, b) = (a.targets.first()?.rect, b.targets.first()?.rect);
        Some((b.centre.x.0 - a.centre.x.0, b.centre.y.0 - a.centre.y.0))
    };
    let mut rest = field.positions.as_slice();
    std::iter::from_fn(move || {
        let (first, second) = (rest.first()?, rest.get(1));
        let own = second.and_then(|second| step(first, second));
        let even = rest.windows(2).take_while(|pair| {
            let same = step(&pair[0], &pair[1])
                .zip(own)
                .is_some_and(|(a, b)| (a.0 - b.0).abs() <= SAME_STEP_MM && (a.1 - b.1).abs() <= SAME_STEP_MM);
            same && pair[0].targets.len() == pair[1].targets.len()
        });
        let (block, after) = rest.split_at(even.count() + 1);
        rest = after;
        Some(block)
    })
    .filter(|block| block.len() >= FEWEST_POSITIONS)
}

/// What a layout prints that could be taken for a target: its targets and fiducials, by their upper edges.
struct Printed {
    sheet: Rect<Mm>,
    rects: Vec<Rect<Mm>>,
    /// Of the highest of them.
    height: f64,
}

impl Printed {
    fn of(layout: &Layout) -> Self {
        let targets = layout.targets().map(|(_, _, target)| target.rect);
        let mut rects: Vec<Rect<Mm>> = targets.chain(layout.fiducials.iter().map(|f| f.rect)).collect();
        rects.sort_unstable_by(|a, b| a.top().total_cmp(&b.top()));
        let height = rects.iter().map(|rect| rect.height.0).fold(0.0, f64::max);
        Self { sheet: layout.page.rect(), rects, height }
    }

    /// Whether nothing of it lies there.
    fn is_free(&self, rect: &Rect<Mm>) -> bool {
        let around = rect.grown(FREE_MM);
        let first = self.rects.partition_point(|other| other.top() + self.height <= around.top());
        let mut level = self.rects[first..].iter().take_while(|other| other.top() < around.bottom());
        let clear = |other: &Rect<Mm>| {
            around.left() >= other.right() || around.right() <= other.left() || around.top() >= other.bottom()
        };
        self.sheet.contains(&around) && level.all(clear)
    }
}

/// The picture of a sheet and where its print should lie.
struct View<'a> {
    page: &'a Page,
    mapping: &'a Mapping,
    cap: i32,
    printed: Printed,
}

impl View<'_> {
    fn is_moved(&self, shape: TargetShape, ends: &Ends, fewest: usize) -> bool {
        let Some(target) = ends.first.first() else { return false };
        let rings = outline(shape, target);
        let (x, y) = ends.step;
        self.is_over(&rings, (&ends.first, &ends.last), (-x, -y), fewest)
            || self.is_over(&rings, (&ends.last, &ends.first), (x, y), fewest)
    }

    /// Whether there is print `step` beyond the line `near`, as there is in the block, and none on the line `far` at its other end.
    fn is_over(
        &self,
        rings: &Ringed,
        (near, far): (&[&Target], &[&Target]),
        step: (f64, f64),
        fewest: usize,
    ) -> bool {
        let next = |target: &&Target| {
            let centre = target.rect.centre;
            Rect { centre: Point::from((centre.x.0 + step.0, centre.y.0 + step.1)), ..target.rect }
        };
        let beyond = self.places(near.iter().map(next).filter(|rect| self.printed.is_free(rect)));
        if beyond.len() < fewest || mean(self.glance(rings, &beyond)) < GLANCE {
            return false;
        }
        let of = |line: &[&Target]| self.places(line.iter().map(|target| target.rect));
        let far = of(far);
        // Nearly always there is nothing beyond one end, or print at the other, and a glance tells. A block's own contrast is no
        // more than the cap.
        if far.len() < FEWEST_PLACES
            || least(self.glance(rings, &far)) >= NOT_PRINTED * f64::from(self.cap) + GLANCE
            || mean(self.quarters(rings, &beyond, (0.0, 0.0))) < SOMETHING
        {
            return false;
        }
        let near = of(near);
        if near.len() < FEWEST_PLACES {
            return false;
        }
        let own = self.contrast(rings, &near);
        own >= LEAST_PRINT
            && self.contrast(rings, &beyond) >= PRINTED * own
            && self.contrast(rings, &far) < NOT_PRINTED * own
    }

    /// How much darker than the paper around it the faintest quarter of the outlines of a line is, in gray levels, at the place near
    /// its own where that shows most.
    ///
    /// Letters, lines and the edges of marks darken one side; an outline has all four. A whole line is moved as one, so that noise has no
    /// choice of places.
    fn contrast(&self, rings: &Ringed, places: &[Local]) -> f64 {
        let shifts = [-SHIFT_MM, 0.0, SHIFT_MM];
        let faintest = |shift| least(self.quarters(rings, places, shift));
        shifts.iter().flat_map(|&dx| shifts.map(|dy| faintest((dx, dy)))).fold(f64::MIN, f64::max)
    }

    /// [`View::quarters`] by the nearest pixels.
    fn glance(&self, (on, off): &Ringed, places: &[Local]) -> [f64; 4] {
        let mut sums = [0; 4];
        for local in places {
            let quarters = Shape::at(self.page, local, on, off, self.cap).quarters();
            for (sum, quarter) in sums.iter_mut().zip(quarters) {
                *sum += quarter;
            }
        }
        sums.map(|sum| f64::from(sum) / per_quarter(places))
    }

    /// Places of a line, evenly chosen, that lie in the picture and have no mark.
    fn places(&self, line: impl Iterator<Item = Rect<Mm>>) -> Vec<Local> {
        let free: Vec<Local> = line
            .filter_map(|rect| {
                let local = Local::at(self.mapping, rect.centre);
                let reach = rect.width.0.max(rect.height.0) / 2.0 + 1.0;
                let shown = local.inside(self.page, reach)
                    && !is_marked(self.page, &rect, self.mapping, (0.0, 0.0), f64::from(self.cap));
                shown.then_some(local)
            })
            .collect();
        let step = free.len().div_ceil(MOST_PLACES).max(1);
        free.into_iter().step_by(step).collect()
    }

    /// The mean contrast of each quarter of the outlines.
    fn quarters(&self, (on, off): &Ringed, places: &[Local], (dx, dy): (f64, f64)) -> [f64; 4] {
        let mut sums = [0.0; 4];
        let cap = f64::from(self.cap);
        for local in places {
            let level = |&(x, y): &(f64, f64)| {
                let (u, v) = local.step((x + dx, y + dy));
                sample(self.page, Point::from((local.x + u, local.y + v))).unwrap_or(0.0)
            };
            for (i, (on, off)) in on.iter().zip(off).enumerate() {
                sums[4 * i / OUTLINE] += (level(off) - level(on)).clamp(-cap, cap);
            }
        }
        sums.map(|sum| sum / per_quarter(places))
    }
}

/// Points of a quarter of the outlines of all places.
fn per_quarter(places: &[Local]) -> f64 {
    (places.len().max(1) * OUTLINE / 4) as f64
}

fn least(quarters: [f64; 4]) -> f64 {
    quarters.into_iter().fold(f64::MAX, f64::min)
}

fn mean(quarters: [f64; 4]) -> f64 {
    quarters.iter().sum::<f64>() / 4.0
}
