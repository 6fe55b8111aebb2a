//! Lengths, points and the mapping from paper to picture.
//!
//! Paper is measured in millimetres ([`Mm`], origin at the page's top-left corner, y down),
//! pictures in pixels ([`Px`], origin at the *centre* of the top-left pixel, y down) and shares in
//! `0..=1` ([`Ratio`]). Each is a type, so that a length of one kind cannot be used as another.

mod homography;
mod mapping;

pub use homography::Homography;
pub use mapping::{Grid, Knot, Mapping};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// A unit of length: a number that knows what it counts.
pub trait Unit: Copy + PartialOrd {
    /// The bare number.
    fn get(self) -> f64;
    /// The number `value` in this unit.
    fn of(value: f64) -> Self;
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl Unit for $name {
            fn get(self) -> f64 {
                self.0
            }
            fn of(value: f64) -> Self {
                Self(value)
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
    };
}

unit! {
    /// Millimetres on paper.
    Mm
}
unit! {
    /// Pixels in a picture.
    Px
}

impl fmt::Display for Mm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} mm", self.0)
    }
}

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} px", self.0)
    }
}

/// A share in `0..=1`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(f64);

impl Ratio {
    /// The share `value`, brought into `0..=1`; not-a-number becomes 0.
    #[must_use]
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self(0.0) } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// The bare number, `0..=1`.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The share in thousandths, `0..=1000`, rounded half up: what the record keeps.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0..=1000 by construction
    pub fn per_mille(self) -> u16 {
        (self.0 * 1000.0 + 0.5) as u16
    }
}

/// A point; `Point<Mm>` lies on paper, `Point<Px>` in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point<U> {
    /// To the right.
    pub x: U,
    /// Down.
    pub y: U,
}

impl<U: Unit> Point<U> {
    /// The point at bare coordinates `x`, `y`.
    #[must_use]
    pub fn at(x: f64, y: f64) -> Self {
        Self { x: U::of(x), y: U::of(y) }
    }

    /// The point moved by `dx`, `dy`.
    #[must_use]
    pub fn shifted(self, dx: f64, dy: f64) -> Self {
        Self::at(self.x.get() + dx, self.y.get() + dy)
    }

    /// Straight distance to `other`, in the same unit.
    #[must_use]
    pub fn distance(self, other: Self) -> U {
        let (dx, dy) = (self.x.get() - other.x.get(), self.y.get() - other.y.get());
        U::of((dx * dx + dy * dy).sqrt())
    }
}

/// An upright rectangle given by its centre and its full width and height.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rect<U> {
    /// The middle.
    pub centre: Point<U>,
    /// Full width.
    pub width: U,
    /// Full height.
    pub height: U,
}

impl<U: Unit> Rect<U> {
    /// The rectangle around `centre` with bare `width` and `height`.
    #[must_use]
    pub fn around(centre: Point<U>, width: f64, height: f64) -> Self {
        Self { centre, width: U::of(width), height: U::of(height) }
    }

    /// The rectangle between two bare corners, in any order.
    #[must_use]
    pub fn between(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self::around(
            Point::at(f64::midpoint(x0, x1), f64::midpoint(y0, y1)),
            (x1 - x0).abs(),
            (y1 - y0).abs(),
        )
    }

    /// Left edge.
    #[must_use]
    pub fn left(&self) -> f64 {
        self.centre.x.get() - self.width.get() / 2.0
    }

    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.centre.x.get() + self.width.get() / 2.0
    }

    /// Upper edge.
    #[must_use]
    pub fn top(&self) -> f64 {
        self.centre.y.get() - self.height.get() / 2.0
    }

    /// Lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.centre.y.get() + self.height.get() / 2.0
    }

    /// Whether the two rectangles share an area (touching edges do not count).
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.left() < other.right()
            && other.left() < self.right()
            && self.top() < other.bottom()
            && other.top() < self.bottom()
    }

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.left() >= self.left()
            && other.right() <= self.right()
            && other.top() >= self.top()
            && other.bottom() <= self.bottom()
    }

    /// The same rectangle with `margin` added on every side (taken away if negative).
    #[must_use]
    pub fn grown(&self, margin: f64) -> Self {
        Self::around(
            self.centre,
            (self.width.get() + 2.0 * margin).max(0.0),
            (self.height.get() + 2.0 * margin).max(0.0),
        )
    }
}

/// A quarter turn: how the sheet lies in the picture.
///
/// `Turned90` means that the picture shows the sheet turned clockwise by 90°.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Orientation {
    /// As printed.
    #[serde(rename = "0")]
    Upright,
    /// Turned clockwise by a quarter.
    #[serde(rename = "90")]
    Turned90,
    /// Upside down.
    #[serde(rename = "180")]
    UpsideDown,
    /// Turned clockwise by three quarters.
    #[serde(rename = "270")]
    Turned270,
}

impl Orientation {
    /// All four, in order of degrees.
    pub const ALL: [Self; 4] = [Self::Upright, Self::Turned90, Self::UpsideDown, Self::Turned270];

    /// Degrees clockwise: 0, 90, 180 or 270.
    #[must_use]
    pub fn degrees(self) -> u16 {
        match self {
            Self::Upright => 0,
            Self::Turned90 => 90,
            Self::UpsideDown => 180,
            Self::Turned270 => 270,
        }
    }

    /// The picture's direction (dx, dy) in which the sheet's x axis points.
    #[must_use]
    pub fn x_axis(self) -> (f64, f64) {
        match self {
            Self::Upright => (1.0, 0.0),
            Self::Turned90 => (0.0, 1.0),
            Self::UpsideDown => (-1.0, 0.0),
            Self::Turned270 => (0.0, -1.0),
        }
    }

    /// The quarter turn nearest to a direction of the sheet's x axis in the picture.
    #[must_use]
    pub fn nearest(dx: f64, dy: f64) -> Self {
        if dx.abs() >= dy.abs() {
            if dx >= 0.0 { Self::Upright } else { Self::UpsideDown }
        } else if dy >= 0.0 {
            Self::Turned90
        } else {
            Self::Turned270
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_that_only_touch_do_not_overlap() {
        let a = Rect::<Mm>::between(0.0, 0.0, 10.0, 10.0);
        let b = Rect::<Mm>::between(10.0, 0.0, 20.0, 10.0);
        let c = Rect::<Mm>::between(9.9, 9.9, 20.0, 20.0);
        assert!(!a.overlaps(&b));
        assert!(a.overlaps(&c) && c.overlaps(&a));
        assert!(a.grown(1.0).contains(&a) && !a.contains(&c));
    }

    #[test]
    fn per_mille_rounds_half_up_and_stays_in_range() {
        assert_eq!(Ratio::clamped(0.1235).per_mille(), 124);
        assert_eq!(Ratio::clamped(7.0).per_mille(), 1000);
        assert_eq!(Ratio::clamped(f64::NAN).per_mille(), 0);
    }

    #[test]
    fn the_nearest_quarter_turn_of_each_axis_is_itself() {
        for turn in Orientation::ALL {
            let (dx, dy) = turn.x_axis();
            assert_eq!(Orientation::nearest(dx + 0.1 * dy, dy - 0.1 * dx), turn);
        }
    }
}
