//! The whole mapping of a sheet: projective, then corrected along the feed direction and from place to place.

use super::{Homography, Mm, Point, Px};
use serde::{Deserialize, Serialize};

/// What the projective mapping misses at one height of the sheet, in pixels.
///
/// A scanner's feed changes speed and a sheet drifts sideways while it runs; both depend on the
/// height on the sheet only, so one shift a height says it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Knot {
    /// Height on the sheet, in millimetres.
    pub y: Mm,
    /// To be added to the picture's x.
    pub dx: Px,
    /// To be added to the picture's y.
    pub dy: Px,
}

/// What a smooth mapping misses over the whole sheet: shifts at the crossings of a grid, bilinear between them and
/// constant beyond its edge.
///
/// Damp paper, a curled page and a fold move print sideways and lengthwise by amounts that differ from place to place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// The first crossing on the sheet.
    pub origin: Point<Mm>,
    /// Millimetres between crossings, along x and along y; above zero.
    pub step: (f64, f64),
    /// Crossings a row; at least one.
    pub across: usize,
    /// Pixels to be added to the picture's x and y, row by row.
    pub shifts: Vec<(f64, f64)>,
}

impl Grid {
    fn shift(&self, p: Point<Mm>) -> (f64, f64) {
        let down = self.shifts.len() / self.across.max(1);
        if down == 0 {
            return (0.0, 0.0);
        }
        let place = |v: f64, count: usize| {
            let v = v.clamp(0.0, (count - 1) as f64);
            // Truncated after the clamp: not negative, and below `count`.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let first = (v as usize).min(count.saturating_sub(2));
            (first, (first + 1).min(count - 1), v - first as f64)
        };
        let (x0, x1, tx) = place((p.x.0 - self.origin.x.0) / self.step.0, self.across);
        let (y0, y1, ty) = place((p.y.0 - self.origin.y.0) / self.step.1, down);
        let at = |x: usize, y: usize| self.shifts[y * self.across + x];
        let mix = |a: (f64, f64), b: (f64, f64), t: f64| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
        mix(mix(at(x0, y0), at(x1, y0), tx), mix(at(x0, y1), at(x1, y1), tx), ty)
    }
}

/// Sheet millimetres to image pixels: a [`Homography`], a correction that is linear between
/// [`Knot`]s and constant beyond the first and the last, and a [`Grid`] of what is still missed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    homography: Homography,
    knots: Vec<Knot>,
    grid: Option<Grid>,
}

impl Mapping {
    /// The mapping without a correction.
    #[must_use]
    pub fn projective(homography: Homography) -> Self {
        Self { homography, knots: Vec::new(), grid: None }
    }

    /// The mapping with the correction given by `knots`, which are put in order of height.
    #[must_use]
    pub fn corrected(homography: Homography, mut knots: Vec<Knot>) -> Self {
        knots.sort_by(|a, b| a.y.0.total_cmp(&b.y.0));
        Self { homography, knots, grid: None }
    }

    /// This mapping with the correction of `grid` on top; of a grid that it had already, what that says at the new one's crossings is kept.
    #[must_use]
    pub fn bent(self, mut grid: Grid) -> Self {
        if let Some(own) = &self.grid {
            let across = grid.across.max(1);
            for (i, shift) in grid.shifts.iter_mut().enumerate() {
                let (x, y) = ((i % across) as f64 * grid.step.0, (i / across) as f64 * grid.step.1);
                let (dx, dy) = own.shift(grid.origin.shifted(x, y));
                *shift = (shift.0 + dx, shift.1 + dy);
            }
        }
        Self { grid: Some(grid), ..self }
    }

    /// The projective part.
    #[must_use]
    pub fn homography(&self) -> &Homography {
        &self.homography
    }

    fn shift(&self, p: Point<Mm>) -> (f64, f64) {
        let (dx, dy) = self.grid.as_ref().map_or((0.0, 0.0), |grid| grid.shift(p));
        let (kx, ky) = self.along(p.y.0);
        (dx + kx, dy + ky)
    }

