//! The whole mapping of a sheet: projective, then corrected along the feed direction.

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

/// Sheet millimetres to image pixels: a [`Homography`] and a correction that is linear between
/// [`Knot`]s and constant beyond the first and the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    homography: Homography,
    knots: Vec<Knot>,
}

impl Mapping {
    /// The mapping without a correction.
    #[must_use]
    pub fn projective(homography: Homography) -> Self {
        Self { homography, knots: Vec::new() }
    }

    /// The mapping with the correction given by `knots`, which are put in order of height.
    #[must_use]
    pub fn corrected(homography: Homography, mut knots: Vec<Knot>) -> Self {
        knots.sort_by(|a, b| a.y.0.total_cmp(&b.y.0));
        Self { homography, knots }
    }

    /// The projective part.
    #[must_use]
    pub fn homography(&self) -> &Homography {
        &self.homography
    }

    fn shift(&self, y: f64) -> (f64, f64) {
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
        let (dx, dy) = self.shift(p.y.0);
        self.homography.apply(p).shifted(dx, dy)
    }

    /// Where a pixel lies on the sheet, to within a thousandth of a millimetre.
    #[must_use]
    pub fn unapply(&self, q: Point<Px>) -> Option<Point<Mm>> {
        let mut p = self.homography.unapply(q)?;
        // The correction is a few pixels and slow: three rounds of substitution settle it.
        for _ in 0..3 {
            let (dx, dy) = self.shift(p.y.0);
            p = self.homography.unapply(q.shifted(-dx, -dy))?;
        }
        Some(p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
