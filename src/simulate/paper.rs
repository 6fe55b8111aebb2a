//! What happens to the paper itself before it is scanned.

use super::graphite::{Patch, Tool};
use super::print::{DOTS, Print};
use crate::geometry::{Mm, Point, Rect};
use rand::{Rng, RngExt};

/// Level of what lies behind a hole or a torn-off piece: a scanner's black lid.
const LID: u8 = 12;

/// Fills every dot for which `inside` (given millimetres) says so, within `rect`.
fn paint(print: &mut Print, rect: &Rect<Mm>, level: u8, inside: impl Fn(f64, f64) -> bool) {
    let dot = |mm: f64, most: usize| ((mm * DOTS).max(0.0).ceil() as usize).min(most);
    for y in dot(rect.top(), print.height)..dot(rect.bottom(), print.height) {
        for x in dot(rect.left(), print.width)..dot(rect.right(), print.width) {
            if inside(x as f64 / DOTS, y as f64 / DOTS) {
                print.levels[y * print.width + x] = level;
            }
        }
    }
}

/// A disc of `radius` millimetres.
pub(super) fn disc(print: &mut Print, c: Point<Mm>, radius: f64, level: u8) {
    let rect = Rect::between(c.x.0 - radius, c.y.0 - radius, c.x.0 + radius, c.y.0 + radius);
    paint(print, &rect, level, |x, y| (x - c.x.0).powi(2) + (y - c.y.0).powi(2) <= radius * radius);
}

/// A filled rectangle.
pub(super) fn block(print: &mut Print, rect: &Rect<Mm>, level: u8) {
    paint(print, rect, level, |_, _| true);
}

/// Two filing holes of 6 mm, 80 mm apart, down the left edge.
pub(super) fn punch(print: &mut Print, size: (f64, f64), inset: f64) {
    for side in [-40.0, 40.0] {
        disc(print, Point::at(inset, size.1 / 2.0 + side), 3.0, LID);
    }
}

/// A staple: a bright wire with a shadow on one side, and a small hole at each end.
pub(super) fn staple(print: &mut Print, at: Point<Mm>, angle: f64) {
    let (ux, uy) = (libm::cos(angle), libm::sin(angle));
    let rect = Rect::between(at.x.0 - 8.0, at.y.0 - 8.0, at.x.0 + 8.0, at.y.0 + 8.0);
    let along = |x: f64, y: f64| {
        let (dx, dy) = (x - at.x.0, y - at.y.0);
        (dx * ux + dy * uy, dy * ux - dx * uy)
    };
    paint(print, &rect, 40, |x, y| {
        let (a, b) = along(x, y);
        a.abs() <= 6.0 && (-0.1..0.5).contains(&b)
    });
    paint(print, &rect, 205, |x, y| {
        let (a, b) = along(x, y);
        a.abs() <= 5.6 && (-0.1..0.15).contains(&b)
    });
}

/// Corners of a page: upper left, upper right, lower left, lower right, as signs from the middle.
pub(super) const CORNERS: [(f64, f64); 4] = [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)];

/// The corner `corner` folded over along a line that cuts `legs` millimetres off both edges: the lid shows where it was,
/// its blank back lies on the print.
pub(super) fn dog_ear(print: &mut Print, size: (f64, f64), corner: (f64, f64), legs: (f64, f64)) {
    let rect = corner_rect(size, corner, (legs.0 * 1.2, legs.1 * 1.2));
    // Distances from the two edges that meet.
    let from = |x: f64, y: f64| {
        (if corner.0 < 0.0 { x } else { size.0 - x }, if corner.1 < 0.0 { y } else { size.1 - y })
    };
    // Beyond the crease, by how much of its distance from the corner; the flap mirrors that.
    let (a, b) = legs;
    let beyond = |p: (f64, f64)| 1.0 - p.0 / a - p.1 / b;
    let norm = 1.0 / (a * a) + 1.0 / (b * b);
    paint(print, &rect, 250, |x, y| {
        let p = from(x, y);
        let off = -beyond(p);
        // The mirror image across the crease lies on the sheet that was folded.
        let q = (p.0 - 2.0 * off / (a * norm), p.1 - 2.0 * off / (b * norm));
        off > 0.0 && q.0 >= 0.0 && q.1 >= 0.0
    });
    paint(print, &rect, 150, |x, y| (0.0..0.018).contains(&-beyond(from(x, y))));
    paint(print, &rect, LID, |x, y| beyond(from(x, y)) > 0.0);
}

/// The corner cut off.
pub(super) fn cut_corner(print: &mut Print, size: (f64, f64), corner: (f64, f64), legs: (f64, f64)) {
    let rect = corner_rect(size, corner, legs);
    paint(print, &rect, LID, |x, y| {
        let p = if corner.0 < 0.0 { x } else { size.0 - x };
        let q = if corner.1 < 0.0 { y } else { size.1 - y };
        p / legs.0 + q / legs.1 < 1.0
    });
}