    fn along(&self, y: f64) -> (f64, f64) {
        let above = self.knots.partition_point(|k| k.y.0 <= y);
        let (Some(first), Some(last)) = (self.knots.first(), self.knots.last()) else {
            return (0.0, 0.0);
        };
        if above == 0 {
            return (first.dx.0, first.dy.0);
        }
        if above == self.knots.len() {
            return (last.dx.0, last.dy.0);
        }
        let (a, b) = (self.knots[above - 1], self.knots[above]);
        let t = (y - a.y.0) / (b.y.0 - a.y.0);
        (a.dx.0 + t * (b.dx.0 - a.dx.0), a.dy.0 + t * (b.dy.0 - a.dy.0))
    }

    /// Where a point of the sheet lies in the picture.
    #[must_use]
    pub fn apply(&self, p: Point<Mm>) -> Point<Px> {
        let (dx, dy) = self.shift(p);
        self.homography.apply(p).shifted(dx, dy)
    }

    /// Where a pixel lies on the sheet, to within a thousandth of a millimetre.
    #[must_use]
    pub fn unapply(&self, q: Point<Px>) -> Option<Point<Mm>> {
        let mut p = self.homography.unapply(q)?;
        // The correction changes by a twelfth of the way at the most: each round of substitution is twelve times nearer.
        for _ in 0..6 {
            let (dx, dy) = self.shift(p);
            p = self.homography.unapply(q.shifted(-dx, -dy))?;
        }
        Some(p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_on_top_of_another_adds_to_it() {
        let grid = |shifts| Grid { origin: Point::at(0.0, 0.0), step: (10.0, 10.0), across: 2, shifts };
        let corners =
            ((Point::at(0.0, 0.0), Point::at(0.0, 0.0)), (Point::at(100.0, 0.0), Point::at(200.0, 0.0)));
        let plain = Mapping::projective(Homography::similarity(corners.0, corners.1).unwrap());
        let once = plain.clone().bent(grid(vec![(1.0, 2.0); 4]));
        let twice = once.bent(grid(vec![(0.0, 0.0), (4.0, 0.0), (0.0, 0.0), (4.0, 0.0)]));
        let p = Point::at(5.0, 5.0);
        let (from, to) = (plain.apply(p), twice.apply(p));
        assert!((to.x.0 - from.x.0 - 3.0).abs() < 1e-9 && (to.y.0 - from.y.0 - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_grid_is_bilinear_inside_and_constant_outside() {
        let h = Homography::similarity(
            (Point::at(0.0, 0.0), Point::at(0.0, 0.0)),
            (Point::at(10.0, 0.0), Point::at(10.0, 0.0)),
        )
        .unwrap();
        let grid = Grid {
            origin: Point::at(10.0, 10.0),
            step: (10.0, 20.0),
            across: 2,
            shifts: vec![(0.0, 0.0), (1.0, 0.0), (0.0, 2.0), (1.0, 2.0)],
        };
        let m = Mapping::projective(h).bent(grid);
        assert_eq!(m.apply(Point::at(15.0, 20.0)), Point::at(15.5, 21.0));
        assert_eq!(m.apply(Point::at(0.0, 0.0)), Point::at(0.0, 0.0));
        assert_eq!(m.apply(Point::at(50.0, 50.0)), Point::at(51.0, 52.0));
        let p = Point::at(13.0, 27.0);
        assert!(m.unapply(m.apply(p)).unwrap().distance(p).0 < 1e-3);
    }

    #[test]
    fn the_correction_is_linear_between_knots_and_constant_beyond() {
        let h = Homography::similarity(
            (Point::at(0.0, 0.0), Point::at(0.0, 0.0)),
            (Point::at(10.0, 0.0), Point::at(80.0, 0.0)),
        )
        .unwrap();
        let knot = |y, dx, dy| Knot { y: Mm(y), dx: Px(dx), dy: Px(dy) };
        let m = Mapping::corrected(h, vec![knot(20.0, 3.0, 1.0), knot(10.0, 1.0, -1.0)]);
        assert_eq!(m.apply(Point::at(0.0, 0.0)), Point::at(1.0, -1.0));
        assert_eq!(m.apply(Point::at(0.0, 15.0)), Point::at(2.0, 120.0));
        assert_eq!(m.apply(Point::at(0.0, 30.0)), Point::at(3.0, 241.0));
        let p = Point::at(4.0, 14.0);
        assert!(m.unapply(m.apply(p)).unwrap().distance(p).0 < 1e-3);
    }
}
