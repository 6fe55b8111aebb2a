//! Places on a PDF page.

/// `[a b c d e f]` as PDF writes it: x' = a x + c y + e, y' = b x + d y + f.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// This first, then `other`.
    pub(super) fn then(self, other: Self) -> Self {
        let ([a, b, c, d, e, f], m) = (self.0, other);
        let [ma, mb, mc, md, ..] = m.0;
        let (x, y) = m.point(e, f);
        Self([a * ma + b * mc, a * mb + b * md, c * ma + d * mc, c * mb + d * md, x, y])
    }

    pub(super) fn point(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// A rectangle's image, if that is one too.
    pub(super) fn rectangle(self, [x0, y0, x1, y1]: [f64; 4]) -> Option<Box2> {
        let [a, b, c, d, ..] = self.0;
        // A thousandth off a right angle is a third of a pixel over an A4 page at 75 dpi: rounding, not a turn.
        let small = 1e-3 * (a.abs().max(b.abs()) + c.abs().max(d.abs()));
        let upright = b.abs() <= small && c.abs() <= small;
        let lying = a.abs() <= small && d.abs() <= small;
        (upright || lying).then(|| Box2::around(&[self.point(x0, y0), self.point(x1, y1)]))
    }
}

/// An upright rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Box2 {
    pub(super) left: f64,
    pub(super) low: f64,
    pub(super) right: f64,
    pub(super) high: f64,
}

impl Box2 {
    /// The smallest around the points.
    pub(super) fn around(points: &[(f64, f64)]) -> Self {
        let mut out = Self {
            left: f64::INFINITY,
            low: f64::INFINITY,
            right: f64::NEG_INFINITY,
            high: f64::NEG_INFINITY,
        };
        for &(x, y) in points {
            out.left = out.left.min(x);
            out.right = out.right.max(x);
            out.low = out.low.min(y);
            out.high = out.high.max(y);
        }
        out
    }

    /// What both cover; nothing if they don't meet.
    pub(super) fn common(self, other: Self) -> Self {
        let (left, low) = (self.left.max(other.left), self.low.max(other.low));
        Self {
            left,
            low,
            right: self.right.min(other.right).max(left),
            high: self.high.min(other.high).max(low),
        }
    }

    pub(super) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f64 {
        self.high - self.low
    }

    /// Whether all numbers are finite and it covers something.
    pub(super) fn is_sound(self) -> bool {
        let numbers = [self.left, self.low, self.right, self.high];
        numbers.iter().all(|n| n.is_finite() && n.abs() < 1e9) && self.width() > 0.0 && self.height() > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_follow_each_other_from_the_inside() {
        let scaled = Matrix([2.0, 0.0, 0.0, 3.0, 0.0, 0.0]);
        let moved = Matrix([1.0, 0.0, 0.0, 1.0, 10.0, 20.0]);
        assert_eq!(scaled.then(moved).point(1.0, 1.0), (12.0, 23.0));
        assert_eq!(moved.then(scaled).point(1.0, 1.0), (22.0, 63.0));
    }

    #[test]
    fn only_right_angles_keep_a_rectangle() {
        let lying = Matrix([0.0, 2.0, -3.0, 0.0, 0.0, 0.0]);
        let image = lying.rectangle([0.0, 0.0, 1.0, 1.0]).unwrap();
        assert_eq!(image, Box2 { left: -3.0, low: 0.0, right: 0.0, high: 2.0 });
        assert!(Matrix([1.0, 0.2, -0.2, 1.0, 0.0, 0.0]).rectangle([0.0, 0.0, 1.0, 1.0]).is_none());
    }
}