fn corner_rect(size: (f64, f64), corner: (f64, f64), legs: (f64, f64)) -> Rect<Mm> {
    let (x, y) = (if corner.0 < 0.0 { 0.0 } else { size.0 }, if corner.1 < 0.0 { 0.0 } else { size.1 });
    Rect::between(x, y, x - corner.0 * legs.0, y - corner.1 * legs.1)
}

/// A pen scribble over a rectangle and a little around it.
pub(super) fn scribble_over(print: &mut Print, rect: &Rect<Mm>, rng: &mut impl Rng) {
    let reach = rect.grown(2.5);
    let mut patch = Patch::over(print, &reach.grown(2.0), rng);
    let path: Vec<Point<Mm>> = (0..14)
        .map(|i| {
            let x = if i % 2 == 0 { reach.left() } else { reach.right() };
            let share = f64::from(i) / 13.0;
            let y = reach.top() + share * reach.height.0 + rng.random_range(-0.6..0.6);
            Point::at(x + rng.random_range(-0.8..0.8), y)
        })
        .collect();
    patch.stroke(&path, &Tool::blue_pen(), rng);
    patch.lay(print, Tool::blue_pen().darkest);
}

/// The other side's print shining through: mirrored, blurred by the paper, at `strength` of its darkness.
pub(super) fn show_through(print: &mut Print, back: &Print, strength: f64) {
    let weight = (strength * 256.0) as u32;
    let width = print.width.min(back.width);
    for y in 0..print.height.min(back.height) {
        let behind = &back.levels[y * back.width..][..width];
        let row = &mut print.levels[y * print.width..][..width];
        for (x, dot) in row.iter_mut().enumerate() {
            let at = width - 1 - x;
            // Paper spreads the light: four dots a third of a millimetre apart.
            let near = |d: usize| 255 - u32::from(behind[(at + d).min(width - 1)]);
            let dark = if behind[at..(at + 8).min(width)] == [255; 8][..(width - at).min(8)] {
                0
            } else {
                (near(0) + near(2) + near(4) + near(6)) / 4
            };
            if dark > 0 {
                *dot = (u32::from(*dot) * (65_280 - dark * weight) / 65_280) as u8;
            }
        }
    }
}

/// Paper of the size of `print` with nothing on it.
pub(super) fn blank_like(print: &Print) -> Print {
    Print { width: print.width, height: print.height, levels: vec![255; print.levels.len()] }
}

/// A second sheet on the first, from `from` (a share of the height) down: both were fed at once.
pub(super) fn double_feed(print: &mut Print, upper: &Print, from: f64, aside: f64) {
    let start = (from * print.height as f64) as usize;
    let shift = (aside * DOTS) as usize;
    for y in start..print.height {
        let source = &upper.levels[(y - start) * upper.width..][..upper.width];
        let row = &mut print.levels[y * print.width..][..print.width];
        let n = row.len().saturating_sub(shift).min(source.len());
        row[shift..shift + n].copy_from_slice(&source[..n]);
        // The edge of the upper sheet throws a shadow.
        if y < start + 4 {
            for v in row.iter_mut() {
                *v = (*v).min(190);
            }
        }
    }
}

/// One half torn off along a ragged line: which is 0 lower, 1 upper, 2 right, 3 left.
pub(super) fn tear(print: &mut Print, which: usize, rng: &mut impl Rng) {
    let along = rng.random_range(0.42..0.58);
    let phases: [f64; 3] = std::array::from_fn(|_| rng.random_range(0.0..6.3));
    let (w, h) = (print.width, print.height);
    for y in 0..h {
        for x in 0..w {
            let (run, across) = if which < 2 { (x, y as f64 / h as f64) } else { (y, x as f64 / w as f64) };
            let wave = (1..4).zip(phases).map(|(n, p)| libm::sin(run as f64 / 90.0 * f64::from(n) + p));
            let edge = along + 0.004 * wave.sum::<f64>();
            if (across > edge) == which.is_multiple_of(2) {
                print.levels[y * w + x] = LID;
            }
        }
    }
}

/// A page of text: lines of small strokes, a heading, margins.
pub(super) fn text_page(like: &Print, rng: &mut impl Rng) -> Print {
    let mut page = blank_like(like);
    let (w, h) = (page.width as f64 / DOTS, page.height as f64 / DOTS);
    let mut y = 28.0;
    while y < h - 25.0 {
        let mut x = 24.0 + if rng.random_bool(0.15) { 8.0 } else { 0.0 };
        let end = if rng.random_bool(0.15) { rng.random_range(50.0..w - 30.0) } else { w - 24.0 };
        while x < end {
            // A character: five to nine strokes in a square of 3.7 mm.
            for _ in 0..rng.random_range(5..10) {
                let (a, b) = (rng.random_range(0.2..3.4), rng.random_range(0.2..3.4));
                let (len, flat) = (rng.random_range(0.8..3.0f64), rng.random_bool(0.55));
                let (sw, sh) = if flat { (len.min(3.6 - a), 0.22) } else { (0.3, len.min(3.6 - b)) };
                block(&mut page, &Rect::between(x + a, y + b, x + a + sw, y + b + sh), 30);
            }
            x += 4.2;
        }
        y += 6.4;
    }
    page
}

