//! The projective mapping from paper to picture.

use super::{Mm, Orientation, Point, Px, Unit};
use nalgebra::{DMatrix, DVector, Matrix3, Vector3};
use serde::{Deserialize, Serialize};

/// A projective mapping of sheet millimetres to image pixels, scaled so that its last number is 1.
///
/// Fitted by linear least squares on normalised points (Hartley 1997, doi:10.1109/34.601246); with
/// more than four pairs the algebraic error is minimised, which on a flatbed page (perspective near
/// zero) differs from the geometric one by less than the noise of a fiducial's centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Homography {
    /// Row by row.
    m: [f64; 9],
}

/// Centre and mean distance of a set of points: what normalises them.
fn normaliser(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<(f64, f64, f64)> {
    let n = points.clone().count() as f64;
    if n == 0.0 {
        return None;
    }
    let (sx, sy) = points.clone().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (cx, cy) = (sx / n, sy / n);
    let spread = points.map(|(x, y)| ((x - cx).powi(2) + (y - cy).powi(2)).sqrt()).sum::<f64>() / n;
    (spread > 0.0).then(|| (cx, cy, std::f64::consts::SQRT_2 / spread))
}

impl Homography {
    /// The similarity that takes `a` to `pa` and `b` to `pb`; `None` if `a` and `b` coincide.
    #[must_use]
    pub fn similarity(a: (Point<Mm>, Point<Px>), b: (Point<Mm>, Point<Px>)) -> Option<Self> {
        let (dx, dy) = (b.0.x.0 - a.0.x.0, b.0.y.0 - a.0.y.0);
        let (ex, ey) = (b.1.x.0 - a.1.x.0, b.1.y.0 - a.1.y.0);
        let d2 = dx * dx + dy * dy;
        if d2 <= f64::EPSILON {
            return None;
        }
        // (ex + i ey) = (re + i im)(dx + i dy)
        let re = (ex * dx + ey * dy) / d2;
        let im = (ey * dx - ex * dy) / d2;
        let tx = a.1.x.0 - (re * a.0.x.0 - im * a.0.y.0);
        let ty = a.1.y.0 - (im * a.0.x.0 + re * a.0.y.0);
        Some(Self { m: [re, -im, tx, im, re, ty, 0.0, 0.0, 1.0] })
    }

    /// The least-squares affine mapping through at least three pairs not on one line.
    #[must_use]
    pub fn fit_affine(pairs: &[(Point<Mm>, Point<Px>)]) -> Option<Self> {
        if pairs.len() < 3 {
            return None;
        }
        let (cx, cy, s) = normaliser(pairs.iter().map(|(p, _)| (p.x.0, p.y.0)))?;
        let rows = pairs.len();
        let a = DMatrix::from_fn(rows, 3, |i, j| match j {
            0 => (pairs[i].0.x.0 - cx) * s,
            1 => (pairs[i].0.y.0 - cy) * s,
            _ => 1.0,
        });
        let svd = a.svd(true, true);
        if svd.singular_values[2] < 1e-6 * svd.singular_values[0] {
            return None;
        }
        let solve = |f: &dyn Fn(&Point<Px>) -> f64| {
            let v = DVector::from_iterator(rows, pairs.iter().map(|(_, q)| f(q)));
            svd.solve(&v, 1e-12).ok()
        };
        let u = solve(&|q| q.x.0)?;
        let v = solve(&|q| q.y.0)?;
        Some(Self {
            m: [
                u[0] * s,
                u[1] * s,
                u[2] - s * (u[0] * cx + u[1] * cy),
                v[0] * s,
                v[1] * s,
                v[2] - s * (v[0] * cx + v[1] * cy),
                0.0,
                0.0,
                1.0,
            ],
        })
    }

    /// The projective mapping through at least four pairs, no three of them needed on one line.
    ///
    /// Returns `None` when the pairs don't determine one.
    #[must_use]
    pub fn fit(pairs: &[(Point<Mm>, Point<Px>)]) -> Option<Self> {
        if pairs.len() < 4 {
            return None;
        }
        let (cx, cy, s) = normaliser(pairs.iter().map(|(p, _)| (p.x.0, p.y.0)))?;
        let (ux, uy, t) = normaliser(pairs.iter().map(|(_, q)| (q.x.0, q.y.0)))?;
        // Normal equations of the 2n x 8 system with the last number fixed at 1: the page's centre
        // is never at infinity, and 8 x 8 is far cheaper than a tall decomposition.
        let rows = pairs.len() * 2;
        let mut a = DMatrix::<f64>::zeros(rows, 8);
        let mut b = DVector::<f64>::zeros(rows);
        for (i, (p, q)) in pairs.iter().enumerate() {
            let (x, y) = ((p.x.0 - cx) * s, (p.y.0 - cy) * s);
            let (u, v) = ((q.x.0 - ux) * t, (q.y.0 - uy) * t);
            let (r, w) = (2 * i, 2 * i + 1);
            a[(r, 0)] = x;
            a[(r, 1)] = y;
            a[(r, 2)] = 1.0;
            a[(r, 6)] = -u * x;
            a[(r, 7)] = -u * y;
            b[r] = u;
            a[(w, 3)] = x;
            a[(w, 4)] = y;
            a[(w, 5)] = 1.0;
            a[(w, 6)] = -v * x;
            a[(w, 7)] = -v * y;
            b[w] = v;
        }
        let svd = a.svd(true, true);
        if svd.singular_values[7] < 1e-7 * svd.singular_values[0] {
            return None;
        }
        let h = svd.solve(&b, 1e-12).ok()?;
        let core = Matrix3::new(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], 1.0);
        let paper = Matrix3::new(s, 0.0, -s * cx, 0.0, s, -s * cy, 0.0, 0.0, 1.0);
        let picture = Matrix3::new(1.0 / t, 0.0, ux, 0.0, 1.0 / t, uy, 0.0, 0.0, 1.0);
        Self::from_matrix(&(picture * core * paper))
    }

    fn from_matrix(m: &Matrix3<f64>) -> Option<Self> {
        let last = m[(2, 2)];
        if last.abs() < 1e-12 || !m.iter().all(|v| v.is_finite()) {
            return None;
        }
        let mut out = [0.0; 9];
        for (i, v) in out.iter_mut().enumerate() {
            *v = m[(i / 3, i % 3)] / last;
        }
        Some(Self { m: out })
    }

    fn matrix(&self) -> Matrix3<f64> {
        Matrix3::from_row_slice(&self.m)
    }

    /// Where a point of the sheet lies in the picture.
    #[must_use]
    pub fn apply(&self, p: Point<Mm>) -> Point<Px> {
        let m = &self.m;
        let (x, y) = (p.x.0, p.y.0);
        let w = m[6] * x + m[7] * y + m[8];
        Point::at((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w)
    }

    /// Derivatives at `p`, in pixels a millimetre: `[[du/dx, du/dy], [dv/dx, dv/dy]]`.
    #[must_use]
    pub fn jacobian(&self, p: Point<Mm>) -> [[f64; 2]; 2] {
        let m = &self.m;
        let (x, y) = (p.x.0, p.y.0);
        let w = m[6] * x + m[7] * y + m[8];
        let u = (m[0] * x + m[1] * y + m[2]) / w;
        let v = (m[3] * x + m[4] * y + m[5]) / w;
        [[(m[0] - u * m[6]) / w, (m[1] - u * m[7]) / w], [(m[3] - v * m[6]) / w, (m[4] - v * m[7]) / w]]
    }

    /// Where a pixel lies on the sheet; `None` if the mapping can't be undone there.
    #[must_use]
    pub fn unapply(&self, q: Point<Px>) -> Option<Point<Mm>> {
        let inverse = self.matrix().try_inverse()?;
        let v = inverse * Vector3::new(q.x.0, q.y.0, 1.0);
        (v.z.abs() > 1e-12).then(|| Point::at(v.x / v.z, v.y / v.z))
    }

    /// Pixels a millimetre at `p`: the square root of the area's magnification.
    #[must_use]
    pub fn scale(&self, p: Point<Mm>) -> f64 {
        let [[a, b], [c, d]] = self.jacobian(p);
        (a * d - b * c).abs().sqrt()
    }

    /// Which way up the sheet lies at `p`, and by how many degrees clockwise (-45..=45) it leans
    /// further.
    #[must_use]
    pub fn attitude(&self, p: Point<Mm>) -> (Orientation, f64) {
        let [[a, _], [c, _]] = self.jacobian(p);
        let turn = Orientation::nearest(a, c);
        let (ax, ay) = turn.x_axis();
        // `libm` and not the system's library: the same digits on every machine.
        let lean = libm::atan2(ax * c - ay * a, ax * a + ay * c).to_degrees();
        (turn, lean)
    }

    /// Whether the mapping shows the sheet's printed side: not mirrored anywhere near `p`.
    #[must_use]
    pub fn is_front(&self, p: Point<Mm>) -> bool {
        let [[a, b], [c, d]] = self.jacobian(p);
        a * d - b * c > 0.0
    }
}

impl<U: Unit> From<(f64, f64)> for Point<U> {
    fn from((x, y): (f64, f64)) -> Self {
        Self::at(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn truth() -> Homography {
        Homography { m: [7.8, 0.3, 12.0, -0.25, 7.9, 30.0, 2.0e-5, -1.0e-5, 1.0] }
    }

    #[test]
    fn four_exact_pairs_give_the_mapping_back() {
        let h = truth();
        let corners = [(10.0, 10.0), (200.0, 10.0), (200.0, 287.0), (10.0, 287.0)];
        let pairs: Vec<_> = corners
            .iter()
            .map(|&c| {
                let p = Point::from(c);
                (p, h.apply(p))
            })
            .collect();
        let fitted = Homography::fit(&pairs).unwrap();
        let p = Point::at(105.0, 148.0);
        assert!(fitted.apply(p).distance(h.apply(p)).0 < 1e-6);
        assert!(fitted.is_front(p));
    }

    #[test]
    fn pairs_on_one_line_determine_nothing() {
        let pairs: Vec<_> = (0..6)
            .map(|i| {
                let t = f64::from(i);
                (Point::at(t, 2.0 * t), Point::at(8.0 * t, 16.0 * t))
            })
            .collect();
        assert!(Homography::fit(&pairs).is_none());
        assert!(Homography::fit_affine(&pairs).is_none());
    }

    proptest! {
        #[test]
        fn unapply_undoes_apply(x in 0.0..210.0, y in 0.0..297.0) {
            let h = truth();
            let p = Point::at(x, y);
            let back = h.unapply(h.apply(p)).unwrap();
            prop_assert!(back.distance(p).0 < 1e-6);
        }

        #[test]
        fn a_similarity_is_found_whatever_its_turn(angle in -180.0f64..180.0, s in 2.0..30.0f64) {
            let (sin, cos) = angle.to_radians().sin_cos();
            let map = |p: Point<Mm>| {
                Point::<Px>::at(s * (cos * p.x.0 - sin * p.y.0) + 5.0, s * (sin * p.x.0 + cos * p.y.0) - 7.0)
            };
            let (a, b) = (Point::at(12.0, 20.0), Point::at(190.0, 270.0));
            let h = Homography::similarity((a, map(a)), (b, map(b))).unwrap();
            let c = Point::at(50.0, 200.0);
            prop_assert!(h.apply(c).distance(map(c)).0 < 1e-6);
            prop_assert!((h.scale(c) - s).abs() < 1e-9);
            let (turn, lean) = h.attitude(c);
            let total = (f64::from(turn.degrees()) + lean - angle).rem_euclid(360.0);
            prop_assert!(!(1e-6..=360.0 - 1e-6).contains(&total));
        }
    }
}