/// A picture: smooth light and dark with fine texture, edge to edge.
pub(super) fn picture(like: &Print, rng: &mut impl Rng) -> Print {
    let mut page = blank_like(like);
    let waves: Vec<(f64, f64, f64, f64)> = (0..7)
        .map(|i| {
            let size = 1.0 + f64::from(i) * 1.7;
            let mut k = || rng.random_range(-size..size) / 420.0;
            (k(), k(), rng.random_range(0.0..6.3), 60.0 / size)
        })
        .collect();
    let width = page.width;
    for (y, row) in page.levels.chunks_exact_mut(width).enumerate() {
        for (cell, dots) in row.chunks_mut(4).enumerate() {
            let (x, y) = (cell as f64 * 4.0, (y / 4) as f64 * 4.0);
            let sum: f64 = waves.iter().map(|(kx, ky, p, a)| a * libm::sin(kx * x + ky * y + p)).sum();
            dots.fill((125.0 + 1.4 * sum).clamp(4.0, 250.0) as u8);
        }
    }
    page
}

/// Things that could be taken for a fiducial: filled blocks, a stamp, a barcode label, in places where a card has no
/// targets.
pub(super) fn lookalikes(
    print: &mut Print,
    fiducials: &[Rect<Mm>],
    targets: &[Rect<Mm>],
    size: (f64, f64),
    rng: &mut impl Rng,
) {
    let clear =
        |rect: &Rect<Mm>| fiducials.iter().chain(targets).all(|taken| !taken.grown(1.5).overlaps(rect));
    // Blocks as large as fiducials in the margins, somebody's filing mark.
    for _ in 0..4 {
        for _ in 0..20 {
            let Some(model) = fiducials.get(rng.random_range(0..fiducials.len().max(1))) else { return };
            let (x, y) = match rng.random_range(0..3) {
                0 => (rng.random_range(5.0..14.0), rng.random_range(20.0..size.1 - 20.0)),
                1 => (size.0 - rng.random_range(5.0..14.0), rng.random_range(20.0..size.1 - 20.0)),
                _ => (rng.random_range(20.0..size.0 - 20.0), rng.random_range(3.0..6.0)),
            };
            let (w, h) = (model.width.0 / 2.0, model.height.0 / 2.0);
            let rect = Rect::between(x - w, y - h, x + w, y + h);
            // Touching a true one would be a scribble, not a second one.
            if clear(&rect) {
                block(print, &rect, 25);
                break;
            }
        }
    }
    // An institute's round stamp in the title's line.
    let c: Point<Mm> = Point::at(size.0 - 42.0, 24.0);
    let stamp = Rect::between(c.x.0 - 12.0, c.y.0 - 12.0, c.x.0 + 12.0, c.y.0 + 12.0);
    paint(print, &stamp, 110, |x, y| {
        let r = ((x - c.x.0).powi(2) + (y - c.y.0).powi(2)).sqrt();
        (9.0..10.0).contains(&r) || r < 2.0
    });
}

/// A sticker with bars, put on anyhow.
pub(super) fn barcode(print: &mut Print, at: Point<Mm>, rng: &mut impl Rng) {
    block(print, &Rect::between(at.x.0 - 1.0, at.y.0 - 1.0, at.x.0 + 47.0, at.y.0 + 15.0), 255);
    let mut x = at.x.0 + 2.0;
    while x < at.x.0 + 44.0 {
        let bar = 0.25 * f64::from(rng.random_range(1..5));
        block(print, &Rect::between(x, at.y.0 + 1.0, x + bar, at.y.0 + 11.0), 15);
        x += bar + 0.25 * f64::from(rng.random_range(1..4));
    }
}

/// Print with too little toner: ink becomes a share `left` of its darkness, unevenly across the page.
pub(super) fn fade(print: &mut Print, left: f64) {
    let width = print.width;
    let waves: Vec<u32> = (0..width)
        .map(|x| ((left + 0.12 * (1.0 - left) * libm::sin(x as f64 / 260.0)) * 256.0) as u32)
        .collect();
    for row in print.levels.chunks_exact_mut(width) {
        for (dot, share) in row.iter_mut().zip(&waves) {
            if *dot != 255 {
                *dot = 255 - ((255 - u32::from(*dot)) * share / 256) as u8;
            }
        }
    }
}
